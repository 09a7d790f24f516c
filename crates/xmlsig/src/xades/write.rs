//! Adding qualifying properties to a plan, and a time-stamp to a signature.

use super::SIGNED_PROPERTIES;
use crate::algorithm;
use crate::c14n::{self, Method, Subset};
use crate::doc::{self, DSIG, Doc, Node, XADES};
use crate::dsig::read::encode;
use crate::dsig::{CannotSign, Plan, Transform, Wanted};
use crate::escape::{attribute, text};
use crate::limits::Limits;
use crate::source::{Source, Unreadable};
use base::Instant;
use pki::key::Digest;
use std::fmt::Write as _;

/// What a signature is to say of itself.
#[derive(Debug, Clone)]
pub struct Properties {
    /// When it is made, by the signer's clock.
    pub signing_time: Instant,
    /// The signer's certificate in DER. It is named by its digest; the `KeyInfo` carries it.
    pub certificate: Vec<u8>,
    /// The digest of that name and of the signed properties.
    pub digest: Digest,
    /// The kinds of data that are signed.
    pub formats: Vec<DataFormat>,
    /// Roles the signer claims, such as a post.
    pub claimed_roles: Vec<String>,
}

/// What kind of data a reference signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFormat {
    /// The `Id` of the reference.
    pub reference: String,
    /// What it is, in words.
    pub description: Option<String>,
    /// Its media type.
    pub mime_type: Option<String>,
}

/// Adds the properties and the reference that signs them. The plan must have an `Id`, and a reference for
/// every data format.
pub fn qualify(plan: &mut Plan, properties: &Properties) -> Result<(), CannotSign> {
    let id = plan.id.clone().ok_or(CannotSign::NotMade)?;
    let known =
        |format: &DataFormat| plan.references.iter().any(|r| r.id.as_ref() == Some(&format.reference));
    if properties.digest == Digest::Sha1 || !properties.formats.iter().all(known) {
        return Err(CannotSign::NotMade);
    }
    let signed_id = format!("{id}-signed");
    let mut object = format!(
        "<ds:Object><xades:QualifyingProperties xmlns:xades=\"{XADES}\" Target=\"#{}\">\
         <xades:SignedProperties Id=\"{}\">",
        attribute(&id),
        attribute(&signed_id)
    );
    signature_properties(&mut object, properties);
    data_properties(&mut object, &properties.formats);
    object.push_str("</xades:SignedProperties></xades:QualifyingProperties></ds:Object>");
    plan.objects.push(object);
    plan.references.push(Wanted {
        uri: format!("#{signed_id}"),
        id: None,
        kind: Some(SIGNED_PROPERTIES.into()),
        transforms: vec![Transform::Canonical(plan.canonicalization.clone())],
        digest: properties.digest,
    });
    Ok(())
}

fn signature_properties(out: &mut String, properties: &Properties) {
    let digest = encode(&properties.digest.of(&properties.certificate));
    let _ = write!(
        out,
        "<xades:SignedSignatureProperties><xades:SigningTime>{}</xades:SigningTime>\
         <xades:SigningCertificateV2><xades:Cert><xades:CertDigest><ds:DigestMethod Algorithm=\"{}\"/>\
         <ds:DigestValue>{digest}</ds:DigestValue></xades:CertDigest></xades:Cert>\
         </xades:SigningCertificateV2>",
        properties.signing_time,
        algorithm::digest_uri(properties.digest),
    );
    if !properties.claimed_roles.is_empty() {
        out.push_str("<xades:SignerRoleV2><xades:ClaimedRoles>");
        for role in &properties.claimed_roles {
            let _ = write!(out, "<xades:ClaimedRole>{}</xades:ClaimedRole>", text(role));
        }
        out.push_str("</xades:ClaimedRoles></xades:SignerRoleV2>");
    }
    out.push_str("</xades:SignedSignatureProperties>");
}

