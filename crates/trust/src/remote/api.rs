//! `POST /api/v1/signatures`: a file goes in with a PIN, and comes back signed. Nothing of the file is
//! kept: under an `Idempotency-Key` it is what was added to it.

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base::Instant;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use db::Tx;
use directory::AnyOfficial;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;
use web::idempotent::{self, Known};
use web::{FieldError, Problem, Upload};

use super::document::{self, Document};
use super::look::Place;
use super::words::say;
use crate::App;
use crate::signing::{self, Credential, pages};
use crate::validation::detect;
use crate::validation::make::CannotMake;
use crate::validation::report::Format;

/// The largest file that is signed, in bytes.
const FILE_BYTES_MAX: u64 = base::limits::FILE_SIZE_BYTES_MAX;
/// Room for the file and the few texts beside it.
const FORM_BYTES_MAX: usize = FILE_BYTES_MAX as usize + 64 * 1024;
/// What makes a request this one, before its file.
const PATH: &str = "/api/v1/signatures";

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new().route("/api/v1/signatures", post(sign).layer(DefaultBodyLimit::max(FORM_BYTES_MAX)))
}

/// What is sent. The texts stand before the file or after it.
#[derive(ToSchema)]
#[allow(dead_code)] // It stands for the multipart form in the OpenAPI document.
pub struct SignatureForm {
    /// The file: at most 20 MB.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// The id of the certificate, as `credentials/list` of the CSC API tells it; may be left out by who has
    /// one.
    credential: Option<String>,
    /// The PIN of its key.
    pin: String,
    /// `B-B` (without it), `B-T`, `B-LT` or `B-LTA`. XML up to `B-LT`.
    level: Option<String>,
    /// `pades`, `xades` or `cades`; by the file's content without it.
    format: Option<String>,
    /// Where the signature is seen in a PDF file: `PAGE,LEFT,BOTTOM,WIDTH,HEIGHT`, pages from 1, the rest in
    /// points from the lower left corner. Not seen without it.
    place: Option<String>,
}

/// What was asked, read and checked as far as that goes without a key.
struct Wish {
    bytes: Vec<u8>,
    credential: String,
    pin: String,
    level: String,
    format: String,
    place: String,
}

/// Signs a file with a key that is kept here: PDF as PAdES, XML as enveloped XAdES, anything else as a
/// detached CMS message. The answer is the signed file, or the message. A wrong PIN counts, and the fifth
/// locks the key.
#[utoipa::path(post, path = "/api/v1/signatures", tag = "signatures",
    params(("Idempotency-Key" = Option<String>, Header,
        description = "The same request under the same key is signed once")),
    request_body(content = SignatureForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The signed file, or the detached message",
            body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 401, description = "No live session: code `sign-in-needed`"),
        (status = 403, description = "Officials sign: code `forbidden`"),
        (status = 413), (status = 422, description = "Every wrong field, the PIN among them"),
        (status = 429), (status = 503)))]
pub async fn sign(
    State(app): State<App>,
    official: AnyOfficial,
    headers: HeaderMap,
    form: Upload,
) -> Result<Response, Problem> {
    let now = app.site.clock.now();
    let key = idempotent::key(&headers)?;
    let _door = app.validation.enter()?;
    let wish = read(form).await?;
    let account = official.viewer.account.to_string();
    let hash = request_hash(&wish);
    if let Some(key) = key.clone() {
        let (account, hash) = (account.clone(), hash.clone());
        let known = async move |tx: &mut Tx| idempotent::find(tx, &account, &key, &hash).await;
        match app.site.db.read(known).await? {
            Known::First => {}
            Known::Replay { body, .. } => return replayed(&body, &wish.bytes),
            Known::Mismatch => return Err(Problem::KeyReused),
        }
    }
    super::count(&app, &official, now)?;
    let all = pages::own(&app, &official, now).await?;
    let (credential, document) = checked(all, &wish)?;
    let act = official.act("trust.open-key", &credential.id, now);
    let opened =
        signing::open(&app, &credential, &wish.pin, vec![signing::hash_of(&wish.bytes)], act).await?;
    let (format, original) = (document.format, wish.bytes);
    let made = document::sign(&app, Arc::new(opened), document, now).await?.map_err(unmade)?;
    let added = Added::between(&original, &made, format);
    let act = official.act("trust.sign", &credential.id, now);
    let kept = keep(&app, act, (account, key, hash), &added, now).await?;
    match kept {
        None => Ok(added.answer(made)),
        Some(first) => replayed(&first, &original),
    }
}

async fn read(mut form: Upload) -> Result<Wish, Problem> {
    let mut bytes = None;
    while let Some(part) = form.next_file(FILE_BYTES_MAX).await? {
        if part.name == "file" {
            bytes = Some(part.bytes().await?.to_vec());
        }
    }
    let text = |name: &str| form.text(name).unwrap_or_default().to_string();
    Ok(Wish {
        bytes: bytes.ok_or_else(|| Problem::field("file", say("wrong.no_file", &[])))?,
        credential: text("credential"),
        pin: text("pin"),
        level: text("level"),
        format: text("format"),
        place: text("place"),
    })
}

/// Everything but the PIN, which no hash of ours may give away.
fn request_hash(wish: &Wish) -> String {
    let texts = [&wish.credential, &wish.level, &wish.format, &wish.place].map(String::as_str).join("\0");
    let body = [texts.as_bytes(), &[0], &signing::hash_of(&wish.bytes)].concat();
    idempotent::request_hash("POST", PATH, &body)
}

