//! The internal steps: whether every way through them ends in a signature, and in time.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, working_minutes};
use crate::procedure::model::{Procedure, Step, StepKind, StepRole};

pub fn check(procedure: &Procedure, found: &mut Vec<Finding>) {
    let Some(first) = procedure.first_step() else {
        return found.push(Finding::NoSteps {});
    };
    let mut seen = BTreeSet::new();
    for step in &procedure.steps {
        if !seen.insert(&step.id) {
            found.push(Finding::DuplicateStep { id: step.id.clone() });
        }
        for to in step.next.iter().chain(&step.may_return_to) {
            if procedure.step(to).is_none() {
                found.push(Finding::UnknownStep { from: step.id.clone(), to: to.clone() });
            }
        }
        if step.kind == StepKind::Sign && step.role != StepRole::Leader {
            found.push(Finding::SignNotByLeader { id: step.id.clone() });
        }
        if procedure.online && step.limit.is_none() {
            found.push(Finding::StepWithoutLimit { id: step.id.clone() });
        }
    }
    let signed = procedure.steps.iter().any(|step| step.kind == StepKind::Sign);
    if !signed {
        found.push(Finding::NoSignStep {});
    }
    let ahead: BTreeMap<&str, BTreeSet<&str>> =
        procedure.steps.iter().map(|step| (step.id.as_str(), after(procedure, step))).collect();
    ways(procedure, first, signed, &ahead, found);
    if !ahead.iter().any(|(id, ahead)| ahead.contains(id)) {
        in_time(procedure, first, found);
    }
}

/// Every step that `next` leads to from here, one or more steps on.
fn after<'a>(procedure: &'a Procedure, from: &'a Step) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(step) = open.pop() {
        for next in step.next.iter().filter_map(|id| procedure.step(id)) {
            if seen.insert(next.id.as_str()) {
                open.push(next);
            }
        }
    }
    seen
}

fn ways(
    procedure: &Procedure,
    first: &Step,
    signed: bool,
    ahead: &BTreeMap<&str, BTreeSet<&str>>,
    found: &mut Vec<Finding>,
) {
    let signs = |id: &str| procedure.step(id).is_some_and(|step| step.kind == StepKind::Sign);
    let mut circled = false;
    for step in &procedure.steps {
        let id = step.id.as_str();
        let on = &ahead[id];
        let reached = id == first.id || ahead[first.id.as_str()].contains(id);
        if !reached {
            found.push(Finding::Unreachable { id: id.into() });
        }
        let ends = signs(id) || on.iter().any(|next| signs(next));
        let in_circle = on.contains(id);
        match (ends, in_circle) {
            (true, true) if !circled => {
                circled = true;
                found.push(Finding::Cycle { id: id.into() });
            }
            (false, true) => found.push(Finding::LoopWithoutExit { id: id.into() }),
            (false, false) if signed => found.push(Finding::DeadEnd { id: id.into() }),
            _ => {}
        }
        for to in step.may_return_to.iter().filter(|to| reached && procedure.step(to).is_some()) {
            if !ahead[to.as_str()].contains(id) {
                found.push(Finding::ReturnElsewhere { from: id.into(), to: to.clone() });
            }
        }
    }
}

/// Compares the longest way through the steps with the legal limit; the steps go in no circle.
fn in_time(procedure: &Procedure, first: &Step, found: &mut Vec<Finding>) {
    let (longest, path) = longest(procedure, first);
    if let Some(legal) = procedure.limit.map(working_minutes)
        && longest > legal
    {
        found.push(Finding::StepsTooLong { longest, legal, path: path.join(" + ") });
    }
}

/// The longest way from a step to a signature: working minutes, and the steps on it.
fn longest<'a>(procedure: &'a Procedure, from: &'a Step) -> (u64, Vec<&'a str>) {
    let own = from.limit.map_or(0, working_minutes);
    let rest = from.next.iter().filter_map(|id| procedure.step(id)).map(|step| longest(procedure, step));
    let (minutes, path) = rest.max_by_key(|(minutes, _)| *minutes).unwrap_or_default();
    (own + minutes, std::iter::once(from.id.as_str()).chain(path).collect())
}
