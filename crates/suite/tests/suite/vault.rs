//! The personal vault: results and scans that come into it, papers of one's own, their use by reference with
//! a log, what is refused, and answers that need not be typed again.

use std::time::Duration;

use axum::http::Method;
use db::testing::both;
use db::{Tx, args};
use serde_json::{Value, json};
use suite::person::{Answer, Person, Upload};
use suite::town::people::*;
use suite::town::*;

use crate::desk::{browser, page, presses, says};

const HANH: &str = NEIGHBOUR;

/// A birth is registered from reception to decision.
pub async fn is_granted(town: &Town, code: &str) {
    let (mut clerk, mut registrar) = (town.token(CLERK).await, town.token(REGISTRAR).await);
    takes(&mut clerk, code, "receive", json!({})).await;
    takes(&mut clerk, code, "pass_on", json!({})).await;
    takes(&mut registrar, code, "submit_for_signature", json!({})).await;
    takes(&mut town.token(CHAIRMAN).await, code, "decide", json!({ "outcome": "granted" })).await;
    signed_on_paper(&mut town.token(CLERK).await, code).await;
    town.delivers().await;
}

/// Opens the entry with this name from the list; its address.
async fn opens_entry(who: &mut Person, name: &str) -> String {
    who.opens("/kho-du-lieu").await.expect(200);
    let link = who.link(name);
    who.opens(&link).await.expect(200);
    link
}

/// Files a birth over the API with `more` among its papers.
async fn files_with(who: &mut Person, more: Value) -> Answer {
    let mut body = birth(who).await;
    body["uploads"].as_array_mut().expect("a list").push(more);
    who.calls(Method::POST, "/api/v1/dossiers", Some(&body)).await
}

fn code_of(answer: Answer) -> String {
    answer.expect(201).json()["code"].as_str().expect("a filing answers with a code").to_string()
}

/// What a refusal says of its fields.
fn errors(answer: Answer) -> Vec<(String, String)> {
    let told = answer.expect(422).json();
    let text = |e: &Value, key: &str| e[key].as_str().unwrap_or_default().to_string();
    let errors = told["errors"].as_array().into_iter().flatten();
    errors.map(|e| (text(e, "field"), text(e, "message"))).collect()
}

async fn entries(town: &Town) -> i64 {
    let count = async |tx: &mut Tx| tx.get("select count(*) from vault_entry", args![]).await;
    town.opened.site.db.read(count).await.expect("the store answers")
}

#[test]
fn a_result_enters_the_vault_is_used_by_reference_and_the_use_is_in_its_log() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(HANH).await).await;
        let mut hanh = browser(&town, HANH).await;
        hanh.opens("/kho-du-lieu").await.expect(200);
        says(&hanh, "Kho chưa có giấy tờ nào");
        is_granted(&town, &code).await;
        takes(&mut town.token(CLERK).await, &code, "return_result", json!({})).await;
        town.delivers().await;
        assert_eq!(entries(&town).await, 1, "decided and returned is one result");

        let entry = opens_entry(&mut hanh, "Giấy khai sinh").await;
        for words in ["KQ.G15.000031", "01/GKS", "20/08/2026", "Còn hiệu lực", "Chưa dùng trong hồ sơ nào."]
        {
            says(&hanh, words);
        }
        let kept = hanh.gets(&format!("{entry}/tep?tai=true")).await.expect(200);
        let printed = hanh.gets(&format!("/ho-so/{code}/giay/result")).await.expect(200);
        assert_eq!(kept.body, printed.body, "the same content, not another print");

        let id = entry.rsplit('/').next().unwrap().to_string();
        let mut hanh_api = town.token(HANH).await;
        let both_named = json!({ "component": "identity", "vault": id, "upload": "x" });
        assert_eq!(errors(files_with(&mut hanh_api, both_named).await)[0].0, "uploads.1");
        let second =
            code_of(files_with(&mut hanh_api, json!({ "component": "identity", "vault": id })).await);
        opens_entry(&mut hanh, "Giấy khai sinh").await;
        says(&hanh, &second);
        says(&hanh, "Nộp làm thành phần “Giấy tờ tùy thân của người yêu cầu”");
        says(&hanh, "Ông/bà");

        let mut clerk = browser(&town, CLERK).await;
        clerk.opens(&page(&second)).await.expect(200);
        says(&clerk, "Từ kho dữ liệu (kết quả giải quyết), còn hiệu lực ngày nộp 20/08/2026");
        counts_the_reuse(&town, &mut clerk, &second).await;
        town.audit_book_is_whole().await;
    });
}

