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

/// How many rounds of a password's hash are walked.
const ROUNDS_MAX: u64 = 2_000_000;

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
    check_mac(pfx.sequence()?, safe, password)?;
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
            take_bags(plain, password, &mut bundle)?;
        } else if kind == oid::CMS_ENCRYPTED_DATA {
            let plain = encrypted(&mut info, password)?;
            take_bags(&plain, password, &mut bundle)?;
        } else {
            return Err(OpenError::Unsupported);
        }
    }
    Ok(bundle)
}

/// Opens an encrypted PKCS#8 (`ENCRYPTED PRIVATE KEY`).
pub fn open_key(der: &[u8], password: &str) -> Result<PrivateKey, OpenError> {
    let mut reader = Reader::whole_sequence(der)?;
    let plain = shrouded(&mut reader, password)?;
    PrivateKey::from_pkcs8(&plain).map_err(|_| OpenError::Unsupported)
}

/// The contents of a ContentInfo of plain data.
fn data<'a>(info: &mut Reader<'a>) -> Read<&'a [u8]> {
    if info.oid()? != oid::CMS_DATA {
        return Err(info.fail(Why::Value("kind of content")));
    }
    info.context(0)?.ok_or_else(|| info.fail(Why::Truncated))?.octets()
}

fn encrypted(info: &mut Reader<'_>, password: &str) -> Result<Secret, OpenError> {
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
    decrypt(&algorithm, element.value, password)
}

fn shrouded(reader: &mut Reader<'_>, password: &str) -> Result<Secret, OpenError> {
    let algorithm = AlgorithmId::read(reader)?;
    decrypt(&algorithm, reader.octets()?, password)
}

fn take_bags(safe: &[u8], password: &str, bundle: &mut Bundle) -> Result<(), OpenError> {
    let mut bags = Reader::whole_sequence(safe)?;
    while !bags.is_empty() {
        let mut bag = bags.sequence()?;
        let kind = bag.oid()?;
        let mut value = bag.context(0)?.ok_or_else(|| bag.fail(Why::Truncated))?;
        if kind == oid::PKCS12_KEY_BAG {
            let key = value.any()?.raw;
            bundle.keys.extend(PrivateKey::from_pkcs8(key));
        } else if kind == oid::PKCS12_SHROUDED_KEY_BAG {
            let plain = shrouded(&mut value.sequence()?, password)?;
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
fn check_mac(mut mac: Reader<'_>, safe: &[u8], password: &str) -> Result<(), OpenError> {
    let mut info = mac.sequence()?;
    let digest = AlgorithmId::read(&mut info)?.digest().ok_or(OpenError::Unsupported)?;
    let expected = info.octets()?;
    let salt = mac.octets()?;
    let rounds = if mac.is_empty() { 1 } else { rounds(mac.number()?)?.get() };
    let algorithm = match digest {
        Digest::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        Digest::Sha256 => hmac::HMAC_SHA256,
        Digest::Sha384 => hmac::HMAC_SHA384,
        Digest::Sha512 => hmac::HMAC_SHA512,
    };
    let key = hmac::Key::new(algorithm, &mac_key(digest, password, salt, rounds));
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
fn decrypt(algorithm: &AlgorithmId, sealed: &[u8], password: &str) -> Result<Secret, OpenError> {
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
    let key = derive(&derivation, aes.1, password)?;
    let key = UnboundCipherKey::new(aes.0, &key).map_err(|_| OpenError::Unsupported)?;
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).map_err(|_| OpenError::Unsupported)?;
    let mut plain = Secret::new(sealed.to_vec());
    let context = DecryptionContext::Iv128(FixedLength::from(iv));
    let length = key.decrypt(&mut plain, context).map_err(|_| OpenError::WrongPassword)?.len();
    plain.truncate(length);
    Ok(plain)
}

fn derive(derivation: &AlgorithmId, bytes: usize, password: &str) -> Result<Secret, OpenError> {
    if derivation.oid != oid::PBKDF2 {
        return Err(OpenError::Unsupported);
    }
    let mut parameters = Reader::whole_sequence(&derivation.parameters)?;
    let salt = parameters.octets()?;
    let rounds = rounds(parameters.number()?)?;
    if parameters.peek() == Some(Tag::INTEGER) && parameters.number()? != bytes as u64 {
        return Err(OpenError::Unsupported);
    }
    let function =
        if parameters.is_empty() { oid::HMAC_SHA1 } else { AlgorithmId::read(&mut parameters)?.oid };
    let function = prf(function).ok_or(OpenError::Unsupported)?;
    let mut key = Secret::new(vec![0; bytes]);
    pbkdf2::derive(function, rounds, salt, password.as_bytes(), &mut key);
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

fn rounds(number: u64) -> Result<NonZeroU32, OpenError> {
    let few = u32::try_from(number).ok().filter(|_| number <= ROUNDS_MAX);
    few.and_then(NonZeroU32::new).ok_or(OpenError::Unsupported)
}
