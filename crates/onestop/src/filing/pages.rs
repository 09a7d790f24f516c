//! Filing online, page by page: `/nop-ho-so/…`. The draft is kept at every step, so nothing typed is
//! lost, and every page works without script.

mod check;
pub(crate) mod declared;
mod form;
mod papers;
mod start;
mod taken;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use db::Tx;
use directory::Viewer;
use web::layers::UPLOAD_BYTES_MAX;
use web::{Problem, Shell};

pub(crate) use papers::{about, refused};

use super::draft::{self, Draft};
use crate::App;
use crate::helper::OnDraft;
use crate::helper::proof::Needs;
use crate::words_citizen::say;

/// The routes of these pages. The addresses stand here in full, so that the table of routes and
/// roles finds them.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/nop-ho-so/{code}", get(start::show).post(start::begin))
        .route("/nop-ho-so/da-nop/{code}", get(check::filed))
        .route("/nop-ho-so/ban-nhap/{draft}", get(form::resume))
        .route("/nop-ho-so/ban-nhap/{draft}/{page}", get(form::show).post(form::keep))
        .route(
            "/nop-ho-so/ban-nhap/{draft}/{page}/tep",
            post(form::keep_files).layer(DefaultBodyLimit::max(UPLOAD_BYTES_MAX)),
        )
        .route("/nop-ho-so/ban-nhap/{draft}/ban-moi", post(start::take_newer))
        .route("/nop-ho-so/ban-nhap/{draft}/giay-to", get(papers::show).post(papers::go_on))
        .route(
            "/nop-ho-so/ban-nhap/{draft}/giay-to/{component}",
            post(papers::upload).layer(DefaultBodyLimit::max(UPLOAD_BYTES_MAX)),
        )
        .route("/nop-ho-so/ban-nhap/{draft}/bo-tep/{upload}", post(papers::remove))
        .route("/nop-ho-so/ban-nhap/{draft}/tu-kho/{component}", post(papers::pick))
        .route("/nop-ho-so/ban-nhap/{draft}/da-chep", get(taken::copied))
        .route("/ho-so-cua-toi/{code}/nop-lai", post(taken::copy))
        .route("/nop-ho-so/ban-nhap/{draft}/nhan-ket-qua", get(check::return_by).post(check::keep_return))
        .route("/nop-ho-so/ban-nhap/{draft}/kiem-tra", get(check::show).post(check::submit))
        .route("/nop-ho-so/ban-nhap/{draft}/noi-nop", get(start::unit).post(start::keep_unit))
        .route("/nop-ho-so/ban-nhap/{draft}/xoa", post(start::discard))
}

/// The steps that follow the form's own pages, as their addresses name them.
const PAPERS: &str = "giay-to";
const RETURN: &str = "nhan-ket-qua";
const CHECK: &str = "kiem-tra";

/// A step beside the page.
struct StepLine {
    title: String,
    href: String,
    /// `done`, `on` or "".
    class: &'static str,
}

/// What every page of a draft shows around its form.
struct Around {
    draft: String,
    /// Where the page is, without its last part.
    base: String,
    procedure: String,
    steps: Vec<StepLine>,
    /// Counted from 1.
    at: usize,
    of: usize,
    back: String,
    saved: String,
    unit: String,
    /// Whom the viewer helps with it; "" for the owner.
    helped: String,
    /// That the procedure has a newer version; empty where it has none.
    newer: String,
    /// Somebody has agreed to it: a change makes that void.
    signed: bool,
}

/// An error with the place to correct it.
struct Fault {
    href: String,
    text: String,
}

/// The words of an error in the summary, with the question they belong to where they do not name it.
fn labelled(title: &str, text: &str) -> String {
    if title.is_empty() || text.contains(title) { text.to_string() } else { format!("{title}: {text}") }
}

fn summary(faults: &[Fault]) -> String {
    say("form.summary", &[("n", &faults.len().to_string())])
}

/// The ids of a draft's steps in order.
fn step_ids(draft: &Draft) -> Vec<(String, String)> {
    let pages = draft.procedure.form.iter().flat_map(|form| &form.pages);
    let own = pages.map(|page| (page.id.clone(), page.title.clone()));
    let rest = [(PAPERS, "title.papers"), (RETURN, "title.return_by"), (CHECK, "title.check")];
    own.chain(rest.iter().map(|(id, key)| (id.to_string(), say(key, &[])))).collect()
}

/// The step after this one.
fn next_step(draft: &Draft, id: &str) -> String {
    let ids = step_ids(draft);
    let at = ids.iter().position(|(step, _)| step == id).unwrap_or(0);
    let next = ids.get(at + 1).or(ids.last()).map(|(step, _)| step.clone()).unwrap_or_default();
    format!("/nop-ho-so/ban-nhap/{}/{next}", draft.row.id)
}

