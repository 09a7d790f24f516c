//! Tables and stories of the hall.

use std::collections::BTreeSet;

use base::calendar::Span;
use base::{Day, Instant};
use db::testing::{TestDb, both};
use db::{Act, Tx};
use directory::UnitId;
use web::Problem;

use super::rules::*;
use super::{Seat, Wish, call_next, store};

fn at(text: &str) -> Instant {
    Instant::parse_rfc3339(&format!("2026-08-20T{text}:00+07:00")).unwrap()
}

/// Columns: call, recall, start, finish, miss, transfer.
#[test]
fn every_pair_of_state_and_action() {
    let mut table = String::from("\n");
    for state in State::ALL {
        let mut line = format!("{:<9}", state.word());
        for action in Action::ALL {
            line += &format!("{:<9}", after(state, action).map_or("-", State::word));
        }
        table += line.trim_end();
        table.push('\n');
    }
    let expected = "
waiting  called   -        -        -        -        -
called   -        called   serving  served   no-show  waiting
serving  -        -        -        served   -        waiting
served   -        -        -        -        -        -
no-show  -        called   -        -        -        -
";
    assert_eq!(table, expected);
}

/// law: onestop/hall-priority
#[test]
fn priority_goes_first_but_others_are_not_forgotten() {
    let now = at("09:00");
    let wait = |number: i64, rank: Rank, ready: &str| Waiting {
        id: number.to_string(),
        number,
        rank,
        ready_at: at(ready),
    };
    let mut hall = vec![
        wait(1, Rank::Ordinary, "08:00"),
        wait(2, Rank::Ordinary, "08:00"),
        wait(3, Rank::Priority, "08:00"),
        wait(4, Rank::Booked, "08:45"),
        wait(5, Rank::Booked, "10:00"),
        wait(6, Rank::Priority, "08:00"),
        wait(7, Rank::Priority, "08:00"),
    ];
    let (mut order, mut run) = (Vec::new(), 0);
    while let Some(called) = next(&hall, run, 2, now).cloned() {
        run = if called.rank == Rank::Priority { run + 1 } else { 0 };
        hall.retain(|w| w.id != called.id);
        order.push(called.number);
    }
    // After two priority numbers the booked one whose time has come; 5 came early and waits its turn.
    assert_eq!(order, [3, 6, 4, 7, 1, 2, 5]);
    let only = [wait(8, Rank::Priority, "08:00")];
    assert!(next(&only, 9, 2, now).is_some(), "nobody else waits, so nobody is passed over");
}

#[test]
fn slots_are_whole_and_inside_the_hours() {
    let spans = [Span { open: 7 * 60, close: 8 * 60 + 20 }, Span { open: 13 * 60, close: 13 * 60 + 25 }];
    assert_eq!(slots(&spans, 30), [420, 450]);
    assert_eq!(slots(&spans, 25), [420, 445, 470, 780]);
    assert_eq!(slots(&[], 15), Vec::<u16>::new());
}

#[test]
fn the_figures_of_a_day() {
    let ticket = |taken: &str, called: Option<&str>, done: Option<&str>, state: State, desk: i64| Times {
        state,
        taken_at: at(taken),
        first_called_at: called.map(at),
        started_at: None,
        done_at: done.map(at),
        desk: called.map(|_| desk),
    };
    let mut day: Vec<Times> = (0..9)
        .map(|n| ticket("08:00", Some(&format!("08:{:02}", n + 1)), Some("08:30"), State::Served, 1))
        .collect();
    day.push(ticket("09:00", Some("09:40"), Some("09:50"), State::Served, 2));
    day.push(ticket("09:10", Some("09:15"), Some("09:20"), State::NoShow, 2));
    day.push(ticket("09:50", None, None, State::Waiting, 0));
    let f = figures(&day);
    assert_eq!((f.taken, f.served, f.missed, f.waiting, f.called), (12, 10, 1, 1, 11));
    // Waits in minutes: 1 to 9, 40 and 5; the tenth of eleven in order is 9.
    assert_eq!((f.wait_mean_s, f.wait_p90_s, f.wait_max_s), (491, 9 * 60, 40 * 60));
    assert_eq!(f.hours, [(8, 9, 9), (9, 3, 1)]);
    assert_eq!(f.desks, [(1, 9, 25 * 60), (2, 1, 10 * 60)]);
    assert_eq!(figures(&[]), Figures::default());
}

const UNIT: &str = "29596-MC@2018-01-01";

fn act() -> Act {
    Act::system("test.hall", "", at("08:00"))
}

/// A hall with one service, two desks and a clerk at each.
async fn hall(t: &TestDb) -> (UnitId, String) {
    t.migrate(&crate::tests::migrations()).await;
    crate::seed(&t.db, at("07:00")).await.unwrap();
    let unit = UnitId::from(UNIT);
    let asked = unit.clone();
    let service =
        t.db.write(act(), async move |tx: &mut Tx| -> Result<String, Problem> {
            let hall = store::Hall {
                unit: UNIT.into(),
                kiosk: None,
                slot_minutes: 30,
                per_slot: 1,
                days_ahead: 7,
                version: 0,
            };
            store::put_hall(tx, &hall).await?;
            let service = store::put_service(tx, &asked, 0, "Hộ tịch").await?;
            for (number, clerk) in [(1, "linh"), (2, "an")] {
                store::put_desk(tx, &asked, number, "[]").await?;
                store::seat(tx, &asked, number, clerk).await?;
            }
            Ok(service)
        })
        .await
        .unwrap();
    (unit, service)
}

