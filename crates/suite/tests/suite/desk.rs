//! The officials' pages, with forms as people fill them and on both databases: what a clerk, an
//! officer and a leader do with a dossier, and what they are told when it cannot be done.

use axum::http::Method;
use db::Tx;
use db::testing::both;
use serde_json::json;
use suite::person::{Answer, Person};
use suite::town::people::*;
use suite::town::*;
use web::session;

/// Somebody with a browser in which this account is signed in.
pub async fn browser(town: &Town, login: &str) -> Person {
    let mut person = town.stranger();
    person.says("cookie", &format!("{}={}", session::COOKIE, session_of(town, login).await));
    person
}

/// What a browser holds in which this account is signed in. The session is begun behind the sign-in, whose
/// slow password check has stories of its own.
pub async fn session_of(town: &Town, login: &str) -> String {
    let site = &town.opened.site;
    let (login, now) = (login.to_string(), site.clock.now());
    let token = site.db.upkeep(async move |tx: &mut Tx| -> db::Result<_> {
        let account = directory::account::store::find_secret(tx, &login).await?;
        let account = account.ok_or(db::Error::NotFound)?;
        session::start(tx, &account.id.to_string(), session::Kind::Browser, now).await
    });
    token.await.expect("a demonstration account").as_str().to_string()
}

pub fn page(code: &str) -> String {
    format!("/mot-cua/ho-so/{code}")
}

/// Opens the dossier and presses a button of its page; the page that comes of it.
pub async fn presses(who: &mut Person, code: &str, button: &str) -> Answer {
    who.opens(&page(code)).await.expect(200);
    let answer = who.submits(button, &[]).await.expect(303);
    who.follows(answer).await.expect(200)
}

#[track_caller]
pub fn says(who: &Person, words: &str) {
    let page = who.page();
    assert!(page.text().contains(words), "{} does not say {words:?}:\n{}", who.path(), page.outline());
}

#[test]
fn a_birth_goes_over_the_desks_from_the_list_to_the_returned_certificate() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        let mut clerk = browser(&town, CLERK).await;
        let home = clerk.opens("/mot-cua").await;
        clerk.follows(home).await.expect(200);
        assert_eq!(clerk.path(), "/mot-cua/cho-tiep-nhan");
        says(&clerk, "Chờ tiếp nhận 1");
        let link = clerk.link(&code);
        clerk.opens(&link).await.expect(200);
        for words in ["Nguyễn Minh Khôi", "Nam", "10/08/2026", "086090123456", "Có đủ 2 giấy tờ bắt buộc."]
        {
            says(&clerk, words);
        }
        let answer = clerk.submits("Tiếp nhận hồ sơ", &[]).await.expect(303);
        clerk.follows(answer).await.expect(200);
        says(&clerk, "Đã tiếp nhận hồ sơ.");
        says(&clerk, "Hẹn trả 17:00, thứ Năm 20/08/2026");
        says(&clerk, "Chờ tiếp nhận 0");
        presses(&mut clerk, &code, "Chuyển xử lý").await;

        let mut registrar = browser(&town, REGISTRAR).await;
        registrar.opens("/mot-cua/dang-xu-ly").await.expect(200);
        registrar.link(&code);
        presses(&mut registrar, &code, "Trình ký").await;
        assert!(registrar.path().starts_with("/mot-cua/dang-xu-ly?da=trinh-ky"), "{}", registrar.path());
        says(&registrar, "Không có hồ sơ đang xử lý.");

        let mut chairman = browser(&town, CHAIRMAN).await;
        chairman.opens("/mot-cua/cho-ky").await.expect(200);
        let link = chairman.link(&code);
        chairman.opens(&link).await.expect(200);
        let link = chairman.link("Ký quyết định");
        chairman.opens(&link).await.expect(200);
        chairman.submits("Ký quyết định", &[]).await.expect(422);
        says(&chairman, "Chọn đồng ý hoặc không đồng ý giải quyết.");
        let answer = chairman.submits("Ký quyết định", &[("outcome", "granted")]).await.expect(303);
        chairman.follows(answer).await.expect(200);
        says(&chairman, "Đồng ý giải quyết, số 01/GKS");

        clerk.opens(&page(&code)).await.expect(200);
        clerk.submits("Trả kết quả", &[]).await.expect(422);
        says(&clerk, "chưa được ký số nên chưa trả được");
        says(&clerk, "Nếu bản giấy đã ký, đóng dấu");
        signed_on_paper(&mut clerk, &code).await;
        presses(&mut clerk, &code, "Trả kết quả").await;
        says(&clerk, "Đã trả kết quả");
        says(&clerk, "Hồ sơ đã kết thúc.");
        let result = clerk.gets(&format!("/ho-so/{code}/giay/result")).await.expect(200);
        assert!(result.body.starts_with(b"%PDF-"));
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn the_second_clerk_sees_what_the_first_has_done() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        let (mut linh, mut an) = (browser(&town, CLERK).await, browser(&town, SECOND_CLERK).await);
        an.opens(&page(&code)).await.expect(200);
        presses(&mut linh, &code, "Tiếp nhận hồ sơ").await;
        an.submits("Tiếp nhận hồ sơ", &[]).await.expect(409);
        says(&an, "Hồ sơ vừa thay đổi: Nguyễn Hoài Linh tiếp nhận hồ sơ, cấp giấy hẹn lúc 09:00");
        says(&an, "Việc này không còn làm được với hồ sơ ở tình trạng hiện nay.");
        town.delivers().await;
    });
}

