//! `/mot-cua/hang-loat`: choosing a step for many dossiers, what it will do and to which it cannot be
//! done, and how far it is. Every page can be loaded again, and none needs a script.

use std::collections::BTreeMap;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use base::{Instant, format};
use db::Tx;
use directory::{AccountId, AnyOfficial};
use serde::Deserialize;
use web::{Path, Problem, Query, RawForm, Shell, page};

use super::{Batch, BatchId, Cases, Deed, Item, MOST, Pick, Standing, Tally, VERBS};
use crate::App;
use crate::desk::List;
use crate::desk::frame::{self, Place};
use crate::desk::pages::{ListQuery, shelf_of};
use crate::desk::soon;
use crate::desk::store::shelf::{self, Shelf};
use crate::dossier::rules::Verb;
use crate::dossier::schema::NOTE_CHARS_MAX;
use crate::dossier::{Case, Who, assign};
use crate::filters;
use crate::words;
use crate::words_office::say;

/// Where batches are.
pub const PATH: &str = "/mot-cua/hang-loat";

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/mot-cua/hang-loat", get(list).post(choose))
        .route("/mot-cua/hang-loat/{id}", get(show).post(begin))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct BatchQuery {
    post: Option<String>,
    /// The step that is looked at before it is taken.
    viec: String,
    /// Whom it is assigned to.
    giao: String,
    /// The page does not load itself again.
    dung: bool,
}

/// `POST /mot-cua/hang-loat`: keeps the dossiers that were ticked, or all that fit the list's filter.
async fn choose(
    State(app): State<App>,
    official: AnyOfficial,
    Query(query): Query<BatchQuery>,
    form: RawForm,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let place = Place::of(&official, query.post.as_deref())?;
    let who = Who::from(&official.viewer);
    let asked: ListQuery = form.read()?;
    let list = form.get("ds").and_then(frame::list_at).filter(|l| place.scope.lists().contains(l));
    let all = form.get("tat-ca").is_some();
    let ticked: Vec<(String, i64)> = form.all("hs").filter_map(ticked).collect();
    let shelf = shelf_of(&app, &official, &place, list, &asked, now);
    let post = place.post.clone();
    let act = official.act("onestop.batch-choose", post.id, now).in_office(post.unit.as_str());
    let chosen = app.site.db.write(act, async move |tx: &mut Tx| -> Result<BatchId, Problem> {
        let (picks, cut) = if all {
            let calendar = directory::calendar(tx, &post.unit).await?;
            all_of(tx, &Shelf { soon: soon(&calendar, now), ..shelf.clone() }).await?
        } else {
            (super::picks(tx, &who, &ticked).await?, ticked.len() > MOST)
        };
        super::choose(tx, &who.account, &post.id.to_string(), &picks, cut, now).await
    });
    let id = chosen.await?;
    Ok(Redirect::to(&place.href(&format!("{PATH}/{id}"), &[])).into_response())
}

/// `CODE:VERSION` of a tick.
fn ticked(text: &str) -> Option<(String, i64)> {
    let (code, seen) = text.rsplit_once(':')?;
    Some((code.to_string(), seen.parse().ok()?))
}

/// All on the shelf, at most as many as one batch takes; whether there were more.
async fn all_of(tx: &mut Tx, shelf: &Shelf) -> Result<(Vec<Pick>, bool), Problem> {
    let mut picks: Vec<Pick> = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let lines = shelf::page(tx, shelf, after.as_deref(), 100).await?;
        let Some(last) = lines.last() else { return Ok((picks, false)) };
        after = Some(last.place.clone());
        for line in lines {
            if picks.len() == MOST {
                return Ok((picks, true));
            }
            let dossier = line.id.parse().map_err(|_| Problem::fault("no dossier id"))?;
            picks.push(Pick { dossier, code: line.code, seen: line.version, assign_to: None });
        }
    }
}

/// A step to choose, with how many of the dossiers allow it.
struct Way {
    value: String,
    label: String,
    count: String,
    chosen: bool,
}

struct Person {
    value: String,
    name: String,
    chosen: bool,
}

/// A dossier of the batch and what becomes of it.
struct Line {
    href: String,
    code: String,
    applicant: String,
    procedure: String,
    /// Nothing when it will be done, or was.
    why: String,
    state: &'static str,
}

/// How soon the page of a running batch is asked for again.
const AGAIN_S: u32 = 3;

