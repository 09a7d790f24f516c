//! The portal's front page: search, tracking, what can be done online, and the fields of law.
//! For visitors it is rendered once a version of its figures and kept packed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use base::{Instant, format};
use db::{Tx, args};
use directory::MaybeViewer;
use web::due::limit_text;
use web::page::{self, Cached};
use web::{Problem, Shell};

use crate::App;
use crate::filters;
use crate::life::EventTile;
use crate::procedure::Procedure;
use crate::words_citizen::{find, kept, say};

/// Tiles on the front page.
const TILES_MAX: usize = 8;
/// How old the figures may be; the page says of when they are.
const FIGURES_MINUTES_MAX: i64 = 10;

/// The routes of this file.
pub(crate) fn routes() -> Router<App> {
    let shelf = Arc::new(Shelf::default());
    Router::new().route(
        "/",
        get(move |app: State<App>, viewer: MaybeViewer, headers: HeaderMap| {
            home(app, viewer, headers, shelf.clone())
        }),
    )
}

/// What the front page keeps between requests.
#[derive(Default)]
struct Shelf {
    pages: Cached,
    figures: Mutex<Option<Arc<Figures>>>,
    /// Somebody counts anew at this moment.
    counting: AtomicBool,
}

/// Counts over all dossiers, taken at an instant.
#[derive(Clone, Debug, Default)]
struct Figures {
    at: Option<Instant>,
    filed: i64,
    online: i64,
    decided: i64,
    in_time: i64,
    /// Dossiers a procedure version, `CODE@VERSION`.
    used: BTreeMap<String, i64>,
}

/// A procedure as a tile or a line.
pub struct Tile {
    pub code: String,
    pub name: String,
    pub icon: &'static str,
    pub note: String,
    pub online: bool,
}

/// A field of law with the number of its procedures.
pub struct Field {
    pub name: String,
    pub slug: String,
    pub count: usize,
}

/// Words often searched for. The catalogue is Vietnamese, and so is what is looked for.
struct Chip {
    query: String,
    label: String,
}

struct Stat {
    label: String,
    value: String,
    note: String,
}

#[derive(Template)]
#[template(path = "home/home.html")]
struct Home {
    shell: Shell,
    chips: Vec<Chip>,
    tiles: Vec<Tile>,
    most_used: bool,
    events: Vec<EventTile>,
    total: i64,
    stats: Vec<Stat>,
    fields: Vec<Field>,
}

/// `GET /`.
async fn home(
    State(app): State<App>,
    viewer: MaybeViewer,
    headers: HeaderMap,
    shelf: Arc<Shelf>,
) -> Result<Response, Problem> {
    let figures = figures(&app, &shelf).await?;
    let render = || {
        let mut shell = viewer.citizen_shell(&app.site, say("title.home", &[]));
        shell.description = app.site.spoken_brand().place.clone();
        view_of(&app, shell, &figures)
    };
    if viewer.0.is_some() {
        return Ok(page::html(render()));
    }
    let version = figures.at.map_or(0, Instant::micros);
    Ok(shelf.pages.answer(&headers, "/", version, render))
}

/// The figures. When they are older than ten minutes they are counted anew beside the answer, so that
/// nobody waits for a count over a million dossiers; only the first visitor after a start does.
async fn figures(app: &App, shelf: &Arc<Shelf>) -> Result<Arc<Figures>, Problem> {
    let now = app.site.clock.now();
    let known = shelf.figures.lock().unwrap_or_else(|e| e.into_inner()).clone();
    let Some(known) = known else { return recount(app, shelf, now).await };
    let fresh = known.at.is_some_and(|at| at <= now && now < at.plus_minutes(FIGURES_MINUTES_MAX));
    if !fresh && !shelf.counting.swap(true, Ordering::AcqRel) {
        let (app, shelf) = (app.clone(), shelf.clone());
        tokio::spawn(async move {
            if let Err(problem) = recount(&app, &shelf, now).await {
                tracing::warn!(error = %problem, "the front page keeps its older figures");
            }
            shelf.counting.store(false, Ordering::Release);
        });
    }
    Ok(known)
}

async fn recount(app: &App, shelf: &Shelf, now: Instant) -> Result<Arc<Figures>, Problem> {
    let counted = Arc::new(app.site.db.read(async move |tx: &mut Tx| count(tx, now).await).await?);
    *shelf.figures.lock().unwrap_or_else(|e| e.into_inner()) = Some(counted.clone());
    Ok(counted)
}

db::record! { struct Filed { procedure: String, filed: i64, online: i64 } }
db::record! { struct Decided { decided: i64, in_time: i64 } }

