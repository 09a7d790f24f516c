//! A commune is closed for a storm. What was promised for that day stands until a leader decides, and the
//! citizen is told.

use base::Instant;
use db::Tx;
use db::testing::both;
use suite::person::Person;
use suite::town::people::*;
use suite::town::*;

use crate::desk::{browser, page, presses, says};
use crate::opinion::unit_of;

const PAGE: &str = "/mot-cua/hen-lai";

async fn closes_today(town: &Town, why: &'static str) {
    let (unit, today) = (unit_of(town, CLERK).await, town.opened.site.clock.today());
    let close = async move |tx: &mut Tx| {
        directory::close_on(tx, &directory::UnitId::from(unit.as_str()), today, why).await
    };
    town.opened.site.db.upkeep(close).await.expect("the store answers");
}

async fn due(who: &mut Person, code: &str) -> Instant {
    let due = sees(who, code).await["due"].as_str().expect("a promised time").to_string();
    Instant::parse_rfc3339(&due).expect("a time as the format wants it")
}

async fn tick(who: &mut Person, code: &str) -> String {
    let html = who.opens(PAGE).await.expect(200).text();
    let line = html.split("<tr>").find(|line| line.contains(code)).expect("a line of the dossier");
    let value = line.split("name=\"hs\" value=\"").nth(1).expect("a box to tick");
    value.split('"').next().unwrap_or_default().to_string()
}

#[test]
fn a_promise_for_a_day_that_was_closed_moves_when_a_leader_says_so_and_no_earlier() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut citizen = town.token(CITIZEN).await;
        let mut clerk = browser(&town, CLERK).await;
        let (moved, kept) = (files_a_birth(&mut citizen).await, files_a_birth(&mut citizen).await);
        for code in [&moved, &kept] {
            presses(&mut clerk, code, "Tiếp nhận hồ sơ").await;
        }
        let promised = due(&mut citizen, &moved).await;
        assert_eq!(promised.day(), town.opened.site.clock.today(), "births are registered on the day");
        assert_eq!(town.minutes_later(1).await, 0);
        let mut chairman = browser(&town, CHAIRMAN).await;
        chairman.opens(PAGE).await.expect(200);
        says(&chairman, "Không có hồ sơ nào cần hẹn lại.");
        clerk.opens(PAGE).await.expect(403);

        closes_today(&town, "Bão số 9").await;
        assert_eq!(town.minutes_later(1).await, 0);
        assert_eq!(due(&mut citizen, &moved).await, promised, "a promise never moves by itself");
        chairman.opens("/mot-cua/thong-bao").await.expect(200);
        says(&chairman, "Lịch làm việc thay đổi, có hồ sơ chờ quyết định hẹn lại");
        chairman.opens(PAGE).await.expect(200);
        says(&chairman, "2 hồ sơ chờ quyết định");

        // Nothing ticked, and no reason: each is said, and what was ticked stays ticked.
        chairman.submits("Hẹn lại theo lịch mới", &[]).await.expect(422);
        says(&chairman, "Đánh dấu hồ sơ cần hẹn lại");
        let one = tick(&mut chairman, &moved).await;
        chairman.submits("Hẹn lại theo lịch mới", &[("hs", one.as_str()), ("reason", " ")]).await.expect(422);
        says(&chairman, "Nêu lý do để người nộp biết.");
        let said = [("hs", one.as_str()), ("reason", "Xã nghỉ tránh bão số 9")];
        let answer = chairman.submits("Hẹn lại theo lịch mới", &said).await.expect(303);
        chairman.follows(answer).await.expect(200);
        says(&chairman, "Đã hẹn lại 1 hồ sơ.");
        let other = tick(&mut chairman, &kept).await;
        let answer = chairman.submits("Giữ hạn đã hẹn", &[("hs", other.as_str())]).await.expect(303);
        chairman.follows(answer).await.expect(200);
        says(&chairman, "Đã giữ hạn đã hẹn của 1 hồ sơ.");
        says(&chairman, "Không có hồ sơ nào cần hẹn lại.");

        let later = due(&mut citizen, &moved).await;
        assert!(later > promised && later.day() == promised.day().plus(1), "{later:?}");
        assert_eq!(due(&mut citizen, &kept).await, promised);
        assert_eq!(town.minutes_later(1).await, 0);
        let mut home = browser(&town, CITIZEN).await;
        home.opens(&format!("/ho-so-cua-toi/{moved}")).await.expect(200);
        says(&home, "Xã nghỉ tránh bão số 9");
        home.opens("/thong-bao").await.expect(200);
        says(&home, &format!("Hồ sơ {moved} có hạn trả mới"));
        chairman.opens(&page(&moved)).await.expect(200);
        says(&chairman, "Lịch làm việc thay đổi, lãnh đạo hẹn lại");

        // Another change counts all anew: what was decided about the same time is not asked again.
        closes_today(&town, "Bão số 9 vào bờ").await;
        assert_eq!(town.minutes_later(1).await, 0);
        chairman.opens(PAGE).await.expect(200);
        says(&chairman, "Không có hồ sơ nào cần hẹn lại.");
        // The one extension that the law allows is still there.
        let open = sees(&mut town.token(CHAIRMAN).await, &moved).await["steps"].to_string();
        assert!(open.contains("extend"), "{open}");
        town.audit_book_is_whole().await;
    });
}
