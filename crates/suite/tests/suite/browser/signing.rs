//! Signing in the browser: the chairman signs on a phone as on a desk, the records clerk seals, and the
//! citizen has the file judged on the public page.

use suite::town::people::*;

use super::visit;
use crate::signing::{PIN, RECORDS, result, signers_get_certificates};
use crate::{after_result, desk};

#[test]
fn a_result_is_signed_sealed_and_checked_by_the_citizen() {
    visit(async |v| {
        let b = &v.browser;
        signers_get_certificates(&v.town).await;
        v.enters(CHAIRMAN, "/mot-cua/ky-so").await;
        b.sees("Không có kết quả nào chờ ký số").await;
        let code = after_result::decided(&v.town, "counter").await;
        v.enters(CHAIRMAN, "/mot-cua/ky-so").await;
        b.sees(&code).await;
        v.keeps("ky-so-cho").await;
        b.fill("pin", "000000").await;
        b.click("Ký số").await;
        b.sees("Mã PIN không đúng. Còn 4 lần thử.").await;
        v.keeps("ky-so-sai-ma").await;
        b.fill("pin", PIN).await;
        b.click("Ký số").await;
        b.sees("Đã ký số 1 kết quả.").await;
        v.opens(&["/chung-thu-so/ky"]).await;
        let mut chairman = desk::browser(&v.town, CHAIRMAN).await;
        chairman.opens("/chung-thu-so/ky").await.expect(200);
        v.opens(&[&chairman.link("Đặt mã PIN")]).await;
        v.is_told("Đặt mã PIN").await;

        v.enters(RECORDS, "/mot-cua").await;
        b.sees("Dấu của cơ quan").await;
        b.fill("pin", PIN).await;
        b.click("Ký số").await;
        b.sees("Đã ký số 1 kết quả.").await;

        v.enters(CITIZEN, &format!("/ho-so-cua-toi/{code}")).await;
        b.sees("Chữ ký số hợp lệ, văn bản nguyên vẹn.").await;
        let file = v.file("ket-qua.pdf", &result(&v.town, &code).await);
        v.opens(&["/kiem-tra-chu-ky"]).await;
        b.upload_by_id("tep", &file).await;
        b.click("Kiểm tra chữ ký").await;
        b.sees("Chữ ký hợp lệ").await;
        v.keeps("kiem-tra-chu-ky-hop-le").await;
    });
}
