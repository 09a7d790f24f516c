//! The Vietnamese lunisolar calendar, and the holidays it proposes for a new year.
//!
//! The method is Hồ Ngọc Đức's, after Jean Meeus' *Astronomical Algorithms*: the instants of new
//! moons and the ecliptic longitude of the sun by short series, taken in the zone UTC+7. A month
//! begins on the day of a new moon. Month 11 holds the winter solstice; if thirteen new moons lie
//! between two months 11, the first month in which the sun enters no new sector of 30° is the leap
//! month. The series are good for some centuries around 2000; we use them for [`YEARS`].

use std::f64::consts::PI;
use std::ops::RangeInclusive;

use crate::Day;
use crate::calendar::{Kind, Occasion, Row, Standing};

/// Years for which this module answers.
pub const YEARS: RangeInclusive<i32> = 1900..=2199;

/// Days between the Julian day number 0 and 1970-01-01.
const JULIAN_DAY_OF_1970: i32 = 2_440_588;
/// The mean time from new moon to new moon, in days.
const SYNODIC_MONTH: f64 = 29.530588853;
/// The Julian date of new moon 0, on 1 January 1900.
const NEW_MOON_0: f64 = 2415021.076998695;
/// Vietnam's zone in days.
const ZONE_DAYS: f64 = 7.0 / 24.0;
/// The sector of the sun that begins at the winter solstice (270°).
const WINTER: i32 = 9;

/// A day of the lunar calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lunar {
    /// The lunar year, named by the solar year in which it begins.
    pub year: i32,
    /// 1–12.
    pub month: u8,
    /// The month is the repeated one (tháng nhuận).
    pub leap: bool,
    /// 1–30.
    pub day: u8,
}

/// The first day of the lunar year; `None` outside [`YEARS`].
pub fn tet(year: i32) -> Option<Day> {
    to_solar(Lunar { year, month: 1, leap: false, day: 1 })
}

/// The Hùng Kings' commemoration, the 10th of the third month; `None` outside [`YEARS`].
pub fn hung_kings(year: i32) -> Option<Day> {
    to_solar(Lunar { year, month: 3, leap: false, day: 10 })
}

/// The month that comes twice in the lunar year; `None` in a common year and outside [`YEARS`].
pub fn leap_month(year: i32) -> Option<u8> {
    if !YEARS.contains(&year) {
        return None;
    }
    // months 1–10 belong to the span that ends in the year, 11 and 12 to the next
    [year - 1, year].into_iter().find_map(|start| {
        let span = Span::from_november_of(start);
        let (month, _) = span.name(span.leap?);
        (span.year_of(span.leap?) == year).then_some(month)
    })
}

/// The solar day of a lunar one; `None` outside [`YEARS`] and for days that do not exist: a leap
/// month the year has not, the 30th of a short month.
pub fn to_solar(lunar: Lunar) -> Option<Day> {
    let Lunar { year, month, leap, day } = lunar;
    if !YEARS.contains(&year) || !(1..=12).contains(&month) || !(1..=30).contains(&day) {
        return None;
    }
    let span = Span::from_november_of(if month >= 11 { year } else { year - 1 });
    let index = (0..span.months()).find(|index| span.name(*index) == (month, leap))?;
    let first = span.month_start(index);
    (i32::from(day) <= span.month_start(index + 1) - first).then(|| day_of(first + i32::from(day) - 1))
}

/// The lunar day of a solar one; `None` where its lunar year is outside [`YEARS`].
pub fn from_solar(day: Day) -> Option<Lunar> {
    let (number, year) = (julian(day), day.year());
    if !(YEARS.start() - 1..=YEARS.end() + 1).contains(&year) {
        return None;
    }
    let this = Span::from_november_of(year);
    let span = if number >= this.start { this } else { Span::from_november_of(year - 1) };
    let index = (0..span.months()).rev().find(|index| span.month_start(*index) <= number)?;
    let (month, leap) = span.name(index);
    let year = span.year_of(index);
    let day = (number - span.month_start(index) + 1) as u8;
    YEARS.contains(&year).then_some(Lunar { year, month, leap, day })
}

/// The months from one month 11 up to the next, counted from 0.
struct Span {
    /// The solar year in which the first of them begins.
    year: i32,
    /// The Julian day of its first day.
    start: i32,
    /// The new moon that opens it.
    moon: i32,
    /// Which of the months is the leap month, if there are 13.
    leap: Option<i32>,
}

