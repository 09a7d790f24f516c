use std::sync::{Arc, Mutex};

use base::{Clock, Instant};
use tokio::sync::watch;

use crate::{
    Act, Db, Error, Migration, Tx, args,
    deliver::{self, Listener, Summary},
    outbox::{self, Event},
    testing::{TestDb, both},
};

const HEARD: Migration =
    Migration { system: "test", name: "0001", sql: "create table heard(n serial_key, what text) strict" };

fn at(seconds: i64) -> Instant {
    Instant::from_micros(1_795_000_000_000_000).plus_seconds(seconds)
}

async fn tell(t: &TestDb, topic: &'static str, aggregate: &'static str, n: i64) {
    let act = Act { at: at(n), ..t.act() };
    let put = async move |tx: &mut Tx| outbox::put(tx, topic, aggregate, &n).await;
    t.db.write::<_, Error, _>(act, put).await.unwrap();
}

async fn pending(db: &Db) -> i64 {
    db.read::<_, Error, _>(async |tx: &mut Tx| outbox::pending(tx).await).await.unwrap()
}

/// Hears every event and fails while `refuses` says so.
fn listener(
    log: &Arc<Mutex<Vec<String>>>,
    refuses: impl Fn(&Event) -> bool + Send + Sync + Clone + 'static,
) -> Listener {
    let log = log.clone();
    Listener::new("test.log", &["test.told", "test.asked"], move |_, event| {
        let (log, refuses) = (log.clone(), refuses.clone());
        async move {
            if refuses(&event) {
                return Err(format!("{} is refused", event.read::<i64>()?));
            }
            log.lock().unwrap().push(format!("{} {}", event.aggregate, event.payload));
            Ok(())
        }
    })
}

fn taken(log: &Arc<Mutex<Vec<String>>>) -> Vec<String> {
    std::mem::take(&mut log.lock().unwrap())
}

#[test]
fn events_come_in_order_for_each_aggregate_and_only_what_was_asked_for() {
    both(async |t| {
        let log = Arc::default();
        let all = [listener(&log, |_| false)];
        for n in 0..20 {
            tell(&t, "test.told", ["a", "b", "c"][n as usize % 3], n).await;
            tell(&t, "test.whispered", "a", n).await;
        }
        let done = deliver::run_until_idle(&t.db, &all, at(100)).await;
        assert_eq!(done, Ok(Summary { delivered: 20, failed: 0 }));
        assert_eq!(pending(&t.db).await, 0);
        let log = taken(&log);
        for (i, aggregate) in ["a", "b", "c"].into_iter().enumerate() {
            let heard: Vec<_> = log.iter().filter(|l| l.starts_with(aggregate)).cloned().collect();
            let told: Vec<_> = (i..20).step_by(3).map(|n| format!("{aggregate} {n}")).collect();
            assert_eq!(heard, told);
        }
    });
}

#[test]
fn a_batch_comes_in_one_call_and_a_bad_event_in_it_holds_back_only_its_own_aggregate() {
    both(async |t| {
        let calls = Arc::new(Mutex::new(Vec::<Vec<String>>::new()));
        let heard = calls.clone();
        let all = [Listener::of_batches("test.batches", &["test.told"], move |_, events| {
            let heard = heard.clone();
            async move {
                let said: Vec<String> =
                    events.iter().map(|e| format!("{} {}", e.aggregate, e.payload)).collect();
                let bad = said.contains(&"b 3".into());
                heard.lock().unwrap().push(said);
                if bad { Err("b 3 is refused".into()) } else { Ok(()) }
            }
        })];
        let run = async |seconds| deliver::run_until_idle(&t.db, &all, at(seconds)).await.unwrap();
        for (n, aggregate) in ["a", "b", "a"].into_iter().enumerate() {
            tell(&t, "test.told", aggregate, n as i64).await;
        }
        assert_eq!(run(10).await, Summary { delivered: 3, failed: 0 });
        assert_eq!(std::mem::take(&mut *calls.lock().unwrap()), [["a 0", "b 1", "a 2"]]);
        for (n, aggregate) in [(3, "b"), (4, "b"), (5, "c")] {
            tell(&t, "test.told", aggregate, n).await;
        }
        assert_eq!(run(20).await, Summary { delivered: 1, failed: 1 });
        let alone = |call: &Vec<String>| call.len() == 1;
        let said = std::mem::take(&mut *calls.lock().unwrap());
        assert_eq!(said[0], ["b 3", "b 4", "c 5"]);
        assert!(said[1..].iter().all(alone) && said.len() == 3, "{said:?}");
        assert_eq!(pending(&t.db).await, 2); // b 3 waits, and b 4 behind it
    });
}

