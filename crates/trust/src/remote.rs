//! Signing from afar (ký từ xa): programs of officials have hashes and documents signed with keys that are
//! kept here. A PIN authorises hashes, named before it is given; what it gave is used once, for these
//! alone, within minutes, at whichever node. `REMOTE.md` has the protocol.

pub mod api;
pub mod csc;
mod document;
mod look;
pub mod pages;
pub mod rules;
pub mod store;
#[cfg(test)]
mod tests;
mod words;

use base::{Id, Instant};
use db::{Db, Tx};
use directory::AnyOfficial;
use web::secret::{sha256_hex, token};
use web::{Message, Problem};

use self::rules::{LIFE_SECONDS, NotAllowed, State, Step, WAIT_MINUTES, WAITING_MAX, after};
use self::store::{New, Row};
pub(crate) use self::words::{kept, say};
use crate::App;
use crate::signing::{self, Credential, PinTry};

enum AuthorisationId {}

/// The routes of this feature.
pub fn routes() -> axum::Router<App> {
    csc::routes().merge(api::routes()).merge(pages::routes())
}

/// What is to be signed: hashes, all as long as the first, and what they are called.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// The hashes themselves.
    pub hashes: Vec<Vec<u8>>,
    /// The name of each document; empty where the program gave none.
    pub labels: Vec<String>,
    /// What the program says of all of it.
    pub description: String,
}

impl Row {
    /// Where it stands.
    pub fn stands(&self, now: Instant) -> State {
        State::of(&self.state, self.ends_at <= now)
    }

    /// Its hashes.
    pub fn list_hashes(&self) -> Vec<Vec<u8>> {
        let length = usize::try_from(self.hash_bytes).unwrap_or(0).max(1);
        self.hashes.chunks(length).map(<[u8]>::to_vec).collect()
    }

    /// The name of each of them.
    pub fn list_labels(&self) -> Vec<String> {
        serde_json::from_str(&self.labels).unwrap_or_default()
    }
}

/// Too many of one official are made at once, here as everywhere signatures are judged.
fn count(app: &App, by: &AnyOfficial, now: Instant) -> Result<(), Problem> {
    app.validation.count(&format!("remote:{}", by.viewer.account), 1, now)
}

/// Begins a row: at once granted, or waiting for its owner.
async fn begin(
    app: &App,
    credential: &Credential,
    wish: &Wish,
    (state, secret): (State, &str),
    by: &AnyOfficial,
    now: Instant,
) -> Result<(), Problem> {
    let (id, hash) = (Id::<AuthorisationId>::fresh().to_string(), sha256_hex(secret.as_bytes()));
    let (verb, ends_at) = match state {
        State::Granted => ("trust.remote-authorise", now.plus_seconds(LIFE_SECONDS)),
        _ => ("trust.remote-ask", now.plus_minutes(WAIT_MINUTES)),
    };
    let (account, certificate) = (by.viewer.account.to_string(), credential.id.clone());
    let labels = serde_json::to_string(&wish.labels).map_err(Problem::fault)?;
    let (hashes, description) = (wish.hashes.concat(), wish.description.clone());
    let hash_bytes = wish.hashes.first().map_or(0, Vec::len);
    let act = by.act(verb, &id, now);
    let write = async move |tx: &mut Tx| -> Result<(), Problem> {
        let waits = state == State::Asked;
        if waits && store::count_waiting(tx, &account, now).await? >= WAITING_MAX {
            return Err(Problem::refused(say("too_many_wait", &[]), "too many authorisations wait"));
        }
        let new = New {
            id: &id,
            account: &account,
            certificate: &certificate,
            state: state.word(),
            hash_bytes,
            hashes: &hashes,
            labels: &labels,
            description: &description,
            handle: waits.then_some(hash.as_str()),
            sad: (!waits).then_some(hash.as_str()),
            ends_at,
        };
        Ok(store::save(tx, &new, now).await?)
    };
    app.site.db.write(act, write).await
}

