//! The clerk's page of the queue: the desk, who is called, who waits, and the figures of a day.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::{Day, Instant, format};
use db::Tx;
use directory::{CounterClerk, UnitId};
use serde::Deserialize;
use web::page::NoticeKind;
use web::{FieldError, Form, Path, Problem, Query, Shell, page};

use super::rules::{self, Action, State as Stands, Times};
use super::store::{self, Service, Ticket};
use super::words::{of, say, wait};
use super::{Seat, setup};
use crate::App;
use crate::desk::frame::{self, Place};
use crate::filters;

/// The path of the queue.
pub const PATH: &str = "/mot-cua/hang-cho";

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/mot-cua/hang-cho", get(show))
        .route("/mot-cua/hang-cho/quay", post(sit))
        .route("/mot-cua/hang-cho/goi", post(call))
        .route("/mot-cua/hang-cho/so/{action}", post(act))
        .route("/mot-cua/hang-cho/so-lieu", get(figures))
}

struct Line {
    id: String,
    number: String,
    service: String,
    rank: String,
    waited: String,
    version: i64,
}

struct DeskPick {
    number: i64,
    label: String,
    here: bool,
    taken: bool,
}

struct Current {
    id: String,
    number: String,
    service: String,
    rank: String,
    state: String,
    calls: i64,
    version: i64,
    called: bool,
}

#[derive(Template)]
#[template(path = "hall/desk.html")]
struct DeskPage {
    shell: Shell,
    set_up: bool,
    desk: String,
    desks: Vec<DeskPick>,
    current: Option<Current>,
    seen: i64,
    others: Vec<Service>,
    waiting: Vec<Line>,
    missed: Vec<Line>,
    links: Vec<(String, String)>,
    sit: String,
    call: String,
    act: String,
    post: String,
    error: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ShowQuery {
    /// What was just done, and with which number.
    da: String,
    so: String,
}

/// `GET /mot-cua/hang-cho`.
async fn show(
    State(app): State<App>,
    clerk: CounterClerk,
    Query(query): Query<ShowQuery>,
) -> Result<Response, Problem> {
    let mut page = desk_page(&app, &clerk).await?;
    let plain = query.so.len() <= 6 && query.so.chars().all(|c| c.is_ascii_digit());
    let known = ["call", "recall", "start", "finish", "miss", "transfer", "nobody", "seated"];
    if plain && known.contains(&query.da.as_str()) {
        let said = super::words::WORDS.t(&format!("done.{}", query.da), &[("number", &query.so)]);
        page.shell = page.shell.notice(NoticeKind::Done, said);
    }
    Ok(page::html(page))
}

async fn desk_page(app: &App, clerk: &CounterClerk) -> Result<DeskPage, Problem> {
    let now = app.site.clock.now();
    let place = Place::of_clerk(clerk)?;
    let (at, account) = (place.clone(), clerk.viewer.account.to_string());
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        let unit = &at.post.unit;
        let counts = frame::counts(tx, &at, now).await?;
        let hall = store::find_hall(tx, unit).await?;
        let desks = store::list_desks(tx, unit).await?;
        let seat = super::seat_of(tx, unit, &account).await?;
        let services = store::list_services(tx, unit).await?;
        let current = match &seat {
            Some(seat) => store::at_desk(tx, unit, now.day(), seat.desk).await?,
            None => None,
        };
        let lists = store::list_tickets(tx, unit, now.day(), &[Stands::Waiting, Stands::NoShow]).await?;
        let code = directory::get_unit(tx, unit).await?.code;
        Ok((counts, hall.is_some(), desks, seat, services, current, lists, code))
    };
    let (counts, set_up, desks, seat, services, current, lists, code) = app.site.db.read(read).await?;
    let (waiting, missed): (Vec<Ticket>, Vec<Ticket>) =
        lists.into_iter().partition(|t| t.state == Stands::Waiting.word());
    let here = place.href(PATH, &[]);
    let shell = frame::shell(app, &clerk.viewer, &place, &counts, say("title.desk", &[]), None);
    let line = |t: &Ticket| line(t, &services, now);
    let pick = |d: &store::Desk| DeskPick {
        label: say("desk.name", &[("number", &d.number.to_string())]),
        here: seat.as_ref().is_some_and(|s| s.desk == d.number),
        taken: d.clerk.as_ref().is_some_and(|c| seat.as_ref().is_none_or(|s| s.clerk != *c)),
        number: d.number,
    };
    Ok(DeskPage {
        shell: shell.active(here),
        set_up,
        desk: seat.as_ref().map(|s| say("desk.name", &[("number", &s.desk.to_string())])).unwrap_or_default(),
        desks: desks.iter().map(pick).collect(),
        seen: current.as_ref().map_or(0, |t| t.version),
        others: services
            .iter()
            .filter(|s| current.as_ref().is_some_and(|t| t.service != s.id))
            .cloned()
            .collect(),
        current: current.as_ref().map(|t| current_line(t, &services)),
        waiting: waiting.iter().map(line).collect(),
        missed: missed.iter().map(line).collect(),
        links: vec![
            (
                place.href(&format!("{PATH}/so-lieu"), &[]),
                say("title.figures", &[("day", &format::date_vn(now.day()))]),
            ),
            (format!("/goi-so/{code}"), say("title.display", &[("place", &place.post.unit_name)])),
            (place.href(setup::PATH, &[]), say("title.setup", &[])),
        ],
        sit: place.href(&format!("{PATH}/quay"), &[]),
        call: place.href(&format!("{PATH}/goi"), &[]),
        act: format!("{PATH}/so/"),
        post: place.href("", &[]),
        error: String::new(),
    })
}

