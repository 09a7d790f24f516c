//! The rows of a dossier. Each function takes the caller's transaction, holds its one statement
//! and calls no rules.

pub mod many;

use base::Instant;
use db::blobs::Hash;
use db::{Tx, args};
use directory::UnitId;
use serde_json::{Map, Value};

use super::rules::{State, Status, Was};
use super::{Applicant, Dossier, DossierId, History, PaperKind, StoredFile};

db::record! {
    struct Row {
        id: DossierId, code: String, procedure: String, counter: String, agency: String,
        applicant: Option<String>, applicant_name: String, applicant_number: String,
        applicant_phone: String, applicant_email: String, applicant_address: String,
        channel: String, return_by: String, answers: String, status: i64, was: Option<i64>,
        stage: Option<String>, holder_unit: String, holder_role: String, assignee: Option<String>,
        filed_at: Instant,
        answer_by: Instant, accepted_at: Option<Instant>, due_at: Option<Instant>, since: Instant,
        supplement_requests: i64, extensions: i64, fee_asked: i64, fee_paid: i64,
        parent: Option<DossierId>, version: i64,
    }
}

/// The dossier with this code, whoever asks: the caller decides what may be seen of it.
pub async fn find(tx: &mut Tx, code: &str) -> db::Result<Option<Dossier>> {
    match tx.find::<Row>("select * from dossier where code = $1", args![code]).await? {
        Some(row) => dossier(row).map(Some),
        None => Ok(None),
    }
}

/// The dossier with this id.
pub async fn get(tx: &mut Tx, id: DossierId) -> db::Result<Dossier> {
    dossier(tx.get::<Row>("select * from dossier where id = $1", args![id]).await?)
}

fn dossier(row: Row) -> db::Result<Dossier> {
    let state = state(&row).ok_or_else(|| db::Error::Fault(format!("dossier {} in no state", row.id)))?;
    Ok(Dossier {
        answers: object(&row.answers)?,
        state,
        id: row.id,
        code: row.code,
        procedure: row.procedure,
        counter: UnitId::from(row.counter),
        agency: UnitId::from(row.agency),
        account: row.applicant,
        applicant: Applicant {
            name: row.applicant_name,
            number: row.applicant_number,
            phone: row.applicant_phone,
            email: row.applicant_email,
            address: row.applicant_address,
        },
        channel: row.channel,
        return_by: row.return_by,
        holder_unit: UnitId::from(row.holder_unit),
        holder_role: row.holder_role,
        assignee: row.assignee,
        filed_at: row.filed_at,
        answer_by: row.answer_by,
        accepted_at: row.accepted_at,
        promised: row.due_at,
        since: row.since,
        supplement_requests: row.supplement_requests,
        extensions: row.extensions,
        fee_asked: row.fee_asked,
        fee_paid: row.fee_paid,
        parent: row.parent,
        version: row.version,
    })
}

fn object(text: &str) -> db::Result<Map<String, Value>> {
    serde_json::from_str(text).map_err(|e| db::Error::Fault(format!("answers are no JSON object: {e}")))
}

fn state(row: &Row) -> Option<State> {
    let due = row.due_at;
    Some(match Status::from_number(row.status)? {
        Status::Filed => State::Filed { answer_by: row.answer_by },
        Status::Received => State::Received { due: due? },
        Status::Declined => State::Declined { at: row.since },
        Status::InProcess => State::InProcess { due: due?, at: row.stage.clone()? },
        Status::Supplementing => State::Supplementing {
            asked: row.since,
            was: match Status::from_number(row.was?)? {
                Status::Filed => Was::Filed,
                Status::Received => Was::Received { due: due? },
                _ => Was::InProcess { due: due?, at: row.stage.clone()? },
            },
        },
        Status::AwaitingFee => State::AwaitingFee { asked: row.since, due: due?, at: row.stage.clone()? },
        Status::Withdrawn => State::Withdrawn { at: row.since },
        Status::Stopped => State::Stopped { at: row.since },
        Status::Settled => State::Settled { at: row.since },
        Status::Returned => State::Returned { at: row.since },
    })
}

fn was(state: &State) -> Option<i64> {
    match state {
        State::Supplementing { was: Was::Filed, .. } => Some(Status::Filed.number()),
        State::Supplementing { was: Was::Received { .. }, .. } => Some(Status::Received.number()),
        State::Supplementing { was: Was::InProcess { .. }, .. } => Some(Status::InProcess.number()),
        _ => None,
    }
}

