//! A `ds:Signature` read into values. What does not fit the schema is a finding, never guessed at.

use crate::algorithm;
use crate::c14n;
use crate::doc::{self, DSIG, EXCLUSIVE, Node};
use crate::finding::Finding;
use crate::limits::Limits;
use crate::source::Excess;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pki::key::{Digest, SignatureAlgorithm};

/// A step between what a reference means and what is digested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transform {
    /// The signature itself is left out.
    EnvelopedSignature,
    /// Canonical form.
    Canonical(c14n::Method),
    /// Decoding of base64.
    Base64,
    /// Not on our list.
    Refused(String),
}

pub(crate) const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
pub(crate) const BASE64: &str = "http://www.w3.org/2000/09/xmldsig#base64";

/// More prefixes than this no list has that was written by a person or a library.
const PREFIXES_MAX: usize = 64;

/// The parts of a signature.
pub(crate) struct Parts<'d, 's> {
    pub id: Option<&'d str>,
    pub signed_info: Node<'d, 's>,
    pub canonicalization: Option<c14n::Method>,
    pub method: Option<SignatureAlgorithm>,
    pub references: Vec<ReferenceParts<'d>>,
    pub value: Vec<u8>,
    pub key_info: Option<Node<'d, 's>>,
}

/// The parts of a reference.
pub(crate) struct ReferenceParts<'d> {
    pub uri: Option<&'d str>,
    pub id: Option<&'d str>,
    pub kind: Option<&'d str>,
    pub transforms: Vec<Transform>,
    pub digest: Option<Digest>,
    pub value: Vec<u8>,
}

/// Reads a signature; `None` when it lacks what every signature has.
pub(crate) fn signature<'d, 's>(
    node: Node<'d, 's>,
    limits: &Limits,
    findings: &mut Vec<Finding>,
) -> Option<Parts<'d, 's>> {
    let structure = |findings: &mut Vec<Finding>, what| {
        findings.push(Finding::Structure(what));
        None
    };
    if !doc::is(node, DSIG, "Signature") {
        return structure(findings, "Signature");
    }
    let mut children = elements(node).peekable();
    let Some(signed_info) = children.next_if(|n| doc::is(*n, DSIG, "SignedInfo")) else {
        return structure(findings, "SignedInfo");
    };
    let Some(value) = children.next_if(|n| doc::is(*n, DSIG, "SignatureValue")) else {
        return structure(findings, "SignatureValue");
    };
    let key_info = children.next_if(|n| doc::is(*n, DSIG, "KeyInfo"));
    if children.any(|n| !doc::is(n, DSIG, "Object")) {
        return structure(findings, "Object");
    }
    let Some(value) = base64_of(value) else { return structure(findings, "SignatureValue") };

    let mut children = elements(signed_info).peekable();
    let Some(canonicalization) = children.next_if(|n| doc::is(*n, DSIG, "CanonicalizationMethod")) else {
        return structure(findings, "CanonicalizationMethod");
    };
    let Some(method) = children.next_if(|n| doc::is(*n, DSIG, "SignatureMethod")) else {
        return structure(findings, "SignatureMethod");
    };
    let references: Vec<_> = children.collect();
    if references.is_empty() || references.iter().any(|n| !doc::is(*n, DSIG, "Reference")) {
        return structure(findings, "Reference");
    }
    if references.len() > limits.references_max {
        findings.push(Finding::TooMuch(Excess::References));
        return None;
    }
    let references = references.into_iter().enumerate();
    let references: Option<Vec<_>> =
        references.map(|(index, node)| reference(node, index, limits, findings)).collect();
    Some(Parts {
        id: node.attribute("Id"),
        signed_info,
        canonicalization: canonical_method(canonicalization, findings),
        method: signature_method(method, findings),
        references: references?,
        value,
        key_info,
    })
}

fn canonical_method(node: Node<'_, '_>, findings: &mut Vec<Finding>) -> Option<c14n::Method> {
    let uri = node.attribute("Algorithm").unwrap_or_default();
    match c14n::Method::find(uri).and_then(|method| with_prefixes(method, node)) {
        Some(method) => Some(method),
        None => {
            findings.push(Finding::UnknownCanonicalization(uri.into()));
            None
        }
    }
}

