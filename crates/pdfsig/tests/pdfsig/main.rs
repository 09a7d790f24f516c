//! Signed files judged by other people's programs, and attacks.

#![allow(clippy::unwrap_used)] // what fails here fails the test

mod attacks;
mod changes;
mod interop;
mod levels;
mod support;
