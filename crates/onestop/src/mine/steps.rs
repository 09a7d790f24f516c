//! What an applicant may do with a dossier: bring what was asked for, take it back. Each form
//! carries the version that was seen; where the dossier has moved on, the fresh page comes with 409.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use db::Tx;
use directory::Citizen;
use serde::Deserialize;
use web::layers::UPLOAD_BYTES_MAX;
use web::{Form, Path, Problem, Upload, page};

use super::own::{Again, Brought, own_page};
use crate::App;
use crate::dossier::follow::plain;
use crate::dossier::{Ask, Case, Who, api, schema, take};
use crate::filing::pages::refused;
use crate::filing::{Attached, uploads};

#[derive(Deserialize)]
pub(super) struct StepForm {
    seen: i64,
    #[serde(default)]
    note: String,
}

/// `POST /ho-so-cua-toi/{code}/rut`.
pub(super) async fn withdraw(
    State(app): State<App>,
    citizen: Citizen,
    Path(code): Path<String>,
    Form(form): Form<StepForm>,
) -> Result<Response, Problem> {
    let note = clip(form.note);
    let again = Again { form: "withdraw", note: note.clone(), ..Again::default() };
    step(&app, &citizen, &code, form.seen, Ask::Withdraw { note }, "rut", again).await
}

/// Notes are cut where the API refuses them.
fn clip(note: String) -> String {
    note.chars().take(schema::NOTE_CHARS_MAX).collect()
}

/// Takes the step, or shows the page again with what was wrong.
async fn step(
    app: &App,
    citizen: &Citizen,
    code: &str,
    seen: i64,
    ask: Ask,
    done: &str,
    mut again: Again,
) -> Result<Response, Problem> {
    let code = plain(code);
    let (viewer, now) = (&citizen.viewer, app.site.clock.now());
    let who = Who::from(viewer);
    let act = api::act_on(app, viewer, &who, ask.verb(), &code, now).await?;
    let (catalogue, asked) = (app.catalogue.clone(), code.clone());
    let taken = app
        .site
        .db
        .write(act, async move |tx: &mut Tx| -> Result<(), Problem> {
            let mut case = Case::seen(tx, &catalogue, &who, &asked, seen, now).await?;
            take(tx, &mut case, ask.clone(), &who).await
        })
        .await;
    let status = match taken {
        Ok(()) => return Ok(Redirect::to(&format!("/ho-so-cua-toi/{code}?bao={done}")).into_response()),
        Err(Problem::Stale) => {
            again.stale = true;
            StatusCode::CONFLICT
        }
        Err(Problem::Refused(message)) => {
            again.errors.push((String::new(), message.outside));
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Err(Problem::Invalid(errors)) => {
            again.errors.extend(errors.into_iter().map(|e| (field(&e.field), e.message)));
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Err(other) => return Err(other),
    };
    // A file that is gone must not be sent along again.
    if again.errors.iter().any(|(field, _)| field == GONE) {
        again.brought.clear();
    }
    Ok(page::html_with(status, own_page(app, viewer, &code, again).await?))
}

/// The field of an error about an upload that is not there any more.
const GONE: &str = "gone";

/// `uploads.0.upload` speaks of a file that has gone; the rest are fields of this page.
fn field(path: &str) -> String {
    let gone = path.starts_with("uploads.");
    if gone { GONE.into() } else { path.into() }
}

/// What came with the form before its files were read.
#[derive(Default)]
struct Came {
    brought: Vec<Brought>,
    errors: Vec<(String, String)>,
}

/// `POST /ho-so-cua-toi/{code}/bo-sung`: the papers and the step in one form. Where one file is
/// refused, those that came well are kept and go along with the next try.
pub(super) async fn supplement(
    State(app): State<App>,
    citizen: Citizen,
    Path(code): Path<String>,
    mut form: Upload,
) -> Result<Response, Problem> {
    let viewer = &citizen.viewer;
    // Nobody may leave files at somebody else's dossier.
    super::own::read(&app, viewer, &code, app.site.clock.now()).await?;
    let came = receive(&app, &citizen, &mut form).await?;
    let note = clip(form.text("note").unwrap_or_default().to_string());
    let seen = form.text("seen").and_then(|s| s.parse().ok()).unwrap_or_default();
    let again = Again {
        form: "supplement",
        note: note.clone(),
        errors: came.errors,
        brought: came.brought.clone(),
        stale: false,
        fault: String::new(),
    };
    if !again.errors.is_empty() {
        let page = own_page(&app, viewer, &code, again).await?;
        return Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, page));
    }
    let uploads =
        came.brought.into_iter().map(|b| Attached { component: b.component, upload: b.upload }).collect();
    step(&app, &citizen, &code, seen, Ask::Supplement { uploads, note }, "bo-sung", again).await
}

async fn receive(app: &App, citizen: &Citizen, form: &mut Upload) -> Result<Came, Problem> {
    let account = citizen.viewer.account.to_string();
    let mut came = Came::default();
    loop {
        let part = match form.next_file(UPLOAD_BYTES_MAX as u64).await {
            Ok(Some(part)) => part,
            Ok(None) => break,
            Err(problem) => {
                came.errors.push((String::new(), refused(problem)?));
                break;
            }
        };
        let Some(component) = part.name.strip_prefix("tep.").map(str::to_string) else { continue };
        let (name, now) = (part.file_name.clone(), app.site.clock.now());
        match uploads::keep(app, &account, None, Some(&component), &name, part, now).await {
            Ok(kept) => came.brought.push(Brought { component, upload: kept.id, name }),
            Err(problem @ Problem::TooLarge { .. }) => {
                came.errors.push((component, refused(problem)?));
                break;
            }
            Err(problem) => came.errors.push((component, refused(problem)?)),
        }
    }
    // `component|upload|name`, as the page wrote them when an earlier try was refused.
    let before = form.texts().iter().filter(|(name, _)| name == "kem").filter_map(|(_, text)| {
        let mut parts = text.splitn(3, '|');
        let (component, upload, name) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Brought { component: component.into(), upload: upload.into(), name: name.into() })
    });
    came.brought.extend(before);
    Ok(came)
}
