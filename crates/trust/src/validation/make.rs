//! Signing a file so that it can be checked for long: CAdES for any file, XAdES for XML, PAdES for PDF, at
//! the levels B-B to B-LTA. Keys, time-stamps and evidence are arguments; nothing is fetched.

use std::fmt::Write as _;

use base::Instant;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pki::Certificate;
use pki::cms::{self, SignedData};
use pki::key::{SignError, Signer};
use pki::tsp::Imprint;
use xmlsig::c14n::{Method, Rules};
use xmlsig::dsig::{self, KeyInfo, Plan, Transform, Wanted, Where};
use xmlsig::xades::{self, DataFormat, Properties};
use xmlsig::{Doc, Limits, Source, doc};

use super::found::Bag;
use super::report::{Format, Level};
use super::rules::hex;

/// Where a time-stamp token for an imprint comes from; what it says instead is for the log.
pub type Stamper<'a> = dyn Fn(&Imprint) -> Result<Vec<u8>, String> + 'a;

/// What is to be signed, how, and with what.
pub struct Order<'a> {
    /// The file.
    pub bytes: &'a [u8],
    /// As what: a message, XML or PDF.
    pub format: Format,
    /// The content stays outside the message (CMS alone).
    pub is_detached: bool,
    /// The key.
    pub key: &'a dyn Signer,
    /// Its certificate.
    pub certificate: &'a Certificate,
    /// The issuers, to travel with the signature.
    pub chain: &'a [Certificate],
    /// By the signer's clock.
    pub at: Instant,
    /// How long it is to be checkable.
    pub level: Level,
    /// Who stamps time; needed above B-B.
    pub stamp: Option<&'a Stamper<'a>>,
    /// What is needed to judge it later; goes in from B-LT on.
    pub evidence: &'a Bag,
    /// How the signature looks (PDF alone); `None` is not seen.
    pub look: Option<&'a pdfsig::appearance::Appearance<'a>>,
}

/// Why a file is not signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CannotMake {
    /// It is not of that format, or broken: how.
    Unreadable(String),
    /// The level is not made in this format.
    Level,
    /// Nobody is there to stamp the time.
    NoStamper,
    /// The authority gave no time-stamp: why.
    Stamp(String),
    /// The key's keeper answered this.
    Key(SignError),
    /// The format's own refusal.
    Refused(String),
}

/// The signed file, or the message beside it.
pub fn sign(order: &Order<'_>) -> Result<Vec<u8>, CannotMake> {
    if order.level > Level::BB && order.stamp.is_none() {
        return Err(CannotMake::NoStamper);
    }
    match order.format {
        Format::Pdf => pdf(order),
        Format::Xml | Format::EdXml => xml(order),
        Format::Cms => message(order),
        Format::Smime => Err(CannotMake::Level),
    }
}

fn stamped(order: &Order<'_>, imprint: &Imprint) -> Result<Vec<u8>, CannotMake> {
    order.stamp.ok_or(CannotMake::NoStamper)?(imprint).map_err(CannotMake::Stamp)
}

fn unreadable(why: impl std::fmt::Debug) -> CannotMake {
    CannotMake::Unreadable(format!("{why:?}"))
}

/// The certificates that a token brings, beside those that are known.
fn certificates(order: &Order<'_>, token: &[u8]) -> Vec<Certificate> {
    let brought = SignedData::parse(token).map(|message| message.certificates).unwrap_or_default();
    order.chain.iter().chain(&order.evidence.certificates).cloned().chain(brought).collect()
}

