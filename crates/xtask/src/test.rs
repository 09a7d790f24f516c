//! `cargo x test`: everything the tests need, then the build, then the tests, each timed.

use crate::postgres::Cluster;
use crate::shell::{Outcome, Program, cargo, root, seconds};
use crate::{machine, peers};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

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

/// How long the tests may be silent: longer than the slowest story takes on a busy machine.
const SILENCE: Duration = Duration::from_secs(600);

/// Shows the tests' output as it comes and counts what it says. Tests that say nothing for too long are
/// ended: a story that waits for ever fails by its name instead of holding up whoever waits for the run.
fn run_and_count(program: Program) -> Outcome<Tally> {
    let mut command = program.into_command();
    let mut child =
        command.stdout(Stdio::piped()).spawn().map_err(|e| format!("cannot start the tests: {e}"))?;
    let stdout = child.stdout.take().expect("the output was asked for as a pipe");
    let (heard, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
            let _ = heard.send(String::from_utf8_lossy(&line).into_owned());
        }
    });
    let mut tally = Tally::default();
    let mut slow = BTreeSet::new();
    let mut screen = std::io::stdout();
    loop {
        match lines.recv_timeout(SILENCE) {
            Ok(line) => {
                tally.hear(&line);
                follow(&mut slow, &line);
                let _ = writeln!(screen, "{line}");
            }
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                end(&mut child);
                let slow: Vec<_> = slow.into_iter().collect();
                let minutes = SILENCE.as_secs() / 60;
                return Err(format!(
                    "nothing ended for {minutes} minutes; still running: {}",
                    slow.join(", ")
                ));
            }
        }
    }
    let status = child.wait().map_err(|e| format!("cannot wait for the tests: {e}"))?;
    tally.went_well = status.success();
    Ok(tally)
}

/// Keeps the names of the tests that were said to be slow and have not ended.
fn follow(slow: &mut BTreeSet<String>, line: &str) {
    let Some(said) = line.strip_prefix("test ") else { return };
    if let Some((name, _)) = said.split_once(" has been running for over") {
        slow.insert(name.into());
    } else if let Some((name, _)) = said.split_once(" ... ") {
        slow.remove(name);
    }
}

/// Ends the test binary and cargo, which waits for it.
fn end(cargo: &mut Child) {
    let pid = cargo.id();
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let _ = Command::new("kill").arg("-KILL").args(children.split_whitespace()).status();
    let _ = cargo.kill();
    let _ = cargo.wait();
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

    #[test]
    fn a_slow_test_is_named_until_it_ends() {
        let mut slow = BTreeSet::new();
        follow(&mut slow, "test kill::one has been running for over 60 seconds");
        follow(&mut slow, "test kill::other has been running for over 60 seconds");
        follow(&mut slow, "test kill::one ... ok");
        follow(&mut slow, "test result: ok. 12 passed");
        assert_eq!(Vec::from_iter(slow), ["kill::other"]);
    }
}