#[test]
fn a_stale_form_keeps_its_words_and_can_be_sent_again() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        let (mut linh, mut an) = (browser(&town, CLERK).await, browser(&town, SECOND_CLERK).await);
        an.opens(&format!("{}/yeu-cau-bo-sung", page(&code))).await.expect(200);
        presses(&mut linh, &code, "Tiếp nhận hồ sơ").await;
        let typed =
            [("marks.birth-record", "unfit"), ("reason", "papers"), ("note", "Chụp lại giấy chứng sinh.")];
        let told = an.submits("Yêu cầu bổ sung", &typed).await.expect(409).text();
        assert!(told.contains("Chụp lại giấy chứng sinh."), "what was typed is in the form");
        let answer = an.submits("Yêu cầu bổ sung", &[]).await.expect(303);
        an.follows(answer).await.expect(200);
        says(&an, "Tạm dừng tính hạn");
        says(&an, "Chụp lại giấy chứng sinh.");
        let last = sees(&mut town.token(CLERK).await, &code).await;
        assert_eq!(last["status"], 5);
        town.delivers().await;
    });
}

#[test]
fn a_refusal_needs_a_reason_and_its_words_and_loses_nothing() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        let mut clerk = browser(&town, CLERK).await;
        clerk.opens(&format!("{}/tu-choi", page(&code))).await.expect(200);
        clerk.submits("Từ chối tiếp nhận", &[]).await.expect(422);
        says(&clerk, "Còn 3 mục cần sửa");
        let told = clerk.submits("Từ chối tiếp nhận", &[("note", "Nộp sai nơi.")]).await.expect(422).text();
        assert!(told.contains("Nộp sai nơi.</textarea>"));
        says(&clerk, "Chọn một lý do trong danh sách.");
        says(&clerk, "Chọn ít nhất một văn bản làm căn cứ pháp lý trong danh sách.");
        let grounds = [("reason", "wrong_agency"), ("basis", "123/2015/NĐ-CP"), ("basis_note", "Điều 13")];
        let answer = clerk.submits("Từ chối tiếp nhận", &grounds).await.expect(303);
        clerk.follows(answer).await.expect(200);
        says(&clerk, "Không được tiếp nhận");
        says(&clerk, "Không thuộc thẩm quyền giải quyết của cơ quan này");
        let paper = clerk.gets(&format!("/ho-so/{code}/giay/refusal")).await.expect(200);
        assert!(paper.body.starts_with(b"%PDF-"));
        town.delivers().await;
    });
}

#[test]
fn a_fee_is_asked_in_words_of_money_and_paid_at_the_counter() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        let mut clerk = browser(&town, CLERK).await;
        presses(&mut clerk, &code, "Tiếp nhận hồ sơ").await;
        clerk.opens(&format!("{}/yeu-cau-phi", page(&code))).await.expect(200);
        clerk.submits("Yêu cầu nộp phí, lệ phí", &[("amount", "tám nghìn")]).await.expect(422);
        let answer = clerk.submits("Yêu cầu nộp phí, lệ phí", &[("amount", "8.000")]).await.expect(303);
        clerk.follows(answer).await.expect(200);
        says(&clerk, "Chưa nộp đủ phí, lệ phí: 8.000\u{a0}₫.");
        presses(&mut clerk, &code, "Ghi nhận đã nộp phí, lệ phí").await;
        says(&clerk, "Đã nộp đủ 8.000\u{a0}₫ phí, lệ phí.");
        town.delivers().await;
    });
}

