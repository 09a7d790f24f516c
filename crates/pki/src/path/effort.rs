//! What judging may cost, counted rather than timed: so that it comes out the same on every machine, and no
//! file makes a judge work for hours.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::cert::{Certificate, Serial};
use crate::crl::{Crl, Entry};
use crate::key::{BadSignature, PublicKey};
use crate::name::Name;

/// Signatures that may be checked, and bytes that may be hashed or searched, until it is enough. Once
/// something was refused, everything is.
#[derive(Debug)]
pub struct Effort {
    checks: AtomicU64,
    bytes: AtomicU64,
    is_spent: AtomicBool,
}

impl Effort {
    /// So many checks of signatures and so many bytes.
    pub fn new(checks_max: u64, bytes_max: u64) -> Effort {
        Effort {
            checks: AtomicU64::new(checks_max),
            bytes: AtomicU64::new(bytes_max),
            is_spent: AtomicBool::new(false),
        }
    }

    /// Takes so much of what is left; whether there was enough.
    pub fn take(&self, checks: u64, bytes: u64) -> bool {
        let less = |left: &AtomicU64, amount: u64| {
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(amount)).is_ok()
        };
        let has = !self.is_spent() && less(&self.checks, checks) && less(&self.bytes, bytes);
        if !has {
            self.is_spent.store(true, Ordering::Relaxed);
        }
        has
    }

    /// Something was refused: what was not done is not known.
    pub fn is_spent(&self) -> bool {
        self.is_spent.load(Ordering::Relaxed)
    }
}

/// What was found out already. Each entry keeps what it is about, so that its address stays its own.
#[derive(Debug, Default)]
struct Memory {
    certificates: HashMap<(usize, Vec<u8>), (Certificate, Result<(), BadSignature>)>,
    lists: HashMap<(usize, Vec<u8>), (Crl, Result<(), BadSignature>)>,
    entries: HashMap<(usize, Vec<u8>, Name), (Crl, Option<Entry>)>,
}

/// Checks signatures of certificates and lists once each, within an [`Effort`] where there is one.
#[derive(Clone, Debug, Default)]
pub(super) struct Checks {
    effort: Option<Arc<Effort>>,
    memory: Arc<Mutex<Memory>>,
}

impl Checks {
    pub fn within(effort: Arc<Effort>) -> Checks {
        Checks { effort: Some(effort), memory: Arc::default() }
    }

    /// Takes so much; whether there was enough.
    pub fn take(&self, checks: u64, bytes: u64) -> bool {
        self.effort.as_ref().is_none_or(|effort| effort.take(checks, bytes))
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        // Whoever panicked while remembering left facts.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The certificate's signature is this key's.
    pub fn certificate(&self, certificate: &Certificate, key: &PublicKey) -> Result<(), BadSignature> {
        let place = (certificate.address(), key.spki().to_vec());
        if let Some((_, known)) = self.memory().certificates.get(&place) {
            return *known;
        }
        if !self.take(1, certificate.der().len() as u64) {
            return Err(BadSignature::Unsupported);
        }
        let found = certificate.verify_with(key);
        self.memory().certificates.insert(place, (certificate.clone(), found));
        found
    }

    /// The list's signature is this key's.
    pub fn list(&self, list: &Crl, key: &PublicKey) -> Result<(), BadSignature> {
        let place = (list.address(), key.spki().to_vec());
        if let Some((_, known)) = self.memory().lists.get(&place) {
            return *known;
        }
        if !self.take(1, list.der().len() as u64) {
            return Err(BadSignature::Unsupported);
        }
        let found = list.verify_with(key);
        self.memory().lists.insert(place, (list.clone(), found));
        found
    }

    /// What the list says of a certificate. `Err` when there is no effort left to look.
    pub fn find(&self, list: &Crl, issuer: &Name, serial: &Serial) -> Result<Option<Entry>, ()> {
        let place = (list.address(), serial.contents().to_vec(), issuer.clone());
        if let Some((_, known)) = self.memory().entries.get(&place) {
            return Ok(known.clone());
        }
        if !self.take(0, list.der().len() as u64) {
            return Err(());
        }
        let found = list.find(issuer, serial);
        self.memory().entries.insert(place, (list.clone(), found.clone()));
        Ok(found)
    }
}
