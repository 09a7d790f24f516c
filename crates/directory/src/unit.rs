//! Units: territories (tỉnh, huyện, xã) and the agencies, counters and sections in them.
//!
//! A unit is named by its code and its first day, since codes are used again: 29551 was Phường 2 and
//! is Phường Thanh Đức's neighbour today. How many levels there are, and what they are called, is data.

use std::fmt;

use base::Day;
use db::{Tx, Value};
use serde::{Deserialize, Serialize};

pub mod admin;
pub mod api;
pub mod pages;
pub mod rules;
pub mod store;

#[cfg(test)]
mod tests;

/// What a unit does, as far as the program asks. Other words may stand in the data.
pub mod function {
    /// Receives dossiers and returns results.
    pub const COUNTER: &str = "counter";
    /// An agency in its own right: it has leaders, a seal, a register.
    pub const LEADERSHIP: &str = "leadership";
    /// The People's Committee of the territory it stands in.
    pub const COMMITTEE: &str = "committee";
}

/// `CODE@YYYY-MM-DD`: a unit's code and its first day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnitId(String);

impl UnitId {
    /// The id of the unit with this code since this day.
    pub fn new(code: &str, valid_from: Day) -> UnitId {
        UnitId(format!("{code}@{valid_from}"))
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The code alone.
    pub fn code(&self) -> &str {
        self.0.split('@').next().unwrap_or_default()
    }
}

impl From<String> for UnitId {
    fn from(text: String) -> UnitId {
        UnitId(text)
    }
}

impl From<&str> for UnitId {
    fn from(text: &str) -> UnitId {
        UnitId(text.to_string())
    }
}

impl fmt::Display for UnitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl db::ToValue for UnitId {
    fn to_value(&self) -> Value<'_> {
        self.0.to_value()
    }
}

impl db::FromValue for UnitId {
    fn from_value(value: Value<'static>) -> Option<UnitId> {
        String::from_value(value).map(UnitId)
    }
}

db::record! {
    /// A unit as it stands in its row.
    #[derive(PartialEq, Eq)]
    pub struct Unit {
        id: UnitId,
        code: String,
        /// Its first day.
        valid_from: Day,
        /// Its last day; none while it stands.
        valid_to: Option<Day>,
        name: String,
        /// The kind in Vietnamese: "xã", "sở", "UBND", "phòng".
        kind: String,
        /// Where it stands among the levels of this province: a word of the data.
        level: String,
        /// A territory, not an agency.
        territory: bool,
        /// The first of its functions.
        function: Option<String>,
        parent: Option<UnitId>,
        symbol: Option<String>,
        /// Mã định danh; visibly fake where `invented` or unknown (prefix Z).
        ident: Option<String>,
        address: Option<String>,
        /// Made by a rule of the province file, since no source lists it.
        invented: bool,
        version: i64,
    }
}

impl Unit {
    /// Does it stand on this day?
    pub fn stands(&self, day: Day) -> bool {
        self.valid_from <= day && self.valid_to.is_none_or(|last| day <= last)
    }

    /// Its identifier, or its code where it has none: what a dossier's number begins with.
    pub fn ident_or_code(&self) -> &str {
        self.ident.as_deref().unwrap_or(&self.code)
    }
}

pub use store::Commune;

/// Every commune that stands or stood, for addresses: people know the old name as well.
pub async fn list_communes(tx: &mut Tx) -> db::Result<Vec<Commune>> {
    store::list_communes(tx).await
}

/// The unit with this id.
pub async fn get_unit(tx: &mut Tx, id: &UnitId) -> db::Result<Unit> {
    store::get(tx, id).await
}

/// The unit that carries this code on this day.
pub async fn find_unit(tx: &mut Tx, code: &str, day: Day) -> db::Result<Option<Unit>> {
    store::find(tx, code, day).await
}

/// The unit that carries this identifier (mã định danh) on this day.
pub async fn find_by_ident(tx: &mut Tx, ident: &str, day: Day) -> db::Result<Option<Unit>> {
    store::find_by_ident(tx, ident, day).await
}

/// Generations of successors that are followed; no unit has been rearranged more often.
const GENERATIONS_MAX: usize = 8;

