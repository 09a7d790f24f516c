//! `/mot-cua/y-kien`: what other units ask of this one, and what was asked of them; and the form by which
//! the dossier's page asks.

use std::collections::BTreeMap;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::{Instant, format};
use db::Tx;
use directory::{AnyOfficial, UnitId};
use web::due::{Pill, due_pill};
use web::page::NoticeKind;
use web::{Path, Problem, Query, RawForm, Shell, page};

use super::{LIMITS, Line, Opinion, OpinionId, Question};
use crate::App;
use crate::desk::frame::{self, Place};
use crate::dossier::rules::{Seat, Status};
use crate::dossier::{Case, Who};
use crate::filters;
use crate::office::{Before, Choice, Field, FormPage, OfficeQuery, Room, Wrong};
use crate::words_office::say;

/// Where opinions are.
pub const PATH: &str = "/mot-cua/y-kien";

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/mot-cua/y-kien", get(list))
        .route("/mot-cua/y-kien/{id}", get(show).post(answer))
        .route("/mot-cua/y-kien/{id}/rut", post(take_back))
        .route("/mot-cua/ho-so/{code}/xin-y-kien", get(form).post(ask))
}

struct Row {
    class: &'static str,
    href: String,
    code: String,
    procedure: String,
    unit: String,
    question: String,
    state: String,
    pill: Option<Pill>,
    when: String,
}

#[derive(Template)]
#[template(path = "opinion/list.html")]
struct ListPage {
    shell: Shell,
    asked: Vec<Row>,
    ours: Vec<Row>,
}

/// `GET /mot-cua/y-kien`.
async fn list(
    State(app): State<App>,
    official: AnyOfficial,
    Query(query): Query<OfficeQuery>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let place = Place::of(&official, query.post.as_deref())?;
    let at = place.clone();
    let read = app.site.db.read(async move |tx: &mut Tx| -> Result<_, Problem> {
        let asked = super::list_asked(tx, &at.post.unit).await?;
        let ours = super::list_ours(tx, &at.scope).await?;
        let mut names = BTreeMap::new();
        for id in asked.iter().map(|l| &l.asked_office).chain(ours.iter().map(|l| &l.unit)) {
            if !names.contains_key(id) {
                names.insert(id.clone(), directory::get_unit(tx, &UnitId::from(id.as_str())).await?.name);
            }
        }
        let calendar = directory::calendar(tx, &at.post.unit).await?;
        Ok((asked, ours, names, calendar, frame::counts(tx, &at, now).await?))
    });
    let (asked, ours, names, calendar, counts) = read.await?;
    let row = |l: Line, other: &str| -> Result<Row, Problem> {
        let open = l.state != "answered";
        let pill = open.then(|| due_pill(now, l.due_at, &calendar));
        Ok(Row {
            class: pill.as_ref().map_or("", Pill::row_class),
            href: place.href(&format!("{PATH}/{}", l.id), &[]),
            procedure: app.catalogue.version(&l.procedure)?.name.clone(),
            unit: names.get(other).cloned().unwrap_or_default(),
            state: say(&format!("opinion_state.{}", l.state), &[]),
            when: format::time_vn(l.due_at),
            code: l.code,
            question: l.question,
            pill,
        })
    };
    let asked = asked.into_iter().map(|l| {
        let o = l.asked_office.clone();
        row(l, &o)
    });
    let asked = asked.collect::<Result<Vec<_>, _>>()?;
    let ours = ours.into_iter().map(|l| {
        let o = l.unit.clone();
        row(l, &o)
    });
    let ours = ours.collect::<Result<Vec<_>, _>>()?;
    let shell = frame::shell(&app, &official.viewer, &place, &counts, say("opinion.title", &[]), None);
    let mut shell = shell.active(place.href(PATH, &[]));
    if query.da == "tra-loi" {
        shell = shell.notice(NoticeKind::Done, say("opinion.done", &[]));
    }
    Ok(page::html(ListPage { shell, asked, ours }))
}

