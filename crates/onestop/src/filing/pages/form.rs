//! One page of the form: one topic, all errors at once, whatever was typed shown again.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use base::Day;
use db::Tx;
use serde::Deserialize;
use web::layers::UPLOAD_BYTES_MAX;
use web::{Path, Problem, Query, RawForm, Shell, Upload, page};

use super::taken::{self, Offer, Sources};
use super::{
    Around, Fault, Stop, about, is_done, labelled, missing, next_step, open, refused, see_other, shell,
    step_ids, summary,
};
use crate::App;
use crate::filing::draft::{self, Draft};
use crate::filing::route;
use crate::filing::store::UploadRow;
use crate::filing::uploads;
use crate::filters;
use crate::helper::{Fill, OnDraft};
use crate::procedure::ask::{self, Question};
use crate::procedure::places::Places;
use crate::words_citizen::say;

/// The buttons beside a file question: bring the chosen file and stay, take one out again.
const BRING: &str = "tai-len";
const DROP_FILE: &str = "bo-tep";

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
    /// A question is answered with a file, so the page is sent with its files.
    files: bool,
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
    let around = ask::Around { places, longer: query.longer.as_deref(), files: brought(&draft) };
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
    keep_page(&app, &at, page_id, form, Vec::new()).await
}

/// The files of a draft, for the questions they answer.
fn brought(draft: &Draft) -> Vec<ask::Brought> {
    let file = |upload: &UploadRow| ask::Brought {
        field: upload.component.clone().unwrap_or_default(),
        id: upload.id.clone(),
        name: upload.name.clone(),
        about: about(&upload.media, upload.size.unsigned_abs()),
    };
    draft.uploads.iter().map(file).collect()
}

/// `POST …/{page}/tep`: the same for a page with file questions, which is sent with its files.
pub(super) async fn keep_files(
    State(app): State<App>,
    at: OnDraft<Fill>,
    Path((_, page_id)): Path<(String, String)>,
    form: Upload,
) -> Result<Response, Stop> {
    take_files(&app, &at, page_id, form).await
}

async fn take_files(
    app: &App,
    at: &OnDraft<Fill>,
    page_id: String,
    mut form: Upload,
) -> Result<Response, Stop> {
    let (draft, _) = open(app, at).await?;
    let id = at.draft.as_str();
    let fields = &draft.page(&page_id)?.fields;
    let account = super::papers::brings(app, at).await?;
    let mut wrong: Vec<(String, String)> = Vec::new();
    loop {
        let part = match form.next_file(UPLOAD_BYTES_MAX as u64).await {
            Ok(Some(part)) => part,
            Ok(None) => break,
            Err(problem) => {
                return cut_off(app, at, page_id, &form, refused(problem)?).await;
            }
        };
        let field = part.name.clone();
        if !fields.contains(&field) || !draft.form()?.is_file(&field) {
            return Err(Problem::NotFound.into());
        }
        let (name, now) = (part.file_name.clone(), app.site.clock.now());
        match uploads::keep(app, &account, Some(id), Some(&field), &name, part, now).await {
            Ok(_) => {}
            Err(problem @ Problem::TooLarge { .. }) => {
                return cut_off(app, at, page_id, &form, refused(problem)?).await;
            }
            Err(problem) => wrong.push((field, refused(problem)?)),
        }
    }
    let sent = RawForm(form.texts().to_vec());
    if let Some(upload) = sent.get(DROP_FILE).map(str::to_owned) {
        let now = app.site.clock.now();
        let act = at.act("onestop.remove-upload", now);
        let (catalogue, held) = (app.catalogue.clone(), at.to_owned());
        let write = async move |tx: &mut Tx| -> Result<Draft, Problem> {
            let account = held.owner_for(tx, "papers", now).await?;
            draft::remove_upload(tx, &catalogue, &held.draft, &account, &upload).await
        };
        app.site.db.write(act, write).await?;
    }
    keep_page(app, at, page_id, sent, wrong).await
}