#[test]
fn lists_are_cut_searched_and_counted() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut an = town.token(CITIZEN).await;
        let (first, second) = (files_a_birth(&mut an).await, files_a_birth(&mut an).await);
        let mut clerk = browser(&town, CLERK).await;
        clerk.opens("/mot-cua/cho-tiep-nhan?q=nguyen+huu+an").await.expect(200);
        says(&clerk, "2 hồ sơ");
        clerk.opens(&format!("/mot-cua/cho-tiep-nhan?q={second}")).await.expect(200);
        says(&clerk, "1 hồ sơ");
        assert_eq!(clerk.page().link(&first), None);
        clerk.opens("/mot-cua/cho-tiep-nhan?linh-vuc=H%E1%BB%99%20t%E1%BB%8Bch").await.expect(200);
        says(&clerk, "2 hồ sơ");
        clerk.opens("/mot-cua/cho-tiep-nhan?linh-vuc=x").await.expect(200);
        says(&clerk, "Không có hồ sơ nào khớp bộ lọc.");
        // Filed at nine on a Thursday: answered by nine on Friday, so it is near and not today's.
        clerk.opens("/mot-cua/cho-tiep-nhan?han=hai-ngay").await.expect(200);
        says(&clerk, "Trong 2 ngày 2");
        clerk.link(&first);
        clerk.opens("/mot-cua/cho-tiep-nhan?han=qua-han").await.expect(200);
        says(&clerk, "Không có hồ sơ nào khớp bộ lọc.");
        town.hand.set(morning().plus_days(1).plus_minutes(90));
        let mut clerk = browser(&town, CLERK).await;
        clerk.opens("/mot-cua/cho-tiep-nhan?han=qua-han").await.expect(200);
        says(&clerk, "Quá hạn 1 giờ");
        // The neighbours of a dossier in the list it was opened from.
        clerk.opens(&format!("{}?tu=cho-tiep-nhan", page(&first))).await.expect(200);
        says(&clerk, "1 trong 2");
        let next = clerk.link("Hồ sơ sau");
        assert_eq!(next, format!("{}?tu=cho-tiep-nhan", page(&second)));
        let found = clerk.gets(&format!("/mot-cua/tim?q={}", first.to_lowercase())).await.expect(303);
        assert_eq!(found.header("location"), page(&first));
        town.delivers().await;
    });
}

#[test]
fn a_long_list_has_pages_and_what_is_over_begins_with_the_newest() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut an = town.token(CITIZEN).await;
        let mut codes = Vec::new();
        for _ in 0..27 {
            codes.push(files_a_birth(&mut an).await);
            town.hand.advance(std::time::Duration::from_secs(1));
        }
        let mut clerk = browser(&town, CLERK).await;
        clerk.opens("/mot-cua/cho-tiep-nhan").await.expect(200);
        says(&clerk, "1–25 trong 27 hồ sơ");
        assert_eq!((clerk.page().link(&codes[24]).is_some(), clerk.page().link(&codes[25])), (true, None));
        let next = clerk.link("Trang sau");
        clerk.opens(&next).await.expect(200);
        says(&clerk, "26–27 trong 27 hồ sơ");
        assert_eq!((clerk.page().link(&codes[24]), clerk.page().link(&codes[25]).is_some()), (None, true));
        let first = clerk.link("Về trang đầu");
        clerk.opens(&first).await.expect(200);
        clerk.link(&codes[0]);

        for code in &codes[..2] {
            takes(&mut an, code, "withdraw", json!({})).await;
            town.hand.advance(std::time::Duration::from_secs(1));
        }
        clerk.opens("/mot-cua/da-xong").await.expect(200);
        let page = clerk.page().text();
        let (older, newer) = (page.find(&codes[0]), page.find(&codes[1]));
        assert!(newer < older && newer.is_some(), "the newest stands first");
        town.delivers().await;
    });
}

