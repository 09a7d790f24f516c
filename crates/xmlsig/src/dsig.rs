//! XML signatures: reading, judging and making them.
//!
//! Transforms come from a short list: the enveloped signature, the family of canonicalizations, base64. XPath
//! and XSLT are refused, and with them most of what makes XML signatures mean something else than they show.

mod dereference;
mod key;
pub(crate) mod read;
mod sign;
mod verify;

pub use dereference::{Covers, Place};
pub use key::{KeyOrigin, KeySource};
pub use read::Transform;
pub(crate) use sign::method as put_method;
pub use sign::{CannotSign, KeyInfo, Plan, Prepared, Wanted, Where, prepare};
pub use verify::{Cover, Reference, Report, Request, State, Verifier};

use crate::doc::{DSIG, Doc, Node};

/// All signatures of a document, in document order.
pub fn signatures<'d, 's>(doc: &'d Doc<'s>) -> Vec<Node<'d, 's>> {
    doc.elements(DSIG, "Signature").collect()
}
