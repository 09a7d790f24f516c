//! The real binary, started, spoken to and killed.

use crate::person::Person;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// How long the demo may take to answer, its first loading of a province included.
const PATIENCE: Duration = Duration::from_secs(180);

/// A running `cuulong`; dropping it kills it.
pub struct Product {
    child: Child,
    address: SocketAddr,
    is_secure: bool,
}

impl Drop for Product {
    fn drop(&mut self) {
        self.kill();
    }
}

/// An installation with a configuration file of its own, on a free port.
pub struct Installation {
    /// The configuration file.
    pub config: PathBuf,
    /// The data folder.
    pub data: PathBuf,
    address: SocketAddr,
}

impl Installation {
    /// Writes the file into `folder`. `more` are further lines: top-level keys first, then tables.
    pub fn in_folder(folder: &Path, more: &str) -> Installation {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let (config, data) = (folder.join("cuulong.toml"), folder.join("data"));
        let scheme = if more.contains("[tls]") { "https" } else { "http" };
        let text = format!(
            "data = '{}'\nlisten = '{address}'\naddress = '{scheme}://{address}'\n{more}\n",
            data.display()
        );
        std::fs::write(&config, text).expect("the configuration is written");
        Installation { config, data, address }
    }

    /// Where it listens when it is served.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A subcommand of the binary with this configuration, ready to be run.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(words).arg("--config").arg(&self.config).stdin(Stdio::null());
        command
    }

    /// Serves it, and waits until it answers.
    pub async fn serve(&self) -> Product {
        self.serve_with(|_| {}).await
    }

    /// As `serve`, where a file that cannot grow is an error and not the end of the process: so that
    /// [`Product::file_size_max`] can play a full disk.
    pub async fn serve_on_a_small_disk(&self) -> Product {
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]).arg(binary());
        command.args(["serve", "--config"]).arg(&self.config);
        Product::start(command, self.address, false).await
    }

    /// As `serve`, with something said to the process before it starts.
    pub async fn serve_with(&self, say: impl FnOnce(&mut Command)) -> Product {
        let mut command = self.command(&["serve"]);
        say(&mut command);
        let text = std::fs::read_to_string(&self.config).expect("the configuration is there");
        Product::start(command, self.address, text.contains("[tls]")).await
    }
}

impl Product {
    /// Starts the demo on a data folder and a free port, and waits until it answers.
    pub async fn start_demo(data: &Path) -> Product {
        Product::start_demo_on(data, "").await
    }

    /// As `start_demo`, on another database than the folder's own.
    pub async fn start_demo_on(data: &Path, database: &str) -> Product {
        let port = free_port();
        let mut command = Command::new(binary());
        let port_text = port.to_string();
        command
            .args(["demo", "--no-national", "--port", &port_text, "--database", database, "--data"])
            .arg(data);
        Product::start(command, SocketAddr::from(([127, 0, 0, 1], port)), false).await
    }

    async fn start(mut command: Command, address: SocketAddr, is_secure: bool) -> Product {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let said = drink(child.stdout.take().expect("stdout is a pipe"));
        let complained = drink(child.stderr.take().expect("stderr is a pipe"));
        let mut product = Product { child, address, is_secure };
        if tokio::time::timeout(PATIENCE, product.answers()).await != Ok(true) {
            product.kill();
            let said = [said, complained].map(|thread| thread.join().unwrap_or_default());
            panic!("the server did not come up:\n{}", said.join("\n"));
        }
        product
    }

    /// Waits until the server is healthy; false when the process has ended instead.
    async fn answers(&mut self) -> bool {
        let mut somebody = self.somebody();
        let mut pulse = tokio::time::interval(Duration::from_millis(20));
        loop {
            pulse.tick().await;
            if !matches!(self.child.try_wait(), Ok(None)) {
                return false;
            }
            if self.is_secure {
                let url = format!("https://{}/healthz", self.address);
                let health = Command::new("curl").args(["-sfk", &url]).output().expect("curl runs");
                if health.status.success() {
                    return true;
                }
                continue;
            }
            let health = somebody.tries(hyper::Method::GET, "/healthz", None, Default::default()).await;
            if health.is_ok_and(|health| health.status == 200) {
                return true;
            }
        }
    }

    /// A stranger before this server.
    pub fn somebody(&self) -> Person {
        Person::over_the_wire(self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Runs a subcommand that needs no installation, to its end.
    pub fn run(words: &[&str]) -> Output {
        Command::new(binary()).args(words).stdin(Stdio::null()).output().expect("the binary runs")
    }

    /// The id of the process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// From now on no file of the process grows beyond this; `None` lifts the limit.
    pub fn file_size_max(&self, bytes: Option<u64>) {
        let soft = bytes.map_or("unlimited".to_string(), |bytes| bytes.to_string());
        let pid = self.pid().to_string();
        let done =
            Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={soft}:unlimited")]).status();
        assert!(done.is_ok_and(|status| status.success()), "prlimit");
    }

    /// Asks it to end in order (SIGTERM) and waits until it has; whether it ended well.
    pub fn stop(mut self) -> bool {
        signal(self.pid(), "TERM");
        self.child.wait().is_ok_and(|status| status.success())
    }

    /// Ends it as a power cut would: SIGKILL, no goodbye.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a process of ours.
pub fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &pid.to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()), "SIG{name} could not be sent to {pid}");
}

/// Runs a command to its end with a line on its standard input.
pub fn run_with_input(mut command: Command, input: &str) -> Output {
    use std::io::Write;
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = child.stdin.take().expect("stdin is a pipe");
    // A command that refuses before it reads closes the pipe, and that is its right.
    let _ = writeln!(stdin, "{input}");
    drop(stdin);
    child.wait_with_output().expect("the binary ends")
}

/// Everything a command said, for the panic that shows it.
pub fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Runs a subcommand of the binary to its end.
pub fn command(words: &[&str], data: &Path) -> Output {
    Command::new(binary())
        .args(words)
        .arg("--data")
        .arg(data)
        .stdin(Stdio::null())
        .output()
        .expect("the binary runs")
}

/// The binary that `cargo x test` has built and named; without it, where cargo puts it beside
/// the test.
pub fn binary() -> PathBuf {
    let named = std::env::var_os("CUULONG_BIN").map(PathBuf::from);
    let file = named.unwrap_or_else(|| {
        let test = std::env::current_exe().expect("a test knows its own file");
        let folder = test.ancestors().nth(2).expect("tests lie in target/PROFILE/deps");
        folder.join("cuulong")
    });
    assert!(file.is_file(), "{} is not built; `cargo x test` builds it", file.display());
    file
}

/// A port of loopback that nobody listens on just now.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    listener.expect("loopback has a free port").port()
}

/// Reads a pipe to its end, so that the program never waits for a reader.
fn drink(pipe: impl std::io::Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let lines = BufReader::new(pipe).lines().map_while(Result::ok);
        lines.fold(String::new(), |all, line| all + &line + "\n")
    })
}
