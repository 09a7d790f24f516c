//! Receipts are signed by the counter's service certificate, once it has one, and anybody can check them.

use db::Tx;
use db::testing::both;
use serde_json::{Value, json};
use suite::person::Upload;
use suite::town::people::*;
use suite::town::{Town, files_a_birth, lacks, takes};

use super::signers_get_certificates;
use crate::desk;
use crate::trust::asks;

/// What the public API says of a file's signatures.
async fn checked(town: &Town, bytes: &[u8]) -> Value {
    let file = Upload { field: "file", file_name: "giay.pdf", content_type: "application/pdf", bytes };
    town.stranger().uploads("/api/v1/validations", file).await.expect(200).json()
}

/// The counter of the commune gets a service certificate, asked for by who keeps the unit.
async fn counter_gets_a_certificate(town: &Town) {
    let counter = async |tx: &mut Tx| {
        let sql = "select u.code from unit u join post p on p.unit = u.id join account a on a.id = p.account
              where a.login = $1 limit 1";
        tx.get::<String>(sql, db::args![CLERK]).await
    };
    let unit = town.opened.site.db.read::<_, db::Error, _>(counter).await.expect("the clerk's unit");
    let mut keeper = desk::browser(town, UNIT_ADMIN).await;
    let more =
        [("kind", "service"), ("unit", unit.as_str()), ("device", "server"), ("reason", "Ký giấy tiếp nhận")];
    let asked = asks(&mut keeper, &more, b"").await.expect(303);
    let mut admin = desk::browser(town, ADMIN).await;
    admin.opens(asked.header("location")).await.expect(200);
    admin.submits("Duyệt và cấp chứng thư", &[]).await.expect(303);
}

/// Forms 02 and 03, which the same counter issues.
async fn forms_bear_it_too(town: &Town) {
    let (mut an, mut clerk) = (town.token(CITIZEN).await, town.token(CLERK).await);
    let no = json!({ "reason": "duplicate", "basis": ["123/2015/NĐ-CP"], "note": "Trùng." });
    for (step, kind, body) in [
        ("ask_supplement", "supplement", lacks("identity", "Bổ sung giấy tờ tùy thân")),
        ("refuse", "refusal", no),
    ] {
        let code = files_a_birth(&mut an).await;
        takes(&mut clerk, &code, step, body).await;
        town.delivers().await;
        let paper = an.gets(&format!("/ho-so/{code}/giay/{kind}")).await.expect(200).body;
        let said = checked(town, &paper).await;
        assert_eq!(said["verdict"], "valid", "{kind}: {said}");
    }
}

#[test]
fn receipts_bear_the_counters_own_signature_that_anybody_can_check() {
    both(async |t| {
        let town = Town::of(&t).await;
        signers_get_certificates(&town).await;
        let (mut an, mut clerk) = (town.token(CITIZEN).await, town.token(CLERK).await);
        let before = files_a_birth(&mut an).await;
        takes(&mut clerk, &before, "receive", json!({})).await;
        town.delivers().await;
        let receipt = |code: &str| format!("/ho-so/{code}/giay/receipt");
        let bare = an.gets(&receipt(&before)).await.expect(200).body;
        assert_eq!(checked(&town, &bare).await["signatures"], json!([]), "no certificate, no signature");

        counter_gets_a_certificate(&town).await;
        let code = files_a_birth(&mut an).await;
        takes(&mut clerk, &code, "receive", json!({})).await;
        takes(&mut clerk, &code, "ask_fee", json!({ "amount": 8_000 })).await;
        takes(&mut clerk, &code, "pay", json!({})).await;
        town.delivers().await;
        let form = an.gets(&receipt(&code)).await.expect(200).body;
        let own = an.opens(&format!("/ho-so-cua-toi/{code}/nop-phi")).await.expect(200).text();
        let money = own.split("href=\"").map(|part| part.split('"').next().unwrap_or_default());
        let money = money.filter(|href| href.contains("/bien-lai/")).next().expect("a receipt").to_string();
        let money = an.gets(&money).await.expect(200).body;
        for paper in [&form, &money] {
            let said = checked(&town, paper).await;
            assert_eq!(said["verdict"], "valid", "{said}");
            assert_eq!(said["signatures"].as_array().map(Vec::len), Some(1), "{said}");
        }
        forms_bear_it_too(&town).await;
        let mut stranger = town.stranger();
        stranger.opens("/kiem-tra-chu-ky").await.expect(200);
        let file =
            Upload { field: "tep", file_name: "giay.pdf", content_type: "application/pdf", bytes: &form };
        let answer = stranger.submits_files("Kiểm tra chữ ký", &[], &[file]).await.expect(303);
        stranger.follows(answer).await.expect(200);
        desk::says(&stranger, "Chữ ký hợp lệ");

        // So does a paper that is scanned at the counter.
        let mut desk = desk::browser(&town, CLERK).await;
        desk.opens(&format!("{}/so-hoa", desk::page(&code))).await.expect(200);
        let scan =
            Upload { field: "tep", file_name: "quet.pdf", content_type: "application/pdf", bytes: &bare };
        let typed = [("component", "birth-record"), ("number", "15/GCS"), ("compared", "1")];
        let answer = desk.submits_files("Lưu bản quét", &typed, &[scan]).await.expect(303);
        desk.follows(answer).await.expect(200);
        let scanned = desk.link("Giấy chứng sinh");
        let scanned = desk.gets(&scanned).await.expect(200).body;
        let said = checked(&town, &scanned).await;
        assert_eq!((&said["verdict"], &scanned[..bare.len()]), (&json!("valid"), &bare[..]), "{said}");

        // A changed receipt is told from the true one.
        let mut forged = form.to_vec();
        let middle = forged.len() / 3;
        forged[middle] ^= 1;
        assert_ne!(checked(&town, &forged).await["verdict"], "valid");
        town.audit_book_is_whole().await;
    });
}
