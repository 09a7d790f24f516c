use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use base::Instant;

use crate::{
    Blobs, Config, Db, Error, Migration, Tx, args, audit,
    backup::{self, Checked, Failed, Progress, Taken},
    blobs::{self, Hash},
    testing::{Schema, TestDb, both, on_sqlite},
};

const FIRST: Migration = Migration {
    system: "backup",
    name: "0001_first",
    sql: "
        create table person(id text primary key, boss text references person(id), pay double,
            photo blob, note text) strict;
        create table account(person text not null references person(id), no bigint not null,
            sum bigint not null, primary key (no, person)) strict;
        create table tally(seq serial_key, what text not null unique) strict;
        create table seeded(id text primary key, n bigint not null) strict;
        insert into seeded(id, n) values ('one', 0)",
};
const SECOND: Migration = Migration {
    system: "backup",
    name: "0002_second",
    sql: "alter table seeded add column word text not null default 'before'",
};

fn now() -> Instant {
    Instant::from_micros(1_795_000_000_000_000)
}

fn quiet() -> Progress {
    Arc::new(|_, _, _| {})
}

/// Texts, bytes and numbers at their edges; rows that name rows which come later.
async fn fill(t: &TestDb, blobs: &Blobs) -> Hash {
    t.migrate(&[FIRST]).await;
    let hash = blobs.store(&t.db, t.act(), "a file").await.unwrap();
    let waiting = blobs.store(&t.db, t.act(), "an upload").await.unwrap();
    assert_ne!(hash, waiting);
    let rows = async move |tx: &mut Tx| -> crate::Result<()> {
        blobs::commit(tx, &hash).await?;
        let person = "insert into person(id, boss, pay, photo, note) values ($1, $2, $3, $4, $5)";
        let odd = "\u{1}\"\\/ \n\r\t“Đặng Thị Ngọc” \u{1f409} e\u{301} \u{2028}";
        tx.change(person, args!["z", None::<String>, 0.1 + 0.2, vec![0_u8, 255, 10], odd]).await?;
        tx.change(person, args!["a", "z", f64::MIN_POSITIVE, Vec::<u8>::new(), ""]).await?;
        tx.change(person, args!["m", "m", -1e300, None::<Vec<u8>>, None::<String>]).await?;
        for n in 0..600_i64 {
            let sum = if n % 2 == 0 { i64::MAX - n } else { i64::MIN + n };
            let account = "insert into account(person, no, sum) values ($1, $2, $3)";
            tx.change(account, args![["a", "m", "z"][n as usize % 3], n / 3, sum]).await?;
        }
        for n in 0..5 {
            tx.change("insert into tally(what) values ($1)", args![format!("t{n}")]).await?;
        }
        tx.change("delete from tally where seq > 3", args![]).await?;
        tx.change("update seeded set n = 7", args![]).await?;
        Ok(())
    };
    t.db.write(t.act(), rows).await.unwrap();
    audit::chain_once(&t.db).await.unwrap();
    hash
}

async fn taken(t: &TestDb, blobs: &Blobs) -> Taken {
    backup::take(&t.db, blobs, &target(t), "0.0.0", now(), quiet()).await.unwrap()
}

fn target(t: &TestDb) -> PathBuf {
    t.dir().join("backups")
}

fn checked(from: &Path) -> Result<Checked, Failed> {
    backup::check(from, &quiet())
}

/// Another database of either engine, with contents of its own.
struct Place {
    db: Db,
    blobs: Blobs,
    schema: Option<Schema>,
}

impl Place {
    async fn sqlite(t: &TestDb) -> Place {
        let url = format!("sqlite:{}", t.dir().join("other.db").display());
        Place::at(t, url, None).await
    }

    async fn postgres(t: &TestDb) -> Place {
        let schema = Schema::create().await;
        Place::at(t, schema.url.clone(), Some(schema)).await
    }

    async fn at(t: &TestDb, url: String, schema: Option<Schema>) -> Place {
        let db = Db::open(&Config { connections: 4, ..Config::new(url) }).await.unwrap();
        let name = format!("blobs-{}", if schema.is_some() { "postgres" } else { "sqlite" });
        let blobs = Blobs::open(&blobs::Config::folder(&t.dir().join(name))).await.unwrap();
        Place { db, blobs, schema }
    }

    async fn restores(&self, from: &Path, migrations: &[Migration]) -> Result<backup::Restored, Failed> {
        let found = checked(from)?;
        backup::restore(&self.db, &self.blobs, &found, migrations, now(), quiet()).await
    }

    async fn leave(self) {
        self.db.close().await;
        if let Some(schema) = self.schema {
            schema.remove().await;
        }
    }
}

fn sums(taken: &Taken) -> Vec<(String, u64, String, Option<i64>)> {
    let tables = taken.manifest.tables.iter().filter(|table| table.name != "audit_entry");
    tables.map(|t| (t.name.clone(), t.rows, t.sha256.clone(), t.last_number)).collect()
}

