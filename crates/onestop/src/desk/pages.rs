//! The work lists of officials: `/mot-cua`, `/mot-cua/{list}` and the search over all of them.

use std::collections::BTreeMap;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use base::calendar::Calendar;
use base::{Instant, format};
use db::Tx;
use directory::{AnyOfficial, Role};
use serde::Deserialize;
use web::due::{Pill, done_pill, due_pill, held_pill};
use web::{Path, Problem, Query, Shell, page};

use super::frame::{self, MODULE, Place};
use super::store::Line;
use super::store::shelf::{self, Band, Bands, Shelf, Whose};
use super::words::say;
use super::{List, saved, soon};
use crate::App;
use crate::dossier::follow::plain;
use crate::dossier::rules::Status;
use crate::filters;
use crate::procedure::model::StepKind;

/// Lines on one page.
const LINES: usize = 25;

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/mot-cua", get(home))
        .route("/mot-cua/tim", get(find))
        .route("/mot-cua/{list}", get(list))
}

/// What is asked of a list.
#[derive(Clone, Deserialize, Default)]
#[serde(default)]
pub struct ListQuery {
    pub q: String,
    #[serde(rename = "linh-vuc")]
    pub field: String,
    /// The band of deadlines.
    pub han: String,
    /// Whose: `toi`, `chua-giao`, or everybody's.
    pub nguoi: String,
    /// The cursor after which this page begins.
    pub sau: Option<String>,
    pub post: Option<String>,
    /// The step that has just been taken, and the dossier it was taken on.
    pub da: Option<String>,
    pub hs: Option<String>,
}

/// `GET /mot-cua`: the first list of the post.
async fn home(official: AnyOfficial, Query(query): Query<ListQuery>) -> Result<Redirect, Problem> {
    match Place::of(&official, query.post.as_deref()) {
        Ok(place) => Ok(Redirect::to(&place.list(place.scope.lists()[0]))),
        // Who settles nothing and keeps a seal begins with what waits for it.
        Err(_) if official.viewer.holds(Role::RecordsClerk) => Ok(Redirect::to(crate::signing::pages::PATH)),
        Err(problem) => Err(problem),
    }
}

/// A tab: a band of deadlines with its count.
struct Tab {
    label: String,
    href: String,
    count: i64,
    class: &'static str,
    here: bool,
}

struct Choice {
    value: String,
    label: String,
    chosen: bool,
}

/// A line as it is printed.
struct Row {
    class: &'static str,
    /// What a tick says: the code and the version.
    tick: String,
    href: String,
    code: String,
    assignee: String,
    applicant: String,
    procedure: String,
    status: String,
    status_class: &'static str,
    stage: String,
    holder: String,
    pill: Option<Pill>,
    when: String,
}

#[derive(Template)]
#[template(path = "desk/list.html")]
struct ListPage {
    shell: Shell,
    heading: String,
    caption: String,
    /// How the last column is sorted, as a screen reader says it.
    sorted: &'static str,
    action: String,
    post: String,
    band: &'static str,
    q: String,
    fields: Vec<Choice>,
    /// Whose dossiers; empty where nothing is assigned.
    whose: Vec<Choice>,
    /// Where ticks are sent; empty where nothing is done with many.
    batch: String,
    list_slug: &'static str,
    all: String,
    saved: Vec<Kept>,
    save: String,
    narrowed: bool,
    clear: String,
    tabs: Vec<Tab>,
    due_head: String,
    rows: Vec<Row>,
    empty: String,
    empty_next: String,
    intake: Option<String>,
    range: String,
    first: Option<String>,
    next: Option<String>,
}

/// `GET /mot-cua/{list}?q=&linh-vuc=&han=&sau=`.
async fn list(
    State(app): State<App>,
    official: AnyOfficial,
    Path(word): Path<String>,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let place = Place::of(&official, query.post.as_deref())?;
    let list = frame::list_at(&word).filter(|l| place.scope.lists().contains(l)).ok_or(Problem::NotFound)?;
    show(&app, &official, place, Some(list), query).await
}

/// `GET /mot-cua/tim?q=`: a whole code opens its dossier, other words list what fits.
async fn find(
    State(app): State<App>,
    official: AnyOfficial,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let place = Place::of(&official, query.post.as_deref())?;
    let code = plain(&query.q);
    let found = app
        .site
        .db
        .read(async move |tx: &mut Tx| crate::dossier::store::find(tx, &code).await)
        .await?
        .filter(|d| crate::dossier::Who::from(&official.viewer).may_see(d));
    match found {
        Some(d) => Ok(Redirect::to(&place.dossier(&d.code, None)).into_response()),
        None => show(&app, &official, place, None, query).await,
    }
}

