//! A PDF file read from its end: its cross-references, section by section, and the objects that are asked for. A file
//! of any length costs what is read of it.

mod section;

use crate::filter::unpack;
use crate::object::{Body, Dict, Id, Malformed, Object, Parser};
use crate::source::Source;
pub(crate) use section::Entry;
pub use section::{Kind, Section};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::rc::Rc;

/// How far from the end `startxref` is looked for, in bytes.
const TAIL: u64 = 2_048;
/// Sections of cross-references, one for each time the file was saved.
const SECTIONS_MAX: usize = 1_000;
/// Objects of all sections.
const ENTRIES_MAX: usize = 1_000_000;
/// One object, in bytes, without the bytes of a stream.
const OBJECT_MAX: u64 = 16 << 20;
/// Unpacked streams of objects kept at a time, in bytes.
const KEPT_MAX: usize = 16 << 20;
/// Everything that is parsed and unpacked of one file, in bytes.
const WORK_MAX: u64 = 512 << 20;

/// Why a file is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// It does not begin like a PDF.
    NotPdf,
    /// Its end does not say where the cross-references are.
    NoStart,
    /// Cross-references or an object are not what the format wants.
    Malformed {
        /// Where.
        offset: u64,
    },
    /// It is encrypted.
    Encrypted,
    /// It has more sections, objects or bytes in a stream than we take.
    TooMuch,
    /// The source fails.
    Source(std::io::ErrorKind),
}

impl From<Malformed> for Unreadable {
    fn from(wrong: Malformed) -> Unreadable {
        Unreadable::Malformed { offset: wrong.offset as u64 }
    }
}

impl From<std::io::Error> for Unreadable {
    fn from(error: std::io::Error) -> Unreadable {
        Unreadable::Source(error.kind())
    }
}

/// A stream of objects, unpacked.
#[derive(Debug)]
struct Container {
    bytes: Vec<u8>,
    /// Number and place of each object in it.
    places: Vec<(u32, usize)>,
}

/// What is kept between readings, and what they have cost.
#[derive(Debug, Default)]
struct Cache {
    containers: HashMap<u64, Rc<Container>>,
    kept: usize,
    work: u64,
}

/// A PDF file.
pub struct File<'a> {
    source: &'a dyn Source,
    sections: Vec<Section>,
    cache: RefCell<Cache>,
}

impl std::fmt::Debug for File<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "File({} bytes, {} sections)", self.source.len(), self.sections.len())
    }
}

impl<'a> File<'a> {
    /// Reads the cross-references of all its revisions.
    pub fn open(source: &'a dyn Source) -> Result<File<'a>, Unreadable> {
        let mut header = [0; 5];
        if source.len() < 5 || {
            source.read_at(0, &mut header)?;
            header != *b"%PDF-"
        } {
            return Err(Unreadable::NotPdf);
        }
        let mut file = File { source, sections: vec![], cache: RefCell::default() };
        let tail = source.len().saturating_sub(TAIL);
        let bytes = file.bytes(tail..source.len())?;
        let word = b"startxref";
        let found = memchr::memmem::rfind(&bytes, word).ok_or(Unreadable::NoStart)?;
        let start = Parser::new(&bytes, found + word.len()).number().map_err(|_| Unreadable::NoStart)?;
        drop(bytes);
        file.read_sections(start)?;
        let is_encrypted = |section: &Section| *section.trailer.get("Encrypt") != Object::Null;
        if file.sections.iter().any(is_encrypted) { Err(Unreadable::Encrypted) } else { Ok(file) }
    }

    fn read_sections(&mut self, start: u64) -> Result<(), Unreadable> {
        let mut next = Some(start);
        let (mut seen, mut entries) = (HashSet::new(), 0);
        while let Some(offset) = next {
            if offset >= self.len() {
                return Err(Unreadable::NoStart);
            }
            if !seen.insert(offset) {
                return Err(Unreadable::Malformed { offset });
            }
            let section = section::read(self, offset, ENTRIES_MAX - entries)?;
            entries += section.entries.len();
            if self.sections.len() >= SECTIONS_MAX {
                return Err(Unreadable::TooMuch);
            }
            next = match section.trailer.get("Prev") {
                Object::Null => None,
                prev => Some(prev.offset().ok_or(Unreadable::Malformed { offset })?),
            };
            self.sections.push(section);
        }
        Ok(())
    }

    /// How many bytes it has.
    pub fn len(&self) -> u64 {
        self.source.len()
    }

    /// Whether it has none, which no PDF file does.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where its bytes come from.
    pub fn source(&self) -> &'a dyn Source {
        self.source
    }

