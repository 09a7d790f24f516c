//! Signed messages: CMS and CAdES.

use std::cell::RefCell;

use base::Instant;
use pki::cms::archive::Archive;
use pki::cms::{self, Content, Note, SignedData, SignerInfo};
use pki::der::{Malformed, Reader};
use pki::key::Digest;
use pki::oid::Oid;
use pki::path::Effort;
use pki::tsp::Token;
use pki::{Certificate, oid};

use super::format::Read;
use super::found::{self, Bag, Found, FoundStamp, Over};
use super::report::{Coverage, Finding, Format, StampKind};
use super::rules::SIGNATURES_MAX;

/// A content and its hashes, each made once for all signatures over it.
struct Hashes<'a> {
    bytes: &'a [u8],
    effort: &'a Effort,
    known: RefCell<Vec<(Digest, Vec<u8>)>>,
}

impl Hashes<'_> {
    fn of(&self, digest: Digest) -> Vec<u8> {
        let mut known = self.known.borrow_mut();
        if let Some((_, hash)) = known.iter().find(|(of, _)| *of == digest) {
            return hash.clone();
        }
        let has_room = self.effort.take(0, self.bytes.len() as u64);
        let hash = if has_room { digest.of(self.bytes) } else { Vec::new() };
        known.push((digest, hash.clone()));
        hash
    }
}

/// Every signature of a message, over its own content or over the one given.
pub fn read(
    message: &SignedData,
    content: Option<&[u8]>,
    known: &[Certificate],
    effort: &Effort,
) -> Result<Read, Finding> {
    if message.signers.len() > SIGNATURES_MAX {
        return Err(Finding::TooMuch);
    }
    let mut bag = Bag::default();
    bag.add_message(message);
    add_archived(message, &mut bag);
    if message.content_type == oid::TST_INFO {
        let stamp = token(message, content, &mut bag);
        return Ok(Read { format: Format::Cms, signatures: vec![stamp], bag, findings: Vec::new() });
    }
    let covers = match (content, &message.content) {
        (Some(_), _) => Coverage::Outside,
        (None, Some(_)) => Coverage::Whole,
        (None, None) => Coverage::Unknown,
    };
    // What is given and the same as what is inside is compared once, not for each signature.
    let inside = message.content.as_deref();
    let bytes = match (content, inside) {
        (Some(given), Some(inside)) if given == inside => Some(inside),
        (given, inside) => given.or(inside),
    };
    let hashes = Hashes { bytes: bytes.unwrap_or_default(), effort, known: RefCell::default() };
    let hash = |digest: Digest| hashes.of(digest);
    let over = bytes.map_or(Content::Inside, |bytes| Content::Known(bytes, &hash));
    let archive = cms::archive::Archive::of(message).ok();
    let mut signatures = Vec::new();
    for (n, signer) in message.signers.iter().enumerate() {
        // Without signed attributes the signature is over the content itself, which is hashed for it alone.
        let alone = if signer.signed.is_none() { hashes.bytes.len() as u64 } else { 0 };
        if !effort.take(1, alone + signer.signed_bytes() as u64) {
            return Err(Finding::TooMuch);
        }
        let mut found = signature(message, signer, over, known, (&mut bag, effort));
        found.covers = covers.clone();
        found.stamps.extend(archive_stamps(archive.as_ref(), (n, signer), &hash, (&mut bag, effort)));
        signatures.push(found);
    }
    Ok(Read { format: Format::Cms, signatures, bag, findings: Vec::new() })
}

/// One signature over this content. Its time-stamps' certificates go into the bag.
fn signature(
    message: &SignedData,
    signer: &SignerInfo,
    content: Content<'_>,
    known: &[Certificate],
    (bag, effort): (&mut Bag, &Effort),
) -> Found {
    let report = message.check(signer, content, known);
    let mut found = Found::named("");
    found.value = Digest::Sha256.of(&signer.signature);
    found.certificate = report.certificate;
    found.claimed_time = report.claimed_time;
    found.algorithm = signer.algorithm();
    found.digests = signer.digest().into_iter().chain(signer.algorithm().map(|how| how.digest())).collect();
    found.is_baseline = report.level != cms::Level::None;
    found.findings = report.faults.iter().map(found::cms_fault).collect();
    if report.notes.contains(&Note::SigningCertificateSha1) {
        found.digests.push(Digest::Sha1);
    }
    for token in signer.time_stamps().take(found::STAMPS_MAX) {
        if !effort.take(1, token.len() as u64) {
            break;
        }
        let hash = |digest: Digest| digest.of(&signer.signature);
        found.stamps.push(FoundStamp::read(StampKind::Signature, token, bag, hash));
    }
    found
}

