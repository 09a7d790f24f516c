//! The lane: writers that were not lucky share transactions instead of losing to each other again.
//!
//! A row that everybody changes (the book of numbers of a busy counter) lets one optimistic writer win and
//! all others start anew. Here they queue, and whoever holds the gate runs all of them one after the other,
//! each behind a savepoint, under one commit. So a hot row costs its writers one wait for the disk
//! together, and nothing is done twice.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool_postgres::{Object, Pool};
use futures_util::future::LocalBoxFuture;
use tokio::sync::oneshot;

use super::{Kept, PgTx, Shared, TRIES, chain};
use crate::{
    act::Act,
    error::{Bad, Error, Result},
    tx::{News, On, Tx, body},
};

/// Writers in one transaction at most.
const JOBS_MAX: usize = 64;
/// No more writers are taken in after this, so that one slow closure cannot keep all others waiting.
const BATCH_TIME: Duration = Duration::from_millis(20);

const BEGIN: &str = "begin isolation level serializable; savepoint job";
const NEXT: &str = "release savepoint job; savepoint job";
const BACK: &str = "rollback to savepoint job";

/// One whole transaction body, waiting for its turn.
pub(super) trait Job: Send {
    /// Runs the closure, perhaps not for the first time; whether it may stay.
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> LocalBoxFuture<'a, bool>;
    /// Tells the caller; `over`: the transaction around it failed.
    fn answer(self: Box<Self>, over: Option<Error>);
}

/// A closure, and whom its answer goes to.
pub(super) struct Write<F, T, E> {
    pub closure: F,
    pub act: Option<Act>,
    pub outcome: Option<Result<T, E>>,
    pub caller: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Job for Write<F, T, E>
where
    T: Send,
    E: From<Error> + Send,
    F: AsyncFn(&mut Tx) -> Result<T, E> + Send,
{
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> LocalBoxFuture<'a, bool> {
        Box::pin(async move {
            tx.reset(self.act.clone());
            let outcome = body(tx, &self.closure).await;
            let stays = outcome.is_ok();
            self.outcome = Some(outcome);
            stays
        })
    }

    fn answer(self: Box<Self>, over: Option<Error>) {
        let answer = match (over, self.outcome) {
            (Some(error), _) => Err(E::from(error)),
            (None, Some(outcome)) => outcome,
            (None, None) => return, // never run, in a transaction that succeeded: there is no such job
        };
        let _ = self.caller.send(answer); // nobody may be waiting
    }
}

/// Who waits. Whoever adds a job takes the gate after it, and runs what is there then: so there are never
/// more jobs here than writers who will still come for one.
#[derive(Default)]
pub(super) struct Lane(Mutex<VecDeque<Box<dyn Job>>>);

impl Lane {
    pub fn add(&self, job: Box<dyn Job>) {
        self.with(|jobs| jobs.push_back(job));
    }

    fn next(&self) -> Option<Box<dyn Job>> {
        self.with(VecDeque::pop_front)
    }

    fn put_back(&self, taken: Vec<Box<dyn Job>>) {
        self.with(|jobs| taken.into_iter().rev().for_each(|job| jobs.push_front(job)));
    }

    fn with<R>(&self, work: impl FnOnce(&mut VecDeque<Box<dyn Job>>) -> R) -> R {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Runs who waits, alone among this process's writers: the caller holds the gate. At least one of them has
/// its answer afterwards.
pub(super) async fn run(pool: &Pool, shared: &Shared) {
    let mut at_once = JOBS_MAX;
    for tries in 0..TRIES {
        let mut jobs = Vec::new();
        let done = together(pool, shared, at_once, &mut jobs).await;
        match done {
            Ok(news) => {
                news.ring(&shared.bells);
                return jobs.into_iter().for_each(|job| job.answer(None));
            }
            Err(Bad { error, again: false }) => {
                return jobs.into_iter().for_each(|job| job.answer(Some(error.clone())));
            }
            Err(_) => shared.lane.put_back(jobs),
        }
        // Another node was quicker. A short transaction loses less often than a long one.
        at_once = (at_once / 2).max(1);
        shared.count_again();
        super::before_again(tries).await;
    }
    if let Some(job) = shared.lane.next() {
        job.answer(Some(super::too_many_conflicts()));
    }
}

/// One transaction for as many as `at_once`, who are in `jobs` afterwards.
async fn together(
    pool: &Pool,
    shared: &Shared,
    at_once: usize,
    jobs: &mut Vec<Box<dyn Job>>,
) -> Result<News, Bad> {
    let Some(first) = shared.lane.next() else { return Ok(News::default()) };
    jobs.push(first);
    let connection = pool.get().await;
    let connection = connection
        .map_err(|e| Error::Unavailable(format!("no connection: {}", chain(&e))))
        .map_err(Bad::from)?;
    let mut tx = Tx::new(On::Pg(PgTx { connection, begin: Some(BEGIN) }), None);
    let done = each(&mut tx, shared, at_once, jobs).await;
    let On::Pg(pg) = tx.on else { return Err(not_postgres()) };
    if done.is_err() && pg.connection.batch_execute("rollback").await.is_err() {
        let _ = Object::take(pg.connection); // not fit for the pool any more
    }
    done
}

async fn each(
    tx: &mut Tx,
    shared: &Shared,
    at_once: usize,
    jobs: &mut Vec<Box<dyn Job>>,
) -> Result<News, Bad> {
    let (mut kept, mut news) = (Vec::new(), News::default());
    let (mut at, began) = (0, Instant::now());
    while let Some(job) = jobs.get_mut(at) {
        let stays = job.run(tx).await; // also when nobody waits any more: what began runs to its end
        let (again, act) = (tx.again, tx.act.take());
        let On::Pg(pg) = &mut tx.on else { return Err(not_postgres()) };
        if again {
            return Err(Bad { error: super::too_many_conflicts(), again });
        }
        if stays {
            kept.extend(act.map(|act| Kept { act, more: std::mem::take(&mut tx.more) }));
            news.add(tx.news);
        } else if pg.begin.is_none() {
            pg.connection.batch_execute(BACK).await.map_err(super::bad)?;
        }
        pg.begin.get_or_insert(NEXT);
        at += 1;
        if at == jobs.len() && at < at_once && began.elapsed() < BATCH_TIME {
            jobs.extend(shared.lane.next());
        }
    }
    let On::Pg(pg) = &mut tx.on else { return Err(not_postgres()) };
    if pg.begin != Some(BEGIN) || !kept.is_empty() {
        pg.finish(&kept).await?;
    }
    Ok(news)
}

fn not_postgres() -> Bad {
    Bad::from(Error::Fault("not PostgreSQL".into()))
}
