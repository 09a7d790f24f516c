//! The pages that no other story opens, each by those who use it: citizen, kiosk and screen; clerk,
//! officer, leader, administrator; and all of them about one dossier.

use super::{Visit, visit};
use serde_json::json;
use suite::town::people::*;
use suite::town::{files_a_birth, returns, takes};

/// A dossier that waits for a fee, one that was returned, one with an opinion asked; a petition.
struct House {
    owes: String,
    returned: String,
    asked: String,
    kiosk: String,
    follow: String,
    petition: String,
}

async fn furnished(v: &Visit) -> House {
    let (mut an, mut clerk) = (v.town.token(CITIZEN).await, v.town.token(CLERK).await);
    let owes = files_a_birth(&mut an).await;
    takes(&mut clerk, &owes, "receive", json!({})).await;
    takes(&mut clerk, &owes, "ask_fee", json!({ "amount": 16_000 })).await;
    let returned = crate::petition::returned(&v.town).await;
    v.later(3).await;
    returns(&mut clerk, &returned).await;
    let asked = files_a_birth(&mut an).await;
    takes(&mut clerk, &asked, "receive", json!({})).await;
    takes(&mut clerk, &asked, "ask_fee", json!({ "amount": 8_000 })).await;
    takes(&mut clerk, &asked, "pay", json!({})).await;
    let land = crate::opinion::unit_of(&v.town, SURVEYOR).await;
    let mut registrar = v.town.token(REGISTRAR).await;
    crate::opinion::asks(&mut registrar, &asked, &land, "Thửa đất có đúng địa chỉ khai không?", "1wd").await;
    let kiosk = crate::hall::sets_up(&mut clerk).await;
    let code = crate::petition::thanh_sends(&mut v.town.stranger()).await;
    v.later(5).await;
    House {
        owes,
        returned,
        asked,
        kiosk,
        follow: format!("/phan-anh/theo-doi?ma={code}"),
        petition: crate::petition::number_of(&v.town).await,
    }
}

#[test]
fn everybodys_other_pages_stand_judged() {
    visit(async |v| {
        let house = furnished(v).await;
        outside(v, &house).await;
        a_citizen(v, &house).await;
        a_clerk(v, &house).await;
        an_officer(v, &house).await;
        a_leader(v, &house).await;
        an_administrator(v).await;
    });
}

async fn outside(v: &Visit, house: &House) {
    let b = &v.browser;
    b.forget().await;
    v.opens(&["/minh-bach", "/phan-anh", "/phan-anh/gui?noi=phuoc+hau", &house.follow, "/danh-gia"]).await;
    v.opens(&["/viec-trong-doi", "/viec-trong-doi/sinh-con", "/co-quan", "/co-quan/29596"]).await;
    v.opens(&[&house.kiosk, "/goi-so/29596-MC"]).await;
}

async fn a_citizen(v: &Visit, house: &House) {
    let b = &v.browser;
    v.signs_in(CITIZEN, &format!("/ho-so-cua-toi/{}/nop-phi", house.owes)).await;
    b.sees("16.000").await;
    b.goto("/dat-lich").await;
    b.goto("/dat-lich/29596-MC").await;
    b.press_button("Đặt lịch").await;
    b.waits_for(".cl-errsum").await;
    v.opens(&["/lich-hen", "/phan-anh/cua-toi", "/ngan-hang-thu"]).await;
    b.goto(&format!("/danh-gia?hs={}", house.returned)).await;
    b.goto(&format!("/ho-so-cua-toi/{}", house.asked)).await;
    b.sees("Đang xử lý").await;
    b.sees("Đang giữ hồ sơ").await;
}

async fn a_clerk(v: &Visit, house: &House) {
    let b = &v.browser;
    v.signs_in(CLERK, "/mot-cua/hang-cho").await;
    let money = format!("/mot-cua/ho-so/{}/phi", house.asked);
    let papers = format!("/mot-cua/ho-so/{}/ban-giay", house.asked);
    let petition = format!("/mot-cua/phan-anh/{}", house.petition);
    let pages = [
        "/mot-cua/hang-cho/so-lieu",
        "/mot-cua/thu-phi",
        "/mot-cua/thu-phi/so-quy",
        "/mot-cua/ban-giao",
        "/mot-cua/hang-loat",
        "/mot-cua/phieu-danh-gia",
        "/mot-cua/so-theo-doi",
        "/mot-cua/xac-nhan?so=086090123456",
        "/mot-cua/y-kien",
        "/mot-cua/phan-anh",
        "/mot-cua/vang-mat",
        &money,
        &papers,
        &petition,
    ];
    v.opens(&pages).await;
    b.goto("/mot-cua/hang-cho/thiet-lap").await;
    b.fill("desks", "900").await;
    b.click("Lưu thiết lập").await;
    // A card that is none is refused, and stays in the field.
    b.goto("/mot-cua/tiep-nhan-moi?thu-tuc=1.001193").await;
    b.fill("number", "8934567|không phải thẻ").await;
    b.fill("phone", "0912 345 678").await;
    b.click("Điền theo số này").await;
    b.waits_for(".cl-errsum:focus").await;
    assert_eq!(b.value("number").await, "8934567|không phải thẻ");
    assert_eq!(b.value("phone").await, "0912 345 678");
    b.goto(&format!("/mot-cua/ho-so/{}", house.asked)).await;
    b.sees("Đang giữ:").await;
}

async fn an_officer(v: &Visit, house: &House) {
    let dossier = format!("/mot-cua/ho-so/{}", house.asked);
    v.signs_in(REGISTRAR, &dossier).await;
    v.browser.sees("Thửa đất có đúng địa chỉ khai không?").await;
    let steps = ["xin-y-kien", "kiem-tra", "yeu-cau-bo-sung", "gia-han", "dung", "trinh-ky", "yeu-cau-phi"];
    for step in steps {
        v.browser.goto(&format!("{dossier}/{step}")).await;
    }
    v.signs_in(SURVEYOR, "/mot-cua/y-kien").await;
    v.browser.click(&house.asked).await;
    v.browser.click("Gửi ý kiến").await;
}

async fn a_leader(v: &Visit, house: &House) {
    v.signs_in(CHAIRMAN, "/mot-cua/hoan-phi").await;
    let petition = format!("/mot-cua/phan-anh/{}", house.petition);
    let pages = [
        "/bao-cao",
        "/bao-cao/danh-gia",
        "/bao-cao/chi-so-766",
        "/mot-cua/cho-duyet",
        "/mot-cua/vang-mat",
        "/mot-cua/phan-anh",
        &petition,
    ];
    v.opens(&pages).await;
}

async fn an_administrator(v: &Visit) {
    v.signs_in(ADMIN, "/quan-tri/vai-tro").await;
    v.opens(&["/quan-tri/lien-thong-quoc-gia", "/quan-tri/lich"]).await;
}
