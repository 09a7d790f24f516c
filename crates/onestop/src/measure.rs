//! Measures (đo lường): reports, evaluation and transparency, all computed from the step log. One row of
//! figures a dossier follows its events; it can be thrown away and made anew at any time, and every
//! figure is a link to the dossiers that it counts.

pub mod behind;
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
    /// By the agency's own doing.
    Late,
    /// Late only because other agencies ran over with their parts.
    Elsewhere,
    /// Parts of interlinked dossiers that the agency settled.
    Parts,
    /// Of these, those after their own promise.
    PartsLate,
    Open,
    Overdue,
    /// With a short limit that was missed: answer, hand-on, request for papers, apology.
    Short,
}

impl Figure {
    /// The columns in their order.
    pub const ALL: [Figure; 12] = [
        Figure::Received,
        Figure::Online,
        Figure::Settled,
        Figure::Early,
        Figure::OnTime,
        Figure::Late,
        Figure::Elsewhere,
        Figure::Parts,
        Figure::PartsLate,
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
            Figure::Elsewhere => "elsewhere",
            Figure::Parts => "parts",
            Figure::PartsLate => "parts_late",
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
    /// Settled, the parts of interlinked dossiers with them.
    Counted,
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
            Listed::Counted => "counted",
            Listed::Complained => "complained",
            Listed::Displeased => "displeased",
            Listed::Corrected => "corrected",
            Listed::Digitised => "digitised",
            Listed::Reused => "reused",
        }
    }

    /// The one of this word.
    pub fn from_word(word: &str) -> Option<Listed> {
        const OTHERS: [Listed; 6] = [
            Listed::Counted,
            Listed::Complained,
            Listed::Displeased,
            Listed::Corrected,
            Listed::Digitised,
            Listed::Reused,
        ];
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
    /// Of the agency's own doing.
    pub late: i64,
    /// Late only because of other agencies' parts.
    pub elsewhere: i64,
    /// Parts of interlinked dossiers that were settled, and those of them that were late.
    pub parts: i64,
    pub parts_late: i64,
    pub open: i64,
    pub overdue: i64,
    pub short: i64,
    /// Office minutes of the dossiers settled, parts left out.
    pub minutes: i64,
}

impl Counts {
    /// Every dossier decided, in whatever time; without the parts of others.
    pub fn settled(&self) -> i64 {
        self.early + self.on_time + self.late + self.elsewhere
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
            Figure::Elsewhere => self.elsewhere,
            Figure::Parts => self.parts,
            Figure::PartsLate => self.parts_late,
            Figure::Open => self.open,
            Figure::Overdue => self.overdue,
            Figure::Short => self.short,
        }
    }

    /// The share settled in time, parts with the rest and what others were late with left out, in tenths of a
    /// percent. None where nothing was settled.
    pub fn in_time(&self) -> Option<i64> {
        let own = self.early + self.on_time + self.late + self.parts;
        let good = own - self.late - self.parts_late;
        (own > 0).then(|| (good * 1_000 + own / 2) / own)
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
        self.elsewhere += other.elsewhere;
        self.parts += other.parts;
        self.parts_late += other.parts_late;
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
    for e in store::elsewhere(tx, ask).await? {
        let line = lines.entry(key(e.key)).or_default();
        line.late -= e.count;
        line.elsewhere += e.count;
    }
    for p in store::parts(tx, ask).await? {
        let line = lines.entry(key(p.key)).or_default();
        line.parts += p.count;
        line.parts_late += p.late;
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
pub const TOPICS: [&str; 16] = [
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
    event::RECOUNTED,
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
            let d = dossier::store::get(tx, *id).await?;
            let log = dossier::store::list_history(tx, *id).await?;
            let scanned = store::has_files(tx, *id).await?;
            let calendar = directory::calendar(tx, &d.counter).await?;
            let mut facts = facts(&catalogue, &d, &log, &calendar)?;
            facts.elsewhere = facts.grade == Some(rules::Grade::Late)
                && is_late_elsewhere(tx, &catalogue, (&d, &log), &calendar).await?;
            counted.push((d, scanned, facts));
        }
        // What citizens handed in is counted once: by the parent. law: onestop/interlinked
        let whole = counted.iter().filter(|(d, ..)| d.parent.is_none());
        store::rows(whole.map(|(d, scanned, facts)| (about(d, *scanned), facts))).put(tx).await?;
        let parts = counted.iter().filter_map(|(d, _, facts)| Some((d, d.parent?, facts)));
        store::part_rows(parts).put(tx).await?;
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

/// Whether a dossier that was late was so because other agencies ran over with their parts.
async fn is_late_elsewhere(
    tx: &mut Tx,
    catalogue: &Catalogue,
    (parent, log): (&Dossier, &[History]),
    calendar: &Calendar,
) -> Result<bool, Problem> {
    if !catalogue.version(&parent.procedure)?.run_children {
        return Ok(false);
    }
    let mut others = Vec::new();
    for child in store::list_parts_elsewhere(tx, parent.id, parent.agency.as_str()).await? {
        let log = dossier::store::list_history(tx, child).await?;
        others.extend(rules::other(&marks(&log)));
    }
    let decided = log.iter().find(|h| h.verb == "decide").and_then(|h| Some((h.at, h.promised?)));
    Ok(decided.is_some_and(|(at, promised)| rules::late_elsewhere(at, promised, &others, calendar)))
}

fn facts(catalogue: &Catalogue, d: &Dossier, log: &[History], calendar: &Calendar) -> Result<Facts, Problem> {
    let procedure = catalogue.version(&d.procedure)?;
    Ok(rules::facts(&marks(log), &procedure, calendar))
}

fn marks(log: &[History]) -> Vec<Mark<'_>> {
    log.iter()
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
        .collect()
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
