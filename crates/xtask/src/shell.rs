//! Running programs, telling time and finding the repository.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// What a step gives back: nothing, or one sentence for a person.
pub type Outcome<T = ()> = Result<T, String>;

/// The top folder of the repository.
pub fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.ancestors().nth(2).expect("xtask lies two folders below the top").to_path_buf()
}

/// A program about to run, with its words kept for the sentence that tells of its failure.
pub struct Program {
    command: Command,
    words: String,
}

/// `cargo WORDS…`, from the top of the repository.
pub fn cargo(words: &[&str]) -> Program {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut program = Program::new(cargo).args(words);
    program.words = format!("cargo {}", words.join(" "));
    program.within(&root())
}

impl Program {
    pub fn new(name: impl AsRef<OsStr>) -> Program {
        let words = Path::new(&name).file_name().unwrap_or(name.as_ref()).to_string_lossy().into_owned();
        let mut command = Command::new(name);
        // What cargo told xtask about xtask must not reach what xtask starts.
        command.env_remove("CARGO_MANIFEST_DIR").stdin(Stdio::null());
        Program { command, words }
    }

    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Program {
        for arg in args {
            self.words.push(' ');
            self.words.push_str(&arg.as_ref().to_string_lossy());
            self.command.arg(arg);
        }
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Program {
        self.command.env(name, value);
        self
    }

    pub fn within(mut self, folder: &Path) -> Program {
        self.command.current_dir(folder);
        self
    }

    /// Runs to the end with its output shown.
    pub fn run(mut self) -> Outcome {
        let status = self.command.status().map_err(|e| format!("cannot run `{}`: {e}", self.words))?;
        if status.success() { Ok(()) } else { Err(format!("`{}` failed ({status})", self.words)) }
    }

    /// Runs to the end and gives what it printed; its complaints become the sentence.
    pub fn output(mut self) -> Outcome<String> {
        let out = self.command.output().map_err(|e| format!("cannot run `{}`: {e}", self.words))?;
        if !out.status.success() {
            let said = String::from_utf8_lossy(&out.stderr);
            return Err(format!("`{}` failed ({}): {}", self.words, out.status, said.trim()));
        }
        Ok(String::from_utf8_lossy(&out.stdout).into_owned())
    }

    /// Runs to the end and gives all it said, answers and complaints.
    pub fn all(mut self) -> Outcome<String> {
        let out = self.command.output().map_err(|e| format!("cannot run `{}`: {e}", self.words))?;
        Ok(String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned())
    }

    /// The command itself, for those who read its output while it runs.
    pub fn into_command(self) -> Command {
        self.command
    }
}

/// Runs a step and says how long it took, whether or not it went well.
pub fn timed<T>(name: &str, step: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    let start = Instant::now();
    let outcome = step();
    println!("{name}: {}", seconds(start));
    outcome
}

/// "3 min 07 s" or "4.2 s" since `start`.
pub fn seconds(start: Instant) -> String {
    let spent = start.elapsed().as_secs_f64();
    if spent < 60.0 {
        return format!("{spent:.1} s");
    }
    format!("{} min {:02} s", spent as u64 / 60, spent as u64 % 60)
}

/// Where a program lies, looking through PATH and the places Debian keeps out of it.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(["/usr/sbin", "/sbin", "/usr/bin"].map(PathBuf::from));
    folders.extend(postgres_folders());
    folders.into_iter().map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Debian keeps each PostgreSQL version's servers in a folder of their own; newest first.
fn postgres_folders() -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir("/usr/lib/postgresql") else { return Vec::new() };
    let mut versions: Vec<(u32, PathBuf)> = entries
        .flatten()
        .filter_map(|e| Some((e.file_name().to_str()?.parse().ok()?, e.path().join("bin"))))
        .collect();
    versions.sort_by(|a, b| b.cmp(a));
    versions.into_iter().map(|(_, folder)| folder).collect()
}

/// Whether this process may install packages.
pub fn is_root() -> bool {
    Program::new("id").args(["-u"]).output().is_ok_and(|said| said.trim() == "0")
}

/// Every file of ours below `folder` (relative to the top, `/` between parts), sorted.
pub fn files(root: &Path, folder: &str) -> Vec<String> {
    const NOT_OURS: [&str; 7] = ["target", "node_modules", "venv", ".git", "demo-data", ".cache", ".library"];
    let mut found = Vec::new();
    let mut open = vec![root.join(folder)];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if NOT_OURS.contains(&name.as_str()) {
                continue; // in a second work tree `.git` is a file
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                open.push(entry.path());
            } else {
                let path = entry.path();
                let below = path.strip_prefix(root).expect("the walk began at the top");
                found.push(below.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found.sort();
    found
}
