//! Revocation (thu hồi): what the lists and the OCSP answers of an authority say. Both come from one view of
//! one number, so that they never disagree; every node makes the same view from the same rows, and looks for
//! a higher number whenever it is asked and has not looked for [`LOOK_EVERY`].

pub mod answer;
pub mod live;
pub mod rules;
pub mod store;
#[cfg(test)]
mod tests;
pub mod view;

use std::time::Duration;

use base::Instant;
use db::{Act, Db, Tx};
use pki::crl::Reason;
use web::Problem;

/// A node that is asked looks this often whether anything was revoked elsewhere. A revocation is seen at its
/// own node at once, at every other one after this and the time of one signature.
pub const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Hours for which a list and an answer are good.
pub const LIST_HOURS: i64 = 24;
/// So long after their last renewal the lists are renewed, whatever was revoked meanwhile: nobody meets a
/// list or a kept answer about to end, and delta lists stay short.
pub const RENEW_HOURS: i64 = 8;

/// Puts a change onto the list of an authority: under the next number, in the caller's transaction.
pub async fn put(
    tx: &mut Tx,
    authority: &str,
    serial: &str,
    (reason, since): (Reason, Option<Instant>),
    now: Instant,
) -> db::Result<()> {
    let at = rules::whole_second(now);
    let no = store::save_next(tx, authority, at, at.plus_minutes(LIST_HOURS * 60)).await?;
    store::save_change(tx, authority, no, serial, (i64::from(reason.code()), since), at).await
}

/// Renews the lists that have come of age; how many.
pub async fn renew(db: &Db, now: Instant) -> Result<usize, Problem> {
    let of_age = now.plus_minutes(-RENEW_HOURS * 60);
    let due = db.read(async move |tx: &mut Tx| store::list_of_age(tx, of_age).await).await?;
    if due.is_empty() {
        return Ok(0);
    }
    let renewed = due.len();
    let write = async move |tx: &mut Tx| -> Result<(), Problem> {
        for authority in &due {
            let at = rules::whole_second(now);
            store::save_renewed(tx, authority, at, at.plus_minutes(LIST_HOURS * 60)).await?;
        }
        Ok(())
    };
    db.write(Act::system("trust.renew-lists", "", now), write).await?;
    Ok(renewed)
}
