//! Signing on a telephone (SIM PKI): the key lies in a SIM card, and the mobile operator carries the hash
//! to it and the signature back. A page shows four digits; the phone shows the same, with the text of what
//! is signed; its owner confirms, refuses, or lets the time pass. Nothing is kept before the signature is
//! checked with the certificate of the register. `REMOTE.md` says more.
//!
//! Operators' own protocols are not public: [`Operator`] is what we need of one, and [`simulator`] plays it.

pub(crate) mod pages;
mod paper;
pub mod rules;
pub mod simulator;
mod store;
#[cfg(test)]
mod tests;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use base::number::Phone;
use base::{Id, Instant};
use db::jobs::Handler;
use db::{Act, Db, Tx};
use directory::AccountId;
use pki::{Certificate, Digest, SignatureAlgorithm};
use web::Problem;

pub use self::pages::PHONE;
use self::rules::{Heard, State, WAIT_SECONDS, after, code, shown};
use self::store::{Paper, Row};
use crate::remote::say;
use crate::signing::{Device, Part, algorithm_of};
use crate::{App, authority, signing};

enum RequestId {}

/// What an operator does in its own time.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = Result<T, Trouble>> + Send + 'a>>;

/// Why an operator does not do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It cannot be reached now: why, for the log.
    Unavailable(String),
    /// It says no to this request: why, for the log.
    Refused(String),
}

/// What goes to a phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Our own id: the same request asked again is one.
    pub request: String,
    /// The subscriber.
    pub number: String,
    /// What the screen says.
    pub shown: String,
    /// How the hash was made.
    pub digest: Digest,
    /// What is to be signed.
    pub hash: Vec<u8>,
    /// When nobody waits any more.
    pub ends_at: Instant,
}

/// What a phone has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing yet.
    Waits,
    /// Its owner said no.
    No,
    /// Its owner let the time pass.
    TooLate,
    /// The signature over the hash.
    Signed(Vec<u8>),
}

/// A mobile operator with SIM PKI: takes a request, and is asked what became of it.
pub trait Operator: Send + Sync {
    /// Sends it to the phone; the operator's own number of it. May be asked again with the same request.
    fn ask<'a>(&'a self, ask: &'a Ask) -> Later<'a, String>;

    /// What became of it.
    fn answer<'a>(&'a self, operator_no: &'a str) -> Later<'a, Answer>;
}

/// The line to an operator; none in an installation that has no contract with one.
#[derive(Clone, Default)]
pub struct Line {
    /// Who carries requests.
    pub operator: Option<Arc<dyn Operator>>,
    /// The same, where it is played.
    pub simulator: Option<simulator::Simulator>,
}

impl Line {
    /// A line to the simulator.
    pub fn simulated(simulator: simulator::Simulator) -> Line {
        Line { operator: Some(Arc::new(simulator.clone())), simulator: Some(simulator) }
    }
}

/// A certificate whose key lies in a SIM card, with the card's telephone number.
#[derive(Clone, Debug)]
pub struct Card {
    /// Its id in the register.
    pub id: String,
    /// Whom it names.
    pub holder: String,
    /// The certificate.
    pub certificate: Certificate,
    /// From it up to the root, as far as the register knows.
    pub chain: Vec<Certificate>,
    /// The subscriber.
    pub number: Phone,
}

impl Card {
    /// The same as whoever prepares a document for a key that answers later needs it.
    pub fn device(&self) -> Device {
        Device {
            id: self.id.clone(),
            part: Part::Person,
            holder: self.holder.clone(),
            certificate: self.certificate.clone(),
            chain: self.chain.clone(),
        }
    }

    /// How its key signs.
    ///
    /// # Errors
    /// A fault for keys of kinds that sign no documents.
    pub fn algorithm(&self) -> Result<SignatureAlgorithm, Problem> {
        algorithm_of(&self.certificate).ok_or_else(|| Problem::fault("a card's key of an unknown kind"))
    }
}

