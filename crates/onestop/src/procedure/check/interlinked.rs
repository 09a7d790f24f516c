//! Interlinked procedures (liên thông): the child procedures, their order, and the one promise.
//! law: onestop/interlinked

use std::collections::{BTreeMap, BTreeSet};

use base::Limit;

use super::Finding;
use crate::procedure::model::{Child, Procedure, is_in_catalogue, newest};

/// Children of one procedure: more than any law names together.
pub const CHILDREN_MAX: usize = 10;

pub fn check(procedure: &Procedure, found: &mut Vec<Finding>) {
    let mut done: BTreeSet<&str> = BTreeSet::new();
    let mut ends: BTreeMap<&str, u32> = BTreeMap::new();
    for child in &procedure.children {
        let id = child.id.as_str();
        if !done.insert(id) {
            found.push(Finding::ChildTwice { id: id.into() });
        }
        if let Some(code) = child.code.as_ref().filter(|code| !is_in_catalogue(code)) {
            found.push(Finding::ChildUnknown { id: id.into(), code: code.clone() });
        }
        for after in child.after.iter().filter(|after| *after == id || !done.contains(after.as_str())) {
            found.push(Finding::ChildOrder { id: id.into(), after: after.clone() });
        }
        let begins = child.after.iter().filter_map(|after| ends.get(after.as_str())).max();
        match child.limit {
            None => found.push(Finding::ChildLimitUnknown { id: id.into() }),
            Some(limit) => drop(ends.insert(id, begins.copied().unwrap_or(0) + calendar_days(limit))),
        }
    }
    if procedure.children.len() > CHILDREN_MAX {
        found.push(Finding::ChildrenTooMany { most: CHILDREN_MAX });
    }
    if procedure.run_children {
        procedure.children.iter().for_each(|child| runs(procedure, child, found));
    }
    let longest = ends.values().copied().max().unwrap_or(0);
    if let Some(legal) = procedure.limit.map(calendar_days)
        && longest > legal
    {
        found.push(Finding::ChildrenTooLong { longest, legal });
    }
}

/// Whether a child gets what its own procedure needs: answers, papers, an agency, and its own limit.
fn runs(parent: &Procedure, child: &Child, found: &mut Vec<Finding>) {
    let id = || child.id.clone();
    let mut odd = |name: &str| found.push(Finding::ChildMapOdd { id: id(), name: name.to_owned() });
    let asked = |name: &str| parent.form.as_ref().is_some_and(|form| form.property(name).is_some());
    child.answers.values().filter(|from| !asked(from)).for_each(|from| odd(from));
    child.papers.values().filter(|from| parent.component(from).is_none()).for_each(|from| odd(from));
    let address = |name: &&String| {
        let form = parent.form.as_ref();
        form.and_then(|form| form.property(name)).is_some_and(|p| p["format"] == "address")
    };
    child.place.iter().filter(|name| !address(name)).for_each(|name| odd(name));
    let Some(own) = child.code.as_ref().and_then(|code| newest().into_iter().find(|p| p.code == *code))
    else {
        return;
    };
    child.papers.keys().filter(|to| own.component(to).is_none()).for_each(|to| odd(to));
    let given = |field: &str| child.answers.contains_key(field) || child.fixed.contains_key(field);
    if let Some(form) = &own.form {
        let here = |field: &&String| form.property(field).is_none();
        child.answers.keys().chain(child.fixed.keys()).filter(here).for_each(|to| odd(to));
        // A condition that the fixed answers do not meet asks nothing.
        let asked = |field: &str| {
            form.condition(field)
                .is_none_or(|when| child.fixed.get(&when.field).is_none_or(|v| *v == when.equals))
        };
        for field in form.pages.iter().flat_map(|page| &page.fields) {
            if form.is_required(field) && asked(field) && !given(field) {
                found.push(Finding::ChildAnswerLacks { id: id(), field: field.clone() });
            }
        }
    }
    if child.limit.is_some() && own.limit.is_some() && child.limit != own.limit {
        found.push(Finding::ChildLimitDiffers { id: id() });
    }
}

/// A limit in calendar days of usual weeks, rounded up: a part of a day ends with the day.
fn calendar_days(limit: Limit) -> u32 {
    match limit {
        Limit::CalendarDays(days) => days,
        Limit::WorkingDays(days) => days + days.div_ceil(5).saturating_sub(1) * 2,
        Limit::WorkingHours(hours) => hours.div_ceil(8),
        Limit::SameDay => 1,
    }
}
