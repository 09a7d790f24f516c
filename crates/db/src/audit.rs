//! The audit book: append-only, hash-chained, written with the effect it tells of.
//!
//! Entries commit unchained with their write. One sequencer at a time ([`run`], [`chain_once`]) gives
//! them their numbers and hashes within a second; [`verify`] recomputes the chain. `AUDIT.md` specifies
//! the chain byte by byte. Looks at a person's data have no write of their own: [`looked`].

mod looks;
mod past;

use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use base::Id;
use tokio::sync::watch;

use crate::{
    Db,
    act::Act,
    args,
    digest::{hex, unhex},
    error::{Result, fault},
    record,
    sql::Sql,
    tx::{Mode, Tx},
    value::Value,
};

pub(crate) use looks::Looks;
pub use looks::{Look, looked};
pub use past::put_past;

/// An entry's id.
pub enum EntryKind {}

pub(crate) const INSERT: &str = "insert into audit_entry(id, at, actor_kind, actor, office, verb, subject) \
     values ($1, $2, $3, $4, $5, $6, $7)";

/// For several rows.
const INSERT_HEAD: &str = "insert into audit_entry(id, at, actor_kind, actor, office, verb, subject) values";

/// How many values an entry has before it is chained.
pub(crate) const WIDTH: usize = 7;

/// Entries chained in one transaction.
const CHAIN_BATCH: i64 = 512;
/// Entries verified in one read.
const VERIFY_BATCH: i64 = 1024;
/// The sequencer's rhythm: an entry waits no longer than this and the chaining itself.
const CHAIN_EVERY: Duration = Duration::from_millis(500);
/// First bytes of every entry's serialisation: the format's name.
const FORMAT: &[u8] = b"cuulong-audit-1\n";

pub(crate) fn fresh_id() -> String {
    Id::<EntryKind>::fresh().to_string()
}

/// The values of [`INSERT`].
pub(crate) fn values<'a>(id: &'a str, act: &'a Act, verb: &'a str, subject: &'a str) -> [Value<'a>; WIDTH] {
    [
        Value::Text(id.into()),
        Value::Int(act.at.micros()),
        Value::Text(act.actor.kind().into()),
        act.actor.account().map_or(Value::Null, |id| Value::Text(id.into())),
        act.office.as_deref().map_or(Value::Null, |unit| Value::Text(unit.into())),
        Value::Text(verb.into()),
        subject_value(subject),
    ]
}

/// PostgreSQL keeps no NUL in a text, and a subject may come from a foreign address line.
fn subject_value(subject: &str) -> Value<'_> {
    Value::Text(match subject.contains('\0') {
        true => subject.replace('\0', "\u{fffd}").into(),
        false => subject.into(),
    })
}

record! {
    /// A line of the book.
    pub struct Entry {
        id: String, at: base::Instant, actor_kind: String, actor: Option<String>, office: Option<String>,
        verb: String, subject: String,
        /// From 1, without gaps; `None` for a moment after the commit.
        no: Option<i64>,
        hash: Option<String>,
    }
}

impl Entry {
    /// SHA-256 of the hash before and this entry, as `AUDIT.md` says.
    fn hash_after(&self, before: &[u8; 32], no: i64) -> [u8; 32] {
        let mut sum = Context::new(&SHA256);
        sum.update(before);
        sum.update(FORMAT);
        let mut field = |text: Option<&str>| match text {
            None => sum.update(b"-,"),
            Some(text) => {
                sum.update(text.len().to_string().as_bytes());
                sum.update(b":");
                sum.update(text.as_bytes());
                sum.update(b",");
            }
        };
        field(Some(&no.to_string()));
        field(Some(&self.id));
        field(Some(&self.at.micros().to_string()));
        field(Some(&self.actor_kind));
        field(self.actor.as_deref());
        field(self.office.as_deref());
        field(Some(&self.verb));
        field(Some(&self.subject));
        let mut hash = [0; 32];
        hash.copy_from_slice(sum.finish().as_ref());
        hash
    }
}

record! {
    /// The chain's end: what to write down elsewhere, so that nobody can cut or remake the chain unseen.
    pub struct Head { no: i64, hash: String }
}

