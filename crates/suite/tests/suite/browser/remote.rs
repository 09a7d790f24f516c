//! In the browser: an official reads what a program wants signed and gives the PIN, and signs a file on the
//! telephone.

use suite::town::morning;
use suite::town::people::*;

use super::visit;
use crate::after_result;
use crate::desk;
use crate::remote::{asks_the_owner, credential, get_keys, phone};
use crate::signing::{PIN, phone as signed_by_phone};

#[test]
fn an_official_lets_a_program_sign_and_signs_on_the_telephone() {
    visit(async |v| {
        let b = &v.browser;
        get_keys(&v.town, morning()).await;
        v.enters(CHAIRMAN, "/chung-thu-so/ky-tu-xa").await;
        b.sees("Chưa có phần mềm nào xin ký").await;
        let mut program = v.town.token(CHAIRMAN).await;
        let id = credential(&mut program).await;
        asks_the_owner(&mut program, &id).await;
        v.opens(&["/chung-thu-so/ky-tu-xa"]).await;
        b.sees("Chờ mã PIN").await;
        b.click("Công văn của Sở Nội vụ").await;
        b.sees("Phụ lục.pdf").await;
        v.keeps("ky-tu-xa-cho").await;
        b.fill("pin", "000000").await;
        b.click("Cho phép ký").await;
        b.sees("Mã PIN không đúng. Còn 4 lần thử.").await;
        b.fill("pin", PIN).await;
        b.click("Cho phép ký").await;
        b.sees("Đã cho phép ký.").await;

        v.opens(&["/chung-thu-so/ky-sim"]).await;
        v.is_told("Gửi tới điện thoại").await;
        // A page that waits loads itself again; it is judged where it was told not to.
        let mut chairman = desk::browser(&v.town, CHAIRMAN).await;
        let at = phone::sends(&mut chairman, "cong-van.txt", b"noi dung").await;
        v.opens(&[&format!("{at}?dung=1"), "/chung-thu-so/dien-thoai-mo-phong"]).await;
        b.sees("Ký số tệp: cong-van.txt").await;
        b.click("Xác nhận ký").await;
        b.sees("Màn hình trống").await;
        v.opens(&[&at]).await;
        b.sees("Tải tệp đã ký").await;
    });
}

#[test]
fn a_result_is_signed_on_the_telephone() {
    visit(async |v| {
        let b = &v.browser;
        get_keys(&v.town, morning()).await;
        let code = after_result::decided(&v.town, "counter").await;
        v.enters(CHAIRMAN, "/mot-cua/ky-so").await;
        b.sees("ký bằng USB token hoặc điện thoại thì để trống").await;
        let mut chairman = desk::browser(&v.town, CHAIRMAN).await;
        let at = signed_by_phone::waits(&mut chairman).await;
        v.opens(&[&format!("{at}?dung=1")]).await;
        b.sees("Đang chờ điện thoại").await;
        v.opens(&["/mot-cua/ky-so", "/chung-thu-so/dien-thoai-mo-phong"]).await;
        b.sees(&code).await;
        b.click("Từ chối").await;
        b.sees("Màn hình trống").await;
        v.opens(&[&at]).await;
        b.sees("Yêu cầu bị từ chối trên điện thoại").await;
        chairman.opens(&at).await.expect(200);
        chairman.submits("Gửi lại tới điện thoại", &[]).await.expect(303);
        v.opens(&[&format!("{at}?dung=1"), "/chung-thu-so/dien-thoai-mo-phong"]).await;
        b.click("Xác nhận ký").await;
        b.sees("Màn hình trống").await;
        v.opens(&[&at]).await;
        b.sees("Đã ký số 1 kết quả.").await;
    });
}
