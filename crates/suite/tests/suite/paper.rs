//! Dossiers on paper, and answers after filing: from the counter to the certificate, with the form's answers
//! typed where the paper lies; answers that the applicant corrects when asked; a limit that the clerk states.

use axum::http::Method;
use db::testing::both;
use db::{Tx, args};
use serde_json::{Value, json};
use suite::person::Person;
use suite::town::people::*;
use suite::town::*;

use crate::desk::{browser, page, presses, says};
use crate::thirteen::{paper_text, plays, result_text};

const SAVE: &str = "Lưu nội dung tờ khai";
/// What a scanner types of Hạnh's card.
const CARD: &str = "086195000123||Trần Thị Bích Hạnh|12051995|Nữ|Ấp Phước Lợi A, Phước Hậu|20052021";

/// What the paper of a birth says, under the names of the form's boxes. The mother is Hạnh.
pub fn birth_pairs() -> Vec<(&'static str, &'static str)> {
    vec![
        ("declarant_phone", "0912345678"),
        ("declarant_address", "Ấp Phước Lợi A, xã Phước Hậu"),
        ("declarant_relation", "mother"),
        ("birth_case", "ordinary"),
        ("child_name", "Trần Minh Khôi"),
        ("child_sex", "male"),
        ("child_birth_date.ngay", "10"),
        ("child_birth_date.thang", "8"),
        ("child_birth_date.nam", "2026"),
        ("child_ethnicity", "Kinh"),
        ("child_nationality", "Việt Nam"),
        ("birth_place", "facility"),
        ("birth_address", "Bệnh viện đa khoa Vĩnh Long"),
        ("child_native_place", "Xã Phước Hậu, huyện Long Hồ"),
        ("mother_stated", "yes"),
        ("mother_name", "Trần Thị Bích Hạnh"),
        ("mother_birth_year", "1995"),
        ("mother_ethnicity", "Kinh"),
        ("mother_nationality", "Việt Nam"),
        ("mother_address", "Ấp Phước Lợi A, xã Phước Hậu"),
        ("father_stated", "no"),
        ("copies_wanted", "no"),
        ("pledge", "1"),
    ]
}

/// The code of the dossier whose page somebody has come to.
fn code_at(who: &Person) -> String {
    let path = who.path().trim_start_matches("/mot-cua/ho-so/");
    path.split(['/', '?']).next().expect("a path has a first part").to_string()
}

/// Takes a birth for Hạnh at the counter and passes it on; its code.
pub async fn takes_a_birth(town: &Town) -> String {
    let mut clerk = browser(town, CLERK).await;
    clerk.opens("/mot-cua/tiep-nhan-moi?thu-tuc=1.001193").await.expect(200);
    clerk.submits("Điền theo số này", &[("number", NEIGHBOUR)]).await.expect(200);
    let answer = clerk.submits("Tiếp nhận, cấp giấy hẹn", &[("all", "1")]).await.expect(303);
    clerk.follows(answer).await.expect(200);
    let code = code_at(&clerk);
    presses(&mut clerk, &code, "Chuyển xử lý").await;
    town.delivers().await;
    code
}

/// Types what the paper of a birth says.
pub async fn types_a_birth(town: &Town, login: &str, code: &str) {
    let mut who = browser(town, login).await;
    who.opens(&format!("{}/to-khai", page(code))).await.expect(200);
    who.submits(SAVE, &birth_pairs()).await.expect(303);
}

/// What a box of the form holds.
fn holds(who: &Person, name: &str) -> String {
    let forms = who.page().forms();
    let fields = forms.iter().flat_map(|form| &form.fields);
    fields.filter(|(field, _)| field == name).map(|(_, value)| value.clone()).next().unwrap_or_default()
}

async fn in_the_book(town: &Town, verb: &'static str) -> i64 {
    let count = async move |tx: &mut Tx| -> db::Result<i64> {
        tx.get("select count(*) from audit_entry where verb = $1", args![verb]).await
    };
    town.opened.site.db.read(count).await.expect("the store answers")
}

