//! Money told as tables. Its stories, on both databases with the people of the invented commune, are
//! the suite's.

use super::rules::*;
use crate::procedure::model::{Channel, Fee};

const NAMES: Names =
    Names { charge: "Lệ phí", general: "Khoản phải nộp", source: "Quyết định" };

fn priced(name: &str, amount: Option<i64>, unit: &str) -> Fee {
    Fee {
        name: name.into(),
        amount,
        unit: Some(unit.into()).filter(|u: &String| !u.is_empty()),
        channels: Vec::new(),
        note: None,
        exempt: Vec::new(),
        confidence: None,
    }
}

/// What each payment does to a bill of 37,500: with nothing there, and with 10,000 held.
#[test]
fn every_payment_and_bill() {
    let states = [BillState::Open, BillState::Paid, BillState::Cancelled];
    let mut table = String::from("\n");
    for (state, same, held) in
        states.into_iter().flat_map(|s| [(s, true, 0), (s, true, 10_000), (s, false, 0)])
    {
        table += &format!("{:<10}{:<7}{held:>6}", state.word(), if same { "same" } else { "other" });
        for amount in [1, 27_500, 37_500, 40_000] {
            let owed = Owed { state, amount: 37_500, held, same_account: same };
            let told = match judge(amount, Some(owed)) {
                Verdict::Settles { excess: 0 } => "settles".into(),
                Verdict::Settles { excess } => format!("+{excess}"),
                Verdict::Task(trouble) => trouble.word().into(),
            };
            table += &format!("{told:>11}");
        }
        table += "\n";
    }
    let expected = "
open      same        0 too_little too_little    settles      +2500
open      same    10000 too_little    settles     +10000     +12500
open      other       0    account    account    account    account
paid      same        0      twice      twice      twice      twice
paid      same    10000      twice      twice      twice      twice
paid      other       0      twice      twice      twice      twice
cancelled same        0       late       late       late       late
cancelled same    10000       late       late       late       late
cancelled other       0       late       late       late       late
";
    assert_eq!(table, expected);
    assert_eq!(judge(37_500, None), Verdict::Task(Trouble::Unknown));
    let huge = Owed { state: BillState::Open, amount: 1, held: i64::MAX, same_account: true };
    assert_eq!(judge(i64::MAX, Some(huge)), Verdict::Settles { excess: i64::MAX - 1 });
}

#[test]
fn a_reduction_never_leaves_more_than_was_asked_nor_less_than_nothing() {
    let table = [(100_000, 50, 50_000), (8_000, 100, 8_000), (333, 50, 167), (1, 1, 1), (99, 30, 30)];
    for (amount, percent, off) in table {
        assert_eq!(taken_off(amount, percent), off, "{percent}% of {amount}");
    }
    for amount in [1, 7, 99, 100, 101, 37_500, i64::MAX / 100] {
        for percent in 0..=100 {
            let off = taken_off(amount, percent);
            assert!((0..=amount).contains(&off), "{percent}% of {amount} is {off}");
        }
        assert_eq!(taken_off(amount, 100), amount);
        assert_eq!(taken_off(amount, 0), 0);
    }
}

#[test]
fn a_bill_names_the_price_of_the_catalogue_where_there_is_exactly_one() {
    let told = |fees: &[Fee], amount| {
        let lines = lines(fees, Some(Channel::Online), amount, &NAMES);
        let sum: i64 = lines.iter().map(|l| l.quantity * l.price).sum();
        assert_eq!(sum, amount, "a bill's lines are its sum");
        lines
            .iter()
            .map(|l| format!("{} {} {}×{} {}", l.kind.word(), l.name, l.quantity, l.price, l.unit))
            .collect::<Vec<_>>()
    };
    let copy = || priced("Phí bản sao", Some(8_000), "bản");
    let free = || priced("Lệ phí hộ tịch", Some(0), "");
    let open = || priced("Lệ phí hộ tịch", None, "");
    assert_eq!(told(&[free(), copy()], 24_000), ["fee Phí bản sao 3×8000 bản"]);
    assert_eq!(told(&[free(), copy()], 25_000), ["fee Khoản phải nộp 1×25000 "]);
    assert_eq!(told(&[open()], 15_000), ["charge Lệ phí hộ tịch 1×15000 "]);
    assert_eq!(told(&[], 15_000), ["fee Khoản phải nộp 1×15000 "]);
    let counter = Fee { channels: vec![Channel::Counter], ..copy() };
    assert_eq!(told(&[counter, free()], 8_000), ["fee Khoản phải nộp 1×8000 "]);
}

/// Columns: approve, refuse, pay. law: onestop/fee-refunds
#[test]
fn every_state_and_step_of_a_refund() {
    let mut table = String::from("\n");
    for state in RefundState::ALL {
        table += &format!("{:<9}", state.word());
        for step in [RefundStep::Approve, RefundStep::Refuse, RefundStep::Pay] {
            table += &format!("{:>9}", refund_after(state, step).map_or("-", RefundState::word));
        }
        table += "\n";
    }
    let expected = "
asked     approved  refused        -
approved         -        -     paid
refused          -        -        -
paid             -        -        -
";
    assert_eq!(table, expected);
}
