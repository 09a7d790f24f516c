//! The tables of the vault.

use base::Day;

use super::rules::*;
use super::{Index, Keys};

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

#[test]
fn what_an_entry_is_worth_and_whether_it_may_be_used() {
    let last = Some(day("2026-08-31"));
    let ended = Some(day("2026-08-25"));
    let mut table = String::new();
    for (state, ended_on, expires_on) in [
        ("valid", None, None),
        ("valid", None, last),
        ("revoked", ended, None),
        ("revoked", ended, last),
        ("replaced", ended, last),
    ] {
        table += &format!("{state:<9}{:<7}", if expires_on.is_some() { "31/8" } else { "-" });
        for on in ["2026-08-24", "2026-08-25", "2026-08-31", "2026-09-01"] {
            let verdict = verdict(state, ended_on, expires_on, day(on));
            let word = match (may_use(verdict, true), may_use(verdict, false)) {
                (Ok(()), Err(NoUse::Closed)) => verdict.word().to_string(),
                (Err(no), Err(same)) if no == same => no.word().to_uppercase(),
                other => panic!("{other:?}"),
            };
            table += &format!("{word:<10}");
        }
        table = format!("{}\n", table.trim_end());
    }
    // On 24, 25 and 31 August and on 1 September; what may not be used is in capitals.
    let expected = "\
valid    -      valid     valid     valid     valid
valid    31/8   valid     valid     valid     EXPIRED
revoked  -      valid     REVOKED   REVOKED   REVOKED
revoked  31/8   valid     REVOKED   REVOKED   REVOKED
replaced 31/8   valid     REPLACED  REPLACED  REPLACED
";
    assert_eq!(table, expected);
}

#[test]
fn an_index_says_all_its_faults_at_once() {
    let today = day("2026-08-20");
    let read = |lines: &[(&str, &str)]| {
        let get = |name: &str| {
            lines.iter().find(|(n, _)| *n == name).map_or(String::new(), |(_, text)| text.to_string())
        };
        faults(&Index::read(get), today)
    };
    let long = "ả".repeat(LINE_CHARS_MAX + 1);
    type Pairs<'a> = &'a [(&'a str, &'a str)];
    let table: [(Pairs<'_>, Pairs<'_>); 6] = [
        (&[("name", "Giấy khai sinh")], &[]),
        (&[("name", "Giấy khai sinh"), ("issued_on", "20/8/2026"), ("expires_on", "2026-08-20")], &[]),
        (&[("name", " "), ("issued_on", "hôm qua")], &[("name", "fault.name"), ("issued_on", "fault.day")]),
        (
            &[("name", &long), ("issued_on", "21/8/2026"), ("expires_on", "x")],
            &[("name", "fault.too_long"), ("issued_on", "fault.issued_later"), ("expires_on", "fault.day")],
        ),
        (
            &[("name", "Giấy"), ("issued_on", "2/8/2026"), ("expires_on", "1/8/2026")],
            &[("expires_on", "fault.expires_before")],
        ),
        (&[("name", "Giấy"), ("number", &long)], &[("number", "fault.too_long")]),
    ];
    for (lines, expected) in table {
        assert_eq!(read(lines), expected, "{lines:?}");
    }
}

#[test]
fn papers_of_a_number_belong_to_the_person_confirmed_with_number_and_name() {
    let person = |number: Option<&str>, name: &str, confirmed: bool| {
        Keys::of(&directory::Person {
            account: base::Id::fresh(),
            name: name.into(),
            name_folded: base::text::fold(name),
            personal_number: number.map(str::to_string),
            number_before: None,
            phone: None,
            email: None,
            address: None,
            confirmed_at: confirmed.then(|| base::Instant::from_micros(1)),
            has_password: true,
        })
    };
    let paper = unclaimed("086195000123", "NGUYỄN THỊ  HẠNH");
    let table = [
        (person(Some("086195000123"), "Nguyễn Thị Hạnh", true), true),
        (person(Some("086195000123"), "Nguyễn Thị Hạnh", false), false),
        (person(Some("086195000123"), "Trần Văn Ba", true), false),
        (person(Some("086195000124"), "Nguyễn Thị Hạnh", true), false),
        (person(None, "Nguyễn Thị Hạnh", true), false),
    ];
    for (i, (keys, theirs)) in table.iter().enumerate() {
        assert_eq!(keys.0.contains(&paper), *theirs, "{i}");
    }
}