/// The cards an official signs with now: certificates of the register in use, whose device is a SIM card
/// with a telephone number.
///
/// # Errors
/// The store's; a fault when a kept certificate cannot be read.
pub async fn cards(tx: &mut Tx, account: &AccountId, now: Instant) -> Result<Vec<Card>, Problem> {
    let mut cards = Vec::new();
    for row in store::list_cards(tx, &account.to_string(), now).await? {
        // Others have a serial number of their card there, or none.
        let Ok(number) = row.number.parse::<Phone>() else { continue };
        cards.push(Card {
            certificate: authority::parse(&row.der)?,
            chain: signing::chain(tx, row.authority.as_deref()).await?,
            id: row.id,
            holder: row.holder,
            number,
        });
    }
    Ok(cards)
}

/// What is to be signed on a phone.
#[derive(Clone, Debug)]
pub struct Wish {
    /// What the screen says; cut to what fits.
    pub text: String,
    /// The bytes whose hash is signed: of a signed message, [`pki::cms::Unsigned::bytes`].
    pub to_sign: Vec<u8>,
}

/// A request to a phone, as it stands.
#[derive(Clone, Debug)]
pub struct Ticket {
    /// Its id.
    pub id: String,
    /// The digits that page and phone show.
    pub code: String,
    /// What the phone shows.
    pub shown: String,
    /// The phone's number.
    pub number: String,
    /// Until when its owner may confirm.
    pub until: Instant,
    /// Where it stands.
    pub state: State,
    /// The signature, once it is there and was checked.
    pub signature: Option<Vec<u8>>,
}

impl From<Row> for Ticket {
    fn from(row: Row) -> Ticket {
        Ticket {
            state: State::of(&row.state),
            id: row.id,
            code: row.code,
            shown: row.shown,
            number: row.number,
            until: row.ends_at,
            signature: row.signature,
        }
    }
}

/// Asks for a signature over bytes, for the account whose card it is, and sends the request to the operator.
/// One that cannot be reached is asked again by [`follow`] and by a job.
///
/// # Errors
/// `Refused` when a request is under way to the same phone, or there is no operator; the store's.
pub async fn ask(
    app: &App,
    card: &Card,
    wish: Wish,
    (account, act): (AccountId, Act),
    now: Instant,
) -> Result<Ticket, Problem> {
    Ok(begin(app, card, wish, None, (account, act), now).await?.into())
}

/// Puts a request of this account into the caller's write, so that it stands beside what waits for it. It
/// goes to the operator when somebody follows it, or with the job that asks of all of them; an installation
/// without an operator has nobody to carry it, which is the caller's to see.
///
/// # Errors
/// `Refused` when a request is under way to the same phone; the store's.
pub async fn put(
    tx: &mut Tx,
    card: &Card,
    wish: Wish,
    account: &AccountId,
    now: Instant,
) -> Result<Ticket, Problem> {
    let row = row_of(card, wish, account, now)?;
    save_new(tx, &row, now).await?;
    Ok(row.into())
}

/// What has become of an account's request: the operator is asked.
///
/// # Errors
/// `NotFound` for others'; the store's.
pub async fn follow(app: &App, id: &str, account: &AccountId, now: Instant) -> Result<Ticket, Problem> {
    get(&app.site.db, id, account).await?;
    Ok(look(app, id, now).await?.into())
}

async fn begin(
    app: &App,
    card: &Card,
    wish: Wish,
    paper: Option<Paper>,
    (account, act): (AccountId, Act),
    now: Instant,
) -> Result<Row, Problem> {
    if app.mobile.operator.is_none() {
        return Err(Problem::refused(say("mobile.no_operator", &[]), "no operator for SIM PKI"));
    }
    let row = row_of(card, wish, &account, now)?;
    let new = row.clone();
    let write = async move |tx: &mut Tx| -> Result<(), Problem> {
        save_new(tx, &new, now).await?;
        if let Some(paper) = &paper {
            let paper = Paper { request: new.id.clone(), ..paper.clone() };
            store::save_paper(tx, &paper).await?;
            db::blobs::commit(tx, &paper.sha256).await?;
        }
        Ok(())
    };
    app.site.db.write(act, write).await?;
    look(app, &row.id, now).await
}

