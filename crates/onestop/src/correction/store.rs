//! Rows of corrections.

use base::{Day, Instant};
use db::{Filter, Tx, args};

use super::CorrectionId;
use crate::desk::Scope;
use crate::dossier::DossierId;
use crate::dossier::store::Decision;

db::record! {
    /// A correction as it stands.
    pub struct Correction {
        id: CorrectionId, dossier: DossierId, state: String, what: String, fault: String,
        asked_by: String, asked_at: Instant, decided_by: Option<String>, decided_at: Option<Instant>,
        note: String, changes: String, ordinal: Option<i64>, old_ordinal: Option<i64>,
        old_number: Option<String>, old_symbol: Option<String>, old_day: Option<Day>,
    }
}

/// Keeps what somebody asks for. `Taken` when one waits already.
pub async fn save_asked(
    tx: &mut Tx,
    id: CorrectionId,
    dossier: DossierId,
    (what, fault): (&str, &str),
    asked_by: &str,
    now: Instant,
) -> db::Result<()> {
    tx.change_one(
        "insert into correction (id, dossier, open, state, what, fault, asked_by, asked_at)
         values ($1, $2, 1, 'asked', $3, $4, $5, $6)",
        args![id, dossier, what, fault, asked_by, now],
    )
    .await
}

/// All corrections of a dossier, the oldest first.
pub async fn of_dossier(tx: &mut Tx, dossier: DossierId) -> db::Result<Vec<Correction>> {
    tx.list(
        "select id, dossier, state, what, fault, asked_by, asked_at, decided_by, decided_at, note, changes,
                ordinal, old_ordinal, old_number, old_symbol, old_day
           from correction where dossier = $1 order by asked_at, id limit 100",
        args![dossier],
    )
    .await
}

/// Ends one that waits. `Stale` when it waits no longer.
pub async fn save_ended(
    tx: &mut Tx,
    id: CorrectionId,
    state: &str,
    by: &str,
    note: &str,
    now: Instant,
) -> db::Result<()> {
    tx.change_one(
        "update correction set open = null, state = $1, decided_by = $2, decided_at = $3, note = $4
          where id = $5 and open = 1",
        args![state, by, now, note, id],
    )
    .await
}

/// What the new version says, and which one it takes the place of.
pub async fn save_version(
    tx: &mut Tx,
    id: CorrectionId,
    changes: &str,
    (ordinal, old_ordinal): (i64, i64),
    old: &Decision,
) -> db::Result<()> {
    tx.change_one(
        "update correction set changes = $1, ordinal = $2, old_ordinal = $3, old_number = $4,
            old_symbol = $5, old_day = $6 where id = $7",
        args![changes, ordinal, old_ordinal, &old.number, &old.symbol, old.day, id],
    )
    .await
}

/// The decision as it reads from now on.
pub async fn save_decision(tx: &mut Tx, dossier: DossierId, new: &Decision) -> db::Result<()> {
    tx.change_one(
        "update dossier_result set number = $1, day = $2, signer_name = $3, signer_title = $4
          where dossier = $5",
        args![&new.number, new.day, &new.signer_name, &new.signer_title, dossier],
    )
    .await
}

db::record! {
    /// A line of the list of those that wait.
    pub struct Line { code: String, procedure: String, what: String, fault: String, asked_at: Instant }
}

/// What waits for a leader, of all that this post may see, the oldest first.
pub async fn list_waiting(tx: &mut Tx, scope: &Scope) -> db::Result<Vec<Line>> {
    let q = Filter::new(
        "select d.code, d.procedure, c.what, c.fault, c.asked_at
           from correction c join dossier d on d.id = c.dossier",
    );
    let q = match scope {
        Scope::Counter(unit) => q.and("d.counter = ?", Some(unit.as_str())),
        Scope::Agency(unit) => q.and("d.agency = ?", Some(unit.as_str())),
        Scope::Holder(unit, _) => q.and("d.holder_unit = ?", Some(unit.as_str())),
    };
    let q = q.when("c.open = 1", true).tail("order by c.asked_at, c.id limit 100");
    tx.list(&q, &q.args).await
}
