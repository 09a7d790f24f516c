//! Our canonical forms against libxml2's, on documents made from fixed seeds: whole ones by xmllint, parts of
//! them by xmlsec1, which digests what we then digest again.

use super::support::{p256, put, run, succeed};
use judges::{Way, row};
use std::fmt::Write as _;
use xmlsig::c14n::{self, Method, Rules, Subset};
use xmlsig::dsig::{self, KeySource, Request, State, Verifier};
use xmlsig::{Doc, Limits, Source};

/// Numbers from a seed (splitmix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    pub fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len() as u64) as usize]
    }
}

const PREFIXES: [&str; 4] = ["", "p:", "q:", "r:"];

/// A document without document type that has every corner of canonical form in it somewhere.
pub fn document(seed: u64) -> String {
    let mut dice = Dice(seed);
    let mut out = String::from("<?xml version=\"1.0\"?>\n<!-- before --><?go  on ?>\n");
    element(&mut out, &mut dice, 0, &mut 0);
    out.push_str("\n<!-- after\r\n -->\n<?end?>\n");
    out
}

fn element(out: &mut String, dice: &mut Dice, depth: u32, targets: &mut u32) {
    let name = format!("{}{}", dice.one(&PREFIXES), dice.one(&["a", "b", "cột"]));
    let _ = write!(out, "<{name}");
    for prefix in ["p", "q", "r"] {
        if depth == 0 || dice.below(4) == 0 {
            let _ = write!(out, " xmlns:{prefix}=\"urn:{}\"", dice.below(3));
        }
    }
    if dice.below(3) == 0 {
        let _ = write!(out, " xmlns='{}'", dice.one(&["", "urn:1", "urn:d"]));
    }
    for (index, prefix) in PREFIXES.iter().enumerate() {
        if dice.below(3) == 0 {
            let value = dice.one(&["", "x&#9;y", " &lt;&quot;&amp;> ", "a\n b", "é'"]);
            let _ = write!(out, " {prefix}x{index} = \"{value}\"");
        }
    }
    for (name, values) in [("lang", ["vi", "en"]), ("space", ["default", "preserve"])] {
        if dice.below(5) == 0 {
            let _ = write!(out, "\n  xml:{name}='{}'", dice.one(&values));
        }
    }
    if depth > 1 && *targets < 6 && dice.below(2) == 0 {
        let _ = write!(out, " xml:id=\"t{targets}\"");
        *targets += 1;
    }
    out.push('>');
    for _ in 0..dice.below(if depth < 5 { 5 } else { 1 }) {
        match dice.below(7) {
            0..3 => element(out, dice, depth + 1, targets),
            3 => out.push_str(dice.one(&["chữ", "\r\n  ", "&gt;&#13;]] >", "a&amp;b", "\u{10348}"])),
            4 => out.push_str("<![CDATA[<&>\r\n]]>"),
            5 => out.push_str("<!-- \r- -->"),
            _ => out.push_str("<?pi  some\r\ndata ?>"),
        }
    }
    let _ = write!(out, "</{name}>");
}

#[test]
fn whole_documents_are_written_as_libxml2_writes_them() {
    let documents: Vec<_> = (0..150).map(document).collect();
    let paths: Vec<_> = documents
        .iter()
        .enumerate()
        .map(|(index, text)| put(&format!("whole-{index}.xml"), text.as_bytes()))
        .collect();
    let forms =
        [("--c14n", Rules::Inclusive10), ("--c14n11", Rules::Inclusive11), ("--exc-c14n", Rules::Exclusive)];
    for (word, rules) in forms {
        let words: Vec<_> =
            std::iter::once(word).chain(paths.iter().map(|path| path.to_str().unwrap())).collect();
        let theirs = String::from_utf8(succeed("xmllint", &words)).unwrap();
        let mut rest = theirs.as_str();
        for (seed, text) in documents.iter().enumerate() {
            let source = Source::read(text.as_bytes(), &Limits::default()).unwrap();
            let doc = Doc::parse(&source).unwrap();
            let method = Method::new(rules).with_comments();
            let ours = c14n::octets(&doc, Subset::all(doc.root()), &method, 1 << 20).unwrap();
            let ours = String::from_utf8(ours).unwrap();
            let same = rest.strip_prefix(&ours);
            rest = same.unwrap_or_else(|| {
                panic!("{word}, seed {seed}:\n{text}\nours:\n{ours}\ntheirs:\n{rest:.2000}")
            });
        }
        assert_eq!(rest, "", "{word}");
    }
    row(
        "xmllint",
        Way::Ours,
        "whole documents in canonical form, byte for byte",
        documents.len() * forms.len(),
    );
}

/// A signature over every target of a document by every method, its digests still to be filled in.
fn template(text: &str, targets: usize) -> String {
    let mut references = String::new();
    for target in 0..targets {
        for rules in [Rules::Inclusive10, Rules::Inclusive11, Rules::Exclusive] {
            let plain = Method::new(rules);
            for method in [plain.clone(), plain.with_comments()] {
                let list = match rules {
                    Rules::Exclusive => {
                        "<ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" \
                         PrefixList=\"#default q\"/>"
                    }
                    _ => "",
                };
                for list in ["", list] {
                    let _ = write!(
                        references,
                        "<Reference URI=\"#xpointer(id('t{target}'))\"><Transforms><Transform \
                            Algorithm=\"{}\">{list}\
                         </Transform></Transforms><DigestMethod \
                         Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><DigestValue/></Reference>",
                        method.uri()
                    );
                }
            }
        }
    }
    let signature = format!(
        "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><SignedInfo><CanonicalizationMethod \
         Algorithm=\"http://www.w3.org/2006/12/xml-c14n11\"/><SignatureMethod \
         Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256\"/>{references}</SignedInfo>\
         <SignatureValue/>\
         <KeyInfo><KeyName/></KeyInfo></Signature>"
    );
    let root_ends = text.rfind("</").unwrap();
    format!("{}{signature}{}", &text[..root_ends], &text[root_ends..])
}

#[test]
fn parts_are_digested_as_xmlsec1_digests_them() {
    let official = p256();
    let mut compared = 0;
    for seed in 1_000..1_080 {
        let text = document(seed);
        let targets = (0..6).filter(|n| text.contains(&format!("xml:id=\"t{n}\""))).count();
        if targets == 0 {
            continue;
        }
        let path = put(&format!("part-{seed}.xml"), template(&text, targets).as_bytes());
        let words = ["--sign", "--privkey-pem", official.key_path.to_str().unwrap(), path.to_str().unwrap()];
        let signed = run("xmlsec1", &words);
        assert!(signed.status.success(), "{seed}: {}", String::from_utf8_lossy(&signed.stderr));
        let limits = Limits { references_max: 100, ..Limits::default() };
        let source = Source::read(&signed.stdout, &limits).unwrap();
        let doc = Doc::parse(&source).unwrap();
        let public = pki::Signer::public_key(&official.key);
        let request = Request { key: KeySource::Given(public), ..Request::default() };
        let report = Verifier::new(&doc, &request).verify(dsig::signatures(&doc)[0]);
        for (index, reference) in report.references.iter().enumerate() {
            let transforms = &reference.transforms;
            assert_eq!(
                reference.state,
                State::Fits,
                "seed {seed}, reference {index}: {transforms:?}\n{text}"
            );
        }
        assert!(report.made_by.is_some(), "{seed}: {:?}", report.findings);
        compared += report.references.len();
    }
    assert!(compared > 500, "{compared}");
    row("xmlsec1", Way::Theirs, "parts of documents in canonical form, digested", compared);
}
