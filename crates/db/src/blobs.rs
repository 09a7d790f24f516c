//! Contents kept outside the tables, addressed by their SHA-256: a folder, or an S3 bucket.
//!
//! Reserve → put → commit. A row says first that the content is coming (committed on its own), then the
//! bytes are made durable, then the caller's own write calls [`commit`]: so every content outside is
//! known inside, and no row of anybody's names a content that is not there. What was never committed is
//! removed by [`Blobs::sweep`]. Layout (a format of record): `ab/` + 64 hexadecimal digits, where `ab`
//! are the first two of them; the file is the content and nothing else.
//!
//! A content is deleted only while its row says `doomed`; nobody can reserve it in that time. So a
//! sweep never takes away what an upload has just put.

mod check;
mod upload;

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use aws_lc_rs::digest::{Context, SHA256};
use base::Instant;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use object_store::{
    BackoffConfig, ClientOptions, ObjectStore, ObjectStoreExt, RetryConfig, aws::AmazonS3Builder,
    local::LocalFileSystem, path::Path as Key,
};

use crate::{
    Act, Db, FromValue, ToValue, Value, args,
    digest::{hex, unhex},
    error::{Error, Result, chain, fault},
    tx::{Mode, Tx},
};

pub use check::Findings;
pub use upload::{Peek, PutError, Stored, Upload};

/// The SHA-256 of a content: its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; 32]);

impl Hash {
    /// The hash of these bytes.
    pub fn of(bytes: &[u8]) -> Hash {
        let mut hash = [0; 32];
        hash.copy_from_slice(aws_lc_rs::digest::digest(&SHA256, bytes).as_ref());
        Hash(hash)
    }

    /// The 32 bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// A text that is not 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAHash;

impl fmt::Display for NotAHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a SHA-256 in hexadecimal")
    }
}

impl std::error::Error for NotAHash {}

impl FromStr for Hash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        unhex(text).map(Hash).ok_or(NotAHash)
    }
}

impl ToValue for Hash {
    fn to_value(&self) -> Value<'_> {
        Value::Text(self.to_string().into())
    }
}

impl FromValue for Hash {
    fn from_value(value: Value<'static>) -> Option<Self> {
        String::from_value(value)?.parse().ok()
    }
}

/// Where contents are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// A folder's path, or `s3://bucket/prefix`.
    pub place: String,
    /// S3: another endpoint than the provider's own, such as `http://127.0.0.1:9000`.
    pub endpoint: Option<String>,
    pub region: Option<String>,
    /// S3: the key's id and secret.
    pub key: Option<(String, String)>,
    /// S3: a folder of ours alone, made when it is not there, where large uploads wait on disk until their
    /// hash is known. `None`: the system's place for temporary files.
    pub spool: Option<PathBuf>,
}

impl Config {
    /// A folder.
    pub fn folder(path: &Path) -> Self {
        Config { place: path.display().to_string(), endpoint: None, region: None, key: None, spool: None }
    }
}

/// The contents. Cloning is cheap.
#[derive(Clone)]
pub struct Blobs(Arc<Inner>);

struct Inner {
    store: Arc<dyn ObjectStore>,
    prefix: String,
    /// Where uploads wait for their hash; of a folder, a part of it.
    spool: PathBuf,
    /// Nobody else puts anything there, so that what is old in it is dead.
    is_own_spool: bool,
    /// The folder, when it is one: its contents are put by rename.
    folder: Option<Folder>,
}

/// A folder with its 256 parts, one for each first byte of a hash.
struct Folder {
    path: PathBuf,
    /// Whether this process knows that a part's own name is durable: another may have made the part
    /// and died before it could say so to the disk.
    durable: [AtomicBool; 256],
}

impl fmt::Debug for Blobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blobs({})", self.0.store)
    }
}

/// How long an upload waits for a sweep that is deleting the same content.
const DOOMED_WAIT: Duration = Duration::from_millis(50);
const DOOMED_TRIES: u32 = 60;

/// Whoever waits for a bucket is a person: it is tried again for some seconds, and then said. A listing or a
/// large content may take as long as it takes, as long as something comes.
const RETRY: RetryConfig = RetryConfig {
    backoff: BackoffConfig {
        init_backoff: Duration::from_millis(100),
        max_backoff: Duration::from_secs(2),
        base: 2.,
    },
    max_retries: 3,
    retry_timeout: Duration::from_secs(10),
};

fn patience() -> ClientOptions {
    ClientOptions::new()
        .with_connect_timeout(Duration::from_secs(3))
        .with_read_timeout(Duration::from_secs(30))
        .with_timeout_disabled()
}

