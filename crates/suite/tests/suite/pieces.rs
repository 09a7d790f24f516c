//! Files that come in pieces: over the wire, cut in mid-piece, from two nodes, past every limit.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::Method;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use db::testing::both;
use serde_json::json;
use suite::person::{Answer, Person};
use suite::town::people::*;
use suite::town::*;
use tokio::io::AsyncWriteExt;

use crate::desk::{browser, says};

const PIECES: &str = "/api/v1/uploads/resumable";
const KIND: Option<&str> = Some("application/offset+octet-stream");

/// A PDF by its first bytes, of so many bytes, no two places alike.
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

fn digest(bytes: &[u8]) -> String {
    STANDARD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes))
}

async fn begins(who: &mut Person, size: usize) -> Answer {
    who.says("tus-resumable", "1.0.0");
    who.says("upload-length", &size.to_string());
    who.says("upload-metadata", &format!("filename {}", STANDARD.encode("giấy chứng sinh.pdf")));
    who.sends(Method::POST, PIECES, None, Bytes::new()).await
}

async fn sends(who: &mut Person, at: &str, offset: usize, bytes: &[u8]) -> Answer {
    who.says("upload-offset", &offset.to_string());
    who.says("upload-checksum", &format!("sha256 {}", digest(bytes)));
    who.sends(Method::PATCH, at, KIND, Bytes::copy_from_slice(bytes)).await
}

async fn asks(who: &mut Person, at: &str) -> Answer {
    who.sends(Method::HEAD, at, None, Bytes::new()).await
}

/// The town behind a port of its own.
async fn listens(town: &Town) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let address = listener.local_addr().expect("it listens");
    let service = town.opened.router.clone().into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

#[test]
fn a_line_cut_in_mid_piece_loses_nothing_that_arrived() {
    both(async |t| {
        let town = Town::of(&t).await;
        let server = listens(&town).await;
        let token = town.api_token(CITIZEN).await;
        let mut an = Person::over_the_wire(server).with_token(&token);
        let file = large(3_000_000);
        let at = begins(&mut an, file.len()).await.expect(201).header("location").to_string();

        // Told to bring the whole file, the line goes dead after 1,300,000 bytes.
        let mut line = tokio::net::TcpStream::connect(server).await.unwrap();
        let head = format!(
            "PATCH {at} HTTP/1.1\r\nhost: {server}\r\nauthorization: Bearer {token}\r\n\
             tus-resumable: 1.0.0\r\nupload-offset: 0\r\n\
             content-type: application/offset+octet-stream\r\ncontent-length: {}\r\n\r\n",
            file.len()
        );
        line.write_all(head.as_bytes()).await.unwrap();
        line.write_all(&file[..1_300_000]).await.unwrap();
        line.shutdown().await.unwrap();
        drop(line);

        // What had arrived is kept soon after; nobody knows when, so one asks again.
        let mut kept = 0;
        for _ in 0..2_000 {
            kept = asks(&mut an, &at).await.expect(200).header("upload-offset").parse().unwrap();
            if kept == 1_300_000 {
                break;
            }
            tokio::time::timeout(Duration::from_millis(5), std::future::pending::<()>()).await.unwrap_err();
        }
        assert_eq!(kept, 1_300_000);
        let done = sends(&mut an, &at, kept, &file[kept..]).await.expect(204);
        assert_eq!(done.header("upload-offset"), "3000000");
        assert_eq!(done.header("repr-digest"), format!("sha-256=:{}:", digest(&file)));

        let id = at.rsplit('/').next().unwrap();
        let body = json!({ "procedure": "1.001193", "unit": COMMUNE, "answers": birth_answers(),
            "uploads": [{ "component": "birth-record", "upload": id }] });
        let filed = an.calls(Method::POST, "/api/v1/dossiers", Some(&body)).await.expect(201).json();
        let code = filed["code"].as_str().unwrap();
        let files = sees(&mut an, code).await["files"].clone();
        assert_eq!(files[0]["name"], "giấy chứng sinh.pdf");
        let bytes = an.gets(files[0]["url"].as_str().unwrap()).await.expect(200).body;
        assert!(bytes == file, "the dossier holds other bytes than were sent");
        town.delivers().await;
    });
}

