//! Is a certificate of the path revoked? RFC 5280 §6.3 over the lists at hand, RFC 6960 over the answers.
//!
//! Evidence is only believed after its own signer has been judged: the issuer itself, or somebody whose
//! path leads to the same anchor. A revocation for good wins over whatever says "good".

use super::{Anchor, Fault, Material, Purpose, Revocation, Rules, build};
use crate::cert::{Certificate, DistributionPoint, KeyUsage, PointName, Reasons};
use crate::crl::{Crl, Entry, Reason, Scope};
use crate::key::PublicKey;
use crate::name::{GeneralName, Name};
use crate::ocsp;
use base::Instant;
use std::cell::{Cell, RefCell};

/// How deep signers of evidence may rest on evidence.
const DEPTH_MAX: usize = 6;
/// How many certificates one judgement asks about.
const QUESTIONS_MAX: usize = 256;

/// What is known of a certificate's revocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// Not revoked at the instant of the rules.
    Good {
        /// Who says so.
        source: Source,
        /// It was revoked after that instant.
        revoked_later: Option<Instant>,
        /// Since when it is then known or suspected to have been unfit: that may be before the instant.
        unfit_since: Option<Instant>,
    },
    /// Revoked.
    Revoked {
        /// From when on.
        at: Instant,
        /// Why, when said.
        reason: Option<Reason>,
        /// Since when it is known or suspected to have been unfit.
        invalid_since: Option<Instant>,
        /// Who says so.
        source: Source,
    },
    /// Nothing usable is at hand; why not.
    Unknown(Vec<EvidenceProblem>),
    /// A responder's certificate that says it need not be asked about.
    NotAsked,
}

/// Where an answer comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A list true at this instant.
    Crl(Instant),
    /// A list, changed by one true at this instant.
    DeltaCrl(Instant),
    /// An answer true at this instant.
    Ocsp(Instant),
}

impl Source {
    /// When it was true.
    pub fn true_at(self) -> Instant {
        match self {
            Source::Crl(at) | Source::DeltaCrl(at) | Source::Ocsp(at) => at,
        }
    }
}

/// Why a piece of evidence does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EvidenceProblem {
    /// There is none.
    None,
    /// It says itself that there is newer by now, or does not say until when it counts.
    Stale,
    /// It was made later than evidence counts.
    TooNew,
    /// Its signature is not its issuer's.
    Signature,
    /// Its signer's own path does not hold.
    SignerUntrusted,
    /// Its signer's key may not sign such.
    SignerMayNot,
    /// It holds something critical that is unknown to us.
    CriticalUnknown,
    /// It is about other certificates.
    OutOfScope,
    /// It is about some reasons, and the others stay open.
    ReasonsMissing,
    /// The certificate had expired before, and the list does not keep expired ones.
    NoLongerListed,
    /// Its signer's status would rest on itself.
    Circular,
    /// Too many pieces rest on one another.
    TooDeep,
    /// There is more of it than is looked at.
    TooMuch,
    /// The responder does not know the certificate.
    ResponderDoesNotKnow,
    /// The responder contradicts itself.
    Contradiction,
}

impl Status {
    pub(super) fn fault(&self, rules: &Rules) -> Option<Fault> {
        match self {
            Status::Revoked { at, reason, .. } => Some(Fault::Revoked { at: *at, reason: *reason }),
            Status::Unknown(why) if rules.revocation == Revocation::Required => {
                Some(Fault::RevocationUnknown(why.clone()))
            }
            _ => None,
        }
    }

    /// Which of several statuses counts: a revocation for good whatever else is said; of a suspension and its
    /// end the newer; what is not known least.
    fn rank(&self) -> Option<(bool, Instant, bool)> {
        match self {
            Status::Revoked { reason, source, .. } => {
                Some((*reason != Some(Reason::CertificateHold), source.true_at(), true))
            }
            Status::Good { source, .. } => Some((false, source.true_at(), false)),
            Status::Unknown(_) | Status::NotAsked => None,
        }
    }

