//! Judging a signature: what it says, what it covers, and what speaks against it.

use super::dereference::{Covers, Place, Taken, Way};
use super::key::{self, KeyOrigin, KeySource};
use super::read::{self, Parts, ReferenceParts, Transform};
use crate::c14n::{self, Method, Subset};
use crate::doc::{Doc, Named, Node};
use crate::finding::{Finding, Legacy, Verdict, verdict};
use crate::source::Excess;
use pki::key::{BadSignature, Digest, SignatureAlgorithm};
use std::ops::Range;
use std::rc::Rc;

/// What is asked of a signature.
pub struct Request<'a> {
    /// Whose key must have made it.
    pub key: KeySource<'a>,
    /// The bytes of a URI that is not of this document. Nothing is fetched.
    pub outside: &'a dyn Fn(&str) -> Option<&'a [u8]>,
    /// Names of attributes, besides the usual ones, that are Ids in this vocabulary.
    pub id_names: &'a [String],
    /// What must be covered for the signature to be of use to the caller.
    pub cover: Cover,
    /// Whether what is no longer trusted is let pass, flagged: for old messages only.
    pub legacy: bool,
    /// Whether the digested octets of every reference are kept in the report.
    pub keep_octets: bool,
}

impl Default for Request<'_> {
    /// The key the signature names, nothing from outside, nothing legacy; covering anything.
    fn default() -> Self {
        Request {
            key: KeySource::Named,
            outside: &|_| None,
            id_names: &[],
            cover: Cover::Anything,
            legacy: false,
            keep_octets: false,
        }
    }
}

/// What a signature must cover, so that a caller who reads that part reads what was signed and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cover {
    /// Whatever its references say; the caller looks at [`Reference::covers`].
    Anything,
    /// The whole document, itself left out: the document or its root element.
    Document,
    /// The element that begins at this offset of the text, or something around it.
    ElementAt(usize),
}

/// How a reference came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The digest fits.
    Fits,
    /// It does not.
    Differs,
    /// It was not computed; a finding says why.
    NotChecked,
}

/// One reference of a signature.
#[derive(Debug, Clone)]
pub struct Reference {
    /// Its `URI`.
    pub uri: Option<String>,
    /// Its `Id`.
    pub id: Option<String>,
    /// Its `Type`.
    pub kind: Option<String>,
    /// The steps before the digest.
    pub transforms: Vec<Transform>,
    /// The digest method, where known.
    pub digest: Option<Digest>,
    /// How it came out.
    pub state: State,
    /// What it covers, where that was found.
    pub covers: Option<Covers>,
    /// The octets that were digested, if they were asked for and the digest fits.
    pub octets: Option<Vec<u8>>,
}

/// What became of one signature.
#[derive(Debug, Clone)]
pub struct Report {
    /// Where the signature stands in the text.
    pub range: Range<usize>,
    /// Its `Id`.
    pub id: Option<String>,
    /// How the value was made, where known.
    pub algorithm: Option<SignatureAlgorithm>,
    /// The references, in their order.
    pub references: Vec<Reference>,
    /// The certificates it carries, in DER, at most as many as the limits say.
    pub certificates: Vec<Vec<u8>>,
    /// Which key the value fits; `None` when it fits none.
    pub made_by: Option<KeyOrigin>,
    /// Everything that was found.
    pub findings: Vec<Finding>,
}

impl Report {
    /// What it all comes to.
    pub fn verdict(&self) -> Verdict {
        verdict(&self.findings)
    }

    /// The certificate whose key made the value.
    pub fn signer(&self) -> Option<&[u8]> {
        match self.made_by? {
            KeyOrigin::Certificate(index) => self.certificates.get(index).map(Vec::as_slice),
            KeyOrigin::Given(index) => self.certificates.get(index?).map(Vec::as_slice),
            KeyOrigin::Value => None,
        }
    }

    /// Whether a reference that fits covers the element at `range`: it, or something around it. The signature
    /// itself may be left out, as in every enveloped one, and with it whatever somebody put into it.
    pub fn covers(&self, range: &Range<usize>) -> bool {
        let there = |without_signature: bool| !without_signature || !inside(range, &self.range);
        self.references.iter().filter(|reference| reference.state == State::Fits).any(|reference| {
            match &reference.covers {
                Some(Covers::Document { without_signature, .. }) => there(*without_signature),
                Some(Covers::Element { range: outer, without_signature, .. }) => {
                    inside(range, outer) && there(*without_signature)
                }
                _ => false,
            }
        })
    }

    fn covers_document(&self, root: &Range<usize>) -> bool {
        self.references.iter().filter(|reference| reference.state == State::Fits).any(|reference| {
            match &reference.covers {
                Some(Covers::Document { .. }) => true,
                Some(Covers::Element { range, place: Place::Around, .. }) => range == root,
                _ => false,
            }
        })
    }
}

fn inside(inner: &Range<usize>, outer: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// Judges the signatures of one document. All of them together may cost what the limits allow for one, so
/// that a document full of signatures costs no more.
pub struct Verifier<'r, 'd, 's> {
    doc: &'d Doc<'s>,
    request: &'r Request<'d>,
    octets_left: u64,
    ids: Rc<Named<'d, 's>>,
    /// What must be covered, where that is an element that is there.
    element: Option<Range<usize>>,
}

