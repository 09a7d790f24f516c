//! Money, on both databases: a bank that tells twice, payers who write too little, too much or
//! nothing, a counter with its book, people who pay less, and money that goes back.

use axum::body::Bytes;
use axum::http::Method;
use db::testing::both;
use onestop::Notice;
use serde_json::{Value, json};
use suite::person::Answer;
use suite::town::people::*;
use suite::town::*;

use crate::desk::{browser, says};

const BANK: &str = "/api/v1/payments/ngan-hang-thu";
const TASKS: &str = "/mot-cua/thu-phi";

/// A dossier of the citizen that waits for this much; its code.
pub async fn owes(town: &Town, amount: i64) -> String {
    let (mut an, mut clerk) = (town.token(CITIZEN).await, town.token(CLERK).await);
    let code = files_a_birth(&mut an).await;
    takes(&mut clerk, &code, "receive", json!({})).await;
    takes(&mut clerk, &code, "ask_fee", json!({ "amount": amount })).await;
    code
}

/// What the pay page says of the transfer: the account and the words.
pub async fn told_to_pay(town: &Town, code: &str) -> (String, String) {
    let mut an = town.token(CITIZEN).await;
    an.opens(&format!("/ho-so-cua-toi/{code}/nop-phi")).await.expect(200);
    an.opens(&an.link("Ngân hàng thử (bản trình diễn)")).await.expect(200);
    let forms = an.page().forms();
    let form = forms.iter().find(|f| f.buttons.iter().any(|(words, _)| words == "Báo tiền đã về"));
    let fields = &form.expect("the trial bank has its form").fields;
    let field = |name: &str| {
        let found = fields.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.clone()).expect("the form has this field")
    };
    (field("account"), field("words"))
}

pub fn notice(town: &Town, reference: &str, amount: i64, account: &str, words: &str) -> Notice {
    Notice {
        reference: reference.into(),
        amount,
        account: account.into(),
        words: words.into(),
        payer_name: "NGUYEN HUU AN".into(),
        payer_account: "0011".into(),
        paid_at: town.opened.site.clock.now(),
    }
}

/// The bank tells; whoever plays it holds its secret.
pub async fn tells(town: &Town, notice: &Notice) -> Answer {
    let body = serde_json::to_vec(notice).expect("a notice is JSON");
    let bank = town.opened.onestop.demo_bank.as_ref().expect("the town is a demonstration");
    let mut who = town.stranger();
    for (name, value) in &bank.sign(&body, town.opened.site.clock.now()) {
        who.says(name.as_str(), value.to_str().expect("digits and hexadecimal"));
    }
    who.sends(Method::POST, BANK, Some("application/json"), body.into()).await
}

/// The same, with what the bank heard.
async fn hears(town: &Town, notice: &Notice) -> Value {
    tells(town, notice).await.expect(200).json()
}

/// How often a step stands in the dossier's log.
async fn times(town: &Town, code: &str, step: &str) -> usize {
    let mut an = town.token(CITIZEN).await;
    let path = format!("/api/v1/dossiers/{code}/history");
    let told = an.calls(Method::GET, &path, None).await.expect(200).json();
    told["items"].as_array().expect("a list of lines").iter().filter(|h| h["step"] == step).count()
}