#[test]
fn a_birth_on_paper_leaves_with_its_certificate() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut clerk = browser(&town, CLERK).await;
        clerk.opens("/mot-cua/tiep-nhan-moi?thu-tuc=1.001193").await.expect(200);
        clerk.submits("Điền theo số này", &[("number", NEIGHBOUR)]).await.expect(200);
        // Nothing but the papers is needed at the counter; whoever has time types at once.
        let answer = clerk.submits("Tiếp nhận rồi nhập tờ khai", &[("all", "1")]).await.expect(303);
        clerk.follows(answer).await.expect(200);
        let code = code_at(&clerk);
        assert_eq!(clerk.path(), format!("{}/to-khai", page(&code)));
        assert_eq!(holds(&clerk, "declarant_name"), "Trần Thị Bích Hạnh");
        says(&clerk, "Lấy từ thông tin người nộp, sửa được");

        // What is wrong is told, and nothing that was typed is lost.
        let wrong = [("child_name", "Trần Minh Khôi"), ("child_birth_date.ngay", "31/2/2026")];
        clerk.submits(SAVE, &wrong).await.expect(422);
        assert_eq!(holds(&clerk, "child_name"), "Trần Minh Khôi");
        // An answer to a question that the case does not ask would be dropped in silence.
        let idle = [
            ("child_birth_date.ngay", ""),
            ("child_birth_date.thang", ""),
            ("child_birth_date.nam", ""),
            ("father_name", "Lê Văn Đởm"),
        ];
        clerk.submits(SAVE, &idle).await.expect(422);
        says(&clerk, "Mục này không hỏi trong trường hợp đang khai.");
        let answer = clerk.submits(SAVE, &[("father_name", "")]).await.expect(303);
        clerk.follows(answer).await.expect(200);
        says(&clerk, "Đã lưu nội dung tờ khai.");
        says(&clerk, "Tờ khai giấy còn");
        says(&clerk, "chưa có → Trần Minh Khôi");
        presses(&mut clerk, &code, "Chuyển xử lý").await;
        clerk.opens(&format!("{}/to-khai", page(&code))).await.expect(200);
        assert_eq!(clerk.path(), page(&code), "the paper has left the counter");

        the_desk_types_the_rest(&town, &code).await;
        let mut registrar = browser(&town, REGISTRAR).await;
        presses(&mut registrar, &code, "Trình ký").await;
        plays(&town, &code).await;
        town.delivers().await;
        let said = result_text(&town, &code, CLERK).await;
        for words in ["GIẤY KHAI SINH", "TRẦN MINH KHÔI", "TRẦN THỊ BÍCH HẠNH"] {
            assert!(said.contains(words), "{words}: {said}");
        }
        // The owner reads what was typed and by which office, and nobody else does.
        let mut owner = browser(&town, NEIGHBOUR).await;
        owner.opens(&format!("/ho-so-cua-toi/{code}")).await.expect(200);
        says(&owner, "Nội dung khai đã nhập, sửa sau khi nộp");
        says(&owner, "chưa có → Trần Minh Khôi");
        assert!(!owner.page().text().contains("Nguyễn Hoài Linh"), "the office answers, not the clerk");
        browser(&town, CITIZEN).await.opens(&format!("/ho-so-cua-toi/{code}")).await.expect(404);
        assert_eq!(in_the_book(&town, "onestop.type-answers").await, 2);
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

/// The registrar is stopped before the signature, scans the mother's card, types the rest; a colleague who
/// saved meanwhile is not overwritten.
async fn the_desk_types_the_rest(town: &Town, code: &str) {
    let mut registrar = browser(town, REGISTRAR).await;
    registrar.opens(&page(code)).await.expect(200);
    registrar.submits("Trình ký", &[]).await.expect(422);
    says(&registrar, "Chưa trình ký được: tờ khai còn");
    registrar.opens(&page(code)).await.expect(200);
    let form = registrar.link("Nhập tiếp tờ khai");
    let mut other = browser(town, REGISTRAR).await;
    other.opens(&form).await.expect(200);
    registrar.opens(&form).await.expect(200);
    registrar.submits(SAVE, &[("mother_personal_number", "8934567|x")]).await.expect(422);
    says(&registrar, "Mã vừa quét không phải mã QR trên thẻ căn cước.");
    registrar.submits(SAVE, &[("mother_personal_number", CARD)]).await.expect(200);
    says(&registrar, "Đã điền theo thẻ.");
    for (name, value) in [
        ("mother_personal_number", NEIGHBOUR),
        ("mother_name", "Trần Thị Bích Hạnh"),
        ("mother_birth_year", "1995"),
        ("mother_address", "Ấp Phước Lợi A, Phước Hậu"),
    ] {
        assert_eq!(holds(&registrar, name), value, "{name} is on the card");
    }
    let answer = registrar.submits(SAVE, &birth_pairs()).await.expect(303);
    registrar.follows(answer).await.expect(200);
    says(&registrar, "Nội dung khai đúng theo biểu mẫu.");
    other.submits(SAVE, &[("child_ethnicity", "Khmer")]).await.expect(409);
    says(&other, "Hồ sơ vừa được thay đổi ở nơi khác");
    says(&other, "Hiện đã ghi: Kinh");
    assert_eq!(holds(&other, "child_ethnicity"), "Khmer", "what was typed is in the form");
}

