//! The roof: configuration, wiring and subcommands. Here the systems meet, and only here.

pub mod agent;
pub mod audit;
pub mod authority;
pub mod background;
pub mod backup;
pub mod blobs;
pub mod calendar;
pub mod cli;
pub mod config;
pub mod demo;
pub mod front;
pub mod health;
pub mod import;
pub mod open;
pub mod openapi;
pub mod path_validate;
pub mod procedure;
pub mod seed;
pub mod serve;
pub mod sign;
pub mod simulator;
pub mod statement_key;
pub mod tls;
pub mod user;
pub mod verify;
pub mod words;

use cli::Failure;

/// The runtime everything asynchronous runs on.
pub fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(db::workers())
        .enable_all()
        .build()
        .map_err(|e| Failure::new(format!("cannot start the runtime: {e}")))
}
