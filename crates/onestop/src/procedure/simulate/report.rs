//! What a run has shown: counts by fact, the same for people and for programs.

use std::collections::BTreeMap;

use base::{Calendar, Day, Instant};
use serde::Serialize;
use web::words::Lang;

use super::Plan;
use crate::procedure::check::{Finding, check};
use crate::procedure::model::{Procedure, Step};
use crate::procedure::words::WORDS;

/// Examples kept of each kind.
const EXAMPLES_MAX: usize = 5;

/// A place where somebody could not go on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Stuck {
    /// `form`, `filed` or `step`.
    pub place: String,
    /// The field or the step.
    pub at: String,
    /// Why: `no_answer`, `never_right`, `no_way_on`, `runs_on`, or the step that was refused.
    pub why: String,
}

/// A reception whose steps, each within its limit, end after the promised time.
#[derive(Clone, Debug, Serialize)]
pub struct Impossible {
    pub received: Instant,
    pub promised: Instant,
    /// When the longest way through the steps ends if every desk takes its whole limit.
    pub steps_end: Instant,
}

/// The load of one desk.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Desk {
    /// The role's word and the function of the unit: `officer@justice`.
    pub desk: String,
    pub tasks: u64,
    /// Tasks begun a working day of the run, in hundredths.
    pub mean_hundredths: u64,
    pub busiest: u64,
    pub busiest_day: Option<Day>,
}

/// What a run has shown. Durations are minutes of office hours from reception to the decision.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub code: String,
    pub version: u32,
    pub people: u32,
    pub seed: u64,
    pub from: Day,
    pub days: u32,
    /// People whose form was right at once, after one correction, after more.
    pub rounds: Vec<(u32, u64)>,
    /// What the form and filing found, most frequent first.
    pub faults: Vec<(String, u64)>,
    pub dead_ends: Vec<(Stuck, u64)>,
    pub settled: u64,
    pub late: u64,
    /// Requests for papers by the step that asked.
    pub requests: Vec<(String, u64)>,
    /// Dossiers whose citizen was asked twice or oftener, and by which step the second time.
    pub double_requests: u64,
    pub second_requests: Vec<(String, u64)>,
    /// Fields that ask for what the account or another field already told.
    pub asked_again: Vec<String>,
    /// Dossiers that waited for somebody to agree, by signer, and how many were asked again after a no.
    pub agreements: Vec<(String, u64)>,
    pub agreements_again: u64,
    pub promises: u64,
    pub impossible: u64,
    pub impossible_examples: Vec<Impossible>,
    pub desks: Vec<Desk>,
    pub minutes_p50: i64,
    pub minutes_p90: i64,
    pub minutes_max: i64,
}

impl Report {
    /// Nobody was stuck, and no promise was beyond the steps' own limits.
    pub fn is_sound(&self) -> bool {
        self.dead_ends.is_empty() && self.impossible == 0
    }

    /// The report as lines of text.
    pub fn lines(&self, lang: Lang) -> Vec<String> {
        let say = |key: &str, args: &[(&str, String)]| {
            let args: Vec<(&str, &str)> = args.iter().map(|(name, value)| (*name, value.as_str())).collect();
            WORDS.tr(lang, &format!("simulate.{key}"), &args)
        };
        let n = |n: u64| n.to_string();
        let mut out = vec![say(
            "head",
            &[
                ("code", self.code.clone()),
                ("people", self.people.to_string()),
                ("seed", n(self.seed)),
                ("from", self.from.to_string()),
                ("days", self.days.to_string()),
            ],
        )];
        for (round, people) in &self.rounds {
            out.push(say("round", &[("round", round.to_string()), ("n", n(*people))]));
        }
        for (fault, count) in self.faults.iter().take(EXAMPLES_MAX) {
            out.push(say("fault", &[("fault", fault.clone()), ("n", n(*count))]));
        }
        for (stuck, count) in &self.dead_ends {
            let Stuck { place, at, why } = stuck.clone();
            out.push(say("stuck", &[("place", place), ("at", at), ("why", why), ("n", n(*count))]));
        }
        out.push(say("settled", &[("n", n(self.settled)), ("late", n(self.late))]));
        let hours = |minutes: i64| format!("{},{}", minutes / 60, minutes % 60 * 10 / 60);
        out.push(say(
            "duration",
            &[
                ("p50", hours(self.minutes_p50)),
                ("p90", hours(self.minutes_p90)),
                ("max", hours(self.minutes_max)),
            ],
        ));
        for (at, count) in &self.requests {
            out.push(say("request", &[("at", at.clone()), ("n", n(*count))]));
        }
        out.push(say("double", &[("n", n(self.double_requests))]));
        for (at, count) in &self.second_requests {
            out.push(say("second", &[("at", at.clone()), ("n", n(*count))]));
        }
        out.extend(self.asked_again.iter().map(|field| say("again", &[("field", field.clone())])));
        for (signer, count) in &self.agreements {
            let again = n(self.agreements_again);
            out.push(say("agreed", &[("signer", signer.clone()), ("n", n(*count)), ("again", again)]));
        }
        self.last_lines(&say, &mut out);
        out
    }

