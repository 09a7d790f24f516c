//! Files that were changed after they were signed, or whose signatures only look like ones.

use super::support::{plan, signed, table, update};
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
