//! Files that are hashed as they are written and read, and made durable.

use std::{
    fs::File,
    io::{BufRead, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};

use aws_lc_rs::digest::{Context, SHA256};

use super::Failed;
use crate::digest::hex;

/// A file that counts and hashes what is written to it.
pub(super) struct Hashed {
    path: PathBuf,
    file: BufWriter<File>,
    sum: Context,
    size_bytes: u64,
}

impl Hashed {
    pub fn create(path: &Path) -> Result<Hashed, Failed> {
        let file = File::create_new(path).map_err(Failed::file(path))?;
        let file = BufWriter::with_capacity(1 << 20, file);
        Ok(Hashed { path: path.to_owned(), file, sum: Context::new(&SHA256), size_bytes: 0 })
    }

    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        self.sum.update(bytes);
        self.size_bytes += bytes.len() as u64;
        self.file.write_all(bytes).map_err(Failed::file(&self.path))
    }

    /// Makes it durable; its size and SHA-256.
    pub fn finish(self) -> Result<(u64, String), Failed> {
        let done = self.file.into_inner().map_err(|e| e.into_error()).and_then(|file| file.sync_all());
        done.map_err(Failed::file(&self.path))?;
        Ok((self.size_bytes, hex(self.sum.finish().as_ref())))
    }
}

/// A file of lines that counts and hashes what is read from it.
pub(super) struct Lines {
    path: PathBuf,
    file: BufReader<File>,
    sum: Context,
    size_bytes: u64,
    lines: u64,
    line: Vec<u8>,
}

impl Lines {
    pub fn open(path: &Path) -> Result<Lines, Failed> {
        let file = File::open(path).map_err(Failed::file(path))?;
        let file = BufReader::with_capacity(1 << 20, file);
        let sum = Context::new(&SHA256);
        Ok(Lines { path: path.to_owned(), file, sum, size_bytes: 0, lines: 0, line: Vec::new() })
    }

    /// The next line without its end.
    pub fn next(&mut self) -> Result<Option<&[u8]>, Failed> {
        self.line.clear();
        let read = self.file.read_until(b'\n', &mut self.line).map_err(Failed::file(&self.path))?;
        if read == 0 {
            return Ok(None);
        }
        self.sum.update(&self.line);
        self.size_bytes += read as u64;
        self.lines += 1;
        match self.line.split_last() {
            Some((b'\n', line)) => Ok(Some(line)),
            _ => Err(Failed::damaged(&self.path, "its last line is cut off")),
        }
    }

    /// How many lines, how many bytes, and their SHA-256, once it has been read to its end.
    pub fn sums(self) -> (u64, u64, String) {
        (self.lines, self.size_bytes, hex(self.sum.finish().as_ref()))
    }
}

/// Writes a small file and makes it durable.
pub(super) fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), Failed> {
    let write = || {
        let mut file = File::create_new(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(Failed::file(path))
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> Result<(), Failed> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(Failed::file(folder))
}

/// Makes a folder and those above it.
pub(super) fn make_folder(folder: &Path) -> Result<(), Failed> {
    std::fs::create_dir_all(folder).map_err(Failed::file(folder))
}

/// Makes a folder into which nobody else can look.
pub(super) fn make_private(folder: &Path) -> Result<(), Failed> {
    use std::os::unix::fs::PermissionsExt;
    make_folder(folder)?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).map_err(Failed::file(folder))
}
