//! Keys and certificates under a password: PKCS#12 files and encrypted PKCS#8, as far as they are
//! encrypted by today's means (PBES2: PBKDF2 and AES in CBC mode). Read only: what we keep ourselves is
//! wrapped elsewhere.

use crate::cert::Certificate;
use crate::der::{self, INPUT_BYTES_MAX, Malformed, Read, Reader, Tag, Why};
use crate::key::{AlgorithmId, Digest, PrivateKey, Secret};
use crate::oid::{self, Oid};
use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::{hmac, pbkdf2};
use std::num::NonZeroU32;

/// How many rounds of a password's hash are walked for one file, however many locks it has.
const ROUNDS_MAX: u64 = 4_000_000;

/// What a file held.
#[derive(Debug, Default)]
pub struct Bundle {
    /// The private keys that are of a kind used here.
    pub keys: Vec<PrivateKey>,
    /// The certificates, in the file's order.
    pub certificates: Vec<Certificate>,
}

/// Why a file cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Not a PKCS#12 file.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The password is not the one, or the file was changed.
    #[error("the password is not the one, or the file was changed")]
    WrongPassword,
    /// Encrypted by means of the past (RC2, triple DES), or with more rounds than are walked.
    #[error("encrypted in a way that is not supported")]
    Unsupported,
    /// Without a check by the password: nobody vouches for what is inside.
    #[error("the file is not protected by its password")]
    Unprotected,
}

/// A password, and how much of its hash may still be walked: a file says itself how often, and for each of
/// its locks.
struct Pass<'a> {
    word: &'a str,
    rounds_left: u64,
}

impl Pass<'_> {
    fn new(word: &str) -> Pass<'_> {
        Pass { word, rounds_left: ROUNDS_MAX }
    }

    /// Takes so many rounds from what is left.
    fn rounds(&mut self, number: u64) -> Result<NonZeroU32, OpenError> {
        let number = NonZeroU32::new(u32::try_from(number).unwrap_or(u32::MAX));
        let number = number.ok_or(OpenError::Unsupported)?;
        self.rounds_left = self.rounds_left.checked_sub(number.get().into()).ok_or(OpenError::Unsupported)?;
        Ok(number)
    }
}

/// Opens a PKCS#12 file.
pub fn open(bytes: &[u8], password: &str) -> Result<Bundle, OpenError> {
    der::within(bytes, INPUT_BYTES_MAX)?;
    let bytes = der::ber::to_der(bytes)?;
    let mut pfx = Reader::whole_sequence(&bytes)?;
    if pfx.number()? != 3 {
        return Err(pfx.fail(Why::Value("version")).into());
    }
    let safe = data(&mut pfx.sequence()?)?;
    if pfx.is_empty() {
        return Err(OpenError::Unprotected);
    }
    let mut pass = Pass::new(password);
    check_mac(pfx.sequence()?, safe, &mut pass)?;
    pfx.end()?;
    let mut bundle = Bundle::default();
    // Contents in pieces stand inside the string, and are made definite on their own.
    let safe = der::ber::to_der(safe)?;
    let mut contents = Reader::whole_sequence(&safe)?;
    while !contents.is_empty() {
        let mut info = contents.sequence()?;
        let kind = info.clone().oid()?;
        if kind == oid::CMS_DATA {
            let plain = data(&mut info)?;
            take_bags(plain, &mut pass, &mut bundle)?;
        } else if kind == oid::CMS_ENCRYPTED_DATA {
            let plain = encrypted(&mut info, &mut pass)?;
            take_bags(&plain, &mut pass, &mut bundle)?;
        } else {
            return Err(OpenError::Unsupported);
        }
    }
    Ok(bundle)
}

/// Opens an encrypted PKCS#8 (`ENCRYPTED PRIVATE KEY`).
pub fn open_key(der: &[u8], password: &str) -> Result<PrivateKey, OpenError> {
    let mut reader = Reader::whole_sequence(der)?;
    let plain = shrouded(&mut reader, &mut Pass::new(password))?;
    PrivateKey::from_pkcs8(&plain).map_err(|_| OpenError::Unsupported)
}

