//! Asking another unit's opinion about a dossier (xin ý kiến): a question, a limit in working time, an
//! answer that is recorded. Silence at the limit is told to both sides and to the counter, which presses;
//! it is no consent. The dossier's own promise does not move. law: onestop/consultation

pub mod pages;

use base::calendar::Limit;
use base::{Id, Instant};
use contracts::onestop as event;
use db::jobs::{self, Job};
use db::{Act, Db, Filter, Tx, args, outbox};
use directory::UnitId;
use serde_json::json;
use web::{FieldError, Problem};

use crate::App;
use crate::desk::Scope;
use crate::dossier::rules::{Seat, Status};
use crate::dossier::{self, Case, DossierId, Who};
use crate::office::{needed, settle};
use crate::words_office::{kept, say};

pub enum OpinionKind {}
/// The id of a question to another unit.
pub type OpinionId = Id<OpinionKind>;

/// The kind of the job that looks at a question when its time is over.
pub const LAPSE: &str = "onestop.lapse-opinion";
/// Characters of a question and of an answer.
const TEXT_CHARS_MAX: usize = 4000;
/// Units asked at once.
const UNITS_MAX: usize = 10;

db::record! {
    /// A question to another unit, as it stands.
    pub struct Opinion {
        id: OpinionId, dossier: DossierId,
        /// A unit's id.
        unit: String,
        question: String, time_limit: String, due_at: Instant,
        asked_by: String, asked_office: String, asked_at: Instant,
        /// `open`, `lapsed`, `answered` or `taken-back`.
        state: String,
        answer: String, answered_by: Option<String>, answered_at: Option<Instant>, late: bool,
    }
}

impl Opinion {
    /// Whether an answer may still come. One that comes late is better than none.
    pub fn is_open(&self) -> bool {
        matches!(self.state.as_str(), "open" | "lapsed")
    }
}

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct Question {
    pub units: Vec<UnitId>,
    pub text: String,
    /// As people choose it: `8wh`, `3wd` …
    pub limit: String,
}

/// Asks each of the units; whoever works on the dossier may. Their time is counted in the calendar of the
/// unit that is asked.
pub async fn ask(tx: &mut Tx, case: &mut Case, question: &Question, who: &Who) -> Result<(), Problem> {
    let mut errors = Vec::new();
    let text = needed(&mut errors, "question", &question.text, TEXT_CHARS_MAX);
    let limit = question.limit.parse::<Limit>().ok().and_then(|l| l.checked().ok());
    let limit = limit.filter(|l| matches!(l, Limit::WorkingDays(1..=60) | Limit::WorkingHours(1..=80)));
    if limit.is_none() {
        errors.push(FieldError::new("limit", say("opinion.limit", &[])));
    }
    if question.units.is_empty() || question.units.len() > UNITS_MAX {
        let most = UNITS_MAX.to_string();
        errors.push(FieldError::new("unit", say("opinion.choose_unit", &[("most", &most)])));
    }
    settle(errors)?;
    let (d, now) = (case.dossier.clone(), case.now);
    let Some(limit) = limit.filter(|_| d.state.status() == Status::InProcess) else {
        return Err(Problem::refused(say("opinion.not_in_process", &[]), "refused: opinion.not_in_process"));
    };
    if !case.seats.iter().any(|seat| matches!(seat, Seat::Desk | Seat::Leader)) {
        return Err(Problem::refused(say("assign.not_yours", &[]), "refused: opinion.not_yours"));
    }
    let office = who.office(&d).unwrap_or_else(|| d.holder_unit.as_str().to_string());
    for unit in &question.units {
        let asked = directory::get_unit(tx, unit).await?;
        if *unit == d.holder_unit || find_open(tx, d.id, unit).await? {
            let words = say("opinion.asked_already", &[("unit", &asked.name)]);
            return Err(Problem::refused(words, "refused: opinion.asked_already"));
        }
        let due = directory::calendar(tx, unit).await?.due(now, limit);
        let due = due.map_err(|_| Problem::field("limit", say("opinion.limit", &[])))?.at;
        let id = OpinionId::fresh();
        tx.change_one(
            "insert into opinion (id, dossier, unit, question, time_limit, due_at, asked_by, asked_office,
                asked_at, state) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'open')",
            args![id, d.id, unit.as_str(), &text, limit.to_string(), due, &who.account, &office, now],
        )
        .await?;
        let at = base::format::time_vn(due);
        let note = kept("opinion.note_asked", &[("unit", &asked.name), ("at", &at)]);
        let details = json!({ "opinion": id, "unit": unit, "unit_name": asked.name, "due": due });
        dossier::record(tx, case, "ask_opinion", &note, details).await?;
        tell(tx, event::OPINION_ASKED, id, case, unit.as_str(), &office, due).await?;
        jobs::put(tx, LAPSE, &id, Instant::from_micros(due.micros() + 1)).await?;
    }
    Ok(())
}

