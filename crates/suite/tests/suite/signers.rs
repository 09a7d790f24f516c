//! Several signers: nothing is filed before the others have agreed to exactly what is filed, a change asks
//! again, and at the counter a clerk records who was there.

use axum::body::Bytes;
use axum::http::Method;
use db::testing::both;
use db::{Tx, args};
use serde_json::json;
use suite::person::{Person, Upload};
use suite::town::people::*;
use suite::town::*;

use crate::desk::{browser, page, says};

/// Somebody who has no account yet.
const NEWCOMER: &str = "086190000456";
const CODE: &str = "1.000894";

/// Publishes a version of the marriage registration without which nothing is filed before both agree.
pub async fn both_must_agree(town: &Town) {
    let (_, source) = onestop::procedure_files()
        .into_iter()
        .find(|(name, _)| name == "1.000894.5.toml")
        .expect("it ships with the program");
    let source = source.replacen("version = 5", "version = 6", 1).replacen(
        "person = \"partner_name\"\nrequired = false",
        "person = \"partner_name\"\nrequired = true",
        1,
    );
    assert!(source.contains(
        "required = true\n\n# ---------------------------------------------------------------- quy trình"
    ));
    let site = &town.opened.site;
    let put = async move |tx: &mut Tx| {
        tx.change_one(
            "insert into procedure_version (id, code, version, valid_from, source)
             values ('1.000894@6', '1.000894', 6, '2018-01-01', $1)",
            args![&source],
        )
        .await
    };
    site.db.upkeep(put).await.expect("the store answers");
    let fresh = town.opened.onestop.catalogue.refresh(&site.db, site.clock.today()).await;
    assert!(fresh.expect("it can be read"), "the version is new");
}

/// Complete answers, with this number for the partner.
pub fn answers(partner: &str) -> Vec<(&'static str, String)> {
    let text = |name, value: &str| (name, value.to_string());
    vec![
        text("requester_name", "Nguyễn Hữu Ẩn"),
        text("requester_personal_number", CITIZEN),
        text("requester_phone", "0912 345 678"),
        text("requester_address", "Ấp Phước Lợi A, xã Phước Hậu"),
        text("requester_side", "groom"),
        text("requester_birth_date", "3/12/1990"),
        text("requester_ethnicity", "Kinh"),
        text("requester_nationality", "Việt Nam"),
        text("requester_marriages", "1"),
        text("partner_name", "Lê Thị Hạnh"),
        text("partner_personal_number", partner),
        text("partner_birth_date", "5/6/1995"),
        text("partner_ethnicity", "Kinh"),
        text("partner_nationality", "Việt Nam"),
        text("partner_address", "Ấp Phước Lợi B, xã Phước Hậu"),
        text("partner_marriages", "1"),
        text("register_where", "residence"),
        text("copies_wanted", "no"),
        text("pledge", "true"),
    ]
}

/// Keeps one answer of a draft.
async fn keeps(town: &Town, draft: &str, field: &str, value: &str) {
    let id = draft.rsplit('/').next().expect("an address");
    let path = format!("/api/v1/drafts/{id}/fields/{field}");
    let body = form_urlencoded::Serializer::new(String::new()).append_pair(field, value).finish();
    let mut an = town.token(CITIZEN).await;
    let kind = Some("application/x-www-form-urlencoded");
    an.sends(Method::PUT, &path, kind, Bytes::from(body)).await.expect(200);
}

/// A complete draft with this number for the partner; its address.
pub async fn prepares(town: &Town, an: &mut Person, partner: &str) -> String {
    an.opens(&format!("/nop-ho-so/{CODE}?noi=phuoc+hau")).await.expect(200);
    let answer = an.submits("Bắt đầu điền hồ sơ", &[("unit", COMMUNE)]).await.expect(303);
    let draft = answer.header("location").to_string();
    for (field, value) in answers(partner) {
        keeps(town, &draft, field, &value).await;
    }
    draft
}

