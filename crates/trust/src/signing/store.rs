//! Rows of certificates that can sign, and of their PINs.

use base::Instant;
use db::{Tx, args};

db::record! {
    /// A certificate whose key is here. `wrong`: wrong PINs in a row; none without a PIN.
    pub struct Row {
        id: String, der: Vec<u8>, holder: String, kind: String, key: String, authority: Option<String>,
        wrong: Option<i64>,
    }
}

macro_rules! able {
    ($whose:literal) => {
        concat!(
            "select c.id, c.der, c.holder, c.kind, c.key, c.authority, p.wrong ",
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
    /// A PIN.
    pub struct Pin { hash: String, wrong: i64 }
}

/// The PIN of a certificate.
pub async fn find_pin(tx: &mut Tx, certificate: &str) -> db::Result<Option<Pin>> {
    tx.find("select hash, wrong from signing_pin where certificate = $1", args![certificate]).await
}

/// Counts tries.
pub async fn save_tries(tx: &mut Tx, certificate: &str, wrong: i64) -> db::Result<()> {
    let sql = "update signing_pin set wrong = $2 where certificate = $1";
    tx.change_one(sql, args![certificate, wrong]).await
}

/// Sets a PIN, instead of any before.
pub async fn put_pin(tx: &mut Tx, certificate: &str, hash: &str, now: Instant) -> db::Result<()> {
    let sql = "insert into signing_pin (certificate, hash, wrong, set_at) values ($1, $2, 0, $3)
         on conflict (certificate) do update set hash = excluded.hash, wrong = 0, set_at = excluded.set_at";
    tx.change_one(sql, args![certificate, hash, now]).await
}