/// The asked unit answers, in time or late.
pub async fn answer(
    tx: &mut Tx,
    case: &mut Case,
    opinion: &Opinion,
    text: &str,
    who: &Who,
) -> Result<(), Problem> {
    if !is_of(who, &opinion.unit) {
        return Err(Problem::NotFound);
    }
    let mut errors = Vec::new();
    let text = needed(&mut errors, "answer", text, TEXT_CHARS_MAX);
    settle(errors)?;
    if case.dossier.state.status().is_final() || case.dossier.state.status() == Status::Settled {
        return Err(Problem::refused(say("opinion.too_late", &[]), "refused: opinion.too_late"));
    }
    let late = case.now > opinion.due_at;
    tx.change_one(
        "update opinion set state = 'answered', answer = $1, answered_by = $2, answered_at = $3, late = $4
          where id = $5 and state in ('open', 'lapsed')",
        args![text, &who.account, case.now, late, opinion.id],
    )
    .await?;
    let unit = directory::get_unit(tx, &UnitId::from(opinion.unit.as_str())).await?;
    let key = if late { "opinion.note_answered_late" } else { "opinion.note_answered" };
    let note = kept(key, &[("unit", &unit.name)]);
    let details = json!({ "opinion": opinion.id, "unit": opinion.unit, "unit_name": unit.name,
        "due": opinion.due_at, "late": late });
    dossier::record(tx, case, "answer_opinion", &note, details).await?;
    let (office, due) = (opinion.asked_office.as_str(), opinion.due_at);
    tell(tx, event::OPINION_ANSWERED, opinion.id, case, &opinion.unit, office, due).await
}

/// Whoever asked needs no answer any more.
pub async fn take_back(tx: &mut Tx, case: &mut Case, opinion: &Opinion, why: &str) -> Result<(), Problem> {
    let mut errors = Vec::new();
    let why = needed(&mut errors, "note", why, 500);
    settle(errors)?;
    if !case.seats.iter().any(|seat| matches!(seat, Seat::Desk | Seat::Leader)) {
        return Err(Problem::refused(say("assign.not_yours", &[]), "refused: opinion.not_yours"));
    }
    tx.change_one(
        "update opinion set state = 'taken-back' where id = $1 and state in ('open', 'lapsed')",
        args![opinion.id],
    )
    .await?;
    let unit = directory::get_unit(tx, &UnitId::from(opinion.unit.as_str())).await?;
    let note = kept("opinion.note_taken_back", &[("unit", &unit.name), ("why", &why)]);
    let details = json!({ "opinion": opinion.id, "unit": opinion.unit, "unit_name": unit.name });
    dossier::record(tx, case, "take_back_opinion", &note, details).await
}

/// Nobody answered in time: both sides are told, and silence stays silence.
pub async fn lapse(app: &App, db: &Db, job: &Job) -> Result<(), String> {
    let id: OpinionId = job.read()?;
    let now = app.site.clock.now();
    let (catalogue, job) = (app.catalogue.clone(), job.clone());
    let found = db.read(async move |tx: &mut Tx| find(tx, id).await).await.map_err(|e| e.to_string())?;
    let act = Act::system("onestop.lapse-opinion", id.to_string(), now);
    // In the log it stands under the unit that was silent.
    let act = match found {
        Some(opinion) => act.in_office(opinion.unit),
        None => act,
    };
    let lapse = async move |tx: &mut Tx| -> Result<(), Problem> {
        jobs::done(tx, &job).await?;
        let Some(opinion) = find(tx, id).await?.filter(|o| o.state == "open") else { return Ok(()) };
        let mut case = Case::of_money(tx, &catalogue, opinion.dossier, now).await?;
        tx.change_one("update opinion set state = 'lapsed' where id = $1 and state = 'open'", args![id])
            .await?;
        if case.dossier.state.status().is_final() {
            return Ok(());
        }
        let unit = directory::get_unit(tx, &UnitId::from(opinion.unit.as_str())).await?;
        let note = kept("opinion.note_lapsed", &[("unit", &unit.name)]);
        let details = json!({ "opinion": id, "unit": opinion.unit, "unit_name": unit.name });
        dossier::record(tx, &mut case, "lapse_opinion", &note, details).await?;
        let (office, due) = (opinion.asked_office.as_str(), opinion.due_at);
        tell(tx, event::OPINION_LAPSED, id, &case, &opinion.unit, office, due).await
    };
    db.write(act, lapse).await.map_err(|e| e.to_string())
}

