//! What is issued says what its kind says, and bad drafts are refused with all their faults.

use crate::world::{KINDS, World, draft_by, name, now};
use pki::cert::{Finding, Serial, Validity, import};
use pki::issue::{DraftFault, IssueError};
use pki::key::{BadSignature, Digest, KeyKind, PrivateKey, Signer};
use pki::name::{GeneralName, Name};
use pki::profile::Kind;
use pki::{Certificate, csr, oid};

#[test]
fn every_kind_says_what_it_may_do() {
    let world = World::new();
    let mut table = String::from("\n");
    for (n, (kind, key)) in KINDS.into_iter().enumerate() {
        let certificate = world.holder(kind, 100 + n as u64, key).certificate;
        let said = certificate.extensions();
        assert_eq!(certificate.findings(), [], "{kind:?}");
        assert_eq!(certificate.verify_with(world.ca.key.public_key()), Ok(()));
        assert_eq!(said.authority_key_id.as_ref().unwrap().key_id, Some(world.ca.certificate.key_id()));
        let usage = said.key_usage.unwrap().0;
        let purposes = said.ext_key_usage.as_ref().unwrap().iter().map(|oid| oid.to_string());
        let purposes = purposes.collect::<Vec<_>>().join(" ").replace("1.3.6.1.5.5.7.3.", ".");
        let critical = if said.find(oid::EXT_KEY_USAGE).unwrap().critical { "!" } else { "" };
        let nocheck = if said.ocsp_no_check { " nocheck" } else { "" };
        table += &format!("{kind:?}: {usage:#b}, {purposes}{critical}{nocheck}\n");
    }
    let expected = "
Official: 0b11, .36 .4 .2
AgencySeal: 0b11, .36 .4
Service: 0b1, .2
Tls: 0b1, .1
Ocsp: 0b1, .9 nocheck
Tsa: 0b1, .8!
";
    assert_eq!(table, expected);
}

#[test]
fn a_certificate_tells_what_people_need() {
    let world = World::new();
    let certificate = world.holder(Kind::Official, 0x1059, KeyKind::P256).certificate;
    assert_eq!(certificate.serial().to_string(), "1059");
    assert_eq!(certificate.subject().to_string(), "CN=Official 4185,O=UBND xã Nhơn Phú,C=VN");
    assert_eq!(certificate.issuer(), world.ca.certificate.subject());
    let said = certificate.extensions();
    assert_eq!(said.access.ocsp, ["http://pki.vinhlong.example/pki/ocsp"]);
    assert_eq!(said.access.ca_issuers, ["http://pki.vinhlong.example/pki/ca.pem"]);
    assert_eq!(said.crl_points.as_ref().unwrap()[0].uris(), ["http://pki.vinhlong.example/pki/crl/1.crl"]);
    assert_eq!(said.policies.as_ref().unwrap()[0].cps, ["https://pki.vinhlong.example/cps"]);
    assert_eq!(certificate.fingerprint(Digest::Sha256), Digest::Sha256.of(certificate.der()));
    assert!(world.root.certificate.is_self_signed() && !certificate.is_self_signed());
    assert_eq!(certificate.verify_with(world.root.key.public_key()), Err(BadSignature::Mismatch));
}

#[test]
fn a_draft_is_refused_with_everything_that_is_wrong() {
    let world = World::new();
    let key = PrivateKey::generate(KeyKind::P256).unwrap();
    let mut draft = draft_by(&world.ca, Kind::Tls, 7, &Name::empty(), key.public_key());
    draft.serial = Serial::from_number(0);
    draft.alt_names.clear();
    draft.validity = Validity { not_before: now(), not_after: now().plus_days(-1) };
    let expected =
        vec![DraftFault::Serial, DraftFault::ValidityEmpty, DraftFault::SubjectEmpty, DraftFault::NoHost];
    assert_eq!(draft.sign(&world.ca.key).unwrap_err(), IssueError::Refused(expected));
    let root = draft_by(&world.ca, Kind::Root, 8, &name("A", "B"), key.public_key());
    assert_eq!(root.faults(), [DraftFault::RootNotItself]);
}

