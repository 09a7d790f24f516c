//! What only a leader may do, and how others lay it before one: a second request for papers, and a
//! later promise with its apology.

use db::testing::both;
use serde_json::{Value, json};
use suite::person::Person;
use suite::town::people::*;
use suite::town::*;

use crate::desk::{browser, page, presses, says};

/// Asks for papers over the API and lets the citizen bring them.
async fn asks_once(town: &Town, code: &str) {
    let (mut an, mut clerk) = (town.token(CITIZEN).await, town.token(CLERK).await);
    takes(&mut clerk, code, "receive", json!({})).await;
    let ask = lacks("identity", "Bổ sung giấy tờ tùy thân");
    takes(&mut clerk, code, "ask_supplement", ask).await;
    let upload = uploads(&mut an, "căn cước").await;
    let brought = json!({ "uploads": [{ "component": "identity", "upload": upload }] });
    assert_eq!(takes(&mut an, code, "supplement", brought).await["status"], 2);
}

async fn steps_open(who: &mut Person, code: &str) -> Vec<String> {
    let steps = sees(who, code).await["steps"].clone();
    steps.as_array().expect("a list").iter().filter_map(|s| s["step"].as_str().map(str::to_string)).collect()
}

#[test]
fn a_second_request_for_papers_is_the_leaders_to_allow() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        let mut program = town.token(CLERK).await;
        assert!(steps_open(&mut program, &code).await.contains(&"ask_supplement".to_string()));
        asks_once(&town, &code).await;
        assert!(!steps_open(&mut program, &code).await.contains(&"ask_supplement".to_string()));
        let told = tries_step(&mut program, &code, "ask_supplement", lacks("identity", "Thiếu nữa")).await;
        assert_eq!(told.expect(422).json()["code"], "refused");

        let mut clerk = browser(&town, CLERK).await;
        clerk.opens(&page(&code)).await.expect(200);
        let link = clerk.link("Yêu cầu bổ sung (trình lãnh đạo)");
        clerk.opens(&link).await.expect(200);
        says(&clerk, "Việc này chỉ có hiệu lực khi lãnh đạo duyệt.");
        clerk.submits("Trình lãnh đạo duyệt", &[]).await.expect(422);
        let typed = [
            ("marks.birth-record", "unfit"),
            ("reason", "papers"),
            ("note", "Giấy chứng sinh mờ, không đọc được."),
        ];
        let answer = clerk.submits("Trình lãnh đạo duyệt", &typed).await.expect(303);
        clerk.follows(answer).await.expect(200);
        says(&clerk, "Đã trình lãnh đạo duyệt.");
        says(&clerk, "Chờ lãnh đạo duyệt");
        assert_eq!(clerk.page().text().matches("Không duyệt").count(), 0, "a clerk does not approve");
        assert_eq!(sees(&mut program, &code).await["status"], 2, "nothing has happened yet");
        // A second proposal waits for the first one's answer.
        clerk.opens(&link).await.expect(200);
        clerk.submits("Trình lãnh đạo duyệt", &typed).await.expect(422);
        says(&clerk, "Đang có một đề nghị chờ lãnh đạo duyệt");

        let mut chairman = browser(&town, CHAIRMAN).await;
        chairman.opens("/mot-cua/cho-duyet").await.expect(200);
        says(&chairman, "Chờ duyệt 1");
        let link = chairman.link(&code);
        chairman.opens(&link).await.expect(200);
        says(&chairman, "Giấy chứng sinh mờ, không đọc được.");
        let answer = chairman.submits("Duyệt", &[]).await.expect(303);
        chairman.follows(answer).await.expect(200);
        says(&chairman, "Đã duyệt đề nghị.");
        assert_eq!(sees(&mut program, &code).await["status"], 5);
        says(&chairman, "Đã yêu cầu bổ sung 2 lần.");
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn a_leaders_no_has_a_reason_and_the_clerk_reads_it() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        asks_once(&town, &code).await;
        let mut clerk = browser(&town, CLERK).await;
        clerk.opens(&format!("{}/yeu-cau-bo-sung", page(&code))).await.expect(200);
        let typed = [("reason", "answers"), ("note", "Thêm bản sao.")];
        clerk.submits("Trình lãnh đạo duyệt", &typed).await.expect(303);
        let mut chairman = browser(&town, CHAIRMAN).await;
        chairman.opens(&page(&code)).await.expect(200);
        chairman.submits("Không duyệt", &[]).await.expect(422);
        chairman.opens(&page(&code)).await.expect(200);
        let answer = chairman.submits("Không duyệt", &[("note", "Đã đủ giấy tờ.")]).await.expect(303);
        chairman.follows(answer).await.expect(200);
        clerk.opens(&page(&code)).await.expect(200);
        says(&clerk, "không duyệt đề nghị");
        says(&clerk, "Đã đủ giấy tờ.");
        town.delivers().await;
    });
}

