//! Notices: who is told of what, once; deadlines that come near; and the ways out of the house, against a
//! mail server and a gateway on real sockets that fail, hang up and come back.

use db::testing::both;
use db::{Tx, args};
use serde_json::json;
use suite::outside::{GATEWAY_KEY, Gateway, MailHost, Mood};
use suite::person::Person;
use suite::product::free_port;
use suite::town::people::*;
use suite::town::*;

use crate::batch::me;
use crate::desk::{browser, page, says};

/// The titles in somebody's inbox, the newest first.
pub async fn told(town: &Town, login: &str) -> Vec<String> {
    db_list(
        town,
        "select n.word from notice n join account a on a.id = n.account where a.login = $1
          order by n.made_at desc, n.id desc limit 100",
        login,
    )
    .await
}

async fn db_list(town: &Town, sql: &'static str, arg: &str) -> Vec<String> {
    let arg = arg.to_string();
    let found = town
        .opened
        .site
        .db
        .read(async move |tx: &mut Tx| -> db::Result<Vec<String>> { tx.list(sql, args![arg]).await });
    found.await.expect("the store answers")
}

/// How many deliveries of a channel are in each state, as text.
async fn states(town: &Town, channel: &str) -> String {
    let states = db_list(
        town,
        "select state || ' ' || cast(count(*) as text) from notice_delivery where channel = $1
          group by state order by state limit 10",
        channel,
    );
    states.await.join(", ")
}

/// What somebody was told of deadlines, the newest first.
async fn due(town: &Town, login: &str) -> Vec<String> {
    let told = told(town, login).await;
    told.into_iter().filter(|word| word == "due_soon" || word == "overdue").collect()
}

async fn gives_email(town: &Town, login: &str, email: &str) {
    let (account, email) = (me(town, login).await, email.to_string());
    let give = async move |tx: &mut Tx| -> db::Result<()> {
        tx.change_one("update account set email = $2 where id = $1", args![account, email]).await
    };
    town.opened.site.db.upkeep(give).await.expect("the store answers");
}

/// A birth as far as the registrar's desk.
async fn to_registrar(town: &Town) -> String {
    let code = files_a_birth(&mut town.token(CITIZEN).await).await;
    for (step, who) in [("receive", CLERK), ("pass_on", CLERK)] {
        takes(&mut town.token(who).await, &code, step, json!({})).await;
    }
    code
}

#[test]
fn everybody_is_told_once_of_what_concerns_them() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        town.delivers().await;
        assert_eq!(told(&town, CLERK).await, ["to_receive"]);
        takes(&mut town.token(CLERK).await, &code, "receive", json!({})).await;
        takes(&mut town.token(CLERK).await, &code, "pass_on", json!({})).await;
        town.delivers().await;
        assert_eq!(told(&town, CITIZEN).await, ["received", "filed"]);
        assert_eq!(told(&town, REGISTRAR).await, ["handed"]);
        assert_eq!(told(&town, CHAIRMAN).await, Vec::<String>::new());
        assert_eq!(told(&town, DISTRICT_CLERK).await, Vec::<String>::new());
        // Every event once more, as after a crash between the work and its mark.
        let again = async |tx: &mut Tx| tx.change("update outbox set fanned = 0", args![]).await;
        town.opened.site.db.upkeep(again).await.expect("the store answers");
        town.delivers().await;
        assert_eq!(told(&town, CITIZEN).await, ["received", "filed"]);
        assert_eq!(told(&town, CLERK).await, ["to_receive"]);

        let mut an = browser(&town, CITIZEN).await;
        an.opens("/ho-so-cua-toi").await.expect(200);
        says(&an, "2 thông báo chưa đọc");
        an.opens("/thong-bao").await.expect(200);
        let link = an.link(&format!("Hồ sơ {code} đã được tiếp nhận"));
        browser(&town, NEIGHBOUR).await.opens(&link).await.expect(404);
        an.opens(&link).await.expect(200);
        assert_eq!(an.path(), format!("/ho-so-cua-toi/{code}"));
        says(&an, "1 thông báo chưa đọc");
        an.opens("/thong-bao").await.expect(200);
        let answer = an.submits("Đánh dấu tất cả là đã đọc", &[]).await.expect(303);
        an.follows(answer).await.expect(200);
        assert!(!an.page().text().contains("chưa đọc"));

        let mut registrar = browser(&town, REGISTRAR).await;
        registrar.opens("/mot-cua/dang-xu-ly").await.expect(200);
        says(&registrar, "Thông báo 1");
        registrar.opens("/mot-cua/thong-bao").await.expect(200);
        let link = registrar.link(&format!("Hồ sơ {code} được chuyển đến"));
        registrar.opens(&link).await.expect(200);
        assert_eq!(registrar.path(), page(&code));
        registrar.opens("/thong-bao").await.expect(403);
        an.opens("/mot-cua/thong-bao").await.expect(403);

        // A message is told to whoever must act, and the answer to its applicant; nobody hears of their own.
        let body = json!({ "text": "Xin hỏi" });
        let path = format!("/api/v1/dossiers/{code}/messages");
        for login in [CITIZEN, REGISTRAR] {
            let mut who = town.token(login).await;
            who.calls(axum::http::Method::POST, &path, Some(&body)).await.expect(201);
        }
        let note = json!({ "text": "Đã gọi điện", "kind": "note" });
        let mut registrar = town.token(REGISTRAR).await;
        registrar.calls(axum::http::Method::POST, &path, Some(&note)).await.expect(201);
        town.delivers().await;
        assert_eq!(told(&town, REGISTRAR).await, ["message_sent", "handed"]);
        assert_eq!(told(&town, CITIZEN).await[0], "message_answered");
        town.audit_book_is_whole().await;
    });
}

