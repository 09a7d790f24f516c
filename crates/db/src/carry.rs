//! What a task carries along: one small number that follows it into the closures of its reads and
//! writes, wherever they run. What it means is its owner's affair: `web` keeps the language of the
//! request in it, because closures of PostgreSQL, and writes of SQLite, run on threads of their own.
//! Work that nobody asked for (jobs, listeners, spawned tasks) carries 0.

use std::future::Future;

tokio::task_local! {
    static CARRIED: u8;
}

/// What this task carries; 0 where nothing was given to it.
pub fn carried() -> u8 {
    CARRIED.try_with(|what| *what).unwrap_or_default()
}

/// Does `work` with `what` in hand.
pub fn carrying<F: Future>(what: u8, work: F) -> impl Future<Output = F::Output> {
    CARRIED.scope(what, work)
}

/// Calls `work` with `what` in hand.
pub fn carrying_now<T>(what: u8, work: impl FnOnce() -> T) -> T {
    CARRIED.sync_scope(what, work)
}
