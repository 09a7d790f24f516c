//! `cuulong procedure`: files of procedures checked before a citizen's dossier meets them.

use std::io::Write;
use std::path::PathBuf;

use base::{Calendar, Day};
use clap::{Args, Subcommand, ValueEnum};
use onestop::AfterSupplement;
use onestop::inspect::{self, Remark, Severity};
use onestop::simulate::Plan;
use web::words::Lang;

use crate::cli::Failure;

#[derive(Subcommand, Debug)]
pub enum ProcedureCommand {
    /// Say what is wrong with files of procedures: file, line and remedy
    Check(CheckArgs),
    /// Send invented people through a procedure and say where they were stuck, asked twice or late
    Simulate(SimulateArgs),
    /// Name what contradicts itself in the catalogue as it was imported, by kind
    Report(ReportArgs),
}

/// A language of the words.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Speech {
    Vi,
    En,
}

impl From<Speech> for Lang {
    fn from(speech: Speech) -> Lang {
        match speech {
            Speech::Vi => Lang::Vi,
            Speech::En => Lang::En,
        }
    }
}

/// What `procedure check` is asked.
#[derive(Args, Debug)]
pub struct CheckArgs {
    /// The files; without one, those that come with the program
    files: Vec<PathBuf>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// Show errors only
    #[arg(long)]
    errors_only: bool,
    /// The language of sentences and remedies
    #[arg(long, value_enum, default_value = "en")]
    lang: Speech,
}

/// What `procedure simulate` is asked.
#[derive(Args, Debug)]
pub struct SimulateArgs {
    /// The national code, or a file
    procedure: String,
    /// How many people file
    #[arg(long, default_value_t = 10_000)]
    people: u32,
    /// The same seed tells the same story
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The first day on which people come, 2026-01-01
    #[arg(long, default_value = "2026-01-01")]
    from: String,
    /// Days over which they come
    #[arg(long, default_value_t = 365)]
    days: u32,
    /// The clock goes on after papers came, instead of beginning again
    #[arg(long)]
    resume: bool,
    /// The code of a unit whose office hours and closures count; needs --data
    #[arg(long)]
    unit: Option<String>,
    /// The data folder in which the unit stands
    #[arg(long, default_value = "./demo-data")]
    data: PathBuf,
    /// One JSON object
    #[arg(long)]
    json: bool,
    /// The language of the report
    #[arg(long, value_enum, default_value = "en")]
    lang: Speech,
}

/// What `procedure report` is asked.
#[derive(Args, Debug)]
pub struct ReportArgs {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// The language of the report
    #[arg(long, value_enum, default_value = "en")]
    lang: Speech,
}

/// Runs the command; false when something is wrong.
pub fn run(command: &ProcedureCommand) -> Result<bool, Failure> {
    match command {
        ProcedureCommand::Check(args) => check(args),
        ProcedureCommand::Simulate(args) => simulate(args),
        ProcedureCommand::Report(args) => report(args),
    }
}

/// Prints every finding; false when one of them is an error.
fn check(args: &CheckArgs) -> Result<bool, Failure> {
    let lang = args.lang.into();
    let texts = texts(&args.files)?;
    let mut remarks: Vec<Remark> =
        texts.iter().flat_map(|(name, text)| inspect::inspect(name, text, lang)).collect();
    let good = remarks.iter().all(|remark| remark.severity == Severity::Warning);
    remarks.retain(|remark| !args.errors_only || remark.severity == Severity::Error);
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for remark in &remarks {
        if args.json {
            let line = serde_json::to_string(remark).map_err(|e| Failure::new(e.to_string()))?;
            writeln!(out, "{line}").map_err(Failure::io)?;
        } else {
            let Remark { file, line, sentence, remedy, .. } = remark;
            let severity = if remark.severity == Severity::Error { "error" } else { "warning" };
            writeln!(out, "{file}:{line}: {severity}: {sentence}").map_err(Failure::io)?;
            writeln!(out, "    {}: {remedy}", inspect::remedy_word(lang)).map_err(Failure::io)?;
        }
    }
    if !args.json {
        writeln!(out, "{}", inspect::summary(texts.len(), &remarks, lang)).map_err(Failure::io)?;
    }
    out.flush().map_err(Failure::io)?;
    Ok(good)
}

/// Prints what a run has shown; false when somebody was stuck or a promise could not be kept.
fn simulate(args: &SimulateArgs) -> Result<bool, Failure> {
    let from = Day::parse(&args.from).map_err(|e| Failure::new(format!("the day “{}”: {e}", args.from)))?;
    let calendar = match &args.unit {
        None => Calendar::national(),
        Some(code) => crate::runtime()?.block_on(crate::open::calendar_of(&args.data, code))?,
    };
    let after_supplement = if args.resume { AfterSupplement::Resume } else { AfterSupplement::Restart };
    let plan = Plan { people: args.people, seed: args.seed, from, days: args.days, after_supplement };
    let report = match onestop::procedures().into_iter().find(|p| p.code == args.procedure) {
        Some(procedure) => onestop::simulate::simulate(procedure, &calendar, &plan),
        None => {
            let text = std::fs::read_to_string(&args.procedure).map_err(|e| {
                Failure::new(format!("{} is neither a code of the catalogue nor a file: {e}", args.procedure))
            })?;
            onestop::simulate::of_text(&text, &calendar, &plan)
                .map_err(|problem| Failure::new(format!("{}: {problem}", args.procedure)))?
        }
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    if args.json {
        let line = serde_json::to_string(&report).map_err(|e| Failure::new(e.to_string()))?;
        writeln!(out, "{line}").map_err(Failure::io)?;
    } else {
        for line in report.lines(args.lang.into()) {
            writeln!(out, "{line}").map_err(Failure::io)?;
        }
    }
    out.flush().map_err(Failure::io)?;
    Ok(report.is_sound())
}

/// Prints the import report. Contradictions are the source's, so they fail nothing.
fn report(args: &ReportArgs) -> Result<bool, Failure> {
    let procedures = onestop::procedures();
    let found = onestop::import::contradictions(&procedures);
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    if args.json {
        for item in &found {
            let line = serde_json::to_string(item).map_err(|e| Failure::new(e.to_string()))?;
            writeln!(out, "{line}").map_err(Failure::io)?;
        }
    } else {
        let text = onestop::import::text(procedures.len(), &found, args.lang.into());
        write!(out, "{text}").map_err(Failure::io)?;
    }
    out.flush().map_err(Failure::io)?;
    Ok(true)
}

/// The files with their names; those of the program when none is named.
fn texts(files: &[PathBuf]) -> Result<Vec<(String, String)>, Failure> {
    if files.is_empty() {
        return Ok(onestop::procedure_files());
    }
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|e| Failure::new(format!("cannot read {}: {e}", path.display())))?;
        Ok((path.display().to_string(), text))
    };
    files.iter().map(read).collect()
}
