//! XML signatures, XAdES, and the envelopes of the exchange between agencies.
//!
//! Of an XML signature it matters what it is over: an attacker may move the signed part elsewhere and put
//! another in its place. So everything of the document that no signature covers is named, and a document
//! with such parts is not called valid.

use std::ops::Range;

use pki::Certificate;
use pki::key::Digest;
use pki::path::Effort;
use xmlsig::dsig::{self, Covers, Place, Request, State, Verifier};
use xmlsig::finding::Legacy;
use xmlsig::{Doc, Finding as Fact, Limits, Source, doc, xades};

use super::format::{Read, Unread};
use super::found::{self, Bag, Found, FoundStamp};
use super::parts::Parts;
use super::report::{Coverage, Finding, Format, StampKind};
use super::rules::SIGNATURES_MAX;

/// The namespace of the exchange's envelopes.
pub const QCVN_102: &str = "http://www.mic.gov.vn/TBT/QCVN_102_2016";
/// How many uncovered parts are named.
const NAMED_MAX: usize = 5;
/// How many pieces of evidence one document may bring.
const EVIDENCE_MAX: usize = 256;

/// Every signature of a document. `content` is what its one reference outside means, where it has one alone.
pub fn read(bytes: &[u8], content: Option<&[u8]>, effort: &Effort) -> Result<Read, Unread> {
    let unread = |why: &xmlsig::Unreadable| (Some(Format::Xml), Finding::Broken { what: format!("{why:?}") });
    let limits = Limits { document_bytes_max: super::rules::FILE_BYTES_MAX, ..Limits::default() };
    let source = Source::read(bytes, &limits).map_err(|why| unread(&why))?;
    let document = Doc::parse(&source).map_err(|why| unread(&why))?;
    let is_envelope = document.root_element().tag_name().namespace() == Some(QCVN_102);
    let format = if is_envelope { Format::EdXml } else { Format::Xml };
    let nodes = dsig::signatures(&document);
    if nodes.len() > SIGNATURES_MAX {
        return Err((Some(format), Finding::TooMuch));
    }
    let parts = Parts::of(&document, content);
    let outside = |uri: &str| parts.find(uri);
    // Old algorithms are flagged here and judged by the policy's dates.
    let request = Request { outside: &outside, legacy: true, ..Request::default() };
    let shape = Shape::of(&document);
    let mut verifier = Verifier::new(&document, &request);
    let mut bag = Bag::default();
    let (mut signatures, mut reports) = (Vec::new(), Vec::new());
    for node in nodes {
        // A time-stamp of XAdES may hold signatures of its own kind; they are inside what is judged. What all
        // of them hash is bounded by the verifier, the keys that are tried by its limits.
        if !effort.take(limits.certificates_max as u64, document.text().len() as u64 / 4) {
            return Err((Some(format), Finding::TooMuch));
        }
        let report = verifier.verify(node);
        let mut found = signature(&document, node, &report, (&mut bag, effort));
        found.findings.extend(nothing_signed(&document, &shape, &report));
        let covered = std::slice::from_ref(&report);
        found.covers = covers(&document, &shape, covered, (format, &parts));
        signatures.push(found);
        reports.push(report);
    }
    evidence(&document, &mut bag);
    let mut findings = Vec::new();
    if let Coverage::Part { uncovered } = covers(&document, &shape, &reports, (format, &parts)) {
        findings.push(Finding::PartUnsigned { uncovered });
    }
    Ok(Read { format, signatures, bag, findings })
}

fn signature<'d, 's>(
    document: &'d Doc<'s>,
    node: doc::Node<'d, 's>,
    report: &dsig::Report,
    (bag, effort): (&mut Bag, &Effort),
) -> Found {
    let mut found = Found::named(report.id.clone().unwrap_or_default());
    report.certificates.iter().for_each(|der| bag.add_certificate(der));
    let value = doc::child(node, doc::DSIG, "SignatureValue").and_then(|value| decode(&doc::text_of(value)));
    found.value = value.map(|value| Digest::Sha256.of(&value)).unwrap_or_default();
    found.certificate = report.signer().and_then(|der| Certificate::parse(der).ok());
    found.algorithm = report.algorithm;
    found.digests = report.references.iter().filter_map(|reference| reference.digest).collect();
    found.digests.extend(report.algorithm.map(|algorithm| algorithm.digest()));
    let mut findings: Vec<Finding> = report.findings.iter().filter_map(|f| finding(f, report)).collect();
    if let Some(qualified) = xades::read(document, node, report) {
        found.claimed_time = qualified.signing_time;
        findings.extend(qualified.findings.iter().filter_map(|f| finding(f, report)));
        let amiss = qualified.findings.iter().any(|f| matches!(f, Fact::Xades(_)));
        found.is_baseline = !qualified.certificates.is_empty() && !amiss;
        if qualified.certificates.iter().any(|name| name.digest == Some(Digest::Sha1)) {
            found.digests.push(Digest::Sha1);
        }
        for stamp in qualified.stamps.iter().take(found::STAMPS_MAX) {
            if !effort.take(1, (stamp.token.len() + stamp.stamped.len()) as u64) {
                break;
            }
            let hash = |digest: Digest| digest.of(&stamp.stamped);
            found.stamps.push(FoundStamp::read(StampKind::Signature, &stamp.token, bag, hash));
        }
    }
    if document.elements(doc::XADES141, "ArchiveTimeStamp").any(|n| inside(&n.range(), &node.range())) {
        findings.push(Finding::ArchiveNotJudged);
    }
    findings.dedup();
    found.findings = findings;
    found
}

