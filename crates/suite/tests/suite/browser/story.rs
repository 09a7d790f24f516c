//! The life of a birth registration by the hands of those who live it.

use super::{Visit, pictures_wanted, real_pdf, visit};
use suite::browser::WIDTHS;
use suite::town::COMMUNE;
use suite::town::people::*;

const GO_ON: &str = "Lưu và tiếp tục";

#[test]
fn a_birth_is_registered_from_the_search_to_the_returned_result() {
    visit(async |v| {
        v.signs_in(CITIZEN, "/ho-so-cua-toi").await;
        finds_the_procedure(v).await;
        answers_the_form(v).await;
        let code = brings_papers_and_files(v).await;
        v.later(10).await;
        officials_settle(v, &code).await;
        everybody_sees_the_end(v, &code).await;
    });
}

async fn finds_the_procedure(v: &Visit) {
    let b = &v.browser;
    b.goto("/").await;
    b.fill("q", "dang ky khai sinh").await;
    b.click("Tìm kiếm").await;
    assert_eq!(v.words_of(".cl-papers b a").await[0], "Đăng ký khai sinh", "found without tone marks");
    b.click("Đăng ký khai sinh").await;
    assert_eq!(b.path().await, "/thu-tuc/1.001193");
    v.pictures("02-thu-tuc", &[1280], u32::MAX).await;
    b.click("Nộp trực tuyến").await;
    b.fill("noi", "phuoc hau").await;
    b.click("Tìm nơi tiếp nhận").await;
    b.tick("unit", COMMUNE).await;
    b.click("Bắt đầu điền hồ sơ").await;
}

async fn answers_the_form(v: &Visit) {
    let b = &v.browser;
    b.sees("Bước 1 trên 8").await;
    b.fill("declarant_phone", "0912 345 678").await;
    b.fill("declarant_address", "Ấp Phước Lợi A, xã Phước Hậu").await;
    b.tick("declarant_relation", "father").await;
    b.click(GO_ON).await;

    b.tick("birth_case", "ordinary").await;
    b.fill("child_name", "Nguyễn Minh Khôi").await;
    b.tick("child_sex", "male").await;
    b.fill("child_ethnicity", "Kinh").await;
    b.fill("child_nationality", "Việt Nam").await;
    b.tick("birth_place", "facility").await;
    b.fill("birth_address", "Bệnh viện đa khoa Vĩnh Long").await;
    b.fill("child_native_place", "Xã Phước Hậu, huyện Long Hồ").await;
    b.click(GO_ON).await;
    // The day of birth was forgotten: the page says so, and keeps everything else.
    b.waits_for(".cl-errsum:focus").await;
    assert_eq!(v.words_of(".cl-errsum h2").await, ["Còn 1 mục cần sửa"]);
    assert_eq!(b.value("child_name").await, "Nguyễn Minh Khôi");
    for (part, number) in [("ngay", "10"), ("thang", "8"), ("nam", "2026")] {
        b.fill(&format!("child_birth_date.{part}"), number).await;
    }
    b.click(GO_ON).await;

    b.tick("mother_stated", "yes").await;
    b.fill("mother_name", "Trần Thị Bích Hạnh").await;
    b.fill("mother_birth_year", "1996").await;
    b.fill("mother_ethnicity", "Kinh").await;
    b.fill("mother_nationality", "Việt Nam").await;
    b.fill("mother_address", "Ấp Phước Lợi A, xã Phước Hậu").await;
    b.click(GO_ON).await;
    b.tick("father_stated", "no").await;
    b.click(GO_ON).await;
    b.tick("copies_wanted", "no").await;
    b.tick("pledge", "1").await;
    b.click(GO_ON).await;
}

