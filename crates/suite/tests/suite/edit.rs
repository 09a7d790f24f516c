//! Procedures edited in the pages: written with the check beside it, laid before a second pair of eyes,
//! published with a first day, taken up by every node, tried, compared, withdrawn.

use std::time::Duration;

use axum::http::Method;
use db::Tx;
use db::testing::both;
use suite::person::{Person, Upload};
use suite::town::people::*;
use suite::town::*;

use crate::batch::me;
use crate::desk::{browser, says};
use crate::opinion::unit_of;

const HERE: &str = "/quan-tri/thu-tuc/1.001193";
const FORM: &str = "application/x-www-form-urlencoded";

/// The chairman is given a post as administrator of the province: the second pair of eyes.
pub async fn second_admin(town: &Town) {
    let account = me(town, CHAIRMAN).await;
    let (unit, today) = (unit_of(town, ADMIN).await, town.opened.site.clock.today());
    let given = town.opened.site.db.upkeep(async move |tx: &mut Tx| -> db::Result<_> {
        let account = account.parse().expect("an account's id");
        let unit = directory::UnitId::from(unit.as_str());
        let role = directory::Role::Admin;
        directory::account::store::insert_post(tx, account, &unit, role, "Quản trị", today).await
    });
    given.await.expect("the store answers");
}

/// The published text of a version.
pub async fn file(who: &mut Person, version: i64) -> String {
    who.gets(&format!("{HERE}/tep/{version}")).await.expect(200).text()
}

/// The text of the next version: the newest one with its number, its first day, and another name.
pub fn second(first: &str, day: &str) -> String {
    let name = first.lines().find(|line| line.starts_with("name = ")).expect("a name");
    let from = first.lines().find(|line| line.starts_with("valid_from = ")).expect("a first day");
    first
        .replace("version = 3\n", "version = 4\n")
        .replace(from, &format!("valid_from = \"{day}\""))
        .replace(name, "name = \"Đăng ký khai sinh theo quy định mới\"")
}

pub async fn begins(admin: &mut Person) {
    admin.opens(HERE).await.expect(200);
    let answer = admin.submits("Soạn phiên bản mới", &[]).await.expect(303);
    admin.follows(answer).await.expect(200);
}

pub async fn writes(admin: &mut Person, source: &str) {
    admin.opens(&format!("{HERE}/sua")).await.expect(200);
    let answer = admin.submits("Lưu và kiểm tra", &[("source", source)]).await.expect(303);
    admin.follows(answer).await.expect(200);
}

pub async fn presses(who: &mut Person, button: &str, filled: &[(&str, &str)]) {
    who.opens(HERE).await.expect(200);
    let answer = who.submits(button, filled).await.expect(303);
    who.follows(answer).await.expect(200);
}

/// The days that pass, and what this node then offers.
async fn days_later(town: &Town, days: u64) {
    town.hand.advance(Duration::from_secs(days * 24 * 3600));
    let app = &town.opened.onestop;
    app.catalogue.refresh(&app.site.db, app.site.clock.today()).await.expect("the store answers");
}

/// Tried by invented citizens in the background.
async fn tries(town: &Town, admin: &mut Person) {
    admin.opens(&format!("{HERE}/chay-thu")).await.expect(200);
    says(admin, "Chưa có hồ sơ nào");
    admin.submits("Chạy thử", &[("people", "0")]).await.expect(422);
    admin.submits("Chạy thử", &[("people", "25")]).await.expect(303);
    admin.opens(&format!("{HERE}/chay-thu")).await.expect(200);
    says(admin, "Đang chạy");
    assert_eq!(town.minutes_later(1).await, 0);
    admin.opens(&format!("{HERE}/chay-thu")).await.expect(200);
    says(admin, "25 người");
    assert!(!admin.page().text().contains("Đang chạy"), "{}", admin.page().text());
}

/// Begins a draft of a filing and stands on its first page.
async fn begins_to_file(citizen: &mut Person) {
    citizen.opens("/nop-ho-so/1.001193?noi=phuoc+hau").await.expect(200);
    let answer = citizen.submits("Bắt đầu điền hồ sơ", &[("unit", COMMUNE)]).await.expect(303);
    citizen.follows(answer).await.expect(200);
}

