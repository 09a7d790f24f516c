//! A request sent twice has its effect once: the answer is kept in the transaction of the effect
//! under the caller's account and `Idempotency-Key`.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base::Instant;
use db::Tx;
use serde::Serialize;
use serde_json::Value;
use web::{Problem, idempotent};

/// What makes a request this request; without a key it is always the first.
#[derive(Clone)]
pub struct Once {
    account: String,
    key: Option<String>,
    hash: String,
}

/// An answer in JSON that can be given again.
#[derive(Clone)]
pub struct Answer {
    status: u16,
    body: Vec<u8>,
    replayed: bool,
}

impl Answer {
    /// A first answer.
    pub fn json(status: StatusCode, body: &impl Serialize) -> Result<Answer, Problem> {
        let body = serde_json::to_vec(body).map_err(Problem::fault)?;
        Ok(Answer { status: status.as_u16(), body, replayed: false })
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        if self.replayed {
            return idempotent::replay(self.status, self.body);
        }
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        (status, [(header::CONTENT_TYPE, "application/json")], self.body).into_response()
    }
}

impl Once {
    /// The request of this account; `path` is the path alone.
    pub fn of(headers: &HeaderMap, account: &str, path: &str, body: &Value) -> Result<Once, Problem> {
        Ok(Once {
            account: account.to_string(),
            key: idempotent::key(headers)?,
            hash: idempotent::request_hash("POST", path, body.to_string().as_bytes()),
        })
    }

    /// The answer given before, if there is one.
    pub async fn known(&self, tx: &mut Tx) -> Result<Option<Answer>, Problem> {
        let Some(key) = &self.key else { return Ok(None) };
        match idempotent::find(tx, &self.account, key, &self.hash).await? {
            idempotent::Known::First => Ok(None),
            idempotent::Known::Replay { status, body } => Ok(Some(Answer { status, body, replayed: true })),
            idempotent::Known::Mismatch => Err(Problem::KeyReused),
        }
    }

    /// Keeps the answer beside its effect.
    pub async fn keep(&self, tx: &mut Tx, answer: &Answer, now: Instant) -> Result<(), Problem> {
        if let Some(key) = &self.key {
            let told = (answer.status, answer.body.as_slice());
            idempotent::keep(tx, &self.account, key, &self.hash, told, now).await?;
        }
        Ok(())
    }
}
