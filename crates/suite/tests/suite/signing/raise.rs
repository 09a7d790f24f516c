//! Signed results are raised in the background: a time-stamp, then the evidence, from our own authority or
//! from one that answers over the network.

use std::sync::Arc;

use db::testing::both;
use pdfsig::Level;
use suite::town::people::*;
use suite::town::{Town, takes};
use tokio::sync::Notify;

use super::{PIN, RECORDS, judged_by_others, printed, result, signers_get_certificates, signs};
use crate::{after_result, desk};

/// A result with signature and seal; its file.
pub async fn sealed(town: &Town) -> (String, Vec<u8>) {
    let code = after_result::decided(town, "counter").await;
    for login in [CHAIRMAN, RECORDS] {
        signs(&mut desk::browser(town, login).await, PIN).await.expect(303);
    }
    let file = result(town, &code).await;
    (code, file)
}

/// The level of each signature that is no time-stamp over the document.
pub fn levels(file: &[u8]) -> Vec<Level> {
    let bytes = file.to_vec();
    let opened = pdfsig::File::open(&bytes).expect("a PDF");
    let judged = pdfsig::judge(&opened, &[]).expect("its signatures are read");
    assert!(judged.signatures.iter().all(|s| s.report.is_intact()), "every signature is intact");
    let is_signature = |s: &&pdfsig::Judged| s.signature.sub_filter != pdfsig::SubFilter::TimeStamp;
    judged.signatures.iter().filter(is_signature).map(|s| s.level).collect()
}

#[test]
fn a_sealed_result_gets_a_time_stamp_and_evidence_in_the_background_and_its_signatures_stay() {
    both(async |t| {
        let town = Town::of(&t).await;
        signers_get_certificates(&town).await;
        let (code, file) = sealed(&town).await;
        assert_eq!(levels(&file), [Level::BB, Level::BB]);
        let mut chairman = desk::browser(&town, CHAIRMAN).await;
        chairman.opens(&desk::page(&code)).await.expect(200);
        desk::says(&chairman, "Chữ ký mức B-B, đang chờ dấu thời gian");
        takes(&mut town.token(CLERK).await, &code, "return_result", serde_json::json!({})).await;
        town.delivers().await;

        assert_eq!(town.minutes_later(1).await, 0);
        let raised = result(&town, &code).await;
        assert!(raised.starts_with(&file) && raised.len() > file.len(), "an update at the end");
        assert_eq!(levels(&raised), [Level::BLT, Level::BLT]);
        judged_by_others(t.dir(), &town, &raised).await;
        chairman.opens(&desk::page(&code)).await.expect(200);
        desk::says(&chairman, "Chữ ký mức B-LT, kiểm tra được lâu dài");
        let mut citizen = desk::browser(&town, CITIZEN).await;
        citizen.opens(&format!("/ho-so-cua-toi/{code}")).await.expect(200);
        desk::says(&citizen, "Chữ ký số hợp lệ, văn bản nguyên vẹn.");
        citizen.opens("/kho-du-lieu").await.expect(200);
        let entry = citizen.link("Giấy khai sinh");
        let kept = citizen.gets(&format!("{entry}/tep?tai=true")).await.expect(200).body;
        assert_eq!(kept, raised, "the vault has the raised file");

        // Nothing more is done to it here: whoever keeps it adds time-stamps of the archive.
        assert_eq!(town.minutes_later(90).await, 0);
        town.delivers().await;
        assert!(result(&town, &code).await.starts_with(&raised));
        town.audit_book_is_whole().await;
    });
}

/// The town's own authority, as others reach it over the network.
async fn served(town: &Town) -> String {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("it listens");
    let router = town.opened.router.clone();
    let service = router.into_make_service_with_connect_info::<std::net::SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    format!("http://{address}/pki/tsa")
}

