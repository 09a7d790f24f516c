//! Rows of wrapped keys.

use base::Instant;
use db::{Tx, args};

use super::NewKey;

/// Keeps a new key.
pub async fn save(tx: &mut Tx, key: &NewKey, made_for: &str, now: Instant) -> db::Result<()> {
    tx.change_one(
        "insert into trust_key (id, kind, made_for, spki, wrapped, module, made_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        args![key.id, key.kind, made_for, super::spki(key.private.as_ref()), key.wrapped, key.module, now],
    )
    .await
}

db::record! {
    /// A key as it is kept: wrapped, or in a module.
    pub struct Kept { spki: Vec<u8>, wrapped: Vec<u8>, module: Option<String> }
}

/// The key with this id.
pub async fn get(tx: &mut Tx, id: &str) -> db::Result<Kept> {
    tx.get("select spki, wrapped, module from trust_key where id = $1", args![id]).await
}

/// What was wrapped last, with its id: a key, or a secret of another system.
pub async fn find_newest(tx: &mut Tx) -> db::Result<Option<(String, Vec<u8>)>> {
    tx.find(
        "select id, wrapped from (
            select id, wrapped, made_at from trust_key where module is null
            union all
            select id, wrapped, made_at from trust_secret
         ) as known order by made_at desc, id desc limit 1",
        args![],
    )
    .await
}
