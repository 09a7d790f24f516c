//! A private PostgreSQL cluster for one run: in a temporary folder, on loopback and a free
//! port, without fsync, gone at the end however the end comes.

use crate::shell::{Outcome, Program, find_program, is_root};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

/// Keeps the server until its input closes, which happens too when we are killed; then stops
/// it by its process id. SIGINT is PostgreSQL's "fast" shutdown.
const KEEPER: &str = r#""$@" & pid=$!; cat >/dev/null; kill -INT $pid; wait $pid"#;

/// A running cluster; dropping it stops it and removes its folder.
pub struct Cluster {
    folder: PathBuf,
    keeper: Child,
    port: u16,
}

impl Cluster {
    /// Makes and starts a cluster. As root, the server runs as the user `postgres`, because it
    /// refuses to run as root.
    pub fn start() -> Outcome<Cluster> {
        Cluster::start_with(&PASSING)
    }

    /// A cluster that keeps what it acknowledges, with memory as a small server would give it: what a
    /// figure may be taken on.
    pub fn start_durable() -> Outcome<Cluster> {
        Cluster::start_with(&DURABLE)
    }

    fn start_with(settings: &[&str]) -> Outcome<Cluster> {
        let folder = std::env::temp_dir().join(format!("cuulong-postgres-{}", std::process::id()));
        std::fs::create_dir_all(&folder).map_err(|e| format!("cannot make {}: {e}", folder.display()))?;
        let port = free_port()?;
        match launch(&folder, port, settings) {
            Ok(keeper) => Ok(Cluster { folder, keeper, port }),
            Err(sentence) => {
                let _ = std::fs::remove_dir_all(&folder);
                Err(sentence)
            }
        }
    }

    /// The address the tests connect to.
    pub fn url(&self) -> String {
        format!("postgres://cuulong@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A port of loopback that nobody listens on just now.
pub fn free_port() -> Outcome<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr());
    listener.map(|a| a.port()).map_err(|e| format!("no free port on 127.0.0.1: {e}"))
}

fn launch(folder: &Path, port: u16, settings: &[&str]) -> Outcome<Child> {
    let missing = "PostgreSQL is missing; as root run: apt-get install -y postgresql";
    let initdb = find_program("initdb").ok_or(missing)?;
    let server = find_program("postgres").ok_or(missing)?;
    let data = folder.join("data");
    if is_root() {
        Program::new("chown").args(["postgres".as_ref(), folder.as_os_str()]).run()?;
    }
    as_postgres(&initdb.to_string_lossy())
        .args(["--username=cuulong", "--auth=trust", "--no-sync", "--no-locale", "--encoding=UTF8", "-D"])
        .args([&data])
        .within(folder)
        .output()?;

    let mut command = as_postgres("sh")
        .args(["-c", KEEPER, "keeper"])
        .args([&server])
        .args(["-D"])
        .args([&data])
        .args(["-p", &port.to_string()])
        .args(NEAR.iter().chain(settings).flat_map(|setting| ["-c", setting]))
        .within(folder)
        .into_command();
    let mut keeper = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("cannot start PostgreSQL: {e}"))?;
    wait_until_ready(&mut keeper)?;
    Ok(keeper)
}

/// Nothing here outlives the run, so nothing has to reach the disk; many tests connect at once.
const PASSING: [&str; 5] = [
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=300",
    "max_locks_per_transaction=256",
];

/// As PostgreSQL comes, with a gigabyte for its pages and larger steps between checkpoints.
const DURABLE: [&str; 3] = ["shared_buffers=1GB", "max_wal_size=4GB", "max_connections=100"];

/// On loopback alone, and no socket file.
const NEAR: [&str; 2] = ["listen_addresses=127.0.0.1", "unix_socket_directories="];

fn as_postgres(program: &str) -> Program {
    match is_root() {
        true => Program::new("runuser").args(["-u", "postgres", "--", program]),
        false => Program::new(program),
    }
}

/// Reads the server's log up to the line that says so, then lets a thread drink the rest.
fn wait_until_ready(keeper: &mut Child) -> Outcome {
    let log = keeper.stderr.take().expect("the log was asked for as a pipe");
    let mut lines = BufReader::new(log).lines();
    let mut said = Vec::new();
    for line in lines.by_ref().map_while(Result::ok) {
        if line.contains("database system is ready to accept connections") {
            std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
            return Ok(());
        }
        said.push(line);
        if said.last().is_some_and(|line| line.contains("FATAL")) {
            break;
        }
    }
    drop(keeper.stdin.take());
    let _ = keeper.wait();
    Err(format!("PostgreSQL did not start:\n{}", said.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpStream;

    #[test]
    fn a_cluster_answers_while_it_is_held_and_leaves_nothing() {
        let cluster = Cluster::start().expect("PostgreSQL is installed");
        let (folder, port) = (cluster.folder.clone(), cluster.port);
        let psql = find_program("psql").expect("PostgreSQL's client is installed");
        let said = Program::new(psql).args([&cluster.url(), "-Atc", "show fsync"]).output();
        assert_eq!(said.as_deref().map(str::trim), Ok("off"));
        drop(cluster);
        assert!(!folder.exists());
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    }
}