fn data_properties(out: &mut String, formats: &[DataFormat]) {
    if formats.is_empty() {
        return;
    }
    out.push_str("<xades:SignedDataObjectProperties>");
    for format in formats {
        let reference = attribute(&format.reference);
        let _ = write!(out, "<xades:DataObjectFormat ObjectReference=\"#{reference}\">");
        for (name, value) in [("Description", &format.description), ("MimeType", &format.mime_type)] {
            if let Some(value) = value {
                let _ = write!(out, "<xades:{name}>{}</xades:{name}>", text(value));
            }
        }
        out.push_str("</xades:DataObjectFormat>");
    }
    out.push_str("</xades:SignedDataObjectProperties>");
}

/// Why a time-stamp cannot be put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CannotStamp {
    /// The document is not read.
    Unreadable(Unreadable),
    /// It is not in UTF-8.
    Encoding,
    /// No signature of this `Id` with qualifying properties is there, or more than one.
    NoSignature,
    /// The value is too long in canonical form.
    TooMuch,
}

/// The octets a time-stamp over a signature must be of: its value's element in canonical form. `None` when
/// the signature has none, or it is longer than the limits allow.
pub fn to_be_stamped<'d, 's>(doc: &'d Doc<'s>, signature: Node<'d, 's>, method: &Method) -> Option<Vec<u8>> {
    let value = doc::child(signature, DSIG, "SignatureValue")?;
    c14n::octets(doc, Subset::all(value), method, doc.limits().octets_max)
}

/// Puts a time-stamp token over the signature called `id` into the document; everything else stays byte for
/// byte. `method` is the one [`to_be_stamped`] was asked with.
pub fn stamp(
    document: &[u8],
    id: &str,
    method: &Method,
    token: &[u8],
    limits: &Limits,
) -> Result<Vec<u8>, CannotStamp> {
    if matches!(document, [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..]) {
        return Err(CannotStamp::Encoding);
    }
    let source = Source::read(document, limits).map_err(CannotStamp::Unreadable)?;
    let doc = Doc::parse(&source).map_err(CannotStamp::Unreadable)?;
    let mut signatures = doc.elements(DSIG, "Signature").filter(|node| node.attribute("Id") == Some(id));
    let (Some(signature), None) = (signatures.next(), signatures.next()) else {
        return Err(CannotStamp::NoSignature);
    };
    let mut sets = doc::children(signature, DSIG, "Object")
        .flat_map(|object| doc::children(object, XADES, "QualifyingProperties"));
    let (Some(qualifying), None) = (sets.next(), sets.next()) else { return Err(CannotStamp::NoSignature) };
    let mut inside = format!("<xades:SignatureTimeStamp xmlns:xades=\"{XADES}\" xmlns:ds=\"{DSIG}\">");
    crate::dsig::put_method(&mut inside, "CanonicalizationMethod", method);
    let _ = write!(
        inside,
        "<xades:EncapsulatedTimeStamp>{}</xades:EncapsulatedTimeStamp></xades:SignatureTimeStamp>",
        encode(token)
    );
    let unsigned = doc::child(qualifying, XADES, "UnsignedProperties");
    let list = unsigned.and_then(|node| doc::child(node, XADES, "UnsignedSignatureProperties"));
    let (into, wrapped) = match (list, unsigned) {
        (Some(list), _) => (list, inside),
        (None, Some(_)) => return Err(CannotStamp::NoSignature),
        (None, None) => (
            qualifying,
            format!(
                "<xades:UnsignedProperties \
                    xmlns:xades=\"{XADES}\"><xades:UnsignedSignatureProperties>{inside}\
                 </xades:UnsignedSignatureProperties></xades:UnsignedProperties>"
            ),
        ),
    };
    // The byte order mark is no part of the text.
    let mark = document.len() - doc.text().len();
    let at = mark + doc.inside(into).ok_or(CannotStamp::NoSignature)?.end;
    Ok([&document[..at], wrapped.as_bytes(), &document[at..]].concat())
}
