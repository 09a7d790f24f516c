//! Somebody who helps: invited with a code or by number, lets the owner see everything done, cannot file, and
//! is shut out of the moment the owner says so.

use axum::http::Method;
use db::testing::both;
use serde_json::json;
use suite::person::{Person, Upload};
use suite::town::people::*;
use suite::town::*;

use crate::desk::{browser, page, presses, says};

const UNTIL: &str = "2026-09-30";

/// A draft of a birth; its address.
pub async fn begins(who: &mut Person) -> String {
    who.opens("/nop-ho-so/1.001193?noi=phuoc+hau").await.expect(200);
    let answer = who.submits("Bắt đầu điền hồ sơ", &[("unit", COMMUNE)]).await.expect(303);
    answer.header("location").to_string()
}

/// The code that the page tells, once.
fn told_code(who: &Person) -> String {
    let text = who.page().text();
    let (_, rest) = text.split_once("Đọc mã này cho người giúp: ").expect("a code is told");
    rest.chars().take(11).collect()
}

/// The owner asks for help at this address with a code, the helper takes it up and agrees.
pub async fn is_helped(owner: &mut Person, helper: &mut Person, place: &str, right: &str) {
    owner.opens(&format!("{place}/nguoi-giup")).await.expect(200);
    owner.submits("Nhờ giúp", &[("right", right), ("until", UNTIL), ("agreed", "1")]).await.expect(200);
    let code = told_code(owner);
    helper.opens("/nguoi-giup").await.expect(200);
    let answer = helper.submits("Nhập mã", &[("code", &code.to_lowercase())]).await.expect(303);
    helper.follows(answer).await.expect(200);
    helper.submits("Nhận giúp", &[]).await.expect(422);
    says(helper, "Đọc và chọn “Tôi đồng ý” để tiếp tục.");
    let answer = helper.submits("Nhận giúp", &[("agreed", "1")]).await.expect(303);
    helper.follows(answer).await.expect(200);
    says(helper, "Hồ sơ tôi đang giúp");
    // Once used, the code is worth nothing.
    helper.opens("/nguoi-giup").await.expect(200);
    helper.submits("Nhập mã", &[("code", &code)]).await.expect(422);
}

#[test]
fn a_helper_fills_a_draft_in_and_the_owner_reads_it_files_and_ends_it() {
    both(async |t| {
        let town = Town::of(&t).await;
        let (mut an, mut hanh) = (browser(&town, CITIZEN).await, browser(&town, NEIGHBOUR).await);
        let draft = begins(&mut an).await;
        let other = begins(&mut an).await;
        hanh.opens(&draft).await.expect(404);

        // What is missing is said all at once, and nobody invites himself.
        an.opens(&format!("{draft}/nguoi-giup")).await.expect(200);
        an.submits("Nhờ giúp", &[("number", CITIZEN)]).await.expect(422);
        for words in [
            "Đây là số của chính người nộp.",
            "Chọn ít nhất một việc",
            "Chọn ngày từ hôm nay đến 20/08/2027.",
            "Đọc và chọn “Tôi đồng ý”",
        ] {
            says(&an, words);
        }
        is_helped(&mut an, &mut hanh, &draft, "fill").await;

        // She fills in and brings a paper; his other draft, filing and inviting stay closed to her.
        let first = hanh.opens(&draft).await;
        hanh.follows(first).await.expect(200);
        says(&hanh, "Đang điền giúp");
        let here = hanh.path().to_string();
        let answer = hanh.submits("Lưu và tiếp tục", &[("declarant_phone", "0912 345 678")]).await;
        assert!([303, 422].contains(&answer.status), "{}", answer.status);
        hanh.opens(&format!("{draft}/giay-to")).await.expect(200);
        let bytes = pdf("giấy chứng sinh");
        let file =
            Upload { field: "tep", file_name: "giấy.pdf", content_type: "application/pdf", bytes: &bytes };
        hanh.submits_files("Tải lên cho Giấy tờ tùy thân của người yêu cầu", &[], &[file]).await.expect(303);
        hanh.opens(&format!("{draft}/kiem-tra")).await.expect(200);
        says(&hanh, "tự kiểm tra và nộp hồ sơ bằng tài khoản của mình");
        for closed in [&other, &format!("{draft}/noi-nop"), &format!("{draft}/nguoi-giup")] {
            hanh.gets(closed).await.expect(404);
        }
        an.opens(&format!("{draft}/kiem-tra")).await.expect(200);
        says(&an, "giấy.pdf");

        // He reads what she did, and ends it.
        an.opens("/nguoi-giup").await.expect(200);
        for words in ["Đang giúp", "Điền bản nháp", "Tải lên hoặc bỏ giấy tờ"] {
            says(&an, words);
        }
        let id = an.page().forms().into_iter().find(|f| f.action.ends_with("/thoi")).unwrap().action;
        an.submits_to(&id).await.expect(303);
        hanh.opens(&here).await.expect(404);
        hanh.gets(&draft).await.expect(404);
        an.opens("/nguoi-giup").await.expect(200);
        says(&an, "Đã kết thúc");
        town.audit_book_is_whole().await;
    });
}

