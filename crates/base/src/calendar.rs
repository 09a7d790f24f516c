//! The working calendar: which days work, when an office is open, and when a legal limit ends.
//!
//! A **working day** is Monday to Friday or a Saturday worked in exchange (`SwappedWork`), unless a
//! row of the table closes it. This is the national count and no unit can change it, except that a
//! local row (a storm) closes the unit that has it.
//!
//! **Office hours** belong to a unit and only set hours. A counter open on Saturday morning can
//! receive then, and limits in hours run then, but its Saturday is no working day: a limit in days
//! does not count it. On a working day for which a unit states no hours, the day still counts and
//! ends at the latest close of the unit's week.
//!
//! Sources: Labour Code 45/2019 art. 111–112 (holidays, days off in lieu), Civil Code 91/2015
//! art. 147–148 (the first day is not counted; a last day that is off moves on), Decree 23/2015 and
//! the Law on Civil Status (same-day results when received up to 15:00).

mod due;
mod hours;
mod limit;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use crate::{Day, Instant, Weekday};

pub use due::{Counted, Due, DueError, Moved, Part, Skip, Skipped};
pub use hours::{HoursError, OfficeHours, Span};
pub use limit::{Limit, LimitError};
pub use rows::{Kind, Occasion, Row, Standing, TableError, TableFault, UnknownWord, national, parse_rows};

/// 15:00, after which a same-day procedure may answer on the next working day.
pub const CUT_OFF_MINUTE_DEFAULT: u16 = 15 * 60;

/// The days of the country, the hours of one unit, and its local closures. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    rows: Arc<BTreeMap<Day, Row>>,
    hours: Arc<OfficeHours>,
    cut_off_minute: u16,
}

impl Calendar {
    /// The table that ships with the product (2018–2027), default hours and cut-off.
    pub fn national() -> Calendar {
        static NATIONAL: LazyLock<Calendar> = LazyLock::new(|| Calendar::new(national().iter().cloned()));
        NATIONAL.clone()
    }

    /// A calendar of these rows, with default hours and cut-off.
    ///
    /// Of two rows on one day the one that closes more firmly stays: local, holiday, compensation,
    /// swapped off, and last swapped work.
    pub fn new(rows: impl IntoIterator<Item = Row>) -> Calendar {
        let empty = Calendar {
            rows: Arc::default(),
            hours: Arc::new(OfficeHours::default()),
            cut_off_minute: CUT_OFF_MINUTE_DEFAULT,
        };
        empty.with_rows(rows)
    }

    /// The same calendar with more rows: later years, local closures.
    pub fn with_rows(mut self, rows: impl IntoIterator<Item = Row>) -> Calendar {
        let table = Arc::make_mut(&mut self.rows);
        for row in rows {
            match table.get(&row.day) {
                Some(present) if present.kind <= row.kind => {}
                _ => {
                    table.insert(row.day, row);
                }
            }
        }
        self
    }

    /// The same calendar with a unit's own hours.
    pub fn with_hours(mut self, hours: OfficeHours) -> Calendar {
        self.hours = Arc::new(hours);
        self
    }

    /// The same calendar with another same-day cut-off, in minutes after midnight.
    pub fn with_cut_off(mut self, minute_of_day: u16) -> Calendar {
        self.cut_off_minute = minute_of_day;
        self
    }

