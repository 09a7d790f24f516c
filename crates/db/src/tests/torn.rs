//! Torn writes: what a power cut or a bad disk may leave of a content. Nothing wrong is ever read, what
//! is lost is named, and it is whole again as soon as somebody brings the same bytes.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use base::Instant;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, memory::InMemory, path::Path as Key,
};

use crate::{
    Act, Blobs, Error, Tx,
    blobs::{self, Findings, Hash},
    testing::{TestDb, both, now, on_sqlite},
};

fn act() -> Act {
    Act::system("test.upload", "", Instant::from_micros(1_795_000_000_000_000))
}

/// Contents that rows need: put, and committed.
async fn kept(t: &TestDb, blobs: &Blobs, all: &[&[u8]]) -> Vec<Hash> {
    let mut hashes = Vec::new();
    for bytes in all {
        let hash = blobs.store(&t.db, act(), bytes.to_vec()).await.unwrap();
        t.db.write(act(), async move |tx: &mut Tx| blobs::commit(tx, &hash).await).await.unwrap();
        hashes.push(hash);
    }
    hashes
}

fn file(t: &TestDb, hash: &Hash) -> std::path::PathBuf {
    let hash = hash.to_string();
    t.dir().join("blobs").join(&hash[..2]).join(hash)
}

const FOUR: [&[u8]; 4] = [b"cut short by the disk", b"full of zeros", b"never renamed", b"whole"];

/// A power cut of a disk that lied: one file is short, one is full of zeros, one never got its name.
fn tear(t: &TestDb, hashes: &[Hash]) {
    std::fs::write(file(t, &hashes[0]), &FOUR[0][..7]).unwrap();
    std::fs::write(file(t, &hashes[1]), vec![0; FOUR[1].len()]).unwrap();
    std::fs::rename(file(t, &hashes[2]), t.dir().join("blobs/spool/never-renamed")).unwrap();
}

#[test]
fn what_the_disk_broke_is_named_never_read_and_mended_by_the_same_bytes() {
    both(async |t| {
        let hashes = kept(&t, &t.blobs().await, &FOUR).await;
        tear(&t, &hashes);
        let blobs = t.blobs().await; // as after a restart
        let mut damaged = vec![hashes[0], hashes[1]];
        damaged.sort();
        let found = blobs.check(&t.db, |_| {}).await.unwrap();
        let told = Findings { whole: 1, whole_bytes: 5, lost: vec![hashes[2]], damaged };
        assert_eq!(found, told);
        assert!(!found.is_good());
        for hash in &hashes[..2] {
            assert!(matches!(blobs.get(hash).await, Err(Error::Fault(_))));
        }
        assert_eq!(blobs.get(&hashes[2]).await, Err(Error::NotFound));

        // A citizen brings the same file once more. It is kept already, and yet answered for only with its
        // bytes.
        for (hash, bytes) in hashes.iter().zip(FOUR) {
            assert_eq!(blobs.store(&t.db, act(), bytes).await, Ok(*hash));
            assert_eq!(blobs.get(hash).await, Ok(Bytes::from_static(bytes)));
        }
        assert!(blobs.check(&t.db, |_| {}).await.unwrap().is_good());
        // What never got its name is swept, and nothing that is needed.
        assert_eq!(blobs.sweep(&t.db, now().plus_days(1)).await, Ok(0));
        assert_eq!(std::fs::read_dir(t.dir().join("blobs/spool")).unwrap().count(), 0);
        assert!(blobs.check(&t.db, |_| {}).await.unwrap().is_good());
    });
}

#[test]
fn what_is_lost_comes_back_from_a_folder_that_has_it_and_damage_does_not() {
    both(async |t| {
        let blobs = t.blobs().await;
        let hashes = kept(&t, &blobs, &FOUR).await;
        let copy = t.dir().join("copy");
        for hash in &hashes[..2] {
            let to = copy.join(&hash.to_string()[..2]).join(hash.to_string());
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(file(&t, hash), to).unwrap();
        }
        tear(&t, &hashes);
        let spoilt = copy.join(&hashes[1].to_string()[..2]).join(hashes[1].to_string());
        std::fs::write(spoilt, "other bytes").unwrap();
        assert_eq!(blobs.bring_back(&t.db, act(), hashes[0], &copy).await, Ok(true));
        assert!(matches!(blobs.bring_back(&t.db, act(), hashes[1], &copy).await, Err(Error::Fault(_))));
        assert_eq!(blobs.bring_back(&t.db, act(), hashes[2], &copy).await, Ok(false));
        let found = blobs.check(&t.db, |_| {}).await.unwrap();
        assert_eq!((found.whole, found.lost, found.damaged), (2, vec![hashes[2]], vec![hashes[1]]));
    });
}

