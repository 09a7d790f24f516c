//! Until when which algorithm counts: data with dates and sources, in `policy.toml`.

use std::sync::LazyLock;

use base::{Day, Instant};
use pki::key::{Curve, Digest, PublicKind, SignatureAlgorithm};
use serde::Deserialize;

/// What one algorithm is good for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Which.
    pub name: String,
    /// Good before this day; `None` has no end yet.
    #[serde(default)]
    pub good_until: Option<String>,
    /// Envelopes of the exchange are read on afterwards, flagged, before this day.
    #[serde(default)]
    pub exchange_until: Option<String>,
    /// Who says so.
    pub source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    row: Vec<Row>,
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let file: File = toml::from_str(include_str!("policy.toml")).expect("a test reads policy.toml");
    file.row
});

/// All rows.
pub fn rows() -> &'static [Row] {
    &ROWS
}

/// An algorithm that no longer counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weak {
    /// Which.
    pub what: String,
    /// Good before this day, `YYYY-MM-DD`.
    pub until: String,
    /// An envelope of the exchange may rest on it still.
    pub in_exchange: bool,
}

/// Whether this algorithm no longer counts for what existed at `at`.
pub fn weak(name: &str, at: Instant) -> Option<Weak> {
    let row = rows().iter().find(|row| row.name == name)?;
    let until = row.good_until.as_ref()?;
    let has_ended = Day::parse(until).is_ok_and(|day| day <= at.day());
    let exchange_until = row.exchange_until.as_ref().and_then(|day| Day::parse(day).ok());
    let in_exchange = exchange_until.is_some_and(|end| at.day() < end);
    has_ended.then(|| Weak { what: name.into(), until: until.clone(), in_exchange })
}

/// The name of a digest.
pub fn digest_name(digest: Digest) -> &'static str {
    match digest {
        Digest::Sha1 => "SHA-1",
        Digest::Sha256 => "SHA-256",
        Digest::Sha384 => "SHA-384",
        Digest::Sha512 => "SHA-512",
    }
}

/// The name of a key's kind, as rows are named.
pub fn key_name(kind: PublicKind) -> String {
    match kind {
        PublicKind::Rsa { bits, .. } => format!("RSA-{bits}"),
        PublicKind::Ec(Curve::P256) => "ECDSA-256".into(),
        PublicKind::Ec(Curve::P384) => "ECDSA-384".into(),
        PublicKind::Ec(Curve::P521) => "ECDSA-521".into(),
        PublicKind::Ed25519 => "Ed25519".into(),
        PublicKind::Other(oid) => oid.to_string(),
    }
}

/// How a signature was made, for people: the key and the digest.
pub fn algorithm_name(algorithm: SignatureAlgorithm, key: PublicKind) -> String {
    let padding = if matches!(algorithm, SignatureAlgorithm::RsaPss { .. }) { " PSS" } else { "" };
    format!("{}{padding}, {}", key_name(key), digest_name(algorithm.digest()))
}
