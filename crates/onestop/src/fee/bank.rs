//! The bank's side: who may tell us that money came, and how that is proved.
//!
//! A notice is a JSON body under a signature: `x-bank-timestamp` (seconds since 1970) and
//! `x-bank-signature` (HMAC-SHA-256 over the timestamp, a dot and the body, in hexadecimal). One
//! older or newer than five minutes is refused, so that an overheard one cannot be told again later;
//! within that time the bank's reference sees to it that it counts once.

use std::sync::Arc;

use aws_lc_rs::hmac;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base::Instant;
use bytes::Bytes;
use db::{Act, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;
use web::{Message, Path, Problem};

use super::rules::Trouble;
use super::words::say;
use super::{Told, take_notice};
use crate::App;

/// How far the bank's clock may be from ours, in seconds.
const SKEW_S_MAX: i64 = 300;
/// The largest notice we read.
const NOTICE_BYTES_MAX: usize = 16 * 1024;
/// The most that one transfer brings, in đồng: a guard against nonsense.
const AMOUNT_MAX: i64 = 1_000_000_000_000;
const WORDS_CHARS_MAX: usize = 500;
const NAME_CHARS_MAX: usize = 200;
const TIMESTAMP: &str = "x-bank-timestamp";
const SIGNATURE: &str = "x-bank-signature";

/// Money has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The bank's own reference; one for each payment.
    pub reference: String,
    /// Whole đồng.
    pub amount: i64,
    /// The account it came to.
    pub account: String,
    /// What the payer, the bank and whoever stood between wrote into the transfer.
    pub words: String,
    #[serde(default)]
    pub payer_name: String,
    #[serde(default)]
    pub payer_account: String,
    pub paid_at: Instant,
}

impl Notice {
    /// What was told, as one short text: the same notice has the same.
    pub fn digest(&self) -> String {
        let told = json!([
            self.reference,
            self.amount,
            self.account,
            self.words,
            self.payer_name,
            self.payer_account,
            self.paid_at
        ]);
        web::secret::sha256_hex(told.to_string().as_bytes())
    }

    fn fits(&self) -> bool {
        let within = |text: &str, most: usize| text.chars().count() <= most;
        let reference =
            (1..=64).contains(&self.reference.len()) && self.reference.bytes().all(|b| b.is_ascii_graphic());
        reference
            && (1..=AMOUNT_MAX).contains(&self.amount)
            && (1..=34).contains(&self.account.len())
            && within(&self.words, WORDS_CHARS_MAX)
            && within(&self.payer_name, NAME_CHARS_MAX)
            && within(&self.payer_account, NAME_CHARS_MAX)
    }
}

/// Why what was sent is no notice of this bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotProven {
    /// The signature is missing or another.
    Signature,
    /// Signed, but too long ago or ahead of our time.
    Time,
    /// Signed, but not what a notice looks like.
    Shape,
}

/// A bank, or whoever stands for several of them, as this program meets it.
pub trait Bank: Send + Sync {
    /// Its word in the address of its notices and in rows.
    fn word(&self) -> &str;

    /// Reads what was sent at `now`, if it proves to come from this bank.
    fn read(&self, headers: &HeaderMap, body: &[u8], now: Instant) -> Result<Notice, NotProven>;
}

/// A bank that signs its notices with a secret shared with us.
pub struct SignedNotices {
    word: String,
    key: hmac::Key,
}

impl SignedNotices {
    /// The bank of this word, whose secret is at least 32 bytes long; none for a shorter one.
    pub fn new(word: &str, secret: &[u8]) -> Option<SignedNotices> {
        let plain = !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        let key = || hmac::Key::new(hmac::HMAC_SHA256, secret);
        (plain && secret.len() >= 32).then(|| SignedNotices { word: word.into(), key: key() })
    }

    /// The headers under which this bank sends `body` at `now`: what a bank does, for those who play one.
    pub fn sign(&self, body: &[u8], now: Instant) -> HeaderMap {
        let timestamp = seconds(now).to_string();
        let tag = hmac::sign(&self.key, &signed(&timestamp, body));
        let hex: String = tag.as_ref().iter().map(|b| format!("{b:02x}")).collect();
        let mut headers = HeaderMap::new();
        for (name, value) in [(TIMESTAMP, timestamp), (SIGNATURE, hex)] {
            headers.insert(name, HeaderValue::from_str(&value).expect("digits and hexadecimal are ASCII"));
        }
        headers
    }
}

fn seconds(at: Instant) -> i64 {
    at.micros().div_euclid(1_000_000)
}

