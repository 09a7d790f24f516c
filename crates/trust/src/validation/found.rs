//! What the readers of the formats hand over: signatures with what was found about their bytes, and
//! everything that may serve as evidence. Whom to trust, and at what time, is `rules`' question.

use base::Instant;
use pki::cms::{self, SignedData};
use pki::key::{BadSignature, Digest, SignatureAlgorithm};
use pki::path::Material;
use pki::tsp::{Token, TokenFault};
use pki::{Certificate, Crl, ocsp};

use super::policy;
use super::report::{Coverage, Finding, StampKind};

/// How many time-stamps of one signature are judged.
pub const STAMPS_MAX: usize = 16;

/// A signature.
pub struct Found {
    /// What the file calls it.
    pub name: String,
    /// It is a time-stamp over the document.
    pub is_time_stamp: bool,
    /// The signer's certificate.
    pub certificate: Option<Certificate>,
    /// When, as the signer says.
    pub claimed_time: Option<Instant>,
    /// How it was made.
    pub algorithm: Option<SignatureAlgorithm>,
    /// The digests it rests on.
    pub digests: Vec<Digest>,
    /// What it is over.
    pub covers: Coverage,
    /// It protects its signer's certificate.
    pub is_baseline: bool,
    /// Its time-stamps.
    pub stamps: Vec<FoundStamp>,
    /// What was found about its bytes.
    pub findings: Vec<Finding>,
}

impl Found {
    /// Nothing known but its name.
    pub fn named(name: impl Into<String>) -> Found {
        Found {
            name: name.into(),
            is_time_stamp: false,
            certificate: None,
            claimed_time: None,
            algorithm: None,
            digests: Vec::new(),
            covers: Coverage::Unknown,
            is_baseline: false,
            stamps: Vec::new(),
            findings: Vec::new(),
        }
    }
}

/// A time-stamp, compared with what it should be over.
#[derive(Clone)]
pub struct FoundStamp {
    /// Over what.
    pub kind: StampKind,
    /// What it says.
    pub time: Option<Instant>,
    /// The authority's certificate.
    pub certificate: Option<Certificate>,
    /// What speaks against its bytes.
    pub findings: Vec<Finding>,
}

impl FoundStamp {
    /// Reads a token that should be over what `hash` makes; what it brings goes into `bag`.
    pub fn read(
        kind: StampKind,
        der: &[u8],
        bag: &mut Bag,
        hash: impl FnOnce(Digest) -> Vec<u8>,
    ) -> FoundStamp {
        let mut stamp = FoundStamp { kind, time: None, certificate: None, findings: Vec::new() };
        match Token::parse(der) {
            Err(_) => stamp.findings.push(Finding::Malformed { what: "time-stamp".into() }),
            Ok(token) => {
                bag.add_message(&token.message);
                let report = token.check(hash, &bag.certificates);
                stamp.time = Some(token.info.time);
                stamp.certificate = report.certificate;
                stamp.findings.extend(report.faults.iter().map(token_fault));
            }
        }
        stamp
    }
}

/// Everything a file brings that may serve as evidence.
#[derive(Clone, Default)]
pub struct Bag {
    /// Certificates.
    pub certificates: Vec<Certificate>,
    /// Lists of what is revoked.
    pub crls: Vec<Crl>,
    /// Answers of responders.
    pub answers: Vec<ocsp::Response>,
}

impl Bag {
    /// What a signed message carries.
    pub fn add_message(&mut self, message: &SignedData) {
        self.certificates.extend(message.certificates.iter().cloned());
        self.crls.extend(message.crls.iter().cloned());
        self.answers.extend(message.answers.iter().cloned());
    }

    /// A certificate in DER; what cannot be read is no evidence.
    pub fn add_certificate(&mut self, der: &[u8]) {
        self.certificates.extend(Certificate::parse(der));
    }

    /// A list in DER.
    pub fn add_crl(&mut self, der: &[u8]) {
        self.crls.extend(Crl::parse(der));
    }

    /// A responder's answer in DER.
    pub fn add_answer(&mut self, der: &[u8]) {
        self.answers.extend(ocsp::Response::parse(der));
    }

    /// Everything of another one.
    pub fn add(&mut self, other: &Bag) {
        self.certificates.extend(other.certificates.iter().cloned());
        self.crls.extend(other.crls.iter().cloned());
        self.answers.extend(other.answers.iter().cloned());
    }

    /// To judge paths with.
    pub fn material(&self) -> Material {
        let mut material = Material::new();
        self.certificates.iter().cloned().for_each(|certificate| material.add_certificate(certificate));
        self.crls.iter().cloned().for_each(|crl| material.add_crl(crl));
        self.answers.iter().cloned().for_each(|answer| material.add_ocsp(answer));
        material
    }
}

/// A part that is not as its standard wants.
pub fn malformed(what: &str) -> Finding {
    Finding::Malformed { what: what.into() }
}

/// What a fault of a signed message is to a reader.
pub fn cms_fault(fault: &cms::Fault) -> Finding {
    use cms::Fault;
    match fault {
        Fault::NoCertificate => Finding::NoCertificate,
        Fault::NoContent => Finding::NoContent { what: String::new() },
        Fault::DigestUnknown => Finding::Unsupported { what: "digest".into() },
        Fault::ContentChanged | Fault::TwoContents => Finding::ContentChanged,
        Fault::Signature(bad) => bad_signature(*bad),
        Fault::OtherCertificate => Finding::OtherCertificate,
        Fault::NoMessageDigest => malformed("message-digest"),
        Fault::ContentType => malformed("content-type"),
        Fault::AttributeTwice => malformed("signed-attributes"),
        Fault::AlgorithmsDiffer => malformed("algorithm-protection"),
        Fault::AttributesAsContent => malformed("content"),
        _ => malformed("message"),
    }
}

/// What a value that does not fit is to a reader.
pub fn bad_signature(bad: BadSignature) -> Finding {
    match bad {
        BadSignature::Mismatch => Finding::SignatureWrong,
        BadSignature::KeySize(bits) if bits < pki::key::RSA_BITS_MIN => {
            let until = policy::rows().iter().find(|row| row.name == "RSA-1024");
            let until = until.and_then(|row| row.good_until.clone()).unwrap_or_default();
            Finding::Weak { what: format!("RSA-{bits}"), until }
        }
        other => Finding::Unsupported { what: other.to_string() },
    }
}

/// What a fault of a time-stamp is to a reader.
pub fn token_fault(fault: &TokenFault) -> Finding {
    match fault {
        TokenFault::Signature(fault) => cms_fault(fault),
        TokenFault::NoSigningCertificate => Finding::NotBaseline,
        TokenFault::OtherImprint => Finding::ContentChanged,
        TokenFault::Sha1 => {
            let until = policy::rows().iter().find(|row| row.name == "SHA-1");
            let until = until.and_then(|row| row.good_until.clone()).unwrap_or_default();
            Finding::Weak { what: "SHA-1".into(), until }
        }
        TokenFault::OtherAuthority => Finding::OtherCertificate,
        TokenFault::Nonce | TokenFault::Policy | TokenFault::CriticalUnknown => malformed("time-stamp"),
    }
}
