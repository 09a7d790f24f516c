//! Judging one document by EN 319 102-1: every signature's outcome with its reasons, and what they come to.
//! Bytes, anchors, evidence and the instant are arguments; nothing is fetched, and what is missing is a
//! doubt.
//!
//! Two things go beyond the standard, and only ever against a signer: what the signer says of the time of
//! signing is taken at the signer's word when the certificate was revoked or had ended by then. And where a
//! certificate names no place at which its revocation could be asked for, not knowing it is no doubt.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use base::Instant;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pki::path::{self, Anchor, Effort, Fault, Purpose, Status};
use pki::{Certificate, Digest};

use super::found::{Bag, Found, FoundStamp};
use super::report::{
    Finding, Format, Indication, Level, Link, Party, Report, RevocationState, Signature, Stamp, StampKind,
    SubIndication, Trust, TrustClass, Verdict,
};
use super::{format, policy};

/// How large a file may be that is judged, in bytes.
pub const FILE_BYTES_MAX: usize = 50 * 1024 * 1024;
/// How many signatures of one file are judged.
pub const SIGNATURES_MAX: usize = 200;
/// What judging one file may cost, whatever it holds: signatures that are checked, those of certificates,
/// lists, answers and time-stamps among them,
pub const CHECKS_MAX: u64 = 20_000;
/// and bytes that are hashed or searched. Both are seconds of one core.
pub const HASHED_BYTES_MAX: u64 = 2 << 30;
/// Certificates of which the report tells what they rest on.
const USED_MAX: usize = 256;
/// A certificate larger than this is named in a report and not put into it, in bytes.
const SHOWN_BYTES_MAX: usize = 16 * 1024;

/// What one file may cost.
pub fn effort() -> Arc<Effort> {
    Arc::new(Effort::new(CHECKS_MAX, HASHED_BYTES_MAX))
}

/// What is to be judged.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// As its sender calls it.
    pub name: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// The content of a detached signature.
    pub content: Option<&'a [u8]>,
}

/// Somebody who is trusted, and as what.
#[derive(Clone, Debug)]
pub struct TrustAnchor {
    /// How the list calls it.
    pub name: String,
    /// What kind of trust it is.
    pub class: TrustClass,
    /// Its name and key.
    pub anchor: Anchor,
}

impl TrustAnchor {
    /// Trust in this certificate.
    pub fn of(certificate: Certificate, class: TrustClass) -> TrustAnchor {
        TrustAnchor { name: common_name(&certificate), class, anchor: Anchor::from(certificate) }
    }
}

/// Whom to trust, what is known beside the file, and as of when.
#[derive(Clone)]
pub struct Terms {
    /// As of when.
    pub at: Instant,
    /// Whom.
    pub anchors: Vec<TrustAnchor>,
    /// Certificates, lists and answers that are at hand.
    pub known: Bag,
    /// What the register itself says of certificates, by their SHA-256 in hexadecimal.
    pub register: HashMap<String, Registered>,
}

/// A certificate that the register keeps as revoked or suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registered {
    /// From when on it is not to be relied on, as far as is known here.
    pub since: Instant,
}

/// What was kept when a document was judged before.
#[derive(Clone, Default)]
pub struct Saved {
    /// When that was first: the document existed then.
    pub first_at: Option<Instant>,
    /// The evidence it rested on.
    pub bag: Bag,
}

impl Document<'_> {
    /// By which a document is known again: the SHA-256 of its bytes; of a signature apart from its content,
    /// that of both hashes one after the other.
    pub fn key(&self) -> String {
        let hash = |bytes: &[u8]| Digest::Sha256.of(bytes);
        match self.content {
            None => hex(&hash(self.bytes)),
            Some(content) => hex(&hash(&[hash(self.bytes), hash(content)].concat())),
        }
    }
}

/// What judging a document gave besides the report.
#[derive(Clone, Default)]
pub struct Judged {
    /// The evidence that it rests on now.
    pub used: Bag,
    /// By which it is known again: the SHA-256 over the values of its signatures and time-stamps, whatever
    /// stands around them. `None` without any.
    pub key: Option<String>,
}

