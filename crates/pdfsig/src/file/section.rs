//! One section of cross-references: a table, a stream, or both.

use super::{File, Unreadable};
use crate::filter::unpack;
use crate::object::{Dict, Malformed, Object, Parser};

/// How a section of cross-references is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A table.
    Table,
    /// A stream.
    Stream,
    /// A table for old readers and a stream beside it.
    Hybrid,
}

/// Where an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// Nowhere.
    Free,
    /// At this offset.
    At { offset: u64, generation: u16 },
    /// The `index`th in a stream of objects.
    Inside { stream: u32, index: usize },
}

/// One section of cross-references.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Where it begins.
    pub offset: u64,
    /// Where its trailer ends, or the stream it is.
    pub(crate) end: u64,
    /// Where the stream beside the table is, in a hybrid one.
    pub(crate) beside: Option<(u64, u64)>,
    /// How it is written.
    pub kind: Kind,
    /// Its trailer, or its stream's dictionary.
    pub trailer: Dict,
    /// What it says of each object, in the order of their numbers.
    pub(crate) entries: Vec<(u32, Entry)>,
}

impl Section {
    /// What it says of an object.
    pub(crate) fn entry(&self, number: u32) -> Option<Entry> {
        let found = self.entries.binary_search_by_key(&number, |(known, _)| *known).ok()?;
        Some(self.entries[found].1)
    }
}

/// Numbers and what is said of them.
type Entries = Vec<(u32, Entry)>;

/// Reads the section at an offset; `room` is how many entries it may have.
pub(super) fn read(file: &File<'_>, offset: u64, room: usize) -> Result<Section, Unreadable> {
    let (is_table, _) = file.parse(offset, |parser| Ok(parser.word("xref")))?;
    if !is_table {
        let (trailer, entries, end) = stream(file, offset, room)?;
        return Ok(Section {
            offset,
            end,
            beside: None,
            kind: Kind::Stream,
            trailer,
            entries: in_order(entries),
        });
    }
    let ((used, free, trailer), end) = file.parse(offset, |parser| {
        parser.word("xref");
        let (used, free) = table(parser, room)?;
        match parser.object()? {
            Object::Dict(trailer) => Ok((used, free, trailer)),
            _ => Err(Malformed { offset: parser.at }),
        }
    })?;
    let mut entries = used;
    let mut beside = None;
    if let Some(at) = trailer.get("XRefStm").offset() {
        let (_, hidden, end) = stream(file, at, room.saturating_sub(entries.len() + free.len()))?;
        entries.extend(hidden);
        beside = Some((at, end));
    }
    // What a hybrid file hides from old readers is free in its table, and so free ones come last.
    entries.extend(free);
    let kind = if beside.is_some() { Kind::Hybrid } else { Kind::Table };
    Ok(Section { offset, end, beside, kind, trailer, entries: in_order(entries) })
}

/// By number, of several the first.
fn in_order(mut entries: Entries) -> Entries {
    entries.sort_by_key(|(number, _)| *number);
    entries.dedup_by_key(|(number, _)| *number);
    entries.shrink_to_fit();
    entries
}

/// A table's entries in use, and its free ones. The parser stands before the trailer's dictionary then.
fn table(parser: &mut Parser<'_>, room: usize) -> Result<(Entries, Entries), Malformed> {
    let (mut used, mut free) = (vec![], vec![]);
    while !parser.word("trailer") {
        let first = parser.number()?;
        let count = parser.number()?;
        for number in first..first.saturating_add(count) {
            let wrong = Malformed { offset: parser.at };
            let number = u32::try_from(number).map_err(|_| wrong)?;
            let (offset, generation) = (parser.number()?, parser.number()?);
            if parser.word("f") {
                free.push((number, Entry::Free));
            } else if parser.word("n") {
                used.push((number, entry(1, offset, generation).ok_or(wrong)?));
            } else {
                return Err(wrong);
            }
            if used.len() + free.len() > room {
                return Err(wrong);
            }
        }
    }
    Ok((used, free))
}

fn stream(file: &File<'_>, offset: u64, room: usize) -> Result<(Dict, Entries, u64), Unreadable> {
    let wrong = Unreadable::Malformed { offset };
    // Its length stands in it: there is nothing yet by which a reference could be followed.
    let (_, object, end) = file.at(usize::MAX).indirect(offset, |_| None)?;
    let Object::Stream(dict, range) = object else { return Err(wrong) };
    if !dict.is("Type", "XRef") {
        return Err(wrong);
    }
    let bytes = unpack(&dict, &file.bytes(range)?, offset)?;
    file.spend(bytes.len() as u64)?;
    let widths = dict.get("W").array().unwrap_or_default();
    let widths: Option<Vec<usize>> = widths.iter().map(|w| w.size().filter(|w| *w <= 8)).collect();
    let Some([kind, second, third]) = widths.as_deref() else { return Err(wrong) };
    let row = kind + second + third;
    if row == 0 {
        return Err(wrong);
    }
    let size = dict.get("Size").size().ok_or(wrong)?;
    let index = match dict.get("Index") {
        Object::Array(pairs) => pairs.iter().map(Object::size).collect::<Option<Vec<_>>>().ok_or(wrong)?,
        _ => vec![0, size],
    };
    let mut rows = bytes.chunks_exact(row);
    let mut found = vec![];
    for pair in index.chunks_exact(2) {
        for number in pair[0]..pair[0].saturating_add(pair[1]) {
            let Some(row) = rows.next() else { break };
            let (first, rest) = row.split_at(*kind);
            let (second, third) = rest.split_at(*second);
            let kind = if first.is_empty() { 1 } else { big_endian(first) };
            let number = u32::try_from(number).map_err(|_| wrong)?;
            found.push((number, entry(kind, big_endian(second), big_endian(third)).ok_or(wrong)?));
            if found.len() > room {
                return Err(Unreadable::TooMuch);
            }
        }
    }
    Ok((dict, found, end))
}

fn entry(kind: u64, second: u64, third: u64) -> Option<Entry> {
    Some(match kind {
        1 => Entry::At { offset: second, generation: u16::try_from(third).ok()? },
        2 => Entry::Inside { stream: u32::try_from(second).ok()?, index: usize::try_from(third).ok()? },
        // A kind of later days means null, as a free one does.
        _ => Entry::Free,
    })
}

fn big_endian(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}
