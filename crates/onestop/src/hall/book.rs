//! Booking a time at a counter from home: `/dat-lich`, and one's own appointments: `/lich-hen`.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::{Day, format};
use db::Tx;
use directory::{Citizen, UnitId};
use serde::Deserialize;
use web::filters::promised_text;
use web::page::NoticeKind;
use web::{FieldError, Form, Path, Problem, Query, Shell, page};

use super::store::{self, Service};
use super::words::{of, say};
use super::{Wish, rules};
use crate::App;
use crate::filters;

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/dat-lich", get(places))
        .route("/dat-lich/{unit}", get(times).post(book))
        .route("/lich-hen", get(own))
        .route("/lich-hen/{code}/huy", post(cancel))
}

#[derive(Template)]
#[template(path = "hall/places.html")]
struct PlacesPage {
    shell: Shell,
    /// Code and name of the counters that take bookings.
    places: Vec<(String, String)>,
}

/// `GET /dat-lich`: the counters where a time can be booked.
async fn places(State(app): State<App>, citizen: Citizen) -> Result<Response, Problem> {
    let read = async |tx: &mut Tx| -> Result<_, Problem> {
        let mut places = Vec::new();
        for hall in store::list_halls(tx).await?.into_iter().filter(|h| h.per_slot > 0) {
            let unit = directory::get_unit(tx, &UnitId::from(hall.unit)).await?;
            places.push((unit.code, unit.name));
        }
        Ok(places)
    };
    let places = app.site.db.read(read).await?;
    let shell = citizen.viewer.citizen_shell(&app.site, say("title.book", &[]));
    Ok(page::html(PlacesPage { shell, places }))
}

struct Slot {
    minute: i64,
    label: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "hall/book.html")]
struct BookPage {
    shell: Shell,
    place: String,
    action: String,
    days: Vec<(String, String, bool)>,
    day: String,
    day_text: String,
    services: Vec<(Service, bool)>,
    slots: Vec<Slot>,
    errors: Vec<FieldError>,
    summary: String,
}

impl BookPage {
    fn error(&self, field: &str) -> String {
        FieldError::of(&self.errors, field)
    }
}

#[derive(Deserialize, Default, Clone)]
#[serde(default)]
struct BookForm {
    ngay: String,
    service: String,
    slot: String,
}

/// `GET /dat-lich/{unit}?ngay=2026-08-21`.
async fn times(
    State(app): State<App>,
    citizen: Citizen,
    Path(unit): Path<String>,
    Query(form): Query<BookForm>,
) -> Result<Response, Problem> {
    Ok(page::html(book_page(&app, &citizen, &unit, &form).await?))
}

async fn book_page(app: &App, citizen: &Citizen, code: &str, form: &BookForm) -> Result<BookPage, Problem> {
    let now = app.site.clock.now();
    let (asked, wanted) = (code.to_string(), Day::parse(&form.ngay).ok());
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        let unit = directory::find_unit(tx, &asked, now.day()).await?.ok_or(Problem::NotFound)?;
        let hall =
            store::find_hall(tx, &unit.id).await?.filter(|h| h.per_slot > 0).ok_or(Problem::NotFound)?;
        let calendar = directory::calendar(tx, &unit.id).await?;
        let days: Vec<Day> = (0..=hall.days_ahead)
            .map(|n| now.day().plus(n))
            .filter(|d| !calendar.spans(*d).is_empty())
            .collect();
        let day = wanted.filter(|d| days.contains(d)).or(days.first().copied()).unwrap_or(now.day());
        let booked = store::booked(tx, &unit.id, day).await?;
        let services = store::list_services(tx, &unit.id).await?;
        Ok((unit.name, hall, calendar, days, day, booked, services))
    };
    let (place, hall, calendar, days, day, booked, services) = app.site.db.read(read).await?;
    let minutes = u16::try_from(hall.slot_minutes).map_err(Problem::fault)?;
    let free = |minute: u16| {
        let taken = booked.iter().find(|(at, _)| *at == i64::from(minute)).map_or(0, |(_, n)| *n);
        (hall.per_slot - taken, minute)
    };
    let slot = |(room, minute): (i64, u16)| Slot {
        minute: minute.into(),
        label: say("desk.room", &[("at", &format::minute_vn(minute)), ("n", &room.to_string())]),
        chosen: form.slot == minute.to_string(),
    };
    let open = rules::slots(calendar.spans(day), minutes).into_iter().filter(|m| day.at(*m) > now).map(free);
    let label = |d: Day| format!("{} {}", web::filters::weekday_text(d.weekday()), format::date_vn(d));
    Ok(BookPage {
        shell: citizen.viewer.citizen_shell(&app.site, say("title.book_at", &[("place", &place)])),
        action: format!("/dat-lich/{code}"),
        days: days.iter().map(|d| (d.to_string(), label(*d), *d == day)).collect(),
        day: day.to_string(),
        day_text: label(day),
        services: services.into_iter().map(|s| (s.clone(), s.id == form.service)).collect(),
        slots: open.filter(|(room, _)| *room > 0).map(slot).collect(),
        place,
        errors: Vec::new(),
        summary: String::new(),
    })
}

