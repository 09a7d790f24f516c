//! Legal time limits.

use std::fmt;
use std::str::FromStr;

use crate::limits::{LIMIT_DAYS_MAX, LIMIT_HOURS_MAX};

/// How long an office may take, in the unit the law uses.
///
/// Its text is `3wd`, `8wh`, `20d`, or `0d` for the same day (`sameday` is read too).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Limit {
    /// Days on which offices work (ngày làm việc).
    WorkingDays(u32),
    /// Hours inside office hours (giờ làm việc).
    WorkingHours(u32),
    /// Days of the calendar (ngày).
    CalendarDays(u32),
    /// On the day of receipt.
    SameDay,
}

/// Why a text or a number is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    #[error("a limit is written 3wd, 8wh, 20d or sameday")]
    Shape,
    #[error("a limit in working days or hours is at least 1")]
    Zero,
    #[error("a limit is at most {max}")]
    TooLong { max: u32 },
}

impl Limit {
    /// The limit itself, if [`Calendar::due`](super::Calendar::due) would count it: not zero, and at
    /// most 3,660 days or 10,000 hours.
    pub fn checked(self) -> Result<Limit, LimitError> {
        let (number, max) = match self {
            Limit::WorkingDays(days) | Limit::CalendarDays(days) => (days, LIMIT_DAYS_MAX),
            Limit::WorkingHours(hours) => (hours, LIMIT_HOURS_MAX),
            Limit::SameDay => return Ok(self),
        };
        match number {
            0 => Err(LimitError::Zero),
            number if number > max => Err(LimitError::TooLong { max }),
            _ => Ok(self),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::WorkingDays(days) => write!(out, "{days}wd"),
            Limit::WorkingHours(hours) => write!(out, "{hours}wh"),
            Limit::CalendarDays(days) => write!(out, "{days}d"),
            Limit::SameDay => out.write_str("0d"),
        }
    }
}

impl FromStr for Limit {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Limit, LimitError> {
        if text == "sameday" {
            return Ok(Limit::SameDay);
        }
        let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or(LimitError::Shape)?;
        let (digits, unit) = text.split_at(unit_at);
        if digits.is_empty() {
            return Err(LimitError::Shape);
        }
        // a number too long for u32 is too long for any limit
        let number = digits.parse().unwrap_or(u32::MAX);
        match unit {
            "wd" => Limit::WorkingDays(number).checked(),
            "wh" => Limit::WorkingHours(number).checked(),
            "d" if number == 0 => Ok(Limit::SameDay),
            "d" => Limit::CalendarDays(number).checked(),
            _ => Err(LimitError::Shape),
        }
    }
}

crate::serde_as_text!(Limit);
