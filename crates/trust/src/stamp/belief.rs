//! Whether a time-stamp may be believed: whoever gave it is an authority for time under somebody trusted
//! here, at the time it names; and a fresh one names the time that it is. Pure.

use base::Instant;
use pki::path::{self, Anchor, Material, Purpose, Revocation, Rules};
use pki::tsp::{Token, TokenReport};
use pki::{Certificate, SKEW_MINUTES};

/// Whom to believe, and what is at hand about them.
#[derive(Clone, Debug, Default)]
pub struct Trusted {
    /// Whom.
    pub anchors: Vec<Anchor>,
    /// Certificates between, lists and answers.
    pub material: Material,
}

impl Trusted {
    /// These alone, without evidence of revocation.
    pub fn of(certificates: impl IntoIterator<Item = Certificate>) -> Trusted {
        let anchors = certificates.into_iter().map(Anchor::from).collect();
        Trusted { anchors, material: Material::new() }
    }
}

/// As of when a token is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// It was given just now.
    Fresh(Instant),
    /// It was given once, and is looked at now.
    Kept(Instant),
}

/// Why a token is not believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disbelief {
    /// Something is wrong with its bytes: what.
    Broken(String),
    /// Its authority's certificate is not at hand.
    Nobody,
    /// It names another time than it is.
    OtherTime(Instant),
    /// Nobody trusted vouches for its authority, or not for this: why.
    Untrusted(String),
}

impl std::fmt::Display for Disbelief {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Disbelief::Broken(why) => write!(out, "the token is not an answer: {why}"),
            Disbelief::Nobody => write!(out, "the token comes without its authority's certificate"),
            Disbelief::OtherTime(at) => write!(out, "the token names another time, {at}"),
            Disbelief::Untrusted(why) => write!(out, "the token's authority is not trusted: {why}"),
        }
    }
}

/// Judges a token on which this report was made.
pub fn believe_token(
    token: &Token,
    report: &TokenReport,
    trusted: &Trusted,
    when: When,
) -> Result<(), Disbelief> {
    let certificate = believe_bytes(token, report, when)?;
    let (When::Fresh(now) | When::Kept(now)) = when;
    believe_authority(certificate, &token.message.certificates, token.info.time, trusted, now)
}

/// All of it but whose it is: the certificate that remains to be judged.
pub fn believe_bytes<'r>(
    token: &Token,
    report: &'r TokenReport,
    when: When,
) -> Result<&'r Certificate, Disbelief> {
    if let Some(fault) = report.faults.first() {
        return Err(Disbelief::Broken(format!("{fault:?}")));
    }
    let certificate = report.certificate.as_ref().ok_or(Disbelief::Nobody)?;
    let time = token.info.time;
    let (When::Fresh(now) | When::Kept(now)) = when;
    let is_late = time > now.plus_minutes(SKEW_MINUTES);
    let is_early = matches!(when, When::Fresh(_)) && time < now.plus_minutes(-SKEW_MINUTES);
    if is_late || is_early {
        return Err(Disbelief::OtherTime(time));
    }
    Ok(certificate)
}

/// Whether this was the certificate of an authority for time at this time, under somebody trusted.
pub fn believe_authority(
    certificate: &Certificate,
    beside: &[Certificate],
    time: Instant,
    trusted: &Trusted,
    now: Instant,
) -> Result<(), Disbelief> {
    let mut material = trusted.material.clone();
    beside.iter().cloned().for_each(|one| material.add_certificate(one));
    let mut rules = Rules::at(time).for_purpose(Purpose::TimeStamping).with_revocation(Revocation::IfKnown);
    rules.evidence_until = Some(now.max(time));
    let judged = path::validate(certificate, &trusted.anchors, &material, &rules);
    match judged.problems.first() {
        None => Ok(()),
        Some(problem) => Err(Disbelief::Untrusted(format!("{:?}", problem.fault))),
    }
}
