//! Keys that stay in tokens and hardware modules (PKCS#11, OASIS 3.0), and the agent by which officials
//! sign with the token in their hand.
//!
//! - [`module`]: a vendor's library opened, its tokens and their certificates seen, a token unlocked.
//! - [`key`]: a key in an unlocked token as a [`pki::Signer`]; several sessions for a server.
//! - [`agent`]: the small web server on an official's own machine; `AGENT.md` is its protocol.
//! - [`testing`]: a token for tests, also for those of the crates above.

#![warn(missing_docs)]

pub mod agent;
pub mod key;
pub mod module;
pub mod testing;

pub use key::{Pool, TokenKey};
pub use module::{Module, Pin, TokenError, TokenSeen};
