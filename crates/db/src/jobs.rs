//! Work for later: rows that workers take under a lease, try again with growing waits, and park.
//!
//! A handler's effect happens once if it calls [`done`] in the same write: the row goes with the
//! effect, and a worker that lost its lease meanwhile is told `Stale` and rolls back. Without that call
//! the worker removes the row afterwards, and the effect happens at least once.

use std::{collections::HashMap, panic::AssertUnwindSafe, pin::pin, sync::Arc, time::Duration};

use base::{Clock, Id, Instant};
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::watch;

use crate::{
    Db, args,
    error::{Error, Result},
    record,
    sql::Filter,
    tx::{Mode, Tx},
};

/// Jobs of one worker at the same time.
const AT_ONCE: usize = 4;
/// A worker that falls silent loses its jobs after this; one that lives renews it.
const LEASE: Duration = Duration::from_secs(60);
/// How often to look without being woken.
const POLL: Duration = Duration::from_secs(1);
/// No node's clock is further ahead of another's; a lease that ends later than this was taken by a clock
/// that was wrong.
const SKEW_MAX: Duration = Duration::from_secs(600);
/// Waits after failures: 5 s, 10 s, 20 s … at most an hour.
const WAIT_FIRST_S: i64 = 5;
const WAIT_MAX_S: i64 = 3600;

/// A job's id.
pub enum JobKind {}
pub type JobId = Id<JobKind>;

record! {
    /// A job as its handler gets it.
    pub struct Job {
        /// A [`JobId`], or the name of a recurring kind.
        id: String,
        kind: String,
        /// JSON.
        payload: String,
        /// When it was taken.
        run_at: Instant,
        /// Of one that comes again: how often, in microseconds.
        period_us: Option<i64>,
        /// This try included.
        attempts: i64,
        lease: String,
    }
}

impl Job {
    /// The payload as what was put.
    ///
    /// # Errors
    /// What does not fit, for the log and for the parked job.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, String> {
        serde_json::from_str(&self.payload).map_err(|e| format!("payload of job {}: {e}", self.kind))
    }
}

type Run = Arc<dyn Fn(Db, Job) -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// Who does the jobs of one kind.
#[derive(Clone)]
pub struct Handler {
    /// `system.verb`
    pub kind: &'static str,
    pub run: Run,
    /// Comes again after this, without being put.
    pub every: Option<Duration>,
    /// After so many failures a job is parked. One that comes again waits for its next time instead.
    pub tries: u32,
}

impl Handler {
    /// `Handler::new("onestop.remind", |db, job| async move { … })`
    pub fn new<F, R>(kind: &'static str, run: F) -> Self
    where
        F: Fn(Db, Job) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), String>> + Send + 'static,
    {
        Handler { kind, run: Arc::new(move |db, job| run(db, job).boxed()), every: None, tries: 10 }
    }

    /// Comes again, at whole multiples of the period since 1970, first at the next one.
    ///
    /// # Panics
    /// When the period is shorter than a second.
    pub fn every(self, period: Duration) -> Self {
        assert!(period >= Duration::from_secs(1), "a period of {period:?} is too short");
        Handler { every: Some(period), ..self }
    }
}

/// Puts a job, not to be done before `run_at`.
///
/// # Errors
/// `Fault` when the payload cannot be JSON.
pub async fn put(
    tx: &mut Tx,
    kind: &'static str,
    payload: &impl Serialize,
    run_at: Instant,
) -> Result<JobId> {
    let id = JobId::fresh();
    put_as(tx, &id.to_string(), kind, payload, run_at).await?;
    Ok(id)
}

/// Puts a job under a name of the caller's; whether there was none of this name waiting.
///
/// # Errors
/// `Fault` when the payload cannot be JSON.
pub async fn put_once(
    tx: &mut Tx,
    name: &str,
    kind: &'static str,
    payload: &impl Serialize,
    run_at: Instant,
) -> Result<bool> {
    put_as(tx, name, kind, payload, run_at).await
}

async fn put_as(
    tx: &mut Tx,
    id: &str,
    kind: &'static str,
    payload: &impl Serialize,
    run_at: Instant,
) -> Result<bool> {
    let payload = serde_json::to_string(payload).map_err(|e| Error::Fault(format!("job {kind}: {e}")))?;
    let sql =
        "insert into job(id, kind, payload, run_at, attempts, lease_until) values ($1, $2, $3, $4, 0, 0)
        on conflict do nothing";
    tx.news.job = true;
    Ok(tx.change(sql, args![id, kind, payload, run_at]).await? == 1)
}

/// Ends a job in the write that does it. One that comes again gets its next time.
///
/// # Errors
/// `Stale` when the worker's lease was lost: somebody else does or did the job.
pub async fn done(tx: &mut Tx, job: &Job) -> Result<()> {
    match job.period_us {
        None => tx.change_one("delete from job where id = $1 and lease = $2", args![job.id, job.lease]).await,
        Some(period_us) => {
            let next = next_time(job.run_at, period_us);
            let sql = "update job set run_at = $3, attempts = 0, lease = null, lease_until = 0, error = null
                where id = $1 and lease = $2";
            tx.change_one(sql, args![job.id, job.lease, next]).await
        }
    }
}

