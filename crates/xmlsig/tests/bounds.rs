//! What the worst documents cost. One test, alone in its process, because it measures the process.

#![allow(clippy::unwrap_used)] // what fails here fails the test

use std::time::{Duration, Instant};
use xmlsig::c14n::{self, Method, Rules, Subset};
use xmlsig::dsig::{self, Request, Verifier};
use xmlsig::{Doc, Limits, Source, xades};

/// For a document of 10 MB, itself counted in.
const MEMORY_KB_MAX: u64 = 64 << 10;
const TIME_MAX: Duration = Duration::from_secs(10);
const SIZE: usize = 10_000_000;

/// A document of [`SIZE`]: how it begins, what is repeated (as often as fits, or so often with white space to
/// fill it), how it ends.
struct Shape {
    name: &'static str,
    before: String,
    piece: String,
    count_max: usize,
    after: String,
}

impl Shape {
    fn document(&self) -> Vec<u8> {
        let room = SIZE - self.before.len() - self.after.len();
        let count = (room / self.piece.len()).min(self.count_max);
        let blank = match self.count_max {
            usize::MAX => 0,
            _ => room - count * self.piece.len(),
        };
        [self.before.as_str(), &self.piece.repeat(count), &" ".repeat(blank), &self.after]
            .concat()
            .into_bytes()
    }
}

fn filled(before: &str, piece: &str, after: &str) -> (String, String, String) {
    (before.into(), piece.into(), after.into())
}

fn reference(transforms: &str) -> String {
    format!(
        "<Reference URI=\"\"><Transforms>{transforms}</Transforms><DigestMethod \
         Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><DigestValue>AAAA</DigestValue></Reference>"
    )
}

fn signature(references: &str, value: &str) -> String {
    format!(
        "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><SignedInfo><CanonicalizationMethod \
         Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/><SignatureMethod \
         Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256\"/>{references}</SignedInfo>\
         <SignatureValue>{value}</SignatureValue></Signature>"
    )
}

fn shapes() -> Vec<Shape> {
    let exclusive = "<Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>";
    let inclusive = "<Transform Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\"/>";
    let base64 = "<Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#base64\"/>";
    let one = signature(&reference(exclusive), "AAAA");
    let often = signature(&reference(exclusive).repeat(64), "AAAA");
    let again = signature(&reference(&inclusive.repeat(5)).repeat(10), "AAAA");
    let decoded = signature(&reference(base64).repeat(10), "AAAA");
    let after = |signature: &str| format!("{signature}</a>");
    let long_namespace = format!("<a xmlns:p=\"urn:{}\">{one}", "x".repeat(100_000));
    let scopes =
        |from: u32| (0..500).map(|n| format!(" xmlns:p{}='urn:{}'", n, n + from)).collect::<String>();
    let deep: String = (0..250).map(|n| format!("<d xmlns:q{n}='urn:{n}'>")).collect();
    let whole = signature(&reference(exclusive), "|");
    let (value_before, value_after) = whole.split_once('|').unwrap();
    let whole = signature("|", "AAAA");
    let (references_before, references_after) = whole.split_once('|').unwrap();
    let shapes = [
        ("text", filled("<a>", "chữ ", &after(&one))),
        ("text that grows fourfold", filled("<a>", ">", &after(&one))),
        ("entities", filled("<a>", "&lt;", &after(&one))),
        ("carriage returns", filled("<a>", "\r\n", &after(&one))),
        ("empty elements", filled("<a>", "<b/>", &after(&one))),
        ("comments", filled("<a>", "<!---->", &after(&one))),
        ("instructions", filled("<a>", "<?b?>", &after(&one))),
        ("deep", filled("", "<a>", "")),
        ("sections", filled("<a>", "<![CDATA[<]]>", &after(&one))),
        ("less-than signs in a comment", filled("<a><!--", "<", &format!("-->{one}</a>"))),
        ("equals signs", filled("<a>", "=", &after(&one))),
        ("one long attribute", filled("<a b=\"", "&#9;x", &format!("\">{one}</a>"))),
        ("attributes", filled("<a ", "b='' ", &format!(">{one}</a>"))),
        ("attributes spread", filled("<a>", "<b c='1' d='2' e='3' f='4' g='5' h='6' i='7'/>", &after(&one))),
        ("namespaces", filled("<a>", "<b xmlns:p='urn:1' xmlns:q='urn:2'/>", &after(&one))),
        ("many in scope", filled(&format!("<a{}>", scopes(0)), "<b xmlns:r='u'/>", &after(&one))),
        (
            "many in scope, few elements",
            filled(&format!("<a{}>", scopes(0)), &format!("<b>{}</b>", "y".repeat(2_500)), &after(&one)),
        ),
        ("deep and many in scope", filled(&deep, "<b/>", &("</d>".repeat(250)))),
        ("a long namespace written again and again", filled(&long_namespace, "<p:b/>", "</a>")),
        ("64 references to everything", filled("<a>", "chữ ", &after(&often))),
        ("canonical again and again", filled("<a>", ">", &after(&again))),
        ("base64 again and again", filled("<a>", "AAAA", &after(&decoded))),
        (
            "a signature value of 10 MB",
            filled("<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\">", "A", "</Signature>"),
        ),
        ("a value of 10 MB", filled(value_before, "A", value_after)),
        ("thousands of references", filled(references_before, &reference(exclusive), references_after)),
        ("signatures", filled("<a>", &one, "</a>")),
        ("declared prefixes beyond the list", filled("<a>", &format!("<b{}/>", scopes(0)), &after(&one))),
        ("nothing", filled("", " ", "")),
    ];
    let whole =
        shapes.into_iter().map(|(name, (before, piece, after))| (name, before, piece, usize::MAX, after));
    whole
        .chain(brimful())
        .map(|(name, before, piece, count_max, after)| Shape { name, before, piece, count_max, after })
        .collect()
}

