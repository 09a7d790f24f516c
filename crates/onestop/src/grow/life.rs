//! One invented dossier, from filing to wherever it stands now. Every state comes from the rules of a
//! dossier (`dossier::rules::after`), every permission from `rules::may`: this file only decides what
//! people feel like doing, and when.

use base::calendar::Calendar;
use base::{Day, Instant};
use contracts::onestop as event;
use db::outbox::{Event, EventId};
use db::{Act, Actor};
use directory::Role;
use directory::seed::citizens::Citizen;
use directory::seed::people::Dice;
use serde::Deserialize;
use serde_json::{Value, json};
use web::Problem;

use super::world::{Holder, Kind, Office, World};
use crate::dossier::rules::{self, Seat, State, Status, Step, Terms, Verb};
use crate::dossier::store::Decision;
use crate::dossier::store::many::Line;
use crate::dossier::{self, Applicant, Dossier, StoredFile, limits};
use crate::measure;
use crate::measure::rules::Facts;
use crate::procedure::model::{Step as Stage, StepKind};

/// What people write beside a step.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phrases {
    supplement: Vec<String>,
    supplemented: Vec<String>,
    refuse: Vec<String>,
    withdraw: Vec<String>,
    stop: Vec<String>,
    return_step: Vec<String>,
    denied: Vec<String>,
    /// Hamlets and quarters, the beginning of an address.
    pub places: Vec<String>,
    /// The name of a scanned paper.
    pub file: String,
}

/// A content of the blob store that stands for a scanned paper.
#[derive(Clone, Debug)]
pub struct Scan {
    pub sha256: db::blobs::Hash,
    pub size: i64,
}

/// A dossier with all that it left behind.
pub struct Life {
    pub dossier: Dossier,
    pub log: Vec<Line>,
    pub files: Vec<StoredFile>,
    pub decision: Option<Decision>,
    pub acts: Vec<Act>,
    pub events: Vec<Event>,
    /// What the figures say of it.
    pub facts: Facts,
}

/// With what a life begins.
pub struct Birth<'a> {
    pub world: &'a World,
    pub office: &'a Office,
    pub kind: &'a Kind,
    pub phrases: &'a Phrases,
    pub scans: &'a [Scan],
    pub citizen: &'a Citizen,
    pub code: String,
    pub filed_at: Instant,
    pub online: bool,
    /// Nothing happens after this.
    pub now: Instant,
    /// Events before this instant have been swept away since.
    pub events_since: Instant,
}

/// Takes the next number of the agency's results; none when the book is full.
pub type TakeNumber<'a> = dyn FnMut(&Office, Day) -> Option<String> + 'a;

/// Lives one life. A step that the rules refuse is a fault of this file.
pub fn live(birth: Birth<'_>, dice: &mut Dice, number: &mut TakeNumber<'_>) -> Result<Life, Problem> {
    let calendar = &birth.office.calendar;
    let answer_by = calendar
        .due(birth.filed_at, birth.world.law.answer_within(birth.filed_at.day()))
        .map_err(|e| Problem::fault(format!("no time for an answer: {e}")))?
        .at;
    let procedure = &birth.kind.procedure;
    let life = born(&birth, answer_by, dice);
    let mut walk = Walk { at: birth.filed_at, birth, calendar, dice, number, life };
    walk.file();
    walk.whole()?;
    let mut life = walk.life;
    life.facts = measure::of_lines(&life.log, procedure, calendar);
    Ok(life)
}

