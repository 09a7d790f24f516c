//! What a line of a foreign table must say before it is taken over. Pure: whoever calls has looked up the
//! counter, the procedure and the words, and keeps what comes back. All faults of a line are told at once.

use std::collections::HashMap;
use std::sync::Arc;

use base::calendar::Calendar;
use base::limits::{ADDRESS_CHARS_MAX, NAME_CHARS_MAX};
use base::number::{PersonalNumber, Phone, TaxNumber};
use base::{Day, Instant};
use directory::UnitId;
use directory::account::rules::{Wrong, check_address, check_email, check_name};

use super::columns::Table;
use super::read::Line;
use super::{Args, Finding};
use crate::dossier::Applicant;
use crate::dossier::law::Law;
use crate::dossier::rules::{State, Status, Was};
use crate::fee::account::{RECEIPT_SCHEME, REFUND_SCHEME};
use crate::procedure::Procedure;

/// The longest code that can be tracked.
const CODE_CHARS_MAX: usize = 60;
/// The most that one dossier may owe, in đồng.
const FEE_MAX: i64 = crate::dossier::ask::FEE_MAX;
/// The farthest that a book may have come.
const LAST_MAX: i64 = 999_999_999;

/// A counter as a line names it.
#[derive(Clone, Debug)]
pub struct Seat {
    pub counter: UnitId,
    /// What its numbers begin with.
    pub ident: String,
    pub agency: UnitId,
    pub calendar: Arc<Calendar>,
}

/// What became of the procedure that a line names.
#[derive(Clone)]
pub enum Then {
    Unknown,
    /// It is offered, but not on that day: the first day on which it is.
    NotThen(Day),
    /// The version of that day.
    Is(Arc<Procedure>),
}

/// Words that a line may use, folded.
#[derive(Clone, Debug, Default)]
pub struct Vocabulary {
    pub statuses: HashMap<String, Status>,
    pub channels: HashMap<String, &'static str>,
    pub ways: HashMap<String, &'static str>,
    pub yes: Vec<String>,
    pub no: Vec<String>,
}

/// Where a line's dossier belongs, as far as it could be found.
pub struct Ground<'a> {
    pub now: Instant,
    pub seat: Option<&'a Seat>,
    /// The agency that the line names; none when it names none.
    pub agency: Option<Option<&'a UnitId>>,
    pub then: &'a Then,
    /// By when the counter had to answer.
    pub law: &'a Law,
    pub vocabulary: &'a Vocabulary,
}

/// A dossier as its line tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coming {
    /// The code under which it lives on.
    pub code: String,
    /// The code as the old system wrote it, and the form that people type.
    pub old_code: String,
    pub plain: String,
    pub applicant: Applicant,
    pub channel: &'static str,
    pub return_by: &'static str,
    pub received: Instant,
    pub answer_by: Instant,
    pub promised: Option<Instant>,
    pub since: Instant,
    pub state: State,
    pub decided: Option<Instant>,
    /// Whole đồng.
    pub fee: i64,
}

/// A citizen as a line tells one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub name: String,
    pub number: String,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub address: Option<String>,
    pub confirmed: bool,
}

/// How far a book has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Book {
    pub scheme: &'static str,
    pub day: Day,
    pub last: i64,
}

/// The schemes whose books an old system may have filled.
pub const SCHEMES: [&str; 5] = ["dossier", "result", "petition", RECEIPT_SCHEME, REFUND_SCHEME];

/// A line being read: its cells by name, and what is wrong with it so far.
struct Reading<'a> {
    table: Table,
    line: &'a Line,
    faults: Vec<Finding>,
}

impl<'a> Reading<'a> {
    fn new(table: Table, line: &'a Line) -> Reading<'a> {
        let mut reading = Reading { table, line, faults: Vec::new() };
        for column in table.columns().iter().filter(|c| c.required) {
            if reading.cell(column.word).is_empty() {
                reading.wrong(column.word, "missing", vec![]);
            }
        }
        reading
    }

    fn cell(&self, word: &str) -> &'a str {
        cell(self.table, self.line, word)
    }

