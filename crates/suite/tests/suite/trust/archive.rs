//! Keeping: what is handed over gets another archive time-stamp before the one it has lapses, over many
//! years.

use std::path::Path;

use base::Clock;
use db::testing::both;
use db::{Act, Tx, args};
use pki::{Certificate, PrivateKey};
use suite::person::Upload;
use suite::town::Town;
use suite::town::people::*;
use trust::archive::rules::Kind;
use trust::archive::{self, Deposit};
use trust::validation::Bag;
use trust::validation::make::{self, Order};
use trust::validation::report::{Format, Level};

use super::{does, fetch, issued, openssl, put, trusting};
use crate::desk::{browser, says};

const ARCHIVE: &str = "/quan-tri/chung-thu-so/luu-tru";
const QUARTER_MINUTES: u64 = 91 * 24 * 60;

/// A PDF file of the house: the report on a file without signatures.
async fn pdf(town: &Town) -> Vec<u8> {
    let mut who = town.stranger();
    who.opens("/kiem-tra-chu-ky").await.expect(200);
    let file = Upload { field: "tep", file_name: "a.xml", content_type: "text/xml", bytes: b"<cv/>" };
    let answer = who.submits_files("Kiểm tra chữ ký", &[], &[file]).await.expect(303);
    who.follows(answer).await.expect(200);
    let link = who.link("Tải báo cáo PDF");
    fetch(&mut who, &link).await.to_vec()
}

/// Signed by the chairman, whose key OpenSSL made.
fn signed(town: &Town, folder: &Path, bytes: &[u8]) -> Vec<u8> {
    let key = std::fs::read_to_string(folder.join("leaf.key")).expect("OpenSSL wrote it");
    let key = PrivateKey::from_pem(&key).expect("a key");
    let read =
        |name: &str| Certificate::parse(&std::fs::read(folder.join(name)).expect("there")).expect("one");
    let (certificate, issuing) = (read("leaf.der"), read("issuing.der"));
    let order = Order {
        bytes,
        format: Format::Pdf,
        is_detached: false,
        key: &key,
        certificate: &certificate,
        chain: &[issuing],
        at: town.opened.site.clock.now(),
        level: Level::BB,
        stamp: None,
        evidence: &Bag::default(),
        look: None,
    };
    make::sign(&order).expect("it signs")
}

async fn keeps(town: &Town, bytes: Vec<u8>, kind: Kind, subject: &'static str) -> String {
    let site = &town.opened.site;
    let now = site.clock.now();
    let act = || Act::system("test.keep", "", now);
    let content = site.blobs.store(&site.db, act(), bytes).await.expect("it is kept");
    let write = async move |tx: &mut Tx| {
        let deposit = Deposit { content, kind, system: "onestop", subject, page: "" };
        archive::keep(tx, &deposit, now).await
    };
    site.db.write(act(), write).await.expect("the store answers")
}

async fn current(town: &Town, id: &str) -> Vec<u8> {
    let id = id.to_string();
    let read = async move |tx: &mut Tx| archive::standing(tx, &id).await;
    let standing = town.opened.site.db.read(read).await.expect("it is kept");
    town.opened.site.blobs.get(&standing.content).await.expect("its bytes").to_vec()
}

async fn judged(town: &Town, bytes: &[u8]) -> serde_json::Value {
    let file = Upload { field: "file", file_name: "a.pdf", content_type: "application/pdf", bytes };
    town.stranger().uploads("/api/v1/validations", file).await.expect(200).json()
}

