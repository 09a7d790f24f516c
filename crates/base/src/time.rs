//! Days and instants of Asia/Ho_Chi_Minh, which has been UTC+07:00 without summer time since 1975.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_MINUTE: i64 = 60 * MICROS_PER_SECOND;
const MICROS_PER_DAY: i64 = 24 * 60 * MICROS_PER_MINUTE;
const ZONE: i64 = 7 * 60 * MICROS_PER_MINUTE;

/// A civil date of the years 1–9999 (Gregorian, also before its introduction).
///
/// Inside it is the number of days since 1970-01-01, so that order and arithmetic are plain.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i32);

/// The text is no existing day written `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a day written YYYY-MM-DD")]
pub struct DayError;

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Weekday {
    /// Monday first.
    pub const ALL: [Weekday; 7] = [
        Weekday::Monday,
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
        Weekday::Saturday,
        Weekday::Sunday,
    ];

    /// 0 = Monday … 6 = Sunday.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Saturday or Sunday, the weekly rest.
    pub const fn is_weekend(self) -> bool {
        matches!(self, Weekday::Saturday | Weekday::Sunday)
    }
}

impl Day {
    /// 0001-01-01.
    pub const MIN: Day = Day(-719_162);
    /// 9999-12-31.
    pub const MAX: Day = Day(2_932_896);

    /// The day, or `None` if there is no such day in the years 1–9999.
    pub fn new(year: i32, month: u8, day_of_month: u8) -> Option<Day> {
        let written = (year, month, day_of_month);
        if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day_of_month) {
            return None;
        }
        let day = Day(days_from_civil(year, month, day_of_month));
        (day.civil() == written).then_some(day)
    }

    /// Reads `YYYY-MM-DD`, exactly.
    pub fn parse(text: &str) -> Result<Day, DayError> {
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return Err(DayError);
        }
        let year = digits(&bytes[..4]).ok_or(DayError)?;
        let month = digits(&bytes[5..7]).ok_or(DayError)?;
        let day = digits(&bytes[8..]).ok_or(DayError)?;
        Day::new(year as i32, month as u8, day as u8).ok_or(DayError)
    }

    /// Year, month and day of the month.
    pub fn civil(self) -> (i32, u8, u8) {
        civil_from_days(self.0)
    }

    /// 1–9999.
    pub fn year(self) -> i32 {
        self.civil().0
    }

    /// 1–12.
    pub fn month(self) -> u8 {
        self.civil().1
    }

    /// 1–31.
    pub fn day_of_month(self) -> u8 {
        self.civil().2
    }

    /// The day of the week.
    pub fn weekday(self) -> Weekday {
        // 1970-01-01 was a Thursday
        Weekday::ALL[(self.0 + 3).rem_euclid(7) as usize]
    }

    /// `days` later (earlier when negative), stopping at [`Day::MIN`] and [`Day::MAX`].
    pub fn plus(self, days: i64) -> Day {
        Day(i64::from(self.0).saturating_add(days).clamp(i64::from(Day::MIN.0), i64::from(Day::MAX.0)) as i32)
    }

    /// The next day; [`Day::MAX`] stays.
    pub fn next(self) -> Day {
        self.plus(1)
    }

    /// How many days from this one to `later`; negative if that is earlier.
    pub fn days_until(self, later: Day) -> i64 {
        i64::from(later.0) - i64::from(self.0)
    }

    /// The instant `minute_of_day` minutes after this day's midnight (0–1440; 900 is 15:00).
    pub fn at(self, minute_of_day: u16) -> Instant {
        let local = i64::from(self.0) * MICROS_PER_DAY + i64::from(minute_of_day) * MICROS_PER_MINUTE;
        Instant::from_micros(local - ZONE)
    }

    /// Days since 1970-01-01.
    pub(crate) const fn number(self) -> i32 {
        self.0
    }

    /// The day of a number of days since 1970-01-01, stopping at the ends.
    pub(crate) fn from_number(number: i32) -> Day {
        Day(number.clamp(Day::MIN.0, Day::MAX.0))
    }
}

