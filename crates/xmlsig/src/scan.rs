//! One pass over a document's markup before a tree is built of it: it bounds what the tree will cost, and
//! refuses what we do not take (document types).
//!
//! On a well-formed document this pass sees exactly the markup the parser sees. On any other it may see
//! something else, but only behind the place where the parser stops.

use crate::limits::Limits;
use crate::source::{Excess, Unreadable};
use memchr::memmem;

/// What the pass found.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// Where the end tag of the document element begins; none where it is written `<a/>`.
    pub root_end: Option<usize>,
}

/// Reads the markup of `text`.
pub(crate) fn scan(text: &str, limits: &Limits) -> Result<Scan, Unreadable> {
    let bytes = text.as_bytes();
    let elements = memchr::memchr_iter(b'<', bytes).count();
    if elements > 2 * limits.nodes_max as usize {
        return Err(Unreadable::TooMuch(Excess::Nodes));
    }
    let mut scanner =
        Scanner { bytes, limits, at: 0, nodes: 0, attributes: 0, open: vec![], scope: 0, kept: 0 };
    let mut scan = Scan::default();
    while scanner.step(&mut scan)? {}
    Ok(scan)
}

struct Scanner<'a> {
    bytes: &'a [u8],
    limits: &'a Limits,
    at: usize,
    nodes: u32,
    attributes: u32,
    /// How many namespaces each open element declares.
    open: Vec<u32>,
    scope: u32,
    kept: u32,
}

impl<'a> Scanner<'a> {
    /// Goes to the next piece of markup and past it; false at the end of the document.
    fn step(&mut self, scan: &mut Scan) -> Result<bool, Unreadable> {
        let rest = &self.bytes[self.at..];
        let Some(ahead) = memchr::memchr(b'<', rest) else { return Ok(false) };
        if ahead > 0 {
            self.count_node()?;
        }
        self.at += ahead;
        let rest = &self.bytes[self.at..];
        if rest.starts_with(b"<!--") {
            self.count_node()?;
            self.pass(4, b"-->")?;
        } else if rest.starts_with(b"<![CDATA[") {
            self.count_node()?;
            self.pass(9, b"]]>")?;
        } else if rest.starts_with(b"<!DOCTYPE") {
            return Err(Unreadable::DocumentType { offset: self.at });
        } else if rest.starts_with(b"<?") {
            self.count_node()?;
            self.instruction()?;
        } else if rest.starts_with(b"</") {
            let end = memchr::memchr(b'>', rest).ok_or(Unreadable::Malformed { offset: self.at })?;
            let start = self.at;
            self.at += end + 1;
            self.scope -= self.open.pop().ok_or(Unreadable::Malformed { offset: self.at })?;
            if self.open.is_empty() {
                scan.root_end = Some(start);
            }
        } else {
            self.count_node()?;
            self.start_tag()?;
        }
        Ok(true)
    }

    fn count_node(&mut self) -> Result<(), Unreadable> {
        self.nodes += 1;
        if self.nodes > self.limits.nodes_max { Err(Unreadable::TooMuch(Excess::Nodes)) } else { Ok(()) }
    }

    /// Goes past the next `end` that stands at least `from` bytes ahead.
    fn pass(&mut self, from: usize, end: &[u8]) -> Result<(), Unreadable> {
        let start = self.at + from;
        let rest = self.bytes.get(start..).unwrap_or_default();
        match memmem::find(rest, end) {
            Some(ahead) => self.at = start + ahead + end.len(),
            None => return Err(Unreadable::Malformed { offset: self.at }),
        }
        Ok(())
    }

    /// A processing instruction: white space must part its target from its data, and `xml` is the name of the
    /// declaration alone, at the very beginning.
    fn instruction(&mut self) -> Result<(), Unreadable> {
        let start = self.at;
        let rest = &self.bytes[start + 2..];
        let target = rest.iter().take_while(|b| is_name_byte(**b)).count();
        let parted = rest[target..].starts_with(b"?>") || rest.get(target).is_some_and(|b| is_space(*b));
        let declaration = start == 0 && rest.starts_with(b"xml ");
        if target == 0 || !parted || (rest[..target].eq_ignore_ascii_case(b"xml") && !declaration) {
            return Err(Unreadable::Malformed { offset: start });
        }
        self.pass(2, b"?>")
    }