    fn wrong(&mut self, column: &'static str, key: &'static str, args: Args) {
        // A cell that says nothing has its fault already.
        let told = |f: &Finding| f.column == Some(column) && f.key == "missing";
        if !self.faults.iter().any(told) {
            self.faults.push(Finding { line: self.line.number, column: Some(column), key, args });
        }
    }

    fn check(&mut self, column: &'static str, wrong: Result<(), Wrong>) {
        match wrong {
            Ok(()) | Err(Wrong::Missing) => {}
            Err(Wrong::TooLong { most }) => {
                self.wrong(column, "too_long", vec![("most", most.to_string())]);
            }
            Err(Wrong::NotMail) => self.wrong(column, "mail", vec![]),
            Err(_) => self.wrong(column, "name", vec![]),
        }
    }

    /// A moment, if the cell holds one that lies in the past.
    fn past(&mut self, column: &'static str, now: Instant) -> Option<Instant> {
        let text = self.cell(column);
        if text.is_empty() {
            return None;
        }
        let Some((day, minute)) = moment(text) else {
            self.wrong(column, "day", vec![]);
            return None;
        };
        let at = day.at(minute.unwrap_or(0));
        if at > now {
            self.wrong(column, "future", vec![]);
            return None;
        }
        Some(at)
    }

    fn choice<T: Copy>(&mut self, column: &'static str, from: &HashMap<String, T>, otherwise: T) -> T {
        let text = self.cell(column);
        if text.is_empty() {
            return otherwise;
        }
        match from.get(&super::columns::squeezed(text)) {
            Some(value) => *value,
            None => {
                self.wrong(column, "choice", vec![("value", short(text))]);
                otherwise
            }
        }
    }

    fn phone(&mut self, column: &'static str) -> Option<String> {
        let text = self.cell(column);
        match Phone::parse(text) {
            Ok(phone) => Some(phone.to_string()),
            Err(_) if text.is_empty() => None,
            Err(_) => {
                self.wrong(column, "phone", vec![]);
                None
            }
        }
    }
}

/// One cell of a line.
pub fn cell<'a>(table: Table, line: &'a Line, word: &str) -> &'a str {
    table.place(word).and_then(|p| line.cells.get(p)).map_or("", String::as_str)
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

/// A day, perhaps with the minute of it: `20/08/2026`, `2026-08-20 09:00`, `09:00 20/8/2026`, RFC 3339.
pub fn moment(text: &str) -> Option<(Day, Option<u16>)> {
    if let Ok(at) = Instant::parse_rfc3339(text) {
        return Some((at.day(), Some(at.minute_of_day())));
    }
    let words: Vec<&str> = text.split([' ', 'T', '\u{a0}']).filter(|w| !w.is_empty()).collect();
    match words[..] {
        [day] => Some((base::format::read_date(day)?, None)),
        [a, b] => {
            let (day, time) = if a.contains(':') { (b, a) } else { (a, b) };
            let mut parts = time.split(':');
            let mut number = || parts.next().and_then(|p| p.parse::<u16>().ok());
            let (hour, minute) = (number()?, number()?);
            let fits = hour < 24 && minute < 60;
            Some((base::format::read_date(day)?, Some(hour * 60 + minute).filter(|_| fits)?.into()))
        }
        _ => None,
    }
}

/// The day of reception, by which the version of the procedure is chosen.
pub fn received_on(line: &Line) -> Option<Day> {
    moment(cell(Table::Dossiers, line, "received_at")).map(|(day, _)| day)
}

/// The code under which a dossier lives on: what people type, and what fits into an address.
pub fn code_of(old: &str) -> String {
    let plain = crate::dossier::follow::plain(old);
    plain.chars().map(|c| if c.is_ascii_alphanumeric() || "-._".contains(c) { c } else { '-' }).collect()
}

