//! `/quan-tri/chung-thu-so/ben-ngoai`: where issuers outside are asked for what they have revoked, what came
//! last, when it is asked again, and what went wrong.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use base::Instant;
use db::Tx;
use directory::{Admin, admin_shell};
use serde::Deserialize;
use web::page::NoticeKind;
use web::{Problem, Query, Shell, page};

use super::store::{self, Source};
use crate::words::{self, WORDS};
use crate::{App, filters};

/// Where it is.
pub const HERE: &str = "/quan-tri/chung-thu-so/ben-ngoai";

/// The routes of this page.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/quan-tri/chung-thu-so/ben-ngoai", get(show).post(again))
}

struct Line {
    issuer: String,
    address: String,
    kind: String,
    state: String,
    tone: &'static str,
    fetched: Option<Instant>,
    until: Option<Instant>,
    next: Instant,
    entries: i64,
    error: String,
}

#[derive(Template)]
#[template(path = "trust/outside.html")]
struct OutsidePage {
    shell: Shell,
    lines: Vec<Line>,
    failing: i64,
    more: i64,
}

/// What went wrong, in words.
fn error(source: &Source) -> String {
    match source.error.split_once(' ') {
        _ if source.error.is_empty() => String::new(),
        Some((word, value)) => WORDS.t(&format!("outside.error.{word}"), &[("value", value)]),
        None => words::t(&format!("outside.error.{}", source.error)),
    }
}

fn line(source: Source, now: Instant) -> Line {
    let counts = source.until_at.is_some_and(|until| until > now);
    let (state, tone) = match (source.failures > 0, counts) {
        (false, true) => ("good", "is-done"),
        (true, true) => ("failing", "is-hold"),
        (true, false) => ("silent", "is-over"),
        (false, false) => ("waiting", "is-work"),
    };
    Line {
        kind: words::t(&format!("outside.kind.{}", source.kind)),
        state: words::t(&format!("outside.state.{state}")),
        error: error(&source),
        tone,
        issuer: source.issuer,
        address: source.address,
        fetched: source.fetched_at,
        until: source.until_at,
        next: source.next_at,
        entries: source.entries,
    }
}

/// What was just done.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Done {
    da: String,
}

/// `GET /quan-tri/chung-thu-so/ben-ngoai`.
async fn show(State(app): State<App>, admin: Admin, Query(done): Query<Done>) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let read =
        async |tx: &mut Tx| -> Result<_, Problem> { Ok((store::list(tx).await?, store::count(tx).await?)) };
    let (sources, (all, failing)) = app.site.db.read(read).await?;
    let mut shell = admin_shell(&app.site, &admin.viewer, true, words::t("outside.title"), HERE);
    if done.da == "hoi-lai" {
        shell = shell.notice(NoticeKind::Done, words::t("outside.again"));
    }
    let more = all - i64::try_from(sources.len()).unwrap_or(all);
    let lines = sources.into_iter().map(|source| line(source, now)).collect();
    Ok(page::html(OutsidePage { shell, lines, failing, more }))
}

/// `POST /quan-tri/chung-thu-so/ben-ngoai`: those that failed are asked again at the next round.
async fn again(State(app): State<App>, admin: Admin) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let write = async move |tx: &mut Tx| -> Result<u64, Problem> { Ok(store::save_retried(tx, now).await?) };
    app.site.db.write(admin.act("trust.retry-outside", "", now), write).await?;
    Ok(Redirect::to(&format!("{HERE}?da=hoi-lai")).into_response())
}
