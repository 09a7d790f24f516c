//! Issuing: a [`Draft`] says what is to be certified, and becomes a certificate by its issuer's signature.

use crate::cert::{Certificate, KeyUsage, Serial, Validity};
use crate::crl::{extension, write_point_name};
use crate::der::{Tag, Writer};
use crate::key::{PublicKey, PublicKind, RSA_BITS_MIN, SignError, SignatureAlgorithm, Signer};
use crate::name::{GeneralName, Name};
use crate::oid;
use crate::profile::{Addresses, Kind, PolicyText};

/// A certificate about to be issued.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What kind it is.
    pub kind: Kind,
    /// Its number, unique within the issuer.
    pub serial: Serial,
    /// Who issues it.
    pub issuer: Name,
    /// The identifier of the issuer's key; the subject's own for a root.
    pub issuer_key_id: Vec<u8>,
    /// Whom it names.
    pub subject: Name,
    /// The key certified.
    pub key: PublicKey,
    /// From when until when, whole seconds.
    pub validity: Validity,
    /// Other names of the subject.
    pub alt_names: Vec<GeneralName>,
    /// Under which policies.
    pub policies: Vec<PolicyText>,
    /// Addresses of the issuer.
    pub addresses: Addresses,
}

/// Why a draft is not signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DraftFault {
    /// Below one, or more than twenty bytes.
    Serial,
    /// Ends before it begins.
    ValidityEmpty,
    /// Names nobody.
    SubjectEmpty,
    /// A TLS server without a DNS name or address.
    NoHost,
    /// A key of a kind or length that is not certified.
    Key,
    /// A root that another name or key issues.
    RootNotItself,
    /// The issuer would sign with SHA-1.
    Sha1,
}

/// Why there is no certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// Everything that is wrong with the draft.
    #[error("the draft is refused: {0:?}")]
    Refused(Vec<DraftFault>),
    /// The issuer's key did not sign.
    #[error(transparent)]
    Key(#[from] SignError),
}

impl Draft {
    /// Everything that is wrong with it.
    pub fn faults(&self) -> Vec<DraftFault> {
        let names_host = |name: &GeneralName| matches!(name, GeneralName::Dns(_) | GeneralName::Ip(_));
        let serial = self.serial.contents();
        let key_is_fit = match self.key.kind() {
            PublicKind::Rsa { bits, .. } => bits >= RSA_BITS_MIN,
            PublicKind::Ec(_) | PublicKind::Ed25519 => true,
            PublicKind::Other(_) => false,
        };
        let is_itself = self.issuer == self.subject && self.issuer_key_id == self.key.id();
        let checks = [
            (self.serial.is_negative() || serial == [0] || serial.len() > 20, DraftFault::Serial),
            (self.validity.not_after < self.validity.not_before, DraftFault::ValidityEmpty),
            (self.subject.is_empty(), DraftFault::SubjectEmpty),
            (self.kind == Kind::Tls && !self.alt_names.iter().any(names_host), DraftFault::NoHost),
            (!key_is_fit, DraftFault::Key),
            (self.kind == Kind::Root && !is_itself, DraftFault::RootNotItself),
        ];
        checks.into_iter().filter(|(is_wrong, _)| *is_wrong).map(|(_, fault)| fault).collect()
    }

    /// Signs it with the issuer's key.
    pub fn sign(&self, issuer: &dyn Signer) -> Result<Certificate, IssueError> {
        let unsigned = self.to_sign(issuer.algorithm())?;
        let signature = issuer.sign(&unsigned.tbs)?;
        Ok(unsigned.finish(&signature))
    }

    /// The bytes an issuer's key that answers later has to sign.
    pub fn to_sign(&self, algorithm: SignatureAlgorithm) -> Result<Unsigned, IssueError> {
        let mut faults = self.faults();
        if algorithm.is_legacy() {
            faults.push(DraftFault::Sha1);
        }
        if !faults.is_empty() {
            return Err(IssueError::Refused(faults));
        }
        let tbs = Writer::build(|w| {
            w.sequence(|w| {
                w.context(0, |w| {
                    w.number(2);
                });
                w.integer(self.serial.contents());
                algorithm.write(w);
                w.raw(self.issuer.der());
                w.sequence(|w| {
                    w.time(self.validity.not_before).time(self.validity.not_after);
                });
                w.raw(self.subject.der()).raw(self.key.spki());
                w.context(3, |w| {
                    w.sequence(|w| self.write_extensions(w));
                });
            });
        });
        Ok(Unsigned { tbs, algorithm })
    }

