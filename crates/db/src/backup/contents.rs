//! The contents that a backup's rows name: out of the store into the target, and back.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{Read, Write},
    path::{Path, PathBuf},
};

use aws_lc_rs::digest::{Context, SHA256};
use base::Instant;
use futures_util::StreamExt;
use tempfile::NamedTempFile;

use super::{
    Counted, Failed, Progress, files,
    manifest::{CONTENTS, Manifest, TABLES, TableFile},
    rows::{self, Done},
};
use crate::{
    Act, Blobs, Db,
    blobs::Hash,
    digest::hex,
    error::Error,
    value::{FromValue, Value},
};

/// A row of `content` that is not being deleted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Content {
    pub hash: Hash,
    pub size_bytes: u64,
    /// Whether a row needs it. Else it is an upload that may not even have arrived.
    pub is_needed: bool,
}

impl Content {
    /// Where it lies in a target.
    pub fn path(&self, target: &Path) -> PathBuf {
        let hash = self.hash.to_string();
        target.join(CONTENTS).join(&hash[..2]).join(hash)
    }
}

/// What [`Brought::copy`] did.
pub(super) struct Brought {
    pub all: Counted,
    pub copied: Counted,
    pub lost: Vec<String>,
}

impl Brought {
    /// Copies what the rows name and the target has not.
    pub async fn copy(
        blobs: &Blobs,
        tables: &[TableFile],
        folder: &Path,
        target: &Path,
        progress: &Progress,
    ) -> Result<Brought, Failed> {
        let wanted = named(tables, folder)?;
        let mut done = Done::of("files", wanted.len() as u64, progress);
        let mut brought = Brought { all: Counted::default(), copied: Counted::default(), lost: Vec::new() };
        let mut touched = BTreeSet::new();
        for content in &wanted {
            let path = content.path(target);
            let is_there = std::fs::metadata(&path).is_ok_and(|file| file.len() == content.size_bytes);
            let is_copied = !is_there && fetch(blobs, content, &path, &mut touched).await?;
            if is_copied {
                add(&mut brought.copied, content);
            }
            if is_there || is_copied {
                add(&mut brought.all, content);
            } else if content.is_needed {
                brought.lost.push(content.hash.to_string());
            }
            done.more(1);
        }
        for folder in touched {
            files::sync_folder(&folder)?;
        }
        Ok(brought)
    }
}

fn add(counted: &mut Counted, content: &Content) {
    counted.count += 1;
    counted.size_bytes += content.size_bytes;
}

/// The contents that the file of the table `content` names.
pub(super) fn named(tables: &[TableFile], folder: &Path) -> Result<Vec<Content>, Failed> {
    let path = folder.join(TABLES).join("content.jsonl");
    let strange = || Failed::damaged(&path, "it does not tell contents as this program keeps them");
    let table = tables.iter().find(|table| table.name == "content").ok_or_else(strange)?;
    let place = |name: &str| table.columns.iter().position(|column| column.name == name);
    let columns = ["hash", "size_bytes", "refs", "doomed"].map(place);
    let [Some(hash), Some(size), Some(refs), Some(doomed)] = columns else { return Err(strange()) };
    let mut wanted = Vec::new();
    rows::check(table, &path, |mut row| {
        let mut number = |at: usize| i64::from_value(std::mem::replace(&mut row[at], Value::Null));
        let (size, refs, doomed) = (number(size), number(refs), number(doomed));
        let hash = Hash::from_value(std::mem::replace(&mut row[hash], Value::Null));
        let (Some(hash), Some(size), Some(refs), Some(doomed)) = (hash, size, refs, doomed) else {
            return Err(strange());
        };
        if doomed == 0 {
            let size_bytes = u64::try_from(size).map_err(|_| strange())?;
            wanted.push(Content { hash, size_bytes, is_needed: refs > 0 });
        }
        Ok(())
    })?;
    Ok(wanted)
}

