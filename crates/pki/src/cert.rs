//! Reading certificates (X.509 v3, RFC 5280).
//!
//! Reading is strict about bytes and patient about meaning: what is DER of the right shape is a
//! [`Certificate`], and whatever in it no good issuer would write is among its [`Finding`]s, so that a
//! register can keep it and a person can see why it is not trusted.

mod extension;
mod import;

pub use extension::{
    Access, AuthorityKeyId, BasicConstraints, DistributionPoint, Extension, Extensions, KeyUsage,
    NameConstraints, PointName, Policy, PolicyConstraints, Reasons, Subtree,
};
pub(crate) use extension::{authority_key_id, general_names};
pub use import::{ImportError, Imported, import};

use crate::der::{self, Malformed, Read, Reader, Tag, Why};
use crate::key::{AlgorithmId, BadSignature, Digest, PublicKey, SignatureAlgorithm};
use crate::name::Name;
use crate::oid::{self, Oid};
use base::Instant;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// The largest certificate that is read, in bytes.
pub const CERTIFICATE_BYTES_MAX: usize = 256 * 1024;

/// A serial number: the contents of its INTEGER.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Serial(Vec<u8>);

impl Serial {
    /// From an unsigned big-endian number.
    pub fn from_unsigned(bytes: &[u8]) -> Serial {
        Serial(der::unsigned(bytes))
    }

    /// From a number.
    pub fn from_number(number: u64) -> Serial {
        Serial::from_unsigned(&number.to_be_bytes())
    }

    /// Sixteen random bytes, positive: unique without asking, and not to be guessed.
    pub fn random() -> Serial {
        let mut bytes = [0; 16];
        aws_lc_rs::rand::fill(&mut bytes).expect("the system has randomness");
        bytes[0] = bytes[0] & 0x7f | 0x40;
        Serial::from_unsigned(&bytes)
    }

    /// From the contents of an INTEGER as read.
    pub fn from_contents(contents: &[u8]) -> Serial {
        Serial(contents.to_vec())
    }

    /// The contents of the INTEGER.
    pub fn contents(&self) -> &[u8] {
        &self.0
    }

    /// Below zero, which RFC 5280 forbids and old issuers did.
    pub fn is_negative(&self) -> bool {
        self.0.first().is_some_and(|first| first & 0x80 != 0)
    }
}

/// Upper-case hexadecimal, as people compare it.
impl fmt::Display for Serial {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = match self.0.as_slice() {
            [0, rest @ ..] if !rest.is_empty() => rest,
            all => all,
        };
        digits.iter().try_for_each(|byte| write!(out, "{byte:02X}"))
    }
}

impl fmt::Debug for Serial {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Serial({self})")
    }
}

/// From when until when, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// First instant.
    pub not_before: Instant,
    /// Last instant.
    pub not_after: Instant,
}

impl Validity {
    /// The instant lies inside. The last second counts whole.
    pub fn holds(&self, at: Instant) -> bool {
        self.not_before <= at && at < self.not_after.plus_seconds(1)
    }
}

/// Something no good issuer writes. None of them keeps a certificate from being read; path validation
/// refuses the ones that change meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// Below zero.
    SerialNegative,
    /// Zero.
    SerialZero,
    /// More than 20 bytes.
    SerialLong,
    /// The algorithm inside the signature is not the one outside.
    AlgorithmsDiffer,
    /// The signature is no whole number of bytes: nobody made it.
    SignatureOddBits,
    /// The signature algorithm rests on SHA-1.
    Sha1,
    /// The signature algorithm is not one we verify.
    AlgorithmUnknown,
    /// The key is not of a kind we verify with.
    KeyUnknown,
    /// The key is RSA of fewer than 2048 bits.
    KeyShort,
    /// Ends before it begins.
    ValidityEmpty,
    /// A date in the wrong one of the two time types.
    TimeType,
    /// Extensions in a certificate that says it is older than version 3.
    OldVersionWithExtensions,
    /// The same extension twice.
    ExtensionTwice(Oid),
    /// An extension we know that cannot be read.
    ExtensionUnreadable(Oid),
    /// Critical, and unknown to us.
    CriticalUnknown(Oid),
    /// FALSE is written where leaving it out is the only right way.
    DefaultWritten,
    /// No issuer.
    IssuerEmpty,
    /// Neither a subject nor a critical alternative name.
    SubjectMissing,
    /// Critical, where RFC 5280 wants it not to be.
    Critical(Oid),
    /// Not critical, where RFC 5280 wants it to be.
    NotCritical(Oid),
    /// Left out, where RFC 5280 wants it.
    Missing(Oid),
    /// Without contents.
    Empty(Oid),
    /// Authority by its basic constraints and not by its key usage, or the other way round.
    AuthorityUnclear,
}

