//! What changes come to: who is on a list of a number, and what a delta list says. Pure.

use std::collections::{BTreeMap, BTreeSet};

use base::Instant;
use pki::cert::Serial;
use pki::crl::{Reason, Revoked};

/// One change, as it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The number of the list that says so first.
    pub no: i64,
    pub serial: Serial,
    /// [`Reason::RemoveFromCrl`] takes a suspended certificate off.
    pub reason: Reason,
    pub at: Instant,
    pub invalid_since: Option<Instant>,
}

/// A certificate on a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub at: Instant,
    pub reason: Reason,
    pub invalid_since: Option<Instant>,
}

/// The number and times of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub number: i64,
    /// The delta list counts from here.
    pub base: i64,
    pub at: Instant,
    pub next: Instant,
}

/// Takes a change into the entries.
pub fn apply(entries: &mut BTreeMap<Serial, Entry>, change: &Change) {
    match change.reason {
        Reason::RemoveFromCrl => {
            entries.remove(&change.serial);
        }
        reason => {
            let entry = Entry { at: change.at, reason, invalid_since: change.invalid_since };
            entries.insert(change.serial.clone(), entry);
        }
    }
}

/// The entries of a full list.
pub fn full(entries: &BTreeMap<Serial, Entry>) -> impl Iterator<Item = Revoked> {
    entries.iter().map(|(serial, entry)| revoked(serial, entry))
}

/// The entries of a delta list: what has changed since the base, as it stands now.
pub fn delta(entries: &BTreeMap<Serial, Entry>, changed: &BTreeSet<Serial>, at: Instant) -> Vec<Revoked> {
    let removed = Entry { at, reason: Reason::RemoveFromCrl, invalid_since: None };
    changed.iter().map(|serial| revoked(serial, entries.get(serial).unwrap_or(&removed))).collect()
}

fn revoked(serial: &Serial, entry: &Entry) -> Revoked {
    Revoked { serial: serial.clone(), at: entry.at, reason: entry.reason, invalid_since: entry.invalid_since }
}

/// Lists and answers tell whole seconds.
pub fn whole_second(at: Instant) -> Instant {
    Instant::from_micros(at.micros() - at.micros().rem_euclid(1_000_000))
}

/// A serial number from the upper-case hexadecimal of its row.
pub fn serial(text: &str) -> Option<Serial> {
    if text.is_empty() || !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).ok();
    (0..text.len()).step_by(2).map(byte).collect::<Option<Vec<u8>>>().map(|b| Serial::from_unsigned(&b))
}

/// Which list an address names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    Full,
    Delta,
    Shard(u32),
}

/// The authority and list of a file name: `ca-2.crl`, `ca-2.delta.crl`, `ca-2.7.crl`.
pub fn named(file: &str) -> Option<(&str, Which)> {
    let stem = file.strip_suffix(".crl")?;
    match stem.split_once('.') {
        None => Some((stem, Which::Full)),
        Some((id, "delta")) => Some((id, Which::Delta)),
        Some((id, shard)) => Some((id, Which::Shard(shard.parse().ok()?))),
    }
}

/// The file name of a list.
pub fn name_of(id: &str, which: Which) -> String {
    match which {
        Which::Full => format!("{id}.crl"),
        Which::Delta => format!("{id}.delta.crl"),
        Which::Shard(shard) => format!("{id}.{shard}.crl"),
    }
}
