//! PDF files: their signatures, what each covers, and what was added after it.

use std::fmt::Write as _;

use pdfsig::{Change, Covers, File, Hashes, Later, SubFilter};
use pki::Certificate;
use pki::cms::{self, Note};
use pki::key::Digest;
use pki::path::Effort;

use super::format::{Read, Unread, broken};
use super::found::{self, Bag, Found, FoundStamp, Over};
use super::report::{Coverage, Finding, Format, StampKind};
use super::rules::{HASHED_BYTES_MAX, SIGNATURES_MAX};

/// How many changes are named.
const NAMED_MAX: usize = 5;

/// Every signature of a file.
pub fn read(bytes: &[u8], known: &[Certificate], effort: &Effort) -> Result<Read, Unread> {
    let unread = |why: pdfsig::Unreadable| (Some(Format::Pdf), broken(&format!("{why:?}")));
    let file = File::open(&bytes).map_err(unread)?;
    let signatures = pdfsig::signatures(&file).map_err(unread)?;
    if signatures.len() > SIGNATURES_MAX {
        return Err((Some(Format::Pdf), Finding::TooMuch));
    }
    let changes = pdfsig::changes(&file, &signatures).map_err(unread)?;
    let mut bag = Bag::default();
    let evidence = pdfsig::store(&file).map_err(unread)?.evidence;
    bag.bring(&evidence.certificates, &evidence.crls, &evidence.answers);
    let others: Vec<Certificate> = bag.certificates.iter().chain(known).cloned().collect();
    let hashes = Hashes::new(&file, &signatures).within(HASHED_BYTES_MAX);
    let tail = tail(bytes);
    let mut found: Vec<Found> = Vec::new();
    for signature in &signatures {
        let before = hashes.spent();
        let mut one = read_one(signature, &others, &hashes, (&mut bag, effort));
        if !effort.take(0, hashes.spent() - before) {
            return Err((Some(Format::Pdf), Finding::TooMuch));
        }
        one.findings.extend(later(&changes.after(signature)));
        one.findings.extend(tail.map(|at| Finding::ChangedAfterwards { what: format!("offset {at}") }));
        found.push(one);
    }
    // A later time-stamp over the document is one over every signature before it.
    let end = |n: usize| signatures[n].ranges.as_ref().map_or(0, |ranges| ranges[1].end);
    let over: Vec<(u64, FoundStamp)> = (0..found.len())
        .filter(|n| found[*n].is_time_stamp)
        .map(|n| (end(n), as_stamp(&found[n], end(n))))
        .collect();
    for (n, one) in found.iter_mut().enumerate() {
        let after = over.iter().filter(|(at, _)| *at > end(n)).take(found::STAMPS_MAX);
        one.stamps.extend(after.map(|(_, stamp)| stamp.clone()));
    }
    Ok(Read { format: Format::Pdf, signatures: found, bag, findings: Vec::new() })
}

fn read_one(
    signature: &pdfsig::Signature,
    others: &[Certificate],
    hashes: &Hashes<'_, '_>,
    (bag, effort): (&mut Bag, &Effort),
) -> Found {
    let report = signature.check_with(others, hashes);
    // The signature and its time-stamps, which are looked at twice.
    effort.take(1 + 2 * report.stamps.len() as u64, 2 * signature.message.len() as u64);
    let mut found = Found::named(signature.field.clone());
    found.is_time_stamp = signature.sub_filter == SubFilter::TimeStamp;
    found.certificate = report.certificate().cloned();
    found.covers = match signature.covers {
        Covers::File => Coverage::Whole,
        Covers::Revision { end } => Coverage::Revision { bytes: end },
        Covers::Neither => Coverage::Unknown,
    };
    found.findings = report.findings.iter().map(|finding| place(finding, &signature.sub_filter)).collect();
    found.findings.dedup();
    if let Some(message) = &report.signed {
        bag.add_message(message);
        super::message::add_archived(message, bag);
        let signer = message.signers.first();
        found.value = Digest::Sha256.of(match (found.is_time_stamp, signer) {
            (false, Some(signer)) => &signer.signature,
            _ => &message.der,
        });
        found.algorithm = signer.and_then(|signer| signer.algorithm());
        found.digests = signer.and_then(|signer| signer.digest()).into_iter().collect();
        found.digests.extend(found.algorithm.map(|algorithm| algorithm.digest()));
        if let (Some(signer), false) = (signer, found.is_time_stamp) {
            for token in signer.time_stamps().take(found::STAMPS_MAX) {
                let hash = |digest: Digest| digest.of(&signer.signature);
                found.stamps.push(FoundStamp::read(StampKind::Signature, token, bag, hash));
            }
        }
    }
    let said = report.message.as_ref();
    found.claimed_time = match found.is_time_stamp {
        true => report.stamps.first().and_then(|stamp| stamp.time()),
        false => signature.claims.time.or(said.and_then(|message| message.claimed_time)),
    };
    if said.is_some_and(|message| message.notes.contains(&Note::SigningCertificateSha1)) {
        found.digests.push(Digest::Sha1);
    }
    let is_protected = said.is_some_and(|message| message.level != cms::Level::None);
    found.is_baseline = is_protected && signature.sub_filter == SubFilter::Cades;
    found
}

