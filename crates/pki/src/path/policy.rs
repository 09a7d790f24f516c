//! Certificate policies: the valid policy graph of RFC 9618, which says what RFC 5280's tree says without
//! growing beyond the number of policies.

use super::{Fault, Policies, Rules};
use crate::cert::Certificate;
use crate::oid::{ANY_POLICY, Oid};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug)]
struct Node {
    expected: BTreeSet<Oid>,
    /// Policies of nodes one level up.
    parents: BTreeSet<Oid>,
}

type Level = BTreeMap<Oid, Node>;

/// The state of §6.1.2 that policies have.
pub(super) struct Graph {
    /// `None` is the empty graph.
    levels: Option<Vec<Level>>,
    explicit_policy: usize,
    policy_mapping: usize,
    inhibit_any_policy: usize,
}

impl Graph {
    pub(super) fn new(length: usize, rules: &Rules) -> Graph {
        let root = Node { expected: BTreeSet::from([ANY_POLICY]), parents: BTreeSet::new() };
        let unless = |set: bool| if set { 0 } else { length + 1 };
        Graph {
            levels: Some(vec![BTreeMap::from([(ANY_POLICY, root)])]),
            explicit_policy: unless(rules.explicit_policy),
            policy_mapping: unless(rules.inhibit_mapping),
            inhibit_any_policy: unless(rules.inhibit_any_policy),
        }
    }

    /// §6.1.3 (d) to (f).
    pub(super) fn take(
        &mut self,
        depth: usize,
        certificate: &Certificate,
        is_last: bool,
        faults: &mut Vec<Fault>,
    ) {
        match (&certificate.extensions().policies, &mut self.levels) {
            (Some(policies), Some(levels)) => {
                let any_counts = self.inhibit_any_policy > 0 || (!is_last && certificate.is_self_issued());
                let above = &levels[depth - 1];
                let mut level = Level::new();
                for policy in policies.iter().map(|policy| policy.oid).filter(|oid| *oid != ANY_POLICY) {
                    let mut parents = expecting(above, policy);
                    if parents.is_empty() && above.contains_key(&ANY_POLICY) {
                        parents.insert(ANY_POLICY);
                    }
                    if !parents.is_empty() {
                        level.insert(policy, Node { expected: BTreeSet::from([policy]), parents });
                    }
                }
                if any_counts && policies.iter().any(|policy| policy.oid == ANY_POLICY) {
                    let wanted: BTreeSet<Oid> =
                        above.values().flat_map(|node| node.expected.iter().copied()).collect();
                    for policy in wanted {
                        let parents = expecting(above, policy);
                        level.entry(policy).or_insert(Node { expected: BTreeSet::from([policy]), parents });
                    }
                }
                levels.push(level);
                self.prune();
            }
            _ => self.levels = None,
        }
        if self.explicit_policy == 0 && self.levels.is_none() {
            faults.push(Fault::NoPolicy);
        }
    }

    /// §6.1.4 (a), (b), (h) to (j).
    pub(super) fn prepare(&mut self, depth: usize, certificate: &Certificate, faults: &mut Vec<Fault>) {
        let said = certificate.extensions();
        if let Some(mappings) = &said.policy_mappings {
            if mappings.iter().any(|(from, to)| *from == ANY_POLICY || *to == ANY_POLICY) {
                faults.push(Fault::AnyPolicyMapped);
            }
            self.map(depth, mappings);
        }
        if !certificate.is_self_issued() {
            for count in [&mut self.explicit_policy, &mut self.policy_mapping, &mut self.inhibit_any_policy] {
                *count = count.saturating_sub(1);
            }
        }
        let least = |count: &mut usize, limit: Option<u32>| {
            if let Some(limit) = limit {
                *count = (*count).min(limit as usize);
            }
        };
        let constraints = said.policy_constraints.unwrap_or_default();
        least(&mut self.explicit_policy, constraints.require_explicit);
        least(&mut self.policy_mapping, constraints.inhibit_mapping);
        least(&mut self.inhibit_any_policy, said.inhibit_any_policy);
    }

    fn map(&mut self, depth: usize, mappings: &[(Oid, Oid)]) {
        let Some(levels) = &mut self.levels else { return };
        let level = &mut levels[depth];
        let mut targets: BTreeMap<Oid, BTreeSet<Oid>> = BTreeMap::new();
        for (from, to) in mappings {
            targets.entry(*from).or_default().insert(*to);
        }
        for (from, expected) in targets {
            if self.policy_mapping == 0 {
                level.remove(&from);
            } else if let Some(node) = level.get_mut(&from) {
                node.expected = expected;
            } else if level.contains_key(&ANY_POLICY) {
                level.insert(from, Node { expected, parents: BTreeSet::from([ANY_POLICY]) });
            }
        }
        self.prune();
    }

    /// Takes out nodes without children, level by level from the bottom; an empty graph is none.
    fn prune(&mut self) {
        let Some(levels) = &mut self.levels else { return };
        for depth in (0..levels.len().saturating_sub(1)).rev() {
            let used: BTreeSet<Oid> =
                levels[depth + 1].values().flat_map(|node| node.parents.iter().copied()).collect();
            levels[depth].retain(|policy, _| used.contains(policy));
        }
        if levels.iter().any(Level::is_empty) {
            self.levels = None;
        }
    }

    /// §6.1.5 (a), (b), (g): the policies the whole path is valid under.
    pub(super) fn wrap_up(
        &mut self,
        end: &Certificate,
        accepted: &[Oid],
        faults: &mut Vec<Fault>,
    ) -> Policies {
        self.explicit_policy = self.explicit_policy.saturating_sub(1);
        if end.extensions().policy_constraints.is_some_and(|said| said.require_explicit == Some(0)) {
            self.explicit_policy = 0;
        }
        let policies = self.under(accepted);
        let none = policies == Policies::These(Vec::new());
        if none && self.explicit_policy == 0 && !faults.contains(&Fault::NoPolicy) {
            faults.push(Fault::NoPolicy);
        }
        policies
    }

    fn under(&self, accepted: &[Oid]) -> Policies {
        let Some(levels) = &self.levels else { return Policies::These(Vec::new()) };
        // The policies as the first authority that named them understands them.
        let mut authority = BTreeSet::new();
        for level in &levels[1..] {
            let named = level
                .iter()
                .filter(|(policy, node)| **policy != ANY_POLICY && node.parents.contains(&ANY_POLICY));
            authority.extend(named.map(|(policy, _)| *policy));
        }
        let any = levels.last().is_some_and(|level| level.contains_key(&ANY_POLICY));
        let accepts_all = accepted.is_empty() || accepted.contains(&ANY_POLICY);
        match (accepts_all, any) {
            (true, true) => Policies::Any,
            (true, false) => Policies::These(authority.into_iter().collect()),
            (false, true) => Policies::These(accepted.to_vec()),
            (false, false) => {
                Policies::These(authority.into_iter().filter(|policy| accepted.contains(policy)).collect())
            }
        }
    }
}

fn expecting(level: &Level, policy: Oid) -> BTreeSet<Oid> {
    level.iter().filter(|(_, node)| node.expected.contains(&policy)).map(|(policy, _)| *policy).collect()
}
