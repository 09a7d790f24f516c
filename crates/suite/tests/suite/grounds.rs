//! What is said when the answer is no, later or not yet: on paper, on the pages, over the API. The papers are
//! read from outside. law: onestop/refusal-reasons, onestop/guide-once, onestop/forms

use axum::http::Method;
use db::testing::both;
use db::{Tx, args};
use serde_json::{Value, json};
use suite::town::people::*;
use suite::town::*;

use crate::desk::{browser, page, says};
use crate::life::fields;
use crate::notice::told as inbox;
use crate::thirteen::paper_text;

fn refusal() -> Value {
    json!({
        "reason": "duplicate",
        "basis": ["123/2015/NĐ-CP", "04/2020/TT-BTP"],
        "basis_note": "Điều 13, khoản 2",
        "note": "Trẻ đã có hồ sơ nộp hôm qua.",
    })
}

#[track_caller]
fn told(text: &str, sentences: &[&str]) {
    for sentence in sentences {
        assert!(text.contains(sentence), "not found: {sentence}\nin: {text}");
    }
}

/// A birth taken on paper, without answers of a form: its result is a letter.
async fn taken_on_paper(town: &Town) -> String {
    let body = json!({
        "procedure": "1.001193",
        "unit": COMMUNE,
        "applicant": { "name": "Nguyễn Văn Ba", "personal_number": "086090000777" },
    });
    let mut clerk = town.token(CLERK).await;
    let filed = clerk.calls(Method::POST, "/api/v1/dossiers", Some(&body)).await.expect(201).json();
    filed["code"].as_str().expect("a filing answers with a code").to_string()
}

async fn comes_to_signature(town: &Town, code: &str) {
    takes(&mut town.token(CLERK).await, code, "receive", json!({})).await;
    takes(&mut town.token(CLERK).await, code, "pass_on", json!({})).await;
    takes(
        &mut town.token(REGISTRAR).await,
        code,
        "submit_for_signature",
        json!({ "note": "Trình lãnh đạo." }),
    )
    .await;
}

#[test]
fn a_refusal_names_reason_provisions_and_where_to_complain_wherever_it_is_told() {
    both(async |t| {
        let town = Town::of(&t).await;
        let (mut an, mut clerk) = (town.token(CITIZEN).await, town.token(CLERK).await);
        let code = files_a_birth(&mut an).await;
        let foreign = json!({ "reason": "duplicate", "basis": ["1/1999/XY"], "note": "x" });
        let no = tries_step(&mut clerk, &code, "refuse", foreign).await.expect(422).json();
        assert_eq!(fields(&no), ["basis"], "only documents of the procedure");
        takes(&mut clerk, &code, "refuse", refusal()).await;
        town.delivers().await;

        let form = paper_text(&town, &code, "refusal", CLERK).await;
        told(
            &form,
            &[
                "Mẫu số 03",
                "Số: 01",
                "Trùng với hồ sơ đã nộp.",
                "Trẻ đã có hồ sơ nộp hôm qua.",
                "Căn cứ: 123/2015/NĐ-CP; 04/2020/TT-BTP; Điều 13, khoản 2.",
                "có quyền khiếu nại đến",
            ],
        );
        let path = format!("/api/v1/dossiers/{code}/history");
        let history = an.gets(&path).await.expect(200).json();
        let line = history["items"].as_array().and_then(|all| all.last()).expect("a line").clone();
        assert_eq!(line["basis"], json!(["123/2015/NĐ-CP", "04/2020/TT-BTP", "Điều 13, khoản 2"]));

        let mut own = browser(&town, CITIZEN).await;
        own.opens(&format!("/ho-so-cua-toi/{code}")).await.expect(200);
        says(&own, "Căn cứ: 123/2015/NĐ-CP; 04/2020/TT-BTP; Điều 13, khoản 2");
        says(&own, "có quyền khiếu nại đến");
        own.opens("/thong-bao").await.expect(200);
        says(&own, "Lý do: Trùng với hồ sơ đã nộp. Nếu không đồng ý, có quyền khiếu nại đến");
        town.audit_book_is_whole().await;
    });
}

