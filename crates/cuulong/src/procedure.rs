//! `cuulong procedure`: files of procedures checked before a citizen's dossier meets them.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use onestop::inspect::{self, Remark, Severity};
use web::words::Lang;

use crate::cli::Failure;

#[derive(Subcommand, Debug)]
pub enum ProcedureCommand {
    /// Say what is wrong with files of procedures: file, line and remedy
    Check(CheckArgs),
}

/// A language of the words.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Speech {
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

/// Runs the command; false when something is wrong.
pub fn run(command: &ProcedureCommand) -> Result<bool, Failure> {
    match command {
        ProcedureCommand::Check(args) => check(args),
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