/// The chain's end as it is now.
///
/// # Errors
/// The store's.
pub async fn head(tx: &mut Tx) -> Result<Head> {
    tx.get("select no, hash from audit_head where one = 1", args![]).await
}

// ---- the sequencer -----------------------------------------------------------------------------

/// Chains entries twice a second until `stop` turns true, then once more.
pub async fn run(db: Db, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(e) = chain_once(&db).await {
            tracing::warn!(error = %e, "the audit book could not be chained; trying again");
        }
        if *stop.borrow() {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(CHAIN_EVERY) => {}
            changed = stop.changed() => if changed.is_err() { return },
        }
    }
}

/// Chains all entries that are committed by now; how many. Any number of instances may call it at once:
/// they take turns.
///
/// # Errors
/// The store's; `Fault` when the chain's end is not a hash.
pub async fn chain_once(db: &Db) -> Result<u64> {
    let mut chained = 0;
    loop {
        let none = async |tx: &mut Tx| tx.find::<String>(ANY_UNCHAINED, args![]).await;
        if db.read(none).await?.is_none() {
            return Ok(chained);
        }
        match db.run(Mode::Chore, None, async |tx: &mut Tx| chain_batch(tx).await).await? {
            0 => return Ok(chained),
            n => chained += n,
        }
    }
}

const ANY_UNCHAINED: &str = "select id from audit_entry where no is null limit 1";

async fn chain_batch(tx: &mut Tx) -> Result<u64> {
    // the update holds the row: the next sequencer waits here and then sees what this one committed
    let turn = "update audit_head set turn = turn + 1 where one = 1 returning no, hash";
    let head: Head = tx.get(turn, args![]).await?;
    let Some(mut hash) = unhex(&head.hash) else { return fault("the audit chain's end is not a hash") };
    let fresh = "select * from audit_entry where no is null order by id limit $1";
    let fresh = tx.list::<Entry>(fresh, args![CHAIN_BATCH]).await?;
    let mut no = head.no;
    let mut links = Vec::with_capacity(3 * fresh.len());
    for entry in &fresh {
        no += 1;
        hash = entry.hash_after(&hash, no);
        links.extend([Value::Text(entry.id.as_str().into()), Value::Int(no), Value::Text(hex(&hash).into())]);
    }
    link(tx, &links).await?;
    let end = "update audit_head set no = $1, hash = $2 where one = 1";
    tx.change_one(end, args![no, hex(&hash)]).await?;
    Ok(fresh.len() as u64)
}

/// Writes numbers and hashes: rows of (id, no, hash).
async fn link(tx: &mut Tx, links: &[Value<'_>]) -> Result<()> {
    let mut rest = links;
    while !rest.is_empty() {
        let rows = tx.rows_at_once(rest.len() / 3, 3);
        let (now, later) = rest.split_at(rows * 3);
        if tx.change(Sql(link_text(rows).into()), now).await? != rows as u64 {
            return fault("an audit entry vanished while it was chained");
        }
        rest = later;
    }
    Ok(())
}

fn link_text(rows: usize) -> String {
    // What SQLite is given row after row: without the table of values around each.
    if rows == 1 {
        return "update audit_entry set no = $2, hash = $3 where id = $1 and no is null".into();
    }
    let mut sql = String::from("with link(id, no, hash) as (values ");
    for row in 0..rows {
        let (comma, first) = (if row == 0 { "" } else { ", " }, 3 * row + 1);
        sql.push_str(&format!("{comma}(${}, cast(${} as bigint), ${})", first, first + 1, first + 2));
    }
    sql.push_str(
        ") update audit_entry set no = link.no, hash = link.hash from link
         where audit_entry.id = link.id and audit_entry.no is null",
    );
    sql
}

// ---- verification ------------------------------------------------------------------------------

/// What [`verify`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// All entries, chained or not.
    pub entries: u64,
    /// Entries whose number and hash are right, from the first on.
    pub chained: u64,
    /// Entries that wait for the sequencer. Nothing proves these yet.
    pub unchained_tail: u64,
    /// The first thing that is wrong.
    pub broken: Option<Broken>,
    /// The chain's end, if nothing is broken: compare it with what was written down elsewhere.
    pub head: Option<String>,
}

