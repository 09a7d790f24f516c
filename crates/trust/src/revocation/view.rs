//! What one authority says at one number: its lists and its kept answers, each signed when it is first
//! asked for and then given to all.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use bytes::Bytes;
use pki::Certificate;
use pki::cert::Serial;
use pki::crl::{self, shard_of};
use pki::key::{Digest, SignError, Signer};
use pki::ocsp::{CertId, CertStatus};

use super::rules::{self, Entry, Head, Which};

/// Answers kept for one authority, and numbers it is known to have issued; more are made or looked up anew.
const ANSWERS_MAX: usize = 100_000;

/// Who signs the lists of an authority, and where they lie.
pub struct Issuer {
    pub id: String,
    pub certificate: Certificate,
    pub key: Arc<dyn Signer>,
    pub shards: u32,
    /// Everything before the file name of a list.
    pub folder: String,
    /// How questions name it; the number in them means nothing.
    pub ids: [CertId; 4],
    /// Numbers it is known to have issued.
    pub issued: RwLock<HashSet<Serial>>,
}

impl Issuer {
    /// Whether the question is about a certificate of this issuer. Its hashes are computed once: every
    /// question is held against every issuer.
    pub fn is_meant(&self, asked: &CertId) -> bool {
        let id = self.ids.iter().find(|id| id.digest == asked.digest);
        id.is_some_and(|id| id.name_hash == asked.name_hash && id.key_hash == asked.key_hash)
    }

    /// The hashes of an issuer, by each digest a question may come with.
    pub fn ids_of(certificate: &Certificate) -> [CertId; 4] {
        [Digest::Sha1, Digest::Sha256, Digest::Sha384, Digest::Sha512].map(|digest| {
            CertId::new(digest, certificate.subject(), certificate.public_key(), certificate.serial())
        })
    }

    /// Whether it is known to have issued this number.
    pub fn has_issued(&self, serial: &Serial) -> bool {
        self.issued.read().unwrap_or_else(PoisonError::into_inner).contains(serial)
    }

    /// Keeps that it has.
    pub fn learn(&self, serial: &Serial) {
        let mut issued = self.issued.write().unwrap_or_else(PoisonError::into_inner);
        if issued.len() < ANSWERS_MAX {
            issued.insert(serial.clone());
        }
    }
}

/// Bytes that are given to many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub bytes: Bytes,
    /// By which caches know them, in its quotes.
    pub tag: Bytes,
}

impl Kept {
    /// These bytes; their tag is computed once.
    pub fn new(bytes: Bytes) -> Kept {
        let mut tag = String::from("\"");
        for byte in &Digest::Sha256.of(&bytes)[..16] {
            let _ = write!(tag, "{byte:02x}");
        }
        tag.push('"');
        Kept { bytes, tag: tag.into() }
    }
}

/// Which certificate is asked about, and by which hash.
pub type Asked = (Digest, Serial);

/// A list that is signed once: whoever asks meanwhile waits for the one who signs.
#[derive(Default)]
struct Made {
    list: OnceLock<Kept>,
    making: Mutex<()>,
}

impl Made {
    fn get(&self, sign: impl FnOnce() -> Result<Vec<u8>, SignError>) -> Result<Kept, SignError> {
        if let Some(list) = self.list.get() {
            return Ok(list.clone());
        }
        // Whoever panicked while signing has made nothing.
        let _one = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(list) = self.list.get() {
            return Ok(list.clone());
        }
        let signed = Kept::new(sign()?.into());
        Ok(self.list.get_or_init(|| signed).clone())
    }
}

/// An authority at one number.
pub struct View {
    pub head: Head,
    pub entries: Arc<BTreeMap<Serial, Entry>>,
    /// What has changed since the base.
    pub changed: Arc<BTreeSet<Serial>>,
    full: Made,
    delta: Made,
    shards: Vec<Made>,
    answers: Mutex<HashMap<Asked, Kept>>,
}

impl View {
    /// A view with these entries. Kept answers of an earlier one go along when they are still good.
    pub fn new(
        head: Head,
        entries: Arc<BTreeMap<Serial, Entry>>,
        changed: Arc<BTreeSet<Serial>>,
        shards: u32,
        answers: HashMap<Asked, Kept>,
    ) -> View {
        View {
            head,
            entries,
            changed,
            full: Made::default(),
            delta: Made::default(),
            shards: (0..shards).map(|_| Made::default()).collect(),
            answers: Mutex::new(answers),
        }
    }

    /// The kept answers that still hold after `changed`.
    pub fn answers_without(&self, changed: &BTreeSet<Serial>) -> HashMap<Asked, Kept> {
        let kept = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter()
            .filter(|((_, serial), _)| !changed.contains(serial))
            .map(|(a, b)| (a.clone(), b.clone()))
            .collect()
    }

    /// The kept answer, if there is one.
    pub fn answer(&self, asked: &Asked) -> Option<Kept> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).get(asked).cloned()
    }

    /// Keeps an answer for the next who asks.
    pub fn keep(&self, asked: Asked, answer: Kept) {
        let mut kept = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < ANSWERS_MAX {
            kept.insert(asked, answer);
        }
    }

    /// What is said of a certificate that the authority issued.
    pub fn status(&self, id: &CertId) -> CertStatus {
        match self.entries.get(&id.serial) {
            Some(entry) => CertStatus::Revoked { at: entry.at, reason: Some(entry.reason) },
            None => CertStatus::Good,
        }
    }

    fn place(&self, which: Which) -> Option<&Made> {
        match which {
            Which::Full => Some(&self.full),
            Which::Delta => Some(&self.delta),
            Which::Shard(shard) => self.shards.get(shard as usize),
        }
    }

    /// A list of this view, if it was signed already.
    pub fn signed(&self, which: Which) -> Option<Kept> {
        self.place(which)?.list.get().cloned()
    }

    /// A list of this view. `None` when there is no such shard. Signing a million entries takes a second, so
    /// callers stand on a thread that may wait; of several who ask, one signs.
    pub fn list(&self, issuer: &Issuer, which: Which) -> Result<Option<Kept>, SignError> {
        let Some(place) = self.place(which) else { return Ok(None) };
        place.get(|| self.sign(issuer, which)).map(Some)
    }

    fn sign(&self, issuer: &Issuer, which: Which) -> Result<Vec<u8>, SignError> {
        let address = |which| format!("{}{}", issuer.folder, rules::name_of(&issuer.id, which));
        let number = u64::try_from(self.head.number).unwrap_or_default();
        let draft = crl::Draft {
            issuer: issuer.certificate.subject().clone(),
            authority_key_id: issuer.certificate.key_id(),
            number,
            delta_base: (which == Which::Delta).then(|| u64::try_from(self.head.base).unwrap_or_default()),
            this_update: self.head.at,
            next_update: self.head.next,
            shard: matches!(which, Which::Shard(_)).then(|| address(which)),
            freshest: (which == Which::Full).then(|| address(Which::Delta)),
        };
        let key: &dyn Signer = issuer.key.as_ref();
        match which {
            Which::Full => draft.sign(rules::full(&self.entries), key),
            Which::Delta => draft.sign(rules::delta(&self.entries, &self.changed, self.head.at), key),
            Which::Shard(shard) => {
                let on_it = |one: &crl::Revoked| shard_of(&one.serial, issuer.shards) == shard;
                draft.sign(rules::full(&self.entries).filter(on_it), key)
            }
        }
    }
}
