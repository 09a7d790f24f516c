//! Our reader of XML beside another one: what ours takes, the other takes for the same tree; what ours
//! refuses, the other refuses too, but for the places where the recommendations are on our side.

use super::canonical::{Dice, document};
use super::robust::{change, corpus};
use std::fmt::Write as _;
use xmlsig::{Doc, Limits, Source, Unreadable};

type Names = Vec<(String, String)>;

fn line(out: &mut String, start: usize, words: std::fmt::Arguments<'_>) {
    let _ = writeln!(out, "{start} {words}");
}

/// The tree as ours tells it.
fn ours(source: &Source<'_>) -> Result<String, Unreadable> {
    let doc = Doc::parse(source)?;
    let mut out = String::new();
    for node in doc.root().descendants() {
        let start = node.range().start;
        let parent = node.parent().map(|parent| parent.range().start);
        if node.is_element() {
            let (name, end) = (node.tag_name(), node.range().end);
            let given = |a: xmlsig::doc::Attribute<'_, '_>| {
                format!("{:?} {} {:?}", a.namespace(), a.name(), a.value())
            };
            let attributes: Vec<_> = node.attributes().map(given).collect();
            let mut names: Names =
                node.namespaces().into_iter().map(|(prefix, uri)| (prefix.into(), uri.into())).collect();
            names.sort();
            let (namespace, local) = (name.namespace(), name.name());
            let words = format_args!("{end} {parent:?} {namespace:?} {local} {attributes:?} {names:?}");
            line(&mut out, start, words);
        } else if node.is_text() {
            line(&mut out, start, format_args!("{parent:?} text {:?}", node.text()));
        } else if node.is_comment() {
            line(&mut out, start, format_args!("{parent:?} comment {:?}", node.text()));
        } else if let Some(pi) = node.pi() {
            line(&mut out, start, format_args!("{parent:?} pi {} {:?}", pi.target, pi.value));
        }
    }
    Ok(out)
}

/// The same as the other one tells it.
fn theirs(text: &str) -> Option<String> {
    let doc = roxmltree::Document::parse(text).ok()?;
    let mut out = String::new();
    for node in doc.root().descendants() {
        let start = node.range().start;
        let parent = node.parent().map(|parent| parent.range().start);
        if node.is_element() {
            let (name, end) = (node.tag_name(), node.range().end);
            let given =
                |a: roxmltree::Attribute<'_, '_>| format!("{:?} {} {:?}", a.namespace(), a.name(), a.value());
            let attributes: Vec<_> = node.attributes().map(given).collect();
            let names = node.namespaces().map(|ns| (ns.name().unwrap_or_default().into(), ns.uri().into()));
            let mut names: Names = names.collect();
            names.sort();
            let (namespace, local) = (name.namespace().filter(|uri| !uri.is_empty()), name.name());
            let words = format_args!("{end} {parent:?} {namespace:?} {local} {attributes:?} {names:?}");
            line(&mut out, start, words);
        } else if node.is_text() {
            line(&mut out, start, format_args!("{parent:?} text {:?}", node.text()));
        } else if node.is_comment() {
            line(&mut out, start, format_args!("{parent:?} comment {:?}", node.text()));
        } else if let Some(pi) = node.pi() {
            line(&mut out, start, format_args!("{parent:?} pi {} {:?}", pi.target, pi.value));
        }
    }
    Some(out)
}

/// What the other one lets pass or reads otherwise: references to no character, a carriage return behind a
/// reference, names that begin with a colon, instructions whose target runs into something else, `xmlns` and
/// prefixes for nothing, `standalone` with any value, a second byte order mark.
fn is_known(text: &str) -> bool {
    let no_character = |reference: &str| {
        let number = reference.split(';').next().unwrap_or_default();
        let number = match number.strip_prefix('x') {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        };
        number.is_ok_and(|number| char::from_u32(number).is_none())
    };
    let begins_so = text.match_indices(':').any(|(at, _)| {
        let before = text[..at].chars().next_back().unwrap_or(' ');
        before.is_whitespace() || matches!(before, '<' | '/')
    });
    let in_instruction = text.split("<?").skip(1).any(|rest| {
        let target: &str = rest.split([' ', '\t', '\r', '\n', '?']).next().unwrap_or_default();
        target.chars().any(|c| !c.is_alphanumeric() && !matches!(c, '_' | '-' | '.'))
    });
    text.split("&#").skip(1).any(no_character)
        || begins_so
        || in_instruction
        || text.starts_with('\u{feff}')
        || [";\r", ":xmlns", "=\"\"", "=''", "standalone"].iter().any(|known| text.contains(known))
}

#[derive(Default)]
struct Count {
    taken: usize,
    refused: usize,
    known: usize,
}

fn compare(bytes: &[u8], count: &mut Count) {
    let Ok(source) = Source::read(bytes, &Limits::default()) else { return };
    let text = source.text();
    match (ours(&source), theirs(text)) {
        (Ok(ours), Some(theirs)) if ours == theirs => count.taken += 1,
        (Err(Unreadable::Malformed { .. }), None) => count.refused += 1,
        (_, _) if is_known(text) => count.known += 1,
        (ours, theirs) => panic!("{text}\nours:\n{ours:#?}\ntheirs:\n{theirs:#?}"),
    }
}