async fn brings_papers_and_files(v: &Visit) -> String {
    let b = &v.browser;
    b.sees("Giấy tờ đính kèm").await;
    b.click(GO_ON).await;
    b.sees("Còn 1 mục cần sửa").await;
    v.pictures("03-nop-ho-so", &WIDTHS, u32::MAX).await;
    let paper = v.file("Giấy chứng sinh.pdf", &real_pdf("Giay chung sinh"));
    b.upload_by_id("birth-record", &paper).await;
    b.click("Tải lên cho Giấy chứng sinh").await;
    b.sees("Giấy chứng sinh.pdf").await;
    b.click(GO_ON).await;
    b.tick("return_by", "counter").await;
    b.click(GO_ON).await;
    b.sees("Kiểm tra và nộp").await;
    for said in ["Nguyễn Minh Khôi", "10/08/2026", "Trần Thị Bích Hạnh", "Giấy chứng sinh.pdf"]
    {
        b.sees(said).await;
    }
    b.click("Nộp hồ sơ").await;
    b.sees("Đã nộp hồ sơ").await;
    let code = v.words_of(".cl-note .cl-code").await.remove(0);
    assert_eq!(code, "001.09.22.Z61-260820-0001");
    code
}

async fn officials_settle(v: &Visit, code: &str) {
    let b = &v.browser;
    v.signs_in(CLERK, "/mot-cua/cho-tiep-nhan").await;
    assert_eq!(v.words_of(".a-side a[aria-current] span").await, ["1"], "one dossier waits");
    b.click(code).await;
    b.sees("Nguyễn Hữu Ẩn").await;
    b.click("Tiếp nhận hồ sơ").await;
    b.sees("Đã tiếp nhận hồ sơ.").await;
    v.later(5).await;
    b.click("Chuyển xử lý").await;
    b.sees("Đã chuyển hồ sơ.").await;
    v.later(30).await;

    v.signs_in(REGISTRAR, "/mot-cua/dang-xu-ly").await;
    b.click(code).await;
    b.click("Trình ký").await;
    b.sees("Đã trình ký.").await;
    v.later(20).await;

    v.signs_in(CHAIRMAN, "/mot-cua/cho-ky").await;
    b.click(code).await;
    b.click("Ký quyết định").await;
    b.tick("outcome", "granted").await;
    b.click("Ký quyết định").await;
    b.sees("Đã ký.").await;
    v.later(20).await;

    v.signs_in(CLERK, "/mot-cua/cho-tra-ket-qua").await;
    b.click(code).await;
    b.click("Việc khác").await;
    b.click("Kết quả đã ký trên giấy").await;
    b.click("Ghi nhận").await;
    b.click("Trả kết quả").await;
    b.sees("Đã ghi nhận trả kết quả.").await;
    v.later(1).await;
}

/// Keeps a printed paper as a picture, when pictures are wanted.
async fn prints(v: &Visit, code: &str, paper: &str, name: &str) {
    let Some(folder) = pictures_wanted(&v.town) else { return };
    let mut citizen = v.town.token(CITIZEN).await;
    let pdf = citizen.gets(&format!("/ho-so/{code}/giay/{paper}")).await.expect(200).body;
    let file = v.file(&format!("{name}.pdf"), &pdf);
    let made = std::process::Command::new("pdftoppm")
        .args(["-png", "-singlefile", "-r", "90"])
        .args([&file, &folder.join(name)])
        .status();
    assert!(made.expect("pdftoppm is installed").success(), "poppler-utils draws {name}");
}

async fn everybody_sees_the_end(v: &Visit, code: &str) {
    let b = &v.browser;
    prints(v, code, "receipt", "09-giay-tiep-nhan").await;
    prints(v, code, "result", "10-ket-qua").await;
    v.signs_in(CITIZEN, "/ho-so-cua-toi").await;
    b.click("Đăng ký khai sinh").await;
    assert_eq!(v.words_of(".cl-status h2").await, ["Đã trả kết quả"]);
    for done in ["Nộp hồ sơ", "Chuyển xử lý", "Trình ký", "Ký quyết định", "Trả kết quả"]
    {
        b.sees(done).await;
    }
    b.forget().await;
    b.goto("/").await;
    b.fill("ma", code).await;
    b.click("Xem tình trạng").await;
    assert_eq!(v.words_of(".cl-status h2").await, ["Đã trả kết quả"]);
    assert!(v.words_of(".cl-prog time").await.len() > 1, "the days are public");
    let shown = b.text().await;
    for hidden in ["Nguyễn", "Ẩn", "Khôi", "086090123456", "Giấy chứng sinh"] {
        assert!(!shown.contains(hidden), "{hidden} is nobody else's business:\n{shown}");
    }
}
