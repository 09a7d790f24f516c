//! When a limit ends, with the arithmetic as facts, so that a page can say it in words.

use serde::Serialize;

use super::{Calendar, Limit, LimitError, Row};
use crate::limits::DUE_DETAIL_DAYS_MAX;
use crate::{Day, Instant};

/// The end of a limit, and how it was counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Due {
    /// The receipt from which it runs.
    pub from: Instant,
    pub limit: Limit,
    /// The deadline, always a whole minute.
    pub at: Instant,
    /// `from` if the unit was open then, otherwise its next opening.
    pub opens: Instant,
    /// What was counted, in order of days. Of a limit in calendar days only the last day stands
    /// here, with its number.
    pub counted: Vec<Counted>,
    /// Days passed over, in order; of a limit in calendar days only those the last day moved over.
    pub skipped: Vec<Skipped>,
    /// Why the deadline lies later than the plain count says.
    pub moved: Option<Moved>,
    /// `counted` and `skipped` hold only their first days, because the limit is long; the last
    /// counted day is always there.
    pub shortened: bool,
    /// Years in `from..=at` whose holidays nobody has confirmed; there the deadline is a forecast.
    pub unconfirmed_years: Vec<i32>,
}

/// A day that was counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Counted {
    pub day: Day,
    pub part: Part,
}

/// What of the day was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// It is the n-th day; 0 is the day of receipt, which only a same-day limit ends on.
    Nth(u32),
    /// So many office minutes of it.
    Minutes(u32),
}

/// A day that was passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    pub day: Day,
    pub why: Skip,
}

/// Why a day does not work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Skip {
    /// Saturday or Sunday.
    Weekend,
    /// A working day on which this unit does not open; only limits in hours pass over it.
    Closed,
    /// A row of the table.
    Row(Row),
}

/// Why a deadline moved on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Moved {
    /// The last calendar day was off, so it went on to the next working day.
    LastDayOff(Day),
    /// Same day: received after the cut-off (minutes after midnight).
    AfterCutOff(u16),
    /// Same day: received after the unit's last close (minutes after midnight).
    AfterClose(u16),
    /// Same day: received on a day that does not work.
    DayOff(Day),
}

/// Why no deadline was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DueError {
    #[error(transparent)]
    Limit(#[from] LimitError),
    #[error("the deadline lies beyond the year 9999")]
    BeyondCalendar,
}

impl Calendar {
    /// When a limit that begins at `from` ends.
    ///
    /// - Working days: the day of receipt is not counted; the end is the close of the n-th day.
    /// - Working hours: minutes inside the unit's office hours, from `from` without its seconds or
    ///   from the next opening; when they run out exactly at a close, that close.
    /// - Calendar days: the day of receipt is not counted; a last day that does not work moves to the
    ///   next one that does; the end is the close of that day.
    /// - Same day: received on a working day up to the cut-off and before the last close, the close
    ///   of that day; otherwise the close of the next working day.
    ///
    /// # Errors
    /// A limit of zero or beyond its bounds, or an end beyond the year 9999.
    pub fn due(&self, from: Instant, limit: Limit) -> Result<Due, DueError> {
        let limit = limit.checked()?;
        let mut count = Count { calendar: self, day: from.day(), lines: Lines::default() };
        let (at, moved) = match limit {
            Limit::WorkingDays(days) => (count.working_days(days)?, None),
            Limit::WorkingHours(hours) => (count.hours(from, i64::from(hours) * 60)?, None),
            Limit::CalendarDays(days) => count.calendar_days(days)?,
            Limit::SameDay => count.same_day(from)?,
        };
        let years = from.day().year()..=at.day().year();
        let Lines { counted, skipped, shortened } = count.lines;
        Ok(Due {
            from,
            limit,
            at,
            opens: self.next_open(from),
            counted,
            skipped,
            moved,
            shortened,
            unconfirmed_years: years.filter(|year| !self.is_confirmed(*year)).collect(),
        })
    }
}