/// A moment, to the microsecond, in the years 1–9999 of Asia/Ho_Chi_Minh.
///
/// Its text is RFC 3339 with `+07:00`: `2026-11-19T09:52:00+07:00`, with six more digits where the
/// microseconds are not zero. Arithmetic stops at [`Instant::MIN`] and [`Instant::MAX`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

/// Why a text is no instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InstantError {
    #[error("not a time written YYYY-MM-DDTHH:MM:SS+07:00")]
    Shape,
    #[error("no such day")]
    NoSuchDay,
    #[error("no such time of day")]
    NoSuchTime,
    #[error("the offset from UTC is missing")]
    NoOffset,
}

impl Instant {
    /// The first microsecond of 0001-01-01.
    pub const MIN: Instant = Instant(Day::MIN.0 as i64 * MICROS_PER_DAY - ZONE);
    /// The last microsecond of 9999-12-31.
    pub const MAX: Instant = Instant((Day::MAX.0 as i64 + 1) * MICROS_PER_DAY - ZONE - 1);

    /// From microseconds since 1970-01-01T00:00Z; values beyond the ends become the ends.
    pub const fn from_micros(micros: i64) -> Instant {
        if micros < Self::MIN.0 {
            Self::MIN
        } else if micros > Self::MAX.0 {
            Self::MAX
        } else {
            Instant(micros)
        }
    }

    /// Microseconds since 1970-01-01T00:00Z.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339 with any offset; seconds may be left out (`2026-08-21T09:00+07:00`), and
    /// digits beyond the microsecond are dropped.
    pub fn parse_rfc3339(text: &str) -> Result<Instant, InstantError> {
        use InstantError::*;
        let bytes = text.as_bytes();
        if bytes.len() < 16 || !matches!(bytes[10], b'T' | b't') || bytes[13] != b':' || !text.is_ascii() {
            return Err(Shape);
        }
        let day = match Day::parse(&text[..10]) {
            Ok(day) => day,
            Err(_) if looks_like_day(&bytes[..10]) => return Err(NoSuchDay),
            Err(_) => return Err(Shape),
        };
        let hour = digits(&bytes[11..13]).ok_or(Shape)?;
        let minute = digits(&bytes[14..16]).ok_or(Shape)?;
        let (second, micros, rest) = seconds(&bytes[16..])?;
        if hour > 23 || minute > 59 || second > 59 {
            return Err(NoSuchTime);
        }
        let of_day = (hour * 60 + minute) * MICROS_PER_MINUTE + second * MICROS_PER_SECOND + micros;
        let utc = i64::from(day.0) * MICROS_PER_DAY + of_day - offset(rest)?;
        if (Self::MIN.0..=Self::MAX.0).contains(&utc) { Ok(Instant(utc)) } else { Err(NoSuchDay) }
    }

    /// The day it is in Asia/Ho_Chi_Minh.
    pub fn day(self) -> Day {
        Day((self.0 + ZONE).div_euclid(MICROS_PER_DAY) as i32)
    }

    /// Whole minutes since local midnight, 0–1439.
    pub fn minute_of_day(self) -> u16 {
        ((self.0 + ZONE).rem_euclid(MICROS_PER_DAY) / MICROS_PER_MINUTE) as u16
    }

    /// The same instant without its seconds.
    pub fn whole_minute(self) -> Instant {
        Instant(self.0 - self.0.rem_euclid(MICROS_PER_MINUTE))
    }

    /// `by` later.
    pub fn plus(self, by: Duration) -> Instant {
        self.plus_micros(i64::try_from(by.as_micros()).unwrap_or(i64::MAX))
    }

    /// `seconds` later; earlier when negative.
    pub fn plus_seconds(self, seconds: i64) -> Instant {
        self.plus_micros(seconds.saturating_mul(MICROS_PER_SECOND))
    }

    /// `minutes` later; earlier when negative.
    pub fn plus_minutes(self, minutes: i64) -> Instant {
        self.plus_micros(minutes.saturating_mul(MICROS_PER_MINUTE))
    }