/// What a page of the list is made of, read in one transaction.
struct Read {
    counts: Vec<(List, i64)>,
    lines: Vec<Line>,
    before: i64,
    bands: Bands,
    holders: BTreeMap<String, String>,
    /// Names of those to whom something is assigned, by account.
    people: BTreeMap<String, String>,
    /// Kept filters, with what they find.
    saved: Vec<(saved::Saved, i64)>,
    calendar: Calendar,
}

async fn show(
    app: &App,
    official: &AnyOfficial,
    place: Place,
    list: Option<List>,
    query: ListQuery,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let shelf = shelf_of(app, official, &place, list, &query, now);
    let band = shelf.band;
    let (at, after) = (place.clone(), query.sau.clone());
    let (reading, account) = (app.clone(), official.viewer.account.to_string());
    let read = app.site.db.read(async move |tx: &mut Tx| -> Result<_, Problem> {
        let calendar = directory::calendar(tx, &at.post.unit).await?;
        let shelf = Shelf { soon: soon(&calendar, now), ..shelf.clone() };
        let lines = shelf::page(tx, &shelf, after.as_deref(), LINES + 1).await?;
        let before = match after.as_deref() {
            Some(cursor) => shelf::until(tx, &shelf, cursor).await?,
            None => 0,
        };
        let bands = shelf::bands(tx, &shelf).await?;
        let holders = directory::unit_names(tx, lines.iter().map(|l| l.holder_unit.as_str())).await?;
        let assignees = lines.iter().filter_map(|l| l.assignee.as_deref());
        let people = directory::people_names(tx, assignees).await?;
        let counts = frame::counts(tx, &at, now).await?;
        let mut kept = Vec::new();
        for one in saved::list(tx, &account, &at.post.id.to_string()).await? {
            let list = List::from_word(&one.list);
            let asked = shelf_for(&reading, &account, &at, list, &one.query(), now);
            let asked = Shelf { soon: shelf.soon, ..asked };
            let found = shelf::bands(tx, &asked).await?.of(asked.band);
            kept.push((one, found));
        }
        Ok(Read { counts, lines, before, bands, holders, people, saved: kept, calendar })
    });
    let read = read.await?;
    let title =
        list.map_or_else(|| say("list.search", &[]), |l| say(&format!("list_title.{}", l.word()), &[]));
    let shell = frame::shell(app, &official.viewer, &place, &read.counts, title, list);
    let shell = frame::noticed(shell, query.da.as_deref(), query.hs.as_deref());
    Ok(page::html(list_page(app, &place, list, band, &query, read, shell, now)?))
}

/// The shelf that is asked for; until when a deadline counts as near is the caller's to read.
pub fn shelf_of(
    app: &App,
    official: &AnyOfficial,
    place: &Place,
    list: Option<List>,
    query: &ListQuery,
    now: Instant,
) -> Shelf {
    shelf_for(app, &official.viewer.account.to_string(), place, list, query, now)
}

fn shelf_for(
    app: &App,
    account: &str,
    place: &Place,
    list: Option<List>,
    query: &ListQuery,
    now: Instant,
) -> Shelf {
    Shelf {
        scope: place.scope.clone(),
        list,
        band: band_at(&query.han).filter(|_| list.is_some_and(has_bands)).unwrap_or(Band::All),
        words: query.q.chars().take(base::limits::QUERY_CHARS_MAX).collect(),
        procedures: (!query.field.is_empty()).then(|| versions_of(app, &query.field)),
        whose: match query.nguoi.as_str() {
            "toi" => Whose::Of(account.to_string()),
            "chua-giao" => Whose::Nobodys,
            _ => Whose::Everybodys,
        },
        now,
        soon: now,
    }
}

