//! Rows of deeds over many requests.

use base::Instant;
use db::{Tx, args};

use super::DeedId;

db::record! {
    /// A deed: whose, in which office.
    pub struct Deed { id: DeedId, account: String, office: String, at: Instant }
}

/// The deed of this id.
pub async fn find(tx: &mut Tx, id: DeedId) -> db::Result<Option<Deed>> {
    tx.find("select id, account, office, at from request_deed where id = $1", args![id]).await
}

/// The newest deed of an account that is not done.
pub async fn find_running(tx: &mut Tx, account: &str) -> db::Result<Option<DeedId>> {
    tx.find(
        "select d.id from request_deed d where d.account = $1
            and exists (select 1 from request_deed_item i where i.deed = d.id and i.state = 'waiting')
          order by d.at desc, d.id desc limit 1",
        args![account],
    )
    .await
}

/// Keeps a deed.
pub async fn save(tx: &mut Tx, new: &Deed) -> db::Result<()> {
    let sql = "insert into request_deed (id, account, office, at) values ($1, $2, $3, $4)";
    tx.change_one(sql, args![new.id, new.account, new.office, new.at]).await
}

/// Puts a request into it; one that is in it already stays where it is.
pub async fn save_item(tx: &mut Tx, deed: DeedId, n: i64, request: &str) -> db::Result<()> {
    let sql = "insert into request_deed_item (deed, n, request, state) values ($1, $2, $3, 'waiting')
          on conflict (deed, request) do nothing";
    tx.change(sql, args![deed, n, request]).await.map(drop)
}

db::record! {
    /// A request of a deed.
    pub struct Item { n: i64, request: String }
}

/// The next requests of a deed that wait.
pub async fn list_waiting(tx: &mut Tx, deed: DeedId, most: usize) -> db::Result<Vec<Item>> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    tx.list(
        "select n, request from request_deed_item
          where deed = $1 and state = 'waiting' order by n limit $2",
        args![deed, most],
    )
    .await
}

/// Writes down what became of a request: issued, or refused for this reason.
pub async fn save_told(tx: &mut Tx, deed: DeedId, n: i64, reason: Option<&str>) -> db::Result<()> {
    let state = if reason.is_some() { "refused" } else { "issued" };
    tx.change_one(
        "update request_deed_item set state = $1, reason = $2 where deed = $3 and n = $4",
        args![state, reason.unwrap_or_default(), deed, n],
    )
    .await
}

db::record! {
    /// A request of a deed for the page, with the certificate it became.
    pub struct Told {
        request: String, holder: String, kind: String, state: String, reason: String,
        certificate: Option<String>,
    }
}

/// All requests of a deed; no more than a deed may have.
pub async fn list(tx: &mut Tx, deed: DeedId) -> db::Result<Vec<Told>> {
    tx.list(
        "select i.request, r.holder, r.kind, i.state, i.reason, r.certificate
           from request_deed_item i join certificate_request r on r.id = i.request
          where i.deed = $1 order by i.n limit 100",
        args![deed],
    )
    .await
}
