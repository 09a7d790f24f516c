//! Whom an installation trusts: PEM files in a folder named after the kind of trust, lists of what is revoked
//! beside them, and the key that signs reports.
//!
//! ```text
//! trust/government/*.pem   trust/public/*.pem   trust/internal/*.pem
//! trust/*/*.crl            lists of revoked certificates
//! trust/chain/*.pem        certificates between, not trusted by themselves
//! trust/report/key.pem     the key of the reports, and
//! trust/report/cert.pem    its certificate and issuers
//! ```

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pki::{Certificate, Crl, PrivateKey, cert};

use super::found::Bag;
use super::report::TrustClass;
use super::reporter::Reporter;
use super::rules::TrustAnchor;

/// How many files of one folder are read.
const FILES_MAX: usize = 1_000;

/// What a folder holds.
#[derive(Default)]
pub struct Known {
    /// Whom to trust.
    pub anchors: Vec<TrustAnchor>,
    /// What is at hand beside.
    pub bag: Bag,
    /// Who signs reports.
    pub reporter: Option<Reporter>,
}

impl Known {
    /// Reads a folder; one that is not there holds nothing.
    ///
    /// # Errors
    /// The file that cannot be read, and why.
    pub fn read(folder: &Path) -> Result<Known, String> {
        let mut known = Known::default();
        for class in [TrustClass::Government, TrustClass::Public, TrustClass::Internal] {
            for file in files(&folder.join(class.key()))? {
                if file.extension().is_some_and(|ending| ending == "crl") {
                    known.bag.crls.push(crl(&file)?);
                } else {
                    let anchors = certificates(&file)?.into_iter();
                    known.anchors.extend(anchors.map(|one| TrustAnchor::of(one, class)));
                }
            }
        }
        for file in files(&folder.join("chain"))? {
            if file.extension().is_some_and(|ending| ending == "crl") {
                known.bag.crls.push(crl(&file)?);
            } else {
                known.bag.certificates.extend(certificates(&file)?);
            }
        }
        let report = folder.join("report");
        if report.join("key.pem").exists() {
            known.reporter = Some(reporter(&report)?);
        }
        Ok(known)
    }
}

impl Known {
    /// Certificates of authorities with this name, as the register writes it.
    pub fn issuers_named(&self, name: &str) -> Vec<Certificate> {
        let anchors = self.anchors.iter().filter_map(|known| known.anchor.certificate.as_ref());
        let all = anchors.chain(&self.bag.certificates);
        all.filter(|one| one.is_ca() && one.subject().to_string() == name).cloned().collect()
    }
}

fn said(file: &Path, why: &dyn std::fmt::Display) -> String {
    format!("{}: {why}", file.display())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let listed = fs::read_dir(folder).map_err(|e| said(folder, &e))?;
    let paths = listed.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let mut paths: Vec<PathBuf> = paths.filter(|path| path.is_file()).take(FILES_MAX).collect();
    paths.sort();
    Ok(paths)
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    fs::read(file).map_err(|e| said(file, &e))
}

fn certificates(file: &Path) -> Result<Vec<Certificate>, String> {
    cert::import(&read(file)?).map(|imported| imported.certificates).map_err(|e| said(file, &e))
}

fn crl(file: &Path) -> Result<Crl, String> {
    Crl::import(&read(file)?).map_err(|e| said(file, &e))
}

fn reporter(folder: &Path) -> Result<Reporter, String> {
    let (key_file, cert_file) = (folder.join("key.pem"), folder.join("cert.pem"));
    let key = PrivateKey::from_pem(&String::from_utf8_lossy(&read(&key_file)?));
    let key = key.map_err(|e| said(&key_file, &e))?;
    let mut chain = certificates(&cert_file)?;
    let own = chain.iter().position(|one| one.public_key() == pki::Signer::public_key(&key));
    let own = own.ok_or_else(|| said(&cert_file, &"no certificate of the key beside it"))?;
    Ok(Reporter { certificate: chain.remove(own), key: Arc::new(key), chain })
}
