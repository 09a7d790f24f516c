//! `cargo x tidy`: the house rules, read as data from `tidy.toml` and checked on every file.

mod floors;
mod rust;
mod template;
#[cfg(test)]
mod tests;
mod text;

use crate::law;
use crate::shell::{Outcome, files, root};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// The house rules as `tidy.toml` has them; what each means is said there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    order: Vec<String>,
    systems: Vec<String>,
    aside: Vec<String>,
    must_not_know: BTreeMap<String, Vec<String>>,
    limits: Limits,
    vietnamese: Vietnamese,
    never: Vec<Never>,
    nowhere: Vec<Nowhere>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    lines_per_file: usize,
    lines_per_function: usize,
    columns: usize,
    vendored: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vietnamese {
    files: Vec<String>,
}

/// Tokens that Rust code does not hold.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Never {
    say: String,
    r#where: Where,
    #[serde(default)]
    files: Vec<String>,
    #[serde(default)]
    except: Vec<String>,
    remedy: String,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Where {
    Product,
    Tests,
    All,
}

/// Text that no file holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nowhere {
    say: String,
    #[serde(default)]
    files: Vec<String>,
    remedy: String,
}

/// A rule broken at a place.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    file: String,
    line: usize,
    rule: String,
    remedy: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}:{}: {} — {}", self.file, self.line, self.rule, self.remedy)
    }
}

/// Gathers what the checks find.
#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, file: &str, line: usize, rule: impl Into<String>, remedy: impl Into<String>) {
        self.0.push(Finding { file: file.into(), line, rule: rule.into(), remedy: remedy.into() });
    }
}

/// Prints every finding, and fails when there is one.
pub fn run() -> Outcome {
    let findings = check(&root())?;
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => Ok(()),
        n => Err(format!("{n} findings; the rules are in crates/xtask/tidy.toml")),
    }
}

/// Everything that is not as the house wants it, in the order of files and lines.
fn check(root: &Path) -> Outcome<Vec<Finding>> {
    let rules = rules()?;
    let mut findings = Findings::default();
    floors::check(&floors::packages()?, &rules, &mut findings);
    for file in files(root, "") {
        if rules.limits.vendored.iter().any(|folder| file.contains(folder)) && !file.ends_with(".json") {
            continue;
        }
        // Pictures and fonts are not text, and no rule speaks of them.
        let Ok(text) = std::fs::read_to_string(root.join(&file)) else { continue };
        text::check(&file, &text, &rules, &mut findings);
        if file.ends_with(".rs") {
            rust::check(&file, &text, &rules, &mut findings);
        }
        if file.ends_with(".html") && file.contains("/templates/") {
            template::check(&file, &text, &mut findings);
        }
    }
    let anchors = law::anchors(root);
    for citation in law::citations(root) {
        if !anchors.contains(&citation.anchor) {
            let rule = format!("docs/law does not have {}", citation.anchor);
            findings.add(&citation.file, citation.line, rule, "state it there, or cite what is stated");
        }
    }
    findings.0.sort();
    Ok(findings.0)
}

fn rules() -> Outcome<Rules> {
    toml::from_str(include_str!("../tidy.toml")).map_err(|e| format!("crates/xtask/tidy.toml: {e}"))
}