fn message(order: &Order<'_>) -> Result<Vec<u8>, CannotMake> {
    let draft = cms::Draft::new(order.certificate, order.chain).at(order.at);
    let mut der = draft.sign(order.bytes, !order.is_detached, order.key).map_err(CannotMake::Key)?;
    if order.level == Level::BB {
        return Ok(der);
    }
    let digest = order.key.algorithm().digest();
    let parsed = SignedData::parse(&der).map_err(unreadable)?;
    let token = stamped(order, &Imprint::of(digest, &parsed.signers[0].signature))?;
    der = cms::add_time_stamp(&parsed, 0, &token).map_err(unreadable)?;
    if order.level == Level::BT {
        return Ok(der);
    }
    let parsed = SignedData::parse(&der).map_err(unreadable)?;
    let (crls, answers) = (&order.evidence.crls, &order.evidence.answers);
    der = cms::archive::add_evidence(&parsed, &certificates(order, &token), crls, answers)
        .map_err(unreadable)?;
    if order.level == Level::BLT {
        return Ok(der);
    }
    let parsed = SignedData::parse(&der).map_err(unreadable)?;
    let content = |digest: pki::Digest| digest.of(order.bytes);
    let to_stamp = cms::archive::to_be_stamped(&parsed, 0, &content, digest).map_err(unreadable)?;
    let token = stamped(order, &Imprint { digest, hash: to_stamp.hash.clone() })?;
    cms::archive::add(&parsed, 0, &to_stamp, &token).map_err(unreadable)
}

fn pdf(order: &Order<'_>) -> Result<Vec<u8>, CannotMake> {
    let refused = |why: pdfsig::CannotSign| CannotMake::Refused(format!("{why:?}"));
    let draft = cms::Draft::new(order.certificate, order.chain);
    let is_stamped = order.stamp.filter(|_| order.level > Level::BB);
    let field = free_field(order.bytes, "Signature")?;
    let mut plan = pdfsig::Plan::new(&field, order.at);
    plan.name = order.certificate.subject().common_name().map(str::to_string);
    plan.appearance = order.look;
    let mut file = order.bytes.to_vec();
    let update = pdfsig::sign(&file, &plan, &draft, order.key, is_stamped).map_err(refused)?;
    file.extend(update);
    if order.level <= Level::BT {
        return Ok(file);
    }
    let evidence = pdfsig::Evidence {
        certificates: order.chain.iter().chain(&order.evidence.certificates).cloned().collect(),
        crls: order.evidence.crls.clone(),
        answers: order.evidence.answers.clone(),
    };
    let update = pdfsig::add_evidence(&file, &evidence, &[&field]).map_err(refused)?;
    file.extend(update);
    if order.level == Level::BLT {
        return Ok(file);
    }
    let stamp = order.stamp.ok_or(CannotMake::NoStamper)?;
    let field = free_field(&file, "TimeStamp")?;
    let update = pdfsig::time_stamp(&file, &field, order.key.algorithm().digest(), stamp).map_err(refused)?;
    file.extend(update);
    Ok(file)
}

/// A name that no signature of the file has.
fn free_field(bytes: &[u8], stem: &str) -> Result<String, CannotMake> {
    let file = pdfsig::File::open(&bytes).map_err(unreadable)?;
    let taken = pdfsig::signatures(&file).map_err(unreadable)?;
    let names = (1..=taken.len() + 1).map(|n| format!("{stem}{n}"));
    let mut free = names.filter(|name| !taken.iter().any(|signature| signature.field == *name));
    free.next().ok_or(CannotMake::Unreadable("field".into()))
}

const EXCLUSIVE: Method = Method::new(Rules::Exclusive);

