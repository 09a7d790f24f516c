//! A mobile operator as far as we need one: for demonstrations, and for stories in which it misbehaves. Its
//! cards and their screens lie in tables, so that every node sees the same phones.

use base::{Clock, Id, Instant};
use db::{Db, Tx, args};
use pki::key::{KeyKind, PrivateKey};
use pki::{Digest, SignatureAlgorithm, Signer};
use web::Problem;

use super::{Answer, Ask, Later, Operator, Trouble};
use crate::key::Keyring;

enum PromptId {}

/// How late a slow operator answers, in seconds.
pub const SLOW_SECONDS: i64 = 30;

/// How a card misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Not at all.
    None,
    /// Whatever its owner answers is told [`SLOW_SECONDS`] after the request came.
    Slow,
    /// The operator does not answer.
    Down,
    /// The operator takes no request for it.
    Refused,
    /// It signs with another key.
    Wrong,
}

impl Fault {
    fn word(self) -> &'static str {
        match self {
            Fault::None => "",
            Fault::Slow => "slow",
            Fault::Down => "down",
            Fault::Refused => "refused",
            Fault::Wrong => "wrong",
        }
    }
}

/// The simulated operator. Clones are the same one.
#[derive(Clone)]
pub struct Simulator {
    db: Db,
    keys: Keyring,
    clock: Clock,
}

db::record! {
    struct CardRow { number: String, key: String, fault: String }
}

db::record! {
    /// What lies on a screen, or lay on it.
    pub(crate) struct Prompt {
        id: String, number: String, shown: String, hash: Vec<u8>, state: String, asked_at: Instant,
        ends_at: Instant,
    }
}

async fn find_card(tx: &mut Tx, number: &str) -> db::Result<Option<CardRow>> {
    tx.find("select number, key, fault from sim_card where number = $1", args![number]).await
}

/// Puts a card with this key into the phone of this number.
pub(crate) async fn save_card(tx: &mut Tx, number: &str, key: &str) -> db::Result<()> {
    tx.change_one("insert into sim_card (number, key) values ($1, $2)", args![number, key]).await
}

async fn find_prompt(tx: &mut Tx, id: &str) -> db::Result<Option<Prompt>> {
    let sql = "select id, number, shown, hash, state, asked_at, ends_at from sim_prompt where id = $1";
    tx.find(sql, args![id]).await
}

/// Forgets what lay on screens before.
pub(super) async fn sweep(tx: &mut Tx, before: Instant) -> db::Result<u64> {
    tx.change("delete from sim_prompt where asked_at < $1", args![before]).await
}

fn unavailable(why: impl std::fmt::Display) -> Trouble {
    Trouble::Unavailable(why.to_string())
}

impl Simulator {
    /// One whose cards lie in this database.
    pub(crate) fn new(db: Db, keys: Keyring, clock: Clock) -> Simulator {
        Simulator { db, keys, clock }
    }

    /// From now on the card of this number misbehaves so.
    ///
    /// # Errors
    /// The store's; `NotFound` when there is no such card.
    pub async fn misbehaves(&self, number: &str, fault: Fault) -> Result<(), Problem> {
        let number = number.to_string();
        let write = async move |tx: &mut Tx| -> Result<u64, db::Error> {
            tx.change("update sim_card set fault = $1 where number = $2", args![fault.word(), number]).await
        };
        match self.db.upkeep(write).await? {
            0 => Err(Problem::NotFound),
            _ => Ok(()),
        }
    }

