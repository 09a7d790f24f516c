//! What is issued says what it should, and ends when it should.

use base::Instant;
use pki::cert::Validity;
use pki::profile::Kind;

use super::rules::{is_to_be_replaced, kind, validity};

fn at(text: &str) -> Instant {
    Instant::parse_rfc3339(text).unwrap()
}

#[test]
fn nothing_is_good_for_longer_than_its_issuer() {
    let from = at("2026-08-20T09:00:00+07:00");
    let end = from.plus_days(400);
    let table = [
        (Kind::Root, None, 7300),
        (Kind::IssuingCa { path_len: 0 }, None, 3650),
        (Kind::Ocsp, None, 90),
        (Kind::Tsa, None, 1825),
        (Kind::Official, None, 1095),
        (Kind::Official, Some(end), 400),
        (Kind::Ocsp, Some(end), 90),
    ];
    for (kind, issuer_end, days) in table {
        let expected = Validity { not_before: from, not_after: from.plus_days(days) };
        assert_eq!(validity(kind, from, 3, issuer_end), expected, "{kind:?}");
    }
}

#[test]
fn keys_that_answer_are_replaced_in_time() {
    let now = at("2026-08-20T09:00:00+07:00");
    for (unit, left, expected) in
        [("ocsp", 31, false), ("ocsp", 30, true), ("tsa", 366, false), ("tsa", 365, true)]
    {
        let (end, issuer_end) = (now.plus_days(left), now.plus_days(3_000));
        assert_eq!(is_to_be_replaced(unit, end, issuer_end, now), expected, "{unit} {left}");
        assert!(!is_to_be_replaced(unit, end, end, now), "{unit} {left}: it ends with its issuer");
    }
    assert_eq!(kind("official"), Some(Kind::Official));
    assert_eq!(kind("root"), None, "nobody asks for an authority");
}