#[test]
fn a_marriage_on_paper_leaves_with_its_certificate() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut clerk = browser(&town, CLERK).await;
        clerk.opens("/mot-cua/tiep-nhan-moi?thu-tuc=1.000894").await.expect(200);
        clerk.submits("Điền theo số này", &[("number", CITIZEN)]).await.expect(200);
        let both_there = [
            ("all", "1"),
            ("signer.partner", "1"),
            ("signer_number.partner", NEIGHBOUR),
            ("signer_name.partner", "Trần Thị Bích Hạnh"),
        ];
        let answer = clerk.submits("Tiếp nhận rồi nhập tờ khai", &both_there).await.expect(303);
        clerk.follows(answer).await.expect(200);
        let code = code_at(&clerk);
        // Whoever signed at the counter need not be typed again.
        assert_eq!(holds(&clerk, "partner_name"), "Trần Thị Bích Hạnh");
        assert_eq!(holds(&clerk, "partner_personal_number"), NEIGHBOUR);
        let typed = crate::signers::answers(NEIGHBOUR);
        let boxes: Vec<(String, String)> = typed
            .into_iter()
            .map(|(name, value)| match (name, value.as_str()) {
                ("pledge", _) => (name.to_string(), "1".to_string()),
                (name, _) if name.ends_with("_date") => (format!("{name}.ngay"), value),
                (name, _) => (name.to_string(), value),
            })
            .collect();
        let boxes: Vec<(&str, &str)> = boxes.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let answer = clerk.submits(SAVE, &boxes).await.expect(303);
        clerk.follows(answer).await.expect(200);
        says(&clerk, "Nội dung khai đúng theo biểu mẫu.");
        // Who was there agreed to the paper; typing it does not unsay that.
        says(&clerk, "Đúng nội dung đã nộp");
        presses(&mut clerk, &code, "Chuyển xử lý").await;
        plays(&town, &code).await;
        town.delivers().await;
        let said = result_text(&town, &code, CLERK).await;
        for words in ["GIẤY CHỨNG NHẬN KẾT HÔN", "NGUYỄN HỮU ẨN", "LÊ THỊ HẠNH"] {
            assert!(said.contains(words), "{words}: {said}");
        }
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn what_was_declared_online_is_corrected_by_whoever_declared_it() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut an = town.token(CITIZEN).await;
        let code = files_a_birth(&mut an).await;
        let mut clerk = browser(&town, CLERK).await;
        clerk.opens(&format!("{}/to-khai", page(&code))).await.expect(200);
        assert_eq!(clerk.path(), page(&code), "what somebody declared is not a clerk's to type");
        takes(&mut town.token(CLERK).await, &code, "receive", json!({})).await;
        let unknown = json!({ "fields": ["nickname"], "reason": "answers", "note": "Sửa." });
        tries_step(&mut town.token(CLERK).await, &code, "ask_supplement", unknown).await.expect(422);

        clerk.opens(&format!("{}/yeu-cau-bo-sung", page(&code))).await.expect(200);
        says(&clerk, "Họ, chữ đệm, tên của trẻ: Nguyễn Minh Khôi");
        let ask = [
            ("fields", "child_name"),
            ("fields", "mother_stated"),
            ("reason", "answers"),
            ("note", "Đối chiếu giấy chứng sinh."),
        ];
        let answer = clerk.submits("Yêu cầu bổ sung", &ask).await.expect(303);
        clerk.follows(answer).await.expect(200);
        town.delivers().await;
        let form = paper_text(&town, &code, "supplement", CLERK).await;
        assert_eq!(form.matches("Khai lại:").count(), 2, "{form}");

        the_applicant_corrects(&town, &code).await;
        clerk.opens(&page(&code)).await.expect(200);
        says(&clerk, "Nguyễn Minh Khôi → Nguyễn Minh Khang");
        says(&clerk, "Không, chưa xác định được người mẹ → Có");
        presses(&mut clerk, &code, "Chuyển xử lý").await;
        plays(&town, &code).await;
        town.delivers().await;
        let said = result_text(&town, &code, CLERK).await;
        assert!(said.contains("NGUYỄN MINH KHANG") && said.contains("TRẦN THỊ BÍCH HẠNH"), "{said}");
        assert_eq!(in_the_book(&town, "onestop.correct-answers").await, 1);
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

