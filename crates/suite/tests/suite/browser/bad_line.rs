//! A citizen on a line that breaks: the page's module sends a paper in pieces and goes on by itself.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::{Visit, real_pdf, visit, visit_through};
use axum::Router;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;
use db::{Tx, args};
use serde_json::json;
use suite::town::people::*;
use suite::town::{files_a_birth, lacks, sees, takes};

/// Every third piece is lost on its way.
fn breaking(router: Router) -> Router {
    static PIECES: AtomicU32 = AtomicU32::new(1);
    router.layer(from_fn(async |request: Request, next: Next| {
        let lost =
            request.method() == Method::PATCH && PIECES.fetch_add(1, Ordering::Relaxed).is_multiple_of(3);
        if lost { StatusCode::BAD_GATEWAY.into_response() } else { next.run(request).await }
    }))
}

#[test]
fn a_paper_goes_up_over_a_line_that_breaks() {
    visit_through(breaking, async |v: &Visit| {
        let b = &v.browser;
        v.signs_in(CITIZEN, "/nop-ho-so/2.000815").await;
        b.goto("/nop-ho-so/2.000815?noi=phuoc+hau").await;
        let unit = "const u = document.querySelector('input[name=unit]');\
            if (u.type === 'radio') u.checked = true; u.form.submit()";
        b.run(unit, vec![]).await;
        b.arrives(".cl-stepnav").await;
        let page = b.path().await;
        let draft = page.rsplit_once('/').expect("a draft has pages").0.to_string();

        // Typed, and the page left without any button: it is kept, and there again.
        b.fill("document_name", "Bằng tốt nghiệp").await;
        assert!(kept(v, "Bằng tốt nghiệp").await, "what was typed was not kept by itself");
        b.fill("document_name", "Bằng đại học").await;
        b.goto("/ho-so-cua-toi").await;
        assert!(kept(v, "Bằng đại học").await, "what was typed last was lost on leaving");
        b.goto(&page).await;
        assert_eq!(b.value("document_name").await, "Bằng đại học");

        b.goto(&format!("{draft}/giay-to")).await;
        let mut bytes = real_pdf("Giay chung sinh");
        bytes.resize(2_500_000, b'\n');
        let paper = v.file("Giấy chứng sinh.pdf", &bytes);
        b.upload_by_id("original", &paper).await;
        b.click("Tải lên cho Bản chính giấy tờ, văn bản").await;
        b.sees("Giấy chứng sinh.pdf").await;
        b.sees("PDF · 2,4 MB").await;

        // A file that is none of ours is refused in the page, with the reason.
        let other = v.file("virus.exe", b"MZ\x90\x00 nothing of ours");
        b.upload_by_id("original", &other).await;
        let press = "document.querySelector('form[data-component=original] button').click()";
        b.run(press, vec![]).await;
        b.arrives("[data-part=error]:not([hidden])").await;
        b.sees("virus.exe").await;
    });
}

#[test]
fn a_supplement_goes_up_over_a_line_that_breaks() {
    visit_through(breaking, async |v: &Visit| {
        let b = &v.browser;
        let code = files_a_birth(&mut v.town.token(CITIZEN).await).await;
        let mut clerk = v.town.token(CLERK).await;
        takes(&mut clerk, &code, "receive", json!({})).await;
        let ask = lacks("identity", "Bổ sung giấy tờ tùy thân");
        takes(&mut clerk, &code, "ask_supplement", ask).await;
        v.enters(CITIZEN, &format!("/ho-so-cua-toi/{code}")).await;
        let mut bytes = real_pdf("Can cuoc");
        bytes.resize(2_500_000, b'\n');
        let paper = v.file("Căn cước.pdf", &bytes);
        b.fill("note", "Đã chụp lại.").await;
        b.upload_by_id("identity", &paper).await;
        b.click("Nộp bổ sung").await;
        b.sees("Đã chụp lại.").await;
        b.sees("Căn cước.pdf").await;
        let seen = sees(&mut v.town.token(CITIZEN).await, &code).await;
        assert_eq!(seen["status"], 2, "it goes on");
    });
}

/// Ends every session of this account behind the browser's back.
async fn is_signed_out(v: &Visit, login: &'static str) {
    let now = v.town.opened.site.clock.now();
    let end = async move |tx: &mut Tx| -> db::Result<()> {
        let account = directory::account::store::find_secret(tx, login).await?.ok_or(db::Error::NotFound)?;
        web::session::end_all(tx, &account.id.to_string(), now).await.map(drop)
    };
    v.town.opened.site.db.upkeep(end).await.expect("the store answers");
}

#[test]
fn whoever_types_after_the_session_has_ended_is_told_and_loses_nothing() {
    visit(async |v: &Visit| {
        let b = &v.browser;
        v.enters(CITIZEN, "/nop-ho-so/2.000815?noi=phuoc+hau").await;
        let unit = "const u = document.querySelector('input[name=unit]');\
            if (u.type === 'radio') u.checked = true; u.form.submit()";
        b.run(unit, vec![]).await;
        b.arrives(".cl-stepnav").await;
        b.fill("document_name", "Bằng tốt nghiệp").await;
        assert!(kept(v, "Bằng tốt nghiệp").await, "while signed in it is kept");

        is_signed_out(v, CITIZEN).await;
        b.fill("document_name", "Bằng đại học").await;
        b.sees("Chưa lưu phần vừa điền").await;
        b.waits_for("[data-part=sign-in]:not([hidden])").await;
        let door =
            "const a = document.querySelector('[data-part=sign-in]'); return a.target + ' ' + a.pathname";
        assert_eq!(b.run(door, vec![]).await, "_blank /dang-nhap");

        // Signed in again elsewhere in the same browser: back on this page, what was typed is kept.
        let session = crate::desk::session_of(&v.town, CITIZEN).await;
        b.hold_cookie(web::session::COOKIE, &session).await;
        b.run("window.dispatchEvent(new Event('focus'))", vec![]).await;
        assert!(kept(v, "Bằng đại học").await, "what was typed without a session was lost");
        b.waits_for("[data-part=sign-in][hidden]").await;
        assert_eq!(b.value("document_name").await, "Bằng đại học");
        // And the page's own button works with the new session.
        b.click("Lưu và tiếp tục").await;
        b.arrives(".cl-stepnav").await;
    });
}

/// Whether a draft holds this answer, within some seconds.
async fn kept(v: &Visit, answer: &str) -> bool {
    for _ in 0..1_000 {
        let answers =
            async |tx: &mut Tx| tx.list::<String>("select answers from draft limit 9", args![]).await;
        let answers = v.town.opened.site.db.read(answers).await.expect("the drafts can be read");
        if answers.iter().any(|all| all.contains(answer)) {
            return true;
        }
        let pause = tokio::time::timeout(Duration::from_millis(10), std::future::pending::<()>());
        pause.await.expect_err("nothing comes of what never ends");
    }
    false
}
