//! `cargo x test`: everything the tests need, then the build, then the tests, each timed.

use crate::postgres::Cluster;
use crate::shell::{Outcome, Program, cargo, root, seconds};
use crate::{machine, peers};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Instant;

/// Runs all tests, or those whose name contains the given words' first.
pub fn run(words: &[String]) -> Outcome {
    let start = Instant::now();
    machine::ready_for_tests()?;
    peers::ready()?;
    let cluster = Cluster::start()?;
    let ready = seconds(start);

    // One command builds the tests and the binary they start and kill, so that both agree on
    // every dependency's features and nothing is compiled twice.
    let start = Instant::now();
    cargo(&["build", "--workspace", "--bins", "--tests"]).run()?;
    let built = seconds(start);

    let start = Instant::now();
    let tests = cargo(&["test", "--workspace", "--no-fail-fast", "--"])
        .args(words)
        .env("CUULONG_TEST_POSTGRES", cluster.url())
        .env("CUULONG_BIN", binary()?);
    let tally = run_and_count(tests)?;
    let ran = seconds(start);
    drop(cluster);

    println!("\nmachine made ready: {ready}\nbuild: {built}\ntests: {ran}");
    println!("{} passed, {} failed", tally.passed, tally.failed);
    match (tally.went_well, tally.failed, tally.passed) {
        (true, 0, 1..) => Ok(()),
        (true, 0, 0) => Err("no test was run".into()),
        _ => Err("not all tests passed".into()),
    }
}

/// Where cargo puts the product's binary in the dev profile.
fn binary() -> Outcome<PathBuf> {
    let said = cargo(&["metadata", "--no-deps", "--format-version", "1", "--offline"]).output()?;
    let said: serde_json::Value = serde_json::from_str(&said).map_err(|e| format!("cargo metadata: {e}"))?;
    let target = said["target_directory"].as_str().map_or_else(|| root().join("target"), PathBuf::from);
    Ok(target.join("debug/cuulong"))
}

/// What the test binaries said, summed.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    passed: u64,
    failed: u64,
    went_well: bool,
}

impl Tally {
    /// Takes in a line like `test result: ok. 3 passed; 0 failed; 0 ignored; …`.
    fn hear(&mut self, line: &str) {
        let Some(counts) = line.strip_prefix("test result: ") else { return };
        let count = |what: &str| -> u64 {
            let part = counts.split([';', '.']).find(|part| part.trim_end().ends_with(what));
            part.and_then(|part| part.split_whitespace().next()?.parse().ok()).unwrap_or(0)
        };
        self.passed += count("passed");
        self.failed += count("failed");
    }
}

/// Shows the tests' output as it comes and counts what it says.
fn run_and_count(program: Program) -> Outcome<Tally> {
    let mut command = program.into_command();
    let mut child =
        command.stdout(Stdio::piped()).spawn().map_err(|e| format!("cannot start the tests: {e}"))?;
    let stdout = child.stdout.take().expect("the output was asked for as a pipe");
    let mut tally = Tally::default();
    let mut screen = std::io::stdout();
    for line in BufReader::new(stdout).split(b'\n') {
        let line = line.map_err(|e| format!("cannot read the tests' output: {e}"))?;
        let line = String::from_utf8_lossy(&line);
        tally.hear(&line);
        let _ = writeln!(screen, "{line}");
    }
    let status = child.wait().map_err(|e| format!("cannot wait for the tests: {e}"))?;
    tally.went_well = status.success();
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_lines_are_summed_and_others_are_not() {
        let mut tally = Tally::default();
        tally.hear("test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out");
        tally.hear("test dossier::tests::every_pair ... ok");
        tally.hear("test result: FAILED. 5 passed; 2 failed; 0 ignored; finished in 0.10s");
        assert_eq!(tally, Tally { passed: 17, failed: 2, went_well: false });
    }
}
