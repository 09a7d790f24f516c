//! The deadline pill: how near a promised time is, in colour and always in words.

mod arithmetic;

pub use arithmetic::{arithmetic, limit_text};

use askama::filters::Safe;
use base::{Calendar, Instant};

use crate::words;

/// Working days left up to which a deadline is "soon".
const SOON_DAYS: i64 = 2;

/// What to show: a class of `.cl-due`, an icon, and words by key with their number or time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pill {
    /// "is-over", "is-today", "is-soon", "is-ok", "is-hold" or "is-done".
    pub class: &'static str,
    pub icon: &'static str,
    /// Key in this crate's words.
    pub key: &'static str,
    /// Days, hours or minutes; 0 where the words have no number.
    pub n: i64,
    /// "16:30", where the words have a time.
    pub time: String,
}

impl Pill {
    fn new(class: &'static str, icon: &'static str, key: &'static str, n: i64) -> Pill {
        Pill { class, icon, key, n, time: String::new() }
    }

    /// "Quá hạn 2 ngày", "Hôm nay, 16:30", "Còn 8 ngày", "Tạm dừng tính hạn".
    pub fn text(&self) -> String {
        words::own().t(self.key, &[("n", &self.n.to_string()), ("time", &self.time)])
    }

    /// The pill as markup.
    pub fn html(&self) -> Safe<String> {
        let (class, icon, text) = (self.class, crate::icon::icon(self.icon).0, self.text());
        Safe(format!(r#"<span class="cl-due {class}">{icon}{text}</span>"#))
    }

    /// The class of the row of a work list this pill stands in: "over", "today" or "".
    pub fn row_class(&self) -> &'static str {
        match self.class {
            "is-over" => "over",
            "is-today" => "today",
            _ => "",
        }
    }
}

/// The pill of a running clock: late, today, within two working days, or in time.
///
/// Days are working days of `calendar`; late without one of them in between counts in hours, then minutes.
pub fn due_pill(now: Instant, due: Instant, calendar: &Calendar) -> Pill {
    if due < now {
        return overdue(now, due, calendar);
    }
    if due.day() == now.day() {
        let time = base::format::hour_vn(due);
        return Pill { time, ..Pill::new("is-today", "alert-triangle", "due.today", 0) };
    }
    // A deadline on a day off is at least a day away.
    let days = working_days(calendar, now, due).max(1);
    if days <= SOON_DAYS {
        Pill::new("is-soon", "clock", "due.left_days", days)
    } else {
        Pill::new("is-ok", "clock", "due.left_days", days)
    }
}

fn overdue(now: Instant, due: Instant, calendar: &Calendar) -> Pill {
    let late = |key, n| Pill::new("is-over", "clock-exclamation", key, n);
    let days = working_days(calendar, due, now);
    let minutes = due.minutes_until(now);
    match (days, minutes) {
        (1.., _) => late("due.over_days", days),
        (_, 60..) => late("due.over_hours", minutes / 60),
        _ => late("due.over_minutes", minutes.max(1)),
    }
}

/// Working days after the day of `from`, up to and with the day of `to`.
fn working_days(calendar: &Calendar, from: Instant, to: Instant) -> i64 {
    let (from, to) = (from.day(), to.day());
    let days = (1..=from.days_until(to)).filter(|n| calendar.is_working_day(from.plus(*n)));
    i64::try_from(days.count()).unwrap_or(i64::MAX)
}

/// The clock waits for the citizen.
pub fn held_pill() -> Pill {
    Pill::new("is-hold", "player-pause", "due.held", 0)
}

/// The result has been returned.
pub fn done_pill() -> Pill {
    Pill::new("is-done", "check", "due.done", 0)
}