#[derive(Template)]
#[template(path = "opinion/show.html")]
struct ShowPage {
    shell: Shell,
    back: String,
    dossier: String,
    code: String,
    procedure: String,
    unit: String,
    asker: String,
    at: Instant,
    question: String,
    state: String,
    pill: Option<Pill>,
    due_at: Instant,
    answer: String,
    answered: String,
    mine: bool,
    action: String,
    typed: String,
    error: String,
    take_back: String,
}

/// A question with the dossier it is about, for those who may see it.
async fn read(
    app: &App,
    official: &AnyOfficial,
    post: Option<&str>,
    id: &str,
) -> Result<(Room, Opinion, BTreeMap<String, String>), Problem> {
    let id: OpinionId = id.parse().map_err(|_| Problem::NotFound)?;
    let found = app.site.db.read(async move |tx: &mut Tx| -> Result<_, Problem> {
        let opinion = super::find(tx, id).await?.ok_or(Problem::NotFound)?;
        let d = crate::dossier::store::get(tx, opinion.dossier).await?;
        Ok((opinion, d.code))
    });
    let (opinion, code) = found.await?;
    let asked = opinion.clone();
    let (room, names) = Room::read(app, official, post, &code, async move |tx: &mut Tx, _: &Case| {
        let mut names = BTreeMap::new();
        for id in [&asked.unit, &asked.asked_office] {
            names.insert(id.clone(), directory::get_unit(tx, &UnitId::from(id.as_str())).await?.name);
        }
        for account in [Some(&asked.asked_by), asked.answered_by.as_ref()].into_iter().flatten() {
            if let Ok(id) = account.parse() {
                names.insert(account.clone(), directory::person(tx, id).await?.name);
            }
        }
        Ok(names)
    })
    .await?;
    Ok((room, opinion, names))
}

/// `GET /mot-cua/y-kien/{id}`.
async fn show(
    State(app): State<App>,
    official: AnyOfficial,
    Path(id): Path<String>,
    Query(query): Query<OfficeQuery>,
) -> Result<Response, Problem> {
    let (room, opinion, names) = read(&app, &official, query.post.as_deref(), &id).await?;
    crate::dossier::look(&app, &official.viewer, "onestop.look", &room.case.dossier.code, room.now).await;
    Ok(show_page(&app, &official, &room, &opinion, &names, String::new(), Wrong::default()))
}

fn show_page(
    app: &App,
    official: &AnyOfficial,
    room: &Room,
    o: &Opinion,
    names: &BTreeMap<String, String>,
    typed: String,
    wrong: Wrong,
) -> Response {
    let name = |id: &str| names.get(id).cloned().unwrap_or_default();
    let d = &room.case.dossier;
    let (open, place) = (o.is_open(), &room.place);
    let path = format!("{PATH}/{}", o.id);
    let asks = room.case.seats.iter().any(|seat| matches!(seat, Seat::Desk | Seat::Leader));
    let answered = match (&o.answered_by, o.answered_at) {
        (Some(by), Some(at)) => {
            let key = if o.late { "opinion.answered_late" } else { "opinion.answered" };
            say(key, &[("who", &name(by)), ("at", &format::time_vn(at))])
        }
        _ => String::new(),
    };
    let error = wrong.errors.first().map_or(wrong.message.clone(), |e| e.message.clone());
    let page = ShowPage {
        shell: room.shell(app, official, say("opinion.one", &[("code", &d.code)])),
        back: place.href(PATH, &[]),
        dossier: place.dossier(&d.code, None),
        code: d.code.clone(),
        procedure: room.case.procedure.name.clone(),
        unit: name(&o.unit),
        asker: format!("{}, {}", name(&o.asked_by), name(&o.asked_office)),
        at: o.asked_at,
        question: o.question.clone(),
        state: say(&format!("opinion_state.{}", o.state), &[]),
        pill: open.then(|| due_pill(room.now, o.due_at, &room.case.calendar)),
        due_at: o.due_at,
        answer: o.answer.clone(),
        answered,
        mine: open && super::is_of(&room.who, &o.unit),
        action: place.href(&path, &[]),
        typed,
        error,
        take_back: if open && asks { place.href(&format!("{path}/rut"), &[]) } else { String::new() },
    };
    page::html_with(wrong.status.unwrap_or(axum::http::StatusCode::OK), page)
}