#[test]
fn keys_are_read_in_the_forms_they_come_in() {
    let key = PrivateKey::generate(KeyKind::P384).unwrap();
    let text = pki::pem::write("PRIVATE KEY", &key.to_pkcs8());
    assert_eq!(PrivateKey::from_pem(&text).unwrap().public_key(), key.public_key());
    for text in ["", "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n"] {
        assert!(PrivateKey::from_pem(text).is_err());
    }
}

#[test]
fn random_serials_are_positive_differ_and_fit() {
    let serials: std::collections::HashSet<Serial> = (0..1000).map(|_| Serial::random()).collect();
    assert_eq!(serials.len(), 1000);
    assert!(serials.iter().all(|serial| !serial.is_negative() && serial.contents().len() == 16));
}

#[test]
fn a_request_proves_that_the_asker_has_the_key() {
    for kind in [KeyKind::P256, KeyKind::Rsa2048, KeyKind::Ed25519] {
        let key = PrivateKey::generate(kind).unwrap();
        let wanted = GeneralName::Dns("a.example".into());
        let der = csr::Request::make(&name("UBND xã", "An"), std::slice::from_ref(&wanted), &key).unwrap();
        let request = csr::Request::parse(&der).unwrap();
        assert_eq!(request.check_possession(), Ok(()), "{kind:?}");
        assert_eq!(request.subject.common_name(), Some("An"));
        assert_eq!(request.extensions.subject_alt_names, [wanted]);
        let mut forged = der.clone();
        let at = der.windows(2).position(|pair| pair == b"An").unwrap();
        forged[at] = b'B';
        let request = csr::Request::parse(&forged).unwrap();
        assert_eq!(request.check_possession(), Err(BadSignature::Mismatch), "{kind:?}");
    }
}

#[test]
fn certificates_come_out_of_pem_der_and_pkcs7() {
    let world = World::new();
    let all = [world.root.certificate.clone(), world.ca.certificate.clone()];
    let pem = format!("chứng thư\n{}{}", all[0].pem(), all[1].pem());
    let p7b = pki::cms::certificates_only(&all);
    let sorted = |mut list: Vec<Certificate>| {
        list.sort_by(|a, b| a.der().cmp(b.der()));
        list
    };
    let expected = sorted(all.to_vec());
    for file in [pem.as_bytes(), &p7b, pki::pem::write("PKCS7", &p7b).as_bytes()] {
        let imported = import(file).unwrap();
        assert_eq!(sorted(imported.certificates), expected);
        assert!(imported.unreadable.is_empty());
    }
    assert_eq!(import(all[0].der()).unwrap().certificates, [all[0].clone()]);
    for file in [&b"khong phai chung thu"[..], &[0x30, 0x03, 0x02, 0x01, 0x05], b""] {
        assert!(import(file).is_err());
    }
    let broken =
        format!("{}-----BEGIN CERTIFICATE-----\nMAMCAQU=\n-----END CERTIFICATE-----\n", all[0].pem());
    let imported = import(broken.as_bytes()).unwrap();
    assert_eq!((imported.certificates.len(), imported.unreadable[0].0), (1, 1));
}

#[test]
fn what_no_good_issuer_writes_is_found() {
    let world = World::new();
    let good = world.holder(Kind::Official, 5, KeyKind::P256).certificate;
    // serial 5 becomes −5; the signature no longer matches, but the certificate is still read
    let at = good.tbs().windows(3).position(|three| three == [0x02, 0x01, 0x05]).unwrap();
    let offset = good.der().len() - good.tbs().len();
    let start = good.der().windows(good.tbs().len()).position(|w| w == good.tbs()).unwrap();
    assert!(start <= offset);
    let mut der = good.der().to_vec();
    der[start + at + 2] = 0xfb;
    let odd = Certificate::parse(&der).unwrap();
    assert_eq!(odd.findings(), [Finding::SerialNegative]);
    assert_eq!(odd.verify_with(world.ca.key.public_key()), Err(BadSignature::Mismatch));
}