#[test]
fn an_pays_by_transfer_and_the_dossier_goes_on_once() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = owes(&town, 24_000).await;
        let mut an = town.token(CITIZEN).await;
        // Whoever owes cannot say that it is paid.
        tries_step(&mut an, &code, "pay", json!({})).await.expect(422);
        let page = format!("/ho-so-cua-toi/{code}/nop-phi");
        let answer = an.opens(&page).await.expect(200);
        assert_eq!(answer.header("refresh"), "20");
        says(&an, "Cần nộp 24.000");
        says(&an, "người thuộc hộ nghèo: miễn");
        assert_eq!(an.opens(&an.link("Ngừng tự cập nhật")).await.expect(200).header("refresh"), "");
        town.token(NEIGHBOUR).await.gets(&page).await.expect(404);

        an.opens(&page).await;
        an.opens(&an.link("Ngân hàng thử (bản trình diễn)")).await.expect(200);
        let done = an.submits("Báo tiền đã về", &[]).await.expect(303);
        assert!(done.header("location").ends_with("ket-qua=applied"), "{}", done.header("location"));
        let again = an.submits("Báo tiền đã về", &[]).await.expect(303);
        assert!(again.header("location").ends_with("ket-qua=known"), "{}", again.header("location"));

        let seen = sees(&mut an, &code).await;
        assert_eq!((&seen["status"], &seen["fee_paid"]), (&json!(4), &json!(24_000)));
        assert_eq!(times(&town, &code, "pay").await, 1);
        assert_eq!(an.opens(&page).await.expect(200).header("refresh"), "");
        says(&an, "không có khoản nào phải nộp");
        says(&an, "Biên lai số 0000001/2026");
        let receipt = an.link("Xem Biên lai số 0000001/2026");
        let pdf = an.gets(&receipt).await.expect(200);
        assert!(pdf.body.starts_with(b"%PDF-"), "a receipt is a paper");
        assert_eq!(an.gets(&receipt).await.body, pdf.body, "the first one made is kept");
        town.token(NEIGHBOUR).await.gets(&receipt).await.expect(404);
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn two_threads_of_a_bank_pay_once() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = owes(&town, 8_000).await;
        let (account, words) = told_to_pay(&town, &code).await;
        let one = notice(&town, "FT-SAME", 8_000, &account, &words);
        let body: Bytes = serde_json::to_vec(&one).unwrap().into();
        let bank = town.opened.onestop.demo_bank.clone().unwrap();
        let headers = bank.sign(&body, town.opened.site.clock.now());
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let mut who = town.stranger();
            for (name, value) in &headers {
                who.says(name.as_str(), value.to_str().unwrap());
            }
            let body = body.clone();
            tasks.spawn(async move {
                who.sends(Method::POST, BANK, Some("application/json"), body).await.expect(200).json()
            });
        }
        let mut states: Vec<String> =
            tasks.join_all().await.iter().map(|told| told["state"].as_str().unwrap().to_string()).collect();
        states.sort();
        assert_eq!(states[0], "applied");
        assert_eq!(states[1..], ["known"; 7]);
        assert_eq!(times(&town, &code, "pay").await, 1);

        // Two payments for one bill, each with a reference of its own, at the same moment.
        let code = owes(&town, 9_000).await;
        let (account, words) = told_to_pay(&town, &code).await;
        let pair = ["FT-A", "FT-B"].map(|r| notice(&town, r, 9_000, &account, &words));
        let (a, b) = tokio::join!(hears(&town, &pair[0]), hears(&town, &pair[1]));
        let mut told = [a, b].map(|t| format!("{} {}", t["state"], t["trouble"]));
        told.sort();
        assert_eq!(told, [r#""applied" null"#, r#""task" "twice""#]);
        assert_eq!(times(&town, &code, "pay").await, 1);
        assert_eq!(sees(&mut town.token(CITIZEN).await, &code).await["fee_paid"], 9_000);
        town.delivers().await;
    });
}

