//! Making lists: complete, delta, and in shards.

use super::Reason;
use crate::cert::Serial;
use crate::der::{Tag, Writer};
use crate::key::{SignError, SignatureAlgorithm, Signer};
use crate::name::{GeneralName, Name};
use crate::oid::{self, Oid};
use base::Instant;

/// A certificate to be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// Its serial number.
    pub serial: Serial,
    /// From when on.
    pub at: Instant,
    /// Why. `Unspecified` is left out, as RFC 5280 wants; `RemoveFromCrl` belongs in a delta alone.
    pub reason: Reason,
    /// Since when it is known or suspected to have been unfit.
    pub invalid_since: Option<Instant>,
}

/// A list about to be made.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Who issues it.
    pub issuer: Name,
    /// The issuer's key identifier.
    pub authority_key_id: Vec<u8>,
    /// Rises with every list, complete and delta together.
    pub number: u64,
    /// The number of the complete list this one changes; `None` for a complete list.
    pub delta_base: Option<u64>,
    /// When it is true.
    pub this_update: Instant,
    /// When the next one will be there at the latest.
    pub next_update: Instant,
    /// The address in the certificates this list is for, when it is one of several (a shard).
    pub shard: Option<String>,
    /// Where changes to a complete list are published.
    pub freshest: Option<String>,
}

impl Draft {
    /// Signs the list of these certificates.
    pub fn sign(
        &self,
        revoked: impl IntoIterator<Item = Revoked>,
        signer: &dyn Signer,
    ) -> Result<Vec<u8>, SignError> {
        let unsigned = self.to_sign(revoked, signer.algorithm());
        let signature = signer.sign(&unsigned.tbs)?;
        Ok(unsigned.finish(&signature))
    }

    /// The bytes a key that answers later has to sign.
    pub fn to_sign(
        &self,
        revoked: impl IntoIterator<Item = Revoked>,
        algorithm: SignatureAlgorithm,
    ) -> Unsigned {
        let revoked = revoked.into_iter();
        // An entry with a reason is about fifty bytes.
        let mut w = Writer::with_capacity(1024 + revoked.size_hint().0 * 52);
        w.sequence(|w| {
            w.number(1);
            algorithm.write(w);
            w.raw(self.issuer.der()).time(self.this_update).time(self.next_update);
            let mut revoked = revoked.peekable();
            // An empty list of entries must be left out.
            if revoked.peek().is_some() {
                w.sequence(|w| revoked.for_each(|one| write_entry(w, &one)));
            }
            w.context(0, |w| {
                w.sequence(|w| self.write_extensions(w));
            });
        });
        Unsigned { tbs: w.into_bytes(), algorithm }
    }

    fn write_extensions(&self, w: &mut Writer) {
        extension(w, oid::AUTHORITY_KEY_ID, false, |w| {
            w.sequence(|w| {
                w.element(Tag::primitive(0), &self.authority_key_id);
            });
        });
        extension(w, oid::CRL_NUMBER, false, |w| {
            w.number(self.number);
        });
        if let Some(base) = self.delta_base {
            extension(w, oid::DELTA_CRL_INDICATOR, true, |w| {
                w.number(base);
            });
        }
        if let Some(uri) = &self.shard {
            extension(w, oid::ISSUING_DISTRIBUTION_POINT, true, |w| {
                w.sequence(|w| write_point_name(w, uri));
            });
        }
        if let (Some(uri), None) = (&self.freshest, self.delta_base) {
            extension(w, oid::FRESHEST_CRL, false, |w| {
                w.sequence(|w| {
                    w.sequence(|w| write_point_name(w, uri));
                });
            });
        }
    }
}

/// A list that waits for its signature.
#[derive(Clone, Debug)]
pub struct Unsigned {
    /// The bytes to sign.
    pub tbs: Vec<u8>,
    algorithm: SignatureAlgorithm,
}

impl Unsigned {
    /// The finished list.
    pub fn finish(self, signature: &[u8]) -> Vec<u8> {
        crate::issue::signed(self.tbs, self.algorithm, signature)
    }
}

/// In which of `shards` lists a certificate is: by its serial number alone, so that it never moves.
pub fn shard_of(serial: &Serial, shards: u32) -> u32 {
    let hash = crate::key::Digest::Sha256.of(serial.contents());
    let number = hash[..4].iter().fold(0u32, |sum, byte| sum << 8 | u32::from(*byte));
    number % shards.max(1)
}

fn write_entry(w: &mut Writer, one: &Revoked) {
    w.sequence(|w| {
        w.integer(one.serial.contents()).time(one.at);
        let has_reason = one.reason != Reason::Unspecified;
        if !has_reason && one.invalid_since.is_none() {
            return;
        }
        w.sequence(|w| {
            if has_reason {
                extension(w, oid::CRL_REASON, false, |w| {
                    w.enumerated(one.reason.code());
                });
            }
            if let Some(since) = one.invalid_since {
                extension(w, oid::INVALIDITY_DATE, false, |w| {
                    w.generalized(since);
                });
            }
        });
    });
}

/// `distributionPoint [0] { fullName [0] { uri } }`.
pub(crate) fn write_point_name(w: &mut Writer, uri: &str) {
    w.context(0, |w| {
        w.context(0, |w| GeneralName::Uri(uri.to_string()).write(w));
    });
}

/// One extension.
pub(crate) fn extension(w: &mut Writer, oid: Oid, critical: bool, value: impl FnOnce(&mut Writer)) {
    w.sequence(|w| {
        w.oid(oid);
        if critical {
            w.boolean(true);
        }
        w.nest(Tag::OCTET_STRING, value);
    });
}
