//! Examples of the recommendations, re-typed, less what needs a document type; and the corners of our own
//! walk.

use super::{Method, Rules, Subset, octets};
use crate::{Doc, Limits, Source};

fn canonical(text: &str, method: &Method, id: Option<&str>) -> String {
    let source = Source::read(text.as_bytes(), &Limits::default()).unwrap();
    let doc = Doc::parse(&source).unwrap();
    let apex = match id {
        None => doc.root(),
        Some(id) => match doc.ids(&[]).called(id) {
            crate::doc::Called::One(node) => node,
            other => panic!("{other:?}"),
        },
    };
    let all = octets(&doc, Subset::all(apex), method, 1 << 20).unwrap();
    String::from_utf8(all).unwrap()
}

const TEN: Method = Method::new(Rules::Inclusive10);
const ELEVEN: Method = Method::new(Rules::Inclusive11);
const EXCLUSIVE: Method = Method::new(Rules::Exclusive);

#[test]
fn instructions_and_comments_outside_the_document_element_stand_on_their_own_lines() {
    // Canonical XML 1.0, example 3.1
    let text = "<?xml version=\"1.0\"?>\n\n<?xml-stylesheet   href=\"doc.xsl\"\n   type=\"text/xsl\"   ?>\n\n\
        <doc>Hello, world!<!-- Comment 1 --></doc>\n\n<?pi-without-data     ?>\n\n<!-- Comment 2 -->\n\n\
        <!-- Comment 3 -->";
    let without = "<?xml-stylesheet href=\"doc.xsl\"\n   type=\"text/xsl\"   ?>\n<doc>Hello, world!</doc>\n\
        <?pi-without-data?>";
    let with = "<?xml-stylesheet href=\"doc.xsl\"\n   type=\"text/xsl\"   ?>\n\
        <doc>Hello, world!<!-- Comment 1 --></doc>\n<?pi-without-data?>\n<!-- Comment 2 -->\n<!-- Comment \
        3 -->";
    for rules in [Rules::Inclusive10, Rules::Inclusive11, Rules::Exclusive] {
        assert_eq!(canonical(text, &Method::new(rules), None), without);
        assert_eq!(canonical(text, &Method::new(rules).with_comments(), None), with);
    }
}

#[test]
fn white_space_in_content_stays() {
    // example 3.2
    let text = "<doc>\n   <clean>   </clean>\n   <dirty>   A   B   </dirty>\n   <mixed>\n      A\n      \
        <clean>   </clean>\n      B\n   </mixed>\n</doc>";
    assert_eq!(canonical(text, &TEN, None), text);
}

#[test]
fn start_tags_are_written_one_way() {
    // example 3.3, less the attribute that only the document type brings
    let text = r#"<doc>
   <e1   />
   <e2   ></e2>
   <e3   name = "elem3"   id="elem3"   />
   <e4   name="elem4"   id="elem4"   ></e4>
   <e5 a:attr="out" b:attr="sorted" attr2="all" attr="I'm"
      xmlns:b="http://www.ietf.org"
      xmlns:a="http://www.w3.org"
      xmlns="http://example.org"/>
   <e6 xmlns="" xmlns:a="http://www.w3.org">
      <e7 xmlns="http://www.ietf.org">
         <e8 xmlns="" xmlns:a="http://www.w3.org">
            <e9 xmlns="" xmlns:a="http://www.ietf.org"/>
         </e8>
      </e7>
   </e6>
</doc>"#;
    let expected = "<doc>\n\
\x20  <e1></e1>\n\
\x20  <e2></e2>\n\
\x20  <e3 id=\"elem3\" name=\"elem3\"></e3>\n\
\x20  <e4 id=\"elem4\" name=\"elem4\"></e4>\n\
\x20  <e5 xmlns=\"http://example.org\" xmlns:a=\"http://www.w3.org\" xmlns:b=\"http://www.ietf.org\" \
attr=\"I'm\" attr2=\"all\" b:attr=\"sorted\" a:attr=\"out\"></e5>\n\
\x20  <e6 xmlns:a=\"http://www.w3.org\">\n\
\x20     <e7 xmlns=\"http://www.ietf.org\">\n\
\x20        <e8 xmlns=\"\">\n\
\x20           <e9 xmlns:a=\"http://www.ietf.org\"></e9>\n\
\x20        </e8>\n\
\x20     </e7>\n\
\x20  </e6>\n\
</doc>";
    assert_eq!(canonical(text, &TEN, None), expected);
    assert_eq!(canonical(text, &ELEVEN, None), expected);
}

