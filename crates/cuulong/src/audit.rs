//! `cuulong audit verify`: the chain of the audit book, from the first entry to the last.

use std::path::PathBuf;

use clap::Args;

use crate::cli::Failure;
use crate::config::Config;

/// Which installation.
#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// The data folder
    #[arg(long, default_value = "./demo-data", conflicts_with = "config")]
    data: PathBuf,
    /// The configuration file, where the database is not in a data folder
    #[arg(long)]
    config: Option<PathBuf>,
    /// Roots whose time-stamps count (PEM), kept elsewhere than in the installation; without any its own do
    #[arg(long)]
    trust: Vec<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Reads the whole book; whether the chain holds.
pub fn verify(args: &VerifyArgs) -> Result<bool, Failure> {
    let config = match &args.config {
        Some(path) => Config::read(path)?,
        None => Config { data: args.data.clone(), ..Config::default() },
    };
    let roots = crate::verify::all_certificates(&args.trust)?;
    let now = crate::verify::instant(None)?;
    crate::runtime()?.block_on(async {
        let db = crate::open::database_that_is_there(&config).await?;
        let report =
            db::audit::verify(&db).await.map_err(|e| Failure::new(format!("cannot read the book: {e}")))?;
        let seals = trust::book::check(&db, &roots, now).await;
        let seals = seals.map_err(|e| Failure::new(format!("cannot read the seals of the book: {e}")))?;
        db.close().await;
        let good = report.broken.is_none() && seals.broken.is_none();
        if args.json {
            let broken = report
                .broken
                .as_ref()
                .map(|b| serde_json::json!({ "no": b.no, "why": format!("{:?}", b.why) }));
            let told = serde_json::json!({
                "entries": report.entries,
                "chained": report.chained,
                "unchained_tail": report.unchained_tail,
                "broken": broken,
                "head": report.head,
                "seals": { "count": seals.count, "last": seals.last, "broken": seals.broken },
            });
            println!("{told}");
            return Ok(good);
        }
        println!(
            "{} entries, {} chained, {} wait to be chained",
            report.entries, report.chained, report.unchained_tail
        );
        match &report.broken {
            Some(broken) => println!("BROKEN at entry {}: {:?}", broken.no, broken.why),
            None => println!("the chain holds; its end is {}", report.head.as_deref().unwrap_or("(empty)")),
        }
        match (seals.broken, seals.last) {
            (Some(no), _) => println!("BROKEN: the seal after entry {no} does not fit the book"),
            (None, Some(last)) => println!("{} seals under time-stamps fit, the last of {last}", seals.count),
            (None, None) => println!("no seal was made yet"),
        }
        Ok(good)
    })
}