/// `POST /dat-lich/{unit}`.
async fn book(
    State(app): State<App>,
    citizen: Citizen,
    Path(unit): Path<String>,
    Form(form): Form<BookForm>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let wish = Wish {
        day: Day::parse(&form.ngay).unwrap_or(Day::MIN),
        minute: form.slot.parse().unwrap_or(-1),
        service: form.service.clone(),
        account: citizen.viewer.account.to_string(),
    };
    let code = crate::petition::fresh_code()[..8].to_string();
    let asked = unit.clone();
    let write = async move |tx: &mut Tx| -> Result<(), Problem> {
        let unit = directory::find_unit(tx, &asked, now.day()).await?.ok_or(Problem::NotFound)?;
        super::book(tx, &unit.id, &wish, &code, now).await?;
        Ok(())
    };
    match app.site.db.write(citizen.act("onestop.book", &unit, now), write).await {
        Ok(()) => Ok(Redirect::to("/lich-hen?bao=dat").into_response()),
        Err(Problem::Invalid(errors)) => {
            let mut page = book_page(&app, &citizen, &unit, &form).await?;
            page.summary = say("fault.summary", &[("n", &errors.len().to_string())]);
            page.errors = errors;
            page.shell.has_errors = true;
            Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, page))
        }
        Err(other) => Err(other),
    }
}

struct Line {
    code: String,
    when: String,
    place: String,
    state: String,
    open: bool,
}

#[derive(Template)]
#[template(path = "hall/own.html")]
struct OwnPage {
    shell: Shell,
    lines: Vec<Line>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct OwnQuery {
    bao: String,
}

/// `GET /lich-hen`: one's appointments from today on.
async fn own(
    State(app): State<App>,
    citizen: Citizen,
    Query(query): Query<OwnQuery>,
) -> Result<Response, Problem> {
    let (account, today) = (citizen.viewer.account.to_string(), app.site.clock.today());
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        let mut lines = Vec::new();
        for a in store::list_own(tx, &account, today).await? {
            let minute = u16::try_from(a.minute).map_err(Problem::fault)?;
            lines.push(Line {
                when: promised_text(a.day.at(minute)),
                place: directory::get_unit(tx, &UnitId::from(a.unit)).await?.name,
                state: of("appointment", &a.state),
                open: a.state == "booked",
                code: crate::petition::grouped(&a.code),
            });
        }
        Ok(lines)
    };
    let lines = app.site.db.read(read).await?;
    let mut shell = citizen.viewer.citizen_shell(&app.site, say("title.own", &[]));
    let said = match query.bao.as_str() {
        "dat" => Some(say("done.booked", &[])),
        "huy" => Some(say("done.cancelled", &[])),
        _ => None,
    };
    if let Some(words) = said {
        shell = shell.notice(NoticeKind::Done, words);
    }
    Ok(page::html(OwnPage { shell, lines }))
}

#[derive(Deserialize)]
struct CancelForm {}

/// `POST /lich-hen/{code}/huy`.
async fn cancel(
    State(app): State<App>,
    citizen: Citizen,
    Path(code): Path<String>,
    Form(CancelForm {}): Form<CancelForm>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let account = citizen.viewer.account.to_string();
    let write = async move |tx: &mut Tx| super::cancel(tx, &account, &code, now).await;
    app.site.db.write(citizen.act("onestop.cancel-appointment", "", now), write).await?;
    Ok(Redirect::to("/lich-hen?bao=huy").into_response())
}
