//! One upload: bytes arrive piece by piece, are hashed and counted, and wait in memory or in the spool
//! until their hash, and so their place, is known.

use std::{
    fs::File,
    io::{Read, Write},
    sync::atomic::Ordering,
};

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload};
use tempfile::NamedTempFile;

use super::{Blobs, DOOMED_TRIES, DOOMED_WAIT, Hash, unavailable};
use crate::{
    Act, Db, args,
    error::{Error, Result, fault},
    tx::Tx,
};

/// An upload above this goes through a file.
const MEMORY_BYTES_MAX: usize = 1 << 20;
/// What a bucket takes at a time from a file.
const PART_BYTES: usize = 8 << 20;

/// Why a content was not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutError {
    /// More bytes than were allowed.
    TooLarge {
        size_bytes_max: u64,
    },
    Store(Error),
}

impl std::fmt::Display for PutError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PutError::TooLarge { size_bytes_max } => write!(f, "larger than {size_bytes_max} bytes"),
            PutError::Store(e) => e.fmt(f),
        }
    }
}

impl std::error::Error for PutError {}

impl From<Error> for PutError {
    fn from(e: Error) -> Self {
        PutError::Store(e)
    }
}

/// A content that is durable, and stays if it is committed in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    pub hash: Hash,
    pub size_bytes: u64,
}

/// The bytes of an upload from the first to the last, piece by piece.
pub struct Peek {
    file: Option<File>,
    pieces: std::vec::IntoIter<Bytes>,
}

impl Peek {
    /// The next bytes; none at the end.
    ///
    /// # Errors
    /// `Unavailable` when the spool cannot be read.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        if let Some(file) = self.file.take() {
            let (file, piece) = blocking("reading the spool", move || next_part(file)).await?;
            if !piece.is_empty() {
                self.file = Some(file);
                return Ok(Some(piece));
            }
        }
        Ok(self.pieces.next())
    }
}

impl From<Bytes> for Peek {
    /// Bytes that are at hand.
    fn from(bytes: Bytes) -> Peek {
        Peek { file: None, pieces: vec![bytes].into_iter() }
    }
}

/// Bytes on their way in. Dropping it forgets them.
pub struct Upload {
    blobs: Blobs,
    db: Db,
    act: Act,
    size_bytes: u64,
    size_bytes_max: u64,
    sum: Context,
    pieces: Vec<Bytes>,
    in_memory: usize,
    file: Option<NamedTempFile>,
}

impl Upload {
    pub(super) fn new(blobs: Blobs, db: Db, act: Act, size_bytes_max: u64) -> Self {
        let sum = Context::new(&SHA256);
        let (size_bytes, in_memory) = (0, 0);
        Upload { blobs, db, act, size_bytes, size_bytes_max, sum, pieces: Vec::new(), in_memory, file: None }
    }

    /// Takes a piece.
    ///
    /// # Errors
    /// `TooLarge` as soon as there are too many bytes; `Unavailable` when the spool takes no more.
    pub async fn write(&mut self, piece: Bytes) -> Result<(), PutError> {
        self.size_bytes += piece.len() as u64;
        if self.size_bytes > self.size_bytes_max {
            return Err(PutError::TooLarge { size_bytes_max: self.size_bytes_max });
        }
        self.sum.update(&piece);
        self.in_memory += piece.len();
        self.pieces.push(piece);
        if self.in_memory > MEMORY_BYTES_MAX {
            self.file = Some(self.spill(false).await?);
        }
        Ok(())
    }

    /// The bytes so far.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// The bytes so far, to be looked at before they are kept.
    ///
    /// # Errors
    /// `Unavailable` when the spool cannot be read.
    pub fn peek(&self) -> Result<Peek> {
        let file = match &self.file {
            Some(file) => Some(file.reopen().map_err(|e| unavailable("reading the spool", &e))?),
            None => None,
        };
        Ok(Peek { file, pieces: self.pieces.clone().into_iter() })
    }

    /// Puts what is in memory into the spool's file; `durable`: and waits for the disk.
    async fn spill(&mut self, durable: bool) -> Result<NamedTempFile> {
        let (pieces, file) = (std::mem::take(&mut self.pieces), self.file.take());
        self.in_memory = 0;
        let spool = self.blobs.0.spool.clone();
        blocking("writing to the spool", move || {
            let mut file = file.map_or_else(|| NamedTempFile::new_in(spool), Ok)?;
            for piece in pieces {
                file.write_all(&piece)?;
            }
            if durable {
                file.as_file().sync_all()?;
            }
            Ok(file)
        })
        .await
    }

    /// Reserves, and makes the bytes durable in their place.
    ///
    /// # Errors
    /// `Unavailable` when the database or the store does not take them.
    pub async fn finish(self) -> Result<Stored, PutError> {
        self.finish_with(async |_: &mut Tx, _: Stored| Ok(())).await
    }

    /// As [`Upload::finish`], and `row` writes what the caller keeps of it in the commit that
    /// reserves the content: one commit instead of two. Only for rows that nobody looks for before
    /// this answers, since the bytes may not be durable yet when the row is.
    ///
    /// # Errors
    /// As [`Upload::finish`], and those of `row`.
    pub async fn finish_with<F>(mut self, row: F) -> Result<Stored, PutError>
    where
        F: AsyncFn(&mut Tx, Stored) -> Result<()> + Clone + Send + 'static,
    {
        let mut hash = [0; 32];
        hash.copy_from_slice(self.sum.clone().finish().as_ref());
        let stored = Stored { hash: Hash(hash), size_bytes: self.size_bytes };
        let reserve = reserve(self.db.clone(), self.act.clone(), stored, row);
        if self.blobs.0.folder.is_some() {
            // the spool is not the content's place yet: both at once
            let blobs = self.blobs.clone();
            let (reserved, file) = tokio::join!(reserve, self.spill(true));
            reserved?;
            // also where the content is kept already: what a disk has lost or damaged is whole again,
            // and never answered for without its bytes
            publish(&blobs, stored.hash, file?).await?;
        } else if !(reserve.await? && self.is_there(&stored).await?) {
            self.put(stored.hash).await?;
        }
        Ok(stored)
    }

