//! What certificates of each kind say: key usage, purposes, who may issue. One table.
//!
//! How long a certificate may live, who may have one and under which policies are matters of law and of
//! the issuer, and come as arguments.

use crate::cert::KeyUsage;
use crate::oid::{self, Oid};

/// A kind of certificate that we issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A root authority, signed by itself.
    Root,
    /// An authority below it, and how many authorities may stand below that one.
    IssuingCa {
        /// How many.
        path_len: u32,
    },
    /// An official's own signature.
    Official,
    /// The seal of an agency.
    AgencySeal,
    /// A program that signs or signs in.
    Service,
    /// A TLS server.
    Tls,
    /// A responder for the revocation of its issuer's certificates.
    Ocsp,
    /// A time-stamping unit.
    Tsa,
}

impl Kind {
    /// Issues certificates.
    pub fn is_ca(self) -> bool {
        matches!(self, Kind::Root | Kind::IssuingCa { .. })
    }

    /// What its key may do.
    pub fn key_usage(self) -> KeyUsage {
        match self {
            Kind::Root | Kind::IssuingCa { .. } => KeyUsage::KEY_CERT_SIGN.and(KeyUsage::CRL_SIGN),
            Kind::Official | Kind::AgencySeal => KeyUsage::DIGITAL_SIGNATURE.and(KeyUsage::NON_REPUDIATION),
            Kind::Service | Kind::Tls | Kind::Ocsp | Kind::Tsa => KeyUsage::DIGITAL_SIGNATURE,
        }
    }

    /// For which purposes; none is any.
    pub fn purposes(self) -> &'static [Oid] {
        match self {
            Kind::Root | Kind::IssuingCa { .. } => &[],
            Kind::Official => &[oid::DOCUMENT_SIGNING, oid::EMAIL_PROTECTION, oid::CLIENT_AUTH],
            Kind::AgencySeal => &[oid::DOCUMENT_SIGNING, oid::EMAIL_PROTECTION],
            Kind::Service => &[oid::CLIENT_AUTH],
            Kind::Tls => &[oid::SERVER_AUTH],
            Kind::Ocsp => &[oid::OCSP_SIGNING],
            Kind::Tsa => &[oid::TIME_STAMPING],
        }
    }

    /// The purposes are critical: RFC 3161 wants it of time-stamping units.
    pub fn purposes_are_critical(self) -> bool {
        self == Kind::Tsa
    }

    /// Its own revocation is not asked for: a responder's certificate is short-lived instead.
    pub fn is_not_asked_for(self) -> bool {
        self == Kind::Ocsp
    }
}

/// Addresses an issuer puts into what it issues.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// Where the list is that the certificate would be on.
    pub crl: Option<String>,
    /// Where changes to that list are.
    pub delta_crl: Option<String>,
    /// Where to ask.
    pub ocsp: Option<String>,
    /// Where the issuer's certificate is.
    pub issuer: Option<String>,
}

/// A policy under which a certificate is issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyText {
    /// The policy.
    pub oid: Oid,
    /// Where its practice statement lies.
    pub cps: Option<String>,
}
