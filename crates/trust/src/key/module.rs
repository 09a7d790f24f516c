//! Hardware modules (PKCS#11) in which keys lie: opened when the first key of one is needed, with a few
//! sessions each. Their PINs are read from files then, and stand nowhere else.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use pki::PublicKey;
use pki::key::{KeyKind, Signer};
use token::{Module, Pin, Pool, TokenError};

use super::KeyTrouble;

/// A module as the configuration names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleSettings {
    /// By which rows know it; never changed once keys lie in it.
    pub name: String,
    /// The vendor's library.
    pub library: PathBuf,
    /// The label or serial number of the token in it.
    pub token: String,
    /// A file that holds the PIN, readable by this program alone.
    pub pin_file: PathBuf,
    /// How many signatures go on at once.
    pub sessions: usize,
}

/// The modules of an installation.
#[derive(Default)]
pub struct Modules {
    named: OnceLock<Vec<ModuleSettings>>,
    open: Mutex<HashMap<String, Arc<Pool>>>,
}

impl Modules {
    /// Names them, once, when an installation opens; none is opened yet.
    pub fn name(&self, named: Vec<ModuleSettings>) {
        // A second time changes nothing: keys may be in use.
        let _ = self.named.set(named);
    }

    fn named(&self) -> &[ModuleSettings] {
        self.named.get().map(Vec::as_slice).unwrap_or_default()
    }

    /// Their names.
    pub fn names(&self) -> Vec<String> {
        self.named().iter().map(|one| one.name.clone()).collect()
    }

    /// Makes a key that never leaves the module, under this id.
    pub fn make(&self, name: &str, kind: KeyKind, id: &str) -> Result<Arc<dyn Signer>, KeyTrouble> {
        let pool = self.pool(name)?;
        let made = pool.with_renewed(|session| token::key::generate(session, kind, id.as_bytes(), id));
        self.key(name, id, made.map_err(|why| KeyTrouble::Module(name.into(), why))?)
    }

    /// The key with this id, as one that signs.
    pub fn key(&self, name: &str, id: &str, key: PublicKey) -> Result<Arc<dyn Signer>, KeyTrouble> {
        let found = self.pool(name)?.key(id.as_bytes().to_vec(), key);
        let unfit = || KeyTrouble::Module(name.into(), TokenError::Unsupported);
        found.map(|key| Arc::new(key) as Arc<dyn Signer>).ok_or_else(unfit)
    }

    fn pool(&self, name: &str) -> Result<Arc<Pool>, KeyTrouble> {
        // Held while it opens: others who need it would only open it once more.
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = open.get(name) {
            return Ok(pool.clone());
        }
        let settings = self.named().iter().find(|one| one.name == name);
        let settings = settings.ok_or_else(|| KeyTrouble::NoModule(name.into()))?;
        let pool = opened(settings).map_err(|why| KeyTrouble::Module(name.into(), why))?;
        open.insert(name.to_string(), pool.clone());
        Ok(pool)
    }
}

fn opened(settings: &ModuleSettings) -> Result<Arc<Pool>, TokenError> {
    let file = &settings.pin_file;
    let read = std::fs::read_to_string(file).map(Pin::new);
    let text = read.map_err(|e| TokenError::Failed(format!("the PIN in {}: {e}", file.display())))?;
    let pin = Pin::new(text.trim_end_matches(['\r', '\n']).to_string());
    let module = Module::open(&settings.library)?;
    let serial = module.serial_of(&settings.token)?;
    Pool::open(&module, &serial, &pin, settings.sessions).map(Arc::new)
}
