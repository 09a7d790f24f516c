//! Officials who are away, work that is passed on, filters that are kept, and the register.

use db::Tx;
use db::testing::both;
use suite::person::Person;
use suite::town::people::*;
use suite::town::*;

use crate::batch::me;
use crate::desk::{browser, page, presses, says};
use crate::opinion::unit_of;

/// The surveyor is given the registrar's post too, so that two may stand in for one another.
async fn two_registrars(town: &Town) {
    let account = me(town, SURVEYOR).await;
    let (unit, today) = (unit_of(town, REGISTRAR).await, town.opened.site.clock.today());
    let given = town.opened.site.db.upkeep(async move |tx: &mut Tx| -> db::Result<_> {
        let account = account.parse().expect("an account's id");
        let unit = directory::UnitId::from(unit.as_str());
        let role = directory::Role::Officer;
        directory::account::store::insert_post(tx, account, &unit, role, "Công chức", today).await
    });
    given.await.expect("the store answers");
}

async fn at_the_registrar(town: &Town, n: usize) -> Vec<String> {
    let mut citizen = town.token(CITIZEN).await;
    let mut clerk = browser(town, CLERK).await;
    let mut codes = Vec::new();
    for _ in 0..n {
        let code = files_a_birth(&mut citizen).await;
        presses(&mut clerk, &code, "Tiếp nhận hồ sơ").await;
        presses(&mut clerk, &code, "Chuyển xử lý").await;
        codes.push(code);
    }
    codes
}

/// Gives dossiers to somebody through the batch of the registrar's list.
async fn assigns(town: &Town, who: &mut Person, codes: &[String], to: &str, version: i64) {
    who.opens("/mot-cua/dang-xu-ly").await.expect(200);
    let ticks: Vec<String> = codes.iter().map(|code| format!("{code}:{version}")).collect();
    let filled: Vec<(&str, &str)> = ticks.iter().map(|tick| ("hs", tick.as_str())).collect();
    let answer = who.submits("Làm hàng loạt hồ sơ đã chọn", &filled).await.expect(303);
    let batch = answer.header("location").to_string();
    who.opens(&format!("{batch}?viec=giao-viec&giao={to}")).await.expect(200);
    let button = who.page().forms().into_iter().flat_map(|f| f.buttons).map(|(words, _)| words);
    let button = button.into_iter().find(|words| words.starts_with("Giao cho")).expect("a button");
    who.submits(&button, &[]).await.expect(303);
    assert_eq!(town.minutes_later(1).await, 0);
    who.opens(&batch).await.expect(200);
}

async fn held_by(who: &mut Person, whose: &str, code: &str) -> bool {
    who.opens(&format!("/mot-cua/dang-xu-ly?nguoi={whose}")).await.expect(200).text().contains(code)
}