fn xml(order: &Order<'_>) -> Result<Vec<u8>, CannotMake> {
    if order.level > Level::BLT {
        return Err(CannotMake::Level);
    }
    let digest = order.key.algorithm().digest();
    let id = format!("sig-{}", hex(&digest.of(order.bytes)[..8]));
    let reference = format!("{id}-document");
    let all = std::iter::once(order.certificate).chain(order.chain);
    let mut plan = Plan {
        algorithm: order.key.algorithm(),
        canonicalization: EXCLUSIVE,
        id: Some(id.clone()),
        references: vec![Wanted {
            uri: String::new(),
            id: Some(reference.clone()),
            kind: None,
            transforms: vec![Transform::EnvelopedSignature, Transform::Canonical(EXCLUSIVE)],
            digest,
        }],
        key_info: KeyInfo::Certificates(all.map(|one| one.der().to_vec()).collect()),
        objects: vec![],
        place: Where::LastInDocument,
    };
    let properties = Properties {
        signing_time: order.at,
        certificate: order.certificate.der().to_vec(),
        digest,
        formats: vec![DataFormat { reference, description: None, mime_type: Some("text/xml".into()) }],
        claimed_roles: vec![],
    };
    let refused = |why: dsig::CannotSign| CannotMake::Refused(format!("{why:?}"));
    xades::qualify(&mut plan, &properties).map_err(refused)?;
    let limits = Limits::default();
    let prepared = dsig::prepare(order.bytes, &plan, &|_| None, &limits).map_err(refused)?;
    let signed = prepared.sign(order.key).map_err(refused)?;
    if order.level == Level::BB {
        return Ok(signed);
    }
    let imprint = Imprint::of(digest, &to_be_stamped(&signed, &id, &limits)?);
    let token = stamped(order, &imprint)?;
    let signed = xades::stamp(&signed, &id, &EXCLUSIVE, &token, &limits).map_err(unreadable)?;
    match order.level {
        Level::BLT => with_evidence(order, &signed, &id, &certificates(order, &token)),
        _ => Ok(signed),
    }
}

fn to_be_stamped(signed: &[u8], id: &str, limits: &Limits) -> Result<Vec<u8>, CannotMake> {
    let source = Source::read(signed, limits).map_err(unreadable)?;
    let document = Doc::parse(&source).map_err(unreadable)?;
    let signature = document.elements(doc::DSIG, "Signature").find(|node| node.attribute("Id") == Some(id));
    let octets = signature.and_then(|node| xades::to_be_stamped(&document, node, &EXCLUSIVE));
    octets.ok_or(CannotMake::Unreadable("SignatureValue".into()))
}

/// Puts certificates, lists and answers behind the time-stamp (EN 319 132-1 §5.4).
fn with_evidence(
    order: &Order<'_>,
    signed: &[u8],
    id: &str,
    certificates: &[Certificate],
) -> Result<Vec<u8>, CannotMake> {
    let no_place = || CannotMake::Unreadable("UnsignedSignatureProperties".into());
    let limits = Limits::default();
    let source = Source::read(signed, &limits).map_err(unreadable)?;
    let document = Doc::parse(&source).map_err(unreadable)?;
    let signatures = document.elements(doc::DSIG, "Signature");
    let signature = signatures.filter(|node| node.attribute("Id") == Some(id)).last().ok_or_else(no_place)?;
    let mut lists = document.elements(doc::XADES, "UnsignedSignatureProperties");
    let list = lists.find(|node| signature.range().contains(&node.range().start)).ok_or_else(no_place)?;
    let text = document.text();
    let end = text[list.range()].rfind("</").ok_or_else(no_place)? + list.range().start;
    let values = |name: &str, ders: Vec<&[u8]>| {
        let one = |der: &&[u8]| format!("<xades:{name}>{}</xades:{name}>", STANDARD.encode(der));
        ders.iter().map(one).collect::<String>()
    };
    let evidence = order.evidence;
    let certificates = values("EncapsulatedX509Certificate", certificates.iter().map(|c| c.der()).collect());
    let lists = values("EncapsulatedCRLValue", evidence.crls.iter().map(|crl| crl.der()).collect());
    let answers = evidence.answers.iter().map(|answer| answer.der.as_slice()).collect();
    let answers = values("EncapsulatedOCSPValue", answers);
    let mut inside = format!(
        "<xades:CertificateValues xmlns:xades=\"{}\">{certificates}</xades:CertificateValues>",
        doc::XADES
    );
    let _ = write!(inside, "<xades:RevocationValues xmlns:xades=\"{}\">", doc::XADES);
    for (name, list) in [("CRLValues", lists), ("OCSPValues", answers)] {
        if !list.is_empty() {
            let _ = write!(inside, "<xades:{name}>{list}</xades:{name}>");
        }
    }
    inside.push_str("</xades:RevocationValues>");
    let mark = signed.len() - text.len();
    Ok([&signed[..mark + end], inside.as_bytes(), &signed[mark + end..]].concat())
}
