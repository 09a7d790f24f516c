//! What administrators do to the working time: confirm and correct the days of the country, propose a
//! year, set a unit's hours, close a unit on a day. Every change renews what is counted from then on;
//! what was promised before stays promised. law: calendar/holidays

use base::calendar::{Kind, Occasion, Row, Standing};
use base::{Day, OfficeHours};
use db::{Tx, args};
use web::{FieldError, Problem};

use super::{HolidayRow, renew_stamp, row};
use crate::unit::UnitId;
use crate::words;

/// The longest source or reason, in characters.
const SOURCE_CHARS_MAX: usize = 300;

db::record! {
    struct Versioned {
        day: Day,
        kind: String,
        occasion: Option<String>,
        standing: String,
        swap: Option<Day>,
        source: String,
        version: i64,
    }
}

/// The rows of a year with their versions, in order of days.
pub async fn list_year(tx: &mut Tx, year: i32) -> db::Result<Vec<(Row, i64)>> {
    let rows: Vec<Versioned> = tx
        .list(
            "select day, kind, occasion, standing, swap, source, version from holiday
              where day >= $1 and day <= $2 order by day limit 366",
            args![format!("{year:04}-01-01"), format!("{year:04}-12-31")],
        )
        .await?;
    let read = |v: Versioned| {
        let plain = HolidayRow {
            day: v.day,
            kind: v.kind,
            occasion: v.occasion,
            standing: v.standing,
            swap: v.swap,
            source: v.source,
        };
        Ok((row(plain)?, v.version))
    };
    rows.into_iter().map(read).collect()
}

/// A day as an administrator types it.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    pub day: String,
    pub kind: String,
    pub occasion: String,
    pub swap: String,
    pub source: String,
}

impl Typed {
    /// The row, confirmed; or everything that is wrong with it.
    fn row(&self) -> Result<Row, Problem> {
        let mut wrong = Vec::new();
        let mut fail = |field: &str, key: &str| wrong.push(FieldError::new(field, words::t(key)));
        let day = Day::parse(&self.day).ok();
        if day.is_none() {
            fail("day", "calendar.wrong_day");
        }
        let kind: Option<Kind> = self.kind.parse().ok().filter(|kind| *kind != Kind::Local);
        if kind.is_none() {
            fail("day_kind", "calendar.wrong_kind");
        }
        let occasion: Option<Occasion> = self.occasion.parse().ok();
        if kind == Some(Kind::Holiday) && occasion.is_none() {
            fail("occasion", "calendar.wrong_occasion");
        }
        let swapped = matches!(kind, Some(Kind::SwappedOff | Kind::SwappedWork));
        let swap = if swapped { Day::parse(&self.swap).ok() } else { None };
        if swapped && (swap.is_none() || swap == day) {
            fail("swap", "calendar.wrong_swap");
        }
        if kind == Some(Kind::SwappedWork) && day.is_some_and(|day| !day.weekday().is_weekend()) {
            fail("day", "calendar.not_weekend");
        }
        source(&self.source, "source", &mut fail);
        match (day, kind) {
            (Some(day), Some(kind)) if wrong.is_empty() => Ok(Row {
                day,
                kind,
                occasion: occasion.filter(|_| !swapped),
                standing: Standing::Confirmed,
                swap,
                source: self.source.trim().to_string(),
            }),
            _ => Err(Problem::Invalid(wrong)),
        }
    }
}

/// Where it is decided, or why: said, and not too long.
fn source(text: &str, field: &str, fail: &mut impl FnMut(&str, &str)) {
    match text.trim().chars().count() {
        0 => fail(field, "calendar.no_source"),
        n if n > SOURCE_CHARS_MAX => fail(field, "calendar.long_source"),
        _ => {}
    }
}

/// Confirms a day as typed: a new row where `seen` is 0, else the row that was seen.
pub async fn confirm(tx: &mut Tx, typed: &Typed, seen: i64) -> Result<Day, Problem> {
    let row = typed.row()?;
    let (occasion, swap) = (row.occasion.map(Occasion::word), row.swap);
    let (kind, standing) = (row.kind.word(), row.standing.word());
    let changed = if seen == 0 {
        tx.change(
            "insert into holiday (day, kind, occasion, standing, swap, source)
             values ($1, $2, $3, $4, $5, $6) on conflict (day) do nothing",
            args![row.day, kind, occasion, standing, swap, row.source],
        )
        .await?
    } else {
        tx.change(
            "update holiday set kind = $1, occasion = $2, standing = $3, swap = $4, source = $5,
                version = version + 1
              where day = $6 and version = $7",
            args![kind, occasion, standing, swap, row.source, row.day, seen],
        )
        .await?
    };
    match (changed, seen) {
        (0, 0) => Err(Problem::field("day", words::t("calendar.day_taken"))),
        (0, _) => Err(Problem::Stale),
        _ => {
            renew_stamp(tx).await?;
            Ok(row.day)
        }
    }
}