/// The first multiple of the period after a time.
fn next_time(after: Instant, period_us: i64) -> Instant {
    Instant::from_micros((after.micros().div_euclid(period_us) + 1) * period_us)
}

/// What happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    pub done: u64,
    pub failed: u64,
}

/// Does jobs until `stop` turns true; those begun end first. Woken by commits of this instance; looks
/// every second besides.
pub async fn run(db: Db, handlers: Vec<Handler>, clock: Clock, mut stop: watch::Receiver<bool>) {
    let worker = Worker::new(db, handlers, clock);
    let mut running = FuturesUnordered::new();
    let mut known: Option<Instant> = None;
    loop {
        let news = worker.db.bells().jobs.notified();
        if *stop.borrow() {
            break;
        }
        let now = worker.clock.now();
        let free = AT_ONCE - running.len();
        let taken = async {
            if known.is_none_or(|last| now < last) {
                worker.recur().await?;
            }
            worker.take(free).await
        };
        match taken.await {
            Ok(jobs) => {
                known = Some(now);
                running.extend(jobs.into_iter().map(|job| worker.one(job)));
            }
            Err(e) => tracing::warn!(error = %e, "jobs could not be taken; trying again"),
        }
        tokio::select! {
            () = news => {}
            Some(_) = running.next() => {}
            () = tokio::time::sleep(POLL) => {}
            changed = stop.changed() => if changed.is_err() { break },
        }
    }
    while running.next().await.is_some() {}
}

/// Does all jobs that are due at `now`, and those they put for now: for tests, and for a program that
/// ends. Failed ones wait for a later time.
///
/// # Errors
/// The store's.
pub async fn run_due(db: &Db, handlers: &[Handler], now: Instant) -> Result<Summary> {
    let worker = Worker::new(db.clone(), handlers.to_vec(), Clock::fixed(now));
    worker.recur().await?;
    let mut summary = Summary::default();
    loop {
        let jobs = worker.take(AT_ONCE).await?;
        if jobs.is_empty() {
            return Ok(summary);
        }
        let mut running: FuturesUnordered<_> = jobs.into_iter().map(|job| worker.one(job)).collect();
        while let Some(ok) = running.next().await {
            *(if ok { &mut summary.done } else { &mut summary.failed }) += 1;
        }
    }
}

struct Worker {
    db: Db,
    handlers: HashMap<&'static str, Handler>,
    clock: Clock,
}

impl Worker {
    fn new(db: Db, handlers: Vec<Handler>, clock: Clock) -> Self {
        Worker { db, handlers: handlers.into_iter().map(|h| (h.kind, h)).collect(), clock }
    }

