//! Foreign bytes of any kind: every vector and every shape of ours, changed in a thousand ways from fixed
//! seeds, is judged without a panic; what must be refused is refused for its reason.

use super::canonical::{Dice, document};
use super::support::{p256, rsa};
use super::xades::baseline;
use std::path::Path;
use xmlsig::c14n::{self, Method, Rules, Subset};
use xmlsig::dsig::{self, Cover, Request, Verifier};
use xmlsig::{Doc, Excess, Limits, Source, Unreadable, Verdict, xades};

/// Everything that can be done with a document; whether it was read, and how many signatures were found
/// valid.
fn judge_all(bytes: &[u8], limits: &Limits) -> Result<usize, Unreadable> {
    let source = Source::read(bytes, limits)?;
    let doc = Doc::parse(&source)?;
    for rules in [Rules::Inclusive10, Rules::Inclusive11, Rules::Exclusive] {
        let _ = c14n::octets(&doc, Subset::all(doc.root()), &Method::new(rules).with_comments(), 1 << 20);
        let last = doc.root().descendants().rfind(|node| node.is_element());
        let apex = last.unwrap_or(doc.root());
        let _ =
            c14n::octets(&doc, Subset::all(apex), &Method::new(rules).with_prefixes("#default a b"), 1 << 20);
    }
    let outside = |_: &str| Some(&b"<a>bytes from outside</a>"[..]);
    let request = Request { outside: &outside, legacy: true, keep_octets: true, ..Request::default() };
    let mut verifier = Verifier::new(&doc, &request);
    let mut valid = 0;
    for signature in dsig::signatures(&doc) {
        let report = verifier.verify(signature);
        let _ = xades::read(&doc, signature, &report);
        valid += usize::from(report.verdict() == Verdict::Valid);
    }
    Ok(valid)
}

pub fn corpus() -> Vec<Vec<u8>> {
    let mut corpus = vec![];
    let vendor = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vendor/xmlsec");
    for suite in
        ["aleksey-xmldsig-01", "merlin-exc-c14n-one", "merlin-xmldsig-twenty-three", "phaos-xmldsig-three"]
    {
        let mut paths: Vec<_> =
            std::fs::read_dir(vendor.join(suite)).unwrap().map(|e| e.unwrap().path()).collect();
        paths.sort();
        corpus.extend(paths.iter().map(|path| std::fs::read(path).unwrap()));
    }
    let signed = baseline(p256());
    corpus.push(
        xades::stamp(&signed, "sig-1", &Method::new(Rules::Exclusive), b"token", &Limits::default()).unwrap(),
    );
    corpus.push(baseline(rsa()));
    corpus.extend((0..10).map(|seed| document(seed).into_bytes()));
    corpus
}

const TOKENS: [&str; 24] = [
    "<",
    ">",
    "/>",
    "</",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?",
    "?>",
    "&",
    "&#0;",
    "&#x110000;",
    "&amp;",
    "\"",
    "'",
    "=",
    " xmlns=\"\"",
    " xmlns:p=\"\"",
    " Id=\"a\"",
    "<!DOCTYPE a>",
    "\u{0}",
    "\u{feff}",
    ":",
];

pub fn change(bytes: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    for _ in 0..=dice.below(3) {
        let at = dice.below(changed.len() as u64 + 1) as usize;
        let length = (dice.below(40) as usize).min(changed.len() - at);
        match dice.below(6) {
            0 if at < changed.len() => changed[at] ^= 1 << dice.below(8),
            1 => drop(changed.drain(at..at + length)),
            2 => {
                let copied = changed[at..at + length].to_vec();
                let to = dice.below(changed.len() as u64 + 1) as usize;
                changed.splice(to..to, copied);
            }
            3 => {
                let token = dice.one(&TOKENS).as_bytes().to_vec();
                changed.splice(at..at, token);
            }
            4 => changed.truncate(at.max(1)),
            _ if at < changed.len() => changed[at] = dice.below(256) as u8,
            _ => {}
        }
    }
    changed
}

#[test]
fn changed_documents_are_judged_without_a_panic() {
    let (mut read, mut unread) = (0, 0);
    for (index, original) in corpus().iter().enumerate() {
        let mut dice = Dice(index as u64);
        for _ in 0..150 {
            match judge_all(&change(original, &mut dice), &Limits::default()) {
                Ok(_) => read += 1,
                Err(_) => unread += 1,
            }
        }
    }
    assert!(read > 1_000 && unread > 1_000, "both roads are walked: {read} read, {unread} refused");
}

