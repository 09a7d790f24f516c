//! Private keys in memory, and the trait behind which keys elsewhere stand.

use super::{Curve, Digest, PublicKey, PublicKind, SignatureAlgorithm};
use crate::der::{Reader, Tag};
use crate::oid;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature as lc;
use aws_lc_rs::signature::KeyPair as _;
use zeroize::Zeroizing;

/// Bytes that are wiped when they are dropped.
pub type Secret = Zeroizing<Vec<u8>>;

/// Something that signs: a key in memory here; a token or a remote service elsewhere.
///
/// Makers in this crate take a `&dyn Signer`; each also has a two-step form (bytes to sign, then the
/// signature put in) for keys that answer later.
pub trait Signer: Send + Sync {
    /// The public half.
    fn public_key(&self) -> &PublicKey;

    /// How it signs.
    fn algorithm(&self) -> SignatureAlgorithm;

    /// The signature over `message`. A key that signs hashes takes the hash itself, with the digest of
    /// [`Signer::algorithm`].
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;

    /// The signature over a message that is not at hand, only its hash, made with the digest of `algorithm`.
    /// What the hash is of is for the caller to know: a key cannot see what it signs this way.
    fn sign_hash(&self, algorithm: SignatureAlgorithm, hash: &[u8]) -> Result<Vec<u8>, SignError>;
}

/// Why a key did not sign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The key cannot be reached now.
    #[error("the key cannot be reached: {0}")]
    Unavailable(String),
    /// The key's keeper said no: wrong PIN, no authorisation, locked.
    #[error("the key's keeper refused: {0}")]
    Refused(String),
    /// The key failed.
    #[error("the key failed to sign")]
    Failed,
}

/// Why bytes are no private key we can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not an unencrypted PKCS#8 of a kind this crate signs with.
    #[error("not a private key of a kind that is used here")]
    Unusable,
    /// The key cannot sign this way.
    #[error("the key cannot sign with this algorithm")]
    WrongAlgorithm,
    /// No key could be made.
    #[error("no key could be made")]
    NotMade,
}

/// Kinds of keys that can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names are the standards'
pub enum KeyKind {
    P256,
    P384,
    P521,
    Ed25519,
    Rsa2048,
    Rsa3072,
    Rsa4096,
}

enum Pair {
    Rsa(lc::RsaKeyPair),
    Ec(lc::EcdsaKeyPair),
    Ed25519(lc::Ed25519KeyPair),
}

/// A private key in memory, and how it signs.
pub struct PrivateKey {
    pair: Pair,
    public: PublicKey,
    algorithm: SignatureAlgorithm,
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "PrivateKey({:?})", self.algorithm)
    }
}

impl PrivateKey {
    /// Makes a new key; it signs with the usual algorithm of its kind.
    pub fn generate(kind: KeyKind) -> Result<PrivateKey, KeyError> {
        let rsa = |size| lc::RsaKeyPair::generate(size).map(Pair::Rsa);
        let ec = |curve| lc::EcdsaKeyPair::generate(ec_rule(curve)).map(Pair::Ec);
        let pair = match kind {
            KeyKind::P256 => ec(Curve::P256),
            KeyKind::P384 => ec(Curve::P384),
            KeyKind::P521 => ec(Curve::P521),
            KeyKind::Ed25519 => lc::Ed25519KeyPair::generate().map(Pair::Ed25519),
            KeyKind::Rsa2048 => rsa(KeySize::Rsa2048),
            KeyKind::Rsa3072 => rsa(KeySize::Rsa3072),
            KeyKind::Rsa4096 => rsa(KeySize::Rsa4096),
        };
        PrivateKey::of(pair.map_err(|_| KeyError::NotMade)?)
    }

    /// Reads an unencrypted PKCS#8.
    pub fn from_pkcs8(der: &[u8]) -> Result<PrivateKey, KeyError> {
        let kind = pkcs8_kind(der).ok_or(KeyError::Unusable)?;
        let pair = match kind {
            PublicKind::Rsa { .. } => lc::RsaKeyPair::from_pkcs8(der).map(Pair::Rsa),
            PublicKind::Ec(curve) => lc::EcdsaKeyPair::from_pkcs8(ec_rule(curve), der).map(Pair::Ec),
            PublicKind::Ed25519 => lc::Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map(Pair::Ed25519),
            PublicKind::Other(_) => return Err(KeyError::Unusable),
        };
        PrivateKey::of(pair.map_err(|_| KeyError::Unusable)?)
    }

