//! Signing on a telephone, with an operator that behaves and one that does not.

use std::process::Command;
use std::time::Duration;

use db::testing::both;
use suite::person::{Person, Upload};
use suite::town::Town;
use suite::town::people::*;
use trust::mobile::{self, simulator::Fault};

use super::{NUMBER, signing_town};
use crate::desk::{browser, says};
use crate::validation::commands::one_page;

const SIM: &str = "/chung-thu-so/ky-sim";
const PHONE: &str = "/chung-thu-so/dien-thoai-mo-phong";

/// Sends a file to the phone, and opens the page that waits for it.
pub async fn sends(who: &mut Person, name: &str, bytes: &[u8]) -> String {
    who.opens(SIM).await.expect(200);
    let file = Upload { field: "file", file_name: name, content_type: "application/octet-stream", bytes };
    let card = card(who);
    let answer = who.submits_files("Gửi tới điện thoại", &[("card", &card)], &[file]).await.expect(303);
    let at = answer.header("location").to_string();
    who.follows(answer).await.expect(200);
    at
}

/// The card the page offers.
fn card(who: &Person) -> String {
    let forms = who.page().forms();
    let form = forms.iter().find(|form| form.controls.iter().any(|control| control == "card"));
    let fields = &form.expect("a form with a card").fields;
    fields.iter().find(|(name, _)| name == "card").expect("a card is chosen").1.clone()
}

/// Whoever opens the page has the operator asked.
async fn asks_again(who: &mut Person, at: &str) {
    who.opens(at).await.expect(200);
}

async fn misbehaves(town: &Town, fault: Fault) {
    let simulator = town.opened.trust.mobile.simulator.as_ref().expect("a demonstration");
    simulator.misbehaves(NUMBER, fault).await.expect("the card is there");
}

#[test]
fn an_official_signs_on_the_phone_after_comparing_the_digits() {
    both(async |t| {
        let town = signing_town(&t).await;
        let mut chairman = browser(&town, CHAIRMAN).await;
        let pdf = one_page();
        let at = sends(&mut chairman, "cong-van.pdf", &pdf).await;
        says(&chairman, "Chờ xác nhận trên điện thoại");
        let page = chairman.page().text();
        let digits = page.split("Mã đối chiếu").nth(1).expect("digits").trim()[..4].to_string();
        chairman.opens(&format!("{at}/tep")).await.expect(404);
        // The phone shows the same digits and the same text.
        chairman.opens(PHONE).await.expect(200);
        says(&chairman, &format!("Mã đối chiếu: {digits}"));
        says(&chairman, "Ký số tệp: cong-van.pdf");
        chairman.submits("Xác nhận ký", &[]).await.expect(303);
        // Nobody need ask: a job does, from the next whole minute on.
        for _ in 0..2 {
            assert_eq!(town.minutes_later(1).await, 0);
        }
        chairman.opens(&at).await.expect(200);
        says(&chairman, "Chữ ký đã được kiểm tra bằng chứng thư trong sổ.");
        let signed = chairman.gets(&format!("{at}/tep")).await.expect(200).body;
        assert!(signed.starts_with(&pdf), "an update at the end");
        let path = t.dir().join("signed.pdf");
        std::fs::write(&path, &signed).expect("a temporary folder");
        let said = Command::new("pdfsig").arg("-nocert").arg(&path).output().expect("poppler-utils");
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        assert!(said.contains("Signature is Valid"), "{said}");
        let file = Upload { field: "file", file_name: "a", content_type: "application/pdf", bytes: &signed };
        let report = town.stranger().uploads("/api/v1/validations", file).await.expect(200).json();
        assert_eq!((&report["verdict"], &report["signatures"][0]["level"]), (&"valid".into(), &"B-B".into()));

        // Another kind of file gets a message beside it.
        let at = sends(&mut chairman, "ghi-chu.txt", b"noi dung").await;
        chairman.opens(PHONE).await.expect(200);
        chairman.submits("Xác nhận ký", &[]).await.expect(303);
        asks_again(&mut chairman, &at).await;
        says(&chairman, "Đã ký");
        let message = chairman.gets(&format!("{at}/tep")).await.expect(200);
        assert_eq!(message.header("content-type"), "application/pkcs7-signature");
        let parsed = pki::cms::SignedData::parse(&message.body).expect("a message");
        let report = parsed.check(&parsed.signers[0], pki::cms::Content::Bytes(b"noi dung"), &[]);
        assert!(report.is_intact(), "{:?}", report.faults);

        // Others see neither, and have no phone here.
        let mut records = browser(&town, RECORDS).await;
        records.opens(&at).await.expect(404);
        records.opens(&format!("{at}/tep")).await.expect(404);
        records.opens(SIM).await.expect(200);
        says(&records, "Chưa có chứng thư trên SIM");
        records.opens(PHONE).await.expect(200);
        says(&records, "Màn hình trống");

        // A day later the file is gone, and what was asked is still told.
        town.minutes_later(25 * 60).await;
        let mut chairman = browser(&town, CHAIRMAN).await;
        chairman.opens(&at).await.expect(200);
        says(&chairman, "Đã ký");
        chairman.opens(&format!("{at}/tep")).await.expect(404);
        town.audit_book_is_whole().await;
    });
}

