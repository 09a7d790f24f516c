use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::Poll,
};

use tokio::sync::{Notify, oneshot, watch};

use crate::{
    Act, Actor, Config, Db, Error, Kind, Migration, Tx, args, record,
    testing::{TestDb, both, on_postgres, on_sqlite},
};

const TABLES: Migration = Migration {
    system: "test",
    name: "0001",
    sql: "create table book(name text primary key, n bigint not null) strict;
          create table item(id bigint primary key, a text not null, b text not null, version bigint not null,
              unique (a, b)) strict;
          create table part(item bigint not null references item(id), no bigint not null,
              primary key (item, no)) strict;",
};

const ITEM: &str = "insert into item(id, a, b, version) values ($1, $2, $3, 1)";

async fn take_number(tx: &mut Tx, book: &str) -> crate::Result<i64> {
    let sql = "insert into book(name, n) values ($1, 1)
               on conflict (name) do update set n = book.n + 1 returning n";
    tx.get(sql, args![book]).await
}

async fn count(t: &TestDb, sql: &'static str) -> i64 {
    t.db.read(async move |tx: &mut Tx| tx.get::<i64>(sql, args![]).await)
        .await
        .unwrap_or_else(|e: Error| panic!("{e}"))
}

/// A refusal of some system's rules, as the systems have them.
#[derive(Debug, PartialEq)]
enum Refused {
    TooLate,
    Store(Error),
}

impl From<Error> for Refused {
    fn from(e: Error) -> Self {
        Refused::Store(e)
    }
}

#[test]
fn a_refusal_rolls_back_and_comes_out_as_it_is() {
    both(async |t| {
        t.migrate(&[TABLES]).await;
        let file = async |tx: &mut Tx| -> Result<i64, Refused> {
            take_number(tx, "in").await?;
            Err(Refused::TooLate)
        };
        assert_eq!(t.db.write(t.act(), file).await, Err(Refused::TooLate));
        assert_eq!(count(&t, "select count(*) from book").await, 0);
        assert_eq!(count(&t, "select count(*) from audit_entry").await, 0);
    });
}

#[test]
fn a_panic_rolls_back_and_the_database_goes_on() {
    both(async |t| {
        t.migrate(&[TABLES]).await;
        let boom = async |tx: &mut Tx| -> crate::Result<i64> {
            take_number(tx, "in").await?;
            panic!("boom")
        };
        assert_eq!(t.db.write(t.act(), boom).await, Err(Error::Fault("panic: boom".into())));
        let read = async |_: &mut Tx| -> crate::Result<()> { panic!("in a read") };
        assert_eq!(t.db.read(read).await, Err(Error::Fault("panic: in a read".into())));
        let n: crate::Result<i64> =
            t.db.write(t.act(), async |tx: &mut Tx| take_number(tx, "in").await).await;
        assert_eq!(n, Ok(1));
    });
}

#[test]
fn a_start_tells_the_planner_what_is_in_the_tables() {
    both(async |t| {
        t.migrate(&[TABLES]).await;
        let put = async |tx: &mut Tx| tx.change_one(ITEM, args![1, "x", "y"]).await;
        t.db.write::<_, Error, _>(t.act(), put).await.unwrap();
        let again = t.again().await;
        if again.kind() == crate::Kind::Sqlite {
            let known = async |tx: &mut Tx| {
                tx.find::<i64>("select 1 from sqlite_stat1 where tbl = 'item' limit 1", args![]).await
            };
            assert_eq!(again.read::<_, Error, _>(known).await, Ok(Some(1)));
        }
        again.close().await;
    });
}

#[test]
fn taken_names_the_columns_alike_on_both() {
    both(async |t| {
        t.migrate(&[TABLES]).await;
        for (id, a, b, columns) in
            [(1, "x", "y", "item.a,b"), (2, "x", "y", "item.a,b"), (1, "p", "q", "item.id")]
        {
            let put = async move |tx: &mut Tx| tx.change_one(ITEM, args![id, a, b]).await;
            let put: crate::Result<()> = t.db.write(t.act(), put).await;
            if count(&t, "select count(*) from audit_entry").await > 1 || put.is_err() {
                assert_eq!(put, Err(Error::Taken(columns.into())));
            }
        }
        assert_eq!(count(&t, "select count(*) from item").await, 1);
    });
}

