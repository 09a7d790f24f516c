//! Setting a hall up: what numbers are taken for, the desks, the times that may be booked, and the
//! address of the kiosk.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use db::Tx;
use directory::CounterClerk;
use serde::Deserialize;
use web::page::NoticeKind;
use web::{FieldError, Problem, Query, RawForm, Shell, page};

use super::store::{self, Hall};
use super::words::say;
use crate::App;
use crate::desk::frame::{self, Place};
use crate::filters;

/// The path of the set-up.
pub const PATH: &str = "/mot-cua/hang-cho/thiet-lap";
/// Services and desks of one hall.
const MOST: usize = 50;
/// A day has four slots an hour or fewer unless somebody says otherwise.
const SLOT_MINUTES: i64 = 15;

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new().route("/mot-cua/hang-cho/thiet-lap", get(show).post(save))
}

/// What the form says.
#[derive(Clone, Debug, Default)]
struct Wanted {
    names: String,
    desks: String,
    slot_minutes: String,
    per_slot: String,
    days_ahead: String,
    /// The services of each desk by name; a desk without any serves all.
    serves: Vec<(i64, Vec<String>)>,
    new_kiosk: bool,
}

impl Wanted {
    fn of(form: &RawForm) -> Wanted {
        let text = |name: &str| form.get(name).unwrap_or_default().to_string();
        let serves = (1..=MOST as i64).map(|n| {
            let field = format!("quay-{n}");
            (n, form.all(&field).map(str::to_string).collect())
        });
        Wanted {
            names: text("names"),
            desks: text("desks"),
            slot_minutes: text("slot_minutes"),
            per_slot: text("per_slot"),
            days_ahead: text("days_ahead"),
            serves: serves.collect(),
            new_kiosk: form.get("new_kiosk").is_some(),
        }
    }

    fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for line in self.names.lines().map(str::trim).filter(|l| !l.is_empty()) {
            let line: String = line.chars().take(base::limits::TEXT_LINE_CHARS_MAX).collect();
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        lines
    }

