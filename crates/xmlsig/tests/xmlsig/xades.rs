//! XAdES: what a signature says of itself, and what we say when that does not fit.

use super::support::{EXCLUSIVE, INCLUSIVE, Official, judge, p256, rsa};
use base::Instant;
use pki::key::Digest;
use xmlsig::dsig::{self, CannotSign, Request, Verifier, Wanted, Where};
use xmlsig::finding::{Legacy, Xades};
use xmlsig::xades::{self, DataFormat, Properties, Qualified};
use xmlsig::{Doc, Finding, Limits, Source, Verdict};

const LETTER: &str = "<document xmlns=\"urn:cv\">Kính gửi Sở Nội vụ</document>";

pub fn properties(official: &Official) -> Properties {
    Properties {
        signing_time: Instant::parse_rfc3339("2026-03-02T09:15:00+07:00").unwrap(),
        certificate: official.certificate.clone(),
        digest: Digest::Sha256,
        formats: vec![DataFormat {
            reference: "ref-1".into(),
            description: Some("Công văn & phụ lục".into()),
            mime_type: Some("text/xml".into()),
        }],
        claimed_roles: vec!["Chủ tịch UBND xã".into()],
    }
}

/// The letter, signed at level B.
pub fn baseline(official: &Official) -> Vec<u8> {
    let mut plan = official.plan();
    xades::qualify(&mut plan, &properties(official)).unwrap();
    official.sign(LETTER.as_bytes(), &plan)
}

/// Judges the first signature and reads what it says.
pub fn read(document: &[u8]) -> (Verdict, Option<Qualified>) {
    let source = Source::read(document, &Limits::default()).unwrap();
    let doc = Doc::parse(&source).unwrap();
    let request = Request::default();
    let signature = dsig::signatures(&doc)[0];
    let report = Verifier::new(&doc, &request).verify(signature);
    (report.verdict(), xades::read(&doc, signature, &report))
}

#[test]
fn a_baseline_signature_says_when_by_whom_and_over_what() {
    for official in [p256(), rsa()] {
        let (verdict, qualified) = read(&baseline(official));
        let qualified = qualified.unwrap();
        assert_eq!((verdict, qualified.findings.as_slice()), (Verdict::Valid, &[][..]));
        let wanted = properties(official);
        assert_eq!(qualified.signing_time, Some(wanted.signing_time));
        assert_eq!((qualified.formats, qualified.claimed_roles), (wanted.formats, wanted.claimed_roles));
        assert_eq!(qualified.certificates[0].value, Digest::Sha256.of(&official.certificate));
        assert!(!qualified.certificates[0].first_version && qualified.stamps.is_empty());
    }
    assert!(
        read(&p256().sign(LETTER.as_bytes(), &p256().plan())).1.is_none(),
        "a plain signature says nothing"
    );
}

#[test]
fn a_time_stamp_comes_in_later_and_changes_nothing_else() {
    let signed = baseline(p256());
    for method in [EXCLUSIVE, INCLUSIVE] {
        let source = Source::read(&signed, &Limits::default()).unwrap();
        let doc = Doc::parse(&source).unwrap();
        let octets = xades::to_be_stamped(&doc, dsig::signatures(&doc)[0], &method).unwrap();
        let once = xades::stamp(&signed, "sig-1", &method, b"token one", &Limits::default()).unwrap();
        let twice = xades::stamp(&once, "sig-1", &method, b"token two", &Limits::default()).unwrap();
        let (verdict, qualified) = read(&twice);
        let qualified = qualified.unwrap();
        assert_eq!((verdict, qualified.findings.as_slice()), (Verdict::Valid, &[][..]));
        let tokens: Vec<_> = qualified.stamps.iter().map(|stamp| stamp.token.as_slice()).collect();
        assert_eq!(tokens, [b"token one", b"token two"]);
        assert!(qualified.is_stamped() && qualified.stamps.iter().all(|stamp| stamp.stamped == octets));
        let text = String::from_utf8(twice).unwrap();
        let start = text.find("<xades:UnsignedProperties").unwrap();
        let end = text.find("</xades:UnsignedProperties>").unwrap() + "</xades:UnsignedProperties>".len();
        assert_eq!([&text[..start], &text[end..]].concat().as_bytes(), signed);
    }
    let refused = xades::stamp(&signed, "sig-2", &EXCLUSIVE, b"token", &Limits::default());
    assert_eq!(refused, Err(xades::CannotStamp::NoSignature));
}

