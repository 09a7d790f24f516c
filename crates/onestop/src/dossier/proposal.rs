//! A step that only a leader may take (a second request for papers, a later promise), laid before
//! one by somebody who works on the dossier. Approved, it is the leader's own step, with the words
//! of whoever proposed it; one proposal waits at a time, and only for the dossier as it was seen.

use base::{Id, Instant};
use db::{Tx, args};
use web::Problem;

use super::rules::Seat;
use super::{Ask, Case, DossierId, Who, take};
use crate::refusal::Refusal;

pub enum ProposalKind {}
/// The id of a proposal.
pub type ProposalId = Id<ProposalKind>;

/// A proposal that waits.
#[derive(Clone, Debug)]
pub struct Proposal {
    pub id: ProposalId,
    /// The version of the dossier that it speaks of.
    pub seen: i64,
    pub ask: Ask,
    pub account: String,
    pub at: Instant,
}

db::record! {
    struct Row { id: ProposalId, seen: i64, ask: String, account: String, at: Instant }
}

/// Lays the step before a leader of the agency. It must be one that could be taken now; a proposal
/// that still waits is `ProposalWaits`.
pub async fn propose(tx: &mut Tx, case: &Case, ask: &Ask, who: &Who) -> Result<ProposalId, Problem> {
    let verb = ask.verb();
    if !case.proposable().contains(&verb) {
        return Err(Refusal::NotYours(verb).into());
    }
    ask.check(case)?;
    if find_open(tx, case.dossier.id).await?.is_some() {
        return Err(Refusal::ProposalWaits.into());
    }
    let id = ProposalId::fresh();
    let text = serde_json::to_string(ask).map_err(Problem::fault)?;
    tx.change_one(
        "insert into proposal (id, dossier, open, seen, ask, account, office, at)
         values ($1, $2, 1, $3, $4, $5, $6, $7)",
        args![
            id,
            case.dossier.id,
            case.dossier.version,
            text,
            &who.account,
            who.office(&case.dossier),
            case.now
        ],
    )
    .await?;
    Ok(id)
}

/// The leader takes the step that was proposed, as it was proposed.
pub async fn approve(tx: &mut Tx, case: &mut Case, id: ProposalId, who: &Who) -> Result<(), Problem> {
    let proposal = waiting(tx, case, id).await?;
    if proposal.seen != case.dossier.version {
        return Err(Refusal::ProposalOutdated.into());
    }
    settle(tx, id, who, case.now, true, "").await?;
    take(tx, case, proposal.ask, who).await
}

/// The leader says no, and why.
pub async fn decline(tx: &mut Tx, case: &Case, id: ProposalId, note: &str, who: &Who) -> Result<(), Problem> {
    waiting(tx, case, id).await?;
    if note.trim().is_empty() {
        return Err(Refusal::Faults(vec![("note".into(), "fault.say_why", vec![])]).into());
    }
    settle(tx, id, who, case.now, false, note.trim()).await
}

/// The proposal, if it waits for this leader. Anybody else is told that it is a leader's.
async fn waiting(tx: &mut Tx, case: &Case, id: ProposalId) -> Result<Proposal, Problem> {
    let open = find_open(tx, case.dossier.id).await?.filter(|p| p.id == id);
    let proposal = open.ok_or(Problem::Stale)?;
    if !case.seats.contains(&Seat::Leader) {
        return Err(Refusal::NeedsLeader(proposal.ask.verb()).into());
    }
    Ok(proposal)
}

async fn settle(
    tx: &mut Tx,
    id: ProposalId,
    who: &Who,
    now: Instant,
    approved: bool,
    note: &str,
) -> Result<(), Problem> {
    let decided =
        "update proposal set open = null, decided_by = $1, decided_at = $2, approved = $3, note = $4
                    where id = $5 and open = 1";
    Ok(tx.change_one(decided, args![&who.account, now, approved, note, id]).await?)
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
pub async fn find_declined(tx: &mut Tx, case: &Case) -> Result<Option<Declined>, Problem> {
    Ok(tx
        .find(
            "select ask, decided_by, decided_at, note from proposal
              where dossier = $1 and seen = $2 and approved = 0 order by decided_at desc limit 1",
            args![case.dossier.id, case.dossier.version],
        )
        .await?)
}

fn read(row: Row) -> Result<Proposal, Problem> {
    let ask = serde_json::from_str(&row.ask).map_err(Problem::fault)?;
    Ok(Proposal { id: row.id, seen: row.seen, ask, account: row.account, at: row.at })
}
