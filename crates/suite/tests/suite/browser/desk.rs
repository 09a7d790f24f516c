//! The work list under the keys, and the officials' forms with their errors.

use super::visit;
use serde_json::json;
use suite::town::people::*;
use suite::town::{files_a_birth, takes};

#[test]
fn the_work_list_is_walked_by_keys() {
    visit(async |v| {
        let b = &v.browser;
        let mut an = v.town.token(CITIZEN).await;
        let mut codes = Vec::new();
        for _ in 0..3 {
            codes.push(files_a_birth(&mut an).await);
            v.later(1).await;
        }
        v.signs_in(CLERK, "/mot-cua/cho-tiep-nhan").await;
        assert_eq!(v.words_of(".a-tbl tbody a.nowrap").await, codes, "the most urgent first");
        for (key, code) in [("j", &codes[0]), ("j", &codes[1]), ("j", &codes[2]), ("k", &codes[1])] {
            b.keys(key).await;
            let here = v.words_of(".a-tbl tr.cur a:focus").await;
            assert_eq!(here, [code.as_str()], "{key}");
        }
        b.keys("?").await;
        b.arrives("dialog.cl-keys[open]").await;
        b.click("Đóng").await;
        b.keys("\u{e007}").await; // Enter
        b.arrives(".a-flow").await;
        b.sees(&codes[1]).await;
        b.sees("2 trong 3").await;
        b.keys("u").await;
        b.arrives(".a-tbl").await;
        assert_eq!(b.path().await, "/mot-cua/cho-tiep-nhan");
    });
}

#[test]
fn what_an_official_must_say_is_asked_for() {
    visit(async |v| {
        let b = &v.browser;
        let mut an = v.town.token(CITIZEN).await;
        let code = files_a_birth(&mut an).await;
        v.signs_in(CLERK, &format!("/mot-cua/ho-so/{code}")).await;
        b.click("Yêu cầu bổ sung").await;
        b.click("Yêu cầu bổ sung").await;
        b.waits_for(".cl-errsum:focus").await;
        b.tick("marks.identity", "missing").await;
        b.tick("reason", "papers").await;
        b.fill("note", "Bổ sung giấy tờ tùy thân của người yêu cầu.").await;
        b.click("Yêu cầu bổ sung").await;
        b.sees("Đã gửi yêu cầu bổ sung.").await;
        v.later(1).await;
        b.goto(&format!("/mot-cua/ho-so/{code}/rut")).await;
        b.goto("/mot-cua/tiep-nhan-moi?q=khai+sinh").await;
        b.click("Đăng ký khai sinh").await;
        b.click("Tiếp nhận, cấp giấy hẹn").await;
        b.waits_for(".cl-errsum:focus").await;

        v.signs_in(CITIZEN, &format!("/ho-so-cua-toi/{code}")).await;
        b.click("Nộp bổ sung").await;
        b.waits_for(".cl-errsum:focus").await;
        b.click("Rút hồ sơ").await;

        // Asked to pay, and a page that is no longer true.
        let code = files_a_birth(&mut an).await;
        let mut clerk = v.town.token(CLERK).await;
        v.signs_in(CLERK, &format!("/mot-cua/ho-so/{code}")).await;
        takes(&mut clerk, &code, "receive", json!({})).await;
        takes(&mut clerk, &code, "ask_fee", json!({ "amount": 8000 })).await;
        b.click("Tiếp nhận hồ sơ").await;
        v.later(1).await;
        v.signs_in(CITIZEN, &format!("/ho-so-cua-toi/{code}")).await;
        b.sees("8.000").await;
    });
}
