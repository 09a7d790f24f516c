//! `/mot-cua/ky-so`: results that wait for an official's signature or for a seal they keep.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::Instant;
use db::Tx;
use directory::{AnyOfficial, Role};
use serde::Deserialize;
use trust::mobile::{self, Card};
use trust::signing::pages::seals_kept;
use trust::signing::{Credential, Device, Part, credentials, devices};
use trust::validation::report::Level;
use web::page::NoticeKind;
use web::{Path, Problem, Query, RawForm, Shell, page};

use super::picture::pages as picture;
use super::store::{self, Line};
use super::{Worth, device, phone};
use crate::App;
use crate::desk::frame::{self, Place};
use crate::dossier::{Dossier, DossierId};
use crate::filters;
use crate::words_office::say;

/// Where results are signed.
pub const PATH: &str = "/mot-cua/ky-so";

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/mot-cua/ky-so", get(show).post(send))
        .route("/mot-cua/ky-so/tu-thiet-bi", post(device::pages::take))
        .route("/mot-cua/ky-so/dien-thoai/{id}", get(phone::pages::show).post(phone::pages::send))
        .route("/mot-cua/ky-so/{dossier}/{ordinal}", get(file))
}

/// Who has such a list: leaders, who decide, and records clerks, who seal.
pub fn is_for(role: Role) -> bool {
    matches!(role, Role::Leader | Role::RecordsClerk)
}

/// What the address carries.
#[derive(Deserialize, Default)]
#[serde(default)]
struct PageQuery {
    post: Option<String>,
    /// So many were just signed.
    da: Option<u32>,
}

/// The desk of an official who has one. Records clerks have none, and seal all the same.
fn at_desk(official: &AnyOfficial, post: Option<&str>) -> Result<Option<Place>, Problem> {
    match Place::of(official, post) {
        Ok(place) => Ok(Some(place)),
        Err(_) if official.viewer.posts.iter().any(|post| is_for(post.role)) => Ok(None),
        Err(problem) => Err(problem),
    }
}

fn here(desk: Option<&Place>, pairs: &[(&str, &str)]) -> String {
    match desk {
        Some(place) => place.href(PATH, pairs),
        None => frame::address(PATH, pairs.iter().copied()),
    }
}

/// Everything that waits for one official, and what they sign with.
struct Waiting {
    lines: Vec<Line>,
    credentials: Vec<Credential>,
    /// Certificates in tokens.
    devices: Vec<Device>,
    /// Certificates in SIM cards, where somebody carries requests to them.
    cards: Vec<Card>,
    /// What was sent to the phone and is not over.
    round: Option<phone::RequestId>,
}

/// What somebody signs with.
enum Tool<'a> {
    Key(&'a Credential),
    Token(&'a Device),
    Phone(&'a Card),
}

impl Waiting {
    fn tool(&self, id: &str) -> Option<Tool<'_>> {
        let key = self.credentials.iter().find(|c| c.id == id).map(Tool::Key);
        let token = || self.devices.iter().find(|d| d.id == id).map(Tool::Token);
        key.or_else(token).or_else(|| self.cards.iter().find(|card| card.id == id).map(Tool::Phone))
    }

    /// The chosen results that wait for this part.
    fn chosen(&self, part: Part, results: &[String]) -> Vec<&Line> {
        let part = super::word(part);
        let fits = |l: &&Line| l.part == part && results.contains(&format!("{}:{}", l.dossier, l.ordinal));
        self.lines.iter().filter(fits).collect()
    }
}

async fn read(app: &App, official: &AnyOfficial, now: Instant) -> Result<Waiting, Problem> {
    let (account, seals) = (official.viewer.account, seals_kept(official));
    let has_phones = phone::has_operator(app);
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        let mut lines = store::list(tx, super::word(Part::Person), &account.to_string()).await?;
        for unit in &seals {
            lines.extend(store::list(tx, super::word(Part::Seal), unit.as_str()).await?);
        }
        let devices = devices(tx, &account, &seals, now).await?;
        let cards = if has_phones { mobile::cards(tx, &account, now).await? } else { Vec::new() };
        let round = phone::find_open(tx, &account).await?;
        let credentials = credentials(tx, &account, &seals, now).await?;
        Ok(Waiting { lines, credentials, devices, cards, round })
    };
    app.site.db.read(read).await
}

