//! `/mot-cua/ky-so/dien-thoai/{id}`: what the phone is asked, with the digits to compare, and what became of
//! each result.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use base::Instant;
use directory::AnyOfficial;
use serde::Deserialize;
use trust::mobile::PHONE;
use trust::mobile::rules::State as Heard;
use web::{Form, Path, Problem, Query, Shell, page};

use super::rules::{Next, State as Stage, next};
use super::{RequestId, Round, Word};
use crate::App;
use crate::filters;
use crate::signing::pages::PATH;
use crate::words_office::say;

/// How often a page that waits looks again, in seconds.
const LOOK_AGAIN_SECONDS: u32 = 3;

/// Where a round is.
pub fn href(id: RequestId) -> String {
    format!("{PATH}/dien-thoai/{id}")
}

struct Line {
    what: String,
    state: String,
    tone: &'static str,
}

/// What the phone is asked now.
struct Asked {
    code: String,
    shown: String,
    number: String,
    until: Instant,
}

#[derive(Template)]
#[template(path = "signing/phone.html")]
struct RoundPage {
    shell: Shell,
    action: String,
    list: &'static str,
    advice: String,
    asked: Option<Asked>,
    lines: Vec<Line>,
    /// Something is under way, or comes when the phone is free.
    waits: bool,
    looks_again: bool,
    may_repeat: bool,
    may_stop: bool,
    /// Where the phone lies, where it is played.
    phone: Option<&'static str>,
}

fn tone(state: Stage) -> &'static str {
    match state {
        Stage::Waiting | Stage::Asked => "is-hold",
        Stage::Signed => "is-done",
        _ => "is-over",
    }
}

/// The next step, as the whole round stands.
fn advice(round: &Round, states: &[Stage]) -> String {
    if let Some(why) = &round.held_up {
        return why.clone();
    }
    if let Some(ticket) = &round.ticket {
        let key = if ticket.state == Heard::Asked { "signing.phone_not_there" } else { "signing.phone_look" };
        return say(key, &[]);
    }
    let signed = states.iter().filter(|state| **state == Stage::Signed).count();
    match states.iter().find(|state| state.may_repeat()) {
        Some(state) => say(&format!("signing.phone_after_{}", state.word()), &[]),
        None if signed == 0 => say("signing.phone_none", &[]),
        None => say("signing.did", &[("n", &signed.to_string())]),
    }
}

fn round_page(app: &App, official: &AnyOfficial, id: RequestId, round: Round, stays: bool) -> RoundPage {
    let states = round.states();
    let waits = matches!(next(&states), Next::Follow(_) | Next::Ask(_));
    let advice = advice(&round, &states);
    let line = |item: &super::store::Item| Line {
        what: item.what.clone(),
        state: say(&format!("signing.phone_{}", item.state.word()), &[]),
        tone: tone(item.state),
    };
    let spaced = |number: &str| {
        number.parse::<base::number::Phone>().map_or_else(|_| number.to_string(), |phone| phone.spaced())
    };
    let played = app.trust.as_ref().is_some_and(|trust| trust.mobile.simulator.is_some());
    RoundPage {
        shell: official.viewer.official_shell(&app.site, say("signing.phone_title", &[])).active(PATH),
        action: href(id),
        list: PATH,
        advice,
        lines: round.items.iter().map(line).collect(),
        asked: round.ticket.map(|ticket| Asked {
            number: spaced(&ticket.number),
            code: ticket.code,
            shown: ticket.shown,
            until: ticket.until,
        }),
        waits,
        looks_again: waits && !stays,
        may_repeat: !waits && states.iter().any(|state| state.may_repeat()),
        may_stop: states.contains(&Stage::Waiting),
        phone: played.then_some(PHONE),
    }
}

/// Whether the page looks again by itself.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct RoundQuery {
    dung: String,
}

/// `GET /mot-cua/ky-so/dien-thoai/{id}`: as the operator says it stands now, instead of waiting for the job;
/// a page that waits looks again by itself, unless told to stop.
pub async fn show(
    State(app): State<App>,
    official: AnyOfficial,
    Path(id): Path<String>,
    Query(query): Query<RoundQuery>,
) -> Result<Response, Problem> {
    let id: RequestId = id.parse().map_err(|_| Problem::NotFound)?;
    super::must_be_of(&app, id, &official.viewer.account).await?;
    let round = super::go_on(&app, id).await?;
    let shown = round_page(&app, &official, id, round, !query.dung.is_empty());
    let again = shown.looks_again;
    let response = page::html(shown);
    Ok(if again { page::again(response, LOOK_AGAIN_SECONDS, None) } else { response })
}

/// What was pressed.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct WordForm {
    word: String,
}

/// `POST /mot-cua/ky-so/dien-thoai/{id}`: what was not signed is sent again, or what waits is left.
pub async fn send(
    State(app): State<App>,
    official: AnyOfficial,
    Path(id): Path<String>,
    Form(form): Form<WordForm>,
) -> Result<Response, Problem> {
    let id: RequestId = id.parse().map_err(|_| Problem::NotFound)?;
    super::must_be_of(&app, id, &official.viewer.account).await?;
    let said = match form.word.as_str() {
        "again" => Word::Again,
        "stop" => Word::Stop,
        _ => return Err(Problem::Malformed("no such word about a round".into())),
    };
    super::say_of(&app, id, said, &official.viewer).await?;
    Ok(Redirect::to(&href(id)).into_response())
}
