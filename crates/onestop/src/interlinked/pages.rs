//! The parts of an interlinked dossier on its pages, and the form by which officials write down how a part
//! ended that gives no result of its own.

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use base::{Calendar, Instant};
use db::Tx;
use directory::UnitId;
use web::due::{Pill, due_pill, held_pill};
use web::{Path, Problem, RawForm};

use super::rules::{self, Part};
use super::words::say;
use super::{Row, Word};
use crate::App;
use crate::desk::frame::{self, Place};
use crate::dossier::rules::Status;
use crate::dossier::{Case, DossierId, Who, store};
use crate::office::{Before, Choice, Field, FormPage, Room, Wrong};

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new().route("/mot-cua/ho-so/{code}/lien-thong/{part}", get(form).post(face))
}

/// One part, ready to print.
pub struct PartLine {
    pub name: String,
    pub agency: String,
    /// The code of its dossier; "" while it has none.
    pub code: String,
    pub state: String,
    pub class: &'static str,
    /// Its own clock, while it runs or stands.
    pub pill: Option<Pill>,
    pub due: Option<Instant>,
    /// What the officials said of it.
    pub word: String,
    /// What the citizen is asked for, while papers are waited for.
    pub asked: String,
    /// Where its result is; "" while there is none.
    pub result: String,
    /// Where its dossier is, for officials.
    pub href: String,
    /// Where its end is written down, for those who may; otherwise "".
    pub face: String,
}

/// The parts of a dossier; none where it is not interlinked.
pub async fn lines(tx: &mut Tx, case: &Case, place: Option<&Place>) -> Result<Vec<PartLine>, Problem> {
    if !case.procedure.run_children {
        return Ok(Vec::new());
    }
    let rows = super::parts(tx, case.dossier.id).await?;
    let links = super::links(&case.procedure, &rows);
    let barred = rules::barred(&links);
    let mut lines = Vec::new();
    for row in &rows {
        let Some(child) = case.procedure.children.iter().find(|c| c.id == row.part) else { continue };
        let status = row.status.and_then(Status::from_number);
        let part = row.stands();
        let asked = match (status, row.dossier) {
            (Some(Status::Supplementing), Some(id)) => {
                let log = store::list_history(tx, id).await?;
                log.into_iter().rev().find(|h| h.verb == "ask_supplement").map(|h| h.note).unwrap_or_default()
            }
            _ => String::new(),
        };
        let agency = match &row.agency {
            Some(id) => directory::get_unit(tx, &UnitId::from(id.as_str())).await?.name,
            None => child.agency.clone(),
        };
        let code = row.code.clone().unwrap_or_default();
        let open = place.is_some() && super::may_face(case);
        let faced = open && rules::may_be_faced(part, barred.contains(&row.part.as_str()));
        lines.push(PartLine {
            name: child.name.clone(),
            agency,
            state: state(part, status),
            class: class(part, status),
            pill: pill(row, status, &case.calendar, case.now),
            due: row.due_at.filter(|_| part == Part::Running),
            word: row.word.clone(),
            asked,
            result: match row.decided {
                // The citizen sees it once it may leave; officials at any time.
                Some(_) if place.is_some() || may_leave(tx, row.dossier).await? => {
                    format!("/ho-so/{code}/giay/result")
                }
                _ => String::new(),
            },
            href: match place {
                Some(place) if !code.is_empty() => place.dossier(&code, None),
                _ => String::new(),
            },
            face: match place {
                Some(place) if faced => place.href(&path(&case.dossier.code, &row.part), &[]),
                _ => String::new(),
            },
            code,
        });
    }
    Ok(lines)
}

async fn may_leave(tx: &mut Tx, child: Option<DossierId>) -> Result<bool, Problem> {
    let Some(child) = child else { return Ok(false) };
    Ok(crate::signing::leave::standing_now(tx, child).await?.is_some_and(|s| s.may_leave()))
}

fn path(code: &str, part: &str) -> String {
    format!("{}/lien-thong/{part}", frame::dossier(code))
}

/// A child under way says its shared status; the others how they stand for the parent.
fn state(part: Part, status: Option<Status>) -> String {
    match (part, status) {
        (Part::Running, Some(status)) => crate::words::status(status),
        _ => say(&format!("part.{}", part.word()), &[]),
    }
}

