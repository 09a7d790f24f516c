//! Path building and validation (RFC 5280 §6, policies by the graph of RFC 9618).
//!
//! [`validate`] looks for a path from a certificate to a trust anchor among the certificates at hand,
//! checks each it finds, and returns the first without problems, or the best with all of them. Everything
//! is bounded: so many signatures, paths and comparisons, whatever the input.

mod build;
mod effort;
mod names;
mod policy;
mod revocation;

pub use effort::Effort;
pub use revocation::{EvidenceProblem, Source, Status};

use crate::cert::{Certificate, Finding, KeyUsage};
use crate::crl::{Crl, Reason};
use crate::key::{BadSignature, PublicKey};
use crate::name::{GeneralName, Name};
use crate::ocsp;
use crate::oid::{self, Oid};
use base::Instant;
use std::collections::HashMap;

/// How many certificates a path may have, the anchor not counted.
pub const PATH_LEN_MAX: usize = 12;

/// Whom we trust: a name and its key.
#[derive(Clone, Debug)]
pub struct Anchor {
    /// The name that stands as issuer.
    pub name: Name,
    /// Its key.
    pub key: PublicKey,
    /// The certificate it came in. Its name constraints and path length bind, as RFC 5937 allows; its dates,
    /// policies and signature do not.
    pub certificate: Option<Certificate>,
}

impl From<Certificate> for Anchor {
    fn from(certificate: Certificate) -> Anchor {
        Anchor {
            name: certificate.subject().clone(),
            key: certificate.public_key().clone(),
            certificate: Some(certificate),
        }
    }
}

/// What there is to build and judge with.
#[derive(Clone, Debug, Default)]
pub struct Material {
    by_subject: HashMap<Name, Vec<Certificate>>,
    by_issuer: HashMap<Name, Vec<Crl>>,
    answers: Vec<ocsp::Response>,
    checks: effort::Checks,
}

impl Material {
    /// Nothing yet.
    pub fn new() -> Material {
        Material::default()
    }

    /// The same, with everything that is judged by it within this effort. Whoever asks looks afterwards
    /// whether it [sufficed](Effort::is_spent): what was not looked at counts as not known, or not proven.
    #[must_use]
    pub fn within(mut self, effort: std::sync::Arc<Effort>) -> Material {
        self.checks = effort::Checks::within(effort);
        self
    }

    /// Adds a certificate that may stand in a path.
    pub fn add_certificate(&mut self, certificate: Certificate) {
        let same = self.by_subject.entry(certificate.subject().clone()).or_default();
        if !same.contains(&certificate) {
            same.push(certificate);
        }
    }

    /// Adds a revocation list. Nothing is believed of it before its signature is checked.
    pub fn add_crl(&mut self, crl: Crl) {
        self.by_issuer.entry(crl.issuer().clone()).or_default().push(crl);
    }

    /// Adds an answer of a responder. Nothing is believed of it before its signature is checked.
    pub fn add_ocsp(&mut self, answer: ocsp::Response) {
        self.answers.push(answer);
    }

    /// Adds everything a signed message brings: certificates, lists and answers.
    pub fn add_message(&mut self, message: &crate::cms::SignedData) {
        message.certificates.iter().cloned().for_each(|certificate| self.add_certificate(certificate));
        message.crls.iter().cloned().for_each(|crl| self.add_crl(crl));
        message.answers.iter().cloned().for_each(|answer| self.add_ocsp(answer));
    }

    /// The certificates of this subject.
    pub fn certificates_of(&self, subject: &Name) -> &[Certificate] {
        self.by_subject.get(subject).map_or(&[], Vec::as_slice)
    }

    /// The lists of this issuer.
    pub fn crls_of(&self, issuer: &Name) -> &[Crl] {
        self.by_issuer.get(issuer).map_or(&[], Vec::as_slice)
    }

    /// All answers of responders.
    pub fn answers(&self) -> &[ocsp::Response] {
        &self.answers
    }
}

/// What the end of the path is to be used for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// Nothing in particular.
    #[default]
    Any,
    /// Signing documents: digitalSignature or nonRepudiation, and no extended usage that speaks against it.
    Document,
    /// Time-stamping: exactly that extended usage, critical.
    TimeStamping,
    /// Answering for the revocation of others.
    OcspSigning,
    /// A TLS server, under this DNS name.
    TlsServer(String),
    /// A TLS client.
    TlsClient,
    /// Signed mail, from this address.
    Email(String),
}