/// The units that stand on `day` where this one stood: itself, those that took over from it, or those that
/// took over from them. A code may have been given to another unit since, so the id alone decides. Empty
/// where nobody knows the unit, or who took over.
pub async fn heirs(tx: &mut Tx, id: &UnitId, day: Day) -> db::Result<Vec<Unit>> {
    let mut standing: Vec<Unit> = Vec::new();
    let mut known = vec![id.clone()];
    let mut ended: Vec<Unit> = Vec::new();
    match store::get(tx, id).await {
        Ok(unit) if unit.stands(day) => return Ok(vec![unit]),
        Ok(unit) => ended.push(unit),
        Err(db::Error::NotFound) => return Ok(Vec::new()),
        Err(other) => return Err(other),
    }
    for _ in 0..GENERATIONS_MAX {
        let mut next = Vec::new();
        for unit in std::mem::take(&mut ended) {
            for code in store::successors(tx, &unit.id).await? {
                let after = unit.valid_to.map_or(day, Day::next).min(day);
                let heir = match store::find(tx, &code, after).await? {
                    Some(heir) => Some(heir),
                    None => store::find(tx, &code, day).await?,
                };
                let Some(heir) = heir.filter(|heir| !known.contains(&heir.id)) else { continue };
                known.push(heir.id.clone());
                if heir.stands(day) { standing.push(heir) } else { next.push(heir) }
            }
        }
        ended = next;
    }
    Ok(standing)
}

/// The unit and everything above it, itself first.
pub async fn ancestors(tx: &mut Tx, id: &UnitId) -> db::Result<Vec<Unit>> {
    store::ancestors(tx, id).await
}

/// Does `id` stand in `top` or below it?
pub async fn is_within(tx: &mut Tx, id: &UnitId, top: &UnitId) -> db::Result<bool> {
    Ok(store::ancestors(tx, id).await?.iter().any(|u| u.id == *top))
}

/// The one-stop counter that receives for a unit: for itself when it is one, for an agency its own
/// counter, for a territory that of its People's Committee, for a section that of its agency.
/// None when nobody receives for it, or no such unit stands on this day.
pub async fn counter_of(tx: &mut Tx, code: &str, day: Day) -> db::Result<Option<Unit>> {
    let Some(mut unit) = store::find(tx, code, day).await? else { return Ok(None) };
    loop {
        if store::has_function(tx, &unit.id, function::COUNTER).await? {
            return Ok(Some(unit));
        }
        if unit.territory {
            let committee = store::child_with(tx, &unit.id, function::COMMITTEE, day).await?;
            let Some(committee) = committee else { return Ok(None) };
            return store::child_with(tx, &committee.id, function::COUNTER, day).await;
        }
        if let Some(counter) = store::child_with(tx, &unit.id, function::COUNTER, day).await? {
            return Ok(Some(counter));
        }
        let is_agency = store::has_function(tx, &unit.id, function::LEADERSHIP).await?;
        let Some(parent) = unit.parent.filter(|_| !is_agency) else { return Ok(None) };
        unit = store::get(tx, &parent).await?;
        if unit.territory {
            return Ok(None);
        }
    }
}

/// The agency a counter or a section belongs to; an agency is its own.
pub async fn agency_of(tx: &mut Tx, id: &UnitId) -> db::Result<Unit> {
    for unit in store::ancestors(tx, id).await? {
        if store::has_function(tx, &unit.id, function::LEADERSHIP).await? {
            return Ok(unit);
        }
    }
    Err(db::Error::NotFound)
}

/// Under what everything lies that a unit answers for: the whole territory for its People's Committee,
/// the agency for its counter and sections, the unit itself otherwise.
pub async fn realm_of(tx: &mut Tx, id: &UnitId) -> db::Result<UnitId> {
    let unit = store::get(tx, id).await?;
    if unit.territory {
        return Ok(unit.id);
    }
    let agency = agency_of(tx, id).await?;
    match agency.parent {
        Some(territory) if store::has_function(tx, &agency.id, function::COMMITTEE).await? => Ok(territory),
        _ => Ok(agency.id),
    }
}

/// The agencies that stand in `top` or below it on `day`, with their names, in the province's order.
pub async fn agencies_within(tx: &mut Tx, top: &UnitId, day: Day) -> db::Result<Vec<(UnitId, String)>> {
    store::agencies_within(tx, top, day).await
}

/// Every agency without an end yet, with its name, in the province's order; at most 2,000.
pub async fn list_agencies(tx: &mut Tx) -> db::Result<Vec<(UnitId, String)>> {
    store::list_agencies(tx).await
}

/// The section of an agency that has a function, or the agency itself when none has.
pub async fn unit_for(tx: &mut Tx, agency: &UnitId, function: &str) -> db::Result<Unit> {
    match store::standing_child_with(tx, agency, function).await? {
        Some(section) => Ok(section),
        None => store::get(tx, agency).await,
    }
}

/// A unit one may choose as the receiver of a dossier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiving {
    pub code: String,
    pub name: String,
    /// The name of what it stands in: districts tell communes of the same name apart.
    pub parent_name: Option<String>,
}

/// The units with a counter that answer when a procedure speaks of `level`, by name parts without
/// regard to tone marks. At most `limit`.
pub async fn list_receiving(
    tx: &mut Tx,
    level: &str,
    q: &str,
    day: Day,
    limit: u32,
) -> db::Result<Vec<Receiving>> {
    let level = store::answering_level(tx, level).await?.unwrap_or_else(|| level.to_string());
    store::list_receiving(tx, &level, &rules::tokens(q), day, limit).await
}
