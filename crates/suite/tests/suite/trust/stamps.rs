//! Time-stamps: OpenSSL verifies them, no number comes twice over a crash, and none is given while the clock
//! is in doubt.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::Method;
use db::testing::both;
use judges::{Way, row};
use suite::person::Person;

use suite::town::people::ADMIN;

use super::{AUTHORITY, does, fetch, put, trusting};
use crate::desk::{browser, says};

const KIND: Option<&str> = Some("application/timestamp-query");

async fn stamped(who: &mut Person, asked: Vec<u8>) -> Bytes {
    let said = who.sends(Method::POST, "/pki/tsa", KIND, asked.into()).await.expect(200);
    assert_eq!(said.header("content-type"), "application/timestamp-reply");
    said.body
}

fn query(folder: &Path, more: &str) -> Vec<u8> {
    does(folder, &format!("ts -query -data paper -out ask.tsq {more}"));
    std::fs::read(folder.join("ask.tsq")).expect("the query was written")
}

fn text(folder: &Path, reply: &[u8]) -> String {
    put(folder, "said.tsr", reply);
    does(folder, "ts -reply -in said.tsr -text")
}

fn serial(text: &str) -> String {
    text.split("Serial number: ").nth(1).and_then(|rest| rest.lines().next()).expect("a number").to_string()
}

#[test]
fn time_stamps_verify_and_their_numbers_survive_a_crash() {
    both(async |t| {
        let town = trusting(&t, "0").await;
        let folder = t.dir();
        put(folder, "chain.pem", &fetch(&mut town.stranger(), "/pki/ca.pem").await);
        put(folder, "paper", "Quyết định số 12".as_bytes());
        let mut numbers = BTreeSet::new();
        let mut node = Person::inside(town.opened.router.clone());
        for round in 0..4 {
            for hash in ["-sha256", "-sha384", "-sha512"] {
                let reply = stamped(&mut node, query(folder, &format!("{hash} -cert"))).await;
                let text = text(folder, &reply);
                assert!(text.contains("Status: Granted"), "{text}");
                does(folder, "ts -verify -queryfile ask.tsq -in said.tsr -CAfile chain.pem");
                does(folder, "ts -verify -data paper -in said.tsr -CAfile chain.pem");
                assert!(numbers.insert(serial(&text)), "round {round}: a number came twice");
            }
            // The node dies with what is left of its numbers, and another comes up.
            node = Person::inside(town.second_node(&t).await.router);
        }
        let bare = stamped(&mut node, query(folder, "-sha256")).await;
        assert!(!text(folder, &bare).is_empty());
        put(folder, "other", b"another paper");
        let said = super::openssl(folder, "ts -verify -data other -in said.tsr -CAfile chain.pem");
        assert!(!said.0, "another paper is not what was stamped");
        row("openssl ts", Way::Ours, "time-stamps of a served authority, over crashes", numbers.len());
        row("openssl ts", Way::Theirs, "requests for time-stamps, answered", numbers.len());
        town.audit_book_is_whole().await;
    });
}

#[test]
fn nobody_is_stamped_while_the_clock_is_in_doubt() {
    both(async |t| {
        let town = trusting(&t, "0").await;
        let folder = t.dir();
        put(folder, "paper", b"a paper");
        let asked = query(folder, "-sha256 -cert");
        let now = town.opened.site.clock.now();
        let mut here = town.stranger();
        assert!(text(folder, &stamped(&mut here, asked.clone()).await).contains("Granted"));
        town.hand.set(now.plus_minutes(-10));
        let refused = text(folder, &stamped(&mut here, asked.clone()).await);
        assert!(
            refused.contains("Rejected") && refused.contains("time source is not available"),
            "{refused}"
        );
        // A node that has just come up knows it from the rows.
        let mut fresh = Person::inside(town.second_node(&t).await.router);
        assert!(text(folder, &stamped(&mut fresh, asked.clone()).await).contains("Rejected"));
        town.hand.set(now);
        town.hand.advance(Duration::from_secs(10));
        assert!(text(folder, &stamped(&mut fresh, asked.clone()).await).contains("Granted"));
        // A clock that is put forward stamps nobody either, and what it would have said stops no other node.
        let before = town.opened.site.clock.now();
        town.hand.jump(before.plus_days(1));
        assert!(text(folder, &stamped(&mut fresh, asked.clone()).await).contains("Rejected"));
        town.hand.jump(before);
        let mut third = Person::inside(town.second_node(&t).await.router);
        assert!(text(folder, &stamped(&mut third, asked.clone()).await).contains("Granted"));
        assert!(text(folder, &stamped(&mut fresh, asked).await).contains("Granted"));
    });
}

