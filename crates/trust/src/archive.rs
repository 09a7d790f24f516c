//! Keeping (lưu trữ): documents whose signatures must hold longer than the algorithms and certificates under
//! them. Other systems hand a document over; a reconciler looks when its newest archive time-stamp lapses,
//! and puts another one on it in time. `ARCHIVE.md` says what is stamped, well enough to check it without
//! this program.
//! law: e-transactions/validity

pub(crate) mod pages;
mod renew;
pub mod rules;
pub(crate) mod store;
#[cfg(test)]
mod tests;

use base::{Id, Instant};
use contracts::trust as event;
use db::blobs::{self, Hash};
use db::{Act, Tx, outbox};
use pki::Digest;
use pki::tsp::{Imprint, Request, Token};
use web::Problem;

use self::rules::{Fault, Kind};
use self::store::Item;
use crate::stamp::belief::Trusted;
use crate::validation::Bag;
use crate::{App, stamp};

enum ItemId {}

/// So many days before its time-stamp lapses a document gets another one, unless it is configured otherwise.
/// Ours: no rule known names a time. Less than the year for which a time-stamping key is used on beside its
/// follower.
pub const LEAD_DAYS: i64 = 180;

/// A document that is handed over for keeping.
pub struct Deposit<'a> {
    /// Its bytes, a content of the store that is reserved or kept.
    pub content: Hash,
    /// What it is.
    pub kind: Kind,
    /// The system that hands it over, by its crate's name.
    pub system: &'static str,
    /// What it is there; handed over twice, it is kept once.
    pub subject: &'a str,
    /// Where an administrator reads more of it: a path of ours, or empty.
    pub page: &'a str,
}

/// Takes a document into keeping, in the caller's write; its id. One that is kept under this subject already
/// stays as it is.
///
/// # Errors
/// `NotFound` when the content was never put; the store's.
pub async fn keep(tx: &mut Tx, deposit: &Deposit<'_>, now: Instant) -> Result<String, Problem> {
    if let Some(known) = store::find_of(tx, deposit.system, deposit.subject).await? {
        return Ok(known.id);
    }
    blobs::commit(tx, &deposit.content).await?;
    let id = Id::<ItemId>::fresh().to_string();
    store::save(tx, &id, deposit, now).await?;
    tx.audit("trust.keep-document", &id).await?;
    Ok(id)
}

/// As [`keep`], of a record that bears a time-stamp already.
///
/// # Errors
/// A fault when the token cannot be read; as [`keep`].
pub async fn keep_stamped(
    tx: &mut Tx,
    deposit: &Deposit<'_>,
    token: &Token,
    now: Instant,
) -> Result<String, Problem> {
    let id = keep(tx, deposit, now).await?;
    if store::count_stamps(tx, &id).await? == 0 {
        let lapses = rules::lapses(token).unwrap_or(token.info.time);
        let stamp =
            store::Stamp { no: 1, at: token.info.time, lapses_at: lapses, token: Some(&token.message.der) };
        store::save_stamp(tx, &id, &stamp).await?;
    }
    Ok(id)
}

/// How a kept document stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its bytes as they are now, with the time-stamps that it has got; of a record as they always were.
    pub content: Hash,
    /// When its newest archive time-stamp was given, and until when that one counts; none before the first.
    pub stamped: Option<(Instant, Instant)>,
}

/// How a document stands that is kept under this id.
///
/// # Errors
/// `NotFound` when nothing is kept under it; the store's.
pub async fn standing(tx: &mut Tx, id: &str) -> Result<Standing, Problem> {
    let item = store::find(tx, id).await?.ok_or(Problem::NotFound)?;
    let content = item.held.parse().map_err(|_| Problem::fault("no hash of a content"))?;
    Ok(Standing { content, stamped: item.stamped_at.zip(item.lapses_at) })
}

/// What came of a round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Documents that have got a time-stamp.
    pub stamped: usize,
    /// Documents whose own is good for long.
    pub good: usize,
    /// Documents that could not be done now.
    pub failed: usize,
}

/// Looks at every document whose time has come, and does what is to be done; at most 200 a round.
pub async fn renew_due(app: &App, now: Instant) -> Result<Round, Problem> {
    let due = app.site.db.read(async move |tx: &mut Tx| store::list_due(tx, now).await).await?;
    let mut round = Round::default();
    if due.is_empty() {
        return Ok(round);
    }
    let known = crate::validation::evidence(app, now).await?;
    let trusted = crate::validation::trusted(app, now).await?;
    for item in due {
        match renew_one(app, &item, (&known, &trusted), now).await? {
            Ok(true) => round.stamped += 1,
            Ok(false) => round.good += 1,
            Err(fault) => {
                tracing::warn!(item = item.id, ?fault, "a kept document got no time-stamp");
                let (id, failures) = (item.id.clone(), item.failures + 1);
                let next = rules::after_failure(now, failures);
                let write = async move |tx: &mut Tx| {
                    store::save_failed(tx, &id, (failures, fault.word()), next).await
                };
                app.site.db.upkeep(write).await?;
                round.failed += 1;
            }
        }
    }
    Ok(round)
}

