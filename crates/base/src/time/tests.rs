use super::*;
use jiff::civil::Date;
use proptest::prelude::*;

#[test]
fn every_day_of_9999_years_agrees_with_another_make() {
    let mut theirs = Date::new(1, 1, 1).unwrap();
    let mut ours = Day::MIN;
    loop {
        let (year, month, day) = ours.civil();
        assert_eq!((year as i16, month as i8, day as i8), (theirs.year(), theirs.month(), theirs.day()));
        assert_eq!(Day::new(year, month, day), Some(ours));
        assert_eq!(ours.weekday().index() as i8, theirs.weekday().to_monday_zero_offset());
        if ours == Day::MAX {
            break;
        }
        ours = ours.next();
        theirs = theirs.tomorrow().unwrap();
    }
    assert!(theirs.tomorrow().is_err());
    assert_eq!((Day::MIN.to_string(), Day::MAX.to_string()), ("0001-01-01".into(), "9999-12-31".into()));
}

#[test]
fn days_that_are_none() {
    for (year, month, day) in [
        (2026, 2, 29),
        (2100, 2, 29),
        (2026, 4, 31),
        (2026, 13, 1),
        (2026, 0, 1),
        (2026, 1, 0),
        (2026, 1, 32),
        (0, 1, 1),
        (10_000, 1, 1),
        (i32::MIN, 1, 1),
        (i32::MAX, 12, 31),
    ] {
        assert_eq!(Day::new(year, month, day), None);
    }
    assert!(Day::new(2000, 2, 29).is_some());
    for text in [
        "",
        "2026-1-1",
        "2026-02-30",
        "2026/02/03",
        "+026-02-03",
        "2026-02-03 ",
        "２０２６-01-01",
        "0000-01-01",
    ] {
        assert_eq!(Day::parse(text), Err(DayError), "{text}");
    }
}

#[test]
fn texts_of_instants() {
    let table = [
        ("2026-11-19T09:52:00+07:00", "2026-11-19T09:52:00+07:00"),
        ("2026-08-21T09:00+07:00", "2026-08-21T09:00:00+07:00"),
        ("2026-11-19T02:52:00Z", "2026-11-19T09:52:00+07:00"),
        ("2026-11-18t21:52:00.5-05:00", "2026-11-19T09:52:00.500000+07:00"),
        ("2026-11-19T23:59:59.123456789z", "2026-11-20T06:59:59.123456+07:00"),
        ("0001-01-01T00:00:00+07:00", "0001-01-01T00:00:00+07:00"),
        ("9999-12-31T23:59:59.999999+07:00", "9999-12-31T23:59:59.999999+07:00"),
        ("1969-12-31T23:59:59.000001+07:00", "1969-12-31T23:59:59.000001+07:00"),
    ];
    for (given, shown) in table {
        let instant = Instant::parse_rfc3339(given).unwrap();
        assert_eq!(instant.to_string(), shown);
        assert_eq!(shown.parse(), Ok(instant));
        let json = format!("\"{shown}\"");
        assert_eq!(serde_json::to_string(&instant).unwrap(), json);
        assert_eq!(serde_json::from_str::<Instant>(&json).unwrap(), instant);
    }
}

#[test]
fn texts_that_are_no_instant() {
    use InstantError::*;
    let table = [
        ("", Shape),
        ("2026-11-19", Shape),
        ("2026-11-19 09:52:00+07:00", Shape),
        ("2026-11-19T9:52:00+07:00", Shape),
        ("2026-11-19T09:52:00.+07:00", Shape),
        ("2026-11-19T09:52:00+0700", Shape),
        ("2026-11-19T09:52:0é+07:00", Shape),
        ("2026-11-19T09:52:00+07:00 ", Shape),
        ("2026-11-19T09:52:00", NoOffset),
        ("2026-02-29T09:52:00+07:00", NoSuchDay),
        ("0001-01-01T00:00:00+08:00", NoSuchDay),
        ("2026-11-19T24:00:00+07:00", NoSuchTime),
        ("2026-11-19T09:60:00+07:00", NoSuchTime),
        ("2026-11-19T09:52:60+07:00", NoSuchTime),
        ("2026-11-19T09:52:00+24:00", NoSuchTime),
    ];
    for (text, why) in table {
        assert_eq!(Instant::parse_rfc3339(text), Err(why), "{text}");
    }
}

#[test]
fn arithmetic_stops_at_the_ends() {
    for extreme in [i64::MIN, i64::MAX] {
        for start in [Instant::MIN, Instant::from_micros(0), Instant::MAX] {
            let end = if extreme < 0 { Instant::MIN } else { Instant::MAX };
            assert_eq!(start.plus_minutes(extreme), end);
            assert_eq!(start.plus_days(extreme), end);
            assert_eq!(start.plus_seconds(extreme), end);
            assert_eq!(Instant::from_micros(extreme), end);
        }
        let end = if extreme < 0 { Day::MIN } else { Day::MAX };
        assert_eq!(Day::MIN.plus(extreme), end);
    }
    assert_eq!(Instant::MIN.plus(Duration::MAX), Instant::MAX);
    assert_eq!((Instant::MIN.day(), Instant::MAX.day()), (Day::MIN, Day::MAX));
    assert_eq!(Day::MAX.at(1440), Instant::MAX);
    assert_eq!(Instant::MIN.since(Instant::MAX), Duration::ZERO);
}

proptest! {
    #[test]
    fn an_instant_is_its_day_and_its_minute(micros in Instant::MIN.micros()..=Instant::MAX.micros()) {
        let instant = Instant::from_micros(micros);
        prop_assert_eq!(instant.day().at(instant.minute_of_day()), instant.whole_minute());
        prop_assert_eq!(instant.to_string().parse(), Ok(instant));
        let zoned = jiff::Timestamp::from_microsecond(micros)
            .map(|at| jiff::tz::Offset::constant(7).to_datetime(at));
        if let Ok(theirs) = zoned {
            prop_assert_eq!(i32::from(theirs.year()), instant.day().year());
            prop_assert_eq!(theirs.hour() as u16 * 60 + theirs.minute() as u16, instant.minute_of_day());
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,40}", almost in "[0-9T:+.Zz-]{0,32}") {
        for text in [text, almost] {
            if let Ok(instant) = Instant::parse_rfc3339(&text) {
                prop_assert_eq!(instant.to_string().parse(), Ok(instant));
            }
            if let Ok(day) = Day::parse(&text) {
                prop_assert_eq!(day.to_string(), text);
            }
        }
    }
}
