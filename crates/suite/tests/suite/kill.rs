//! The real binary under SIGKILL while people file, officials work and money comes: what was acknowledged
//! is there afterwards, everything once. `CUULONG_KILLS` says how often.

pub mod load;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::Method;
use base::Clock;
use db::{Blobs, Config, Db, Tx, blobs};
use serde_json::{Value, json};
use suite::person::{Person, Upload};
use suite::product::Product;
use suite::town::people::*;
use suite::town::{PASSWORD, Town};
use tokio::sync::mpsc;

use crate::checks::snapshot::Snapshot;
use crate::checks::{Ledger, faults};
use crate::running::{account, unit};
use load::Worker;

/// How often the machine "loses power", where nobody says otherwise.
const KILLS: usize = 20;
/// The same on PostgreSQL, which keeps its own word when only we die; each start takes longer there.
const KILLS_POSTGRESQL: usize = 8;

/// How long nobody at all may be answered.
const ANSWER_WAIT: Duration = Duration::from_secs(60);

/// What was acknowledged, and what waits for an official.
#[derive(Default)]
pub struct Known {
    pub ledger: Ledger,
    /// The code of each dossier and the SHA-256 of its file.
    pub files: Vec<(String, String)>,
    /// The code and its owner's session.
    pub queue: VecDeque<(String, String)>,
}

/// What all workers share.
#[derive(Clone)]
pub struct Shared {
    pub known: Arc<Mutex<Known>>,
    pub unit: String,
    pub tokens: Tokens,
    /// Nobody begins anything new.
    pub stop: Arc<AtomicBool>,
}

impl Shared {
    /// Before anything is done.
    pub async fn of(product: &Product) -> Shared {
        let (known, stop) = (Arc::default(), Arc::default());
        Shared { known, unit: unit(), tokens: Tokens::of(product).await, stop }
    }
}

/// The sessions of those who work; they outlive every kill.
#[derive(Clone)]
pub struct Tokens {
    pub citizens: [String; 2],
    pub clerk: String,
    pub registrar: String,
    pub chairman: String,
}

