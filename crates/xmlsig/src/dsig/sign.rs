//! Making a signature, in two steps: the document with everything but the value, and the octets to be signed;
//! then the value. Keys in a token, in a person's hand or behind a service sign in between, and never see the
//! document.
//!
//! What is signed stays byte for byte as it was; the signature is put in as text.

use super::dereference::{Taken, Way};
use super::key;
use super::read::{self, ReferenceParts, Transform, encode};
use crate::algorithm;
use crate::c14n::{self, Method, Subset};
use crate::doc::{DSIG, DSIG11, Doc, EXCLUSIVE, Named, Node};
use crate::escape::attribute;
use crate::finding::Finding;
use crate::limits::Limits;
use crate::source::{Source, Unreadable};
use memchr::memmem;
use pki::key::{Digest, PublicKey, PublicKind, SignError, SignatureAlgorithm, Signer};
use std::fmt::Write as _;

/// A signature that is to be made.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How the value will be made.
    pub algorithm: SignatureAlgorithm,
    /// How the signed information is made canonical.
    pub canonicalization: Method,
    /// Its `Id`. XAdES needs one.
    pub id: Option<String>,
    /// What it signs.
    pub references: Vec<Wanted>,
    /// What it says of its key.
    pub key_info: KeyInfo,
    /// Whole `ds:Object` elements, as text.
    pub objects: Vec<String>,
    /// Where it goes.
    pub place: Where,
}

/// A reference that is to be made.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// `URI`; empty for the whole document.
    pub uri: String,
    /// `Id`.
    pub id: Option<String>,
    /// `Type`.
    pub kind: Option<String>,
    /// The steps before the digest.
    pub transforms: Vec<Transform>,
    /// The digest.
    pub digest: Digest,
}

/// What a signature says of its key.
#[derive(Debug, Clone)]
pub enum KeyInfo {
    /// Nothing.
    Nothing,
    /// These certificates in DER, the signer's first.
    Certificates(Vec<Vec<u8>>),
    /// The bare key.
    Key(PublicKey),
}

/// Where a signature goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Where {
    /// It is a document of its own.
    Alone,
    /// Last in the document element.
    LastInDocument,
    /// Last in the only element of this name.
    LastIn {
        /// The element's namespace, empty for none.
        namespace: String,
        /// Its local name.
        name: String,
    },
}

/// Why a signature cannot be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CannotSign {
    /// The document is not read.
    Unreadable(Unreadable),
    /// It is not in UTF-8, and nothing may be put into it.
    Encoding,
    /// The plan wants what we do not make: SHA-1, a padding without identifier, a transform off the list.
    NotMade,
    /// The element it should go into is not there, or there are several.
    NoPlace,
    /// A reference cannot be followed.
    Reference(Finding),
    /// The key cannot make such a value.
    WrongKey,
    /// The key's keeper answered this.
    Key(SignError),
}

/// A document that lacks nothing but the signature value.
#[derive(Debug, Clone)]
pub struct Prepared {
    before: Vec<u8>,
    after: Vec<u8>,
    signed_info: Vec<u8>,
    algorithm: SignatureAlgorithm,
}

/// Puts the signature into `document` (or makes a document of it alone) and computes what is to be signed.
/// `outside` brings the bytes of URIs that are not of the document.
pub fn prepare(
    document: &[u8],
    plan: &Plan,
    outside: &dyn Fn(&str) -> Option<Vec<u8>>,
    limits: &Limits,
) -> Result<Prepared, CannotSign> {
    let uris = Uris::of(plan)?;
    let (before, after) = match plan.place {
        Where::Alone => (String::new(), String::new()),
        _ => hole(document, &plan.place, limits)?,
    };
    // Computed without the digests, and they are put in afterwards: nothing else in it depends on them.
    let signature = render(plan, &uris);
    let whole = format!("{before}{}{}{after}", signature.0, signature.1);
    let computed = computed(&whole, before.len(), plan, outside, limits);
    let computed = computed.map_err(|why| in_document(why, before.len(), whole.len() - after.len()))?;
    let said = filled(signature.0.as_bytes(), &computed.digests).ok_or(CannotSign::NotMade)?;
    let signed_info = filled(&computed.signed_info, &computed.digests).ok_or(CannotSign::NotMade)?;

    // The byte order mark, which is no part of the text.
    let mark: &[u8] = if document.starts_with(&[0xEF, 0xBB, 0xBF]) { &document[..3] } else { &[] };
    Ok(Prepared {
        before: [mark, before.as_bytes(), &said].concat(),
        after: [signature.1.as_bytes(), after.as_bytes()].concat(),
        signed_info,
        algorithm: plan.algorithm,
    })
}

