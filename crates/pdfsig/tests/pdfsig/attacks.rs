//! Files that were changed after they were signed, or whose signatures only look like ones.

use super::support::{appended, between, plan, signed, table, update};
use pdfsig::{CannotSign, Covers, File, Finding, Unreadable, signatures};
use pki::cms::Fault;

fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len(), "the offsets stay");
    let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
    [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat()
}

fn findings(bytes: &[u8]) -> Vec<Finding> {
    let file = File::open(&bytes).unwrap();
    signatures(&file).unwrap()[0].check(&file, &[]).findings
}

fn byte_range(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let start = text.find("/ByteRange [").unwrap() + "/ByteRange ".len();
    text[start..start + text[start..].find(']').unwrap() + 1].to_string()
}

#[test]
fn a_changed_byte_inside_is_found() {
    let bytes = signed(&table(), "Sig");
    assert_eq!(findings(&bytes), []);
    let changed = replaced(&bytes, "100 100 l", "100 900 l");
    assert_eq!(findings(&changed), [Finding::NotOver(Fault::ContentChanged)]);
}

#[test]
fn a_byte_range_that_leaves_more_out_is_refused() {
    let bytes = signed(&table(), "Sig");
    let range = byte_range(&bytes);
    let numbers: Vec<usize> = range.trim_matches(['[', ']']).split(' ').map(|n| n.parse().unwrap()).collect();
    let with = |numbers: [usize; 4]| {
        let new = format!("[{} {} {} {}]", numbers[0], numbers[1], numbers[2], numbers[3]);
        replaced(&bytes, &range, &format!("{new:<width$}", width = range.len()))
    };
    let [_, first, start, length] = numbers[..] else { panic!("{range}") };
    // a wider gap, a narrower one, one that does not begin at the beginning, an end inside the file
    assert!(findings(&with([0, first - 9, start, length])).contains(&Finding::Gap));
    assert!(findings(&with([0, first, start + 1, length - 1])).contains(&Finding::Gap));
    assert!(findings(&with([1, first - 1, start, length])).contains(&Finding::ByteRange));
    assert!(findings(&with([0, first, start, length - 9])).contains(&Finding::End));
    assert!(findings(&with([0, first, start, length + 9])).contains(&Finding::ByteRange));
}

#[test]
fn what_is_appended_afterwards_is_not_covered() {
    let bytes = signed(&table(), "Sig");
    let more = signed(&bytes, "Later");
    let file = File::open(&more).unwrap();
    let found = signatures(&file).unwrap();
    assert_eq!(found[0].covers, Covers::Revision { end: bytes.len() as u64 });
    assert_eq!(found[0].check(&file, &[]).findings, []);
}

#[test]
fn a_signature_moved_into_another_file_is_not_over_it() {
    let bytes = signed(&table(), "Sig");
    let other = replaced(&table(), "0 0 m 100 100 l S", "9 9 m 900 900 l S");
    let moved = [&other[..], &bytes[table().len()..]].concat();
    assert_eq!(findings(&moved), [Finding::NotOver(Fault::ContentChanged)]);
}

#[test]
fn a_name_that_is_taken_and_a_file_that_is_none_are_refused() {
    let sign = |bytes: &[u8], field: &str| update(bytes, &plan(field)).map(|_| ());
    let bytes = signed(&table(), "Sig");
    assert_eq!(sign(&bytes, "Sig"), Err(CannotSign::FieldTaken));
    assert_eq!(sign(b"PK\x03\x04", "Sig"), Err(CannotSign::Unreadable(Unreadable::NotPdf)));
    assert_eq!(sign(b"%PDF-1.7\n", "Sig"), Err(CannotSign::Unreadable(Unreadable::NoStart)));
    let encrypted = replaced(&table(), "/ID[<00112233>", "/Encrypt 1 0 R");
    let encrypted = replaced(&encrypted, "<44556677>]", "           ");
    assert_eq!(sign(&encrypted, "Sig"), Err(CannotSign::Unreadable(Unreadable::Encrypted)));
}

#[test]
fn a_file_cut_or_changed_anywhere_is_judged_without_a_panic() {
    let bytes = signed(&table(), "Sig");
    let mut intact = 0;
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x11;
        for file in [&bytes[..at], &changed] {
            let Ok(opened) = File::open(&file) else { continue };
            let found = signatures(&opened).unwrap_or_default();
            intact += found.iter().filter(|signature| signature.check(&opened, &[]).is_intact()).count();
        }
    }
    assert_eq!(intact, 0, "no change leaves the signature intact");
}