#[derive(Template)]
#[template(path = "batch/show.html")]
struct ShowPage {
    shell: Shell,
    back: String,
    action: String,
    preview: String,
    post: String,
    total: i64,
    cut: String,
    ways: Vec<Way>,
    people: Vec<Person>,
    /// What is looked at: its heading; empty while nothing is chosen.
    deed: String,
    viec: String,
    giao: String,
    fits: usize,
    left: Vec<Line>,
    lines: Vec<Line>,
    confirm: String,
    running: bool,
    over: bool,
    told: String,
    at: i64,
    said: String,
    reload: bool,
    reload_href: String,
    again_s: u32,
}

/// Everything a page of one batch is made of.
struct Read {
    batch: Batch,
    items: Vec<Item>,
    tally: Tally,
    named: BTreeMap<String, (String, String)>,
    counts: Vec<(List, i64)>,
    /// What may be done, while nothing is chosen yet.
    looked: Looked,
    deed: String,
}

#[derive(Default)]
struct Looked {
    ways: Vec<(Verb, usize)>,
    people: Vec<(AccountId, String)>,
    /// By ordinal: why the chosen step would be refused.
    why: BTreeMap<i64, String>,
}

/// What is asked of the batch's page.
#[derive(Clone)]
enum Wish {
    Nothing,
    Step(Verb),
    Assign(Option<AccountId>),
}

const ASSIGN: &str = "giao-viec";
const EVERYBODY: &str = "chung";

fn wish(viec: &str, giao: &str) -> Wish {
    match frame::step_at(viec).filter(|verb| VERBS.contains(verb)) {
        Some(verb) => Wish::Step(verb),
        None if viec == ASSIGN && giao == EVERYBODY => Wish::Assign(None),
        None if viec == ASSIGN => giao.parse().map_or(Wish::Nothing, |to| Wish::Assign(Some(to))),
        None => Wish::Nothing,
    }
}

async fn look(
    tx: &mut Tx,
    app: &App,
    who: &Who,
    items: &[Item],
    wish: &Wish,
    now: Instant,
) -> Result<Looked, Problem> {
    let mut looked = Looked::default();
    let mut tally: BTreeMap<Verb, usize> = BTreeMap::new();
    let mut places: BTreeMap<String, Vec<(AccountId, String)>> = BTreeMap::new();
    let mut cases = Cases::of(&app.catalogue, who, now);
    for item in items {
        let case = match cases.seen(tx, item).await {
            Ok(case) => case,
            Err(problem) => {
                let why = super::reason(&problem).ok_or(problem)?;
                looked.why.insert(item.ordinal, why);
                continue;
            }
        };
        for verb in VERBS.into_iter().filter(|verb| super::refused(&case, *verb).is_none()) {
            *tally.entry(verb).or_default() += 1;
        }
        let d = &case.dossier;
        let desk = format!("{} {}", d.holder_unit.as_str(), d.holder_role);
        if !places.contains_key(&desk) {
            places.insert(desk.clone(), assign::candidates(tx, &case).await?);
        }
        let why = match wish {
            Wish::Nothing => None,
            Wish::Step(verb) => super::refused(&case, *verb),
            Wish::Assign(to) => not_assigned(&case, *to, &places[&desk]),
        };
        if let Some(why) = why.as_ref().and_then(super::reason) {
            looked.why.insert(item.ordinal, why);
        }
    }
    looked.ways = tally.into_iter().collect();
    looked.people = places.into_values().flatten().collect();
    looked.people.sort_by(|a, b| a.1.cmp(&b.1));
    looked.people.dedup();
    Ok(looked)
}

/// Why the dossier could not be given to this person, before it is tried.
fn not_assigned(case: &Case, to: Option<AccountId>, among: &[(AccountId, String)]) -> Option<Problem> {
    use crate::dossier::rules::{Seat, Status};
    let refuse = |words: String| Some(Problem::refused(words, "refused: assign"));
    let d = &case.dossier;
    if d.state.status() != Status::InProcess {
        return refuse(say("assign.not_in_process", &[]));
    }
    if !case.seats.iter().any(|seat| matches!(seat, Seat::Desk | Seat::Leader)) {
        return refuse(say("assign.not_yours", &[]));
    }
    if d.assignee == to.map(|account| account.to_string()) {
        return refuse(say("assign.already", &[]));
    }
    match to {
        Some(to) if !among.iter().any(|(id, _)| *id == to) => refuse(say("assign.not_of_unit", &[])),
        _ => None,
    }
}