    fn start_tag(&mut self) -> Result<(), Unreadable> {
        let start = self.at;
        self.at += 1;
        self.name()?;
        let (mut own, mut declared, mut default_declared) = (0u32, 0u32, false);
        let empty = loop {
            self.skip_space();
            match self.bytes.get(self.at) {
                Some(b'>') => break false,
                Some(b'/') if self.bytes.get(self.at + 1) == Some(&b'>') => break true,
                _ => {}
            }
            let name = self.name()?;
            self.value()?;
            own += 1;
            if name == b"xmlns" {
                if default_declared {
                    return Err(Unreadable::Malformed { offset: start });
                }
                default_declared = true;
                declared += 1;
            } else if name.starts_with(b"xmlns:") {
                declared += 1;
            }
            if own > self.limits.attributes_per_element_max {
                return Err(Unreadable::TooMuch(Excess::Attributes));
            }
        };
        self.at += if empty { 2 } else { 1 };
        self.count_attributes(own)?;
        if declared > 0 {
            self.count_namespaces(declared)?;
        }
        if !empty {
            self.open.push(declared);
            self.scope += declared;
            if self.open.len() > self.limits.depth_max as usize {
                return Err(Unreadable::TooMuch(Excess::Depth));
            }
        }
        Ok(())
    }

    fn count_attributes(&mut self, own: u32) -> Result<(), Unreadable> {
        self.attributes = self.attributes.saturating_add(own);
        match self.attributes > self.limits.attributes_max {
            true => Err(Unreadable::TooMuch(Excess::Attributes)),
            false => Ok(()),
        }
    }

    fn count_namespaces(&mut self, declared: u32) -> Result<(), Unreadable> {
        let in_scope = self.scope + declared;
        self.kept = self.kept.saturating_add(in_scope);
        match in_scope > self.limits.namespaces_in_scope_max || self.kept > self.limits.namespaces_kept_max {
            true => Err(Unreadable::TooMuch(Excess::Namespaces)),
            false => Ok(()),
        }
    }

    fn name(&mut self) -> Result<&'a [u8], Unreadable> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().take_while(|b| is_name_byte(**b)).count();
        if length == 0 {
            return Err(Unreadable::Malformed { offset: self.at });
        }
        if length > self.limits.name_bytes_max {
            return Err(Unreadable::TooMuch(Excess::Name));
        }
        self.at += length;
        Ok(&rest[..length])
    }

    fn value(&mut self) -> Result<(), Unreadable> {
        self.skip_space();
        let malformed = Unreadable::Malformed { offset: self.at };
        if self.bytes.get(self.at) != Some(&b'=') {
            return Err(malformed);
        }
        self.at += 1;
        self.skip_space();
        let Some(quote @ (b'"' | b'\'')) = self.bytes.get(self.at) else { return Err(malformed) };
        let Some(length) = memchr::memchr(*quote, &self.bytes[self.at + 1..]) else { return Err(malformed) };
        self.at += length + 2;
        Ok(())
    }

    fn skip_space(&mut self) {
        self.at += self.bytes[self.at..].iter().take_while(|b| is_space(**b)).count();
    }
}

pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// What may stand in a name as far as cutting the markup goes; the parser judges names.
pub(crate) fn is_name_byte(byte: u8) -> bool {
    NAME_BYTES[usize::from(byte)]
}

static NAME_BYTES: [bool; 256] = {
    let (mut table, mut byte) = ([true; 256], 0);
    let others = *b" \t\r\n=/><?\"'";
    while byte < others.len() {
        table[others[byte] as usize] = false;
        byte += 1;
    }
    table
};
