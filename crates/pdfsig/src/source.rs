//! Where a file's bytes come from: memory, or something that seeks, of which only what is needed is read.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Mutex, PoisonError};

/// How much of a file is read at a time when all of it passes, in bytes.
const CHUNK: usize = 256 << 10;

/// Bytes that can be read from any place on.
pub trait Source {
    /// How many there are.
    fn len(&self) -> u64;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills `into` with the bytes from `at` on; fails when there are fewer.
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<()>;

    /// All of them, where they lie in memory anyway.
    fn whole(&self) -> Option<&[u8]> {
        None
    }
}

impl Source for &[u8] {
    fn len(&self) -> u64 {
        <[u8]>::len(self) as u64
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(at).ok();
        let end = start.and_then(|start| start.checked_add(into.len()));
        match start.zip(end).and_then(|(start, end)| self.get(start..end)) {
            Some(bytes) => {
                into.copy_from_slice(bytes);
                Ok(())
            }
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    fn whole(&self) -> Option<&[u8]> {
        Some(self)
    }
}

impl Source for Vec<u8> {
    fn len(&self) -> u64 {
        self.as_slice().len() as u64
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        self.as_slice().read_at(at, into)
    }

    fn whole(&self) -> Option<&[u8]> {
        Some(self)
    }
}

/// Something that seeks, such as an open file. Whoever holds it must see to it that nobody changes it meanwhile.
#[derive(Debug)]
pub struct Seekable<R> {
    inner: Mutex<R>,
    len: u64,
}

impl<R: Read + Seek> Seekable<R> {
    /// Asks for the length once.
    pub fn new(mut inner: R) -> io::Result<Seekable<R>> {
        let len = inner.seek(SeekFrom::End(0))?;
        Ok(Seekable { inner: Mutex::new(inner), len })
    }
}

impl<R: Read + Seek> Source for Seekable<R> {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        // The place is set before each reading, so that one that failed leaves nothing behind.
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.seek(SeekFrom::Start(at))?;
        inner.read_exact(into)
    }
}

/// Hands the bytes of a range on, piece by piece.
pub(crate) fn pass(
    source: &dyn Source,
    range: std::ops::Range<u64>,
    mut take: impl FnMut(&[u8]),
) -> io::Result<()> {
    if let Some(whole) = source.whole() {
        let place = |at: u64| usize::try_from(at).map_err(|_| io::ErrorKind::UnexpectedEof);
        let piece = whole.get(place(range.start)?..place(range.end)?);
        take(piece.ok_or(io::ErrorKind::UnexpectedEof)?);
        return Ok(());
    }
    let mut buffer = vec![0; CHUNK];
    let mut at = range.start;
    while at < range.end {
        let count = (range.end - at).min(CHUNK as u64) as usize;
        source.read_at(at, &mut buffer[..count])?;
        take(&buffer[..count]);
        at += count as u64;
    }
    Ok(())
}