/// Hands the draft in: what the page says, or the code.
async fn files(an: &mut Person, draft: &str, status: u16) -> String {
    an.opens(&format!("{draft}/kiem-tra")).await.expect(200);
    let answer = an.submits("Nộp hồ sơ", &[]).await.expect(status);
    answer.header("location").rsplit('/').next().unwrap_or_default().to_string()
}

pub async fn asks(an: &mut Person, draft: &str) {
    an.opens(&format!("{draft}/cung-ky")).await.expect(200);
    let answer = an.submits("Mời cùng ký", &[]).await.expect(303);
    an.follows(answer).await.expect(200);
    says(an, "Chờ trả lời");
}

/// Opens what somebody is asked to agree to; its address.
async fn reads(who: &mut Person) -> String {
    who.opens("/cung-ky").await.expect(200);
    let link = who.link("Đăng ký kết hôn");
    who.opens(&link).await.expect(200);
    link
}

async fn agrees(who: &mut Person) {
    reads(who).await;
    let answer = who.submits("Đồng ý", &[("agreed", "1")]).await.expect(303);
    who.follows(answer).await.expect(200);
    says(who, "Đã ghi nhận bạn đồng ý");
}

async fn she_agrees_to_what_she_reads_and_not_to_what_changed_meanwhile(
    town: &Town,
    an: &mut Person,
    hanh: &mut Person,
    draft: &str,
) {
    asks(an, draft).await;
    town.delivers().await;
    hanh.opens("/thong-bao").await.expect(200);
    says(&hanh, "Có hồ sơ chờ bạn cùng ký");
    let place = reads(hanh).await;
    for words in ["Nguyễn Hữu Ẩn", "Ấp Phước Lợi B", "SHA-256", "Bạn là"] {
        says(&hanh, words);
    }
    // It is nobody else's to read, nor the applicant's to answer.
    an.opens(&place).await.expect(404);
    browser(town, REGISTRAR).await.opens(&place).await.expect(403);
    hanh.submits("Đồng ý", &[]).await.expect(422);
    says(&hanh, "Đọc rồi chọn “Tôi đã đọc và đồng ý”");

    // He changes it while she reads: what she ticks is said of other words, and is not recorded.
    reads(hanh).await;
    keeps(town, draft, "partner_address", "Ấp Phước Lợi C, xã Phước Hậu").await;
    hanh.submits("Đồng ý", &[("agreed", "1")]).await.expect(409);
    says(&hanh, "Nội dung vừa thay đổi");
    says(&hanh, "Ấp Phước Lợi C");
    let answer = hanh.submits("Đồng ý", &[("agreed", "1")]).await.expect(303);
    hanh.follows(answer).await.expect(200);
    an.opens(&format!("{draft}/kiem-tra")).await.expect(200);
    says(&an, "Đã đồng ý");
    an.opens(&format!("{draft}/partner")).await.expect(200);
    says(&an, "Sửa câu trả lời hoặc giấy tờ thì đồng ý đó mất hiệu lực");
}

async fn a_change_is_told_and_asked_again(town: &Town, an: &mut Person, hanh: &mut Person, draft: &str) {
    // A change makes it void, tells her why and loses nothing that was typed.
    keeps(town, draft, "partner_address", "Ấp Phước Lợi D, xã Phước Hậu").await;
    files(an, draft, 422).await;
    says(&an, "Bên còn lại đã được mời cùng ký, chưa trả lời");
    says(&an, "Ấp Phước Lợi D");
    town.delivers().await;
    hanh.opens("/thong-bao").await.expect(200);
    says(&hanh, "Hồ sơ bạn đã đồng ý vừa được sửa");
    reads(hanh).await;
    says(&hanh, "Nội dung đã đổi sau lần bạn đồng ý trước");
}

