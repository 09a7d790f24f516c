//! The rooms of the house that no other story enters, with something in each: what citizens keep and
//! write, what the counter and those who decide find after a result, the hall, and the money.

use super::{Visit, real_pdf, visit};
use crate::desk::{self, page};
use crate::{after_result, custody, edit, hall, linked, message, money, vault};
use suite::town::people::*;
use suite::town::{COMMUNE, files_a_birth, pdf};

const HERE: &str = "/quan-tri/thu-tuc/1.001193";

#[test]
fn the_vault_helpers_and_questions_answered_with_a_file_stand_judged() {
    visit(async |v| {
        the_vault(v).await;
        helpers_with_a_code(v).await;
        a_question_answered_with_a_file(v).await;
    });
}

#[test]
fn messages_corrections_and_results_by_post_stand_judged() {
    visit(async |v| {
        messages_and_notices(v).await;
        a_correction(v).await;
        a_result_by_post(v).await;
    });
}

#[test]
fn papers_under_way_interlinked_dossiers_and_the_hall_stand_judged() {
    visit(async |v| {
        papers_on_their_way(v).await;
        an_interlinked_dossier(v).await;
        the_hall(v).await;
    });
}

#[test]
fn money_and_the_editing_of_procedures_stand_judged() {
    visit(async |v| {
        the_money(v).await;
        a_version_is_written(v).await;
        a_second_pair_of_eyes_publishes_it(v).await;
    });
}

/// Hạnh's certificate, a paper of her own, a draft that copies a dossier; the counter that scans.
async fn the_vault(v: &Visit) {
    let b = &v.browser;
    let code = files_a_birth(&mut v.town.token(NEIGHBOUR).await).await;
    v.enters(NEIGHBOUR, "/kho-du-lieu").await;
    b.sees("Kho chưa có giấy tờ nào").await;
    vault::is_granted(&v.town, &code).await;
    let mut hanh = desk::browser(&v.town, NEIGHBOUR).await;
    vault::adds(&mut hanh, "Giấy xác nhận tạm trú", "21/8/2026").await;
    let draft = vault::copies(&mut hanh, &code).await;
    v.opens(&["/kho-du-lieu", "/kho-du-lieu/them"]).await;
    v.is_told("Thêm vào kho").await;
    v.opens(&[&format!("{draft}/da-chep"), &format!("{draft}/noi-nop"), &format!("{draft}/giay-to")]).await;
    b.run("document.getElementById('kho-identity').selectedIndex = 1", vec![]).await;
    b.click("Dùng giấy này cho Giấy tờ tùy thân của người yêu cầu").await;
    b.sees("từ kho dữ liệu").await;
    b.goto("/kho-du-lieu").await;
    b.click("Giấy khai sinh").await;
    b.sees("Nhật ký sử dụng").await;
    b.click("Khóa, không cho dùng").await;
    v.keeps("giay-to-da-khoa").await;

    let scan = format!("{}/so-hoa", page(&code));
    v.enters(CHAIRMAN, &scan).await;
    b.click("Thu hồi, thay thế").await;
    let waits = files_a_birth(&mut v.town.token(CITIZEN).await).await;
    v.enters(CLERK, &format!("{}/so-hoa", page(&waits))).await;
    v.is_told("Lưu bản quét").await;
}

async fn helpers_with_a_code(v: &Visit) {
    let b = &v.browser;
    v.enters(CITIZEN, "/nop-ho-so/1.001193?noi=phuoc+hau").await;
    b.tick("unit", COMMUNE).await;
    b.click("Bắt đầu điền hồ sơ").await;
    let first = b.path().await;
    let draft = first.strip_suffix("/declarant").expect("the first page of the form");
    v.opens(&[&format!("{draft}/nguoi-giup")]).await;
    b.tick("right", "fill").await;
    b.run("document.getElementById('until').value = '2026-08-31'", vec![]).await;
    b.tick("agreed", "1").await;
    b.click("Nhờ giúp").await;
    b.sees("Đọc mã này cho người giúp").await;
    b.click("Xem người giúp của tôi").await;
    v.keeps("nguoi-giup").await;
}