#[test]
fn what_no_bank_signed_changes_nothing() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = owes(&town, 8_000).await;
        let (account, words) = told_to_pay(&town, &code).await;
        let told = notice(&town, "FT-1", 8_000, &account, &words);
        let body: Bytes = serde_json::to_vec(&told).unwrap().into();
        let kind = Some("application/json");
        town.stranger().sends(Method::POST, BANK, kind, body.clone()).await.expect(401);
        let other = "/api/v1/payments/no-bank";
        town.stranger().sends(Method::POST, other, kind, body.clone()).await.expect(404);

        let bank = town.opened.onestop.demo_bank.clone().unwrap();
        let mut overheard = town.stranger();
        for (name, value) in &bank.sign(&body, town.opened.site.clock.now()) {
            overheard.says(name.as_str(), value.to_str().unwrap());
        }
        let more = Bytes::from(String::from_utf8_lossy(&body).replace("8000", "9000"));
        overheard.sends(Method::POST, BANK, kind, more).await.expect(401);
        town.hand.set(morning().plus_minutes(6));
        overheard.sends(Method::POST, BANK, kind, body).await.expect(401);
        let unknown = notice(&town, "FT-2", 8_000, "1234", "mua rau");
        tells(&town, &unknown).await.expect(422);
        // A bank's app reads no half of a QR.
        let mut an = town.token(CITIZEN).await;
        an.opens("/ngan-hang-thu?qr=00020101021138570010A000000727").await.expect(200);
        says(&an, "không phải là nội dung của một mã VietQR trọn vẹn");
        assert_eq!(sees(&mut town.token(CITIZEN).await, &code).await["status"], 6);
        assert_eq!(times(&town, &code, "pay").await, 0);
    });
}