fn unavailable(what: &str, e: &dyn std::error::Error) -> Error {
    Error::Unavailable(format!("{what}: {}", chain(e)))
}

impl Blobs {
    /// Opens a folder (made when it is not there) or a bucket.
    ///
    /// # Errors
    /// `Unavailable` when the folder cannot be made or written, or the bucket's settings are wrong.
    pub async fn open(config: &Config) -> Result<Blobs> {
        match config.place.strip_prefix("s3://") {
            Some(bucket) => Self::bucket(bucket, config),
            None => {
                let folder = PathBuf::from(&config.place);
                let made = tokio::task::spawn_blocking(move || Self::folder(&folder)).await;
                made.unwrap_or_else(|e| fault(e.to_string()))
            }
        }
    }

    fn folder(folder: &Path) -> Result<Blobs> {
        let cannot = |e: std::io::Error| unavailable(&format!("the folder {}", folder.display()), &e);
        let spool = folder.join("spool");
        std::fs::create_dir_all(&spool).map_err(cannot)?;
        tempfile::tempfile_in(&spool).map_err(cannot)?; // it can be written
        for made in [Some(folder), folder.parent().filter(|above| !above.as_os_str().is_empty())] {
            made.map_or(Ok(()), |made| std::fs::File::open(made)?.sync_all()).map_err(cannot)?;
        }
        let store = LocalFileSystem::new_with_prefix(folder).map_err(|e| unavailable("the folder", &e))?;
        let durable = std::array::from_fn(|_| AtomicBool::new(false));
        let (prefix, folder) = (String::new(), Some(Folder { path: folder.to_owned(), durable }));
        Ok(Blobs(Arc::new(Inner { store: Arc::new(store), prefix, spool, is_own_spool: true, folder })))
    }

