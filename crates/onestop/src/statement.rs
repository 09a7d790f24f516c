//! What was received, signed (phiếu chứng nhận): the QR code of the proof slip and of form 01 carries it,
//! and anybody may check it at `/kiem-tra-phieu` or by STATEMENT.md alone. Keys are rows, so every node
//! signs with the same one; the secret half lies sealed in the safe of `trust`.

pub mod pages;
pub mod rules;
pub mod store;
#[cfg(test)]
mod tests;
mod words;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base::Instant;
use db::{Act, Db, Tx};
use trust::safe::{Safe, Sealed, Secret};
use web::Problem;

use self::rules::{Held, Kind, Signer, Statement};
use crate::dossier::{Dossier, History, StoredFile};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// What the safe knows its secrets of.
const MADE_FOR: &str = "onestop-statement";

/// At every start: makes the first key of an installation, and has sealed what an earlier release kept as it
/// was. Twice is once, also when two nodes start in the same moment.
pub async fn ready(db: &Db, safe: &Safe, now: Instant) -> Result<(), Problem> {
    let newest = db.read(async |tx: &mut Tx| store::find_newest(tx).await).await?;
    match newest.map(|key| (key.id, key.plain_hex)) {
        Some((_, None)) => Ok(()),
        Some((id, Some(hex))) => seal(db, safe, id, hex, now).await,
        None => {
            let key = NewKey::make(db, safe).await?;
            let act = Act::system("onestop.make-statement-key", "", now);
            let first = async move |tx: &mut Tx| -> Result<(), Problem> {
                match store::find_newest(tx).await? {
                    Some(_) => Ok(()), // another node's
                    None => key.save(tx, now).await,
                }
            };
            db.write(act, first).await
        }
    }
}

/// Seals a key that lies open.
async fn seal(db: &Db, safe: &Safe, id: String, hex: String, now: Instant) -> Result<(), Problem> {
    let seed = rules::unhex(&hex).ok_or_else(|| Problem::fault("the statement key is no seed"))?;
    let sealed = safe.seal(db, Secret::new(seed)).await?;
    let act = Act::system("onestop.seal-statement-key", "", now);
    let write = async move |tx: &mut Tx| -> Result<(), Problem> {
        if store::blacken(tx, &id, &hex).await? {
            trust::safe::save(tx, &sealed, MADE_FOR, now).await?;
            store::save_sealed(tx, &id, &sealed.id).await?;
        }
        Ok(())
    };
    db.write(act, write).await
}

/// A new key signs from now on; what older ones have signed can still be checked. Its name.
pub async fn rotate(db: &Db, safe: &Safe, now: Instant) -> Result<String, Problem> {
    let key = NewKey::make(db, safe).await?;
    let id = key.id.clone();
    let act = Act::system("onestop.rotate-statement-key", "", now);
    db.write(act, async move |tx: &mut Tx| key.save(tx, now).await).await?;
    Ok(id)
}

/// A key that was just made.
struct NewKey {
    id: String,
    public_hex: String,
    sealed: Sealed,
}

impl NewKey {
    async fn make(db: &Db, safe: &Safe) -> Result<NewKey, Problem> {
        let mut seed = Secret::new(vec![0; 32]);
        aws_lc_rs::rand::fill(&mut seed).map_err(|_| Problem::fault("no random bytes"))?;
        let signer = Signer::of_seed(&seed).ok_or_else(|| Problem::fault("no key of a seed"))?;
        let (id, public_hex) = (hex(&signer.id()), hex(signer.public()));
        Ok(NewKey { id, public_hex, sealed: safe.seal(db, seed).await? })
    }

    /// From now on it signs, and the secret halves of all others are gone.
    async fn save(&self, tx: &mut Tx, now: Instant) -> Result<(), Problem> {
        for old in store::retire_all(tx, now).await? {
            trust::safe::forget(tx, &old).await?;
        }
        trust::safe::save(tx, &self.sealed, MADE_FOR, now).await?;
        Ok(store::save(tx, &self.id, &self.public_hex, &self.sealed.id, now).await?)
    }
}

/// Who signs what was received: the key that signs now, opened once.
#[derive(Clone)]
pub struct Desk {
    safe: Safe,
    open: Arc<Mutex<Option<Arc<Signer>>>>,
}

impl Desk {
    /// With the safe that holds the key.
    pub fn new(safe: Safe) -> Desk {
        Desk { safe, open: Arc::default() }
    }

    /// The key that signs now; another node may have made it a moment ago.
    pub async fn signer(&self, db: &Db) -> Result<Arc<Signer>, Problem> {
        let read = async |tx: &mut Tx| -> Result<(String, Sealed), Problem> {
            let key =
                store::find_newest(tx).await?.ok_or_else(|| Problem::fault("no key signs statements"))?;
            let sealed = key.sealed.ok_or_else(|| Problem::fault("the statement key is not sealed"))?;
            Ok((key.id, trust::safe::get(tx, &sealed).await?))
        };
        let (id, sealed) = db.read(read).await?;
        if let Some(open) = self.opened().clone().filter(|open| hex(&open.id()) == id) {
            return Ok(open);
        }
        let seed = self.safe.open(sealed).await?;
        let signer = Signer::of_seed(&seed).filter(|signer| hex(&signer.id()) == id);
        let signer = Arc::new(signer.ok_or_else(|| Problem::fault("the sealed seed is another key's"))?);
        *self.opened() = Some(signer.clone());
        Ok(signer)
    }

    fn opened(&self) -> MutexGuard<'_, Option<Arc<Signer>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
