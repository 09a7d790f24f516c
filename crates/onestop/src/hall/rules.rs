//! Who is called next, what may be done with a ticket, when one may come, and how long people waited.
//! Nothing here reads a clock, a database or a request.

use base::Instant;
use base::calendar::Span;

/// Where a ticket stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Waiting,
    Called,
    Serving,
    Served,
    NoShow,
}

impl State {
    /// Every one.
    pub const ALL: [State; 5] = [State::Waiting, State::Called, State::Serving, State::Served, State::NoShow];

    /// The word in rows and in `words/`.
    pub fn word(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Called => "called",
            State::Serving => "serving",
            State::Served => "served",
            State::NoShow => "no-show",
        }
    }

    /// The one of this word.
    pub fn from_word(word: &str) -> Option<State> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }
}

/// What a clerk does with a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Call,
    Recall,
    Start,
    Finish,
    Miss,
    Transfer,
}

impl Action {
    /// Every one.
    pub const ALL: [Action; 6] =
        [Action::Call, Action::Recall, Action::Start, Action::Finish, Action::Miss, Action::Transfer];

    /// The word in addresses and in `words/`.
    pub fn word(self) -> &'static str {
        match self {
            Action::Call => "call",
            Action::Recall => "recall",
            Action::Start => "start",
            Action::Finish => "finish",
            Action::Miss => "miss",
            Action::Transfer => "transfer",
        }
    }
}

/// The state after an action; none where there is no such move.
pub fn after(state: State, action: Action) -> Option<State> {
    match (state, action) {
        (State::Waiting, Action::Call) => Some(State::Called),
        // Somebody who was not there comes back: the same number is called again.
        (State::Called | State::NoShow, Action::Recall) => Some(State::Called),
        (State::Called, Action::Start) => Some(State::Serving),
        (State::Called | State::Serving, Action::Finish) => Some(State::Served),
        (State::Called, Action::Miss) => Some(State::NoShow),
        (State::Called | State::Serving, Action::Transfer) => Some(State::Waiting),
        _ => None,
    }
}

/// In which order tickets are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// The elderly, people with disabilities, pregnant women. law: onestop/hall-priority
    Priority,
    /// Somebody who comes at the time booked, or who was handed on by another desk.
    Booked,
    Ordinary,
}

impl Rank {
    /// The word in rows.
    pub fn word(self) -> &'static str {
        match self {
            Rank::Priority => "priority",
            Rank::Booked => "booked",
            Rank::Ordinary => "ordinary",
        }
    }

    /// The one of this word.
    pub fn from_word(word: &str) -> Option<Rank> {
        [Rank::Priority, Rank::Booked, Rank::Ordinary].into_iter().find(|r| r.word() == word)
    }
}

/// A ticket that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub id: String,
    pub number: i64,
    pub rank: Rank,
    /// Before this a booked ticket waits like any other.
    pub ready_at: Instant,
}

/// Who is called next. Priority goes first, but after `run_max` priority calls in a row (`run` were
/// the last ones) somebody else is called, if anybody else waits. law: onestop/hall-priority
pub fn next(waiting: &[Waiting], run: u32, run_max: u32, now: Instant) -> Option<&Waiting> {
    let rank = |w: &Waiting| match w.rank {
        Rank::Booked if now < w.ready_at => Rank::Ordinary,
        rank => rank,
    };
    let first = |wanted: &dyn Fn(Rank) -> bool| {
        waiting.iter().filter(|w| wanted(rank(w))).min_by_key(|w| (rank(w), w.number))
    };
    let others = first(&|r| r != Rank::Priority);
    if run >= run_max && others.is_some() {
        return others;
    }
    first(&|_| true)
}

/// The times one may book on a day: whole slots inside the hours of the counter.
pub fn slots(spans: &[Span], slot_minutes: u16) -> Vec<u16> {
    let step = slot_minutes.max(1);
    let mut times = Vec::new();
    for span in spans {
        let mut at = span.open;
        while at + step <= span.close {
            times.push(at);
            at += step;
        }
    }
    times
}

/// The times of one ticket.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    pub state: State,
    pub taken_at: Instant,
    pub first_called_at: Option<Instant>,
    pub started_at: Option<Instant>,
    pub done_at: Option<Instant>,
    pub desk: Option<i64>,
}

/// The figures of a day. Waits are from the ticket to its first call, in whole seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    pub taken: usize,
    pub waiting: usize,
    pub served: usize,
    pub missed: usize,
    /// How many were called, and so have a wait.
    pub called: usize,
    pub wait_mean_s: i64,
    /// Nine of ten waited at most so long (nearest rank).
    pub wait_p90_s: i64,
    pub wait_max_s: i64,
    /// Of an hour of the day: tickets taken, and served.
    pub hours: Vec<(u16, usize, usize)>,
    /// Of a desk: served, and the mean time of service in seconds.
    pub desks: Vec<(i64, usize, i64)>,
}

/// Computes them from the tickets themselves.
pub fn figures(tickets: &[Times]) -> Figures {
    let count = |state: State| tickets.iter().filter(|t| t.state == state).count();
    let mut waits: Vec<i64> =
        tickets.iter().filter_map(|t| Some(seconds(t.taken_at, t.first_called_at?))).collect();
    waits.sort_unstable();
    let hour = |at: Instant| at.minute_of_day() / 60;
    let served_at = |t: &Times| t.done_at.filter(|_| t.state == State::Served).map(hour);
    let mut hours: Vec<u16> = tickets.iter().map(|t| hour(t.taken_at)).collect();
    hours.extend(tickets.iter().filter_map(served_at));
    hours.sort_unstable();
    hours.dedup();
    let of_hour = |h: u16| {
        let taken = tickets.iter().filter(|t| hour(t.taken_at) == h).count();
        (h, taken, tickets.iter().filter(|t| served_at(t) == Some(h)).count())
    };
    let mut desks: Vec<i64> =
        tickets.iter().filter(|t| t.state == State::Served).filter_map(|t| t.desk).collect();
    desks.sort_unstable();
    desks.dedup();
    let of_desk = |n: i64| {
        let served: Vec<&Times> =
            tickets.iter().filter(|t| t.state == State::Served && t.desk == Some(n)).collect();
        let times: Vec<i64> = served
            .iter()
            .filter_map(|t| Some(seconds(t.started_at.or(t.first_called_at)?, t.done_at?)))
            .collect();
        (n, served.len(), mean(&times))
    };
    Figures {
        taken: tickets.len(),
        waiting: count(State::Waiting),
        served: count(State::Served),
        missed: count(State::NoShow),
        called: waits.len(),
        wait_mean_s: mean(&waits),
        wait_p90_s: nearest_rank(&waits, 90),
        wait_max_s: waits.last().copied().unwrap_or(0),
        hours: hours.into_iter().map(of_hour).collect(),
        desks: desks.into_iter().map(of_desk).collect(),
    }
}

fn seconds(from: Instant, to: Instant) -> i64 {
    ((to.micros() - from.micros()) / 1_000_000).max(0)
}

fn mean(values: &[i64]) -> i64 {
    let n = i64::try_from(values.len()).unwrap_or(i64::MAX);
    if n == 0 { 0 } else { (values.iter().sum::<i64>() + n / 2) / n }
}

/// The smallest value that so many of a hundred do not exceed; `sorted` is in order.
fn nearest_rank(sorted: &[i64], percent: usize) -> i64 {
    let rank = (sorted.len() * percent).div_ceil(100);
    rank.checked_sub(1).and_then(|at| sorted.get(at)).copied().unwrap_or(0)
}
