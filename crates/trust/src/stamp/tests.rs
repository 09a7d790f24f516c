//! Numbers of time-stamps, and a clock that goes back.

use std::collections::BTreeSet;

use base::Instant;
use db::testing::both;

use super::Stamper;
use super::rules::{ACCURACY_MILLIS, BLOCK, BLOCK_SECONDS, Block, Taken, take};

fn at(seconds: i64) -> Instant {
    Instant::parse_rfc3339("2026-08-20T09:00:00+07:00").unwrap().plus_seconds(seconds)
}

#[test]
fn a_block_ends_by_number_and_by_age_and_no_time_is_given_before_another() {
    let block = || Block { next: 1, end: 3, taken_at: at(0), last: at(0) };
    let mut b = block();
    let said = [take(&mut b, at(1)), take(&mut b, at(2)), take(&mut b, at(2))];
    assert_eq!(said, [Taken::Number(1), Taken::Number(2), Taken::Another]);
    assert_eq!(take(&mut block(), at(BLOCK_SECONDS)), Taken::Another);
    let mut b = block();
    assert_eq!(take(&mut b, at(4)), Taken::Number(1));
    let accuracy = i64::from(ACCURACY_MILLIS / 1_000);
    assert_eq!(take(&mut b, at(4 - accuracy)), Taken::Number(2), "within the accuracy");
    let mut b = block();
    assert_eq!(take(&mut b, at(4)), Taken::Number(1));
    assert_eq!(take(&mut b, at(3 - accuracy)), Taken::InDoubt);
}

#[test]
fn no_number_is_given_twice_by_two_nodes_and_after_crashes() {
    both(async |t| {
        t.migrate(&crate::migrations()).await;
        let mut given = BTreeSet::new();
        let mut count = 0;
        for round in 0..6 {
            // Each pair dies with what its blocks had left.
            let nodes = [Stamper::default(), Stamper::default()];
            for n in 0..BLOCK + 7 {
                let number = nodes[(n % 2) as usize].number(&t.db, at(round)).await.unwrap();
                given.insert(number.expect("the clock is in order"));
                count += 1;
            }
        }
        assert_eq!(given.len(), count);
        let late = Stamper::default();
        assert_eq!(late.number(&t.db, at(0)).await.unwrap(), None, "the clock has gone back over a crash");
        assert!(late.number(&t.db, at(6)).await.unwrap().is_some(), "it is in order again");
    });
}
