//! The transaction: what a closure given to a door may do.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use tokio::sync::Notify;

use crate::{
    act::Act,
    dialect,
    error::{Bad, Error, Result, fault},
    lite,
    pg::PgTx,
    row::FromRow,
    sql::Sql,
    value::Value,
};

/// What kind of transaction a closure runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A snapshot. PostgreSQL: REPEATABLE READ READ ONLY.
    Read,
    /// Alone. PostgreSQL: SERIALIZABLE, run again on conflict.
    Write,
    /// The machinery's own rows, guarded by conditional updates. PostgreSQL: READ COMMITTED, so
    /// that polling takes no part in the conflicts of the people's writes. SQLite: as `Write`.
    Chore,
    /// One migration, one instance at a time. PostgreSQL: READ COMMITTED under an advisory lock.
    Migrate,
}

/// Whom a commit wakes.
#[derive(Debug, Default)]
pub(crate) struct Bells {
    pub outbox: Notify,
    pub jobs: Notify,
}

/// What a transaction put that somebody waits for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct News {
    pub event: bool,
    pub job: bool,
}

impl News {
    pub fn add(&mut self, other: News) {
        self.event |= other.event;
        self.job |= other.job;
    }

    pub fn ring(self, bells: &Bells) {
        if self.event {
            bells.outbox.notify_one();
        }
        if self.job {
            bells.jobs.notify_one();
        }
    }
}

/// A transaction. Its statements are async because PostgreSQL's are; on SQLite they run at once on
/// the thread that owns the connection.
///
/// After a failed statement the transaction refuses every other one, on both engines, and cannot
/// commit: to try whether a row is taken, write `on conflict do nothing`.
pub struct Tx {
    pub(crate) on: On,
    pub(crate) failed: bool,
    pub(crate) again: bool,
    pub(crate) act: Option<Act>,
    pub(crate) more: Vec<(&'static str, String)>,
    pub(crate) news: News,
}

pub(crate) enum On {
    Lite(rusqlite::Connection),
    Pg(PgTx),
}

impl Tx {
    pub(crate) fn new(on: On, act: Option<Act>) -> Self {
        Tx { on, failed: false, again: false, act, more: Vec::new(), news: News::default() }
    }

    /// Makes a kept transaction as good as new (SQLite keeps one per connection).
    pub(crate) fn reset(&mut self, act: Option<Act>) {
        (self.failed, self.again, self.act, self.news) = (false, false, act, News::default());
        self.more.clear();
    }

    fn alive(&self) -> Result<()> {
        if self.failed {
            return fault("an earlier statement of this transaction failed");
        }
        Ok(())
    }

    fn note<T>(&mut self, done: Result<T, Bad>) -> Result<T> {
        done.map_err(|bad| {
            self.failed = true;
            self.again |= bad.again;
            bad.error
        })
    }

    /// All rows, in the statement's order. The statement carries the limit.
    pub async fn list<'s, R: FromRow>(
        &mut self,
        sql: impl Into<Sql<'s>>,
        args: &[Value<'_>],
    ) -> Result<Vec<R>> {
        self.alive()?;
        let sql = sql.into().0;
        let rows = match &mut self.on {
            On::Lite(c) => lite::rows(c, &sql, args),
            On::Pg(p) => p.rows(&sql, args).await,
        };
        self.note(rows)
    }

    /// The one row, or `None`. Two rows are a fault.
    pub async fn find<'s, R: FromRow>(
        &mut self,
        sql: impl Into<Sql<'s>>,
        args: &[Value<'_>],
    ) -> Result<Option<R>> {
        let sql = sql.into();
        let mut rows = self.list::<R>(Sql(sql.0.as_ref().into()), args).await?;
        match rows.len() {
            0 | 1 => Ok(rows.pop()),
            n => fault(format!("{n} rows where one at most may be: {}", sql.0)),
        }
    }

    /// The one row, or [`Error::NotFound`]. Two rows are a fault.
    pub async fn get<'s, R: FromRow>(&mut self, sql: impl Into<Sql<'s>>, args: &[Value<'_>]) -> Result<R> {
        self.find(sql, args).await?.ok_or(Error::NotFound)
    }

    /// Runs a statement without result rows; the number of rows changed. For `returning`, use
    /// `get`, `find` or `list`.
    pub async fn change<'s>(&mut self, sql: impl Into<Sql<'s>>, args: &[Value<'_>]) -> Result<u64> {
        self.alive()?;
        let sql = sql.into().0;
        let changed = match &mut self.on {
            On::Lite(c) => lite::change(c, &sql, args),
            On::Pg(p) => p.change(&sql, args).await,
        };
        self.note(changed)
    }

    /// Changes exactly one row. None: [`Error::Stale`] (the condition names the version seen).
    /// More than one: a fault, and nothing of the transaction stays.
    pub async fn change_one<'s>(&mut self, sql: impl Into<Sql<'s>>, args: &[Value<'_>]) -> Result<()> {
        match self.change(sql, args).await? {
            1 => Ok(()),
            0 => Err(Error::Stale),
            n => {
                self.failed = true;
                fault(format!("{n} rows changed where one may be"))
            }
        }
    }

