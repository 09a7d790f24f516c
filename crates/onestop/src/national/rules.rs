//! What should stand on the other side, and what to do about a difference. Pure: facts in, values out.

use base::{Day, Instant};

use super::wire::{self, Listed};
use crate::dossier::rules::{State, Status};
use crate::dossier::store::Decision;
use crate::dossier::{Dossier, History, StoredFile};
use crate::procedure::Procedure;

/// Codes of the wire that were not seen and so are rows (law: national/values).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codes {
    pub filed_at_portal: String,
    pub filed_here: String,
    pub person_number: String,
    pub enterprise_number: String,
}

/// A line of the step log with the words that people read.
#[derive(Clone, Debug)]
pub struct Line {
    pub history: History,
    /// Who acted; empty for the program itself.
    pub who: String,
    /// In which office; empty for the applicant.
    pub office: String,
    /// What was done.
    pub what: String,
}

/// Where a dossier came from, if it was handed in on the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The portal had identified the applicant.
    pub identified: bool,
}

/// Everything that the other side is told of one dossier.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    pub dossier: &'a Dossier,
    pub procedure: &'a Procedure,
    pub agency: &'a str,
    /// The code of the procedure's field as the other side has it; empty where it has none.
    pub field: &'a str,
    pub lines: &'a [Line],
    pub files: &'a [StoredFile],
    pub decision: Option<&'a Decision>,
    pub origin: Option<Origin>,
    pub codes: &'a Codes,
}

/// `yyyyMMddHHmmss` in local time.
pub fn stamp(at: Instant) -> String {
    let (year, month, day) = at.day().civil();
    let minute = at.minute_of_day();
    let second = at.micros().div_euclid(1_000_000).rem_euclid(60);
    format!("{year:04}{month:02}{day:02}{:02}{:02}{second:02}", minute / 60, minute % 60)
}

/// The instant of a stamp; none for anything else.
pub fn read_stamp(text: &str) -> Option<Instant> {
    if text.len() != 14 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number = |from: usize, to: usize| text[from..to].parse::<u16>().ok();
    let (hour, minute, second) = (number(8, 10)?, number(10, 12)?, number(12, 14)?);
    let month = u8::try_from(number(4, 6)?).ok()?;
    let day = Day::new(i32::from(number(0, 4)?), month, u8::try_from(number(6, 8)?).ok()?)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(day.at(hour * 60 + minute).plus_seconds(i64::from(second)))
}

/// `yyyyMMdd`, by which days are asked for.
pub fn day_stamp(day: Day) -> String {
    let (year, month, date) = day.civil();
    format!("{year:04}{month:02}{date:02}")
}

fn stamp_or_none(at: Option<Instant>) -> String {
    at.map(stamp).unwrap_or_default()
}

fn flag(yes: bool) -> String {
    if yes { "1" } else { "0" }.into()
}

/// The dossier as the other side should have it. law: national/values
pub fn dossier(f: &Facts) -> wire::Dossier {
    let (d, a) = (f.dossier, &f.dossier.applicant);
    let is_person = a.number.len() == 12;
    wire::Dossier {
        code: d.code.clone(),
        procedure: f.procedure.code.clone(),
        procedure_name: f.procedure.name.clone(),
        field: f.field.into(),
        field_name: f.procedure.field.clone(),
        owner: a.name.clone(),
        owner_kind: if is_person { "1" } else { "2" }.into(),
        email: a.email.clone(),
        phone: a.phone.clone(),
        summary: f.procedure.name.clone(),
        received: stamp_or_none(d.accepted_at),
        promised: stamp_or_none(d.promised),
        status: told_status(d.state.status(), asked_before(f.lines)).number().to_string(),
        returned: stamp_or_none(reached(f.lines, &[Status::Returned])),
        return_note: f.decision.map(|r| format!("{}/{}", r.number, r.symbol)).unwrap_or_default(),
        return_way: flag(d.return_by == "post"),
        ended: stamp_or_none(reached(
            f.lines,
            &[Status::Settled, Status::Stopped, Status::Withdrawn, Status::Declined],
        )),
        agency: f.agency.into(),
        note: said_last(f),
        filed_at_portal: match f.origin {
            Some(_) => f.codes.filed_at_portal.clone(),
            None => f.codes.filed_here.clone(),
        },
        has_digital_papers: flag(!f.files.is_empty()),
        identified: flag(f.origin.is_some_and(|o| o.identified)),
        paid_online: if paid_by_owner(f) { "2" } else { "0" }.into(),
        number_kind: if is_person { &f.codes.person_number } else { &f.codes.enterprise_number }.clone(),
        number: a.number.clone(),
        channel: channel(&d.channel).into(),
        papers: f.files.iter().map(paper).collect(),
        fees: fees(f),
        supplements: supplements(f),
        results: f.decision.map(|r| result(f, r)).into_iter().collect(),
        version: d.version,
        ..wire::Dossier::default()
    }
}

