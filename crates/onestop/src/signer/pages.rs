//! `/cung-ky`: what somebody is asked to agree to, read and answered; and on a draft, who is wanted and how
//! they stand.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::{Instant, format};
use db::Tx;
use db::blobs::Hash;
use directory::Citizen;
use serde::Deserialize;
use web::filters::masked_text;
use web::page::NoticeKind;
use web::{FieldError, Path, Problem, Query, RawForm, Shell, page};

use super::rules::Standing;
use super::store::{self, Signing};
use super::words::say;
use super::{Reading, TEXT_VERSION, Word, content};
use crate::App;
use crate::dossier::{self, Case, DossierId};
use crate::filing::pages::{about, declared};
use crate::filing::sniff::Kind;
use crate::filters;
use crate::helper::{OnDraft, Own};

/// Where people find what they are asked to agree to.
pub const PATH: &str = "/cung-ky";

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/cung-ky", get(list))
        .route("/cung-ky/{id}", get(show).post(answer))
        .route("/cung-ky/{id}/rut", post(withdraw))
        .route("/cung-ky/{id}/tep/{file}", get(file))
        .route("/nop-ho-so/ban-nhap/{draft}/cung-ky", get(table).post(ask))
        .route("/nop-ho-so/ban-nhap/{draft}/cung-ky/{id}/thoi", post(take_back))
}

/// What has been done, as the end of a key of `done`.
#[derive(Deserialize, Default)]
#[serde(default)]
struct DoneQuery {
    bao: String,
}

const DONE: [&str; 5] = ["dong-y", "khong", "rut", "moi", "thoi"];

fn noticed(shell: Shell, done: &str) -> Shell {
    if DONE.contains(&done) {
        shell.notice(NoticeKind::Done, say(&format!("done.{done}"), &[]))
    } else {
        shell
    }
}

/// One thing that somebody is asked, or has answered.
struct Line {
    id: String,
    /// The procedure, and the dossier's code once there is one.
    about: String,
    role: String,
    standing: String,
    asked_at: Instant,
    until: String,
    /// It can be read and answered.
    open: bool,
    /// Agreed, and not filed yet.
    can_withdraw: bool,
    /// Where anybody may follow it, once it is filed.
    tracking: String,
}

#[derive(Template)]
#[template(path = "signer/list.html")]
struct ListPage {
    shell: Shell,
    confirmed: bool,
    open: Vec<Line>,
    rest: Vec<Line>,
}

async fn line(tx: &mut Tx, app: &App, row: &Signing, now: Instant) -> Result<Line, Problem> {
    let (mut about, mut code) = (say("list.gone", &[]), String::new());
    let filed = row.dossier.as_deref().and_then(|id| id.parse::<DossierId>().ok());
    if let Some(id) = filed {
        let d = dossier::store::get(tx, id).await?;
        about = app.catalogue.version(&d.procedure)?.name.clone();
        code = d.code;
    } else if let Some(draft) = &row.draft
        && let Some((_, version)) = store::find_draft(tx, draft).await?
    {
        about = app.catalogue.version(&version)?.name.clone();
    }
    // What the draft declares now is told where it is read; here an agreement is taken at its word.
    let content = row.content_sha256.unwrap_or_else(|| Hash::of(b""));
    let standing = row.standing(&content, now);
    let standing =
        if filed.is_some() && row.agreed() && row.ended_at.is_none() { Standing::Agreed } else { standing };
    let here = filed.is_none() && row.ended_at.is_none();
    Ok(Line {
        id: row.id.clone(),
        about,
        role: row.role.clone(),
        standing: match filed.is_some() {
            true if standing != Standing::Agreed => say("standing.unanswered", &[]),
            _ => say(&format!("standing.{}", standing.word()), &[]),
        },
        asked_at: row.asked_at,
        until: format::date_vn(row.until_at.plus_minutes(-1).day()),
        open: here && standing == Standing::Asked,
        can_withdraw: here && standing == Standing::Agreed,
        tracking: if code.is_empty() { code } else { format!("/tra-cuu?ma={code}") },
    })
}

