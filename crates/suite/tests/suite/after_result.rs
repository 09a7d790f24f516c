//! After the decision: a result with an error is made anew while the old one is kept, and a result goes by
//! post, comes back, and is delivered at last.

use axum::http::Method;
use db::testing::both;
use serde_json::json;
use suite::town::people::*;
use suite::town::*;

use crate::desk::{browser, page, says};

/// A birth registration, decided; its result is printed.
pub async fn decided(town: &Town, return_by: &str) -> String {
    let mut an = town.token(CITIZEN).await;
    let mut body = birth(&mut an).await;
    body["return_by"] = json!(return_by);
    let said = an.calls(Method::POST, "/api/v1/dossiers", Some(&body)).await.expect(201).json();
    let code = said["code"].as_str().expect("a code").to_string();
    let (mut clerk, mut registrar) = (town.token(CLERK).await, town.token(REGISTRAR).await);
    takes(&mut clerk, &code, "receive", json!({})).await;
    takes(&mut clerk, &code, "pass_on", json!({})).await;
    takes(&mut registrar, &code, "submit_for_signature", json!({})).await;
    takes(&mut town.token(CHAIRMAN).await, &code, "decide", json!({ "outcome": "granted" })).await;
    town.delivers().await;
    code
}

/// The leader looks at what is asked, is told what is wrong with each try, and makes the new version.
pub async fn corrects(town: &Town, code: &str) -> suite::person::Person {
    let mut chairman = browser(town, CHAIRMAN).await;
    chairman.opens("/mot-cua/sau-ket-qua").await.expect(200);
    says(&chairman, "in nhầm là Khôi");
    let link = chairman.link(code);
    chairman.opens(&link).await.expect(200);
    chairman.submits("Ghi quyết định", &[("note", "Đúng là sai.")]).await.expect(422);
    says(&chairman, "Chọn một việc.");
    chairman.submits("Ghi quyết định", &[("verb", "correct"), ("note", "Đúng là sai.")]).await.expect(422);
    says(&chairman, "Chưa có chỗ nào được sửa.");
    let wrong = [("v.child_birth_date", "31/02/2026"), ("verb", "correct"), ("note", "Đúng là sai.")];
    chairman.submits("Ghi quyết định", &wrong).await.expect(422);
    says(&chairman, "Ghi ngày có thật");
    let typed = [
        ("v.child_name", "Nguyễn Minh Khoa"),
        ("v.child_birth_date", "10/08/2026"),
        ("verb", "correct"),
        ("note", "Cán bộ đánh máy nhầm."),
    ];
    let answer = chairman.submits("Ghi quyết định", &typed).await.expect(303);
    chairman.follows(answer).await.expect(200);
    says(&chairman, "Đã cấp bản thay thế");
    town.delivers().await;
    chairman
}

#[test]
fn a_wrong_name_is_corrected_by_the_leader_and_the_old_certificate_stays() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = decided(&town, "counter").await;
        let own = format!("/ho-so-cua-toi/{code}");
        let paper = format!("/ho-so/{code}/giay/result");
        let mut an = browser(&town, CITIZEN).await;
        an.gets(&paper).await.expect(422);
        signed_on_paper(&mut town.token(CLERK).await, &code).await;
        let first = an.gets(&paper).await.expect(200).body;
        an.opens(&own).await.expect(200);
        let asked = [("what", "Tên con là Khoa, in nhầm là Khôi."), ("fault", "official")];
        an.submits("Gửi đề nghị đính chính", &[("what", " "), ("fault", "official")]).await.expect(422);
        let answer = an.submits("Gửi đề nghị đính chính", &asked).await.expect(303);
        an.follows(answer).await.expect(200);
        says(&an, "Đã gửi đề nghị đính chính");
        says(&an, "Chờ lãnh đạo quyết định");
        assert!(!an.page().text().contains("Gửi đề nghị đính chính"), "one waits at a time");

        // Nobody else decides, and strangers find nothing.
        let form = format!("{}/dinh-chinh", page(&code));
        let mut registrar = browser(&town, REGISTRAR).await;
        registrar.gets(&form).await.expect(303);
        let mut neighbour = town.token(NEIGHBOUR).await;
        let forged = Some("application/x-www-form-urlencoded");
        let body = "what=x&fault=official";
        neighbour.sends(Method::POST, &format!("{own}/dinh-chinh"), forged, body.into()).await.expect(404);
        let mut token = town.token(REGISTRAR).await;
        token.sends(Method::POST, &form, forged, "verb=correct&note=x".into()).await.expect(422);

        let mut chairman = corrects(&town, &code).await;

        an.opens(&own).await.expect(200);
        for words in
            ["Đã cấp bản thay thế", "Cán bộ đánh máy nhầm.", "đã bị thay thế", "cơ quan sửa và chịu chi phí"]
        {
            says(&an, words);
        }
        an.gets(&paper).await.expect(422);
        signed_on_paper(&mut town.token(CLERK).await, &code).await;
        let second = an.gets(&paper).await.expect(200).body;
        an.opens(&own).await.expect(200);
        assert_ne!(first, second, "a new version");
        let old = an.link("đã bị thay thế");
        assert_eq!(an.gets(&old).await.expect(200).body, first, "the old one is what it was");
        an.gets(&format!("{paper}?ban=77")).await.expect(404);
        assert_eq!(sees(&mut town.token(CITIZEN).await, &code).await["status"], 9, "the status stays");

        let report = "/bao-cao/danh-gia?tu=2026-08&den=2026-08";
        chairman.opens(report).await.expect(200);
        says(&chairman, "1 hồ sơ có kết quả phải đính chính");
        let link = chairman.link("phải đính chính");
        chairman.opens(&link).await.expect(200);
        says(&chairman, &code);
        town.audit_book_is_whole().await;
    });
}

