use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};

use base::{Clock, Instant};
use tokio::sync::watch;

use crate::{
    Act, Db, Error, Migration, Tx, args,
    jobs::{self, Handler, Job, Summary},
    testing::{TestDb, both},
};

const DONE: Migration =
    Migration { system: "test", name: "0001", sql: "create table done(n serial_key, what text) strict" };

fn at(seconds: i64) -> Instant {
    Instant::from_micros(1_795_000_000_000_000).plus_seconds(seconds)
}

async fn put(t: &TestDb, payload: &'static str, run_at: Instant) {
    let put = async move |tx: &mut Tx| jobs::put(tx, "test.do", &payload, run_at).await;
    t.db.write::<_, Error, _>(t.act(), put).await.unwrap();
}

/// Does the job and ends it in one write.
async fn do_once(db: Db, job: Job) -> Result<(), String> {
    let what: String = job.read()?;
    let work = async move |tx: &mut Tx| {
        tx.change("insert into done(what) values ($1)", args![what]).await?;
        jobs::done(tx, &job).await
    };
    db.write(Act::system("test.do", "", at(0)), work).await.map_err(|e: Error| e.to_string())
}

async fn done(db: &Db) -> Vec<String> {
    let all = async |tx: &mut Tx| tx.list::<String>("select what from done order by n", args![]).await;
    db.read::<_, Error, _>(all).await.unwrap()
}

async fn left(db: &Db) -> i64 {
    let n = async |tx: &mut Tx| tx.get::<i64>("select count(*) from job", args![]).await;
    db.read::<_, Error, _>(n).await.unwrap()
}

#[test]
fn jobs_are_done_when_their_time_comes() {
    both(async |t| {
        t.migrate(&[DONE]).await;
        put(&t, "later", at(10)).await;
        put(&t, "now", at(0)).await;
        let all = [Handler::new("test.do", do_once)];
        assert_eq!(jobs::run_due(&t.db, &all, at(9)).await, Ok(Summary { done: 1, failed: 0 }));
        assert_eq!(done(&t.db).await, ["now"]);
        assert_eq!(jobs::run_due(&t.db, &all, at(10)).await, Ok(Summary { done: 1, failed: 0 }));
        assert_eq!(done(&t.db).await, ["now", "later"]);
        assert_eq!(left(&t.db).await, 0);
    });
}

#[test]
fn a_job_without_a_handler_waits_for_one() {
    both(async |t| {
        put(&t, "x", at(0)).await;
        let other = [Handler::new("test.other", |_, _| async { Ok(()) })];
        assert_eq!(jobs::run_due(&t.db, &other, at(1)).await, Ok(Summary::default()));
        assert_eq!(jobs::run_due(&t.db, &[], at(1)).await, Ok(Summary::default()));
        assert_eq!(left(&t.db).await, 1);
    });
}

#[test]
fn many_workers_on_two_instances_do_each_job_once() {
    both(async |t| {
        t.migrate(&[DONE]).await;
        for i in 0..30 {
            put(&t, Box::leak(i.to_string().into_boxed_str()), at(0)).await;
        }
        let other = t.again().await;
        let (stop, stopped) = watch::channel(false);
        let worker = |db: &Db| {
            let all = vec![Handler::new("test.do", do_once)];
            tokio::spawn(jobs::run(db.clone(), all, Clock::fixed(at(1)), stopped.clone()))
        };
        let workers = [worker(&t.db), worker(&other), worker(&t.db)];
        while left(&t.db).await > 0 {
            tokio::task::yield_now().await;
        }
        stop.send(true).unwrap();
        for w in workers {
            w.await.unwrap();
        }
        let mut done = done(&t.db).await;
        done.sort_by_key(|n| n.parse::<u32>().unwrap());
        assert_eq!(done, (0..30).map(|n| n.to_string()).collect::<Vec<_>>());
        other.close().await;
    });
}

#[test]
fn a_worker_that_lost_its_lease_has_no_effect() {
    both(async |t| {
        t.migrate(&[DONE]).await;
        put(&t, "x", at(0)).await;
        let slow = Handler::new("test.do", |db: Db, job: Job| async move {
            // the lease ends while this one dawdles, and another worker does the job
            let all = [Handler::new("test.do", do_once)];
            let other = jobs::run_due(&db, &all, at(1000)).await.map_err(|e| e.to_string())?;
            assert_eq!(other, Summary { done: 1, failed: 0 });
            do_once(db, job).await
        });
        assert_eq!(jobs::run_due(&t.db, &[slow], at(0)).await, Ok(Summary { done: 0, failed: 1 }));
        assert_eq!(done(&t.db).await, ["x"]);
        assert_eq!(left(&t.db).await, 0);
    });
}

