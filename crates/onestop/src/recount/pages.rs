//! `/mot-cua/hen-lai`: promises that the calendar has overtaken. A leader ticks them and moves or keeps them.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use db::Tx;
use directory::{AnyOfficial, Leader};
use serde::Deserialize;
use web::filters::promised_text;
use web::page::NoticeKind;
use web::{Problem, Query, RawForm, Shell, page};

use super::store::{self, Proposed};
use crate::App;
use crate::batch;
use crate::desk::frame::{self, Place};
use crate::dossier::{DossierId, Who};
use crate::filters;
use crate::words_office::say;

/// Where the promises are.
pub const PATH: &str = "/mot-cua/hen-lai";
/// Lines of one page; what is decided makes room for the next.
const LINES_MAX: i64 = 200;

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new().route("/mot-cua/hen-lai", get(show).post(decide))
}

struct Row {
    dossier: String,
    code: String,
    href: String,
    applicant: String,
    procedure: String,
    promised: String,
    counted: String,
    why: String,
    ticked: bool,
}

#[derive(Template)]
#[template(path = "recount/show.html")]
struct ShowPage {
    shell: Shell,
    action: String,
    rows: Vec<Row>,
    /// "12 hồ sơ", and that there are more than the page shows.
    count: String,
    more: bool,
    reason: String,
    error: String,
    /// Dossiers that were not moved, each with its reason.
    refused: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Done {
    /// How many were moved or kept, after the redirect.
    doi: Option<u32>,
    giu: Option<u32>,
}

/// What was typed and could not be done.
#[derive(Default)]
struct Typed {
    ticked: Vec<DossierId>,
    reason: String,
    error: String,
    refused: Vec<String>,
}

fn place_of(leader: &Leader) -> Result<(AnyOfficial, Place), Problem> {
    let official = AnyOfficial { official: leader.official.clone(), viewer: leader.viewer.clone() };
    let place = Place::of(&official, Some(&leader.post.id.to_string()))?;
    Ok((official, place))
}

/// `GET /mot-cua/hen-lai`.
async fn show(State(app): State<App>, leader: Leader, Query(done): Query<Done>) -> Result<Response, Problem> {
    let told = match (done.doi, done.giu) {
        (Some(n), _) => Some(say("recount.moved", &[("n", &n.to_string())])),
        (_, Some(n)) => Some(say("recount.kept", &[("n", &n.to_string())])),
        _ => None,
    };
    view(&app, &leader, told, Typed::default()).await
}

async fn view(app: &App, leader: &Leader, told: Option<String>, typed: Typed) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let (official, place) = place_of(leader)?;
    let (agency, at) = (leader.post.unit.clone(), place.clone());
    let read = app.site.db.read(async move |tx: &mut Tx| -> Result<_, Problem> {
        let open = store::list_open(tx, &agency, LINES_MAX).await?;
        let all = store::count_open(tx, &agency).await?;
        Ok((open, all, frame::counts(tx, &at, now).await?))
    });
    let (open, all, counts) = read.await?;
    let mut shell = frame::shell(app, &official.viewer, &place, &counts, say("recount.title", &[]), None);
    shell = shell.active(place.href(PATH, &[]));
    if let Some(told) = told {
        shell = shell.notice(NoticeKind::Done, told);
    }
    let refused = !typed.error.is_empty() || !typed.refused.is_empty();
    let reason = if typed.reason.is_empty() { say("recount.usual_reason", &[]) } else { typed.reason };
    let shown = ShowPage {
        shell,
        action: place.href(PATH, &[]),
        count: say("recount.count", &[("n", &all.to_string())]),
        more: all > LINES_MAX,
        rows: open.iter().map(|p| row(app, &place, p, &typed.ticked)).collect::<Result<_, _>>()?,
        reason,
        error: typed.error,
        refused: typed.refused,
    };
    let status = if refused { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(page::html_with(status, shown))
}

fn row(app: &App, place: &Place, p: &Proposed, ticked: &[DossierId]) -> Result<Row, Problem> {
    Ok(Row {
        dossier: p.dossier.to_string(),
        href: place.dossier(&p.code, None),
        code: p.code.clone(),
        applicant: p.applicant_name.clone(),
        procedure: app.catalogue.version(&p.procedure)?.name.clone(),
        promised: promised_text(p.promised),
        counted: promised_text(p.counted),
        why: say(&format!("recount.why_{}", p.why), &[]),
        ticked: ticked.contains(&p.dossier),
    })
}

/// `POST /mot-cua/hen-lai`: each ticked dossier is a write of its own, so that one that has moved
/// meanwhile holds up no other.
async fn decide(State(app): State<App>, leader: Leader, form: RawForm) -> Result<Response, Problem> {
    let ticked: Vec<DossierId> = form.all("hs").filter_map(|id| id.parse().ok()).collect();
    let reason = form.get("reason").unwrap_or_default().to_string();
    let moves = form.get("act") != Some("keep");
    let mut typed = Typed { ticked, reason, ..Typed::default() };
    if typed.ticked.is_empty() || typed.ticked.len() > LINES_MAX.unsigned_abs() as usize {
        typed.error = say("recount.none_ticked", &[]);
        return view(&app, &leader, None, typed).await;
    }
    let mut done = 0;
    for id in &typed.ticked {
        match decide_one(&app, &leader, *id, moves, &typed.reason).await {
            Ok(()) => done += 1,
            Err(Problem::Invalid(errors)) => {
                typed.error = errors.iter().map(|e| e.message.as_str()).collect::<Vec<_>>().join(" ");
                break; // the reason is that of all
            }
            Err(problem) => match batch::reason(&problem) {
                Some(why) => typed.refused.push(why),
                None => return Err(problem),
            },
        }
    }
    if typed.error.is_empty() && typed.refused.is_empty() {
        let (_, place) = place_of(&leader)?;
        let what = if moves { "doi" } else { "giu" };
        return Ok(Redirect::to(&place.href(PATH, &[(what, &done.to_string())])).into_response());
    }
    view(&app, &leader, None, typed).await
}

async fn decide_one(
    app: &App,
    leader: &Leader,
    id: DossierId,
    moves: bool,
    reason: &str,
) -> Result<(), Problem> {
    let now = app.site.clock.now();
    let (who, reason) = (Who::from(&leader.viewer), reason.to_string());
    let verb = if moves { "onestop.move-promise" } else { "onestop.keep-promise" };
    let work = async move |tx: &mut Tx| match moves {
        true => super::move_promise(tx, id, &reason, &who, now).await,
        false => super::keep_promise(tx, id, &who, now).await,
    };
    app.site.db.write(leader.act(verb, id.to_string(), now), work).await
}
