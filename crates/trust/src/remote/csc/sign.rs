//! The methods that sign: hashes, documents, and the time.

use std::sync::Arc;

use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pki::tsp::{Imprint, Request};
use pki::{Digest, cms};
use serde_json::{Value, json};
use web::Problem;

use super::refusal::Refusal;
use super::request::{Body, Caller, Version};
use super::{Answer, credential};
use crate::remote::document::{self, Document};
use crate::remote::{rules, spend};
use crate::signing::{self, Credential, Key};
use crate::validation::make::CannotMake;
use crate::validation::report::{Format, Level};
use crate::{App, stamp};

/// `signatures/signHash`: the bare signatures over hashes that a SAD stands for.
pub async fn hashes(State(app): State<App>, version: Version, caller: Caller, body: Body) -> Answer {
    let (official, now) = (caller.0, app.site.clock.now());
    let sad = body.string("SAD")?;
    let credential = credential(&app, &official, &body).await?;
    let hashes = body.hashes(version.hashes())?;
    let digest = rules::digest(&hashes).map_err(|fault| Refusal::of_hashes(fault, version))?;
    let algorithm = algorithm(&credential, version, &body)?;
    body.must_be_synchronous()?;
    if digest != algorithm.digest() {
        return Err(Refusal::invalid("Invalid digest value length"));
    }
    let asked = hashes.clone();
    let is_covered = move |authorised: &[Vec<u8>]| rules::covers(authorised, &asked);
    let spent = spend(&app, &sad, &credential, is_covered, &official, now).await?;
    spent.map_err(|fault| Refusal::of_sad(fault, "Hash is not authorized by the SAD"))?;
    let key = signing::authorised(&app, &credential, hashes.clone()).await?;
    let sign = move |_: &_| -> Result<Vec<String>, Problem> {
        let one = |hash: &Vec<u8>| key.sign_hash(algorithm, hash).map(|made| STANDARD.encode(made));
        hashes.iter().map(one).collect()
    };
    let signatures = app.validation.make(sign).await?;
    Ok(axum::Json(json!({ "signatures": signatures })))
}

fn algorithm(
    credential: &Credential,
    version: Version,
    body: &Body,
) -> Result<pki::SignatureAlgorithm, Refusal> {
    let named = body.string("signAlgo")?;
    let digest = body.find_string(version.digest())?;
    let parameters = body.find_bytes("signAlgoParams")?;
    let kind = credential.certificate.public_key().kind();
    rules::algorithm(kind, &named, digest.as_deref(), parameters.as_deref())
        .map_err(|fault| Refusal::of_algorithm(fault, version))
}

/// One thing to be signed by `signDoc`.
enum Item {
    /// A document, whole.
    Whole(Document),
    /// Hashes of documents that stay with the caller; `is_pdf`: the message goes into a PDF file.
    Digests { hashes: Vec<Vec<u8>>, is_pdf: bool },
}

/// `signatures/signDoc`: signed documents, or signatures beside them, of what a SAD stands for.
pub async fn documents(State(app): State<App>, version: Version, caller: Caller, body: Body) -> Answer {
    let _door = app.validation.enter()?;
    let (official, now) = (caller.0, app.site.clock.now());
    let sad = body.string("SAD")?;
    let credential = credential(&app, &official, &body).await?;
    body.must_be_synchronous()?;
    if body.flag("returnValidationInfo")? {
        return Err(Refusal::invalid("Invalid parameter returnValidationInfo"));
    }
    let items = items(&credential, version, &body)?;
    // Hashed before the write, which keeps nobody waiting.
    let hashed = move |_: &_| {
        let wanted = items.iter().flat_map(names).collect::<Vec<_>>();
        Ok((items, wanted))
    };
    let (items, wanted) = app.validation.make(hashed).await?;
    let covered = move |authorised: &[Vec<u8>]| {
        let length = authorised.first().map_or(0, Vec::len);
        let fitting = |all: &Vec<Vec<u8>>| all.iter().find(|hash| hash.len() == length).cloned();
        let asked: Vec<Vec<u8>> = wanted.iter().map(|all| fitting(all).unwrap_or_default()).collect();
        rules::covers(authorised, &asked)
    };
    let spent = spend(&app, &sad, &credential, covered, &official, now).await?;
    spent.map_err(|fault| {
        Refusal::of_sad(fault, "documentDigests or documents are not authorized by the SAD")
    })?;
    let opened: Vec<Vec<u8>> = items.iter().flat_map(opened_for).collect();
    let key = Arc::new(signing::authorised(&app, &credential, opened).await?);
    let (mut enveloped, mut beside) = (Vec::<String>::new(), Vec::<String>::new());
    for item in items {
        match item {
            Item::Whole(document) => {
                let is_beside = document.is_detached;
                let made = document::sign(&app, key.clone(), document, now).await?;
                let made = made.map_err(|why| unmade(&why))?;
                if is_beside { &mut beside } else { &mut enveloped }.push(STANDARD.encode(made));
            }
            Item::Digests { hashes, is_pdf } => {
                for hash in hashes {
                    beside.push(STANDARD.encode(message(&key, &hash, (!is_pdf).then_some(now))?));
                }
            }
        }
    }
    let mut answer = json!({});
    for (name, made) in [("DocumentWithSignature", enveloped), ("SignatureObject", beside)] {
        if !made.is_empty() {
            answer[name] = Value::from(made);
        }
    }
    Ok(axum::Json(answer))
}

