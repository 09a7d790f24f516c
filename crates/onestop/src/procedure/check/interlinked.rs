//! Interlinked procedures (liên thông): the child procedures, their order, and the one promise.
//! law: onestop/interlinked

use std::collections::{BTreeMap, BTreeSet};

use base::Limit;

use super::Finding;
use crate::procedure::model::{Procedure, is_in_catalogue};

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
    let longest = ends.values().copied().max().unwrap_or(0);
    if let Some(legal) = procedure.limit.map(calendar_days)
        && longest > legal
    {
        found.push(Finding::ChildrenTooLong { longest, legal });
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