/// An error in the whole, said of the document, in which nothing stands between `from` and `to`.
fn in_document(why: CannotSign, from: usize, to: usize) -> CannotSign {
    match why {
        CannotSign::Unreadable(Unreadable::Malformed { offset }) if offset > from => {
            CannotSign::Unreadable(Unreadable::Malformed { offset: from + offset.saturating_sub(to) })
        }
        other => other,
    }
}

impl Prepared {
    /// The octets to be signed: the canonical form of the signed information.
    pub fn to_be_signed(&self) -> &[u8] {
        &self.signed_info
    }

    /// How they are to be signed.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// The signed document, with a value as keys make it (ECDSA in DER) by a key of this kind.
    pub fn finish(mut self, value: &[u8], kind: PublicKind) -> Result<Vec<u8>, CannotSign> {
        let value = key::as_in_xml(self.algorithm, kind, value).ok_or(CannotSign::WrongKey)?;
        self.before.extend_from_slice(encode(&value).as_bytes());
        self.before.append(&mut self.after);
        Ok(self.before)
    }

    /// The signed document, by a key at hand.
    pub fn sign(self, key: &dyn Signer) -> Result<Vec<u8>, CannotSign> {
        if key.algorithm() != self.algorithm {
            return Err(CannotSign::WrongKey);
        }
        let value = key.sign(&self.signed_info).map_err(CannotSign::Key)?;
        self.finish(&value, key.public_key().kind())
    }
}

/// The identifiers a plan needs, so that what has none is refused before anything is computed.
struct Uris {
    algorithm: &'static str,
}

impl Uris {
    fn of(plan: &Plan) -> Result<Uris, CannotSign> {
        let made = |wanted: &Wanted| {
            let refused = wanted.transforms.iter().any(|t| matches!(t, Transform::Refused(_)));
            wanted.digest != Digest::Sha1 && !refused
        };
        let algorithm = algorithm::signature_uri(plan.algorithm).ok_or(CannotSign::NotMade)?;
        if plan.algorithm.is_legacy() || plan.references.is_empty() || !plan.references.iter().all(made) {
            return Err(CannotSign::NotMade);
        }
        Ok(Uris { algorithm })
    }
}

/// The document before and after the place where the signature goes.
fn hole(document: &[u8], place: &Where, limits: &Limits) -> Result<(String, String), CannotSign> {
    let source = Source::read(document, limits).map_err(CannotSign::Unreadable)?;
    if matches!(document, [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..]) {
        return Err(CannotSign::Encoding);
    }
    // Whether all of it is well-formed is told when it is read with the signature in it.
    if let (Where::LastInDocument, Some(end)) = (place, source.scan.root_end) {
        return Ok((source.text()[..end].into(), source.text()[end..].into()));
    }
    let doc = Doc::parse(&source).map_err(CannotSign::Unreadable)?;
    let element = match place {
        Where::LastIn { namespace, name } => {
            let named = |node: &Node<'_, '_>| {
                node.is_element()
                    && node.tag_name().name() == name.as_str()
                    && node.tag_name().namespace().unwrap_or_default() == namespace.as_str()
            };
            let mut found = doc.root().descendants().filter(named);
            match (found.next(), found.next()) {
                (Some(only), None) => only,
                _ => return Err(CannotSign::NoPlace),
            }
        }
        _ => doc.root_element(),
    };
    let whole = doc.text();
    Ok(match doc.inside(element) {
        Some(inside) => (whole[..inside.end].into(), whole[inside.end..].into()),
        // `<a/>` opens for what goes into it.
        None => {
            let end = element.range().end;
            let name = element.qualified_name();
            (format!("{}>", &whole[..end - 2]), format!("</{name}>{}", &whole[end..]))
        }
    })
}