/// Sent back with a reason, proposed again, and published with a day that is not over.
async fn looks_twice(admin: &mut Person, eyes: &mut Person) {
    eyes.opens(HERE).await.expect(200);
    eyes.submits("Trả lại để sửa", &[]).await.expect(422);
    says(eyes, "Ghi lý do.");
    presses(eyes, "Trả lại để sửa", &[("note", "Ghi rõ căn cứ.")]).await;
    admin.opens(HERE).await.expect(200);
    says(admin, "Ghi rõ căn cứ.");
    presses(admin, "Trình người khác duyệt", &[]).await;
    eyes.opens(HERE).await.expect(200);
    eyes.submits("Công bố phiên bản 4", &[("valid_from", "2026-08-19")]).await.expect(422);
    says(eyes, "Ngày áp dụng đã qua.");
    presses(eyes, "Công bố phiên bản 4", &[("valid_from", "2026-08-24")]).await;
    says(eyes, "Chờ ngày áp dụng");
}

#[test]
fn a_version_is_written_with_the_check_beside_it_and_nothing_typed_is_lost() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut admin = browser(&town, ADMIN).await;
        admin.opens("/quan-tri/thu-tuc?q=khai+sinh").await.expect(200);
        says(&admin, "1.001193");
        let first = file(&mut admin, 3).await;
        begins(&mut admin).await;
        says(&admin, "Phiên bản 4, chưa công bố");

        // A file that cannot be read is kept as it was typed, with the line of the fault.
        writes(&mut admin, "code = \"1.001193\"\nversion = [").await;
        says(&admin, "Dòng 2");
        says(&admin, "version = [");
        admin.opens(&format!("{HERE}/sua-theo-muc")).await.expect(200);
        says(&admin, "chưa đọc được");
        admin.opens(HERE).await.expect(200);
        admin.submits("Trình người khác duyệt", &[]).await.expect(422);
        says(&admin, "Tệp còn 1 lỗi.");

        // Two tabs: the second one is told, and keeps what was typed in it.
        let mut other = browser(&town, ADMIN).await;
        other.opens(&format!("{HERE}/sua")).await.expect(200);
        let text = second(&first, "2026-08-24");
        writes(&mut admin, &text).await;
        says(&admin, "0 lỗi");
        other.submits("Lưu và kiểm tra", &[("source", "# viết dở")]).await.expect(409);
        says(&other, "# viết dở");
        says(&other, "Bản người khác vừa lưu");

        // The forms write the same text.
        admin.opens(&format!("{HERE}/sua-theo-muc")).await.expect(200);
        admin.submits("Lưu và kiểm tra", &[("limit", "mai")]).await.expect(422);
        says(&admin, "Viết thời hạn như 3wd");
        admin.opens(&format!("{HERE}/sua-theo-muc")).await.expect(200);
        let typed = [("limit", "2wd"), ("limit_note", "Rút ngắn một ngày.")];
        let answer = admin.submits("Lưu và kiểm tra", &typed).await.expect(303);
        admin.follows(answer).await.expect(200);
        admin.opens(&format!("{HERE}/so-sanh?tu=2&den=ban-thao")).await.expect(200);
        for words in ["Thời hạn giải quyết", "Rút ngắn một ngày.", "Đăng ký khai sinh theo quy định mới"]
        {
            says(&admin, words);
        }

        a_step_comes_between(&mut admin).await;

        // As a citizen would meet it; nothing is kept.
        admin.opens(&format!("{HERE}/xem-trang")).await.expect(200);
        says(&admin, "Đăng ký khai sinh theo quy định mới");
        admin.opens(&format!("{HERE}/xem-thu")).await.expect(200);
        admin.submits("Tiếp tục", &[]).await.expect(422);
        says(&admin, "mục cần sửa");

        tries(&town, &mut admin).await;

        // Those of a unit read; nobody else does.
        let mut keeper = browser(&town, UNIT_ADMIN).await;
        keeper.opens(HERE).await.expect(200);
        assert!(!keeper.page().text().contains("Trình người khác duyệt"));
        assert_eq!(keeper.gets(&format!("{HERE}/sua")).await.status, 403);
        assert_eq!(browser(&town, CLERK).await.gets(HERE).await.status, 403);
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

