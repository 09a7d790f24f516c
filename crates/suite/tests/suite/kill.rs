//! The real binary under SIGKILL: what was acknowledged is there afterwards.

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::Bytes;
use axum::http::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use suite::person::{Person, Upload};
use suite::product::{Product, binary, words};
use tokio::sync::mpsc;

/// How often the machine "loses power".
const KILLS: usize = 20;
/// How many citizens' devices file at once.
const FILERS: usize = 4;

/// A filing sent with its idempotency key; the answer may never have come.
#[derive(Clone, Debug)]
struct Sent {
    key: String,
    body: Value,
    sha256: String,
}

/// A filing that was answered with 201.
#[derive(Clone, Debug)]
struct Acknowledged {
    code: String,
    sha256: String,
}

/// What the filers know after the kills.
#[derive(Default)]
struct Ledger {
    acknowledged: Vec<Acknowledged>,
    in_doubt: Vec<Sent>,
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_twenty_kills_on_sqlite() {
    let folder = tempfile::tempdir().expect("a folder for the data");
    survives(&folder.path().join("data"), "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_twenty_kills_on_postgresql() {
    let folder = tempfile::tempdir().expect("a folder for the data");
    let schema = db::testing::Schema::create().await;
    survives(&folder.path().join("data"), &schema.url).await;
    schema.remove().await;
}

/// The story: kills under load, then everything acknowledged is looked for. `database` is empty for
/// the data folder's own.
async fn survives(data: &Path, database: &str) {
    let mut product = Product::start_demo_on(data, database).await;
    let accounts = accounts(data);
    let citizen = sign_in(product.somebody(), with_role(&accounts, "citizen")).await;
    let unit =
        with_role(&accounts, "counter_clerk")["unit_code"].as_str().expect("a clerk has a unit").to_string();

    let ledger = Arc::new(Mutex::new(Ledger::default()));
    for kill in 0..KILLS {
        let (heard, mut answers) = mpsc::unbounded_channel();
        let filers: Vec<_> = (0..FILERS)
            .map(|filer| {
                let who = product.somebody().with_token(&citizen);
                let name = format!("{kill}-{filer}");
                tokio::spawn(files_until_death(who, name, unit.clone(), ledger.clone(), heard.clone()))
            })
            .collect();
        drop(heard);
        // Never at the same point of a filing twice: after some answers, while others are on the way.
        for _ in 0..3 + kill % 5 {
            answers.recv().await.expect("a filing is answered while the server lives");
        }
        product.kill();
        for filer in filers {
            filer.await.expect("a filer ends with the server");
        }
        product = Product::start_demo_on(data, database).await;
    }

    let mut ledger = std::mem::take(&mut *ledger.lock().expect("no filer panicked"));
    let mut owner = product.somebody().with_token(&citizen);
    settle_doubts(&mut owner, &mut ledger).await;
    for filed in &ledger.acknowledged {
        is_whole(&mut owner, filed).await;
    }
    numbers_have_no_gaps(&ledger.acknowledged);

    product.kill();
    let config = data.with_extension("toml");
    let text = format!(
        "data = '{}'\n[database]\nurl = '{database}'\n[blobs]\nurl = '{}'\n",
        data.display(),
        data.join("blobs").display()
    );
    std::fs::write(&config, text).expect("the configuration is written");
    let said = Command::new(binary()).args(["audit", "verify", "--config"]).arg(&config).output();
    let said = said.expect("the binary runs");
    assert!(said.status.success(), "the audit book is broken: {}", words(&said));
}

/// Files one dossier after another until the server is gone.
async fn files_until_death(
    mut who: Person,
    name: String,
    unit: String,
    ledger: Arc<Mutex<Ledger>>,
    heard: mpsc::UnboundedSender<()>,
) {
    for turn in 0.. {
        let file = pdf(&format!("{name}-{turn}"));
        let Some(upload) = uploads(&mut who, &file).await else { return };
        let sent =
            Sent { key: format!("kill-{name}-{turn}"), body: filing(&unit, &upload), sha256: sha256(&file) };
        match sends(&mut who, &sent).await {
            Some(code) => {
                let done = Acknowledged { code, sha256: sent.sha256 };
                ledger.lock().expect("no filer panics").acknowledged.push(done);
                let _ = heard.send(());
            }
            None => return ledger.lock().expect("no filer panics").in_doubt.push(sent),
        }
    }
}

/// The upload's id, or nothing when the server is gone.
pub async fn uploads(who: &mut Person, file: &[u8]) -> Option<String> {
    let file =
        Upload { field: "file", file_name: "giay-to.pdf", content_type: "application/pdf", bytes: file };
    let answer = who.tries_upload("/api/v1/uploads", file).await.ok()?;
    let said = answer.expect(201).json();
    assert_eq!(said["sha256"], sha256(file.bytes).as_str(), "the server hashed other bytes");
    Some(said["id"].as_str().expect("an upload has an id").to_string())
}

/// The code of the dossier, or nothing when no answer came.
async fn sends(who: &mut Person, sent: &Sent) -> Option<String> {
    let body = Bytes::from(sent.body.to_string());
    who.says("idempotency-key", &sent.key);
    let answer = who.tries(Method::POST, "/api/v1/dossiers", Some("application/json"), body).await.ok()?;
    Some(answer.expect(201).json()["code"].as_str().expect("a dossier has a code").to_string())
}

/// A filing whose answer was lost is sent again with its key: it makes the dossier it has made
/// already, or makes it now, but never a second one.
async fn settle_doubts(owner: &mut Person, ledger: &mut Ledger) {
    for sent in std::mem::take(&mut ledger.in_doubt) {
        let code = sends(owner, &sent).await.expect("the server lives");
        let again = sends(owner, &sent).await.expect("the server lives");
        assert_eq!(code, again, "one key made two dossiers");
        ledger.acknowledged.push(Acknowledged { code, sha256: sent.sha256 });
    }
}

/// The owner sees the dossier, its first line of history, and its file byte for byte.
async fn is_whole(owner: &mut Person, filed: &Acknowledged) {
    let code = &filed.code;
    let dossier = owner.gets(&format!("/api/v1/dossiers/{code}")).await.expect(200).json();
    assert_eq!(dossier["code"], code.as_str());
    let files = dossier["files"].as_array().expect("the owner sees the files");
    assert_eq!(files.len(), 1, "{code} has other files: {files:?}");
    let url = files[0]["url"].as_str().expect("a file has an address");
    let bytes = owner.gets(url).await.expect(200).body;
    assert_eq!(sha256(&bytes), filed.sha256, "{code} holds other bytes than were sent");
    let history = owner.gets(&format!("/api/v1/dossiers/{code}/history")).await.expect(200).json();
    assert_eq!(history["items"][0]["to"], 1, "{code} has no filing in its history");
}

/// Codes are unique, and their serials run without a gap within a counter and day.
fn numbers_have_no_gaps(filed: &[Acknowledged]) {
    let codes: BTreeSet<&str> = filed.iter().map(|filed| filed.code.as_str()).collect();
    assert_eq!(codes.len(), filed.len(), "a code was given twice");
    let mut series: std::collections::BTreeMap<&str, BTreeSet<u64>> = Default::default();
    for code in codes {
        let (prefix, serial) = code.rsplit_once('-').expect("a code ends with its serial");
        series.entry(prefix).or_default().insert(serial.parse().expect("a serial is a number"));
    }
    for (prefix, serials) in series {
        let (first, last) = (serials.first(), serials.last());
        let span = last.zip(first).map_or(0, |(last, first)| last - first + 1);
        assert_eq!(span, serials.len() as u64, "{prefix} has gaps: {serials:?}");
    }
}

pub fn filing(unit: &str, upload: &str) -> Value {
    json!({
        "procedure": "2.000815",
        "unit": unit,
        "answers": {
            "requester_name": "Nguyễn Văn An",
            "requester_personal_number": "086085001234",
            "requester_phone": "0912345678",
            "document_name": "Bằng tốt nghiệp đại học",
            "pages": 2,
            "copies": 3,
            "copy_kind": "paper",
            "pledge": true,
        },
        "uploads": [{ "component": "original", "upload": upload }],
    })
}

/// A small file that is taken for a PDF, different for each name.
pub fn pdf(name: &str) -> Vec<u8> {
    let mut file = format!("%PDF-1.7\n% {name}\n").into_bytes();
    file.resize(20_000, b' ');
    file.extend_from_slice(b"\n%%EOF\n");
    file
}

pub fn sha256(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn accounts(data: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(data.join("demo-accounts.json")).expect("the demo names accounts");
    serde_json::from_str(&text).expect("the accounts are JSON")
}

pub fn with_role<'a>(accounts: &'a [Value], role: &str) -> &'a Value {
    let has = |account: &&Value| account["roles"].as_array().is_some_and(|all| all.contains(&json!(role)));
    accounts.iter().find(has).unwrap_or_else(|| panic!("the demo has no {role}"))
}

pub async fn sign_in(mut somebody: Person, account: &Value) -> String {
    let body = json!({ "login": account["login"], "password": account["password"] });
    let answer = somebody.calls(Method::POST, "/api/v1/session", Some(&body)).await;
    assert!(answer.status < 300, "{} {}", answer.status, answer.text());
    answer.json()["token"].as_str().expect("a session has a token").to_string()
}
