//! Bytes from people who mean no good: everything that reads, on mutations of signed files with fixed seeds.

use super::levels::b_lta;
use super::random::Random;
use super::support::{files, plan, update, with_form};
use pdfsig::appearance::PageBox;
use pdfsig::{Evidence, File, add_evidence, changes, signatures, store};
use std::panic::catch_unwind;
use std::time::{Duration, Instant};

/// For one file of some 50 KB, without optimisation.
const TIME_MAX: Duration = Duration::from_secs(5);

/// Pieces of which files are made, to be put where they do not belong.
const PIECES: [&[u8]; 14] = [
    b"<<",
    b">>",
    b"[",
    b"]",
    b"(",
    b"1 0 R",
    b"7 0 R",
    b"endobj",
    b"stream\n",
    b"null",
    b"99999999999",
    b"-1",
    b"/Prev 15",
    b"xref\n0 9999999\n",
];

/// Where the message's digits are not: there mutations change nothing but the message.
fn place(bytes: &[u8], random: &mut Random) -> usize {
    for _ in 0..8 {
        let at = random.below(bytes.len());
        let around = &bytes[at.saturating_sub(20)..(at + 20).min(bytes.len())];
        if !around.iter().all(u8::is_ascii_hexdigit) {
            return at;
        }
    }
    random.below(bytes.len())
}

/// One change: a bit, a digit, a cut, a piece said twice, a piece left out, a piece put in or over.
fn mutate(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let at = place(bytes, random);
    match random.below(7) {
        0 => out[at] ^= 1 << random.below(8),
        1 => out[at] = b'0' + random.below(10) as u8,
        2 => out.truncate(at),
        3 => {
            let piece = out[at..(at + random.below(300)).min(out.len())].to_vec();
            out.splice(at..at, piece);
        }
        4 => drop(out.drain(at..(at + random.below(40)).min(bytes.len()))),
        5 => drop(out.splice(at..at, PIECES[random.below(PIECES.len())].iter().copied())),
        _ => {
            let piece = PIECES[random.below(PIECES.len())];
            let end = (at + piece.len()).min(out.len());
            out.splice(at..end, piece.iter().copied());
        }
    }
    out
}

/// Everything that reads. Whether it could be read, and whether a signature is intact.
fn read_all(bytes: &Vec<u8>) -> (bool, bool) {
    let Ok(file) = File::open(bytes) else { return (false, false) };
    let _ = (store(&file), PageBox::of(&file, 1), file.next_number());
    let _ = (update(bytes, &plan("New")), add_evidence(bytes, &Evidence::default(), &["Sig"]));
    let Ok(found) = signatures(&file) else { return (true, false) };
    let changes = changes(&file, &found);
    let mut is_intact = false;
    for signature in &found {
        is_intact |= signature.check(&file, &[]).is_intact();
        let _ = changes.as_ref().map(|changes| changes.after(signature));
    }
    (true, is_intact)
}

#[test]
fn no_reader_panics_or_lingers_on_a_changed_file() {
    let (mut read, mut refused, mut intact) = (0, 0, 0);
    let mut all: Vec<_> =
        files().into_iter().map(|(name, bytes, _)| (name, b_lta(&bytes, "Sig", "Stamp"))).collect();
    all.push(("form", with_form()));
    for (n, (name, bytes)) in all.iter().enumerate() {
        assert!(read_all(bytes).0, "{name} cannot be read unchanged");
        let mut random = Random::of(n as u64);
        for round in 0..400 {
            let mut changed = mutate(bytes, &mut random);
            if round % 3 == 0 {
                changed = mutate(&changed, &mut random);
            }
            let begin = Instant::now();
            match catch_unwind(|| read_all(&changed)) {
                Ok((is_read, is_intact)) => {
                    read += usize::from(is_read);
                    refused += usize::from(!is_read);
                    intact += usize::from(is_intact);
                }
                Err(_) => panic!("{name}, round {round}: {}", String::from_utf8_lossy(&changed)),
            }
            assert!(begin.elapsed() < TIME_MAX, "{name}, round {round}: {:?}", begin.elapsed());
        }
    }
    // All three happen, so the mutations neither spoil everything nor nothing.
    assert!(read > 300 && refused > 300 && intact > 50, "{read} read, {refused} refused, {intact} intact");
}
