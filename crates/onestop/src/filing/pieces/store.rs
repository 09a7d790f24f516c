//! The rows of files that come in pieces. They belong to one account, and every statement that a
//! request reaches names it.

use base::Instant;
use db::blobs::Hash;
use db::{Tx, args};

db::record! {
    pub struct Piecewise {
        id: String, account: String, draft: Option<String>, component: Option<String>, name: String,
        size: i64, received: i64, pieces: i64, sha256: Option<Hash>, created_at: Instant,
    }
}

/// Begins a file.
pub async fn save(tx: &mut Tx, p: &Piecewise) -> db::Result<()> {
    tx.change_one(
        "insert into piecewise (id, account, draft, component, name, size, received, created_at)
         values ($1, $2, $3, $4, $5, $6, 0, $7)",
        args![&p.id, &p.account, &p.draft, &p.component, &p.name, p.size, p.created_at],
    )
    .await
}

/// A file of this account that was begun after `oldest`.
pub async fn find(tx: &mut Tx, id: &str, account: &str, oldest: Instant) -> db::Result<Option<Piecewise>> {
    tx.find(
        "select id, account, draft, component, name, size, received, pieces, sha256, created_at
           from piecewise where id = $1 and account = $2 and created_at > $3",
        args![id, account, oldest],
    )
    .await
}

/// How many files of an account are on their way, and how many bytes they were told to have.
pub async fn open(tx: &mut Tx, account: &str, oldest: Instant) -> db::Result<(i64, i64)> {
    db::record! { struct Sum { count: i64, bytes: i64 } }
    let Sum { count, bytes } = tx
        .get(
            "select count(*) as count, cast(coalesce(sum(size), 0) as bigint) as bytes from piecewise
              where account = $1 and created_at > $2 and sha256 is null",
            args![account, oldest],
        )
        .await?;
    Ok((count, bytes))
}

/// Acknowledges a piece whose bytes are durable. `Stale` when another request was there first.
pub async fn save_piece(tx: &mut Tx, p: &Piecewise, size: i64, sha256: Hash) -> db::Result<()> {
    tx.change_one(
        "update piecewise set received = received + $1, pieces = pieces + 1
          where id = $2 and account = $3 and received = $4 and sha256 is null",
        args![size, &p.id, &p.account, p.received],
    )
    .await?;
    tx.change_one(
        "insert into piece (piecewise, begins, size, sha256) values ($1, $2, $3, $4)",
        args![&p.id, p.received, size, sha256],
    )
    .await
}

/// The contents of the pieces in their order.
pub async fn list_pieces(tx: &mut Tx, id: &str) -> db::Result<Vec<Hash>> {
    tx.list("select sha256 from piece where piecewise = $1 order by begins limit 5000", args![id]).await
}

/// The file is an upload from now on; whether it was none before.
pub async fn save_whole(tx: &mut Tx, id: &str, sha256: Hash) -> db::Result<bool> {
    let sql = "update piecewise set sha256 = $1 where id = $2 and sha256 is null and received = size";
    let is_new = tx.change(sql, args![sha256, id]).await? == 1;
    tx.change("delete from piece where piecewise = $1", args![id]).await?;
    Ok(is_new)
}

/// Forgets a file of this account and its pieces.
pub async fn delete(tx: &mut Tx, id: &str, account: &str) -> db::Result<()> {
    tx.change(
        "delete from piece where piecewise in (select id from piecewise where id = $1 and account = $2)",
        args![id, account],
    )
    .await?;
    tx.change("delete from piecewise where id = $1 and account = $2", args![id, account]).await?;
    Ok(())
}

/// Forgets what was begun before `before`; how many files.
pub async fn delete_old(tx: &mut Tx, before: Instant) -> db::Result<u64> {
    tx.change(
        "delete from piece where piecewise in (select id from piecewise where created_at < $1)",
        args![before],
    )
    .await?;
    tx.change("delete from piecewise where created_at < $1", args![before]).await
}
