//! Whole documents signed with an opened key, at every level: time-stamps are the province's own, and what is
//! needed to judge a signature later is what its authorities say now.

use std::sync::Arc;

use base::Instant;
use db::Tx;
use pki::tsp::Imprint;
use web::Problem;

use super::look::{self, Place};
use crate::signing::Key;
use crate::validation::make::{self, CannotMake, Order};
use crate::validation::report::{Format, Level};
use crate::validation::{self, Bag};
use crate::{App, authority, stamp};

/// A document about to be signed.
pub struct Document {
    /// The file.
    pub bytes: Vec<u8>,
    /// As what.
    pub format: Format,
    /// The content stays outside the message (CMS alone).
    pub is_detached: bool,
    /// How long it is to be checkable.
    pub level: Level,
    /// Where the signature is seen, by whose name (PDF alone).
    pub look: Option<(Place, String)>,
}

/// The levels by their names, without regard to capitals and to the `AdES-` that some put in front.
pub fn level(name: &str) -> Option<Level> {
    let name = name.trim().to_ascii_uppercase();
    match name.strip_prefix("ADES-").unwrap_or(&name) {
        "B-B" => Some(Level::BB),
        "B-T" => Some(Level::BT),
        "B-LT" => Some(Level::BLT),
        "B-LTA" => Some(Level::BLTA),
        _ => None,
    }
}

/// Signs it, off the threads that answer people.
///
/// # Errors
/// A fault when the key was opened for other documents; the store's.
pub async fn sign(
    app: &App,
    key: Arc<Key>,
    document: Document,
    now: Instant,
) -> Result<Result<Vec<u8>, CannotMake>, Problem> {
    let evidence = match document.level >= Level::BLT {
        true => evidence(app, now).await?,
        false => Bag::default(),
    };
    let (stamper, runtime) = (app.clone(), tokio::runtime::Handle::current());
    let made = move |_: &validation::known::Known| {
        let stamp = |imprint: &Imprint| runtime.block_on(stamp::token(&stamper, imprint));
        let picture = document.look.as_ref().map(|(place, holder)| {
            look::appearance(*place, holder, now).ok_or_else(|| Problem::fault("our own font is unreadable"))
        });
        let picture = picture.transpose()?;
        key.lend(&document.bytes, |draft, signer| {
            make::sign(&Order {
                bytes: &document.bytes,
                format: document.format,
                is_detached: document.is_detached,
                key: signer,
                certificate: draft.certificate,
                chain: draft.chain,
                at: now,
                level: document.level,
                stamp: Some(&stamp),
                evidence: &evidence,
                look: picture.as_ref(),
            })
        })
    };
    app.validation.make(made).await
}

/// What the province's authorities say now.
async fn evidence(app: &App, now: Instant) -> Result<Bag, Problem> {
    let mut bag = Bag::default();
    let list = async |tx: &mut Tx| authority::store::list(tx).await;
    for row in app.site.db.read(list).await? {
        bag.certificates.push(authority::parse(&row.der)?);
        bag.crls.extend(validation::list_of(app, &row.id, now).await?);
    }
    Ok(bag)
}
