//! The life of a request to a telephone, and what the phone is asked to show. Nothing here knows a clock, a
//! database or an operator.

use pki::Digest;

/// How long somebody may take to confirm on the phone, in seconds. Ours: operators differ, and none of those
/// of this country has published its own.
pub const WAIT_SECONDS: i64 = 180;
/// How long a text the phone shows may be, in characters. Ours, small enough for any screen.
pub const SHOWN_CHARS_MAX: usize = 120;
/// How long a file that was signed by phone can be fetched, in hours.
pub const FILE_HOURS: i64 = 24;
/// How long the list of requests is kept, in days. The audit book keeps them for good.
pub const KEPT_DAYS: i64 = 90;

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The operator has not taken it yet.
    Asked,
    /// It is on its way to the phone, or on its screen.
    Sent,
    /// The phone has signed, and the signature is right.
    Signed,
    /// Its owner said no.
    Refused,
    /// Nobody answered in time.
    Lapsed,
    /// The operator does not know the number, or the signature is not the certificate's.
    Failed,
}

impl State {
    /// All of them.
    pub const ALL: [State; 6] =
        [State::Asked, State::Sent, State::Signed, State::Refused, State::Lapsed, State::Failed];

    /// By the word in data.
    pub fn of(word: &str) -> State {
        State::ALL.into_iter().find(|state| state.word() == word).unwrap_or(State::Failed)
    }

    /// The word, in data and in the words for people.
    pub fn word(self) -> &'static str {
        match self {
            State::Asked => "asked",
            State::Sent => "sent",
            State::Signed => "signed",
            State::Refused => "refused",
            State::Lapsed => "lapsed",
            State::Failed => "failed",
        }
    }

    /// Nothing more happens to it.
    pub fn is_over(self) -> bool {
        !matches!(self, State::Asked | State::Sent)
    }
}

/// What was heard of the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It has taken the request.
    Taken,
    /// It takes no request for this number.
    NotTaken,
    /// It cannot be reached.
    Nothing,
    /// The owner has not answered.
    Waits,
    /// The owner said no.
    No,
    /// The operator itself gave up waiting.
    TooLate,
    /// A signature that the certificate's key made, of a certificate that is still in use.
    Right,
    /// Any other signature.
    Wrong,
}

impl Heard {
    /// All of them.
    pub const ALL: [Heard; 8] = [
        Heard::Taken,
        Heard::NotTaken,
        Heard::Nothing,
        Heard::Waits,
        Heard::No,
        Heard::TooLate,
        Heard::Right,
        Heard::Wrong,
    ];
}

/// The state after something was heard; `is_late`: the time to confirm is over. A right signature that is
/// heard late counts as long as nobody was told that the time is over: its owner has confirmed.
pub fn after(state: State, heard: Heard, is_late: bool) -> State {
    match (state, heard) {
        (over, _) if over.is_over() => over,
        (State::Asked, Heard::Taken) => State::Sent,
        (State::Sent, Heard::Right) => State::Signed,
        (State::Sent, Heard::Wrong) | (_, Heard::NotTaken) => State::Failed,
        (State::Sent, Heard::No) => State::Refused,
        (State::Sent, Heard::TooLate) => State::Lapsed,
        (waits, _) => match is_late {
            true => State::Lapsed,
            false => waits,
        },
    }
}

/// The four digits that stand on the page and on the phone. Both make them of the hash that is signed, so
/// that a phone which was sent another hash shows others.
pub fn code(hash: &[u8]) -> String {
    let number = hash.iter().take(4).fold(0_u32, |sum, byte| (sum << 8) | u32::from(*byte));
    format!("{:04}", number % 10_000)
}

/// What the phone shows, in one line that fits.
pub fn shown(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = base::text::nfc(line.trim());
    if line.chars().count() <= SHOWN_CHARS_MAX {
        return line;
    }
    let mut cut: String = line.chars().take(SHOWN_CHARS_MAX - 1).collect();
    cut.push('…');
    cut
}

/// The digest of what goes to the phone, for keys that sign with it.
pub fn hash(digest: Digest, to_sign: &[u8]) -> Vec<u8> {
    digest.of(to_sign)
}