#[test]
fn a_denial_prints_its_grounds_and_nothing_is_granted_without_its_answers() {
    both(async |t| {
        let town = Town::of(&t).await;
        let (denied, granted) = (taken_on_paper(&town).await, taken_on_paper(&town).await);
        for code in [&denied, &granted] {
            comes_to_signature(&town, code).await;
        }
        let mut chairman = town.token(CHAIRMAN).await;
        let no = json!({
            "outcome": "denied", "reason": "untrue", "basis": ["123/2015/NĐ-CP"], "basis_note": "Điều 15",
            "note": "Giấy chứng sinh không do cơ sở y tế cấp.",
        });
        takes(&mut chairman, &denied, "decide", no).await;
        let yes = json!({ "outcome": "granted", "basis": ["123/2015/NĐ-CP"], "note": "Đủ điều kiện." });
        let told_why = tries_step(&mut chairman, &granted, "decide", yes).await.expect(422).json();
        assert!(told_why["detail"].as_str().unwrap_or_default().contains("tờ khai còn"), "{told_why}");
        town.delivers().await;
        told(
            &paper_text(&town, &denied, "result", CLERK).await,
            &[
                "Căn cứ 123/2015/NĐ-CP; Căn cứ Điều 15.",
                "Giấy tờ hoặc nội dung khai không đúng sự thật.",
                "Giấy chứng sinh không do cơ sở y tế cấp.",
                "có quyền khiếu nại đến",
            ],
        );
        town.audit_book_is_whole().await;
    });
}

#[test]
fn a_request_is_for_the_whole_list() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = taken_on_paper(&town).await;
        let mut clerk = town.token(CLERK).await;
        // Nothing was counted and nothing uploaded: each paper that must be there needs its mark.
        let half = json!({ "marks": { "birth-record": "missing" }, "reason": "papers", "note": "Thiếu." });
        let no = tries_step(&mut clerk, &code, "ask_supplement", half).await.expect(422).json();
        assert_eq!(fields(&no), ["marks.declaration"]);
        // Everything is there, and yet papers are the matter: that asks for nothing.
        let nothing = json!({
            "marks": { "declaration": "present", "birth-record": "present" },
            "reason": "papers", "note": "Thiếu.",
        });
        let no = tries_step(&mut clerk, &code, "ask_supplement", nothing).await.expect(422).json();
        assert_eq!(fields(&no), ["reason"]);
        let whole = json!({
            "marks": { "declaration": "unfit", "birth-record": "missing" },
            "reason": "papers", "note": "Tờ khai chưa ký; chưa có giấy chứng sinh.",
        });
        takes(&mut clerk, &code, "ask_supplement", whole).await;
        town.delivers().await;
        told(
            &paper_text(&town, &code, "supplement", CLERK).await,
            &[
                "Mẫu số 02",
                "Số: 01/HDHS",
                "Giấy tờ còn thiếu hoặc chưa dùng được.",
                "Đã nộp nhưng chưa dùng được",
                "Còn thiếu",
                "Tờ khai chưa ký; chưa có giấy chứng sinh.",
            ],
        );
        // Each of the two is answered for itself.
        let one = json!({ "explained": { "declaration": "Đã ký lại tại quầy" }, "note": "Xin nhận." });
        let no = tries_step(&mut clerk, &code, "supplement", one).await.expect(422).json();
        assert_eq!(fields(&no), ["explained.birth-record"]);
        let mut desk = browser(&town, CLERK).await;
        desk.opens(&format!("{}/nhan-bo-sung", page(&code))).await.expect(200);
        let said = [
            ("explained.declaration", "brought"),
            ("explained.birth-record", "not_brought"),
            ("note", "Bệnh viện hẹn cấp lại ngày 28."),
        ];
        let answer = desk.submits("Nộp bổ sung", &said).await.expect(303);
        desk.follows(answer).await.expect(200);
        says(&desk, "Đã nộp bản giấy tại quầy");
        says(&desk, "Bệnh viện hẹn cấp lại ngày 28.");
        assert_eq!(sees(&mut clerk, &code).await["status"], 1);
        town.audit_book_is_whole().await;
    });
}

#[test]
fn words_alone_ask_about_answers_and_never_about_papers() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        let mut desk = browser(&town, CLERK).await;
        desk.opens(&format!("{}/yeu-cau-bo-sung", page(&code))).await.expect(200);
        // What was uploaded is marked already, so the form goes as it is but for its reason.
        let words = [("reason", "papers"), ("note", "Ghi rõ nơi sinh.")];
        desk.submits("Yêu cầu bổ sung", &words).await.expect(422);
        says(&desk, "Chưa đánh dấu giấy tờ nào thiếu");
        let answer = desk.submits("Yêu cầu bổ sung", &[("reason", "answers")]).await.expect(303);
        desk.follows(answer).await.expect(200);
        says(&desk, "Nội dung khai chưa rõ hoặc chưa đúng");
        town.delivers().await;
    });
}