/// Judges a document.
pub fn judge(document: &Document<'_>, terms: &Terms) -> Report {
    judge_again(document, terms, &Saved::default()).0
}

/// Judges a document with what was kept of it.
pub fn judge_again(document: &Document<'_>, terms: &Terms, saved: &Saved) -> (Report, Judged) {
    let mut judged = Judged::default();
    let effort = effort();
    let mut report = report(document, terms, saved, (&mut judged, &effort));
    // What was not looked at is not known: nothing is said of the rest either.
    if effort.is_spent() || report.findings.contains(&Finding::TooMuch) {
        report.findings = vec![Finding::TooMuch];
        report.signatures.clear();
        report.verdict = Verdict::Indeterminate;
        judged = Judged::default();
    }
    (report, judged)
}

fn report(
    document: &Document<'_>,
    terms: &Terms,
    saved: &Saved,
    (judged, effort): (&mut Judged, &Arc<Effort>),
) -> Report {
    let mut report = Report {
        name: document.name.to_string(),
        size_bytes: document.bytes.len() as u64,
        sha256: hex(&Digest::Sha256.of(document.bytes)),
        format: None,
        at: terms.at,
        verdict: Verdict::Unreadable,
        findings: Vec::new(),
        signatures: Vec::new(),
    };
    if document.bytes.len() > FILE_BYTES_MAX {
        report.findings.push(Finding::TooBig { bytes_max: FILE_BYTES_MAX as u64 });
        return report;
    }
    let read = match format::read(document, &terms.known.certificates, effort) {
        Ok(read) => read,
        Err((format, finding)) => {
            report.format = format;
            report.findings.push(finding);
            return report;
        }
    };
    report.format = Some(read.format);
    report.findings = read.findings;
    judged.key = key_of(&read.signatures);
    let bench = Bench::new(read.format, &read.bag, (terms, saved), effort);
    report.signatures = read.signatures.into_iter().map(|found| bench.conclude(found)).collect();
    judged.used = bench.used.into_inner();
    if report.signatures.is_empty() {
        report.findings.push(Finding::NoSignature);
    }
    report.verdict = verdict(&report);
    report
}

/// The values of all signatures and of their time-stamps, one after the other.
fn key_of(signatures: &[Found]) -> Option<String> {
    let values = signatures
        .iter()
        .flat_map(|found| std::iter::once(&found.value).chain(found.stamps.iter().map(|stamp| &stamp.value)));
    let values: Vec<&[u8]> = values.map(Vec::as_slice).collect();
    let is_whole = !values.is_empty() && values.iter().all(|value| !value.is_empty());
    is_whole.then(|| hex(&Digest::Sha256.of(&values.concat())))
}

/// What the signatures of a file and the findings about it come to.
fn verdict(report: &Report) -> Verdict {
    let worst = report.signatures.iter().map(|signature| signature.indication).max();
    let of_file = report.findings.iter().filter_map(outcome).map(|(main, _)| main).max();
    match worst.max(of_file.filter(|_| worst.is_some())) {
        None => Verdict::Unsigned,
        Some(Indication::TotalPassed) => Verdict::Valid,
        Some(Indication::Indeterminate) => Verdict::Indeterminate,
        Some(Indication::TotalFailed) => Verdict::Invalid,
    }
}

