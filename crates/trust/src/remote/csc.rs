//! The API of the Cloud Signature Consortium, versions 1.0.4 and 2, under `/csc/v1/` and `/csc/v2/`: the same
//! handlers, which name things as their version does. `REMOTE.md` says what is offered and what is refused.

mod refusal;
mod request;
mod shape;
mod sign;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use db::Actor;
use directory::AnyOfficial;
use directory::signin::{self, Address};
use serde_json::json;
use web::session;

use self::refusal::Refusal;
use self::request::{Body, Caller, Version};
#[cfg(test)]
pub(super) use self::shape::generalized;
use super::rules::{self, DESCRIPTION_CHARS_MAX, LABEL_CHARS_MAX, LIFE_SECONDS};
use super::{Checked, Wish};
use crate::App;
use crate::signing::pages::own;
use crate::signing::{Credential, PinTry};

type Answer = Result<axum::Json<serde_json::Value>, Refusal>;

/// The routes of this file.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/csc/v1/info", post(info))
        .route("/csc/v1/auth/login", post(log_in))
        .route("/csc/v1/auth/revoke", post(revoke))
        .route("/csc/v1/credentials/list", post(list))
        .route("/csc/v1/credentials/info", post(describe))
        .route("/csc/v1/credentials/authorize", post(authorize))
        .route("/csc/v1/signatures/signHash", post(sign::hashes))
        .route("/csc/v1/signatures/timestamp", post(sign::time_stamp))
        .route("/csc/v2/info", post(info))
        .route("/csc/v2/auth/login", post(log_in))
        .route("/csc/v2/auth/revoke", post(revoke))
        .route("/csc/v2/credentials/list", post(list))
        .route("/csc/v2/credentials/info", post(describe))
        .route("/csc/v2/credentials/authorize", post(authorize))
        .route("/csc/v2/credentials/authorizeCheck", post(check))
        .route("/csc/v2/signatures/signHash", post(sign::hashes))
        .route("/csc/v2/signatures/signDoc", post(sign::documents))
        .route("/csc/v2/signatures/timestamp", post(sign::time_stamp))
}

/// `info`: what the service is. Anybody may ask.
async fn info(State(app): State<App>, version: Version) -> Answer {
    Ok(axum::Json(shape::info(&app.site, &app.address, version)))
}

/// `auth/login`: a token for a login and a password (RFC 7617).
async fn log_in(
    State(app): State<App>,
    address: Address,
    headers: HeaderMap,
) -> Result<axum::Json<serde_json::Value>, Refusal> {
    let (login, password) = basic(&headers).ok_or_else(|| {
        Refusal::new(StatusCode::BAD_REQUEST, "invalid_request", "Malformed username-password")
    })?;
    let signed = signin::sign_in(&app.site, &login, &password, &address, session::Kind::Api).await;
    let signed = signed.map_err(|problem| match problem {
        web::Problem::Refused(_) => Refusal::new(
            StatusCode::BAD_REQUEST,
            "authentication_error",
            "An error occurred during authentication process",
        ),
        other => other.into(),
    })?;
    let seconds = base::limits::SESSION_IDLE_MINUTES_MAX * 60;
    Ok(axum::Json(json!({ "access_token": signed.token.as_str(), "expires_in": seconds })))
}

/// Login and password of `Authorization: Basic`.
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    let text = STANDARD.decode(encoded.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok())?;
    let (login, password) = text.split_once(':')?;
    let fits = scheme.eq_ignore_ascii_case("basic") && password.len() <= base::limits::PASSWORD_BYTES_MAX;
    fits.then(|| (login.to_string(), password.to_string()))
}

/// `auth/revoke`: the token is worth nothing from now on. Tokens that last are not given, so there are none
/// to revoke.
async fn revoke(State(app): State<App>, Caller(official): Caller, body: Body) -> Result<StatusCode, Refusal> {
    let token = body.string("token")?;
    match body.find_string("token_type_hint")?.as_deref() {
        None | Some("access_token") => {
            let actor = Actor::Account(official.viewer.account.to_string());
            signin::sign_out(&app.site, actor, &token).await?;
        }
        Some("refresh_token") => {}
        Some(_) => return Err(Refusal::invalid("Invalid parameter token_type_hint")),
    }
    Ok(StatusCode::NO_CONTENT)
}

/// `credentials/list`.
async fn list(State(app): State<App>, version: Version, Caller(official): Caller, body: Body) -> Answer {
    if body.has("userID") {
        return Err(Refusal::invalid("userID parameter MUST be null"));
    }
    let wanted = body.details()?;
    let all = own(&app, &official, app.site.clock.now()).await?;
    let all: Vec<&Credential> = match body.flag("onlyValid")? {
        true => all.iter().filter(|one| one.has_pin && !one.is_locked).collect(),
        false => all.iter().collect(),
    };
    let mut answer = json!({ "credentialIDs": all.iter().map(|one| &one.id).collect::<Vec<_>>() });
    if version == Version::V2 {
        if body.flag("credentialInfo")? {
            let infos: Vec<_> = all.iter().map(|one| shape::credential(one, version, &wanted)).collect();
            answer["credentialInfos"] = infos.into();
        }
        if body.flag("onlyValid")? {
            answer["onlyValid"] = true.into();
        }
    }
    Ok(axum::Json(answer))
}

