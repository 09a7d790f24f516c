//! Events: what must happen after a commit is a row in that commit.
//!
//! The envelope of an event (a format of record, one row of table `outbox`): `id` (UUIDv7), `topic`
//! (`system.noun.verb-past`), `aggregate` (the id of the thing it happened to), `payload` (JSON, a type
//! of crate `contracts`; no personal data), `at`. `seq` orders the events of one aggregate: writers
//! that touch a common row are numbered in the order of their commits. Numbers may have gaps, and a
//! smaller number may appear after a larger one of another aggregate.

use base::{Id, Instant};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    args,
    error::{Error, Result, fault},
    record,
    rows::Rows,
    tx::Tx,
};

/// An event's id.
pub enum EventKind {}
pub type EventId = Id<EventKind>;

record! {
    /// An event as a listener gets it.
    pub struct Event {
        id: EventId,
        /// `onestop.dossier.received`
        topic: String,
        /// What it happened to; events of one aggregate come in order.
        aggregate: String,
        /// JSON.
        payload: String,
        at: Instant,
    }
}

impl Event {
    /// The payload as the topic's type in `contracts`.
    ///
    /// # Errors
    /// What does not fit, for the log and for the parked delivery.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, String> {
        serde_json::from_str(&self.payload).map_err(|e| format!("payload of {}: {e}", self.topic))
    }
}

/// Puts an event into the outbox of this write, at the time of its act.
///
/// # Errors
/// `Fault` when the payload cannot be JSON, or in an upkeep (only acts have events).
pub async fn put(
    tx: &mut Tx,
    topic: &'static str,
    aggregate: &str,
    payload: &impl Serialize,
) -> Result<EventId> {
    let Some(act) = &tx.act else { return fault("an event outside a write") };
    let at = act.at;
    let payload = serde_json::to_string(payload).map_err(|e| Error::Fault(format!("event {topic}: {e}")))?;
    let id = EventId::fresh();
    let sql = "insert into outbox(id, topic, aggregate, payload, at, fanned) values ($1, $2, $3, $4, $5, 0)";
    tx.change_one(sql, args![id, topic, aggregate, payload, at]).await?;
    tx.news.event = true;
    Ok(id)
}

/// Events of the past that everybody has heard already, to be put: moved in from elsewhere, or invented.
pub fn heard(events: &[Event]) -> Rows {
    let mut rows = Rows::new("insert into outbox(id, topic, aggregate, payload, at, fanned) values", 6);
    for e in events {
        rows.add(args![e.id, e.topic, e.aggregate, e.payload, e.at, 1].iter().cloned());
    }
    rows
}

/// How many events or deliveries are not yet done, parked ones included: 0 when the outbox is empty.
///
/// # Errors
/// The store's.
pub async fn pending(tx: &mut Tx) -> Result<i64> {
    let new: i64 = tx.get("select count(*) from outbox where fanned = 0", args![]).await?;
    let dealt: i64 = tx.get("select count(*) from delivery", args![]).await?;
    Ok(new + dealt)
}
