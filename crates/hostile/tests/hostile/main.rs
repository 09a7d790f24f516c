//! Bytes from people who mean no good.

#![allow(clippy::unwrap_used)] // what fails here fails the test

mod bounds;
mod changed;
mod vectors;
#[path = "../../../pki/tests/pki/world.rs"]
#[allow(dead_code)] // the other stories of pki use the rest
mod world;
