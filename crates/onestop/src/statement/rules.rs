//! The bytes of a signed statement, as STATEMENT.md has them: made, read, checked, compared with what is
//! held. Nothing here knows a database or a request.

use std::fmt::Display;

use aws_lc_rs::digest::SHA256;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base::Instant;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The only version of the format so far.
const VERSION: u8 = 1;
/// Bytes before the dossier's code.
const HEAD_BYTES: usize = 51;
const SIGNATURE_BYTES: usize = 64;
/// A code is printed as a bar code, which takes no more.
const CODE_CHARS_MAX: usize = 40;
/// Characters of a statement in base 64.
const TEXT_CHARS_MAX: usize = (HEAD_BYTES + CODE_CHARS_MAX + SIGNATURE_BYTES).div_ceil(3) * 4;
/// Seconds since 1970 take five bytes, enough for thirty thousand years.
const SECONDS_MAX: i64 = (1 << 40) - 1;

/// The paper on which a statement is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Proof of filing: `at` is the filing, `promised` the time by which the counter answers.
    Slip,
    /// Form 01: `at` is the acceptance or the supplement after which it was printed.
    Receipt,
}

impl Kind {
    /// As keys of words name it.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Slip => "slip",
            Kind::Receipt => "receipt",
        }
    }

    /// The lines of the step log after which this paper is printed.
    pub fn follows(self, verb: &str) -> bool {
        match self {
            Kind::Slip => verb == "file",
            Kind::Receipt => matches!(verb, "receive" | "supplement"),
        }
    }
}

/// What was received, as somebody may hold it against us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub kind: Kind,
    /// Seconds since 1970.
    pub at_s: i64,
    /// Seconds since 1970; none where nothing was promised.
    pub promised_s: Option<i64>,
    /// Files received up to then.
    pub files: u16,
    /// Of the list of these files ([`digest`]).
    pub digest: Sum,
    /// The dossier's code.
    pub code: String,
}

/// A SHA-256.
pub type Sum = [u8; 32];

fn sha256(bytes: &[u8]) -> Sum {
    let mut sum = Sum::default();
    sum.copy_from_slice(aws_lc_rs::digest::digest(&SHA256, bytes).as_ref());
    sum
}

/// An instant as a statement has it: whole seconds.
pub fn seconds(at: Instant) -> i64 {
    at.micros().div_euclid(1_000_000)
}

/// The SHA-256 of the list of files: for each a line `SHA256 SIZE`, in the order of their bytes. Neither
/// names nor the order of uploading count, so whoever has the files can compute it.
pub fn digest(files: impl Iterator<Item = (impl Display, u64)>) -> Sum {
    let mut lines: Vec<String> = files.map(|(sha256, size)| format!("{sha256} {size}\n")).collect();
    lines.sort_unstable();
    sha256(lines.concat().as_bytes())
}

/// A key that may sign.
pub struct Signer {
    pair: Ed25519KeyPair,
    id: KeyId,
}

/// The first four bytes of the SHA-256 of a public key.
pub type KeyId = [u8; 4];

/// What names this public key in a statement.
pub fn key_id(public: &[u8]) -> KeyId {
    let mut id = KeyId::default();
    id.copy_from_slice(&sha256(public)[..4]);
    id
}

impl Signer {
    /// The key of this seed; none unless it is 32 bytes.
    pub fn of_seed(seed: &[u8]) -> Option<Signer> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        let id = key_id(pair.public_key().as_ref());
        Some(Signer { pair, id })
    }

    /// Its public half, 32 bytes.
    pub fn public(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    /// Its name.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The signed statement as it stands in an address; none where a value does not fit the format.
    pub fn sign(&self, s: &Statement) -> Option<String> {
        let fits = |at: i64| (1..=SECONDS_MAX).contains(&at);
        let printable = s.code.bytes().all(|b| b.is_ascii_graphic());
        let promised = s.promised_s.unwrap_or(0);
        if !fits(s.at_s)
            || !(promised == 0 || fits(promised))
            || !printable
            || !(1..=CODE_CHARS_MAX).contains(&s.code.len())
        {
            return None;
        }
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&self.id);
        bytes.push(match s.kind {
            Kind::Slip => 1,
            Kind::Receipt => 2,
        });
        bytes.extend_from_slice(&s.at_s.to_be_bytes()[3..]);
        bytes.extend_from_slice(&promised.to_be_bytes()[3..]);
        bytes.extend_from_slice(&s.files.to_be_bytes());
        bytes.extend_from_slice(&s.digest);
        bytes.push(s.code.len() as u8);
        bytes.extend_from_slice(s.code.as_bytes());
        let signature = self.pair.sign(&bytes);
        bytes.extend_from_slice(signature.as_ref());
        Some(URL_SAFE_NO_PAD.encode(bytes))
    }
}

