//! From a reference to the octets that are digested, and to the words for what it covers.

use super::read::{self, ReferenceParts, Transform};
use crate::algorithm;
use crate::c14n::{self, Method, Rules, Subset};
use crate::doc::{Called, Doc, Named, Node};
use crate::finding::Finding;
use crate::limits::Limits;
use crate::source::{Excess, Source};
use aws_lc_rs::digest::Context;
use pki::key::Digest;
use std::borrow::Cow;
use std::ops::Range;

/// What a reference covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Covers {
    /// The whole document.
    Document {
        /// Whether the signature itself is left out.
        without_signature: bool,
        /// Whether comments are covered.
        comments: bool,
    },
    /// One element with what is in it.
    Element {
        /// Where it stands in the text: exactly this was digested, in canonical form.
        range: Range<usize>,
        /// Where it stands as seen from the signature.
        place: Place,
        /// Whether the signature itself is left out.
        without_signature: bool,
        /// Whether comments are covered.
        comments: bool,
    },
    /// What the text of an element decodes to. Its elements and attributes are not covered.
    Decoded {
        /// Where the element stands in the text.
        range: Range<usize>,
    },
    /// Bytes the caller brought.
    Outside,
}

/// Where a covered element stands as seen from the signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Around the signature: an enveloped one.
    Around,
    /// Inside it, as in an `Object`: an enveloping one.
    Inside,
    /// Anywhere else in the document. A reader must look at the covered element and at no other of the same
    /// name.
    Elsewhere,
}

/// Where octets go: into the digest, and into memory where they are wanted.
pub(crate) struct Taken {
    hasher: Context,
    kept: Option<Vec<u8>>,
    left: u64,
}

impl Taken {
    pub fn new(digest: Digest, keep: bool, left: u64) -> Taken {
        Taken { hasher: algorithm::begin(digest), kept: keep.then(Vec::new), left }
    }

    fn take(&mut self, piece: &[u8]) -> bool {
        let left = self.left.checked_sub(piece.len() as u64);
        self.left = left.unwrap_or(0);
        if left.is_none() {
            return false;
        }
        self.hasher.update(piece);
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(piece);
        }
        true
    }

    /// The digest, the octets where they were wanted, and how many more may come for the references after
    /// this.
    pub fn finish(self) -> (Vec<u8>, Option<Vec<u8>>, u64) {
        (self.hasher.finish().as_ref().to_vec(), self.kept, self.left)
    }
}

/// What goes from one transform to the next.
enum Data<'d, 's> {
    Set(Subset<'d, 's>),
    Octets(Cow<'d, [u8]>),
}

/// Where references of one signature lead.
pub(crate) struct Way<'r, 'd, 's> {
    pub doc: &'d Doc<'s>,
    pub signature: Node<'d, 's>,
    pub outside: &'r dyn Fn(&str) -> Option<&'d [u8]>,
    pub ids: &'r Named<'d, 's>,
}

impl<'d, 's: 'd> Way<'_, 'd, 's> {
    /// Follows a reference and hands its octets to `to`. What it covers is told as soon as it is known.
    pub fn follow(
        &self,
        reference: &ReferenceParts<'_>,
        index: usize,
        covers: &mut Option<Covers>,
        to: &mut Taken,
    ) -> Result<(), Finding> {
        if let Some(Transform::Refused(uri)) =
            reference.transforms.iter().find(|t| matches!(t, Transform::Refused(_)))
        {
            return Err(Finding::TransformRefused { reference: index, uri: uri.clone() });
        }
        let mut data = self.start(reference.uri, index)?;
        if let Data::Octets(_) = data {
            *covers = Some(Covers::Outside);
        }
        for (step, transform) in reference.transforms.iter().enumerate() {
            let last = step + 1 == reference.transforms.len();
            data = match (transform, data) {
                (Transform::EnvelopedSignature, Data::Set(set)) => {
                    Data::Set(self.less_signature(set, index)?)
                }
                (Transform::Canonical(method), Data::Set(set)) if last => {
                    *covers = Some(self.words_for(set, method.comments));
                    return written(self.doc, set, method, to);
                }
                (Transform::Canonical(method), Data::Set(set)) => {
                    *covers = Some(self.words_for(set, method.comments));
                    // Octets between transforms are held in memory, and so no longer than a document may be.
                    let max = to.left.min(self.doc.limits().document_bytes_max as u64);
                    let octets = c14n::octets(self.doc, set, method, max);
                    Data::Octets(spent(to, octets)?.into())
                }
                (Transform::Canonical(method), Data::Octets(octets)) => {
                    let again = canonical_again(&octets, method, self.doc.limits(), index, to.left)?;
                    Data::Octets(spent(to, Some(again))?.into())
                }
                (Transform::Base64, data) => {
                    let decoded = match data {
                        Data::Set(set) => {
                            *covers = Some(Covers::Decoded { range: set.apex.range() });
                            read::decode(text_inside(set).as_bytes())
                        }
                        Data::Octets(octets) => read::decode(&octets),
                    };
                    let decoded = decoded.ok_or(Finding::NotTransformable { reference: index })?;
                    Data::Octets(spent(to, Some(decoded))?.into())
                }
                _ => return Err(Finding::NotTransformable { reference: index }),
            };
        }
        match data {
            Data::Octets(octets) if to.take(&octets) => Ok(()),
            Data::Octets(_) => Err(Finding::TooMuch(Excess::Octets)),
            Data::Set(set) => {
                *covers = Some(self.words_for(set, false));
                written(self.doc, set, &Method::new(Rules::Inclusive10), to)
            }
        }
    }

