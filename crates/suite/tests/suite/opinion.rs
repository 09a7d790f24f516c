//! Asking another unit, with a limit of its own and silence that is told; councils whose minutes must be
//! there before the dossier goes on.

use db::testing::both;
use db::{Tx, args};
use serde_json::json;
use suite::person::{Person, Upload};
use suite::town::people::*;
use suite::town::*;

use crate::batch::me;
use crate::desk::{browser, page, presses, says};

/// The unit in which this person works.
pub async fn unit_of(town: &Town, login: &str) -> String {
    let (account, today) = (me(town, login).await, town.opened.site.clock.today());
    let found = town.opened.site.db.read(async move |tx: &mut Tx| -> db::Result<_> {
        let id = account.parse().expect("an account's id");
        directory::account::store::posts_on(tx, id, today).await
    });
    found.await.expect("the store answers")[0].unit.as_str().to_string()
}

pub async fn asks(who: &mut Person, code: &str, unit: &str, question: &str, limit: &str) {
    who.opens(&format!("{}/xin-y-kien", page(code))).await.expect(200);
    let typed = [("unit", unit), ("question", question), ("limit", limit)];
    let answer = who.submits("Gửi câu hỏi", &typed).await.expect(303);
    who.follows(answer).await.expect(200);
}

#[test]
fn the_unit_that_is_asked_sees_the_dossier_answers_and_is_told_when_it_is_silent() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        let land = unit_of(&town, SURVEYOR).await;
        let mut clerk = browser(&town, CLERK).await;
        presses(&mut clerk, &code, "Tiếp nhận hồ sơ").await;
        presses(&mut clerk, &code, "Chuyển xử lý").await;
        let (mut registrar, mut surveyor) = (browser(&town, REGISTRAR).await, browser(&town, SURVEYOR).await);
        surveyor.opens(&page(&code)).await.expect(404);
        let due = sees(&mut town.token(REGISTRAR).await, &code).await["due"].clone();

        registrar.opens(&format!("{}/xin-y-kien", page(&code))).await.expect(200);
        registrar.submits("Gửi câu hỏi", &[("limit", "1wd")]).await.expect(422);
        says(&registrar, "Chọn từ 1 đến 10 đơn vị.");
        asks(&mut registrar, &code, &land, "Thửa đất có đúng địa chỉ khai không?", "1wd").await;
        says(&registrar, "Thửa đất có đúng địa chỉ khai không?");
        says(&registrar, "Đang chờ");
        // Asked twice is asked once.
        registrar.opens(&format!("{}/xin-y-kien", page(&code))).await.expect(200);
        let again = [("unit", land.as_str()), ("question", "Lần nữa"), ("limit", "1wd")];
        registrar.submits("Gửi câu hỏi", &again).await.expect(422);
        says(&registrar, "đã được hỏi mà chưa trả lời");

        surveyor.opens("/mot-cua/y-kien").await.expect(200);
        let link = surveyor.link(&code);
        surveyor.opens(&page(&code)).await.expect(200);
        surveyor.opens(&link).await.expect(200);
        surveyor.submits("Gửi ý kiến", &[]).await.expect(422);
        let answer = surveyor.submits("Gửi ý kiến", &[("answer", "Đúng địa chỉ, đồng ý.")]).await.expect(303);
        surveyor.follows(answer).await.expect(200);
        registrar.opens(&page(&code)).await.expect(200);
        says(&registrar, "Đúng địa chỉ, đồng ý.");
        says(&registrar, "đã trả lời trong hạn");

        // A second question, and nobody answers: both and the counter are told, nothing else happens.
        asks(&mut registrar, &code, &land, "Có tranh chấp không?", "8wh").await;
        assert_eq!(town.minutes_later(3 * 24 * 60).await, 0);
        for login in [REGISTRAR, CLERK] {
            let mut who = browser(&town, login).await;
            who.opens("/mot-cua/y-kien").await.expect(200);
            says(&who, "Có tranh chấp không?");
            says(&who, "Quá hạn trả lời");
        }
        let mut surveyor = browser(&town, SURVEYOR).await;
        surveyor.opens("/mot-cua/y-kien").await.expect(200);
        let link = surveyor.link(&code);
        surveyor.opens(&link).await.expect(200);
        let answer = surveyor.submits("Gửi ý kiến", &[("answer", "Không có.")]).await.expect(303);
        surveyor.follows(answer).await.expect(200);
        let mut registrar = browser(&town, REGISTRAR).await;
        registrar.opens(&page(&code)).await.expect(200);
        says(&registrar, "đã trả lời, muộn hạn");
        let mine = sees(&mut town.token(REGISTRAR).await, &code).await;
        assert_eq!(mine["due"], due, "the citizen's promise stands");
        assert_eq!(mine["status"], 4, "silence decides nothing");
        let slip = registrar.gets(&format!("/ho-so/{code}/giay/control")).await.expect(200);
        assert!(slip.body.starts_with(b"%PDF-"));
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