/// `POST /mot-cua/y-kien/{id}`: the asked unit's answer.
async fn answer(
    State(app): State<App>,
    official: AnyOfficial,
    Path(id): Path<String>,
    Query(query): Query<OfficeQuery>,
    form: RawForm,
) -> Result<Response, Problem> {
    let (room, opinion, names) = read(&app, &official, query.post.as_deref(), &id).await?;
    let typed = form.get("answer").unwrap_or_default().to_string();
    let act = official.viewer.act("onestop.answer-opinion", opinion.dossier, room.now);
    let act = act.in_office(opinion.unit.as_str());
    let (text, asked) = (typed.clone(), opinion.id);
    let work = async move |tx: &mut Tx, case: &mut Case, who: &Who| {
        let opinion = super::find(tx, asked).await?.ok_or(Problem::NotFound)?;
        super::answer(tx, case, &opinion, &text, who).await
    };
    match room.write(&app, act, work).await {
        Ok(()) => {
            let next = room.place.href(PATH, &[("da", "tra-loi")]);
            Ok(Redirect::to(&next).into_response())
        }
        Err(problem) => {
            let wrong = Wrong::of(problem)?;
            Ok(show_page(&app, &official, &room, &opinion, &names, typed, wrong))
        }
    }
}

/// `POST /mot-cua/y-kien/{id}/rut`: whoever asked needs no answer any more.
async fn take_back(
    State(app): State<App>,
    official: AnyOfficial,
    Path(id): Path<String>,
    Query(query): Query<OfficeQuery>,
    form: RawForm,
) -> Result<Response, Problem> {
    let (room, opinion, names) = read(&app, &official, query.post.as_deref(), &id).await?;
    let why = form.get("note").unwrap_or_default().to_string();
    let act = official.viewer.act("onestop.take-back-opinion", opinion.dossier, room.now);
    let act = act.in_office(opinion.asked_office.as_str());
    let asked = opinion.id;
    let work = async move |tx: &mut Tx, case: &mut Case, _: &Who| {
        let opinion = super::find(tx, asked).await?.ok_or(Problem::NotFound)?;
        super::take_back(tx, case, &opinion, &why).await
    };
    match room.write(&app, act, work).await {
        Ok(()) => Ok(room.leave()),
        Err(problem) => {
            let wrong = Wrong::of(problem)?;
            Ok(show_page(&app, &official, &room, &opinion, &names, String::new(), wrong))
        }
    }
}

/// Whom this dossier's agency usually asks: its own sections and its leaders, and what words find.
pub async fn units(tx: &mut Tx, case: &Case, words: &str) -> Result<Vec<(String, String)>, Problem> {
    use directory::unit::{rules, store};
    let day = case.now.day();
    let agency = directory::get_unit(tx, &case.dossier.agency).await?;
    let mut units = vec![(agency.id.as_str().to_string(), agency.name)];
    let sections = store::Asked { parent: Some(&case.dossier.agency), day: Some(day), ..Default::default() };
    let mut lines = store::list(tx, &sections).await?;
    if !words.trim().is_empty() {
        let asked = store::Asked { tokens: rules::tokens(words), day: Some(day), ..Default::default() };
        lines.extend(store::list(tx, &asked).await?);
    }
    for line in lines.into_iter().filter(|l| !l.territory) {
        let id = line.id.as_str().to_string();
        if line.id != case.dossier.holder_unit && !units.iter().any(|(known, _)| *known == id) {
            let name = match line.parent_name {
                Some(parent) => format!("{} ({parent})", line.name),
                None => line.name,
            };
            units.push((id, name));
        }
    }
    Ok(units.into_iter().filter(|(id, _)| *id != case.dossier.holder_unit.as_str()).collect())
}