struct Row {
    /// What the box sends.
    value: String,
    code: String,
    person: String,
    procedure: String,
    number: String,
    part: String,
    since: Instant,
    href: String,
    chosen: bool,
}

struct Choice {
    id: String,
    words: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "signing/list.html")]
struct ListPage {
    shell: Shell,
    action: String,
    post: String,
    rows: Vec<Row>,
    credentials: Vec<Choice>,
    keys: &'static str,
    /// Somebody carries requests to telephones, and this official has no certificate in one.
    lacks_card: bool,
    /// What the phone is asked and is not over.
    round: String,
    /// Where the pictures of signature and seal are.
    pictures: Vec<(String, &'static str)>,
    result_error: String,
    key_error: String,
    pin_error: String,
    message: String,
}

/// What was sent.
#[derive(Default)]
struct Typed {
    results: Vec<String>,
    credential: String,
}

async fn list_page(
    app: &App,
    official: &AnyOfficial,
    post: Option<&str>,
    (waiting, typed): (Waiting, &Typed),
) -> Result<ListPage, Problem> {
    let now = app.site.clock.now();
    let desk = at_desk(official, post)?;
    let shell = match &desk {
        Some(place) => {
            let at = place.clone();
            let counts = app.site.db.read(async move |tx: &mut Tx| frame::counts(tx, &at, now).await).await?;
            frame::shell(app, &official.viewer, place, &counts, say("signing.title", &[]), None)
        }
        None => official.viewer.official_shell(&app.site, say("signing.title", &[])).module(frame::MODULE),
    };
    let is_for_person = waiting.lines.iter().any(|line| line.part == super::word(Part::Person));
    let rows_part = waiting.lines.first().map(|line| line.part.clone());
    let mut rows = Vec::new();
    for line in &waiting.lines {
        let value = format!("{}:{}", line.dossier, line.ordinal);
        rows.push(Row {
            chosen: typed.results.is_empty() || typed.results.contains(&value),
            value,
            href: format!("{PATH}/{}/{}", line.dossier, line.ordinal),
            procedure: app.catalogue.version(&line.procedure)?.name.clone(),
            number: line.full_number(),
            part: say(&format!("signing.{}", line.part), &[]),
            since: line.since,
            code: line.code.clone(),
            person: line.applicant_name.clone(),
        });
    }
    let tools = tools(&waiting, rows_part.as_deref(), &typed.credential);
    Ok(ListPage {
        action: here(desk.as_ref(), &[]),
        post: desk.as_ref().map(crate::office::post_field).unwrap_or_default(),
        shell: shell.active(here(desk.as_ref(), &[])),
        rows,
        credentials: tools,
        keys: trust::signing::pages::HERE,
        lacks_card: is_for_person && phone::has_operator(app) && waiting.cards.is_empty(),
        round: waiting.round.map(phone::pages::href).unwrap_or_default(),
        pictures: pictures(official),
        result_error: String::new(),
        key_error: String::new(),
        pin_error: String::new(),
        message: String::new(),
    })
}

/// What there is to sign with. Chosen is what was `typed`, or else what the part that comes `first` wants.
fn tools(waiting: &Waiting, first: Option<&str>, typed: &str) -> Vec<Choice> {
    let mut tools: Vec<(Part, Choice)> = Vec::new();
    for c in &waiting.credentials {
        let part = say(&format!("signing.{}", super::word(c.part)), &[]);
        let words = format!("{} ({part})", c.holder);
        tools.push((c.part, Choice { words, chosen: false, id: c.id.clone() }));
    }
    for d in &waiting.devices {
        let part = say(&format!("signing.{}", super::word(d.part)), &[]);
        let words = say("signing.in_token", &[("holder", &d.holder), ("part", &part)]);
        tools.push((d.part, Choice { words, chosen: false, id: d.id.clone() }));
    }
    for card in &waiting.cards {
        let number = card.number.spaced();
        let words = say("signing.in_phone", &[("holder", &card.holder), ("number", &number)]);
        tools.push((Part::Person, Choice { words, chosen: false, id: card.id.clone() }));
    }
    // What the first line waits for, unless somebody chose otherwise.
    let wanted = tools.iter().find(|(part, _)| first == Some(super::word(*part)));
    let chosen = match typed {
        "" => wanted.map(|(_, choice)| choice.id.clone()).unwrap_or_default(),
        id => id.to_string(),
    };
    for (_, choice) in &mut tools {
        choice.chosen = choice.id == chosen;
    }
    tools.into_iter().map(|(_, choice)| choice).collect()
}

/// The pictures that this official may bring: their own, and as administrator those of seals.
fn pictures(official: &AnyOfficial) -> Vec<(String, &'static str)> {
    let holds = |role| official.viewer.posts.iter().any(|post| post.role == role);
    let own = (say("signing.own_picture", &[]), picture::OWN);
    let seals = (say("signing.seal_pictures", &[]), picture::SEALS);
    let keeps = holds(Role::UnitAdmin) || holds(Role::Admin);
    std::iter::once(own).chain(keeps.then_some(seals)).collect()
}

/// `GET /mot-cua/ky-so`.
async fn show(
    State(app): State<App>,
    official: AnyOfficial,
    Query(query): Query<PageQuery>,
) -> Result<Response, Problem> {
    let waiting = read(&app, &official, app.site.clock.now()).await?;
    let mut shown = list_page(&app, &official, query.post.as_deref(), (waiting, &Typed::default())).await?;
    if let Some(n) = query.da {
        let words = say("signing.did", &[("n", &n.to_string())]);
        shown.shell = shown.shell.notice(NoticeKind::Done, words);
    }
    Ok(page::html(shown))
}

/// `POST /mot-cua/ky-so`: signs what was chosen, with one PIN.
async fn send(
    State(app): State<App>,
    official: AnyOfficial,
    Query(query): Query<PageQuery>,
    form: RawForm,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let typed = Typed {
        results: form.all("result").map(str::to_string).collect(),
        credential: form.get("credential").unwrap_or_default().to_string(),
    };
    let waiting = read(&app, &official, now).await?;
    let done = match waiting.tool(&typed.credential) {
        None => Err(Problem::field("credential", say("signing.no_key", &[]))),
        Some(Tool::Key(with)) => {
            let tasks = waiting.chosen(with.part, &typed.results).into_iter().map(Line::task).collect();
            super::sign(&app, tasks, with, form.get("pin").unwrap_or_default(), &official.viewer).await
        }
        Some(Tool::Token(with)) => {
            let lines = waiting.chosen(with.part, &typed.results).into_iter().cloned().collect();
            match device::start(&app, lines, with, &official.viewer).await {
                Ok(asked) => {
                    let desk = at_desk(&official, query.post.as_deref())?;
                    let shell = official.viewer.official_shell(&app.site, say("signing.device_title", &[]));
                    return Ok(device::pages::show(shell, here(desk.as_ref(), &[]), asked));
                }
                Err(problem) => Err(problem),
            }
        }
        Some(Tool::Phone(with)) => {
            let lines = waiting.chosen(Part::Person, &typed.results).into_iter().cloned().collect();
            match phone::start(&app, lines, with, &official.viewer).await {
                Ok(round) => return Ok(Redirect::to(&phone::pages::href(round)).into_response()),
                Err(problem) => Err(problem),
            }
        }
    };
    match done {
        Ok(n) => {
            let n = n.to_string();
            let desk = at_desk(&official, query.post.as_deref())?;
            Ok(Redirect::to(&here(desk.as_ref(), &[("da", &n)])).into_response())
        }
        Err(Problem::Invalid(errors)) => {
            let mut shown = list_page(&app, &official, query.post.as_deref(), (waiting, &typed)).await?;
            let said = |name: &str| {
                errors.iter().find(|e| e.field == name).map(|e| e.message.clone()).unwrap_or_default()
            };
            shown.result_error = said("result");
            shown.key_error = said("credential");
            shown.pin_error = said("pin");
            shown.message = say("signing.not_signed", &[]);
            shown.shell = shown.shell.errors();
            Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, shown))
        }
        Err(problem) => Err(problem),
    }
}