/// Reads a line of dossiers.
pub fn dossier(line: &Line, g: &Ground<'_>) -> Result<Coming, Vec<Finding>> {
    let mut r = Reading::new(Table::Dossiers, line);
    let old_code = r.cell("code").to_string();
    if old_code.chars().count() > CODE_CHARS_MAX {
        r.wrong("code", "too_long", vec![("most", CODE_CHARS_MAX.to_string())]);
    } else if !old_code.is_empty() && !code_of(&old_code).chars().any(|c| c.is_ascii_digit()) {
        r.wrong("code", "code", vec![]);
    }
    let applicant = applicant(&mut r);
    let channel = r.choice("channel", &g.vocabulary.channels, "counter");
    let return_by = r.choice("return_by", &g.vocabulary.ways, "counter");
    if g.seat.is_none() {
        let value = short(r.cell("counter"));
        r.wrong("counter", "counter", vec![("value", value)]);
    }
    if g.agency == Some(None) {
        let value = short(r.cell("agency"));
        r.wrong("agency", "agency", vec![("value", value)]);
    }
    let received = r.past("received_at", g.now);
    let procedure = procedure(&mut r, g);
    let (status, promised, since) = standing(&mut r, g, received);
    let (decided, fee) = (r.past("decided_at", g.now), fee(&mut r, status));
    let (Some(received), Some(seat)) = (received, g.seat) else { return Err(r.faults) };
    if status == Some(Status::Settled) && !decided.is_some_and(|at| at >= received) {
        r.wrong("decided_at", "decided", vec![]);
    }
    let Ok(answer_by) = seat.calendar.due(received, g.law.answer_within(received.day())) else {
        r.wrong("received_at", "uncountable", vec![]);
        return Err(r.faults);
    };
    let stage = stage(&mut r, status, procedure.as_deref());
    if status == Some(Status::Supplementing) && stage.is_some() && promised.is_none() {
        r.wrong("promised_at", "promise", vec![]);
    }
    let at = (received, since.unwrap_or(received), decided.unwrap_or(received));
    let state = status.and_then(|status| state(status, answer_by.at, promised, at, stage));
    match state {
        Some(state) if r.faults.is_empty() => Ok(Coming {
            code: code_of(&old_code),
            plain: crate::dossier::follow::plain(&old_code),
            old_code,
            applicant,
            channel,
            return_by,
            received,
            answer_by: answer_by.at,
            promised,
            since: if status == Some(Status::Settled) { at.2 } else { at.1 },
            decided: decided.filter(|_| status == Some(Status::Settled)),
            state,
            fee,
        }),
        _ => Err(r.faults),
    }
}

fn applicant(r: &mut Reading<'_>) -> Applicant {
    // Enterprises have names of every kind, so a name is only measured here.
    let name = r.cell("applicant_name");
    if name.chars().count() > NAME_CHARS_MAX {
        r.wrong("applicant_name", "too_long", vec![("most", NAME_CHARS_MAX.to_string())]);
    }
    let number = crate::intake::plain_number(r.cell("applicant_number"));
    let known = number.is_empty()
        || PersonalNumber::parse(&number).is_ok()
        || TaxNumber::parse(&number).is_ok()
        || base::number::OldIdNumber::parse(&number).is_ok();
    if !known {
        r.wrong("applicant_number", "number", vec![]);
    }
    let phone = r.phone("applicant_phone").unwrap_or_default();
    let (email, address) = (r.cell("applicant_email"), r.cell("applicant_address"));
    r.check("applicant_email", check_email(email));
    if address.chars().count() > ADDRESS_CHARS_MAX {
        r.wrong("applicant_address", "too_long", vec![("most", ADDRESS_CHARS_MAX.to_string())]);
    }
    Applicant { name: name.into(), number, phone, email: email.into(), address: address.into() }
}

fn procedure(r: &mut Reading<'_>, g: &Ground<'_>) -> Option<Arc<Procedure>> {
    match g.then {
        Then::Is(procedure) => Some(procedure.clone()),
        Then::Unknown => {
            let value = short(r.cell("procedure"));
            r.wrong("procedure", "procedure", vec![("value", value)]);
            None
        }
        Then::NotThen(first) => {
            let value = short(r.cell("procedure"));
            let first = base::format::date_vn(*first);
            r.wrong("procedure", "procedure_then", vec![("value", value), ("first", first)]);
            None
        }
    }
}