impl Span {
    fn from_november_of(year: i32) -> Span {
        let (start, next) = (month_11(year), month_11(year + 1));
        let moon = ((f64::from(start) - NEW_MOON_0) / SYNODIC_MONTH).round() as i32;
        let mut span = Span { year, start, moon, leap: None };
        if next - start > 365 {
            // the sun stands in the same sector at both ends: it enters none in this month
            let stays = |i: &i32| sun_sector(span.month_start(*i)) == sun_sector(span.month_start(i + 1));
            span.leap = (1..13).find(stays);
        }
        span
    }

    fn months(&self) -> i32 {
        if self.leap.is_some() { 13 } else { 12 }
    }

    fn month_start(&self, index: i32) -> i32 {
        new_moon(self.moon + index)
    }

    /// The month's number, and whether it is the leap month.
    fn name(&self, index: i32) -> (u8, bool) {
        let shift = i32::from(self.leap.is_some_and(|leap| index >= leap));
        (((index - shift + 10) % 12 + 1) as u8, self.leap == Some(index))
    }

    /// The lunar year of a month of this span.
    fn year_of(&self, index: i32) -> i32 {
        let (month, _) = self.name(index);
        if month >= 11 { self.year } else { self.year + 1 }
    }
}

/// The Julian day on which month 11 of a year begins: the new moon at or before the winter solstice.
fn month_11(year: i32) -> i32 {
    let end = Day::new(year, 12, 31).expect("callers stay near YEARS, and every year has this day");
    let k = (f64::from(julian(end) - 2_415_021) / SYNODIC_MONTH).floor() as i32;
    let moon = new_moon(k);
    if sun_sector(moon) >= WINTER { new_moon(k - 1) } else { moon }
}

/// The Julian day, in Vietnam, of the k-th new moon after that of 1 January 1900.
///
/// Mean new moon plus the periodic terms of the sun's anomaly, the moon's anomaly and the moon's
/// argument of latitude, less the difference of dynamical and universal time.
fn new_moon(k: i32) -> i32 {
    let k = f64::from(k);
    let t = k / 1236.85;
    let (t2, t3) = (t * t, t * t * t);
    let sin = |degrees: f64| (degrees * PI / 180.0).sin();
    let mean = 2415020.75933 + 29.53058868 * k + 0.0001178 * t2 - 0.000000155 * t3
        + 0.00033 * sin(166.56 + 132.87 * t - 0.009173 * t2);
    let sun = 359.2242 + 29.10535608 * k - 0.0000333 * t2 - 0.00000347 * t3;
    let moon = 306.0253 + 385.81691806 * k + 0.0107306 * t2 + 0.00001236 * t3;
    let latitude = 21.2964 + 390.67050646 * k - 0.0016528 * t2 - 0.00000239 * t3;
    let periodic = (0.1734 - 0.000393 * t) * sin(sun) + 0.0021 * sin(2.0 * sun) - 0.4068 * sin(moon)
        + 0.0161 * sin(2.0 * moon)
        - 0.0004 * sin(3.0 * moon)
        + 0.0104 * sin(2.0 * latitude)
        - 0.0051 * sin(sun + moon)
        - 0.0074 * sin(sun - moon)
        + 0.0004 * sin(2.0 * latitude + sun)
        - 0.0004 * sin(2.0 * latitude - sun)
        - 0.0006 * sin(2.0 * latitude + moon)
        + 0.0010 * sin(2.0 * latitude - moon)
        + 0.0005 * sin(2.0 * moon + sun);
    let delta = if t < -11.0 {
        0.001 + 0.000839 * t + 0.0002261 * t2 - 0.00000845 * t3 - 0.000000081 * t * t3
    } else {
        -0.000278 + 0.000265 * t + 0.000262 * t2
    };
    (mean + periodic - delta + 0.5 + ZONE_DAYS).floor() as i32
}

