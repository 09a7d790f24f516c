//! The working calendar of a unit: the days of the country, the unit's hours, its closures.

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

/// The calendar by which a unit counts its limits: the national rows as an official has confirmed or
/// corrected them, the office hours of the unit or of the nearest one above it, and the days on which
/// it or anything above it is closed.
pub async fn calendar(tx: &mut Tx, unit: &UnitId) -> db::Result<Calendar> {
    let rows: Vec<HolidayRow> = tx
        .list(
            "select day, kind, occasion, standing, swap, source from holiday order by day limit 2000",
            args![],
        )
        .await?;
    let rows = rows.into_iter().map(row).collect::<db::Result<Vec<Row>>>()?;
    let mut calendar = Calendar::new(rows).with_rows(closures(tx, unit).await?);
    if let Some(hours) = hours(tx, unit).await? {
        calendar = calendar.with_hours(hours);
    }
    Ok(calendar)
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
    Ok(())
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
    Ok(put)
}
