//! The table of what a changed calendar asks of a promise.

use base::calendar::{Calendar, Kind, Limit, Row, Standing};
use base::{Day, Instant};

use super::rules::{Why, proposal};
use crate::dossier::History;
use crate::dossier::law::Law;
use crate::dossier::rules::{AfterSupplement, Status, Terms, Used};

fn at(text: &str) -> Instant {
    Instant::parse_rfc3339(&format!("2026-{text}:00+07:00")).unwrap()
}

fn line(verb: &str, (from, to): (Status, Status), when: &str, promised: Option<&str>) -> History {
    History {
        ordinal: 0,
        verb: verb.into(),
        from,
        to,
        from_stage: None,
        to_stage: None,
        at: at(when),
        account: None,
        office: None,
        reason_code: None,
        note: String::new(),
        details: serde_json::json!({}),
        promised: promised.map(at),
    }
}

/// A storm closes the commune on these days.
fn storm(days: &[&str]) -> Calendar {
    let row = |day: &&str| Row {
        day: Day::parse(day).unwrap(),
        kind: Kind::Local,
        occasion: None,
        standing: Standing::Confirmed,
        swap: None,
        source: "storm".into(),
    };
    Calendar::national().with_rows(days.iter().map(row))
}

/// What is proposed for a dossier of five working days with this log, after these closures.
fn asked(promised: &str, log: &[History], closed: &[&str]) -> Option<(Instant, Why)> {
    let (calendar, law) = (storm(closed), Law::shipped(AfterSupplement::Restart));
    let terms = Terms {
        limit: Some(Limit::WorkingDays(5)),
        law: &law,
        calendar: &calendar,
        stages: &[],
        used: Used::default(),
    };
    proposal(at(promised), at("08-06T17:00"), log, &terms)
}

#[test]
fn only_what_now_ends_later_or_on_a_closed_day_is_proposed() {
    use Status::{Filed, InProcess, Received, Supplementing};
    let file = || line("file", (Filed, Filed), "08-06T08:00", None);
    let receive = || line("receive", (Filed, Received), "08-06T09:00", Some("08-13T17:00"));
    let plain = vec![file(), receive()];
    let extend = line("extend", (Received, Received), "08-12T09:00", Some("08-17T17:00"));
    let extended = vec![file(), receive(), extend];
    let noted = vec![file(), receive(), line("assign", (Received, Received), "08-06T10:00", None)];
    let asks = line("ask_supplement", (Received, Supplementing), "08-07T09:00", Some("08-13T17:00"));
    let brings = line("supplement", (Supplementing, Received), "08-10T09:00", Some("08-17T17:00"));
    let again = vec![file(), receive(), asks, brings];
    let taken_over = vec![line("import", (InProcess, InProcess), "08-06T09:00", Some("08-13T17:00"))];
    let table = [
        ("nothing changed", "08-13T17:00", &plain, vec![], None),
        (
            "closed before the limit ends",
            "08-13T17:00",
            &plain,
            vec!["2026-08-11"],
            Some(("08-14T17:00", Why::Counted)),
        ),
        (
            "closed on the promised day",
            "08-13T17:00",
            &plain,
            vec!["2026-08-13"],
            Some(("08-14T17:00", Why::Counted)),
        ),
        ("closed after it", "08-13T17:00", &plain, vec!["2026-08-14"], None),
        ("an earlier count keeps the later promise", "08-17T17:00", &plain, vec![], None),
        (
            "a line beside the steps changes nothing",
            "08-13T17:00",
            &noted,
            vec!["2026-08-11"],
            Some(("08-14T17:00", Why::Counted)),
        ),
        ("a day that a leader chose stays", "08-17T17:00", &extended, vec!["2026-08-11"], None),
        (
            "unless nobody works on it",
            "08-17T17:00",
            &extended,
            vec!["2026-08-17"],
            Some(("08-18T17:00", Why::Closed)),
        ),
        ("papers began the count anew", "08-17T17:00", &again, vec!["2026-08-07"], None),
        (
            "and it is counted from them",
            "08-17T17:00",
            &again,
            vec!["2026-08-14"],
            Some(("08-18T17:00", Why::Counted)),
        ),
        ("the old system's promise is not counted", "08-13T17:00", &taken_over, vec!["2026-08-11"], None),
        (
            "but it too may fall on a closed day",
            "08-13T17:00",
            &taken_over,
            vec!["2026-08-13"],
            Some(("08-14T17:00", Why::Closed)),
        ),
    ];
    for (what, promised, log, closed, expected) in table {
        let expected = expected.map(|(time, why)| (at(time), why));
        assert_eq!(asked(promised, log, &closed), expected, "{what}");
    }
}