/// The dossier is one of those behind item 4.3 of the index.
async fn counts_the_reuse(town: &Town, clerk: &mut Person, code: &str) {
    presses(clerk, code, "Tiếp nhận hồ sơ").await;
    town.delivers().await;
    let mut leader = browser(town, CHAIRMAN).await;
    leader.opens("/bao-cao/chi-so-766?tu=2026-08&den=2026-08").await.expect(200);
    says(&leader, "Tái sử dụng dữ liệu đã số hóa 1 / 2");
    let link = leader.link("1 / 2");
    leader.opens(&link).await.expect(200);
    says(&leader, code);
    says(&leader, "Có giấy tờ từ kho dữ liệu");
}

#[test]
fn somebody_elses_entry_does_not_exist_and_a_revoked_one_is_refused_with_its_reason() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(HANH).await).await;
        is_granted(&town, &code).await;
        let mut hanh = browser(&town, HANH).await;
        let entry = opens_entry(&mut hanh, "Giấy khai sinh").await;
        let id = entry.rsplit('/').next().unwrap().to_string();
        let named = json!({ "component": "identity", "vault": id });

        let (mut an, mut clerk_api) = (browser(&town, CITIZEN).await, town.token(CLERK).await);
        an.opens(&entry).await.expect(404);
        an.gets(&format!("{entry}/tep")).await.expect(404);
        an.opens("/kho-du-lieu/them").await.expect(200);
        let token = an.page().forms().iter().find_map(|f| f.fields.iter().find(|f| f.0 == "_csrf").cloned());
        let token = token.expect("a form has a token").1;
        for (path, more) in [("dung-lai", "&cho=khong"), ("go", "")] {
            let body = format!("_csrf={token}{more}").into();
            let kind = Some("application/x-www-form-urlencoded");
            an.sends(Method::POST, &format!("{entry}/{path}"), kind, body).await.expect(404);
        }
        let refused = errors(files_with(&mut town.token(CITIZEN).await, named.clone()).await);
        assert_eq!(refused[0].0, "uploads.identity");
        assert!(refused[0].1.contains("Không tìm thấy giấy tờ này"), "{refused:?}");
        // A clerk files for others, but not with what lies in their vaults.
        let mut body = birth(&mut clerk_api).await;
        body["applicant"] = json!({ "name": "Trần Thị Bích Hạnh", "personal_number": HANH });
        body["uploads"].as_array_mut().unwrap().push(named.clone());
        let refused = clerk_api.calls(Method::POST, "/api/v1/dossiers", Some(&body)).await;
        assert_eq!(errors(refused)[0].0, "uploads.identity");

        // Locked by its owner, it is not used by the owner either.
        hanh.opens(&entry).await.expect(200);
        let answer = hanh.submits("Khóa, không cho dùng", &[]).await.expect(303);
        hanh.follows(answer).await.expect(200);
        let refused = errors(files_with(&mut town.token(HANH).await, named.clone()).await);
        assert!(refused[0].1.contains("đang khóa. Mở khóa"), "{refused:?}");
        let answer = hanh.submits("Mở, cho dùng lại", &[]).await.expect(303);
        hanh.follows(answer).await.expect(200);

        // The clerk may not take a result back, the leader must say why.
        let place = format!("{}/so-hoa", page(&code));
        let mut clerk = browser(&town, CLERK).await;
        clerk.opens(&place).await.expect(200);
        assert!(!clerk.page().text().contains("Ghi hết hiệu lực"));
        let mut chairman = browser(&town, CHAIRMAN).await;
        chairman.opens(&place).await.expect(200);
        chairman.submits("Ghi hết hiệu lực", &[("state", "revoked")]).await.expect(422);
        says(&chairman, "Ghi lý do");
        chairman.opens(&place).await.expect(200);
        let why = [("state", "revoked"), ("reason", "Cấp sai tên của trẻ.")];
        let answer = chairman.submits("Ghi hết hiệu lực", &why).await.expect(303);
        chairman.follows(answer).await.expect(200);
        hanh.opens(&entry).await.expect(200);
        says(&hanh, "Lý do: Cấp sai tên của trẻ.");
        let refused = errors(files_with(&mut town.token(HANH).await, named).await);
        assert!(refused[0].1.contains("đã bị thu hồi"), "{refused:?}");
        town.delivers().await;
    });
}

