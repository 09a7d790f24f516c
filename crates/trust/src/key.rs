//! Private keys that this installation keeps. A row holds a key wrapped under the installation's secret, a
//! file that stands in no database and no backup; in memory a key is opened once and then signs. How a key is
//! wrapped stands in `KEYS.md`, well enough to be read without this program. A key may lie in a hardware
//! module instead: then the row names the module, and the key never leaves it.

mod envelope;
pub mod module;
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
use pki::key::{KeyKind, PublicKey, Signer};
use token::TokenError;
use web::Problem;

use self::envelope::Kek;
use self::module::{ModuleSettings, Modules};
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
    /// The wrapped key, as it is kept; nothing where it lies in a module.
    pub wrapped: Vec<u8>,
    /// The module it lies in.
    pub module: Option<String>,
    /// The key itself.
    pub private: Arc<dyn Signer>,
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
    open: Mutex<HashMap<String, Arc<dyn Signer>>>,
    modules: Modules,
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
    /// The configuration names no module of this name.
    NoModule(String),
    /// The module does not do what it was asked: in its words.
    Module(String, TokenError),
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
        let (keks, open, modules) = (Mutex::default(), Mutex::default(), Modules::default());
        Keyring(Arc::new(Inner { place, keks, open, modules }))
    }

    /// Keys may lie in these hardware modules; every clone knows them.
    pub fn name_modules(&self, modules: Vec<ModuleSettings>) {
        self.0.modules.name(modules);
    }

    /// The names of the modules that there are.
    pub fn modules(&self) -> Vec<String> {
        self.0.modules.names()
    }

    /// Makes keys and wraps them. The secret is made with the first key of an installation, and never while
    /// keys are kept that another secret wraps.
    pub async fn make_many(&self, db: &Db, word: &str, count: usize) -> Result<Vec<NewKey>, Problem> {
        let kind = kind(word).ok_or_else(|| Problem::Malformed("no such kind of key".into()))?;
        let known = db.read(async |tx: &mut Tx| store::find_newest(tx).await).await?;
        let (keyring, word) = (self.clone(), word.to_string());
        let made = tokio::task::spawn_blocking(move || {
            let kek = keyring.kek_for_new(known)?;
            let one = |_| {
                let private = PrivateKey::generate(kind).map_err(|_| KeyTrouble::NotMade)?;
                let id = Id::<KeyId>::fresh().to_string();
                let wrapped = envelope::wrap(&kek, &id, &private.to_pkcs8())?;
                let private: Arc<dyn Signer> = Arc::new(private);
                Ok(NewKey { id, kind: word.clone(), wrapped, module: None, private })
            };
            (0..count).map(one).collect::<Result<Vec<_>, KeyTrouble>>()
        });
        Ok(made.await.map_err(Problem::fault)??)
    }

    /// Wraps bytes that are no key of ours for the row with this id.
    pub(crate) async fn wrap(
        &self,
        db: &Db,
        id: String,
        bytes: pki::key::Secret,
    ) -> Result<Vec<u8>, Problem> {
        let known = db.read(async |tx: &mut Tx| store::find_newest(tx).await).await?;
        let keyring = self.clone();
        let wrapped = tokio::task::spawn_blocking(move || {
            let kek = keyring.kek_for_new(known)?;
            envelope::wrap(&kek, &id, &bytes)
        });
        Ok(wrapped.await.map_err(Problem::fault)??)
    }

    /// The bytes that were wrapped for the row with this id.
    pub(crate) async fn unwrap_bytes(
        &self,
        id: String,
        wrapped: Vec<u8>,
    ) -> Result<pki::key::Secret, Problem> {
        let keyring = self.clone();
        let bytes = tokio::task::spawn_blocking(move || keyring.unwrapped(&id, &wrapped));
        Ok(bytes.await.map_err(Problem::fault)??)
    }

    /// The key under which new things are wrapped. The secret is made where nothing was wrapped before;
    /// where something was, it must open first.
    fn kek_for_new(&self, known: Option<(String, Vec<u8>)>) -> Result<Arc<Kek>, KeyTrouble> {
        if let Some((id, wrapped)) = &known {
            self.unwrapped(id, wrapped)?;
        }
        let secret = Secret::read_or_make(&self.0.place, known.is_none())?;
        self.kek(&secret, &secret.salt)
    }

    /// Makes several at once in the module of this name, or here when none is named.
    pub async fn make_in(
        &self,
        db: &Db,
        module: Option<&str>,
        word: &str,
        count: usize,
    ) -> Result<Vec<NewKey>, Problem> {
        let Some(module) = module.map(str::to_string) else {
            return self.make_many(db, word, count).await;
        };
        let kind = kind(word).ok_or_else(|| Problem::Malformed("no such kind of key".into()))?;
        let (keyring, word) = (self.clone(), word.to_string());
        let one = move |_| {
            let id = Id::<KeyId>::fresh().to_string();
            let private = keyring.0.modules.make(&module, kind, &id)?;
            let (kind, module) = (word.clone(), Some(module.clone()));
            Ok(NewKey { id, kind, wrapped: Vec::new(), module, private })
        };
        let made =
            tokio::task::spawn_blocking(move || (0..count).map(one).collect::<Result<_, KeyTrouble>>());
        Ok(made.await.map_err(Problem::fault)??)
    }

    /// The key with this id, ready to sign.
    pub async fn signer(&self, db: &Db, id: &str) -> Result<Arc<dyn Signer>, Problem> {
        if let Some(open) = self.opened(id) {
            return Ok(open);
        }
        let wanted = id.to_string();
        let kept = db.read(async move |tx: &mut Tx| store::get(tx, &wanted).await).await?;
        let (keyring, id) = (self.clone(), id.to_string());
        let open = tokio::task::spawn_blocking(move || match &kept.module {
            Some(module) => keyring.reach(module, &id, &kept.spki),
            None => keyring.unwrap(&id, &kept.wrapped),
        });
        Ok(open.await.map_err(Problem::fault)??)
    }

    fn opened(&self, id: &str) -> Option<Arc<dyn Signer>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// A key in a module.
    fn reach(&self, module: &str, id: &str, spki: &[u8]) -> Result<Arc<dyn Signer>, KeyTrouble> {
        let key = PublicKey::parse(spki).map_err(|_| KeyTrouble::UnknownFormat)?;
        let private = self.0.modules.key(module, id, key)?;
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.insert(id.to_string(), private.clone());
        Ok(private)
    }

    /// Opens a wrapped key, once.
    fn unwrap(&self, id: &str, wrapped: &[u8]) -> Result<Arc<dyn Signer>, KeyTrouble> {
        if let Some(open) = self.opened(id) {
            return Ok(open);
        }
        let pkcs8 = self.unwrapped(id, wrapped)?;
        let private = PrivateKey::from_pkcs8(&pkcs8).map_err(|_| KeyTrouble::UnknownFormat)?;
        let private: Arc<dyn Signer> = Arc::new(private);
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.insert(id.to_string(), private.clone());
        Ok(private)
    }

    fn unwrapped(&self, id: &str, wrapped: &[u8]) -> Result<pki::key::Secret, KeyTrouble> {
        let secret = Secret::read_or_make(&self.0.place, false)?;
        let salt = envelope::salt(wrapped)?;
        let kek = self.kek(&secret, salt)?;
        envelope::unwrap(&kek, id, wrapped)
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
pub fn spki(key: &dyn Signer) -> Vec<u8> {
    key.public_key().spki().to_vec()
}
