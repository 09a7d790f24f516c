//! What every page and every API answer of Cửu Long shares: the shells, sessions, forms, problems,
//! assets, icons, formats and the layers around the router. No system is known here; what a system
//! wants shown (navigation, counts, modules) comes in as data.

// Templates of other crates extend our shells and name our items by `web::`; so do ours.
extern crate self as web;

pub mod assets;
pub mod back;
pub mod csrf;
pub mod due;
pub mod fields;
pub mod filters;
pub mod form;
pub mod icon;
pub mod idempotent;
pub mod kept;
pub mod lang;
pub mod layers;
pub mod page;
pub mod posted;
pub mod problem;
pub mod programs;
pub mod request;
pub mod secret;
pub mod sentence;
pub mod session;
pub mod site;
pub mod throttle;
pub mod upload;
pub mod words;

pub use form::{Form, RawForm};
pub use layers::layers;
pub use page::Shell;
pub use problem::{FieldError, Message, Problem};
pub use programs::programs;
pub use request::{Json, Path, Query};
pub use session::{MaybeSigned, Signed};
pub use site::{Brand, Site};
pub use upload::Upload;

use axum::Router;
use base::Instant;
use db::{Migration, Tx};

/// The tables of this crate: `session`, `kept_form`, `throttle`, `idempotency`.
pub fn migrations() -> Vec<Migration> {
    vec![Migration { system: "web", name: "0001_web", sql: include_str!("../migrations/0001_web.sql") }]
}

/// The pages of this crate: assets, licences, the choice of language, and the page that sends a kept
/// form again.
pub fn routes(site: &Site) -> Router {
    assets::routes().merge(lang::routes(site)).merge(kept::routes(site))
}

/// Deletes rows nobody can use any more; the roof calls it in `db.upkeep` from a daily
/// job. Returns how many went.
pub async fn sweep(tx: &mut Tx, now: Instant) -> Result<u64, db::Error> {
    Ok(session::sweep(tx, now).await?
        + kept::sweep(tx, now).await?
        + throttle::sweep(tx, now).await?
        + idempotent::sweep(tx, now).await?)
}

#[cfg(test)]
mod tests;