/// The status under which the other side knows a dossier. Its table has no way back from 5 to 1 and none from
/// 5 to 3: what was brought before reception stays "papers asked for" until the counter receives it, and a
/// refusal after that is a stop. law: onestop/statuses
fn told_status(status: Status, asked: bool) -> Status {
    match status {
        Status::Filed if asked => Status::Supplementing,
        Status::Declined if asked => Status::Stopped,
        status => status,
    }
}

/// Whether papers were asked for in these lines.
fn asked_before(lines: &[Line]) -> bool {
    lines.iter().any(|l| l.history.verb == "ask_supplement")
}

/// When the dossier last came into one of these statuses.
fn reached(lines: &[Line], statuses: &[Status]) -> Option<Instant> {
    lines
        .iter()
        .rev()
        .find(|l| statuses.contains(&l.history.to) && l.history.from != l.history.to)
        .map(|l| l.history.at)
}

/// What the citizen was last told, where the dossier waits for them or has ended without a result.
fn said_last(f: &Facts) -> String {
    match f.dossier.state {
        State::Declined { .. }
        | State::Supplementing { .. }
        | State::AwaitingFee { .. }
        | State::Withdrawn { .. }
        | State::Stopped { .. } => f.lines.last().map(|l| l.history.note.clone()).unwrap_or_default(),
        _ => String::new(),
    }
}

fn paid_by_owner(f: &Facts) -> bool {
    let owner = f.dossier.account.as_deref();
    owner.is_some()
        && f.lines.iter().any(|l| l.history.verb == "pay" && l.history.account.as_deref() == owner)
}

/// The number of a channel.
pub fn channel(word: &str) -> &'static str {
    match word {
        "online" => "2",
        "post" => "3",
        _ => "1",
    }
}

fn paper(file: &StoredFile) -> wire::Paper {
    wire::Paper {
        id: file.id.clone(),
        name: file.name.clone(),
        deleted: "0".into(),
        component: file.component.clone(),
        address: String::new(),
        digitised: "1".into(),
        from_vault: "0".into(),
    }
}

/// Each time a fee was asked for, under the name of the procedure's fee where it has one only.
fn fees(f: &Facts) -> Vec<wire::Fee> {
    let name = match f.procedure.fees.as_slice() {
        [one] => one.name.clone(),
        _ => String::new(),
    };
    let asked = f.lines.iter().filter(|l| l.history.verb == "ask_fee");
    asked
        .map(|l| wire::Fee {
            name: name.clone(),
            when: if l.history.from == Status::Received { "1" } else { "2" }.into(),
            amount: l.history.details["amount"].as_i64().unwrap_or_default().to_string(),
            ..wire::Fee::default()
        })
        .collect()
}

/// Each request for papers with the answer that followed it.
fn supplements(f: &Facts) -> Vec<wire::Supplement> {
    let mut all: Vec<wire::Supplement> = Vec::new();
    let mut promised = None;
    for l in f.lines {
        match l.history.verb.as_str() {
            "ask_supplement" => all.push(wire::Supplement {
                id: l.history.ordinal.to_string(),
                asked_by: l.who.clone(),
                asked_for: l.history.note.clone(),
                asked_at: stamp(l.history.at),
                state: flag(false),
                promised_before: stamp_or_none(promised),
                ..wire::Supplement::default()
            }),
            "supplement" => {
                if let Some(open) = all.last_mut() {
                    open.taken_by = l.who.clone();
                    open.taken_note = l.history.note.clone();
                    open.taken_at = stamp(l.history.at);
                    open.state = flag(true);
                    open.promised_after = stamp_or_none(l.history.promised);
                }
            }
            _ => {}
        }
        promised = l.history.promised.or(promised);
    }
    all
}

fn result(f: &Facts, decision: &Decision) -> wire::ResultPaper {
    wire::ResultPaper {
        name: f.procedure.result.name.clone(),
        id: format!("{}/{}", decision.number, decision.symbol),
        code: f.procedure.result.code.clone().unwrap_or_default(),
        ..wire::ResultPaper::default()
    }
}

/// The lines of the log from the `after`th on, in order.
pub fn progress(f: &Facts, after: i64) -> Vec<wire::Progress> {
    let asked = |l: &Line| {
        let mut before = f.lines.iter().take_while(|other| other.history.ordinal <= l.history.ordinal);
        before.any(|other| other.history.verb == "ask_supplement")
    };
    let later = f.lines.iter().filter(|l| l.history.ordinal >= after);
    later
        .map(|l| wire::Progress {
            code: f.dossier.code.clone(),
            who: l.who.clone(),
            title: String::new(),
            at: stamp(l.history.at),
            office: l.office.clone(),
            what: match l.history.note.as_str() {
                "" => l.what.clone(),
                note => format!("{}: {note}", l.what),
            },
            status: told_status(l.history.to, asked(l)).number().to_string(),
            begun: stamp(l.history.at),
            due: stamp_or_none(l.history.promised),
            version: l.history.ordinal + 1,
        })
        .collect()
}

