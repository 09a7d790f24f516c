//! The papers of one dossier (`/mot-cua/ho-so/{code}/ban-giay`), and the lists by which papers go from unit
//! to unit (`/mot-cua/ban-giao`).

use std::collections::BTreeMap;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use base::Instant;
use db::Tx;
use directory::{AnyOfficial, UnitId};
use web::{Path, Problem, Query, RawForm, Shell, page};

use super::{FORMS, Handover, HandoverId, Line, Paper, PaperId, Taken};
use crate::App;
use crate::desk::frame::{self, Place};
use crate::dossier::rules::Seat;
use crate::dossier::{Case, Who};
use crate::filters;
use crate::office::{Before, Choice, OfficeQuery, Room, Wrong};
use crate::words_office::{kept, say};

/// Where lists are.
pub const PATH: &str = "/mot-cua/ban-giao";

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/mot-cua/ho-so/{code}/ban-giay", get(show).post(change))
        .route("/mot-cua/ban-giao", get(list).post(make))
        .route("/mot-cua/ban-giao/{id}", get(one).post(receive))
        .route("/mot-cua/ban-giao/{id}/in", get(print))
}

struct Row {
    id: String,
    text: String,
    unit: String,
    state: String,
    note: String,
    out: bool,
    /// It lies at the counter and can be given back.
    here: bool,
}

/// A paper that may be handed in, with a box for each form.
struct Ask {
    id: String,
    name: String,
}

#[derive(Template)]
#[template(path = "custody/dossier.html")]
struct DossierPage {
    shell: Shell,
    back: String,
    back_label: String,
    meta: Vec<String>,
    action: String,
    rows: Vec<Row>,
    asks: Vec<Ask>,
    counter: bool,
    excuses: bool,
    error: String,
}

async fn papers(tx: &mut Tx, case: &Case) -> Result<(Vec<Paper>, BTreeMap<String, String>), Problem> {
    let papers = super::of_dossier(tx, case.dossier.id).await?;
    let mut names = BTreeMap::new();
    for p in &papers {
        if !names.contains_key(&p.unit) {
            names.insert(p.unit.clone(), directory::get_unit(tx, &UnitId::from(p.unit.as_str())).await?.name);
        }
    }
    Ok((papers, names))
}

fn path(code: &str) -> String {
    format!("{}/ban-giay", frame::dossier(code))
}

/// `GET /mot-cua/ho-so/{code}/ban-giay`.
async fn show(at: Before) -> Result<Response, Problem> {
    let (room, read) = at.look(papers).await?;
    Ok(dossier_page(&at, &room, read, Wrong::default()))
}

fn dossier_page(
    at: &Before,
    room: &Room,
    (papers, names): (Vec<Paper>, BTreeMap<String, String>),
    wrong: Wrong,
) -> Response {
    let d = &room.case.dossier;
    let counter = room.case.seats.contains(&Seat::Counter);
    let row = |p: Paper| Row {
        text: super::line(&p.name, &p.form, p.count),
        unit: names.get(&p.unit).cloned().unwrap_or_default(),
        state: say(&format!("paper_state.{}", p.state), &[]),
        out: super::is_out(&p),
        here: p.state == "held" && p.unit == d.counter.as_str(),
        note: p.note,
        id: p.id.to_string(),
    };
    let asks = room.case.procedure.papers().map(|c| Ask { id: c.id.clone(), name: c.name.clone() }).collect();
    let (back, back_label) = room.back();
    let errors: Vec<&str> = wrong.errors.iter().map(|e| e.message.as_str()).collect();
    let mut shell = room.shell(&at.app, &at.official, say("custody.title", &[]));
    if wrong.status.is_some() {
        shell = shell.errors();
    }
    let page = DossierPage {
        shell,
        back,
        back_label,
        meta: room.meta(),
        action: room.place.href(&path(&d.code), &[]),
        rows: papers.into_iter().map(row).collect(),
        asks: if counter && !d.state.status().is_final() { asks } else { Vec::new() },
        counter,
        excuses: counter || room.case.seats.contains(&Seat::Leader),
        error: [wrong.message.as_str(), &errors.join(" ")].concat(),
    };
    page::html_with(wrong.status.unwrap_or(StatusCode::OK), page)
}

/// What the counter says of a dossier's papers.
#[derive(Clone)]
enum Change {
    Take(Vec<Taken>),
    Back(Vec<PaperId>),
    Excuse(PaperId, String),
}

