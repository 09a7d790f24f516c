//! Revocation lists: reading them as a stream over their bytes, and ([`Draft`]) making them.
//!
//! A list is never unpacked: its entries stay bytes, are looked through once when the list is read, and
//! are walked again at each question. A million entries are forty megabytes and nothing beside them.

mod make;

pub use make::{Draft, Revoked, Unsigned, shard_of};
pub(crate) use make::{extension, write_point_name};

use crate::cert::{AuthorityKeyId, Extension, Finding, PointName, Reasons, Serial};
use crate::cert::{authority_key_id, general_names};
use crate::der::{self, Malformed, Read, Reader, Tag, Why};
use crate::key::{AlgorithmId, BadSignature, PublicKey, SignatureAlgorithm};
use crate::name::{GeneralName, Name};
use crate::oid;
use base::Instant;
use std::ops::Range;
use std::sync::Arc;

/// The largest list that is read, in bytes.
pub const CRL_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Why a certificate was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names are RFC 5280's
pub enum Reason {
    Unspecified,
    KeyCompromise,
    CaCompromise,
    AffiliationChanged,
    Superseded,
    CessationOfOperation,
    CertificateHold,
    RemoveFromCrl,
    PrivilegeWithdrawn,
    AaCompromise,
}

impl Reason {
    /// All of them.
    pub const ALL: [Reason; 10] = [
        Reason::Unspecified,
        Reason::KeyCompromise,
        Reason::CaCompromise,
        Reason::AffiliationChanged,
        Reason::Superseded,
        Reason::CessationOfOperation,
        Reason::CertificateHold,
        Reason::RemoveFromCrl,
        Reason::PrivilegeWithdrawn,
        Reason::AaCompromise,
    ];

    /// Its number in CRLReason.
    pub fn code(self) -> u8 {
        match self {
            Reason::Unspecified => 0,
            Reason::KeyCompromise => 1,
            Reason::CaCompromise => 2,
            Reason::AffiliationChanged => 3,
            Reason::Superseded => 4,
            Reason::CessationOfOperation => 5,
            Reason::CertificateHold => 6,
            Reason::RemoveFromCrl => 8,
            Reason::PrivilegeWithdrawn => 9,
            Reason::AaCompromise => 10,
        }
    }

    /// The reason of this number.
    pub fn from_code(code: u64) -> Option<Reason> {
        Reason::ALL.into_iter().find(|reason| u64::from(reason.code()) == code)
    }
}

/// What a list is about: the issuing distribution point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// The extension as it stood: two lists have one scope when it is the same.
    pub raw: Vec<u8>,
    /// Where the list is published.
    pub name: Option<PointName>,
    /// Certificates of ends alone.
    pub only_user: bool,
    /// Certificates of authorities alone.
    pub only_ca: bool,
    /// Attribute certificates alone.
    pub only_attribute: bool,
    /// These reasons alone.
    pub reasons: Option<Reasons>,
    /// Certificates of other issuers too.
    pub indirect: bool,
}

/// A revocation list. Cloning shares its bytes.
#[derive(Clone)]
pub struct Crl(Arc<Inner>);

struct Inner {
    der: Arc<[u8]>,
    tbs: Range<usize>,
    algorithm_id: AlgorithmId,
    /// Two algorithms named, or a signature of odd bits: nobody made it.
    spoilt: bool,
    issuer: Name,
    this_update: Instant,
    next_update: Option<Instant>,
    entries: Range<usize>,
    count: usize,
    number: Option<Vec<u8>>,
    delta_base: Option<Vec<u8>>,
    authority_key_id: Option<AuthorityKeyId>,
    scope: Option<Scope>,
    keeps_expired: bool,
    unknown_critical: bool,
    signature: Range<usize>,
}

impl std::fmt::Debug for Crl {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Crl({} of {}, {} entries)", self.issuer(), self.this_update(), self.len())
    }
}

impl Crl {
    /// Reads the DER of a list and looks through every entry once.
    pub fn parse(der: impl Into<Arc<[u8]>>) -> Read<Crl> {
        let der = der.into();
        der::within(&der, CRL_BYTES_MAX)?;
        let mut inner = read(&der)?;
        inner.der = der;
        Ok(Crl(Arc::new(inner)))
    }

    /// Reads a list from DER or PEM.
    pub fn import(bytes: &[u8]) -> Read<Crl> {
        if !crate::pem::is_pem(bytes) {
            return Crl::parse(bytes);
        }
        let blocks = crate::pem::read(bytes).map_err(|_| crate::cert::meaningless("PEM"))?;
        let block = blocks.into_iter().find(|block| block.label == "X509 CRL");
        Crl::parse(block.ok_or(crate::cert::meaningless("no X509 CRL in the PEM"))?.der)
    }

    /// The bytes.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// Who says so.
    pub fn issuer(&self) -> &Name {
        &self.0.issuer
    }

    /// When it was true.
    pub fn this_update(&self) -> Instant {
        self.0.this_update
    }

    /// When the next one will be there at the latest.
    pub fn next_update(&self) -> Option<Instant> {
        self.0.next_update
    }

