//! When a document gets its next archive time-stamp, with which digest, and what a record's is over. Pure.

use base::{Day, Instant};
use pki::Certificate;
use pki::key::{Digest, PublicKind};
use pki::tsp::Token;

use crate::validation::policy;

/// What a kept document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A signed PDF file: its time-stamps are document time-stamps in it (PAdES B-LTA).
    Pdf,
    /// A signed message with its content in it: its time-stamps are in it (CAdES B-LTA).
    Message,
    /// Anything else, and messages without their content: its time-stamps stand beside it.
    Record,
}

impl Kind {
    /// All.
    pub const ALL: [Kind; 3] = [Kind::Pdf, Kind::Message, Kind::Record];

    /// The word in rows.
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Pdf => "pdf",
            Kind::Message => "message",
            Kind::Record => "record",
        }
    }

    /// The kind of this word.
    pub fn of(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// Why a document got no time-stamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Its bytes are not there any more, or are not what they were.
    Lost,
    /// It cannot be read as what it was handed over as.
    Unreadable,
    /// There is no signature in it that a time-stamp would keep.
    NoSignature,
    /// The authority gave no time-stamp.
    NoStamp(String),
    /// It gave one that lapses too soon to be of use.
    ShortStamp,
}

impl Fault {
    /// The word in rows and word files.
    pub fn word(&self) -> &'static str {
        match self {
            Fault::Lost => "lost",
            Fault::Unreadable => "unreadable",
            Fault::NoSignature => "no_signature",
            Fault::NoStamp(_) => "no_stamp",
            Fault::ShortStamp => "short_stamp",
        }
    }
}

/// Until when an algorithm counts; `None` while no end is known.
fn ends(name: &str) -> Option<Instant> {
    let row = policy::rows().iter().find(|row| row.name == name)?;
    row.good_until.as_deref().and_then(|day| Day::parse(day).ok()).map(|day| day.at(0))
}

/// When a time-stamp by this certificate lapses: with the certificate, or with the first of its algorithms.
pub fn lapse(certificate: &Certificate, digests: &[Digest]) -> Instant {
    let key: PublicKind = certificate.public_key().kind();
    let names = digests.iter().map(|digest| policy::digest_name(*digest).to_string());
    let named = names.chain(std::iter::once(policy::key_name(key))).filter_map(|name| ends(&name));
    named.fold(certificate.validity().not_after, Instant::min)
}

/// When a token lapses; `None` when nobody at hand has signed it.
pub fn lapses(token: &Token) -> Option<Instant> {
    let signer = token.message.signers.first()?;
    let certificate = token.message.certificates.iter().find(|one| signer.id.is(one))?;
    let imprint = token.info.digest_id.digest();
    let digests: Vec<Digest> = [signer.digest(), imprint].into_iter().flatten().collect();
    Some(lapse(certificate, &digests))
}

/// The digest of the next time-stamp: the first that counts beyond `by`; the strongest when none is known to.
pub fn digest(by: Instant) -> Digest {
    let all = [Digest::Sha256, Digest::Sha384, Digest::Sha512];
    let counts = |digest: &Digest| ends(policy::digest_name(*digest)).is_none_or(|end| end > by);
    all.into_iter().find(counts).unwrap_or(Digest::Sha512)
}

/// What the next token of a record is over, given those before it: the hash of the content alone for the
/// first; then the hash of the content's and of each token's hash, one after the other. Everything is hashed
/// anew with the new digest, so that the chain outlives the old one.
pub fn imprint(content: &[u8], tokens: &[Vec<u8>], digest: Digest) -> Vec<u8> {
    let first = digest.of(content);
    if tokens.is_empty() {
        return first;
    }
    let mut hashes = first;
    tokens.iter().for_each(|token| hashes.extend(digest.of(token)));
    digest.of(&hashes)
}

/// When a document is looked at again: so many days before its time-stamp lapses, and not before tomorrow.
pub fn next(lapses_at: Instant, lead_days: i64, now: Instant) -> Instant {
    lapses_at.plus_days(-lead_days).max(now.plus_days(1))
}

/// When to try again after so many failures in a row: an hour, two, four … at most a day.
pub fn after_failure(now: Instant, failures: i64) -> Instant {
    let doublings = failures.saturating_sub(1).clamp(0, 5);
    now.plus_minutes((60_i64 << doublings).min(24 * 60))
}
