//! `/api/v1/uploads/resumable`: files in pieces, for programs and for the module of the draft's pages.
//! The shape is tus 1.0.0; the finished file is an upload with the same id, and its SHA-256 stands in
//! `Repr-Digest` (RFC 9530).

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{head, post};
use base::limits::FILE_SIZE_BYTES_MAX;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use directory::Viewer;
use web::{Path, Problem};

use super::rules::{self, Checksum};
use super::{Standing, append, begin, give_up, stand};
use crate::App;
use crate::dossier::Who;

const VERSION: &str = "1.0.0";
const PIECE: &str = "application/offset+octet-stream";

/// The routes of this file. Every answer names the version, as the protocol wants it.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/api/v1/uploads/resumable", post(start).options(abilities))
        .route("/api/v1/uploads/resumable/{id}", head(ask).patch(go_on).delete(stop))
        .layer(map_response(async |mut answer: Response| {
            put(answer.headers_mut(), "tus-resumable", VERSION);
            put(answer.headers_mut(), "tus-version", VERSION);
            answer
        }))
}

/// What this server can do.
#[utoipa::path(options, path = "/api/v1/uploads/resumable", tag = "dossiers",
    responses((status = 204, description = "Tus-Version, Tus-Extension, Tus-Max-Size")))]
pub async fn abilities() -> Response {
    let mut answer = bare(StatusCode::NO_CONTENT);
    let headers = answer.headers_mut();
    put(headers, "tus-extension", "creation,expiration,checksum,termination");
    put(headers, "tus-max-size", &FILE_SIZE_BYTES_MAX.to_string());
    put(headers, "tus-checksum-algorithm", Checksum::NAMES);
    answer
}

/// Begins a file: `Upload-Length` in bytes; `Upload-Metadata` with `filename`, and `draft` and
/// `component` where it is meant for a draft's paper.
#[utoipa::path(post, path = "/api/v1/uploads/resumable", tag = "dossiers",
    responses((status = 201, description = "Location is where the pieces go"),
        (status = 422, description = "Too large, or too many on their way")))]
pub async fn start(State(app): State<App>, viewer: Viewer, headers: HeaderMap) -> Result<Response, Problem> {
    speaks(&headers)?;
    let size = number(&headers, "upload-length")?;
    let told = text(&headers, "upload-metadata").unwrap_or_default();
    let told = rules::metadata(told).ok_or_else(|| malformed("Upload-Metadata"))?;
    let now = app.site.clock.now();
    let standing = begin(&app, &Who::from(&viewer).account, size, told, now).await?;
    let mut answer = said(StatusCode::CREATED, &standing);
    put(answer.headers_mut(), "location", &format!("/api/v1/uploads/resumable/{}", standing.id));
    Ok(answer)
}

/// How far a file has come.
#[utoipa::path(head, path = "/api/v1/uploads/resumable/{id}", tag = "dossiers",
    responses((status = 200, description = "Upload-Offset, Upload-Length, Upload-Expires"),
        (status = 404, description = "Nobody's, somebody else's, or older than 24 hours")))]
pub async fn ask(
    State(app): State<App>,
    viewer: Viewer,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    speaks(&headers)?;
    let standing = stand(&app, &Who::from(&viewer).account, &id, app.site.clock.now()).await?;
    Ok(said(StatusCode::OK, &standing))
}

/// The bytes that follow `Upload-Offset`; durable when this answers.
#[utoipa::path(patch, path = "/api/v1/uploads/resumable/{id}", tag = "dossiers",
    request_body(content = String, content_type = "application/offset+octet-stream"),
    responses((status = 204, description = "Upload-Offset is where the next piece begins"),
        (status = 409, description = "The file has come to another place: ask with HEAD"),
        (status = 460, description = "The bytes do not fit Upload-Checksum, and none were kept")))]
pub async fn go_on(
    State(app): State<App>,
    viewer: Viewer,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    speaks(&headers)?;
    if text(&headers, "content-type").is_none_or(|kind| !kind.eq_ignore_ascii_case(PIECE)) {
        return Err(Problem::UnsupportedMedia);
    }
    let offset = number(&headers, "upload-offset")?;
    let checksum = match text(&headers, "upload-checksum") {
        Some(told) => Some(Checksum::read(told).ok_or_else(|| malformed("Upload-Checksum"))?),
        None => None,
    };
    let (account, now) = (Who::from(&viewer).account, app.site.clock.now());
    let standing = append(&app, &account, &id, offset, checksum, body, now).await?;
    Ok(said(StatusCode::NO_CONTENT, &standing))
}

/// The sender gives up.
#[utoipa::path(delete, path = "/api/v1/uploads/resumable/{id}", tag = "dossiers",
    responses((status = 204, description = "Forgotten")))]
pub async fn stop(
    State(app): State<App>,
    viewer: Viewer,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    speaks(&headers)?;
    give_up(&app, &Who::from(&viewer).account, &id, app.site.clock.now()).await?;
    Ok(bare(StatusCode::NO_CONTENT))
}

/// Another version of the protocol is refused with 412.
fn speaks(headers: &HeaderMap) -> Result<(), Problem> {
    match text(headers, "tus-resumable") {
        Some(VERSION) => Ok(()),
        _ => Err(Problem::VersionNotSpoken),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

fn number(headers: &HeaderMap, name: &'static str) -> Result<u64, Problem> {
    text(headers, name).and_then(|value| value.parse().ok()).ok_or_else(|| malformed(name))
}

fn malformed(name: &str) -> Problem {
    Problem::Malformed(format!("{name} is missing or not as the protocol writes it"))
}

fn bare(status: StatusCode) -> Response {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = status;
    answer
}

fn said(status: StatusCode, standing: &Standing) -> Response {
    let mut answer = bare(status);
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    put(headers, "upload-offset", &standing.received.to_string());
    put(headers, "upload-length", &standing.size.to_string());
    put(headers, "upload-expires", &rules::http_date(standing.expires));
    if let Some(hash) = standing.sha256 {
        put(headers, "repr-digest", &format!("sha-256=:{}:", STANDARD.encode(hash.bytes())));
    }
    answer
}

/// What is put is made of digits, letters and our own words.
fn put(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}
