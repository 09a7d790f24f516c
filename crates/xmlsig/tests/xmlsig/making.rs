//! Signatures made here and judged here: every algorithm, every shape, every byte that matters.

use super::support::{EXCLUSIVE, INCLUSIVE, enveloped, judge, key, p256, reports};
use pki::key::{Digest, KeyKind, PrivateKey, SignatureAlgorithm, Signer};
use xmlsig::c14n::{Method, Rules};
use xmlsig::dsig::{
    self, CannotSign, Cover, Covers, KeyInfo, KeyOrigin, KeySource, Place, Request, Transform,
};
use xmlsig::dsig::{State, Where};
use xmlsig::{Finding, Limits, Unreadable, Verdict};

const LETTER: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<văn-bản xmlns=\"urn:vd\" \
    xmlns:p=\"urn:p\">\n  \
    <trích-yếu p:a=\"1\">Về việc kiểm tra</trích-yếu><!-- nháp -->\n</văn-bản>\n";

fn signed(key: &PrivateKey, algorithm: SignatureAlgorithm) -> Vec<u8> {
    let plan = enveloped(algorithm, KeyInfo::Key(key.public_key().clone()));
    dsig::prepare(LETTER.as_bytes(), &plan, &|_| None, &Limits::default()).unwrap().sign(key).unwrap()
}

#[test]
fn every_algorithm_signs_and_is_found_right() {
    use SignatureAlgorithm::{Ecdsa, Ed25519, RsaPkcs1};
    let table = [
        (KeyKind::P256, Ecdsa(Digest::Sha256)),
        (KeyKind::P384, Ecdsa(Digest::Sha384)),
        (KeyKind::P521, Ecdsa(Digest::Sha512)),
        (KeyKind::Ed25519, Ed25519),
        (KeyKind::Rsa2048, RsaPkcs1(Digest::Sha256)),
        (KeyKind::Rsa2048, RsaPkcs1(Digest::Sha512)),
        (KeyKind::Rsa2048, SignatureAlgorithm::pss(Digest::Sha256)),
        (KeyKind::Rsa2048, SignatureAlgorithm::pss(Digest::Sha384)),
    ];
    for (kind, algorithm) in table {
        let key = key(kind).using(algorithm).unwrap();
        let signed = signed(&key, algorithm);
        let report = judge(&signed, &Request { cover: Cover::Document, ..Request::default() });
        assert_eq!(
            (report.verdict(), report.made_by),
            (Verdict::Valid, Some(KeyOrigin::Value)),
            "{algorithm:?}"
        );
        assert_eq!(report.algorithm, Some(algorithm));
        let stranger = super::support::key(kind).using(algorithm).unwrap();
        let request = Request { key: KeySource::Given(stranger.public_key()), ..Request::default() };
        let report = judge(&signed, &request);
        assert_eq!(report.findings, [Finding::ValueWrong], "{algorithm:?} under another key");
    }
}

#[test]
fn what_is_signed_stays_byte_for_byte() {
    let signed = signed(&key(KeyKind::P256), SignatureAlgorithm::Ecdsa(Digest::Sha256));
    let text = String::from_utf8(signed).unwrap();
    let (before, rest) = text.split_once("<ds:Signature ").unwrap();
    let (_, after) = rest.rsplit_once("</ds:Signature>").unwrap();
    assert_eq!(format!("{before}{after}"), LETTER);

    let official = p256();
    for (document, start) in
        [("<a/>", "<a><ds:Signature "), ("\u{feff}<a b='/>' />", "\u{feff}<a b='/>' ><ds:Signature ")]
    {
        let signed = official.sign(document.as_bytes(), &official.plan());
        let text = std::str::from_utf8(&signed).unwrap();
        assert!(text.starts_with(start) && text.ends_with("</ds:Signature></a>"), "{text}");
        assert_eq!(judge(&signed, &Request::default()).verdict(), Verdict::Valid, "{document}");
    }
}