async fn a_question_answered_with_a_file(v: &Visit) {
    let b = &v.browser;
    v.enters(CITIZEN, "/nop-ho-so/2.000884?noi=phuoc+hau").await;
    b.tick("unit", COMMUNE).await;
    b.click("Bắt đầu điền hồ sơ").await;
    let page = b.path().await.replace("/requester", "/document");
    v.opens(&[&page]).await;
    b.fill("document_name", "Giấy ủy quyền").await;
    v.is_told("Lưu và tiếp tục").await;
    b.sees("Tệp của giấy tờ sẽ ký").await;
    b.upload("document_file", &v.file("giay-uy-quyen.pdf", &real_pdf("Giay uy quyen"))).await;
    b.fill("pages", "2").await;
    b.fill("copies", "3").await;
    b.tick("sign_where", "counter").await;
    b.click("Lưu và tiếp tục").await;
    v.opens(&[&page]).await;
    b.sees("giay-uy-quyen.pdf").await;
}

async fn messages_and_notices(v: &Visit) {
    let b = &v.browser;
    let code = files_a_birth(&mut v.town.token(CITIZEN).await).await;
    let bytes = pdf("tờ khai");
    let paper = suite::person::Upload {
        field: "tep",
        file_name: "to-khai.pdf",
        content_type: "application/pdf",
        bytes: &bytes,
    };
    let mut an = desk::browser(&v.town, CITIZEN).await;
    message::asks(&mut an, &code, "Tôi khai thiếu tên đệm.\nSửa thế nào?", &[paper]).await.expect(303);
    let mut clerk = desk::browser(&v.town, CLERK).await;
    message::writes(&mut clerk, &code, "Ghi nội bộ", "Chữ ký khác lần trước.", &[]).await.expect(303);
    v.later(2).await;
    let thread = format!("{}/trao-doi", page(&code));
    v.enters(CLERK, "/mot-cua/cho-tra-loi").await;
    v.opens(&["/mot-cua/thong-bao", "/thong-bao/cai-dat", &page(&code), &thread]).await;
    v.is_told("Gửi người nộp").await;
    b.fill("text", "Mang giấy chứng sinh đến quầy 2 để sửa.").await;
    b.click("Gửi người nộp").await;
    b.sees("Đã gửi người nộp.").await;
    v.later(2).await;
    v.enters(CITIZEN, "/ho-so-cua-toi").await;
    b.sees("1 trả lời chưa đọc").await;
    v.opens(&["/thong-bao", "/thong-bao/cai-dat", &format!("/ho-so-cua-toi/{code}")]).await;
    b.sees("Mang giấy chứng sinh đến quầy 2 để sửa.").await;
    v.is_told("Gửi lời nhắn").await;
}

async fn a_correction(v: &Visit) {
    let b = &v.browser;
    let code = after_result::decided(&v.town, "counter").await;
    let own = format!("/ho-so-cua-toi/{code}");
    v.enters(CITIZEN, &own).await;
    b.click("Kết quả có chỗ sai? Đề nghị đính chính").await;
    b.fill("what", "Tên con là Khoa, in nhầm là Khôi.").await;
    b.tick("fault", "official").await;
    b.click("Gửi đề nghị đính chính").await;
    b.sees("Chờ lãnh đạo quyết định").await;
    v.enters(CHAIRMAN, "/mot-cua/sau-ket-qua").await;
    v.opens(&[&format!("{}/dinh-chinh", page(&code))]).await;
    v.is_told("Ghi quyết định").await;
    after_result::corrects(&v.town, &code).await;
    v.enters(CITIZEN, &own).await;
    b.sees("đã bị thay thế").await;
    v.enters(CLERK, &format!("{}/dinh-chinh", page(&code))).await;
}

