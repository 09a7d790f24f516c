//! XAdES baseline signatures (ETSI EN 319 132-1), levels B and T: what a signature says of when, with which
//! certificate and over what kinds of data it was made, signed along with the data.

mod read;
mod write;

pub use read::{CertificateName, Qualified, Stamp, read};
pub use write::{CannotStamp, DataFormat, Properties, qualify, stamp, to_be_stamped};

/// The `Type` of the reference to the signed properties.
pub const SIGNED_PROPERTIES: &str = "http://uri.etsi.org/01903#SignedProperties";
