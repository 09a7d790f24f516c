//! What the tests need from the machine: Debian packages, looked for by what they bring, so
//! that a machine which has them spends no time here.

use crate::shell::{Outcome, Program, find_program, is_root};
use std::path::Path;

/// A Debian package and the program (or file, or Python module after `python3:`) by which we see that it is
/// there.
struct Need {
    package: &'static str,
    shown_by: &'static str,
}

/// For `cargo x test`.
const TEST: &[Need] = &[
    Need { package: "postgresql", shown_by: "initdb" },
    Need { package: "chromium", shown_by: "chromium" },
    Need { package: "chromium-driver", shown_by: "chromedriver" },
    Need { package: "poppler-utils", shown_by: "pdftotext" },
    Need { package: "qpdf", shown_by: "qpdf" },
    Need { package: "zbar-tools", shown_by: "zbarimg" },
    Need { package: "curl", shown_by: "curl" },
    Need { package: "openssl", shown_by: "openssl" },
    Need { package: "ca-certificates", shown_by: "/etc/ssl/certs/ca-certificates.crt" },
    Need { package: "npm", shown_by: "npm" },
    Need { package: "xmlsec1", shown_by: "xmlsec1" },
    Need { package: "softhsm2", shown_by: "softhsm2-util" },
    Need { package: "libxml2-utils", shown_by: "xmllint" },
    Need { package: "libnss3-tools", shown_by: "certutil" },
    Need { package: "python3-venv", shown_by: "python3:ensurepip" },
];

/// For `cargo x bench`.
const BENCH: &[Need] =
    &[Need { package: "wrk", shown_by: "wrk" }, Need { package: "openssl", shown_by: "openssl" }];

/// Sees to it that the tests' programs are there.
pub fn ready_for_tests() -> Outcome {
    ensure(TEST)
}

/// Sees to it that the load generator is there, and who asks and believes OCSP answers.
pub fn ready_for_bench() -> Outcome {
    ensure(BENCH)
}

fn ensure(needs: &[Need]) -> Outcome {
    let missing = missing(needs);
    if missing.is_empty() {
        return Ok(());
    }
    let line = install_line(&missing);
    if !is_root() {
        return Err(format!("programs are missing on this machine; as root run:\n\n  {line}\n"));
    }
    println!("installing {}", missing.join(" "));
    let apt = |words: &[&str]| {
        Program::new("apt-get")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["-qq", "-o", "Acquire::Retries=3", "-o", "DPkg::Lock::Timeout=300"])
            .args(words)
            .run()
    };
    apt(&["update"])?;
    apt(&[&["install", "-y", "--no-install-recommends"], missing.as_slice()].concat())?;
    let still = self::missing(needs);
    if still.is_empty() { Ok(()) } else { Err(format!("installed, and yet not found: {}", still.join(" "))) }
}

fn missing(needs: &[Need]) -> Vec<&'static str> {
    let there = |shown_by: &str| match shown_by.strip_prefix("python3:") {
        Some(module) => Program::new("python3").args(["-c", &format!("import {module}")]).output().is_ok(),
        None if shown_by.starts_with('/') => Path::new(shown_by).exists(),
        None => find_program(shown_by).is_some(),
    };
    needs.iter().filter(|need| !there(need.shown_by)).map(|need| need.package).collect()
}

fn install_line(packages: &[&str]) -> String {
    format!("apt-get update && apt-get install -y --no-install-recommends {}", packages.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_names_its_package_and_the_exact_line() {
        let needs = [
            Need { package: "coreutils", shown_by: "sh" },
            Need { package: "dragon", shown_by: "no-such-program" },
            Need { package: "pearl", shown_by: "/no/such/file" },
        ];
        assert_eq!(missing(&needs), ["dragon", "pearl"]);
        let python = Need { package: "python3-dragon", shown_by: "python3:no_such_module" };
        assert_eq!(missing(&[python]), ["python3-dragon"]);
        let line = install_line(&missing(&needs));
        assert_eq!(line, "apt-get update && apt-get install -y --no-install-recommends dragon pearl");
    }
}
