//! Rows of the register.

use base::Instant;
use db::{Filter, Tx, Value, args};

db::record! {
    /// A certificate with whose it is.
    pub struct Row {
        id: String, der: Vec<u8>, fingerprint: String, serial: String, issuer: String, subject: String,
        holder: String, kind: String, origin: String, trust_class: String, authority: Option<String>,
        key: Option<String>, account: Option<String>, post: Option<String>, unit: Option<String>,
        device: String, device_no: String, letter: String, not_before: Instant, not_after: Instant,
        state: String, changed_at: Instant, reason: Option<i64>, invalid_since: Option<Instant>,
        changed_by: Option<String>, note: String, request: Option<String>, renews: Option<String>,
        added_at: Instant, version: i64,
    }
}

macro_rules! row {
    ($tail:literal) => {
        concat!(
            "select id, der, fingerprint, serial, issuer, subject, holder, kind, origin, trust_class, ",
            "authority, key, account, post, unit, device, device_no, letter, not_before, not_after, state, ",
            "changed_at, reason, invalid_since, changed_by, note, request, renews, added_at, version ",
            "from certificate ",
            $tail
        )
    };
}

/// The certificate with this id.
pub async fn find(tx: &mut Tx, id: &str) -> db::Result<Option<Row>> {
    tx.find(row!("where id = $1"), args![id]).await
}

db::record! {
    /// Whose a certificate is, for those who tell people.
    pub struct Whose { serial: String, account: Option<String>, unit: Option<String>, not_after: Instant }
}

/// Whose the certificate with this id is.
pub async fn get_whose(tx: &mut Tx, id: &str) -> db::Result<Whose> {
    tx.get("select serial, account, unit, not_after from certificate where id = $1", args![id]).await
}

/// The certificate with this fingerprint.
pub async fn find_by_fingerprint(tx: &mut Tx, fingerprint: &str) -> db::Result<Option<Row>> {
    tx.find(row!("where fingerprint = $1"), args![fingerprint]).await
}

/// Certificates of an account, the newest first; at most 50.
pub async fn list_of_account(tx: &mut Tx, account: &str) -> db::Result<Vec<Row>> {
    tx.list(row!("where account = $1 order by not_before desc, id desc limit 50"), args![account]).await
}

/// Authorities from outside with this subject; at most 20.
pub async fn list_authorities_named(tx: &mut Tx, subject: &str) -> db::Result<Vec<Row>> {
    tx.list(
        row!("where kind = 'authority' and subject = $1 order by not_before desc limit 20"),
        args![subject],
    )
    .await
}

db::record! {
    /// A certificate of the same key.
    pub struct SameKey { account: Option<String>, unit: Option<String>, state: String, reason: Option<i64> }
}

/// Certificates of this key, those that speak against it first; at most 100.
pub async fn list_of_key(tx: &mut Tx, key_hash: &str) -> db::Result<Vec<SameKey>> {
    tx.list(
        "select account, unit, state, reason from certificate where key_hash = $1
          order by case when state = 'revoked' then 0 else 1 end, id limit 100",
        args![key_hash],
    )
    .await
}

db::record! {
    /// A certificate whose key has no hash yet.
    pub struct Unhashed { id: String, der: Vec<u8> }
}

/// So many of them.
pub async fn list_unhashed(tx: &mut Tx) -> db::Result<Vec<Unhashed>> {
    tx.list("select id, der from certificate where key_hash is null order by id limit 500", args![]).await
}

/// Keeps the hash of a certificate's key.
pub async fn save_key_hash(tx: &mut Tx, id: &str, key_hash: &str) -> db::Result<()> {
    tx.change_one("update certificate set key_hash = $2 where id = $1", args![id, key_hash]).await
}

db::record! {
    struct Unfit { changed_at: Instant, invalid_since: Option<Instant> }
}

/// Since when the certificate with this fingerprint is not to be relied on; `None` while it is, or unknown.
pub async fn find_unfit(tx: &mut Tx, fingerprint: &str) -> db::Result<Option<Instant>> {
    let sql = "select changed_at, invalid_since from certificate
         where fingerprint = $1 and state in ('revoked', 'suspended')";
    let found: Option<Unfit> = tx.find(sql, args![fingerprint]).await?;
    Ok(found.map(|row| row.invalid_since.map_or(row.changed_at, |since| since.min(row.changed_at))))
}

