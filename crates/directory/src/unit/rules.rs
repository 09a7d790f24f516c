//! What a unit's row must satisfy before it is stored. Pure.

use base::Day;

/// What an administrator typed about a unit, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    pub code: String,
    pub name: String,
    pub kind: String,
    pub parent: String,
    pub function: String,
    pub symbol: String,
    pub ident: String,
    pub address: String,
    pub valid_from: String,
}

/// Why a field cannot stand. The words are in `words/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Nothing is in it.
    Missing,
    /// Longer than the field takes.
    TooLong { most: usize },
    /// Letters, digits, "-", "." and "_" only.
    BadCode,
    /// Neither `000.00.00.A00` nor `A00.0.0`, as the two standards have it.
    BadIdent,
    /// Not a day.
    BadDay,
    /// The last day is before the first.
    EndsBeforeItBegins,
}

/// The code of a unit: it stands in addresses and in ids.
pub fn check_code(code: &str) -> Result<(), Wrong> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    match code {
        "" => Err(Wrong::Missing),
        c if c.len() > 40 => Err(Wrong::TooLong { most: 40 }),
        c if !c.chars().all(plain) => Err(Wrong::BadCode),
        _ => Ok(()),
    }
}

/// An identifier by QCVN 102:2016 (`000.17.22.H56`) or by QĐ 20/2020/QĐ-TTg (`H61.12.3`). The level-1
/// letter Z, which neither standard has, marks identifiers invented here.
pub fn check_ident(ident: &str) -> Result<(), Wrong> {
    let digits = |part: &str, len: std::ops::RangeInclusive<usize>| {
        len.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
    };
    let top = |part: &str| {
        part.len() == 3
            && part.as_bytes()[0].is_ascii_uppercase()
            && part[1..].bytes().all(|b| b.is_ascii_digit())
    };
    let parts: Vec<&str> = ident.split('.').collect();
    let old = matches!(parts[..], [v, z, y, m]
        if digits(v, 3..=3) && digits(z, 2..=2) && digits(y, 2..=2) && top(m));
    let new = ident.len() <= 35 && top(parts[0]) && parts[1..].iter().all(|p| digits(p, 1..=3));
    if old || new { Ok(()) } else { Err(Wrong::BadIdent) }
}

/// A text that must be there.
pub fn check_text(text: &str, most: usize) -> Result<(), Wrong> {
    match text.chars().count() {
        0 => Err(Wrong::Missing),
        n if n > most => Err(Wrong::TooLong { most }),
        _ => Ok(()),
    }
}

/// All that is wrong with the fields that do not need the database, each with the field's name.
pub fn check(typed: &Typed) -> Vec<(&'static str, Wrong)> {
    let mut wrong = Vec::new();
    let mut see = |field, result: Result<(), Wrong>| {
        if let Err(why) = result {
            wrong.push((field, why));
        }
    };
    see("code", check_code(&typed.code));
    see("name", check_text(&typed.name, 200));
    see("kind", check_text(&typed.kind, 60));
    if !typed.ident.is_empty() {
        see("ident", check_ident(&typed.ident));
    }
    if typed.address.chars().count() > 300 {
        see("address", Err(Wrong::TooLong { most: 300 }));
    }
    if typed.symbol.chars().count() > 40 {
        see("symbol", Err(Wrong::TooLong { most: 40 }));
    }
    see("valid_from", day(&typed.valid_from).map(|_| ()));
    wrong
}

/// A day as a form sends it.
pub fn day(text: &str) -> Result<Day, Wrong> {
    if text.is_empty() { Err(Wrong::Missing) } else { text.parse().map_err(|_| Wrong::BadDay) }
}

/// A unit that began on `valid_from` may end on `last`, but not before it began.
pub fn check_end(valid_from: Day, last: Day) -> Result<(), Wrong> {
    if last < valid_from { Err(Wrong::EndsBeforeItBegins) } else { Ok(()) }
}

/// The words of a search, folded, as patterns for `like` that find the beginnings of words in a text with
/// a space before it. At most six; signs of `like` are dropped.
pub fn tokens(q: &str) -> Vec<String> {
    let folded = base::text::fold(q);
    let clean = |word: &str| word.chars().filter(|c| !matches!(c, '%' | '_' | '\\')).collect::<String>();
    let words = folded.split(' ').map(clean).filter(|w| !w.is_empty());
    words.take(6).map(|w| format!("% {w}%")).collect()
}
