//! Issuers outside (Ban Cơ yếu, public authorities): where their certificates say that revocations are told,
//! what was fetched there, and what the register makes of it. Whatever comes is believed only under the key
//! of an issuer that is in the register or in the folder of those who are trusted.
//! law: e-transactions/suspend-revoke

pub mod ask;
pub mod line;
pub mod pages;
pub mod rules;
pub mod store;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use base::{Id, Instant};
use db::blobs::{self, Hash};
use db::{Act, Tx};
use pki::{Certificate, Crl, ocsp};
use tokio::task::JoinSet;
use web::Problem;

use self::line::Line;
use self::rules::Told;
use self::store::{Affected, Source};
use crate::validation::Bag;
use crate::words::WORDS;
use crate::{App, authority, certificate};

enum SourceId {}

/// What a node holds for issuers outside.
#[derive(Clone)]
pub struct Outside {
    line: Line,
    /// What was fetched, read, by its hash.
    read: Arc<Mutex<HashMap<String, Piece>>>,
}

impl Outside {
    /// With this way out.
    pub fn new(line: Line) -> Outside {
        Outside { line, read: Arc::default() }
    }
}

/// A list or an answer that was believed when it came.
#[derive(Clone)]
enum Piece {
    List(Crl),
    Answer(Box<ocsp::Response>),
}

impl Piece {
    fn len(&self) -> usize {
        match self {
            Piece::List(list) => list.der().len(),
            Piece::Answer(answer) => answer.der.len(),
        }
    }

    fn read(kind: &str, bytes: &[u8]) -> Option<Piece> {
        match kind {
            "list" => Crl::parse(bytes).ok().map(Piece::List),
            _ => ocsp::Response::parse(bytes).ok().map(|answer| Piece::Answer(Box::new(answer))),
        }
    }
}

/// What came of a round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Addresses that answered well.
    pub fetched: usize,
    /// Addresses that did not.
    pub failed: usize,
    /// Certificates of the register that stand otherwise now.
    pub moved: usize,
}

/// Certificates whose addresses are gathered in one write.
const GATHERED_AT_ONCE: usize = 500;
/// Writes of one round; the next one goes on.
const GATHERINGS_MAX: usize = 20;

/// Addresses that are asked at a time.
const AT_ONCE: usize = 8;
/// Lists and answers held in memory to judge files with, in bytes: the newest count.
const HELD_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Takes the addresses of certificates that are new in the register.
pub async fn gather(app: &App, now: Instant) -> Result<(), Problem> {
    for _ in 0..GATHERINGS_MAX {
        let write = async move |tx: &mut Tx| -> Result<usize, Problem> {
            let new = store::list_ungathered(tx).await?;
            for row in &new {
                for wanted in rules::addresses(&authority::parse(&row.der)?) {
                    let source = store::New {
                        id: Id::<SourceId>::fresh().to_string(),
                        kind: wanted.kind,
                        issuer: &row.issuer,
                        address: &wanted.address,
                        certificate: if wanted.kind == rules::ANSWER { &row.id } else { "" },
                    };
                    store::put(tx, &source, now).await?;
                }
                store::save_gathered(tx, &row.id).await?;
            }
            Ok(new.len())
        };
        let act = Act::system("trust.gather-sources", "", now);
        if app.site.db.write(act, write).await? < GATHERED_AT_ONCE {
            break;
        }
    }
    Ok(())
}

/// Asks wherever it is time to. Lists come first: where they count, nobody is asked about single
/// certificates.
pub async fn fetch_due(app: &App, now: Instant) -> Result<Round, Problem> {
    let mut round = Round::default();
    for kind in [rules::LIST, rules::ANSWER] {
        let read = async move |tx: &mut Tx| store::list_due(tx, kind, now).await;
        let due = app.site.db.read(read).await?;
        // Some at a time: one that is silent for a minute does not keep the others waiting.
        for some in due.chunks(AT_ONCE) {
            let mut asking = JoinSet::new();
            for source in some {
                let (app, source) = (app.clone(), source.clone());
                asking.spawn(async move { fetch(&app, &source, now).await });
            }
            while let Some(heard) = asking.join_next().await {
                match heard.map_err(Problem::fault)?? {
                    Some(moved) => (round.fetched, round.moved) = (round.fetched + 1, round.moved + moved),
                    None => round.failed += 1,
                }
            }
        }
    }
    Ok(round)
}

