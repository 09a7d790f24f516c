//! Looking: the published file, two versions side by side, and the next version as a citizen would meet
//! it. Nothing that is typed into a preview is kept.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use db::Tx;
use directory::{Admin, Keeper};
use serde::Deserialize;
use web::page::NoticeKind;
use web::{Path, Problem, Query, RawForm, Shell, page};

use super::{HERE, shell};
use crate::App;
use crate::filters;
use crate::procedure::ask::{self, Question};
use crate::procedure::edit::compare::{self, Line};
use crate::procedure::edit::store;
use crate::procedure::edit::words::say;
use crate::procedure::model::{self, Answers, Form, Page, Procedure};
use crate::procedure::pages::PaperLine;
use crate::procedure::places::Places;

/// The word for the open draft where a version is asked for.
const DRAFT: &str = "ban-thao";
/// The answers of earlier pages of a preview, carried along.
const ANSWERS_BYTES_MAX: usize = 200_000;

/// The text of a version, or of the open draft.
async fn source(app: &App, code: &str, version: &str) -> Result<String, Problem> {
    let (code, version) = (code.to_owned(), version.to_owned());
    let read = app.site.db.read(async move |tx: &mut Tx| -> Result<String, Problem> {
        if version == DRAFT {
            return Ok(store::find_open(tx, &code).await?.ok_or(Problem::NotFound)?.source);
        }
        let number: i64 = version.parse().map_err(|_| Problem::NotFound)?;
        let versions = store::versions(tx, &code).await?;
        versions.into_iter().find(|v| v.version == number).map(|v| v.source).ok_or(Problem::NotFound)
    });
    read.await
}

/// `GET …/tep/{version}`: the file as it was published; `cuulong procedure check` takes it.
pub(super) async fn file(
    State(app): State<App>,
    _: Keeper,
    Path((code, version)): Path<(String, i64)>,
) -> Result<Response, Problem> {
    let text = source(&app, &code, &version.to_string()).await?;
    let name = format!("attachment; filename=\"{code}.{version}.toml\"");
    let kind = "application/toml; charset=utf-8".to_owned();
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], text).into_response())
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Two {
    #[serde(rename = "tu")]
    from: String,
    #[serde(rename = "den")]
    to: String,
}

struct ChangeRow {
    part: String,
    which: String,
    before: String,
    after: String,
}

struct TextRow {
    /// `old`, `new` or "".
    class: &'static str,
    mark: &'static str,
    text: String,
}

#[derive(Template)]
#[template(path = "edit/compare.html")]
struct ComparePage {
    shell: Shell,
    here: String,
    code: String,
    from: String,
    to: String,
    unread: String,
    changes: Vec<ChangeRow>,
    lines: Vec<TextRow>,
}

fn called(version: &str) -> String {
    match version {
        DRAFT => say("compare.draft", &[]),
        number => say("compare.version", &[("n", number)]),
    }
}

/// `GET …/so-sanh?tu=&den=`.
pub(super) async fn compare(
    State(app): State<App>,
    keeper: Keeper,
    Path(code): Path<String>,
    Query(two): Query<Two>,
) -> Result<Response, Problem> {
    let (old, new) = (source(&app, &code, &two.from).await?, source(&app, &code, &two.to).await?);
    let (changes, unread) = match (model::parse(&old), model::parse(&new)) {
        (Ok(old), Ok(new)) => (compare::changes(&old, &new), String::new()),
        _ => (Vec::new(), say("compare.unread", &[])),
    };
    let change = |c: compare::Change| ChangeRow {
        part: say(&format!("part.{}", c.part), &[]),
        which: c.which,
        before: c.before,
        after: c.after,
    };
    Ok(page::html(ComparePage {
        shell: shell(&app, &keeper, say("title.compare", &[("code", &code)])),
        here: format!("{HERE}/{code}"),
        from: called(&two.from),
        to: called(&two.to),
        unread,
        changes: changes.into_iter().map(change).collect(),
        lines: text_rows(&compare::lines(&old, &new)),
        code,
    }))
}

