//! Office hours of a unit.

use std::fmt;
use std::str::FromStr;

use crate::Weekday;

const DAY_NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
/// No office opens more often in one day; it bounds what a form can make us store.
const SPANS_PER_DAY_MAX: usize = 8;

/// One stretch of opening: minutes after midnight, `open < close < 1440`, open at `open`, closed
/// at `close`. No office closes at midnight, so a deadline lies on the day it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub open: u16,
    pub close: u16,
}

/// When a unit is open in an ordinary week; at least once in it.
///
/// Its text names days and hours: `Mon-Fri 07:00-11:00 13:00-17:00; Sat 07:00-11:00`. The default is
/// the first half of that, the usual hours of the southern provinces.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OfficeHours([Vec<Span>; 7]);

/// Why a text is no office hours. `part` counts the parts between semicolons from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    #[error("there are no opening hours at all")]
    NeverOpen,
    #[error("part {part} does not begin with days such as Mon-Fri or Mon,Wed")]
    Days { part: usize },
    #[error("part {part} has no hours written 07:00-11:00")]
    Hours { part: usize },
    #[error("part {part} closes before it opens, or its hours are not in order")]
    Order { part: usize },
    #[error("part {part} names a day a second time")]
    DayTwice { part: usize },
    #[error("part {part} has too many hours for one day")]
    TooMany { part: usize },
}

impl OfficeHours {
    /// The hours of a weekday, in order; empty when closed.
    pub fn on(&self, weekday: Weekday) -> &[Span] {
        &self.0[weekday.index()]
    }

    /// The latest close of the week, in minutes after midnight.
    pub fn latest_close(&self) -> u16 {
        let closes = self.0.iter().flatten().map(|span| span.close);
        closes.max().expect("office hours are never made without a span")
    }

    /// Open minutes of an ordinary week.
    pub fn minutes_per_week(&self) -> u32 {
        self.0.iter().flatten().map(|span| u32::from(span.close - span.open)).sum()
    }
}

impl Default for OfficeHours {
    fn default() -> Self {
        let spans = vec![Span { open: 7 * 60, close: 11 * 60 }, Span { open: 13 * 60, close: 17 * 60 }];
        let mut week: [Vec<Span>; 7] = Default::default();
        week[..5].fill(spans);
        OfficeHours(week)
    }
}

impl FromStr for OfficeHours {
    type Err = HoursError;

    fn from_str(text: &str) -> Result<OfficeHours, HoursError> {
        let mut week: [Vec<Span>; 7] = Default::default();
        let parts = text.split(';').enumerate().map(|(i, part)| (i + 1, part.trim()));
        for (part, text) in parts.filter(|(_, text)| !text.is_empty()) {
            let (days, hours) = text.split_once(char::is_whitespace).ok_or(HoursError::Hours { part })?;
            let days = read_days(days).ok_or(HoursError::Days { part })?;
            let spans = read_spans(hours, part)?;
            for day in days {
                if !week[day].is_empty() {
                    return Err(HoursError::DayTwice { part });
                }
                week[day].clone_from(&spans);
            }
        }
        if week.iter().all(Vec::is_empty) { Err(HoursError::NeverOpen) } else { Ok(OfficeHours(week)) }
    }
}

/// `Mon-Fri`, `Sat`, `Mon,Wed-Thu` as indices.
fn read_days(text: &str) -> Option<Vec<usize>> {
    let index = |name: &str| DAY_NAMES.iter().position(|day| *day == name);
    let mut days = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (index(first)?, index(last)?);
        if first > last || days.len() > DAY_NAMES.len() {
            return None;
        }
        days.extend(first..=last);
    }
    Some(days)
}

fn read_spans(text: &str, part: usize) -> Result<Vec<Span>, HoursError> {
    let mut spans: Vec<Span> = Vec::new();
    for span in text.split_whitespace() {
        let (open, close) = span.split_once('-').ok_or(HoursError::Hours { part })?;
        let open = read_minute(open).ok_or(HoursError::Hours { part })?;
        let close = read_minute(close).ok_or(HoursError::Hours { part })?;
        if open >= close || spans.last().is_some_and(|before| before.close > open) {
            return Err(HoursError::Order { part });
        }
        if spans.len() == SPANS_PER_DAY_MAX {
            return Err(HoursError::TooMany { part });
        }
        spans.push(Span { open, close });
    }
    if spans.is_empty() { Err(HoursError::Hours { part }) } else { Ok(spans) }
}

/// `HH:MM` up to `23:59`, as minutes.
fn read_minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let number = |digits: &str| -> Option<u16> {
        let two = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
        two.then(|| digits.parse().ok()).flatten()
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

impl fmt::Display for OfficeHours {
    /// Days with equal hours that follow one another are one part.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = 0;
        let mut separator = "";
        while first < 7 {
            let spans = &self.0[first];
            let last = (first..7).take_while(|day| self.0[*day] == *spans).last().unwrap_or(first);
            if !spans.is_empty() {
                write!(out, "{separator}{}", DAY_NAMES[first])?;
                if last > first {
                    write!(out, "-{}", DAY_NAMES[last])?;
                }
                for Span { open, close } in spans {
                    write!(out, " {:02}:{:02}-{:02}:{:02}", open / 60, open % 60, close / 60, close % 60)?;
                }
                separator = "; ";
            }
            first = last + 1;
        }
        Ok(())
    }
}

crate::serde_as_text!(OfficeHours);
