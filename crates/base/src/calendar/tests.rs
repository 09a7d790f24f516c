use super::*;
use crate::lunar::{self, Choices, NationalDay};

mod oracle;

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

/// `2026-08-21 09:00` in Vietnam.
fn at(text: &str) -> Instant {
    Instant::parse_rfc3339(&format!("{}+07:00", text.replace(' ', "T"))).unwrap()
}

fn short(instant: Instant) -> String {
    instant.to_string()[..16].replace('T', " ")
}

fn due_of(calendar: &Calendar, from: &str, limit: &str) -> String {
    short(calendar.due(at(from), limit.parse().unwrap()).unwrap().at)
}

/// Section C.6 of the domain report, as it stands there.
const TABLE: &str = "
2018 | 01/01; 14–20/02; 25/04; 30/04; 01/05; 02–03/09; 31/12
2019 | 01/01; 04–08/02; 14–15/04; 29–30/04; 01/05; 02/09 | 05/01, 04/05
2020 | 01/01; 23–29/01; 02/04; 30/04; 01/05; 02/09
2021 | 01/01; 10–16/02; 21/04; 30/04; 01/05; 03/05; 02–03/09
2022 | 01/01; 03/01; 31/01–04/02; 10–11/04; 30/04; 01–03/05; 01–02/09
2023 | 01–02/01; 20–26/01; 29–30/04; 01–03/05; 01–02/09; 04/09
2024 | 01/01; 08–14/02; 18/04; 29–30/04; 01/05; 02–03/09 | 04/05
2025 | 01/01; 27/01–01/02; 07/04; 30/04; 01–02/05; 01–02/09 | 26/04
2026 | 01–02/01; 16–20/02; 26–27/04; 30/04; 01/05; 31/08–02/09; 24/11 | 10/01, 22/08
2027 | 01/01; 04–10/02; 16/04; 30/04; 01/05; 03/05; 02–03/09; 24/11";

/// `31/01–04/02` or `14–20/02` of a year, day by day.
fn expand(year: &str, range: &str) -> Vec<Day> {
    let (first, last) = range.split_once('–').unwrap_or((range, range));
    let month = last.split_once('/').unwrap().1;
    let iso = |text: &str| {
        let (d, m) = text.split_once('/').unwrap_or((text, month));
        day(&format!("{year}-{m}-{d}"))
    };
    let (mut next, last) = (iso(first), iso(last));
    let mut days = vec![next];
    while next < last {
        next = next.next();
        days.push(next);
    }
    days
}

#[test]
fn the_table_that_ships_is_the_published_one() {
    let mut days_off = Vec::new();
    for line in TABLE.trim().lines() {
        let mut cells = line.split(" | ");
        let year = cells.next().unwrap();
        let off: Vec<Day> = cells.next().unwrap().split("; ").flat_map(|range| expand(year, range)).collect();
        let worked: Vec<Day> = cells
            .next()
            .into_iter()
            .flat_map(|cell| cell.split(", "))
            .flat_map(|d| expand(year, d))
            .collect();
        let ours = |off: bool| -> Vec<Day> {
            let of_year = national().iter().filter(|row| row.day.year().to_string() == year);
            of_year.filter(|row| row.kind.is_off() == off).map(|row| row.day).collect()
        };
        assert_eq!(ours(true), off, "{year}");
        assert_eq!(ours(false), worked, "{year}");
        days_off.push(off.len());
    }
    assert_eq!(days_off, [14, 12, 12, 14, 15, 17, 14, 13, 15, 15]);
    assert_eq!(national().len(), days_off.iter().sum::<usize>() + 6);
}

#[test]
fn the_rows_say_what_they_rest_on() {
    for row in national() {
        let swaps = matches!(row.kind, Kind::SwappedOff | Kind::SwappedWork);
        assert_eq!(row.occasion.is_none(), swaps, "{row:?}");
        if let Some(other) = row.swap {
            let other = Calendar::national().row(other).unwrap().clone();
            assert_eq!(other.swap, Some(row.day));
            assert!(row.kind.is_off() != other.kind.is_off());
        }
        let weekend = row.day.weekday().is_weekend();
        match row.kind {
            Kind::Compensation | Kind::SwappedOff => assert!(!weekend, "{row:?}"),
            Kind::SwappedWork => assert_eq!(row.day.weekday(), Weekday::Saturday),
            Kind::Holiday | Kind::Local => {}
        }
        let expected = match (row.day.year(), row.occasion) {
            (2027, _) => Standing::Estimated,
            (_, Some(Occasion::Culture)) => Standing::Doubtful,
            _ => Standing::Confirmed,
        };
        assert_eq!(row.standing, expected, "{row:?}");
    }
    let calendar = Calendar::national();
    let confirmed: Vec<i32> = (2015..2040).filter(|year| calendar.is_confirmed(*year)).collect();
    assert_eq!(confirmed, (2018..=2026).collect::<Vec<_>>());
}

