//! One person's way: the form until it is right, filing, the counter, the steps, the result.

use base::{Calendar, Instant, Limit};

use super::people::{self, Dice, NoAnswer};
use super::report::Counting;
use super::{HABITS, Plan};
use crate::dossier::Applicant;
use crate::dossier::law::Law;
use crate::dossier::rules::{self, Seat, State, Step, Terms, Used, Verb};
use crate::filing::{self, Attached, Filing};
use crate::procedure::model::{Answers, Procedure, Step as Stage};

/// Times somebody corrects the form before we call it a dead end.
const ROUNDS_MAX: u32 = 6;
/// Moves of one dossier before we say that it runs in a circle.
const MOVES_MAX: usize = 100;

struct Way<'a> {
    procedure: &'a Procedure,
    calendar: &'a Calendar,
    terms: Terms<'a>,
    dice: Dice,
    now: Instant,
    /// Papers handed in that are of no use and that nobody has seen yet.
    bad_papers: u64,
    requests: u32,
}

/// One person, from the first page to the result or the place where nothing goes on.
pub fn go(procedure: &Procedure, calendar: &Calendar, plan: &Plan, nth: u32, report: &mut Counting) {
    let mut dice = Dice::of(plan.seed, u64::from(nth));
    let minutes = i64::from(plan.days) * 24 * 60;
    let filed = plan.from.at(0).plus_minutes(dice.between(0, minutes.max(1) - 1));
    let who = people::person(&mut dice);
    let Some((papers, answers)) = fill(procedure, &who, &mut dice, filed, report) else { return };
    let Some(filed) = agree(procedure, &who, &answers, &mut dice, filed, report) else { return };
    let bad_papers = (0..papers).filter(|_| dice.happens(HABITS.bad_paper)).count() as u64;
    let law = Law::shipped(plan.after_supplement);
    let terms = Terms {
        limit: procedure.limit,
        law: &law,
        calendar,
        stages: &procedure.steps,
        used: Used::default(),
    };
    let mut way = Way { procedure, calendar, terms, dice, now: filed, bad_papers, requests: 0 };
    way.walk(report);
}

/// Waits until everybody has agreed who must, and whom the applicant asks; when it can be filed.
fn agree(
    procedure: &Procedure,
    who: &Applicant,
    answers: &Answers,
    dice: &mut Dice,
    at: Instant,
    report: &mut Counting,
) -> Option<Instant> {
    let mut ready = at;
    for wanted in procedure.signers_for(answers, &who.number) {
        if !wanted.required && !dice.happens(HABITS.invites) {
            continue;
        }
        if wanted.number.is_none() {
            report.stuck("signers", &wanted.key, "nobody");
            return None;
        }
        let again = dice.happens(HABITS.declines);
        let rounds = if again { 2 } else { 1 };
        let days: i64 = (0..rounds).map(|_| dice.between(0, HABITS.agrees_within_days)).sum();
        report.agreed(&wanted.key, again);
        ready = ready.max(at.plus_days(days));
    }
    Some(ready)
}

/// Fills the form until filing has nothing against it; the number of papers handed in, and the answers.
fn fill(
    procedure: &Procedure,
    who: &Applicant,
    dice: &mut Dice,
    at: Instant,
    report: &mut Counting,
) -> Option<(usize, Answers)> {
    let right = match procedure.form.as_ref().map(|form| people::answers(form, who, dice, at.day())) {
        None => Default::default(),
        Some(Ok(right)) => right,
        Some(Err(NoAnswer(field))) => {
            report.stuck("form", &field, "no_answer");
            return None;
        }
    };
    let asked = |answers| procedure.components_for(answers).into_iter().filter(|c| c.required && !c.by_form);
    let papers: Vec<String> = asked(&right).map(|c| c.id.clone()).collect();
    let mut here: Vec<String> = papers.iter().filter(|_| !dice.happens(HABITS.forgotten)).cloned().collect();
    let mut typed = match &procedure.form {
        Some(form) => people::hurry(form, &right, HABITS.careless, dice),
        None => right.clone(),
    };
    for round in 0..ROUNDS_MAX {
        let upload = |c: &String| Attached::upload(c.clone(), c.clone());
        let mut filing = Filing {
            procedure: procedure.code.clone(),
            unit: String::new(),
            account: None,
            applicant: who.clone(),
            channel: "online",
            return_by: "counter".into(),
            answers: typed.clone(),
            uploads: here.iter().map(upload).collect(),
        };
        let faults = filing::rules::faults(procedure, &mut filing, at.day());
        if faults.is_empty() {
            report.filled(round);
            return Some((here.len(), filing.answers));
        }
        for (place, key, _) in &faults {
            report.fault(place, key);
            match place.split_once('.') {
                Some(("answers", path)) => {
                    let field = path.split('.').next().unwrap_or(path);
                    match right.get(field) {
                        Some(value) => drop(typed.insert(field.to_owned(), value.clone())),
                        None => drop(typed.shift_remove(field)),
                    }
                }
                Some(("uploads", paper)) => here.push(paper.to_owned()),
                _ => {}
            }
        }
    }
    report.stuck("form", "", "never_right");
    None
}