/// Ẩn sees the questions that are wrong with his answers, and those that another answer brings with it.
async fn the_applicant_corrects(town: &Town, code: &str) {
    let own = format!("/ho-so-cua-toi/{code}");
    let mut an = browser(town, CITIZEN).await;
    an.opens(&own).await.expect(200);
    says(&an, "Mục cần khai lại");
    assert_eq!(holds(&an, "child_name"), "Nguyễn Minh Khôi");
    let shown = an.page().forms();
    let asks = |name: &str| shown.iter().any(|form| form.controls.iter().any(|control| control == name));
    assert!(asks("mother_name") && !asks("father_stated"), "only what was asked, and what follows from it");

    let send = "Nộp bổ sung";
    an.submits_files(send, &[("child_name", "")], &[]).await.expect(422);
    says(&an, "Họ, chữ đệm, tên của trẻ");
    // A note that is too long is not cut: it comes back with the reason.
    let long = "ă".repeat(4_001);
    an.submits_files(send, &[("child_name", "Nguyễn Minh Khang"), ("note", &long)], &[]).await.expect(422);
    says(&an, "Lời nhắn có 4.001 ký tự; viết ngắn lại, nhiều nhất 4.000 ký tự.");
    assert_eq!(holds(&an, "note").chars().count(), 4_001);
    assert_eq!(holds(&an, "child_name"), "Nguyễn Minh Khang");
    // Another answer brings questions of its own, which must be answered too.
    let short = [("note", ""), ("mother_stated", "yes")];
    an.submits_files(send, &short, &[]).await.expect(422);
    let whole = [
        ("mother_name", "Trần Thị Bích Hạnh"),
        ("mother_birth_year", "1995"),
        ("mother_ethnicity", "Kinh"),
        ("mother_nationality", "Việt Nam"),
        ("mother_address", "Ấp Phước Lợi A, xã Phước Hậu"),
    ];
    let answer = an.submits_files(send, &whole, &[]).await.expect(303);
    an.follows(answer).await.expect(200);
    says(&an, "Nguyễn Minh Khôi → Nguyễn Minh Khang");
}