    fn is_good(&self) -> bool {
        matches!(self, Status::Good { .. } | Status::NotAsked)
    }
}

/// Which questions are open, so that none is asked inside itself.
#[derive(Default)]
pub(super) struct Walk {
    open: RefCell<Vec<Certificate>>,
    asked: Cell<usize>,
}

/// A path and what it is judged with.
pub(super) struct Context<'a> {
    pub path: &'a [Certificate],
    pub anchor: &'a Anchor,
    pub material: &'a Material,
    pub rules: &'a Rules,
    pub walk: &'a Walk,
}

impl Context<'_> {
    /// The status of the certificate at this position.
    pub(super) fn status(&self, n: usize) -> Status {
        let certificate = &self.path[n];
        let said = certificate.extensions();
        let is_responder =
            said.ext_key_usage.as_ref().is_some_and(|list| list.contains(&crate::oid::OCSP_SIGNING));
        if said.ocsp_no_check && is_responder {
            return Status::NotAsked;
        }
        let depth = self.walk.open.borrow().len();
        if self.walk.open.borrow().contains(certificate) {
            return Status::Unknown(vec![EvidenceProblem::Circular]);
        }
        self.walk.asked.set(self.walk.asked.get() + 1);
        if depth >= DEPTH_MAX || self.walk.asked.get() > QUESTIONS_MAX {
            return Status::Unknown(vec![EvidenceProblem::TooDeep]);
        }
        self.walk.open.borrow_mut().push(certificate.clone());
        let status = match (self.by_answers(n), self.by_lists(n)) {
            (Status::Unknown(answers), Status::Unknown(lists)) => Status::Unknown(both(lists, answers)),
            (answered, listed) if answered.rank() >= listed.rank() => answered,
            (_, listed) => listed,
        };
        self.walk.open.borrow_mut().pop();
        status
    }

    fn issuer(&self, n: usize) -> (&Name, &PublicKey) {
        match n.checked_sub(1).map(|above| &self.path[above]) {
            Some(above) => (above.subject(), above.public_key()),
            None => (&self.anchor.name, &self.anchor.key),
        }
    }

    fn checks(&self) -> &super::effort::Checks {
        &self.material.checks
    }

    fn until(&self) -> Instant {
        self.rules.evidence_until.unwrap_or(self.rules.at).plus_minutes(crate::SKEW_MINUTES)
    }

    fn judge_entry(&self, entry: Option<Entry>, source: Source) -> Status {
        match entry {
            Some(entry) if entry.revoked_at <= self.rules.at => Status::Revoked {
                at: entry.revoked_at,
                reason: entry.reason,
                invalid_since: entry.invalid_since,
                source,
            },
            later => Status::Good {
                source,
                revoked_later: later.as_ref().map(|entry| entry.revoked_at),
                unfit_since: later.and_then(|entry| entry.invalid_since),
            },
        }
    }

    // ---- lists ----

    fn by_lists(&self, n: usize) -> Status {
        let certificate = &self.path[n];
        let own_name = PointName::Full(vec![GeneralName::Directory(certificate.issuer().clone())]);
        let implicit = DistributionPoint { name: Some(own_name), ..DistributionPoint::default() };
        let points = certificate.extensions().crl_points.as_deref().unwrap_or_default();
        let (mut covered, mut problems, mut good) = (Reasons::NONE, Vec::new(), None);
        for point in points.iter().chain([&implicit]) {
            let lists = self.lists_of(point, certificate);
            if !self.checks().take(0, (lists.len() * build::LOOK_BYTES) as u64) {
                return Status::Unknown(vec![EvidenceProblem::TooMuch]);
            }
            for crl in lists {
                if covered == Reasons::ALL {
                    break;
                }
                match self.apply(crl, point, n, &mut covered) {
                    Ok(Some(status @ Status::Revoked { .. })) => return status,
                    Ok(Some(status)) => good = Some(status),
                    Ok(None) => {}
                    Err(problem) if problems.contains(&problem) => {}
                    Err(problem) => problems.push(problem),
                }
            }
        }
        match good {
            Some(status) if covered == Reasons::ALL => status,
            Some(_) => Status::Unknown(vec![EvidenceProblem::ReasonsMissing]),
            None if problems.is_empty() => Status::Unknown(vec![EvidenceProblem::None]),
            None => Status::Unknown(problems),
        }
    }

    /// Complete lists a point may mean, newest first.
    fn lists_of(&self, point: &DistributionPoint, certificate: &Certificate) -> Vec<&Crl> {
        let mut lists: Vec<&Crl> = Vec::new();
        for name in &point.crl_issuer {
            if let GeneralName::Directory(name) = name {
                lists.extend(self.material.crls_of(name));
            }
        }
        if point.crl_issuer.is_empty() {
            lists.extend(self.material.crls_of(certificate.issuer()));
        }
        lists.retain(|crl| crl.delta_base().is_none());
        lists.sort_by_key(|crl| std::cmp::Reverse(crl.this_update()));
        lists
    }

    /// §6.3.3 (b) to (l) for one list; `None` when it adds no reasons.
    fn apply(
        &self,
        crl: &Crl,
        point: &DistributionPoint,
        n: usize,
        covered: &mut Reasons,
    ) -> Result<Option<Status>, EvidenceProblem> {
        let certificate = &self.path[n];
        if !is_about(crl, point, certificate) {
            return Err(EvidenceProblem::OutOfScope);
        }
        let own = crl.scope().and_then(|scope| scope.reasons).unwrap_or(Reasons::ALL).0;
        let interim = own & point.reasons.unwrap_or(Reasons::ALL).0 & Reasons::ALL.0;
        if interim & !covered.0 == 0 {
            return Ok(None);
        }
        self.believe(crl, n)?;
        let delta = self.delta_of(crl, n);
        let find = |list: &Crl| {
            let found = self.checks().find(list, certificate.issuer(), certificate.serial());
            found.map_err(|()| EvidenceProblem::TooMuch)
        };
        let (entry, source) = match delta {
            Some(delta) => match find(delta)? {
                Some(entry) if entry.reason == Some(Reason::RemoveFromCrl) => (None, delta),
                Some(entry) => (Some(entry), delta),
                None => (find(crl)?, delta),
            },
            None => (find(crl)?, crl),
        };
        let expired = certificate.validity().not_after < source.this_update();
        if entry.is_none() && expired && !source.keeps_expired() {
            return Err(EvidenceProblem::NoLongerListed);
        }
        covered.0 |= interim;
        let source = match delta {
            Some(delta) => Source::DeltaCrl(delta.this_update()),
            None => Source::Crl(crl.this_update()),
        };
        Ok(Some(self.judge_entry(entry, source)))
    }

    /// A list that may be used now: understood, of its time, and signed by somebody who may.
    fn believe(&self, crl: &Crl, n: usize) -> Result<(), EvidenceProblem> {
        if crl.has_unknown_critical() {
            return Err(EvidenceProblem::CriticalUnknown);
        }
        if crl.this_update() > self.until() {
            return Err(EvidenceProblem::TooNew);
        }
        if crl.next_update().is_none_or(|next| next <= self.rules.at) {
            return Err(EvidenceProblem::Stale);
        }
        self.signer_of(crl, n)
    }

    /// §6.3.3 (f), (g): somebody of the list's name signed it, may sign lists, and hangs on our anchor.
    fn signer_of(&self, crl: &Crl, n: usize) -> Result<(), EvidenceProblem> {
        let mut problem = EvidenceProblem::Signature;
        for above in self.path[..n].iter().rev().filter(|above| above.subject() == crl.issuer()) {
            if self.checks().list(crl, above.public_key()).is_err() {
                continue;
            }
            if may_sign_lists(above) {
                return Ok(());
            }
            problem = EvidenceProblem::SignerMayNot;
        }
        let by_anchor =
            self.anchor.name == *crl.issuer() && self.checks().list(crl, &self.anchor.key).is_ok();
        if by_anchor && self.anchor.certificate.as_ref().is_none_or(may_sign_lists) {
            return Ok(());
        }
        for other in self.material.certificates_of(crl.issuer()) {
            if self.path[..n].contains(other) || self.checks().list(crl, other.public_key()).is_err() {
                continue;
            }
            if !may_sign_lists(other) {
                problem = EvidenceProblem::SignerMayNot;
                continue;
            }
            // A list signer whose certificate points to its own list: the rest of its path is judged around
            // this question, and who certified it chose to believe it about itself.
            if self.path.get(n) == Some(other) {
                return Ok(());
            }
            if self.walk.open.borrow().contains(other) {
                problem = EvidenceProblem::Circular;
                continue;
            }
            let rules = Rules {
                purpose: Purpose::Any,
                policies: Vec::new(),
                explicit_policy: false,
                ..self.rules.clone()
            };
            let anchors = std::slice::from_ref(self.anchor);
            let report = build::search(other, anchors, self.material, &rules, self.walk);
            if report.is_valid() {
                return Ok(());
            }
            problem = EvidenceProblem::SignerUntrusted;
        }
        Err(problem)
    }

    /// §6.3.3 (c): the newest usable delta to this list.
    fn delta_of(&self, crl: &Crl, n: usize) -> Option<&Crl> {
        let mut deltas: Vec<&Crl> = self.material.crls_of(crl.issuer()).iter().collect();
        deltas.retain(|delta| is_delta_to(delta, crl));
        deltas.sort_by_key(|delta| std::cmp::Reverse(delta.this_update()));
        deltas.into_iter().find(|delta| self.believe(delta, n).is_ok())
    }

    // ---- answers ----

    fn by_answers(&self, n: usize) -> Status {
        let certificate = &self.path[n];
        let (name, key) = self.issuer(n);
        let (mut problems, mut best) = (Vec::new(), None::<Status>);
        for response in self.material.answers() {
            if !self.checks().take(0, (response.singles.len() * build::LOOK_BYTES) as u64) {
                return Status::Unknown(vec![EvidenceProblem::TooMuch]);
            }
            let single = match response.find(certificate.serial(), name, key) {
                Ok(Some(single)) => single,
                Ok(None) => continue,
                Err(_) => {
                    problems.push(EvidenceProblem::Contradiction);
                    continue;
                }
            };
            if let Err(problem) = self.believe_answer(response, single, n) {
                problems.push(problem);
                continue;
            }
            let source = Source::Ocsp(single.this_update);
            let ended = certificate.validity().not_after;
            let status = match single.status {
                ocsp::CertStatus::Unknown => {
                    problems.push(EvidenceProblem::ResponderDoesNotKnow);
                    continue;
                }
                // RFC 6960 §4.4.4: of what had ended by then only somebody speaks who says so.
                ocsp::CertStatus::Good
                    if ended < single.this_update
                        && single.archive_cutoff.is_none_or(|cutoff| ended < cutoff) =>
                {
                    problems.push(EvidenceProblem::NoLongerListed);
                    continue;
                }
                ocsp::CertStatus::Good => Status::Good { source, revoked_later: None, unfit_since: None },
                ocsp::CertStatus::Revoked { at, reason } if at <= self.rules.at => {
                    Status::Revoked { at, reason, invalid_since: single.invalid_since, source }
                }
                ocsp::CertStatus::Revoked { at, .. } => {
                    Status::Good { source, revoked_later: Some(at), unfit_since: single.invalid_since }
                }
            };
            if best.as_ref().is_none_or(|best| best.rank() < status.rank()) {
                best = Some(status);
            }
        }
        best.unwrap_or(Status::Unknown(problems))
    }

    fn believe_answer(
        &self,
        response: &ocsp::Response,
        single: &ocsp::Single,
        n: usize,
    ) -> Result<(), EvidenceProblem> {
        if single.unknown_critical {
            return Err(EvidenceProblem::CriticalUnknown);
        }
        if single.this_update > self.until() || response.produced_at > self.until() {
            return Err(EvidenceProblem::TooNew);
        }
        if !single.counts_at(self.rules.at) {
            return Err(EvidenceProblem::Stale);
        }
        let (name, key) = self.issuer(n);
        let tries = 1 + response.certificates.len() as u64;
        if !self.checks().take(tries, response.der.len() as u64 * tries) {
            return Err(EvidenceProblem::TooMuch);
        }
        // Whoever answered had to be allowed to when the answer was made, whatever instant is asked about.
        match response.signer(name, key, response.produced_at) {
            Ok(None) => Ok(()),
            Ok(Some(responder)) => {
                // Issued by the same issuer: its status is asked for like its sibling's.
                let mut path = self.path[..n].to_vec();
                path.push(responder.clone());
                let until = self.rules.evidence_until.unwrap_or(self.rules.at).max(response.produced_at);
                let rules =
                    Rules { at: response.produced_at, evidence_until: Some(until), ..self.rules.clone() };
                let sibling = Context { path: &path, rules: &rules, ..*self };
                if sibling.status(n).is_good() { Ok(()) } else { Err(EvidenceProblem::SignerUntrusted) }
            }
            Err(ocsp::SignerProblem::Signature) => Err(EvidenceProblem::Signature),
            Err(ocsp::SignerProblem::NotAuthorised) => Err(EvidenceProblem::SignerMayNot),
        }
    }
}

