//! The names of algorithms: how a digest, a signature, a padding is written.

use crate::der::{Read, Reader, Tag, Writer};
use crate::oid::{self, Oid};
use aws_lc_rs::digest as lc;

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)] // the names are the standard's
pub enum Digest {
    /// Broken for signatures; only read, never written.
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Digest {
    const ALL: [Digest; 4] = [Digest::Sha1, Digest::Sha256, Digest::Sha384, Digest::Sha512];

    /// Its object identifier.
    pub fn oid(self) -> Oid {
        match self {
            Digest::Sha1 => oid::SHA1,
            Digest::Sha256 => oid::SHA256,
            Digest::Sha384 => oid::SHA384,
            Digest::Sha512 => oid::SHA512,
        }
    }

    /// The hash of this name, if we know it.
    pub fn from_oid(oid: Oid) -> Option<Digest> {
        Digest::ALL.into_iter().find(|digest| digest.oid() == oid)
    }

    /// Length of its result.
    pub fn bytes(self) -> usize {
        self.provider().output_len()
    }

    /// The hash of `message`.
    pub fn of(self, message: &[u8]) -> Vec<u8> {
        lc::digest(self.provider(), message).as_ref().to_vec()
    }

    /// Begins a hash over bytes that come in pieces.
    pub fn begin(self) -> Hasher {
        Hasher(lc::Context::new(self.provider()))
    }

    /// A hash that was made elsewhere; `None` when it is not as long as one of this function.
    pub(super) fn import(self, hash: &[u8]) -> Option<lc::Digest> {
        lc::Digest::import_less_safe(hash, self.provider()).ok()
    }

    fn provider(self) -> &'static lc::Algorithm {
        match self {
            Digest::Sha1 => &lc::SHA1_FOR_LEGACY_USE_ONLY,
            Digest::Sha256 => &lc::SHA256,
            Digest::Sha384 => &lc::SHA384,
            Digest::Sha512 => &lc::SHA512,
        }
    }

    /// Its AlgorithmIdentifier, without parameters (RFC 5754).
    pub fn write(self, w: &mut Writer) {
        w.sequence(|w| {
            w.oid(self.oid());
        });
    }
}

/// A hash over bytes that come in pieces.
#[derive(Clone)]
pub struct Hasher(lc::Context);

impl Hasher {
    /// Adds the next piece.
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of everything added.
    pub fn finish(self) -> Vec<u8> {
        self.0.finish().as_ref().to_vec()
    }
}

/// An AlgorithmIdentifier as it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlgorithmId {
    /// The algorithm.
    pub oid: Oid,
    /// The DER of its parameters; empty when left out.
    pub parameters: Vec<u8>,
}

impl AlgorithmId {
    /// Reads the next element.
    pub fn read(reader: &mut Reader<'_>) -> Read<AlgorithmId> {
        let mut inner = reader.sequence()?;
        let oid = inner.oid()?;
        let parameters = match inner.is_empty() {
            true => Vec::new(),
            false => inner.any()?.raw.to_vec(),
        };
        inner.end()?;
        Ok(AlgorithmId { oid, parameters })
    }

    /// Writes it as it stood.
    pub fn write(&self, w: &mut Writer) {
        w.sequence(|w| {
            w.oid(self.oid).raw(&self.parameters);
        });
    }

    /// The hash it names, parameters NULL or left out.
    pub fn digest(&self) -> Option<Digest> {
        Digest::from_oid(self.oid).filter(|_| self.is_bare())
    }

    pub(super) fn parameters_oid(&self) -> Option<Oid> {
        Reader::new(&self.parameters).oid().ok()
    }

    fn is_bare(&self) -> bool {
        self.parameters.is_empty() || self.parameters == [Tag::NULL.0, 0]
    }
}

/// How a signature is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5.
    RsaPkcs1(Digest),
    /// RSASSA-PSS, the mask with the same hash.
    RsaPss {
        /// Hash of the message and of the mask.
        digest: Digest,
        /// Length of the salt.
        salt_bytes: u16,
    },
    /// ECDSA on the key's curve.
    Ecdsa(Digest),
    /// Ed25519 over the message itself.
    Ed25519,
}

impl SignatureAlgorithm {
    /// PSS as everybody should make it: a salt as long as the hash.
    pub fn pss(digest: Digest) -> SignatureAlgorithm {
        SignatureAlgorithm::RsaPss { digest, salt_bytes: digest.bytes() as u16 }
    }