/// Certificates, lists and answers that signatures keep beside themselves.
fn evidence(document: &Doc<'_>, bag: &mut Bag) {
    let values = |name: &'static str| {
        let texts = document.elements(doc::XADES, name).take(EVIDENCE_MAX);
        texts.filter_map(|node| decode(&doc::text_of(node))).collect::<Vec<_>>()
    };
    values("EncapsulatedX509Certificate").iter().for_each(|der| bag.add_certificate(der));
    values("EncapsulatedCRLValue").iter().for_each(|der| bag.add_crl(der));
    values("EncapsulatedOCSPValue").iter().for_each(|der| bag.add_answer(der));
    let lists = document.elements(doc::DSIG, "X509CRL").take(EVIDENCE_MAX);
    lists.filter_map(|node| decode(&doc::text_of(node))).for_each(|der| bag.add_crl(&der));
}

pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    let plain: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    base64::engine::general_purpose::STANDARD.decode(plain).ok()
}

/// What a finding of the bytes is to a reader; `None` when the policy or the path says it better.
fn finding(finding: &Fact, report: &dsig::Report) -> Option<Finding> {
    let unsupported = |what: &str| Finding::Unsupported { what: what.to_string() };
    Some(match finding {
        Fact::Structure(what) => found::malformed(what),
        Fact::ValueWrong => Finding::SignatureWrong,
        Fact::DigestDiffers { .. } => Finding::ContentChanged,
        Fact::DuplicateId { .. } => Finding::DuplicateId,
        Fact::NotCovered => return None,
        Fact::UnknownMethod(uri) | Fact::UnknownCanonicalization(uri) => unsupported(uri),
        Fact::UnknownDigest { uri, .. } | Fact::TransformRefused { uri, .. } => unsupported(uri),
        Fact::NotFound { uri, .. } => Finding::NoContent { what: uri.clone() },
        Fact::NotTransformable { .. } => unsupported("transform"),
        Fact::ReferenceUnreadable { .. } => Finding::NoContent { what: String::new() },
        Fact::TooMuch(excess) => unsupported(&format!("{excess:?}")),
        Fact::NoKey => Finding::NoCertificate,
        Fact::KeyUnfit => unsupported("key"),
        Fact::Legacy(Legacy::ShortRsa) | Fact::LegacyAllowed(Legacy::ShortRsa) => {
            let bits = report.certificates.iter().find_map(|der| Certificate::parse(der).ok());
            let bits = match bits.map(|certificate| certificate.public_key().kind()) {
                Some(pki::key::PublicKind::Rsa { bits, .. }) => bits,
                _ => 1024,
            };
            found::bad_signature(pki::key::BadSignature::KeySize(bits))
        }
        Fact::Legacy(_) | Fact::LegacyAllowed(_) => return None,
        Fact::ManifestNotFollowed { .. } => Finding::ManifestNotFollowed,
        Fact::Xades(what) => xades_finding(*what)?,
    })
}

fn xades_finding(what: xmlsig::finding::Xades) -> Option<Finding> {
    use xmlsig::finding::Xades;
    match what {
        Xades::Target | Xades::Several => Some(found::malformed("QualifyingProperties")),
        Xades::NotSigned => Some(found::malformed("SignedProperties")),
        Xades::OtherCertificate => Some(Finding::OtherCertificate),
        Xades::DataObject => Some(found::malformed("DataObjectFormat")),
        Xades::TimeStamp => Some(Finding::StampDoesNotHold),
        // It is then no baseline signature, and said to be none.
        Xades::SigningTime | Xades::NoCertificate | Xades::CertificateNotCompared => None,
    }
}

/// Where the signatures of a document stand, and their own properties.
struct Shape {
    /// Where signatures begin, in order.
    signatures: Vec<usize>,
    /// Where their signed properties stand.
    properties: Vec<Range<usize>>,
}

impl Shape {
    fn of(document: &Doc<'_>) -> Shape {
        let ranges = |namespace, name| document.elements(namespace, name).map(|node| node.range());
        let properties = ranges(doc::XADES, "SignedProperties").take(super::rules::SIGNATURES_MAX);
        Shape {
            signatures: ranges(doc::DSIG, "Signature").map(|range| range.start).collect(),
            properties: properties.collect(),
        }
    }
}

