//! Reading and writing DER: one walker for certificates, CRLs, OCSP, time-stamps and CMS.
//!
//! The reader borrows, never copies, keeps the raw bytes of every element (signatures are over bytes,
//! not over meanings), and is strict: definite minimal lengths, single-byte tags, minimal integers. It
//! holds no more than its slice, and walks no deeper than [`DEPTH_MAX`]. Input that may be BER (CMS made
//! by streaming software) is first made definite by [`ber::to_der`].

pub mod ber;
mod time;
mod write;

pub use time::write_generalized;
pub use write::Writer;
pub(crate) use write::unsigned;

use crate::oid::Oid;
use base::Instant;

/// How deep elements may nest.
pub const DEPTH_MAX: u8 = 40;

/// The largest input any parser of this crate takes, in bytes; CRLs may be larger ([`crate::crl`]).
pub const INPUT_BYTES_MAX: usize = 10 * 1024 * 1024;

/// How many members a list may have; revocation lists alone are longer, and are walked instead.
pub const LIST_MAX: usize = 4096;

/// Why bytes are not what they should be, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why} at byte {at}")]
pub struct Malformed {
    /// What is wrong.
    pub why: Why,
    /// Offset from the start of the outermost input.
    pub at: usize,
}

/// What is wrong with bytes that are not DER, or not of the expected shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Why {
    /// The input ends inside an element.
    #[error("the input ends too early")]
    Truncated,
    /// Another element was expected.
    #[error("expected tag {expected:#04x}, found {found:#04x}")]
    Tag {
        /// The tag the structure has here.
        expected: u8,
        /// The tag that stands there.
        found: u8,
    },
    /// An indefinite or non-minimal length, a many-byte tag, a padded integer.
    #[error("not the one encoding DER allows")]
    NotDer,
    /// More bytes than the structure has room for.
    #[error("bytes left over")]
    Trailing,
    /// The value is outside what the field may hold.
    #[error("a value that cannot stand here: {0}")]
    Value(&'static str),
    /// Nested deeper than [`DEPTH_MAX`].
    #[error("nested too deep")]
    TooDeep,
    /// Larger than the limit of this parser.
    #[error("larger than the limit")]
    TooBig,
}

/// Result of reading.
pub type Read<T> = Result<T, Malformed>;

/// An identifier octet.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(pub u8);

impl std::fmt::Debug for Tag {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Tag({:#04x})", self.0)
    }
}

#[allow(missing_docs)] // the names are X.680's
impl Tag {
    pub const BOOLEAN: Tag = Tag(0x01);
    pub const INTEGER: Tag = Tag(0x02);
    pub const BIT_STRING: Tag = Tag(0x03);
    pub const OCTET_STRING: Tag = Tag(0x04);
    pub const NULL: Tag = Tag(0x05);
    pub const OID: Tag = Tag(0x06);
    pub const ENUMERATED: Tag = Tag(0x0a);
    pub const UTF8_STRING: Tag = Tag(0x0c);
    pub const NUMERIC_STRING: Tag = Tag(0x12);
    pub const PRINTABLE_STRING: Tag = Tag(0x13);
    pub const TELETEX_STRING: Tag = Tag(0x14);
    pub const IA5_STRING: Tag = Tag(0x16);
    pub const UTC_TIME: Tag = Tag(0x17);
    pub const GENERALIZED_TIME: Tag = Tag(0x18);
    pub const VISIBLE_STRING: Tag = Tag(0x1a);
    pub const UNIVERSAL_STRING: Tag = Tag(0x1c);
    pub const BMP_STRING: Tag = Tag(0x1e);
    pub const SEQUENCE: Tag = Tag(0x30);
    pub const SET: Tag = Tag(0x31);

    /// `[n]` around a primitive value (IMPLICIT).
    pub const fn primitive(n: u8) -> Tag {
        Tag(0x80 | n)
    }

    /// `[n]` around a constructed value (EXPLICIT, or IMPLICIT of a SEQUENCE or SET).
    pub const fn context(n: u8) -> Tag {
        Tag(0xa0 | n)
    }

    /// Has elements inside rather than a value.
    pub const fn is_constructed(self) -> bool {
        self.0 & 0x20 != 0
    }
}

/// One element: its tag, its contents, and both as they stood.
#[derive(Clone, Copy, Debug)]
pub struct Element<'a> {
    /// The identifier octet.
    pub tag: Tag,
    /// The contents.
    pub value: &'a [u8],
    /// Tag, length and contents.
    pub raw: &'a [u8],
    /// Offset of `raw` in the outermost input.
    pub at: usize,
    depth: u8,
}