#[test]
fn a_backup_goes_from_either_engine_to_either() {
    both(async |t| {
        let blobs = t.blobs().await;
        let hash = fill(&t, &blobs).await;
        let first = taken(&t, &blobs).await;
        assert_eq!((first.copied.count, first.manifest.contents.count), (2, 2));
        assert_eq!(first.manifest.audit.unchained_tail, 1, "the backup itself is in the book");
        for place in [Place::sqlite(&t).await, Place::postgres(&t).await] {
            let restored = place.restores(&target(&t), &[FIRST]).await.unwrap();
            assert_eq!((restored.rows, restored.contents.count), (first.manifest.rows(), 2));
            assert_eq!(place.blobs.get(&hash).await.unwrap(), "a file");
            let again = t.dir().join(format!("again-{:?}", place.db.kind()));
            let second =
                backup::take(&place.db, &place.blobs, &again, "0.0.0", now(), quiet()).await.unwrap();
            assert_eq!(sums(&first), sums(&second), "every row to the byte, from {:?}", t.kind());
            let next = async |tx: &mut Tx| {
                tx.get::<i64>("insert into tally(what) values ('next') returning seq", args![]).await
            };
            let next: Result<i64, Error> = place.db.write(t.act(), next).await;
            assert_eq!(next, Ok(6), "numbers go on where they were, though the last rows are gone");
            let orphan = async |tx: &mut Tx| {
                tx.change("insert into account(person, no, sum) values ('nobody', 1, 1)", args![]).await
            };
            let orphan: Result<u64, Error> = place.db.write(t.act(), orphan).await;
            assert!(matches!(orphan, Err(Error::Fault(_))), "foreign keys hold again: {orphan:?}");
            place.leave().await;
        }
    });
}

#[test]
fn a_later_program_restores_an_earlier_backup_and_migrates_it() {
    both(async |t| {
        let blobs = t.blobs().await;
        fill(&t, &blobs).await;
        taken(&t, &blobs).await;
        for place in [Place::sqlite(&t).await, Place::postgres(&t).await] {
            place.restores(&target(&t), &[FIRST, SECOND]).await.unwrap();
            assert_eq!(place.db.migrate(&[FIRST, SECOND]).await, Ok(1));
            let word =
                async |tx: &mut Tx| tx.get::<(i64, String)>("select n, word from seeded", args![]).await;
            assert_eq!(place.db.read::<_, Error, _>(word).await, Ok((7, "before".into())));
            place.leave().await;
        }
    });
}

#[test]
fn what_does_not_fit_is_refused_and_leaves_nothing() {
    both(async |t| {
        let blobs = t.blobs().await;
        fill(&t, &blobs).await;
        taken(&t, &blobs).await;
        let full = Place { db: t.db.clone(), blobs: blobs.clone(), schema: None };
        let refused = full.restores(&target(&t), &[FIRST]).await;
        assert!(matches!(refused, Err(Failed::NotEmpty { tables: 13.. })), "{refused:?}");
        let place = Place::sqlite(&t).await;
        let (system, name) = ("backup".to_string(), "0001_first".to_string());
        let newer = Failed::Newer { system: system.clone(), name: name.clone() };
        assert_eq!(place.restores(&target(&t), &[]).await, Err(newer));
        let other = Migration { sql: "create table person(id text primary key) strict", ..FIRST };
        assert_eq!(place.restores(&target(&t), &[other]).await, Err(Failed::Changed { system, name }));
        let empty = t.dir().join("empty");
        std::fs::create_dir(&empty).unwrap();
        assert_eq!(place.restores(&empty, &[FIRST]).await, Err(Failed::NoBackup(empty)));
        place.restores(&target(&t), &[FIRST]).await.expect("none of the refusals left a table");
        place.leave().await;
    });
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut all = Vec::new();
    for path in entries {
        if path.is_dir() { all.extend(files(&path)) } else { all.push(path) }
    }
    all.sort();
    all
}

#[test]
fn a_flipped_byte_or_a_cut_in_any_file_is_found() {
    on_sqlite(async |t| {
        let blobs = t.blobs().await;
        fill(&t, &blobs).await;
        taken(&t, &blobs).await;
        checked(&target(&t)).unwrap();
        let mut looked = 0;
        for path in files(&target(&t)).into_iter().filter(|path| !path.ends_with("lock")) {
            let whole = std::fs::read(&path).unwrap();
            for at in [0, whole.len() / 2, whole.len().saturating_sub(1)] {
                if whole.is_empty() {
                    continue;
                }
                let mut flipped = whole.clone();
                flipped[at] ^= 1;
                std::fs::write(&path, &flipped).unwrap();
                let found = checked(&target(&t)).map(drop).unwrap_err();
                let said = found.to_string();
                assert!(matches!(found, Failed::Damaged { .. } | Failed::File { .. }), "{said}");
                std::fs::write(&path, &whole[..at]).unwrap();
                assert!(checked(&target(&t)).is_err(), "{} cut at {at}", path.display());
                looked += 1;
            }
            let longer = [&whole[..], b"[]\n"].concat();
            std::fs::write(&path, longer).unwrap();
            assert!(checked(&target(&t)).is_err(), "{} with something after it", path.display());
            std::fs::remove_file(&path).unwrap();
            assert!(checked(&target(&t)).is_err(), "{} away", path.display());
            std::fs::write(&path, &whole).unwrap();
        }
        assert!(looked >= 30, "only {looked} places were looked at");
        checked(&target(&t)).unwrap();
    });
}

