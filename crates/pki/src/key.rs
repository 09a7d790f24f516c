//! Keys and signatures: which algorithms there are, how they are written, and what makes and checks them.
//!
//! All arithmetic is aws-lc's. This module knows names and sizes, and refuses what is too weak: RSA below
//! 2048 bits, curves other than P-256, P-384 and P-521, PSS whose mask uses another hash. SHA-1 is
//! verified, because old papers carry it, and never made: callers ask [`SignatureAlgorithm::is_legacy`].

mod algorithm;
mod private;

pub use algorithm::{AlgorithmId, Digest, Hasher, SignatureAlgorithm};
pub use private::{KeyError, KeyKind, PrivateKey, Secret, SignError, Signer};

use crate::der::{Malformed, Read, Reader, Tag, Why, Writer};
use crate::oid::{self, Oid};
use aws_lc_rs::signature as lc;
use std::sync::Arc;

/// Smallest RSA modulus whose signatures count, in bits.
pub const RSA_BITS_MIN: u32 = 2048;
/// Largest RSA modulus that is tried, in bits.
pub const RSA_BITS_MAX: u32 = 8192;

/// An elliptic curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names are the standard's
pub enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    fn oid(self) -> Oid {
        match self {
            Curve::P256 => oid::P256,
            Curve::P384 => oid::P384,
            Curve::P521 => oid::P521,
        }
    }

    /// The curve of this name, if we use it.
    fn of(oid: Oid) -> Option<Curve> {
        [Curve::P256, Curve::P384, Curve::P521].into_iter().find(|curve| curve.oid() == oid)
    }
}

/// What kind of key this is, as far as algorithms depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PublicKind {
    /// RSA, for both paddings or (`pss_only`) for PSS alone.
    Rsa {
        /// Length of the modulus.
        bits: u32,
        /// The key says it is for PSS.
        pss_only: bool,
    },
    /// ECDSA on this curve.
    Ec(Curve),
    /// Ed25519.
    Ed25519,
    /// A kind this crate does not verify with: DSA, another curve, Ed448 ….
    Other(Oid),
}

/// A public key as certificates carry it (SubjectPublicKeyInfo).
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    spki: Arc<[u8]>,
    /// Where the contents of the BIT STRING lie in `spki`.
    bits_at: usize,
    kind: PublicKind,
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "PublicKey({:?})", self.kind)
    }
}

/// Why a signature does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSignature {
    /// The algorithm is not one this crate verifies.
    #[error("the algorithm is not supported")]
    Unsupported,
    /// The key is of another kind than the algorithm.
    #[error("the key does not fit the algorithm")]
    WrongKind,
    /// The key is too short to mean anything, or too long to be tried.
    #[error("the key has {0} bits, which is out of range")]
    KeySize(u32),
    /// The signature is not this key's over these bytes.
    #[error("the signature does not match")]
    Mismatch,
}

impl PublicKey {
    /// Reads a whole SubjectPublicKeyInfo.
    pub fn parse(spki: &[u8]) -> Read<PublicKey> {
        let mut reader = Reader::new(spki);
        let key = PublicKey::read(&mut reader)?;
        reader.end()?;
        Ok(key)
    }

    /// Reads the next element as a SubjectPublicKeyInfo.
    pub fn read(reader: &mut Reader<'_>) -> Read<PublicKey> {
        let element = reader.expect(Tag::SEQUENCE)?;
        let mut inner = element.inside()?;
        let algorithm = AlgorithmId::read(&mut inner)?;
        let bits = inner.bits()?.whole().ok_or_else(|| element.wrong("public key of odd bits"))?;
        inner.end()?;
        let kind = kind(&algorithm, bits)?;
        Ok(PublicKey { spki: element.raw.into(), bits_at: element.raw.len() - bits.len(), kind })
    }