    /// Its sections of cross-references, the newest first.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The file as it is now.
    pub fn now(&self) -> View<'_, 'a> {
        View { file: self, from: 0 }
    }

    /// The file as it was when the section of this index was the newest.
    pub fn at(&self, section: usize) -> View<'_, 'a> {
        View { file: self, from: section }
    }

    /// One more than the highest number an object has.
    pub fn next_number(&self) -> u32 {
        let highest = self.sections.iter().filter_map(|section| section.entries.last());
        let highest = highest.map(|(number, _)| number.saturating_add(1)).max().unwrap_or(1);
        let sizes = self.sections.iter().filter_map(|section| section.trailer.get("Size").int());
        let size = sizes.filter_map(|size| u32::try_from(size).ok()).max().unwrap_or(1);
        highest.max(size.min(8_388_607))
    }

    /// The index of the section that the last `startxref` before `end` names, when exactly its `%%EOF` and at most
    /// one end of line stand there: where a revision ends.
    pub fn revision_ending_at(&self, end: u64) -> Result<Option<usize>, Unreadable> {
        let bytes = self.bytes(end.saturating_sub(64)..end)?;
        let line = |bytes: &[u8]| {
            let cut = [&b"\r\n"[..], b"\n", b"\r"].into_iter().find_map(|eol| bytes.strip_suffix(eol));
            cut.map_or(bytes.len(), <[u8]>::len)
        };
        let rest = &bytes[..line(&bytes)];
        let Some(rest) = rest.strip_suffix(b"%%EOF") else { return Ok(None) };
        let rest = &rest[..line(rest)];
        let digits = rest.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let (before, digits) = rest.split_at(rest.len() - digits);
        let Some(offset) = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()) else {
            return Ok(None);
        };
        let is_said = before[..line(before)].ends_with(b"startxref");
        let index = self.sections.iter().position(|section| section.offset == offset);
        Ok(index.filter(|_| is_said && offset < end))
    }

    /// The bytes of a range.
    pub(crate) fn bytes(&self, range: Range<u64>) -> Result<Cow<'a, [u8]>, Unreadable> {
        let missing = Unreadable::Source(std::io::ErrorKind::UnexpectedEof);
        if range.end > self.len() || range.start > range.end {
            return Err(missing);
        }
        if let Some(whole) = self.source.whole() {
            let piece = whole.get(range.start as usize..range.end as usize);
            return piece.map(Cow::Borrowed).ok_or(missing);
        }
        self.spend(range.end - range.start)?;
        let mut bytes = vec![0; usize::try_from(range.end - range.start).map_err(|_| missing)?];
        self.source.read_at(range.start, &mut bytes)?;
        Ok(Cow::Owned(bytes))
    }

    /// Every reading is paid for, so that a file which leads to the same bytes again and again ends.
    fn spend(&self, bytes: u64) -> Result<(), Unreadable> {
        let mut cache = self.cache.borrow_mut();
        cache.work = cache.work.saturating_add(bytes).saturating_add(64);
        if cache.work > WORK_MAX { Err(Unreadable::TooMuch) } else { Ok(()) }
    }

    /// Parses at an offset; answers where the parser stands then. Of a source that is not in memory more and more is
    /// read until it suffices.
    fn parse<T>(
        &self,
        offset: u64,
        parse: impl Fn(&mut Parser<'_>) -> Result<T, Malformed>,
    ) -> Result<(T, u64), Unreadable> {
        let mut size = if self.source.whole().is_some() { u64::MAX } else { 4_096 };
        loop {
            let end = self.len().min(offset.saturating_add(size));
            let window = self.bytes(offset.min(end)..end)?;
            let mut parser = Parser::new(&window, 0);
            let parsed = parse(&mut parser);
            self.spend(parser.at as u64)?;
            let is_end = end == self.len() || size >= OBJECT_MAX;
            match parsed {
                // What stands close to the end of what was read may go on behind it.
                Ok(value) if is_end || parser.at + 32 <= window.len() => {
                    return Ok((value, offset + parser.at as u64));
                }
                Err(wrong) if is_end => {
                    return Err(Unreadable::Malformed { offset: offset + wrong.offset as u64 });
                }
                _ => size *= 16,
            }
        }
    }
}