fn signed(timestamp: &str, body: &[u8]) -> Vec<u8> {
    [timestamp.as_bytes(), b".", body].concat()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let pair = |at: usize| text.get(at..at + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
    (text.len() == 64 && text.is_ascii()).then(|| (0..64).step_by(2).map(pair).collect())?
}

impl Bank for SignedNotices {
    fn word(&self) -> &str {
        &self.word
    }

    fn read(&self, headers: &HeaderMap, body: &[u8], now: Instant) -> Result<Notice, NotProven> {
        let header = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
        let (Some(timestamp), Some(tag)) = (header(TIMESTAMP), header(SIGNATURE).and_then(from_hex)) else {
            return Err(NotProven::Signature);
        };
        hmac::verify(&self.key, &signed(timestamp, body), &tag).map_err(|_| NotProven::Signature)?;
        let told: i64 = timestamp.parse().map_err(|_| NotProven::Time)?;
        if seconds(now).abs_diff(told) > SKEW_S_MAX.unsigned_abs() {
            return Err(NotProven::Time);
        }
        let notice: Notice = serde_json::from_slice(body).map_err(|_| NotProven::Shape)?;
        if notice.fits() { Ok(notice) } else { Err(NotProven::Shape) }
    }
}

/// The route of this file.
pub fn routes() -> Router<App> {
    Router::new().route("/api/v1/payments/{bank}", post(receive))
}

/// `POST /api/v1/payments/{bank}`: a bank tells that money came. 200 means that it is kept.
async fn receive(
    State(app): State<App>,
    Path(bank): Path<String>,
    headers: HeaderMap,
    body: axum::body::Body,
) -> Result<Response, Problem> {
    let bank = app.banks.iter().find(|b| b.word() == bank).cloned().ok_or(Problem::NotFound)?;
    let body = web::request::read_body(&headers, body, NOTICE_BYTES_MAX).await?;
    let told = hear(&app, &bank, &headers, body).await?;
    let (state, trouble) = match told {
        Told::Applied => ("applied", None),
        Told::Known => ("known", None),
        Told::Task(trouble) => ("task", Some(Trouble::word(trouble))),
    };
    Ok((StatusCode::OK, axum::Json(json!({ "state": state, "trouble": trouble }))).into_response())
}

/// Proves a notice and takes it in one transaction. Two deliveries at the same moment meet at the
/// reference: the one that comes second finds it known.
pub async fn hear(
    app: &App,
    bank: &Arc<dyn Bank>,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<Told, Problem> {
    let now = app.site.clock.now();
    let notice = bank.read(headers, &body, now).map_err(|why| match why {
        NotProven::Signature | NotProven::Time => {
            Problem::SignInRefused(Message::new(say("notice.not_proven", &[]), format!("notice: {why:?}")))
        }
        NotProven::Shape => Problem::Malformed("a signed notice of no known shape".into()),
    })?;
    match take(app, bank.word(), &notice, now).await {
        Err(Problem::Taken(_)) => take(app, bank.word(), &notice, now).await,
        other => other,
    }
}

async fn take(app: &App, bank: &str, notice: &Notice, now: Instant) -> Result<Told, Problem> {
    let act = Act::system("onestop.bank-notice", notice.reference.clone(), now);
    let (catalogue, bank, notice) = (app.catalogue.clone(), bank.to_string(), notice.clone());
    app.site
        .db
        .write(act, async move |tx: &mut Tx| take_notice(tx, &catalogue, &bank, &notice, now).await)
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"a secret of no less than 32 bytes";

    fn at(text: &str) -> Instant {
        Instant::parse_rfc3339(text).unwrap()
    }

    fn body() -> Vec<u8> {
        json!({
            "reference": "FT-1", "amount": 37_500, "account": "9900", "words": "CL",
            "paid_at": "2026-11-23T09:00:00+07:00",
        })
        .to_string()
        .into_bytes()
    }

    #[test]
    fn only_a_fresh_signature_over_these_very_bytes_is_heard() {
        let now = at("2026-11-23T09:00:00+07:00");
        let bank = SignedNotices::new("bank", SECRET).unwrap();
        let other = SignedNotices::new("bank", b"another secret of at least 32 bytes").unwrap();
        let headers = bank.sign(&body(), now);
        assert_eq!(bank.read(&headers, &body(), now).unwrap().amount, 37_500);
        let mut changed = body();
        changed[20] ^= 1;
        assert_eq!(bank.read(&headers, &changed, now), Err(NotProven::Signature));
        assert_eq!(other.read(&headers, &body(), now), Err(NotProven::Signature));
        assert_eq!(bank.read(&HeaderMap::new(), &body(), now), Err(NotProven::Signature));
        // The same again, told later or dated ahead.
        for (seconds, heard) in [(300, true), (301, false), (-300, true), (-301, false)] {
            assert_eq!(bank.read(&headers, &body(), now.plus_seconds(seconds)).is_ok(), heard, "{seconds}");
        }
        // A timestamp of somebody's own under the old signature.
        let mut moved = headers.clone();
        moved.insert(TIMESTAMP, HeaderValue::from_static("1795400000"));
        assert_eq!(bank.read(&moved, &body(), now), Err(NotProven::Signature));
        let nonsense = br#"{"reference":"","amount":-1}"#;
        assert_eq!(bank.read(&bank.sign(nonsense, now), nonsense, now), Err(NotProven::Shape));
    }

    #[test]
    fn a_short_secret_makes_no_bank() {
        assert!(SignedNotices::new("bank", &SECRET[..31]).is_none());
        assert!(SignedNotices::new("Bank", SECRET).is_none());
    }
}