/// What one finding makes of a signature; `None` when it is only to be said. This table is EN 319 102-1's.
pub fn outcome(finding: &Finding) -> Option<(Indication, SubIndication)> {
    use Indication::{Indeterminate, TotalFailed};
    use SubIndication as Sub;
    match finding {
        Finding::ContentChanged => Some((TotalFailed, Sub::HashFailure)),
        Finding::SignatureWrong => Some((TotalFailed, Sub::SigCryptoFailure)),
        Finding::Malformed { .. } | Finding::OtherCertificate | Finding::DuplicateId => {
            Some((TotalFailed, Sub::FormatFailure))
        }
        Finding::ChangedAfterwards { .. } => Some((TotalFailed, Sub::FormatFailure)),
        Finding::RevokedWhenSigned { .. } => Some((TotalFailed, Sub::Revoked)),
        Finding::ExpiredWhenSigned { .. } => Some((TotalFailed, Sub::Expired)),
        Finding::SignedTooEarly { .. } => Some((TotalFailed, Sub::NotYetValid)),
        Finding::NoCertificate => Some((Indeterminate, Sub::NoSigningCertificateFound)),
        Finding::NoContent { .. } => Some((Indeterminate, Sub::SignedDataNotFound)),
        Finding::Unsupported { .. } => Some((Indeterminate, Sub::CryptoConstraintsFailure)),
        Finding::Weak { .. } => Some((Indeterminate, Sub::CryptoConstraintsFailureNoPoe)),
        Finding::UnknownIssuer { .. } => Some((Indeterminate, Sub::NoCertificateChainFound)),
        Finding::RevocationUnknown { .. } => Some((Indeterminate, Sub::TryLater)),
        Finding::RevokedWithoutProof { .. } | Finding::RevokedInRegister { .. } => {
            Some((Indeterminate, Sub::RevokedNoPoe))
        }
        Finding::ManifestAlone => Some((Indeterminate, Sub::SignedDataNotFound)),
        Finding::TooMuch => Some((Indeterminate, Sub::SigConstraintsFailure)),
        Finding::AuthorityRevoked { .. } => Some((Indeterminate, Sub::RevokedCaNoPoe)),
        Finding::ExpiredWithoutProof { .. } | Finding::NotYetValid { .. } => {
            Some((Indeterminate, Sub::OutOfBoundsNoPoe))
        }
        Finding::WrongPurpose { .. } => Some((Indeterminate, Sub::ChainConstraintsFailure)),
        Finding::ChainBroken { .. } => Some((Indeterminate, Sub::CertificateChainGeneralFailure)),
        Finding::PartUnsigned { .. } | Finding::ChangeUnknown { .. } => {
            Some((Indeterminate, Sub::SigConstraintsFailure))
        }
        Finding::StampDoesNotHold
        | Finding::NoTimeStamp
        | Finding::RevokedLater { .. }
        | Finding::UnfitSince { .. }
        | Finding::SeenBefore { .. }
        | Finding::Sha1Legacy
        | Finding::NotBaseline
        | Finding::RevocationNotOffered { .. }
        | Finding::AddedAfterwards { .. }
        | Finding::ArchiveNotJudged
        | Finding::ManifestNotFollowed
        | Finding::UnknownFormat
        | Finding::Broken { .. }
        | Finding::TooBig { .. }
        | Finding::NoSignature => None,
    }
}

/// A time, and whether a time-stamp proves that the thing judged is older.
#[derive(Clone, Copy)]
struct Proof {
    at: Instant,
    is_proven: bool,
}

/// What is said of a chain.
struct Chain {
    links: Vec<Link>,
    trust: Option<Trust>,
    findings: Vec<Finding>,
    /// Of every certificate it is known whether it was revoked.
    is_known: bool,
}

impl Chain {
    fn holds(&self) -> bool {
        self.findings.iter().all(|finding| outcome(finding).is_none())
    }
}

/// What all signatures of a document are judged with.
struct Bench<'a> {
    format: Format,
    terms: &'a Terms,
    anchors: Vec<Anchor>,
    /// What the file itself brings.
    inside: path::Material,
    /// That, and what is known beside it.
    all: path::Material,
    /// What was kept of it.
    saved: &'a Saved,
    /// What the judgement rests on.
    used: RefCell<Bag>,
}

