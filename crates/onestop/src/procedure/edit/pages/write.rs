//! Writing: the whole file in one box, and the fields people change most. Both keep the same text.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use db::Tx;
use directory::Admin;
use web::lang::spoken;
use web::page::NoticeKind;
use web::{FieldError, Path, Problem, Query, RawForm, Shell, page};

use super::{Done, Finding, HERE, findings, keeper, shell, told};
use crate::App;
use crate::filters;
use crate::office::Wrong;
use crate::procedure::edit::choices::Choices;
use crate::procedure::edit::rules::State as Stage;
use crate::procedure::edit::steps::{self, Deed};
use crate::procedure::edit::store::{self, Draft};
use crate::procedure::edit::text::{self, Column, Kind, List, Of};
use crate::procedure::edit::words::{WORDS, say};
use crate::procedure::edit::{beside, field_errors, remarks, save};
use crate::procedure::inspect::{Remark, Severity};

async fn draft(app: &App, code: &str) -> Result<Draft, Problem> {
    let at = code.to_owned();
    let read = app.site.db.read(async move |tx: &mut Tx| store::find_open(tx, &at).await);
    read.await?.ok_or(Problem::NotFound)
}

/// A page on which the open draft is written; once it is proposed there is nothing to write, so the page
/// leads back.
async fn writing(app: &App, code: &str, page: impl FnOnce(&Draft) -> Response) -> Result<Response, Problem> {
    let draft = draft(app, code).await?;
    if draft.state != Stage::Draft {
        return Ok(Redirect::to(&format!("{HERE}/{code}")).into_response());
    }
    Ok(page(&draft))
}

/// Leads to `next` what was kept; else shows the page again with what was typed, and why it was not kept.
async fn written(
    app: &App,
    code: &str,
    kept: Result<(), Problem>,
    next: String,
    again: impl FnOnce(&Draft, Wrong) -> Response,
) -> Result<Response, Problem> {
    match kept {
        Ok(()) => Ok(Redirect::to(&next).into_response()),
        Err(problem) => {
            let wrong = Wrong::of(problem)?;
            Ok(again(&draft(app, code).await?, wrong))
        }
    }
}

/// The frame of a page that says, after a save, that it was one.
fn frame(app: &App, admin: &Admin, title: String, done: &Done) -> Shell {
    let shell = shell(app, &keeper(admin), title);
    if done.da == "luu" { shell.notice(NoticeKind::Done, say("done.luu", &[])) } else { shell }
}

#[derive(Template)]
#[template(path = "edit/text.html")]
struct TextPage {
    shell: Shell,
    here: String,
    code: String,
    version: i64,
    number: i64,
    source: String,
    lines: Vec<String>,
    findings: Vec<Finding>,
    checked: String,
    error: String,
    /// Of a draft that moved meanwhile: its text as it is now.
    fresh: Vec<String>,
}

/// `GET …/sua`.
pub(super) async fn text(
    State(app): State<App>,
    admin: Admin,
    Path(code): Path<String>,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let page = |draft: &Draft| {
        page::html(text_page(&app, &admin, draft, draft.source.clone(), Wrong::default(), &done))
    };
    writing(&app, &code, page).await
}

/// `POST …/sua`: keeps the text, and shows what the check finds in it.
pub(super) async fn save_text(
    State(app): State<App>,
    admin: Admin,
    Path(code): Path<String>,
    form: RawForm,
) -> Result<Response, Problem> {
    let source = format!("{}\n", form.get("source").unwrap_or_default());
    let seen = form.get("seen").and_then(|n| n.parse().ok()).unwrap_or(0);
    let kept = keep(&app, &admin, &code, seen, &source).await;
    let again = |draft: &Draft, wrong: Wrong| {
        let status = wrong.status.unwrap_or(StatusCode::OK);
        page::html_with(status, text_page(&app, &admin, draft, source, wrong, &Done::default()))
    };
    written(&app, &code, kept, format!("{HERE}/{code}/sua?da=luu"), again).await
}

async fn keep(app: &App, admin: &Admin, code: &str, seen: i64, source: &str) -> Result<(), Problem> {
    let now = app.site.clock.now();
    let (act, by) = (admin.act("onestop.save-procedure", code, now), admin.viewer.account.to_string());
    let (at, source) = (code.to_owned(), source.to_owned());
    let write = async move |tx: &mut Tx| save(tx, &at, seen, &source, (&by, now)).await;
    app.site.db.write(act, write).await
}

fn text_page(app: &App, admin: &Admin, draft: &Draft, source: String, wrong: Wrong, done: &Done) -> TextPage {
    let title = say("title.text", &[("code", &draft.code)]);
    let found = findings(remarks(draft, &source, spoken()), &source);
    let errors: Vec<&str> = wrong.errors.iter().map(|e| e.message.as_str()).collect();
    let error = [wrong.message.as_str(), &errors.join(" ")].concat();
    let shell = frame(app, admin, title, done);
    let lines = |text: &str| text.lines().map(str::to_owned).collect();
    TextPage {
        shell: if error.is_empty() { shell } else { shell.errors() },
        here: format!("{HERE}/{}", draft.code),
        code: draft.code.clone(),
        version: draft.version,
        number: draft.number,
        lines: lines(&source),
        checked: told(&found),
        findings: found,
        fresh: match wrong.status {
            Some(StatusCode::CONFLICT) => lines(&draft.source),
            _ => Vec::new(),
        },
        error,
        source,
    }
}

