//! PostgreSQL: closures run on pinned threads, SERIALIZABLE, and are run again on conflict.

mod copy;
mod lane;

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    thread::JoinHandle,
    time::Duration,
};

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use futures_util::{
    FutureExt, StreamExt, TryStreamExt,
    future::{LocalBoxFuture, join, join_all},
    stream,
};
use tokio::sync::{Notify, RwLock, mpsc, oneshot};
use tokio_postgres::{
    Statement,
    types::{FromSql, IsNull, ToSql, Type, to_sql_checked},
};

use crate::{
    act::Act,
    audit, dialect,
    error::{Bad, Error, Result, chain, fault},
    row::{FromRow, Row},
    tls,
    tx::{Bells, Mode, On, Tx, body},
    value::Value,
};
use lane::{Lane, Write};

/// How long to wait for a connection, free or new.
const CONNECTION_WAIT: Duration = Duration::from_secs(10);
/// How often a closure is run before a conflict is told to the caller: about a second. The gate below orders
/// the writers of this process; against another node's writer, who loses as often, only trying again helps.
const TRIES: u32 = 60;
/// After so many tries beside others a writer goes into the lane, so that a hot row can starve nobody.
const TRIES_TOGETHER: u32 = 1;
/// Before the n-th repetition: a random wait below this, doubled n times (at most 64-fold).
const RETRY_WAIT_US: u64 = 500;

/// The code of "cached plan must not change result type".
const OLD_PLAN: &str = "0A000";

// ---- values ----------------------------------------------------------------------------------

type AnyError = Box<dyn std::error::Error + Sync + Send>;

