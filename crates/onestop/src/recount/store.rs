//! The rows of the recounting.

use base::Instant;
use db::{Tx, args};
use directory::UnitId;

use super::rules::Why;
use crate::dossier::DossierId;

db::record! {
    /// How far the last pass came.
    pub struct Pass { stamp: String, reached: Option<String> }
}

db::record! {
    /// A proposal with what a leader reads of its dossier.
    pub struct Proposed {
        dossier: DossierId, code: String, applicant_name: String, procedure: String,
        promised: Instant, counted: Instant, why: String,
    }
}

/// The pass of the calendar's last change; none before the first one.
pub async fn pass(tx: &mut Tx) -> db::Result<Option<Pass>> {
    tx.find("select stamp, reached from recount_pass where one = 1", args![]).await
}

/// Keeps how far the pass under `stamp` has come; `None`: to its end.
pub async fn save_pass(tx: &mut Tx, stamp: &str, reached: Option<&str>) -> db::Result<()> {
    tx.change(
        "insert into recount_pass (one, stamp, reached) values (1, $1, $2)
         on conflict (one) do update set stamp = excluded.stamp, reached = excluded.reached",
        args![stamp, reached],
    )
    .await?;
    Ok(())
}

/// The next dossiers whose clock runs after acceptance. A child's time is no promise to the citizen.
pub async fn list_running(tx: &mut Tx, after: &str, limit: i64) -> db::Result<Vec<DossierId>> {
    tx.list(
        "select id from dossier
          where status in (2, 4) and parent is null and id > $1 order by id limit $2",
        args![after, limit],
    )
    .await
}

/// Lays another time before the leaders of the agency. What they have decided about the same time stands.
pub async fn propose(
    tx: &mut Tx,
    (dossier, agency): (DossierId, &UnitId),
    promised: Instant,
    (counted, why): (Instant, Why),
    now: Instant,
) -> db::Result<()> {
    tx.change(
        "insert into recount (dossier, agency, promised, counted, why, state, told, found_at)
         values ($1, $2, $3, $4, $5, 'open', 0, $6)
         on conflict (dossier) do update set agency = excluded.agency, promised = excluded.promised,
            counted = excluded.counted, why = excluded.why, state = 'open', told = 0,
            found_at = excluded.found_at, decided_by = null, decided_at = null
          where recount.promised <> excluded.promised or recount.counted <> excluded.counted",
        args![dossier, agency, promised, counted, why.word(), now],
    )
    .await?;
    Ok(())
}

/// Nothing is to be decided about this dossier any more.
pub async fn let_go(tx: &mut Tx, dossier: DossierId) -> db::Result<()> {
    tx.change("delete from recount where dossier = $1 and state = 'open'", args![dossier]).await?;
    Ok(())
}

/// Agencies whose leaders have not been told of what waits for them.
pub async fn list_untold(tx: &mut Tx) -> db::Result<Vec<String>> {
    tx.list(
        "select distinct agency from recount where state = 'open' and told = 0 order by agency limit 200",
        args![],
    )
    .await
}

/// The leaders of this agency are told.
pub async fn save_told(tx: &mut Tx, agency: &str) -> db::Result<()> {
    tx.change("update recount set told = 1 where agency = $1 and state = 'open' and told = 0", args![agency])
        .await?;
    Ok(())
}

/// What waits for the leaders of an agency, the most urgent first: of dossiers whose promise is still the one
/// that was looked at.
pub async fn list_open(tx: &mut Tx, agency: &UnitId, limit: i64) -> db::Result<Vec<Proposed>> {
    tx.list(
        "select r.dossier, d.code, d.applicant_name, d.procedure, r.promised, r.counted, r.why
           from recount r join dossier d on d.id = r.dossier
          where r.agency = $1 and r.state = 'open' and d.due_at = r.promised and d.status in (2, 4)
          order by r.counted, d.code limit $2",
        args![agency, limit],
    )
    .await
}

/// How many wait for the leaders of an agency.
pub async fn count_open(tx: &mut Tx, agency: &UnitId) -> db::Result<i64> {
    tx.get(
        "select count(*) from recount r join dossier d on d.id = r.dossier
          where r.agency = $1 and r.state = 'open' and d.due_at = r.promised and d.status in (2, 4)",
        args![agency],
    )
    .await
}

/// What is proposed for this dossier: the promise it was proposed for, and the time.
pub async fn find_open(tx: &mut Tx, dossier: DossierId) -> db::Result<Option<(Instant, Instant)>> {
    db::record! { struct Times { promised: Instant, counted: Instant } }
    let open = "select promised, counted from recount where dossier = $1 and state = 'open'";
    let times: Option<Times> = tx.find(open, args![dossier]).await?;
    Ok(times.map(|t| (t.promised, t.counted)))
}

/// A leader has decided: `moved` or `kept`. [`db::Error::Stale`] when somebody else had.
pub async fn decide(tx: &mut Tx, dossier: DossierId, state: &str, by: &str, now: Instant) -> db::Result<()> {
    tx.change_one(
        "update recount set state = $2, decided_by = $3, decided_at = $4
          where dossier = $1 and state = 'open'",
        args![dossier, state, by, now],
    )
    .await
}
