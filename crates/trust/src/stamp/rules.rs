//! When a time-stamp may be given, and with which number. Pure.

use base::Instant;

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
    pub last: Instant,
}

/// What comes of asking a block for a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// This one.
    Number(i64),
    /// The block is used up or of age: take another.
    Another,
    /// The clock stands before a stamp that was given.
    InDoubt,
}

/// The next number at `now`. Nobody gets a time before one that was given, beyond what the accuracy allows.
pub fn take(block: &mut Block, now: Instant) -> Taken {
    if in_doubt(block.last, now) {
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

/// Whether the clock has gone back behind an instant that is known to have been.
pub fn in_doubt(known: Instant, now: Instant) -> bool {
    now.plus_seconds(i64::from(ACCURACY_MILLIS / 1_000)) < known
}
