//! The responder's side.

use super::{CertId, CertStatus, ResponderId, write_nonce};
use crate::cert::Certificate;
use crate::crl::Reason;
use crate::der::{Tag, Writer};
use crate::key::{SignError, SignatureAlgorithm, Signer};
use crate::oid;
use base::Instant;

/// What is said of one certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Of which.
    pub id: CertId,
    /// What.
    pub status: CertStatus,
    /// When it was true.
    pub this_update: Instant,
    /// When there will be newer at the latest; `None` is at any time.
    pub next_update: Option<Instant>,
    /// Since when a revoked one is known or suspected to have been unfit, as lists say it too.
    pub invalid_since: Option<Instant>,
    /// Answers are given for certificates that ended then or later, ended or not.
    pub archive_cutoff: Option<Instant>,
}

/// An answer about to be signed. Without a nonce it can be kept and given to many.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Who answers.
    pub responder: ResponderId,
    /// When it is signed.
    pub produced_at: Instant,
    /// What is said.
    pub answers: Vec<Answer>,
    /// The question's nonce.
    pub nonce: Option<Vec<u8>>,
    /// The responder's certificate, unless the issuer itself answers.
    pub certificates: Vec<Certificate>,
}

impl Draft {
    /// Signs the answer.
    pub fn sign(&self, signer: &dyn Signer) -> Result<Vec<u8>, SignError> {
        let unsigned = self.to_sign(signer.algorithm());
        let signature = signer.sign(&unsigned.tbs)?;
        Ok(unsigned.finish(&signature))
    }

    /// The bytes a key that answers later has to sign.
    pub fn to_sign(&self, algorithm: SignatureAlgorithm) -> Unsigned {
        let mut writer = Writer::with_capacity(200 + 150 * self.answers.len());
        writer.sequence(|w| {
            match &self.responder {
                ResponderId::Name(name) => w.context(1, |w| {
                    w.raw(name.der());
                }),
                ResponderId::Key(hash) => w.context(2, |w| {
                    w.octets(hash);
                }),
            };
            w.generalized(self.produced_at);
            w.sequence(|w| self.answers.iter().for_each(|answer| write_answer(w, answer)));
            if let Some(nonce) = &self.nonce {
                w.context(1, |w| {
                    w.sequence(|w| write_nonce(w, nonce));
                });
            }
        });
        Unsigned { tbs: writer.into_bytes(), algorithm, certificates: self.certificates.clone() }
    }
}

/// An answer that waits for its signature.
#[derive(Clone, Debug)]
pub struct Unsigned {
    /// The bytes to sign.
    pub tbs: Vec<u8>,
    algorithm: SignatureAlgorithm,
    certificates: Vec<Certificate>,
}

impl Unsigned {
    /// The finished OCSPResponse.
    pub fn finish(self, signature: &[u8]) -> Vec<u8> {
        let certificates: usize = self.certificates.iter().map(|certificate| certificate.der().len()).sum();
        let mut writer = Writer::with_capacity(self.tbs.len() + certificates + signature.len() + 100);
        writer.sequence(|w| {
            w.enumerated(0).context(0, |w| {
                w.sequence(|w| {
                    w.oid(oid::OCSP_BASIC).nest(Tag::OCTET_STRING, |w| self.write_basic(w, signature));
                });
            });
        });
        writer.into_bytes()
    }

    fn write_basic(&self, w: &mut Writer, signature: &[u8]) {
        w.sequence(|w| {
            w.raw(&self.tbs);
            self.algorithm.write(w);
            w.bits(signature);
            if !self.certificates.is_empty() {
                w.context(0, |w| {
                    w.sequence(|w| {
                        for certificate in &self.certificates {
                            w.raw(certificate.der());
                        }
                    });
                });
            }
        });
    }
}

fn write_answer(w: &mut Writer, answer: &Answer) {
    w.sequence(|w| {
        answer.id.write(w);
        match answer.status {
            CertStatus::Good => w.element(Tag::primitive(0), &[]),
            CertStatus::Unknown => w.element(Tag::primitive(2), &[]),
            CertStatus::Revoked { at, reason } => w.context(1, |w| {
                w.generalized(at);
                if let Some(reason) = reason.filter(|reason| *reason != Reason::Unspecified) {
                    w.context(0, |w| {
                        w.enumerated(reason.code());
                    });
                }
            }),
        };
        w.generalized(answer.this_update);
        if let Some(next) = answer.next_update {
            w.context(0, |w| {
                w.generalized(next);
            });
        }
        if answer.invalid_since.is_some() || answer.archive_cutoff.is_some() {
            w.context(1, |w| {
                w.sequence(|w| write_extensions(w, answer));
            });
        }
    });
}

/// RFC 6960 §4.4.4 and §4.4.5.
fn write_extensions(w: &mut Writer, answer: &Answer) {
    let all =
        [(oid::OCSP_ARCHIVE_CUTOFF, answer.archive_cutoff), (oid::INVALIDITY_DATE, answer.invalid_since)];
    for (oid, time) in all.into_iter().filter_map(|(oid, time)| Some((oid, time?))) {
        w.sequence(|w| {
            w.oid(oid).nest(Tag::OCTET_STRING, |w| {
                w.generalized(time);
            });
        });
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The request cannot be read.
    MalformedRequest,
    /// The responder is broken.
    InternalError,
    /// The responder cannot answer now.
    TryLater,
    /// The request must be signed.
    SignatureRequired,
    /// The responder does not answer for these certificates.
    Unauthorized,
}

impl Failure {
    pub(super) fn code(self) -> u8 {
        match self {
            Failure::MalformedRequest => 1,
            Failure::InternalError => 2,
            Failure::TryLater => 3,
            Failure::SignatureRequired => 5,
            Failure::Unauthorized => 6,
        }
    }

    pub(super) fn from_code(code: u64) -> Option<Failure> {
        use Failure::{InternalError, MalformedRequest, SignatureRequired, TryLater, Unauthorized};
        let all = [MalformedRequest, InternalError, TryLater, SignatureRequired, Unauthorized];
        all.into_iter().find(|failure| u64::from(failure.code()) == code)
    }
}

/// The response that says there is no answer.
pub fn failure(why: Failure) -> Vec<u8> {
    Writer::build(|w| {
        w.sequence(|w| {
            w.enumerated(why.code());
        });
    })
}