#[test]
fn the_proposal_of_each_known_year_is_what_was_decided() {
    use NationalDay::*;
    let decided = [
        (2018, 2, Alone),
        (2019, 1, Alone),
        (2020, 2, Alone),
        (2021, 2, WithDayAfter),
        (2022, 1, WithDayBefore),
        (2023, 2, WithDayBefore),
        (2024, 2, WithDayAfter),
        (2025, 2, WithDayBefore),
        (2026, 1, WithDayBefore),
        (2027, 2, WithDayAfter),
    ];
    for (year, tet_days_before, national_day) in decided {
        let choices = Choices { tet_days_before, national: national_day };
        let proposed: Vec<_> = lunar::propose_with(year, choices)
            .into_iter()
            .inspect(|row| assert_eq!(row.standing, Standing::Proposed))
            .map(|row| (row.day, row.kind, row.occasion))
            .collect();
        // exchanged days are the Prime Minister's alone; 2025-02-01 is a Saturday of the source's Tết
        let ours =
            |row: &&Row| row.day.year() == year && row.occasion.is_some() && row.day != day("2025-02-01");
        let table: Vec<_> =
            national().iter().filter(ours).map(|row| (row.day, row.kind, row.occasion)).collect();
        assert_eq!(proposed, table, "{year}");
    }
}

#[test]
fn tables_with_faults_are_refused_by_line() {
    use TableFault::*;
    let table = [
        ("2026-01-01 holiday new_year confirmed", Shape),
        ("2026-01-01 holiday new_year confirmed;", Shape),
        ("2026-13-01 holiday new_year confirmed; x", Shape),
        ("2026-01-01 feast new_year confirmed; x", Shape),
        ("2026-01-01 holiday easter confirmed; x", Shape),
        ("2026-01-01 holiday new_year sure; x", Shape),
        ("2026-01-01 holiday new_year confirmed more; x", Shape),
        ("2026-01-01 holiday new_year confirmed swap=2026-01-10; x", Swap),
        ("2026-01-02 swapped_off - confirmed; x", Swap),
        ("2025-12-31 holiday new_year confirmed; x", Order),
    ];
    for (line, fault) in table {
        let text = format!("# table\n2025-12-31 local - confirmed; storm\n\n{line}\n");
        assert_eq!(parse_rows(&text), Err(TableError { line: 4, fault }), "{line}");
    }
}

#[test]
fn words_of_rows_read_back() {
    for kind in Kind::ALL {
        assert_eq!(kind.to_string().parse(), Ok(*kind));
        assert_eq!(serde_json::to_string(kind).unwrap(), format!("\"{kind}\""));
    }
    for occasion in Occasion::ALL {
        assert_eq!(occasion.to_string().parse(), Ok(*occasion));
        assert_eq!(serde_json::to_string(occasion).unwrap(), format!("\"{occasion}\""));
    }
    for standing in Standing::ALL {
        assert_eq!(standing.to_string().parse(), Ok(*standing));
        assert_eq!(serde_json::to_string(standing).unwrap(), format!("\"{standing}\""));
    }
    assert_eq!("Holiday".parse::<Kind>(), Err(UnknownWord));
}

#[test]
fn working_days_of_the_published_vectors() {
    let table = [
        ("2018-12-28", 1, "2019-01-02"),
        ("2019-01-04", 1, "2019-01-05"),
        ("2025-04-25", 1, "2025-04-26"),
        ("2026-02-12", 3, "2026-02-24"),
        ("2026-04-24", 3, "2026-05-04"),
        ("2026-04-29", 5, "2026-05-08"),
        ("2026-08-21", 1, "2026-08-22"),
        ("2026-08-28", 2, "2026-09-04"),
        ("2026-11-23", 1, "2026-11-25"),
        ("2027-02-03", 2, "2027-02-12"),
    ];
    let calendar = Calendar::national();
    for (from, days, due) in table {
        for hour in ["00:00", "09:00", "16:59", "23:59"] {
            let counted = due_of(&calendar, &format!("{from} {hour}"), &format!("{days}wd"));
            assert_eq!(counted, format!("{due} 17:00"), "{from} {hour}");
        }
    }
}