/// `GET /mot-cua/ky-so/{dossier}/{ordinal}`: the file that is to be signed, for whoever it waits for.
async fn file(
    State(app): State<App>,
    official: AnyOfficial,
    Path((dossier, ordinal)): Path<(String, i64)>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let dossier: DossierId = dossier.parse().map_err(|_| Problem::NotFound)?;
    let waiting = read(&app, &official, now).await?;
    let line = waiting.lines.iter().find(|l| l.dossier == dossier && l.ordinal == ordinal);
    let code = line.ok_or(Problem::NotFound)?.code.clone();
    let read = async move |tx: &mut Tx| store::find_paper(tx, dossier, ordinal).await;
    let paper = app.site.db.read(read).await?.ok_or(Problem::NotFound)?;
    let bytes = app.site.blobs.get_kept(&paper.sha256).await?;
    crate::dossier::look(&app, &official.viewer, "onestop.look-paper", &code, now).await;
    let name = crate::dossier::files::name(crate::dossier::PaperKind::Result, &code);
    Ok(crate::dossier::files::answer(bytes, "application/pdf", &name, true))
}

/// A signature in a sentence.
pub fn told(s: &store::Signature) -> String {
    let at = base::format::time_vn(s.at);
    say(&format!("signing.by_{}", s.part), &[("holder", &s.holder), ("at", &at)])
}

