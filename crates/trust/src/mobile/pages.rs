//! `/chung-thu-so/ky-sim`: an official signs a file on the telephone. And, in a demonstration,
//! `/chung-thu-so/dien-thoai-mo-phong`: the telephone itself.

use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use base::Instant;
use db::Tx;
use directory::AnyOfficial;
use serde::Deserialize;
use web::{FieldError, Form, Path, Problem, Query, Shell, Upload, page};

use super::rules::{self, State as Stage, code};
use super::simulator::Simulator;
use super::store::{self, Row};
use super::{Card, cards, look, paper};
use crate::App;
use crate::filters;
use crate::remote::say;

/// Where officials sign on the telephone.
pub const HERE: &str = "/chung-thu-so/ky-sim";
/// Where the simulated telephone lies.
pub const PHONE: &str = "/chung-thu-so/dien-thoai-mo-phong";
/// The largest file, in bytes.
const FILE_BYTES_MAX: u64 = base::limits::FILE_SIZE_BYTES_MAX;
/// How often a page that waits looks again, in seconds.
const LOOK_AGAIN_SECONDS: u32 = 3;

/// The routes of this file.
pub fn routes() -> Router<App> {
    let room = DefaultBodyLimit::max(FILE_BYTES_MAX as usize + 64 * 1024);
    Router::new()
        .route("/chung-thu-so/ky-sim", get(list).post(send).layer(room))
        .route("/chung-thu-so/ky-sim/{id}", get(show))
        .route("/chung-thu-so/ky-sim/{id}/tep", get(file))
        .route("/chung-thu-so/dien-thoai-mo-phong", get(phone).post(press))
}

struct Line {
    href: String,
    shown: String,
    number: String,
    at: Instant,
    state: String,
    tone: &'static str,
}

struct Choice {
    id: String,
    words: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "mobile/list.html")]
struct ListPage {
    shell: Shell,
    has_operator: bool,
    is_simulated: bool,
    choices: Vec<Choice>,
    file_max: String,
    lines: Vec<Line>,
    file_error: String,
    card_error: String,
    error: String,
}

fn tone(state: Stage) -> &'static str {
    match state {
        Stage::Asked | Stage::Sent => "is-hold",
        Stage::Signed => "is-done",
        Stage::Refused | Stage::Lapsed | Stage::Failed => "is-over",
    }
}

fn state_words(state: Stage) -> String {
    say(&format!("mobile.state.{}", state.word()), &[])
}

fn spaced(number: &str) -> String {
    number.parse::<base::number::Phone>().map_or_else(|_| number.to_string(), |phone| phone.spaced())
}

async fn own_cards(app: &App, official: &AnyOfficial, now: Instant) -> Result<Vec<Card>, Problem> {
    let account = official.viewer.account;
    app.site.db.read(async move |tx: &mut Tx| cards(tx, &account, now).await).await
}

async fn list_page(
    app: &App,
    official: &AnyOfficial,
    chosen: &str,
    errors: &[FieldError],
    error: String,
) -> Result<ListPage, Problem> {
    let now = app.site.clock.now();
    let account = official.viewer.account.to_string();
    let rows = app.site.db.read(async move |tx: &mut Tx| store::list(tx, &account).await).await?;
    let line = |row: Row| {
        let state = Stage::of(&row.state);
        Line {
            href: format!("{HERE}/{}", row.id),
            number: spaced(&row.number),
            at: row.asked_at,
            state: state_words(state),
            tone: tone(state),
            shown: row.shown,
        }
    };
    let choice = |card: Card| Choice {
        words: format!("{} ({})", card.number.spaced(), card.holder),
        chosen: card.id == chosen,
        id: card.id,
    };
    let mut shell = official.viewer.official_shell(&app.site, say("mobile.title", &[])).active(HERE);
    if !errors.is_empty() || !error.is_empty() {
        shell = shell.errors();
    }
    Ok(ListPage {
        shell,
        has_operator: app.mobile.operator.is_some(),
        is_simulated: app.mobile.simulator.is_some(),
        choices: own_cards(app, official, now).await?.into_iter().map(choice).collect(),
        file_max: base::format::size(FILE_BYTES_MAX),
        lines: rows.into_iter().map(line).collect(),
        file_error: FieldError::of(errors, "file"),
        card_error: FieldError::of(errors, "card"),
        error,
    })
}

/// `GET /chung-thu-so/ky-sim`.
async fn list(State(app): State<App>, official: AnyOfficial) -> Result<Response, Problem> {
    Ok(page::html(list_page(&app, &official, "", &[], String::new()).await?))
}

/// `POST /chung-thu-so/ky-sim`: a file and a card.
async fn send(State(app): State<App>, official: AnyOfficial, mut form: Upload) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let _door = app.validation.enter()?;
    let mut incoming = None;
    while let Some(part) = form.next_file(FILE_BYTES_MAX).await? {
        incoming = Some((part.file_name.clone(), part.bytes().await?.to_vec()));
    }
    let wanted = form.text("card").unwrap_or_default().to_string();
    let mut wrong = Vec::new();
    let card = own_cards(&app, &official, now).await?.into_iter().find(|card| card.id == wanted);
    if card.is_none() {
        wrong.push(FieldError::new("card", say("wrong.card", &[])));
    }
    if incoming.is_none() {
        wrong.push(FieldError::new("file", say("wrong.no_file", &[])));
    }
    let done = match (card, incoming) {
        (Some(card), Some((name, bytes))) => {
            app.validation.count(&format!("mobile:{}", official.viewer.account), 1, now)?;
            paper::ask(&app, &card, (&name, bytes), &official.viewer, now).await
        }
        _ => Err(Problem::Invalid(wrong)),
    };
    let (errors, error) = match done {
        Ok(row) => return Ok(Redirect::to(&format!("{HERE}/{}", row.id)).into_response()),
        Err(Problem::Invalid(errors)) => (errors, String::new()),
        Err(Problem::Refused(message)) => (Vec::new(), message.outside),
        Err(other) => return Err(other),
    };
    let shown = list_page(&app, &official, &wanted, &errors, error).await?;
    Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, shown))
}

