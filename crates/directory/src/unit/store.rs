//! Rows of units.

use std::collections::BTreeMap;

use base::Day;
use db::{Filter, Tx, args};

use super::{Receiving, Unit, UnitId};

macro_rules! unit {
    ($tail:literal) => {
        concat!(
            "select u.id, u.code, u.valid_from, u.valid_to, u.name, u.kind, u.level, u.territory, ",
            "u.function, u.parent, u.symbol, u.ident, u.address, u.invented, u.version from unit u ",
            $tail
        )
    };
}

/// Who receives for a unit: a counter directly under it, or under its committee.
macro_rules! receives {
    () => {
        "exists (select 1 from unit c join unit_function f on f.unit = c.id and f.function = 'counter'
                  where c.valid_to is null and (c.id = u.id or c.parent = u.id or c.parent in (
                        select a.id from unit a join unit_function g on g.unit = a.id
                         where g.function = 'committee' and a.parent = u.id)))"
    };
}

/// The unit with this id.
pub async fn get(tx: &mut Tx, id: &UnitId) -> db::Result<Unit> {
    tx.get(unit!("where u.id = $1"), args![id]).await
}

/// Names by id.
pub async fn names(tx: &mut Tx, units: &[&str]) -> db::Result<BTreeMap<String, String>> {
    db::record! { struct Named { id: String, name: String } }
    if units.is_empty() {
        return Ok(BTreeMap::new());
    }
    let q = Filter::new("select id, name from unit").among("id", units);
    let rows: Vec<Named> = tx.list(&q, &q.args).await?;
    Ok(rows.into_iter().map(|n| (n.id, n.name)).collect())
}

/// The unit that carries `code` on `day`.
pub async fn find(tx: &mut Tx, code: &str, day: Day) -> db::Result<Option<Unit>> {
    let sql = unit!(
        "where u.code = $1 and u.valid_from <= $2 and (u.valid_to is null or u.valid_to >= $2)
         order by u.valid_from desc limit 1"
    );
    tx.find(sql, args![code, day]).await
}

/// The unit with this identifier on this day; of several the one that stands longest.
pub async fn find_by_ident(tx: &mut Tx, ident: &str, day: Day) -> db::Result<Option<Unit>> {
    let sql = unit!(
        "where u.ident = $1 and u.valid_from <= $2 and (u.valid_to is null or u.valid_to >= $2)
         order by u.valid_from, u.id limit 1"
    );
    tx.find(sql, args![ident, day]).await
}

/// The unit and all above it, itself first.
pub async fn ancestors(tx: &mut Tx, id: &UnitId) -> db::Result<Vec<Unit>> {
    tx.list(
        "with recursive above(id, step) as (
             select id, 0 from unit where id = $1
             union all
             select u.parent, a.step + 1 from unit u join above a on u.id = a.id
              where u.parent is not null and a.step < 50)
         select u.id, u.code, u.valid_from, u.valid_to, u.name, u.kind, u.level, u.territory, u.function,
                u.parent, u.symbol, u.ident, u.address, u.invented, u.version
           from above a join unit u on u.id = a.id order by a.step",
        args![id],
    )
    .await
}

/// Does this very unit have the function?
pub async fn has_function(tx: &mut Tx, id: &UnitId, function: &str) -> db::Result<bool> {
    let sql = "select unit from unit_function where unit = $1 and function = $2";
    Ok(tx.find::<String>(sql, args![id, function]).await?.is_some())
}

/// The first unit directly under `parent` that has the function and stands on `day`.
pub async fn child_with(tx: &mut Tx, parent: &UnitId, function: &str, day: Day) -> db::Result<Option<Unit>> {
    let sql = unit!(
        "join unit_function f on f.unit = u.id
         where u.parent = $1 and f.function = $2 and u.valid_from <= $3
           and (u.valid_to is null or u.valid_to >= $3) order by u.position, u.id limit 1"
    );
    tx.find(sql, args![parent, function, day]).await
}

/// The first unit directly under `parent` that has the function and has no end.
pub async fn standing_child_with(tx: &mut Tx, parent: &UnitId, function: &str) -> db::Result<Option<Unit>> {
    let sql = unit!(
        "join unit_function f on f.unit = u.id
         where u.parent = $1 and f.function = $2 and u.valid_to is null order by u.position, u.id limit 1"
    );
    tx.find(sql, args![parent, function]).await
}

/// The functions of a unit, in alphabetical order.
pub async fn functions(tx: &mut Tx, id: &UnitId) -> db::Result<Vec<String>> {
    tx.list("select function from unit_function where unit = $1 order by function", args![id]).await
}

/// The level of the units that answer when a procedure speaks of `level`.
pub async fn answering_level(tx: &mut Tx, level: &str) -> db::Result<Option<String>> {
    tx.find("select answered_by from level_rule where level = $1", args![level]).await
}

