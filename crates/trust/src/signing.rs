//! Signing with keys that are kept here: which certificates somebody signs with, the PIN that opens a key for
//! one deed, and the lock after wrong ones.
//!
//! A [`Key`] is what a right PIN gives: it signs the documents whose hashes were shown with the PIN, and no
//! others.

mod device;
pub mod pages;
mod rules;
mod service;
pub(crate) mod store;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use base::Instant;
use contracts::trust as event;
use db::{Act, Db, Tx};
use directory::signin::password;
use directory::{AccountId, UnitId};
use pki::cms;
use pki::key::{Curve, PublicKind, Signer};
use pki::{Certificate, Digest, SignatureAlgorithm};
use web::{FieldError, Problem};

use crate::authority;
use crate::words::{self, WORDS};
use crate::{App, certificate};
pub use device::{Device, devices, find_device};
use rules::{PinFault, TRIES_MAX};
pub use service::{Service, service};

/// Whose signature a certificate makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// An official's own.
    Person,
    /// The seal of an agency.
    Seal,
}

impl Part {
    /// The kind of certificate in the register.
    pub fn kind(self) -> &'static str {
        match self {
            Part::Person => "official",
            Part::Seal => "agency_seal",
        }
    }
}

/// A certificate whose key is kept here and can sign now.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Its id in the register.
    pub id: String,
    /// Whose signature it makes.
    pub part: Part,
    /// The person or agency it names.
    pub holder: String,
    /// The certificate.
    pub certificate: Certificate,
    /// From it up to the root, itself left out.
    pub chain: Vec<Certificate>,
    /// A PIN was set for it.
    pub has_pin: bool,
    /// Too many wrong PINs.
    pub is_locked: bool,
    /// A new PIN waits until then.
    pub pin_from: Option<Instant>,
    key: String,
}

/// The certificates an official signs with now, and the seals of these units.
///
/// # Errors
/// The store's; a fault when a kept certificate cannot be read.
pub async fn credentials(
    tx: &mut Tx,
    account: &AccountId,
    seals_of: &[UnitId],
    now: Instant,
) -> Result<Vec<Credential>, Problem> {
    let mut rows = store::list_personal(tx, &account.to_string(), now).await?;
    for unit in seals_of {
        rows.extend(store::list_seals(tx, unit.as_str(), now).await?);
    }
    let mut all = Vec::new();
    for row in rows {
        all.push(Credential {
            part: if row.kind == Part::Seal.kind() { Part::Seal } else { Part::Person },
            certificate: authority::parse(&row.der)?,
            chain: chain(tx, row.authority.as_deref()).await?,
            has_pin: row.wrong.is_some(),
            is_locked: row.wrong.is_some_and(|wrong| wrong >= TRIES_MAX),
            pin_from: row.pending_from.filter(|from| *from > now),
            id: row.id,
            holder: row.holder,
            key: row.key,
        });
    }
    Ok(all)
}

/// Whether an official, and a unit's seal, have a certificate with which they can sign here now: its key is
/// kept here, or in a token that answers to the agent.
///
/// # Errors
/// The store's.
pub async fn can_sign(tx: &mut Tx, account: &str, unit: &str, now: Instant) -> db::Result<[bool; 2]> {
    Ok([store::has_personal(tx, account, now).await?, store::has_seal(tx, unit, now).await?])
}

/// The certificates of an authority and of those above it.
pub(crate) async fn chain(tx: &mut Tx, authority: Option<&str>) -> Result<Vec<Certificate>, Problem> {
    let (mut chain, mut next) = (Vec::new(), authority.map(str::to_string));
    while let Some(id) = next.take_if(|_| chain.len() < pki::path::PATH_LEN_MAX) {
        let Some(row) = authority::store::find(tx, &id).await? else { break };
        chain.push(authority::parse(&row.der)?);
        next = row.parent;
    }
    Ok(chain)
}

/// A key that a PIN has opened for these documents.
pub struct Key {
    private: Arc<dyn Signer>,
    certificate: Certificate,
    chain: Vec<Certificate>,
    hashes: Vec<Vec<u8>>,
}

