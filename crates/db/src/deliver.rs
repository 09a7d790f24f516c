//! Delivery of events: at least once, in order for each (listener, aggregate), by one instance at a
//! time.
//!
//! An event is first dealt out into one `delivery` row for each listener of its topic. A listener's
//! deliveries are worked off by the instance that holds the listener's lease. A failure is tried again
//! after a growing wait and parked after [`Listener::tries`] tries; until then, and while parked, later
//! events of the same aggregate wait behind it. A consumer calls [`seen`] in its own write, so that an
//! event that comes twice has its effect once.

use std::{
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant as Moment},
};

use base::{Clock, Id, Instant};
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream};
use tokio::sync::watch;

use crate::{
    Db, FromRow, Row, args,
    error::Result,
    outbox::Event,
    record,
    sql::Filter,
    tx::{Mode, Tx},
    value::Value,
};

/// Events looked at in one go.
const BATCH: i64 = 64;
/// Aggregates of one listener that are delivered at the same time.
const AT_ONCE: usize = 8;
/// An instance that falls silent loses its listeners after this.
const LEASE: Duration = Duration::from_secs(60);
/// What a handler may take; then it counts as failed. Well below the lease.
const HANDLE_TIME_MAX: Duration = Duration::from_secs(20);
/// No new handler is started in a batch after this.
const BATCH_TIME_MAX: Duration = Duration::from_secs(20);
/// How often to look without being woken (events of other instances, waits that ended).
const POLL: Duration = Duration::from_secs(1);
/// After a small batch: what comes meanwhile goes together, because each batch costs a few commits and the
/// people's own writes wait for them.
const GATHER: Duration = Duration::from_millis(50);
/// Waits after failures: 1 s, 2 s, 4 s … at most this.
const WAIT_MAX_S: i64 = 3600;
/// No node's clock is further ahead of another's; a lease that ends later than this was taken by a clock
/// that was wrong.
const SKEW_MAX: Duration = Duration::from_secs(600);
/// `due_at` of parked deliveries.
const NEVER: i64 = i64::MAX;

type Handle = Arc<dyn Fn(Db, Vec<Event>) -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// Somebody who wants to hear of events.
#[derive(Clone)]
pub struct Listener {
    /// Its name for ever: deliveries are kept under it.
    pub name: &'static str,
    /// Exact topics; `*` is all of them.
    pub topics: &'static [&'static str],
    /// Called with as many events at a time as it takes; an error means: again later.
    pub handle: Handle,
    /// Whether one call may bring many events, of different aggregates.
    pub of_batches: bool,
    /// After so many failures a delivery is parked.
    pub tries: u32,
}