impl<'a> Bench<'a> {
    fn new(
        format: Format,
        bag: &Bag,
        (terms, saved): (&'a Terms, &'a Saved),
        effort: &Arc<Effort>,
    ) -> Bench<'a> {
        let mut all = bag.clone();
        all.add(&terms.known);
        all.add(&saved.bag);
        let anchors = terms.anchors.iter().map(|known| known.anchor.clone()).collect();
        let inside = bag.material().within(effort.clone());
        let (all, used) = (all.material().within(effort.clone()), RefCell::default());
        Bench { format, terms, anchors, inside, all, saved, used }
    }

    /// What is known of the time before any time-stamp: it existed when it was first judged here, or exists
    /// now.
    fn start(&self) -> Proof {
        match self.saved.first_at.filter(|first| *first < self.terms.at) {
            Some(at) => Proof { at, is_proven: true },
            None => Proof { at: self.terms.at, is_proven: false },
        }
    }

    /// EN 319 102-1 §5.3 to §5.6 for one signature.
    fn conclude(&self, found: Found) -> Signature {
        let (time_stamps, mut proof) = self.stamps(&found.stamps);
        let mut findings = found.findings;
        if found.is_time_stamp && !proof.is_proven {
            proof.at = self.terms.at;
        }
        let is_intact = findings.iter().all(|finding| {
            outcome(finding).is_none_or(|(main, _)| {
                main != Indication::TotalFailed && !matches!(finding, Finding::NoContent { .. })
            })
        }) && found.certificate.is_some();
        self.weigh_algorithms(&found.digests, proof, &mut findings);
        let purpose = if found.is_time_stamp { Purpose::TimeStamping } else { Purpose::Document };
        let mut chain = None;
        if let Some(certificate) = &found.certificate {
            let claimed = found.claimed_time.filter(|_| !found.is_time_stamp);
            let judged = self.chain(certificate, &purpose, proof, claimed, &self.all);
            findings.extend(judged.findings.iter().cloned());
            findings.extend(claimed.and_then(|claimed| too_early(certificate, claimed)));
            findings.dedup();
            chain = Some(judged);
        } else if !findings.contains(&Finding::NoCertificate) {
            findings.push(Finding::NoCertificate);
        }
        let level = match (&found.certificate, found.is_time_stamp) {
            (Some(certificate), false) if found.is_baseline => self.level(certificate, &time_stamps, proof),
            _ => Level::None,
        };
        if !found.is_time_stamp {
            let holds = time_stamps.iter().any(|stamp| stamp.holds);
            findings.extend((!holds).then_some(match time_stamps.is_empty() {
                true => Finding::NoTimeStamp,
                false => Finding::StampDoesNotHold,
            }));
            findings.extend((!found.is_baseline).then_some(Finding::NotBaseline));
            let first = self.saved.first_at.filter(|first| proof.is_proven && proof.at == *first);
            findings.extend(first.map(|at| Finding::SeenBefore { at }));
        }
        let mut said: Vec<Finding> = Vec::new();
        findings.retain(|finding| {
            !said.contains(finding) && {
                said.push(finding.clone());
                true
            }
        });
        findings.sort_by_key(|finding| std::cmp::Reverse(outcome(finding).map(|(main, _)| main)));
        let worst = findings.first().and_then(outcome);
        let (links, trust) = chain.map_or((Vec::new(), None), |chain| (chain.links, chain.trust));
        let key = found.certificate.as_ref().map(|certificate| certificate.public_key().kind());
        Signature {
            name: found.name,
            is_time_stamp: found.is_time_stamp,
            signer: found.certificate.as_ref().map(party),
            claimed_time: found.claimed_time,
            best_time: proof.at,
            is_proven: proof.is_proven,
            algorithm: found.algorithm.zip(key).map(|(how, key)| policy::algorithm_name(how, key)),
            covers: found.covers,
            is_intact,
            chain: links,
            trust,
            level,
            time_stamps,
            indication: worst.map_or(Indication::TotalPassed, |(main, _)| main),
            sub_indication: worst.map(|(_, sub)| sub),
            findings,
        }
    }

    /// Judges the time-stamps, the outermost first: each proves that what it covers existed, and so as of
    /// when the ones inside it are judged. What comes out is the best-signature-time.
    fn stamps(&self, found: &[FoundStamp]) -> (Vec<Stamp>, Proof) {
        let mut proof = self.start();
        let mut order: Vec<&FoundStamp> = found.iter().collect();
        order.sort_by_key(|stamp| (stamp.kind == StampKind::Signature, std::cmp::Reverse(stamp.time)));
        let mut held: Vec<(&FoundStamp, Instant)> = Vec::new();
        let mut stamps = Vec::new();
        for stamp in order {
            // EN 319 102-1 §5.6.2.3: only of what a time-stamp is over does it prove the existence.
            let over = held.iter().filter(|(outer, _)| outer.covers(stamp)).map(|(_, time)| *time).min();
            let own = match over {
                Some(time) => Proof { at: self.start().at.min(time), is_proven: true },
                None => self.start(),
            };
            let judged = self.stamp(stamp, own);
            if let (true, Some(time)) = (judged.holds, judged.time) {
                held.push((stamp, time));
                proof = Proof { at: proof.at.min(time), is_proven: true };
            }
            stamps.push(judged);
        }
        stamps.sort_by_key(|stamp| stamp.time);
        (stamps, proof)
    }

    fn stamp(&self, found: &FoundStamp, proof: Proof) -> Stamp {
        let mut findings = found.findings.clone();
        let chain = found
            .certificate
            .as_ref()
            .map(|certificate| self.chain(certificate, &Purpose::TimeStamping, proof, None, &self.all));
        if let Some(time) = found.time.filter(|time| *time > self.terms.at.plus_minutes(pki::SKEW_MINUTES)) {
            findings.push(Finding::NotYetValid { subject: String::new(), begins: time });
        }
        let trust = chain.as_ref().and_then(|chain| chain.trust.clone());
        findings.extend(chain.into_iter().flat_map(|chain| chain.findings));
        let holds = found.time.is_some()
            && found.certificate.is_some()
            && findings.iter().all(|finding| outcome(finding).is_none() && *finding != Finding::NotBaseline);
        let authority = found.certificate.as_ref().map(party);
        Stamp { kind: found.kind, time: found.time, authority, trust, holds, findings }
    }

    /// The level that what a signature carries comes to.
    fn level(&self, certificate: &Certificate, stamps: &[Stamp], proof: Proof) -> Level {
        if !stamps.iter().any(|stamp| stamp.holds) {
            return Level::BB;
        }
        let alone = self.chain(certificate, &Purpose::Document, proof, None, &self.inside);
        if !alone.holds() || !alone.is_known {
            return Level::BT;
        }
        let is_kept = stamps.iter().any(|stamp| stamp.holds && stamp.kind != StampKind::Signature);
        if is_kept { Level::BLTA } else { Level::BLT }
    }

    fn weigh_algorithms(&self, digests: &[Digest], proof: Proof, findings: &mut Vec<Finding>) {
        let weak = digests.iter().find_map(|digest| policy::weak(policy::digest_name(*digest), proof.at));
        match weak {
            Some(weak) if self.format == Format::EdXml && weak.in_exchange => {
                findings.push(Finding::Sha1Legacy);
            }
            Some(weak) => findings.push(Finding::Weak { what: weak.what, until: weak.until }),
            None => {}
        }
    }

    /// RFC 5280 for one certificate as of the proof's time, in the words of EN 319 102-1.
    fn chain(
        &self,
        certificate: &Certificate,
        purpose: &Purpose,
        proof: Proof,
        claimed: Option<Instant>,
        material: &path::Material,
    ) -> Chain {
        let mut rules = path::Rules::at(proof.at).for_purpose(purpose.clone());
        rules.evidence_until = Some(self.terms.at);
        let weak = policy::weak("SHA-1", proof.at);
        let by_exchange = self.format == Format::EdXml && weak.as_ref().is_some_and(|weak| weak.in_exchange);
        rules.accept_sha1 = weak.is_none() || by_exchange;
        let report = path::validate(certificate, &self.anchors, material, &rules);
        let mut chain = Chain { links: Vec::new(), trust: None, findings: Vec::new(), is_known: true };
        for problem in &report.problems {
            let place = Place { path: &report.path, position: problem.position, proof, claimed };
            chain.findings.extend(place.finding(&problem.fault));
        }
        let is_old = |one: &Certificate| one.algorithm().is_some_and(|how| how.is_legacy());
        if by_exchange && report.path.iter().any(is_old) {
            chain.findings.push(Finding::Sha1Legacy);
        }
        for (n, one) in report.path.iter().enumerate().rev() {
            let status = report.statuses.get(n);
            let claimed = claimed.filter(|_| n + 1 == report.path.len());
            chain.findings.extend(self.registered(one, proof, claimed));
            if let Some(
                Status::Revoked { invalid_since: Some(since), .. }
                | Status::Good { unfit_since: Some(since), .. },
            ) = status
            {
                chain.findings.push(Finding::UnfitSince { subject: common_name(one), since: *since });
            }
            chain.is_known &= matches!(status, Some(Status::Good { .. } | Status::NotAsked));
            if let Some(Status::Good { revoked_later: Some(since), .. }) = status
                && n + 1 == report.path.len()
            {
                chain.findings.push(Finding::RevokedLater { since: *since });
            }
            chain.links.push(Link { party: party(one), revocation: state(status) });
            self.note(one, status);
        }
        if let Some(known) = report.anchor.and_then(|n| self.terms.anchors.get(n)) {
            chain.trust = Some(Trust { anchor: known.name.clone(), class: known.class });
            if let Some(root) = &known.anchor.certificate {
                chain.links.push(Link { party: party(root), revocation: RevocationState::NotAsked });
            }
        }
        chain
    }
}

