//! The line to the national portal, on both databases, against a simulated other side that is slow, down,
//! repeats, reorders, answers nonsense and lies: at the end both sides know the same.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::Method;
use cuulong::config::National;
use db::testing::{both, on_postgres};
use onestop::national::simulator::{Fault, Faults};
use serde_json::{Value, json};
use suite::person::Person;
use suite::town::people::*;
use suite::town::*;

use crate::desk::browser;

const PAGE: &str = "/quan-tri/lien-thong-quoc-gia";

/// A birth from filing to the returned certificate, with a pause for papers.
pub async fn whole_life(town: &Town, minutes_between: u64) -> String {
    let code = files_a_birth(&mut town.token(CITIZEN).await).await;
    let steps = [
        (CLERK, "receive", json!({})),
        (CLERK, "ask_supplement", lacks("identity", "Bổ sung giấy tờ tùy thân")),
        (CLERK, "supplement", explains("identity", "Công dân đã xuất trình tại quầy")),
        (CLERK, "pass_on", json!({})),
        (REGISTRAR, "submit_for_signature", json!({})),
        (CHAIRMAN, "decide", json!({ "outcome": "granted" })),
        (CLERK, "return_result", json!({ "signed_by": "Nguyễn Văn Hòa" })),
    ];
    for (who, step, more) in steps {
        takes(&mut town.token(who).await, &code, step, more).await;
        if minutes_between > 0 {
            town.minutes_later(minutes_between).await;
        }
    }
    code
}

/// Whether the portal has this dossier with this status.
fn status_there(portal: &Portal, code: &str) -> String {
    let kept = portal.simulator.dossier(code);
    kept.map(|k| k.data["TrangThaiHoSo"].as_str().unwrap_or_default().to_string()).unwrap_or_default()
}

async fn behind(town: &Town) -> onestop::national::Lag {
    let site = &town.opened.site;
    onestop::national::lag(&site.db, site.clock.now()).await.expect("the store answers")
}

#[test]
fn every_step_is_told_there_once_and_in_order() {
    both(async |t| {
        let (town, portal) = Town::linked(&t, Faults::default()).await;
        town.minutes_later(0).await;
        let code = whole_life(&town, 10).await;
        assert_eq!(status_there(&portal, &code), "10");
        let there = portal.simulator.dossier(&code).expect("it is there");
        assert_eq!(there.order, [1, 2, 3, 4, 5, 6, 7, 8, 9], "every line, in order");
        assert_eq!(there.data["MaTTHC"], "1.001193");
        assert_eq!(there.data["ChuHoSo"], "Nguyễn Hữu Ẩn");
        assert_eq!(there.data["NgayTiepNhan"], "20260820090000");
        assert_eq!(there.data["KenhThucHien"], "2");
        assert_eq!(there.data["DanhSachHoSoBoSung"][0]["TrangThaiBoSung"], "1");
        assert_eq!(there.data["DanhSachGiayToKetQua"][0]["GiayToId"], "01/GKS");
        let heard = portal.simulator.heard();
        let mut once: BTreeMap<_, u32> = BTreeMap::new();
        for message in &heard {
            *once.entry(message.clone()).or_default() += 1;
        }
        assert!(once.values().all(|n| *n == 1), "each effect once: {once:?}");
        let lag = behind(&town).await;
        assert_eq!((lag.behind, lag.parked, lag.tasks), (0, 0, 0));
        assert!(lag.median_s.is_some_and(|s| s <= 600), "{lag:?}");
        town.audit_book_is_whole().await;
    });
}

/// Four births live under these faults; at the end nothing is behind, and what the balance sheet found
/// was put right by the administrator.
fn under(kinds: &'static [Fault], seed: u64) {
    both(async move |t| {
        let faults = Faults { slow_for: Duration::from_millis(1500), ..Faults::of(kinds, seed) };
        let (town, portal) = Town::linked(&t, faults).await;
        town.minutes_later(0).await;
        let mut codes = Vec::new();
        for _ in 0..4 {
            codes.push(whole_life(&town, 0).await);
        }
        rounds(&town).await;
        // The dossiers were told today: whatever is not as it was told, today's sheet finds.
        for _ in 0..4 {
            compares_today(&town).await;
            if behind(&town).await.tasks == 0 {
                break;
            }
            sends_all_again(&town).await;
            declines_nonsense(&town).await;
            rounds(&town).await;
        }
        let lag = behind(&town).await;
        let mut admin = browser(&town, ADMIN).await;
        admin.opens(PAGE).await.expect(200);
        let open = admin.page().outline();
        assert_eq!((lag.behind, lag.parked, lag.tasks), (0, 0, 0), "{kinds:?}: {open}");
        for code in &codes {
            assert_eq!(status_there(&portal, code), "10", "{kinds:?}");
            let there = portal.simulator.dossier(code).expect("it is there");
            assert_eq!(there.order, [1, 2, 3, 4, 5, 6, 7, 8, 9], "{kinds:?}: every line, in order");
        }
        assert_eq!(portal.simulator.count(), 4);
        town.audit_book_is_whole().await;
    });
}

