//! The life of a petition (phản ánh, kiến nghị), from its receipt to the published answer. Nothing
//! here reads a clock, a database or a request.

use base::Instant;
use base::calendar::{Calendar, Limit};

/// Where a petition stands. A deadline exists only where one can be missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// With the counter, which refuses, asks or forwards.
    Received { refuse_by: Instant, sort_by: Instant, answer_by: Instant },
    /// With the sender, who is asked for what is missing; the clock stands.
    Incomplete { asked: Instant },
    /// Not taken, with a reason and its legal basis.
    Refused { at: Instant },
    /// With the unit that is to answer.
    Forwarded { answer_by: Instant },
    /// The sender has the answer; it waits for a leader to let it be published.
    Answered { at: Instant, publish_by: Instant },
    /// Anybody may read it.
    Published { at: Instant },
    /// Answered, and not for everybody's eyes.
    Withheld { at: Instant },
}

/// The bare name of a state, as rows and lists have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Received,
    Incomplete,
    Refused,
    Forwarded,
    Answered,
    Published,
    Withheld,
}

impl Standing {
    /// Every one, in the order of a petition's life.
    pub const ALL: [Standing; 7] = [
        Standing::Received,
        Standing::Incomplete,
        Standing::Refused,
        Standing::Forwarded,
        Standing::Answered,
        Standing::Published,
        Standing::Withheld,
    ];

    /// The word in rows, in the API and in `words/`.
    pub fn word(self) -> &'static str {
        match self {
            Standing::Received => "received",
            Standing::Incomplete => "incomplete",
            Standing::Refused => "refused",
            Standing::Forwarded => "forwarded",
            Standing::Answered => "answered",
            Standing::Published => "published",
            Standing::Withheld => "withheld",
        }
    }

    /// The one of this word.
    pub fn from_word(word: &str) -> Option<Standing> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }
}

impl State {
    /// Its bare name.
    pub fn standing(self) -> Standing {
        match self {
            State::Received { .. } => Standing::Received,
            State::Incomplete { .. } => Standing::Incomplete,
            State::Refused { .. } => Standing::Refused,
            State::Forwarded { .. } => Standing::Forwarded,
            State::Answered { .. } => Standing::Answered,
            State::Published { .. } => Standing::Published,
            State::Withheld { .. } => Standing::Withheld,
        }
    }

    /// The running clock: what the officials must do next, by when.
    pub fn deadline(self) -> Option<Instant> {
        match self {
            State::Received { sort_by, .. } => Some(sort_by),
            State::Forwarded { answer_by } => Some(answer_by),
            State::Answered { publish_by, .. } => Some(publish_by),
            _ => None,
        }
    }
}

/// What somebody does with a petition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    AskCompletion,
    Complete,
    Refuse,
    Forward,
    Answer,
    Publish,
    Withhold,
}

impl Verb {
    /// Every one, in the order of buttons.
    pub const ALL: [Verb; 7] = [
        Verb::Forward,
        Verb::Answer,
        Verb::Publish,
        Verb::AskCompletion,
        Verb::Complete,
        Verb::Refuse,
        Verb::Withhold,
    ];

    /// The word in rows and in `words/`.
    pub fn word(self) -> &'static str {
        match self {
            Verb::AskCompletion => "ask_completion",
            Verb::Complete => "complete",
            Verb::Refuse => "refuse",
            Verb::Forward => "forward",
            Verb::Answer => "answer",
            Verb::Publish => "publish",
            Verb::Withhold => "withhold",
        }
    }
}

/// The limits in force, on the calendar of the unit that received it. law: onestop/petition-limits
pub struct Terms<'a> {
    pub refuse: Limit,
    pub sort: Limit,
    pub answer: Limit,
    pub publish: Limit,
    pub calendar: &'a Calendar,
}

impl Terms<'_> {
    fn due(&self, now: Instant, limit: Limit) -> Result<Instant, NotAllowed> {
        self.calendar.due(now, limit).map(|due| due.at).map_err(|_| NotAllowed::Uncountable)
    }
}

/// Why a step is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAllowed {
    /// There is no such move.
    FromHere(Standing, Verb),
    /// Nobody in that seat takes this step.
    NotYours(Verb),
    /// Whoever answered may not be the one who approves.
    FourEyes,
    /// The calendar ends before the limit does.
    Uncountable,
}

/// A petition that has just come in, or come back complete: every limit begins now.
pub fn received(now: Instant, terms: &Terms) -> Result<State, NotAllowed> {
    Ok(State::Received {
        refuse_by: terms.due(now, terms.refuse)?,
        sort_by: terms.due(now, terms.sort)?,
        answer_by: terms.due(now, terms.answer)?,
    })
}

