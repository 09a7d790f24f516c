//! Checking a backup, and making an installation of it.

use std::path::{Path, PathBuf};

use base::Instant;

use super::{
    Counted, Failed, Progress,
    contents::{self, Content},
    manifest::{AuditEnd, MANIFEST, Manifest, TABLES, TableFile},
    rows::{self, Done},
};
use crate::{
    Blobs, Db, Migration, audit,
    catalogue::{self, Table},
    error::Error,
    migrate,
    sql::Sql,
    tx::{Mode, Tx},
};

/// A backup of which every byte was read and found right.
#[derive(Debug)]
pub struct Checked {
    pub manifest: Manifest,
    folder: PathBuf,
    target: PathBuf,
    contents: Vec<Content>,
}

impl Checked {
    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// What was restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restored {
    pub rows: u64,
    pub contents: Counted,
}

/// Reads a whole backup: `from` is its own folder, or a target, of which the newest backup is taken.
///
/// # Errors
/// [`Failed::NoBackup`] when none is whole; `Damaged` or `File` with the first thing that is wrong.
pub fn check(from: &Path, progress: &Progress) -> Result<Checked, Failed> {
    let folder = newest(from)?;
    let manifest = Manifest::read(&folder)?;
    let target = folder.canonicalize().map_err(Failed::file(&folder))?;
    let target = target.parent().unwrap_or(&target).to_owned();
    let mut done = Done::of("rows", manifest.rows(), progress);
    for table in &manifest.tables {
        rows::check(table, &file_of(&folder, table), |_| {
            done.more(1);
            Ok(())
        })?;
    }
    let contents = contents::named(&manifest.tables, &folder)?;
    contents::check(&manifest, &contents, &target, progress)?;
    Ok(Checked { manifest, folder, target, contents })
}

/// The names of backups begin with their day and go on with a UUIDv7: the last one is the newest.
fn newest(from: &Path) -> Result<PathBuf, Failed> {
    if from.join(MANIFEST).is_file() {
        return Ok(from.to_owned());
    }
    let entries = std::fs::read_dir(from).map_err(Failed::file(from))?;
    let whole = |folder: &PathBuf| {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        !name.contains('.') && folder.join(MANIFEST).is_file()
    };
    let found = entries.flatten().map(|entry| entry.path()).filter(whole).max();
    found.ok_or_else(|| Failed::NoBackup(from.to_owned()))
}

fn file_of(folder: &Path, table: &TableFile) -> PathBuf {
    folder.join(TABLES).join(format!("{}.jsonl", table.name))
}

/// Makes the tables as they were when the backup was taken and fills them: all of it, or nothing. The
/// contents come first, so that no row ever names one that is not there. `Db::migrate` brings the
/// tables to today's version afterwards.
///
/// # Errors
/// [`Failed`]: the database is not empty, the backup is newer than this program, or what was put in
/// does not say what the manifest says; nothing of the rows stays then.
pub async fn restore(
    db: &Db,
    blobs: &Blobs,
    backup: &Checked,
    migrations: &[Migration],
    now: Instant,
    progress: Progress,
) -> Result<Restored, Failed> {
    let old = migrations_of(&backup.manifest, migrations)?;
    db.read(async |tx: &mut Tx| is_empty(tx).await).await?;
    let put = contents::put_back(db, blobs, &backup.contents, &backup.target, now, &progress).await?;
    let (manifest, folder) = (backup.manifest.clone(), backup.folder.clone());
    let load = async move |tx: &mut Tx| {
        is_empty(tx).await?;
        migrate::begin(tx, &old, now).await?;
        fill(tx, &manifest, &folder, &progress).await
    };
    db.run(Mode::Migrate, None, load).await?;
    Ok(Restored { rows: backup.manifest.rows(), contents: put })
}

async fn is_empty(tx: &mut Tx) -> Result<(), Failed> {
    match catalogue::tables(tx).await?.len() {
        0 => Ok(()),
        tables => Err(Failed::NotEmpty { tables }),
    }
}

/// This program's migrations that the backup had, in this program's order.
fn migrations_of(manifest: &Manifest, migrations: &[Migration]) -> Result<Vec<Migration>, Failed> {
    let known = migrate::all(migrations);
    for applied in &manifest.migrations {
        let (system, name) = (applied.system.clone(), applied.name.clone());
        match known.iter().find(|m| m.system == system && m.name == name) {
            None => return Err(Failed::Newer { system, name }),
            Some(m) if migrate::hash(m) != applied.hash => return Err(Failed::Changed { system, name }),
            Some(_) => {}
        }
    }
    let was_applied =
        |m: &Migration| manifest.migrations.iter().any(|a| a.system == m.system && a.name == m.name);
    Ok(known.into_iter().filter(was_applied).collect())
}

async fn fill(tx: &mut Tx, manifest: &Manifest, folder: &Path, progress: &Progress) -> Result<(), Failed> {
    let tables = catalogue::tables(tx).await?;
    let lifted = catalogue::lift_foreign_keys(tx).await?;
    for table in tables.iter().filter(|table| table.name != "applied_migration") {
        if !manifest.tables.iter().any(|file| file.name == table.name) {
            return Err(Failed::Differs(format!("the backup has no table {}", table.name)));
        }
        // A migration may have put rows of its own; the backup has them as they were.
        tx.change(Sql(format!("delete from \"{}\"", table.name).into()), &[]).await?;
    }
    let mut done = Done::of("rows", manifest.rows(), progress);
    for file in &manifest.tables {
        let table = fitting(&tables, file)?;
        rows::load(tx, file, table, &file_of(folder, file), &mut done).await?;
    }
    catalogue::lower_foreign_keys(tx, lifted).await?;
    let audit = AuditEnd::from(audit::verify_in(tx).await?);
    if audit != manifest.audit {
        return Err(Failed::Differs(format!("the audit book is {audit:?}, and not {:?}", manifest.audit)));
    }
    Ok(())
}

/// The table that a file's rows belong to.
fn fitting<'a>(tables: &'a [Table], file: &TableFile) -> Result<&'a Table, Failed> {
    let table = tables.iter().find(|table| table.name == file.name && table.name != "applied_migration");
    let table = table.ok_or_else(|| Failed::Differs(format!("there is no table {}", file.name)))?;
    let mut ours: Vec<_> = table.columns.iter().map(|c| (&c.name, c.holds)).collect();
    let mut theirs: Vec<_> = file.columns.iter().map(|c| (&c.name, c.holds)).collect();
    ours.sort_by_key(|column| column.0);
    theirs.sort_by_key(|column| column.0);
    match ours == theirs {
        true => Ok(table),
        false => Err(Failed::Differs(format!("{} has other columns", file.name))),
    }
}

impl From<migrate::MigrateError> for Failed {
    fn from(e: migrate::MigrateError) -> Self {
        match e {
            migrate::MigrateError::Store(e) => Failed::Store(e),
            other => Failed::Store(Error::Fault(other.to_string())),
        }
    }
}
