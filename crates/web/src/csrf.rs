//! Nothing is changed at the wish of another site's page.
//!
//! Two guards. This one looks at every request that may change something: what the browser says of its
//! origin must be this very host. The other is the hidden field `_csrf`, checked by [`crate::Form`] and
//! [`crate::Upload`] wherever a cookie signs somebody in.

use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Uri, header};

use crate::problem::Problem;
use crate::session;

/// Refuses unsafe requests from pages of other origins. Bearer tokens pass: no browser sends them by itself.
pub fn guard(parts: &Parts) -> Result<(), Problem> {
    if matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE) {
        return Ok(());
    }
    if same_origin(&parts.headers, &parts.uri) { Ok(()) } else { Err(Problem::CrossSite) }
}

fn same_origin(headers: &HeaderMap, uri: &Uri) -> bool {
    if session::bearer_token(headers).is_some() {
        return true;
    }
    // Sent by browsers on secure origins; a page cannot forge it.
    if let Some(site) = headers.get("sec-fetch-site") {
        return matches!(site.as_bytes(), b"same-origin" | b"none");
    }
    if let Some(origin) = headers.get(header::ORIGIN) {
        let origin = origin.to_str().ok().and_then(|o| o.split_once("://")).map(|(_, host)| host);
        return origin.is_some() && origin == host(headers, uri);
    }
    // Neither: not a browser of our floor. Without a cookie there is nothing to misuse, and forms carry
    // the hidden field; anything else with a cookie is refused.
    session::cookie_token(headers).is_none() || is_form(headers)
}

/// The host that was asked for: HTTP/2 has it in the address.
pub(crate) fn host<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    let named = headers.get(header::HOST).and_then(|h| h.to_str().ok());
    named.or_else(|| uri.authority().map(|a| a.as_str()))
}

/// Url-encoded or multipart: what a form without script can send.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    is_urlencoded(headers) || content_type(headers).starts_with("multipart/form-data")
}

pub(crate) fn is_urlencoded(headers: &HeaderMap) -> bool {
    content_type(headers).starts_with("application/x-www-form-urlencoded")
}

pub(crate) fn content_type(headers: &HeaderMap) -> &str {
    headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("")
}