#[test]
fn a_stale_version_changes_nothing() {
    both(async |t| {
        t.migrate(&[TABLES]).await;
        let put = async |tx: &mut Tx| tx.change_one(ITEM, args![1, "x", "y"]).await;
        t.db.write::<_, Error, _>(t.act(), put).await.unwrap();
        let save = "update item set a = $1, version = version + 1 where id = 1 and version = 1";
        for expected in [Ok(()), Err(Error::Stale)] {
            let save = async move |tx: &mut Tx| tx.change_one(save, args!["z"]).await;
            assert_eq!(t.db.write(t.act(), save).await, expected);
        }
        let none = async |tx: &mut Tx| tx.get::<i64>("select id from item where a = 'none'", args![]).await;
        assert_eq!(t.db.read(none).await, Err(Error::NotFound));
    });
}

#[test]
fn after_a_failed_statement_nothing_goes_on_and_ok_is_a_fault() {
    both(async |t| {
        t.migrate(&[TABLES]).await;
        let swallow = async |tx: &mut Tx| {
            tx.change_one(ITEM, args![1, "x", "y"]).await?;
            let _ = tx.change_one(ITEM, args![1, "x", "y"]).await; // taken, and not told
            let after = tx.get::<i64>("select count(*) from item", args![]).await;
            assert!(matches!(after, Err(Error::Fault(_))));
            Ok::<_, Error>(())
        };
        assert!(matches!(t.db.write(t.act(), swallow).await, Err(Error::Fault(_))));
        assert_eq!(count(&t, "select count(*) from item").await, 0);
    });
}

#[test]
fn foreign_keys_hold_and_a_read_cannot_write() {
    both(async |t| {
        t.migrate(&[TABLES]).await;
        let orphan = async |tx: &mut Tx| tx.change("insert into part(item, no) values (7, 1)", args![]).await;
        let orphan: crate::Result<u64> = t.db.write(t.act(), orphan).await;
        assert!(matches!(orphan, Err(Error::Fault(_))), "{orphan:?}");
        let sneak = async |tx: &mut Tx| tx.change(ITEM, args![1, "x", "y"]).await;
        assert!(t.db.read::<_, Error, _>(sneak).await.is_err());
        assert_eq!(count(&t, "select count(*) from item").await, 0);
    });
}

#[test]
fn a_write_inside_a_write_is_refused_instead_of_waiting_for_itself() {
    both(async |t| {
        let db = t.db.clone();
        let nested = async move |_: &mut Tx| -> crate::Result<()> {
            db.upkeep(async |_: &mut Tx| Ok::<_, Error>(())).await
        };
        let inside = Err(Error::Fault("a transaction inside a transaction".into()));
        assert_eq!(t.db.upkeep(nested.clone()).await, inside);
        assert_eq!(t.db.read(nested).await, inside);
    });
}

#[test]
fn a_hot_number_has_no_gaps_among_sixteen_tasks() {
    both(async |t| {
        t.migrate(&[TABLES]).await;
        let tasks: Vec<_> = (0..16).map(|task| tokio::spawn(numbers(t.db.clone(), t.act(), task))).collect();
        let mut all = Vec::new();
        for task in tasks {
            all.extend(task.await.unwrap());
        }
        all.sort_unstable();
        let refused = 16 * 4; // every fifth of each task's 20
        assert_eq!(all, (1..=16 * 20 - refused).collect::<Vec<i64>>());
        assert_eq!(count(&t, "select n from book").await, 16 * 20 - refused);
    });
}

/// Twenty tries to take a number by reading it and writing the next; every fifth changes its mind.
async fn numbers(db: Db, act: Act, task: i64) -> Vec<i64> {
    let mut mine = Vec::new();
    for k in 0..20 {
        let take = async move |tx: &mut Tx| -> Result<i64, Refused> {
            let last: Option<i64> = tx.find("select n from book where name = 'in'", args![]).await?;
            let n = last.unwrap_or(0) + 1;
            let put = "insert into book(name, n) values ('in', $1) on conflict (name) do update set n = $1";
            tx.change_one(put, args![n]).await?;
            if (k + task) % 5 == 0 { Err(Refused::TooLate) } else { Ok(n) }
        };
        match db.write(act.clone(), take).await {
            Ok(n) => mine.push(n),
            Err(e) => assert_eq!(e, Refused::TooLate),
        }
    }
    mine
}

