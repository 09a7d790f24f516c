//! What figures say of a dossier, and how officials and agencies are judged by them. Pure: the log, the
//! calendar and the procedure come from the caller. law: onestop/evaluation

use base::calendar::Calendar;
use base::{Day, Instant};

use crate::dossier::limits::Short;
use crate::dossier::rules::Status;
use crate::procedure::Procedure;

/// How a time was kept. The numbers are those of the evaluation: 2, 1 or 0 points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// After the promised moment.
    Late = 0,
    /// On the promised day, in time.
    OnTime = 1,
    /// On an earlier day.
    Early = 2,
}

impl Grade {
    /// All, the best first.
    pub const ALL: [Grade; 3] = [Grade::Early, Grade::OnTime, Grade::Late];

    /// How `at` kept `promised`. Earlier means on an earlier day: minutes are nobody's merit.
    pub fn of(at: Instant, promised: Instant) -> Grade {
        match at {
            at if at > promised => Grade::Late,
            at if at.day() < promised.day() => Grade::Early,
            _ => Grade::OnTime,
        }
    }

    /// Its points.
    pub fn points(self) -> i64 {
        self as i64
    }

    /// The word of addresses and of keys in `words/`.
    pub fn word(self) -> &'static str {
        match self {
            Grade::Early => "early",
            Grade::OnTime => "on_time",
            Grade::Late => "late",
        }
    }
}

/// A line of a step log, as far as figures need it.
#[derive(Clone, Debug)]
pub struct Mark<'a> {
    pub verb: &'a str,
    pub to: Status,
    pub to_stage: Option<&'a str>,
    pub at: Instant,
    /// An official took it, in an office.
    pub official: bool,
    /// Who took it.
    pub account: Option<&'a str>,
    pub promised: Option<Instant>,
    /// The short limit that it came too late for.
    pub late: Option<Short>,
}

/// The figures of one dossier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub filed: i64,
    pub received: Option<i64>,
    pub settled: Option<i64>,
    pub ended: Option<i64>,
    pub decided_at: Option<Instant>,
    pub grade: Option<Grade>,
    /// Late, and only because of others ([`late_elsewhere`]).
    pub elsewhere: bool,
    pub minutes: Option<i64>,
    pub stage_points: i64,
    pub stages: i64,
    /// Of these, what each official's own came to.
    pub people: Vec<Own>,
    pub requests: i64,
    pub paid: i64,
    /// The month in which a short limit was first missed.
    pub short: Option<i64>,
    /// Which were missed, by whom and how often.
    pub missed: Vec<Missed>,
}

/// A short limit that one official missed in one dossier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    pub account: String,
    pub short: Short,
    pub times: i64,
}

/// The internal steps with a limit that one official ended, in one dossier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Own {
    pub account: String,
    pub points: i64,
    pub steps: i64,
}

/// The month of a day as a number, 202611.
pub fn month(day: Day) -> i64 {
    i64::from(day.year()) * 100 + i64::from(day.month())
}

/// The first instant of this month. None for a number that is no month.
pub fn month_begins(month: i64) -> Option<Instant> {
    let year = i32::try_from(month / 100).ok()?;
    Day::new(year, u8::try_from(month % 100).ok()?, 1).map(|day| day.at(0))
}

/// Computes the figures of a dossier from its whole log.
pub fn facts(log: &[Mark<'_>], procedure: &Procedure, calendar: &Calendar) -> Facts {
    let when = |verb: &str| log.iter().find(|m| m.verb == verb).map(|m| m.at);
    let received = log.iter().find(|m| m.promised.is_some()).map(|m| m.at);
    let decided = log.iter().find(|m| m.verb == "decide");
    let ended = ["refuse", "withdraw", "stop"].into_iter().find_map(when);
    let (stage_points, stages, people) = stages(log, procedure, calendar);
    let paid = match log.iter().rev().find(|m| m.verb == "pay" || m.verb == "ask_fee") {
        None => 0,
        Some(m) if m.verb == "ask_fee" => 1,
        Some(m) if m.official => 2,
        Some(_) => 3,
    };
    Facts {
        filed: log.first().map_or(0, |m| month(m.at.day())),
        received: received.map(|at| month(at.day())),
        settled: decided.map(|m| month(m.at.day())),
        ended: ended.map(|at| month(at.day())),
        decided_at: decided.map(|m| m.at),
        grade: decided.and_then(|m| Some(Grade::of(m.at, m.promised?))),
        elsewhere: false,
        minutes: decided.zip(received).map(|(m, from)| worked(log, from, m.at, calendar)),
        stage_points,
        stages,
        people,
        requests: i64::try_from(log.iter().filter(|m| m.verb == "ask_supplement").count())
            .unwrap_or(i64::MAX),
        paid,
        short: log.iter().find(|m| m.late.is_some()).map(|m| month(m.at.day())),
        missed: missed(log),
    }
}

/// A part of an interlinked dossier that another agency settles: by when it was promised, and when it came
/// to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Other {
    pub promised: Instant,
    pub ended: Option<Instant>,
}