/// Where the chain breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The number at which it shows.
    pub no: i64,
    pub why: Why,
}

/// What is wrong there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// No entry has this number: one or more were removed.
    Missing,
    /// The hash is not that of the entry and those before it: something was changed, or the order.
    Changed,
    /// The chain ends here, but once was longer.
    CutOff,
    /// The chain goes on after its noted end.
    TooLong,
}

/// Recomputes the whole chain, in bounded memory. Entries that are written meanwhile are not missed:
/// they are found as tail or not at all.
///
/// # Errors
/// The store's.
pub async fn verify(db: &Db) -> Result<Report> {
    // first of all, so that what is chained meanwhile can only make the chain longer than this
    let mut walk = Walk::to(db.read(async |tx: &mut Tx| head(tx).await).await?);
    while let Some((after, last)) = walk.next() {
        walk.take(db.read(async move |tx: &mut Tx| entries(tx, after, last).await).await?);
    }
    db.read(async move |tx: &mut Tx| count(tx, &walk).await).await
}

/// The same inside one transaction: the book as this snapshot has it.
pub(crate) async fn verify_in(tx: &mut Tx) -> Result<Report> {
    let mut walk = Walk::to(head(tx).await?);
    while let Some((after, last)) = walk.next() {
        walk.take(entries(tx, after, last).await?);
    }
    count(tx, &walk).await
}

async fn entries(tx: &mut Tx, after: i64, last: i64) -> Result<Vec<Entry>> {
    let sql = "select * from audit_entry where no > $1 and no <= $2 order by no limit $3";
    tx.list(sql, args![after, last, VERIFY_BATCH]).await
}

/// A walk along the chain, from its beginning to its noted end.
struct Walk {
    end: Head,
    /// The last number found right, and its hash.
    no: i64,
    hash: [u8; 32],
    broken: Option<Broken>,
}

impl Walk {
    fn to(end: Head) -> Walk {
        Walk { end, no: 0, hash: [0; 32], broken: None }
    }

    /// Which numbers to read next: above the first, up to the second.
    fn next(&self) -> Option<(i64, i64)> {
        (self.broken.is_none() && self.no < self.end.no).then_some((self.no, self.end.no))
    }

    fn take(&mut self, batch: Vec<Entry>) {
        if batch.is_empty() {
            self.broken = Some(Broken { no: self.no + 1, why: Why::CutOff });
        }
        for entry in batch {
            let next = entry.hash_after(&self.hash, self.no + 1);
            let why = match &entry.hash {
                _ if entry.no != Some(self.no + 1) => Why::Missing,
                Some(kept) if *kept == hex(&next) => {
                    (self.hash, self.no) = (next, self.no + 1);
                    continue;
                }
                _ => Why::Changed,
            };
            self.broken = Some(Broken { no: self.no + 1, why });
            return;
        }
    }

    fn broken(&self) -> Option<Broken> {
        let other_end = hex(&self.hash) != self.end.hash;
        self.broken.clone().or(other_end.then_some(Broken { no: self.no, why: Why::Changed }))
    }
}

async fn count(tx: &mut Tx, walk: &Walk) -> Result<Report> {
    let all: i64 = tx.get("select count(*) from audit_entry", args![]).await?;
    let tail: i64 = tx.get("select count(*) from audit_entry where no is null", args![]).await?;
    let last: Option<i64> = tx.get("select max(no) from audit_entry", args![]).await?;
    let head_now = head(tx).await?.no;
    let mut broken = walk.broken();
    if broken.is_none() && last.unwrap_or(0) > head_now {
        broken = Some(Broken { no: head_now + 1, why: Why::TooLong });
    }
    let number = |n: i64| u64::try_from(n).unwrap_or(0);
    let head = broken.is_none().then(|| walk.end.hash.clone());
    let (entries, chained, unchained_tail) = (number(all), number(walk.no), number(tail));
    Ok(Report { entries, chained, unchained_tail, broken, head })
}
