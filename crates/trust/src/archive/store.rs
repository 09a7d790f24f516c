//! Rows of kept documents and of their time-stamps.

use base::Instant;
use db::blobs::Hash;
use db::{Tx, args};

use super::Deposit;
use super::rules::Kind;

db::record! {
    struct Row {
        id: String, system: String, subject: String, page: String, kind: String, held: String,
        stamped_at: Option<Instant>, lapses_at: Option<Instant>, next_at: Instant, failures: i64,
        error: String, version: i64,
    }
}

/// A kept document.
#[derive(Clone, Debug)]
pub struct Item {
    pub id: String,
    pub system: String,
    pub subject: String,
    /// Where more of it is read; empty where that is nowhere.
    pub page: String,
    pub kind: Kind,
    pub held: String,
    pub stamped_at: Option<Instant>,
    pub lapses_at: Option<Instant>,
    pub next_at: Instant,
    pub failures: i64,
    pub error: String,
    pub version: i64,
}

impl From<Row> for Item {
    fn from(row: Row) -> Item {
        Item {
            kind: Kind::of(&row.kind).unwrap_or(Kind::Record),
            id: row.id,
            system: row.system,
            subject: row.subject,
            page: row.page,
            held: row.held,
            stamped_at: row.stamped_at,
            lapses_at: row.lapses_at,
            next_at: row.next_at,
            failures: row.failures,
            error: row.error,
            version: row.version,
        }
    }
}

macro_rules! item {
    ($tail:literal) => {
        concat!(
            "select id, system, subject, page, kind, held, stamped_at, lapses_at, next_at, failures, error, ",
            "version from archive_item ",
            $tail
        )
    };
}

fn items(rows: Vec<Row>) -> Vec<Item> {
    rows.into_iter().map(Item::from).collect()
}

/// The document with this id.
pub async fn find(tx: &mut Tx, id: &str) -> db::Result<Option<Item>> {
    Ok(tx.find::<Row>(item!("where id = $1"), args![id]).await?.map(Item::from))
}

/// The document that a system handed over under this subject.
pub async fn find_of(tx: &mut Tx, system: &str, subject: &str) -> db::Result<Option<Item>> {
    let sql = item!("where system = $1 and subject = $2");
    Ok(tx.find::<Row>(sql, args![system, subject]).await?.map(Item::from))
}

/// Documents whose time has come, the longest due first; at most 200.
pub async fn list_due(tx: &mut Tx, now: Instant) -> db::Result<Vec<Item>> {
    let sql = item!("where next_at <= $1 order by next_at, id limit 200");
    Ok(items(tx.list(sql, args![now]).await?))
}

/// Documents for the page: those that failed first, then those that come next; at most 100.
pub async fn list(tx: &mut Tx) -> db::Result<Vec<Item>> {
    let sql = item!("order by case when failures > 0 then 0 else 1 end, next_at, id limit 100");
    Ok(items(tx.list(sql, args![]).await?))
}

db::record! {
    /// How many documents stand where.
    pub struct Count { kept: i64, failing: i64, lapsed: i64, stamps: i64 }
}

/// How many there are.
pub async fn count(tx: &mut Tx, now: Instant) -> db::Result<Count> {
    tx.get(
        "select count(*) as kept, coalesce(sum(case when failures > 0 then 1 else 0 end), 0) as failing,
                coalesce(sum(case when lapses_at <= $1 then 1 else 0 end), 0) as lapsed,
                (select count(*) from archive_stamp) as stamps
           from archive_item",
        args![now],
    )
    .await
}

/// Keeps a document: it is looked at by the next round.
pub async fn save(tx: &mut Tx, id: &str, new: &Deposit<'_>, now: Instant) -> db::Result<()> {
    tx.change_one(
        "insert into archive_item (id, system, subject, kind, held, page, next_at, added_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7)",
        args![id, new.system, new.subject, new.kind.word(), new.content, new.page, now],
    )
    .await
}

/// When it was stamped, until when that counts, and when it is looked at again.
pub struct Times {
    pub stamped_at: Instant,
    pub lapses_at: Instant,
    pub next_at: Instant,
}

/// Keeps what was done. `Stale` when somebody else did it.
pub async fn save_done(tx: &mut Tx, (id, seen): (&str, i64), held: &Hash, times: &Times) -> db::Result<()> {
    tx.change_one(
        "update archive_item set held = $1, stamped_at = $2, lapses_at = $3, next_at = $4, failures = 0,
                error = '', version = version + 1
          where id = $5 and version = $6",
        args![held, times.stamped_at, times.lapses_at, times.next_at, id, seen],
    )
    .await
}

/// Keeps that it was not done, and why.
pub async fn save_failed(
    tx: &mut Tx,
    id: &str,
    (failures, error): (i64, &str),
    next_at: Instant,
) -> db::Result<()> {
    tx.change_one(
        "update archive_item set failures = $1, error = $2, next_at = $3, version = version + 1
          where id = $4",
        args![failures, error, next_at, id],
    )
    .await
}

/// All documents that failed last are looked at again by the next round.
pub async fn save_retried(tx: &mut Tx, now: Instant) -> db::Result<u64> {
    tx.change("update archive_item set next_at = $1 where failures > 0", args![now]).await
}

/// An archive time-stamp as it was put on.
pub struct Stamp<'a> {
    pub no: i64,
    pub at: Instant,
    pub lapses_at: Instant,
    pub token: Option<&'a [u8]>,
}

/// How many time-stamps were put on.
pub async fn count_stamps(tx: &mut Tx, item: &str) -> db::Result<i64> {
    tx.get("select count(*) from archive_stamp where item = $1", args![item]).await
}

/// Keeps one.
pub async fn save_stamp(tx: &mut Tx, item: &str, new: &Stamp<'_>) -> db::Result<()> {
    tx.change_one(
        "insert into archive_stamp (item, no, at, lapses_at, token) values ($1, $2, $3, $4, $5)",
        args![item, new.no, new.at, new.lapses_at, new.token],
    )
    .await
}

/// The tokens of a record, the oldest first: one in some years, so the limit is far.
pub async fn list_tokens(tx: &mut Tx, item: &str) -> db::Result<Vec<Vec<u8>>> {
    tx.list(
        "select token from archive_stamp where item = $1 and token is not null order by no limit 1000",
        args![item],
    )
    .await
}
