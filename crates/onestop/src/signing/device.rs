//! Signing with a token at hand (USB token): the page sends the official's browser to the agent on their own
//! machine with what is to be signed, and the browser comes back with the signatures. The protocol is
//! `crates/token/AGENT.md`.
//!
//! The form that comes back has no cookie. It is known by a word that nobody guesses, kept as its hash, bound
//! to the account, the certificate and the prepared files; every signature is verified before any is kept.

pub mod pages;
mod store;

use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderValue;
use base::Instant;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use db::jobs::Handler;
use db::{Act, Actor, Db, Tx};
use pki::SignatureAlgorithm;
use pki::cms::Embed;
use trust::signing::Device;
use web::{FieldError, Problem, secret};

use super::store::{Line, Signature};
use super::{Album, BATCH_MAX, Sheet, draw, keep, word as part_word};
use crate::App;
use crate::words_office::say;
use store::{Item, Request};

/// Where the agent listens on an official's machine (`token::agent::PORT`).
pub const AGENT: &str = "http://127.0.0.1:17860";
/// Where the signatures come back.
pub const RETURN: &str = "/mot-cua/ky-so/tu-thiet-bi";
/// How long they are waited for, in minutes: the agent waits five, and the official may have to start it.
pub const WAITS_MINUTES: i64 = 15;
/// The longest description of a document, in characters, as the protocol has it.
const WHAT_CHARS_MAX: usize = 300;
/// Requests let go at a time.
const SWEPT_MAX: i64 = 200;

/// What the page posts to the agent.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The fields of its form, in order.
    pub fields: Vec<(&'static str, String)>,
    /// What is to be signed, in a line each, with its hash.
    pub papers: Vec<(String, String)>,
}

/// Prepares these results for a signature that comes later, and says what the agent is asked.
///
/// # Errors
/// Refusals at the fields `result` (none chosen, too many) and `credential` (a key the agent cannot use); the
/// store's.
pub async fn start(
    app: &App,
    lines: Vec<Line>,
    with: &Device,
    by: &directory::Viewer,
) -> Result<Asked, Problem> {
    if lines.is_empty() || lines.len() > BATCH_MAX {
        let key = if lines.is_empty() { "signing.none_chosen" } else { "signing.too_many" };
        return Err(Problem::Invalid(vec![FieldError::new("result", say(key, &[]))]));
    }
    let algorithm =
        with.algorithm().ok_or_else(|| Problem::field("credential", say("signing.device_kind", &[])))?;
    let now = app.site.clock.now();
    let word = secret::token();
    let request = Request {
        id: secret::sha256_hex(word.as_bytes()),
        account: by.account.to_string(),
        certificate: with.id.clone(),
        made_at: now,
        until_at: now.plus_minutes(WAITS_MINUTES),
    };
    let act = by.act("onestop.prepare-result", &with.id, now);
    let (mut items, mut papers, mut album) = (Vec::new(), Vec::new(), Album::default());
    for line in lines {
        let what = what(app, &line, say)?;
        if let Some(item) = prepare(app, &mut album, (&line, with), &act).await? {
            papers.push((what, item.hash.clone()));
            items.push(item);
        }
    }
    let fields = fields(app, with, algorithm, (word.as_str(), items.as_slice(), papers.as_slice()))?;
    let write = async move |tx: &mut Tx| -> Result<(), Problem> {
        store::save_request(tx, &request).await?;
        for (n, item) in items.iter().enumerate() {
            db::blobs::commit(tx, &item.prepared).await?;
            store::save_item(tx, &request.id, i64::try_from(n).unwrap_or(i64::MAX), item).await?;
        }
        Ok(())
    };
    app.site.db.write(act, write).await?;
    Ok(Asked { fields, papers })
}

/// "Giấy khai sinh số 01/GKS, hồ sơ …", in one line of the protocol's length, in the words of `say`.
pub(super) fn what(
    app: &App,
    line: &Line,
    say: impl Fn(&str, &[(&str, &str)]) -> String,
) -> Result<String, Problem> {
    let name = &app.catalogue.version(&line.procedure)?.result.name;
    let (number, code) = (line.full_number(), line.code.as_str());
    let told = say("signing.what", &[("name", name), ("number", &number), ("code", code)]);
    Ok(told.chars().filter(|c| !c.is_control()).take(WHAT_CHARS_MAX).collect())
}

