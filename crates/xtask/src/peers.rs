//! Peers of the tests, by committed lists of versions, into folders git ignores: from npm (axe-core) and from
//! PyPI (judges of signatures, a server of S3).

use crate::shell::{Outcome, Program, find_program, root};
use std::fs;
use std::path::Path;

/// Installs the peers unless their folders already hold what the lists say.
pub fn ready() -> Outcome {
    let folder = root().join("crates/suite/peers");
    from_npm(&folder)?;
    from_pypi(&folder)
}

fn from_npm(folder: &Path) -> Outcome {
    let npm = || find_program("npm").ok_or("npm is missing; as root run: apt-get install -y npm");
    install(&folder.join("package-lock.json"), &folder.join("node_modules/.installed-lock.json"), || {
        println!("installing the peers of the browser tests");
        Program::new(npm()?).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).within(folder).run()
    })
}

fn from_pypi(folder: &Path) -> Outcome {
    let python =
        || find_program("python3").ok_or("python3 is missing; as root run: apt-get install -y python3-venv");
    let list = folder.join("requirements.txt");
    install(&list, &folder.join("venv/.installed.txt"), || {
        println!("installing the judges of signatures and the server of S3");
        Program::new(python()?).args(["-m", "venv", "--clear", "venv"]).within(folder).run()?;
        let words = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r"];
        Program::new(folder.join("venv/bin/python")).args(words).args([&list]).within(folder).run()
    })
}

/// Runs `install` unless the stamp says that this very list was installed, and then stamps it.
fn install(list: &Path, stamp: &Path, install: impl FnOnce() -> Outcome) -> Outcome {
    let wanted = fs::read(list).map_err(|e| format!("cannot read {}: {e}", list.display()))?;
    if fs::read(stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    install()?;
    fs::write(stamp, wanted).map_err(|e| format!("cannot write {}: {e}", stamp.display()))
}
