//! Secrets of other systems, kept under the installation's secret beside its private keys. A system has a few
//! bytes sealed, keeps the sealed ones in its own write, and has them opened again when it needs them. How
//! they are wrapped stands in `KEYS.md`. Nothing here knows what the bytes are for.

use std::path::PathBuf;

use base::{Id, Instant};
use db::{Db, Tx, args};
use web::Problem;

pub use pki::key::Secret;

use crate::key::Keyring;

enum SecretId {}

db::record! {
    /// A secret as it is kept.
    pub struct Sealed {
        /// The id of its row.
        id: String,
        /// The bytes, wrapped.
        wrapped: Vec<u8>,
    }
}

/// Seals and opens. Cloning is cheap.
#[derive(Clone)]
pub struct Safe(Keyring);

impl Safe {
    /// Under the secret in this file, which is made with the first key or secret of an installation.
    pub fn new(place: PathBuf) -> Safe {
        Safe(Keyring::new(place))
    }

    /// With the keys that are open already.
    pub(crate) fn of(keys: Keyring) -> Safe {
        Safe(keys)
    }

    /// These bytes, sealed. They are kept once [`save`] has been called in a write: sealing is slow by
    /// design and belongs in none.
    ///
    /// # Errors
    /// `TryLater` when the file of the installation's secret is lost, unfit or another one than that under
    /// which keys are wrapped; the store's.
    pub async fn seal(&self, db: &Db, bytes: Secret) -> Result<Sealed, Problem> {
        let id = Id::<SecretId>::fresh().to_string();
        let wrapped = self.0.wrap(db, id.clone(), bytes).await?;
        Ok(Sealed { id, wrapped })
    }

    /// What is in it.
    ///
    /// # Errors
    /// `TryLater` when it does not open under the installation's secret.
    pub async fn open(&self, sealed: Sealed) -> Result<Secret, Problem> {
        self.0.unwrap_bytes(sealed.id, sealed.wrapped).await
    }
}

/// Keeps it. `made_for` is a word for people who look at the table.
pub async fn save(tx: &mut Tx, sealed: &Sealed, made_for: &str, now: Instant) -> db::Result<()> {
    tx.change_one(
        "insert into trust_secret (id, made_for, wrapped, made_at) values ($1, $2, $3, $4)",
        args![sealed.id, made_for, sealed.wrapped, now],
    )
    .await
}

/// The one with this id.
pub async fn get(tx: &mut Tx, id: &str) -> db::Result<Sealed> {
    tx.get("select id, wrapped from trust_secret where id = $1", args![id]).await
}

/// Lets it go for good; twice is once.
pub async fn forget(tx: &mut Tx, id: &str) -> db::Result<()> {
    tx.change("delete from trust_secret where id = $1", args![id]).await.map(drop)
}
