//! SQLite: one writer thread that commits many closures at once, and readers on the caller's own
//! thread.

mod durable;

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    pin::pin,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc},
    task::{Context, Poll, Waker},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rusqlite::{
    CachedStatement, Connection, ErrorCode, ffi,
    types::{ToSqlOutput, ValueRef},
};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::{Semaphore, oneshot},
};

use crate::{
    act::Act,
    audit, dialect,
    error::{Bad, Error, Result, fault},
    row::{FromRow, Row},
    tx::{Bells, News, On, Tx, body},
    value::Value,
};

// ---- statements ----------------------------------------------------------------------------

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Int(i) => ValueRef::Integer(*i),
            Value::Real(r) => ValueRef::Real(*r),
            Value::Text(s) => ValueRef::Text(s.as_bytes()),
            Value::Blob(b) => ValueRef::Blob(b),
        }))
    }
}

fn bad(e: rusqlite::Error) -> Bad {
    Bad::from(error(&e))
}

fn error(e: &rusqlite::Error) -> Error {
    let text = e.to_string();
    let rusqlite::Error::SqliteFailure(failure, _) = e else { return Error::Fault(text) };
    let unique =
        [ffi::SQLITE_CONSTRAINT_UNIQUE, ffi::SQLITE_CONSTRAINT_PRIMARYKEY, ffi::SQLITE_CONSTRAINT_ROWID];
    if unique.contains(&failure.extended_code) {
        return Error::Taken(taken(&text));
    }
    match failure.code {
        ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::DiskFull
        | ErrorCode::SystemIoFailure
        | ErrorCode::ReadOnly
        | ErrorCode::PermissionDenied
        | ErrorCode::NotADatabase
        | ErrorCode::CannotOpen => Error::Unavailable(text),
        _ => Error::Fault(text),
    }
}

/// "UNIQUE constraint failed: t.a, t.b" becomes "t.a,b".
fn taken(text: &str) -> String {
    let list = text.rsplit("failed: ").next().unwrap_or_default();
    let table = list.split('.').next().unwrap_or_default();
    let columns: Vec<&str> = list.split(", ").map(|c| c.rsplit('.').next().unwrap_or(c)).collect();
    format!("{table}.{}", columns.join(","))
}

/// Which of the caller's values a parameter stands for. SQLite numbers `$n` by first appearance,
/// not by n: so they are bound by name.
fn value_index(name: Option<&str>) -> Option<usize> {
    name?.strip_prefix('$')?.parse::<usize>().ok()?.checked_sub(1)
}

fn bound<'c>(c: &'c Connection, sql: &str, args: &[Value<'_>]) -> Result<CachedStatement<'c>, Bad> {
    let mut statement = c.prepare_cached(sql).map_err(bad)?;
    let mut top = 0;
    for i in 1..=statement.parameter_count() {
        let name = statement.parameter_name(i);
        let Some((at, value)) = value_index(name).and_then(|at| Some((at, args.get(at)?))) else {
            return fault(format!("parameter {name:?} with {} values: {sql}", args.len())).map_err(Bad::from);
        };
        if matches!(value, Value::Text(text) if text.as_bytes().contains(&0)) {
            return fault("a text with a NUL in it").map_err(Bad::from); // PostgreSQL keeps none either
        }
        top = top.max(at + 1);
        statement.raw_bind_parameter(i, value).map_err(bad)?;
    }
    if top != args.len() {
        return fault(format!("{top} parameters but {} values: {sql}", args.len())).map_err(Bad::from);
    }
    Ok(statement)
}

/// Runs a statement and reads its rows.
pub(crate) fn rows<R: FromRow>(c: &Connection, sql: &str, args: &[Value<'_>]) -> Result<Vec<R>, Bad> {
    let mut statement = bound(c, sql, args)?;
    let mut row = Row::default();
    let mut out = Vec::new();
    let mut cursor = statement.raw_query();
    while let Some(r) = cursor.next().map_err(bad)? {
        if out.is_empty() {
            // not earlier: the first step prepares anew when the tables have changed
            row.columns = r.as_ref().column_names().map(String::from).collect();
        }
        row.values.clear();
        row.next = 0;
        for i in 0..row.columns.len() {
            row.values.push(owned(r.get_ref(i).map_err(bad)?)?);
        }
        out.push(R::from_row(&mut row)?);
    }
    Ok(out)
}

fn owned(value: ValueRef<'_>) -> Result<Value<'static>> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(i) => Value::Int(i),
        ValueRef::Real(r) => Value::Real(r),
        ValueRef::Blob(b) => Value::Blob(b.to_vec().into()),
        ValueRef::Text(t) => match String::from_utf8(t.to_vec()) {
            Ok(s) => Value::Text(s.into()),
            Err(_) => return fault("a text in the database is not UTF-8"),
        },
    })
}

