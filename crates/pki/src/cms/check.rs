//! Judging one signature.

use super::{Attribute, SignedData, SignerInfo};
use crate::cert::Certificate;
use crate::der::{Read, Reader, Tag};
use crate::key::{AlgorithmId, BadSignature, Digest};
use crate::name::GeneralName;
use crate::oid;
use base::Instant;

/// What a signature is over.
#[derive(Clone, Copy)]
pub enum Content<'a> {
    /// The content inside the message.
    Inside,
    /// These bytes, kept elsewhere.
    Bytes(&'a [u8]),
    /// Bytes kept elsewhere, of which the caller makes the hash (a byte range of a large file).
    Hashed(&'a dyn Fn(Digest) -> Vec<u8>),
    /// These bytes, inside or kept elsewhere, of which the caller makes the hash too: once for all
    /// signatures.
    Known(&'a [u8], &'a dyn Fn(Digest) -> Vec<u8>),
}

/// What is wrong with a signature. One is enough for it not to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The certificate of the signer is not at hand.
    NoCertificate,
    /// The content is not at hand.
    NoContent,
    /// The digest is not one we know.
    DigestUnknown,
    /// The content is not the one that was signed.
    ContentChanged,
    /// The signed attributes hold no digest, or several.
    NoMessageDigest,
    /// The signed attributes name another kind of content, or none.
    ContentType,
    /// An attribute that must stand once stands twice.
    AttributeTwice,
    /// The signature itself.
    Signature(BadSignature),
    /// The signed attributes name another certificate than the one that fits.
    OtherCertificate,
    /// The algorithms named in the signed attributes are not those used.
    AlgorithmsDiffer,
    /// Both inside and given, and not the same.
    TwoContents,
    /// The content is itself a set of signed attributes: a signature over them made to look like one over a
    /// content.
    AttributesAsContent,
}

/// Something people should know that does not make the signature wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// Rests on SHA-1.
    Sha1,
    /// The certificate is not protected against being exchanged: not a CAdES signature.
    NoSigningCertificate,
    /// The certificate is named by SHA-1 alone.
    SigningCertificateSha1,
    /// The signed attributes are not in DER's order.
    AttributesUnordered,
    /// No signed attributes: the content alone is signed.
    NoSignedAttributes,
}

/// The CAdES level a signature has by its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// No level: not CAdES.
    None,
    /// The signer's certificate is protected.
    BB,
    /// And there is a time-stamp over the signature, which remains to be judged.
    BT,
}

/// What was found about a signature.
#[derive(Clone, Debug)]
pub struct Report {
    /// The signer's certificate; its trust remains to be judged.
    pub certificate: Option<Certificate>,
    /// Everything that is wrong.
    pub faults: Vec<Fault>,
    /// What people should know.
    pub notes: Vec<Note>,
    /// When it was signed, as the signer says.
    pub claimed_time: Option<Instant>,
    /// Its form.
    pub level: Level,
}

impl Report {
    /// The signature is this certificate's over this content.
    pub fn is_intact(&self) -> bool {
        self.faults.is_empty()
    }
}

impl SignedData {
    /// Judges the signature `signer` of this message over `content`; the certificate is looked for inside
    /// and among `others`.
    pub fn check(&self, signer: &SignerInfo, content: Content<'_>, others: &[Certificate]) -> Report {
        // Of several that bear the name, the one that the signed attributes mean.
        let mut candidates = self.find_signers(signer, others);
        let first = candidates.next();
        let meant =
            first.into_iter().chain(candidates).take(CANDIDATES_MAX).find(|one| is_meant(signer, one));
        let certificate = meant.or(first).cloned();
        let mut report = Report {
            certificate: certificate.clone(),
            faults: Vec::new(),
            notes: Vec::new(),
            claimed_time: signer.signed_value(oid::SIGNING_TIME).and_then(|der| Reader::new(der).time().ok()),
            level: Level::None,
        };
        let signed_bytes = self.check_content(signer, content, &mut report);
        let Some(certificate) = certificate else {
            report.faults.push(Fault::NoCertificate);
            return report;
        };
        match (signed_bytes, signer.algorithm()) {
            (_, None) => report.faults.push(Fault::Signature(BadSignature::Unsupported)),
            (None, _) => {}
            (Some(bytes), Some(algorithm)) => {
                if algorithm.is_legacy() || signer.digest() == Some(Digest::Sha1) {
                    report.notes.push(Note::Sha1);
                }
                let verified = certificate.public_key().verify(algorithm, &bytes, &signer.signature);
                report.faults.extend(verified.err().map(Fault::Signature));
            }
        }
        check_attributes(signer, &certificate, &mut report);
        report
    }

    /// Compares the content with the signed attributes; returns the bytes the signature is over.
    fn check_content(
        &self,
        signer: &SignerInfo,
        content: Content<'_>,
        report: &mut Report,
    ) -> Option<Vec<u8>> {
        let content = match (content, &self.content) {
            (Content::Inside, Some(inside)) => Content::Bytes(inside),
            (Content::Inside, None) => {
                report.faults.push(Fault::NoContent);
                return signer.signed.is_some().then(|| signer.signed_set.clone());
            }
            (Content::Bytes(given) | Content::Known(given, _), Some(inside))
                if !std::ptr::eq(given, inside.as_slice()) && given != inside.as_slice() =>
            {
                report.faults.push(Fault::TwoContents);
                return None;
            }
            (given, _) => given,
        };
        let Some(digest) = signer.digest() else {
            report.faults.push(Fault::DigestUnknown);
            return None;
        };
        if signer.signed.is_none() {
            report.notes.push(Note::NoSignedAttributes);
            if self.content_type != oid::CMS_DATA {
                report.faults.push(Fault::ContentType);
            }
            let (Content::Bytes(bytes) | Content::Known(bytes, _)) = content else {
                report.faults.push(Fault::NoContent);
                return None;
            };
            if is_attributes(bytes) {
                report.faults.push(Fault::AttributesAsContent);
            }
            return Some(bytes.to_vec());
        }
        let hash = match content {
            Content::Bytes(bytes) => digest.of(bytes),
            Content::Hashed(hash) | Content::Known(_, hash) => hash(digest),
            Content::Inside => return None,
        };
        match signer.signed_value(oid::MESSAGE_DIGEST).and_then(|der| Reader::new(der).octets().ok()) {
            None => report.faults.push(Fault::NoMessageDigest),
            Some(signed) if signed != hash => report.faults.push(Fault::ContentChanged),
            Some(_) => {}
        }
        let kind = signer.signed_value(oid::CONTENT_TYPE).and_then(|der| Reader::new(der).oid().ok());
        if kind != Some(self.content_type) {
            report.faults.push(Fault::ContentType);
        }
        Some(signer.signed_set.clone())
    }
}

