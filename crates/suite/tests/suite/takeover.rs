//! Moving in from an old system: dossiers keep their codes and promises and go on over the desks; the
//! command line says what is wrong and loads.

use std::path::Path;

use axum::http::Method;
use db::testing::both;
use onestop::takeover::{Order, Report, Table, run};
use serde_json::json;
use suite::product::{Installation, words};
use suite::town::people::*;
use suite::town::*;
use web::words::Lang;

use crate::desk::{browser, page, says};

const DOSSIERS: &str = "code,procedure,counter,applicant_name,applicant_number,received_at,promised_at,\
    status,stage\n\
    h61.12/2026/17,1.001193,29596,Lê Thị Mai,086190111222,19/08/2026 08:30,21/08/2026 16:00,4,examine\n";

async fn moves_in(town: &Town, folder: &Path) {
    let path = folder.join("dossiers.csv");
    std::fs::write(&path, DOSSIERS).expect("the file is written");
    let order = Order {
        files: vec![(Table::Dossiers, path)],
        check: false,
        skip_bad: false,
        source: "Một cửa cũ".into(),
        lang: Lang::Vi,
        now: morning(),
    };
    let mut out = Vec::new();
    let mut report = Report::new(Lang::Vi, &mut out);
    let done = run(&town.opened.onestop, &order, &mut report, |_, _, _| {}).await.expect("the store answers");
    assert_eq!((done.bad(), done.tallies[0].1.added), (0, 1), "{}", String::from_utf8_lossy(&out));
}

#[test]
fn a_dossier_of_the_old_system_is_found_by_its_old_code_and_goes_on_under_the_rules() {
    both(async |t| {
        let town = Town::of(&t).await;
        moves_in(&town, t.dir()).await;
        let code = "H61.12-2026-17";

        let mut mai = town.stranger();
        let track = "/tra-cuu?ma=h61.12%2F2026%2F17";
        mai.opens(track).await.expect(200);
        says(&mai, code);
        says(&mai, "21/08/2026");
        assert!(!mai.page().text().contains("Lê Thị Mai"));

        let mut clerk = browser(&town, CLERK).await;
        clerk.opens("/mot-cua/tat-ca?q=h61.12/2026/17").await;
        clerk.opens(&page(code)).await.expect(200);
        for told in
            ["Một cửa cũ", "h61.12/2026/17", "chuyển hồ sơ từ hệ thống cũ", "giữ nguyên, không tính lại"]
        {
            says(&clerk, told);
        }

        // Nothing is printed or sent again; the rules go on with the old promise.
        town.delivers().await;
        let mut registrar = town.token(REGISTRAR).await;
        let seen = sees(&mut registrar, code).await;
        assert_eq!((&seen["status"], &seen["papers"]), (&json!(4), &json!([])), "{seen}");
        let refused = tries_step(&mut registrar, code, "decide", json!({ "outcome": "granted" })).await;
        assert!([403, 422].contains(&refused.status));
        // The old system told no answers; they stand on the paper that came along.
        tries_step(&mut registrar, code, "submit_for_signature", json!({})).await.expect(422);
        crate::paper::types_a_birth(&town, REGISTRAR, code).await;
        takes(&mut registrar, code, "submit_for_signature", json!({})).await;
        takes(&mut town.token(CHAIRMAN).await, code, "decide", json!({ "outcome": "granted" })).await;
        returns(&mut town.token(CLERK).await, code).await;
        let history = format!("/api/v1/dossiers/{code}/history");
        let history = town.token(CLERK).await.calls(Method::GET, &history, None).await.expect(200).text();
        assert!(history.contains("import"), "{history}");
        town.delivers().await;
        town.audit_book_is_whole().await;
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_checks_reports_and_loads_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = Installation::in_folder(folder.path(), "");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let run = |args: &[&str]| {
        place.command(&[&["import", "--lang", "en"], args].concat()).output().expect("it runs")
    };
    std::fs::write(path("ok.csv"), DOSSIERS).expect("written");
    let early = run(&["--dossiers", &path("ok.csv")]);
    assert!(
        !early.status.success() && words(&early).contains("there is no installation"),
        "{}",
        words(&early)
    );

    let mut product = place.serve().await;
    std::fs::write(path("bad.csv"), DOSSIERS.replace("1.001193", "7.777777")).expect("written");
    let bad = run(&["--dossiers", &path("bad.csv"), "--report", &path("report.csv")]);
    assert!(!bad.status.success() && words(&bad).contains("nothing has been stored"), "{}", words(&bad));
    let report = std::fs::read_to_string(path("report.csv")).expect("a report");
    assert!(
        report.contains("\"bad.csv\",2,\"Procedure code\",\"There is no procedure “7.777777”.\""),
        "{report}"
    );

    let checked = run(&["--dossiers", &path("ok.csv"), "--check"]);
    assert!(
        checked.status.success() && words(&checked).contains("Nothing has been stored"),
        "{}",
        words(&checked)
    );
    let loaded = run(&["--dossiers", &path("ok.csv")]);
    assert!(words(&loaded).contains("1 taken over now"), "while it is served: {}", words(&loaded));
    let again = run(&["--dossiers", &path("ok.csv")]);
    assert!(words(&again).contains("1 there already, 0 taken over now"), "{}", words(&again));
    let told = product.somebody().gets("/api/v1/dossiers/H61.12-2026-17").await.expect(200).text();
    assert!(!told.contains("applicant"), "whoever has the code is told where it stands, and no more: {told}");
    product.somebody().gets("/tra-cuu?ma=H61.12/2026/17").await.expect(200);

    let made = run(&["--template", &path("templates")]);
    assert!(made.status.success() && words(&made).contains("people.xlsx"), "{}", words(&made));
    product.kill();
}
