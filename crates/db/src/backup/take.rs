//! Taking a backup of a running installation.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
};

use base::Instant;

use super::{
    Failed, Progress,
    contents::Brought,
    files,
    manifest::{Applied, AuditEnd, CONTENTS, FORMAT, Manifest, TABLES, TableFile},
    rows::{self, Done},
};
use crate::{Act, Blobs, Db, Kind, args, audit, catalogue, error::Error, record, tx::Tx};

/// A backup that is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Its folder.
    pub folder: PathBuf,
    pub manifest: Manifest,
    /// Contents that were not in the target yet.
    pub copied: super::Counted,
}

enum BackupKind {}

/// What a folder is called until everything in it is durable.
const PARTIAL: &str = ".partial";

/// Makes a backup in `target`, beside those that are there already: contents they hold are not copied
/// again. It leaves an entry in the audit book, because it copies everybody's data.
///
/// The rows are of one instant. Contents are copied after it; none that a row names can vanish
/// meanwhile, because a sweep leaves for two days what nobody needs any more.
///
/// # Errors
/// [`Failed`]; what was written until then is removed by the next backup into the same target.
pub async fn take(
    db: &Db,
    blobs: &Blobs,
    target: &Path,
    product: &str,
    now: Instant,
    progress: Progress,
) -> Result<Taken, Failed> {
    files::make_folder(target)?;
    let _lock = lock(target)?;
    clear_partial(target)?;
    let id = base::Id::<BackupKind>::fresh().to_string();
    let folder = target.join(format!("{}-{id}", now.day()));
    let partial = PathBuf::from(format!("{}{PARTIAL}", folder.display()));
    files::make_folder(&partial.join(TABLES))?;
    for private in [&partial, &target.join(CONTENTS)] {
        files::make_private(private)?;
    }

    let act = Act::system("operations.backup", id.clone(), now);
    db.write(act, async |_: &mut Tx| -> Result<(), Error> { Ok(()) }).await?;
    let (place, heard) = (partial.clone(), progress.clone());
    let snapshot = db.read(async move |tx: &mut Tx| write_rows(tx, &place, &heard).await).await?;
    let brought = Brought::copy(blobs, &snapshot.tables, &partial, target, &progress).await?;

    let manifest = Manifest {
        format: FORMAT.into(),
        id,
        product: product.into(),
        engine: if db.kind() == Kind::Sqlite { "sqlite".into() } else { "postgresql".into() },
        began_at: now.micros(),
        migrations: snapshot.migrations,
        tables: snapshot.tables,
        audit: snapshot.audit,
        contents: brought.all,
        lost: brought.lost,
    };
    manifest.write(&partial)?;
    files::sync_folder(&partial.join(TABLES))?;
    files::sync_folder(&partial)?;
    std::fs::rename(&partial, &folder).map_err(Failed::file(&folder))?;
    files::sync_folder(target)?;
    Ok(Taken { folder, manifest, copied: brought.copied })
}

/// One backup at a time into a target; the lock ends with the process, however that ends.
fn lock(target: &Path) -> Result<File, Failed> {
    let path = target.join("lock");
    let file = File::create(&path).map_err(Failed::file(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Failed::Busy(target.to_owned())),
        Err(TryLockError::Error(e)) => Err(Failed::file(&path)(e)),
    }
}

/// Removes what backups left that were cut off.
fn clear_partial(target: &Path) -> Result<(), Failed> {
    for entry in std::fs::read_dir(target).map_err(Failed::file(target))?.flatten() {
        if entry.file_name().to_string_lossy().ends_with(PARTIAL) {
            std::fs::remove_dir_all(entry.path()).map_err(Failed::file(&entry.path()))?;
        }
    }
    Ok(())
}

struct Snapshot {
    migrations: Vec<Applied>,
    tables: Vec<TableFile>,
    audit: AuditEnd,
}

record! { struct AppliedRow { system: String, name: String, hash: String } }

/// Every table, in one snapshot. May run again after a lost connection, so it begins anew.
async fn write_rows(tx: &mut Tx, folder: &Path, progress: &Progress) -> Result<Snapshot, Failed> {
    let place = folder.join(TABLES);
    std::fs::remove_dir_all(&place).map_err(Failed::file(&place))?;
    files::make_folder(&place)?;
    let applied = "select system, name, hash from applied_migration order by system, name";
    let applied: Vec<AppliedRow> = tx.list(applied, args![]).await?;
    let migrations =
        applied.into_iter().map(|a| Applied { system: a.system, name: a.name, hash: a.hash }).collect();
    let mut tables = catalogue::tables(tx).await?;
    tables.retain(|table| table.name != "applied_migration");
    let mut total = 0;
    for table in &tables {
        total += rows::count(tx, &table.name).await?;
    }
    let mut done = Done::of("rows", total, progress);
    let mut written = Vec::with_capacity(tables.len());
    for table in &tables {
        let path = place.join(format!("{}.jsonl", table.name));
        written.push(rows::write(tx, table, &path, &mut done).await?);
    }
    Ok(Snapshot { migrations, tables: written, audit: audit::verify_in(tx).await?.into() })
}