/// A count in progress, standing on a day.
struct Count<'a> {
    calendar: &'a Calendar,
    day: Day,
    lines: Lines,
}

impl Count<'_> {
    fn step(&mut self) -> Result<(), DueError> {
        if self.day == Day::MAX {
            return Err(DueError::BeyondCalendar);
        }
        self.day = self.day.next();
        Ok(())
    }

    /// Goes on to the next working day after this one, noting the days passed over.
    fn next_working_day(&mut self) -> Result<(), DueError> {
        loop {
            self.step()?;
            match self.calendar.day_off(self.day) {
                None => return Ok(()),
                Some(why) => self.lines.skip(self.day, why),
            }
        }
    }

    fn working_days(&mut self, days: u32) -> Result<Instant, DueError> {
        for nth in 1..=days {
            self.next_working_day()?;
            self.lines.count(self.day, Part::Nth(nth), nth == days);
        }
        Ok(self.calendar.close_of(self.day))
    }

    fn hours(&mut self, from: Instant, minutes: i64) -> Result<Instant, DueError> {
        let calendar = self.calendar;
        let mut left = minutes;
        let mut start = from.minute_of_day();
        loop {
            let spans = calendar.spans(self.day);
            let mut here = 0;
            let mut end = 0;
            for span in spans {
                let open = span.open.max(start);
                let taken = i64::from(span.close.saturating_sub(open)).min(left - here);
                if taken > 0 {
                    here += taken;
                    end = open + taken as u16;
                }
            }
            left -= here;
            if here > 0 {
                self.lines.count(self.day, Part::Minutes(here as u32), left == 0);
            } else if spans.is_empty() {
                self.lines.skip(self.day, calendar.day_off(self.day).unwrap_or(Skip::Closed));
            }
            if left == 0 {
                return Ok(self.day.at(end));
            }
            start = 0;
            self.step()?;
        }
    }

    fn calendar_days(&mut self, days: u32) -> Result<(Instant, Option<Moved>), DueError> {
        let last = self.day.plus(i64::from(days));
        if self.day.days_until(last) < i64::from(days) {
            return Err(DueError::BeyondCalendar);
        }
        self.day = last;
        self.lines.count(last, Part::Nth(days), true);
        let Some(why) = self.calendar.day_off(last) else { return Ok((self.calendar.close_of(last), None)) };
        self.lines.skip(last, why);
        self.next_working_day()?;
        Ok((self.calendar.close_of(self.day), Some(Moved::LastDayOff(last))))
    }

    fn same_day(&mut self, from: Instant) -> Result<(Instant, Option<Moved>), DueError> {
        let (today, close) = (self.day, self.calendar.close_of(self.day));
        let moved = if let Some(why) = self.calendar.day_off(today) {
            self.lines.skip(today, why);
            Moved::DayOff(today)
        } else if from > today.at(self.calendar.cut_off_minute()) {
            Moved::AfterCutOff(self.calendar.cut_off_minute())
        } else if from >= close {
            Moved::AfterClose(close.minute_of_day())
        } else {
            self.lines.count(today, Part::Nth(0), true);
            return Ok((close, None));
        };
        self.next_working_day()?;
        self.lines.count(self.day, Part::Nth(1), true);
        Ok((self.calendar.close_of(self.day), Some(moved)))
    }
}

/// The days of a count, kept to a size a page can show.
#[derive(Default)]
struct Lines {
    counted: Vec<Counted>,
    skipped: Vec<Skipped>,
    shortened: bool,
}

impl Lines {
    fn count(&mut self, day: Day, part: Part, last: bool) {
        if last || self.counted.len() < DUE_DETAIL_DAYS_MAX {
            self.counted.push(Counted { day, part });
        } else {
            self.shortened = true;
        }
    }

    fn skip(&mut self, day: Day, why: Skip) {
        if self.skipped.len() < DUE_DETAIL_DAYS_MAX {
            self.skipped.push(Skipped { day, why });
        } else {
            self.shortened = true;
        }
    }
}
