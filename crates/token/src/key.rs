//! A key in an unlocked token, as makers of signatures use it. Only hashes go into the token: what is
//! signed may be large, and its mechanisms for hashes are those that every token has.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, CertificateType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use pki::der::{Reader, Tag, Writer};
use pki::key::{Curve, KeyKind, PublicKind, SignError};
use pki::{Certificate, Digest, PublicKey, SignatureAlgorithm, Signer, oid};

use crate::module::{Module, Pin, TokenError};

/// How keys of this kind sign unless somebody says otherwise; none for kinds that tokens are not asked for.
pub fn usual_algorithm(key: &PublicKey) -> Option<SignatureAlgorithm> {
    match key.kind() {
        PublicKind::Rsa { pss_only: false, .. } => Some(SignatureAlgorithm::RsaPkcs1(Digest::Sha256)),
        PublicKind::Rsa { pss_only: true, .. } => {
            Some(SignatureAlgorithm::RsaPss { digest: Digest::Sha256, salt_bytes: 32 })
        }
        PublicKind::Ec(Curve::P256) => Some(SignatureAlgorithm::Ecdsa(Digest::Sha256)),
        PublicKind::Ec(Curve::P384) => Some(SignatureAlgorithm::Ecdsa(Digest::Sha384)),
        PublicKind::Ec(Curve::P521) => Some(SignatureAlgorithm::Ecdsa(Digest::Sha512)),
        PublicKind::Ed25519 | PublicKind::Other(_) => None,
    }
}

/// Signs a hash with the key of this certificate.
///
/// # Errors
/// [`TokenError::NoKey`], [`TokenError::Unsupported`] (also for a hash of the wrong length); what the
/// library says.
pub fn sign_hash(
    session: &Session,
    id: &[u8],
    key: &PublicKey,
    algorithm: SignatureAlgorithm,
    hash: &[u8],
) -> Result<Vec<u8>, TokenError> {
    let digest = algorithm.digest();
    if digest.bytes() != hash.len() {
        return Err(TokenError::Unsupported);
    }
    let handle = find(session, ObjectClass::PRIVATE_KEY, id)?.ok_or(TokenError::NoKey)?;
    match (key.kind(), algorithm) {
        (PublicKind::Rsa { pss_only: false, .. }, SignatureAlgorithm::RsaPkcs1(_)) => {
            Ok(session.sign(&Mechanism::RsaPkcs, handle, &digest_info(digest, hash))?)
        }
        (PublicKind::Rsa { .. }, SignatureAlgorithm::RsaPss { salt_bytes, .. }) => {
            let (hash_alg, mgf) = match digest {
                Digest::Sha256 => (MechanismType::SHA256, PkcsMgfType::MGF1_SHA256),
                Digest::Sha384 => (MechanismType::SHA384, PkcsMgfType::MGF1_SHA384),
                Digest::Sha512 => (MechanismType::SHA512, PkcsMgfType::MGF1_SHA512),
                Digest::Sha1 => return Err(TokenError::Unsupported),
            };
            let s_len = u64::from(salt_bytes).into();
            Ok(session.sign(&Mechanism::RsaPkcsPss(PkcsPssParams { hash_alg, mgf, s_len }), handle, hash)?)
        }
        (PublicKind::Ec(_), SignatureAlgorithm::Ecdsa(_)) => {
            Ok(ecdsa_der(&session.sign(&Mechanism::Ecdsa, handle, hash)?))
        }
        _ => Err(TokenError::Unsupported),
    }
}

/// DigestInfo (RFC 8017 section 9.2), with the NULL that this structure has had since PKCS#1 1.5.
fn digest_info(digest: Digest, hash: &[u8]) -> Vec<u8> {
    Writer::build(|w| {
        w.sequence(|w| {
            w.sequence(|w| {
                w.oid(digest.oid()).null();
            });
            w.octets(hash);
        });
    })
}

/// Tokens answer r and s side by side; signatures carry them as a SEQUENCE (RFC 3279 section 2.2.3).
fn ecdsa_der(pair: &[u8]) -> Vec<u8> {
    let (r, s) = pair.split_at(pair.len() / 2);
    Writer::build(|w| {
        w.sequence(|w| {
            w.integer(&unsigned(r)).integer(&unsigned(s));
        });
    })
}

