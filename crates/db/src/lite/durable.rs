//! Makes commits durable while the writer already runs the next ones.
//!
//! The writer commits without waiting for the disk. Its callers are answered here, after one `fdatasync` of
//! the log for all the commits that came meanwhile: the disk's wait and the writer's work overlap, and the
//! slower the disk, the more commits share a wait. Nobody is told of a commit before it is durable; a read
//! may see it some milliseconds earlier, as it may see any write of somebody who has not heard of it yet.
//!
//! A second thread copies the log's pages to their places, so that the writer need not: SQLite lets a passive
//! checkpoint run beside a writer.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError};

use super::{Bells, Error, Job, News, Queue, connect};

/// Commits that may wait for the disk; then the writer waits too.
pub(super) const AHEAD_MAX: usize = 64;
/// Commits between two checkpoints.
const CHECKPOINT_EVERY: u64 = 64;

/// A batch that SQLite has committed.
pub(super) struct Committed {
    pub jobs: Vec<Box<dyn Job>>,
    pub news: News,
}

/// The log beside the database's file.
fn log_of(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// Answers the callers of commits as these become durable, until the writer ends.
pub(super) fn answer(
    database: &Path,
    committed: &Receiver<Committed>,
    bells: &Bells,
    writes: &Arc<Queue>,
    checkpoint: &SyncSender<()>,
) {
    let (log, mut file, mut since) = (log_of(database), None, 0);
    let mut lost: Option<Error> = None;
    while let Ok(first) = committed.recv() {
        let mut batches = vec![first];
        loop {
            match committed.try_recv() {
                Ok(more) => batches.push(more),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
            }
        }
        if lost.is_none()
            && let Err(e) = sync(&log, &mut file)
        {
            // What the disk refused once it may pretend to hold later: nothing more is acknowledged.
            tracing::error!(error = %e, "the database's log cannot be made durable; no more is written");
            writes.close();
            lost = Some(Error::Unavailable(format!("the log cannot be made durable: {e}")));
        }
        since += batches.len() as u64;
        for Committed { jobs, news } in batches {
            if lost.is_none() {
                news.ring(bells);
            }
            jobs.into_iter().for_each(|job| job.done(lost.clone()));
        }
        if since >= CHECKPOINT_EVERY {
            since = 0;
            let _ = checkpoint.try_send(()); // one that is under way will do
        }
    }
}

/// Waits until all that was written to the log is on the disk. No log: nothing was written.
fn sync(log: &Path, file: &mut Option<File>) -> std::io::Result<()> {
    if file.is_none() {
        *file = match File::open(log) {
            Ok(opened) => Some(opened),
            Err(e) if e.kind() == ErrorKind::NotFound => None,
            Err(e) => return Err(e),
        };
    }
    file.as_ref().map_or(Ok(()), File::sync_data)
}

/// Copies the log's pages to their places whenever it is told to.
pub(super) fn checkpoint(database: &Path, told: &Receiver<()>) {
    let Ok(connection) = connect(database, "") else { return };
    while told.recv().is_ok() {
        let done = connection.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(()));
        if let Err(e) = done {
            tracing::debug!(error = %e, "a checkpoint is left to the writer");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tx::Tx;
    use std::sync::mpsc::{self, Sender};
    use tokio::runtime::Handle;

    /// A write that tells what its caller was told.
    struct Told(Sender<Option<Error>>);

    impl Job for Told {
        fn run(&mut self, _: &mut Tx, _: &Handle) -> bool {
            true
        }

        fn done(self: Box<Self>, over: Option<Error>) {
            self.0.send(over).expect("the test listens");
        }

        fn gone(&self) -> bool {
            false
        }
    }

    /// What three callers are told when this is the log, and whether anybody may write afterwards.
    fn told(make_log: impl FnOnce(&Path)) -> (Vec<Option<Error>>, bool) {
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join("cuulong.sqlite");
        make_log(&log_of(&database));
        let (committed, from) = mpsc::sync_channel(AHEAD_MAX);
        let (checkpoint, _told) = mpsc::sync_channel(1);
        let (heard, answers) = mpsc::channel();
        for _ in 0..3 {
            let jobs: Vec<Box<dyn Job>> = vec![Box::new(Told(heard.clone()))];
            committed.send(Committed { jobs, news: News::default() }).expect("there is room");
        }
        drop((committed, heard));
        let writes = Arc::new(Queue::default());
        answer(&database, &from, &Bells::default(), &writes, &checkpoint);
        let closed = writes.lock().closed;
        (answers.iter().collect(), closed)
    }

    #[test]
    fn callers_are_answered_once_the_log_is_on_the_disk() {
        let (answers, closed) = told(|log| std::fs::write(log, "frames").expect("a log"));
        assert!(matches!(answers[..], [None, None, None]) && !closed);
    }

    #[test]
    fn what_the_disk_refuses_is_acknowledged_to_nobody_and_ends_all_writing() {
        let cannot_sync = |log: &Path| std::os::unix::fs::symlink("/dev/null", log).expect("a link");
        let (answers, closed) = told(cannot_sync);
        assert!(answers.len() == 3 && answers.iter().all(|told| matches!(told, Some(Error::Unavailable(_)))));
        assert!(closed);
    }
}