#[test]
fn requests_that_are_not_stamped_are_told_why() {
    both(async |t| {
        let town = trusting(&t, "0").await;
        let folder = t.dir();
        put(folder, "paper", b"a paper");
        let good = query(folder, "-sha256 -cert");
        let mut who = town.stranger();
        let table = [
            (query(folder, "-sha1"), "unrecognized or unsupported algorithm"),
            (query(folder, "-sha256 -tspolicy 1.2.3.4"), "policy is not supported"),
            (b"not a request".to_vec(), "wrong format"),
            (good[..good.len() - 3].to_vec(), "wrong format"),
            (vec![0x30; 17_000], "wrong format"),
        ];
        for (asked, why) in table {
            let text = text(folder, &stamped(&mut who, asked).await);
            assert!(text.contains("Rejected") && text.contains(why), "{why}: {text}");
        }
        let form = Some("text/plain");
        who.sends(Method::POST, "/pki/tsa", form, Bytes::from(good)).await.expect(415);
        who.sends(Method::POST, "/pki/tsa", KIND, vec![0; 70_000].into()).await.expect(413);
    });
}

/// The client that sigstore's users have.
#[test]
fn another_client_asks_and_believes_the_answers() {
    both(async |t| {
        let town = trusting(&t, "0").await;
        let folder = t.dir();
        put(folder, "chain.pem", &fetch(&mut town.stranger(), "/pki/ca.pem").await);
        put(folder, "paper", "Quyết định số 12".as_bytes());
        put(folder, "other", "Quyết định số 13".as_bytes());
        let mut who = town.stranger();
        let (mut believed, mut refused) = (0, 0);
        for hash in ["SHA256", "SHA512"] {
            for nonce in ["nonce", "bare"] {
                client(folder, &["ask", "paper", hash, nonce, "ask.tsq"]).expect("it asks");
                let asked = std::fs::read(folder.join("ask.tsq")).expect("the query was written");
                put(folder, "said.tsr", &stamped(&mut who, asked).await);
                let words = |paper: &'static str| ["believe", "ask.tsq", "said.tsr", paper, "chain.pem"];
                client(folder, &words("paper")).expect("it believes");
                believed += 1;
                let said =
                    client(folder, &words("other")).expect_err("another paper is not what was stamped");
                assert!(said.contains("Mismatch between messages"), "{said}");
                refused += 1;
            }
        }
        // An answer to another question: its nonce is not the one asked with.
        client(folder, &["ask", "paper", "SHA256", "nonce", "ask.tsq"]).expect("it asks");
        put(folder, "said.tsr", &stamped(&mut who, query(folder, "-sha256 -cert")).await);
        client(folder, &["ask", "paper", "SHA256", "nonce", "ask.tsq"]).expect("it asks");
        let said = client(folder, &["believe", "ask.tsq", "said.tsr", "paper", "chain.pem"]);
        assert!(said.expect_err("another's answer").contains("Nonce mismatch"));
        row("rfc3161-client", Way::Theirs, "requests for time-stamps, answered", believed);
        row("rfc3161-client", Way::Ours, "time-stamps of a served authority", believed);
        row("rfc3161-client", Way::Spoiled, "time-stamps of another paper or question", refused + 1);
    });
}

