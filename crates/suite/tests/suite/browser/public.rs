//! Pages for everybody, with the mistakes people make there, and the pages of administration.

use super::visit;
use suite::town::files_a_birth;
use suite::town::people::*;

#[test]
fn pages_for_everybody_say_what_went_wrong() {
    visit(async |v| {
        let b = &v.browser;
        b.goto("/tra-cuu?ma=001.09.22.Z61-260820-0009").await;
        b.sees("001.09.22.Z61-260820-0009").await;
        assert_eq!(v.words_of(".cl-errsum").await.len(), 1);
        b.goto("/kiem-tra-phieu?p=khong-phai-phieu").await;
        b.sees("Nội dung này không phải của một phiếu.").await;
        b.goto("/khong-co-trang-nay").await;
        b.sees("Mã tham chiếu").await;
        b.goto("/thu-tuc?q=chan+nuoi+rong").await;
        b.sees("Không có thủ tục nào khớp").await;
        b.goto("/thu-tuc/1.001022").await;
        b.sees("chưa cấu hình nộp trực tuyến").await;
        b.goto("/nop-ho-so/1.001193").await;
        b.click("Đăng nhập để nộp hồ sơ").await;
        b.fill("login", CITIZEN).await;
        b.fill("password", "khong-dung-1").await;
        b.click("Đăng nhập").await;
        b.sees("Tên đăng nhập hoặc mật khẩu không đúng.").await;
    });
}

#[test]
fn a_slip_is_checked_and_somebody_is_asked_to_help() {
    visit(async |v| {
        let b = &v.browser;
        let mut an = v.town.token(CITIZEN).await;
        let code = files_a_birth(&mut an).await;
        b.goto(&crate::proof::scanned(&mut an, &code, "slip", v.folder.path()).await).await;
        b.sees("Phiếu này đúng do hệ thống cấp").await;
        v.signs_in(CITIZEN, "/ho-so-cua-toi").await;
        b.goto(&format!("/ho-so-cua-toi/{code}")).await;
        b.click("Nhờ người giúp hồ sơ này").await;
        b.click("Nhờ giúp").await;
        b.waits_for(".cl-errsum:focus").await;
        b.sees("Chọn ít nhất một việc người giúp được làm.").await;
        b.fill("number", NEIGHBOUR).await;
        b.tick("right", "follow").await;
        b.tick("agreed", "1").await;
        b.run("document.getElementById('until').value = '2026-08-31'", vec![]).await;
        b.click("Nhờ giúp").await;
        b.sees("Đã ghi lời mời.").await;
        v.signs_in(NEIGHBOUR, "/nguoi-giup").await;
        b.tick("agreed", "1").await;
        b.click("Nhận giúp").await;
        b.sees("Hồ sơ tôi đang giúp").await;
        b.goto(&format!("/ho-so-cua-toi/{code}")).await;
        b.sees("Bạn đang giúp").await;
        v.signs_in(CLERK, &format!("/mot-cua/ho-so/{code}/nguoi-giup")).await;
        b.sees("Bản quét giấy đồng ý").await;
    });
}

#[test]
fn somebody_registers_after_a_mistake_and_finds_nothing_filed_yet() {
    visit(async |v| {
        let b = &v.browser;
        b.goto("/dang-ky").await;
        b.fill("name", "Lê Thị Cẩm Tú").await;
        b.fill("personal_number", "08619500045").await;
        b.fill("phone", "0987 654 321").await;
        b.fill("password", "Nuoc-lon-2026").await;
        b.fill("password_again", "Nuoc-lon-2026").await;
        b.click("Tạo tài khoản").await;
        b.waits_for(".cl-errsum:focus").await;
        b.sees("Nhập đủ 12 số, hiện mới có 11.").await;
        b.fill("personal_number", "086195000456").await;
        b.fill("password", "Nuoc-lon-2026").await;
        b.fill("password_again", "Nuoc-lon-2026").await;
        b.click("Tạo tài khoản").await;
        b.sees("Đã tạo tài khoản.").await;
        b.goto("/ho-so-cua-toi").await;
        b.sees("Chưa có hồ sơ nào").await;
        b.goto("/tai-khoan").await;
    });
}

#[test]
fn the_province_keeps_its_units_and_officials() {
    visit(async |v| {
        let b = &v.browser;
        v.signs_in(ADMIN, "/quan-tri/don-vi").await;
        b.fill("q", "phuoc hau").await;
        b.click("Tìm").await;
        b.sees("Xã Phước Hậu").await;
        b.click("Xã Phước Hậu").await;
        assert!(b.path().await.starts_with("/quan-tri/don-vi/"), "{}", b.path().await);
        b.goto("/quan-tri/don-vi/moi").await;
        b.click("Thêm đơn vị").await;
        b.waits_for(".cl-errsum:focus").await;
        b.goto("/quan-tri/can-bo").await;
        b.fill("q", "hoai linh").await;
        b.click("Tìm").await;
        b.click("Nguyễn Hoài Linh").await;
        b.sees("motcua.phuochau").await;
        b.goto("/quan-tri/can-bo/moi").await;
        b.goto("/quan-tri/vai-tro").await;
        b.goto("/tai-khoan").await;
    });
}

#[test]
fn a_visitor_reads_the_pages_in_english_and_turns_back() {
    visit(async |v| {
        let b = &v.browser;
        b.goto("/tra-cuu").await;
        b.click("English").await;
        assert_eq!(b.path().await, "/tra-cuu", "the page stays");
        b.sees("You need not sign in.").await;
        let pages = [
            ("/", "What do you need to do?"),
            ("/thu-tuc/1.001193", "Papers you need"),
            ("/dang-nhap", "Forgotten password"),
            ("/phan-anh/gui", "Find an agency"),
        ];
        for (path, words) in pages {
            b.goto(path).await;
            b.sees(words).await;
        }
        b.goto("/dang-nhap?ve=/mot-cua/cho-tiep-nhan").await;
        b.fill("login", CLERK).await;
        b.fill("password", suite::town::PASSWORD).await;
        b.click("Sign in").await;
        b.sees("Accept the dossier").await;
        b.goto("/tai-khoan").await;
        b.goto("/").await;
        b.click("Tiếng Việt").await;
        b.sees("Cần làm thủ tục gì?").await;
    });
}