/// The status, what was promised, and since when it stands so.
fn standing(
    r: &mut Reading<'_>,
    g: &Ground<'_>,
    received: Option<Instant>,
) -> (Option<Status>, Option<Instant>, Option<Instant>) {
    let text = r.cell("status");
    let status = g.vocabulary.statuses.get(&super::columns::squeezed(text)).copied();
    match status {
        None => r.wrong("status", "status", vec![("value", short(text))]),
        Some(s) if s.is_final() => r.wrong("status", "closed", vec![("value", short(text))]),
        Some(_) => {}
    }
    let promised = promised(r, g, status, received);
    let since = r.past("status_since", g.now);
    let waits = matches!(status, Some(Status::Supplementing | Status::AwaitingFee));
    if waits && r.cell("status_since").is_empty() {
        r.wrong("status_since", "since", vec![]);
    }
    if let (Some(since), Some(received)) = (since, received)
        && since < received
    {
        r.wrong("status_since", "since", vec![]);
    }
    (status, promised, since)
}

fn promised(
    r: &mut Reading<'_>,
    g: &Ground<'_>,
    status: Option<Status>,
    received: Option<Instant>,
) -> Option<Instant> {
    let text = r.cell("promised_at");
    let wanted =
        matches!(status, Some(Status::Received | Status::InProcess | Status::AwaitingFee | Status::Settled));
    if text.is_empty() {
        if wanted {
            r.wrong("promised_at", "promise", vec![]);
        }
        return None;
    }
    let Some((day, minute)) = moment(text) else {
        r.wrong("promised_at", "day", vec![]);
        return None;
    };
    // A promise without an hour holds until the counter closes.
    let at = match (minute, g.seat) {
        (Some(minute), _) => day.at(minute),
        (None, Some(seat)) => seat.calendar.close_of(day),
        (None, None) => day.at(17 * 60),
    };
    if received.is_some_and(|received| at < received) {
        r.wrong("promised_at", "promise_early", vec![]);
    }
    if status == Some(Status::Filed) {
        r.wrong("promised_at", "promise_unaccepted", vec![]);
    }
    Some(at)
}

fn fee(r: &mut Reading<'_>, status: Option<Status>) -> i64 {
    let text: String = r.cell("fee").chars().filter(|c| !matches!(c, '.' | ',' | ' ' | '\u{a0}')).collect();
    let asked = status == Some(Status::AwaitingFee);
    match text.parse::<i64>() {
        Ok(fee) if (i64::from(asked)..=FEE_MAX).contains(&fee) => fee,
        Err(_) if text.is_empty() && !asked => 0,
        _ => {
            r.wrong("fee", "fee", vec![("most", base::format::thousands(FEE_MAX))]);
            0
        }
    }
}

/// The internal step: by its id, or by its name as the procedure's file writes it.
fn stage(r: &mut Reading<'_>, status: Option<Status>, procedure: Option<&Procedure>) -> Option<String> {
    let procedure = procedure?;
    let text = r.cell("stage");
    let wanted = super::columns::squeezed(text);
    let ways = || {
        let ways: Vec<&str> = procedure.steps.iter().map(|s| s.id.as_str()).collect();
        vec![("ways", ways.join(", "))]
    };
    if text.is_empty() {
        return match status {
            Some(Status::InProcess) => {
                r.wrong("stage", "stage_missing", ways());
                None
            }
            Some(Status::AwaitingFee) => procedure.first_step().map(|s| s.id.clone()),
            _ => None,
        };
    }
    let is = |s: &&crate::procedure::model::Step| {
        super::columns::squeezed(&s.id) == wanted || super::columns::squeezed(&s.name) == wanted
    };
    let found = procedure.steps.iter().find(is);
    if found.is_none() {
        r.wrong("stage", "stage", ways());
    }
    found.map(|s| s.id.clone())
}

/// The state of an open dossier. None where a fault has been told already.
fn state(
    status: Status,
    answer_by: Instant,
    promised: Option<Instant>,
    (_, since, decided): (Instant, Instant, Instant),
    stage: Option<String>,
) -> Option<State> {
    Some(match status {
        Status::Filed => State::Filed { answer_by },
        Status::Received => State::Received { due: promised? },
        Status::InProcess => State::InProcess { due: promised?, at: stage? },
        Status::Supplementing => {
            let was = match (promised, stage) {
                (Some(due), Some(at)) => Was::InProcess { due, at },
                (Some(due), None) => Was::Received { due },
                (None, _) => Was::Filed,
            };
            State::Supplementing { asked: since, was }
        }
        Status::AwaitingFee => State::AwaitingFee { asked: since, due: promised?, at: stage? },
        Status::Settled => State::Settled { at: decided },
        Status::Declined | Status::Withdrawn | Status::Stopped | Status::Returned => return None,
    })
}

