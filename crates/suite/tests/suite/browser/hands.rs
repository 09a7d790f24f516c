//! The hands: a clerk who takes a paper dossier without a mouse, an official who works by single keys,
//! a leader who signs on a phone.

use super::{Visit, visit};
use serde_json::json;
use suite::browser::WIDTHS;
use suite::town::people::*;
use suite::town::{files_a_birth, takes};

const ENTER: &str = "\u{e007}";
const TAB: &str = "\u{e004}";

/// What a scanner types of a card, with the Enter it sends at the end.
const CARD: &str = "086195000123||Trần Thị Bích Hạnh|12051995|Nữ|\
    Ấp Phước Lợi A, Phước Hậu, Long Hồ, Vĩnh Long|20052021\u{e007}";

/// Generous milliseconds for all pages of one reception, of the minute that it may last.
const SERVER_MS_MAX: f64 = 10_000.0;

/// How long the page before the viewer was waited for: from its request to its last byte, in milliseconds.
async fn waited(v: &Visit) -> f64 {
    let script = "const n = performance.getEntriesByType('navigation')[0]; \
                  return n.responseEnd - n.requestStart";
    v.browser.run(script, vec![]).await.as_f64().expect("a page knows how it came")
}

/// Presses keys one after another and counts them.
async fn types(v: &Visit, pressed: &mut usize, keys: &str) {
    *pressed += keys.chars().count();
    v.browser.keys(keys).await;
}

#[test]
fn a_paper_dossier_is_received_by_keyboard_alone_in_18_keys_and_four_pages() {
    visit(async |v| {
        let (b, mut pressed, mut pages, mut server) = (&v.browser, 0, 0, 0.0);
        v.signs_in(CLERK, "/mot-cua/cho-tiep-nhan").await;
        types(v, &mut pressed, "n").await;
        b.arrives("#thu-tuc:focus").await;
        pages += 1;
        server += waited(v).await;
        types(v, &mut pressed, "1.000894").await;
        types(v, &mut pressed, ENTER).await;
        b.arrives("#number:focus").await;
        pages += 1;
        server += waited(v).await;
        // The scanner's keys are nobody's work.
        b.keys(CARD).await;
        b.arrives("#all:focus").await;
        pages += 1;
        server += waited(v).await;
        for (name, value) in [
            ("number", "086195000123"),
            ("name", "Trần Thị Bích Hạnh"),
            ("address", "Ấp Phước Lợi A, Phước Hậu, Long Hồ, Vĩnh Long"),
        ] {
            assert_eq!(b.value(name).await, value, "{name} is filled from the card");
        }
        v.pictures("11-tiep-nhan-tai-quay", &WIDTHS, u32::MAX).await;
        types(v, &mut pressed, " ").await;
        types(v, &mut pressed, TAB).await;
        types(v, &mut pressed, TAB).await;
        types(v, &mut pressed, "8000").await;
        types(v, &mut pressed, ENTER).await;
        b.arrives(".a-vbar a:focus").await;
        pages += 1;
        server += waited(v).await;
        b.sees("Đã tiếp nhận hồ sơ, đã thu tiền và cấp biên lai.").await;
        let focused = b.run("return document.activeElement.pathname", vec![]).await;
        assert!(
            focused.as_str().is_some_and(|to| to.ends_with("/giay/receipt")),
            "{focused}: form 01 is next"
        );
        assert_eq!((pressed, pages), (18, 4), "keys pressed by a person, pages loaded");
        assert!(server > 0.0 && server < SERVER_MS_MAX, "the server took {server} ms of the minute");
        v.later(1).await;
    });
}

#[test]
fn a_birth_on_paper_is_typed_with_a_scanner_and_goes_to_the_certificate() {
    visit(async |v| {
        let b = &v.browser;
        let code = crate::paper::takes_a_birth(&v.town).await;
        v.signs_in(REGISTRAR, &format!("/mot-cua/ho-so/{code}")).await;
        b.sees("Tờ khai giấy còn").await;
        b.click("Trình ký").await;
        b.waits_for(".cl-errsum:focus").await;
        b.sees("Chưa trình ký được").await;
        b.goto(&format!("/mot-cua/ho-so/{code}")).await;
        b.keys("d").await;
        b.arrives("#mother_personal_number").await;
        b.fill("child_name", "Trần Minh Khôi").await;
        // A scanner types the mother's card into her number, with Enter at its end.
        let into = "document.querySelector('#mother_personal_number').focus()";
        b.run(into, vec![]).await;
        b.keys(CARD).await;
        b.arrives("#mother_personal_number[value='086195000123']").await;
        b.sees("Đã điền theo thẻ.").await;
        for (name, value) in [
            ("child_name", "Trần Minh Khôi"),
            ("mother_personal_number", "086195000123"),
            ("mother_name", "Trần Thị Bích Hạnh"),
            ("mother_birth_year", "1995"),
        ] {
            assert_eq!(b.value(name).await, value, "{name}");
        }
        v.pictures("15-nhap-to-khai", &WIDTHS, 1700).await;
        for (part, value) in [("ngay", "31"), ("thang", "2"), ("nam", "2026")] {
            b.fill(&format!("child_birth_date.{part}"), value).await;
        }
        b.click("Lưu nội dung tờ khai").await;
        b.waits_for(".cl-errsum:focus").await;
        for (name, value) in crate::paper::birth_pairs() {
            match name {
                "declarant_relation" | "birth_case" | "child_sex" | "birth_place" | "mother_stated"
                | "father_stated" | "copies_wanted" => b.tick(name, value).await,
                "pledge" => b.tick(name, "1").await,
                _ => b.fill(name, value).await,
            }
        }
        b.click("Lưu nội dung tờ khai").await;
        b.sees("Đã lưu nội dung tờ khai.").await;
        b.click("Trình ký").await;
        b.sees("Đã trình ký.").await;
        v.later(1).await;
    });
}

