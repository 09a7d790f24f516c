//! Looking for paths: from the end upwards, likely issuers first, wrong keys left out at once.

use super::revocation::Walk;
use super::{Anchor, Fault, Material, PATH_LEN_MAX, Policies, Problem, Report, Rules};
use crate::cert::Certificate;
use crate::key::BadSignature;

/// How many signatures one search checks.
const SIGNATURES_MAX: usize = 256;
/// How many whole paths one search judges.
const PATHS_MAX: usize = 32;
/// Looking at one certificate, list or answer among many costs about as much as hashing so many bytes.
pub(super) const LOOK_BYTES: usize = 128;

struct Search<'a> {
    anchors: &'a [Anchor],
    material: &'a Material,
    rules: &'a Rules,
    walk: &'a Walk,
    signatures: usize,
    paths: usize,
    /// The last issuer by name whose key was not the one.
    wrong_key: Option<BadSignature>,
    best: Option<Report>,
}

pub(super) fn search(
    target: &Certificate,
    anchors: &[Anchor],
    material: &Material,
    rules: &Rules,
    walk: &Walk,
) -> Report {
    let mut search =
        Search { anchors, material, rules, walk, signatures: 0, paths: 0, wrong_key: None, best: None };
    let mut upwards = vec![target.clone()];
    search.climb(&mut upwards);
    let ran_out = search.signatures >= SIGNATURES_MAX || search.paths >= PATHS_MAX;
    search.best.unwrap_or_else(|| {
        let fault = match search.wrong_key {
            Some(bad) => Fault::Signature(bad),
            None if ran_out => Fault::TooManyPaths,
            None => Fault::NoPath,
        };
        Report {
            path: vec![target.clone()],
            anchor: None,
            problems: vec![Problem { position: 0, fault }],
            statuses: Vec::new(),
            policies: Policies::These(Vec::new()),
        }
    })
}

impl Search<'_> {
    /// Extends the path by every issuer of its top; `true` when a path without problems was found.
    fn climb(&mut self, upwards: &mut Vec<Certificate>) -> bool {
        let Some(top) = upwards.last().cloned() else { return false };
        let (anchors, material) = (self.anchors, self.material);
        for (n, anchor) in anchors.iter().enumerate() {
            if anchor.name == *top.issuer() && self.is_key(&top, &anchor.key) && self.arrive(upwards, n) {
                return true;
            }
        }
        if upwards.len() >= PATH_LEN_MAX {
            return false;
        }
        let issuers = material.certificates_of(top.issuer());
        if !material.checks.take(0, (issuers.len() * LOOK_BYTES) as u64) {
            return false;
        }
        let mut issuers: Vec<&Certificate> = issuers.iter().collect();
        issuers.sort_by_key(|issuer| std::cmp::Reverse(likeness(&top, issuer, self.rules)));
        for issuer in issuers {
            let is_loop = upwards.iter().any(|below| {
                below.subject() == issuer.subject() && below.public_key() == issuer.public_key()
            });
            if is_loop || !self.is_key(&top, issuer.public_key()) {
                continue;
            }
            upwards.push(issuer.clone());
            let found = self.climb(upwards);
            upwards.pop();
            if found || self.paths >= PATHS_MAX {
                return found;
            }
        }
        false
    }

    fn is_key(&mut self, certificate: &Certificate, key: &crate::key::PublicKey) -> bool {
        if self.signatures >= SIGNATURES_MAX {
            return false;
        }
        self.signatures += 1;
        match self.material.checks.certificate(certificate, key) {
            Ok(()) => true,
            Err(bad) => {
                self.wrong_key = Some(bad);
                false
            }
        }
    }

    /// Judges a whole path and keeps it if it is the best so far.
    fn arrive(&mut self, upwards: &[Certificate], anchor: usize) -> bool {
        if self.paths >= PATHS_MAX {
            return false;
        }
        self.paths += 1;
        let path: Vec<Certificate> = upwards.iter().rev().cloned().collect();
        let mut report = super::judge(&path, &self.anchors[anchor], self.material, self.rules, self.walk);
        report.anchor = Some(anchor);
        let found = report.is_valid();
        let is_better = self.best.as_ref().is_none_or(|best| report.problems.len() < best.problems.len());
        if is_better {
            self.best = Some(report);
        }
        found
    }
}

/// How likely `issuer` issued `below`: its key's name, a date that holds, an authority.
fn likeness(below: &Certificate, issuer: &Certificate, rules: &Rules) -> u8 {
    let wanted = below.extensions().authority_key_id.as_ref().and_then(|id| id.key_id.as_ref());
    let key = match (wanted, &issuer.extensions().subject_key_id) {
        (Some(wanted), Some(own)) if wanted == own => 4,
        (Some(_), Some(_)) => 0,
        _ => 2,
    };
    key + u8::from(issuer.validity().holds(rules.at)) + u8::from(issuer.is_ca())
}