#[test]
fn what_fits_no_bill_waits_for_a_person_and_is_not_lost() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut clerk = town.token(CLERK).await;
        let code = owes(&town, 30_000).await;
        let (account, words) = told_to_pay(&town, &code).await;
        let told = async |reference: &str, amount, words: &str| {
            let told = hears(&town, &notice(&town, reference, amount, &account, words)).await;
            told["trouble"].as_str().unwrap_or("applied").to_string()
        };
        assert_eq!(told("FT-1", 30_000, "chuyen tien").await, "unknown");
        assert_eq!(told("FT-1", 31_000, "chuyen tien").await, "reference");
        assert_eq!(told("FT-2", 10_000, &words).await, "too_little");
        let mut an = town.token(CITIZEN).await;
        an.opens(&format!("/ho-so-cua-toi/{code}/nop-phi")).await.expect(200);
        says(&an, "Cần nộp 20.000");
        assert_eq!(told("FT-3", 25_000, &words).await, "too_much");
        assert_eq!(told("FT-4", 30_000, &words).await, "twice");
        assert_eq!(sees(&mut an, &code).await["fee_paid"], 30_000);

        // What came first without words belongs to another dossier of his.
        let second = owes(&town, 30_000).await;
        clerk.opens(TASKS).await.expect(200);
        says(&clerk, "không rõ thuộc hồ sơ nào");
        assert_eq!(
            clerk.page().text().matches("Đề nghị hoàn").count(),
            4,
            "the part that came first is used"
        );
        let wrong = clerk.submits("Ghép vào hồ sơ", &[("words", &code)]).await.expect(422);
        assert!(wrong.text().contains("không có khoản nào phải nộp"));
        clerk.opens(TASKS).await;
        clerk.submits("Ghép vào hồ sơ", &[("words", &second)]).await.expect(303);
        assert_eq!(sees(&mut an, &second).await["status"], 4);

        // A dossier taken back owes nothing; what still comes is a task too.
        let third = owes(&town, 5_000).await;
        let (_, words) = told_to_pay(&town, &third).await;
        takes(&mut an, &third, "withdraw", json!({})).await;
        assert_eq!(told("FT-5", 5_000, &words).await, "late");

        // Nobody of another counter sees any of it.
        let mut other = town.token(DISTRICT_CLERK).await;
        other.opens(TASKS).await.expect(200);
        says(&other, "Không có khoản tiền nào cần xem.");
        clerk.opens(TASKS).await;
        clerk.submits("Đề nghị hoàn 5.000\u{a0}₫", &[]).await.expect(422);
        clerk.opens(TASKS).await;
        let why = [("note", "Chuyển thừa, trả lại người chuyển.")];
        clerk.submits("Đề nghị hoàn 5.000\u{a0}₫", &why).await.expect(303);

        let mut chairman = town.token(CHAIRMAN).await;
        chairman.opens("/mot-cua/hoan-phi").await.expect(200);
        says(&chairman, "Chuyển thừa, trả lại người chuyển.");
        chairman.submits("Duyệt hoàn 5.000\u{a0}₫", &[]).await.expect(303);
        let mut elsewhere = town.token(DISTRICT_CHAIRMAN).await;
        elsewhere.opens("/mot-cua/hoan-phi").await.expect(200);
        says(&elsewhere, "Không có đề nghị hoàn phí nào.");
        clerk.opens(TASKS).await;
        clerk.submits("Ghi đã hoàn 5.000\u{a0}₫", &[]).await.expect(422);
        clerk.opens(TASKS).await;
        clerk.submits("Ghi đã hoàn 5.000\u{a0}₫", &[("reference", "UNC 12/2026")]).await.expect(303);
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn the_counter_takes_cash_and_its_book_has_no_gaps() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut clerk = town.token(CLERK).await;
        let mut codes = Vec::new();
        for amount in [8_000, 16_000] {
            let code = owes(&town, amount).await;
            assert_eq!(takes(&mut clerk, &code, "pay", json!({})).await["status"], 4);
            // A second time is refused, and uses up no number.
            tries_step(&mut clerk, &code, "pay", json!({})).await.expect(422);
            codes.push(code);
        }
        let sheet = format!("/mot-cua/ho-so/{}/phi", codes[0]);
        clerk.opens(&sheet).await.expect(200);
        says(&clerk, "Biên lai số 0000001/2026");
        clerk.submits("Hủy biên lai, lập số mới", &[]).await.expect(422);
        clerk.opens(&sheet).await;
        let why = [("reason", "Ghi sai tên người nộp.")];
        clerk.submits("Hủy biên lai, lập số mới", &why).await.expect(303);
        clerk.opens(&sheet).await.expect(200);
        says(&clerk, "Biên lai số 0000003/2026");
        says(&clerk, "Ghi sai tên người nộp.");
        let void = clerk.gets(&clerk.link("Biên lai số 0000001/2026")).await.expect(200);
        assert!(void.body.starts_with(b"%PDF-"));

        clerk.opens("/mot-cua/thu-phi/so-quy").await.expect(200);
        says(&clerk, "Tiền mặt: 24.000");
        says(&clerk, "Đã hủy");
        let csv = clerk.gets("/mot-cua/thu-phi/so-quy.csv?ngay=2026-08-20").await.expect(200).text();
        let numbers: Vec<&str> = csv.lines().skip(1).map(|line| &line[..30.min(line.len())]).collect();
        assert_eq!(numbers.len(), 3, "{csv}");
        for (at, line) in csv.lines().skip(1).enumerate() {
            assert!(line.contains(&format!("000000{}/2026", at + 1)), "{line}");
        }
        assert!(csv.contains("\"Ghi sai tên người nộp.\""), "{csv}");
        // The next day's book is empty, and another counter's too.
        clerk.opens("/mot-cua/thu-phi/so-quy?ngay=2026-08-21").await.expect(200);
        says(&clerk, "Không có biên lai nào trong ngày này.");
        let mut other = town.token(DISTRICT_CLERK).await;
        other.opens("/mot-cua/thu-phi/so-quy").await.expect(200);
        says(&other, "Không có biên lai nào trong ngày này.");
        other.opens(&sheet).await.expect(404);
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn whom_the_rules_exempt_pays_nothing_once_the_proof_is_seen() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut clerk = town.token(CLERK).await;
        let code = owes(&town, 15_000).await;
        let sheet = format!("/mot-cua/ho-so/{code}/phi");
        clerk.opens(&sheet).await.expect(200);
        let poor = "1.001193@3/le phi ho tich/2";
        // No proof, no reduction; and none that the table does not have.
        clerk.submits("Ghi nhận miễn, giảm", &[("reduction", poor)]).await.expect(422);
        clerk.opens(&sheet).await;
        let made_up = [("reduction", "x"), ("note", "Sổ hộ nghèo số 12")];
        clerk.submits("Ghi nhận miễn, giảm", &made_up).await.expect(422);
        clerk.opens(&sheet).await;
        let proven = [("reduction", poor), ("note", "Sổ hộ nghèo số 12")];
        clerk.submits("Ghi nhận miễn, giảm", &proven).await.expect(303);

        let mut an = town.token(CITIZEN).await;
        let seen = sees(&mut an, &code).await;
        assert_eq!(
            (&seen["status"], &seen["fee_asked"], &seen["fee_paid"]),
            (&json!(4), &json!(0), &json!(0))
        );
        assert_eq!((times(&town, &code, "reduce_fee").await, times(&town, &code, "pay").await), (1, 1));
        an.opens(&format!("/ho-so-cua-toi/{code}/nop-phi")).await.expect(200);
        says(&an, "Giảm 100%: người thuộc hộ nghèo");
        assert!(!an.page().text().contains("Biên lai số"), "no money, no receipt");
        town.delivers().await;
    });
}

