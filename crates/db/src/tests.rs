//! Stories told on both engines.

mod audit;
mod blobs;
mod doors;
mod events;
mod jobs;
mod migrations;
mod values;
