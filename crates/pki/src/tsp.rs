//! Time-stamps (RFC 3161, RFC 5816): requests, tokens, and judging them.
//!
//! The authority reads a [`Request`], decides, and makes a token with a [`Draft`]; where serial numbers come
//! from and whether the clock can be trusted are its own affair. Askers make a request, read a
//! [`Reply`], and judge the [`Token`] with [`Token::check`]; whether its signer is to be trusted is
//! [`crate::path`]'s question, with [`crate::path::Purpose::TimeStamping`].

mod make;
mod token;

pub use make::{Draft, Unsigned};
pub use token::{Reply, Token, TokenFault, TokenReport, TstInfo};

use crate::der::{self, Read, Reader, Tag, Writer};
use crate::key::{AlgorithmId, Digest};
use crate::oid::Oid;

/// The largest request that is read, in bytes.
pub const REQUEST_BYTES_MAX: usize = 16 * 1024;
/// The longest nonce, in bytes.
pub const NONCE_BYTES_MAX: usize = 64;

/// What is to be stamped: a hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imprint {
    /// The hash function.
    pub digest: Digest,
    /// The hash.
    pub hash: Vec<u8>,
}

impl Imprint {
    /// The imprint of a message.
    pub fn of(digest: Digest, message: &[u8]) -> Imprint {
        Imprint { digest, hash: digest.of(message) }
    }

    fn write(&self, w: &mut Writer) {
        w.sequence(|w| {
            self.digest.write(w);
            w.octets(&self.hash);
        });
    }
}

/// Why there is no token; the bits of PKIFailureInfo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The hash is not one that is stamped.
    #[error("the hash algorithm is not stamped")]
    BadAlg,
    /// A request of another version, or one that asks for what is not offered.
    #[error("the request is not permitted")]
    BadRequest,
    /// The request cannot be read.
    #[error("the request cannot be read")]
    BadDataFormat,
    /// The clock is in doubt.
    #[error("the time cannot be told")]
    TimeNotAvailable,
    /// The policy asked for is not this authority's.
    #[error("the policy is not this authority's")]
    UnacceptedPolicy,
    /// An extension that is not supported.
    #[error("an extension is not supported")]
    UnacceptedExtension,
    /// The authority is broken.
    #[error("the authority failed")]
    SystemFailure,
}

impl Failure {
    const ALL: [Failure; 7] = [
        Failure::BadAlg,
        Failure::BadRequest,
        Failure::BadDataFormat,
        Failure::TimeNotAvailable,
        Failure::UnacceptedPolicy,
        Failure::UnacceptedExtension,
        Failure::SystemFailure,
    ];

    /// The number of its bit.
    pub fn bit(self) -> u8 {
        match self {
            Failure::BadAlg => 0,
            Failure::BadRequest => 2,
            Failure::BadDataFormat => 5,
            Failure::TimeNotAvailable => 14,
            Failure::UnacceptedPolicy => 15,
            Failure::UnacceptedExtension => 16,
            Failure::SystemFailure => 25,
        }
    }

    /// The reply that says there is no token.
    pub fn reply(self) -> Vec<u8> {
        let bit = usize::from(self.bit());
        let mut bits = vec![0u8; bit / 8 + 2];
        bits[bit / 8 + 1] = 0x80 >> (bit % 8);
        bits[0] = 7 - (bit % 8) as u8;
        Writer::build(|w| {
            w.sequence(|w| {
                w.sequence(|w| {
                    w.number(2).element(Tag::BIT_STRING, &bits);
                });
            });
        })
    }

    fn from_bits(bits: der::Bits<'_>) -> Option<Failure> {
        let is_set = |bit: u8| {
            let byte = bits.bytes.get(usize::from(bit / 8)).copied().unwrap_or(0);
            byte & (0x80 >> (bit % 8)) != 0
        };
        Failure::ALL.into_iter().find(|failure| is_set(failure.bit()))
    }
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What is to be stamped.
    pub imprint: Imprint,
    /// Under which policy; `None` leaves it to the authority.
    pub policy: Option<Oid>,
    /// The contents of the INTEGER to be repeated in the token, leading zero and all.
    pub nonce: Option<Vec<u8>>,
    /// The authority's certificate is wanted in the token.
    pub wants_certificate: bool,
}

impl Request {
    /// A request for the hash of a message, with certificate.
    pub fn new(imprint: Imprint, nonce: Option<&[u8]>) -> Request {
        Request { imprint, policy: None, nonce: nonce.map(crate::der::unsigned), wants_certificate: true }
    }

    /// Reads the DER of a request. Hashes we do not know, SHA-1 and unknown extensions are refused with the
    /// failure to answer.
    pub fn parse(der: &[u8]) -> Result<Request, Failure> {
        if der.len() > REQUEST_BYTES_MAX {
            return Err(Failure::BadDataFormat);
        }
        let raw = read(der).map_err(|_| Failure::BadDataFormat)?;
        if raw.version != 1 {
            return Err(Failure::BadRequest);
        }
        let digest =
            raw.algorithm.digest().filter(|digest| *digest != Digest::Sha1).ok_or(Failure::BadAlg)?;
        if raw.hash.len() != digest.bytes() {
            return Err(Failure::BadDataFormat);
        }
        if raw.has_extensions {
            return Err(Failure::UnacceptedExtension);
        }
        if raw.nonce.as_ref().is_some_and(|nonce| nonce.len() > NONCE_BYTES_MAX) {
            return Err(Failure::BadRequest);
        }
        let imprint = Imprint { digest, hash: raw.hash };
        Ok(Request {
            imprint,
            policy: raw.policy,
            nonce: raw.nonce,
            wants_certificate: raw.wants_certificate,
        })
    }

    /// Writes the request.
    pub fn der(&self) -> Vec<u8> {
        Writer::build(|w| {
            w.sequence(|w| {
                w.number(1);
                self.imprint.write(w);
                if let Some(policy) = self.policy {
                    w.oid(policy);
                }
                if let Some(nonce) = &self.nonce {
                    w.integer(nonce);
                }
                if self.wants_certificate {
                    w.boolean(true);
                }
            });
        })
    }
}

struct Raw {
    version: u64,
    algorithm: AlgorithmId,
    hash: Vec<u8>,
    policy: Option<Oid>,
    nonce: Option<Vec<u8>>,
    wants_certificate: bool,
    has_extensions: bool,
}

fn read(der: &[u8]) -> Read<Raw> {
    let mut r = Reader::whole_sequence(der)?;
    let version = r.number()?;
    let mut imprint = r.sequence()?;
    let algorithm = AlgorithmId::read(&mut imprint)?;
    let hash = imprint.octets()?.to_vec();
    imprint.end()?;
    let policy = if r.peek() == Some(Tag::OID) { Some(r.oid()?) } else { None };
    let nonce = if r.peek() == Some(Tag::INTEGER) { Some(r.integer()?.to_vec()) } else { None };
    let wants_certificate = r.flag()?;
    let has_extensions = r.optional(Tag::context(0))?.is_some();
    r.end()?;
    Ok(Raw { version, algorithm, hash, policy, nonce, wants_certificate, has_extensions })
}