#[test]
fn a_changed_byte_is_found_wherever_it_matters() {
    let signed = signed(&key(KeyKind::P256), SignatureAlgorithm::Ecdsa(Digest::Sha256));
    let text = String::from_utf8(signed).unwrap();
    let table = [
        ("kiểm tra", "kiểm soát", "DigestDiffers { reference: 0 }"),
        ("p:a=\"1\"", "p:a=\"2\"", "DigestDiffers { reference: 0 }"),
        ("xml-exc-c14n#\"/></ds:Transforms>", "xml-exc-c14n#WithComments\"/></ds:Transforms>", "ValueWrong"),
        ("xmlenc#sha256", "xmldsig-more#sha384", "ValueWrong"),
        ("Id=\"ref-1\"", "Id=\"ref-2\"", "ValueWrong"),
        ("ecdsa-sha256", "ecdsa-sha384", "ValueWrong"),
        ("ecdsa-sha256", "rsa-sha256", "KeyUnfit"),
        ("ecdsa-sha256", "hmac-sha256", "UnknownMethod"),
        ("<ds:SignatureValue", "<ds:KeyName/><ds:SignatureValue", "Structure(\"SignatureValue\")"),
        ("</ds:SignedInfo>", "<ds:Reference/></ds:SignedInfo>", "Structure(\"Reference\")"),
    ];
    for (from, to, finding) in table {
        assert!(text.contains(from), "{from}");
        let changed = text.replacen(from, to, 1);
        let report = judge(changed.as_bytes(), &Request::default());
        let found = format!("{:?}", report.findings);
        assert!(found.contains(finding), "{from} -> {to}: {found}");
        assert_ne!(report.verdict(), Verdict::Valid);
    }
    for (from, to) in
        [("<!-- nháp -->", ""), ("p:a=\"1\"", "p:a =\n'&#49;'"), ("</văn-bản>\n", "</văn-bản>\r\n\r\n")]
    {
        assert!(text.contains(from), "{from}");
        let report = judge(text.replacen(from, to, 1).as_bytes(), &Request::default()).verdict();
        assert_eq!(report, Verdict::Valid, "canonical form does not see {from} -> {to}");
    }
}

#[test]
fn several_references_get_their_own_digests_whatever_the_document_holds() {
    let official = p256();
    // What looks like our own places for digests stands in the document, in an attribute and in an Id.
    let document = "<gói xmlns:ds=\"urn:x\"><a Id=\"&lt;ds:DigestValue>\">một</a><ds:DigestValue/>\
         <b Id=\"b\">hai</b></gói>";
    let mut plan = official.plan();
    let wanted = |uri: &str| {
        let transforms = vec![Transform::Canonical(EXCLUSIVE)];
        dsig::Wanted { uri: uri.into(), id: None, transforms, ..plan.references[0].clone() }
    };
    plan.references = vec![wanted("#<ds:DigestValue>"), wanted("#b"), plan.references[0].clone()];
    let signed = official.sign(document.as_bytes(), &plan);
    let report = judge(&signed, &Request { keep_octets: true, ..Request::default() });
    assert_eq!(report.verdict(), Verdict::Valid, "{:?}", report.findings);
    let octets = |index: usize| String::from_utf8_lossy(report.references[index].octets.as_ref().unwrap());
    assert_eq!(octets(0), "<a Id=\"&lt;ds:DigestValue>\">một</a>");
    assert_eq!(octets(1), "<b Id=\"b\">hai</b>");
}

#[test]
fn what_is_not_well_formed_is_not_signed() {
    let official = p256();
    let prepare = |document: &str| {
        dsig::prepare(document.as_bytes(), &official.plan(), &|_| None, &Limits::default()).map(|_| ())
    };
    // Where the document begins to be none, behind the place of the signature too.
    let table = [("<a></b>", 3), ("<a></a><b/>", 7), ("<a>&x;</a>", 3), ("<a></a>x", 7), ("<a/><b/>", 4)];
    for (document, place) in table {
        let malformed = Unreadable::Malformed { offset: place };
        assert_eq!(prepare(document), Err(CannotSign::Unreadable(malformed)), "{document}");
    }
    assert!(matches!(prepare("<a>"), Err(CannotSign::Unreadable(Unreadable::Malformed { .. }))));
    assert_eq!(prepare("<a></a>"), Ok(()));
}

