//! Measures (đo lường): reports, evaluation and transparency, all computed from the step log. One row of
//! figures a dossier follows its events; it can be thrown away and made anew at any time, and every
//! figure is a link to the dossiers that it counts.

pub mod evaluation;
pub mod export;
pub mod heard;
pub mod pages;
pub mod public;
pub mod rules;
pub mod sheet;
pub mod store;
#[cfg(test)]
mod tests;
pub mod words;

use std::collections::BTreeSet;

use base::calendar::Calendar;
use contracts::onestop as event;
use db::outbox::Event;
use db::{Db, Tx, args};
use web::Problem;

use crate::App;
use crate::catalogue::Catalogue;
use crate::dossier::{self, Dossier, DossierId, History, limits};
use rules::{Facts, Mark};
use store::About;

/// By what a report is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Unit,
    Field,
    Procedure,
    Month,
    Channel,
    Official,
}

impl By {
    /// All, in the order of the tabs.
    pub const ALL: [By; 6] = [By::Unit, By::Field, By::Procedure, By::Month, By::Channel, By::Official];

    /// The word in addresses.
    pub fn slug(self) -> &'static str {
        match self {
            By::Unit => "don-vi",
            By::Field => "linh-vuc",
            By::Procedure => "thu-tuc",
            By::Month => "thang",
            By::Channel => "kenh",
            By::Official => "can-bo",
        }
    }

    /// The cut at this word.
    pub fn at(word: &str) -> Option<By> {
        By::ALL.into_iter().find(|by| by.slug() == word)
    }
}

/// A column of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    Received,
    Online,
    Settled,
    Early,
    OnTime,
    Late,
    Open,
    Overdue,
    /// With a short limit that was missed: answer, hand-on, request for papers, apology.
    Short,
}

impl Figure {
    /// The columns in their order.
    pub const ALL: [Figure; 9] = [
        Figure::Received,
        Figure::Online,
        Figure::Settled,
        Figure::Early,
        Figure::OnTime,
        Figure::Late,
        Figure::Open,
        Figure::Overdue,
        Figure::Short,
    ];

    /// The word in addresses and of keys in `words/`.
    pub fn word(self) -> &'static str {
        match self {
            Figure::Received => "received",
            Figure::Online => "online",
            Figure::Settled => "settled",
            Figure::Early => "early",
            Figure::OnTime => "on_time",
            Figure::Late => "late",
            Figure::Open => "open",
            Figure::Overdue => "overdue",
            Figure::Short => "short",
        }
    }
}

/// What dossiers can be listed by: a column of a report, or what an index takes points for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    Figure(Figure),
    /// Somebody complained of the attitude shown.
    Complained,
    /// Late, or rated as not content.
    Displeased,
    /// The result had an official's error and was made anew.
    Corrected,
    /// Received with files.
    Digitised,
    /// Received with a paper from a vault.
    Reused,
}

impl Listed {
    /// The word in addresses and of keys in `words/`.
    pub fn word(self) -> &'static str {
        match self {
            Listed::Figure(figure) => figure.word(),
            Listed::Complained => "complained",
            Listed::Displeased => "displeased",
            Listed::Corrected => "corrected",
            Listed::Digitised => "digitised",
            Listed::Reused => "reused",
        }
    }

    /// The one of this word.
    pub fn from_word(word: &str) -> Option<Listed> {
        const OTHERS: [Listed; 5] =
            [Listed::Complained, Listed::Displeased, Listed::Corrected, Listed::Digitised, Listed::Reused];
        Figure::ALL.into_iter().map(Listed::Figure).chain(OTHERS).find(|l| l.word() == word)
    }
}

/// What a report is asked for.
#[derive(Clone, Debug)]
pub struct Ask {
    pub by: By,
    /// The first and the last month, 202601.
    pub from: i64,
    pub to: i64,
    /// The agencies that whoever asks may see, narrowed to those asked for.
    pub agencies: Vec<String>,
}

/// One line of a report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub received: i64,
    pub online: i64,
    pub early: i64,
    pub on_time: i64,
    pub late: i64,
    pub open: i64,
    pub overdue: i64,
    pub short: i64,
    /// Office minutes of what was settled.
    pub minutes: i64,
}

