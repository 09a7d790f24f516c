//! `cuulong calendar due`: the end of a limit and its arithmetic, for scripts and for doubters.

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

use base::Instant;
use base::calendar::{Calendar, Due, Limit};
use clap::Args;

use crate::cli::Failure;

/// What `calendar due` is asked.
#[derive(Args, Debug)]
pub struct DueArgs {
    /// The receipt, RFC 3339: 2026-08-21T09:00+07:00
    #[arg(long, required_unless_present = "batch")]
    at: Option<String>,
    /// The limit: 3wd working days, 8wh working hours, 20d calendar days, sameday
    #[arg(long, required_unless_present = "batch")]
    limit: Option<String>,
    /// The code of a unit whose office hours and closures count; needs --data
    #[arg(long)]
    unit: Option<String>,
    /// The data folder in which the unit stands
    #[arg(long, default_value = "./demo-data")]
    data: PathBuf,
    /// A file with one case a line: the receipt, white space or a comma, the limit. `-` reads standard input
    #[arg(long, conflicts_with_all = ["at", "limit"])]
    batch: Option<PathBuf>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// Answers each case on a line of its own (several with the arithmetic); a wrong case is named
/// and the exit code tells.
pub fn due(args: &DueArgs) -> Result<bool, Failure> {
    let calendar = match &args.unit {
        None => Calendar::national(),
        Some(code) => crate::runtime()?.block_on(crate::open::calendar_of(&args.data, code))?,
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let Some(batch) = &args.batch else {
        let (at, limit) = (args.at.as_deref().unwrap_or_default(), args.limit.as_deref().unwrap_or_default());
        let due = one(&calendar, at, limit)?;
        print(&mut out, &due, args.json, true)?;
        return Ok(true);
    };
    let mut all_good = true;
    for (number, line) in reader(batch)?.lines().enumerate() {
        let line = line.map_err(Failure::io)?;
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut words = line.split([',', ' ', '\t', ';']).filter(|w| !w.is_empty());
        let (at, limit) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        match one(&calendar, at, limit) {
            Ok(due) => print(&mut out, &due, args.json, false)?,
            Err(failure) if args.json => {
                all_good = false;
                let error = serde_json::json!({ "line": number + 1, "error": failure.to_string() });
                writeln!(out, "{error}").map_err(Failure::io)?;
            }
            Err(failure) => {
                all_good = false;
                writeln!(out, "error: line {}: {failure}", number + 1).map_err(Failure::io)?;
            }
        }
    }
    Ok(all_good)
}

fn reader(batch: &Path) -> Result<Box<dyn BufRead>, Failure> {
    if batch.as_os_str() == "-" {
        return Ok(Box::new(std::io::stdin().lock()));
    }
    let file = std::fs::File::open(batch)
        .map_err(|e| Failure::new(format!("cannot read {}: {e}", batch.display())))?;
    Ok(Box::new(std::io::BufReader::new(file)))
}

fn one(calendar: &Calendar, at: &str, limit: &str) -> Result<Due, Failure> {
    let from = Instant::parse_rfc3339(at).map_err(|e| Failure::new(format!("the receipt “{at}”: {e}")))?;
    let limit: Limit = limit.parse().map_err(|e| Failure::new(format!("the limit “{limit}”: {e}")))?;
    calendar.due(from, limit).map_err(|e| Failure::new(e.to_string()))
}

fn print(out: &mut impl Write, due: &Due, json: bool, whole: bool) -> Result<(), Failure> {
    let lines = web::due::arithmetic(due);
    let text = if json {
        let mut value = serde_json::to_value(due).map_err(|e| Failure::new(e.to_string()))?;
        value["due"] = value["at"].take();
        value["at"] = serde_json::json!(due.from);
        value["limit"] = serde_json::json!(due.limit.to_string());
        value["words"] = serde_json::json!(lines);
        value.to_string()
    } else if whole {
        format!("{}\n{}", due.at, lines.join("\n"))
    } else {
        due.at.to_string()
    };
    writeln!(out, "{text}").map_err(Failure::io)
}
