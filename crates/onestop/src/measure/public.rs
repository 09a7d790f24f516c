//! What everybody may know: by agency and month, how much was received and settled, and how promises
//! were kept. No personal data; rendered once for visitors and kept, as the front page is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use base::{Instant, format};
use db::Tx;
use directory::MaybeViewer;
use serde::Deserialize;
use web::page::{self, Cached};
use web::{Problem, Query, Shell};

use super::pages::{month_text, month_words, tenths};
use super::words::say;
use super::{Ask, By, Counts, report, rules};
use crate::App;
use crate::filters;

/// How old the figures may be; the page says of when they are.
const FIGURES_MINUTES_MAX: i64 = 10;
/// How many months may be chosen.
const MONTHS: usize = 13;

/// The routes of this file.
pub fn routes() -> Router<App> {
    let shelf = Arc::new(Shelf::default());
    Router::new().route(
        "/minh-bach",
        get(move |app: State<App>, viewer: MaybeViewer, query: Query<PublicQuery>, headers: HeaderMap| {
            show(app, viewer, query, headers, shelf.clone())
        }),
    )
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct PublicQuery {
    /// `2026-10`.
    thang: String,
}

/// What this page keeps between requests.
#[derive(Default)]
struct Shelf {
    pages: Cached,
    months: Mutex<HashMap<i64, Arc<Month>>>,
}

/// The figures of one month, taken at an instant.
struct Month {
    at: Instant,
    lines: Vec<(String, Counts)>,
}

struct Choice {
    value: String,
    label: String,
    chosen: bool,
}

struct Row {
    name: String,
    received: i64,
    settled: i64,
    in_time: String,
    late: i64,
    days: String,
}

#[derive(Template)]
#[template(path = "measure/public.html")]
struct PublicPage {
    shell: Shell,
    month: String,
    months: Vec<Choice>,
    rows: Vec<Row>,
    total: Row,
    at: Instant,
}

/// `GET /minh-bach?thang=2026-10`.
async fn show(
    State(app): State<App>,
    viewer: MaybeViewer,
    Query(query): Query<PublicQuery>,
    headers: HeaderMap,
    shelf: Arc<Shelf>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let months = months(now);
    let asked = months.iter().copied().find(|m| month_text(*m) == query.thang);
    if asked.is_none() && !query.thang.is_empty() {
        return Err(Problem::NotFound);
    }
    let month = asked.unwrap_or(months[0]);
    let figures = figures(&app, &shelf, month, now).await?;
    let render = || {
        let shell = viewer.citizen_shell(&app.site, say("title.public", &[]));
        view(shell, month, &months, &figures)
    };
    if viewer.0.is_some() {
        return Ok(page::html(render()));
    }
    Ok(shelf.pages.answer(&headers, &month_text(month), figures.at.micros(), render))
}

/// This month and those before it, the newest first.
fn months(now: Instant) -> Vec<i64> {
    let this = rules::month(now.day());
    let before = |m: &i64| Some(if m % 100 == 1 { m - 100 + 11 } else { m - 1 });
    std::iter::successors(Some(this), before).take(MONTHS).collect()
}

async fn figures(app: &App, shelf: &Shelf, month: i64, now: Instant) -> Result<Arc<Month>, Problem> {
    let known = shelf.months.lock().unwrap_or_else(|e| e.into_inner()).get(&month).cloned();
    let fresh = |m: &Arc<Month>| m.at <= now && now < m.at.plus_minutes(FIGURES_MINUTES_MAX);
    if let Some(month) = known.filter(fresh) {
        return Ok(month);
    }
    let catalogue = app.catalogue.clone();
    let read = async move |tx: &mut Tx| -> Result<Vec<(String, Counts)>, Problem> {
        let root = directory::province(tx).await?.root;
        let all = directory::agencies_within(tx, &root, now.day()).await?;
        let agencies = all.iter().map(|(id, _)| id.to_string()).collect();
        let ask = Ask { by: By::Unit, from: month, to: month, agencies };
        let lines = report(tx, &catalogue, &ask, now).await?;
        let worked = |c: &Counts| c.received + c.settled() + c.parts > 0;
        let find = |id: &str| lines.iter().find(|(key, _)| key == id).map(|(_, counts)| counts.clone());
        let named = all.iter().filter_map(|(id, name)| Some((name.clone(), find(id.as_str())?)));
        Ok(named.filter(|(_, counts)| worked(counts)).collect())
    };
    let lines = app.site.db.read(read).await?;
    let counted = Arc::new(Month { at: now, lines });
    shelf.months.lock().unwrap_or_else(|e| e.into_inner()).insert(month, counted.clone());
    Ok(counted)
}

fn view(shell: Shell, month: i64, months: &[i64], figures: &Month) -> PublicPage {
    let total = Counts::sum(figures.lines.iter().map(|l| &l.1));
    let choice = |m: &i64| Choice { value: month_text(*m), label: month_words(*m), chosen: *m == month };
    PublicPage {
        shell,
        month: month_words(month),
        months: months.iter().map(choice).collect(),
        rows: figures.lines.iter().map(|(name, counts)| row(name, counts)).collect(),
        total: row(&say("report.total", &[]), &total),
        at: figures.at,
    }
}

fn row(name: &str, counts: &Counts) -> Row {
    Row {
        name: name.to_string(),
        received: counts.received,
        settled: counts.settled() + counts.parts,
        in_time: counts.in_time().map_or_else(|| "–".into(), format::percent),
        late: counts.late + counts.parts_late,
        days: counts.days().map_or_else(|| "–".into(), tenths),
    }
}