/// Asks at one address; how many certificates stand otherwise now, `None` when nothing came that is believed.
/// What went wrong is kept for the page; a problem is one of our own store.
pub async fn fetch(app: &App, source: &Source, now: Instant) -> Result<Option<usize>, Problem> {
    let asked = source.clone();
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        let of_it = match asked.kind.as_str() {
            rules::ANSWER => store::list_one(tx, &asked.certificate).await?,
            _ => store::list_affected(tx, &asked.issuer).await?,
        };
        Ok((certificate::store::list_authorities_named(tx, &asked.issuer).await?, of_it))
    };
    let (issuers, affected) = app.site.db.read(read).await?;
    let mut keys: Vec<Certificate> =
        issuers.iter().map(|row| authority::parse(&row.der)).collect::<Result<_, _>>()?;
    keys.extend(app.validation.known().issuers_named(&source.issuer));
    match ask::ask(&app.outside.line, source, &keys, affected, now).await {
        Ok(heard) => keep(app, source, heard, now).await.map(Some),
        Err(fault) => {
            tracing::warn!(address = source.address, ?fault, "an issuer outside was not heard");
            let (id, failures) = (source.id.clone(), source.failures + 1);
            let next = rules::after_failure(now, failures);
            let write =
                async move |tx: &mut Tx| store::save_failed(tx, &id, (failures, &fault.word()), next).await;
            app.site.db.upkeep(write).await?;
            Ok(None)
        }
    }
}

/// Keeps what was heard, and what it says of certificates of the register.
async fn keep(app: &App, source: &Source, heard: ask::Heard, now: Instant) -> Result<usize, Problem> {
    let hash = Hash::of(&heard.bytes);
    let is_new = source.held.as_deref() != Some(hash.to_string().as_str());
    if is_new {
        let act = Act::system("trust.fetch-outside", &source.id, now);
        app.site.blobs.store(&app.site.db, act, heard.bytes.clone()).await?;
    }
    let id = source.id.clone();
    let write = async move |tx: &mut Tx| -> Result<usize, Problem> {
        let Some(stands) = store::find(tx, &id).await? else { return Ok(0) };
        if stands.held.as_deref() != Some(hash.to_string().as_str()) {
            blobs::commit(tx, &hash).await?;
            if let Some(before) = stands.held.as_deref().and_then(|held| held.parse::<Hash>().ok()) {
                blobs::release(tx, &before).await?;
            }
        }
        let kept = store::Fetched {
            held: &hash.to_string(),
            true_at: heard.true_at,
            until_at: heard.until_at,
            entries: heard.entries,
            next_at: rules::after_success(now, heard.until_at),
        };
        store::save_fetched(tx, &id, &kept, now).await?;
        let mut moved = 0;
        for (of, told) in &heard.told {
            moved += usize::from(takes(tx, of, told, &id, now).await?);
        }
        Ok(moved)
    };
    app.site.db.write(Act::system("trust.fetch-outside", &source.id, now), write).await
}

/// The register says of a certificate what its issuer says; whether that is news.
async fn takes(tx: &mut Tx, of: &Affected, told: &Told, source: &str, now: Instant) -> Result<bool, Problem> {
    let note = WORDS.kept("outside.told", &[]);
    if !store::save_told(tx, of, told, (source, &note), now).await? {
        return Ok(false);
    }
    tx.audit("trust.told-by-issuer", &of.id).await?;
    certificate::tell(tx, certificate::topic_of(told.to), &of.id, now).await?;
    Ok(true)
}

/// Lists and answers of issuers outside, to judge files with.
pub async fn kept(app: &App, now: Instant) -> Result<Bag, Problem> {
    let held = app.site.db.read(async move |tx: &mut Tx| store::list_held(tx, now).await).await?;
    let mut bag = Bag::default();
    let (mut known, mut bytes) = (HashMap::new(), 0);
    for one in held {
        let before = app.outside.read.lock().unwrap_or_else(PoisonError::into_inner).get(&one.held).cloned();
        let piece = match before {
            Some(piece) => Some(piece),
            None => {
                let hash: Hash = one.held.parse().map_err(|_| Problem::fault("no hash of a content"))?;
                Piece::read(&one.kind, &app.site.blobs.get_kept(&hash).await?)
            }
        };
        let Some(piece) = piece else { continue };
        bytes += piece.len();
        if bytes > HELD_BYTES_MAX {
            tracing::warn!("the lists of issuers outside are larger than is held in memory");
            break;
        }
        match &piece {
            Piece::List(list) => bag.crls.push(list.clone()),
            Piece::Answer(answer) => bag.answers.push(answer.as_ref().clone()),
        }
        known.insert(one.held, piece);
    }
    *app.outside.read.lock().unwrap_or_else(PoisonError::into_inner) = known;
    Ok(bag)
}