fn change_of(form: &RawForm, case: &Case) -> Result<Change, Problem> {
    match form.get("lam") {
        Some("nhan") => {
            let mut taken = Vec::new();
            for c in case.procedure.papers() {
                for kind in FORMS {
                    let text = form.get(&format!("{kind}.{}", c.id)).unwrap_or_default().trim();
                    let count: i64 = if text.is_empty() { 0 } else { text.parse().unwrap_or(-1) };
                    if count != 0 {
                        taken.push(Taken {
                            component: c.id.clone(),
                            name: c.name.clone(),
                            form: kind,
                            count,
                        });
                    }
                }
            }
            let other = form.get("other").unwrap_or_default().trim().to_string();
            if !other.is_empty() {
                taken.push(Taken { component: String::new(), name: other, form: FORMS[0], count: 1 });
            }
            Ok(Change::Take(taken))
        }
        Some("tra") => Ok(Change::Back(form.all("paper").filter_map(|id| id.parse().ok()).collect())),
        Some("giai-trinh") => {
            let id = form.get("one").and_then(|id| id.parse().ok());
            let id =
                id.ok_or_else(|| Problem::refused(say("custody.choose", &[]), "refused: custody.choose"))?;
            Ok(Change::Excuse(id, form.get("note").unwrap_or_default().to_string()))
        }
        _ => Err(Problem::Malformed("nothing is asked of the papers".into())),
    }
}

/// `POST /mot-cua/ho-so/{code}/ban-giay`: takes papers in, gives them back, or says why not.
async fn change(at: Before, form: RawForm) -> Result<Response, Problem> {
    let (room, read) = at.read(papers).await?;
    let done = match change_of(&form, &room.case) {
        Err(problem) => Err(problem),
        Ok(change) => {
            let verb = match change {
                Change::Take(_) => "onestop.take-papers",
                Change::Back(_) => "onestop.return-papers",
                Change::Excuse(..) => "onestop.excuse-paper",
            };
            let work = async move |tx: &mut Tx, case: &mut Case, who: &Who| match change.clone() {
                Change::Take(taken) => super::take_in(tx, case, &taken, who).await,
                Change::Back(ids) => super::give_back(tx, case, &ids, who).await,
                Change::Excuse(id, why) => super::excuse(tx, case, id, &why, who).await,
            };
            room.write(&at.app, room.act(&at.official, verb), work).await
        }
    };
    match done {
        Ok(()) => Ok(Redirect::to(&room.place.href(&path(&at.code), &[])).into_response()),
        Err(problem) => Ok(dossier_page(&at, &room, read, Wrong::of(problem)?)),
    }
}

struct ListRow {
    href: String,
    number: String,
    other: String,
    at: Instant,
    state: String,
    open: bool,
}

struct LineRow {
    id: String,
    href: String,
    code: String,
    person: String,
    text: String,
    state: String,
    note: String,
    goes: String,
}

#[derive(Template)]
#[template(path = "custody/list.html")]
struct ListPage {
    shell: Shell,
    action: String,
    here: Vec<LineRow>,
    units: Vec<Choice>,
    coming: Vec<ListRow>,
    going: Vec<ListRow>,
}

struct ListRead {
    here: Vec<Line>,
    coming: Vec<Handover>,
    going: Vec<Handover>,
    names: BTreeMap<String, String>,
    units: Vec<(String, String)>,
    counts: Vec<(crate::desk::List, i64)>,
}

async fn read_list(tx: &mut Tx, place: &Place, now: Instant) -> Result<ListRead, Problem> {
    let unit = &place.post.unit;
    let here = super::here(tx, unit).await?;
    let (coming, going) = (super::list(tx, unit, true).await?, super::list(tx, unit, false).await?);
    let mut names = BTreeMap::new();
    let lists = coming.iter().chain(&going).flat_map(|h| [&h.from_unit, &h.to_unit]);
    for id in here.iter().map(|l| &l.holder_unit).chain(lists) {
        if !names.contains_key(id) {
            names.insert(id.clone(), directory::get_unit(tx, &UnitId::from(id.as_str())).await?.name);
        }
    }
    // To where papers go: their dossiers' desks, the agency and its sections.
    let agency = directory::agency_of(tx, unit).await?;
    let asked = directory::unit::store::Asked {
        parent: Some(&agency.id),
        day: Some(now.day()),
        ..Default::default()
    };
    let mut units: Vec<(String, String)> = here
        .iter()
        .map(|l| (l.holder_unit.clone(), names.get(&l.holder_unit).cloned().unwrap_or_default()))
        .collect();
    units.push((agency.id.as_str().to_string(), agency.name));
    let sections = directory::unit::store::list(tx, &asked).await?.into_iter().filter(|l| !l.territory);
    units.extend(sections.map(|l| (l.id.as_str().to_string(), l.name)));
    units.retain(|(id, _)| id != unit.as_str());
    units.sort();
    units.dedup();
    Ok(ListRead { here, coming, going, names, units, counts: frame::counts(tx, place, now).await? })
}