#[test]
fn each_sort_of_limit() {
    let table = [
        // hours: over lunch, over the night, over the weekend and a worked Saturday
        ("2026-11-19 09:00", "1wh", "2026-11-19 10:00"),
        ("2026-11-19 10:30", "1wh", "2026-11-19 13:30"),
        ("2026-11-19 10:00", "1wh", "2026-11-19 11:00"),
        ("2026-11-19 11:00", "4wh", "2026-11-19 17:00"),
        ("2026-11-19 09:00", "8wh", "2026-11-20 09:00"),
        ("2026-11-19 09:00:59", "8wh", "2026-11-20 09:00"),
        ("2026-11-20 17:00", "1wh", "2026-11-23 08:00"),
        ("2026-11-21 10:00", "8wh", "2026-11-23 17:00"),
        ("2026-11-23 16:00", "2wh", "2026-11-25 08:00"),
        ("2026-08-21 16:00", "2wh", "2026-08-22 08:00"),
        ("2026-08-21 07:00", "40wh", "2026-08-26 17:00"),
        // calendar days: a last day off moves on
        ("2026-11-19 09:00", "1d", "2026-11-20 17:00"),
        ("2026-11-19 09:00", "2d", "2026-11-23 17:00"),
        ("2026-11-19 09:00", "5d", "2026-11-25 17:00"),
        ("2026-02-01 09:00", "15d", "2026-02-23 17:00"),
        ("2026-08-12 09:00", "10d", "2026-08-22 17:00"),
        ("2026-11-19 09:00", "20d", "2026-12-09 17:00"),
        // same day: 15:00 itself is not after 15:00
        ("2026-11-19 06:00", "0d", "2026-11-19 17:00"),
        ("2026-11-19 14:59:59", "sameday", "2026-11-19 17:00"),
        ("2026-11-19 15:00", "0d", "2026-11-19 17:00"),
        ("2026-11-19 15:00:01", "0d", "2026-11-20 17:00"),
        ("2026-11-20 16:00", "0d", "2026-11-23 17:00"),
        ("2026-11-21 08:00", "0d", "2026-11-23 17:00"),
        ("2026-11-23 15:30", "0d", "2026-11-25 17:00"),
        ("2026-08-22 14:00", "0d", "2026-08-22 17:00"),
    ];
    let calendar = Calendar::national();
    for (from, limit, due) in table {
        assert_eq!(due_of(&calendar, from, limit), due, "{from} + {limit}");
    }
}

#[test]
fn units_set_hours_and_not_days() {
    let saturday = Calendar::national()
        .with_hours("Mon-Fri 07:30-11:30 13:30-17:00; Sat 07:30-11:00".parse().unwrap())
        .with_cut_off(14 * 60);
    // the Saturday counter receives, and its hours run, but its Saturday is no working day
    assert!(saturday.is_open(at("2026-11-21 08:00")) && !saturday.is_working_day(day("2026-11-21")));
    assert_eq!(due_of(&saturday, "2026-11-21 08:00", "1wd"), "2026-11-23 17:00");
    assert_eq!(due_of(&saturday, "2026-11-20 16:00", "2wh"), "2026-11-21 08:30");
    assert_eq!(due_of(&saturday, "2026-11-19 14:30", "0d"), "2026-11-20 17:00");
    // a Saturday worked for a Monday has Monday's hours, whatever other Saturdays have
    assert_eq!(due_of(&saturday, "2026-08-21 08:00", "1wd"), "2026-08-22 17:00");
    assert_eq!(short(saturday.next_open(at("2026-08-22 12:00"))), "2026-08-22 13:30");
    let short_friday =
        Calendar::national().with_hours("Mon-Thu 07:00-11:00 13:00-17:00; Fri 07:00-11:30".parse().unwrap());
    assert_eq!(due_of(&short_friday, "2026-08-21 08:00", "1wd"), "2026-08-22 17:00");
    assert_eq!(due_of(&short_friday, "2026-01-09 08:00", "1wd"), "2026-01-10 11:30");
    // a holiday closes the Saturday counter too
    assert!(!saturday.is_open(at("2027-05-01 08:00")));

    // two mornings a week: other working days still count, and end when the unit's latest day ends
    let mornings = Calendar::national().with_hours("Tue,Thu 08:00-11:00".parse().unwrap());
    assert_eq!(due_of(&mornings, "2026-11-19 09:00", "1wd"), "2026-11-20 11:00");
    assert_eq!(due_of(&mornings, "2026-11-19 09:00", "3wh"), "2026-11-26 09:00");
    assert_eq!(due_of(&mornings, "2026-11-19 11:00", "0d"), "2026-11-20 11:00");
    assert_eq!(short(mornings.next_open(at("2026-11-19 11:00"))), "2026-11-26 08:00");
}

