//! `/kiem-tra-phieu`: is this paper ours, what does it say, and is it still so? For anybody, without a
//! name and without the name of a file; wrong ones are counted by address, and the waits grow.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use base::Instant;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use db::{Act, Actor, Tx};
use directory::MaybeViewer;
use directory::signin::Address;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::filters::promised_text;
use web::{Problem, Query, Shell, page, throttle};

use super::rules::{self, Finding, Held, Kind, Statement};
use super::store;
use super::words::say;
use crate::App;
use crate::dossier::rules::Status;
use crate::filters;
use crate::words;

/// Where papers are checked.
pub const PATH: &str = "/kiem-tra-phieu";

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new().route("/kiem-tra-phieu", get(check)).route("/api/v1/statement-keys", get(keys))
}

#[derive(Deserialize)]
struct CheckQuery {
    /// The text of a statement, or the whole address that a scanner gives.
    #[serde(default, rename = "p")]
    text: String,
}

/// What came of a check.
enum Verdict {
    /// Not the text of a statement.
    Unreadable,
    /// No key of ours has signed it.
    NotOurs,
    /// Signed by us, and there is no such dossier here.
    NotHeld(Statement),
    Checked(Box<Checked>),
}

/// A statement of ours beside what is held.
struct Checked {
    statement: Statement,
    status: Status,
    findings: Vec<Finding>,
}

/// `GET /kiem-tra-phieu?p=`.
async fn check(
    State(app): State<App>,
    viewer: MaybeViewer,
    address: Address,
    Query(query): Query<CheckQuery>,
) -> Result<Response, Problem> {
    let typed: String = query.text.chars().take(2_000).collect();
    if typed.trim().is_empty() {
        return Ok(page::html(check_page(&app, &viewer, typed)));
    }
    let now = app.site.clock.now();
    let key = format!("proof:{}", address.0);
    match verdict(&app, &key, &typed, now).await {
        Ok(Verdict::Checked(checked)) => Ok(page::html(found_page(&app, &viewer, &checked))),
        Ok(verdict) => {
            miss(&app, key, now).await?;
            Ok(page::html_with(
                StatusCode::UNPROCESSABLE_ENTITY,
                refused_page(&app, &viewer, typed, &verdict),
            ))
        }
        Err(Problem::TooMany { retry_after_s }) => {
            let wait = retry_after_s.to_string();
            let mut page = check_page(&app, &viewer, typed);
            page.error = say("check.wait", &[("n", &wait)]);
            let mut response = page::html_with(StatusCode::TOO_MANY_REQUESTS, page);
            if let Ok(value) = HeaderValue::from_str(&wait) {
                response.headers_mut().insert(header::RETRY_AFTER, value);
            }
            Ok(response)
        }
        Err(other) => Err(other),
    }
}

async fn verdict(app: &App, key: &str, typed: &str, now: Instant) -> Result<Verdict, Problem> {
    let (key, typed) = (key.to_string(), typed.to_string());
    app.site
        .db
        .read(async move |tx: &mut Tx| -> Result<Verdict, Problem> {
            throttle::check(tx, &key, now).await?;
            let Some(read) = rules::read(&typed) else { return Ok(Verdict::Unreadable) };
            let public = store::find_public(tx, &super::hex(&read.key)).await?;
            let public = public.and_then(|hex| rules::unhex(&hex));
            let Some(statement) = public.and_then(|public| read.verified(&public)) else {
                return Ok(Verdict::NotOurs);
            };
            let Some(dossier) = crate::dossier::store::find(tx, &statement.code).await? else {
                return Ok(Verdict::NotHeld(statement));
            };
            let history = crate::dossier::store::list_history(tx, dossier.id).await?;
            let files = crate::dossier::store::list_files(tx, dossier.id).await?;
            let held: Held = super::held(&statement, &dossier, &history, &files);
            let findings = rules::compare(&statement, &held);
            Ok(Verdict::Checked(Box::new(Checked { statement, status: dossier.state.status(), findings })))
        })
        .await
}

/// One more paper of this address that is none of ours.
async fn miss(app: &App, key: String, now: Instant) -> Result<(), Problem> {
    let act = Act::new(Actor::Anonymous, "onestop.check-missed", "", now);
    let count =
        async move |tx: &mut Tx| -> Result<u32, Problem> { Ok(throttle::failed(tx, &key, now).await?) };
    app.site.db.write(act, count).await.map(drop)
}

/// How a paper compares with what is held, in one line.
struct Line {
    icon: &'static str,
    text: String,
}

/// The verdict on a paper of ours.
struct Found {
    code: String,
    class: &'static str,
    icon: &'static str,
    verdict: String,
    facts: Vec<(String, String)>,
    digest: String,
    lines: Vec<Line>,
    status: String,
}

#[derive(Template)]
#[template(path = "statement/check.html")]
struct CheckPage {
    shell: Shell,
    typed: String,
    /// Why it could not be checked; "" without one.
    error: String,
    /// What it is, when it is not ours, and what to do now.
    refused: String,
    next: String,
    found: Option<Found>,
    hotline: String,
}

fn check_page(app: &App, viewer: &MaybeViewer, typed: String) -> CheckPage {
    CheckPage {
        shell: viewer.citizen_shell(&app.site, say("check.title", &[])).active(PATH),
        typed,
        error: String::new(),
        refused: String::new(),
        next: String::new(),
        found: None,
        hotline: app.site.brand.hotline.clone(),
    }
}