impl Listener {
    /// `Listener::new("directory.counts", &["onestop.dossier.received"], |db, event| async move { … })`
    pub fn new<F, R>(name: &'static str, topics: &'static [&'static str], handle: F) -> Self
    where
        F: Fn(Db, Event) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), String>> + Send + 'static,
    {
        let handle = Arc::new(move |db: Db, events: Vec<Event>| {
            let one = events.into_iter().next().map(|event| handle(db, event));
            async move { one.ok_or("no event")?.await }.boxed()
        });
        Listener { name, topics, handle, of_batches: false, tries: 10 }
    }

    /// A listener that is given whole batches, in order for each aggregate, because one write for many
    /// events is cheaper than many. When a batch fails its events come again one at a time, so that a
    /// single bad one holds back nobody but its own aggregate.
    pub fn of_batches<F, R>(name: &'static str, topics: &'static [&'static str], handle: F) -> Self
    where
        F: Fn(Db, Vec<Event>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), String>> + Send + 'static,
    {
        let handle = Arc::new(move |db, events| handle(db, events).boxed());
        Listener { name, topics, handle, of_batches: true, tries: 10 }
    }

    fn wants(&self, topic: &str) -> bool {
        self.topics.iter().any(|t| *t == topic || *t == "*")
    }
}

/// Notes in the consumer's own write that it handles this event now. `false`: it has done so before,
/// and there is nothing left to do.
///
/// # Errors
/// The store's.
pub async fn seen(tx: &mut Tx, consumer: &str, event: &Event) -> Result<bool> {
    let sql = "insert into inbox(consumer, event, at) values ($1, $2, $3) on conflict do nothing";
    Ok(tx.change(sql, args![consumer, event.id, event.at]).await? == 1)
}

/// What happened in a pass.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    pub delivered: u64,
    /// Failures, parked ones included.
    pub failed: u64,
}

impl std::ops::AddAssign for Summary {
    fn add_assign(&mut self, other: Summary) {
        self.delivered += other.delivered;
        self.failed += other.failed;
    }
}

/// Delivers until `stop` turns true. Woken by commits of this instance; looks every second besides.
pub async fn run(db: Db, listeners: Vec<Listener>, clock: Clock, mut stop: watch::Receiver<bool>) {
    let holder = holder();
    let mut last: Option<Instant> = None;
    loop {
        let news = db.bells().outbox.notified();
        if *stop.borrow() {
            break;
        }
        let now = clock.now();
        if last.is_none_or(|last| now < last) {
            match come_back(&db, now).await {
                Ok(()) => last = Some(now),
                Err(e) => tracing::warn!(error = %e, "waits of a clock that was ahead stay for now"),
            }
        }
        last = last.map(|last| last.max(now));
        match pass(&db, &listeners, &clock, &holder).await {
            Ok(summary) if summary.delivered >= BATCH.unsigned_abs() => continue,
            Ok(summary) if summary.delivered > 0 => {
                tokio::select! {
                    () = tokio::time::sleep(GATHER) => continue,
                    changed = stop.changed() => if changed.is_err() { break },
                }
            }
            Ok(_) => {}
            Err(e) => tracing::warn!(error = %e, "events could not be delivered; trying again"),
        }
        tokio::select! {
            () = news => {}
            () = tokio::time::sleep(POLL) => {}
            changed = stop.changed() => if changed.is_err() { break },
        }
    }
    release(&db, &listeners, &holder).await;
}

/// Delivers all that is due at `now`, and what comes of it, until nothing is left to do: for tests, and
/// for a program that ends. What failed and waits for a later time stays; see [`crate::outbox::pending`].
///
/// # Errors
/// The store's.
pub async fn run_until_idle(db: &Db, listeners: &[Listener], now: Instant) -> Result<Summary> {
    let (holder, clock) = (holder(), Clock::fixed(now));
    let mut all = Summary::default();
    come_back(db, now).await?;
    loop {
        let summary = pass(db, listeners, &clock, &holder).await?;
        all += summary;
        if summary == Summary::default() {
            break;
        }
    }
    release(db, listeners, &holder).await;
    Ok(all)
}

/// Ends leases and waits that lie further ahead than any may: they were written while the clock was ahead,
/// and would hold everything back until that time comes again.
async fn come_back(db: &Db, now: Instant) -> Result<()> {
    let lease_max = now.plus(LEASE).plus(SKEW_MAX);
    let wait_max = now.plus_seconds(WAIT_MAX_S).plus(SKEW_MAX);
    db.run(Mode::Chore, None, async move |tx: &mut Tx| -> Result<()> {
        tx.change("update listener set lease_until = 0 where lease_until > $1", args![lease_max]).await?;
        let waits = "update delivery set due_at = $1 where parked_at is null and due_at > $2";
        tx.change(waits, args![now, wait_max]).await.map(drop)
    })
    .await
}

fn holder() -> String {
    enum HolderKind {}
    Id::<HolderKind>::fresh().to_string()
}

/// Deals out what is new, then works off one batch for each listener.
async fn pass(db: &Db, listeners: &[Listener], clock: &Clock, holder: &str) -> Result<Summary> {
    deal_out(db, listeners).await?;
    let mut all = Summary::default();
    for listener in listeners {
        all += listen(db, listener, clock, holder).await?;
    }
    Ok(all)
}

record! { struct Fresh { seq: i64, topic: String, aggregate: String } }

async fn deal_out(db: &Db, listeners: &[Listener]) -> Result<()> {
    let new = "select seq, topic, aggregate from outbox where fanned = 0 order by seq limit 256";
    loop {
        let any = async move |tx: &mut Tx| {
            tx.find::<i64>("select seq from outbox where fanned = 0 limit 1", args![]).await
        };
        if db.read(any).await?.is_none() {
            return Ok(());
        }
        let listeners = listeners.to_vec();
        db.run(Mode::Chore, None, async move |tx: &mut Tx| -> Result<()> {
            // one instance at a time, or a late one would deal out again what was delivered already
            tx.change_one("update listener set lease_until = 0 where name = ''", args![]).await?;
            let fresh = tx.list::<Fresh>(new, args![]).await?;
            let mut rows = Vec::new();
            for event in &fresh {
                for listener in listeners.iter().filter(|l| l.wants(&event.topic)) {
                    let row = [listener.name.into(), event.aggregate.as_str().into()].map(Value::Text);
                    rows.extend(row);
                    rows.extend([Value::Int(event.seq), Value::Int(0), Value::Int(0)]);
                }
            }
            let head = "insert into delivery(listener, aggregate, seq, due_at, attempts) values";
            tx.many(head, 5, &rows, "on conflict do nothing").await?;
            let seqs: Vec<i64> = fresh.iter().map(|e| e.seq).collect();
            let dealt = Filter::new("update outbox set fanned = 1").among("seq", &seqs);
            tx.change(&dealt, &dealt.args).await.map(drop)
        })
        .await?;
    }
}

/// A delivery that is due, with its event.
#[derive(Clone)]
struct Due {
    seq: i64,
    attempts: i64,
    event: Event,
}

impl FromRow for Due {
    fn from_row(row: &mut Row) -> Result<Self> {
        Ok(Due { seq: row.take("seq")?, attempts: row.take("attempts")?, event: Event::from_row(row)? })
    }
}

/// One batch of one listener, if its lease is to be had.
async fn listen(db: &Db, listener: &Listener, clock: &Clock, holder: &str) -> Result<Summary> {
    let (name, now) = (listener.name, clock.now());
    let any = async move |tx: &mut Tx| {
        let sql = "select seq from delivery where listener = $1 and due_at <= $2 limit 1";
        tx.find::<i64>(sql, args![name, now]).await
    };
    if db.read(any).await?.is_none() || !lease(db, name, holder, now).await? {
        return Ok(Summary::default());
    }
    let due = async move |tx: &mut Tx| {
        let sql = "select d.seq, d.attempts, o.id, o.topic, o.aggregate, o.payload, o.at
            from delivery d join outbox o on o.seq = d.seq
            where d.listener = $1 and d.due_at <= $2 and not exists (
                select 1 from delivery w where w.listener = d.listener and w.aggregate = d.aggregate
                and w.due_at > 0 and w.due_at > $2)
            order by d.seq limit $3";
        tx.list::<Due>(sql, args![name, now, BATCH]).await
    };
    let due = db.read(due).await?;
    let started = Moment::now();
    if let Some(done) = together(db, listener, &due).await {
        return note(db, listener, holder, clock.now(), vec![done]).await;
    }
    let mut runs: BTreeMap<String, Vec<Due>> = BTreeMap::new();
    for due in due {
        runs.entry(due.event.aggregate.clone()).or_default().push(due);
    }
    let runs = stream::iter(runs.into_values().map(|run| in_order(db, listener, run, started)));
    let outcomes: Vec<Outcome> = runs.buffer_unordered(AT_ONCE).collect().await;
    note(db, listener, holder, clock.now(), outcomes).await
}

/// What became of one aggregate's events: those done, and the one that failed, if any.
struct Outcome {
    done: Vec<i64>,
    failed: Option<(i64, i64, String)>,
}

/// The whole batch in one call, if the listener takes batches. None: it does not, or it failed.
async fn together(db: &Db, listener: &Listener, due: &[Due]) -> Option<Outcome> {
    if !listener.of_batches || due.len() < 2 {
        return None;
    }
    let events = due.iter().map(|d| d.event.clone()).collect();
    match handle(db, listener, events).await {
        Ok(()) => Some(Outcome { done: due.iter().map(|d| d.seq).collect(), failed: None }),
        Err(why) => {
            tracing::info!(listener = listener.name, error = %why, "a batch failed; going one by one");
            None
        }
    }
}

async fn in_order(db: &Db, listener: &Listener, run: Vec<Due>, started: Moment) -> Outcome {
    let mut outcome = Outcome { done: Vec::new(), failed: None };
    for due in run {
        if started.elapsed() > BATCH_TIME_MAX {
            break;
        }
        match handle(db, listener, vec![due.event]).await {
            Ok(()) => outcome.done.push(due.seq),
            Err(why) => {
                outcome.failed = Some((due.seq, due.attempts + 1, why));
                break;
            }
        }
    }
    outcome
}

/// One call, with its limit of time; it may panic while it is made and while it runs.
async fn handle(db: &Db, listener: &Listener, events: Vec<Event>) -> std::result::Result<(), String> {
    let handled = AssertUnwindSafe(async { (listener.handle)(db.clone(), events).await }).catch_unwind();
    match tokio::time::timeout(HANDLE_TIME_MAX, handled).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_panic)) => Err("the handler panicked".into()),
        Err(_elapsed) => Err(format!("no answer in {} s", HANDLE_TIME_MAX.as_secs())),
    }
}

