//! What findings are in the words of people: what is so, and what to do now.

use base::Instant;
use base::format::{date_vn, time_vn};

use super::report::Finding;
use crate::words::WORDS;

/// A sentence of this feature.
pub fn sentence(key: &str, values: &[(&str, &str)]) -> String {
    WORDS.t(&format!("validation.{key}"), values)
}

/// A finding, said.
pub fn line(finding: &Finding) -> String {
    let (key, values) = parts(finding);
    let values: Vec<(&str, &str)> = values.iter().map(|(name, text)| (*name, text.as_str())).collect();
    sentence(&format!("finding.{key}"), &values)
}

/// What to do about it; `None` when there is nothing to do.
pub fn advice(finding: &Finding) -> Option<String> {
    let key = format!("validation.next.{}", parts(finding).0);
    WORDS.has(&key).then(|| WORDS.t(&key, &[]))
}

/// The finding's key in the word files, and the values of its sentence.
fn parts(finding: &Finding) -> (&'static str, Vec<(&'static str, String)>) {
    let time = |at: &Instant| time_vn(*at);
    let of = |subject: &String| vec![("subject", subject.clone())];
    match finding {
        Finding::ContentChanged => ("content_changed", vec![]),
        Finding::SignatureWrong => ("signature_wrong", vec![]),
        Finding::Malformed { what } => ("malformed", vec![("what", what.clone())]),
        Finding::OtherCertificate => ("other_certificate", vec![]),
        Finding::DuplicateId => ("duplicate_id", vec![]),
        Finding::RevokedWhenSigned { since } => ("revoked_when_signed", vec![("at", time(since))]),
        Finding::ExpiredWhenSigned { ended } => ("expired_when_signed", vec![("at", time(ended))]),
        Finding::SignedTooEarly { begins } => ("signed_too_early", vec![("at", time(begins))]),
        Finding::ChangedAfterwards { what } => ("changed_afterwards", vec![("what", what.clone())]),
        Finding::NoCertificate => ("no_certificate", vec![]),
        Finding::NoContent { what } if what.is_empty() => ("no_content", vec![]),
        Finding::NoContent { what } => ("no_part", vec![("what", what.clone())]),
        Finding::Unsupported { what } => ("unsupported", vec![("what", what.clone())]),
        Finding::Weak { what, until } => {
            let until = base::Day::parse(until).map_or_else(|_| until.clone(), date_vn);
            ("weak", vec![("what", what.clone()), ("until", until)])
        }
        Finding::UnknownIssuer { issuer } => ("unknown_issuer", vec![("issuer", issuer.clone())]),
        Finding::RevocationUnknown { subject } => ("revocation_unknown", of(subject)),
        Finding::RevokedWithoutProof { since } => ("revoked_without_proof", vec![("at", time(since))]),
        Finding::RevokedInRegister { subject, since } => {
            ("revoked_in_register", vec![("subject", subject.clone()), ("at", time(since))])
        }
        Finding::UnfitSince { subject, since } => {
            ("unfit_since", vec![("subject", subject.clone()), ("at", time(since))])
        }
        Finding::ManifestAlone => ("manifest_alone", vec![]),
        Finding::TooMuch => ("too_much", vec![]),
        Finding::AuthorityRevoked { subject, since } => {
            ("authority_revoked", vec![("subject", subject.clone()), ("at", time(since))])
        }
        Finding::ExpiredWithoutProof { subject, ended } => {
            ("expired_without_proof", vec![("subject", subject.clone()), ("at", time(ended))])
        }
        Finding::NotYetValid { subject, begins } => {
            ("not_yet_valid", vec![("subject", subject.clone()), ("at", time(begins))])
        }
        Finding::WrongPurpose { subject } => ("wrong_purpose", of(subject)),
        Finding::ChainBroken { subject, what } => {
            ("chain_broken", vec![("subject", subject.clone()), ("what", what.clone())])
        }
        Finding::PartUnsigned { uncovered } => ("part_unsigned", vec![("what", uncovered.join(", "))]),
        Finding::ChangeUnknown { what } => ("change_unknown", vec![("what", what.clone())]),
        Finding::StampDoesNotHold => ("stamp_does_not_hold", vec![]),
        Finding::NoTimeStamp => ("no_time_stamp", vec![]),
        Finding::RevokedLater { since } => ("revoked_later", vec![("at", time(since))]),
        Finding::SeenBefore { at } => ("seen_before", vec![("at", time(at))]),
        Finding::Sha1Legacy => ("sha1_legacy", vec![]),
        Finding::NotBaseline => ("not_baseline", vec![]),
        Finding::RevocationNotOffered { subject } => ("revocation_not_offered", of(subject)),
        Finding::AddedAfterwards { what } => ("added_afterwards", vec![("what", what.clone())]),
        Finding::ArchiveNotJudged => ("archive_not_judged", vec![]),
        Finding::ManifestNotFollowed => ("manifest_not_followed", vec![]),
        Finding::UnknownFormat => ("unknown_format", vec![]),
        Finding::Broken { what } => ("broken", vec![("what", what.clone())]),
        Finding::TooBig { bytes_max } => ("too_big", vec![("size", base::format::size(*bytes_max))]),
        Finding::NoSignature => ("no_signature", vec![]),
    }
}