/// One document: whether it has got a time-stamp. What is the document's fault, or passes, is told apart
/// from what is our store's.
async fn renew_one(
    app: &App,
    item: &Item,
    (known, trusted): (&Bag, &Trusted),
    now: Instant,
) -> Result<Result<bool, Fault>, Problem> {
    let hash: Hash = item.held.parse().map_err(|_| Problem::fault("no hash of a content"))?;
    let bytes = match app.site.blobs.get(&hash).await {
        Ok(bytes) => bytes,
        Err(db::Error::NotFound | db::Error::Fault(_)) => return Ok(Err(Fault::Lost)),
        Err(other) => return Err(other.into()),
    };
    let id = item.id.clone();
    let tokens = app.site.db.read(async move |tx: &mut Tx| store::list_tokens(tx, &id).await).await?;
    let work = renew::Work {
        kind: item.kind,
        bytes,
        tokens,
        known: known.clone(),
        trusted: trusted.clone(),
        by: now.plus_days(app.archive_lead_days),
        now,
    };
    let (stamper, handle) = (app.clone(), tokio::runtime::Handle::current());
    let done = tokio::task::spawn_blocking(move || {
        work.done(&|imprint: &Imprint| handle.block_on(token(&stamper, imprint.clone())))
    });
    match done.await.map_err(Problem::fault)? {
        Err(fault) => Ok(Err(fault)),
        Ok(done) => keep_done(app, item, hash, done, now).await.map(Ok),
    }
}

/// A token of our own authority over an imprint.
async fn token(app: &App, imprint: Imprint) -> Result<Vec<u8>, String> {
    let mut request = Request::new(imprint, None);
    request.wants_certificate = true;
    stamp::answered(app, &request).await
}

/// Keeps what was done: the document's new bytes, the token of a record, and when it is to be looked at
/// again.
async fn keep_done(
    app: &App,
    item: &Item,
    before: Hash,
    done: renew::Done,
    now: Instant,
) -> Result<bool, Problem> {
    let act = || Act::system("trust.renew-archive", &item.id, now);
    let held = match done.bytes {
        Some(bytes) => app.site.blobs.store(&app.site.db, act(), bytes).await?,
        None => before,
    };
    let (item, stamped, lead) = (item.clone(), done.is_stamped, app.archive_lead_days);
    let write = async move |tx: &mut Tx| -> Result<bool, Problem> {
        if held != before {
            blobs::commit(tx, &held).await?;
            blobs::release(tx, &before).await?;
        }
        let next = rules::next(done.lapses_at, lead, now);
        let times = store::Times { stamped_at: done.at, lapses_at: done.lapses_at, next_at: next };
        store::save_done(tx, (&item.id, item.version), &held, &times).await?;
        if !stamped {
            return Ok(false);
        }
        let no = store::count_stamps(tx, &item.id).await? + 1;
        let stamp = store::Stamp { no, at: done.at, lapses_at: done.lapses_at, token: done.token.as_deref() };
        store::save_stamp(tx, &item.id, &stamp).await?;
        let told = event::ArchiveRenewed {
            item: item.id.clone(),
            system: item.system.clone(),
            subject: item.subject.clone(),
            content: held.to_string(),
            at: now,
        };
        outbox::put(tx, event::ARCHIVE_RENEWED, &item.id, &told).await?;
        Ok(true)
    };
    app.site.db.write(act(), write).await
}

/// What the tokens of a record are over, the newest last: whether each is, and when it was given.
///
/// # Errors
/// `NotFound` when nothing is kept under this id; the store's, and a content's that is lost.
pub async fn check_record(app: &App, id: &str) -> Result<Vec<(Instant, bool)>, Problem> {
    let wanted = id.to_string();
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        Ok((standing(tx, &wanted).await?, store::list_tokens(tx, &wanted).await?))
    };
    let (standing, tokens) = app.site.db.read(read).await?;
    let content = app.site.blobs.get_kept(&standing.content).await?;
    let judged = (0..tokens.len()).map(|n| {
        let stamped = |digest: Digest| rules::imprint(&content, &tokens[..n], digest);
        let token = Token::parse(&tokens[n]).ok()?;
        Some((token.info.time, token.check(stamped, &[]).is_intact()))
    });
    Ok(judged.map(|one| one.unwrap_or((Instant::from_micros(0), false))).collect())
}