#[test]
fn refusals_and_panics_take_nobody_else_with_them() {
    both(async |t| {
        t.migrate(&[TABLES]).await;
        let all: Vec<_> = (0..200i64).map(|i| tokio::spawn(mixed(t.db.clone(), t.act(), i))).collect();
        for task in all {
            task.await.unwrap();
        }
        let kept = async |tx: &mut Tx| tx.list::<i64>("select id from item order by id", args![]).await;
        let kept: Vec<i64> = t.db.read::<_, Error, _>(kept).await.unwrap();
        assert_eq!(
            kept,
            std::iter::once(-1).chain((0..200).step_by(4)).filter(|i| *i >= 0).collect::<Vec<_>>()
        );
        assert_eq!(count(&t, "select count(*) from audit_entry").await, 50);
    });
}

async fn mixed(db: Db, act: Act, i: i64) {
    let work = async move |tx: &mut Tx| -> Result<(), Refused> {
        tx.change_one(ITEM, args![i, i.to_string(), "b"]).await?;
        match i % 4 {
            0 => Ok(()),
            1 => Err(Refused::TooLate),
            2 => panic!("as asked"),
            _ => tx.change_one(ITEM, args![i, "again", "b"]).await.map_err(Refused::Store),
        }
    };
    let done = db.write(act, work).await;
    let expected = match i % 4 {
        0 => Ok(()),
        1 => Err(Refused::TooLate),
        2 => Err(Refused::Store(Error::Fault("panic: as asked".into()))),
        _ => Err(Refused::Store(Error::Taken("item.id".into()))),
    };
    assert_eq!(done, expected);
}

#[test]
fn a_dropped_future_leaves_nothing_half_done() {
    both(async |t| {
        t.migrate(&[TABLES]).await;
        let polls = Arc::new(AtomicUsize::new(0));
        for i in 0..60i64 {
            let (begun, (may_end, end)) = (Arc::new(Notify::new()), watch::channel(false));
            let (b, p) = (begun.clone(), polls.clone());
            let two_rows = async move |tx: &mut Tx| -> crate::Result<()> {
                tx.change_one(ITEM, args![i, i.to_string(), "b"]).await?;
                b.notify_one();
                let _ = end.clone().wait_for(|end| *end).await; // also when run again
                tx.change_one("insert into part(item, no) values ($1, 1)", args![i]).await?;
                p.fetch_add(1, SeqCst);
                Ok(())
            };
            let task = tokio::spawn(t.db.write(t.act(), two_rows));
            begun.notified().await;
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled());
            may_end.send(true).unwrap();
        }
        // a write of our own comes after those on SQLite; PostgreSQL needs them waited for
        while polls.load(SeqCst) < 60 {
            tokio::task::yield_now().await;
        }
        t.db.upkeep::<_, Error, _>(async |tx: &mut Tx| take_number(tx, "end").await).await.unwrap();
        let orphans =
            "select count(*) from item i where not exists (select 1 from part p where p.item = i.id)";
        assert_eq!(count(&t, orphans).await, 0);
        // once begun, a write ends, whether or not anybody waits
        t.db.close().await;
        let db = t.again().await;
        let n: i64 = db
            .read::<_, Error, _>(async |tx: &mut Tx| tx.get("select count(*) from part", args![]).await)
            .await
            .unwrap();
        assert_eq!(n, 60);
        db.close().await;
    });
}

#[test]
fn a_future_that_was_never_polled_does_nothing() {
    both(async |t| {
        t.migrate(&[TABLES]).await;
        drop(t.db.write::<_, Error, _>(t.act(), async |tx: &mut Tx| take_number(tx, "in").await));
        t.db.close().await;
        let db = t.again().await;
        let n = async |tx: &mut Tx| tx.get::<i64>("select count(*) from book", args![]).await;
        assert_eq!(db.read::<_, Error, _>(n).await, Ok(0));
        db.close().await;
    });
}

