//! The real binary with TLS of its own, judged by curl and openssl.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use suite::product::{Installation, Product, free_port, signal, words};

use crate::running::Authority;

/// An installation with a certificate for `localhost` made by an authority of the test's own.
struct Secured {
    place: Installation,
    authority: Authority,
    second: u16,
}

fn secured(folder: &Path) -> Secured {
    let authority = Authority::make(folder, "authority");
    authority.certify("localhost", folder, "server");
    let second = free_port();
    let more = format!(
        "[tls]\ncertificate = '{0}/server.crt'\nkey = '{0}/server.key'\n\
         redirect_from = '127.0.0.1:{second}'\n[proxy]\ntrusted = []",
        folder.display()
    );
    Secured { place: Installation::in_folder(folder, &more), authority, second }
}

fn curl(authority: &Authority, args: &[&str]) -> (bool, String) {
    let said = Command::new("curl")
        .args(["-sS", "-i", "--max-time", "20", "--cacert"])
        .arg(&authority.certificate)
        .args(args)
        .output()
        .expect("curl runs");
    (said.status.success(), words(&said))
}

#[tokio::test(flavor = "multi_thread")]
async fn it_serves_tls_that_clients_verify() {
    let folder = tempfile::tempdir().expect("a folder");
    let Secured { place, authority, second } = secured(folder.path());
    let checked = place.command(&["config", "check"]).output().expect("the binary runs");
    assert!(checked.status.success(), "{}", words(&checked));
    let product = place.serve().await;
    let port = place.address().port();
    let page = format!("https://localhost:{port}/dang-nhap");

    for version in [["--tlsv1.2", "--tls-max", "1.2"], ["--tlsv1.3", "--tls-max", "1.3"]] {
        let (well, said) = curl(&authority, &[&version[..], &[&page]].concat());
        assert!(well && said.starts_with("HTTP/1.1 200"), "{said}");
        assert!(said.to_lowercase().contains("strict-transport-security: max-age="), "{said}");
    }
    let body = r#"{"login":"ai","password":"gi"}"#;
    let json = ["-H", "content-type: application/json", "-d", body];
    let (well, said) =
        curl(&authority, &[&json[..], &[&format!("https://localhost:{port}/api/v1/session")]].concat());
    assert!(well && said.starts_with("HTTP/1.1 401"), "a form goes through: {said}");

    let stranger = Authority::make(folder.path(), "stranger");
    let (well, said) = curl(&stranger, &[&page]);
    assert!(!well && said.contains("certificate"), "another authority's word was taken: {said}");
    let (well, said) = curl(&authority, &["--tls-max", "1.1", &page]);
    assert!(!well, "an old version was spoken: {said}");
    let (well, said) = curl(&authority, &[&format!("http://localhost:{port}/")]);
    assert!(!well || !said.contains("200 OK"), "without TLS it answered: {said}");

    let (well, said) = curl(&authority, &[&format!("http://localhost:{second}/tra-cuu?ma=A%20B")]);
    let there = format!("location: https://127.0.0.1:{port}/tra-cuu?ma=A%20B");
    assert!(well && said.starts_with("HTTP/1.1 308") && said.contains(&there), "{said}");
    assert!(!said.to_lowercase().contains("strict-transport"), "{said}");
    assert!(product.stop(), "it ends in order");
}

/// A TLS connection held open by openssl.
struct Held {
    child: Child,
    from: BufReader<std::process::ChildStdout>,
}

impl Held {
    fn open(product: &Installation, authority: &Authority) -> Held {
        let mut child = Command::new("openssl")
            .args(["s_client", "-quiet", "-verify_return_error", "-servername", "localhost", "-connect"])
            .arg(product.address().to_string())
            .arg("-CAfile")
            .arg(&authority.certificate)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl runs");
        let from = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        Held { child, from }
    }

    /// Asks on the connection as it is; the status line.
    fn asks(&mut self) -> String {
        let to = self.child.stdin.as_mut().expect("stdin is a pipe");
        let sent =
            to.write_all(b"GET /api/v1/me HTTP/1.1\r\nhost: localhost\r\n\r\n").and_then(|()| to.flush());
        sent.expect("the connection is open");
        let (mut status, mut length) = (String::new(), 0);
        self.from.read_line(&mut status).expect("an answer comes");
        loop {
            let mut line = String::new();
            self.from.read_line(&mut line).expect("an answer comes");
            if let Some(n) = line.to_lowercase().strip_prefix("content-length:") {
                length = n.trim().parse().expect("a length is a number");
            }
            if line.trim().is_empty() {
                break;
            }
        }
        self.from.read_exact(&mut vec![0; length]).expect("the whole answer comes");
        status.trim().to_string()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The SHA-256 of the certificate that a new connection is shown.
fn shown(place: &Installation) -> String {
    let connect = format!(
        "openssl s_client -connect {} </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256",
        place.address()
    );
    let said = Command::new("sh").args(["-c", &connect]).output().expect("openssl runs");
    words(&said)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_certificate_is_taken_without_dropping_a_connection() {
    let folder = tempfile::tempdir().expect("a folder");
    let Secured { place, authority, .. } = secured(folder.path());
    let product = place.serve().await;
    let first = shown(&place);
    assert!(first.contains("Fingerprint"), "{first}");
    let mut held = Held::open(&place, &authority);
    assert!(held.asks().starts_with("HTTP/1.1 401"));

    std::fs::write(folder.path().join("server.crt"), "half a certificate").expect("written");
    signal(product.pid(), "HUP");
    assert!(held.asks().starts_with("HTTP/1.1 401"), "what cannot be used is not used");
    assert_eq!(shown(&place), first);

    authority.certify("localhost", folder.path(), "server");
    signal(product.pid(), "HUP");
    let mut tries = 0;
    while shown(&place) == first {
        tries += 1;
        assert!(tries < 200, "the new certificate is never shown");
    }
    assert!(held.asks().starts_with("HTTP/1.1 401"), "the connection made before is still there");
    drop(held);
    assert!(product.stop());
}

#[test]
fn a_pair_that_does_not_fit_is_told_before_anything_is_served() {
    let folder = tempfile::tempdir().expect("a folder");
    let Secured { place, authority, .. } = secured(folder.path());
    let other = folder.path().join("other");
    std::fs::create_dir(&other).expect("a folder");
    authority.certify("localhost", &other, "server");
    std::fs::copy(other.join("server.key"), folder.path().join("server.key")).expect("copied");
    for command in ["config check", "serve"] {
        let words_of: Vec<&str> = command.split(' ').collect();
        let said = place.command(&words_of).output().expect("the binary runs");
        let all = words(&said);
        assert!(!said.status.success() && all.contains("server.key") && all.lines().count() == 1, "{all}");
    }
}

#[test]
fn the_sample_configuration_has_nothing_wrong_in_it() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/cuulong.toml");
    let text = std::fs::read_to_string(&sample).expect("the sample is there");
    let folder = tempfile::tempdir().expect("a folder");
    let authority = Authority::make(folder.path(), "authority");
    authority.certify("dichvucong.example.vn", folder.path(), "server");
    let here = folder.path().display().to_string();
    let text = text
        .replace("/etc/cuulong/fullchain.pem", &format!("{here}/server.crt"))
        .replace("/etc/cuulong/key.pem", &format!("{here}/server.key"));
    let file = folder.path().join("cuulong.toml");
    std::fs::write(&file, text).expect("written");
    let said = Product::run(&["config", "check", "--config", &file.to_string_lossy()]);
    assert!(said.status.success(), "{}", words(&said));
}
