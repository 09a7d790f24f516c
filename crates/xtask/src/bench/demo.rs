//! The processes that are measured: the product, and the raw server beside it.

use crate::postgres::free_port;
use crate::shell::{Outcome, Program};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running demo.
pub struct Demo {
    child: Child,
    pub port: u16,
}

impl Demo {
    /// Starts the demo on this folder and waits for the first healthy answer.
    pub fn start(binary: &Path, data: &Path) -> Outcome<Demo> {
        Demo::start_on(binary, data, "")
    }

    /// The same on another database than the folder's own, if one is named.
    pub fn start_on(binary: &Path, data: &Path, database: &str) -> Outcome<Demo> {
        let port = free_port()?;
        let mut command = Command::new(binary);
        command.args(["demo", "--no-national", "--port", &port.to_string(), "--data"]).arg(data);
        command.args(["--database", database].iter().filter(|_| !database.is_empty()));
        let child = spawn(command)?;
        let mut demo = Demo { child, port };
        let begin = Instant::now();
        while !demo.is_healthy() {
            if !matches!(demo.child.try_wait(), Ok(None)) {
                return Err("the demo ended before it answered".into());
            }
            if begin.elapsed() > Duration::from_secs(300) {
                return Err("the demo did not answer within 300 s".into());
            }
            std::thread::park_timeout(Duration::from_millis(2));
        }
        Ok(demo)
    }

    fn is_healthy(&self) -> bool {
        let healthy = super::http::Line::open(self.port).and_then(|mut line| line.get("/healthz"));
        healthy.is_ok_and(|answer| answer.status == 200)
    }

    /// A line of the process's own account of its memory, in kB.
    pub fn resident_kb(&self, line: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let found = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
        found.and_then(|text| text.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    }

    /// Lets the process's highest memory be measured from now on; what it holds now, in kB.
    pub fn forget_peak(&self) -> u64 {
        let _ = std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5");
        self.resident_kb("VmRSS")
    }

    /// Asks it to end, and waits.
    pub fn stop(mut self) -> Outcome {
        Program::new("kill").args(["-TERM", &self.child.id().to_string()]).run()?;
        self.child.wait().map(drop).map_err(|e| format!("cannot wait for the demo: {e}"))
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server in a process of its own that answers every request with the same bytes.
pub struct RawServer {
    child: Child,
    pub port: u16,
}

impl RawServer {
    pub fn start(binary: &Path, answer: &Path) -> Outcome<RawServer> {
        let mut command = Command::new(binary);
        command.args(["bench", "raw", "http"]).arg(answer).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|e| format!("cannot start {}: {e}", binary.display()))?;
        let stdout = child.stdout.take().expect("the output was asked for as a pipe");
        let mut line = String::new();
        let _ = BufReader::new(stdout).read_line(&mut line);
        match line.trim().parse() {
            Ok(port) => Ok(RawServer { child, port }),
            Err(_) => Err(format!("the raw server did not tell its port: {line:?}")),
        }
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts with its output drunk by threads, so that it never waits for a reader.
fn spawn(mut command: Command) -> Outcome<Child> {
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut child = command.spawn().map_err(|e| format!("cannot start {command:?}: {e}"))?;
    let mut stdout = child.stdout.take().expect("the output was asked for as a pipe");
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while stdout.read(&mut buffer).is_ok_and(|read| read > 0) {}
    });
    Ok(child)
}

/// What the figures were taken on.
pub fn machine() -> String {
    let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).map(str::to_string);
        line.and_then(|line| Some(line.split_once(':')?.1.trim().to_string())).unwrap_or_default()
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory_kb: u64 =
        field(&read("/proc/meminfo"), "MemTotal").split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0);
    let load = read("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or_default();
    format!(
        "{cores} cores ({}), {:.0} GiB, load {load} at the end; the load generator runs on the same cores",
        field(&cpu, "model name"),
        memory_kb as f64 / 1024.0 / 1024.0
    )
}
