//! One question to one address, and what the answer means for the certificates of the register.

use std::collections::HashMap;

use axum::body::Bytes;
use base::Instant;
use pki::ocsp::{self, CertId, CertStatus, Question};
use pki::{Certificate, Crl, Digest};

use super::line::Line;
use super::rules::{self, Fault, Said, Told, told};
use super::store::{Affected, Source};
use crate::revocation::rules::serial;

/// What was heard and is believed.
pub struct Heard {
    /// As it came, in DER.
    pub bytes: Bytes,
    /// When it was true.
    pub true_at: Instant,
    /// Until when it counts.
    pub until_at: Instant,
    /// How many certificates it calls revoked.
    pub entries: i64,
    /// What it changes in the register.
    pub told: Vec<(Affected, Told)>,
}

/// Asks, and judges what comes off the threads that answer people: a list may be large.
pub async fn ask(
    line: &Line,
    source: &Source,
    issuers: &[Certificate],
    affected: Vec<Affected>,
    now: Instant,
) -> Result<Heard, Fault> {
    if issuers.is_empty() {
        return Err(Fault::NoIssuer);
    }
    let question = match source.kind.as_str() {
        rules::ANSWER => Some(question(issuers, &affected)?),
        _ => None,
    };
    let bytes = match &question {
        Some((_, question)) => line.ask(&source.address, question.clone()).await?,
        None => line.get(&source.address).await?,
    };
    let (source, issuers) = (source.clone(), issuers.to_vec());
    let judge = move || match question {
        Some((issuer, _)) => answer(&source, &issuer, &affected, bytes, now),
        None => list(&source, &issuers, affected, &bytes, now),
    };
    tokio::task::spawn_blocking(judge).await.unwrap_or(Err(Fault::Unreadable))
}

/// The issuer that signed the certificate, and the question about it.
fn question(issuers: &[Certificate], affected: &[Affected]) -> Result<(Certificate, Vec<u8>), Fault> {
    let of = affected.first().ok_or(Fault::OtherList)?;
    let certificate = Certificate::parse(&of.der).map_err(|_| Fault::Unreadable)?;
    let signed_it = |issuer: &&Certificate| certificate.verify_with(issuer.public_key()).is_ok();
    let issuer = issuers.iter().find(signed_it).ok_or(Fault::NoIssuer)?;
    // The hash that every responder of today understands; it protects nothing.
    let id = CertId::new(Digest::Sha1, issuer.subject(), issuer.public_key(), certificate.serial());
    let request = ocsp::Request { questions: vec![id], nonce: None, unknown_critical: false };
    Ok((issuer.clone(), request.der()))
}

fn list(
    source: &Source,
    issuers: &[Certificate],
    affected: Vec<Affected>,
    bytes: &[u8],
    now: Instant,
) -> Result<Heard, Fault> {
    let list = Crl::import(bytes).map_err(|_| Fault::Unreadable)?;
    let until_at = rules::believe(&list, issuers, source.true_at, now)?;
    let mut by_serial: HashMap<String, Affected> =
        affected.into_iter().map(|one| (one.serial.clone(), one)).collect();
    let mut changed = Vec::new();
    for entry in list.entries() {
        let Some(of) = by_serial.remove(&entry.serial.to_string()) else { continue };
        let said = Said { at: entry.revoked_at, reason: entry.reason, invalid_since: entry.invalid_since };
        changed.extend(news(source, of, Some(said), now));
    }
    changed.extend(by_serial.into_values().filter_map(|of| news(source, of, None, now)));
    Ok(Heard {
        bytes: Bytes::copy_from_slice(list.der()),
        true_at: list.this_update(),
        until_at,
        entries: i64::try_from(list.len()).unwrap_or(i64::MAX),
        told: changed,
    })
}

fn news(source: &Source, of: Affected, said: Option<Said>, now: Instant) -> Option<(Affected, Told)> {
    let by_this = of.told_by.as_deref() == Some(source.id.as_str());
    told(&of.state, by_this, said, now).map(|told| (of, told))
}

fn answer(
    source: &Source,
    issuer: &Certificate,
    affected: &[Affected],
    bytes: Bytes,
    now: Instant,
) -> Result<Heard, Fault> {
    let response = ocsp::Response::parse(&bytes).map_err(|why| match why {
        ocsp::ReadError::Failure(_) => Fault::Refused,
        ocsp::ReadError::Malformed(_) => Fault::Unreadable,
    })?;
    let of = affected.first().ok_or(Fault::OtherList)?;
    let number = serial(&of.serial).ok_or(Fault::Unreadable)?;
    let question = Question {
        serial: &number,
        issuer: issuer.subject(),
        issuer_key: issuer.public_key(),
        nonce: None,
        at: now,
    };
    let single = response.check(&question).map_err(|why| match why {
        ocsp::CheckError::Stale | ocsp::CheckError::TooNew => Fault::NotOfNow,
        ocsp::CheckError::Signature | ocsp::CheckError::NotAuthorised => Fault::Signature,
        ocsp::CheckError::CriticalUnknown => Fault::CriticalUnknown,
        _ => Fault::OtherList,
    })?;
    if source.true_at.is_some_and(|kept| single.this_update < kept) {
        return Err(Fault::Older);
    }
    let said = match single.status {
        CertStatus::Good => None,
        CertStatus::Revoked { at, reason } => Some(Said { at, reason, invalid_since: None }),
        CertStatus::Unknown => return Err(Fault::Refused),
    };
    Ok(Heard {
        bytes,
        true_at: single.this_update,
        // Without a next one it counts for as long as it takes to ask again.
        until_at: single.next_update.unwrap_or(now),
        entries: i64::from(said.is_some()),
        told: news(source, of.clone(), said, now).into_iter().collect(),
    })
}
