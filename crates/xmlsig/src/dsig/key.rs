//! Which key a signature names, and whether it made the value.

use super::read::{base64_of, elements};
use crate::doc::{self, DSIG, DSIG11, Node};
use crate::finding::Finding;
use crate::limits::Limits;
use pki::cert::Certificate;
use pki::der::{Reader, Writer};
use pki::key::{BadSignature, Curve, PublicKey, PublicKind, SignatureAlgorithm};
use pki::oid;

/// Whose key must have made a signature.
#[derive(Debug, Clone, Copy)]
pub enum KeySource<'a> {
    /// This one; what the signature names is not tried.
    Given(&'a PublicKey),
    /// The one the signature names. Whether it is to be trusted is the caller's question: the report says
    /// which certificate it came from, if any.
    Named,
}

/// Where the key came from that fits the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyOrigin {
    /// The caller gave it; the certificate among the report's that has this key, if one has.
    Given(Option<usize>),
    /// The certificate of this index among the report's.
    Certificate(usize),
    /// A bare key in the signature, which nobody vouches for.
    Value,
}

/// The keys that may have made a signature, and the certificates it carries.
pub(crate) struct Candidates {
    pub keys: Vec<(KeyOrigin, PublicKey)>,
    pub certificates: Vec<Vec<u8>>,
}

/// Reads a `KeyInfo`. What we do not know in it is passed over: it is a hint, and the value decides.
pub(crate) fn candidates(
    key_info: Option<Node<'_, '_>>,
    source: &KeySource<'_>,
    limits: &Limits,
    findings: &mut Vec<Finding>,
) -> Candidates {
    let inside =
        |name: &'static str| key_info.into_iter().flat_map(move |info| doc::children(info, DSIG, name));
    let certificates: Vec<_> = inside("X509Data")
        .flat_map(|data| doc::children(data, DSIG, "X509Certificate"))
        .take(limits.certificates_max)
        .filter_map(base64_of)
        .collect();
    let named = certificates.iter().enumerate().filter_map(|(index, der)| {
        let certificate = Certificate::parse(der).ok()?;
        Some((KeyOrigin::Certificate(index), certificate.public_key().clone()))
    });
    let mut keys: Vec<_> = named.collect();
    if let KeySource::Given(given) = source {
        let same = keys.iter().position(|(_, key)| key.spki() == given.spki());
        let index = same.and_then(|at| match keys[at].0 {
            KeyOrigin::Certificate(index) => Some(index),
            _ => None,
        });
        return Candidates { keys: vec![(KeyOrigin::Given(index), (*given).clone())], certificates };
    }
    // A bare key beside certificates says nothing that they do not say better.
    if keys.is_empty() {
        let encoded = key_info.into_iter().flat_map(|info| doc::children(info, DSIG11, "DEREncodedKeyValue"));
        let encoded = encoded.filter_map(|node| PublicKey::parse(&base64_of(node)?).ok());
        let bare = inside("KeyValue").filter_map(key_value).chain(encoded);
        keys = bare.take(limits.certificates_max).map(|key| (KeyOrigin::Value, key)).collect();
    }
    if !certificates.is_empty() && keys.is_empty() {
        findings.push(Finding::Structure("X509Certificate"));
    }
    Candidates { keys, certificates }
}

fn key_value(node: Node<'_, '_>) -> Option<PublicKey> {
    let value = elements(node).next()?;
    if doc::is(value, DSIG, "RSAKeyValue") {
        let modulus = base64_of(doc::child(value, DSIG, "Modulus")?)?;
        let exponent = base64_of(doc::child(value, DSIG, "Exponent")?)?;
        return PublicKey::parse(&spki(rsa_algorithm, &integers(&modulus, &exponent))).ok();
    }
    if doc::is(value, DSIG11, "ECKeyValue") {
        let curve = doc::child(value, DSIG11, "NamedCurve")?.attribute("URI")?.strip_prefix("urn:oid:")?;
        let curve =
            match [Curve::P256, Curve::P384, Curve::P521].into_iter().find(|c| curve_name(*c) == curve)? {
                Curve::P256 => oid::P256,
                Curve::P384 => oid::P384,
                Curve::P521 => oid::P521,
            };
        let point = base64_of(doc::child(value, DSIG11, "PublicKey")?)?;
        let algorithm = |w: &mut Writer| {
            w.oid(oid::EC_PUBLIC_KEY).oid(curve);
        };
        return PublicKey::parse(&spki(algorithm, &point)).ok();
    }
    None
}