#[test]
fn a_helper_supplements_for_the_owner_and_nothing_else() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        let unseen = files_a_birth(&mut town.token(CITIZEN).await).await;
        let mut clerk = browser(&town, CLERK).await;
        presses(&mut clerk, &code, "Tiếp nhận hồ sơ").await;
        let more = json!({ "components": ["birth-record"], "note": "Ảnh chụp mờ." });
        takes(&mut town.token(CLERK).await, &code, "ask_supplement", more).await;

        let (mut an, mut hanh) = (browser(&town, CITIZEN).await, browser(&town, NEIGHBOUR).await);
        let place = format!("/ho-so-cua-toi/{code}");
        hanh.opens(&place).await.expect(404);
        // Only to follow: seen, and nothing can be brought.
        is_helped(&mut an, &mut hanh, &place, "follow").await;
        hanh.opens(&place).await.expect(200);
        says(&hanh, "Ảnh chụp mờ.");
        assert!(hanh.page().forms().iter().all(|form| !form.action.contains(&code)), "she may only look");
        is_helped(&mut an, &mut hanh, &place, "supplement").await;
        hanh.opens(&place).await.expect(200);
        let bytes = pdf("giấy chứng sinh rõ");
        let field = "tep.birth-record";
        let file = Upload { field, file_name: "rõ.pdf", content_type: "application/pdf", bytes: &bytes };
        let answer = hanh.submits_files("Nộp bổ sung", &[("note", "Chụp lại.")], &[file]).await.expect(303);
        hanh.follows(answer).await.expect(200);
        an.opens(&place).await.expect(200);
        says(&an, "Người giúp nộp hộ");
        says(&an, "rõ.pdf");

        // Files, papers, the other dossier and every sub-resource stay the owner's, during and after.
        let mine = sees(&mut town.token(CITIZEN).await, &code).await;
        let file = mine["files"][0]["url"].as_str().unwrap().to_string();
        let closed = [
            file,
            format!("/ho-so/{code}/giay/slip"),
            format!("/api/v1/dossiers/{code}/history"),
            format!("/ho-so-cua-toi/{unseen}"),
            format!("{place}/nguoi-giup"),
        ];
        for path in &closed {
            hanh.gets(path).await.expect(404);
        }
        an.opens("/nguoi-giup").await.expect(200);
        says(&an, "Nộp bổ sung");
        let ends: Vec<String> =
            an.page().forms().into_iter().map(|f| f.action).filter(|a| a.ends_with("/thoi")).collect();
        assert_eq!(ends.len(), 2);
        for end in &ends {
            an.submits_to(end).await.expect(303);
        }
        for path in closed.iter().chain([&place]) {
            hanh.gets(path).await.expect(404);
        }
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn a_consent_on_paper_is_recorded_at_the_counter_and_ends_with_its_day() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        let path = format!("{}/nguoi-giup", page(&code));
        let mut clerk = browser(&town, CLERK).await;
        clerk.opens(&path).await.expect(200);
        let typed = [("number", NEIGHBOUR), ("rights", "follow"), ("until", "2026-08-21"), ("agreed", "1")];
        clerk.submits_files("Ghi nhận", &typed, &[]).await.expect(422);
        says(&clerk, "Chọn bản quét giấy đồng ý có chữ ký.");
        let bytes = pdf("giấy đồng ý");
        let scan = Upload {
            field: "paper",
            file_name: "đồng ý.pdf",
            content_type: "application/pdf",
            bytes: &bytes,
        };
        clerk.submits_files("Ghi nhận", &typed, &[scan]).await.expect(303);
        browser(&town, DISTRICT_CLERK).await.opens(&path).await.expect(404);
        browser(&town, REGISTRAR).await.opens(&path).await.expect(403);

        let mut hanh = browser(&town, NEIGHBOUR).await;
        let place = format!("/ho-so-cua-toi/{code}");
        hanh.opens(&place).await.expect(404);
        hanh.opens("/nguoi-giup").await.expect(200);
        says(&hanh, "Lời mời giúp");
        let answer = hanh.submits("Nhận giúp", &[("agreed", "1")]).await.expect(303);
        hanh.follows(answer).await.expect(200);
        hanh.opens(&place).await.expect(200);
        // Nobody else can take it up, and a guesser of codes is slowed.
        let mut an = browser(&town, CITIZEN).await;
        an.opens("/nguoi-giup").await.expect(200);
        says(&an, "Đang giúp");
        for _ in 0..5 {
            an.opens("/nguoi-giup").await.expect(200);
            an.submits("Nhập mã", &[("code", "BCDFG-HJKMN")]).await.expect(422);
        }
        an.opens("/nguoi-giup").await.expect(200);
        an.submits("Nhập mã", &[("code", "BCDFG-HJKMN")]).await.expect(429);

        // The day is over.
        town.minutes_later(2 * 24 * 60).await;
        let mut hanh = browser(&town, NEIGHBOUR).await;
        hanh.opens(&place).await.expect(404);
        let api = format!("/api/v1/dossiers/{code}/history");
        town.token(NEIGHBOUR).await.calls(Method::GET, &api, None).await.expect(404);
        town.audit_book_is_whole().await;
    });
}
