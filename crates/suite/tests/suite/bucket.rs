//! Contents in a bucket, over the protocol of S3 with every request signed: files of every size, a damaged
//! and a lost one, backups out of it and back into it, and a bucket that is gone for a while.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use judges::{Way, row};
use serde_json::json;
use suite::person::{Person, Upload};
use suite::product::{Installation, Product, words};
use suite::town::PASSWORD;
use suite::town::people::CITIZEN;

use crate::kill::{filing, pdf, sha256, sign_in, uploads};
use crate::running::{account, unit};

/// A bucket on loopback, in a process that dropping kills.
struct Bucket {
    child: Child,
    says: ChildStdin,
    hears: BufReader<ChildStdout>,
    port: u16,
    key: String,
    secret: String,
}

impl Drop for Bucket {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Bucket {
    fn open() -> Bucket {
        let home = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut child = Command::new(home.join("peers/venv/bin/python"))
            .arg(home.join("tests/suite/bucket/server.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("cargo x test installs moto");
        let says = child.stdin.take().expect("a pipe");
        let mut hears = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        hears.read_line(&mut line).expect("it says where it is");
        let told: Vec<&str> = line.split_whitespace().collect();
        let [port, key, secret] = told[..] else { panic!("the server of S3 did not come up: {line:?}") };
        let (port, key, secret) = (port.parse().expect("a port"), key.to_string(), secret.to_string());
        Bucket { child, says, hears, port, key, secret }
    }

    /// Has it do something (`server.py` lists the words); what it answers.
    fn does(&mut self, word: &str) -> String {
        writeln!(self.says, "{word}").expect("it lives");
        let mut line = String::new();
        self.hears.read_line(&mut line).expect("it lives");
        line.trim().to_string()
    }

    /// The names of what it holds below this, and how many uploads in parts were never ended.
    fn holds(&mut self, below: &str) -> (Vec<String>, u32) {
        let said = self.does("list");
        let mut said = said.split(' ').map(str::to_string);
        let open = said.next().and_then(|n| n.parse().ok()).expect("a number");
        (said.filter(|name| name.starts_with(below)).collect(), open)
    }

    /// The lines of a configuration whose contents lie here, below this.
    fn lines(&self, below: &str) -> String {
        format!(
            "[blobs]\nurl = 's3://cuulong/{below}'\nendpoint = 'http://127.0.0.1:{}'\nregion = 'us-east-1'\n\
             access_key_env = 'CUULONG_S3_KEY'\nsecret_key_env = 'CUULONG_S3_SECRET'\n",
            self.port
        )
    }

    fn knows(&self, command: &mut Command) {
        command.env("CUULONG_S3_KEY", &self.key).env("CUULONG_S3_SECRET", &self.secret);
    }

    async fn serves(&self, place: &Installation) -> Product {
        place.serve_with(|command| self.knows(command)).await
    }

    fn runs(&self, place: &Installation, words: &[&str]) -> Output {
        let mut command = place.command(words);
        self.knows(&mut command);
        command.output().expect("the binary runs")
    }
}

fn place(folder: &Path, name: &str, more: &str) -> Installation {
    let folder = folder.join(name);
    std::fs::create_dir(&folder).expect("a folder for the installation");
    Installation::in_folder(&folder, more)
}

/// A file that is taken for a PDF, of so many bytes, no two places alike.
fn large(size: usize) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    let mut word = 1_u64;
    while bytes.len() < size {
        word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        bytes.extend_from_slice(&word.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

async fn citizen(product: &Product) -> Person {
    let token = sign_in(product.somebody(), &account(CITIZEN, PASSWORD)).await;
    product.somebody().with_token(&token)
}

/// Files a dossier with this upload; its code.
async fn files(who: &mut Person, upload: &str) -> String {
    let said = who.calls(Method::POST, "/api/v1/dossiers", Some(&filing(&unit(), upload))).await;
    said.expect(201).json()["code"].as_str().expect("a dossier has a code").to_string()
}

/// Brings a file in pieces of this size; the answer to the last of them.
async fn in_pieces(who: &mut Person, file: &[u8], piece: usize) -> String {
    who.says("tus-resumable", "1.0.0");
    who.says("upload-length", &file.len().to_string());
    who.says("upload-metadata", &format!("filename {}", STANDARD.encode("ban-ve.pdf")));
    let begun = who.sends(Method::POST, "/api/v1/uploads/resumable", None, Bytes::new()).await.expect(201);
    let at = begun.header("location").to_string();
    for (n, part) in file.chunks(piece).enumerate() {
        who.says("upload-offset", &(n * piece).to_string());
        let body = Bytes::copy_from_slice(part);
        who.sends(Method::PATCH, &at, Some("application/offset+octet-stream"), body).await.expect(204);
    }
    at.rsplit('/').next().expect("an id").to_string()
}

/// The bytes of the dossier's first file, as its owner gets them.
async fn first_file(who: &mut Person, code: &str) -> Bytes {
    let dossier = who.gets(&format!("/api/v1/dossiers/{code}")).await.expect(200).json();
    let url = dossier["files"][0]["url"].as_str().expect("the owner sees the file").to_string();
    who.gets(&url).await.expect(200).body
}

/// Where a content lies below `below`.
fn name(below: &str, bytes: &[u8]) -> String {
    let hash = sha256(bytes);
    format!("{below}/{}/{hash}", &hash[..2])
}

#[track_caller]
fn succeeds(output: &Output, said: &str) {
    assert!(output.status.success() && words(output).contains(said), "{}", words(output));
}

#[track_caller]
fn fails(output: &Output, said: &str) {
    assert!(!output.status.success() && words(output).contains(said), "{}", words(output));
}

/// Small, in one request; middling, through the spool; large, in pieces of the citizen's and parts of ours.
fn sizes() -> [Vec<u8>; 3] {
    [pdf("nho"), large(3_000_000), large(19_000_000)]
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_every_size_lie_in_the_bucket_and_come_back_from_any_node() {
    let folder = tempfile::tempdir().expect("a folder");
    let schema = db::testing::Schema::create().await;
    let mut bucket = Bucket::open();
    let more = format!("demo = true\n[database]\nurl = '{}'\n{}", schema.url, bucket.lines("tinh"));
    let [here, there] = ["here", "there"].map(|name| place(folder.path(), name, &more));
    let product = bucket.serves(&here).await;
    let mut an = citizen(&product).await;
    let [small, middling, large] = sizes();
    let mut codes = Vec::new();
    for file in [&small, &middling] {
        let upload = uploads(&mut an, file).await.expect("the server lives");
        codes.push(files(&mut an, &upload).await);
    }
    let upload = in_pieces(&mut an, &large, 4_000_000).await;
    codes.push(files(&mut an, &upload).await);
    let (held, open) = bucket.holds("tinh/");
    for file in [&small, &middling, &large] {
        assert!(held.contains(&name("tinh", file)), "{held:?}");
    }
    assert_eq!(open, 0, "every upload in parts was ended");
    assert!(!here.data.join("blobs").exists(), "nothing of it lies in the folder");

    // Another node of the same database, and the first one after a restart.
    let second = bucket.serves(&there).await;
    assert!(product.stop());
    let product = bucket.serves(&here).await;
    for node in [&second, &product] {
        let mut an = citizen(node).await;
        for (code, file) in codes.iter().zip([&small, &middling, &large]) {
            assert!(first_file(&mut an, code).await == *file, "{code} came back as other bytes");
        }
    }
    // A reader who hangs up in the middle of a large one harms nobody.
    second.stop();
    succeeds(&bucket.runs(&here, &["blobs", "check"]), "files are whole");
    let signed = bucket.does("signed");
    let counts: Vec<u64> = signed.split(' ').filter_map(|n| n.parse().ok()).collect();
    assert!(counts[0] > 20 && counts[1] == 0, "every signature was computed anew and fits: {signed}");
    row("moto", Way::Ours, "contents put and read in S3, requests signed with version 4", 3);

    // With another secret nothing is read, and neither secret is told.
    let mut stranger = here.command(&["blobs", "check"]);
    stranger.env("CUULONG_S3_KEY", &bucket.key).env("CUULONG_S3_SECRET", "another-secret");
    let refused = stranger.output().expect("the binary runs");
    fails(&refused, "403");
    assert!(!words(&refused).contains("another-secret"), "{}", words(&refused));
    row("moto", Way::Spoiled, "requests of S3 signed with another secret", 1);
    drop(product);
    schema.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_out_of_a_bucket_is_restored_into_one_with_every_hash_checked() {
    let folder = tempfile::tempdir().expect("a folder");
    let schema = db::testing::Schema::create().await;
    let mut bucket = Bucket::open();
    let here = place(folder.path(), "here", &format!("demo = true\n{}", bucket.lines("tinh")));
    let product = bucket.serves(&here).await;
    let mut an = citizen(&product).await;
    let all = sizes();
    let mut codes = Vec::new();
    for (at, file) in all.iter().enumerate() {
        let upload = match at {
            2 => in_pieces(&mut an, file, 4_000_000).await,
            _ => uploads(&mut an, file).await.expect("the server lives"),
        };
        codes.push(files(&mut an, &upload).await);
    }
    let backups = folder.path().join("backups");
    let [to, from] = ["--to", "--from"].map(|flag| [flag, backups.to_str().expect("a path")]);
    succeeds(&bucket.runs(&here, &[&["backup"][..], &to[..]].concat()), "rows");
    succeeds(&bucket.runs(&here, &[&["backup"][..], &to[..]].concat()), "(0 new)");
    assert!(product.stop());

    // What the bucket loses or damages is told by name, and brought back from the backup.
    let [damaged, lost] = [&all[2], &all[0]];
    bucket.does(&format!("bend {}", name("tinh", damaged)));
    bucket.does(&format!("drop {}", name("tinh", lost)));
    let checked = bucket.runs(&here, &["blobs", "check"]);
    fails(&checked, &format!("DAMAGED {}", sha256(damaged)));
    fails(&checked, &format!("LOST {}", sha256(lost)));
    let mend = ["blobs", "check", "--mend-from", backups.to_str().expect("a path")];
    let mended = bucket.runs(&here, &mend);
    succeeds(&mended, &format!("MENDED {}", sha256(damaged)));
    succeeds(&bucket.runs(&here, &["blobs", "check"]), "files are whole");

    // Into another place of the bucket, on the other engine; first while the bucket is gone.
    let more = format!("demo = true\n[database]\nurl = '{}'\n{}", schema.url, bucket.lines("moi"));
    let there = place(folder.path(), "there", &more);
    bucket.does("down");
    fails(&bucket.runs(&there, &[&["restore"][..], &from[..]].concat()), "cannot restore");
    bucket.does("up");
    assert_eq!(bucket.holds("moi/").0, Vec::<String>::new());
    succeeds(&bucket.runs(&there, &[&["restore"][..], &from[..]].concat()), "restored");
    let (mut held, open) = bucket.holds("tinh/");
    held.iter_mut().for_each(|name| *name = name.replace("tinh/", "moi/"));
    let (brought, _) = bucket.holds("moi/");
    let missing: Vec<&String> = brought.iter().filter(|name| !held.contains(name)).collect();
    assert!(missing.is_empty() && brought.len() >= 3 && open == 0, "{missing:?} of {brought:?}, {open} open");
    succeeds(&bucket.runs(&there, &["blobs", "check"]), "files are whole");
    let restored = bucket.serves(&there).await;
    let mut an = citizen(&restored).await;
    for (code, file) in codes.iter().zip(&all) {
        assert!(first_file(&mut an, code).await == *file, "{code} came back as other bytes");
    }
    drop(restored);

    // And into a folder, from the bucket's own backup: the layout is the same.
    let home = place(folder.path(), "home", "demo = true");
    succeeds(&home.command(&[&["restore"][..], &from[..]].concat()).output().expect("it runs"), "restored");
    let again = home.serve().await;
    assert!(first_file(&mut citizen(&again).await, &codes[2]).await == all[2]);
    schema.remove().await;
}

/// Asks for the health until it has this status.
async fn until(product: &Product, status: u16) {
    let patience = async {
        let mut pulse = tokio::time::interval(Duration::from_millis(50));
        while product.somebody().gets("/healthz").await.status != status {
            pulse.tick().await;
        }
    };
    let seen = tokio::time::timeout(Duration::from_secs(60), patience).await;
    assert!(seen.is_ok(), "the health never became {status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_bucket_is_gone_files_are_refused_soon_and_everything_else_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut bucket = Bucket::open();
    let here = place(folder.path(), "here", &format!("demo = true\n{}", bucket.lines("tinh")));
    let product = bucket.serves(&here).await;
    let mut an = citizen(&product).await;
    let [small, middling, _] = sizes();
    let upload = uploads(&mut an, &middling).await.expect("the server lives");
    let code = files(&mut an, &upload).await;
    let waiting = uploads(&mut an, &small).await.expect("the server lives");
    // Half of a file in pieces has arrived.
    let half = large(2_000_000);
    an.says("tus-resumable", "1.0.0");
    an.says("upload-length", &half.len().to_string());
    an.says("upload-metadata", &format!("filename {}", STANDARD.encode("nua.pdf")));
    let begun = an.sends(Method::POST, "/api/v1/uploads/resumable", None, Bytes::new()).await.expect(201);
    let at = begun.header("location").to_string();
    let kind = Some("application/offset+octet-stream");
    an.says("upload-offset", "0");
    let first = Bytes::copy_from_slice(&half[..1_000_000]);
    an.sends(Method::PATCH, &at, kind, first).await.expect(204);

    bucket.does("down");
    let asked = Instant::now();
    let file = Upload {
        field: "file",
        file_name: "giay-to.pdf",
        content_type: "application/pdf",
        bytes: &large(1_500_000),
    };
    let refused = an.uploads("/api/v1/uploads", file).await.expect(503);
    assert!(!refused.text().contains("127.0.0.1"), "what is wrong inside is nobody's business");
    an.says("upload-offset", "1000000");
    let second = Bytes::copy_from_slice(&half[1_000_000..]);
    an.sends(Method::PATCH, &at, kind, second.clone()).await.expect(503);
    let dossier = an.gets(&format!("/api/v1/dossiers/{code}")).await.expect(200).json();
    let url = dossier["files"][0]["url"].as_str().expect("the owner sees the file").to_string();
    an.gets(&url).await.expect(503);
    until(&product, 503).await;
    assert!(asked.elapsed() < Duration::from_secs(40), "somebody waited {:?}", asked.elapsed());
    let health = product.somebody().gets("/healthz").await.json();
    assert_eq!((&health["blobs"], &health["database"]), (&json!(false), &json!(true)));
    // What needs no content goes on: also filing with what arrived before.
    for path in ["/", "/thu-tuc", "/dang-nhap"] {
        product.somebody().gets(path).await.expect(200);
    }
    let other = files(&mut an, &waiting).await;

    bucket.does("up");
    until(&product, 200).await;
    assert!(first_file(&mut an, &code).await == middling);
    assert!(first_file(&mut an, &other).await == small);
    an.says("tus-resumable", "1.0.0");
    let kept = an.sends(Method::HEAD, &at, None, Bytes::new()).await.expect(200);
    assert_eq!(kept.header("upload-offset"), "1000000", "what was acknowledged is there, and no more");
    an.says("upload-offset", "1000000");
    an.sends(Method::PATCH, &at, kind, second).await.expect(204);
    let upload = at.rsplit('/').next().expect("an id");
    let pieced = files(&mut an, upload).await;
    assert!(first_file(&mut an, &pieced).await == half);
    assert!(product.stop());
    succeeds(&bucket.runs(&here, &["blobs", "check"]), "files are whole");
    assert_eq!(bucket.holds("tinh/").1, 0, "no upload in parts was left open");
    let spool = std::fs::read_dir(here.data.join("spool")).expect("the spool").count();
    assert_eq!(spool, 0, "nothing waits that nobody waits for");
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_that_the_bucket_stumbles_over_are_sent_again_or_taken_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut bucket = Bucket::open();
    let here = place(folder.path(), "here", &format!("demo = true\n{}", bucket.lines("tinh")));
    let product = bucket.serves(&here).await;
    let mut an = citizen(&product).await;
    // Two parts, of which the first is refused once: nobody hears of it.
    bucket.does("stumble 1");
    let upload = uploads(&mut an, &large(9_500_000)).await.expect("the server lives");
    let code = files(&mut an, &upload).await;
    assert!(first_file(&mut an, &code).await == large(9_500_000));
    // Refused for good, it is said, and no half of it stays in the bucket.
    bucket.does("stumble 1000");
    let other = large(10_500_000);
    let file = Upload { field: "file", file_name: "to.pdf", content_type: "application/pdf", bytes: &other };
    an.uploads("/api/v1/uploads", file).await.expect(503);
    let (held, open) = bucket.holds("tinh/");
    assert!(open == 0 && !held.contains(&name("tinh", &other)), "{open} open, {held:?}");
    bucket.does("stumble 0");
    let upload = uploads(&mut an, &other).await.expect("the server lives");
    let code = files(&mut an, &upload).await;
    assert!(first_file(&mut an, &code).await == other);
}
