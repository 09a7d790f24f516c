//! The rows of the keys.

use base::Instant;
use db::{Tx, args};

db::record! {
    /// A key's public half, and since when it signs no more.
    pub struct PublicKey {
        id: String, public_hex: String, made_at: Instant, retired_at: Option<Instant>,
    }
}

db::record! {
    /// The key that signs now: where its seed lies sealed, or, as an earlier release has left it, the seed.
    pub struct Newest { id: String, sealed: Option<String>, plain_hex: Option<String> }
}

/// The key that signs now.
pub async fn find_newest(tx: &mut Tx) -> db::Result<Option<Newest>> {
    tx.find(
        "select id, sealed, secret_hex as plain_hex from statement_key where retired_at is null
          order by made_at desc, id limit 1",
        args![],
    )
    .await
}

/// Writes noughts over a seed that lies open, in its very place: a value of the same length goes where the
/// old one was, so that the page of the file keeps nothing of it. False when it is not there any more.
pub async fn blacken(tx: &mut Tx, id: &str, hex: &str) -> db::Result<bool> {
    let noughts = "0".repeat(hex.len());
    let sql = "update statement_key set secret_hex = $1 where id = $2 and secret_hex = $3";
    Ok(tx.change(sql, args![noughts, id, hex]).await? == 1)
}

/// The key's seed lies sealed from now on.
pub async fn save_sealed(tx: &mut Tx, id: &str, sealed: &str) -> db::Result<()> {
    tx.change_one("update statement_key set secret_hex = null, sealed = $1 where id = $2", args![sealed, id])
        .await
}

/// The public half of the key with this name.
pub async fn find_public(tx: &mut Tx, id: &str) -> db::Result<Option<String>> {
    tx.find("select public_hex from statement_key where id = $1", args![id]).await
}

/// Every key there has been, the newest first; at most a hundred.
pub async fn list_public(tx: &mut Tx) -> db::Result<Vec<PublicKey>> {
    tx.list(
        "select id, public_hex, made_at, retired_at from statement_key
          order by made_at desc, id limit 100",
        args![],
    )
    .await
}

/// No key signs any more; the sealed secret halves, which are to be forgotten.
pub async fn retire_all(tx: &mut Tx, now: Instant) -> db::Result<Vec<String>> {
    let sealed = "select sealed from statement_key where sealed is not null order by id limit 100";
    let sealed = tx.list(sealed, args![]).await?;
    tx.change(
        "update statement_key set secret_hex = null, sealed = null, retired_at = $1 where retired_at is null",
        args![now],
    )
    .await?;
    Ok(sealed)
}

/// From now on this key signs.
pub async fn save(tx: &mut Tx, id: &str, public_hex: &str, sealed: &str, now: Instant) -> db::Result<()> {
    tx.change_one(
        "insert into statement_key (id, public_hex, sealed, made_at) values ($1, $2, $3, $4)",
        args![id, public_hex, sealed, now],
    )
    .await
}