/// Under which hashes each part may have been authorised.
fn names(item: &Item) -> Vec<Vec<Vec<u8>>> {
    const DIGESTS: [Digest; 3] = [Digest::Sha256, Digest::Sha384, Digest::Sha512];
    match item {
        Item::Whole(document) => vec![DIGESTS.map(|digest| digest.of(&document.bytes)).to_vec()],
        Item::Digests { hashes, .. } => hashes.iter().map(|hash| vec![hash.clone()]).collect(),
    }
}

/// What the key is opened for.
fn opened_for(item: &Item) -> Vec<Vec<u8>> {
    match item {
        Item::Whole(document) => vec![signing::hash_of(&document.bytes)],
        Item::Digests { hashes, .. } => hashes.clone(),
    }
}

/// The signature over content of this hash, the content staying elsewhere. In a PDF file the time stands
/// outside the message.
fn message(key: &Key, hash: &[u8], claimed: Option<base::Instant>) -> Result<Vec<u8>, Refusal> {
    let made = key.lend_for_hash(hash, |draft, signer| {
        let draft = cms::Draft { claimed_time: claimed, ..draft.clone() };
        let unsigned = draft.to_sign(hash, signer.algorithm());
        let signature = signer.sign(unsigned.bytes())?;
        Ok(unsigned.finish(&signature, cms::Embed::Detached))
    })?;
    made.map_err(|e: pki::key::SignError| Problem::fault(e).into())
}

fn items(credential: &Credential, version: Version, body: &Body) -> Result<Vec<Item>, Refusal> {
    let whole = body.find_objects("documents")?.unwrap_or_default();
    let digests = body.find_objects("documentDigests")?.unwrap_or_default();
    match (whole.is_empty(), digests.is_empty()) {
        (true, true) => return Err(Refusal::invalid("Empty documentDigests and documents objects")),
        (false, false) => {
            return Err(Refusal::invalid("Both documentDigests and documents parameters passed"));
        }
        _ => {}
    }
    if whole.len() > rules::HASHES_MAX || digests.len() > rules::HASHES_MAX {
        return Err(Refusal::invalid("Numbers of signatures is too high"));
    }
    let whole = whole.iter().map(|one| item_of_document(credential, version, one));
    whole.chain(digests.iter().map(|one| item_of_digests(credential, version, one))).collect()
}

/// What both kinds say: the format and the level. The algorithm must be the one the key always signs with.
fn format_and_level(
    credential: &Credential,
    version: Version,
    one: &Body,
) -> Result<(Format, Level), Refusal> {
    let format = match one.string("signature_format")?.as_str() {
        "C" => Format::Cms,
        "X" => Format::Xml,
        "P" => Format::Pdf,
        _ => return Err(Refusal::invalid("Invalid parameter signature_format")),
    };
    let level = one.find_string("conformance_level")?;
    let level = document::level(level.as_deref().unwrap_or("Ades-B-B"));
    let level = level.ok_or_else(|| Refusal::invalid("Invalid parameter conformance_level"))?;
    let usual = signing::algorithm_of(&credential.certificate);
    if Some(algorithm(credential, version, one)?) != usual {
        return Err(Refusal::invalid("Invalid parameter signAlgo"));
    }
    if one.find_objects("signed_props")?.is_some_and(|list| !list.is_empty()) {
        return Err(Refusal::invalid("Invalid parameter signed_props"));
    }
    Ok((format, level))
}