/// Runs a statement that returns no rows.
pub(crate) fn change(c: &Connection, sql: &str, args: &[Value<'_>]) -> Result<u64, Bad> {
    Ok(bound(c, sql, args)?.raw_execute().map_err(bad)? as u64)
}

/// Runs one statement for each row of `width` values; the number of rows changed.
pub(crate) fn many(c: &Connection, sql: &str, width: usize, values: &[Value<'_>]) -> Result<u64, Bad> {
    let mut statement = c.prepare_cached(sql).map_err(bad)?;
    let mut places = Vec::with_capacity(width);
    for i in 1..=statement.parameter_count() {
        match value_index(statement.parameter_name(i)).filter(|at| *at < width) {
            Some(at) => places.push(at),
            None => {
                return fault(format!("a parameter beyond the {width} values of a row: {sql}"))
                    .map_err(Bad::from);
            }
        }
    }
    let mut changed = 0;
    for row in values.chunks_exact(width) {
        for (i, at) in places.iter().enumerate() {
            let value = &row[*at];
            if matches!(value, Value::Text(text) if text.as_bytes().contains(&0)) {
                return fault("a text with a NUL in it").map_err(Bad::from); // PostgreSQL keeps none either
            }
            statement.raw_bind_parameter(i + 1, value).map_err(bad)?;
        }
        changed += statement.raw_execute().map_err(bad)? as u64;
    }
    Ok(changed)
}

/// Several statements in the words of the dialect.
pub(crate) fn script(c: &Connection, text: &str) -> Result<(), Bad> {
    script_as_is(c, &dialect::sqlite(text))
}

/// Several statements in the engine's own words.
pub(crate) fn script_as_is(c: &Connection, text: &str) -> Result<(), Bad> {
    c.execute_batch(text).map_err(bad)
}

/// Prepares only; how many values the statement wants.
pub(crate) fn prepare(c: &Connection, text: &str) -> Result<usize, Bad> {
    let statement = c.prepare(text).map_err(bad)?;
    let mut top = 0;
    for i in 1..=statement.parameter_count() {
        let name = statement.parameter_name(i);
        let Some(at) = value_index(name) else {
            return fault(format!("parameter {name:?} is not $n: {text}")).map_err(Bad::from);
        };
        top = top.max(at + 1);
    }
    Ok(top)
}

// ---- jobs of the connection threads -----------------------------------------------------------

/// One whole transaction body, waiting for its turn.
trait Job: Send {
    /// Runs the closure and writes its audit entries; whether it may stay.
    fn run(&mut self, tx: &mut Tx, handle: &Handle) -> bool;
    /// Tells the caller; `over`: the transaction around it failed.
    fn done(self: Box<Self>, over: Option<Error>);
    /// Nobody waits any more.
    fn gone(&self) -> bool;
}

struct Body<F, T, E> {
    closure: F,
    act: Option<Act>,
    outcome: Option<Result<T, E>>,
    caller: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Job for Body<F, T, E>
where
    T: Send,
    E: From<Error> + Send,
    F: AsyncFn(&mut Tx) -> Result<T, E> + Send,
{
    fn run(&mut self, tx: &mut Tx, handle: &Handle) -> bool {
        tx.reset(self.act.take());
        let mut outcome = handle.block_on(body(tx, &self.closure));
        if outcome.is_ok()
            && let Err(e) = write_entries(tx)
        {
            outcome = Err(E::from(e));
        }
        let stays = outcome.is_ok();
        self.outcome = Some(outcome);
        stays
    }

    fn done(self: Box<Self>, over: Option<Error>) {
        let answer = match (self.outcome, over) {
            (Some(Ok(_)) | None, Some(e)) => Err(E::from(e)),
            (Some(outcome), _) => outcome,
            (None, None) => return, // dropped by its caller before its turn
        };
        let _ = self.caller.send(answer); // nobody may be waiting
    }

    fn gone(&self) -> bool {
        self.caller.is_closed()
    }
}

/// The audit entries of a write that is about to stay.
fn write_entries(tx: &mut Tx) -> Result<()> {
    let Some(act) = &tx.act else { return Ok(()) };
    let On::Lite(c) = &tx.on else { return Ok(()) };
    let more = tx.more.iter().map(|(verb, subject)| (*verb, subject.as_str()));
    for (verb, subject) in std::iter::once((act.verb, act.subject.as_str())).chain(more) {
        let id = audit::fresh_id();
        change(c, audit::INSERT, &audit::values(&id, act, verb, subject)).map_err(|bad| bad.error)?;
    }
    Ok(())
}

#[derive(Default)]
struct Queue {
    state: Mutex<Waiting>,
    bell: Condvar,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Box<dyn Job>>,
    closed: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the next job; `None` when closed and empty.
    fn next(&self) -> Option<Box<dyn Job>> {
        let mut waiting = self.lock();
        loop {
            if let Some(job) = waiting.jobs.pop_front() {
                return Some(job);
            }
            if waiting.closed {
                return None;
            }
            waiting = self.bell.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn more(&self) -> Option<Box<dyn Job>> {
        self.lock().jobs.pop_front()
    }

    fn close(&self) {
        self.lock().closed = true;
        self.bell.notify_all();
    }
}

// ---- the engine ---------------------------------------------------------------------------------

/// How long a read waits for a free place before it is told to come later.
const READ_WAIT: Duration = Duration::from_secs(10);

/// A batch of writes closes after this, so that one slow closure cannot keep all the others waiting
/// for their commit.
const BATCH_TIME: Duration = Duration::from_millis(5);

pub(crate) struct Lite {
    path: PathBuf,
    queue_max: usize,
    writes: Arc<Queue>,
    reads: Arc<Queue>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    readers_started: Mutex<bool>,
    /// Connections of reads that run on their callers' threads, between two reads.
    idle: Mutex<Vec<Tx>>,
    places: Semaphore,
    waiting: std::sync::atomic::AtomicUsize,
}

impl Drop for Lite {
    fn drop(&mut self) {
        self.writes.close();
        self.reads.close();
    }
}

/// What `Lite::open` needs.
pub(crate) struct Settings {
    pub combine: usize,
    pub queue_max: usize,
    pub bulk: bool,
}

impl Lite {
    pub fn open(path: &Path, settings: &Settings, bells: Arc<Bells>) -> Result<Self> {
        let handle = Handle::try_current().map_err(|e| Error::Fault(e.to_string()))?;
        let connection = connect(path, dialect::SQLITE_WRITER).and_then(|c| {
            c.execute_batch("begin immediate; rollback")?; // a folder that cannot be written shows here
            c.execute_batch(dialect::SQLITE_STATISTICS)?;
            if settings.bulk {
                c.execute_batch(dialect::SQLITE_BULK)?;
            }
            Ok(c)
        });
        let connection = connection.map_err(|e| cannot_open(path, &e))?;
        let me = Lite {
            path: path.to_owned(),
            queue_max: settings.queue_max,
            writes: Arc::default(),
            reads: Arc::default(),
            threads: Mutex::default(),
            readers_started: Mutex::new(false),
            idle: Mutex::default(),
            places: Semaphore::new(reads_at_once()),
            waiting: std::sync::atomic::AtomicUsize::new(0),
        };
        let committed = me.start_durable(bells)?;
        let batch = Batch { combine: settings.combine.max(1), committed: Some(committed) };
        me.spawn("db-writer", connection, me.writes.clone(), handle, batch)?;
        Ok(me)
    }

    /// The threads that make commits durable and keep the log short; they end after the writer.
    fn start_durable(&self, bells: Arc<Bells>) -> Result<mpsc::SyncSender<durable::Committed>> {
        let (committed, from) = mpsc::sync_channel(durable::AHEAD_MAX);
        let (checkpoint, told) = mpsc::sync_channel(1);
        let (path, writes) = (self.path.clone(), self.writes.clone());
        let answer = move || durable::answer(&path, &from, &bells, &writes, &checkpoint);
        self.start("db-durable", answer)?;
        let path = self.path.clone();
        self.start("db-checkpoint", move || durable::checkpoint(&path, &told))?;
        Ok(committed)
    }

    fn start(&self, name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
        let thread = std::thread::Builder::new().name(name.into()).spawn(work);
        let thread = thread.map_err(|e| Error::Unavailable(format!("no thread for {name}: {e}")))?;
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        Ok(())
    }

    fn spawn(
        &self,
        name: &str,
        c: Connection,
        queue: Arc<Queue>,
        handle: Handle,
        batch: Batch,
    ) -> Result<()> {
        let work = move || {
            let mut tx = Tx::new(On::Lite(c), None);
            while let Some(job) = queue.next() {
                turn(&mut tx, &handle, &queue, job, &batch);
            }
        };
        self.start(name, work)
    }

    /// Reader threads, for callers that run on a current-thread runtime; started when first needed.
    fn start_readers(&self) -> Result<()> {
        let mut started = self.readers_started.lock().unwrap_or_else(PoisonError::into_inner);
        if *started {
            return Ok(());
        }
        let handle = Handle::try_current().map_err(|e| Error::Fault(e.to_string()))?;
        for _ in 0..2 {
            let c = connect(&self.path, dialect::SQLITE_READER).map_err(|e| cannot_open(&self.path, &e))?;
            let batch = Batch { combine: 1, committed: None };
            self.spawn("db-reader", c, self.reads.clone(), handle.clone(), batch)?;
        }
        *started = true;
        Ok(())
    }

    /// Puts a transaction into the queue of its kind.
    pub fn send<T, E, F>(
        &self,
        write: bool,
        act: Option<Act>,
        closure: F,
    ) -> Result<oneshot::Receiver<Result<T, E>>>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: AsyncFn(&mut Tx) -> Result<T, E> + Send + 'static,
    {
        if !write {
            self.start_readers()?;
        }
        let (caller, answer) = oneshot::channel();
        let queue = if write { &self.writes } else { &self.reads };
        let mut waiting = queue.lock();
        if waiting.closed {
            return Err(Error::Unavailable("the database is closed".into()));
        }
        if waiting.jobs.len() >= self.queue_max {
            return Err(Error::Unavailable("too many waiting transactions".into()));
        }
        waiting.jobs.push_back(Box::new(Body { closure, act, outcome: None, caller }));
        drop(waiting);
        queue.bell.notify_one();
        Ok(answer)
    }

    /// Whether a read may run on the caller's own thread.
    pub fn may_read_here() -> bool {
        Handle::try_current().is_ok_and(|h| h.runtime_flavor() == RuntimeFlavor::MultiThread)
    }

    /// A read on the caller's own thread: no hop to another and back. The runtime needs more workers
    /// than [`reads_at_once`], so that some are left when every place is taken by a long read.
    pub async fn here<T, E, F>(&self, closure: F) -> Result<T, E>
    where
        E: From<Error>,
        F: AsyncFn(&mut Tx) -> Result<T, E>,
    {
        let _place = self.place().await?;
        self.read_now(&closure)
    }

    async fn place(&self) -> Result<tokio::sync::SemaphorePermit<'_>> {
        use std::sync::atomic::Ordering::Relaxed;
        if self.writes.lock().closed {
            return Err(Error::Unavailable("the database is closed".into()));
        }
        if let Ok(permit) = self.places.try_acquire() {
            return Ok(permit);
        }
        if self.waiting.fetch_add(1, Relaxed) >= self.queue_max {
            self.waiting.fetch_sub(1, Relaxed);
            return Err(Error::Unavailable("too many waiting reads".into()));
        }
        let _leave = Leave(&self.waiting);
        match tokio::time::timeout(READ_WAIT, self.places.acquire()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Error::Unavailable("no read place became free in time".into())),
        }
    }

    fn read_now<T, E, F>(&self, closure: &F) -> Result<T, E>
    where
        E: From<Error>,
        F: AsyncFn(&mut Tx) -> Result<T, E>,
    {
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut tx = match kept {
            Some(tx) => tx,
            None => {
                let c = connect(&self.path, dialect::SQLITE_READER);
                Tx::new(On::Lite(c.map_err(|e| cannot_open(&self.path, &e))?), None)
            }
        };
        tx.reset(None);
        exec(&tx, "begin")?;
        let done = at_once(body(&mut tx, closure));
        if exec(&tx, "commit").is_ok() && !self.writes.lock().closed {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(tx);
        }
        done
    }

    /// Lets what waits finish, then ends the threads and closes the connections.
    pub async fn close(&self) {
        self.writes.close();
        self.reads.close();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let _ = tokio::task::spawn_blocking(move || threads.into_iter().for_each(|t| drop(t.join()))).await;
    }
}

/// How many reads run at the same time, each on its caller's thread.
pub(crate) fn reads_at_once() -> usize {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    (2 * cores).max(4)
}

/// What the closure of a read gives. Its statements never wait, so it ends at the first look; one that
/// waits for something else (none of ours does) may, with the thread's other tasks moved elsewhere.
fn at_once<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    let mut context = Context::from_waker(Waker::noop());
    match work.as_mut().poll(&mut context) {
        Poll::Ready(done) => done,
        Poll::Pending => tokio::task::block_in_place(|| Handle::current().block_on(work)),
    }
}

/// Gives a waiting place back, also when the waiting future is dropped.
struct Leave<'a>(&'a std::sync::atomic::AtomicUsize);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
    }
}

