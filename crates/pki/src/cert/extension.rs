//! Extensions of certificates.

use super::Finding;
use crate::der::{self, Malformed, Read, Reader, Tag, Why};
use crate::name::{GeneralName, Name, text};
use crate::oid::{self, Oid};
use std::collections::HashSet;

/// How many extensions, names, policies or points one certificate may list.
const LIST_MAX: usize = 1024;

/// One extension as it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Its type.
    pub oid: Oid,
    /// Whoever does not understand it must refuse.
    pub critical: bool,
    /// The DER inside.
    pub value: Vec<u8>,
}

impl Extension {
    /// Reads a SEQUENCE OF extensions.
    pub fn list(reader: &mut Reader<'_>, findings: &mut Vec<Finding>) -> Read<Vec<Extension>> {
        let list = reader.sequence()?.each(|r| {
            let mut inner = r.sequence()?;
            let oid = inner.oid()?;
            let written = inner.peek() == Some(Tag::BOOLEAN);
            let critical = inner.flag()?;
            if written && !critical && !findings.contains(&Finding::DefaultWritten) {
                findings.push(Finding::DefaultWritten);
            }
            let value = inner.octets()?.to_vec();
            inner.end()?;
            Ok(Extension { oid, critical, value })
        })?;
        if list.len() > LIST_MAX {
            return Err(reader.fail(Why::TooBig));
        }
        let mut seen = HashSet::new();
        for extension in &list {
            if !seen.insert(extension.oid) {
                findings.push(Finding::ExtensionTwice(extension.oid));
            }
        }
        Ok(list)
    }
}

/// What a certificate's extensions say; `None` or empty where it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extensions {
    /// All of them, as they stood.
    pub all: Vec<Extension>,
    /// Authority or not, and how many authorities may follow.
    pub basic_constraints: Option<BasicConstraints>,
    /// What the key may do.
    pub key_usage: Option<KeyUsage>,
    /// For which purposes.
    pub ext_key_usage: Option<Vec<Oid>>,
    /// A name for the key.
    pub subject_key_id: Option<Vec<u8>>,
    /// A name for the issuer's key.
    pub authority_key_id: Option<AuthorityKeyId>,
    /// Other names of the subject.
    pub subject_alt_names: Vec<GeneralName>,
    /// Other names of the issuer.
    pub issuer_alt_names: Vec<GeneralName>,
    /// Under which policies it was issued.
    pub policies: Option<Vec<Policy>>,
    /// Policies of the issuer and the ones they count as here.
    pub policy_mappings: Option<Vec<(Oid, Oid)>>,
    /// After how many certificates a policy is required and mapping ends.
    pub policy_constraints: Option<PolicyConstraints>,
    /// After how many certificates anyPolicy ends.
    pub inhibit_any_policy: Option<u32>,
    /// Which names may follow.
    pub name_constraints: Option<NameConstraints>,
    /// Where its revocation is published.
    pub crl_points: Option<Vec<DistributionPoint>>,
    /// Where changes to that are published.
    pub freshest_crl: Option<Vec<DistributionPoint>>,
    /// Where to ask about it and its issuer.
    pub access: Access,
    /// A responder's certificate whose revocation need not be asked for.
    pub ocsp_no_check: bool,
}

/// Basic constraints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BasicConstraints {
    /// May issue.
    pub is_ca: bool,
    /// How many authorities may stand between it and the end.
    pub path_len: Option<u32>,
}

/// Key usage: a set of named bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct KeyUsage(pub u16);

#[allow(missing_docs)] // the names are RFC 5280's
impl KeyUsage {
    pub const DIGITAL_SIGNATURE: KeyUsage = KeyUsage(1);
    pub const NON_REPUDIATION: KeyUsage = KeyUsage(1 << 1);
    pub const KEY_ENCIPHERMENT: KeyUsage = KeyUsage(1 << 2);
    pub const DATA_ENCIPHERMENT: KeyUsage = KeyUsage(1 << 3);
    pub const KEY_AGREEMENT: KeyUsage = KeyUsage(1 << 4);
    pub const KEY_CERT_SIGN: KeyUsage = KeyUsage(1 << 5);
    pub const CRL_SIGN: KeyUsage = KeyUsage(1 << 6);

    /// Both sets together.
    pub const fn and(self, other: KeyUsage) -> KeyUsage {
        KeyUsage(self.0 | other.0)
    }

    /// Allows at least one use of `any`.
    pub const fn allows(self, any: KeyUsage) -> bool {
        self.0 & any.0 != 0
    }
}

/// Authority key identifier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthorityKeyId {
    /// The issuer's subject key identifier.
    pub key_id: Option<Vec<u8>>,
    /// The names of the issuer's issuer.
    pub issuer: Vec<GeneralName>,
    /// The serial number of the issuer's certificate.
    pub serial: Option<Vec<u8>>,
}

