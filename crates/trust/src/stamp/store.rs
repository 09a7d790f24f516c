//! The counter of time-stamps.

use base::Instant;
use db::{Tx, args};

db::record! {
    /// The next number, and the latest instant known to have been.
    pub struct Counter { next: i64, last_at: Instant }
}

/// The counter, if a stamp was ever given.
pub async fn find(tx: &mut Tx) -> db::Result<Option<Counter>> {
    tx.find("select next, last_at from stamp_counter where id = 1", args![]).await
}

/// Keeps that numbers up to `next` are taken, and that it is `at`.
pub async fn save(tx: &mut Tx, next: i64, at: Instant) -> db::Result<()> {
    tx.change_one(
        "insert into stamp_counter (id, next, last_at) values (1, $1, $2)
         on conflict (id) do update set next = excluded.next, last_at = excluded.last_at",
        args![next, at],
    )
    .await
}