/// `GET /mot-cua/ban-giao`.
async fn list(
    State(app): State<App>,
    official: AnyOfficial,
    Query(query): Query<OfficeQuery>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let place = Place::of(&official, query.post.as_deref())?;
    let at = place.clone();
    let read = app.site.db.read(async move |tx: &mut Tx| read_list(tx, &at, now).await).await?;
    let name = |id: &str| read.names.get(id).cloned().unwrap_or_default();
    let row = |h: &Handover, other: &str| ListRow {
        href: place.href(&format!("{PATH}/{}", h.id), &[]),
        number: h.number.clone(),
        other: name(other),
        at: h.made_at,
        open: h.received_at.is_none(),
        state: say(if h.received_at.is_some() { "custody.received" } else { "custody.sent" }, &[]),
    };
    let shell = frame::shell(&app, &official.viewer, &place, &read.counts, say("custody.lists", &[]), None);
    let unit =
        |(id, name): &(String, String)| Choice { value: id.clone(), label: name.clone(), chosen: false };
    Ok(page::html(ListPage {
        shell: shell.active(place.href(PATH, &[])),
        action: place.href(PATH, &[]),
        here: read
            .here
            .iter()
            .map(|l| LineRow {
                goes: if l.holder_unit == place.post.unit.as_str() {
                    String::new()
                } else {
                    name(&l.holder_unit)
                },
                ..line_row(&place, l)
            })
            .collect(),
        units: read.units.iter().map(unit).collect(),
        coming: read.coming.iter().map(|h| row(h, &h.from_unit)).collect(),
        going: read.going.iter().map(|h| row(h, &h.to_unit)).collect(),
    }))
}

fn line_row(place: &Place, l: &Line) -> LineRow {
    LineRow {
        id: l.paper.to_string(),
        href: place.dossier(&l.code, None),
        code: l.code.clone(),
        person: l.applicant_name.clone(),
        text: super::line(&l.name, &l.form, l.count),
        state: say(&format!("line_state.{}", l.state), &[]),
        note: l.note.clone(),
        goes: String::new(),
    }
}

/// `POST /mot-cua/ban-giao`: makes a list of the papers that were ticked.
async fn make(
    State(app): State<App>,
    official: AnyOfficial,
    Query(query): Query<OfficeQuery>,
    form: RawForm,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let place = Place::of(&official, query.post.as_deref())?;
    let papers: Vec<PaperId> = form.all("paper").filter_map(|id| id.parse().ok()).collect();
    let to = UnitId::from(form.get("unit").unwrap_or_default());
    let (from, who) = (place.post.unit.clone(), Who::from(&official.viewer));
    let act = official.viewer.act("onestop.hand-over", from.as_str(), now).in_office(from.as_str());
    let made = app.site.db.write(act, async move |tx: &mut Tx| -> Result<HandoverId, Problem> {
        super::hand_over(tx, &from, &to, &papers, &who, now).await
    });
    let id = made.await?;
    Ok(Redirect::to(&place.href(&format!("{PATH}/{id}"), &[])).into_response())
}

#[derive(Template)]
#[template(path = "custody/one.html")]
struct OnePage {
    shell: Shell,
    back: String,
    action: String,
    print: String,
    from: String,
    to: String,
    giver: String,
    taker: String,
    made_at: Instant,
    received_at: Option<Instant>,
    rows: Vec<LineRow>,
    mine: bool,
    error: String,
}

struct OneRead {
    list: Handover,
    lines: Vec<Line>,
    from: directory::Unit,
    to: directory::Unit,
    giver: String,
    taker: Option<String>,
    counts: Vec<(crate::desk::List, i64)>,
}

/// A list, for those who work in one of its two units.
async fn read_one(app: &App, official: &AnyOfficial, place: &Place, id: &str) -> Result<OneRead, Problem> {
    let now = app.site.clock.now();
    let id: HandoverId = id.parse().map_err(|_| Problem::NotFound)?;
    let (at, who) = (place.clone(), Who::from(&official.viewer));
    app.site
        .db
        .read(async move |tx: &mut Tx| -> Result<OneRead, Problem> {
            let list = super::get(tx, id).await?;
            let of = |unit: &str| who.posts.iter().any(|p| p.unit.as_str() == unit);
            if !of(&list.from_unit) && !of(&list.to_unit) {
                return Err(Problem::NotFound);
            }
            let giver = list.made_by.parse().map_err(|_| Problem::fault("no account id"))?;
            let taker = match list.received_by.as_deref().and_then(|id| id.parse().ok()) {
                Some(id) => Some(directory::person(tx, id).await?.name),
                None => None,
            };
            Ok(OneRead {
                lines: super::lines(tx, id).await?,
                from: directory::get_unit(tx, &UnitId::from(list.from_unit.as_str())).await?,
                to: directory::get_unit(tx, &UnitId::from(list.to_unit.as_str())).await?,
                giver: directory::person(tx, giver).await?.name,
                taker,
                counts: frame::counts(tx, &at, now).await?,
                list,
            })
        })
        .await
}

