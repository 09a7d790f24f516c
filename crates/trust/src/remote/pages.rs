//! `/chung-thu-so/ky-tu-xa`: what programs have asked an official to let them sign, and what was let. Here
//! the owner reads what an authorisation stands for before the PIN is given.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use base::Instant;
use db::Tx;
use directory::AnyOfficial;
use serde::Deserialize;
use web::page::NoticeKind;
use web::{FieldError, Form, Path, Problem, Query, Shell, page};

use super::rules::State as Stage;
use super::store::{self, Row};
use super::words::say;
use crate::filters;
use crate::signing::pages::own;
use crate::validation::rules::hex;
use crate::{App, certificate};

/// Where officials find them.
pub const HERE: &str = "/chung-thu-so/ky-tu-xa";

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/chung-thu-so/ky-tu-xa", get(list))
        .route("/chung-thu-so/ky-tu-xa/{id}", get(show).post(answer))
}

struct Line {
    href: String,
    what: String,
    count: usize,
    at: Instant,
    state: String,
    tone: &'static str,
}

#[derive(Template)]
#[template(path = "remote/list.html")]
struct ListPage {
    shell: Shell,
    lines: Vec<Line>,
}

/// What was just done.
#[derive(Deserialize, Default)]
#[serde(default)]
struct DoneQuery {
    da: String,
}

fn told(shell: Shell, query: &DoneQuery) -> Shell {
    match query.da.as_str() {
        done @ ("grant" | "refuse") => shell.notice(NoticeKind::Done, say(&format!("did.{done}"), &[])),
        _ => shell,
    }
}

fn tone(state: Stage) -> &'static str {
    match state {
        Stage::Asked => "is-hold",
        Stage::Granted | Stage::Spent => "is-done",
        Stage::Refused | Stage::Lapsed => "is-over",
    }
}

fn what(row: &Row) -> String {
    match row.description.as_str() {
        "" => row.list_labels().into_iter().find(|l| !l.is_empty()).unwrap_or_else(|| say("nameless", &[])),
        said => said.to_string(),
    }
}

/// `GET /chung-thu-so/ky-tu-xa`.
async fn list(
    State(app): State<App>,
    official: AnyOfficial,
    Query(query): Query<DoneQuery>,
) -> Result<Response, Problem> {
    let (now, account) = (app.site.clock.now(), official.viewer.account.to_string());
    let rows = app.site.db.read(async move |tx: &mut Tx| store::list(tx, &account).await).await?;
    let line = |row: Row| {
        let state = row.stands(now);
        Line {
            href: format!("{HERE}/{}", row.id),
            what: what(&row),
            count: row.list_hashes().len(),
            at: row.asked_at,
            state: say(&format!("state.{}", state.word()), &[]),
            tone: tone(state),
        }
    };
    let shell = official.viewer.official_shell(&app.site, say("title", &[])).active(HERE);
    let lines = rows.into_iter().map(line).collect();
    Ok(page::html(ListPage { shell: told(shell, &query), lines }))
}

struct Sheet {
    label: String,
    hash: String,
}

#[derive(Template)]
#[template(path = "remote/show.html")]
struct ShowPage {
    shell: Shell,
    action: String,
    version: i64,
    holder: String,
    serial: String,
    description: String,
    sheets: Vec<Sheet>,
    digest: &'static str,
    at: Instant,
    until: Instant,
    state: String,
    tone: &'static str,
    waits: bool,
    can_refuse: bool,
    /// The key signs now.
    can_sign: bool,
    pin_error: String,
    error: String,
}

async fn show_page(
    app: &App,
    official: &AnyOfficial,
    id: &str,
    errors: (String, String),
) -> Result<ShowPage, Problem> {
    let now = app.site.clock.now();
    let row = super::get(&app.site.db, id, official).await?;
    let wanted = row.certificate.clone();
    let certificate = app.site.db.read(async move |tx: &mut Tx| certificate::get(tx, &wanted).await).await?;
    let can_sign =
        own(app, official, now).await?.iter().any(|one| one.id == row.certificate && !one.is_locked);
    let state = row.stands(now);
    let labels = row.list_labels().into_iter().chain(std::iter::repeat(String::new()));
    let sheet = |(hash, label): (Vec<u8>, String)| Sheet { label, hash: hex(&hash) };
    let mut shell = official.viewer.official_shell(&app.site, say("title", &[])).active(HERE);
    if !errors.0.is_empty() || !errors.1.is_empty() {
        shell = shell.errors();
    }
    Ok(ShowPage {
        shell,
        action: format!("{HERE}/{id}"),
        version: row.version,
        holder: certificate.holder,
        serial: certificate.serial,
        digest: match row.hash_bytes {
            32 => "SHA-256",
            48 => "SHA-384",
            _ => "SHA-512",
        },
        sheets: row.list_hashes().into_iter().zip(labels).map(sheet).collect(),
        at: row.asked_at,
        until: row.ends_at,
        state: say(&format!("state.{}", state.word()), &[]),
        tone: tone(state),
        waits: state == Stage::Asked,
        can_refuse: matches!(state, Stage::Asked | Stage::Granted),
        can_sign,
        description: row.description,
        pin_error: errors.0,
        error: errors.1,
    })
}

/// `GET /chung-thu-so/ky-tu-xa/{id}`.
async fn show(
    State(app): State<App>,
    official: AnyOfficial,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    Ok(page::html(show_page(&app, &official, &id, Default::default()).await?))
}

/// What the owner answers.
#[derive(Deserialize, Default)]
#[serde(default)]
struct AnswerForm {
    seen: i64,
    pin: String,
    word: String,
}

/// `POST /chung-thu-so/ky-tu-xa/{id}`: the PIN, or no.
async fn answer(
    State(app): State<App>,
    official: AnyOfficial,
    Path(id): Path<String>,
    Form(form): Form<AnswerForm>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let done = match form.word.as_str() {
        "grant" => super::grant(&app, &id, &form.pin, form.seen, &official, now).await,
        "refuse" => super::refuse(&app, &id, form.seen, &official, now).await,
        _ => return Err(Problem::Malformed("no such answer".into())),
    };
    let errors = match done {
        Ok(()) => return Ok(Redirect::to(&format!("{HERE}?da={}", form.word)).into_response()),
        Err(Problem::Invalid(errors)) => (FieldError::of(&errors, "pin"), String::new()),
        Err(Problem::Refused(message)) => (String::new(), message.outside),
        Err(other) => return Err(other),
    };
    let shown = show_page(&app, &official, &id, errors).await?;
    Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, shown))
}