async fn tell(
    tx: &mut Tx,
    topic: &'static str,
    id: OpinionId,
    case: &Case,
    unit: &str,
    office: &str,
    due: Instant,
) -> Result<(), Problem> {
    let told = event::OpinionMoved {
        opinion: id.to_string(),
        dossier: case.dossier.id.to_string(),
        code: case.dossier.code.clone(),
        unit: unit.to_string(),
        asked_office: office.to_string(),
        counter: case.dossier.counter.as_str().to_string(),
        due,
        at: case.now,
    };
    outbox::put(tx, topic, &case.dossier.id.to_string(), &told).await?;
    Ok(())
}

/// Whether this person works in the unit.
pub fn is_of(who: &Who, unit: &str) -> bool {
    who.posts.iter().any(|p| p.unit.as_str() == unit)
}

async fn find_open(tx: &mut Tx, dossier: DossierId, unit: &UnitId) -> Result<bool, Problem> {
    let open: i64 = tx
        .get(
            "select count(*) from opinion where dossier = $1 and unit = $2 and state in ('open', 'lapsed')",
            args![dossier, unit.as_str()],
        )
        .await?;
    Ok(open > 0)
}

/// Whether one of this person's units is asked about the dossier and has not answered: then they see it.
pub async fn asks(tx: &mut Tx, dossier: DossierId, who: &Who) -> db::Result<bool> {
    let units: Vec<&str> = who.posts.iter().map(|p| p.unit.as_str()).collect();
    if units.is_empty() {
        return Ok(false);
    }
    let q = Filter::new("select count(*) from opinion")
        .and("dossier = ?", Some(dossier))
        .among("state", &["open", "lapsed"])
        .among("unit", &units);
    let asked: i64 = tx.get(&q, &q.args).await?;
    Ok(asked > 0)
}

/// The question with this id, whoever asks.
pub async fn find(tx: &mut Tx, id: OpinionId) -> Result<Option<Opinion>, Problem> {
    Ok(tx.find("select * from opinion where id = $1", args![id]).await?)
}

/// All questions about a dossier, the oldest first.
pub async fn of_dossier(tx: &mut Tx, dossier: DossierId) -> Result<Vec<Opinion>, Problem> {
    Ok(tx
        .list("select * from opinion where dossier = $1 order by asked_at, id limit 100", args![dossier])
        .await?)
}

db::record! {
    /// A line of a list of questions.
    pub struct Line {
        id: OpinionId, code: String, procedure: String, unit: String, asked_office: String,
        question: String, state: String, due_at: Instant,
    }
}

const LINES: &str = "select o.id, d.code, d.procedure, o.unit, o.asked_office, o.question, o.state, o.due_at
    from opinion o join dossier d on d.id = o.dossier";

/// What this unit is asked and has not answered, the most urgent first.
pub async fn list_asked(tx: &mut Tx, unit: &UnitId) -> Result<Vec<Line>, Problem> {
    let q = Filter::new(LINES)
        .and("o.unit = ?", Some(unit.as_str()))
        .among("o.state", &["open", "lapsed"])
        .tail("order by o.due_at, o.id limit 100");
    Ok(tx.list(&q, &q.args).await?)
}

/// What this post asked of others; the counter and the leaders see what is not answered of all that is
/// theirs, so that they can press.
pub async fn list_ours(tx: &mut Tx, scope: &Scope) -> Result<Vec<Line>, Problem> {
    let q = Filter::new(LINES);
    let q = match scope {
        Scope::Counter(unit) => q.and("d.counter = ?", Some(unit.as_str())),
        Scope::Agency(unit) => q.and("d.agency = ?", Some(unit.as_str())),
        Scope::Holder(unit, _) => q.and("o.asked_office = ?", Some(unit.as_str())),
    };
    let states: &[&str] = match scope {
        Scope::Counter(_) => &["lapsed"],
        _ => &["open", "lapsed", "answered"],
    };
    let q = q.among("o.state", states).tail("order by o.due_at desc, o.id limit 100");
    Ok(tx.list(&q, &q.args).await?)
}

/// The limits that may be chosen, the usual one first.
pub const LIMITS: [&str; 6] = ["3wd", "8wh", "1wd", "2wd", "5wd", "10wd"];
