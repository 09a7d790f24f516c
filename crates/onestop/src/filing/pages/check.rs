//! The last steps: how the result comes back, checking one's answers, handing in, the confirmation.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use base::Instant;
use db::Tx;
use directory::Viewer;
use serde::Deserialize;
use web::filters::promised_text;
use web::{FieldError, Path, Problem, RawForm, Shell, page};

use super::papers::about;
use super::{Around, Fault, Stop, declared, labelled, next_step, open, see_other, shell, summary};
use crate::App;
use crate::dossier::{Case, Who};
use crate::filing::draft::{self, Draft, RETURN_WAYS};
use crate::filing::rules;
use crate::filters;
use crate::helper::proof::Needs;
use crate::helper::{Fill, OnDraft, Own};
use crate::procedure::pages::short_limit;
use crate::refusal::Refusal;
use crate::signer::{self, pages::Wanted};
use crate::words;
use crate::words_citizen::say;

/// A way in which the result can come back.
struct Way {
    /// The first one's is what the error links to.
    id: &'static str,
    value: &'static str,
    label: String,
    hint: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "filing/return_by.html")]
struct ReturnPage {
    shell: Shell,
    around: Around,
    faults: Vec<Fault>,
    summary: String,
    ways: Vec<Way>,
}

/// `GET …/nhan-ket-qua`.
pub(super) async fn return_by(State(app): State<App>, at: OnDraft<Fill>) -> Result<Response, Stop> {
    let (draft, unit) = open(&app, &at).await?;
    Ok(page::html(return_page(&app, &at, &draft, &unit, "")))
}

#[derive(Deserialize)]
struct ReturnForm {
    #[serde(default)]
    return_by: String,
}

/// `POST …/nhan-ket-qua`.
pub(super) async fn keep_return(
    State(app): State<App>,
    at: OnDraft<Fill>,
    form: RawForm,
) -> Result<Response, Stop> {
    let (draft, unit) = open(&app, &at).await?;
    let ReturnForm { return_by } = form.read()?;
    if !RETURN_WAYS.contains(&return_by.as_str()) {
        let page = return_page(&app, &at, &draft, &unit, &words::t("fault.return_by"));
        return Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, page));
    }
    let now = app.site.clock.now();
    let act = at.act("onestop.keep-draft", now);
    let (catalogue, held) = (app.catalogue.clone(), at.clone());
    let draft = app
        .site
        .db
        .write(act, async move |tx: &mut Tx| -> Result<Draft, Problem> {
            let account = held.owner_for(tx, "fill", now).await?;
            draft::keep_return(tx, &catalogue, &held.draft, &account, &return_by, now).await
        })
        .await?;
    let later = form.get("luu").is_some();
    let next = next_step(&draft, super::RETURN);
    Ok(see_other(if later { "/ho-so-cua-toi?bao=luu" } else { &next }))
}

fn return_page(app: &App, at: &OnDraft<Fill>, draft: &Draft, unit: &str, error: &str) -> ReturnPage {
    let title = say("title.return_by", &[]);
    let faults: Vec<Fault> = [error]
        .iter()
        .filter(|e| !e.is_empty())
        .map(|e| Fault { href: "#return_by".into(), text: (*e).into() })
        .collect();
    let title = say("title.page", &[("page", &title), ("name", &draft.procedure.name)]);
    let mut shell = shell(app, &at.viewer, title);
    shell.has_errors = !faults.is_empty();
    ReturnPage {
        shell,
        around: Around {
            helped: at.helped(),
            ..Around::new(draft, super::RETURN, unit, app.site.clock.today())
        },
        summary: summary(&faults),
        faults,
        ways: RETURN_WAYS
            .iter()
            .enumerate()
            .map(|(i, way)| Way {
                id: if i == 0 { "return_by" } else { way },
                value: way,
                label: words::t(&format!("return_by.{way}")),
                hint: say(&format!("return_hint.{way}"), &[("place", unit)]),
                chosen: draft.row.return_by == *way,
            })
            .collect(),
    }
}

/// A question with its answer.
struct Answer {
    question: String,
    answer: String,
    href: String,
}

/// The answers of one page.
struct Group {
    title: String,
    answers: Vec<Answer>,
}

