//! The form's questions before the official who types them from paper: `/mot-cua/ho-so/{code}/to-khai`. All
//! pages of the form stand on one, so that hands stay on the keys; Enter saves and goes to what is missing.

use askama::Template;
use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use db::Tx;
use web::page::NoticeKind;
use web::{FieldError, Problem, RawForm, Shell, page};

use super::rules::{self, Change};
use super::words::say;
use super::{card, lacking_fields, named, store};
use crate::App;
use crate::desk::frame;
use crate::dossier::{Case, Who};
use crate::filing::prefill::{self, Taken};
use crate::filters;
use crate::intake::no_card;
use crate::office::{Before, Room, Wrong, nothing_more};
use crate::procedure::ask::{self, Question};
use crate::procedure::form::typed::root;
use crate::procedure::model::{Answers, Form};
use crate::procedure::places::Places;
use crate::signer;

/// What `da=` says after answers were saved.
pub const SAVED: &str = "to-khai";

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new().route("/mot-cua/ho-so/{code}/to-khai", get(show).post(send))
}

/// Where the form of a dossier is.
pub fn path(code: &str) -> String {
    format!("{}/to-khai", frame::dossier(code))
}

/// What the button that leads here says.
pub fn label(case: &Case) -> String {
    match (case.dossier.answers.len(), lacking_fields(case).len()) {
        (0, _) | (_, 0) => say("act.type", &[]),
        (_, n) => say("act.type_more", &[("n", &n.to_string())]),
    }
}

/// One page of the form among the others.
struct Section {
    title: String,
    hint: String,
    questions: Vec<Question>,
}

/// An answer of an earlier dossier that may be taken over.
struct Offer {
    title: String,
    answer: String,
    from: String,
}

/// An error with its place.
struct Fault {
    href: String,
    text: String,
}

#[derive(Template)]
#[template(path = "answers/form.html")]
struct FormPage {
    shell: Shell,
    back: String,
    back_label: String,
    meta: Vec<String>,
    lead: Vec<String>,
    action: String,
    seen: i64,
    faults: Vec<Fault>,
    summary: String,
    missing: String,
    offers: Vec<Offer>,
    sections: Vec<Section>,
    button: String,
}

/// What the form is made of beside the dossier.
struct Matter {
    places: Places,
    /// Answers about the applicant that need not be typed, and those of earlier dossiers.
    own: Vec<Taken>,
    offered: Vec<Taken>,
    /// What changed since the form was made, where it was.
    since: Vec<Change>,
}

async fn matter(app: &App, tx: &mut Tx, case: &Case, seen: Option<i64>) -> Result<Matter, Problem> {
    let Some(form) = &case.procedure.form else { return Err(Problem::NotFound) };
    let (d, fields) = (&case.dossier, rules::questions(form));
    let earlier = prefill::earlier_on_paper(tx, &app.catalogue, d).await?;
    let mut own = prefill::about_applicant(form, &d.applicant, &earlier);
    own.extend(signers(tx, case, form).await?);
    own.retain(|one| !d.answers.contains_key(&one.field) && form.accepts(&one.field, &one.value));
    let mut known = d.answers.clone();
    known.extend(own.iter().map(|one| (one.field.clone(), one.value.clone())));
    let mut since = Vec::new();
    if let Some(seen) = seen {
        for row in store::list(tx, d.id).await?.iter().filter(|row| row.ordinal >= seen) {
            since.push(row.change()?);
        }
    }
    Ok(Matter {
        places: Places::of(tx, form, &fields).await?,
        offered: prefill::same_questions(form, &fields, &known, &earlier),
        own,
        since,
    })
}

/// Names and numbers of those who signed too before the clerk.
async fn signers(tx: &mut Tx, case: &Case, form: &Form) -> Result<Vec<Taken>, Problem> {
    let mut taken = Vec::new();
    for row in signer::store::list_of_dossier(tx, case.dossier.id).await? {
        let of = case.procedure.signers.iter().find(|s| s.id == row.key && s.group.is_none());
        let Some(of) = of else { continue };
        for (field, value) in [(&of.person, &row.name), (&of.number, &row.invitee)] {
            taken.push(Taken {
                field: field.clone(),
                value: value.as_str().into(),
                origin: "signer".into(),
                code: String::new(),
            });
        }
    }
    taken.retain(|one| form.property(&one.field).is_some());
    Ok(taken)
}

fn from(one: &Taken) -> String {
    if one.origin == "signer" { say("type.signer", &[]) } else { one.from() }
}

/// How the form is shown.
#[derive(Default)]
struct Look<'a> {
    errors: Vec<FieldError>,
    /// The group that gets one more row.
    longer: Option<&'a str>,
    stale: bool,
    notice: Option<(NoticeKind, String)>,
    status: Option<StatusCode>,
}