/// Notes the outcomes, if the lease is still ours; else another instance repeats the batch.
async fn note(
    db: &Db,
    listener: &Listener,
    holder: &str,
    now: Instant,
    outcomes: Vec<Outcome>,
) -> Result<Summary> {
    let (name, tries, holder) = (listener.name, i64::from(listener.tries), holder.to_owned());
    let done: Vec<i64> = outcomes.iter().flat_map(|o| o.done.iter().copied()).collect();
    let failed: Vec<_> = outcomes.into_iter().filter_map(|o| o.failed).collect();
    for (seq, attempts, why) in &failed {
        tracing::warn!(listener = name, seq, attempts, error = %why, "a delivery failed");
    }
    let summary = Summary { delivered: done.len() as u64, failed: failed.len() as u64 };
    db.run(Mode::Chore, None, async move |tx: &mut Tx| -> Result<Summary> {
        let ours = "update listener set lease_until = $3 where name = $1 and holder = $2";
        if tx.change(ours, args![name, holder, lease_end(now)]).await? == 0 {
            return Ok(Summary::default());
        }
        let gone = Filter::new("delete from delivery").and("listener = ?", Some(name)).among("seq", &done);
        tx.change(&gone, &gone.args).await?;
        for (seq, attempts, why) in &failed {
            let parks = *attempts >= tries;
            let due = if parks { NEVER } else { now.plus_seconds(wait_s(*attempts)).micros() };
            let sql = "update delivery set attempts = $3, due_at = $4, parked_at = $5, error = $6
                       where listener = $1 and seq = $2";
            let parked_at = parks.then_some(now);
            tx.change(sql, args![name, seq, attempts, due, parked_at, why]).await?;
        }
        Ok(summary)
    })
    .await
}

