//! The two doors to the data, and what is kept with it: outbox, jobs, blobs, the audit book.
//!
//! One SQL text (`$1`, `$2` …) means the same on SQLite and on PostgreSQL. [`Db::read`] sees one
//! snapshot; [`Db::write`] runs as if alone, commits on `Ok`, and leaves an entry in the audit book.
//! See `README.md` for the tables and `AUDIT.md` for the book's format.

mod act;
pub mod audit;
pub mod backup;
pub mod blobs;
mod bulk;
pub mod carry;
mod catalogue;
pub mod deliver;
mod dialect;
mod digest;
mod error;
pub mod jobs;
mod lite;
mod migrate;
pub mod outbox;
mod pg;
mod row;
mod rows;
mod sql;
pub mod testing;
#[cfg(test)]
mod tests;
mod tls;
mod tx;
mod value;

use std::{path::Path, sync::Arc};

pub use act::{Act, Actor};
pub use blobs::Blobs;
pub use error::{Error, Result};
pub use migrate::{MigrateError, Migration};
pub use row::{FromRow, Row};
pub use rows::Rows;
pub use sql::{Filter, Sql};
pub use tx::Tx;
pub use value::{FromValue, ToValue, Value};

use tx::{Bells, Mode};

/// Where the data is, and how much of it at once.
#[derive(Debug, Clone)]
pub struct Config {
    /// `sqlite:PATH` or `postgres://user:password@host:port/database`. On PostgreSQL
    /// `?sslmode=require` means TLS verified against the system's certificates; else plain.
    pub url: String,
    /// Connections to PostgreSQL. SQLite has one writer and reads on its callers' threads.
    pub connections: usize,
    /// Transactions that may wait; more are answered `Unavailable` at once.
    pub queue_max: usize,
    /// SQLite: writes that share one commit.
    pub combine: usize,
    /// SQLite: memory for loading millions of rows, half a gigabyte of pages, and rarer checkpoints. What
    /// is committed is as durable as ever.
    pub bulk: bool,
}

impl Config {
    /// The usual settings for this address.
    pub fn new(url: impl Into<String>) -> Self {
        Config { url: url.into(), connections: 16, queue_max: 10_000, combine: 64, bulk: false }
    }
}

/// How many workers the runtime should have: enough that some are left for everything else while as
/// many reads as there may be run on their callers' threads.
pub fn workers() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from) + lite::reads_at_once()
}

impl Default for Config {
    fn default() -> Self {
        Config::new("sqlite:cuulong.db")
    }
}

/// Which engine is behind the doors. For diagnosis: no code should need to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// The database. Cloning is cheap; all clones are the same.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    engine: Engine,
    bells: Arc<Bells>,
    looks: audit::Looks,
}

enum Engine {
    Lite(lite::Lite),
    Pg(pg::Pg),
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Db({:?})", self.kind())
    }
}

impl Db {
    /// Opens the database and looks whether it answers. Tables come with [`Db::migrate`].
    ///
    /// # Errors
    /// `Unavailable` with a clear text: a wrong address, a file or folder that cannot be opened or
    /// written, a server that does not answer.
    pub async fn open(config: &Config) -> Result<Db> {
        let bells = Arc::<Bells>::default();
        let engine = match config.url.split_once(':') {
            Some(("sqlite", path)) => {
                let path = path.strip_prefix("//").unwrap_or(path);
                let Config { combine, queue_max, bulk, .. } = *config;
                let settings = lite::Settings { combine, queue_max, bulk };
                Engine::Lite(lite::Lite::open(Path::new(path), &settings, bells.clone())?)
            }
            Some(("postgres" | "postgresql", _)) => {
                Engine::Pg(pg::Pg::open(&config.url, config.connections, config.queue_max, bells.clone())?)
            }
            _ => {
                let why = "the database's address must start with sqlite: or postgres:";
                return Err(Error::Unavailable(why.into()));
            }
        };
        let db = Db(Arc::new(Inner { engine, bells, looks: audit::Looks::default() }));
        db.ping().await?;
        Ok(db)
    }

    /// Reads in one snapshot. Always write the closure as `async move |tx: &mut Tx| …`.
    ///
    /// # Errors
    /// Whatever the closure returns; else the store's own, as `E`.
    pub fn read<T, E, F>(&self, closure: F) -> impl Future<Output = Result<T, E>> + Send + 'static
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: AsyncFn(&mut Tx) -> Result<T, E> + Send + 'static,
    {
        self.run(Mode::Read, None, closure)
    }

