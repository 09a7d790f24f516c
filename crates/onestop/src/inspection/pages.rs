//! The forms of a visit or a council, below the dossier they belong to.

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::Response;
use axum::routing::{get, post};
use base::limits::FILE_SIZE_BYTES_MAX;
use base::{Instant, format};
use db::Tx;
use directory::AnyOfficial;
use web::upload::Upload;
use web::{Path, Problem, Query, RawForm};

use super::{COMPONENT, Inspection, InspectionId, Minutes, OUTCOMES, Plan};
use crate::App;
use crate::desk::frame::{self, Place};
use crate::dossier::{Case, StoredFile, Who};
use crate::filing::uploads;
use crate::office::{Before, Choice, Field, FormPage, OfficeQuery, Room, Wrong, day};
use crate::procedure::model::Record;
use crate::words_office::say;

/// The routes of this file.
pub fn routes() -> Router<App> {
    let limit = DefaultBodyLimit::max(usize::try_from(FILE_SIZE_BYTES_MAX).unwrap_or(usize::MAX) + 262_144);
    Router::new()
        .route("/mot-cua/ho-so/{code}/kiem-tra", get(form).post(plan))
        .route("/mot-cua/ho-so/{code}/kiem-tra/{id}", get(minutes).post(hold).layer(limit))
        .route("/mot-cua/ho-so/{code}/kiem-tra/{id}/huy", post(cancel))
}

fn path(code: &str) -> String {
    format!("{}/kiem-tra", frame::dossier(code))
}

/// What the procedure wants at the present step, if it does.
fn wanted(case: &Case) -> Option<Record> {
    case.dossier.state.stage().and_then(|id| case.procedure.step(id)).and_then(|s| s.record)
}

fn plan_page(at: &Before, room: &Room, p: &Plan, day: &str, hour: &str) -> FormPage {
    let shell = room.shell(&at.app, &at.official, say("inspection.plan", &[]));
    let action = room.place.href(&path(&room.case.dossier.code), &[]);
    let mut page = FormPage::new(shell, &room.place, room.back(), action, say("inspection.plan", &[]));
    let stage = room.case.dossier.state.stage().and_then(|id| room.case.procedure.step(id));
    let own = stage.and_then(|s| s.limit).map(|l| l.to_string());
    let usual =
        if p.limit.is_empty() { own.clone().unwrap_or_else(|| "5wd".into()) } else { p.limit.clone() };
    let mut limits: Vec<String> = crate::opinion::LIMITS.iter().map(|l| l.to_string()).collect();
    if !limits.contains(&usual) {
        limits.insert(0, usual.clone());
    }
    let limit = |text: String| Choice {
        label: crate::view::limit(text.parse().ok()),
        chosen: text == usual,
        value: text,
    };
    let kind = |r: Record| Choice {
        value: r.word().to_string(),
        label: say(&format!("inspection_kind.{}", r.word()), &[]),
        chosen: p.kind == r.word() || (p.kind.is_empty() && wanted(&room.case) == Some(r)),
    };
    page.meta = room.meta();
    page.lead = vec![say("inspection.explain", &[])];
    page.fields = vec![
        Field::choice("kind", "radio", Record::ALL.into_iter().map(kind).collect()),
        Field::text("day", "date", day),
        Field::text("hour", "time", if hour.is_empty() { "08:00" } else { hour }),
        Field::text("place", "text", p.place.clone()),
        Field::text("people", "textarea", p.people.clone()),
        Field::choice("limit", "select", limits.into_iter().map(limit).collect()),
    ];
    page
}

async fn nothing(_: &mut Tx, _: &Case) -> Result<(), Problem> {
    Ok(())
}

/// `GET /mot-cua/ho-so/{code}/kiem-tra`.
async fn form(at: Before) -> Result<Response, Problem> {
    let (room, ()) = at.look(nothing).await?;
    Ok(plan_page(&at, &room, &Plan::default(), "", "").answer(Wrong::default()))
}

