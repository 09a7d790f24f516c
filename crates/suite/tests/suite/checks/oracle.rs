//! Working time once more, slow and by itself: it reads the table of days as text, has civil dates from a
//! formula, and walks minute by minute. The judge of every promised time that the product has made.

use std::collections::{HashMap, HashSet};

/// The usual hours of the province: Monday to Friday, seven to eleven and one to five.
const OPEN: [(i64, i64); 2] = [(420, 660), (780, 1020)];
const CLOSE: i64 = 1020;
/// What comes after three is due on the next working day.
const CUT_OFF: i64 = 900;
const DAY: i64 = 1440;

/// What a procedure promises.
#[derive(Clone, Copy, Debug)]
pub enum Promise {
    SameDay,
    WorkingDays(i64),
    CalendarDays(i64),
    WorkingMinutes(i64),
}

/// The calendar, in minutes of Vietnam's time since 1970.
pub struct Oracle {
    off: HashSet<i64>,
    worked: HashMap<i64, i64>,
}

/// Days since 1970 of a civil date.
fn day_of(text: &str) -> i64 {
    let number = |from: usize, to: usize| text[from..to].parse::<i64>().expect("a date has digits");
    let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    let year = if month <= 2 { year - 1 } else { year };
    let shifted = (month + 9) % 12;
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * shifted + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn weekday(day: i64) -> i64 {
    (day + 3).rem_euclid(7)
}

/// Vietnam's minutes of an instant in microseconds, rounded down.
pub fn local(micros: i64) -> i64 {
    micros.div_euclid(60_000_000) + 420
}

/// The instant of a minute of Vietnam, in microseconds.
pub fn instant(minute: i64) -> i64 {
    (minute - 420) * 60_000_000
}

impl Oracle {
    /// Reads the table that ships with the product.
    pub fn new() -> Oracle {
        let (mut off, mut worked) = (HashSet::new(), HashMap::new());
        let table = include_str!("../../../../base/data/holidays.txt");
        for line in table.lines().filter(|line| line.starts_with("20")) {
            let day = day_of(&line[..10]);
            match line.split_once("swap=").filter(|_| line.contains("swapped_work")) {
                Some((_, other)) => drop(worked.insert(day, weekday(day_of(&other[..10])))),
                None => drop(off.insert(day)),
            }
        }
        Oracle { off, worked }
    }

    fn works(&self, day: i64) -> bool {
        !self.off.contains(&day) && (weekday(day) < 5 || self.worked.contains_key(&day))
    }

    fn is_open(&self, minute: i64) -> bool {
        let (day, of_day) = (minute.div_euclid(DAY), minute.rem_euclid(DAY));
        self.works(day) && OPEN.iter().any(|(open, close)| (*open..*close).contains(&of_day))
    }

    fn next_working(&self, mut day: i64) -> i64 {
        while !self.works(day) {
            day += 1;
        }
        day
    }

    /// When a promise made at this instant ends; both in microseconds.
    pub fn due(&self, from: i64, promise: Promise) -> i64 {
        let at = local(from);
        let (day, of_day) = (at.div_euclid(DAY), at.rem_euclid(DAY));
        let last = match promise {
            Promise::WorkingMinutes(minutes) => return instant(self.pass(at, minutes)),
            Promise::SameDay => {
                // A second after three is after three.
                let late = of_day > CUT_OFF || (of_day == CUT_OFF && from > instant(at)) || of_day >= CLOSE;
                self.next_working(day + i64::from(late))
            }
            Promise::WorkingDays(days) => (0..days).fold(day, |day, _| self.next_working(day + 1)),
            Promise::CalendarDays(days) => self.next_working(day + days),
        };
        instant(last * DAY + CLOSE)
    }

    /// Walks until so many open minutes have passed.
    fn pass(&self, mut at: i64, mut minutes: i64) -> i64 {
        while minutes > 0 {
            minutes -= i64::from(self.is_open(at));
            at += 1;
        }
        at
    }

    /// A promise after the clock stood between two instants.
    pub fn shift(&self, due: i64, from: i64, to: i64) -> i64 {
        let stood = (local(from)..local(to)).filter(|minute| self.is_open(*minute)).count() as i64;
        if due <= from || stood == 0 { due } else { instant(self.pass(local(due), stood)) }
    }

    /// Whether this is the close of a working day.
    pub fn is_close(&self, at: i64) -> bool {
        let minute = local(at);
        instant(minute) == at && minute.rem_euclid(DAY) == CLOSE && self.works(minute.div_euclid(DAY))
    }
}