impl<'a> Element<'a> {
    /// The elements inside.
    pub fn inside(&self) -> Read<Reader<'a>> {
        if self.depth >= DEPTH_MAX {
            return Err(Malformed { why: Why::TooDeep, at: self.at });
        }
        let base = self.at + (self.raw.len() - self.value.len());
        Ok(Reader { bytes: self.value, at: 0, base, depth: self.depth + 1 })
    }

    /// Where `value` lies in the outermost input.
    pub fn value_range(&self) -> std::ops::Range<usize> {
        let end = self.at + self.raw.len();
        end - self.value.len()..end
    }

    /// Where `raw` lies in the outermost input.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.at..self.at + self.raw.len()
    }

    /// An error that points at this element.
    pub fn wrong(&self, what: &'static str) -> Malformed {
        Malformed { why: Why::Value(what), at: self.at }
    }
}

/// Walks the elements of a slice from front to back.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    base: usize,
    depth: u8,
}

impl<'a> Reader<'a> {
    /// Begins at the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0, base: 0, depth: 0 }
    }

    /// Reads a whole input that is one SEQUENCE and nothing after it.
    pub fn whole_sequence(bytes: &'a [u8]) -> Read<Reader<'a>> {
        let mut outer = Reader::new(bytes);
        let inner = outer.sequence()?;
        outer.end()?;
        Ok(inner)
    }

    /// Nothing is left.
    pub fn is_empty(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// What is left, unread.
    pub fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    /// The tag that comes next.
    pub fn peek(&self) -> Option<Tag> {
        self.bytes.get(self.at).map(|byte| Tag(*byte))
    }

    /// Fails unless everything has been read.
    pub fn end(&self) -> Read<()> {
        if self.is_empty() { Ok(()) } else { Err(self.fail(Why::Trailing)) }
    }

    /// An error that points at what comes next.
    pub fn fail(&self, why: Why) -> Malformed {
        Malformed { why, at: self.base + self.at }
    }

    /// The next element, whatever it is.
    pub fn any(&mut self) -> Read<Element<'a>> {
        let start = self.at;
        let (tag, header, length) = header(self.rest()).map_err(|why| self.fail(why))?;
        let end = start.checked_add(header).and_then(|n| n.checked_add(length));
        let end = end.filter(|end| *end <= self.bytes.len()).ok_or_else(|| self.fail(Why::Truncated))?;
        self.at = end;
        Ok(Element {
            tag,
            value: &self.bytes[start + header..end],
            raw: &self.bytes[start..end],
            at: self.base + start,
            depth: self.depth,
        })
    }

    /// The next element, which has this tag.
    pub fn expect(&mut self, tag: Tag) -> Read<Element<'a>> {
        match self.peek() {
            Some(found) if found == tag => self.any(),
            Some(found) => Err(self.fail(Why::Tag { expected: tag.0, found: found.0 })),
            None => Err(self.fail(Why::Truncated)),
        }
    }

    /// The next element if it has this tag.
    pub fn optional(&mut self, tag: Tag) -> Read<Option<Element<'a>>> {
        if self.peek() == Some(tag) { self.any().map(Some) } else { Ok(None) }
    }

    /// The elements of the next SEQUENCE.
    pub fn sequence(&mut self) -> Read<Reader<'a>> {
        self.expect(Tag::SEQUENCE)?.inside()
    }

    /// The elements of the next SET.
    pub fn set(&mut self) -> Read<Reader<'a>> {
        self.expect(Tag::SET)?.inside()
    }

    /// The elements inside `[n]`, if it comes next.
    pub fn context(&mut self, n: u8) -> Read<Option<Reader<'a>>> {
        self.optional(Tag::context(n))?.map(|element| element.inside()).transpose()
    }

    /// The contents of an INTEGER: big-endian two's complement, minimal.
    pub fn integer(&mut self) -> Read<&'a [u8]> {
        let element = self.expect(Tag::INTEGER)?;
        minimal(&element)
    }

    /// An INTEGER or ENUMERATED from 0 to 2⁶³−1.
    pub fn number(&mut self) -> Read<u64> {
        let element = match self.peek() {
            Some(Tag::ENUMERATED) => self.any()?,
            _ => self.expect(Tag::INTEGER)?,
        };
        number(&element)
    }

    /// A BOOLEAN.
    pub fn boolean(&mut self) -> Read<bool> {
        let element = self.expect(Tag::BOOLEAN)?;
        boolean(&element)
    }

    /// A BOOLEAN that is FALSE when left out.
    pub fn flag(&mut self) -> Read<bool> {
        if self.peek() == Some(Tag::BOOLEAN) { self.boolean() } else { Ok(false) }
    }

    /// An OBJECT IDENTIFIER.
    pub fn oid(&mut self) -> Read<Oid> {
        let element = self.expect(Tag::OID)?;
        Oid::from_bytes(element.value).map_err(|_| element.wrong("object identifier"))
    }

    /// The contents of an OCTET STRING.
    pub fn octets(&mut self) -> Read<&'a [u8]> {
        Ok(self.expect(Tag::OCTET_STRING)?.value)
    }

    /// A BIT STRING: its bytes and how many bits of the last are unused.
    pub fn bits(&mut self) -> Read<Bits<'a>> {
        let element = self.expect(Tag::BIT_STRING)?;
        bits(&element)
    }

    /// A UTCTime or GeneralizedTime.
    pub fn time(&mut self) -> Read<Instant> {
        let element = self.any()?;
        time::read(&element)
    }

    /// Reads a SEQUENCE OF (already entered) to its end; [`LIST_MAX`] members at most.
    pub fn each<T>(mut self, mut one: impl FnMut(&mut Reader<'a>) -> Read<T>) -> Read<Vec<T>> {
        let mut all = Vec::new();
        while !self.is_empty() {
            if all.len() >= LIST_MAX {
                return Err(self.fail(Why::TooBig));
            }
            all.push(one(&mut self)?);
        }
        Ok(all)
    }
}