/// The instant of `2026-08-25` and `14:30`.
fn moment(on: &str, hour: &str) -> Option<Instant> {
    let (h, m) = hour.split_once(':')?;
    let (h, m): (u16, u16) = (h.parse().ok()?, m.parse().ok()?);
    (h < 24 && m < 60).then_some(())?;
    Some(day(on)?.at(h * 60 + m))
}

/// `POST /mot-cua/ho-so/{code}/kiem-tra`.
async fn plan(at: Before, form: RawForm) -> Result<Response, Problem> {
    let text = |name: &str| form.get(name).unwrap_or_default().to_string();
    let (on, hour) = (text("day"), text("hour"));
    let planned = Plan {
        kind: text("kind"),
        at: moment(&on, &hour),
        place: text("place"),
        people: text("people"),
        limit: text("limit"),
    };
    let (room, ()) = at.read(nothing).await?;
    let plan = planned.clone();
    let work = async move |tx: &mut Tx, case: &mut Case, who: &Who| {
        super::plan(tx, case, &plan, who).await.map(drop)
    };
    match room.write(&at.app, room.act(&at.official, "onestop.plan-inspection"), work).await {
        Ok(()) => Ok(room.leave()),
        Err(problem) => Ok(plan_page(&at, &room, &planned, &on, &hour).answer(Wrong::of(problem)?)),
    }
}

fn minutes_page(app: &App, official: &AnyOfficial, room: &Room, i: &Inspection, m: &Minutes) -> FormPage {
    let shell = room.shell(app, official, say(&format!("inspection.minutes_{}", i.kind), &[]));
    let action = room.place.href(&format!("{}/{}", path(&room.case.dossier.code), i.id), &[]);
    let mut page = FormPage::new(shell, &room.place, room.back(), action, say("inspection.record", &[]));
    let outcome = |word: &str| Choice {
        value: word.to_string(),
        label: say(&format!("inspection_outcome.{word}"), &[]),
        chosen: m.outcome == word,
    };
    let held = m.held_on.unwrap_or_else(|| i.planned_for.day()).to_string();
    let present = if m.present.is_empty() { i.people.clone() } else { m.present.clone() };
    page.meta = room.meta();
    let (at, due) = (format::time_vn(i.planned_for), format::time_vn(i.due_at));
    page.lead = vec![say("inspection.planned", &[("at", &at), ("place", &i.place), ("due", &due)])];
    page.fields = vec![
        Field::text("held_on", "date", held),
        Field::text("present", "textarea", present),
        Field::choice("outcome", "radio", OUTCOMES.into_iter().map(outcome).collect()),
        Field::text("conclusion", "textarea", m.conclusion.clone()),
        Field::text("tep", "file", ""),
    ];
    page.multipart = true;
    page
}

async fn planned(
    app: &App,
    official: &AnyOfficial,
    post: Option<&str>,
    code: &str,
    id: &str,
) -> Result<(Room, Inspection), Problem> {
    let id: InspectionId = id.parse().map_err(|_| Problem::NotFound)?;
    let found = async move |tx: &mut Tx, case: &Case| {
        super::find(tx, case.dossier.id, id).await?.ok_or(Problem::NotFound)
    };
    Room::read(app, official, post, code, found).await
}

/// `GET /mot-cua/ho-so/{code}/kiem-tra/{id}`: the form of the minutes.
async fn minutes(
    State(app): State<App>,
    official: AnyOfficial,
    Path((code, id)): Path<(String, String)>,
    Query(query): Query<OfficeQuery>,
) -> Result<Response, Problem> {
    let (room, i) = planned(&app, &official, query.post.as_deref(), &code, &id).await?;
    crate::dossier::look(&app, &official.viewer, "onestop.look", &code, room.now).await;
    if i.state != "planned" {
        return Ok(room.leave());
    }
    Ok(minutes_page(&app, &official, &room, &i, &Minutes::default()).answer(Wrong::default()))
}