/// Given back to that step, it wants a council of its own: the minutes of before answer nothing new.
async fn a_return_wants_another(town: &Town, code: &str) {
    let holder = crate::thirteen::holder(town, code).await;
    let back = json!({ "to": "council", "reason": "mistake", "note": "Thiếu một bên, họp lại." });
    takes(&mut town.token(&holder).await, code, "return_step", back).await;
    let holder = crate::thirteen::holder(town, code).await;
    let no = tries_step(&mut town.token(&holder).await, code, "pass_on", json!({})).await.expect(422);
    assert!(no.text().contains("họp hội đồng"), "{}", no.text());
}

#[test]
fn a_step_that_wants_a_council_is_not_left_before_its_minutes_are_there() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        let mut clerk = browser(&town, CLERK).await;
        presses(&mut clerk, &code, "Tiếp nhận hồ sơ").await;
        presses(&mut clerk, &code, "Chuyển xử lý").await;
        let agency = unit_of(&town, CHAIRMAN).await;
        // The dossier as one of a land dispute stands at its council.
        let at = code.clone();
        let moved = town.opened.site.db.upkeep(async move |tx: &mut Tx| -> db::Result<()> {
            tx.change_one(
                "update dossier set procedure = '1.012812@3', stage = 'council', holder_unit = $1,
                    holder_role = 'leader' where code = $2",
                args![&agency, &at],
            )
            .await
        });
        moved.await.expect("the store answers");
        let mut chairman = browser(&town, CHAIRMAN).await;
        chairman.opens(&page(&code)).await.expect(200);
        chairman.submits("Chuyển xử lý", &[]).await.expect(422);
        says(&chairman, "cần có kết quả họp hội đồng trước khi chuyển tiếp");

        chairman.opens(&format!("{}/kiem-tra", page(&code))).await.expect(200);
        chairman.submits("Lên lịch kiểm tra, họp hội đồng", &[]).await.expect(422);
        says(&chairman, "Nhập ngày, giờ sắp tới");
        let typed = [
            ("kind", "council"),
            ("day", "2026-08-21"),
            ("hour", "08:00"),
            ("place", "Hội trường UBND"),
            ("people", "Chủ tịch\nTrưởng ấp"),
        ];
        let answer = chairman.submits("Lên lịch kiểm tra, họp hội đồng", &typed).await.expect(303);
        chairman.follows(answer).await.expect(200);
        says(&chairman, "Hội trường UBND");
        town.minutes_later(24 * 60).await;

        let mut chairman = browser(&town, CHAIRMAN).await;
        chairman.opens(&page(&code)).await.expect(200);
        let link = chairman.link("Ghi kết quả");
        chairman.opens(&link).await.expect(200);
        let typed = [("outcome", "agreed"), ("conclusion", "Hai bên thống nhất ranh giới.")];
        chairman.submits_files("Ghi kết quả", &typed, &[]).await.expect(422);
        says(&chairman, "Đính kèm biên bản đã ký.");
        let bytes = pdf("biên bản");
        let minutes = Upload {
            field: "tep",
            file_name: "bien-ban.pdf",
            content_type: "application/pdf",
            bytes: &bytes,
        };
        let answer = chairman.submits_files("Ghi kết quả", &typed, &[minutes]).await.expect(303);
        chairman.follows(answer).await.expect(200);
        says(&chairman, "Hai bên thống nhất ranh giới.");
        let link = chairman.link("Xem biên bản");
        assert!(chairman.gets(&link).await.expect(200).body.starts_with(b"%PDF-"));
        presses(&mut chairman, &code, "Chuyển xử lý").await;
        town.minutes_later(5).await;

        a_return_wants_another(&town, &code).await;
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}
