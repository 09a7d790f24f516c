//! Numbers of lists, and changes under them.

use base::Instant;
use db::{Tx, args};

db::record! {
    /// An authority's number, by which nodes see that something has changed.
    pub struct HeadRow {
        id: String, crl_number: i64, crl_base: i64, crl_base_at: Instant, crl_at: Instant,
        crl_next: Instant,
        /// The unit that answers OCSP for it.
        responder: Option<String>,
    }
}

/// The numbers of all authorities; at most 100.
pub async fn list_heads(tx: &mut Tx) -> db::Result<Vec<HeadRow>> {
    tx.list(
        "select a.id, a.crl_number, a.crl_base, a.crl_base_at, a.crl_at, a.crl_next,
                (select max(u.id) from signing_unit u
                  where u.authority = a.id and u.kind = 'ocsp' and u.state = 'active') as responder
           from authority a order by a.id limit 100",
        args![],
    )
    .await
}

db::record! {
    /// A change.
    pub struct ChangeRow {
        no: i64, serial: String, reason: i64, at: Instant, invalid_since: Option<Instant>,
    }
}

/// Changes read at once.
pub const CHANGES_MAX: usize = 50_000;

/// The changes of an authority after a place, in order; at most [`CHANGES_MAX`].
pub async fn list_changes(tx: &mut Tx, authority: &str, no: i64, serial: &str) -> db::Result<Vec<ChangeRow>> {
    tx.list(
        "select no, serial, reason, at, invalid_since from revocation
          where authority = $1 and (no > $2 or (no = $2 and serial > $3))
          order by no, serial limit 50000",
        args![authority, no, serial],
    )
    .await
}

/// Takes the next number of an authority's list.
pub async fn save_next(tx: &mut Tx, authority: &str, at: Instant, next: Instant) -> db::Result<i64> {
    tx.get(
        "update authority set crl_number = crl_number + 1, crl_at = $1, crl_next = $2 where id = $3
         returning crl_number",
        args![at, next, authority],
    )
    .await
}

/// Keeps a change under its number.
pub async fn save_change(
    tx: &mut Tx,
    authority: &str,
    no: i64,
    serial: &str,
    (reason, since): (i64, Option<Instant>),
    at: Instant,
) -> db::Result<()> {
    tx.change_one(
        "insert into revocation (authority, no, serial, reason, at, invalid_since)
         values ($1, $2, $3, $4, $5, $6)",
        args![authority, no, serial, reason, at, since],
    )
    .await
}

/// Authorities whose lists were last renewed before this; at most 100.
pub async fn list_of_age(tx: &mut Tx, before: Instant) -> db::Result<Vec<String>> {
    tx.list("select id from authority where crl_base_at < $1 order by id limit 100", args![before]).await
}

/// Takes the next number without a change; the delta list begins anew.
pub async fn save_renewed(tx: &mut Tx, authority: &str, at: Instant, next: Instant) -> db::Result<()> {
    tx.change_one(
        "update authority set crl_number = crl_number + 1, crl_base = crl_number + 1,
                crl_base_at = $1, crl_at = $1, crl_next = $2
          where id = $3",
        args![at, next, authority],
    )
    .await
}
