//! Signed messages.

use crate::world::{Holder, World, now};
use pki::cert::Serial;
use pki::cms::{Content, Draft, Embed, Fault, Level, Note, SignedData, add_time_stamp};
use pki::key::{BadSignature, Digest, KeyKind, PrivateKey, SignatureAlgorithm, Signer};
use pki::profile::Kind;
use pki::tsp;

const PAPER: &[u8] = "Giấy tiếp nhận hồ sơ và hẹn trả kết quả".as_bytes();

fn signed(holder: &Holder, is_inside: bool) -> SignedData {
    let der = Draft::new(&holder.certificate, &[]).at(now()).sign(PAPER, is_inside, &holder.key).unwrap();
    SignedData::parse(&der).unwrap()
}

#[test]
fn a_signature_is_intact_over_its_paper_and_over_no_other() {
    let world = World::new();
    for kind in [KeyKind::P256, KeyKind::P384, KeyKind::P521, KeyKind::Rsa2048, KeyKind::Ed25519] {
        let an = world.holder(Kind::Official, 100, kind);
        for is_inside in [true, false] {
            let message = signed(&an, is_inside);
            let signer = &message.signers[0];
            let report = message.check(signer, Content::Bytes(PAPER), &[]);
            assert_eq!((&report.faults, &report.notes), (&vec![], &vec![]), "{kind:?}");
            assert_eq!((report.level, report.claimed_time), (Level::BB, Some(now())));
            assert_eq!(report.certificate.as_ref(), Some(&an.certificate));
            let hash = |digest: Digest| digest.of(PAPER);
            assert!(message.check(signer, Content::Hashed(&hash), &[]).is_intact());
            let inside = message.check(signer, Content::Inside, &[]).faults;
            let other = message.check(signer, Content::Bytes(b"giay khac"), &[]).faults;
            match is_inside {
                true => assert_eq!((inside, other), (vec![], vec![Fault::TwoContents])),
                false => assert_eq!((inside, other), (vec![Fault::NoContent], vec![Fault::ContentChanged])),
            }
        }
    }
}

#[test]
fn pss_and_key_identifiers_are_understood() {
    let world = World::new();
    let seal = world.holder(Kind::AgencySeal, 101, KeyKind::Rsa2048);
    let key = PrivateKey::from_pkcs8(&seal.key.to_pkcs8()).unwrap();
    let key = key.using(SignatureAlgorithm::pss(Digest::Sha512)).unwrap();
    let mut draft = Draft::new(&seal.certificate, &[]);
    draft.by_key_id = true;
    draft.with_certificates = false;
    let message = SignedData::parse(&draft.sign(PAPER, false, &key).unwrap()).unwrap();
    let signer = &message.signers[0];
    let missing = message.check(signer, Content::Bytes(PAPER), &[]).faults;
    assert_eq!(missing, [Fault::NoCertificate]);
    let report = message.check(signer, Content::Bytes(PAPER), std::slice::from_ref(&seal.certificate));
    assert!(report.is_intact(), "{report:?}");
}

#[test]
fn a_certificate_exchanged_for_another_of_the_same_key_is_noticed() {
    let world = World::new();
    let an = world.holder(Kind::Official, 100, KeyKind::P256);
    let der = Draft::new(&an.certificate, &[]).sign(PAPER, false, &an.key).unwrap();
    // The same key and number under the same issuer, certified for something else.
    let draft =
        crate::world::draft_by(&world.ca, Kind::Service, 100, an.certificate.subject(), an.key.public_key());
    let other = draft.sign(&world.ca.key).unwrap();
    let mut message = SignedData::parse(&der).unwrap();
    message.certificates = vec![other];
    let report = message.check(&message.signers[0], Content::Bytes(PAPER), &[]);
    assert_eq!(report.faults, [Fault::OtherCertificate]);
}

#[test]
fn every_byte_of_the_signed_attributes_counts() {
    let world = World::new();
    let an = world.holder(Kind::Official, 100, KeyKind::P256);
    let der = Draft::new(&an.certificate, &[]).at(now()).sign(PAPER, false, &an.key).unwrap();
    let hash = Digest::Sha256.of(PAPER);
    let at = der.windows(hash.len()).position(|window| window == hash).unwrap();
    let mut changed = der.clone();
    changed[at] ^= 1;
    let message = SignedData::parse(&changed).unwrap();
    let report = message.check(&message.signers[0], Content::Bytes(PAPER), &[]);
    assert_eq!(report.faults, [Fault::ContentChanged, Fault::Signature(BadSignature::Mismatch)]);
}