/// The changed lines with three around each; what lies between is left out.
fn text_rows(lines: &[Line]) -> Vec<TextRow> {
    const AROUND: usize = 3;
    let changed: Vec<bool> = lines.iter().map(|line| !matches!(line, Line::Same(_))).collect();
    let near = |i: usize| {
        let (from, to) = (i.saturating_sub(AROUND), (i + AROUND + 1).min(changed.len()));
        changed[from..to].iter().any(|c| *c)
    };
    let mut out = Vec::new();
    let mut skipping = false;
    for (i, line) in lines.iter().enumerate() {
        let (class, mark, text) = match line {
            Line::Same(_) if !near(i) => {
                if !skipping {
                    out.push(TextRow { class: "", mark: "…", text: String::new() });
                }
                skipping = true;
                continue;
            }
            Line::Same(text) => ("", " ", text),
            Line::Old(text) => ("old", "−", text),
            Line::New(text) => ("new", "+", text),
        };
        skipping = false;
        out.push(TextRow { class, mark, text: (*text).to_owned() });
    }
    out
}

/// The open draft as a procedure; a text that cannot be read says so.
async fn drafted(app: &App, code: &str) -> Result<Arc<Procedure>, Problem> {
    let text = source(app, code, DRAFT).await?;
    let parsed = model::parse(&text);
    parsed.map(Arc::new).map_err(|_| Problem::refused(say("preview.unread", &[]), "refused: edit.preview"))
}

/// `GET …/xem-trang`: the procedure's page as it would be.
pub(super) async fn page_of(
    State(app): State<App>,
    admin: Admin,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    let p = drafted(&app, &code).await?;
    let shell = admin.viewer.citizen_shell(&app.site, &p.name).active("/thu-tuc");
    let shell = shell.notice(NoticeKind::Warning, say("preview.page", &[]));
    Ok(page::html(crate::procedure::pages::show_page(&app, &p, shell)))
}

struct Fault {
    href: String,
    text: String,
}

struct Said {
    question: String,
    answer: String,
}

#[derive(Template)]
#[template(path = "edit/preview.html")]
struct PreviewPage {
    shell: Shell,
    here: String,
    procedure: String,
    /// Every page with whether it is the one shown.
    steps: Vec<(String, bool)>,
    title: String,
    hint: String,
    page: String,
    answers: String,
    faults: Vec<Fault>,
    questions: Vec<Question>,
    /// After the last page: what was said, and which papers this case asks for.
    over: bool,
    said: Vec<Said>,
    papers: Vec<PaperLine>,
}

/// `GET …/xem-thu`: the first page of the form, empty.
pub(super) async fn preview(
    State(app): State<App>,
    admin: Admin,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    let p = drafted(&app, &code).await?;
    let form = form_of(&p)?;
    let first = form.pages.first().ok_or(Problem::NotFound)?;
    let around = around(&app, &p, first, None).await?;
    Ok(page::html(preview_page(&app, &admin, &p, Some(first), &Answers::new(), &[], &around)))
}

fn form_of(p: &Procedure) -> Result<&Form, Problem> {
    p.form.as_ref().ok_or_else(|| Problem::refused(say("preview.no_form", &[]), "refused: edit.preview"))
}

async fn around<'a>(
    app: &App,
    p: &Arc<Procedure>,
    page: &Page,
    longer: Option<&'a str>,
) -> Result<ask::Around<'a>, Problem> {
    let (p, fields) = (p.clone(), page.fields.clone());
    let read = app.site.db.read(async move |tx: &mut Tx| match &p.form {
        Some(form) => Places::of(tx, form, &fields).await,
        None => Ok(Places::default()),
    });
    Ok(ask::Around { places: read.await?, longer, files: Vec::new() })
}