/// A file as it was after one of its revisions.
#[derive(Clone, Copy)]
pub struct View<'f, 'a> {
    file: &'f File<'a>,
    from: usize,
}

impl std::fmt::Debug for View<'_, '_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "View(section {} of {:?})", self.from, self.file)
    }
}

impl<'f, 'a> View<'f, 'a> {
    /// The file.
    pub fn file(&self) -> &'f File<'a> {
        self.file
    }

    /// The trailer of the newest section of this view.
    pub fn trailer(&self) -> &'f Dict {
        &self.file.sections[self.from].trailer
    }

    /// The `index`th of its sections, the newest first.
    pub(crate) fn section(&self, index: usize) -> Option<&'f Section> {
        self.file.sections.get(self.from.checked_add(index)?)
    }

    /// The object of this number, whichever its generation.
    pub(crate) fn numbered(&self, number: u32) -> Result<Object, Unreadable> {
        let generation = match self.entry(number) {
            Some(Entry::At { generation, .. }) => generation,
            _ => 0,
        };
        self.get(Id { number, generation })
    }

    pub(crate) fn entry(&self, number: u32) -> Option<Entry> {
        let sections = self.file.sections.get(self.from..).unwrap_or_default();
        sections.iter().find_map(|section| section.entry(number))
    }

    /// The object of this number; `Null` when it has none, as the format says.
    pub fn get(&self, id: Id) -> Result<Object, Unreadable> {
        match self.entry(id.number) {
            Some(Entry::At { offset, generation }) if generation == id.generation => {
                Ok(self.object_at(id, offset)?.0)
            }
            Some(Entry::Inside { stream, index }) if id.generation == 0 => {
                self.inside(stream, index, id.number)
            }
            _ => Ok(Object::Null),
        }
    }

    /// What an object is after its reference, if it is one, was followed.
    pub fn resolve(&self, object: &Object) -> Result<Object, Unreadable> {
        let mut object = match object {
            Object::Reference(id) => self.get(*id)?,
            direct => return Ok(direct.clone()),
        };
        for _ in 0..16 {
            let Object::Reference(id) = object else { return Ok(object) };
            object = self.get(id)?;
        }
        Err(Unreadable::TooMuch)
    }

    /// The dictionary an object is, after references; an empty one when it is none.
    pub fn dict(&self, object: &Object) -> Result<Dict, Unreadable> {
        Ok(match self.resolve(object)? {
            Object::Dict(dict) | Object::Stream(dict, _) => dict,
            _ => Dict::default(),
        })
    }

    /// The members of the array an object is, after references; none when it is none.
    pub fn array(&self, object: &Object) -> Result<Vec<Object>, Unreadable> {
        Ok(match self.resolve(object)? {
            Object::Array(members) => members,
            _ => vec![],
        })
    }

    /// The document's catalog.
    pub fn catalog(&self) -> Result<Dict, Unreadable> {
        self.dict(self.trailer().get("Root"))
    }

    /// Where an object that is not inside a stream begins and ends.
    pub(crate) fn range(&self, id: Id) -> Result<Option<Range<u64>>, Unreadable> {
        Ok(match self.entry(id.number) {
            Some(Entry::At { offset, .. }) => Some(offset..self.object_at(id, offset)?.1),
            _ => None,
        })
    }

    /// The unpacked bytes of a stream.
    pub fn stream(&self, object: &Object) -> Result<Vec<u8>, Unreadable> {
        let Object::Stream(dict, range) = self.resolve(object)? else { return Ok(vec![]) };
        let packed = self.file.bytes(range.clone())?;
        let bytes = unpack(&dict, &packed, range.start)?;
        self.file.spend(bytes.len() as u64)?;
        Ok(bytes)
    }

    /// The object that begins at this offset, and where it ends.
    fn object_at(&self, id: Id, offset: u64) -> Result<(Object, u64), Unreadable> {
        let (found, object, end) = self.indirect(offset, |length| self.length(length))?;
        if found == id { Ok((object, end)) } else { Err(Unreadable::Malformed { offset }) }
    }

    /// An object with its number, whichever it is; `length` answers what a stream's length means where it is a
    /// reference.
    pub(crate) fn indirect(
        &self,
        offset: u64,
        length: impl Fn(Id) -> Option<u64>,
    ) -> Result<(Id, Object, u64), Unreadable> {
        let ((id, body), at) = self.file.parse(offset, |parser| parser.indirect())?;
        let dict = match body {
            Body::Object(object) => return Ok((id, object, at)),
            Body::StreamFrom(dict) => dict,
        };
        let bytes = match dict.get("Length") {
            Object::Reference(id) => length(*id),
            direct => direct.offset(),
        };
        let end = bytes.and_then(|bytes| at.checked_add(bytes)).filter(|end| *end <= self.file.len());
        let Some(end) = end else { return Err(Unreadable::Malformed { offset: at }) };
        let ((), after) = self.file.parse(end, |parser| {
            let ends = parser.word("endstream") && parser.word("endobj");
            if ends { Ok(()) } else { Err(Malformed { offset: parser.at }) }
        })?;
        Ok((id, Object::Stream(dict, at..end), after))
    }

    /// A stream's length that is an object of its own. Such a one is no stream and stands in none.
    fn length(&self, id: Id) -> Option<u64> {
        let Some(Entry::At { offset, .. }) = self.entry(id.number) else { return None };
        let (found, object, _) = self.indirect(offset, |_| None).ok()?;
        object.offset().filter(|_| found == id)
    }

    fn inside(&self, stream: u32, index: usize, number: u32) -> Result<Object, Unreadable> {
        let container = self.container(stream)?;
        match container.places.get(index) {
            Some((found, place)) if *found == number => {
                let mut parser = Parser::new(&container.bytes, *place);
                let object = parser.object();
                self.file.spend(parser.at.saturating_sub(*place) as u64)?;
                Ok(object?)
            }
            _ => Ok(Object::Null),
        }
    }

    fn container(&self, stream: u32) -> Result<Rc<Container>, Unreadable> {
        let Some(Entry::At { offset, generation }) = self.entry(stream) else {
            return Err(Unreadable::Malformed { offset: 0 });
        };
        if let Some(container) = self.file.cache.borrow().containers.get(&offset) {
            return Ok(Rc::clone(container));
        }
        let wrong = Unreadable::Malformed { offset };
        let (object, _) = self.object_at(Id { number: stream, generation }, offset)?;
        let dict = object.dict().filter(|dict| dict.is("Type", "ObjStm")).ok_or(wrong)?;
        let bytes = self.stream(&object)?;
        let count = dict.get("N").size().filter(|count| *count <= bytes.len()).ok_or(wrong)?;
        let first = dict.get("First").size().ok_or(wrong)?;
        let mut parser = Parser::new(&bytes, 0);
        let mut places = vec![];
        for _ in 0..count {
            let number = u32::try_from(parser.number()?).map_err(|_| wrong)?;
            let place = usize::try_from(parser.number()?).ok().and_then(|place| place.checked_add(first));
            places.push((number, place.ok_or(wrong)?));
        }
        let container = Rc::new(Container { bytes, places });
        let size = container.bytes.len() + container.places.len() * size_of::<(u32, usize)>();
        let mut cache = self.file.cache.borrow_mut();
        if cache.kept + size > KEPT_MAX {
            cache.containers.clear();
            cache.kept = 0;
        }
        cache.kept += size;
        cache.containers.insert(offset, Rc::clone(&container));
        Ok(container)
    }
}
