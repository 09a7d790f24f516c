//! Trust anchors (neo tin cậy): which authorities from outside are trusted by everybody here, and as what.
//! Only who has signed itself can be one; what stands between comes along in chains. One person proposes,
//! another confirms, each with the fingerprint before their eyes: whoever could do it alone could make any
//! signature valid.

pub mod pages;
pub mod store;

use base::Instant;
use db::Tx;
use web::Problem;

use super::rules::State;
use crate::words;

/// How many anchors there may be: as many as are read at once, so that none is left out in silence.
pub const ANCHORS_MAX: i64 = 500;
/// As what an authority may be trusted.
pub const CLASSES: [&str; 3] = ["official_duty", "public", "internal"];

fn refused(key: &str) -> Problem {
    Problem::refused(words::t(&format!("anchor.not.{key}")), format!("no anchor: {key}"))
}

/// Proposes an authority of the register. Repeated it changes nothing.
///
/// # Errors
/// A refusal when it is no authority that has signed itself, or not in use; the store's.
pub async fn propose(tx: &mut Tx, id: &str, class: &str, by: &str, now: Instant) -> Result<(), Problem> {
    let row = super::get(tx, id).await?;
    if !CLASSES.contains(&class) {
        return Err(Problem::field("class", words::t("request.wrong.no_choice")));
    }
    let is_usable = row.kind == "authority" && row.origin == "imported" && row.stands(now) == State::Valid;
    if !is_usable || !row.certificate()?.is_self_signed() {
        return Err(refused("no_root"));
    }
    store::save(tx, id, class, by, now).await?;
    Ok(())
}

/// Confirms what another proposed: from now on it counts.
///
/// # Errors
/// A refusal to the one who proposed it, and when there are too many; `NotFound` when nothing waits.
pub async fn confirm(tx: &mut Tx, id: &str, by: &str, now: Instant) -> Result<(), Problem> {
    let waiting = store::find(tx, id).await?.filter(|anchor| anchor.confirmed_by.is_none());
    let waiting = waiting.ok_or(Problem::NotFound)?;
    if waiting.proposed_by == by {
        return Err(refused("four_eyes"));
    }
    if super::get(tx, id).await?.stands(now) != State::Valid {
        return Err(refused("no_root"));
    }
    if store::count(tx).await? >= ANCHORS_MAX {
        return Err(refused("too_many"));
    }
    Ok(store::save_confirmed(tx, id, by, now).await?)
}

/// Takes trust away, or a proposal back: that one person may do.
///
/// # Errors
/// The store's.
pub async fn withdraw(tx: &mut Tx, id: &str) -> Result<(), Problem> {
    store::remove(tx, id).await?;
    Ok(())
}