#[test]
fn a_storm_closes_a_unit() {
    let storm = |text| Row {
        day: day(text),
        kind: Kind::Local,
        occasion: None,
        standing: Standing::Confirmed,
        swap: None,
        source: "Bão số 13".to_owned(),
    };
    let calendar = Calendar::national().with_rows([storm("2026-11-19"), storm("2026-08-22")]);
    assert_eq!(due_of(&calendar, "2026-11-18 09:00", "1wd"), "2026-11-20 17:00");
    assert_eq!(due_of(&calendar, "2026-11-18 16:00", "2wh"), "2026-11-20 08:00");
    assert_eq!(due_of(&calendar, "2026-11-19 09:00", "0d"), "2026-11-20 17:00");
    // a closure wins over a worked Saturday, in whichever order they come
    assert_eq!(due_of(&calendar, "2026-08-21 09:00", "1wd"), "2026-08-24 17:00");
    let other_way = Calendar::new([storm("2026-08-22")]).with_rows(national().iter().cloned());
    assert_eq!(due_of(&other_way, "2026-08-21 09:00", "1wd"), "2026-08-24 17:00");
    assert_eq!(Calendar::national().row(day("2026-08-22")).unwrap().kind, Kind::SwappedWork);
}

/// The facts of a deadline in one line each, as a reader of the code sees them.
fn arithmetic(from: &str, limit: &str) -> String {
    let due = Calendar::national().due(at(from), limit.parse().unwrap()).unwrap();
    let mut lines = vec![format!("{} {} -> {}", short(due.from), due.limit, short(due.at))];
    if due.opens != due.from {
        lines.push(format!("opens {}", short(due.opens)));
    }
    let counted = due.counted.iter().map(|Counted { day, part }| match part {
        Part::Nth(n) => format!("{day} #{n}"),
        Part::Minutes(minutes) => format!("{day} {minutes}m"),
    });
    let skipped = due.skipped.iter().map(|Skipped { day, why }| match why {
        Skip::Row(row) => format!("{day} {} {:?}", row.kind, row.occasion),
        why => format!("{day} {why:?}"),
    });
    lines.extend(counted.map(|line| format!("  {line}")));
    lines.extend(skipped.map(|line| format!("- {line}")));
    lines.extend(due.moved.map(|moved| format!("{moved:?}")));
    if !due.unconfirmed_years.is_empty() {
        lines.push(format!("unconfirmed {:?}", due.unconfirmed_years));
    }
    lines.join("\n")
}

#[test]
fn deadlines_show_their_arithmetic() {
    let expected = "\
2026-08-28 09:00 2wd -> 2026-09-04 17:00
  2026-09-03 #1
  2026-09-04 #2
- 2026-08-29 Weekend
- 2026-08-30 Weekend
- 2026-08-31 swapped_off None
- 2026-09-01 holiday Some(National)
- 2026-09-02 holiday Some(National)";
    assert_eq!(arithmetic("2026-08-28 09:00", "2wd"), expected);
    let expected = "\
2026-11-23 17:30 8wh -> 2026-11-25 17:00
opens 2026-11-25 07:00
  2026-11-25 480m
- 2026-11-24 holiday Some(Culture)";
    assert_eq!(arithmetic("2026-11-23 17:30", "8wh"), expected);
    let expected = "\
2026-12-18 10:00 14d -> 2027-01-04 17:00
  2027-01-01 #14
- 2027-01-01 holiday Some(NewYear)
- 2027-01-02 Weekend
- 2027-01-03 Weekend
LastDayOff(2027-01-01)
unconfirmed [2027]";
    assert_eq!(arithmetic("2026-12-18 10:00", "14d"), expected);
    let expected = "\
2026-11-20 15:30 0d -> 2026-11-23 17:00
  2026-11-23 #1
- 2026-11-21 Weekend
- 2026-11-22 Weekend
AfterCutOff(900)";
    assert_eq!(arithmetic("2026-11-20 15:30", "0d"), expected);
}

