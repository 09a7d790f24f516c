//! The real binary as an administrator runs it: accounts from the command line, PostgreSQL in plain
//! and over TLS.

use axum::http::Method;
use directory::seed::Province;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use suite::postgres::Postgres;
use suite::product::{Installation, Product, run_with_input, signal, words};
use suite::town::people::{CITIZEN, CLERK};
use suite::town::{COMMUNE, PASSWORD};

use crate::kill::{filing, pdf, sign_in, uploads};

#[tokio::test(flavor = "multi_thread")]
async fn an_official_added_on_the_command_line_signs_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = Installation::in_folder(folder.path(), "");
    let early = run_with_input(add(&place, COMMUNE), "Mat-khau-2026");
    assert!(!early.status.success());
    assert!(words(&early).contains("there is no installation"), "{}", words(&early));

    let mut product = place.serve().await;
    let added = run_with_input(add(&place, COMMUNE), "Mat-khau-2026");
    assert!(added.status.success(), "while it is served: {}", words(&added));
    let mine = sign_in(product.somebody(), &account("quantri.moi", "Mat-khau-2026")).await;
    let me = product.somebody().with_token(&mine).gets("/api/v1/me").await.expect(200).json();
    assert_eq!(me["name"], "Trần Quản Trị", "{me}");
    assert_eq!(me["roles"][0]["role"], "unit_admin", "{me}");

    let twice = run_with_input(add(&place, COMMUNE), "Mat-khau-2026");
    assert!(!twice.status.success() && words(&twice).contains("login"), "{}", words(&twice));
    let nowhere = run_with_input(add(&place, "00000"), "Mat-khau-2026");
    assert!(!nowhere.status.success() && words(&nowhere).contains("unit"), "{}", words(&nowhere));

    let empty = run_with_input(place.command(&["user", "passwd", "quantri.moi"]), "");
    assert!(!empty.status.success() && words(&empty).contains("no password"), "{}", words(&empty));
    let unknown = run_with_input(place.command(&["user", "passwd", "ai.do"]), "Mat-khau-2027");
    assert!(!unknown.status.success() && words(&unknown).contains("no such account"), "{}", words(&unknown));
    let changed = run_with_input(place.command(&["user", "passwd", "quantri.moi"]), "Mat-khau-2027");
    assert!(changed.status.success(), "{}", words(&changed));
    product.somebody().with_token(&mine).gets("/api/v1/me").await.expect(401);
    let old = json!({ "login": "quantri.moi", "password": "Mat-khau-2026" });
    product.somebody().calls(Method::POST, "/api/v1/session", Some(&old)).await.expect(401);
    sign_in(product.somebody(), &account("quantri.moi", "Mat-khau-2027")).await;
    product.kill();
}

fn add(place: &Installation, unit: &str) -> Command {
    place.command(&[
        "user",
        "add",
        "quantri.moi",
        "--name",
        "Trần Quản Trị",
        "--unit",
        unit,
        "--role",
        "unit_admin",
        "--title",
        "Quản trị",
    ])
}

pub fn account(login: &str, password: &str) -> Value {
    json!({ "login": login, "password": password })
}

/// A citizen signs in over the API and files one dossier with one file of this name; its code.
pub async fn files_once(product: &Product, name: &str) -> String {
    let token = sign_in(product.somebody(), &account(CITIZEN, PASSWORD)).await;
    let mut citizen = product.somebody().with_token(&token);
    let upload = uploads(&mut citizen, &pdf(name)).await.expect("the server lives");
    let said = citizen.calls(Method::POST, "/api/v1/dossiers", Some(&filing(&unit(), &upload))).await;
    said.expect(201).json()["code"].as_str().expect("a dossier has a code").to_string()
}

