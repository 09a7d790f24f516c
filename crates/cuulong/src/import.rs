//! `cuulong import`: people, unfinished dossiers and last numbers of an earlier system, from CSV or XLSX.
//! Without `--check` it loads, but only when every line is good or `--skip-bad` is said.

use std::io::Write;
use std::path::{Path, PathBuf};

use base::Clock;
use clap::Args;
use onestop::takeover::{self, Order, Outcome, Report, Table};
use web::words::Lang;

use crate::cli::Failure;
use crate::config::Config;
use crate::procedure::Speech;
use crate::{open, serve};

/// Progress is told once in so many lines.
const PROGRESS_LINES: u64 = 10_000;

/// What `import` is asked.
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// The configuration file
    #[arg(long, conflicts_with = "data")]
    config: Option<PathBuf>,
    /// The data folder of an installation
    #[arg(long, default_value = "./demo-data")]
    data: PathBuf,
    /// Citizens: CSV in UTF-8 or XLSX
    #[arg(long)]
    people: Option<PathBuf>,
    /// Unfinished dossiers
    #[arg(long)]
    dossiers: Option<PathBuf>,
    /// Last numbers of books
    #[arg(long)]
    counters: Option<PathBuf>,
    /// Only say what is wrong; nothing is stored
    #[arg(long)]
    check: bool,
    /// Load the good lines although others are wrong
    #[arg(long, conflicts_with = "check")]
    skip_bad: bool,
    /// Where the report of every bad line goes, as CSV
    #[arg(long)]
    report: Option<PathBuf>,
    /// What the old system is called, for the history of each dossier
    #[arg(long, default_value = "")]
    source: String,
    /// Write empty tables with explained headings into this folder, and do nothing else
    #[arg(long)]
    template: Option<PathBuf>,
    /// The language of the report and of the templates
    #[arg(long, value_enum, default_value = "vi")]
    lang: Speech,
}

/// Runs it; false when a line was bad.
pub fn run(args: &ImportArgs) -> Result<bool, Failure> {
    if let Some(folder) = &args.template {
        return write_templates(folder, args.lang.into()).map(|()| true);
    }
    let named =
        [(Table::People, &args.people), (Table::Dossiers, &args.dossiers), (Table::Books, &args.counters)];
    let files: Vec<(Table, PathBuf)> =
        named.iter().filter_map(|(table, path)| Some((*table, (*path).clone()?))).collect();
    if files.is_empty() {
        return Err(Failure::new(
            "name a file with --people, --dossiers or --counters, or a folder with --template",
        ));
    }
    serve::log_to_stderr();
    let config = match &args.config {
        Some(path) => Config::read(path)?,
        None => {
            let named = std::fs::read_to_string(args.data.join("province")).ok();
            let own = Config { data: args.data.clone(), ..Config::default() };
            let province = named.map_or(own.province.clone(), |text| text.trim().to_string());
            Config { province, ..own }
        }
    };
    let outcome = crate::runtime()?.block_on(load(args, &config, files))?;
    for sentence in outcome.sentences(args.lang.into()) {
        println!("{sentence}");
    }
    Ok(outcome.bad() == 0)
}

async fn load(args: &ImportArgs, config: &Config, files: Vec<(Table, PathBuf)>) -> Result<Outcome, Failure> {
    open::database_that_is_there(config).await?.close().await;
    let clock = Clock::system();
    let opened = open::open(config, clock.clone(), |_, _, _| {}).await?;
    let source = match args.source.trim() {
        "" => takeover::words::say("source.default", &[]),
        named => named.chars().take(100).collect(),
    };
    let (lang, now) = (args.lang.into(), clock.now());
    let order = Order { files, check: args.check, skip_bad: args.skip_bad, source, lang, now };
    let mut out: Box<dyn Write + Send> = match &args.report {
        Some(path) => {
            let made = std::fs::File::create(path);
            let made = made.map_err(|e| Failure::new(format!("cannot write {}: {e}", path.display())))?;
            Box::new(std::io::BufWriter::new(made))
        }
        None => Box::new(std::io::stderr()),
    };
    let mut report = Report::new(lang, &mut *out);
    let mut told = (Table::People, false, 0);
    let tell = |table: Table, loading: bool, done: u64| {
        let step = (table, loading, done / PROGRESS_LINES);
        if step != told {
            told = step;
            let what = if loading { "loaded" } else { "checked" };
            eprintln!("{}: {done} lines {what}", table.word());
        }
    };
    let done = takeover::run(&opened.onestop, &order, &mut report, tell).await;
    opened.site.db.close().await;
    done.map_err(|e| Failure::new(format!("cannot take the data over: {e}")))
}

fn write_templates(folder: &Path, lang: Lang) -> Result<(), Failure> {
    let told = |path: &Path, e: std::io::Error| Failure::new(format!("cannot write {}: {e}", path.display()));
    std::fs::create_dir_all(folder).map_err(|e| told(folder, e))?;
    for (name, bytes) in takeover::template::templates(lang) {
        let path = folder.join(name);
        std::fs::write(&path, bytes).map_err(|e| told(&path, e))?;
        println!("{}", path.display());
    }
    Ok(())
}
