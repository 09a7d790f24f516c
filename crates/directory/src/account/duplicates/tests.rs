//! Who may become one, and what speaks for it.

use base::Instant;
use db::testing::{TestDb, both};
use db::{Act, Tx, args};
use web::Problem;

use super::rules::{Ground, No, Side, ground, may_merge, near, stays};
use super::{Wish, decide, propose, store, undo};
use crate::seed::{self, Province};
use crate::words;

fn side(id: &str, number: &str, confirmed: bool) -> Side {
    Side {
        id: id.into(),
        citizen: true,
        name_folded: "nguyen huu an".into(),
        number: Some(number.into()),
        phone: None,
        address: None,
        confirmed,
        signs_in: true,
        gone: false,
    }
}

const ONE: &str = "086090123456";
const TWO: &str = "086195000123";

#[test]
fn a_confirmed_person_never_goes_to_an_unconfirmed_one_nor_to_another_number() {
    let mut table = String::new();
    for (goes, stays) in [(false, false), (false, true), (true, false), (true, true)] {
        for (name, number) in [("same", ONE), ("other", TWO)] {
            let said = may_merge(&side("a", ONE, goes), &side("b", number, stays));
            let word = |confirmed| if confirmed { "confirmed" } else { "claimed" };
            table += &format!("{:<10}{:<10}{:<6}{:?}\n", word(goes), word(stays), name, said.err());
        }
    }
    let expected = "
claimed   claimed   same  None
claimed   claimed   other None
claimed   confirmed same  None
claimed   confirmed other None
confirmed claimed   same  Some(ConfirmedGoes)
confirmed claimed   other Some(ConfirmedGoes)
confirmed confirmed same  None
confirmed confirmed other Some(TwoPeople)
";
    assert_eq!(format!("\n{table}"), expected);
    let a = side("a", ONE, false);
    assert_eq!(may_merge(&a, &a), Err(No::Same));
    let official = Side { citizen: false, ..side("b", TWO, true) };
    assert_eq!(may_merge(&a, &official), Err(No::NotCitizens));
    let gone = Side { gone: true, ..side("b", TWO, false) };
    assert_eq!(may_merge(&a, &gone), Err(No::Gone));
    assert_eq!(may_merge(&gone, &a), Err(No::Gone));
    let record = |id: &str| Side { signs_in: false, ..side(id, ONE, false) };
    assert_eq!(may_merge(&record("b"), &a), Err(No::Unseen), "nobody has seen who would read it");
    for stays in [record("c"), side("a", TWO, true)] {
        assert_eq!(may_merge(&record("b"), &stays), Ok(()));
    }
    assert_eq!(stays(&record("b"), &a).0.id, "a");
    assert_eq!(stays(&a, &side("b", TWO, true)).0.id, "b");
    assert_eq!(stays(&a, &side("b", TWO, false)).0.id, "a");
}

#[test]
fn one_slip_of_a_finger_and_no_more() {
    let table = [
        (ONE, "086090123457", true), // the last digit
        (ONE, "086090123465", true), // two neighbours in the wrong order
        (ONE, "086090123546", true),
        (ONE, "086090124457", false), // two digits
        (ONE, "086091123456", false), // another year of birth
        (ONE, "086190123456", false), // another sex
        (ONE, ONE, false),
        (ONE, "08609012345", false),
        (ONE, "", false),
    ];
    for (a, b, expected) in table {
        assert_eq!(near(a, b), expected, "{a} {b}");
    }
}

#[test]
fn what_speaks_for_one_person() {
    let with = |number: &str, phone: &str, address: &str, name: &str| Side {
        phone: (!phone.is_empty()).then(|| phone.to_string()),
        address: (!address.is_empty()).then(|| address.to_string()),
        name_folded: name.into(),
        ..side("x", number, false)
    };
    let one = with(ONE, "0909000111", "Ấp A", "nguyen huu an");
    let table = [
        (with(ONE, "", "", "tran van lam"), Some(Ground::Number)),
        (with("086090123457", "", "", "nguyen huu an"), Some(Ground::Near)),
        (with("086090123457", "", "", "tran van lam"), None),
        (with(TWO, "0909000111", "", "nguyen huu an"), Some(Ground::Phone)),
        (with(TWO, "0909000111", "", "tran van lam"), None),
        (with(TWO, "", "Ấp A", "nguyen huu an"), Some(Ground::Address)),
        (with(TWO, "", "", "nguyen huu an"), None),
    ];
    for (other, expected) in table {
        assert_eq!(ground(&one, &other), expected, "{other:?}");
        assert_eq!(ground(&other, &one), expected, "{other:?}, the other way");
    }
}

