//! Stories of the working calendar: who confirms a day, and what an emergency does to a commune.

use base::calendar::Limit;
use db::Tx;
use db::testing::both;

use super::{PASSWORD, Person, site};
use crate::unit::UnitId;

const COMMUNE: &str = "29596-MC@2018-01-01";

/// The end of one working day begun at this instant, by the counter's own calendar.
async fn due(site: &web::Site, from: &str) -> String {
    let calendar = site.db.read(async |tx: &mut Tx| crate::calendar(tx, &UnitId::from(COMMUNE)).await);
    let from = base::Instant::parse_rfc3339(from).unwrap();
    calendar.await.unwrap().due(from, "1wd".parse::<Limit>().unwrap()).unwrap().at.to_string()
}

#[test]
fn the_province_confirms_a_day_that_was_an_estimate_and_limits_follow() {
    both(async |t| {
        let (site, _) = site(&t).await;
        let mut admin = Person::new(&site);
        admin.signs_in("quantri.tinh", PASSWORD).await;
        let page = admin.get("/quan-tri/lich?nam=2027").await;
        assert!(page.body.contains("Dự kiến"), "2027 is an estimate: {}", page.body);

        // A new day, with everything wrong at once, then right.
        let path = "/quan-tri/lich";
        let at = "/quan-tri/lich?nam=2027";
        let wrong = [("day", "2027-13-01"), ("day_kind", "holiday"), ("year", "2027"), ("seen", "0")];
        let told = admin.post(at, path, &wrong).await;
        assert_eq!(told.status, 422);
        for field in ["day", "occasion", "source"] {
            assert!(told.error_of(field).is_some(), "{field}: {}", told.body);
        }
        assert_eq!(due(&site, "2027-03-08T09:00:00+07:00").await, "2027-03-09T17:00:00+07:00");
        let right = [
            ("day", "2027-03-09"),
            ("day_kind", "compensation"),
            ("occasion", ""),
            ("source", "Công điện 12 của Thủ tướng"),
            ("year", "2027"),
            ("seen", "0"),
        ];
        assert_eq!(admin.post(at, path, &right).await.to(), "/quan-tri/lich?nam=2027&xong=xac-nhan");
        assert_eq!(due(&site, "2027-03-08T09:00:00+07:00").await, "2027-03-10T17:00:00+07:00");
        assert!(admin.post(at, path, &right).await.error_of("day").is_some(), "it stands already");

        // Corrected from what was seen; the second who saw the same is told.
        let edit = admin.get("/quan-tri/lich?nam=2027&sua=2027-03-09").await;
        let seen = edit.hidden("seen");
        let gone = [("day", "2027-03-09"), ("year", "2027"), ("seen", seen.as_str())];
        assert_eq!(admin.post(at, "/quan-tri/lich/bo", &gone).await.to(), "/quan-tri/lich?nam=2027&xong=bo");
        assert_eq!(due(&site, "2027-03-08T09:00:00+07:00").await, "2027-03-09T17:00:00+07:00");
        assert_eq!(admin.post(at, "/quan-tri/lich/bo", &gone).await.status, 409);

        // A year nobody has decided: proposed, shown as such, and kept when proposed again.
        assert!(admin.get("/quan-tri/lich?nam=2030").await.body.contains("Chưa có ngày nào"));
        let year = [("year", "2030")];
        admin.post("/quan-tri/lich?nam=2030", "/quan-tri/lich/de-xuat", &year).await.to();
        let page = admin.get("/quan-tri/lich?nam=2030").await.body;
        assert!(page.matches("Tết Âm lịch").count() > 4, "five days of Tết: {page}");
        assert!(page.contains("Đề xuất, chờ xác nhận"));
        // Every day says on what it rests, in the language of the page.
        let decided = admin.get("/quan-tri/lich?nam=2026").await.body;
        for (page, cited) in [(&page, "Nghỉ bù theo khoản 3"), (&decided, "Thủ tướng Chính phủ")]
        {
            assert!(page.contains("Điều 112 Bộ luật Lao động") && page.contains(cited), "{page}");
            assert!(!page.contains("Labour"), "{page}");
        }

        // A unit's administrator looks and does not change.
        let mut local = Person::new(&site);
        local.signs_in("quantri.phuochau", PASSWORD).await;
        assert!(!local.get(at).await.body.contains("Xác nhận ngày này"));
        assert_eq!(local.post(at, path, &right).await.status, 403);
    });
}

#[test]
fn a_storm_closes_the_commune_and_hours_of_its_own_count() {
    both(async |t| {
        let (site, _) = site(&t).await;
        let mut local = Person::new(&site);
        local.signs_in("quantri.phuochau", PASSWORD).await;
        let page = local.get(&format!("/quan-tri/don-vi/{COMMUNE}/lich")).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let here = format!("/quan-tri/don-vi/{COMMUNE}/lich");
        let past = [("closed_day", "2026-11-20"), ("reason", "")];
        let told = local.post(&here, &format!("{here}/dong"), &past).await;
        assert!(told.error_of("closed_day").is_some() && told.error_of("reason").is_some(), "{}", told.body);
        let storm = [("closed_day", "2026-11-26"), ("reason", "Bão số 9")];
        local.post(&here, &format!("{here}/dong"), &storm).await.to();
        assert_eq!(due(&site, "2026-11-25T09:00:00+07:00").await, "2026-11-27T17:00:00+07:00");
        let early = [("hours", "Mon-Fri 07:30-11:30 13:30-16:30"), ("source", "Quyết định 5"), ("seen", "0")];
        local.post(&here, &format!("{here}/gio"), &early).await.to();
        assert_eq!(due(&site, "2026-11-25T09:00:00+07:00").await, "2026-11-27T16:30:00+07:00");
        assert_eq!(local.post(&here, &format!("{here}/gio"), &early).await.status, 409, "stated meanwhile");
        let wrong = [("hours", "07:00"), ("source", "Quyết định 5"), ("seen", "1")];
        assert!(local.post(&here, &format!("{here}/gio"), &wrong).await.error_of("hours").is_some());
        local.post(&here, &format!("{here}/mo"), &storm[..1]).await.to();
        assert_eq!(due(&site, "2026-11-25T09:00:00+07:00").await, "2026-11-26T16:30:00+07:00");

        // Another commune is nobody's business here.
        let other = "29542-MC@2018-01-01";
        assert_eq!(local.get(&format!("/quan-tri/don-vi/{other}/lich")).await.status, 404);
        let answer = local.post(&here, &format!("/quan-tri/don-vi/{other}/lich/dong"), &storm).await;
        assert_eq!(answer.status, 404);
    });
}
