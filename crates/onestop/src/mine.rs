//! A citizen's own drafts and dossiers: `/ho-so-cua-toi`.

pub mod own;
mod steps;
mod store;

use std::collections::BTreeMap;

use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::Response;
use axum::routing::{get, post};
use base::{Calendar, Instant};
use db::Tx;
use directory::{Citizen, UnitId};
use serde::Deserialize;
use web::due::{Pill, done_pill, due_pill, held_pill};
use web::layers::UPLOAD_BYTES_MAX;
use web::page::NoticeKind;
use web::{Problem, Query, Shell, page};

use crate::dossier::rules::Status;
use crate::filing;
use crate::filters;
use crate::words_citizen::say;
use crate::{App, words};

/// Dossiers on one page.
const LINES: usize = 20;

/// The routes of this file.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/ho-so-cua-toi", get(list))
        .route("/ho-so-cua-toi/{code}", get(own::show))
        .route(
            "/ho-so-cua-toi/{code}/bo-sung",
            post(steps::supplement).layer(DefaultBodyLimit::max(UPLOAD_BYTES_MAX)),
        )
        .route("/ho-so-cua-toi/{code}/rut", post(steps::withdraw))
}

/// The dossier's page again after a request for a correction that was refused, with what was typed.
pub(crate) async fn correction_again(
    app: &App,
    at: &crate::helper::OnDossier<crate::helper::Own>,
    (note, fault): (String, String),
    errors: Vec<(String, String)>,
) -> Result<Response, Problem> {
    let again = own::Again { form: "correct", note, fault, errors, ..own::Again::default() };
    let page = own::own_page(app, at, again).await?;
    Ok(page::html_with(axum::http::StatusCode::UNPROCESSABLE_ENTITY, page))
}

#[derive(Deserialize)]
struct ListQuery {
    /// What has just been done: `luu`, `xoa`.
    #[serde(default, rename = "bao")]
    done: String,
    /// Where the page before ended.
    #[serde(default, rename = "sau")]
    after: String,
}

struct DraftLine {
    id: String,
    procedure: String,
    unit: String,
    saved: Instant,
    /// The day it goes if nobody changes it.
    goes: String,
    goes_soon: bool,
}

/// Days before a draft goes in which the list warns.
const WARNED_DAYS: i64 = 14;

struct DossierLine {
    code: String,
    procedure: String,
    counter: String,
    status: String,
    pill: Option<Pill>,
    filed_at: Instant,
    promised: Option<Instant>,
    /// The citizen must do something.
    waits: bool,
    /// Answers that were not opened yet, in words; "" for none.
    unread: String,
}

#[derive(Template)]
#[template(path = "mine/list.html")]
struct ListPage {
    shell: Shell,
    drafts: Vec<DraftLine>,
    dossiers: Vec<DossierLine>,
    after: String,
    later_page: bool,
}

/// `GET /ho-so-cua-toi`.
async fn list(
    State(app): State<App>,
    citizen: Citizen,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let later_page = !query.after.is_empty();
    let (drafts, rows, mut dossiers) = read(&app, &citizen, query.after).await?;
    let after = match rows.get(LINES) {
        Some(_) => rows[LINES - 1].place(),
        None => String::new(),
    };
    dossiers.truncate(LINES);
    let title = say("title.mine", &[]);
    let mut shell = citizen.viewer.citizen_shell(&app.site, title).active("/ho-so-cua-toi");
    let said = match query.done.as_str() {
        "luu" => Some("draft.saved"),
        "xoa" => Some("draft.discarded"),
        _ => None,
    };
    if let Some(key) = said {
        shell = shell.notice(NoticeKind::Done, say(key, &[]));
    }
    Ok(page::html(ListPage { shell, drafts, dossiers, after, later_page }))
}

type Lists = (Vec<DraftLine>, Vec<store::Line>, Vec<DossierLine>);

async fn read(app: &App, citizen: &Citizen, after: String) -> Result<Lists, Problem> {
    let (catalogue, account) = (app.catalogue.clone(), citizen.viewer.account.to_string());
    let now = app.site.clock.now();
    app.site
        .db
        .read(async move |tx: &mut Tx| -> Result<Lists, Problem> {
            let mut drafts = Vec::new();
            if after.is_empty() {
                let days = filing::draft::days_kept(tx, now).await?;
                for d in filing::store::list_drafts(tx, &account).await? {
                    let unit = match &d.unit {
                        Some(code) => directory::find_unit(tx, code, now.day()).await?,
                        None => None,
                    };
                    drafts.push(DraftLine {
                        procedure: catalogue.version(&d.procedure)?.name.clone(),
                        unit: unit.map(|u| u.name).unwrap_or_default(),
                        saved: d.updated_at,
                        goes: base::format::date_vn(d.updated_at.plus_days(days).day()),
                        goes_soon: d.updated_at.plus_days(days - WARNED_DAYS) <= now,
                        id: d.id,
                    });
                }
            }
            let rows = store::list_own(tx, &account, &after).await?;
            let mut lines = Vec::new();
            let mut counters: BTreeMap<String, (String, Calendar)> = BTreeMap::new();
            for row in &rows {
                if !counters.contains_key(&row.counter) {
                    let id = UnitId::from(row.counter.clone());
                    let name = directory::get_unit(tx, &id).await?.name;
                    let calendar = directory::calendar(tx, &id).await?;
                    counters.insert(row.counter.clone(), (name, calendar));
                }
                let (counter, calendar) = &counters[&row.counter];
                let procedure = catalogue.version(&row.procedure)?.name.clone();
                lines.push(line(row, procedure, counter, calendar, now)?);
            }
            Ok((drafts, rows, lines))
        })
        .await
}

fn line(
    row: &store::Line,
    procedure: String,
    counter: &str,
    calendar: &Calendar,
    now: Instant,
) -> Result<DossierLine, Problem> {
    let status = Status::from_number(row.status)
        .ok_or_else(|| db::Error::Fault(format!("no status {}", row.status)))?;
    Ok(DossierLine {
        code: row.code.clone(),
        procedure,
        counter: counter.to_string(),
        status: words::status(status),
        pill: pill(status, row.deadline, calendar, now),
        filed_at: row.filed_at,
        promised: row.due_at.filter(|_| !status.is_final()),
        waits: matches!(status, Status::Supplementing | Status::AwaitingFee),
        unread: match row.unread {
            0 => String::new(),
            n => crate::message::unread(n),
        },
    })
}

/// The pill of a dossier: its running clock, that the clock waits, or that all is done.
fn pill(status: Status, deadline: Option<Instant>, calendar: &Calendar, now: Instant) -> Option<Pill> {
    match (status, deadline) {
        (Status::Supplementing | Status::AwaitingFee, _) => Some(held_pill()),
        (Status::Returned, _) => Some(done_pill()),
        (_, Some(deadline)) => Some(due_pill(now, deadline, calendar)),
        _ => None,
    }
}
