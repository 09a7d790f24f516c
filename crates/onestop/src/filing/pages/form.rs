//! One page of the form: one topic, all errors at once, whatever was typed shown again.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use base::Day;
use db::Tx;
use directory::Citizen;
use web::{Path, Problem, RawForm, Shell, page};

use super::{Around, Fault, Stop, is_done, labelled, next_step, open, see_other, shell, step_ids, summary};
use crate::App;
use crate::filing::draft::{self, Draft};
use crate::procedure::ask::{self, Question};
use crate::words_citizen::say;

#[derive(Template)]
#[template(path = "filing/form.html")]
struct FormPage {
    shell: Shell,
    around: Around,
    faults: Vec<Fault>,
    summary: String,
    id: String,
    title: String,
    hint: String,
    questions: Vec<Question>,
}

/// `GET /nop-ho-so/ban-nhap/{draft}`: on to the first step that lacks something.
pub(super) async fn resume(
    State(app): State<App>,
    citizen: Citizen,
    Path(id): Path<String>,
) -> Result<Response, Stop> {
    let (draft, _) = open(&app, &citizen, &id).await?;
    let today = app.site.clock.today();
    let ids = step_ids(&draft);
    let step = ids.iter().find(|(step, _)| !is_done(&draft, step, today)).or(ids.last());
    let step = step.map(|(step, _)| step.as_str()).unwrap_or_default();
    Ok(see_other(&format!("/nop-ho-so/ban-nhap/{id}/{step}")))
}

/// `GET …/{page}`.
pub(super) async fn show(
    State(app): State<App>,
    citizen: Citizen,
    Path((id, page_id)): Path<(String, String)>,
) -> Result<Response, Stop> {
    let (draft, unit) = open(&app, &citizen, &id).await?;
    let today = app.site.clock.today();
    Ok(page::html(form_page(&app, &citizen, &draft, &page_id, &unit, today, &[])?))
}

/// `POST …/{page}`: keeps what came, then goes on, or shows what is to be corrected.
pub(super) async fn keep(
    State(app): State<App>,
    citizen: Citizen,
    Path((id, page_id)): Path<(String, String)>,
    form: RawForm,
) -> Result<Response, Stop> {
    keep_page(&app, &citizen, id, page_id, form).await
}

async fn keep_page(
    app: &App,
    citizen: &Citizen,
    id: String,
    page_id: String,
    form: RawForm,
) -> Result<Response, Stop> {
    let (_, unit) = open(app, citizen, &id).await?;
    let now = app.site.clock.now();
    let act = citizen.act("onestop.keep-draft", &id, now);
    let (catalogue, account) = (app.catalogue.clone(), citizen.viewer.account.to_string());
    let (at, sent) = (page_id.clone(), form.0.clone());
    let draft = app
        .site
        .db
        .write(act, async move |tx: &mut Tx| -> Result<Draft, Problem> {
            draft::keep_page(tx, &catalogue, &id, &account, &at, &sent, now).await
        })
        .await?;
    if form.get("luu").is_some() {
        return Ok(see_other("/ho-so-cua-toi?bao=luu"));
    }
    let today = now.day();
    let form = draft.form()?;
    let findings = form.check_page(&page_id, &draft.clean(), today);
    if findings.is_empty() {
        return Ok(see_other(&next_step(&draft, &page_id)));
    }
    let errors = ask::sentences(form, &findings);
    let page = form_page(app, citizen, &draft, &page_id, &unit, today, &errors)?;
    Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, page))
}

fn form_page(
    app: &App,
    citizen: &Citizen,
    draft: &Draft,
    id: &str,
    unit: &str,
    today: Day,
    errors: &[(String, String)],
) -> Result<FormPage, Problem> {
    let (form, page) = (draft.form()?, draft.page(id)?);
    let faults: Vec<Fault> = errors
        .iter()
        .map(|(field, text)| Fault { href: format!("#{field}"), text: labelled(form.title(field), text) })
        .collect();
    let title = say("title.page", &[("page", &page.title), ("name", &draft.procedure.name)]);
    let mut shell = shell(app, citizen, title);
    shell.has_errors = !faults.is_empty();
    Ok(FormPage {
        shell,
        around: Around::new(draft, id, unit, today),
        summary: summary(&faults),
        faults,
        id: page.id.clone(),
        title: page.title.clone(),
        hint: page.hint.clone().unwrap_or_default(),
        questions: ask::questions(form, page, &draft.answers, errors),
    })
}