    /// `days` of 24 hours later; earlier when negative.
    pub fn plus_days(self, days: i64) -> Instant {
        self.plus_micros(days.saturating_mul(MICROS_PER_DAY))
    }

    /// Whole minutes from now to `later`, rounded down; negative if that is earlier.
    pub fn minutes_until(self, later: Instant) -> i64 {
        (later.0 - self.0).div_euclid(MICROS_PER_MINUTE)
    }

    /// How long since `earlier`; zero if that is later.
    pub fn since(self, earlier: Instant) -> Duration {
        Duration::from_micros(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }

    fn plus_micros(self, micros: i64) -> Instant {
        Instant::from_micros(self.0.saturating_add(micros))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(out, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl FromStr for Day {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Day, DayError> {
        Day::parse(text)
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (minute, local) = (self.minute_of_day(), self.0 + ZONE);
        let second = local.rem_euclid(MICROS_PER_MINUTE) / MICROS_PER_SECOND;
        write!(out, "{}T{:02}:{:02}:{second:02}", self.day(), minute / 60, minute % 60)?;
        let micros = local.rem_euclid(MICROS_PER_SECOND);
        if micros != 0 {
            write!(out, ".{micros:06}")?;
        }
        out.write_str("+07:00")
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl FromStr for Instant {
    type Err = InstantError;

    fn from_str(text: &str) -> Result<Instant, InstantError> {
        Instant::parse_rfc3339(text)
    }
}

crate::serde_as_text!(Day);
crate::serde_as_text!(Instant);

/// The number written in ASCII digits only; at most 9 of them.
fn digits(bytes: &[u8]) -> Option<i64> {
    if bytes.is_empty() || bytes.len() > 9 || !bytes.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(bytes.iter().fold(0, |sum, byte| sum * 10 + i64::from(byte - b'0')))
}

fn looks_like_day(bytes: &[u8]) -> bool {
    bytes.iter().enumerate().all(|(i, byte)| match i {
        4 | 7 => *byte == b'-',
        _ => byte.is_ascii_digit(),
    })
}

/// `:SS` and `.ffffff`, both optional: seconds, microseconds, and what follows.
fn seconds(bytes: &[u8]) -> Result<(i64, i64, &[u8]), InstantError> {
    let Some((b':', rest)) = bytes.split_first() else { return Ok((0, 0, bytes)) };
    let second = rest.get(..2).and_then(digits).ok_or(InstantError::Shape)?;
    let rest = &rest[2..];
    let Some((b'.', rest)) = rest.split_first() else { return Ok((second, 0, rest)) };
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if length == 0 {
        return Err(InstantError::Shape);
    }
    let kept = length.min(6);
    let fraction = digits(&rest[..kept]).ok_or(InstantError::Shape)?;
    Ok((second, fraction * 10_i64.pow(6 - kept as u32), &rest[length..]))
}

/// `Z` or `±HH:MM`, in microseconds.
fn offset(bytes: &[u8]) -> Result<i64, InstantError> {
    let sign = match bytes {
        [] => return Err(InstantError::NoOffset),
        [b'Z' | b'z'] => return Ok(0),
        [b'+', _, _, b':', _, _] => 1,
        [b'-', _, _, b':', _, _] => -1,
        _ => return Err(InstantError::Shape),
    };
    let hours = digits(&bytes[1..3]).ok_or(InstantError::Shape)?;
    let minutes = digits(&bytes[4..]).ok_or(InstantError::Shape)?;
    if hours > 23 || minutes > 59 {
        return Err(InstantError::NoSuchTime);
    }
    Ok(sign * (hours * 60 + minutes) * MICROS_PER_MINUTE)
}

/// Days since 1970-01-01 of a civil date. The year is taken to begin in March, so that the leap day
/// is its last; 400 years have 146,097 days.
fn days_from_civil(year: i32, month: u8, day: u8) -> i32 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month_from_march = (i32::from(month) + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + i32::from(day) - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The inverse of [`days_from_civil`].
fn civil_from_days(number: i32) -> (i32, u8, u8) {
    let shifted = number + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i32::from(month <= 2);
    (year, month as u8, day as u8)
}

#[cfg(test)]
mod tests;