async fn a_result_by_post(v: &Visit) {
    let b = &v.browser;
    let code = after_result::decided(&v.town, "post").await;
    suite::town::signed_on_paper(&mut v.town.token(CLERK).await, &code).await;
    let form = format!("{}/buu-chinh", page(&code));
    v.enters(CLERK, &form).await;
    v.is_told("Ghi lại").await;
    b.fill("waybill", "EB123456789VN").await;
    b.click("Ghi lại").await;
    v.opens(&[&form]).await;
    v.is_told("Ghi lại").await;
    v.opens(&["/mot-cua/sau-ket-qua", &page(&code)]).await;
    b.sees("EB123456789VN").await;
    v.enters(CITIZEN, &format!("/ho-so-cua-toi/{code}")).await;
    b.sees("đang trên đường").await;
}

/// Originals taken in and handed over by a list.
async fn papers_on_their_way(v: &Visit) {
    let b = &v.browser;
    let code = files_a_birth(&mut v.town.token(CITIZEN).await).await;
    let papers = format!("{}/ban-giay", page(&code));
    custody::takes_in(&v.town, &code, &papers).await;
    let office = crate::opinion::unit_of(&v.town, REGISTRAR).await;
    v.enters(CLERK, &papers).await;
    v.opens(&["/mot-cua/ban-giao"]).await;
    b.run("document.querySelectorAll('input[name=paper]').forEach(box => box.checked = true)", vec![]).await;
    b.run("document.querySelector('[name=unit]').value = arguments[0]", vec![office.into()]).await;
    b.click("Lập danh sách bàn giao").await;
    v.keeps("danh-sach-ban-giao").await;
    v.enters(REGISTRAR, "/mot-cua/ban-giao").await;
    b.click("Danh sách số 01").await;
    v.is_told("Xác nhận đã nhận").await;
}

async fn an_interlinked_dossier(v: &Visit) {
    let b = &v.browser;
    let (code, birth) = linked::received(&v.town).await;
    v.enters(CITIZEN, &format!("/ho-so-cua-toi/{code}")).await;
    b.sees("Các thủ tục liên thông").await;
    crate::thirteen::plays(&v.town, &birth).await;
    v.later(1).await;
    v.enters(CLERK, &page(&code)).await;
    v.opens(&[&page(&birth), &format!("{}/lien-thong/insurance", page(&code))]).await;
    b.tick("outcome", "granted").await;
    v.is_told("Ghi lại").await;
}

async fn the_hall(v: &Visit) {
    let b = &v.browser;
    let kiosk = hall::sets_up(&mut v.town.token(CLERK).await).await;
    b.forget().await;
    v.opens(&[&kiosk]).await;
    b.fill("code", "00000000").await;
    v.is_told("Lấy số theo lịch hẹn").await;
    for service in ["Hộ tịch", "Đất đai", "Hộ tịch"] {
        b.goto(&kiosk).await;
        b.click(service).await;
    }
    v.keeps("phieu-so").await;
    v.enters(CLERK, "/mot-cua/hang-cho").await;
    b.click("Nhận quầy").await;
    b.click("Gọi số tiếp theo Alt+G").await;
    v.keeps("dang-goi").await;
    b.click("Vắng mặt Alt+V").await;
    b.click("Gọi số tiếp theo Alt+G").await;
    b.click("Bắt đầu phục vụ Alt+B").await;
    v.keeps("dang-phuc-vu").await;
    v.opens(&["/mot-cua/hang-cho/so-lieu", "/mot-cua/hang-cho/thiet-lap", "/goi-so/29596-MC"]).await;
    b.sees("002").await;
    v.enters(CITIZEN, "/dat-lich/29596-MC?ngay=2026-08-21").await;
    b.choose("slot", "570").await;
    let first = "document.querySelector('[name=service]').click()";
    b.run(first, vec![]).await;
    b.press_button("Đặt lịch").await;
    b.sees("09:30, thứ Sáu 21/08/2026").await;
    v.opens(&["/lich-hen"]).await;
}

