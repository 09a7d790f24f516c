//! Several signers and persons twice in a browser: the pages that the applicant, the other one, the clerk and
//! two administrators see on the way.

use axum::http::Method;
use db::{Tx, args};
use serde_json::json;
use suite::town::people::*;

use super::visit;
use crate::desk::browser;
use crate::people::{SLIP, appears_twice};
use crate::signers::{asks, both_must_agree, prepares};

#[test]
fn two_people_agree_to_one_dossier() {
    visit(async |v| {
        both_must_agree(&v.town).await;
        let mut an = browser(&v.town, CITIZEN).await;
        let draft = prepares(&v.town, &mut an, NEIGHBOUR).await;
        let b = &v.browser;
        let table = format!("{draft}/cung-ky");
        v.signs_in(CITIZEN, &table).await;
        b.sees("Chưa mời").await;
        b.goto(&format!("{draft}/kiem-tra")).await;
        b.sees("Bên còn lại chưa được mời cùng ký").await;
        asks(&mut an, &draft).await;
        b.goto(&table).await;
        b.sees("Chờ trả lời").await;

        v.signs_in(NEIGHBOUR, "/cung-ky").await;
        b.click("Đăng ký kết hôn").await;
        b.sees("SHA-256").await;
        b.click("Đồng ý").await;
        b.waits_for(".cl-errsum:focus").await;
        b.tick("agreed", "1").await;
        b.click("Đồng ý").await;
        b.sees("Đã ghi nhận bạn đồng ý").await;
        b.click("Đăng ký kết hôn").await;
        b.sees("Rút lại đồng ý").await;

        v.signs_in(CITIZEN, &format!("{draft}/partner")).await;
        b.sees("đồng ý đó mất hiệu lực").await;
        b.goto(&format!("{draft}/kiem-tra")).await;
        b.click("Nộp hồ sơ").await;
        b.sees("Đã nộp hồ sơ").await;

        let applicant = json!({ "name": "Lê Văn Mới", "personal_number": "086190000456" });
        let unit = suite::town::COMMUNE;
        let body = json!({ "procedure": "1.000894", "unit": unit, "applicant": applicant });
        let mut clerk = v.town.token(CLERK).await;
        let filed = clerk.calls(Method::POST, "/api/v1/dossiers", Some(&body)).await.expect(201).json();
        let dossier = format!("/mot-cua/ho-so/{}", filed["code"].as_str().expect("a code"));
        v.signs_in(CLERK, &dossier).await;
        b.sees("Chưa có đồng ý: Bên còn lại").await;
        b.goto(&format!("{dossier}/cung-ky")).await;
        b.click("Ghi nhận").await;
        b.waits_for(".cl-errsum:focus").await;
        b.goto("/mot-cua/tiep-nhan-moi?thu-tuc=1.000894").await;
        b.sees("Người cùng ký").await;
    });
}

#[test]
fn two_administrators_look_at_one_person() {
    visit(async |v| {
        appears_twice(&v.town).await;
        let claimed = async |tx: &mut Tx| {
            tx.change("update account set confirmed_at = null where login = $1", args![SLIP]).await
        };
        v.town.opened.site.db.upkeep(claimed).await.expect("the store answers");
        let b = &v.browser;
        v.signs_in(ADMIN, "/quan-tri/nguoi-trung").await;
        b.sees("số chỉ lệch một chỗ").await;
        b.goto("/quan-tri/nguoi-trung/so-sanh?a=1&b=2").await;
        b.sees("Không tìm thấy một trong hai").await;
        b.goto(&format!("/quan-tri/nguoi-trung/so-sanh?a={CITIZEN}&b={SLIP}")).await;
        b.click("Đề nghị gộp").await;
        b.waits_for(".cl-errsum:focus").await;
        b.fill("reason", "Đã xem thẻ.").await;
        b.click("Đề nghị gộp").await;
        b.click("Nguyễn Hữu Ẩn vào Nguyễn Hữu Ẩn").await;
        b.sees("Một quản trị viên khác duyệt.").await;
    });
}