/// Writes a dossier that has just been filed.
pub async fn save_new(tx: &mut Tx, d: &Dossier) -> db::Result<()> {
    let answers = Value::Object(d.answers.clone()).to_string();
    tx.change_one(
        "insert into dossier (id, code, procedure, counter, agency, applicant, applicant_name,
            applicant_folded, applicant_number, applicant_phone, applicant_email, applicant_address,
            channel, return_by, answers, status, holder_unit, holder_role, filed_at, answer_by, since,
            deadline, parent, version)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
            $20, $19, $20, $21, $22)",
        args![
            d.id,
            &d.code,
            &d.procedure,
            d.counter.as_str(),
            d.agency.as_str(),
            &d.account,
            &d.applicant.name,
            base::text::fold(&d.applicant.name),
            &d.applicant.number,
            &d.applicant.phone,
            &d.applicant.email,
            &d.applicant.address,
            &d.channel,
            &d.return_by,
            answers,
            d.state.status().number(),
            d.holder_unit.as_str(),
            &d.holder_role,
            d.filed_at,
            d.answer_by,
            d.parent,
            d.version
        ],
    )
    .await
}

/// Moves the dossier. `change_one` is `Stale` unless it changed exactly one row, so the version
/// decides between two clerks who both saw the dossier at the same moment.
pub async fn save_moved(tx: &mut Tx, seen: i64, d: &Dossier) -> db::Result<()> {
    tx.change_one(
        "update dossier set status = $1, was = $2, stage = $3, holder_unit = $4, holder_role = $5,
            accepted_at = $6, due_at = $7, since = $8, deadline = $9, supplement_requests = $10,
            extensions = $11, fee_asked = $12, fee_paid = $13, answers = $14, assignee = $15,
            answer_by = $16, version = version + 1
          where id = $17 and version = $18",
        args![
            d.state.status().number(),
            was(&d.state),
            d.state.stage(),
            d.holder_unit.as_str(),
            &d.holder_role,
            d.accepted_at,
            d.promised,
            d.since,
            d.state.deadline(),
            d.supplement_requests,
            d.extensions,
            d.fee_asked,
            d.fee_paid,
            Value::Object(d.answers.clone()).to_string(),
            &d.assignee,
            d.answer_by,
            d.id,
            seen
        ],
    )
    .await
}

/// The agency that settles is another one, as long as nobody there has begun.
pub async fn save_agency(tx: &mut Tx, id: DossierId, agency: &UnitId) -> db::Result<()> {
    tx.change_one("update dossier set agency = $1 where id = $2", args![agency.as_str(), id]).await
}

/// One line of the step log, as it is written.
pub struct Entry<'a> {
    pub ordinal: i64,
    pub verb: &'a str,
    pub from: (Status, Option<&'a str>),
    pub to: &'a Dossier,
    pub at: Instant,
    pub reason_code: Option<&'a str>,
    pub note: &'a str,
    pub details: Value,
}

/// Appends to the step log. Who acted, and in which office, is the transaction's own act.
pub async fn save_entry(tx: &mut Tx, e: &Entry<'_>) -> db::Result<()> {
    let account = match &tx.act().actor {
        db::Actor::Account(account) => Some(account.clone()),
        _ => None,
    };
    let office = tx.act().office.clone();
    tx.change_one(
        "insert into dossier_step (id, dossier, ordinal, verb, from_status, to_status, from_stage,
            to_stage, at, account, office, reason_code, note, details, due_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        args![
            base::Id::<super::DossierKind>::fresh(),
            e.to.id,
            e.ordinal,
            e.verb,
            e.from.0.number(),
            e.to.state.status().number(),
            e.from.1,
            e.to.state.stage(),
            e.at,
            account,
            office,
            e.reason_code,
            e.note,
            e.details.to_string(),
            e.to.promised
        ],
    )
    .await
}

/// Whether this account has taken a step on the dossier.
pub async fn has_acted(tx: &mut Tx, id: DossierId, account: &str) -> db::Result<bool> {
    let taken: i64 = tx
        .get("select count(*) from dossier_step where dossier = $1 and account = $2", args![id, account])
        .await?;
    Ok(taken > 0)
}

db::record! {
    struct HistoryRow {
        ordinal: i64, verb: String, from_status: i64, to_status: i64, from_stage: Option<String>,
        to_stage: Option<String>, at: Instant, account: Option<String>, office: Option<String>,
        reason_code: Option<String>, note: String, details: String, due_at: Option<Instant>,
    }
}

