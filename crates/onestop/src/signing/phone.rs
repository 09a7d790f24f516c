//! Signing on the telephone (SIM PKI): the chosen results go to the phone one after the other, each when the
//! one before it is signed. The page shows the digits that the phone shows; whoever has compared them
//! confirms there. One that is refused, or not answered in time, stops the round until its owner sends it
//! again.
//!
//! All of it is rows: the request to the operator is put in the write that says that the result waits for it,
//! so a round goes on at any node, from its page or from the job.

pub mod pages;
pub mod rules;
mod store;

use std::time::Duration;

use base::{Id, Instant};
use db::jobs::Handler;
use db::{Act, Actor, Db, Tx};
use directory::AccountId;
use trust::mobile::{self, Card, Ticket, Wish};
use trust::signing::{Device, Part};
use web::{FieldError, Problem};

use self::rules::{Next, State, next};
use self::store::{Item, Ready, Request};
use super::store::{Line, Signature, find_paper, is_waiting};
use super::{Album, Sheet, device, draw, word};
use crate::App;
use crate::words_office::{kept, say};

pub enum RequestKind {}
/// The id of a round.
pub type RequestId = Id<RequestKind>;

/// Results in one round. Ours: each wants a look at the phone.
pub const BATCH_MAX: usize = 20;
/// How long a round can be read again, in hours.
const KEPT_HOURS: i64 = 24;
/// Rounds forgotten at a time.
const SWEPT_MAX: i64 = 200;

/// Begins a round with these results. Nothing goes to the phone yet: [`go_on`] does that.
///
/// # Errors
/// Refusals at the fields `result` (none chosen, too many) and `credential` (no line to an operator, a key
/// that signs no documents); the store's.
pub async fn start(
    app: &App,
    lines: Vec<Line>,
    with: &Card,
    by: &directory::Viewer,
) -> Result<RequestId, Problem> {
    if lines.is_empty() || lines.len() > BATCH_MAX {
        let most = BATCH_MAX.to_string();
        let key = if lines.is_empty() { "signing.none_chosen" } else { "signing.phone_too_many" };
        return Err(Problem::Invalid(vec![FieldError::new("result", say(key, &[("most", &most)]))]));
    }
    if !has_operator(app) {
        return Err(Problem::field("credential", say("signing.phone_no_line", &[])));
    }
    if with.device().algorithm().is_none() {
        return Err(Problem::field("credential", say("signing.device_kind", &[])));
    }
    let now = app.site.clock.now();
    let (id, account) = (RequestId::fresh(), by.account.to_string());
    let request = Request { id, account, certificate: with.id.clone(), made_at: now };
    let mut tasks = Vec::new();
    for line in lines {
        tasks.push((line.task(), device::what(app, &line, kept)?));
    }
    let write = async move |tx: &mut Tx| store::save(tx, &request, &tasks).await;
    app.site.db.write(by.act("onestop.begin-phone-signing", &with.id, now), write).await?;
    Ok(id)
}

/// The newest round of an official that is not over.
///
/// # Errors
/// The store's.
pub async fn find_open(tx: &mut Tx, account: &AccountId) -> db::Result<Option<RequestId>> {
    store::find_open(tx, &account.to_string()).await
}

/// Whether anybody carries requests to telephones.
pub fn has_operator(app: &App) -> bool {
    app.trust.as_ref().is_some_and(|trust| trust.mobile.operator.is_some())
}

/// A round as it stands.
pub struct Round {
    /// Its results.
    items: Vec<Item>,
    /// What the phone is asked now.
    ticket: Option<Ticket>,
    /// Why the phone is not asked now, though results wait.
    held_up: Option<String>,
}

impl Round {
    fn states(&self) -> Vec<State> {
        self.items.iter().map(|item| item.state).collect()
    }
}

/// Takes a round as far as it goes now: hears what became of the result that the phone is asked about, puts
/// the signature into its file, and asks about the next one.
///
/// # Errors
/// `NotFound` when there is no such round; the store's.
pub async fn go_on(app: &App, id: RequestId) -> Result<Round, Problem> {
    // Each turn moves one result on, here or at another node.
    for _ in 0..3 * BATCH_MAX {
        let now = app.site.clock.now();
        let (request, items) = read(app, id).await?;
        let states: Vec<State> = items.iter().map(|item| item.state).collect();
        let (ticket, held_up) = match next(&states) {
            Next::Follow(n) => match follow(app, &request, &items[n], now).await? {
                Some(ticket) => (Some(ticket), None),
                None => continue,
            },
            Next::Ask(n) => match ask(app, &request, &items[n], now).await {
                Ok(()) => continue,
                Err(Problem::Refused(why)) => (None, Some(why.outside)),
                Err(other) => return Err(other),
            },
            Next::Stopped | Next::Over => (None, None),
        };
        return Ok(Round { items, ticket, held_up });
    }
    Err(Problem::fault("a round of signatures does not come to an end"))
}

