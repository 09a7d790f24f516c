//! Signature wrapping: a signed element is moved where nobody reads it, and a forged one stands where it was.
//! Names of the eight shapes as in the literature on SAML.

use super::support::{EXCLUSIVE, judge, p256};
use xmlsig::dsig::{Cover, Covers, Request, State, Transform, Where};
use xmlsig::{Finding, Verdict};

/// A response with a signed assertion, or a signed response, cut into pieces.
struct Pieces {
    /// The assertion without signature.
    assertion: String,
    /// The signature over the assertion, which stands in it.
    over_assertion: String,
    /// The response without signature.
    response: String,
    /// The signature over the response, which stands in it.
    over_response: String,
}

const ASSERTION: &str = "<Assertion ID=\"a1\"><Subject>An</Subject></Assertion>";
const EVIL: &str = "<Assertion ID=\"a2\"><Subject>Mallory</Subject></Assertion>";

fn pieces() -> Pieces {
    let official = p256();
    let sign = |document: &str, uri: &str, into: &str| {
        let mut plan = official.plan();
        plan.references[0].uri = uri.into();
        plan.references[0].transforms = vec![Transform::EnvelopedSignature, Transform::Canonical(EXCLUSIVE)];
        plan.place = Where::LastIn { namespace: String::new(), name: into.into() };
        let signed = String::from_utf8(official.sign(document.as_bytes(), &plan)).unwrap();
        let start = signed.find("<ds:Signature ").unwrap();
        let end = signed.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
        signed[start..end].to_string()
    };
    let response = format!("<Response ID=\"r1\">{ASSERTION}</Response>");
    Pieces {
        assertion: ASSERTION.into(),
        over_assertion: sign(&response, "#a1", "Assertion"),
        over_response: sign(&response, "#r1", "Response"),
        response,
    }
}

/// The signature with `inside` in an object of it, or bare in it.
fn with_object(signature: &str, inside: &str, wrapped: bool) -> String {
    let inside = if wrapped { format!("<ds:Object>{inside}</ds:Object>") } else { inside.into() };
    signature.replace("</ds:Signature>", &format!("{inside}</ds:Signature>"))
}

fn last_in(element: &str, inside: &str) -> String {
    let end = element.rfind("</").unwrap();
    format!("{}{inside}{}", &element[..end], &element[end..])
}

#[test]
fn a_wrapped_signature_never_covers_what_a_reader_would_read() {
    let p = pieces();
    let evil_response = format!("<Response ID=\"r2\">{EVIL}</Response>");
    let signed_assertion = last_in(&p.assertion, &p.over_assertion);
    let evil_signed = |signature: &str| last_in(EVIL, signature);
    let response = |inside: &str| format!("<Response ID=\"r1\">{inside}</Response>");
    let shapes = [
        ("honest assertion", response(&signed_assertion)),
        ("honest response", last_in(&p.response, &p.over_response)),
        ("XSW1", last_in(&evil_response, &with_object(&p.over_response, &p.response, true))),
        ("XSW1 bare", last_in(&evil_response, &with_object(&p.over_response, &p.response, false))),
        ("XSW2", last_in(&evil_response, &format!("{}{}", p.response, p.over_response))),
        ("XSW3", response(&format!("{EVIL}{signed_assertion}"))),
        ("XSW4", response(&last_in(EVIL, &signed_assertion))),
        ("XSW5", response(&format!("{}{}", evil_signed(&p.over_assertion), p.assertion))),
        ("XSW6", response(&evil_signed(&with_object(&p.over_assertion, &p.assertion, true)))),
        ("XSW7", response(&format!("<Extensions>{EVIL}</Extensions>{signed_assertion}"))),
        ("XSW8", response(&evil_signed(&with_object(&p.over_assertion, &last_in(ASSERTION, ""), true)))),
        ("same ID", response(&format!("{}{signed_assertion}", EVIL.replace("a2", "a1")))),
    ];
    let mut table = String::new();
    for (name, document) in &shapes {
        let read = document.find("<Assertion").unwrap();
        let request = Request { cover: Cover::ElementAt(read), keep_octets: true, ..Request::default() };
        let report = judge(document.as_bytes(), &request);
        // Whoever takes the octets from the report never gets a forged name.
        for reference in report.references.iter().filter(|reference| reference.state == State::Fits) {
            let octets = String::from_utf8(reference.octets.clone().unwrap()).unwrap();
            assert!(octets.contains("An") && !octets.contains("Mallory"), "{name}: {octets}");
        }
        table += &format!("{name}: {:?} {:?}\n", report.verdict(), report.findings);
    }
    let expected = "\
honest assertion: Valid []
honest response: Valid []
XSW1: Invalid [NotTransformable { reference: 0 }, NotCovered]
XSW1 bare: Invalid [Structure(\"Object\")]
XSW2: Invalid [NotTransformable { reference: 0 }, NotCovered]
XSW3: Invalid [NotCovered]
XSW4: Invalid [NotCovered]
XSW5: Invalid [NotTransformable { reference: 0 }, NotCovered]
XSW6: Invalid [NotTransformable { reference: 0 }, NotCovered]
XSW7: Invalid [NotCovered]
XSW8: Invalid [NotTransformable { reference: 0 }, NotCovered]
same ID: Invalid [DuplicateId { reference: 0, id: \"a1\" }, NotCovered]
";
    assert_eq!(table, expected);
}

#[test]
fn what_is_covered_is_told_as_a_place_in_the_text() {
    let p = pieces();
    let signed_assertion = last_in(&p.assertion, &p.over_assertion);
    let document = format!("<Response ID=\"r2\">{EVIL}<Hidden>{signed_assertion}</Hidden></Response>");
    let report = judge(document.as_bytes(), &Request::default());
    assert_eq!(report.verdict(), Verdict::Valid, "the signature itself is right, and says what it covers");
    match &report.references[0].covers {
        Some(Covers::Element { range, .. }) => assert_eq!(document[range.clone()], signed_assertion),
        other => panic!("{other:?}"),
    }
    let request = Request { cover: Cover::ElementAt(0), ..Request::default() };
    assert_eq!(judge(document.as_bytes(), &request).findings, [Finding::NotCovered]);
}