#[test]
fn one_request_at_a_time_lies_on_a_phone_which_may_say_no_or_nothing() {
    both(async |t| {
        let town = signing_town(&t).await;
        let mut chairman = browser(&town, CHAIRMAN).await;
        let at = sends(&mut chairman, "a.txt", b"a").await;
        chairman.opens(SIM).await.expect(200);
        let file = Upload { field: "file", file_name: "b.txt", content_type: "text/plain", bytes: b"b" };
        let card = card(&chairman);
        chairman.submits_files("Gửi tới điện thoại", &[("card", &card)], &[file]).await.expect(422);
        says(&chairman, "Điện thoại này đang có một yêu cầu ký.");
        chairman.opens(SIM).await.expect(200);
        chairman.submits_files("Gửi tới điện thoại", &[("card", "x")], &[]).await.expect(422);
        says(&chairman, "Chọn tệp cần ký.");
        says(&chairman, "Chọn số điện thoại có chứng thư trên SIM.");
        chairman.opens(PHONE).await.expect(200);
        chairman.submits("Từ chối", &[]).await.expect(303);
        asks_again(&mut chairman, &at).await;
        says(&chairman, "Yêu cầu đã bị từ chối trên điện thoại.");

        let at = sends(&mut chairman, "b.txt", b"b").await;
        town.hand.advance(Duration::from_secs(181));
        asks_again(&mut chairman, &at).await;
        says(&chairman, "Điện thoại không trả lời kịp.");
        chairman.opens(PHONE).await.expect(200);
        says(&chairman, "Màn hình trống");
        // The phone is free again.
        sends(&mut chairman, "c.txt", b"c").await;
    });
}