    /// What the URI alone means.
    fn start(&self, uri: Option<&str>, index: usize) -> Result<Data<'d, 's>, Finding> {
        let not_found = || Finding::NotFound { reference: index, uri: uri.unwrap_or_default().into() };
        let Some(inside) = uri.and_then(|uri| if uri.is_empty() { Some("") } else { uri.strip_prefix('#') })
        else {
            let bytes = (self.outside)(uri.unwrap_or_default()).ok_or_else(not_found)?;
            return Ok(Data::Octets(Cow::Borrowed(bytes)));
        };
        let (id, comments) = match inside {
            "" if uri == Some("") => (None, false),
            "xpointer(/)" => (None, true),
            _ => match pointer(inside) {
                Some(id) => (Some(id), true),
                None if inside.contains(['(', '/']) || inside.is_empty() => return Err(not_found()),
                None => (Some(inside), false),
            },
        };
        let apex = match id.map(|id| self.ids.called(id)) {
            None => self.doc.root(),
            Some(Called::One(node)) => node,
            Some(Called::Nobody) => return Err(not_found()),
            Some(Called::Several) => {
                return Err(Finding::DuplicateId { reference: index, id: id.unwrap_or_default().into() });
            }
        };
        Ok(Data::Set(Subset { apex, without: None, comments }))
    }

    fn less_signature(&self, set: Subset<'d, 's>, index: usize) -> Result<Subset<'d, 's>, Finding> {
        match self.signature.ancestors().skip(1).any(|above| above == set.apex) {
            true => Ok(Subset { without: Some(self.signature), ..set }),
            false => Err(Finding::NotTransformable { reference: index }),
        }
    }

    fn words_for(&self, set: Subset<'d, 's>, method_comments: bool) -> Covers {
        let comments = set.comments && method_comments;
        let without_signature = set.without.is_some();
        if set.apex.is_root() {
            return Covers::Document { without_signature, comments };
        }
        let place = if self.signature.ancestors().any(|above| above == set.apex) {
            Place::Around
        } else if set.apex.ancestors().any(|above| above == self.signature) {
            Place::Inside
        } else {
            Place::Elsewhere
        };
        Covers::Element { range: set.apex.range(), place, without_signature, comments }
    }
}

/// The Id of `xpointer(id('…'))`, the one pointer besides the root that XML signatures recommend.
fn pointer(inside: &str) -> Option<&str> {
    let inside = inside.strip_prefix("xpointer(id(")?.strip_suffix("))")?;
    let quote = inside.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let id = inside.strip_prefix(quote)?.strip_suffix(quote)?;
    (!id.contains(['\'', '"'])).then_some(id)
}

fn written<'d, 's>(
    doc: &'d Doc<'s>,
    set: Subset<'d, 's>,
    method: &Method,
    to: &mut Taken,
) -> Result<(), Finding> {
    let written = c14n::write(doc, set, method, &mut |piece| to.take(piece));
    written.map_err(|_| Finding::TooMuch(Excess::Octets))
}

/// Octets between two transforms count as well.
fn spent(to: &mut Taken, octets: Option<Vec<u8>>) -> Result<Vec<u8>, Finding> {
    match octets.map(|octets| (to.left.checked_sub(octets.len() as u64), octets)) {
        Some((Some(left), octets)) => {
            to.left = left;
            Ok(octets)
        }
        _ => {
            to.left = 0;
            Err(Finding::TooMuch(Excess::Octets))
        }
    }
}

fn canonical_again(
    octets: &[u8],
    method: &Method,
    limits: &Limits,
    index: usize,
    left: u64,
) -> Result<Vec<u8>, Finding> {
    let unreadable = |why| Finding::ReferenceUnreadable { reference: index, why };
    let source = Source::read(octets, limits).map_err(unreadable)?;
    let doc = Doc::parse(&source).map_err(unreadable)?;
    let max = left.min(limits.document_bytes_max as u64);
    let again = c14n::octets(&doc, Subset::all(doc.root()), method, max);
    again.ok_or(Finding::TooMuch(Excess::Octets))
}

/// The text of all elements in a set, which is what base64 decodes of it.
fn text_inside(set: Subset<'_, '_>) -> String {
    let left_out = |node: Node<'_, '_>| set.without.is_some_and(|w| node.ancestors().any(|above| above == w));
    let texts = set.apex.descendants().filter(|node| node.is_text() && !left_out(*node));
    texts.filter_map(|node| node.text()).collect()
}
