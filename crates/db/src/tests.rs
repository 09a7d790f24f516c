//! Stories told on both engines.

mod doors;
mod migrations;
mod values;
