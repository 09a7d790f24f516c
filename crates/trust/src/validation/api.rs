//! `POST /api/v1/validations`: the same for programs, one file or several in one request.

use axum::Router;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use directory::signin::Address;
use serde::Serialize;
use utoipa::ToSchema;
use web::layers::UPLOAD_BYTES_MAX;
use web::{FieldError, Json, Problem};

use super::desk::Incoming;
use super::report::Report;
use super::rules::FILE_BYTES_MAX;
use super::words::sentence;
use crate::App;

/// How many files one request may bring.
pub const FILES_MAX: usize = 20;
/// How long the files of one request may be on their way.
const ARRIVE_WITHIN: std::time::Duration = std::time::Duration::from_secs(120);

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new().route("/api/v1/validations", post(validate).layer(DefaultBodyLimit::max(UPLOAD_BYTES_MAX)))
}

/// What is sent.
#[derive(ToSchema)]
#[allow(dead_code)] // It stands for the multipart form in the OpenAPI document.
pub struct ValidationForm {
    /// The signed file; several may be sent, at most 20 in one request.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// The content of a detached signature; with one file alone.
    #[schema(value_type = Option<String>, format = Binary)]
    content: Option<Vec<u8>>,
}

/// What is answered to several files.
#[derive(Serialize, ToSchema)]
pub struct ReportsView {
    /// One for each file, in their order.
    pub reports: Vec<Report>,
}

/// Judges signed files: PDF, XML, edXML, CMS, signed mail. One file is answered by its report, several by
/// `{"reports": […]}` in their order. Nobody need sign in. Neither the file nor the report is kept; of a file
/// that was valid it is remembered by a hash of its signatures when that was and which certificates and
/// lists it rested on, so that it can be judged so again later.
#[utoipa::path(post, path = "/api/v1/validations", tag = "validations",
    request_body(content = ValidationForm, content_type = "multipart/form-data"),
    responses((status = 200, body = Report), (status = 413), (status = 422), (status = 429), (status = 503)))]
pub async fn validate(
    State(app): State<App>,
    address: Address,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, Problem> {
    let form = form.map_err(|_| Problem::UnsupportedMedia)?;
    let now = app.site.clock.now();
    let _door = app.validation.enter()?;
    let arrived = tokio::time::timeout(ARRIVE_WITHIN, read(form)).await;
    let files = arrived.map_err(|_| Problem::TimedOut)??;
    app.validation.count(&address.0, files.len() as u32, now)?;
    let is_one = files.len() == 1;
    let mut reports = super::validate_for(&app, super::Asker::Anybody, files, now).await?;
    match (is_one, reports.pop()) {
        (true, Some(report)) => Ok(Json(report).into_response()),
        (_, last) => {
            reports.extend(last);
            Ok(Json(ReportsView { reports }).into_response())
        }
    }
}

async fn read(mut form: Multipart) -> Result<Vec<Incoming>, Problem> {
    let broken = |_| Problem::Malformed("the multipart body broke off, is none, or is too large".into());
    let mut files: Vec<Incoming> = Vec::new();
    let mut content = None;
    while let Some(mut field) = form.next_field().await.map_err(broken)? {
        let is_content = match field.name() {
            Some("file") => false,
            Some("content") => true,
            _ => continue,
        };
        let name = field.file_name().unwrap_or_default().to_string();
        let mut bytes = Vec::new();
        while let Some(piece) = field.chunk().await.map_err(broken)? {
            if bytes.len() + piece.len() > FILE_BYTES_MAX {
                return Err(Problem::TooLarge { limit_bytes: FILE_BYTES_MAX as u64 });
            }
            bytes.extend_from_slice(&piece);
        }
        if is_content {
            content = Some(bytes);
        } else if files.len() >= FILES_MAX {
            return Err(Problem::field("file", sentence("too_many", &[("n", &FILES_MAX.to_string())])));
        } else {
            files.push(Incoming { name: plain(&name), bytes, content: None });
        }
    }
    match (files.as_mut_slice(), content) {
        ([], _) => Err(Problem::field("file", sentence("no_file", &[]))),
        ([one], content) => {
            one.content = content;
            Ok(files)
        }
        (_, None) => Ok(files),
        (_, Some(_)) => {
            let message = sentence("too_many", &[("n", "1")]);
            Err(Problem::Invalid(vec![FieldError::new("content", message)]))
        }
    }
}

/// The last step of whatever path the sender's name holds.
fn plain(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last.chars().filter(|c| !c.is_control()).take(200).collect();
    base::text::nfc(&plain)
}