/// The form with these answers; `marks` says where some of them come from.
fn form_page(
    at: &Before,
    room: &Room,
    m: Matter,
    answers: &Answers,
    marks: &[Taken],
    look: Look<'_>,
) -> Result<Response, Problem> {
    let case = &room.case;
    let form = case.procedure.form.as_ref().ok_or(Problem::NotFound)?;
    let sheet = rules::sheet(rules::questions(form));
    let errors: Vec<(String, String)> =
        look.errors.iter().map(|e| (e.field.clone(), e.message.clone())).collect();
    let around = ask::Around { places: m.places, longer: look.longer, files: Vec::new() };
    let mut questions = ask::questions(form, &sheet, answers, &errors, &around);
    for question in &mut questions {
        unfilled(question);
        let taken = marks.iter().find(|t| t.field == question.field);
        if let Some(taken) = taken.filter(|t| answers.get(&t.field) == Some(&t.value)) {
            mark(question, from(taken));
        }
        if let Some(change) = m.since.iter().find(|c| c.field == question.field).filter(|_| look.stale) {
            mark(question, now(form, change));
        }
    }
    let faults = errors.iter().map(|(field, text)| {
        let title = form.title(root(field));
        let text = if text.contains(title) { text.clone() } else { format!("{title}: {text}") };
        Fault { href: format!("#{field}"), text }
    });
    let faults: Vec<Fault> = faults.collect();
    let offer = |one: &Taken| Offer {
        title: form.title(&one.field).to_string(),
        answer: ask::answer_text(form, &one.field, &one.value),
        from: one.from(),
    };
    let open = m.offered.iter().filter(|one| !answers.contains_key(&one.field));
    let mut shell = room.shell(&at.app, &at.official, say("title.type", &[]));
    if !faults.is_empty() {
        shell = shell.errors();
    }
    if let Some((kind, words)) = look.notice {
        shell = shell.notice(kind, words);
    }
    let lacking: Vec<String> = lacking_fields(case).into_iter().map(|(_, title)| title).collect();
    let (back, back_label) = room.back();
    let page = FormPage {
        shell,
        back,
        back_label,
        meta: room.meta(),
        lead: vec![say("lead.type", &[]), say("lead.scan", &[])],
        action: room.place.href(&path(&case.dossier.code), &[]),
        seen: case.dossier.version,
        summary: say("type.errors", &[("n", &faults.len().to_string())]),
        faults,
        missing: match lacking.len() {
            0 => say("type.whole", &[]),
            n => say("type.missing", &[("n", &n.to_string()), ("fields", &named(&lacking))]),
        },
        offers: open.map(offer).collect(),
        sections: sections(form, questions),
        button: say("button.type", &[]),
    };
    Ok(page::html_with(look.status.unwrap_or(StatusCode::OK), page))
}

/// The clerk's own browser knows nothing of whom the form is about.
fn unfilled(question: &mut Question) {
    question.autocomplete = "off".into();
    question.rows.iter_mut().flat_map(|row| &mut row.parts).for_each(unfilled);
}

fn mark(question: &mut Question, words: String) {
    question.from = words;
    let id = format!("{}-nguon", question.field);
    question.described = [question.described.as_str(), &id].join(" ").trim().to_string();
}

/// What somebody else has written meanwhile.
fn now(form: &Form, change: &Change) -> String {
    match &change.after {
        Some(value) => say("type.now", &[("value", &ask::answer_text(form, &change.field, value))]),
        None => say("type.now_empty", &[]),
    }
}

/// The questions under the titles of the form's pages.
fn sections(form: &Form, questions: Vec<Question>) -> Vec<Section> {
    let mut sections: Vec<Section> = form
        .pages
        .iter()
        .map(|page| Section {
            title: page.title.clone(),
            hint: page.hint.clone().unwrap_or_default(),
            questions: Vec::new(),
        })
        .collect();
    for question in questions {
        let at = form.pages.iter().position(|page| page.has(&question.field));
        if let Some(section) = at.and_then(|at| sections.get_mut(at)) {
            section.questions.push(question);
        }
    }
    sections.retain(|section| !section.questions.is_empty());
    sections
}

/// Reads the dossier and what the form needs; the way back where there is nothing to type.
async fn open(at: &Before, seen: Option<i64>, looks: bool) -> Result<(Room, Option<Matter>), Problem> {
    let app = at.app.clone();
    // Whoever sends gets their words back, also where the dossier has left them meanwhile.
    let more = async move |tx: &mut Tx, case: &Case| match looks && !super::may_type(case) {
        true => Ok(None),
        false => matter(&app, tx, case, seen).await.map(Some),
    };
    if looks { at.look(more).await } else { at.read(more).await }
}