/// Lets time pass until nothing is behind, at most two days of it.
async fn rounds(town: &Town) {
    for _ in 0..144 {
        town.minutes_later(20).await;
        if behind(town).await.behind == 0 {
            return;
        }
    }
    panic!("still behind after two days: {:?}", behind(town).await);
}

pub async fn compares_today(town: &Town) {
    for attempt in 0.. {
        let mut admin = browser(town, ADMIN).await;
        admin.opens(PAGE).await.expect(200);
        let today = town.opened.site.clock.today().to_string();
        admin.submits("Đối chiếu ngay", &[("ngay", &today)]).await.expect(303);
        // The list of the other side may fail like anything else; the job comes again.
        let mut failed = town.minutes_later(1).await;
        for _ in 0..8 {
            if failed == 0 {
                return;
            }
            failed = town.minutes_later(30).await;
        }
        assert!(attempt < 3, "no sheet could be made");
    }
}

/// Presses "send again" on every task of the page.
async fn sends_all_again(town: &Town) {
    let mut admin = browser(town, ADMIN).await;
    for _ in 0..20 {
        admin.opens(PAGE).await.expect(200);
        let Some(button) = button(&admin, "Gửi lại toàn bộ hồ sơ") else { return };
        admin.submits(&button, &[]).await.expect(303);
    }
}

/// What came in their list and is no dossier is a matter too: the administrator puts it away.
async fn declines_nonsense(town: &Town) {
    let mut admin = browser(town, ADMIN).await;
    for _ in 0..20 {
        admin.opens(PAGE).await.expect(200);
        let Some(button) = button(&admin, "Trả lời không nhận, kèm lý do ?") else { return };
        let why = [("note", "Không phải một hồ sơ.")];
        admin.submits(&button, &why).await.expect(303);
    }
}

/// The first button of the page that begins with these words: its end names what it is about.
fn button(who: &Person, words: &str) -> Option<String> {
    let outline = who.page().outline();
    let mut buttons = outline.lines().filter_map(|line| line.trim().strip_prefix("button "));
    buttons.find(|button| button.starts_with(words)).map(str::to_string)
}

#[test]
fn a_slow_side_is_told_everything() {
    under(&[Fault::Slow], 3);
}

#[test]
fn a_side_that_is_often_down_is_told_everything() {
    under(&[Fault::Down], 4);
}

#[test]
fn a_side_that_does_things_twice_is_told_everything() {
    under(&[Fault::Duplicate], 5);
}

#[test]
fn a_side_that_does_things_late_is_told_everything() {
    under(&[Fault::Reorder], 6);
}

#[test]
fn a_side_that_answers_nonsense_is_told_everything() {
    under(&[Fault::Wrong], 7);
}

#[test]
fn a_side_that_lies_is_found_out() {
    under(&[Fault::Lie], 8);
}

#[test]
fn a_side_with_every_fault_at_once_is_told_everything() {
    under(&Fault::ALL, 9);
}

