//! Signed messages: CMS and CAdES.

use std::cell::RefCell;

use base::Instant;
use pki::cms::{self, Content, Note, SignedData, SignerInfo};
use pki::der::{Malformed, Reader};
use pki::key::Digest;
use pki::tsp::Token;
use pki::{Certificate, oid};

use super::format::Read;
use super::found::{self, Bag, Found, FoundStamp};
use super::report::{Coverage, Finding, Format, StampKind};
use super::rules::SIGNATURES_MAX;

/// Archive time-stamps that are judged in one message: each is over all of its certificates and lists.
const ARCHIVE_STAMPS_MAX: usize = 64;

/// Every signature of a message, over its own content or over the one given.
pub fn read(message: &SignedData, content: Option<&[u8]>, known: &[Certificate]) -> Read {
    let mut bag = Bag::default();
    bag.add_message(message);
    add_archived(message, &mut bag);
    if message.content_type == oid::TST_INFO {
        let stamp = token(message, content, &mut bag);
        return Read { format: Format::Cms, signatures: vec![stamp], bag, findings: Vec::new() };
    }
    let over = content.map_or(Content::Inside, Content::Bytes);
    let bytes = content.or(message.content.as_deref()).unwrap_or_default();
    let hashes = RefCell::new(Vec::<(Digest, Vec<u8>)>::new());
    // The content is hashed once for all archive time-stamps, however many a message has.
    let hash = |digest: Digest| {
        let mut hashes = hashes.borrow_mut();
        if let Some((_, hash)) = hashes.iter().find(|(of, _)| *of == digest) {
            return hash.clone();
        }
        let hash = digest.of(bytes);
        hashes.push((digest, hash.clone()));
        hash
    };
    let mut stamps_left = ARCHIVE_STAMPS_MAX;
    // One more than is judged, so that too many are seen to be too many: each costs a hash of the content.
    let signatures = message.signers.iter().take(SIGNATURES_MAX + 1).enumerate().map(|(n, signer)| {
        let mut found = signature(message, signer, over, known, &mut bag);
        found.covers = match (content, &message.content) {
            (Some(_), _) => Coverage::Outside,
            (None, Some(_)) => Coverage::Whole,
            (None, None) => Coverage::Unknown,
        };
        let stamps = archive_stamps(message, n, &hash, &mut bag, stamps_left);
        stamps_left -= stamps.len();
        found.stamps.extend(stamps);
        found
    });
    let signatures = signatures.collect();
    Read { format: Format::Cms, signatures, bag, findings: Vec::new() }
}

/// One signature over this content. Its time-stamps' certificates go into the bag.
pub fn signature(
    message: &SignedData,
    signer: &SignerInfo,
    content: Content<'_>,
    known: &[Certificate],
    bag: &mut Bag,
) -> Found {
    let report = message.check(signer, content, known);
    let mut found = Found::named("");
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
        let hash = |digest: Digest| digest.of(&signer.signature);
        found.stamps.push(FoundStamp::read(StampKind::Signature, token, bag, hash));
    }
    found
}

/// Time-stamps over everything (`archive-time-stamp-v3`).
fn archive_stamps(
    message: &SignedData,
    signer: usize,
    hash: &dyn Fn(Digest) -> Vec<u8>,
    bag: &mut Bag,
    at_most: usize,
) -> Vec<FoundStamp> {
    let tokens: Vec<Vec<u8>> = message.signers[signer]
        .unsigned_values(oid::ARCHIVE_TIME_STAMP_V3)
        .take(found::STAMPS_MAX.min(at_most))
        .map(<[u8]>::to_vec)
        .collect();
    let mut stamps = Vec::new();
    for token in tokens {
        let imprint =
            |digest: Digest| cms::archive::imprint(message, signer, &token, hash, digest).unwrap_or_default();
        stamps.push(FoundStamp::read(StampKind::Archive, &token, bag, imprint));
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
    found.claimed_time = Some(time);
    found.certificate = stamp.certificate;
    found.is_baseline = true;
    found.findings.extend(stamp.findings);
    let signer = &message.signers[0];
    found.algorithm = signer.algorithm();
    found.digests = signer.digest().into_iter().collect();
    found
}
