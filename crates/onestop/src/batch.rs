//! Many dossiers with one word (làm hàng loạt): chosen in a list, a step for all of them, a look at what
//! will be done and what will be left out, then a job that takes each through the use case of one, in a
//! transaction and under an act of its own. An item is done in the write that says so, so that after a
//! crash the job goes on where it was and nothing is done twice.

pub mod pages;

use std::collections::BTreeMap;

use base::calendar::Calendar;
use base::{Id, Instant};
use db::jobs::{self, Job};
use db::{Act, Actor, Db, Filter, Tx, args};
use directory::AccountId;
use serde::{Deserialize, Serialize};
use web::Problem;

use crate::App;
use crate::catalogue::Catalogue;
use crate::dossier::rules::{self, Verb};
use crate::dossier::{self, Ask, Case, Dossier, DossierId, Who, assign, store};
use crate::refusal::Refusal;
use crate::words_office::say;

pub enum BatchKind {}
/// The id of a batch.
pub type BatchId = Id<BatchKind>;

/// Dossiers in one batch.
pub const MOST: usize = 500;
/// The kind of the job.
pub const JOB: &str = "onestop.batch";

/// The steps that may be taken with many at once: those that need no words of their own for each
/// citizen, and decide nothing.
pub const VERBS: [Verb; 4] = [Verb::Receive, Verb::PassOn, Verb::SubmitForSignature, Verb::ReturnResult];

/// What is done with each.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "deed", rename_all = "snake_case")]
pub enum Deed {
    Step {
        ask: Ask,
    },
    /// To this account, or to everybody of the unit; an item's own account goes before it.
    Assign {
        to: Option<AccountId>,
        note: String,
    },
}

impl Deed {
    /// The step of this verb with these words.
    pub fn step(verb: Verb, note: String) -> Option<Deed> {
        let ask = match verb {
            Verb::Receive => Ask::Receive { note },
            Verb::PassOn => Ask::PassOn { to: None, note },
            Verb::SubmitForSignature => Ask::SubmitForSignature { to: None, note },
            Verb::ReturnResult => Ask::ReturnResult { note, signed_by: None, signed_on: None },
            _ => return None,
        };
        Some(Deed::Step { ask })
    }

    /// The deed's name in the audit book.
    fn verb(&self) -> &'static str {
        match self {
            Deed::Step { ask } => dossier::deed(ask.verb()),
            Deed::Assign { .. } => "onestop.assign",
        }
    }
}

db::record! {
    struct Row {
        id: BatchId, account: String, deed: String, state: String, cut: bool,
        made_at: Instant, begun_at: Option<Instant>, over_at: Option<Instant>,
    }
}

/// A batch as it stands.
#[derive(Clone, Debug)]
pub struct Batch {
    pub id: BatchId,
    pub account: String,
    /// None until it is chosen.
    pub deed: Option<Deed>,
    pub state: Standing,
    /// More dossiers fitted than one batch takes.
    pub cut: bool,
    pub made_at: Instant,
    pub over_at: Option<Instant>,
}

/// How far a batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Chosen,
    Running,
    Over,
}

db::record! {
    /// One dossier of a batch.
    #[derive(PartialEq, Eq)]
    pub struct Item {
        ordinal: i64, dossier: DossierId, code: String,
        /// The version that was chosen.
        seen: i64,
        assign_to: Option<String>,
        /// `waiting`, `done` or `refused`.
        state: String,
        reason: String,
    }
}

db::record! {
    /// How many items are how far.
    #[derive(PartialEq, Eq)]
    pub struct Tally { total: i64, done: i64, refused: i64 }
}

/// A dossier to be put into a batch.
#[derive(Clone, Debug)]
pub struct Pick {
    pub dossier: DossierId,
    pub code: String,
    pub seen: i64,
    pub assign_to: Option<String>,
}

