//! `/thong-bao` and `/mot-cua/thong-bao`: the inbox of a citizen and of an official, and by which ways they
//! want to be told.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::Instant;
use db::Tx;
use directory::account::Kind;
use directory::{AnyOfficial, Citizen, Viewer};
use serde::Deserialize;
use web::page::NoticeKind;
use web::{Path, Problem, Query, RawForm, Shell, page};

use super::rules::{Channel, Choice};
use super::store::{self, Notice};
use super::{facts_of, say, say_of};
use crate::App;
use crate::desk::frame::{self, Place};
use crate::filters;

/// The inbox of citizens, and that of officials.
pub const CITIZEN: &str = "/thong-bao";
pub const OFFICIAL: &str = "/mot-cua/thong-bao";
/// Notices on one page.
const LINES: usize = 30;

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/thong-bao", get(citizens))
        .route("/thong-bao/da-doc", post(read_all))
        .route("/thong-bao/cai-dat", get(settings).post(choose))
        .route("/thong-bao/{id}", get(open))
        .route("/mot-cua/thong-bao", get(officials))
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct InboxQuery {
    /// Where the page before ended.
    sau: String,
    post: Option<String>,
}

struct Row {
    href: String,
    title: String,
    body: String,
    at: Instant,
    fresh: bool,
}

/// What both inboxes show.
struct Shown {
    rows: Vec<Row>,
    fresh: bool,
    next: String,
    later_page: bool,
}

#[derive(Template)]
#[template(path = "notice/citizen.html")]
struct CitizenPage {
    shell: Shell,
    inbox: Shown,
}

#[derive(Template)]
#[template(path = "notice/official.html")]
struct OfficialPage {
    shell: Shell,
    inbox: Shown,
}

async fn shown(app: &App, viewer: &Viewer, after: &str, here: &str) -> Result<Shown, Problem> {
    let (account, cursor) = (viewer.account.to_string(), after.to_string());
    let read = app.site.db.read(async move |tx: &mut Tx| -> db::Result<Vec<Notice>> {
        store::list(tx, &account, Some(cursor.as_str()).filter(|c| !c.is_empty())).await
    });
    let mut notices = read.await?;
    let next = match notices.get(LINES) {
        Some(_) => frame::address(here, [("sau", notices[LINES - 1].place.as_str())]),
        None => String::new(),
    };
    notices.truncate(LINES);
    let rows: Vec<Row> = notices.into_iter().map(row).collect::<Result<_, _>>()?;
    Ok(Shown { fresh: viewer.unread.unwrap_or_default() > 0, rows, next, later_page: !after.is_empty() })
}

fn row(n: Notice) -> Result<Row, Problem> {
    let facts = facts_of(&n.facts).map_err(Problem::fault)?;
    Ok(Row {
        href: format!("{CITIZEN}/{}", n.id),
        title: say_of("title", &n.word, &facts),
        body: say_of("body", &n.word, &facts),
        at: n.made_at,
        fresh: n.read_at.is_none(),
    })
}

/// `GET /thong-bao`.
async fn citizens(
    State(app): State<App>,
    citizen: Citizen,
    Query(query): Query<InboxQuery>,
) -> Result<Response, Problem> {
    let inbox = shown(&app, &citizen.viewer, &query.sau, CITIZEN).await?;
    let shell = citizen.viewer.citizen_shell(&app.site, say("page.title", &[])).active(CITIZEN);
    Ok(page::html(CitizenPage { shell, inbox }))
}

/// `GET /mot-cua/thong-bao`.
async fn officials(
    State(app): State<App>,
    official: AnyOfficial,
    Query(query): Query<InboxQuery>,
) -> Result<Response, Problem> {
    let inbox = shown(&app, &official.viewer, &query.sau, OFFICIAL).await?;
    let title = say("page.title", &[]);
    // Somebody without a desk has an inbox too.
    let shell = match Place::of(&official, query.post.as_deref()) {
        Ok(place) => {
            let (at, now) = (place.clone(), app.site.clock.now());
            let counts = app.site.db.read(async move |tx: &mut Tx| frame::counts(tx, &at, now).await);
            frame::shell(&app, &official.viewer, &place, &counts.await?, title, None)
        }
        Err(_) => official.viewer.official_shell(&app.site, title),
    };
    Ok(page::html(OfficialPage { shell: shell.active(OFFICIAL), inbox }))
}