#[test]
fn a_deadline_is_told_before_it_ends_and_once_when_it_is_past() {
    both(async |t| {
        let town = Town::of(&t).await;
        // Received at 9:00 and due at 17:00; offices close from 11:00 to 13:00.
        let code = to_registrar(&town).await;
        assert_eq!(town.minutes_later(10).await, 0);
        assert_eq!(due(&town, REGISTRAR).await, Vec::<String>::new());
        assert_eq!(town.minutes_later(4 * 60).await, 0);
        assert_eq!(due(&town, REGISTRAR).await, ["due_soon"], "fewer than four working hours are left");
        assert_eq!(town.minutes_later(10).await, 0);
        assert_eq!(due(&town, REGISTRAR).await, ["due_soon"], "once");
        assert_eq!(town.minutes_later(3 * 60).await, 0);
        assert_eq!(due(&town, REGISTRAR).await, ["due_soon", "due_soon"], "and when one hour is left");
        assert_eq!(due(&town, CHAIRMAN).await, Vec::<String>::new());
        assert_eq!(town.minutes_later(60).await, 0);
        assert_eq!(town.minutes_later(60).await, 0);
        assert_eq!(due(&town, REGISTRAR).await, ["overdue", "due_soon", "due_soon"]);
        assert_eq!(due(&town, CHAIRMAN).await, ["overdue"], "the leader hears of it too");
        let mut chairman = browser(&town, CHAIRMAN).await;
        chairman.opens("/mot-cua/thong-bao").await.expect(200);
        chairman.link(&format!("Hồ sơ {code} quá hạn"));
        says(&chairman, "Hạn đã qua lúc 17:00, 20/08/2026.");
    });
}

#[test]
fn a_letter_goes_out_by_smtp_whatever_the_server_does_at_first() {
    both(async |t| {
        let moods = [Mood::Later, Mood::HangsUp, Mood::Takes, Mood::Nobody];
        let host = MailHost::open(([127, 0, 0, 1], 0).into(), &moods).await;
        let town = Town::configured(&t, |config| {
            config.mail.server = "127.0.0.1".into();
            config.mail.port = host.address.port();
            config.mail.secrecy = "none".into();
            config.mail.from = "Cổng dịch vụ công <bao-tin@vinhlong.example>".into();
            config.mail.answer_within_s = 5;
        })
        .await;
        gives_email(&town, CITIZEN, "an@example.vn").await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        // Later; taken, but the line broke before the answer; taken.
        for minutes in [0, 1, 2] {
            assert_eq!(town.minutes_later(minutes).await, 0);
        }
        assert_eq!(states(&town, "email").await, "sent 1");
        let took = host.took();
        assert_eq!(took.len(), 2, "at least once, where nobody can know");
        assert_eq!(took[0].header("Message-ID"), took[1].header("Message-ID"), "and known by its id");
        let mail = &took[1];
        assert_eq!(mail.to, "an@example.vn");
        assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
        assert!(mail.header("From").contains("bao-tin@vinhlong.example"));
        let body = mail.text.split_once("\r\n\r\n").expect("a body").1.to_string();
        let plain = match mail.header("Content-Transfer-Encoding").as_str() {
            "base64" => {
                use base64::Engine;
                let flat: String = body.split_whitespace().collect();
                let bytes = base64::engine::general_purpose::STANDARD.decode(flat).expect("base64");
                String::from_utf8(bytes).expect("UTF-8")
            }
            "quoted-printable" => unquoted(&body),
            _ => body,
        };
        assert!(plain.contains(&format!("/ho-so-cua-toi/{code}")), "{plain}");
        for personal in ["Nguyễn", "086090123456", "Khôi"] {
            assert!(!plain.contains(personal), "{plain}");
        }

        // Refused for good: not tried again until an administrator says so.
        takes(&mut town.token(CLERK).await, &code, "receive", json!({})).await;
        town.minutes_later(1).await;
        assert_eq!(states(&town, "email").await, "failed 1, sent 1");
        town.minutes_later(600).await;
        // One more letter: the promise of the day has passed. The refused one stays where it is.
        assert_eq!(states(&town, "email").await, "failed 1, sent 2");
        let mut admin = browser(&town, ADMIN).await;
        admin.opens("/quan-tri/thong-bao").await.expect(200);
        says(&admin, "Bị từ chối");
        says(&admin, "550");
        assert!(!admin.page().text().contains("an@example.vn"), "addresses are masked");
        let answer = admin.submits(&format!("Gửi lại Hồ sơ {code} đã được tiếp nhận"), &[]).await.expect(303);
        admin.follows(answer).await.expect(200);
        town.minutes_later(1).await;
        assert_eq!(states(&town, "email").await, "sent 3");
        assert_eq!(host.took().len(), 4);
    });
}