#[test]
fn failures_wait_longer_each_time_and_park() {
    both(async |t| {
        put(&t, "x", at(0)).await;
        let calls = Arc::new(AtomicU32::new(0));
        let seen = calls.clone();
        let mut broken = Handler::new("test.do", move |_, _| {
            let n = seen.fetch_add(1, SeqCst);
            async move { if n == 1 { panic!("as asked") } else { Err("no".to_owned()) } }
        });
        broken.tries = 3;
        let all = [broken];
        for (seconds, calls_so_far) in [(0, 1), (4, 1), (5, 2), (14, 2), (15, 3), (1_000_000, 3)] {
            jobs::run_due(&t.db, &all, at(seconds)).await.unwrap();
            assert_eq!(calls.load(SeqCst), calls_so_far, "at {seconds} s");
        }
        let parked = t.db.read::<_, Error, _>(async |tx: &mut Tx| jobs::parked(tx).await).await.unwrap();
        assert_eq!((parked.len(), parked[0].attempts, parked[0].error.as_deref()), (1, 3, Some("no")));
        let id = parked[0].id.clone();
        let retry = async move |tx: &mut Tx| jobs::retry(tx, &id).await;
        t.db.write::<_, Error, _>(t.act(), retry).await.unwrap();
        let mended = [Handler::new("test.do", |_, _| async { Ok(()) })];
        assert_eq!(jobs::run_due(&t.db, &mended, at(20)).await, Ok(Summary { done: 1, failed: 0 }));
        assert_eq!(left(&t.db).await, 0);
    });
}

#[test]
fn a_recurring_job_comes_at_its_times_and_makes_up_for_none() {
    both(async |t| {
        let calls = Arc::new(AtomicU32::new(0));
        let seen = calls.clone();
        let tick = Handler::new("test.tick", move |_, _| {
            let n = seen.fetch_add(1, SeqCst);
            async move { if n == 2 { Err("once".to_owned()) } else { Ok(()) } }
        });
        let all = [tick.every(Duration::from_secs(100))];
        let start = Instant::from_micros(1_795_000_050_000_000); // half-way between two times
        for (seconds, calls_so_far) in [(0, 0), (49, 0), (50, 1), (149, 1), (150, 2), (1049, 3), (1050, 4)] {
            jobs::run_due(&t.db, &all, start.plus_seconds(seconds)).await.unwrap();
            assert_eq!(calls.load(SeqCst), calls_so_far, "after {seconds} s");
        }
        assert_eq!(left(&t.db).await, 1);
    });
}

#[test]
fn a_named_job_is_put_once() {
    both(async |t| {
        for expected in [true, false] {
            let put = async |tx: &mut Tx| jobs::put_once(tx, "d1 remind", "test.do", &(), at(0)).await;
            assert_eq!(t.db.write::<_, Error, _>(t.act(), put).await, Ok(expected));
        }
    });
}

#[test]
fn what_comes_again_comes_again_after_a_clock_that_was_ahead() {
    both(async |t| {
        const AHEAD: i64 = 60 * 24 * 3600;
        let calls = Arc::new(AtomicU32::new(0));
        let seen = calls.clone();
        let all = [Handler::new("test.again", move |_, _| {
            seen.fetch_add(1, SeqCst);
            async { Ok(()) }
        })
        .every(Duration::from_secs(3600))];
        jobs::run_due(&t.db, &all, at(0)).await.unwrap();
        jobs::run_due(&t.db, &all, at(AHEAD)).await.unwrap();
        assert_eq!(calls.load(SeqCst), 1);
        // Once more two months ahead, where the worker dies with it in its hands.
        let held = async |tx: &mut Tx| {
            let until = at(AHEAD + 60);
            tx.change_one("update job set lease = 'dead', lease_until = $1", args![until]).await
        };
        t.db.upkeep::<_, Error, _>(held).await.unwrap();
        // The clock is right again, and an hour later its time has come.
        jobs::run_due(&t.db, &all, at(10)).await.unwrap();
        jobs::run_due(&t.db, &all, at(3610)).await.unwrap();
        assert_eq!(calls.load(SeqCst), 2);
    });
}
