//! What a judge says of its own version.

use std::path::Path;
use std::process::Command;

/// How a program is asked.
const PROGRAMS: [(&str, &[&str]); 9] = [
    ("openssl", &["version"]),
    ("xmlsec1", &["--version"]),
    ("pdfsig", &["-v"]),
    ("pdftotext", &["-v"]),
    ("qpdf", &["--version"]),
    ("xmllint", &["--version"]),
    ("softhsm2-util", &["--version"]),
    ("zbarimg", &["--version"]),
    ("certutil", &["--version"]),
];
/// Judges from PyPI, by the names of their packages.
const PACKAGES: [&str; 5] = ["pyHanko", "signxml", "rfc3161-client", "lxml", "moto"];

/// The program or package behind a judge's name; `None` for suites of cases, which say their version in their
/// name or have none.
pub fn program(judge: &str) -> Option<&'static str> {
    let first = judge.split(' ').next().unwrap_or_default();
    PROGRAMS.into_iter().map(|(name, _)| name).chain(PACKAGES).find(|name| *name == first)
}

/// What it says of its version, by the first line with a number.
pub fn of(program: &str) -> Option<String> {
    if let Some((name, words)) = PROGRAMS.into_iter().find(|(name, _)| *name == program) {
        return said(Command::new(name).args(words));
    }
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../suite/peers/venv/bin/python");
    let ask = format!("from importlib.metadata import version; print(version('{program}'))");
    said(Command::new(python).args(["-c", &ask]))
}

fn said(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    let line = said.lines().find(|line| line.contains(|c: char| c.is_ascii_digit()))?;
    Some(line.split('(').next().unwrap_or(line).trim().to_string())
}
