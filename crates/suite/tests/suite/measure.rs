//! Evaluation from what people say: ratings and petitions take points, and every figure lists what it counts.

use axum::http::Method;
use db::testing::both;
use db::{Tx, args};
use serde_json::json;
use suite::town::people::*;
use suite::town::*;

use crate::after_result::decided;
use crate::desk::{browser, says};
use crate::linked;
use crate::thirteen::{files_invented_at, plays};

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

/// Another commune of the district.
async fn other_commune(town: &Town) -> String {
    let read = async |tx: &mut Tx| -> db::Result<String> {
        tx.get(
            "select u.code from unit u where u.level = 'commune' and u.territory = 1 and u.code <> $1
                and u.parent = (select o.parent from unit o where o.code = $1 and o.valid_to is null)
                and u.valid_to is null order by u.code limit 1",
            args![COMMUNE],
        )
        .await
    };
    town.opened.site.db.read(read).await.expect("another commune")
}

/// The agency that settles a dossier, and its name.
async fn agency(town: &Town, code: &str) -> (String, String) {
    let code = code.to_string();
    let read = async move |tx: &mut Tx| -> db::Result<(String, String)> {
        let sql = "select u.id, u.name from dossier d join unit u on u.id = d.agency where d.code = $1";
        tx.get(sql, args![code]).await
    };
    town.opened.site.db.read(read).await.expect("an agency")
}

/// An interlinked dossier whose home lies in another commune, which takes three weeks for its part: its
/// code, the birth's and the home's.
async fn settled_late_elsewhere(town: &Town) -> [String; 3] {
    let elsewhere = other_commune(town).await;
    let code = files_invented_at(town, "2.000986", COMMUNE, &[("home", &elsewhere)]).await;
    let mut clerk = town.token(CLERK).await;
    takes(&mut clerk, &code, "receive", json!({})).await;
    takes(&mut clerk, &code, "pass_on", json!({})).await;
    let birth = linked::child_code(town, &code, "birth").await;
    plays(town, &birth).await;
    town.delivers().await;
    let home = linked::child_code(town, &code, "residence").await;
    // The whole was promised for 9 September.
    town.minutes_later(60 * 24 * 21).await;
    plays(town, &home).await;
    town.delivers().await;
    let said = [("outcome", "granted"), ("word", "Thẻ số TE1860000000001")];
    linked::faces(town, REGISTRAR, &code, "insurance", &said).await;
    takes(&mut town.token(REGISTRAR).await, &code, "submit_for_signature", json!({})).await;
    takes(&mut town.token(CHAIRMAN).await, &code, "decide", json!({ "outcome": "granted" })).await;
    town.delivers().await;
    [code, birth, home]
}

#[test]
fn a_child_that_another_agency_settles_late_counts_against_that_one_and_is_listed_there() {
    both(async |t| {
        let town = Town::of(&t).await;
        let [code, birth, home] = settled_late_elsewhere(&town).await;
        let [(lead, _), (other, _)] = [agency(&town, &code).await, agency(&town, &home).await];
        assert_ne!(lead, other, "the home lies in another commune");

        let mut above = browser(&town, DISTRICT_CHAIRMAN).await;
        let period = "tu=2026-08&den=2026-09&theo=don-vi";
        let lists = async |admin: &mut suite::person::Person, agency: &str, figure: &str| {
            let path = format!("/bao-cao/ho-so?{period}&o={figure}&k={agency}");
            admin.opens(&path).await.expect(200);
            admin.page().text()
        };
        // The agency that was late has the child, told with the dossier it belongs to, and nothing else.
        let late = lists(&mut above, &other, "parts_late").await;
        for words in ["Phần liên thông trễ hạn: 1 hồ sơ", &home, &format!("Thuộc hồ sơ liên thông {code}")]
        {
            assert!(late.contains(words), "{words}: {late}");
        }
        // The one that waited has its own child in time, and its dossier as late because of another.
        assert!(lists(&mut above, &lead, "parts").await.contains(&birth));
        assert!(lists(&mut above, &lead, "parts_late").await.contains(": 0 hồ sơ"));
        assert!(lists(&mut above, &lead, "late").await.contains(": 0 hồ sơ"));
        assert!(lists(&mut above, &lead, "elsewhere").await.contains(&code));
        for agency in [&lead, &other] {
            assert!(lists(&mut above, agency, "received").await.matches(&code).count() <= 1);
        }
        assert!(lists(&mut above, &other, "received").await.contains(": 0 hồ sơ"), "the citizen came once");

        // The index of each agency's time has the child, with its list behind it.
        let evaluated = format!("/bao-cao/danh-gia?tu=2026-08&den=2026-09&dv={other}");
        let evaluated = above.opens(&evaluated).await.expect(200).text();
        says(&above, "0 / 0");
        assert!(evaluated.contains("o=parts"), "index 2 leads to the parts: {evaluated}");
        above.opens(&format!("/bao-cao/chi-so-766?tu=2026-08&den=2026-09&dv={other}")).await.expect(200);
        says(&above, "0 / 1");
        above.opens(&format!("/bao-cao/ho-so?{period}&o=counted&dv={other}")).await.expect(200);
        says(&above, &home);
        above.opens(&format!("/bao-cao/ho-so?{period}&o=counted&dv={lead}")).await.expect(200);
        says(&above, "2 hồ sơ");

        // Thrown away and made anew, it is the same.
        let rows = async || {
            let read = async |tx: &mut Tx| -> db::Result<Vec<db::Row>> {
                let parts = tx.list("select * from measure_part order by dossier limit 9", args![]).await?;
                let whole = tx.list("select * from measure order by dossier limit 9", args![]).await?;
                Ok([parts, whole].concat())
            };
            format!("{:?}", town.opened.site.db.read(read).await.expect("rows"))
        };
        let before = rows().await;
        let (app, db) = (&town.opened.onestop, &town.opened.site.db);
        assert_eq!(onestop::rebuild_measures(app, db).await.expect("they are made"), 3);
        assert_eq!(rows().await, before);
    });
}