/// What stands before each digest, in the text and in canonical form alike: the prefix is ours, and no value
/// of an attribute keeps a `<`.
const DIGEST_VALUE: &str = "<ds:DigestValue>";

/// The digests put into their places; `None` when there are not as many places.
fn filled(text: &[u8], digests: &[String]) -> Option<Vec<u8>> {
    let mut places = memmem::find_iter(text, DIGEST_VALUE).map(|at| at + DIGEST_VALUE.len());
    let mut out = Vec::with_capacity(text.len() + digests.iter().map(String::len).sum::<usize>());
    let mut from = 0;
    for digest in digests {
        let to = places.next()?;
        out.extend_from_slice(&text[from..to]);
        out.extend_from_slice(digest.as_bytes());
        from = to;
    }
    out.extend_from_slice(&text[from..]);
    places.next().is_none().then_some(out)
}

/// The signature's text up to its value, and from there on, without the digests.
fn render(plan: &Plan, uris: &Uris) -> (String, String) {
    let mut before = format!("<ds:Signature xmlns:ds=\"{DSIG}\"");
    put(&mut before, "Id", plan.id.as_deref());
    before.push_str("><ds:SignedInfo>");
    method(&mut before, "CanonicalizationMethod", &plan.canonicalization);
    let _ = write!(before, "<ds:SignatureMethod Algorithm=\"{}\"/>", uris.algorithm);
    for wanted in &plan.references {
        before.push_str("<ds:Reference");
        put(&mut before, "Id", wanted.id.as_deref());
        put(&mut before, "Type", wanted.kind.as_deref());
        put(&mut before, "URI", Some(&wanted.uri));
        before.push('>');
        if !wanted.transforms.is_empty() {
            before.push_str("<ds:Transforms>");
            wanted.transforms.iter().for_each(|transform| put_transform(&mut before, transform));
            before.push_str("</ds:Transforms>");
        }
        let algorithm = algorithm::digest_uri(wanted.digest);
        let _ = write!(before, "<ds:DigestMethod Algorithm=\"{algorithm}\"/>");
        let _ = write!(before, "{DIGEST_VALUE}</ds:DigestValue></ds:Reference>");
    }
    before.push_str("</ds:SignedInfo><ds:SignatureValue");
    put(&mut before, "Id", plan.id.as_ref().map(|id| format!("{id}-value")).as_deref());
    before.push('>');
    let mut after = String::from("</ds:SignatureValue>");
    after.push_str(&key_info(&plan.key_info));
    plan.objects.iter().for_each(|object| after.push_str(object));
    after.push_str("</ds:Signature>");
    (before, after)
}

fn put(out: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        let _ = write!(out, " {name}=\"{}\"", attribute(value));
    }
}

fn put_transform(out: &mut String, transform: &Transform) {
    let uri = match transform {
        Transform::EnvelopedSignature => read::ENVELOPED,
        Transform::Base64 => read::BASE64,
        Transform::Canonical(canonical) => return method(out, "Transform", canonical),
        // refused before by `Uris::of`
        Transform::Refused(_) => return,
    };
    let _ = write!(out, "<ds:Transform Algorithm=\"{uri}\"/>");
}

pub(crate) fn method(out: &mut String, element: &str, method: &Method) {
    let _ = write!(out, "<ds:{element} Algorithm=\"{}\"", method.uri());
    if method.inclusive.is_empty() {
        out.push_str("/>");
        return;
    }
    let names =
        method.inclusive.iter().map(|prefix| if prefix.is_empty() { "#default" } else { prefix.as_str() });
    let list = names.collect::<Vec<_>>().join(" ");
    let _ = write!(
        out,
        "><ec:InclusiveNamespaces xmlns:ec=\"{EXCLUSIVE}\" PrefixList=\"{}\"/></ds:{element}>",
        attribute(&list)
    );
}

