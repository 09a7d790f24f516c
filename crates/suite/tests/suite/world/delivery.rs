//! Events and jobs of a world, with handlers that die after their work and before it is noted.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use db::deliver::{self, Listener};
use db::jobs;

use super::World;

type Work = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// The same listeners, of which every so manieth call does its work and then does not live to say so.
fn mortal(listeners: Vec<Listener>, every: usize) -> Vec<Listener> {
    let calls = Arc::new(AtomicUsize::new(0));
    let mortal = |listener: Listener| {
        let (calls, inner) = (calls.clone(), listener.handle.clone());
        Listener {
            handle: Arc::new(move |db, event| {
                let call = calls.fetch_add(1, Ordering::SeqCst) + 1;
                let work = inner(db, event);
                let work: Work = Box::pin(async move {
                    let done = work.await;
                    if call.is_multiple_of(every) { Err("it died before it was noted".into()) } else { done }
                });
                work
            }),
            ..listener
        }
    };
    listeners.into_iter().map(mortal).collect()
}

impl World {
    /// What is due is delivered and done; some of it is done and not noted, and now and then the process
    /// dies in the middle.
    pub async fn delivers(&mut self) {
        let (every, dies) = (3 + self.rng.below(9), self.rng.happens(20));
        let after = std::time::Duration::from_millis(self.rng.below(40) as u64);
        let town = self.town();
        let (db, now) = (town.opened.site.db.clone(), self.now);
        let listeners = mortal(cuulong::background::listeners(&town.opened), every);
        let handlers = cuulong::background::jobs(&town.opened);
        let work = async {
            deliver::run_until_idle(&db, &listeners, now).await.expect("the store answers");
            jobs::run_due(&db, &handlers, now).await.expect("the store answers");
            while db::audit::chain_once(&db).await.expect("the store answers") > 0 {}
        };
        if dies {
            let _ = tokio::time::timeout(after, work).await; // wherever it is then
            drop((listeners, handlers, db));
            self.dies().await;
        } else {
            work.await;
        }
    }

    /// Everything that is due now, by handlers that live; whether nothing was left or failed.
    pub async fn delivers_all(&mut self) -> bool {
        let town = self.town();
        let db = &town.opened.site.db;
        let listeners = cuulong::background::listeners(&town.opened);
        let delivered = deliver::run_until_idle(db, &listeners, self.now).await.expect("the store answers");
        let done = jobs::run_due(db, &cuulong::background::jobs(&town.opened), self.now).await;
        let done = done.expect("the store answers");
        let left = self.snapshot().await.waiting.len();
        delivered.failed + done.failed == 0 && left == 0
    }
}
