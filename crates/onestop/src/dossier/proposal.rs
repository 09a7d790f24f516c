//! A step that only a leader may take (a second request for papers, a later promise), laid before
//! one by somebody who works on the dossier. Approved, it is the leader's own step, with the words
//! of whoever proposed it; one proposal waits at a time, and only for the dossier as it was seen.

pub mod store;

use base::{Id, Instant};
use db::Tx;
use web::Problem;

use super::rules::Seat;
use super::{Ask, Case, Who, take};
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

/// Lays the step before a leader of the agency. It must be one that could be taken now; a proposal
/// that still waits is `ProposalWaits`.
pub async fn propose(tx: &mut Tx, case: &Case, ask: &Ask, who: &Who) -> Result<ProposalId, Problem> {
    let verb = ask.verb();
    if !case.proposable().contains(&verb) {
        return Err(Refusal::NotYours(verb).into());
    }
    ask.check(tx, case).await?;
    if store::find_open(tx, case.dossier.id).await?.is_some() {
        return Err(Refusal::ProposalWaits.into());
    }
    let id = ProposalId::fresh();
    let text = serde_json::to_string(ask).map_err(Problem::fault)?;
    store::insert(tx, id, case, &text, who).await?;
    Ok(id)
}

/// The leader takes the step that was proposed, as it was proposed.
pub async fn approve(tx: &mut Tx, case: &mut Case, id: ProposalId, who: &Who) -> Result<(), Problem> {
    let proposal = waiting(tx, case, id).await?;
    if proposal.seen != case.dossier.version {
        return Err(Refusal::ProposalOutdated.into());
    }
    store::save_decision(tx, id, (&who.account, case.now), true, "").await?;
    take(tx, case, proposal.ask, who).await
}

/// The leader says no, and why.
pub async fn decline(tx: &mut Tx, case: &Case, id: ProposalId, note: &str, who: &Who) -> Result<(), Problem> {
    waiting(tx, case, id).await?;
    if note.trim().is_empty() {
        return Err(Refusal::Faults(vec![("note".into(), "fault.say_why", vec![])]).into());
    }
    Ok(store::save_decision(tx, id, (&who.account, case.now), false, note.trim()).await?)
}

/// The proposal, if it waits for this leader. Anybody else is told that it is a leader's.
async fn waiting(tx: &mut Tx, case: &Case, id: ProposalId) -> Result<Proposal, Problem> {
    let open = store::find_open(tx, case.dossier.id).await?.filter(|p| p.id == id);
    let proposal = open.ok_or(Problem::Stale)?;
    if !case.seats.contains(&Seat::Leader) {
        return Err(Refusal::NeedsLeader(proposal.ask.verb()).into());
    }
    Ok(proposal)
}