/// A paper with its files.
struct PaperAnswer {
    /// Where it is brought.
    href: String,
    name: String,
    files: Vec<String>,
    by_form: bool,
}

#[derive(Template)]
#[template(path = "filing/check.html")]
struct CheckPage {
    shell: Shell,
    around: Around,
    faults: Vec<Fault>,
    summary: String,
    groups: Vec<Group>,
    papers: Vec<PaperAnswer>,
    return_by: String,
    applicant: String,
    limit: String,
    /// Those who agree to it beside the applicant.
    wanted: Vec<Wanted>,
}

/// `GET …/kiem-tra`.
pub(super) async fn show(State(app): State<App>, at: OnDraft<Fill>) -> Result<Response, Stop> {
    let (draft, unit) = open(&app, &at).await?;
    let mut filing = draft.filing(&at.owner);
    let now = app.site.clock.now();
    let (wanted, waits) = beside(&app, &at, &draft, now).await?;
    let mut found = rules::faults(&draft.procedure, &mut filing, now.day());
    found.extend(waits);
    let mut errors = match Problem::from(Refusal::Faults(found)) {
        Problem::Invalid(errors) => errors,
        other => return Err(other.into()),
    };
    let unconfirmed = at.owner.confirmed_at.is_none();
    errors.extend(unconfirmed.then(|| FieldError::new("", words::t("refusal.not_confirmed"))));
    Ok(page::html(check_page(&app, &at, (&draft, wanted), &unit, &errors)))
}

/// Those who agree to it beside the applicant, and what they keep it from.
async fn beside<R: Needs>(
    app: &App,
    at: &OnDraft<R>,
    draft: &Draft,
    now: Instant,
) -> Result<(Vec<Wanted>, Vec<crate::refusal::Fault>), Problem> {
    let (draft, owner) = (draft.clone(), at.owner.clone());
    app.site.db.read(async move |tx: &mut Tx| signer::pages::beside(tx, &draft, &owner, now).await).await
}

/// `POST …/kiem-tra`: hands it in, which no helper can. Sent twice, it makes one dossier.
pub(super) async fn submit(State(app): State<App>, at: OnDraft<Own>, _: RawForm) -> Result<Response, Stop> {
    let (draft, unit) = open(&app, &at).await?;
    let now = app.site.clock.now();
    let act = at.act("onestop.file", now);
    let (catalogue, person, id) = (app.catalogue.clone(), at.owner.clone(), at.draft.clone());
    let filed = app
        .site
        .db
        .write(act, async move |tx: &mut Tx| -> Result<String, Problem> {
            draft::submit(tx, &catalogue, &id, &person, now).await
        })
        .await;
    let errors = match filed {
        Ok(code) => return Ok(see_other(&format!("/nop-ho-so/da-nop/{code}"))),
        Err(Problem::Invalid(errors)) => errors,
        Err(Problem::Refused(message)) => vec![FieldError::new("", message.outside)],
        Err(other) => return Err(other.into()),
    };
    let (wanted, _) = beside(&app, &at, &draft, now).await?;
    let page = check_page(&app, &at, (&draft, wanted), &unit, &errors);
    Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, page))
}

fn check_page<R: Needs>(
    app: &App,
    at: &OnDraft<R>,
    (draft, wanted): (&Draft, Vec<Wanted>),
    unit: &str,
    errors: &[FieldError],
) -> CheckPage {
    let around =
        Around { helped: at.helped(), ..Around::new(draft, super::CHECK, unit, app.site.clock.today()) };
    let faults: Vec<Fault> = errors.iter().map(|e| fault(draft, &around.base, e)).collect();
    let title = say("title.page", &[("page", &say("title.check", &[])), ("name", &draft.procedure.name)]);
    let mut shell = shell(app, &at.viewer, title);
    shell.has_errors = !faults.is_empty();
    CheckPage {
        shell,
        summary: summary(&faults),
        faults,
        groups: groups(draft, &around.base),
        papers: papers(draft, &around.base),
        return_by: words::t(&format!("return_by.{}", draft.row.return_by)),
        applicant: at.owner.name.clone(),
        limit: short_limit(&draft.procedure),
        wanted,
        around,
    }
}

