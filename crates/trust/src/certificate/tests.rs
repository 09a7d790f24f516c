//! What may happen to a certificate, and when its end is told.

use base::Instant;
use pki::crl::Reason;

use super::rules::{NotAllowed, State, Step, Wrong, after, faults, warning};
use crate::words::WORDS;

fn now() -> Instant {
    Instant::parse_rfc3339("2026-08-20T09:00:00+07:00").unwrap()
}

#[test]
fn every_pair_of_state_and_step() {
    let mut table = String::new();
    for state in State::ALL {
        table += &format!("{:<11}", state.word());
        for step in Step::ALL {
            let said = match after(state, step) {
                Ok(to) => to.word(),
                Err(NotAllowed(from, what)) => {
                    assert_eq!((from, what), (state, step));
                    "-"
                }
            };
            table += &format!("{said:<11}");
        }
        table = table.trim_end().to_string() + "\n";
    }
    let expected = "
valid      suspended  -          revoked    valid
suspended  -          valid      revoked    -
revoked    -          -          -          -
expired    -          -          -          -
";
    assert_eq!(format!("\n{table}"), expected);
}

#[test]
fn what_was_revoked_stays_revoked_when_its_time_is_over() {
    let end = now();
    let table = [
        ("valid", 0, State::Valid),
        ("valid", 1, State::Expired),
        ("suspended", 0, State::Suspended),
        ("suspended", 1, State::Expired),
        ("revoked", 0, State::Revoked),
        ("revoked", 1, State::Revoked),
    ];
    for (word, later, expected) in table {
        assert_eq!(State::of(word, end, end.plus_seconds(later)), expected, "{word} {later}");
    }
}

#[test]
fn everything_wrong_with_a_step_is_told_at_once() {
    let born = now().plus_days(-10);
    let all = faults(Step::Revoke, None, Some(now().plus_days(1)), "", (born, now()));
    assert_eq!(all, [Wrong::Reason, Wrong::Note, Wrong::SinceLater]);
    let early =
        faults(Step::Revoke, Some(Reason::KeyCompromise), Some(now().plus_days(-11)), "lộ", (born, now()));
    assert_eq!(early, [Wrong::SinceBefore]);
    // Holding is a step of its own, and an authority's compromise is no holder's.
    for reason in [Reason::CertificateHold, Reason::CaCompromise, Reason::RemoveFromCrl] {
        assert_eq!(faults(Step::Revoke, Some(reason), None, "vì sao", (born, now())), [Wrong::Reason]);
    }
    assert_eq!(faults(Step::Suspend, None, None, "vì sao", (born, now())), []);
    assert_eq!(faults(Step::Suspend, None, None, &"a".repeat(1_001), (born, now())), [Wrong::NoteTooLong]);
}

#[test]
fn an_end_is_told_once_at_each_step() {
    let end = now();
    let table = [
        (31, None, None),
        (30, None, Some(30)),
        (29, Some(30), None),
        (14, Some(30), Some(14)),
        (3, Some(14), Some(3)),
        (1, Some(3), None),
        (1, None, Some(3)),
        (0, Some(14), None),
    ];
    for (days, told, expected) in table {
        assert_eq!(warning(end, told, end.plus_days(-days)), expected, "{days} {told:?}");
    }
}

#[test]
fn every_word_is_there() {
    let groups: [(&str, &[&str]); 4] = [
        ("kind", &super::KINDS),
        ("class", &super::CLASSES),
        ("device", &super::DEVICES),
        ("origin", &["own", "imported"]),
    ];
    for (group, words) in groups {
        for word in words {
            assert!(WORDS.has(&format!("certificate.{group}.{word}")), "{group} {word}");
        }
    }
    for state in State::ALL {
        assert!(WORDS.has(&format!("certificate.state.{}", state.word())));
    }
    for reason in super::rules::REASONS {
        assert!(WORDS.has(&format!("certificate.reason.{}", reason.code())));
    }
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    assert_eq!(web::words::check_sources(&WORDS, source), Vec::<String>::new());
}
