//! Rows of trust anchors.

use base::Instant;
use db::{Tx, args};

db::record! {
    /// An authority that is trusted, or proposed to be.
    pub struct Anchor {
        certificate: String, class: String, proposed_by: String, proposed_at: Instant,
        confirmed_by: Option<String>,
    }
}

/// The anchor of this certificate.
pub async fn find(tx: &mut Tx, id: &str) -> db::Result<Option<Anchor>> {
    let sql = "select certificate, class, proposed_by, proposed_at, confirmed_by from trust_anchor
         where certificate = $1";
    tx.find(sql, args![id]).await
}

/// How many are confirmed.
pub async fn count(tx: &mut Tx) -> db::Result<i64> {
    tx.get("select count(*) from trust_anchor where confirmed_by is not null", args![]).await
}

/// Keeps a proposal; one that is there stays as it is.
pub async fn save(tx: &mut Tx, id: &str, class: &str, by: &str, now: Instant) -> db::Result<u64> {
    let sql =
        "insert into trust_anchor (certificate, class, proposed_by, proposed_at) values ($1, $2, $3, $4)
         on conflict (certificate) do nothing";
    tx.change(sql, args![id, class, by, now]).await
}

/// Keeps that it was confirmed.
pub async fn save_confirmed(tx: &mut Tx, id: &str, by: &str, now: Instant) -> db::Result<()> {
    let sql = "update trust_anchor set confirmed_by = $2, confirmed_at = $3
         where certificate = $1 and confirmed_by is null";
    tx.change_one(sql, args![id, by, now]).await
}

/// Forgets it.
pub async fn remove(tx: &mut Tx, id: &str) -> db::Result<u64> {
    tx.change("delete from trust_anchor where certificate = $1", args![id]).await
}

db::record! {
    /// Somebody who is trusted.
    pub struct Trusted { der: Vec<u8>, class: String }
}

/// The confirmed ones whose certificates are in use; at most [`super::ANCHORS_MAX`].
pub async fn list(tx: &mut Tx) -> db::Result<Vec<Trusted>> {
    tx.list(
        "select c.der, a.class from trust_anchor a join certificate c on c.id = a.certificate
          where a.confirmed_by is not null and c.state = 'valid' order by c.id limit 500",
        args![],
    )
    .await
}

/// Authorities from outside that others have certified, for chains: nobody is trusted for being here. At most
/// 2,000, the newest first.
pub async fn list_between(tx: &mut Tx) -> db::Result<Vec<Vec<u8>>> {
    tx.list(
        "select der from certificate where kind = 'authority' and origin = 'imported' and issuer <> subject
          order by not_before desc, id limit 2000",
        args![],
    )
    .await
}

db::record! {
    /// An authority of the register that has signed itself, with what was decided about it.
    pub struct Line {
        id: String, holder: String, fingerprint: String, not_after: Instant, state: String,
        trust_class: String, class: Option<String>, proposed_by: Option<String>,
        proposed_login: Option<String>, confirmed_login: Option<String>, confirmed_by: Option<String>,
    }
}

/// All of them, those that wait first; at most 600.
pub async fn list_all(tx: &mut Tx) -> db::Result<Vec<Line>> {
    tx.list(
        "select c.id, c.holder, c.fingerprint, c.not_after, c.state, c.trust_class, a.class, a.proposed_by,
                p.login as proposed_login, q.login as confirmed_login, a.confirmed_by
           from certificate c
           left join trust_anchor a on a.certificate = c.id
           left join account p on p.id = a.proposed_by
           left join account q on q.id = a.confirmed_by
          where c.kind = 'authority' and c.origin = 'imported' and c.issuer = c.subject
          order by case when a.certificate is null then 1 when a.confirmed_by is null then 0 else 2 end,
                c.holder, c.id limit 600",
        args![],
    )
    .await
}
