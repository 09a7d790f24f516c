//! The life of a dossier (hồ sơ), from filing to the returned result. Nothing here reads a
//! clock, a database or a request: the caller brings the instant, the procedure's terms and the
//! calendar, and keeps what comes back.
//!
//! Two machines, one inside the other. The outer one has the ten statuses that the country
//! shares (law: onestop/statuses); the inner one, the procedure's own steps, runs under
//! `InProcess` and is data (`procedure::Step`).

use base::{Instant, calendar::Calendar, calendar::Limit};

use super::law::Law;
use crate::procedure::model::{Step as Stage, StepKind};

/// The identifier of an internal step of a procedure, as its file writes it.
pub type StageId = String;

/// Where a dossier stands. A deadline exists only where one can be missed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Handed in; the counter has not answered yet.
    Filed { answer_by: Instant },
    /// Accepted: form 01 is out and the clock runs.
    Received { due: Instant },
    /// Reception refused, with a reason. Nothing follows.
    Declined { at: Instant },
    /// With the officials, at one of the procedure's own steps.
    InProcess { due: Instant, at: StageId },
    /// Waiting for the citizen's papers; the clock stands.
    Supplementing { asked: Instant, was: Was },
    /// Waiting for the citizen's payment; the clock stands.
    AwaitingFee { asked: Instant, due: Instant, at: StageId },
    /// Taken back by the citizen.
    Withdrawn { at: Instant },
    /// Ended by the agency, with a reason.
    Stopped { at: Instant },
    /// Decided: the result waits to be returned.
    Settled { at: Instant },
    /// The citizen has the result.
    Returned { at: Instant },
}

/// What a dossier was when papers were asked for, and so what it becomes when they come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Was {
    Filed,
    Received { due: Instant },
    InProcess { due: Instant, at: StageId },
}

/// The number under which a status is known in the whole country (law: onestop/statuses).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    Filed = 1,
    Received = 2,
    Declined = 3,
    InProcess = 4,
    Supplementing = 5,
    AwaitingFee = 6,
    Withdrawn = 7,
    Stopped = 8,
    Settled = 9,
    Returned = 10,
}

impl Status {
    /// All ten, in the order of their numbers.
    pub const ALL: [Status; 10] = [
        Status::Filed,
        Status::Received,
        Status::Declined,
        Status::InProcess,
        Status::Supplementing,
        Status::AwaitingFee,
        Status::Withdrawn,
        Status::Stopped,
        Status::Settled,
        Status::Returned,
    ];

    /// The shared number, 1 to 10.
    pub fn number(self) -> i64 {
        self as i64
    }

    /// The status with this number.
    pub fn from_number(number: i64) -> Option<Status> {
        Self::ALL.into_iter().find(|s| s.number() == number)
    }

    /// The word used in the API and as the end of keys in `words/`.
    pub fn word(self) -> &'static str {
        match self {
            Status::Filed => "filed",
            Status::Received => "received",
            Status::Declined => "declined",
            Status::InProcess => "in_process",
            Status::Supplementing => "supplementing",
            Status::AwaitingFee => "awaiting_fee",
            Status::Withdrawn => "withdrawn",
            Status::Stopped => "stopped",
            Status::Settled => "settled",
            Status::Returned => "returned",
        }
    }

    /// Nothing can happen to the dossier any more.
    pub fn is_final(self) -> bool {
        matches!(self, Status::Declined | Status::Withdrawn | Status::Stopped | Status::Returned)
    }
}

impl State {
    /// The shared status of this state.
    pub fn status(&self) -> Status {
        match self {
            State::Filed { .. } => Status::Filed,
            State::Received { .. } => Status::Received,
            State::Declined { .. } => Status::Declined,
            State::InProcess { .. } => Status::InProcess,
            State::Supplementing { .. } => Status::Supplementing,
            State::AwaitingFee { .. } => Status::AwaitingFee,
            State::Withdrawn { .. } => Status::Withdrawn,
            State::Stopped { .. } => Status::Stopped,
            State::Settled { .. } => Status::Settled,
            State::Returned { .. } => Status::Returned,
        }
    }

    /// The instant by which somebody in office must act, if the clock runs.
    pub fn deadline(&self) -> Option<Instant> {
        match self {
            State::Filed { answer_by } => Some(*answer_by),
            State::Received { due } | State::InProcess { due, .. } => Some(*due),
            _ => None,
        }
    }