fn is_attributes(bytes: &[u8]) -> bool {
    let attributes = Reader::new(bytes).set().and_then(|set| set.each(Attribute::read));
    attributes.is_ok_and(|list| list.iter().any(|attribute| attribute.oid == oid::MESSAGE_DIGEST))
}

/// How many certificates of the signer's name are compared.
const CANDIDATES_MAX: usize = 64;

/// The signed attributes name this certificate, or none.
fn is_meant(signer: &SignerInfo, certificate: &Certificate) -> bool {
    let v2 = signer.signed_value(oid::SIGNING_CERTIFICATE_V2).map(|der| (der, true));
    let named = v2.or(signer.signed_value(oid::SIGNING_CERTIFICATE).map(|der| (der, false)));
    named.is_none_or(|(der, is_v2)| names_certificate(der, is_v2, certificate) == Ok(true))
}

fn check_attributes(signer: &SignerInfo, certificate: &Certificate, report: &mut Report) {
    let Some(signed) = &signer.signed else { return };
    let once = [
        oid::CONTENT_TYPE,
        oid::MESSAGE_DIGEST,
        oid::SIGNING_TIME,
        oid::SIGNING_CERTIFICATE,
        oid::SIGNING_CERTIFICATE_V2,
        oid::CMS_ALGORITHM_PROTECTION,
    ];
    let stands = |oid| signed.iter().filter(|attribute| attribute.oid == oid).count();
    if once.into_iter().any(|oid| stands(oid) > 1) {
        report.faults.push(Fault::AttributeTwice);
    }
    if !is_ordered(&signer.signed_set) {
        report.notes.push(Note::AttributesUnordered);
    }
    let named = match (
        signer.signed_value(oid::SIGNING_CERTIFICATE_V2),
        signer.signed_value(oid::SIGNING_CERTIFICATE),
    ) {
        (Some(der), _) => Some(names_certificate(der, true, certificate)),
        (None, Some(der)) => {
            report.notes.push(Note::SigningCertificateSha1);
            Some(names_certificate(der, false, certificate))
        }
        (None, None) => None,
    };
    match named {
        None => report.notes.push(Note::NoSigningCertificate),
        Some(Ok(true)) => {
            let is_stamped = signer.time_stamps().next().is_some();
            report.level = if is_stamped { Level::BT } else { Level::BB };
        }
        Some(_) => report.faults.push(Fault::OtherCertificate),
    }
    if let Some(der) = signer.signed_value(oid::CMS_ALGORITHM_PROTECTION)
        && !is_protected(der, signer).unwrap_or(false)
    {
        report.faults.push(Fault::AlgorithmsDiffer);
    }
}

/// The first ESSCertID(v2) is the hash of this certificate, and its issuer and number if it names them.
fn names_certificate(der: &[u8], is_v2: bool, certificate: &Certificate) -> Read<bool> {
    let mut list = Reader::whole_sequence(der)?.sequence()?;
    let mut id = list.sequence()?;
    let mut digest = if is_v2 { Some(Digest::Sha256) } else { Some(Digest::Sha1) };
    if is_v2 && id.peek() == Some(Tag::SEQUENCE) {
        digest = AlgorithmId::read(&mut id)?.digest();
    }
    let hash = id.octets()?;
    let Some(digest) = digest else { return Ok(false) };
    let mut fits = digest.of(certificate.der()) == hash;
    if !id.is_empty() {
        let mut pair = id.sequence()?;
        let names = crate::cert::general_names(pair.sequence()?)?;
        let serial = pair.integer()?;
        let is_issuer = |name: &GeneralName| match name {
            GeneralName::Directory(name) => name == certificate.issuer(),
            _ => false,
        };
        fits &= names.iter().any(is_issuer) && serial == certificate.serial().contents();
    }
    Ok(fits)
}

/// CMSAlgorithmProtection (RFC 6211) says the digest and the signature algorithm that are used.
fn is_protected(der: &[u8], signer: &SignerInfo) -> Read<bool> {
    let mut inner = Reader::whole_sequence(der)?;
    let digest = AlgorithmId::read(&mut inner)?;
    let fits = match inner.optional(Tag::context(1))? {
        Some(element) => {
            let mut parts = element.inside()?;
            let oid = parts.oid()?;
            oid == signer.algorithm_id.oid && parts.rest() == signer.algorithm_id.parameters
        }
        None => false,
    };
    Ok(fits && digest.oid == signer.digest_id.oid)
}

fn is_ordered(set: &[u8]) -> bool {
    let Ok(mut members) = Reader::new(set).set() else { return false };
    let mut last: &[u8] = &[];
    while let Ok(element) = members.any() {
        if element.raw < last {
            return false;
        }
        last = element.raw;
    }
    true
}