    /// Reads the first private key of a PEM text: PKCS#8, or the older forms of one kind alone.
    pub fn from_pem(text: &str) -> Result<PrivateKey, KeyError> {
        let blocks = crate::pem::read(text.as_bytes()).map_err(|_| KeyError::Unusable)?;
        let ders = blocks.into_iter().map(|block| (block.label, Secret::new(block.der)));
        let mut keys = ders.filter_map(|(label, der)| match label.as_str() {
            "PRIVATE KEY" => Some(PrivateKey::from_pkcs8(&der)),
            "RSA PRIVATE KEY" => Some(PrivateKey::from_pkcs1(&der)),
            "EC PRIVATE KEY" => Some(PrivateKey::from_sec1(&der)),
            _ => None,
        });
        keys.next().unwrap_or(Err(KeyError::Unusable))
    }

    fn from_pkcs1(der: &[u8]) -> Result<PrivateKey, KeyError> {
        PrivateKey::of(Pair::Rsa(lc::RsaKeyPair::from_der(der).map_err(|_| KeyError::Unusable)?))
    }

    fn from_sec1(der: &[u8]) -> Result<PrivateKey, KeyError> {
        let curve = sec1_curve(der).ok_or(KeyError::Unusable)?;
        let pair = lc::EcdsaKeyPair::from_private_key_der(ec_rule(curve), der);
        PrivateKey::of(Pair::Ec(pair.map_err(|_| KeyError::Unusable)?))
    }

    /// The key as unencrypted PKCS#8: to be wrapped before it is kept.
    pub fn to_pkcs8(&self) -> Secret {
        let der = match &self.pair {
            Pair::Rsa(pair) => AsDer::as_der(pair).map(|der| der.as_ref().to_vec()),
            Pair::Ec(pair) => pair.to_pkcs8v1().map(|der| der.as_ref().to_vec()),
            Pair::Ed25519(pair) => pair.to_pkcs8v1().map(|der| der.as_ref().to_vec()),
        };
        Zeroizing::new(der.expect("a key that was read or made can be written"))
    }

    /// The same key signing another way: PSS, or a longer hash.
    pub fn using(mut self, algorithm: SignatureAlgorithm) -> Result<PrivateKey, KeyError> {
        if !self.makes(algorithm) {
            return Err(KeyError::WrongAlgorithm);
        }
        self.algorithm = algorithm;
        Ok(self)
    }

    /// Whether the key can sign this way.
    fn makes(&self, algorithm: SignatureAlgorithm) -> bool {
        use SignatureAlgorithm as A;
        match (self.public.kind(), algorithm) {
            (PublicKind::Rsa { .. }, A::RsaPkcs1(digest)) => digest != Digest::Sha1,
            (PublicKind::Rsa { .. }, A::RsaPss { digest, salt_bytes }) => {
                digest != Digest::Sha1 && usize::from(salt_bytes) == digest.bytes()
            }
            _ => algorithm == self.algorithm,
        }
    }

    fn of(pair: Pair) -> Result<PrivateKey, KeyError> {
        let (public, algorithm) = match &pair {
            Pair::Rsa(pair) => {
                let raw = pair.public_key().as_ref();
                let bits = super::modulus_bits(raw).map_err(|_| KeyError::Unusable)?;
                let kind = PublicKind::Rsa { bits, pss_only: false };
                (PublicKey::from_raw(kind, raw), SignatureAlgorithm::RsaPkcs1(Digest::Sha256))
            }
            Pair::Ec(pair) => {
                let raw = pair.public_key().as_ref();
                let (curve, digest) = match raw.len() {
                    65 => (Curve::P256, Digest::Sha256),
                    97 => (Curve::P384, Digest::Sha384),
                    _ => (Curve::P521, Digest::Sha512),
                };
                (PublicKey::from_raw(PublicKind::Ec(curve), raw), SignatureAlgorithm::Ecdsa(digest))
            }
            Pair::Ed25519(pair) => {
                let raw = pair.public_key().as_ref();
                (PublicKey::from_raw(PublicKind::Ed25519, raw), SignatureAlgorithm::Ed25519)
            }
        };
        Ok(PrivateKey { pair, public, algorithm })
    }
}

