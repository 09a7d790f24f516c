//! Questions and answers about revocation (RFC 6960, RFC 8954), on both sides.
//!
//! Responders read a [`Request`] and make answers with a [`Draft`], once for many (pre-signed) or with the
//! question's nonce. Askers make a request, read a [`Response`] and judge it with [`Response::check`] or in
//! a whole path ([`crate::path`]). A response that says two things of one certificate is refused.

mod make;
mod response;

pub use make::{Answer, Draft, Failure, Unsigned, failure};
pub use response::{CheckError, Question, ReadError, ResponderId, Response, SignerProblem, Single};

use crate::cert::{Extension, Serial};
use crate::crl::Reason;
use crate::der::{self, Read, Reader, Tag, Why, Writer};
use crate::key::{AlgorithmId, Digest, PublicKey};
use crate::name::Name;
use crate::oid;
use base::Instant;

/// The largest request that is read, in bytes.
pub const REQUEST_BYTES_MAX: usize = 64 * 1024;
/// How many certificates one request may ask about.
pub const QUESTIONS_MAX: usize = 64;
/// The largest answer that is read, in bytes.
pub const RESPONSE_BYTES_MAX: usize = 1024 * 1024;
/// The longest nonce, in bytes (RFC 9654).
pub const NONCE_BYTES_MAX: usize = 128;

/// Which certificate is meant: hashes of its issuer's name and key, and its serial number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CertId {
    /// The hash used; SHA-1 is a name here, not a proof.
    pub digest: Digest,
    /// Hash of the issuer's name.
    pub name_hash: Vec<u8>,
    /// Hash of the issuer's key bits.
    pub key_hash: Vec<u8>,
    /// The serial number.
    pub serial: Serial,
}

impl CertId {
    /// The identifier of a certificate of this issuer.
    pub fn new(digest: Digest, issuer: &Name, key: &PublicKey, serial: &Serial) -> CertId {
        CertId {
            digest,
            name_hash: digest.of(issuer.der()),
            key_hash: digest.of(key.raw()),
            serial: serial.clone(),
        }
    }

    /// Means the certificate of this number and issuer.
    pub fn is(&self, serial: &Serial, issuer: &Name, key: &PublicKey) -> bool {
        self.serial == *serial && *self == CertId::new(self.digest, issuer, key, serial)
    }

    fn read(reader: &mut Reader<'_>) -> Read<CertId> {
        let mut inner = reader.sequence()?;
        let algorithm = AlgorithmId::read(&mut inner)?;
        let digest = algorithm.digest().ok_or_else(|| inner.fail(Why::Value("hash algorithm")))?;
        let name_hash = inner.octets()?.to_vec();
        let key_hash = inner.octets()?.to_vec();
        if name_hash.len() != digest.bytes() || key_hash.len() != digest.bytes() {
            return Err(inner.fail(Why::Value("length of a hash")));
        }
        let serial = Serial::from_contents(inner.integer()?);
        inner.end()?;
        Ok(CertId { digest, name_hash, key_hash, serial })
    }

    fn write(&self, w: &mut Writer) {
        w.sequence(|w| {
            w.sequence(|w| {
                // With NULL, as every responder in use writes and expects it.
                w.oid(self.digest.oid()).null();
            });
            w.octets(&self.name_hash).octets(&self.key_hash).integer(self.serial.contents());
        });
    }
}

/// What is said of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertStatus {
    /// Not revoked.
    Good,
    /// Revoked.
    Revoked {
        /// From when on.
        at: Instant,
        /// Why, when said.
        reason: Option<Reason>,
    },
    /// The responder does not know it.
    Unknown,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// About which certificates.
    pub questions: Vec<CertId>,
    /// To be repeated in the answer.
    pub nonce: Option<Vec<u8>>,
    /// Has a critical extension that is unknown to us: to be answered with `malformedRequest`.
    pub unknown_critical: bool,
}

impl Request {
    /// Reads the DER of a request. A signature on it is passed over: answers are public.
    pub fn parse(der: &[u8]) -> Read<Request> {
        der::within(der, REQUEST_BYTES_MAX)?;
        let mut outer = Reader::whole_sequence(der)?;
        let mut tbs = outer.sequence()?;
        outer.context(0)?;
        outer.end()?;
        if let Some(mut version) = tbs.context(0)? {
            version.number()?;
        }
        tbs.context(1)?;
        let mut request = Request { questions: Vec::new(), nonce: None, unknown_critical: false };
        let mut list = tbs.sequence()?;
        while !list.is_empty() {
            let mut one = list.sequence()?;
            request.questions.push(CertId::read(&mut one)?);
            if let Some(mut extensions) = one.context(0)? {
                let list = Extension::list(&mut extensions, &mut Vec::new())?;
                request.unknown_critical |= list.iter().any(|extension| extension.critical);
            }
            one.end()?;
            if request.questions.len() > QUESTIONS_MAX {
                return Err(list.fail(Why::TooBig));
            }
        }
        if request.questions.is_empty() {
            return Err(list.fail(Why::Value("no question")));
        }
        if let Some(mut extensions) = tbs.context(2)? {
            let (nonce, unknown) = read_extensions(&mut extensions)?;
            request.nonce = nonce;
            request.unknown_critical |= unknown;
        }
        tbs.end()?;
        Ok(request)
    }

    /// Writes the request.
    pub fn der(&self) -> Vec<u8> {
        Writer::build(|w| {
            w.sequence(|w| {
                w.sequence(|w| {
                    w.sequence(|w| {
                        for id in &self.questions {
                            w.sequence(|w| id.write(w));
                        }
                    });
                    if let Some(nonce) = &self.nonce {
                        w.context(2, |w| {
                            w.sequence(|w| write_nonce(w, nonce));
                        });
                    }
                });
            });
        })
    }
}

/// The nonce, and whether anything critical is unknown.
fn read_extensions(reader: &mut Reader<'_>) -> Read<(Option<Vec<u8>>, bool)> {
    let list = Extension::list(reader, &mut Vec::new())?;
    let (mut nonce, mut unknown) = (None, false);
    for extension in list {
        if extension.oid != oid::OCSP_NONCE {
            unknown |= extension.critical;
            continue;
        }
        // Old clients put the bytes there without the OCTET STRING around them.
        let mut value = Reader::new(&extension.value);
        let bytes = match value.expect(Tag::OCTET_STRING) {
            Ok(element) if value.is_empty() => element.value,
            _ => &extension.value,
        };
        if bytes.is_empty() || bytes.len() > NONCE_BYTES_MAX {
            return Err(reader.fail(Why::Value("length of the nonce")));
        }
        nonce = Some(bytes.to_vec());
    }
    Ok((nonce, unknown))
}

fn write_nonce(w: &mut Writer, nonce: &[u8]) {
    crate::crl::extension(w, oid::OCSP_NONCE, false, |w| {
        w.octets(nonce);
    });
}