/// How much must be known about revocation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Revocation {
    /// Every certificate must be known not to be revoked.
    #[default]
    Required,
    /// A certificate that is known to be revoked is refused; one of which nothing is known is not.
    IfKnown,
    /// Not looked at.
    Off,
}

/// Under which terms a path is judged.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The instant it must hold at.
    pub at: Instant,
    /// Evidence of revocation made up to this instant counts; `None` is `at`. Later than `at` when a
    /// signature of the past is judged with what is known today.
    pub evidence_until: Option<Instant>,
    /// For what.
    pub purpose: Purpose,
    /// How much must be known about revocation.
    pub revocation: Revocation,
    /// Acceptable policies; empty is any.
    pub policies: Vec<Oid>,
    /// An acceptable policy is required from the start.
    pub explicit_policy: bool,
    /// Policies are not mapped.
    pub inhibit_mapping: bool,
    /// anyPolicy does not count.
    pub inhibit_any_policy: bool,
    /// SHA-1 is not a problem, only reported (old exchange messages).
    pub accept_sha1: bool,
    /// Whatever RFC 5280 forbids issuers is a problem, also where it leaves validators free
    /// ([`Certificate::findings`]).
    pub strict: bool,
}

impl Rules {
    /// The ordinary terms: any policy, revocation required, no SHA-1.
    pub fn at(at: Instant) -> Rules {
        Rules {
            at,
            evidence_until: None,
            purpose: Purpose::Any,
            revocation: Revocation::Required,
            policies: Vec::new(),
            explicit_policy: false,
            inhibit_mapping: false,
            inhibit_any_policy: false,
            accept_sha1: false,
            strict: false,
        }
    }

    /// The same terms for a purpose.
    pub fn for_purpose(mut self, purpose: Purpose) -> Rules {
        self.purpose = purpose;
        self
    }

    /// The same terms with less or more to be known about revocation.
    pub fn with_revocation(mut self, revocation: Revocation) -> Rules {
        self.revocation = revocation;
        self
    }
}

/// What is wrong with a path, or not known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// No path leads to a trust anchor.
    NoPath,
    /// More possibilities than are tried.
    TooManyPaths,
    /// The signature on the certificate.
    Signature(BadSignature),
    /// The signature on the certificate rests on SHA-1.
    Sha1,
    /// The certificate begins later.
    NotYetValid(Instant),
    /// The certificate has ended.
    Expired(Instant),
    /// The certificate was revoked.
    Revoked {
        /// From when on.
        at: Instant,
        /// Why, when said.
        reason: Option<Reason>,
    },
    /// It is not known whether the certificate is revoked.
    RevocationUnknown(Vec<EvidenceProblem>),
    /// The issuer is not the subject before it.
    NameChain,
    /// Issues, and is no authority.
    NotAuthority,
    /// More authorities follow than it allows.
    PathTooLong,
    /// Its key may not sign certificates.
    MayNotIssue,
    /// A critical extension we do not know.
    CriticalUnknown(Oid),
    /// An extension that cannot be read, stands twice, or in too old a version; anything else no good issuer
    /// writes under [`Rules::strict`].
    Finding(Finding),
    /// A name outside what an authority above may name.
    NameNotPermitted(GeneralName),
    /// A name an authority above must not name.
    NameExcluded(GeneralName),
    /// So many names and constraints that they are not compared.
    TooManyNames,
    /// No acceptable policy.
    NoPolicy,
    /// anyPolicy is mapped.
    AnyPolicyMapped,
    /// The key or the certificate is not for this purpose.
    WrongPurpose,
    /// The certificate does not carry the name asked for.
    WrongName,
}

impl Fault {
    /// Says that something is not known, rather than that something is wrong.
    pub fn is_doubt(&self) -> bool {
        matches!(self, Fault::NoPath | Fault::TooManyPaths | Fault::RevocationUnknown(_))
    }
}

/// A fault and the certificate it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Position in [`Report::path`].
    pub position: usize,
    /// What.
    pub fault: Fault,
}

/// The judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The path holds.
    Valid,
    /// It does not.
    Invalid,
    /// It cannot be known with what is at hand.
    Indeterminate,
}

/// The policies under which a path is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Policies {
    /// Whatever one likes.
    Any,
    /// These alone; none when empty.
    These(Vec<Oid>),
}

