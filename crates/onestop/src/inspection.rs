//! Visits to the place (kiểm tra thực địa) and councils (hội đồng): planned with a limit of their own, the
//! place and the people, and recorded with who came, the outcome and the minutes. A step of a procedure
//! whose file says so cannot be left forward before one was held. law: onestop/consultation

pub mod pages;

use base::calendar::Limit;
use base::{Day, Id, Instant};
use db::{Tx, args};
use serde_json::json;
use web::{FieldError, Problem};

use crate::dossier::rules::{Seat, Status};
use crate::dossier::{self, Case, DossierId, StoredFile, Who};
use crate::office::{needed, settle};
use crate::procedure::model::Record;
use crate::words_office::{kept, say};

pub enum InspectionKind {}
/// The id of a visit or a council.
pub type InspectionId = Id<InspectionKind>;

/// Where the minutes stand among a dossier's files.
pub const COMPONENT: &str = "minutes";
const TEXT_CHARS_MAX: usize = 4000;

db::record! {
    /// A visit or a council, as it stands.
    pub struct Inspection {
        id: InspectionId, dossier: DossierId,
        /// `visit` or `council`.
        kind: String,
        stage: Option<String>, time_limit: String, due_at: Instant, planned_for: Instant, place: String,
        people: String,
        /// `planned`, `held` or `cancelled`.
        state: String,
        held_on: Option<Day>, present: String, outcome: Option<String>, conclusion: String,
        minutes: Option<String>, late: bool,
    }
}

/// What came of it.
pub const OUTCOMES: [&str; 3] = ["agreed", "with-conditions", "not-agreed"];

/// What is planned.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    pub kind: String,
    /// When they meet.
    pub at: Option<Instant>,
    pub place: String,
    /// One a line.
    pub people: String,
    /// Until when it must be recorded; that of the internal step where it has one.
    pub limit: String,
}

/// What was recorded.
#[derive(Clone, Debug, Default)]
pub struct Minutes {
    pub held_on: Option<Day>,
    pub present: String,
    pub outcome: String,
    pub conclusion: String,
    /// The signed minutes, already in the store of contents.
    pub file: Option<StoredFile>,
}

fn may(case: &Case) -> Result<(), Problem> {
    if case.dossier.state.status() != Status::InProcess {
        let words = say("opinion.not_in_process", &[]);
        return Err(Problem::refused(words, "refused: inspection.not_in_process"));
    }
    if !case.seats.iter().any(|seat| matches!(seat, Seat::Desk | Seat::Leader)) {
        return Err(Problem::refused(say("assign.not_yours", &[]), "refused: inspection.not_yours"));
    }
    Ok(())
}

/// Plans a visit or a council of the present internal step.
pub async fn plan(tx: &mut Tx, case: &mut Case, plan: &Plan, who: &Who) -> Result<InspectionId, Problem> {
    may(case)?;
    let mut errors = Vec::new();
    let place = needed(&mut errors, "place", &plan.place, 300);
    let people = needed(&mut errors, "people", &plan.people, TEXT_CHARS_MAX);
    let kind = Record::from_word(&plan.kind);
    if kind.is_none() {
        errors.push(FieldError::new("kind", say("inspection.kind", &[])));
    }
    let limit = plan.limit.parse::<Limit>().ok().and_then(|l| l.checked().ok());
    let due = limit.and_then(|limit| case.calendar.due(case.now, limit).ok());
    if due.is_none() {
        errors.push(FieldError::new("limit", say("opinion.limit", &[])));
    }
    match plan.at {
        Some(at) if at > case.now => {}
        _ => errors.push(FieldError::new("day", say("inspection.day", &[]))),
    }
    settle(errors)?;
    let (Some(kind), Some(due), Some(at)) = (kind, due, plan.at) else {
        return Err(Problem::fault("a plan that was checked"));
    };
    let id = InspectionId::fresh();
    let d = &case.dossier;
    tx.change_one(
        "insert into inspection (id, dossier, kind, stage, time_limit, due_at, planned_for, place, people,
            planned_by, planned_at, state)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'planned')",
        args![
            id,
            d.id,
            kind.word(),
            d.state.stage(),
            &plan.limit,
            due.at,
            at,
            &place,
            people,
            &who.account,
            case.now
        ],
    )
    .await?;
    let key = format!("inspection.note_{}", kind.word());
    let note = kept(&key, &[("at", &base::format::time_vn(at)), ("place", &place)]);
    dossier::record(tx, case, "plan_inspection", &note, json!({ "inspection": id })).await?;
    Ok(id)
}

