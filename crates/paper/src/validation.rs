//! Data of the report on a file's signatures. Words are the caller's; the paper only sets them.

use base::Instant;
use serde::{Deserialize, Serialize};

/// What the signatures of a file are worth (báo cáo kiểm tra chữ ký số).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ValidationPaper {
    /// Whose site checked.
    pub owner: String,
    /// Prints on every page that the paper is a demonstration without legal value.
    pub demo: bool,
    /// When it was checked.
    pub at: Instant,
    pub verdict: String,
    pub meaning: String,
    pub facts: Vec<Fact>,
    /// Of the file, hexadecimal.
    pub sha256: String,
    /// What is to be said of the file as a whole.
    pub lines: Vec<Said>,
    pub signatures: Vec<SignaturePart>,
}

/// A label and its value.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fact {
    pub label: String,
    pub value: String,
}

/// Something found, and what to do about it; empty when there is nothing to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Said {
    pub text: String,
    pub next: String,
}

/// One signature.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignaturePart {
    pub heading: String,
    pub outcome: String,
    /// The outcome in the standard's words.
    pub word: String,
    pub facts: Vec<Fact>,
    pub lines: Vec<Said>,
    /// Certificates and what is known of their revocation.
    pub chain: Vec<Fact>,
    /// Times and whose they are.
    pub stamps: Vec<Fact>,
}
