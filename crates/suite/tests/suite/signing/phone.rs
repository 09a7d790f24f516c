//! Results signed on the telephone: the chairman compares the digits and confirms; refuses, lets the time
//! pass, or meets an operator that misbehaves; and a round goes on whatever node is asked.

use std::time::Duration;

use db::testing::{TestDb, both};
use db::{Tx, args};
use suite::person::{Answer, Person};
use suite::town::people::*;
use suite::town::{Town, morning};
use trust::mobile::simulator::Fault;

use super::picture::{BLUE, OWN, brings, picture};
use super::{PIN, is_not_out, judged_by_others, printed, result, signs};
use crate::remote::{NUMBER, get_keys};
use crate::{after_result, desk};

const LIST: &str = "/mot-cua/ky-so";
const PHONE: &str = "/chung-thu-so/dien-thoai-mo-phong";

/// A town in which the chairman signs by PIN and on the telephone too.
async fn phone_town(t: &TestDb) -> Town {
    let town = Town::of(t).await;
    get_keys(&town, morning()).await;
    town
}

/// The value of the choice that says these words.
fn choice(page: &str, words: &str) -> String {
    let options = page.split("<option value=\"").skip(1);
    let wanted = options
        .filter_map(|option| option.split_once('"'))
        .find(|(_, rest)| rest.split("</option>").next().is_some_and(|told| told.contains(words)));
    wanted.unwrap_or_else(|| panic!("no choice says {words}: {page}")).0.to_string()
}

/// Chooses the telephone on the list for everything that waits; the answer as it comes.
async fn sends(who: &mut Person) -> Answer {
    let page = who.opens(LIST).await.expect(200).text();
    let card = choice(&page, "ký bằng điện thoại 0900 000 001");
    who.submits("Ký số", &[("credential", &card)]).await
}

/// The same, and the page that waits for the phone is open; its address.
pub async fn waits(who: &mut Person) -> String {
    let answer = sends(who).await.expect(303);
    let at = answer.header("location").to_string();
    let page = who.follows(answer).await.expect(200);
    assert_eq!(page.header("refresh"), "3", "the page looks again by itself");
    desk::says(who, "Mở điện thoại, so mã đối chiếu rồi xác nhận.");
    at
}

/// The digits on the page last seen.
fn digits(who: &Person) -> String {
    let page = who.page().text();
    page.split("Mã đối chiếu").nth(1).expect("digits").trim_start_matches([':', ' ', '\n'])[..4].to_string()
}

/// Presses a key of the telephone.
async fn presses(who: &mut Person, key: &str) {
    who.opens(PHONE).await.expect(200);
    who.submits(key, &[]).await.expect(303);
}

async fn misbehaves(town: &Town, fault: Fault) {
    let simulator = town.opened.trust.mobile.simulator.as_ref().expect("a demonstration");
    simulator.misbehaves(NUMBER, fault).await.expect("the card is there");
}

/// How many files lie ready for a phone, and how many signatures there are.
async fn kept(town: &Town) -> (i64, i64) {
    let count = async |tx: &mut Tx| -> db::Result<(i64, i64)> {
        tx.get(
            "select (select count(*) from phone_item where prepared is not null) as ready,
                    (select count(*) from result_signature) as signed",
            args![],
        )
        .await
    };
    town.opened.site.db.read(count).await.expect("the store answers")
}

#[test]
fn the_chairman_signs_on_the_telephone_after_comparing_the_digits() {
    both(async |t| {
        let town = phone_town(&t).await;
        let code = after_result::decided(&town, "counter").await;
        let bare = printed(&town, &code).await;
        let mut chairman = desk::browser(&town, CHAIRMAN).await;
        brings(&mut chairman, OWN, &[], &picture(300, 120, BLUE, true)).await.expect(303);
        let at = waits(&mut chairman).await;
        desk::says(&chairman, "Đang chờ điện thoại");
        desk::says(&chairman, "0900 000 001");
        let shown = digits(&chairman);
        assert_eq!(printed(&town, &code).await, bare, "nothing is signed yet");
        // Whoever does not want the page to move stops it; and the list leads back to it.
        let still = chairman.opens(&format!("{at}?dung=1")).await.expect(200);
        assert_eq!(still.header("refresh"), "");
        chairman.opens(LIST).await.expect(200);
        assert_eq!(chairman.link("Có kết quả đang chờ ký trên điện thoại"), at);

        chairman.opens(PHONE).await.expect(200);
        desk::says(&chairman, &format!("Mã đối chiếu: {shown}"));
        desk::says(&chairman, &format!("hồ sơ {code}"));
        chairman.submits("Xác nhận ký", &[]).await.expect(303);
        let done = chairman.opens(&at).await.expect(200);
        assert_eq!(done.header("refresh"), "");
        desk::says(&chairman, "Đã ký số 1 kết quả.");
        let signed = printed(&town, &code).await;
        assert!(signed.starts_with(&bare) && signed.len() > bare.len(), "an update at the end");
        let added = &signed[bare.len()..];
        assert!(added.windows(6).any(|bytes| bytes == b"/Image"), "with the picture of the signature");
        assert_eq!(kept(&town).await, (0, 1));
        is_not_out(&town, &code).await;

        // Others do not see the round.
        for login in [RECORDS, CLERK] {
            let mut other = desk::browser(&town, login).await;
            other.opens(&at).await.expect(404);
        }
        signs(&mut desk::browser(&town, RECORDS).await, PIN).await.expect(303);
        judged_by_others(t.dir(), &town, &result(&town, &code).await).await;
        town.delivers().await;
        // A day later the round is forgotten.
        assert_eq!(town.minutes_later(0).await, 0);
        assert_eq!(town.minutes_later(25 * 60).await, 0);
        desk::browser(&town, CHAIRMAN).await.opens(&at).await.expect(404);
        town.audit_book_is_whole().await;
    });
}

