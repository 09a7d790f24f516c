//! Which addresses are asked, what is believed of what comes, what it means for a certificate of the
//! register, and when to ask again. Pure.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use base::Instant;
use pki::cert::KeyUsage;
use pki::crl::Reason;
use pki::{Certificate, Crl};

use crate::certificate::rules::State;

/// The word of a list in rows.
pub const LIST: &str = "list";
/// The word of an answer about one certificate.
pub const ANSWER: &str = "answer";
/// Addresses of one certificate that are taken.
pub const ADDRESSES_MAX: usize = 8;
/// The longest address, in bytes.
pub const ADDRESS_BYTES_MAX: usize = 500;

/// An address that a certificate names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// [`LIST`] or [`ANSWER`].
    pub kind: &'static str,
    /// With its scheme.
    pub address: String,
}

/// Where a certificate says that its revocation is told: over HTTP alone, the first few.
pub fn addresses(certificate: &Certificate) -> Vec<Address> {
    let says = certificate.extensions();
    let points = says.crl_points.iter().flatten();
    let lists = points.flat_map(|point| point.uris()).map(|uri| (LIST, uri));
    let answers = says.access.ocsp.iter().map(|uri| (ANSWER, uri.as_str()));
    let is_web = |uri: &str| {
        let lower = uri.to_ascii_lowercase();
        uri.len() <= ADDRESS_BYTES_MAX && (lower.starts_with("http://") || lower.starts_with("https://"))
    };
    let web = lists.chain(answers).filter(|(_, uri)| is_web(uri));
    web.take(ADDRESSES_MAX).map(|(kind, uri)| Address { kind, address: uri.to_string() }).collect()
}

/// Why nothing came that is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The address cannot be read.
    Address,
    /// It leads to a place that is not to be asked from here.
    Forbidden,
    /// Nobody answered in time.
    Silent,
    /// An HTTP status that is no answer.
    Status(u16),
    /// More bytes than are taken.
    TooBig,
    /// Not a list, or no answer that can be read.
    Unreadable,
    /// The responder refuses.
    Refused,
    /// The issuer's own certificate is not at hand.
    NoIssuer,
    /// Not signed by the issuer, or by nobody it has named.
    Signature,
    /// By somebody else, or only a part of a list.
    OtherList,
    /// It is overtaken, does not say until when it counts, or is of the future.
    NotOfNow,
    /// Older than what was kept.
    Older,
    /// It holds something critical that is unknown.
    CriticalUnknown,
}

impl Fault {
    /// The word in rows and word files; a status carries its number.
    pub fn word(&self) -> String {
        match self {
            Fault::Address => "address".into(),
            Fault::Forbidden => "forbidden".into(),
            Fault::Silent => "silent".into(),
            Fault::Status(status) => format!("status {status}"),
            Fault::TooBig => "too_big".into(),
            Fault::Unreadable => "unreadable".into(),
            Fault::Refused => "refused".into(),
            Fault::NoIssuer => "no_issuer".into(),
            Fault::Signature => "signature".into(),
            Fault::OtherList => "other_list".into(),
            Fault::NotOfNow => "not_of_now".into(),
            Fault::Older => "older".into(),
            Fault::CriticalUnknown => "critical_unknown".into(),
        }
    }
}

/// Whether a list may be believed: complete, of the issuer, signed by one of its keys that may sign lists, of
/// now, and not older than the one that is kept. Until when it counts.
pub fn believe(
    list: &Crl,
    issuers: &[Certificate],
    kept_true_at: Option<Instant>,
    now: Instant,
) -> Result<Instant, Fault> {
    if issuers.is_empty() {
        return Err(Fault::NoIssuer);
    }
    let is_part = list.scope().is_some_and(|scope| scope.indirect || scope.only_attribute);
    if is_part || list.delta_base().is_some() || !issuers.iter().any(|one| one.subject() == list.issuer()) {
        return Err(Fault::OtherList);
    }
    if list.has_unknown_critical() {
        return Err(Fault::CriticalUnknown);
    }
    let may_sign = |issuer: &&Certificate| {
        let usage = issuer.extensions().key_usage;
        issuer.is_ca() && usage.is_none_or(|usage| usage.allows(KeyUsage::CRL_SIGN))
    };
    let signs = |issuer: &Certificate| list.verify_with(issuer.public_key()).is_ok();
    if !issuers.iter().filter(may_sign).any(signs) {
        return Err(Fault::Signature);
    }
    if kept_true_at.is_some_and(|kept| list.this_update() < kept) {
        return Err(Fault::Older);
    }
    let until = list.next_update().filter(|until| *until > now);
    let begins = list.this_update() <= now.plus_minutes(pki::SKEW_MINUTES);
    until.filter(|_| begins).ok_or(Fault::NotOfNow)
}