#[test]
fn a_rolled_back_write_tells_nothing() {
    both(async |t| {
        let put = async |tx: &mut Tx| {
            outbox::put(tx, "test.told", "a", &1).await?;
            Err::<(), _>(Error::Stale)
        };
        assert_eq!(t.db.write(t.act(), put).await, Err(Error::Stale));
        assert_eq!(pending(&t.db).await, 0);
    });
}

#[test]
fn a_failure_holds_its_aggregate_back_waits_longer_each_time_and_parks() {
    both(async |t| {
        let log = Arc::default();
        let mut grumpy = listener(&log, |e| e.aggregate == "a" && e.payload == "1");
        grumpy.tries = 3;
        let all = [grumpy];
        for n in 0..3 {
            tell(&t, "test.told", "a", n).await;
            tell(&t, "test.told", "b", n).await;
        }
        let run = async |seconds| deliver::run_until_idle(&t.db, &all, at(seconds)).await.unwrap();
        assert_eq!(run(0).await, Summary { delivered: 4, failed: 1 });
        assert_eq!(taken(&log).iter().filter(|l| l.starts_with('a')).collect::<Vec<_>>(), ["a 0"]);
        assert_eq!(run(0).await, Summary::default()); // waits a second
        assert_eq!(run(1).await, Summary { delivered: 0, failed: 1 });
        assert_eq!(run(2).await, Summary::default()); // now two
        assert_eq!(run(3).await, Summary { delivered: 0, failed: 1 }); // the third and last
        assert_eq!(run(1_000_000).await, Summary::default());
        let parked = t.db.read::<_, Error, _>(async |tx: &mut Tx| deliver::parked(tx).await).await.unwrap();
        assert_eq!(parked.len(), 1);
        let (p, why) = (&parked[0], "1 is refused");
        assert_eq!((p.topic.as_str(), p.aggregate.as_str(), p.attempts), ("test.told", "a", 3));
        assert_eq!((p.error.as_deref(), p.parked_at), (Some(why), at(3)));
        assert_eq!(pending(&t.db).await, 2);
        let seq = p.seq;
        let retry = async move |tx: &mut Tx| deliver::retry(tx, "test.log", seq).await;
        t.db.write::<_, Error, _>(t.act(), retry).await.unwrap();
        let mended = [listener(&log, |_| false)];
        deliver::run_until_idle(&t.db, &mended, at(4)).await.unwrap();
        assert_eq!(taken(&log), ["a 1", "a 2"]);
        assert_eq!(pending(&t.db).await, 0);
    });
}

#[test]
fn a_parked_delivery_can_be_given_up() {
    both(async |t| {
        let log = Arc::default();
        let all = [Listener { tries: 1, ..listener(&log, |e| e.payload == "0") }];
        tell(&t, "test.told", "a", 0).await;
        tell(&t, "test.told", "a", 1).await;
        deliver::run_until_idle(&t.db, &all, at(5)).await.unwrap();
        let parked = t.db.read::<_, Error, _>(async |tx: &mut Tx| deliver::parked(tx).await).await.unwrap();
        let seq = parked[0].seq;
        for expected in [Ok(()), Err(Error::Stale)] {
            let give_up = async move |tx: &mut Tx| deliver::give_up(tx, "test.log", seq).await;
            assert_eq!(t.db.write(t.act(), give_up).await, expected);
        }
        deliver::run_until_idle(&t.db, &all, at(5)).await.unwrap();
        assert_eq!(taken(&log), ["a 1"]);
    });
}

/// Notes what it hears in its own write, once.
fn once(fails_after: bool) -> Listener {
    Listener::new("test.once", &["*"], move |db, event| async move {
        let act = Act::system("test.hear", event.aggregate.clone(), event.at);
        let heard = async move |tx: &mut Tx| {
            if deliver::seen(tx, "test.once", &event).await? {
                tx.change("insert into heard(what) values ($1)", args![event.payload]).await?;
            }
            Ok::<_, Error>(())
        };
        db.write(act, heard).await.map_err(|e| e.to_string())?;
        if fails_after { Err("the answer was lost".into()) } else { Ok(()) }
    })
}

async fn heard(db: &Db) -> Vec<String> {
    let all = async |tx: &mut Tx| tx.list::<String>("select what from heard order by n", args![]).await;
    db.read::<_, Error, _>(all).await.unwrap()
}

#[test]
fn what_comes_twice_has_its_effect_once() {
    both(async |t| {
        t.migrate(&[HEARD]).await;
        tell(&t, "test.told", "a", 7).await;
        let first = deliver::run_until_idle(&t.db, &[once(true)], at(10)).await;
        assert_eq!(first, Ok(Summary { delivered: 0, failed: 1 }));
        let second = deliver::run_until_idle(&t.db, &[once(false)], at(20)).await;
        assert_eq!(second, Ok(Summary { delivered: 1, failed: 0 }));
        assert_eq!(heard(&t.db).await, ["7"]);
    });
}

