//! Where a certificate stands, what may happen to it next, and when its expiry is told. Pure.

use base::Instant;
use pki::crl::Reason;

/// Where a certificate stands at an instant. That it has expired follows from its times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// In use.
    Valid,
    /// Not to be relied on for the time being; may come back.
    Suspended,
    /// Never to be relied on again.
    Revoked,
    /// Its time is over.
    Expired,
}

impl State {
    /// Every state, as the tables of the tests print them.
    #[cfg(test)]
    pub const ALL: [State; 4] = [State::Valid, State::Suspended, State::Revoked, State::Expired];

    /// The word in addresses and word files.
    pub const fn word(self) -> &'static str {
        match self {
            State::Valid => "valid",
            State::Suspended => "suspended",
            State::Revoked => "revoked",
            State::Expired => "expired",
        }
    }

    /// The state of a row with this word at `now`. What was revoked stays so when its time is over.
    pub fn of(word: &str, not_after: Instant, now: Instant) -> State {
        match word {
            "revoked" => State::Revoked,
            _ if now >= not_after.plus_seconds(1) => State::Expired,
            "suspended" => State::Suspended,
            _ => State::Valid,
        }
    }
}

/// What somebody does with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Suspend,
    Resume,
    Revoke,
    /// A new one is asked for in its place.
    Renew,
}

impl Step {
    /// Every step.
    pub const ALL: [Step; 4] = [Step::Suspend, Step::Resume, Step::Revoke, Step::Renew];

    /// The word in forms and in the audit book.
    pub const fn word(self) -> &'static str {
        match self {
            Step::Suspend => "suspend",
            Step::Resume => "resume",
            Step::Revoke => "revoke",
            Step::Renew => "renew",
        }
    }

    /// The step of this word.
    pub fn of(word: &str) -> Option<Step> {
        Step::ALL.into_iter().find(|step| step.word() == word)
    }
}

/// There is no such step from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAllowed(pub State, pub Step);

/// The state after a step. A pair that is not here is not allowed: what was revoked does not come back.
/// law: e-transactions/suspend-revoke
pub fn after(state: State, step: Step) -> Result<State, NotAllowed> {
    use State::{Revoked, Suspended, Valid};
    Ok(match (state, step) {
        (Valid, Step::Suspend) => Suspended,
        (Suspended, Step::Resume) => Valid,
        (Valid | Suspended, Step::Revoke) => Revoked,
        (Valid, Step::Renew) => Valid,
        (from, step) => return Err(NotAllowed(from, step)),
    })
}

/// What is wrong with what was typed beside a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// No reason, or one that is not for this step.
    Reason,
    /// No words, where words are wanted.
    Note,
    /// More words than are kept.
    NoteTooLong,
    /// Unfit since a day that has not come.
    SinceLater,
    /// Unfit since before it was there.
    SinceBefore,
}

/// The longest note, in characters.
pub const NOTE_CHARS_MAX: usize = 1_000;

/// Reasons a person may give for revoking. Holding is a step of its own, and authorities have theirs.
pub const REASONS: [Reason; 6] = [
    Reason::Unspecified,
    Reason::KeyCompromise,
    Reason::AffiliationChanged,
    Reason::Superseded,
    Reason::CessationOfOperation,
    Reason::PrivilegeWithdrawn,
];

/// Everything that is wrong with a step's words.
pub fn faults(
    step: Step,
    reason: Option<Reason>,
    since: Option<Instant>,
    note: &str,
    (not_before, now): (Instant, Instant),
) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    if step == Step::Revoke && !reason.is_some_and(|reason| REASONS.contains(&reason)) {
        wrong.push(Wrong::Reason);
    }
    match note.chars().count() {
        0 => wrong.push(Wrong::Note),
        n if n > NOTE_CHARS_MAX => wrong.push(Wrong::NoteTooLong),
        _ => {}
    }
    if let Some(since) = since.filter(|_| step == Step::Revoke) {
        if since > now {
            wrong.push(Wrong::SinceLater);
        }
        if since.day() < not_before.day() {
            wrong.push(Wrong::SinceBefore);
        }
    }
    wrong
}

/// Days before its end at which a certificate's holder and the province are told.
pub const WARN_DAYS: [i64; 3] = [30, 14, 3];

/// Days until the end of a certificate in use, begun ones counted, once the first of [`WARN_DAYS`] is
/// reached.
pub fn days_left(state: State, not_after: Instant, now: Instant) -> Option<i64> {
    const DAY: i64 = 86_400_000_000;
    let days = (not_after.micros() - now.micros() + DAY - 1) / DAY;
    (state == State::Valid && now >= not_after.plus_days(-WARN_DAYS[0])).then_some(days)
}

/// The smallest of [`WARN_DAYS`] that has been reached, unless it was told already.
pub fn warning(not_after: Instant, told: Option<i64>, now: Instant) -> Option<i64> {
    if now >= not_after {
        return None;
    }
    let reached = WARN_DAYS.into_iter().filter(|days| now >= not_after.plus_days(-days)).min()?;
    told.is_none_or(|told| reached < told).then_some(reached)
}
