//! What an applicant may do with a dossier: bring what was asked for, answer anew what was wrong, take it
//! back. Each form carries the version that was seen; where the dossier has moved on, the fresh page comes
//! with 409.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use db::Tx;
use directory::Citizen;
use serde::Deserialize;
use web::layers::UPLOAD_BYTES_MAX;
use web::{Form, Problem, Upload, page};

use super::own::{Again, Brought, own_page};
use crate::App;
use crate::dossier::rules::Status;
use crate::dossier::{Ask, Who, deed, schema, take};
use crate::filing::pages::refused;
use crate::filing::{Attached, uploads};
use crate::helper::proof::Needs;
use crate::helper::{OnDossier, Own, Supplement};
use crate::procedure::ask;
use crate::procedure::model::Answers;
use crate::words_citizen::say;

#[derive(Deserialize)]
pub(super) struct StepForm {
    seen: i64,
    #[serde(default)]
    note: String,
}

/// `POST /ho-so-cua-toi/{code}/rut`.
pub(super) async fn withdraw(
    State(app): State<App>,
    _: Citizen,
    at: OnDossier<Own>,
    Form(form): Form<StepForm>,
) -> Result<Response, Problem> {
    let note = form.note;
    let mut again = Again { form: "withdraw", note: note.clone(), ..Again::default() };
    if let Some(fault) = too_long(&note) {
        again.errors.push(("ly-do".into(), fault));
        return refused_page(&app, &at, again).await;
    }
    step(&app, &at, form.seen, Ask::Withdraw { note }, "rut", again).await
}

/// What is said of a note that is too long; the person cuts it, not the program.
fn too_long(note: &str) -> Option<String> {
    let got = note.chars().count();
    let told = |n: usize| base::format::thousands(i64::try_from(n).unwrap_or(i64::MAX));
    let (most, got_told) = (told(schema::NOTE_CHARS_MAX), told(got));
    (got > schema::NOTE_CHARS_MAX).then(|| say("own.note_long", &[("most", &most), ("got", &got_told)]))
}

/// The page with what was wrong, before any step was tried.
async fn refused_page<R: Needs>(app: &App, at: &OnDossier<R>, again: Again) -> Result<Response, Problem> {
    let page = own_page(app, at, again).await?;
    Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, page))
}

/// Takes the step, or shows the page again with what was wrong.
async fn step<R: Needs>(
    app: &App,
    at: &OnDossier<R>,
    seen: i64,
    ask: Ask,
    done: &str,
    mut again: Again,
) -> Result<Response, Problem> {
    let (who, now) = (Who::from(&at.viewer), app.site.clock.now());
    let act = at.act(deed(ask.verb()), now);
    let (catalogue, held) = (app.catalogue.clone(), at.clone());
    let taken = app
        .site
        .db
        .write(act, async move |tx: &mut Tx| -> Result<(), Problem> {
            let mut case = held.case(tx, &catalogue, Some("supplement"), now).await?;
            if case.dossier.version != seen {
                return Err(Problem::Stale);
            }
            take(tx, &mut case, ask.clone(), &who).await
        })
        .await;
    let status = match taken {
        Ok(()) => return Ok(Redirect::to(&format!("/ho-so-cua-toi/{}?bao={done}", at.code)).into_response()),
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
    Ok(page::html_with(status, own_page(app, at, again).await?))
}

/// The field of an error about an upload that is not there any more.
const GONE: &str = "gone";

/// `uploads.0.upload` speaks of a file that has gone, `explained.identity` of a paper of this page.
fn field(path: &str) -> String {
    match path.strip_prefix("explained.") {
        Some(component) => component.into(),
        None if path.starts_with("uploads.") => GONE.into(),
        None => path.strip_prefix("answers.").unwrap_or(path).into(),
    }
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
    at: OnDossier<Supplement>,
    mut form: Upload,
) -> Result<Response, Problem> {
    let came = receive(&app, &citizen, &mut form).await?;
    let note = form.text("note").unwrap_or_default().to_string();
    let seen = form.text("seen").and_then(|s| s.parse().ok()).unwrap_or_default();
    let why = |(name, text): &(String, String)| {
        let id = name.strip_prefix("vi-sao.")?.to_string();
        Some((id, text.trim().to_string())).filter(|(_, text)| !text.is_empty())
    };
    let sent = form.texts().to_vec();
    let (typed, answers) = answered(&app, &at, &sent).await?;
    let mut again = Again {
        form: "supplement",
        explained: form.texts().iter().filter_map(why).collect(),
        note: note.clone(),
        errors: came.errors,
        brought: came.brought.clone(),
        answers: typed,
        ..Again::default()
    };
    again.errors.extend(too_long(&note).map(|fault| ("note".to_string(), fault)));
    let long = again.explained.iter().filter_map(|(id, words)| Some((id.clone(), too_long(words)?)));
    let long: Vec<_> = long.collect();
    again.errors.extend(long);
    if !again.errors.is_empty() {
        return refused_page(&app, &at, again).await;
    }
    let get = |name: &str| sent.iter().find(|(n, _)| n == name).map(|(_, text)| text.clone());
    let longer = get(ask::ADD_ROW);
    if longer.is_some() || get(ask::DROP_ROW).is_some() {
        let page = own_page(&app, &at, Again { longer, ..again }).await?;
        return Ok(page::html(page));
    }
    let uploads = came.brought.into_iter().map(|b| Attached::upload(b.component, b.upload)).collect();
    let ask = Ask::Supplement { uploads, explained: again.explained.clone(), answers, note };
    step(&app, &at, seen, ask, "bo-sung", again).await
}

/// What the form says of the questions that may be answered anew: all answers as they were typed, for the
/// page; and those questions alone, `null` where one was emptied.
async fn answered<R: Needs>(
    app: &App,
    at: &OnDossier<R>,
    sent: &[(String, String)],
) -> Result<(Option<Answers>, Answers), Problem> {
    let (catalogue, held, now) = (app.catalogue.clone(), at.clone(), app.site.clock.now());
    let read = app.site.db.read(async move |tx: &mut Tx| -> Result<_, Problem> {
        let case = held.case(tx, &catalogue, None, now).await?;
        let open = match case.dossier.state.status() {
            Status::Supplementing => crate::answers::open_questions(tx, &case).await?,
            _ => Vec::new(),
        };
        Ok((case, open))
    });
    let (case, open) = read.await?;
    let Some(form) = case.procedure.form.as_ref().filter(|_| !open.is_empty()) else {
        return Ok((None, Answers::new()));
    };
    let sheet = crate::answers::rules::sheet(open.clone());
    // A form that never had the questions, as a program may send it, takes nothing away.
    let named = |field: &String| {
        let inside = format!("{field}.");
        sent.iter().any(|(name, _)| name == field || name.starts_with(&inside))
    };
    if !open.iter().any(named) {
        return Ok((None, Answers::new()));
    }
    let typed = ask::read(form, &sheet, &case.dossier.answers, sent);
    let one = |field: String| {
        let value = typed.get(&field).cloned().unwrap_or(serde_json::Value::Null);
        (field, value)
    };
    let answers = open.into_iter().map(one).collect();
    Ok((Some(typed), answers))
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
