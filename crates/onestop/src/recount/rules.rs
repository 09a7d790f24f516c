//! What a change of the calendar asks of a promise. It changes nothing by itself.

use base::Instant;
use base::calendar::Calendar;

use crate::dossier::History;
use crate::dossier::rules::{self, State, Terms, Verb};

/// Why another time should be promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The same limit, counted by the calendar as it is now, ends later.
    Counted,
    /// Nobody is in office on the promised day.
    Closed,
}

impl Why {
    /// The word in rows and as the end of keys in `words/`.
    pub fn word(self) -> &'static str {
        match self {
            Why::Counted => "counted",
            Why::Closed => "closed",
        }
    }
}

/// The time that should be promised instead of `promised`, if any. Only a later one: whoever was promised
/// an earlier time than the calendar asks for now keeps it.
pub fn proposal(
    promised: Instant,
    answer_by: Instant,
    log: &[History],
    terms: &Terms<'_>,
) -> Option<(Instant, Why)> {
    let counted = counted(answer_by, log, terms).filter(|due| *due > promised);
    counted
        .map(|due| (due, Why::Counted))
        .or_else(|| Some((moved_off(promised, terms.calendar)?, Why::Closed)))
}

/// The promise to which the log leads by the calendar of `terms`. A day that a leader chose stays chosen.
/// None where the log does not tell how the promise was made, as in dossiers that were taken over.
fn counted(answer_by: Instant, log: &[History], terms: &Terms<'_>) -> Option<Instant> {
    let mut state = State::Filed { answer_by };
    for line in log.iter().skip(1) {
        let Some(verb) = Verb::from_word(&line.verb) else {
            if line.from == line.to {
                continue; // said or done beside the steps
            }
            return None;
        };
        if line.from != state.status() {
            return None;
        }
        state = match verb {
            Verb::Extend => state.with_promise(line.promised?),
            verb => {
                let step = rules::step_with(verb, line.to_stage.clone().unwrap_or_default());
                rules::after(&state, &step, line.at, terms).ok()?
            }
        };
    }
    state.promised()
}

/// The close of the next working day, for a time on a day on which nobody works.
fn moved_off(promised: Instant, calendar: &Calendar) -> Option<Instant> {
    let closed = !calendar.is_working_day(promised.day());
    closed.then(|| calendar.close_of(calendar.next_open(promised).day()))
}
