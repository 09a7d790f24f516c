//! Stories told on both engines.

mod audit;
mod backup;
mod blobs;
mod bulk;
mod doors;
mod events;
mod jobs;
mod lane;
mod migrations;
mod torn;
mod values;