/// Takes a day out of the table: it counts as its weekday says.
pub async fn remove(tx: &mut Tx, day: &str, seen: i64) -> Result<(), Problem> {
    let day = Day::parse(day).map_err(|_| Problem::NotFound)?;
    tx.change_one("delete from holiday where day = $1 and version = $2", args![day, seen]).await?;
    Ok(renew_stamp(tx).await?)
}

/// Puts the rows that the moon and the law propose for a year, where there are none yet; how many.
pub async fn propose(tx: &mut Tx, year: i32) -> Result<u64, Problem> {
    let cited = |mut row: Row| {
        let rule = match (row.kind, row.occasion) {
            (Kind::Compensation, _) => "compensation",
            (_, Some(Occasion::Culture)) => "culture",
            _ => "holiday",
        };
        row.source = words::t(&format!("calendar.proposed_by.{rule}"));
        row
    };
    let rows: Vec<Row> = base::lunar::propose(year).into_iter().map(cited).collect();
    Ok(super::put_holidays(tx, &rows).await?)
}

/// The hours stated for this very unit, with their source and version.
pub async fn own_hours(tx: &mut Tx, unit: &UnitId) -> db::Result<Option<(String, String, i64)>> {
    tx.find("select hours, source, version from office_hours where unit = $1", args![unit]).await
}

/// States the unit's hours; empty ones follow the unit above again. `seen` is 0 where none were stated.
pub async fn set_hours(tx: &mut Tx, unit: &UnitId, hours: &str, why: &str, seen: i64) -> Result<(), Problem> {
    if hours.trim().is_empty() {
        let gone = "delete from office_hours where unit = $1 and version = $2";
        let gone = tx.change(gone, args![unit, seen]).await?;
        renew_stamp(tx).await?;
        return if gone == 1 || seen == 0 { Ok(()) } else { Err(Problem::Stale) };
    }
    let mut wrong = Vec::new();
    let mut fail = |field: &str, key: &str| wrong.push(FieldError::new(field, words::t(key)));
    source(why, "source", &mut fail);
    let read = hours.parse::<OfficeHours>();
    if read.is_err() {
        fail("hours", "calendar.wrong_hours");
    }
    let read = match read {
        Ok(read) if wrong.is_empty() => read.to_string(),
        _ => return Err(Problem::Invalid(wrong)),
    };
    let changed = if seen == 0 {
        tx.change(
            "insert into office_hours (unit, hours, source) values ($1, $2, $3)
             on conflict (unit) do nothing",
            args![unit, read, why.trim()],
        )
        .await?
    } else {
        tx.change(
            "update office_hours set hours = $1, source = $2, version = version + 1
              where unit = $3 and version = $4",
            args![read, why.trim(), unit, seen],
        )
        .await?
    };
    renew_stamp(tx).await?;
    if changed == 1 { Ok(()) } else { Err(Problem::Stale) }
}

db::record! {
    /// A day on which this very unit, and all below it, is closed.
    pub struct Closed { day: Day, reason: String }
}

/// The days from `from` on on which this very unit is closed.
pub async fn closed_days(tx: &mut Tx, unit: &UnitId, from: Day) -> db::Result<Vec<Closed>> {
    tx.list(
        "select day, reason from closure where unit = $1 and day >= $2 order by day limit 200",
        args![unit, from],
    )
    .await
}

/// Closes the unit on a day still to come or on the present one.
pub async fn close(tx: &mut Tx, unit: &UnitId, day: &str, why: &str, today: Day) -> Result<Day, Problem> {
    let mut wrong = Vec::new();
    let mut fail = |field: &str, key: &str| wrong.push(FieldError::new(field, words::t(key)));
    source(why, "reason", &mut fail);
    let day = Day::parse(day).ok().filter(|day| *day >= today);
    if day.is_none() {
        fail("closed_day", "calendar.past_day");
    }
    match day {
        Some(day) if wrong.is_empty() => {
            super::close_on(tx, unit, day, why.trim()).await?;
            Ok(day)
        }
        _ => Err(Problem::Invalid(wrong)),
    }
}

/// Opens the unit again on a day that has not begun to be counted away: today or later.
pub async fn reopen(tx: &mut Tx, unit: &UnitId, day: &str, today: Day) -> Result<(), Problem> {
    let day = Day::parse(day).ok().filter(|day| *day >= today).ok_or(Problem::NotFound)?;
    tx.change_one("delete from closure where unit = $1 and day = $2", args![unit, day]).await?;
    Ok(renew_stamp(tx).await?)
}
