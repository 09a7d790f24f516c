//! The text of a foreign document, read from its bytes and found fit to be parsed.

use crate::limits::Limits;
use crate::scan::{self, Scan};
use std::borrow::Cow;

/// Why a document is not read. Facts for the log and for a sentence made elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// It has a document type declaration. We take none: entities and default attributes would let the text
    /// mean something else than what is written in it.
    DocumentType {
        /// Byte offset in the text.
        offset: usize,
    },
    /// It asks for more than `Limits` allow.
    TooMuch(Excess),
    /// It is neither UTF-8 nor UTF-16 with a byte order mark, or it says it is something else.
    Encoding,
    /// It declares another version of XML than 1.0.
    Version,
    /// It is no well-formed XML, or its namespaces are not.
    Malformed {
        /// Byte offset in the text, where known, otherwise 0.
        offset: usize,
    },
}

/// What there is too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    /// Bytes of the document.
    Bytes,
    /// Nodes.
    Nodes,
    /// Attributes, of one element or of all.
    Attributes,
    /// Elements inside each other.
    Depth,
    /// The length of a name.
    Name,
    /// Declarations of namespaces.
    Namespaces,
    /// References of a signature.
    References,
    /// Transforms of a reference.
    Transforms,
    /// Octets in canonical form.
    Octets,
}

/// A document's text, not yet a tree. It is kept apart because the tree borrows from it.
#[derive(Debug)]
pub struct Source<'a> {
    text: Cow<'a, str>,
    limits: Limits,
    pub(crate) scan: Scan,
}

impl<'a> Source<'a> {
    /// Decodes the bytes (UTF-8, or UTF-16 with its byte order mark) and measures the markup.
    pub fn read(bytes: &'a [u8], limits: &Limits) -> Result<Source<'a>, Unreadable> {
        if bytes.len() > limits.document_bytes_max {
            return Err(Unreadable::TooMuch(Excess::Bytes));
        }
        let (text, wide) = decode(bytes)?;
        check_declaration(&text, wide)?;
        let scan = scan::scan(&text, limits)?;
        Ok(Source { text, limits: limits.clone(), scan })
    }

    /// The text, without a byte order mark. Offsets and ranges of this crate count its bytes.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it was measured by.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }
}

fn decode(bytes: &[u8]) -> Result<(Cow<'_, str>, bool), Unreadable> {
    let wide = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, odd) = rest.as_chunks::<2>();
        let units = pairs.iter().map(|pair| unit(*pair));
        let text: Result<String, _> = char::decode_utf16(units).collect();
        match text {
            Ok(text) if odd.is_empty() => Ok((Cow::Owned(text), true)),
            _ => Err(Unreadable::Encoding),
        }
    };
    match bytes {
        [0xFE, 0xFF, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xFF, 0xFE, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] | rest => match std::str::from_utf8(rest) {
            Ok(text) => Ok((Cow::Borrowed(text), false)),
            Err(_) => Err(Unreadable::Encoding),
        },
    }
}

/// The XML declaration must name version 1.0 and, where it names an encoding, the one we read.
fn check_declaration(text: &str, wide: bool) -> Result<(), Unreadable> {
    let Some(declaration) = text.strip_prefix("<?xml ").and_then(|rest| rest.split_once("?>")) else {
        return Ok(());
    };
    let value = |name: &str| {
        let rest = declaration.0.split_once(name)?.1.trim_start().strip_prefix('=')?.trim_start();
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        rest[1..].split_once(quote).map(|(value, _)| value)
    };
    if value("version") != Some("1.0") {
        return Err(Unreadable::Version);
    }
    let known: &[&str] = if wide { &["utf-16"] } else { &["utf-8", "us-ascii", "ascii"] };
    match value("encoding") {
        Some(said) if !known.iter().any(|name| name.eq_ignore_ascii_case(said)) => Err(Unreadable::Encoding),
        // An attribute we could not read is one we could not judge.
        None if declaration.0.contains("encoding") => Err(Unreadable::Encoding),
        _ => Ok(()),
    }
}