/// The credential and the document, or everything that is wrong.
fn checked(all: Vec<Credential>, wish: &Wish) -> Result<(Credential, Document), Problem> {
    let mut wrong = Vec::new();
    let credential = match wish.credential.as_str() {
        "" if all.len() == 1 => all.into_iter().next(),
        id => all.into_iter().find(|one| one.id == id),
    };
    if credential.is_none() {
        wrong.push(FieldError::new("credential", say("wrong.credential", &[])));
    }
    let level = document::level(if wish.level.is_empty() { "B-B" } else { &wish.level });
    if level.is_none() {
        wrong.push(FieldError::new("level", say("wrong.level", &[])));
    }
    let format = match wish.format.as_str() {
        "" => match detect(&wish.bytes) {
            Some(found @ (Format::Pdf | Format::Xml | Format::EdXml)) => Some(found),
            _ => Some(Format::Cms),
        },
        "pades" => Some(Format::Pdf),
        "xades" => Some(Format::Xml),
        "cades" => Some(Format::Cms),
        _ => None,
    };
    if format.is_none() {
        wrong.push(FieldError::new("format", say("wrong.format", &[])));
    }
    let place = (!wish.place.is_empty()).then(|| Place::parse(&wish.place));
    if place == Some(None) || (place.is_some() && format.is_some_and(|format| format != Format::Pdf)) {
        wrong.push(FieldError::new("place", say("wrong.place", &[])));
    }
    if wish.pin.is_empty() {
        wrong.push(FieldError::new("pin", say("wrong.pin", &[])));
    }
    match (credential, level, format) {
        (Some(credential), Some(level), Some(format)) if wrong.is_empty() => {
            let look = place.flatten().map(|place| (place, credential.holder.clone()));
            let is_detached = format == Format::Cms;
            Ok((credential, Document { bytes: wish.bytes.clone(), format, is_detached, level, look }))
        }
        _ => Err(Problem::Invalid(wrong)),
    }
}

fn unmade(why: CannotMake) -> Problem {
    match why {
        CannotMake::Unreadable(how) | CannotMake::Refused(how) => {
            tracing::info!(how, "a file was not signed");
            Problem::field("file", say("wrong.unreadable", &[]))
        }
        CannotMake::Level => Problem::field("level", say("wrong.level", &[])),
        CannotMake::NoStamper => Problem::fault("no stamper"),
        CannotMake::Stamp(why) => Problem::TryLater(web::Message::new(say("no_stamp", &[]), why)),
        CannotMake::Key(why) => Problem::fault(why),
    }
}

/// What signing has put into a file: so many bytes of the original before it, so many behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Added {
    media: String,
    before: usize,
    behind: usize,
    bytes: String,
}

impl Added {
    pub(super) fn between(original: &[u8], made: &[u8], format: Format) -> Added {
        let same = |(a, b): &(&u8, &u8)| a == b;
        let before = original.iter().zip(made).take_while(same).count();
        let rest = original.len().min(made.len()) - before;
        let behind = original.iter().rev().zip(made.iter().rev()).take(rest).take_while(same).count();
        let media = match format {
            Format::Pdf => "application/pdf",
            Format::Xml | Format::EdXml => "application/xml",
            Format::Cms | Format::Smime => "application/pkcs7-signature",
        };
        let bytes = STANDARD.encode(&made[before..made.len() - behind]);
        Added { media: media.into(), before, behind, bytes }
    }

    /// The signed file again, from the original.
    pub(super) fn onto(&self, original: &[u8]) -> Option<Vec<u8>> {
        let bytes = STANDARD.decode(&self.bytes).ok()?;
        let behind = original.len().checked_sub(self.behind)?;
        Some([original.get(..self.before)?, &bytes, original.get(behind..)?].concat())
    }

    fn answer(&self, signed: Vec<u8>) -> Response {
        let ending = match self.media.as_str() {
            "application/pdf" => "pdf",
            "application/xml" => "xml",
            _ => "p7s",
        };
        let name = format!("attachment; filename=\"signed.{ending}\"");
        let headers = [(header::CONTENT_TYPE, self.media.clone()), (header::CONTENT_DISPOSITION, name)];
        (headers, Bytes::from(signed)).into_response()
    }
}

fn replayed(body: &[u8], original: &[u8]) -> Result<Response, Problem> {
    let added: Added = serde_json::from_slice(body).map_err(Problem::fault)?;
    let signed = added.onto(original).ok_or_else(|| Problem::fault("a kept signature fits no file"))?;
    Ok(([("idempotent-replayed", "true")], added.answer(signed)).into_response())
}

/// Writes into the book that a file was signed, and keeps what was added under the caller's key. What another
/// request under the same key has kept meanwhile comes back, and goes out in this one's place.
async fn keep(
    app: &App,
    act: db::Act,
    (account, key, hash): (String, Option<String>, String),
    added: &Added,
    now: Instant,
) -> Result<Option<Vec<u8>>, Problem> {
    let body = serde_json::to_vec(added).map_err(Problem::fault)?;
    let write = async move |tx: &mut Tx| -> Result<Option<Vec<u8>>, Problem> {
        let Some(key) = &key else { return Ok(None) };
        match idempotent::find(tx, &account, key, &hash).await? {
            Known::First => {
                idempotent::keep(tx, &account, key, &hash, (200, body.as_slice()), now).await?;
                Ok(None)
            }
            Known::Replay { body, .. } => Ok(Some(body)),
            Known::Mismatch => Err(Problem::KeyReused),
        }
    };
    app.site.db.write(act, write).await
}
