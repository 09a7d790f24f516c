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
}

impl Drop for Product {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Product {
    /// Starts the demo on a data folder and a free port, and waits until it answers.
    pub async fn start_demo(data: &Path) -> Product {
        let port = free_port();
        let mut child = Command::new(binary())
            .args(["demo", "--port", &port.to_string(), "--data"])
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let said = drink(child.stdout.take().expect("stdout is a pipe"));
        let complained = drink(child.stderr.take().expect("stderr is a pipe"));
        let mut product = Product { child, address: SocketAddr::from(([127, 0, 0, 1], port)) };
        if tokio::time::timeout(PATIENCE, product.answers()).await != Ok(true) {
            product.kill();
            let said = [said, complained].map(|thread| thread.join().unwrap_or_default());
            panic!("the demo did not come up:\n{}", said.join("\n"));
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

    /// Ends it as a power cut would: SIGKILL, no goodbye.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
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
fn binary() -> PathBuf {
    let named = std::env::var_os("CUULONG_BIN").map(PathBuf::from);
    let file = named.unwrap_or_else(|| {
        let test = std::env::current_exe().expect("a test knows its own file");
        let folder = test.ancestors().nth(2).expect("tests lie in target/PROFILE/deps");
        folder.join("cuulong")
    });
    assert!(file.is_file(), "{} is not built; `cargo x test` builds it", file.display());
    file
}

fn free_port() -> u16 {
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
