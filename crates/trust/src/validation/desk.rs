//! Where files are judged: off the threads that answer people, never more at once than there are cores, and
//! not more for one address than a person needs.

use std::collections::HashMap;
use std::net::Ipv6Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base::Instant;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use web::Problem;

use super::known::Known;
use super::report::Report;
use super::rules::{self, Document, Judged, Saved, Terms};
use super::words::sentence;

/// Files of one address in one window.
pub const FILES_PER_WINDOW_MAX: u32 = 120;
/// How long a window is, in minutes.
pub const WINDOW_MINUTES: i64 = 10;
/// Addresses that are remembered; beyond, those whose windows began first are forgotten.
const ADDRESSES_MAX: usize = 10_000;
/// So many at once.
const FORGOTTEN_AT_ONCE: usize = ADDRESSES_MAX / 10;
/// Requests whose files are in memory at a time.
const IN_MEMORY_MAX: usize = 32;
/// How long a file may wait for its turn.
const PATIENCE: Duration = Duration::from_secs(30);

/// A file as it came.
pub struct Incoming {
    /// As its sender calls it.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The content of a detached signature.
    pub content: Option<Vec<u8>>,
}

impl Incoming {
    /// As it is judged.
    pub fn document(&self) -> Document<'_> {
        Document { name: &self.name, bytes: &self.bytes, content: self.content.as_deref() }
    }
}

/// A bounded place to judge in, and whom it trusts.
#[derive(Clone)]
pub struct Desk {
    cores: Arc<Semaphore>,
    doors: Arc<Semaphore>,
    counts: Arc<Mutex<HashMap<String, (Instant, u32)>>>,
    known: Arc<Known>,
}

impl Default for Desk {
    fn default() -> Self {
        Desk::new(Known::default())
    }
}

impl Desk {
    /// A place that trusts these.
    pub fn new(known: Known) -> Desk {
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
        Desk {
            cores: Arc::new(Semaphore::new(cores)),
            doors: Arc::new(Semaphore::new(IN_MEMORY_MAX)),
            counts: Arc::default(),
            known: Arc::new(known),
        }
    }

    /// What the installation's folder holds.
    pub fn known(&self) -> &Known {
        &self.known
    }

    /// Room in memory for one request's files, held until it is answered.
    pub fn enter(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let door = self.doors.clone().try_acquire_owned();
        door.map_err(|_| Problem::TryLater(web::Message::new(sentence("busy", &[]), "validation: full")))
    }

    /// Counts files of an address; `TooMany` when it has had enough for now.
    pub fn count(&self, address: &str, files: u32, now: Instant) -> Result<(), Problem> {
        // Whoever panicked while counting left numbers that are right enough.
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = now.plus_minutes(-WINDOW_MINUTES);
        if counts.len() >= ADDRESSES_MAX {
            counts.retain(|_, (since, _)| *since > begun);
            if counts.len() >= ADDRESSES_MAX {
                forget_oldest(&mut counts);
            }
        }
        let entry = counts.entry(network(address)).or_insert((now, 0));
        if entry.0 <= begun {
            *entry = (now, 0);
        }
        if entry.1 + files > FILES_PER_WINDOW_MAX {
            let ends = entry.0.plus_minutes(WINDOW_MINUTES);
            return Err(Problem::TooMany { retry_after_s: ends.since(now).as_secs().max(1) });
        }
        entry.1 += files;
        Ok(())
    }

    /// By which a file is known again; hashing a large one takes a while.
    pub async fn key(&self, file: Arc<Incoming>) -> Result<String, Problem> {
        tokio::task::spawn_blocking(move || file.document().key()).await.map_err(Problem::fault)
    }

    /// Judges one file, waiting for a place. It takes as long as [`rules::effort`] allows and no longer, so
    /// that the place is free again soon.
    pub async fn judge(
        &self,
        file: Arc<Incoming>,
        terms: Arc<Terms>,
        saved: Saved,
    ) -> Result<(Report, Judged), Problem> {
        let place = tokio::time::timeout(PATIENCE, self.cores.acquire()).await;
        let _place = place.map_err(|_| Problem::TimedOut)?.map_err(Problem::fault)?;
        let judging =
            tokio::task::spawn_blocking(move || rules::judge_again(&file.document(), &terms, &saved));
        judging.await.map_err(Problem::fault)
    }

    /// Makes something of a report off the threads that answer people, waiting for a place.
    pub async fn make<T, F>(&self, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&Known) -> Result<T, Problem> + Send + 'static,
    {
        let place = tokio::time::timeout(PATIENCE, self.cores.acquire()).await;
        let _place = place.map_err(|_| Problem::TimedOut)?.map_err(Problem::fault)?;
        let known = self.known.clone();
        tokio::task::spawn_blocking(move || work(&known)).await.map_err(Problem::fault)?
    }
}

/// Who counts as one: an address; of IPv6 the network, of which one person has 2^64 addresses.
fn network(address: &str) -> String {
    match address.parse::<Ipv6Addr>() {
        Ok(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Err(_) => address.to_string(),
    }
}

/// Makes room without letting everybody begin anew.
fn forget_oldest(counts: &mut HashMap<String, (Instant, u32)>) {
    let mut begun: Vec<Instant> = counts.values().map(|(since, _)| *since).collect();
    let place = FORGOTTEN_AT_ONCE.min(begun.len().saturating_sub(1));
    let (_, edge, _) = begun.select_nth_unstable(place);
    let edge = *edge;
    let mut left = FORGOTTEN_AT_ONCE;
    counts.retain(|_, (since, _)| {
        let goes = *since <= edge && left > 0;
        left -= usize::from(goes);
        !goes
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_strangers_do_not_make_a_busy_address_begin_anew() {
        let desk = Desk::default();
        let start = Instant::parse_rfc3339("2026-11-02T08:00:00+07:00").unwrap();
        for n in 0..ADDRESSES_MAX {
            desk.count(&format!("10.{}.{}.{}", n >> 16, (n >> 8) & 255, n & 255), 1, start).unwrap();
        }
        let now = start.plus_seconds(1);
        desk.count("192.0.2.1", FILES_PER_WINDOW_MAX, now).unwrap();
        for n in 0..FORGOTTEN_AT_ONCE {
            desk.count(&format!("11.0.{}.{}", n >> 8, n & 255), 1, now).unwrap();
        }
        assert!(matches!(desk.count("192.0.2.1", 1, now), Err(Problem::TooMany { .. })));
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        let desk = Desk::default();
        let now = Instant::parse_rfc3339("2026-11-02T08:00:00+07:00").unwrap();
        desk.count("2001:db8:1:2::1", FILES_PER_WINDOW_MAX, now).unwrap();
        assert!(matches!(desk.count("2001:db8:1:2:ffff::9", 1, now), Err(Problem::TooMany { .. })));
        desk.count("2001:db8:1:3::1", 1, now).unwrap();
    }
}
