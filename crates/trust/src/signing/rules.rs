//! What a PIN must be.

use super::Part;

/// Wrong PINs in a row before a key is locked. Ours: the rules on remote signing leave it to the keeper.
pub const TRIES_MAX: i64 = 5;
/// How short a PIN may be, in characters.
pub const PIN_CHARS_MIN: usize = 6;
/// And how long.
pub const PIN_CHARS_MAX: usize = 32;

/// Why a PIN is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinFault {
    /// Shorter than [`PIN_CHARS_MIN`] or longer than [`PIN_CHARS_MAX`].
    Length,
    /// One sign again and again, or signs in a row: 111111, 123456, 987654.
    Simple,
}

/// What is wrong with a PIN.
pub fn pin_fault(pin: &str) -> Option<PinFault> {
    let signs: Vec<u32> = pin.chars().map(u32::from).collect();
    if !(PIN_CHARS_MIN..=PIN_CHARS_MAX).contains(&signs.len()) {
        return Some(PinFault::Length);
    }
    let steps = signs.windows(2).map(|two| i64::from(two[1]) - i64::from(two[0]));
    let is_row = |by: i64| steps.clone().all(|step| step == by);
    (is_row(0) || is_row(1) || is_row(-1)).then_some(PinFault::Simple)
}

/// Whether a new PIN has to wait: a seal's that replaces one nobody has shown to know, and any after wrong
/// tries have locked the key. The first PIN replaces none.
pub fn must_wait(part: Part, has_pin: bool, is_locked: bool, knows: bool) -> bool {
    has_pin && !knows && (is_locked || part == Part::Seal)
}
