//! Rows of authorities and of the units that answer for them.

use base::Instant;
use db::{Tx, args};

db::record! {
    /// An authority whose key is here.
    pub struct Authority {
        id: String, role: String, name: String, parent: Option<String>, key: String, der: Vec<u8>,
        shards: u32, state: String, crl_number: i64, crl_base: i64, crl_at: Instant, crl_next: Instant,
        made_at: Instant,
        /// The hardware module its key lies in.
        module: Option<String>,
    }
}

macro_rules! authority {
    ($tail:literal) => {
        concat!(
            "select id, role, name, parent, key, der, shards, state, crl_number, crl_base, crl_at, ",
            "crl_next, made_at, (select k.module from trust_key k where k.id = authority.key) as module ",
            "from authority ",
            $tail
        )
    };
}

/// All authorities, roots first; at most 100.
pub async fn list(tx: &mut Tx) -> db::Result<Vec<Authority>> {
    tx.list(authority!("order by case role when 'root' then 0 else 1 end, made_at, id limit 100"), args![])
        .await
}

/// The authority with this id.
pub async fn find(tx: &mut Tx, id: &str) -> db::Result<Option<Authority>> {
    tx.find(authority!("where id = $1"), args![id]).await
}

/// The authority that issues now: the newest that is active.
pub async fn find_issuing(tx: &mut Tx) -> db::Result<Option<Authority>> {
    tx.find(
        authority!("where role = 'issuing' and state = 'active' order by made_at desc, id desc limit 1"),
        args![],
    )
    .await
}

/// How many there are.
pub async fn count(tx: &mut Tx) -> db::Result<i64> {
    tx.get("select count(*) from authority", args![]).await
}

/// An authority about to be kept.
#[derive(Clone)]
pub struct New {
    pub id: String,
    pub role: &'static str,
    pub name: String,
    pub parent: Option<String>,
    pub key: String,
    pub der: Vec<u8>,
    pub shards: u32,
}

/// Keeps a new authority, with its first list's number and times.
pub async fn save(tx: &mut Tx, new: &New, at: Instant, next: Instant, now: Instant) -> db::Result<()> {
    tx.change_one(
        "insert into authority (id, role, name, parent, key, der, shards, state, crl_number, crl_base,
                crl_base_at, crl_at, crl_next, made_at)
         values ($1, $2, $3, $4, $5, $6, $7, 'active', 1, 1, $8, $8, $9, $10)",
        args![new.id, new.role, new.name, new.parent, new.key, new.der, new.shards, at, next, now],
    )
    .await
}

/// Those who issued so far issue no more; they still answer for what they issued.
pub async fn save_retired(tx: &mut Tx, except: &str) -> db::Result<u64> {
    tx.change(
        "update authority set state = 'retired' where role = 'issuing' and state = 'active' and id <> $1",
        args![except],
    )
    .await
}

db::record! {
    /// A key that answers for an authority.
    pub struct SigningUnit {
        id: String, kind: String, authority: String, key: String, key_kind: String, der: Vec<u8>,
        not_after: Instant,
    }
}

/// The unit of this kind that answers for an authority now.
pub async fn find_unit(tx: &mut Tx, kind: &str, authority: &str) -> db::Result<Option<SigningUnit>> {
    tx.find(
        "select u.id, u.kind, u.authority, u.key, k.kind as key_kind, c.der, u.not_after
           from signing_unit u join certificate c on c.id = u.certificate
           join trust_key k on k.id = u.key
          where u.kind = $1 and u.authority = $2 and u.state = 'active'
          order by u.not_after desc, u.id desc limit 1",
        args![kind, authority],
    )
    .await
}

/// Active units, by authority; at most 200.
pub async fn list_units(tx: &mut Tx) -> db::Result<Vec<SigningUnit>> {
    tx.list(
        "select u.id, u.kind, u.authority, u.key, k.kind as key_kind, c.der, u.not_after
           from signing_unit u join certificate c on c.id = u.certificate
           join trust_key k on k.id = u.key
          where u.state = 'active' order by u.authority, u.kind, u.not_after desc, u.id limit 200",
        args![],
    )
    .await
}

/// Keeps a new unit; the earlier one of its kind and authority is retired. Several time-stamping units stand
/// beside one another when their keys are of different kinds.
pub async fn save_unit(
    tx: &mut Tx,
    id: &str,
    kind: &str,
    (authority, certificate, key): (&str, &str, &str),
    not_after: Instant,
) -> db::Result<()> {
    tx.change(
        "update signing_unit set state = 'retired'
          where kind = $1 and authority = $2 and state = 'active'
            and (kind = 'ocsp' or (select k.kind from trust_key k where k.id = signing_unit.key)
                                = (select k.kind from trust_key k where k.id = $3))",
        args![kind, authority, key],
    )
    .await?;
    tx.change_one(
        "insert into signing_unit (id, kind, authority, certificate, key, not_after, state)
         values ($1, $2, $3, $4, $5, $6, 'active')",
        args![id, kind, authority, certificate, key, not_after],
    )
    .await
}