#[test]
fn what_the_other_side_loses_or_changes_becomes_a_task_with_its_remedy() {
    both(async |t| {
        let (town, portal) = Town::linked(&t, Faults::default()).await;
        town.minutes_later(0).await;
        let (lost, changed) = (whole_life(&town, 0).await, whole_life(&town, 0).await);
        town.minutes_later(1).await;
        compares_today(&town).await;
        assert_eq!(behind(&town).await.tasks, 0, "both sides are level");

        portal.simulator.forget(&lost);
        portal.simulator.tamper(&changed, "TrangThaiHoSo", "4");
        portal.simulator.tamper(&changed, "NgayHenTra", "20260101000000");
        compares_today(&town).await;
        assert_eq!(behind(&town).await.tasks, 2);
        let mut admin = browser(&town, ADMIN).await;
        admin.opens(PAGE).await.expect(200);
        let text = admin.page().text();
        for words in [
            "Cổng quốc gia không có hồ sơ đã xác nhận",
            "Tình trạng hoặc ngày không khớp",
            "4. Đang xử lý",
            "00:00, 01/01/2026",
            lost.as_str(),
            changed.as_str(),
        ] {
            assert!(text.contains(words), "the page does not say {words:?}:\n{text}");
        }

        sends_all_again(&town).await;
        assert_eq!(behind(&town).await.tasks, 0);
        town.minutes_later(1).await;
        compares_today(&town).await;
        assert_eq!(behind(&town).await.tasks, 0, "put right");
        assert_eq!(
            (status_there(&portal, &lost), status_there(&portal, &changed)),
            ("10".into(), "10".into())
        );
        town.audit_book_is_whole().await;
    });
}

#[test]
fn silence_parks_nothing_and_nothing_is_lost_when_it_ends() {
    both(async |t| {
        let first = Town::of(&t).await;
        let clock = (first.opened.site.clock.clone(), first.hand.clone());
        // A port on which nobody listens any more.
        let port = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = port.local_addr().expect("it listens");
        drop(port);
        let line = National::to_simulator(format!("http://{address}"), "000.00.00.Z61");
        let town = Town::on(&t, t.db.clone(), clock.clone(), line).await;
        town.minutes_later(0).await;
        let code = whole_life(&town, 0).await;
        for _ in 0..60 {
            town.minutes_later(30).await;
        }
        let lag = behind(&town).await;
        assert_eq!((lag.behind, lag.parked), (1, 0), "silence is not the dossier's fault");
        assert!(lag.oldest_s >= 29 * 3600, "and it shows: {lag:?}");
        let text = browser(&town, ADMIN).await.opens(PAGE).await.expect(200).text();
        assert!(text.contains("Không trả lời từ <b>09:30, 20/08/2026</b>"), "{text}");

        let there = Portal::open_at(address, clock.0, Faults::default()).await;
        rounds(&town).await;
        assert_eq!(status_there(&there, &code), "10");
    });
}

#[test]
fn a_dossier_refused_again_and_again_waits_for_somebody() {
    both(async |t| {
        let (town, portal) = Town::linked(&t, Faults::default()).await;
        let clock = (town.opened.site.clock.clone(), town.hand.clone());
        // An address at which no such service is: every answer is a refusal.
        let line = National { service_path: "/nowhere".into(), ..portal.line() };
        let wrong = Town::on(&t, t.db.clone(), clock, line).await;
        wrong.minutes_later(0).await;
        let code = whole_life(&wrong, 0).await;
        for _ in 0..20 {
            wrong.minutes_later(60).await;
        }
        let lag = behind(&wrong).await;
        assert_eq!((lag.behind, lag.parked), (1, 1));

        let mut admin = browser(&town, ADMIN).await;
        let text = admin.opens(PAGE).await.expect(200).text();
        assert!(text.contains("đã dừng, chờ người xử lý") && text.contains(&code), "{text}");
        admin.submits(&format!("Gửi lại {code}"), &[]).await.expect(303);
        rounds(&town).await;
        assert_eq!(status_there(&portal, &code), "10");
        town.audit_book_is_whole().await;
    });
}

#[test]
fn two_reconcilers_on_one_database_do_not_send_twice() {
    on_postgres(async |t| {
        let (one, portal) = Town::linked(&t, Faults::default()).await;
        let two = one.again(&t, &portal).await;
        one.minutes_later(0).await;
        let mut codes = Vec::new();
        for _ in 0..6 {
            codes.push(whole_life(&one, 0).await);
        }
        one.delivers().await;
        tokio::join!(one.minutes_later(10), two.minutes_later(10));
        rounds(&one).await;
        let mut once: BTreeMap<(String, String, i64), u32> = BTreeMap::new();
        for message in portal.simulator.heard() {
            *once.entry(message).or_default() += 1;
        }
        let twice: Vec<_> = once.iter().filter(|(_, n)| **n > 1).collect();
        assert!(twice.is_empty(), "sent twice: {twice:?}");
        assert_eq!(portal.simulator.count(), codes.len());
        two.opened.site.db.close().await;
    });
}

