//! The line to the National Public Service Portal (Cổng Dịch vụ công Quốc gia): what happens here is
//! told there, what is handed in there is received here, and once a day both sides are compared.
//!
//! Nothing in a transaction of a dossier waits for the other side. An event says that a version should be
//! there (`store::want`); a reconciler compares what should be there with what was acknowledged, and
//! sends (`send`). law: national/sync

mod arrive;
mod balance;
mod client;
pub mod pages;
mod rules;
mod send;
pub mod simulator;
mod store;
mod wire;
mod words;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use base::{Day, Instant};
use db::deliver::Listener;
use db::jobs::Handler;
use db::{Db, Tx, args};
use web::Problem;

use crate::App;

/// The job that sends at once, put when an event was heard.
const WAKE: &str = "onestop.national-wake";
/// The job that compares a day because somebody asked.
const COMPARE: &str = "onestop.national-compare";

/// How to reach the other side, and as whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `https://…`, without a path.
    pub address: String,
    /// Where a session is asked for.
    pub sign_in_path: String,
    /// Where services are asked for.
    pub service_path: String,
    /// Our identifier (`madonvi`).
    pub unit: String,
    pub username: String,
    pub password: String,
    /// Dossiers filed from this day on are told even if they never move again; none: those that move.
    pub since: Option<Day>,
    /// Longer is no answer.
    pub answer_within: Duration,
}

impl Settings {
    /// The settings for a simulator at this address.
    pub fn for_simulator(address: impl Into<String>, unit: impl Into<String>) -> Settings {
        Settings {
            address: address.into(),
            sign_in_path: simulator::SIGN_IN.into(),
            service_path: simulator::SERVICE.into(),
            unit: unit.into(),
            username: simulator::USERNAME.into(),
            password: simulator::PASSWORD.into(),
            since: None,
            answer_within: Duration::from_secs(20),
        }
    }
}

/// The open line.
pub struct Link {
    settings: Settings,
    client: client::Client,
}

impl Link {
    /// Opens the line; nothing is sent before there is something to say.
    ///
    /// # Errors
    /// What is wrong with the settings, in one sentence.
    pub fn open(settings: Settings) -> Result<Link, String> {
        let client = client::Client::new(settings.clone())?;
        Ok(Link { settings, client })
    }
}

/// The codes of the wire that are a choice, each with its doubt in its source. law: national/values
pub async fn seed(tx: &mut Tx) -> db::Result<()> {
    const CODES: [(&str, &str); 4] = [
        ("national-filed-there", "1"),
        ("national-filed-here", "2"),
        ("national-number-person", "1"),
        ("national-number-enterprise", "3"),
    ];
    for (id, value) in CODES {
        tx.change(
            "insert into parameter (id, value, valid_from, source)
             values ($1, $2, '2018-01-01', 'national/values: memory, low')
             on conflict (id, valid_from) do nothing",
            args![id, value],
        )
        .await?;
    }
    Ok(())
}

/// Hears of dossiers that moved; nothing while the line is closed.
pub fn listeners(app: &App) -> Vec<Listener> {
    if app.national.is_none() {
        return Vec::new();
    }
    let app = app.clone();
    vec![Listener::new("onestop.national", &["*"], move |_, event| {
        let app = app.clone();
        async move { send::hear(&app, &event).await }
    })]
}

/// What goes on by itself; nothing while the line is closed.
pub fn jobs(app: &App) -> Vec<Handler> {
    const SEND_EVERY: Duration = Duration::from_secs(10);
    const RECEIVE_EVERY: Duration = Duration::from_secs(30);
    const LOOK_EVERY: Duration = Duration::from_secs(600);
    const SEEK_EVERY: Duration = Duration::from_secs(3600);
    let Some(link) = app.national.clone() else { return Vec::new() };
    let job = |kind: &'static str, work: fn(App, Arc<Link>, db::jobs::Job) -> Work| {
        let (app, link) = (app.clone(), link.clone());
        Handler::new(kind, move |_, job| work(app.clone(), link.clone(), job))
    };
    let send: fn(App, Arc<Link>, db::jobs::Job) -> Work =
        |app, link, _| Box::pin(async move { send::send_due(&app, &link).await.map(drop) });
    vec![
        job(WAKE, send),
        job("onestop.national-send", send).every(SEND_EVERY),
        job("onestop.national-receive", |app, link, _| {
            Box::pin(async move { arrive::receive(&app, &link).await })
        })
        .every(RECEIVE_EVERY),
        job("onestop.national-balance", |app, link, _| {
            Box::pin(async move { balance::nightly(&app, &link).await })
        })
        .every(LOOK_EVERY),
        job("onestop.national-seek", |app, link, _| {
            Box::pin(async move { send::seek(&app, &link).await.map(drop) })
        })
        .every(SEEK_EVERY),
        job(COMPARE, |app, link, job| {
            Box::pin(async move {
                let day: Day = job.read()?;
                balance::make(&app, &link, day).await.map(drop)
            })
        }),
    ]
}

type Work = futures_util::future::BoxFuture<'static, Result<(), String>>;

/// How far behind the other side is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lag {
    /// The middle of the times that acknowledgements of the last day took; none: there were none.
    pub median_s: Option<i64>,
    /// How long the dossier longest behind has been so.
    pub oldest_s: i64,
    pub behind: i64,
    /// Put aside: somebody has to look.
    pub parked: i64,
    /// Tasks nobody has closed.
    pub tasks: i64,
    /// Handed in there and not a dossier here yet.
    pub arriving: i64,
}

/// The figures of the line at `now`.
pub async fn lag(db: &Db, now: Instant) -> Result<Lag, Problem> {
    let read = db.read(async move |tx: &mut Tx| -> db::Result<_> {
        Ok((store::figures(tx).await?, store::median_lag_us(tx, now.plus_days(-1)).await?))
    });
    let (f, median_us) = read.await?;
    Ok(Lag {
        median_s: median_us.map(|us| us / 1_000_000),
        oldest_s: f.oldest.map_or(0, |at| i64::try_from(now.since(at).as_secs()).unwrap_or(i64::MAX)),
        behind: f.behind,
        parked: f.parked,
        tasks: f.tasks,
        arriving: f.arriving,
    })
}

/// The simulator has begun anew and knows nothing: everything told before is to be told again.
pub async fn tell_all_again(db: &Db, now: Instant) -> Result<u64, Problem> {
    Ok(db.upkeep(async move |tx: &mut Tx| store::send_all_again(tx, now).await).await?)
}