/// Copies one content, checked; false when the store has lost it.
async fn fetch(
    blobs: &Blobs,
    content: &Content,
    path: &Path,
    touched: &mut BTreeSet<PathBuf>,
) -> Result<bool, Failed> {
    let mut pieces = match blobs.read(&content.hash).await {
        Ok((_, pieces)) => Box::pin(pieces),
        Err(Error::NotFound) => return Ok(false),
        Err(e) => return Err(e.into()),
    };
    let part = path.parent().unwrap_or(path);
    if !part.is_dir() {
        files::make_folder(part)?;
        touched.extend(part.parent().map(Path::to_owned));
    }
    let mut file = NamedTempFile::new_in(part).map_err(Failed::file(part))?;
    while let Some(piece) = pieces.next().await {
        match piece {
            Ok(piece) => file.write_all(&piece).map_err(Failed::file(path))?,
            Err(Error::Fault(_)) => return Ok(false), // damaged: its bytes do not fit its hash
            Err(e) => return Err(e.into()),
        }
    }
    file.as_file().sync_all().map_err(Failed::file(path))?;
    file.persist(path).map_err(|e| Failed::file(path)(e.error))?;
    touched.insert(part.to_owned());
    Ok(true)
}

/// Reads every content of a backup and compares it with its hash.
pub(super) fn check(
    manifest: &Manifest,
    wanted: &[Content],
    target: &Path,
    progress: &Progress,
) -> Result<(), Failed> {
    let mut done = Done::of("files", wanted.len() as u64, progress);
    let mut found = Counted::default();
    for content in wanted {
        let path = content.path(target);
        let is_lost = manifest.lost.contains(&content.hash.to_string());
        match File::open(&path) {
            Ok(file) if !is_lost => {
                if sum(file).map_err(Failed::file(&path))? != content.hash.to_string() {
                    return Err(Failed::damaged(&path, "its SHA-256 is not its name"));
                }
                add(&mut found, content);
            }
            Err(e) if content.is_needed && !is_lost => return Err(Failed::file(&path)(e)),
            _ => {}
        }
        done.more(1);
    }
    // A later backup may have brought an upload that this one still waited for: more is no harm.
    if found.count < manifest.contents.count {
        let why = format!("{} files are there, and not {}", found.count, manifest.contents.count);
        return Err(Failed::damaged(&target.join(CONTENTS), why));
    }
    Ok(())
}

fn sum(mut file: File) -> std::io::Result<String> {
    let mut sum = Context::new(&SHA256);
    let mut piece = vec![0; 1 << 18];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hex(sum.finish().as_ref())),
            n => sum.update(&piece[..n]),
        }
    }
}

/// Puts every content of a backup into the store; what is there already and whole stays. How many.
pub(super) async fn put_back(
    db: &Db,
    blobs: &Blobs,
    wanted: &[Content],
    target: &Path,
    now: Instant,
    progress: &Progress,
) -> Result<Counted, Failed> {
    let mut done = Done::of("files", wanted.len() as u64, progress);
    let mut put = Counted::default();
    for content in wanted {
        let path = content.path(target);
        if let Ok(mut file) = File::open(&path) {
            if !is_whole(blobs, content).await? {
                let act = Act::system("operations.restore", "", now);
                let mut upload = blobs.upload(db, act, u64::MAX);
                let mut piece = vec![0; 1 << 18];
                loop {
                    let n = file.read(&mut piece).map_err(Failed::file(&path))?;
                    if n == 0 {
                        break;
                    }
                    let written = upload.write(bytes::Bytes::copy_from_slice(&piece[..n])).await;
                    written.map_err(|e| Failed::File { path: path.clone(), why: e.to_string() })?;
                }
                upload.bring(content.hash).await?;
            }
            add(&mut put, content);
        }
        done.more(1);
    }
    Ok(put)
}

async fn is_whole(blobs: &Blobs, content: &Content) -> Result<bool, Failed> {
    let mut pieces = match blobs.read(&content.hash).await {
        Ok((_, pieces)) => Box::pin(pieces),
        Err(Error::NotFound) => return Ok(false),
        Err(e) => return Err(e.into()),
    };
    while let Some(piece) = pieces.next().await {
        match piece {
            Ok(_) => {}
            Err(Error::Fault(_)) => return Ok(false),
            Err(e) => return Err(e.into()),
        }
    }
    Ok(true)
}
