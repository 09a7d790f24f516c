//! Canonical XML, XML signatures (XMLDSig) and XAdES: pure functions over bytes. It does not know files,
//! clocks, networks or whom to trust: whoever asks brings the bytes, the keys and the instant, and gets a
//! report.
//!
//! A document is read in two steps, because a tree borrows from its text: [`Source::read`], then
//! [`Doc::parse`].

#![warn(missing_docs)]

pub mod algorithm;
pub mod c14n;
pub mod doc;
pub mod dsig;
mod escape;
pub mod finding;
mod limits;
mod parse;
mod scan;
mod source;
mod tree;
pub mod xades;

pub use doc::Doc;
pub use finding::{Finding, Verdict, verdict};
pub use limits::Limits;
pub use source::{Excess, Source, Unreadable};