    /// The promises and the desks.
    fn last_lines(&self, say: &Say, out: &mut Vec<String>) {
        let n = |n: u64| n.to_string();
        out.push(say("impossible", &[("n", n(self.impossible)), ("of", n(self.promises))]));
        for example in &self.impossible_examples {
            let Impossible { received, promised, steps_end } = example;
            out.push(say(
                "impossible_one",
                &[
                    ("received", received.to_string()),
                    ("promised", promised.to_string()),
                    ("steps_end", steps_end.to_string()),
                ],
            ));
        }
        for desk in &self.desks {
            let (whole, part) = (desk.mean_hundredths / 100, desk.mean_hundredths % 100);
            out.push(say(
                "desk",
                &[
                    ("desk", desk.desk.clone()),
                    ("tasks", n(desk.tasks)),
                    ("mean", format!("{whole},{part:02}")),
                    ("busiest", n(desk.busiest)),
                    ("day", desk.busiest_day.map(|day| day.to_string()).unwrap_or_default()),
                ],
            ));
        }
    }
}

/// Says a line of the report.
type Say<'a> = dyn Fn(&str, &[(&str, String)]) -> String + 'a;

/// The counts while a run goes on.
pub struct Counting {
    code: String,
    version: u32,
    asked_again: Vec<String>,
    rounds: BTreeMap<u32, u64>,
    faults: BTreeMap<String, u64>,
    stuck: BTreeMap<Stuck, u64>,
    requests: BTreeMap<String, u64>,
    seconds: BTreeMap<String, u64>,
    tasks: BTreeMap<String, BTreeMap<Day, u64>>,
    minutes: Vec<i64>,
    agreements: BTreeMap<String, u64>,
    agreements_again: u64,
    late: u64,
    doubles: u64,
    promises: u64,
    impossible: Vec<Impossible>,
}

impl Counting {
    pub fn new(procedure: &Procedure) -> Counting {
        let again = check(procedure).into_iter().filter_map(|finding| match finding {
            Finding::AsksKnown { field, .. } | Finding::AskedTwice { field, .. } => Some(field),
            _ => None,
        });
        Counting {
            code: procedure.code.clone(),
            version: procedure.version,
            asked_again: again.collect(),
            rounds: BTreeMap::new(),
            faults: BTreeMap::new(),
            stuck: BTreeMap::new(),
            requests: BTreeMap::new(),
            seconds: BTreeMap::new(),
            tasks: BTreeMap::new(),
            minutes: Vec::new(),
            agreements: BTreeMap::new(),
            agreements_again: 0,
            late: 0,
            doubles: 0,
            promises: 0,
            impossible: Vec::new(),
        }
    }

    pub fn filled(&mut self, corrections: u32) {
        *self.rounds.entry(corrections.min(2)).or_default() += 1;
    }

    pub fn fault(&mut self, place: &str, key: &str) {
        *self.faults.entry(format!("{place} {key}")).or_default() += 1;
    }

    pub fn stuck(&mut self, place: &str, at: &str, why: &str) {
        let stuck = Stuck { place: place.into(), at: at.into(), why: why.into() };
        *self.stuck.entry(stuck).or_default() += 1;
    }