/// A signature with room behind its message.
fn roomy() -> Vec<u8> {
    let plan = pdfsig::Plan { room_for_stamp: 64, ..plan("Sig") };
    [table(), update(&table(), &plan).unwrap()].concat()
}

#[test]
fn what_stands_in_the_place_of_the_message_is_judged() {
    assert_eq!(findings(&roomy()), []);
    // Something behind the message, where nothing covers it.
    let padded = replaced(&roomy(), "00000000000000>", "0000000000BEEF>");
    assert_eq!(findings(&padded), [Finding::Message]);
    // Digits that are none, an end before the end, another kind of string.
    for spoilt in ["0000000000%%%%>", "0000000000>000>"] {
        let spoilt = replaced(&roomy(), "00000000000000>", spoilt);
        let opened = File::open(&spoilt).unwrap();
        assert!(matches!(signatures(&opened), Err(Unreadable::Malformed { .. })));
    }
    let blank = replaced(&roomy(), "00000000000000>", "00000000000   >");
    assert!(!findings(&blank).contains(&Finding::Gap), "white space is no content");
    // Universal forgeries: nothing to check against.
    for (from, to) in [
        ("/ByteRange [0", "/ByteRangf [0"),
        ("/ByteRange [0", "/ByteRange  0"),
        ("/ByteRange [0 ", "/ByteRange [-1"),
        ("/ByteRange [0", "/ByteRange [1"),
    ] {
        let file = replaced(&roomy(), from, to);
        let Ok(opened) = File::open(&file) else { continue };
        let found = signatures(&opened).unwrap_or_default();
        assert!(found.iter().all(|one| !one.check(&opened, &[]).is_intact()), "{to}");
    }
    let renamed = replaced(&roomy(), "/Contents <", "/Contentz <");
    assert!(findings(&renamed).contains(&Finding::Gap));
    let other = replaced(&roomy(), "ETSI.CAdES.detached", "ETSI.CAdES.somehows");
    assert_eq!(findings(&other), [Finding::Kind]);
}

#[test]
fn signature_wrapping_is_found() {
    // The second range is moved behind, and what takes its place is the attacker's.
    let bytes = roomy();
    let range = byte_range(&bytes);
    let numbers: Vec<usize> = range.trim_matches(['[', ']']).split(' ').map(|n| n.parse().unwrap()).collect();
    let (gap, rest) = (numbers[2], &bytes[numbers[2]..]);
    let evil = b"/Reason(other)>>\nendobj\n";
    let moved = [&bytes[..gap], evil, rest].concat();
    let new = format!("[0 {} {} {}]", numbers[1], gap + evil.len(), numbers[3]);
    let moved = replaced(
        &moved,
        &format!("{range:<width$}", width = new.len()),
        &format!("{new:<width$}", width = range.len()),
    );
    // The attacker mends what readers look for first.
    let start = between(&bytes[table().len()..], "startxref\n", "\n");
    let moved = replaced(
        &moved,
        &format!("startxref\n{start}\n"),
        &format!("startxref\n{}\n", start.parse::<usize>().unwrap() + evil.len()),
    );
    let found = File::open(&moved).and_then(|file| {
        signatures(&file)
            .map(|found| found.iter().map(|one| one.check(&file, &[]).findings).collect::<Vec<_>>())
    });
    assert!(
        found.as_ref().is_ok_and(|all| all.is_empty())
            || found.is_err()
            || found.unwrap().iter().all(|findings| !findings.is_empty())
    );
}

#[test]
fn a_signature_lent_to_another_field_is_said() {
    let bytes = signed(&table(), "Sig");
    let catalog =
        between(&bytes[table().len()..], "1 0 obj\n", "\nendobj").replace("[8 0 R]", "[8 0 R 20 0 R]");
    let file = appended(&bytes, &[(1, &catalog), (20, "<</FT/Sig/T(Chairman)/V 7 0 R>>")], "");
    let opened = File::open(&file).unwrap();
    let found = signatures(&opened).unwrap();
    let all: Vec<_> = found.iter().map(|one| (one.field.as_str(), one.findings.clone())).collect();
    assert_eq!(all, [("Sig", vec![]), ("Chairman", vec![Finding::Shared])]);
}
