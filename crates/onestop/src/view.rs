//! Facts put into words and plain values, for pages and papers alike.

use base::calendar::Limit;

use crate::words::WORDS;

/// A legal limit in words: "20 ngày", "3 ngày làm việc".
pub fn limit(limit: Option<Limit>) -> String {
    let (key, n) = match limit {
        Some(Limit::WorkingDays(n)) => ("limit.working_days", n),
        Some(Limit::WorkingHours(n)) => ("limit.working_hours", n),
        Some(Limit::CalendarDays(n)) => ("limit.calendar_days", n),
        Some(Limit::SameDay) => ("limit.same_day", 0),
        None => ("limit.none", 0),
    };
    WORDS.t(key, &[("n", &n.to_string())])
}
