//! The rows of the vault. Every statement that a person asks names its owner by the two keys under which
//! a person's entries stand, so that nobody reads another's.

use base::{Day, Instant};
use db::blobs::Hash;
use db::{Filter, Tx, args};

use super::{Entry, EntryId, Keys};
use crate::dossier::DossierId;

macro_rules! entry {
    ($tail:literal) => {
        concat!(
            "select e.id, e.origin, e.kind, e.name, e.number, e.issued_on, e.expires_on, e.issuer, ",
            "e.file_name, e.media, e.size, e.sha256, e.dossier, d.code, e.component, e.state, e.reason, ",
            "e.ended_at, e.offered, e.compared_at, e.added_at ",
            "from vault_entry e left join dossier d on d.id = e.dossier ",
            $tail
        )
    };
}

/// Entries on one page of the list.
pub const LINES: usize = 20;

/// What is kept of a new entry.
pub struct NewEntry<'a> {
    pub id: EntryId,
    pub source: String,
    pub origin: &'a str,
    pub owner: String,
    pub kind: &'a str,
    pub name: &'a str,
    pub number: &'a str,
    pub issued_on: Option<Day>,
    pub expires_on: Option<Day>,
    pub issuer: &'a str,
    pub file_name: &'a str,
    pub media: &'a str,
    pub size: i64,
    pub sha256: Hash,
    pub dossier: Option<DossierId>,
    pub component: &'a str,
    pub compared_by: Option<&'a str>,
    pub added_by: Option<&'a str>,
    pub at: Instant,
}

/// Keeps an entry and holds its content; `false` when the same source has made one before.
pub async fn put(tx: &mut Tx, e: &NewEntry<'_>) -> db::Result<bool> {
    let made = tx
        .change(
            "insert into vault_entry (id, source, origin, owner, kind, name, name_folded, number, issued_on,
                expires_on, issuer, file_name, media, size, sha256, dossier, component, state, compared_by,
                compared_at, added_by, added_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 'valid', $18,
                $19, $20, $21) on conflict (source) do nothing",
            args![
                e.id,
                &e.source,
                e.origin,
                &e.owner,
                e.kind,
                e.name,
                base::text::fold(e.name),
                e.number,
                e.issued_on,
                e.expires_on,
                e.issuer,
                e.file_name,
                e.media,
                e.size,
                e.sha256,
                e.dossier,
                e.component,
                e.compared_by,
                e.compared_by.map(|_| e.at),
                e.added_by,
                e.at
            ],
        )
        .await?;
    if made == 1 {
        db::blobs::commit(tx, &e.sha256).await?;
    }
    Ok(made == 1)
}

/// How many papers of its own an account has put into the vault.
pub async fn count_own(tx: &mut Tx, account: &str) -> db::Result<i64> {
    tx.get("select count(*) from vault_entry where owner = $1 and origin = 'own'", args![account]).await
}

/// Whether this source has made an entry.
pub async fn is_there(tx: &mut Tx, source: &str) -> db::Result<bool> {
    let found: Option<String> =
        tx.find("select id from vault_entry where source = $1", args![source]).await?;
    Ok(found.is_some())
}

/// Puts a file that only grew at its end in the place of an entry's; whether the entry held that one.
pub async fn raise(tx: &mut Tx, source: &str, (before, after): (Hash, Hash), size: i64) -> db::Result<bool> {
    let sql = "update vault_entry set sha256 = $3, size = $4 where source = $1 and sha256 = $2";
    Ok(tx.change(sql, args![source, before, after, size]).await? == 1)
}

/// An entry of this person.
pub async fn find(tx: &mut Tx, id: EntryId, keys: &Keys) -> db::Result<Option<Entry>> {
    let [account, claimed] = &keys.0;
    tx.find(entry!("where e.id = $1 and (e.owner = $2 or e.owner = $3)"), args![id, account, claimed]).await
}

/// What of the list is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sieve {
    /// Words of the name, or a part of the number.
    pub words: String,
    /// `valid`, `ended`, or "" for all.
    pub state: String,
    /// `result`, `scan`, `own`, or "" for all.
    pub origin: String,
    /// The last entry of the page before.
    pub after: Option<EntryId>,
}

/// A person's entries, the newest first; one more than a page holds.
pub async fn list(tx: &mut Tx, keys: &Keys, sieve: &Sieve, today: Day) -> db::Result<Vec<Entry>> {
    let words = base::text::fold(&sieve.words).replace(['%', '_'], " ");
    let like = (!words.trim().is_empty()).then(|| format!("%{}%", words.trim()));
    let origin = Some(sieve.origin.as_str()).filter(|o| !o.is_empty());
    let valid = (sieve.state == "valid").then_some(today);
    let ended = (sieve.state == "ended").then_some(today);
    let q = Filter::new(entry!(""))
        .among("e.owner", &keys.0)
        .and("e.origin = ?", origin)
        .and("(e.name_folded like ? or lower(e.number) like ?)", like.as_deref())
        .and("e.state = 'valid' and (e.expires_on is null or e.expires_on >= ?)", valid)
        .and("(e.state <> 'valid' or e.expires_on < ?)", ended)
        .and("e.id < ?", sieve.after);
    let q = q.tail("order by e.id desc limit 21");
    tx.list(&q, &q.args).await
}