/// `POST …/xem-thu`: the next page, or this one with what is wrong. The answers travel with the form.
pub(super) async fn fill(
    State(app): State<App>,
    admin: Admin,
    Path(code): Path<String>,
    sent: RawForm,
) -> Result<Response, Problem> {
    let p = drafted(&app, &code).await?;
    let form = form_of(&p)?;
    let before = sent.get("da-khai").unwrap_or("{}");
    if before.len() > ANSWERS_BYTES_MAX {
        return Err(Problem::Malformed("the answers of a preview are too long".into()));
    }
    let before: Answers = serde_json::from_str(before).unwrap_or_default();
    let id = sent.get("trang").unwrap_or_default();
    let at = form.pages.iter().position(|page| page.id == id).ok_or(Problem::NotFound)?;
    let page = &form.pages[at];
    let answers = ask::read(form, page, &before, &sent.0);
    let longer = sent.get(ask::ADD_ROW).filter(|field| page.fields.iter().any(|f| f == field));
    if longer.is_some() || sent.get(ask::DROP_ROW).is_some() {
        let around = around(&app, &p, page, longer).await?;
        return Ok(page::html(preview_page(&app, &admin, &p, Some(page), &answers, &[], &around)));
    }
    let found = form.check_page(id, &form.clean(&answers), app.site.clock.today());
    if !found.is_empty() {
        let around = around(&app, &p, page, None).await?;
        let errors = ask::sentences(form, &found);
        let page = preview_page(&app, &admin, &p, Some(page), &answers, &errors, &around);
        return Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, page));
    }
    let next = form.pages.get(at + 1);
    let around = around(&app, &p, next.unwrap_or(page), None).await?;
    Ok(page::html(preview_page(&app, &admin, &p, next, &answers, &[], &around)))
}

fn preview_page(
    app: &App,
    admin: &Admin,
    p: &Procedure,
    page: Option<&Page>,
    answers: &Answers,
    errors: &[(String, String)],
    around: &ask::Around,
) -> PreviewPage {
    let form = p.form.as_ref();
    let clean = form.map(|form| form.clean(answers)).unwrap_or_default();
    let shell = admin.viewer.citizen_shell(&app.site, say("title.preview", &[("name", &p.name)]));
    let shell = shell.active("/thu-tuc").notice(NoticeKind::Warning, say("preview.form", &[]));
    let fault = |(field, text): &(String, String)| Fault { href: format!("#{field}"), text: text.clone() };
    let pages = form.into_iter().flat_map(|form| &form.pages);
    let said = |form: &Form| {
        let asked = form.fields().filter_map(|field| Some((field, clean.get(field)?)));
        let said = asked.map(|(field, value)| Said {
            question: form.title(field).to_owned(),
            answer: ask::answer_text(form, field, value),
        });
        said.collect()
    };
    let over = page.is_none();
    let papers = if over { p.components_for(&clean) } else { Vec::new() };
    PreviewPage {
        shell: if errors.is_empty() { shell } else { shell.errors() },
        here: format!("{HERE}/{}", p.code),
        procedure: p.name.clone(),
        steps: pages.map(|step| (step.title.clone(), page.is_some_and(|now| now.id == step.id))).collect(),
        title: page.map_or_else(|| say("preview.over", &[]), |page| page.title.clone()),
        hint: page.and_then(|page| page.hint.clone()).unwrap_or_default(),
        page: page.map(|page| page.id.clone()).unwrap_or_default(),
        answers: serde_json::Value::Object(answers.clone()).to_string(),
        faults: errors.iter().map(fault).collect(),
        questions: match (form, page) {
            (Some(form), Some(page)) => ask::questions(form, page, answers, errors, around),
            _ => Vec::new(),
        },
        over,
        said: form.filter(|_| over).map(said).unwrap_or_default(),
        papers: papers.into_iter().map(|c| crate::procedure::pages::paper_line(p, c)).collect(),
    }
}