impl Bench<'_> {
    /// What the register knows of a certificate that its issuer's lists may not say, or not yet. Whoever
    /// signs is bound by what they claim, as with lists.
    fn registered(&self, certificate: &Certificate, proof: Proof, claimed: Option<Instant>) -> Vec<Finding> {
        if self.terms.register.is_empty() {
            return Vec::new();
        }
        let known = self.terms.register.get(&hex(&certificate.fingerprint(Digest::Sha256)));
        let Some(Registered { since }) = known.copied() else { return Vec::new() };
        if proof.at < since {
            return vec![Finding::RevokedLater { since }];
        }
        let told = Finding::RevokedInRegister { subject: common_name(certificate), since };
        let bound = claimed.filter(|claimed| *claimed >= since);
        std::iter::once(told).chain(bound.map(|_| Finding::RevokedWhenSigned { since })).collect()
    }

    /// Keeps in mind a certificate of a chain and the list or answer that speaks of it.
    fn note(&self, certificate: &Certificate, status: Option<&Status>) {
        let mut used = self.used.borrow_mut();
        if used.certificates.len() >= USED_MAX || used.certificates.contains(certificate) {
            return;
        }
        used.certificates.push(certificate.clone());
        let source = match status {
            Some(Status::Good { source, .. } | Status::Revoked { source, .. }) => *source,
            _ => return,
        };
        let (at, issuer) = (source.true_at(), certificate.issuer());
        match source {
            path::Source::Ocsp(_) => {
                let says = |answer: &&pki::ocsp::Response| {
                    let mut singles = answer.singles.iter();
                    singles.any(|one| one.id.serial == *certificate.serial() && one.this_update == at)
                };
                used.answers.extend(self.all.answers().iter().filter(says).cloned());
            }
            path::Source::Crl(_) => {
                let lists = self.all.crls_of(issuer).iter().filter(|list| list.this_update() == at);
                used.crls.extend(lists.cloned());
            }
            // The complete list that the delta changes is an older one.
            path::Source::DeltaCrl(_) => {
                let lists = self.all.crls_of(issuer).iter().filter(|list| list.this_update() <= at);
                used.crls.extend(lists.cloned());
            }
        }
    }
}