#[test]
fn a_program_corrects_only_what_was_asked_for() {
    both(async |t| {
        let town = Town::of(&t).await;
        let (mut an, mut clerk) = (town.token(CITIZEN).await, town.token(CLERK).await);
        let code = files_a_birth(&mut an).await;
        takes(&mut clerk, &code, "receive", json!({})).await;
        let ask = json!({ "fields": ["child_name"], "reason": "answers", "note": "Sai tên đệm." });
        takes(&mut clerk, &code, "ask_supplement", ask).await;
        let cases: [(Value, &str); 4] = [
            (json!({ "father_stated": "yes" }), "answers.father_stated"),
            (json!({ "child_name": "x" }), "answers.child_name"),
            (json!({ "child_name": null }), "answers.child_name"),
            // The same answer again, and not a word: nothing was supplemented.
            (json!({ "child_name": "Nguyễn Minh Khôi" }), "uploads"),
        ];
        for (answers, field) in cases {
            let body = json!({ "answers": answers });
            let told = tries_step(&mut an, &code, "supplement", body).await.expect(422).json();
            assert_eq!(told["errors"][0]["field"], field, "{told}");
        }
        let body = json!({ "answers": { "child_name": "Nguyễn Gia Khôi" } });
        takes(&mut an, &code, "supplement", body).await;
        assert_eq!(sees(&mut clerk, &code).await["answers"]["child_name"], "Nguyễn Gia Khôi");
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

/// Every procedure for which no source states a limit.
const WITHOUT_LIMIT: [&str; 7] =
    ["1.005090", "1.010803", "1.010833", "1.011606", "2.002307", "2.002308", "3.000182"];

#[test]
fn what_has_no_limit_is_received_once_the_clerk_states_it() {
    both(async |t| {
        let town = Town::of(&t).await;
        let known: Vec<String> =
            onestop::procedures().into_iter().filter(|p| p.limit.is_none()).map(|p| p.code.clone()).collect();
        assert_eq!(known, WITHOUT_LIMIT);
        for procedure in WITHOUT_LIMIT {
            let mut program = town.token(CLERK).await;
            let applicant = json!({ "name": "Lê Văn Đởm", "personal_number": "086301999888" });
            let body = json!({ "procedure": procedure, "unit": COMMUNE, "applicant": applicant });
            let filed = program.calls(Method::POST, "/api/v1/dossiers", Some(&body)).await.expect(201).json();
            let code = filed["code"].as_str().expect("a filing answers with a code").to_string();
            tries_step(&mut program, &code, "receive", json!({})).await.expect(422);
            let mut clerk = browser(&town, CLERK).await;
            clerk.opens(&page(&code)).await.expect(200);
            let form = clerk.link("Ghi thời hạn giải quyết");
            browser(&town, CHAIRMAN).await.opens(&form).await.expect(200);
            clerk.opens(&form).await.expect(200);
            clerk.submits("Ghi thời hạn", &[("limit_count", "mười")]).await.expect(422);
            says(&clerk, "Ghi số ngày hoặc số giờ");
            says(&clerk, "Ghi văn bản quy định thời hạn");
            let stated = [("limit_count", "10"), ("limit_source", "QĐ 12/QĐ-UBND ngày 03/02/2026")];
            let answer = clerk.submits("Ghi thời hạn", &stated).await.expect(303);
            clerk.follows(answer).await.expect(200);
            says(&clerk, "Thời hạn 10 ngày làm việc, theo QĐ 12/QĐ-UBND ngày 03/02/2026.");
            let received = takes(&mut program, &code, "receive", json!({})).await;
            assert_eq!(received["due"], "2026-09-07T17:00:00+07:00", "{procedure}");
            clerk.opens(&page(&code)).await.expect(200);
            assert_eq!(clerk.page().link("Ghi thời hạn giải quyết"), None, "the promise stands");
        }
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn form_01_says_sets_owner_certified_copies_receipt_and_a_stated_limit() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut clerk = browser(&town, CLERK).await;
        clerk.opens("/mot-cua/tiep-nhan-moi?thu-tuc=1.000894").await.expect(200);
        clerk.submits("Điền theo số này", &[("number", NEIGHBOUR)]).await.expect(200);
        let bad = [("all", "1"), ("sets", "0")];
        clerk.submits("Tiếp nhận, cấp giấy hẹn", &bad).await.expect(422);
        says(&clerk, "Ghi số bộ hồ sơ, từ 1 đến 20.");
        let typed = [
            ("all", "1"),
            ("sets", "2"),
            ("submitter", "Lê Văn Đởm"),
            ("originals.declaration", "1"),
            ("certified.declaration", "3"),
            ("copies.declaration", "0"),
            ("amount", "8.000"),
        ];
        let answer = clerk.submits("Tiếp nhận, cấp giấy hẹn", &typed).await.expect(303);
        clerk.follows(answer).await.expect(200);
        says(&clerk, "(1 bản chính, 3 bản sao chứng thực)");
        let said = paper_text(&town, &code_at(&clerk), "receipt", CLERK).await;
        for words in ["2 bộ", "Lê Văn Đởm", "Chủ hồ sơ", "đã nộp", "tiền mặt", "biên lai số 0000001/2026"]
        {
            assert!(said.contains(words), "{words}: {said}");
        }

        // In one stroke, with the limit as the clerk reads it.
        clerk.opens("/mot-cua/tiep-nhan-moi?thu-tuc=1.010833").await.expect(200);
        let person = [("number", "086301999888"), ("name", "Lê Văn Đởm"), ("all", "1")];
        clerk.submits("Tiếp nhận, cấp giấy hẹn", &person).await.expect(422);
        says(&clerk, "Ghi văn bản quy định thời hạn");
        let limit = [("limit_count", "5"), ("limit_unit", "wd"), ("limit_source", "QĐ 12/QĐ-UBND")];
        let answer =
            clerk.submits("Tiếp nhận, cấp giấy hẹn", &[&person[..], &limit].concat()).await.expect(303);
        clerk.follows(answer).await.expect(200);
        says(&clerk, "Hẹn trả 17:00, thứ Tư 26/08/2026");
        let said = paper_text(&town, &code_at(&clerk), "receipt", CLERK).await;
        assert!(said.contains("5 ngày làm việc (theo QĐ 12/QĐ-UBND)"), "{said}");
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}