/// The contents of an INTEGER that is not negative.
fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let first = bytes.iter().position(|b| *b != 0).unwrap_or(bytes.len());
    let digits = &bytes[first..];
    let needs_zero = digits.first().is_none_or(|b| b & 0x80 != 0);
    [if needs_zero { &[0][..] } else { &[] }, digits].concat()
}

fn find(session: &Session, class: ObjectClass, id: &[u8]) -> Result<Option<ObjectHandle>, TokenError> {
    let found = session.find_objects(&[Attribute::Class(class), Attribute::Id(id.to_vec())])?;
    Ok(found.first().copied())
}

/// Several sessions with one unlocked token, for a server that signs for many at once.
pub struct Pool {
    module: Module,
    serial: String,
    pin: Pin,
    idle: Mutex<Vec<Session>>,
    given_back: Condvar,
}

impl Pool {
    /// Opens `sessions` of them (at least one).
    ///
    /// # Errors
    /// As [`Module::unlock`].
    pub fn open(module: &Module, serial: &str, pin: &Pin, sessions: usize) -> Result<Pool, TokenError> {
        let opened: Result<Vec<Session>, TokenError> =
            (0..sessions.max(1)).map(|_| module.unlock(serial, pin)).collect();
        Ok(Pool {
            idle: Mutex::new(opened?),
            given_back: Condvar::new(),
            module: module.clone(),
            serial: serial.to_string(),
            pin: pin.clone(),
        })
    }

    /// The same, with a session that may be renewed once: a module that was started again, or a token that
    /// was pulled out and put back, has forgotten those of before.
    ///
    /// # Errors
    /// What `act` says, the second time; what unlocking says.
    pub fn with_renewed<R>(&self, act: impl Fn(&Session) -> Result<R, TokenError>) -> Result<R, TokenError> {
        self.change(|session| match act(session) {
            Err(TokenError::Gone | TokenError::Failed(_)) => {
                *session = self.module.unlock(&self.serial, &self.pin)?;
                act(session)
            }
            other => other,
        })
    }

    /// Does something with a session, waiting for one while all are in use.
    pub fn with<R>(&self, act: impl FnOnce(&Session) -> R) -> R {
        self.change(|session| act(session))
    }

    fn change<R>(&self, act: impl FnOnce(&mut Session) -> R) -> R {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let mut idle =
            self.given_back.wait_while(idle, |idle| idle.is_empty()).unwrap_or_else(PoisonError::into_inner);
        let session = idle.pop().expect("the wait ended because one is there");
        drop(idle);
        // Put back also when `act` panics.
        let mut held = Held { pool: self, session: Some(session) };
        act(held.session.as_mut().expect("it is taken when it is dropped"))
    }

    /// The key with this id (CKA_ID) as a signer.
    pub fn key(self: &Arc<Self>, id: Vec<u8>, key: PublicKey) -> Option<TokenKey> {
        let algorithm = usual_algorithm(&key)?;
        Some(TokenKey { pool: self.clone(), id, key, algorithm })
    }
}

struct Held<'a> {
    pool: &'a Pool,
    session: Option<Session>,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let mut idle = self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.extend(self.session.take());
        self.pool.given_back.notify_one();
    }
}

/// A key in a token.
pub struct TokenKey {
    pool: Arc<Pool>,
    id: Vec<u8>,
    key: PublicKey,
    algorithm: SignatureAlgorithm,
}

impl TokenKey {
    /// The same key, signing another way.
    pub fn using(mut self, algorithm: SignatureAlgorithm) -> Self {
        self.algorithm = algorithm;
        self
    }
}

impl Signer for TokenKey {
    fn public_key(&self) -> &PublicKey {
        &self.key
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.sign_hash(self.algorithm, &self.algorithm.digest().of(message))
    }

    fn sign_hash(&self, algorithm: SignatureAlgorithm, hash: &[u8]) -> Result<Vec<u8>, SignError> {
        if hash.len() != algorithm.digest().bytes() {
            return Err(SignError::Failed);
        }
        let sign = |session: &Session| sign_hash(session, &self.id, &self.key, algorithm, hash);
        let signed = self.pool.with_renewed(sign);
        signed.map_err(|e| match e {
            TokenError::Locked | TokenError::WrongPin { .. } => SignError::Refused(e.to_string()),
            other => SignError::Unavailable(other.to_string()),
        })
    }
}