/// One certificate policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The policy.
    pub oid: Oid,
    /// Where its practice statement lies.
    pub cps: Vec<String>,
    /// What the issuer wants read.
    pub notices: Vec<String>,
}

/// Policy constraints: counts of certificates after which they begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PolicyConstraints {
    /// An acceptable policy is required.
    pub require_explicit: Option<u32>,
    /// Policies are no longer mapped.
    pub inhibit_mapping: Option<u32>,
}

/// A subtree of names: of what kind, under which top.
pub type Subtree = GeneralName;

/// Name constraints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameConstraints {
    /// Names of these kinds must lie under one of these.
    pub permitted: Vec<Subtree>,
    /// No name may lie under one of these.
    pub excluded: Vec<Subtree>,
}

/// Reasons for revocation that a CRL is about, as bits of ReasonFlags (bit 0 lowest).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reasons(pub u16);

impl Reasons {
    /// Every reason there is: keyCompromise (1) to aACompromise (8).
    pub const ALL: Reasons = Reasons(0x1fe);
    /// None.
    pub const NONE: Reasons = Reasons(0);
}

/// Where a distribution point is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PointName {
    /// Whole names.
    Full(Vec<GeneralName>),
    /// The DER of a part of a name, to be read under the CRL issuer's.
    Relative(Vec<u8>),
}

impl PointName {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Read<PointName> {
        let element = reader.any()?;
        match element.tag {
            tag if tag == Tag::context(0) => Ok(PointName::Full(general_names(element.inside()?)?)),
            tag if tag == Tag::context(1) => Ok(PointName::Relative(element.raw.to_vec())),
            _ => Err(element.wrong("distribution point name")),
        }
    }

    /// The names meant, relative ones under `issuer`.
    pub fn names(&self, issuer: &Name) -> Vec<GeneralName> {
        match self {
            PointName::Full(names) => names.clone(),
            PointName::Relative(der) => Reader::new(der)
                .any()
                .and_then(|element| Name::relative(issuer, &element))
                .map_or(Vec::new(), |name| vec![GeneralName::Directory(name)]),
        }
    }
}

/// A CRL distribution point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DistributionPoint {
    /// Where.
    pub name: Option<PointName>,
    /// For which reasons; `None` is all.
    pub reasons: Option<Reasons>,
    /// Who signs the CRL, if not the certificate's issuer.
    pub crl_issuer: Vec<GeneralName>,
}

impl DistributionPoint {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Read<DistributionPoint> {
        let mut inner = reader.sequence()?;
        let name = inner.context(0)?.map(|mut r| PointName::read(&mut r)).transpose()?;
        let reasons = match inner.optional(Tag::primitive(1))? {
            Some(element) => Some(Reasons(der::bits(&element)?.named())),
            None => None,
        };
        let crl_issuer = inner.context(2)?.map(general_names).transpose()?.unwrap_or_default();
        inner.end()?;
        Ok(DistributionPoint { name, reasons, crl_issuer })
    }

    /// The addresses it names.
    pub fn uris(&self) -> Vec<&str> {
        let Some(PointName::Full(names)) = &self.name else { return Vec::new() };
        names
            .iter()
            .filter_map(|name| if let GeneralName::Uri(uri) = name { Some(uri.as_str()) } else { None })
            .collect()
    }
}

/// Authority information access.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Addresses of responders.
    pub ocsp: Vec<String>,
    /// Addresses of the issuer's certificates.
    pub ca_issuers: Vec<String>,
}

impl Extensions {
    /// Reads the ones we know; the rest stays in `all`, and is a finding when critical.
    pub fn of(list: Vec<Extension>, findings: &mut Vec<Finding>) -> Extensions {
        let mut said = Extensions::default();
        for extension in &list {
            match said.take(extension) {
                Ok(true) => {}
                Ok(false) if extension.critical => findings.push(Finding::CriticalUnknown(extension.oid)),
                Ok(false) => {}
                Err(_) => findings.push(Finding::ExtensionUnreadable(extension.oid)),
            }
        }
        said.all = list;
        said
    }

    /// The extension of this type, as it stood.
    pub fn find(&self, oid: Oid) -> Option<&Extension> {
        self.all.iter().find(|extension| extension.oid == oid)
    }