db::record! {
    struct ReceivingRow { code: String, name: String, parent_name: Option<String> }
}

/// The units of a level that have a counter: its territories, or its agencies where it has none.
pub async fn list_receiving(
    tx: &mut Tx,
    level: &str,
    tokens: &[String],
    day: Day,
    limit: u32,
) -> db::Result<Vec<Receiving>> {
    let mut filter = Filter::new(
        "select u.code, u.name, p.name as parent_name from unit u left join unit p on p.id = u.parent",
    )
    .and("u.level = ?", Some(level))
    .and("u.valid_from <= ? and (u.valid_to is null or u.valid_to >= ?)", Some(day))
    .when(
        "(u.territory = 1 or u.function = 'leadership' and not exists (
             select 1 from unit t where t.level = u.level and t.territory = 1 and t.valid_to is null))",
        true,
    )
    .when(receives!(), true);
    for token in tokens {
        filter = filter.and("(' ' || u.name_folded like ? or ' ' || p.name_folded like ?)", Some(token));
    }
    let filter = filter.tail("order by u.position, u.id limit 200");
    let rows: Vec<ReceivingRow> = tx.list(&filter, &filter.args).await?;
    let rows = rows.into_iter().take(limit as usize);
    Ok(rows.map(|r| Receiving { code: r.code, name: r.name, parent_name: r.parent_name }).collect())
}

db::record! {
    /// A commune that stands or stood.
    #[derive(PartialEq, Eq)]
    pub struct Commune {
        id: UnitId,
        name: String,
        /// What it stands in: a district or the province.
        parent_name: Option<String>,
        /// Its last day; none while it stands.
        valid_to: Option<Day>,
    }
}

/// Every commune of the unit tree, those that stand first; at most 2,000.
pub async fn list_communes(tx: &mut Tx) -> db::Result<Vec<Commune>> {
    tx.list(
        "select u.id, u.name, p.name as parent_name, u.valid_to from unit u
           left join unit p on p.id = u.parent
          where u.level = 'commune' and u.territory = 1
          order by case when u.valid_to is null then 0 else 1 end, u.position, u.id limit 2000",
        args![],
    )
    .await
}

db::record! {
    /// A unit in a list.
    pub struct Line {
        id: UnitId,
        code: String,
        valid_from: Day,
        valid_to: Option<Day>,
        name: String,
        kind: String,
        level: String,
        territory: bool,
        ident: Option<String>,
        address: Option<String>,
        invented: bool,
        position: i64,
        parent: Option<UnitId>,
        parent_name: Option<String>,
        receives: bool,
    }
}

/// Which units to list.
#[derive(Clone, Debug, Default)]
pub struct Asked<'a> {
    /// Only this unit and what is below it.
    pub within: Option<&'a UnitId>,
    /// Only what stands directly under this one.
    pub parent: Option<&'a UnitId>,
    /// Folded patterns, all of which the name must match.
    pub tokens: Vec<String>,
    /// A code or an identifier, exactly, as an alternative to the tokens.
    pub exact: Option<&'a str>,
    /// Only those that stand on this day.
    pub day: Option<Day>,
    /// Continue after this place.
    pub after: Option<i64>,
}

/// Units in the order of the province, 51 at most: one more than a page, to see whether there is more.
pub async fn list(tx: &mut Tx, asked: &Asked<'_>) -> db::Result<Vec<Line>> {
    const SELECT: &str = concat!(
        "select u.id, u.code, u.valid_from, u.valid_to, u.name, u.kind, u.level, u.territory, u.ident, ",
        "u.address, u.invented, u.position, u.parent, p.name as parent_name, case when ",
        receives!(),
        " then 1 else 0 end as receives from unit u left join unit p on p.id = u.parent"
    );
    const WITHIN: &str = concat!(
        "with recursive below(id) as (select id from unit where id = $1 union all ",
        "select x.id from unit x join below b on x.parent = b.id) ",
        "select u.id, u.code, u.valid_from, u.valid_to, u.name, u.kind, u.level, u.territory, u.ident, ",
        "u.address, u.invented, u.position, u.parent, p.name as parent_name, case when ",
        receives!(),
        " then 1 else 0 end as receives from below w join unit u on u.id = w.id ",
        "left join unit p on p.id = u.parent"
    );
    let mut filter = match asked.within {
        Some(top) => Filter::with(WITHIN, args![top]),
        None => Filter::new(SELECT),
    };
    filter = filter
        .and("u.parent = ?", asked.parent)
        .and("u.valid_from <= ? and (u.valid_to is null or u.valid_to >= ?)", asked.day)
        .and("u.position > ?", asked.after)
        .and("(u.code = ? or u.ident = ?)", asked.exact);
    for token in &asked.tokens {
        filter = filter.and("' ' || u.name_folded like ?", Some(token));
    }
    let filter = filter.tail("order by u.position, u.id limit 51");
    tx.list(&filter, &filter.args).await
}

