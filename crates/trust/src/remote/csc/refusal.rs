//! What the protocol calls an error: a status, a word from its list and a sentence. The sentences are the
//! specification's own, in English as it has them, since programs compare them.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use web::Problem;

use super::request::Version;
use crate::remote::SadFault;
use crate::remote::rules::{AlgorithmFault, HashFault};

/// An error as the protocol shapes it.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    error: &'static str,
    description: String,
    retry_after_s: Option<u64>,
}

impl Refusal {
    /// Any of them.
    pub fn new(status: StatusCode, error: &'static str, description: impl Into<String>) -> Refusal {
        Refusal { status, error, description: description.into(), retry_after_s: None }
    }

    /// A parameter that is wrong or missing.
    pub fn invalid(description: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, "invalid_request", description)
    }

    /// No token, or none that lives.
    pub fn token() -> Refusal {
        Refusal::new(StatusCode::UNAUTHORIZED, "invalid_token", "The access token is not valid")
    }

    /// Hashes that cannot be authorised or signed.
    pub fn of_hashes(fault: HashFault, version: Version) -> Refusal {
        match fault {
            HashFault::None if version == Version::V1 => Refusal::invalid("Empty hash array"),
            HashFault::None => Refusal::invalid("Empty hashes array"),
            HashFault::TooMany => Refusal::invalid("Numbers of signatures is too high"),
            HashFault::Length => Refusal::invalid("Invalid digest value length"),
        }
    }

    /// An algorithm that the key does not sign with.
    pub fn of_algorithm(fault: AlgorithmFault, version: Version) -> Refusal {
        let digest = version.digest();
        Refusal::invalid(match fault {
            AlgorithmFault::Algorithm => "Invalid parameter signAlgo".to_string(),
            AlgorithmFault::DigestMissing => format!("Missing (or invalid type) string parameter {digest}"),
            AlgorithmFault::Digest => format!("Invalid parameter {digest}"),
            AlgorithmFault::ParametersMissing => {
                "Missing (or invalid type) string parameter signAlgoParams".to_string()
            }
            AlgorithmFault::Parameters => "Invalid parameter signAlgoParams".to_string(),
        })
    }

    /// A SAD that signs nothing; `unauthorised` is what this method says of other hashes.
    pub fn of_sad(fault: SadFault, unauthorised: &'static str) -> Refusal {
        Refusal::invalid(match fault {
            SadFault::Unknown => "Invalid parameter SAD",
            SadFault::Lapsed => "SAD expired",
            SadFault::Hashes => unauthorised,
        })
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Refusal {
        let later =
            |said: &str| Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", said);
        match problem {
            Problem::SignInNeeded { .. } => Refusal::token(),
            Problem::Forbidden | Problem::CrossSite => {
                let said = "The remote service denied the request";
                Refusal::new(StatusCode::FORBIDDEN, "access_denied", said)
            }
            Problem::TooMany { retry_after_s } => Refusal {
                retry_after_s: Some(retry_after_s),
                ..Refusal::new(StatusCode::TOO_MANY_REQUESTS, "temporarily_unavailable", "Too many requests")
            },
            Problem::TooLarge { limit_bytes } => Refusal::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "invalid_request",
                format!("The request is larger than {limit_bytes} bytes"),
            ),
            Problem::Unavailable | Problem::TimedOut => later("The service cannot handle the request now"),
            Problem::TryLater(message) => {
                tracing::warn!(log = message.log, "csc: try later");
                later("The service cannot handle the request now")
            }
            Problem::Refused(message) => {
                tracing::info!(log = message.log, "csc: refused");
                Refusal::new(StatusCode::BAD_REQUEST, "access_denied", message.outside)
            }
            Problem::Fault { incident, log } => {
                tracing::error!(incident, log, "fault");
                let said = format!("Unexpected condition, incident {incident}");
                Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", said)
            }
            other => Refusal::invalid(other.code()),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.error, "error_description": self.description });
        let mut response = (self.status, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
