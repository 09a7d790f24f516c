//! Certificates and what rests on them: pure functions over bytes.
//!
//! See `README.md` for the promise, the map and the limits. In short: nothing here knows a database, a
//! network or a clock; a time is an argument; foreign bytes become a value with findings, a check becomes
//! a report. All cryptography is aws-lc's.

#![warn(missing_docs)]

pub mod cert;
pub mod cms;
pub mod crl;
pub mod csr;
pub mod der;
pub mod issue;
pub mod key;
pub mod name;
pub mod ocsp;
pub mod oid;
pub mod path;
pub mod pem;
pub mod pkcs12;
pub mod profile;
pub mod smime;
pub mod tsp;

/// How far ahead of ours the clock of somebody who makes lists and answers may run, in minutes.
pub const SKEW_MINUTES: i64 = 5;

pub use cert::Certificate;
pub use crl::Crl;
pub use key::{Digest, PrivateKey, PublicKey, SignatureAlgorithm, Signer};
pub use name::Name;