    /// The promised time of the result, running or standing, once there is one.
    pub fn promised(&self) -> Option<Instant> {
        match self {
            State::Received { due } | State::InProcess { due, .. } | State::AwaitingFee { due, .. } => {
                Some(*due)
            }
            State::Supplementing { was: Was::Received { due } | Was::InProcess { due, .. }, .. } => {
                Some(*due)
            }
            _ => None,
        }
    }

    /// The same with another promise, for what the clock of the steps does not do: a changed calendar.
    pub fn with_promise(mut self, to: Instant) -> State {
        match &mut self {
            State::Received { due } | State::InProcess { due, .. } | State::AwaitingFee { due, .. } => {
                *due = to
            }
            State::Supplementing { was: Was::Received { due } | Was::InProcess { due, .. }, .. } => *due = to,
            _ => {}
        }
        self
    }

    /// The internal step where the dossier is, or will go on.
    pub fn stage(&self) -> Option<&str> {
        match self {
            State::InProcess { at, .. } | State::AwaitingFee { at, .. } => Some(at),
            State::Supplementing { was: Was::InProcess { at, .. }, .. } => Some(at),
            _ => None,
        }
    }
}

/// What somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::enum_variant_names, reason = "the word of the API is return_step")]
pub enum Step {
    Receive,
    AskSupplement,
    Supplement,
    Refuse,
    Withdraw,
    PassOn(StageId),
    ReturnStep(StageId),
    SubmitForSignature(StageId),
    Decide,
    AskFee,
    Pay,
    /// Moves the promised time to this later instant.
    Extend(Instant),
    Stop,
    ReturnResult,
}

/// The name of a step without what it carries: what lists, tables and the API speak of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    Receive,
    AskSupplement,
    Supplement,
    Refuse,
    Withdraw,
    PassOn,
    ReturnStep,
    SubmitForSignature,
    Decide,
    AskFee,
    Pay,
    Extend,
    Stop,
    ReturnResult,
}

impl Verb {
    /// Every verb, in the order in which a dossier usually meets them.
    pub const ALL: [Verb; 14] = [
        Verb::Receive,
        Verb::AskSupplement,
        Verb::Supplement,
        Verb::Refuse,
        Verb::Withdraw,
        Verb::PassOn,
        Verb::ReturnStep,
        Verb::SubmitForSignature,
        Verb::Decide,
        Verb::AskFee,
        Verb::Pay,
        Verb::Extend,
        Verb::Stop,
        Verb::ReturnResult,
    ];

    /// The word of the API, of the history and of keys in `words/`.
    pub fn word(self) -> &'static str {
        match self {
            Verb::Receive => "receive",
            Verb::AskSupplement => "ask_supplement",
            Verb::Supplement => "supplement",
            Verb::Refuse => "refuse",
            Verb::Withdraw => "withdraw",
            Verb::PassOn => "pass_on",
            Verb::ReturnStep => "return_step",
            Verb::SubmitForSignature => "submit_for_signature",
            Verb::Decide => "decide",
            Verb::AskFee => "ask_fee",
            Verb::Pay => "pay",
            Verb::Extend => "extend",
            Verb::Stop => "stop",
            Verb::ReturnResult => "return_result",
        }
    }

    /// The verb that goes by this word.
    pub fn from_word(word: &str) -> Option<Verb> {
        Self::ALL.into_iter().find(|v| v.word() == word)
    }
}

impl Step {
    /// The step's name.
    pub fn verb(&self) -> Verb {
        match self {
            Step::Receive => Verb::Receive,
            Step::AskSupplement => Verb::AskSupplement,
            Step::Supplement => Verb::Supplement,
            Step::Refuse => Verb::Refuse,
            Step::Withdraw => Verb::Withdraw,
            Step::PassOn(_) => Verb::PassOn,
            Step::ReturnStep(_) => Verb::ReturnStep,
            Step::SubmitForSignature(_) => Verb::SubmitForSignature,
            Step::Decide => Verb::Decide,
            Step::AskFee => Verb::AskFee,
            Step::Pay => Verb::Pay,
            Step::Extend(_) => Verb::Extend,
            Step::Stop => Verb::Stop,
            Step::ReturnResult => Verb::ReturnResult,
        }
    }
}

/// Whether the clock starts again from zero or goes on after the citizen's papers came: a
/// parameter of the frame (law: onestop/supplement-clock), kept as a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterSupplement {
    Restart,
    Resume,
}