async fn she_declines_and_is_asked_again(town: &Town, an: &mut Person, hanh: &mut Person, draft: &str) {
    // She says no, and why.
    hanh.submits("Không đồng ý", &[]).await.expect(422);
    says(&hanh, "Ghi lý do không đồng ý");
    hanh.submits("Không đồng ý", &[("reason", "Sai ấp.")]).await.expect(303);
    files(an, draft, 422).await;
    says(&an, "Bên còn lại không đồng ý");
    an.opens(&format!("{draft}/cung-ky")).await.expect(200);
    says(&an, "Sai ấp.");
    keeps(town, draft, "partner_address", "Ấp Phước Lợi B, xã Phước Hậu").await;
    asks(an, draft).await;
    agrees(hanh).await;
}

/// What the dossier and the book keep of it.
async fn it_is_kept_who_agreed(town: &Town, an: &mut Person, hanh: &mut Person, code: &str, link: &str) {
    // The dossier keeps who agreed to what; the signer follows it, and cannot take back what is filed.
    hanh.opens("/cung-ky").await.expect(200);
    says(&hanh, "Theo dõi hồ sơ đã nộp");
    hanh.opens(link).await.expect(404);
    let mut clerk = browser(town, CLERK).await;
    clerk.opens(&page(code)).await.expect(200);
    for words in ["Trần Thị Bích Hạnh", "Đồng ý trên cổng dịch vụ công", "Đúng nội dung đã nộp"]
    {
        says(&clerk, words);
    }
    let seen = sees(&mut town.token(CITIZEN).await, code).await;
    assert_eq!(seen["signers"][0]["as_filed"], true, "{seen}");
    an.opens(&format!("/ho-so-cua-toi/{code}")).await.expect(200);
    says(&an, "Trần Thị Bích Hạnh (Bên còn lại)");
    takes(&mut town.token(CLERK).await, code, "receive", json!({})).await;
    town.delivers().await;
    town.audit_book_is_whole().await;
    let told = async |tx: &mut Tx| -> db::Result<Vec<String>> {
        tx.list("select verb from audit_entry where verb like '%agree%' order by verb limit 50", args![])
            .await
    };
    let told = town.opened.site.db.read(told).await.expect("the store answers");
    for verb in ["onestop.agree", "onestop.not-agree", "onestop.void-agreement", "onestop.withdraw-agreement"]
    {
        assert!(told.iter().any(|t| t == verb), "{verb} is in the book: {told:?}");
    }
}

#[test]
fn nothing_is_filed_before_the_other_has_agreed_to_exactly_what_is_filed() {
    both(async |t| {
        let town = Town::of(&t).await;
        both_must_agree(&town).await;
        let (mut an, mut hanh) = (browser(&town, CITIZEN).await, browser(&town, NEIGHBOUR).await);
        let draft = prepares(&town, &mut an, NEIGHBOUR).await;
        files(&mut an, &draft, 422).await;
        says(&an, "Bên còn lại chưa được mời cùng ký");
        hanh.opens("/cung-ky").await.expect(200);
        says(&hanh, "Không có lời mời nào.");

        she_agrees_to_what_she_reads_and_not_to_what_changed_meanwhile(&town, &mut an, &mut hanh, &draft)
            .await;
        a_change_is_told_and_asked_again(&town, &mut an, &mut hanh, &draft).await;
        she_declines_and_is_asked_again(&town, &mut an, &mut hanh, &draft).await;

        // She takes it back before it is filed; then agrees for good.
        let link = hanh.link("Đăng ký kết hôn");
        hanh.opens(&link).await.expect(200);
        hanh.submits("Rút lại đồng ý", &[("reason", "Để hỏi lại.")]).await.expect(303);
        files(&mut an, &draft, 422).await;
        says(&an, "Bên còn lại đã rút lại đồng ý");
        asks(&mut an, &draft).await;
        agrees(&mut hanh).await;
        let link = hanh.link("Đăng ký kết hôn");
        let code = files(&mut an, &draft, 303).await;
        it_is_kept_who_agreed(&town, &mut an, &mut hanh, &code, &link).await;
    });
}