impl Way<'_> {
    fn walk(&mut self, report: &mut Counting) {
        let Ok(answer_by) = self.terms.answer_by(self.now) else {
            return report.stuck("filed", "", "uncountable");
        };
        let mut state = State::Filed { answer_by };
        self.spend(8 * 60);
        if self.sees(HABITS.seen_at_counter) && !self.ask(&mut state, "counter", report) {
            return;
        }
        if matches!(state, State::Filed { .. }) && !self.take(&mut state, &Step::Receive, report) {
            return;
        }
        let received = self.now;
        if let Some(due) = state.promised() {
            report.promised(self.procedure, self.calendar, received, self.handed_over(), due);
        }
        self.now = self.handed_over();
        for _ in 0..MOVES_MAX {
            let seat = if matches!(state, State::Received { .. }) { Seat::Counter } else { Seat::Desk };
            if let Some(stage) = state.stage().and_then(|at| self.procedure.step(at)) {
                self.work(stage, report);
                if self.sees(HABITS.seen_at_desk) {
                    if !self.ask(&mut state, &stage.id, report) {
                        return;
                    }
                    self.work(stage, report);
                }
            }
            let promised = state.promised();
            let Some(step) = self.choose(&state, seat) else {
                let at = state.stage().unwrap_or("received").to_owned();
                return report.stuck("step", &at, "no_way_on");
            };
            if !self.take(&mut state, &step, report) {
                return;
            }
            if let (State::Settled { at }, Some(due)) = (&state, promised) {
                let minutes = self.calendar.open_minutes_between(received, *at);
                return report.settled(minutes, *at > due, self.requests);
            }
        }
        report.stuck("step", state.stage().unwrap_or_default(), "runs_on");
    }

    /// An accepted dossier goes on the same day, after the cut-off when the next working day opens.
    /// law: onestop/transfer
    fn handed_over(&self) -> Instant {
        let day = self.now.day();
        if self.now.minute_of_day() <= self.calendar.cut_off_minute() && self.calendar.is_working_day(day) {
            return self.now;
        }
        let mut day = day.next();
        while !self.calendar.is_working_day(day) {
            day = day.next();
        }
        self.calendar.next_open(day.at(0))
    }

    /// Moves on by up to so many minutes of office hours.
    fn spend(&mut self, most: i64) {
        let minutes = self.dice.between(5, most.max(5));
        self.now = after_minutes(self.calendar, self.now, minutes);
    }

    /// A desk's work: within its limit, seldom beyond it.
    fn work(&mut self, stage: &Stage, report: &mut Counting) {
        let limit = stage.limit.unwrap_or(Limit::WorkingDays(1));
        let end = self.calendar.due(self.now, limit).map_or(self.now, |due| due.at);
        let given = self.calendar.open_minutes_between(self.now, end).max(5);
        let begun = self.now.day();
        let most = if self.dice.happens(HABITS.overrun) { given + given / 5 } else { given * 9 / 10 };
        self.spend(most);
        report.task(stage, begun);
    }

    /// Whether somebody sees one of the papers that are of no use; then all of them are asked for.
    fn sees(&mut self, thousandths: u64) -> bool {
        let seen = (0..self.bad_papers).filter(|_| self.dice.happens(thousandths)).count() as u64;
        self.bad_papers -= seen;
        seen > 0
    }

    /// Asks for papers and waits for them.
    fn ask(&mut self, state: &mut State, at: &str, report: &mut Counting) -> bool {
        self.requests += 1;
        report.asked(at, self.requests);
        if !self.take(state, &Step::AskSupplement, report) {
            return false;
        }
        self.terms.used.requests += 1;
        let days = self.dice.between(0, HABITS.answers_within_days);
        self.now = self.now.day().plus(days).at(self.now.minute_of_day());
        self.take(state, &Step::Supplement, report)
    }

    fn take(&mut self, state: &mut State, step: &Step, report: &mut Counting) -> bool {
        match rules::after(state, step, self.now, &self.terms) {
            Ok(next) => {
                *state = next;
                true
            }
            Err(_) => {
                report.stuck("step", state.stage().unwrap_or(state.status().word()), step.verb().word());
                false
            }
        }
    }

    /// What the desk does of all it may: forward, or now and then back.
    fn choose(&mut self, state: &State, seat: Seat) -> Option<Step> {
        let open = rules::open(state, &[seat], self.now, &self.terms);
        let targets = |verb: Verb| {
            let all = open.iter().filter(move |(open, _)| *open == verb);
            all.flat_map(move |(verb, to)| to.iter().map(move |to| (*verb, to.clone())))
        };
        let back: Vec<_> = targets(Verb::ReturnStep).collect();
        if !back.is_empty() && self.dice.happens(HABITS.sent_back) {
            return self.pick(back);
        }
        if open.iter().any(|(verb, _)| *verb == Verb::Decide) {
            return Some(Step::Decide);
        }
        self.pick(targets(Verb::PassOn).chain(targets(Verb::SubmitForSignature)).collect())
    }

    fn pick(&mut self, mut all: Vec<(Verb, String)>) -> Option<Step> {
        let at = usize::try_from(self.dice.below(all.len() as u64)).unwrap_or(0);
        (at < all.len()).then(|| all.swap_remove(at)).map(|(verb, to)| rules::step_with(verb, to))
    }
}

/// The instant at which so many minutes of office hours have passed.
fn after_minutes(calendar: &Calendar, from: Instant, minutes: i64) -> Instant {
    let hours = u32::try_from(minutes / 60).unwrap_or(u32::MAX);
    let mut at = match calendar.due(from, Limit::WorkingHours(hours)) {
        Ok(due) if hours > 0 => due.at,
        _ => from,
    };
    let mut left = minutes % 60;
    while left > 0 {
        at = calendar.next_open(at);
        let step = at.plus_minutes(left);
        let open = calendar.open_minutes_between(at, step);
        (at, left) = (step, left - open);
    }
    at
}
