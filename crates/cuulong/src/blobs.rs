//! `cuulong blobs check`: whether the disk has kept what it was given, and files brought back from a
//! backup where it has not.

use std::path::PathBuf;

use base::Clock;
use clap::Args;
use db::blobs::{Findings, Hash};
use db::{Act, Blobs, Db, Tx};

use crate::cli::Failure;
use crate::config::Config;
use crate::open;

/// Which installation, and where lost files may come back from.
#[derive(Args, Debug)]
pub struct CheckArgs {
    /// The data folder
    #[arg(long, default_value = "./demo-data", conflicts_with = "config")]
    data: PathBuf,
    /// The configuration file, where the installation is not in a data folder
    #[arg(long)]
    config: Option<PathBuf>,
    /// The folder that keeps backups: what is lost or damaged here is copied back from it
    #[arg(long)]
    mend_from: Option<PathBuf>,
}

/// Reads all of them; whether every one is there as it was put, or is again.
pub fn check(args: &CheckArgs) -> Result<bool, Failure> {
    let config = match &args.config {
        Some(path) => Config::read(path)?,
        None => Config { data: args.data.clone(), ..Config::default() },
    };
    crate::runtime()?.block_on(async {
        let db = open::database_that_is_there(&config).await?;
        let blobs = open::contents(&config).await?;
        let found = blobs.check(&db, |_| {}).await;
        let found = found.map_err(|e| Failure::new(format!("cannot read the files: {e}")))?;
        println!("{} files are whole ({} bytes)", found.whole, found.whole_bytes);
        let good = match &args.mend_from {
            Some(backups) if !found.is_good() => mend(&db, &blobs, &found, backups).await?,
            _ => tell(&found),
        };
        db.close().await;
        Ok(good)
    })
}

/// Names what is not whole; whether there is nothing to name.
fn tell(found: &Findings) -> bool {
    for hash in &found.lost {
        println!("LOST {hash}");
    }
    for hash in &found.damaged {
        println!("DAMAGED {hash}");
    }
    if !found.is_good() {
        println!("`cuulong blobs check --mend-from BACKUPS` copies them back from your backups");
    }
    found.is_good()
}

/// Copies back what the backups have; whether that was everything.
async fn mend(db: &Db, blobs: &Blobs, found: &Findings, backups: &std::path::Path) -> Result<bool, Failure> {
    let act = Act::system("operations.mend-files", "", Clock::system().now());
    let noted = db.write(act.clone(), async |_: &mut Tx| -> db::Result<()> { Ok(()) }).await;
    noted.map_err(|e| Failure::new(format!("cannot write to the audit book: {e}")))?;
    let contents = backups.join("contents");
    let mut left = 0;
    for hash in found.lost.iter().chain(&found.damaged) {
        let back = blobs.bring_back(db, act.clone(), *hash, &contents).await;
        left += u64::from(!said(hash, back));
    }
    Ok(left == 0)
}

/// Says what became of one file; whether it is whole again.
fn said(hash: &Hash, back: db::Result<bool>) -> bool {
    match &back {
        Ok(true) => println!("MENDED {hash}"),
        Ok(false) => println!("LOST {hash}: the backups do not have it"),
        Err(e) => println!("LOST {hash}: {e}"),
    }
    back == Ok(true)
}