struct Inner {
    der: Arc<[u8]>,
    tbs: Range<usize>,
    version: u8,
    serial: Serial,
    algorithm_id: AlgorithmId,
    issuer: Name,
    validity: Validity,
    subject: Name,
    key: PublicKey,
    extensions: Extensions,
    signature: Range<usize>,
    findings: Vec<Finding>,
}

/// A certificate. Cloning shares it; two are equal when their bytes are.
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

impl PartialEq for Certificate {
    fn eq(&self, other: &Certificate) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.der == other.0.der
    }
}

impl Eq for Certificate {}

impl std::hash::Hash for Certificate {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.der.hash(state);
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Certificate({} of {}, {})", self.serial(), self.issuer(), self.subject())
    }
}

impl Certificate {
    /// Reads the DER of one certificate.
    pub fn parse(der: &[u8]) -> Read<Certificate> {
        der::within(der, CERTIFICATE_BYTES_MAX)?;
        let mut outer = Reader::new(der);
        let whole = outer.expect(Tag::SEQUENCE)?;
        outer.end()?;
        let mut parts = whole.inside()?;
        let tbs = parts.expect(Tag::SEQUENCE)?;
        let outside = AlgorithmId::read(&mut parts)?;
        let bits = parts.expect(Tag::BIT_STRING)?;
        let signature = der::bits(&bits)?;
        parts.end()?;
        let end = bits.value_range().end;
        let mut inner = read_tbs(tbs.inside()?)?;
        inner.der = der.into();
        inner.tbs = tbs.range();
        inner.signature = end - signature.bytes.len()..end;
        if signature.unused != 0 {
            inner.findings.push(Finding::SignatureOddBits);
        }
        if inner.algorithm_id != outside {
            inner.findings.push(Finding::AlgorithmsDiffer);
        }
        note_algorithm(&mut inner);
        Ok(Certificate(Arc::new(inner)))
    }

    /// The bytes.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// The bytes as PEM.
    pub fn pem(&self) -> String {
        crate::pem::write("CERTIFICATE", self.der())
    }

    /// The signed part.
    pub fn tbs(&self) -> &[u8] {
        &self.0.der[self.0.tbs.clone()]
    }

    /// The signature's bytes.
    pub fn signature(&self) -> &[u8] {
        &self.0.der[self.0.signature.clone()]
    }

    /// 1, 2 or 3.
    pub fn version(&self) -> u8 {
        self.0.version
    }

    /// The serial number, unique within the issuer.
    pub fn serial(&self) -> &Serial {
        &self.0.serial
    }

    /// Who issued it.
    pub fn issuer(&self) -> &Name {
        &self.0.issuer
    }

    /// Whom it names.
    pub fn subject(&self) -> &Name {
        &self.0.subject
    }

    /// From when until when.
    pub fn validity(&self) -> Validity {
        self.0.validity
    }

    /// The subject's key.
    pub fn public_key(&self) -> &PublicKey {
        &self.0.key
    }

    /// How it was signed, as written.
    pub fn algorithm_id(&self) -> &AlgorithmId {
        &self.0.algorithm_id
    }

    /// How it was signed, if we verify such.
    pub fn algorithm(&self) -> Option<SignatureAlgorithm> {
        SignatureAlgorithm::of(&self.0.algorithm_id)
    }

    /// What its extensions say.
    pub fn extensions(&self) -> &Extensions {
        &self.0.extensions
    }

    /// What no good issuer writes.
    pub fn findings(&self) -> &[Finding] {
        &self.0.findings
    }

    /// A certificate of an authority: basic constraints say so.
    pub fn is_ca(&self) -> bool {
        self.extensions().basic_constraints.is_some_and(|basic| basic.is_ca)
    }

    /// Issuer and subject are the same name.
    pub fn is_self_issued(&self) -> bool {
        self.issuer() == self.subject()
    }

    /// Self-issued, and signed with its own key.
    pub fn is_self_signed(&self) -> bool {
        self.is_self_issued() && self.verify_with(self.public_key()).is_ok()
    }

    /// Where its bytes lie in memory: as long as it is kept, no other one lies there.
    pub(crate) fn address(&self) -> usize {
        std::sync::Arc::as_ptr(&self.0) as usize
    }

    /// Checks its signature with the issuer's key.
    pub fn verify_with(&self, issuer: &PublicKey) -> Result<(), BadSignature> {
        let algorithm = self.algorithm().ok_or(BadSignature::Unsupported)?;
        let spoilt = [Finding::AlgorithmsDiffer, Finding::SignatureOddBits];
        if self.findings().iter().any(|finding| spoilt.contains(finding)) {
            return Err(BadSignature::Mismatch);
        }
        issuer.verify(algorithm, self.tbs(), self.signature())
    }

    /// The hash of the whole certificate.
    pub fn fingerprint(&self, digest: Digest) -> Vec<u8> {
        digest.of(self.der())
    }

