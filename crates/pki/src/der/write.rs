//! Writing DER: elements are opened, filled and closed; lengths are put in when they are known.

use super::Tag;
use crate::oid::Oid;
use base::Instant;

/// What most structures have room in, in bytes.
const ROOM: usize = 128;

/// Collects DER.
///
/// A closed element whose contents turned out long makes room for its length, so deep structures are
/// written in one pass and nobody counts lengths beforehand.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// Begins empty.
    pub fn new() -> Writer {
        Writer::default()
    }

    /// Begins empty, with room for so many bytes.
    pub fn with_capacity(bytes: usize) -> Writer {
        Writer { out: Vec::with_capacity(bytes) }
    }

    /// What has been written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// How many bytes have been written.
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// Nothing has been written.
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// Writes one structure and returns its bytes.
    pub fn build(fill: impl FnOnce(&mut Writer)) -> Vec<u8> {
        let mut writer = Writer::with_capacity(ROOM);
        fill(&mut writer);
        writer.out
    }

    /// Elements that are DER already.
    pub fn raw(&mut self, der: &[u8]) -> &mut Writer {
        self.out.extend_from_slice(der);
        self
    }

    /// An element with these contents.
    pub fn element(&mut self, tag: Tag, value: &[u8]) -> &mut Writer {
        self.out.push(tag.0);
        push_length(&mut self.out, value.len());
        self.out.extend_from_slice(value);
        self
    }

    /// An element whose contents are written by `fill`.
    pub fn nest(&mut self, tag: Tag, fill: impl FnOnce(&mut Writer)) -> &mut Writer {
        self.out.extend_from_slice(&[tag.0, 0]);
        let start = self.out.len();
        fill(self);
        let length = self.out.len() - start;
        if length < 0x80 {
            self.out[start - 1] = length as u8;
            return self;
        }
        let (digits, count) = length_digits(length);
        self.out.resize(start + count + length, 0);
        self.out.copy_within(start..start + length, start + count);
        self.out[start - 1] = 0x80 | count as u8;
        self.out[start..start + count].copy_from_slice(&digits[8 - count..]);
        self
    }

    /// A SEQUENCE.
    pub fn sequence(&mut self, fill: impl FnOnce(&mut Writer)) -> &mut Writer {
        self.nest(Tag::SEQUENCE, fill)
    }

    /// The head alone of a SEQUENCE with so many bytes of contents.
    pub fn sequence_head(&mut self, length: usize) -> &mut Writer {
        self.out.push(Tag::SEQUENCE.0);
        push_length(&mut self.out, length);
        self
    }

    /// A SET of elements written in the order given.
    pub fn set(&mut self, fill: impl FnOnce(&mut Writer)) -> &mut Writer {
        self.nest(Tag::SET, fill)
    }

    /// A SET OF, its members in the order DER wants.
    pub fn set_of(&mut self, tag: Tag, mut members: Vec<Vec<u8>>) -> &mut Writer {
        members.sort();
        self.nest(tag, |w| {
            for member in &members {
                w.raw(member);
            }
        })
    }

    /// `[n]` EXPLICIT, or IMPLICIT around a constructed value.
    pub fn context(&mut self, n: u8, fill: impl FnOnce(&mut Writer)) -> &mut Writer {
        self.nest(Tag::context(n), fill)
    }

    /// An INTEGER given as big-endian two's complement.
    pub fn integer(&mut self, value: &[u8]) -> &mut Writer {
        self.element(Tag::INTEGER, value)
    }

    /// An INTEGER that is a small number.
    pub fn number(&mut self, value: u64) -> &mut Writer {
        self.element(Tag::INTEGER, &unsigned(&value.to_be_bytes()))
    }

    /// An ENUMERATED.
    pub fn enumerated(&mut self, value: u8) -> &mut Writer {
        self.element(Tag::ENUMERATED, &[value])
    }

    /// A BOOLEAN.
    pub fn boolean(&mut self, value: bool) -> &mut Writer {
        self.element(Tag::BOOLEAN, &[if value { 0xff } else { 0 }])
    }

    /// A NULL.
    pub fn null(&mut self) -> &mut Writer {
        self.element(Tag::NULL, &[])
    }

    /// An OBJECT IDENTIFIER.
    pub fn oid(&mut self, oid: Oid) -> &mut Writer {
        self.element(Tag::OID, oid.as_bytes())
    }

    /// An OCTET STRING.
    pub fn octets(&mut self, value: &[u8]) -> &mut Writer {
        self.element(Tag::OCTET_STRING, value)
    }

    /// A BIT STRING of whole bytes.
    pub fn bits(&mut self, value: &[u8]) -> &mut Writer {
        self.nest(Tag::BIT_STRING, |w| {
            w.out.push(0);
            w.out.extend_from_slice(value);
        })
    }

    /// A BIT STRING of named bits, bit 0 lowest, without its trailing zeros.
    pub fn named_bits(&mut self, tag: Tag, bits: u16) -> &mut Writer {
        let bytes = [(bits as u8).reverse_bits(), ((bits >> 8) as u8).reverse_bits()];
        let used = match bytes {
            [0, 0] => 0,
            [_, 0] => 1,
            _ => 2,
        };
        let unused = if used == 0 { 0 } else { bytes[used - 1].trailing_zeros() as u8 };
        self.nest(tag, |w| {
            w.out.push(unused);
            w.out.extend_from_slice(&bytes[..used]);
        })
    }

    /// A Time of RFC 5280: UTCTime until 2049, GeneralizedTime from 2050; whole seconds.
    pub fn time(&mut self, at: Instant) -> &mut Writer {
        let (tag, text) = super::time::choice(at);
        self.element(tag, text.as_bytes())
    }

    /// A GeneralizedTime of whole seconds.
    pub fn generalized(&mut self, at: Instant) -> &mut Writer {
        self.element(Tag::GENERALIZED_TIME, super::write_generalized(at, false).as_bytes())
    }

    /// A string of this kind.
    pub fn text(&mut self, tag: Tag, value: &str) -> &mut Writer {
        self.element(tag, value.as_bytes())
    }
}

/// The contents of the INTEGER that is this unsigned big-endian number.
pub(crate) fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    let digits = &bytes[start..];
    match digits.first() {
        None => vec![0],
        Some(first) if first & 0x80 != 0 => [&[0], digits].concat(),
        Some(_) => digits.to_vec(),
    }
}

fn push_length(out: &mut Vec<u8>, length: usize) {
    if length < 0x80 {
        out.push(length as u8);
        return;
    }
    let (digits, count) = length_digits(length);
    out.push(0x80 | count as u8);
    out.extend_from_slice(&digits[8 - count..]);
}

/// A length in big-endian bytes, and how many at their end count.
fn length_digits(length: usize) -> ([u8; 8], usize) {
    let length = length as u64;
    (length.to_be_bytes(), (8 - length.leading_zeros() as usize / 8).max(1))
}
