//! `GET /healthz` for whoever decides whether this node gets requests, `GET /metrics` for
//! whoever watches it.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use db::{Tx, args};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use serde_json::json;
use tokio::sync::watch;
use web::Site;

use crate::config::Config;

/// Events older than this mean that nothing is delivered any more.
const OUTBOX_AGE_S_MAX: i64 = 300;
/// A store of contents that says nothing for this long is as good as gone to whoever asks for the health.
const BLOBS_ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Below this much room on the disk nothing more should be taken.
const DISK_FREE_BYTES_MIN: u64 = 200 * 1024 * 1024;

#[derive(Clone)]
struct Health {
    site: Site,
    data: PathBuf,
    /// The line to the national portal is open.
    national: bool,
    scanner: Option<std::sync::Arc<onestop::scan::Scanner>>,
}

/// The routes of this file.
pub fn routes(site: &Site, config: &Config, onestop: &onestop::App) -> Router {
    recorder();
    let health = Health {
        site: site.clone(),
        data: config.data.clone(),
        national: onestop.national.is_some(),
        scanner: onestop.scanner.clone(),
    };
    Router::new().route("/healthz", get(healthz)).route("/metrics", get(metrics)).with_state(health)
}

/// The one recorder of the process.
fn recorder() -> Option<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    HANDLE.get_or_init(|| PrometheusBuilder::new().install_recorder().ok()).as_ref()
}

/// Empties the recorder's histograms on a timer until `stop` turns true. Without it they are emptied
/// only when somebody reads `/metrics`, and where nobody does, every request leaves a sample behind.
pub async fn upkeep(mut stop: watch::Receiver<bool>) {
    const EVERY: Duration = Duration::from_secs(5);
    let mut pulse = tokio::time::interval(EVERY);
    while !*stop.borrow() {
        tokio::select! {
            _ = pulse.tick() => if let Some(handle) = recorder() { handle.run_upkeep() },
            changed = stop.changed() => if changed.is_err() { return },
        }
    }
}

async fn healthz(State(health): State<Health>) -> Response {
    let now = health.site.clock.now();
    let oldest = health
        .site
        .db
        .read(async |tx: &mut Tx| -> db::Result<Option<base::Instant>> {
            tx.get("select min(at) from outbox where fanned = 0", args![]).await
        })
        .await;
    let database = oldest.is_ok();
    let age_s = oldest.ok().flatten().map_or(0, |at| (now.micros() - at.micros()).max(0) / 1_000_000);
    // The empty content: whether it is there does not matter, only that the store can say so.
    let nothing = db::blobs::Hash::of(b"");
    let asked = tokio::time::timeout(BLOBS_ANSWER_WITHIN, health.site.blobs.get(&nothing)).await;
    let blobs = matches!(asked, Ok(Ok(_) | Err(db::Error::NotFound)));
    let scan = match &health.scanner {
        None => "off",
        Some(scanner) if scanner.answers().await => "ok",
        Some(_) => "silent",
    };
    let free = disk_free(&health.data);
    let disk = free.is_none_or(|bytes| bytes >= DISK_FREE_BYTES_MIN);
    let well = database && blobs && disk && age_s <= OUTBOX_AGE_S_MAX;
    let told = json!({
        "status": if well { "ok" } else { "failing" },
        "database": database,
        "blobs": blobs,
        "outbox_age_s": age_s,
        "disk_free_bytes": free,
        // A silent scanner stops uploads and nothing else: the node still answers everybody.
        "scan": scan,
    });
    (if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(told)).into_response()
}

fn disk_free(folder: &std::path::Path) -> Option<u64> {
    rustix::fs::statvfs(folder).ok().map(|s| s.f_bavail * s.f_frsize)
}

async fn metrics(State(health): State<Health>) -> Response {
    if let Some(scanner) = &health.scanner {
        metrics::gauge!("cuulong_scan_answers").set(f64::from(u8::from(scanner.answers().await)));
    }
    metrics::gauge!("cuulong_database_repeats_total").set(health.site.db.repeated() as f64);
    let waiting = health.site.db.read(async |tx: &mut Tx| db::outbox::pending(tx).await).await;
    if let Ok(waiting) = waiting {
        metrics::gauge!("cuulong_outbox_waiting").set(waiting as f64);
    }
    if health.national {
        national(&health.site).await;
    }
    match recorder() {
        Some(handle) => {
            let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
            (kind, handle.render()).into_response()
        }
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// How far behind the national portal is.
async fn national(site: &Site) {
    let Ok(lag) = onestop::national::lag(&site.db, site.clock.now()).await else { return };
    metrics::gauge!("cuulong_national_lag_median_seconds").set(lag.median_s.unwrap_or_default() as f64);
    metrics::gauge!("cuulong_national_lag_oldest_seconds").set(lag.oldest_s as f64);
    metrics::gauge!("cuulong_national_behind").set(lag.behind as f64);
    metrics::gauge!("cuulong_national_parked").set(lag.parked as f64);
    metrics::gauge!("cuulong_national_tasks").set(lag.tasks as f64);
    metrics::gauge!("cuulong_national_arriving").set(lag.arriving as f64);
}
