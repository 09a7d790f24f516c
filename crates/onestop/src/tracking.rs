//! Following a dossier by its code without signing in: `/tra-cuu?ma=`. Code, status and dates, never
//! a name or a file; wrong codes are counted by address and the waits grow.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use base::Instant;
use directory::MaybeViewer;
use directory::signin::Address;
use serde::Deserialize;
use web::filters::promised_text;
use web::{Problem, Query, Shell, page};

use crate::dossier::Dossier;
use crate::dossier::follow::{follow, plain};
use crate::dossier::rules::{State as Standing, Status};
use crate::filters;
use crate::words_citizen::say;
use crate::{App, words};

/// The routes of this file.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/tra-cuu", get(track))
}

#[derive(Deserialize)]
struct TrackQuery {
    #[serde(default, rename = "ma")]
    code: String,
}

/// A mark of the timeline.
pub struct Mark {
    /// `done`, `on` or `todo`.
    pub class: &'static str,
    pub label: String,
    pub at: Option<Instant>,
    pub text: String,
}

/// What is shown of a dossier that was found.
struct Found {
    code: String,
    status: String,
    when_label: String,
    when: String,
    marks: Vec<Mark>,
    /// The viewer is its applicant and may see the rest.
    own: bool,
}

#[derive(Template)]
#[template(path = "tracking/track.html")]
struct TrackPage {
    shell: Shell,
    typed: String,
    error: String,
    found: Option<Found>,
    hotline: String,
}

/// `GET /tra-cuu?ma=`.
async fn track(
    State(app): State<App>,
    viewer: MaybeViewer,
    address: Address,
    Query(query): Query<TrackQuery>,
) -> Result<Response, Problem> {
    let typed: String = query.code.chars().take(60).collect();
    if typed.trim().is_empty() {
        let title = say("title.track", &[]);
        return Ok(page::html(track_page(&app, &viewer, title, typed, String::new(), None)));
    }
    let now = app.site.clock.now();
    match follow(&app, &address, &typed, now).await {
        Ok(dossier) => {
            let found = found(&dossier, &viewer);
            let title = say("title.tracked", &[("status", &found.status), ("code", &found.code)]);
            Ok(page::html(track_page(&app, &viewer, title, typed, String::new(), Some(found))))
        }
        Err(Problem::NotFound) => {
            let hotline = &app.site.brand.hotline;
            let call =
                if hotline.is_empty() { String::new() } else { say("track.call", &[("hotline", hotline)]) };
            let error = say("track.missing", &[("code", &plain(&typed)), ("call", &call)]);
            Ok(page::html_with(StatusCode::NOT_FOUND, refused_page(&app, &viewer, typed, error)))
        }
        Err(Problem::TooMany { retry_after_s }) => {
            let wait = retry_after_s.to_string();
            let error = say("track.wait", &[("n", &wait)]);
            let page = refused_page(&app, &viewer, typed, error);
            let mut response = page::html_with(StatusCode::TOO_MANY_REQUESTS, page);
            if let Ok(value) = HeaderValue::from_str(&wait) {
                response.headers_mut().insert(header::RETRY_AFTER, value);
            }
            Ok(response)
        }
        Err(other) => Err(other),
    }
}

fn refused_page(app: &App, viewer: &MaybeViewer, typed: String, error: String) -> TrackPage {
    track_page(app, viewer, say("title.track", &[]), typed, error, None)
}

fn track_page(
    app: &App,
    viewer: &MaybeViewer,
    title: String,
    typed: String,
    error: String,
    found: Option<Found>,
) -> TrackPage {
    let mut shell = viewer.citizen_shell(&app.site, title).active("/tra-cuu");
    shell.has_errors = !error.is_empty();
    TrackPage { shell, typed, error, found, hotline: app.site.brand.hotline.clone() }
}

fn found(d: &Dossier, viewer: &MaybeViewer) -> Found {
    let (when_label, when) = waited_for(d);
    let account = viewer.0.as_ref().map(|v| v.account.to_string());
    Found {
        code: d.code.clone(),
        status: words::status(d.state.status()),
        when_label,
        when,
        marks: marks(d),
        own: account.is_some() && d.account == account,
    }
}

/// What the citizen waits for, as a label and a time: the answer, the result, or since when it stands.
pub fn waited_for(d: &Dossier) -> (String, String) {
    match (&d.state, d.promised) {
        (Standing::Filed { answer_by }, _) => (say("when.answer_by", &[]), promised_text(*answer_by)),
        (state, Some(due)) if !state.status().is_final() && state.status() != Status::Settled => {
            (say("when.promised", &[]), promised_text(due))
        }
        _ => (say("when.since", &[]), promised_text(d.since)),
    }
}

/// The way of a dossier so far, where it is, and what follows.
pub fn marks(d: &Dossier) -> Vec<Mark> {
    let done = |key: &str, at: Instant| Mark {
        class: "done",
        label: say(&format!("mark.{key}"), &[]),
        at: Some(at),
        text: String::new(),
    };
    let on = |key: &str, at: Option<Instant>, text: String| Mark {
        class: "on",
        label: say(&format!("mark.{key}"), &[]),
        at,
        text,
    };
    let todo = |key: &str| Mark {
        class: "todo",
        label: say(&format!("mark.{key}"), &[]),
        at: None,
        text: String::new(),
    };
    let note = |key: &str| say(&format!("mark.{key}_text"), &[]);
    let since = Some(d.since);
    let mut marks = vec![done("filed", d.filed_at)];
    marks.extend(d.accepted_at.map(|at| done("received", at)));
    match d.state.status() {
        Status::Filed => {
            let text = say("mark.waiting_text", &[("at", &promised_text(d.answer_by))]);
            marks.extend([on("waiting", None, text), todo("in_process_todo"), todo("return_todo")]);
        }
        Status::Received => {
            marks.extend([on("queued", None, String::new()), todo("in_process_todo"), todo("return_todo")]);
        }
        Status::InProcess => {
            marks.extend([on("in_process", since, String::new()), todo("return_todo")]);
        }
        Status::Supplementing => {
            let text = note("supplementing");
            marks.extend([on("supplementing", since, text), todo("in_process_todo"), todo("return_todo")]);
        }
        Status::AwaitingFee => {
            let text = note("awaiting_fee");
            marks.extend([on("awaiting_fee", since, text), todo("in_process_todo"), todo("return_todo")]);
        }
        Status::Declined => marks.push(on("declined", since, note("declined"))),
        Status::Withdrawn => marks.push(on("withdrawn", since, String::new())),
        Status::Stopped => marks.push(on("stopped", since, String::new())),
        Status::Settled => {
            marks.extend([done("settled", d.since), on("to_return", None, String::new())]);
        }
        Status::Returned => marks.push(done("returned", d.since)),
    }
    marks
}
