//! Promises after a change of the calendar (lịch làm việc thay đổi): a holiday confirmed, a commune closed
//! for a storm, other office hours. Nothing that was promised moves by itself. The program counts every
//! running dossier again and proposes; a leader of the agency moves the promise or keeps it; the citizen is
//! told. An extension that the law allows once is not used up by it: nobody was slow.

pub mod pages;
pub mod rules;
pub mod store;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use base::Instant;
use contracts::onestop as event;
use db::jobs::Handler;
use db::{Db, Tx, outbox};
use serde_json::json;
use web::Problem;

use crate::App;
use crate::catalogue::Catalogue;
use crate::dossier::rules::Seat;
use crate::dossier::{self, Case, DossierId, Who};
use crate::notice::{self, Channel};
use crate::words_office::say;

/// Dossiers counted again in one transaction.
const SLICE: i64 = 100;
/// How often the calendar is compared with the one that the promises were last counted by.
const EVERY: Duration = Duration::from_secs(60);
/// The word of the log.
pub const VERB: &str = "recount";
/// The longest reason, in characters.
const REASON_CHARS_MAX: usize = 500;

/// Counts again after each change of the calendar.
pub fn handler(app: &App) -> Handler {
    let app = app.clone();
    Handler::new("onestop.recount", move |db, _| {
        let app = app.clone();
        async move { count_all(&app, &db).await.map_err(|e| format!("{e:?}")) }
    })
    .every(EVERY)
}

/// A new province has promised nothing yet.
pub async fn seed(tx: &mut Tx) -> db::Result<()> {
    match directory::calendar_stamp(tx).await? {
        Some(stamp) => store::save_pass(tx, &stamp, None).await,
        None => Ok(()),
    }
}

async fn count_all(app: &App, db: &Db) -> Result<(), Problem> {
    let (now, channels) = (app.site.clock.now(), app.channels());
    loop {
        let (catalogue, channels) = (app.catalogue.clone(), channels.clone());
        let goes_on = db.upkeep(async move |tx: &mut Tx| count_some(tx, &catalogue, &channels, now).await);
        if !goes_on.await? {
            return Ok(());
        }
    }
}

/// The next slice of the pass; whether there is more to do.
async fn count_some(
    tx: &mut Tx,
    catalogue: &Arc<Catalogue>,
    channels: &[Channel],
    now: Instant,
) -> Result<bool, Problem> {
    let Some(stamp) = directory::calendar_stamp(tx).await? else { return Ok(false) };
    let reached = match store::pass(tx).await? {
        Some(pass) if pass.stamp == stamp => match pass.reached {
            Some(reached) => reached,
            None => return Ok(false),
        },
        // a change during a pass begins it anew
        _ => String::new(),
    };
    let some = store::list_running(tx, &reached, SLICE).await?;
    for id in &some {
        count_one(tx, catalogue, *id, now).await?;
    }
    let last = some.last().map(DossierId::to_string);
    store::save_pass(tx, &stamp, last.as_deref()).await?;
    if last.is_none() {
        tell(tx, &stamp, channels, now).await?;
    }
    Ok(last.is_some())
}

async fn count_one(
    tx: &mut Tx,
    catalogue: &Arc<Catalogue>,
    id: DossierId,
    now: Instant,
) -> Result<(), Problem> {
    let case = Case::of_clock(tx, catalogue, id, now).await?;
    let d = &case.dossier;
    let Some(promised) = d.state.promised() else { return Ok(()) };
    let log = dossier::store::list_history(tx, id).await?;
    match rules::proposal(promised, d.answer_by, &log, &case.terms()) {
        Some(proposal) => store::propose(tx, (id, &d.agency), promised, proposal, now).await?,
        None => store::let_go(tx, id).await?,
    }
    Ok(())
}

/// Each agency's leaders have one notice of each change, however many dossiers it touches.
async fn tell(tx: &mut Tx, stamp: &str, channels: &[Channel], now: Instant) -> Result<(), Problem> {
    for agency in store::list_untold(tx).await? {
        let cause = format!("recount {stamp} {agency}");
        notice::tell_leaders(tx, &agency.as_str().into(), ("recount", &cause), pages::PATH, channels, now)
            .await?;
        store::save_told(tx, &agency).await?;
    }
    Ok(())
}

/// The leader moves the promise to the proposed time, and says why.
pub async fn move_promise(
    tx: &mut Tx,
    id: DossierId,
    reason: &str,
    who: &Who,
    now: Instant,
) -> Result<(), Problem> {
    check_reason(reason)?;
    let (promised, counted) = store::find_open(tx, id).await?.ok_or(Problem::Stale)?;
    let mut d = dossier::store::get(tx, id).await?;
    if !who.seats(&d).contains(&Seat::Leader) {
        return Err(Problem::NotFound);
    }
    if d.state.promised() != Some(promised) || d.state.deadline().is_none() {
        return Err(Problem::Stale);
    }
    let seen = d.version;
    let (status, stage) = (d.state.status(), d.state.stage().map(str::to_string));
    d.enter(d.state.clone().with_promise(counted), now);
    dossier::store::save_moved(tx, seen, &d).await?;
    d.version = seen + 1;
    let entry = dossier::store::Entry {
        ordinal: seen,
        verb: VERB,
        from: (status, stage.as_deref()),
        to: &d,
        at: now,
        reason_code: None,
        note: reason.trim(),
        details: json!({ "promised": promised }),
    };
    dossier::store::save_entry(tx, &entry).await?;
    let told = dossier::moved(&d, status.number(), seen, now);
    outbox::put(tx, event::RECOUNTED, &d.id.to_string(), &told).await?;
    Ok(store::decide(tx, id, "moved", &who.account, now).await?)
}

/// The leader keeps the promise as it is; the citizen has nothing to learn.
pub async fn keep_promise(tx: &mut Tx, id: DossierId, who: &Who, now: Instant) -> Result<(), Problem> {
    let d = dossier::store::get(tx, id).await?;
    if !who.seats(&d).contains(&Seat::Leader) {
        return Err(Problem::NotFound);
    }
    Ok(store::decide(tx, id, "kept", &who.account, now).await?)
}

fn check_reason(reason: &str) -> Result<(), Problem> {
    match reason.trim().chars().count() {
        0 => Err(Problem::field("reason", say("recount.no_reason", &[]))),
        n if n > REASON_CHARS_MAX => Err(Problem::field("reason", say("recount.long_reason", &[]))),
        _ => Ok(()),
    }
}