/// A time-stamp over the document as one of the time-stamps of what it covers.
fn as_stamp(found: &Found, end: u64) -> FoundStamp {
    FoundStamp {
        kind: StampKind::Document,
        time: found.claimed_time,
        certificate: found.certificate.clone(),
        findings: found.findings.clone(),
        value: found.value.clone(),
        over: Over::File(end),
    }
}

/// What is amiss with a signature's place in the file, or with itself.
fn place(finding: &pdfsig::Finding, kind: &SubFilter) -> Finding {
    match finding {
        pdfsig::Finding::ByteRange => found::malformed("ByteRange"),
        pdfsig::Finding::Gap => found::malformed("Contents"),
        pdfsig::Finding::End => found::malformed("ByteRange/end"),
        pdfsig::Finding::Twice | pdfsig::Finding::Shared => found::malformed("Sig"),
        pdfsig::Finding::Message => found::malformed("CMS"),
        pdfsig::Finding::Kind => {
            let what = if let SubFilter::Other(name) = kind { name.clone() } else { String::new() };
            Finding::Unsupported { what }
        }
        pdfsig::Finding::TooMuch => Finding::TooMuch,
        pdfsig::Finding::Source => Finding::Unsupported { what: "size".into() },
        pdfsig::Finding::NotOver(fault) => found::cms_fault(fault),
        pdfsig::Finding::NotStamped(fault) => found::token_fault(fault),
    }
}

/// What came after a signature, as far as it is to be said.
fn later(later: &Later) -> Option<Finding> {
    match later {
        Later::Nothing => None,
        Later::Allowed(changes) => {
            let seen =
                changes.iter().any(|change| !matches!(change, Change::Evidence | Change::Stamped { .. }));
            seen.then(|| Finding::AddedAfterwards { what: names(changes) })
        }
        Later::Forbidden { forbidden, .. } => Some(Finding::ChangedAfterwards { what: names(forbidden) }),
        // What it covers is no revision, which is a finding already.
        Later::Unknown => None,
    }
}

/// Where bytes begin that stand behind the last revision and belong to none. Readers that mend files show
/// them.
fn tail(bytes: &[u8]) -> Option<usize> {
    let find = |from: usize, what: &[u8]| {
        bytes[from..].windows(what.len()).position(|window| window == what).map(|n| from + n)
    };
    let last = bytes.windows(9).rposition(|window| window == b"startxref")?;
    let end = find(last, b"%%EOF")? + 5;
    bytes[end..].iter().position(|byte| !byte.is_ascii_whitespace() && *byte != 0).map(|n| end + n)
}

/// Changes in the words of the format, at most a few.
fn names(changes: &[Change]) -> String {
    let mut text = String::new();
    for (n, change) in changes.iter().take(NAMED_MAX).enumerate() {
        let separator = if n > 0 { ", " } else { "" };
        let _ = match change {
            Change::Evidence => write!(text, "{separator}DSS"),
            Change::Stamped { field } => write!(text, "{separator}DocTimeStamp {field}"),
            Change::Information => write!(text, "{separator}Info"),
            Change::Signed { field } => write!(text, "{separator}Sig {field}"),
            Change::FieldAdded { field } | Change::Filled { field } => {
                write!(text, "{separator}Field {field}")
            }
            Change::AnnotationAdded { kind } => write!(text, "{separator}Annot {kind}"),
            Change::AnnotationChanged { object } => write!(text, "{separator}Annot {object} 0 R"),
            Change::SignatureChanged { field } => write!(text, "{separator}Sig {field}"),
            Change::FieldChanged { field } => write!(text, "{separator}Field {field}"),
            Change::Page { object, key } => write!(text, "{separator}Page {object} 0 R /{key}"),
            Change::Catalog { key } => write!(text, "{separator}Catalog /{key}"),
            Change::Replaced { object } | Change::Removed { object } | Change::Uncovered { object } => {
                write!(text, "{separator}{object} 0 R")
            }
            Change::Unlisted { at } => write!(text, "{separator}offset {at}"),
            Change::TooMany => write!(text, "{separator}…"),
        };
    }
    if changes.len() > NAMED_MAX {
        text.push_str(" …");
    }
    text
}
