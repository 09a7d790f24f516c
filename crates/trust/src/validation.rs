//! Checking signatures (kiểm tra chữ ký số): a file goes in, a report comes out, whoever asks: the public
//! page, the programs of others, the command line. What is right and what is wrong is in [`rules`].

pub mod api;
pub mod desk;
mod format;
mod found;
pub mod known;
pub mod make;
mod message;
mod pages;
mod pdf;
pub mod policy;
pub mod report;
pub mod rules;
mod store;
#[cfg(test)]
mod tests;
mod words;
mod xml;
mod xml_report;

pub use format::detect;
pub use found::Bag;
pub use words::{advice, line, sentence};

use std::sync::Arc;

use base::Instant;
use db::{Act, Actor, Db, Tx};
use web::Problem;

use self::desk::Incoming;
use self::report::Report;
use self::rules::{Terms, TrustAnchor};
use crate::App;

/// How long a report can be read again, in hours.
pub const REPORT_HOURS: i64 = 24;

/// The routes of this feature.
pub fn routes() -> axum::Router<App> {
    pages::routes().merge(api::routes())
}

/// Judges a file as of now, with what the installation knows.
pub async fn validate(app: &App, files: Vec<Incoming>, now: Instant) -> Result<Vec<Report>, Problem> {
    let terms = Arc::new(terms(app, now).await?);
    let mut reports = Vec::new();
    for file in files {
        reports.push(app.validation.judge(file, terms.clone()).await?);
    }
    Ok(reports)
}

/// Keeps a report for a day; under which id.
pub async fn keep(app: &App, report: &Report, now: Instant) -> Result<String, Problem> {
    let mut random = [0_u8; 16];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| Problem::fault("no random bytes"))?;
    let id = rules::hex(&random);
    let text = serde_json::to_string(report).map_err(Problem::fault)?;
    let act = Act::new(Actor::Anonymous, "trust.validate", "", now);
    let key = id.clone();
    let save = async move |tx: &mut Tx| store::save(tx, &key, &text, now).await;
    app.site.db.write(act, save).await?;
    Ok(id)
}

/// A report that was kept; `NotFound` when there is none any more.
pub async fn kept(app: &App, id: &str, now: Instant) -> Result<Report, Problem> {
    let (id, since) = (id.to_string(), now.plus_minutes(-REPORT_HOURS * 60));
    let text = app.site.db.read(async move |tx: &mut Tx| store::find(tx, &id, since).await).await?;
    let text = text.ok_or(Problem::NotFound)?;
    serde_json::from_str(&text).map_err(Problem::fault)
}

/// Forgets reports that can be read no more.
pub async fn sweep(db: &Db, now: Instant) -> Result<(), String> {
    let before = now.plus_minutes(-REPORT_HOURS * 60);
    let swept = db.upkeep(async move |tx: &mut Tx| store::sweep(tx, before).await).await;
    swept.map(drop).map_err(|e| e.to_string())
}

async fn terms(app: &App, now: Instant) -> Result<Terms, Problem> {
    let known = app.validation.known();
    let own = app.site.db.read(async |tx: &mut Tx| anchors(tx).await).await?;
    let anchors = known.anchors.iter().cloned().chain(own).collect();
    Ok(Terms { at: now, anchors, known: known.bag.clone() })
}

/// The anchors that the register holds, beside those of the folder.
async fn anchors(_tx: &mut Tx) -> db::Result<Vec<TrustAnchor>> {
    Ok(Vec::new())
}
