//! Rows of the addresses at which issuers outside tell what they have revoked.

use base::Instant;
use db::{Tx, args};

use super::rules::Told;

db::record! {
    /// An address, and how asking there has gone.
    pub struct Source {
        id: String, kind: String, issuer: String, address: String, certificate: String,
        held: Option<String>, true_at: Option<Instant>, until_at: Option<Instant>, entries: i64,
        fetched_at: Option<Instant>, next_at: Instant, failures: i64, error: String,
    }
}

macro_rules! source {
    ($tail:literal) => {
        concat!(
            "select id, kind, issuer, address, certificate, held, true_at, until_at, entries, fetched_at, ",
            "next_at, failures, error from outside_source ",
            $tail
        )
    };
}

/// The source with this id.
pub async fn find(tx: &mut Tx, id: &str) -> db::Result<Option<Source>> {
    tx.find(source!("where id = $1"), args![id]).await
}

/// Sources of a kind that are to be asked now, the longest due first; at most 100. A responder is asked only
/// while no list of the issuer counts.
pub async fn list_due(tx: &mut Tx, kind: &str, now: Instant) -> db::Result<Vec<Source>> {
    tx.list(
        source!(
            "where kind = $1 and next_at <= $2
                and (kind = 'list' or not exists (
                     select 1 from outside_source l
                      where l.kind = 'list' and l.issuer = outside_source.issuer and l.until_at > $2))
              order by next_at, id limit 100"
        ),
        args![kind, now],
    )
    .await
}

/// Sources for the page: those that failed first, then by issuer; at most 200.
pub async fn list(tx: &mut Tx) -> db::Result<Vec<Source>> {
    tx.list(
        source!(
            "order by case when failures > 0 then 0 else 1 end, issuer, kind desc, address, id limit 200"
        ),
        args![],
    )
    .await
}

/// How many there are, and how many of them failed last.
pub async fn count(tx: &mut Tx) -> db::Result<(i64, i64)> {
    let sql =
        "select count(*), coalesce(sum(case when failures > 0 then 1 else 0 end), 0) from outside_source";
    tx.get(sql, args![]).await
}

db::record! {
    /// What is kept of a source.
    pub struct Held { kind: String, held: String }
}

/// What is kept of all sources, the newest first; at most 500. A list that is overtaken still tells of times
/// when it was not; an answer is kept for as long as it counts.
pub async fn list_held(tx: &mut Tx, now: Instant) -> db::Result<Vec<Held>> {
    tx.list(
        "select kind, held from outside_source
          where held is not null and (kind = 'list' or until_at > $1)
          order by kind desc, true_at desc, id limit 500",
        args![now],
    )
    .await
}

/// A source about to be kept.
pub struct New<'a> {
    pub id: String,
    pub kind: &'static str,
    pub issuer: &'a str,
    pub address: &'a str,
    pub certificate: &'a str,
}

/// Keeps a source, unless it is there: it is asked at once.
pub async fn put(tx: &mut Tx, new: &New<'_>, now: Instant) -> db::Result<()> {
    tx.change(
        "insert into outside_source (id, kind, issuer, address, certificate, next_at, added_at)
         values ($1, $2, $3, $4, $5, $6, $6)
         on conflict (kind, issuer, address, certificate) do nothing",
        args![new.id, new.kind, new.issuer, new.address, new.certificate, now],
    )
    .await
    .map(drop)
}

/// All sources that failed last are asked again at the next round.
pub async fn save_retried(tx: &mut Tx, now: Instant) -> db::Result<u64> {
    tx.change("update outside_source set next_at = $1 where failures > 0", args![now]).await
}

/// What came and is believed.
pub struct Fetched<'a> {
    pub held: &'a str,
    pub true_at: Instant,
    pub until_at: Instant,
    pub entries: i64,
    pub next_at: Instant,
}

/// Keeps that something came.
pub async fn save_fetched(tx: &mut Tx, id: &str, new: &Fetched<'_>, now: Instant) -> db::Result<()> {
    tx.change_one(
        "update outside_source set held = $1, true_at = $2, until_at = $3, entries = $4, fetched_at = $5,
                next_at = $6, failures = 0, error = ''
          where id = $7",
        args![new.held, new.true_at, new.until_at, new.entries, now, new.next_at, id],
    )
    .await
}

/// Keeps that nothing came, and why.
pub async fn save_failed(
    tx: &mut Tx,
    id: &str,
    (failures, error): (i64, &str),
    next_at: Instant,
) -> db::Result<()> {
    tx.change_one(
        "update outside_source set failures = $1, error = $2, next_at = $3 where id = $4",
        args![failures, error, next_at, id],
    )
    .await
}

db::record! {
    /// A certificate whose addresses were not taken yet.
    pub struct Ungathered { id: String, der: Vec<u8>, issuer: String }
}

/// Certificates from outside whose addresses were not taken yet; at most 500.
pub async fn list_ungathered(tx: &mut Tx) -> db::Result<Vec<Ungathered>> {
    tx.list(
        "select id, der, issuer from certificate
          where origin = 'imported' and gathered = 0 order by id limit 500",
        args![],
    )
    .await
}

/// They are taken.
pub async fn save_gathered(tx: &mut Tx, id: &str) -> db::Result<()> {
    tx.change_one("update certificate set gathered = 1 where id = $1", args![id]).await
}

db::record! {
    /// A certificate that a source may speak of.
    pub struct Affected { id: String, der: Vec<u8>, serial: String, state: String, told_by: Option<String> }
}

/// Certificates of an issuer outside that are not revoked; at most 20,000. Their bytes are left out.
pub async fn list_affected(tx: &mut Tx, issuer: &str) -> db::Result<Vec<Affected>> {
    tx.list(
        "select id, substr(der, 1, 0) as der, serial, state, told_by from certificate
          where issuer = $1 and origin = 'imported' and state <> 'revoked' order by id limit 20000",
        args![issuer],
    )
    .await
}

/// The one certificate that an answer is about.
pub async fn list_one(tx: &mut Tx, id: &str) -> db::Result<Vec<Affected>> {
    tx.list(
        "select id, der, serial, state, told_by from certificate where id = $1 order by id limit 1",
        args![id],
    )
    .await
}

/// Keeps what an issuer said, unless the row has changed since it was read; whether it was kept.
pub async fn save_told(
    tx: &mut Tx,
    of: &Affected,
    told: &Told,
    (source, note): (&str, &str),
    now: Instant,
) -> db::Result<bool> {
    let (word, at) = (told.to.word(), told.at.min(now));
    let changed = tx
        .change(
            "update certificate set state = $1, reason = $2, invalid_since = $3, changed_at = $4,
                    told_by = $5, changed_by = null, note = $6, version = version + 1
              where id = $7 and state = $8",
            args![word, told.reason, told.invalid_since, at, source, note, of.id, of.state],
        )
        .await?;
    Ok(changed == 1)
}
