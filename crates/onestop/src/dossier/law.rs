//! The readings of the law that are a choice or change with time, by day: which legal frame is in force, the
//! short limits around reception, what becomes of the clock when papers come, and what each form is called.
//! They are rows (`parameter`, `paper_form`), read into memory and looked at again by every node.

use base::{Day, Limit};
use db::{Tx, args};

use super::PaperKind;
use super::rules::AfterSupplement;
use crate::procedure::model::Frame;

/// The row that says which frame is in force.
const FRAME: &str = "legal-frame";
const ANSWER: &str = "reception-answer";
const SEND_BACK: &str = "send-back";
const CUT_OFF: &str = "same-day-cut-off";
const AFTER_SUPPLEMENT: &str = "after-supplement";

/// The first day of which the rows that ship speak.
const FROM: &str = "2018-01-01";
/// When the decree of 2025 came into force. law: onestop/frames
const CHANGE: &str = "2025-07-01";

/// What ships, where a database has no row yet: the limits as the sources state them.
const SHIPPED: [(&str, &str, &str); 5] = [
    (ANSWER, "8wh", "onestop/reception-answer"),
    (SEND_BACK, "3wd", "onestop/return-within"),
    (CUT_OFF, "15:00", "onestop/transfer"),
    // The decree of 2018 counts again from zero; whether 2025 changed it is not settled.
    ("after-supplement.2018", "restart", "onestop/supplement-clock"),
    ("after-supplement.2025", "restart", "onestop/supplement-clock"),
];

db::record! {
    /// A dated reading.
    #[derive(PartialEq, Eq)]
    pub struct Row { id: String, value: String, valid_from: Day, valid_to: Option<Day> }
}

db::record! {
    /// What a form is called under a frame.
    #[derive(PartialEq, Eq)]
    pub struct FormRow {
        kind: String, frame: String, number: String, title: String, symbol: String, valid_from: Day,
        valid_to: Option<Day>,
    }
}

/// A form as the frame in force lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form<'a> {
    /// `03`.
    pub number: &'a str,
    pub title: &'a str,
    /// What stands behind the number of the single paper, `HDHS`; empty for none that is known.
    pub symbol: &'a str,
}

/// All readings with their days.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Law {
    rows: Vec<Row>,
    forms: Vec<FormRow>,
}

/// The word of a frame in rows.
fn word(frame: Frame) -> &'static str {
    match frame {
        Frame::Y2018 => "2018",
        Frame::Y2025 => "2025",
    }
}

fn holds(from: Day, to: Option<Day>, day: Day) -> bool {
    from <= day && to.is_none_or(|to| to >= day)
}

impl Law {
    /// What ships, with this reading of what becomes of the clock: for what is tried without a database.
    pub fn shipped(after: AfterSupplement) -> Law {
        let from = Day::parse(FROM).expect("a day as the format wants it");
        let row = |(id, value, _): (&str, &str, &str)| {
            let value = if id.starts_with(AFTER_SUPPLEMENT) { after.word() } else { value };
            Row { id: id.into(), value: value.into(), valid_from: from, valid_to: None }
        };
        Law { rows: SHIPPED.map(row).into(), forms: Vec::new() }
    }

    /// The reading in force on `day`; before the first row, the first.
    fn find(&self, id: &str, day: Day) -> Option<&str> {
        let mut of = self.rows.iter().filter(|row| row.id == id);
        let on = of.clone().rfind(|row| holds(row.valid_from, row.valid_to, day));
        on.or_else(|| of.next()).map(|row| row.value.as_str())
    }

    fn limit(&self, id: &str, day: Day) -> Limit {
        let limit = self.find(id, day).and_then(|value| value.parse().ok());
        limit.expect("every row was read as a limit when it was loaded, and one ships")
    }

    /// The frame in force on this day.
    pub fn frame(&self, day: Day) -> Frame {
        if self.find(FRAME, day) == Some("2025") { Frame::Y2025 } else { Frame::Y2018 }
    }

    /// Within how long the counter answers what was filed. law: onestop/reception-answer
    pub fn answer_within(&self, day: Day) -> Limit {
        self.limit(ANSWER, day)
    }