/// `GET /cung-ky`.
async fn list(
    State(app): State<App>,
    citizen: Citizen,
    Query(query): Query<DoneQuery>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let (reading, me) = (app.clone(), citizen.person.clone());
    let confirmed = me.confirmed_at.is_some();
    let read = async move |tx: &mut Tx| -> Result<Vec<Line>, Problem> {
        let number = me.personal_number.as_deref().filter(|_| confirmed);
        let mut lines = Vec::new();
        for row in store::list_of_person(tx, &me.account.to_string(), number).await? {
            lines.push(line(tx, &reading, &row, now).await?);
        }
        Ok(lines)
    };
    let lines = app.site.db.read(read).await?;
    let (open, rest) = lines.into_iter().partition(|line| line.open);
    let shell = citizen.viewer.citizen_shell(&app.site, say("list.title", &[])).active("/ho-so-cua-toi");
    Ok(page::html(ListPage { shell: noticed(shell, &query.bao), confirmed, open, rest }))
}

/// A paper of the declaration.
struct Paper {
    name: String,
    /// Name, kind and size, address, and hash of each file.
    files: Vec<(String, String, String, String)>,
    by_form: bool,
}

#[derive(Template)]
#[template(path = "signer/read.html")]
struct ReadPage {
    shell: Shell,
    id: String,
    procedure: String,
    owner: String,
    owner_number: String,
    role: String,
    until: String,
    groups: Vec<declared::Group>,
    papers: Vec<Paper>,
    sha256: String,
    text: String,
    /// It may be answered now.
    asked: bool,
    /// It was agreed to, and may be taken back.
    agreed_at: Option<Instant>,
    /// The draft has faults just now, so that it cannot be agreed to.
    unfinished: bool,
    /// An earlier agreement was made void by a change.
    again: bool,
    /// The page that was answered showed other content.
    stale: bool,
    errors: Vec<FieldError>,
    summary: String,
    ticked: bool,
    reason: String,
}

impl ReadPage {
    fn error(&self, field: &str) -> String {
        FieldError::of(&self.errors, field)
    }
}

async fn reading(app: &App, citizen: &Citizen, id: &str) -> Result<(Reading, bool), Problem> {
    let now = app.site.clock.now();
    let (catalogue, me, id) = (app.catalogue.clone(), citizen.person.clone(), id.to_string());
    let read = async move |tx: &mut Tx| -> Result<(Reading, bool), Problem> {
        let reading = super::read(tx, &catalogue, &me, &id, now).await?;
        let before = match &reading.row.again {
            Some(before) => {
                store::find(tx, before).await?.is_some_and(|b| b.ended_why.as_deref() == Some("changed"))
            }
            None => false,
        };
        Ok((reading, before))
    };
    app.site.db.read(read).await
}

fn read_page(app: &App, citizen: &Citizen, (reading, again): (Reading, bool), word: &Word) -> ReadPage {
    let Reading { row, owner, draft, content, standing } = reading;
    let title = say("read.title", &[("name", &draft.procedure.name)]);
    let files = |component: &str| {
        let of = draft.uploads.iter().filter(move |u| u.component.as_deref() == Some(component));
        let of = of.filter(|u| content.papers.contains(&(component.to_string(), u.sha256)));
        of.map(|u| {
            let href = format!("{PATH}/{}/tep/{}", row.id, u.id);
            (u.name.clone(), about(&u.media, u.size.unsigned_abs()), href, u.sha256.to_string())
        })
        .collect()
    };
    let papers = draft.procedure.components_for(&content.answers).into_iter();
    ReadPage {
        shell: citizen.viewer.citizen_shell(&app.site, title).active("/ho-so-cua-toi"),
        papers: papers
            .map(|c| Paper { name: c.name.clone(), files: files(&c.id), by_form: c.by_form })
            .collect(),
        id: row.id,
        procedure: draft.procedure.name.clone(),
        owner: owner.name,
        owner_number: masked_text(owner.personal_number.as_deref().unwrap_or_default()),
        role: row.role,
        until: format::date_vn(row.until_at.plus_minutes(-1).day()),
        groups: declared::groups(&draft.procedure, &content.answers),
        sha256: content.sha256.to_string(),
        text: say(&format!("consent.text_{TEXT_VERSION}"), &[]),
        asked: standing == Standing::Asked,
        agreed_at: row.answered_at.filter(|_| standing == Standing::Agreed),
        unfinished: !content.faults.is_empty(),
        again,
        stale: false,
        errors: Vec::new(),
        summary: String::new(),
        ticked: word.ticked,
        reason: word.reason.clone(),
    }
}

