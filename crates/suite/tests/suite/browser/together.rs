//! Everybody on one dossier: a citizen with a paper from the vault and a helper, a clerk who writes, an
//! officer who asks another unit, a leader with a phone, a result by post, a rating; and what the figures
//! and the audit book say of it in the end.

use super::{Visit, real_pdf, visit};
use db::{Tx, args};
use suite::town::COMMUNE;
use suite::town::people::*;

const GO_ON: &str = "Lưu và tiếp tục";

#[test]
fn everybody_works_on_one_dossier() {
    visit(async |v| {
        let draft = a_citizen_asks_for_help(v).await;
        a_helper_fills_in(v, &draft).await;
        let code = the_citizen_files(v, &draft).await;
        a_clerk_receives_and_writes(v, &code).await;
        an_officer_asks_another_unit(v, &code).await;
        a_leader_decides_on_a_phone(v, &code).await;
        the_clerk_sends_the_result(v, &code).await;
        the_citizen_rates(v, &code).await;
        the_leader_and_the_administrator_look(v, &code).await;
        the_book_tells_who_did_what(v, &code).await;
    });
}

/// Puts a paper into the vault, begins a draft and asks the neighbour to fill it in; the draft's address.
async fn a_citizen_asks_for_help(v: &Visit) -> String {
    let b = &v.browser;
    v.enters(CITIZEN, "/kho-du-lieu/them").await;
    for (name, value) in [
        ("name", "Thẻ căn cước"),
        ("number", "086090123456"),
        ("issued_on", "1/8/2024"),
        ("expires_on", "1/8/2034"),
    ] {
        b.fill(name, value).await;
    }
    b.upload("tep", &v.file("the-can-cuoc.pdf", &real_pdf("The can cuoc"))).await;
    b.click("Thêm vào kho").await;
    b.sees("Đã thêm giấy tờ vào kho.").await;

    b.goto("/nop-ho-so/1.001193?noi=phuoc+hau").await;
    b.tick("unit", COMMUNE).await;
    b.click("Bắt đầu điền hồ sơ").await;
    let first = b.path().await;
    let draft = first.strip_suffix("/declarant").expect("the first page of the form").to_string();
    b.goto(&format!("{draft}/nguoi-giup")).await;
    b.fill("number", NEIGHBOUR).await;
    b.tick("right", "fill").await;
    b.run("document.getElementById('until').value = '2026-08-31'", vec![]).await;
    b.tick("agreed", "1").await;
    b.click("Nhờ giúp").await;
    b.sees("Đã ghi lời mời.").await;
    draft
}

async fn a_helper_fills_in(v: &Visit, draft: &str) {
    let b = &v.browser;
    v.enters(NEIGHBOUR, "/nguoi-giup").await;
    b.tick("agreed", "1").await;
    b.click("Nhận giúp").await;
    b.sees("Hồ sơ tôi đang giúp").await;
    b.click("Đăng ký khai sinh (bản nháp)").await;
    b.sees("Đang điền giúp").await;
    b.fill("declarant_phone", "0912 345 678").await;
    b.fill("declarant_address", "Ấp Phước Lợi A, xã Phước Hậu").await;
    b.tick("declarant_relation", "father").await;
    b.click(GO_ON).await;
    // The middle of the form has its own story.
    let mut hanh = crate::desk::browser(&v.town, NEIGHBOUR).await;
    let child = [
        ("birth_case", "ordinary"),
        ("child_name", "Nguyễn Minh Khôi"),
        ("child_sex", "male"),
        ("child_birth_date.ngay", "10"),
        ("child_birth_date.thang", "8"),
        ("child_birth_date.nam", "2026"),
        ("child_ethnicity", "Kinh"),
        ("child_nationality", "Việt Nam"),
        ("birth_place", "facility"),
        ("birth_address", "Bệnh viện đa khoa Vĩnh Long"),
        ("child_native_place", "Xã Phước Hậu, huyện Long Hồ"),
    ];
    let rest: [(&str, &[(&str, &str)]); 3] =
        [("child", &child), ("mother", &[("mother_stated", "no")]), ("father", &[("father_stated", "no")])];
    for (page, answers) in rest {
        hanh.opens(&format!("{draft}/{page}")).await.expect(200);
        hanh.submits(GO_ON, answers).await.expect(303);
    }
    b.goto(&format!("{draft}/kiem-tra")).await;
    b.sees("tự kiểm tra và nộp hồ sơ bằng tài khoản của mình").await;
}