#[test]
fn a_promise_is_moved_once_with_an_apology_that_the_leader_signs() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        let mut clerk = browser(&town, CLERK).await;
        presses(&mut clerk, &code, "Tiếp nhận hồ sơ").await;
        presses(&mut clerk, &code, "Chuyển xử lý").await;

        let mut registrar = browser(&town, REGISTRAR).await;
        registrar.opens(&format!("{}/gia-han", page(&code))).await.expect(200);
        // A Sunday, and then a day before the promised one.
        let sunday = [("until", "23/08/2026"), ("reason", "checking"), ("note", "Chờ xác minh nơi sinh.")];
        registrar.submits("Trình lãnh đạo duyệt", &sunday).await.expect(422);
        says(&registrar, "Ngày 23/08/2026 không phải ngày làm việc.");
        registrar.submits("Trình lãnh đạo duyệt", &[("until", "2026-08-19")]).await.expect(422);
        says(&registrar, "Ngày hẹn lại phải sau giờ đã hẹn");
        let answer = registrar.submits("Trình lãnh đạo duyệt", &[("until", "2026-08-25")]).await.expect(303);
        registrar.follows(answer).await.expect(200);
        says(&registrar, "Hẹn trả kết quả vào ngày 25/08/2026.");

        let mut chairman = browser(&town, CHAIRMAN).await;
        chairman.opens(&page(&code)).await.expect(200);
        let answer = chairman.submits("Duyệt", &[]).await.expect(303);
        chairman.follows(answer).await.expect(200);
        says(&chairman, "Hẹn trả 17:00, thứ Ba 25/08/2026");
        town.delivers().await;

        let mut an = town.token(CITIZEN).await;
        let mine = sees(&mut an, &code).await;
        assert_eq!(mine["due"], "2026-08-25T17:00:00+07:00");
        let kinds: Vec<&str> =
            mine["papers"].as_array().unwrap().iter().filter_map(|p| p["kind"].as_str()).collect();
        assert!(kinds.contains(&"apology"), "{kinds:?}");
        let apology = an.gets(&format!("/ho-so/{code}/giay/apology")).await.expect(200);
        assert!(apology.body.starts_with(b"%PDF-"));
        // The control slip is the officials'.
        let slip = format!("/ho-so/{code}/giay/control");
        an.gets(&slip).await.expect(404);
        assert!(chairman.gets(&slip).await.expect(200).body.starts_with(b"%PDF-"));
        let history = an.gets(&format!("/api/v1/dossiers/{code}/history")).await.expect(200).json();
        let extended = history["items"].as_array().unwrap().iter().find(|h| h["step"] == "extend");
        assert_eq!(extended.map(|h| &h["note"]), Some(&Value::from("Chờ xác minh nơi sinh.")));

        // Once is all the law gives, for a leader too.
        let mut program = town.token(CHAIRMAN).await;
        let again = json!({ "until": "2026-08-27", "reason": "checking", "note": "Chờ thêm." });
        let told = tries_step(&mut program, &code, "extend", again).await.expect(422).json();
        assert!(told["detail"].as_str().unwrap().contains("một lần"), "{told}");
        town.audit_book_is_whole().await;
    });
}

#[test]
fn a_proposal_for_a_dossier_that_has_moved_is_not_approved() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        let mut clerk = browser(&town, CLERK).await;
        presses(&mut clerk, &code, "Tiếp nhận hồ sơ").await;
        clerk.opens(&format!("{}/gia-han", page(&code))).await.expect(200);
        let typed = [("until", "2026-08-25"), ("reason", "checking"), ("note", "Chờ xác minh.")];
        clerk.submits("Trình lãnh đạo duyệt", &typed).await.expect(303);
        let mut chairman = browser(&town, CHAIRMAN).await;
        chairman.opens(&page(&code)).await.expect(200);
        presses(&mut clerk, &code, "Chuyển xử lý").await;
        chairman.submits("Duyệt", &[]).await.expect(422);
        chairman.opens(&page(&code)).await.expect(200);
        says(&chairman, "Hồ sơ đã thay đổi sau khi đề nghị");
        town.delivers().await;
    });
}