fn row_of(card: &Card, wish: Wish, account: &AccountId, now: Instant) -> Result<Row, Problem> {
    let hash = rules::hash(card.algorithm()?.digest(), &wish.to_sign);
    Ok(Row {
        id: Id::<RequestId>::fresh().to_string(),
        account: account.to_string(),
        certificate: card.id.clone(),
        number: card.number.as_str().to_string(),
        shown: shown(&wish.text),
        code: code(&hash),
        to_sign: wish.to_sign,
        state: State::Asked.word().to_string(),
        operator_no: None,
        signature: None,
        asked_at: now,
        ends_at: now.plus_seconds(WAIT_SECONDS),
    })
}

async fn save_new(tx: &mut Tx, new: &Row, now: Instant) -> Result<(), Problem> {
    // A phone shows one request at a time, and nobody should confirm one for the other.
    if store::count_open(tx, &new.number, now).await? > 0 {
        return Err(Problem::refused(say("mobile.busy", &[]), "a request is under way to the phone"));
    }
    Ok(store::save(tx, new).await?)
}

/// The request of an account. Others' are `NotFound`.
async fn get(db: &Db, id: &str, account: &AccountId) -> Result<Row, Problem> {
    let id = id.to_string();
    let row = db.read(async move |tx: &mut Tx| store::find(tx, &id).await).await?;
    row.filter(|row| row.account == account.to_string()).ok_or(Problem::NotFound)
}

/// Asks the operator what became of a request, and keeps it. The request as it stands then.
async fn look(app: &App, id: &str, now: Instant) -> Result<Row, Problem> {
    let wanted = id.to_string();
    let read = async move |tx: &mut Tx| store::find(tx, &wanted).await;
    let row = app.site.db.read(read).await?.ok_or(Problem::NotFound)?;
    let state = State::of(&row.state);
    let Some(operator) = app.mobile.operator.as_ref().filter(|_| !state.is_over()) else { return Ok(row) };
    let card = card_of(app, &row).await?;
    let (heard, operator_no, signature) = hear(&**operator, &row, &card).await?;
    let heard = match heard {
        Heard::Right if !is_right(app, &row, &card, signature.as_deref(), now).await? => Heard::Wrong,
        other => other,
    };
    let to = after(state, heard, row.ends_at <= now);
    if to == state {
        return Ok(row);
    }
    let signature = signature.filter(|_| to == State::Signed);
    let result = match &signature {
        Some(signature) => paper::finish(app, &row, &card, signature).await?,
        None => None,
    };
    let seen = row.clone();
    let act = Act::system(verb(to), &row.id, now);
    let write = async move |tx: &mut Tx| -> Result<Row, Problem> {
        let kept = (operator_no.as_deref(), signature.as_deref());
        // Another node may have heard it first; then what it kept stands.
        if store::save_heard(tx, &seen, to.word(), kept, now).await?
            && let Some(result) = &result
        {
            store::save_result(tx, &seen.id, result).await?;
        }
        store::find(tx, &seen.id).await?.ok_or(Problem::NotFound)
    };
    app.site.db.write(act, write).await
}

fn verb(to: State) -> &'static str {
    match to {
        State::Signed => "trust.mobile-sign",
        State::Refused => "trust.mobile-refuse",
        State::Sent | State::Asked => "trust.mobile-send",
        State::Lapsed | State::Failed => "trust.mobile-end",
    }
}

