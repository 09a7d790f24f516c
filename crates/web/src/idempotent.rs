//! A request sent twice has its effect once. The first answer is kept in the same transaction as the
//! effect, under the caller's account and the key it chose (`Idempotency-Key`), for seven days.

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base::Instant;
use db::{Tx, args, record};

use crate::problem::Problem;

const KEPT_DAYS: i64 = 7;
const KEY_BYTES_MAX: usize = 200;

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Never seen: do it, then [`keep`] the answer.
    First,
    /// Done before, with this answer.
    Replay { status: u16, body: Vec<u8> },
    /// The key belongs to another request; answer [`Problem::KeyReused`].
    Mismatch,
}

record! {
    struct Row {
        request_hash: String,
        status: u32,
        body: Vec<u8>,
    }
}

/// The caller's key, if it sent one: 1 to 200 printable ASCII characters.
pub fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let text = value.to_str().unwrap_or("").trim();
    if text.is_empty() || text.len() > KEY_BYTES_MAX {
        return Err(Problem::Malformed("Idempotency-Key is empty, too long or not ASCII".into()));
    }
    Ok(Some(text.to_string()))
}

/// The hash of what makes a request this request: its method, path and body.
pub fn request_hash(method: &str, path: &str, body: &[u8]) -> String {
    let mut all = Vec::with_capacity(method.len() + path.len() + body.len() + 2);
    for part in [method.as_bytes(), path.as_bytes()] {
        all.extend_from_slice(part);
        all.push(0);
    }
    all.extend_from_slice(body);
    crate::secret::sha256_hex(&all)
}

/// Looks the key up, inside the write that would do the deed.
pub async fn find(tx: &mut Tx, account: &str, key: &str, request_hash: &str) -> Result<Known, db::Error> {
    let sql = "select request_hash, status, body from idempotency where account = $1 and key = $2";
    let row: Option<Row> = tx.find(sql, args![account, key]).await?;
    Ok(match row {
        None => Known::First,
        Some(row) if row.request_hash != request_hash => Known::Mismatch,
        Some(row) => Known::Replay { status: u16::try_from(row.status).unwrap_or(500), body: row.body },
    })
}

/// Keeps the answer, in the same transaction as the effect.
pub async fn keep(
    tx: &mut Tx,
    account: &str,
    key: &str,
    request_hash: &str,
    answer: (u16, &[u8]),
    now: Instant,
) -> Result<(), db::Error> {
    let (status, body) = answer;
    tx.change(
        "insert into idempotency (account, key, request_hash, status, body, at)
         values ($1, $2, $3, $4, $5, $6)",
        args![account, key, request_hash, u32::from(status), body.to_vec(), now],
    )
    .await?;
    Ok(())
}

/// A kept answer as it is sent again: JSON, marked as a replay.
pub fn replay(status: u16, body: Vec<u8>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (status, kind, [("idempotent-replayed", "true")], Bytes::from(body)).into_response()
}

/// Forgets keys older than a week.
pub async fn sweep(tx: &mut Tx, now: Instant) -> Result<u64, db::Error> {
    tx.change("delete from idempotency where at < $1", args![now.plus_days(-KEPT_DAYS)]).await
}