fn item_of_document(credential: &Credential, version: Version, one: &Body) -> Result<Item, Refusal> {
    let bytes = one.find_bytes("document");
    let bytes = bytes.map_err(|_| Refusal::invalid("Invalid Base64 documents string parameter"))?;
    let bytes = bytes.ok_or_else(|| Refusal::invalid("Invalid array parameter documents"))?;
    let (format, level) = format_and_level(credential, version, one)?;
    let envelope = one.find_string("signed_envelope_property")?;
    let is_detached = match (format, envelope.as_deref()) {
        (Format::Cms, Some("Detached")) => true,
        (Format::Cms, None | Some("Attached")) => false,
        (Format::Xml, None | Some("Enveloped")) => false,
        // What the specification takes when nothing is said certifies the document. Ours never do.
        (Format::Pdf, None | Some("Revision")) => false,
        _ => return Err(Refusal::invalid("Invalid parameter signed_envelope_property")),
    };
    Ok(Item::Whole(Document { bytes, format, is_detached, level, look: None }))
}

fn item_of_digests(credential: &Credential, version: Version, one: &Body) -> Result<Item, Refusal> {
    let hashes = one.hashes("hashes")?;
    let digest = rules::digest(&hashes).map_err(|fault| Refusal::of_hashes(fault, version))?;
    let (format, level) = format_and_level(credential, version, one)?;
    if signing::algorithm_of(&credential.certificate).map(|usual| usual.digest()) != Some(digest) {
        return Err(Refusal::invalid("Invalid parameter hashAlgorithmOID"));
    }
    if level != Level::BB {
        return Err(Refusal::invalid("Invalid parameter conformance_level"));
    }
    match (format, one.find_string("signed_envelope_property")?.as_deref()) {
        (Format::Cms, Some("Detached")) => Ok(Item::Digests { hashes, is_pdf: false }),
        (Format::Pdf, None | Some("Revision")) => Ok(Item::Digests { hashes, is_pdf: true }),
        (Format::Xml, _) => Err(Refusal::invalid("Invalid parameter signature_format")),
        _ => Err(Refusal::invalid("Invalid parameter signed_envelope_property")),
    }
}

/// A document that could not be signed. Its SAD is used up.
fn unmade(why: &CannotMake) -> Refusal {
    tracing::info!(?why, "csc: a document was not signed");
    match why {
        CannotMake::Unreadable(_) | CannotMake::Refused(_) => {
            Refusal::invalid("Invalid array parameter documents")
        }
        CannotMake::Level => Refusal::invalid("Invalid parameter conformance_level"),
        CannotMake::NoStamper | CannotMake::Stamp(_) => Problem::Unavailable.into(),
        CannotMake::Key(why) => Problem::fault(why).into(),
    }
}

/// `signatures/timestamp`: a token of the province's own authority.
pub async fn time_stamp(State(app): State<App>, _caller: Caller, body: Body) -> Answer {
    let hash = body.string("hash")?;
    let hash = STANDARD.decode(hash.trim());
    let hash = hash.map_err(|_| Refusal::invalid("Invalid Base64 hash string parameter"))?;
    let named = body.string("hashAlgo")?;
    let known = [Digest::Sha256, Digest::Sha384, Digest::Sha512];
    let digest = known.into_iter().find(|digest| digest.oid().to_string() == named);
    let digest = digest.ok_or_else(|| Refusal::invalid("Invalid parameter hashAlgo"))?;
    if hash.len() != digest.bytes() {
        return Err(Refusal::invalid("Invalid digest value length"));
    }
    let nonce = body.find_string("nonce")?.map(|text| nonce(&text));
    let nonce = match nonce {
        Some(None) => return Err(Refusal::invalid("Invalid parameter nonce")),
        Some(Some(bytes)) => Some(bytes),
        None => None,
    };
    let request = Request::new(Imprint { digest, hash }, nonce.as_deref());
    let token = stamp::answered(&app, &request).await.map_err(|why| {
        tracing::warn!(why, "csc: no time-stamp");
        Refusal::from(Problem::Unavailable)
    })?;
    Ok(axum::Json(json!({ "timestamp": STANDARD.encode(token) })))
}

/// A number in hexadecimal, at most 32 bytes of it.
fn nonce(text: &str) -> Option<Vec<u8>> {
    let text = if text.len().is_multiple_of(2) { text.to_string() } else { format!("0{text}") };
    let fits = !text.is_empty() && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).ok();
    fits.then(|| (0..text.len()).step_by(2).map(byte).collect()).flatten()
}
