//! What goes wrong on the simulated side: chosen by a seed, so that a run can be told again.

use std::str::FromStr;
use std::time::Duration;

use db::blobs::Hash;

/// One way to misbehave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Does it, and answers late.
    Slow,
    /// Does nothing, and says so.
    Down,
    /// Does it twice.
    Duplicate,
    /// Says that it cannot, and does it after something that came later.
    Reorder,
    /// Answers something that is no answer; did it or not.
    Wrong,
    /// Says that it is done, and does nothing.
    Lie,
}

impl Fault {
    /// All of them.
    pub const ALL: [Fault; 6] =
        [Fault::Slow, Fault::Down, Fault::Duplicate, Fault::Reorder, Fault::Wrong, Fault::Lie];

    /// The word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Fault::Slow => "slow",
            Fault::Down => "down",
            Fault::Duplicate => "duplicate",
            Fault::Reorder => "reorder",
            Fault::Wrong => "wrong",
            Fault::Lie => "lie",
        }
    }
}

/// Which faults, and from which seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    pub kinds: Vec<Fault>,
    pub seed: u64,
    /// How late a slow answer is.
    pub slow_for: Duration,
}

impl Default for Faults {
    fn default() -> Faults {
        Faults { kinds: Vec::new(), seed: 1, slow_for: Duration::from_secs(30) }
    }
}

/// The text names no fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSuchFault(String);

impl std::fmt::Display for NoSuchFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let known: Vec<&str> = Fault::ALL.into_iter().map(Fault::word).collect();
        write!(f, "no such fault: {}; known: {}", self.0, known.join(", "))
    }
}

impl std::error::Error for NoSuchFault {}

impl FromStr for Fault {
    type Err = NoSuchFault;

    fn from_str(text: &str) -> Result<Fault, NoSuchFault> {
        Fault::ALL.into_iter().find(|f| f.word() == text).ok_or_else(|| NoSuchFault(text.to_string()))
    }
}

/// The same request goes wrong so many times at most, so that patience has an end.
const TIMES_MAX: u32 = 4;

impl Faults {
    /// These faults, from a seed.
    pub fn of(kinds: &[Fault], seed: u64) -> Faults {
        Faults { kinds: kinds.to_vec(), seed, ..Faults::default() }
    }

    /// What goes wrong with the `time`th coming (from 0) of the request `key`. About every second one.
    /// A lie is told once: whoever asks again is answered truly.
    pub fn choose(&self, key: &str, time: u32) -> Option<Fault> {
        if self.kinds.is_empty() || time >= TIMES_MAX {
            return None;
        }
        let number = self.number(key, time);
        if number.is_multiple_of(2) {
            return None;
        }
        let which = usize::try_from(number / 2 % self.kinds.len() as u64).unwrap_or_default();
        self.kinds.get(which).copied().filter(|fault| *fault != Fault::Lie || time == 0)
    }

    /// A number of this coming of this request, the same in each run.
    pub fn number(&self, key: &str, time: u32) -> u64 {
        let hash = Hash::of(format!("{}|{key}|{time}", self.seed).as_bytes()).to_string();
        u64::from_str_radix(&hash[..15], 16).unwrap_or_default()
    }
}
