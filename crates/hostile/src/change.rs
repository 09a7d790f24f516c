//! Changes of bytes.

use crate::random::Random;

/// Bytes that mean something somewhere: lengths of DER, words of PDF and XML.
const PIECES: [&[u8]; 16] = [
    &[0x30, 0x80],
    &[0x84, 0xff, 0xff, 0xff, 0xff],
    &[0xa0, 0x82],
    &[0, 0],
    b"<<",
    b">>",
    b"[",
    b"1 0 R",
    b"99999999999",
    b"/Prev 15",
    b"endobj",
    b"<!--",
    b"]]>",
    b"&#0;",
    b" xmlns:p=\"\"",
    b"</",
];

/// One change: a bit, a byte, a cut, a piece said twice, left out, put in or put over.
pub fn change(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let at = random.below(out.len());
    if out.is_empty() {
        return out;
    }
    match random.below(8) {
        0 => out[at] ^= 1 << random.below(8),
        1 => out[at] = [0x00, 0x30, 0x7f, 0x80, 0x84, 0xa0, 0xff][random.below(7)],
        2 => out.truncate(at),
        3 => {
            let piece = out[at..(at + random.below(300)).min(out.len())].to_vec();
            out.splice(at..at, piece);
        }
        4 => drop(out.drain(at..(at + random.below(40)).min(bytes.len()))),
        5 => drop(out.splice(at..at, PIECES[random.below(PIECES.len())].iter().copied())),
        6 => {
            let piece = PIECES[random.below(PIECES.len())];
            let end = (at + piece.len()).min(out.len());
            out.splice(at..end, piece.iter().copied());
        }
        _ => out[at] = out[at].wrapping_add(1 + random.below(3) as u8),
    }
    out
}

#[cfg(test)]
mod tests {
    use super::change;
    use crate::random::Random;

    #[test]
    fn a_seed_always_makes_the_same_changes_and_they_differ() {
        let made = |seed| {
            let mut random = Random::of(seed);
            (0..50).map(|_| change(b"0123456789", &mut random)).collect::<Vec<_>>()
        };
        assert_eq!(made(1), made(1));
        assert_ne!(made(1), made(2));
        assert!(made(1).iter().filter(|changed| *changed != b"0123456789").count() > 40);
        assert_eq!(change(b"", &mut Random::of(1)), b"");
    }
}
