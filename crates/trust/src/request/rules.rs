//! What a request for a certificate must say, and what may become of it. Pure.

use super::Typed;
use crate::authority::rules::{RENEWED_YEARS_MAX, YEARS_MAX};

/// The longest text of one line, in characters.
pub const LINE_CHARS_MAX: usize = 120;
/// The longest reason, in characters.
pub const REASON_CHARS_MAX: usize = 1_000;

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    Missing,
    TooLong,
    NoChoice,
    NoMail,
    NoHost,
    TooManyYears,
}

/// Everything that is wrong with what was typed, by field.
pub fn faults(typed: &Typed, renews: bool) -> Vec<(&'static str, Wrong)> {
    let mut wrong = Vec::new();
    if crate::authority::rules::kind(&typed.kind).is_none() {
        wrong.push(("kind", Wrong::NoChoice));
    }
    let personal = typed.kind == "official";
    let needed =
        [("holder", personal && typed.holder.is_empty()), ("unit", !personal && typed.unit.is_empty())];
    wrong
        .extend(needed.into_iter().filter(|(_, missing)| *missing).map(|(field, _)| (field, Wrong::Missing)));
    if typed.letter.is_empty() {
        // law: e-transactions/letter
        wrong.push(("letter", Wrong::Missing));
    }
    if typed.reason.is_empty() {
        wrong.push(("reason", Wrong::Missing));
    }
    let lines = [
        ("holder", &typed.holder),
        ("unit", &typed.unit),
        ("email", &typed.email),
        ("host", &typed.host),
        ("letter", &typed.letter),
        ("device_no", &typed.device_no),
    ];
    let long = lines.into_iter().filter(|(_, text)| text.chars().count() > LINE_CHARS_MAX);
    wrong.extend(long.map(|(field, _)| (field, Wrong::TooLong)));
    if typed.reason.chars().count() > REASON_CHARS_MAX {
        wrong.push(("reason", Wrong::TooLong));
    }
    if !typed.email.is_empty() && !is_mail(&typed.email) {
        wrong.push(("email", Wrong::NoMail));
    }
    if (typed.kind == "tls") != is_host(&typed.host) || (typed.kind != "tls" && !typed.host.is_empty()) {
        wrong.push(("host", Wrong::NoHost));
    }
    let most = if renews { RENEWED_YEARS_MAX } else { YEARS_MAX };
    if !(1..=most).contains(&typed.years) {
        wrong.push(("years", Wrong::TooManyYears));
    }
    if !crate::certificate::DEVICES.contains(&typed.device.as_str()) {
        wrong.push(("device", Wrong::NoChoice));
    }
    wrong
}

fn is_mail(text: &str) -> bool {
    let Some((name, host)) = text.split_once('@') else { return false };
    !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._+-".contains(&b))
        && is_host(host)
}

/// A name of the domain name system with at least one dot.
pub fn is_host(text: &str) -> bool {
    let label = |part: &str| {
        !part.is_empty()
            && part.len() <= 63
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    text.contains('.') && text.len() <= 253 && text.split('.').all(label)
}

/// Why somebody may not decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum No {
    /// Asked for it.
    Asker,
    /// It would be theirs.
    Holder,
    /// Somebody has decided.
    Decided,
}

/// Whether `by` may decide about a request: two persons, and neither for themselves.
pub fn may_decide(state: &str, asked_by: &str, holder: Option<&str>, by: &str) -> Result<(), No> {
    match () {
        () if state != "asked" => Err(No::Decided),
        () if asked_by == by => Err(No::Asker),
        () if holder == Some(by) => Err(No::Holder),
        () => Ok(()),
    }
}
