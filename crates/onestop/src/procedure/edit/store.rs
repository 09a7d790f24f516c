//! The rows of drafts, of the versions published from them and of their trials.

use base::{Day, Id, Instant};
use db::{Tx, args};

use super::rules::State;

pub enum DraftKind {}
/// The id of a draft.
pub type DraftId = Id<DraftKind>;

pub enum TrialKind {}
/// The id of a trial.
pub type TrialId = Id<TrialKind>;

/// Versions of one procedure that are shown.
const VERSIONS_MAX: i64 = 50;
/// Trials of one draft that are shown.
const TRIALS_MAX: i64 = 5;

db::record! {
    struct Row {
        id: DraftId, code: String, number: i64, base: String, state: String, source: String, version: i64,
        changed_by: String, changed_at: Instant, proposed_by: Option<String>, proposed_at: Option<Instant>,
        note: String,
    }
}

/// The next version of a procedure while it is written.
#[derive(Clone, Debug)]
pub struct Draft {
    pub id: DraftId,
    pub code: String,
    /// The version it will be.
    pub number: i64,
    /// The version it began with.
    pub base: String,
    pub state: State,
    pub source: String,
    pub version: i64,
    pub changed_by: String,
    pub changed_at: Instant,
    pub proposed_by: Option<String>,
    pub proposed_at: Option<Instant>,
    /// Why it was sent back.
    pub note: String,
}

fn draft(row: Row) -> db::Result<Draft> {
    let state = State::from_word(&row.state)
        .ok_or_else(|| db::Error::Fault(format!("draft {} has the state “{}”", row.id, row.state)))?;
    Ok(Draft {
        id: row.id,
        code: row.code,
        number: row.number,
        base: row.base,
        state,
        source: row.source,
        version: row.version,
        changed_by: row.changed_by,
        changed_at: row.changed_at,
        proposed_by: row.proposed_by,
        proposed_at: row.proposed_at,
        note: row.note,
    })
}

/// The open draft of a procedure.
pub async fn find_open(tx: &mut Tx, code: &str) -> db::Result<Option<Draft>> {
    let row = tx
        .find::<Row>(
            "select id, code, number, base, state, source, version, changed_by, changed_at, proposed_by,
                    proposed_at, note
               from procedure_draft where code = $1 and open = 1",
            args![code],
        )
        .await?;
    row.map(draft).transpose()
}

/// Every open draft, by code.
pub async fn list_open(tx: &mut Tx) -> db::Result<Vec<Draft>> {
    let rows = tx
        .list::<Row>(
            "select id, code, number, base, state, source, version, changed_by, changed_at, proposed_by,
                    proposed_at, note
               from procedure_draft where open = 1 order by code limit 500",
            args![],
        )
        .await?;
    rows.into_iter().map(draft).collect()
}

/// A new draft; a second open one of the same procedure is `Taken`.
pub async fn insert(tx: &mut Tx, d: &Draft) -> db::Result<()> {
    tx.change_one(
        "insert into procedure_draft (id, code, number, base, open, state, source, version, made_by, made_at,
                                      changed_by, changed_at)
         values ($1, $2, $3, $4, 1, $5, $6, $7, $8, $9, $8, $9)",
        args![
            d.id,
            &d.code,
            d.number,
            &d.base,
            d.state.word(),
            &d.source,
            d.version,
            &d.changed_by,
            d.changed_at
        ],
    )
    .await
}

/// Saves a draft that has moved, if it still has the version that was seen.
pub async fn save(tx: &mut Tx, d: &Draft, decided: Option<(&str, Instant)>) -> db::Result<()> {
    let open = matches!(d.state, State::Draft | State::Proposed).then_some(1_i64);
    let (by, at) = decided.unzip();
    tx.change_one(
        "update procedure_draft
            set open = $1, state = $2, source = $3, version = version + 1, changed_by = $4, changed_at = $5,
                proposed_by = $6, proposed_at = $7, note = $8, decided_by = $9, decided_at = $10
          where id = $11 and version = $12",
        args![
            open,
            d.state.word(),
            &d.source,
            &d.changed_by,
            d.changed_at,
            &d.proposed_by,
            d.proposed_at,
            &d.note,
            by,
            at,
            d.id,
            d.version
        ],
    )
    .await
}

/// Remembers that this account had a hand in the draft.
pub async fn put_hand(tx: &mut Tx, draft: DraftId, account: &str) -> db::Result<()> {
    tx.change(
        "insert into procedure_draft_hand (draft, account) values ($1, $2)
         on conflict (draft, account) do nothing",
        args![draft, account],
    )
    .await
    .map(drop)
}

db::record! { struct Hand { account: String } }

/// Whoever had a hand in the draft.
pub async fn hands(tx: &mut Tx, draft: DraftId) -> db::Result<Vec<String>> {
    let rows = tx
        .list::<Hand>(
            "select account from procedure_draft_hand where draft = $1 order by account limit 200",
            args![draft],
        )
        .await?;
    Ok(rows.into_iter().map(|hand| hand.account).collect())
}