#[test]
fn what_the_telephone_refuses_or_does_not_answer_is_sent_again_or_signed_another_way() {
    both(async |t| {
        let town = phone_town(&t).await;
        let codes =
            [after_result::decided(&town, "counter").await, after_result::decided(&town, "post").await];
        let mut chairman = desk::browser(&town, CHAIRMAN).await;
        let at = waits(&mut chairman).await;
        presses(&mut chairman, "Từ chối").await;
        chairman.opens(&at).await.expect(200);
        desk::says(&chairman, "Yêu cầu bị từ chối trên điện thoại nên kết quả chưa được ký.");
        desk::says(&chairman, "Chưa gửi");
        assert_eq!(kept(&town).await, (0, 0));
        chairman.opens(PHONE).await.expect(200);
        desk::says(&chairman, "Màn hình trống");

        // Nothing need be chosen anew: both go on where they were.
        chairman.opens(&at).await.expect(200);
        let again = chairman.submits("Gửi lại tới điện thoại", &[]).await.expect(303);
        chairman.follows(again).await.expect(200);
        town.hand.advance(Duration::from_secs(181));
        chairman.opens(&at).await.expect(200);
        desk::says(&chairman, "Điện thoại không trả lời kịp nên kết quả chưa được ký.");
        let again = chairman.submits("Gửi lại tới điện thoại", &[]).await.expect(303);
        chairman.follows(again).await.expect(200);
        presses(&mut chairman, "Xác nhận ký").await;
        // The first is signed, and the second lies on the phone.
        chairman.opens(&at).await.expect(200);
        desk::says(&chairman, "Đang chờ điện thoại");
        assert_eq!(kept(&town).await, (1, 1));
        let second = digits(&chairman);
        // Meanwhile the second is signed with the PIN.
        signs(&mut chairman, PIN).await.expect(303);
        chairman.opens(PHONE).await.expect(200);
        desk::says(&chairman, &format!("Mã đối chiếu: {second}"));
        chairman.submits("Xác nhận ký", &[]).await.expect(303);
        chairman.opens(&at).await.expect(200);
        desk::says(&chairman, "Đã được ký cách khác hoặc đã thay đổi");
        assert_eq!(kept(&town).await, (0, 2), "one signature each");
        for code in &codes {
            let file = printed(&town, code).await;
            assert_eq!(file.windows(10).filter(|bytes| *bytes == b"/ByteRange").count(), 1, "{code}");
        }
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn wrong_digits_or_a_wrong_signature_leave_the_result_as_it_was() {
    both(async |t| {
        let town = phone_town(&t).await;
        let code = after_result::decided(&town, "counter").await;
        let bare = printed(&town, &code).await;
        let mut chairman = desk::browser(&town, CHAIRMAN).await;
        // Somebody between here and the phone changes what is to be signed: the digits tell.
        let at = waits(&mut chairman).await;
        let shown = digits(&chairman);
        let changed =
            async |tx: &mut Tx| tx.change("update sim_prompt set hash = $1", args![vec![7_u8; 32]]).await;
        town.opened.site.db.upkeep::<_, db::Error, _>(changed).await.expect("the store answers");
        chairman.opens(PHONE).await.expect(200);
        assert_ne!(digits(&chairman), shown);
        // Even when its owner does not look, nothing is taken.
        chairman.submits("Xác nhận ký", &[]).await.expect(303);
        chairman.opens(&at).await.expect(200);
        desk::says(&chairman, "chữ ký nhận về không khớp với văn bản và chứng thư");
        assert_eq!((printed(&town, &code).await, kept(&town).await), (bare.clone(), (0, 0)));

        misbehaves(&town, Fault::Wrong).await;
        chairman.submits("Gửi lại tới điện thoại", &[]).await.expect(303);
        chairman.opens(&at).await.expect(200);
        presses(&mut chairman, "Xác nhận ký").await;
        chairman.opens(&at).await.expect(200);
        desk::says(&chairman, "Không có gì được giữ lại.");
        misbehaves(&town, Fault::Refused).await;
        chairman.submits("Gửi lại tới điện thoại", &[]).await.expect(303);
        chairman.opens(&at).await.expect(200);
        desk::says(&chairman, "Nhà mạng không nhận số này");

        misbehaves(&town, Fault::Down).await;
        chairman.submits("Gửi lại tới điện thoại", &[]).await.expect(303);
        chairman.opens(&at).await.expect(200);
        desk::says(&chairman, "Chưa gửi được tới nhà mạng; hệ thống đang gửi lại.");
        misbehaves(&town, Fault::None).await;
        chairman.opens(&at).await.expect(200);
        presses(&mut chairman, "Xác nhận ký").await;
        // The certificate is suspended after its owner has confirmed, and before anybody has heard of it.
        let suspend = async |tx: &mut Tx| {
            tx.change("update certificate set state = 'suspended' where device = 'sim'", args![]).await
        };
        town.opened.site.db.upkeep::<_, db::Error, _>(suspend).await.expect("the store answers");
        chairman.opens(&at).await.expect(200);
        assert_eq!((printed(&town, &code).await, kept(&town).await), (bare, (0, 0)));
        chairman.submits("Gửi lại tới điện thoại", &[]).await.expect(303);
        chairman.opens(&at).await.expect(200);
        desk::says(&chairman, "Chứng thư trên SIM đã hết hạn, bị tạm dừng hoặc thu hồi.");
        chairman.submits("Không gửi những kết quả còn chờ", &[]).await.expect(303);
        chairman.opens(&at).await.expect(200);
        desk::says(&chairman, "Không gửi nữa");
        // Another way is open.
        signs(&mut chairman, PIN).await.expect(303);
        town.audit_book_is_whole().await;
    });
}

#[test]
fn a_round_goes_on_at_another_node_or_without_anybody_looking() {
    both(async |t| {
        let town = phone_town(&t).await;
        let mut codes = Vec::new();
        for return_by in ["counter", "post"] {
            codes.push(after_result::decided(&town, return_by).await);
        }
        let mut chairman = desk::browser(&town, CHAIRMAN).await;
        // The node dies after the round was begun and before the phone was asked.
        let at = sends(&mut chairman).await.expect(303).header("location").to_string();
        chairman.opens(PHONE).await.expect(200);
        desk::says(&chairman, "Màn hình trống");
        let there = Town { opened: town.second_node(&t).await, hand: town.hand.clone() };
        let mut elsewhere = desk::browser(&there, CHAIRMAN).await;
        elsewhere.opens(&at).await.expect(200);
        desk::says(&elsewhere, "Mở điện thoại, so mã đối chiếu rồi xác nhận.");
        // Both nodes say the same digits, and ask the phone once.
        chairman.opens(&at).await.expect(200);
        assert_eq!(digits(&chairman), digits(&elsewhere));
        presses(&mut elsewhere, "Xác nhận ký").await;
        // Nobody looks at the page: the job hears of it and sends the second.
        for _ in 0..2 {
            assert_eq!(town.minutes_later(1).await, 0);
        }
        assert_eq!(kept(&town).await, (1, 1));
        presses(&mut chairman, "Xác nhận ký").await;
        for _ in 0..2 {
            assert_eq!(there.minutes_later(1).await, 0);
        }
        assert_eq!(kept(&town).await, (0, 2));
        chairman.opens(&at).await.expect(200);
        desk::says(&chairman, "Đã ký số 2 kết quả.");
        for code in &codes {
            assert!(printed(&town, code).await.windows(10).any(|bytes| bytes == b"/ByteRange"), "{code}");
        }
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn whoever_has_no_certificate_in_a_sim_card_is_told_what_to_do() {
    both(async |t| {
        let town = Town::of(&t).await;
        super::signers_get_certificates(&town).await;
        after_result::decided(&town, "counter").await;
        let mut chairman = desk::browser(&town, CHAIRMAN).await;
        let page = chairman.opens(LIST).await.expect(200).text();
        assert!(!page.contains("ký bằng điện thoại 0"), "{page}");
        desk::says(&chairman, "Chưa ký được bằng điện thoại: ông/bà chưa có chứng thư trên SIM.");
        chairman.opens(&chairman.link("Xin cấp chứng thư trên SIM")).await.expect(200);
        // What is chosen stays chosen while the reason is read.
        chairman.opens(LIST).await.expect(200);
        let page = chairman.submits("Ký số", &[("credential", "x")]).await.expect(422).text();
        assert!(page.contains("Chọn chứng thư số để ký.") && page.contains(" checked"), "{page}");
    });
}
