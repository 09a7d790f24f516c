//! The life of an authorisation: who may let sign what, how often and for how long. Nothing here knows a
//! clock, a database or a request.

use pki::Digest;
use pki::SignatureAlgorithm;
use pki::key::{AlgorithmId, Curve, PublicKind};
use pki::oid::{self, Oid};

/// Hashes under one PIN.
pub const HASHES_MAX: usize = 500;
/// How long an authorisation may be used after the PIN was given, in seconds. Ours: the protocol leaves it to
/// the service, and long enough for a batch is enough.
pub const LIFE_SECONDS: i64 = 300;
/// How long a program waits for the owner's PIN on the page, in minutes.
pub const WAIT_MINUTES: i64 = 15;
/// Authorisations of one official that wait at a time.
pub const WAITING_MAX: i64 = 20;
/// How long the list of what was authorised is kept, in days. The audit book keeps it for good.
pub const KEPT_DAYS: i64 = 90;
/// How long a description may be, in characters (the protocol's own limit).
pub const DESCRIPTION_CHARS_MAX: usize = 500;
/// How long the name of one document may be, in characters.
pub const LABEL_CHARS_MAX: usize = 200;

/// Where an authorisation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits for the owner's PIN.
    Asked,
    /// The PIN was given, and nothing is signed yet.
    Granted,
    /// Its signatures were made: it makes no others.
    Spent,
    /// The owner said no, or took it back.
    Refused,
    /// Nobody used it in time.
    Lapsed,
}

impl State {
    /// By the word in data, at a time.
    pub fn of(word: &str, is_over: bool) -> State {
        match (word, is_over) {
            ("spent", _) => State::Spent,
            ("refused", _) => State::Refused,
            (_, true) => State::Lapsed,
            ("granted", false) => State::Granted,
            _ => State::Asked,
        }
    }

    /// The word, in data and in the words for people.
    pub fn word(self) -> &'static str {
        match self {
            State::Asked => "asked",
            State::Granted => "granted",
            State::Spent => "spent",
            State::Refused => "refused",
            State::Lapsed => "lapsed",
        }
    }
}

/// What happens to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The owner gives the PIN.
    Grant,
    /// The owner says no.
    Refuse,
    /// The program has its hashes signed.
    Spend,
}

/// There is no such step from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAllowed(pub State, pub Step);

/// The state after a step. A pair that is not here is not allowed.
pub fn after(state: State, step: Step) -> Result<State, NotAllowed> {
    match (state, step) {
        (State::Asked, Step::Grant) => Ok(State::Granted),
        (State::Asked | State::Granted, Step::Refuse) => Ok(State::Refused),
        (State::Granted, Step::Spend) => Ok(State::Spent),
        (from, step) => Err(NotAllowed(from, step)),
    }
}

/// What is wrong with the hashes that somebody brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashFault {
    /// There are none.
    None,
    /// More than [`HASHES_MAX`].
    TooMany,
    /// Not as long as one of SHA-256, SHA-384 or SHA-512, or not all as long as the first.
    Length,
}

/// The digest that made these, by their length.
pub fn digest(hashes: &[Vec<u8>]) -> Result<Digest, HashFault> {
    let first = hashes.first().ok_or(HashFault::None)?;
    if hashes.len() > HASHES_MAX {
        return Err(HashFault::TooMany);
    }
    let known = [Digest::Sha256, Digest::Sha384, Digest::Sha512];
    let digest = known.into_iter().find(|digest| digest.bytes() == first.len()).ok_or(HashFault::Length)?;
    if hashes.iter().any(|hash| hash.len() != digest.bytes()) {
        return Err(HashFault::Length);
    }
    Ok(digest)
}

/// Whether each of `asked` was authorised, none more often than it was.
pub fn covers(authorised: &[Vec<u8>], asked: &[Vec<u8>]) -> bool {
    let times = |all: &[Vec<u8>], one: &[u8]| all.iter().filter(|hash| hash.as_slice() == one).count();
    asked.iter().all(|hash| times(asked, hash) <= times(authorised, hash))
}