#[derive(Template)]
#[template(path = "mobile/show.html")]
struct ShowPage {
    shell: Shell,
    action: String,
    shown: String,
    number: String,
    code: String,
    until: Instant,
    state: String,
    advice: String,
    tone: &'static str,
    waits: bool,
    looks_again: bool,
    is_simulated: bool,
    file: String,
    file_hours: i64,
}

/// Whether the page looks again by itself.
#[derive(Deserialize, Default)]
#[serde(default)]
struct ShowQuery {
    dung: String,
}

/// `GET /chung-thu-so/ky-sim/{id}`: as the operator says it stands now, instead of waiting for the job that
/// asks; a page that waits looks again by itself, unless told to stop.
async fn show(
    State(app): State<App>,
    official: AnyOfficial,
    Path(id): Path<String>,
    Query(query): Query<ShowQuery>,
) -> Result<Response, Problem> {
    super::get(&app.site.db, &id, &official.viewer.account).await?;
    let row = look(&app, &id, app.site.clock.now()).await?;
    let state = Stage::of(&row.state);
    let wanted = id.clone();
    let paper = app.site.db.read(async move |tx: &mut Tx| store::find_paper(tx, &wanted).await).await?;
    let is_there = paper.is_some_and(|paper| paper.result.is_some());
    let looks_again = !state.is_over() && query.dung.is_empty();
    let response = page::html(ShowPage {
        shell: official.viewer.official_shell(&app.site, say("mobile.title", &[])).active(HERE),
        action: format!("{HERE}/{id}"),
        number: spaced(&row.number),
        until: row.ends_at,
        state: state_words(state),
        advice: say(&format!("mobile.advice.{}", state.word()), &[]),
        tone: tone(state),
        waits: !state.is_over(),
        looks_again,
        is_simulated: app.mobile.simulator.is_some(),
        file: if is_there { format!("{HERE}/{id}/tep") } else { String::new() },
        file_hours: rules::FILE_HOURS,
        shown: row.shown,
        code: row.code,
    });
    Ok(match looks_again {
        true => page::again(response, LOOK_AGAIN_SECONDS, None),
        false => response,
    })
}

/// `GET /chung-thu-so/ky-sim/{id}/tep`: the signed file.
async fn file(
    State(app): State<App>,
    official: AnyOfficial,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let row = super::get(&app.site.db, &id, &official.viewer.account).await?;
    let (ending, media, bytes) = paper::signed(&app, &row).await?;
    let name = format!("attachment; filename=\"{}.{ending}\"", say("mobile.file_name", &[]));
    let headers = [(header::CONTENT_TYPE, media.to_string()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, bytes).into_response())
}

// ---- the simulated telephone ---------------------------------------------------------

struct Screen {
    id: String,
    number: String,
    shown: String,
    code: String,
    until: Instant,
}

#[derive(Template)]
#[template(path = "mobile/phone.html")]
struct PhonePage {
    shell: Shell,
    screens: Vec<Screen>,
}

/// The simulator, and the numbers whose screens the viewer may touch.
async fn simulated(app: &App, official: &AnyOfficial) -> Result<(Simulator, Vec<String>), Problem> {
    let simulator = app.mobile.simulator.clone().ok_or(Problem::NotFound)?;
    let cards = own_cards(app, official, app.site.clock.now()).await?;
    Ok((simulator, cards.iter().map(|card| card.number.as_str().to_string()).collect()))
}

/// `GET /chung-thu-so/dien-thoai-mo-phong`.
async fn phone(State(app): State<App>, official: AnyOfficial) -> Result<Response, Problem> {
    let (simulator, numbers) = simulated(&app, &official).await?;
    let screens = simulator.screens(&numbers, app.site.clock.now()).await?;
    let screen = |prompt: super::simulator::Prompt| Screen {
        number: spaced(&prompt.number),
        // A phone makes the digits itself, of what it was sent.
        code: code(&prompt.hash),
        until: prompt.ends_at,
        shown: prompt.shown,
        id: prompt.id,
    };
    let shell = official.viewer.official_shell(&app.site, say("mobile.phone", &[])).active(HERE);
    Ok(page::html(PhonePage { shell, screens: screens.into_iter().map(screen).collect() }))
}

/// What was pressed.
#[derive(Deserialize, Default)]
#[serde(default)]
struct PressForm {
    prompt: String,
    key: String,
}

/// `POST /chung-thu-so/dien-thoai-mo-phong`.
async fn press(
    State(app): State<App>,
    official: AnyOfficial,
    Form(form): Form<PressForm>,
) -> Result<Response, Problem> {
    let (simulator, numbers) = simulated(&app, &official).await?;
    simulator.press(&form.prompt, &numbers, form.key == "confirm").await?;
    Ok(Redirect::to(PHONE).into_response())
}