/// `credentials/info`.
async fn describe(State(app): State<App>, version: Version, Caller(official): Caller, body: Body) -> Answer {
    let wanted = body.details()?;
    let credential = credential(&app, &official, &body).await?;
    let mut answer = shape::credential(&credential, version, &wanted);
    if let Some(fields) = answer.as_object_mut() {
        fields.remove("credentialID");
    }
    Ok(axum::Json(answer))
}

/// The caller's credential of this name.
async fn credential(app: &App, official: &AnyOfficial, body: &Body) -> Result<Credential, Refusal> {
    let id = body.string("credentialID")?;
    let all = own(app, official, app.site.clock.now()).await?;
    let found = all.into_iter().find(|one| one.id == id);
    found.ok_or_else(|| Refusal::invalid("Invalid parameter credentialID"))
}

/// `credentials/authorize`: a SAD for a PIN; or (version 2, without one) a handle, while the owner is asked
/// on the page.
async fn authorize(
    State(app): State<App>,
    version: Version,
    Caller(official): Caller,
    body: Body,
) -> Result<Response, Refusal> {
    let now = app.site.clock.now();
    let credential = credential(&app, &official, &body).await?;
    let count = body.integer("numSignatures")?;
    let wish = wish(version, &body)?;
    match usize::try_from(count) {
        Ok(0) | Err(_) => return Err(Refusal::invalid("Invalid value for parameter numSignatures")),
        Ok(count) if count > rules::HASHES_MAX => {
            return Err(Refusal::invalid("Numbers of signatures is too high"));
        }
        // A signature beyond the hashes named would be one of something nobody was shown.
        Ok(count) if count != wish.hashes.len() => {
            return Err(Refusal::invalid("Invalid value for parameter numSignatures"));
        }
        Ok(_) => {}
    }
    if !credential.has_pin {
        return Err(Refusal::invalid("The credential identified by credentialID is disabled"));
    }
    let pin = body.pin(version)?;
    let Some(pin) = pin else {
        let handle = super::ask(&app, &credential, &wish, &official, now).await?;
        return Ok((StatusCode::ACCEPTED, axum::Json(json!({ "handle": handle }))).into_response());
    };
    match super::authorise(&app, &credential, &wish, &pin, &official, now).await? {
        Ok(sad) => Ok(axum::Json(json!({ "SAD": sad, "expiresIn": LIFE_SECONDS })).into_response()),
        Err(PinTry::Wrong(_)) => Err(match version {
            Version::V1 => Refusal::new(StatusCode::BAD_REQUEST, "invalid_pin", "The PIN is invalid"),
            Version::V2 => Refusal::new(
                StatusCode::BAD_REQUEST,
                "invalid_authentication_data",
                "The authentication data is invalid",
            ),
        }),
        Err(PinTry::NotSet) => Err(Refusal::invalid("The credential identified by credentialID is disabled")),
        Err(PinTry::Locked | PinTry::Right) => Err(Refusal::invalid(match version {
            Version::V1 => "PIN locked",
            Version::V2 => "Credential locked",
        })),
    }
}

/// The hashes to authorise with their names and what is said of them.
fn wish(version: Version, body: &Body) -> Result<Wish, Refusal> {
    let hashes = body.hashes(version.hashes())?;
    let digest = rules::digest(&hashes).map_err(|fault| Refusal::of_hashes(fault, version))?;
    if let Some(named) = body.find_string(version.digest())?
        && named != digest.oid().to_string()
    {
        return Err(Refusal::invalid(format!("Invalid parameter {}", version.digest())));
    }
    let description = body.find_string("description")?.unwrap_or_default();
    if description.chars().count() > DESCRIPTION_CHARS_MAX {
        return Err(Refusal::invalid("Invalid parameter description"));
    }
    let mut labels = vec![String::new(); hashes.len()];
    for (hash, label) in body.labels()? {
        let place = hashes.iter().position(|one| *one == hash);
        let place = place.ok_or_else(|| Refusal::invalid("Invalid object parameter documentDigests"))?;
        labels[place] = plain(&label, LABEL_CHARS_MAX);
    }
    Ok(Wish { hashes, labels, description: plain(&description, DESCRIPTION_CHARS_MAX) })
}

/// One line, as pages show it.
fn plain(text: &str, chars_max: usize) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(chars_max).collect();
    base::text::nfc(line.trim())
}

/// `credentials/authorizeCheck`: what became of a handle.
async fn check(State(app): State<App>, Caller(official): Caller, body: Body) -> Result<Response, Refusal> {
    let handle = body.string("handle")?;
    Ok(match super::check(&app, &handle, &official, app.site.clock.now()).await? {
        Checked::Waits => (StatusCode::ACCEPTED, axum::Json(json!({ "handle": handle }))).into_response(),
        Checked::Sad(sad, left) => axum::Json(json!({ "SAD": sad, "expiresIn": left })).into_response(),
        Checked::Refused => {
            let said = "The user denied the request";
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "access_denied", said));
        }
        Checked::Unknown => return Err(Refusal::invalid("Invalid parameter handle")),
    })
}
