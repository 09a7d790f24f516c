//! What references outside an XML document mean: the attachments that an envelope of the exchange carries in
//! itself, by their `ContentId`, and the content that was given beside it.
//!
//! QCVN 102:2016 lets attachments travel in the same document (`AttachmentEncoded`), in base64. Whether a
//! digest is over what that decodes to, or over what it was packed from, no source at hand says; the decoded
//! bytes are taken.

use std::collections::BTreeSet;
use std::ops::Range;

use xmlsig::{Doc, doc};

use super::xml::{QCVN_102, decode};

/// How many attachments are looked at.
const ATTACHMENTS_MAX: usize = 256;

/// An attachment that is referred to.
struct Attachment {
    id: String,
    bytes: Vec<u8>,
    /// What of it is signed when its bytes are.
    covered: Vec<Range<usize>>,
}

/// All of them, and the content given.
pub struct Parts<'a> {
    attachments: Vec<Attachment>,
    content: Option<(String, &'a [u8])>,
}

impl<'a> Parts<'a> {
    /// Those that a document's signatures refer to.
    pub fn of(document: &Doc<'_>, content: Option<&'a [u8]>) -> Parts<'a> {
        let uris = document.elements(doc::DSIG, "Reference").filter_map(|node| node.attribute("URI"));
        let wanted: BTreeSet<&str> = uris.filter(|uri| !uri.is_empty() && !uri.starts_with('#')).collect();
        let all = document.elements(QCVN_102, "Attachment").take(ATTACHMENTS_MAX);
        let attachments: Vec<Attachment> =
            all.filter_map(|node| attachment(document, node, &wanted)).collect();
        let mut alone = wanted.iter().filter(|uri| !attachments.iter().any(|one| one.id == id_of(uri)));
        // Which of several parts a single content is nobody can tell.
        let content = match (alone.next(), alone.next(), content) {
            (Some(uri), None, Some(bytes)) => Some((uri.to_string(), bytes)),
            _ => None,
        };
        Parts { attachments, content }
    }

    fn own(&self, uri: &str) -> Option<&Attachment> {
        let mut named = self.attachments.iter().filter(|one| one.id == id_of(uri));
        // Two of one name are none.
        named.next().filter(|_| named.next().is_none())
    }

    /// The bytes of this name.
    pub fn find(&self, uri: &str) -> Option<&[u8]> {
        let given = || self.content.as_ref().filter(|(name, _)| name == uri).map(|(_, bytes)| *bytes);
        self.own(uri).map(|one| one.bytes.as_slice()).or_else(given)
    }

    /// Where in the document itself the bytes of this name stand.
    pub fn inside(&self, uri: &str) -> Option<&[Range<usize>]> {
        self.own(uri).map(|one| one.covered.as_slice())
    }
}

/// `cid:1@x`, `<1@x>` and `1@x` are one name.
fn id_of(name: &str) -> &str {
    let name = name.trim();
    let name = name.strip_prefix("cid:").unwrap_or(name);
    name.strip_prefix('<').and_then(|name| name.strip_suffix('>')).unwrap_or(name)
}

fn attachment(document: &Doc<'_>, node: doc::Node<'_, '_>, wanted: &BTreeSet<&str>) -> Option<Attachment> {
    let place = ["AttachmentEncoded", "edXML"];
    let mut up = node.ancestors().skip(1).filter(doc::Node::is_element);
    if !place.into_iter().all(|name| up.next().is_some_and(|at| doc::is(at, QCVN_102, name))) {
        return None;
    }
    let child = |name: &'static str| doc::child(node, QCVN_102, name);
    let id = doc::text_of(child("ContentId")?);
    let id = id_of(&id).to_string();
    if !wanted.iter().any(|uri| id_of(uri) == id) {
        return None;
    }
    let encoded = child("ContentTransferEncoded")?;
    let bytes = decode(&doc::text_of(encoded))?;
    let mut covered = vec![encoded.range(), child("ContentId")?.range()];
    // What else is said of it counts as signed when the envelope's own list says the same.
    for said in node.children().filter(doc::Node::is_element) {
        let text = doc::text_of(said);
        let listed = document.elements(QCVN_102, "Reference").take(ATTACHMENTS_MAX).any(|reference| {
            let same = |name: &str| {
                let mut below = reference.children().filter(doc::Node::is_element);
                below.find(|node| node.tag_name().name() == name).map(doc::text_of)
            };
            same("ContentId").is_some_and(|own| id_of(&own) == id)
                && same(said.tag_name().name()).is_some_and(|own| own == text)
        });
        covered.extend(listed.then(|| said.range()));
    }
    Some(Attachment { id, bytes, covered })
}