async fn takes(t: &TestDb, unit: &UnitId, service: &str, group: &'static str) -> store::Ticket {
    let (unit, service) = (unit.clone(), service.to_string());
    let write = async move |tx: &mut Tx| super::take(tx, &unit, &service, group, at("08:00")).await;
    t.db.write(act(), write).await.unwrap()
}

/// Presses "next" once for a clerk, with the version now on the screen.
async fn calls(db: &db::Db, unit: &UnitId, clerk: &'static str) -> Option<i64> {
    let unit = unit.clone();
    let write = async move |tx: &mut Tx| -> Result<Option<i64>, Problem> {
        let now = at("09:00");
        let seat = super::seat_of(tx, &unit, clerk).await?.ok_or(Problem::NotFound)?;
        let current = store::at_desk(tx, &unit, now.day(), seat.desk).await?;
        let seen = current.map_or(0, |t| t.version);
        Ok(call_next(tx, &seat, seen, now).await?.map(|t| t.number))
    };
    db.write(act(), write).await.unwrap()
}

#[test]
fn two_clerks_who_call_at_once_never_get_the_same_ticket() {
    both(async |t| {
        const TICKETS: i64 = 40;
        let (unit, service) = hall(&t).await;
        let mut numbers = Vec::new();
        for _ in 0..TICKETS {
            numbers.push(takes(&t, &unit, &service, "").await.number);
        }
        assert_eq!(numbers, (1..=TICKETS).collect::<Vec<i64>>(), "numbers have no gaps");
        let second = t.again().await;
        let all = async |db: &db::Db, clerk: &'static str| {
            let mut got = Vec::new();
            while let Some(number) = calls(db, &unit, clerk).await {
                got.push(number);
            }
            got
        };
        let (linh, an) = tokio::join!(all(&t.db, "linh"), all(&second, "an"));
        second.close().await;
        let distinct: BTreeSet<i64> = linh.iter().chain(&an).copied().collect();
        assert_eq!(linh.len() + an.len(), distinct.len(), "{linh:?} {an:?}");
        assert_eq!(distinct, (1..=TICKETS).collect());
    });
}

#[test]
fn numbers_taken_at_once_have_no_gaps_and_begin_again_each_day() {
    both(async |t| {
        let (unit, service) = hall(&t).await;
        let take = async |n: i64| {
            let mut got = Vec::new();
            for _ in 0..n {
                got.push(takes(&t, &unit, &service, "").await.number);
            }
            got
        };
        let (a, b) = tokio::join!(take(15), take(15));
        let all: BTreeSet<i64> = a.into_iter().chain(b).collect();
        assert_eq!(all, (1..=30).collect());
        let (asked, tomorrow) = (unit.clone(), at("08:00").plus_days(1));
        let write = async move |tx: &mut Tx| super::take(tx, &asked, &service, "", tomorrow).await;
        assert_eq!(t.db.write(act(), write).await.unwrap().label, "001");
    });
}

#[test]
fn a_second_press_of_the_button_calls_nobody() {
    both(async |t| {
        let (unit, service) = hall(&t).await;
        takes(&t, &unit, &service, "").await;
        takes(&t, &unit, &service, "elderly").await;
        let asked = unit.clone();
        let press = async move |tx: &mut Tx| -> Result<Option<i64>, Problem> {
            let seat = Seat { unit: asked.clone(), desk: 1, services: Vec::new(), clerk: "linh".into() };
            Ok(call_next(tx, &seat, 0, at("09:00")).await?.map(|t| t.number))
        };
        assert_eq!(t.db.write(act(), press.clone()).await.unwrap(), Some(2), "the elderly go first");
        assert!(matches!(t.db.write(act(), press).await, Err(Problem::Stale)));
        assert_eq!(calls(&t.db, &unit, "linh").await, Some(1));
    });
}

#[test]
fn the_last_place_of_a_slot_is_given_once() {
    both(async |t| {
        let (unit, service) = hall(&t).await;
        let second = t.again().await;
        let book = async |db: &db::Db, account: &'static str, code: &'static str| {
            let (unit, service) = (unit.clone(), service.clone());
            let write = async move |tx: &mut Tx| {
                let wish = Wish {
                    day: Day::new(2026, 8, 21).unwrap(),
                    minute: 8 * 60,
                    service: service.clone(),
                    account: account.into(),
                };
                super::book(tx, &unit, &wish, code, at("08:00")).await
            };
            db.write(act(), write).await
        };
        let (a, b) = tokio::join!(book(&t.db, "hạnh", "AAAA1111"), book(&second, "ẩn", "BBBB2222"));
        second.close().await;
        assert_eq!(u8::from(a.is_ok()) + u8::from(b.is_ok()), 1, "{a:?} {b:?}");
        let winner = if a.is_ok() { "AAAA-1111" } else { "BBBB-2222" };
        // The reminder goes out once, the day before.
        for told in [1, 0] {
            let remind = async |tx: &mut Tx| super::remind(tx, at("16:00")).await;
            assert_eq!(t.db.write(act(), remind).await.unwrap(), told);
        }
        let arrive = async move |tx: &mut Tx| -> Result<store::Ticket, Problem> {
            super::arrive(tx, &unit, winner, at("07:50").plus_days(1)).await
        };
        let ticket = t.db.write(act(), arrive.clone()).await.unwrap();
        assert_eq!((ticket.rank.as_str(), ticket.number), ("booked", 1));
        assert!(t.db.write(act(), arrive).await.is_err(), "a code is used once");
    });
}