impl Key {
    /// How it signs.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.private.algorithm()
    }

    /// Makes a signature over a document: `sign` gets what a CMS signature needs.
    ///
    /// # Errors
    /// A fault when the document is none of those the PIN was given for; what `sign` says.
    pub fn sign<R, E>(
        &self,
        document: &[u8],
        sign: impl FnOnce(&cms::Draft<'_>, &dyn Signer) -> Result<R, E>,
    ) -> Result<R, Problem>
    where
        E: std::fmt::Debug,
    {
        self.lend(document, sign)?.map_err(|e| Problem::fault(format!("a signature was not made: {e:?}")))
    }

    /// The same for whoever tells refusals apart.
    ///
    /// # Errors
    /// A fault when the document is none of those the PIN was given for.
    pub fn lend<R>(
        &self,
        document: &[u8],
        sign: impl FnOnce(&cms::Draft<'_>, &dyn Signer) -> R,
    ) -> Result<R, Problem> {
        self.lend_for_hash(&hash_of(document), sign)
    }

    /// The same for a document that stays elsewhere, known by one of the hashes themselves.
    ///
    /// # Errors
    /// A fault when the PIN was not given for the hash.
    pub(crate) fn lend_for_hash<R>(
        &self,
        hash: &[u8],
        sign: impl FnOnce(&cms::Draft<'_>, &dyn Signer) -> R,
    ) -> Result<R, Problem> {
        self.must_know(hash)?;
        Ok(sign(&cms::Draft::new(&self.certificate, &self.chain), &*self.private))
    }

    fn must_know(&self, hash: &[u8]) -> Result<(), Problem> {
        match self.hashes.iter().any(|known| known == hash) {
            true => Ok(()),
            false => Err(Problem::fault("a key was asked to sign what its PIN was not given for")),
        }
    }

    /// The bare signature over one of the hashes themselves, of something that only its owner has.
    ///
    /// # Errors
    /// A fault when the PIN was not given for the hash, or the key does not sign this way.
    pub(crate) fn sign_hash(&self, algorithm: SignatureAlgorithm, hash: &[u8]) -> Result<Vec<u8>, Problem> {
        self.must_know(hash)?;
        self.private.sign_hash(algorithm, hash).map_err(|e| Problem::fault(format!("no signature: {e}")))
    }
}

/// The usual algorithm of a certificate's key; none for kinds that sign no documents here.
pub(crate) fn algorithm_of(certificate: &Certificate) -> Option<SignatureAlgorithm> {
    match certificate.public_key().kind() {
        PublicKind::Rsa { .. } => Some(SignatureAlgorithm::RsaPkcs1(Digest::Sha256)),
        PublicKind::Ec(Curve::P256) => Some(SignatureAlgorithm::Ecdsa(Digest::Sha256)),
        PublicKind::Ec(Curve::P384) => Some(SignatureAlgorithm::Ecdsa(Digest::Sha384)),
        PublicKind::Ec(Curve::P521) => Some(SignatureAlgorithm::Ecdsa(Digest::Sha512)),
        PublicKind::Ed25519 | PublicKind::Other(_) => None,
    }
}

/// What a document is called when a key is opened for it: its SHA-256.
pub fn hash_of(document: &[u8]) -> Vec<u8> {
    Digest::Sha256.of(document)
}

/// What a PIN turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PinTry {
    /// The right one.
    Right,
    /// None was set.
    NotSet,
    /// A wrong one; so many tries are left.
    Wrong(i64),
    /// Too many wrong ones, this or those before.
    Locked,
}

/// Tries a PIN. A wrong one is counted before it is answered.
///
/// # Errors
/// The store's.
pub(crate) async fn try_pin(
    db: &Db,
    credential: &Credential,
    pin: &str,
    act: Act,
) -> Result<PinTry, Problem> {
    let id = credential.id.clone();
    let mut row = db.read(async move |tx: &mut Tx| store::find_pin(tx, &id).await).await?;
    let now = act.at;
    if row.as_ref().is_some_and(|row| row.pending_from.is_some_and(|from| from <= now)) {
        let id = credential.id.clone();
        let take = async move |tx: &mut Tx| -> Result<_, Problem> {
            store::save_due(tx, &id, now).await?;
            Ok(store::find_pin(tx, &id).await?)
        };
        row = db.write(act.clone(), take).await?;
    }
    let Some(row) = row else { return Ok(PinTry::NotSet) };
    if row.wrong >= TRIES_MAX {
        return Ok(PinTry::Locked);
    }
    // Counted first: whoever stops us in between has not tried for nothing.
    let tries = try_once(db, credential, act.clone()).await?;
    if tries > TRIES_MAX {
        return Ok(PinTry::Locked);
    }
    if !password::matches(pin, Some(row.hash)).await? {
        return Ok(match TRIES_MAX - tries {
            0 => PinTry::Locked,
            left => PinTry::Wrong(left),
        });
    }
    let id = credential.id.clone();
    db.write(act, async move |tx: &mut Tx| store::save_tries(tx, &id, 0).await).await?;
    Ok(PinTry::Right)
}

/// Opens a key for documents with these SHA-256 hashes. A wrong PIN is counted before it is answered.
///
/// # Errors
/// Refusals at the field `pin` (none set, wrong, locked); the store's.
pub async fn open(
    app: &App,
    credential: &Credential,
    pin: &str,
    hashes: Vec<Vec<u8>>,
    act: Act,
) -> Result<Key, Problem> {
    must_be_right(try_pin(&app.site.db, credential, pin, act).await?)?;
    authorised(app, credential, hashes).await
}

/// A refusal at the field `pin`, unless it was the right one.
pub(crate) fn must_be_right(tried: PinTry) -> Result<(), Problem> {
    match tried {
        PinTry::Right => Ok(()),
        PinTry::NotSet => Err(at_pin(words::t("signing.no_pin"))),
        PinTry::Locked => Err(at_pin(words::t("signing.locked"))),
        PinTry::Wrong(left) => Err(at_pin(WORDS.t("signing.wrong", &[("left", &left.to_string())]))),
    }
}

/// The key, for hashes whose PIN was given before and kept as an authorisation.
pub(crate) async fn authorised(
    app: &App,
    credential: &Credential,
    hashes: Vec<Vec<u8>>,
) -> Result<Key, Problem> {
    Ok(Key {
        private: app.keys.signer(&app.site.db, &credential.key).await?,
        certificate: credential.certificate.clone(),
        chain: credential.chain.clone(),
        hashes,
    })
}

async fn try_once(db: &Db, credential: &Credential, act: Act) -> Result<i64, Problem> {
    let id = credential.id.clone();
    let count = async move |tx: &mut Tx| -> Result<i64, Problem> {
        let tries = store::find_pin(tx, &id).await?.map_or(0, |row| row.wrong) + 1;
        store::save_tries(tx, &id, tries).await?;
        Ok(tries)
    };
    db.write(act, count).await
}

fn at_pin(words: String) -> Problem {
    Problem::Invalid(vec![FieldError::new("pin", words)])
}

/// What somebody gives to set a PIN.
#[derive(Clone, Debug, Default)]
pub struct NewPin {
    /// The password of the account, so that an open session is not enough.
    pub password: String,
    /// The PIN until now, from whoever knows it: then nothing has to wait.
    pub current: String,
    /// The PIN.
    pub pin: String,
    /// Once more.
    pub again: String,
}

/// From when on a new PIN counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinSet {
    /// At once.
    Now,
    /// Only then; whose key it is has been told.
    From(Instant),
}