fn form_page(at: &Before, room: &Room, units: Vec<(String, String)>, q: &Question) -> FormPage {
    let words = at.query.noi.as_str();
    let shell = room.shell(&at.app, &at.official, say("opinion.ask", &[]));
    let path = format!("{}/xin-y-kien", frame::dossier(&room.case.dossier.code));
    let action = room.place.href(&path, &[("noi", words)]);
    let mut page = FormPage::new(shell, &room.place, room.back(), action, say("opinion.send", &[]));
    let unit = |(id, name): (String, String)| Choice {
        chosen: q.units.iter().any(|u| u.as_str() == id),
        value: id,
        label: name,
    };
    let limit = |text: &&str| Choice {
        value: text.to_string(),
        label: crate::view::limit(text.parse().ok()),
        chosen: q.limit == **text,
    };
    page.meta = room.meta();
    page.lead = vec![say("opinion.explain", &[])];
    page.search = Some((path, words.to_string()));
    page.fields = vec![
        Field::choice("unit", "checkbox", units.into_iter().map(unit).collect()),
        Field::text("question", "textarea", q.text.clone()),
        Field::choice("limit", "select", LIMITS.iter().map(limit).collect()),
    ];
    page
}

/// `GET /mot-cua/ho-so/{code}/xin-y-kien?noi=`.
async fn form(at: Before) -> Result<Response, Problem> {
    let words = at.query.noi.clone();
    let found = async move |tx: &mut Tx, case: &Case| units(tx, case, &words).await;
    let (room, units) = at.look(found).await?;
    Ok(form_page(&at, &room, units, &Question::default()).answer(Wrong::default()))
}

/// `POST /mot-cua/ho-so/{code}/xin-y-kien`.
async fn ask(at: Before, form: RawForm) -> Result<Response, Problem> {
    let question = Question {
        units: form.all("unit").map(UnitId::from).collect(),
        text: form.get("question").unwrap_or_default().to_string(),
        limit: form.get("limit").unwrap_or_default().to_string(),
    };
    let words = at.query.noi.clone();
    let found = async move |tx: &mut Tx, case: &Case| units(tx, case, &words).await;
    let (room, units) = at.read(found).await?;
    let q = question.clone();
    let work = async move |tx: &mut Tx, case: &mut Case, who: &Who| super::ask(tx, case, &q, who).await;
    match room.write(&at.app, room.act(&at.official, "onestop.ask-opinion"), work).await {
        Ok(()) => Ok(room.leave()),
        Err(problem) => Ok(form_page(&at, &room, units, &question).answer(Wrong::of(problem)?)),
    }
}

/// A question as the dossier's page shows it.
pub struct Asked {
    pub href: String,
    pub unit: String,
    pub state: String,
    pub late: bool,
    pub open: bool,
    pub due_at: Instant,
    pub question: String,
    pub answer: String,
}

/// The questions about a dossier, for its page.
pub async fn panel(tx: &mut Tx, place: &Place, case: &Case) -> Result<Vec<Asked>, Problem> {
    let mut asked = Vec::new();
    for o in super::of_dossier(tx, case.dossier.id).await? {
        asked.push(Asked {
            href: place.href(&format!("{PATH}/{}", o.id), &[]),
            unit: directory::get_unit(tx, &UnitId::from(o.unit.as_str())).await?.name,
            state: say(&format!("opinion_state.{}", o.state), &[]),
            late: o.late || o.state == "lapsed",
            open: o.is_open(),
            due_at: o.due_at,
            question: o.question,
            answer: o.answer,
        });
    }
    Ok(asked)
}

/// Whether this person may ask others about the dossier now.
pub fn may_ask(case: &Case) -> bool {
    case.dossier.state.status() == Status::InProcess
        && case.seats.iter().any(|seat| matches!(seat, Seat::Desk | Seat::Leader))
}
