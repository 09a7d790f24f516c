//! What comes again without being asked.

use std::time::Duration;

use db::Db;
use db::jobs::{Handler, Job};
use web::Problem;

use crate::{
    App, archive, authority, book, certificate, mobile, outside, remote, request, revocation, validation,
};

const FIVE_MINUTES: Duration = Duration::from_secs(5 * 60);
const QUARTER: Duration = Duration::from_secs(15 * 60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A job of the whole system that says nothing when it went well.
fn handler<F, R, T>(app: &App, kind: &'static str, every: Duration, run: F) -> Handler
where
    F: Fn(App, Db) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<T, Problem>> + Send + 'static,
{
    let app = app.clone();
    let run = move |db: Db, _: Job| {
        let running = run(app.clone(), db);
        async move { running.await.map(drop).map_err(|problem| problem.to_string()) }
    };
    Handler::new(kind, run).every(every)
}

/// All of them.
pub fn all(app: &App) -> Vec<Handler> {
    let mut jobs = vec![
        handler(app, "trust.renew-lists", QUARTER, async |app, db| {
            let renewed = revocation::renew(&db, app.site.clock.now()).await;
            app.live.forget();
            renewed
        }),
        handler(app, "trust.replace-units", DAY, async |app, db| {
            let kept = authority::keep_units(&app, &db, app.site.clock.now()).await;
            validation::keep_reporter(&app, app.site.clock.now()).await?;
            app.stamper.forget();
            kept
        }),
        handler(app, "trust.seal-book", DAY, async |app, _| book::seal(&app).await),
        handler(app, "trust.watch-expiry", DAY, async |app, db| {
            certificate::hash_keys(&db).await?;
            certificate::watch(&db, app.site.clock.now()).await
        }),
        handler(app, "trust.fetch-outside", FIVE_MINUTES, async |app, _| {
            let now = app.site.clock.now();
            outside::gather(&app, now).await?;
            outside::fetch_due(&app, now).await
        }),
        handler(app, "trust.renew-archive", HOUR, async |app, _| {
            archive::renew_due(&app, app.site.clock.now()).await
        }),
        handler(app, "trust.forget-reports", HOUR, async |app, db| {
            let now = app.site.clock.now();
            validation::sweep(&db, now).await.map_err(Problem::fault)?;
            remote::sweep(&db, now).await.map_err(Problem::fault)?;
            mobile::sweep(&db, now).await.map_err(Problem::fault)
        }),
    ];
    jobs.push(request::deed::handler(app));
    jobs.extend(app.mobile.operator.is_some().then(|| mobile::job(app)));
    jobs
}