impl AfterSupplement {
    /// The word in rows.
    pub fn word(self) -> &'static str {
        match self {
            AfterSupplement::Restart => "restart",
            AfterSupplement::Resume => "resume",
        }
    }

    /// The reading of this word in the row.
    pub fn from_word(word: &str) -> Option<AfterSupplement> {
        match word {
            "restart" => Some(AfterSupplement::Restart),
            "resume" => Some(AfterSupplement::Resume),
            _ => None,
        }
    }
}

/// What the law in force says, taken from the dossier's own procedure version and frame.
pub struct Terms<'a> {
    /// Absent where no source states one: then nothing can be promised, and reception says so.
    pub limit: Option<Limit>,
    /// The readings that change with the day: what counts is the day on which a step was taken.
    pub law: &'a Law,
    pub calendar: &'a Calendar,
    /// The procedure's own steps, the first one first.
    pub stages: &'a [Stage],
    pub used: Used,
}

/// What a dossier has used up of that which the law allows once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// How often papers were asked for.
    pub requests: i64,
    /// How often the promised time was moved.
    pub extensions: i64,
}

/// Why a step cannot be taken. The facts go on the page of whoever asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotAllowed {
    /// The country's table has no such move.
    FromHere(Status, Verb),
    /// The procedure's own steps do not lead there.
    NoSuchStage { from: Option<StageId>, to: StageId },
    /// Only a step of signature ends in a decision.
    NotAtSignature,
    /// The procedure's file states no limit, so no time can be promised.
    NoLimit,
    /// The calendar cannot count this limit.
    Uncountable,
    /// The promised time was moved once before.
    ExtendedBefore,
    /// The new time is not later than the promised one, or has passed already.
    NotLater { promised: Instant },
}

impl Terms<'_> {
    fn due(&self, from: Instant) -> Result<Instant, NotAllowed> {
        let limit = self.limit.ok_or(NotAllowed::NoLimit)?;
        self.calendar.due(from, limit).map(|due| due.at).map_err(|_| NotAllowed::Uncountable)
    }

    /// By when the counter answers what it finds waiting at `from`. law: onestop/reception-answer
    pub fn answer_by(&self, from: Instant) -> Result<Instant, NotAllowed> {
        let within = self.law.answer_within(from.day());
        self.calendar.due(from, within).map(|due| due.at).map_err(|_| NotAllowed::Uncountable)
    }

    /// The promised time after the citizen's papers came, by the reading in force on the day on which they
    /// were asked for. law: onestop/supplement-clock
    fn due_again(&self, due: Instant, asked: Instant, now: Instant) -> Result<Instant, NotAllowed> {
        match self.law.after_supplement(asked.day()) {
            AfterSupplement::Restart => self.due(now),
            AfterSupplement::Resume => Ok(self.calendar.shift(due, asked..now)),
        }
    }

    fn stage(&self, id: &str) -> Option<&Stage> {
        self.stages.iter().find(|s| s.id == id)
    }

    /// The internal step that begins the work.
    pub fn first(&self) -> Option<&Stage> {
        self.stages.first()
    }
}