    /// Writes, alone. Commits on `Ok`, with one audit entry made from `act`; rolls everything back on
    /// `Err` or panic. The closure may run more than once (PostgreSQL, on conflict), so nothing in it
    /// touches the outside world. Nothing happens before the future is first polled; from then on it
    /// runs to its end even when nobody waits any more.
    ///
    /// # Errors
    /// Whatever the closure returns; else the store's own, as `E`.
    pub fn write<T, E, F>(&self, act: Act, closure: F) -> impl Future<Output = Result<T, E>> + Send + 'static
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: AsyncFn(&mut Tx) -> Result<T, E> + Send + 'static,
    {
        self.run(Mode::Write, Some(act), closure)
    }

    /// Writes without an audit entry: for housekeeping that changes nothing anybody could be asked
    /// about, such as leases, last-seen times and throttle counters.
    ///
    /// # Errors
    /// As [`Db::write`].
    pub fn upkeep<T, E, F>(&self, closure: F) -> impl Future<Output = Result<T, E>> + Send + 'static
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: AsyncFn(&mut Tx) -> Result<T, E> + Send + 'static,
    {
        self.run(Mode::Write, None, closure)
    }

    pub(crate) fn run<T, E, F>(
        &self,
        mode: Mode,
        act: Option<Act>,
        closure: F,
    ) -> impl Future<Output = Result<T, E>> + Send + 'static
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: AsyncFn(&mut Tx) -> Result<T, E> + Send + 'static,
    {
        let me = self.clone();
        async move {
            if tx::inside() {
                return Err(E::from(Error::Fault("a transaction inside a transaction".into())));
            }
            if let Engine::Lite(l) = &me.0.engine
                && mode == Mode::Read
                && lite::Lite::may_read_here()
            {
                return l.here(closure).await;
            }
            let what = carry::carried();
            let closure = async move |tx: &mut Tx| carry::carrying(what, closure(tx)).await;
            let answer = match &me.0.engine {
                Engine::Lite(l) => l.send(mode != Mode::Read, act, closure),
                Engine::Pg(p) => p.send(mode, act, closure),
            };
            let closing = || Err(E::from(Error::Unavailable("the database is closing".into())));
            answer?.await.unwrap_or_else(|_| closing())
        }
    }

    /// Applies what is new of `migrations` (after db's own), in the order given; how many.
    ///
    /// # Errors
    /// [`MigrateError`]: the data is newer than this program, or history was rewritten.
    pub async fn migrate(&self, migrations: &[Migration]) -> Result<u32, MigrateError> {
        let applied = migrate::migrate(self, migrations).await;
        if let Engine::Pg(p) = &self.0.engine {
            p.forget_statements();
        }
        applied
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// `Unavailable` when it does not.
    pub async fn ping(&self) -> Result<()> {
        self.read(async |tx: &mut Tx| tx.get::<i64>("select cast(1 as bigint)", args![]).await)
            .await
            .map(drop)
    }

    /// Prepares a statement without running it; how many values it wants.
    ///
    /// # Errors
    /// `Fault` with the engine's words when it is not a statement of this engine and its tables.
    pub async fn prepare(&self, sql: &str) -> Result<usize> {
        let sql = sql.to_owned();
        self.read(async move |tx: &mut Tx| tx.prepare(&sql).await).await
    }

    /// The engine's kind.
    pub fn kind(&self) -> Kind {
        match &self.0.engine {
            Engine::Lite(_) => Kind::Sqlite,
            Engine::Pg(_) => Kind::Postgres,
        }
    }

    /// How often closures were run again because of conflicts (PostgreSQL), for the metrics.
    pub fn repeated(&self) -> u64 {
        match &self.0.engine {
            Engine::Lite(_) => 0,
            Engine::Pg(p) => p.repeated(),
        }
    }

    /// Lets running and waiting transactions finish, then closes. Later ones are `Unavailable`.
    pub async fn close(&self) {
        self.0.looks.flush(self).await;
        match &self.0.engine {
            Engine::Lite(l) => l.close().await,
            Engine::Pg(p) => p.close().await,
        }
    }

    pub(crate) fn looks(&self) -> &audit::Looks {
        &self.0.looks
    }

    pub(crate) fn bells(&self) -> &Bells {
        &self.0.bells
    }
}
