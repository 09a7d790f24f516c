use std::sync::Arc;

use base::Instant;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};

use crate::{
    Act, Blobs, Error, Tx, args,
    blobs::{self, Hash, PutError},
    testing::{TestDb, both, on_sqlite},
};

fn at(seconds: i64) -> Instant {
    Instant::from_micros(1_795_000_000_000_000).plus_seconds(seconds)
}

fn act(seconds: i64) -> Act {
    Act::system("test.upload", "", at(seconds))
}

async fn commit(t: &TestDb, hash: Hash) -> crate::Result<()> {
    t.db.write(act(0), async move |tx: &mut Tx| blobs::commit(tx, &hash).await).await
}

fn file(t: &TestDb, hash: &Hash) -> std::path::PathBuf {
    let hash = hash.to_string();
    t.dir().join("blobs").join(&hash[..2]).join(hash)
}

fn spooled(t: &TestDb) -> usize {
    std::fs::read_dir(t.dir().join("blobs/spool")).unwrap().count()
}

async fn rows(t: &TestDb) -> i64 {
    let n = async |tx: &mut Tx| tx.get::<i64>("select count(*) from content", args![]).await;
    t.db.read::<_, Error, _>(n).await.unwrap()
}

#[test]
fn what_is_put_comes_back_under_its_hash() {
    both(async |t| {
        let b = t.blobs().await;
        let hash = b.store(&t.db, act(0), "abc").await.unwrap();
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash.to_string(), abc);
        assert_eq!(std::fs::read(file(&t, &hash)).unwrap(), b"abc");
        assert_eq!(b.get(&hash).await, Ok(Bytes::from("abc")));
        assert_eq!(commit(&t, hash).await, Ok(()));
        assert_eq!(b.store(&t.db, act(1), "abc").await, Ok(hash)); // again, of what is kept
        let none = Hash::of(b"never put");
        assert_eq!(b.get(&none).await, Err(Error::NotFound));
        assert_eq!(commit(&t, none).await, Err(Error::NotFound));
        assert_eq!((rows(&t).await, spooled(&t)), (1, 0));
    });
}

#[test]
fn large_uploads_stream_through_the_spool() {
    both(async |t| {
        let b = t.blobs().await;
        let piece = Bytes::from((0..=255u8).cycle().take(300_000).collect::<Vec<u8>>());
        let mut upload = b.upload(&t.db, act(0), 3_000_000);
        for _ in 0..10 {
            upload.write(piece.clone()).await.unwrap();
        }
        assert_eq!(upload.size_bytes(), 3_000_000);
        let stored = upload.finish().await.unwrap();
        assert_eq!((stored.size_bytes, stored.hash), (3_000_000, Hash::of(&piece.repeat(10))));
        let (size, pieces) = b.read(&stored.hash).await.unwrap();
        let pieces: Vec<Bytes> = pieces.try_collect().await.unwrap();
        assert_eq!((size, pieces.concat()), (3_000_000, piece.repeat(10)));
        assert!(pieces.len() > 1);
        assert_eq!(spooled(&t), 0);
    });
}

#[test]
fn too_large_is_told_at_the_first_byte_too_many_and_leaves_nothing() {
    both(async |t| {
        let b = t.blobs().await;
        let mut upload = b.upload(&t.db, act(0), 2_000_000);
        upload.write(vec![1; 1_500_000].into()).await.unwrap();
        assert_eq!(spooled(&t), 1);
        let over = upload.write(vec![1; 500_001].into()).await;
        assert_eq!(over, Err(PutError::TooLarge { size_bytes_max: 2_000_000 }));
        drop(upload);
        assert_eq!((rows(&t).await, spooled(&t)), (0, 0));
    });
}

#[test]
fn a_damaged_content_is_never_read_whole() {
    both(async |t| {
        let b = t.blobs().await;
        let whole = vec![7u8; 100_000];
        let hash = b.store(&t.db, act(0), whole.clone()).await.unwrap();
        let mut changed = whole.clone();
        changed[99_999] = 8;
        for damaged in [&whole[..99_999], &changed[..], &[]] {
            std::fs::write(file(&t, &hash), damaged).unwrap();
            assert!(matches!(b.get(&hash).await, Err(Error::Fault(_))));
            let (_, pieces) = b.read(&hash).await.unwrap();
            let pieces: Vec<_> = pieces.collect().await;
            assert!(matches!(pieces.last(), Some(Err(Error::Fault(_)))));
            let arrived: usize = pieces.iter().flatten().map(Bytes::len).sum();
            assert!(arrived < damaged.len() || damaged.is_empty());
        }
        // putting it again mends it
        b.store(&t.db, act(1), whole.clone()).await.unwrap();
        assert_eq!(b.get(&hash).await, Ok(whole.into()));
    });
}