/// The state after `verb` at `now`. A pair that is not in this match is not allowed, and the first
/// test prints every pair.
pub fn after(state: State, verb: Verb, now: Instant, terms: &Terms) -> Result<State, NotAllowed> {
    use State::*;
    Ok(match (state, verb) {
        (Received { .. }, Verb::AskCompletion) => Incomplete { asked: now },
        // law: onestop/petition-clock
        (Incomplete { .. }, Verb::Complete) => received(now, terms)?,
        (Received { .. } | Incomplete { .. }, Verb::Refuse) => Refused { at: now },
        // The sender was promised an answer by then; handing it on moves nothing.
        (Received { answer_by, .. } | Forwarded { answer_by }, Verb::Forward) => Forwarded { answer_by },
        (Forwarded { .. }, Verb::Answer) => Answered { at: now, publish_by: terms.due(now, terms.publish)? },
        (Answered { .. }, Verb::Publish) => Published { at: now },
        (Answered { .. }, Verb::Withhold) => Withheld { at: now },
        (from, verb) => return Err(NotAllowed::FromHere(from.standing(), verb)),
    })
}

/// The limit that runs for this step in this state, if one does.
pub fn limit_of(state: State, verb: Verb) -> Option<Instant> {
    match (state, verb) {
        (State::Received { refuse_by, .. }, Verb::Refuse) => Some(refuse_by),
        (State::Received { sort_by, .. }, Verb::Forward | Verb::AskCompletion) => Some(sort_by),
        (State::Forwarded { answer_by }, Verb::Answer) => Some(answer_by),
        (State::Answered { publish_by, .. }, Verb::Publish | Verb::Withhold) => Some(publish_by),
        _ => None,
    }
}

/// As whom somebody meets a petition. One person may hold several seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seat {
    /// Who sent it: signed in, or with the code to follow.
    Sender,
    /// A clerk of the counter that received it.
    Intake,
    /// An officer or leader of the unit that is to answer.
    Holder,
    /// A leader of the agency that answers.
    Approver,
}

/// Whether whoever sits in `seat` may ask for `verb`.
pub fn may(seat: Seat, verb: Verb) -> bool {
    match seat {
        Seat::Sender => verb == Verb::Complete,
        Seat::Intake => matches!(verb, Verb::AskCompletion | Verb::Complete | Verb::Refuse | Verb::Forward),
        Seat::Holder => matches!(verb, Verb::Forward | Verb::Answer),
        Seat::Approver => matches!(verb, Verb::Forward | Verb::Publish | Verb::Withhold),
    }
}

/// Two persons stand behind what is published: who answered, and who approves.
/// law: onestop/petition-four-eyes
pub fn four_eyes(verb: Verb, answered_by: Option<&str>, who: &str) -> Result<(), NotAllowed> {
    match verb {
        Verb::Publish | Verb::Withhold if answered_by == Some(who) => Err(NotAllowed::FourEyes),
        _ => Ok(()),
    }
}

/// The steps open from these seats. Derived from [`after`], so that no page offers what is refused.
pub fn open(state: State, seats: &[Seat], now: Instant, terms: &Terms) -> Vec<Verb> {
    Verb::ALL
        .into_iter()
        .filter(|verb| seats.iter().any(|seat| may(*seat, *verb)) && after(state, *verb, now, terms).is_ok())
        .collect()
}

/// What of a text would tell who sent the petition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Personal {
    Name,
    Phone,
    /// A run of nine or more digits: a personal number, a phone or an account of somebody.
    Number,
}

/// The first thing in a text meant for everybody that would tell a person, if there is one.
pub fn personal(text: &str, name: &str, phone: &str) -> Option<Personal> {
    let (folded, name) = (base::text::fold(text), base::text::fold(name));
    if name.contains(' ') && folded.contains(&name) {
        return Some(Personal::Name);
    }
    let mut digits = String::new();
    for c in text.chars().chain(['\n']) {
        match c {
            c if c.is_ascii_digit() => digits.push(c),
            ' ' | '.' | '-' => {}
            _ => {
                let own: String = phone.chars().filter(char::is_ascii_digit).collect();
                if !own.is_empty() && digits.contains(&own) {
                    return Some(Personal::Phone);
                }
                if digits.len() >= 9 {
                    return Some(Personal::Number);
                }
                digits.clear();
            }
        }
    }
    None
}