/// The object identifier of a curve, in digits.
pub(crate) fn curve_name(curve: Curve) -> &'static str {
    match curve {
        Curve::P256 => "1.2.840.10045.3.1.7",
        Curve::P384 => "1.3.132.0.34",
        Curve::P521 => "1.3.132.0.35",
    }
}

/// Modulus and exponent of an RSA key, without a sign.
pub(crate) fn rsa_numbers(key: &PublicKey) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut reader = Reader::whole_sequence(key.raw()).ok()?;
    let mut number = || {
        let contents = reader.integer().ok()?;
        Some(contents.strip_prefix(&[0]).unwrap_or(contents).to_vec())
    };
    Some((number()?, number()?))
}

fn rsa_algorithm(w: &mut Writer) {
    w.oid(oid::RSA_ENCRYPTION).null();
}

/// Two unsigned numbers in a SEQUENCE: an RSA key, an ECDSA value.
fn integers(one: &[u8], other: &[u8]) -> Vec<u8> {
    Writer::build(|w| {
        w.sequence(|w| {
            w.integer(&positive(one)).integer(&positive(other));
        });
    })
}

fn spki(algorithm: impl FnOnce(&mut Writer), bits: &[u8]) -> Vec<u8> {
    Writer::build(|w| {
        w.sequence(|w| {
            w.sequence(algorithm);
            w.bits(bits);
        });
    })
}

/// An unsigned number as the contents of a DER INTEGER.
fn positive(number: &[u8]) -> Vec<u8> {
    let start = number.iter().position(|b| *b != 0).unwrap_or(number.len());
    let digits = &number[start..];
    let sign = digits.first().is_none_or(|first| first & 0x80 != 0);
    let mut contents = Vec::with_capacity(digits.len() + 1);
    contents.extend(sign.then_some(0));
    contents.extend_from_slice(digits);
    contents
}

/// Checks a value as it stands in XML, where ECDSA writes r‖s instead of DER.
pub(crate) fn check(
    key: &PublicKey,
    algorithm: SignatureAlgorithm,
    message: &[u8],
    value: &[u8],
) -> Result<(), BadSignature> {
    match (algorithm, key.kind()) {
        (SignatureAlgorithm::Ecdsa(_), PublicKind::Ec(curve)) => {
            let half = field_bytes(curve);
            if value.len() != 2 * half {
                return Err(BadSignature::Mismatch);
            }
            let (r, s) = value.split_at(half);
            key.verify(algorithm, message, &integers(r, s))
        }
        _ => key.verify(algorithm, message, value),
    }
}

/// A value as it stands in XML, from one as keys make it; `None` when it is none.
pub(crate) fn as_in_xml(algorithm: SignatureAlgorithm, kind: PublicKind, value: &[u8]) -> Option<Vec<u8>> {
    let (SignatureAlgorithm::Ecdsa(_), PublicKind::Ec(curve)) = (algorithm, kind) else {
        return Some(value.to_vec());
    };
    let half = field_bytes(curve);
    let mut reader = Reader::whole_sequence(value).ok()?;
    let mut fixed = Vec::with_capacity(2 * half);
    for _ in 0..2 {
        let number = reader.integer().ok()?;
        let digits = number.strip_prefix(&[0]).unwrap_or(number);
        fixed.extend(std::iter::repeat_n(0, half.checked_sub(digits.len())?));
        fixed.extend_from_slice(digits);
    }
    reader.end().ok()?;
    Some(fixed)
}

fn field_bytes(curve: Curve) -> usize {
    match curve {
        Curve::P256 => 32,
        Curve::P384 => 48,
        Curve::P521 => 66,
    }
}
