//! Who of a unit works on a dossier. Unassigned, it is anybody's of the unit and role that hold it;
//! assigned, only that official takes its steps until it is passed on, or assigned again by them or
//! by a leader.

use db::Tx;
use directory::{AccountId, Role};
use serde_json::json;
use web::Problem;

use super::rules::{Seat, Status};
use super::{Case, record};
use crate::refusal::Refusal;
use crate::words_office::say;

/// Gives the dossier to `to`, or back to everybody of the unit with `None`. Whoever works on it now may,
/// and a leader of the agency.
///
/// # Errors
/// Not in process, not this person's to give, or `to` does not hold the role in the unit today.
pub async fn assign(tx: &mut Tx, case: &mut Case, to: Option<AccountId>, note: &str) -> Result<(), Problem> {
    if case.dossier.state.status() != Status::InProcess {
        return Err(Problem::refused(say("assign.not_in_process", &[]), "refused: assign.not_in_process"));
    }
    if !case.seats.iter().any(|seat| matches!(seat, Seat::Desk | Seat::Leader)) {
        return Err(Problem::refused(say("assign.not_yours", &[]), "refused: assign.not_yours"));
    }
    // Who is away is stood in for; without a stand-in it is everybody's.
    let meant = to;
    let to = match to {
        Some(account) => crate::leave::stand_in(tx, account, case.now.day()).await?,
        None => None,
    };
    let name = match to {
        None => String::new(),
        Some(account) => {
            let among = candidates(tx, case).await?;
            let found = among.into_iter().find(|(id, _)| *id == account);
            found.ok_or_else(|| Problem::field("to", say("assign.not_of_unit", &[])))?.1
        }
    };
    let to = to.map(|account| account.to_string());
    if case.dossier.assignee == to {
        return Err(Problem::refused(say("assign.already", &[]), "refused: assign.already"));
    }
    let details = json!({ "assigned_to": to, "assigned_name": name, "before": case.dossier.assignee,
        "meant_for": meant });
    case.dossier.assignee = to;
    record(tx, case, "assign", note, details).await
}

/// Who may be given the dossier: those who hold the role in the unit that holds it today.
pub async fn candidates(tx: &mut Tx, case: &Case) -> Result<Vec<(AccountId, String)>, Problem> {
    let d = &case.dossier;
    let role: Role = d.holder_role.parse().map_err(Problem::fault)?;
    Ok(directory::holders(tx, &d.holder_unit, role, case.now.day()).await?)
}

/// The refusal for a step of somebody who would hold the desk, were the dossier not somebody else's.
pub fn locked(case: &Case, account: &str, step: super::rules::Verb) -> Problem {
    match &case.dossier.assignee {
        Some(other) if other != account => {
            Problem::refused(say("assign.locked", &[]), "refused: assign.locked")
        }
        _ => Refusal::NotYours(step).into(),
    }
}