#[test]
fn characters_are_written_one_way() {
    // example 3.4, less the attribute whose normalization only the document type brings, and example 3.6 in
    // UTF-8
    let text = "<doc>\r\n   <text>First line&#x0d;&#10;Second line</text>\r   <value>&#x32;</value>\r\n   \
        <compute><![CDATA[value>\"0\" && value<\"10\" ?\"valid\":\"error\"]]></compute>\n   \
        <compute expr='value>\"0\" &amp;&amp; value&lt;\"10\" ?\"valid\":\"error\"'>valid</compute>\n   \
        <norm attr=' &apos;   &#x20;&#13;&#xa;&#9;   &apos; '/>\n   <latin>&#169;&#xA9;©</latin>\n</doc>";
    let expected = "<doc>\n   <text>First line&#xD;\nSecond line</text>\n   <value>2</value>\n   \
        <compute>value&gt;\"0\" &amp;&amp; value&lt;\"10\" ?\"valid\":\"error\"</compute>\n   \
        <compute expr=\"value>&quot;0&quot; &amp;&amp; value&lt;&quot;10&quot; \
        ?&quot;valid&quot;:&quot;error&quot;\">\
        valid</compute>\n   <norm attr=\" '    &#xD;&#xA;&#x9;   ' \"></norm>\n   <latin>©©©</latin>\n</doc>";
    assert_eq!(canonical(text, &TEN, None), expected);
}

#[test]
fn the_ends_of_lines_in_comments_and_instructions_are_line_feeds() {
    let text = "<a><!--one\r\ntwo\rthree--><?pi one\r\ntwo\r?></a>";
    let expected = "<a><!--one\ntwo\nthree--><?pi one\ntwo\n?></a>";
    assert_eq!(canonical(text, &TEN.with_comments(), None), expected);
}

#[test]
fn a_part_carries_its_surroundings_inclusively_and_not_exclusively() {
    // Exclusive XML Canonicalization 1.0, section 2.2
    let one = "<n0:local xmlns:n0=\"foo:bar\" xmlns:n3=\"ftp://example.org\">\n  \
        <n1:elem2 Id=\"e\" xmlns:n1=\"http://example.net\" xml:lang=\"en\">\n    <n3:stuff \
        xmlns:n3=\"ftp://example.org\"/>\
        \n  </n1:elem2>\n</n0:local>";
    let two = "<n2:pdu xmlns:n1=\"http://example.com\" xmlns:n2=\"http://foo.example\" xml:lang=\"fr\" \
        xml:space=\"retain\">\n  <n1:elem2 Id=\"e\" xmlns:n1=\"http://example.net\" xml:lang=\"en\">\n    \
        <n3:stuff xmlns:n3=\"ftp://example.org\"/>\n  </n1:elem2>\n</n2:pdu>";
    let exclusive = "<n1:elem2 xmlns:n1=\"http://example.net\" Id=\"e\" xml:lang=\"en\">\n    \
        <n3:stuff xmlns:n3=\"ftp://example.org\"></n3:stuff>\n  </n1:elem2>";
    assert_eq!(canonical(one, &EXCLUSIVE, Some("e")), exclusive);
    assert_eq!(canonical(two, &EXCLUSIVE, Some("e")), exclusive);
    assert_eq!(
        canonical(one, &TEN, Some("e")),
        "<n1:elem2 xmlns:n0=\"foo:bar\" xmlns:n1=\"http://example.net\" xmlns:n3=\"ftp://example.org\" \
            Id=\"e\" \
         xml:lang=\"en\">\n    <n3:stuff></n3:stuff>\n  </n1:elem2>"
    );
    assert_eq!(
        canonical(two, &TEN, Some("e")),
        "<n1:elem2 xmlns:n1=\"http://example.net\" xmlns:n2=\"http://foo.example\" Id=\"e\" xml:lang=\"en\" \
         xml:space=\"retain\">\n    <n3:stuff xmlns:n3=\"ftp://example.org\"></n3:stuff>\n  </n1:elem2>"
    );
}