    /// What lies on the screens of these numbers now, the newest first; at most 20.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn screens(&self, numbers: &[String], now: Instant) -> Result<Vec<Prompt>, Problem> {
        let numbers = numbers.to_vec();
        let read = async move |tx: &mut Tx| -> Result<Vec<Prompt>, db::Error> {
            let mut all = Vec::new();
            for number in &numbers {
                all.extend(
                    tx.list::<Prompt>(
                        "select id, number, shown, hash, state, asked_at, ends_at from sim_prompt
                          where number = $1 and state = 'waiting' and ends_at > $2
                          order by asked_at desc limit 20",
                        args![number, now],
                    )
                    .await?,
                );
            }
            Ok(all)
        };
        Ok(self.db.read(read).await?)
    }

    /// The owner of these numbers confirms or refuses what lies on a screen.
    ///
    /// # Errors
    /// `NotFound` when it lies on none of them any more; the store's.
    pub(crate) async fn press(
        &self,
        prompt: &str,
        numbers: &[String],
        confirms: bool,
    ) -> Result<(), Problem> {
        let (id, numbers, now) = (prompt.to_string(), numbers.to_vec(), self.clock.now());
        let state = if confirms { "confirmed" } else { "refused" };
        let write = async move |tx: &mut Tx| -> Result<u64, Problem> {
            let prompt = find_prompt(tx, &id).await?.filter(|one| numbers.contains(&one.number));
            if prompt.is_none_or(|one| one.ends_at <= now) {
                return Err(Problem::NotFound);
            }
            let sql = "update sim_prompt set state = $1 where id = $2 and state = 'waiting'";
            Ok(tx.change(sql, args![state, id]).await?)
        };
        match self.db.upkeep(write).await? {
            0 => Err(Problem::NotFound),
            _ => Ok(()),
        }
    }

    async fn take(&self, ask: &Ask) -> Result<String, Trouble> {
        let (ask, now) = (ask.clone(), self.clock.now());
        let write = async move |tx: &mut Tx| -> Result<Result<String, Trouble>, db::Error> {
            let Some(card) = find_card(tx, &ask.number).await? else {
                return Ok(Err(Trouble::Refused("no such subscriber".into())));
            };
            match card.fault.as_str() {
                "down" => return Ok(Err(unavailable("down"))),
                "refused" => return Ok(Err(Trouble::Refused("no SIM PKI for this number".into()))),
                _ => {}
            }
            tx.change(
                "insert into sim_prompt (id, request, number, shown, hash, state, asked_at, ends_at)
                 values ($1, $2, $3, $4, $5, 'waiting', $6, $7) on conflict (request) do nothing",
                args![
                    Id::<PromptId>::fresh().to_string(),
                    ask.request,
                    ask.number,
                    ask.shown,
                    ask.hash,
                    now,
                    ask.ends_at
                ],
            )
            .await?;
            Ok(Ok(tx.get("select id from sim_prompt where request = $1", args![ask.request]).await?))
        };
        self.db.upkeep(write).await.map_err(unavailable)?
    }

    async fn look(&self, operator_no: &str) -> Result<Answer, Trouble> {
        let (id, now) = (operator_no.to_string(), self.clock.now());
        let read = async move |tx: &mut Tx| -> Result<_, db::Error> {
            let Some(prompt) = find_prompt(tx, &id).await? else { return Ok(None) };
            Ok(find_card(tx, &prompt.number).await?.map(|card| (prompt, card)))
        };
        let found = self.db.read(read).await.map_err(unavailable)?;
        let (prompt, card) = found.ok_or_else(|| Trouble::Refused("no such request".into()))?;
        match (card.fault.as_str(), prompt.state.as_str()) {
            ("down", _) => Err(unavailable("down")),
            ("slow", "confirmed" | "refused") if now < prompt.asked_at.plus_seconds(SLOW_SECONDS) => {
                Ok(Answer::Waits)
            }
            (_, "refused") => Ok(Answer::No),
            ("wrong", "confirmed") => {
                let other = PrivateKey::generate(KeyKind::P256).map_err(unavailable)?;
                sign(&other, &prompt.hash).map(Answer::Signed)
            }
            (_, "confirmed") => {
                let key = self.keys.signer(&self.db, &card.key).await.map_err(unavailable)?;
                sign(&*key, &prompt.hash).map(Answer::Signed)
            }
            _ if prompt.ends_at <= now => Ok(Answer::TooLate),
            _ => Ok(Answer::Waits),
        }
    }
}

/// A card signs the hash it was sent, the way its key always does.
fn sign(key: &dyn Signer, hash: &[u8]) -> Result<Vec<u8>, Trouble> {
    let algorithm = match (key.algorithm(), hash.len()) {
        (SignatureAlgorithm::RsaPkcs1(_), 32) => SignatureAlgorithm::RsaPkcs1(Digest::Sha256),
        (own, _) => own,
    };
    key.sign_hash(algorithm, hash).map_err(unavailable)
}

impl Operator for Simulator {
    fn ask<'a>(&'a self, ask: &'a Ask) -> Later<'a, String> {
        Box::pin(self.take(ask))
    }

    fn answer<'a>(&'a self, operator_no: &'a str) -> Later<'a, Answer> {
        Box::pin(self.look(operator_no))
    }
}