impl Tokens {
    /// Signs everybody in.
    pub async fn of(product: &Product) -> Tokens {
        let token = async |login: &str| sign_in(product.somebody(), &account(login, PASSWORD)).await;
        Tokens {
            citizens: [token(CITIZEN).await, token(NEIGHBOUR).await],
            clerk: token(CLERK).await,
            registrar: token(REGISTRAR).await,
            chairman: token(CHAIRMAN).await,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_kills_under_mixed_load() {
    let folder = tempfile::tempdir().expect("a folder for the data");
    survives(&folder.path().join("data"), "", kills(KILLS)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_kills_on_postgresql() {
    let folder = tempfile::tempdir().expect("a folder for the data");
    let schema = db::testing::Schema::create().await;
    survives(&folder.path().join("data"), &schema.url, kills(KILLS_POSTGRESQL)).await;
    schema.remove().await;
}

/// How often, where nobody says otherwise.
fn kills(usually: usize) -> usize {
    let asked = std::env::var("CUULONG_KILLS").ok();
    asked.map_or(usually, |n| n.parse().expect("CUULONG_KILLS is a number"))
}

/// The story. `database` is empty for the data folder's own.
async fn survives(data: &Path, database: &str, kills: usize) {
    let mut product = Product::start_demo_on(data, database).await;
    let shared = Shared::of(&product).await;
    let filers = [Worker::filer("a", 0), Worker::filer("b", 1), Worker::pieces("c", 0)];
    let mut workers: Vec<Worker> = filers.into();
    workers.extend([Worker::official(), Worker::official()]);
    for kill in 0..kills {
        let (heard, mut answers) = mpsc::unbounded_channel();
        let tasks: Vec<_> = workers
            .drain(..)
            .map(|worker| tokio::spawn(worker.works(product.somebody(), shared.clone(), heard.clone())))
            .collect();
        drop(heard);
        // Never at the same point twice: after some answers, while others are on the way.
        for _ in 0..5 + kill % 13 {
            hears(&mut answers).await;
        }
        product.kill();
        for task in tasks {
            workers.push(task.await.expect("a worker ends with the server"));
        }
        product = Product::start_demo_on(data, database).await;
    }
    // Once more without a kill: what is in doubt is asked again, and gets the answer it had.
    for worker in workers {
        worker.settles(product.somebody(), &shared).await;
    }
    product.kill();
    let known = std::mem::take(&mut *shared.known.lock().expect("no worker panicked"));
    is_whole(data, database, &known).await;
}

/// Waits until somebody is answered. All workers may have failed, each for itself: then nobody ever is.
pub async fn hears(answers: &mut mpsc::UnboundedReceiver<()>) {
    let answer = tokio::time::timeout(ANSWER_WAIT, answers.recv()).await;
    answer.expect("somebody is answered in time").expect("there is an answer while the server lives");
}

/// Opens what the last kill left in this process, lets everything be delivered, and looks at all of it.
pub async fn is_whole(data: &Path, database: &str, known: &Known) {
    let own = format!("sqlite:{}", data.join("cuulong.sqlite").display());
    let config = Config::new(if database.is_empty() { own } else { database.into() });
    let db = Db::open(&config).await.expect("the database opens");
    let blobs = Blobs::open(&blobs::Config::folder(&data.join("blobs"))).await.expect("the folder opens");
    let town = Town::around(db.clone(), blobs.clone(), data).await;
    // The leases of the dead end by themselves.
    let mut now = Clock::system().now();
    let handlers = cuulong::background::jobs(&town.opened);
    let listeners = cuulong::background::listeners(&town.opened);
    let mut waiting = 1;
    for _ in 0..20 {
        now = now.plus_minutes(61);
        town.hand.set(now);
        db::deliver::run_until_idle(&db, &listeners, now).await.expect("the store answers");
        db::jobs::run_due(&db, &handlers, now).await.expect("the store answers");
        waiting = snapshot(&db).await.waiting.len();
        if waiting == 0 {
            break;
        }
    }
    assert_eq!(waiting, 0, "something was never done");
    let mut found = faults(&db, &blobs).await;
    let snapshot = snapshot(&db).await;
    found.extend(known.ledger.faults(&snapshot).into_iter().map(|why| ("ledger", why)));
    assert!(found.is_empty(), "{found:#?}");
    for (code, sha256) in &known.files {
        let dossier = snapshot.dossiers.iter().find(|d| d.code == *code).expect("the ledger was checked");
        let files = snapshot.files.iter().filter(|file| file.dossier == dossier.id);
        let files: Vec<&str> = files.map(|file| file.sha256.as_str()).collect();
        assert_eq!(files, [sha256], "{code} holds other bytes than were sent");
    }
    let settled = snapshot.dossiers.iter().filter(|d| d.status >= 9).count();
    let steps = snapshot.steps.len() - snapshot.dossiers.len();
    let paid = snapshot.payments.len();
    println!(
        "{} dossiers filed, {steps} steps, {paid} paid, {settled} settled: all there, each once",
        snapshot.dossiers.len()
    );
    assert!(steps > 0 && snapshot.dossiers.len() > 1, "nothing was done");
    db.close().await;
}

async fn snapshot(db: &Db) -> Snapshot {
    db.read(async |tx: &mut Tx| Snapshot::read(tx).await).await.expect("the tables can be read")
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

pub async fn sign_in(mut somebody: Person, account: &Value) -> String {
    let body = json!({ "login": account["login"], "password": account["password"] });
    let answer = somebody.calls(Method::POST, "/api/v1/session", Some(&body)).await;
    assert!(answer.status < 300, "{} {}", answer.status, answer.text());
    answer.json()["token"].as_str().expect("a session has a token").to_string()
}