impl Counts {
    /// Everything decided, in whatever time.
    pub fn settled(&self) -> i64 {
        self.early + self.on_time + self.late
    }

    /// One figure of the line.
    pub fn of(&self, figure: Figure) -> i64 {
        match figure {
            Figure::Received => self.received,
            Figure::Online => self.online,
            Figure::Settled => self.settled(),
            Figure::Early => self.early,
            Figure::OnTime => self.on_time,
            Figure::Late => self.late,
            Figure::Open => self.open,
            Figure::Overdue => self.overdue,
            Figure::Short => self.short,
        }
    }

    /// The share settled in time, in tenths of a percent. None where nothing was settled.
    pub fn in_time(&self) -> Option<i64> {
        let settled = self.settled();
        (settled > 0).then(|| ((self.early + self.on_time) * 1_000 + settled / 2) / settled)
    }

    /// Working days of eight hours that a settled dossier took on average, in tenths.
    pub fn days(&self) -> Option<i64> {
        let settled = self.settled();
        (settled > 0).then(|| (self.minutes * 10 + settled * 240) / (settled * 480))
    }

    fn add(&mut self, other: &Counts) {
        self.received += other.received;
        self.online += other.online;
        self.early += other.early;
        self.on_time += other.on_time;
        self.late += other.late;
        self.open += other.open;
        self.overdue += other.overdue;
        self.short += other.short;
        self.minutes += other.minutes;
    }

    /// The sum of lines.
    pub fn sum<'a>(lines: impl Iterator<Item = &'a Counts>) -> Counts {
        let mut sum = Counts::default();
        lines.for_each(|line| sum.add(line));
        sum
    }
}

/// The lines of a report by key, in the order of keys. A field is the sum of its procedures and has its
/// name as key.
pub async fn report(
    tx: &mut Tx,
    catalogue: &Catalogue,
    ask: &Ask,
    now: base::Instant,
) -> Result<Vec<(String, Counts)>, Problem> {
    let mut lines = std::collections::BTreeMap::<String, Counts>::new();
    let key = |key: String| match ask.by {
        By::Field => catalogue.version(&key).map_or(key, |p| p.field.clone()),
        _ => key,
    };
    for r in store::received(tx, ask).await? {
        let line = lines.entry(key(r.key)).or_default();
        line.received += r.count;
        line.online += r.online;
    }
    for s in store::settled(tx, ask).await? {
        let line = lines.entry(key(s.key)).or_default();
        match s.grade {
            2 => line.early += s.count,
            1 => line.on_time += s.count,
            _ => line.late += s.count,
        }
        line.minutes += s.minutes;
    }
    for u in store::under_way(tx, ask, now).await? {
        let line = lines.entry(key(u.key)).or_default();
        line.open += u.count;
        line.overdue += u.overdue;
    }
    for s in store::short(tx, ask).await? {
        lines.entry(key(s.key)).or_default().short += s.count;
    }
    Ok(lines.into_iter().collect())
}

/// Every event after which figures may change.
pub const TOPICS: [&str; 15] = [
    event::FILED,
    event::RECEIVED,
    event::SUPPLEMENT_ASKED,
    event::SUPPLEMENTED,
    event::DECLINED,
    event::WITHDRAWN,
    event::PASSED_ON,
    event::SENT_BACK,
    event::SUBMITTED,
    event::DECIDED,
    event::FEE_ASKED,
    event::PAID,
    event::EXTENDED,
    event::STOPPED,
    event::RETURNED,
];

/// What the measures rest on that the law leaves open.
pub async fn seed(tx: &mut Tx) -> Result<(), Problem> {
    // The points of the five groups; those of 3 and 4 rest on a medium memory of their sum.
    for (group, points) in [("1", "18"), ("2", "20"), ("3", "22"), ("4", "22"), ("5", "18")] {
        tx.change(
            "insert into parameter (id, value, valid_from, source)
             values ('index-766-' || $1, $2, '2022-06-23', 'onestop/index-766')
             on conflict (id, valid_from) do nothing",
            args![group, points],
        )
        .await?;
    }
    Ok(())
}