/// Keeps what was chosen; nothing is done with it yet.
pub async fn choose(
    tx: &mut Tx,
    account: &str,
    post: &str,
    picks: &[Pick],
    cut: bool,
    now: Instant,
) -> Result<BatchId, Problem> {
    if picks.is_empty() {
        return Err(Problem::refused(say("batch.none", &[]), "refused: batch.none"));
    }
    let id = BatchId::fresh();
    tx.change_one(
        "insert into batch (id, account, post, state, cut, made_at) values ($1, $2, $3, 'chosen', $4, $5)",
        args![id, account, post, cut, now],
    )
    .await?;
    let mut ordinal = 0_i64;
    for pick in picks {
        ordinal += 1;
        tx.change(
            "insert into batch_item (batch, ordinal, dossier, code, seen, assign_to, state)
             values ($1, $2, $3, $4, $5, $6, 'waiting') on conflict (batch, dossier) do nothing",
            args![id, ordinal, pick.dossier, &pick.code, pick.seen, &pick.assign_to],
        )
        .await?;
    }
    Ok(id)
}

/// The batch of this account. Somebody else's is `NotFound`.
pub async fn get(tx: &mut Tx, id: BatchId, account: &str) -> Result<Batch, Problem> {
    let row = tx
        .find::<Row>(
            "select id, account, deed, state, cut, made_at, begun_at, over_at from batch
              where id = $1 and account = $2",
            args![id, account],
        )
        .await?;
    batch(row.ok_or(Problem::NotFound)?)
}

/// The latest batches of this account.
pub async fn list(tx: &mut Tx, account: &str) -> Result<Vec<Batch>, Problem> {
    let rows = tx
        .list::<Row>(
            "select id, account, deed, state, cut, made_at, begun_at, over_at from batch
              where account = $1 and state <> 'chosen' order by made_at desc limit 20",
            args![account],
        )
        .await?;
    rows.into_iter().map(batch).collect()
}

fn batch(row: Row) -> Result<Batch, Problem> {
    let deed = (!row.deed.is_empty()).then(|| serde_json::from_str(&row.deed)).transpose();
    let state = match row.state.as_str() {
        "chosen" => Standing::Chosen,
        "running" => Standing::Running,
        _ => Standing::Over,
    };
    Ok(Batch {
        id: row.id,
        account: row.account,
        deed: deed.map_err(Problem::fault)?,
        state,
        cut: row.cut,
        made_at: row.made_at,
        over_at: row.over_at,
    })
}

/// The items in the order in which they were chosen; the most a hand-over may have.
pub async fn items(tx: &mut Tx, id: BatchId) -> Result<Vec<Item>, Problem> {
    Ok(tx
        .list(
            "select ordinal, dossier, code, seen, assign_to, state, reason from batch_item
              where batch = $1 order by ordinal limit 5000",
            args![id],
        )
        .await?)
}

/// How many items are done, and how many were refused.
pub async fn tally(tx: &mut Tx, id: BatchId) -> Result<Tally, Problem> {
    Ok(tx
        .get(
            "select count(*) as total,
                    cast(coalesce(sum(case when state = 'done' then 1 else 0 end), 0) as bigint) as done,
                    cast(coalesce(sum(case when state = 'refused' then 1 else 0 end), 0) as bigint) as refused
               from batch_item where batch = $1",
            args![id],
        )
        .await?)
}

/// The whole batch is to be done; the job follows the commit. A second word is `Stale`.
pub async fn begin(
    tx: &mut Tx,
    id: BatchId,
    account: &str,
    deed: &Deed,
    now: Instant,
) -> Result<(), Problem> {
    let text = serde_json::to_string(deed).map_err(Problem::fault)?;
    tx.change_one(
        "update batch set deed = $1, state = 'running', begun_at = $2
          where id = $3 and account = $4 and state = 'chosen'",
        args![text, now, id, account],
    )
    .await?;
    jobs::put(tx, JOB, &id, now).await?;
    Ok(())
}

/// Dossiers met one after the other, with the calendars that they share.
pub struct Cases<'a> {
    catalogue: &'a Catalogue,
    who: &'a Who,
    now: Instant,
    calendars: BTreeMap<String, Calendar>,
}

