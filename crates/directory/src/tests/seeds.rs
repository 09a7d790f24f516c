//! The provinces that ship, and what loading them leaves.

use std::collections::HashSet;

use db::testing::{TestDb, both};
use db::{Tx, args};

use crate::account::{self, Kind};
use crate::seed::{self, PROVINCES, Province};
use crate::unit::rules::check_ident;
use crate::{Role, UnitId};

/// An installation with this province loaded.
pub(super) async fn load(t: &TestDb, name: &str) -> Province {
    let mut migrations = web::migrations();
    migrations.extend(crate::migrations());
    t.migrate(&migrations).await;
    let province = Province::named(name).unwrap();
    seed::load(&t.db, &province, super::morning(), |_, _, _| {}).await.unwrap();
    province
}

async fn count(t: &TestDb, sql: &'static str) -> i64 {
    t.db.read(async move |tx: &mut Tx| -> db::Result<i64> { tx.get(sql, args![]).await }).await.unwrap()
}

#[test]
fn each_frame_has_its_levels_and_enough_officials() {
    let counted = |name: &str| {
        let province = Province::named(name).unwrap();
        let territories =
            |level: &str| province.units().iter().filter(|u| u.territory && u.level == level).count();
        let officials = province.officials().len();
        assert!((8_000..9_000).contains(&officials), "{name}: {officials} officials");
        assert!((900..1_300).contains(&province.units().len()), "{name}: {} units", province.units().len());
        (territories("province"), territories("district"), territories("commune"))
    };
    assert_eq!(counted("vinh-long"), (1, 8, 109));
    assert_eq!(counted("vinh-long-2025"), (1, 0, 124));
}

#[test]
fn every_made_identifier_is_visibly_fake_and_unique() {
    for name in PROVINCES {
        let province = Province::named(name).unwrap();
        let mut seen = HashSet::new();
        for unit in province.units() {
            if let Some(ident) = &unit.ident {
                assert_eq!(check_ident(ident), Ok(()), "{}", unit.code);
                let own = ident.contains("H61");
                assert!(own || ident.contains("Z61"), "{ident} looks real");
                // the province's own stands on the territory and on its committee
                assert!(seen.insert(ident.clone()) || own, "{ident} twice");
            } else {
                assert!(!unit.does("counter"), "{} receives without an identifier", unit.code);
            }
        }
        assert!(seen.len() > 250, "{name}: {}", seen.len());
    }
}

#[test]
fn the_same_people_every_time() {
    let a = Province::named("vinh-long").unwrap().officials();
    let b = Province::named("vinh-long").unwrap().officials();
    assert_eq!(a, b);
    let logins: HashSet<&str> = a.iter().map(|o| o.login.as_str()).collect();
    assert_eq!(logins.len(), a.len(), "logins are unique");
    let khmer = ["Thạch", "Sơn", "Kim", "Kiên"];
    let share = a.iter().filter(|o| khmer.contains(&o.name.split(' ').next().unwrap_or(""))).count();
    assert!((a.len() / 50..a.len() / 15).contains(&share), "{share} of {}", a.len());
    for official in &a {
        assert_eq!(account::rules::check_name(&official.name), Ok(()), "{}", official.name);
        assert_eq!(account::rules::check_login(&official.login), Ok(()), "{}", official.login);
    }
}

#[test]
fn every_counter_and_agency_is_staffed() {
    for name in PROVINCES {
        let province = Province::named(name).unwrap();
        let officials = province.officials();
        let held: HashSet<(&str, Role)> = officials.iter().map(|o| (o.unit.as_str(), o.role)).collect();
        for unit in province.units() {
            let code = unit.code.as_str();
            if unit.does("counter") {
                assert!(held.contains(&(code, Role::CounterClerk)), "{code} has no clerk");
            }
            if unit.does("committee") && unit.level != "province" {
                for role in [Role::Leader, Role::RecordsClerk, Role::UnitAdmin] {
                    assert!(held.contains(&(code, role)), "{code} has no {role}");
                }
            }
            for section in ["justice", "construction", "office"] {
                if unit.does(section) {
                    assert!(held.contains(&(code, Role::Officer)), "{code} has no officer");
                }
            }
        }
    }
}