/// A birth as the national portal hands it over.
pub fn birth_there(there: &str) -> Value {
    json!({
        "MaTTHC": "1.001193",
        "MaDonVi": COMMUNE,
        "NgayNop": there,
        "ChuHoSo": "Nguyễn Hữu Ẩn",
        "SoDinhDanh": CITIZEN,
        "SoDienThoai": "0912 345 678",
        "DiaChi": "Ấp Phước Lợi A, xã Phước Hậu",
        "TaiKhoanDuocXacThucVoiVNeID": "1",
        "DuLieuBieuMau": birth_answers(),
    })
}

#[test]
fn a_dossier_filed_there_is_received_here_once() {
    both(async |t| {
        let (town, portal) = Town::linked(&t, Faults::of(&[Fault::Duplicate, Fault::Down], 2)).await;
        let two = town.again(&t, &portal).await;
        town.minutes_later(0).await;
        let paper = Bytes::from(pdf("giấy chứng sinh"));
        let files = [("giay-chung-sinh.pdf", "birth-record", paper.clone())];
        // Handed in an hour before anybody here heard of it.
        let id = portal.simulator.take(birth_there("20260820081500"), &files);
        tokio::join!(town.minutes_later(10), two.minutes_later(10));
        for _ in 0..12 {
            tokio::join!(town.minutes_later(10), two.minutes_later(10));
        }
        let arrived = portal.simulator.arrival(&id).expect("it is there");
        let told = arrived.told.expect("the other side knows");
        assert_eq!(told["KetQua"], "1");
        let code = told["MaHoSo"].as_str().expect("our code").to_string();
        assert_eq!(code, "001.09.22.Z61-260820-0001");
        assert_eq!(
            told["HanTraLoi"], "20260821081500",
            "eight working hours from the moment it was filed there"
        );

        let mine = sees(&mut town.token(CITIZEN).await, &code).await;
        assert_eq!(mine["answer_by"], "2026-08-21T08:15:00+07:00", "the citizen sees the same clock");
        assert_eq!(mine["applicant"]["name"], "Nguyễn Hữu Ẩn");
        assert_eq!(mine["files"][0]["sha256"], json!(db::blobs::Hash::of(&paper).to_string()));
        let waiting = town.token(CLERK).await.calls(Method::GET, "/api/v1/desk?list=waiting", None).await;
        let waiting = waiting.expect(200).json();
        assert_eq!(waiting["items"].as_array().map(Vec::len), Some(1), "once: {waiting}");

        takes(&mut town.token(CLERK).await, &code, "receive", json!({})).await;
        rounds(&town).await;
        assert_eq!(status_there(&portal, &code), "2");
        let there = portal.simulator.dossier(&code).expect("it is told back");
        assert_eq!(
            (&there.data["NoiNopHoSo"], &there.data["TaiKhoanDuocXacThucVoiVNeID"]),
            (&json!("1"), &json!("1"))
        );
        two.opened.site.db.close().await;
        town.audit_book_is_whole().await;
    });
}

