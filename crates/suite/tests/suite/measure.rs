//! Evaluation from what people say: ratings and petitions take points, and every figure lists what it counts.

use axum::http::Method;
use db::testing::both;
use db::{Tx, args};
use serde_json::json;
use suite::town::people::*;
use suite::town::*;

use crate::after_result::decided;
use crate::desk::{browser, says};

const PERIOD: &str = "tu=2026-08&den=2026-08";

#[test]
fn a_bad_word_about_attitude_takes_points_and_is_found_behind_its_figure() {
    both(async |t| {
        let town = Town::of(&t).await;
        let code = decided(&town, "counter").await;
        let other = decided(&town, "counter").await;
        for code in [&code, &other] {
            returns(&mut town.token(CLERK).await, code).await;
        }
        town.delivers().await;
        let mut chairman = browser(&town, CHAIRMAN).await;
        let report = format!("/bao-cao/danh-gia?{PERIOD}");
        // Nobody complained: index 7 is that of the time, and no petition is 2 points for index 8.
        chairman.opens(&report).await.expect(200);
        says(&chairman, "Thái độ phục vụ");
        let before = chairman.page().text();
        assert!(before.contains("0 / 0"), "no petition: {before}");

        let mut owner = town.token(CITIZEN).await;
        owner.opens(&format!("/danh-gia?hs={code}")).await.expect(200);
        owner.submits("Gửi đánh giá", &[("score", "not"), ("topics", "attitude")]).await.expect(303);
        let petition = json!({ "unit": COMMUNE, "kind": "complaint", "topic": "attitude",
            "subject": "Nói cộc lốc", "content": "Công chức nói cộc lốc với tôi.", "dossier": other,
            "name": "Nguyễn Hữu Ẩn", "phone": "0912345678" });
        owner.calls(Method::POST, "/api/v1/petitions", Some(&petition)).await.expect(201);
        town.delivers().await;

        let read = async |tx: &mut Tx| -> db::Result<i64> {
            tx.get("select count(*) from petition where dossier is not null", args![]).await
        };
        assert_eq!(town.opened.site.db.read(read).await.expect("a count"), 1);
        let lines = format!("/bao-cao/ho-so?{PERIOD}&theo=don-vi&o=complained");
        chairman.opens(&lines).await.expect(200);
        says(&chairman, "Bị phản ánh về thái độ: 2 hồ sơ");
        says(&chairman, &code);
        says(&chairman, &other);
        chairman.opens(&report).await.expect(200);
        says(&chairman, "0 / 2");
        let after = chairman.page().text();
        assert!(after.contains("0 / 2"), "{after}");

        // Index 766: the rated one is not content; the petition is not due yet, so it is not counted.
        chairman.opens(&format!("/bao-cao/chi-so-766?{PERIOD}")).await.expect(200);
        says(&chairman, "1 / 2");
        chairman.opens(&format!("/bao-cao/ho-so?{PERIOD}&theo=don-vi&o=displeased")).await.expect(200);
        says(&chairman, "1 hồ sơ");
        says(&chairman, &code);

        // Three weeks later nobody has answered: that is late.
        town.minutes_later(60 * 24 * 30).await;
        let later = "tu=2026-08&den=2026-09";
        chairman = browser(&town, CHAIRMAN).await;
        chairman.opens(&format!("/bao-cao/phan-anh?{later}&o=answers&k=late")).await.expect(200);
        says(&chairman, "0 trên 1 đúng hạn");
        says(&chairman, "Thái độ, cách phục vụ của cán bộ");
        chairman.opens(&format!("/bao-cao/phan-anh?{later}&o=nothing")).await.expect(404);
        town.token(REGISTRAR).await.opens(&format!("/bao-cao/phan-anh?{later}&o=answers")).await.expect(403);
    });
}

#[test]
fn index_2_of_an_official_is_that_of_the_steps_this_person_ended() {
    both(async |t| {
        let town = Town::of(&t).await;
        decided(&town, "counter").await;
        let read = async |tx: &mut Tx| -> db::Result<Vec<(String, i64)>> {
            tx.list(
                "select a.login, m.steps from measure_person m join account a on a.id = m.account
                  order by a.login limit 10",
                args![],
            )
            .await
        };
        let people = town.opened.site.db.read(read).await.expect("rows");
        let logins: Vec<&str> = people.iter().map(|(login, _)| login.as_str()).collect();
        assert!(!logins.contains(&CLERK), "the counter ended no internal step: {people:?}");
        assert!(logins.contains(&REGISTRAR), "{people:?}");
        let mut chairman = browser(&town, CHAIRMAN).await;
        chairman.opens(&format!("/bao-cao/danh-gia?{PERIOD}")).await.expect(200);
        says(&chairman, "chưa đo");
    });
}
