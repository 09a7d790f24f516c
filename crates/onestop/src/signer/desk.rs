//! At the counter: `/mot-cua/ho-so/{code}/cung-ky` records that somebody was present and agreed, or signed on
//! paper.

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use base::limits::FILE_SIZE_BYTES_MAX;
use base::number::PersonalNumber;
use db::Tx;
use directory::{AnyOfficial, CounterClerk};
use web::upload::Upload;
use web::{FieldError, Path, Problem};

use super::Record;
use super::words::say;
use crate::App;
use crate::desk::frame;
use crate::dossier::Case;
use crate::filing::uploads;
use crate::office::{Choice, Field, FormPage, Room, Wrong};
use crate::procedure::Procedure;

/// How somebody agrees at a counter.
pub const WAYS: [&str; 2] = ["present", "paper"];
/// The longest name.
const NAME_CHARS_MAX: usize = 200;

/// The routes of this file.
pub fn routes() -> Router<App> {
    let limit = DefaultBodyLimit::max(usize::try_from(FILE_SIZE_BYTES_MAX).unwrap_or(usize::MAX) + 262_144);
    Router::new().route("/mot-cua/ho-so/{code}/cung-ky", get(form).post(record).layer(limit))
}

/// Where the form of a dossier is.
pub fn path(code: &str) -> String {
    format!("{}/cung-ky", frame::dossier(code))
}

async fn read(app: &App, clerk: &CounterClerk, code: &str) -> Result<Room, Problem> {
    let official = AnyOfficial { official: clerk.official.clone(), viewer: clerk.viewer.clone() };
    let counter = clerk.unit().clone();
    let more = async move |_: &mut Tx, case: &Case| -> Result<(), Problem> {
        let here = case.dossier.counter == counter && !case.procedure.signers.is_empty();
        if here { Ok(()) } else { Err(Problem::NotFound) }
    };
    Ok(Room::read(app, &official, Some(&clerk.post.id.to_string()), code, more).await?.0)
}

/// What a clerk enters about one person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    pub key: String,
    pub name: String,
    pub number: String,
    pub way: String,
    /// The clerk has compared card and signature.
    pub compared: bool,
}

/// What is wrong with it, under these names of fields; a paper has its scan, where one is asked for.
pub fn check(typed: &Typed, p: &Procedure, own: &str, scan: Option<bool>) -> Result<String, Vec<FieldError>> {
    let mut errors = Vec::new();
    if !p.signers.iter().any(|s| s.id == typed.key) {
        errors.push(FieldError::new("key", say("fault.key", &[])));
    }
    if typed.name.trim().chars().count() < 2 || typed.name.chars().count() > NAME_CHARS_MAX {
        errors.push(FieldError::new("name", say("fault.name", &[])));
    }
    let number = PersonalNumber::parse(&typed.number).map(|number| number.to_string()).unwrap_or_default();
    if number.is_empty() {
        errors.push(FieldError::new("number", crate::words::t("fault.number")));
    } else if number == own {
        errors.push(FieldError::new("number", say("fault.own", &[])));
    }
    if !WAYS.contains(&typed.way.as_str()) {
        errors.push(FieldError::new("way", say("fault.way", &[])));
    }
    if typed.way == "paper" && scan == Some(false) {
        errors.push(FieldError::new("paper", say("fault.paper", &[])));
    }
    if !typed.compared {
        errors.push(FieldError::new("compared", say("fault.compared", &[])));
    }
    if errors.is_empty() { Ok(number) } else { Err(errors) }
}

fn field(name: &str, kind: &'static str, value: &str, choices: Vec<Choice>) -> Field {
    Field {
        optional: name == "paper",
        choices,
        ..Field::labelled(say(&format!("desk.{name}"), &[]), name, kind, value)
    }
}

fn form_page(app: &App, clerk: &CounterClerk, room: &Room, typed: &Typed) -> FormPage {
    let mut page = room.scan_form(app, clerk, "cung-ky", say);
    let roles = room.case.procedure.signers.iter().map(|s| Choice {
        value: s.id.clone(),
        label: s.name.clone(),
        chosen: typed.key == s.id || room.case.procedure.signers.len() == 1,
    });
    let way = |word: &str| Choice {
        value: word.into(),
        label: say(&format!("way.{word}"), &[]),
        chosen: typed.way == word,
    };
    let compared = Choice { value: "1".into(), label: say("desk.compared_yes", &[]), chosen: typed.compared };
    page.fields = vec![
        field("key", "radio", "", roles.collect()),
        field("name", "text", &typed.name, Vec::new()),
        field("number", "text", &typed.number, Vec::new()),
        field("way", "radio", "", WAYS.map(way).to_vec()),
        field("paper", "file", "", Vec::new()),
        field("compared", "checkbox", "", vec![compared]),
    ];
    page
}

/// `GET /mot-cua/ho-so/{code}/cung-ky`.
async fn form(
    State(app): State<App>,
    clerk: CounterClerk,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    let room = read(&app, &clerk, &code).await?;
    crate::dossier::look(&app, &clerk.viewer, "onestop.look", &code, room.now).await;
    Ok(form_page(&app, &clerk, &room, &Typed::default()).answer(Wrong::default()))
}

/// `POST /mot-cua/ho-so/{code}/cung-ky`.
async fn record(
    State(app): State<App>,
    clerk: CounterClerk,
    Path(code): Path<String>,
    mut form: Upload,
) -> Result<Response, Problem> {
    let room = read(&app, &clerk, &code).await?;
    let act = clerk.act("onestop.record-signer", room.case.dossier.id, room.now);
    let scan = uploads::take_first(&app, &act, &mut form).await?;
    let text = |name: &str| form.text(name).unwrap_or_default().to_string();
    let typed = Typed {
        key: text("key"),
        name: text("name"),
        number: text("number"),
        way: text("way"),
        compared: !text("compared").is_empty(),
    };
    let page = form_page(&app, &clerk, &room, &typed);
    let scan = match scan.transpose() {
        Ok(scan) => scan,
        Err(problem) => return Ok(page.answer(Wrong::of(problem)?)),
    };
    let own = room.case.dossier.applicant.number.as_str();
    let number = match check(&typed, &room.case.procedure, own, Some(scan.is_some())) {
        Ok(number) => number,
        Err(errors) => return Ok(page.answer(Wrong::of(Problem::Invalid(errors))?)),
    };
    let record = Record {
        key: typed.key.clone(),
        name: typed.name.trim().to_string(),
        number,
        way: typed.way.clone(),
        paper: scan.map(|scan| (scan.name.clone(), scan.media.to_string(), scan.sha256)),
        office: clerk.unit().as_str().to_string(),
    };
    let role = room.case.procedure.signers.iter().find(|s| s.id == record.key).map(|s| s.name.clone());
    let (dossier, by, now) = (room.case.dossier.clone(), clerk.viewer.account.to_string(), room.now);
    let write = async move |tx: &mut Tx| -> Result<(), Problem> {
        super::record(tx, &dossier, &record, role.as_deref().unwrap_or_default(), &by, now).await
    };
    match app.site.db.write(act, write).await {
        Ok(()) => Ok(Redirect::to(&room.place.dossier(&code, None)).into_response()),
        Err(problem) => Ok(page.answer(Wrong::of(problem)?)),
    }
}