fn born(birth: &Birth<'_>, answer_by: Instant, dice: &mut Dice) -> Life {
    let Birth { office, kind, citizen, .. } = birth;
    let place = birth.phrases.places[dice.below(count(&birth.phrases.places)) as usize].as_str();
    let applicant = Applicant {
        name: citizen.name.clone(),
        number: citizen.personal_number.clone(),
        phone: citizen.phone.clone(),
        email: String::new(),
        address: format!("{place}, {}", office.place),
    };
    let answers = answers(birth, &applicant);
    let post = !birth.online && dice.below(100) < 4;
    let dossier = Dossier {
        id: id(dice, birth.filed_at).parse().expect("made in the canonical form"),
        code: birth.code.clone(),
        procedure: kind.version.clone(),
        counter: office.counter.clone(),
        agency: office.agency.clone(),
        account: (birth.online || dice.below(2) == 0).then(|| citizen.account.to_string()),
        applicant,
        channel: if birth.online {
            "online"
        } else if post {
            "post"
        } else {
            "counter"
        }
        .into(),
        return_by: if birth.online && dice.below(2) == 0 { "online" } else { "counter" }.into(),
        answers,
        state: State::Filed { answer_by },
        holder_unit: office.counter.clone(),
        holder_role: Role::CounterClerk.as_str().into(),
        filed_at: birth.filed_at,
        answer_by,
        accepted_at: None,
        promised: None,
        since: birth.filed_at,
        supplement_requests: 0,
        assignee: None,
        extensions: 0,
        fee_asked: 0,
        fee_paid: 0,
        parent: None,
        version: 1,
    };
    let mut life = Life {
        dossier,
        log: Vec::with_capacity(8),
        files: Vec::new(),
        decision: None,
        acts: Vec::with_capacity(8),
        events: Vec::new(),
        facts: Facts::default(),
    };
    let asked = kind.procedure.components.iter().filter(|c| c.required && !c.by_form).take(3);
    for (i, component) in asked.enumerate() {
        life.files.push(scan(birth, &component.id, i, birth.filed_at, dice));
    }
    life
}

/// The sample's answers with this person's own words in them; none where papers are taken by hand.
fn answers(birth: &Birth<'_>, applicant: &Applicant) -> serde_json::Map<String, Value> {
    let Some(sample) = birth.kind.sample.as_ref().filter(|_| birth.online) else {
        return serde_json::Map::new();
    };
    let mut answers = sample.answers.clone();
    for (field, what) in &sample.own {
        let value = match what.as_str() {
            "name" => &applicant.name,
            "personal_number" => &applicant.number,
            "phone" => &applicant.phone,
            "address" => &applicant.address,
            _ => continue,
        };
        answers.insert(field.clone(), Value::String(value.clone()));
    }
    answers
}

fn scan(birth: &Birth<'_>, component: &str, i: usize, at: Instant, dice: &mut Dice) -> StoredFile {
    let scan = &birth.scans[dice.below(count(birth.scans)) as usize];
    StoredFile {
        id: id(dice, birth.filed_at),
        component: component.to_string(),
        name: format!("{} {}.pdf", birth.phrases.file, i + 1),
        media: "application/pdf".into(),
        size: scan.size,
        sha256: scan.sha256,
        added_at: at,
    }
}

fn count<T>(list: &[T]) -> u32 {
    u32::try_from(list.len()).unwrap_or(u32::MAX)
}

/// Ids of one life begin with the moment of its filing, so that its rows lie together.
fn id(dice: &mut Dice, at: Instant) -> String {
    dice.id(at.micros())
}

/// Who takes a step.
#[derive(Clone)]
enum Who {
    Applicant,
    Clerk,
    Desk,
}

/// What is said beside a step.
#[derive(Default)]
struct Said {
    reason: Option<&'static str>,
    note: String,
    details: Option<Value>,
}

struct Walk<'a, 'n> {
    birth: Birth<'a>,
    calendar: &'a Calendar,
    dice: &'a mut Dice,
    number: &'a mut TakeNumber<'n>,
    life: Life,
    /// When the last thing happened.
    at: Instant,
}

/// Whether the life goes on after a step: false once the next thing would lie in the future.
type GoesOn = Result<bool, Problem>;