fn key_info(info: &KeyInfo) -> String {
    match info {
        KeyInfo::Nothing => String::new(),
        KeyInfo::Certificates(ders) => {
            let each = |der: &Vec<u8>| format!("<ds:X509Certificate>{}</ds:X509Certificate>", encode(der));
            let all: String = ders.iter().map(each).collect();
            format!("<ds:KeyInfo><ds:X509Data>{all}</ds:X509Data></ds:KeyInfo>")
        }
        KeyInfo::Key(key) => format!("<ds:KeyInfo>{}</ds:KeyInfo>", bare_key(key)),
    }
}

/// A key in the form most programs read: RSA and curves by their numbers, others as they stand in
/// certificates.
fn bare_key(key: &PublicKey) -> String {
    let curve = match key.kind() {
        PublicKind::Rsa { .. } => {
            if let Some((modulus, exponent)) = key::rsa_numbers(key) {
                return format!(
                    "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>{}</ds:Modulus><ds:Exponent>{}</ds:Exponent>\
                     </ds:RSAKeyValue></ds:KeyValue>",
                    encode(&modulus),
                    encode(&exponent)
                );
            }
            None
        }
        PublicKind::Ec(curve) => Some(key::curve_name(curve)),
        _ => None,
    };
    match curve {
        Some(curve) => format!(
            "<ds:KeyValue><dsig11:ECKeyValue xmlns:dsig11=\"{DSIG11}\">\
             <dsig11:NamedCurve URI=\"urn:oid:{curve}\"/>\
             <dsig11:PublicKey>{}</dsig11:PublicKey></dsig11:ECKeyValue></ds:KeyValue>",
            encode(key.raw())
        ),
        None => format!(
            "<dsig11:DEREncodedKeyValue xmlns:dsig11=\"{DSIG11}\">{}</dsig11:DEREncodedKeyValue>",
            encode(key.spki())
        ),
    }
}

/// What is computed of a document with its signature in it.
struct Computed {
    /// In base64.
    digests: Vec<String>,
    /// In canonical form, without the digests.
    signed_info: Vec<u8>,
}

fn computed(
    whole: &str,
    at: usize,
    plan: &Plan,
    outside: &dyn Fn(&str) -> Option<Vec<u8>>,
    limits: &Limits,
) -> Result<Computed, CannotSign> {
    let from_outside = plan.references.iter().map(|wanted| wanted.uri.as_str());
    let from_outside = from_outside.filter(|uri| !uri.is_empty() && !uri.starts_with('#'));
    let brought: Vec<_> = from_outside.map(|uri| (uri, outside(uri))).collect();
    let source = Source::read(whole.as_bytes(), limits).map_err(CannotSign::Unreadable)?;
    let doc = Doc::parse(&source).map_err(CannotSign::Unreadable)?;
    let signature = doc.element_at(at).ok_or(CannotSign::NoPlace)?;
    let outside = |uri: &str| {
        let found = brought.iter().find(|(known, _)| *known == uri)?;
        found.1.as_deref()
    };
    let ids = Named::new(&doc, &[]);
    let way = Way { doc: &doc, signature, outside: &outside, ids: &ids };
    let mut digests = vec![];
    let mut left = limits.octets_max;
    for (index, wanted) in plan.references.iter().enumerate() {
        let parts = ReferenceParts {
            uri: Some(&wanted.uri),
            id: None,
            kind: None,
            transforms: wanted.transforms.clone(),
            digest: Some(wanted.digest),
            value: vec![],
        };
        let mut taken = Taken::new(wanted.digest, false, left);
        way.follow(&parts, index, &mut None, &mut taken).map_err(CannotSign::Reference)?;
        let (digest, _, rest) = taken.finish();
        left = rest;
        digests.push(encode(&digest));
    }
    let signed_info = signature.first_element_child().ok_or(CannotSign::NoPlace)?;
    let canonical = c14n::octets(&doc, Subset::all(signed_info), &plan.canonicalization, limits.octets_max);
    Ok(Computed { digests, signed_info: canonical.ok_or(CannotSign::NotMade)? })
}