#[test]
fn a_time_stamp_lifts_the_signature_and_changes_nothing_signed() {
    let world = World::new();
    let an = world.holder(Kind::Official, 100, KeyKind::P256);
    let unit = world.holder(Kind::Tsa, 60, KeyKind::P256);
    let message = signed(&an, true);
    let imprint = tsp::Imprint::of(Digest::Sha256, &message.signers[0].signature);
    let request = tsp::Request::new(imprint, None);
    let token = tsp::Draft {
        request: &request,
        policy: "1.3.6.1.4.1.99999.2".parse().unwrap(),
        serial: Serial::from_number(1),
        time: now().plus_seconds(2),
        accuracy_millis: None,
        certificate: &unit.certificate,
        chain: &[],
    };
    let token = token.sign(&unit.key).unwrap();
    let stamped = SignedData::parse(&add_time_stamp(&message, 0, &token).unwrap()).unwrap();
    let signer = &stamped.signers[0];
    let report = stamped.check(signer, Content::Inside, &[]);
    assert!(report.is_intact(), "{report:?}");
    assert_eq!(report.level, Level::BT);
    assert_eq!(signer.signature, message.signers[0].signature);
    let token = tsp::Token::parse(signer.time_stamps().next().unwrap()).unwrap();
    let stamp = token.check(|digest| digest.of(&signer.signature), &[]);
    assert!(stamp.is_intact(), "{stamp:?}");
    // A second stamp stands beside the first.
    let twice =
        add_time_stamp(&stamped, 0, &stamped.signers[0].time_stamps().next().unwrap().to_vec()).unwrap();
    assert_eq!(SignedData::parse(&twice).unwrap().signers[0].time_stamps().count(), 2);
    assert!(add_time_stamp(&stamped, 1, b"").is_err());
}

#[test]
fn a_key_that_answers_later_makes_the_same_signature() {
    let world = World::new();
    let an = world.holder(Kind::Official, 100, KeyKind::Ed25519);
    let draft = Draft::new(&an.certificate, &[]);
    let hash = an.key.algorithm().digest().of(PAPER);
    let unsigned = draft.to_sign(&hash, an.key.algorithm());
    let signature = an.key.sign(unsigned.bytes()).unwrap();
    let der = unsigned.finish(&signature, Embed::Detached);
    assert_eq!(der, draft.sign(PAPER, false, &an.key).unwrap());
    let padded = [der.as_slice(), &[0; 500]].concat();
    assert_eq!(SignedData::parse_padded(&padded).unwrap().der, der);
    assert!(SignedData::parse(&padded).is_err());
    assert!(SignedData::parse_padded(&[der.as_slice(), &[0, 1]].concat()).is_err());
}

#[test]
fn a_signature_without_signed_attributes_is_not_cades() {
    let world = World::new();
    let an = world.holder(Kind::Official, 100, KeyKind::P256);
    let mut message = signed(&an, true);
    let signature = an.key.sign(PAPER).unwrap();
    message.signers[0].signed = None;
    message.signers[0].signature = signature;
    let report = message.check(&message.signers[0], Content::Inside, &[]);
    assert!(report.is_intact(), "{report:?}");
    assert_eq!((report.level, report.notes), (Level::None, vec![Note::NoSignedAttributes]));
}

#[test]
fn the_place_kept_free_is_enough_and_not_much_more() {
    let world = World::new();
    for kind in [KeyKind::P256, KeyKind::P384, KeyKind::P521, KeyKind::Rsa2048, KeyKind::Ed25519] {
        let an = world.holder(Kind::Official, 100, kind);
        let draft = Draft::new(&an.certificate, &[]).at(now());
        let room = draft.size_max(an.key.algorithm());
        for _ in 0..20 {
            let made = draft.sign(PAPER, false, &an.key).unwrap().len();
            assert!(made <= room && room - made <= 12, "{kind:?}: {made} of {room}");
        }
    }
}

#[test]
fn signed_attributes_cannot_be_passed_off_as_a_content() {
    let world = World::new();
    let an = world.holder(Kind::Official, 100, KeyKind::P256);
    let draft = Draft::new(&an.certificate, &[]);
    let unsigned = draft.to_sign(&Digest::Sha256.of(PAPER), an.key.algorithm());
    let signature = an.key.sign(unsigned.bytes()).unwrap();
    let attributes = unsigned.bytes().to_vec();
    let mut message = SignedData::parse(&unsigned.finish(&signature, Embed::Detached)).unwrap();
    message.signers[0].signed = None;
    let report = message.check(&message.signers[0], Content::Bytes(&attributes), &[]);
    assert_eq!(report.faults, [Fault::AttributesAsContent]);
}