    /// A row for each kind that comes again, or its new period. Times and leases that lie further ahead
    /// than any may were written while the clock was ahead: they are taken back.
    async fn recur(&self) -> Result<()> {
        let rows: Vec<(&'static str, i64)> = self
            .handlers
            .values()
            .filter_map(|h| Some((h.kind, i64::try_from(h.every?.as_micros()).unwrap_or(i64::MAX))))
            .collect();
        let now = self.clock.now();
        let lease_max = now.plus(LEASE).plus(SKEW_MAX);
        let wait_max = now.plus_seconds(WAIT_MAX_S).plus(SKEW_MAX);
        let put = async move |tx: &mut Tx| -> Result<()> {
            let leases = "update job set lease = null, lease_until = 0 where lease_until > $1";
            tx.change(leases, args![lease_max]).await?;
            let waits = "update job set run_at = $1 where period_us is null and parked_at is null
                and attempts > 0 and run_at > $2";
            tx.change(waits, args![now, wait_max]).await?;
            for (kind, period_us) in &rows {
                let sql = "insert into job(id, kind, payload, run_at, period_us, attempts, lease_until)
                    values ($1, $2, 'null', $3, $4, 0, 0)
                    on conflict (id) do update set period_us = $4, run_at = $3
                        where job.period_us <> $4 or job.run_at > $3";
                let id = format!("every {kind}");
                tx.change(sql, args![id, kind, next_time(now, *period_us), period_us]).await?;
            }
            Ok(())
        };
        self.db.run(Mode::Chore, None, put).await
    }

    /// Takes jobs that are due under a lease.
    async fn take(&self, n: usize) -> Result<Vec<Job>> {
        let (now, kinds): (_, Vec<_>) = (self.clock.now(), self.handlers.keys().copied().collect());
        let due = Filter::new("select id from job")
            .and("parked_at is null and run_at <= ?", Some(now))
            .and("lease_until <= ?", Some(now))
            .among("kind", &kinds)
            .tail("order by run_at limit 4");
        if n == 0 || kinds.is_empty() {
            return Ok(Vec::new());
        }
        let mut due: Vec<String> =
            self.db.read(async move |tx: &mut Tx| tx.list(&due, &due.args).await).await?;
        due.truncate(n);
        if due.is_empty() {
            return Ok(Vec::new());
        }
        let take = async move |tx: &mut Tx| -> Result<Vec<Job>> {
            let mut taken = Vec::new();
            for id in &due {
                let sql = "update job set lease = $2, lease_until = $3, attempts = attempts + 1
                    where id = $1 and parked_at is null and run_at <= $4 and lease_until <= $4
                    returning id, kind, payload, run_at, period_us, attempts, lease";
                let lease = JobId::fresh();
                let job = tx.find::<Job>(sql, args![id, lease, now.plus(LEASE), now]).await?;
                // times missed are not made up for
                taken.extend(job.map(|job| Job { run_at: now, ..job }));
            }
            Ok(taken)
        };
        self.db.run(Mode::Chore, None, take).await
    }

    /// Does one job and notes its end; whether it went well.
    async fn one(&self, job: Job) -> bool {
        let Some(handler) = self.handlers.get(job.kind.as_str()) else { return false };
        let given = job.clone();
        // the handler may panic while it is made and while it runs
        let work =
            AssertUnwindSafe(async move { (handler.run)(self.db.clone(), given).await }).catch_unwind();
        let mut work = pin!(work);
        let outcome = loop {
            tokio::select! {
                outcome = &mut work => break outcome.unwrap_or_else(|_| Err("the handler panicked".into())),
                () = tokio::time::sleep(LEASE / 3) => self.renew(&job).await,
            }
        };
        let ok = outcome.is_ok();
        let noted = match outcome {
            Ok(()) => self.ended(job).await,
            Err(why) => self.failed(handler, job, why).await,
        };
        if let Err(e) = noted {
            tracing::warn!(error = %e, "the end of a job could not be noted; it will be done again");
        }
        ok
    }

    async fn renew(&self, job: &Job) {
        let (id, lease, until) = (job.id.clone(), job.lease.clone(), self.clock.now().plus(LEASE));
        let renew = async move |tx: &mut Tx| {
            let sql = "update job set lease_until = $3 where id = $1 and lease = $2";
            tx.change(sql, args![id, lease, until]).await
        };
        if let Err(e) = self.db.run(Mode::Chore, None, renew).await {
            tracing::warn!(error = %e, kind = job.kind, "a job's lease could not be renewed");
        }
    }

    async fn ended(&self, job: Job) -> Result<()> {
        let end = async move |tx: &mut Tx| match done(tx, &job).await {
            Err(Error::Stale) => Ok(()), // ended by its handler, or no longer ours
            other => other,
        };
        self.db.run(Mode::Chore, None, end).await
    }

    async fn failed(&self, handler: &Handler, job: Job, why: String) -> Result<()> {
        tracing::warn!(kind = job.kind, id = job.id, attempts = job.attempts, error = %why, "a job failed");
        let now = self.clock.now();
        let run_at = match job.period_us {
            Some(period_us) => next_time(now, period_us),
            None => now.plus_seconds(wait_s(job.attempts)),
        };
        let parks = job.period_us.is_none() && job.attempts >= i64::from(handler.tries);
        let parked_at = parks.then_some(now);
        let note = async move |tx: &mut Tx| {
            let sql = "update job set run_at = $3, lease = null, lease_until = 0, parked_at = $4, error = $5
                where id = $1 and lease = $2";
            tx.change(sql, args![job.id, job.lease, run_at, parked_at, why]).await.map(drop)
        };
        self.db.run(Mode::Chore, None, note).await
    }
}

fn wait_s(attempts: i64) -> i64 {
    let doubled =
        u32::try_from(attempts - 1).ok().filter(|n| *n < 20).map_or(WAIT_MAX_S, |n| WAIT_FIRST_S << n);
    doubled.min(WAIT_MAX_S)
}

record! {
    /// A job that needs somebody to look at it.
    pub struct Parked {
        id: String, kind: String, run_at: Instant, attempts: i64, error: Option<String>, parked_at: Instant,
    }
}

/// The oldest parked jobs, 100 at most.
///
/// # Errors
/// The store's.
pub async fn parked(tx: &mut Tx) -> Result<Vec<Parked>> {
    let sql = "select id, kind, run_at, attempts, error, parked_at from job
        where parked_at is not null order by parked_at, id limit 100";
    tx.list(sql, args![]).await
}

/// Lets a parked job be tried again at once, from the first try on.
///
/// # Errors
/// `Stale` when it is not parked.
pub async fn retry(tx: &mut Tx, id: &str) -> Result<()> {
    tx.news.job = true;
    let sql =
        "update job set attempts = 0, run_at = 0, parked_at = null where id = $1 and parked_at is not null";
    tx.change_one(sql, args![id]).await
}

/// Gives a parked job up.
///
/// # Errors
/// `Stale` when it is not parked.
pub async fn give_up(tx: &mut Tx, id: &str) -> Result<()> {
    tx.change_one("delete from job where id = $1 and parked_at is not null", args![id]).await
}