    /// What an AlgorithmIdentifier means; `None` when this crate does not verify it.
    pub fn of(id: &AlgorithmId) -> Option<SignatureAlgorithm> {
        use SignatureAlgorithm::{Ecdsa, Ed25519, RsaPkcs1};
        if id.oid == oid::RSASSA_PSS {
            return pss_parameters(&id.parameters);
        }
        let known = [
            (oid::SHA1_WITH_RSA, RsaPkcs1(Digest::Sha1)),
            (oid::SHA256_WITH_RSA, RsaPkcs1(Digest::Sha256)),
            (oid::SHA384_WITH_RSA, RsaPkcs1(Digest::Sha384)),
            (oid::SHA512_WITH_RSA, RsaPkcs1(Digest::Sha512)),
            (oid::ECDSA_WITH_SHA1, Ecdsa(Digest::Sha1)),
            (oid::ECDSA_WITH_SHA256, Ecdsa(Digest::Sha256)),
            (oid::ECDSA_WITH_SHA384, Ecdsa(Digest::Sha384)),
            (oid::ECDSA_WITH_SHA512, Ecdsa(Digest::Sha512)),
            (oid::ED25519, Ed25519),
        ];
        let found = known.into_iter().find(|(oid, _)| *oid == id.oid)?.1;
        id.is_bare().then_some(found)
    }

    /// What CMS means by a signature algorithm beside a digest: some software writes the key's algorithm
    /// (`rsaEncryption`) and lets the digest complete it.
    pub fn of_cms(id: &AlgorithmId, digest: Digest) -> Option<SignatureAlgorithm> {
        match id.oid {
            oid if oid == oid::RSA_ENCRYPTION => id.is_bare().then_some(SignatureAlgorithm::RsaPkcs1(digest)),
            oid if oid == oid::EC_PUBLIC_KEY => Some(SignatureAlgorithm::Ecdsa(digest)),
            _ => SignatureAlgorithm::of(id),
        }
    }

    /// The hash inside; for Ed25519 the one its signed messages use for their content (RFC 8419).
    pub fn digest(self) -> Digest {
        match self {
            SignatureAlgorithm::RsaPkcs1(digest) | SignatureAlgorithm::Ecdsa(digest) => digest,
            SignatureAlgorithm::RsaPss { digest, .. } => digest,
            SignatureAlgorithm::Ed25519 => Digest::Sha512,
        }
    }

    /// Rests on SHA-1: to be shown as weak, and never made.
    pub fn is_legacy(self) -> bool {
        self.digest() == Digest::Sha1
    }

    /// Writes its AlgorithmIdentifier.
    pub fn write(self, w: &mut Writer) {
        use SignatureAlgorithm::{Ecdsa, Ed25519, RsaPkcs1, RsaPss};
        w.sequence(|w| match self {
            RsaPkcs1(digest) => {
                w.oid(match digest {
                    Digest::Sha1 => oid::SHA1_WITH_RSA,
                    Digest::Sha256 => oid::SHA256_WITH_RSA,
                    Digest::Sha384 => oid::SHA384_WITH_RSA,
                    Digest::Sha512 => oid::SHA512_WITH_RSA,
                });
                w.null();
            }
            Ecdsa(digest) => {
                w.oid(match digest {
                    Digest::Sha1 => oid::ECDSA_WITH_SHA1,
                    Digest::Sha256 => oid::ECDSA_WITH_SHA256,
                    Digest::Sha384 => oid::ECDSA_WITH_SHA384,
                    Digest::Sha512 => oid::ECDSA_WITH_SHA512,
                });
            }
            Ed25519 => {
                w.oid(oid::ED25519);
            }
            RsaPss { digest, salt_bytes } => write_pss(w, digest, salt_bytes),
        });
    }
}

fn write_pss(w: &mut Writer, digest: Digest, salt_bytes: u16) {
    let hash = |w: &mut Writer| {
        w.sequence(|w| {
            w.oid(digest.oid()).null();
        });
    };
    w.oid(oid::RSASSA_PSS).sequence(|w| {
        w.context(0, hash);
        w.context(1, |w| {
            w.sequence(|w| {
                w.oid(oid::MGF1);
                hash(w);
            });
        });
        w.context(2, |w| {
            w.number(u64::from(salt_bytes));
        });
    });
}

/// RSASSA-PSS-params, defaults being those of SHA-1.
fn pss_parameters(der: &[u8]) -> Option<SignatureAlgorithm> {
    let mut reader = Reader::whole_sequence(der).ok()?;
    let digest = match reader.context(0).ok()? {
        Some(mut inner) => AlgorithmId::read(&mut inner).ok()?.digest()?,
        None => Digest::Sha1,
    };
    let mask = match reader.context(1).ok()? {
        Some(mut inner) => {
            let mask = AlgorithmId::read(&mut inner).ok()?;
            let hash = AlgorithmId::read(&mut Reader::new(&mask.parameters)).ok()?;
            (mask.oid == oid::MGF1).then_some(())?;
            hash.digest()?
        }
        None => Digest::Sha1,
    };
    let salt = match reader.context(2).ok()? {
        Some(mut inner) => inner.number().ok()?,
        None => 20,
    };
    let trailer = match reader.context(3).ok()? {
        Some(mut inner) => inner.number().ok()?,
        None => 1,
    };
    reader.end().ok()?;
    let fits = digest == mask && trailer == 1;
    let salt_bytes = u16::try_from(salt).ok()?;
    fits.then_some(SignatureAlgorithm::RsaPss { digest, salt_bytes })
}
