//! The audit book: append-only, hash-chained, written with the effect it tells of.

use base::Id;

use crate::{act::Act, value::Value};

/// An entry's id.
pub enum EntryKind {}

pub(crate) const INSERT: &str = "insert into audit_entry(id, at, actor_kind, actor, office, verb, subject) \
     values ($1, $2, $3, $4, $5, $6, $7)";

/// How many values an entry has before it is chained.
pub(crate) const WIDTH: usize = 7;

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
        Value::Text(subject.into()),
    ]
}