/// Takes a paper of one's own into the vault.
pub async fn adds(who: &mut Person, name: &str, expires_on: &str) {
    let bytes = pdf(name);
    let file = Upload { field: "tep", file_name: "giay.pdf", content_type: "application/pdf", bytes: &bytes };
    who.opens("/kho-du-lieu/them").await.expect(200);
    let typed = [("name", name), ("number", "77/XN"), ("issued_on", "1/8/2026"), ("expires_on", expires_on)];
    let answer = who.submits_files("Thêm vào kho", &typed, &[file]).await.expect(303);
    who.follows(answer).await.expect(200);
    says(who, "Đã thêm giấy tờ vào kho.");
}

/// Copies a dossier into a new draft; the draft's address.
pub async fn copies(who: &mut Person, code: &str) -> String {
    who.opens(&format!("/ho-so-cua-toi/{code}")).await.expect(200);
    let answer = who.submits("Nộp lại từ hồ sơ này", &[]).await.expect(303);
    who.follows(answer).await.expect(200);
    says(who, "Nộp tại:");
    who.link("Tiếp tục với bản nháp")
}

/// The value of the choice whose words begin so.
fn choice(who: &Person, html: &str, words: &str) -> String {
    let found = html.split("<option value=\"").find(|rest| rest.contains(&format!(">{words}")));
    let found = found.unwrap_or_else(|| panic!("no choice {words}:\n{}", who.page().outline()));
    found.split('"').next().unwrap().to_string()
}

