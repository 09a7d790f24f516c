//! Pages for everybody, with the mistakes people make there, and the pages of administration.

use super::visit;
use suite::town::people::*;

#[test]
fn pages_for_everybody_say_what_went_wrong() {
    visit(async |v| {
        let b = &v.browser;
        b.goto("/tra-cuu?ma=001.09.22.Z61-260820-0009").await;
        b.sees("001.09.22.Z61-260820-0009").await;
        assert_eq!(v.words_of(".cl-errsum").await.len(), 1);
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