/// The part that a log tells of; none as long as nothing was promised.
pub fn other(log: &[Mark<'_>]) -> Option<Other> {
    let end = log.iter().find(|m| matches!(m.verb, "decide" | "withdraw" | "stop"));
    let until = end.map_or(Instant::MAX, |m| m.at);
    let promised = log.iter().rev().filter(|m| m.at <= until).find_map(|m| m.promised)?;
    Some(Other { promised, ended: end.map(|m| m.at) })
}

/// Whether an interlinked dossier that was decided late would have been in time if the other agencies had
/// ended their parts when these were promised: the office minutes by which parts ran over, each minute
/// once, are at least those by which the whole is late. law: onestop/evaluation
pub fn late_elsewhere(decided: Instant, promised: Instant, others: &[Other], calendar: &Calendar) -> bool {
    let over = |o: &Other| (o.promised, o.ended.map_or(decided, |at| at.min(decided)));
    let mut spans: Vec<_> = others.iter().map(over).filter(|(from, to)| from < to).collect();
    spans.sort_unstable();
    let (mut lost, mut until) = (0, Instant::MIN);
    for (from, to) in spans {
        lost += calendar.open_minutes_between(from.max(until), to);
        until = until.max(to);
    }
    decided > promised && lost > 0 && calendar.open_minutes_between(promised, decided) <= lost
}

/// The short limits that were missed, by whoever took the late step.
fn missed(log: &[Mark<'_>]) -> Vec<Missed> {
    let mut all: Vec<Missed> = Vec::new();
    for m in log {
        let (Some(short), Some(account)) = (m.late, m.account) else { continue };
        match all.iter_mut().find(|other| other.account == account && other.short == short) {
            Some(known) => known.times += 1,
            None => all.push(Missed { account: account.to_string(), short, times: 1 }),
        }
    }
    all
}

/// Office minutes in which the clock ran.
fn worked(log: &[Mark<'_>], from: Instant, to: Instant, calendar: &Calendar) -> i64 {
    let runs = |status: Status| matches!(status, Status::Received | Status::InProcess);
    let (mut sum, mut since) = (0, Some(from));
    for m in log.iter().filter(|m| m.at > from && m.at <= to) {
        match (since, runs(m.to)) {
            (Some(start), false) => {
                sum += calendar.open_minutes_between(start, m.at);
                since = None;
            }
            (None, true) => since = Some(m.at),
            _ => {}
        }
    }
    sum
}

/// The points of the internal steps that have a limit of their own and are over, how many there are, and
/// whose they were: a step is that of the official who ended it.
fn stages(log: &[Mark<'_>], procedure: &Procedure, calendar: &Calendar) -> (i64, i64, Vec<Own>) {
    let (mut points, mut count) = (0, 0);
    let mut people: Vec<Own> = Vec::new();
    let mut entered: Option<(&str, Instant)> = None;
    for m in log {
        let here = (m.to == Status::InProcess).then_some(m.to_stage).flatten();
        if let Some((stage, since)) = entered
            && here != Some(stage)
        {
            // A pause for the citizen ends the reckoning of the step: the time is not the official's.
            let paused = matches!(m.to, Status::Supplementing | Status::AwaitingFee);
            let limit = procedure.step(stage).and_then(|s| s.limit).filter(|_| !paused);
            if let Some(due) = limit.and_then(|limit| calendar.due(since, limit).ok()) {
                let got = Grade::of(m.at, due.at).points();
                points += got;
                count += 1;
                if let Some(account) = m.account.filter(|_| m.official) {
                    let at = people.iter().position(|own| own.account == account).unwrap_or_else(|| {
                        people.push(Own { account: account.to_string(), ..Own::default() });
                        people.len() - 1
                    });
                    people[at].points += got;
                    people[at].steps += 1;
                }
            }
            entered = None;
        }
        if entered.is_none() {
            entered = here.map(|stage| (stage, m.at));
        }
    }
    (points, count, people)
}

/// Points for asking the citizen to come again: never, once, more often.
pub fn contact_points(requests: i64) -> i64 {
    (2 - requests).max(0)
}

/// A score in tenths: the mean of points, rounded to one decimal. None without a single dossier.
pub fn tenths(points: i64, count: i64) -> Option<i64> {
    (count > 0).then(|| (points * 20 + count) / (2 * count))
}

/// The nine indices. law: onestop/evaluation
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Index {
    TotalTime = 1,
    StepTime = 2,
    Contacts = 3,
    Agencies = 4,
    Organisation = 5,
    Publicity = 6,
    Attitude = 7,
    Complaints = 8,
    Online = 9,
}

impl Index {
    /// All nine, in the order of their numbers.
    pub const ALL: [Index; 9] = [
        Index::TotalTime,
        Index::StepTime,
        Index::Contacts,
        Index::Agencies,
        Index::Organisation,
        Index::Publicity,
        Index::Attitude,
        Index::Complaints,
        Index::Online,
    ];
    /// Those by which an official is judged.
    pub const OFFICIAL: [Index; 5] =
        [Index::TotalTime, Index::StepTime, Index::Contacts, Index::Agencies, Index::Attitude];

    /// Its number.
    pub fn number(self) -> i64 {
        self as i64
    }
}

/// The most points of one index, in tenths.
pub const INDEX_MAX: i64 = 20;

/// What an index says: a score in tenths, or that nothing measures it yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Score {
    pub index: Index,
    pub tenths: Option<i64>,
}

/// Sums over dossiers, from which indices follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Settled dossiers.
    pub count: i64,
    /// Points against the promised time.
    pub time: i64,
    /// Points of the internal steps with a limit, and of the parts of interlinked dossiers, each one step of
    /// its agency.
    pub stage_points: i64,
    pub stages: i64,
    /// How many such parts.
    pub parts: i64,
    /// Points for not asking twice.
    pub contacts: i64,
    /// Points for sending nobody elsewhere.
    pub agencies: i64,
    /// Points for attitude: those of the time, or none where somebody complained of it.
    pub attitude: i64,
}

/// The petitions about an agency whose answer was due or given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Complaints {
    pub whole: i64,
    /// Answered late, or still unanswered after the limit.
    pub late: i64,
}

/// Index 8: none, or all of them in time: 2; nine in ten: 1; otherwise 0.
pub fn complaints(c: &Complaints) -> i64 {
    let in_time = c.whole - c.late;
    match () {
        () if c.late == 0 => 20,
        () if in_time * 10 >= c.whole * 9 => 10,
        () => 0,
    }
}

/// How an agency serves online.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OnlineWork {
    /// Procedures it settles, and those of them that can be filed online.
    pub procedures: i64,
    pub procedures_online: i64,
    /// Dossiers received, those of them that came online, and of these the late ones.
    pub dossiers: i64,
    pub dossiers_online: i64,
    pub late_online: i64,
}

