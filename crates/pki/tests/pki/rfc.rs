//! The examples of the RFCs themselves, judged as their texts say.

use judges::{Way, row};
use pki::cert::Serial;
use pki::crl::{Crl, Reason};
use pki::key::BadSignature;
use pki::path::{Anchor, Material, Purpose, Report, Revocation, Rules, validate};
use pki::{Certificate, pem};

const EXAMPLES: &[u8] = include_bytes!("../../vectors/rfc.pem");

/// All of them in their order: three certificates of RFC 5280 and its list, and five of RFC 9216.
fn examples() -> (Vec<Certificate>, Crl) {
    let blocks = pem::read(EXAMPLES).unwrap();
    let certificates = blocks.iter().filter(|block| block.label == "CERTIFICATE");
    let certificates = certificates.map(|block| Certificate::parse(block.der.as_slice()).unwrap()).collect();
    let list = blocks.iter().find(|block| block.label == "X509 CRL").unwrap();
    (certificates, Crl::parse(list.der.as_slice()).unwrap())
}

fn judged(end: &Certificate, anchor: &Certificate, material: &Material, rules: &Rules) -> Report {
    validate(end, &[Anchor::from(anchor.clone())], material, rules)
}

#[test]
fn the_examples_of_rfc_5280_are_as_its_appendix_says() {
    let (certificates, list) = examples();
    let [ca, end, dsa] = &certificates[..3] else { panic!("three of RFC 5280") };
    let said: Vec<String> = certificates[..3]
        .iter()
        .map(|c| format!("{} {} {} {}", c.serial(), c.subject(), c.validity().not_before, c.is_ca()))
        .collect();
    let expected = [
        "11 CN=Example CA,DC=example,DC=com 2004-04-30T21:25:34+07:00 true",
        "12 CN=End Entity,DC=example,DC=com 2004-09-15T18:48:21+07:00 false",
        "0100 CN=DSA End Entity,DC=example,DC=com 2004-05-02T23:47:38+07:00 false",
    ];
    assert_eq!(said, expected);
    assert_eq!((list.len(), list.number()), (1, Some(&[12][..])));
    let entry = list.find(ca.subject(), &Serial::from_number(18)).unwrap();
    assert_eq!(
        (entry.revoked_at, entry.reason),
        (crate::world::at("2004-11-19T15:57:03Z"), Some(Reason::KeyCompromise))
    );
    // Their keys have 1024 bits and the third is one of DSA: what they sign is not believed here, whatever
    // the text says of it.
    assert_eq!(list.verify_with(ca.public_key()), Err(BadSignature::KeySize(1024)));
    let then = Rules { accept_sha1: true, ..Rules::at(crate::world::at("2004-10-01T00:00:00Z")) };
    let then = then.with_revocation(Revocation::Off);
    for one in [end, dsa] {
        assert!(!judged(one, ca, &Material::new(), &then).is_valid(), "{}", one.subject());
    }
    row("RFC 5280 appendix C", Way::Published, "its certificates and its list", 4);
}

#[test]
fn the_people_of_rfc_9216_are_under_their_authorities_and_no_others() {
    let (certificates, _) = examples();
    let [rsa, alice, ed25519, carlos, crossed] = &certificates[3..] else { panic!("five of RFC 9216") };
    let rules = |name: &str| {
        let at = Rules::at(crate::world::at("2022-04-21T00:00:00Z")).with_revocation(Revocation::Off);
        at.for_purpose(Purpose::Email(format!("{name}@smime.example")))
    };
    let (none, mut crossing) = (Material::new(), Material::new());
    crossing.add_certificate(crossed.clone());
    assert!(judged(alice, rsa, &none, &rules("alice")).is_valid());
    assert!(judged(carlos, ed25519, &none, &rules("carlos")).is_valid());
    assert!(!judged(carlos, ed25519, &none, &rules("alice")).is_valid(), "another's mail");
    assert!(!judged(alice, ed25519, &crossing, &rules("alice")).is_valid());
    assert!(!judged(carlos, rsa, &none, &rules("carlos")).is_valid());
    // Over the bridge, but with no policy left: the bridge is for another one than Carlos.
    let over = judged(carlos, rsa, &crossing, &rules("carlos"));
    assert!(over.is_valid(), "{over:?}");
    assert_eq!(over.path.len(), 2);
    let explicit = Rules { explicit_policy: true, ..rules("carlos") };
    assert!(!judged(carlos, rsa, &crossing, &explicit).is_valid());
    row("RFC 9216", Way::Published, "its people under RSA and Ed25519, and over the bridge", 7);
}