fn connect(path: &Path, own: &str) -> rusqlite::Result<Connection> {
    let c = Connection::open(path)?;
    c.set_prepared_statement_cache_capacity(512);
    c.execute_batch(dialect::SQLITE_SETTINGS)?;
    c.execute_batch(own)?;
    Ok(c)
}

fn cannot_open(path: &Path, e: &rusqlite::Error) -> Error {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let hint = if folder.is_dir() {
        format!("is the file readable and the folder {} writable?", folder.display())
    } else {
        format!("there is no folder {}", folder.display())
    };
    Error::Unavailable(format!("cannot open the database file {}: {e}; {hint}", path.display()))
}

fn exec(tx: &Tx, sql: &str) -> Result<()> {
    let On::Lite(c) = &tx.on else { return fault("not SQLite") };
    c.prepare_cached(sql).and_then(|mut s| s.execute([])).map(drop).map_err(|e| error(&e))
}

fn in_transaction(tx: &Tx) -> bool {
    matches!(&tx.on, On::Lite(c) if !c.is_autocommit())
}

struct Batch {
    combine: usize,
    /// Where a writer's commits go to become durable; a reader has none.
    committed: Option<mpsc::SyncSender<durable::Committed>>,
}

/// One SQLite transaction for the first job and, up to `combine`, for those that wait behind it.
/// Each but the first has a savepoint, so that one refusal takes nobody else with it; the first
/// needs none: when it fails, nothing else has run yet.
fn turn(tx: &mut Tx, handle: &Handle, queue: &Queue, first: Box<dyn Job>, batch: &Batch) {
    let start = Instant::now();
    let (mut kept, mut next, mut news) = (Vec::new(), Some(first), News::default());
    let mut end = exec(tx, if batch.committed.is_some() { "begin immediate" } else { "begin" });
    while let Some(mut job) = next.take() {
        if end.is_ok() && !job.gone() {
            end = step(tx, handle, job.as_mut(), kept.is_empty(), &mut news);
            kept.push(job);
        } else if end.is_err() {
            kept.push(job);
        }
        let full = kept.len() >= batch.combine || start.elapsed() > BATCH_TIME;
        if end.is_ok() && !full && in_transaction(tx) {
            next = queue.more();
        }
    }
    if end.is_ok() && in_transaction(tx) {
        end = exec(tx, "commit");
    }
    if in_transaction(tx) {
        let _ = exec(tx, "rollback"); // SQLite rolls back by itself when even this fails
    }
    match (end, &batch.committed) {
        (Ok(()), Some(committed)) => {
            // The thread at the other end lives as long as this sender.
            let _ = committed.send(durable::Committed { jobs: kept, news });
        }
        (end, _) => {
            let over = end.err();
            kept.into_iter().for_each(|job| job.done(over.clone()));
        }
    }
}

/// Runs one job inside the batch's transaction. An error means the whole transaction is lost.
fn step(tx: &mut Tx, handle: &Handle, job: &mut dyn Job, first: bool, news: &mut News) -> Result<()> {
    if !first {
        exec(tx, "savepoint job")?;
    }
    let stays = job.run(tx, handle);
    if !in_transaction(tx) {
        return Err(Error::Unavailable("SQLite gave the transaction up (disk full or broken?)".into()));
    }
    if stays {
        news.add(tx.news);
    }
    match (first, stays) {
        (true, true) => Ok(()),
        (true, false) => exec(tx, "rollback"),
        (false, true) => exec(tx, "release job"),
        (false, false) => exec(tx, "rollback to job").and_then(|()| exec(tx, "release job")),
    }
}