/// The sector of 30° (0 = spring equinox … 9 = winter solstice) in which the sun stands at the
/// midnight that begins a Julian day in Vietnam: mean longitude plus the equation of the centre.
fn sun_sector(julian_day: i32) -> i32 {
    let t = (f64::from(julian_day) - 2451545.5 - ZONE_DAYS) / 36525.0;
    let t2 = t * t;
    let anomaly = (357.52910 + 35999.05030 * t - 0.0001559 * t2 - 0.00000048 * t * t2) * PI / 180.0;
    let mean = 280.46645 + 36000.76983 * t + 0.0003032 * t2;
    let centre = (1.914600 - 0.004817 * t - 0.000014 * t2) * anomaly.sin()
        + (0.019993 - 0.000101 * t) * (2.0 * anomaly).sin()
        + 0.000290 * (3.0 * anomaly).sin();
    ((mean + centre).rem_euclid(360.0) / 30.0) as i32
}

fn julian(day: Day) -> i32 {
    day.number() + JULIAN_DAY_OF_1970
}

fn day_of(julian_day: i32) -> Day {
    Day::from_number(julian_day - JULIAN_DAY_OF_1970)
}

/// What the Prime Minister decides each year about the two movable blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choices {
    /// How many of the five days of Tết lie before its first day, 0–5; usually 1 or 2.
    pub tet_days_before: u8,
    /// Which day joins 2 September.
    pub national: NationalDay,
}

/// The days of the National Day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NationalDay {
    /// 2 September alone, the law until 2020.
    Alone,
    /// With 1 September.
    WithDayBefore,
    /// With 3 September.
    WithDayAfter,
}

impl Default for Choices {
    fn default() -> Self {
        Choices { tet_days_before: 1, national: NationalDay::WithDayBefore }
    }
}

/// A proposal of rows for a year with the usual choices; see [`propose_with`].
pub fn propose(year: i32) -> Vec<Row> {
    propose_with(year, Choices::default())
}

/// A proposal of the holidays of a year and of the working days off in lieu of those on a weekend,
/// in order of days. An official decides; every row says [`Standing::Proposed`], and whoever keeps it
/// cites the law in words as its source. Exchanges of a working day for a Saturday are never proposed.
/// Empty outside [`YEARS`].
pub fn propose_with(year: i32, choices: Choices) -> Vec<Row> {
    let mut holidays = holidays(year, choices);
    holidays.sort_by_key(|(day, _)| *day);
    holidays.dedup_by_key(|(day, _)| *day);
    let mut rows: Vec<Row> =
        holidays.iter().map(|(day, occasion)| proposed(*day, Kind::Holiday, *occasion)).collect();
    for (rest_day, occasion) in holidays.iter().filter(|(day, _)| day.weekday().is_weekend()) {
        let mut day = rest_day.next();
        while day.weekday().is_weekend() || rows.iter().any(|row| row.day == day) {
            day = day.next();
        }
        rows.push(proposed(day, Kind::Compensation, *occasion));
    }
    rows.sort_by_key(|row| row.day);
    rows
}

/// The holidays of art. 112 in a year, and from 2026 the 24th of November.
fn holidays(year: i32, choices: Choices) -> Vec<(Day, Occasion)> {
    let (Some(tet), Some(hung_kings)) = (tet(year), hung_kings(year)) else { return Vec::new() };
    let solar = |month, day| Day::new(year, month, day).expect("these days exist in every year");
    let first = tet.plus(-i64::from(choices.tet_days_before.min(5)));
    let mut days: Vec<(Day, Occasion)> = (0..5).map(|n| (first.plus(n), Occasion::Tet)).collect();
    days.extend([
        (solar(1, 1), Occasion::NewYear),
        (hung_kings, Occasion::HungKings),
        (solar(4, 30), Occasion::Reunification),
        (solar(5, 1), Occasion::Labour),
        (solar(9, 2), Occasion::National),
    ]);
    match choices.national {
        NationalDay::Alone => {}
        NationalDay::WithDayBefore => days.push((solar(9, 1), Occasion::National)),
        NationalDay::WithDayAfter => days.push((solar(9, 3), Occasion::National)),
    }
    if year >= 2026 {
        days.push((solar(11, 24), Occasion::Culture));
    }
    days
}

fn proposed(day: Day, kind: Kind, occasion: Occasion) -> Row {
    Row {
        day,
        kind,
        occasion: Some(occasion),
        standing: Standing::Proposed,
        swap: None,
        source: String::new(),
    }
}

#[cfg(test)]
mod tests;
