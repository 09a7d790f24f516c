//! The kiosk of a hall and the screen that shows who is called. The kiosk's address holds a key, so
//! that numbers are taken in the hall and nowhere else; the screen shows numbers, never names.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use base::Instant;
use db::{Act, Actor, Tx};
use directory::UnitId;
use serde::Deserialize;
use web::{Form, Path, Problem, Shell, page};

use super::rules::State as Stands;
use super::store::{self, Ticket};
use super::words::{of, say};
use crate::App;
use crate::filters;

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/lay-so/{key}", get(show).post(take))
        .route("/lay-so/{key}/phieu/{ticket}", get(ticket))
        .route("/goi-so/{unit}", get(display))
}

/// How long a ticket stands on the kiosk before the next person finds it ready.
const BACK_AFTER_S: u32 = 20;
/// Numbers the screen shows.
const SHOWN: usize = 8;

struct Button {
    value: String,
    label: String,
}

#[derive(Template)]
#[template(path = "hall/kiosk.html")]
struct KioskPage {
    shell: Shell,
    place: String,
    action: String,
    services: Vec<Button>,
    groups: Vec<Button>,
    error: String,
    error_field: String,
}

/// The unit behind a kiosk's key. A wrong key is no place at all.
async fn unit_of(app: &App, key: &str) -> Result<(UnitId, String), Problem> {
    let hash = web::secret::sha256_hex(key.as_bytes());
    let read = async move |tx: &mut Tx| -> Result<(UnitId, String), Problem> {
        let hall = store::find_kiosk(tx, &hash).await?.ok_or(Problem::NotFound)?;
        let unit = UnitId::from(hall.unit);
        let name = directory::get_unit(tx, &unit).await?.name;
        Ok((unit, name))
    };
    app.site.db.read(read).await
}

fn bare(app: &App, title: String) -> Shell {
    Shell::citizen(&app.site, None, "", title)
}

async fn kiosk_page(app: &App, key: &str, error: (String, String)) -> Result<KioskPage, Problem> {
    let (unit, place) = unit_of(app, key).await?;
    let day = app.site.clock.today();
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        Ok((store::list_services(tx, &unit).await?, super::groups(tx, day).await?))
    };
    let (services, groups) = app.site.db.read(read).await?;
    let mut shell = bare(app, say("title.kiosk", &[]));
    shell.has_errors = !error.1.is_empty();
    Ok(KioskPage {
        shell,
        place,
        action: format!("/lay-so/{key}"),
        services: services.into_iter().map(|s| Button { value: s.id, label: s.name }).collect(),
        groups: groups
            .into_iter()
            .map(|g| Button {
                label: Some(of("group", &g)).filter(|l| !l.is_empty()).unwrap_or(g.clone()),
                value: g,
            })
            .collect(),
        error_field: error.0,
        error: error.1,
    })
}

/// `GET /lay-so/{key}`.
async fn show(State(app): State<App>, Path(key): Path<String>) -> Result<Response, Problem> {
    Ok(page::html(kiosk_page(&app, &key, Default::default()).await?))
}

#[derive(Deserialize, Default, Clone)]
#[serde(default)]
struct TakeForm {
    service: String,
    /// The group of somebody who is served first; empty for nobody special.
    group: String,
    /// The code of an appointment, instead of a service.
    code: String,
}

/// `POST /lay-so/{key}`: a number for a service, or for an appointment.
async fn take(
    State(app): State<App>,
    Path(key): Path<String>,
    Form(form): Form<TakeForm>,
) -> Result<Response, Problem> {
    let (unit, _) = unit_of(&app, &key).await?;
    let now = app.site.clock.now();
    let act = Act::new(Actor::Anonymous, "onestop.take-number", "", now).in_office(unit.as_str());
    let write = async move |tx: &mut Tx| -> Result<Ticket, Problem> {
        if form.service.is_empty() && !form.code.is_empty() {
            return super::arrive(tx, &unit, &form.code, now).await;
        }
        super::take(tx, &unit, &form.service, &form.group, now).await
    };
    match app.site.db.write(act, write).await {
        Ok(ticket) => Ok(Redirect::to(&format!("/lay-so/{key}/phieu/{}", ticket.id)).into_response()),
        Err(Problem::Invalid(errors)) => {
            let error = errors.into_iter().next().map(|e| (e.field, e.message)).unwrap_or_default();
            let page = kiosk_page(&app, &key, error).await?;
            Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, page))
        }
        Err(other) => Err(other),
    }
}

#[derive(Template)]
#[template(path = "hall/ticket.html")]
struct TicketPage {
    shell: Shell,
    place: String,
    number: String,
    service: String,
    rank: String,
    ahead: String,
    at: Instant,
    back: String,
}

/// `GET /lay-so/{key}/phieu/{ticket}`: the number to print.
async fn ticket(
    State(app): State<App>,
    Path((key, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (unit, place) = unit_of(&app, &key).await?;
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        let t = store::find_ticket(tx, &unit, &id).await?.ok_or(Problem::NotFound)?;
        let services = store::list_services(tx, &unit).await?;
        let waiting = store::list_tickets(tx, &unit, t.day, &[Stands::Waiting]).await?;
        let ahead = waiting.iter().filter(|w| w.service == t.service && w.number < t.number).count();
        let service = services.into_iter().find(|s| s.id == t.service).map(|s| s.name).unwrap_or_default();
        Ok((t, service, ahead))
    };
    let (t, service, ahead) = app.site.db.read(read).await?;
    let back = format!("/lay-so/{key}");
    let ticket = page::html(TicketPage {
        shell: bare(&app, say("title.ticket", &[("number", &t.label)])),
        place,
        service,
        rank: of("rank", &t.rank),
        ahead: match ahead {
            0 => say("wait.first", &[]),
            n => say("wait.ahead", &[("n", &n.to_string())]),
        },
        at: t.taken_at,
        number: t.label,
        back: back.clone(),
    });
    Ok(page::again(ticket, BACK_AFTER_S, Some(&back)))
}

struct Called {
    number: String,
    desk: String,
    now: bool,
}

#[derive(Template)]
#[template(path = "hall/display.html")]
struct DisplayPage {
    shell: Shell,
    place: String,
    calls: Vec<Called>,
    waiting: usize,
    at: Instant,
}

/// `GET /goi-so/{unit}`: the screen of a hall. It loads itself again without script; numbers only.
async fn display(State(app): State<App>, Path(unit): Path<String>) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        let unit = directory::find_unit(tx, &unit, now.day()).await?.ok_or(Problem::NotFound)?;
        store::find_hall(tx, &unit.id).await?.ok_or(Problem::NotFound)?;
        let states = [Stands::Waiting, Stands::Called, Stands::Serving];
        Ok((unit.name, store::list_tickets(tx, &unit.id, now.day(), &states).await?))
    };
    let (place, tickets) = app.site.db.read(read).await?;
    let waiting = tickets.iter().filter(|t| t.state == Stands::Waiting.word()).count();
    let mut called: Vec<Ticket> =
        tickets.into_iter().filter(|t| t.called_at.is_some() && t.desk.is_some()).collect();
    called.sort_by_key(|t| std::cmp::Reverse(t.called_at));
    let line = |t: Ticket| Called {
        now: t.state == Stands::Called.word(),
        desk: t.desk.map(|n| say("desk.name", &[("number", &n.to_string())])).unwrap_or_default(),
        number: t.label,
    };
    Ok(page::html(DisplayPage {
        shell: bare(&app, say("title.display", &[("place", &place)])),
        place,
        calls: called.into_iter().take(SHOWN).map(line).collect(),
        waiting,
        at: now,
    }))
}
