//! Interlinked procedures: one dossier for the citizen, one for each agency behind it. What begins when,
//! what holds the common decision back, what goes through the parent, and what is counted once.

use axum::http::Method;
use db::testing::both;
use db::{Tx, args};
use serde_json::{Value, json};
use suite::person::Upload;
use suite::town::people::*;
use suite::town::*;

use crate::desk::{browser, page, presses, says};
use crate::thirteen::{files_invented, holder, plays, result_text};

/// The child of this part, as somebody who may see the parent sees it.
async fn child(town: &Town, login: &str, code: &str, part: &str) -> Value {
    let seen = sees(&mut town.token(login).await, code).await;
    let children = seen["children"].as_array().cloned().unwrap_or_default();
    children.into_iter().find(|c| c["part"] == part).unwrap_or_else(|| panic!("no {part} in {seen}"))
}

/// The code of the child of this part, which has begun.
pub async fn child_code(town: &Town, code: &str, part: &str) -> String {
    child(town, CLERK, code, part).await["code"].as_str().expect("it has begun").to_string()
}

/// How the children stand, in the order of the file.
async fn stand(town: &Town, code: &str) -> Vec<String> {
    let seen = sees(&mut town.token(CLERK).await, code).await;
    let children = seen["children"].as_array().cloned().unwrap_or_default();
    children.iter().map(|c| c["state"].as_str().unwrap_or_default().to_string()).collect()
}

/// An interlinked dossier that the counter has received and passed on; its code and the birth's.
pub async fn received(town: &Town) -> (String, String) {
    let code = files_invented(town, "2.000986", COMMUNE).await;
    let mut clerk = town.token(CLERK).await;
    let received = takes(&mut clerk, &code, "receive", json!({})).await;
    assert_eq!(received["due"], "2026-09-09T17:00:00+07:00", "one promise, by the parent's limit");
    takes(&mut clerk, &code, "pass_on", json!({})).await;
    let birth = child(town, CLERK, &code, "birth").await;
    (code, birth["code"].as_str().expect("it began with the reception").to_string())
}

/// Writes down, on the parent's page, how a part ended.
pub async fn faces(town: &Town, login: &str, code: &str, part: &str, typed: &[(&str, &str)]) {
    let mut who = browser(town, login).await;
    who.opens(&format!("{}/lien-thong/{part}", page(code))).await.expect(200);
    let answer = who.submits("Ghi lại", typed).await.expect(303);
    who.follows(answer).await.expect(200);
}

/// The citizen has the parent, sees the child's clock there, and has no second dossier.
async fn one_dossier_for_the_citizen(town: &Town, code: &str, birth: &str) {
    let mut an = browser(town, CITIZEN).await;
    an.opens("/ho-so-cua-toi").await.expect(200);
    says(&an, code);
    assert!(!an.page().text().contains(birth), "a child is no dossier of the citizen's list");
    an.opens(&format!("/ho-so-cua-toi/{code}")).await.expect(200);
    for words in ["Các thủ tục liên thông", "Đăng ký khai sinh", "Chờ kết quả trước", "hạn 17:00"]
    {
        says(&an, words);
    }
    an.opens(&format!("/ho-so-cua-toi/{birth}")).await.expect(404);
}

/// What concerns the citizen is not done on the child, and the counter has no work with it.
async fn nothing_of_the_citizens_on_the_child(town: &Town, code: &str, birth: &str) {
    let mut clerk = browser(town, CLERK).await;
    clerk.opens("/mot-cua/dang-xu-ly").await.expect(200);
    assert!(!clerk.page().text().contains(birth));
    clerk.opens(&page(birth)).await.expect(200);
    says(&clerk, &format!("Là một phần của hồ sơ liên thông {code}."));
    for (step, more) in
        [("return_result", json!({})), ("withdraw", json!({})), ("supplement", json!({ "note": "x" }))]
    {
        tries_step(&mut town.token(CLERK).await, birth, step, more).await.expect(422);
    }
    let fee = json!({ "amount": 8000 });
    let told = tries_step(&mut town.token(REGISTRAR).await, birth, "ask_fee", fee).await.expect(422).text();
    assert!(told.contains("Hãy làm việc này trên hồ sơ chung"), "{told}");
}

/// The chairman would decide and may not yet; why.
async fn held_back(town: &Town, code: &str) -> String {
    let granted = json!({ "outcome": "granted" });
    tries_step(&mut town.token(CHAIRMAN).await, code, "decide", granted).await.expect(422).text()
}