/// What an issuer says of a revoked certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// From when on.
    pub at: Instant,
    /// Why, when said.
    pub reason: Option<Reason>,
    /// Since when it is known or suspected to have been unfit.
    pub invalid_since: Option<Instant>,
}

/// What the register says from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// Where the certificate stands now.
    pub to: State,
    /// Since when.
    pub at: Instant,
    /// The reason's number.
    pub reason: Option<i64>,
    /// Since when it is known or suspected to have been unfit.
    pub invalid_since: Option<Instant>,
}

/// What an issuer's word makes of a row in this state; `None` when nothing changes. What was revoked does not
/// come back. What a person suspended is resumed by a person; what this source suspended, by its silence.
pub fn told(state: &str, by_this_source: bool, said: Option<Said>, now: Instant) -> Option<Told> {
    let to = |to, said: Said| {
        let reason = said.reason.map(|reason| i64::from(reason.code()));
        Some(Told { to, at: said.at, reason, invalid_since: said.invalid_since })
    };
    match (state, said) {
        ("valid", Some(said)) if said.reason == Some(Reason::CertificateHold) => to(State::Suspended, said),
        ("suspended", Some(said)) if said.reason == Some(Reason::CertificateHold) => None,
        // Only a delta list takes somebody off, and none is asked for.
        (_, Some(said)) if said.reason == Some(Reason::RemoveFromCrl) => None,
        ("valid" | "suspended", Some(said)) => to(State::Revoked, said),
        ("suspended", None) if by_this_source => {
            Some(Told { to: State::Valid, at: now, reason: None, invalid_since: None })
        }
        _ => None,
    }
}

/// Hours between two questions at most, however long a list counts: an issuer in need publishes early.
const HOURS_MAX: i64 = 6;
/// Minutes between two questions at least.
const MINUTES_MIN: i64 = 10;

/// When to ask again after something came that counts until then: halfway, within the limits.
pub fn after_success(now: Instant, until: Instant) -> Instant {
    let half = now.plus_seconds((until.micros() - now.micros()) / 2_000_000);
    half.clamp(now.plus_minutes(MINUTES_MIN), now.plus_minutes(HOURS_MAX * 60))
}

/// When to ask again after so many failures in a row: five minutes, ten, twenty … at most six hours.
pub fn after_failure(now: Instant, failures: i64) -> Instant {
    let doublings = failures.saturating_sub(1).clamp(0, 10);
    now.plus_minutes((5_i64 << doublings).min(HOURS_MAX * 60))
}

/// Whether an address is one of the open Internet: not of this machine, of a private network, or of a range
/// that is kept for something else (IANA's special-purpose registries).
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let kept = matches!(
        (a, b, c),
        (0 | 10 | 127, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
            | (224..=255, _, _)
    );
    !kept
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let s = address.segments();
    // Only what is given out of 2000::/3, without those parts that lead elsewhere: Teredo, documentation,
    // 6to4.
    let given_out = s[0] & 0xe000 == 0x2000;
    let elsewhere = (s[0] == 0x2001 && s[1] < 0x0200)
        || (s[0] == 0x2001 && s[1] == 0x0db8)
        || s[0] == 0x2002
        || (s[0] == 0x3fff && s[1] < 0x1000);
    given_out && !elsewhere
}
