//! A week at a busy counter: what its list shows, the dossier with its papers, and what everybody
//! sees of it.

use super::{Visit, visit};
use axum::http::Method;
use serde_json::json;
use suite::browser::{Browser, WIDTHS};
use suite::person::Upload;
use suite::town::people::*;
use suite::town::{COMMUNE, birth_answers, lacks_of_all, morning, sees, takes};

/// Day of the week's story, who comes to the counter, for what.
const COMERS: [(i64, &str, &str, &str); 8] = [
    (0, "Lê Văn Đởm", "086065001234", "1.004873"),
    (0, "Huỳnh Thị Mỹ Lệ", "086172004321", "1.001731"),
    (4, "Võ Thị Kim Ngỡi", "086181000777", "1.004884"),
    (4, "Kim Thị Sô Phe", "086158002468", "1.014028"),
    (5, "Thạch Sa Rây", "086079003579", "1.004222"),
    (6, "Nguyễn Phước Hữu", "086088001111", "1.001612"),
    (6, "Sơn Thị Ngọc Ẩn", "086166009876", "1.001776"),
    (6, "Đỗ Ngọc Ửng", "086091005555", "1.010038"),
];

/// The procedure for which somebody came without all papers.
const LACKS_A_PAPER: &str = "1.001612";

#[test]
fn a_busy_counter_sees_what_is_most_urgent_first() {
    visit(async |v| {
        let scan = scanned_paper(v).await;
        let mut codes = Vec::new();
        for (day, name, number, procedure) in COMERS {
            v.on_day(day).await;
            codes.push(takes_at_the_counter(v, name, number, procedure).await);
        }
        v.on_day(7).await;
        let births = [files_with(v, CITIZEN, &scan).await, files_with(v, NEIGHBOUR, &scan).await];
        let settled = files_with(v, CITIZEN, &scan).await;
        v.later(20).await;
        settles(v, &settled).await;
        let mut clerk = v.town.token(CLERK).await;
        takes(&mut clerk, &births[0], "receive", json!({})).await;
        let said = json!({ "note": "Đủ thành phần hồ sơ, đề nghị đối chiếu giấy chứng sinh." });
        takes(&mut clerk, &births[0], "pass_on", said).await;
        v.later(15).await;

        lists(v, &codes).await;
        one_dossier(v, &births[0]).await;
        outside(v, &births[0]).await;
    });
}

impl Visit {
    /// The morning some days after the story's first.
    async fn on_day(&self, day: i64) {
        let left = self.town.opened.site.clock.now().minutes_until(morning().plus_days(day));
        self.later(left.try_into().unwrap_or(0)).await;
    }
}

/// Somebody without an account brings papers; the clerk receives them and passes them on,
/// or asks for what is missing.
async fn takes_at_the_counter(v: &Visit, name: &str, number: &str, procedure: &str) -> String {
    let mut clerk = v.town.token(CLERK).await;
    let body = json!({
        "procedure": procedure,
        "unit": COMMUNE,
        "applicant": { "name": name, "personal_number": number },
    });
    let filed = clerk.calls(Method::POST, "/api/v1/dossiers", Some(&body)).await.expect(201).json();
    let code = filed["code"].as_str().expect("a filing answers with a code").to_string();
    takes(&mut clerk, &code, "receive", json!({})).await;
    if procedure == LACKS_A_PAPER {
        let paper = sees(&mut clerk, &code).await["steps"]
            .as_array()
            .and_then(|steps| steps.iter().find(|step| step["step"] == "ask_supplement"))
            .and_then(|ask| {
                ask["schema"]["properties"]["marks"]["properties"].as_object()?.keys().next().cloned()
            })
            .expect("the procedure asks for papers");
        let ask = lacks_of_all(&mut clerk, &code, &paper, "Bổ sung bản sao hợp đồng thuê mặt bằng.").await;
        takes(&mut clerk, &code, "ask_supplement", ask).await;
    } else {
        takes(&mut clerk, &code, "pass_on", json!({})).await;
    }
    v.later(7).await;
    code
}

/// A birth filed online with a scanned paper.
async fn files_with(v: &Visit, login: &str, scan: &[u8]) -> String {
    let mut who = v.town.token(login).await;
    let file =
        Upload {
            field: "file", file_name: "Giấy chứng sinh.png", content_type: "image/png", bytes: scan
        };
    let upload = who.uploads("/api/v1/uploads", file).await.expect(201).json()["id"].clone();
    let body = json!({
        "procedure": "1.001193",
        "unit": COMMUNE,
        "answers": birth_answers(),
        "uploads": [{ "component": "birth-record", "upload": upload }],
    });
    let filed = who.calls(Method::POST, "/api/v1/dossiers", Some(&body)).await.expect(201).json();
    v.later(4).await;
    filed["code"].as_str().expect("a filing answers with a code").to_string()
}