#[test]
fn a_reservation_whose_bytes_never_came_is_swept_or_fulfilled() {
    both(async |t| {
        let blobs = t.blobs().await;
        let [swept, fulfilled] = ["swept", "fulfilled"].map(|text| Bytes::from_static(text.as_bytes()));
        for bytes in [&swept, &fulfilled] {
            // The process dies between the reservation and the rename.
            let hash = blobs.store(&t.db, act(), bytes.clone()).await.unwrap();
            std::fs::remove_file(file(&t, &hash)).unwrap();
        }
        let blobs = t.blobs().await;
        assert!(blobs.check(&t.db, |_| {}).await.unwrap().is_good(), "no row needs them yet");
        let again = kept(&t, &blobs, &[&fulfilled]).await;
        assert_eq!(blobs.sweep(&t.db, now().plus_days(3_000)).await, Ok(1));
        assert_eq!(blobs.get(&again[0]).await, Ok(fulfilled));
        assert_eq!(blobs.get(&Hash::of(&swept)).await, Err(Error::NotFound));
    });
}

#[test]
fn a_bucket_that_breaks_off_in_the_middle_acknowledges_nothing_and_takes_it_the_next_time() {
    on_sqlite(async |t| {
        let bucket = Arc::new(Bucket { inner: InMemory::new(), breaks: AtomicUsize::new(1) });
        let blobs = Blobs::with_store(bucket.clone(), "", t.dir());
        let bytes = b"a paper of some length".as_slice();
        let hash = Hash::of(bytes);
        assert!(matches!(blobs.store(&t.db, act(), bytes).await, Err(Error::Unavailable(_))));
        assert!(matches!(blobs.get(&hash).await, Err(Error::Fault(_))), "half of it is there, and not read");
        assert_eq!(kept(&t, &blobs, &[bytes]).await, [hash]);
        assert_eq!(blobs.get(&hash).await, Ok(Bytes::from_static(bytes)));

        // Kept, and lost by the bucket afterwards: brought again, it is there again.
        use object_store::ObjectStoreExt;
        let name = hash.to_string();
        bucket.inner.delete(&Key::from(format!("{}/{name}", &name[..2]))).await.unwrap();
        assert_eq!(blobs.check(&t.db, |_| {}).await.unwrap().lost, [hash]);
        blobs.store(&t.db, act(), bytes).await.unwrap();
        assert!(blobs.check(&t.db, |_| {}).await.unwrap().is_good());
    });
}

/// A bucket in memory that keeps half of a content and says that it broke, so many times.
#[derive(Debug)]
struct Bucket {
    inner: InMemory,
    breaks: AtomicUsize,
}

impl std::fmt::Display for Bucket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a bucket that breaks")
    }
}

type Later<'a, T> = Pin<Box<dyn Future<Output = object_store::Result<T>> + Send + 'a>>;

// Written out as the trait's macro writes it, so that no macro is needed.
impl ObjectStore for Bucket {
    fn put_opts<'life0, 'life1, 'async_trait>(
        &'life0 self,
        key: &'life1 Key,
        payload: PutPayload,
        options: PutOptions,
    ) -> Later<'async_trait, PutResult>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            let breaks = self.breaks.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
            if breaks.is_err() {
                return self.inner.put_opts(key, payload, options).await;
            }
            let whole = Bytes::from(payload);
            self.inner.put_opts(key, whole.slice(..whole.len() / 2).into(), options).await?;
            Err(object_store::Error::Generic { store: "test", source: "the line broke".into() })
        })
    }

    fn put_multipart_opts<'life0, 'life1, 'async_trait>(
        &'life0 self,
        key: &'life1 Key,
        options: PutMultipartOptions,
    ) -> Later<'async_trait, Box<dyn MultipartUpload>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        self.inner.put_multipart_opts(key, options)
    }

    fn get_opts<'life0, 'life1, 'async_trait>(
        &'life0 self,
        key: &'life1 Key,
        options: GetOptions,
    ) -> Later<'async_trait, GetResult>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        self.inner.get_opts(key, options)
    }

    fn delete_stream(
        &self,
        keys: BoxStream<'static, object_store::Result<Key>>,
    ) -> BoxStream<'static, object_store::Result<Key>> {
        self.inner.delete_stream(keys)
    }

    fn list(&self, prefix: Option<&Key>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    fn list_with_delimiter<'life0, 'life1, 'async_trait>(
        &'life0 self,
        prefix: Option<&'life1 Key>,
    ) -> Later<'async_trait, ListResult>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        self.inner.list_with_delimiter(prefix)
    }

    fn copy_opts<'life0, 'life1, 'life2, 'async_trait>(
        &'life0 self,
        from: &'life1 Key,
        to: &'life2 Key,
        options: CopyOptions,
    ) -> Later<'async_trait, ()>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        'life2: 'async_trait,
        Self: 'async_trait,
    {
        self.inner.copy_opts(from, to, options)
    }
}