#[test]
fn a_piece_is_taken_at_its_place_whole_and_once() {
    both(async |t| {
        let town = Town::of(&t).await;
        let (mut an, mut neighbour) = (town.token(CITIZEN).await, town.token(NEIGHBOUR).await);
        let file = large(100_000);
        let begun = begins(&mut an, file.len()).await.expect(201);
        assert_eq!(begun.header("upload-expires"), "Fri, 21 Aug 2026 02:00:00 GMT");
        let at = begun.header("location").to_string();
        sends(&mut an, &at, 0, &file[..60_000]).await.expect(204);

        let conflict = sends(&mut an, &at, 0, &file[..60_000]).await.expect(409);
        assert_eq!(conflict.header("tus-resumable"), "1.0.0");
        an.says("upload-offset", "60000");
        an.says("upload-checksum", &format!("sha256 {}", digest(b"something else")));
        let rest = Bytes::copy_from_slice(&file[60_000..]);
        let damaged = an.sends(Method::PATCH, &at, KIND, rest.clone()).await.expect(460).json();
        assert_eq!(damaged["code"], "checksum-mismatch");
        sends(&mut an, &at, 60_000, &[&file[60_000..], b"!"].concat()).await.expect(400);
        an.sends(Method::PATCH, &at, Some("application/pdf"), rest).await.expect(415);
        assert_eq!(asks(&mut an, &at).await.expect(200).header("upload-offset"), "60000");

        neighbour.says("tus-resumable", "1.0.0");
        asks(&mut neighbour, &at).await.expect(404);
        sends(&mut neighbour, &at, 60_000, &file[60_000..]).await.expect(404);
        neighbour.says("tus-resumable", "0.2.2");
        let other = asks(&mut neighbour, &at).await.expect(412);
        assert_eq!(other.header("tus-version"), "1.0.0");

        sends(&mut an, &at, 60_000, &file[60_000..]).await.expect(204);
        // The answer to the last piece got lost: asking tells that all is there.
        let whole = asks(&mut an, &at).await.expect(200);
        assert_eq!(whole.header("upload-offset"), "100000");
        assert_eq!(whole.header("repr-digest"), format!("sha-256=:{}:", digest(&file)));
        assert_eq!(sends(&mut an, &at, 100_000, &[]).await.expect(204).header("upload-offset"), "100000");
    });
}

#[test]
fn another_node_takes_the_next_piece() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut first = town.token(CITIZEN).await;
        let second = town.second_node(&t).await;
        let mut second = Person::inside(second.router.clone()).with_token(&town.api_token(CITIZEN).await);
        let file = large(2_500_000);
        let at = begins(&mut first, file.len()).await.expect(201).header("location").to_string();
        sends(&mut first, &at, 0, &file[..1_000_000]).await.expect(204);
        second.says("tus-resumable", "1.0.0");
        assert_eq!(asks(&mut second, &at).await.expect(200).header("upload-offset"), "1000000");
        sends(&mut second, &at, 1_000_000, &file[1_000_000..2_000_000]).await.expect(204);
        let done = sends(&mut first, &at, 2_000_000, &file[2_000_000..]).await.expect(204);
        assert_eq!(done.header("repr-digest"), format!("sha-256=:{}:", digest(&file)));
    });
}

#[test]
fn files_in_pieces_have_limits_and_an_end() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut an = town.token(CITIZEN).await;
        begins(&mut an, 0).await.expect(422);
        begins(&mut an, 20 * 1024 * 1024 + 1).await.expect(422);
        an.says("upload-metadata", "filename ???");
        an.sends(Method::POST, PIECES, None, Bytes::new()).await.expect(400);
        for _ in 0..5 {
            begins(&mut an, 20 * 1024 * 1024).await.expect(201);
        }
        let refused = begins(&mut an, 1).await.expect(422).json();
        assert!(refused["detail"].as_str().unwrap().contains("quá nhiều tệp"), "{refused}");

        // What a file is, is told from its bytes; a refused one is forgotten and counts no more.
        let mut other = town.token(NEIGHBOUR).await;
        let at = begins(&mut other, 9).await.expect(201).header("location").to_string();
        sends(&mut other, &at, 0, b"#!/bin/sh").await.expect(422);
        asks(&mut other, &at).await.expect(404);

        let at = begins(&mut other, 10).await.expect(201).header("location").to_string();
        other.sends(Method::DELETE, &at, None, Bytes::new()).await.expect(204);
        asks(&mut other, &at).await.expect(404);

        let at = begins(&mut other, 10).await.expect(201).header("location").to_string();
        town.hand.advance(Duration::from_secs(24 * 3600 + 1));
        let mut other = town.token(NEIGHBOUR).await;
        other.says("tus-resumable", "1.0.0");
        asks(&mut other, &at).await.expect(404);
        let jobs = cuulong::background::jobs(&town.opened);
        let now = town.opened.site.clock.now();
        for later in [0, 7_200] {
            let at = now.plus_seconds(later);
            assert_eq!(db::jobs::run_due(&town.opened.site.db, &jobs, at).await.unwrap().failed, 0);
        }
        begins(&mut town.token(CITIZEN).await, 20 * 1024 * 1024).await.expect(201);
        let left = async |tx: &mut db::Tx| tx.get::<i64>("select count(*) from piecewise", db::args![]).await;
        assert_eq!(town.opened.site.db.read(left).await.unwrap(), 1);
    });
}