impl Around {
    fn new(draft: &Draft, here: &str, unit: &str, today: base::Day) -> Around {
        let base = format!("/nop-ho-so/ban-nhap/{}", draft.row.id);
        let ids = step_ids(draft);
        let at = ids.iter().position(|(id, _)| id == here).unwrap_or(0);
        let steps = ids
            .iter()
            .enumerate()
            .map(|(i, (id, title))| StepLine {
                title: title.clone(),
                href: format!("{base}/{id}"),
                class: match (i == at, is_done(draft, id, today)) {
                    (true, _) => "on",
                    (false, true) => "done",
                    (false, false) => "",
                },
            })
            .collect();
        let back = match at {
            0 => "/ho-so-cua-toi".into(),
            _ => format!("{base}/{}", ids[at - 1].0),
        };
        Around {
            draft: draft.row.id.clone(),
            base,
            procedure: draft.procedure.name.clone(),
            steps,
            at: at + 1,
            of: ids.len(),
            back,
            saved: base::format::hour_vn(draft.row.updated_at),
            unit: unit.to_string(),
            helped: String::new(),
            newer: draft.newer.map(newer).unwrap_or_default(),
            signed: draft.signed,
        }
    }
}

/// Whether this step of the draft has all it needs.
fn is_done(draft: &Draft, id: &str, today: base::Day) -> bool {
    let clean = draft.clean();
    match id {
        PAPERS => form_done(draft, today) && papers_missing(draft).is_empty(),
        // Chosen beforehand, so it counts once the steps before it do.
        RETURN => form_done(draft, today) && papers_missing(draft).is_empty(),
        CHECK => false,
        page => draft.procedure.form.as_ref().is_some_and(|form| {
            let fields = form.pages.iter().find(|p| p.id == page).map(|p| p.fields.as_slice());
            let fields = fields.unwrap_or_default();
            let brought = |f: &String| draft.uploads.iter().any(|u| u.component.as_ref() == Some(f));
            let touched = fields.iter().any(|f| clean.contains_key(f) || brought(f));
            let lacks = missing(draft, true).iter().any(|(id, _)| fields.contains(id));
            touched && !lacks && form.check_page(page, &clean, today).is_empty()
        }),
    }
}

/// Whether every page of the form has all it needs: which papers are asked for is known only then.
fn form_done(draft: &Draft, today: base::Day) -> bool {
    let right = |form: &crate::procedure::model::Form| form.check(&draft.clean(), today).is_empty();
    draft.procedure.form.as_ref().is_some_and(right) && missing(draft, true).is_empty()
}

/// That the procedure has a version that came into force on this day.
fn newer(day: base::Day) -> String {
    crate::procedure::edit::newer(day)
}

/// Papers that must be uploaded and are not: id and name.
fn papers_missing(draft: &Draft) -> Vec<(String, String)> {
    missing(draft, false)
}

/// What must be uploaded and is not: questions of the form, or the papers after it.
fn missing(draft: &Draft, question: bool) -> Vec<(String, String)> {
    let clean = draft.clean();
    draft
        .procedure
        .components_for(&clean)
        .into_iter()
        .filter(|c| c.required && !c.by_form && c.question == question)
        .filter(|c| !draft.uploads.iter().any(|u| u.component.as_deref() == Some(c.id.as_str())))
        .map(|c| (c.id.clone(), c.name.clone()))
        .collect()
}

/// The draft with the name of its counter, or where its dossier is confirmed.
async fn open<R: Needs>(app: &App, at: &OnDraft<R>) -> Result<(Draft, String), Stop> {
    let (catalogue, held) = (app.catalogue.clone(), at.to_owned());
    let now = app.site.clock.now();
    let today = now.day();
    let (draft, unit, filed) = app
        .site
        .db
        .read(async move |tx: &mut Tx| -> Result<_, Problem> {
            let account = held.owner_in(tx, now).await?;
            let draft = draft::get(tx, &catalogue, &held.draft, &account).await?;
            let unit = match &draft.row.unit {
                Some(code) => directory::counter_of(tx, code, today).await?.map(|u| u.name),
                None => None,
            };
            let filed = draft::filed_as(tx, &draft).await?;
            Ok((draft, unit.unwrap_or_default(), filed))
        })
        .await?;
    match filed {
        Some(code) => Err(Stop::Filed(code)),
        None => Ok((draft, unit)),
    }
}

/// Why a page of a draft is not shown.
enum Stop {
    /// The draft has become this dossier: whatever was asked of it leads to the confirmation.
    Filed(String),
    Problem(Problem),
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Stop {
        Stop::Problem(problem)
    }
}

impl IntoResponse for Stop {
    fn into_response(self) -> Response {
        match self {
            Stop::Filed(code) => see_other(&format!("/nop-ho-so/da-nop/{code}")),
            Stop::Problem(problem) => problem.into_response(),
        }
    }
}

fn shell(app: &App, viewer: &Viewer, title: String) -> Shell {
    viewer.citizen_shell(&app.site, title).active("/thu-tuc")
}

fn see_other(to: &str) -> Response {
    Redirect::to(to).into_response()
}
