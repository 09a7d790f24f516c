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
mod parts;
mod pdf;
pub mod policy;
pub mod report;
mod reporter;
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
pub(crate) use reporter::keep as keep_reporter;
pub use words::{advice, line, sentence};

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use base::Instant;
use db::{Act, Actor, Db, Tx};
use web::Problem;

use self::desk::Incoming;
use self::report::{Report, TrustClass, Verdict};
use self::rules::{Registered, Saved, Terms, TrustAnchor};
use crate::revocation::rules::Which;
use crate::stamp::belief::Trusted;
use crate::{App, authority, certificate};
use pki::Crl;

/// How long a report can be read again, in hours.
pub const REPORT_HOURS: i64 = 24;

/// The routes of this feature.
pub fn routes() -> axum::Router<App> {
    pages::routes().merge(api::routes())
}

/// Who asks: what strangers bring is remembered apart, so that they cannot make the rest forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// Somebody who has not signed in.
    Anybody,
    /// Somebody who has, or the installation itself.
    Known,
}

/// Judges files of our own as of now, with what the installation knows.
pub async fn validate(app: &App, files: Vec<Incoming>, now: Instant) -> Result<Vec<Report>, Problem> {
    validate_for(app, Asker::Known, files, now).await
}

/// The same for whoever asks.
pub async fn validate_for(
    app: &App,
    asker: Asker,
    files: Vec<Incoming>,
    now: Instant,
) -> Result<Vec<Report>, Problem> {
    let terms = Arc::new(terms(app, now).await?);
    let mut reports = Vec::new();
    for file in files {
        reports.push(validate_one(app, asker, Arc::new(file), &terms).await?);
    }
    Ok(reports)
}

/// Once as it is; and when the register knows one of its certificates as revoked, or the document was valid
/// here before, once more with that.
async fn validate_one(
    app: &App,
    asker: Asker,
    file: Arc<Incoming>,
    terms: &Arc<Terms>,
) -> Result<Report, Problem> {
    let now = terms.at;
    let first = app.validation.judge(file.clone(), terms.clone(), Saved::default()).await?;
    let (mut report, mut judged) = first;
    let Some(key) = judged.key.clone() else { return Ok(report) };
    let whole = app.validation.key(file.clone()).await?;
    let (saved, register) = (saved::find(app, &key, &whole).await?, registered(app, &report).await?);
    if saved.saved.first_at.is_some() || !register.is_empty() {
        let terms = Terms { register, ..Terms::clone(terms) };
        (report, judged) = app.validation.judge(file, Arc::new(terms), saved.saved.clone()).await?;
    }
    if report.verdict == Verdict::Valid {
        saved::keep(app, (&key, asker), &saved, judged.used, now).await?;
    }
    Ok(report)
}

/// What the register keeps as revoked or suspended of the certificates that a report names.
async fn registered(app: &App, report: &Report) -> Result<HashMap<String, Registered>, Problem> {
    let mut named: BTreeSet<String> = BTreeSet::new();
    for signature in &report.signatures {
        let stamps = signature.time_stamps.iter().filter_map(|stamp| stamp.authority.as_ref());
        let chain = signature.chain.iter().map(|link| &link.party);
        let all = signature.signer.iter().chain(chain).chain(stamps);
        named.extend(all.map(|party| party.sha256.clone()));
    }
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        let mut found = HashMap::new();
        for fingerprint in &named {
            let since = certificate::store::find_unfit(tx, fingerprint).await?;
            found.extend(since.map(|since| (fingerprint.clone(), Registered { since })));
        }
        Ok(found)
    };
    app.site.db.read(read).await
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

/// Whom to believe about time-stamps, with what is known of them.
pub(crate) async fn trusted(app: &App, now: Instant) -> Result<Trusted, Problem> {
    let terms = terms(app, now).await?;
    let anchors = terms.anchors.into_iter().map(|one| one.anchor).collect();
    Ok(Trusted { anchors, material: terms.known.material() })
}

async fn terms(app: &App, now: Instant) -> Result<Terms, Problem> {
    let known = app.validation.known();
    let mut terms =
        Terms { at: now, anchors: known.anchors.clone(), known: known.bag.clone(), register: HashMap::new() };
    let read = async |tx: &mut Tx| -> Result<_, Problem> {
        let anchors = certificate::anchor::store::list(tx).await?;
        let between = certificate::anchor::store::list_between(tx).await?;
        Ok((authority::store::list(tx).await?, anchors, between))
    };
    let (own, outside, between) = app.site.db.read(read).await?;
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
        let class = match row.class.as_str() {
            "official_duty" => TrustClass::Government,
            "public" => TrustClass::Public,
            _ => TrustClass::Internal,
        };
        terms.anchors.push(TrustAnchor::of(authority::parse(&row.der)?, class));
    }
    for der in &between {
        terms.known.certificates.push(authority::parse(der)?);
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