/// The state after `step` at `now`. This table is the whole procedure: a pair that is not in it
/// is not allowed, and the first test prints every pair.
pub fn after(state: &State, step: &Step, now: Instant, terms: &Terms) -> Result<State, NotAllowed> {
    use State::*;
    Ok(match (state, step) {
        (Filed { .. }, Step::Receive) => Received { due: terms.due(now)? },
        (Filed { .. }, Step::Refuse) => Declined { at: now },

        (Filed { .. }, Step::AskSupplement) => Supplementing { asked: now, was: Was::Filed },
        (Received { due }, Step::AskSupplement) => {
            Supplementing { asked: now, was: Was::Received { due: *due } }
        }
        (InProcess { due, at }, Step::AskSupplement) => {
            Supplementing { asked: now, was: Was::InProcess { due: *due, at: at.clone() } }
        }
        (Supplementing { asked, was }, Step::Supplement) => match was {
            // Papers that came are filed, not accepted: the counter looks at them as at the first ones.
            // law: onestop/filing-proof
            Was::Filed => Filed { answer_by: terms.answer_by(now)? },
            Was::Received { due } => Received { due: terms.due_again(*due, *asked, now)? },
            Was::InProcess { due, at } => {
                InProcess { due: terms.due_again(*due, *asked, now)?, at: at.clone() }
            }
        },

        (Received { due }, Step::PassOn(to)) => InProcess { due: *due, at: begin(to, terms)? },
        (InProcess { due, at }, Step::PassOn(to)) => {
            InProcess { due: *due, at: onward(at, to, StepKind::Work, terms)? }
        }
        (InProcess { due, at }, Step::SubmitForSignature(to)) => {
            InProcess { due: *due, at: onward(at, to, StepKind::Sign, terms)? }
        }
        (InProcess { due, at }, Step::ReturnStep(to)) => InProcess { due: *due, at: back(at, to, terms)? },
        (InProcess { at, .. }, Step::Decide) => match terms.stage(at) {
            Some(stage) if stage.kind == StepKind::Sign => Settled { at: now },
            _ => return Err(NotAllowed::NotAtSignature),
        },

        (Received { due }, Step::AskFee) => {
            let first = terms.first().ok_or(NotAllowed::NotAtSignature)?;
            AwaitingFee { asked: now, due: *due, at: first.id.clone() }
        }
        (InProcess { due, at }, Step::AskFee) => AwaitingFee { asked: now, due: *due, at: at.clone() },
        // The citizen's time to pay is outside the clock. law: onestop/fee-clock
        (AwaitingFee { asked, due, at }, Step::Pay) => {
            InProcess { due: terms.calendar.shift(*due, *asked..now), at: at.clone() }
        }

        (Received { due }, Step::Extend(to)) => Received { due: later(*due, *to, now, terms)? },
        (InProcess { due, at }, Step::Extend(to)) => {
            InProcess { due: later(*due, *to, now, terms)?, at: at.clone() }
        }

        (
            Filed { .. } | Received { .. } | InProcess { .. } | Supplementing { .. } | AwaitingFee { .. },
            Step::Withdraw,
        ) => Withdrawn { at: now },
        (Received { .. } | InProcess { .. } | Supplementing { .. } | AwaitingFee { .. }, Step::Stop) => {
            Stopped { at: now }
        }
        (Settled { .. }, Step::ReturnResult) => Returned { at: now },

        (from, step) => return Err(NotAllowed::FromHere(from.status(), step.verb())),
    })
}

fn begin(to: &str, terms: &Terms) -> Result<StageId, NotAllowed> {
    match terms.first() {
        Some(first) if first.id == to => Ok(first.id.clone()),
        _ => Err(NotAllowed::NoSuchStage { from: None, to: to.into() }),
    }
}

fn onward(from: &str, to: &str, kind: StepKind, terms: &Terms) -> Result<StageId, NotAllowed> {
    let leads_there = terms.stage(from).is_some_and(|s| s.next.iter().any(|n| n == to));
    match terms.stage(to) {
        Some(stage) if leads_there && stage.kind == kind => Ok(stage.id.clone()),
        _ => Err(NotAllowed::NoSuchStage { from: Some(from.into()), to: to.into() }),
    }
}

fn back(from: &str, to: &str, terms: &Terms) -> Result<StageId, NotAllowed> {
    match terms.stage(from) {
        Some(stage) if stage.may_return_to.iter().any(|r| r == to) && terms.stage(to).is_some() => {
            Ok(to.into())
        }
        _ => Err(NotAllowed::NoSuchStage { from: Some(from.into()), to: to.into() }),
    }
}

/// The promised time may be moved once. law: onestop/late
fn later(promised: Instant, to: Instant, now: Instant, terms: &Terms) -> Result<Instant, NotAllowed> {
    match terms.used.extensions {
        0 if to > promised && to > now => Ok(to),
        0 => Err(NotAllowed::NotLater { promised }),
        _ => Err(NotAllowed::ExtendedBefore),
    }
}

/// By when an accepted dossier must be with the unit that settles it: the same day, or for one accepted
/// after the cut-off (15:00) the opening of the next working day. law: onestop/transfer
pub fn pass_on_by(accepted: Instant, calendar: &Calendar) -> Option<Instant> {
    let same_day = calendar.due(accepted, Limit::SameDay).ok()?.at;
    let day = same_day.day();
    Some(if day == accepted.day() { same_day } else { calendar.next_open(day.at(0)) })
}

/// As whom somebody meets a dossier. One person may hold several seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seat {
    /// The citizen or enterprise whose dossier it is.
    Applicant,
    /// A clerk of the counter that received it.
    Counter,
    /// An official of the unit and role that hold the current internal step.
    Desk,
    /// A leader of the agency that settles it.
    Leader,
    /// A bank whose notice is proven, or the rule that forgives what was owed.
    Bank,
}

