//! What was received, signed (phiếu chứng nhận): the QR code of the proof slip and of form 01 carries it,
//! and anybody may check it at `/kiem-tra-phieu` or by STATEMENT.md alone. Keys are rows, so every node
//! signs with the same one.

pub mod pages;
pub mod rules;
pub mod store;
#[cfg(test)]
mod tests;
mod words;

use base::Instant;
use db::{Act, Db, Tx};
use web::Problem;

use self::rules::{Held, Kind, Signer, Statement};
use crate::dossier::{Dossier, History, StoredFile};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Makes the first key of an installation. Twice is once.
pub async fn seed(tx: &mut Tx, now: Instant) -> Result<(), Problem> {
    match store::find_seed(tx).await? {
        Some(_) => Ok(()),
        None => new_key(tx, now).await.map(drop),
    }
}

/// A new key signs from now on; what older ones have signed can still be checked. Its name.
pub async fn rotate(db: &Db, now: Instant) -> Result<String, Problem> {
    let act = Act::system("onestop.rotate-statement-key", "", now);
    db.write(act, async move |tx: &mut Tx| new_key(tx, now).await).await
}

async fn new_key(tx: &mut Tx, now: Instant) -> Result<String, Problem> {
    let mut seed = [0_u8; 32];
    aws_lc_rs::rand::fill(&mut seed).map_err(|_| Problem::fault("no random bytes"))?;
    let signer = Signer::of_seed(&seed).ok_or_else(|| Problem::fault("no key of a seed"))?;
    let id = hex(&signer.id());
    store::save_newest(tx, &id, &hex(signer.public()), &hex(&seed), now).await?;
    Ok(id)
}

/// The key that signs now.
pub async fn signer(tx: &mut Tx) -> Result<Signer, Problem> {
    let seed = store::find_seed(tx).await?;
    let seed = seed.and_then(|hex| rules::unhex(&hex));
    seed.and_then(|seed| Signer::of_seed(&seed)).ok_or_else(|| Problem::fault("no key signs statements"))
}

/// What these lines and files of a dossier come to, for the paper of this kind that follows `line`.
pub fn state(kind: Kind, dossier: &Dossier, line: &History, files: &[StoredFile]) -> Statement {
    let (files, digest) = received(files, line.at);
    let promised = match kind {
        Kind::Slip => Some(dossier.answer_by),
        Kind::Receipt => line.promised,
    };
    Statement {
        kind,
        at_s: rules::seconds(line.at),
        promised_s: promised.map(rules::seconds),
        files,
        digest,
        code: dossier.code.clone(),
    }
}

/// How many files there were at that time, and the digest of their list.
fn received(files: &[StoredFile], at: Instant) -> (u16, rules::Sum) {
    let then: Vec<_> =
        files.iter().filter(|f| f.added_at <= at).map(|f| (f.sha256, f.size.unsigned_abs())).collect();
    (u16::try_from(then.len()).unwrap_or(u16::MAX), rules::digest(then.into_iter()))
}

/// What is held of the dossier that the statement names.
fn held(s: &Statement, dossier: &Dossier, history: &[History], files: &[StoredFile]) -> Held {
    let line = history.iter().find(|h| s.kind.follows(&h.verb) && rules::seconds(h.at) == s.at_s);
    let extended = history.iter().rev().find(|h| h.verb == "extend");
    Held {
        then: line.map(|h| received(files, h.at)),
        files_now: u16::try_from(files.len()).unwrap_or(u16::MAX),
        promised_s: match s.kind {
            Kind::Slip => Some(rules::seconds(dossier.answer_by)),
            Kind::Receipt => dossier.promised.map(rules::seconds),
        },
        extended: extended.and_then(|h| Some((rules::seconds(h.at), rules::seconds(h.promised?)))),
    }
}