/// Authorises with a PIN that the program sends; the SAD, or what the PIN was instead.
///
/// # Errors
/// `TooMany`; the store's.
pub async fn authorise(
    app: &App,
    credential: &Credential,
    wish: &Wish,
    pin: &str,
    by: &AnyOfficial,
    now: Instant,
) -> Result<Result<String, PinTry>, Problem> {
    count(app, by, now)?;
    let act = by.act("trust.open-key", &credential.id, now);
    match signing::try_pin(&app.site.db, credential, pin, act).await? {
        PinTry::Right => {}
        other => return Ok(Err(other)),
    }
    let sad = token();
    begin(app, credential, wish, (State::Granted, &sad), by, now).await?;
    Ok(Ok(sad))
}

/// Asks the owner, who reads on a page what it is and gives the PIN there; the handle by which the program
/// asks again.
///
/// # Errors
/// `Refused` when too many wait; `TooMany`; the store's.
pub async fn ask(
    app: &App,
    credential: &Credential,
    wish: &Wish,
    by: &AnyOfficial,
    now: Instant,
) -> Result<String, Problem> {
    count(app, by, now)?;
    let handle = token();
    begin(app, credential, wish, (State::Asked, &handle), by, now).await?;
    Ok(handle)
}

fn not_allowed(NotAllowed(state, step): NotAllowed) -> Problem {
    let outside = say(&format!("not_from.{}", state.word()), &[]);
    Problem::Refused(Message::new(outside, format!("an authorisation does not move: {step:?}")))
}

/// The owner gives the PIN on the page, for what stands there. `seen` is the version on it.
///
/// # Errors
/// `NotFound` for others' and for keys that sign no more; refusals at `pin`; `Stale`; the store's.
pub async fn grant(
    app: &App,
    id: &str,
    pin: &str,
    seen: i64,
    by: &AnyOfficial,
    now: Instant,
) -> Result<(), Problem> {
    let row = get(&app.site.db, id, by).await?;
    after(row.stands(now), Step::Grant).map_err(not_allowed)?;
    let credential = signing::pages::one(app, by, &row.certificate).await?;
    let act = by.act("trust.open-key", &credential.id, now);
    signing::must_be_right(signing::try_pin(&app.site.db, &credential, pin, act).await?)?;
    step(app, id, (Step::Grant, seen), by.act("trust.remote-authorise", id, now), by, now).await
}

/// The owner says no, or takes back what is not used yet.
///
/// # Errors
/// `NotFound` for others'; `Refused` when it is too late; `Stale`; the store's.
pub async fn refuse(app: &App, id: &str, seen: i64, by: &AnyOfficial, now: Instant) -> Result<(), Problem> {
    step(app, id, (Step::Refuse, seen), by.act("trust.remote-refuse", id, now), by, now).await
}

async fn step(
    app: &App,
    id: &str,
    (step, seen): (Step, i64),
    act: db::Act,
    by: &AnyOfficial,
    now: Instant,
) -> Result<(), Problem> {
    let (id, account) = (id.to_string(), by.viewer.account.to_string());
    let write = async move |tx: &mut Tx| -> Result<(), Problem> {
        let row = store::find(tx, &id, &account).await?.ok_or(Problem::NotFound)?;
        if row.version != seen {
            return Err(Problem::Stale);
        }
        let to = after(row.stands(now), step).map_err(not_allowed)?;
        let ends_at = match to {
            State::Granted => now.plus_seconds(LIFE_SECONDS),
            _ => row.ends_at,
        };
        Ok(store::save_step(tx, &row, to.word(), ends_at, now).await?)
    };
    app.site.db.write(act, write).await
}

/// One of the official's own.
///
/// # Errors
/// `NotFound`; the store's.
pub async fn get(db: &Db, id: &str, by: &AnyOfficial) -> Result<Row, Problem> {
    let (id, account) = (id.to_string(), by.viewer.account.to_string());
    let row = db.read(async move |tx: &mut Tx| store::find(tx, &id, &account).await).await?;
    row.ok_or(Problem::NotFound)
}

