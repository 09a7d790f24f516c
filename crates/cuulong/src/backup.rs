//! `cuulong backup` while it runs, `cuulong restore` into an empty place. The format is `db`'s
//! (`crates/db/BACKUP.md`); here are the places it comes from and goes to.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::{Clock, Instant};
use clap::Args;
use db::backup::{self, Checked, Failed, Progress};
use db::{Act, Db, Tx};

use crate::cli::Failure;
use crate::config::Config;
use crate::open;

/// What is backed up, and where to.
#[derive(Args, Debug)]
pub struct BackupArgs {
    /// The configuration file
    #[arg(long, conflicts_with = "data")]
    config: Option<PathBuf>,
    /// The data folder of a demonstration
    #[arg(long, default_value = "./demo-data")]
    data: PathBuf,
    /// A folder that keeps backups beside one another; what it holds already is not copied again
    #[arg(long)]
    to: PathBuf,
}

/// What is restored, and where to.
#[derive(Args, Debug)]
pub struct RestoreArgs {
    /// The folder of a backup, or one that keeps several, of which the newest is taken
    #[arg(long)]
    from: PathBuf,
    /// The configuration file of an installation that has no data yet
    #[arg(long, conflicts_with = "data")]
    config: Option<PathBuf>,
    /// A data folder without a database
    #[arg(long, required_unless_present_any = ["config", "check"])]
    data: Option<PathBuf>,
    /// Only read the whole backup and say whether it could be restored
    #[arg(long, conflicts_with_all = ["config", "data"])]
    check: bool,
}

/// Makes a backup; whether everything the rows need is in it.
pub fn take(args: &BackupArgs) -> Result<bool, Failure> {
    let config = match &args.config {
        Some(path) => Config::read(path)?,
        None => Config { data: args.data.clone(), ..Config::default() },
    };
    let version = env!("CARGO_PKG_VERSION");
    let taken = crate::runtime()?.block_on(async {
        let db = open::database_that_is_there(&config).await?;
        let blobs = open::contents(&config).await?;
        let now = Clock::system().now();
        let taken = backup::take(&db, &blobs, &args.to, version, now, progress()).await;
        db.close().await;
        taken.map_err(|e| failed("cannot make the backup", &e))
    })?;
    let manifest = &taken.manifest;
    println!(
        "{}: {} rows, {} files ({} new)",
        taken.folder.display(),
        manifest.rows(),
        manifest.contents.count,
        taken.copied.count
    );
    if let Some(no) = manifest.audit.broken_at {
        eprintln!(
            "cuulong: the audit book of this installation is broken at entry {no}; `audit verify` tells"
        );
    }
    for hash in &manifest.lost {
        eprintln!("cuulong: the installation has lost the file {hash}, so it is not in the backup");
    }
    Ok(manifest.lost.is_empty() && manifest.audit.broken_at.is_none())
}

/// Makes an installation of a backup, or only looks whether it could.
pub fn restore(args: &RestoreArgs) -> Result<(), Failure> {
    let checked = backup::check(&args.from, &progress()).map_err(|e| failed("cannot restore", &e))?;
    if args.check {
        println!("{}: whole; {}", checked.folder().display(), summary(&checked));
        return Ok(());
    }
    let config = match (&args.config, &args.data) {
        (Some(path), _) => Config::read(path)?,
        (None, data) => Config { data: data.clone().unwrap_or_default(), ..Config::default() },
    };
    let now = Clock::system().now();
    let raised = crate::runtime()?.block_on(into(&config, &checked, now))?;
    println!("{}: restored; {}", checked.folder().display(), summary(&checked));
    warn_of_the_lost(checked.manifest.began_at, now, &raised);
    for hash in &checked.manifest.lost {
        eprintln!("cuulong: the file {hash} was lost before the backup was made");
    }
    Ok(())
}