/// A field of the guided form.
struct Entry {
    id: String,
    label: String,
    hint: String,
    value: String,
    /// `line`, `area`, `yes`, `fixed`, `word`, `ticks`.
    kind: &'static str,
    words: Vec<(String, String, bool)>,
    error: String,
}

struct RowBox {
    id: String,
    legend: String,
    boxes: Vec<Entry>,
    /// What a button may do with the step: the button's value and words.
    deeds: Vec<(String, String)>,
}

struct ListBox {
    key: &'static str,
    title: String,
    hint: String,
    rows: Vec<RowBox>,
}

#[derive(Template)]
#[template(path = "edit/guided.html")]
struct GuidedPage {
    shell: Shell,
    here: String,
    code: String,
    version: i64,
    number: i64,
    readable: bool,
    single: Vec<Entry>,
    lists: Vec<ListBox>,
    findings: Vec<Finding>,
    checked: String,
    errors: Vec<FieldError>,
    message: String,
}

/// `GET …/sua-theo-muc`.
pub(super) async fn guided(
    State(app): State<App>,
    admin: Admin,
    Path(code): Path<String>,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let page = |draft: &Draft| page::html(guided_page(&app, &admin, draft, None, Wrong::default(), &done));
    writing(&app, &code, page).await
}

/// `POST …/sua-theo-muc`.
pub(super) async fn save_guided(
    State(app): State<App>,
    admin: Admin,
    Path(code): Path<String>,
    form: RawForm,
) -> Result<Response, Problem> {
    let before = draft(&app, &code).await?;
    let seen = form.get("seen").and_then(|n| n.parse().ok()).unwrap_or(0);
    // The rows are counted from the text that was seen; another text has other rows.
    let kept = match text::apply(&before.source, &form.0) {
        _ if before.version != seen => Err(Problem::Stale),
        Err(faults) => Err(Problem::Invalid(field_errors(faults))),
        Ok(source) => match with_deed(source, form.get("buoc")) {
            Ok(source) => keep(&app, &admin, &code, seen, &source).await,
            Err(no) => Err(no),
        },
    };
    let place = if form.get("buoc").is_some() { "#steps" } else { "" };
    let again = |draft: &Draft, wrong: Wrong| {
        let status = wrong.status.unwrap_or(StatusCode::OK);
        page::html_with(status, guided_page(&app, &admin, draft, Some(&form), wrong, &Done::default()))
    };
    written(&app, &code, kept, format!("{HERE}/{code}/sua-theo-muc?da=luu{place}"), again).await
}

/// The text after what a button of a step does, where one was pressed.
fn with_deed(source: String, button: Option<&str>) -> Result<String, Problem> {
    let Some(button) = button else { return Ok(source) };
    let moved = Deed::read(button).and_then(|deed| steps::after(&source, deed, &say("guided.new_step", &[])));
    moved.ok_or_else(|| Problem::refused(say("no.step", &[]), "refused: edit.no.step"))
}

fn guided_page(
    app: &App,
    admin: &Admin,
    draft: &Draft,
    sent: Option<&RawForm>,
    wrong: Wrong,
    done: &Done,
) -> GuidedPage {
    let known = text::read(&draft.source);
    let value = |name: &str| typed(sent, known.as_deref().unwrap_or_default(), name);
    let found = remarks(draft, &draft.source, spoken());
    let beside = beside(sent, &found, known.as_deref().unwrap_or_default());
    let error = |name: &str| {
        let all = wrong.errors.iter().map(|e| (e.field.as_str(), &e.message));
        let all = all.chain(beside.iter().map(|(field, told)| (field.as_str(), told)));
        let told = all.filter(|(field, _)| *field == name).map(|(_, told)| told.as_str());
        told.collect::<Vec<_>>().join(" ")
    };
    let choices = Choices::of(&draft.source);
    let boxed =
        |c: &Column, id: String, key: &str| field(c, value(&id), error(&id), (id, key), &choices, &value);
    let single = text::SINGLE.iter().map(|c| boxed(c, c.key.to_owned(), c.key)).collect();
    let moves = steps::offered(&draft.source);
    let list = |list: &'static List| {
        let count = text::count(&draft.source, list.key);
        let spare = if list.open { text::SPARE } else { 0 };
        let row = |at: usize| RowBox {
            id: format!("{}-{at}", list.key),
            deeds: moves.get(at).filter(|_| list.key == "steps").map_or(Vec::new(), |m| buttons(m, at)),
            legend: match at < count {
                true => say("guided.row", &[("n", &(at + 1).to_string())]),
                false => say("guided.new", &[]),
            },
            boxes: list
                .columns
                .iter()
                .filter(|c| c.kind != Kind::Fixed || at < count)
                .map(|c| boxed(c, format!("{}.{at}.{}", list.key, c.key), &format!("{}_{}", list.key, c.key)))
                .collect(),
        };
        ListBox {
            key: list.key,
            title: say(&format!("guided.{}", list.key), &[]),
            hint: say(&format!("guided_hint.{}", list.key), &[]),
            rows: (0..(count + spare).min(text::ROWS_MAX)).map(row).collect(),
        }
    };
    let found = findings(found, &draft.source);
    let shell = frame(app, admin, say("title.guided", &[("code", &draft.code)]), done);
    let bad = !wrong.errors.is_empty() || !wrong.message.is_empty();
    GuidedPage {
        shell: if bad { shell.errors() } else { shell },
        here: format!("{HERE}/{}", draft.code),
        code: draft.code.clone(),
        version: draft.version,
        number: draft.number,
        readable: known.is_some(),
        single,
        lists: text::LISTS.iter().map(list).collect(),
        checked: told(&found),
        findings: found,
        message: wrong.message.clone(),
        errors: wrong.errors.clone(),
    }
}

