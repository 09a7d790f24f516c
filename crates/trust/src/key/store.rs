//! Rows of wrapped keys.

use base::Instant;
use db::{Tx, args};

use super::NewKey;

/// Keeps a new key.
pub async fn save(tx: &mut Tx, key: &NewKey, made_for: &str, now: Instant) -> db::Result<()> {
    tx.change_one(
        "insert into trust_key (id, kind, made_for, spki, wrapped, made_at) values ($1, $2, $3, $4, $5, $6)",
        args![key.id, key.kind, made_for, super::spki(&key.private), key.wrapped, now],
    )
    .await
}

/// A key as it is wrapped.
pub async fn get_wrapped(tx: &mut Tx, id: &str) -> db::Result<Vec<u8>> {
    tx.get("select wrapped from trust_key where id = $1", args![id]).await
}

/// The key made last, with its id.
pub async fn find_newest(tx: &mut Tx) -> db::Result<Option<(String, Vec<u8>)>> {
    tx.find("select id, wrapped from trust_key order by made_at desc, id desc limit 1", args![]).await
}