/// A request of which nothing more can be read: what came before the break is kept, field by field.
async fn cut_off(
    app: &App,
    at: &OnDraft<Fill>,
    page_id: String,
    form: &Upload,
    why: String,
) -> Result<Response, Stop> {
    let now = app.site.clock.now();
    let act = at.act("onestop.keep-draft", now);
    let (catalogue, held) = (app.catalogue.clone(), at.to_owned());
    let (sent, page) = (form.texts().to_vec(), page_id.clone());
    let write = async move |tx: &mut Tx| -> Result<Draft, Problem> {
        let account = held.owner_for(tx, "fill", now).await?;
        let draft = draft::get(tx, &catalogue, &held.draft, &account).await?;
        for field in &draft.page(&page)?.fields {
            let inside = format!("{field}.");
            if sent.iter().any(|(name, _)| name == field || name.starts_with(&inside)) {
                draft::keep_field(tx, &catalogue, &held.draft, &account, field, &sent, now).await?;
            }
        }
        draft::get(tx, &catalogue, &held.draft, &account).await
    };
    let draft = app.site.db.write(act, write).await?;
    let (_, unit) = open(app, at).await?;
    let places = places(app, &draft, &page_id).await?;
    let around = ask::Around { places, longer: None, files: brought(&draft) };
    let errors = [(String::new(), why)];
    let page = form_page(app, at, &draft, &page_id, &unit, now.day(), &errors, &around)?;
    Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, page))
}

async fn keep_page(
    app: &App,
    at: &OnDraft<Fill>,
    page_id: String,
    form: RawForm,
    wrong: Vec<(String, String)>,
) -> Result<Response, Stop> {
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
    if form.get("luu").is_some() && wrong.is_empty() {
        return Ok(see_other("/ho-so-cua-toi?bao=luu"));
    }
    if let Some(to) = rows_changed(&draft, &page_id, &form) {
        return Ok(see_other(&to));
    }
    if form.get("dien").is_some() {
        return taken::fill(app, at, &draft, &page_id).await;
    }
    let stays = form.get(BRING).or(form.get(DROP_FILE).map(|_| "")).filter(|_| wrong.is_empty());
    if let Some(field) = stays.filter(|f| f.is_empty() || draft.page(&page_id).is_ok_and(|p| p.has(f))) {
        return Ok(see_other(&format!("/nop-ho-so/ban-nhap/{}/{page_id}#{field}", draft.row.id)));
    }
    let today = now.day();
    let places = places(app, &draft, &page_id).await?;
    let form = draft.form()?;
    let mut errors = ask::sentences(form, &form.check_page(&page_id, &draft.clean(), today));
    let lacking = missing(&draft, true).into_iter().filter(|(id, _)| wrong.iter().all(|(f, _)| f != id));
    let here = lacking.filter(|(id, _)| draft.page(&page_id).is_ok_and(|page| page.has(id)));
    errors.extend(here.map(|(id, _)| (id, say("paper.missing", &[]))));
    errors.extend(wrong);
    errors.extend(divided(app, &draft, &page_id, today).await?);
    if errors.is_empty() {
        return Ok(see_other(&next_step(&draft, &page_id)));
    }
    let around = ask::Around { places, longer: None, files: brought(&draft) };
    let mut page = form_page(app, at, &draft, &page_id, &unit, today, &errors, &around)?;
    Sources::read(app, at, &draft, &page_id).await?.mark(&mut page.questions);
    Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, page))
}

/// The address on this page that leads to several communes today, and the words that ask for one of them.
async fn divided(
    app: &App,
    draft: &Draft,
    page_id: &str,
    today: Day,
) -> Result<Option<(String, String)>, Problem> {
    let (procedure, answers, frame) = (draft.procedure.clone(), draft.clean(), app.catalogue.frame);
    let read = async move |tx: &mut Tx| route::divided(tx, frame, &procedure, &answers, today).await;
    let found = app.site.db.read(read).await?;
    let here = found.filter(|(field, _)| draft.page(page_id).is_ok_and(|page| page.has(field)));
    let said = |(field, names): (String, String)| {
        (format!("{field}.unit"), crate::words::WORDS.t("fault.place_divided", &[("names", &names)]))
    };
    Ok(here.map(said))
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
    let files = page.fields.iter().any(|field| form.is_file(field));
    let faults: Vec<Fault> = errors
        .iter()
        .map(|(field, text)| match field.as_str() {
            "" => Fault { href: String::new(), text: text.clone() },
            field => Fault { href: format!("#{field}"), text: labelled(form.title(field), text) },
        })
        .collect();
    let title = say("title.page", &[("page", &page.title), ("name", &draft.procedure.name)]);
    let mut shell = shell(app, &at.viewer, title);
    shell.has_errors = !faults.is_empty();
    Ok(FormPage {
        shell,
        around: Around { helped: at.helped(), ..Around::new(draft, id, unit, today) },
        summary: summary(&faults),
        faults,
        files,
        id: page.id.clone(),
        title: page.title.clone(),
        hint: page.hint.clone().unwrap_or_default(),
        questions: ask::questions(form, page, &draft.answers, errors, about),
        offers: Vec::new(),
    })
}