#[test]
fn a_signed_pdf_file_is_valid_long_after_its_signers_certificate_has_ended() {
    both(async |t| {
        let town = trusting(&t, "0").await;
        town.minutes_later(0).await;
        let folder = t.dir();
        issued(&town, folder).await;
        let file = signed(&town, folder, &pdf(&town).await);
        let id = keeps(&town, file.clone(), Kind::Pdf, "KQ-1").await;
        assert_eq!(keeps(&town, file.clone(), Kind::Pdf, "KQ-1").await, id, "handed over once");
        let mut admin = browser(&town, ADMIN).await;
        admin.opens(ARCHIVE).await.expect(200);
        says(&admin, "Kết quả KQ-1");
        says(&admin, "Chờ đóng dấu");
        assert_eq!(town.minutes_later(61).await, 0);
        let first = current(&town, &id).await;
        assert!(first.starts_with(&file), "what was signed stands as it was");
        let report = judged(&town, &first).await;
        let signature = &report["signatures"][0];
        assert_eq!((&report["verdict"], &signature["level"]), (&"valid".into(), &"B-LTA".into()), "{report}");
        // Time-stamping keys of five years are followed by others after four, and the file before the first
        // ends.
        for quarter in 1..=36 {
            assert_eq!(town.minutes_later(QUARTER_MINUTES).await, 0, "quarter {quarter}");
            assert_eq!(town.minutes_later(61).await, 0, "quarter {quarter}");
        }
        let kept = current(&town, &id).await;
        assert!(kept.starts_with(&first) && kept.len() > first.len());
        let stamps = kept.windows(12).filter(|bytes| *bytes == b"DocTimeStamp").count();
        assert_eq!(stamps, 3, "in nine years");
        let report = judged(&town, &kept).await;
        assert_eq!(report["verdict"], "valid", "{report}");
        assert_eq!(report["signatures"][0]["is_proven"], true);
        // The same file without them is in doubt by now.
        let bare = judged(&town, &file).await;
        assert_eq!(bare["verdict"], "indeterminate", "{bare}");
        let mut admin = browser(&town, ADMIN).await;
        admin.opens(ARCHIVE).await.expect(200);
        says(&admin, "Đang giữ");
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn the_seal_of_the_audit_book_is_stamped_on_and_openssl_verifies_the_chain() {
    both(async |t| {
        let town = trusting(&t, "0").await;
        town.minutes_later(0).await;
        let folder = t.dir();
        town.audit_book_is_whole().await;
        assert!(town.minutes_later(24 * 60 + 1).await == 0);
        let read = async |tx: &mut Tx| -> db::Result<(String, String)> {
            tx.get("select id, subject from archive_item where system = 'trust' order by id limit 1", args![])
                .await
        };
        let (id, _) = town.opened.site.db.read(read).await.expect("a seal is kept");
        for quarter in 1..=24 {
            assert_eq!(town.minutes_later(QUARTER_MINUTES).await, 0, "quarter {quarter}");
        }
        assert_eq!(town.minutes_later(61).await, 0);
        let judged = archive::check_record(&town.opened.trust, &id).await.expect("it is kept");
        assert!(judged.len() >= 2 && judged.iter().all(|(_, holds)| *holds), "{judged:?}");
        // Somebody who has only the page that describes it.
        let wanted = id.clone();
        let tokens = async move |tx: &mut Tx| -> db::Result<Vec<Vec<u8>>> {
            let sql = "select token from archive_stamp where item = $1 order by no limit 9";
            tx.list(sql, args![wanted]).await
        };
        let tokens = town.opened.site.db.read(tokens).await.expect("the store answers");
        put(folder, "chain.pem", &fetch(&mut town.stranger(), "/pki/ca.pem").await);
        put(folder, "content", &current(&town, &id).await);
        let binary = |name: &str| {
            does(folder, &format!("dgst -sha256 -binary -out {name}.hash {name}"));
            std::fs::read(folder.join(format!("{name}.hash"))).expect("OpenSSL wrote it")
        };
        let mut hashes = binary("content");
        for (n, token) in tokens.iter().enumerate() {
            let data = if n == 0 { "content".to_string() } else { format!("hashes{n}") };
            put(folder, &format!("hashes{n}"), &hashes);
            put(folder, &format!("token{n}"), token);
            let words = format!("-data {data} -in token{n} -token_in -CAfile chain.pem");
            let at = judged[n].0.micros() / 1_000_000;
            does(folder, &format!("ts -verify {words} -attime {at}"));
            let other =
                format!("ts -verify -data chain.pem -in token{n} -token_in -CAfile chain.pem -attime {at}");
            assert!(!openssl(folder, &other).0, "it is over nothing else");
            hashes.extend(binary(&format!("token{n}")));
        }
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn what_is_lost_or_cannot_be_stamped_is_shown_and_done_when_it_can_be() {
    both(async |t| {
        // No authority yet: nobody stamps.
        let town = Town::of(&t).await;
        town.hand.set(Clock::system().now());
        town.minutes_later(0).await;
        keeps(&town, b"a record".to_vec(), Kind::Record, "BB-1").await;
        keeps(&town, b"no PDF".to_vec(), Kind::Pdf, "KQ-2").await;
        assert_eq!(town.minutes_later(61).await, 0);
        let mut admin = browser(&town, ADMIN).await;
        admin.opens(ARCHIVE).await.expect(200);
        says(&admin, "Chưa lấy được dấu thời gian.");
        says(&admin, "Không đọc được nội dung.");
        super::establishes(&town, "0").await;
        let mut admin = browser(&town, ADMIN).await;
        admin.opens(ARCHIVE).await.expect(200);
        admin.submits("Làm lại những tài liệu bị lỗi", &[]).await.expect(303);
        assert_eq!(town.minutes_later(61).await, 0);
        let mut admin = browser(&town, ADMIN).await;
        admin.opens(ARCHIVE).await.expect(200);
        assert!(!admin.page().text().contains("Chưa lấy được dấu thời gian."), "it was done");
        says(&admin, "Kết quả BB-1");
        says(&admin, "Không đọc được nội dung.");
        browser(&town, UNIT_ADMIN).await.opens(ARCHIVE).await.expect(403);
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}
