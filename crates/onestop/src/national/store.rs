//! The rows of the line to the national portal: what should be there, what came from there, what to
//! look at. Each function holds its one statement.

use std::time::Duration;

use base::{Day, Instant};
use db::{Tx, args};

use super::rules::Matter;
use crate::dossier::DossierId;

/// A worker that falls silent loses what it holds after this. Longer than all requests of one dossier
/// together may take.
pub const LEASE: Duration = Duration::from_secs(180);
/// `next_at` of what waits for nothing.
const NEVER: Instant = Instant::MAX;

// ---- what should be there ------------------------------------------------------------------

db::record! {
    /// A dossier that a worker holds.
    pub struct Held {
        dossier: DossierId, code: String, wanted: i64, acked: i64, lines: i64, attempts: i64, refusals: i64,
        lease: String,
    }
}

/// Says that this version of the dossier should be there. An older one changes nothing; one that is
/// parked stays so, because its messages go in order.
pub async fn want(tx: &mut Tx, id: DossierId, code: &str, version: i64, now: Instant) -> db::Result<()> {
    tx.change(
        "insert into national_sync (dossier, code, wanted, behind_since, next_at)
         values ($1, $2, $3, $4, $4)
         on conflict (dossier) do update set
             wanted = $3,
             behind_since = coalesce(national_sync.behind_since, $4),
             next_at = case when national_sync.attempts > 0 then national_sync.next_at else $4 end
           where national_sync.wanted < $3",
        args![id, code, version, now],
    )
    .await
    .map(drop)
}

/// Dossiers whose present version nobody has asked for yet: those known here that have moved, and those
/// filed from `since` on that are not known. At most `most`.
pub async fn list_unwanted(
    tx: &mut Tx,
    since: Option<Instant>,
    most: i64,
) -> db::Result<Vec<(DossierId, String, i64)>> {
    tx.list(
        "select d.id, d.code, d.version from dossier d left join national_sync s on s.dossier = d.id
          where (s.dossier is not null and s.wanted < d.version)
             or (s.dossier is null and d.filed_at >= $1 and d.parent is null)
          order by d.filed_at, d.id limit $2",
        args![since.unwrap_or(NEVER), most],
    )
    .await
}

/// Takes dossiers that are due, the longest behind first. Nobody else gets them while the lease lasts.
pub async fn take_due(tx: &mut Tx, most: i64, now: Instant) -> db::Result<Vec<Held>> {
    let due: Vec<String> = tx
        .list(
            "select dossier from national_sync
              where next_at <= $1 and lease_until <= $1 and parked_at is null
              order by next_at, dossier limit $2",
            args![now, most],
        )
        .await?;
    let mut held = Vec::new();
    for id in due {
        let lease = db::jobs::JobId::fresh();
        let row: Option<Held> = tx
            .find(
                "update national_sync set lease = $2, lease_until = $3
                  where dossier = $1 and next_at <= $4 and lease_until <= $4 and parked_at is null
                  returning dossier, code, wanted, acked, lines, attempts, refusals, lease",
                args![id, lease, now.plus(LEASE), now],
            )
            .await?;
        held.extend(row);
    }
    Ok(held)
}

/// The other side has taken this version with so many lines. What came meanwhile is sent at once.
/// `Stale` when the lease was lost.
pub async fn save_acked(tx: &mut Tx, h: &Held, version: i64, lines: i64, now: Instant) -> db::Result<()> {
    tx.change_one(
        "update national_sync set acked = $3, lines = $4, acked_at = $5, lag_us = $5 - behind_since,
            behind_since = case when wanted > $3 then $5 end,
            next_at = case when wanted > $3 then $5 else $6 end,
            attempts = 0, refusals = 0, error = null, lease = null, lease_until = 0
          where dossier = $1 and lease = $2",
        args![h.dossier, &h.lease, version, lines, now, NEVER],
    )
    .await
}

/// How a try failed, and when the next one is.
pub struct Failed<'a> {
    pub why: &'a str,
    pub refused: bool,
    pub parks: bool,
    pub next_at: Instant,
}

/// Notes a failure and lets the dossier go. `Stale` when the lease was lost.
pub async fn save_failed(tx: &mut Tx, h: &Held, f: &Failed<'_>, now: Instant) -> db::Result<()> {
    tx.change_one(
        "update national_sync set attempts = attempts + 1, refusals = refusals + $3, error = $4,
            parked_at = $5, next_at = $6, lease = null, lease_until = 0
          where dossier = $1 and lease = $2",
        args![h.dossier, &h.lease, i64::from(f.refused), f.why, f.parks.then_some(now), f.next_at],
    )
    .await
}