#[test]
fn a_birth_a_home_and_a_card_are_one_dossier_for_the_citizen() {
    both(async |t| {
        let town = Town::of(&t).await;
        let (code, birth) = received(&town).await;
        assert_ne!(birth, code, "a child has a code of its own");
        assert_eq!(stand(&town, &code).await, ["running", "waiting", "waiting"]);
        let due = child(&town, CLERK, &code, "birth").await["due"].clone();
        assert_eq!(due, "2026-08-20T17:00:00+07:00", "a birth is registered on the day");

        one_dossier_for_the_citizen(&town, &code, &birth).await;
        nothing_of_the_citizens_on_the_child(&town, &code, &birth).await;

        // The common decision waits for all of them, by name.
        takes(&mut town.token(REGISTRAR).await, &code, "submit_for_signature", json!({})).await;
        let told = held_back(&town, &code).await;
        assert!(told.contains("Đăng ký khai sinh; Đăng ký thường trú; Cấp thẻ bảo hiểm y tế"), "{told}");

        plays(&town, &birth).await;
        town.delivers().await;
        assert_eq!(stand(&town, &code).await, ["granted", "running", "by_hand"]);
        let home = child(&town, CLERK, &code, "residence").await;
        assert_eq!(home["due"], "2026-08-28T17:00:00+07:00", "seven working days from the birth's result");
        let home = home["code"].as_str().expect("it has begun").to_string();
        assert!(
            result_text(&town, &birth, CLERK).await.contains("GIẤY KHAI SINH"),
            "printed from the parent's answers"
        );

        plays(&town, &home).await;
        town.delivers().await;
        let told = held_back(&town, &code).await;
        assert!(told.contains("Cấp thẻ bảo hiểm y tế") && !told.contains("Đăng ký thường trú"), "{told}");

        // What the catalogue has no procedure for is written down, with words; by those who hold the parent.
        let mut chairman = browser(&town, CHAIRMAN).await;
        chairman.opens(&page(&code)).await.expect(200);
        let link = chairman.link("Ghi kết quả hoặc lý do");
        chairman.opens(&link).await.expect(200);
        chairman.submits("Ghi lại", &[("outcome", "granted")]).await.expect(422);
        says(&chairman, "Ghi kết quả nhận được");
        let typed = [("outcome", "granted"), ("word", "Thẻ số TE1860000000001")];
        let mut clerk = browser(&town, CLERK).await;
        clerk.opens(&format!("{}/lien-thong/insurance", page(&code))).await.expect(200);
        clerk.submits("Ghi lại", &typed).await.expect(422);
        faces(&town, CHAIRMAN, &code, "insurance", &typed).await;
        assert_eq!(stand(&town, &code).await, ["granted", "granted", "granted"]);

        takes(&mut town.token(CHAIRMAN).await, &code, "decide", json!({ "outcome": "granted" })).await;
        town.delivers().await;
        let said = result_text(&town, &code, CLERK).await;
        for words in
            ["Kết quả giải quyết thủ tục liên thông", "Đăng ký khai sinh: số", "Thẻ số TE1860000000001"]
        {
            assert!(said.contains(words), "{said}");
        }
        // All of it goes back at the counter that received, in one step.
        returns(&mut town.token(CLERK).await, &code).await;
        for one in [&code, &birth, &home] {
            assert_eq!(sees(&mut town.token(CLERK).await, one).await["status"], 10);
        }
        town.delivers().await;
        assert_eq!(counted(&town).await, (1, 1), "three dossiers, one of them counted and told");
        town.audit_book_is_whole().await;
    });
}

/// How many dossiers the figures know, and how many of these were received.
async fn counted(town: &Town) -> (i64, i64) {
    let read = town.opened.site.db.read(async |tx: &mut Tx| -> db::Result<_> {
        let all: i64 = tx.get("select count(*) from measure", args![]).await?;
        Ok((all, tx.get("select count(*) from measure where received is not null", args![]).await?))
    });
    read.await.expect("the store answers")
}

