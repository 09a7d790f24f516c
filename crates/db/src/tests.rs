//! Stories told on both engines.

mod audit;
mod backup;
mod blobs;
mod doors;
mod events;
mod jobs;
mod migrations;
mod torn;
mod values;