fn one_page(app: &App, official: &AnyOfficial, place: &Place, read: OneRead, wrong: Wrong) -> Response {
    let title = say("custody.list", &[("number", &read.list.number)]);
    let path = format!("{PATH}/{}", read.list.id);
    let taker = official.viewer.posts.iter().any(|p| p.unit.as_str() == read.list.to_unit);
    let errors: Vec<&str> = wrong.errors.iter().map(|e| e.message.as_str()).collect();
    let page = OnePage {
        shell: frame::shell(app, &official.viewer, place, &read.counts, title, None),
        back: place.href(PATH, &[]),
        action: place.href(&path, &[]),
        print: format!("{path}/in"),
        from: read.from.name,
        to: read.to.name,
        giver: read.giver,
        taker: read.taker.unwrap_or_default(),
        made_at: read.list.made_at,
        received_at: read.list.received_at,
        mine: taker && read.list.received_at.is_none(),
        rows: read.lines.iter().map(|l| line_row(place, l)).collect(),
        error: [wrong.message.as_str(), &errors.join(" ")].concat(),
    };
    page::html_with(wrong.status.unwrap_or(StatusCode::OK), page)
}

/// `GET /mot-cua/ban-giao/{id}`.
async fn one(
    State(app): State<App>,
    official: AnyOfficial,
    Path(id): Path<String>,
    Query(query): Query<OfficeQuery>,
) -> Result<Response, Problem> {
    let place = Place::of(&official, query.post.as_deref())?;
    let read = read_one(&app, &official, &place, &id).await?;
    Ok(one_page(&app, &official, &place, read, Wrong::default()))
}

/// `POST /mot-cua/ban-giao/{id}`: what has come, line by line.
async fn receive(
    State(app): State<App>,
    official: AnyOfficial,
    Path(id): Path<String>,
    Query(query): Query<OfficeQuery>,
    form: RawForm,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let place = Place::of(&official, query.post.as_deref())?;
    let read = read_one(&app, &official, &place, &id).await?;
    if !official.viewer.posts.iter().any(|p| p.unit.as_str() == read.list.to_unit) {
        return Err(Problem::NotFound);
    }
    let come: Vec<PaperId> = form.all("paper").filter_map(|id| id.parse().ok()).collect();
    let (note, list) = (form.get("note").unwrap_or_default().to_string(), read.list.id);
    let who = Who::from(&official.viewer);
    let act = official.viewer.act("onestop.receive-papers", list, now).in_office(read.list.to_unit.as_str());
    let done = app.site.db.write(act, async move |tx: &mut Tx| -> Result<(), Problem> {
        super::receive(tx, list, &come, &note, &who, now).await
    });
    match done.await {
        Ok(()) => Ok(Redirect::to(&place.href(&format!("{PATH}/{list}"), &[])).into_response()),
        Err(problem) => Ok(one_page(&app, &official, &place, read, Wrong::of(problem)?)),
    }
}

/// `GET /mot-cua/ban-giao/{id}/in`: the list as a PDF with the places of both signatures.
async fn print(
    State(app): State<App>,
    official: AnyOfficial,
    Path(id): Path<String>,
    Query(query): Query<OfficeQuery>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let place = Place::of(&official, query.post.as_deref())?;
    let read = read_one(&app, &official, &place, &id).await?;
    let brand = &app.site.brand;
    let row = |l: &Line| paper::HandoverRow {
        code: l.code.clone(),
        person: l.applicant_name.clone(),
        paper: l.name.clone(),
        form: kept(&format!("paper_form.{}", l.form), &[]),
        count: u32::try_from(l.count).unwrap_or(1),
        received: if l.state == "sent" {
            String::new()
        } else {
            kept(&format!("line_state.{}", l.state), &[])
        },
    };
    let data = paper::HandoverList {
        office: paper::Office {
            above: None,
            name: read.from.name.clone(),
            place: brand.province.clone(),
            phone: None,
            website: None,
            demo: brand.demo,
        },
        number: read.list.number.clone(),
        date: read.list.made_at.day(),
        giver_unit: read.from.name,
        taker_unit: read.to.name,
        giver: read.giver,
        taker: read.taker,
        rows: read.lines.iter().map(row).collect(),
    };
    let pdf = app.press.print(move || paper::handover_list(&data, now)).await?;
    Ok(([(header::CONTENT_TYPE, "application/pdf")], pdf.bytes).into_response())
}