/// Runs rfc3161-client in a folder; what it complained of.
fn client(folder: &Path, words: &[&str]) -> Result<(), String> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = home.join("peers/venv/bin/python");
    let script = home.join("tests/suite/trust/rfc3161_peer.py");
    let run = std::process::Command::new(python).arg(script).args(words).current_dir(folder).output();
    let run = run.expect("`cargo x test` installs the peers");
    if run.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&run.stderr).into_owned()) }
}

#[test]
fn programs_choose_a_key_by_policy_once_there_are_several() {
    const RSA: &str = "1.3.6.1.4.1.32473.86.1.1";
    const EC: &str = "1.3.6.1.4.1.32473.86.1.2";
    both(async |t| {
        let town = trusting(&t, "0").await;
        let folder = t.dir();
        put(folder, "chain.pem", &fetch(&mut town.stranger(), "/pki/ca.pem").await);
        put(folder, "paper", b"a paper");
        let asked = |policy: &str| query(folder, &format!("-sha256 -cert {policy}"));
        let mut who = town.stranger();
        let refused = text(folder, &stamped(&mut who, asked(&format!("-tspolicy {RSA}"))).await);
        assert!(refused.contains("policy is not supported"), "{refused}");
        let mut admin = browser(&town, ADMIN).await;
        admin.opens(AUTHORITY).await.expect(200);
        admin.submits("Thêm khóa dấu thời gian", &[("stamp_kind", "p256")]).await.expect(422);
        says(&admin, "Đã có khóa dấu thời gian loại này.");
        admin.submits("Thêm khóa dấu thời gian", &[("stamp_kind", "rsa2048")]).await.expect(303);
        admin.opens(AUTHORITY).await.expect(200);
        says(&admin, "Dấu thời gian, RSA 2048");
        // Another node knows it by itself.
        let mut who = Person::inside(town.second_node(&t).await.router);
        for (policy, family) in
            [(format!("-tspolicy {RSA}"), "rsaEncryption"), (String::new(), "ecPublicKey")]
        {
            is_by(&mut who, folder, asked(&policy), family).await;
        }
        is_by(&mut who, folder, asked(&format!("-tspolicy {EC}")), "ecPublicKey").await;
        // The key is followed by one of its kind in time, like the other.
        town.minutes_later(0).await;
        assert_eq!(town.minutes_later(4 * 365 * 24 * 60 + 60).await, 0);
        let standing = async |tx: &mut db::Tx| -> db::Result<i64> {
            let sql = "select count(*) from signing_unit where kind = 'tsa' and state = 'active'";
            tx.get(sql, db::args![]).await
        };
        assert_eq!(town.opened.site.db.read(standing).await.expect("the store answers"), 2);
        town.audit_book_is_whole().await;
    });
}

/// OpenSSL verifies the time-stamp, and its certificate has a key of this family.
async fn is_by(who: &mut Person, folder: &Path, asked: Vec<u8>, family: &str) {
    let reply = stamped(who, asked).await;
    assert!(text(folder, &reply).contains("Status: Granted"));
    does(folder, "ts -verify -queryfile ask.tsq -in said.tsr -CAfile chain.pem");
    does(folder, "ts -reply -in said.tsr -token_out -out token.der");
    let token = std::fs::read(folder.join("token.der")).expect("OpenSSL wrote it");
    let token = pki::tsp::Token::parse(&token).expect("a token");
    let signer = &token.message.signers[0].id;
    let by = token.message.certificates.iter().find(|one| signer.is(one)).expect("its certificate");
    put(folder, "by.der", by.der());
    let said = does(folder, "x509 -inform der -in by.der -noout -text");
    assert!(said.contains(family), "{family}: {said}");
}
