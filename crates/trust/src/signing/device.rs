//! Certificates whose keys are in a token in their holder's hand: what a signature by one needs beside the
//! key, which answers through the agent (`crates/token/AGENT.md`).

use base::Instant;
use db::Tx;
use directory::{AccountId, UnitId};
use pki::cms;
use pki::key::{Curve, PublicKind};
use pki::{Certificate, Digest, SignatureAlgorithm};
use web::Problem;

use super::{Part, store};
use crate::authority;

/// A certificate in use whose key is in a token.
#[derive(Clone, Debug)]
pub struct Device {
    /// Its id in the register.
    pub id: String,
    /// Whose signature it makes.
    pub part: Part,
    /// The person or agency it names.
    pub holder: String,
    /// The certificate.
    pub certificate: Certificate,
    /// From it up to the root, itself left out, as far as the register has them.
    pub chain: Vec<Certificate>,
}

impl Device {
    /// How the agent signs with its key; `None` where it cannot.
    pub fn algorithm(&self) -> Option<SignatureAlgorithm> {
        match self.certificate.public_key().kind() {
            PublicKind::Rsa { pss_only: false, .. } => Some(SignatureAlgorithm::RsaPkcs1(Digest::Sha256)),
            PublicKind::Ec(Curve::P256) => Some(SignatureAlgorithm::Ecdsa(Digest::Sha256)),
            PublicKind::Ec(Curve::P384) => Some(SignatureAlgorithm::Ecdsa(Digest::Sha384)),
            PublicKind::Ec(Curve::P521) => Some(SignatureAlgorithm::Ecdsa(Digest::Sha512)),
            PublicKind::Rsa { .. } | PublicKind::Ed25519 | PublicKind::Other(_) => None,
        }
    }

    /// What a CMS signature by it needs.
    pub fn draft(&self) -> cms::Draft<'_> {
        cms::Draft::new(&self.certificate, &self.chain)
    }

    /// Whether this is its signature over these attributes.
    pub fn verifies(&self, attributes: &[u8], signature: &[u8]) -> bool {
        let key = self.certificate.public_key();
        self.algorithm().is_some_and(|algorithm| key.verify(algorithm, attributes, signature).is_ok())
    }
}

/// The certificates in tokens of an official, and those of the seals of these units.
///
/// # Errors
/// The store's; a fault when a kept certificate cannot be read.
pub async fn devices(
    tx: &mut Tx,
    account: &AccountId,
    seals_of: &[UnitId],
    now: Instant,
) -> Result<Vec<Device>, Problem> {
    let mut rows = store::list_personal_tokens(tx, &account.to_string(), now).await?;
    for unit in seals_of {
        rows.extend(store::list_seal_tokens(tx, unit.as_str(), now).await?);
    }
    let mut all = Vec::new();
    for row in rows {
        all.push(device(tx, row).await?);
    }
    Ok(all)
}

/// The certificate of this id, while it is in use and its key is in a token.
///
/// # Errors
/// The store's; a fault when the certificate cannot be read.
pub async fn find_device(tx: &mut Tx, id: &str, now: Instant) -> Result<Option<Device>, Problem> {
    match store::find_token(tx, id, now).await? {
        Some(row) => Ok(Some(device(tx, row).await?)),
        None => Ok(None),
    }
}

async fn device(tx: &mut Tx, row: store::Token) -> Result<Device, Problem> {
    let certificate = authority::parse(&row.der)?;
    let chain = match row.authority.as_deref() {
        Some(authority) => super::chain(tx, Some(authority)).await?,
        None => outside_chain(tx, &certificate).await?,
    };
    let part = if row.kind == Part::Seal.kind() { Part::Seal } else { Part::Person };
    Ok(Device { id: row.id, part, holder: row.holder, certificate, chain })
}

/// The issuers from outside that the register has, up to one that signed itself.
async fn outside_chain(tx: &mut Tx, of: &Certificate) -> Result<Vec<Certificate>, Problem> {
    let mut known = Vec::new();
    for der in crate::certificate::anchor::store::list_between(tx).await? {
        known.push(authority::parse(&der)?);
    }
    let mut chain: Vec<Certificate> = Vec::new();
    while chain.len() < pki::path::PATH_LEN_MAX {
        let last = chain.last().unwrap_or(of);
        let is_above = |c: &&Certificate| c.subject() == last.issuer() && c.subject() != c.issuer();
        let Some(next) = known.iter().find(is_above).cloned() else { break };
        if chain.contains(&next) {
            break;
        }
        chain.push(next);
    }
    Ok(chain)
}