fn no_word() -> Word {
    Word { agrees: false, ticked: false, reason: String::new(), seen: String::new() }
}

/// `GET /cung-ky/{id}`: exactly what is declared now.
async fn show(State(app): State<App>, citizen: Citizen, Path(id): Path<String>) -> Result<Response, Problem> {
    let read = reading(&app, &citizen, &id).await?;
    dossier::look(&app, &citizen.viewer, "onestop.look-declaration", &id, app.site.clock.now()).await;
    Ok(page::html(read_page(&app, &citizen, read, &no_word())))
}

/// `POST /cung-ky/{id}`: agrees, or says why not.
async fn answer(
    State(app): State<App>,
    citizen: Citizen,
    Path(id): Path<String>,
    form: RawForm,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let text = |name: &str| form.get(name).unwrap_or_default().to_string();
    let word = Word {
        agrees: form.get("lam") != Some("khong"),
        ticked: form.get("agreed").is_some(),
        reason: text("reason"),
        seen: text("seen"),
    };
    let act = citizen.act(if word.agrees { "onestop.agree" } else { "onestop.not-agree" }, &id, now);
    let (catalogue, me, asked, said) =
        (app.catalogue.clone(), citizen.person.clone(), id.clone(), word.clone());
    let write = async move |tx: &mut Tx| super::answer(tx, &catalogue, &me, &asked, &said, now).await;
    let problem = match app.site.db.write(act, write).await {
        Ok(()) => {
            let done = if word.agrees { "dong-y" } else { "khong" };
            return Ok(Redirect::to(&format!("{PATH}?bao={done}")).into_response());
        }
        Err(problem) => problem,
    };
    let mut page = read_page(&app, &citizen, reading(&app, &citizen, &id).await?, &word);
    let status = problem.status();
    match problem {
        Problem::Invalid(errors) => page.errors = errors,
        Problem::Refused(message) => page.errors = vec![FieldError::new("noi-dung", message.outside)],
        Problem::Stale => {
            page.stale = true;
            // What was ticked was said of other content.
            page.ticked = false;
        }
        other => return Err(other),
    }
    if !page.errors.is_empty() {
        page.summary = say("read.summary", &[("n", &page.errors.len().to_string())]);
    }
    page.shell.has_errors = true;
    Ok(page::html_with(status, page))
}

/// `POST /cung-ky/{id}/rut`: takes an agreement back.
async fn withdraw(
    State(app): State<App>,
    citizen: Citizen,
    Path(id): Path<String>,
    form: RawForm,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let reason = form.get("reason").unwrap_or_default().to_string();
    let me = citizen.person.clone();
    let act = citizen.act("onestop.withdraw-agreement", &id, now);
    let write = async move |tx: &mut Tx| super::withdraw(tx, &me, &id, &reason, now).await;
    app.site.db.write(act, write).await?;
    Ok(Redirect::to(&format!("{PATH}?bao=rut")).into_response())
}