/// Whether whoever sits in `seat` may ask for `verb` while the dossier has this status. What the
/// law leaves open (who stops, who records a payment at the counter) is our practice.
pub fn may(seat: Seat, verb: Verb, status: Status) -> bool {
    use Verb::*;
    match seat {
        // Whoever owes does not say that it is paid: the bank says it, or the counter that took it.
        Seat::Applicant => matches!(verb, Supplement | Withdraw),
        Seat::Bank => verb == Pay,
        Seat::Counter => match verb {
            Receive | Refuse | Supplement | Pay | ReturnResult | Withdraw => true,
            AskSupplement => matches!(status, Status::Filed | Status::Received),
            PassOn | AskFee | Extend => status == Status::Received,
            Stop => matches!(status, Status::Received | Status::Supplementing | Status::AwaitingFee),
            _ => false,
        },
        Seat::Desk => {
            status == Status::InProcess
                && matches!(
                    verb,
                    PassOn
                        | ReturnStep
                        | SubmitForSignature
                        | AskSupplement
                        | AskFee
                        | Decide
                        | Extend
                        | Stop
                )
        }
        Seat::Leader => match verb {
            AskSupplement => matches!(status, Status::Filed | Status::Received | Status::InProcess),
            Extend => matches!(status, Status::Received | Status::InProcess),
            _ => false,
        },
    }
}

/// Whether only a leader may take this step; others lay it before one. A second request for papers
/// is such a step, because people must be told everything at once, and so is a later promise, whose
/// apology the head of the unit signs. law: onestop/guide-once, onestop/form-04
pub fn needs_leader(verb: Verb, used: Used) -> bool {
    match verb {
        Verb::AskSupplement => used.requests > 0,
        Verb::Extend => true,
        _ => false,
    }
}

/// The steps that may be laid before a leader from `seats`, none of which is a leader's.
pub fn proposable(state: &State, seats: &[Seat], now: Instant, terms: &Terms) -> Vec<Verb> {
    let status = state.status();
    Verb::ALL
        .into_iter()
        .filter(|verb| needs_leader(*verb, terms.used) && !seats.contains(&Seat::Leader))
        .filter(|verb| seats.iter().any(|seat| may(*seat, *verb, status)))
        .filter(|verb| after(state, &step_with(*verb, String::new()), now, terms).is_ok())
        .collect()
}

/// Every step that can be taken now from `seats`, with the internal steps it may lead to.
/// Derived from [`after`], so that a page never offers what the rules refuse.
pub fn open(state: &State, seats: &[Seat], now: Instant, terms: &Terms) -> Vec<(Verb, Vec<StageId>)> {
    let status = state.status();
    Verb::ALL
        .into_iter()
        .filter(|verb| seats.iter().any(|seat| may(*seat, *verb, status)))
        .filter(|verb| !needs_leader(*verb, terms.used) || seats.contains(&Seat::Leader))
        .filter_map(|verb| match step_with(verb, String::new()) {
            Step::PassOn(_) | Step::ReturnStep(_) | Step::SubmitForSignature(_) => {
                let to: Vec<StageId> = terms
                    .stages
                    .iter()
                    .map(|s| s.id.clone())
                    .filter(|id| after(state, &step_with(verb, id.clone()), now, terms).is_ok())
                    .collect();
                (!to.is_empty()).then_some((verb, to))
            }
            step => after(state, &step, now, terms).is_ok().then_some((verb, Vec::new())),
        })
        .collect()
}

/// The step of this name; `to` matters to the three that go to an internal step.
pub fn step_with(verb: Verb, to: StageId) -> Step {
    match verb {
        Verb::Receive => Step::Receive,
        Verb::AskSupplement => Step::AskSupplement,
        Verb::Supplement => Step::Supplement,
        Verb::Refuse => Step::Refuse,
        Verb::Withdraw => Step::Withdraw,
        Verb::PassOn => Step::PassOn(to),
        Verb::ReturnStep => Step::ReturnStep(to),
        Verb::SubmitForSignature => Step::SubmitForSignature(to),
        Verb::Decide => Step::Decide,
        Verb::AskFee => Step::AskFee,
        Verb::Pay => Step::Pay,
        // A time later than any promise: whether the step may be taken does not hang on which.
        Verb::Extend => Step::Extend(Instant::from_micros(i64::MAX)),
        Verb::Stop => Step::Stop,
        Verb::ReturnResult => Step::ReturnResult,
    }
}
