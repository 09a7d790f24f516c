//! The authority's side.

use super::{Imprint, Request};
use crate::cert::{Certificate, Serial};
use crate::cms;
use crate::der::{Tag, Writer, write_generalized};
use crate::key::{SignError, SignatureAlgorithm, Signer};
use crate::name::GeneralName;
use crate::oid::{self, Oid};
use base::Instant;

/// A token about to be made.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    /// What was asked.
    pub request: &'a Request,
    /// Under which policy.
    pub policy: Oid,
    /// The token's number, never used before and never again.
    pub serial: Serial,
    /// The time, and how far it may be off, in milliseconds.
    pub time: Instant,
    /// How far the time may be off; `None` says nothing.
    pub accuracy_millis: Option<u32>,
    /// The unit's certificate.
    pub certificate: &'a Certificate,
    /// Its issuers, to travel with the token when the certificate is wanted.
    pub chain: &'a [Certificate],
}

/// A token that waits for its key.
#[derive(Clone, Debug)]
pub struct Unsigned<'a> {
    cms: cms::Draft<'a>,
    info: Vec<u8>,
    algorithm: SignatureAlgorithm,
}

impl<'a> Draft<'a> {
    /// Signs the token and wraps it into a reply that grants it.
    pub fn reply(&self, signer: &dyn Signer) -> Result<Vec<u8>, SignError> {
        let token = self.sign(signer)?;
        Ok(Writer::build(|w| {
            w.sequence(|w| {
                w.sequence(|w| {
                    w.number(0);
                });
                w.raw(&token);
            });
        }))
    }

    /// Signs the token.
    pub fn sign(&self, signer: &dyn Signer) -> Result<Vec<u8>, SignError> {
        let unsigned = self.to_sign(signer.algorithm());
        unsigned.cms.sign(&unsigned.info, true, signer)
    }

    /// The token, waiting for a key that answers later.
    pub fn to_sign(&self, algorithm: SignatureAlgorithm) -> Unsigned<'a> {
        let mut cms = cms::Draft::new(self.certificate, self.chain);
        cms.content_type = oid::TST_INFO;
        cms.with_certificates = self.request.wants_certificate;
        Unsigned { cms, info: self.info(), algorithm }
    }

    fn info(&self) -> Vec<u8> {
        Writer::build(|w| {
            w.sequence(|w| {
                w.number(1).oid(self.policy);
                self.imprint().write(w);
                w.integer(self.serial.contents());
                w.text(Tag::GENERALIZED_TIME, &write_generalized(self.time, true));
                if let Some(millis) = self.accuracy_millis {
                    write_accuracy(w, millis);
                }
                if let Some(nonce) = &self.request.nonce {
                    w.integer(nonce);
                }
                w.context(0, |w| GeneralName::Directory(self.certificate.subject().clone()).write(w));
            });
        })
    }

    fn imprint(&self) -> &Imprint {
        &self.request.imprint
    }
}

impl Unsigned<'_> {
    /// The bytes to sign.
    pub fn bytes(&self) -> Vec<u8> {
        let hash = self.algorithm.digest().of(&self.info);
        self.cms.to_sign(&hash, self.algorithm).bytes().to_vec()
    }

    /// The finished token.
    pub fn finish(self, signature: &[u8]) -> Vec<u8> {
        let hash = self.algorithm.digest().of(&self.info);
        let unsigned = self.cms.to_sign(&hash, self.algorithm);
        unsigned.finish(signature, cms::Embed::Content(&self.info))
    }
}

fn write_accuracy(w: &mut Writer, millis: u32) {
    let (seconds, millis) = (millis / 1000, millis % 1000);
    w.sequence(|w| {
        if seconds > 0 {
            w.number(u64::from(seconds));
        }
        if millis > 0 {
            w.element(Tag::primitive(0), &crate::der::unsigned(&millis.to_be_bytes()));
        }
    });
}
