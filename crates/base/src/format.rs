//! The formats of the pages: digits and separators only; words such as names of weekdays are added
//! by whoever shows them.

use crate::limits::{KILOBYTE_BYTES, MEGABYTE_BYTES};
use crate::{Day, Dong, Instant, Weekday};

/// `03/12/2026`.
pub fn date_vn(day: Day) -> String {
    let (year, month, day) = day.civil();
    format!("{day:02}/{month:02}/{year:04}")
}

/// `23/11` in the year of `today`, otherwise with its year: for lists.
pub fn date_short(day: Day, today: Day) -> String {
    if day.year() == today.year() {
        format!("{:02}/{:02}", day.day_of_month(), day.month())
    } else {
        date_vn(day)
    }
}

/// `09:52, 19/11/2026`.
pub fn time_vn(at: Instant) -> String {
    format!("{}, {}", hour_vn(at), date_vn(at.day()))
}

/// `09:52`.
pub fn hour_vn(at: Instant) -> String {
    minute_vn(at.minute_of_day())
}

/// Minutes after midnight as `15:00`.
pub fn minute_vn(minute_of_day: u16) -> String {
    format!("{:02}:{:02}", minute_of_day / 60, minute_of_day % 60)
}

/// The parts of a promised time; the page writes `11:30, thứ Năm 03/12/2026`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promised {
    /// `11:30`.
    pub hour: String,
    pub weekday: Weekday,
    /// `03/12/2026`.
    pub date: String,
}

/// The parts of a promised time.
pub fn promised(at: Instant) -> Promised {
    Promised { hour: hour_vn(at), weekday: at.day().weekday(), date: date_vn(at.day()) }
}

/// The parts of a date on papers: the day in two digits, and the month too if it is January or
/// February, so that nothing can be added in front (Decree 30/2020, App. I).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnPaper {
    pub day: String,
    pub month: String,
    pub year: String,
}

/// The parts of a date on papers: 3 December is `03`, `12`; 9 February `09`, `02`; 9 March `09`, `3`.
pub fn on_paper(day: Day) -> OnPaper {
    let (year, month, day) = day.civil();
    let month = if month <= 2 { format!("{month:02}") } else { month.to_string() };
    OnPaper { day: format!("{day:02}"), month, year: year.to_string() }
}

/// Reads a date as people type it: `3/12/2026`, `03-12-2026`, `3.12.2026`, `03122026`, and
/// `2026-12-03` as date fields send it; spaces around and between do not matter.
pub fn read_date(text: &str) -> Option<Day> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if let Ok(day) = Day::parse(&text) {
        return Some(day);
    }
    let digits =
        |part: &str| part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse::<i32>().ok()).flatten();
    let parts: Vec<&str> = if text.len() == 8 && text.is_ascii() && !text.contains(['/', '-', '.']) {
        vec![&text[..2], &text[2..4], &text[4..]]
    } else {
        text.split(['/', '-', '.']).collect()
    };
    let [day, month, year] = parts[..] else { return None };
    if day.len() > 2 || month.len() > 2 || year.len() != 4 {
        return None;
    }
    Day::new(digits(year)?, digits(month)? as u8, digits(day)? as u8)
}

/// `12.408`.
pub fn thousands(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        grouped.push('-');
    }
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push('.');
        }
        grouped.push(digit);
    }
    grouped
}

/// `37.500 ₫`, with a space that does not break.
pub fn money(dong: Dong) -> String {
    format!("{}\u{a0}₫", thousands(dong.amount()))
}

/// Tenths of a percent as `98,6%`; a round number has no decimals: `100%`.
pub fn percent(tenths: i64) -> String {
    let sign = if tenths < 0 { "-" } else { "" };
    format!("{sign}{}%", one_decimal(tenths.unsigned_abs()))
}

