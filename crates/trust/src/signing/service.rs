//! Keys by which an agency signs what its system prints by itself: the service certificates of its units,
//! whose keys are here and open without a PIN, since nobody is there to give one.

use base::Instant;
use db::Tx;
use directory::UnitId;
use web::Problem;

use super::{Key, chain, hash_of, store};
use crate::{App, authority};

/// A service key, opened for one document.
pub struct Service {
    /// The service, as its certificate names it.
    pub holder: String,
    /// What signs.
    pub key: Key,
}

/// The service key of the first of these units that has one, for this document; none where no unit has.
///
/// # Errors
/// The store's; a fault when the certificate or the key cannot be read.
pub async fn service(
    app: &App,
    units: &[UnitId],
    document: &[u8],
    now: Instant,
) -> Result<Option<Service>, Problem> {
    let units: Vec<String> = units.iter().map(|unit| unit.as_str().to_string()).collect();
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        for unit in &units {
            if let Some(row) = store::find_service(tx, unit, now).await? {
                let chain = chain(tx, row.authority.as_deref()).await?;
                return Ok(Some((row, chain)));
            }
        }
        Ok(None)
    };
    let Some((row, chain)) = app.site.db.read(read).await? else { return Ok(None) };
    let key = Key {
        private: app.keys.signer(&app.site.db, &row.key).await?,
        certificate: authority::parse(&row.der)?,
        chain,
        hashes: vec![hash_of(document)],
    };
    Ok(Some(Service { holder: row.holder, key }))
}