/// Hours for which a new PIN waits that replaces one nobody has shown to know, where it must. Ours: no rule
/// known names a time.
pub const PIN_WAIT_HOURS: i64 = 24;

/// Sets the PIN of a certificate. Whoever knows the one before sets it at once; so does an official for a key
/// of their own that is not locked. For a seal, and after wrong tries have locked the key, the password alone
/// is not enough: the new one counts after `wait_hours`, and whose key it is hears of it at once.
///
/// # Errors
/// Refusals at their fields, all at once; `TooMany` after wrong passwords; the store's.
pub async fn set_pin(
    db: &Db,
    account: AccountId,
    of: &Credential,
    given: &NewPin,
    act: Act,
    wait_hours: i64,
) -> Result<PinSet, Problem> {
    let now = act.at;
    let mut wrong = Vec::new();
    wrong.extend(wrong_password(db, account, &given.password, now).await?);
    if let Some(fault) = rules::pin_fault(&given.pin) {
        let key = match fault {
            PinFault::Length => "signing.pin_length",
            PinFault::Simple => "signing.pin_simple",
        };
        wrong.push(FieldError::new("pin", words::t(key)));
    }
    if given.pin != given.again {
        wrong.push(FieldError::new("again", words::t("signing.pin_again")));
    }
    if !wrong.is_empty() {
        return Err(Problem::Invalid(wrong));
    }
    let knows = match given.current.is_empty() {
        true => false,
        false => match try_pin(db, of, &given.current, act.clone()).await? {
            PinTry::Right => true,
            tried => return must_be_right(tried).map(|()| PinSet::Now).map_err(at_current),
        },
    };
    let set = match rules::must_wait(of.part, of.has_pin, of.is_locked, knows) {
        true => PinSet::From(now.plus_minutes(wait_hours * 60)),
        false => PinSet::Now,
    };
    let (hash, id) = (password::hash(&given.pin).await?, of.id.clone());
    let write = async move |tx: &mut Tx| -> Result<(), Problem> {
        certificate::get(tx, &id).await?;
        match set {
            PinSet::Now => {
                store::put_pin(tx, &id, &hash, now).await?;
                certificate::tell_until(tx, event::CERTIFICATE_PIN_SET, &id, now, now).await
            }
            PinSet::From(from) => {
                store::save_pending(tx, &id, &hash, from).await?;
                certificate::tell_until(tx, event::CERTIFICATE_PIN_WAITS, &id, from, now).await
            }
        }
    };
    db.write(act, write).await?;
    Ok(set)
}

/// The password, whose wrong tries are counted: here it opens more than a session.
async fn wrong_password(
    db: &Db,
    account: AccountId,
    given: &str,
    now: Instant,
) -> Result<Option<FieldError>, Problem> {
    let key = format!("pin-password:{account}");
    let asked = key.clone();
    db.read(async move |tx: &mut Tx| web::throttle::check(tx, &asked, now).await).await?;
    if directory::account::is_password(db, account, given).await? {
        db.upkeep(async move |tx: &mut Tx| web::throttle::passed(tx, &key).await).await?;
        return Ok(None);
    }
    db.upkeep(async move |tx: &mut Tx| web::throttle::failed(tx, &key, now).await).await?;
    Ok(Some(FieldError::new("account_password", words::t("signing.wrong_password"))))
}

/// What is said of the PIN before, at its own field.
fn at_current(problem: Problem) -> Problem {
    match problem {
        Problem::Invalid(errors) => {
            let moved = errors.into_iter().map(|error| FieldError::new("current_pin", error.message));
            Problem::Invalid(moved.collect())
        }
        other => other,
    }
}
