//! Signed results are raised in the background: a time-stamp, then the evidence, from our own authority or
//! from one that answers over the network.

use db::testing::both;
use pdfsig::Level;
use suite::town::people::*;
use suite::town::{Town, takes};

use super::{PIN, RECORDS, judged_by_others, printed, result, signers_get_certificates, signs};
use crate::{after_result, desk};

/// A result with signature and seal; its file.
async fn sealed(town: &Town) -> (String, Vec<u8>) {
    let code = after_result::decided(town, "counter").await;
    for login in [CHAIRMAN, RECORDS] {
        signs(&mut desk::browser(town, login).await, PIN).await.expect(303);
    }
    let file = result(town, &code).await;
    (code, file)
}

/// The level of each signature that is no time-stamp over the document.
fn levels(file: &[u8]) -> Vec<Level> {
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

        // Nothing more is done to it.
        assert_eq!(town.minutes_later(90).await, 0);
        assert_eq!(result(&town, &code).await, raised);
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