/// What a program is told that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    /// The owner has not answered.
    Waits,
    /// The SAD, and for how many seconds it is good.
    Sad(String, i64),
    /// The owner said no.
    Refused,
    /// No such handle, or no more: it was answered, or nobody answered in time.
    Unknown,
}

/// What became of a handle. A SAD given before is worth nothing once another is given, so that a lost answer
/// can be asked for again.
///
/// # Errors
/// The store's.
pub async fn check(app: &App, handle: &str, by: &AnyOfficial, now: Instant) -> Result<Checked, Problem> {
    let (handle, account) = (sha256_hex(handle.as_bytes()), by.viewer.account.to_string());
    let (asked, owner) = (handle.clone(), account.clone());
    let read = async move |tx: &mut Tx| store::find_by_handle(tx, &asked, &owner).await;
    let Some(row) = app.site.db.read(read).await? else { return Ok(Checked::Unknown) };
    match row.stands(now) {
        State::Asked => return Ok(Checked::Waits),
        State::Refused => return Ok(Checked::Refused),
        State::Spent | State::Lapsed => return Ok(Checked::Unknown),
        State::Granted => {}
    }
    let (sad, left) = (token(), row.ends_at.since(now).as_secs());
    let hash = sha256_hex(sad.as_bytes());
    let act = by.act("trust.remote-hand-out", &row.id, now);
    let write = async move |tx: &mut Tx| -> Result<bool, Problem> {
        let row = store::find_by_handle(tx, &handle, &account).await?.ok_or(Problem::NotFound)?;
        let is_good = row.stands(now) == State::Granted;
        if is_good {
            store::save_sad(tx, &row, &hash).await?;
        }
        Ok(is_good)
    };
    let left = i64::try_from(left).unwrap_or(0);
    Ok(if app.site.db.write(act, write).await? { Checked::Sad(sad, left) } else { Checked::Unknown })
}

/// Why a SAD signs nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SadFault {
    /// It was never given, is another's or another key's, was used, or taken back.
    Unknown,
    /// It was not used in time.
    Lapsed,
    /// It stands for other hashes.
    Hashes,
}

/// Uses a SAD: from here on it is worth nothing, whatever becomes of the signatures. `asked` gets what was
/// authorised and says whether it covers what is to be signed; nothing is used when it does not.
///
/// # Errors
/// The store's.
pub async fn spend(
    app: &App,
    sad: &str,
    credential: &Credential,
    asked: impl Fn(&[Vec<u8>]) -> bool + Send + Sync + 'static,
    by: &AnyOfficial,
    now: Instant,
) -> Result<Result<(), SadFault>, Problem> {
    let (hash, account) = (sha256_hex(sad.as_bytes()), by.viewer.account.to_string());
    let certificate = credential.id.clone();
    let act = by.act("trust.remote-sign", &credential.id, now);
    let write = async move |tx: &mut Tx| -> Result<Result<(), SadFault>, Problem> {
        let row = store::find_by_sad(tx, &hash, &account).await?;
        let Some(row) = row.filter(|row| row.certificate == certificate) else {
            return Ok(Err(SadFault::Unknown));
        };
        let to = match (row.stands(now), after(row.stands(now), Step::Spend)) {
            (State::Lapsed, _) => return Ok(Err(SadFault::Lapsed)),
            (_, Err(_)) => return Ok(Err(SadFault::Unknown)),
            (_, Ok(to)) => to,
        };
        if !asked(&row.list_hashes()) {
            return Ok(Err(SadFault::Hashes));
        }
        store::save_step(tx, &row, to.word(), row.ends_at, now).await?;
        Ok(Ok(()))
    };
    app.site.db.write(act, write).await
}

/// Forgets what was authorised long ago.
///
/// # Errors
/// What the store said.
pub async fn sweep(db: &Db, now: Instant) -> Result<(), String> {
    let before = now.plus_days(-rules::KEPT_DAYS);
    let swept = db.upkeep(async move |tx: &mut Tx| store::sweep(tx, before).await).await;
    swept.map(drop).map_err(|e: db::Error| e.to_string())
}