#[expect(clippy::too_many_arguments, reason = "everything that one page shows, gathered once")]
fn list_page(
    app: &App,
    place: &Place,
    list: Option<List>,
    band: Band,
    query: &ListQuery,
    mut read: Read,
    shell: Shell,
    now: Instant,
) -> Result<ListPage, Problem> {
    let path = format!("{MODULE}/{}", list.map_or("tim", frame::slug));
    let (q, field, whose) = (query.q.as_str(), query.field.as_str(), query.nguoi.as_str());
    let asked = [("q", q), ("linh-vuc", field), ("nguoi", whose)];
    let to = |band: Band, after: &str| {
        place.href(&path, &[&asked[..], &[("han", band_slug(band)), ("sau", after)]].concat())
    };
    let more = read.lines.len() > LINES;
    read.lines.truncate(LINES);
    let cursor = read.lines.last().map(|l| l.place.clone()).unwrap_or_default();
    let total = read.bands.of(band);
    let newest = matches!(list, None | Some(List::Done));
    let rows: Vec<Row> =
        read.lines.iter().map(|l| row(app, place, list, l, &read, now)).collect::<Result<_, _>>()?;
    let empty = match list {
        Some(_) if !q.is_empty() || !field.is_empty() || !whose.is_empty() || band != Band::All => {
            say("empty.narrowed", &[])
        }
        Some(list) => say(&format!("empty.{}", list.word()), &[]),
        None => say("empty.search", &[("q", q)]),
    };
    let empty_next = match list {
        Some(List::Waiting) if q.is_empty() && field.is_empty() => say("empty.waiting_next", &[]),
        _ => String::new(),
    };
    Ok(ListPage {
        heading: shell.title.clone(),
        caption: if newest {
            say("list.caption_newest", &[("list", &shell.title)])
        } else {
            say("list.caption", &[("list", &shell.title)])
        },
        sorted: if newest { "descending" } else { "ascending" },
        action: path.clone(),
        post: if place.href("", &[]).is_empty() { String::new() } else { place.post.id.to_string() },
        band: band_slug(band),
        q: q.to_string(),
        fields: fields(app, field),
        narrowed: list.is_some() && (!q.is_empty() || !field.is_empty() || !whose.is_empty()),
        whose: whose_choices(list, whose),
        batch: crate::batch::pages::action(place, list),
        list_slug: list.map_or("", frame::slug),
        saved: read.saved.iter().filter_map(|(s, n)| kept(place, s, *n)).collect(),
        save: place.href(&format!("{MODULE}/bo-loc"), &[]),
        all: say("list.choose_all", &[("n", &format::thousands(total))]),
        clear: place.href(&path, &[("han", band_slug(band))]),
        tabs: match list {
            Some(list) if has_bands(list) => tabs(&read.bands, band, to),
            _ => Vec::new(),
        },
        due_head: say(&format!("due_head.{}", due_head(list)), &[]),
        range: range(read.before, rows.len(), total),
        first: query.sau.is_some().then(|| to(band, "")),
        next: more.then(|| to(band, &cursor)),
        intake: place.is_counter().then(|| place.href(&format!("{MODULE}/tiep-nhan-moi"), &[])),
        rows,
        empty,
        empty_next,
        shell,
    })
}

/// A kept filter as the page shows it.
struct Kept {
    name: String,
    href: String,
    count: i64,
    remove: String,
}

fn kept(place: &Place, saved: &saved::Saved, count: i64) -> Option<Kept> {
    let remove = place.href(&format!("{MODULE}/bo-loc/{}/xoa", saved.id), &[]);
    Some(Kept { name: saved.name.clone(), href: saved.href(place)?, count, remove })
}

/// Whose dossiers a list may be narrowed to.
fn whose_choices(list: Option<List>, chosen: &str) -> Vec<Choice> {
    if !matches!(list, Some(List::Processing | List::Soon | List::Overdue | List::ToSign)) {
        return Vec::new();
    }
    let choice = |value: &str, key: &str| Choice {
        value: value.to_string(),
        label: say(&format!("whose.{key}"), &[]),
        chosen: value == chosen,
    };
    vec![choice("", "all"), choice("toi", "mine"), choice("chua-giao", "nobodys")]
}

fn due_head(list: Option<List>) -> &'static str {
    match list {
        Some(List::Waiting) => "answer",
        Some(List::Supplementing | List::AwaitingFee | List::ToReturn | List::ToAnswer | List::Done) => {
            "since"
        }
        _ => "due",
    }
}

/// "26–50 trong 134 hồ sơ".
fn range(before: i64, shown: usize, total: i64) -> String {
    if shown == 0 {
        return String::new();
    }
    let shown = i64::try_from(shown).unwrap_or(i64::MAX);
    let number = |n: i64| format::thousands(n);
    if before == 0 && shown == total {
        return say("list.all", &[("n", &number(total))]);
    }
    let (from, to) = (number(before + 1), number(before + shown));
    say("list.range", &[("from", &from), ("to", &to), ("n", &number(total))])
}