    /// From the inner key of RSA (RSAPublicKey) or the point or bytes of the other kinds.
    pub(crate) fn from_raw(kind: PublicKind, raw: &[u8]) -> PublicKey {
        let spki = Writer::build(|w| {
            w.sequence(|w| {
                w.sequence(|w| {
                    match kind {
                        PublicKind::Rsa { .. } => w.oid(oid::RSA_ENCRYPTION).null(),
                        PublicKind::Ec(curve) => w.oid(oid::EC_PUBLIC_KEY).oid(curve.oid()),
                        PublicKind::Ed25519 => w.oid(oid::ED25519),
                        PublicKind::Other(other) => w.oid(other),
                    };
                });
                w.bits(raw);
            });
        });
        PublicKey { bits_at: spki.len() - raw.len(), spki: spki.into(), kind }
    }

    /// The SubjectPublicKeyInfo.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The contents of its BIT STRING: what key identifiers are hashes of.
    pub fn raw(&self) -> &[u8] {
        &self.spki[self.bits_at..]
    }

    /// What kind of key it is.
    pub fn kind(&self) -> PublicKind {
        self.kind
    }

    /// The key identifier of RFC 5280 method 1: SHA-1 over the key's bits. A name, not a proof.
    pub fn id(&self) -> Vec<u8> {
        Digest::Sha1.of(self.raw())
    }

    /// The longest signature this key makes, in bytes; 0 for kinds this crate does not know.
    pub fn signature_bytes_max(&self) -> usize {
        match self.kind {
            PublicKind::Rsa { bits, .. } => bits.div_ceil(8) as usize,
            // SEQUENCE of two integers, each with a sign byte
            PublicKind::Ec(Curve::P256) => 2 + 2 * (2 + 33),
            PublicKind::Ec(Curve::P384) => 2 + 2 * (2 + 49),
            PublicKind::Ec(Curve::P521) => 3 + 2 * (2 + 66),
            PublicKind::Ed25519 => 64,
            PublicKind::Other(_) => 0,
        }
    }

    /// Checks `signature` over `message`.
    pub fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), BadSignature> {
        let rule = self.rule(algorithm)?;
        let key = lc::UnparsedPublicKey::new(rule, self.raw());
        key.verify(message, signature).map_err(|_| BadSignature::Mismatch)
    }

    /// Whether this key and this algorithm go together, and how aws-lc calls the pair.
    fn rule(
        &self,
        algorithm: SignatureAlgorithm,
    ) -> Result<&'static dyn lc::VerificationAlgorithm, BadSignature> {
        use SignatureAlgorithm as A;
        match (self.kind, algorithm) {
            (PublicKind::Rsa { bits, .. }, _) if !(RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits) => {
                Err(BadSignature::KeySize(bits))
            }
            (PublicKind::Rsa { pss_only: false, .. }, A::RsaPkcs1(digest)) => Ok(match digest {
                Digest::Sha1 => &lc::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
                Digest::Sha256 => &lc::RSA_PKCS1_2048_8192_SHA256,
                Digest::Sha384 => &lc::RSA_PKCS1_2048_8192_SHA384,
                Digest::Sha512 => &lc::RSA_PKCS1_2048_8192_SHA512,
            }),
            (PublicKind::Rsa { bits, .. }, A::RsaPss { digest, salt_bytes }) => pss(digest, salt_bytes, bits),
            (PublicKind::Ec(curve), A::Ecdsa(digest)) => Ok(match (curve, digest) {
                (Curve::P256, Digest::Sha1) => &lc::ECDSA_P256_SHA1_ASN1,
                (Curve::P256, Digest::Sha256) => &lc::ECDSA_P256_SHA256_ASN1,
                (Curve::P256, Digest::Sha384) => &lc::ECDSA_P256_SHA384_ASN1,
                (Curve::P256, Digest::Sha512) => &lc::ECDSA_P256_SHA512_ASN1,
                (Curve::P384, Digest::Sha256) => &lc::ECDSA_P384_SHA256_ASN1,
                (Curve::P384, Digest::Sha384) => &lc::ECDSA_P384_SHA384_ASN1,
                (Curve::P384, Digest::Sha512) => &lc::ECDSA_P384_SHA512_ASN1,
                (Curve::P521, Digest::Sha1) => &lc::ECDSA_P521_SHA1_ASN1,
                (Curve::P521, Digest::Sha256) => &lc::ECDSA_P521_SHA256_ASN1,
                (Curve::P521, Digest::Sha384) => &lc::ECDSA_P521_SHA384_ASN1,
                (Curve::P521, Digest::Sha512) => &lc::ECDSA_P521_SHA512_ASN1,
                (Curve::P384, Digest::Sha1) => return Err(BadSignature::Unsupported),
            }),
            (PublicKind::Ed25519, A::Ed25519) => Ok(&lc::ED25519),
            (PublicKind::Other(_), _) => Err(BadSignature::Unsupported),
            _ => Err(BadSignature::WrongKind),
        }
    }
}