async fn the_citizen_files(v: &Visit, draft: &str) -> String {
    let b = &v.browser;
    v.enters(CITIZEN, "/nguoi-giup").await;
    b.sees("Điền bản nháp").await;
    b.goto(&format!("{draft}/copies")).await;
    b.tick("copies_wanted", "no").await;
    b.tick("pledge", "1").await;
    b.click(GO_ON).await;
    b.sees("Giấy tờ đính kèm").await;
    b.run("document.getElementById('kho-identity').selectedIndex = 1", vec![]).await;
    b.click("Dùng giấy này cho Giấy tờ tùy thân của người yêu cầu").await;
    b.sees("từ kho dữ liệu").await;
    let paper = v.file("Giấy chứng sinh.pdf", &real_pdf("Giay chung sinh"));
    b.upload_by_id("birth-record", &paper).await;
    b.click("Tải lên cho Giấy chứng sinh").await;
    b.sees("Giấy chứng sinh.pdf").await;
    b.click(GO_ON).await;
    b.tick("return_by", "post").await;
    b.click(GO_ON).await;
    for said in ["Nguyễn Minh Khôi", "10/08/2026", "Giấy chứng sinh.pdf", "the-can-cuoc.pdf"] {
        b.sees(said).await;
    }
    b.click("Nộp hồ sơ").await;
    b.sees("Đã nộp hồ sơ").await;
    v.later(10).await;
    v.words_of(".cl-note .cl-code").await.remove(0)
}

async fn a_clerk_receives_and_writes(v: &Visit, code: &str) {
    let b = &v.browser;
    v.enters(CLERK, "/mot-cua/cho-tiep-nhan").await;
    b.click(code).await;
    b.sees("Từ kho dữ liệu").await;
    b.click("Tiếp nhận hồ sơ").await;
    b.sees("Đã tiếp nhận hồ sơ.").await;
    b.click("Viết cho người nộp").await;
    b.fill("text", "Kết quả sẽ gửi về địa chỉ đã khai.").await;
    b.click("Gửi người nộp").await;
    b.sees("Đã gửi người nộp.").await;
    b.goto(&format!("/mot-cua/ho-so/{code}")).await;
    b.click("Chuyển xử lý").await;
    b.sees("Đã chuyển hồ sơ.").await;
    v.later(5).await;

    v.enters(CITIZEN, "/thong-bao").await;
    b.sees(&format!("Hồ sơ {code} đã được tiếp nhận")).await;
    b.goto(&format!("/ho-so-cua-toi/{code}")).await;
    b.sees("Kết quả sẽ gửi về địa chỉ đã khai.").await;
}

async fn an_officer_asks_another_unit(v: &Visit, code: &str) {
    let b = &v.browser;
    let land = crate::opinion::unit_of(&v.town, SURVEYOR).await;
    v.enters(REGISTRAR, &format!("/mot-cua/ho-so/{code}/xin-y-kien")).await;
    b.tick("unit", &land).await;
    b.fill("question", "Thửa đất có đúng địa chỉ khai không?").await;
    b.choose("limit", "1wd").await;
    b.click("Gửi câu hỏi").await;
    b.sees("Đang chờ").await;
    v.later(5).await;

    v.enters(SURVEYOR, "/mot-cua/y-kien").await;
    b.click(code).await;
    b.fill("answer", "Đúng địa chỉ, đồng ý.").await;
    b.click("Gửi ý kiến").await;
    v.later(5).await;

    v.enters(REGISTRAR, &format!("/mot-cua/ho-so/{code}")).await;
    b.sees("Đúng địa chỉ, đồng ý.").await;
    b.click("Trình ký").await;
    b.sees("Đã trình ký.").await;
    v.later(5).await;
}

