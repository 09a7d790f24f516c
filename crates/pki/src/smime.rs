//! Signed mail (S/MIME, RFC 8551): `multipart/signed` made around a MIME entity, and taken apart.
//!
//! What is signed is the entity with CR LF at the end of every line. Headers of the mail itself are the
//! caller's.

use crate::cms;
use crate::der::INPUT_BYTES_MAX;
use crate::key::{Digest, SignError, Signer};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// How much of the headers of a signature is looked at.
const HEAD_BYTES_MAX: usize = 8 << 10;

/// A signed entity: the value of its Content-Type, and its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// `multipart/signed; …`
    pub content_type: String,
    /// The two parts, between their boundaries.
    pub body: Vec<u8>,
}

/// What a `multipart/signed` held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The signed entity, line ends as they are signed.
    pub entity: Vec<u8>,
    /// The signature, to be read with [`cms::SignedData::parse`] and checked over `entity`.
    pub signature: Vec<u8>,
}

/// Signs an entity (its headers, an empty line, its body).
pub fn sign(entity: &[u8], draft: &cms::Draft<'_>, signer: &dyn Signer) -> Result<Signed, SignError> {
    let entity = with_crlf(entity);
    let digest = signer.algorithm().digest();
    let signature = draft.sign(&entity, false, signer)?;
    // A hash of the contents stands nowhere in them.
    let hash = Digest::Sha256.of(&[entity.as_slice(), &signature].concat());
    let boundary = format!("=_{}", hash[..16].iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    let micalg = match digest {
        Digest::Sha1 => "sha-1",
        Digest::Sha256 => "sha-256",
        Digest::Sha384 => "sha-384",
        Digest::Sha512 => "sha-512",
    };
    let content_type = format!(
        "multipart/signed; protocol=\"application/pkcs7-signature\"; micalg={micalg}; boundary=\"{boundary}\""
    );
    let mut body = format!("--{boundary}\r\n").into_bytes();
    body.extend_from_slice(&entity);
    body.extend_from_slice(
        format!(
            "\r\n--{boundary}\r\nContent-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n\
             Content-Transfer-Encoding: base64\r\n\
             Content-Disposition: attachment; filename=\"smime.p7s\"\r\n\r\n"
        )
        .as_bytes(),
    );
    for line in STANDARD.encode(&signature).as_bytes().chunks(64) {
        body.extend_from_slice(line);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    Ok(Signed { content_type, body })
}

/// Takes a `multipart/signed` apart; `None` when it is none, or too big.
pub fn split(content_type: &str, body: &[u8]) -> Option<Parts> {
    let kind = content_type.split(';').next()?.trim();
    if !kind.eq_ignore_ascii_case("multipart/signed") || body.len() > INPUT_BYTES_MAX {
        return None;
    }
    let boundary = parameter(content_type, "boundary").filter(|text| !text.is_empty())?;
    let body = with_crlf(body);
    let delimiter = format!("--{boundary}");
    let mut parts = Vec::new();
    let mut part_start = None;
    let mut at = 0;
    while at < body.len() && parts.len() < 3 {
        let end = find(&body[at..], b"\r\n").map_or(body.len(), |n| at + n);
        let line = body[at..end].trim_ascii_end();
        let is_last = line.strip_prefix(delimiter.as_bytes()) == Some(b"--");
        if is_last || line == delimiter.as_bytes() {
            // The line end before a delimiter belongs to the delimiter.
            parts.extend(part_start.map(|start: usize| &body[start..at.saturating_sub(2).max(start)]));
            part_start = Some((end + 2).min(body.len()));
            if is_last {
                break;
            }
        }
        at = end + 2;
    }
    let [entity, signature] = parts.as_slice() else { return None };
    let blank = find(signature, b"\r\n\r\n")?;
    let (head, text) = (&signature[..blank], &signature[blank + 4..]);
    let head = String::from_utf8_lossy(&head[..head.len().min(HEAD_BYTES_MAX)]).to_ascii_lowercase();
    if !head.contains("pkcs7-signature") {
        return None;
    }
    let signature = if head.contains("base64") {
        let text: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        STANDARD.decode(text).ok()?
    } else {
        text.to_vec()
    };
    Some(Parts { entity: entity.to_vec(), signature })
}

/// CR LF at the end of every line, whatever stood there.
fn with_crlf(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 32);
    let mut last = 0;
    for byte in bytes {
        if *byte == b'\n' && last != b'\r' {
            out.push(b'\r');
        }
        out.push(*byte);
        last = *byte;
    }
    out
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

/// A parameter of a header's value, quoted or not.
fn parameter(value: &str, name: &str) -> Option<String> {
    value.split(';').skip(1).find_map(|pair| {
        let (key, text) = pair.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| text.trim().trim_matches('"').to_string())
    })
}