#[test]
fn every_word_is_there() {
    for ground in Ground::ALL {
        assert!(words::own().has(&format!("duplicates.ground.{}", ground.word())));
    }
    for no in [No::Same, No::NotCitizens, No::Gone, No::ConfirmedGoes, No::Unseen, No::TwoPeople] {
        assert!(!super::message(no).starts_with("duplicates."), "{no:?}");
    }
    for text in [include_str!("pages.rs"), include_str!("../duplicates.rs")] {
        let calls = text.split("words::t(\"").skip(1).chain(text.split("own().t(\"").skip(1));
        for part in calls {
            let key = part.split('"').next().unwrap_or_default();
            assert!(words::own().has(key), "{key}");
        }
    }
}

fn morning() -> Instant {
    Instant::parse_rfc3339("2026-11-23T09:00:00+07:00").unwrap()
}

/// Two citizens of the small province, of whom the second was never confirmed.
async fn two_citizens(t: &TestDb) -> [store::Whole; 2] {
    t.migrate(&[web::migrations(), crate::migrations()].concat()).await;
    seed::load_small(&t.db, &Province::named("vinh-long").unwrap(), morning()).await.unwrap();
    let read = async |tx: &mut Tx| -> Result<[store::Whole; 2], Problem> {
        tx.change("update account set confirmed_at = null where personal_number = $1", args![TWO]).await?;
        let one = store::find_by_number(tx, ONE).await?.unwrap();
        Ok([one, store::find_by_number(tx, TWO).await?.unwrap()])
    };
    t.db.upkeep(read).await.unwrap()
}

async fn acts<T: Send + 'static>(
    t: &TestDb,
    deed: impl AsyncFn(&mut Tx) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    t.db.write(Act::system("test.merge", "", morning()), deed).await
}

#[test]
fn nobody_merges_alone_and_a_merge_goes_back_within_its_time() {
    both(async |t| {
        let [stays, goes] = two_citizens(&t).await;
        let wish = Wish {
            goes: goes.id.to_string(),
            stays: stays.id.to_string(),
            reason: "Đã xem thẻ.".into(),
            seen: (goes.version, stays.version),
        };
        let stale = Wish { seen: (goes.version + 1, stays.version), ..wish.clone() };
        let tried =
            acts(&t, async move |tx: &mut Tx| propose(tx, None, &stale, "one", morning()).await).await;
        assert_eq!(tried, Err(Problem::Stale));
        let asked = wish.clone();
        let id = acts(&t, async move |tx: &mut Tx| propose(tx, None, &asked, "one", morning()).await)
            .await
            .unwrap();
        let again = acts(&t, async move |tx: &mut Tx| propose(tx, None, &wish, "two", morning()).await).await;
        assert!(matches!(again, Err(Problem::Refused(_))), "one proposal at a time: {again:?}");

        for (by, alone) in [("one", true), ("two", false)] {
            let id = id.clone();
            let done =
                acts(&t, async move |tx: &mut Tx| decide(tx, &id, true, "", by, morning()).await).await;
            assert_eq!(matches!(done, Err(Problem::Refused(_))), alone, "{by}: {done:?}");
        }
        let gone = t.db.read(async |tx: &mut Tx| store::find_by_number(tx, TWO).await).await.unwrap();
        assert!(gone.is_none(), "its number is free");
        let login = t.db.read(async |tx: &mut Tx| crate::account::store::find_secret(tx, TWO).await).await;
        assert!(login.unwrap().is_none(), "nobody signs in with it");

        let late = id.clone();
        let at = morning().plus_days(super::UNDO_DAYS);
        let late = acts(&t, async move |tx: &mut Tx| undo(tx, None, &late, "one", at).await).await;
        assert!(matches!(late, Err(Problem::Refused(_))), "{late:?}");
        acts(&t, async move |tx: &mut Tx| undo(tx, None, &id, "one", morning()).await).await.unwrap();
        let back =
            t.db.read(async |tx: &mut Tx| store::find_by_number(tx, TWO).await).await.unwrap().unwrap();
        assert_eq!((back.id, back.login.as_str(), back.leads_to), (goes.id, goes.login.as_str(), None));
    });
}
