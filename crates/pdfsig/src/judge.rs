//! Everything that can be said of a file's signatures without trusting anybody.

use crate::changes::{Later, changes};
use crate::dss::{Store, store};
use crate::file::{File, Unreadable};
use crate::object::Object;
use crate::verify::{Hashes, Report, Signature, SubFilter, signatures};
use pki::cert::Certificate;
use pki::cms;

/// The baseline level a signature has by its form (ETSI EN 319 142-1, 6). Whether its evidence suffices, and
/// its time-stamps are to be trusted, remains to be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// None: not PAdES, or not over what it covers.
    None,
    /// The signer's certificate is protected.
    BB,
    /// And an intact time-stamp shows when the signature was there: its own, or one over the document.
    BT,
    /// And the file holds revocation lists or answers.
    BLT,
    /// And a time-stamp over the document covers those.
    BLTA,
}

/// A signature, whether it is over what it covers, and what came after it.
#[derive(Debug, Clone)]
pub struct Judged {
    /// As it stands in the file.
    pub signature: Signature,
    /// Whether it is over what it covers.
    pub report: Report,
    /// What came after it.
    pub later: Later,
    /// How far it is kept.
    pub level: Level,
}

/// What was found about a file.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// Its signatures and time-stamps, in the order of its fields.
    pub signatures: Vec<Judged>,
    /// The evidence it holds.
    pub store: Store,
}

/// Judges all signatures of a file in one passage over it. Certificates are looked for in the signatures, in
/// the file's store and among `others`; whom to trust is left to `pki::path`.
pub fn judge(file: &File<'_>, others: &[Certificate]) -> Result<Judgement, Unreadable> {
    let found = signatures(file)?;
    let changes = changes(file, &found)?;
    let store = store(file)?;
    let others = [others, &store.evidence.certificates].concat();
    let hashes = Hashes::new(file, &found);
    let reports: Vec<Report> = found.iter().map(|signature| signature.check_with(&others, &hashes)).collect();
    let stamps = document_stamps(file, &found, &reports)?;
    let has_evidence = !(store.evidence.crls.is_empty() && store.evidence.answers.is_empty());
    let judged = found.into_iter().zip(reports).map(|(signature, report)| Judged {
        later: changes.after(&signature),
        level: level(&signature, &report, &stamps, has_evidence),
        signature,
        report,
    });
    Ok(Judgement { signatures: judged.collect(), store })
}

/// An intact time-stamp over the document: what it covers, and whether there was a store of evidence in that.
struct DocumentStamp {
    end: u64,
    has_store: bool,
}

fn document_stamps(
    file: &File<'_>,
    found: &[Signature],
    reports: &[Report],
) -> Result<Vec<DocumentStamp>, Unreadable> {
    let mut stamps = vec![];
    for (signature, report) in found.iter().zip(reports) {
        let is_stamp = signature.sub_filter == SubFilter::TimeStamp && report.is_intact();
        if let (true, Some(section), Some([_, after])) = (is_stamp, signature.section, &signature.ranges) {
            let has_store = *file.at(section).catalog()?.get("DSS") != Object::Null;
            stamps.push(DocumentStamp { end: after.end, has_store });
        }
    }
    Ok(stamps)
}

fn level(signature: &Signature, report: &Report, stamps: &[DocumentStamp], has_evidence: bool) -> Level {
    let is_pades = signature.sub_filter == SubFilter::Cades && report.is_intact();
    let message = report.message.as_ref().filter(|message| is_pades && message.level != cms::Level::None);
    let (Some(_), Some([_, after])) = (message, &signature.ranges) else { return Level::None };
    let mut later = stamps.iter().filter(|stamp| stamp.end > after.end);
    let is_kept = later.clone().any(|stamp| stamp.has_store);
    let is_stamped = report.stamps.iter().any(|stamp| stamp.time().is_some()) || later.next().is_some();
    match (is_stamped, has_evidence, is_kept) {
        (false, ..) => Level::BB,
        (true, false, _) => Level::BT,
        (true, true, false) => Level::BLT,
        (true, true, true) => Level::BLTA,
    }
}