#[test]
fn what_is_meant_for_somebody_away_goes_to_the_stand_in_and_the_rest_is_passed_on() {
    both(async |t| {
        let town = Town::of(&t).await;
        two_registrars(&town).await;
        let codes = at_the_registrar(&town, 3).await;
        let (first, second) = (me(&town, REGISTRAR).await, me(&town, SURVEYOR).await);
        let mut registrar = browser(&town, REGISTRAR).await;
        assigns(&town, &mut registrar, &codes[..2], &first, 3).await;
        says(&registrar, "2 hồ sơ: làm được 2, không làm được 0");

        // The other one is not hers to work on: assigned is locked.
        registrar.opens("/mot-cua/vang-mat").await.expect(200);
        registrar.submits("Ghi vắng mặt", &[("reason", "Nghỉ phép")]).await.expect(422);
        says(&registrar, "Nhập ngày bắt đầu và ngày kết thúc, chưa qua.");
        let away = [
            ("from", "2026-08-20"),
            ("to", "2026-08-28"),
            ("stand_in", second.as_str()),
            ("reason", "Nghỉ phép"),
        ];
        let answer = registrar.submits("Ghi vắng mặt", &away).await.expect(303);
        registrar.follows(answer).await.expect(200);
        says(&registrar, "20/08/2026 đến 28/08/2026");

        // What is meant for her now goes to the one who stands in.
        assigns(&town, &mut registrar, &codes[2..], &first, 3).await;
        assert!(!held_by(&mut registrar, "toi", &codes[2]).await);
        // The leader passes on what she had open before.
        let mut chairman = browser(&town, CHAIRMAN).await;
        chairman.opens("/mot-cua/vang-mat").await.expect(200);
        says(&chairman, "(2 hồ sơ)");
        let wish = [("of", first.as_str()), ("to", second.as_str())];
        chairman.submits("Chuyển tất cả hồ sơ đang mở", &wish).await.expect(422);
        chairman.opens("/mot-cua/vang-mat").await.expect(200);
        let wish = [("of", first.as_str()), ("to", second.as_str()), ("reason", "Nghỉ phép")];
        let answer = chairman.submits("Chuyển tất cả hồ sơ đang mở", &wish).await.expect(303);
        let batch = answer.header("location").to_string();
        assert_eq!(town.minutes_later(1).await, 0);
        chairman.opens(&batch).await.expect(200);
        says(&chairman, "2 hồ sơ: làm được 2, không làm được 0");
        for code in &codes {
            assert!(!held_by(&mut registrar, "toi", code).await, "{code}");
        }
        registrar.opens(&page(&codes[0])).await.expect(200);
        says(&registrar, "Hồ sơ đang giao cho");
        let (mut hers, mut theirs) = (town.token(REGISTRAR).await, town.token(SURVEYOR).await);
        let told = tries_step(&mut hers, &codes[0], "submit_for_signature", serde_json::json!({})).await;
        told.expect(422);
        takes(&mut theirs, &codes[0], "submit_for_signature", serde_json::json!({})).await;

        // Only a leader passes on another's work.
        let body = "of=x&to=&reason=y";
        let kind = "application/x-www-form-urlencoded";
        let told =
            registrar.sends(axum::http::Method::POST, "/mot-cua/chuyen-viec", Some(kind), body.into()).await;
        assert_eq!(told.status, 403);
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn a_filter_is_kept_under_a_name_with_its_count_and_is_ones_own() {
    both(async |t| {
        let town = Town::of(&t).await;
        files_a_birth(&mut town.token(CITIZEN).await).await;
        let mut clerk = browser(&town, CLERK).await;
        clerk.opens("/mot-cua/cho-tiep-nhan?q=an").await.expect(200);
        clerk.submits("Giữ bộ lọc", &[]).await.expect(422);
        clerk.opens("/mot-cua/cho-tiep-nhan?q=an").await.expect(200);
        let answer = clerk.submits("Giữ bộ lọc", &[("name", "Của An")]).await.expect(303);
        clerk.follows(answer).await.expect(200);
        assert!(clerk.path().contains("q=an"), "{}", clerk.path());
        clerk.opens("/mot-cua/qua-han").await.expect(200);
        says(&clerk, "Của An 1");
        let mut other = browser(&town, SECOND_CLERK).await;
        other.opens("/mot-cua/cho-tiep-nhan").await.expect(200);
        assert!(!other.page().text().contains("Của An"));

        clerk.opens("/mot-cua/so-theo-doi?tu=2026-08-01&den=2026-08-31").await.expect(200);
        says(&clerk, "1 hồ sơ trong thời gian này");
        let link = clerk.link("In sổ (PDF, A4 ngang)");
        assert!(clerk.gets(&link).await.expect(200).body.starts_with(b"%PDF-"));
        clerk.opens("/mot-cua/so-theo-doi?tu=2026-07-01&den=2026-07-31").await.expect(200);
        says(&clerk, "0 hồ sơ trong thời gian này");
        town.audit_book_is_whole().await;
    });
}