/// The buttons of the steps: what was typed in the page is kept, and the check says what is missing.
async fn a_step_comes_between(admin: &mut Person) {
    let guided = format!("{HERE}/sua-theo-muc");
    admin.opens(&guided).await.expect(200);
    let typed = [("limit_note", "Rút ngắn còn hai ngày.")];
    let answer = admin.submits("Thêm bước sau bước này – Dòng 1", &typed).await.expect(303);
    admin.follows(answer).await.expect(200);
    says(admin, "Rút ngắn còn hai ngày.");
    let ticked = |admin: &Person, name: &str| -> Vec<String> {
        let fields = admin.page().forms().into_iter().flat_map(|form| form.fields);
        fields.filter(|(field, _)| field == name).map(|(_, id)| id).collect()
    };
    assert_eq!(ticked(admin, "steps.0.next"), ["step-1"]);
    says(admin, "1 lỗi");
    let typed = [("steps.1.name", "Thẩm tra lại"), ("steps.1.limit", "1wh")];
    let answer = admin.submits("Lên trước – Dòng 2", &typed).await.expect(303);
    admin.follows(answer).await.expect(200);
    let names = |admin: &Person| -> Vec<String> {
        let fields = admin.page().forms().into_iter().flat_map(|form| form.fields);
        fields
            .filter(|(name, _)| name.starts_with("steps.") && name.ends_with(".name"))
            .map(|f| f.1)
            .collect()
    };
    assert_eq!(names(admin)[0], "Thẩm tra lại");
    let answer = admin.submits("Bỏ bước này – Dòng 1", &[]).await.expect(303);
    admin.follows(answer).await.expect(200);
    assert_eq!(names(admin).len(), 2);
    says(admin, "0 lỗi");
}

#[test]
fn branches_returns_and_signers_are_written_in_the_guided_form_with_the_check_at_the_field() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut admin = browser(&town, ADMIN).await;
        let first = file(&mut admin, 3).await;
        begins(&mut admin).await;
        writes(&mut admin, &second(&first, "2026-08-24")).await;
        let guided = format!("{HERE}/sua-theo-muc");
        admin.opens(&guided).await.expect(200);
        let answer = admin.submits("Thêm bước sau bước này – Dòng 1", &[]).await.expect(303);
        admin.follows(answer).await.expect(200);
        let value = |admin: &Person, name: &str| -> Vec<String> {
            let fields = admin.page().forms().into_iter().flat_map(|form| form.fields);
            fields.filter(|(field, _)| field == name).map(|(_, value)| value).collect()
        };
        let sign = value(&admin, "steps.1.next");
        let [sign] = sign.as_slice() else { panic!("the new step leads to one: {sign:?}") };
        let begins = value(&admin, "steps.1.may_return_to");
        // The limit that the new step lacks is told at its field.
        let page = admin.opens(&guided).await.expect(200).text();
        assert!(page.contains("id=\"steps.1.limit-loi\""), "the check stands beside the field");

        // A branch: past the new step, or straight to the signature.
        let typed = [("steps.1.limit", "1wh"), ("steps.0.next", "step-1"), ("steps.0.next", sign)];
        let answer = admin.submits("Lưu và kiểm tra", &typed).await.expect(303);
        let page = admin.follows(answer).await.expect(200).text();
        says(&admin, "0 lỗi");
        assert!(!page.contains("id=\"steps.1.limit-loi\""));
        let mut ways = value(&admin, "steps.0.next");
        ways.sort();
        let mut both_ways = ["step-1".to_string(), sign.clone()];
        both_ways.sort();
        assert_eq!(ways, both_ways);
        assert_eq!(value(&admin, "steps.1.may_return_to"), begins);

        // Back to where no way comes from: said at the ticks.
        let answer = admin.submits("Lưu và kiểm tra", &[("steps.1.may_return_to", sign)]).await.expect(303);
        let page = admin.follows(answer).await.expect(200).text();
        assert!(page.contains("id=\"steps.1.may_return_to-loi\""), "the check stands beside the ticks");
        let right = [("steps.1.may_return_to", begins[0].as_str())];
        let answer = admin.submits("Lưu và kiểm tra", &right).await.expect(303);
        admin.follows(answer).await.expect(200);
        says(&admin, "0 lỗi");

        // Somebody who agrees: what is not chosen is asked for, and nothing typed is lost.
        let typed = [("signers.0.name", "Người mẹ hoặc người cha"), ("signers.0.required", "1")];
        admin.submits("Lưu và kiểm tra", &typed).await.expect(422);
        says(&admin, "Chọn một câu hỏi của biểu mẫu.");
        assert_eq!(value(&admin, "signers.0.name")[0], "Người mẹ hoặc người cha");
        let chosen =
            [("signers.0.number", "declarant_personal_number"), ("signers.0.person", "declarant_name")];
        let answer = admin.submits("Lưu và kiểm tra", &chosen).await.expect(303);
        admin.follows(answer).await.expect(200);
        assert_eq!(value(&admin, "signers.0.number"), ["declarant_personal_number"]);
        admin.opens(&format!("{HERE}/so-sanh?tu=2&den=ban-thao")).await.expect(200);
        for words in ["Người cùng ký", "Người mẹ hoặc người cha"] {
            says(&admin, words);
        }
        town.audit_book_is_whole().await;
    });
}

