//! Rows of certificates that can sign, and of their PINs.

use base::Instant;
use db::{Tx, args};

db::record! {
    /// A certificate whose key is here. `wrong`: wrong PINs in a row; none without a PIN.
    pub struct Row {
        id: String, der: Vec<u8>, holder: String, kind: String, key: String, authority: Option<String>,
        wrong: Option<i64>,
        /// From when on a new PIN counts.
        pending_from: Option<Instant>,
    }
}

macro_rules! able {
    ($whose:literal) => {
        concat!(
            "select c.id, c.der, c.holder, c.kind, c.key, c.authority, ",
            "case when p.pending_from <= $2 then 0 else p.wrong end as wrong, p.pending_from ",
            "from certificate c left join signing_pin p on p.certificate = c.id ",
            "where c.key is not null and c.state = 'valid' and c.not_before <= $2 and c.not_after > $2 and ",
            $whose,
            " order by c.not_after desc, c.id limit 20"
        )
    };
}

/// An official's own, the longest first; at most 20.
pub async fn list_personal(tx: &mut Tx, account: &str, now: Instant) -> db::Result<Vec<Row>> {
    tx.list(able!("c.kind = 'official' and c.account = $1"), args![account, now]).await
}

/// The seals of a unit, the longest first; at most 20.
pub async fn list_seals(tx: &mut Tx, unit: &str, now: Instant) -> db::Result<Vec<Row>> {
    tx.list(able!("c.kind = 'agency_seal' and c.unit = $1"), args![unit, now]).await
}

db::record! {
    /// A certificate whose key is in a token.
    pub struct Token { id: String, der: Vec<u8>, holder: String, kind: String, authority: Option<String> }
}

macro_rules! in_token {
    ($which:literal) => {
        concat!(
            "select c.id, c.der, c.holder, c.kind, c.authority from certificate c ",
            "where c.key is null and c.device = 'token' and c.state = 'valid' and c.not_before <= $2 ",
            "and c.not_after > $2 and ",
            $which,
            " order by c.not_after desc, c.id limit 20"
        )
    };
}

/// An official's own in tokens, the longest first; at most 20.
pub async fn list_personal_tokens(tx: &mut Tx, account: &str, now: Instant) -> db::Result<Vec<Token>> {
    tx.list(in_token!("c.kind = 'official' and c.account = $1"), args![account, now]).await
}

/// The seals of a unit in tokens, the longest first; at most 20.
pub async fn list_seal_tokens(tx: &mut Tx, unit: &str, now: Instant) -> db::Result<Vec<Token>> {
    tx.list(in_token!("c.kind = 'agency_seal' and c.unit = $1"), args![unit, now]).await
}

/// One of these by its id.
pub async fn find_token(tx: &mut Tx, id: &str, now: Instant) -> db::Result<Option<Token>> {
    tx.find(in_token!("c.id = $1 and c.kind in ('official', 'agency_seal')"), args![id, now]).await
}

db::record! {
    /// A service certificate whose key is here.
    pub struct ServiceRow { der: Vec<u8>, holder: String, key: String, authority: Option<String> }
}

/// A unit's service certificate whose key is here and needs no PIN: the one that holds longest.
pub async fn find_service(tx: &mut Tx, unit: &str, now: Instant) -> db::Result<Option<ServiceRow>> {
    let sql = "select c.der, c.holder, c.key, c.authority from certificate c
           left join signing_pin p on p.certificate = c.id
          where c.kind = 'service' and c.unit = $1 and c.key is not null and p.certificate is null
            and c.state = 'valid' and c.not_before <= $2 and c.not_after > $2
          order by c.not_after desc, c.id limit 1";
    tx.find(sql, args![unit, now]).await
}

/// Whether an official has a certificate whose key is here or in a token.
pub async fn has_personal(tx: &mut Tx, account: &str, now: Instant) -> db::Result<bool> {
    let sql = "select count(*) from certificate c where (c.key is not null or c.device = 'token')
            and c.state = 'valid' and c.not_before <= $2 and c.not_after > $2
            and c.kind = 'official' and c.account = $1";
    Ok(tx.get::<i64>(sql, args![account, now]).await? > 0)
}

/// Whether a unit has a seal whose key is here or in a token.
pub async fn has_seal(tx: &mut Tx, unit: &str, now: Instant) -> db::Result<bool> {
    let sql = "select count(*) from certificate c where (c.key is not null or c.device = 'token')
            and c.state = 'valid' and c.not_before <= $2 and c.not_after > $2
            and c.kind = 'agency_seal' and c.unit = $1";
    Ok(tx.get::<i64>(sql, args![unit, now]).await? > 0)
}

db::record! {
    /// A PIN.
    pub struct Pin { hash: String, wrong: i64, pending_from: Option<Instant> }
}

/// The PIN of a certificate.
pub async fn find_pin(tx: &mut Tx, certificate: &str) -> db::Result<Option<Pin>> {
    let sql = "select hash, wrong, pending_from from signing_pin where certificate = $1";
    tx.find(sql, args![certificate]).await
}

/// Counts tries.
pub async fn save_tries(tx: &mut Tx, certificate: &str, wrong: i64) -> db::Result<()> {
    let sql = "update signing_pin set wrong = $2 where certificate = $1";
    tx.change_one(sql, args![certificate, wrong]).await
}

/// Sets a PIN, instead of any before and of one that waits.
pub async fn put_pin(tx: &mut Tx, certificate: &str, hash: &str, now: Instant) -> db::Result<()> {
    let sql = "insert into signing_pin (certificate, hash, wrong, set_at) values ($1, $2, 0, $3)
         on conflict (certificate) do update set hash = excluded.hash, wrong = 0, set_at = excluded.set_at,
                pending_hash = null, pending_from = null";
    tx.change_one(sql, args![certificate, hash, now]).await
}

/// Keeps a PIN that counts from an instant on; until then the one before does.
pub async fn save_pending(tx: &mut Tx, certificate: &str, hash: &str, from: Instant) -> db::Result<()> {
    let sql = "update signing_pin set pending_hash = $2, pending_from = $3 where certificate = $1";
    tx.change_one(sql, args![certificate, hash, from]).await
}

/// Puts a PIN that has waited long enough in the place of the one before, unlocked.
pub async fn save_due(tx: &mut Tx, certificate: &str, now: Instant) -> db::Result<u64> {
    let sql = "update signing_pin set hash = pending_hash, wrong = 0, set_at = pending_from,
                pending_hash = null, pending_from = null
         where certificate = $1 and pending_hash is not null and pending_from <= $2";
    tx.change(sql, args![certificate, now]).await
}
