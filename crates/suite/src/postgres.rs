//! A PostgreSQL of one test's own: with TLS, or to be stopped and started again.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::product::free_port;

/// Keeps the server until its input closes, which happens too when the test is killed; then stops it
/// by its process id. SIGINT is PostgreSQL's "fast" shutdown.
const KEEPER: &str = r#""$@" & pid=$!; cat >/dev/null; kill -INT $pid; wait $pid"#;

/// A cluster in a folder of its own, running or stopped; dropping it stops it and removes the folder.
pub struct Postgres {
    folder: tempfile::TempDir,
    keeper: Option<Child>,
    port: u16,
    settings: Vec<String>,
}

impl Postgres {
    /// Makes and starts a cluster. `prepare` may put files into its data folder first.
    pub fn start(settings: &[&str], prepare: impl FnOnce(&Path)) -> Postgres {
        let folder = tempfile::Builder::new().prefix("cuulong-postgres-").tempdir().expect("a folder");
        hand_over(folder.path());
        let data = folder.path().join("data");
        let made = as_postgres(&program("initdb"))
            .args(["--username=cuulong", "--auth=trust", "--no-sync", "--no-locale", "--encoding=UTF8", "-D"])
            .arg(&data)
            .current_dir(folder.path())
            .output()
            .expect("initdb runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        prepare(&data);
        hand_over(folder.path());
        let settings = settings.iter().map(|&setting| setting.to_string()).collect();
        let mut server = Postgres { folder, keeper: None, port: free_port(), settings };
        server.go();
        server
    }

    /// Starts it (again), on the same port.
    pub fn go(&mut self) {
        let mut command = as_postgres("sh");
        command
            .args(["-c", KEEPER, "keeper", &program("postgres"), "-D"])
            .arg(self.folder.path().join("data"));
        command.args(["-p", &self.port.to_string()]);
        let fixed =
            ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "max_connections=60"];
        for setting in fixed.into_iter().chain(self.settings.iter().map(String::as_str)) {
            command.args(["-c", setting]);
        }
        command.current_dir(self.folder.path());
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut keeper = command.spawn().expect("PostgreSQL starts");
        let mut lines = BufReader::new(keeper.stderr.take().expect("the log is a pipe")).lines();
        let mut said = String::new();
        let ready = lines.by_ref().map_while(Result::ok).any(|line| {
            said += &line;
            said.push('\n');
            line.contains("ready to accept connections")
        });
        assert!(ready, "PostgreSQL did not start:\n{said}");
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        self.keeper = Some(keeper);
    }

    /// Stops it as its administrator would ("fast": connections are cut).
    pub fn halt(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
    }

    /// The address; `query` is appended, such as `?sslmode=require`.
    pub fn url(&self, query: &str) -> String {
        format!("postgres://cuulong@localhost:{}/postgres{query}", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.halt();
    }
}

/// As root the server's files belong to the user `postgres`, because it refuses to run as root.
fn hand_over(folder: &Path) {
    if is_root() {
        let done = Command::new("chown").args(["-R", "postgres"]).arg(folder).status();
        assert!(done.is_ok_and(|status| status.success()), "chown to postgres");
    }
}

fn is_root() -> bool {
    let said = Command::new("id").arg("-u").output().expect("id runs");
    said.stdout.trim_ascii() == b"0"
}

fn as_postgres(program: &str) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--", program]);
    command
}

/// In the path, or where Debian keeps it.
fn program(name: &str) -> String {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let places: Vec<PathBuf> =
        debian.map(|version| version.path().join("bin")).chain(std::env::split_paths(&path)).collect();
    let found = places.iter().map(|place| place.join(name)).find(|file| file.is_file());
    let found =
        found.unwrap_or_else(|| panic!("{name} is missing; as root run: apt-get install -y postgresql"));
    found.to_string_lossy().into_owned()
}