/// The method with the prefix list that may stand in its element; `None` when something else stands there.
pub(crate) fn with_prefixes(method: c14n::Method, node: Node<'_, '_>) -> Option<c14n::Method> {
    let mut inside = elements(node);
    let Some(list) = inside.next() else { return Some(method) };
    let exclusive = method.rules == c14n::Rules::Exclusive;
    if !exclusive || !doc::is(list, EXCLUSIVE, "InclusiveNamespaces") || inside.next().is_some() {
        return None;
    }
    let method = method.with_prefixes(list.attribute("PrefixList").unwrap_or_default());
    (method.inclusive.len() <= PREFIXES_MAX).then_some(method)
}

fn signature_method(node: Node<'_, '_>, findings: &mut Vec<Finding>) -> Option<SignatureAlgorithm> {
    let uri = node.attribute("Algorithm").unwrap_or_default();
    // None of the methods we know has parameters; RSA-PSS with parameters has an identifier of its own.
    let known = algorithm::signature(uri).filter(|_| elements(node).next().is_none());
    if known.is_none() {
        findings.push(Finding::UnknownMethod(uri.into()));
    }
    known
}

fn reference<'d>(
    node: Node<'d, '_>,
    index: usize,
    limits: &Limits,
    findings: &mut Vec<Finding>,
) -> Option<ReferenceParts<'d>> {
    let mut children = elements(node).peekable();
    let transforms = children.next_if(|n| doc::is(*n, DSIG, "Transforms"));
    let method = children.next_if(|n| doc::is(*n, DSIG, "DigestMethod"));
    let value = children.next_if(|n| doc::is(*n, DSIG, "DigestValue")).and_then(base64_of);
    let (Some(method), Some(value), None) = (method, value, children.next()) else {
        findings.push(Finding::Structure("Reference"));
        return None;
    };
    let transforms: Vec<_> = transforms.into_iter().flat_map(elements).map(transform).collect();
    if transforms.len() > limits.transforms_max {
        findings.push(Finding::TooMuch(Excess::Transforms));
        return None;
    }
    let uri = method.attribute("Algorithm").unwrap_or_default();
    let digest = algorithm::digest(uri);
    if digest.is_none() {
        findings.push(Finding::UnknownDigest { reference: index, uri: uri.into() });
    }
    Some(ReferenceParts {
        uri: node.attribute("URI"),
        id: node.attribute("Id"),
        kind: node.attribute("Type"),
        transforms,
        digest,
        value,
    })
}

fn transform(node: Node<'_, '_>) -> Transform {
    let uri = node.attribute("Algorithm").unwrap_or_default();
    let refused = || Transform::Refused(uri.into());
    if !doc::is(node, DSIG, "Transform") {
        return refused();
    }
    match (uri, c14n::Method::find(uri)) {
        (_, Some(method)) => with_prefixes(method, node).map_or_else(refused, Transform::Canonical),
        (ENVELOPED, _) if elements(node).next().is_none() => Transform::EnvelopedSignature,
        (BASE64, _) if elements(node).next().is_none() => Transform::Base64,
        _ => refused(),
    }
}

pub(crate) fn elements<'d, 's>(node: Node<'d, 's>) -> impl Iterator<Item = Node<'d, 's>> {
    node.children().filter(|child| child.is_element())
}

/// Longer than this no digest, value, certificate or time-stamp token is written.
const VALUE_CHARS_MAX: usize = 1 << 20;

/// The base64 an element holds, white space left out; `None` when it holds anything else.
pub(crate) fn base64_of(node: Node<'_, '_>) -> Option<Vec<u8>> {
    if elements(node).next().is_some() || node.range().len() > VALUE_CHARS_MAX {
        return None;
    }
    decode(doc::text_of(node).as_bytes())
}

/// Decodes base64 with white space in it.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let packed: Vec<u8> = text.iter().copied().filter(|b| !crate::scan::is_space(*b)).collect();
    STANDARD.decode(packed).ok()
}

/// Encodes base64 on one line.
pub(crate) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}