/// `GET /thong-bao/{id}`: opens what a notice speaks of. Somebody else's does not exist.
async fn open(State(app): State<App>, viewer: Viewer, Path(id): Path<String>) -> Result<Response, Problem> {
    let account = viewer.account.to_string();
    let found = app.site.db.read(async move |tx: &mut Tx| store::find(tx, &account, &id).await);
    let notice = found.await?.ok_or(Problem::NotFound)?;
    if notice.read_at.is_none() {
        let (id, now) = (notice.id.clone(), app.site.clock.now());
        app.site.db.upkeep(async move |tx: &mut Tx| store::save_read(tx, &id, now).await).await?;
    }
    Ok(Redirect::to(&notice.link).into_response())
}

fn home(viewer: &Viewer) -> &'static str {
    match viewer.kind {
        Kind::Citizen => CITIZEN,
        Kind::Official => OFFICIAL,
    }
}

/// `POST /thong-bao/da-doc`: all of them have been read.
async fn read_all(State(app): State<App>, viewer: Viewer, _form: RawForm) -> Result<Response, Problem> {
    let (account, now) = (viewer.account.to_string(), app.site.clock.now());
    app.site.db.upkeep(async move |tx: &mut Tx| store::save_all_read(tx, &account, now).await).await?;
    Ok(Redirect::to(home(&viewer)).into_response())
}

/// A way out, with whether it is wanted and whether it can be had.
struct Way {
    word: &'static str,
    label: String,
    /// Where it goes, masked; or why it does not.
    hint: String,
    wanted: bool,
}

struct Ways {
    ways: Vec<Way>,
    back: &'static str,
    /// The hours without short messages, `21:00-07:00`.
    quiet: String,
    /// Nothing goes out of this installation.
    closed: bool,
    demo: bool,
}

#[derive(Template)]
#[template(path = "notice/settings_citizen.html")]
struct CitizenSettings {
    shell: Shell,
    settings: Ways,
}

#[derive(Template)]
#[template(path = "notice/settings_official.html")]
struct OfficialSettings {
    shell: Shell,
    settings: Ways,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Done {
    /// What has just been done: `luu`.
    bao: String,
}

/// `GET /thong-bao/cai-dat`.
async fn settings(
    State(app): State<App>,
    viewer: Viewer,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let account = viewer.account.to_string();
    let today = app.site.clock.today();
    let found = app.site.db.read(async move |tx: &mut Tx| -> db::Result<_> {
        let quiet = store::parameter(tx, super::QUIET, today).await?;
        Ok((store::find_choice(tx, &account).await?, quiet.unwrap_or_default()))
    });
    let (found, quiet) = found.await?;
    let choice = found.unwrap_or(Choice::usual(viewer.kind == Kind::Citizen));
    let person = viewer.person();
    let way = |channel: Channel, address: &Option<String>, wanted: bool| {
        let word = channel.word();
        let hint = match address.as_deref().filter(|a| !a.is_empty()) {
            Some(address) => say(&format!("way_to.{word}"), &[("address", &filters::masked_text(address))]),
            None => say(&format!("way_missing.{word}"), &[]),
        };
        Way { word, label: say(&format!("way.{word}"), &[]), hint, wanted }
    };
    let settings = Ways {
        ways: vec![
            way(Channel::Email, &person.email, choice.email),
            way(Channel::Sms, &person.phone, choice.sms),
        ],
        back: home(&viewer),
        quiet: quiet.replace('-', "–"),
        closed: app.carriers.is_empty(),
        demo: app.carriers.iter().any(|c| c.word() == super::carrier::DEMO),
    };
    let title = say("page.settings", &[]);
    let noticed = |shell: Shell| match done.bao.as_str() {
        "luu" => shell.notice(NoticeKind::Done, say("page.saved", &[])),
        _ => shell,
    };
    Ok(match viewer.kind {
        Kind::Citizen => {
            let shell = noticed(viewer.citizen_shell(&app.site, title)).active(CITIZEN);
            page::html(CitizenSettings { shell, settings })
        }
        Kind::Official => {
            let shell = noticed(viewer.official_shell(&app.site, title)).active(OFFICIAL);
            page::html(OfficialSettings { shell, settings })
        }
    })
}

/// `POST /thong-bao/cai-dat`.
async fn choose(State(app): State<App>, viewer: Viewer, form: RawForm) -> Result<Response, Problem> {
    let wants = |channel: Channel| form.all("way").any(|word| word == channel.word());
    let choice = Choice { email: wants(Channel::Email), sms: wants(Channel::Sms) };
    let (account, now) = (viewer.account.to_string(), app.site.clock.now());
    let act = viewer.act("onestop.choose-notices", &account, now);
    app.site.db.write(act, async move |tx: &mut Tx| store::save_choice(tx, &account, choice).await).await?;
    Ok(Redirect::to("/thong-bao/cai-dat?bao=luu").into_response())
}