    pub fn asked(&mut self, at: &str, nth: u32) {
        *self.requests.entry(at.into()).or_default() += 1;
        if nth == 2 {
            *self.seconds.entry(at.into()).or_default() += 1;
        }
    }

    pub fn agreed(&mut self, signer: &str, again: bool) {
        let signer = signer.split('.').next().unwrap_or_default();
        *self.agreements.entry(signer.into()).or_default() += 1;
        self.agreements_again += u64::from(again);
    }

    pub fn task(&mut self, stage: &Step, day: Day) {
        let desk = format!("{}@{}", stage.role.as_str(), stage.unit_kind);
        *self.tasks.entry(desk).or_default().entry(day).or_default() += 1;
    }

    pub fn settled(&mut self, minutes: i64, late: bool, requests: u32) {
        self.minutes.push(minutes);
        self.late += u64::from(late);
        self.doubles += u64::from(requests > 1);
    }

    /// Compares a promise with the longest way through the steps, each taking its whole limit by
    /// the same calendar from the hand-over on.
    pub fn promised(
        &mut self,
        procedure: &Procedure,
        calendar: &Calendar,
        received: Instant,
        handed_over: Instant,
        promised: Instant,
    ) {
        self.promises += 1;
        let Some(first) = procedure.first_step() else { return };
        let steps_end = end(procedure, calendar, first, handed_over, procedure.steps.len());
        if steps_end > promised {
            self.impossible.push(Impossible { received, promised, steps_end });
        }
    }

    pub fn finish(mut self, calendar: &Calendar, plan: &Plan) -> Report {
        self.minutes.sort_unstable();
        let at = |share: usize| {
            let last = self.minutes.len().saturating_sub(1);
            self.minutes.get(last * share / 100).copied().unwrap_or(0)
        };
        let (minutes_p50, minutes_p90, minutes_max) = (at(50), at(90), at(100));
        let working = (0..plan.days).filter(|n| calendar.is_working_day(plan.from.plus(i64::from(*n))));
        let working = (working.count() as u64).max(1);
        let desk = |(desk, days): (String, BTreeMap<Day, u64>)| {
            let tasks: u64 = days.values().sum();
            let busiest = days.iter().max_by_key(|(day, tasks)| (**tasks, std::cmp::Reverse(**day)));
            Desk {
                desk,
                tasks,
                mean_hundredths: tasks * 100 / working,
                busiest: busiest.map_or(0, |(_, tasks)| *tasks),
                busiest_day: busiest.map(|(day, _)| *day),
            }
        };
        self.impossible.sort_by_key(|one| one.received);
        Report {
            code: self.code,
            version: self.version,
            people: plan.people,
            seed: plan.seed,
            from: plan.from,
            days: plan.days,
            rounds: self.rounds.into_iter().collect(),
            faults: most_first(self.faults),
            dead_ends: most_first(self.stuck),
            settled: self.minutes.len() as u64,
            late: self.late,
            requests: most_first(self.requests),
            double_requests: self.doubles,
            second_requests: most_first(self.seconds),
            asked_again: self.asked_again,
            agreements: most_first(self.agreements),
            agreements_again: self.agreements_again,
            promises: self.promises,
            impossible: self.impossible.len() as u64,
            impossible_examples: self.impossible.into_iter().take(EXAMPLES_MAX).collect(),
            desks: self.tasks.into_iter().map(desk).collect(),
            minutes_p50,
            minutes_p90,
            minutes_max,
        }
    }
}

fn most_first<K: Ord>(counts: BTreeMap<K, u64>) -> Vec<(K, u64)> {
    let mut all: Vec<(K, u64)> = counts.into_iter().collect();
    all.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    all
}

/// The end of the longest way from a step that begins at `from`. `depth` ends circles, which the
/// check refuses anyway.
fn end(procedure: &Procedure, calendar: &Calendar, step: &Step, from: Instant, depth: usize) -> Instant {
    let own = step.limit.and_then(|limit| calendar.due(from, limit).ok()).map_or(from, |due| due.at);
    if depth == 0 {
        return own;
    }
    let next = step.next.iter().filter_map(|id| procedure.step(id));
    next.map(|step| end(procedure, calendar, step, own, depth - 1)).max().unwrap_or(own)
}