/// `POST /mot-cua/ho-so/{code}/kiem-tra/{id}`: what came of it, with the minutes as a file.
async fn hold(
    State(app): State<App>,
    official: AnyOfficial,
    Path((code, id)): Path<(String, String)>,
    Query(query): Query<OfficeQuery>,
    mut form: Upload,
) -> Result<Response, Problem> {
    let (room, i) = planned(&app, &official, query.post.as_deref(), &code, &id).await?;
    let act = room.act(&official, "onestop.hold-inspection");
    let file = match form.next_file(FILE_SIZE_BYTES_MAX).await? {
        Some(part) if !part.file_name.is_empty() => {
            match uploads::take_loose(&app, act.clone(), part).await {
                Ok(taken) => Some(StoredFile {
                    id: base::Id::<super::InspectionKind>::fresh().to_string(),
                    component: COMPONENT.into(),
                    name: taken.name,
                    media: taken.media.to_string(),
                    size: i64::try_from(taken.size).map_err(Problem::fault)?,
                    sha256: taken.sha256,
                    added_at: room.now,
                }),
                Err(problem) => {
                    let wrong = Wrong::of(problem)?;
                    return Ok(minutes_page(&app, &official, &room, &i, &Minutes::default()).answer(wrong));
                }
            }
        }
        _ => None,
    };
    let text = |name: &str| form.text(name).unwrap_or_default().to_string();
    let minutes = Minutes {
        held_on: day(&text("held_on")),
        present: text("present"),
        outcome: text("outcome"),
        conclusion: text("conclusion"),
        file,
    };
    let (id, kept) = (i.id, minutes.clone());
    let work =
        async move |tx: &mut Tx, case: &mut Case, who: &Who| super::hold(tx, case, id, &kept, who).await;
    match room.write(&app, act, work).await {
        Ok(()) => Ok(room.leave()),
        Err(problem) => {
            let wrong = Wrong::of(problem)?;
            Ok(minutes_page(&app, &official, &room, &i, &minutes).answer(wrong))
        }
    }
}

/// `POST /mot-cua/ho-so/{code}/kiem-tra/{id}/huy`.
async fn cancel(
    State(app): State<App>,
    official: AnyOfficial,
    Path((code, id)): Path<(String, String)>,
    Query(query): Query<OfficeQuery>,
    form: RawForm,
) -> Result<Response, Problem> {
    let (room, i) = planned(&app, &official, query.post.as_deref(), &code, &id).await?;
    let why = form.get("note").unwrap_or_default().to_string();
    let id = i.id;
    let work = async move |tx: &mut Tx, case: &mut Case, _: &Who| super::cancel(tx, case, id, &why).await;
    room.write(&app, room.act(&official, "onestop.cancel-inspection"), work).await?;
    Ok(room.leave())
}

/// A visit or a council as the dossier's page shows it.
pub struct Seen {
    pub kind: String,
    pub at: Instant,
    pub place: String,
    pub state: String,
    pub due_at: Instant,
    pub planned: bool,
    pub late: bool,
    pub outcome: String,
    pub conclusion: String,
    pub minutes: String,
    pub href: String,
    pub cancel: String,
}

/// The visits and councils of a dossier, for its page.
pub async fn panel(tx: &mut Tx, place: &Place, case: &Case) -> Result<Vec<Seen>, Problem> {
    let code = &case.dossier.code;
    let mine = crate::opinion::pages::may_ask(case);
    let seen = |i: Inspection| Seen {
        kind: say(&format!("inspection_kind.{}", i.kind), &[]),
        at: i.planned_for,
        state: say(&format!("inspection_state.{}", i.state), &[]),
        due_at: i.due_at,
        planned: i.state == "planned",
        late: i.late || (i.state == "planned" && case.now > i.due_at),
        outcome: i.outcome.map(|o| say(&format!("inspection_outcome.{o}"), &[])).unwrap_or_default(),
        conclusion: i.conclusion,
        minutes: i.minutes.map(|id| format!("/ho-so/{}/tep/{id}", frame::encode(code))).unwrap_or_default(),
        href: if mine { place.href(&format!("{}/{}", path(code), i.id), &[]) } else { String::new() },
        cancel: if mine { place.href(&format!("{}/{}/huy", path(code), i.id), &[]) } else { String::new() },
        place: i.place,
    };
    Ok(super::list(tx, case.dossier.id).await?.into_iter().map(seen).collect())
}