/// How long to wait after the `failures`th failure in a row: about 5 s, 10 s, 20 s … at most an hour,
/// spread over the upper half so that many dossiers do not come back at one moment. `spread` is any
/// number.
pub fn wait_s(failures: i64, spread: u64) -> i64 {
    const FIRST_S: i64 = 5;
    const MOST_S: i64 = 3600;
    let doublings = u32::try_from(failures.max(1) - 1).unwrap_or(u32::MAX).min(20);
    let most = (FIRST_S << doublings).min(MOST_S);
    let half = most / 2;
    most - i64::try_from(spread % (half.unsigned_abs() + 1)).unwrap_or_default()
}

/// After so many answers against one dossier somebody has to look at it. Silence of the other side does
/// not count: no number of tries could be blamed on the dossier.
pub const REFUSALS_MAX: i64 = 12;

/// Whether a dossier is put aside after this many refusals.
pub fn parks(refusals: i64) -> bool {
    refusals >= REFUSALS_MAX
}

/// One thing that is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Difference {
    /// The national name of the field.
    pub field: String,
    pub here: String,
    pub there: String,
}

/// What differs between the dossier as it should be there, with so many lines of its log, and as it is
/// listed there. What the other side does not list is not compared.
pub fn differences(here: &wire::Dossier, lines: usize, there: &Listed) -> Vec<Difference> {
    let lines = lines.to_string();
    [
        ("TrangThaiHoSo", &here.status, &there.status),
        ("NgayTiepNhan", &here.received, &there.received),
        ("NgayHenTra", &here.promised, &there.promised),
        ("NgayKetThucXuLy", &here.ended, &there.ended),
        ("NgayTra", &here.returned, &there.returned),
        ("SoDongTienDo", &lines, there.lines.as_ref().unwrap_or(&lines)),
    ]
    .into_iter()
    .filter(|(_, here, there)| here != there)
    .map(|(field, here, there)| Difference { field: field.into(), here: here.clone(), there: there.clone() })
    .collect()
}

/// What kind of matter a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matter {
    /// Acknowledged there, and not there.
    MissingThere,
    /// Status or dates are not the same.
    Differs,
    /// There under our unit, and unknown here.
    MissingHere,
    /// A dossier handed in there cannot be taken.
    Arrival,
}

impl Matter {
    /// All kinds.
    pub const ALL: [Matter; 4] =
        [Matter::MissingThere, Matter::Differs, Matter::MissingHere, Matter::Arrival];

    /// The word in rows and keys of words.
    pub fn word(self) -> &'static str {
        match self {
            Matter::MissingThere => "missing-there",
            Matter::Differs => "differs",
            Matter::MissingHere => "missing-here",
            Matter::Arrival => "arrival",
        }
    }

    /// The kind of this word.
    pub fn from_word(word: &str) -> Option<Matter> {
        Self::ALL.into_iter().find(|m| m.word() == word)
    }
}

/// What somebody can do about a matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Send the whole dossier once more.
    SendAgain,
    /// Take theirs: try once more to make it a dossier here.
    TakeTheirs,
    /// Leave it, and write down why.
    Explain,
    /// Tell the citizen there that it cannot be taken, and why.
    Decline,
}

impl Remedy {
    /// All of them, in the order of their buttons.
    pub const ALL: [Remedy; 4] = [Remedy::SendAgain, Remedy::TakeTheirs, Remedy::Explain, Remedy::Decline];

    /// The word in forms, rows and keys of words.
    pub fn word(self) -> &'static str {
        match self {
            Remedy::SendAgain => "send_again",
            Remedy::TakeTheirs => "take_theirs",
            Remedy::Explain => "explain",
            Remedy::Decline => "decline",
        }
    }

    /// The remedy of this word.
    pub fn from_word(word: &str) -> Option<Remedy> {
        Self::ALL.into_iter().find(|r| r.word() == word)
    }

    /// Whether words must say why.
    pub fn needs_note(self) -> bool {
        matches!(self, Remedy::Explain | Remedy::Decline)
    }
}

/// Whether a remedy fits a matter. A dossier here is moved by its own steps and by nobody's list, so
/// theirs can be taken only where there is none here.
pub fn fits(matter: Matter, remedy: Remedy) -> bool {
    match matter {
        Matter::MissingThere | Matter::Differs => matches!(remedy, Remedy::SendAgain | Remedy::Explain),
        Matter::MissingHere => remedy == Remedy::Explain,
        Matter::Arrival => matches!(remedy, Remedy::TakeTheirs | Remedy::Decline),
    }
}

/// The moment from which the counter's answer is counted: when it was handed in there, unless their
/// clock claims a time that has not come yet. law: national/arrivals
pub fn filed_at(there: Option<Instant>, now: Instant) -> Instant {
    there.filter(|at| *at <= now).unwrap_or(now)
}
