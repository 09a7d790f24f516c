//! What a form has sent, for the page that answers it: changing the language there must not lose it.
//!
//! A browser cannot open the answer to a POST again. So on such a page the switch of language is a button of
//! a form that carries what was sent, and `POST /ngon-ngu/{vi|en}` offers to send all of it again, in the
//! other language. Nothing is kept on the way, and changing the language does nothing else: what was sent
//! goes again only where somebody presses for it. Passwords and files are not carried.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::Request;
use axum::http::Method;

use crate::form::{CSRF_FIELD, FORM_BYTES_MAX};
use crate::problem::{Problem, is_api};
use crate::request::read_body;
use crate::{csrf, fields};

/// Where the answer to a form was shown.
pub(crate) const PATH_FIELD: &str = "_ve";
/// The form had files.
pub(crate) const FILES_FIELD: &str = "_tep";

/// What the form of this request has sent.
#[derive(Debug, Default)]
pub struct Posted {
    path: String,
    has_files: bool,
    /// None until somebody has read it.
    sent: Mutex<Option<Vec<(String, String)>>>,
}

tokio::task_local! {
    static POSTED: Option<Arc<Posted>>;
}

impl Posted {
    /// Of a form that was sent to this path.
    pub(crate) fn new(path: String, has_files: bool, sent: Option<Vec<(String, String)>>) -> Arc<Posted> {
        Arc::new(Posted { path, has_files, sent: Mutex::new(sent) })
    }

    /// The hidden fields of the switch: where it was sent, and all that may be sent again.
    pub fn fields(&self) -> Vec<(String, String)> {
        let mut fields = vec![(PATH_FIELD.to_string(), self.path.clone())];
        if self.has_files {
            fields.push((FILES_FIELD.to_string(), "1".to_string()));
        }
        fields.extend(self.sent().clone().unwrap_or_default());
        fields
    }

    fn sent(&self) -> std::sync::MutexGuard<'_, Option<Vec<(String, String)>>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a field holds a password or the PIN of a key, which no page shows again.
pub(crate) fn is_secret(name: &str) -> bool {
    name == "pin" || ["mat_khau", "mat-khau", "password"].iter().any(|secret| name.contains(secret))
}

/// The form of this request, if it sends one that a page answers.
pub(crate) fn of(request: &Request) -> Option<Arc<Posted>> {
    let (headers, uri) = (request.headers(), request.uri());
    let form = request.method() == Method::POST && csrf::is_form(headers) && !is_api(uri.path());
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    (form && !path.starts_with("/ngon-ngu/"))
        .then(|| Posted::new(path.to_string(), !csrf::is_urlencoded(headers), None))
}

/// Does `work` with the request's form in hand.
pub(crate) fn around<F: Future>(posted: Option<Arc<Posted>>, work: F) -> impl Future<Output = F::Output> {
    POSTED.scope(posted, work)
}

/// Reads a url-encoded form once for the page that may answer it, whoever refuses it.
pub(crate) async fn read(request: Request) -> Result<Request, Problem> {
    if !csrf::is_urlencoded(request.headers()) || here_at_all().is_none() {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    let bytes = read_body(&parts.headers, body, FORM_BYTES_MAX).await?;
    note(&fields::pairs(&bytes));
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

/// These fields have been read, besides those before.
pub(crate) fn note(pairs: &[(String, String)]) {
    let Some(posted) = here_at_all() else { return };
    let shown = pairs.iter().filter(|(name, _)| name != CSRF_FIELD && !is_secret(name));
    posted.sent().get_or_insert_default().extend(shown.cloned());
}

fn here_at_all() -> Option<Arc<Posted>> {
    POSTED.try_with(Clone::clone).ok().flatten()
}

/// The form that this page answers, as far as it was read.
pub(crate) fn here() -> Option<Arc<Posted>> {
    here_at_all().filter(|posted| posted.sent().is_some())
}
