//! `cuulong procedure simulate`: invented citizens go through a procedure, so that a dead end, a
//! second request or a promise nobody can keep is met here and not by a citizen.
//!
//! The rules are the product's own: the form's check, the faults of filing, the life of a dossier,
//! the working calendar. What people do is invented, and stands in [`HABITS`].

mod flow;
pub mod people;
mod report;
#[cfg(test)]
mod tests;

use base::{Calendar, Day};

use super::model::Procedure;
use crate::dossier::rules::AfterSupplement;

pub use report::Report;

/// How many people, which ones, and over which days they come.
#[derive(Clone, Debug)]
pub struct Plan {
    pub people: u32,
    pub seed: u64,
    /// The first day on which somebody files.
    pub from: Day,
    /// Days over which people come, evenly, at any hour.
    pub days: u32,
    pub after_supplement: AfterSupplement,
}

/// How people and offices behave, in thousandths where nothing else is said. Ours: no source
/// measures it, and a run compares one file with another rather than with the world.
pub struct Habits {
    /// An answer is left out or mistyped.
    pub careless: u64,
    /// A paper that must be there is forgotten.
    pub forgotten: u64,
    /// A paper is of no use: unreadable, the wrong one, out of date.
    pub bad_paper: u64,
    /// The counter sees that a paper is of no use.
    pub seen_at_counter: u64,
    /// A later desk sees it.
    pub seen_at_desk: u64,
    /// A desk sends the dossier back a step, where it may.
    pub sent_back: u64,
    /// A step takes longer than its limit: up to a fifth longer.
    pub overrun: u64,
    /// Days after which papers asked for come.
    pub answers_within_days: i64,
    /// The applicant asks somebody to agree who need not.
    pub invites: u64,
    /// Somebody who is asked says no first, and agrees after a correction.
    pub declines: u64,
    /// Days after which somebody who is asked answers.
    pub agrees_within_days: i64,
}

/// The habits of every run.
pub const HABITS: Habits = Habits {
    careless: 30,
    forgotten: 60,
    bad_paper: 60,
    seen_at_counter: 700,
    seen_at_desk: 800,
    sent_back: 40,
    overrun: 30,
    answers_within_days: 10,
    invites: 500,
    declines: 20,
    agrees_within_days: 3,
};

/// Sends the people of the plan through the procedure.
pub fn simulate(procedure: &Procedure, calendar: &Calendar, plan: &Plan) -> Report {
    let mut report = report::Counting::new(procedure);
    for nth in 0..plan.people {
        flow::go(procedure, calendar, plan, nth, &mut report);
    }
    report.finish(calendar, plan)
}

/// The same, telling after each person how many have gone; none once `go_on` says no.
pub fn simulate_while(
    procedure: &Procedure,
    calendar: &Calendar,
    plan: &Plan,
    mut go_on: impl FnMut(u32) -> bool,
) -> Option<Report> {
    let mut report = report::Counting::new(procedure);
    for nth in 0..plan.people {
        flow::go(procedure, calendar, plan, nth, &mut report);
        if !go_on(nth + 1) {
            return None;
        }
    }
    Some(report.finish(calendar, plan))
}

/// The same for the text of a file that is not in the catalogue yet.
pub fn of_text(text: &str, calendar: &Calendar, plan: &Plan) -> Result<Report, super::model::ParseProblem> {
    Ok(simulate(&super::model::parse(text)?, calendar, plan))
}