    /// All rows in order of days.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.values()
    }

    /// The row of a day, if the table has one.
    pub fn row(&self, day: Day) -> Option<&Row> {
        self.rows.get(&day)
    }

    /// The unit's hours.
    pub fn hours(&self) -> &OfficeHours {
        &self.hours
    }

    /// The same-day cut-off, in minutes after midnight.
    pub fn cut_off_minute(&self) -> u16 {
        self.cut_off_minute
    }

    /// Does the day count as a working day?
    pub fn is_working_day(&self, day: Day) -> bool {
        self.day_off(day).is_none()
    }

    /// Why the day is no working day; `None` if it is one.
    pub fn day_off(&self, day: Day) -> Option<Skip> {
        match self.rows.get(&day) {
            Some(row) if row.kind.is_off() => Some(Skip::Row(row.clone())),
            Some(_) => None,
            None => day.weekday().is_weekend().then_some(Skip::Weekend),
        }
    }

    /// When the unit is open on that day; empty when it is closed.
    ///
    /// A Saturday worked in exchange has the hours of the weekday it replaces.
    pub fn spans(&self, day: Day) -> &[Span] {
        match self.rows.get(&day) {
            Some(row) if row.kind.is_off() => &[],
            Some(Row { swap, .. }) if day.weekday().is_weekend() => {
                self.hours.on(swap.map_or(Weekday::Friday, Day::weekday))
            }
            _ => self.hours.on(day.weekday()),
        }
    }

    /// Is the unit open at that minute?
    pub fn is_open(&self, at: Instant) -> bool {
        let minute = at.minute_of_day();
        self.spans(at.day()).iter().any(|span| (span.open..span.close).contains(&minute))
    }

    /// The first whole minute at or after `at` at which the unit is open; `at` itself if it is.
    ///
    /// Where the calendar is closed to the end of the year 9999, that end.
    pub fn next_open(&self, at: Instant) -> Instant {
        if self.is_open(at) {
            return at;
        }
        let mut day = at.day();
        loop {
            let opening = self.spans(day).iter().map(|span| day.at(span.open)).find(|open| *open >= at);
            match opening {
                Some(open) => return open,
                None if day == Day::MAX => return Instant::MAX,
                None => day = day.next(),
            }
        }
    }

    /// When a working day ends: the close of its last span, or, where the unit states no hours for
    /// it, the latest close of the unit's week.
    pub fn close_of(&self, day: Day) -> Instant {
        day.at(self.spans(day).last().map_or(self.hours.latest_close(), |span| span.close))
    }

    /// Whole minutes of office hours between two instants, each without its seconds; 0 if `to` is
    /// not later.
    pub fn open_minutes_between(&self, from: Instant, to: Instant) -> i64 {
        let (first, last) = (from.day(), to.day());
        let mut minutes = 0;
        let mut day = first;
        while day <= last && from < to {
            let start = if day == first { from.minute_of_day() } else { 0 };
            let end = if day == last { to.minute_of_day() } else { 24 * 60 };
            for span in self.spans(day) {
                minutes += i64::from(span.close.min(end).saturating_sub(span.open.max(start)));
            }
            if day == Day::MAX {
                break;
            }
            day = day.next();
        }
        minutes
    }

    /// A deadline after a pause: moved by the office minutes of the pause.
    ///
    /// A pause that begins at the deadline or later moves nothing, since there was no time left.
    pub fn shift(&self, due: Instant, paused: Range<Instant>) -> Instant {
        let minutes = self.open_minutes_between(paused.start, paused.end);
        if due <= paused.start || minutes == 0 { due } else { self.after_open_minutes(due, minutes) }
    }

    /// Working days after today up to and including the day of `due`: 0 when it is due today, and
    /// negative by the working days gone since when it is overdue.
    pub fn working_days_left(&self, now: Instant, due: Instant) -> i64 {
        let (today, last) = (now.day(), due.day());
        if today <= last { self.working_days(today, last) } else { -self.working_days(last, today) }
    }

    /// Working days in `after < day <= last`, without walking over them.
    fn working_days(&self, after: Day, last: Day) -> i64 {
        // Monday to Friday up to a day, counted from a Monday long ago
        let weekdays = |day: Day| {
            let since = Day::MIN.days_until(day) + 1;
            since / 7 * 5 + (since % 7).min(5)
        };
        let mut days = weekdays(last) - weekdays(after);
        if after < last {
            for row in self.rows.range(after.next()..=last).map(|(_, row)| row) {
                match (row.kind.is_off(), row.day.weekday().is_weekend()) {
                    (true, false) => days -= 1,
                    (false, true) => days += 1,
                    _ => {}
                }
            }
        }
        days
    }

    /// The instant at which `minutes` of office hours have passed since `from`; when they end
    /// exactly at a close, that close.
    fn after_open_minutes(&self, from: Instant, minutes: i64) -> Instant {
        let mut left = minutes;
        let mut at = from.whole_minute();
        self.walk_open(from, |day, open, close| {
            let taken = left.min(i64::from(close - open));
            left -= taken;
            at = day.at(open).plus_minutes(taken);
            left > 0
        });
        at
    }

    /// Calls `visit(day, open, close)` with each stretch of office hours from `from` on, the first
    /// one cut to begin there, until it returns false or the years end.
    fn walk_open(&self, from: Instant, mut visit: impl FnMut(Day, u16, u16) -> bool) {
        let mut day = from.day();
        let mut start = from.minute_of_day();
        loop {
            for span in self.spans(day) {
                let open = span.open.max(start);
                if open < span.close && !visit(day, open, span.close) {
                    return;
                }
            }
            if day == Day::MAX {
                return;
            }
            (day, start) = (day.next(), 0);
        }
    }

    /// Has the table a confirmed row in that year? Without one its holidays are unknown or only
    /// proposed, and a deadline in it is a forecast.
    pub fn is_confirmed(&self, year: i32) -> bool {
        let (Some(first), Some(last)) = (Day::new(year, 1, 1), Day::new(year, 12, 31)) else { return false };
        let national = |row: &Row| row.kind != Kind::Local && row.standing == Standing::Confirmed;
        self.rows.range(first..=last).any(|(_, row)| national(row))
    }
}