/// The step log from the beginning; at most 500 lines, more than any dossier has.
pub async fn list_history(tx: &mut Tx, id: DossierId) -> db::Result<Vec<History>> {
    let rows = tx
        .list::<HistoryRow>(
            "select ordinal, verb, from_status, to_status, from_stage, to_stage, at, account, office,
                    reason_code, note, details, due_at
               from dossier_step where dossier = $1 order by ordinal limit 500",
            args![id],
        )
        .await?;
    rows.into_iter()
        .map(|r| {
            Ok(History {
                ordinal: r.ordinal,
                from: status(r.from_status)?,
                to: status(r.to_status)?,
                details: serde_json::from_str(&r.details)
                    .map_err(|e| db::Error::Fault(format!("details of step: {e}")))?,
                verb: r.verb,
                from_stage: r.from_stage,
                to_stage: r.to_stage,
                at: r.at,
                account: r.account,
                office: r.office.map(UnitId::from),
                reason_code: r.reason_code,
                note: r.note,
                promised: r.due_at,
            })
        })
        .collect()
}

fn status(number: i64) -> db::Result<Status> {
    Status::from_number(number).ok_or_else(|| db::Error::Fault(format!("no status {number}")))
}

/// Adds a file to the dossier; its bytes are in the blob store already.
pub async fn save_file(tx: &mut Tx, id: DossierId, f: &StoredFile) -> db::Result<()> {
    tx.change_one(
        "insert into dossier_file (id, dossier, component, name, media, size, sha256, added_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        args![&f.id, id, &f.component, &f.name, &f.media, f.size, f.sha256, f.added_at],
    )
    .await
}

/// The files of a dossier in the order they came; at most 200 (30 at filing, the rest supplements).
pub async fn list_files(tx: &mut Tx, id: DossierId) -> db::Result<Vec<StoredFile>> {
    tx.list(
        "select id, component, name, media, size, sha256, added_at from dossier_file
          where dossier = $1 order by added_at, id limit 200",
        args![id],
    )
    .await
}

/// One file of a dossier.
pub async fn find_file(tx: &mut Tx, id: DossierId, file: &str) -> db::Result<Option<StoredFile>> {
    tx.find(
        "select id, component, name, media, size, sha256, added_at from dossier_file
          where dossier = $1 and id = $2",
        args![id, file],
    )
    .await
}

db::record! {
    pub struct Paper { kind: String, ordinal: i64, sha256: Hash, size: i64, made_at: Instant }
}

/// The printed papers of a dossier, the oldest first.
pub async fn list_papers(tx: &mut Tx, id: DossierId) -> db::Result<Vec<Paper>> {
    tx.list(
        "select kind, ordinal, sha256, size, made_at from dossier_paper
          where dossier = $1 order by ordinal, kind limit 200",
        args![id],
    )
    .await
}

/// The newest paper of this kind.
pub async fn find_paper(tx: &mut Tx, id: DossierId, kind: PaperKind) -> db::Result<Option<Paper>> {
    tx.find(
        "select kind, ordinal, sha256, size, made_at from dossier_paper
          where dossier = $1 and kind = $2 order by ordinal desc limit 1",
        args![id, kind.word()],
    )
    .await
}

/// Keeps a printed paper; the first one made for a step stays, whoever comes second. Whether this one
/// was the first.
pub async fn put_paper(
    tx: &mut Tx,
    id: DossierId,
    kind: PaperKind,
    ordinal: i64,
    sha256: Hash,
    size: i64,
    at: Instant,
) -> db::Result<bool> {
    let kept = tx
        .change(
            "insert into dossier_paper (dossier, kind, ordinal, sha256, size, made_at)
         values ($1, $2, $3, $4, $5, $6) on conflict (dossier, kind, ordinal) do nothing",
            args![id, kind.word(), ordinal, sha256, size, at],
        )
        .await?;
    Ok(kept == 1)
}

db::record! {
    pub struct Decision {
        outcome: String, number: String, symbol: String, day: base::Day, reason: String,
        signer_name: String, signer_title: String, agency: String,
    }
}

/// What was decided, if it was.
pub async fn find_decision(tx: &mut Tx, id: DossierId) -> db::Result<Option<Decision>> {
    tx.find(
        "select outcome, number, symbol, day, reason, signer_name, signer_title, agency
           from dossier_result where dossier = $1",
        args![id],
    )
    .await
}

/// Writes the decision. There is one a dossier: a second is `Taken`.
pub async fn save_decision(tx: &mut Tx, id: DossierId, r: &Decision) -> db::Result<()> {
    tx.change_one(
        "insert into dossier_result (dossier, outcome, number, symbol, day, reason, signer_name,
            signer_title, agency) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        args![
            id,
            &r.outcome,
            &r.number,
            &r.symbol,
            r.day,
            &r.reason,
            &r.signer_name,
            &r.signer_title,
            &r.agency
        ],
    )
    .await
}
