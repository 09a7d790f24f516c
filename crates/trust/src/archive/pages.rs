//! `/quan-tri/chung-thu-so/luu-tru`: the documents that are kept checkable, which of them come next, and what
//! went wrong.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use base::{Instant, format};
use db::Tx;
use directory::{Admin, admin_shell};
use serde::Deserialize;
use web::page::NoticeKind;
use web::{Problem, Query, Shell, page};

use super::store::{self, Item};
use crate::words;
use crate::{App, filters};

/// Where it is.
pub const HERE: &str = "/quan-tri/chung-thu-so/luu-tru";

/// The routes of this page.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/quan-tri/chung-thu-so/luu-tru", get(show).post(again))
}

struct Line {
    what: String,
    /// Where more of it is read; empty where that is nowhere.
    href: String,
    kind: String,
    state: String,
    tone: &'static str,
    stamped: Option<Instant>,
    lapses: Option<Instant>,
    next: Instant,
    error: String,
}

#[derive(Template)]
#[template(path = "trust/archive.html")]
struct ArchivePage {
    shell: Shell,
    lines: Vec<Line>,
    kept: String,
    stamps: String,
    failing: i64,
    lapsed: i64,
    lead_days: i64,
}

fn line(item: Item, now: Instant) -> Line {
    let (state, tone) = match (item.failures > 0, item.lapses_at) {
        (_, Some(lapses)) if lapses <= now => ("lapsed", "is-over"),
        (true, _) => ("failing", "is-hold"),
        (false, None) => ("waiting", "is-work"),
        (false, Some(_)) => ("kept", "is-done"),
    };
    let system = words::WORDS.has(&format!("archive.system.{}", item.system));
    let system = match system {
        true => words::t(&format!("archive.system.{}", item.system)),
        false => item.system,
    };
    Line {
        what: format!("{system} {}", item.subject),
        href: item.page,
        kind: words::t(&format!("archive.kind.{}", item.kind.word())),
        state: words::t(&format!("archive.state.{state}")),
        tone,
        stamped: item.stamped_at,
        lapses: item.lapses_at,
        next: item.next_at,
        error: match item.error.is_empty() {
            true => String::new(),
            false => words::t(&format!("archive.error.{}", item.error)),
        },
    }
}

/// What was just done.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Done {
    da: String,
}

/// `GET /quan-tri/chung-thu-so/luu-tru`.
async fn show(State(app): State<App>, admin: Admin, Query(done): Query<Done>) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        Ok((store::list(tx).await?, store::count(tx, now).await?))
    };
    let (items, count) = app.site.db.read(read).await?;
    let mut shell = admin_shell(&app.site, &admin.viewer, true, words::t("archive.title"), HERE);
    if done.da == "lam-lai" {
        shell = shell.notice(NoticeKind::Done, words::t("archive.again"));
    }
    Ok(page::html(ArchivePage {
        shell,
        lines: items.into_iter().map(|item| line(item, now)).collect(),
        kept: format::thousands(count.kept),
        stamps: format::thousands(count.stamps),
        failing: count.failing,
        lapsed: count.lapsed,
        lead_days: app.archive_lead_days,
    }))
}

/// `POST /quan-tri/chung-thu-so/luu-tru`: those that failed are looked at again by the next round.
async fn again(State(app): State<App>, admin: Admin) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let write = async move |tx: &mut Tx| -> Result<u64, Problem> { Ok(store::save_retried(tx, now).await?) };
    app.site.db.write(admin.act("trust.retry-archive", "", now), write).await?;
    Ok(Redirect::to(&format!("{HERE}?da=lam-lai")).into_response())
}