#[test]
fn an_expired_paper_is_refused_when_chosen_and_when_filed_with_what_to_do() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(HANH).await).await;
        let mut hanh = browser(&town, HANH).await;
        hanh.opens("/kho-du-lieu/them").await.expect(200);
        let wrong = [("name", ""), ("issued_on", "32/8/2026")];
        hanh.submits_files("Thêm vào kho", &wrong, &[]).await.expect(422);
        for words in ["Ghi tên giấy tờ.", "Ghi ngày theo dạng", "Chọn một tệp."] {
            says(&hanh, words);
        }
        adds(&mut hanh, "Giấy xác nhận tạm trú", "21/8/2026").await;
        adds(&mut hanh, "Hộ chiếu", "1/8/2030").await;

        let draft = copies(&mut hanh, &code).await;
        let papers = format!("{draft}/giay-to");
        let html = hanh.opens(&papers).await.expect(200).text();
        let button = "Dùng giấy này cho Giấy tờ tùy thân của người yêu cầu";
        hanh.submits(button, &[]).await.expect(422);
        says(&hanh, "Chọn một giấy tờ trong kho dữ liệu.");
        hanh.opens(&papers).await.expect(200);
        let paper = choice(&hanh, &html, "Giấy xác nhận tạm trú, số 77/XN ngày 01/08/2026");
        for _ in 0..2 {
            hanh.opens(&papers).await.expect(200);
            hanh.submits(button, &[("giay", &paper)]).await.expect(303);
        }
        let html = hanh.opens(&papers).await.expect(200).text();
        assert_eq!(html.matches("· từ kho dữ liệu").count(), 1, "chosen twice is chosen once");

        town.hand.advance(Duration::from_secs(48 * 3600));
        let mut hanh = browser(&town, HANH).await;
        hanh.opens(&papers).await.expect(200);
        hanh.submits(button, &[("giay", &paper)]).await.expect(422);
        says(&hanh, "đã hết hiệu lực sau ngày 21/08/2026 nên không dùng được. Hãy xin cấp lại");
        pledges(&mut hanh, &draft).await;
        hanh.opens(&format!("{draft}/kiem-tra")).await.expect(200);
        hanh.submits("Nộp hồ sơ", &[]).await.expect(422);
        says(&hanh, "trong kho dữ liệu đã hết hiệu lực sau ngày 21/08/2026");

        // Taken out, and another one in its place.
        hanh.opens(&papers).await.expect(200);
        hanh.submits("Xóa giay.pdf", &[]).await.expect(303);
        let passport = choice(&hanh, &html, "Hộ chiếu");
        hanh.opens(&papers).await.expect(200);
        hanh.submits(button, &[("giay", &passport)]).await.expect(303);
        hanh.opens(&format!("{draft}/kiem-tra")).await.expect(200);
        let answer = hanh.submits("Nộp hồ sơ", &[]).await.expect(303);
        hanh.follows(answer).await.expect(200);

        // Used, it is only ended; never used, it is forgotten.
        for (name, left) in [("Hộ chiếu", 2), ("Giấy xác nhận tạm trú", 1)] {
            opens_entry(&mut hanh, name).await;
            hanh.submits("Gỡ khỏi kho", &[]).await.expect(303);
            assert_eq!(entries(&town).await, left, "{name}");
        }
        opens_entry(&mut hanh, "Hộ chiếu").await;
        says(&hanh, "Chủ kho đã gỡ giấy tờ này.");
        hanh.opens("/kho-du-lieu?hl=con").await.expect(200);
        says(&hanh, "Không có giấy tờ nào khớp");
        hanh.opens("/kho-du-lieu?q=ho+chieu&hl=het&nguon=tu-them").await.expect(200);
        hanh.link("Hộ chiếu");
        town.delivers().await;
    });
}

/// Gives the pledge that no copy carries over.
async fn pledges(who: &mut Person, draft: &str) {
    who.opens(&format!("{draft}/copies")).await.expect(200);
    who.submits("Lưu và tiếp tục", &[("pledge", "1")]).await.expect(303);
}

#[test]
fn an_earlier_dossier_is_copied_with_answers_and_papers_by_reference() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(HANH).await).await;
        let mut hanh = browser(&town, HANH).await;
        let draft = copies(&mut hanh, &code).await;
        says(&hanh, "Đã mang sang 17 câu trả lời và 1 tệp.");
        hanh.opens(&format!("{draft}/child")).await.expect(200);
        says(&hanh, &format!("Lấy từ hồ sơ {code}, sửa được"));
        // The pledge is the one thing that is missing, and it is asked for.
        hanh.opens(&format!("{draft}/kiem-tra")).await.expect(200);
        hanh.submits("Nộp hồ sơ", &[]).await.expect(422);
        pledges(&mut hanh, &draft).await;
        hanh.opens(&format!("{draft}/kiem-tra")).await.expect(200);
        let answer = hanh.submits("Nộp hồ sơ", &[]).await.expect(303);
        hanh.follows(answer).await.expect(200);
        let contents =
            async |tx: &mut Tx| tx.get("select count(distinct sha256) from dossier_file", args![]).await;
        let contents: i64 = town.opened.site.db.read(contents).await.expect("the store answers");
        assert_eq!(contents, 1, "two dossiers, one content");

        let mut an = browser(&town, CITIZEN).await;
        an.opens("/kho-du-lieu/them").await.expect(200);
        let forms = an.page().forms();
        let token = forms.iter().find_map(|f| f.fields.iter().find(|f| f.0 == "_csrf")).expect("a token");
        let (body, kind) = (format!("_csrf={}", token.1), Some("application/x-www-form-urlencoded"));
        let path = format!("/ho-so-cua-toi/{code}/nop-lai");
        an.sends(Method::POST, &path, kind, body.into()).await.expect(404);
        an.opens(&format!("{draft}/da-chep")).await.expect(404);
        town.delivers().await;
    });
}

