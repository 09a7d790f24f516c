//! Random tokens, and the hashes under which they are stored.

use aws_lc_rs::{digest, rand};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// 256 random bits as 43 characters that stand in a URL, a cookie or a form field.
pub fn token() -> String {
    let mut bytes = [0u8; 32];
    rand::fill(&mut bytes).expect("the operating system gives random bytes, or nothing here is safe");
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The SHA-256 of a secret or a key, in hexadecimal: what a table may hold of it.
pub fn sha256_hex(secret: &[u8]) -> String {
    let hash = digest::digest(&digest::SHA256, secret);
    hash.as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

/// Are the two the same? Takes the same time wherever they differ.
pub fn same(a: &str, b: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(a.as_bytes(), b.as_bytes()).is_ok()
}
