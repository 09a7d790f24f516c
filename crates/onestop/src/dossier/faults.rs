//! What is wrong with what was entered beside a step, and which internal step is meant when none is named.

use web::Problem;

use super::Case;
use super::rules::Verb;
use crate::refusal::{Fault, Refusal};

/// All faults of what was entered, told at once.
#[derive(Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub fn add(&mut self, field: &str, key: &'static str, args: &[(&'static str, &str)]) {
        self.0.push((field.into(), key, args.iter().map(|(k, v)| (*k, v.to_string())).collect()));
    }

    pub fn need(&mut self, field: &str, text: &str) {
        if text.trim().is_empty() {
            self.add(field, "fault.say_why", &[]);
        }
    }

    /// The fields that something is wrong with, in order.
    #[cfg(test)]
    pub fn fields(&self) -> Vec<String> {
        self.0.iter().map(|(field, ..)| field.clone()).collect()
    }

    pub fn settle(self) -> Result<(), Problem> {
        if self.0.is_empty() { Ok(()) } else { Err(Refusal::Faults(self.0).into()) }
    }
}

/// The internal step meant: the one named, or the only one there is.
pub(super) fn only_way(case: &Case, verb: Verb, to: Option<String>) -> Result<String, Problem> {
    if let Some(to) = to.filter(|t| !t.is_empty()) {
        return Ok(to);
    }
    let open = case.open();
    match open.iter().find(|(v, _)| *v == verb).map(|(_, ways)| ways.as_slice()) {
        Some([way]) => Ok(way.clone()),
        Some(ways) => {
            let mut faults = Faults::default();
            faults.add("to", "fault.choose_stage", &[("ways", &ways.join(", "))]);
            Err(faults.settle().err().unwrap_or(Problem::NotFound))
        }
        // No way at all: let the rules say why.
        None => Ok(String::new()),
    }
}