#[test]
fn a_full_queue_says_so_at_once() {
    both(async |t| {
        let config = Config { queue_max: 3, connections: 1, combine: 1, ..t.config.clone() };
        let db = Db::open(&config).await.unwrap();
        let (begun, held) = oneshot::channel::<()>();
        let begun = std::sync::Mutex::new(Some(begun));
        let gate = Arc::new(Notify::new());
        let inner = gate.clone();
        let hold = async move |_: &mut Tx| -> crate::Result<()> {
            let begun = begun.lock().unwrap().take().unwrap();
            begun.send(()).unwrap();
            inner.notified().await;
            Ok(())
        };
        let first = tokio::spawn(db.upkeep(hold));
        held.await.unwrap();
        let mut waiting = Vec::new();
        let mut refused = 0;
        for _ in 0..10 {
            let mut quick = Box::pin(db.upkeep(async |_: &mut Tx| Ok::<_, Error>(())));
            match futures_util::poll!(quick.as_mut()) {
                Poll::Pending => waiting.push(quick),
                Poll::Ready(done) => {
                    assert_eq!(done, Err(Error::Unavailable("too many waiting transactions".into())));
                    refused += 1;
                }
            }
        }
        gate.notify_one();
        for quick in waiting {
            assert_eq!(quick.await, Ok(()));
        }
        first.await.unwrap().unwrap();
        // SQLite counts those that wait, PostgreSQL those that run as well
        assert_eq!(refused, if t.kind() == Kind::Sqlite { 7 } else { 8 });
        db.close().await;
    });
}

#[test]
fn after_close_everything_is_unavailable() {
    both(async |t| {
        let db = t.again().await;
        db.close().await;
        let closed =
            |done: crate::Result<()>| assert!(matches!(done, Err(Error::Unavailable(_))), "{done:?}");
        closed(db.upkeep(async |_: &mut Tx| Ok(())).await);
        closed(db.ping().await);
    });
}

#[test]
fn what_cannot_be_opened_is_told_clearly() {
    on_sqlite(async |t| {
        let path = t.dir().join("nowhere/x.db");
        let Err(Error::Unavailable(text)) =
            Db::open(&Config::new(format!("sqlite:{}", path.display()))).await
        else {
            panic!("opened")
        };
        assert!(text.contains("there is no folder"), "{text}");
        let Err(Error::Unavailable(text)) = Db::open(&Config::new("postgres://x@127.0.0.1:1/none")).await
        else {
            panic!("opened")
        };
        assert!(text.contains("error connecting"), "{text}");
        assert!(matches!(Db::open(&Config::new("mysql://x")).await, Err(Error::Unavailable(_))));
        std::fs::write(t.dir().join("text.db"), "this is not a database, whatever its name".repeat(100))
            .unwrap();
        let config = Config::new(format!("sqlite:{}", t.dir().join("text.db").display()));
        assert!(matches!(Db::open(&config).await, Err(Error::Unavailable(_))));
    });
}

