//! What goes on without being asked: chaining the audit book, delivering events, doing jobs.

use std::time::Duration;

use db::deliver::Listener;
use db::jobs::Handler;
use tokio::sync::watch;
use tokio::task::JoinSet;
use web::Site;

use crate::open::Opened;

/// The background tasks of one process; [`Background::stop`] ends them in order.
pub struct Background {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Background {
    /// Starts them all.
    pub fn start(opened: &Opened) -> Background {
        let (stop, heard) = watch::channel(false);
        let site = &opened.site;
        let mut tasks = JoinSet::new();
        tasks.spawn(db::audit::run(site.db.clone(), heard.clone()));
        tasks.spawn(db::deliver::run(site.db.clone(), listeners(opened), site.clock.clone(), heard.clone()));
        tasks.spawn(db::jobs::run(site.db.clone(), handlers(opened), site.clock.clone(), heard.clone()));
        let catalogue = opened.onestop.catalogue.clone();
        tasks.spawn(catalogue.follow(site.db.clone(), site.clock.clone(), heard.clone()));
        tasks.spawn(crate::health::upkeep(heard));
        Background { stop, tasks }
    }

    /// Tells them to stop and waits until they have.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Whoever follows events.
pub fn listeners(opened: &Opened) -> Vec<Listener> {
    [trust::listeners(&opened.trust), onestop::listeners(&opened.onestop)].concat()
}

/// Every job of a system that comes again.
pub fn jobs(opened: &Opened) -> Vec<Handler> {
    [trust::jobs(&opened.trust), onestop::jobs(&opened.onestop)].concat()
}

/// Every job, the roof's own among them.
fn handlers(opened: &Opened) -> Vec<Handler> {
    let mut handlers = jobs(opened);
    handlers.push(sweep(&opened.site));
    handlers
}

/// Lets go of what nobody can use any more: sessions, kept forms, old events, unreferenced blobs.
fn sweep(site: &Site) -> Handler {
    const HOUR: Duration = Duration::from_secs(3600);
    const EVENTS_KEPT_DAYS: i64 = 30;
    let site = site.clone();
    Handler::new("roof.sweep", move |db, _job| {
        let site = site.clone();
        async move {
            let now = site.clock.now();
            db.upkeep(async move |tx: &mut db::Tx| web::sweep(tx, now).await)
                .await
                .map_err(|e| e.to_string())?;
            // Twice as long as an upload may wait for its dossier.
            site.blobs.sweep(&db, now.plus_days(-2)).await.map_err(|e| e.to_string())?;
            db::deliver::sweep(&db, now.plus_days(-EVENTS_KEPT_DAYS)).await.map_err(|e| e.to_string())?;
            Ok(())
        }
    })
    .every(HOUR)
}