/// The whole dossier is to be sent once more, from its first line on. Whether there is one of this code.
pub async fn send_again(tx: &mut Tx, code: &str, now: Instant) -> db::Result<bool> {
    let changed = tx
        .change(
            "update national_sync set acked = 0, lines = 0, behind_since = coalesce(behind_since, $2),
                next_at = $2, attempts = 0, refusals = 0, parked_at = null, error = null
              where code = $1",
            args![code, now],
        )
        .await?;
    Ok(changed == 1)
}

/// The other side has lost everything (a simulator that begins anew): all of it is wanted there again.
pub async fn send_all_again(tx: &mut Tx, now: Instant) -> db::Result<u64> {
    tx.change(
        "update national_sync set acked = 0, lines = 0, behind_since = coalesce(behind_since, $1),
            next_at = $1, attempts = 0, refusals = 0, parked_at = null, error = null",
        args![now],
    )
    .await
}

db::record! {
    /// Where one dossier stands with the other side.
    pub struct Standing {
        code: String, wanted: i64, acked: i64, behind_since: Option<Instant>, acked_at: Option<Instant>,
        attempts: i64, next_at: Instant, parked_at: Option<Instant>, error: Option<String>,
    }
}

/// Where a dossier stands, if the other side is to know of it.
pub async fn find_standing(tx: &mut Tx, code: &str) -> db::Result<Option<Standing>> {
    tx.find(
        "select code, wanted, acked, behind_since, acked_at, attempts, next_at, parked_at, error
           from national_sync where code = $1",
        args![code],
    )
    .await
}

/// Those that are put aside, and those that have failed, the longest behind first; 100 at most.
pub async fn list_troubled(tx: &mut Tx) -> db::Result<Vec<Standing>> {
    tx.list(
        "select code, wanted, acked, behind_since, acked_at, attempts, next_at, parked_at, error
           from national_sync where behind_since is not null and attempts > 0
          order by case when parked_at is null then 1 else 0 end, behind_since, code limit 100",
        args![],
    )
    .await
}

/// Dossiers acknowledged within these two moments, after a code, in its order.
pub async fn list_acked(
    tx: &mut Tx,
    from: Instant,
    to: Instant,
    after: &str,
    most: i64,
) -> db::Result<Vec<Standing>> {
    tx.list(
        "select code, wanted, acked, behind_since, acked_at, attempts, next_at, parked_at, error
           from national_sync where acked_at >= $1 and acked_at < $2 and acked > 0 and code > $3
          order by code limit $4",
        args![from, to, after, most],
    )
    .await
}

// ---- the line -------------------------------------------------------------------------------

db::record! {
    /// The state of the line.
    pub struct Line {
        place: String, heard_at: Option<Instant>, failed_at: Option<Instant>, error: Option<String>,
    }
}

/// The line as it stands.
pub async fn get_line(tx: &mut Tx) -> db::Result<Line> {
    tx.get("select place, heard_at, failed_at, error from national_link where id = 'link'", args![]).await
}

/// The other side was heard.
pub async fn save_heard(tx: &mut Tx, now: Instant) -> db::Result<()> {
    tx.change_one(
        "update national_link set heard_at = $1, failed_at = null, error = null where id = 'link'",
        args![now],
    )
    .await
}

/// The other side was silent; the first failure of a row of them is kept.
pub async fn save_silent(tx: &mut Tx, why: &str, now: Instant) -> db::Result<()> {
    tx.change_one(
        "update national_link set failed_at = coalesce(failed_at, $1), error = $2 where id = 'link'",
        args![now, why],
    )
    .await
}

/// Their list was read up to `place`; `Stale` when somebody else read on meanwhile.
pub async fn save_place(tx: &mut Tx, seen: &str, place: &str) -> db::Result<()> {
    tx.change_one("update national_link set place = $2 where id = 'link' and place = $1", args![seen, place])
        .await
}

// ---- figures --------------------------------------------------------------------------------

db::record! {
    /// How far behind we are, in microseconds and dossiers.
    pub struct Figures {
        /// Behind, parked ones included.
        behind: i64,
        parked: i64,
        /// Since when the one longest behind is.
        oldest: Option<Instant>,
        /// Tasks nobody has closed.
        tasks: i64,
        /// Handed in there and not a dossier here yet.
        arriving: i64,
    }
}

/// The figures for pages and metrics.
pub async fn figures(tx: &mut Tx) -> db::Result<Figures> {
    tx.get(
        "select (select count(*) from national_sync where behind_since is not null) as behind,
                (select count(*) from national_sync where parked_at is not null) as parked,
                (select min(behind_since) from national_sync where behind_since is not null) as oldest,
                (select count(*) from national_task where closed_at is null) as tasks,
                (select count(*) from national_arrival where state = 'waiting') as arriving",
        args![],
    )
    .await
}

