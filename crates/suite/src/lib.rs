//! What the integration tests are played with: persons who speak HTTP, a browser that judges
//! what it sees, the real binary that can be killed, and a reader of the SQL in our sources.
//!
//! Everything here may panic: it is a test that asks.

pub mod browser;
pub mod html;
pub mod outside;
pub mod person;
pub mod postgres;
pub mod product;
pub mod routes;
pub mod sql;
pub mod town;