#[test]
fn an_operator_that_is_slow_down_unwilling_or_wrong_is_told_apart() {
    both(async |t| {
        let town = signing_town(&t).await;
        let mut chairman = browser(&town, CHAIRMAN).await;
        misbehaves(&town, Fault::Down).await;
        let at = sends(&mut chairman, "down.txt", b"down").await;
        says(&chairman, "Chưa gửi được tới nhà mạng");
        misbehaves(&town, Fault::None).await;
        asks_again(&mut chairman, &at).await;
        says(&chairman, "Chờ xác nhận trên điện thoại");
        chairman.opens(PHONE).await.expect(200);
        chairman.submits("Xác nhận ký", &[]).await.expect(303);
        // It confirmed, and the operator is away until the time is nearly over.
        misbehaves(&town, Fault::Down).await;
        asks_again(&mut chairman, &at).await;
        says(&chairman, "Chờ xác nhận trên điện thoại");
        misbehaves(&town, Fault::None).await;
        asks_again(&mut chairman, &at).await;
        says(&chairman, "Đã ký");

        misbehaves(&town, Fault::Slow).await;
        let at = sends(&mut chairman, "slow.txt", b"slow").await;
        chairman.opens(PHONE).await.expect(200);
        chairman.submits("Xác nhận ký", &[]).await.expect(303);
        asks_again(&mut chairman, &at).await;
        says(&chairman, "Chờ xác nhận trên điện thoại");
        town.hand.advance(Duration::from_secs(31));
        asks_again(&mut chairman, &at).await;
        says(&chairman, "Đã ký");

        misbehaves(&town, Fault::Wrong).await;
        let at = sends(&mut chairman, "wrong.txt", b"wrong").await;
        chairman.opens(PHONE).await.expect(200);
        chairman.submits("Xác nhận ký", &[]).await.expect(303);
        asks_again(&mut chairman, &at).await;
        says(&chairman, "Không ký được");
        chairman.opens(&format!("{at}/tep")).await.expect(404);
        let kept = async |tx: &mut db::Tx| {
            let sql = "select count(*) from mobile_request where state = 'failed' and signature is not null";
            tx.get::<i64>(sql, db::args![]).await
        };
        let kept = town.opened.site.db.read::<_, db::Error, _>(kept).await.expect("the store answers");
        assert_eq!(kept, 0, "a wrong signature is not kept");

        misbehaves(&town, Fault::Refused).await;
        sends(&mut chairman, "refused.txt", b"refused").await;
        says(&chairman, "Không ký được");
    });
}

#[test]
fn a_certificate_revoked_while_its_phone_waits_signs_nothing() {
    both(async |t| {
        let town = signing_town(&t).await;
        let mut chairman = browser(&town, CHAIRMAN).await;
        let at = sends(&mut chairman, "a.txt", b"a").await;
        chairman.opens(PHONE).await.expect(200);
        chairman.submits("Xác nhận ký", &[]).await.expect(303);
        let revoke = async |tx: &mut db::Tx| {
            tx.change("update certificate set state = 'suspended' where device = 'sim'", db::args![]).await
        };
        town.opened.site.db.upkeep::<_, db::Error, _>(revoke).await.expect("the store answers");
        asks_again(&mut chairman, &at).await;
        says(&chairman, "Không ký được");
        chairman.opens(&format!("{at}/tep")).await.expect(404);
    });
}

#[test]
fn another_system_has_bytes_signed_on_a_phone_and_gets_the_bare_signature() {
    both(async |t| {
        let town = signing_town(&t).await;
        let (app, now) = (&town.opened.trust, town.opened.site.clock.now());
        let read = async move |tx: &mut db::Tx| -> Result<_, web::Problem> {
            let found = directory::account::store::find_secret(tx, CHAIRMAN).await?;
            let account = found.expect("a demonstration account").id;
            Ok((account, mobile::cards(tx, &account, now).await?))
        };
        let (account, cards) = town.opened.site.db.read(read).await.expect("the store answers");
        let wish = || mobile::Wish {
            text: "Ký kết quả hồ sơ".into(),
            to_sign: b"signed attributes".to_vec(),
        };
        let act = db::Act::system("onestop.sign-result", "", now);
        let asked =
            mobile::ask(app, &cards[0], wish(), (account, act.clone()), now).await.expect("it is asked");
        assert_eq!((asked.state, asked.signature), (mobile::rules::State::Sent, None));
        let twice = mobile::ask(app, &cards[0], wish(), (account, act), now).await;
        assert!(matches!(twice, Err(web::Problem::Refused(_))), "{twice:?}");
        let mut chairman = browser(&town, CHAIRMAN).await;
        chairman.opens(PHONE).await.expect(200);
        says(&chairman, &format!("Mã đối chiếu: {}", asked.code));
        chairman.submits("Xác nhận ký", &[]).await.expect(303);
        let told = mobile::follow(app, &asked.id, &account, now).await.expect("the operator answers");
        let algorithm = cards[0].algorithm().expect("a key that signs");
        let signature = told.signature.expect("it is signed");
        let key = cards[0].certificate.public_key();
        assert_eq!(key.verify(algorithm, b"signed attributes", &signature), Ok(()));
    });
}