#[test]
fn what_is_brought_before_reception_waits_for_the_counter() {
    both(async |t| {
        let town = Town::of(&t).await;
        let (mut an, mut clerk) = (town.token(CITIZEN).await, town.token(CLERK).await);
        let code = files_a_birth(&mut an).await;
        takes(&mut clerk, &code, "ask_supplement", lacks("identity", "Bổ sung giấy tờ tùy thân")).await;
        town.hand.set(morning().plus_days(4)); // a Monday
        let (mut an, mut clerk) = (town.token(CITIZEN).await, town.token(CLERK).await);
        let upload = uploads(&mut an, "căn cước").await;
        let brought = json!({ "uploads": [{ "component": "identity", "upload": upload }] });
        let again = takes(&mut an, &code, "supplement", brought).await;
        assert_eq!(
            (&again["status"], &again["due"]),
            (&json!(1), &Value::Null),
            "no promise of its own making"
        );
        let seen = sees(&mut an, &code).await;
        assert_eq!(seen["answer_by"], "2026-08-25T09:00:00+07:00", "eight working hours anew");
        town.delivers().await;
        let kinds = seen["papers"].to_string();
        assert!(!kinds.contains("receipt"), "{kinds}");
        an.gets(&format!("/ho-so/{code}/giay/receipt")).await.expect(404);
        let received = takes(&mut clerk, &code, "receive", json!({})).await;
        assert_eq!((&received["status"], &received["due"]), (&json!(2), &json!("2026-08-24T17:00:00+07:00")));
        town.delivers().await;
        told(&paper_text(&town, &code, "receipt", CLERK).await, &["Mẫu số 01", "GIẤY TIẾP NHẬN HỒ SƠ"]);
        town.audit_book_is_whole().await;
    });
}

#[test]
fn a_stop_is_told_in_writing() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut clerk = town.token(CLERK).await;
        let mut codes = Vec::new();
        for _ in 0..2 {
            let code = files_a_birth(&mut town.token(CITIZEN).await).await;
            takes(&mut clerk, &code, "receive", json!({})).await;
            let why = json!({ "reason": "dispute", "basis": ["123/2015/NĐ-CP"], "note": "Đang tranh chấp." });
            takes(&mut clerk, &code, "stop", why).await;
            codes.push(code);
        }
        town.delivers().await;
        let first = paper_text(&town, &codes[0], "stop", CLERK).await;
        told(
            &first,
            &[
                "THÔNG BÁO DỪNG GIẢI QUYẾT HỒ SƠ",
                "Số: 01",
                "Có tranh chấp, khiếu nại đang được giải quyết.",
                "Đang tranh chấp.",
                "Căn cứ: 123/2015/NĐ-CP.",
                "Bản giấy đã nộp được trả lại tại",
                "Chưa thu phí, lệ phí.",
                "có quyền khiếu nại đến",
            ],
        );
        assert!(!first.contains("Mẫu số"), "the frame of 2018 has no such form: {first}");
        told(&paper_text(&town, &codes[1], "stop", CLERK).await, &["Số: 02"]);
        let mut own = browser(&town, CITIZEN).await;
        own.opens(&format!("/ho-so-cua-toi/{}", codes[0])).await.expect(200);
        says(&own, "Thông báo dừng giải quyết hồ sơ");
        town.audit_book_is_whole().await;
    });
}