fn wait_s(attempts: i64) -> i64 {
    1i64.checked_shl(u32::try_from(attempts - 1).unwrap_or(0)).unwrap_or(WAIT_MAX_S).clamp(1, WAIT_MAX_S)
}

fn lease_end(now: Instant) -> Instant {
    now.plus(LEASE)
}

async fn lease(db: &Db, name: &'static str, holder: &str, now: Instant) -> Result<bool> {
    let holder = holder.to_owned();
    db.run(Mode::Chore, None, async move |tx: &mut Tx| {
        let sql = "insert into listener(name, holder, lease_until) values ($1, $2, $3)
            on conflict (name) do update set holder = $2, lease_until = $3
            where listener.holder = $2 or listener.lease_until <= $4";
        Ok(tx.change(sql, args![name, holder, lease_end(now), now]).await? == 1)
    })
    .await
}

async fn release(db: &Db, listeners: &[Listener], holder: &str) {
    let (holder, names): (_, Vec<_>) = (holder.to_owned(), listeners.iter().map(|l| l.name).collect());
    let released = db.run(Mode::Chore, None, async move |tx: &mut Tx| -> Result<()> {
        for name in &names {
            let sql = "update listener set lease_until = 0 where name = $1 and holder = $2";
            tx.change(sql, args![name, holder]).await?;
        }
        Ok(())
    });
    if let Err(e) = released.await {
        tracing::debug!(error = %e, "the listeners' leases end by themselves");
    }
}