/// The file with room for the signature; none when it is not there any more.
async fn prepare(
    app: &App,
    album: &mut Album,
    (line, with): (&Line, &Device),
    act: &Act,
) -> Result<Option<Item>, Problem> {
    let part = (with.part, with.holder.as_str());
    let Some(sheet) = super::sheet(app, album, line.task(), part, act.at).await? else { return Ok(None) };
    let Sheet { task, before, bytes, look } = sheet;
    let with = with.clone();
    let made = tokio::task::spawn_blocking(move || draw::prepared(&bytes, &look, &with));
    let draw::Prepared { file, hash, drawn } = made.await.map_err(Problem::fault)??;
    let prepared = app.site.blobs.store(&app.site.db, act.clone(), file).await?;
    let drawn = drawn.map(draw::place_text);
    Ok(Some(Item { n: 0, task, before, prepared, hash: hex(&hash), drawn }))
}

fn fields(
    app: &App,
    with: &Device,
    algorithm: SignatureAlgorithm,
    (word, items, papers): (&str, &[Item], &[(String, String)]),
) -> Result<Vec<(&'static str, String)>, Problem> {
    let digest = match algorithm.digest() {
        pki::Digest::Sha384 => "sha384",
        pki::Digest::Sha512 => "sha512",
        _ => "sha256",
    };
    let mut fields = vec![
        ("v", "1".to_string()),
        ("return", format!("{}{RETURN}", app.address)),
        ("state", word.to_string()),
        ("certificate", hex(&with.certificate.fingerprint(pki::Digest::Sha256))),
        ("digest", digest.to_string()),
    ];
    let draft = with.draft();
    for (item, (what, _)) in items.iter().zip(papers) {
        let hash = unhex(&item.hash).ok_or_else(|| Problem::fault("a hash of ours is none"))?;
        fields.push(("what", what.clone()));
        fields.push(("hash", item.hash.clone()));
        fields.push(("attributes", BASE64.encode(draft.to_sign(&hash, algorithm).bytes())));
    }
    Ok(fields)
}

/// What came back from the agent.
#[derive(Clone, Debug, Default)]
pub struct Returned {
    pub version: String,
    /// The word that was sent along.
    pub state: String,
    /// The certificate, DER in base64.
    pub certificate: String,
    /// The signatures in the order asked, base64.
    pub signatures: Vec<String>,
}

/// Verifies every signature and, when all are right, puts each into its file. How many were kept: what
/// somebody else signed or changed meanwhile is left out.
///
/// # Errors
/// Refusals, after which nothing is kept: a word that nobody waits for, another certificate, a certificate
/// that is not in use any more, other signatures than were asked for or wrong ones; the store's.
pub async fn finish(app: &App, returned: &Returned) -> Result<usize, Problem> {
    let now = app.site.clock.now();
    let id = secret::sha256_hex(returned.state.as_bytes());
    let read = async move |tx: &mut Tx| -> Result<_, Problem> {
        let Some(request) = store::find_request(tx, &id, now).await? else { return Ok(None) };
        let device = trust::signing::find_device(tx, &request.certificate, now).await?;
        Ok(Some((store::list_items(tx, &request.id).await?, device, request)))
    };
    let found = if returned.version == "1" { app.site.db.read(read).await? } else { None };
    let (items, device, request) = found.ok_or_else(|| refused("signing.device_gone"))?;
    let device = device.ok_or_else(|| refused("signing.device_unusable"))?;
    let der = BASE64.decode(returned.certificate.as_bytes()).unwrap_or_default();
    if der != device.certificate.der() {
        return Err(refused("signing.device_other"));
    }
    let signatures = verified(&items, &device, &returned.signatures)?;
    let actor = Actor::Account(request.account.clone());
    let device = Arc::new(device);
    let mut kept = 0;
    for (item, signature) in items.into_iter().zip(signatures) {
        let act = Act::new(actor.clone(), "onestop.sign-result", item.task.dossier.to_string(), now);
        let sheet = item.clone();
        let prepared = app.site.blobs.get_kept(&item.prepared).await?;
        let signer = device.clone();
        let made = tokio::task::spawn_blocking(move || filled(&prepared, &sheet.hash, &signer, &signature));
        let bytes = made.await.map_err(Problem::fault)??;
        let row = Signature {
            part: part_word(device.part).into(),
            certificate: device.id.clone(),
            holder: device.holder.clone(),
            account: request.account.clone(),
            before: item.before,
            // Known once the file is stored.
            sha256: item.before,
            at: now,
            drawn: item.drawn,
        };
        let (id, n, prepared) = (request.id.clone(), item.n, item.prepared);
        let also = async move |tx: &mut Tx| -> Result<bool, Problem> {
            let was_there = store::end_item(tx, &id, n).await?;
            if was_there {
                db::blobs::release(tx, &prepared).await?;
            }
            Ok(was_there)
        };
        kept += usize::from(keep(app, act, (item.task, row), bytes, also).await?);
    }
    let act = Act::new(actor, "onestop.end-device-signing", request.certificate.clone(), now);
    app.site.db.write(act, async move |tx: &mut Tx| let_go(tx, &request.id).await).await?;
    Ok(kept)
}