#[test]
fn listed_prefixes_are_carried_like_inclusive_ones() {
    let text =
        "<a xmlns=\"urn:d\" xmlns:p=\"urn:p\" xmlns:q=\"urn:q\"><p:b Id=\"b\"><c xmlns=\"\"/></p:b></a>";
    let method = |list: &str| EXCLUSIVE.with_prefixes(list);
    let table = [
        ("", "<p:b xmlns:p=\"urn:p\" Id=\"b\"><c></c></p:b>"),
        (
            "#default q",
            "<p:b xmlns=\"urn:d\" xmlns:p=\"urn:p\" xmlns:q=\"urn:q\" Id=\"b\"><c xmlns=\"\"></c></p:b>",
        ),
        ("xml nobody", "<p:b xmlns:p=\"urn:p\" Id=\"b\"><c></c></p:b>"),
    ];
    for (list, expected) in table {
        assert_eq!(canonical(text, &method(list), Some("b")), expected, "{list:?}");
    }
}

#[test]
fn prefixes_are_declared_again_where_siblings_use_them() {
    let text = "<r xmlns:p=\"urn:p\"><p:a/><p:b><p:c p:d=\"1\" xmlns:p=\"urn:other\"/></p:b></r>";
    assert_eq!(
        canonical(text, &EXCLUSIVE, None),
        "<r><p:a xmlns:p=\"urn:p\"></p:a><p:b xmlns:p=\"urn:p\"><p:c xmlns:p=\"urn:other\" \
            p:d=\"1\"></p:c></p:b></r>"
    );
}

#[test]
fn only_version_1_0_inherits_ids_and_only_1_1_joins_bases() {
    // the cases of Canonical XML 1.1, section 2.4, on a part instead of an XPath's node set
    let text = "<a xml:id=\"above\" xml:base=\"http://a.example/x/\" xml:lang=\"vi\"><b xml:base=\"../y/\" \
        xml:space=\"preserve\"><c Id=\"c\" xml:base=\"z\"/><d Id=\"d\"/></b></a>";
    assert_eq!(
        canonical(text, &TEN, Some("c")),
        "<c Id=\"c\" xml:base=\"z\" xml:id=\"above\" xml:lang=\"vi\" xml:space=\"preserve\"></c>"
    );
    assert_eq!(
        canonical(text, &ELEVEN, Some("c")),
        "<c Id=\"c\" xml:base=\"http://a.example/y/z\" xml:lang=\"vi\" xml:space=\"preserve\"></c>"
    );
    assert_eq!(
        canonical(text, &ELEVEN, Some("d")),
        "<d Id=\"d\" xml:base=\"http://a.example/y/\" xml:lang=\"vi\" xml:space=\"preserve\"></d>"
    );
    assert_eq!(canonical(text, &EXCLUSIVE, Some("c")), "<c Id=\"c\" xml:base=\"z\"></c>");
}

#[test]
fn an_element_can_be_left_out_and_long_texts_come_in_pieces() {
    let long = "&lt;".repeat(30_000) + &"x".repeat(50_000);
    let text = format!("<a><gone>1</gone>{long}<b/></a>");
    let source = Source::read(text.as_bytes(), &Limits::default()).unwrap();
    let doc = Doc::parse(&source).unwrap();
    let without = doc.root_element().first_child();
    let subset = Subset { apex: doc.root(), without, comments: false };
    let all = octets(&doc, subset, &TEN, 1 << 20).unwrap();
    assert_eq!(String::from_utf8(all).unwrap(), format!("<a>{long}<b></b></a>"));
    assert_eq!(octets(&doc, subset, &TEN, 100_000), None, "more than was asked for");
    let mut pieces = 0;
    let stopped = super::write(&doc, subset, &TEN, &mut |_| {
        pieces += 1;
        pieces < 3
    });
    assert_eq!((stopped, pieces), (Err(super::Stopped), 3));
}