/// The contents of a ContentInfo of plain data.
fn data<'a>(info: &mut Reader<'a>) -> Read<&'a [u8]> {
    if info.oid()? != oid::CMS_DATA {
        return Err(info.fail(Why::Value("kind of content")));
    }
    info.context(0)?.ok_or_else(|| info.fail(Why::Truncated))?.octets()
}

fn encrypted(info: &mut Reader<'_>, pass: &mut Pass<'_>) -> Result<Secret, OpenError> {
    info.oid()?;
    let mut data = info.context(0)?.ok_or_else(|| info.fail(Why::Truncated))?.sequence()?;
    data.number()?;
    let mut content = data.sequence()?;
    content.oid()?;
    let algorithm = AlgorithmId::read(&mut content)?;
    let element = content.any()?;
    if element.tag != Tag::primitive(0) {
        // in pieces
        return Err(OpenError::Unsupported);
    }
    decrypt(&algorithm, element.value, pass)
}

fn shrouded(reader: &mut Reader<'_>, pass: &mut Pass<'_>) -> Result<Secret, OpenError> {
    let algorithm = AlgorithmId::read(reader)?;
    decrypt(&algorithm, reader.octets()?, pass)
}

fn take_bags(safe: &[u8], pass: &mut Pass<'_>, bundle: &mut Bundle) -> Result<(), OpenError> {
    let mut bags = Reader::whole_sequence(safe)?;
    while !bags.is_empty() {
        let mut bag = bags.sequence()?;
        let kind = bag.oid()?;
        let mut value = bag.context(0)?.ok_or_else(|| bag.fail(Why::Truncated))?;
        if kind == oid::PKCS12_KEY_BAG {
            let key = value.any()?.raw;
            bundle.keys.extend(PrivateKey::from_pkcs8(key));
        } else if kind == oid::PKCS12_SHROUDED_KEY_BAG {
            let plain = shrouded(&mut value.sequence()?, pass)?;
            bundle.keys.extend(PrivateKey::from_pkcs8(&plain));
        } else if kind == oid::PKCS12_CERT_BAG {
            let mut inner = value.sequence()?;
            if inner.oid()? == oid::PKCS9_X509_CERTIFICATE {
                let mut explicit = inner.context(0)?.ok_or_else(|| inner.fail(Why::Truncated))?;
                bundle.certificates.push(Certificate::parse(explicit.octets()?)?);
            }
        }
        if bundle.certificates.len() + bundle.keys.len() > der::LIST_MAX {
            return Err(bags.fail(Why::TooBig).into());
        }
    }
    Ok(())
}

/// RFC 7292 §4: a MAC over the safe, keyed by the password.
fn check_mac(mut mac: Reader<'_>, safe: &[u8], pass: &mut Pass<'_>) -> Result<(), OpenError> {
    let mut info = mac.sequence()?;
    let digest = AlgorithmId::read(&mut info)?.digest().ok_or(OpenError::Unsupported)?;
    let expected = info.octets()?;
    let salt = mac.octets()?;
    let rounds = if mac.is_empty() { 1 } else { pass.rounds(mac.number()?)?.get() };
    let algorithm = match digest {
        Digest::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        Digest::Sha256 => hmac::HMAC_SHA256,
        Digest::Sha384 => hmac::HMAC_SHA384,
        Digest::Sha512 => hmac::HMAC_SHA512,
    };
    let key = hmac::Key::new(algorithm, &mac_key(digest, pass.word, salt, rounds));
    hmac::verify(&key, safe, expected).map_err(|_| OpenError::WrongPassword)
}

