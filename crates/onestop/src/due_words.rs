//! A deadline's arithmetic in words: where it was counted from, which days were passed over, why
//! it moved.

use base::calendar::{Counted, Due, Kind, Moved, Part, Skip};
use base::{Day, format};
use web::filters::promised_text;

use crate::view;
use crate::words_citizen::say;

/// More passed-over days than this are told as a number only.
const DAYS_NAMED_MAX: usize = 6;

/// The sentences of one deadline, in the order in which a person would count.
pub fn sentences(due: &Due) -> Vec<String> {
    let limit = view::limit(Some(due.limit));
    let mut out = vec![say("due.limit", &[("limit", &limit), ("from", &format::time_vn(due.from))])];
    if due.opens != due.from.whole_minute() && matches!(due.limit, base::calendar::Limit::WorkingHours(_)) {
        out.push(say("due.opens", &[("at", &promised_text(due.opens))]));
    }
    if let Some(last) = due.counted.last() {
        out.push(counted(due, last));
    }
    if let Some(moved) = due.moved {
        out.push(why(moved));
    }
    out.extend(skipped(due));
    if !due.unconfirmed_years.is_empty() {
        let years: Vec<String> = due.unconfirmed_years.iter().map(i32::to_string).collect();
        out.push(say("due.forecast", &[("years", &years.join(", "))]));
    }
    out
}

fn counted(due: &Due, last: &Counted) -> String {
    match last.part {
        Part::Nth(0) => say("due.same_day", &[]),
        Part::Nth(n) => say("due.last_nth", &[("n", &n.to_string()), ("day", &day(last.day))]),
        Part::Minutes(_) => say("due.last_hours", &[("at", &promised_text(due.at))]),
    }
}

fn why(moved: Moved) -> String {
    match moved {
        Moved::LastDayOff(d) => say("due.moved_last", &[("day", &day(d))]),
        Moved::AfterCutOff(minute) => say("due.moved_cut", &[("time", &format::minute_vn(minute))]),
        Moved::AfterClose(minute) => say("due.moved_close", &[("time", &format::minute_vn(minute))]),
        Moved::DayOff(d) => say("due.moved_off", &[("day", &day(d))]),
    }
}

/// "Không tính: 2 ngày thứ Bảy, Chủ nhật; 24/11/2026 (Ngày Văn hóa Việt Nam)."
fn skipped(due: &Due) -> Option<String> {
    let weekend = due.skipped.iter().filter(|s| s.why == Skip::Weekend).count();
    let mut parts = Vec::new();
    if weekend > 0 {
        parts.push(say("due.weekend", &[("n", &weekend.to_string())]));
    }
    let named = due.skipped.iter().filter(|s| s.why != Skip::Weekend);
    for s in named.take(DAYS_NAMED_MAX) {
        let why = reason(&s.why);
        parts.push(say("due.off", &[("day", &format::date_vn(s.day)), ("why", &why)]));
    }
    (!parts.is_empty()).then(|| say("due.skipped", &[("days", &parts.join("; "))]))
}

fn reason(why: &Skip) -> String {
    let Skip::Row(row) = why else { return say("due.closed", &[]) };
    if let Some(occasion) = row.occasion {
        return say(&format!("occasion.{}", occasion.word()), &[]);
    }
    match row.kind {
        Kind::Local => row.source.clone(),
        Kind::Holiday => say("due.holiday", &[]),
        Kind::Compensation => say("due.compensation", &[]),
        Kind::SwappedOff | Kind::SwappedWork => say("due.swapped_off", &[]),
    }
}

/// "thứ Năm 03/12/2026".
pub fn day(day: Day) -> String {
    let weekday = web::words::own().t(&format!("weekday.{}", day.weekday().index() + 1), &[]);
    format!("{weekday} {}", format::date_vn(day))
}