/// The buttons of a step: what each sends, and its words.
fn buttons(deeds: &[Deed], at: usize) -> Vec<(String, String)> {
    let button = |deed: &Deed| (format!("{}.{at}", deed.word()), say(&format!("step.{}", deed.word()), &[]));
    deeds.iter().map(button).collect()
}

/// What was typed in a field, or what the file has.
fn typed(sent: Option<&RawForm>, known: &[(String, String)], name: &str) -> String {
    let of_file = || known.iter().find(|(n, _)| n == name).map(|(_, text)| text.clone()).unwrap_or_default();
    let Some(form) = sent else { return of_file() };
    if text::is_many(name) {
        return form.all(name).collect::<Vec<_>>().join(", ");
    }
    form.get(name).map_or_else(of_file, str::to_owned)
}

/// The errors that the check finds in what is kept, at the fields that can mend them; nothing beside what has
/// not been kept.
fn beside(sent: Option<&RawForm>, found: &[Remark], known: &[(String, String)]) -> Vec<(String, String)> {
    let errors = found.iter().filter(|remark| sent.is_none() && remark.severity == Severity::Error);
    let told = |remark: &Remark| {
        Some((beside::field(remark, known)?, format!("{} {}", remark.sentence, remark.remedy)))
    };
    errors.filter_map(told).collect()
}

fn field(
    c: &Column,
    value: String,
    error: String,
    (id, key): (String, &str),
    choices: &Choices,
    of_row: &dyn Fn(&str) -> String,
) -> Entry {
    let hint = match c.kind {
        Kind::Limit => "hint.limit".to_owned(),
        Kind::Day => "hint.day".to_owned(),
        Kind::Number => "hint.number".to_owned(),
        _ => format!("hint.{key}"),
    };
    let own = id.rsplit_once('.').map(|(row, _)| of_row(&format!("{row}.id"))).unwrap_or_default();
    Entry {
        kind: match (c.kind, c.key) {
            (Kind::Yes, _) => "yes",
            (Kind::Fixed, _) => "fixed",
            (Kind::Word(_) | Kind::One(_) | Kind::When, _) => "word",
            (Kind::Some(_), _) => "ticks",
            (_, "note" | "limit_note") => "area",
            _ => "line",
        },
        label: say(&format!("field.{key}"), &[]),
        hint: if WORDS.has(&hint) { say(&hint, &[]) } else { String::new() },
        words: offered(c, &value, &own, choices),
        id,
        value,
        error,
    }
}

/// What a field offers: the value, its words, and whether it is chosen. What the file has and nothing offers
/// stands at the end, so that it can be given up.
fn offered(c: &Column, value: &str, own: &str, choices: &Choices) -> Vec<(String, String, bool)> {
    let (of, chosen): (Of, Vec<&str>) = match c.kind {
        Kind::Word(words) => {
            let said = |word: &&str| ((*word).to_owned(), say(&format!("role.{word}"), &[]), *word == value);
            return words.iter().map(said).collect();
        }
        Kind::Some(of) => (of, value.split(", ").filter(|id| !id.is_empty()).collect()),
        Kind::One(of) => (of, vec![value]),
        Kind::When => (Of::Cases, vec![value]),
        _ => return Vec::new(),
    };
    let mut words: Vec<(String, String, bool)> = Vec::new();
    if !matches!(c.kind, Kind::Some(_)) {
        words.push((String::new(), say(&format!("choose.{}", c.key), &[]), value.is_empty()));
    }
    // No step follows itself.
    let others = choices.for_field(of).iter().filter(|(id, _)| !(of == Of::Steps && id == own));
    words.extend(others.map(|(id, said)| (id.clone(), said.clone(), chosen.contains(&id.as_str()))));
    let unknown: Vec<&str> = chosen
        .into_iter()
        .filter(|id| !id.is_empty() && words.iter().all(|(known, ..)| known != id))
        .collect();
    words.extend(unknown.into_iter().map(|id| (id.to_owned(), id.to_owned(), true)));
    words
}