/// What the newest result of a dossier has and lacks, for officials.
pub async fn state(tx: &mut Tx, dossier: DossierId) -> Result<Vec<String>, Problem> {
    let signatures = store::list_signatures(tx, dossier).await?;
    let mut lines: Vec<String> = signatures.iter().map(told).collect();
    lines.extend(super::leave::lines(tx, dossier).await?);
    if let Some(ordinal) = super::leave::newest_ordinal(tx, dossier).await? {
        let level = super::raise::find(tx, dossier, ordinal).await?;
        lines.extend(level.as_ref().and_then(super::raise::told));
    }
    Ok(lines)
}

/// The files that the newest result of a dossier was before, the oldest first: address, name, since when.
pub async fn versions(tx: &mut Tx, dossier: &Dossier) -> Result<Vec<[String; 3]>, Problem> {
    let Some(ordinal) = super::leave::newest_ordinal(tx, dossier.id).await? else { return Ok(Vec::new()) };
    let mut all = super::keeping::list(tx, dossier.id, ordinal).await?;
    all.pop();
    let code = frame::encode(&dossier.code);
    let told = |version: super::keeping::Version| {
        let (no, at) = (version.no.to_string(), base::format::time_vn(version.at));
        [
            format!("/ho-so/{code}/giay/result?ban={ordinal}&lan={no}"),
            say("signing.version", &[("no", &no), ("level", &version.level)]),
            say("signing.version_at", &[("at", &at)]),
        ]
    };
    Ok(all.into_iter().map(told).collect())
}

/// The signatures of a result in sentences, with what they are worth now.
pub fn told_all(signatures: &[store::Signature], worth: Option<Worth>) -> Vec<String> {
    let verdict = worth.map(|worth| say(&format!("signing.verdict_{}", worth.word), &[]));
    // For how long it can be checked is worth saying of what holds.
    let lasting = worth.filter(|worth| worth.word == "valid").and_then(|worth| match worth.level {
        Level::BLTA => Some(say("signing.lasts_archived", &[])),
        Level::BLT => Some(say("signing.lasts_long", &[])),
        _ => None,
    });
    signatures.iter().map(told).chain(verdict).chain(lasting).collect()
}
