//! What comes in: who calls, in which version, with which parameters. Every parameter is looked at by name,
//! so that what is wrong with it can be said as the specification says it.

use std::convert::Infallible;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use directory::AnyOfficial;
use serde_json::{Map, Value};
use web::request::read_body;
use web::session;

use super::refusal::Refusal;
use super::shape::{Certificates, Details};
use crate::App;

/// The largest request without documents, in bytes.
const BODY_BYTES_MAX: usize = web::request::JSON_BYTES_MAX;
/// The largest with documents, which come in Base64.
const DOCUMENTS_BYTES_MAX: usize = 28 * 1024 * 1024;

/// Which version is spoken, by the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 1.0.4.
    V1,
    /// 2.
    V2,
}

impl Version {
    /// What it calls the hashes.
    pub fn hashes(self) -> &'static str {
        match self {
            Version::V1 => "hash",
            Version::V2 => "hashes",
        }
    }

    /// What it calls their digest.
    pub fn digest(self) -> &'static str {
        match self {
            Version::V1 => "hashAlgo",
            Version::V2 => "hashAlgorithmOID",
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Version {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Version, Infallible> {
        Ok(if parts.uri.path().starts_with("/csc/v1/") { Version::V1 } else { Version::V2 })
    }
}

/// An official whose program sends a token. A cookie alone is no authorisation here.
pub struct Caller(pub AnyOfficial);

impl FromRequestParts<App> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Caller, Refusal> {
        if session::bearer_token(&parts.headers).is_none() {
            return Err(Refusal::token());
        }
        Ok(Caller(AnyOfficial::from_request_parts(parts, app).await?))
    }
}

/// The parameters.
pub struct Body(Map<String, Value>);

impl FromRequest<App> for Body {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &App) -> Result<Body, Refusal> {
        let (parts, body) = request.into_parts();
        let has_documents = parts.uri.path().ends_with("/signDoc");
        let limit = if has_documents { DOCUMENTS_BYTES_MAX } else { BODY_BYTES_MAX };
        let bytes = read_body(&parts.headers, body, limit).await?;
        if bytes.is_empty() {
            return Ok(Body(Map::new()));
        }
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(fields)) => Ok(Body(fields)),
            _ => Err(Refusal::invalid("The request is not a JSON object")),
        }
    }
}

impl Body {
    /// Whether a parameter was sent, and is not null.
    pub fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !value.is_null())
    }

    /// A text that must be there.
    pub fn string(&self, name: &str) -> Result<String, Refusal> {
        let missing = || Refusal::invalid(format!("Missing (or invalid type) string parameter {name}"));
        self.find_string(name)?.filter(|text| !text.is_empty()).ok_or_else(missing)
    }

    /// A text, if it was sent.
    pub fn find_string(&self, name: &str) -> Result<Option<String>, Refusal> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(Refusal::invalid(format!("Missing (or invalid type) string parameter {name}"))),
        }
    }

    /// A whole number that must be there. Some programs send it as a text.
    pub fn integer(&self, name: &str) -> Result<i64, Refusal> {
        let number = match self.0.get(name) {
            Some(Value::Number(number)) => number.as_i64(),
            Some(Value::String(text)) => text.parse().ok(),
            _ => None,
        };
        number.ok_or_else(|| Refusal::invalid(format!("Missing (or invalid type) integer parameter {name}")))
    }

    /// Yes or no; no when it was not sent.
    pub fn flag(&self, name: &str) -> Result<bool, Refusal> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(is)) => Ok(*is),
            Some(_) => Err(Refusal::invalid(format!("Invalid parameter {name}"))),
        }
    }

    /// Bytes in Base64, if they were sent.
    pub fn find_bytes(&self, name: &str) -> Result<Option<Vec<u8>>, Refusal> {
        let text = self.find_string(name)?;
        let bytes = text.map(|text| STANDARD.decode(text.trim())).transpose();
        bytes.map_err(|_| Refusal::invalid(format!("Invalid parameter {name}")))
    }

    /// A list of objects, if it was sent.
    pub fn find_objects(&self, name: &str) -> Result<Option<Vec<Body>>, Refusal> {
        let wrong = || Refusal::invalid(format!("Invalid array parameter {name}"));
        let list = match self.0.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Array(list)) => list,
            Some(_) => return Err(wrong()),
        };
        let object = |one: &Value| one.as_object().cloned().map(Body).ok_or_else(wrong);
        list.iter().map(object).collect::<Result<Vec<_>, _>>().map(Some)
    }

    /// Hashes in Base64; one alone may be sent without brackets.
    pub fn hashes(&self, name: &str) -> Result<Vec<Vec<u8>>, Refusal> {
        let missing = || Refusal::invalid(format!("Missing (or invalid type) array parameter {name}"));
        let list = match self.0.get(name) {
            Some(Value::Array(list)) => list.as_slice(),
            Some(one @ Value::String(_)) => std::slice::from_ref(one),
            _ => return Err(missing()),
        };
        let decoded = |one: &Value| {
            let bytes = one.as_str().and_then(|text| STANDARD.decode(text.trim()).ok());
            bytes.ok_or_else(|| Refusal::invalid("Invalid Base64 hash string parameter"))
        };
        list.iter().map(decoded).collect()
    }

    /// The names of documents by their hashes, as `documentDigests` of OAuth's authorisation details has
    /// them.
    pub fn labels(&self) -> Result<Vec<(Vec<u8>, String)>, Refusal> {
        let wrong = || Refusal::invalid("Invalid object parameter documentDigests");
        let list = self.find_objects("documentDigests")?.unwrap_or_default();
        let one = |one: &Body| {
            let hash = one.find_bytes("hash").ok().flatten().ok_or_else(wrong)?;
            Ok((hash, one.find_string("label").map_err(|_| wrong())?.unwrap_or_default()))
        };
        list.iter().map(one).collect()
    }

    /// The PIN, as the version sends it; none where (version 2) the owner is to be asked.
    pub fn pin(&self, version: Version) -> Result<Option<String>, Refusal> {
        if version == Version::V1 {
            return self.string("PIN").map(Some);
        }
        let Some(list) = self.find_objects("authData")?.filter(|list| !list.is_empty()) else {
            return Ok(None);
        };
        for one in &list {
            if one.find_string("id")?.as_deref() == Some("PIN") {
                return one.string("value").map(Some);
            }
        }
        Err(Refusal::invalid("Invalid parameter authData"))
    }

    /// How much of a credential is wanted.
    pub fn details(&self) -> Result<Details, Refusal> {
        let certificates = match self.find_string("certificates")?.as_deref() {
            None | Some("single") => Certificates::Single,
            Some("chain") => Certificates::Chain,
            Some("none") => Certificates::None,
            Some(_) => return Err(Refusal::invalid("Invalid parameter certificates")),
        };
        Ok(Details {
            certificates,
            has_certificate_info: self.flag("certInfo")?,
            has_auth_info: self.flag("authInfo")?,
        })
    }

    /// Answers come at once, or not at all.
    pub fn must_be_synchronous(&self) -> Result<(), Refusal> {
        match self.find_string("operationMode")?.as_deref() {
            None | Some("S") => Ok(()),
            Some(_) => Err(Refusal::invalid("Invalid parameter operationMode")),
        }
    }
}