/// PSS with the salt's length as long as the hash, 20 bytes (the default of old software) or the longest
/// that fits (the default of OpenSSL).
fn pss(digest: Digest, salt: u16, bits: u32) -> Result<&'static dyn lc::VerificationAlgorithm, BadSignature> {
    use lc::RsaPssSaltLength::{Custom, Max};
    let encoded = (bits + 6) / 8;
    let longest = encoded.saturating_sub(digest.bytes() as u32 + 2);
    let salt = match u32::from(salt) {
        salt if salt == digest.bytes() as u32 => Salt::Digest,
        20 => Salt::Twenty,
        salt if salt == longest => Salt::Longest,
        _ => return Err(BadSignature::Unsupported),
    };
    Ok(match (digest, salt) {
        (Digest::Sha256, Salt::Digest) => &lc::RSA_PSS_2048_8192_SHA256,
        (Digest::Sha384, Salt::Digest) => &lc::RSA_PSS_2048_8192_SHA384,
        (Digest::Sha512, Salt::Digest) => &lc::RSA_PSS_2048_8192_SHA512,
        (Digest::Sha256, Salt::Twenty) => {
            &const { lc::RSA_PSS_2048_8192_SHA256.with_pss_salt_length(Custom(20)) }
        }
        (Digest::Sha384, Salt::Twenty) => {
            &const { lc::RSA_PSS_2048_8192_SHA384.with_pss_salt_length(Custom(20)) }
        }
        (Digest::Sha512, Salt::Twenty) => {
            &const { lc::RSA_PSS_2048_8192_SHA512.with_pss_salt_length(Custom(20)) }
        }
        (Digest::Sha256, Salt::Longest) => &const { lc::RSA_PSS_2048_8192_SHA256.with_pss_salt_length(Max) },
        (Digest::Sha384, Salt::Longest) => &const { lc::RSA_PSS_2048_8192_SHA384.with_pss_salt_length(Max) },
        (Digest::Sha512, Salt::Longest) => &const { lc::RSA_PSS_2048_8192_SHA512.with_pss_salt_length(Max) },
        (Digest::Sha1, _) => return Err(BadSignature::Unsupported),
    })
}

enum Salt {
    Digest,
    Twenty,
    Longest,
}

fn kind(algorithm: &AlgorithmId, bits: &[u8]) -> Read<PublicKind> {
    let pss_only = algorithm.oid == oid::RSASSA_PSS;
    if pss_only || algorithm.oid == oid::RSA_ENCRYPTION {
        return Ok(PublicKind::Rsa { bits: modulus_bits(bits)?, pss_only });
    }
    if algorithm.oid == oid::ED25519 {
        return Ok(PublicKind::Ed25519);
    }
    if algorithm.oid == oid::EC_PUBLIC_KEY {
        let curve = algorithm.parameters_oid().and_then(Curve::of);
        return Ok(curve.map_or(PublicKind::Other(algorithm.oid), PublicKind::Ec));
    }
    Ok(PublicKind::Other(algorithm.oid))
}

fn modulus_bits(rsa: &[u8]) -> Read<u32> {
    let mut reader = Reader::whole_sequence(rsa)?;
    let modulus = reader.integer()?;
    let digits = modulus.strip_prefix(&[0]).unwrap_or(modulus);
    let leading = digits.first().map_or(0, |first| first.leading_zeros());
    let bits = (digits.len() as u32).saturating_mul(8).saturating_sub(leading);
    reader.integer()?;
    reader.end().map_err(|e| Malformed { why: Why::Trailing, ..e })?;
    Ok(bits)
}

#[cfg(test)]
mod tests;