#[test]
fn a_sweep_takes_what_nobody_committed_and_nothing_else() {
    both(async |t| {
        let b = t.blobs().await;
        let [kept, dropped, young] =
            ["kept", "dropped", "young"].map(|s| (s, if s == "young" { 200 } else { 0 }));
        let mut hashes = Vec::new();
        for (bytes, seconds) in [kept, dropped, young] {
            hashes.push(b.store(&t.db, act(seconds), bytes).await.unwrap());
        }
        commit(&t, hashes[0]).await.unwrap();
        assert_eq!(b.sweep(&t.db, at(100)).await, Ok(1));
        assert_eq!(b.get(&hashes[1]).await, Err(Error::NotFound));
        assert_eq!(commit(&t, hashes[1]).await, Err(Error::NotFound));
        assert!(b.get(&hashes[0]).await.is_ok() && b.get(&hashes[2]).await.is_ok());
        // released, it may go; put again meanwhile, it may not
        let hash = hashes[0];
        let release = async move |tx: &mut Tx| blobs::release(tx, &hash).await;
        t.db.write::<_, Error, _>(act(50), release).await.unwrap();
        b.store(&t.db, act(150), "kept").await.unwrap();
        assert_eq!(b.sweep(&t.db, at(100)).await, Ok(0));
        assert_eq!(b.sweep(&t.db, at(300)).await, Ok(2));
        assert_eq!(rows(&t).await, 0);
    });
}

#[test]
fn a_sweep_takes_strays_and_dead_uploads() {
    both(async |t| {
        let b = t.blobs().await;
        let stray = Hash::of(b"stray");
        std::fs::create_dir_all(file(&t, &stray).parent().unwrap()).unwrap();
        std::fs::write(file(&t, &stray), "stray").unwrap();
        std::fs::write(t.dir().join("blobs/spool/dead"), "half an upl").unwrap();
        let kept = b.store(&t.db, act(0), "kept").await.unwrap();
        commit(&t, kept).await.unwrap();
        assert_eq!(b.sweep(&t.db, at(-1_000_000_000)).await, Ok(0)); // they are younger
        let tomorrow = crate::testing::now().plus_days(1);
        assert_eq!(b.sweep(&t.db, tomorrow).await, Ok(1));
        assert_eq!((b.get(&stray).await, spooled(&t)), (Err(Error::NotFound), 0));
        assert!(b.get(&kept).await.is_ok());
    });
}

#[test]
fn a_sweep_that_was_cut_off_is_ended_by_the_next() {
    both(async |t| {
        let b = t.blobs().await;
        let hash = b.store(&t.db, act(0), "x").await.unwrap();
        let doom = async |tx: &mut Tx| tx.change_one("update content set doomed = 1", args![]).await;
        t.db.upkeep::<_, Error, _>(doom).await.unwrap();
        assert_eq!(commit(&t, hash).await, Err(Error::NotFound));
        // an upload of the same waits for it
        let upload = tokio::spawn({
            let (b, db) = (b.clone(), t.db.clone());
            async move { b.store(&db, act(500), "x").await }
        });
        assert_eq!(b.sweep(&t.db, at(-1)).await, Ok(1));
        assert_eq!(upload.await.unwrap(), Ok(hash));
        assert_eq!(commit(&t, hash).await, Ok(()));
        assert!(b.get(&hash).await.is_ok());
    });
}

#[test]
fn many_uploads_of_the_same_and_of_others_go_on_at_once() {
    both(async |t| {
        let b = t.blobs().await;
        let task = |i: usize| {
            let (b, db) = (b.clone(), t.db.clone());
            tokio::spawn(async move { b.store(&db, act(0), vec![(i % 8) as u8; 50_000]).await })
        };
        let tasks: Vec<_> = (0..32).map(task).collect();
        for (i, task) in tasks.into_iter().enumerate() {
            assert_eq!(task.await.unwrap(), Ok(Hash::of(&vec![(i % 8) as u8; 50_000])));
        }
        assert_eq!((rows(&t).await, spooled(&t)), (8, 0));
    });
}

#[test]
fn a_bucket_takes_small_and_large_contents() {
    on_sqlite(async |t| {
        let memory = Arc::new(object_store::memory::InMemory::new());
        let spool = t.dir().join("spool");
        let b = Blobs::with_store(memory, "province/", &spool);
        let small = b.store(&t.db, act(0), "small").await.unwrap();
        let large = vec![9u8; 17 << 20];
        let hash = b.store(&t.db, act(0), large.clone()).await.unwrap();
        assert_eq!(b.get(&small).await, Ok(Bytes::from("small")));
        assert_eq!(b.get(&hash).await, Ok(large.into()));
        commit(&t, small).await.unwrap();
        assert_eq!(b.sweep(&t.db, at(100)).await, Ok(1));
        assert_eq!(b.get(&hash).await, Err(Error::NotFound));
        assert!(b.get(&small).await.is_ok());
        // what an upload left that died with its process goes too, and what is younger stays
        std::fs::write(spool.join("dead"), "half an upl").unwrap();
        let left = || std::fs::read_dir(&spool).unwrap().count();
        assert_eq!((b.sweep(&t.db, at(-1_000_000_000)).await, left()), (Ok(0), 1));
        let tomorrow = crate::testing::now().plus_days(1);
        assert_eq!((b.sweep(&t.db, tomorrow).await, left()), (Ok(0), 0));
        assert!(b.get(&small).await.is_ok());
    });
}
