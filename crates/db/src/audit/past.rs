//! Deeds that were done before they came into this book: moved in from elsewhere, or invented.

use super::{Entry, Head, fresh_id};
use crate::{
    act::Act,
    args,
    digest::{hex, unhex},
    error::{Result, fault},
    tx::Tx,
    value::Value,
};

/// Writes deeds of the past into the book, chained at once in the order given, in the caller's write.
/// A load of millions of entries would keep the sequencer busy for hours, and prove nothing meanwhile.
///
/// # Errors
/// The store's; `Fault` when the chain's end is not a hash.
pub async fn put_past(tx: &mut Tx, deeds: &[Act]) -> Result<()> {
    // the same row that the sequencer turns: the two take turns
    let turn = "update audit_head set turn = turn + 1 where one = 1 returning no, hash";
    let head: Head = tx.get(turn, args![]).await?;
    let Some(mut hash) = unhex(&head.hash) else { return fault("the audit chain's end is not a hash") };
    let mut no = head.no;
    let mut rows = Vec::with_capacity(9 * deeds.len());
    for deed in deeds {
        no += 1;
        let entry = Entry {
            id: fresh_id(),
            at: deed.at,
            actor_kind: deed.actor.kind().to_owned(),
            actor: deed.actor.account().map(str::to_owned),
            office: deed.office.clone(),
            verb: deed.verb.to_owned(),
            subject: deed.subject.clone(),
            no: Some(no),
            hash: None,
        };
        hash = entry.hash_after(&hash, no);
        let optional = |text: Option<String>| text.map_or(Value::Null, |text| Value::Text(text.into()));
        rows.extend([
            Value::Text(entry.id.into()),
            Value::Int(entry.at.micros()),
            Value::Text(entry.actor_kind.into()),
            optional(entry.actor),
            optional(entry.office),
            Value::Text(entry.verb.into()),
            Value::Text(entry.subject.into()),
            Value::Int(no),
            Value::Text(hex(&hash).into()),
        ]);
    }
    tx.many(
        "insert into audit_entry(id, at, actor_kind, actor, office, verb, subject, no, hash) values",
        9,
        &rows,
        "",
    )
    .await?;
    tx.change_one("update audit_head set no = $1, hash = $2 where one = 1", args![no, hex(&hash)]).await
}