/// The indices that are means over dossiers. Publicity and organisation are told by others, and are not
/// measured until somebody does: never full marks for nothing.
pub fn from_sums(index: Index, s: &Sums) -> Option<i64> {
    match index {
        Index::TotalTime => tenths(s.time, s.count),
        Index::StepTime => tenths(s.stage_points, s.stages),
        Index::Contacts => tenths(s.contacts, s.count),
        Index::Agencies => tenths(s.agencies, s.count),
        Index::Attitude => tenths(s.attitude, s.count),
        _ => None,
    }
}

/// Index 9: at least 20 % of procedures and 30 % of dossiers online and none late: 2; online procedures,
/// 15 % of dossiers and none late: 1; otherwise 0. None without a single dossier.
pub fn online(o: &OnlineWork) -> Option<i64> {
    if o.dossiers == 0 || o.procedures == 0 {
        return None;
    }
    let at_least = |part: i64, whole: i64, percent: i64| part * 100 >= whole * percent;
    let points = if o.late_online > 0 || o.procedures_online == 0 {
        0
    } else if at_least(o.procedures_online, o.procedures, 20) && at_least(o.dossiers_online, o.dossiers, 30) {
        2
    } else if at_least(o.dossiers_online, o.dossiers, 15) {
        1
    } else {
        0
    };
    Some(points * 10)
}

/// The sum of what is measured, and how much more it could be if the rest were full. In tenths.
pub fn bounds(scores: &[Score]) -> (i64, i64) {
    let sure: i64 = scores.iter().filter_map(|s| s.tenths).sum();
    let open = scores.iter().filter(|s| s.tenths.is_none()).count();
    (sure, sure + INDEX_MAX * i64::try_from(open).unwrap_or(0))
}

/// The word for a total.
pub type Bands = &'static [(i64, &'static str)];

/// Officials: how much of their duty is done. law: onestop/evaluation
pub const OFFICIAL_BANDS: Bands = &[(50, "full"), (35, "most"), (0, "below")];
/// Agencies. law: onestop/evaluation
pub const AGENCY_BANDS: Bands =
    &[(150, "excellent"), (120, "good"), (90, "fair"), (60, "average"), (0, "weak")];

/// The band of a total in tenths.
pub fn band(total: i64, bands: Bands) -> &'static str {
    bands.iter().find(|(from, _)| total >= *from).map_or("", |(_, word)| word)
}

/// The band, if what is not measured could not change it.
pub fn sure_band(scores: &[Score], bands: Bands) -> Option<&'static str> {
    let (least, most) = bounds(scores);
    (band(least, bands) == band(most, bands)).then(|| band(least, bands))
}

/// A figure of index 766: points for a share, in hundredths of a point. The full mark is reached at
/// `full_at` percent, and below it in proportion. law: onestop/index-766
pub fn share_points(part: i64, whole: i64, full_at: i64, points_max: i64) -> Option<i64> {
    if whole <= 0 || full_at <= 0 {
        return None;
    }
    Some((part.min(whole) * 100 * points_max / (whole * full_at)).min(points_max))
}