fn both(mut lists: Vec<EvidenceProblem>, answers: Vec<EvidenceProblem>) -> Vec<EvidenceProblem> {
    if !answers.is_empty() {
        lists.retain(|problem| *problem != EvidenceProblem::None);
    }
    lists.extend(answers);
    if lists.is_empty() {
        lists.push(EvidenceProblem::None);
    }
    lists
}

fn may_sign_lists(certificate: &Certificate) -> bool {
    certificate.extensions().key_usage.is_none_or(|usage| usage.allows(KeyUsage::CRL_SIGN))
}

/// §6.3.3 (b): the list speaks of this certificate at this point.
fn is_about(crl: &Crl, point: &DistributionPoint, certificate: &Certificate) -> bool {
    let everything = Scope::default();
    let scope = crl.scope().unwrap_or(&everything);
    let by_other = !point.crl_issuer.is_empty();
    let issuer_fits = if by_other {
        let is_named =
            |name: &GeneralName| matches!(name, GeneralName::Directory(own) if own == crl.issuer());
        scope.indirect && point.crl_issuer.iter().any(is_named)
    } else {
        crl.issuer() == certificate.issuer()
    };
    let kind_fits = match certificate.is_ca() {
        true => !scope.only_user,
        false => !scope.only_ca,
    };
    let place_fits = match &scope.name {
        None => true,
        Some(own) => {
            let own = own.names(crl.issuer());
            let wanted = match &point.name {
                Some(name) => {
                    let under = if by_other { crl.issuer() } else { certificate.issuer() };
                    name.names(under)
                }
                None => point.crl_issuer.clone(),
            };
            own.iter().any(|name| wanted.contains(name))
        }
    };
    issuer_fits && kind_fits && place_fits && !scope.only_attribute
}

/// §6.3.3 (c) and §5.2.4: same issuer, scope and key; made on this list's number or an older one, and newer.
fn is_delta_to(delta: &Crl, crl: &Crl) -> bool {
    let (Some(base), Some(number)) = (delta.delta_base(), crl.number()) else { return false };
    let scope = |list: &Crl| list.scope().map(|scope| scope.raw.clone());
    let key = |list: &Crl| list.authority_key_id().cloned();
    scope(delta) == scope(crl)
        && key(delta) == key(crl)
        && is_at_most(base, number)
        && delta.number().is_some_and(|own| is_at_most(number, own))
}

/// Compares contents of non-negative INTEGERs.
fn is_at_most(a: &[u8], b: &[u8]) -> bool {
    (a.len(), a) <= (b.len(), b)
}