#[test]
fn two_instances_share_the_work_and_nothing_comes_twice() {
    both(async |t| {
        t.migrate(&[HEARD]).await;
        let other = t.again().await;
        let (stop, stopped) = watch::channel(false);
        let clock = Clock::system();
        let plain = || {
            Listener::new("test.plain", &["*"], |db, event| async move {
                let put = async move |tx: &mut Tx| {
                    tx.change("insert into heard(what) values ($1)", args![event.payload]).await
                };
                db.upkeep::<_, Error, _>(put).await.map(drop).map_err(|e| e.to_string())
            })
        };
        let one = tokio::spawn(deliver::run(t.db.clone(), vec![plain()], clock.clone(), stopped.clone()));
        let two = tokio::spawn(deliver::run(other.clone(), vec![plain()], clock, stopped));
        for n in 0..40 {
            tell(&t, "test.told", "a", n).await;
        }
        while pending(&t.db).await > 0 {
            tokio::task::yield_now().await;
        }
        stop.send(true).unwrap();
        one.await.unwrap();
        two.await.unwrap();
        assert_eq!(heard(&t.db).await, (0..40).map(|n| n.to_string()).collect::<Vec<_>>());
        other.close().await;
    });
}

#[test]
fn a_panic_in_a_handler_is_a_failure() {
    both(async |t| {
        tell(&t, "test.told", "a", 0).await;
        let broken = Listener::new("test.broken", &["test.told"], |_, _| async { panic!("as asked") });
        let done = deliver::run_until_idle(&t.db, &[broken], at(5)).await;
        assert_eq!(done, Ok(Summary { delivered: 0, failed: 1 }));
    });
}

#[test]
fn old_events_are_forgotten_when_everybody_has_heard_them() {
    both(async |t| {
        t.migrate(&[HEARD]).await;
        for n in 0..5 {
            tell(&t, "test.told", "a", n).await;
        }
        let all = [once(false), Listener { tries: 1, ..listener(&Arc::default(), |e| e.payload == "2") }];
        deliver::run_until_idle(&t.db, &all, at(5)).await.unwrap();
        assert_eq!(deliver::sweep(&t.db, at(4)).await, Ok(2)); // 2 is parked and 3 waits behind it
        let left = async |tx: &mut Tx| {
            let events: i64 = tx.get("select count(*) from outbox", args![]).await?;
            Ok((events, tx.get::<i64>("select count(*) from inbox", args![]).await?))
        };
        assert_eq!(t.db.read::<_, Error, _>(left).await, Ok((3, 3)));
    });
}

#[test]
fn a_new_instance_takes_over_when_a_lease_ends() {
    both(async |t| {
        let log = Arc::default();
        tell(&t, "test.told", "a", 0).await;
        let held = async |tx: &mut Tx| {
            let until = at(60);
            let sql = "insert into listener(name, holder, lease_until) values ('test.log', 'dead', $1)";
            tx.change_one(sql, args![until]).await
        };
        t.db.upkeep::<_, Error, _>(held).await.unwrap();
        let all = [listener(&log, |_| false)];
        assert_eq!(deliver::run_until_idle(&t.db, &all, at(59)).await, Ok(Summary::default()));
        let after = deliver::run_until_idle(&t.db, &all, at(60)).await;
        assert_eq!(after, Ok(Summary { delivered: 1, failed: 0 }));
    });
}

#[test]
fn what_a_clock_that_was_ahead_left_behind_holds_nothing_back() {
    both(async |t| {
        let log = Arc::default();
        const AHEAD: i64 = 60 * 24 * 3600;
        tell(&t, "test.told", "a", 0).await;
        // Two months ahead a delivery fails and waits, and the instance dies with its lease.
        let failed = deliver::run_until_idle(&t.db, &[listener(&log, |_| true)], at(AHEAD)).await;
        assert_eq!(failed, Ok(Summary { delivered: 0, failed: 1 }));
        let held = async |tx: &mut Tx| {
            let until = at(AHEAD + 60);
            tx.change_one(
                "update listener set holder = 'dead', lease_until = $1 where name <> ''",
                args![until],
            )
            .await
        };
        t.db.upkeep::<_, Error, _>(held).await.unwrap();
        // The clock is right again.
        let all = [listener(&log, |_| false)];
        assert_eq!(
            deliver::run_until_idle(&t.db, &all, at(5)).await,
            Ok(Summary { delivered: 1, failed: 0 })
        );
        // Of an instance whose clock is a little ahead the lease holds.
        tell(&t, "test.told", "a", 6).await;
        let held = async |tx: &mut Tx| {
            let until = at(120);
            tx.change_one(
                "update listener set holder = 'other', lease_until = $1 where name <> ''",
                args![until],
            )
            .await
        };
        t.db.upkeep::<_, Error, _>(held).await.unwrap();
        assert_eq!(deliver::run_until_idle(&t.db, &all, at(7)).await, Ok(Summary::default()));
    });
}
