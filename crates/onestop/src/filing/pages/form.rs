//! One page of the form: one topic, all errors at once, whatever was typed shown again.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use base::Day;
use db::Tx;
use serde::Deserialize;
use web::{Path, Problem, Query, RawForm, Shell, page};

use super::taken::{self, Offer, Sources};
use super::{Around, Fault, Stop, is_done, labelled, next_step, open, see_other, shell, step_ids, summary};
use crate::App;
use crate::filing::draft::{self, Draft};
use crate::helper::{Fill, OnDraft};
use crate::procedure::ask::{self, Question};
use crate::procedure::places::Places;
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
    /// Answers of earlier dossiers that may be taken over.
    offers: Vec<Offer>,
}

/// `GET /nop-ho-so/ban-nhap/{draft}`: on to the first step that lacks something.
pub(super) async fn resume(State(app): State<App>, at: OnDraft<Fill>) -> Result<Response, Stop> {
    let (draft, _) = open(&app, &at).await?;
    let id = &at.draft;
    let today = app.site.clock.today();
    let ids = step_ids(&draft);
    let step = ids.iter().find(|(step, _)| !is_done(&draft, step, today)).or(ids.last());
    let step = step.map(|(step, _)| step.as_str()).unwrap_or_default();
    Ok(see_other(&format!("/nop-ho-so/ban-nhap/{id}/{step}")))
}

/// `GET …/{page}`.
pub(super) async fn show(
    State(app): State<App>,
    at: OnDraft<Fill>,
    Path((_, page_id)): Path<(String, String)>,
    Query(query): Query<ShowQuery>,
) -> Result<Response, Stop> {
    let (draft, unit) = open(&app, &at).await?;
    let today = app.site.clock.today();
    let places = places(&app, &draft, &page_id).await?;
    let around = ask::Around { places, longer: query.longer.as_deref() };
    let taken = Sources::read(&app, &at, &draft, &page_id).await?;
    let mut page = form_page(&app, &at, &draft, &page_id, &unit, today, &[], &around)?;
    taken.mark(&mut page.questions);
    page.offers = taken.offers;
    Ok(page::html(page))
}

#[derive(Deserialize)]
pub(super) struct ShowQuery {
    /// The group that gets one more row.
    #[serde(rename = "them")]
    longer: Option<String>,
}

/// The communes, where the page asks for an address.
async fn places(app: &App, draft: &Draft, page_id: &str) -> Result<Places, Problem> {
    let (procedure, fields) = (draft.procedure.clone(), draft.page(page_id)?.fields.clone());
    let read = async move |tx: &mut Tx| match &procedure.form {
        Some(form) => Places::of(tx, form, &fields).await,
        None => Ok(Places::default()),
    };
    Ok(app.site.db.read(read).await?)
}

/// `POST …/{page}`: keeps what came, then goes on, or shows what is to be corrected.
pub(super) async fn keep(
    State(app): State<App>,
    at: OnDraft<Fill>,
    Path((_, page_id)): Path<(String, String)>,
    form: RawForm,
) -> Result<Response, Stop> {
    keep_page(&app, &at, page_id, form).await
}

async fn keep_page(app: &App, at: &OnDraft<Fill>, page_id: String, form: RawForm) -> Result<Response, Stop> {
    let (_, unit) = open(app, at).await?;
    let now = app.site.clock.now();
    let act = at.act("onestop.keep-draft", now);
    let (catalogue, held) = (app.catalogue.clone(), at.to_owned());
    let (page, sent) = (page_id.clone(), form.0.clone());
    let draft = app
        .site
        .db
        .write(act, async move |tx: &mut Tx| -> Result<Draft, Problem> {
            let account = held.owner_for(tx, "fill", now).await?;
            draft::keep_page(tx, &catalogue, &held.draft, &account, &page, &sent, now).await
        })
        .await?;
    if form.get("luu").is_some() {
        return Ok(see_other("/ho-so-cua-toi?bao=luu"));
    }
    if let Some(to) = rows_changed(&draft, &page_id, &form) {
        return Ok(see_other(&to));
    }
    if form.get("dien").is_some() {
        return taken::fill(app, at, &draft, &page_id).await;
    }
    let today = now.day();
    let places = places(app, &draft, &page_id).await?;
    let form = draft.form()?;
    let findings = form.check_page(&page_id, &draft.clean(), today);
    if findings.is_empty() {
        return Ok(see_other(&next_step(&draft, &page_id)));
    }
    let errors = ask::sentences(form, &findings);
    let around = ask::Around { places, longer: None };
    let mut page = form_page(app, at, &draft, &page_id, &unit, today, &errors, &around)?;
    Sources::read(app, at, &draft, &page_id).await?.mark(&mut page.questions);
    Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, page))
}

/// Where to go when a button added a row to a group or dropped one; what was typed is kept.
fn rows_changed(draft: &Draft, page_id: &str, sent: &RawForm) -> Option<String> {
    let page = format!("/nop-ho-so/ban-nhap/{}/{page_id}", draft.row.id);
    let known = |field: &str| draft.page(page_id).is_ok_and(|page| page.fields.iter().any(|f| f == field));
    if let Some(field) = sent.get(ask::ADD_ROW).filter(|field| known(field)) {
        let rows = draft.answers.get(field).and_then(|rows| rows.as_array()).map_or(0, Vec::len);
        return Some(format!("{page}?{}={field}#{field}.{rows}", ask::ADD_ROW));
    }
    let dropped = sent.get(ask::DROP_ROW)?;
    let field = dropped.split('.').next().filter(|field| known(field))?;
    Some(format!("{page}#{field}"))
}

#[expect(clippy::too_many_arguments, reason = "a page of a draft is put together here and nowhere else")]
fn form_page(
    app: &App,
    at: &OnDraft<Fill>,
    draft: &Draft,
    id: &str,
    unit: &str,
    today: Day,
    errors: &[(String, String)],
    about: &ask::Around<'_>,
) -> Result<FormPage, Problem> {
    let (form, page) = (draft.form()?, draft.page(id)?);
    let faults: Vec<Fault> = errors
        .iter()
        .map(|(field, text)| Fault { href: format!("#{field}"), text: labelled(form.title(field), text) })
        .collect();
    let title = say("title.page", &[("page", &page.title), ("name", &draft.procedure.name)]);
    let mut shell = shell(app, &at.viewer, title);
    shell.has_errors = !faults.is_empty();
    Ok(FormPage {
        shell,
        around: Around { helped: at.helped(), ..Around::new(draft, id, unit, today) },
        summary: summary(&faults),
        faults,
        id: page.id.clone(),
        title: page.title.clone(),
        hint: page.hint.clone().unwrap_or_default(),
        questions: ask::questions(form, page, &draft.answers, errors, about),
        offers: Vec::new(),
    })
}
