//! Units, calendars and pickers, asked of both databases.

use base::{Day, Limit};
use db::testing::{TestDb, both};
use db::{Tx, args};

use super::site_of;
use crate::{UnitId, unit, working_time};

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

async fn read<T: Send + 'static>(
    t: &TestDb,
    f: impl AsyncFn(&mut Tx) -> db::Result<T> + Send + 'static,
) -> T {
    t.db.read(f).await.unwrap()
}

#[test]
fn whoever_is_named_the_right_counter_receives() {
    both(async |t| {
        site_of(&t, "vinh-long").await;
        let table = read(&t, async |tx: &mut Tx| {
            let mut lines = Vec::new();
            for code in [
                "29596",
                "29596-UBND",
                "29596-TP",
                "29596-MC",
                "857",
                "VL-SXD",
                "VL-SXD-QLXD",
                "86",
                "VL-UBND",
                "VL-CA",
                "29596-HDND",
                "khong-co",
            ] {
                let counter = unit::counter_of(tx, code, day("2026-11-23")).await?;
                lines.push(format!("{code} -> {}", counter.map_or("-".into(), |u| u.code)));
            }
            lines.push(format!(
                "before: {:?}",
                unit::counter_of(tx, "29596", day("2017-12-31")).await?.is_some()
            ));
            Ok(lines)
        });
        assert_eq!(
            table.await,
            [
                "29596 -> 29596-MC",
                "29596-UBND -> 29596-MC",
                "29596-TP -> 29596-MC",
                "29596-MC -> 29596-MC",
                "857 -> 857-MC",
                "VL-SXD -> VL-SXD-MC",
                "VL-SXD-QLXD -> VL-SXD-MC",
                "86 -> VL-TTHCC",
                "VL-UBND -> VL-TTHCC",
                "VL-CA -> -",
                "29596-HDND -> -",
                "khong-co -> -",
                "before: false",
            ]
        );
    });
}

#[test]
fn pickers_follow_the_frame() {
    both(async |t| {
        site_of(&t, "vinh-long").await;
        let listed = read(&t, async |tx: &mut Tx| {
            let today = day("2026-11-23");
            let communes = unit::list_receiving(tx, "commune", "", today, 200).await?.len();
            let districts = unit::list_receiving(tx, "district", "", today, 200).await?.len();
            let found = unit::list_receiving(tx, "commune", "phuoc hau", today, 20).await?;
            let by_parent = unit::list_receiving(tx, "commune", "thanh duc long ho", today, 20).await?;
            let sxd = unit::list_receiving(tx, "province", "so xay dung", today, 20).await?;
            Ok((communes, districts, found, by_parent, sxd))
        });
        let (communes, districts, found, by_parent, sxd) = listed.await;
        assert_eq!((communes, districts), (109, 8));
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].code.as_str(), found[0].parent_name.as_deref()),
            ("29596", Some("Huyện Long Hồ"))
        );
        let by_parent: Vec<&str> = by_parent.iter().map(|u| u.name.as_str()).collect();
        assert_eq!(by_parent, ["Xã Thanh Đức"], "words of the district tell communes apart");
        assert_eq!(sxd.iter().map(|u| u.code.as_str()).collect::<Vec<_>>(), ["VL-SXD"]);
    });
    both(async |t| {
        site_of(&t, "vinh-long-2025").await;
        let listed = read(&t, async |tx: &mut Tx| {
            let today = day("2026-11-23");
            let districts = unit::list_receiving(tx, "district", "", today, 200).await?.len();
            let found = unit::list_receiving(tx, "commune", "phuoc hau", today, 20).await?;
            Ok((districts, found))
        });
        let (districts, found) = listed.await;
        assert_eq!(districts, 124, "what a district settled, the commune does");
        assert_eq!((found.len(), found[0].code.as_str()), (1, "29557"));
    });
}

#[test]
fn ancestors_lead_to_the_province_and_sections_belong_to_their_agency() {
    both(async |t| {
        site_of(&t, "vinh-long").await;
        let read = read(&t, async |tx: &mut Tx| {
            let section = UnitId::from("29596-TP@2018-01-01");
            let above = unit::ancestors(tx, &section).await?;
            let codes: Vec<String> = above.into_iter().map(|u| u.code).collect();
            let agency = unit::agency_of(tx, &section).await?;
            let back = unit::unit_for(tx, &agency.id, "justice").await?;
            let none = unit::unit_for(tx, &agency.id, "astronomy").await?;
            let inside = unit::is_within(tx, &section, &agency.id).await?;
            let outside = unit::is_within(tx, &agency.id, &section).await?;
            Ok((codes, agency.code, back.id == section, none.id == agency.id, inside, outside))
        });
        let (codes, agency, back, none, inside, outside) = read.await;
        assert_eq!(codes, ["29596-TP", "29596-UBND", "29596", "857", "86"]);
        assert_eq!(agency, "29596-UBND");
        assert!(back && none && inside && !outside);
    });
}

