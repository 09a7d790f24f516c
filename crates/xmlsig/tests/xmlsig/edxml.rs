//! The signature of an edXML envelope (QCVN 102:2016): exclusive canonicalization, RSA with SHA-256, in the
//! header.
//!
//! From memory and public samples: that the signature stands last in `edXMLHeader`. What it refers to is not
//! settled by what we have read; here it is the envelope as a whole and every attachment by its `cid:`. A
//! relay appends itself to `TraceHeaderList` on the way, which such a signature does not survive, and the
//! test shows.

use super::support::{EXCLUSIVE, Official, rsa};
use pki::key::Digest;
use xmlsig::dsig::{self, Cover, Plan, Report, Request, Transform, Verifier, Wanted, Where};
use xmlsig::{Doc, Finding, Limits, Source, Verdict};

const ENVELOPE: &str = include_str!("edxml-envelope.xml");
const QCVN_102: &str = "http://www.mic.gov.vn/TBT/QCVN_102_2016";
const ATTACHMENT: &[u8] = b"%PDF-1.7 ...";

fn signed(official: &Official) -> Vec<u8> {
    let plan = Plan {
        references: vec![
            Wanted {
                uri: String::new(),
                id: None,
                kind: None,
                transforms: vec![Transform::EnvelopedSignature, Transform::Canonical(EXCLUSIVE)],
                digest: Digest::Sha256,
            },
            Wanted {
                uri: "cid:12-cv-ubnd.pdf".into(),
                id: None,
                kind: None,
                transforms: vec![],
                digest: Digest::Sha256,
            },
        ],
        place: Where::LastIn { namespace: QCVN_102.into(), name: "edXMLHeader".into() },
        ..official.plan()
    };
    let outside = |uri: &str| (uri == "cid:12-cv-ubnd.pdf").then(|| ATTACHMENT.to_vec());
    let prepared = dsig::prepare(ENVELOPE.as_bytes(), &plan, &outside, &Limits::default()).unwrap();
    prepared.sign(&official.key).unwrap()
}

fn judge(envelope: &[u8], attachment: &[u8]) -> Report {
    let source = Source::read(envelope, &Limits::default()).unwrap();
    let doc = Doc::parse(&source).unwrap();
    let outside = |uri: &str| (uri == "cid:12-cv-ubnd.pdf").then_some(attachment);
    let request = Request { outside: &outside, cover: Cover::Document, ..Request::default() };
    Verifier::new(&doc, &request).verify(dsig::signatures(&doc)[0])
}

#[test]
fn an_edxml_envelope_is_signed_in_its_header_with_its_attachments() {
    let official = rsa();
    let envelope = signed(official);
    let text = String::from_utf8(envelope.clone()).unwrap();
    assert!(text.contains("</ds:Signature></edXML:edXMLHeader>"));
    assert!(text.contains("xmldsig-more#rsa-sha256") && text.contains("xml-exc-c14n#"));
    let report = judge(&envelope, ATTACHMENT);
    assert_eq!((report.verdict(), report.signer()), (Verdict::Valid, Some(official.certificate.as_slice())));

    let report = judge(&envelope, b"%PDF-1.7 forged");
    assert_eq!(report.findings, [Finding::DigestDiffers { reference: 1 }]);
    let traced = text.replace("</edXML:TraceHeaderList>", "<edXML:TraceHeader/></edXML:TraceHeaderList>");
    assert_eq!(
        judge(traced.as_bytes(), ATTACHMENT).findings,
        [Finding::DigestDiffers { reference: 0 }, Finding::NotCovered]
    );
}