    fn write_extensions(&self, w: &mut Writer) {
        extension(w, oid::AUTHORITY_KEY_ID, false, |w| {
            w.sequence(|w| {
                w.element(Tag::primitive(0), &self.issuer_key_id);
            });
        });
        extension(w, oid::SUBJECT_KEY_ID, false, |w| {
            w.octets(&self.key.id());
        });
        self.write_basic(w);
        let mut usage = self.kind.key_usage();
        // An RSA key of a TLS server may be asked to unwrap a session key.
        if self.kind == Kind::Tls && matches!(self.key.kind(), PublicKind::Rsa { .. }) {
            usage = usage.and(KeyUsage::KEY_ENCIPHERMENT);
        }
        extension(w, oid::KEY_USAGE, true, |w| {
            w.named_bits(Tag::BIT_STRING, usage.0);
        });
        let purposes = self.kind.purposes();
        if !purposes.is_empty() {
            extension(w, oid::EXT_KEY_USAGE, self.kind.purposes_are_critical(), |w| {
                w.sequence(|w| {
                    purposes.iter().for_each(|purpose| {
                        w.oid(*purpose);
                    })
                });
            });
        }
        if !self.alt_names.is_empty() {
            extension(w, oid::SUBJECT_ALT_NAME, false, |w| {
                w.sequence(|w| self.alt_names.iter().for_each(|name| name.write(w)));
            });
        }
        self.write_policies(w);
        self.write_addresses(w);
        if self.kind.is_not_asked_for() {
            extension(w, oid::OCSP_NO_CHECK, false, |w| {
                w.null();
            });
        }
    }

    fn write_basic(&self, w: &mut Writer) {
        if !self.kind.is_ca() {
            return;
        }
        extension(w, oid::BASIC_CONSTRAINTS, true, |w| {
            w.sequence(|w| {
                w.boolean(true);
                if let Kind::IssuingCa { path_len } = self.kind {
                    w.number(u64::from(path_len));
                }
            });
        });
    }

    fn write_policies(&self, w: &mut Writer) {
        if self.policies.is_empty() {
            return;
        }
        extension(w, oid::CERTIFICATE_POLICIES, false, |w| {
            w.sequence(|w| self.policies.iter().for_each(|policy| write_policy(w, policy)));
        });
    }

    fn write_addresses(&self, w: &mut Writer) {
        let at = &self.addresses;
        let points = [(oid::CRL_DISTRIBUTION_POINTS, &at.crl), (oid::FRESHEST_CRL, &at.delta_crl)];
        for (oid, uri) in points {
            let Some(uri) = uri else { continue };
            extension(w, oid, false, |w| {
                w.sequence(|w| {
                    w.sequence(|w| write_point_name(w, uri));
                });
            });
        }
        let access = [(oid::ACCESS_OCSP, &at.ocsp), (oid::ACCESS_CA_ISSUERS, &at.issuer)];
        if access.iter().all(|(_, uri)| uri.is_none()) {
            return;
        }
        extension(w, oid::AUTHORITY_INFO_ACCESS, false, |w| {
            w.sequence(|w| {
                for (oid, uri) in access {
                    let Some(uri) = uri else { continue };
                    w.sequence(|w| {
                        w.oid(oid);
                        GeneralName::Uri(uri.clone()).write(w);
                    });
                }
            });
        });
    }
}

fn write_policy(w: &mut Writer, policy: &PolicyText) {
    w.sequence(|w| {
        w.oid(policy.oid);
        if let Some(cps) = &policy.cps {
            w.sequence(|w| {
                w.sequence(|w| {
                    w.oid(oid::POLICY_CPS).text(Tag::IA5_STRING, cps);
                });
            });
        }
    });
}

/// A certificate that waits for its issuer's signature.
#[derive(Clone, Debug)]
pub struct Unsigned {
    /// The bytes to sign.
    pub tbs: Vec<u8>,
    algorithm: SignatureAlgorithm,
}

impl Unsigned {
    /// The finished certificate.
    pub fn finish(self, signature: &[u8]) -> Certificate {
        let der = signed(self.tbs, self.algorithm, signature);
        Certificate::parse(&der).expect("what the draft wrote can be read")
    }
}

/// `SEQUENCE { tbs, algorithm, BIT STRING signature }`: certificates, lists and requests alike.
pub(crate) fn signed(mut tbs: Vec<u8>, algorithm: SignatureAlgorithm, signature: &[u8]) -> Vec<u8> {
    let tail = Writer::build(|w| {
        algorithm.write(w);
        w.bits(signature);
    });
    let head = Writer::build(|w| {
        w.sequence_head(tbs.len() + tail.len());
    });
    // A list of a million entries is moved once, not copied.
    tbs.reserve_exact(head.len() + tail.len());
    tbs.splice(..0, head);
    tbs.extend_from_slice(&tail);
    tbs
}
