//! What this system keeps for a person follows the person: dossiers without an account go to the account that
//! is confirmed with their number and name, and what an account has goes to the one it leads to, and back.
//! Logs stay as they are: they tell who did something, not whose it is.
//! law: identity/one-person

pub mod store;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use base::Instant;
use contracts::directory as event;
use db::deliver::{self, Listener};
use db::outbox::Event;
use db::{Act, Db, Tx};
use directory::account::duplicates::store::{Whole, find};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use web::Problem;
use web::site::Holdings;
use web::words::Words;

use crate::App;
use crate::vault::rules::unclaimed;

/// Who hears of the directory, and of what.
const LISTENER: &str = "onestop.people";
const TOPICS: [&str; 3] = [event::ACCOUNT_CONFIRMED, event::ACCOUNTS_MERGED, event::ACCOUNTS_PARTED];

/// The words of this file.
pub static WORDS: LazyLock<Words> = LazyLock::new(|| {
    Words::load(include_str!("../words/people.vi.toml"), include_str!("../words/people.en.toml"))
});

fn say(key: &str, args: &[(&str, &str)]) -> String {
    WORDS.t(key, args)
}

/// Follows what the directory finds out about people.
pub fn listener(app: &App) -> Listener {
    let clock = app.site.clock.clone();
    Listener::new(LISTENER, &TOPICS, move |db, event| {
        let now = clock.now();
        async move { follow(&db, event, now).await }
    })
}

async fn follow(db: &Db, event: Event, now: Instant) -> Result<(), String> {
    let act = Act::system("onestop.follow-person", event.aggregate.clone(), now);
    let write = async move |tx: &mut Tx| -> Result<(), Problem> {
        if !deliver::seen(tx, LISTENER, &event).await? {
            return Ok(());
        }
        take(tx, &event).await
    };
    db.write(act, write).await.map_err(|e| format!("{e:?}"))
}

/// What one event makes of the rows here. They moved when the directory said so, whenever that is heard:
/// what was done in between was done by the person they are now.
async fn take(tx: &mut Tx, event: &Event) -> Result<(), Problem> {
    match event.topic.as_str() {
        event::ACCOUNT_CONFIRMED => {
            let told: event::AccountConfirmed = event.read().map_err(Problem::fault)?;
            let Some(person) = find(tx, &told.account).await? else { return Ok(()) };
            store::claim(tx, &told.account, &named(&person), &told.account, told.at).await?;
        }
        event::ACCOUNTS_MERGED => {
            let told: event::AccountsMerged = event.read().map_err(Problem::fault)?;
            store::hand_over(tx, &told.merge, &told.goes, &told.stays, told.at).await?;
            if let Some(goes) = find(tx, &told.goes).await? {
                // What waited for the one that goes waits for nobody now.
                store::claim(tx, &told.merge, &named(&goes), &told.stays, told.at).await?;
                if let Some(number) = goes.number() {
                    let waiting = unclaimed(number, &goes.name);
                    store::hand_vault(tx, &told.merge, &waiting, &told.stays, told.at).await?;
                }
            }
        }
        event::ACCOUNTS_PARTED => {
            let told: event::AccountsMerged = event.read().map_err(Problem::fault)?;
            store::hand_back(tx, &told.merge, &told.stays, told.at).await?;
        }
        other => return Err(Problem::fault(format!("an event nobody asked for: {other}"))),
    }
    Ok(())
}

/// Number and folded name: both must fit, since a number alone may have been mistyped.
fn named(person: &Whole) -> (String, String) {
    (person.number().unwrap_or_default().to_string(), person.name_folded.clone())
}

/// What this system keeps for accounts, for whoever compares two.
pub fn holdings() -> Holdings {
    Holdings { count, used }
}

fn count<'t>(tx: &'t mut Tx, account: &'t str) -> LocalBoxFuture<'t, db::Result<Vec<(String, i64)>>> {
    async move {
        let held = store::count(tx, account).await?;
        let line = |(word, n): (&str, i64)| (say(&format!("held.{word}"), &[]), n);
        Ok(held.into_iter().map(line).collect())
    }
    .boxed_local()
}

fn used<'t>(tx: &'t mut Tx, merge: &'t str) -> LocalBoxFuture<'t, db::Result<bool>> {
    store::used(tx, merge).boxed_local()
}

/// What confirming this person will bring to the account, and what it leaves, in sentences for the clerk.
pub async fn waiting(tx: &mut Tx, number: &str, name: &str) -> Result<Vec<String>, Problem> {
    let folded = base::text::fold(name);
    let (fits, other) = store::waiting(tx, number, &folded).await?;
    let said = |key: &str, n: i64| (n > 0).then(|| say(key, &[("n", &n.to_string())]));
    Ok([said("waiting.fits", fits), said("waiting.other", other)].into_iter().flatten().collect())
}