/// `6,2 MB`, `184 kB`, `912 B`: as people's machines show it, 1 kB being 1,024 bytes. Never rounded
/// down to nothing, and a limit shows as its round number: `20 MB`.
pub fn size(bytes: u64) -> String {
    if bytes < KILOBYTE_BYTES {
        return format!("{bytes} B");
    }
    let kilobytes = bytes.saturating_add(KILOBYTE_BYTES / 2) / KILOBYTE_BYTES;
    if kilobytes < 1_024 {
        return format!("{kilobytes} kB");
    }
    let tenths = (u128::from(bytes) * 10 + u128::from(MEGABYTE_BYTES) / 2) / u128::from(MEGABYTE_BYTES);
    format!("{} MB", one_decimal(tenths as u64))
}

/// 62 as `6,2`, 60 as `6`, with dots between thousands.
fn one_decimal(tenths: u64) -> String {
    let whole = thousands((tenths / 10) as i64);
    if tenths.is_multiple_of(10) { whole } else { format!("{whole},{}", tenths % 10) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    #[test]
    fn dates_and_times() {
        let at = Instant::parse_rfc3339("2026-11-19T09:52:31+07:00").unwrap();
        assert_eq!(date_vn(day("2026-12-03")), "03/12/2026");
        assert_eq!(time_vn(at), "09:52, 19/11/2026");
        assert_eq!(date_short(day("2026-11-23"), at.day()), "23/11");
        assert_eq!(date_short(day("2027-01-04"), at.day()), "04/01/2027");
        let promise = promised(Instant::parse_rfc3339("2026-12-03T11:30:00+07:00").unwrap());
        let expected =
            Promised { hour: "11:30".into(), weekday: Weekday::Thursday, date: "03/12/2026".into() };
        assert_eq!(promise, expected);
        let paper = |text| {
            let OnPaper { day: d, month, year } = on_paper(day(text));
            format!("ngày {d} tháng {month} năm {year}")
        };
        assert_eq!(paper("2026-12-03"), "ngày 03 tháng 12 năm 2026");
        assert_eq!(paper("2026-02-09"), "ngày 09 tháng 02 năm 2026");
        assert_eq!(paper("2026-03-19"), "ngày 19 tháng 3 năm 2026");
    }

    #[test]
    fn typed_dates() {
        for text in ["3/12/2026", "03-12-2026", "03122026", " 03 / 12 / 2026 ", "3.12.2026", "2026-12-03"] {
            assert_eq!(read_date(text), Some(day("2026-12-03")), "{text}");
        }
        for text in [
            "",
            "3/12/26",
            "31/02/2026",
            "0/1/2026",
            "3122026",
            "3/12",
            "003/12/2026",
            "3/+1/2026",
            "é3122026",
            "2026/12/03",
            "99/99/9999",
            "1/1/0000",
            "1//2026",
        ] {
            assert_eq!(read_date(text), None, "{text}");
        }
    }

    #[test]
    fn numbers() {
        let table = [
            (0, "0"),
            (7, "7"),
            (999, "999"),
            (1_000, "1.000"),
            (12_408, "12.408"),
            (-1_234_567, "-1.234.567"),
            (i64::MIN, "-9.223.372.036.854.775.808"),
        ];
        for (number, shown) in table {
            assert_eq!(thousands(number), shown);
        }
        assert_eq!(money(Dong::new(37_500).unwrap()), "37.500\u{a0}₫");
        assert_eq!(
            (percent(986), percent(1000), percent(-5)),
            ("98,6%".into(), "100%".into(), "-0,5%".into())
        );
    }

    #[test]
    fn sizes() {
        let table = [
            (0, "0 B"),
            (912, "912 B"),
            (1_024, "1 kB"),
            (184 * 1_024, "184 kB"),
            (MEGABYTE_BYTES - 1, "1 MB"),
            (20 * MEGABYTE_BYTES, "20 MB"),
            (6_500_000, "6,2 MB"),
            (1_500 * MEGABYTE_BYTES, "1.500 MB"),
            (u64::MAX, "17.592.186.044.416 MB"),
        ];
        for (bytes, shown) in table {
            assert_eq!(size(bytes), shown);
        }
    }
}
