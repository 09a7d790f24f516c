//! Rows of authorisations.

use base::Instant;
use db::{Tx, args};

db::record! {
    /// An authorisation.
    pub struct Row {
        id: String, account: String, certificate: String, state: String, hash_bytes: i64, hashes: Vec<u8>,
        labels: String, description: String, asked_at: Instant, ends_at: Instant, changed_at: Instant,
        version: i64,
    }
}

macro_rules! row {
    ($tail:literal) => {
        concat!(
            "select id, account, certificate, state, hash_bytes, hashes, labels, description, asked_at, ",
            "ends_at, changed_at, version from remote_authorisation ",
            $tail
        )
    };
}

/// An authorisation of this account.
pub async fn find(tx: &mut Tx, id: &str, account: &str) -> db::Result<Option<Row>> {
    tx.find(row!("where id = $1 and account = $2"), args![id, account]).await
}

/// The one a handle (its SHA-256) waits for.
pub async fn find_by_handle(tx: &mut Tx, handle: &str, account: &str) -> db::Result<Option<Row>> {
    tx.find(row!("where handle = $1 and account = $2"), args![handle, account]).await
}

/// The one a SAD (its SHA-256) belongs to.
pub async fn find_by_sad(tx: &mut Tx, sad: &str, account: &str) -> db::Result<Option<Row>> {
    tx.find(row!("where sad = $1 and account = $2"), args![sad, account]).await
}

/// Those of an account, the newest first; at most 50.
pub async fn list(tx: &mut Tx, account: &str) -> db::Result<Vec<Row>> {
    tx.list(row!("where account = $1 order by asked_at desc, id desc limit 50"), args![account]).await
}

/// How many of an account wait for its PIN.
pub async fn count_waiting(tx: &mut Tx, account: &str, now: Instant) -> db::Result<i64> {
    tx.get(
        "select count(*) from remote_authorisation where account = $1 and state = 'asked' and ends_at > $2",
        args![account, now],
    )
    .await
}

/// A new one.
pub struct New<'a> {
    pub id: &'a str,
    pub account: &'a str,
    pub certificate: &'a str,
    pub state: &'static str,
    pub hash_bytes: usize,
    pub hashes: &'a [u8],
    pub labels: &'a str,
    pub description: &'a str,
    /// SHA-256 of the tokens, in hexadecimal.
    pub handle: Option<&'a str>,
    pub sad: Option<&'a str>,
    pub ends_at: Instant,
}

/// Keeps it.
pub async fn save(tx: &mut Tx, new: &New<'_>, now: Instant) -> db::Result<()> {
    tx.change_one(
        "insert into remote_authorisation (id, account, certificate, state, hash_bytes, hashes, labels,
                description, handle, sad, asked_at, ends_at, changed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $11)",
        args![
            new.id,
            new.account,
            new.certificate,
            new.state,
            i64::try_from(new.hash_bytes).unwrap_or(0),
            new.hashes,
            new.labels,
            new.description,
            new.handle,
            new.sad,
            now,
            new.ends_at
        ],
    )
    .await
}

/// Keeps a step. `Stale` when the row has changed since it was seen.
pub async fn save_step(
    tx: &mut Tx,
    seen: &Row,
    state: &str,
    ends_at: Instant,
    now: Instant,
) -> db::Result<()> {
    tx.change_one(
        "update remote_authorisation set state = $1, ends_at = $2, changed_at = $3, version = version + 1
          where id = $4 and version = $5",
        args![state, ends_at, now, seen.id, seen.version],
    )
    .await
}

/// Keeps a SAD (its SHA-256) instead of any before.
pub async fn save_sad(tx: &mut Tx, seen: &Row, sad: &str) -> db::Result<()> {
    tx.change_one(
        "update remote_authorisation set sad = $1, version = version + 1 where id = $2 and version = $3",
        args![sad, seen.id, seen.version],
    )
    .await
}

/// Forgets those asked for before; how many.
pub async fn sweep(tx: &mut Tx, before: Instant) -> db::Result<u64> {
    tx.change("delete from remote_authorisation where asked_at < $1", args![before]).await
}