/// A bill that is paid by the trial bank, money that fits no bill, and money that goes back.
async fn the_money(v: &Visit) {
    let b = &v.browser;
    let code = money::owes(&v.town, 24_000).await;
    let pay = format!("/ho-so-cua-toi/{code}/nop-phi");
    let (account, _) = money::told_to_pay(&v.town, &code).await;
    let stray = money::notice(&v.town, "FT-LOST", 5_000, &account, "chuyen tien");
    money::tells(&v.town, &stray).await.expect(200);
    v.enters(CITIZEN, &format!("{pay}?dung=true")).await;
    b.click("Ngân hàng thử (bản trình diễn)").await;
    b.click("Báo tiền đã về").await;
    v.opens(&[&pay]).await;
    b.sees("Biên lai số 0000001/2026").await;
    let sheet = format!("{}/phi", page(&code));
    v.enters(CLERK, "/mot-cua/thu-phi").await;
    v.opens(&["/mot-cua/thu-phi/so-quy", &sheet]).await;
    b.click("Đề nghị hoàn phí").await;
    b.run("document.getElementById('hp-ly').value = 'Hộ nghèo được miễn.'", vec![]).await;
    b.fill("to_name", "Nguyễn Hữu Ẩn").await;
    b.fill("to_account", "VCB 0011").await;
    b.click("Gửi lãnh đạo duyệt").await;
    v.enters(CHAIRMAN, "/mot-cua/hoan-phi").await;
    v.is_told("Từ chối hoàn").await;
    b.click("Duyệt hoàn 24.000\u{a0}₫").await;
    v.enters(CLERK, "/mot-cua/thu-phi").await;
    let poor = money::owes(&v.town, 8_000).await;
    v.opens(&[&format!("{}/phi", page(&poor))]).await;
    v.is_told("Ghi nhận miễn, giảm").await;
}

async fn a_version_is_written(v: &Visit) {
    let b = &v.browser;
    let mut admin = desk::browser(&v.town, ADMIN).await;
    let first = edit::file(&mut admin, 3).await;
    v.enters(ADMIN, "/quan-tri/thu-tuc?q=khai+sinh").await;
    v.opens(&[HERE]).await;
    b.click("Soạn phiên bản mới").await;
    b.sees("Phiên bản 4, chưa công bố").await;
    edit::writes(&mut admin, "code = \"1.001193\"\nversion = [").await;
    v.opens(&[HERE, &format!("{HERE}/sua"), &format!("{HERE}/sua-theo-muc")]).await;
    edit::writes(&mut admin, &edit::second(&first, "2026-08-24")).await;
    v.opens(&[&format!("{HERE}/sua"), &format!("{HERE}/sua-theo-muc")]).await;
    b.fill("limit", "mai").await;
    v.is_told("Lưu và kiểm tra").await;
    v.opens(&[&format!("{HERE}/so-sanh?tu=2&den=ban-thao"), &format!("{HERE}/xem-trang")]).await;
    v.opens(&[&format!("{HERE}/xem-thu")]).await;
    v.is_told("Tiếp tục").await;
    v.opens(&[&format!("{HERE}/chay-thu")]).await;
    b.fill("people", "25").await;
    b.click("Chạy thử").await;
    b.sees("Đang chạy").await;
    v.keeps("dang-chay-thu").await;
    v.works(1).await;
    v.opens(&[&format!("{HERE}/chay-thu")]).await;
    b.sees("25 người").await;
}

async fn a_second_pair_of_eyes_publishes_it(v: &Visit) {
    let b = &v.browser;
    v.opens(&[HERE]).await;
    b.click("Trình người khác duyệt").await;
    b.sees("Người soạn hoặc trình không tự công bố").await;
    v.keeps("cho-duyet").await;
    edit::second_admin(&v.town).await;
    v.enters(CHAIRMAN, HERE).await;
    v.is_told("Trả lại để sửa").await;
    b.click("Công bố phiên bản 4").await;
    b.sees("Chờ ngày áp dụng").await;
    b.click("Rút phiên bản 4 trước ngày áp dụng").await;
    v.keeps("da-cong-bo").await;
    v.enters(UNIT_ADMIN, HERE).await;
    v.opens(&["/quan-tri/thu-tuc"]).await;
}
