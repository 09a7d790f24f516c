//! Taking over from an earlier system (chuyển dữ liệu từ hệ thống cũ): citizens' records, dossiers that are
//! not finished, and the last numbers of books, from CSV or XLSX. First every line is checked and everything
//! wrong with it reported; only then is anything stored, some lines in a commit. A line that is there
//! already adds nothing, so that the same files may be loaded again, and after a kill simply are.
//!
//! What is taken over lives on under the rules of this program, but for one thing: the time that the old
//! system promised stands, and is told as its promise.

mod check;
mod columns;
mod ground;
mod load;
mod read;
mod rules;
pub mod store;
pub mod template;
#[cfg(test)]
mod tests;
pub mod words;

use std::io::Write;
use std::path::PathBuf;

use base::Instant;
use web::Problem;
use web::words::Lang;

use crate::App;
use crate::measure::sheet::{Cell, Kind, Sheet};
pub use columns::Table;
use words::WORDS;

/// The facts of a finding's sentence.
pub(crate) type Args = Vec<(&'static str, String)>;

/// Something wrong with one line, or with the file (line 0).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub line: u64,
    pub column: Option<&'static str>,
    pub key: &'static str,
    pub args: Args,
}

impl Finding {
    fn of_line(line: u64, key: &'static str, args: Args) -> Finding {
        Finding { line, column: None, key, args }
    }

    fn of_file(key: &'static str, args: Args) -> Finding {
        Finding::of_line(0, key, args)
    }

    fn said(&self, table: &str, lang: Lang) -> String {
        let args: Vec<(&str, &str)> = self.args.iter().map(|(k, v)| (*k, v.as_str())).collect();
        WORDS.tr(lang, &format!("{table}.{}", self.key), &args)
    }

    /// What is wrong, in a sentence.
    pub fn sentence(&self, lang: Lang) -> String {
        self.said("wrong", lang)
    }

    /// What to do about it.
    pub fn remedy(&self, lang: Lang) -> String {
        self.said("remedy", lang)
    }
}

/// The sentence about a promised time that still is the old system's; none where `h` tells of no takeover,
/// or the time has moved since.
pub(crate) fn promise(h: &crate::dossier::History, promised: Option<Instant>) -> Option<String> {
    let theirs = h.verb == "import" && promised.is_some() && h.promised == promised;
    let source = h.details["source"].as_str().unwrap_or_default();
    theirs.then(|| words::say("due.promised", &[("source", source)]))
}

/// Who did what this line tells, where nobody of this program did: the old system, by its name.
pub(crate) fn actor(h: &crate::dossier::History) -> Option<String> {
    let named =
        h.details["source"].as_str().filter(|_| h.account.is_none() && (before(h) || h.verb == "import"));
    named.map(str::to_string)
}

/// Whether this line of a log tells what the old system did: its papers are that system's, and none of ours.
pub(crate) fn before(h: &crate::dossier::History) -> bool {
    h.details["taken_over"] == true
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Order {
    /// The files, in any order.
    pub files: Vec<(Table, PathBuf)>,
    /// Only check.
    pub check: bool,
    /// Load what is good and leave the rest.
    pub skip_bad: bool,
    /// What the old system is called.
    pub source: String,
    pub lang: Lang,
    pub now: Instant,
}

/// What one file came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Lines with something in them, the head aside.
    pub lines: u64,
    /// Lines with a fault, and the file's own.
    pub bad: u64,
    /// Lines whose matter is there already.
    pub there: u64,
    /// Lines that were stored now.
    pub added: u64,
}

/// What was found and done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    pub tallies: Vec<(Table, Tally)>,
    /// Whether anything was to be stored.
    pub stored: bool,
}

impl Outcome {
    /// Lines with a fault, over all files.
    pub fn bad(&self) -> u64 {
        self.tallies.iter().map(|(_, t)| t.bad).sum()
    }

    /// A sentence for each file and one for the whole.
    pub fn sentences(&self, lang: Lang) -> Vec<String> {
        let said = |(table, t): &(Table, Tally)| {
            let number = |n: u64| base::format::thousands(i64::try_from(n).unwrap_or(i64::MAX));
            let table = WORDS.tr(lang, &format!("table.{}", table.word()), &[]);
            let (lines, bad) = (number(t.lines), number(t.bad));
            let (there, added) = (number(t.there), number(t.added));
            let args = [("table", table.as_str()), ("lines", &lines), ("bad", &bad), ("there", &there)];
            let args = [&args[..], &[("added", added.as_str())]].concat();
            WORDS.tr(lang, if self.stored { "summary.loaded" } else { "summary.checked" }, &args)
        };
        let whole = match (self.stored, self.bad()) {
            (true, 0) => "summary.done",
            (true, _) => "summary.done_but",
            (false, 0) => "summary.all_good",
            (false, _) => "summary.nothing_stored",
        };
        let people = self.stored && self.tallies.iter().any(|(table, _)| *table == Table::People);
        let people = people.then(|| WORDS.tr(lang, "summary.people", &[]));
        self.tallies.iter().map(said).chain([WORDS.tr(lang, whole, &[])]).chain(people).collect()
    }
}

/// The report of findings: one line each, written while the files are read.
pub struct Report<'a> {
    sheet: Sheet,
    lang: Lang,
    out: &'a mut (dyn Write + Send),
}

impl<'a> Report<'a> {
    /// Begins a report in `out`, as CSV.
    pub fn new(lang: Lang, out: &'a mut (dyn Write + Send)) -> Report<'a> {
        let head = ["file", "line", "column", "wrong", "remedy"]
            .map(|word| WORDS.tr(lang, &format!("report.{word}"), &[]));
        Report { sheet: Sheet::new(Kind::Csv, &head), lang, out }
    }

    fn add(&mut self, table: Table, file: &str, finding: &Finding) {
        let line = match finding.line {
            0 => Cell::Empty,
            n => Cell::Number(i64::try_from(n).unwrap_or(i64::MAX)),
        };
        let column = finding.column.map_or(Cell::Empty, |c| Cell::Text(table.heading(c, self.lang)));
        let (wrong, remedy) = (finding.sentence(self.lang), finding.remedy(self.lang));
        self.sheet.row(&[Cell::Text(file.into()), line, column, Cell::Text(wrong), Cell::Text(remedy)]);
    }

    fn flush(&mut self) -> Result<(), Problem> {
        let written = self.out.write_all(&self.sheet.take()).and_then(|()| self.out.flush());
        written.map_err(|e| Problem::fault(format!("the report cannot be written: {e}")))
    }
}

/// Checks all files and, unless something keeps it from that, loads them. `progress` hears of each file
/// whether it is being loaded, and how many lines are done.
pub async fn run(
    app: &App,
    order: &Order,
    report: &mut Report<'_>,
    mut progress: impl FnMut(Table, bool, u64),
) -> Result<Outcome, Problem> {
    let mut files = order.files.clone();
    files.sort();
    let mut outcome = Outcome::default();
    for (table, path) in &files {
        let tally = check::check(app, order, *table, path, report, |n| progress(*table, false, n)).await?;
        outcome.tallies.push((*table, tally));
    }
    report.flush()?;
    if order.check || outcome.bad() > 0 && !order.skip_bad {
        return Ok(outcome);
    }
    outcome.stored = true;
    for ((table, path), (_, tally)) in files.iter().zip(&mut outcome.tallies) {
        let done = load::load(app, order, *table, path, |n| progress(*table, true, n)).await?;
        (tally.there, tally.added) = (done.there, done.added);
    }
    Ok(outcome)
}