record! {
    /// A delivery that needs somebody to look at it.
    pub struct Parked {
        listener: String, seq: i64, topic: String, aggregate: String, attempts: i64, error: Option<String>,
        parked_at: Instant,
    }
}

/// The oldest parked deliveries, 100 at most.
///
/// # Errors
/// The store's.
pub async fn parked(tx: &mut Tx) -> Result<Vec<Parked>> {
    let sql = "select d.listener, d.seq, o.topic, d.aggregate, d.attempts, d.error, d.parked_at
        from delivery d join outbox o on o.seq = d.seq
        where d.due_at > 0 and d.parked_at is not null order by d.parked_at, d.seq limit 100";
    tx.list(sql, args![]).await
}

/// Lets a parked delivery be tried again, from the first try on.
///
/// # Errors
/// `Stale` when it is not parked.
pub async fn retry(tx: &mut Tx, listener: &str, seq: i64) -> Result<()> {
    let sql = "update delivery set attempts = 0, due_at = 0, parked_at = null
        where listener = $1 and seq = $2 and parked_at is not null";
    tx.news.event = true;
    tx.change_one(sql, args![listener, seq]).await
}

/// Gives a parked delivery up: the aggregate's later events go on.
///
/// # Errors
/// `Stale` when it is not parked.
pub async fn give_up(tx: &mut Tx, listener: &str, seq: i64) -> Result<()> {
    let sql = "delete from delivery where listener = $1 and seq = $2 and parked_at is not null";
    tx.news.event = true;
    tx.change_one(sql, args![listener, seq]).await
}

/// Forgets events from before a time that everybody has heard, and what consumers noted of them; how
/// many events.
///
/// # Errors
/// The store's.
pub async fn sweep(db: &Db, before: Instant) -> Result<u64> {
    let mut gone = 0;
    loop {
        let n = db.run(Mode::Chore, None, async move |tx: &mut Tx| -> Result<u64> {
            let sql = "select seq, id from outbox o where fanned = 1 and at < $1
                and not exists (select 1 from delivery d where d.seq = o.seq) order by seq limit 256";
            let old = tx.list::<(i64, String)>(sql, args![before]).await?;
            let (seqs, ids): (Vec<i64>, Vec<String>) = old.into_iter().unzip();
            let inbox = Filter::new("delete from inbox").among("event", &ids);
            tx.change(&inbox, &inbox.args).await?;
            let events = Filter::new("delete from outbox").among("seq", &seqs);
            tx.change(&events, &events.args).await
        });
        match n.await? {
            0 => return Ok(gone),
            n => gone += n,
        }
    }
}