/// An error with a link to where it can be corrected.
fn fault(draft: &Draft, base: &str, error: &FieldError) -> Fault {
    let (kind, what) = error.field.split_once('.').unwrap_or((error.field.as_str(), ""));
    let form = draft.procedure.form.as_ref();
    let page_of = |field: &str| {
        let page = form?.pages.iter().find(|p| p.fields.iter().any(|f| f == field))?;
        Some(format!("{base}/{}#{field}", page.id))
    };
    let asked_as = |what: &str| {
        let prefill = format!("person.{what}");
        let (field, _) = form?.ui.iter().find(|(_, ui)| ui.prefill.as_deref() == Some(&prefill))?;
        page_of(field)
    };
    let title = |field: &str| form.map(|f| f.title(field).to_string()).unwrap_or_default();
    let (href, text) = match kind {
        "answers" => (page_of(what), labelled(&title(what), &error.message)),
        "uploads" => {
            let asked = page_of(what).or_else(|| Some(format!("{base}/{}#{what}", super::PAPERS)));
            (asked, error.message.clone())
        }
        "return_by" => (Some(format!("{base}/{}", super::RETURN)), error.message.clone()),
        "signers" => (Some(format!("{base}/cung-ky")), error.message.clone()),
        "applicant" => (asked_as(what), error.message.clone()),
        _ => (None, error.message.clone()),
    };
    Fault { href: href.unwrap_or_default(), text }
}

fn groups(draft: &Draft, base: &str) -> Vec<Group> {
    let answer = |a: declared::Answer| Answer {
        href: format!("{base}/{}#{}", a.page, a.field),
        question: a.question,
        answer: a.answer,
    };
    let all = declared::groups(&draft.procedure, &draft.clean()).into_iter();
    all.map(|g| Group { title: g.title, answers: g.answers.into_iter().map(answer).collect() }).collect()
}

fn papers(draft: &Draft, base: &str) -> Vec<PaperAnswer> {
    let clean = draft.clean();
    let page_of = |field: &str| {
        let pages = draft.procedure.form.iter().flat_map(|form| &form.pages);
        let page = pages.into_iter().find(|page| page.fields.iter().any(|f| f == field));
        page.map_or(super::PAPERS, |page| page.id.as_str())
    };
    draft
        .procedure
        .components_for(&clean)
        .into_iter()
        .map(|c| PaperAnswer {
            href: format!("{base}/{}#{}", page_of(&c.id), c.id),
            name: c.name.clone(),
            by_form: c.by_form,
            files: draft
                .uploads
                .iter()
                .filter(|u| u.component.as_deref() == Some(c.id.as_str()))
                .map(|u| format!("{} ({})", u.name, about(&u.media, u.size.unsigned_abs())))
                .collect(),
        })
        .collect()
}

#[derive(Template)]
#[template(path = "filing/filed.html")]
struct FiledPage {
    shell: Shell,
    code: String,
    procedure: String,
    counter: String,
    filed_at: Instant,
    answer_by: String,
    files: usize,
}

/// `GET /nop-ho-so/da-nop/{code}`: the confirmation, for the applicant.
pub(super) async fn filed(
    State(app): State<App>,
    viewer: Viewer,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    let (catalogue, who) = (app.catalogue.clone(), Who::from(&viewer));
    let now = app.site.clock.now();
    let mine = who.account.clone();
    let (case, counter, files) = app
        .site
        .db
        .read(async move |tx: &mut Tx| -> Result<_, Problem> {
            let case = Case::find(tx, &catalogue, &who, &code, now).await?;
            let counter = directory::get_unit(tx, &case.dossier.counter).await?.name;
            let files = crate::dossier::store::list_files(tx, case.dossier.id).await?.len();
            Ok((case, counter, files))
        })
        .await?;
    let d = case.dossier;
    if d.account.as_deref() != Some(mine.as_str()) {
        return Err(Problem::NotFound);
    }
    let title = say("title.filed", &[("code", &d.code)]);
    Ok(page::html(FiledPage {
        shell: viewer.citizen_shell(&app.site, title).active("/ho-so-cua-toi"),
        code: d.code,
        procedure: case.procedure.name.clone(),
        counter,
        filed_at: d.filed_at,
        answer_by: promised_text(d.answer_by),
        files,
    }))
}