#[test]
fn while_no_authority_answers_a_result_stays_as_it_is_and_is_tried_again() {
    both(async |t| {
        let dead = "http://127.0.0.1:1/tsa";
        let silent = Town::configured(&t, |config| config.trust.time_stamps = vec![dead.into()]).await;
        signers_get_certificates(&silent).await;
        let (code, file) = sealed(&silent).await;
        silent.delivers().await;
        assert_eq!(silent.minutes_later(1).await, 1, "the job fails and waits");
        assert_eq!(printed(&silent, &code).await, file);
        let mut chairman = desk::browser(&silent, CHAIRMAN).await;
        chairman.opens(&desk::page(&code)).await.expect(200);
        desk::says(&chairman, "Chữ ký mức B-B; đã thử nâng 1 lần chưa được, hệ thống sẽ thử lại");

        // The next one in the list answers, over HTTP.
        let far = served(&silent).await;
        let source = |word| trust::time_stamps::Source::read(word).expect("an address");
        let sources = [dead, far.as_str()].map(source);
        let mut opened = silent.opened.onestop.clone();
        let trusted = opened.trust.clone().expect("it signs");
        opened.trust = Some(trusted.with_time_stamps(sources.to_vec()));
        let now = silent.hand.advance(std::time::Duration::from_secs(3600));
        let handlers = onestop::jobs(&opened);
        let done = db::jobs::run_due(&silent.opened.site.db, &handlers, now).await;
        assert_eq!(done.expect("the store answers").failed, 0);
        let raised = printed(&silent, &code).await;
        assert!(raised.starts_with(&file));
        assert_eq!(levels(&raised), [Level::BLT, Level::BLT]);
    });
}

/// An authority that is asked and says nothing until it is told to.
struct Slow {
    address: String,
    asked: Arc<Notify>,
    go: Arc<Notify>,
}

/// The town's own authority behind a door that stays shut for the time being.
async fn slow(town: &Town) -> Slow {
    let (asked, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (behind, told, shut) = (town.opened.router.clone(), asked.clone(), go.clone());
    let stamp = move |body: axum::body::Bytes| {
        let (behind, told, shut) = (behind.clone(), told.clone(), shut.clone());
        async move {
            told.notify_one();
            shut.notified().await;
            let kind = "application/timestamp-query";
            let mut who = suite::person::Person::inside(behind);
            let answer = who.sends(axum::http::Method::POST, "/pki/tsa", Some(kind), body).await;
            ([("content-type", "application/timestamp-reply")], answer.body)
        }
    };
    let address = opens(axum::Router::new().route("/tsa", axum::routing::post(stamp))).await;
    Slow { address: format!("http://{address}/tsa"), asked, go }
}

async fn opens(router: axum::Router) -> std::net::SocketAddr {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("it listens");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// The raising job with these authorities, and patience with the first until it was asked; how many failed.
async fn raised_by(town: &Town, sources: [&str; 2], asked: &Arc<Notify>) -> u64 {
    let sources = sources.map(|word| trust::time_stamps::Source::read(word).expect("an address"));
    let asked = asked.clone();
    let patience = trust::time_stamps::Patience::ended_by(move || {
        let asked = asked.clone();
        Box::pin(async move { asked.notified().await })
    });
    let mut opened = town.opened.onestop.clone();
    let trusted = opened.trust.clone().expect("it signs");
    opened.trust = Some(trusted.with_time_stamps(sources.to_vec()).with_patience(patience));
    let now = town.hand.advance(std::time::Duration::from_secs(60));
    let done = db::jobs::run_due(&town.opened.site.db, &onestop::jobs(&opened), now).await;
    done.expect("the store answers").failed
}

#[test]
fn a_slow_authority_holds_nobody_up_and_is_heard_when_the_other_one_fails() {
    both(async |t| {
        let town = Town::of(&t).await;
        signers_get_certificates(&town).await;
        // The first says nothing at all; the second is asked beside it, and its answer is taken.
        let (code, _) = sealed(&town).await;
        let (silent, far) = (slow(&town).await, served(&town).await);
        assert_eq!(raised_by(&town, [&silent.address, &far], &silent.asked).await, 0);
        let raised = result(&town, &code).await;
        assert_eq!(levels(&raised), [Level::BLT, Level::BLT]);
        // Now it answers, and nobody is there any more.
        silent.go.notify_one();
        assert_eq!(raised_by(&town, [&silent.address, &far], &silent.asked).await, 0);
        assert_eq!(result(&town, &code).await, raised);

        // The second refuses, and has the first one answer after it.
        let (code, file) = sealed(&town).await;
        let late = slow(&town).await;
        let go = late.go.clone();
        let refuse = move || {
            let go = go.clone();
            async move {
                go.notify_one();
                axum::http::StatusCode::SERVICE_UNAVAILABLE
            }
        };
        let refusing = opens(axum::Router::new().route("/tsa", axum::routing::post(refuse))).await;
        let refusing = format!("http://{refusing}/tsa");
        assert_eq!(raised_by(&town, [&late.address, &refusing], &late.asked).await, 0);
        let raised = printed(&town, &code).await;
        assert!(raised.starts_with(&file));
        assert_eq!(levels(&raised), [Level::BLT, Level::BLT], "however late, it was heard");
        town.audit_book_is_whole().await;
    });
}
