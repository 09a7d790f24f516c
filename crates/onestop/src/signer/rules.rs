//! How an agreement stands, and whether all who are wanted have agreed. Pure.
//! law: onestop/several-signers

use super::Hash;
use base::Instant;

/// How far somebody's agreement has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has asked them.
    Unasked,
    /// Asked, and silent so far.
    Asked,
    /// Agreed, to what the draft declares now.
    Agreed,
    /// Said no.
    Declined,
    /// Agreed to what it declared before.
    Changed,
    /// Took the agreement back.
    Withdrawn,
    /// Whoever asked no longer does.
    Recalled,
    /// The time for it is over.
    Over,
}

impl Standing {
    /// All of them.
    #[cfg(test)]
    pub const ALL: [Standing; 8] = [
        Standing::Unasked,
        Standing::Asked,
        Standing::Agreed,
        Standing::Declined,
        Standing::Changed,
        Standing::Withdrawn,
        Standing::Recalled,
        Standing::Over,
    ];

    /// As keys of words name it.
    pub fn word(self) -> &'static str {
        match self {
            Standing::Unasked => "unasked",
            Standing::Asked => "asked",
            Standing::Agreed => "agreed",
            Standing::Declined => "declined",
            Standing::Changed => "changed",
            Standing::Withdrawn => "withdrawn",
            Standing::Recalled => "recalled",
            Standing::Over => "over",
        }
    }

    /// Whether filing waits for it. Somebody who need not agree is waited for once they were asked, until
    /// they agree, their time is over or whoever asked goes on without them.
    pub fn holds_up(self, required: bool) -> bool {
        match self {
            Standing::Agreed => false,
            Standing::Unasked | Standing::Recalled | Standing::Over => required,
            Standing::Asked | Standing::Declined | Standing::Changed | Standing::Withdrawn => true,
        }
    }

    /// Whether they may be asked now.
    pub fn may_ask(self) -> bool {
        !matches!(self, Standing::Asked | Standing::Agreed)
    }
}

/// Why a row no longer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    Changed,
    Withdrawn,
    Recalled,
    Discarded,
}

impl Why {
    /// The word in rows.
    pub fn word(self) -> &'static str {
        match self {
            Why::Changed => "changed",
            Why::Withdrawn => "withdrawn",
            Why::Recalled => "recalled",
            Why::Discarded => "discarded",
        }
    }
}

/// What of a row decides.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    pub agreed: Option<bool>,
    pub content: Option<Hash>,
    pub until: Option<Instant>,
    /// The word of [`Why`].
    pub ended: Option<String>,
}

/// How a row stands at `now` beside what the draft declares.
pub fn standing(row: &Facts, content: &Hash, now: Instant) -> Standing {
    match row.ended.as_deref() {
        Some("changed") => return Standing::Changed,
        Some("withdrawn") => return Standing::Withdrawn,
        Some(_) => return Standing::Recalled,
        None => {}
    }
    let over = row.until.is_some_and(|until| now >= until);
    match row.agreed {
        Some(false) => Standing::Declined,
        _ if over => Standing::Over,
        Some(true) if row.content.as_ref() == Some(content) => Standing::Agreed,
        Some(true) => Standing::Changed,
        None => Standing::Asked,
    }
}
