//! Loading millions of rows. A tree that grows by rows in no order is walked down for every row; the same
//! tree made at the end is sorted once. So the tables let go of their indexes first and get them back after.
//!
//! What was let go stands in `let_go`, written in the transaction that dropped it: after a load that was
//! killed, the next [`Db::migrate`] makes what is missing.

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::{
    Db, Engine, args, dialect,
    error::Result,
    record,
    tx::{Mode, On, Tx},
};

record! { struct Part { table_name: String, name: String, definition: String } }
record! { struct LetGo { name: String, table_name: String, make: String } }

/// Things made at once on PostgreSQL: some of its checks use one core only.
const LANES: usize = 2;
/// The end of a statement that makes a foreign key for new rows; the old ones are looked through after.
const NOT_VALID: &str = " not valid";

impl Db {
    /// Lets go of the indexes of these tables, until [`Db::make_indexes`]: not of those that are unique or
    /// partial, which guard something or are small. On PostgreSQL also of the foreign keys of these tables,
    /// which are checked as a whole when they come back. How many things were let go.
    ///
    /// What others read from these tables meanwhile is right, and slow.
    ///
    /// # Errors
    /// The store's.
    pub async fn let_go_of_indexes(&self, tables: &'static [&'static str]) -> Result<usize> {
        self.run(Mode::Migrate, None, async move |tx: &mut Tx| {
            let mut count = 0;
            for (part, drop, make) in parts(tx).await? {
                if !tables.contains(&part.table_name.as_str()) {
                    continue;
                }
                for (name, make) in make {
                    let put = "insert into let_go(name, table_name, make) values ($1, $2, $3)";
                    tx.change(put, args![name, part.table_name, make]).await?;
                    count += 1;
                }
                tx.script_as_is(&drop).await?;
            }
            Ok(count)
        })
        .await
    }

    /// Makes again what [`Db::let_go_of_indexes`] let go, each thing for good when it is made.
    /// `progress` hears how many are done, and of how many. How many were made.
    ///
    /// PostgreSQL then looks through the tables (`vacuum (analyze)`): until it has, it does not answer from
    /// an index alone.
    ///
    /// # Errors
    /// The store's; `Fault` when rows were put meanwhile that a foreign key refuses.
    pub async fn make_indexes(&self, mut progress: impl FnMut(usize, usize)) -> Result<usize> {
        let all = "select name, table_name, make from let_go order by name";
        let list: Vec<LetGo> = self.read(async move |tx: &mut Tx| tx.list(all, args![]).await).await?;
        let (total, mut done) = (list.len(), 0);
        let tables: std::collections::BTreeSet<String> = list.iter().map(|l| l.table_name.clone()).collect();
        progress(done, total);
        // Such a key locks two tables, but for a moment. Looking through rows locks one, as an index does.
        let (keys, rest): (Vec<_>, Vec<_>) = list.into_iter().partition(|l| l.make.ends_with(NOT_VALID));
        for key in keys {
            self.make(key).await?;
            done += 1;
        }
        let lanes = if matches!(&self.0.engine, Engine::Pg(_)) { LANES } else { 1 };
        let mut made = stream::iter(rest).map(|one| self.make(one)).buffer_unordered(lanes);
        while made.try_next().await?.is_some() {
            done += 1;
            progress(done, total);
        }
        if let Engine::Pg(pg) = &self.0.engine {
            pg.vacuum(tables.into_iter().collect()).await?;
        }
        progress(total, total);
        Ok(total)
    }

    async fn make(&self, LetGo { name, make, .. }: LetGo) -> Result<()> {
        self.run(Mode::Chore, None, async move |tx: &mut Tx| -> Result<()> {
            // another instance may have been quicker; a restored database has its indexes already
            let mine = tx.change("delete from let_go where name = $1", args![name]).await? == 1;
            if mine && !parts(tx).await?.iter().any(|(part, ..)| part.name == name) {
                tx.script_as_is(&make).await?;
            }
            Ok(())
        })
        .await
    }
}

/// What can be let go: itself, how it is dropped, and the statements that make it, each under a name.
async fn parts(tx: &mut Tx) -> Result<Vec<(Part, String, Vec<(String, String)>)>> {
    let indexes: Vec<Part> = tx.each(dialect::SQLITE_INDEXES, dialect::POSTGRES_INDEXES).await?;
    let (keys, sort): (Vec<Part>, _) = match &tx.on {
        On::Lite(_) => (Vec::new(), ""), // a row's own check costs little there, and one of all as much
        On::Pg(_) => (tx.each("", dialect::POSTGRES_FOREIGN_KEYS).await?, dialect::POSTGRES_SORT),
    };
    let indexes = indexes.into_iter().map(|part| {
        let drop = format!("drop index \"{}\"", part.name);
        let make = vec![(part.name.clone(), format!("{sort}{}", part.definition))];
        (part, drop, make)
    });
    let mut all: Vec<_> = indexes.collect();
    all.extend(keys.into_iter().map(|part| {
        let alter = format!("alter table \"{}\"", part.table_name);
        let drop = format!("{alter} drop constraint \"{}\"", part.name);
        let add = format!("{alter} add constraint \"{}\" {}{NOT_VALID}", part.name, part.definition);
        let check = format!("{alter} validate constraint \"{}\"", part.name);
        let make = vec![(part.name.clone(), add), (format!("{} holds", part.name), check)];
        (part, drop, make)
    }));
    Ok(all)
}
