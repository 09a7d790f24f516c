//! What is said of files that were changed after they were signed: one table, and stories beside it.

use super::support::{appended, between, cat, plan, signed, table, update, with_form};
use pdfsig::{Change, File, Finding, Later, Lock, Permission, Plan, changes, signatures};

/// What came after the first signature of a file, and what is amiss with it.
fn later(bytes: &Vec<u8>) -> (Vec<Finding>, Later) {
    let file = File::open(bytes).unwrap();
    let found = signatures(&file).unwrap();
    let changes = changes(&file, &found).unwrap();
    (found[0].check(&file, &[]).findings, changes.after(&found[0]))
}

fn forbidden(bytes: &Vec<u8>) -> Vec<Change> {
    match later(bytes) {
        (findings, Later::Forbidden { forbidden, .. }) if findings.is_empty() => forbidden,
        other => panic!("{other:?}"),
    }
}

fn allowed(bytes: &Vec<u8>) -> Vec<Change> {
    match later(bytes) {
        (findings, Later::Allowed(changes)) if findings.is_empty() => changes,
        (findings, Later::Nothing) if findings.is_empty() => vec![],
        other => panic!("{other:?}"),
    }
}

/// The signed table file: catalog 1, pages 2, page 3 with contents 5, page 4; 7 and 8 are the signature and its field.
fn base() -> Vec<u8> {
    signed(&table(), "Sig")
}

const PAGE: &str = "/Type/Page/Parent 2 0 R/MediaBox[0 0 595.28 841.89]/Resources<<>>/Contents 5 0 R";

fn catalog(more: &str) -> String {
    format!("<</Type/Catalog/Pages 2 0 R/AcroForm <</Fields [8 0 R]/SigFlags 3>>{more}>>")
}

fn key(key: &str) -> Change {
    Change::Catalog { key: key.into() }
}

fn page(key: &str) -> Change {
    Change::Page { object: 3, key: key.into() }
}

/// Name, the objects of the update, what more its trailer says, what is forbidden of it.
type Attack = (&'static str, Vec<(u32, String)>, &'static str, Vec<Change>);

