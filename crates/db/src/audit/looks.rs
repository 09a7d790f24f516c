//! Looks at a person's data. Many pages make one each, so they are written in batches: the first
//! caller writes its own and what others queue meanwhile, and each caller waits until its own is kept.
//!
//! When the store does not answer within [`PATIENCE`], the page is sent all the same and the look stays
//! in a bounded queue; every later look tries to write that queue first, and so does a task that wakes
//! once a second while it is not empty. When the queue is full, looks are refused: a page that nobody
//! can be asked about later is not sent.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::sync::oneshot;

use super::{INSERT_HEAD, WIDTH, fresh_id, values};
use crate::{
    Db,
    act::Act,
    error::{Error, Result},
    tx::{Mode, Tx},
    value::Value,
};

/// How long a page waits for its look to be kept.
const PATIENCE: Duration = Duration::from_secs(1);
/// Looks that may wait in memory while the store does not answer.
const QUEUE_MAX: usize = 10_000;
/// Looks in one transaction.
const BATCH: usize = 256;
/// How often the queue is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// What became of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// It is in the book.
    Kept,
    /// It waits in memory for the store to answer again. It would be lost if the program ended first.
    Queued,
}

struct Waiting {
    id: String,
    act: Act,
    kept: Option<oneshot::Sender<()>>,
}

/// The queue of one database.
#[derive(Default)]
pub(crate) struct Looks {
    queue: Mutex<VecDeque<Waiting>>,
    writing: tokio::sync::Mutex<()>,
    retrying: AtomicBool,
}

/// Keeps a look at a person's data, before the page with it is sent.
///
/// # Errors
/// `Unavailable` when the store has not answered for so long that the queue is full.
pub async fn looked(db: &Db, act: Act) -> Result<Look> {
    let looks = db.looks();
    let (kept, mut is_kept) = oneshot::channel();
    {
        let mut queue = looks.lock();
        if queue.len() >= QUEUE_MAX {
            return Err(Error::Unavailable("the audit book cannot be written, and its queue is full".into()));
        }
        queue.push_back(Waiting { id: fresh_id(), act, kept: Some(kept) });
    }
    // whoever comes to write first writes for all that queue behind it
    let write = async {
        let _writing = looks.writing.lock().await;
        if is_kept.try_recv().is_ok() {
            return true;
        }
        looks.write_queue(db).await.is_ok() && is_kept.try_recv().is_ok()
    };
    if tokio::time::timeout(PATIENCE, write).await.unwrap_or(false) {
        return Ok(Look::Kept);
    }
    looks.retry_later(db);
    Ok(Look::Queued)
}

impl Looks {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what is queued now, batch by batch. An id that is in the book already (its write came
    /// through although nobody waited for it) is not written again.
    async fn write_queue(&self, db: &Db) -> Result<()> {
        let mut left = self.lock().len();
        while left > 0 {
            let batch: Vec<(String, Act)> =
                self.lock().iter().take(BATCH.min(left)).map(|w| (w.id.clone(), w.act.clone())).collect();
            let n = batch.len();
            db.run(Mode::Chore, None, async move |tx: &mut Tx| put(tx, &batch).await).await?;
            for done in self.lock().drain(..n) {
                if let Some(kept) = done.kept {
                    let _ = kept.send(()); // the page may have been sent meanwhile
                }
            }
            left -= n;
        }
        Ok(())
    }

    /// One task for as long as something is queued.
    fn retry_later(&self, db: &Db) {
        if self.retrying.swap(true, SeqCst) {
            return;
        }
        let db = db.clone();
        tokio::spawn(async move {
            let looks = db.looks();
            loop {
                tokio::time::sleep(RETRY).await;
                let _writing = looks.writing.lock().await;
                if let Err(e) = looks.write_queue(&db).await {
                    tracing::warn!(error = %e, waiting = looks.lock().len(), "looks wait to be written");
                }
                if looks.lock().is_empty() {
                    looks.retrying.store(false, SeqCst);
                    return;
                }
            }
        });
    }

    /// The last chance, before the database closes.
    pub async fn flush(&self, db: &Db) {
        let _writing = self.writing.lock().await;
        if let Err(e) = self.write_queue(db).await {
            let lost = self.lock().drain(..).count();
            tracing::error!(error = %e, lost, "looks could not be written");
        }
    }
}

async fn put(tx: &mut Tx, batch: &[(String, Act)]) -> Result<()> {
    let mut rows: Vec<Value<'_>> = Vec::with_capacity(batch.len() * WIDTH);
    for (id, act) in batch {
        rows.extend(values(id, act, act.verb, &act.subject));
    }
    tx.many(INSERT_HEAD, WIDTH, &rows, "on conflict do nothing").await.map(drop)
}
