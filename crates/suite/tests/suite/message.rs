//! Messages about a dossier: the applicant asks and is answered, officials leave notes that no applicant
//! ever sees, and there is an end to it.

use axum::http::Method;
use db::testing::both;
use serde_json::{Value, json};
use suite::person::{Answer, Person, Upload};
use suite::town::people::*;
use suite::town::*;

use crate::desk::{browser, page, presses, says};

fn own(code: &str) -> String {
    format!("/ho-so-cua-toi/{code}")
}

fn thread(code: &str) -> String {
    format!("{}/trao-doi", page(code))
}

fn paper(bytes: &[u8]) -> Upload<'_> {
    Upload { field: "tep", file_name: "to-khai.pdf", content_type: "application/pdf", bytes }
}

/// The applicant writes on the page of the dossier.
pub async fn asks(who: &mut Person, code: &str, words: &str, files: &[Upload<'_>]) -> Answer {
    who.opens(&own(code)).await.expect(200);
    who.submits_files("Gửi lời nhắn", &[("text", words)], files).await
}

/// An official writes with this button of the page of messages.
pub async fn writes(who: &mut Person, code: &str, button: &str, words: &str, files: &[Upload<'_>]) -> Answer {
    who.opens(&thread(code)).await.expect(200);
    who.submits_files(button, &[("text", words)], files).await
}

async fn calls(who: &mut Person, method: Method, code: &str, query: &str, body: Option<&Value>) -> Answer {
    who.calls(method, &format!("/api/v1/dossiers/{code}/messages{query}"), body).await
}

#[test]
fn a_citizen_asks_with_a_file_and_the_counter_answers() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        let (mut an, mut clerk) = (browser(&town, CITIZEN).await, browser(&town, CLERK).await);
        asks(&mut an, &code, "   ", &[]).await.expect(422);
        says(&an, "Viết lời nhắn trước khi gửi.");
        let long = "ă".repeat(2_001);
        let refused = asks(&mut an, &code, &long, &[]).await.expect(422).text();
        assert!(refused.contains(&long), "typed words stay");
        // A file that is none keeps the words; the good one goes along with the next try.
        let refused = asks(&mut an, &code, "Gửi kèm tờ khai", &[paper(b"nonsense")]).await.expect(422).text();
        assert!(refused.contains("Gửi kèm tờ khai"), "typed words stay");
        let bytes = pdf("tờ khai");
        asks(&mut an, &code, "", &[paper(&bytes)]).await.expect(422);
        says(&an, "Đã tải lên, sẽ gửi cùng lần này");
        let words = [("text", "Tôi khai thiếu tên đệm của cháu.\nSửa thế nào?")];
        let answer = an.submits_files("Gửi lời nhắn", &words, &[]).await.expect(303);
        an.follows(answer).await.expect(200);
        says(&an, "Đã gửi lời nhắn.");
        says(&an, "Sửa thế nào?");

        clerk.opens("/mot-cua/cho-tiep-nhan").await.expect(200);
        says(&clerk, "Chờ trả lời 1");
        clerk.opens("/mot-cua/cho-tra-loi").await.expect(200);
        let link = clerk.link(&code);
        clerk.opens(&link).await.expect(200);
        says(&clerk, "Tôi khai thiếu tên đệm của cháu.");
        says(&clerk, "Chờ trả lời từ");
        let file = clerk.link("to-khai.pdf");
        assert!(clerk.gets(&file).await.expect(200).body.starts_with(b"%PDF-"));
        browser(&town, NEIGHBOUR).await.gets(&file).await.expect(404);
        // From the dossier's own page, as quickly as it can be said.
        clerk.submits_files("Gửi người nộp", &[("text", "")], &[]).await.expect(422);
        says(&clerk, "Viết lời nhắn trước khi gửi.");
        let said = [("text", "Mang giấy chứng sinh đến quầy 2 để sửa.")];
        let answer = clerk.submits_files("Gửi người nộp", &said, &[]).await.expect(303);
        clerk.follows(answer).await.expect(200);
        says(&clerk, "Đã gửi người nộp.");
        says(&clerk, "Chờ trả lời 0");

        an.opens("/ho-so-cua-toi").await.expect(200);
        says(&an, "1 trả lời chưa đọc");
        an.opens(&own(&code)).await.expect(200);
        says(&an, "Mang giấy chứng sinh đến quầy 2 để sửa.");
        an.opens("/ho-so-cua-toi").await.expect(200);
        assert!(!an.page().text().contains("chưa đọc"), "what was opened is read");
        // One that wants no answer is put away, and stays where it is.
        let answer = asks(&mut an, &code, "Cảm ơn.", &[]).await.expect(303);
        an.follows(answer).await.expect(200);
        clerk.opens(&thread(&code)).await.expect(200);
        let answer = clerk.submits("Đã xem, không cần trả lời", &[]).await.expect(303);
        clerk.follows(answer).await.expect(200);
        says(&clerk, "Chờ trả lời 0");
        says(&clerk, "Cảm ơn.");
        browser(&town, NEIGHBOUR).await.opens(&own(&code)).await.expect(404);
        browser(&town, DISTRICT_CLERK).await.opens(&thread(&code)).await.expect(404);
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn what_officials_note_among_themselves_never_reaches_the_owner() {
    both(async |t| {
        const SECRET: &str = "Chữ ký trên tờ khai khác lần trước";
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        let mut clerk = browser(&town, CLERK).await;
        presses(&mut clerk, &code, "Tiếp nhận hồ sơ").await;
        presses(&mut clerk, &code, "Chuyển xử lý").await;
        let bytes = pdf("so sánh chữ ký");
        let answer = writes(&mut clerk, &code, "Ghi nội bộ", SECRET, &[paper(&bytes)]).await.expect(303);
        clerk.follows(answer).await.expect(200);
        says(&clerk, SECRET);
        let file = clerk.link("to-khai.pdf");
        let mut registrar = browser(&town, REGISTRAR).await;
        registrar.opens(&thread(&code)).await.expect(200);
        says(&registrar, SECRET);
        town.delivers().await;

        let (mut an, mut program) = (browser(&town, CITIZEN).await, town.token(CITIZEN).await);
        for path in [own(&code), "/ho-so-cua-toi".into(), "/thong-bao".into()] {
            let text = an.opens(&path).await.expect(200).text();
            assert!(!text.contains(SECRET) && !text.contains("nội bộ"), "{path}");
        }
        an.opens(&thread(&code)).await.expect(403);
        for file in [file.clone(), file.replace("?loai=note", "")] {
            an.gets(&file).await.expect(404);
        }
        assert!(registrar.gets(&file).await.expect(200).body.starts_with(b"%PDF-"));
        let list = calls(&mut program, Method::GET, &code, "", None).await.expect(200).json();
        assert_eq!(list["items"], json!([]));
        calls(&mut program, Method::GET, &code, "?kind=note", None).await.expect(404);
        let note = json!({ "text": "x", "kind": "note" });
        calls(&mut program, Method::POST, &code, "", Some(&note)).await.expect(404);
        let history = program.gets(&format!("/api/v1/dossiers/{code}/history")).await.expect(200).text();
        assert!(!history.contains(SECRET));
        let seen = calls(&mut town.token(REGISTRAR).await, Method::GET, &code, "?kind=note", None).await;
        assert_eq!(seen.expect(200).json()["items"][0]["text"], SECRET);
        town.audit_book_is_whole().await;
    });
}

#[test]
fn there_is_an_end_to_what_one_day_and_a_closed_dossier_take() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        let mut an = town.token(CITIZEN).await;
        for n in 1..=10 {
            let body = json!({ "text": format!("Lần {n}") });
            calls(&mut an, Method::POST, &code, "", Some(&body)).await.expect(201);
        }
        let body = json!({ "text": "Lần 11" });
        let refused = calls(&mut an, Method::POST, &code, "", Some(&body)).await.expect(422).text();
        assert!(refused.contains("nhiều nhất trong một ngày"), "{refused}");
        takes(&mut an, &code, "withdraw", json!({})).await;
        town.minutes_later(30 * 24 * 60).await;
        let mut an = town.token(CITIZEN).await;
        calls(&mut an, Method::POST, &code, "", Some(&body)).await.expect(201);
        town.minutes_later(1).await;
        let mut an = browser(&town, CITIZEN).await;
        an.opens(&own(&code)).await.expect(200);
        says(&an, "Hồ sơ đã kết thúc quá 30 ngày nên không nhận lời nhắn nữa.");
        for login in [CITIZEN, CLERK] {
            calls(&mut town.token(login).await, Method::POST, &code, "", Some(&body)).await.expect(422);
        }
        town.delivers().await;
    });
}

