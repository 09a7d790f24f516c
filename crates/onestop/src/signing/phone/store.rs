//! Rows of results that are being signed on a telephone.

use base::Instant;
use db::blobs::Hash;
use db::{Tx, args};

use super::RequestId;
use super::rules::State;
use crate::dossier::DossierId;
use crate::signing::store::Task;
use crate::signing::word;
use trust::signing::Part;

db::record! {
    /// A round: who signs, and with which certificate.
    pub struct Request { id: RequestId, account: String, certificate: String, made_at: Instant }
}

db::record! {
    struct Row {
        n: i64, dossier: DossierId, ordinal: i64, whose: String, since: Instant, what: String, state: String,
        ticket: Option<String>, before: Option<Hash>, prepared: Option<Hash>, hash: Option<String>,
        drawn: Option<String>,
    }
}

/// What lies ready while the phone is asked.
#[derive(Clone, Debug)]
pub struct Ready {
    /// The request to the operator.
    pub ticket: String,
    /// The file that is signed.
    pub before: Hash,
    /// The same with room for the signature.
    pub prepared: Hash,
    /// The hash that is signed, in hexadecimal.
    pub hash: String,
    /// Where the signature will be seen.
    pub drawn: Option<String>,
}

/// A result in a round.
#[derive(Clone, Debug)]
pub struct Item {
    /// The how-manieth, from 0.
    pub n: i64,
    pub task: Task,
    /// What the phone is told.
    pub what: String,
    pub state: State,
    pub ready: Option<Ready>,
}

impl From<Row> for Item {
    fn from(row: Row) -> Item {
        let ready = match (row.ticket, row.before, row.prepared, row.hash) {
            (Some(ticket), Some(before), Some(prepared), Some(hash)) => {
                Some(Ready { ticket, before, prepared, hash, drawn: row.drawn })
            }
            _ => None,
        };
        let part = word(Part::Person).to_string();
        let (dossier, ordinal, whose, since) = (row.dossier, row.ordinal, row.whose, row.since);
        Item {
            n: row.n,
            task: Task { dossier, ordinal, part, whose, since },
            what: row.what,
            state: State::of(&row.state),
            ready,
        }
    }
}

/// Keeps a round of these results, none of which is asked about yet.
pub async fn save(tx: &mut Tx, r: &Request, tasks: &[(Task, String)]) -> db::Result<()> {
    let sql = "insert into phone_request (id, account, certificate, made_at) values ($1, $2, $3, $4)";
    tx.change_one(sql, args![r.id, &r.account, &r.certificate, r.made_at]).await?;
    for (n, (task, what)) in (0_i64..).zip(tasks) {
        let (dossier, ordinal, since) = (task.dossier, task.ordinal, task.since);
        tx.change_one(
            "insert into phone_item (request, n, dossier, ordinal, whose, since, what, state)
             values ($1, $2, $3, $4, $5, $6, $7, 'waiting')",
            args![r.id, n, dossier, ordinal, &task.whose, since, what],
        )
        .await?;
    }
    Ok(())
}

/// A round.
pub async fn find(tx: &mut Tx, id: RequestId) -> db::Result<Option<Request>> {
    tx.find("select id, account, certificate, made_at from phone_request where id = $1", args![id]).await
}

/// The results of a round, in their order.
pub async fn list_items(tx: &mut Tx, id: RequestId) -> db::Result<Vec<Item>> {
    let rows: Vec<Row> = tx
        .list(
            "select n, dossier, ordinal, whose, since, what, state, ticket, before, prepared, hash, drawn
               from phone_item where request = $1 order by n limit 100",
            args![id],
        )
        .await?;
    Ok(rows.into_iter().map(Item::from).collect())
}

/// The rounds in which a phone is asked now; at most 200.
pub async fn list_asked(tx: &mut Tx) -> db::Result<Vec<RequestId>> {
    let sql = "select distinct request from phone_item where state = 'asked' order by request limit 200";
    tx.list(sql, args![]).await
}

/// The newest round of an account that is not over.
pub async fn find_open(tx: &mut Tx, account: &str) -> db::Result<Option<RequestId>> {
    tx.find(
        "select r.id from phone_request r join phone_item i on i.request = r.id
          where r.account = $1 and i.state in ('waiting', 'asked')
          order by r.made_at desc, r.id desc limit 1",
        args![account],
    )
    .await
}

/// Whether a result of a round is in this state.
pub async fn is_in(tx: &mut Tx, id: RequestId, n: i64, state: State) -> db::Result<bool> {
    let sql = "select count(*) from phone_item where request = $1 and n = $2 and state = $3";
    Ok(tx.get::<i64>(sql, args![id, n, state.word()]).await? == 1)
}

/// The phone is asked about a waiting result.
pub async fn save_asked(tx: &mut Tx, id: RequestId, n: i64, ready: &Ready) -> db::Result<()> {
    tx.change_one(
        "update phone_item set state = 'asked', ticket = $3, before = $4, prepared = $5, hash = $6, drawn = $7
          where request = $1 and n = $2 and state = 'waiting'",
        args![id, n, &ready.ticket, ready.before, ready.prepared, &ready.hash, &ready.drawn],
    )
    .await
}

/// Moves a result on and lets the file go that lay ready; whether it was still in the state it is moved from.
pub async fn save_moved(
    tx: &mut Tx,
    id: RequestId,
    item: &Item,
    (from, to): (State, State),
) -> db::Result<bool> {
    let sql = "update phone_item set state = $4, ticket = null, before = null, prepared = null, hash = null,
            drawn = null
          where request = $1 and n = $2 and state = $3";
    if tx.change(sql, args![id, item.n, from.word(), to.word()]).await? != 1 {
        return Ok(false);
    }
    if let Some(ready) = &item.ready {
        db::blobs::release(tx, &ready.prepared).await?;
    }
    Ok(true)
}

/// Rounds begun before in which no phone is asked, the oldest first.
pub async fn list_old(tx: &mut Tx, before: Instant, most: i64) -> db::Result<Vec<RequestId>> {
    tx.list(
        "select id from phone_request where made_at < $1
            and id not in (select request from phone_item where state = 'asked')
          order by made_at limit $2",
        args![before, most],
    )
    .await
}

/// Forgets a round.
pub async fn delete(tx: &mut Tx, id: RequestId) -> db::Result<()> {
    tx.change("delete from phone_item where request = $1", args![id]).await?;
    tx.change("delete from phone_request where id = $1", args![id]).await.map(drop)
}