/// Where in a chain something is wrong.
struct Place<'a> {
    path: &'a [Certificate],
    position: usize,
    proof: Proof,
    claimed: Option<Instant>,
}

impl Place<'_> {
    /// What a fault of the path is, as EN 319 102-1 sees it.
    fn finding(&self, fault: &Fault) -> Option<Finding> {
        let certificate = self.path.get(self.position)?;
        let is_signer = self.position + 1 == self.path.len();
        let subject = common_name(certificate);
        // Said by the signer, who alone is bound by it.
        let claimed = self.claimed.filter(|_| is_signer);
        Some(match fault {
            Fault::NoPath | Fault::TooManyPaths | Fault::Signature(_) => {
                let top = self.path.first().unwrap_or(certificate);
                Finding::UnknownIssuer { issuer: name_of(top.issuer()) }
            }
            Fault::Sha1 => {
                let until = policy::weak("SHA-1", self.proof.at).map(|weak| weak.until);
                Finding::Weak { what: "SHA-1".into(), until: until.unwrap_or_default() }
            }
            Fault::Revoked { at, .. } if is_signer => match claimed {
                Some(claimed) if claimed >= *at => Finding::RevokedWhenSigned { since: *at },
                _ => Finding::RevokedWithoutProof { since: *at },
            },
            Fault::Revoked { at, .. } => Finding::AuthorityRevoked { subject, since: *at },
            Fault::Expired(ended) => match claimed {
                Some(claimed) if claimed > *ended => Finding::ExpiredWhenSigned { ended: *ended },
                _ => Finding::ExpiredWithoutProof { subject, ended: *ended },
            },
            Fault::NotYetValid(begins) => match claimed {
                Some(claimed) if claimed < *begins => Finding::SignedTooEarly { begins: *begins },
                _ => Finding::NotYetValid { subject, begins: *begins },
            },
            Fault::RevocationUnknown(_) if names_no_place(certificate) => {
                Finding::RevocationNotOffered { subject }
            }
            Fault::RevocationUnknown(_) => Finding::RevocationUnknown { subject },
            Fault::WrongPurpose => Finding::WrongPurpose { subject },
            other => Finding::ChainBroken { subject, what: chain_rule(other).into() },
        })
    }
}