impl<'r, 'd, 's: 'd> Verifier<'r, 'd, 's> {
    /// For the signatures of `doc`.
    pub fn new(doc: &'d Doc<'s>, request: &'r Request<'d>) -> Verifier<'r, 'd, 's> {
        let element = match request.cover {
            Cover::ElementAt(offset) => doc.element_at(offset).map(|element| element.range()),
            _ => None,
        };
        let ids = Rc::new(Named::new(doc, request.id_names));
        Verifier { doc, request, octets_left: doc.limits().octets_max, ids, element }
    }

    /// Judges one signature.
    pub fn verify(&mut self, signature: Node<'d, 's>) -> Report {
        let mut report = Report {
            range: signature.range(),
            id: None,
            algorithm: None,
            references: vec![],
            certificates: vec![],
            made_by: None,
            findings: vec![],
        };
        let Some(parts) = read::signature(signature, self.doc.limits(), &mut report.findings) else {
            return report;
        };
        report.id = parts.id.map(Into::into);
        report.algorithm = parts.method;
        let (doc, request) = (self.doc, self.request);
        let ids = Rc::clone(&self.ids);
        let way = Way { doc, signature, outside: request.outside, ids: &ids };
        for (index, reference) in parts.references.iter().enumerate() {
            let judged = self.reference(&way, reference, index, &mut report.findings);
            report.references.push(judged);
        }
        self.value(&parts, &mut report);
        let covered = match self.request.cover {
            Cover::Anything => true,
            Cover::Document => report.covers_document(&self.doc.root_element().range()),
            Cover::ElementAt(_) => self.element.as_ref().is_some_and(|element| report.covers(element)),
        };
        if !covered {
            report.findings.push(Finding::NotCovered);
        }
        report
    }

    fn reference(
        &mut self,
        way: &Way<'_, 'd, 's>,
        parts: &ReferenceParts<'d>,
        index: usize,
        findings: &mut Vec<Finding>,
    ) -> Reference {
        let mut reference = Reference {
            uri: parts.uri.map(Into::into),
            id: parts.id.map(Into::into),
            kind: parts.kind.map(Into::into),
            transforms: parts.transforms.clone(),
            digest: parts.digest,
            state: State::NotChecked,
            covers: None,
            octets: None,
        };
        let Some(digest) = parts.digest else { return reference };
        if digest == Digest::Sha1 {
            findings.push(self.legacy(Legacy::Sha1Reference));
        }
        if self.octets_left == 0 {
            findings.push(Finding::TooMuch(Excess::Octets));
            return reference;
        }
        let mut taken = Taken::new(digest, self.request.keep_octets, self.octets_left);
        let followed = way.follow(parts, index, &mut reference.covers, &mut taken);
        let (computed, octets, left) = taken.finish();
        self.octets_left = left;
        match followed {
            Err(finding) => findings.push(finding),
            Ok(()) if computed == parts.value => {
                reference.state = State::Fits;
                reference.octets = octets;
            }
            Ok(()) => {
                reference.state = State::Differs;
                findings.push(Finding::DigestDiffers { reference: index });
            }
        }
        if parts.kind == Some("http://www.w3.org/2000/09/xmldsig#Manifest") {
            findings.push(Finding::ManifestNotFollowed { reference: index });
        }
        reference
    }

    /// The signature value over the signed information.
    fn value(&mut self, parts: &Parts<'d, 's>, report: &mut Report) {
        let keys =
            key::candidates(parts.key_info, &self.request.key, self.doc.limits(), &mut report.findings);
        report.certificates = keys.certificates;
        let (Some(method), Some(algorithm)) = (&parts.canonicalization, parts.method) else { return };
        if algorithm.is_legacy() {
            report.findings.push(self.legacy(Legacy::Sha1Value));
        }
        let Some(signed_info) = self.signed_info(parts.signed_info, method) else {
            report.findings.push(Finding::TooMuch(Excess::Octets));
            return;
        };
        let mut unfit = None;
        for (origin, key) in &keys.keys {
            match key::check(key, algorithm, &signed_info, &parts.value) {
                Ok(()) => {
                    report.made_by = Some(*origin);
                    return;
                }
                Err(BadSignature::Mismatch) => unfit = Some(Finding::ValueWrong),
                Err(BadSignature::KeySize(bits)) if bits < pki::key::RSA_BITS_MIN => {
                    unfit = unfit.or(Some(Finding::Legacy(Legacy::ShortRsa)));
                }
                Err(_) => unfit = unfit.or(Some(Finding::KeyUnfit)),
            }
        }
        report.findings.push(unfit.unwrap_or(Finding::NoKey));
    }

    fn signed_info(&mut self, node: Node<'d, 's>, method: &Method) -> Option<Vec<u8>> {
        let octets = c14n::octets(self.doc, Subset::all(node), method, self.octets_left)?;
        self.octets_left = self.octets_left.saturating_sub(octets.len() as u64);
        Some(octets)
    }

    fn legacy(&self, what: Legacy) -> Finding {
        if self.request.legacy { Finding::LegacyAllowed(what) } else { Finding::Legacy(what) }
    }
}
