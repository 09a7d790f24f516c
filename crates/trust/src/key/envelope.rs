//! How a private key is wrapped: AES-256-GCM under a key derived by Argon2id. See `KEYS.md`. Pure but for the
//! nonce.

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use pki::key::Secret;

use super::KeyTrouble;

/// Names the format: four letters and its version.
const MAGIC: &[u8; 4] = b"CLK1";
/// Bytes of the salt.
pub const SALT_BYTES: usize = 16;
const NONCE_BYTES: usize = 12;
const HEAD_BYTES: usize = MAGIC.len() + SALT_BYTES + NONCE_BYTES;

/// Argon2id in format 1: 19 MiB, two passes, one lane. The secret is 256 random bits, so that this guards
/// against a secret somebody thought up.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// The key under which keys are wrapped.
pub struct Kek {
    key: LessSafeKey,
    salt: [u8; SALT_BYTES],
}

impl Kek {
    /// Derives it. Slow by design: about 20 ms.
    pub fn derive(secret: &[u8], salt: &[u8]) -> Result<Kek, KeyTrouble> {
        let salt: [u8; SALT_BYTES] = salt.try_into().map_err(|_| KeyTrouble::UnknownFormat)?;
        let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(32)).map_err(|_| KeyTrouble::NotMade)?;
        let mut out = Secret::new(vec![0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(secret, &salt, &mut out)
            .map_err(|_| KeyTrouble::NotMade)?;
        let key = UnboundKey::new(&AES_256_GCM, &out).map_err(|_| KeyTrouble::NotMade)?;
        Ok(Kek { key: LessSafeKey::new(key), salt })
    }
}

/// Wraps a PKCS#8. The id of the row is bound to it, so that rows cannot be exchanged.
pub fn wrap(kek: &Kek, id: &str, pkcs8: &[u8]) -> Result<Vec<u8>, KeyTrouble> {
    let mut nonce = [0u8; NONCE_BYTES];
    aws_lc_rs::rand::fill(&mut nonce).map_err(|_| KeyTrouble::NotMade)?;
    let mut out = Vec::with_capacity(HEAD_BYTES + pkcs8.len() + AES_256_GCM.tag_len());
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&kek.salt);
    out.extend_from_slice(&nonce);
    let mut sealed = pkcs8.to_vec();
    let aad = Aad::from(bound(&out[..HEAD_BYTES], id));
    kek.key
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed)
        .map_err(|_| KeyTrouble::NotMade)?;
    out.append(&mut sealed);
    Ok(out)
}

/// What is authenticated beside the key: the head and the id of the row.
fn bound(head: &[u8], id: &str) -> Vec<u8> {
    [head, id.as_bytes()].concat()
}

/// The salt of a wrapped key.
pub fn salt(wrapped: &[u8]) -> Result<&[u8], KeyTrouble> {
    let known = wrapped.len() > HEAD_BYTES && wrapped.starts_with(MAGIC);
    known.then(|| &wrapped[MAGIC.len()..][..SALT_BYTES]).ok_or(KeyTrouble::UnknownFormat)
}

/// The PKCS#8 in a wrapped key.
pub fn unwrap(kek: &Kek, id: &str, wrapped: &[u8]) -> Result<Secret, KeyTrouble> {
    salt(wrapped)?;
    let (head, sealed) = wrapped.split_at(HEAD_BYTES);
    let nonce: [u8; NONCE_BYTES] =
        head[MAGIC.len() + SALT_BYTES..].try_into().map_err(|_| KeyTrouble::UnknownFormat)?;
    let mut bytes = Secret::new(sealed.to_vec());
    let aad = Aad::from(bound(head, id));
    let length = kek
        .key
        .open_in_place(Nonce::assume_unique_for_key(nonce), aad, &mut bytes)
        .map_err(|_| KeyTrouble::WrongSecret)?
        .len();
    bytes.truncate(length);
    Ok(bytes)
}
