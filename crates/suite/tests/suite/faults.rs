//! The world misbehaves: the database goes away, the disk is full, the clock jumps. Whoever asks is told
//! so and loses nothing; when the world is well again, so is the product, by itself.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::Method;
use db::testing::both;
use serde_json::json;
use suite::person::Person;
use suite::postgres::Postgres;
use suite::product::{Installation, Product, words};
use suite::town::people::*;
use suite::town::*;

use crate::kill::{filing, pdf, sign_in};
use crate::running::{account, files_once, unit};

/// Asks until the answer has this status; how else would one know that a fault has come or gone?
async fn until(product: &Product, path: &str, status: u16) {
    let patience = async {
        let mut pulse = tokio::time::interval(Duration::from_millis(50));
        let mut somebody = product.somebody();
        while somebody.gets(path).await.status != status {
            pulse.tick().await;
        }
    };
    let seen = tokio::time::timeout(Duration::from_secs(60), patience).await;
    assert!(seen.is_ok(), "{path} never answered {status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_gone_it_says_so_and_comes_back_by_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = Postgres::start(&[], |_| {});
    let more = format!("demo = true\n[database]\nurl = '{}'", server.url(""));
    let place = Installation::in_folder(folder.path(), &more);
    let product = place.serve().await;
    let before = files_once(&product, "before").await;
    let token = sign_in(product.somebody(), &account(CITIZEN, PASSWORD)).await;
    let mut citizen = product.somebody().with_token(&token);
    let upload = crate::kill::uploads(&mut citizen, &pdf("between")).await.expect("the server lives");

    server.halt();
    until(&product, "/healthz", 503).await;
    let health = product.somebody().gets("/healthz").await.json();
    assert_eq!((&health["database"], &health["status"]), (&json!(false), &json!("failing")));
    let page = product.somebody().gets("/dang-nhap").await;
    assert!(page.status == 200 || page.status == 503, "{}", page.status);
    let said = product.somebody().gets(&format!("/api/v1/dossiers/{before}")).await.expect(503);
    assert_eq!(said.header("content-type"), "application/problem+json");
    assert!(!said.text().contains("postgres"), "what is wrong inside is nobody's business: {}", said.text());
    citizen.says("idempotency-key", "one-and-the-same");
    let body = filing(&unit(), &upload);
    citizen.calls(Method::POST, "/api/v1/dossiers", Some(&body)).await.expect(503);

    server.go();
    until(&product, "/healthz", 200).await;
    let filed = citizen.calls(Method::POST, "/api/v1/dossiers", Some(&body)).await.expect(201).json();
    let again = citizen.calls(Method::POST, "/api/v1/dossiers", Some(&body)).await.expect(201).json();
    assert_eq!(filed["code"], again["code"]);
    product.somebody().gets(&format!("/api/v1/dossiers/{before}")).await.expect(200);
    assert!(product.stop());
    let verified = place.command(&["audit", "verify"]).output().expect("the binary runs");
    assert!(verified.status.success(), "{}", words(&verified));
}

/// Uploads and files one dossier; its code, or the status that refused.
async fn tries_to_file(citizen: &mut Person, name: &str) -> Result<String, u16> {
    let bytes = pdf(name);
    let file = suite::person::Upload {
        field: "file",
        file_name: "giay-to.pdf",
        content_type: "application/pdf",
        bytes: &bytes,
    };
    let said = citizen.uploads("/api/v1/uploads", file).await;
    if said.status != 201 {
        return Err(said.status);
    }
    let upload = said.json()["id"].as_str().expect("an upload has an id").to_string();
    let body = Bytes::from(filing(&unit(), &upload).to_string());
    let said = citizen.sends(Method::POST, "/api/v1/dossiers", Some("application/json"), body).await;
    if said.status != 201 {
        return Err(said.status);
    }
    Ok(said.json()["code"].as_str().expect("a dossier has a code").to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_nothing_new_is_acknowledged_and_nothing_old_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = Installation::in_folder(folder.path(), "demo = true");
    place.serve().await.stop();
    let product = place.serve_on_a_small_disk().await;
    let token = sign_in(product.somebody(), &account(CITIZEN, PASSWORD)).await;
    let mut citizen = product.somebody().with_token(&token);
    let mut acknowledged = vec![tries_to_file(&mut citizen, "first").await.expect("there is room")];

    // The write-ahead log may grow by some dossiers more; then every commit fails.
    let log = std::fs::metadata(place.data.join("cuulong.sqlite-wal")).expect("the log is there").len();
    product.file_size_max(Some(log + 200_000));
    let mut refused = 0;
    for n in 0..60 {
        match tries_to_file(&mut citizen, &format!("full-{n}")).await {
            Ok(code) => acknowledged.push(code),
            Err(status) => {
                assert_eq!(status, 503, "a full disk is no fault of the program's");
                refused += 1;
            }
        }
        if refused == 5 {
            break;
        }
    }
    assert_eq!(refused, 5, "the disk never became full");
    for path in ["/", "/thu-tuc"] {
        product.somebody().gets(path).await.expect(200);
    }

    product.file_size_max(None);
    acknowledged.push(tries_to_file(&mut citizen, "after").await.expect("room again, without a restart"));
    for code in &acknowledged {
        let dossier = citizen.gets(&format!("/api/v1/dossiers/{code}")).await.expect(200).json();
        let url = dossier["files"][0]["url"].as_str().expect("the owner sees the file").to_string();
        assert!(citizen.gets(&url).await.expect(200).body.starts_with(b"%PDF"));
    }
    let serials: Vec<u32> =
        acknowledged.iter().filter_map(|code| code.rsplit_once('-')?.1.parse().ok()).collect();
    let expected: Vec<u32> = (1..=u32::try_from(acknowledged.len()).expect("few")).collect();
    assert_eq!(serials, expected, "what was refused took no number");
    assert!(product.stop());
    let verified = place.command(&["audit", "verify"]).output().expect("the binary runs");
    assert!(verified.status.success(), "{}", words(&verified));
}

#[test]
fn when_the_clock_jumps_numbers_and_events_and_the_book_stay_right() {
    both(async |t| {
        let town = Town::of(&t).await;
        let (mut an, mut clerk) = (town.token(CITIZEN).await, town.token(CLERK).await);
        let first = files_a_birth(&mut an).await;
        assert_eq!(first, "001.09.22.Z61-260820-0001");

        // Set back by a day: what was written "tomorrow" goes on, and yesterday's numbers are their own.
        town.hand.set(morning().plus_days(-1));
        let second = files_a_birth(&mut an).await;
        assert_eq!(second, "001.09.22.Z61-260819-0001");
        let received = takes(&mut clerk, &first, "receive", json!({})).await;
        assert_eq!(received["status"], 2);
        town.delivers().await;
        assert_eq!(sees(&mut an, &first).await["papers"][0]["kind"], "receipt");

        // And right again: no number is given twice.
        town.hand.set(morning().plus_minutes(5));
        assert_eq!(files_a_birth(&mut an).await, "001.09.22.Z61-260820-0002");

        // Far ahead: everybody's session is over; with a new one the work goes on, late.
        town.hand.set(morning().plus_days(60));
        an.gets("/api/v1/me").await.expect(401);
        let (mut an, mut clerk) = (town.token(CITIZEN).await, town.token(CLERK).await);
        assert_eq!(takes(&mut clerk, &second, "receive", json!({})).await["status"], 2);
        assert_eq!(sees(&mut an, &second).await["status"], 2);
        town.delivers().await;

        // And back from there.
        town.hand.set(morning().plus_minutes(10));
        let (mut an, mut clerk) = (town.token(CITIZEN).await, town.token(CLERK).await);
        assert_eq!(files_a_birth(&mut an).await, "001.09.22.Z61-260820-0003");
        takes(&mut clerk, &second, "pass_on", json!({})).await;
        let path = format!("/api/v1/dossiers/{second}/history");
        let history = an.calls(Method::GET, &path, None).await.expect(200).json();
        let steps: Vec<&str> =
            history["items"].as_array().unwrap().iter().filter_map(|h| h["step"].as_str()).collect();
        assert_eq!(steps, ["file", "receive", "pass_on"], "in the order of the deeds, not of the clock");
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}