#[test]
fn a_backup_that_was_cut_off_is_not_taken_for_whole_and_is_cleared_away() {
    on_sqlite(async |t| {
        let blobs = t.blobs().await;
        fill(&t, &blobs).await;
        let first = taken(&t, &blobs).await;
        let partial = PathBuf::from(format!("{}.partial", first.folder.display()));
        std::fs::rename(&first.folder, &partial).unwrap();
        assert_eq!(checked(&target(&t)).map(drop), Err(Failed::NoBackup(target(&t))));
        let second = taken(&t, &blobs).await;
        assert_eq!(second.copied.count, 0, "contents that arrived are not copied again");
        assert!(!partial.exists());
        assert_eq!(checked(&target(&t)).unwrap().folder(), second.folder);
        let third = taken(&t, &blobs).await;
        assert_eq!(checked(&target(&t)).unwrap().folder(), third.folder, "the newest");
        assert_eq!(checked(&second.folder).unwrap().folder(), second.folder, "the one that is named");
    });
}

#[test]
fn one_backup_at_a_time_goes_into_a_target() {
    on_sqlite(async |t| {
        let blobs = t.blobs().await;
        fill(&t, &blobs).await;
        std::fs::create_dir(target(&t)).unwrap();
        let held = std::fs::File::create(target(&t).join("lock")).unwrap();
        held.lock().unwrap();
        let busy = backup::take(&t.db, &blobs, &target(&t), "0.0.0", now(), quiet()).await;
        assert_eq!(busy.map(drop), Err(Failed::Busy(target(&t))));
        drop(held);
        taken(&t, &blobs).await;
    });
}

#[test]
fn what_was_lost_before_is_told_and_does_not_hinder() {
    both(async |t| {
        let blobs = t.blobs().await;
        let hash = fill(&t, &blobs).await;
        let name = hash.to_string();
        std::fs::write(t.dir().join("blobs").join(&name[..2]).join(&name), "another").unwrap();
        let backup = taken(&t, &blobs).await;
        assert_eq!(backup.manifest.lost, [name]);
        assert_eq!(backup.manifest.contents.count, 1);
        let place = Place::sqlite(&t).await;
        place.restores(&target(&t), &[FIRST]).await.unwrap();
        assert_eq!(place.blobs.get(&hash).await, Err(Error::NotFound));
        place.leave().await;
    });
}

/// Writers keep two tables in step; whatever instant the backup saw, they are in step in it.
#[test]
fn a_backup_under_load_is_of_one_instant() {
    both(async |t| {
        let blobs = t.blobs().await;
        fill(&t, &blobs).await;
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let writers: Vec<_> = (0..4)
            .map(|w| {
                let (db, act, stopped) = (t.db.clone(), t.act(), stopped.clone());
                let blobs = blobs.clone();
                tokio::spawn(async move {
                    let mut n = 0;
                    while !*stopped.borrow() {
                        n += 1;
                        let hash = blobs.store(&db, act.clone(), format!("{w} {n}")).await.unwrap();
                        let step = async move |tx: &mut Tx| -> crate::Result<()> {
                            blobs::commit(tx, &hash).await?;
                            tx.change("insert into tally(what) values ($1)", args![hash]).await?;
                            tx.change("update seeded set n = n + 1 where id = 'one'", args![]).await?;
                            Ok(())
                        };
                        db.write(act.clone(), step).await.unwrap();
                    }
                    n
                })
            })
            .collect();
        let mut backups = Vec::new();
        for _ in 0..3 {
            backups.push(taken(&t, &blobs).await);
        }
        stop.send(true).unwrap();
        let mut written = 0;
        for writer in writers {
            written += writer.await.unwrap();
        }
        assert!(written > 0);
        let place = Place::sqlite(&t).await;
        let last = backups.last().unwrap();
        assert!(last.manifest.lost.is_empty(), "{:?}", last.manifest.lost);
        place.restores(&last.folder, &[FIRST]).await.unwrap();
        let look = async |tx: &mut Tx| -> crate::Result<(i64, Vec<Hash>)> {
            let n = tx.get("select n from seeded", args![]).await?;
            Ok((n, tx.list("select what from tally where seq > 5", args![]).await?))
        };
        let (n, rows) = place.db.read(look).await.unwrap();
        assert_eq!(n - 7, rows.len() as i64, "the two tables are in step");
        for hash in rows {
            place.blobs.get(&hash).await.expect("every content that a row names is there");
        }
        place.leave().await;
    });
}