/// Whether this authority has issued a certificate with this serial number.
pub async fn is_issued(tx: &mut Tx, authority: &str, serial: &str) -> db::Result<bool> {
    let sql = "select count(*) from certificate where authority = $1 and serial = $2";
    Ok(tx.get::<i64>(sql, args![authority, serial]).await? > 0)
}

/// A certificate about to be kept.
#[derive(Clone, Debug, Default)]
pub struct New {
    pub id: String,
    pub der: Vec<u8>,
    pub fingerprint: String,
    pub serial: String,
    pub issuer: String,
    pub subject: String,
    pub holder: String,
    pub folded: String,
    pub kind: &'static str,
    pub origin: &'static str,
    pub trust_class: String,
    pub authority: Option<String>,
    pub key: Option<String>,
    pub key_hash: String,
    pub account: Option<String>,
    pub post: Option<String>,
    pub unit: Option<String>,
    pub device: String,
    pub device_no: String,
    pub letter: String,
    pub not_before: i64,
    pub not_after: i64,
    pub state: &'static str,
    pub changed_at: i64,
    pub reason: Option<i64>,
    pub request: Option<String>,
    pub renews: Option<String>,
    pub added_at: i64,
}

const WIDTH: usize = 28;

impl New {
    fn values(&self) -> Vec<Value<'static>> {
        let row = args![
            self.id,
            self.der,
            self.fingerprint,
            self.serial,
            self.issuer,
            self.subject,
            self.holder,
            self.folded,
            self.kind,
            self.origin,
            self.trust_class,
            self.authority,
            self.key,
            self.account,
            self.post,
            self.unit,
            self.device,
            self.device_no,
            self.letter,
            self.not_before,
            self.not_after,
            self.state,
            self.changed_at,
            self.reason,
            self.request,
            self.renews,
            self.added_at,
            self.key_hash
        ];
        row.iter().map(|value| value.clone().into_owned()).collect()
    }
}

/// Keeps certificates; how many were not there already.
pub async fn save_all(tx: &mut Tx, new: &[New]) -> db::Result<u64> {
    let values: Vec<Value<'static>> = new.iter().flat_map(New::values).collect();
    tx.many(
        "insert into certificate (id, der, fingerprint, serial, issuer, subject, holder, folded, kind, origin,
                trust_class, authority, key, account, post, unit, device, device_no, letter, not_before,
                not_after, state, changed_at, reason, request, renews, added_at, key_hash) values",
        WIDTH,
        &values,
        "on conflict (fingerprint) do nothing",
    )
    .await
}

/// What a step writes.
pub struct Moved<'a> {
    pub state: &'static str,
    pub reason: Option<i64>,
    pub invalid_since: Option<Instant>,
    pub by: &'a str,
    pub note: &'a str,
    pub at: Instant,
}

/// Keeps a step. `Stale` when the row has changed since it was seen.
pub async fn save_moved(tx: &mut Tx, id: &str, seen: i64, moved: &Moved<'_>) -> db::Result<()> {
    tx.change_one(
        "update certificate set state = $1, reason = $2, invalid_since = $3, changed_by = $4, note = $5,
                changed_at = $6, version = version + 1
          where id = $7 and version = $8",
        args![moved.state, moved.reason, moved.invalid_since, moved.by, moved.note, moved.at, id, seen],
    )
    .await
}

/// Whose a certificate is, and where its key lies.
#[derive(Clone, Debug, Default)]
pub struct Assigned {
    pub holder: String,
    pub folded: String,
    pub account: Option<String>,
    pub post: Option<String>,
    pub unit: Option<String>,
    pub device: String,
    pub device_no: String,
    pub letter: String,
}

/// Keeps whose it is. `Stale` when the row has changed since it was seen.
pub async fn save_assigned(tx: &mut Tx, id: &str, seen: i64, to: &Assigned) -> db::Result<()> {
    tx.change_one(
        "update certificate set holder = $1, folded = $2, account = $3, post = $4, unit = $5, device = $6,
                device_no = $7, letter = $8, version = version + 1
          where id = $9 and version = $10",
        args![
            to.holder,
            to.folded,
            to.account,
            to.post,
            to.unit,
            to.device,
            to.device_no,
            to.letter,
            id,
            seen
        ],
    )
    .await
}

