//! BER made definite: what streaming software writes, as the DER walker can read it.
//!
//! Indefinite lengths become definite, long lengths minimal, and strings in pieces are joined. The order
//! of SET members, booleans and integers stay as they are: signatures are over them.

use super::{DEPTH_MAX, Malformed, Read, Why, Writer};
use std::borrow::Cow;

/// The same elements with definite minimal lengths; borrowed when they have them already.
pub fn to_der(bytes: &[u8]) -> Read<Cow<'_, [u8]>> {
    if is_definite(bytes, 0) {
        return Ok(Cow::Borrowed(bytes));
    }
    let (der, read) = first_to_der(bytes)?;
    if read != bytes.len() {
        return Err(Malformed { why: Why::Trailing, at: read });
    }
    Ok(Cow::Owned(der))
}

/// The first element with definite minimal lengths, and how many bytes of the input it was.
pub fn first_to_der(bytes: &[u8]) -> Read<(Vec<u8>, usize)> {
    let mut walk = Walk { bytes, at: 0 };
    let mut out = Writer::with_capacity(bytes.len());
    walk.element(&mut out, 0)?;
    Ok((out.into_bytes(), walk.at))
}

/// Walks the constructed elements only as far as needed to know.
fn is_definite(bytes: &[u8], depth: u8) -> bool {
    let mut reader = super::Reader::new(bytes);
    while !reader.is_empty() {
        let Ok(element) = reader.any() else { return false };
        let pieces = matches!(element.tag.0, 0x23 | 0x24);
        let deep =
            element.tag.is_constructed() && (depth >= DEPTH_MAX || !is_definite(element.value, depth + 1));
        if pieces || deep {
            return false;
        }
    }
    true
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Walk<'a> {
    fn fail(&self, why: Why) -> Malformed {
        Malformed { why, at: self.at }
    }

    fn take(&mut self, count: usize) -> Read<&'a [u8]> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(|| self.fail(Why::Truncated))?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    /// The tag, and the length unless it is indefinite.
    fn header(&mut self) -> Read<(u8, Option<usize>)> {
        let tag = self.take(1)?[0];
        if tag & 0x1f == 0x1f {
            return Err(self.fail(Why::NotDer));
        }
        let first = self.take(1)?[0];
        match first {
            0..=0x7f => Ok((tag, Some(usize::from(first)))),
            0x80 if tag & 0x20 != 0 => Ok((tag, None)),
            0x80 => Err(self.fail(Why::NotDer)),
            _ => {
                let digits = self.take(usize::from(first & 0x7f))?;
                let significant = digits.iter().skip_while(|byte| **byte == 0);
                if significant.clone().count() > 4 {
                    return Err(self.fail(Why::TooBig));
                }
                Ok((tag, Some(significant.fold(0, |sum, byte| sum << 8 | usize::from(*byte)))))
            }
        }
    }

    fn element(&mut self, out: &mut Writer, depth: u8) -> Read<()> {
        let (tag, length) = self.header()?;
        if matches!(tag, 0x23 | 0x24) {
            let mut joined = Joined { bytes: Vec::new(), unused: 0, is_bits: tag == 0x23 };
            self.pieces(&mut joined, tag & !0x20, length, depth)?;
            if joined.is_bits {
                joined.bytes.insert(0, joined.unused);
            }
            out.element(super::Tag(tag & !0x20), &joined.bytes);
            return Ok(());
        }
        if tag & 0x20 == 0 {
            let value = self.take(length.ok_or_else(|| self.fail(Why::NotDer))?)?;
            out.element(super::Tag(tag), value);
            return Ok(());
        }
        if depth >= DEPTH_MAX {
            return Err(self.fail(Why::TooDeep));
        }
        let mut inner = Ok(());
        out.nest(super::Tag(tag), |out| inner = self.children(out, length, depth));
        inner
    }

    fn children(&mut self, out: &mut Writer, length: Option<usize>, depth: u8) -> Read<()> {
        let end = self.end_of(length)?;
        while !self.closed(end)? {
            self.element(out, depth + 1)?;
        }
        Ok(())
    }

    fn pieces(&mut self, joined: &mut Joined, tag: u8, length: Option<usize>, depth: u8) -> Read<()> {
        if depth >= DEPTH_MAX {
            return Err(self.fail(Why::TooDeep));
        }
        let end = self.end_of(length)?;
        while !self.closed(end)? {
            let (found, length) = self.header()?;
            if found == tag | 0x20 {
                self.pieces(joined, tag, length, depth + 1)?;
            } else if found == tag {
                let value = self.take(length.ok_or_else(|| self.fail(Why::NotDer))?)?;
                joined.push(value).ok_or_else(|| self.fail(Why::NotDer))?;
            } else {
                return Err(self.fail(Why::Tag { expected: tag, found }));
            }
        }
        Ok(())
    }

    fn end_of(&self, length: Option<usize>) -> Read<Option<usize>> {
        let Some(length) = length else { return Ok(None) };
        let end = self.at.checked_add(length).filter(|end| *end <= self.bytes.len());
        end.map(Some).ok_or_else(|| self.fail(Why::Truncated))
    }

    /// The element that ends at `end`, or at an end-of-contents, is over.
    fn closed(&mut self, end: Option<usize>) -> Read<bool> {
        match end {
            Some(end) if self.at > end => Err(self.fail(Why::Truncated)),
            Some(end) => Ok(self.at == end),
            None if self.bytes[self.at..].starts_with(&[0, 0]) => {
                self.at += 2;
                Ok(true)
            }
            None if self.at >= self.bytes.len() => Err(self.fail(Why::Truncated)),
            None => Ok(false),
        }
    }
}

struct Joined {
    bytes: Vec<u8>,
    unused: u8,
    is_bits: bool,
}

impl Joined {
    fn push(&mut self, piece: &[u8]) -> Option<()> {
        let piece = if self.is_bits {
            let (unused, rest) = piece.split_first()?;
            if self.unused != 0 {
                return None;
            }
            self.unused = *unused;
            rest
        } else {
            piece
        };
        self.bytes.extend_from_slice(piece);
        Some(())
    }
}