/// RFC 7292 appendix B.2 for a key of one digest's length, which is its first round.
fn mac_key(digest: Digest, password: &str, salt: &[u8], rounds: u32) -> Secret {
    let block = if digest.bytes() > 32 { 128 } else { 64 };
    let fill = |bytes: &[u8]| -> Vec<u8> {
        bytes.iter().copied().cycle().take(bytes.len().div_ceil(block) * block).collect()
    };
    let units = password.encode_utf16().chain([0]);
    let wide = Secret::new(units.flat_map(u16::to_be_bytes).collect());
    let input = Secret::new([vec![3; block], fill(salt), fill(&wide)].concat());
    let mut key = Secret::new(digest.of(&input));
    for _ in 1..rounds {
        key = Secret::new(digest.of(&key));
    }
    key
}

/// PBES2 with PBKDF2 and AES-CBC.
fn decrypt(algorithm: &AlgorithmId, sealed: &[u8], pass: &mut Pass<'_>) -> Result<Secret, OpenError> {
    if algorithm.oid != oid::PBES2 {
        return Err(OpenError::Unsupported);
    }
    let mut parameters = Reader::whole_sequence(&algorithm.parameters)?;
    let derivation = AlgorithmId::read(&mut parameters)?;
    let scheme = AlgorithmId::read(&mut parameters)?;
    let aes = match scheme.oid {
        oid::AES128_CBC => (&AES_128, 16),
        oid::AES192_CBC => (&AES_192, 24),
        oid::AES256_CBC => (&AES_256, 32),
        _ => return Err(OpenError::Unsupported),
    };
    let iv = Reader::new(&scheme.parameters).octets()?;
    let iv: [u8; 16] = iv.try_into().map_err(|_| OpenError::Unsupported)?;
    let key = derive(&derivation, aes.1, pass)?;
    let key = UnboundCipherKey::new(aes.0, &key).map_err(|_| OpenError::Unsupported)?;
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).map_err(|_| OpenError::Unsupported)?;
    let mut plain = Secret::new(sealed.to_vec());
    let context = DecryptionContext::Iv128(FixedLength::from(iv));
    let length = key.decrypt(&mut plain, context).map_err(|_| OpenError::WrongPassword)?.len();
    plain.truncate(length);
    Ok(plain)
}

fn derive(derivation: &AlgorithmId, bytes: usize, pass: &mut Pass<'_>) -> Result<Secret, OpenError> {
    if derivation.oid != oid::PBKDF2 {
        return Err(OpenError::Unsupported);
    }
    let mut parameters = Reader::whole_sequence(&derivation.parameters)?;
    let salt = parameters.octets()?;
    let rounds = pass.rounds(parameters.number()?)?;
    if parameters.peek() == Some(Tag::INTEGER) && parameters.number()? != bytes as u64 {
        return Err(OpenError::Unsupported);
    }
    let function =
        if parameters.is_empty() { oid::HMAC_SHA1 } else { AlgorithmId::read(&mut parameters)?.oid };
    let function = prf(function).ok_or(OpenError::Unsupported)?;
    let mut key = Secret::new(vec![0; bytes]);
    pbkdf2::derive(function, rounds, salt, pass.word.as_bytes(), &mut key);
    Ok(key)
}

fn prf(oid: Oid) -> Option<pbkdf2::Algorithm> {
    match oid {
        oid::HMAC_SHA1 => Some(pbkdf2::PBKDF2_HMAC_SHA1),
        oid::HMAC_SHA256 => Some(pbkdf2::PBKDF2_HMAC_SHA256),
        oid::HMAC_SHA384 => Some(pbkdf2::PBKDF2_HMAC_SHA384),
        oid::HMAC_SHA512 => Some(pbkdf2::PBKDF2_HMAC_SHA512),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{OpenError, Pass, ROUNDS_MAX};

    #[test]
    fn a_file_of_many_locks_is_not_walked_longer_than_one_of_few() {
        let mut pass = Pass::new("");
        let locks = (0..1_000).map_while(|_| pass.rounds(ROUNDS_MAX / 8).ok()).count();
        assert_eq!(locks, 8);
        assert!(matches!(pass.rounds(1), Err(OpenError::Unsupported)));
        for number in [0, ROUNDS_MAX + 1, u64::MAX] {
            assert!(Pass::new("").rounds(number).is_err(), "{number}");
        }
    }
}