    /// The figures if they are right, or every fault.
    fn checked(&self) -> Result<(Vec<String>, i64, Hall), Vec<FieldError>> {
        let mut faults = Vec::new();
        let mut number = |field: &str, text: &str, least: i64, most: i64, words: String| match text
            .trim()
            .parse::<i64>()
        {
            Ok(n) if (least..=most).contains(&n) => n,
            _ => {
                faults.push(FieldError::new(field, words));
                0
            }
        };
        let desks = number("desks", &self.desks, 1, MOST as i64, say("fault.desks", &[]));
        let slot_minutes = number("slot_minutes", &self.slot_minutes, 5, 240, say("fault.slot_minutes", &[]));
        let per_slot = number("per_slot", &self.per_slot, 0, 100, say("fault.per_slot", &[]));
        let days_ahead = number("days_ahead", &self.days_ahead, 1, 60, say("fault.days_ahead", &[]));
        let names = self.lines();
        if names.is_empty() || names.len() > MOST {
            faults.push(FieldError::new("names", say("fault.names", &[])));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let hall = Hall { unit: String::new(), kiosk: None, slot_minutes, per_slot, days_ahead, version: 0 };
        Ok((names, desks, hall))
    }
}

struct DeskLine {
    number: i64,
    label: String,
    /// Name of the service, and whether this desk serves it.
    services: Vec<(String, bool)>,
}

#[derive(Template)]
#[template(path = "hall/setup.html")]
struct SetupPage {
    shell: Shell,
    back: String,
    action: String,
    wanted: Wanted,
    desks: Vec<DeskLine>,
    has_kiosk: bool,
    /// The kiosk's address, told once.
    kiosk: String,
    errors: Vec<FieldError>,
    summary: String,
}

impl SetupPage {
    fn error(&self, field: &str) -> String {
        FieldError::of(&self.errors, field)
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ShowQuery {
    da: String,
}

/// `GET /mot-cua/hang-cho/thiet-lap`.
async fn show(
    State(app): State<App>,
    clerk: CounterClerk,
    Query(query): Query<ShowQuery>,
) -> Result<Response, Problem> {
    let mut page = setup_page(&app, &clerk, None).await?;
    if query.da == "luu" {
        page.shell = page.shell.notice(NoticeKind::Done, say("done.saved", &[]));
    }
    Ok(page::html(page))
}

async fn setup_page(app: &App, clerk: &CounterClerk, typed: Option<Wanted>) -> Result<SetupPage, Problem> {
    let now = app.site.clock.now();
    let place = Place::of_clerk(clerk)?;
    let at = place.clone();
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        let unit = &at.post.unit;
        Ok((
            frame::counts(tx, &at, now).await?,
            store::find_hall(tx, unit).await?,
            store::list_services(tx, unit).await?,
            store::list_desks(tx, unit).await?,
        ))
    };
    let (counts, hall, services, desks) = app.site.db.read(read).await?;
    let shell = frame::shell(app, &clerk.viewer, &place, &counts, say("title.setup", &[]), None);
    let stored = Wanted {
        names: services.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join("\n"),
        desks: desks.len().max(1).to_string(),
        slot_minutes: hall.as_ref().map_or(SLOT_MINUTES, |h| h.slot_minutes).to_string(),
        per_slot: hall.as_ref().map_or(1, |h| h.per_slot).to_string(),
        days_ahead: hall.as_ref().map_or(14, |h| h.days_ahead).to_string(),
        ..Wanted::default()
    };
    let desk = |d: &store::Desk| {
        let ids: Vec<String> = serde_json::from_str(&d.services).unwrap_or_default();
        DeskLine {
            number: d.number,
            label: say("desk.name", &[("number", &d.number.to_string())]),
            services: services.iter().map(|s| (s.name.clone(), ids.contains(&s.id))).collect(),
        }
    };
    Ok(SetupPage {
        shell: shell.active(place.href(super::pages::PATH, &[])),
        back: place.href(super::pages::PATH, &[]),
        action: place.href(PATH, &[]),
        desks: desks.iter().map(desk).collect(),
        has_kiosk: hall.is_some_and(|h| h.kiosk.is_some()),
        wanted: typed.unwrap_or(stored),
        kiosk: String::new(),
        errors: Vec::new(),
        summary: String::new(),
    })
}

/// `POST /mot-cua/hang-cho/thiet-lap`. A new kiosk key is told once, on this answer.
async fn save(State(app): State<App>, clerk: CounterClerk, form: RawForm) -> Result<Response, Problem> {
    let wanted = Wanted::of(&form);
    let (names, desks, hall) = match wanted.checked() {
        Ok(checked) => checked,
        Err(errors) => {
            let mut page = setup_page(&app, &clerk, Some(wanted)).await?;
            page.summary = say("fault.summary", &[("n", &errors.len().to_string())]);
            page.errors = errors;
            page.shell.has_errors = true;
            return Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, page));
        }
    };
    let now = app.site.clock.now();
    let key = wanted.new_kiosk.then(web::secret::token);
    let hash = key.as_ref().map(|key| web::secret::sha256_hex(key.as_bytes()));
    let unit = clerk.unit().clone();
    let serves = wanted.serves.clone();
    let write = async move |tx: &mut Tx| -> Result<(), Problem> {
        let before = store::find_hall(tx, &unit).await?.and_then(|h| h.kiosk);
        let kiosk = hash.clone().or(before);
        store::put_hall(tx, &Hall { unit: unit.as_str().to_string(), kiosk, ..hall.clone() }).await?;
        store::close_all(tx, &unit).await?;
        let mut ids = Vec::new();
        for (position, name) in (0_i64..).zip(&names) {
            ids.push((name.clone(), store::put_service(tx, &unit, position, name).await?));
        }
        for number in 1..=desks {
            let chosen = serves.iter().find(|(n, _)| *n == number).map(|(_, names)| names.as_slice());
            let of_desk: Vec<&String> = ids
                .iter()
                .filter(|(name, _)| chosen.is_some_and(|names| names.contains(name)))
                .map(|(_, id)| id)
                .collect();
            let text = serde_json::to_string(&of_desk).map_err(Problem::fault)?;
            store::put_desk(tx, &unit, number, &text).await?;
        }
        Ok(())
    };
    app.site.db.write(clerk.act("onestop.hall-setup", "", now), write).await?;
    let Some(key) = key else {
        let place = Place::of_clerk(&clerk)?;
        return Ok(Redirect::to(&place.href(PATH, &[("da", "luu")])).into_response());
    };
    let mut page = setup_page(&app, &clerk, None).await?;
    page.shell = page.shell.notice(NoticeKind::Done, say("done.saved", &[])).told_once();
    page.kiosk = format!("{}/lay-so/{key}", app.address);
    Ok(page::html(page))
}
