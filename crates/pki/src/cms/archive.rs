//! Keeping a signature for long: what is needed to judge it later is put beside it (CAdES-B-LT), and a
//! time-stamp over everything is put on it (CAdES-B-LTA, `archive-time-stamp-v3` of ETSI EN 319 122-1 §5.5).
//! Nothing that is signed changes.

use super::SignedData;
use super::make::{add_unsigned, content_info};
use crate::cert::Certificate;
use crate::crl::Crl;
use crate::der::{Element, Malformed, Read, Reader, Tag, Why, Writer};
use crate::key::{AlgorithmId, Digest};
use crate::ocsp;
use crate::oid;
use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};
use std::rc::Rc;

/// The parts of a SignedData as they stand.
struct Parts<'a> {
    head: Vec<Element<'a>>,
    content_type: Element<'a>,
    certificates: Vec<Element<'a>>,
    revocation: Vec<Element<'a>>,
    signers: Vec<Element<'a>>,
}

impl<'a> Parts<'a> {
    fn of(der: &'a [u8]) -> Read<Parts<'a>> {
        let mut info = Reader::whole_sequence(der)?;
        info.oid()?;
        let mut explicit = info.context(0)?.ok_or_else(|| info.fail(Why::Truncated))?;
        let mut signed = explicit.sequence()?;
        let head = vec![signed.any()?, signed.any()?, signed.any()?];
        let content_type = head[2].inside()?.any()?;
        let members = |element: Option<Element<'a>>| match element {
            Some(element) => element.inside()?.each(|r| r.any()),
            None => Ok(Vec::new()),
        };
        let certificates = members(signed.optional(Tag::context(0))?)?;
        let revocation = members(signed.optional(Tag::context(1))?)?;
        let signers = members(Some(signed.any()?))?;
        Ok(Parts { head, content_type, certificates, revocation, signers })
    }
}

/// The same message with certificates, lists and answers beside what it has: what is there already is not
/// put in again.
pub fn add_evidence(
    message: &SignedData,
    certificates: &[Certificate],
    crls: &[Crl],
    answers: &[ocsp::Response],
) -> Read<Vec<u8>> {
    let parts = Parts::of(&message.der)?;
    let raw = |elements: &[Element<'_>]| elements.iter().map(|e| e.raw.to_vec()).collect::<Vec<_>>();
    let (mut certs, mut revocation) = (raw(&parts.certificates), raw(&parts.revocation));
    certs.extend(certificates.iter().map(|certificate| certificate.der().to_vec()));
    revocation.extend(crls.iter().map(|crl| crl.der().to_vec()));
    revocation.extend(answers.iter().map(other_revocation));
    for set in [&mut certs, &mut revocation] {
        set.sort();
        set.dedup();
    }
    Ok(content_info(|w| {
        // RFC 5652 §5.1: other revocation information makes it version 5.
        w.number(if answers.is_empty() { version(&parts) } else { 5 });
        w.raw(parts.head[1].raw).raw(parts.head[2].raw);
        w.set_of(Tag::context(0), certs);
        if !revocation.is_empty() {
            w.set_of(Tag::context(1), revocation);
        }
        w.set_of(Tag::SET, raw(&parts.signers));
    }))
}

fn version(parts: &Parts<'_>) -> u64 {
    crate::der::number(&parts.head[0]).unwrap_or(1)
}

/// An OCSP response among the revocation information (RFC 5940).
fn other_revocation(answer: &ocsp::Response) -> Vec<u8> {
    Writer::build(|w| {
        w.context(1, |w| {
            w.oid(oid::RI_OCSP_RESPONSE).raw(&answer.der);
        });
    })
}

/// What an archive time-stamp is to be over: the hash that goes into it, and the index that says what of
/// the message it protects.
#[derive(Clone, Debug)]
pub struct ToStamp {
    /// The hash.
    pub hash: Vec<u8>,
    index: Vec<u8>,
}

/// Prepares an archive time-stamp over the `signer`th signature; `content` makes the hash of the content.
pub fn to_be_stamped(
    message: &SignedData,
    signer: usize,
    content: &dyn Fn(Digest) -> Vec<u8>,
    digest: Digest,
) -> Read<ToStamp> {
    let parts = Parts::of(&message.der)?;
    let unsigned = unsigned_values(&parts, signer)?;
    let list = |w: &mut Writer, members: &[Vec<u8>]| {
        w.sequence(|w| {
            for member in members {
                w.octets(&digest.of(member));
            }
        });
    };
    let raw = |elements: &[Element<'_>]| elements.iter().map(|e| e.raw.to_vec()).collect::<Vec<_>>();
    let index = Writer::build(|w| {
        w.sequence(|w| {
            digest.write(w);
            list(w, &raw(&parts.certificates));
            list(w, &raw(&parts.revocation));
            list(w, &unsigned);
        });
    });
    let hash = hash_of(&parts, signer, content, digest, &index)?;
    Ok(ToStamp { hash, index })
}

/// Puts the token over `to_stamp` on the signature.
pub fn add(message: &SignedData, signer: usize, to_stamp: &ToStamp, token: &[u8]) -> Read<Vec<u8>> {
    let token = SignedData::parse(token)?;
    let indexed = add_unsigned(&token, 0, oid::ATS_HASH_INDEX_V3, &to_stamp.index)?;
    add_unsigned(message, signer, oid::ARCHIVE_TIME_STAMP_V3, &indexed)
}

/// What an archive time-stamp was found to be over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protected {
    /// The hash that it must hold.
    pub hash: Vec<u8>,
    /// Which values of unsigned attributes its index names, counted over all of them in their order. Of the
    /// others it proves nothing.
    pub unsigned: BTreeSet<usize>,
}

/// A message whose archive time-stamps are judged: it is taken apart once, and hashed once for each digest.
pub struct Archive<'m> {
    parts: Parts<'m>,
    certificates: Hashed,
    revocation: Hashed,
    /// Of the signature looked at last.
    unsigned: RefCell<Option<(usize, Vec<(Digest, Vec<Vec<u8>>)>)>>,
}