/// Sends a file of this component up in two pieces, as the module of the pages does; its upload's id.
async fn goes_up(who: &mut Person, component: &str, bytes: &[u8]) -> String {
    let (name, component) = (STANDARD.encode("giấy.pdf"), STANDARD.encode(component));
    who.says("tus-resumable", "1.0.0");
    who.says("upload-length", &bytes.len().to_string());
    who.says("upload-metadata", &format!("filename {name},component {component}"));
    let begun = who.sends(Method::POST, PIECES, None, Bytes::new()).await.expect(201);
    let at = begun.header("location").to_string();
    let half = bytes.len() / 2;
    sends(who, &at, 0, &bytes[..half]).await.expect(204);
    sends(who, &at, half, &bytes[half..]).await.expect(204);
    at.rsplit('/').next().expect("an id").to_string()
}

#[test]
fn a_supplement_that_came_in_pieces_waits_for_its_form_and_is_nobody_elses() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        let mut clerk = town.token(CLERK).await;
        takes(&mut clerk, &code, "receive", json!({})).await;
        let ask = lacks("identity", "Bổ sung giấy tờ tùy thân");
        takes(&mut clerk, &code, "ask_supplement", ask).await;
        let mut program = town.token(CITIZEN).await;
        goes_up(&mut program, &format!("{code}/identity"), &large(90_000)).await;

        // It is on the page of any browser of his, until the form is sent.
        let page = format!("/ho-so-cua-toi/{code}");
        let mut an = browser(&town, CITIZEN).await;
        let text = an.opens(&page).await.expect(200).text();
        assert!(text.contains("draft.") && text.contains("data-pieces"), "the module is on the page");
        says(&an, "Đã tải lên, sẽ gửi cùng lần này");
        let sent = an.submits_files("Nộp bổ sung", &[], &[]).await.expect(303);
        assert_eq!(sent.header("location"), format!("{page}?bao=bo-sung"));
        let files = sees(&mut program, &code).await["files"].clone();
        let names: Vec<&str> =
            files.as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap()).collect();
        assert!(names.contains(&"giấy.pdf"), "{names:?}");
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn what_a_helper_sends_in_pieces_becomes_the_owners_paper() {
    both(async |t| {
        let town = Town::of(&t).await;
        let (mut an, mut hanh) = (browser(&town, CITIZEN).await, browser(&town, NEIGHBOUR).await);
        let draft = crate::helper::begins(&mut an).await;
        crate::helper::is_helped(&mut an, &mut hanh, &draft, "fill").await;
        let id = goes_up(&mut town.token(NEIGHBOUR).await, "identity", &large(90_000)).await;
        let text = hanh.opens(&format!("{draft}/giay-to")).await.expect(200).text();
        assert!(text.contains("data-pieces"), "a helper sends in pieces too");
        let button = "Tải lên cho Giấy tờ tùy thân của người yêu cầu";
        // The browser's module names what has gone up; somebody else's upload is not taken.
        let forms = hanh.page().forms();
        let form = forms.iter().find(|f| f.buttons.iter().any(|(words, _)| words == button)).expect("a form");
        let stranger = goes_up(&mut town.token(CITIZEN).await, "identity", &large(80_000)).await;
        for (upload, status) in [(&stranger, 404), (&id, 303), (&id, 404)] {
            let mut fields = form.fields.clone();
            fields.push(("kem".into(), format!("identity|{upload}|giấy.pdf")));
            let (kind, body) = suite::person::multipart(&fields, &[]);
            hanh.sends(Method::POST, &form.action, Some(&kind), body).await.expect(status);
        }
        an.opens(&format!("{draft}/giay-to")).await.expect(200);
        says(&an, "giấy.pdf");
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}