#[test]
fn two_readers_see_the_same_tree() {
    let mut count = Count::default();
    let mut documents = corpus();
    documents.extend((10..60).map(|seed| document(seed).into_bytes()));
    for (index, original) in documents.iter().enumerate() {
        compare(original, &mut count);
        let mut dice = Dice(1_000 + index as u64);
        for _ in 0..200 {
            compare(&change(original, &mut dice), &mut count);
        }
    }
    let Count { taken, refused, known } = count;
    assert!(taken > 1_000 && refused > 1_000, "{taken} taken, {refused} refused");
    assert!(known * 20 < taken + refused, "{known} known differences of {taken} and {refused}");
}

/// What stands in a document, one line a node, without places.
fn told(text: &str) -> Result<String, Unreadable> {
    let source = Source::read(text.as_bytes(), &Limits::default())?;
    let places = |line: &str| line.split_once(") ").map_or(line, |(_, rest)| rest).to_string();
    Ok(ours(&source)?.lines().map(places).collect::<Vec<_>>().join("\n"))
}

#[test]
fn texts_and_values_mean_what_the_recommendation_says() {
    let table = [
        ("<a>x&#13;\ny\r\nz\rw&#x41;\r</a>", "text Some(\"x\\r\\ny\\nz\\nwA\\n\")"),
        ("<a>1&lt;2<![CDATA[&lt;\r\n]]>3</a>", "text Some(\"1<2&lt;\\n3\")"),
        ("<a>]]&gt; ]] ></a>", "text Some(\"]]> ]] >\")"),
        ("<a><!-- a\r\n- --></a>", "comment Some(\" a\\r\\n- \")"),
        ("<a><?p  q ?></a>", "pi p Some(\"q \")"),
        ("<a><?p?></a>", "pi p None"),
    ];
    for (text, expected) in table {
        let told = told(text).unwrap();
        assert_eq!(told.lines().last().unwrap(), expected, "{text}");
    }
    let source = "<a b='1\t2\r\n3\r4&#10;5&apos;' xml:lang='vi' xmlns:p='urn:p' p:b=\"6\"/>";
    let attributes = "[\"None b \\\"1 2 3 4\\\\n5'\\\"\", \
        \"Some(\\\"http://www.w3.org/XML/1998/namespace\\\") lang \\\"vi\\\"\", \
        \"Some(\\\"urn:p\\\") b \\\"6\\\"\"]";
    assert!(told(source).unwrap().contains(attributes), "{}", told(source).unwrap());
}

const REFUSED: &[&str] = &[
    "<a>&#0;</a>",
    "<a>&#x110000;</a>",
    "<a>&#xD800;</a>",
    "<a>&#xFFFF;</a>",
    "<a>&#+65;</a>",
    "<a>&#;</a>",
    "<a>&nbsp;</a>",
    "<a>&amp</a>",
    "<a b='&'/>",
    "<a b='&lt'/>",
    "<a b='<'/>",
    "<a b=1/>",
    "<a b/>",
    "<a b='1'c='2'/>",
    "<a b='1' b='2'/>",
    "<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>",
    "<a xmlns:p='u' xmlns:p='v'/>",
    "<a xmlns='u' xmlns='v'/>",
    "<a xmlns:p=''/>",
    "<a xmlns:xml='u'/>",
    "<a xmlns:xmlns='u'/>",
    "<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>",
    "<a xmlns='http://www.w3.org/2000/xmlns/'/>",
    "<p:a/>",
    "<a p:b='1'/>",
    "<xmlns:a/>",
    "<:a/>",
    "<a:/>",
    "<a:b:c xmlns:a='u'/>",
    "<1a/>",
    "<-a/>",
    "<a\u{2028}/>",
    "< a/>",
    "<a></b>",
    "<a></a >x",
    "<a></ab>",
    "<a><b></a></b>",
    "<a>]]></a>",
    "<a><![CDATA[</a>",
    "<a><!-- -- --></a>",
    "<a><!-- ---></a>",
    "<a><?xml version='1.0'?></a>",
    "<a><?p:q?></a>",
    "<a>\u{1}</a>",
    "<a>\u{fffe}</a>",
    "<a b='\u{ffff}'/>",
    "<a/><a/>",
    "<a/>x",
    "x<a/>",
    "<a/><![CDATA[]]>",
    "",
    " ",
    "<a",
    "<a>",
    "<?xml version='1.0' standalone='maybe'?><a/>",
    "<?xml encoding='UTF-8' version='1.0'?><a/>",
    "<?xml version='1.0'encoding='UTF-8'?><a/>",
    " <?xml version='1.0'?><a/>",
    "<!ELEMENT a ANY><a/>",
];

#[test]
fn what_is_not_well_formed_is_refused() {
    for text in REFUSED {
        assert!(told(text).is_err(), "{text}: {}", told(text).unwrap());
    }
    let taken = [
        "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\n<a/>\n<!-- x --><?y?>\n",
        "<a xmlns:xml='http://www.w3.org/XML/1998/namespace' xml:id='i'/>",
        "<a xmlns='u'><b xmlns=''/></a >",
        "<văn-bản số.1='a>b'/>",
    ];
    for text in taken {
        told(text).unwrap_or_else(|why| panic!("{text}: {why:?}"));
    }
}