/// Why a key does not sign as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlgorithmFault {
    /// No algorithm of this key.
    Algorithm,
    /// The digest must be named, since the algorithm does not.
    DigestMissing,
    /// A digest that is not used here, or not the one inside the algorithm.
    Digest,
    /// The parameters of PSS must be given.
    ParametersMissing,
    /// Parameters that mean nothing, or a salt that is not as long as the hash.
    Parameters,
}

/// The algorithms a key signs hashes with, the usual one first.
pub fn algorithms(kind: PublicKind) -> &'static [Oid] {
    const RSA: [Oid; 5] = [
        oid::SHA256_WITH_RSA,
        oid::SHA384_WITH_RSA,
        oid::SHA512_WITH_RSA,
        oid::RSA_ENCRYPTION,
        oid::RSASSA_PSS,
    ];
    match kind {
        PublicKind::Rsa { .. } => &RSA,
        PublicKind::Ec(Curve::P256) => &const { [oid::ECDSA_WITH_SHA256] },
        PublicKind::Ec(Curve::P384) => &const { [oid::ECDSA_WITH_SHA384] },
        PublicKind::Ec(Curve::P521) => &const { [oid::ECDSA_WITH_SHA512] },
        PublicKind::Ed25519 | PublicKind::Other(_) => &[],
    }
}

/// How a key is to sign: its kind, and the algorithm, the digest and the parameters that were named.
pub fn algorithm(
    kind: PublicKind,
    named: &str,
    digest: Option<&str>,
    parameters: Option<&[u8]>,
) -> Result<SignatureAlgorithm, AlgorithmFault> {
    let of = |text: &str| algorithms(kind).iter().find(|oid| oid.to_string() == text).copied();
    let named = of(named).ok_or(AlgorithmFault::Algorithm)?;
    let digest = match digest {
        None => None,
        Some(text) => {
            let known = [Digest::Sha256, Digest::Sha384, Digest::Sha512];
            let found = known.into_iter().find(|digest| digest.oid().to_string() == text);
            Some(found.ok_or(AlgorithmFault::Digest)?)
        }
    };
    let algorithm = match named {
        oid if oid == oid::RSA_ENCRYPTION => {
            SignatureAlgorithm::RsaPkcs1(digest.ok_or(AlgorithmFault::DigestMissing)?)
        }
        oid if oid == oid::RSASSA_PSS => {
            let parameters = parameters.ok_or(AlgorithmFault::ParametersMissing)?.to_vec();
            let algorithm = SignatureAlgorithm::of(&AlgorithmId { oid, parameters });
            let algorithm = algorithm.filter(|found| *found == SignatureAlgorithm::pss(found.digest()));
            algorithm.ok_or(AlgorithmFault::Parameters)?
        }
        oid => {
            let bare = AlgorithmId { oid, parameters: Vec::new() };
            SignatureAlgorithm::of(&bare).ok_or(AlgorithmFault::Algorithm)?
        }
    };
    if algorithm.is_legacy() || digest.is_some_and(|digest| digest != algorithm.digest()) {
        return Err(AlgorithmFault::Digest);
    }
    Ok(algorithm)
}

/// The length of a key in bits, and its curve.
pub fn size(kind: PublicKind) -> (u32, Option<Oid>) {
    match kind {
        PublicKind::Rsa { bits, .. } => (bits, None),
        PublicKind::Ec(Curve::P256) => (256, Some(oid::P256)),
        PublicKind::Ec(Curve::P384) => (384, Some(oid::P384)),
        PublicKind::Ec(Curve::P521) => (521, Some(oid::P521)),
        PublicKind::Ed25519 => (256, None),
        PublicKind::Other(_) => (0, None),
    }
}