async fn settles(v: &Visit, code: &str) {
    let mut clerk = v.town.token(CLERK).await;
    takes(&mut clerk, code, "receive", json!({})).await;
    takes(&mut clerk, code, "pass_on", json!({})).await;
    takes(&mut v.town.token(REGISTRAR).await, code, "submit_for_signature", json!({})).await;
    takes(&mut v.town.token(CHAIRMAN).await, code, "decide", json!({ "outcome": "granted" })).await;
    v.later(1).await;
}

async fn lists(v: &Visit, codes: &[String]) {
    let b = &v.browser;
    v.signs_in(CLERK, "/mot-cua/dang-xu-ly").await;
    let shown = v.words_of(".a-tbl tbody a.nowrap").await;
    assert_eq!(shown[0], codes[0], "what is late stands first");
    assert_eq!(shown[1], codes[1], "then what is due today");
    let pills = v.words_of(".a-tbl .cl-due").await;
    assert!(pills[0].starts_with("Quá hạn"), "{pills:?}");
    assert!(pills.iter().any(|pill| pill.starts_with("Còn")), "{pills:?}");
    v.pictures("05-danh-sach-ho-so", &WIDTHS, 1700).await;
    for list in ["qua-han", "sap-den-han", "cho-bo-sung", "cho-tra-ket-qua", "da-xong"] {
        b.goto(&format!("/mot-cua/{list}")).await;
    }
    b.goto("/mot-cua/dang-xu-ly?q=do+ngoc+ung").await;
    assert_eq!(v.words_of(".a-tbl tbody a.nowrap").await, [codes[7].as_str()]);
    b.goto("/mot-cua/dang-xu-ly?q=khong+co+ai").await;
    b.sees("Không có hồ sơ nào khớp bộ lọc.").await;
    b.goto(&format!("/mot-cua/tim?q={}", codes[2])).await;
    b.sees("Võ Thị Kim Ngỡi").await;
}

async fn one_dossier(v: &Visit, code: &str) {
    let b = &v.browser;
    v.signs_in(REGISTRAR, "/mot-cua/dang-xu-ly").await;
    b.click(code).await;
    // The paper is a picture, shown in the page.
    let drawn = "const i = document.querySelector('.a-view img'); return i ? i.naturalWidth : 0";
    let width = b.run(drawn, vec![]).await.as_i64();
    assert!(width > Some(300), "the scan is shown, not {width:?}");
    v.pictures("06-ho-so", &[1280], 1600).await;
}

async fn outside(v: &Visit, code: &str) {
    let b = &v.browser;
    b.forget().await;
    b.goto(&format!("/tra-cuu?ma={code}")).await;
    assert_eq!(v.words_of(".cl-status h2").await, ["Đang xử lý"]);
    v.pictures("04-tra-cuu", &[1280], u32::MAX).await;
    b.goto("/").await;
    v.pictures("01-trang-chu", &WIDTHS, u32::MAX).await;
    b.sees("Giải quyết đúng hạn").await;
}

/// A paper as a scanner gives it, drawn by the browser itself.
async fn scanned_paper(v: &Visit) -> Vec<u8> {
    const SHEET: &str = r#"<!doctype html><html lang="vi"><meta charset="utf-8"><title>Giấy chứng sinh</title>
<body style="margin:0;padding:44px 52px;width:516px;font:17px/1.75 Tinos,'Liberation Serif',serif;
background:#fdfcf7">
<p style="text-align:center;margin:0"><b>SỞ Y TẾ VĨNH LONG</b><br><b>BỆNH VIỆN ĐA KHOA VĨNH LONG</b></p>
<h1 style="text-align:center;font-size:27px;margin:26px 0 20px">GIẤY CHỨNG SINH</h1>
<p style="margin:0">Họ và tên mẹ: Trần Thị Bích Hạnh<br>Năm sinh: 1996<br>
Nơi cư trú: Ấp Phước Lợi A, xã Phước Hậu<br>
Đã sinh con vào lúc: 04 giờ 35 phút, ngày 10 tháng 08 năm 2026<br>
Tại: Bệnh viện đa khoa Vĩnh Long<br>Số con trong lần sinh này: 01<br>Giới tính của con: Nam<br>
Cân nặng: 3.200 g<br>Hiện trạng sức khỏe của con: Khỏe mạnh<br>Dự kiến đặt tên con là: Nguyễn Minh Khôi</p>
<p style="text-align:right;margin:26px 0 90px"><i>Vĩnh Long, ngày 11 tháng 08 năm 2026</i><br>
<b>Người đỡ đẻ</b></p>"#;
    let sheet = v.file("giay-chung-sinh.html", SHEET.as_bytes());
    let artist = Browser::start("file://").await;
    artist.visit_without_judging(&sheet.to_string_lossy()).await;
    let picture = artist.picture(v.folder.path(), "giay-chung-sinh", 620, 877).await;
    artist.close().await;
    std::fs::read(picture).expect("the picture was saved")
}