/// The code of the unit whose counter the stories' clerk keeps.
pub fn unit() -> String {
    let accounts = Province::named("vinh-long").expect("it ships with the program").demo_accounts();
    let clerk = accounts.into_iter().find(|a| a.login == CLERK).expect("the demo has a clerk");
    clerk.unit_code.expect("a clerk has a unit")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_is_served_from_postgresql() {
    let folder = tempfile::tempdir().expect("a folder");
    let schema = db::testing::Schema::create().await;
    let more = format!("demo = true\n[database]\nurl = '{}'", schema.url);
    let place = Installation::in_folder(folder.path(), &more);
    let product = place.serve().await;
    let health = product.somebody().gets("/healthz").await.expect(200).json();
    assert_eq!(health["database"], true);
    let code = files_once(&product, "giay-to").await;
    signal(product.pid(), "HUP");
    product.somebody().gets("/healthz").await.expect(200);
    assert!(product.stop(), "it ends in order when asked to, and not when asked to read again");

    let product = place.serve().await;
    let seen = product.somebody().gets(&format!("/api/v1/dossiers/{code}")).await.expect(200).json();
    assert_eq!(seen["code"], code.as_str());
    drop(product);
    schema.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_over_tls_is_verified() {
    let folder = tempfile::tempdir().expect("a folder");
    let (ours, theirs) = (Authority::make(folder.path(), "ours"), Authority::make(folder.path(), "theirs"));
    let server = Postgres::start(&["ssl=on"], |data| ours.certify("localhost", data, "server"));
    let more = format!(
        "[database]\nurl = '{}'\n[blobs]\nurl = '{}'",
        server.url("?sslmode=require"),
        folder.path().join("blobs").display()
    );
    let place = Installation::in_folder(folder.path(), &more);

    let refused = place.command(&["migrate"]).env("SSL_CERT_FILE", &theirs.certificate).output();
    let refused = refused.expect("the binary runs");
    assert!(!refused.status.success(), "a stranger's server was believed");
    assert!(words(&refused).contains("cannot open the database"), "{}", words(&refused));
    assert!(words(&refused).contains("certificate"), "{}", words(&refused));

    let trusting = |command: &mut Command| {
        command.env("SSL_CERT_FILE", &ours.certificate);
    };
    let product = place.serve_with(trusting).await;
    let health = product.somebody().gets("/healthz").await.expect(200).json();
    assert_eq!(health["database"], true);
}

/// A maker of certificates, for one test.
pub struct Authority {
    pub certificate: std::path::PathBuf,
    key: std::path::PathBuf,
}

impl Authority {
    /// Makes a key and a certificate that signs others.
    pub fn make(folder: &Path, name: &str) -> Authority {
        let certificate = folder.join(format!("{name}.pem"));
        let key = folder.join(format!("{name}.key"));
        openssl(
            Command::new("openssl")
                .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"])
                .args(["-days", "30", "-subj", &format!("/CN=Test CA {name}")])
                .args(["-addext", "keyUsage=critical,keyCertSign", "-keyout"])
                .arg(&key)
                .arg("-out")
                .arg(&certificate),
        );
        Authority { certificate, key }
    }

    /// Puts `NAME.key` and `NAME.crt` into `folder`: a server's, for this host and 127.0.0.1.
    pub fn certify(&self, host: &str, folder: &Path, name: &str) {
        let (key, certificate) = (folder.join(format!("{name}.key")), folder.join(format!("{name}.crt")));
        openssl(
            Command::new("openssl")
                .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"])
                .args(["-days", "30", "-subj", &format!("/CN={host}"), "-addext"])
                .arg(format!("subjectAltName=DNS:{host},IP:127.0.0.1"))
                .args(["-addext", "basicConstraints=critical,CA:FALSE"])
                .arg("-CA")
                .arg(&self.certificate)
                .arg("-CAkey")
                .arg(&self.key)
                .arg("-keyout")
                .arg(&key)
                .arg("-out")
                .arg(&certificate),
        );
        use std::os::unix::fs::PermissionsExt;
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(key, private).expect("the key is ours");
    }
}

fn openssl(command: &mut Command) {
    let said = command.output().expect("openssl runs");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
}
