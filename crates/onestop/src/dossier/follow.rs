//! Following a dossier by its code, without signing in: status and dates only. Codes run in
//! order, so guessing is slowed: misses of one address count, and the waits grow.

use base::Instant;
use db::{Act, Actor, Tx};
use directory::signin::Address;
use web::{Problem, throttle};

use super::{Dossier, store};
use crate::App;

/// The dossier with this code, for somebody who may know only its public side.
/// Misses are counted by the caller's address, which is kept as a hash.
pub async fn follow(app: &App, from: &Address, code: &str, now: Instant) -> Result<Dossier, Problem> {
    let code = plain(code);
    let key = format!("track:{}", from.0);
    let (asked, guarded) = (code.clone(), key.clone());
    let found = app
        .site
        .db
        .read(async move |tx: &mut Tx| -> Result<Option<Dossier>, Problem> {
            throttle::check(tx, &guarded, now).await?;
            if let Some(found) = store::find(tx, &asked).await? {
                return Ok(Some(found));
            }
            // The code that the dossier had in an earlier system.
            match crate::takeover::store::find_code(tx, &asked).await? {
                Some(code) => Ok(store::find(tx, &code).await?),
                None => Ok(None),
            }
        })
        .await?;
    if let Some(dossier) = found {
        return Ok(dossier);
    }
    let act = Act::new(Actor::Anonymous, "onestop.track-missed", "", now);
    app.site
        .db
        .write(act, async move |tx: &mut Tx| -> Result<u32, Problem> {
            Ok(throttle::failed(tx, &key, now).await?)
        })
        .await?;
    Err(Problem::NotFound)
}

/// A code as people type it: spaces gone, letters upper case, any dash a hyphen.
pub fn plain(code: &str) -> String {
    code.chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| if matches!(c, '–' | '—' | '‑') { '-' } else { c.to_ascii_uppercase() })
        .take(60)
        .collect()
}