    /// Within how long after acceptance papers may be asked for. law: onestop/return-within
    pub fn send_back_within(&self, day: Day) -> Limit {
        self.limit(SEND_BACK, day)
    }

    /// The minute of the day after which "the same day" is the next one. law: onestop/transfer
    pub fn cut_off_minute(&self, day: Day) -> u16 {
        let minute = self.find(CUT_OFF, day).and_then(minute_of);
        minute.expect("every row was read as a time when it was loaded, and one ships")
    }

    /// What becomes of the clock of a dossier for which papers were asked on this day.
    /// law: onestop/supplement-clock
    pub fn after_supplement(&self, asked: Day) -> AfterSupplement {
        let id = format!("{AFTER_SUPPLEMENT}.{}", word(self.frame(asked)));
        let reading = self.find(&id, asked).and_then(AfterSupplement::from_word);
        reading.expect("every row was read as a reading when it was loaded, and one ships")
    }

    /// What this paper is called on the day it bears; none where the frame then in force has no such form.
    pub fn form(&self, kind: PaperKind, day: Day) -> Option<Form<'_>> {
        self.form_of(kind.word(), day)
    }

    /// The same for the register of dossiers.
    pub fn register(&self, day: Day) -> Option<Form<'_>> {
        self.form_of("register", day)
    }

    fn form_of(&self, kind: &str, day: Day) -> Option<Form<'_>> {
        let frame = word(self.frame(day));
        let of = |row: &&FormRow| {
            row.kind == kind && row.frame == frame && holds(row.valid_from, row.valid_to, day)
        };
        let row = self.forms.iter().rfind(of)?;
        Some(Form { number: &row.number, title: &row.title, symbol: &row.symbol })
    }

    /// A row that says nothing the program understands; its id.
    fn wrong(&self) -> Option<&Row> {
        let is_good = |row: &&Row| match row.id.as_str() {
            FRAME => matches!(row.value.as_str(), "2018" | "2025"),
            CUT_OFF => minute_of(&row.value).is_some(),
            ANSWER | SEND_BACK => row.value.parse::<Limit>().is_ok(),
            _ => AfterSupplement::from_word(&row.value).is_some(),
        };
        self.rows.iter().find(|row| !is_good(row))
    }
}