    /// Its number, as an unsigned big-endian INTEGER's contents.
    pub fn number(&self) -> Option<&[u8]> {
        self.0.number.as_deref()
    }

    /// The number of the complete list it changes, if it is a delta.
    pub fn delta_base(&self) -> Option<&[u8]> {
        self.0.delta_base.as_deref()
    }

    /// The name of the key that signed it.
    pub fn authority_key_id(&self) -> Option<&AuthorityKeyId> {
        self.0.authority_key_id.as_ref()
    }

    /// What it is about; `None` is everything its issuer issued.
    pub fn scope(&self) -> Option<&Scope> {
        self.0.scope.as_ref()
    }

    /// Certificates stay on it after they expire.
    pub fn keeps_expired(&self) -> bool {
        self.0.keeps_expired
    }

    /// A critical extension, of the list or of an entry, that is unknown to us: the list cannot be used.
    pub fn has_unknown_critical(&self) -> bool {
        self.0.unknown_critical
    }

    /// How it was signed, if we verify such.
    pub fn algorithm(&self) -> Option<SignatureAlgorithm> {
        SignatureAlgorithm::of(&self.0.algorithm_id)
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.0.count
    }

    /// Nothing is revoked.
    pub fn is_empty(&self) -> bool {
        self.0.count == 0
    }

    /// Where it lies in memory: as long as it is kept, no other one lies there.
    pub(crate) fn address(&self) -> usize {
        std::sync::Arc::as_ptr(&self.0) as usize
    }

    /// Checks its signature.
    pub fn verify_with(&self, key: &PublicKey) -> Result<(), BadSignature> {
        let algorithm = self.algorithm().ok_or(BadSignature::Unsupported)?;
        if self.0.spoilt {
            return Err(BadSignature::Mismatch);
        }
        key.verify(algorithm, &self.0.der[self.0.tbs.clone()], &self.0.der[self.0.signature.clone()])
    }

    /// The entries in order.
    pub fn entries(&self) -> Entries<'_> {
        Entries { reader: Reader::new(&self.0.der[self.0.entries.clone()]) }
    }

    /// The entry of this serial number among the certificates of `issuer`.
    ///
    /// In an indirect list an entry belongs to the certificate issuer named last before it.
    pub fn find(&self, issuer: &Name, serial: &Serial) -> Option<Entry> {
        let indirect = self.scope().is_some_and(|scope| scope.indirect);
        let mut current = self.issuer().clone();
        for entry in self.entries().raw() {
            let is_it = entry.serial == serial.contents();
            if !indirect && !is_it {
                continue;
            }
            // Every entry was readable when the list was read.
            let Ok(full) = entry.full() else { continue };
            if let Some(named) = &full.certificate_issuer {
                current = named.clone();
            }
            if is_it && current == *issuer {
                return Some(full);
            }
        }
        None
    }
}

/// One revoked certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its serial number.
    pub serial: Serial,
    /// From when on.
    pub revoked_at: Instant,
    /// Why; `None` when not said.
    pub reason: Option<Reason>,
    /// Since when it is known or suspected to have been unfit.
    pub invalid_since: Option<Instant>,
    /// Its issuer, where an indirect list changes from one to the next.
    pub certificate_issuer: Option<Name>,
    /// Has a critical extension that is unknown to us.
    pub unknown_critical: bool,
}

/// Walks the entries of a list.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    reader: Reader<'a>,
}

impl<'a> Entries<'a> {
    fn raw(self) -> impl Iterator<Item = RawEntry<'a>> {
        let mut reader = self.reader;
        std::iter::from_fn(move || if reader.is_empty() { None } else { RawEntry::read(&mut reader).ok() })
    }
}

impl Iterator for Entries<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        if self.reader.is_empty() {
            return None;
        }
        RawEntry::read(&mut self.reader).and_then(|entry| entry.full()).ok()
    }
}

/// An entry of which only the frame has been read.
struct RawEntry<'a> {
    serial: &'a [u8],
    revoked_at: Instant,
    extensions: Option<Reader<'a>>,
}