#[test]
fn years_without_a_table_still_have_weekends() {
    let due = Calendar::national().due(at("2034-12-29 09:00"), Limit::WorkingDays(2)).unwrap();
    assert_eq!(short(due.at), "2035-01-02 17:00");
    assert_eq!(due.unconfirmed_years, [2034, 2035]);
    // a proposal counts, and is still no confirmation
    let calendar = Calendar::national().with_rows(lunar::propose(2035));
    let due = calendar.due(at("2034-12-29 09:00"), Limit::WorkingDays(2)).unwrap();
    assert_eq!(short(due.at), "2035-01-03 17:00");
    assert_eq!(due.unconfirmed_years, [2034, 2035]);
}

#[test]
fn limits_have_bounds() {
    let calendar = Calendar::national();
    let from = at("2026-11-19 09:00");
    let zero = Err(DueError::Limit(LimitError::Zero));
    assert_eq!(calendar.due(from, Limit::WorkingDays(0)), zero);
    assert_eq!(calendar.due(from, Limit::WorkingHours(0)), zero);
    assert_eq!(calendar.due(from, Limit::CalendarDays(0)), zero);
    let too_long = |max| Err(DueError::Limit(LimitError::TooLong { max }));
    assert_eq!(calendar.due(from, Limit::WorkingDays(3_661)), too_long(3_660));
    assert_eq!(calendar.due(from, Limit::CalendarDays(u32::MAX)), too_long(3_660));
    assert_eq!(calendar.due(from, Limit::WorkingHours(10_001)), too_long(10_000));

    let due = calendar.due(from, Limit::WorkingDays(3_660)).unwrap();
    assert!(due.shortened && due.counted.len() == 367 && due.skipped.len() == 366);
    assert_eq!(due.counted.last().unwrap().part, Part::Nth(3_660));
    let due = calendar.due(from, Limit::WorkingDays(60)).unwrap();
    assert!(!due.shortened && due.counted.len() == 60);

    for limit in ["1wd", "1wh", "1d", "0d", "3660wd", "10000wh", "3660d"] {
        let limit: Limit = limit.parse().unwrap();
        assert_eq!(calendar.due(Instant::MAX, limit), Err(DueError::BeyondCalendar), "{limit}");
        assert!(calendar.due(Instant::MIN, limit).is_ok());
    }
    assert_eq!(calendar.next_open(Instant::MAX), Instant::MAX);
    assert_eq!(calendar.shift(Instant::MAX, Instant::MIN..Instant::MAX).day(), Day::MAX);
}

#[test]
fn limits_are_read_and_written() {
    for text in ["3wd", "8wh", "20d", "0d", "3660wd", "10000wh", "1d"] {
        let limit: Limit = text.parse().unwrap();
        assert_eq!(limit.to_string(), text);
        assert_eq!(serde_json::from_str::<Limit>(&format!("\"{text}\"")).unwrap(), limit);
    }
    assert_eq!("sameday".parse(), Ok(Limit::SameDay));
    assert_eq!("03wd".parse(), Ok(Limit::WorkingDays(3)));
    for bad in ["", "3", "wd", "d", "-1wd", "+1wd", "3 wd", "3WD", "3w", "1.5d", "٣d", "3wd "] {
        assert_eq!(bad.parse::<Limit>(), Err(LimitError::Shape), "{bad}");
    }
    assert_eq!("0wd".parse::<Limit>(), Err(LimitError::Zero));
    assert_eq!("0wh".parse::<Limit>(), Err(LimitError::Zero));
    assert_eq!("99999999999999999999d".parse::<Limit>(), Err(LimitError::TooLong { max: 3_660 }));
}