#[test]
fn pages_and_papers_of_a_dossier_are_for_its_own_people() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut an = town.token(CITIZEN).await;
        let code = files_a_birth(&mut an).await;
        let file = sees(&mut an, &code).await["files"][0]["url"].as_str().unwrap().to_string();
        let slip = format!("/ho-so/{code}/giay/slip");
        for login in [DISTRICT_CLERK, SURVEYOR, RECORDS, ADMIN, NEIGHBOUR] {
            let mut other = browser(&town, login).await;
            other.gets(&file).await.expect(404);
            other.gets(&slip).await.expect(404);
            let shown = other.gets(&page(&code)).await.status;
            assert!([403, 404].contains(&shown), "{login}: {shown}");
        }
        town.stranger().gets(&file).await.expect(303);
        for who in [&mut an, &mut browser(&town, CLERK).await] {
            let shown = who.gets(&file).await.expect(200);
            assert_eq!(shown.header("content-type"), "application/pdf");
            assert!(shown.header("content-disposition").starts_with("inline; filename=\"giay-to.pdf\""));
            assert_eq!(shown.header("cache-control"), "no-store");
            let policy = shown.header("content-security-policy");
            assert!(policy.starts_with("default-src 'none'; object-src 'self'"), "{policy}");
            assert!(who.gets(&slip).await.expect(200).body.starts_with(b"%PDF-"));
            let saved = who.gets(&format!("{file}?tai=1")).await.expect(200);
            assert!(saved.header("content-disposition").starts_with("attachment;"));
            for early in ["receipt", "supplement", "refusal", "result", "nonsense"] {
                who.gets(&format!("/ho-so/{code}/giay/{early}")).await.expect(404);
            }
        }
        town.delivers().await;
    });
}

#[test]
fn a_paper_dossier_is_taken_at_the_counter_in_one_stroke() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut clerk = browser(&town, CLERK).await;
        clerk.opens("/mot-cua/tiep-nhan-moi?q=khai+sinh").await.expect(200);
        let link = clerk.link("Đăng ký khai sinh");
        clerk.opens(&link).await.expect(200);
        let button = "Tiếp nhận, cấp giấy hẹn";
        clerk.submits(button, &[("note", "Cha đi nộp.")]).await.expect(422);
        says(&clerk, "Còn thiếu giấy tờ bắt buộc: Tờ khai đăng ký khai sinh.");
        says(&clerk, "Nhập đầy đủ họ và tên.");
        let known = clerk.submits("Điền theo số này", &[("number", "086 195 000 123")]).await.expect(200);
        assert!(known.text().contains("Trần Thị Bích Hạnh"), "an account has this number");
        let typed = [("present", "declaration")];
        let answer = clerk.submits(button, &typed).await.expect(303);
        let again = clerk.submits(button, &typed).await.expect(303);
        assert_eq!(answer.header("location"), again.header("location"), "a double click files once");
        clerk.follows(answer).await.expect(200);
        says(&clerk, "Đã nhận tại quầy: Tờ khai đăng ký khai sinh (1 bản chính).");
        says(&clerk, "Cha đi nộp.");
        says(&clerk, "Nộp tại quầy");
        let code = clerk.path().trim_start_matches("/mot-cua/ho-so/").split('?').next().unwrap().to_string();
        let receipt = clerk.gets(&format!("/ho-so/{code}/giay/receipt")).await.expect(200);
        assert!(receipt.body.starts_with(b"%PDF-"));
        // The confirmed account has it among its own dossiers.
        assert_eq!(sees(&mut town.token(NEIGHBOUR).await, &code).await["status"], 2);

        clerk.opens(&link).await.expect(200);
        let whom = [("number", "086301999888"), ("name", "Lê Văn Đởm")];
        let answer = clerk.submits("Chỉ ghi nhận, tiếp nhận sau", &whom).await.expect(303);
        clerk.follows(answer).await.expect(200);
        says(&clerk, "Đã ghi nhận hồ sơ. Hồ sơ chờ tiếp nhận.");
        clerk.opens(&link).await.expect(200);
        let known = clerk.submits("Điền theo số này", &[("number", "086301999888")]).await.expect(200);
        assert!(known.text().contains("Lê Văn Đởm"), "an earlier dossier at this counter has this number");
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

/// A code as the card of Hạnh has it.
const CARD: &str = "086195000123|331234567|Trần Thị Bích Hạnh|12051995|Nữ|Ấp Phước Lợi A, Phước Hậu|20052021";

