//! Forward-only migrations, each file in one transaction, one instance at a time.

use std::fmt;

use crate::{
    Db,
    digest::sha256_hex,
    error::{Error, Result},
    tx::{Mode, Tx},
};
use crate::{args, record};

/// One file of a system's `migrations/`, in the words of the dialect (see `README.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    pub system: &'static str,
    /// `0001_dossier`: the file's name without its ending.
    pub name: &'static str,
    pub sql: &'static str,
}

/// Why the tables were left as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MigrateError {
    /// The data was made by a newer program: it knows a migration that this one does not.
    Newer {
        system: String,
        name: String,
    },
    /// A migration that was applied has another text now.
    Changed {
        system: String,
        name: String,
    },
    /// A migration stands before one of its system that was applied already.
    Late {
        system: String,
        name: String,
    },
    /// A migration's own statement failed; earlier ones stay.
    Failed {
        system: String,
        name: String,
        why: Error,
    },
    Store(Error),
}

impl fmt::Display for MigrateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MigrateError::Newer { system, name } => {
                write!(f, "the data is newer than this program: it has migration {system}/{name}")
            }
            MigrateError::Changed { system, name } => {
                write!(f, "migration {system}/{name} was applied with another text")
            }
            MigrateError::Late { system, name } => {
                write!(f, "migration {system}/{name} stands before one that was applied already")
            }
            MigrateError::Failed { system, name, why } => write!(f, "migration {system}/{name}: {why}"),
            MigrateError::Store(e) => e.fmt(f),
        }
    }
}

impl std::error::Error for MigrateError {}

impl From<Error> for MigrateError {
    fn from(e: Error) -> Self {
        MigrateError::Store(e)
    }
}

/// db's own tables.
const OWN: &[Migration] = &[
    Migration { system: "db", name: "0001_tables", sql: include_str!("../migrations/0001_tables.sql") },
    Migration { system: "db", name: LET_GO, sql: include_str!("../migrations/0002_let_go.sql") },
];
const LET_GO: &str = "0002_let_go";

const FIRST: &str = "create table if not exists applied_migration(
    system text not null, name text not null, hash text not null, at bigint not null,
    primary key (system, name)) strict";

record! { struct Applied { system: String, name: String, hash: String } }

/// db's own migrations and then these.
pub(crate) fn all(migrations: &[Migration]) -> Vec<Migration> {
    OWN.iter().chain(migrations).copied().collect()
}

/// Applies these to an empty database, in the caller's transaction.
pub(crate) async fn begin(
    tx: &mut Tx,
    migrations: &[Migration],
    now: base::Instant,
) -> Result<(), MigrateError> {
    tx.script(FIRST).await?;
    for migration in migrations {
        apply(tx, *migration, now).await?;
    }
    Ok(())
}

pub(crate) async fn migrate(db: &Db, migrations: &[Migration]) -> Result<u32, MigrateError> {
    let all = all(migrations);
    let known = all.clone();
    let missing: Vec<bool> = db
        .run(Mode::Migrate, None, async move |tx: &mut Tx| {
            tx.script(FIRST).await?;
            compare(&known, &list(tx).await?)
        })
        .await?;
    // A load that was killed: a migration may speak of the indexes that it had let go.
    if all.iter().zip(&missing).any(|(m, missing)| m.system == "db" && m.name == LET_GO && !missing) {
        db.make_indexes(|_, _| ()).await?;
    }
    let mut applied = 0;
    for (migration, _) in all.into_iter().zip(missing).filter(|(_, missing)| *missing) {
        let now = base::Clock::system().now();
        let done = db.run(Mode::Migrate, None, async move |tx: &mut Tx| apply(tx, migration, now).await);
        applied += u32::from(done.await?);
    }
    Ok(applied)
}

async fn list(tx: &mut Tx) -> Result<Vec<Applied>> {
    tx.list("select system, name, hash from applied_migration", args![]).await
}

/// Which of `known` are still to be applied.
fn compare(known: &[Migration], applied: &[Applied]) -> Result<Vec<bool>, MigrateError> {
    for a in applied {
        let Some(m) = known.iter().find(|m| m.system == a.system && m.name == a.name) else {
            return Err(MigrateError::Newer { system: a.system.clone(), name: a.name.clone() });
        };
        if hash(m) != a.hash {
            return Err(MigrateError::Changed { system: a.system.clone(), name: a.name.clone() });
        }
    }
    let is_applied = |m: &Migration| applied.iter().any(|a| a.system == m.system && a.name == m.name);
    for (i, m) in known.iter().enumerate().filter(|(_, m)| !is_applied(m)) {
        if known[i..].iter().any(|later| later.system == m.system && is_applied(later)) {
            return Err(MigrateError::Late { system: m.system.into(), name: m.name.into() });
        }
    }
    Ok(known.iter().map(|m| !is_applied(m)).collect())
}

/// Applies one migration, unless another instance was quicker; whether it did.
async fn apply(tx: &mut Tx, m: Migration, now: base::Instant) -> Result<bool, MigrateError> {
    let put = "insert into applied_migration(system, name, hash, at) values ($1, $2, $3, $4) \
               on conflict do nothing";
    if tx.change(put, args![m.system, m.name, hash(&m), now]).await? == 0 {
        return Ok(false);
    }
    let failed = |why| MigrateError::Failed { system: m.system.into(), name: m.name.into(), why };
    tx.script(m.sql).await.map_err(failed)?;
    Ok(true)
}

/// What [`Migration`]s are compared by.
pub(crate) fn hash(m: &Migration) -> String {
    sha256_hex(m.sql.as_bytes())
}
