//! A form that carries files, read as a stream: nothing larger than a chunk is held here.
//!
//! The form's first field must be the hidden `_csrf` (browsers send fields in the order of the page), so
//! that the token is checked before the first byte of a file is taken. Text fields that a handler needs
//! before a file stand before it on the page.

use std::time::Duration;

use std::error::Error;

use axum::RequestExt;
use axum::body::Bytes;
use axum::extract::{FromRef, FromRequest, Request};
use http_body_util::LengthLimitError;
use multer::{Field, Multipart};

use crate::csrf;
use crate::fields;
use crate::form::{CSRF_FIELD, check_token};
use crate::problem::Problem;
use crate::site::Site;

/// The longest text field beside the files.
const TEXT_BYTES_MAX: usize = 64 * 1024;
pub(crate) const PARTS_MAX: usize = 200;
/// A sender that is silent for this long has gone.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// A multipart form whose token has been checked. Routes that take it carry
/// `axum::extract::DefaultBodyLimit::max(…)` with what one request may bring.
pub struct Upload {
    multipart: Multipart<'static>,
    /// Text fields in the order of the page; the first may have been read while looking for the token.
    texts: Vec<(String, String)>,
    parts: usize,
}

/// A file on its way in. It must be read or dropped before the next one is asked for.
pub struct FilePart {
    field: Field<'static>,
    /// The form field's name.
    pub name: String,
    /// The file's name as the sender calls it, without folders, in NFC; never a path of ours.
    pub file_name: String,
    /// What the sender says it is; believe the bytes instead.
    pub content_type: String,
    limit_bytes: u64,
    read_bytes: u64,
}

impl<S> FromRequest<S> for Upload
where
    S: Send + Sync,
    Site: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Upload, Problem> {
        let (mut parts, body) = request.into_parts();
        csrf::guard(&parts)?;
        let boundary = multer::parse_boundary(csrf::content_type(&parts.headers));
        let boundary = boundary.map_err(|_| Problem::UnsupportedMedia)?;
        let site = Site::from_ref(state);
        crate::session::standing(&mut parts, &site).await?;
        let body = Request::from_parts(parts.clone(), body).into_limited_body();
        let multipart = Multipart::new(body.into_data_stream(), boundary);
        let mut upload = Upload { multipart, texts: Vec::new(), parts: 0 };
        // No page of another site can send a bearer token, so its requests need none of ours.
        if crate::session::bearer_token(&parts.headers).is_none() {
            let sent = upload.first_token().await?;
            check_token(&mut parts, &site, sent.as_deref()).await?;
        }
        Ok(upload)
    }
}

impl Upload {
    async fn first_token(&mut self) -> Result<Option<String>, Problem> {
        let Some(first) = self.next().await? else { return Ok(None) };
        if first.file_name().is_some() {
            // A file before the token: taken as no token at all, even from visitors.
            return Err(Problem::FormExpired);
        }
        let (name, text) = read_text(first).await?;
        if name == CSRF_FIELD {
            return Ok(Some(text));
        }
        self.keep((name, text));
        Ok(None)
    }

    fn keep(&mut self, text: (String, String)) {
        crate::posted::note(std::slice::from_ref(&text));
        self.texts.push(text);
    }

    /// The text fields read so far, cleaned as those of [`crate::Form`].
    pub fn texts(&self) -> &[(String, String)] {
        &self.texts
    }

    /// The last text under a name among those read so far.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts.iter().rev().find(|(n, _)| n == name).map(|(_, text)| text.as_str())
    }

    /// The next chosen file, with its limit; text fields before it are read on the way, and file fields
    /// left empty are passed over. `None` at the form's end.
    pub async fn next_file(&mut self, limit_bytes: u64) -> Result<Option<FilePart>, Problem> {
        while let Some(field) = self.next().await? {
            match field.file_name().map(plain_name) {
                None => {
                    let text = read_text(field).await?;
                    self.keep(text);
                }
                Some(name) if name.is_empty() => {}
                Some(file_name) => {
                    let name = field.name().unwrap_or("").to_string();
                    let content_type = field.content_type().map_or(String::new(), |kind| kind.to_string());
                    return Ok(Some(FilePart {
                        field,
                        name,
                        file_name,
                        content_type,
                        limit_bytes,
                        read_bytes: 0,
                    }));
                }
            }
        }
        Ok(None)
    }

    async fn next(&mut self) -> Result<Option<Field<'static>>, Problem> {
        self.parts += 1;
        if self.parts > PARTS_MAX {
            return Err(Problem::Malformed("too many parts".into()));
        }
        in_time(self.multipart.next_field()).await
    }
}

pub(crate) async fn read_text(mut field: Field<'static>) -> Result<(String, String), Problem> {
    let name = field.name().unwrap_or("").to_string();
    let mut bytes = Vec::new();
    while let Some(chunk) = in_time(field.chunk()).await? {
        if bytes.len() + chunk.len() > TEXT_BYTES_MAX {
            return Err(Problem::TooLarge { limit_bytes: TEXT_BYTES_MAX as u64 });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok((name, fields::clean(String::from_utf8_lossy(&bytes))))
}

pub(crate) async fn in_time<T>(step: impl Future<Output = Result<T, multer::Error>>) -> Result<T, Problem> {
    match tokio::time::timeout(SILENCE_MAX, step).await {
        Err(_) => Err(Problem::TimedOut),
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) if passed_limit(&error) => {
            Err(Problem::TooLarge { limit_bytes: crate::layers::UPLOAD_BYTES_MAX as u64 })
        }
        Ok(Err(_)) => Err(Problem::Malformed("the multipart body broke off or is none".into())),
    }
}

fn passed_limit(error: &multer::Error) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = match error {
        multer::Error::StreamReadFailed(inner) => Some(&**inner),
        other => other.source(),
    };
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// The last step of whatever path the sender's name holds, in NFC, without control characters.
pub(crate) fn plain_name(sent: &str) -> String {
    let last = sent.rsplit(['/', '\\']).next().unwrap_or("");
    let plain: String = last.chars().filter(|c| !c.is_control()).collect();
    fields::clean(plain.into())
}

impl FilePart {
    /// The next bytes; `TooLarge` as soon as the limit is passed.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Problem> {
        let chunk = in_time(self.field.chunk()).await?;
        self.read_bytes += chunk.as_ref().map_or(0, |c| c.len() as u64);
        if self.read_bytes > self.limit_bytes {
            return Err(Problem::TooLarge { limit_bytes: self.limit_bytes });
        }
        Ok(chunk)
    }

    /// The whole file in memory, for callers that must look at all of it at once.
    pub async fn bytes(mut self) -> Result<Bytes, Problem> {
        let mut whole = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            whole.extend_from_slice(&chunk);
        }
        Ok(Bytes::from(whole))
    }

    /// How many bytes have come so far.
    pub fn read_bytes(&self) -> u64 {
        self.read_bytes
    }
}