#[test]
fn demo_accounts_name_real_units_and_every_role() {
    for name in PROVINCES {
        let province = Province::named(name).unwrap();
        let codes: HashSet<&str> = province.units().iter().map(|u| u.code.as_str()).collect();
        let accounts = province.demo_accounts();
        let roles: HashSet<Role> = accounts.iter().flat_map(|a| a.roles.clone()).collect();
        assert_eq!(roles.len(), Role::ALL.len(), "{name}: {roles:?}");
        for official in &province.file().demo.officials {
            for post in &official.posts {
                assert!(codes.contains(post.unit.as_str()), "{name}: no unit {}", post.unit);
            }
        }
        for citizen in &province.file().demo.citizens {
            citizen.personal_number.parse::<base::number::PersonalNumber>().unwrap();
            citizen.phone.parse::<base::number::Phone>().unwrap();
        }
        for a in &accounts {
            assert_eq!(account::rules::check_password(&a.password, &[&a.login]), Ok(()), "{}", a.login);
            assert_eq!(account::rules::fold_login(&a.login), a.login);
        }
    }
}

#[test]
fn loading_twice_changes_nothing_and_another_province_is_refused() {
    both(async |t| {
        let province = load(&t, "vinh-long").await;
        let officials = province.officials().len() + province.file().demo.officials.len();
        let before = count(&t, "select count(*) as n from post").await;
        let stored = t
            .db
            .read(async |tx: &mut Tx| -> db::Result<i64> { account::store::count(tx, Kind::Official).await })
            .await
            .unwrap();
        assert_eq!(stored, officials as i64);
        assert_eq!(count(&t, "select count(*) as n from unit").await, province.units().len() as i64);
        assert_eq!(
            count(&t, "select count(*) as n from holiday").await,
            base::calendar::national().len() as i64
        );
        let again = seed::load(&t.db, &province, super::morning(), |_, _, _| {}).await.unwrap();
        assert_eq!(again.officials, 0);
        assert_eq!(count(&t, "select count(*) as n from post").await, before);

        // A load cut off between units and people is finished by the next one, without doubles.
        t.db.write(t.act(), async |tx: &mut Tx| -> db::Result<()> {
            tx.change("update province set seeded = 'vinh-long'", args![]).await?;
            tx.change("delete from post where account > (select min(account) from post)", args![]).await?;
            Ok(())
        })
        .await
        .unwrap();
        seed::load(&t.db, &province, super::morning(), |_, _, _| {}).await.unwrap();
        let after = count(&t, "select count(*) as n from post").await;
        let demo: usize = province.file().demo.officials.iter().map(|o| o.posts.len()).sum();
        assert_eq!(after, before - demo as i64, "posts of invented officials come back");

        let other = Province::named("vinh-long-2025").unwrap();
        let refused = seed::load(&t.db, &other, super::morning(), |_, _, _| {}).await.unwrap_err();
        assert_eq!(refused.to_string(), "the data is that of province vinh-long, not of vinh-long-2025");
    });
}

#[test]
fn in_each_frame_every_territory_finds_its_counter_and_its_sections() {
    both(async |t| {
        for name in PROVINCES {
            let province = Province::named(name).unwrap();
            let migrations = [web::migrations(), crate::migrations()].concat();
            if name == PROVINCES[0] {
                t.migrate(&migrations).await;
            } else {
                // the second frame in the same tables: empty them as a fresh installation is
                t.db.write(t.act(), async |tx: &mut Tx| -> db::Result<()> {
                    for sql in [
                        "delete from unit_function",
                        "delete from unit_successor",
                        "delete from office_hours",
                        "delete from level_rule",
                        "delete from province",
                        "update unit set parent = null",
                        "delete from unit",
                    ] {
                        tx.change(sql, args![]).await?;
                    }
                    Ok(())
                })
                .await
                .unwrap();
            }
            seed::load_units(&t.db, &province, super::morning(), &mut |_: &str, _, _| {}).await.unwrap();
            let from = province.file().valid_from;
            let units: Vec<(String, String, bool)> =
                province.units().iter().map(|u| (u.code.clone(), u.level.clone(), u.territory)).collect();
            t.db.read(async move |tx: &mut Tx| -> db::Result<()> {
                let day = super::morning().day();
                for (code, level, territory) in &units {
                    let answers = matches!(level.as_str(), "commune" | "district") && *territory;
                    if !answers {
                        continue;
                    }
                    let counter = crate::counter_of(tx, code, day).await?.expect(code);
                    assert_eq!(counter.code, format!("{code}-MC"));
                    let agency = crate::agency_of(tx, &counter.id).await?;
                    assert_eq!(agency.id, UnitId::new(&format!("{code}-UBND"), from));
                    for function in ["justice", "construction", "office", "economy", "land", "social"] {
                        let section = crate::unit_for(tx, &agency.id, function).await?;
                        assert_ne!(section.id, agency.id, "{code} has nobody for {function}");
                        let back = crate::counter_of(tx, &section.code, day).await?.expect("its agency's");
                        assert_eq!(back.id, counter.id);
                    }
                }
                Ok(())
            })
            .await
            .unwrap();
        }
    });
}