fn attacks() -> Vec<Attack> {
    let stream = |text: &str| format!("<</Length {}>>\nstream\n{text}\nendstream", text.len());
    let page_with = |annots: &str| (3, format!("<<{PAGE}/Annots [8 0 R{annots}]>>"));
    let note = |kind: &str| (20, format!("<</Type/Annot/Subtype/{kind}/Rect[0 0 500 500]/Contents(paid)>>"));
    let added = |kind: &str| Change::AnnotationAdded { kind: kind.into() };
    let replaced = |object| Change::Replaced { object };
    let changed = |field: &str| Change::FieldChanged { field: field.into() };
    let contents = between(&table(), "5 0 obj\n", "\nendobj");
    let widget = |more: &str| format!("<</Type/Annot/Subtype/Widget/FT/Sig/T(New)/Rect[0 0 9 9]{more}>>");
    let fields = |more: &str| {
        (1, format!("<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[8 0 R{more}]/SigFlags 3>>>>"))
    };
    vec![
        ("contents of a page", vec![(5, stream("0 0 m 900 900 l S"))], "", vec![replaced(5)]),
        ("the same contents, written again", vec![(5, contents.replace("6 0 R", "6  0 R"))], "", vec![]),
        ("the length of contents", vec![(6, "3".into())], "", vec![replaced(6)]),
        (
            "other contents",
            vec![
                (3, format!("<<{PAGE} 20 0 R/Annots[8 0 R]>>").replace("5 0 R 20", "20")),
                (20, stream("S")),
            ],
            "",
            vec![page("Contents")],
        ),
        (
            "resources",
            vec![(3, format!("<<{PAGE}/Annots[8 0 R]>>").replace("<<>>", "<</Font<<>>>>"))],
            "",
            vec![page("Resources")],
        ),
        (
            "a box written otherwise",
            vec![(3, format!("<<{PAGE}/Annots[8 0 R]>>").replace("[0 0 595", "[0.0 0 595"))],
            "",
            vec![],
        ),
        (
            "another box",
            vec![(3, format!("<<{PAGE}/Annots[8 0 R]>>").replace("841.89", "421"))],
            "",
            vec![page("MediaBox")],
        ),
        ("pages", vec![(2, "<</Type/Pages/Kids[4 0 R]/Count 1>>".into())], "", vec![replaced(2)]),
        ("a page less", vec![(4, "free".into())], "", vec![Change::Removed { object: 4 }]),
        ("text over a page", vec![page_with(" 20 0 R"), note("FreeText")], "", vec![added("FreeText")]),
        ("a stamp over a page", vec![page_with(" 20 0 R"), note("Stamp")], "", vec![added("Stamp")]),
        (
            "a direct annotation",
            vec![page_with(" <</Subtype/Stamp/Rect[0 0 9 9]>>")],
            "",
            vec![page("Annots")],
        ),
        (
            "the signature's own widget gone",
            vec![(3, format!("<<{PAGE}/Annots[]>>"))],
            "",
            vec![page("Annots")],
        ),
        (
            "a text field",
            vec![fields(" 20 0 R"), page_with(" 20 0 R"), (20, widget("").replace("/Sig", "/Tx"))],
            "",
            vec![changed("New"), added("Widget")],
        ),
        (
            "an empty signature field",
            vec![fields(" 20 0 R"), page_with(" 20 0 R"), (20, widget(""))],
            "",
            vec![],
        ),
        (
            "a signature field that shows something",
            vec![
                fields(" 20 0 R"),
                page_with(" 20 0 R"),
                (20, widget("/AP<</N 21 0 R>>")),
                (21, stream("S")),
            ],
            "",
            vec![changed("New")],
        ),
        (
            "a signature field that is a page too",
            vec![fields(" 20 0 R"), (20, widget("/Contents 21 0 R")), (21, stream("S"))],
            "",
            vec![added("Widget")],
        ),
        (
            "the signature's picture",
            vec![(
                8,
                between(&base(), "8 0 obj\n", "\nendobj").replace("/Rect [0 0 0 0]", "/Rect [0 0 99 99]"),
            )],
            "",
            vec![Change::SignatureChanged { field: "Sig".into() }],
        ),
        (
            "a script",
            vec![(1, catalog("/OpenAction<</S/JavaScript/JS(app.alert(1))>>"))],
            "",
            vec![key("OpenAction")],
        ),
        ("layers", vec![(1, catalog("/OCProperties<</OCGs[]/D<<>>>>"))], "", vec![key("OCProperties")]),
        (
            "another page tree",
            vec![
                (1, catalog("").replace("2 0 R", "20 0 R")),
                (20, "<</Type/Pages/Kids[4 0 R]/Count 1>>".into()),
            ],
            "",
            vec![key("Pages")],
        ),
        ("another catalog", vec![(20, catalog(""))], "/Root 20 0 R", vec![key("Root")]),
        ("a key said twice", vec![(1, catalog("/Pages 2 0 R"))], "", vec![key("Pages")]),
        (
            "evidence that is none",
            vec![(1, catalog("/DSS<</Certs[20 0 R]>>")), (20, stream("0 0 0 rg"))],
            "",
            vec![key("DSS")],
        ),
        (
            "a store with something else",
            vec![(1, catalog("/DSS<</Other[20 0 R]>>")), (20, stream("S"))],
            "",
            vec![key("DSS")],
        ),
        ("permissions", vec![(1, catalog("/Perms<</DocMDP 7 0 R>>"))], "", vec![key("Perms")]),
        (
            "metadata",
            vec![
                (1, catalog("/Metadata 20 0 R")),
                (20, "<</Type/Metadata/Subtype/XML/Length 1>>\nstream\nx\nendstream".into()),
            ],
            "",
            vec![],
        ),
        ("information", vec![(20, "<</Title(x)>>".into())], "/Info 20 0 R", vec![]),
        ("an object nobody uses", vec![(20, "<</A 1>>".into())], "", vec![]),
    ]
}

