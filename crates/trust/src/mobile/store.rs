//! Rows of requests to telephones, and of the files that wait for their signatures.

use base::Instant;
use db::blobs::Hash;
use db::{Tx, args};

db::record! {
    /// A request.
    pub struct Row {
        id: String, account: String, certificate: String, number: String, shown: String, code: String,
        to_sign: Vec<u8>, state: String, operator_no: Option<String>, signature: Option<Vec<u8>>,
        asked_at: Instant, ends_at: Instant,
    }
}

macro_rules! row {
    ($tail:literal) => {
        concat!(
            "select id, account, certificate, number, shown, code, to_sign, state, operator_no, signature, ",
            "asked_at, ends_at from mobile_request ",
            $tail
        )
    };
}

/// A request.
pub async fn find(tx: &mut Tx, id: &str) -> db::Result<Option<Row>> {
    tx.find(row!("where id = $1"), args![id]).await
}

/// Those of an account, the newest first; at most 50.
pub async fn list(tx: &mut Tx, account: &str) -> db::Result<Vec<Row>> {
    tx.list(row!("where account = $1 order by asked_at desc, id desc limit 50"), args![account]).await
}

/// The ids of those that are not over, the oldest first; at most 200.
pub async fn list_open(tx: &mut Tx) -> db::Result<Vec<String>> {
    tx.list(
        "select id from mobile_request where state in ('asked', 'sent') order by asked_at limit 200",
        args![],
    )
    .await
}

/// How many are under way to a number, their time not over.
pub async fn count_open(tx: &mut Tx, number: &str, now: Instant) -> db::Result<i64> {
    tx.get(
        "select count(*) from mobile_request
          where state in ('asked', 'sent') and number = $1 and ends_at > $2",
        args![number, now],
    )
    .await
}

/// Keeps a new one.
pub async fn save(tx: &mut Tx, new: &Row) -> db::Result<()> {
    tx.change_one(
        "insert into mobile_request (id, account, certificate, number, shown, code, to_sign, state, asked_at,
                ends_at, changed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $9)",
        args![
            new.id,
            new.account,
            new.certificate,
            new.number,
            new.shown,
            new.code,
            new.to_sign,
            new.state,
            new.asked_at,
            new.ends_at
        ],
    )
    .await
}

/// Keeps what was heard; whether it was still in the state in which it was seen.
pub async fn save_heard(
    tx: &mut Tx,
    seen: &Row,
    state: &str,
    (operator_no, signature): (Option<&str>, Option<&[u8]>),
    now: Instant,
) -> db::Result<bool> {
    let changed = tx
        .change(
            "update mobile_request set state = $1, operator_no = coalesce($2, operator_no),
                    signature = coalesce($3, signature), changed_at = $4
              where id = $5 and state = $6",
            args![state, operator_no, signature, now, seen.id, seen.state],
        )
        .await?;
    Ok(changed == 1)
}

db::record! {
    /// A certificate whose key lies in a SIM card.
    pub struct CardRow { id: String, der: Vec<u8>, holder: String, authority: Option<String>, number: String }
}

/// An official's certificates in SIM cards that are in use, the longest first; at most 20.
pub async fn list_cards(tx: &mut Tx, account: &str, now: Instant) -> db::Result<Vec<CardRow>> {
    tx.list(
        "select id, der, holder, authority, device_no as number from certificate
          where account = $1 and kind = 'official' and device = 'sim' and state = 'valid'
            and not_before <= $2 and not_after > $2
          order by not_after desc, id limit 20",
        args![account, now],
    )
    .await
}

/// Whether a certificate is in use.
pub async fn is_in_use(tx: &mut Tx, certificate: &str, now: Instant) -> db::Result<bool> {
    let sql = "select count(*) from certificate
          where id = $1 and state = 'valid' and not_before <= $2 and not_after > $2";
    Ok(tx.get::<i64>(sql, args![certificate, now]).await? == 1)
}

db::record! {
    /// A file that waits for a signature, or has it.
    pub struct Paper {
        request: String, name: String, format: String, sha256: Hash, made_at: Instant,
        result: Option<Vec<u8>>,
    }
}

/// The file of a request.
pub async fn find_paper(tx: &mut Tx, request: &str) -> db::Result<Option<Paper>> {
    let sql = "select request, name, format, sha256, made_at, result from mobile_document where request = $1";
    tx.find(sql, args![request]).await
}

/// Keeps it.
pub async fn save_paper(tx: &mut Tx, paper: &Paper) -> db::Result<()> {
    tx.change_one(
        "insert into mobile_document (request, name, format, sha256, made_at) values ($1, $2, $3, $4, $5)",
        args![paper.request, paper.name, paper.format, paper.sha256, paper.made_at],
    )
    .await
}

/// Keeps what signing adds to it.
pub async fn save_result(tx: &mut Tx, request: &str, result: &[u8]) -> db::Result<()> {
    tx.change_one("update mobile_document set result = $1 where request = $2", args![result, request]).await
}

/// The contents of files made before; at most 500. Each is to be released.
pub async fn list_old(tx: &mut Tx, before: Instant) -> db::Result<Vec<(String, Hash)>> {
    tx.list("select request, sha256 from mobile_document where made_at < $1 limit 500", args![before]).await
}

/// Forgets a file.
pub async fn remove_paper(tx: &mut Tx, request: &str) -> db::Result<()> {
    tx.change_one("delete from mobile_document where request = $1", args![request]).await
}

/// Forgets requests asked before, whose files are forgotten; how many.
pub async fn sweep(tx: &mut Tx, before: Instant) -> db::Result<u64> {
    tx.change(
        "delete from mobile_request where asked_at < $1
            and id not in (select request from mobile_document)",
        args![before],
    )
    .await
}