    /// Puts many rows: `tx.many("insert into t(a, b) values", 2, &values, "on conflict do nothing")`
    /// with `values` row after row. The number of rows changed.
    ///
    /// SQLite runs one cached statement again for each row; PostgreSQL takes 256, 64, 16, 4 or 1
    /// rows a statement, so that five texts at most are ever prepared.
    pub async fn many(
        &mut self,
        head: &'static str,
        width: usize,
        values: &[Value<'_>],
        tail: &'static str,
    ) -> Result<u64> {
        if width == 0 || !values.len().is_multiple_of(width) {
            return fault("many: the values are not whole rows");
        }
        self.put_rows(head, width, values, tail).await
    }

    /// How many of `left` rows to put into one statement.
    pub(crate) fn rows_at_once(&self, left: usize, width: usize) -> usize {
        const PARAMETERS_MAX: usize = 30_000; // PostgreSQL's own limit is 65,535
        if matches!(self.on, On::Lite(_)) {
            return 1;
        }
        let fits = |rows: &usize| *rows <= left && rows * width <= PARAMETERS_MAX;
        [256, 64, 16, 4].into_iter().find(fits).unwrap_or(1)
    }

    /// The act this write was opened with.
    ///
    /// # Panics
    /// In a read, which has none; the door turns the panic into a fault.
    pub fn act(&self) -> &Act {
        self.act.as_ref().expect("only a write carries an act")
    }

    /// One more entry for the audit book, with this write's actor, office and time, beside the
    /// one that every write makes from its act.
    pub async fn audit(&mut self, verb: &'static str, subject: &str) -> Result<()> {
        if self.act.is_none() {
            return fault("an audit entry outside a write");
        }
        self.more.push((verb, subject.to_owned()));
        Ok(())
    }

    /// A question to the engine's own catalogue, which each words in its own way.
    pub(crate) async fn each<R: FromRow>(&mut self, sqlite: &str, postgres: &str) -> Result<Vec<R>> {
        self.alive()?;
        let rows = match &mut self.on {
            On::Lite(c) => lite::rows(c, sqlite, &[]),
            On::Pg(p) => p.rows(postgres, &[]).await,
        };
        self.note(rows)
    }

    /// [`Tx::many`] with a text made from the catalogue, for tables known only at run time.
    pub(crate) async fn put_rows(
        &mut self,
        head: &str,
        width: usize,
        values: &[Value<'_>],
        tail: &str,
    ) -> Result<u64> {
        self.alive()?;
        if let On::Lite(c) = &self.on {
            let changed = lite::many(c, &values_text(head, 1, width, tail), width, values);
            return self.note(changed);
        }
        const COPY_ROWS_MIN: usize = 256;
        let plain = tail.is_empty() && values.len() / width >= COPY_ROWS_MIN;
        let copy = dialect::copy_text(head).filter(|_| plain);
        if let (Some(copy), On::Pg(p)) = (copy, &mut self.on) {
            let one = values_text(head, 1, width, tail);
            let put = p.copy(&copy, &one, values).await;
            return self.note(put);
        }
        let (mut rest, mut changed, mut text) = (values, 0, (0, String::new()));
        while !rest.is_empty() {
            let rows = self.rows_at_once(rest.len() / width, width);
            if text.0 != rows {
                text = (rows, values_text(head, rows, width, tail));
            }
            let (now, later) = rest.split_at(rows * width);
            changed += self.change(Sql(text.1.as_str().into()), now).await?;
            rest = later;
        }
        Ok(changed)
    }

    /// Several statements without values, in the words of [`crate::dialect`].
    pub(crate) async fn script(&mut self, text: &str) -> Result<()> {
        self.alive()?;
        let done = match &mut self.on {
            On::Lite(c) => lite::script(c, text),
            On::Pg(p) => p.script(text).await,
        };
        self.note(done)
    }

    /// Several statements without values, in the engine's own words.
    pub(crate) async fn script_as_is(&mut self, text: &str) -> Result<()> {
        self.alive()?;
        let done = match &mut self.on {
            On::Lite(c) => lite::script_as_is(c, text),
            On::Pg(p) => p.script_as_is(text).await,
        };
        self.note(done)
    }

    /// Prepares without running; the number of values the statement wants.
    pub(crate) async fn prepare(&mut self, text: &str) -> Result<usize> {
        self.alive()?;
        let done = match &mut self.on {
            On::Lite(c) => lite::prepare(c, text),
            On::Pg(p) => p.prepare(text).await,
        };
        self.note(done)
    }
}

fn values_text(head: &str, rows: usize, width: usize, tail: &str) -> String {
    let mut sql = String::with_capacity(head.len() + tail.len() + 8 + rows * width * 6);
    sql.push_str(head);
    let mut n = 0;
    for row in 0..rows {
        sql.push_str(if row == 0 { " (" } else { ", (" });
        for column in 0..width {
            n += 1;
            sql.push_str(if column == 0 { "$" } else { ", $" });
            sql.push_str(&n.to_string());
        }
        sql.push(')');
    }
    sql.push(' ');
    sql.push_str(tail);
    sql
}

tokio::task_local! { static INSIDE: () }

/// Whether the caller is a closure of an open transaction. A second transaction would wait for the
/// first one's end, which waits for the second: refused instead.
pub(crate) fn inside() -> bool {
    INSIDE.try_with(|()| ()).is_ok()
}

/// Runs a closure in its transaction. A panic becomes a fault; Ok after a failed statement too.
pub(crate) async fn body<T, E, F>(tx: &mut Tx, f: &F) -> Result<T, E>
where
    E: From<Error>,
    F: AsyncFn(&mut Tx) -> Result<T, E>,
{
    let done = AssertUnwindSafe(INSIDE.scope((), f(tx))).catch_unwind().await;
    let done = done.unwrap_or_else(|panic| Err(E::from(panicked(&*panic))));
    if tx.failed && done.is_ok() {
        return Err(E::from(Error::Fault("the closure returned Ok after a failed statement".into())));
    }
    done
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    Error::Fault(format!("panic: {}", text.unwrap_or_default()))
}
