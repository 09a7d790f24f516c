//! Requests for certificates (PKCS#10): making them, and checking that the asker has the key.

use crate::cert::{Extension, Extensions};
use crate::der::{self, Read, Reader, Tag, Writer};
use crate::key::{AlgorithmId, BadSignature, PublicKey, SignError, SignatureAlgorithm, Signer};
use crate::name::{GeneralName, Name};
use crate::oid;

/// The largest request that is read, in bytes.
pub const REQUEST_BYTES_MAX: usize = 64 * 1024;

/// A request. What it asks for is a wish: names and extensions are decided by who approves.
#[derive(Clone, Debug)]
pub struct Request {
    /// The bytes.
    pub der: Vec<u8>,
    /// Whom it names.
    pub subject: Name,
    /// The key to be certified.
    pub key: PublicKey,
    /// The extensions wished for.
    pub extensions: Extensions,
    tbs: Vec<u8>,
    algorithm: Option<SignatureAlgorithm>,
    signature: Vec<u8>,
}

impl Request {
    /// Reads the DER of a request.
    pub fn parse(der: &[u8]) -> Read<Request> {
        der::within(der, REQUEST_BYTES_MAX)?;
        let mut parts = Reader::whole_sequence(der)?;
        let tbs = parts.expect(Tag::SEQUENCE)?;
        let algorithm = AlgorithmId::read(&mut parts)?;
        let signature = parts.bits()?.bytes.to_vec();
        parts.end()?;
        let mut r = tbs.inside()?;
        r.number()?;
        let subject = Name::read(&mut r)?;
        let key = PublicKey::read(&mut r)?;
        let mut extensions = Extensions::default();
        if let Some(mut attributes) = r.context(0)? {
            while !attributes.is_empty() {
                let mut attribute = attributes.sequence()?;
                let oid = attribute.oid()?;
                let mut values = attribute.set()?;
                if oid == oid::EXTENSION_REQUEST {
                    let mut findings = Vec::new();
                    let list = Extension::list(&mut values, &mut findings)?;
                    extensions = Extensions::of(list, &mut findings);
                }
            }
        }
        r.end()?;
        Ok(Request {
            der: der.to_vec(),
            subject,
            key,
            extensions,
            tbs: tbs.raw.to_vec(),
            algorithm: SignatureAlgorithm::of(&algorithm),
            signature,
        })
    }

    /// Reads a request from PEM or DER.
    pub fn import(bytes: &[u8]) -> Read<Request> {
        if !crate::pem::is_pem(bytes) {
            return Request::parse(bytes);
        }
        der::within(bytes, 2 * REQUEST_BYTES_MAX)?;
        let blocks = crate::pem::read(bytes).map_err(|_| crate::cert::meaningless("PEM"))?;
        let is_request = |label: &str| matches!(label, "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST");
        let block = blocks.into_iter().find(|block| is_request(&block.label));
        Request::parse(&block.ok_or(crate::cert::meaningless("no request in the PEM"))?.der)
    }

    /// Whoever made it has the private key. SHA-1 does not prove it.
    pub fn check_possession(&self) -> Result<(), BadSignature> {
        let algorithm = self.algorithm.filter(|algorithm| !algorithm.is_legacy());
        self.key.verify(algorithm.ok_or(BadSignature::Unsupported)?, &self.tbs, &self.signature)
    }

    /// Makes a request for this key.
    pub fn make(
        subject: &Name,
        alt_names: &[GeneralName],
        signer: &dyn Signer,
    ) -> Result<Vec<u8>, SignError> {
        let tbs = Writer::build(|w| {
            w.sequence(|w| {
                w.number(0).raw(subject.der()).raw(signer.public_key().spki());
                w.context(0, |w| {
                    if !alt_names.is_empty() {
                        write_wish(w, alt_names);
                    }
                });
            });
        });
        let signature = signer.sign(&tbs)?;
        Ok(crate::issue::signed(tbs, signer.algorithm(), &signature))
    }
}

fn write_wish(w: &mut Writer, alt_names: &[GeneralName]) {
    w.sequence(|w| {
        w.oid(oid::EXTENSION_REQUEST).set(|w| {
            w.sequence(|w| {
                crate::crl::extension(w, oid::SUBJECT_ALT_NAME, false, |w| {
                    w.sequence(|w| alt_names.iter().for_each(|name| name.write(w)));
                });
            });
        });
    });
}