/// Time-stamps over everything (`archive-time-stamp-v3`), each with the tokens it protects.
fn archive_stamps(
    archive: Option<&Archive<'_>>,
    (n, signer): (usize, &SignerInfo),
    hash: &dyn Fn(Digest) -> Vec<u8>,
    (bag, effort): (&mut Bag, &Effort),
) -> Vec<FoundStamp> {
    let values: Vec<(Oid, &[u8])> = signer
        .unsigned
        .iter()
        .flat_map(|attribute| attribute.values.iter().map(|value| (attribute.oid, value.as_slice())))
        .collect();
    let is_archive = |(oid, _): &&(Oid, &[u8])| *oid == oid::ARCHIVE_TIME_STAMP_V3;
    let mut stamps = Vec::new();
    for (_, der) in values.iter().filter(is_archive).take(found::STAMPS_MAX) {
        // Its imprint takes in the signature's own fields, and its index names everything that was added.
        let beside: usize = values.iter().map(|(_, value)| value.len()).sum();
        if !effort.take(1, (der.len() + beside + signer.signed_bytes()) as u64) {
            break;
        }
        let Ok(token) = Token::parse(der) else {
            stamps.push(FoundStamp::unreadable(StampKind::Archive, der));
            continue;
        };
        let protect = |digest| archive?.protected(n, &token.message, hash, digest).ok();
        let protected = token.info.digest_id.digest().and_then(protect);
        let mut stamp = FoundStamp::of(StampKind::Archive, &token, bag, |_| {
            protected.as_ref().map(|protected| protected.hash.clone()).unwrap_or_default()
        });
        let places = protected.iter().flat_map(|protected| &protected.unsigned);
        let tokens = places.filter_map(|n| values.get(*n)).map(|(_, value)| Digest::Sha256.of(value));
        stamp.over = Over::Tokens(tokens.collect());
        stamps.push(stamp);
    }
    stamps
}

/// What a signature keeps for its own judgement in Adobe's attribute of before PAdES.
pub fn add_archived(message: &SignedData, bag: &mut Bag) {
    for signer in &message.signers {
        let Some(der) = signer.signed_value(oid::REVOCATION_INFO_ARCHIVAL) else { continue };
        // What cannot be read is no evidence.
        let _ = archived(der, bag);
    }
}

fn archived(der: &[u8], bag: &mut Bag) -> Result<(), Malformed> {
    let mut parts = Reader::whole_sequence(der)?;
    if let Some(mut lists) = parts.context(0)? {
        for list in lists.sequence()?.each(|r| r.any())? {
            bag.add_crl(list.raw);
        }
    }
    if let Some(mut answers) = parts.context(1)? {
        for answer in answers.sequence()?.each(|r| r.any())? {
            bag.add_answer(answer.raw);
        }
    }
    Ok(())
}

/// A mail's signature is over the mail.
pub fn cover_whole(found: &mut Found) {
    found.covers = Coverage::Whole;
}

/// A time-stamp token by itself, over the content given.
fn token(message: &SignedData, content: Option<&[u8]>, bag: &mut Bag) -> Found {
    let mut found = Found::named("");
    found.is_time_stamp = true;
    found.covers = if content.is_some() { Coverage::Outside } else { Coverage::Unknown };
    let Ok(token) = Token::parse(&message.der) else {
        found.findings.push(found::malformed("time-stamp"));
        return found;
    };
    let time: Instant = token.info.time;
    let own = token.info.hash.clone();
    let stamp = FoundStamp::read(StampKind::Document, &message.der, bag, |digest| match content {
        Some(bytes) => digest.of(bytes),
        None => own,
    });
    if content.is_none() {
        found.findings.push(Finding::NoContent { what: String::new() });
    }
    found.value = stamp.value;
    found.claimed_time = Some(time);
    found.certificate = stamp.certificate;
    found.is_baseline = true;
    found.findings.extend(stamp.findings);
    let signer = &message.signers[0];
    found.algorithm = signer.algorithm();
    found.digests = signer.digest().into_iter().collect();
    found
}
