use super::*;

/// Section J of the domain report: Tết, Giỗ Tổ.
const TABLE: [(i32, &str, &str); 19] = [
    (2018, "02-16", "04-25"),
    (2019, "02-05", "04-14"),
    (2020, "01-25", "04-02"),
    (2021, "02-12", "04-21"),
    (2022, "02-01", "04-10"),
    (2023, "01-22", "04-29"),
    (2024, "02-10", "04-18"),
    (2025, "01-29", "04-07"),
    (2026, "02-17", "04-26"),
    (2027, "02-06", "04-16"),
    (2028, "01-26", "04-04"),
    (2029, "02-13", "04-23"),
    (2030, "02-02", "04-12"),
    (2031, "01-23", "04-01"),
    (2032, "02-11", "04-19"),
    (2033, "01-31", "04-09"),
    (2034, "02-19", "04-28"),
    (2035, "02-08", "04-17"),
    (2036, "01-28", "04-06"),
];

#[test]
fn tet_and_hung_kings_of_the_published_table() {
    for (year, first, kings) in TABLE {
        assert_eq!(tet(year).unwrap().to_string(), format!("{year}-{first}"));
        assert_eq!(hung_kings(year).unwrap().to_string(), format!("{year}-{kings}"));
    }
}

#[test]
fn leap_months_of_the_published_table() {
    let found: Vec<(i32, u8)> = (2018..=2036).filter_map(|year| Some((year, leap_month(year)?))).collect();
    assert_eq!(found, [(2020, 4), (2023, 2), (2025, 6), (2028, 5), (2031, 3), (2033, 11), (2036, 6)]);
}

#[test]
fn years_without_a_thirtieth_of_the_last_month() {
    let short = |year: &i32| from_solar(tet(*year).unwrap().plus(-1)).unwrap().day == 29;
    let found: Vec<i32> = (2018..=2036).filter(short).collect();
    let expected: Vec<i32> = [2022].into_iter().chain(2025..=2032).collect();
    assert_eq!(found, expected);
}

#[test]
fn every_day_goes_there_and_back() {
    let mut day = tet(1900).unwrap();
    let mut before = Lunar { year: 1899, month: 12, leap: false, day: 29 };
    while let Some(lunar) = from_solar(day) {
        assert_eq!(to_solar(lunar), Some(day), "{day} {lunar:?}");
        let goes_on = if lunar.day == 1 {
            let month_after = before.month % 12 + 1;
            before.day >= 29 && (lunar.month == month_after || (lunar.leap && lunar.month == before.month))
        } else {
            (before.year, before.month, before.leap, before.day + 1)
                == (lunar.year, lunar.month, lunar.leap, lunar.day)
        };
        assert!(goes_on, "{before:?} {lunar:?}");
        assert!(!lunar.leap || leap_month(lunar.year) == Some(lunar.month));
        before = lunar;
        day = day.next();
    }
    assert_eq!((before.year, before.month), (2199, 12));
}

#[test]
fn days_that_do_not_exist() {
    let lunar = |year, month, leap, day| to_solar(Lunar { year, month, leap, day });
    assert_eq!(lunar(2026, 2, true, 1), None);
    assert_eq!(lunar(2026, 12, false, 30), None);
    assert_eq!(lunar(2026, 13, false, 1), None);
    assert_eq!(lunar(2026, 0, false, 1), None);
    assert_eq!(lunar(2026, 1, false, 0), None);
    assert_eq!(lunar(2026, 1, false, 31), None);
    assert_eq!(lunar(1899, 1, false, 1), None);
    assert_eq!(lunar(i32::MAX, 12, false, 1), None);
    assert_eq!((tet(2200), hung_kings(1899), leap_month(2200)), (None, None, None));
    assert_eq!((from_solar(Day::MIN), from_solar(Day::MAX)), (None, None));
    assert!(propose(2200).is_empty() && propose(i32::MIN).is_empty());
    assert!(lunar(2033, 11, true, 1).is_some());
}

#[test]
fn a_proposal_is_printed() {
    let rows = propose(2028);
    let printed: Vec<String> =
        rows.iter().map(|row| format!("{} {} {}", row.day, row.kind, row.occasion.unwrap())).collect();
    let expected = [
        "2028-01-01 holiday new_year",
        "2028-01-03 compensation new_year",
        "2028-01-25 holiday tet",
        "2028-01-26 holiday tet",
        "2028-01-27 holiday tet",
        "2028-01-28 holiday tet",
        "2028-01-29 holiday tet",
        "2028-01-31 compensation tet",
        "2028-04-04 holiday hung_kings",
        "2028-04-30 holiday reunification",
        "2028-05-01 holiday labour",
        "2028-05-02 compensation reunification",
        "2028-09-01 holiday national",
        "2028-09-02 holiday national",
        "2028-09-04 compensation national",
        "2028-11-24 holiday culture",
    ];
    assert_eq!(printed, expected);
    // twelve days off in lieu of none lost, whatever is chosen
    for year in 2026..=2199 {
        for tet_days_before in 0..=5 {
            for national in [NationalDay::WithDayBefore, NationalDay::WithDayAfter] {
                let rows = propose_with(year, Choices { tet_days_before, national });
                let weekdays = rows.iter().filter(|row| !row.day.weekday().is_weekend()).count();
                assert_eq!(weekdays, 12, "{year}");
                assert!(rows.is_sorted_by(|a, b| a.day < b.day));
            }
        }
    }
}

#[test]
fn years_in_which_the_zone_made_a_difference() {
    // celebrated in Vietnam a day, and in 1985 a month, before China
    let table = [(1968, "1968-01-29"), (1985, "1985-01-21"), (2007, "2007-02-17"), (2030, "2030-02-02")];
    for (year, first) in table {
        assert_eq!(tet(year).unwrap().to_string(), first);
    }
    assert_eq!(tet(1900).unwrap().to_string(), "1900-01-31");
}
