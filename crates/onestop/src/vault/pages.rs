//! The owner's pages: `/kho-du-lieu`. Every statement behind them names the owner, so somebody else's entry
//! does not exist.

use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::limits::FILE_SIZE_BYTES_MAX;
use base::{Day, Instant, format};
use db::Tx;
use directory::{Citizen, UnitId};
use serde::Deserialize;
use web::layers::UPLOAD_BYTES_MAX;
use web::page::NoticeKind;
use web::{FieldError, Path, Problem, Query, RawForm, Shell, Upload, page};

use super::rules::Verdict;
use super::store::{self, LINES, Sieve};
use super::words::say;
use super::{Entry, EntryId, Index, Keys};
use crate::App;
use crate::dossier;
use crate::dossier::files::answer;
use crate::filing::pages::{about, refused};
use crate::filing::sniff::Kind;
use crate::filing::uploads;
use crate::filters;

/// Where the vault is.
const PATH: &str = "/kho-du-lieu";

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/kho-du-lieu", get(list))
        .route("/kho-du-lieu/them", get(add_form).post(add).layer(DefaultBodyLimit::max(UPLOAD_BYTES_MAX)))
        .route("/kho-du-lieu/{id}", get(show))
        .route("/kho-du-lieu/{id}/tep", get(file))
        .route("/kho-du-lieu/{id}/dung-lai", post(offer))
        .route("/kho-du-lieu/{id}/go", post(take_out))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ListQuery {
    q: String,
    /// `con`, `het`.
    hl: String,
    /// `ket-qua`, `so-hoa`, `tu-them`.
    nguon: String,
    sau: String,
    /// What has just been done: `go`.
    bao: String,
}

/// The words of the filters in addresses, with what they mean to the store.
const STATES: [(&str, &str); 3] = [("", ""), ("con", "valid"), ("het", "ended")];
const ORIGINS: [(&str, &str); 4] = [("", ""), ("ket-qua", "result"), ("so-hoa", "scan"), ("tu-them", "own")];

