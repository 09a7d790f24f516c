//! Trying a draft before anybody meets it: invented citizens, in the background, and the promises of the
//! last real dossiers counted again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use base::{Calendar, Instant};
use db::jobs::{self, Job};
use db::{Db, Tx};
use directory::UnitId;
use web::Problem;
use web::words::Lang;

use super::store::{self, TrialId};
use super::words::say;
use crate::App;
use crate::catalogue::Catalogue;
use crate::procedure::model::{self, Procedure};
use crate::procedure::simulate::{self, Plan, Report};

/// The job that runs a trial.
pub const JOB: &str = "onestop.try-procedure";
/// People of one trial.
pub const PEOPLE_MAX: i64 = 5_000;
/// What is offered at first.
pub const PEOPLE: i64 = 1_000;
/// Days over which they come.
const DAYS: u32 = 60;
/// A trial that runs longer is ended and says so.
const WITHIN: Duration = Duration::from_secs(180);
/// How often the page learns how far it is.
const TELL_EVERY: Duration = Duration::from_millis(500);
/// Real dossiers that are counted again.
const PAST_MAX: i64 = 200;

/// Asks for a trial of the open draft; the job follows the commit.
pub(super) async fn ask(
    tx: &mut Tx,
    code: &str,
    people: i64,
    (by, now): (&str, Instant),
) -> Result<TrialId, Problem> {
    let draft = store::find_open(tx, code).await?.ok_or(Problem::NotFound)?;
    if !(1..=PEOPLE_MAX).contains(&people) {
        return Err(Problem::field("people", say("fault.people", &[("most", &PEOPLE_MAX.to_string())])));
    }
    if model::parse(&draft.source).is_err() {
        return Err(Problem::refused(say("trial.not_read", &[]), "refused: edit.trial.not_read"));
    }
    let running = store::list_trials(tx, draft.id).await?.iter().any(|trial| trial.state == "running");
    if running {
        return Err(Problem::refused(say("trial.running_already", &[]), "refused: edit.trial.running"));
    }
    let id = TrialId::fresh();
    store::insert_trial(tx, id, &draft, people, by, now).await?;
    jobs::put(tx, JOB, &id, now).await?;
    Ok(id)
}

/// Runs the trial of this job. A second run finds it over and does nothing.
pub async fn run(app: &App, db: &Db, job: &Job) -> Result<(), String> {
    let id: TrialId = job.read()?;
    let text = |e: db::Error| e.to_string();
    let read = async move |tx: &mut Tx| -> db::Result<_> {
        let trial = store::get_trial(tx, id).await?;
        let unit = directory::province(tx).await?.root;
        Ok((trial, directory::calendar(tx, &unit).await?))
    };
    let (trial, calendar) = db.read(read).await.map_err(text)?;
    if trial.state != "running" {
        return Ok(());
    }
    let plan = Plan {
        people: u32::try_from(trial.people).unwrap_or(1),
        seed: 1,
        from: app.site.clock.today(),
        days: DAYS,
        after_supplement: app.catalogue.law().after_supplement(app.site.clock.today()),
    };
    let ended = walk(db, id, trial.source, calendar, plan).await.map_err(text)?;
    let now = app.site.clock.now();
    let (state, lines, sound, done) = match ended {
        Some(report) => {
            let (sound, people) = (report.is_sound(), i64::from(report.people));
            ("over", report.lines(Lang::Vi).join("\n"), Some(sound), people)
        }
        None => ("failed", String::new(), None, 0),
    };
    let end = async move |tx: &mut Tx| store::save_end(tx, id, (state, &lines, sound), done, now).await;
    db.upkeep(end).await.map_err(text)
}

/// The walk of all people off the threads that answer others, with its progress in the row; none when it
/// took too long.
async fn walk(
    db: &Db,
    id: TrialId,
    source: String,
    calendar: Calendar,
    plan: Plan,
) -> db::Result<Option<Report>> {
    let (done, stop) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
    let (told, halt) = (done.clone(), stop.clone());
    let mut work = tokio::task::spawn_blocking(move || {
        let procedure = model::parse(&source).ok()?;
        simulate::simulate_while(&procedure, &calendar, &plan, |n| {
            told.store(n, Ordering::Relaxed);
            !halt.load(Ordering::Relaxed)
        })
    });
    let began = std::time::Instant::now();
    loop {
        tokio::select! {
            report = &mut work => return report.map_err(|e| db::Error::Fault(format!("a trial broke: {e}"))),
            () = tokio::time::sleep(TELL_EVERY) => {}
        }
        if began.elapsed() > WITHIN {
            stop.store(true, Ordering::Relaxed);
        }
        let so_far = i64::from(done.load(Ordering::Relaxed));
        db.upkeep(async move |tx: &mut Tx| store::save_progress(tx, id, so_far).await).await?;
    }
}

/// What the limit of a draft would have promised to real people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Past {
    pub dossiers: usize,
    pub earlier: usize,
    pub same: usize,
    pub later: usize,
    /// Decided after the promise: by the limit they had, and by the draft's.
    pub late: usize,
    pub late_now: usize,
    /// The first few: code, accepted, promised, would be promised.
    pub examples: Vec<(String, Instant, Instant, Instant)>,
}

/// Counts the promises of the last dossiers again, by the limit of the version each was accepted under
/// and by the draft's. Both run from the reception, without the pauses and extensions of each.
pub(super) async fn past(
    tx: &mut Tx,
    catalogue: &Catalogue,
    draft: &Procedure,
) -> Result<Option<Past>, Problem> {
    const EXAMPLES_MAX: usize = 10;
    let Some(limit) = draft.limit else { return Ok(None) };
    let mut calendars: BTreeMap<String, Calendar> = BTreeMap::new();
    let mut out = Past::default();
    for d in store::past(tx, &draft.code, PAST_MAX).await? {
        let Some(had) = catalogue.version(&d.procedure)?.limit else { continue };
        if !calendars.contains_key(&d.counter) {
            let unit = UnitId::from(d.counter.as_str());
            calendars.insert(d.counter.clone(), directory::calendar(tx, &unit).await?);
        }
        let Some(calendar) = calendars.get(&d.counter) else { continue };
        let (Ok(was), Ok(would)) = (calendar.due(d.accepted_at, had), calendar.due(d.accepted_at, limit))
        else {
            continue;
        };
        out.dossiers += 1;
        match would.at.cmp(&was.at) {
            std::cmp::Ordering::Less => out.earlier += 1,
            std::cmp::Ordering::Equal => out.same += 1,
            std::cmp::Ordering::Greater => out.later += 1,
        }
        out.late += usize::from(d.settled_at.is_some_and(|at| at > was.at));
        out.late_now += usize::from(d.settled_at.is_some_and(|at| at > would.at));
        if out.examples.len() < EXAMPLES_MAX {
            out.examples.push((d.code, d.accepted_at, was.at, would.at));
        }
    }
    Ok(Some(out))
}