/// A statement as it was read: nothing is known yet of its signature.
#[derive(Debug)]
pub struct Read {
    pub key: KeyId,
    statement: Statement,
    signed: Vec<u8>,
    signature: Vec<u8>,
}

impl Read {
    /// What it says, if the key with this public half has signed it.
    pub fn verified(self, public: &[u8]) -> Option<Statement> {
        if key_id(public) != self.key {
            return None;
        }
        let proof = UnparsedPublicKey::new(&ED25519, public).verify(&self.signed, &self.signature);
        proof.ok().map(|()| self.statement)
    }
}

/// Reads the text of a statement, alone or inside the address that a scanner gives; white space that a
/// message has put into it does not count. None unless every byte is as the format wants it.
pub fn read(text: &str) -> Option<Read> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).take(2_000).collect();
    let inner = text.split_once("p=").map_or(text.as_str(), |(_, rest)| rest);
    let inner = inner.split('&').next().unwrap_or_default();
    if inner.len() > TEXT_CHARS_MAX {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(inner).ok()?;
    let signed_len = bytes.len().checked_sub(SIGNATURE_BYTES)?;
    let (signed, signature) = bytes.split_at(signed_len);
    let (head, code) = signed.split_at_checked(HEAD_BYTES)?;
    let number = |bytes: &[u8]| bytes.iter().fold(0_i64, |n, b| (n << 8) | i64::from(*b));
    if head[0] != VERSION || usize::from(head[50]) != code.len() || !code.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let statement = Statement {
        kind: match head[5] {
            1 => Kind::Slip,
            2 => Kind::Receipt,
            _ => return None,
        },
        at_s: number(&head[6..11]),
        promised_s: Some(number(&head[11..16])).filter(|at| *at > 0),
        files: u16::from_be_bytes([head[16], head[17]]),
        digest: head[18..50].try_into().ok()?,
        code: String::from_utf8(code.to_vec()).ok()?,
    };
    let mut key = KeyId::default();
    key.copy_from_slice(&head[1..5]);
    Some(Read { key, statement, signed: signed.to_vec(), signature: signature.to_vec() })
}

/// Bytes of a text of hexadecimal digits.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).ok()).collect()
}

/// What is held of the dossier that a statement names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Files up to the statement's line of the step log, and the digest of their list; none where the
    /// log has no such line.
    pub then: Option<(u16, Sum)>,
    /// Files by now.
    pub files_now: u16,
    /// The promise that counts now: the answer of the counter for a slip, the result for a receipt.
    pub promised_s: Option<i64>,
    /// When the promise was moved with an apology, and to when, in seconds.
    pub extended: Option<(i64, i64)>,
}

/// What a statement says, beside what is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    FilesAgree {
        files: u16,
    },
    FilesDiffer {
        files: u16,
    },
    /// The log has no such filing or acceptance.
    NoSuchLine,
    /// Files that came later.
    MoreSince {
        more: u16,
    },
    PromiseStands,
    /// Moved with an apology: when, and to when.
    Extended {
        at_s: i64,
        to_s: i64,
    },
    /// The clock stood still or began again in between.
    PromiseMoved {
        to_s: Option<i64>,
    },
}

impl Finding {
    /// Whether the paper and what is held contradict each other.
    pub fn contradicts(&self) -> bool {
        matches!(self, Finding::FilesDiffer { .. } | Finding::NoSuchLine)
    }
}

/// Everything there is to say of it, in the order of reading.
pub fn compare(s: &Statement, held: &Held) -> Vec<Finding> {
    let mut found = Vec::new();
    match held.then {
        None => found.push(Finding::NoSuchLine),
        Some((files, digest)) if files == s.files && digest == s.digest => {
            found.push(Finding::FilesAgree { files });
        }
        Some((files, _)) => found.push(Finding::FilesDiffer { files }),
    }
    let more = held.files_now.saturating_sub(held.then.map_or(s.files, |(files, _)| files));
    if more > 0 {
        found.push(Finding::MoreSince { more });
    }
    if s.promised_s.is_none() && held.promised_s.is_none() {
        return found;
    }
    found.push(match held.extended {
        _ if held.promised_s == s.promised_s => Finding::PromiseStands,
        Some((at_s, to_s)) if s.kind == Kind::Receipt && held.promised_s == Some(to_s) && at_s >= s.at_s => {
            Finding::Extended { at_s, to_s }
        }
        _ => Finding::PromiseMoved { to_s: held.promised_s },
    });
    found
}
