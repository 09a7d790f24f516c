//! What a judgement found, as facts. Sentences are made elsewhere.

use crate::source::{Excess, Unreadable};

/// What one finding does to the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Said beside a valid signature.
    Notes,
    /// The signature cannot be called valid, nor be shown to be wrong.
    Doubts,
    /// The signature is wrong, or not one.
    Breaks,
}

/// A finding. `reference` counts the references of the signature from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The signature's elements are not what the schema wants: which one is amiss.
    Structure(&'static str),
    /// The signature value does not fit the signed information under the key.
    ValueWrong,
    /// The digest of what a reference means is another.
    DigestDiffers {
        /// Which reference.
        reference: usize,
    },
    /// More than one element is called by the Id of a reference.
    DuplicateId {
        /// Which reference.
        reference: usize,
        /// The Id.
        id: String,
    },
    /// What the caller wants to be signed is covered by no reference that fits.
    NotCovered,
    /// The signature method is unknown, or its parameters are.
    UnknownMethod(String),
    /// The canonicalization of the signed information is unknown.
    UnknownCanonicalization(String),
    /// A digest method is unknown.
    UnknownDigest {
        /// Which reference.
        reference: usize,
        /// The identifier.
        uri: String,
    },
    /// A transform is not on our list: XPath, XSLT and whatever else can make a signature mean another thing.
    TransformRefused {
        /// Which reference.
        reference: usize,
        /// The identifier.
        uri: String,
    },
    /// A reference means nothing that is here: no such Id, or bytes the caller did not bring.
    NotFound {
        /// Which reference.
        reference: usize,
        /// The URI.
        uri: String,
    },
    /// What a reference means cannot go through its transforms: not XML, not base64, no signature in it.
    NotTransformable {
        /// Which reference.
        reference: usize,
    },
    /// Bytes from outside, or octets between two transforms, cannot be read as XML.
    ReferenceUnreadable {
        /// Which reference.
        reference: usize,
        /// Why.
        why: Unreadable,
    },
    /// Something goes beyond the limits.
    TooMuch(Excess),
    /// No key was given, and the signature names none that we can read.
    NoKey,
    /// The key is of another kind than the signature method wants, or too weak.
    KeyUnfit,
    /// A digest or a key that is no longer trusted was used: SHA-1, RSA below 2048 bits.
    Legacy(Legacy),
    /// The same, where the caller allows it.
    LegacyAllowed(Legacy),
    /// A reference means a manifest. It is signed as it stands; what it lists was not compared.
    ManifestNotFollowed {
        /// Which reference.
        reference: usize,
    },
    /// XAdES: something about the qualifying properties.
    Xades(Xades),
}

/// What is no longer trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Legacy {
    /// SHA-1 in the signature value.
    Sha1Value,
    /// SHA-1 in a reference.
    Sha1Reference,
    /// SHA-1 names the signer's certificate.
    Sha1Certificate,
    /// An RSA key below 2048 bits.
    ShortRsa,
}

/// What is amiss with qualifying properties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Xades {
    /// They target another signature, or none.
    Target,
    /// There is more than one set of them.
    Several,
    /// No reference that fits covers the signed ones.
    NotSigned,
    /// The signing time is missing or no time.
    SigningTime,
    /// They do not name the signer's certificate.
    NoCertificate,
    /// They name another certificate than the one whose key made the signature.
    OtherCertificate,
    /// The signer's certificate is not at hand to be compared with the one they name.
    CertificateNotCompared,
    /// A data object format means no reference of this signature.
    DataObject,
    /// A time-stamp cannot be read, or its canonicalization is unknown.
    TimeStamp,
}

impl Finding {
    /// What it does to the verdict.
    pub fn weight(&self) -> Weight {
        use Finding::*;
        match self {
            Structure(_) | ValueWrong | DigestDiffers { .. } | DuplicateId { .. } | NotCovered => {
                Weight::Breaks
            }
            Xades(self::Xades::NotSigned | self::Xades::OtherCertificate | self::Xades::Target) => {
                Weight::Breaks
            }
            UnknownMethod(_)
            | UnknownCanonicalization(_)
            | UnknownDigest { .. }
            | TransformRefused { .. }
            | NotFound { .. }
            | NotTransformable { .. }
            | ReferenceUnreadable { .. }
            | TooMuch(_)
            | NoKey
            | KeyUnfit
            | Legacy(_)
            | Xades(_) => Weight::Doubts,
            LegacyAllowed(_) | ManifestNotFollowed { .. } => Weight::Notes,
        }
    }
}

/// What all findings come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The value and every digest fit, and nothing speaks against it. Whether the signer is to be trusted is
    /// another question.
    Valid,
    /// Something was not or could not be judged.
    Indeterminate,
    /// It is wrong.
    Invalid,
}

/// The verdict these findings lead to.
pub fn verdict(findings: &[Finding]) -> Verdict {
    match findings.iter().map(Finding::weight).max() {
        None | Some(Weight::Notes) => Verdict::Valid,
        Some(Weight::Doubts) => Verdict::Indeterminate,
        Some(Weight::Breaks) => Verdict::Invalid,
    }
}