    fn bucket(place: &str, config: &Config) -> Result<Blobs> {
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let plain = config.endpoint.as_ref().is_some_and(|endpoint| endpoint.starts_with("http://"));
        let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket);
        builder = builder.with_client_options(patience().with_allow_http(plain)).with_retry(RETRY);
        if let Some(endpoint) = &config.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        if let Some(region) = &config.region {
            builder = builder.with_region(region);
        }
        if let Some((id, secret)) = &config.key {
            builder = builder.with_access_key_id(id).with_secret_access_key(secret);
        }
        let store = builder.build().map_err(|e| unavailable("the bucket", &e))?;
        let prefix = prefix.trim_matches('/');
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        let spool = config.spool.clone().unwrap_or_else(std::env::temp_dir);
        let cannot = |e: std::io::Error| unavailable(&format!("the folder {}", spool.display()), &e);
        std::fs::create_dir_all(&spool).map_err(cannot)?;
        let is_own_spool = config.spool.is_some();
        Ok(Blobs(Arc::new(Inner { store: Arc::new(store), prefix, spool, is_own_spool, folder: None })))
    }

    /// A bucket of another kind.
    #[cfg(test)]
    pub(crate) fn with_store(store: Arc<dyn ObjectStore>, prefix: &str, spool: &Path) -> Blobs {
        std::fs::create_dir_all(spool).expect("a folder");
        let (prefix, spool) = (prefix.into(), spool.into());
        Blobs(Arc::new(Inner { store, prefix, spool, is_own_spool: true, folder: None }))
    }

    fn key(&self, hash: &Hash) -> Key {
        let hash = hash.to_string();
        Key::from(format!("{}{}/{hash}", self.0.prefix, &hash[..2]))
    }

    /// Begins an upload of at most so many bytes. Many may go on at once. The act is kept in the audit
    /// book when the content is reserved: who brought what, whether or not it is committed later.
    pub fn upload(&self, db: &Db, act: Act, size_bytes_max: u64) -> Upload {
        Upload::new(self.clone(), db.clone(), act, size_bytes_max)
    }

    /// Keeps bytes that are at hand: reserved, then durable. They stay when the caller's write calls
    /// [`commit`].
    ///
    /// # Errors
    /// `Unavailable` when the store or the database does not take them.
    pub async fn store(&self, db: &Db, act: Act, bytes: impl Into<Bytes>) -> Result<Hash> {
        let mut upload = self.upload(db, act, u64::MAX);
        let kept = async {
            upload.write(bytes.into()).await?;
            upload.finish().await
        };
        kept.await.map(|stored| stored.hash).map_err(|e| match e {
            PutError::Store(e) => e,
            PutError::TooLarge { .. } => Error::Fault("a content beyond all limits".into()),
        })
    }

    /// A content, checked against its hash.
    ///
    /// # Errors
    /// `NotFound`; `Fault` when the bytes are not those that were put.
    pub async fn get(&self, hash: &Hash) -> Result<Bytes> {
        let bytes =
            self.fetch(hash).await?.bytes().await.map_err(|e| unavailable("reading a content", &e))?;
        if Hash::of(&bytes) != *hash {
            return fault(format!("content {hash} is damaged"));
        }
        Ok(bytes)
    }

    /// As [`Blobs::get`], of a content that a row holds: that it is not there is no answer but a loss.
    ///
    /// # Errors
    /// `Fault` when it is lost or damaged.
    pub async fn get_kept(&self, hash: &Hash) -> Result<Bytes> {
        match self.get(hash).await {
            Err(Error::NotFound) => fault(format!("content {hash} is lost")),
            other => other,
        }
    }

    /// A content piece by piece, with its size in bytes. The last piece comes only when all of them fit
    /// the hash; else an error comes in its place, so that a damaged content never arrives whole.
    ///
    /// # Errors
    /// `NotFound`; in the stream, `Fault` for a damaged content.
    pub async fn read(
        &self,
        hash: &Hash,
    ) -> Result<(u64, impl Stream<Item = Result<Bytes>> + Send + 'static)> {
        let found = self.fetch(hash).await?;
        let size = found.meta.size;
        let pieces = found.into_stream().map_err(|e| unavailable("reading a content", &e)).boxed();
        let state = Checked { pieces, sum: Some(Context::new(&SHA256)), held: None, hash: *hash };
        Ok((size, stream::unfold(state, Checked::next)))
    }

    async fn fetch(&self, hash: &Hash) -> Result<object_store::GetResult> {
        self.0.store.get(&self.key(hash)).await.map_err(|e| match e {
            object_store::Error::NotFound { .. } => Error::NotFound,
            e => unavailable("reading a content", &e),
        })
    }

    /// Removes what nobody committed since `before`, and files that no row knows of; how many contents.
    /// `before` must be longer ago than any upload may wait for its commit.
    ///
    /// # Errors
    /// `Unavailable`; what is left is for the next sweep.
    pub async fn sweep(&self, db: &Db, before: Instant) -> Result<u64> {
        let mut swept = 0;
        loop {
            let doom = async move |tx: &mut Tx| -> Result<Vec<Hash>> {
                let unused = "select hash from content where refs = 0 and (doomed = 1 or at < $1)
                    order by at limit 256";
                let unused: Vec<Hash> = tx.list(unused, args![before]).await?;
                let mut doomed = Vec::new();
                for hash in unused {
                    let doom = "update content set doomed = 1 where hash = $1 and refs = 0
                        and (doomed = 1 or at < $2)";
                    if tx.change(doom, args![hash, before]).await? == 1 {
                        doomed.push(hash);
                    }
                }
                Ok(doomed)
            };
            let doomed = db.run(Mode::Write, None, doom).await?;
            if doomed.is_empty() {
                break;
            }
            swept += doomed.len() as u64;
            self.remove(db, doomed).await?;
        }
        if self.0.folder.is_none() && self.0.is_own_spool {
            self.sweep_spool(before).await?;
        }
        Ok(swept + self.sweep_strays(db, before).await?)
    }

    /// Uploads to a bucket that died with their process; a folder's lie among its files.
    async fn sweep_spool(&self, before: Instant) -> Result<()> {
        let spool = self.0.spool.clone();
        let sweep = move || -> std::io::Result<()> {
            let long_ago = |at: std::time::SystemTime| {
                let age = at.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
                i64::try_from(age.as_micros()).is_ok_and(|micros| micros < before.micros())
            };
            for entry in std::fs::read_dir(&spool)? {
                let entry = entry?;
                let about = entry.metadata()?;
                if about.is_file() && about.modified().is_ok_and(long_ago) {
                    let _ = std::fs::remove_file(entry.path()); // its upload may just have ended
                }
            }
            Ok(())
        };
        let swept =
            tokio::task::spawn_blocking(sweep).await.unwrap_or_else(|e| Err(std::io::Error::other(e)));
        swept.map_err(|e| unavailable("sweeping the spool", &e))
    }

    /// Deletes doomed contents, then their rows.
    async fn remove(&self, db: &Db, doomed: Vec<Hash>) -> Result<()> {
        for hash in &doomed {
            match self.0.store.delete(&self.key(hash)).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(e) => return Err(unavailable("deleting a content", &e)),
            }
        }
        let gone = async move |tx: &mut Tx| -> Result<()> {
            for hash in &doomed {
                tx.change("delete from content where hash = $1 and doomed = 1", args![hash]).await?;
            }
            Ok(())
        };
        db.run(Mode::Write, None, gone).await
    }

    /// Files that no row knows of: left by a crash between a sweep's two halves, or brought by hand.
    /// And uploads that never ended.
    async fn sweep_strays(&self, db: &Db, before: Instant) -> Result<u64> {
        let prefix = (!self.0.prefix.is_empty()).then(|| Key::from(self.0.prefix.trim_end_matches('/')));
        let mut files = self.0.store.list(prefix.as_ref());
        let (mut strays, mut swept) = (Vec::new(), 0);
        while let Some(file) = files.next().await {
            let file = file.map_err(|e| unavailable("listing the contents", &e))?;
            let old = file.last_modified.timestamp_micros() < before.micros();
            let name = file.location.filename().unwrap_or_default();
            if old && self.0.folder.is_some() && file.location.as_ref().starts_with("spool/") {
                let _ = self.0.store.delete(&file.location).await; // its upload may just have ended
            } else if old && let Ok(hash) = name.parse::<Hash>() {
                strays.push(hash);
            }
            if strays.len() >= 256 {
                swept += self.doom_strays(db, std::mem::take(&mut strays), before).await?;
            }
        }
        Ok(swept + self.doom_strays(db, strays, before).await?)
    }

    async fn doom_strays(&self, db: &Db, files: Vec<Hash>, at: Instant) -> Result<u64> {
        let doom = async move |tx: &mut Tx| -> Result<Vec<Hash>> {
            let mut strays = Vec::new();
            for hash in &files {
                let put = "insert into content(hash, size_bytes, refs, doomed, at) values ($1, 0, 0, 1, $2)
                    on conflict do nothing";
                if tx.change(put, args![hash, at]).await? == 1 {
                    strays.push(*hash);
                }
            }
            Ok(strays)
        };
        let strays = db.run(Mode::Write, None, doom).await?;
        let n = strays.len() as u64;
        self.remove(db, strays).await?;
        Ok(n)
    }
}

