//! Reading the qualifying properties of a signature that was judged.

use super::SIGNED_PROPERTIES;
use super::write::{DataFormat, to_be_stamped};
use crate::algorithm;
use crate::c14n::{Method, Rules};
use crate::doc::{self, DSIG, Doc, Node, XADES};
use crate::dsig::read::{base64_of, with_prefixes};
use crate::dsig::{Covers, Report, State};
use crate::finding::{Finding, Legacy, Xades};
use base::Instant;
use pki::key::Digest;

/// How qualifying properties name the signer's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateName {
    /// The digest, where known.
    pub digest: Option<Digest>,
    /// Its value over the certificate's DER.
    pub value: Vec<u8>,
    /// Whether it stands in `SigningCertificate`, the form before EN 319 132, rather than in
    /// `SigningCertificateV2`.
    pub first_version: bool,
}

/// A time-stamp over the signature value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// The RFC 3161 token in DER, as it stands. It is not judged here.
    pub token: Vec<u8>,
    /// The octets whose digest must be in it.
    pub stamped: Vec<u8>,
}

/// What a signature says of itself.
#[derive(Debug, Clone)]
pub struct Qualified {
    /// When it was made, by the signer's clock.
    pub signing_time: Option<Instant>,
    /// The certificates it names as the signer's.
    pub certificates: Vec<CertificateName>,
    /// The kinds of data signed.
    pub formats: Vec<DataFormat>,
    /// Roles the signer claims.
    pub claimed_roles: Vec<String>,
    /// The time-stamps over its value.
    pub stamps: Vec<Stamp>,
    /// What was found amiss.
    pub findings: Vec<Finding>,
}

/// More time-stamps than this no signature carries.
const STAMPS_MAX: usize = 16;

/// Reads the qualifying properties of `signature`, on which `report` was made with the same document. `None`
/// when it has none: then it is a plain XML signature.
pub fn read<'d, 's>(doc: &'d Doc<'s>, signature: Node<'d, 's>, report: &Report) -> Option<Qualified> {
    let mut sets = doc::children(signature, DSIG, "Object")
        .flat_map(|object| doc::children(object, XADES, "QualifyingProperties"));
    let set = sets.next()?;
    let mut findings = vec![];
    let mut amiss = |what| findings.push(Finding::Xades(what));
    if sets.next().is_some() {
        amiss(Xades::Several);
    }
    let target = set.attribute("Target").and_then(|target| target.strip_prefix('#'));
    if target.is_none() || target != report.id.as_deref() {
        amiss(Xades::Target);
    }
    let signed = doc::child(set, XADES, "SignedProperties");
    if !signed.is_some_and(|signed| is_signed(signed, report)) {
        amiss(Xades::NotSigned);
    }
    let properties = signed.and_then(|signed| doc::child(signed, XADES, "SignedSignatureProperties"));
    let inside = |name| properties.and_then(|properties| doc::child(properties, XADES, name));
    let signing_time = inside("SigningTime");
    let signing_time = signing_time.and_then(|node| Instant::parse_rfc3339(doc::text_of(node).trim()).ok());
    if signing_time.is_none() {
        amiss(Xades::SigningTime);
    }
    let certificates = [(inside("SigningCertificateV2"), false), (inside("SigningCertificate"), true)];
    let certificates: Vec<_> = certificates
        .into_iter()
        .flat_map(|(list, first_version)| names(list, first_version).into_iter())
        .collect();
    let roles = [inside("SignerRoleV2"), inside("SignerRole")].into_iter().flatten();
    let roles = roles.filter_map(|role| doc::child(role, XADES, "ClaimedRoles"));
    let claimed_roles =
        roles.flat_map(|list| doc::children(list, XADES, "ClaimedRole")).map(doc::text_of).collect();
    let mut qualified = Qualified {
        signing_time,
        certificates,
        formats: formats(signed),
        claimed_roles,
        stamps: vec![],
        findings,
    };
    qualified.compare(report);
    qualified.read_stamps(doc, signature, set);
    Some(qualified)
}

