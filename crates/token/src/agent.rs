//! The agent: a small web server on an official's own machine that signs with the token in it. A site
//! sends the official's browser here with what is to be signed; the agent shows it, asks for the PIN on
//! its own page, and sends the browser back with the signatures. The PIN never reaches the site, and
//! nothing is signed that was not shown. `AGENT.md` is the protocol.

mod asked;
mod pages;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;

use base::Clock;
use pki::Digest;
use pki::SignatureAlgorithm;
use pki::key::PublicKind;

pub use asked::{Asked, Item, Wrong};
pub use pages::router;

use crate::key::{sign_hash, usual_algorithm};
use crate::module::{Held, Module, Pin, TokenError, TokenSeen};

/// The port the agent listens on unless told otherwise; sites expect it there. Ours: no number is
/// registered for this.
pub const PORT: u16 = 17_860;

/// What the agent runs with.
pub struct Agent {
    modules: Vec<Module>,
    /// The sites it signs for, `https://motcua.vinhlong.gov.vn`.
    origins: Vec<String>,
    /// Where it listens.
    address: SocketAddr,
    clock: Clock,
    waiting: std::sync::Mutex<asked::Waiting>,
    /// Tokens know one state, locked or unlocked, for a whole process: one request at a time.
    hand: tokio::sync::Mutex<()>,
}

impl Agent {
    /// An agent for these sites, with these vendors' libraries.
    pub fn new(modules: Vec<Module>, origins: Vec<String>, address: SocketAddr, clock: Clock) -> Arc<Agent> {
        Arc::new(Agent {
            modules,
            origins,
            address,
            clock,
            waiting: std::sync::Mutex::default(),
            hand: tokio::sync::Mutex::new(()),
        })
    }

    /// The token that holds this certificate, among those plugged in.
    fn find(&self, fingerprint: &[u8]) -> Option<(Module, TokenSeen, Held)> {
        for module in &self.modules {
            for token in module.tokens().unwrap_or_default() {
                for held in module.certificates(&token.serial).unwrap_or_default() {
                    if held.certificate.fingerprint(Digest::Sha256) == fingerprint {
                        return Some((module.clone(), token, held));
                    }
                }
            }
        }
        None
    }

    /// Signs everything that was asked for, with one PIN. All or nothing.
    fn sign(&self, asked: &Asked, pin: &Pin) -> Result<Signed, TokenError> {
        let (module, token, held) = self.find(&asked.certificate).ok_or(TokenError::Gone)?;
        let key = held.certificate.public_key();
        let algorithm = match (key.kind(), usual_algorithm(key)) {
            (PublicKind::Rsa { pss_only: false, .. }, _) => SignatureAlgorithm::RsaPkcs1(asked.digest),
            (_, Some(algorithm)) if algorithm.digest() == asked.digest => algorithm,
            _ => return Err(TokenError::Unsupported),
        };
        let session = module.unlock(&token.serial, pin)?;
        let sign = |item: &Item| {
            let hash = asked.digest.of(&item.attributes);
            sign_hash(&session, &held.id, key, algorithm, &hash)
        };
        let signatures: Result<Vec<Vec<u8>>, TokenError> = asked.items.iter().map(sign).collect();
        // Locked again whatever came of it; a token pulled out is locked by that.
        let _ = session.logout();
        Ok(Signed { certificate: held.certificate.der().to_vec(), signatures: signatures? })
    }
}

/// What goes back to the site.
struct Signed {
    certificate: Vec<u8>,
    /// In the order of the items.
    signatures: Vec<Vec<u8>>,
}