fn class(part: Part, status: Option<Status>) -> &'static str {
    match part {
        Part::Granted => "is-done",
        Part::Failed | Part::Faced => "is-hold",
        Part::Running if status == Some(Status::Supplementing) => "is-hold",
        _ => "",
    }
}

fn pill(row: &Row, status: Option<Status>, calendar: &Calendar, now: Instant) -> Option<Pill> {
    match (status?, row.deadline) {
        (Status::Supplementing | Status::AwaitingFee, _) => Some(held_pill()),
        (_, Some(deadline)) => Some(due_pill(now, deadline, calendar)),
        _ => None,
    }
}

/// A child's officials read whose part it is, and where the whole dossier lies.
pub fn parent_line(case: &Case, place: &Place) -> Option<(String, String)> {
    let outer = case.outer.as_ref()?;
    Some((say("linked.of_parent", &[("code", &outer.code)]), place.dossier(&outer.code, None)))
}

/// The part of the address, as it stands, if its end may be written down now.
async fn part_of(tx: &mut Tx, case: &Case, part: &str) -> Result<(String, Part), Problem> {
    let rows = super::parts(tx, case.dossier.id).await?;
    let row = rows.iter().find(|row| row.part == part).ok_or(Problem::NotFound)?;
    Ok((super::name(&case.procedure, part).to_string(), row.stands()))
}

fn page(at: &Before, room: &Room, part: &str, named: &(String, Part), word: &Word) -> FormPage {
    let code = &room.case.dossier.code;
    let shell = room.shell(&at.app, &at.official, say("linked.face_title", &[("name", &named.0)]));
    let action = room.place.href(&path(code, part), &[]);
    let mut page = FormPage::new(shell, &room.place, room.back(), action, say("linked.save", &[]));
    page.meta = room.meta();
    let text = Field {
        label: say("linked.word", &[]),
        hint: say("linked.word_hint", &[]),
        name: "word".into(),
        kind: "textarea",
        value: word.text.clone(),
        optional: false,
        choices: Vec::new(),
        error: String::new(),
    };
    if named.1 == Part::ByHand {
        page.lead = vec![say("linked.face_by_hand", &[])];
        let choice = |value: &str, chosen| Choice {
            value: value.into(),
            label: say(if value == "granted" { "linked.granted" } else { "linked.failed" }, &[]),
            chosen,
        };
        let choices = vec![choice("granted", word.granted), choice("failed", !word.granted)];
        let label = say("linked.outcome", &[]);
        let (name, kind, hint, value) = ("outcome".to_string(), "radio", String::new(), String::new());
        page.fields.push(Field {
            label,
            hint,
            name,
            kind,
            value,
            optional: false,
            choices,
            error: String::new(),
        });
    } else {
        page.lead = vec![say("linked.face_lost", &[])];
    }
    page.fields.push(text);
    page
}

/// `GET /mot-cua/ho-so/{code}/lien-thong/{part}`.
async fn form(at: Before, Path((_, part)): Path<(String, String)>) -> Result<Response, Problem> {
    let asked = part.clone();
    let found = async move |tx: &mut Tx, case: &Case| part_of(tx, case, &asked).await;
    let (room, named) = at.look(found).await?;
    let word = Word { granted: true, ..Word::default() };
    Ok(page(&at, &room, &part, &named, &word).answer(Wrong::default()))
}

/// `POST /mot-cua/ho-so/{code}/lien-thong/{part}`.
async fn face(
    at: Before,
    Path((_, part)): Path<(String, String)>,
    form: RawForm,
) -> Result<Response, Problem> {
    let word = Word {
        granted: form.get("outcome") == Some("granted"),
        text: form.get("word").unwrap_or_default().to_string(),
    };
    let asked = part.clone();
    let found = async move |tx: &mut Tx, case: &Case| part_of(tx, case, &asked).await;
    let (room, named) = at.read(found).await?;
    let (id, said) = (part.clone(), word.clone());
    let work =
        async move |tx: &mut Tx, case: &mut Case, who: &Who| super::face(tx, case, &id, &said, who).await;
    match room.write(&at.app, room.act(&at.official, "onestop.face-part"), work).await {
        Ok(()) => Ok(room.leave()),
        Err(problem) => Ok(page(&at, &room, &part, &named, &word).answer(Wrong::of(problem)?)),
    }
}