#[test]
fn reads_see_one_snapshot() {
    both(async |t| {
        t.migrate(&[TABLES]).await;
        let (seen, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (s, g) = (seen.clone(), go.clone());
        let read = tokio::spawn(t.db.read(async move |tx: &mut Tx| -> crate::Result<(i64, i64)> {
            let before = tx.get("select count(*) from book", args![]).await?;
            s.notify_one();
            g.notified().await;
            Ok((before, tx.get("select count(*) from book", args![]).await?))
        }));
        seen.notified().await;
        t.db.upkeep::<_, Error, _>(async |tx: &mut Tx| take_number(tx, "in").await).await.unwrap();
        go.notify_one();
        assert_eq!(read.await.unwrap(), Ok((0, 0)));
    });
}

record! {
    struct Entry {
        at: i64, actor_kind: String, actor: Option<String>, office: Option<String>, verb: String,
        subject: String, no: Option<i64>,
    }
}

#[test]
fn every_write_leaves_its_entries_and_upkeep_none() {
    both(async |t| {
        t.migrate(&[TABLES]).await;
        let at = base::Instant::from_micros(1_795_000_000_000_000);
        let act = Act::new(Actor::Account("a1".into()), "test.receive", "d1", at).in_office("u1@2018-01-01");
        let verb = async |tx: &mut Tx| {
            let verb = tx.act().verb;
            tx.audit("test.number", "b1").await?;
            Ok::<_, Error>(verb)
        };
        assert_eq!(t.db.write(act, verb).await, Ok("test.receive"));
        let nothing = async |_: &mut Tx| Ok::<_, Error>(());
        t.db.write(Act::new(Actor::Anonymous, "test.nothing", "", at), nothing).await.unwrap();
        t.db.upkeep(async |tx: &mut Tx| take_number(tx, "in").await)
            .await
            .unwrap_or_else(|e: Error| panic!("{e}"));
        let all =
            async |tx: &mut Tx| tx.list::<Entry>("select * from audit_entry order by id", args![]).await;
        let all: Vec<Entry> = t.db.read::<_, Error, _>(all).await.unwrap();
        let told: Vec<_> =
            all.iter().map(|e| (e.verb.as_str(), e.subject.as_str(), e.actor_kind.as_str())).collect();
        let expected = [
            ("test.receive", "d1", "account"),
            ("test.number", "b1", "account"),
            ("test.nothing", "", "anonymous"),
        ];
        assert_eq!(told, expected);
        assert_eq!(all[0].actor.as_deref(), Some("a1"));
        assert_eq!(all[1].office.as_deref(), Some("u1@2018-01-01"));
        assert!(all.iter().all(|e| e.at == at.micros() && e.no.is_none()));
        assert!(all[2].actor.is_none() && all[2].office.is_none());
    });
}

#[test]
fn a_statement_can_be_prepared_without_running() {
    both(async |t| {
        t.migrate(&[TABLES]).await;
        assert_eq!(t.db.prepare(ITEM).await, Ok(3));
        assert!(matches!(t.db.prepare("select nothing from item").await, Err(Error::Fault(_))));
        assert_eq!(count(&t, "select count(*) from item").await, 0);
    });
}

#[test]
fn a_lost_connection_is_unavailable_once_and_then_forgotten() {
    on_postgres(async |t| {
        t.migrate(&[TABLES]).await;
        let numbers =
            (0..4).map(|_| t.db.upkeep::<_, Error, _>(async |tx: &mut Tx| take_number(tx, "in").await));
        futures_util::future::join_all(numbers).await;
        let others = "select pg_terminate_backend(pid) from pg_stat_activity
            where application_name = current_setting('application_name') and pid <> pg_backend_pid()";
        let cut = async move |tx: &mut Tx| {
            take_number(tx, "in").await?;
            tx.list::<bool>(others, args![]).await?;
            tx.list::<bool>("select pg_terminate_backend(pg_backend_pid())", args![]).await.map(drop)
        };
        let cut: crate::Result<()> = t.db.upkeep(cut).await;
        assert!(matches!(cut, Err(Error::Unavailable(_))), "{cut:?}");
        let after: crate::Result<i64> =
            t.db.write(t.act(), async |tx: &mut Tx| take_number(tx, "in").await).await;
        assert_eq!(after, Ok(5));
    });
}

#[test]
fn closures_know_what_their_task_carries() {
    use crate::carry::{carried, carrying, carrying_now};
    both(async |t| {
        assert_eq!(carried(), 0);
        let told = async |_: &mut Tx| -> crate::Result<u8> { Ok(carried()) };
        let db = t.db.clone();
        let both = carrying(7, async move {
            let read = db.read::<u8, Error, _>(told).await;
            let write = db.upkeep::<u8, Error, _>(told).await;
            // A task of its own carries nothing: nobody waits for what it says.
            let alone = tokio::spawn(async { carried() }).await.unwrap();
            (read, write, alone)
        });
        assert_eq!(both.await, (Ok(7), Ok(7), 0));
        assert_eq!(t.db.read::<u8, Error, _>(told).await, Ok(0), "the next task's closure starts anew");
        assert_eq!(carrying_now(3, carried), 3);
    });
}