    /// The subject key identifier, or the one it would have by RFC 5280's first method.
    pub fn key_id(&self) -> Vec<u8> {
        self.extensions().subject_key_id.clone().unwrap_or_else(|| self.public_key().id())
    }
}

fn read_tbs(mut tbs: Reader<'_>) -> Read<Inner> {
    let mut findings = Vec::new();
    let version = read_version(&mut tbs, &mut findings)?;
    let serial = Serial(tbs.integer()?.to_vec());
    note_serial(&serial, &mut findings);
    let algorithm_id = AlgorithmId::read(&mut tbs)?;
    let issuer = Name::read(&mut tbs)?;
    let validity = read_validity(&mut tbs, &mut findings)?;
    let subject = Name::read(&mut tbs)?;
    let key = PublicKey::read(&mut tbs)?;
    let has_ids = tbs.optional(Tag::primitive(1))?.is_some() | tbs.optional(Tag::primitive(2))?.is_some();
    if has_ids && version < 2 {
        findings.push(Finding::OldVersionWithExtensions);
    }
    let extensions = match tbs.context(3)? {
        Some(mut inner) => {
            if version < 3 {
                findings.push(Finding::OldVersionWithExtensions);
            }
            let list = Extension::list(&mut inner, &mut findings)?;
            inner.end()?;
            Extensions::of(list, &mut findings)
        }
        None => Extensions::default(),
    };
    tbs.end()?;
    if issuer.is_empty() {
        findings.push(Finding::IssuerEmpty);
    }
    let names_critically = extensions.all.iter().any(|e| e.oid == oid::SUBJECT_ALT_NAME && e.critical);
    if subject.is_empty() && !names_critically {
        findings.push(Finding::SubjectMissing);
    }
    let is_itself = issuer == subject;
    extension::note_profile(&extensions, version, is_itself, &mut findings);
    let (der, tbs, signature) = (Arc::from([]), 0..0, 0..0);
    Ok(Inner {
        der,
        tbs,
        version,
        serial,
        algorithm_id,
        issuer,
        validity,
        subject,
        key,
        extensions,
        signature,
        findings,
    })
}

fn read_version(tbs: &mut Reader<'_>, findings: &mut Vec<Finding>) -> Read<u8> {
    let Some(mut inner) = tbs.context(0)? else { return Ok(1) };
    let number = inner.number()?;
    inner.end()?;
    match number {
        0 => {
            findings.push(Finding::DefaultWritten);
            Ok(1)
        }
        1 | 2 => Ok(number as u8 + 1),
        _ => Err(tbs.fail(Why::Value("version"))),
    }
}

fn note_serial(serial: &Serial, findings: &mut Vec<Finding>) {
    if serial.is_negative() {
        findings.push(Finding::SerialNegative);
    }
    if serial.0 == [0] {
        findings.push(Finding::SerialZero);
    }
    // A twenty-first byte may be the sign.
    if serial.0.len() > 20 {
        findings.push(Finding::SerialLong);
    }
}

fn read_validity(tbs: &mut Reader<'_>, findings: &mut Vec<Finding>) -> Read<Validity> {
    let mut inner = tbs.sequence()?;
    let mut one = || -> Read<Instant> {
        let element = inner.any()?;
        let at = der::instant(&element)?;
        let late = Instant::from_micros(LATE_MICROS);
        let wants = if at < late { Tag::UTC_TIME } else { Tag::GENERALIZED_TIME };
        if element.tag != wants && !findings.contains(&Finding::TimeType) {
            findings.push(Finding::TimeType);
        }
        Ok(at)
    };
    let validity = Validity { not_before: one()?, not_after: one()? };
    inner.end()?;
    if validity.not_after < validity.not_before {
        findings.push(Finding::ValidityEmpty);
    }
    Ok(validity)
}

/// 2050-01-01T00:00Z, from where on dates are GeneralizedTime.
const LATE_MICROS: i64 = 2_524_608_000_000_000;

fn note_algorithm(inner: &mut Inner) {
    match SignatureAlgorithm::of(&inner.algorithm_id) {
        None => inner.findings.push(Finding::AlgorithmUnknown),
        Some(algorithm) if algorithm.is_legacy() => inner.findings.push(Finding::Sha1),
        Some(_) => {}
    }
    match inner.key.kind() {
        crate::key::PublicKind::Other(_) => inner.findings.push(Finding::KeyUnknown),
        crate::key::PublicKind::Rsa { bits, .. } if bits < crate::key::RSA_BITS_MIN => {
            inner.findings.push(Finding::KeyShort);
        }
        _ => {}
    }
}

/// An error for a structure that is read, but means nothing.
pub(crate) fn meaningless(what: &'static str) -> Malformed {
    Malformed { why: Why::Value(what), at: 0 }
}