async fn a_leader_decides_on_a_phone(v: &Visit, code: &str) {
    let b = &v.browser;
    b.hold(390).await;
    v.enters(CHAIRMAN, "/mot-cua/cho-ky").await;
    b.click(code).await;
    b.click("Ký quyết định").await;
    b.tick("outcome", "granted").await;
    b.click("Ký quyết định").await;
    b.sees("Đã ký.").await;
    b.hold(1280).await;
    v.later(5).await;
}

async fn the_clerk_sends_the_result(v: &Visit, code: &str) {
    let b = &v.browser;
    suite::town::signed_on_paper(&mut v.town.token(CLERK).await, code).await;
    v.enters(CLERK, &format!("/mot-cua/ho-so/{code}")).await;
    b.click("Việc khác").await;
    b.click("Gửi qua bưu chính").await;
    b.fill("waybill", "EB 123 456 789 VN").await;
    b.click("Ghi lại").await;
    v.later(5).await;
    b.goto(&format!("/mot-cua/ho-so/{code}/buu-chinh")).await;
    b.tick("verb", "deliver").await;
    b.click("Ghi lại").await;
    b.sees("Đã trả kết quả").await;
    v.later(5).await;
}

async fn the_citizen_rates(v: &Visit, code: &str) {
    let b = &v.browser;
    v.enters(CITIZEN, &format!("/ho-so-cua-toi/{code}")).await;
    b.sees("vận đơn EB123456789VN").await;
    b.click("Đánh giá việc phục vụ").await;
    b.tick("score", "very").await;
    b.click("Gửi đánh giá").await;
    b.sees("Đã ghi nhận đánh giá.").await;
    b.goto("/kho-du-lieu").await;
    b.sees("Giấy khai sinh").await;
    b.click("Thẻ căn cước").await;
    b.sees(code).await;
    v.later(5).await;
}

async fn the_leader_and_the_administrator_look(v: &Visit, code: &str) {
    let b = &v.browser;
    v.enters(CHAIRMAN, "/bao-cao/chi-so-766?tu=2026-08&den=2026-08").await;
    b.sees("1 / 1").await;
    v.opens(&["/bao-cao/ho-so?tu=2026-08&den=2026-08&theo=don-vi&o=settled"]).await;
    b.sees(code).await;
    v.enters(ADMIN, "/minh-bach").await;
    b.sees("Ủy ban nhân dân xã Phước Hậu").await;
    v.opens(&["/quan-tri/thong-bao"]).await;
}

/// Everybody's deeds on this dossier stand in the audit book, each under who did it.
async fn the_book_tells_who_did_what(v: &Visit, code: &str) {
    let code = code.to_string();
    let read = v.town.opened.site.db.read(async move |tx: &mut Tx| -> db::Result<Vec<(String, String)>> {
        tx.list(
            "select e.verb, a.login from audit_entry e join account a on a.id = e.actor
              where e.subject = $1 or e.subject in (select id from dossier where code = $1)
              order by e.id limit 100",
            args![code],
        )
        .await
    });
    let told = read.await.expect("the store answers");
    let deeds = [
        ("onestop.receive", CLERK),
        ("onestop.write-message", CLERK),
        ("onestop.pass-on", CLERK),
        ("onestop.ask-opinion", REGISTRAR),
        ("onestop.submit-for-signature", REGISTRAR),
        ("onestop.decide", CHAIRMAN),
        ("onestop.send-result", CLERK),
        ("onestop.deliver-result", CLERK),
    ];
    for (verb, login) in deeds {
        assert!(told.iter().any(|(v, l)| v == verb && l == login), "{verb} of {login} in {told:?}");
    }
    let looks = told.iter().filter(|(verb, _)| verb.starts_with("onestop.look")).count();
    assert!(looks > 0, "looks are in the book too: {told:?}");
}