fn meaning(list: &[(&str, &'static str)], word: &str) -> &'static str {
    list.iter().find(|(known, _)| *known == word).map_or("", |(_, meaning)| meaning)
}

struct Pick {
    value: &'static str,
    label: String,
    chosen: bool,
}

fn picks(list: &'static [(&'static str, &'static str)], key: &str, chosen: &str) -> Vec<Pick> {
    list.iter()
        .map(|(value, meaning)| Pick {
            value,
            label: say(&format!("{key}.{}", if meaning.is_empty() { "all" } else { meaning }), &[]),
            chosen: *value == chosen,
        })
        .collect()
}

struct Line {
    id: String,
    name: String,
    number: String,
    origin: String,
    verdict: String,
    valid: bool,
    added: Instant,
}

fn number(e: &Entry) -> String {
    match (e.number.as_str(), e.issued_on) {
        ("", None) => String::new(),
        ("", Some(day)) => say("entry.of_day", &[("day", &format::date_vn(day))]),
        (number, None) => say("entry.numbered", &[("number", number)]),
        (number, Some(day)) => {
            say("entry.numbered_of_day", &[("number", number), ("day", &format::date_vn(day))])
        }
    }
}

/// What it is worth today, with the day that decides it.
fn worth(e: &Entry, today: Day) -> String {
    let last = e.expires_on.map(format::date_vn).unwrap_or_default();
    match (e.verdict(today), e.expires_on) {
        (Verdict::Valid, Some(_)) => say("verdict.valid_until", &[("day", &last)]),
        (verdict, _) => say(&format!("verdict.{}", verdict.word()), &[("day", &last)]),
    }
}

/// An entry in one line, for a list of choices.
pub fn label(e: &Entry, today: Day) -> String {
    let parts = [e.name.clone(), number(e), worth(e, today)];
    parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(", ")
}

#[derive(Template)]
#[template(path = "vault/list.html")]
struct ListPage {
    shell: Shell,
    q: String,
    states: Vec<Pick>,
    origins: Vec<Pick>,
    lines: Vec<Line>,
    sieved: bool,
    confirmed: bool,
    next: String,
}

/// `GET /kho-du-lieu?q=&hl=&nguon=&sau=`.
async fn list(
    State(app): State<App>,
    citizen: Citizen,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let (keys, today) = (Keys::of(&citizen.person), now.day());
    let q: String = query.q.chars().take(100).collect();
    let sieve = Sieve {
        words: q.clone(),
        state: meaning(&STATES, &query.hl).into(),
        origin: meaning(&ORIGINS, &query.nguon).into(),
        after: query.sau.parse().ok(),
    };
    let asked = sieve.clone();
    let read = async move |tx: &mut Tx| store::list(tx, &keys, &asked, today).await;
    let mut entries = app.site.db.read(read).await?;
    let more = entries.len() > LINES;
    entries.truncate(LINES);
    dossier::look(&app, &citizen.viewer, "onestop.look-vault", "", now).await;
    let next = match entries.last().filter(|_| more) {
        Some(last) => {
            let text = |t: &str| crate::desk::frame::encode(t);
            format!(
                "{PATH}?q={}&hl={}&nguon={}&sau={}",
                text(&q),
                text(&query.hl),
                text(&query.nguon),
                last.id
            )
        }
        None => String::new(),
    };
    let line = |e: &Entry| Line {
        id: e.id.to_string(),
        name: e.name.clone(),
        number: number(e),
        origin: say(&format!("origin.{}", e.origin), &[]),
        verdict: worth(e, today),
        valid: e.verdict(today) == Verdict::Valid,
        added: e.added_at,
    };
    let mut shell = shell(&app, &citizen, say("title.list", &[]));
    if query.bao == "go" {
        shell = shell.notice(NoticeKind::Done, say("entry.gone", &[]));
    }
    Ok(page::html(ListPage {
        shell,
        q,
        states: picks(&STATES, "state", &query.hl),
        origins: picks(&ORIGINS, "origin", &query.nguon),
        lines: entries.iter().map(line).collect(),
        sieved: sieve != Sieve::default(),
        confirmed: citizen.person.confirmed_at.is_some(),
        next,
    }))
}

fn shell(app: &App, citizen: &Citizen, title: String) -> Shell {
    citizen.viewer.citizen_shell(&app.site, title).active(PATH)
}

struct UseLine {
    code: String,
    procedure: String,
    counter: String,
    why: String,
    who: String,
    at: Instant,
}

#[derive(Template)]
#[template(path = "vault/entry.html")]
struct EntryPage {
    shell: Shell,
    id: String,
    name: String,
    facts: Vec<(String, String)>,
    verdict: String,
    valid: bool,
    reason: String,
    /// What its owner can do when it cannot be used.
    next: String,
    about: String,
    dossier: String,
    uses: Vec<UseLine>,
    offered: bool,
    ended: bool,
    own: bool,
    scan: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct EntryQuery {
    /// What has just been done: `them`, `dung-lai`.
    bao: String,
}

fn id_of(text: &str) -> Result<EntryId, Problem> {
    text.parse().map_err(|_| Problem::NotFound)
}

/// `GET /kho-du-lieu/{id}`: an entry with the log of its uses.
async fn show(
    State(app): State<App>,
    citizen: Citizen,
    Path(id): Path<String>,
    Query(query): Query<EntryQuery>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let (id, keys, catalogue) = (id_of(&id)?, Keys::of(&citizen.person), app.catalogue.clone());
    let me = citizen.viewer.account.to_string();
    let read = app.site.db.read(async move |tx: &mut Tx| -> Result<(Entry, Vec<UseLine>), Problem> {
        let entry = store::find(tx, id, &keys).await?.ok_or(Problem::NotFound)?;
        let mut uses = Vec::new();
        for u in store::list_uses(tx, id).await? {
            let procedure = catalogue.version(&u.procedure)?;
            let component = procedure.component(&u.component).map(|c| c.name.clone()).unwrap_or_default();
            uses.push(UseLine {
                counter: directory::get_unit(tx, &UnitId::from(u.counter.as_str())).await?.name,
                why: say(&format!("use.{}", u.why), &[("component", &component)]),
                who: match u.account.parse() {
                    Ok(id) if u.account != me => directory::person(tx, id).await?.name,
                    _ => say("use.you", &[]),
                },
                procedure: procedure.name.clone(),
                code: u.code,
                at: u.at,
            });
        }
        Ok((entry, uses))
    });
    let (entry, uses) = read.await?;
    dossier::look(&app, &citizen.viewer, "onestop.look-entry", &id.to_string(), now).await;
    let mut shell = shell(&app, &citizen, entry.name.clone());
    let said = match query.bao.as_str() {
        "them" => Some("entry.added"),
        "dung-lai" => Some("entry.offer_kept"),
        _ => None,
    };
    if let Some(key) = said {
        shell = shell.notice(NoticeKind::Done, say(key, &[]));
    }
    Ok(page::html(entry_page(shell, &entry, uses, now.day())))
}

fn entry_page(shell: Shell, entry: &Entry, uses: Vec<UseLine>, today: Day) -> EntryPage {
    let verdict = entry.verdict(today);
    EntryPage {
        shell,
        id: entry.id.to_string(),
        name: entry.name.clone(),
        facts: facts(entry),
        verdict: worth(entry, today),
        valid: verdict == Verdict::Valid,
        reason: entry.reason.clone(),
        next: match verdict {
            Verdict::Valid => String::new(),
            _ => entry.hindrance(today).unwrap_or_default(),
        },
        about: about(&entry.media, entry.size.unsigned_abs()),
        dossier: entry.code.clone().unwrap_or_default(),
        uses,
        offered: entry.offered,
        ended: entry.state != "valid",
        own: entry.origin == "own",
        scan: entry.origin == "scan",
    }
}

fn facts(e: &Entry) -> Vec<(String, String)> {
    let day = |day: Option<Day>| day.map(format::date_vn).unwrap_or_default();
    let facts = [
        ("origin", say(&format!("origin.{}", e.origin), &[])),
        ("kind", e.kind.clone()),
        ("number", e.number.clone()),
        ("issued_on", day(e.issued_on)),
        ("expires_on", day(e.expires_on)),
        ("issuer", e.issuer.clone()),
        ("compared", e.compared_at.map(format::time_vn).unwrap_or_default()),
        ("added", format::time_vn(e.added_at)),
    ];
    let shown = facts.into_iter().filter(|(_, value)| !value.is_empty());
    shown.map(|(key, value)| (say(&format!("fact.{key}"), &[]), value)).collect()
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Ways {
    /// Saved, not shown.
    tai: bool,
}

/// `GET /kho-du-lieu/{id}/tep`: the content.
async fn file(
    State(app): State<App>,
    citizen: Citizen,
    Path(id): Path<String>,
    Query(ways): Query<Ways>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let (id, keys) = (id_of(&id)?, Keys::of(&citizen.person));
    let found = app.site.db.read(async move |tx: &mut Tx| store::find(tx, id, &keys).await);
    let entry = found.await?.ok_or(Problem::NotFound)?;
    let bytes = app.site.blobs.get(&entry.sha256).await?;
    dossier::look(&app, &citizen.viewer, "onestop.look-entry", &id.to_string(), now).await;
    let shown = !ways.tai && entry.media != Kind::Docx.media();
    Ok(answer(bytes, &entry.media, &entry.file_name, shown))
}

/// `POST /kho-du-lieu/{id}/dung-lai`: whether the owner lets it be used in dossiers.
async fn offer(
    State(app): State<App>,
    citizen: Citizen,
    Path(id): Path<String>,
    form: RawForm,
) -> Result<Response, Problem> {
    let (id, keys) = (id_of(&id)?, Keys::of(&citizen.person));
    let offered = match form.get("cho") {
        Some("co") => true,
        Some("khong") => false,
        _ => return Err(Problem::Malformed("neither yes nor no".into())),
    };
    let act = citizen.act("onestop.offer-entry", id, app.site.clock.now());
    let write = async move |tx: &mut Tx| -> Result<(), Problem> {
        store::find(tx, id, &keys).await?.ok_or(Problem::NotFound)?;
        Ok(store::save_offered(tx, id, &keys, offered).await?)
    };
    app.site.db.write(act, write).await?;
    Ok(Redirect::to(&format!("{PATH}/{id}?bao=dung-lai")).into_response())
}

/// `POST /kho-du-lieu/{id}/go`: an own paper is taken out.
async fn take_out(
    State(app): State<App>,
    citizen: Citizen,
    Path(id): Path<String>,
    _: RawForm,
) -> Result<Response, Problem> {
    let (id, now, person) = (id_of(&id)?, app.site.clock.now(), citizen.person.clone());
    let act = citizen.act("onestop.take-entry-out", id, now);
    app.site.db.write(act, async move |tx: &mut Tx| super::take_out(tx, id, &person, now).await).await?;
    Ok(Redirect::to(&format!("{PATH}?bao=go")).into_response())
}

/// A question of the form.
struct Asked {
    name: &'static str,
    label: String,
    hint: String,
    value: String,
    optional: bool,
    error: String,
}

#[derive(Template)]
#[template(path = "vault/add.html")]
struct AddPage {
    shell: Shell,
    fields: Vec<Asked>,
    file_error: String,
    summary: String,
    file_max: String,
}

const FIELDS: [(&str, bool); 5] =
    [("name", false), ("number", true), ("issued_on", true), ("expires_on", true), ("issuer", true)];

fn add_page(app: &App, citizen: &Citizen, typed: impl Fn(&str) -> String, errors: &[FieldError]) -> AddPage {
    let error = |name: &str| FieldError::of(errors, name);
    let mut shell = shell(app, citizen, say("title.add", &[]));
    shell.has_errors = !errors.is_empty();
    AddPage {
        shell,
        fields: FIELDS
            .iter()
            .map(|(name, optional)| Asked {
                name,
                label: say(&format!("field.{name}"), &[]),
                hint: match format!("hint.{name}") {
                    key if super::words::WORDS.has(&key) => say(&key, &[]),
                    _ => String::new(),
                },
                value: typed(name),
                optional: *optional,
                error: error(name),
            })
            .collect(),
        file_error: error("tep"),
        summary: if errors.is_empty() {
            String::new()
        } else {
            say("add.summary", &[("n", &errors.len().to_string())])
        },
        file_max: format::size(FILE_SIZE_BYTES_MAX),
    }
}

/// `GET /kho-du-lieu/them`.
async fn add_form(State(app): State<App>, citizen: Citizen) -> Result<Response, Problem> {
    Ok(page::html(add_page(&app, &citizen, |_| String::new(), &[])))
}

/// `POST /kho-du-lieu/them`: a paper of one's own. The text fields stand before the file.
async fn add(State(app): State<App>, citizen: Citizen, mut form: Upload) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let act = citizen.act("onestop.add-entry", "", now);
    let mut errors = Vec::new();
    let mut taken = None;
    match form.next_file(UPLOAD_BYTES_MAX as u64).await {
        Ok(Some(part)) if !part.file_name.is_empty() => {
            match uploads::take_loose(&app, act.clone(), part).await {
                Ok(file) => taken = Some(file),
                Err(problem) => errors.push(FieldError::new("tep", refused(problem)?)),
            }
        }
        Ok(_) => errors.push(FieldError::new("tep", say("add.no_file", &[]))),
        Err(problem) => errors.push(FieldError::new("tep", refused(problem)?)),
    }
    let typed = |name: &str| form.text(name).unwrap_or_default().to_string();
    let index = Index::read(typed);
    errors.extend(index.errors(now.day()));
    let file = match taken {
        Some(file) if errors.is_empty() => file,
        _ => {
            let page = add_page(&app, &citizen, typed, &errors);
            return Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, page));
        }
    };
    let (person, kept) = (citizen.person.clone(), index.clone());
    let add = async move |tx: &mut Tx| super::add_own(tx, &person, &kept, &file, now).await;
    match app.site.db.write(act, add).await {
        Ok(id) => Ok(Redirect::to(&format!("{PATH}/{id}?bao=them")).into_response()),
        Err(problem) => {
            let errors = [FieldError::new("tep", refused(problem)?)];
            let page = add_page(&app, &citizen, typed, &errors);
            Ok(page::html_with(StatusCode::UNPROCESSABLE_ENTITY, page))
        }
    }
}