impl<'a> Walk<'a, '_> {
    fn file(&mut self) {
        let files: Vec<String> = self.life.files.iter().map(|f| f.sha256.to_string()).collect();
        let (account, office) = match self.birth.online {
            true => (self.life.dossier.account.clone(), None),
            false => {
                let clerk = self.clerk();
                (clerk, Some(self.birth.office.counter.as_str().to_string()))
            }
        };
        let to = (Status::Filed, None);
        let details = json!({ "files": files }).to_string();
        self.write("file", (Status::Filed, None), to, account, office, Said::default(), details);
        let version = self.birth.kind.version.clone();
        let last = self.life.acts.last_mut().expect("the filing was written just now");
        (last.verb, last.subject) = ("onestop.file", version);
        self.tell(event::FILED, 0, 0);
    }

    /// From reception to the end, or to now.
    fn whole(&mut self) -> Result<(), Problem> {
        let fate = self.dice.below(1_000);
        let answered = self.minutes(5, 400);
        if fate < 25 {
            let reason = if self.dice.below(2) == 0 { "wrong_agency" } else { "duplicate" };
            let said = Said { reason: Some(reason), details: self.basis(), ..self.says(|p| &p.refuse) };
            return self.step(Step::Refuse, answered, Who::Clerk, said).map(drop);
        }
        // What was brought waits at the counter like what was filed first.
        let answered = if fate < 60 {
            if !self.supplement(answered, Who::Clerk)? {
                return Ok(());
            }
            self.minutes(5, 400)
        } else {
            answered
        };
        if !self.step(Step::Receive, answered, Who::Clerk, Said::default())? {
            return Ok(());
        }
        match fate {
            60..75 => {
                let at = self.minutes(200, 4_000);
                let said = self.says(|p| &p.withdraw);
                self.step(Step::Withdraw, at, Who::Clerk, said).map(drop)
            }
            75..82 => {
                let at = self.minutes(2_000, 20_000);
                let said =
                    Said { reason: Some("no_answer"), details: self.basis(), ..self.says(|p| &p.stop) };
                self.step(Step::Stop, at, Who::Clerk, said).map(drop)
            }
            _ => self.settle(fate),
        }
    }

    /// How much of the promised time is used, in thousandths: most are early, some late, a few lie long.
    fn pace(&mut self) -> i64 {
        let share = match self.dice.below(1_000) {
            0..880 => self.dice.between(200, 930),
            880..920 => self.dice.between(960, 999),
            920..996 => self.dice.between(1_030, 1_600),
            _ => self.dice.between(3_000, 9_000),
        };
        i64::from(share)
    }

    /// Through the procedure's own steps to the decision and the returned result.
    fn settle(&mut self, fate: u32) -> Result<(), Problem> {
        let path = self.path();
        let pace = self.pace();
        let due = self.life.dossier.promised.unwrap_or(self.at);
        let mut goal = self.at.plus_minutes(self.at.minutes_until(due).max(60) * pace / 1_000);
        for (i, stage) in path.iter().enumerate() {
            // What was accepted goes on the same day, but for a few that lie.
            let lies = i > 0 || self.dice.below(100) < 5;
            let at = if lies { self.towards(goal, path.len() - i + 1) } else { self.minutes(5, 90) };
            let who = if i == 0 { Who::Clerk } else { Who::Desk };
            let step = match stage.kind {
                StepKind::Sign if i > 0 => Step::SubmitForSignature(stage.id.clone()),
                _ => Step::PassOn(stage.id.clone()),
            };
            if !self.step(step, at, who, Said::default())? {
                return Ok(());
            }
            let before = self.at;
            let goes_on = match fate {
                100..170 if i == 0 => {
                    let at = self.minutes(30, 1_500);
                    self.supplement(at, Who::Desk)?
                }
                170..260 if i == 0 => self.fee()?,
                260..300 if i > 0 && path[i - 1].kind == StepKind::Work => self.back_and_forth(stage)?,
                _ => true,
            };
            if !goes_on {
                return Ok(());
            }
            goal = goal.plus_minutes(before.minutes_until(self.at));
        }
        let at = self.towards(goal, 1);
        if self.decide(at)? {
            let at = self.minutes(10, 4_000);
            self.step(Step::ReturnResult, at, Who::Clerk, Said::default())?;
        }
        Ok(())
    }

    /// One part of `parts` of the way to the goal.
    fn towards(&self, goal: Instant, parts: usize) -> Instant {
        let parts = i64::try_from(parts.max(1)).unwrap_or(1);
        self.at.plus_minutes(self.at.minutes_until(goal).max(1) / parts)
    }

    /// The internal steps this dossier goes through: any way that leads on, up to a signature.
    fn path(&mut self) -> Vec<&'a Stage> {
        let procedure = &self.birth.kind.procedure;
        let mut path: Vec<&Stage> = procedure.first_step().into_iter().collect();
        while let Some(last) = path.last().copied()
            && last.kind == StepKind::Work
            && path.len() <= procedure.steps.len()
        {
            let next = self.dice.below(count(&last.next)) as usize;
            match last.next.get(next).and_then(|id| procedure.step(id)) {
                Some(stage) => path.push(stage),
                None => break,
            }
        }
        path
    }

    /// Papers are asked for, and the citizen brings them after some days.
    fn supplement(&mut self, at: Instant, who: Who) -> GoesOn {
        let details = Some(json!({ "components": [], "marks": {} }));
        let said = Said { reason: Some("answers"), details, ..self.says(|p| &p.supplement) };
        self.life.dossier.supplement_requests += 1;
        if !self.step(Step::AskSupplement, at, who, said)? {
            self.life.dossier.supplement_requests -= 1;
            return Ok(false);
        }
        let at = self.minutes(600, 14_000);
        let said = Said { details: Some(json!({ "files": [] })), ..self.says(|p| &p.supplemented) };
        let who = if self.life.dossier.account.is_some() { Who::Applicant } else { Who::Clerk };
        self.step(Step::Supplement, at, who, said)
    }

    /// A fee is asked for and paid.
    fn fee(&mut self) -> GoesOn {
        let known = self.birth.kind.procedure.fees.iter().find_map(|f| f.amount.filter(|a| *a > 0));
        let amount = known.unwrap_or(50_000);
        let details = Some(json!({ "amount": amount }));
        let at = self.minutes(20, 400);
        self.life.dossier.fee_asked += amount;
        if !self.step(Step::AskFee, at, Who::Desk, Said { details: details.clone(), ..Said::default() })? {
            self.life.dossier.fee_asked -= amount;
            return Ok(false);
        }
        let at = self.minutes(30, 5_000);
        self.life.dossier.fee_paid += amount;
        let paid = self.step(Step::Pay, at, Who::Clerk, Said { details, ..Said::default() })?;
        if !paid {
            self.life.dossier.fee_paid -= amount;
        }
        Ok(paid)
    }

    /// Given back to an earlier internal step, and forward again.
    fn back_and_forth(&mut self, here: &Stage) -> GoesOn {
        let procedure = &self.birth.kind.procedure;
        let earlier = here.may_return_to.iter().filter_map(|id| procedure.step(id));
        let Some(back) = earlier.into_iter().find(|s| s.next.contains(&here.id)).map(|s| s.id.clone()) else {
            return Ok(true);
        };
        let at = self.minutes(30, 600);
        let said = Said { reason: Some("unfinished"), ..self.says(|p| &p.return_step) };
        if !self.step(Step::ReturnStep(back), at, Who::Desk, said)? {
            return Ok(false);
        }
        let step = match here.kind {
            StepKind::Sign => Step::SubmitForSignature(here.id.clone()),
            StepKind::Work => Step::PassOn(here.id.clone()),
        };
        let at = self.minutes(30, 900);
        self.step(step, at, Who::Desk, Said::default())
    }

    fn decide(&mut self, at: Instant) -> GoesOn {
        let denied = self.dice.below(100) < 3;
        let outcome = if denied { "denied" } else { "granted" };
        let said = if denied { self.says(|p| &p.denied) } else { Said::default() };
        let said = Said { reason: denied.then_some("conditions_unmet"), ..said };
        let mut details = self.basis().filter(|_| denied).unwrap_or_else(|| json!({}));
        details["outcome"] = outcome.into();
        let note = said.note.clone();
        let signer = self.holder();
        if !self.step(Step::Decide, at, Who::Desk, Said { details: Some(details), ..said })? {
            return Ok(false);
        }
        let day = self.at.day();
        let number = (self.number)(self.birth.office, day)
            .ok_or_else(|| Problem::fault("the book of results is full"))?;
        let symbol = self.birth.kind.procedure.result.symbol.clone().filter(|_| !denied);
        let signer = signer.ok_or_else(|| Problem::fault("nobody sits where it is signed"))?;
        self.life.decision = Some(Decision {
            outcome: outcome.into(),
            number,
            symbol: symbol.unwrap_or_default(),
            day,
            reason: note,
            signer_name: signer.name,
            signer_title: signer.title,
            agency: self.birth.office.agency_name.clone(),
        });
        Ok(true)
    }

    /// Some time after the last thing that happened.
    fn minutes(&mut self, least: u32, most: u32) -> Instant {
        self.at.plus_minutes(i64::from(self.dice.between(least, most)))
    }

    /// The first provision of the procedure, for whatever says no.
    fn basis(&self) -> Option<Value> {
        let first = self.birth.kind.procedure.legal_basis.first().map(|b| b.line());
        Some(json!({ "basis": first.into_iter().collect::<Vec<_>>() }))
    }

    fn says(&mut self, of: impl Fn(&Phrases) -> &Vec<String>) -> Said {
        let phrases = of(self.birth.phrases);
        let note = phrases[self.dice.below(count(phrases)) as usize].clone();
        Said { note, ..Said::default() }
    }

    fn clerk(&mut self) -> Option<String> {
        let desk = self.birth.office.desk("counter", Role::CounterClerk.as_str())?;
        Some(desk.people[self.dice.below(count(&desk.people)) as usize].account.clone())
    }

    /// Who holds the internal step now: for one dossier always the same person of a desk.
    fn holder(&self) -> Option<Holder> {
        let (function, role) = dossier::hands(&self.life.dossier.state, &self.birth.kind.procedure);
        let people = &self.birth.office.desk(function, role)?.people;
        let turn = usize::try_from(self.life.dossier.filed_at.micros() / 1_000_000).unwrap_or(0);
        Some(people[turn % people.len()].clone())
    }

    /// Asks the rules for a step at about `wanted`, in office hours where an official takes it, and
    /// writes down what came of it. False: that would be in the future, and nothing happened.
    fn step(&mut self, step: Step, wanted: Instant, who: Who, said: Said) -> GoesOn {
        let mut at = wanted.max(self.at.plus_seconds(30));
        if !matches!(who, Who::Applicant) {
            let open = self.calendar.next_open(at);
            at = if open > at { open.plus_seconds(i64::from(self.dice.below(5_000))) } else { at };
        }
        if at > self.birth.now {
            return Ok(false);
        }
        let verb = step.verb();
        let d = &self.life.dossier;
        let from = (d.state.status(), d.state.stage().map(str::to_string));
        let seat = match who {
            Who::Applicant => Seat::Applicant,
            Who::Clerk => Seat::Counter,
            Who::Desk => Seat::Desk,
        };
        let terms = Terms {
            limit: self.birth.kind.procedure.limit,
            law: &self.birth.world.law,
            calendar: self.calendar,
            stages: &self.birth.kind.procedure.steps,
            used: d.used(),
        };
        let refused = |why: String| Problem::fault(format!("{} of {}: {why}", verb.word(), d.procedure));
        if !rules::may(seat, verb, from.0) {
            return Err(refused("nobody in this seat may".into()));
        }
        let state = rules::after(&d.state, &step, at, &terms).map_err(|no| refused(format!("{no:?}")))?;
        let mut details = said.details.clone().unwrap_or_else(|| json!({}));
        limits::mark(&mut details, d, (verb, at), self.calendar, &self.birth.world.law);
        let (account, office) = match who {
            Who::Applicant => (d.account.clone(), None),
            Who::Clerk => (self.clerk(), Some(self.birth.office.counter.as_str().to_string())),
            Who::Desk => (self.holder().map(|h| h.account), Some(d.holder_unit.as_str().to_string())),
        };
        self.at = at;
        self.life.dossier.enter(state, at);
        self.hand_on()?;
        let ordinal = self.life.dossier.version;
        self.life.dossier.version += 1;
        let state = &self.life.dossier.state;
        let to = (state.status(), state.stage().map(str::to_string));
        let details = details.to_string();
        self.write(verb.word(), from.clone(), to, account, office, said, details);
        self.life.acts.last_mut().expect("written just now").verb = dossier::deed(verb);
        self.tell(topic(verb), from.0.number(), ordinal);
        Ok(true)
    }

    fn hand_on(&mut self) -> Result<(), Problem> {
        let (function, role) = dossier::hands(&self.life.dossier.state, &self.birth.kind.procedure);
        let desk = self.birth.office.desk(function, role);
        let desk = desk.ok_or_else(|| Problem::fault(format!("nobody at the desk {function}, {role}")))?;
        self.life.dossier.holder_unit = desk.unit.clone();
        self.life.dossier.holder_role = role.to_string();
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "a line of the log has this many columns")]
    fn write(
        &mut self,
        verb: &'static str,
        from: (Status, Option<String>),
        to: (Status, Option<String>),
        account: Option<String>,
        office: Option<String>,
        said: Said,
        details: String,
    ) {
        let d = &self.life.dossier;
        let actor = account.clone().map_or(Actor::Anonymous, Actor::Account);
        self.life.acts.push(Act {
            actor,
            office: office.clone(),
            verb,
            subject: d.id.to_string(),
            at: self.at,
        });
        self.life.log.push(Line {
            id: id(self.dice, self.birth.filed_at),
            dossier: d.id,
            ordinal: d.version - 1,
            verb,
            from,
            to,
            at: self.at,
            account,
            office,
            reason_code: said.reason,
            note: said.note,
            details,
            promised: d.promised,
        });
    }

    /// The event of the last step, if it is recent enough to be kept still.
    fn tell(&mut self, topic: &'static str, from: i64, ordinal: i64) {
        if self.at < self.birth.events_since {
            return;
        }
        let d = &self.life.dossier;
        let payload = serde_json::to_string(&dossier::moved(d, from, ordinal, self.at));
        self.life.events.push(Event {
            id: EventId::fresh(),
            topic: topic.into(),
            aggregate: d.id.to_string(),
            payload: payload.expect("plain data"),
            at: self.at,
        });
    }
}

/// The event that follows from a step.
fn topic(verb: Verb) -> &'static str {
    match verb {
        Verb::Receive => event::RECEIVED,
        Verb::AskSupplement => event::SUPPLEMENT_ASKED,
        Verb::Supplement => event::SUPPLEMENTED,
        Verb::Refuse => event::DECLINED,
        Verb::Withdraw => event::WITHDRAWN,
        Verb::PassOn => event::PASSED_ON,
        Verb::ReturnStep => event::SENT_BACK,
        Verb::SubmitForSignature => event::SUBMITTED,
        Verb::Decide => event::DECIDED,
        Verb::AskFee => event::FEE_ASKED,
        Verb::Pay => event::PAID,
        Verb::Extend => event::EXTENDED,
        Verb::Stop => event::STOPPED,
        Verb::ReturnResult => event::RETURNED,
    }
}