async fn read(
    app: &App,
    official: &AnyOfficial,
    place: &Place,
    id: BatchId,
    asked: Wish,
) -> Result<Read, Problem> {
    let now = app.site.clock.now();
    let (app, at, who) = (app.clone(), place.clone(), Who::from(&official.viewer));
    let db = app.site.db.clone();
    db.read(async move |tx: &mut Tx| -> Result<Read, Problem> {
        let batch = super::get(tx, id, &who.account).await?;
        let items = super::items(tx, id).await?;
        let ids: Vec<_> = items.iter().map(|i| i.dossier).collect();
        let mut named = BTreeMap::new();
        for n in super::names(tx, &ids).await? {
            let procedure = app.catalogue.version(&n.procedure)?.name.clone();
            named.insert(n.id.to_string(), (n.applicant_name, procedure));
        }
        let looked = match batch.state {
            Standing::Chosen => look(tx, &app, &who, &items, &asked, now).await?,
            _ => Looked::default(),
        };
        let deed = match (&batch.deed, &asked) {
            (Some(Deed::Step { ask }), _) => words::verb(ask.verb()),
            (Some(Deed::Assign { to, .. }), _) => {
                let own = items.iter().any(|i| i.assign_to.is_some());
                if own { say("batch.spread", &[]) } else { assigned(tx, *to).await? }
            }
            (None, Wish::Step(verb)) => words::verb(*verb),
            (None, Wish::Assign(to)) => assigned(tx, *to).await?,
            (None, Wish::Nothing) => String::new(),
        };
        let tally = super::tally(tx, id).await?;
        let counts = frame::counts(tx, &at, now).await?;
        Ok(Read { batch, items, tally, named, counts, looked, deed })
    })
    .await
}

async fn assigned(tx: &mut Tx, to: Option<AccountId>) -> Result<String, Problem> {
    Ok(match to {
        Some(to) => say("batch.assign_to", &[("name", &directory::person(tx, to).await?.name)]),
        None => say("batch.assign_all", &[]),
    })
}

/// `GET /mot-cua/hang-loat/{id}?viec=&giao=`.
async fn show(
    State(app): State<App>,
    official: AnyOfficial,
    Path(id): Path<String>,
    Query(query): Query<BatchQuery>,
) -> Result<Response, Problem> {
    let id: BatchId = id.parse().map_err(|_| Problem::NotFound)?;
    let place = Place::of(&official, query.post.as_deref())?;
    let read = read(&app, &official, &place, id, wish(&query.viec, &query.giao)).await?;
    let title = say("batch.title", &[]);
    let shell = frame::shell(&app, &official.viewer, &place, &read.counts, title, None);
    let shown = show_page(&place, read, &query, shell);
    let again = shown.reload;
    let response = page::html(shown);
    Ok(if again { page::again(response, AGAIN_S, None) } else { response })
}

fn show_page(place: &Place, read: Read, query: &BatchQuery, shell: Shell) -> ShowPage {
    let path = format!("{PATH}/{}", read.batch.id);
    let chosen = read.batch.state == Standing::Chosen;
    let line = |item: &Item| {
        let (applicant, procedure) = read.named.get(&item.dossier.to_string()).cloned().unwrap_or_default();
        let why = read.looked.why.get(&item.ordinal).cloned().unwrap_or_else(|| item.reason.clone());
        let state = match item.state.as_str() {
            "done" => "done",
            "refused" => "refused",
            _ => "waiting",
        };
        Line {
            href: place.dossier(&item.code, None),
            code: item.code.clone(),
            applicant,
            procedure,
            why,
            state,
        }
    };
    let lines: Vec<Line> = read.items.iter().map(line).collect();
    let (left, lines): (Vec<Line>, Vec<Line>) = lines.into_iter().partition(|l| !l.why.is_empty());
    let total = read.tally.total;
    let way = |(verb, n): &(Verb, usize)| Way {
        value: frame::step_slug(*verb).to_string(),
        label: words::verb(*verb),
        count: say("batch.of", &[("n", &n.to_string()), ("all", &total.to_string())]),
        chosen: query.viec == frame::step_slug(*verb),
    };
    let mut ways: Vec<Way> = read.looked.ways.iter().map(way).collect();
    if !read.looked.people.is_empty() {
        let (label, chosen) = (say("batch.assign", &[]), query.viec == ASSIGN);
        ways.push(Way { value: ASSIGN.into(), label, count: String::new(), chosen });
    }
    let person = |(id, name): &(AccountId, String)| {
        let value = id.to_string();
        Person { chosen: query.giao == value, value, name: name.clone() }
    };
    let (running, over) = (read.batch.state == Standing::Running, read.batch.state == Standing::Over);
    let fits = format::thousands(i64::try_from(lines.len()).unwrap_or(i64::MAX));
    ShowPage {
        back: place.list(place.scope.lists()[0]),
        action: place.href(&path, &[]),
        preview: path.clone(),
        post: if place.href("", &[]).is_empty() { String::new() } else { place.post.id.to_string() },
        total,
        cut: if read.batch.cut { say("batch.cut", &[("most", &MOST.to_string())]) } else { String::new() },
        people: if chosen { read.looked.people.iter().map(person).collect() } else { Vec::new() },
        ways,
        confirm: say("batch.confirm", &[("deed", &read.deed), ("n", &fits)]),
        deed: read.deed,
        viec: query.viec.clone(),
        giao: query.giao.clone(),
        fits: lines.len(),
        left,
        lines,
        running,
        over,
        told: told(&read.tally),
        at: read.tally.done + read.tally.refused,
        said: match read.batch.over_at {
            Some(at) => say("batch.over_at", &[("at", &format::time_vn(at))]),
            None => String::new(),
        },
        reload: running && !query.dung,
        again_s: AGAIN_S,
        reload_href: place.href(&path, &[("dung", if query.dung { "" } else { "true" })]),
        shell,
    }
}