/// The rule of RFC 5280 that is broken, in a word.
pub fn chain_rule(fault: &Fault) -> &'static str {
    match fault {
        Fault::NoPath => "no-path",
        Fault::TooManyPaths => "too-many-paths",
        Fault::Signature(_) => "signature",
        Fault::Sha1 => "sha1",
        Fault::NotYetValid(_) => "not-yet-valid",
        Fault::Expired(_) => "expired",
        Fault::Revoked { .. } => "revoked",
        Fault::RevocationUnknown(_) => "revocation-unknown",
        Fault::NameChain => "name-chain",
        Fault::NotAuthority => "not-an-authority",
        Fault::PathTooLong => "path-too-long",
        Fault::MayNotIssue => "may-not-issue",
        Fault::CriticalUnknown(_) => "critical-extension-unknown",
        Fault::Finding(_) => "malformed-certificate",
        Fault::NameNotPermitted(_) => "name-not-permitted",
        Fault::NameExcluded(_) => "name-excluded",
        Fault::TooManyNames => "too-many-names",
        Fault::NoPolicy => "no-acceptable-policy",
        Fault::AnyPolicyMapped => "any-policy-mapped",
        Fault::WrongPurpose => "wrong-purpose",
        Fault::WrongName => "wrong-name",
        _ => "other",
    }
}

/// Somebody who signs before the certificate begins says something that cannot be.
fn too_early(certificate: &Certificate, claimed: Instant) -> Option<Finding> {
    let begins = certificate.validity().not_before;
    (claimed.plus_minutes(pki::SKEW_MINUTES) < begins).then_some(Finding::SignedTooEarly { begins })
}

fn names_no_place(certificate: &Certificate) -> bool {
    let said = certificate.extensions();
    said.access.ocsp.is_empty() && said.crl_points.as_ref().is_none_or(Vec::is_empty)
}

fn state(status: Option<&Status>) -> RevocationState {
    match status {
        Some(Status::Good { source, .. }) => RevocationState::Good {
            said_at: source.true_at(),
            by_ocsp: matches!(source, path::Source::Ocsp(_)),
        },
        Some(Status::Revoked { at, .. }) => RevocationState::Revoked { since: *at },
        Some(Status::NotAsked) => RevocationState::NotAsked,
        Some(Status::Unknown(_)) | None => RevocationState::Unknown,
    }
}

/// A certificate as readers know it.
pub fn party(certificate: &Certificate) -> Party {
    let validity = certificate.validity();
    Party {
        name: common_name(certificate),
        organisation: certificate.subject().texts(pki::oid::ORGANIZATION).next().map(str::to_string),
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        serial: certificate.serial().to_string(),
        not_before: validity.not_before,
        not_after: validity.not_after,
        sha256: hex(&certificate.fingerprint(Digest::Sha256)),
        certificate: match certificate.der() {
            der if der.len() > SHOWN_BYTES_MAX => String::new(),
            der => STANDARD.encode(der),
        },
    }
}

fn common_name(certificate: &Certificate) -> String {
    name_of(certificate.subject())
}

fn name_of(name: &pki::Name) -> String {
    name.common_name().map_or_else(|| name.to_string(), str::to_string)
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