#[test]
fn nobody_publishes_alone_and_a_draft_and_a_dossier_keep_their_version() {
    both(async |t| {
        let town = Town::of(&t).await;
        second_admin(&town).await;
        let (mut admin, mut eyes) = (browser(&town, ADMIN).await, browser(&town, CHAIRMAN).await);
        let node = town.second_node(&t).await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        let mut citizen = browser(&town, CITIZEN).await;
        begins_to_file(&mut citizen).await;
        let draft = citizen.path().to_owned();

        let text = second(&file(&mut admin, 3).await, "2026-08-21");
        begins(&mut admin).await;
        writes(&mut admin, &text).await;
        presses(&mut admin, "Trình người khác duyệt", &[]).await;
        says(&admin, "Người soạn hoặc trình không tự công bố");
        // Nor by a request that no page offers.
        let mut alone = town.token(ADMIN).await;
        let body = "seen=3&valid_from=2026-08-24";
        let told = alone.sends(Method::POST, &format!("{HERE}/cong-bo"), Some(FORM), body.into()).await;
        assert!(told.expect(422).text().contains("Hãy nhờ một quản trị viên khác"));
        // While it waits nobody writes.
        assert_eq!(admin.gets(&format!("{HERE}/sua")).await.status, 303);

        looks_twice(&mut admin, &mut eyes).await;

        // Before its first day nothing changes, and it may be taken back.
        let api = "/api/v1/procedures/1.001193";
        let version = |said: serde_json::Value| said["version"].as_i64().expect("a version");
        assert_eq!(version(town.stranger().calls(Method::GET, api, None).await.json()), 3);
        eyes.submits("Rút phiên bản 4", &[]).await.expect(422);
        days_later(&town, 4).await;
        assert_eq!(version(town.stranger().calls(Method::GET, api, None).await.json()), 4);
        // The other node takes it up by itself when it looks again.
        let today = town.opened.site.clock.today();
        assert!(node.onestop.catalogue.refresh(&node.site.db, today).await.expect("the store answers"));
        assert_eq!(
            version(Person::inside(node.router.clone()).calls(Method::GET, api, None).await.json()),
            4
        );
        let (mut admin, mut alone) = (browser(&town, ADMIN).await, town.token(ADMIN).await);
        let body = "note=x";
        let told = alone.sends(Method::POST, &format!("{HERE}/rut/3"), Some(FORM), body.into()).await;
        assert!(told.expect(422).text().contains("Chỉ rút được phiên bản chưa tới ngày áp dụng"));

        // Search and filing use it; what was begun before keeps what it had.
        let mut stranger = town.stranger();
        stranger.opens("/thu-tuc?q=khai+sinh+theo+quy+dinh+moi").await.expect(200);
        says(&stranger, "Đăng ký khai sinh theo quy định mới");
        let mut clerk = browser(&town, CLERK).await;
        clerk.opens(&crate::desk::page(&code)).await.expect(200);
        assert!(!clerk.page().text().contains("theo quy định mới"));
        let mut citizen = browser(&town, CITIZEN).await;
        citizen.opens(&draft).await.expect(200);
        says(&citizen, "có phiên bản mới");
        let answer = citizen.submits("Chuyển sang phiên bản mới", &[]).await.expect(303);
        citizen.follows(answer).await.expect(200);
        says(&citizen, "theo quy định mới");
        assert!(!citizen.page().text().contains("có phiên bản mới"));
        // The file as it was published passes the check again.
        let published = file(&mut admin, 4).await;
        let found = onestop::inspect::inspect("x.toml", &published, web::words::Lang::En);
        assert!(found.iter().all(|r| r.severity == onestop::inspect::Severity::Warning));
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn a_bad_version_is_withdrawn_before_its_first_day_and_replaced() {
    both(async |t| {
        let town = Town::of(&t).await;
        second_admin(&town).await;
        let (mut admin, mut eyes) = (browser(&town, ADMIN).await, browser(&town, CHAIRMAN).await);
        let text = second(&file(&mut admin, 3).await, "2026-08-21");
        begins(&mut admin).await;
        writes(&mut admin, &text).await;
        presses(&mut admin, "Trình người khác duyệt", &[]).await;
        presses(&mut eyes, "Công bố phiên bản 4", &[("valid_from", "2026-08-24")]).await;
        presses(&mut admin, "Rút phiên bản 4", &[("note", "Sai mức phí.")]).await;
        says(&admin, "Đã rút");
        says(&admin, "Sai mức phí.");
        days_later(&town, 10).await;
        let said = town.stranger().calls(Method::GET, "/api/v1/procedures/1.001193", None).await.json();
        assert_eq!(said["version"], 3);
        // Its number is not used again.
        let mut admin = browser(&town, ADMIN).await;
        begins(&mut admin).await;
        says(&admin, "Phiên bản 5, chưa công bố");
        presses(&mut admin, "Bỏ bản đang soạn", &[]).await;
        says(&admin, "Đã bỏ bản đang soạn.");
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

/// The first version with a question more on its first page, answered with a file.
fn with_file(first: &str) -> String {
    let asked = first
        .replace("version = 3\n", "version = 4\n")
        .replace("\"declarant_relation\",\n  ] }", "\"declarant_relation\", \"child_photo\",\n  ] }")
        .replace("required = [\n  \"declarant_name\"", "required = [\n  \"child_photo\", \"declarant_name\"");
    let question = "title = \"Ảnh giấy chứng sinh\"\ntype = \"string\"\nformat = \"file\"\n";
    format!("{asked}\n[form.schema.properties.child_photo]\n{question}")
}

fn photo(bytes: &[u8]) -> Upload<'_> {
    Upload { field: "child_photo", file_name: "anh.pdf", content_type: "application/pdf", bytes }
}

#[test]
fn a_question_is_answered_with_a_file_without_script() {
    both(async |t| {
        let town = Town::of(&t).await;
        second_admin(&town).await;
        let (mut admin, mut eyes) = (browser(&town, ADMIN).await, browser(&town, CHAIRMAN).await);
        let text = with_file(&file(&mut admin, 3).await);
        begins(&mut admin).await;
        writes(&mut admin, &text).await;
        says(&admin, "0 lỗi");
        presses(&mut admin, "Trình người khác duyệt", &[]).await;
        presses(&mut eyes, "Công bố phiên bản 4", &[("valid_from", "2026-08-20")]).await;
        says(&eyes, "Đang áp dụng");

        let mut citizen = browser(&town, CITIZEN).await;
        begins_to_file(&mut citizen).await;
        let first = citizen.path().to_owned();
        // Without the file the page does not go on, and says where it is missing.
        let typed = [
            ("declarant_phone", "0912 345 678"),
            ("declarant_address", "Ấp Phước Lợi A, xã Phước Hậu"),
            ("declarant_relation", "father"),
        ];
        citizen.submits_files("Lưu và tiếp tục", &typed, &[]).await.expect(422);
        says(&citizen, "Ảnh giấy chứng sinh");
        let bytes = pdf("ảnh");
        // What is no paper is refused beside its question, and the answers of the page stay.
        citizen.opens(&first).await.expect(200);
        citizen.submits_files("Lưu và tiếp tục", &typed, &[photo(b"MZ not a paper")]).await.expect(422);
        citizen.opens(&first).await.expect(200);
        let answer = citizen.submits_files("Lưu và tiếp tục", &typed, &[photo(&bytes)]).await.expect(303);
        citizen.follows(answer).await.expect(200);
        assert_ne!(citizen.path(), first);
        citizen.opens(&first).await.expect(200);
        says(&citizen, "anh.pdf");
        let check = format!("{}/kiem-tra", first.rsplit_once('/').expect("a page").0);
        citizen.opens(&check).await.expect(200);
        says(&citizen, "Ảnh giấy chứng sinh");
        says(&citizen, "anh.pdf");

        // In the dossier it is a paper with its name; without it nothing is filed.
        let mut program = town.token(CITIZEN).await;
        let body = birth(&mut program).await;
        program.calls(Method::POST, "/api/v1/dossiers", Some(&body)).await.expect(422);
        let mut body = birth(&mut program).await;
        let upload = uploads(&mut program, "ảnh").await;
        let more = serde_json::json!({ "component": "child_photo", "upload": upload });
        body["uploads"].as_array_mut().expect("a list").push(more);
        let said = program.calls(Method::POST, "/api/v1/dossiers", Some(&body)).await.expect(201).json();
        let code = said["code"].as_str().expect("a code").to_owned();
        let mut clerk = browser(&town, CLERK).await;
        clerk.opens(&crate::desk::page(&code)).await.expect(200);
        says(&clerk, "Ảnh giấy chứng sinh");
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}
