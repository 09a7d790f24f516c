//! The words by which a transfer finds its bill: two letters and nine signs, the last of them a check.
//!
//! Banks put words in front and behind, write everything in capitals and drop what is no letter or
//! digit; people type from a screen. So the signs are thirty-one that look like nothing else, which
//! is a prime: one wrong sign, or two neighbours changed over, is always noticed.

/// No I, O, S, U or Z: whoever writes one of them meant 1, 0, 5, V or 2.
const SIGNS: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTVWXY";
const PREFIX: &str = "CL";
/// The signs that carry the number, without the check.
const BODY: usize = 8;
/// The most bills that one transfer's words may name before we stop looking.
const CANDIDATES_MAX: usize = 8;

/// The text for a number; numbers that differ by 31⁸ have the same.
pub fn make(number: u64) -> String {
    let mut left = number;
    let mut values = [0_u64; BODY];
    for value in &mut values {
        (*value, left) = (left % 31, left / 31);
    }
    let sign = |value: u64| char::from(SIGNS[usize::try_from(value % 31).unwrap_or(0)]);
    let body: String = values.iter().map(|v| sign(*v)).collect();
    format!("{PREFIX}{body}{}", sign(check(&values)))
}

fn check(values: &[u64; BODY]) -> u64 {
    values.iter().zip(2_u64..).map(|(value, weight)| value * weight).sum::<u64>() % 31
}

fn value(sign: u8) -> Option<u64> {
    let meant = match sign {
        b'I' => b'1',
        b'O' => b'0',
        b'S' => b'5',
        b'U' => b'V',
        b'Z' => b'2',
        other => other,
    };
    SIGNS.iter().position(|s| *s == meant).and_then(|at| u64::try_from(at).ok())
}

/// Every code that the words of a transfer may hold, as we write it, in the order of the words.
pub fn find(words: &str) -> Vec<String> {
    let plain: Vec<u8> =
        words.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_uppercase()).collect();
    let mut found: Vec<String> = Vec::new();
    for window in plain.windows(PREFIX.len() + BODY + 1) {
        let Some(rest) = window.strip_prefix(PREFIX.as_bytes()) else { continue };
        let values: Option<Vec<u64>> = rest.iter().map(|s| value(*s)).collect();
        let Some(values) = values else { continue };
        let Ok(body) = <[u64; BODY]>::try_from(&values[..BODY]) else { continue };
        if check(&body) == values[BODY] {
            let sign = |v: &u64| char::from(SIGNS[usize::try_from(*v).unwrap_or(0)]);
            let code = PREFIX.to_string() + &values.iter().map(sign).collect::<String>();
            if !found.contains(&code) {
                found.push(code);
            }
        }
        if found.len() == CANDIDATES_MAX {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_code_is_found_however_a_bank_writes_it() {
        let code = make(123_456_789_012);
        assert_eq!(code.len(), 11);
        let spaced = format!("{} {} {}", &code[..2], &code[2..6], &code[6..]);
        let written = [
            code.clone(),
            code.to_lowercase(),
            spaced,
            format!("MBVCB.7712345.{code}.CT tu 0011 toi 0022"),
            format!("Nop phi ho so: {code}."),
            code.replace('0', "O").replace('1', "I").replace('5', "S").replace('2', "Z"),
        ];
        for words in written {
            assert_eq!(find(&words), std::slice::from_ref(&code), "{words}");
        }
        assert_eq!(find("chuyen tien mua rau"), Vec::<String>::new());
        assert_eq!(find(&format!("{code} {}", make(7))), [code, make(7)]);
    }

    proptest! {
        #[test]
        fn one_wrong_sign_or_two_changed_over_find_nothing(
            n in any::<u64>(), at in 2_usize..11, to in 0_usize..31,
        ) {
            let code = make(n);
            let mut bytes = code.clone().into_bytes();
            let kept = bytes.clone();
            bytes[at] = SIGNS[to];
            if bytes != kept {
                prop_assert!(!find(std::str::from_utf8(&bytes).unwrap()).contains(&code));
                prop_assert!(find(std::str::from_utf8(&bytes).unwrap()).is_empty());
            }
            let mut bytes = kept.clone();
            if at < 10 {
                bytes.swap(at, at + 1);
                if bytes != kept {
                    prop_assert!(find(std::str::from_utf8(&bytes).unwrap()).is_empty());
                }
            }
        }

        #[test]
        fn no_words_break_the_search(words in "\\PC{0,300}") {
            prop_assert!(find(&words).len() <= CANDIDATES_MAX);
        }
    }
}