/// The median of the lags of what was acknowledged since `since`, in microseconds.
pub async fn median_lag_us(tx: &mut Tx, since: Instant) -> db::Result<Option<i64>> {
    let n: i64 = tx
        .get("select count(*) from national_sync where acked_at >= $1 and lag_us is not null", args![since])
        .await?;
    tx.find(
        "select lag_us from national_sync where acked_at >= $1 and lag_us is not null
          order by lag_us limit 1 offset $2",
        args![since, (n - 1).max(0) / 2],
    )
    .await
}

// ---- balance sheets and tasks ------------------------------------------------------------------

db::record! {
    /// The sheet of a day.
    #[derive(PartialEq, Eq)]
    pub struct Balance {
        day: Day, made_at: Instant, here: i64, there: i64, level: i64, differing: i64, missing_there: i64,
        missing_here: i64, under_way: i64,
    }
}

/// Keeps the sheet; a later one of the same day takes its place.
pub async fn save_balance(tx: &mut Tx, b: &Balance) -> db::Result<()> {
    tx.change_one(
        "insert into national_balance (day, made_at, here, there, level, differing, missing_there,
            missing_here, under_way) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (day) do update set made_at = $2, here = $3, there = $4, level = $5, differing = $6,
            missing_there = $7, missing_here = $8, under_way = $9",
        args![
            b.day,
            b.made_at,
            b.here,
            b.there,
            b.level,
            b.differing,
            b.missing_there,
            b.missing_here,
            b.under_way
        ],
    )
    .await
}

/// The sheet of a day.
pub async fn find_balance(tx: &mut Tx, day: Day) -> db::Result<Option<Balance>> {
    tx.find(
        "select day, made_at, here, there, level, differing, missing_there, missing_here, under_way
           from national_balance where day = $1",
        args![day],
    )
    .await
}

/// The newest sheets, 14 at most.
pub async fn list_balances(tx: &mut Tx) -> db::Result<Vec<Balance>> {
    tx.list(
        "select day, made_at, here, there, level, differing, missing_there, missing_here, under_way
           from national_balance order by day desc limit 14",
        args![],
    )
    .await
}

db::record! {
    /// A matter for somebody.
    pub struct Task {
        id: String, kind: String, subject: String, facts: String, found_at: Instant, version: i64,
    }
}

fn task_id(matter: Matter, subject: &str) -> String {
    format!("{}|{subject}", matter.word())
}

/// Opens a task, or opens it again.
pub async fn put_task(
    tx: &mut Tx,
    matter: Matter,
    subject: &str,
    facts: &str,
    now: Instant,
) -> db::Result<()> {
    tx.change_one(
        "insert into national_task (id, kind, subject, facts, found_at, version)
         values ($1, $2, $3, $4, $5, 1)
         on conflict (id) do update set facts = $4,
            found_at = case when national_task.closed_at is null then national_task.found_at else $5 end,
            closed_at = null, closed_by = null, remedy = null, note = '',
            version = national_task.version + 1",
        args![task_id(matter, subject), matter.word(), subject, facts, now],
    )
    .await
}

/// Closes what a comparison found to be level again.
pub async fn close_level(tx: &mut Tx, matter: Matter, subject: &str, now: Instant) -> db::Result<()> {
    tx.change(
        "update national_task set closed_at = $2, remedy = 'level', version = version + 1
          where id = $1 and closed_at is null",
        args![task_id(matter, subject), now],
    )
    .await
    .map(drop)
}

/// An open task.
pub async fn find_task(tx: &mut Tx, id: &str) -> db::Result<Option<Task>> {
    tx.find(
        "select id, kind, subject, facts, found_at, version from national_task
          where id = $1 and closed_at is null",
        args![id],
    )
    .await
}

/// The open tasks, the oldest first; 100 at most.
pub async fn list_tasks(tx: &mut Tx) -> db::Result<Vec<Task>> {
    tx.list(
        "select id, kind, subject, facts, found_at, version from national_task
          where closed_at is null order by found_at, id limit 100",
        args![],
    )
    .await
}

/// Closes a task with what was done; `Stale` when it is no longer as the person saw it.
pub async fn close_task(
    tx: &mut Tx,
    id: &str,
    seen: i64,
    by: &str,
    remedy: &str,
    note: &str,
    now: Instant,
) -> db::Result<()> {
    tx.change_one(
        "update national_task set closed_at = $3, closed_by = $4, remedy = $5, note = $6,
            version = version + 1
          where id = $1 and version = $2 and closed_at is null",
        args![id, seen, now, by, remedy, note],
    )
    .await
}
