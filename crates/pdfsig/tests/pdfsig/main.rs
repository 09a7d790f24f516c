//! Signed files judged by other people's programs, and attacks.

#![allow(clippy::unwrap_used)] // what fails here fails the test

mod attacks;
mod interop;
mod support;