/// Computes the figures of the dossiers that these events tell of, each once and all in one write.
/// Twice is once, and an old event does no harm: the whole log is read each time.
pub async fn follow(app: &App, db: &Db, events: &[Event]) -> Result<(), String> {
    let mut dossiers = BTreeSet::<DossierId>::new();
    for event in events {
        let moved: event::DossierMoved = event.read()?;
        dossiers.insert(moved.dossier.parse().map_err(|_| format!("no dossier id: {}", moved.dossier))?);
    }
    count(app, db, dossiers.into_iter().collect()).await.map_err(|e| e.to_string())
}

/// Makes the rows that are missing or behind, some at a time; how many. Brings an installation from
/// before these figures up to date, and mends what events did not reach.
pub async fn catch_up(app: &App, db: &Db) -> Result<u64, Problem> {
    const AT_ONCE: i64 = 200;
    let mut made = 0;
    loop {
        let behind = db.read(async |tx: &mut Tx| store::list_behind(tx, AT_ONCE).await).await?;
        if behind.is_empty() {
            return Ok(made);
        }
        made += behind.len() as u64;
        count(app, db, behind).await?;
    }
}

/// Throws the figures away and makes them anew from the logs; how many dossiers.
pub async fn rebuild(app: &App, db: &Db) -> Result<u64, Problem> {
    db.upkeep(async |tx: &mut Tx| store::delete_all(tx).await).await?;
    catch_up(app, db).await
}

async fn count(app: &App, db: &Db, dossiers: Vec<DossierId>) -> Result<(), Problem> {
    let catalogue = app.catalogue.clone();
    db.upkeep(async move |tx: &mut Tx| -> Result<(), Problem> {
        let mut counted = Vec::with_capacity(dossiers.len());
        for id in &dossiers {
            // What citizens handed in is counted once: by the parent. law: onestop/interlinked
            if crate::interlinked::is_child(tx, *id).await? {
                continue;
            }
            let d = dossier::store::get(tx, *id).await?;
            let log = dossier::store::list_history(tx, *id).await?;
            let scanned = store::has_files(tx, *id).await?;
            let calendar = directory::calendar(tx, &d.counter).await?;
            let facts = facts(&catalogue, &d, &log, &calendar)?;
            counted.push((d, scanned, facts));
        }
        store::rows(counted.iter().map(|(d, scanned, facts)| (about(d, *scanned), facts))).put(tx).await?;
        for (d, ..) in &counted {
            store::delete_people(tx, d.id).await?;
            store::delete_missed(tx, d.id).await?;
        }
        store::people(counted.iter().map(|(d, _, facts)| (d.id, facts))).put(tx).await?;
        store::missed(counted.iter().map(|(d, _, facts)| (d.id, facts))).put(tx).await?;
        Ok(())
    })
    .await
}

fn facts(catalogue: &Catalogue, d: &Dossier, log: &[History], calendar: &Calendar) -> Result<Facts, Problem> {
    let procedure = catalogue.version(&d.procedure)?;
    let marks: Vec<Mark<'_>> = log
        .iter()
        .map(|h| Mark {
            verb: &h.verb,
            to: h.to,
            to_stage: h.to_stage.as_deref(),
            at: h.at,
            official: h.office.is_some(),
            account: h.account.as_deref(),
            promised: h.promised,
            late: limits::missed(h).map(|(short, _)| short),
        })
        .collect();
    Ok(rules::facts(&marks, &procedure, calendar))
}

/// The figures of a dossier whose whole log is at hand.
pub fn of_lines(
    log: &[dossier::store::many::Line],
    procedure: &crate::procedure::Procedure,
    calendar: &Calendar,
) -> Facts {
    let marks: Vec<Mark<'_>> = log
        .iter()
        .map(|l| Mark {
            verb: l.verb,
            to: l.to.0,
            to_stage: l.to.1.as_deref(),
            at: l.at,
            official: l.office.is_some(),
            account: l.account.as_deref(),
            promised: l.promised,
            late: limits::missed_in(&l.details),
        })
        .collect();
    rules::facts(&marks, procedure, calendar)
}

/// What stands in the row beside the facts.
pub fn about(d: &Dossier, scanned: bool) -> About<'_> {
    About {
        dossier: d.id,
        agency: d.agency.as_str(),
        procedure: &d.procedure,
        channel: &d.channel,
        scanned,
        version: d.version,
    }
}
