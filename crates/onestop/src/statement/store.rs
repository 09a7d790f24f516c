//! The rows of the keys.

use base::Instant;
use db::{Tx, args};

db::record! {
    /// A key's public half, and since when it signs no more.
    pub struct PublicKey {
        id: String, public_hex: String, made_at: Instant, retired_at: Option<Instant>,
    }
}

/// The seed of the key that signs now.
pub async fn find_seed(tx: &mut Tx) -> db::Result<Option<String>> {
    tx.find(
        "select secret_hex from statement_key where secret_hex is not null
          order by made_at desc, id limit 1",
        args![],
    )
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

/// From now on this key signs, and the secret halves of all others are gone.
pub async fn save_newest(
    tx: &mut Tx,
    id: &str,
    public_hex: &str,
    secret_hex: &str,
    now: Instant,
) -> db::Result<()> {
    tx.change(
        "update statement_key set secret_hex = null, retired_at = $1 where secret_hex is not null",
        args![now],
    )
    .await?;
    tx.change_one(
        "insert into statement_key (id, public_hex, secret_hex, made_at) values ($1, $2, $3, $4)",
        args![id, public_hex, secret_hex, now],
    )
    .await
}
