//! Checking signatures (kiểm tra chữ ký số): a file goes in, a report comes out, whoever asks: the public
//! page, the programs of others, the command line. What is right and what is wrong is in [`rules`].

pub mod api;
pub mod desk;
pub mod evidence;
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
mod saved;
mod store;
#[cfg(test)]
mod tests;
mod words;
mod xml;
mod xml_report;

pub use format::detect;
pub(crate) use format::{Read, read};
pub use found::Bag;
pub(crate) use found::Found;
pub use words::{advice, line, sentence};

use std::sync::Arc;

use base::Instant;
use db::{Act, Actor, Db, Tx};
use web::Problem;

use self::desk::Incoming;
use self::report::{Report, TrustClass, Verdict};
use self::rules::{Terms, TrustAnchor};
use crate::revocation::rules::Which;
use crate::{App, authority, certificate};
use pki::Crl;

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
        let file = Arc::new(file);
        let key = app.validation.key(file.clone()).await?;
        let saved = saved::find(app, &key).await?;
        let (report, used) = app.validation.judge(file, terms.clone(), saved.clone()).await?;
        if report.verdict == Verdict::Valid {
            saved::keep(app, &key, &saved, used, now).await?;
        }
        reports.push(report);
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
    swept.map(drop).map_err(|e| e.to_string())?;
    saved::sweep(db, now).await.map_err(|e| e.to_string())
}

/// Everything at hand to judge files with, the certificates of those who are trusted among it.
pub(crate) async fn evidence(app: &App, now: Instant) -> Result<Bag, Problem> {
    let Terms { anchors, mut known, .. } = terms(app, now).await?;
    known.certificates.extend(anchors.into_iter().filter_map(|one| one.anchor.certificate));
    Ok(known)
}

async fn terms(app: &App, now: Instant) -> Result<Terms, Problem> {
    let known = app.validation.known();
    let mut terms = Terms { at: now, anchors: known.anchors.clone(), known: known.bag.clone() };
    let read = async |tx: &mut Tx| -> Result<_, Problem> {
        Ok((authority::store::list(tx).await?, certificate::store::list_outside(tx).await?))
    };
    let (own, outside) = app.site.db.read(read).await?;
    for row in &own {
        let certificate = authority::parse(&row.der)?;
        match row.role.as_str() {
            "root" => terms.anchors.push(TrustAnchor::of(certificate, TrustClass::Internal)),
            _ => terms.known.certificates.push(certificate),
        }
        // What the province's own authority has revoked is known here without asking anybody.
        if let Some(list) = list_of(app, &row.id, now).await? {
            terms.known.crls.push(list);
        }
    }
    for row in &outside {
        let class = match row.trust_class.as_str() {
            "official_duty" => TrustClass::Government,
            "public" => TrustClass::Public,
            _ => TrustClass::Internal,
        };
        terms.anchors.push(TrustAnchor::of(authority::parse(&row.der)?, class));
    }
    terms.known.add(&crate::outside::kept(app, now).await?);
    Ok(terms)
}

/// The list of an authority of ours as it stands now.
pub(crate) async fn list_of(app: &App, id: &str, now: Instant) -> Result<Option<Crl>, Problem> {
    let Some(standing) = app.live.get(id, now).await? else { return Ok(None) };
    let made = tokio::task::spawn_blocking(move || standing.view.list(&standing.issuer, Which::Full));
    let list = made.await.map_err(Problem::fault)?.map_err(Problem::fault)?;
    list.map(|list| Crl::parse(&list.bytes[..]).map_err(|e| Problem::fault(format!("our own list: {e:?}"))))
        .transpose()
}
