//! Persons: taken over from an old system they register, are confirmed and find what is theirs; somebody who
//! appears twice becomes one by two administrators, and two again while nothing has come of it.

use db::testing::both;
use db::{Tx, args};
use onestop::takeover::{Order, Report, Table, run};
use suite::person::Person;
use suite::town::people::*;
use suite::town::*;
use web::words::Lang;

use crate::batch::me;
use crate::desk::{browser, page, says};
use crate::opinion::unit_of;

const MAI: &str = "086190111222";
const PEOPLE: &str = "name,personal_number,phone,email,address,confirmed\n\
    Lê Thị Mai,086190111222,0909000222,,Ấp Phước Lợi A,có\n";
const DOSSIERS: &str = "code,procedure,counter,applicant_name,applicant_number,received_at,promised_at,\
    status,stage\n\
    h61.12/2026/17,1.001193,29596,Lê Thị Mai,086190111222,19/08/2026 08:30,21/08/2026 16:00,4,examine\n\
    h61.12/2026/18,1.001193,29596,Lê Văn Khác,086190333444,19/08/2026 08:30,21/08/2026 16:00,4,examine\n\
    h61.12/2026/19,1.001193,29596,Trần Thị Lan,086190333444,19/08/2026 08:30,21/08/2026 16:00,4,examine\n";

async fn moves_in(town: &Town, folder: &std::path::Path) {
    takes_over(town, folder, DOSSIERS).await;
}

async fn takes_over(town: &Town, folder: &std::path::Path, dossiers: &str) {
    let files = [(Table::People, "people.csv", PEOPLE), (Table::Dossiers, "dossiers.csv", dossiers)];
    let files = files.map(|(table, name, text)| {
        std::fs::write(folder.join(name), text).expect("the file is written");
        (table, folder.join(name))
    });
    let order = Order {
        files: files.to_vec(),
        check: false,
        skip_bad: false,
        source: "Một cửa cũ".into(),
        lang: Lang::Vi,
        now: morning(),
    };
    let mut out = Vec::new();
    let mut report = Report::new(Lang::Vi, &mut out);
    let done = run(&town.opened.onestop, &order, &mut report, |_, _, _| {}).await.expect("the store answers");
    assert_eq!(done.bad(), 0, "{}", String::from_utf8_lossy(&out));
}

/// Nobody is confirmed by registering.
async fn confirms_at_counters(town: &Town) {
    let close =
        async |tx: &mut Tx| tx.change("update province set confirm_on_registration = 0", args![]).await;
    town.opened.site.db.upkeep(close).await.expect("the store answers");
}

async fn registers(town: &Town, name: &str, number: &str) -> Person {
    let mut who = town.stranger();
    who.opens("/dang-ky").await.expect(200);
    let typed = [
        ("name", name),
        ("personal_number", number),
        ("phone", "0909000777"),
        ("password", PASSWORD),
        ("password_again", PASSWORD),
    ];
    let answer = who.submits("Tạo tài khoản", &typed).await.expect(303);
    who.follows(answer).await.expect(200);
    who
}

async fn confirms(town: &Town, number: &str) -> Person {
    let mut clerk = browser(town, CLERK).await;
    clerk.opens(&format!("/mot-cua/xac-nhan?so={number}")).await.expect(200);
    let seen = clerk.clone();
    clerk.submits("Đã đối chiếu thẻ, xác nhận", &[]).await.expect(303);
    town.delivers().await;
    seen
}

#[test]
fn somebody_taken_over_registers_and_once_confirmed_finds_the_dossiers_of_the_old_system() {
    both(async |t| {
        let town = Town::of(&t).await;
        confirms_at_counters(&town).await;
        moves_in(&town, t.dir()).await;
        // Her record was confirmed by the old system, and still a number that is typed opens nothing.
        let mut mai = registers(&town, "LÊ THỊ MAI", MAI).await;
        says(&mai, "hồ sơ đã có theo số định danh này hiện ra sau khi xác nhận");
        mai.opens("/ho-so-cua-toi").await.expect(200);
        assert!(!mai.page().text().contains("H61.12-2026-17"), "not before a clerk has seen her card");
        mai.opens("/ho-so-cua-toi/H61.12-2026-17").await.expect(404);
        confirms(&town, MAI).await;
        mai.opens("/ho-so-cua-toi").await.expect(200);
        says(&mai, "H61.12-2026-17");
        mai.opens("/ho-so-cua-toi/H61.12-2026-17").await.expect(200);
        // The same registration again is refused as ever.
        let mut again = town.stranger();
        again.opens("/dang-ky").await.expect(200);
        let typed = [
            ("name", "Lê Thị Mai"),
            ("personal_number", MAI),
            ("phone", "0909000777"),
            ("password", PASSWORD),
            ("password_again", PASSWORD),
        ];
        again.submits("Tạo tài khoản", &typed).await.expect(422);

        // Somebody of whom only a dossier came.
        let mut lan = registers(&town, "Trần Thị Lan", "086190333444").await;
        let clerk = confirms(&town, "086190333444").await;
        says(&clerk, "Có 1 hồ sơ mang số và họ tên này chưa thuộc tài khoản nào");
        says(&clerk, "Có 1 hồ sơ mang số này nhưng họ tên khác");
        lan.opens("/ho-so-cua-toi/H61.12-2026-19").await.expect(200);
        // Under her number stands another name: that waits for a person.
        lan.opens("/ho-so-cua-toi/H61.12-2026-18").await.expect(404);
        town.audit_book_is_whole().await;
    });
}

