//! The session ends while somebody writes: the words are there again after signing in, also of forms that
//! are sent with files.

use db::Tx;
use db::testing::both;
use serde_json::json;
use suite::person::{Person, Upload};
use suite::town::people::*;
use suite::town::*;
use web::session;

use crate::desk::{browser, says, session_of};

/// Ends every session of this account.
async fn is_signed_out(town: &Town, login: &'static str) {
    let now = town.opened.site.clock.now();
    let end = async move |tx: &mut Tx| -> db::Result<()> {
        let account = directory::account::store::find_secret(tx, login).await?.ok_or(db::Error::NotFound)?;
        session::end_all(tx, &account.id.to_string(), now).await.map(drop)
    };
    town.opened.site.db.upkeep(end).await.expect("the store answers");
}

/// Signs in again in the same browser.
async fn signs_in_again(town: &Town, who: &mut Person, login: &str) {
    who.says("cookie", &format!("{}={}", session::COOKIE, session_of(town, login).await));
}

/// Where the sign-in page leads afterwards.
fn back(location: &str) -> String {
    let at = location.strip_prefix("/dang-nhap?ve=%2Fgui-lai%2F").expect("it is kept");
    format!("/gui-lai/{}", at.split('&').next().expect("a token"))
}

#[test]
fn the_words_of_a_supplement_outlive_the_session_and_its_files_are_asked_for_again() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = files_a_birth(&mut town.token(CITIZEN).await).await;
        let mut clerk = town.token(CLERK).await;
        takes(&mut clerk, &code, "receive", json!({})).await;
        let wanted = lacks("birth-record", "Bản chụp mờ.");
        takes(&mut clerk, &code, "ask_supplement", wanted).await;
        let page = format!("/ho-so-cua-toi/{code}");
        let mut an = browser(&town, CITIZEN).await;
        an.opens(&page).await.expect(200);
        is_signed_out(&town, CITIZEN).await;

        let bytes = pdf("Giay chung sinh");
        let files = [Upload {
            field: "tep.birth-record",
            file_name: "giay.pdf",
            content_type: "application/pdf",
            bytes: &bytes,
        }];
        let note = [("note", "Đã chụp lại cho rõ.")];
        let sent = an.submits_files("Nộp bổ sung", &note, &files).await.expect(303);
        let again = back(sent.header("location"));
        // Nobody else gets it.
        let mut neighbour = browser(&town, NEIGHBOUR).await;
        neighbour.opens(&again).await.expect(404);
        signs_in_again(&town, &mut an, CITIZEN).await;
        an.opens(&again).await.expect(200);
        says(&an, "Chọn lại tệp giay.pdf");
        let done = an.submits_files("Gửi lại những gì đã nhập", &[], &files).await.expect(303);
        assert_eq!(done.header("location"), format!("{page}?bao=bo-sung"));
        an.opens(&page).await.expect(200);
        says(&an, "Đã chụp lại cho rõ.");
        assert_eq!(sees(&mut town.token(CITIZEN).await, &code).await["status"], 2);

        // A message without a file is sent with files too.
        is_signed_out(&town, CITIZEN).await;
        let words = [("text", "Bao giờ có kết quả?")];
        let sent = an.submits_files("Gửi lời nhắn", &words, &[]).await.expect(303);
        let again = back(sent.header("location"));
        signs_in_again(&town, &mut an, CITIZEN).await;
        an.opens(&again).await.expect(200);
        an.submits_files("Gửi lại những gì đã nhập", &[], &[]).await.expect(303);
        an.opens(&page).await.expect(200);
        says(&an, "Bao giờ có kết quả?");
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}
