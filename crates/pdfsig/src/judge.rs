//! Everything that can be said of a file's signatures without trusting anybody.

use crate::changes::{Later, changes};
use crate::dss::{Store, store};
use crate::file::{File, Unreadable};
use crate::verify::{Hashes, Report, Signature, signatures};
use pki::cert::Certificate;

/// A signature, whether it is over what it covers, and what came after it.
#[derive(Debug, Clone)]
pub struct Judged {
    /// As it stands in the file.
    pub signature: Signature,
    /// Whether it is over what it covers.
    pub report: Report,
    /// What came after it.
    pub later: Later,
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
    let judged = found.into_iter().zip(reports).map(|(signature, report)| Judged {
        later: changes.after(&signature),
        signature,
        report,
    });
    Ok(Judgement { signatures: judged.collect(), store })
}