async fn read(app: &App, id: RequestId) -> Result<(Request, Vec<Item>), Problem> {
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        let request = store::find(tx, id).await?.ok_or(Problem::NotFound)?;
        Ok((request, store::list_items(tx, id).await?))
    };
    app.site.db.read(read).await
}

fn account(request: &Request) -> Result<AccountId, Problem> {
    request.account.parse().map_err(|_| Problem::fault("a kept account's id"))
}

/// The card that a round signs with, while it is in use.
async fn card(app: &App, request: &Request, now: Instant) -> Result<Option<Card>, Problem> {
    let (account, wanted) = (account(request)?, request.certificate.clone());
    let read = async move |tx: &mut Tx| -> Result<Option<Card>, Problem> {
        let all = mobile::cards(tx, &account, now).await?;
        Ok(all.into_iter().find(|card| card.id == wanted))
    };
    app.site.db.read(read).await
}

fn act(request: &Request, verb: &'static str, subject: impl ToString, now: Instant) -> Act {
    Act::new(Actor::Account(request.account.clone()), verb, subject.to_string(), now)
}

/// Prepares a waiting result and puts the request to its owner's phone beside it.
///
/// # Errors
/// A refusal that says why the phone cannot be asked now; the store's.
async fn ask(app: &App, request: &Request, item: &Item, now: Instant) -> Result<(), Problem> {
    let refused = |key: &'static str| Problem::refused(say(key, &[]), format!("refused: {key}"));
    if !has_operator(app) {
        return Err(refused("signing.phone_no_line"));
    }
    let card = card(app, request, now).await?.ok_or_else(|| refused("signing.phone_unusable"))?;
    let with = card.device();
    let (asked, owner) = (item.clone(), account(request)?);
    let act = act(request, "onestop.ask-phone", item.task.dossier, now);
    let look = (Part::Person, card.holder.as_str());
    let Some(sheet) = super::sheet(app, &mut Album::default(), item.task.clone(), look, now).await? else {
        return overtaken(app, request.id, item, act).await;
    };
    let Sheet { before, bytes, look, .. } = sheet;
    let preparing = with.clone();
    let made = tokio::task::spawn_blocking(move || draw::prepared(&bytes, &look, &preparing));
    let draw::Prepared { file, hash, drawn } = made.await.map_err(Problem::fault)??;
    let algorithm = with.algorithm().ok_or_else(|| refused("signing.device_kind"))?;
    let to_sign = with.draft().to_sign(&hash, algorithm).bytes().to_vec();
    let prepared = app.site.blobs.store(&app.site.db, act.clone(), file).await?;
    let (id, hash, drawn) = (request.id, device::hex(&hash), drawn.map(draw::place_text));
    let write = async move |tx: &mut Tx| -> Result<(), Problem> {
        if !store::is_in(tx, id, asked.n, State::Waiting).await? {
            // Another node was first.
            return Ok(());
        }
        if !is_waiting(tx, &asked.task).await? {
            store::save_moved(tx, id, &asked, (State::Waiting, State::Overtaken)).await?;
            return Ok(());
        }
        let wish = Wish { text: asked.what.clone(), to_sign: to_sign.clone() };
        let ticket = mobile::put(tx, &card, wish, &owner, now).await?.id;
        let ready = Ready { ticket, before, prepared, hash: hash.clone(), drawn: drawn.clone() };
        db::blobs::commit(tx, &prepared).await?;
        Ok(store::save_asked(tx, id, asked.n, &ready).await?)
    };
    app.site.db.write(act, write).await
}

/// The paper of a waiting result is not there any more.
async fn overtaken(app: &App, id: RequestId, item: &Item, act: Act) -> Result<(), Problem> {
    let item = item.clone();
    let to = (State::Waiting, State::Overtaken);
    let write = async move |tx: &mut Tx| -> Result<(), Problem> {
        Ok(store::save_moved(tx, id, &item, to).await.map(drop)?)
    };
    app.site.db.write(act, write).await
}

/// Hears what became of the result that the phone is asked about; the request while it is under way.
async fn follow(app: &App, request: &Request, item: &Item, now: Instant) -> Result<Option<Ticket>, Problem> {
    let trust = app.trust.as_ref().ok_or(Problem::NotFound)?;
    let ready =
        item.ready.clone().ok_or_else(|| Problem::fault("a result was asked about without a file"))?;
    let ticket = mobile::follow(trust, &ready.ticket, &account(request)?, now).await?;
    let Some(to) = rules::after(ticket.state) else { return Ok(Some(ticket)) };
    // A certificate that is not in use any more signs nothing, whenever its owner has confirmed.
    let to_sign = match (to, ticket.signature, card(app, request, now).await?) {
        (State::Signed, Some(signature), Some(card)) => Some((signature, card.device())),
        _ => None,
    };
    match to_sign {
        Some((signature, with)) => sign(app, request, item, (ready, with, signature), now).await?,
        None => {
            let to = if to == State::Signed { State::Failed } else { to };
            let (id, item) = (request.id, item.clone());
            let act = act(request, "onestop.end-phone-signing", item.task.dossier, now);
            let write = async move |tx: &mut Tx| store::save_moved(tx, id, &item, (State::Asked, to)).await;
            app.site.db.write(act, write).await?;
        }
    }
    Ok(None)
}

