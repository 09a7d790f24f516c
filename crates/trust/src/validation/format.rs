//! What a file is, by its bytes, and what its reader finds in it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pki::cms::SignedData;
use pki::path::Effort;
use pki::{Certificate, pem, smime};

use super::found::{Bag, Found};
use super::report::{Finding, Format};
use super::rules::Document;
use super::{message, pdf, xml};

/// A file as read.
pub struct Read {
    /// What it is.
    pub format: Format,
    /// Its signatures, in its order.
    pub signatures: Vec<Found>,
    /// Everything it brings.
    pub bag: Bag,
    /// What is to be said of it as a whole.
    pub findings: Vec<Finding>,
}

/// Why there is nothing to judge, and what the file seems to be.
pub type Unread = (Option<Format>, Finding);

/// Reads a file, within this effort. A document given together with its detached signature may come in either
/// order.
pub fn read(document: &Document<'_>, known: &[Certificate], effort: &Effort) -> Result<Read, Unread> {
    let read_as = |format, bytes, content| read_as(format, bytes, content, known, effort);
    match (detect(document.bytes), document.content) {
        (None, Some(signature)) if detect(signature) == Some(Format::Cms) => {
            read_as(Format::Cms, signature, Some(document.bytes))
        }
        (Some(Format::Pdf), Some(signature)) if detect(signature) == Some(Format::Cms) => {
            read_as(Format::Cms, signature, Some(document.bytes))
        }
        (None, _) => Err((None, Finding::UnknownFormat)),
        (Some(format), content) => read_as(format, document.bytes, content),
    }
}

fn read_as(
    format: Format,
    bytes: &[u8],
    content: Option<&[u8]>,
    known: &[Certificate],
    effort: &Effort,
) -> Result<Read, Unread> {
    let mut read = match format {
        Format::Cms => {
            let message = SignedData::import(bytes).map_err(|e| (Some(format), broken(&e)))?;
            message::read(&message, content, known, effort).map_err(|why| (Some(format), why))?
        }
        Format::Smime => mail(bytes, known, effort)?,
        Format::Xml | Format::EdXml => xml::read(bytes, content, effort)?,
        Format::Pdf => pdf::read(bytes, known, effort)?,
    };
    if format == Format::Smime {
        read.format = format;
    }
    for (n, found) in read.signatures.iter_mut().enumerate().filter(|(_, found)| found.name.is_empty()) {
        found.name = (n + 1).to_string();
    }
    Ok(read)
}

/// A parser's refusal.
pub fn broken(why: &dyn std::fmt::Display) -> Finding {
    Finding::Broken { what: why.to_string() }
}

/// What a file is, by its first bytes.
pub fn detect(bytes: &[u8]) -> Option<Format> {
    let head = &bytes[..bytes.len().min(1024)];
    if head.windows(5).any(|window| window == b"%PDF-") {
        return Some(Format::Pdf);
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    if text.starts_with(b"<") || head.starts_with(&[0xFE, 0xFF]) || head.starts_with(&[0xFF, 0xFE]) {
        return Some(Format::Xml);
    }
    if pem::is_pem(bytes) {
        let blocks = pem::read(bytes).ok()?;
        let is_message = blocks.iter().any(|block| matches!(block.label.as_str(), "CMS" | "PKCS7"));
        return is_message.then_some(Format::Cms);
    }
    // A SEQUENCE, definite or not, that begins with the identifier of SignedData.
    let signed_data = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
    if head.first() == Some(&0x30) && head.windows(11).take(16).any(|window| window == signed_data) {
        return Some(Format::Cms);
    }
    let kind = Headers::read(bytes)?.kind.to_ascii_lowercase();
    let is_signed = kind.starts_with("multipart/signed") || kind.contains("pkcs7-mime");
    is_signed.then_some(Format::Smime)
}

/// The head of a mail or of a MIME entity, as far as it matters here.
struct Headers<'a> {
    kind: String,
    encoding: String,
    body: &'a [u8],
}

/// How long the head of a mail may be, in bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;

impl Headers<'_> {
    fn read(bytes: &[u8]) -> Option<Headers<'_>> {
        let head = &bytes[..bytes.len().min(HEAD_BYTES_MAX)];
        let find =
            |what: &[u8]| head.windows(what.len()).position(|window| window == what).map(|n| (n, what.len()));
        let (end, gap) = [find(b"\r\n\r\n"), find(b"\n\n")].into_iter().flatten().min()?;
        let text = std::str::from_utf8(&head[..end]).ok()?;
        // A line that begins with white space goes on with the one before.
        let text = text.replace("\r\n", "\n").replace("\n ", " ").replace("\n\t", " ");
        let value = |name: &str| {
            let lines = text.lines().filter_map(|line| line.split_once(':'));
            let mut found = lines.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name));
            found.next().map(|(_, value)| value.trim().to_string())
        };
        let encoding = value("Content-Transfer-Encoding").unwrap_or_default().to_ascii_lowercase();
        Some(Headers { kind: value("Content-Type")?, encoding, body: &bytes[end + gap..] })
    }
}

/// Signed mail, in the clear or opaque.
fn mail(bytes: &[u8], known: &[Certificate], effort: &Effort) -> Result<Read, Unread> {
    let unread = |finding| (Some(Format::Smime), finding);
    let headers = Headers::read(bytes).ok_or_else(|| unread(Finding::UnknownFormat))?;
    if headers.kind.to_ascii_lowercase().starts_with("multipart/signed") {
        let parts = smime::split(&headers.kind, headers.body)
            .ok_or_else(|| unread(Finding::Broken { what: "multipart/signed".into() }))?;
        let message = SignedData::parse(&parts.signature).map_err(|e| unread(broken(&e)))?;
        let mut read = message::read(&message, Some(&parts.entity), known, effort).map_err(unread)?;
        // The mail is its own content: its other headers are nobody's, which mail programs show.
        read.signatures.iter_mut().for_each(message::cover_whole);
        return Ok(read);
    }
    let der = match headers.encoding.as_str() {
        "base64" => {
            let text: Vec<u8> = headers.body.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
            STANDARD.decode(text).map_err(|e| unread(broken(&e)))?
        }
        _ => headers.body.to_vec(),
    };
    let message = SignedData::parse(&der).map_err(|e| unread(broken(&e)))?;
    message::read(&message, None, known, effort).map_err(unread)
}