#[test]
fn an_official_works_by_single_keys_that_take_no_step_by_themselves() {
    visit(async |v| {
        let b = &v.browser;
        let code = files_a_birth(&mut v.town.token(CITIZEN).await).await;
        v.signs_in(CLERK, &format!("/mot-cua/ho-so/{code}")).await;
        b.keys("t").await;
        b.waits_for("button[data-key=T]:focus").await;
        assert_eq!(v.words_of(".cl-st").await[0], "Mới đăng ký", "a key alone takes no step");
        b.keys(ENTER).await;
        b.arrives(".cl-note--ok").await;
        b.sees("Đã tiếp nhận hồ sơ.").await;
        v.later(1).await;
        b.keys("?").await;
        b.arrives("dialog.cl-keys[open]").await;
        b.sees("Chuyển xử lý (tới nút, Enter để làm)").await;
        b.click("Đóng").await;
        b.keys("b").await;
        b.arrives("#note").await;
        assert!(b.path().await.contains("/yeu-cau-bo-sung"), "{}", b.path().await);
        // While somebody writes, letters are letters.
        b.fill("note", "chuyển ").await;
        let note = "document.querySelector('#note').focus()";
        b.run(note, vec![]).await;
        b.keys("uct").await;
        assert!(b.value("note").await.ends_with("uct"), "{}", b.value("note").await);
        let away = "document.querySelector('#note').blur()";
        b.run(away, vec![]).await;
        b.keys("u").await;
        b.arrives(".a-flow").await;
        b.keys("c").await;
        b.waits_for("button[data-key=C]:focus").await;
        b.keys(ENTER).await;
        b.arrives(".cl-note--ok").await;
        b.sees("Đã chuyển hồ sơ.").await;
        v.later(1).await;
    });
}

#[test]
fn a_leader_signs_on_a_phone_after_reading_the_draft() {
    visit(async |v| {
        let b = &v.browser;
        let code = files_a_birth(&mut v.town.token(CITIZEN).await).await;
        let mut clerk = v.town.token(CLERK).await;
        takes(&mut clerk, &code, "receive", json!({})).await;
        takes(&mut clerk, &code, "pass_on", json!({})).await;
        takes(&mut v.town.token(REGISTRAR).await, &code, "submit_for_signature", json!({})).await;
        v.later(5).await;
        // Whoever may not sign has no draft to read.
        clerk.gets(&format!("/mot-cua/ho-so/{code}/du-thao")).await.expect(404);
        let mut chairman = v.town.token(CHAIRMAN).await;
        let draft = chairman.gets(&format!("/mot-cua/ho-so/{code}/du-thao")).await.expect(200).body;
        assert!(draft.starts_with(b"%PDF-"));

        b.hold(390).await;
        v.signs_in(CHAIRMAN, "/mot-cua/cho-ky").await;
        v.pictures("12-lanh-dao-cho-ky", &[390], u32::MAX).await;
        assert!(reach(v, ".a-tbl a.nowrap").await >= 38.0, "a code is hit by a thumb");
        b.click(&code).await;
        v.pictures("13-lanh-dao-ho-so", &[390], 1500).await;
        assert!(reach(v, ".a-acts .ds-button").await >= 48.0);
        let first = "return document.querySelector('.a-acts').getBoundingClientRect().top < \
                     document.querySelector('#giay-to').getBoundingClientRect().top";
        assert_eq!(b.run(first, vec![]).await, true, "what is to be done stands before the papers");
        b.click("Ký quyết định").await;
        b.sees("Xem trước kết quả").await;
        v.pictures("14-lanh-dao-ky", &[390], u32::MAX).await;
        assert!(reach(v, "main .ds-button").await >= 48.0);
        assert!(reach(v, ".k-opt .ds-label[for]").await >= 40.0);
        b.click("Ký quyết định").await;
        b.waits_for(".cl-errsum:focus").await;
        b.tick("outcome", "granted").await;
        b.click("Ký quyết định").await;
        b.sees("Đã ký.").await;
        v.later(1).await;
        chairman.gets(&format!("/mot-cua/ho-so/{code}/du-thao")).await.expect(404);
    });
}

/// The height in pixels of the lowest element that a selector names, of those shown.
async fn reach(v: &Visit, css: &str) -> f64 {
    let script = "return Math.min(...[...document.querySelectorAll(arguments[0])]\
                  .map(e => e.getBoundingClientRect().height).filter(h => h > 0))";
    v.browser.run(script, vec![css.into()]).await.as_f64().unwrap_or_default()
}
