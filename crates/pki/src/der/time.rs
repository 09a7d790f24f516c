//! UTCTime and GeneralizedTime.

use super::{Element, Malformed, Read, Tag, Why};
use base::{Day, Instant};

/// UTCTime (`YYMMDDHHMM[SS]Z`, years 1950–2049) or GeneralizedTime (`YYYYMMDDHHMM[SS][.f…]Z`).
pub(super) fn read(element: &Element<'_>) -> Read<Instant> {
    let wrong = element.wrong("time");
    let text = element.value.strip_suffix(b"Z").ok_or(wrong)?;
    let (year, rest) = match element.tag {
        Tag::UTC_TIME => {
            let short = digits(text.get(..2), wrong)?;
            (if short >= 50 { 1900 + short } else { 2000 + short }, &text[2..])
        }
        Tag::GENERALIZED_TIME => (digits(text.get(..4), wrong)?, &text[4..]),
        found => {
            let why = Why::Tag { expected: Tag::GENERALIZED_TIME.0, found: found.0 };
            return Err(Malformed { why, at: element.at });
        }
    };
    let two = |at: usize| digits(rest.get(at..at + 2), wrong);
    let (month, day, hour, minute) = (two(0)?, two(2)?, two(4)?, two(6)?);
    let (second, fraction) = match rest.len() {
        8 => (0, &[][..]),
        _ => (two(8)?, &rest[10..]),
    };
    if hour > 23 || minute > 59 || second > 59 {
        return Err(wrong);
    }
    let micros = match fraction {
        [] => 0,
        [b'.', digits @ ..] if element.tag == Tag::GENERALIZED_TIME => micros(digits).ok_or(wrong)?,
        _ => return Err(wrong),
    };
    let day = Day::new(year as i32, month as u8, day as u8).ok_or(wrong)?;
    // `at` counts from local midnight; the zone's seven hours are taken back.
    let midnight = day.at(0).plus_minutes(7 * 60);
    let seconds = i64::from(hour * 3600 + minute * 60 + second);
    Ok(Instant::from_micros(midnight.micros() + seconds * 1_000_000 + micros))
}

fn digits(bytes: Option<&[u8]>, wrong: Malformed) -> Read<u32> {
    let bytes = bytes.filter(|bytes| bytes.iter().all(u8::is_ascii_digit)).ok_or(wrong)?;
    Ok(bytes.iter().fold(0, |sum, byte| sum * 10 + u32::from(byte - b'0')))
}

fn micros(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || digits.len() > 20 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let six = digits.iter().chain(std::iter::repeat(&b'0')).take(6);
    Some(six.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')))
}

/// An instant in UTC: its year, `MMDDHHMMSSZ`, and its microseconds.
fn civil(at: Instant) -> (i32, [u8; 11], i64) {
    let micros = at.micros().rem_euclid(1_000_000);
    let seconds = at.micros().div_euclid(1_000_000);
    // Shown seven hours back, the local clock reads UTC.
    let shown = at.plus_minutes(-7 * 60);
    let (year, month, day) = shown.day().civil();
    let of_day = seconds.rem_euclid(86_400);
    // Answers and stamps are made by the ten thousand a second: without `format!`.
    let mut rest = [b'Z'; 11];
    let fields = [i64::from(month), i64::from(day), of_day / 3600, of_day / 60 % 60, of_day % 60];
    for (pair, field) in rest.chunks_exact_mut(2).zip(fields) {
        pair.copy_from_slice(&[b'0' + (field / 10) as u8, b'0' + (field % 10) as u8]);
    }
    (year, rest, micros)
}

/// Digits are ASCII.
fn text(digits: &[u8]) -> &str {
    std::str::from_utf8(digits).unwrap_or_default()
}

/// The contents of a Time as RFC 5280 wants it: UTCTime until 2049, GeneralizedTime from 2050.
pub(super) fn choice(at: Instant) -> (Tag, String) {
    let (year, rest, _) = civil(at);
    match year {
        1950..=2049 => (Tag::UTC_TIME, format!("{:02}{}", year % 100, text(&rest))),
        _ => (Tag::GENERALIZED_TIME, format!("{year:04}{}", text(&rest))),
    }
}

/// The text of a GeneralizedTime in DER, with as many digits of the second's fraction as are not zero.
pub fn write_generalized(at: Instant, with_fraction: bool) -> String {
    let (year, rest, micros) = civil(at);
    match micros {
        1.. if with_fraction => {
            let digits = format!("{micros:06}");
            format!("{year:04}{}.{}Z", text(&rest[..10]), digits.trim_end_matches('0'))
        }
        _ => {
            let mut out = String::with_capacity(15);
            match year {
                0..=9999 => out.extend([1000, 100, 10, 1].map(|n| char::from(b'0' + (year / n % 10) as u8))),
                _ => out.push_str(&format!("{year:04}")),
            }
            out.push_str(text(&rest));
            out
        }
    }
}
