//! `/quan-tri/thong-bao`: what goes out, what does not, and the button to try again. In a demonstration it
//! shows what would have been sent.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base::{Instant, format};
use db::Tx;
use directory::Admin;
use serde::Deserialize;
use web::page::NoticeKind;
use web::{Form, Problem, Query, Shell, page};

use super::carrier::DEMO;
use super::rules::{self, Channel};
use super::say;
use super::send;
use super::store::{self, Due, Shown, Tally, Way};
use crate::App;
use crate::filters;

/// The page's address.
pub const HERE: &str = "/quan-tri/thong-bao";

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/quan-tri/thong-bao", get(show))
        .route("/quan-tri/thong-bao/gui-lai", post(send_again))
}

struct WayRow {
    label: String,
    state: String,
    late: bool,
    counts: String,
    error: String,
}

struct Row {
    id: String,
    channel: String,
    address: String,
    made: Instant,
    state: String,
    class: &'static str,
    small: String,
    /// What is said, as it goes out.
    subject: String,
    body: String,
    again: bool,
}

#[derive(Template)]
#[template(path = "notice/admin.html")]
struct AdminPage {
    shell: Shell,
    demo: bool,
    ways: Vec<WayRow>,
    troubled: Vec<Row>,
    newest: Vec<Row>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Done {
    da: String,
}

/// `GET /quan-tri/thong-bao`.
async fn show(State(app): State<App>, admin: Admin, Query(done): Query<Done>) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let read = app.site.db.read(async |tx: &mut Tx| -> db::Result<_> {
        let mut ways = Vec::new();
        for channel in Channel::ALL {
            ways.push((channel, store::way(tx, channel).await?));
        }
        let troubled = store::list_shown(tx, &["failed", "parked"]).await?;
        let newest = store::list_shown(tx, &["queued", "sent"]).await?;
        Ok((ways, store::tallies(tx).await?, troubled, newest))
    });
    let (ways, tallies, troubled, newest) = read.await?;
    let shell = directory::admin_shell(&app.site, &admin.viewer, true, say("admin.title", &[]), HERE);
    let shell = match done.da.as_str() {
        "gui-lai" => shell.notice(NoticeKind::Done, say("admin.again", &[])),
        _ => shell,
    };
    let rows = |shown: Vec<Shown>| -> Result<Vec<Row>, Problem> {
        shown.into_iter().map(|s| row(&app, s, now)).collect()
    };
    Ok(page::html(AdminPage {
        demo: app.carriers.iter().any(|c| c.word() == DEMO),
        ways: ways.into_iter().map(|(channel, way)| way_row(&app, channel, way, &tallies, now)).collect(),
        troubled: rows(troubled)?,
        newest: rows(newest)?,
        shell,
    }))
}

fn way_row(app: &App, channel: Channel, way: Way, tallies: &[Tally], now: Instant) -> WayRow {
    let state = match app.carriers.iter().find(|c| c.channel() == channel).map(|c| c.word()) {
        None => say("admin.closed", &[]),
        Some(DEMO) => say("admin.demo", &[]),
        Some(_) if way.rests_until > now => say("admin.rests", &[("at", &format::time_vn(way.rests_until))]),
        Some(_) if rules::is_doubtful(way.failures) => say("admin.doubtful", &[]),
        Some(_) => say("admin.open", &[]),
    };
    let of = |word: &str| {
        let found = tallies.iter().find(|t| t.channel == channel.word() && t.state == word);
        format::thousands(found.map_or(0, |t| t.n))
    };
    WayRow {
        label: say(&format!("way.{}", channel.word()), &[]),
        late: way.rests_until > now || rules::is_doubtful(way.failures),
        counts: say(
            "admin.counts",
            &[
                ("queued", &of("queued")),
                ("sent", &of("sent")),
                ("failed", &of("failed")),
                ("parked", &of("parked")),
            ],
        ),
        error: way.error.unwrap_or_default(),
        state,
    }
}

fn row(app: &App, s: Shown, now: Instant) -> Result<Row, Problem> {
    let channel = if s.channel == Channel::Sms.word() { Channel::Sms } else { Channel::Email };
    let due = Due {
        id: s.id.clone(),
        address: s.address.clone(),
        tries: s.tries,
        word: s.word,
        facts: s.facts,
        link: s.link,
        next_at: s.next_at,
    };
    let letter = send::letter(app, channel, &due, now).map_err(Problem::fault)?;
    let demo = s.carrier.as_deref() == Some(DEMO);
    let (state, class) = match (s.state.as_str(), demo) {
        ("sent", true) => (say("state.demo", &[]), ""),
        ("sent", false) => (say("state.sent", &[]), "is-done"),
        ("queued", _) => (say("state.queued", &[]), "is-work"),
        ("failed", _) => (say("state.failed", &[]), "is-hold"),
        _ => (say("state.parked", &[]), "is-hold"),
    };
    let small = match (s.sent_at, s.error) {
        (Some(at), _) => format::time_vn(at),
        (None, Some(why)) => say("admin.tries", &[("n", &s.tries.to_string()), ("why", &why)]),
        (None, None) => format::time_vn(s.next_at),
    };
    Ok(Row {
        channel: say(&format!("way.{}", channel.word()), &[]),
        address: filters::masked_text(&s.address),
        made: s.made_at,
        again: matches!(s.state.as_str(), "failed" | "parked"),
        subject: letter.subject,
        body: letter.body,
        id: s.id,
        state,
        class,
        small,
    })
}

#[derive(Deserialize)]
struct AgainForm {
    ma: String,
}

/// `POST /quan-tri/thong-bao/gui-lai`: one delivery from the first try on.
async fn send_again(
    State(app): State<App>,
    admin: Admin,
    Form(form): Form<AgainForm>,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let act = admin.act("onestop.send-notice-again", &form.ma, now);
    let again = async move |tx: &mut Tx| store::send_again(tx, &form.ma, now).await;
    app.site.db.write(act, again).await?;
    Ok(Redirect::to(&format!("{HERE}?da=gui-lai")).into_response())
}
