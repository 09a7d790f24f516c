//! Passwords: argon2id, off the threads that serve requests, and a few at a time.

use std::sync::LazyLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;
use web::Problem;

/// 19 MiB, two passes, one lane: the least that OWASP's cheat sheet gives for argon2id.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Each hash takes a core and 19 MiB: more at once would only make everybody wait longer.
static PLACES: Semaphore = Semaphore::const_new(4);

/// A hash no password has, checked where there is no account, so that both cases take their time.
static NOBODY: LazyLock<String> = LazyLock::new(|| {
    let unguessable = web::secret::token();
    hash_now(&unguessable).expect("the parameters are constants")
});

fn hasher() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the parameters are constants");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// As typed on any keyboard, by form or by API: NFC, without space around.
fn normal(password: &str) -> String {
    base::text::nfc(password.trim())
}

/// Hashes here and now, taking tens of milliseconds: for seeds and commands, not for requests.
pub fn hash_now(password: &str) -> Result<String, argon2::password_hash::Error> {
    let hash: PasswordHash = hasher().hash_password(normal(password).as_bytes())?;
    Ok(hash.to_string())
}

/// Hashes a password for storing.
pub async fn hash(password: &str) -> Result<String, Problem> {
    let password = password.to_string();
    let hashed = aside(move || hash_now(&password)).await?;
    hashed.map_err(|e| Problem::fault(format_args!("a password was not hashed: {e}")))
}

/// Is this the password behind the hash? Without a hash the answer is no, after the same work.
pub async fn matches(password: &str, hash: Option<String>) -> Result<bool, Problem> {
    let password = normal(password);
    aside(move || {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.clone());
        let same = PasswordHash::new(&hash)
            .is_ok_and(|hash| hasher().verify_password(password.as_bytes(), &hash).is_ok());
        known && same
    })
    .await
}

async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    let _place = PLACES.acquire().await.map_err(|_| Problem::Unavailable)?;
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| Problem::fault(format_args!("work on a password ended early: {e}")))
}

/// A password to be told once: 16 letters and digits nobody confuses.
pub fn one_time() -> String {
    const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz";
    const DIGITS: &[u8] = b"23456789";
    let mut bytes = [0_u8; 16];
    aws_lc_rs::rand::fill(&mut bytes)
        .expect("the operating system gives random bytes, or nothing here is safe");
    let pick = |(i, b): (usize, &u8)| {
        let from = if i % 4 == 3 { DIGITS } else { LETTERS };
        char::from(from[usize::from(*b) % from.len()])
    };
    let plain: Vec<char> = bytes.iter().enumerate().map(pick).collect();
    plain.chunks(4).map(|c| c.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}
