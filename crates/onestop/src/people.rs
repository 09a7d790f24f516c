//! What this system keeps for a person follows the person: dossiers without an account go to the account
//! that is confirmed with their number and name, and what an account has goes to the one it leads to, and
//! back. Logs stay as they are: they tell who did something, not whose it is. Applicants without an account
//! are known here by what is written in their dossiers, so that the directory finds one who stands in them
//! twice.
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
use directory::{AccountId, Person};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use web::Problem;
use web::site::{Holdings, Unregistered};
use web::words::Words;

use self::store::Written;
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
            store::claim(tx, &told.account, &written(&person), &told.account, told.at).await?;
        }
        event::ACCOUNTS_MERGED => {
            let told: event::AccountsMerged = event.read().map_err(Problem::fault)?;
            store::hand_over(tx, &told.merge, &told.goes, &told.stays, told.at).await?;
            if let Some(goes) = find(tx, &told.goes).await? {
                // What waited for the one that goes waits for nobody now.
                store::claim(tx, &told.merge, &written(&goes), &told.stays, told.at).await?;
                if let Some(number) = goes.number() {
                    let waiting = unclaimed(number, &goes.name);
                    store::hand_vault(tx, &told.merge, &waiting, &told.stays, told.at).await?;
                }
            }
            if let Some(stays) = find(tx, &told.stays).await?.filter(Person::is_known) {
                store::claim(tx, &told.merge, &written(&stays), &told.stays, told.at).await?;
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

/// The person behind an account, if there is one.
async fn find(tx: &mut Tx, account: &str) -> db::Result<Option<Person>> {
    let Ok(id) = account.parse::<AccountId>() else { return Ok(None) };
    match directory::person(tx, id).await {
        Ok(person) => Ok(Some(person)),
        Err(db::Error::NotFound) => Ok(None),
        Err(e) => Err(e),
    }
}

/// How this person is written in a dossier that is theirs.
fn written(person: &Person) -> Written {
    Written {
        number: person.number().unwrap_or_default().to_string(),
        folded: person.name_folded.clone(),
        phone: person.phone.clone().unwrap_or_default(),
    }
}

/// What this system keeps for accounts and for people without one, for whoever compares two.
pub fn holdings() -> Holdings {
    Holdings { count, used, unregistered, find: find_unregistered }
}

/// What an account has, and what waits for its number and name.
fn count<'t>(tx: &'t mut Tx, account: &'t str) -> LocalBoxFuture<'t, db::Result<Vec<(String, i64)>>> {
    async move {
        let mut held = store::count(tx, account).await?;
        if let (Some(person), Some((_, dossiers))) = (find(tx, account).await?, held.first_mut()) {
            *dossiers += store::count_written(tx, &written(&person)).await?;
        }
        Ok(said(held))
    }
    .boxed_local()
}

fn said(held: Vec<(&'static str, i64)>) -> Vec<(String, i64)> {
    held.into_iter().map(|(word, n)| (say(&format!("held.{word}"), &[]), n)).collect()
}

fn unregistered(tx: &mut Tx) -> LocalBoxFuture<'_, db::Result<Vec<Unregistered>>> {
    async move {
        let names = store::list_alike_names(tx).await?;
        let numbers = store::list_alike_numbers(tx).await?;
        let mut rows = store::list_named(tx, &names).await?;
        rows.extend(store::list_numbered(tx, &numbers).await?);
        rows.sort_by(|a, b| a.code.cmp(&b.code));
        rows.dedup_by(|a, b| a.code == b.code);
        Ok(rows.into_iter().map(person_of).collect())
    }
    .boxed_local()
}

/// By the code of a dossier, or by a number under which one name stands.
fn find_unregistered<'t>(
    tx: &'t mut Tx,
    text: &'t str,
) -> LocalBoxFuture<'t, db::Result<Option<Unregistered>>> {
    async move {
        let text = text.trim().to_uppercase();
        let wanted = match store::find_written(tx, &text).await? {
            Some(wanted) => wanted,
            None => match <[Written; 1]>::try_from(store::list_written(tx, &text).await?) {
                Ok([wanted]) => wanted,
                Err(_) => return Ok(None),
            },
        };
        let Some(row) = store::find_unregistered(tx, &wanted).await? else { return Ok(None) };
        let mut held = store::count(tx, "").await?;
        if let Some((_, dossiers)) = held.first_mut() {
            *dossiers = store::count_written(tx, &wanted).await?;
        }
        Ok(Some(Unregistered { held: said(held), ..person_of(row) }))
    }
    .boxed_local()
}

fn person_of(row: store::Row) -> Unregistered {
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    Unregistered {
        key: row.code,
        name: row.name,
        number: some(row.number),
        phone: some(row.phone),
        email: some(row.email),
        address: some(row.address),
        since: row.since,
        held: Vec::new(),
    }
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
