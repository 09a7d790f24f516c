//! A second implementation of working time, slow and written differently, as the judge of the first:
//! it reads the table's text by itself, has its days from another library, and walks minute by minute
//! over a week of 7 × 1440 marks. Only Vietnam's constant +07:00 is shared knowledge.

use std::collections::{HashMap, HashSet};

use jiff::civil::{Date, DateTime, datetime};
use jiff::{Span, ToSpan};
use proptest::prelude::*;

use super::super::{Calendar, Kind, Limit, Row, Standing};
use crate::{Day, Instant};

struct Oracle {
    off: HashSet<String>,
    /// Worked Saturdays, with the weekday (0 = Monday) whose hours they have.
    worked: HashMap<String, usize>,
    open: Vec<[bool; 1440]>,
    cut_off: i64,
}

const HOURS: [&str; 5] = [
    "Mon-Fri 07:00-11:00 13:00-17:00",
    "Mon-Fri 07:30-11:30 13:30-17:00; Sat 07:00-11:00",
    "Mon-Thu 07:00-11:00 13:00-17:00; Fri 07:00-11:30",
    "Tue 08:00-11:00; Thu 08:00-11:00 14:00-16:45",
    "Mon-Sun 00:00-12:00 12:00-23:59",
];

/// The same hours, marked by hand.
fn marks(which: usize) -> Vec<[bool; 1440]> {
    let spans: [&[(usize, usize, usize, usize)]; 5] = [
        &[(0, 4, 420, 660), (0, 4, 780, 1020)],
        &[(0, 4, 450, 690), (0, 4, 810, 1020), (5, 5, 420, 660)],
        &[(0, 3, 420, 660), (0, 3, 780, 1020), (4, 4, 420, 690)],
        &[(1, 1, 480, 660), (3, 3, 480, 660), (3, 3, 840, 1005)],
        &[(0, 6, 0, 1439)],
    ];
    let mut week = vec![[false; 1440]; 7];
    for (first, last, open, close) in spans[which] {
        for marks in &mut week[*first..=*last] {
            marks[*open..*close].fill(true);
        }
    }
    week
}

impl Oracle {
    fn new(which: usize, cut_off: u16, closed: &[Date]) -> Oracle {
        let mut off = HashSet::new();
        let mut worked = HashMap::new();
        for line in include_str!("../../../data/holidays.txt").lines().filter(|line| line.starts_with("20")) {
            let date = line[..10].to_owned();
            match line.split_once("swap=").filter(|_| line.contains("swapped_work")) {
                Some((_, other)) => {
                    let other: Date = other[..10].parse().unwrap();
                    worked.insert(date, other.weekday().to_monday_zero_offset() as usize);
                }
                None => {
                    off.insert(date);
                }
            }
        }
        off.extend(closed.iter().map(Date::to_string));
        Oracle { off, worked, open: marks(which), cut_off: cut_off.into() }
    }

    fn works(&self, date: Date) -> bool {
        let name = date.to_string();
        let weekday = date.weekday().to_monday_zero_offset() < 5;
        !self.off.contains(&name) && (weekday || self.worked.contains_key(&name))
    }

    fn marks(&self, date: Date) -> [bool; 1440] {
        let name = date.to_string();
        if self.off.contains(&name) {
            return [false; 1440];
        }
        let weekday = date.weekday().to_monday_zero_offset() as usize;
        self.open[*self.worked.get(&name).unwrap_or(&weekday)]
    }

    fn is_open(&self, at: DateTime) -> bool {
        self.marks(at.date())[minute_of(at)]
    }

    /// Closing time of a day, as a minute.
    fn close(&self, date: Date) -> i64 {
        let last = |marks: &[bool; 1440]| marks.iter().rposition(|open| *open);
        let minute = last(&self.marks(date)).or_else(|| self.open.iter().filter_map(last).max());
        minute.unwrap() as i64 + 1
    }

    fn end_of(&self, date: Date) -> DateTime {
        date.at(0, 0, 0, 0) + self.close(date).minutes()
    }

    fn due(&self, from: DateTime, limit: Limit) -> DateTime {
        match limit {
            Limit::WorkingDays(n) => {
                let mut left = n;
                let mut date = from.date();
                while left > 0 {
                    date = date.tomorrow().unwrap();
                    left -= u32::from(self.works(date));
                }
                self.end_of(date)
            }
            Limit::CalendarDays(n) => {
                let mut date = from.date() + Span::new().days(i64::from(n));
                while !self.works(date) {
                    date = date.tomorrow().unwrap();
                }
                self.end_of(date)
            }
            Limit::WorkingHours(n) => self.pass(from, i64::from(n) * 60),
            Limit::SameDay => {
                let mut date = from.date();
                let midnight = date.at(0, 0, 0, 0);
                let late = from > midnight + self.cut_off.minutes() || from >= self.end_of(date);
                if late || !self.works(date) {
                    date = date.tomorrow().unwrap();
                    while !self.works(date) {
                        date = date.tomorrow().unwrap();
                    }
                }
                self.end_of(date)
            }
        }
    }

    /// Walks minute by minute until so many open minutes have passed.
    fn pass(&self, from: DateTime, minutes: i64) -> DateTime {
        let mut at = whole(from);
        let mut left = minutes;
        while left > 0 {
            left -= i64::from(self.is_open(at));
            at += 1.minute();
        }
        at
    }

    fn open_minutes(&self, from: DateTime, to: DateTime) -> i64 {
        let (mut at, to) = (whole(from), whole(to));
        let mut minutes = 0;
        while at < to {
            minutes += i64::from(self.is_open(at));
            at += 1.minute();
        }
        minutes
    }