#[test]
fn a_unit_counts_by_the_country_its_hours_and_its_closures() {
    both(async |t| {
        site_of(&t, "vinh-long").await;
        let counter = UnitId::from("29596-MC@2018-01-01");
        let of = counter.clone();
        let plain = read(&t, async move |tx: &mut Tx| crate::calendar(tx, &of).await).await;
        assert_eq!(plain, base::Calendar::national(), "the seed holds the national table");

        let id = counter.clone();
        t.db.write(t.act(), async move |tx: &mut Tx| -> db::Result<()> {
            let sql = "insert into office_hours (unit, hours, source) values ($1, $2, $3)";
            tx.change(sql, args![id, "Mon-Fri 07:30-11:30 13:30-17:30", "test"]).await?;
            // a storm closes the district and everything in it
            working_time::close_on(tx, &UnitId::from("857@2018-01-01"), day("2026-11-26"), "Bão số 9").await
        })
        .await
        .unwrap();
        let of = counter.clone();
        let own = read(&t, async move |tx: &mut Tx| crate::calendar(tx, &of).await).await;
        let from = day("2026-11-25").at(9 * 60);
        let due = own.due(from, "1wd".parse::<Limit>().unwrap());
        assert_eq!(due.unwrap().at.to_string(), "2026-11-27T17:30:00+07:00");
        let elsewhere = UnitId::from("29542-MC@2018-01-01");
        let other = read(&t, async move |tx: &mut Tx| crate::calendar(tx, &elsewhere).await).await;
        let due = other.due(from, "1wd".parse::<Limit>().unwrap());
        assert_eq!(due.unwrap().at.to_string(), "2026-11-26T17:00:00+07:00");
    });
}

#[test]
fn a_new_day_off_counts_at_once_and_one_that_was_rolled_back_never_did() {
    both(async |t| {
        site_of(&t, "vinh-long").await;
        let due = async || {
            let of = UnitId::from("29596-MC@2018-01-01");
            let own = read(&t, async move |tx: &mut Tx| crate::calendar(tx, &of).await).await;
            let limit = "1wd".parse::<Limit>().unwrap();
            own.due(day("2026-12-08").at(9 * 60), limit).unwrap().at.to_string()
        };
        let day_off = base::calendar::Row {
            day: day("2026-12-09"),
            kind: base::calendar::Kind::Holiday,
            occasion: None,
            standing: base::calendar::Standing::Confirmed,
            swap: None,
            source: "test".into(),
        };
        let put = async |stays: bool| {
            let row = day_off.clone();
            t.db.write(t.act(), async move |tx: &mut Tx| -> db::Result<String> {
                working_time::put_holidays(tx, std::slice::from_ref(&row)).await?;
                let own = crate::calendar(tx, &UnitId::from("29596-MC@2018-01-01")).await?;
                let due = own.due(day("2026-12-08").at(9 * 60), "1wd".parse::<Limit>().unwrap());
                if stays { Ok(due.unwrap().at.to_string()) } else { Err(db::Error::Stale) }
            })
            .await
        };
        assert_eq!(due().await, "2026-12-09T17:00:00+07:00");
        assert_eq!(put(false).await, Err(db::Error::Stale));
        assert_eq!(due().await, "2026-12-09T17:00:00+07:00");
        assert_eq!(put(true).await.unwrap(), "2026-12-10T17:00:00+07:00");
        assert_eq!(due().await, "2026-12-10T17:00:00+07:00");
    });
}

#[test]
fn a_code_used_again_names_two_units_in_time() {
    both(async |t| {
        site_of(&t, "vinh-long").await;
        t.db.write(t.act(), async |tx: &mut Tx| -> db::Result<()> {
            let old = UnitId::from("29596@2018-01-01");
            unit::store::close(tx, &old, day("2025-06-30"), 1).await?;
            let (id, root) = (UnitId::new("29596", day("2025-07-01")), UnitId::from("86@2018-01-01"));
            let new = unit::store::New {
                id: &id,
                code: "29596",
                valid_from: day("2025-07-01"),
                name: "Phường Thử",
                kind: "phường",
                level: "commune",
                territory: true,
                function: None,
                parent: &root,
                symbol: None,
                ident: None,
                address: None,
            };
            unit::store::insert(tx, &new).await
        })
        .await
        .unwrap();
        let names = read(&t, async |tx: &mut Tx| {
            let mut names = Vec::new();
            for on in ["2025-06-30", "2025-07-01"] {
                names.push(unit::find_unit(tx, "29596", day(on)).await?.map(|u| u.name));
            }
            Ok(names)
        });
        assert_eq!(names.await, [Some("Xã Phước Hậu".to_string()), Some("Phường Thử".to_string())]);
    });
}
