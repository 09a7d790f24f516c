//! The same jobs done by programs that are not ours, on what the examples left in the folder: OpenSSL's OCSP
//! responder, pyHanko and xmlsec1, where they are installed.

use super::http::Line;
use super::trust::read;
use super::{CONNECTIONS, Figure, Plan};
use crate::postgres::free_port;
use crate::shell::{Outcome, Program, find_program, root};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How often xmlsec1 judges the document.
const REPEATED: u32 = 500;

pub(super) fn measure(plan: &Plan, folder: &Path) -> Outcome<Vec<Figure>> {
    let mut figures = vec![openssl_responder(plan, folder)?];
    if find_program("xmlsec1").is_some() {
        figures.push(xmlsec1(folder)?);
    }
    let python = root().join("crates/suite/peers/venv/bin/python");
    if python.exists() {
        let script = root().join("crates/suite/examples/peer_speed.py");
        figures.extend(read(&Program::new(python).args([script.as_path(), folder]).output()?));
    }
    Ok(figures)
}

/// xmlsec1 on the document signed with RSA: bare elliptic keys it does not know.
fn xmlsec1(folder: &Path) -> Outcome<Figure> {
    let repeat = REPEATED.to_string();
    let begin = Instant::now();
    Program::new("xmlsec1")
        .args(["--verify", "--repeat", &repeat, "RSA-2048.xml"])
        .within(folder)
        .output()?;
    let each = begin.elapsed().as_secs_f64() * 1e3 / f64::from(REPEATED);
    Ok(peer(
        "xmlsec1: 10 KB of XML with a signature of RSA-2048 judged",
        format!("{each:.3} ms"),
        "500 times",
    ))
}

fn peer(what: &str, product: String, load: &str) -> Figure {
    Figure { what: what.into(), product, raw: "-".into(), ratio: None, load: load.into() }
}

/// A responder in a process of its own.
struct Responder(Child);

impl Drop for Responder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// OpenSSL's responder over one authority of its own; it answers one caller at a time and signs each time.
fn openssl_responder(plan: &Plan, folder: &Path) -> Outcome<Figure> {
    let openssl =
        |words: &str| Program::new("openssl").args(words.split_whitespace()).within(folder).output();
    openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=peer \
         -keyout peer.key -out peer.pem",
    )?;
    openssl("ocsp -issuer peer.pem -serial 100 -reqout peer.ocsp")?;
    let index = "V\t360601000000Z\t\t64\tunknown\t/CN=one\n";
    std::fs::write(folder.join("peer.index"), index).map_err(|e| e.to_string())?;
    let port = free_port()?;
    let words = format!("ocsp -index peer.index -CA peer.pem -rsigner peer.pem -rkey peer.key -port {port}");
    let child = Command::new("openssl")
        .args(words.split_whitespace())
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let _responder = Responder(child.map_err(|e| format!("cannot start OpenSSL's responder: {e}"))?);
    let begin = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        if begin.elapsed() > Duration::from_secs(10) {
            return Err("OpenSSL's responder does not listen".into());
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
    // It answers one caller after the other, each on a connection of its own.
    let asked = std::fs::read(folder.join("peer.ocsp")).map_err(|e| e.to_string())?;
    let kind = [("content-type", "application/ocsp-request")];
    let asked = asked.as_slice();
    let times = plan.load().runs(|_| Ok(move || Line::open(port)?.post("/", &kind, asked)?.good()))?;
    let load = format!("{CONNECTIONS} callers, a connection each time, n = {}", times.count());
    Ok(peer("openssl ocsp: answers P-256 signed anew, POST", format!("{:.0}/s", times.rate()), &load))
}
