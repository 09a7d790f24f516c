//! What a site asks to have signed: read, held against itself, kept for a few minutes.

use base::Instant;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use pki::der::{Reader, Tag};
use pki::{Digest, oid};

/// Documents under one PIN.
pub const ITEMS_MAX: usize = 500;
/// The longest description of a document, in characters.
pub const WHAT_CHARS_MAX: usize = 300;
/// The longest word that goes back to the site unread, in bytes.
pub const STATE_BYTES_MAX: usize = 512;
/// Signed attributes of one document, in bytes; ours have some 300.
pub const ATTRIBUTES_BYTES_MAX: usize = 8 * 1024;
/// How long a request waits for its PIN, in minutes.
pub const WAITS_MINUTES: i64 = 5;
/// Requests that wait at once; the oldest gives way.
pub const WAITING_MAX: usize = 16;
/// Wrong PINs in one request: fewer than lock a token.
pub const TRIES_MAX: u32 = 2;

/// A document to be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it is, as the person reads it.
    pub what: String,
    /// The hash of its bytes.
    pub hash: Vec<u8>,
    /// The signed attributes (RFC 5652 section 5.4): a DER SET OF that names the hash and the certificate.
    pub attributes: Vec<u8>,
}

/// What a site asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The site, `https://motcua.vinhlong.gov.vn`.
    pub origin: String,
    /// Where the browser goes with the signatures; on the same site.
    pub back: String,
    /// Given back unread.
    pub state: String,
    /// SHA-256 of the certificate to sign with.
    pub certificate: Vec<u8>,
    /// The hash function of document and signature.
    pub digest: Digest,
    /// In the order they came.
    pub items: Vec<Item>,
}

/// Why a request is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It comes from a site the agent does not sign for, or says not whence.
    Origin,
    /// It would send the signatures elsewhere.
    Return,
    /// A field is missing, too long, of another version, or not what it should be.
    Field(&'static str),
    /// Nothing to sign, too much, or hash, text and attributes do not pair.
    Items,
    /// The attributes speak of another document than is shown.
    OtherDocument,
    /// The attributes name another certificate.
    OtherCertificate,
}

impl Wrong {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Wrong::Origin => "origin",
            Wrong::Return => "return",
            Wrong::Field(name) => name,
            Wrong::Items => "items",
            Wrong::OtherDocument => "other-document",
            Wrong::OtherCertificate => "other-certificate",
        }
    }
}

impl Asked {
    /// Reads the form of a site. `origin` is what the browser says of whence it comes.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn read(form: &[(String, String)], origin: Option<&str>, known: &[String]) -> Result<Asked, Wrong> {
        let origin = origin.filter(|o| known.iter().any(|k| k == o)).ok_or(Wrong::Origin)?.to_string();
        let one = |name: &'static str| {
            let mut values = form.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
            match (values.next(), values.next()) {
                (Some(value), None) => Ok(value),
                _ => Err(Wrong::Field(name)),
            }
        };
        if one("v")? != "1" {
            return Err(Wrong::Field("v"));
        }
        let back = one("return")?.to_string();
        let rest = back.strip_prefix(&origin).ok_or(Wrong::Return)?;
        if !rest.starts_with('/') || back.len() > 2_000 || back.contains(char::is_whitespace) {
            return Err(Wrong::Return);
        }
        let state = one("state")?.to_string();
        if state.len() > STATE_BYTES_MAX {
            return Err(Wrong::Field("state"));
        }
        let certificate = unhex(one("certificate")?).filter(|bytes| bytes.len() == 32);
        let certificate = certificate.ok_or(Wrong::Field("certificate"))?;
        let digest = match one("digest")? {
            "sha256" => Digest::Sha256,
            "sha384" => Digest::Sha384,
            "sha512" => Digest::Sha512,
            _ => return Err(Wrong::Field("digest")),
        };
        let items = items(form, digest)?;
        for item in &items {
            holds_together(item, &certificate)?;
        }
        Ok(Asked { origin, back, state, certificate, digest, items })
    }
}