impl Signer for PrivateKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        match &self.pair {
            Pair::Rsa(pair) => {
                let padding = rsa_padding(self.algorithm).ok_or(SignError::Failed)?;
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &SystemRandom::new(), message, &mut signature)
                    .map_err(|_| SignError::Failed)?;
                Ok(signature)
            }
            Pair::Ec(pair) => {
                let made = pair.sign(&SystemRandom::new(), message).map_err(|_| SignError::Failed)?;
                Ok(made.as_ref().to_vec())
            }
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
        }
    }

    fn sign_hash(&self, algorithm: SignatureAlgorithm, hash: &[u8]) -> Result<Vec<u8>, SignError> {
        let hash = algorithm.digest().import(hash).ok_or(SignError::Failed)?;
        match &self.pair {
            Pair::Rsa(pair) if self.makes(algorithm) => {
                let padding = rsa_padding(algorithm).ok_or(SignError::Failed)?;
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign_digest(padding, &hash, &mut signature).map_err(|_| SignError::Failed)?;
                Ok(signature)
            }
            Pair::Ec(pair) if self.makes(algorithm) => {
                let made = pair.sign_digest(&hash).map_err(|_| SignError::Failed)?;
                Ok(made.as_ref().to_vec())
            }
            // Ed25519 hashes the message twice: a hash of it is not enough.
            _ => Err(SignError::Failed),
        }
    }
}

fn rsa_padding(algorithm: SignatureAlgorithm) -> Option<&'static dyn lc::RsaEncoding> {
    use SignatureAlgorithm::{RsaPkcs1, RsaPss};
    Some(match algorithm {
        RsaPkcs1(Digest::Sha256) => &lc::RSA_PKCS1_SHA256,
        RsaPkcs1(Digest::Sha384) => &lc::RSA_PKCS1_SHA384,
        RsaPkcs1(Digest::Sha512) => &lc::RSA_PKCS1_SHA512,
        RsaPss { digest: Digest::Sha256, .. } => &lc::RSA_PSS_SHA256,
        RsaPss { digest: Digest::Sha384, .. } => &lc::RSA_PSS_SHA384,
        RsaPss { digest: Digest::Sha512, .. } => &lc::RSA_PSS_SHA512,
        _ => return None,
    })
}

fn ec_rule(curve: Curve) -> &'static lc::EcdsaSigningAlgorithm {
    match curve {
        Curve::P256 => &lc::ECDSA_P256_SHA256_ASN1_SIGNING,
        Curve::P384 => &lc::ECDSA_P384_SHA384_ASN1_SIGNING,
        Curve::P521 => &lc::ECDSA_P521_SHA512_ASN1_SIGNING,
    }
}

/// The curve an ECPrivateKey names.
fn sec1_curve(der: &[u8]) -> Option<Curve> {
    let mut reader = Reader::whole_sequence(der).ok()?;
    reader.number().ok()?;
    reader.octets().ok()?;
    Curve::of(reader.context(0).ok()??.oid().ok()?)
}

/// The kind of key inside a PKCS#8, from its algorithm.
fn pkcs8_kind(der: &[u8]) -> Option<PublicKind> {
    let mut reader = Reader::whole_sequence(der).ok()?;
    reader.expect(Tag::INTEGER).ok()?;
    let algorithm = super::AlgorithmId::read(&mut reader).ok()?;
    match algorithm.oid {
        id if id == oid::RSA_ENCRYPTION => Some(PublicKind::Rsa { bits: 0, pss_only: false }),
        id if id == oid::ED25519 => Some(PublicKind::Ed25519),
        id if id == oid::EC_PUBLIC_KEY => algorithm.parameters_oid().and_then(Curve::of).map(PublicKind::Ec),
        _ => None,
    }
}