fn row(
    app: &App,
    place: &Place,
    list: Option<List>,
    line: &Line,
    read: &Read,
    now: Instant,
) -> Result<Row, Problem> {
    let status = Status::from_number(line.status).ok_or_else(|| Problem::fault("a line without a status"))?;
    let procedure = app.catalogue.version(&line.procedure)?;
    let stage = line.stage.as_deref().and_then(|id| procedure.step(id));
    let at_signature = status == Status::InProcess && stage.is_some_and(|s| s.kind == StepKind::Sign);
    let (pill, when) = due(status, line, &read.calendar, now);
    Ok(Row {
        class: pill.as_ref().map_or("", Pill::row_class),
        tick: format!("{}:{}", line.code, line.version),
        assignee: match &line.assignee {
            Some(account) if !status.is_final() => read.people.get(account).cloned().unwrap_or_default(),
            _ => String::new(),
        },
        href: place.dossier(&line.code, list),
        code: line.code.clone(),
        applicant: line.applicant_name.clone(),
        procedure: procedure.name.clone(),
        status: frame::short_status(status, at_signature),
        status_class: frame::status_class(status),
        stage: stage.filter(|_| status == Status::InProcess).map(|s| s.name.clone()).unwrap_or_default(),
        holder: if status.is_final() {
            String::new()
        } else {
            read.holders.get(&line.holder_unit).cloned().unwrap_or_default()
        },
        pill,
        when,
    })
}

/// The pill and the time below it.
fn due(status: Status, line: &Line, calendar: &Calendar, now: Instant) -> (Option<Pill>, String) {
    let since = || say("list.since", &[("at", &format::time_vn(line.since))]);
    match (line.deadline, status) {
        (Some(deadline), _) => (Some(due_pill(now, deadline, calendar)), format::time_vn(deadline)),
        (None, Status::Supplementing | Status::AwaitingFee) => (Some(held_pill()), since()),
        (None, Status::Returned) => (Some(done_pill()), format::time_vn(line.since)),
        (None, _) => (None, since()),
    }
}

/// The lists whose dossiers have a running clock of every age.
fn has_bands(list: List) -> bool {
    matches!(list, List::Waiting | List::Processing | List::ToSign)
}

fn band_slug(band: Band) -> &'static str {
    match band {
        Band::All => "",
        Band::Late => "qua-han",
        Band::Today => "hom-nay",
        Band::Near => "hai-ngay",
        Band::InTime => "con-han",
    }
}

fn band_at(word: &str) -> Option<Band> {
    Band::ALL.into_iter().find(|band| band_slug(*band) == word)
}

fn tabs(bands: &Bands, here: Band, to: impl Fn(Band, &str) -> String) -> Vec<Tab> {
    let tab = |band: Band| {
        let count = bands.of(band);
        let (key, class) = match band {
            Band::All => ("all", ""),
            Band::Late => ("late", "r"),
            Band::Today => ("today", "w"),
            Band::Near => ("near", "w"),
            Band::InTime => ("in_time", ""),
        };
        let class = if count == 0 { "" } else { class };
        Tab { label: say(&format!("band.{key}"), &[]), href: to(band, ""), count, class, here: band == here }
    };
    Band::ALL.into_iter().map(tab).collect()
}

/// Every version of the procedures of a field: a dossier keeps the one it was filed under.
fn versions_of(app: &App, field: &str) -> Vec<String> {
    let all = app.catalogue.list();
    let of_field = all.iter().filter(|p| p.field == field);
    of_field.flat_map(|p| (1..=p.version).map(move |version| format!("{}@{version}", p.code))).collect()
}

/// The longest name of a field in the filter, in characters: the box is as wide as it.
const FIELD_CHARS_MAX: usize = 34;

/// A name cut at a word.
fn short(name: &str) -> String {
    if name.chars().count() <= FIELD_CHARS_MAX {
        return name.to_string();
    }
    let cut: String = name.chars().take(FIELD_CHARS_MAX).collect();
    let whole = cut.rsplit_once([' ', ',']).map_or(cut.as_str(), |(whole, _)| whole);
    format!("{}…", whole.trim_end_matches([',', ' ', '(']))
}

fn fields(app: &App, chosen: &str) -> Vec<Choice> {
    let all = app.catalogue.list();
    let mut names: Vec<&str> = all.iter().map(|p| p.field.as_str()).collect();
    names.sort_by_key(|name| base::text::fold(name));
    names.dedup();
    let choice = |name: &str| Choice { value: name.to_string(), label: short(name), chosen: name == chosen };
    names.into_iter().map(choice).collect()
}