#[test]
fn papers_for_a_child_are_asked_of_the_citizen_once_and_through_the_parent() {
    both(async |t| {
        let town = Town::of(&t).await;
        let (code, birth) = received(&town).await;
        let ask =
            json!({ "marks": { "birth-record": "unfit" }, "reason": "papers", "note": "Bản chụp bị mờ." });
        takes(&mut town.token(REGISTRAR).await, &birth, "ask_supplement", ask.clone()).await;
        for one in [&code, &birth] {
            assert_eq!(sees(&mut town.token(CLERK).await, one).await["status"], 5, "both clocks stand");
        }
        town.delivers().await;
        let papers = |seen: &Value| seen["papers"].to_string();
        assert!(papers(&sees(&mut town.token(CLERK).await, &code).await).contains("supplement"));
        assert!(!papers(&sees(&mut town.token(CLERK).await, &birth).await).contains("supplement"));
        // A parent that waits for papers cannot be asked to go on, nor its child.
        tries_step(&mut town.token(CITIZEN).await, &birth, "supplement", json!({ "note": "x" }))
            .await
            .expect(422);

        town.hand.set(morning().plus_days(4)); // a Monday
        let mut an = browser(&town, CITIZEN).await;
        an.opens(&format!("/ho-so-cua-toi/{code}")).await.expect(200);
        says(&an, "Bản chụp bị mờ.");
        says(&an, "Giấy chứng sinh");
        let bytes = pdf("giấy chứng sinh rõ");
        let file = Upload {
            field: "tep.birth-record",
            file_name: "ro.pdf",
            content_type: "application/pdf",
            bytes: &bytes,
        };
        let answer = an.submits_files("Nộp bổ sung", &[], &[file]).await.expect(303);
        an.follows(answer).await.expect(200);
        let whole = sees(&mut town.token(CLERK).await, &code).await;
        assert_eq!((&whole["status"], &whole["due"]), (&json!(4), &json!("2026-09-14T17:00:00+07:00")));
        let part = sees(&mut town.token(REGISTRAR).await, &birth).await;
        assert_eq!((&part["status"], &part["due"]), (&json!(4), &json!("2026-08-24T17:00:00+07:00")));
        let names: Vec<&str> =
            part["files"].as_array().into_iter().flatten().filter_map(|f| f["name"].as_str()).collect();
        assert_eq!(names, ["giay-to.pdf", "ro.pdf"], "the child has the paper too");

        // The citizen was asked once: a second request of any part is a leader's.
        let told =
            tries_step(&mut town.token(REGISTRAR).await, &birth, "ask_supplement", ask).await.expect(422);
        assert!(told.text().contains("lãnh đạo"), "{}", told.text());
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn a_child_that_ends_without_its_result_must_be_faced_before_the_parent_is_decided() {
    both(async |t| {
        let town = Town::of(&t).await;
        let (code, birth) = received(&town).await;
        let why =
            json!({ "reason": "other", "basis": ["123/2015/NĐ-CP"], "note": "Đã đăng ký tại nơi khác." });
        takes(&mut town.token(REGISTRAR).await, &birth, "stop", why).await;
        town.delivers().await;
        assert_eq!(stand(&town, &code).await, ["failed", "waiting", "waiting"], "what waits never begins");
        takes(&mut town.token(REGISTRAR).await, &code, "submit_for_signature", json!({})).await;
        let denied = json!({ "outcome": "denied", "reason": "conditions_unmet", "basis": ["123/2015/NĐ-CP"],
            "note": "Trẻ đã có Giấy khai sinh." });
        tries_step(&mut town.token(CHAIRMAN).await, &code, "decide", denied.clone()).await.expect(422);
        for part in ["birth", "residence", "insurance"] {
            let typed = [("word", "Trẻ đã được đăng ký khai sinh, không giải quyết tiếp.")];
            faces(&town, CHAIRMAN, &code, part, &typed).await;
        }
        assert_eq!(stand(&town, &code).await, ["faced", "faced", "faced"]);
        // Twice is stale, and a running part is nobody's to end here.
        let mut chairman = browser(&town, CHAIRMAN).await;
        chairman.opens(&format!("{}/lien-thong/birth", page(&code))).await.expect(200);
        chairman.submits("Ghi lại", &[("word", "Lần nữa")]).await.expect(409);
        takes(&mut town.token(CHAIRMAN).await, &code, "decide", denied).await;
        town.delivers().await;
        assert!(result_text(&town, &code, CLERK).await.contains("Trẻ đã có Giấy khai sinh."));
        town.audit_book_is_whole().await;
    });
}

#[test]
fn when_the_parent_is_taken_back_its_children_end_and_a_ready_result_is_still_returned() {
    both(async |t| {
        let town = Town::of(&t).await;
        let (code, birth) = received(&town).await;
        plays(&town, &birth).await;
        town.delivers().await;
        let home = child(&town, CLERK, &code, "residence").await["code"].as_str().unwrap().to_string();
        let officer = holder(&town, &home).await;
        takes(&mut town.token(CITIZEN).await, &code, "withdraw", json!({ "note": "Chuyển nơi khác" })).await;
        assert_eq!(sees(&mut town.token(officer.as_str()).await, &home).await["status"], 7);
        assert_eq!(sees(&mut town.token(CLERK).await, &birth).await["status"], 9, "the certificate is there");
        let mut clerk = browser(&town, CLERK).await;
        clerk.opens("/mot-cua/cho-tra-ket-qua").await.expect(200);
        clerk.link(&birth);
        signed_on_paper(&mut clerk, &birth).await;
        presses(&mut clerk, &birth, "Trả kết quả").await;
        assert_eq!(sees(&mut town.token(CLERK).await, &birth).await["status"], 10);
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn the_counter_that_received_answers_and_the_agency_of_the_address_settles() {
    both(async |t| {
        let town = Town::of(&t).await;
        // Somebody of Phước Hậu hands in at another counter of the province.
        let elsewhere = town.opened.site.db.read(async |tx: &mut Tx| -> db::Result<String> {
            tx.get(
                "select u.code from unit u where u.level = 'commune' and u.territory = 1 and u.code <> $1
                    and u.valid_to is null order by u.code limit 1",
                args![COMMUNE],
            )
            .await
        });
        let elsewhere = elsewhere.await.expect("another commune");
        let code = files_invented(&town, "1.011607", &elsewhere).await;
        let seen = sees(&mut town.token(CITIZEN).await, &code).await;
        assert_eq!(seen["agency"]["name"], "Ủy ban nhân dân xã Phước Hậu");
        assert_ne!(seen["unit"]["code"], format!("{COMMUNE}-MC"));
        assert!(!code.starts_with("001.09.22"), "the code is of the counter that received: {code}");
        // The counter at home has nothing to receive; the one that took it in does.
        tries_step(&mut town.token(CLERK).await, &code, "receive", json!({})).await.expect(404);
        let clerk = holder(&town, &code).await;
        takes(&mut town.token(&clerk).await, &code, "receive", json!({})).await;
        takes(&mut town.token(&clerk).await, &code, "pass_on", json!({})).await;
        let held = sees(&mut town.token(CHAIRMAN).await, &code).await;
        assert!(held["holder"]["unit"].as_str().unwrap().starts_with(COMMUNE), "{}", held["holder"]);
        plays(&town, &code).await;
        town.delivers().await;
        tries_step(&mut town.token(CLERK).await, &code, "return_result", json!({})).await.expect(404);
        returns(&mut town.token(&clerk).await, &code).await;
        // An address where nobody settles any more is refused by name.
        let mut citizen = town.token(CITIZEN).await;
        let answers = json!({ "home": { "unit": "99999@2018-01-01" } });
        let body = json!({ "procedure": "1.011607", "unit": COMMUNE, "answers": answers });
        let told = citizen.calls(Method::POST, "/api/v1/dossiers", Some(&body)).await.expect(422).text();
        assert!(told.contains("answers.home"), "{told}");
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn the_portal_offers_any_counter_of_the_province_where_the_address_says_who_settles() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut an = browser(&town, CITIZEN).await;
        // Settled by the district of the address: by itself the page offers districts.
        an.opens("/nop-ho-so/1.001612?noi=phuoc+hau").await.expect(200);
        says(&an, "Không có nơi tiếp nhận nào khớp");
        let link = an.link("Nơi nộp khác trong tỉnh");
        an.opens(&link).await.expect(200);
        says(&an, "Đang hiện mọi bộ phận một cửa trong tỉnh");
        an.opens("/nop-ho-so/1.001612?noi=phuoc+hau&khac=1").await.expect(200);
        let answer = an.submits("Bắt đầu điền hồ sơ", &[("unit", COMMUNE)]).await.expect(303);
        let draft = answer.header("location").to_string();
        an.opens(&format!("{draft}/noi-nop")).await.expect(200);
        says(&an, "Phước Hậu");
        // Where no address says who settles it, only the counters of those who do are offered.
        an.opens("/nop-ho-so/1.000894?noi=long+ho").await.expect(200);
        assert!(an.page().link("Nơi nộp khác trong tỉnh").is_none());
    });
}