#[test]
fn a_signed_document_cut_anywhere_is_not_valid() {
    let signed = baseline(p256());
    for end in 0..signed.len() {
        assert!(!matches!(judge_all(&signed[..end], &Limits::default()), Ok(1)), "{end}");
    }
    assert_eq!(judge_all(&signed, &Limits::default()), Ok(1));
}

#[test]
fn what_we_do_not_take_is_refused_for_its_reason() {
    use Unreadable::{Encoding, Malformed, TooMuch, Version};
    let laughs =
        "<?xml version=\"1.0\"?><!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\">]><l>&b;</l>";
    let table: Vec<(Vec<u8>, Unreadable)> = vec![
        (laughs.into(), Unreadable::DocumentType { offset: 21 }),
        (
            "<!DOCTYPE a SYSTEM \"http://example.org/a.dtd\"><a/>".into(),
            Unreadable::DocumentType { offset: 0 },
        ),
        ("<?xml version=\"1.1\"?><a/>".into(), Version),
        ("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a/>".into(), Encoding),
        (b"<a>\xff</a>".to_vec(), Encoding),
        (b"\xff\xfe<\x00a".to_vec(), Encoding),
        ("<a xmlns=\"urn:1\" xmlns=\"urn:2\"/>".into(), Malformed { offset: 0 }),
        ("<a><b xmlns:p=\"\"/></a>".into(), Malformed { offset: 3 }),
        ("<a><p:b/></a>".into(), Malformed { offset: 4 }),
        ("<a b='1' b='2'/>".into(), Malformed { offset: 9 }),
        ("<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>".into(), Malformed { offset: 35 }),
        ("<a><?xml version='1.0'?></a>".into(), Malformed { offset: 3 }),
        ("<a><?pi=1?></a>".into(), Malformed { offset: 3 }),
        ("<a b='<'/>".into(), Malformed { offset: 6 }),
        ("<a>&b;</a>".into(), Malformed { offset: 3 }),
        ("<a>]]></a>".into(), Malformed { offset: 3 }),
        ("<a/><b/>".into(), Malformed { offset: 4 }),
        ("<a>".into(), Malformed { offset: 0 }),
        ("".into(), Malformed { offset: 0 }),
        ("<a>".repeat(300).into(), TooMuch(Excess::Depth)),
        (format!("<a {}/>", "x='1' ".repeat(300)).into(), TooMuch(Excess::Attributes)),
        (format!("<{}/>", "x".repeat(2_000)).into(), TooMuch(Excess::Name)),
        (" ".repeat((20 << 20) + 1).into(), TooMuch(Excess::Bytes)),
    ];
    for (bytes, reason) in table {
        let shown: String = String::from_utf8_lossy(&bytes[..bytes.len().min(80)]).into();
        match (judge_all(&bytes, &Limits::default()), &reason) {
            // Where the parser says a place, it is near enough.
            (Err(Malformed { .. }), Malformed { .. }) => {}
            (found, _) => assert_eq!(found, Err(reason), "{shown}"),
        }
    }
}

#[test]
fn utf_16_is_read_like_utf_8() {
    let signed = String::from_utf8(baseline(p256())).unwrap();
    for (mark, unit) in
        [([0xFE, 0xFF], u16::to_be_bytes as fn(u16) -> [u8; 2]), ([0xFF, 0xFE], u16::to_le_bytes)]
    {
        let mut wide = mark.to_vec();
        wide.extend(signed.encode_utf16().flat_map(unit));
        assert_eq!(judge_all(&wide, &Limits::default()), Ok(1));
    }
}

#[test]
fn references_and_transforms_beyond_the_limits_are_not_followed() {
    let official = p256();
    let mut plan = official.plan();
    plan.references = vec![plan.references[0].clone(); 20];
    let letter = format!("<a>{}</a>", "x".repeat(10_000));
    let signed = official.sign(letter.as_bytes(), &plan);
    assert_eq!(judge_all(&signed, &Limits::default()), Ok(1));
    let few = Limits { references_max: 19, ..Limits::default() };
    let small = Limits { octets_max: 150_000, ..Limits::default() };
    for limits in [few, small] {
        let source = Source::read(&signed, &limits).unwrap();
        let doc = Doc::parse(&source).unwrap();
        let request = Request { cover: Cover::Anything, ..Request::default() };
        let report = Verifier::new(&doc, &request).verify(dsig::signatures(&doc)[0]);
        assert_eq!(report.verdict(), Verdict::Indeterminate);
        let found = format!("{:?}", report.findings);
        assert!(found.contains("TooMuch(References)") || found.contains("TooMuch(Octets)"), "{found}");
    }
}