#[test]
fn an_enveloping_signature_signs_what_it_carries() {
    let official = p256();
    let mut plan = official.plan();
    plan.place = Where::Alone;
    plan.objects = vec!["<ds:Object Id=\"nội-dung\"><thư xmlns=\"urn:t\">Kính gửi</thư></ds:Object>".into()];
    plan.references[0].uri = "#nội-dung".into();
    plan.references[0].transforms = vec![Transform::Canonical(INCLUSIVE)];
    let signed = official.sign(b"", &plan);
    let report = judge(&signed, &Request { keep_octets: true, ..Request::default() });
    assert_eq!((report.verdict(), report.made_by), (Verdict::Valid, Some(KeyOrigin::Certificate(0))));
    assert_eq!(report.signer(), Some(official.certificate.as_slice()));
    let octets = String::from_utf8(report.references[0].octets.clone().unwrap()).unwrap();
    assert_eq!(
        octets,
        "<ds:Object xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" Id=\"nội-dung\"><thư \
            xmlns=\"urn:t\">Kính gửi</thư>\
         </ds:Object>"
    );
    match &report.references[0].covers {
        Some(Covers::Element { place: Place::Inside, without_signature: false, .. }) => {}
        other => panic!("{other:?}"),
    }
    let request = Request { cover: Cover::Document, ..Request::default() };
    assert_eq!(judge(&signed, &request).findings, [Finding::NotCovered]);
}

#[test]
fn detached_bytes_are_the_callers() {
    let official = p256();
    let bytes = b"%PDF-1.7 \x00\xff any bytes".to_vec();
    let mut plan = official.plan();
    plan.place = Where::Alone;
    plan.references[0].uri = "quyet-dinh.pdf".into();
    plan.references[0].transforms = vec![];
    let outside = |uri: &str| (uri == "quyet-dinh.pdf").then(|| bytes.clone());
    let prepared = dsig::prepare(b"", &plan, &outside, &Limits::default()).unwrap();
    let signed = prepared.sign(&official.key).unwrap();

    let source = xmlsig::Source::read(&signed, &Limits::default()).unwrap();
    let doc = xmlsig::Doc::parse(&source).unwrap();
    for (brought, state) in [(&bytes[..], State::Fits), (&b"other"[..], State::Differs)] {
        let outside = |_: &str| Some(brought);
        let request = Request { outside: &outside, ..Request::default() };
        let report = dsig::Verifier::new(&doc, &request).verify(dsig::signatures(&doc)[0]);
        assert_eq!(
            (report.references[0].state, &report.references[0].covers),
            (state, &Some(Covers::Outside))
        );
    }
    let report = judge(&signed, &Request::default());
    assert_eq!(report.findings, [Finding::NotFound { reference: 0, uri: "quyet-dinh.pdf".into() }]);
    assert_eq!(report.verdict(), Verdict::Indeterminate);
}

#[test]
fn base64_covers_what_it_decodes_to_and_no_element() {
    let official = p256();
    let document = "<gói><tệp Id=\"t\">\n SGVs\n<b>bG8=</b> </tệp></gói>";
    let mut plan = official.plan();
    plan.references[0].uri = "#t".into();
    plan.references[0].transforms = vec![Transform::Base64];
    let signed = official.sign(document.as_bytes(), &plan);
    let report = judge(&signed, &Request { keep_octets: true, ..Request::default() });
    assert_eq!(report.verdict(), Verdict::Valid);
    assert_eq!(report.references[0].octets.as_deref(), Some(&b"Hello"[..]));
    assert!(
        matches!(report.references[0].covers, Some(Covers::Decoded { .. })),
        "{:?}",
        report.references[0]
    );
    let start = document.find("<tệp").unwrap();
    let request = Request { cover: Cover::ElementAt(start), ..Request::default() };
    assert_eq!(judge(&signed, &request).findings, [Finding::NotCovered]);
}