/// The entries that a person may choose from when filing, the newest first: those that have expired too, so
/// that the page can say why they do not serve.
pub async fn list_offered(tx: &mut Tx, keys: &Keys) -> db::Result<Vec<Entry>> {
    let [account, claimed] = &keys.0;
    tx.list(
        entry!(
            "where (e.owner = $1 or e.owner = $2) and e.offered = 1 and e.state = 'valid'
              order by e.id desc limit 100"
        ),
        args![account, claimed],
    )
    .await
}

/// The entries that came of a dossier, in the order they came.
pub async fn of_dossier(tx: &mut Tx, dossier: DossierId) -> db::Result<Vec<Entry>> {
    tx.list(entry!("where e.dossier = $1 order by e.id limit 200"), args![dossier]).await
}

/// The dossiers whose results lie in a person's vault, the newest first.
pub async fn list_results(tx: &mut Tx, keys: &Keys) -> db::Result<Vec<DossierId>> {
    let [account, claimed] = &keys.0;
    tx.list(
        "select dossier from vault_entry
          where (owner = $1 or owner = $2) and origin = 'result' and dossier is not null
          order by id desc limit 10",
        args![account, claimed],
    )
    .await
}

/// Whether its owner lets an entry be used.
pub async fn save_offered(tx: &mut Tx, id: EntryId, keys: &Keys, offered: bool) -> db::Result<()> {
    let [account, claimed] = &keys.0;
    tx.change_one(
        "update vault_entry set offered = $1 where id = $2 and (owner = $3 or owner = $4)",
        args![offered, id, account, claimed],
    )
    .await
}

/// Ends a valid entry. `Stale` when it has ended before.
pub async fn save_ended(
    tx: &mut Tx,
    id: EntryId,
    state: &str,
    reason: &str,
    account: &str,
    at: Instant,
) -> db::Result<()> {
    tx.change_one(
        "update vault_entry set state = $1, reason = $2, ended_by = $3, ended_at = $4
          where id = $5 and state = 'valid'",
        args![state, reason, account, at, id],
    )
    .await
}

/// Forgets an entry that its owner brought and nothing refers to.
pub async fn delete(tx: &mut Tx, entry: &Entry) -> db::Result<()> {
    tx.change_one("delete from vault_entry where id = $1 and origin = 'own'", args![entry.id]).await?;
    db::blobs::release(tx, &entry.sha256).await
}

/// Whether anything refers to an entry: a use of it, or a draft that has it.
pub async fn is_held(tx: &mut Tx, id: EntryId) -> db::Result<bool> {
    let uses: i64 = tx.get("select count(*) from vault_use where entry = $1", args![id]).await?;
    let drafts: i64 =
        tx.get("select count(*) from upload where vault = $1 and dossier is null", args![id]).await?;
    Ok(uses + drafts > 0)
}

/// A line of the log of uses.
pub struct NewUse<'a> {
    pub entry: EntryId,
    pub dossier: DossierId,
    pub file: &'a str,
    pub component: &'a str,
    /// `file` or `supplement`.
    pub why: &'a str,
    pub account: &'a str,
    pub at: Instant,
}

/// Writes a use down.
pub async fn save_use(tx: &mut Tx, u: &NewUse<'_>) -> db::Result<()> {
    tx.change_one(
        "insert into vault_use (id, entry, dossier, file, component, why, account, at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        args![EntryId::fresh(), u.entry, u.dossier, u.file, u.component, u.why, u.account, u.at],
    )
    .await
}

db::record! {
    /// A use of an entry, with the dossier it went into.
    pub struct Use {
        code: String, procedure: String, counter: String, component: String, why: String, account: String,
        at: Instant,
    }
}

/// The uses of an entry, the newest first.
pub async fn list_uses(tx: &mut Tx, entry: EntryId) -> db::Result<Vec<Use>> {
    tx.list(
        "select d.code, d.procedure, d.counter, u.component, u.why, u.account, u.at
           from vault_use u join dossier d on d.id = u.dossier
          where u.entry = $1 order by u.at desc, u.id desc limit 200",
        args![entry],
    )
    .await
}

db::record! {
    /// A file of a dossier that is an entry of a vault.
    pub struct Used {
        file: String, entry: EntryId, name: String, origin: String, expires_on: Option<Day>, state: String,
        ended_at: Option<Instant>, at: Instant,
    }
}

/// The files of a dossier that came from a vault.
pub async fn used_in(tx: &mut Tx, dossier: DossierId) -> db::Result<Vec<Used>> {
    tx.list(
        "select u.file, u.entry, e.name, e.origin, e.expires_on, e.state, e.ended_at, u.at
           from vault_use u join vault_entry e on e.id = u.entry
          where u.dossier = $1 order by u.at, u.id limit 200",
        args![dossier],
    )
    .await
}

/// Puts an entry's content into a draft, for one of its papers.
pub async fn save_picked(
    tx: &mut Tx,
    id: &str,
    account: &str,
    draft: &str,
    component: &str,
    entry: &Entry,
    at: Instant,
) -> db::Result<()> {
    tx.change_one(
        "insert into upload (id, account, draft, component, name, media, size, sha256, created_at, vault)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        args![
            id,
            account,
            draft,
            component,
            &entry.file_name,
            &entry.media,
            entry.size,
            entry.sha256,
            at,
            entry.id
        ],
    )
    .await?;
    db::blobs::commit(tx, &entry.sha256).await
}
