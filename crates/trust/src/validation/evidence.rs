//! What is put into a signed PDF so that it can be judged long after (PAdES B-LT): the certificates from each
//! signer up to somebody trusted, and for each of them a list that says whether it was revoked.

use base::Instant;
use pdfsig::Evidence;
use pki::{Certificate, Crl};
use web::Problem;

use super::Bag;
use super::rules::Terms;
use crate::App;

/// The evidence for a file, and whom there is none for.
#[derive(Debug, Default)]
pub struct Gathered {
    /// What is known.
    pub evidence: Evidence,
    /// Subjects of certificates whose issuer, or whose list, is not known here.
    pub lacking: Vec<String>,
}

/// What the installation knows of those who signed and stamped this PDF.
///
/// # Errors
/// The store's; a fault when the file cannot be read.
pub async fn gather(app: &App, file: Vec<u8>, now: Instant) -> Result<Gathered, Problem> {
    let terms = super::terms(app, now).await?;
    let gathered = tokio::task::spawn_blocking(move || of_file(&file, &terms));
    gathered.await.map_err(Problem::fault)?
}

fn of_file(file: &[u8], terms: &Terms) -> Result<Gathered, Problem> {
    let broken = |e: pdfsig::Unreadable| Problem::fault(format!("a signed result cannot be read: {e:?}"));
    let opened = pdfsig::File::open(&file).map_err(broken)?;
    let judged = pdfsig::judge(&opened, &[]).map_err(broken)?;
    let mut bag = Bag::default();
    bag.add(&terms.known);
    bag.certificates.extend(judged.store.evidence.certificates.iter().cloned());
    let mut signers = Vec::new();
    for signature in &judged.signatures {
        if let Some(message) = &signature.report.signed {
            bag.add_message(message);
        }
        signers.extend(signature.report.certificate().cloned());
        for stamp in &signature.report.stamps {
            if let Some(token) = &stamp.token {
                bag.add_message(&token.message);
            }
            signers.extend(stamp.report.as_ref().and_then(|report| report.certificate.clone()));
        }
    }
    let mut gathered = Gathered::default();
    for signer in signers {
        gathered.add_path(signer, &bag, terms);
    }
    Ok(gathered)
}

impl Gathered {
    /// From a signer up to whoever is trusted.
    fn add_path(&mut self, signer: Certificate, bag: &Bag, terms: &Terms) {
        let mut next = Some(signer);
        for _ in 0..pki::path::PATH_LEN_MAX {
            let Some(certificate) = next.take() else { break };
            if certificate.is_self_signed() || self.evidence.certificates.contains(&certificate) {
                break;
            }
            let issuer = bag.certificates.iter().find(|c| {
                c.subject() == certificate.issuer() && certificate.verify_with(c.public_key()).is_ok()
            });
            let by_anchor = terms.anchors.iter().find(|trusted| {
                trusted.anchor.name == *certificate.issuer()
                    && certificate.verify_with(&trusted.anchor.key).is_ok()
            });
            let key = issuer.map(Certificate::public_key).or(by_anchor.map(|trusted| &trusted.anchor.key));
            let list = key.and_then(|key| newest(bag, &certificate, key));
            match list {
                Some(list) if self.evidence.crls.iter().all(|known| known.der() != list.der()) => {
                    self.evidence.crls.push(list.clone());
                }
                Some(_) => {}
                None => self.lacking.push(certificate.subject().to_string()),
            }
            next = issuer.filter(|_| by_anchor.is_none()).cloned();
            self.evidence.certificates.push(certificate);
        }
    }
}

/// The newest full list of a certificate's issuer.
fn newest<'b>(bag: &'b Bag, of: &Certificate, key: &pki::PublicKey) -> Option<&'b Crl> {
    let is_its = |crl: &&Crl| {
        crl.issuer() == of.issuer() && crl.delta_base().is_none() && crl.verify_with(key).is_ok()
    };
    bag.crls.iter().filter(is_its).max_by_key(|crl| crl.this_update())
}