    /// Reads one extension; `false` when it is of a type we do not know.
    fn take(&mut self, extension: &Extension) -> Read<bool> {
        let mut r = Reader::new(&extension.value);
        match extension.oid {
            oid::BASIC_CONSTRAINTS => self.basic_constraints = Some(basic_constraints(&mut r)?),
            oid::KEY_USAGE => self.key_usage = Some(KeyUsage(r.bits()?.named())),
            oid::EXT_KEY_USAGE => self.ext_key_usage = Some(r.sequence()?.each(Reader::oid)?),
            oid::SUBJECT_KEY_ID => self.subject_key_id = Some(r.octets()?.to_vec()),
            oid::AUTHORITY_KEY_ID => self.authority_key_id = Some(authority_key_id(&mut r)?),
            oid::SUBJECT_ALT_NAME => self.subject_alt_names = general_names(r.sequence()?)?,
            oid::ISSUER_ALT_NAME => self.issuer_alt_names = general_names(r.sequence()?)?,
            oid::CERTIFICATE_POLICIES => self.policies = Some(policies(&mut r)?),
            oid::POLICY_MAPPINGS => self.policy_mappings = Some(mappings(&mut r)?),
            oid::POLICY_CONSTRAINTS => self.policy_constraints = Some(policy_constraints(&mut r)?),
            oid::INHIBIT_ANY_POLICY => self.inhibit_any_policy = Some(count(r.number()?)),
            oid::NAME_CONSTRAINTS => self.name_constraints = Some(name_constraints(&mut r)?),
            oid::CRL_DISTRIBUTION_POINTS => self.crl_points = Some(points(&mut r)?),
            oid::FRESHEST_CRL => self.freshest_crl = Some(points(&mut r)?),
            oid::AUTHORITY_INFO_ACCESS => self.access = access(&mut r)?,
            oid::OCSP_NO_CHECK => {
                r.any()?;
                self.ocsp_no_check = true;
            }
            _ => return Ok(false),
        }
        r.end()?;
        Ok(true)
    }
}

/// What RFC 5280 §4.2 wants of issuers beyond what validators need.
pub(super) fn note_profile(said: &Extensions, version: u8, is_itself: bool, findings: &mut Vec<Finding>) {
    if version < 3 {
        return;
    }
    let is_ca = said.basic_constraints.is_some_and(|basic| basic.is_ca);
    let never = [oid::AUTHORITY_KEY_ID, oid::SUBJECT_KEY_ID, oid::FRESHEST_CRL, oid::AUTHORITY_INFO_ACCESS];
    let always = [oid::NAME_CONSTRAINTS, oid::POLICY_CONSTRAINTS, oid::INHIBIT_ANY_POLICY];
    for extension in &said.all {
        let must = always.contains(&extension.oid) || (is_ca && extension.oid == oid::BASIC_CONSTRAINTS);
        if extension.critical && never.contains(&extension.oid) {
            findings.push(Finding::Critical(extension.oid));
        } else if !extension.critical && must {
            findings.push(Finding::NotCritical(extension.oid));
        }
    }
    let has_key_id = said.authority_key_id.as_ref().is_some_and(|id| id.key_id.is_some());
    if !has_key_id && !is_itself {
        findings.push(Finding::Missing(oid::AUTHORITY_KEY_ID));
    }
    if is_ca && said.subject_key_id.is_none() {
        findings.push(Finding::Missing(oid::SUBJECT_KEY_ID));
    }
    let empty = [
        (oid::EXT_KEY_USAGE, said.ext_key_usage.as_ref().is_some_and(Vec::is_empty)),
        (oid::KEY_USAGE, said.key_usage == Some(KeyUsage(0))),
        (
            oid::SUBJECT_ALT_NAME,
            said.find(oid::SUBJECT_ALT_NAME).is_some() && said.subject_alt_names.is_empty(),
        ),
        (oid::CRL_DISTRIBUTION_POINTS, said.crl_points.as_ref().is_some_and(Vec::is_empty)),
    ];
    findings.extend(empty.into_iter().filter(|(_, is_empty)| *is_empty).map(|(oid, _)| Finding::Empty(oid)));
    let signs_certificates = said.key_usage.map_or(is_ca, |usage| usage.allows(KeyUsage::KEY_CERT_SIGN));
    let counts_path = said.basic_constraints.is_some_and(|basic| basic.path_len.is_some());
    if signs_certificates != is_ca || (counts_path && !is_ca) {
        findings.push(Finding::AuthorityUnclear);
    }
}