#[test]
fn a_program_cannot_file_past_those_who_must_agree_nor_name_the_applicant_twice() {
    both(async |t| {
        let town = Town::of(&t).await;
        both_must_agree(&town).await;
        let mut all = serde_json::Map::new();
        for (field, value) in answers(NEIGHBOUR) {
            let value = match field {
                "requester_marriages" | "partner_marriages" => json!(1),
                "pledge" => json!(true),
                "requester_birth_date" => json!("1990-12-03"),
                "partner_birth_date" => json!("1995-06-05"),
                _ => json!(value),
            };
            all.insert(field.to_string(), value);
        }
        let mut an = town.token(CITIZEN).await;
        let body = json!({ "procedure": CODE, "unit": COMMUNE, "answers": all });
        let said = an.calls(Method::POST, "/api/v1/dossiers", Some(&body)).await.expect(422).text();
        assert!(said.contains("soạn bản nháp rồi mời cùng ký"), "{said}");

        // His own number does not stand for hers.
        let mut an = browser(&town, CITIZEN).await;
        let draft = prepares(&town, &mut an, CITIZEN).await;
        files(&mut an, &draft, 422).await;
        says(&an, "là số của chính người nộp");
    });
}

#[test]
fn whoever_need_not_agree_is_waited_for_once_asked_until_they_are_let_go_or_the_time_is_over() {
    both(async |t| {
        let town = Town::of(&t).await;
        let (mut an, mut hanh) = (browser(&town, CITIZEN).await, browser(&town, NEIGHBOUR).await);
        // As shipped: he may ask her, and need not.
        let alone = prepares(&town, &mut an, NEIGHBOUR).await;
        files(&mut an, &alone, 303).await;

        let draft = prepares(&town, &mut an, NEIGHBOUR).await;
        asks(&mut an, &draft).await;
        let place = reads(&mut hanh).await;
        files(&mut an, &draft, 422).await;
        an.opens(&format!("{draft}/cung-ky")).await.expect(200);
        an.submits("Thôi mời Bên còn lại", &[]).await.expect(303);
        town.delivers().await;
        hanh.opens(&place).await.expect(404);
        hanh.opens("/thong-bao").await.expect(200);
        says(&hanh, "Không còn mời bạn cùng ký");
        asks(&mut an, &draft).await;

        // Another number: the person who was asked first reads nothing any more.
        let place = reads(&mut hanh).await;
        keeps(&town, &draft, "partner_personal_number", NEWCOMER).await;
        hanh.opens(&place).await.expect(404);
        keeps(&town, &draft, "partner_personal_number", NEIGHBOUR).await;
        asks(&mut an, &draft).await;
        let place = reads(&mut hanh).await;
        town.minutes_later(32 * 24 * 60).await;
        let (mut an, mut hanh) = (browser(&town, CITIZEN).await, browser(&town, NEIGHBOUR).await);
        hanh.opens(&place).await.expect(404);
        files(&mut an, &draft, 303).await;
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn somebody_without_an_account_registers_is_confirmed_and_agrees() {
    both(async |t| {
        let town = Town::of(&t).await;
        both_must_agree(&town).await;
        let close =
            async |tx: &mut Tx| tx.change("update province set confirm_on_registration = 0", args![]).await;
        town.opened.site.db.upkeep(close).await.expect("the store answers");
        let mut an = browser(&town, CITIZEN).await;
        let draft = prepares(&town, &mut an, NEWCOMER).await;
        asks(&mut an, &draft).await;
        town.delivers().await;

        let mut moi = town.stranger();
        moi.opens("/dang-ky").await.expect(200);
        let typed = [
            ("name", "Lê Thị Mới"),
            ("personal_number", NEWCOMER),
            ("phone", "0909000777"),
            ("password", PASSWORD),
            ("password_again", PASSWORD),
        ];
        let answer = moi.submits("Tạo tài khoản", &typed).await.expect(303);
        moi.follows(answer).await.expect(200);
        moi.opens("/cung-ky").await.expect(200);
        says(&moi, "Danh tính của bạn chưa được xác nhận");
        says(&moi, "Không có lời mời nào.");
        let mut clerk = browser(&town, CLERK).await;
        clerk.opens(&format!("/mot-cua/xac-nhan?so={NEWCOMER}")).await.expect(200);
        clerk.submits("Đã đối chiếu thẻ, xác nhận", &[]).await.expect(303);
        agrees(&mut moi).await;
        files(&mut an, &draft, 303).await;
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn at_the_counter_a_dossier_is_received_once_the_clerk_has_seen_the_other_agree() {
    both(async |t| {
        let town = Town::of(&t).await;
        both_must_agree(&town).await;
        let mut program = town.token(CLERK).await;
        let applicant = json!({ "name": "Lê Văn Mới", "personal_number": NEWCOMER });
        let body = json!({ "procedure": CODE, "unit": COMMUNE, "applicant": applicant });
        let filed = program.calls(Method::POST, "/api/v1/dossiers", Some(&body)).await.expect(201).json();
        let code = filed["code"].as_str().expect("a code").to_string();
        let refused = tries_step(&mut program, &code, "receive", json!({})).await.expect(422).text();
        assert!(refused.contains("Bên còn lại chưa đồng ý"), "{refused}");

        let mut clerk = browser(&town, CLERK).await;
        clerk.opens(&page(&code)).await.expect(200);
        says(&clerk, "Chưa có đồng ý: Bên còn lại");
        let link = clerk.link("Ghi nhận người cùng ký");
        browser(&town, REGISTRAR).await.opens(&link).await.expect(403);
        clerk.opens(&link).await.expect(200);
        let typed = [("name", "Lê Thị Hạnh"), ("number", NEWCOMER), ("way", "paper"), ("compared", "1")];
        clerk.submits_files("Ghi nhận", &typed, &[]).await.expect(422);
        says(&clerk, "Đây là số của chính người nộp");
        says(&clerk, "Chọn bản quét giấy có chữ ký.");
        let bytes = pdf("tờ khai có hai chữ ký");
        let scan =
            Upload { field: "paper", file_name: "tk.pdf", content_type: "application/pdf", bytes: &bytes };
        let typed = [("name", "Lê Thị Hạnh"), ("number", NEIGHBOUR), ("way", "paper"), ("compared", "1")];
        clerk.submits_files("Ghi nhận", &typed, &[scan]).await.expect(303);
        clerk.opens(&page(&code)).await.expect(200);
        says(&clerk, "Ký trên giấy nộp tại quầy");
        takes(&mut program, &code, "receive", json!({})).await;

        // In one stroke, with both at the counter.
        clerk.opens(&format!("/mot-cua/tiep-nhan-moi?thu-tuc={CODE}")).await.expect(200);
        let person =
            [("number", "086090654321"), ("name", "Trần Văn Lâm"), ("phone", "0909000111"), ("all", "1")];
        clerk.submits("Tiếp nhận, cấp giấy hẹn", &person).await.expect(422);
        says(&clerk, "Chưa tiếp nhận được: Bên còn lại chưa đồng ý");
        let wrong = [
            ("signer.partner", "1"),
            ("signer_number.partner", "12"),
            ("signer_name.partner", ""),
            ("all", "1"),
        ];
        clerk.submits("Tiếp nhận, cấp giấy hẹn", &wrong).await.expect(422);
        says(&clerk, "Nhập họ và tên, từ 2 đến 200 ký tự.");
        let right =
            [("signer_number.partner", NEIGHBOUR), ("signer_name.partner", "Lê Thị Hạnh"), ("all", "1")];
        let answer = clerk.submits("Tiếp nhận, cấp giấy hẹn", &right).await.expect(303);
        clerk.follows(answer).await.expect(200);
        says(&clerk, "Có mặt tại quầy, ký trước cán bộ");
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}