/// Puts the phone's signature into the file that lies ready.
async fn sign(
    app: &App,
    request: &Request,
    item: &Item,
    (ready, with, signature): (Ready, Device, Vec<u8>),
    now: Instant,
) -> Result<(), Problem> {
    let prepared = app.site.blobs.get_kept(&ready.prepared).await?;
    let (hash, signer) = (ready.hash, with.clone());
    let made = tokio::task::spawn_blocking(move || device::filled(&prepared, &hash, &signer, &signature));
    let bytes = made.await.map_err(Problem::fault)??;
    let row = Signature {
        part: word(Part::Person).into(),
        certificate: with.id,
        holder: with.holder,
        account: request.account.clone(),
        before: ready.before,
        // Known once the file is stored.
        sha256: ready.before,
        at: now,
        drawn: ready.drawn,
    };
    let (id, ended, before) = (request.id, item.clone(), ready.before);
    let also = async move |tx: &mut Tx| -> Result<bool, Problem> {
        let paper = find_paper(tx, ended.task.dossier, ended.task.ordinal).await?;
        let stands = is_waiting(tx, &ended.task).await? && paper.is_some_and(|paper| paper.sha256 == before);
        let to = if stands { State::Signed } else { State::Overtaken };
        // Another node may have done it.
        Ok(store::save_moved(tx, id, &ended, (State::Asked, to)).await? && stands)
    };
    let act = act(request, "onestop.sign-result", item.task.dossier, now);
    super::keep(app, act, (item.task.clone(), row), bytes, also).await.map(drop)
}

/// What the owner of a round says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// What was not signed goes to the phone again.
    Again,
    /// What waits is not sent any more.
    Stop,
}

/// The owner's word about a round. What the phone is asked now goes on.
///
/// # Errors
/// The store's.
pub async fn say_of(app: &App, id: RequestId, said: Word, by: &directory::Viewer) -> Result<(), Problem> {
    let now = app.site.clock.now();
    let write = async move |tx: &mut Tx| -> Result<(), Problem> {
        for item in store::list_items(tx, id).await? {
            let to = match said {
                Word::Again if item.state.may_repeat() => State::Waiting,
                Word::Stop if item.state == State::Waiting => State::Dropped,
                _ => continue,
            };
            store::save_moved(tx, id, &item, (item.state, to)).await?;
        }
        Ok(())
    };
    app.site.db.write(by.act("onestop.repeat-phone-signing", id, now), write).await
}

/// Whether a round is this account's.
///
/// # Errors
/// `NotFound` for others'; the store's.
pub async fn must_be_of(app: &App, id: RequestId, account: &AccountId) -> Result<(), Problem> {
    let (request, _) = read(app, id).await?;
    match request.account == account.to_string() {
        true => Ok(()),
        false => Err(Problem::NotFound),
    }
}

/// Every minute rounds go on in which a phone is asked: whoever began them may have left the page, and a node
/// may have died in between. Every hour old ones are forgotten.
pub fn handlers(app: &App) -> Vec<Handler> {
    let (settling, clock) = (app.clone(), app.site.clock.clone());
    let settle = move |_, _| {
        let app = settling.clone();
        async move { settle(&app).await }
    };
    let forget = move |db: Db, _| {
        let now = clock.now();
        async move { sweep(&db, now).await.map_err(|e| e.to_string()) }
    };
    vec![
        Handler::new("onestop.settle-phones", settle).every(Duration::from_secs(60)),
        Handler::new("onestop.forget-phone-rounds", forget).every(Duration::from_secs(3600)),
    ]
}

async fn settle(app: &App) -> Result<(), String> {
    let asked = app.site.db.read(async |tx: &mut Tx| store::list_asked(tx).await).await;
    let mut failed = None;
    for id in asked.map_err(|e: db::Error| e.to_string())? {
        // One that cannot be settled does not hold up the others.
        if let Err(problem) = go_on(app, id).await {
            failed = Some(problem.to_string());
        }
    }
    failed.map_or(Ok(()), Err)
}

/// Forgets rounds of the day before.
async fn sweep(db: &Db, now: Instant) -> Result<(), Problem> {
    let before = now.plus_minutes(-KEPT_HOURS * 60);
    let old = db.read(async move |tx: &mut Tx| store::list_old(tx, before, SWEPT_MAX).await).await?;
    if old.is_empty() {
        return Ok(());
    }
    let forget = async move |tx: &mut Tx| -> Result<(), Problem> {
        for id in &old {
            store::delete(tx, *id).await?;
        }
        Ok(())
    };
    db.write(Act::system("onestop.forget-phone-rounds", "", now), forget).await
}
