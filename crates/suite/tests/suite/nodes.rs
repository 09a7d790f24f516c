//! Two processes on one PostgreSQL and one folder of contents, under the same load: what one begins the
//! other knows, and when one is killed the other goes on with what it held.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::Method;
use db::{Config, Db, Tx};
use suite::product::{Installation, Product};
use tokio::sync::mpsc;

use crate::batch::{begins, looks, ticks};
use crate::checks::snapshot::Snapshot;
use crate::kill::load::Worker;
use crate::kill::{Shared, Tokens, filing, hears, is_whole, pdf, sha256, uploads};

/// Longer than the leases of a dead process and what is left to do by then.
const HAND_OVER_MAX: Duration = Duration::from_secs(180);
/// How many a clerk receives with one word.
const BATCH: usize = 3;

fn node(folder: &Path, name: &str, database: &str, blobs: &Path) -> Installation {
    let folder = folder.join(name);
    std::fs::create_dir(&folder).expect("a folder for the node");
    // Nodes share the contents, and the secret under which keys are wrapped.
    let (secret, blobs) = (blobs.with_file_name("trust.secret"), blobs.display());
    let more = format!(
        "demo = true\n[database]\nurl = '{database}'\n[blobs]\nurl = '{blobs}'\n\
         [trust]\nsecret_file = '{}'",
        secret.display()
    );
    Installation::in_folder(&folder, &more)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_share_everything_and_one_goes_on_when_the_other_is_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    let schema = db::testing::Schema::create().await;
    let data = folder.path().join("shared");
    let blobs = data.join("blobs");
    std::fs::create_dir_all(&blobs).expect("a folder for the contents");
    let [first, second] = ["first", "second"].map(|name| node(folder.path(), name, &schema.url, &blobs));
    let (mut here, there) = (first.serve().await, second.serve().await);
    let shared = Shared::of(&here).await;
    a_session_is_known_at_both_and_ended_at_both(&here, &there).await;
    one_key_at_two_nodes_is_one_dossier(&here, &there, &shared, "before").await;

    let (heard, mut answers) = mpsc::unbounded_channel();
    let work_at = |node: &Product, workers: Vec<Worker>| -> Vec<_> {
        let begin =
            |worker: Worker| tokio::spawn(worker.works(node.somebody(), shared.clone(), heard.clone()));
        workers.into_iter().map(begin).collect()
    };
    let mine = work_at(&here, vec![Worker::filer("a", 0), Worker::official(), Worker::pieces("b", 1)]);
    let theirs = work_at(&there, vec![Worker::filer("c", 1), Worker::official(), Worker::pieces("d", 0)]);
    for _ in 0..60 {
        hears(&mut answers).await;
    }
    let batch = many_are_received_with_one_word(&here, &shared).await;
    here.kill();
    let mut orphans = Vec::new();
    for task in mine {
        orphans.push(task.await.expect("a worker ends with its node"));
    }
    // Whoever worked with the dead node turns to the living one, with what was in doubt.
    let orphans = work_at(&there, orphans);
    for _ in 0..40 {
        hears(&mut answers).await;
    }
    everything_is_done(&schema.url, &shared, theirs.into_iter().chain(orphans)).await;

    // A node that comes back joins in.
    let here = first.serve().await;
    one_key_at_two_nodes_is_one_dossier(&here, &there, &shared, "after").await;
    assert!(here.stop() && there.stop(), "both end in order");
    let mut known = std::mem::take(&mut *shared.known.lock().expect("no worker panicked"));
    for code in batch {
        known.ledger.acknowledge(&code, "receive");
    }
    is_whole(&data, &schema.url, &known).await;
    schema.remove().await;
}

async fn a_session_is_known_at_both_and_ended_at_both(here: &Product, there: &Product) {
    let token = Tokens::of(here).await.clerk;
    let (mut one, mut other) = (here.somebody().with_token(&token), there.somebody().with_token(&token));
    other.gets("/api/v1/me").await.expect(200);
    one.sends(Method::DELETE, "/api/v1/session", None, Bytes::new()).await.expect(204);
    other.gets("/api/v1/me").await.expect(401);
}

/// The same request reaches both at the same moment.
async fn one_key_at_two_nodes_is_one_dossier(here: &Product, there: &Product, shared: &Shared, name: &str) {
    let token = &shared.tokens.citizens[0];
    let (mut one, mut other) = (here.somebody().with_token(token), there.somebody().with_token(token));
    let file = pdf(&format!("one key {name}"));
    let upload = uploads(&mut one, &file).await.expect("the node lives");
    let body = filing(&shared.unit, &upload);
    one.says("idempotency-key", &format!("one-key-{name}"));
    other.says("idempotency-key", &format!("one-key-{name}"));
    let (a, b) = tokio::join!(
        one.calls(Method::POST, "/api/v1/dossiers", Some(&body)),
        other.calls(Method::POST, "/api/v1/dossiers", Some(&body)),
    );
    let [a, b] = [a, b].map(|said| said.expect(201).json()["code"].clone());
    assert_eq!(a, b, "one key made two dossiers");
    let code = a.as_str().expect("a dossier has a code").to_string();
    let mut known = shared.known.lock().expect("no worker panicked");
    known.ledger.acknowledge(&code, "file");
    known.files.push((code, sha256(&file)));
}

/// A clerk receives some that nobody else has in hand; the node may die before it has done so.
async fn many_are_received_with_one_word(node: &Product, shared: &Shared) -> Vec<String> {
    let chosen: Vec<String> = {
        let mut known = shared.known.lock().expect("no worker panicked");
        (0..BATCH).filter_map(|_| known.queue.pop_back()).map(|(code, _)| code).collect()
    };
    assert_eq!(chosen.len(), BATCH, "more is filed than officials can take");
    let mut clerk = node.somebody().with_token(&shared.tokens.clerk);
    clerk.opens("/mot-cua/cho-tiep-nhan").await.expect(200);
    ticks(&mut clerk, &chosen, 1).await;
    looks(&mut clerk, "viec=tiep-nhan").await;
    begins(&mut clerk, &format!("Tiếp nhận hồ sơ: {BATCH} hồ sơ")).await;
    chosen
}

/// The workers stop, and the living node does what is left, also what the dead one had under its leases.
async fn everything_is_done(
    database: &str,
    shared: &Shared,
    tasks: impl Iterator<Item = tokio::task::JoinHandle<Worker>>,
) {
    shared.stop.store(true, Ordering::SeqCst);
    for task in tasks {
        assert!(!task.await.expect("a worker ends when it is told to").is_in_doubt());
    }
    let db = Db::open(&Config::new(database)).await.expect("the database opens");
    let quiet = async {
        let mut pulse = tokio::time::interval(Duration::from_millis(200));
        let read = async |tx: &mut Tx| Snapshot::read(tx).await;
        while !db.read(read).await.expect("the tables can be read").waiting.is_empty() {
            pulse.tick().await;
        }
    };
    let handed_over = tokio::time::timeout(HAND_OVER_MAX, quiet).await;
    assert!(handed_over.is_ok(), "what the dead node held was never done");
    db.close().await;
}