/// A read that lets the last piece go only when the whole fits its hash.
struct Checked {
    pieces: stream::BoxStream<'static, Result<Bytes>>,
    /// `None` once the end is told.
    sum: Option<Context>,
    held: Option<Bytes>,
    hash: Hash,
}

impl Checked {
    async fn next(mut self) -> Option<(Result<Bytes>, Self)> {
        let mut sum = self.sum.take()?;
        loop {
            match self.pieces.next().await {
                Some(Ok(piece)) => {
                    sum.update(&piece);
                    if let Some(ready) = self.held.replace(piece) {
                        self.sum = Some(sum);
                        return Some((Ok(ready), self));
                    }
                }
                Some(Err(e)) => return Some((Err(e), self)),
                None if hex(sum.finish().as_ref()) != self.hash.to_string() => {
                    let damaged = fault(format!("content {} is damaged", self.hash));
                    return Some((damaged, self));
                }
                None => return self.held.take().map(|last| (Ok(last), self)),
            }
        }
    }
}

/// In the write that refers to a content: from now on it stays. Once for every row that needs it.
///
/// # Errors
/// `NotFound` when it was never put, or swept meanwhile.
pub async fn commit(tx: &mut Tx, hash: &Hash) -> Result<()> {
    let sql = "update content set refs = refs + 1 where hash = $1 and doomed = 0";
    match tx.change(sql, args![hash]).await? {
        0 => Err(Error::NotFound),
        _ => Ok(()),
    }
}

/// As [`commit`], for so many rows at once.
///
/// # Errors
/// `NotFound` when it was never put, or swept meanwhile.
pub async fn commit_times(tx: &mut Tx, hash: &Hash, rows: i64) -> Result<()> {
    let sql = "update content set refs = refs + $2 where hash = $1 and doomed = 0";
    match tx.change(sql, args![hash, rows]).await? {
        0 => Err(Error::NotFound),
        _ => Ok(()),
    }
}

/// In the write that removes a row that referred to a content. After the last one a sweep may take it.
///
/// # Errors
/// `NotFound` when nothing refers to it.
pub async fn release(tx: &mut Tx, hash: &Hash) -> Result<()> {
    let sql = "update content set refs = refs - 1, at = $2 where hash = $1 and refs > 0";
    let Some(at) = tx.act.as_ref().map(|act| act.at) else { return fault("a release outside a write") };
    match tx.change(sql, args![hash, at]).await? {
        0 => Err(Error::NotFound),
        _ => Ok(()),
    }
}
