//! Signed files judged by other people's programs, and attacks.

#![allow(clippy::unwrap_used)] // what fails here fails the test

mod attacks;
mod changes;
mod hostile;
mod interop;
mod levels;
#[path = "../../../hostile/src/random.rs"]
mod random;
mod support;
mod visible;
