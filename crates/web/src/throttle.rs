//! Growing waits after failures: passwords, tracking codes, whatever can be guessed by trying.
//!
//! Keys are stored as SHA-256: the table holds no address and no phone number in clear. A caller keeps a
//! failure by committing, so `failed` is called in a write that ends in `Ok`.

use base::Instant;
use db::{Tx, args, record};

use crate::problem::Problem;
use crate::secret::sha256_hex;

/// Failures that cost nothing: people mistype.
const FREE_FAILURES: u32 = 4;
const FIRST_WAIT_S: i64 = 5;
const WAIT_S_MAX: i64 = 15 * 60;
/// After so long without a failure all is forgotten.
const FORGET_HOURS: i64 = 24;

/// The wait in seconds after the n-th failure in a row: nothing for the first four, then 5 s, doubling
/// up to 15 minutes.
pub fn wait_s(failures: u32) -> i64 {
    let Some(over) = failures.checked_sub(FREE_FAILURES + 1) else { return 0 };
    (FIRST_WAIT_S << over.min(16)).min(WAIT_S_MAX)
}

record! {
    struct Row {
        failures: u32,
        next_at: Instant,
        seen_at: Instant,
    }
}

async fn row(tx: &mut Tx, hash: &str, now: Instant) -> Result<Option<Row>, db::Error> {
    let sql = "select failures, next_at, seen_at from throttle where key = $1";
    let row: Option<Row> = tx.find(sql, args![hash]).await?;
    Ok(row.filter(|row| now < row.seen_at.plus_minutes(FORGET_HOURS * 60)))
}

/// May this key try now? Otherwise `TooMany`, with the seconds to wait.
/// A key names what is guarded and by whom: "sign-in:0912345678", "track:203.0.113.9".
pub async fn check(tx: &mut Tx, key: &str, now: Instant) -> Result<(), Problem> {
    match row(tx, &sha256_hex(key.as_bytes()), now).await? {
        Some(row) if now < row.next_at => {
            let left_micros = row.next_at.micros() - now.micros();
            let retry_after_s = u64::try_from(left_micros).unwrap_or(0).div_ceil(1_000_000);
            Err(Problem::TooMany { retry_after_s })
        }
        _ => Ok(()),
    }
}

/// One more failure of this key. Returns how many in a row.
pub async fn failed(tx: &mut Tx, key: &str, now: Instant) -> Result<u32, db::Error> {
    let hash = sha256_hex(key.as_bytes());
    let failures = row(tx, &hash, now).await?.map_or(0, |row| row.failures).saturating_add(1);
    tx.change(
        "insert into throttle (key, failures, next_at, seen_at) values ($1, $2, $3, $4)
         on conflict (key) do update set failures = excluded.failures, next_at = excluded.next_at,
           seen_at = excluded.seen_at",
        args![hash, failures, now.plus_seconds(wait_s(failures)), now],
    )
    .await?;
    Ok(failures)
}

/// This key has shown that it knows: the failures are forgotten.
pub async fn passed(tx: &mut Tx, key: &str) -> Result<(), db::Error> {
    tx.change("delete from throttle where key = $1", args![sha256_hex(key.as_bytes())]).await?;
    Ok(())
}

/// Forgets keys without a failure for a day.
pub async fn sweep(tx: &mut Tx, now: Instant) -> Result<u64, db::Error> {
    let oldest = now.plus_minutes(-FORGET_HOURS * 60);
    tx.change("delete from throttle where seen_at < $1", args![oldest]).await
}
