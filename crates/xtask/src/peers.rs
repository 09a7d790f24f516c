//! Peers from npm (axe-core), by a committed lock file, into a folder git ignores.

use crate::shell::{Outcome, Program, find_program, root};
use std::fs;

/// Installs the peers unless the folder already holds what the lock file says.
pub fn ready() -> Outcome {
    let folder = root().join("crates/suite/peers");
    let lock = folder.join("package-lock.json");
    let stamp = folder.join("node_modules/.installed-lock.json");
    let wanted = fs::read(&lock).map_err(|e| format!("cannot read {}: {e}", lock.display()))?;
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let npm = find_program("npm").ok_or("npm is missing; as root run: apt-get install -y npm")?;
    println!("installing the peers of the browser tests");
    Program::new(npm).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).within(&folder).run()?;
    fs::write(&stamp, wanted).map_err(|e| format!("cannot write {}: {e}", stamp.display()))
}