#[test]
fn a_paper_follows_the_frame_of_its_day() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut clerk = town.token(CLERK).await;
        let stops = async |clerk: &mut suite::person::Person| {
            let code = files_a_birth(&mut town.token(CITIZEN).await).await;
            takes(clerk, &code, "receive", json!({})).await;
            let why = json!({ "reason": "dispute", "basis": ["123/2015/NĐ-CP"], "note": "Đang tranh chấp." });
            takes(clerk, &code, "stop", why).await;
            code
        };
        let before = stops(&mut clerk).await;
        told(&paper_text(&town, &before, "control", CLERK).await, &["Mẫu số 05"]);
        // The reform comes into force on the next day, and the papers of today stay what they were.
        let site = town.opened.site.clone();
        let reform = async |tx: &mut Tx| {
            tx.change(
                "insert into parameter (id, value, valid_from, source)
                 values ('legal-frame', '2025', '2026-08-21', 'a test')",
                args![],
            )
            .await
        };
        site.db.upkeep::<_, db::Error, _>(reform).await.expect("a dated row");
        let catalogue = &town.opened.onestop.catalogue;
        assert!(catalogue.refresh(&site.db, site.clock.today()).await.expect("it is read again"));
        let same_day = stops(&mut clerk).await;
        town.hand.set(morning().plus_days(1));
        let mut clerk = town.token(CLERK).await;
        let after = stops(&mut clerk).await;
        town.delivers().await;
        for code in [&before, &same_day] {
            let text = paper_text(&town, code, "stop", CLERK).await;
            assert!(!text.contains("Mẫu số"), "the frame of 2018 has no such form: {text}");
        }
        told(
            &paper_text(&town, &after, "stop", CLERK).await,
            &["Mẫu số 05", "THÔNG BÁO DỪNG GIẢI QUYẾT HỒ SƠ"],
        );
        told(&paper_text(&town, &after, "control", CLERK).await, &["Mẫu số 06"]);
        told(&paper_text(&town, &before, "control", CLERK).await, &["Mẫu số 05"]);
        town.audit_book_is_whole().await;
    });
}

#[test]
fn a_short_limit_that_was_missed_is_a_fact() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        town.hand.set(morning().plus_days(4)); // a Monday: the answer was due on Friday
        let mut clerk = town.token(CLERK).await;
        takes(&mut clerk, &code, "receive", json!({})).await;
        town.minutes_later(8 * 60 + 10).await; // ten minutes after office hours
        takes(&mut town.token(CLERK).await, &code, "pass_on", json!({})).await;
        town.delivers().await;

        let path = format!("/api/v1/dossiers/{code}/history");
        let history = town.token(CLERK).await.gets(&path).await.expect(200).json();
        let late: Vec<&Value> =
            history["items"].as_array().into_iter().flatten().map(|h| &h["late"]).collect();
        assert_eq!(late, [&Value::Null, &json!("answer"), &json!("hand_on")]);
        told(&paper_text(&town, &code, "control", CLERK).await, &["Quá hạn", "Muộn:"]);
        let mut desk = browser(&town, CLERK).await;
        desk.opens(&page(&code)).await.expect(200);
        says(&desk, "Muộn: hạn trả lời người nộp là");
        // By unit, and by the official whose step it was, down to the dossier.
        let mut chairman = browser(&town, CHAIRMAN).await;
        for by in ["don-vi", "can-bo"] {
            let path = format!("/bao-cao?tu=2026-08&den=2026-08&theo={by}");
            let html = chairman.opens(&path).await.expect(200).text();
            says(&chairman, "Chậm hạn ngắn");
            let links = html.split("href=\"").filter_map(|part| part.split('"').next());
            let list =
                links.filter(|href| href.contains("o=short")).next().map(|href| href.replace("&#38;", "&"));
            let list = list.unwrap_or_else(|| panic!("no way down by {by}"));
            assert_eq!(chairman.opens(&list).await.status, 200, "{list}");
            says(&chairman, &code);
        }
        town.audit_book_is_whole().await;
    });
}

#[test]
fn the_counter_is_warned_before_it_is_late_and_the_citizen_is_told_when_a_promise_passed() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        takes(&mut town.token(CLERK).await, &code, "receive", json!({})).await;
        town.minutes_later(0).await;
        town.minutes_later(7 * 60 + 15).await; // a quarter past four
        assert!(inbox(&town, CLERK).await.contains(&"hand_on_soon".to_string()));
        assert!(!inbox(&town, CITIZEN).await.contains(&"promise_passed".to_string()));
        town.minutes_later(60).await; // past five, when it was promised
        assert!(inbox(&town, CITIZEN).await.contains(&"promise_passed".to_string()));
        let mut own = browser(&town, CITIZEN).await;
        own.opens(&format!("/ho-so-cua-toi/{code}")).await.expect(200);
        says(&own, "Cơ quan xin lỗi về sự chậm trễ");
    });
}
