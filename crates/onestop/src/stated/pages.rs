//! The form by which a clerk states a limit: `/mot-cua/ho-so/{code}/thoi-han`.

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use db::Tx;
use web::{Problem, RawForm};

use super::{Typed, UNITS};
use crate::App;
use crate::answers::words::say;
use crate::desk::frame;
use crate::dossier::{Case, Who};
use crate::office::{Before, Choice, Field, FormPage, Room, Wrong, nothing_more};

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new().route("/mot-cua/ho-so/{code}/thoi-han", get(show).post(send))
}

/// Where the form of a dossier is.
pub fn path(code: &str) -> String {
    format!("{}/thoi-han", frame::dossier(code))
}

impl Typed {
    /// What a form sent.
    pub fn of(form: &RawForm) -> Typed {
        let text = |name: &str| form.get(name).unwrap_or_default().to_string();
        Typed { count: text("limit_count"), unit: text("limit_unit"), source: text("limit_source") }
    }

    /// The three questions, filled.
    pub fn fields(&self) -> Vec<Field> {
        let units = UNITS.map(|unit| Choice {
            value: unit.to_string(),
            label: unit_name(unit),
            chosen: unit == self.unit || (self.unit.is_empty() && unit == UNITS[0]),
        });
        vec![
            Field::labelled(say("limit.count", &[]), "limit_count", "number", &self.count),
            Field {
                choices: units.into(),
                ..Field::labelled(say("limit.unit", &[]), "limit_unit", "select", "")
            },
            Field {
                hint: say("limit.source_hint", &[]),
                ..Field::labelled(say("limit.source", &[]), "limit_source", "text", &self.source)
            },
        ]
    }
}

fn unit_name(unit: &str) -> String {
    match unit {
        "wh" => say("limit.wh", &[]),
        "d" => say("limit.d", &[]),
        _ => say("limit.wd", &[]),
    }
}

fn form_page(at: &Before, room: &Room, typed: &Typed, seen: i64) -> FormPage {
    let action = room.place.href(&path(&room.case.dossier.code), &[]);
    let shell = room.shell(&at.app, &at.official, say("title.limit", &[]));
    let mut page = FormPage::new(shell, &room.place, room.back(), action, say("button.limit", &[]));
    page.meta = room.meta();
    page.lead = vec![say("lead.limit", &[])];
    page.hidden = vec![("seen".into(), seen.to_string())];
    page.fields = typed.fields();
    page
}

/// `GET /mot-cua/ho-so/{code}/thoi-han`.
async fn show(at: Before) -> Result<Response, Problem> {
    let (room, ()) = at.look(nothing_more).await?;
    if !super::may_state(&room.case) {
        return Ok(room.leave());
    }
    let seen = room.case.dossier.version;
    Ok(form_page(&at, &room, &Typed::default(), seen).answer(Wrong::default()))
}

/// `POST /mot-cua/ho-so/{code}/thoi-han`.
async fn send(at: Before, form: RawForm) -> Result<Response, Problem> {
    let (room, ()) = at.read(nothing_more).await?;
    let typed = Typed::of(&form);
    let seen: Option<i64> = form.get("seen").and_then(|seen| seen.parse().ok());
    let seen = seen.ok_or_else(|| Problem::Malformed("no version was seen".into()))?;
    let keep = typed.clone();
    let work = async move |tx: &mut Tx, case: &mut Case, _: &Who| {
        if case.dossier.version != seen {
            return Err(Problem::Stale);
        }
        super::state(tx, case, &keep).await
    };
    match room.write(&at.app, room.act(&at.official, "onestop.state-limit"), work).await {
        Ok(()) => Ok(room.leave()),
        Err(problem) => {
            let wrong = Wrong::of(problem)?;
            let fresh = room.case.dossier.version;
            Ok(form_page(&at, &room, &typed, fresh).answer(wrong))
        }
    }
}