#[test]
fn what_cannot_be_taken_is_kept_with_its_reason_and_answered() {
    both(async |t| {
        let (town, portal) = Town::linked(&t, Faults::default()).await;
        town.minutes_later(0).await;
        let file = |words: &str| Bytes::from(pdf(words));
        let mut unknown = birth_there("20260820080000");
        unknown["MaTTHC"] = json!("9.999999");
        let unknown = portal.simulator.take(unknown, &[]);
        let spoiled = portal
            .simulator
            .take(birth_there("20260820080000"), &[("chung-sinh.pdf", "birth-record", file("một"))]);
        portal.simulator.spoil(&spoiled);
        let program = Bytes::from_static(b"MZ a program");
        let program =
            portal.simulator.take(birth_there("20260820080000"), &[("a.pdf", "birth-record", program)]);
        let mut unanswered = birth_there("20260820080000");
        unanswered["DuLieuBieuMau"]["child_name"] = json!("");
        let unanswered =
            portal.simulator.take(unanswered, &[("chung-sinh.pdf", "birth-record", file("hai"))]);
        let mut elsewhere = birth_there("20260820080000");
        elsewhere["TaiLieuNop"] = json!([{
            "TenTepDinhKem": "x.pdf", "MaThanhPhanHoSo": "birth-record",
            "DuongDanTaiTepTin": "http://127.0.0.1:1/x.pdf",
        }]);
        let elsewhere = portal.simulator.take(elsewhere, &[]);
        let good = portal
            .simulator
            .take(birth_there("20260820080000"), &[("chung-sinh.pdf", "birth-record", file("ba"))]);
        town.minutes_later(10).await;
        town.minutes_later(10).await;

        assert!(
            portal.simulator.arrival(&good).is_some_and(|a| a.told.is_some()),
            "the good one went through"
        );
        let lag = behind(&town).await;
        assert_eq!((lag.tasks, lag.arriving), (5, 0));
        let mut admin = browser(&town, ADMIN).await;
        admin.opens(PAGE).await.expect(200);
        let text = admin.page().text();
        for words in [
            "Tỉnh không có thủ tục mang mã “9.999999”",
            "Tệp “chung-sinh.pdf” bị hỏng",
            "Tệp “a.pdf” không phải PDF",
            "Không tải được tệp “x.pdf”",
            unknown.as_str(),
            spoiled.as_str(),
            program.as_str(),
            unanswered.as_str(),
            elsewhere.as_str(),
        ] {
            assert!(text.contains(words), "the page does not say {words:?}:\n{text}");
        }
        // The day's numbers were not used up by what could not be taken.
        let told = portal.simulator.arrival(&good).and_then(|a| a.told).expect("answered");
        assert_eq!(told["MaHoSo"], "001.09.22.Z61-260820-0001");
        town.audit_book_is_whole().await;
    });
}

#[test]
fn what_cannot_be_taken_is_answered_or_tried_again() {
    both(async |t| {
        let (town, portal) = Town::linked(&t, Faults::default()).await;
        town.minutes_later(0).await;
        let mut unknown = birth_there("20260820080000");
        unknown["MaTTHC"] = json!("9.999999");
        let unknown = portal.simulator.take(unknown, &[]);
        let paper = Bytes::from(pdf("một"));
        let spoiled = portal
            .simulator
            .take(birth_there("20260820080000"), &[("chung-sinh.pdf", "birth-record", paper)]);
        portal.simulator.spoil(&spoiled);
        town.minutes_later(10).await;
        assert_eq!(behind(&town).await.tasks, 2);

        // Declining wants words, and the citizen gets them.
        let task = format!("arrival|{unknown}");
        let body = |cach: &str, note: &str| {
            form_urlencoded::Serializer::new(String::new())
                .extend_pairs([("viec", task.as_str()), ("seen", "1"), ("cach", cach), ("note", note)])
                .finish()
        };
        let kind = Some("application/x-www-form-urlencoded");
        let path = format!("{PAGE}/viec");
        let mut program = town.token(ADMIN).await;
        program.sends(Method::POST, &path, kind, body("decline", "").into()).await.expect(422);
        program.sends(Method::POST, &path, kind, body("send_again", "").into()).await.expect(422);
        let why = "Thủ tục này không có trong tỉnh. Mời nộp tại Bộ Công an.";
        program.sends(Method::POST, &path, kind, body("decline", why).into()).await.expect(303);
        town.minutes_later(10).await;
        let told = portal.simulator.arrival(&unknown).and_then(|a| a.told).expect("answered");
        assert_eq!((&told["KetQua"], &told["LyDo"]), (&json!("0"), &json!(why)));
        program.sends(Method::POST, &path, kind, body("decline", why).into()).await.expect(409);

        // Trying again what is still wrong makes the same task again.
        let task = format!("arrival|{spoiled}");
        let body = format!("viec={}&seen=1&cach=take_theirs", task.replace('|', "%7C"));
        program.sends(Method::POST, &path, kind, body.into()).await.expect(303);
        assert_eq!(behind(&town).await.tasks, 0);
        town.minutes_later(10).await;
        assert_eq!(behind(&town).await.tasks, 1);
        town.audit_book_is_whole().await;
    });
}

#[test]
fn a_closed_line_says_so_and_does_nothing() {
    both(async |t| {
        let town = Town::of(&t).await;
        let mut admin = browser(&town, ADMIN).await;
        let text = admin.opens(PAGE).await.expect(200).text();
        assert!(text.contains("Chưa bật kết nối với Cổng Dịch vụ công Quốc gia"));
        files_a_birth(&mut town.token(CITIZEN).await).await;
        town.minutes_later(10).await;
        assert_eq!(behind(&town).await.behind, 0);
    });
}
