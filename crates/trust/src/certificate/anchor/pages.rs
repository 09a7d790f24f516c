//! `/quan-tri/neo-tin-cay`: who is trusted, who is proposed, and who could be.

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
use web::{Form, Problem, Query, Shell, page};

use super::{CLASSES, store};
use crate::words;
use crate::{App, filters};

/// Where it is.
pub const HERE: &str = "/quan-tri/neo-tin-cay";

/// The routes of this page.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/quan-tri/neo-tin-cay", get(show).post(decide))
}

struct Line {
    id: String,
    holder: String,
    /// In groups, as people read it to one another.
    fingerprint: String,
    until: Instant,
    class: String,
    by: String,
    state: String,
    tone: &'static str,
    can_propose: bool,
    can_confirm: bool,
    can_withdraw: bool,
}

#[derive(Template)]
#[template(path = "trust/anchors.html")]
struct AnchorsPage {
    shell: Shell,
    error: String,
    lines: Vec<Line>,
    classes: Vec<(String, String)>,
}

/// `ab cd…` in fours of bytes.
fn grouped(fingerprint: &str) -> String {
    let groups: Vec<&str> =
        (0..fingerprint.len()).step_by(8).filter_map(|at| fingerprint.get(at..at + 8)).collect();
    groups.join(" ")
}

fn line(row: store::Line, me: &str) -> Line {
    let is_used = row.state == "valid";
    let (word, tone) = match (&row.class, &row.confirmed_by) {
        _ if !is_used => ("out_of_use", "is-over"),
        (None, _) => ("none", ""),
        (Some(_), None) => ("waiting", "is-hold"),
        (Some(_), Some(_)) => ("trusted", "is-done"),
    };
    let class = row.class.as_deref().unwrap_or(&row.trust_class);
    Line {
        class: words::t(&format!("certificate.class.{class}")),
        by: [row.proposed_login, row.confirmed_login].into_iter().flatten().collect::<Vec<_>>().join(", "),
        state: words::t(&format!("anchor.state.{word}")),
        tone,
        can_propose: word == "none",
        can_confirm: word == "waiting" && row.proposed_by.as_deref() != Some(me),
        can_withdraw: row.class.is_some(),
        fingerprint: grouped(&row.fingerprint),
        until: row.not_after,
        holder: row.holder,
        id: row.id,
    }
}

async fn anchors_page(app: &App, admin: &Admin) -> Result<AnchorsPage, Problem> {
    let read = async |tx: &mut Tx| -> Result<_, Problem> { Ok(store::list_all(tx).await?) };
    let me = admin.viewer.account.to_string();
    let lines = app.site.db.read(read).await?.into_iter().map(|row| line(row, &me)).collect();
    let word = |class: &str| (class.to_string(), words::t(&format!("certificate.class.{class}")));
    Ok(AnchorsPage {
        shell: admin_shell(&app.site, &admin.viewer, true, words::t("anchor.title"), HERE),
        error: String::new(),
        lines,
        classes: CLASSES.into_iter().map(word).collect(),
    })
}

/// What was just done.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Done {
    da: String,
}

/// `GET /quan-tri/neo-tin-cay`.
async fn show(State(app): State<App>, admin: Admin, Query(done): Query<Done>) -> Result<Response, Problem> {
    let mut page = anchors_page(&app, &admin).await?;
    let key = format!("anchor.done.{}", done.da);
    if words::WORDS.has(&key) {
        page.shell = page.shell.notice(NoticeKind::Done, words::t(&key));
    }
    Ok(page::html(page))
}

/// A deed as it is sent.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Deed {
    deed: String,
    certificate: String,
    class: String,
}

/// `POST /quan-tri/neo-tin-cay`: proposes, confirms or withdraws.
async fn decide(State(app): State<App>, admin: Admin, Form(form): Form<Deed>) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let verb = match form.deed.as_str() {
        "propose" => "trust.propose-anchor",
        "confirm" => "trust.confirm-anchor",
        "withdraw" => "trust.withdraw-anchor",
        _ => return Err(Problem::Malformed("no such deed about an anchor".into())),
    };
    let act = admin.act(verb, &form.certificate, now);
    let (by, deed) = (admin.viewer.account.to_string(), form.deed.clone());
    let write = async move |tx: &mut Tx| match form.deed.as_str() {
        "propose" => super::propose(tx, &form.certificate, &form.class, &by, now).await,
        "confirm" => super::confirm(tx, &form.certificate, &by, now).await,
        _ => super::withdraw(tx, &form.certificate).await,
    };
    match app.site.db.write(act, write).await {
        Ok(()) => Ok(Redirect::to(&format!("{HERE}?da={deed}")).into_response()),
        Err(problem) => {
            let mut page = anchors_page(&app, &admin).await?;
            let mut none: [crate::forms::Field; 0] = [];
            let status = crate::forms::fill(&mut none, (&mut page.shell, &mut page.error), problem, [])?;
            Ok(page::html_with(status, page))
        }
    }
}
