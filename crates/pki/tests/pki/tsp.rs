//! Time-stamps.

use crate::world::{Holder, World, now};
use pki::cert::Serial;
use pki::cms;
use pki::key::{Digest, KeyKind, Signer};
use pki::path::{Purpose, Revocation, validate};
use pki::profile::Kind;
use pki::tsp::{Draft, Failure, Imprint, Reply, Request, Token, TokenFault};

fn draft<'a>(request: &'a Request, unit: &'a Holder, chain: &'a [pki::Certificate]) -> Draft<'a> {
    Draft {
        request,
        policy: "1.3.6.1.4.1.99999.2".parse().unwrap(),
        serial: Serial::from_unsigned(&[0xff; 20]),
        time: now(),
        accuracy_millis: Some(1500),
        certificate: &unit.certificate,
        chain,
    }
}

fn granted(reply: &[u8]) -> Token {
    match Reply::parse(reply).unwrap() {
        Reply::Granted(token) => *token,
        Reply::Refused(why) => panic!("{why:?}"),
    }
}

#[test]
fn a_token_answers_its_request_and_no_other() {
    let world = World::new();
    for key in [KeyKind::P256, KeyKind::Rsa2048, KeyKind::P384, KeyKind::Ed25519] {
        let unit = world.holder(Kind::Tsa, 60, key);
        let chain = [world.ca.certificate.clone()];
        // a nonce whose INTEGER begins with a zero byte
        let request = Request::new(Imprint::of(Digest::Sha256, b"giay"), Some(&[0x80, 1, 2]));
        let reply = draft(&request, &unit, &chain).reply(&unit.key).unwrap();
        let token = granted(&reply);
        assert_eq!(token.check_reply(&request, &[]).faults, [], "{key:?}");
        assert_eq!(token.info.time, now());
        assert_eq!(token.info.accuracy_micros, Some(1_500_000));
        assert_eq!(token.info.nonce, Some(vec![0, 0x80, 1, 2]));
        let other = Request::new(Imprint::of(Digest::Sha256, b"giay khac"), Some(&[0x80, 1, 3]));
        let faults = token.check_reply(&other, &[]).faults;
        assert_eq!(faults, [TokenFault::OtherImprint, TokenFault::Nonce]);
        let signer = token.check_reply(&request, &[]).certificate.unwrap();
        let rules = world.rules().with_revocation(Revocation::Off).for_purpose(Purpose::TimeStamping);
        assert!(validate(&signer, &world.anchors(), &world.material(), &rules).is_valid());
    }
}

#[test]
fn the_certificate_travels_only_when_it_is_wanted() {
    let world = World::new();
    let unit = world.holder(Kind::Tsa, 60, KeyKind::P256);
    let mut request = Request::new(Imprint::of(Digest::Sha512, b"giay"), None);
    request.wants_certificate = false;
    let token = granted(&draft(&request, &unit, &[]).reply(&unit.key).unwrap());
    assert!(token.message.certificates.is_empty());
    let without = token.check_reply(&request, &[]).faults;
    assert_eq!(without, [TokenFault::Signature(cms::Fault::NoCertificate)]);
    assert_eq!(token.check_reply(&request, std::slice::from_ref(&unit.certificate)).faults, []);
}

#[test]
fn a_request_is_read_or_refused_with_the_failure_to_answer() {
    let request = Request::new(Imprint::of(Digest::Sha256, b"giay"), Some(&[1, 2, 3]));
    assert_eq!(Request::parse(&request.der()), Ok(request.clone()));
    let der = request.der();
    let edit = |at: usize, byte: u8| {
        let mut der = der.clone();
        der[at] = byte;
        Request::parse(&der)
    };
    assert_eq!(edit(4, 2), Err(Failure::BadRequest));
    let oid = der.windows(3).position(|three| three == [0x04, 0x02, 0x01]).unwrap();
    assert_eq!(edit(oid + 2, 9), Err(Failure::BadAlg));
    assert_eq!(edit(oid + 2, 3), Err(Failure::BadDataFormat));
    assert_eq!(Request::parse(&[&der[..], &[0]].concat()), Err(Failure::BadDataFormat));
    assert_eq!(Request::parse(&vec![0x30; 1024 * 1024]), Err(Failure::BadDataFormat));
    let sha1 = Request::new(Imprint::of(Digest::Sha1, b"giay"), None);
    assert_eq!(Request::parse(&sha1.der()), Err(Failure::BadAlg));
    for why in [Failure::BadAlg, Failure::BadDataFormat, Failure::TimeNotAvailable, Failure::SystemFailure] {
        assert!(matches!(Reply::parse(&why.reply()).unwrap(), Reply::Refused(Some(read)) if read == why));
    }
}

#[test]
fn a_key_that_answers_later_makes_the_same_token() {
    let world = World::new();
    let unit = world.holder(Kind::Tsa, 60, KeyKind::P256);
    let request = Request::new(Imprint::of(Digest::Sha256, b"giay"), None);
    let unsigned = draft(&request, &unit, &[]).to_sign(unit.key.algorithm());
    let signature = unit.key.sign(&unsigned.bytes()).unwrap();
    let token = Token::parse(&unsigned.finish(&signature)).unwrap();
    assert_eq!(token.check_reply(&request, &[]).faults, []);
}