/// What was done between the backup and now is not in it; what bears a number or was revoked then lives on
/// outside.
fn warn_of_the_lost(began_at: i64, now: Instant, raised: &trust::Raised) {
    let from = Instant::from_micros(began_at);
    eprintln!("cuulong: everything done from {from} until {now} is not in the backup");
    if let Some(next) = raised.stamps_from {
        eprintln!("cuulong: time-stamps go on from number {next}, so that none of that span comes twice");
    }
    if raised.authorities > 0 {
        eprintln!(
            "cuulong: the lists of {} authorities jumped to numbers nobody has seen; certificates revoked or \
             suspended in that span count as good again until that is done anew",
            raised.authorities
        );
    }
}

fn summary(checked: &Checked) -> String {
    let manifest = &checked.manifest;
    let head = manifest.audit.head.as_deref().unwrap_or("broken");
    format!(
        "{} rows, {} files, {} audit entries, the chain's end is {head}",
        manifest.rows(),
        manifest.contents.count,
        manifest.audit.entries
    )
}

/// A SQLite file gets its name when everything is in it, so that one which was cut off is never
/// served; PostgreSQL gets everything in one transaction.
async fn into(config: &Config, checked: &Checked, now: Instant) -> Result<trust::Raised, Failure> {
    open::make_data_folder(config)?;
    let url = config.database_url();
    let Some(file) = url.strip_prefix("sqlite:").map(PathBuf::from) else {
        return fill(config, &url, checked, now).await;
    };
    if file.exists() {
        let sentence = format!(
            "a backup is restored into an empty place only, and {} is there already; move it away, or choose \
             another folder",
            file.display()
        );
        return Err(Failure::new(sentence));
    }
    let unfinished = PathBuf::from(format!("{}.restoring", file.display()));
    for ending in ["", "-wal", "-shm"] {
        match std::fs::remove_file(format!("{}{ending}", unfinished.display())) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(Failure::io(e)),
            _ => {}
        }
    }
    let raised = fill(config, &format!("sqlite:{}", unfinished.display()), checked, now).await?;
    std::fs::rename(&unfinished, &file).map_err(Failure::io)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(Failure::io)?;
    Ok(raised)
}

async fn fill(config: &Config, url: &str, checked: &Checked, now: Instant) -> Result<trust::Raised, Failure> {
    let mut place = db::Config::new(url);
    place.connections = 2;
    let db = Db::open(&place).await.map_err(|e| Failure::new(format!("cannot open the database: {e}")))?;
    let done = restored(config, &db, checked, now).await;
    db.close().await;
    done
}

async fn restored(
    config: &Config,
    db: &Db,
    checked: &Checked,
    now: Instant,
) -> Result<trust::Raised, Failure> {
    let blobs = open::contents(config).await?;
    let migrations = open::migrations();
    backup::restore(db, &blobs, checked, &migrations, now, progress())
        .await
        .map_err(|e| failed("cannot restore", &e))?;
    db.migrate(&migrations)
        .await
        .map_err(|e| Failure::new(format!("restored, but the tables cannot be brought up to date: {e}")))?;
    let act = Act::system("operations.restore", checked.manifest.id.clone(), now);
    let told = db.write(act, async |_: &mut Tx| -> db::Result<()> { Ok(()) }).await;
    told.map_err(|e| Failure::new(format!("restored, but not told to the audit book: {e}")))?;
    let raised = trust::restored(db, now).await;
    raised.map_err(|e| Failure::new(format!("restored, but numbers might come twice: {e}")))
}

fn failed(what: &str, why: &Failed) -> Failure {
    Failure::new(format!("{what}: {why}"))
}

/// One line, rewritten as the work goes on; on a terminal only, so that a log stays short.
fn progress() -> Progress {
    let is_terminal = std::io::stderr().is_terminal();
    Arc::new(move |what, done, total| {
        if is_terminal {
            let mut err = std::io::stderr();
            let end = if done >= total { "\n" } else { "" };
            let _ = write!(err, "\r{what}: {done}/{total}{end}");
            let _ = err.flush();
        }
    })
}
