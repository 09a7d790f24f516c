//! The short limits on the way: the counter's answer, the hand-on on the same day, the request for papers
//! within three working days, the apology a day before the promise. Each that was missed is written into the
//! line of the log that ended it, so that slips, pages and figures tell of one fact.
//! law: onestop/reception-answer, onestop/transfer, onestop/return-within, onestop/late

use base::Instant;
use base::calendar::Calendar;
use serde_json::{Value, json};

use super::law::Law;
use super::rules::{self, State, Verb};
use super::{Dossier, History};

/// A short limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Short {
    Answer,
    HandOn,
    Ask,
    Apology,
}

impl Short {
    /// All four, in the order in which a dossier meets them.
    pub const ALL: [Short; 4] = [Short::Answer, Short::HandOn, Short::Ask, Short::Apology];

    /// The word in the log, in rows and in `words/`.
    pub fn word(self) -> &'static str {
        match self {
            Short::Answer => "answer",
            Short::HandOn => "hand_on",
            Short::Ask => "ask",
            Short::Apology => "apology",
        }
    }

    /// The limit of this word.
    pub fn from_word(word: &str) -> Option<Short> {
        Self::ALL.into_iter().find(|short| short.word() == word)
    }
}

/// By when papers may be asked for the first time; none before acceptance.
pub fn ask_by(d: &Dossier, calendar: &Calendar, law: &Law) -> Option<Instant> {
    let accepted = d.accepted_at.filter(|_| d.supplement_requests == 0)?;
    calendar.due(accepted, law.send_back_within(accepted.day())).ok().map(|due| due.at)
}

/// By when an accepted dossier must be with the unit that settles it.
pub fn hand_on_by(d: &Dossier, calendar: &Calendar) -> Option<Instant> {
    matches!(d.state, State::Received { .. }).then(|| rules::pass_on_by(d.since, calendar)).flatten()
}

/// The limit that ends with this step of the dossier as it stands before it, and its last moment.
pub fn ended_by(d: &Dossier, verb: Verb, calendar: &Calendar, law: &Law) -> Option<(Short, Instant)> {
    Some(match (&d.state, verb) {
        (State::Filed { answer_by }, Verb::Receive | Verb::AskSupplement | Verb::Refuse) => {
            (Short::Answer, *answer_by)
        }
        (State::Received { .. } | State::InProcess { .. }, Verb::AskSupplement) => {
            (Short::Ask, ask_by(d, calendar, law)?)
        }
        (State::Received { .. }, Verb::PassOn | Verb::AskFee) => (Short::HandOn, hand_on_by(d, calendar)?),
        // The end of the day before the promised one.
        (_, Verb::Extend) => (Short::Apology, d.promised?.day().at(0).plus_minutes(-1)),
        _ => return None,
    })
}

/// Writes into the details of a step what it comes too late for.
pub fn mark(details: &mut Value, d: &Dossier, (verb, now): (Verb, Instant), calendar: &Calendar, law: &Law) {
    if let Some((short, by)) = ended_by(d, verb, calendar, law).filter(|(_, by)| now > *by) {
        details["late"] = json!({ "limit": short.word(), "by": by });
    }
}

/// The same of a line whose details are still a text.
pub fn missed_in(details: &str) -> Option<Short> {
    let details: Value = serde_json::from_str(details).ok()?;
    details["late"]["limit"].as_str().and_then(Short::from_word)
}

/// The short limit that this line of the log missed, and its last moment.
pub fn missed(h: &History) -> Option<(Short, Instant)> {
    let late = &h.details["late"];
    let short = late["limit"].as_str().and_then(Short::from_word)?;
    Some((short, serde_json::from_value(late["by"].clone()).ok()?))
}
