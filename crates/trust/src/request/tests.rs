//! What a request must say, and who may decide about it.

use super::Typed;
use super::rules::{No, Wrong, faults, is_host, may_decide};

fn typed() -> Typed {
    Typed {
        kind: "official".into(),
        holder: "chutich.phuochau".into(),
        letter: "12/UBND-VP".into(),
        reason: "Ký văn bản".into(),
        device: "token".into(),
        years: 3,
        ..Typed::default()
    }
}

#[test]
fn everything_wrong_is_told_at_once() {
    assert_eq!(faults(&typed(), false), []);
    let blank = Typed { kind: "official".into(), ..Typed::default() };
    let expected = [
        ("holder", Wrong::Missing),
        ("letter", Wrong::Missing),
        ("reason", Wrong::Missing),
        ("years", Wrong::TooManyYears),
        ("device", Wrong::NoChoice),
    ];
    assert_eq!(faults(&blank, false), expected);
    let wrong = Typed { email: "a b@c".into(), host: "a.vn".into(), kind: "root".into(), ..typed() };
    let fields: Vec<&str> = faults(&wrong, false).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["kind", "unit", "email", "host"]);
    let long = Typed { letter: "x".repeat(121), reason: "x".repeat(1_001), ..typed() };
    assert_eq!(faults(&long, false), [("letter", Wrong::TooLong), ("reason", Wrong::TooLong)]);
}

#[test]
fn a_first_certificate_is_good_for_five_years_at_most_and_a_renewed_one_for_three() {
    for (years, first, renewed) in
        [(0, false, false), (1, true, true), (3, true, true), (5, true, false), (6, false, false)]
    {
        let typed = Typed { years, ..typed() };
        assert_eq!(faults(&typed, false).is_empty(), first, "{years}");
        assert_eq!(faults(&typed, true).is_empty(), renewed, "{years}, renewed");
    }
}

#[test]
fn a_server_has_a_host_and_nobody_else() {
    let tls = |host: &str| Typed { kind: "tls".into(), unit: "29596".into(), host: host.into(), ..typed() };
    assert_eq!(faults(&tls("dichvu.vinhlong.gov.vn"), false), []);
    for host in ["", "localhost", "-a.vn", "a..vn", "a.vn\nDNS:b.vn", "*.vn"] {
        assert_eq!(faults(&tls(host), false), [("host", Wrong::NoHost)], "{host:?}");
    }
    assert!(!is_host(&"a.".repeat(200)));
}

#[test]
fn two_persons_stand_behind_every_certificate() {
    let table = [
        ("asked", "an", None, "binh", Ok(())),
        ("asked", "an", None, "an", Err(No::Asker)),
        ("asked", "an", Some("binh"), "binh", Err(No::Holder)),
        ("asked", "an", Some("chi"), "binh", Ok(())),
        ("issued", "an", None, "binh", Err(No::Decided)),
        ("withdrawn", "an", None, "binh", Err(No::Decided)),
    ];
    for (state, asked_by, holder, by, expected) in table {
        assert_eq!(may_decide(state, asked_by, holder, by), expected, "{state} {asked_by} {by}");
    }
}