/// Counts beyond any path are as good as the largest.
fn count(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn basic_constraints(r: &mut Reader<'_>) -> Read<BasicConstraints> {
    let mut inner = r.sequence()?;
    let is_ca = inner.flag()?;
    let path_len = if inner.is_empty() { None } else { Some(count(inner.number()?)) };
    inner.end()?;
    Ok(BasicConstraints { is_ca, path_len })
}

pub(crate) fn general_names(reader: Reader<'_>) -> Read<Vec<GeneralName>> {
    let names = reader.each(GeneralName::read)?;
    if names.len() > LIST_MAX { Err(Malformed { why: Why::TooBig, at: 0 }) } else { Ok(names) }
}

pub(crate) fn authority_key_id(r: &mut Reader<'_>) -> Read<AuthorityKeyId> {
    let mut inner = r.sequence()?;
    let key_id = inner.optional(Tag::primitive(0))?.map(|element| element.value.to_vec());
    let issuer = inner.context(1)?.map(general_names).transpose()?.unwrap_or_default();
    let serial = inner.optional(Tag::primitive(2))?.map(|element| element.value.to_vec());
    inner.end()?;
    Ok(AuthorityKeyId { key_id, issuer, serial })
}

fn policies(r: &mut Reader<'_>) -> Read<Vec<Policy>> {
    let list = r.sequence()?.each(|r| {
        let mut inner = r.sequence()?;
        let mut policy = Policy { oid: inner.oid()?, cps: Vec::new(), notices: Vec::new() };
        if !inner.is_empty() {
            let mut qualifiers = inner.sequence()?;
            while !qualifiers.is_empty() {
                qualifier(&mut qualifiers, &mut policy)?;
            }
        }
        inner.end()?;
        Ok(policy)
    })?;
    let mut seen = HashSet::new();
    let twice = list.iter().any(|policy| !seen.insert(policy.oid));
    if list.len() > LIST_MAX || list.is_empty() || twice {
        return Err(r.fail(Why::Value("certificate policies")));
    }
    Ok(list)
}

fn qualifier(r: &mut Reader<'_>, policy: &mut Policy) -> Read<()> {
    let mut inner = r.sequence()?;
    let kind = inner.oid()?;
    let value = inner.any()?;
    inner.end()?;
    if kind == oid::POLICY_CPS {
        policy.cps.extend(text(&value));
    } else if kind == oid::POLICY_USER_NOTICE {
        let mut notice = value.inside()?;
        notice.optional(Tag::SEQUENCE)?;
        if !notice.is_empty() {
            policy.notices.extend(text(&notice.any()?));
        }
    }
    Ok(())
}

fn mappings(r: &mut Reader<'_>) -> Read<Vec<(Oid, Oid)>> {
    let list = r.sequence()?.each(|r| {
        let mut inner = r.sequence()?;
        let pair = (inner.oid()?, inner.oid()?);
        inner.end()?;
        Ok(pair)
    })?;
    if list.len() > LIST_MAX { Err(r.fail(Why::TooBig)) } else { Ok(list) }
}

fn policy_constraints(r: &mut Reader<'_>) -> Read<PolicyConstraints> {
    let mut inner = r.sequence()?;
    let mut one = |n| -> Read<Option<u32>> {
        Ok(match inner.optional(Tag::primitive(n))? {
            Some(element) => Some(count(der::number(&element)?)),
            None => None,
        })
    };
    let said = PolicyConstraints { require_explicit: one(0)?, inhibit_mapping: one(1)? };
    inner.end()?;
    Ok(said)
}

fn name_constraints(r: &mut Reader<'_>) -> Read<NameConstraints> {
    let mut inner = r.sequence()?;
    let permitted = inner.context(0)?.map(subtrees).transpose()?.unwrap_or_default();
    let excluded = inner.context(1)?.map(subtrees).transpose()?.unwrap_or_default();
    inner.end()?;
    Ok(NameConstraints { permitted, excluded })
}

fn subtrees(reader: Reader<'_>) -> Read<Vec<Subtree>> {
    let list = reader.each(|r| {
        let mut inner = r.sequence()?;
        let base = GeneralName::read(&mut inner)?;
        // minimum 0 and no maximum is all RFC 5280 allows
        inner.end()?;
        Ok(base)
    })?;
    if list.len() > LIST_MAX { Err(Malformed { why: Why::TooBig, at: 0 }) } else { Ok(list) }
}

fn points(r: &mut Reader<'_>) -> Read<Vec<DistributionPoint>> {
    let list = r.sequence()?.each(DistributionPoint::read)?;
    if list.len() > LIST_MAX { Err(r.fail(Why::TooBig)) } else { Ok(list) }
}

fn access(r: &mut Reader<'_>) -> Read<Access> {
    let mut said = Access::default();
    let list = r.sequence()?.each(|r| {
        let mut inner = r.sequence()?;
        let pair = (inner.oid()?, GeneralName::read(&mut inner)?);
        inner.end()?;
        Ok(pair)
    })?;
    for (method, place) in list {
        let GeneralName::Uri(uri) = place else { continue };
        if method == oid::ACCESS_OCSP {
            said.ocsp.push(uri);
        } else if method == oid::ACCESS_CA_ISSUERS {
            said.ca_issuers.push(uri);
        }
    }
    Ok(said)
}