db::record! {
    /// A published version.
    pub struct Version {
        id: String, version: i64, valid_from: Day, valid_to: Option<Day>, source: String,
        proposed_by: Option<String>, published_by: Option<String>, changed_at: Option<Instant>,
        withdrawn_at: Option<Instant>, withdrawn_why: Option<String>,
    }
}

/// The versions of a procedure, the newest first.
pub async fn versions(tx: &mut Tx, code: &str) -> db::Result<Vec<Version>> {
    tx.list(
        "select id, version, valid_from, valid_to, source, proposed_by, published_by, changed_at,
                withdrawn_at, withdrawn_why
           from procedure_version where code = $1 order by version desc limit $2",
        args![code, VERSIONS_MAX],
    )
    .await
}

db::record! {
    /// A published version without its text.
    pub struct Head {
        id: String, code: String, version: i64, valid_from: Day, valid_to: Option<Day>, withdrawn: bool,
    }
}

/// Every version, by code, the newest first.
pub async fn heads(tx: &mut Tx) -> db::Result<Vec<Head>> {
    tx.list(
        "select id, code, version, valid_from, valid_to,
                cast(case when withdrawn_at is null then 0 else 1 end as bigint) as withdrawn
           from procedure_version order by code, version desc limit 20000",
        args![],
    )
    .await
}

/// One more published version.
pub async fn insert_version(
    tx: &mut Tx,
    d: &Draft,
    (valid_from, valid_to): (Day, Option<Day>),
    by: &str,
    now: Instant,
) -> db::Result<String> {
    let id = format!("{}@{}", d.code, d.number);
    tx.change_one(
        "insert into procedure_version (id, code, version, valid_from, valid_to, source, proposed_by,
                                        published_by, changed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        args![&id, &d.code, d.number, valid_from, valid_to, &d.source, &d.proposed_by, by, now],
    )
    .await?;
    Ok(id)
}

/// Takes a version back; `Stale` when it was taken back before.
pub async fn withdraw(tx: &mut Tx, id: &str, why: &str, by: &str, now: Instant) -> db::Result<()> {
    tx.change_one(
        "update procedure_version
            set withdrawn_at = $1, withdrawn_by = $2, withdrawn_why = $3, changed_at = $1
          where id = $4 and withdrawn_at is null",
        args![now, by, why, id],
    )
    .await
}

db::record! {
    /// A run of invented citizens through a draft.
    pub struct Trial {
        id: TrialId, draft: DraftId, source: String, seen: i64, people: i64, done: i64, state: String,
        report: String, sound: Option<bool>, made_at: Instant, over_at: Option<Instant>,
    }
}

/// A trial that is to run.
pub async fn insert_trial(
    tx: &mut Tx,
    id: TrialId,
    d: &Draft,
    people: i64,
    by: &str,
    now: Instant,
) -> db::Result<()> {
    tx.change_one(
        "insert into procedure_trial (id, draft, source, seen, people, state, made_by, made_at)
         values ($1, $2, $3, $4, $5, 'running', $6, $7)",
        args![id, d.id, &d.source, d.version, people, by, now],
    )
    .await
}

/// The trial of this id.
pub async fn get_trial(tx: &mut Tx, id: TrialId) -> db::Result<Trial> {
    tx.get(
        "select id, draft, source, seen, people, done, state, report, sound, made_at, over_at
           from procedure_trial where id = $1",
        args![id],
    )
    .await
}

/// The latest trials of a draft.
pub async fn list_trials(tx: &mut Tx, draft: DraftId) -> db::Result<Vec<Trial>> {
    tx.list(
        "select id, draft, source, seen, people, done, state, report, sound, made_at, over_at
           from procedure_trial where draft = $1 order by made_at desc, id desc limit $2",
        args![draft, TRIALS_MAX],
    )
    .await
}

/// How far a trial has come.
pub async fn save_progress(tx: &mut Tx, id: TrialId, done: i64) -> db::Result<()> {
    tx.change("update procedure_trial set done = $1 where id = $2 and state = 'running'", args![done, id])
        .await
        .map(drop)
}

/// The end of a trial; nothing when it has ended before.
pub async fn save_end(
    tx: &mut Tx,
    id: TrialId,
    (state, report, sound): (&str, &str, Option<bool>),
    done: i64,
    now: Instant,
) -> db::Result<()> {
    tx.change(
        "update procedure_trial set state = $1, report = $2, sound = $3, done = $4, over_at = $5
          where id = $6 and state = 'running'",
        args![state, report, sound, done, now, id],
    )
    .await
    .map(drop)
}

db::record! {
    /// A real dossier whose promise can be counted again.
    pub struct Past {
        code: String, procedure: String, counter: String, accepted_at: Instant, settled_at: Option<Instant>,
    }
}

/// The last dossiers accepted under any version of a procedure.
pub async fn past(tx: &mut Tx, code: &str, most: i64) -> db::Result<Vec<Past>> {
    tx.list(
        "select d.code, d.procedure, d.counter, d.accepted_at,
                (select min(s.at) from dossier_step s
                  where s.dossier = d.id and s.to_status = 9) as settled_at
           from dossier d join procedure_version v on v.id = d.procedure
          where v.code = $1 and d.accepted_at is not null
          order by d.accepted_at desc, d.id limit $2",
        args![code, most],
    )
    .await
}