type Hashed = RefCell<Vec<(Digest, Rc<HashSet<Vec<u8>>>)>>;

fn hashed(memory: &Hashed, elements: &[Element<'_>], how: Digest) -> Rc<HashSet<Vec<u8>>> {
    let mut memory = memory.borrow_mut();
    if let Some((_, known)) = memory.iter().find(|(known, _)| *known == how) {
        return Rc::clone(known);
    }
    let made: Rc<HashSet<Vec<u8>>> = Rc::new(elements.iter().map(|e| how.of(e.raw)).collect());
    memory.push((how, Rc::clone(&made)));
    made
}

impl<'m> Archive<'m> {
    /// Takes a message apart.
    pub fn of(message: &'m SignedData) -> Read<Archive<'m>> {
        Ok(Archive {
            parts: Parts::of(&message.der)?,
            certificates: Hashed::default(),
            revocation: Hashed::default(),
            unsigned: RefCell::default(),
        })
    }

    /// What the archive time-stamp `token` of the `signer`th signature must be over, with its own digest.
    /// An index that names what is not in the message is refused; what is in the message and not in the
    /// index is not protected.
    pub fn protected(
        &self,
        signer: usize,
        token: &SignedData,
        content: &dyn Fn(Digest) -> Vec<u8>,
        digest: Digest,
    ) -> Read<Protected> {
        let no_index = || Malformed { why: Why::Value("no index of what is stamped"), at: 0 };
        let stamper = token.signers.first().ok_or_else(no_index)?;
        let mut indexes = stamper.unsigned_values(oid::ATS_HASH_INDEX_V3);
        let index = indexes.next().ok_or_else(no_index)?;
        if indexes.next().is_some() {
            return Err(no_index());
        }
        let mut r = Reader::whole_sequence(index)?;
        let how = AlgorithmId::read(&mut r)?.digest().ok_or_else(no_index)?;
        let absent = || Malformed { why: Why::Value("the index names what is not there"), at: 0 };
        for held in [
            hashed(&self.certificates, &self.parts.certificates, how),
            hashed(&self.revocation, &self.parts.revocation, how),
        ] {
            let named = r.sequence()?.each(|r| Ok(r.octets()?.to_vec()))?;
            if !named.iter().all(|hash| held.contains(hash)) {
                return Err(absent());
            }
        }
        let named: HashSet<Vec<u8>> = r.sequence()?.each(|r| Ok(r.octets()?.to_vec()))?.into_iter().collect();
        let held = self.unsigned(signer, how)?;
        let places = held.iter().enumerate().filter(|(_, hash)| named.contains(*hash));
        let unsigned: BTreeSet<usize> = places.map(|(n, _)| n).collect();
        let found: HashSet<&Vec<u8>> = unsigned.iter().map(|n| &held[*n]).collect();
        if found.len() != named.len() {
            return Err(absent());
        }
        let hash = hash_of(&self.parts, signer, content, digest, index)?;
        Ok(Protected { hash, unsigned })
    }

    fn unsigned(&self, signer: usize, how: Digest) -> Read<Vec<Vec<u8>>> {
        let mut memory = self.unsigned.borrow_mut();
        let (_, known) = match &mut *memory {
            Some(of) if of.0 == signer => of,
            other => other.insert((signer, Vec::new())),
        };
        if let Some((_, hashes)) = known.iter().find(|(known, _)| *known == how) {
            return Ok(hashes.clone());
        }
        let values = unsigned_values(&self.parts, signer)?;
        let hashes: Vec<Vec<u8>> = values.iter().map(|value| how.of(value)).collect();
        known.push((how, hashes.clone()));
        Ok(hashes)
    }
}

/// §5.5.3: the kind of content, its hash, the signature's fields up to its value, and the index.
fn hash_of(
    parts: &Parts<'_>,
    signer: usize,
    content: &dyn Fn(Digest) -> Vec<u8>,
    digest: Digest,
    index: &[u8],
) -> Read<Vec<u8>> {
    let mut hasher = digest.begin();
    hasher.add(parts.content_type.raw);
    hasher.add(&content(digest));
    for field in fields(parts, signer)?.iter().filter(|field| field.tag != Tag::context(1)) {
        hasher.add(field.raw);
    }
    hasher.add(index);
    Ok(hasher.finish())
}

fn fields<'a>(parts: &Parts<'a>, signer: usize) -> Read<Vec<Element<'a>>> {
    let one = parts.signers.get(signer).ok_or(Malformed { why: Why::Value("no such signature"), at: 0 })?;
    one.inside()?.each(|r| r.any())
}

/// Type and value of every unsigned attribute, one after the other.
fn unsigned_values(parts: &Parts<'_>, signer: usize) -> Read<Vec<Vec<u8>>> {
    let mut values = Vec::new();
    let fields = fields(parts, signer)?;
    let Some(set) = fields.iter().find(|field| field.tag == Tag::context(1)) else { return Ok(values) };
    for one in set.inside()?.each(|r| r.any())? {
        let mut inner = one.inside()?;
        let kind = inner.any()?;
        for value in inner.set()?.each(|r| r.any())? {
            values.push([kind.raw, value.raw].concat());
        }
    }
    Ok(values)
}