#[test]
fn each_attack_has_its_finding() {
    let base = base();
    let mut wrong = vec![];
    for (name, objects, trailer, expected) in attacks() {
        let objects: Vec<(u32, &str)> =
            objects.iter().map(|(number, text)| (*number, text.as_str())).collect();
        let changed = appended(&base, &objects, trailer);
        let found = match later(&changed) {
            (findings, Later::Forbidden { forbidden, .. }) if findings.is_empty() => forbidden,
            (findings, Later::Allowed(_) | Later::Nothing) if findings.is_empty() => vec![],
            other => panic!("{name}: {other:?}"),
        };
        if found != expected {
            wrong.push(format!("{name}: {found:?}, not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_was_hidden_in_signed_bytes_is_found_when_it_is_brought_out() {
    // Before signing, the attacker hides other contents where no cross-reference leads to.
    let hidden = "\n5 0 obj\n<</Length 2>>\nstream\nSS\nendstream\nendobj\n";
    let text = String::from_utf8(table()).unwrap();
    let (start, _) = (text.find("xref\n").unwrap(), ());
    let mut prepared = text[..start].to_string();
    let at = prepared.len() + 1;
    prepared += hidden;
    let new_start = prepared.len();
    prepared += &text[start..].replace(&format!("startxref\n{start}"), &format!("startxref\n{new_start}"));
    let bytes = signed(&prepared.into_bytes(), "Sig");
    assert_eq!(allowed(&bytes), []);
    // Afterwards a cross-reference is all that is needed.
    let changed = appended(&bytes, &[(5, &format!("at {at}"))], "");
    assert_eq!(forbidden(&changed), [Change::Uncovered { object: 5 }, Change::Replaced { object: 5 }]);
}

#[test]
fn a_reference_that_led_nowhere_when_it_was_signed_is_found() {
    let text = String::from_utf8(table()).unwrap().replace("/Annots[]", "/Metadata 90 0 R");
    let shift = "/Metadata 90 0 R".len() - "/Annots[]".len();
    let place = |name: &str| text.find(name).unwrap();
    // The offsets behind the place move.
    let mut moved = text.clone();
    for object in ["5 0 obj", "6 0 obj"] {
        let at = place(object);
        moved = moved.replace(&format!("{:010} 00000", at - shift), &format!("{at:010} 00000"));
    }
    let start = moved.find("xref\n").unwrap();
    let moved = moved.replace(&format!("startxref\n{}", start - shift), &format!("startxref\n{start}"));
    let bytes = signed(moved.as_bytes(), "Sig");
    let changed = appended(&bytes, &[(90, "<</Length 2>>\nstream\nSS\nendstream")], "");
    assert_eq!(forbidden(&changed), [Change::Uncovered { object: 90 }]);
    // Another number is nobody's.
    assert_eq!(allowed(&appended(&bytes, &[(91, "<<>>")], "")), []);
}

#[test]
fn bytes_that_no_cross_reference_leads_to_are_found() {
    let bytes = base();
    let hidden = [&bytes[..], b"5 0 obj\n<</Length 1>>\nstream\nS\nendstream\nendobj\n"].concat();
    // Old readers that repair a file find them.
    let changed = appended(&hidden, &[(20, "<<>>")], "");
    assert_eq!(forbidden(&changed), [Change::Unlisted { at: bytes.len() as u64 - tail(&bytes) }]);
    let trailing = [&bytes[..], b"% what is this\n"].concat();
    let (findings, later) = later(&trailing);
    assert_eq!((findings, later), (vec![], Later::Nothing), "nothing reads a comment");
}

/// How many bytes the end of a revision takes.
fn tail(bytes: &[u8]) -> u64 {
    let at = bytes.windows(9).rposition(|window| window == b"startxref").unwrap();
    (bytes.len() - at + 1) as u64
}

#[test]
fn signing_and_filling_in_are_seen_and_allowed() {
    let bytes = base();
    let more = signed(&signed(&bytes, "Seal"), "Copy");
    let signed_as = |field: &str| Change::Signed { field: field.into() };
    assert_eq!(allowed(&more), [signed_as("Seal"), signed_as("Copy")]);

    let bytes = signed(&with_form(), "Sig");
    let filled =
        appended(&bytes, &[(7, "<</Type/Annot/Subtype/Widget/FT/Tx/T(note)/Rect[9 9 99 20]/V(yes)>>")], "");
    let note = Change::Filled { field: "note".into() };
    assert_eq!(allowed(&filled), [note.clone()]);
    // The empty field of the form is signed, and nothing else changes.
    let more = cat(&filled, update(&filled, &plan("approval")));
    assert_eq!(allowed(&more), [note.clone(), signed_as("approval")]);
    // A field moved over something else is not filled in.
    let moved =
        appended(&bytes, &[(7, "<</Type/Annot/Subtype/Widget/FT/Tx/T(note)/Rect[9 9 500 500]>>")], "");
    assert_eq!(forbidden(&moved), [Change::FieldChanged { field: "note".into() }]);

    for (lock, is_allowed) in [
        (Lock::All, false),
        (Lock::Only(vec!["note".into()]), false),
        (Lock::AllBut(vec!["note".into()]), true),
        (Lock::Only(vec!["not".into()]), true),
    ] {
        let plan = Plan { lock: Some(lock.clone()), ..plan("Sig") };
        let bytes = cat(&with_form(), update(&with_form(), &plan));
        let filled = appended(
            &bytes,
            &[(7, "<</Type/Annot/Subtype/Widget/FT/Tx/T(note)/Rect[9 9 99 20]/V(yes)>>")],
            "",
        );
        assert_eq!(matches!(later(&filled), (_, Later::Allowed(_))), is_allowed, "{lock:?}");
    }
}

#[test]
fn a_certification_allows_what_it_says() {
    for (permission, form, note) in [
        (Permission::Nothing, false, false),
        (Permission::Forms, true, false),
        (Permission::Annotations, true, true),
    ] {
        let plan = Plan { certify: Some(permission), ..plan("Sig") };
        let bytes = cat(&with_form(), update(&with_form(), &plan));
        let filled = appended(
            &bytes,
            &[(7, "<</Type/Annot/Subtype/Widget/FT/Tx/T(note)/Rect[9 9 99 20]/V(yes)>>")],
            "",
        );
        assert_eq!(matches!(later(&filled), (_, Later::Allowed(_))), form, "{permission:?}");
        let annotated = appended(
            &bytes,
            &[
                (40, "<</Type/Annot/Subtype/Text/Rect[0 0 9 9]>>"),
                (4, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595.28 841.89]/Resources<<>>/Annots[40 0 R]>>"),
            ],
            "",
        );
        assert_eq!(matches!(later(&annotated), (_, Later::Allowed(_))), note, "{permission:?}");
    }
}
