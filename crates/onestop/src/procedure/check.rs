//! What is wrong with a procedure's file, found without running it. A wrong limit or a
//! dead end in a process is found here, before a citizen's dossier meets it.

mod finding;
mod interlinked;
mod place;
mod questions;
mod result;
mod routing;
mod signers;
mod steps;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use base::Limit;

use super::model::{Channel, Procedure};

pub use finding::{Finding, Severity};
pub use place::Lines;
pub use result::is_ministry_code;

/// Office hours of a usual day. Only for comparing step limits with the legal limit: the
/// deadline itself is counted by the unit's own calendar.
const WORKING_MINUTES_PER_DAY: u64 = 8 * 60;

/// Everything found in one procedure, errors and warnings in reading order.
pub fn check(procedure: &Procedure) -> Vec<Finding> {
    let mut found = Vec::new();
    head(procedure, &mut found);
    components(procedure, &mut found);
    if let Some(form) = &procedure.form {
        questions::pages(form, &mut found);
        questions::fields(form, &mut found);
        questions::each(form, &mut found);
        questions::known(form, &mut found);
        questions::used(procedure, form, &mut found);
    }
    steps::check(procedure, &mut found);
    result::check(procedure, &mut found);
    interlinked::check(procedure, &mut found);
    routing::check(procedure, &mut found);
    signers::check(procedure, &mut found);
    found.extend(procedure.doubts.iter().cloned().map(|text| Finding::Doubt { text }));
    found
}

fn head(procedure: &Procedure, found: &mut Vec<Finding>) {
    if procedure.levels.is_empty() {
        found.push(Finding::NoLevel {});
    }
    if procedure.valid_to.is_some_and(|last| last < procedure.valid_from) {
        found.push(Finding::ValidBackwards {});
    }
    let online = procedure.online;
    if online && procedure.form.is_none() {
        found.push(Finding::OnlineWithoutForm {});
    }
    match (online, procedure.channels.contains(&Channel::Online)) {
        (true, false) => found.push(Finding::OnlineChannelMissing {}),
        (false, true) => found.push(Finding::OnlineChannelOpen {}),
        _ => {}
    }
    match (&procedure.limit, &procedure.limit_confidence) {
        (None, _) if online => found.push(Finding::OnlineWithoutLimit {}),
        (None, _) => found.push(Finding::LimitUnknown {}),
        (Some(_), Some(why)) if why != "portal" => found.push(Finding::LimitDoubtful { why: why.clone() }),
        _ => {}
    }
}

fn components(procedure: &Procedure, found: &mut Vec<Finding>) {
    let mut seen = BTreeSet::new();
    for component in &procedure.components {
        if !seen.insert(&component.id) {
            found.push(Finding::DuplicateComponent { id: component.id.clone() });
        }
        if let Some(when) = &component.when {
            let at = format!("component '{}'", component.id);
            questions::condition(procedure.form.as_ref(), when, None, at, found);
        }
    }
}

/// A limit in working minutes of a usual week without holidays. Calendar days count five
/// days in seven, rounded down, so that the comparison errs on the citizen's side.
fn working_minutes(limit: Limit) -> u64 {
    match limit {
        Limit::WorkingDays(days) => u64::from(days) * WORKING_MINUTES_PER_DAY,
        Limit::WorkingHours(hours) => u64::from(hours) * 60,
        Limit::CalendarDays(days) => u64::from(days) * 5 / 7 * WORKING_MINUTES_PER_DAY,
        Limit::SameDay => WORKING_MINUTES_PER_DAY,
    }
}
