//! By agency: who does what, and at which counter. `/co-quan` finds an agency by its name or its place;
//! `/co-quan/{code}` shows its counter and the procedures taken there.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use base::text::fold;
use db::Tx;
use directory::{MaybeViewer, Receiving, Unit};
use serde::Deserialize;
use web::{Path, Problem, Query, Shell, page};

use crate::App;
use crate::filters;
use crate::home::{Tile, tile};
use crate::procedure::Procedure;
use crate::procedure::model::Frame;
use crate::words_citizen::say;

/// Where agencies are found.
pub const PATH: &str = "/co-quan";
/// Units shown of one level; whoever looks for another types its name.
const LEVEL_MAX: u32 = 30;

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new().route("/co-quan", get(list)).route("/co-quan/{code}", get(show))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ListQuery {
    q: String,
}

#[derive(Template)]
#[template(path = "life/agencies.html")]
struct ListPage {
    shell: Shell,
    q: String,
    units: Vec<Receiving>,
    /// There are more than are shown.
    more: bool,
}

/// `GET /co-quan?q=`.
async fn list(
    State(app): State<App>,
    viewer: MaybeViewer,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let q: String = query.q.trim().chars().take(base::limits::QUERY_CHARS_MAX).collect();
    let (sought, day) = (q.clone(), app.site.clock.today());
    let read = app.site.db.read(async move |tx: &mut Tx| -> Result<_, Problem> {
        let mut levels: Vec<String> =
            directory::level_rules(tx).await?.into_iter().map(|(_, answers)| answers).collect();
        levels.sort_by_key(|level| level == "commune");
        levels.dedup();
        let (mut units, mut more) = (Vec::new(), false);
        for level in levels {
            let found = directory::list_receiving(tx, &level, &sought, day, LEVEL_MAX + 1).await?;
            more |= found.len() > LEVEL_MAX as usize;
            units.extend(found.into_iter().take(LEVEL_MAX as usize));
        }
        Ok((units, more))
    });
    let (units, more) = read.await?;
    let shell = viewer.citizen_shell(&app.site, say("title.agencies", &[])).active("/thu-tuc");
    Ok(page::html(ListPage { shell, q, units, more }))
}

/// Procedures of one field of law.
struct FieldLines {
    name: String,
    lines: Vec<Tile>,
}

#[derive(Template)]
#[template(path = "life/agency.html")]
struct ShowPage {
    shell: Shell,
    name: String,
    place: String,
    counter: String,
    /// The counter's address, where the directory has one.
    address: String,
    book: String,
    fields: Vec<FieldLines>,
    count: usize,
}

/// An agency, its counter, and the levels of procedures that it answers for.
struct Found {
    agency: Unit,
    counter: Unit,
    place: String,
    levels: Vec<String>,
}

async fn find(tx: &mut Tx, code: &str, day: base::Day) -> Result<Option<Found>, Problem> {
    let Some(counter) = directory::counter_of(tx, code, day).await? else { return Ok(None) };
    let agency = directory::agency_of(tx, &counter.id).await?;
    let place = match &agency.parent {
        Some(parent) => directory::get_unit(tx, parent).await?.name,
        None => String::new(),
    };
    let rules = directory::level_rules(tx).await?;
    let answers = rules.into_iter().filter(|(_, by)| *by == agency.level).map(|(level, _)| level);
    Ok(Some(Found { levels: answers.collect(), agency, counter, place }))
}

/// Whether an agency takes a procedure. Where several agencies answer for a level, each for its own field,
/// the catalogue names the one; where one committee answers for its territory, the level alone decides.
fn takes(p: &Procedure, frame: Frame, levels: &[String], department: Option<&str>) -> bool {
    let at = p.settled_at(frame).iter().any(|level| levels.iter().any(|l| l == level.as_str()));
    at && department.is_none_or(|name| names(&p.agency, name))
}

/// Whether the catalogue's words for who settles something name this department: it says "Sở Xây dựng", the
/// directory says of which province.
fn names(agency: &str, department: &str) -> bool {
    let (agency, department) = (fold(agency), fold(department));
    let parts = agency.split(['(', ')']).flat_map(|part| part.split(" hoac "));
    parts.map(str::trim).any(|part| !part.is_empty() && department.starts_with(part))
}

/// `GET /co-quan/{code}`.
async fn show(
    State(app): State<App>,
    viewer: MaybeViewer,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    let day = app.site.clock.today();
    let asked = code.clone();
    let read = app.site.db.read(async move |tx: &mut Tx| find(tx, &asked, day).await);
    let found = read.await?.ok_or(Problem::NotFound)?;
    let department = (found.agency.level == "department").then_some(found.agency.name.as_str());
    let mut by_field: BTreeMap<String, Vec<Arc<Procedure>>> = BTreeMap::new();
    for p in app.catalogue.list().iter() {
        if takes(p, app.catalogue.frame, &found.levels, department) {
            by_field.entry(p.field.clone()).or_default().push(p.clone());
        }
    }
    let mut fields: Vec<FieldLines> = by_field
        .into_iter()
        .map(|(name, mut ps)| {
            ps.sort_by_cached_key(|p| (!p.is_online(), fold(&p.name)));
            FieldLines { name, lines: ps.iter().map(|p| tile(p)).collect() }
        })
        .collect();
    fields.sort_by_key(|f| (std::cmp::Reverse(f.lines.len()), fold(&f.name)));
    let shell = viewer.citizen_shell(&app.site, &found.agency.name).active("/thu-tuc");
    Ok(page::html(ShowPage {
        shell,
        place: found.place,
        count: fields.iter().map(|f| f.lines.len()).sum(),
        address: found.counter.address.or(found.agency.address).unwrap_or_default(),
        book: format!("/dat-lich/{}", found.counter.code),
        name: found.agency.name,
        counter: found.counter.name,
        fields,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_department_takes_what_the_catalogue_says_and_a_commune_what_its_level_settles() {
        let all = crate::procedure::model::embedded();
        let count = |level: &str, department: Option<&str>| {
            let levels = [level.to_string()];
            all.iter().filter(|p| takes(p, Frame::Y2025, &levels, department)).count()
        };
        let everything = count("province", None);
        let construction = count("province", Some("Sở Xây dựng tỉnh Vĩnh Long"));
        assert!(construction > 0 && construction < everything, "{construction} of {everything}");
        assert_eq!(count("province", Some("Sở Không Có")), 0);
        assert!(count("commune", None) > 50);
        assert_eq!(count("nowhere", None), 0);
    }
}