/// How much of the document these signatures are over.
fn covers(
    document: &Doc<'_>,
    shape: &Shape,
    reports: &[dsig::Report],
    (format, parts): (Format, &Parts<'_>),
) -> Coverage {
    let fitting = reports.iter().flat_map(|report| &report.references).filter(|r| r.state == State::Fits);
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let mut has_outside = false;
    for (covers, uri) in fitting.filter_map(|one| Some((one.covers.as_ref()?, one.uri.as_deref()))) {
        match covers {
            Covers::Document { .. } => ranges.push(0..document.text().len()),
            // A signature's own properties are no content.
            Covers::Element { range, place: Place::Inside, .. } if shape.properties.contains(range) => {}
            Covers::Element { range, .. } | Covers::Decoded { range } => ranges.push(range.clone()),
            Covers::Outside => match uri.and_then(|uri| parts.inside(uri)) {
                Some(own) => ranges.extend(own.iter().cloned()),
                None => has_outside = true,
            },
        }
    }
    if ranges.is_empty() {
        return if has_outside { Coverage::Outside } else { Coverage::Unknown };
    }
    // Elements lie inside one another or apart, so the outer ones are enough, and in order.
    ranges.sort_by_key(|range| (range.start, std::cmp::Reverse(range.end)));
    let mut outer: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        if outer.last().is_none_or(|last| !inside(&range, last)) {
            outer.push(range);
        }
    }
    let mut walk = Uncovered { shape, outer, format, names: Vec::new() };
    walk.look(document.root_element());
    match walk.names.is_empty() {
        true => Coverage::Whole,
        false => Coverage::Part { uncovered: walk.names },
    }
}

struct Uncovered<'a> {
    shape: &'a Shape,
    outer: Vec<Range<usize>>,
    format: Format,
    names: Vec<String>,
}

impl Uncovered<'_> {
    /// Names what lies in no covered range: elements, and text between what is covered. Signatures cover
    /// themselves; the relays of the exchange add their traces on the way.
    fn look(&mut self, node: doc::Node<'_, '_>) {
        let range = node.range();
        let before = self.outer.partition_point(|outer| outer.start <= range.start);
        let is_covered = before.checked_sub(1).is_some_and(|n| inside(&range, &self.outer[n]));
        if self.names.len() >= NAMED_MAX || is_covered {
            return;
        }
        let name = node.tag_name().name();
        if doc::is(node, doc::DSIG, "Signature") {
            for object in doc::children(node, doc::DSIG, "Object") {
                if doc::child(object, doc::XADES, "QualifyingProperties").is_none() {
                    self.look(object);
                }
            }
            return;
        }
        if self.format == Format::EdXml && is_trace(node) {
            return;
        }
        let next = self.outer.partition_point(|outer| outer.start < range.start);
        let holds_covered = self.outer.get(next).is_some_and(|inner| inside(inner, &range));
        let next = self.shape.signatures.partition_point(|start| *start < range.start);
        let holds_signature = self.shape.signatures.get(next).is_some_and(|start| *start < range.end);
        if !holds_covered && !holds_signature {
            self.names.push(name.to_string());
            return;
        }
        for child in node.children() {
            if child.is_element() {
                self.look(child);
            } else if child.is_text() && child.text().is_some_and(|text| !text.trim().is_empty()) {
                self.names.push(name.to_string());
                return;
            }
        }
    }
}

/// The list of relays, in its one place: `edXML/edXMLEnvelope/edXMLHeader/TraceHeaderList`.
fn is_trace(node: doc::Node<'_, '_>) -> bool {
    let place = ["TraceHeaderList", "edXMLHeader", "edXMLEnvelope", "edXML"];
    let mut up = node.ancestors().filter(doc::Node::is_element);
    place.into_iter().all(|name| up.next().is_some_and(|at| doc::is(at, QCVN_102, name)))
        && up.next().is_none()
}

/// A signature that is over nothing but its own properties, or over a list of parts (`ds:Manifest`) whose
/// parts nobody has compared.
fn nothing_signed(document: &Doc<'_>, shape: &Shape, report: &dsig::Report) -> Option<Finding> {
    let is_own = |reference: &&dsig::Reference| {
        matches!(&reference.covers,
            Some(Covers::Element { range, place: Place::Inside, .. }) if shape.properties.contains(range))
    };
    let mut of_content = report.references.iter().filter(|reference| !is_own(reference)).peekable();
    if report.references.is_empty() {
        // It is no signature, which is said already.
        return None;
    }
    if of_content.peek().is_none() {
        return Some(Finding::NoContent { what: String::new() });
    }
    let is_list = |reference: &dsig::Reference| match &reference.covers {
        Some(Covers::Element { range, .. }) => document.element_at(range.start).is_some_and(|node| {
            let mut below = node.children().filter(doc::Node::is_element);
            let is_manifest = |node: doc::Node<'_, '_>| doc::is(node, doc::DSIG, "Manifest");
            let holds = doc::is(node, doc::DSIG, "Object") && node.children().next().is_some();
            is_manifest(node) || (holds && below.all(is_manifest))
        }),
        _ => false,
    };
    of_content.all(is_list).then_some(Finding::ManifestAlone)
}

fn inside(inner: &Range<usize>, outer: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}
