//! Tests from outside: published vectors, attacks, independent tools, and foreign bytes of any kind.

#![allow(clippy::unwrap_used)] // what fails here fails the test

mod canonical;
mod edxml;
mod interop;
mod making;
mod robust;
mod second_reader;
mod support;
mod vectors;
mod wrapping;
mod xades;