/// Reads a line of people.
pub fn person(line: &Line, vocabulary: &Vocabulary) -> Result<Person, Vec<Finding>> {
    let mut r = Reading::new(Table::People, line);
    let name = r.cell("name");
    r.check("name", check_name(name));
    let number = PersonalNumber::parse(r.cell("personal_number"));
    if number.is_err() {
        r.wrong("personal_number", "personal_number", vec![]);
    }
    let phone = r.phone("phone");
    let (email, address) = (r.cell("email"), r.cell("address"));
    r.check("email", check_email(email));
    r.check("address", check_address(address));
    let confirmed = super::columns::squeezed(r.cell("confirmed"));
    let yes = vocabulary.yes.contains(&confirmed);
    if !yes && !confirmed.is_empty() && !vocabulary.no.contains(&confirmed) {
        r.wrong("confirmed", "yes_or_no", vec![]);
    }
    let some = |text: &str| (!text.is_empty()).then(|| text.to_string());
    match number {
        Ok(number) if r.faults.is_empty() => Ok(Person {
            name: name.into(),
            number: number.as_str().into(),
            phone,
            email: some(email),
            address: some(address),
            confirmed: yes,
        }),
        _ => Err(r.faults),
    }
}

/// Reads a line of books. `counts_unit`: the unit that the line names keeps such a book.
pub fn book(line: &Line, counts_unit: bool, now: Instant) -> Result<Book, Vec<Finding>> {
    let mut r = Reading::new(Table::Books, line);
    let text = r.cell("scheme");
    let named = super::columns::squeezed(text);
    let scheme = SCHEMES.into_iter().find(|s| super::columns::squeezed(s) == named);
    if scheme.is_none() {
        r.wrong("scheme", "scheme", vec![("ways", SCHEMES.join(", "))]);
    }
    if !counts_unit {
        let value = short(r.cell("unit"));
        r.wrong("unit", "unit", vec![("value", value)]);
    }
    let text = r.cell("period");
    let year = text.parse::<i32>().ok().filter(|y| (2000..=2100).contains(y)).and_then(|y| Day::new(y, 1, 1));
    let day = year.or_else(|| base::format::read_date(text));
    match day {
        None => r.wrong("period", "period", vec![]),
        Some(day) if day > now.day() => r.wrong("period", "future", vec![]),
        // A book of dossiers is a day's.
        Some(_) if scheme == Some("dossier") && year.is_some() => r.wrong("period", "period_day", vec![]),
        Some(_) => {}
    }
    let last = r.cell("last").parse::<i64>().ok().filter(|n| (1..=LAST_MAX).contains(n));
    if last.is_none() {
        r.wrong("last", "last", vec![("most", base::format::thousands(LAST_MAX))]);
    }
    match (scheme, day, last) {
        (Some(scheme), Some(day), Some(last)) if r.faults.is_empty() => Ok(Book { scheme, day, last }),
        _ => Err(r.faults),
    }
}

/// How far a code of our own pattern shows a book to have come: `IDENT-YYMMDD-N`. None for other codes.
pub fn shown_by(code: &str, ident: &str) -> Option<(Day, i64)> {
    let rest = code.strip_prefix(ident)?.strip_prefix('-')?;
    let (day, n) = rest.split_once('-')?;
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if day.len() != 6 || !digits(day) || n.is_empty() || n.len() > 9 || !digits(n) {
        return None;
    }
    let part = |range: std::ops::Range<usize>| day[range].parse::<i32>().ok();
    let (year, month, date) = (part(0..2)?, part(2..4)?, part(4..6)?);
    let day = Day::new(2000 + year, u8::try_from(month).ok()?, u8::try_from(date).ok()?)?;
    Some((day, n.parse().ok().filter(|n| *n > 0)?))
}