/// Makes a key pair in the token that never leaves it, and answers its public half.
///
/// # Errors
/// [`TokenError::Unsupported`] for kinds that tokens are not asked for; what the library says.
pub fn generate(session: &Session, kind: KeyKind, id: &[u8], label: &str) -> Result<PublicKey, TokenError> {
    let names = [Attribute::Id(id.to_vec()), Attribute::Label(label.as_bytes().to_vec())];
    let mut public = vec![Attribute::Token(true), Attribute::Private(false), Attribute::Verify(true)];
    let mut private = vec![
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Sign(true),
    ];
    let mechanism = match kind {
        KeyKind::P256 | KeyKind::P384 => {
            let curve = if kind == KeyKind::P256 { oid::P256 } else { oid::P384 };
            public.push(Attribute::EcParams(Writer::build(|w| {
                w.oid(curve);
            })));
            Mechanism::EccKeyPairGen
        }
        KeyKind::Rsa2048 | KeyKind::Rsa3072 | KeyKind::Rsa4096 => {
            let bits = match kind {
                KeyKind::Rsa2048 => 2048_u64,
                KeyKind::Rsa3072 => 3072,
                _ => 4096,
            };
            public.extend([Attribute::ModulusBits(bits.into()), Attribute::PublicExponent(vec![1, 0, 1])]);
            Mechanism::RsaPkcsKeyPairGen
        }
        KeyKind::P521 | KeyKind::Ed25519 => return Err(TokenError::Unsupported),
    };
    public.extend(names.clone());
    private.extend(names);
    let (public, _) = session.generate_key_pair(&mechanism, &public, &private)?;
    read_public(session, public)
}

fn read_public(session: &Session, object: ObjectHandle) -> Result<PublicKey, TokenError> {
    let wanted = [AttributeType::KeyType];
    let rsa = session.get_attributes(object, &wanted)?.contains(&Attribute::KeyType(KeyType::RSA));
    let odd = || TokenError::Failed("the token shows a public key that cannot be read".into());
    let spki = if rsa {
        let (mut modulus, mut exponent) = (Vec::new(), Vec::new());
        let wanted = [AttributeType::Modulus, AttributeType::PublicExponent];
        for attribute in session.get_attributes(object, &wanted)? {
            match attribute {
                Attribute::Modulus(bytes) => modulus = bytes,
                Attribute::PublicExponent(bytes) => exponent = bytes,
                _ => {}
            }
        }
        let inner = Writer::build(|w| {
            w.sequence(|w| {
                w.integer(&unsigned(&modulus)).integer(&unsigned(&exponent));
            });
        });
        spki(
            |w| {
                w.oid(oid::RSA_ENCRYPTION).null();
            },
            &inner,
        )
    } else {
        let (mut curve, mut point) = (Vec::new(), Vec::new());
        for attribute in session.get_attributes(object, &[AttributeType::EcParams, AttributeType::EcPoint])? {
            match attribute {
                Attribute::EcParams(bytes) => curve = bytes,
                Attribute::EcPoint(bytes) => point = bytes,
                _ => {}
            }
        }
        // An OCTET STRING around the point, as the standard has it (PKCS#11 section 2.3.3).
        let inner = Reader::new(&point).expect(Tag::OCTET_STRING).map_err(|_| odd())?.value.to_vec();
        spki(
            |w| {
                w.oid(oid::EC_PUBLIC_KEY).raw(&curve);
            },
            &inner,
        )
    };
    PublicKey::parse(&spki).map_err(|_| odd())
}

fn spki(algorithm: impl FnOnce(&mut Writer), key: &[u8]) -> Vec<u8> {
    Writer::build(|w| {
        w.sequence(|w| {
            w.sequence(algorithm);
            w.bits(key);
        });
    })
}

/// Puts a certificate beside its key.
///
/// # Errors
/// What the library says.
pub fn put_certificate(
    session: &Session,
    id: &[u8],
    label: &str,
    certificate: &Certificate,
) -> Result<(), TokenError> {
    session.create_object(&[
        Attribute::Class(ObjectClass::CERTIFICATE),
        Attribute::CertificateType(CertificateType::X_509),
        Attribute::Token(true),
        Attribute::Private(false),
        Attribute::Id(id.to_vec()),
        Attribute::Label(label.as_bytes().to_vec()),
        Attribute::Subject(certificate.subject().der().to_vec()),
        Attribute::Value(certificate.der().to_vec()),
    ])?;
    Ok(())
}
