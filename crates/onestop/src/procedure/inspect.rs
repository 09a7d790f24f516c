//! `cuulong procedure check`: what is wrong with files, by file and line, with the remedy.

use serde::Serialize;
use web::words::Lang;

pub use super::check::Severity;
use super::check::{Finding, Lines, check};
use super::model;
use super::words::WORDS;

/// One thing wrong with one file.
#[derive(Debug, Serialize)]
pub struct Remark {
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// The procedure's code, once the file could be read.
    pub code: Option<String>,
    pub severity: Severity,
    /// The finding's own word, `dead_end`; `not_read` for a file that is no procedure.
    pub finding: &'static str,
    /// The facts of the sentence.
    pub facts: serde_json::Map<String, serde_json::Value>,
    pub sentence: String,
    pub remedy: String,
}

/// Everything wrong with the text of one file, in the order of its lines.
pub fn inspect(file: &str, text: &str, lang: Lang) -> Vec<Remark> {
    let procedure = match model::parse(text) {
        Ok(procedure) => procedure,
        Err(problem) => {
            let args = [("why", problem.message.as_str())];
            return vec![Remark {
                file: file.to_owned(),
                line: problem.line,
                code: None,
                severity: Severity::Error,
                finding: "not_read",
                facts: facts(&[("why", problem.message.clone())]),
                sentence: WORDS.tr(lang, "check.not_read", &args),
                remedy: WORDS.tr(lang, "check.not_read_remedy", &[]),
            }];
        }
    };
    let lines = Lines::of(text);
    let remark = |finding: Finding| Remark {
        file: file.to_owned(),
        line: lines.of_finding(&finding),
        code: Some(procedure.code.clone()),
        severity: finding.severity(),
        finding: finding.key(),
        facts: facts(&finding.args()),
        sentence: finding.sentence(lang),
        remedy: finding.remedy(lang),
    };
    let mut remarks: Vec<Remark> = check(&procedure).into_iter().map(remark).collect();
    remarks.sort_by_key(|remark| remark.line);
    remarks
}

fn facts(args: &[(&str, String)]) -> serde_json::Map<String, serde_json::Value> {
    args.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into())).collect()
}

/// The last line: how many files, errors and warnings.
pub fn summary(files: usize, remarks: &[Remark], lang: Lang) -> String {
    let count = |severity| remarks.iter().filter(|remark| remark.severity == severity).count().to_string();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let key = if remarks.is_empty() { "check.all_good" } else { "check.summary" };
    WORDS.tr(lang, key, &[("n", &files.to_string()), ("errors", &errors), ("warnings", &warnings)])
}

/// The word before a remedy.
pub fn remedy_word(lang: Lang) -> String {
    WORDS.tr(lang, "check.remedy", &[])
}