#[test]
fn money_goes_back_when_a_leader_says_so() {
    both(async |t| {
        let town = Town::of(&t).await;
        let (mut an, mut clerk) = (town.token(CITIZEN).await, town.token(CLERK).await);
        let code = owes(&town, 20_000).await;
        takes(&mut clerk, &code, "pay", json!({})).await;
        let page = format!("/ho-so-cua-toi/{code}/nop-phi");
        an.opens(&page).await.expect(200);
        let too_much = [("amount", "20.001"), ("reason", "Không cần nữa.")];
        an.submits("Gửi đề nghị hoàn phí", &too_much).await.expect(422);
        an.opens(&page).await;
        an.submits("Gửi đề nghị hoàn phí", &[("amount", ""), ("reason", "")]).await.expect(422);
        an.opens(&page).await;
        let some = [("amount", "5.000"), ("reason", "Nộp thừa một bản sao.")];
        an.submits("Gửi đề nghị hoàn phí", &some).await.expect(303);

        let mut chairman = town.token(CHAIRMAN).await;
        chairman.opens("/mot-cua/hoan-phi").await.expect(200);
        chairman.submits("Từ chối hoàn", &[]).await.expect(422);
        chairman.opens("/mot-cua/hoan-phi").await;
        chairman.submits("Từ chối hoàn", &[("note", "Bản sao đã cấp.")]).await.expect(303);
        an.opens(&page).await.expect(200);
        says(&an, "không được duyệt");

        // The agency ends the dossier: all that was paid is proposed to go back.
        let mut registrar = town.token(REGISTRAR).await;
        let why = json!({ "reason": "conditions_ended", "note": "Đã đăng ký ở nơi khác." });
        assert_eq!(tries_step(&mut registrar, &code, "stop", why).await.expect(200).json()["status"], 8);
        assert_eq!(times(&town, &code, "ask_refund").await, 2);
        chairman.opens("/mot-cua/hoan-phi").await.expect(200);
        chairman.submits("Duyệt hoàn 20.000\u{a0}₫", &[]).await.expect(303);
        clerk.opens(TASKS).await.expect(200);
        clerk.submits("Ghi đã hoàn 20.000\u{a0}₫", &[("reference", "PC 07")]).await.expect(303);
        an.opens(&page).await.expect(200);
        says(&an, "Chứng từ: PC 07");
        assert_eq!(times(&town, &code, "pay_refund").await, 1);
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

/// The proof that somebody's fee is forgiven.
fn proof() -> [suite::person::Upload<'static>; 1] {
    let content = Box::leak(pdf("So ho ngheo").into_boxed_slice());
    let (file_name, content_type) = ("So-ho-ngheo.pdf", "application/pdf");
    [suite::person::Upload { field: "tep", file_name, content_type, bytes: content }]
}

#[test]
fn whom_the_law_forgives_sends_the_proof_from_where_one_pays_and_is_answered() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = owes(&town, 15_000).await;
        let page = format!("/ho-so-cua-toi/{code}/nop-phi");
        let (mut an, mut clerk) = (browser(&town, CITIZEN).await, browser(&town, CLERK).await);
        // The page that comes again by itself has no form that would be lost, but the way to it.
        an.opens(&page).await.expect(200);
        an.opens(&an.link("Đề nghị miễn, giảm")).await.expect(200);
        let poor = ("reduction", "1.001193@3/le phi ho tich/2");
        an.submits_files("Gửi đề nghị miễn, giảm", &[], &[]).await.expect(422);
        says(&an, "Chọn trường hợp của ông, bà.");
        says(&an, "Chọn tệp giấy tờ chứng minh");
        // What came with a form that was refused goes along with the next try.
        an.submits_files("Gửi đề nghị miễn, giảm", &[], &proof()).await.expect(422);
        says(&an, "Đã tải lên, sẽ gửi cùng lần này");
        let sent = an.submits_files("Gửi đề nghị miễn, giảm", &[poor, ("note", "Hộ nghèo 2026")], &[]).await;
        an.follows(sent.expect(303)).await.expect(200);
        says(&an, "đang chờ bộ phận một cửa trả lời");
        assert!(an.page().forms().iter().all(|f| !f.action.ends_with("/mien-giam")), "one claim at a time");
        let seen = sees(&mut town.token(CITIZEN).await, &code).await;
        assert_eq!((&seen["status"], &seen["fee_asked"]), (&json!(6), &json!(15_000)), "the clock stands");
        town.delivers().await;

        // It is a task of its own counter and of no other.
        clerk.opens(TASKS).await.expect(200);
        says(&clerk, "Đề nghị miễn, giảm chờ trả lời");
        let mut other = browser(&town, DISTRICT_CLERK).await;
        other.opens(TASKS).await.expect(200);
        assert!(!other.page().text().contains("Đề nghị miễn, giảm chờ trả lời"));
        clerk.opens("/mot-cua/thong-bao").await.expect(200);
        says(&clerk, "có đề nghị miễn, giảm phí");
        let sheet = format!("/mot-cua/ho-so/{code}/phi");
        clerk.opens(&sheet).await.expect(200);
        says(&clerk, "Hộ nghèo 2026");
        let file = clerk.gets(&clerk.link("So-ho-ngheo.pdf")).await.expect(200);
        assert!(file.body.starts_with(b"%PDF-"), "the proof can be opened");
        clerk.opens(&sheet).await.expect(200);
        clerk.submits("Không ghi nhận", &[]).await.expect(422);
        clerk.opens(&sheet).await.expect(200);
        clerk.submits("Không ghi nhận", &[("reason", "Sổ đã hết hạn từ năm 2025.")]).await.expect(303);
        town.delivers().await;

        an.opens("/thong-bao").await.expect(200);
        says(&an, "không được miễn, giảm phí");
        an.opens(&format!("{page}?dung=true")).await.expect(200);
        says(&an, "Sổ đã hết hạn từ năm 2025.");
        says(&an, "có quyền khiếu nại");
        let again = an.submits_files("Gửi đề nghị miễn, giảm", &[poor], &proof()).await;
        again.expect(303);
        clerk.opens(&sheet).await.expect(200);
        clerk.submits("Ghi nhận theo đề nghị", &[]).await.expect(303);
        clerk.opens(&sheet).await.expect(200);
        says(&clerk, "Có giấy tờ chứng minh trong hồ sơ");
        let seen = sees(&mut town.token(CITIZEN).await, &code).await;
        assert_eq!((&seen["status"], &seen["fee_asked"]), (&json!(4), &json!(0)));
        assert_eq!(times(&town, &code, "claim_reduction").await, 2);
        assert_eq!(times(&town, &code, "decline_reduction").await, 1);
        // Somebody else's dossier has no such page to post to.
        let mut neighbour = browser(&town, NEIGHBOUR).await;
        neighbour.opens(&page).await.expect(404);
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}