/// What was found about a path.
#[derive(Clone, Debug)]
pub struct Report {
    /// From the certificate the anchor issued down to the one that was asked about.
    pub path: Vec<Certificate>,
    /// The anchor's position in the list given, when a path reached one.
    pub anchor: Option<usize>,
    /// Everything that is wrong or not known.
    pub problems: Vec<Problem>,
    /// What is known of each certificate's revocation, in the path's order.
    pub statuses: Vec<Status>,
    /// The policies the path is valid under.
    pub policies: Policies,
}

impl Report {
    /// The judgement.
    pub fn verdict(&self) -> Verdict {
        if self.problems.is_empty() {
            Verdict::Valid
        } else if self.problems.iter().all(|problem| problem.fault.is_doubt()) {
            Verdict::Indeterminate
        } else {
            Verdict::Invalid
        }
    }

    /// No problems.
    pub fn is_valid(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Looks for a path from `target` to one of `anchors` and judges it.
pub fn validate(target: &Certificate, anchors: &[Anchor], material: &Material, rules: &Rules) -> Report {
    let walk = revocation::Walk::default();
    build::search(target, anchors, material, rules, &walk)
}

/// Judges a given path: from the certificate the anchor issued down to the end.
pub fn check(path: &[Certificate], anchor: &Anchor, material: &Material, rules: &Rules) -> Report {
    let walk = revocation::Walk::default();
    judge(path, anchor, material, rules, &walk)
}

/// RFC 5280 §6.1 for one path.
fn judge(
    path: &[Certificate],
    anchor: &Anchor,
    material: &Material,
    rules: &Rules,
    walk: &revocation::Walk,
) -> Report {
    let mut report = Report {
        path: path.to_vec(),
        anchor: None,
        problems: Vec::new(),
        statuses: Vec::new(),
        policies: Policies::These(Vec::new()),
    };
    let mut state = State::new(path.len(), anchor, rules);
    let mut issuer = (&anchor.name, &anchor.key);
    for (n, certificate) in path.iter().enumerate() {
        let is_last = n + 1 == path.len();
        let mut faults = Vec::new();
        state.basic(certificate, issuer, (rules, material), &mut faults);
        state.names(certificate, is_last, &mut faults);
        state.policies.take(n + 1, certificate, is_last, &mut faults);
        extensions(certificate, rules.strict, &mut faults);
        if is_last {
            report.policies = state.policies.wrap_up(certificate, &rules.policies, &mut faults);
            purpose(certificate, &rules.purpose, &mut faults);
        } else {
            state.prepare(n + 1, certificate, &mut faults);
        }
        report.problems.extend(faults.into_iter().map(|fault| Problem { position: n, fault }));
        issuer = (certificate.subject(), certificate.public_key());
    }
    if rules.revocation != Revocation::Off {
        let context = revocation::Context { path, anchor, material, rules, walk };
        for n in 0..path.len() {
            let status = context.status(n);
            report.problems.extend(status.fault(rules).map(|fault| Problem { position: n, fault }));
            report.statuses.push(status);
        }
    }
    report
}

/// The state variables of §6.1.2 that are not the policies'.
struct State {
    policies: policy::Graph,
    names: names::Constraints,
    max_path_len: usize,
}

impl State {
    fn new(length: usize, anchor: &Anchor, rules: &Rules) -> State {
        let said = anchor.certificate.as_ref().map(Certificate::extensions);
        let mut names = names::Constraints::default();
        if let Some(constraints) = said.and_then(|said| said.name_constraints.as_ref()) {
            names.add(constraints);
        }
        let own_limit = said.and_then(|said| said.basic_constraints).and_then(|basic| basic.path_len);
        let max_path_len = own_limit.map_or(length, |limit| length.min(limit as usize));
        State { policies: policy::Graph::new(length, rules), names, max_path_len }
    }

    /// §6.1.3 (a): signature, dates, names in a chain. Revocation comes afterwards.
    fn basic(
        &self,
        certificate: &Certificate,
        issuer: (&Name, &PublicKey),
        (rules, material): (&Rules, &Material),
        faults: &mut Vec<Fault>,
    ) {
        if let Err(bad) = material.checks.certificate(certificate, issuer.1) {
            faults.push(Fault::Signature(bad));
        } else if certificate.algorithm().is_some_and(|a| a.is_legacy()) && !rules.accept_sha1 {
            faults.push(Fault::Sha1);
        }
        let validity = certificate.validity();
        if rules.at < validity.not_before {
            faults.push(Fault::NotYetValid(validity.not_before));
        } else if !validity.holds(rules.at) {
            faults.push(Fault::Expired(validity.not_after));
        }
        if certificate.issuer() != issuer.0 {
            faults.push(Fault::NameChain);
        }
    }

    /// §6.1.3 (b), (c).
    fn names(&mut self, certificate: &Certificate, is_last: bool, faults: &mut Vec<Fault>) {
        if !certificate.is_self_issued() || is_last {
            self.names.check(certificate, faults);
        }
    }

    /// §6.1.4: what the next certificate is judged by.
    fn prepare(&mut self, depth: usize, certificate: &Certificate, faults: &mut Vec<Fault>) {
        let said = certificate.extensions();
        self.policies.prepare(depth, certificate, faults);
        if let Some(constraints) = &said.name_constraints {
            self.names.add(constraints);
        }
        if certificate.version() < 3 || !certificate.is_ca() {
            faults.push(Fault::NotAuthority);
        }
        if !certificate.is_self_issued() {
            match self.max_path_len.checked_sub(1) {
                Some(left) => self.max_path_len = left,
                None => faults.push(Fault::PathTooLong),
            }
        }
        if let Some(limit) = said.basic_constraints.and_then(|basic| basic.path_len) {
            self.max_path_len = self.max_path_len.min(limit as usize);
        }
        if said.key_usage.is_some_and(|usage| !usage.allows(KeyUsage::KEY_CERT_SIGN)) {
            faults.push(Fault::MayNotIssue);
        }
    }
}

/// Extensions that change meaning and are unknown, unreadable, twice, or too early.
pub(crate) fn extensions(certificate: &Certificate, strict: bool, faults: &mut Vec<Fault>) {
    for finding in certificate.findings() {
        match finding {
            Finding::CriticalUnknown(oid) => faults.push(Fault::CriticalUnknown(*oid)),
            Finding::ExtensionUnreadable(_)
            | Finding::ExtensionTwice(_)
            | Finding::OldVersionWithExtensions => {
                faults.push(Fault::Finding(*finding));
            }
            // Judged where the signature is.
            Finding::Sha1 | Finding::AlgorithmUnknown | Finding::KeyUnknown | Finding::KeyShort => {}
            other if strict => faults.push(Fault::Finding(*other)),
            _ => {}
        }
    }
}

pub(crate) fn purpose(certificate: &Certificate, purpose: &Purpose, faults: &mut Vec<Fault>) {
    let said = certificate.extensions();
    let signs = KeyUsage::DIGITAL_SIGNATURE.and(KeyUsage::NON_REPUDIATION);
    let key_may = |usage: KeyUsage| said.key_usage.is_none_or(|own| own.allows(usage));
    let says = |wanted: Oid| said.ext_key_usage.as_ref().is_some_and(|list| list.contains(&wanted));
    let may = |wanted: Oid| said.ext_key_usage.is_none() || says(wanted) || says(oid::ANY_EXTENDED_KEY_USAGE);
    let fits = match purpose {
        Purpose::Any => true,
        // An extended usage for one machine's job alone speaks against signing papers.
        Purpose::Document => {
            let only_machines = said.ext_key_usage.as_ref().is_some_and(|list| {
                let machines = [oid::SERVER_AUTH, oid::TIME_STAMPING, oid::OCSP_SIGNING];
                list.iter().all(|usage| machines.contains(usage))
            });
            key_may(signs) && !only_machines && !certificate.is_ca()
        }
        Purpose::TimeStamping => {
            let exactly = said.ext_key_usage.as_ref().is_some_and(|list| *list == [oid::TIME_STAMPING]);
            let critical = said.find(oid::EXT_KEY_USAGE).is_some_and(|extension| extension.critical);
            key_may(signs) && exactly && critical
        }
        Purpose::OcspSigning => key_may(signs) && says(oid::OCSP_SIGNING),
        Purpose::TlsServer(_) => may(oid::SERVER_AUTH),
        Purpose::TlsClient => key_may(KeyUsage::DIGITAL_SIGNATURE) && may(oid::CLIENT_AUTH),
        Purpose::Email(_) => key_may(signs) && may(oid::EMAIL_PROTECTION),
    };
    if !fits {
        faults.push(Fault::WrongPurpose);
    }
    let is_named = match purpose {
        Purpose::TlsServer(host) => names::is_host(certificate, host),
        Purpose::Email(address) => names::is_mailbox(certificate, address),
        _ => true,
    };
    if !is_named {
        faults.push(Fault::WrongName);
    }
}

#[cfg(test)]
mod tests;