#[test]
fn known_answers_are_proposed_with_their_origin_and_never_replace_typed_words() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(HANH).await).await;
        let mut hanh = browser(&town, HANH).await;
        hanh.opens("/nop-ho-so/1.001193?noi=phuoc+hau").await.expect(200);
        let answer = hanh.submits("Bắt đầu điền hồ sơ", &[("unit", COMMUNE)]).await.expect(303);
        hanh.follows(answer).await.expect(200);
        says(&hanh, "Lấy từ tài khoản, sửa được");
        // What the account does not know was on the earlier form.
        let child = hanh.path().replace("/declarant", "/child");
        hanh.opens(&child).await.expect(200);
        says(&hanh, "Thông tin đã khai trước đây");
        assert!(!hanh.page().text().contains("Nguyễn Minh Khôi"), "the second child is not the first");
        let typed = [("child_name", "Trần Bảo An")];
        let answer = hanh.submits("Điền các câu còn trống", &typed).await.expect(303);
        hanh.follows(answer).await.expect(200);
        let form = hanh.page().forms().into_iter().find(|f| f.controls.contains(&"child_name".to_string()));
        let form = form.expect("the page has its form");
        let value = |name: &str| form.fields.iter().find(|f| f.0 == name).map(|f| f.1.clone());
        assert_eq!(value("child_name").as_deref(), Some("Trần Bảo An"), "typed words stay");
        assert_eq!(value("child_ethnicity").as_deref(), Some("Kinh"));
        assert_eq!(value("child_sex"), None, "what is about this child is never offered");
        assert_eq!(value("child_birth_date.ngay").as_deref(), Some(""));
        says(&hanh, &format!("Lấy từ hồ sơ {code}, sửa được"));
        assert!(!hanh.page().text().contains("Thông tin đã khai trước đây"), "nothing is left to offer");
        // Changed, an answer is the person's own.
        let before = hanh.page().text().matches("Lấy từ hồ sơ").count();
        let second = [
            ("child_ethnicity", "Khmer"),
            ("birth_case", "ordinary"),
            ("child_sex", "female"),
            ("child_birth_date.ngay", "12"),
            ("child_birth_date.thang", "8"),
            ("child_birth_date.nam", "2026"),
            ("birth_place", "facility"),
            ("birth_address", "Bệnh viện đa khoa Vĩnh Long"),
        ];
        hanh.submits("Lưu và tiếp tục", &second).await.expect(303);
        hanh.opens(&child).await.expect(200);
        assert_eq!(hanh.page().text().matches("Lấy từ hồ sơ").count(), before - 1);
        // Somebody else is offered nothing of hers.
        let mut an = browser(&town, CITIZEN).await;
        an.opens(&child).await.expect(404);
        an.opens("/nop-ho-so/1.001193?noi=phuoc+hau").await.expect(200);
        let answer = an.submits("Bắt đầu điền hồ sơ", &[("unit", COMMUNE)]).await.expect(303);
        an.follows(answer).await.expect(200);
        let child = an.path().replace("/declarant", "/child");
        an.opens(&child).await.expect(200);
        assert!(!an.page().text().contains("Nguyễn Minh Khôi"));
        town.delivers().await;
    });
}

const NEWCOMER: &str = "086095000777";