/// RFC 2045, quoted-printable.
fn unquoted(text: &str) -> String {
    let flat = text.replace("=\r\n", "");
    let (mut out, mut at) = (Vec::new(), 0);
    let bytes = flat.as_bytes();
    while at < bytes.len() {
        let hex = (bytes[at] == b'=').then(|| flat.get(at + 1..at + 3)).flatten();
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn a_short_message_is_signed_fails_twice_and_is_sent_once_outside_the_quiet_hours() {
    both(async |t| {
        let gateway = Gateway::open(2).await;
        let key = t.dir().join("sms.key");
        std::fs::write(&key, [GATEWAY_KEY, b"\n"].concat()).expect("the folder takes a file");
        let town = Town::configured(&t, |config| {
            config.sms.address = format!("http://{}/sms", gateway.address);
            config.sms.key_file = key.clone();
        })
        .await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        town.minutes_later(1).await;
        assert!(gateway.heard().is_empty(), "what wants nothing soon is no short message");
        let ask = lacks("identity", "Bổ sung giấy tờ tùy thân");
        takes(&mut town.token(CLERK).await, &code, "ask_supplement", ask).await;
        for minutes in [0, 1, 2, 3] {
            assert_eq!(town.minutes_later(minutes).await, 0);
        }
        let heard = gateway.heard();
        assert_eq!(heard.iter().map(|s| s.taken).collect::<Vec<_>>(), [false, false, true]);
        assert!(heard.iter().all(|s| s.key == heard[0].key), "one message, known by its key");
        assert_eq!(heard[2].body["id"], heard[2].key.as_str());
        let text = heard[2].body["text"].as_str().expect("a text");
        assert_eq!(
            text,
            format!("Hồ sơ {code} cần bổ sung giấy tờ. Xem http://127.0.0.1:8080/ho-so-cua-toi/{code}")
        );
        assert_eq!(states(&town, "sms").await, "sent 1");

        // At night it waits for the morning.
        takes(&mut town.token(CITIZEN).await, &code, "supplement", explains("identity", "Đã bổ sung")).await;
        town.minutes_later(12 * 60 + 30).await;
        takes(&mut town.token(CLERK).await, &code, "receive", json!({})).await;
        let fee = json!({ "amount": 8_000, "note": "Lệ phí bản sao" });
        takes(&mut town.token(CLERK).await, &code, "ask_fee", fee).await;
        for minutes in [1, 60, 8 * 60] {
            town.minutes_later(minutes).await;
        }
        assert_eq!(gateway.heard().len(), 3, "it is half past six in the morning");
        town.minutes_later(45).await;
        assert_eq!(gateway.heard().len(), 4);
        assert_eq!(states(&town, "sms").await, "sent 2");

        // Who wants none gets none.
        let mut an = browser(&town, CITIZEN).await;
        an.opens("/thong-bao/cai-dat").await.expect(200);
        let answer = an.submits("Lưu lựa chọn", &[("way", "email")]).await.expect(303);
        an.follows(answer).await.expect(200);
        says(&an, "Đã lưu lựa chọn.");
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        let ask = lacks("identity", "Bổ sung");
        takes(&mut town.token(CLERK).await, &code, "ask_supplement", ask).await;
        town.minutes_later(1).await;
        assert_eq!(gateway.heard().len(), 4);
        assert_eq!(told(&town, CITIZEN).await[0], "supplement_asked", "the inbox has it all the same");
    });
}

#[test]
fn a_way_that_fails_rests_and_comes_back_without_anything_lost() {
    both(async |t| {
        let port = free_port();
        let town = Town::configured(&t, |config| {
            config.mail.server = "127.0.0.1".into();
            config.mail.port = port;
            config.mail.secrecy = "none".into();
            config.mail.from = "bao-tin@vinhlong.example".into();
        })
        .await;
        gives_email(&town, CITIZEN, "an@example.vn").await;
        for _ in 0..6 {
            files_a_birth(&mut town.token(CITIZEN).await).await;
        }
        town.minutes_later(0).await;
        let mut admin = browser(&town, ADMIN).await;
        admin.opens("/quan-tri/thong-bao").await.expect(200);
        says(&admin, "Tạm nghỉ đến");
        assert_eq!(states(&town, "email").await, "queued 6");
        let host = MailHost::open(([127, 0, 0, 1], port).into(), &[]).await;
        for _ in 0..4 {
            town.minutes_later(10).await;
        }
        assert_eq!(states(&town, "email").await, "sent 6");
        assert_eq!(host.took().len(), 6);
        let mut admin = browser(&town, ADMIN).await;
        admin.opens("/quan-tri/thong-bao").await.expect(200);
        says(&admin, "Đang gửi");
    });
}

#[test]
fn a_demonstration_shows_what_would_have_been_sent_and_sends_nothing() {
    both(async |t| {
        let town = Town::of(&t).await;
        gives_email(&town, CITIZEN, "an@example.vn").await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        town.minutes_later(0).await;
        let mut admin = browser(&town, ADMIN).await;
        admin.opens("/quan-tri/thong-bao").await.expect(200);
        says(&admin, "Bản trình diễn: không gửi ra ngoài.");
        says(&admin, &format!("Đã nộp hồ sơ {code}"));
        says(&admin, "Không gửi ra ngoài");
        for login in [CLERK, UNIT_ADMIN, CITIZEN] {
            let mut who: Person = browser(&town, login).await;
            who.opens("/quan-tri/thong-bao").await.expect(403);
        }
    });
}

/// What somebody was told of dossiers that wait for their applicant, the newest first.
async fn waits(town: &Town, login: &str) -> Vec<String> {
    let told = told(town, login).await;
    let words = ["remind_supplement", "remind_fee", "no_supplement", "no_fee"];
    told.into_iter().filter(|word| words.contains(&word.as_str())).collect()
}

/// Some days later, after everything that was due by then.
async fn days_later(town: &Town, days: u64) {
    assert_eq!(town.minutes_later(days * 24 * 60).await, 0, "every job is done");
}

#[test]
fn whoever_is_waited_for_is_reminded_twice_and_then_the_counter_has_a_task() {
    both(async |t| {
        let town = Town::of(&t).await;
        let owes = crate::money::owes(&town, 8_000).await;
        let paid = crate::money::owes(&town, 9_000).await;
        takes(&mut town.token(CLERK).await, &paid, "pay", json!({})).await;
        days_later(&town, 2).await;
        assert_eq!(waits(&town, CITIZEN).await, [""; 0], "not yet");
        days_later(&town, 1).await;
        assert_eq!(waits(&town, CITIZEN).await, ["remind_fee"], "of the one that is owed, and of no other");
        days_later(&town, 1).await;
        assert_eq!(waits(&town, CITIZEN).await, ["remind_fee"], "once");
        days_later(&town, 3).await;
        assert_eq!(waits(&town, CITIZEN).await, ["remind_fee", "remind_fee"]);
        assert_eq!(waits(&town, CLERK).await, [""; 0]);
        days_later(&town, 8).await;
        assert_eq!(waits(&town, CLERK).await, ["no_fee"]);
        assert_eq!(waits(&town, CITIZEN).await, ["remind_fee", "remind_fee"], "no more than twice");

        // Asked for papers instead, another time begins.
        let mut clerk = town.token(CLERK).await;
        takes(&mut clerk, &owes, "pay", json!({})).await;
        let second = files_a_birth(&mut town.token(CITIZEN).await).await;
        takes(&mut clerk, &second, "receive", json!({})).await;
        let ask = lacks("identity", "Bổ sung giấy tờ tùy thân");
        takes(&mut clerk, &second, "ask_supplement", ask).await;
        days_later(&town, 3).await;
        assert_eq!(waits(&town, CITIZEN).await[0], "remind_supplement");
        let mut clerk = browser(&town, CLERK).await;
        clerk.opens("/mot-cua/thong-bao").await.expect(200);
        says(&clerk, "chưa nộp phí sau hai lần nhắc");
        town.delivers().await;
    });
}