/// The chairman is given a post as administrator of the province: the second pair of eyes.
async fn second_admin(town: &Town) -> Person {
    let account = me(town, CHAIRMAN).await;
    let (unit, today) = (unit_of(town, ADMIN).await, town.opened.site.clock.today());
    let given = town.opened.site.db.upkeep(async move |tx: &mut Tx| -> db::Result<_> {
        let account = account.parse().expect("an account's id");
        let unit = directory::UnitId::from(unit.as_str());
        let role = directory::Role::Admin;
        directory::account::store::insert_post(tx, account, &unit, role, "Quản trị", today).await
    });
    given.await.expect("the store answers");
    browser(town, CHAIRMAN).await
}

/// Number of the same person with one digit mistyped.
pub const SLIP: &str = "086090123457";

/// A citizen with the applicant's name under a mistyped number, who has filed a dossier.
pub async fn appears_twice(town: &Town) -> (Person, String) {
    let mut twin = registers(town, "Nguyễn Hữu Ẩn", SLIP).await;
    town.delivers().await;
    let code = files_a_birth_as(town, &mut twin).await;
    (twin, code)
}

/// Files a birth from a browser's account, over the API.
async fn files_a_birth_as(town: &Town, _: &mut Person) -> String {
    let mut program = town.token(SLIP).await;
    let mut body = birth(&mut program).await;
    body["answers"]["declarant_personal_number"] = serde_json::json!(SLIP);
    let answer =
        program.calls(axum::http::Method::POST, "/api/v1/dossiers", Some(&body)).await.expect(201).json();
    answer["code"].as_str().expect("a code").to_string()
}

#[test]
fn two_accounts_of_one_person_become_one_by_two_administrators_and_two_again() {
    both(async |t| {
        let town = Town::of(&t).await;
        let (mut twin, code) = appears_twice(&town).await;
        // He was confirmed by registering, as the demonstration has it; his number was never right.
        let undo = async |tx: &mut Tx| {
            tx.change("update account set confirmed_at = null where login = $1", args![SLIP]).await
        };
        town.opened.site.db.upkeep(undo).await.expect("the store answers");
        let mut an = browser(&town, CITIZEN).await;
        an.opens(&format!("/ho-so-cua-toi/{code}")).await.expect(404);

        let (mut one, mut two) = (browser(&town, ADMIN).await, second_admin(&town).await);
        browser(&town, UNIT_ADMIN).await.opens("/quan-tri/nguoi-trung").await.expect(403);
        one.opens("/quan-tri/nguoi-trung").await.expect(200);
        says(&one, "số chỉ lệch một chỗ");
        let link = one.link("Nguyễn Hữu Ẩn");
        one.opens(&link).await.expect(200);
        for words in [CITIZEN, SLIP, "Hồ sơ", "Chưa xác nhận"] {
            says(&one, words);
        }
        one.submits("Đề nghị gộp", &[]).await.expect(422);
        says(&one, "Ghi lý do.");
        one.submits("Đề nghị gộp", &[("reason", "Gõ sai chữ số cuối, đã xem thẻ.")]).await.expect(303);

        // Not alone.
        one.opens("/quan-tri/nguoi-trung").await.expect(200);
        let proposal = one.link("Nguyễn Hữu Ẩn vào Nguyễn Hữu Ẩn");
        one.opens(&proposal).await.expect(200);
        says(&one, "Một quản trị viên khác duyệt.");
        assert!(one.page().forms().iter().all(|form| form.action != proposal), "there is nothing to press");
        two.opens(&proposal).await.expect(200);
        two.submits("Duyệt gộp", &[]).await.expect(303);
        town.delivers().await;

        an.opens(&format!("/ho-so-cua-toi/{code}")).await.expect(200);
        assert!(!an.page().text().contains("Người giúp nộp hộ"), "it was himself who filed it");
        assert!([303, 401].contains(&twin.gets("/ho-so-cua-toi").await.status), "he is signed out");
        let mut clerk = browser(&town, CLERK).await;
        clerk.opens(&page(&code)).await.expect(200);

        // Taken back: everything is as it was.
        one.opens(&proposal).await.expect(200);
        one.submits("Hoàn lại việc gộp", &[]).await.expect(303);
        town.delivers().await;
        an.opens(&format!("/ho-so-cua-toi/{code}")).await.expect(404);
        let mut back = browser(&town, SLIP).await;
        back.opens(&format!("/ho-so-cua-toi/{code}")).await.expect(200);
        town.audit_book_is_whole().await;
    });
}

