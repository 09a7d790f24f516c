//! When a time-stamp may be given, and with which number. Pure.

use base::Instant;
use pki::key::PublicKind;
use pki::oid::Oid;

/// The policy under which we stamp: below the number that RFC 5612 keeps for examples, until the province has
/// an arc of its own.
pub const POLICY: Oid = Oid::new_unwrap("1.3.6.1.4.1.32473.86.1");
/// The same with an RSA key, for programs that know no other.
pub const POLICY_RSA: Oid = Oid::new_unwrap("1.3.6.1.4.1.32473.86.1.1");
/// The same with a key on an elliptic curve.
pub const POLICY_EC: Oid = Oid::new_unwrap("1.3.6.1.4.1.32473.86.1.2");

/// Which key somebody wants to be stamped with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Whichever the authority takes.
    Any,
    /// RSA.
    Rsa,
    /// An elliptic curve.
    Ec,
}

impl Wanted {
    /// A key like this one.
    pub fn of(key: PublicKind) -> Wanted {
        if matches!(key, PublicKind::Rsa { .. }) { Wanted::Rsa } else { Wanted::Ec }
    }

    /// Whether this key is one.
    pub fn is_met_by(self, key: PublicKind) -> bool {
        self == Wanted::Any || self == Wanted::of(key)
    }
}

/// What a policy asks for; `None` when it is not one of ours.
pub fn wanted(policy: Option<Oid>) -> Option<Wanted> {
    match policy {
        None => Some(Wanted::Any),
        Some(policy) if policy == POLICY => Some(Wanted::Any),
        Some(policy) if policy == POLICY_RSA => Some(Wanted::Rsa),
        Some(policy) if policy == POLICY_EC => Some(Wanted::Ec),
        Some(_) => None,
    }
}

/// Serial numbers taken at once.
pub const BLOCK: i64 = 1_000;
/// How long a block is good: the durable instant is never older than this at a stamp.
pub const BLOCK_SECONDS: i64 = 5;
/// How far the time of a stamp may be off, in milliseconds: what the province's clocks are kept to.
pub const ACCURACY_MILLIS: u32 = 1_000;

/// Serial numbers of this node, and the last instant at which it gave one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    pub next: i64,
    pub end: i64,
    pub taken_at: Instant,
    /// How much had passed by then on this machine, in microseconds.
    pub passed_micros: i64,
    pub last: Instant,
}

/// What a machine's clocks say: the time, and how much has passed, which nobody sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    pub now: Instant,
    pub passed_micros: i64,
}

/// What comes of asking a block for a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// This one.
    Number(i64),
    /// The block is used up or of age: take another.
    Another,
    /// The clock stands before a stamp that was given, or was put forward or back.
    InDoubt,
}

/// The next number at this reading. Nobody gets a time before one that was given, beyond what the accuracy
/// allows, nor one that has not come about by passing: a clock that was put forward would stamp the future,
/// and stop whoever is right until then.
pub fn take(block: &mut Block, reading: Reading) -> Taken {
    let now = reading.now;
    if in_doubt(block.last, now) || stepped(block, reading) {
        return Taken::InDoubt;
    }
    if block.next >= block.end || now >= block.taken_at.plus_seconds(BLOCK_SECONDS) {
        return Taken::Another;
    }
    let number = block.next;
    block.next += 1;
    block.last = block.last.max(now);
    Taken::Number(number)
}

/// How much a clock may run off in a million by being led, which is not being put.
const LED_PER_MILLION: i64 = 500;

/// Whether the clock was put since the block was taken: it shows what has not passed. Each block begins anew
/// from what the clock shows then, so that one that is led gently is followed.
pub fn stepped(block: &Block, reading: Reading) -> bool {
    let passed = reading.passed_micros.saturating_sub(block.passed_micros);
    let shown = reading.now.micros().saturating_sub(block.taken_at.micros());
    let led = passed.abs() / 1_000_000 * LED_PER_MILLION;
    (shown - passed).abs() > i64::from(ACCURACY_MILLIS) * 1_000 + led
}

/// Whether the clock has gone back behind an instant that is known to have been.
pub fn in_doubt(known: Instant, now: Instant) -> bool {
    now.plus_seconds(i64::from(ACCURACY_MILLIS / 1_000)) < known
}
