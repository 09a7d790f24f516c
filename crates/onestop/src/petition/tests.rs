//! The tables of a petition's life, printed.

use base::Instant;
use base::calendar::{Calendar, Limit};

use super::rules::*;

fn at(text: &str) -> Instant {
    Instant::parse_rfc3339(text).unwrap()
}

fn terms(calendar: &Calendar) -> Terms<'_> {
    let days = Limit::WorkingDays;
    Terms { refuse: days(2), sort: days(5), answer: days(15), publish: days(2), calendar }
}

fn states(now: Instant, terms: &Terms) -> [State; 7] {
    [
        received(now, terms).unwrap(),
        State::Incomplete { asked: now },
        State::Refused { at: now },
        State::Forwarded { answer_by: now },
        State::Answered { at: now, publish_by: now },
        State::Published { at: now },
        State::Withheld { at: now },
    ]
}

/// Columns: forward, answer, publish, ask_completion, complete, refuse, withhold.
#[test]
fn every_pair_of_state_and_step() {
    let calendar = Calendar::national();
    let terms = terms(&calendar);
    let now = at("2026-08-20T09:00:00+07:00");
    let mut table = String::from("\n");
    for state in states(now, &terms) {
        let mut line = format!("{:<11}", state.standing().word());
        for verb in Verb::ALL {
            let to = after(state, verb, now, &terms).map_or("-", |s| s.standing().word());
            line += &format!("{to:<11}");
        }
        table += line.trim_end();
        table.push('\n');
    }
    let expected = "
received   forwarded  -          -          incomplete -          refused    -
incomplete -          -          -          -          received   refused    -
refused    -          -          -          -          -          -          -
forwarded  forwarded  answered   -          -          -          -          -
answered   -          -          published  -          -          -          withheld
published  -          -          -          -          -          -          -
withheld   -          -          -          -          -          -          -
";
    assert_eq!(table, expected);
}

#[test]
fn every_seat_and_step() {
    let mut table = String::from("\n");
    for (name, seat) in [
        ("sender", Seat::Sender),
        ("intake", Seat::Intake),
        ("holder", Seat::Holder),
        ("approver", Seat::Approver),
    ] {
        let may: Vec<&str> = Verb::ALL.into_iter().filter(|v| may(seat, *v)).map(Verb::word).collect();
        table += &format!("{name:<9}{}\n", may.join(" "));
    }
    let expected = "
sender   complete
intake   forward ask_completion complete refuse
holder   forward answer
approver forward publish withhold
";
    assert_eq!(table, expected);
}

/// law: onestop/petition-limits, onestop/petition-clock
#[test]
fn limits_run_from_the_receipt_and_again_from_zero_once_it_is_complete() {
    let calendar = Calendar::national();
    let terms = terms(&calendar);
    // A Thursday; Saturday 22 August 2026 is worked for 31 August, and 1 and 2 September are off.
    let state = received(at("2026-08-20T09:00:00+07:00"), &terms).unwrap();
    let day = |text: &str| at(&format!("{text}T17:00:00+07:00"));
    let expected = State::Received {
        refuse_by: day("2026-08-22"),
        sort_by: day("2026-08-26"),
        answer_by: day("2026-09-14"),
    };
    assert_eq!(state, expected);
    let asked = after(state, Verb::AskCompletion, at("2026-08-21T09:00:00+07:00"), &terms).unwrap();
    assert_eq!(asked.deadline(), None, "nothing runs while the sender is asked");
    let back = at("2026-08-27T09:00:00+07:00");
    let again = after(asked, Verb::Complete, back, &terms).unwrap();
    assert_eq!(again, received(back, &terms).unwrap());
    let sent_on = after(again, Verb::Forward, at("2026-08-28T09:00:00+07:00"), &terms).unwrap();
    assert_eq!(limit_of(sent_on, Verb::Answer), limit_of_answer(again), "handing on moves nothing");
    let answered = after(sent_on, Verb::Answer, at("2026-09-04T09:00:00+07:00"), &terms).unwrap();
    assert_eq!(answered.deadline(), Some(day("2026-09-08")));
}

fn limit_of_answer(state: State) -> Option<Instant> {
    match state {
        State::Received { answer_by, .. } => Some(answer_by),
        _ => None,
    }
}

/// law: onestop/petition-four-eyes
#[test]
fn whoever_answered_does_not_approve() {
    for verb in Verb::ALL {
        let approves = matches!(verb, Verb::Publish | Verb::Withhold);
        assert_eq!(four_eyes(verb, Some("thái"), "thái").is_err(), approves, "{verb:?}");
        assert!(four_eyes(verb, Some("thái"), "đẳng").is_ok());
    }
}

#[test]
fn what_would_tell_the_sender_is_found_in_a_public_text() {
    let found = |text: &str| personal(text, "Trần Thị Bích Hạnh", "0912345678");
    let table = [
        ("Bà TRẦN THỊ BÍCH HẠNH phải chờ lâu", Some(Personal::Name)),
        ("ba tran thi bich hanh", Some(Personal::Name)),
        ("gọi 0912.345.678 không ai nghe", Some(Personal::Phone)),
        ("CCCD 086 195 000 123", Some(Personal::Number)),
        ("ngày 20/8/2026 chờ 3 giờ, phí 37.500 đồng", None),
        ("Chị Hạnh ở quầy 2", None),
    ];
    for (text, expected) in table {
        assert_eq!(found(text), expected, "{text}");
    }
}
