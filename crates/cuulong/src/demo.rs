//! `cuulong demo`: a whole province on this machine, with people to sign in as.

use std::io::Write;
use std::path::{Path, PathBuf};

use base::Clock;
use clap::Args;
use directory::seed::{PROVINCES, Province};

use crate::cli::Failure;
use crate::config::Config;
use crate::{open, serve};

/// How the demonstration runs.
#[derive(Args, Debug)]
pub struct DemoArgs {
    /// The data folder; kept from one start to the next
    #[arg(long, default_value = "./demo-data")]
    data: PathBuf,
    /// The port on 127.0.0.1
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The province: vinh-long (with districts, as in 2018), vinh-long-2025
    #[arg(long, value_parser = PROVINCES)]
    province: Option<String>,
    /// Throw the data folder away and begin anew
    #[arg(long)]
    fresh: bool,
    /// Another database: postgres://…
    #[arg(long, default_value = "")]
    database: String,
    /// Without the simulated national portal, which otherwise listens on a free port
    #[arg(long)]
    no_national: bool,
}

/// The files by which a folder is known as ours, so that `--fresh` deletes nothing else.
const OURS: [&str; 6] = [
    "cuulong.sqlite",
    "cuulong.sqlite-wal",
    "cuulong.sqlite-shm",
    "demo-accounts.json",
    "province",
    "trust.secret",
];
const OUR_FOLDERS: [&str; 2] = ["blobs", "spool"];

/// Makes or opens the data folder, loads the province and serves it.
pub fn run(args: &DemoArgs) -> Result<(), Failure> {
    serve::log_to_stderr();
    if args.fresh {
        clear(&args.data)?;
    }
    let key = match &args.province {
        Some(named) => named.clone(),
        // A folder that was loaded knows its province.
        None => std::fs::read_to_string(args.data.join("province")).unwrap_or_else(|_| PROVINCES[0].into()),
    };
    let mut config = Config {
        data: args.data.clone(),
        listen: ([127, 0, 0, 1], args.port).into(),
        address: format!("http://127.0.0.1:{}", args.port),
        province: key.trim().to_string(),
        demo: true,
        ..Config::default()
    };
    config.database.url = args.database.clone();
    if let Some(problem) = config.problems().first() {
        return Err(Failure::new(problem.clone()));
    }
    crate::runtime()?.block_on(async {
        let listener = serve::bind(config.listen).await?;
        if !args.no_national {
            config.national = crate::simulator::beside().await?;
        }
        let opened = open::open(&config, Clock::system(), progress).await?;
        if !args.no_national {
            crate::simulator::forgot(&opened).await?;
        }
        introduce(&config)?;
        serve::run(opened, listener, &config).await
    })
}

/// Removes what earlier starts made. A folder with anything else in it is left alone.
fn clear(data: &Path) -> Result<(), Failure> {
    let Ok(entries) = std::fs::read_dir(data) else { return Ok(()) };
    let names: Vec<String> =
        entries.filter_map(|e| e.ok()).map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    let strange = names.iter().find(|n| !OURS.contains(&n.as_str()) && !OUR_FOLDERS.contains(&n.as_str()));
    if let Some(strange) = strange {
        return Err(Failure::new(format!(
            "--fresh would delete {}, but it holds “{strange}”, which is not ours; choose another folder",
            data.display()
        )));
    }
    std::fs::remove_dir_all(data).map_err(|e| Failure::new(format!("cannot delete {}: {e}", data.display())))
}

/// One line, rewritten as the load goes on.
fn progress(what: &str, done: usize, total: usize) {
    let mut err = std::io::stderr();
    let end = if done >= total { "\n" } else { "" };
    let _ = write!(err, "\rloading {what}: {done}/{total}{end}");
    let _ = err.flush();
}

/// Writes and prints whom one may sign in as.
fn introduce(config: &Config) -> Result<(), Failure> {
    let province = Province::named(&config.province)
        .ok_or_else(|| Failure::new(format!("there is no province file {}", config.province)))?;
    let accounts = province.demo_accounts();
    let path = config.data.join("demo-accounts.json");
    let text = serde_json::to_string_pretty(&accounts).map_err(|e| Failure::new(e.to_string()))?;
    let write = |path: &Path, text: &str| {
        std::fs::write(path, text).map_err(|e| Failure::new(format!("cannot write {}: {e}", path.display())))
    };
    write(&path, &text)?;
    write(&config.data.join("province"), &config.province)?;

    println!("{}: {}", crate::words::product(), config.address);
    println!("  {:<22} {}", "citizens", config.address);
    println!("  {:<22} {}/mot-cua", "officials", config.address);
    println!("  {:<22} {}/api/openapi.json", "API", config.address);
    if !config.national.address.is_empty() {
        println!("  {:<22} {}", "national (simulated)", config.national.address);
    }
    println!("\nsign in as (also in {}):", path.display());
    for a in &accounts {
        let roles: Vec<&str> = a.roles.iter().map(|r| r.as_str()).collect();
        println!(
            "  {:<26} {:<14} {:<14} {}",
            a.login,
            a.password,
            roles.join(","),
            a.unit.as_deref().unwrap_or("")
        );
    }
    println!("\nofficials sign results at {}/mot-cua/ky-so with the PIN {}", config.address, open::DEMO_PIN);
    println!("\nCtrl+C ends it; the data stays in {}", config.data.display());
    Ok(())
}