#[test]
fn office_hours_are_read_and_written() {
    let same = [
        "Mon-Fri 07:00-11:00 13:00-17:00",
        "Mon-Fri 07:00-11:00 13:00-17:00; Sat 07:00-11:00",
        "Tue 08:00-11:00; Thu 08:00-11:00",
        "Mon-Sun 00:00-23:59",
    ];
    for text in same {
        let hours: OfficeHours = text.parse().unwrap();
        assert_eq!(hours.to_string(), text);
        assert_eq!(serde_json::to_string(&hours).unwrap(), format!("\"{text}\""));
    }
    let loose: OfficeHours = "  Sat 07:00-11:00 ;Mon,Wed-Thu  07:00-09:00 09:00-11:00; ".parse().unwrap();
    assert_eq!(
        loose.to_string(),
        "Mon 07:00-09:00 09:00-11:00; Wed-Thu 07:00-09:00 09:00-11:00; Sat 07:00-11:00"
    );
    assert_eq!(OfficeHours::default().to_string(), same[0]);
    assert_eq!(OfficeHours::default().minutes_per_week(), 40 * 60);
    use HoursError::*;
    let table = [
        ("", NeverOpen),
        (" ; ", NeverOpen),
        ("Mon-Fri", Hours { part: 1 }),
        ("Mon 07:00", Hours { part: 1 }),
        ("Mon 7:00-11:00", Hours { part: 1 }),
        ("Mon 07:00-24:00", Hours { part: 1 }),
        ("Mon 07:60-11:00", Hours { part: 1 }),
        ("Fri-Mon 07:00-11:00", Days { part: 1 }),
        ("T2 07:00-11:00", Days { part: 1 }),
        ("Mon 11:00-07:00", Order { part: 1 }),
        ("Mon 07:00-07:00", Order { part: 1 }),
        ("Mon 13:00-17:00 07:00-11:00", Order { part: 1 }),
        ("Mon 07:00-11:00 10:00-17:00", Order { part: 1 }),
        ("Mon-Fri 07:00-11:00; Fri 13:00-17:00", DayTwice { part: 2 }),
        ("Mon,Mon 07:00-11:00", DayTwice { part: 1 }),
        (
            "Mon 00:00-00:01 00:01-00:02 00:02-00:03 00:03-00:04 00:04-00:05 00:05-00:06 00:06-00:07 \
          00:07-00:08 00:08-00:09",
            TooMany { part: 1 },
        ),
    ];
    for (text, why) in table {
        assert_eq!(text.parse::<OfficeHours>(), Err(why), "{text}");
    }
}

#[test]
fn a_pause_moves_a_deadline_by_its_office_minutes() {
    let calendar = Calendar::national();
    let shift = |due, from, to| short(calendar.shift(at(due), at(from)..at(to)));
    // 1 h on Thursday, 8 h on Friday
    assert_eq!(shift("2026-11-27 17:00", "2026-11-19 16:00", "2026-11-21 09:00"), "2026-12-01 08:00");
    assert_eq!(shift("2026-11-19 10:00", "2026-11-19 09:00", "2026-11-19 10:00"), "2026-11-19 11:00");
    assert_eq!(shift("2026-11-19 10:30", "2026-11-19 09:00", "2026-11-19 10:00"), "2026-11-19 13:30");
    // nothing moves over a night, backwards, or when the time had already run out
    assert_eq!(shift("2026-11-20 10:00", "2026-11-19 17:00", "2026-11-20 07:00"), "2026-11-20 10:00");
    assert_eq!(shift("2026-11-20 10:00", "2026-11-19 10:00", "2026-11-19 09:00"), "2026-11-20 10:00");
    assert_eq!(shift("2026-11-19 10:00", "2026-11-19 10:00", "2026-11-25 09:00"), "2026-11-19 10:00");
}

#[test]
fn working_days_left_are_counted_both_ways() {
    let calendar = Calendar::national();
    let left = |now, due| calendar.working_days_left(at(now), at(due));
    assert_eq!(left("2026-11-23 09:00", "2026-11-23 17:00"), 0);
    assert_eq!(left("2026-11-23 18:00", "2026-11-23 17:00"), 0);
    assert_eq!(left("2026-11-23 09:00", "2026-11-25 17:00"), 1);
    assert_eq!(left("2026-11-20 09:00", "2026-12-03 11:30"), 8);
    assert_eq!(left("2026-11-23 09:00", "2026-11-19 17:00"), -2);
    assert_eq!(left("2026-11-22 09:00", "2026-11-20 17:00"), 0);
    assert!(left("0001-01-01 00:00", "9999-12-31 00:00") > 2_600_000);
}