    /// Makes the bytes durable in their place without reserving: for a restore, which brings the rows
    /// that know of them afterwards.
    pub(crate) async fn bring(mut self, wanted: Hash) -> Result<()> {
        let mut hash = [0; 32];
        hash.copy_from_slice(self.sum.clone().finish().as_ref());
        if Hash(hash) != wanted {
            return fault(format!("content {wanted} is damaged"));
        }
        if self.blobs.0.folder.is_none() {
            return self.put(wanted).await;
        }
        let blobs = self.blobs.clone();
        publish(&blobs, wanted, self.spill(true).await?).await
    }

    /// Whether a bucket has this content, by its size.
    async fn is_there(&self, stored: &Stored) -> Result<bool> {
        match self.blobs.0.store.head(&self.blobs.key(&stored.hash)).await {
            Ok(meta) => Ok(meta.size == stored.size_bytes),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(e) => Err(unavailable("looking for a content", &e)),
        }
    }

    /// Into a bucket, whose put is durable when it answers.
    async fn put(&mut self, hash: Hash) -> Result<()> {
        let key = self.blobs.key(&hash);
        let cannot = |e: object_store::Error| unavailable("putting a content", &e);
        if self.file.is_none() {
            let payload = PutPayload::from_iter(std::mem::take(&mut self.pieces));
            return self.blobs.0.store.put(&key, payload).await.map(drop).map_err(cannot);
        }
        let file = self.spill(false).await?;
        let store = &self.blobs.0.store;
        let reader = file.reopen().map_err(|e| unavailable("reading the spool", &e))?;
        if self.size_bytes <= PART_BYTES as u64 {
            let (_, whole) = blocking("reading the spool", move || next_part(reader)).await?;
            return store.put(&key, whole.into()).await.map(drop).map_err(cannot);
        }
        let mut parts = store.put_multipart(&key).await.map_err(cannot)?;
        let put = put_parts(parts.as_mut(), reader).await;
        if put.is_err() {
            // Parts that were never ended are seen by nobody and paid for all the same.
            let _ = parts.abort().await;
        }
        put
    }
}

/// Everything that the file holds, part after part, and the end.
async fn put_parts(parts: &mut dyn MultipartUpload, mut reader: File) -> Result<()> {
    let cannot = |e: object_store::Error| unavailable("putting a content", &e);
    loop {
        let (rest, part) = blocking("reading the spool", move || next_part(reader)).await?;
        reader = rest;
        if part.is_empty() {
            return parts.complete().await.map(drop).map_err(cannot);
        }
        parts.put_part(part.into()).await.map_err(cannot)?;
    }
}

fn next_part(mut file: File) -> std::io::Result<(File, Bytes)> {
    let mut part = Vec::with_capacity(PART_BYTES);
    (&mut file).take(PART_BYTES as u64).read_to_end(&mut part)?;
    Ok((file, part.into()))
}

/// Says that a content is coming; whether it is there already, and needed by somebody.
async fn reserve<F>(db: Db, act: Act, stored: Stored, row: F) -> Result<bool>
where
    F: AsyncFn(&mut Tx, Stored) -> Result<()> + Clone + Send + 'static,
{
    for _ in 0..DOOMED_TRIES {
        let row = row.clone();
        let reserve = async move |tx: &mut Tx| -> Result<bool> {
            let at = tx.act().at;
            let sql = "insert into content(hash, size_bytes, refs, doomed, at) values ($1, $2, 0, 0, $3)
                on conflict (hash) do update set size_bytes = $2, at = $3 where content.doomed = 0
                returning refs";
            let size = i64::try_from(stored.size_bytes).map_err(|e| Error::Fault(e.to_string()))?;
            let refs: Option<i64> = tx.find(sql, args![stored.hash, size, at]).await?;
            let is_kept = refs.ok_or(Error::Stale)? > 0;
            row(tx, stored).await?;
            Ok(is_kept)
        };
        match db.write(act.clone(), reserve).await {
            Err(Error::Stale) => tokio::time::sleep(DOOMED_WAIT).await, // a sweep is deleting it just now
            other => return other,
        }
    }
    Err(Error::Unavailable("the content is being deleted; put it again later".into()))
}

/// Moves a durable file to its place, durably: after a power cut the name is there with all its bytes,
/// or not at all.
async fn publish(blobs: &Blobs, hash: Hash, file: NamedTempFile) -> Result<()> {
    let blobs = blobs.clone();
    blocking("putting a content", move || {
        let Some(folder) = &blobs.0.folder else { return Err(std::io::Error::other("not a folder")) };
        let name = hash.to_string();
        let part = folder.path.join(&name[..2]);
        let known = &folder.durable[usize::from(hash.bytes()[0])];
        let is_there = part.is_dir();
        if !is_there {
            std::fs::create_dir_all(&part)?;
        }
        if !is_there || !known.load(Ordering::Acquire) {
            File::open(&folder.path)?.sync_all()?;
            known.store(true, Ordering::Release);
        }
        file.persist(part.join(&name))?;
        File::open(&part)?.sync_all()
    })
    .await
}

async fn blocking<T: Send + 'static>(
    what: &'static str,
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|e| unavailable(what, &e)),
        Err(e) => Err(unavailable(what, &e)),
    }
}
