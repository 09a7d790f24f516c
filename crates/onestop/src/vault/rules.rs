//! When an entry may be used, whose it is, and what its index must say. Pure.

use base::{Day, text};

use super::{Entry, Index};

/// The longest name, number or issuer, in characters.
pub const LINE_CHARS_MAX: usize = 200;

/// What an entry is worth on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Valid,
    /// Since the day after its last one.
    Expired,
    /// Taken back by who issued or scanned it, or by its owner.
    Revoked,
    /// A newer one has taken its place.
    Replaced,
}

impl Verdict {
    /// The end of its key in `words/`.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Valid => "valid",
            Verdict::Expired => "expired",
            Verdict::Revoked => "revoked",
            Verdict::Replaced => "replaced",
        }
    }
}

/// What an entry in this state with this last day is worth on `day`, `ended_on` being the day on which it
/// was revoked or replaced. Asked of a day in the past, it says what held then.
/// law: onestop/vault-validity
pub fn verdict(state: &str, ended_on: Option<Day>, expires_on: Option<Day>, day: Day) -> Verdict {
    let ended = ended_on.is_some_and(|ended| ended <= day);
    match (state, ended, expires_on) {
        ("revoked", true, _) => Verdict::Revoked,
        ("replaced", true, _) => Verdict::Replaced,
        (_, _, Some(last)) if last < day => Verdict::Expired,
        _ => Verdict::Valid,
    }
}

/// Why an entry cannot be used now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoUse {
    Expired,
    Revoked,
    Replaced,
    /// Its owner does not let it be used.
    Closed,
}

impl NoUse {
    /// The end of its key in `words/`.
    pub fn word(self) -> &'static str {
        match self {
            NoUse::Expired => "expired",
            NoUse::Revoked => "revoked",
            NoUse::Replaced => "replaced",
            NoUse::Closed => "closed",
        }
    }
}

/// Whether an entry of this worth, offered by its owner or not, may be used.
pub fn may_use(verdict: Verdict, offered: bool) -> Result<(), NoUse> {
    match (verdict, offered) {
        (Verdict::Expired, _) => Err(NoUse::Expired),
        (Verdict::Revoked, _) => Err(NoUse::Revoked),
        (Verdict::Replaced, _) => Err(NoUse::Replaced),
        (Verdict::Valid, false) => Err(NoUse::Closed),
        (Verdict::Valid, true) => Ok(()),
    }
}

/// Whose entry it is while no account is known. The number alone would hand a paper to a stranger whenever
/// somebody mistypes a digit, so the name stands beside it.
pub fn unclaimed(number: &str, name: &str) -> String {
    let name = text::fold(name);
    format!("{number} {}", name.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Whether an entry looks like the paper asked for: it was handed in for the same one before, or one name
/// holds the other. Only an order of the list hangs on it; the person chooses.
pub fn fits(entry: &Entry, component: &str, name: &str) -> bool {
    let (own, asked) = (text::fold(&entry.name), text::fold(name));
    entry.component == component || own == asked || own.contains(&asked) || asked.contains(&own)
}

/// Everything wrong with an index: the field and the key of its sentence.
pub fn faults(index: &Index, today: Day) -> Vec<(&'static str, &'static str)> {
    let mut faults = Vec::new();
    if index.name.trim().is_empty() {
        faults.push(("name", "fault.name"));
    }
    for (field, line) in [("name", &index.name), ("number", &index.number), ("issuer", &index.issuer)] {
        if line.chars().count() > LINE_CHARS_MAX {
            faults.push((field, "fault.too_long"));
        }
    }
    match (&index.issued_on, &index.expires_on) {
        (Err(()), _) => faults.push(("issued_on", "fault.day")),
        (Ok(Some(issued)), _) if *issued > today => faults.push(("issued_on", "fault.issued_later")),
        (Ok(Some(issued)), Ok(Some(expires))) if expires < issued => {
            faults.push(("expires_on", "fault.expires_before"));
        }
        _ => {}
    }
    if index.expires_on.is_err() {
        faults.push(("expires_on", "fault.day"));
    }
    faults
}
