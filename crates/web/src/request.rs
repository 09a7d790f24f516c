//! Extractors whose refusals are problems: what axum would answer in plain English text becomes a page
//! or problem JSON, and names the field.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::csrf::content_type;
use crate::problem::{FieldError, Problem};
use crate::{fields, words};

/// The largest JSON body we read.
pub const JSON_BYTES_MAX: usize = 1_000_000;

/// The whole body, if it is not larger than `limit_bytes`.
pub async fn read_body(headers: &HeaderMap, body: Body, limit_bytes: usize) -> Result<Bytes, Problem> {
    let too_large = Problem::TooLarge { limit_bytes: limit_bytes as u64 };
    let told = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if told.is_some_and(|bytes| bytes > limit_bytes as u64) {
        return Err(too_large);
    }
    match Limited::new(body, limit_bytes).collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large),
        Err(_) => Err(Problem::Malformed("the body broke off".into())),
    }
}

/// A JSON body, with its texts in NFC; and a JSON answer.
#[derive(Clone, Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Json<T>, Problem> {
        let (parts, body) = request.into_parts();
        if !is_json(content_type(&parts.headers)) {
            return Err(Problem::UnsupportedMedia);
        }
        let bytes = read_body(&parts.headers, body, JSON_BYTES_MAX).await?;
        read_json(&bytes).map(Json)
    }
}

/// Reads JSON, normalising its texts; a wrong value is named by its path.
pub fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut value: Value = serde_json::from_slice(bytes).map_err(|error| {
        Problem::Malformed(format!("not JSON: line {}, column {}", error.line(), error.column()))
    })?;
    normalise(&mut value);
    serde_path_to_error::deserialize(value).map_err(|error| {
        let field = error.path().to_string();
        let why = error.inner().to_string();
        let message = words::own().t("form.json", &[("why", &why)]);
        Problem::Invalid(vec![FieldError::new(if field == "." { "" } else { &field }, message)])
    })
}

fn normalise(value: &mut Value) {
    match value {
        Value::String(text) if !text.is_ascii() => *text = base::text::nfc(text),
        Value::Array(items) => items.iter_mut().for_each(normalise),
        Value::Object(map) => map.values_mut().for_each(normalise),
        _ => {}
    }
}

fn is_json(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or("").trim();
    kind.eq_ignore_ascii_case("application/json") || kind.ends_with("+json")
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// The query, read as a form is: NFC, trimmed, repeated names into a `Vec`.
#[derive(Clone, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Query<T>, Problem> {
        let pairs = fields::pairs(parts.uri.query().unwrap_or("").as_bytes());
        fields::read(&pairs).map(Query)
    }
}

/// The variables of the path. What cannot be read is not found: there is nothing at such an address.
#[derive(Clone, Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Path<T>, Problem> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Path(value)),
            Err(_) => Err(Problem::NotFound),
        }
    }
}