/// `GET /cung-ky/{id}/tep/{file}`: a paper of the declaration.
async fn file(
    State(app): State<App>,
    citizen: Citizen,
    Path((id, file)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (reading, _) = reading(&app, &citizen, &id).await?;
    let part = |u: &&crate::filing::store::UploadRow| {
        let component = u.component.clone().unwrap_or_default();
        u.id == file && reading.content.papers.contains(&(component, u.sha256))
    };
    let found = reading.draft.uploads.iter().find(part).ok_or(Problem::NotFound)?;
    let bytes = app.site.blobs.get_kept(&found.sha256).await?;
    dossier::look(&app, &citizen.viewer, "onestop.look-file", &id, app.site.clock.now()).await;
    Ok(dossier::files::answer(bytes, &found.media, &found.name, found.media != Kind::Docx.media()))
}

/// Somebody who is wanted, as the draft's page shows them.
pub struct Wanted {
    pub id: String,
    pub role: String,
    pub name: String,
    pub number: String,
    pub required: bool,
    pub standing: String,
    /// Of what kind the mark is: `ok`, `wait`, `no`.
    pub class: &'static str,
    pub until: String,
    pub reason: String,
    pub can_take_back: bool,
}

#[derive(Template)]
#[template(path = "signer/table.html")]
struct TablePage {
    shell: Shell,
    back: String,
    action: String,
    procedure: String,
    wanted: Vec<Wanted>,
    /// What keeps anybody from being asked.
    unfinished: bool,
    can_ask: bool,
    error: String,
}

/// Those who are wanted for a draft.
fn wanted(table: &super::Table) -> Vec<Wanted> {
    let one = |(wanted, standing, row): &(crate::procedure::signers::Wanted, Standing, Option<Signing>)| {
        let row = row.as_ref();
        let number = wanted.number.as_deref().map(masked_text).unwrap_or_default();
        Wanted {
            id: row.map(|row| row.id.clone()).unwrap_or_default(),
            role: wanted.role.clone(),
            name: wanted.person.clone(),
            number,
            required: wanted.required,
            standing: say(&format!("standing.{}", standing.word()), &[]),
            class: match standing {
                Standing::Agreed => "ok",
                Standing::Asked => "wait",
                _ => "no",
            },
            until: match standing {
                Standing::Asked | Standing::Agreed => {
                    row.map(|row| format::date_vn(row.until_at.plus_minutes(-1).day())).unwrap_or_default()
                }
                _ => String::new(),
            },
            reason: row.and_then(|row| row.reason.clone()).unwrap_or_default(),
            can_take_back: row.is_some_and(|row| row.ended_at.is_none()) && *standing != Standing::Over,
        }
    };
    table.lines.iter().map(one).collect()
}

async fn table_page(app: &App, at: &OnDraft<Own>, error: String) -> Result<TablePage, Problem> {
    let now = app.site.clock.now();
    let (catalogue, held) = (app.catalogue.clone(), at.clone());
    let read = async move |tx: &mut Tx| -> Result<super::Table, Problem> {
        let account = held.owner_in(tx, now).await?;
        let draft = crate::filing::draft::get(tx, &catalogue, &held.draft, &account).await?;
        if draft.row.dossier.is_some() || draft.procedure.signers.is_empty() {
            return Err(Problem::NotFound);
        }
        super::table(tx, draft, &held.owner, now).await
    };
    let table = app.site.db.read(read).await?;
    let back = format!("/nop-ho-so/ban-nhap/{}", at.draft);
    let mut shell = at.viewer.citizen_shell(&app.site, say("table.title", &[])).active("/thu-tuc");
    shell.has_errors = !error.is_empty();
    let may = |(wanted, standing, _): &(crate::procedure::signers::Wanted, Standing, Option<Signing>)| {
        standing.may_ask() && wanted.number.is_some()
    };
    Ok(TablePage {
        shell,
        action: format!("{back}/cung-ky"),
        back: format!("{back}/kiem-tra"),
        procedure: table.draft.procedure.name.clone(),
        wanted: wanted(&table),
        unfinished: !table.content.faults.is_empty(),
        can_ask: table.content.faults.is_empty() && table.lines.iter().any(may),
        error,
    })
}

/// `GET …/cung-ky`: who is wanted for this draft.
async fn table(
    State(app): State<App>,
    at: OnDraft<Own>,
    Query(query): Query<DoneQuery>,
) -> Result<Response, Problem> {
    let mut page = table_page(&app, &at, String::new()).await?;
    page.shell = noticed(page.shell, &query.bao);
    Ok(page::html(page))
}

/// `POST …/cung-ky`: asks all who may be asked.
async fn ask(State(app): State<App>, at: OnDraft<Own>, _: RawForm) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let act = at.act("onestop.ask-signers", now);
    let (catalogue, held) = (app.catalogue.clone(), at.clone());
    let write = async move |tx: &mut Tx| -> Result<usize, Problem> {
        held.owner_in(tx, now).await?;
        super::ask(tx, &catalogue, &held.draft, &held.owner, now).await
    };
    match app.site.db.write(act, write).await {
        Ok(_) => Ok(see_table(&at, "moi")),
        Err(Problem::Refused(message)) => {
            let page = table_page(&app, &at, message.outside).await?;
            Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, page))
        }
        Err(other) => Err(other),
    }
}