#[test]
fn programs_write_once_and_only_those_who_work_on_it_answer_its_applicant() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        let mut an = town.token(CITIZEN).await;
        let upload = uploads(&mut an, "ảnh").await;
        let body = json!({ "text": "Xin hỏi", "uploads": [upload] });
        an.says("idempotency-key", "m-1");
        let first = calls(&mut an, Method::POST, &code, "", Some(&body)).await.expect(201).json();
        let again = calls(&mut an, Method::POST, &code, "", Some(&body)).await.expect(201).json();
        assert_eq!(first, again);
        // The upload was taken over; nobody sends it twice.
        an.says("idempotency-key", "m-2");
        let gone = calls(&mut an, Method::POST, &code, "", Some(&body)).await.expect(422).text();
        assert!(gone.contains("không còn"), "{gone}");
        calls(&mut an, Method::POST, &code, "", Some(&json!({ "text": "x", "kind": "odd" })))
            .await
            .expect(422);
        calls(&mut an, Method::POST, &code, "", Some(&json!({ "words": "x" }))).await.expect(422);

        let reply = json!({ "text": "Xin chào" });
        for (login, status) in [(NEIGHBOUR, 404), (DISTRICT_CLERK, 404), (CLERK, 201), (CHAIRMAN, 201)] {
            let answer = calls(&mut town.token(login).await, Method::POST, &code, "", Some(&reply)).await;
            assert_eq!(answer.status, status, "{login}: {}", answer.text());
        }
        let list =
            calls(&mut town.token(CITIZEN).await, Method::GET, &code, "", None).await.expect(200).json();
        let from: Vec<&str> = list["items"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|m| m["from"].as_str().expect("a side"))
            .collect();
        assert_eq!(from, ["owner", "office", "office"]);
        let url = list["items"][0]["files"][0]["url"].as_str().expect("an address").to_string();
        assert!(town.token(CLERK).await.gets(&url).await.expect(200).body.starts_with(b"%PDF-"));
        calls(&mut town.stranger(), Method::GET, &code, "", None).await.expect(401);

        // Whoever has handed it on may look and note, and no longer speaks for the office.
        takes(&mut town.token(CLERK).await, &code, "receive", json!({})).await;
        takes(&mut town.token(CLERK).await, &code, "pass_on", json!({})).await;
        takes(&mut town.token(REGISTRAR).await, &code, "submit_for_signature", json!({})).await;
        let mut registrar = town.token(REGISTRAR).await;
        let refused = calls(&mut registrar, Method::POST, &code, "", Some(&reply)).await.expect(422).text();
        assert!(refused.contains("Có thể ghi nội bộ"), "{refused}");
        let note = json!({ "text": "Đã trình", "kind": "note" });
        calls(&mut registrar, Method::POST, &code, "", Some(&note)).await.expect(201);
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}
