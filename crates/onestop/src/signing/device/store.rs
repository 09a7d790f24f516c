//! Rows of what is being signed with a token at hand.

use base::Instant;
use db::blobs::Hash;
use db::{Tx, args};

use crate::dossier::DossierId;
use crate::signing::store::Task;

db::record! {
    /// A request to the agent. `id`: the hash of the word that comes back.
    pub struct Request {
        id: String, account: String, certificate: String, made_at: Instant, until_at: Instant,
    }
}

/// Keeps a request.
pub async fn save_request(tx: &mut Tx, r: &Request) -> db::Result<()> {
    let sql = "insert into device_request (id, account, certificate, made_at, until_at)
         values ($1, $2, $3, $4, $5)";
    tx.change_one(sql, args![&r.id, &r.account, &r.certificate, r.made_at, r.until_at]).await
}

/// A request that is still waited for.
pub async fn find_request(tx: &mut Tx, id: &str, now: Instant) -> db::Result<Option<Request>> {
    let sql = "select id, account, certificate, made_at, until_at from device_request
          where id = $1 and until_at > $2";
    tx.find(sql, args![id, now]).await
}

/// Forgets a request.
pub async fn end_request(tx: &mut Tx, id: &str) -> db::Result<()> {
    tx.change("delete from device_request where id = $1", args![id]).await.map(drop)
}

/// Requests whose time is over, the oldest first.
pub async fn list_late(tx: &mut Tx, now: Instant, most: i64) -> db::Result<Vec<String>> {
    let sql = "select id from device_request where until_at <= $1 order by until_at limit $2";
    tx.list(sql, args![now, most]).await
}

/// A result in a request.
#[derive(Clone, Debug)]
pub struct Item {
    /// The how-manieth, from 0.
    pub n: i64,
    pub task: Task,
    /// The file that is signed.
    pub before: Hash,
    /// The same with room for the signature.
    pub prepared: Hash,
    /// The hash that is signed, in hexadecimal.
    pub hash: String,
    /// Where the signature will be seen.
    pub drawn: Option<String>,
}

db::record! {
    struct ItemRow {
        n: i64, dossier: DossierId, ordinal: i64, part: String, whose: String, since: Instant, before: Hash,
        prepared: Hash, hash: String, drawn: Option<String>,
    }
}

/// Keeps an item of a request.
pub async fn save_item(tx: &mut Tx, request: &str, n: i64, item: &Item) -> db::Result<()> {
    let t = &item.task;
    tx.change_one(
        "insert into device_item (request, n, dossier, ordinal, part, whose, since, before, prepared, hash,
                drawn)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        args![
            request,
            n,
            t.dossier,
            t.ordinal,
            &t.part,
            &t.whose,
            t.since,
            item.before,
            item.prepared,
            &item.hash,
            &item.drawn
        ],
    )
    .await
}

/// The items of a request that are not signed yet, in their order.
pub async fn list_items(tx: &mut Tx, request: &str) -> db::Result<Vec<Item>> {
    let rows: Vec<ItemRow> = tx
        .list(
            "select n, dossier, ordinal, part, whose, since, before, prepared, hash, drawn from device_item
              where request = $1 order by n limit 500",
            args![request],
        )
        .await?;
    let item = |r: ItemRow| Item {
        n: r.n,
        task: Task { dossier: r.dossier, ordinal: r.ordinal, part: r.part, whose: r.whose, since: r.since },
        before: r.before,
        prepared: r.prepared,
        hash: r.hash,
        drawn: r.drawn,
    };
    Ok(rows.into_iter().map(item).collect())
}

/// Forgets an item; whether it was there.
pub async fn end_item(tx: &mut Tx, request: &str, n: i64) -> db::Result<bool> {
    let sql = "delete from device_item where request = $1 and n = $2";
    Ok(tx.change(sql, args![request, n]).await? == 1)
}