/// What the operator says: to a request it does not know yet, or to one it has taken.
async fn hear(
    operator: &dyn Operator,
    row: &Row,
    card: &Card,
) -> Result<(Heard, Option<String>, Option<Vec<u8>>), Problem> {
    let silent = |trouble: Trouble| match trouble {
        Trouble::Unavailable(why) => {
            tracing::warn!(why, "the mobile operator cannot be reached");
            Heard::Nothing
        }
        Trouble::Refused(why) => {
            tracing::info!(why, "the mobile operator takes no request for a number");
            Heard::NotTaken
        }
    };
    let Some(known) = &row.operator_no else {
        let digest = card.algorithm()?.digest();
        let ask = Ask {
            request: row.id.clone(),
            number: row.number.clone(),
            shown: row.shown.clone(),
            digest,
            hash: rules::hash(digest, &row.to_sign),
            ends_at: row.ends_at,
        };
        return Ok(match operator.ask(&ask).await {
            Ok(operator_no) => (Heard::Taken, Some(operator_no), None),
            Err(trouble) => (silent(trouble), None, None),
        });
    };
    Ok(match operator.answer(known).await {
        Ok(Answer::Waits) => (Heard::Waits, None, None),
        Ok(Answer::No) => (Heard::No, None, None),
        Ok(Answer::TooLate) => (Heard::TooLate, None, None),
        Ok(Answer::Signed(signature)) => (Heard::Right, None, Some(signature)),
        Err(trouble) => (silent(trouble), None, None),
    })
}

/// The card a request went to, whatever became of its certificate since.
async fn card_of(app: &App, row: &Row) -> Result<Card, Problem> {
    let (id, number) = (row.certificate.clone(), row.number.clone());
    let read = async move |tx: &mut Tx| -> Result<Card, Problem> {
        let row = crate::certificate::get(tx, &id).await?;
        Ok(Card {
            certificate: authority::parse(&row.der)?,
            chain: signing::chain(tx, row.authority.as_deref()).await?,
            number: number.parse().map_err(|_| Problem::fault("a kept telephone number"))?,
            id: row.id,
            holder: row.holder,
        })
    };
    app.site.db.read(read).await
}

/// Whether a signature is the certificate's over what was asked, and the certificate still in use.
async fn is_right(
    app: &App,
    row: &Row,
    card: &Card,
    signature: Option<&[u8]>,
    now: Instant,
) -> Result<bool, Problem> {
    let key = card.certificate.public_key();
    let fits = signature.is_some_and(|made| {
        card.algorithm().is_ok_and(|algorithm| key.verify(algorithm, &row.to_sign, made).is_ok())
    });
    let id = row.certificate.clone();
    let in_use = app.site.db.read(async move |tx: &mut Tx| store::is_in_use(tx, &id, now).await).await?;
    if !fits {
        tracing::warn!(request = row.id, "a phone's signature is not its certificate's");
    }
    Ok(fits && in_use)
}

/// Asks the operator every minute of every request that is not over; a page that waits asks by itself.
pub(crate) fn job(app: &App) -> Handler {
    const MINUTE: Duration = Duration::from_secs(60);
    let app = app.clone();
    let settle = move |_, _| {
        let app = app.clone();
        async move { settle(&app).await }
    };
    Handler::new("trust.settle-phones", settle).every(MINUTE)
}

async fn settle(app: &App) -> Result<(), String> {
    let now = app.site.clock.now();
    let open = app.site.db.read(async |tx: &mut Tx| store::list_open(tx).await).await;
    let mut failed = None;
    for id in open.map_err(|e: db::Error| e.to_string())? {
        // One that cannot be settled does not hold up the others.
        if let Err(problem) = look(app, &id, now).await {
            failed = Some(problem.to_string());
        }
    }
    failed.map_or(Ok(()), Err)
}

/// Forgets files a day after they were brought, and requests much later.
pub(crate) async fn sweep(db: &Db, now: Instant) -> Result<(), String> {
    let old = now.plus_minutes(-rules::FILE_HOURS * 60);
    let write = async move |tx: &mut Tx| -> Result<(), db::Error> {
        for (request, hash) in store::list_old(tx, old).await? {
            store::remove_paper(tx, &request).await?;
            db::blobs::release(tx, &hash).await?;
        }
        simulator::sweep(tx, old).await?;
        store::sweep(tx, now.plus_days(-rules::KEPT_DAYS)).await.map(drop)
    };
    db.write(Act::system("trust.forget-phone-files", "", now), write).await.map_err(|e| e.to_string())
}