#[test]
fn a_card_fills_the_form_papers_are_counted_and_the_fee_is_taken_in_one_stroke() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut clerk = browser(&town, CLERK).await;
        let form = "/mot-cua/tiep-nhan-moi?thu-tuc=1.000894";
        // A whole code leads to its form.
        clerk.opens("/mot-cua/tiep-nhan-moi?q=1.000894").await.expect(200);
        says(&clerk, "Mã thủ tục 1.000894");
        let (fill, button) = ("Điền theo số này", "Tiếp nhận, cấp giấy hẹn");
        clerk.opens(form).await.expect(200);
        clerk.submits(fill, &[("number", "086195000123|")]).await.expect(422);
        says(&clerk, "Mã vừa quét không phải mã QR trên thẻ căn cước.");
        let other = CARD.replace("Trần Thị Bích Hạnh", "Tr?n Th? B?ch H?nh").replace("Nữ", "Nam");
        let page = clerk.submits(fill, &[("number", &other)]).await.expect(200).text();
        assert!(page.contains("Giới tính hoặc ngày sinh trong mã QR không khớp"), "{page}");
        assert!(page.contains("Trần Thị Bích Hạnh"), "her account knows the name");
        // Somebody else's card leaves nothing of hers.
        let stranger = "086079003579||Thạch Sa Rây|01021979|Nam|Ấp B, Phước Hậu|20052021";
        clerk.submits(fill, &[("number", stranger)]).await.expect(200);
        let shown = clerk.page().forms().into_iter().find(|shown| shown.action == form).expect("the form");
        let shown = format!("{} {:?}", clerk.page().text(), shown.fields);
        assert!(shown.contains("Thạch Sa Rây") && !shown.contains("Bích Hạnh"), "{shown}");
        // Whatever button a scan is sent with, it is read first.
        let page = clerk.submits(button, &[("number", CARD)]).await.expect(200).text();
        assert!(page.contains("Đã đọc thẻ.") && page.contains("Ấp Phước Lợi A, Phước Hậu"), "{page}");

        clerk.submits(button, &[("all", "1"), ("amount", "tám nghìn")]).await.expect(422);
        says(&clerk, "Ghi số tiền bằng số");
        let bad = [("all", "1"), ("originals.declaration", "100"), ("amount", "")];
        clerk.submits(button, &bad).await.expect(422);
        says(&clerk, "Ghi số bản đã nhận của");
        let recorded = [("all", "1"), ("originals.declaration", "1"), ("amount", "8.000")];
        clerk.submits("Chỉ ghi nhận, tiếp nhận sau", &recorded).await.expect(422);
        says(&clerk, "Chỉ thu tiền khi tiếp nhận.");
        let whole =
            [("all", "1"), ("originals.declaration", "2"), ("copies.declaration", "3"), ("amount", "8.000")];
        let answer = clerk.submits(button, &whole).await.expect(303);
        clerk.follows(answer).await.expect(200);
        says(&clerk, "Đã tiếp nhận hồ sơ, đã thu tiền và cấp biên lai.");
        says(&clerk, "(2 bản chính, 3 bản sao)");
        let code = clerk.path().trim_start_matches("/mot-cua/ho-so/").split('?').next().unwrap().to_string();
        let seen = sees(&mut town.token(CLERK).await, &code).await;
        assert_eq!((&seen["fee_asked"], &seen["fee_paid"]), (&json!(8000), &json!(8000)));
        clerk.opens(&format!("/mot-cua/ho-so/{code}/phi")).await.expect(200);
        says(&clerk, "Biên lai số 0000001/2026");
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn who_leads_a_counter_sees_what_it_received_and_takes_no_step_for_its_clerks() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        let account = crate::batch::me(&town, RECORDS).await;
        let (unit, today) = (crate::opinion::unit_of(&town, CLERK).await, town.opened.site.clock.today());
        let given = town.opened.site.db.upkeep(async move |tx: &mut Tx| -> db::Result<_> {
            let account = account.parse().expect("an account's id");
            let (unit, role) = (directory::UnitId::from(unit.as_str()), directory::Role::Leader);
            directory::account::store::insert_post(tx, account, &unit, role, "Trưởng bộ phận", today).await
        });
        given.await.expect("the store answers");
        let mut head = browser(&town, RECORDS).await;
        let list = head.opens("/mot-cua/cho-tiep-nhan").await.expect(200).text();
        assert!(list.contains(&code), "{list}");
        assert!(!list.contains("/mot-cua/tiep-nhan-moi"), "papers are taken by clerks");
        let dossier = head.opens(&page(&code)).await.expect(200).text();
        assert!(!dossier.contains("Tiếp nhận hồ sơ</button>"), "{dossier}");
        // The chairman of the agency has the lists he had.
        let chairman = browser(&town, CHAIRMAN).await.opens("/mot-cua/cho-ky").await.expect(200).text();
        assert!(!chairman.contains(&code));
    });
}

#[test]
fn a_form_of_another_session_or_without_a_version_changes_nothing() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        let mut clerk = browser(&town, CLERK).await;
        let kind = Some("application/x-www-form-urlencoded");
        let path = format!("{}/tiep-nhan", page(&code));
        clerk.sends(Method::POST, &path, kind, "seen=1".into()).await.expect(403);
        let mut program = town.token(CLERK).await;
        program.sends(Method::POST, &path, kind, "note=x".into()).await.expect(400);
        assert_eq!(sees(&mut program, &code).await["status"], json!(1));
        town.delivers().await;
    });
}
