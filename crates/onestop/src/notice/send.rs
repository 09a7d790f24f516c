//! What is queued goes out: some letters at a time, again after growing waits, put aside in the end. A way
//! that fails again and again rests, and is tried with one letter after that.
//!
//! Between "taken by the other side" and "marked as sent" the program may die: then the letter goes out a
//! second time under the same id. At least once is what can be promised; never is worse.

use std::sync::Arc;

use base::Instant;
use db::Tx;
use futures_util::future::join_all;

use super::carrier::{Carrier, Letter, NotCarried};
use super::rules::{self, Channel, Quiet};
use super::store::{self, Due};
use super::{QUIET, facts_of, say_of};
use crate::App;

/// Nobody else sends a letter that was taken until this is over: longer than any carrier may take.
const LEASE_S: i64 = 180;
/// A pass ends after so many rounds of eight; the next one goes on.
const ROUNDS_MAX: usize = 100;

/// What a pass did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    pub sent: u64,
    pub failed: u64,
}

/// Sends all that is due, by every way there is.
pub async fn send_due(app: &App) -> Result<Sent, String> {
    let mut all = Sent::default();
    for carrier in &app.carriers {
        let done = by(app, carrier).await?;
        (all.sent, all.failed) = (all.sent + done.sent, all.failed + done.failed);
    }
    Ok(all)
}

async fn by(app: &App, carrier: &Arc<dyn Carrier>) -> Result<Sent, String> {
    let mut done = Sent::default();
    for _ in 0..ROUNDS_MAX {
        let now = app.site.clock.now();
        let taken = take(app, carrier.channel(), now).await?;
        if taken.is_empty() {
            break;
        }
        let letters = taken.into_iter().map(|due| one(app, carrier, due, now));
        let came = join_all(letters).await;
        let worked = note(app, carrier, came, now, &mut done).await?;
        if !worked {
            break;
        }
    }
    Ok(done)
}

/// Takes what may go now: nothing while the way rests or the hours are quiet, one letter while it is
/// doubtful, else eight.
async fn take(app: &App, channel: Channel, now: Instant) -> Result<Vec<Due>, String> {
    let take = async move |tx: &mut Tx| -> db::Result<Vec<Due>> {
        let way = store::way(tx, channel).await?;
        if way.rests_until > now {
            return Ok(Vec::new());
        }
        if channel == Channel::Sms {
            let quiet = store::parameter(tx, QUIET, now.day()).await?;
            if quiet.as_deref().and_then(Quiet::parse).is_some_and(|q| q.after(now) > now) {
                return Ok(Vec::new());
            }
        }
        let most = if rules::is_doubtful(way.failures) { 1 } else { 8 };
        let mut taken = Vec::new();
        for due in store::list_due(tx, channel, now).await?.into_iter().take(most) {
            if store::take(tx, &due, now.plus_seconds(LEASE_S)).await? {
                taken.push(due);
            }
        }
        Ok(taken)
    };
    app.site.db.upkeep(take).await.map_err(|e| e.to_string())
}

type Came = (Due, Result<(), NotCarried>);

async fn one(app: &App, carrier: &Arc<dyn Carrier>, due: Due, now: Instant) -> Came {
    let letter = letter(app, carrier.channel(), &due, now);
    let came = match letter {
        Ok(letter) => carrier.carry(&letter).await,
        Err(why) => Err(NotCarried::Never(why)),
    };
    (due, came)
}

/// The letter of a delivery. A short message holds a code, what happened and where to read it; nothing of
/// a person.
pub(super) fn letter(app: &App, channel: Channel, due: &Due, now: Instant) -> Result<Letter, String> {
    let facts = facts_of(&due.facts)?;
    let link = format!("{}{}", app.address, due.link);
    let subject = say_of("title", &due.word, &facts);
    let body = match channel {
        Channel::Sms => super::say("sms.text", &[("title", &subject), ("link", &link)]),
        Channel::Email => {
            let said = say_of("body", &due.word, &facts);
            super::say("mail.body", &[("said", &said), ("link", &link), ("owner", &app.site.brand.owner)])
        }
    };
    Ok(Letter { id: due.id.clone(), address: due.address.clone(), subject, body, at: now })
}

/// Notes what became of a round; whether the way works.
async fn note(
    app: &App,
    carrier: &Arc<dyn Carrier>,
    came: Vec<Came>,
    now: Instant,
    done: &mut Sent,
) -> Result<bool, String> {
    let (channel, word) = (carrier.channel(), carrier.word());
    done.sent += came.iter().filter(|(_, c)| c.is_ok()).count() as u64;
    done.failed += came.iter().filter(|(_, c)| c.is_err()).count() as u64;
    for (due, came) in &came {
        if let Err(why) = came {
            tracing::warn!(channel = channel.word(), delivery = due.id, ?why, "a notice did not go out");
        }
    }
    let note = async move |tx: &mut Tx| -> db::Result<bool> {
        let before = store::way(tx, channel).await?;
        let (mut failures, mut error) = (before.failures, None);
        for (due, came) in &came {
            match came {
                Ok(()) => {
                    failures = 0;
                    store::save_sent(tx, &due.id, word, now).await?;
                }
                Err(NotCarried::Never(why)) => {
                    failures = 0;
                    store::save_failed(tx, &due.id, "failed", now, why).await?;
                }
                Err(NotCarried::Later(why)) => {
                    failures = 0;
                    again(tx, due, now, why).await?;
                }
                Err(NotCarried::Way(why)) => {
                    failures += 1;
                    error = Some(why.as_str());
                    again(tx, due, now, why).await?;
                }
            }
        }
        let rests = now.plus_seconds(rules::rest_s(failures));
        store::save_way(tx, channel, failures, rests, error).await?;
        Ok(failures == 0)
    };
    app.site.db.upkeep(note).await.map_err(|e| e.to_string())
}

async fn again(tx: &mut Tx, due: &Due, now: Instant, why: &str) -> db::Result<()> {
    let tries = due.tries + 1;
    let state = if tries >= rules::TRIES_MAX { "parked" } else { "queued" };
    store::save_failed(tx, &due.id, state, now.plus_seconds(rules::wait_s(tries)), why).await
}