impl<'a> Cases<'a> {
    /// As `who` meets them now.
    pub fn of(catalogue: &'a Catalogue, who: &'a Who, now: Instant) -> Cases<'a> {
        Cases { catalogue, who, now, calendars: BTreeMap::new() }
    }

    /// The item's dossier, as [`Case::seen`] gives it.
    pub async fn seen(&mut self, tx: &mut Tx, item: &Item) -> Result<Case, Problem> {
        let dossier: Dossier = store::get(tx, item.dossier).await?;
        if !self.who.may_see(&dossier) {
            return Err(Problem::NotFound);
        }
        if dossier.version != item.seen {
            return Err(Problem::Stale);
        }
        let counter = dossier.counter.as_str().to_string();
        if !self.calendars.contains_key(&counter) {
            self.calendars.insert(counter.clone(), directory::calendar(tx, &dossier.counter).await?);
        }
        let calendar = self.calendars.get(&counter).cloned().ok_or_else(|| Problem::fault("no calendar"))?;
        let procedure = self.catalogue.version(&dossier.procedure)?;
        Ok(Case {
            seats: self.who.seats(&dossier),
            family: self.catalogue.family(&procedure),
            outer: crate::interlinked::outer(tx, &dossier).await?,
            stated: crate::stated::find(tx, &dossier, &procedure).await?,
            procedure,
            law: self.catalogue.law(),
            now: self.now,
            calendar,
            dossier,
        })
    }
}

/// Why this step would be refused, if it would be.
pub fn refused(case: &Case, verb: Verb) -> Option<Problem> {
    let open = case.open();
    match open.iter().find(|(v, _)| *v == verb) {
        Some((_, ways)) if ways.len() > 1 => {
            Some(Problem::refused(say("batch.several_ways", &[]), "refused: batch.several_ways"))
        }
        Some(_) => None,
        None => {
            let status = case.dossier.state.status();
            let mut steps = vec![rules::step_with(verb, String::new())];
            steps.extend(case.procedure.steps.iter().map(|s| rules::step_with(verb, s.id.clone())));
            let mut why = None;
            for step in &steps {
                match rules::after(&case.dossier.state, step, case.now, &case.terms()) {
                    Ok(_) if case.seats.iter().any(|seat| rules::may(*seat, verb, status)) => return None,
                    Ok(_) => return Some(assign::locked(case, "", verb)),
                    Err(e) => why = why.or(Some(e)),
                }
            }
            Some(why.map_or_else(|| Refusal::NotYours(verb).into(), Problem::from))
        }
    }
}

/// What the person reads of an expected "no"; none for what is not one.
pub fn reason(problem: &Problem) -> Option<String> {
    match problem {
        Problem::Refused(message) => Some(message.outside.clone()),
        Problem::Invalid(errors) => {
            Some(errors.iter().map(|e| e.message.as_str()).collect::<Vec<_>>().join(" "))
        }
        Problem::Stale => Some(say("batch.stale", &[])),
        Problem::NotFound => Some(say("batch.not_seen", &[])),
        Problem::Forbidden => Some(say("batch.no_post", &[])),
        _ => None,
    }
}

/// Does the batch of this job, item by item, and ends it.
pub async fn run(app: &App, db: &Db, job: &Job) -> Result<(), String> {
    let id: BatchId = job.read()?;
    let text = |e: Problem| e.to_string();
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        let row = tx
            .get::<Row>(
                "select id, account, deed, state, cut, made_at, begun_at, over_at from batch
                  where id = $1",
                args![id],
            )
            .await?;
        batch(row)
    };
    let batch = db.read(read).await.map_err(text)?;
    let deed = batch.deed.clone().ok_or("a batch without a deed")?;
    loop {
        let waiting = db.read(async move |tx: &mut Tx| next(tx, id).await).await.map_err(text)?;
        if waiting.is_empty() {
            break;
        }
        for item in waiting {
            one(app, db, &batch, &deed, item).await.map_err(text)?;
        }
    }
    let now = app.site.clock.now();
    let act = Act::new(Actor::Account(batch.account.clone()), "onestop.batch-end", id.to_string(), now);
    let job = job.clone();
    let end = async move |tx: &mut Tx| -> Result<(), Problem> {
        tx.change("update batch set state = 'over', over_at = $1 where id = $2", args![now, id]).await?;
        Ok(jobs::done(tx, &job).await?)
    };
    db.write(act, end).await.map_err(text)
}

async fn next(tx: &mut Tx, id: BatchId) -> Result<Vec<Item>, Problem> {
    Ok(tx
        .list(
            "select ordinal, dossier, code, seen, assign_to, state, reason from batch_item
              where batch = $1 and state = 'waiting' order by ordinal limit 50",
            args![id],
        )
        .await?)
}