/// Which certificates to list.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Folded patterns, all of which must match.
    pub tokens: Vec<String>,
    /// A word of [`super::rules::State`], `expiring`, or empty.
    pub state: String,
    pub origin: Option<String>,
    pub kind: Option<String>,
    pub trust_class: Option<String>,
    /// Continue after this place, a line's `folded`.
    pub after: Option<String>,
    pub now: Option<Instant>,
}

/// Rows of one page; the list holds one more when there is another page.
pub const PAGE: usize = 50;

db::record! {
    /// A certificate in a list.
    pub struct Line {
        id: String, serial: String, issuer: String, holder: String, folded: String, kind: String,
        origin: String, trust_class: String, unit: Option<String>, not_after: Instant, state: String,
    }
}

/// Certificates by holder, one more than a page at most.
pub async fn list(tx: &mut Tx, asked: &Asked) -> db::Result<Vec<Line>> {
    let now = asked.now.map_or(0, |now| now.micros());
    let soon = asked.now.map_or(0, |now| now.plus_days(super::rules::WARN_DAYS[0]).micros());
    let is = |word: &str| asked.state == word;
    let live = is("valid") || is("suspended") || is("expiring");
    let word = if is("expiring") { "valid" } else { &asked.state };
    let mut filter = Filter::new(
        "select id, serial, issuer, holder, folded, kind, origin, trust_class, unit, not_after, state
           from certificate",
    );
    for token in &asked.tokens {
        filter = filter.and("folded like ?", Some(token));
    }
    let filter = filter
        .and("state = ?", (live || is("revoked")).then_some(word))
        .and("not_after >= ?", live.then_some(now))
        .and("not_after < ?", is("expiring").then_some(soon))
        .and("state <> 'revoked' and not_after < ?", is("expired").then_some(now))
        .and("origin = ?", asked.origin.as_deref())
        .and("kind = ?", asked.kind.as_deref())
        .and("trust_class = ?", asked.trust_class.as_deref())
        .and("folded > ?", asked.after.as_deref())
        .tail("order by folded limit 51");
    tx.list(&filter, &filter.args).await
}

db::record! {
    /// How many certificates of officials and agencies stand where.
    pub struct Count { origin: String, valid: i64, suspended: i64, revoked: i64, expired: i64, expiring: i64 }
}

/// Certificates of officials and agencies, counted by origin. Those of authorities, responders,
/// time-stamping units and servers are not counted.
pub async fn count(tx: &mut Tx, now: Instant) -> db::Result<Vec<Count>> {
    let soon = now.plus_days(super::rules::WARN_DAYS[0]);
    tx.list(
        "select origin,
                sum(case when state = 'valid' and not_after >= $1 then 1 else 0 end) as valid,
                sum(case when state = 'suspended' and not_after >= $1 then 1 else 0 end) as suspended,
                sum(case when state = 'revoked' then 1 else 0 end) as revoked,
                sum(case when state <> 'revoked' and not_after < $1 then 1 else 0 end) as expired,
                sum(case when state = 'valid' and not_after >= $1 and not_after < $2 then 1 else 0 end)
                  as expiring
           from certificate where kind in ('official', 'agency_seal')
          group by origin order by origin",
        args![now, soon],
    )
    .await
}

db::record! {
    /// A certificate whose end is near.
    pub struct Ending { id: String, not_after: Instant, warned_days: Option<i64> }
}

/// Certificates in use whose end is to be told: within 30 days and not told yet, within 14 and not told since
/// then, within 3 likewise; at most 500.
pub async fn list_ending(tx: &mut Tx, now: Instant) -> db::Result<Vec<Ending>> {
    let [far, near, last] = super::rules::WARN_DAYS.map(|days| now.plus_days(days));
    tx.list(
        "select id, not_after, warned_days from certificate
          where state = 'valid' and not_after > $1 and not_after <= $2
            and (warned_days is null or (warned_days > 14 and not_after <= $3)
                 or (warned_days > 3 and not_after <= $4))
          order by not_after limit 500",
        args![now, far, near, last],
    )
    .await
}

/// Keeps that the end was told.
pub async fn save_warned(tx: &mut Tx, id: &str, days: i64) -> db::Result<()> {
    tx.change_one("update certificate set warned_days = $1 where id = $2", args![days, id]).await
}