/// The signatures as bytes, each of which is the device's over its item.
fn verified(items: &[Item], device: &Device, sent: &[String]) -> Result<Vec<Vec<u8>>, Problem> {
    let algorithm = device.algorithm().ok_or_else(|| refused("signing.device_kind"))?;
    let draft = device.draft();
    let mut signatures = Vec::new();
    for item in items {
        let nth = usize::try_from(item.n).ok().and_then(|n| sent.get(n));
        let signature = nth.and_then(|text| BASE64.decode(text.as_bytes()).ok());
        let hash = unhex(&item.hash).unwrap_or_default();
        let attributes = draft.to_sign(&hash, algorithm);
        match signature.filter(|signature| device.verifies(attributes.bytes(), signature)) {
            Some(signature) => signatures.push(signature),
            None => return Err(refused("signing.device_wrong")),
        }
    }
    let asked = items.iter().map(|item| item.n + 1).max().unwrap_or(0);
    if items.is_empty() || i64::try_from(sent.len()).ok() != Some(asked) {
        return Err(refused("signing.device_wrong"));
    }
    Ok(signatures)
}

/// The prepared file with its message: the device's signature for this hash, in hexadecimal.
pub(super) fn filled(
    prepared: &[u8],
    hash: &str,
    device: &Device,
    signature: &[u8],
) -> Result<Vec<u8>, Problem> {
    let algorithm = device.algorithm().ok_or_else(|| refused("signing.device_kind"))?;
    let hash = unhex(hash).unwrap_or_default();
    let draft = device.draft();
    let message = draft.to_sign(&hash, algorithm).finish(signature, Embed::Detached);
    let fault = |e: pdfsig::CannotSign| Problem::fault(format!("a prepared file takes no signature: {e:?}"));
    let patch = pdfsig::complete(&prepared, draw::field(device.part), &message).map_err(fault)?;
    let mut file = prepared.to_vec();
    let start = usize::try_from(patch.at).map_err(Problem::fault)?;
    file[start..start + patch.bytes.len()].copy_from_slice(&patch.bytes);
    Ok(file)
}

/// Forgets a request and lets its prepared files go.
async fn let_go(tx: &mut Tx, request: &str) -> Result<(), Problem> {
    for item in store::list_items(tx, request).await? {
        if store::end_item(tx, request, item.n).await? {
            db::blobs::release(tx, &item.prepared).await?;
        }
    }
    Ok(store::end_request(tx, request).await?)
}

/// Comes again to let go what nobody came back with.
pub fn handler(app: &App) -> Handler {
    let clock = app.site.clock.clone();
    Handler::new("onestop.let-device-requests-go", move |db, _| {
        let now = clock.now();
        async move { sweep(&db, now).await.map_err(|e| e.to_string()) }
    })
    .every(Duration::from_secs(15 * 60))
}

/// Lets go what nobody came back with in time.
pub async fn sweep(db: &Db, now: Instant) -> Result<(), Problem> {
    let late = db.read(async move |tx: &mut Tx| store::list_late(tx, now, SWEPT_MAX).await).await?;
    for request in late {
        let act = Act::system("onestop.end-device-signing", "", now);
        db.write(act, async move |tx: &mut Tx| let_go(tx, &request).await).await?;
    }
    Ok(())
}

fn refused(key: &'static str) -> Problem {
    Problem::refused(say(key, &[]), format!("refused: {key}"))
}

/// The policy of the one page whose form goes to the agent.
pub fn policy() -> [(&'static str, HeaderValue); 2] {
    const CSP: &str = "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; \
        object-src 'none'; base-uri 'self'; form-action 'self' http://127.0.0.1:17860; \
        frame-ancestors 'none'";
    [
        ("content-security-policy", HeaderValue::from_static(CSP)),
        // The agent must be told whence the form comes, and nothing else.
        ("referrer-policy", HeaderValue::from_static("strict-origin")),
    ]
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
