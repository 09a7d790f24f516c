//! The working calendar of a unit: the days of the country, the unit's hours, its closures.

pub mod admin;
pub mod pages;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use base::calendar::{Kind, Occasion, Row, Standing};
use base::{Calendar, Day, OfficeHours};
use db::{Tx, args};

use crate::unit::UnitId;

db::record! {
    struct HolidayRow {
        day: Day,
        kind: String,
        occasion: Option<String>,
        standing: String,
        swap: Option<Day>,
        source: String,
    }
}

db::record! {
    struct ClosureRow { day: Day, reason: String }
}

/// What was read last, and under which stamp. One for the process is enough: a stamp is never given twice,
/// not even by two databases, and one that was rolled back is never seen again.
static READ_LAST: Mutex<Option<Kept>> = Mutex::new(None);

/// Units whose calendar is kept; more are more than a province has.
const KEPT_MAX: usize = 8_192;

/// The calendars of one state of holidays, hours and closures.
struct Kept {
    stamp: String,
    national: Calendar,
    units: BTreeMap<UnitId, Calendar>,
}

/// The calendar by which a unit counts its limits: the national rows as an official has confirmed or
/// corrected them, the office hours of the unit or of the nearest one above it, and the days on which
/// it or anything above it is closed. Every filing asks for it, so it is read once per change.
pub async fn calendar(tx: &mut Tx, unit: &UnitId) -> db::Result<Calendar> {
    let kept = || READ_LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let stamp = calendar_stamp(tx).await?;
    let mut national_read = None;
    if let Some(kept) = kept().as_ref().filter(|kept| Some(&kept.stamp) == stamp.as_ref()) {
        if let Some(calendar) = kept.units.get(unit) {
            return Ok(calendar.clone());
        }
        national_read = Some(kept.national.clone());
    }
    let national = match national_read {
        Some(national) => national,
        None => national(tx).await?,
    };
    let mut calendar = national.clone();
    let closures = closures(tx, unit).await?;
    if !closures.is_empty() {
        calendar = calendar.with_rows(closures);
    }
    if let Some(hours) = hours(tx, unit).await? {
        calendar = calendar.with_hours(hours);
    }
    if let Some(stamp) = stamp {
        let mut kept = kept();
        let same = kept.take().filter(|kept| kept.stamp == stamp && kept.units.len() < KEPT_MAX);
        let mut now = same.unwrap_or(Kept { stamp, national, units: BTreeMap::new() });
        now.units.insert(unit.clone(), calendar.clone());
        *kept = Some(now);
    }
    Ok(calendar)
}

/// The days of the country.
async fn national(tx: &mut Tx) -> db::Result<Calendar> {
    let rows: Vec<HolidayRow> = tx
        .list(
            "select day, kind, occasion, standing, swap, source from holiday order by day limit 2000",
            args![],
        )
        .await?;
    Ok(Calendar::new(rows.into_iter().map(row).collect::<db::Result<Vec<Row>>>()?))
}

/// The stamp of the calendars of all units: another one after each change of holidays, hours or closures.
/// None before the first row.
pub async fn calendar_stamp(tx: &mut Tx) -> db::Result<Option<String>> {
    tx.find("select stamp from holiday_stamp where one = 1", args![]).await
}

/// To be called by every write to the tables holiday, office_hours and closure.
async fn renew_stamp(tx: &mut Tx) -> db::Result<()> {
    enum Stamp {}
    tx.change(
        "insert into holiday_stamp (one, stamp) values (1, $1)
         on conflict (one) do update set stamp = excluded.stamp",
        args![base::Id::<Stamp>::fresh()],
    )
    .await?;
    Ok(())
}

fn row(row: HolidayRow) -> db::Result<Row> {
    let unknown = |what: &str| db::Error::Fault(format!("holiday of {}: unknown {what}", row.day));
    let kind: Kind = row.kind.parse().map_err(|_| unknown("kind"))?;
    let standing: Standing = row.standing.parse().map_err(|_| unknown("standing"))?;
    let occasion: Option<Occasion> = match &row.occasion {
        None => None,
        Some(word) => Some(word.parse().map_err(|_| unknown("occasion"))?),
    };
    Ok(Row { day: row.day, kind, occasion, standing, swap: row.swap, source: row.source })
}

async fn closures(tx: &mut Tx, unit: &UnitId) -> db::Result<Vec<Row>> {
    let rows: Vec<ClosureRow> = tx
        .list(
            "with recursive above(id) as (
                 select id from unit where id = $1
                 union all
                 select u.parent from unit u join above a on u.id = a.id where u.parent is not null)
             select c.day, min(c.reason) as reason from closure c join above a on a.id = c.unit
              group by c.day order by c.day limit 2000",
            args![unit],
        )
        .await?;
    let local = |r: ClosureRow| Row {
        day: r.day,
        kind: Kind::Local,
        occasion: None,
        standing: Standing::Confirmed,
        swap: None,
        source: r.reason,
    };
    Ok(rows.into_iter().map(local).collect())
}

/// The hours stated for the unit or for the nearest one above it.
async fn hours(tx: &mut Tx, unit: &UnitId) -> db::Result<Option<OfficeHours>> {
    let text: Option<String> = tx
        .find(
            "with recursive above(id, step) as (
                 select id, 0 from unit where id = $1
                 union all
                 select u.parent, a.step + 1 from unit u join above a on u.id = a.id
                  where u.parent is not null and a.step < 50)
             select h.hours from above a join office_hours h on h.unit = a.id order by a.step limit 1",
            args![unit],
        )
        .await?;
    let read = |t: String| t.parse().map_err(|e| db::Error::Fault(format!("office hours of {unit}: {e}")));
    text.map(read).transpose()
}

/// Closes a unit, and all below it, on a day (storm, flood, move). The reason is shown with the dates
/// it moves; deadlines already promised stay until somebody confirms new ones.
pub async fn close_on(tx: &mut Tx, unit: &UnitId, day: Day, reason: &str) -> db::Result<()> {
    tx.change(
        "insert into closure (unit, day, reason) values ($1, $2, $3)
         on conflict (unit, day) do update set reason = excluded.reason, version = closure.version + 1",
        args![unit, day, reason],
    )
    .await?;
    renew_stamp(tx).await
}

/// Puts the rows of the country that are missing; rows somebody has corrected stay as they are.
pub async fn put_holidays(tx: &mut Tx, rows: &[Row]) -> db::Result<u64> {
    let mut put = 0;
    for row in rows {
        put += tx
            .change(
                "insert into holiday (day, kind, occasion, standing, swap, source)
                 values ($1, $2, $3, $4, $5, $6) on conflict (day) do nothing",
                args![
                    row.day,
                    row.kind.word(),
                    row.occasion.map(Occasion::word),
                    row.standing.word(),
                    row.swap,
                    row.source
                ],
            )
            .await?;
    }
    renew_stamp(tx).await?;
    Ok(put)
}
