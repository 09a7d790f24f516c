//! What leaders, keepers and administrators look at when there is something to see: figures and the
//! dossiers behind them, the line to the national portal with its tasks, the calendar, batches, absences.

use super::{Visit, visit, visit_linked};
use crate::desk::{self, page};
use crate::{batch, national, petition};
use axum::body::Bytes;
use serde_json::json;
use suite::town::people::*;
use suite::town::{Portal, files_a_birth, pdf, takes};

const PERIOD: &str = "tu=2026-08&den=2026-08";

#[test]
fn the_national_line_with_tasks_and_figures_stand_judged() {
    visit_linked(async |v, portal| {
        a_line_with_tasks(v, portal).await;
        figures(v).await;
    });
}

#[test]
fn the_calendar_batches_inspections_and_absences_stand_judged() {
    visit(async |v| {
        the_calendar(v).await;
        many_at_once(v).await;
        inspections_and_absences(v).await;
    });
}

/// Something was lost there, something changed, and something came that nobody can take.
async fn a_line_with_tasks(v: &Visit, portal: &Portal) {
    let b = &v.browser;
    v.works(0).await;
    let (lost, changed) = (national::whole_life(&v.town, 0).await, national::whole_life(&v.town, 0).await);
    v.works(1).await;
    portal.simulator.forget(&lost);
    portal.simulator.tamper(&changed, "TrangThaiHoSo", "4");
    portal.simulator.tamper(&changed, "NgayHenTra", "20260101000000");
    let mut unknown = national::birth_there("20260820080000");
    unknown["MaTTHC"] = json!("9.999999");
    let unknown = portal.simulator.take(unknown, &[]);
    let paper = Bytes::from(pdf("giấy chứng sinh"));
    let good = [("chung-sinh.pdf", "birth-record", paper)];
    portal.simulator.take(national::birth_there("20260820080000"), &good);
    v.works(10).await;
    national::compares_today(&v.town).await;
    v.enters(ADMIN, "/quan-tri/lien-thong-quoc-gia").await;
    b.sees("Cổng quốc gia không có hồ sơ đã xác nhận").await;
    b.sees("9.999999").await;
    b.click(&format!("Trả lời không nhận, kèm lý do {unknown}")).await;
    b.waits_for("[aria-invalid=true]").await;
    v.keeps("viec-lien-thong-thieu-ly-do").await;
}

async fn figures(v: &Visit) {
    let b = &v.browser;
    let slow = files_a_birth(&mut v.town.token(CITIZEN).await).await;
    takes(&mut v.town.token(CLERK).await, &slow, "receive", json!({})).await;
    petition::thanh_sends(&mut v.town.stranger()).await;
    v.works(3 * 24 * 60).await;
    v.enters(CHAIRMAN, &format!("/bao-cao?{PERIOD}")).await;
    let cuts = v.words_of(".a-tabs a").await;
    assert_eq!(cuts.len(), 6, "{cuts:?}");
    for cut in &cuts[1..] {
        b.click(cut).await;
        v.keeps(cut).await;
    }
    let behind = |figure: &str| format!("/bao-cao/ho-so?{PERIOD}&theo=don-vi&o={figure}");
    v.opens(&[
        &behind("received"),
        &behind("overdue"),
        &format!("/bao-cao/phan-anh?{PERIOD}&o=answers"),
        &format!("/bao-cao/danh-gia?{PERIOD}"),
        &format!("/bao-cao/chi-so-766?{PERIOD}"),
        "/mot-cua/qua-han",
        "/mot-cua/so-theo-doi",
        &page(&slow),
        &format!("{}/gia-han", page(&slow)),
    ])
    .await;
    v.enters(ADMIN, "/quan-tri/thong-bao").await;
    b.forget().await;
    v.opens(&["/minh-bach", "/phan-anh"]).await;
}

async fn the_calendar(v: &Visit) {
    let b = &v.browser;
    v.enters(ADMIN, "/quan-tri/lich?nam=2026&sua=2026-11-24").await;
    b.sees("Nghị quyết 80-NQ/TW").await;
    v.is_told("Xác nhận ngày này").await;
    v.opens(&["/quan-tri/lich?nam=2030"]).await;
    b.click("Đề xuất năm 2030").await;
    b.sees("Điều 112 Bộ luật Lao động").await;
    v.enters(UNIT_ADMIN, "/quan-tri/don-vi/29596-MC@2018-01-01/lich").await;
    v.is_told("Đóng cửa ngày này").await;
    v.opens(&["/quan-tri/lich", "/quan-tri/can-bo"]).await;
}

/// Two births are received with one word.
async fn many_at_once(v: &Visit) {
    let b = &v.browser;
    let mut citizen = v.town.token(CITIZEN).await;
    let codes = [files_a_birth(&mut citizen).await, files_a_birth(&mut citizen).await];
    let mut clerk = desk::browser(&v.town, CLERK).await;
    clerk.opens("/mot-cua/cho-tiep-nhan").await.expect(200);
    batch::ticks(&mut clerk, &codes, 1).await;
    let chosen = clerk.path().split('?').next().unwrap_or_default().to_string();
    v.enters(CLERK, &chosen).await;
    v.opens(&[&format!("{chosen}?viec=tiep-nhan")]).await;
    b.sees("Sẽ làm 2 hồ sơ").await;
    batch::looks(&mut clerk, "viec=tiep-nhan").await;
    let button = clerk.page().forms().into_iter().flat_map(|f| f.buttons).map(|(words, _)| words);
    let button = button.into_iter().find(|words| words.starts_with("Tiếp nhận")).expect("a button");
    b.click(&button).await;
    v.keeps("hang-loat-dang-lam").await;
    v.works(1).await;
    v.opens(&[&chosen, "/mot-cua/hang-loat"]).await;
}

async fn inspections_and_absences(v: &Visit) {
    let b = &v.browser;
    let code = files_a_birth(&mut v.town.token(CITIZEN).await).await;
    takes(&mut v.town.token(CLERK).await, &code, "receive", json!({})).await;
    takes(&mut v.town.token(CLERK).await, &code, "pass_on", json!({})).await;
    v.enters(REGISTRAR, &format!("{}/kiem-tra", page(&code))).await;
    v.is_told("Lên lịch kiểm tra, họp hội đồng").await;
    v.opens(&["/mot-cua/vang-mat", "/mot-cua/dang-xu-ly"]).await;
    b.click(&code).await;
    v.enters(DISTRICT_CHAIRMAN, "/mot-cua/cho-duyet").await;
}