/// Records what was planned: the day, who came, the outcome, the minutes.
pub async fn hold(
    tx: &mut Tx,
    case: &mut Case,
    id: InspectionId,
    minutes: &Minutes,
    who: &Who,
) -> Result<(), Problem> {
    may(case)?;
    let planned = find(tx, case.dossier.id, id).await?.ok_or(Problem::NotFound)?;
    let mut errors = Vec::new();
    let present = needed(&mut errors, "present", &minutes.present, TEXT_CHARS_MAX);
    let conclusion = needed(&mut errors, "conclusion", &minutes.conclusion, TEXT_CHARS_MAX);
    if !OUTCOMES.contains(&minutes.outcome.as_str()) {
        errors.push(FieldError::new("outcome", say("inspection.outcome", &[])));
    }
    match minutes.held_on {
        Some(day) if day <= case.now.day() => {}
        _ => errors.push(FieldError::new("held_on", say("inspection.held_on", &[]))),
    }
    if minutes.file.is_none() {
        errors.push(FieldError::new("tep", say("inspection.minutes", &[])));
    }
    settle(errors)?;
    let file = minutes.file.clone().ok_or_else(|| Problem::fault("minutes that were checked"))?;
    dossier::store::save_file(tx, case.dossier.id, &file).await?;
    db::blobs::commit(tx, &file.sha256).await?;
    let late = case.now > planned.due_at;
    tx.change_one(
        "update inspection set state = 'held', held_on = $1, present = $2, outcome = $3, conclusion = $4,
            minutes = $5, late = $6, recorded_by = $7, recorded_at = $8
          where id = $9 and state = 'planned'",
        args![
            minutes.held_on,
            present,
            &minutes.outcome,
            conclusion,
            &file.id,
            late,
            &who.account,
            case.now,
            id
        ],
    )
    .await?;
    let outcome = kept(&format!("inspection_outcome.{}", minutes.outcome), &[]);
    let key = format!("inspection.held_{}", planned.kind);
    let note = kept(&key, &[("outcome", &outcome)]);
    dossier::record(tx, case, "hold_inspection", &note, json!({ "inspection": id, "late": late })).await
}

/// It does not take place.
pub async fn cancel(tx: &mut Tx, case: &mut Case, id: InspectionId, why: &str) -> Result<(), Problem> {
    may(case)?;
    let mut errors = Vec::new();
    let why = needed(&mut errors, "note", why, 500);
    settle(errors)?;
    tx.change_one(
        "update inspection set state = 'cancelled', conclusion = $1
          where id = $2 and dossier = $3 and state = 'planned'",
        args![&why, id, case.dossier.id],
    )
    .await?;
    let note = kept("inspection.note_cancelled", &[("why", &why)]);
    dossier::record(tx, case, "cancel_inspection", &note, json!({ "inspection": id })).await
}

/// One of the dossier's visits and councils.
pub async fn find(tx: &mut Tx, dossier: DossierId, id: InspectionId) -> Result<Option<Inspection>, Problem> {
    Ok(tx
        .find(
            "select id, dossier, kind, stage, time_limit, due_at, planned_for, place, people, state, held_on,
                    present, outcome, conclusion, minutes, late
               from inspection where dossier = $1 and id = $2",
            args![dossier, id],
        )
        .await?)
}

/// All visits and councils of a dossier, the oldest first.
pub async fn list(tx: &mut Tx, dossier: DossierId) -> Result<Vec<Inspection>, Problem> {
    Ok(tx
        .list(
            "select id, dossier, kind, stage, time_limit, due_at, planned_for, place, people, state, held_on,
                    present, outcome, conclusion, minutes, late
               from inspection where dossier = $1 order by planned_at, id limit 50",
            args![dossier],
        )
        .await?)
}

/// Refuses to leave the dossier's internal step forward while its procedure wants a visit or a council
/// there and none was held since the step began.
pub async fn before_leaving(tx: &mut Tx, case: &Case) -> Result<(), Problem> {
    let stage = case.dossier.state.stage().and_then(|id| case.procedure.step(id));
    let Some((stage, wanted)) = stage.and_then(|s| Some((s, s.record?))) else { return Ok(()) };
    // When the dossier last came to this step: a visit of an earlier time is no answer to what changed since.
    let begun: Instant = tx
        .get(
            "select cast(coalesce(max(at), 0) as bigint) from dossier_step
              where dossier = $1 and to_stage = $2 and verb in ('pass_on', 'return_step',
                    'submit_for_signature', 'ask_fee') and (from_stage is null or from_stage <> $2)",
            args![case.dossier.id, &stage.id],
        )
        .await?;
    let held: i64 = tx
        .get(
            "select count(*) from inspection
              where dossier = $1 and kind = $2 and stage = $3 and state = 'held' and recorded_at >= $4",
            args![case.dossier.id, wanted.word(), &stage.id, begun],
        )
        .await?;
    if held > 0 {
        return Ok(());
    }
    let key = format!("inspection.wanted_{}", wanted.word());
    Err(Problem::refused(say(&key, &[("stage", &stage.name)]), "refused: inspection.wanted"))
}