/// `15:00` in minutes after midnight.
fn minute_of(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute) = (hour.parse::<u16>().ok()?, minute.parse::<u16>().ok()?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

/// All readings as they stand. A row that says nothing is a fault: nothing is counted by a guess.
pub async fn read(tx: &mut Tx) -> db::Result<Law> {
    let rows: Vec<Row> = tx
        .list(
            "select id, value, valid_from, valid_to from parameter
              where id in ('legal-frame', 'reception-answer', 'send-back', 'same-day-cut-off',
                    'after-supplement.2018', 'after-supplement.2025')
              order by id, valid_from limit 1000",
            args![],
        )
        .await?;
    let forms = tx
        .list(
            "select kind, frame, number, title, symbol, valid_from, valid_to from paper_form
              order by kind, frame, valid_from limit 1000",
            args![],
        )
        .await?;
    let law = Law { rows, forms };
    match law.wrong() {
        Some(row) => Err(db::Error::Fault(format!("the parameter {} says “{}”", row.id, row.value))),
        None => Ok(law),
    }
}

/// The rows that are not there yet: what ships, and the frame that the province is configured with. A
/// province that comes under another frame is under it from today on.
pub fn missing(law: &Law, frame: Frame, today: Day) -> Vec<(String, String, String, &'static str)> {
    let has = |id: &str| law.rows.iter().any(|row| row.id == id);
    let row = |id: &str, value: &str, from: &str, source| (id.into(), value.into(), from.into(), source);
    let shipped = SHIPPED.into_iter().filter(|(id, ..)| !has(*id));
    let mut rows: Vec<_> = shipped.map(|(id, value, source)| row(id, value, FROM, source)).collect();
    let source = "onestop/frames";
    if !has(FRAME) {
        rows.push(row(FRAME, "2018", FROM, source));
        if frame == Frame::Y2025 {
            rows.push(row(FRAME, "2025", CHANGE, source));
        }
    } else if law.frame(today) != frame {
        rows.push(row(FRAME, word(frame), &today.to_string(), source));
    }
    rows
}

/// Writes them down. What an earlier version kept for both frames in one row becomes a row for each.
pub async fn publish(tx: &mut Tx, frame: Frame, today: Day) -> db::Result<()> {
    for id in ["after-supplement.2018", "after-supplement.2025"] {
        tx.change(
            "insert into parameter (id, value, valid_from, valid_to, source)
             select $1, value, valid_from, valid_to, source from parameter where id = 'after-supplement'
             on conflict (id, valid_from) do nothing",
            args![id],
        )
        .await?;
    }
    let law = read(tx).await?;
    for (id, value, from, source) in missing(&law, frame, today) {
        tx.change(
            "insert into parameter (id, value, valid_from, source) values ($1, $2, $3, $4)
             on conflict (id, valid_from) do nothing",
            args![id, value, from, source],
        )
        .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn law(rows: &[(&str, &str, &str)]) -> Law {
        let row = |(id, value, from): &(&str, &str, &str)| Row {
            id: (*id).into(),
            value: (*value).into(),
            valid_from: day(from),
            valid_to: None,
        };
        let mut rows: Vec<Row> = rows.iter().map(row).collect();
        rows.sort_by_key(|row| (row.id.clone(), row.valid_from));
        Law { rows, forms: Vec::new() }
    }

    #[test]
    fn a_dossier_is_counted_by_the_frame_of_the_day_on_which_papers_were_asked_for() {
        let law = law(&[
            ("legal-frame", "2018", "2018-01-01"),
            ("legal-frame", "2025", "2025-07-01"),
            ("after-supplement.2018", "restart", "2018-01-01"),
            ("after-supplement.2025", "restart", "2018-01-01"),
            ("after-supplement.2025", "resume", "2026-03-01"),
        ]);
        let table = [
            ("2025-06-30", AfterSupplement::Restart),
            ("2025-07-01", AfterSupplement::Restart),
            ("2026-02-28", AfterSupplement::Restart),
            ("2026-03-01", AfterSupplement::Resume),
        ];
        for (asked, reading) in table {
            assert_eq!(law.after_supplement(day(asked)), reading, "{asked}");
        }
        assert_eq!(law.frame(day("2025-06-30")), Frame::Y2018);
        assert_eq!(law.frame(day("2025-07-01")), Frame::Y2025);
    }

    #[test]
    fn a_limit_changes_on_its_day_and_not_before() {
        let law =
            law(&[("reception-answer", "8wh", "2018-01-01"), ("reception-answer", "4wh", "2026-09-01")]);
        assert_eq!(law.answer_within(day("2026-08-31")), Limit::WorkingHours(8));
        assert_eq!(law.answer_within(day("2026-09-01")), Limit::WorkingHours(4));
        assert_eq!(law.answer_within(day("2017-01-01")), Limit::WorkingHours(8), "the first row goes back");
    }

    #[test]
    fn a_province_comes_under_a_new_frame_on_the_day_it_is_configured_so() {
        let fresh = missing(&Law::default(), Frame::Y2025, day("2026-08-20"));
        let frames = |rows: &[(String, String, String, &str)]| -> Vec<String> {
            let of = rows.iter().filter(|row| row.0 == "legal-frame");
            of.map(|row| format!("{} from {}", row.1, row.2)).collect()
        };
        assert_eq!(frames(&fresh), ["2018 from 2018-01-01", "2025 from 2025-07-01"]);
        let old = law(&[("legal-frame", "2018", "2018-01-01")]);
        assert_eq!(frames(&missing(&old, Frame::Y2018, day("2026-08-20"))), Vec::<String>::new());
        assert_eq!(frames(&missing(&old, Frame::Y2025, day("2026-08-20"))), ["2025 from 2026-08-20"]);
    }

    #[test]
    fn a_row_that_says_nothing_is_told() {
        for (id, value) in [("send-back", "soon"), ("same-day-cut-off", "25:00"), ("legal-frame", "1999")] {
            let wrong = law(&[(id, value, "2018-01-01")]);
            assert_eq!(wrong.wrong().map(|row| row.id.as_str()), Some(id));
        }
        assert_eq!(Law::shipped(AfterSupplement::Resume).wrong(), None);
    }
}