fn refused_page(app: &App, viewer: &MaybeViewer, typed: String, verdict: &Verdict) -> CheckPage {
    let mut page = check_page(app, viewer, typed);
    match verdict {
        Verdict::Unreadable => page.error = say("check.unreadable", &[]),
        Verdict::NotHeld(statement) => {
            page.refused = say("verdict.not_held", &[("code", &statement.code)]);
            page.next = say("verdict.not_held_next", &[]);
        }
        Verdict::NotOurs | Verdict::Checked(_) => {
            page.refused = say("verdict.not_ours", &[]);
            page.next = say("verdict.not_ours_next", &[]);
        }
    }
    page.shell.has_errors = true;
    page
}

/// Seconds as people read them.
fn at(seconds: i64) -> String {
    promised_text(Instant::from_micros(seconds.saturating_mul(1_000_000)))
}

fn found_page(app: &App, viewer: &MaybeViewer, checked: &Checked) -> CheckPage {
    let s = &checked.statement;
    let contradicted = checked.findings.iter().any(Finding::contradicts);
    let (class, icon, key) = match contradicted {
        true => ("cl-note cl-note--warn", "alert-triangle", "verdict.differs"),
        false => ("cl-note cl-note--ok", "circle-check", "verdict.authentic"),
    };
    let (at_key, promised_key) = match s.kind {
        Kind::Slip => ("fact.filed_at", "fact.answer_by"),
        Kind::Receipt => ("fact.received_at", "fact.promised"),
    };
    let fact = |key: &str, value: String| (say(key, &[]), value);
    let mut facts = vec![
        fact("fact.paper", words::t(&format!("paper.{}", s.kind.word()))),
        fact("fact.code", s.code.clone()),
        fact(at_key, at(s.at_s)),
        fact("fact.files", say("fact.files_n", &[("n", &s.files.to_string())])),
    ];
    facts.extend(s.promised_s.map(|promised| fact(promised_key, at(promised))));
    let mut page = check_page(app, viewer, String::new());
    page.found = Some(Found {
        code: s.code.clone(),
        class,
        icon,
        verdict: say(key, &[]),
        facts,
        digest: super::hex(&s.digest),
        lines: checked.findings.iter().map(|finding| line(s.kind, finding)).collect(),
        status: words::status(checked.status),
    });
    page
}

fn line(kind: Kind, finding: &Finding) -> Line {
    let n = |n: u16| n.to_string();
    let (icon, text) = match finding {
        Finding::FilesAgree { files: 0 } => ("circle-check", say("line.no_files", &[])),
        Finding::FilesAgree { files } => ("circle-check", say("line.files_agree", &[("n", &n(*files))])),
        Finding::FilesDiffer { files } => ("alert-triangle", say("line.files_differ", &[("n", &n(*files))])),
        Finding::NoSuchLine => ("alert-triangle", say("line.no_such_line", &[])),
        Finding::MoreSince { more } => ("info-circle", say("line.more_since", &[("n", &n(*more))])),
        Finding::PromiseStands if kind == Kind::Slip => ("circle-check", say("line.answer_stands", &[])),
        Finding::PromiseStands => ("circle-check", say("line.promise_stands", &[])),
        Finding::Extended { at_s, to_s } => {
            ("alert-triangle", say("line.extended", &[("at", &at(*at_s)), ("to", &at(*to_s))]))
        }
        Finding::PromiseMoved { to_s: Some(to_s) } => {
            ("info-circle", say("line.promise_moved", &[("to", &at(*to_s))]))
        }
        Finding::PromiseMoved { to_s: None } => ("info-circle", say("line.promise_gone", &[])),
    };
    Line { icon, text }
}

/// The public keys, as RFC 8037 writes them.
#[derive(Serialize, ToSchema)]
pub struct KeysView {
    pub keys: Vec<KeyView>,
}

/// One public key.
#[derive(Serialize, ToSchema)]
pub struct KeyView {
    pub kty: &'static str,
    pub crv: &'static str,
    #[serde(rename = "use")]
    pub usage: &'static str,
    pub alg: &'static str,
    /// Eight hexadecimal digits: the first four bytes of the SHA-256 of the 32 bytes of `x`.
    pub kid: String,
    /// The 32 bytes of the key in base64url.
    pub x: String,
    #[schema(value_type = String, format = DateTime)]
    pub made_at: Instant,
    /// From then on it has signed nothing.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub retired_at: Option<Instant>,
}

/// The keys that sign statements of what was received, the newest first; old ones stay. The format is
/// in STATEMENT.md.
#[utoipa::path(get, path = "/api/v1/statement-keys", tag = "dossiers",
    responses((status = 200, body = KeysView)))]
pub async fn keys(State(app): State<App>) -> Result<Json<KeysView>, Problem> {
    let rows = app.site.db.read(async |tx: &mut Tx| store::list_public(tx).await).await?;
    let view = |row: store::PublicKey| KeyView {
        kty: "OKP",
        crv: "Ed25519",
        usage: "sig",
        alg: "EdDSA",
        kid: row.id,
        x: URL_SAFE_NO_PAD.encode(rules::unhex(&row.public_hex).unwrap_or_default()),
        made_at: row.made_at,
        retired_at: row.retired_at,
    };
    Ok(Json(KeysView { keys: rows.into_iter().map(view).collect() }))
}
