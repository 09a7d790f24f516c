//! Signatures in PDF files (PAdES): pure functions over bytes. A file goes in; what comes out is the update
//! to append to it, or what is to be said of the signatures it has. The file itself is never copied and never
//! changed.
//!
//! `README.md` has the promise, the map and the limits.

#![warn(missing_docs)]

pub mod appearance;
mod append;
mod changes;
mod dss;
pub mod file;
mod filter;
mod form;
mod judge;
pub mod layout;
pub mod object;
mod sign;
pub mod source;
mod verify;

pub use changes::{Change, Changes, Later, Reach, changes};
pub use dss::{Evidence, Store, add_evidence, store};
pub use file::{File, Unreadable, View};
pub use form::{Lock, Permission};
pub use judge::{Judged, Judgement, Level, judge};
pub use sign::{
    CannotSign, Patch, Plan, Prepared, Stamper, complete, prepare, prepare_time_stamp, sign, stamp_signature,
    time_stamp,
};
pub use source::{Seekable, Source};
pub use verify::{Claims, Covers, Finding, Hashes, Report, Signature, Stamp, SubFilter, signatures};
