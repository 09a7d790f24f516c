//! `cuulong seed`: a demonstration filled with invented dossiers and certificates.

use std::io::Write;
use std::path::PathBuf;

use base::Clock;
use clap::Args;
use directory::seed::PROVINCES;

use crate::cli::{ConfigArg, Failure};
use crate::config::Config;
use crate::{open, serve};

/// How much is made, and where.
#[derive(Args, Debug)]
pub struct SeedArgs {
    /// The data folder of a demonstration; made and loaded if it is new
    #[arg(long, required_unless_present = "config")]
    data: Option<PathBuf>,
    /// The configuration file of a demonstration (`demo = true`)
    #[arg(long, conflicts_with = "data")]
    config: Option<PathBuf>,
    /// Another database than the folder's own: postgres://…
    #[arg(long, default_value = "", conflicts_with = "config")]
    database: String,
    /// How many dossiers
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=20_000_000))]
    #[arg(required_unless_present = "certificates")]
    dossiers: Option<u64>,
    /// How many certificates officials ask for and an administrator issues
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    certificates: Option<u64>,
    /// The same seed on the same data makes the same dossiers
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Opens the installation, loads the province's people if they are not there, and grows dossiers.
pub fn run(args: &SeedArgs) -> Result<(), Failure> {
    serve::log_to_stderr();
    let mut config = config(args)?;
    config.database.bulk = args.dossiers.is_some();
    crate::runtime()?.block_on(async {
        let clock = Clock::system();
        let opened = open::open(&config, clock.clone(), |what, done, total| {
            tell(what, done as u64, total as u64, "");
        })
        .await?;
        if let Some(count) = args.certificates {
            certificates(&opened, usize::try_from(count).unwrap_or(usize::MAX)).await?;
        }
        if let Some(count) = args.dossiers {
            let plan = onestop::Plan { dossiers: count, seed: args.seed, now: clock.now() };
            dossiers(&opened, plan).await?;
        }
        opened.site.db.close().await;
        Ok(())
    })
}

async fn certificates(opened: &open::Opened, count: usize) -> Result<(), Failure> {
    let now = opened.site.clock.now();
    let issued = trust::issue_demo(&opened.trust, count, now, |what, done, total| {
        tell(what, done as u64, total as u64, "");
    })
    .await
    .map_err(|e| Failure::new(format!("cannot issue certificates: {e}")))?;
    let (asked_s, issued_s) = (issued.asked_in.as_secs_f64(), issued.issued_in.as_secs_f64());
    println!("{} certificates asked for in {asked_s:.2} s, issued in {issued_s:.2} s", issued.certificates);
    Ok(())
}

async fn dossiers(opened: &open::Opened, plan: onestop::Plan) -> Result<(), Failure> {
    let begun = std::time::Instant::now();
    let mut began: Option<(String, std::time::Instant)> = None;
    let grown = onestop::grow(&opened.onestop, plan, |what, done, total| {
        if began.as_ref().is_none_or(|(last, _)| last != what) {
            began = Some((what.to_string(), std::time::Instant::now()));
        }
        let seconds = began.as_ref().map_or(0.0, |(_, at)| at.elapsed().as_secs_f64());
        tell(what, done, total, &format!(", {:.0}/s", done as f64 / seconds.max(0.001)));
    })
    .await
    .map_err(|e| Failure::new(format!("cannot grow dossiers: {e}")))?;
    println!(
        "{} dossiers with {} steps for {} citizens at {} counters in {:.1} s",
        grown.dossiers,
        grown.steps,
        grown.citizens,
        grown.counters,
        begun.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Throws the figures of reports away and makes them anew from the step logs.
pub fn recount(arg: &ConfigArg) -> Result<(), Failure> {
    serve::log_to_stderr();
    let config = Config::read(&arg.config)?;
    crate::runtime()?.block_on(async {
        let opened = open::open(&config, Clock::system(), |_, _, _| {}).await?;
        let db = &opened.site.db;
        let made = onestop::rebuild_measures(&opened.onestop, db).await;
        let made = made.map_err(|e| Failure::new(format!("cannot count: {e}")))?;
        db.close().await;
        println!("the figures of {made} dossiers were made anew");
        Ok(())
    })
}

/// Invented dossiers never come among real ones: only a demonstration is filled.
fn config(args: &SeedArgs) -> Result<Config, Failure> {
    let config = match (&args.config, &args.data) {
        (Some(path), _) => Config::read(path)?,
        (None, Some(data)) => {
            let key = std::fs::read_to_string(data.join("province")).unwrap_or_else(|_| PROVINCES[0].into());
            let province = key.trim().to_string();
            let mut config = Config { data: data.clone(), province, demo: true, ..Config::default() };
            config.database.url = args.database.clone();
            config
        }
        (None, None) => return Err(Failure::new("name a folder with --data or a file with --config")),
    };
    if !config.demo {
        return Err(Failure::new(
            "this is no demonstration (demo = true): invented dossiers do not belong there",
        ));
    }
    Ok(config)
}

/// One line, rewritten as the work goes on.
fn tell(what: &str, done: u64, total: u64, rate: &str) {
    let mut err = std::io::stderr();
    let end = if done >= total { "\n" } else { "" };
    let _ = write!(err, "\r{what}: {done}/{total}{rate}    {end}");
    let _ = err.flush();
}