/// Files a birth at the counter for a person without an account.
async fn comes_to_the_counter(town: &Town) -> String {
    let mut clerk = town.token(CLERK).await;
    let mut body = birth(&mut clerk).await;
    body["applicant"] = json!({ "name": "Lê Văn Mới", "personal_number": NEWCOMER, "phone": "0909 000 777" });
    body["uploads"] = json!([]);
    let code = code_of(clerk.calls(Method::POST, "/api/v1/dossiers", Some(&body)).await);
    takes(&mut clerk, &code, "receive", json!({})).await;
    code
}

#[test]
fn a_paper_scanned_at_the_counter_waits_for_its_owner_to_register_and_be_confirmed() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = comes_to_the_counter(&town).await;
        let place = format!("{}/so-hoa", page(&code));
        browser(&town, SURVEYOR).await.opens(&place).await.expect(404);
        let mut clerk = browser(&town, CLERK).await;
        clerk.opens(&page(&code)).await.expect(200);
        let link = clerk.link("Số hóa giấy tờ");
        clerk.opens(&link).await.expect(200);
        let typed = [("component", "birth-record"), ("number", "15/GCS"), ("issued_on", "2026-08-11")];
        let word =
            Upload { field: "tep", file_name: "quet.pdf", content_type: "application/pdf", bytes: b"MZ" };
        clerk.submits_files("Lưu bản quét", &typed, &[word]).await.expect(422);
        says(&clerk, "Đánh dấu đã đối chiếu bản chính");
        says(&clerk, "quet.pdf");
        let bytes = pdf("giấy chứng sinh");
        let scan =
            Upload { field: "tep", file_name: "quet.pdf", content_type: "application/pdf", bytes: &bytes };
        // What was typed is still there; the file is chosen again.
        let answer = clerk.submits_files("Lưu bản quét", &[("compared", "1")], &[scan]).await.expect(303);
        clerk.follows(answer).await.expect(200);
        says(&clerk, "Giấy chứng sinh, số 15/GCS ngày 11/08/2026, Còn hiệu lực");
        clerk.opens(&page(&code)).await.expect(200);
        says(&clerk, "số hóa giấy tờ");
        says(&clerk, "Số hóa, đã đối chiếu bản chính: Giấy chứng sinh");
        let mut registrar = browser(&town, REGISTRAR).await;
        presses(&mut clerk, &code, "Chuyển xử lý").await;
        registrar.opens(&place).await.expect(404);

        // He registers later. Until a clerk has seen his card, the number is only claimed.
        let close =
            async |tx: &mut Tx| tx.change("update province set confirm_on_registration = 0", args![]).await;
        town.opened.site.db.upkeep(close).await.expect("the store answers");
        let mut moi = town.stranger();
        moi.opens("/dang-ky").await.expect(200);
        let typed = [
            ("name", "LÊ VĂN MỚI"),
            ("personal_number", NEWCOMER),
            ("phone", "0909000777"),
            ("password", PASSWORD),
            ("password_again", PASSWORD),
        ];
        let answer = moi.submits("Tạo tài khoản", &typed).await.expect(303);
        moi.follows(answer).await.expect(200);
        moi.opens("/kho-du-lieu").await.expect(200);
        says(&moi, "Tài khoản chưa được xác nhận danh tính");
        says(&moi, "Kho chưa có giấy tờ nào");
        clerk.opens(&format!("/mot-cua/xac-nhan?so={NEWCOMER}")).await.expect(200);
        clerk.submits("Đã đối chiếu thẻ, xác nhận", &[]).await.expect(303);
        let entry = opens_entry(&mut moi, "Giấy chứng sinh").await;
        says(&moi, "Số hóa tại bộ phận một cửa");
        says(&moi, "do bộ phận một cửa lập và đối chiếu với bản chính");
        assert_eq!(moi.gets(&format!("{entry}/tep")).await.expect(200).body, bytes);
        browser(&town, HANH).await.opens(&entry).await.expect(404);
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}