#[test]
fn a_merge_is_not_taken_back_once_something_has_come_of_it_and_two_confirmed_people_stay_two() {
    both(async |t| {
        let town = Town::of(&t).await;
        let (_, code) = appears_twice(&town).await;
        let (mut one, mut two) = (browser(&town, ADMIN).await, second_admin(&town).await);
        let compare = format!("/quan-tri/nguoi-trung/so-sanh?a={CITIZEN}&b={SLIP}");
        one.opens(&compare).await.expect(200);
        says(&one, "Cả hai đã được xác nhận danh tính với hai số định danh khác nhau");
        one.opens("/quan-tri/nguoi-trung/so-sanh?a=1&b=2").await.expect(422);

        let undo = async |tx: &mut Tx| {
            tx.change("update account set confirmed_at = null where login = $1", args![SLIP]).await
        };
        town.opened.site.db.upkeep(undo).await.expect("the store answers");
        one.opens(&compare).await.expect(200);
        one.submits("Đề nghị gộp", &[("reason", "Một người.")]).await.expect(303);
        one.opens("/quan-tri/nguoi-trung").await.expect(200);
        let proposal = one.link("Nguyễn Hữu Ẩn vào Nguyễn Hữu Ẩn");
        two.opens(&proposal).await.expect(200);
        two.submits("Duyệt gộp", &[]).await.expect(303);
        town.minutes_later(1).await;
        takes(&mut town.token(CLERK).await, &code, "receive", serde_json::json!({})).await;
        one.opens(&proposal).await.expect(200);
        one.submits("Hoàn lại việc gộp", &[]).await.expect(422);
        says(&one, "Đã có việc mới trên những gì đã chuyển");
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

/// Applicants of an old system who have no account: a citizen's slip of the finger, and somebody with two
/// numbers and with none.
const NOBODYS: &str = "code,procedure,counter,applicant_name,applicant_number,applicant_phone,received_at,\
    promised_at,status,stage\n\
    h61.12/2026/21,1.001193,29596,Nguyễn Hữu Ẩn,086090123457,,19/08/2026 08:30,21/08/2026 16:00,4,examine\n\
    h61.12/2026/22,1.001193,29596,Trần Thị Lan,086190333444,0909000888,19/08/2026 08:30,21/08/2026 16:00,4,\
    examine\n\
    h61.12/2026/23,1.001193,29596,TRẦN THỊ LAN,086190333555,0909000888,19/08/2026 08:30,21/08/2026 16:00,4,\
    examine\n\
    h61.12/2026/24,1.001193,29596,Trần Thị Lan,,0909000888,19/08/2026 08:30,21/08/2026 16:00,4,examine\n";

/// One proposes on the open comparison, the other agrees; the way to the proposal.
async fn agree(town: &Town, one: &mut Person, two: &mut Person, told: &str) -> String {
    one.submits("Đề nghị gộp", &[("reason", "Đã xem thẻ và hồ sơ giấy.")]).await.expect(303);
    one.opens("/quan-tri/nguoi-trung").await.expect(200);
    let proposal = one.link(told);
    one.opens(&proposal).await.expect(200);
    says(one, "Một quản trị viên khác duyệt.");
    assert!(one.page().forms().iter().all(|form| form.action != proposal), "nobody agrees with themselves");
    two.opens(&proposal).await.expect(200);
    two.submits("Duyệt gộp", &[]).await.expect(303);
    town.delivers().await;
    proposal
}

#[test]
fn an_applicant_without_an_account_joins_a_person_by_two_administrators_and_parts_again() {
    both(async |t| {
        let town = Town::of(&t).await;
        takes_over(&town, t.dir(), NOBODYS).await;
        let theirs = "/ho-so-cua-toi/H61.12-2026-21";
        let mut an = browser(&town, CITIZEN).await;
        an.opens(theirs).await.expect(404);

        let (mut one, mut two) = (browser(&town, ADMIN).await, second_admin(&town).await);
        one.opens("/quan-tri/nguoi-trung").await.expect(200);
        says(&one, "Có người chưa có tài khoản");
        says(&one, "số chỉ lệch một chỗ");
        let link = one.link("Nguyễn Hữu Ẩn");
        assert!(!link.contains(SLIP), "no number stands in an address: {link}");
        one.opens(&link).await.expect(200);
        for words in [CITIZEN, SLIP, "Chưa có tài khoản; có tên trong hồ sơ H61.12-2026-21"] {
            says(&one, words);
        }
        one.submits("Đề nghị gộp", &[]).await.expect(422);
        says(&one, "Ghi lý do.");
        // Whoever is confirmed stays.
        let wrong = [("stays", "H61.12-2026-21"), ("reason", "Một người.")];
        one.submits("Đề nghị gộp", &wrong).await.expect(422);
        says(&one, "Người đã xác nhận danh tính phải là người ở lại");
        one.opens(&link).await.expect(200);
        let proposal = agree(&town, &mut one, &mut two, "Nguyễn Hữu Ẩn vào Nguyễn Hữu Ẩn").await;
        an.opens(theirs).await.expect(200);
        one.opens(&proposal).await.expect(200);
        one.submits("Hoàn lại việc gộp", &[]).await.expect(303);
        town.delivers().await;
        an.opens(theirs).await.expect(404);
        one.opens("/quan-tri/nguoi-trung/so-sanh?a=H61.12-2026-21&b=H61.12-2026-99").await.expect(422);
        town.audit_book_is_whole().await;
    });
}

#[test]
fn applicants_without_accounts_become_one_and_the_person_finds_all_of_it_once_confirmed() {
    both(async |t| {
        let town = Town::of(&t).await;
        confirms_at_counters(&town).await;
        takes_over(&town, t.dir(), NOBODYS).await;
        let (mut one, mut two) = (browser(&town, ADMIN).await, second_admin(&town).await);
        one.opens("/quan-tri/nguoi-trung").await.expect(200);
        says(&one, "Cùng họ tên và điện thoại");
        let compare = |a: &str, b: &str| format!("/quan-tri/nguoi-trung/so-sanh?a={a}&b={b}");
        one.opens(&compare("086190333444", "086190333555")).await.expect(200);
        agree(&town, &mut one, &mut two, "TRẦN THỊ LAN vào Trần Thị Lan").await;
        // The record of the first now speaks for both; a dossier without a number goes to it as well.
        one.opens("/quan-tri/nguoi-trung").await.expect(200);
        let link = one.link("Trần Thị Lan");
        one.opens(&link).await.expect(200);
        says(&one, "có tên trong hồ sơ H61.12-2026-24");
        let proposal = agree(&town, &mut one, &mut two, "Trần Thị Lan vào Trần Thị Lan").await;

        // Somebody of this name registers under another number: what is nobody's is not theirs to read.
        registers(&town, "Trần Thị Lan", "086190333777").await;
        one.opens(&compare("086190333777", "H61.12-2026-17")).await.expect(422);
        one.opens(&proposal).await.expect(200);
        one.submits("Hoàn lại việc gộp", &[]).await.expect(303);
        town.delivers().await;
        one.opens(&compare("086190333777", "H61.12-2026-24")).await.expect(200);
        one.submits("Đề nghị gộp", &[("reason", "Một người.")]).await.expect(422);
        says(&one, "Người ở lại chưa được xác nhận danh tính");

        // She registers under her number and is confirmed: what was joined is hers.
        let mut lan = registers(&town, "Trần Thị Lan", "086190333444").await;
        lan.opens("/ho-so-cua-toi/H61.12-2026-22").await.expect(404);
        confirms(&town, "086190333444").await;
        for code in ["22", "23"] {
            lan.opens(&format!("/ho-so-cua-toi/H61.12-2026-{code}")).await.expect(200);
        }
        lan.opens("/ho-so-cua-toi/H61.12-2026-24").await.expect(404);
        town.audit_book_is_whole().await;
    });
}
