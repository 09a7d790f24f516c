//! Rows of requests.

use base::Instant;
use db::{Tx, args};

db::record! {
    /// A request with what became of it.
    pub struct Request {
        id: String, kind: String, account: Option<String>, post: Option<String>, unit: String,
        holder: String, title: String, email: String, host: String, letter: String, reason: String,
        device: String, device_no: String, csr: Option<Vec<u8>>, key_kind: Option<String>, years: i64,
        renews: Option<String>, state: String, asked_by: String, asked_at: Instant,
        decided_by: Option<String>, decided_at: Option<Instant>, note: String, certificate: Option<String>,
        version: i64,
    }
}

macro_rules! request {
    ($tail:literal) => {
        concat!(
            "select id, kind, account, post, unit, holder, title, email, host, letter, reason, device, ",
            "device_no, csr, key_kind, years, renews, state, asked_by, asked_at, decided_by, decided_at, ",
            "note, certificate, version from certificate_request ",
            $tail
        )
    };
}

/// The request with this id.
pub async fn find(tx: &mut Tx, id: &str) -> db::Result<Option<Request>> {
    tx.find(request!("where id = $1"), args![id]).await
}

/// Requests in a state, the oldest first; at most 100.
pub async fn list_in(tx: &mut Tx, state: &str) -> db::Result<Vec<Request>> {
    tx.list(request!("where state = $1 order by asked_at, id limit 100"), args![state]).await
}

/// Requests decided last; at most 50.
pub async fn list_decided(tx: &mut Tx) -> db::Result<Vec<Request>> {
    tx.list(request!("where state <> 'asked' order by decided_at desc, id desc limit 50"), args![]).await
}

/// Requests by a person, the newest first; at most 50.
pub async fn list_by(tx: &mut Tx, asked_by: &str) -> db::Result<Vec<Request>> {
    tx.list(request!("where asked_by = $1 order by asked_at desc, id desc limit 50"), args![asked_by]).await
}

/// How many of one person wait.
pub async fn count_waiting(tx: &mut Tx, asked_by: &str) -> db::Result<i64> {
    let sql = "select count(*) from certificate_request where asked_by = $1 and state = 'asked'";
    tx.get(sql, args![asked_by]).await
}

/// Keeps a new request.
pub async fn save(tx: &mut Tx, r: &Request) -> db::Result<()> {
    tx.change_one(
        "insert into certificate_request (id, kind, account, post, unit, holder, title, email, host, letter,
                reason, device, device_no, csr, key_kind, years, renews, state, asked_by, asked_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 'asked', $18,
                 $19)",
        args![
            r.id,
            r.kind,
            r.account,
            r.post,
            r.unit,
            r.holder,
            r.title,
            r.email,
            r.host,
            r.letter,
            r.reason,
            r.device,
            r.device_no,
            r.csr,
            r.key_kind,
            r.years,
            r.renews,
            r.asked_by,
            r.asked_at
        ],
    )
    .await
}

/// Keeps what was decided. `Stale` when somebody has.
pub async fn save_decided(
    tx: &mut Tx,
    id: &str,
    (state, note, certificate): (&str, &str, Option<&str>),
    by: &str,
    now: Instant,
) -> db::Result<()> {
    tx.change_one(
        "update certificate_request set state = $1, note = $2, certificate = $3, decided_by = $4,
                decided_at = $5, version = version + 1
          where id = $6 and state = 'asked'",
        args![state, note, certificate, by, now, id],
    )
    .await
}
