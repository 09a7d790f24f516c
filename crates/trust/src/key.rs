//! Private keys that this installation keeps. A row holds a key wrapped under the installation's secret, a
//! file that stands in no database and no backup; in memory a key is opened once and then signs. How a key is
//! wrapped stands in `KEYS.md`, well enough to be read without this program.

mod envelope;
mod secret;
pub mod store;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use base::{Id, Instant};
use db::{Db, Tx};
use pki::PrivateKey;
use pki::key::{KeyKind, Signer};
use web::Problem;

use self::envelope::Kek;
use self::secret::Secret;

enum KeyId {}

/// Kinds of keys that are made here, by the word in data.
pub const KINDS: [(&str, KeyKind); 4] = [
    ("p256", KeyKind::P256),
    ("p384", KeyKind::P384),
    ("rsa2048", KeyKind::Rsa2048),
    ("rsa3072", KeyKind::Rsa3072),
];

/// The kind of this word.
pub fn kind(word: &str) -> Option<KeyKind> {
    KINDS.into_iter().find(|(known, _)| *known == word).map(|(_, kind)| kind)
}

/// A key that was just made: not kept yet, and able to sign.
#[derive(Clone)]
pub struct NewKey {
    /// Its id.
    pub id: String,
    /// Its kind, by the word in data.
    pub kind: String,
    /// The wrapped key, as it is kept.
    pub wrapped: Vec<u8>,
    /// The key itself.
    pub private: Arc<PrivateKey>,
}

impl NewKey {
    /// Keeps it. `made_for` is a word for people who look at the table.
    pub async fn save(&self, tx: &mut Tx, made_for: &str, now: Instant) -> db::Result<()> {
        store::save(tx, self, made_for, now).await
    }
}

/// The keys of an installation.
#[derive(Clone)]
pub struct Keyring(Arc<Inner>);

struct Inner {
    place: PathBuf,
    /// Key-encryption keys by salt: deriving one is slow by design.
    keks: Mutex<HashMap<Vec<u8>, Arc<Kek>>>,
    open: Mutex<HashMap<String, Arc<PrivateKey>>>,
}

/// Why a key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyTrouble {
    /// The file of the secret is not there, but keys are.
    SecretMissing(String),
    /// The file can be read by others, or says nothing that could be a secret.
    SecretUnfit(String),
    /// The secret is another one than that under which the key was wrapped, or the row was changed.
    WrongSecret,
    /// A row of a format that this program does not know.
    UnknownFormat,
    /// No key could be made.
    NotMade,
}

impl From<KeyTrouble> for Problem {
    fn from(trouble: KeyTrouble) -> Problem {
        let outside = crate::words::t("key.trouble");
        Problem::TryLater(web::Message::new(outside, format!("a private key cannot be used: {trouble:?}")))
    }
}

impl Keyring {
    /// The keys under the secret in this file. Nothing is read before a key is needed.
    pub fn new(place: PathBuf) -> Keyring {
        Keyring(Arc::new(Inner { place, keks: Mutex::default(), open: Mutex::default() }))
    }

    /// Makes a key and wraps it. The secret is made with the first key of an installation, and never while
    /// keys are kept that another secret wraps.
    pub async fn make(&self, db: &Db, word: &str) -> Result<NewKey, Problem> {
        let one = self.make_many(db, word, 1).await?.pop();
        one.ok_or_else(|| KeyTrouble::NotMade.into())
    }

    /// Makes several at once.
    pub async fn make_many(&self, db: &Db, word: &str, count: usize) -> Result<Vec<NewKey>, Problem> {
        let kind = kind(word).ok_or_else(|| Problem::Malformed("no such kind of key".into()))?;
        let known = db.read(async |tx: &mut Tx| store::find_newest(tx).await).await?;
        let (keyring, word) = (self.clone(), word.to_string());
        let made = tokio::task::spawn_blocking(move || {
            if let Some((id, wrapped)) = &known {
                keyring.unwrap(id, wrapped)?;
            }
            let secret = Secret::read_or_make(&keyring.0.place, known.is_none())?;
            let kek = keyring.kek(&secret, &secret.salt)?;
            let one = |_| {
                let private = PrivateKey::generate(kind).map_err(|_| KeyTrouble::NotMade)?;
                let id = Id::<KeyId>::fresh().to_string();
                let wrapped = envelope::wrap(&kek, &id, &private.to_pkcs8())?;
                Ok(NewKey { id, kind: word.clone(), wrapped, private: Arc::new(private) })
            };
            (0..count).map(one).collect::<Result<Vec<_>, KeyTrouble>>()
        });
        Ok(made.await.map_err(Problem::fault)??)
    }

    /// The key with this id, ready to sign.
    pub async fn signer(&self, db: &Db, id: &str) -> Result<Arc<PrivateKey>, Problem> {
        if let Some(open) = self.opened(id) {
            return Ok(open);
        }
        let wanted = id.to_string();
        let wrapped = db.read(async move |tx: &mut Tx| store::get_wrapped(tx, &wanted).await).await?;
        let (keyring, id) = (self.clone(), id.to_string());
        let open = tokio::task::spawn_blocking(move || keyring.unwrap(&id, &wrapped));
        Ok(open.await.map_err(Problem::fault)??)
    }

    fn opened(&self, id: &str) -> Option<Arc<PrivateKey>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Opens a wrapped key, once.
    fn unwrap(&self, id: &str, wrapped: &[u8]) -> Result<Arc<PrivateKey>, KeyTrouble> {
        if let Some(open) = self.opened(id) {
            return Ok(open);
        }
        let secret = Secret::read_or_make(&self.0.place, false)?;
        let salt = envelope::salt(wrapped)?;
        let kek = self.kek(&secret, salt)?;
        let pkcs8 = envelope::unwrap(&kek, id, wrapped)?;
        let private = PrivateKey::from_pkcs8(&pkcs8).map_err(|_| KeyTrouble::UnknownFormat)?;
        let private = Arc::new(private);
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.insert(id.to_string(), private.clone());
        Ok(private)
    }

    fn kek(&self, secret: &Secret, salt: &[u8]) -> Result<Arc<Kek>, KeyTrouble> {
        let mut keks = self.0.keks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kek) = keks.get(salt) {
            return Ok(kek.clone());
        }
        let kek = Arc::new(Kek::derive(&secret.bytes, salt)?);
        keks.insert(salt.to_vec(), kek.clone());
        Ok(kek)
    }
}

/// The public half as DER, as rows keep it.
pub fn spki(key: &PrivateKey) -> Vec<u8> {
    key.public_key().spki().to_vec()
}
