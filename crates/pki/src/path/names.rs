//! Name constraints (RFC 5280 §4.2.1.10), and whether a certificate carries a name.

use super::Fault;
use crate::cert::{Certificate, NameConstraints, Subtree};
use crate::name::{GeneralName, Name};
use crate::oid;
use std::mem::discriminant;

/// How many comparisons of names one path may cost.
const COMPARISONS_MAX: usize = 250_000;

/// What may be named below.
#[derive(Default)]
pub(super) struct Constraints {
    /// A name of a kind that a set speaks of must lie under one of its subtrees, in every set.
    permitted: Vec<Vec<Subtree>>,
    excluded: Vec<Subtree>,
    compared: usize,
}

impl Constraints {
    pub(super) fn add(&mut self, said: &NameConstraints) {
        if !said.permitted.is_empty() {
            self.permitted.push(said.permitted.clone());
        }
        self.excluded.extend(said.excluded.iter().cloned());
    }

    pub(super) fn check(&mut self, certificate: &Certificate, faults: &mut Vec<Fault>) {
        if self.permitted.is_empty() && self.excluded.is_empty() {
            return;
        }
        let names = names(certificate);
        let subtrees = self.excluded.len() + self.permitted.iter().map(Vec::len).sum::<usize>();
        self.compared = self.compared.saturating_add(names.len().saturating_mul(subtrees));
        if self.compared > COMPARISONS_MAX {
            faults.push(Fault::TooManyNames);
            return;
        }
        for name in &names {
            if self
                .excluded
                .iter()
                .any(|tree| discriminant(tree) == discriminant(name) && !is_outside(name, tree))
            {
                faults.push(Fault::NameExcluded(name.clone()));
                return;
            }
            for set in &self.permitted {
                let mut same_kind =
                    set.iter().filter(|tree| discriminant(*tree) == discriminant(name)).peekable();
                if same_kind.peek().is_some() && !same_kind.any(|tree| is_inside(name, tree)) {
                    faults.push(Fault::NameNotPermitted(name.clone()));
                    return;
                }
            }
        }
    }
}

/// The names that constraints are about: the subject, its alternative names, and a mail address in the
/// subject of a certificate without alternative names.
fn names(certificate: &Certificate) -> Vec<GeneralName> {
    let alternatives = &certificate.extensions().subject_alt_names;
    let mut names = alternatives.clone();
    if !certificate.subject().is_empty() {
        names.push(GeneralName::Directory(certificate.subject().clone()));
    }
    if alternatives.is_empty() {
        let mails = certificate.subject().texts(oid::EMAIL_ADDRESS);
        names.extend(mails.map(|mail| GeneralName::Email(mail.to_string())));
    }
    names
}

/// Lies under the subtree; what cannot be compared does not.
fn is_inside(name: &GeneralName, tree: &Subtree) -> bool {
    is_under(name, tree) == Some(true)
}

/// Surely does not lie under the subtree; what cannot be compared might.
fn is_outside(name: &GeneralName, tree: &Subtree) -> bool {
    is_under(name, tree) == Some(false)
}

/// `None` when this kind of name cannot be compared.
fn is_under(name: &GeneralName, tree: &Subtree) -> Option<bool> {
    match (name, tree) {
        (GeneralName::Directory(name), GeneralName::Directory(top)) => Some(is_directory_under(name, top)),
        (GeneralName::Dns(name), GeneralName::Dns(top)) => Some(is_domain_under(name, top)),
        (GeneralName::Email(name), GeneralName::Email(top)) => Some(is_mail_under(name, top)),
        (GeneralName::Uri(uri), GeneralName::Uri(top)) => Some(is_host_under(host(uri)?, top)),
        (GeneralName::Ip(address), GeneralName::Ip(net)) => is_address_in(address, net),
        _ => None,
    }
}

fn is_directory_under(name: &Name, top: &Name) -> bool {
    name.is_under(top)
}

fn is_domain_under(name: &str, top: &str) -> bool {
    let top = top.strip_prefix('.').unwrap_or(top);
    if top.is_empty() || name.eq_ignore_ascii_case(top) {
        return true;
    }
    ends_with_label(name, top)
}

/// `name` is `….top`, cut at a dot.
fn ends_with_label(name: &str, top: &str) -> bool {
    let Some(at) = name.len().checked_sub(top.len()) else { return false };
    at > 0
        && name.is_char_boundary(at)
        && name[at..].eq_ignore_ascii_case(top)
        && name.as_bytes()[at - 1] == b'.'
}

fn is_mail_under(name: &str, top: &str) -> bool {
    let Some((mailbox, host)) = name.rsplit_once('@') else { return false };
    match top.rsplit_once('@') {
        // One mailbox: the part before the @ is compared as it stands.
        Some((top_mailbox, top_host)) => mailbox == top_mailbox && host.eq_ignore_ascii_case(top_host),
        None => is_host_under(host, top),
    }
}

/// `.top` is everything under it and not itself; `top` is the one host.
fn is_host_under(host: &str, top: &str) -> bool {
    match top.strip_prefix('.') {
        Some(top) => ends_with_label(host, top),
        None => host.eq_ignore_ascii_case(top),
    }
}

/// The host of a URI with an authority; an address in brackets or numbers is no host name.
fn host(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if host.starts_with('[') {
        return None;
    }
    let host = host.split(':').next()?;
    let is_number = host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    (!host.is_empty() && !is_number).then_some(host)
}

fn is_address_in(address: &[u8], net: &[u8]) -> Option<bool> {
    if net.len() != 8 && net.len() != 32 || address.len() != 4 && address.len() != 16 {
        return None;
    }
    let (base, mask) = net.split_at(net.len() / 2);
    if base.len() != address.len() {
        return Some(false);
    }
    Some(address.iter().zip(base).zip(mask).all(|((a, b), m)| a & m == b & m))
}

/// The certificate is for this host: an alternative DNS name, `*` standing for one whole first label.
pub(super) fn is_host(certificate: &Certificate, host: &str) -> bool {
    certificate.extensions().subject_alt_names.iter().any(|name| match name {
        GeneralName::Dns(own) => match own.strip_prefix("*.") {
            Some(rest) => host
                .split_once('.')
                .is_some_and(|(first, tail)| !first.is_empty() && tail.eq_ignore_ascii_case(rest)),
            None => own.eq_ignore_ascii_case(host),
        },
        GeneralName::Ip(own) => host.parse::<std::net::IpAddr>().is_ok_and(|address| match address {
            std::net::IpAddr::V4(v4) => own == &v4.octets(),
            std::net::IpAddr::V6(v6) => own == &v6.octets(),
        }),
        _ => false,
    })
}

/// The certificate is for this mail address: an alternative name, or in an old one the subject's.
pub(super) fn is_mailbox(certificate: &Certificate, address: &str) -> bool {
    let same = |own: &str| match (own.rsplit_once('@'), address.rsplit_once('@')) {
        (Some((box1, host1)), Some((box2, host2))) => box1 == box2 && host1.eq_ignore_ascii_case(host2),
        _ => false,
    };
    let names = names(certificate);
    names.iter().any(|name| matches!(name, GeneralName::Email(own) if same(own)))
}
