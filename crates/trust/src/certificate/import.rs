//! Certificates from outside: taken out of a file (PEM, DER, PKCS#7, PKCS#12), each judged alone, with a
//! report that names every one that was not taken and why. Private keys in a file are not kept.

use std::collections::HashMap;

use base::Instant;
use db::Tx;
use pki::cert::{self, ImportError, Imported};
use pki::pkcs12::{self, OpenError};
use pki::{Certificate, PublicKey};
use web::Problem;

use super::{CLASSES, anchor, row_of, store};
use crate::{authority, words};

/// The largest file, in bytes.
pub const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// What became of one entry of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// In the register from now on, under this id.
    Taken(String),
    /// It was there already.
    Known(String),
    /// It cannot be read, and at which byte.
    Unreadable(usize),
    /// The issuer whose name it bears has not signed it.
    NotSigned,
    /// It bears the name of our own authority, which has not issued it.
    NotOurs,
}

/// One entry of a file.
#[derive(Clone, Debug)]
pub struct Line {
    /// The how-manieth, from 1.
    pub place: usize,
    pub subject: String,
    pub outcome: Outcome,
    /// What is unusual about it, for those who look closer.
    pub findings: usize,
}

/// A file, read.
pub struct File {
    imported: Imported,
    /// Private keys that lay beside the certificates, and were dropped.
    pub keys_dropped: usize,
}

/// Reads a file. A password is for PKCS#12 alone; opening one is slow by its maker's design, so callers stand
/// on a thread that may wait.
pub fn read(bytes: &[u8], password: &str) -> Result<File, Problem> {
    let why = |key: &str| Problem::field("file", words::t(&format!("import.{key}")));
    match cert::import(bytes) {
        Ok(imported) => Ok(File { imported, keys_dropped: 0 }),
        Err(ImportError::Unknown) => match pkcs12::open(bytes, password) {
            Ok(bundle) if bundle.certificates.is_empty() => Err(why("empty")),
            Ok(bundle) => {
                let imported = Imported { certificates: bundle.certificates, unreadable: Vec::new() };
                Ok(File { imported, keys_dropped: bundle.keys.len() })
            }
            Err(OpenError::WrongPassword) => {
                Err(Problem::field("password", words::t("import.wrong_password")))
            }
            Err(OpenError::Unsupported) => Err(why("old_ciphers")),
            Err(OpenError::Unprotected) => Err(why("unprotected")),
            Err(_) => Err(why("unknown")),
        },
        Err(ImportError::Empty) => Err(why("empty")),
        Err(ImportError::TooBig) => Err(why("too_big")),
        Err(ImportError::Pem(_)) => Err(why("pem")),
    }
}

/// Takes what can be taken into the register, authorities first, so that what they signed is checked against
/// them. One that has signed itself is proposed as a trust anchor of this class by the one who imports; that
/// alone makes nobody trust it.
pub async fn take(
    tx: &mut Tx,
    file: &File,
    class: &str,
    by: &str,
    now: Instant,
) -> Result<Vec<Line>, Problem> {
    if !CLASSES.contains(&class) {
        return Err(Problem::field("trust_class", words::t("request.wrong.no_choice")));
    }
    let own: Vec<Certificate> = authority::store::list(tx)
        .await?
        .iter()
        .map(|a| authority::parse(&a.der))
        .collect::<Result<_, _>>()?;
    let mut issuers: HashMap<String, Vec<PublicKey>> = HashMap::new();
    let bad = &file.imported.unreadable;
    let places = (0..).filter(|place| !bad.iter().any(|(n, _)| n == place));
    let mut entries: Vec<(usize, &Certificate)> = places.zip(&file.imported.certificates).collect();
    entries.sort_by_key(|(_, certificate)| !certificate.is_ca());
    let mut lines = Vec::new();
    for (place, certificate) in entries {
        let outcome = take_one(tx, certificate, (class, by), &own, &mut issuers, now).await?;
        lines.push(Line {
            place: place + 1,
            subject: certificate.subject().to_string(),
            outcome,
            findings: certificate.findings().len(),
        });
    }
    lines.extend(bad.iter().map(|(place, why)| Line {
        place: place + 1,
        subject: String::new(),
        outcome: Outcome::Unreadable(why.at),
        findings: 0,
    }));
    lines.sort_by_key(|line| line.place);
    let taken = lines.iter().filter(|line| matches!(line.outcome, Outcome::Taken(_))).count();
    tx.audit("trust.import-certificates", &taken.to_string()).await?;
    Ok(lines)
}

async fn take_one(
    tx: &mut Tx,
    certificate: &Certificate,
    (class, by): (&str, &str),
    own: &[Certificate],
    issuers: &mut HashMap<String, Vec<PublicKey>>,
    now: Instant,
) -> Result<Outcome, Problem> {
    let row = row_of(certificate, "imported", class, now);
    if let Some(known) = store::find_by_fingerprint(tx, &row.fingerprint).await? {
        return Ok(Outcome::Known(known.id));
    }
    let named = |ours: &&Certificate| ours.subject() == certificate.issuer();
    if own.iter().any(|ours| named(&ours)) {
        return Ok(Outcome::NotOurs);
    }
    if !issuers.contains_key(&row.issuer) {
        let mut keys = Vec::new();
        for issuer in store::list_authorities_named(tx, &row.issuer).await? {
            keys.push(authority::parse(&issuer.der)?.public_key().clone());
        }
        issuers.insert(row.issuer.clone(), keys);
    }
    let keys = issuers.get(&row.issuer).map(Vec::as_slice).unwrap_or_default();
    if !keys.is_empty() && !keys.iter().any(|key| certificate.verify_with(key).is_ok()) {
        return Ok(Outcome::NotSigned);
    }
    if certificate.is_ca() {
        issuers.entry(row.subject.clone()).or_default().push(certificate.public_key().clone());
    }
    store::save_all(tx, std::slice::from_ref(&row)).await?;
    if certificate.is_ca() && certificate.is_self_signed() && anchor::CLASSES.contains(&class) {
        anchor::store::save(tx, &row.id, class, by, now).await?;
    }
    Ok(Outcome::Taken(row.id))
}
