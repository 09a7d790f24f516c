//! How a deadline was counted, in the order in which a person would count it.

use base::calendar::{Counted, Kind, Moved, Part, Skip};
use base::{Day, Due, Limit, format};

use crate::filters::{promised_text, weekday_text};
use crate::words;

/// More days off than this are told as a number only.
const DAYS_NAMED_MAX: usize = 6;

/// The arithmetic of a deadline as sentences: the limit and where it began, the last day counted, why
/// it moved, which days were passed over, and whether it is only a forecast.
pub fn arithmetic(due: &Due) -> Vec<String> {
    let from = format::time_vn(due.from);
    let mut lines = vec![say("from", &[("limit", &limit_text(due.limit)), ("from", &from)])];
    let in_hours = matches!(due.limit, Limit::WorkingHours(_));
    if in_hours && due.opens != due.from.whole_minute() {
        lines.push(say("opens", &[("at", &promised_text(due.opens))]));
    }
    // A same-day limit that moved says why; that the next working day is its first is no news.
    let counts = matches!(due.moved, None | Some(Moved::LastDayOff(_)));
    lines.extend(due.counted.last().filter(|_| counts).map(counted));
    lines.extend(due.moved.map(moved));
    lines.extend(skipped(due));
    if !due.unconfirmed_years.is_empty() {
        let years: Vec<String> = due.unconfirmed_years.iter().map(i32::to_string).collect();
        lines.push(say("forecast", &[("years", &years.join(", "))]));
    }
    lines.push(say("end", &[("at", &promised_text(due.at))]));
    lines
}

/// "3 ngày làm việc", "8 giờ làm việc", "20 ngày", "trong ngày".
pub fn limit_text(limit: Limit) -> String {
    let (key, n) = match limit {
        Limit::WorkingDays(n) => ("limit.working_days", n),
        Limit::WorkingHours(n) => ("limit.working_hours", n),
        Limit::CalendarDays(n) => ("limit.calendar_days", n),
        Limit::SameDay => ("limit.same_day", 0),
    };
    words::own().t(key, &[("n", &n.to_string())])
}

fn say(key: &str, args: &[(&str, &str)]) -> String {
    words::own().t(&format!("counted.{key}"), args)
}

/// "thứ Năm 03/12/2026".
fn day_text(day: Day) -> String {
    format!("{} {}", weekday_text(day.weekday()), format::date_vn(day))
}

fn counted(last: &Counted) -> String {
    match last.part {
        Part::Nth(0) => say("same_day", &[]),
        Part::Nth(n) => say("nth", &[("n", &n.to_string()), ("day", &day_text(last.day))]),
        Part::Minutes(_) => say("hours_end", &[("day", &day_text(last.day))]),
    }
}

fn moved(why: Moved) -> String {
    match why {
        Moved::LastDayOff(day) => say("last_day_off", &[("day", &day_text(day))]),
        Moved::AfterCutOff(minute) => say("after_cut_off", &[("time", &format::minute_vn(minute))]),
        Moved::AfterClose(minute) => say("after_close", &[("time", &format::minute_vn(minute))]),
        Moved::DayOff(day) => say("day_off", &[("day", &day_text(day))]),
    }
}

fn skipped(due: &Due) -> Option<String> {
    let weekend = due.skipped.iter().filter(|s| s.why == Skip::Weekend).count();
    let named: Vec<String> = due
        .skipped
        .iter()
        .filter(|s| s.why != Skip::Weekend)
        .map(|s| say("off", &[("day", &format::date_vn(s.day)), ("why", &reason(&s.why))]))
        .collect();
    let mut parts = Vec::new();
    if weekend > 0 {
        parts.push(say("weekend", &[("n", &weekend.to_string())]));
    }
    if named.len() > DAYS_NAMED_MAX {
        parts.push(say("off_many", &[("n", &named.len().to_string())]));
    } else {
        parts.extend(named);
    }
    let key = if due.shortened { "skipped_first" } else { "skipped" };
    (!parts.is_empty()).then(|| say(key, &[("days", &parts.join("; "))]))
}

fn reason(why: &Skip) -> String {
    let row = match why {
        Skip::Weekend => return say("rest", &[]),
        Skip::Closed => return say("closed", &[]),
        Skip::Row(row) => row,
    };
    match (row.occasion, row.kind) {
        (_, Kind::Local) => row.source.clone(),
        (_, Kind::Compensation) => say("compensation", &[]),
        (Some(occasion), _) => words::own().t(&format!("occasion.{}", occasion.word()), &[]),
        (None, Kind::Holiday) => say("holiday", &[]),
        (None, Kind::SwappedOff | Kind::SwappedWork) => say("swapped", &[]),
    }
}