/// Name, beginning, piece, how often, end.
type Brimful = (&'static str, String, String, usize, String);

/// Documents with nearly as much of something as the limits allow, so that they are read and judged in full.
fn brimful() -> Vec<Brimful> {
    let exclusive = "<Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>";
    let one = signature(&reference(exclusive), "AAAA");
    let scope: String = (0..500).map(|n| format!(" xmlns:p{n}='urn:{n}'")).collect();
    // Five hundred declared on the way down, by two elements, because one may declare only so many.
    let (outer, inner) = scope.split_at(scope.find(" xmlns:p250=").unwrap_or_default());
    let in_scope = format!("<a><s{outer}><s{inner}>");
    let deep: String = (0..250).map(|n| format!("<d xmlns:q{n}='urn:{n}'>")).collect();
    let end = format!("{one}</a>");
    let scope_end = format!("</s></s>{one}</a>");
    let long = "x".repeat(100_000);
    vec![
        ("elements", "<a>".into(), "<b/>".into(), 199_900, end.clone()),
        ("elements with text", "<a>".into(), "<b>y</b>".into(), 99_900, end.clone()),
        ("comments, all read", "<a>".into(), "<!--y-->".into(), 199_900, end.clone()),
        (
            "attributes, all read",
            "<a>".into(),
            "<b c='1' d='2' e='3' f='4' g='5'/>".into(),
            23_900,
            end.clone(),
        ),
        ("Ids", "<a>".into(), "<b Id='x' id='y'/>".into(), 59_900, end.clone()),
        (
            "declarations, all read",
            "<a>".into(),
            "<b xmlns:p='urn:1' xmlns:q='urn:2'/>".into(),
            59_900,
            end.clone(),
        ),
        (
            "prefixes looked up among 500",
            in_scope.clone(),
            "<p0:b p1:c='' p499:d=''/>".into(),
            59_000,
            scope_end.clone(),
        ),
        ("declarations among 500", in_scope, "<b xmlns:r='u' xmlns:p9='v'/>".into(), 3_900, scope_end),
        (
            "below 250 elements",
            deep,
            "<q0:b q249:c='1'/>".into(),
            90_000,
            format!("{}{one}", "</d>".repeat(249)) + "</d>",
        ),
        (
            "a long namespace on every element",
            format!("<a xmlns:p='urn:{long}'>"),
            "<p:b/>".into(),
            150_000,
            end,
        ),
        ("signatures, all judged", "<a>".into(), one, 11_000, "</a>".into()),
    ]
}

fn judge(bytes: &[u8]) -> String {
    let source = match Source::read(bytes, &Limits::default()) {
        Ok(source) => source,
        Err(why) => return format!("{why:?}"),
    };
    let doc = match Doc::parse(&source) {
        Ok(doc) => doc,
        Err(why) => return format!("{why:?}"),
    };
    for rules in [Rules::Inclusive10, Rules::Exclusive] {
        let method = Method::new(rules);
        let mut left = 64usize << 20;
        let _ = c14n::write(&doc, Subset::all(doc.root()), &method, &mut |piece| {
            left = left.saturating_sub(piece.len());
            left > 0
        });
    }
    let request = Request::default();
    let mut verifier = Verifier::new(&doc, &request);
    let mut said = String::new();
    for signature in dsig::signatures(&doc) {
        let report = verifier.verify(signature);
        let _ = xades::read(&doc, signature, &report);
        said = format!("{:?} {:.90}", report.verdict(), format!("{:?}", report.findings));
    }
    said
}

fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn ten_megabytes_of_anything_cost_a_bounded_time_and_memory() {
    let mut beyond = vec![];
    // Against what the process had at first: what the allocator keeps of one document counts for the next as
    // well.
    let before = peak_kb();
    for shape in shapes() {
        let (name, bytes) = (shape.name, shape.document());
        std::fs::write("/proc/self/clear_refs", "5").unwrap();
        let start = Instant::now();
        let said = judge(&bytes);
        let (time, memory) = (start.elapsed(), peak_kb() - before);
        println!("{name}: {} MB, {memory} kB, {time:.2?}: {said}", bytes.len() / 1_000_000);
        if time > TIME_MAX || memory > MEMORY_KB_MAX {
            beyond.push(format!("{name}: {memory} kB, {time:.2?}: {said}"));
        }
    }
    assert!(beyond.is_empty(), "{beyond:#?}");
}
