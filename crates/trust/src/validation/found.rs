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
    /// The SHA-256 of its value: by which it is known again, whatever is wrapped around it.
    pub value: Vec<u8>,
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
            value: Vec::new(),
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
    /// Which one it is: the SHA-256 of the token.
    pub value: Vec<u8>,
    /// What it proves the existence of, besides the signature.
    pub over: Over,
}

/// What a time-stamp protects besides the signature it belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Over {
    /// Nothing.
    #[default]
    Signature,
    /// The tokens with these values: those its index names.
    Tokens(Vec<Vec<u8>>),
    /// The file up to this byte, and so the time-stamps over less of it.
    File(u64),
}

impl FoundStamp {
    /// Reads a token that should be over what `hash` makes; what it brings goes into `bag`.
    pub fn read(
        kind: StampKind,
        der: &[u8],
        bag: &mut Bag,
        hash: impl FnOnce(Digest) -> Vec<u8>,
    ) -> FoundStamp {
        match Token::parse(der) {
            Err(_) => FoundStamp::unreadable(kind, der),
            Ok(token) => FoundStamp::of(kind, &token, bag, hash),
        }
    }

    /// Something that stands where a token should.
    pub fn unreadable(kind: StampKind, der: &[u8]) -> FoundStamp {
        FoundStamp {
            kind,
            time: None,
            certificate: None,
            findings: vec![Finding::Malformed { what: "time-stamp".into() }],
            value: Digest::Sha256.of(der),
            over: Over::Signature,
        }
    }

    /// The same for a token that was read.
    pub fn of(
        kind: StampKind,
        token: &Token,
        bag: &mut Bag,
        hash: impl FnOnce(Digest) -> Vec<u8>,
    ) -> FoundStamp {
        bag.add_message(&token.message);
        let report = token.check(hash, &bag.certificates);
        FoundStamp {
            kind,
            time: Some(token.info.time),
            certificate: report.certificate,
            findings: report.faults.iter().map(token_fault).collect(),
            value: Digest::Sha256.of(&token.message.der),
            over: Over::Signature,
        }
    }

    /// Whether, when this one holds, the other one existed at its time.
    pub fn covers(&self, other: &FoundStamp) -> bool {
        match (&self.over, &other.over) {
            (Over::Signature, _) => false,
            (Over::Tokens(values), _) => values.contains(&other.value),
            (Over::File(end), Over::File(inner)) => inner < end,
            // What a signature carries was there when it was.
            (Over::File(_), _) => true,
        }
    }
}

/// Certificates, lists and answers that are looked at of what one file brings.
const CERTIFICATES_MAX: usize = 2_000;
const LISTS_MAX: usize = 500;
const ANSWERS_MAX: usize = 1_000;

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
        self.bring(&message.certificates, &message.crls, &message.answers);
    }

    /// What a file carries, as much of it as is looked at.
    pub fn bring(&mut self, certificates: &[Certificate], crls: &[Crl], answers: &[ocsp::Response]) {
        fn room<T>(all: &[T], max: usize) -> usize {
            max.saturating_sub(all.len())
        }
        let left = room(&self.certificates, CERTIFICATES_MAX);
        self.certificates.extend(certificates.iter().take(left).cloned());
        let left = room(&self.crls, LISTS_MAX);
        self.crls.extend(crls.iter().take(left).cloned());
        let left = room(&self.answers, ANSWERS_MAX);
        self.answers.extend(answers.iter().take(left).cloned());
    }

    /// A certificate in DER; what cannot be read is no evidence.
    pub fn add_certificate(&mut self, der: &[u8]) {
        if self.certificates.len() < CERTIFICATES_MAX {
            self.certificates.extend(Certificate::parse(der));
        }
    }

    /// A list in DER.
    pub fn add_crl(&mut self, der: &[u8]) {
        if self.crls.len() < LISTS_MAX {
            self.crls.extend(Crl::parse(der));
        }
    }

    /// A responder's answer in DER.
    pub fn add_answer(&mut self, der: &[u8]) {
        if self.answers.len() < ANSWERS_MAX {
            self.answers.extend(ocsp::Response::parse(der));
        }
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