    fn next_open(&self, from: DateTime) -> DateTime {
        if self.is_open(from) {
            return from;
        }
        let mut at = whole(from);
        while !self.is_open(at) {
            at += 1.minute();
        }
        at
    }
}

fn minute_of(at: DateTime) -> usize {
    at.hour() as usize * 60 + at.minute() as usize
}

fn whole(at: DateTime) -> DateTime {
    at.date().at(at.hour(), at.minute(), 0, 0)
}

fn ours(at: DateTime) -> Instant {
    Instant::parse_rfc3339(&format!("{at}+07:00")).unwrap()
}

/// A moment of the table's years; often near the turning points of a day, and often shortly before
/// one of the rare worked Saturdays.
fn moment() -> impl Strategy<Value = DateTime> {
    let edges = prop::sample::select(vec![0, 419, 420, 659, 660, 779, 780, 840, 900, 901, 1019, 1020, 1439]);
    let minute = prop_oneof![edges, 0..1440_i64];
    let worked = [(2019, 1, 5), (2019, 5, 4), (2024, 5, 4), (2025, 4, 26), (2026, 1, 10), (2026, 8, 22)];
    let worked = prop::sample::select(
        worked.map(|(year, month, day)| datetime(year, month, day, 0, 0, 0, 0)).to_vec(),
    );
    let day = prop_oneof![
        3 => (0..3_640_i64).prop_map(|days| datetime(2018, 1, 1, 0, 0, 0, 0) + days.days()),
        1 => (worked, 0..6_i64).prop_map(|(saturday, before)| saturday - before.days()),
    ];
    (day, minute, prop::sample::select(vec![0_i64, 0, 1, 59]))
        .prop_map(|(day, minute, second)| day + Span::new().minutes(minute).seconds(second))
}

fn limit() -> impl Strategy<Value = Limit> {
    prop_oneof![
        (1..90_u32).prop_map(Limit::WorkingDays),
        (1..50_u32).prop_map(Limit::WorkingHours),
        (1..120_u32).prop_map(Limit::CalendarDays),
        Just(Limit::SameDay),
    ]
}

/// The two calendars of one unit, closed on some of the days after `from`.
fn both(which: usize, cut_off: u16, from: DateTime, closed: &[i64]) -> (Calendar, Oracle) {
    let closed: Vec<Date> = closed.iter().map(|days| from.date() + Span::new().days(*days)).collect();
    let rows = closed.iter().map(|date| Row {
        day: Day::parse(&date.to_string()).unwrap(),
        kind: Kind::Local,
        occasion: None,
        standing: Standing::Confirmed,
        swap: None,
        source: "storm".to_owned(),
    });
    let calendar =
        Calendar::national().with_rows(rows).with_hours(HOURS[which].parse().unwrap()).with_cut_off(cut_off);
    (calendar, Oracle::new(which, cut_off, &closed))
}

fn cut_off() -> impl Strategy<Value = u16> {
    prop::sample::select(vec![900_u16, 660, 840, 1020])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn due_agrees(from in moment(), limit in limit(), which in 0..5_usize, cut_off in cut_off(),
                  closed in prop::collection::vec(0..12_i64, 0..4)) {
        let (calendar, oracle) = both(which, cut_off, from, &closed);
        let due = calendar.due(ours(from), limit).unwrap();
        prop_assert_eq!(due.at, ours(oracle.due(from, limit)));
        prop_assert!(due.at > due.from);
        prop_assert_eq!(due.opens, ours(oracle.next_open(from)));
        // the arithmetic adds up
        let minutes: u32 = due.counted.iter().map(|counted| match counted.part {
            super::Part::Minutes(minutes) => minutes,
            super::Part::Nth(_) => 0,
        }).sum();
        match limit {
            Limit::WorkingHours(hours) => prop_assert_eq!(minutes, hours * 60),
            Limit::WorkingDays(days) => prop_assert_eq!(due.counted.len(), days as usize),
            _ => prop_assert_eq!(due.counted.len(), 1),
        }
        for skipped in &due.skipped {
            let date: Date = skipped.day.to_string().parse().unwrap();
            let idle = matches!(limit, Limit::WorkingHours(_)) && !oracle.marks(date).contains(&true);
            prop_assert!(idle || !oracle.works(date));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn pauses_and_days_left_agree(from in moment(), pause in 0..9_000_i64, ahead in -9_000..9_000_i64,
                                  which in 0..5_usize, closed in prop::collection::vec(0..12_i64, 0..4)) {
        let (calendar, oracle) = both(which, 900, from, &closed);
        let to = from + pause.minutes();
        let due = whole(from) + ahead.minutes();
        let minutes = oracle.open_minutes(from, to);
        prop_assert_eq!(calendar.open_minutes_between(ours(from), ours(to)), minutes);
        prop_assert_eq!(calendar.open_minutes_between(ours(to), ours(from)), 0);
        let moved = if due <= from || minutes == 0 { due } else { oracle.pass(due, minutes) };
        prop_assert_eq!(calendar.shift(ours(due), ours(from)..ours(to)), ours(moved));

        let (first, last) = (from.date().min(due.date()), from.date().max(due.date()));
        let mut days = 0;
        let mut date = first;
        while date < last {
            date = date.tomorrow().unwrap();
            days += i64::from(oracle.works(date));
        }
        let signed = if due.date() < from.date() { -days } else { days };
        prop_assert_eq!(calendar.working_days_left(ours(from), ours(due)), signed);
    }
}