fn service_name(services: &[Service], id: &str) -> String {
    services.iter().find(|s| s.id == id).map(|s| s.name.clone()).unwrap_or_default()
}

fn line(t: &Ticket, services: &[Service], now: Instant) -> Line {
    Line {
        id: t.id.clone(),
        number: t.label.clone(),
        service: service_name(services, &t.service),
        rank: of("rank", &t.rank),
        waited: wait((now.micros() - t.taken_at.micros()).max(0) / 1_000_000),
        version: t.version,
    }
}

fn current_line(t: &Ticket, services: &[Service]) -> Current {
    Current {
        id: t.id.clone(),
        number: t.label.clone(),
        service: service_name(services, &t.service),
        rank: of("rank", &t.rank),
        state: of("state", &t.state),
        calls: t.calls,
        version: t.version,
        called: t.state == Stands::Called.word(),
    }
}

/// The fresh page, where what was asked for is not done.
async fn again(app: &App, clerk: &CounterClerk, problem: Problem) -> Result<Response, Problem> {
    let (status, words) = match problem {
        Problem::Stale => (StatusCode::CONFLICT, say("refusal.stale", &[])),
        Problem::Refused(message) => (StatusCode::UNPROCESSABLE_ENTITY, message.outside),
        Problem::Invalid(errors) => (StatusCode::UNPROCESSABLE_ENTITY, FieldError::all(&errors)),
        other => return Err(other),
    };
    let mut page = desk_page(app, clerk).await?;
    page.error = words;
    page.shell.has_errors = true;
    Ok(page::html_with(status, page))
}

fn back(clerk: &CounterClerk, done: &str, number: &str) -> Result<Response, Problem> {
    let place = Place::of_clerk(clerk)?;
    Ok(Redirect::to(&place.href(PATH, &[("da", done), ("so", number)])).into_response())
}

#[derive(Deserialize)]
struct SitForm {
    desk: i64,
}

/// `POST /mot-cua/hang-cho/quay`: from now on this clerk calls at that desk.
async fn sit(
    State(app): State<App>,
    clerk: CounterClerk,
    Form(form): Form<SitForm>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let (unit, account) = (clerk.unit().clone(), clerk.viewer.account.to_string());
    let write = async move |tx: &mut Tx| store::seat(tx, &unit, form.desk, &account).await;
    match app.site.db.write(clerk.act("onestop.hall-sit", form.desk, now), write).await {
        Ok(()) => back(&clerk, "seated", &form.desk.to_string()),
        Err(error) => again(&app, &clerk, error.into()).await,
    }
}

async fn seat(tx: &mut Tx, unit: &UnitId, account: &str) -> Result<Seat, Problem> {
    let none = || Problem::refused(say("refusal.no_desk", &[]), "hall: no desk");
    super::seat_of(tx, unit, account).await?.ok_or_else(none)
}

#[derive(Deserialize)]
struct CallForm {
    seen: i64,
}