impl ToSql for Value<'_> {
    fn to_sql(&self, ty: &Type, out: &mut bytes::BytesMut) -> Result<IsNull, AnyError> {
        match (self, ty) {
            (Value::Null, _) => Ok(IsNull::Yes),
            (Value::Int(i), &Type::INT8) => i.to_sql(ty, out),
            (Value::Int(i), &Type::INT4) => i32::try_from(*i)?.to_sql(ty, out),
            (Value::Int(i), &Type::INT2) => i16::try_from(*i)?.to_sql(ty, out),
            (Value::Int(i), &Type::FLOAT8) => (*i as f64).to_sql(ty, out),
            (Value::Int(i), &Type::BOOL) => (*i != 0).to_sql(ty, out),
            (Value::Real(r), &Type::FLOAT8) => r.to_sql(ty, out),
            (Value::Text(s), _) if <&str as ToSql>::accepts(ty) => s.as_ref().to_sql(ty, out),
            (Value::Blob(b), &Type::BYTEA) => b.as_ref().to_sql(ty, out),
            _ => Err(format!("{} given where PostgreSQL wants {ty}", self.kind()).into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value<'static> {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, AnyError> {
        Ok(match *ty {
            Type::INT8 => Value::Int(i64::from_sql(ty, raw)?),
            Type::INT4 => Value::Int(i32::from_sql(ty, raw)?.into()),
            Type::INT2 => Value::Int(i16::from_sql(ty, raw)?.into()),
            Type::BOOL => Value::Int(bool::from_sql(ty, raw)?.into()),
            Type::FLOAT8 => Value::Real(f64::from_sql(ty, raw)?),
            Type::FLOAT4 => Value::Real(f32::from_sql(ty, raw)?.into()),
            Type::BYTEA => Value::Blob(raw.to_vec().into()),
            _ if <&str as FromSql>::accepts(ty) => Value::Text(String::from_sql(ty, raw)?.into()),
            _ => return Err(format!("a column of type {ty}: cast it to text, bigint, double or blob").into()),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, AnyError> {
        Ok(Value::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn bad(e: tokio_postgres::Error) -> Bad {
    let Some(answer) = e.as_db_error() else {
        let text = chain(&e);
        return Bad::from(if lost(&e) { Error::Unavailable(text) } else { Error::Fault(text) });
    };
    let code = answer.code().code();
    let text = format!("{code} {}", answer.message());
    match code {
        "40001" | "40P01" => Bad { error: Error::Conflict(text), again: true },
        // another instance has migrated: prepared statements do not fit their tables any more
        OLD_PLAN if answer.message().contains("cached plan") => {
            Bad { error: Error::Unavailable(text), again: true }
        }
        "23505" => Bad::from(Error::Taken(taken(answer))),
        _ if ["53", "57", "08", "28", "3D"].contains(&&code[..2]) || code == "55P03" => {
            Bad::from(Error::Unavailable(text))
        }
        _ => Bad::from(Error::Fault(text)),
    }
}

/// Whether the connection is gone: closed, broken, or ended by the server (class 57P).
fn lost(e: &tokio_postgres::Error) -> bool {
    if let Some(answer) = e.as_db_error() {
        return answer.code().code().starts_with("57P");
    }
    let text = chain(e);
    e.is_closed() || text.contains("error communicating") || text.contains("error connecting")
}

/// The detail `Key (a, b)=(…) already exists.` gives the columns in any language: "t.a,b".
fn taken(answer: &tokio_postgres::error::DbError) -> String {
    let detail = answer.detail().and_then(|d| d.split_once('(')).and_then(|d| d.1.split_once(")="));
    let columns = detail.map_or("", |d| d.0).replace(", ", ",");
    format!("{}.{columns}", answer.table().unwrap_or_default())
}

fn params<'a>(args: &'a [Value<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    args.iter().map(|v| v as _).collect()
}

// ---- statements ------------------------------------------------------------------------------

/// A transaction on its connection. `begin` is still there while nothing has been sent.
pub(crate) struct PgTx {
    connection: Object,
    begin: Option<&'static str>,
}

impl PgTx {
    /// BEGIN travels in the same packet burst as the first statement.
    async fn first<T>(
        connection: &Object,
        begin: Option<&'static str>,
        statement: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Bad> {
        let done = match begin {
            None => statement.await,
            Some(begin) => {
                let (begun, done) = join(connection.batch_execute(begin), statement).await;
                begun.and(done)
            }
        };
        done.map_err(|e| {
            // A connection that died while it lay idle shows it only now. Nothing has happened on it
            // yet, so another one may be taken.
            let idle_and_lost = begin.is_some() && lost(&e);
            let mut bad = bad(e);
            bad.again |= idle_and_lost;
            if matches!(&bad.error, Error::Unavailable(text) if text.starts_with(OLD_PLAN)) {
                connection.statement_cache.clear();
            }
            bad
        })
    }

    /// Runs a statement and reads its rows.
    pub async fn rows<R: FromRow>(&mut self, sql: &str, args: &[Value<'_>]) -> Result<Vec<R>, Bad> {
        let (c, begin) = (&self.connection, self.begin.take());
        let query = async {
            let statement = c.prepare_cached(sql).await?;
            let rows = c.query(&statement, &params(args)).await?;
            Ok((rows, statement))
        };
        let (rows, statement) = Self::first(c, begin, query).await?;
        let columns: Arc<[String]> = statement.columns().iter().map(|c| c.name().to_owned()).collect();
        let mut row = Row { columns, values: Vec::new(), next: 0 };
        let mut out = Vec::with_capacity(rows.len());
        for r in &rows {
            row.values.clear();
            row.next = 0;
            for i in 0..r.len() {
                row.values.push(r.try_get(i).map_err(bad)?);
            }
            out.push(R::from_row(&mut row)?);
        }
        Ok(out)
    }

    /// Runs a statement that returns no rows.
    pub async fn change(&mut self, sql: &str, args: &[Value<'_>]) -> Result<u64, Bad> {
        let (c, begin) = (&self.connection, self.begin.take());
        let execute = async {
            let statement = c.prepare_cached(sql).await?;
            c.execute(&statement, &params(args)).await
        };
        Self::first(c, begin, execute).await
    }

    /// Puts many rows with COPY, which has nothing to bind and fills whole pages. `copy` is its text, and
    /// `one` the insert of a single row, which tells the columns' types.
    pub async fn copy(&mut self, copy: &str, one: &str, values: &[Value<'_>]) -> Result<u64, Bad> {
        let (c, begin) = (&self.connection, self.begin.take());
        let put = async {
            let statement = c.prepare_cached(one).await?;
            copy::put(c, copy, statement.params(), values).await
        };
        let put = Self::first(c, begin, put).await?;
        put.map_err(|e| Bad::from(Error::Fault(e.to_string())))
    }

    /// Several statements in the words of the dialect.
    pub async fn script(&mut self, text: &str) -> Result<(), Bad> {
        self.script_as_is(&dialect::postgres(text)).await
    }

    /// Several statements in the engine's own words.
    pub async fn script_as_is(&mut self, text: &str) -> Result<(), Bad> {
        let (c, begin) = (&self.connection, self.begin.take());
        Self::first(c, begin, c.batch_execute(text)).await
    }

    /// Prepares only; how many values the statement wants.
    pub async fn prepare(&mut self, text: &str) -> Result<usize, Bad> {
        let (c, begin) = (&self.connection, self.begin.take());
        let statement = Self::first(c, begin, c.prepare(text)).await?;
        Ok(statement.params().len())
    }

    /// The audit entries and COMMIT, in one packet burst: no round trip of their own.
    async fn finish(&mut self, kept: &[Kept]) -> Result<(), Bad> {
        let (c, begin) = (&self.connection, self.begin.take());
        let deeds: Vec<(&Act, &str, &str)> = kept.iter().flat_map(Kept::deeds).collect();
        let ids: Vec<String> = deeds.iter().map(|_| audit::fresh_id()).collect();
        let rows: Vec<[Value<'_>; audit::WIDTH]> = deeds
            .iter()
            .zip(&ids)
            .map(|((act, verb, subject), id)| audit::values(id, act, verb, subject))
            .collect();
        if rows.is_empty() {
            return c.batch_execute("commit").await.map_err(bad);
        }
        // Only the first entry of a connection's life prepares in a round trip of its own, and
        // before the transaction, if that has not begun.
        let statement = c.prepare_cached(audit::INSERT).await.map_err(bad)?;
        let begun = async {
            match begin {
                Some(begin) => c.batch_execute(begin).await,
                None => Ok(()),
            }
        };
        let put = join_all(rows.iter().map(|row| put(c, &statement, row)));
        // Polled in this order, so sent in this order. After a failed entry COMMIT rolls back.
        let ((begun, entries), committed) = join(join(begun, put), c.batch_execute("commit")).await;
        begun.map_err(bad)?;
        entries.into_iter().collect::<Result<Vec<u64>, _>>().map_err(bad)?;
        committed.map_err(bad)
    }
}

/// What a write leaves in the audit book.
struct Kept {
    act: Act,
    more: Vec<(&'static str, String)>,
}

impl Kept {
    fn deeds(&self) -> impl Iterator<Item = (&Act, &str, &str)> {
        let more = self.more.iter().map(|(verb, subject)| (&self.act, *verb, subject.as_str()));
        std::iter::once((&self.act, self.act.verb, self.act.subject.as_str())).chain(more)
    }
}

async fn put(c: &Object, statement: &Statement, row: &[Value<'_>]) -> Result<u64, tokio_postgres::Error> {
    c.execute(statement, &params(row)).await
}

// ---- the engine --------------------------------------------------------------------------------

type Work = Box<dyn FnOnce(Pool) -> LocalBoxFuture<'static, ()> + Send>;

#[derive(Default)]
struct Shared {
    again: AtomicU64,
    /// Writers share it while they are optimistic; whoever runs the lane holds it alone.
    gate: RwLock<()>,
    lane: Lane,
    running: AtomicUsize,
    left: Notify,
    bells: Arc<Bells>,
}

impl Shared {
    fn count_again(&self) {
        self.again.fetch_add(1, Relaxed);
    }
}

/// Counts a transaction from its asking to its end.
struct Ticket(Arc<Shared>);

impl Drop for Ticket {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Relaxed);
        self.0.left.notify_waiters();
    }
}

pub(crate) struct Pg {
    to: Mutex<Vec<mpsc::UnboundedSender<Work>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    pools: Vec<Pool>,
    next: AtomicUsize,
    queue_max: usize,
    closed: AtomicBool,
    shared: Arc<Shared>,
}

impl Pg {
    /// Starts the closures' threads; each has its own share of the connections.
    pub fn open(url: &str, connections: usize, queue_max: usize, bells: Arc<Bells>) -> Result<Self> {
        let config: tokio_postgres::Config = url
            .parse()
            .map_err(|e| Error::Unavailable(format!("the database's address is wrong: {}", chain(&e))))?;
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let threads = (cores / 2).clamp(1, 4).min(connections.max(1));
        let shared = Arc::new(Shared { bells, ..Shared::default() });
        let mut me = Pg {
            to: Mutex::default(),
            threads: Mutex::default(),
            pools: Vec::new(),
            next: AtomicUsize::new(0),
            queue_max,
            closed: AtomicBool::new(false),
            shared,
        };
        for _ in 0..threads {
            let pool = pool(&config, (connections / threads).max(1))?;
            me.pools.push(pool.clone());
            me.spawn(pool)?;
        }
        Ok(me)
    }

    fn spawn(&self, pool: Pool) -> Result<()> {
        let no_thread = |e: std::io::Error| Error::Unavailable(format!("no thread for PostgreSQL: {e}"));
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(no_thread)?;
        let (to, mut work) = mpsc::unbounded_channel::<Work>();
        let loop_ = async move {
            while let Some(w) = work.recv().await {
                tokio::task::spawn_local(w(pool.clone()));
            }
        };
        let run = move || tokio::task::LocalSet::new().block_on(&runtime, loop_);
        let thread = std::thread::Builder::new().name("db-postgres".into()).spawn(run).map_err(no_thread)?;
        self.to.lock().unwrap_or_else(PoisonError::into_inner).push(to);
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        Ok(())
    }

    /// Has the server look through tables that many rows came into.
    pub async fn vacuum(&self, tables: Vec<String>) -> Result<()> {
        let (caller, answer) = oneshot::channel();
        let work: Work = Box::new(move |pool| {
            Box::pin(async move {
                let _ = caller.send(vacuum(&pool, &tables).await); // nobody may be waiting
            })
        });
        let sent = {
            let to = self.to.lock().unwrap_or_else(PoisonError::into_inner);
            to.first().is_some_and(|to| to.send(work).is_ok())
        };
        let closed = || Error::Unavailable("the database is closed".into());
        if sent { answer.await.unwrap_or_else(|_| Err(closed())) } else { Err(closed()) }
    }

    /// How often closures were run again.
    pub fn repeated(&self) -> u64 {
        self.shared.again.load(Relaxed)
    }

    /// Forgets prepared statements: after a migration they may no longer fit their tables.
    pub fn forget_statements(&self) {
        self.pools.iter().for_each(|p| p.manager().statement_caches.clear());
    }

    /// Hands a transaction to one of the threads.
    pub fn send<T, E, F>(
        &self,
        mode: Mode,
        act: Option<Act>,
        closure: F,
    ) -> Result<oneshot::Receiver<Result<T, E>>>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: AsyncFn(&mut Tx) -> Result<T, E> + Send + 'static,
    {
        let shared = self.shared.clone();
        let running = shared.running.fetch_add(1, Relaxed);
        let ticket = Ticket(shared.clone());
        if self.closed.load(Relaxed) {
            return Err(Error::Unavailable("the database is closed".into()));
        }
        if running >= self.queue_max {
            return Err(Error::Unavailable("too many waiting transactions".into()));
        }
        let (caller, answer) = oneshot::channel();
        let work: Work = Box::new(move |pool| {
            Box::pin(async move {
                let _ticket = ticket;
                if !caller.is_closed() {
                    whole(pool, shared, mode, Write { closure, act, outcome: None, caller }).await;
                }
            })
        });
        let to = self.to.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = self.next.fetch_add(1, Relaxed);
        if to.is_empty() || to[turn % to.len()].send(work).is_err() {
            return Err(Error::Unavailable("the database is closed".into()));
        }
        Ok(answer)
    }

    /// Lets what was asked finish, then ends the threads and closes the connections.
    pub async fn close(&self) {
        self.closed.store(true, Relaxed);
        loop {
            let left = self.shared.left.notified();
            tokio::pin!(left);
            left.as_mut().enable();
            if self.shared.running.load(Relaxed) == 0 {
                break;
            }
            left.await;
        }
        self.to.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.pools.iter().for_each(Pool::close);
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let _ = tokio::task::spawn_blocking(move || threads.into_iter().for_each(|t| drop(t.join()))).await;
    }
}

fn pool(config: &tokio_postgres::Config, size: usize) -> Result<Pool> {
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = match tls::connector(config)? {
        Some(tls) => Manager::from_config(config.clone(), tls, recycling),
        None => Manager::from_config(config.clone(), tokio_postgres::NoTls, recycling),
    };
    let pool = Pool::builder(manager).max_size(size).runtime(Runtime::Tokio1);
    let pool = pool.wait_timeout(Some(CONNECTION_WAIT)).create_timeout(Some(CONNECTION_WAIT)).build();
    pool.map_err(|e| Error::Fault(chain(&e)))
}

/// Outside any transaction, as PostgreSQL wants it; two tables at a time, since one takes one core.
async fn vacuum(pool: &Pool, tables: &[String]) -> Result<()> {
    let look = async |table: &String| -> Result<()> {
        let connection = pool.get().await;
        let connection =
            connection.map_err(|e| Error::Unavailable(format!("no connection: {}", chain(&e))))?;
        let look = format!("vacuum (analyze) \"{table}\"");
        connection.batch_execute(&look).await.map_err(|e| bad(e).error)
    };
    stream::iter(tables).map(look).buffer_unordered(2).try_collect::<()>().await
}

fn begin(mode: Mode) -> &'static str {
    match mode {
        Mode::Read => "begin isolation level repeatable read read only",
        Mode::Write => "begin isolation level serializable",
        Mode::Chore => "begin isolation level read committed",
        Mode::Migrate => dialect::POSTGRES_MIGRATE,
    }
}

/// Runs a closure until it neither succeeds nor fails because of somebody else, and tells its caller.
async fn whole<T, E, F>(pool: Pool, shared: Arc<Shared>, mode: Mode, write: Write<F, T, E>)
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
    F: AsyncFn(&mut Tx) -> Result<T, E> + Send + 'static,
{
    for tries in 0..TRIES {
        let (done, again) = {
            let _together = match mode {
                Mode::Write if tries < TRIES_TOGETHER => match shared.gate.try_read() {
                    Ok(together) => Some(together),
                    Err(_) => break, // the lane is busy: its next transaction takes this one along
                },
                Mode::Write => break,
                _ => None,
            };
            once(&pool, &shared, mode, write.act.clone(), &write.closure).await
        };
        if !again {
            let _ = write.caller.send(done); // nobody may be waiting
            return;
        }
        shared.count_again();
        if mode != Mode::Write {
            before_again(tries).await;
        }
    }
    if mode != Mode::Write {
        let _ = write.caller.send(Err(E::from(too_many_conflicts())));
        return;
    }
    shared.lane.add(Box::new(write));
    let _alone = shared.gate.write().await;
    lane::run(&pool, &shared).await;
}

fn too_many_conflicts() -> Error {
    Error::Unavailable("too many conflicts with other writers, or lost connections".into())
}

/// One try; whether it should be tried again.
async fn once<T, E, F>(
    pool: &Pool,
    shared: &Shared,
    mode: Mode,
    act: Option<Act>,
    closure: &F,
) -> (Result<T, E>, bool)
where
    E: From<Error>,
    F: AsyncFn(&mut Tx) -> Result<T, E>,
{
    let connection = match pool.get().await {
        Ok(c) => c,
        Err(e) => return (Err(E::from(Error::Unavailable(format!("no connection: {}", chain(&e))))), false),
    };
    let mut tx = Tx::new(On::Pg(PgTx { connection, begin: Some(begin(mode)) }), act);
    let mut done = body(&mut tx, closure).await;
    let Tx { on: On::Pg(mut pg), mut again, act, mut more, news, .. } = tx else {
        return (fault("not PostgreSQL").map_err(E::from), false);
    };
    if pg.begin.is_some() && (act.is_none() || done.is_err()) {
        return (done, again); // nothing was sent, and nothing is to be
    }
    if done.is_ok() && mode == Mode::Read {
        let _ = pg.connection.batch_execute("commit").now_or_never(); // on its way: nobody need wait
    } else if done.is_ok() {
        let kept: Vec<Kept> =
            act.into_iter().map(|act| Kept { act, more: std::mem::take(&mut more) }).collect();
        match pg.finish(&kept).await {
            Ok(()) => news.ring(&shared.bells),
            Err(bad) => (done, again) = (Err(E::from(bad.error)), bad.again),
        }
    }
    if done.is_err() && pg.connection.batch_execute("rollback").await.is_err() {
        let _ = Object::take(pg.connection); // not fit for the pool any more
    }
    (done, again)
}

/// The random wait after so many tries, so that those who have lost to each other do not meet again.
async fn before_again(tries: u32) {
    use std::hash::{BuildHasher, Hasher};
    let random = std::collections::hash_map::RandomState::new().build_hasher().finish();
    let below_us = RETRY_WAIT_US << tries.min(6);
    tokio::time::sleep(Duration::from_micros(random % below_us)).await;
}