impl<'a> RawEntry<'a> {
    fn read(reader: &mut Reader<'a>) -> Read<RawEntry<'a>> {
        let mut inner = reader.sequence()?;
        let serial = inner.integer()?;
        let revoked_at = inner.time()?;
        let extensions = if inner.is_empty() { None } else { Some(inner.sequence()?) };
        inner.end()?;
        Ok(RawEntry { serial, revoked_at, extensions })
    }

    fn full(self) -> Read<Entry> {
        let mut entry = Entry {
            serial: Serial::from_contents(self.serial),
            revoked_at: self.revoked_at,
            reason: None,
            invalid_since: None,
            certificate_issuer: None,
            unknown_critical: false,
        };
        let Some(mut extensions) = self.extensions else { return Ok(entry) };
        while !extensions.is_empty() {
            let mut one = extensions.sequence()?;
            let oid = one.oid()?;
            let critical = one.flag()?;
            let mut value = Reader::new(one.octets()?);
            one.end()?;
            match oid {
                oid::CRL_REASON => {
                    let reason = Reason::from_code(value.number()?);
                    entry.reason = Some(reason.ok_or_else(|| value.fail(Why::Value("reason")))?);
                }
                oid::INVALIDITY_DATE => entry.invalid_since = Some(value.time()?),
                oid::CERTIFICATE_ISSUER => {
                    let names = general_names(value.sequence()?)?;
                    entry.certificate_issuer = names.into_iter().find_map(|name| match name {
                        GeneralName::Directory(name) => Some(name),
                        _ => None,
                    });
                }
                _ => entry.unknown_critical |= critical,
            }
        }
        Ok(entry)
    }
}

fn read(der: &[u8]) -> Read<Inner> {
    let mut parts = Reader::whole_sequence(der)?;
    let tbs = parts.expect(Tag::SEQUENCE)?;
    let outside = AlgorithmId::read(&mut parts)?;
    let bits = parts.expect(Tag::BIT_STRING)?;
    let signature = der::bits(&bits)?;
    parts.end()?;
    let end = bits.value_range().end;
    let mut r = tbs.inside()?;
    let version = if r.peek() == Some(Tag::INTEGER) { r.number()? } else { 0 };
    let algorithm_id = AlgorithmId::read(&mut r)?;
    let issuer = Name::read(&mut r)?;
    let this_update = r.time()?;
    let is_time = matches!(r.peek(), Some(Tag::UTC_TIME | Tag::GENERALIZED_TIME));
    let next_update = if is_time { Some(r.time()?) } else { None };
    let entries = match r.optional(Tag::SEQUENCE)? {
        Some(element) => element.value_range(),
        None => 0..0,
    };
    let mut inner = Inner {
        der: Arc::from([]),
        tbs: tbs.range(),
        spoilt: algorithm_id != outside || signature.unused != 0,
        algorithm_id,
        issuer,
        this_update,
        next_update,
        entries,
        count: 0,
        number: None,
        delta_base: None,
        authority_key_id: None,
        scope: None,
        keeps_expired: false,
        unknown_critical: false,
        signature: end - signature.bytes.len()..end,
    };
    if let Some(mut extensions) = r.context(0)? {
        if version != 1 {
            return Err(r.fail(Why::Value("extensions in an old list")));
        }
        read_extensions(&mut inner, &mut extensions)?;
        extensions.end()?;
    }
    r.end()?;
    look_through(&mut inner, der)?;
    Ok(inner)
}

/// Counts the entries, and fails at the first that cannot be read.
fn look_through(inner: &mut Inner, der: &[u8]) -> Read<()> {
    let mut reader = Reader::new(&der[inner.entries.clone()]);
    while !reader.is_empty() {
        let entry = RawEntry::read(&mut reader)
            .and_then(|entry| if entry.extensions.is_some() { entry.full().map(Some) } else { Ok(None) })
            .map_err(|e| Malformed { at: e.at + inner.entries.start, ..e })?;
        inner.unknown_critical |= entry.is_some_and(|entry| entry.unknown_critical);
        inner.count += 1;
    }
    Ok(())
}

fn read_extensions(inner: &mut Inner, reader: &mut Reader<'_>) -> Read<()> {
    let mut findings = Vec::new();
    let list = Extension::list(reader, &mut findings)?;
    if findings.iter().any(|finding| matches!(finding, Finding::ExtensionTwice(_))) {
        return Err(reader.fail(Why::Value("an extension twice")));
    }
    for extension in &list {
        let mut r = Reader::new(&extension.value);
        match extension.oid {
            oid::CRL_NUMBER => inner.number = Some(r.integer()?.to_vec()),
            oid::DELTA_CRL_INDICATOR => inner.delta_base = Some(r.integer()?.to_vec()),
            oid::AUTHORITY_KEY_ID => inner.authority_key_id = Some(authority_key_id(&mut r)?),
            oid::ISSUING_DISTRIBUTION_POINT => inner.scope = Some(scope(&mut r, &extension.value)?),
            oid::EXPIRED_CERTS_ON_CRL => inner.keeps_expired = true,
            _ => inner.unknown_critical |= extension.critical,
        }
    }
    Ok(())
}

fn scope(r: &mut Reader<'_>, raw: &[u8]) -> Read<Scope> {
    let mut inner = r.sequence()?;
    let name = inner.context(0)?.map(|mut r| PointName::read(&mut r)).transpose()?;
    let mut flag = |n| -> Read<bool> {
        inner.optional(Tag::primitive(n))?.map_or(Ok(false), |element| der::boolean(&element))
    };
    let (only_user, only_ca) = (flag(1)?, flag(2)?);
    let reasons = match inner.optional(Tag::primitive(3))? {
        Some(element) => Some(Reasons(der::bits(&element)?.named())),
        None => None,
    };
    let mut flag = |n| -> Read<bool> {
        inner.optional(Tag::primitive(n))?.map_or(Ok(false), |element| der::boolean(&element))
    };
    let (indirect, only_attribute) = (flag(4)?, flag(5)?);
    inner.end()?;
    Ok(Scope { raw: raw.to_vec(), name, only_user, only_ca, only_attribute, reasons, indirect })
}