fn see_table(at: &OnDraft<Own>, done: &str) -> Response {
    Redirect::to(&format!("/nop-ho-so/ban-nhap/{}/cung-ky?bao={done}", at.draft)).into_response()
}

/// `POST …/cung-ky/{id}/thoi`: goes on without somebody.
async fn take_back(
    State(app): State<App>,
    at: OnDraft<Own>,
    Path((_, id)): Path<(String, String)>,
    _: RawForm,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let act = at.act("onestop.recall-signer", now);
    let held = at.clone();
    let write = async move |tx: &mut Tx| -> Result<(), Problem> {
        let account = held.owner_in(tx, now).await?;
        super::take_back(tx, &held.draft, &id, &account, now).await
    };
    app.site.db.write(act, write).await?;
    Ok(see_table(&at, "thoi"))
}

/// Those who are wanted for the draft, for the page before filing, with what they keep it from.
pub async fn beside(
    tx: &mut Tx,
    draft: &crate::filing::draft::Draft,
    owner: &directory::Person,
    now: Instant,
) -> Result<(Vec<Wanted>, Vec<crate::refusal::Fault>), Problem> {
    if draft.procedure.signers.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let table = super::table(tx, draft.clone(), owner, now).await?;
    Ok((wanted(&table), super::faults(&table)))
}

/// Somebody who agreed, as the dossier's page tells it.
pub struct Told {
    pub role: String,
    pub name: String,
    pub number: String,
    pub at: Instant,
    /// How: on the portal, present at the counter, on paper.
    pub way: String,
    pub sha256: String,
    /// What was agreed to is what was filed.
    pub same: bool,
}

/// What the page of a dossier says of those who agreed.
#[derive(Default)]
pub struct Panel {
    pub told: Vec<Told>,
    /// Who is still missing, in words.
    pub missing: String,
    /// The clerk's form; empty where the viewer may not record.
    pub record: String,
}

impl Panel {
    /// Whether there is anything to show.
    pub fn is_empty(&self) -> bool {
        self.told.is_empty() && self.missing.is_empty() && self.record.is_empty()
    }
}

/// Those who agreed to this dossier; `record` is the address of the form that records one.
pub async fn panel(tx: &mut Tx, case: &Case, record: String) -> Result<Panel, Problem> {
    if case.procedure.signers.is_empty() {
        return Ok(Panel::default());
    }
    let [now, filed] = content::of_dossier(tx, &case.dossier).await?;
    let rows = store::list_of_dossier(tx, case.dossier.id).await?;
    let mut told = Vec::new();
    for row in rows {
        told.push(Told {
            number: masked_text(&row.invitee),
            at: row.answered_at.unwrap_or(row.asked_at),
            way: say(&format!("way.{}", row.way.as_deref().unwrap_or("online")), &[]),
            sha256: row.content_sha256.map(|hash| hash.to_string()).unwrap_or_default(),
            // Whoever signed the paper signed what was typed from it later; whoever read it online did not.
            same: row.content_sha256 == Some(if row.office.is_some() { filed.sha256 } else { now.sha256 }),
            // Who signed in goes before what the applicant wrote of them.
            name: match row.signer.as_deref().and_then(|id| id.parse().ok()) {
                Some(id) => directory::person(tx, id).await?.name,
                None => row.name,
            },
            role: row.role,
        });
    }
    let missing = super::missing(tx, case).await?.join("; ");
    Ok(Panel { told, missing, record })
}