#[test]
fn a_person_signs_and_the_agency_signs_over_it() {
    let official = p256();
    let first = official.sign(LETTER.as_bytes(), &official.plan());
    let mut plan = official.plan();
    plan.id = Some("sig-2".into());
    let both = official.sign(&first, &plan);
    let verdicts: Vec<_> =
        reports(&both, &Request::default()).iter().map(|report| report.verdict()).collect();
    // The first signed the document without itself; the second came into it afterwards.
    assert_eq!(verdicts, [Verdict::Invalid, Verdict::Valid]);

    // Signing an element instead leaves room beside it for others.
    let document = "<gói><thư Id=\"thư\">Kính gửi</thư><chữ-ký/></gói>";
    let mut plan = official.plan();
    plan.references[0].uri = "#thư".into();
    plan.references[0].transforms = vec![Transform::Canonical(EXCLUSIVE)];
    plan.place = Where::LastIn { namespace: String::new(), name: "chữ-ký".into() };
    let one = official.sign(document.as_bytes(), &plan);
    plan.id = Some("sig-2".into());
    let two = official.sign(&one, &plan);
    for report in reports(
        &two,
        &Request { cover: Cover::ElementAt(document.find("<thư").unwrap()), ..Request::default() },
    ) {
        assert_eq!((report.verdict(), report.findings.as_slice()), (Verdict::Valid, &[][..]));
    }
}

#[test]
fn every_canonicalization_can_carry_the_signed_information() {
    let official = p256();
    for rules in [Rules::Inclusive10, Rules::Inclusive11, Rules::Exclusive] {
        for method in [Method::new(rules), Method::new(rules).with_comments()] {
            let mut plan = official.plan();
            plan.canonicalization = method.clone();
            plan.references[0].transforms =
                vec![Transform::EnvelopedSignature, Transform::Canonical(method.clone())];
            let signed = official.sign(LETTER.as_bytes(), &plan);
            assert_eq!(judge(&signed, &Request::default()).verdict(), Verdict::Valid, "{method:?}");
        }
    }
    let mut plan = official.plan();
    let listed = EXCLUSIVE.with_prefixes("p #default");
    plan.canonicalization = listed.clone();
    plan.references[0].transforms = vec![Transform::EnvelopedSignature, Transform::Canonical(listed)];
    let signed = official.sign(LETTER.as_bytes(), &plan);
    assert!(String::from_utf8_lossy(&signed).contains("PrefixList=\"p #default\""));
    assert_eq!(judge(&signed, &Request::default()).verdict(), Verdict::Valid);
}

#[test]
fn plans_that_would_not_be_believed_are_refused() {
    let official = p256();
    let prepare = |change: fn(&mut dsig::Plan)| {
        let mut plan = official.plan();
        change(&mut plan);
        dsig::prepare(LETTER.as_bytes(), &plan, &|_| None, &Limits::default()).map(|_| ())
    };
    assert_eq!(prepare(|plan| plan.references[0].digest = Digest::Sha1), Err(CannotSign::NotMade));
    assert_eq!(
        prepare(|p| p.algorithm = SignatureAlgorithm::RsaPkcs1(Digest::Sha1)),
        Err(CannotSign::NotMade)
    );
    assert_eq!(prepare(|plan| plan.references.clear()), Err(CannotSign::NotMade));
    let xslt =
        |plan: &mut dsig::Plan| plan.references[0].transforms = vec![Transform::Refused("urn:xslt".into())];
    assert_eq!(prepare(xslt), Err(CannotSign::NotMade));
    let nowhere = |plan: &mut dsig::Plan| {
        plan.place = Where::LastIn { namespace: "urn:vd".into(), name: "nobody".into() };
    };
    assert_eq!(prepare(nowhere), Err(CannotSign::NoPlace));
    let nobody = |plan: &mut dsig::Plan| plan.references[0].uri = "#nobody".into();
    let not_found = Finding::NotFound { reference: 0, uri: "#nobody".into() };
    assert_eq!(prepare(nobody), Err(CannotSign::Reference(not_found)));
    let other = key(KeyKind::P384);
    let prepared = dsig::prepare(LETTER.as_bytes(), &official.plan(), &|_| None, &Limits::default()).unwrap();
    assert_eq!(prepared.sign(&other), Err(CannotSign::WrongKey));
}

#[test]
fn a_key_that_answers_later_gets_octets_and_gives_a_value() {
    let official = p256();
    let prepared = dsig::prepare(LETTER.as_bytes(), &official.plan(), &|_| None, &Limits::default()).unwrap();
    assert!(prepared.to_be_signed().starts_with(b"<ds:SignedInfo xmlns:ds="));
    let value = official.key.sign(prepared.to_be_signed()).unwrap();
    let signed = prepared.finish(&value, official.key.public_key().kind()).unwrap();
    assert_eq!(judge(&signed, &Request::default()).verdict(), Verdict::Valid);
}