#[test]
fn properties_that_do_not_fit_are_told() {
    let official = p256();
    let signed = String::from_utf8(baseline(official)).unwrap();
    let table = [
        ("Target=\"#sig-1\"", "Target=\"#sig-2\"", Finding::Xades(Xades::Target)),
        ("03-02T09:15", "03-02T09:16", Finding::Xades(Xades::NotSigned)),
        ("http://uri.etsi.org/01903#SignedProperties", "urn:other", Finding::Xades(Xades::NotSigned)),
        ("2026-03-02T09:15:00+07:00", "hôm qua", Finding::Xades(Xades::SigningTime)),
        ("ObjectReference=\"#ref-1\"", "ObjectReference=\"#ref-9\"", Finding::Xades(Xades::DataObject)),
        ("SigningCertificateV2>", "SigningCertificateV3>", Finding::Xades(Xades::NoCertificate)),
        (
            "</xades:QualifyingProperties>",
            "</xades:QualifyingProperties><x:QualifyingProperties \
                xmlns:x=\"http://uri.etsi.org/01903/v1.3.2#\"/>",
            Finding::Xades(Xades::Several),
        ),
    ];
    for (from, to, finding) in table {
        assert!(signed.contains(from), "{from}");
        let (_, qualified) = read(signed.replace(from, to).as_bytes());
        let findings = qualified.unwrap().findings;
        assert!(findings.contains(&finding), "{from} -> {to}: {findings:?}");
    }
}

#[test]
fn another_certificate_than_the_named_one_is_refused() {
    // Names one certificate and carries another with its own key: what certificate substitution looks like.
    let (official, other) = (p256(), rsa());
    let mut plan = official.plan();
    xades::qualify(&mut plan, &Properties { certificate: other.certificate.clone(), ..properties(official) })
        .unwrap();
    let (verdict, qualified) = read(&official.sign(LETTER.as_bytes(), &plan));
    assert_eq!(verdict, Verdict::Valid, "as a plain signature it is right");
    let findings = qualified.unwrap().findings;
    assert_eq!(findings, [Finding::Xades(Xades::OtherCertificate)]);
    assert_eq!(xmlsig::verdict(&findings), Verdict::Invalid);
}

#[test]
fn the_first_version_of_the_certificates_name_is_read() {
    let official = p256();
    let mut plan = official.plan();
    let sha1 = pki::pem::write("X", &Digest::Sha1.of(&official.certificate));
    let sha1 = sha1.lines().nth(1).unwrap();
    plan.objects.push(format!(
        "<ds:Object><x:QualifyingProperties xmlns:x=\"http://uri.etsi.org/01903/v1.3.2#\" Target=\"#sig-1\">\
         <x:SignedProperties Id=\"sp\"><x:SignedSignatureProperties>\
         <x:SigningTime>2012-01-01T00:00:00Z</x:SigningTime>\
         <x:SigningCertificate><x:Cert><x:CertDigest><ds:DigestMethod \
         Algorithm=\"http://www.w3.org/2000/09/xmldsig#sha1\"/><ds:DigestValue>{sha1}</ds:DigestValue>\
         </x:CertDigest>\
         <x:IssuerSerial><ds:X509IssuerName>CN=CA</ds:X509IssuerName>\
         <ds:X509SerialNumber>1</ds:X509SerialNumber>\
         </x:IssuerSerial></x:Cert></x:SigningCertificate></x:SignedSignatureProperties></x:SignedProperties>\
         </x:QualifyingProperties></ds:Object>"
    ));
    plan.references.push(Wanted {
        uri: "#sp".into(),
        id: None,
        kind: Some(xades::SIGNED_PROPERTIES.into()),
        transforms: vec![],
        digest: Digest::Sha256,
    });
    let (verdict, qualified) = read(&official.sign(LETTER.as_bytes(), &plan));
    let qualified = qualified.unwrap();
    assert_eq!(verdict, Verdict::Valid);
    assert!(qualified.certificates[0].first_version);
    assert_eq!(
        qualified.findings,
        [Finding::Legacy(Legacy::Sha1Certificate)],
        "it is the right one, named weakly"
    );
}

#[test]
fn properties_without_what_they_hang_on_are_not_made() {
    let official = p256();
    let mut plan = official.plan();
    plan.id = None;
    assert_eq!(xades::qualify(&mut plan, &properties(official)), Err(CannotSign::NotMade));
    let mut plan = official.plan();
    plan.references[0].id = None;
    assert_eq!(xades::qualify(&mut plan, &properties(official)), Err(CannotSign::NotMade));
    let mut plan = official.plan();
    let weak = Properties { digest: Digest::Sha1, ..properties(official) };
    assert_eq!(xades::qualify(&mut plan, &weak), Err(CannotSign::NotMade));
}

#[test]
fn an_alone_standing_signature_qualifies_what_it_envelops() {
    let official = p256();
    let mut plan = official.plan();
    plan.place = Where::Alone;
    plan.objects = vec!["<ds:Object Id=\"o\">Kính gửi</ds:Object>".into()];
    plan.references[0].uri = "#o".into();
    plan.references[0].transforms = vec![];
    xades::qualify(&mut plan, &properties(official)).unwrap();
    let signed = official.sign(b"", &plan);
    assert_eq!(judge(&signed, &Request::default()).verdict(), Verdict::Valid);
    assert_eq!(read(&signed).1.unwrap().findings, []);
}