/// `POST /mot-cua/hang-loat/{id}`: what was looked at is done.
async fn begin(
    State(app): State<App>,
    official: AnyOfficial,
    Path(id): Path<String>,
    Query(query): Query<BatchQuery>,
    form: RawForm,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let id: BatchId = id.parse().map_err(|_| Problem::NotFound)?;
    let place = Place::of(&official, query.post.as_deref())?;
    let note = form.get("note").unwrap_or_default().trim().to_string();
    if note.chars().count() > NOTE_CHARS_MAX {
        let most = NOTE_CHARS_MAX.to_string();
        return Err(Problem::field("note", words::WORDS.t("fault.too_long", &[("most", &most)])));
    }
    let deed = match wish(form.get("viec").unwrap_or_default(), form.get("giao").unwrap_or_default()) {
        Wish::Step(verb) => Deed::step(verb, note),
        Wish::Assign(to) => Some(Deed::Assign { to, note }),
        Wish::Nothing => None,
    };
    let deed = deed.ok_or_else(|| Problem::refused(say("batch.choose", &[]), "refused: batch.choose"))?;
    let act = official.act("onestop.batch", id, now).in_office(place.post.unit.as_str());
    let account = official.viewer.account.to_string();
    let begun = app.site.db.write(act, async move |tx: &mut Tx| -> Result<(), Problem> {
        let batch = super::get(tx, id, &account).await?;
        if batch.state != Standing::Chosen {
            // A second press of the button finds the work begun.
            return Ok(());
        }
        super::begin(tx, id, &account, &deed, now).await
    });
    begun.await?;
    Ok(Redirect::to(&place.href(&format!("{PATH}/{id}"), &[])).into_response())
}

struct Past {
    href: String,
    deed: String,
    at: Instant,
    told: String,
}

#[derive(Template)]
#[template(path = "batch/list.html")]
struct ListPage {
    shell: Shell,
    rows: Vec<Past>,
}

/// `GET /mot-cua/hang-loat`: what this person did with many at once, the latest first.
async fn list(
    State(app): State<App>,
    official: AnyOfficial,
    Query(query): Query<BatchQuery>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let place = Place::of(&official, query.post.as_deref())?;
    let (at, account) = (place.clone(), official.viewer.account.to_string());
    let read = app.site.db.read(async move |tx: &mut Tx| -> Result<_, Problem> {
        let mut rows = Vec::new();
        for batch in super::list(tx, &account).await? {
            let tally = super::tally(tx, batch.id).await?;
            rows.push((batch, tally));
        }
        Ok((rows, frame::counts(tx, &at, now).await?))
    });
    let (rows, counts) = read.await?;
    let row = |(batch, tally): (Batch, Tally)| Past {
        href: place.href(&format!("{PATH}/{}", batch.id), &[]),
        deed: match &batch.deed {
            Some(Deed::Step { ask }) => words::verb(ask.verb()),
            _ => say("batch.assign", &[]),
        },
        at: batch.made_at,
        told: told(&tally),
    };
    let rows = rows.into_iter().map(row).collect();
    let shell = frame::shell(&app, &official.viewer, &place, &counts, say("batch.past", &[]), None);
    let shell = shell.active(place.href(PATH, &[]));
    Ok(page::html(ListPage { shell, rows }))
}

/// How far it is, in words.
fn told(tally: &Tally) -> String {
    let number = |n: i64| format::thousands(n);
    let (all, done, refused) = (number(tally.total), number(tally.done), number(tally.refused));
    say("batch.told", &[("all", &all), ("done", &done), ("refused", &refused)])
}

/// The address to which a list's ticks are sent; empty for lists whose dossiers are over, and for a search.
pub fn action(place: &Place, list: Option<List>) -> String {
    match list {
        Some(list) if list != List::Done => place.href(PATH, &[]),
        _ => String::new(),
    }
}