/// Whether a reference of the right type, whose digest fits, covers exactly the signed properties.
fn is_signed(signed: Node<'_, '_>, report: &Report) -> bool {
    report.references.iter().any(|reference| {
        let covered = matches!(
            &reference.covers,
            Some(Covers::Element { range, without_signature: false, .. }) if *range == signed.range()
        );
        covered && reference.state == State::Fits && reference.kind.as_deref() == Some(SIGNED_PROPERTIES)
    })
}

fn names(list: Option<Node<'_, '_>>, first_version: bool) -> Vec<CertificateName> {
    let certificates = list.into_iter().flat_map(|list| doc::children(list, XADES, "Cert"));
    let named = certificates.filter_map(|certificate| {
        let digest = doc::child(certificate, XADES, "CertDigest")?;
        let method = doc::child(digest, DSIG, "DigestMethod")?.attribute("Algorithm")?;
        let value = base64_of(doc::child(digest, DSIG, "DigestValue")?)?;
        Some(CertificateName { digest: algorithm::digest(method), value, first_version })
    });
    named.take(STAMPS_MAX).collect()
}

fn formats(signed: Option<Node<'_, '_>>) -> Vec<DataFormat> {
    let list = signed.and_then(|signed| doc::child(signed, XADES, "SignedDataObjectProperties"));
    let each = list.into_iter().flat_map(|list| doc::children(list, XADES, "DataObjectFormat"));
    let read = |node: Node<'_, '_>| DataFormat {
        reference: node.attribute("ObjectReference").unwrap_or_default().trim_start_matches('#').into(),
        description: text_in(node, "Description"),
        mime_type: text_in(node, "MimeType"),
    };
    each.map(read).collect()
}

fn text_in(node: Node<'_, '_>, name: &str) -> Option<String> {
    doc::child(node, XADES, name).map(doc::text_of)
}

impl Qualified {
    /// Whether the signature carries what level T asks for beyond B. The tokens themselves are the caller's
    /// to judge.
    pub fn is_stamped(&self) -> bool {
        !self.stamps.is_empty()
    }

    /// What the properties name, against what the signature is.
    fn compare(&mut self, report: &Report) {
        if self.certificates.iter().any(|name| name.digest == Some(Digest::Sha1)) {
            self.findings.push(Finding::Legacy(Legacy::Sha1Certificate));
        }
        let fits = |der: &[u8]| {
            self.certificates
                .iter()
                .any(|name| name.digest.is_some_and(|digest| digest.of(der) == name.value))
        };
        let amiss = match (self.certificates.is_empty(), report.signer()) {
            (true, _) => Some(Xades::NoCertificate),
            (false, None) => Some(Xades::CertificateNotCompared),
            (false, Some(der)) => (!fits(der)).then_some(Xades::OtherCertificate),
        };
        let known = |format: &DataFormat| {
            report.references.iter().any(|reference| reference.id.as_ref() == Some(&format.reference))
        };
        let stray = !self.formats.iter().all(known);
        self.findings.extend(amiss.into_iter().chain(stray.then_some(Xades::DataObject)).map(Finding::Xades));
    }

    fn read_stamps<'d, 's>(&mut self, doc: &'d Doc<'s>, signature: Node<'d, 's>, set: Node<'d, 's>) {
        let unsigned = doc::child(set, XADES, "UnsignedProperties");
        let list = unsigned.and_then(|node| doc::child(node, XADES, "UnsignedSignatureProperties"));
        let stamps = list.into_iter().flat_map(|list| doc::children(list, XADES, "SignatureTimeStamp"));
        for node in stamps.take(STAMPS_MAX) {
            let method = match doc::child(node, DSIG, "CanonicalizationMethod") {
                None => Some(Method::new(Rules::Inclusive10)),
                Some(method) => {
                    let known = Method::find(method.attribute("Algorithm").unwrap_or_default());
                    known.and_then(|known| with_prefixes(known, method))
                }
            };
            let token = doc::child(node, XADES, "EncapsulatedTimeStamp").and_then(base64_of);
            let stamped = method.and_then(|method| to_be_stamped(doc, signature, &method));
            match (token, stamped) {
                (Some(token), Some(stamped)) => self.stamps.push(Stamp { token, stamped }),
                _ => self.findings.push(Finding::Xades(Xades::TimeStamp)),
            }
        }
    }
}