/// A unit to be stored for the first time.
#[derive(Clone, Debug)]
pub struct New<'a> {
    pub id: &'a UnitId,
    pub code: &'a str,
    pub valid_from: Day,
    pub name: &'a str,
    pub kind: &'a str,
    pub level: &'a str,
    pub territory: bool,
    pub function: Option<&'a str>,
    pub parent: &'a UnitId,
    pub symbol: Option<&'a str>,
    pub ident: Option<&'a str>,
    pub address: Option<&'a str>,
}

/// Stores a new unit at the end of the province's order.
pub async fn insert(tx: &mut Tx, new: &New<'_>) -> db::Result<()> {
    let place: i64 = tx.get("select coalesce(max(position), 0) + 1 as n from unit", args![]).await?;
    tx.change(
        "insert into unit (id, code, valid_from, name, name_folded, kind, level, territory, function, parent,
                           symbol, ident, address, invented, position)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, $14)",
        args![
            new.id,
            new.code,
            new.valid_from,
            new.name,
            base::text::fold(new.name),
            new.kind,
            new.level,
            new.territory,
            new.function,
            new.parent,
            new.symbol,
            new.ident,
            new.address,
            place
        ],
    )
    .await?;
    if let Some(function) = new.function {
        tx.change("insert into unit_function (unit, function) values ($1, $2)", args![new.id, function])
            .await?;
    }
    Ok(())
}

/// Changes what may change while a unit stands. `Stale` when somebody changed it after `seen`.
pub async fn update(tx: &mut Tx, unit: &Unit, seen: i64) -> db::Result<()> {
    tx.change_one(
        "update unit set name = $1, name_folded = $2, kind = $3, symbol = $4, ident = $5, address = $6,
                version = version + 1 where id = $7 and version = $8",
        args![
            unit.name,
            base::text::fold(&unit.name),
            unit.kind,
            unit.symbol,
            unit.ident,
            unit.address,
            unit.id,
            seen
        ],
    )
    .await
}

/// Ends a unit on its last day. `Stale` when somebody changed it after `seen`.
pub async fn close(tx: &mut Tx, id: &UnitId, last: Day, seen: i64) -> db::Result<()> {
    let sql = "update unit set valid_to = $1, version = version + 1
                where id = $2 and version = $3 and valid_to is null";
    tx.change_one(sql, args![last, id, seen]).await
}

/// Names who takes over.
pub async fn put_successor(tx: &mut Tx, id: &UnitId, successor: &str, fallback: bool) -> db::Result<()> {
    tx.change(
        "insert into unit_successor (unit, successor, fallback) values ($1, $2, $3)
         on conflict (unit, successor) do update set fallback = excluded.fallback",
        args![id, successor, fallback],
    )
    .await?;
    Ok(())
}

/// Codes of the units that take over, the one for what has no better place first.
pub async fn successors(tx: &mut Tx, id: &UnitId) -> db::Result<Vec<String>> {
    let sql = "select successor from unit_successor where unit = $1 order by fallback desc, successor";
    tx.list(sql, args![id]).await
}

/// How many units directly under this one still stand.
pub async fn standing_below(tx: &mut Tx, id: &UnitId) -> db::Result<i64> {
    tx.get("select count(*) as n from unit where parent = $1 and valid_to is null", args![id]).await
}

/// The levels at which units stand.
pub async fn levels(tx: &mut Tx) -> db::Result<Vec<String>> {
    tx.list("select level from unit group by level order by min(position)", args![]).await
}

/// Agencies without an end yet, in the order of the province; at most 2,000.
pub async fn list_agencies(tx: &mut Tx) -> db::Result<Vec<(UnitId, String)>> {
    tx.list(
        "select id, name from unit where territory = 0 and valid_to is null order by position limit 2000",
        args![],
    )
    .await
}

/// The agencies that stand in `top` or below it on a day, in the order of the province.
pub async fn agencies_within(tx: &mut Tx, top: &UnitId, day: Day) -> db::Result<Vec<(UnitId, String)>> {
    tx.list(
        "with recursive below(id) as (
             select id from unit where id = $1
             union all
             select x.id from unit x join below b on x.parent = b.id)
         select u.id, u.name from below w join unit u on u.id = w.id
          where u.valid_from <= $2 and (u.valid_to is null or u.valid_to >= $2)
            and exists (select 1 from unit_function f where f.unit = u.id and f.function = 'leadership')
          order by u.position, u.id limit 5000",
        args![top, day],
    )
    .await
}