fn items(form: &[(String, String)], digest: Digest) -> Result<Vec<Item>, Wrong> {
    let all = |name: &str| form.iter().filter(|(key, _)| key == name).map(|(_, v)| v).collect::<Vec<_>>();
    let (whats, hashes, attributes) = (all("what"), all("hash"), all("attributes"));
    let alike = whats.len() == hashes.len() && hashes.len() == attributes.len();
    if !alike || whats.is_empty() || whats.len() > ITEMS_MAX {
        return Err(Wrong::Items);
    }
    let mut items = Vec::with_capacity(whats.len());
    for ((what, hash), attributes) in whats.into_iter().zip(hashes).zip(attributes) {
        let what = what.trim().to_string();
        if what.is_empty() || what.chars().count() > WHAT_CHARS_MAX || what.contains(char::is_control) {
            return Err(Wrong::Field("what"));
        }
        let hash = unhex(hash).filter(|bytes| bytes.len() == digest.bytes()).ok_or(Wrong::Field("hash"))?;
        let read = BASE64.decode(attributes.as_bytes()).ok();
        let attributes = read.filter(|bytes| bytes.len() <= ATTRIBUTES_BYTES_MAX);
        let attributes = attributes.ok_or(Wrong::Field("attributes"))?;
        items.push(Item { what, hash, attributes });
    }
    Ok(items)
}

/// The attributes must speak of the document that is shown and of the certificate that signs: otherwise a
/// site could have anything signed.
fn holds_together(item: &Item, certificate: &[u8]) -> Result<(), Wrong> {
    let (mut hash, mut named) = (None, None);
    let unreadable = |_| Wrong::Field("attributes");
    let mut outer = Reader::new(&item.attributes);
    let mut set = outer.set().map_err(unreadable)?;
    outer.end().map_err(unreadable)?;
    while !set.is_empty() {
        let mut attribute = set.sequence().map_err(unreadable)?;
        let name = attribute.oid().map_err(unreadable)?;
        let mut values = attribute.set().map_err(unreadable)?;
        if name == oid::MESSAGE_DIGEST {
            let value = values.expect(Tag::OCTET_STRING).map_err(unreadable)?.value.to_vec();
            // Said twice is as bad as said wrong.
            hash = if hash.is_none() { Some(value) } else { Some(Vec::new()) };
        } else if name == oid::SIGNING_CERTIFICATE_V2 {
            named = Some(certificate_hash(&mut values).ok_or(Wrong::Field("attributes"))?);
        }
    }
    if hash.as_deref() != Some(item.hash.as_slice()) {
        return Err(Wrong::OtherDocument);
    }
    match named {
        Some((Digest::Sha256, hash)) if hash == certificate => Ok(()),
        // Named by another hash function: the register of the site knows, we cannot compare before the
        // token is seen. The signature would not verify with another certificate.
        Some((digest, hash)) if digest != Digest::Sha256 && hash.len() == digest.bytes() => Ok(()),
        _ => Err(Wrong::OtherCertificate),
    }
}

/// The first certificate hash of SigningCertificateV2 (RFC 5035 section 3).
fn certificate_hash(values: &mut Reader<'_>) -> Option<(Digest, Vec<u8>)> {
    let mut first = values.sequence().ok()?.sequence().ok()?.sequence().ok()?;
    let digest = match first.peek()? {
        Tag::SEQUENCE => Digest::from_oid(first.sequence().ok()?.oid().ok()?)?,
        _ => Digest::Sha256,
    };
    Some((digest, first.expect(Tag::OCTET_STRING).ok()?.value.to_vec()))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    if !text.len().is_multiple_of(2) || text.len() > 128 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

/// Bytes as people compare them: groups of four, in small letters.
pub fn in_groups(bytes: &[u8]) -> String {
    let hex: Vec<String> =
        bytes.chunks(2).map(|two| two.iter().map(|b| format!("{b:02x}")).collect()).collect();
    hex.join(" ")
}

/// A request that waits for its PIN.
#[derive(Clone)]
pub(super) struct Wait {
    /// What only our own page knows.
    pub id: String,
    pub asked: Asked,
    pub tries: u32,
    until: Instant,
}

/// Requests that wait.
#[derive(Default)]
pub(super) struct Waiting(Vec<Wait>);

impl Waiting {
    pub fn put(&mut self, id: String, asked: Asked, now: Instant) {
        self.0.retain(|wait| wait.until > now);
        if self.0.len() >= WAITING_MAX {
            self.0.remove(0);
        }
        self.0.push(Wait { id, asked, tries: 0, until: now.plus_minutes(WAITS_MINUTES) });
    }

    pub fn find(&self, id: &str, now: Instant) -> Option<Wait> {
        self.0.iter().find(|wait| wait.id == id && wait.until > now).cloned()
    }

    /// Counts a wrong PIN; the tries that are left.
    pub fn tried(&mut self, id: &str) -> u32 {
        let Some(wait) = self.0.iter_mut().find(|wait| wait.id == id) else { return 0 };
        wait.tries += 1;
        TRIES_MAX.saturating_sub(wait.tries)
    }

    pub fn end(&mut self, id: &str) {
        self.0.retain(|wait| wait.id != id);
    }
}