#[test]
fn a_result_by_post_comes_back_is_sent_again_and_delivered() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = decided(&town, "post").await;
        let form = format!("{}/buu-chinh", page(&code));
        let mut clerk = browser(&town, CLERK).await;
        clerk.opens(&page(&code)).await.expect(200);
        let link = clerk.link("Gửi qua bưu chính");
        clerk.opens(&link).await.expect(200);
        clerk.submits("Ghi lại", &[("waybill", ""), ("day", "19/08/2026")]).await.expect(422);
        says(&clerk, "Ghi một ngày từ 20/08/2026 đến hôm nay.");
        let sent = [("carrier", "VNPost"), ("waybill", "eb 123 456 789 vn"), ("day", "20/08/2026")];
        clerk.submits("Ghi lại", &sent).await.expect(422);
        says(&clerk, "chưa được ký số nên chưa trả được");
        signed_on_paper(&mut clerk, &code).await;
        clerk.opens(&form).await.expect(200);
        clerk.submits("Ghi lại", &sent).await.expect(303);
        let refused = tries_step(&mut town.token(CLERK).await, &code, "return_result", json!({})).await;
        assert!(refused.expect(422).text().contains("đang trên đường gửi"));

        let own = format!("/ho-so-cua-toi/{code}");
        let mut an = browser(&town, CITIZEN).await;
        an.opens(&own).await.expect(200);
        says(&an, "vận đơn EB123456789VN: gửi ngày 20/08/2026, đang trên đường");
        clerk.opens("/mot-cua/sau-ket-qua").await.expect(200);
        says(&clerk, "EB123456789VN");

        clerk.opens(&form).await.expect(200);
        clerk.submits("Ghi lại", &[("verb", "come_back"), ("day", "20/08/2026")]).await.expect(422);
        let back = [("verb", "come_back"), ("day", "20/08/2026"), ("why", "không có người nhận")];
        clerk.submits("Ghi lại", &back).await.expect(303);
        an.opens(&own).await.expect(200);
        says(&an, "Lý do: không có người nhận");

        clerk.opens(&form).await.expect(200);
        clerk.submits("Ghi lại", &sent).await.expect(422);
        says(&clerk, "đã được ghi cho một lần gửi khác");
        clerk.submits("Ghi lại", &[("waybill", "EB2VN")]).await.expect(303);
        clerk.opens(&form).await.expect(200);
        clerk.submits("Ghi lại", &[("verb", "deliver"), ("day", "20/08/2026")]).await.expect(303);
        assert_eq!(sees(&mut town.token(CITIZEN).await, &code).await["status"], 10);
        an.opens(&own).await.expect(200);
        says(&an, "vận đơn EB2VN: gửi ngày 20/08/2026, đã phát ngày 20/08/2026");
        clerk.gets(&form).await.expect(303);
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}