/// The contents of a BIT STRING.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bits<'a> {
    /// The bytes, first bit highest.
    pub bytes: &'a [u8],
    /// Bits of the last byte that do not count, 0–7.
    pub unused: u8,
}

impl<'a> Bits<'a> {
    /// The bytes, if they are whole.
    pub fn whole(self) -> Option<&'a [u8]> {
        (self.unused == 0).then_some(self.bytes)
    }

    /// The first sixteen named bits, bit 0 lowest.
    pub fn named(self) -> u16 {
        let byte = |n: usize| self.bytes.get(n).map_or(0, |byte| u16::from(byte.reverse_bits()));
        byte(0) | byte(1) << 8
    }
}

/// Reads an element as a BIT STRING, whatever its tag (IMPLICIT).
pub fn bits<'a>(element: &Element<'a>) -> Read<Bits<'a>> {
    let (unused, bytes) = element.value.split_first().ok_or(element.wrong("empty bit string"))?;
    let spare = bytes.last().map_or(0, |last| last.trailing_zeros().min(8) as u8);
    if *unused > 7 || *unused > spare || (bytes.is_empty() && *unused != 0) {
        return Err(Malformed { why: Why::NotDer, at: element.at });
    }
    Ok(Bits { bytes, unused: *unused })
}

/// Reads an element as a BOOLEAN, whatever its tag (IMPLICIT).
pub fn boolean(element: &Element<'_>) -> Read<bool> {
    match element.value {
        [0x00] => Ok(false),
        [0xff] => Ok(true),
        _ => Err(Malformed { why: Why::NotDer, at: element.at }),
    }
}

/// Reads an element as a non-negative number, whatever its tag (IMPLICIT).
pub fn number(element: &Element<'_>) -> Read<u64> {
    let bytes = minimal(element)?;
    if bytes[0] & 0x80 != 0 || bytes.len() > 8 {
        return Err(element.wrong("number out of range"));
    }
    Ok(bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

/// Reads an element as a time, whatever stands around it.
pub fn instant(element: &Element<'_>) -> Read<Instant> {
    time::read(element)
}

fn minimal<'a>(element: &Element<'a>) -> Read<&'a [u8]> {
    match element.value {
        [] => Err(element.wrong("empty integer")),
        [0x00, next, ..] if next & 0x80 == 0 => Err(Malformed { why: Why::NotDer, at: element.at }),
        [0xff, next, ..] if next & 0x80 != 0 => Err(Malformed { why: Why::NotDer, at: element.at }),
        bytes => Ok(bytes),
    }
}

/// Tag, header length and contents length of the element at the front.
fn header(bytes: &[u8]) -> Result<(Tag, usize, usize), Why> {
    let tag = *bytes.first().ok_or(Why::Truncated)?;
    if tag & 0x1f == 0x1f {
        return Err(Why::NotDer);
    }
    let first = *bytes.get(1).ok_or(Why::Truncated)?;
    if first < 0x80 {
        return Ok((Tag(tag), 2, usize::from(first)));
    }
    let count = usize::from(first & 0x7f);
    if count == 0 || count > 4 {
        return Err(if count == 0 { Why::NotDer } else { Why::TooBig });
    }
    let digits = bytes.get(2..2 + count).ok_or(Why::Truncated)?;
    let length = digits.iter().fold(0usize, |sum, byte| sum << 8 | usize::from(*byte));
    if digits[0] == 0 || length < 0x80 {
        return Err(Why::NotDer);
    }
    Ok((Tag(tag), 2 + count, length))
}

/// Refuses input above `max` bytes before anything looks at it.
pub fn within(bytes: &[u8], max: usize) -> Read<()> {
    if bytes.len() <= max { Ok(()) } else { Err(Malformed { why: Why::TooBig, at: max }) }
}

#[cfg(test)]
mod tests;
