//! The rows of proposals.

use super::Problem;
use base::Instant;
use db::{Tx, args};

use super::{Proposal, ProposalId};
use crate::dossier::{Case, DossierId, Who};

db::record! {
    struct Row { id: ProposalId, seen: i64, ask: String, account: String, at: Instant }
}

/// Keeps a proposal of this step, written as JSON, on the dossier as it is now.
pub async fn insert(tx: &mut Tx, id: ProposalId, case: &Case, ask: &str, who: &Who) -> db::Result<()> {
    tx.change_one(
        "insert into proposal (id, dossier, open, seen, ask, account, office, at)
         values ($1, $2, 1, $3, $4, $5, $6, $7)",
        args![
            id,
            case.dossier.id,
            case.dossier.version,
            ask,
            &who.account,
            who.office(&case.dossier),
            case.now
        ],
    )
    .await
}

/// Writes down a leader's yes or no; a proposal that no longer waits is `Stale`.
pub async fn save_decision(
    tx: &mut Tx,
    id: ProposalId,
    (by, now): (&str, Instant),
    approved: bool,
    note: &str,
) -> db::Result<()> {
    tx.change_one(
        "update proposal set open = null, decided_by = $1, decided_at = $2, approved = $3, note = $4
          where id = $5 and open = 1",
        args![by, now, approved, note, id],
    )
    .await
}

/// The proposal that waits on this dossier.
pub async fn find_open(tx: &mut Tx, dossier: DossierId) -> Result<Option<Proposal>, Problem> {
    let row = tx
        .find::<Row>(
            "select id, seen, ask, account, at from proposal where dossier = $1 and open = 1",
            args![dossier],
        )
        .await?;
    row.map(read).transpose()
}

db::record! {
    /// A proposal a leader declined.
    pub struct Declined { ask: String, decided_by: String, decided_at: Instant, note: String }
}

/// The last proposal that was declined, if the dossier has not moved since it was made.
pub async fn find_declined(tx: &mut Tx, case: &Case) -> db::Result<Option<Declined>> {
    tx.find(
        "select ask, decided_by, decided_at, note from proposal
          where dossier = $1 and seen = $2 and approved = 0 order by decided_at desc limit 1",
        args![case.dossier.id, case.dossier.version],
    )
    .await
}

fn read(row: Row) -> Result<Proposal, Problem> {
    let ask = serde_json::from_str(&row.ask).map_err(Problem::fault)?;
    Ok(Proposal { id: row.id, seen: row.seen, ask, account: row.account, at: row.at })
}