/// `GET /mot-cua/ho-so/{code}/to-khai`.
async fn show(at: Before) -> Result<Response, Problem> {
    let (room, m) = open(&at, None, true).await?;
    let Some(m) = m else { return Ok(room.leave()) };
    // What other dossiers of the person said is a look at them.
    let mut seen: Vec<&str> = m.own.iter().chain(&m.offered).map(|one| one.code.as_str()).collect();
    seen.sort_unstable();
    seen.dedup();
    for code in seen.into_iter().filter(|code| !code.is_empty()) {
        crate::dossier::look(&at.app, &at.official.viewer, "onestop.look-earlier", code, room.now).await;
    }
    let mut answers = room.case.dossier.answers.clone();
    answers.extend(m.own.iter().map(|one| (one.field.clone(), one.value.clone())));
    let marks = m.own.clone();
    let saved = (at.query.da == SAVED).then(|| {
        let n = lacking_fields(&room.case).len().to_string();
        (NoticeKind::Done, say("type.saved_missing", &[("n", &n)]))
    });
    form_page(&at, &room, m, &answers, &marks, Look { notice: saved, ..Look::default() })
}

/// `POST /mot-cua/ho-so/{code}/to-khai`: keeps what was typed, or shows it again with what is wrong.
async fn send(at: Before, form: RawForm) -> Result<Response, Problem> {
    let seen: Option<i64> = form.get("seen").and_then(|seen| seen.parse().ok());
    let (room, m) = open(&at, seen, false).await?;
    let Some(mut m) = m else { return Ok(room.leave()) };
    let procedure = room.case.procedure.clone();
    let Some(own) = &procedure.form else { return Err(Problem::NotFound) };
    let sheet = rules::sheet(rules::questions(own));
    let mut typed = ask::read(own, &sheet, &room.case.dossier.answers, &form.0);
    if !super::may_type(&room.case) {
        m.offered.clear();
        let notice = Some((NoticeKind::Warning, say("refusal.not_now", &[])));
        let look = Look { notice, status: Some(StatusCode::UNPROCESSABLE_ENTITY), ..Look::default() };
        return form_page(&at, &room, m, &typed, &[], look);
    }
    let seen = seen.ok_or_else(|| Problem::Malformed("no version was seen".into()))?;
    if let Some(look) = arranges(own, &form, &m, &mut typed) {
        let marks = [m.own.clone(), m.offered.clone()].concat();
        return form_page(&at, &room, m, &typed, &marks, look);
    }
    let keep = typed.clone();
    let work = async move |tx: &mut Tx, case: &mut Case, _: &Who| {
        if case.dossier.version != seen {
            return Err(Problem::Stale);
        }
        super::type_in(tx, case, &keep).await.map(drop)
    };
    match room.write(&at.app, room.act(&at.official, super::DEED), work).await {
        Ok(()) => after(&at, &room, form.get("lam") == Some("enter")).await,
        Err(problem) => {
            let wrong = Wrong::of(problem)?;
            let stale = wrong.status == Some(StatusCode::CONFLICT);
            let notice = match (stale, wrong.message) {
                (true, _) => Some((NoticeKind::Warning, say("type.stale", &[]))),
                (false, words) if words.is_empty() => None,
                (false, words) => Some((NoticeKind::Warning, words)),
            };
            let look = Look { errors: wrong.errors, stale, notice, status: wrong.status, longer: None };
            let marks = m.own.clone();
            form_page(&at, &room, m, &typed, &marks, look)
        }
    }
}

/// What only arranges the form and saves nothing: a scanned card, one row more or less, answers taken over.
fn arranges<'a>(own: &Form, form: &'a RawForm, m: &Matter, typed: &mut Answers) -> Option<Look<'a>> {
    if let Some((field, read)) = card::scanned(own, &form.0) {
        return Some(match read {
            Ok(read) => {
                card::fill(own, &field, &read, typed);
                let notice = Some((NoticeKind::Info, say("type.card", &[])));
                Look { notice, ..Look::default() }
            }
            Err(no) => Look {
                errors: vec![FieldError::new(field, no_card(no))],
                status: Some(StatusCode::UNPROCESSABLE_ENTITY),
                ..Look::default()
            },
        });
    }
    let row = Some((NoticeKind::Info, say("type.row", &[])));
    if let Some(group) = form.get(ask::ADD_ROW) {
        return Some(Look { longer: Some(group), notice: row, ..Look::default() });
    }
    if form.get(ask::DROP_ROW).is_some() {
        return Some(Look { notice: row, ..Look::default() });
    }
    form.get("dien")?;
    let open: Vec<&Taken> = m.offered.iter().filter(|one| !typed.contains_key(&one.field)).collect();
    let n = open.len().to_string();
    for one in open {
        typed.insert(one.field.clone(), one.value.clone());
    }
    Some(Look { notice: Some((NoticeKind::Info, say("type.filled", &[("n", &n)]))), ..Look::default() })
}

/// After Enter to the first question that is missing; otherwise to the dossier.
async fn after(at: &Before, room: &Room, stays: bool) -> Result<Response, Problem> {
    let code = &room.case.dossier.code;
    let (fresh, ()) = at.read(nothing_more).await?;
    let missing = lacking_fields(&fresh.case);
    let to = match missing.first().filter(|_| stays) {
        Some((field, _)) => {
            format!("{}#{field}", room.place.href(&path(code), &[("da", SAVED)]))
        }
        None => room.place.href(&frame::dossier(code), &[("da", SAVED)]),
    };
    Ok(Redirect::to(&to).into_response())
}