/// Both counts are answered by an index alone.
async fn count(tx: &mut Tx, now: Instant) -> db::Result<Figures> {
    let filed: Vec<Filed> = tx
        .list(
            "select procedure, count(*) as filed,
                    cast(sum(case when channel = 'online' then 1 else 0 end) as bigint) as online
               from measure group by procedure limit 5000",
            args![],
        )
        .await?;
    let decided: Decided = tx
        .get(
            "select count(*) as decided,
                    cast(coalesce(sum(case when grade > 0 then 1 else 0 end), 0) as bigint) as in_time
               from measure where settled is not null",
            args![],
        )
        .await?;
    Ok(Figures {
        at: Some(now),
        filed: filed.iter().map(|f| f.filed).sum(),
        online: filed.iter().map(|f| f.online).sum(),
        decided: decided.decided,
        in_time: decided.in_time,
        used: filed.into_iter().map(|f| (f.procedure, f.filed)).collect(),
    })
}

fn view_of(app: &App, shell: Shell, figures: &Figures) -> Home {
    let all = app.catalogue.list();
    let uses = |p: &Procedure| figures.used.get(&crate::catalogue::version_id(p)).copied().unwrap_or(0);
    let mut ranked: Vec<&Arc<Procedure>> = all.iter().collect();
    ranked.sort_by_key(|p| (!p.is_online(), -uses(p)));
    let tiles =
        ranked.iter().filter(|p| p.is_online() || uses(p) > 0).take(TILES_MAX).map(|p| tile(p)).collect();
    let chips = (1..=5)
        .map(|n| format!("chip.{n}"))
        .map(|key| Chip { query: kept(&key, &[]), label: say(&key, &[]) })
        .filter(|chip| !app.catalogue.search(&chip.query, 1).is_empty())
        .collect();
    Home {
        shell,
        chips,
        tiles,
        most_used: figures.filed > 0,
        events: crate::life::tiles(&app.catalogue),
        total: i64::try_from(all.len()).unwrap_or(i64::MAX),
        stats: stats(&all, figures),
        fields: fields(&all),
    }
}

/// Only figures that there are; none before the first dossier.
fn stats(all: &[Arc<Procedure>], f: &Figures) -> Vec<Stat> {
    let Some(at) = f.at.filter(|_| f.filed > 0) else { return Vec::new() };
    let at = format::time_vn(at);
    let share = |part: i64, whole: i64| format::percent((part * 1_000 + whole / 2) / whole);
    let online = all.iter().filter(|p| p.is_online()).count();
    let mut stats = vec![Stat {
        label: say("stats.procedures", &[]),
        value: format::thousands(i64::try_from(all.len()).unwrap_or(i64::MAX)),
        note: say("stats.procedures_note", &[("n", &online.to_string())]),
    }];
    if f.decided > 0 {
        stats.push(Stat {
            label: say("stats.in_time", &[]),
            value: share(f.in_time, f.decided),
            note: say("stats.in_time_note", &[("n", &format::thousands(f.decided)), ("at", &at)]),
        });
    }
    stats.push(Stat {
        label: say("stats.online", &[]),
        value: share(f.online, f.filed),
        note: say("stats.online_note", &[("n", &format::thousands(f.filed)), ("at", &at)]),
    });
    stats
}

/// The tile of a procedure.
pub fn tile(p: &Procedure) -> Tile {
    Tile {
        code: p.code.clone(),
        name: p.name.clone(),
        icon: icon_of(p),
        note: match p.limit {
            Some(limit) => format!("{} · {}", p.field, limit_text(limit)),
            None => p.field.clone(),
        },
        online: p.is_online(),
    }
}

/// The icon of a procedure, or of its field.
fn icon_of(p: &Procedure) -> &'static str {
    let own = find(&format!("procedure_icon.{}", p.code.replace('.', "_")));
    let name = own.or_else(|| find(&format!("field_icon.{}", slug(&p.field))));
    match name.as_deref() {
        Some("users") => "users",
        Some("map-pin") => "map-pin",
        Some("certificate") => "certificate",
        Some("home") => "home",
        Some("home-edit") => "home-edit",
        Some("lifebuoy") => "lifebuoy",
        Some("building-store") => "building-store",
        Some("briefcase") => "briefcase",
        Some("star") => "star",
        Some("leaf") => "leaf",
        Some("heart-handshake") => "heart-handshake",
        Some("road") => "road",
        Some("fish") => "fish",
        Some("plant-2") => "plant-2",
        Some("baby-carriage") => "baby-carriage",
        Some("hearts") => "hearts",
        _ => "file-text",
    }
}

/// The fields of law, the one with most procedures first.
pub fn fields(all: &[Arc<Procedure>]) -> Vec<Field> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for p in all {
        *counts.entry(p.field.as_str()).or_default() += 1;
    }
    let mut fields: Vec<Field> = counts
        .into_iter()
        .map(|(name, count)| Field { name: name.to_string(), slug: slug(name), count })
        .collect();
    fields.sort_by_key(|f| (std::cmp::Reverse(f.count), base::text::fold(&f.name)));
    fields
}

/// A name as it stands in addresses: folded, words joined by hyphens.
pub fn slug(name: &str) -> String {
    base::text::tokens(name).join("-")
}