/// One item in a write of its own; what the rules refuse is kept with its reason.
async fn one(app: &App, db: &Db, batch: &Batch, deed: &Deed, item: Item) -> Result<(), Problem> {
    let now = app.site.clock.now();
    let (catalogue, deed) = (app.catalogue.clone(), deed.clone());
    let (batch_id, account, ordinal) = (batch.id, batch.account.clone(), item.ordinal);
    let (of, subject) = (account.clone(), item.dossier);
    let office = db.read(async move |tx: &mut Tx| -> Result<_, Problem> {
        let d = store::get(tx, subject).await?;
        Ok(who(tx, &of, now).await.ok().and_then(|who| who.office(&d)))
    });
    let act = Act::new(Actor::Account(account.clone()), deed.verb(), item.dossier.to_string(), now);
    let act = match office.await? {
        Some(office) => act.in_office(office),
        None => act,
    };
    let done = db.write(act.clone(), async move |tx: &mut Tx| -> Result<(), Problem> {
        settle(tx, batch_id, ordinal, "done", "", now).await?;
        let who = who(tx, &account, now).await?;
        let mut case = Cases::of(&catalogue, &who, now).seen(tx, &item).await?;
        match deed.clone() {
            Deed::Step { ask } => dossier::take(tx, &mut case, ask, &who).await,
            Deed::Assign { to, note } => {
                let own = item.assign_to.as_deref().and_then(|id| id.parse().ok());
                assign::assign(tx, &mut case, own.or(to), &note).await
            }
        }
    });
    let Err(problem) = done.await else { return Ok(()) };
    let Some(why) = reason(&problem) else { return Err(problem) };
    db.write(Act { verb: "onestop.batch-refused", ..act }, async move |tx: &mut Tx| {
        settle(tx, batch_id, ordinal, "refused", &why, now).await
    })
    .await
}

/// The item is over, once: a worker that comes second changes nothing and is told `Stale`.
async fn settle(
    tx: &mut Tx,
    id: BatchId,
    ordinal: i64,
    state: &'static str,
    reason: &str,
    now: Instant,
) -> Result<(), Problem> {
    let changed = tx
        .change(
            "update batch_item set state = $1, reason = $2, at = $3
              where batch = $4 and ordinal = $5 and state = 'waiting'",
            args![state, reason, now, id, ordinal],
        )
        .await?;
    if changed == 1 { Ok(()) } else { Err(Problem::fault("an item of a batch was taken twice")) }
}

/// The one who asked, with the posts held now: whoever has lost them meanwhile does nothing more.
async fn who(tx: &mut Tx, account: &str, now: Instant) -> Result<Who, Problem> {
    let id: AccountId = account.parse().map_err(|_| Problem::fault("no account id"))?;
    let row = directory::account::store::get(tx, id).await?;
    if row.disabled_at.is_some() {
        return Err(Problem::Forbidden);
    }
    let posts = directory::account::store::posts_on(tx, id, now.day()).await?;
    Ok(Who { account: account.to_string(), name: row.name, posts })
}

/// The dossiers with these codes, as they are now, of those this person may see.
pub async fn picks(tx: &mut Tx, who: &Who, codes: &[(String, i64)]) -> Result<Vec<Pick>, Problem> {
    let mut picks = Vec::new();
    for (code, seen) in codes.iter().take(MOST) {
        let Some(d) = store::find(tx, code).await?.filter(|d| who.may_see(d)) else { continue };
        picks.push(Pick { dossier: d.id, code: d.code, seen: *seen, assign_to: None });
    }
    Ok(picks)
}

db::record! {
    /// A name and what it is of, for the lines of a page.
    pub struct Named { id: DossierId, applicant_name: String, procedure: String }
}

/// Whom the dossiers of a batch are about.
pub async fn names(tx: &mut Tx, ids: &[DossierId]) -> Result<Vec<Named>, Problem> {
    let mut named = Vec::new();
    for part in ids.chunks(256) {
        let q = Filter::new("select id, applicant_name, procedure from dossier").among("id", part);
        named.extend(tx.list::<Named>(&q, &q.args).await?);
    }
    Ok(named)
}