/// `POST /mot-cua/hang-cho/goi`: finishes who is there, and calls whoever is next.
async fn call(
    State(app): State<App>,
    clerk: CounterClerk,
    Form(form): Form<CallForm>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let (unit, account) = (clerk.unit().clone(), clerk.viewer.account.to_string());
    let write = async move |tx: &mut Tx| -> Result<Option<Ticket>, Problem> {
        let seat = seat(tx, &unit, &account).await?;
        super::call_next(tx, &seat, form.seen, now).await
    };
    match app.site.db.write(clerk.act("onestop.hall-call", "", now), write).await {
        Ok(Some(ticket)) => back(&clerk, "call", &ticket.label),
        Ok(None) => back(&clerk, "nobody", ""),
        Err(problem) => again(&app, &clerk, problem).await,
    }
}

#[derive(Deserialize)]
struct ActForm {
    ticket: String,
    seen: i64,
    #[serde(default)]
    service: String,
}

/// `POST /mot-cua/hang-cho/so/{action}`: recall, start, finish, miss or transfer.
async fn act(
    State(app): State<App>,
    clerk: CounterClerk,
    Path(word): Path<String>,
    Form(form): Form<ActForm>,
) -> Result<Response, Problem> {
    let action = Action::ALL.into_iter().find(|a| a.word() == word && *a != Action::Call);
    let action = action.ok_or(Problem::NotFound)?;
    let now = app.site.clock.now();
    let (unit, account) = (clerk.unit().clone(), clerk.viewer.account.to_string());
    let deed = clerk.act("onestop.hall-act", &form.ticket, now);
    let write = async move |tx: &mut Tx| -> Result<Ticket, Problem> {
        let seat = seat(tx, &unit, &account).await?;
        super::at_desk(tx, &seat, &form.ticket, form.seen, action, &form.service, now).await
    };
    match app.site.db.write(deed, write).await {
        Ok(ticket) => back(&clerk, action.word(), &ticket.label),
        Err(problem) => again(&app, &clerk, problem).await,
    }
}

#[derive(Template)]
#[template(path = "hall/figures.html")]
struct FiguresPage {
    shell: Shell,
    back: String,
    action: String,
    day: String,
    facts: Vec<(&'static str, String)>,
    hours: Vec<(String, usize, usize)>,
    desks: Vec<(String, usize, String)>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct FiguresQuery {
    ngay: String,
}

/// `GET /mot-cua/hang-cho/so-lieu?ngay=2026-08-20`.
async fn figures(
    State(app): State<App>,
    clerk: CounterClerk,
    Query(query): Query<FiguresQuery>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let day = Day::parse(&query.ngay).unwrap_or(now.day());
    let place = Place::of_clerk(&clerk)?;
    let at = place.clone();
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        let counts = frame::counts(tx, &at, now).await?;
        Ok((counts, store::list_day(tx, &at.post.unit, day).await?))
    };
    let (counts, tickets) = app.site.db.read(read).await?;
    let times: Vec<Times> = tickets.iter().filter_map(times).collect();
    let f = rules::figures(&times);
    let title = say("title.figures", &[("day", &format::date_vn(day))]);
    let shell = frame::shell(&app, &clerk.viewer, &place, &counts, title, None);
    let hour = |(h, taken, served): (u16, usize, usize)| {
        let (from, to) = (format!("{h:02}"), format!("{:02}", h + 1));
        (say("desk.hour", &[("from", &from), ("to", &to)]), taken, served)
    };
    let desk = |(n, served, mean): (i64, usize, i64)| {
        (say("desk.name", &[("number", &n.to_string())]), served, wait(mean))
    };
    Ok(page::html(FiguresPage {
        shell: shell.active(place.href(PATH, &[])),
        back: place.href(PATH, &[]),
        action: format!("{PATH}/so-lieu"),
        day: day.to_string(),
        facts: vec![
            ("taken", f.taken.to_string()),
            ("served", f.served.to_string()),
            ("waiting", f.waiting.to_string()),
            ("missed", f.missed.to_string()),
            ("mean", wait(f.wait_mean_s)),
            ("p90", wait(f.wait_p90_s)),
            ("max", wait(f.wait_max_s)),
        ],
        hours: f.hours.into_iter().map(hour).collect(),
        desks: f.desks.into_iter().map(desk).collect(),
    }))
}

fn times(t: &Ticket) -> Option<Times> {
    Some(Times {
        state: Stands::from_word(&t.state)?,
        taken_at: t.taken_at,
        first_called_at: t.first_called_at,
        started_at: t.started_at,
        done_at: t.done_at,
        desk: t.desk,
    })
}
