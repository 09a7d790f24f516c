//! Sessions over the API: a bearer token for a login and a password.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use base::Instant;
use db::Actor;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Json, Problem, Site, session};

use super::{Address, sign_in, sign_out};
use crate::role::Role;
use crate::viewer::Viewer;

/// Login and password.
#[derive(Deserialize, ToSchema)]
pub struct SessionRequest {
    /// A login, or a citizen's personal number.
    pub login: String,
    pub password: String,
}

/// A session that has begun.
#[derive(Serialize, ToSchema)]
pub struct SessionAnswer {
    /// For `Authorization: Bearer`.
    pub token: String,
    /// When it ends at the latest (RFC 3339, +07:00); 30 minutes without a request end it earlier.
    #[schema(value_type = String, format = "date-time")]
    pub expires_at: Instant,
}

/// `POST /api/v1/session`: begins a session.
#[utoipa::path(post, path = "/api/v1/session", tag = "directory", request_body = SessionRequest, responses(
    (status = 200, body = SessionAnswer),
    (status = 401, description = "Login and password do not belong together: code `sign-in-refused`"),
    (status = 429, description = "Too many tries: code `too-many`, with Retry-After"),
))]
pub async fn begin(
    State(site): State<Site>,
    address: Address,
    Json(asked): Json<SessionRequest>,
) -> Result<Json<SessionAnswer>, Problem> {
    let signed = sign_in(&site, &asked.login, &asked.password, &address, session::Kind::Api).await;
    let signed = signed.map_err(|problem| match problem {
        Problem::Refused(message) => Problem::SignInRefused(message),
        other => other,
    })?;
    let expires_at = site.clock.now().plus_minutes(base::limits::SESSION_AGE_HOURS_MAX * 60);
    Ok(Json(SessionAnswer { token: signed.token.as_str().to_string(), expires_at }))
}

/// `DELETE /api/v1/session`: ends the session of the token it is called with.
#[utoipa::path(delete, path = "/api/v1/session", tag = "directory", responses(
    (status = 204, description = "The token is worth nothing from now on"),
    (status = 401, description = "No live session: code `sign-in-needed`"),
))]
pub async fn end(
    State(site): State<Site>,
    viewer: Viewer,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let token = session::bearer_token(&headers).or_else(|| session::cookie_token(&headers));
    if let Some(token) = token {
        sign_out(&site, Actor::Account(viewer.account.to_string()), token).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Whoever holds the token.
#[derive(Serialize, ToSchema)]
pub struct Me {
    /// The account's id.
    pub account: String,
    pub name: String,
    /// `citizen` or `official`.
    pub kind: String,
    pub roles: Vec<MyRole>,
}

/// A role held today; citizens hold theirs outside any unit.
#[derive(Serialize, ToSchema)]
pub struct MyRole {
    pub role: Role,
    /// `CODE@YYYY-MM-DD`.
    pub unit: Option<String>,
    pub unit_name: Option<String>,
    pub title: Option<String>,
    /// For `?post=`, where several posts have the same role.
    pub post: Option<String>,
}

/// `GET /api/v1/me`: who is signed in, and as what.
#[utoipa::path(get, path = "/api/v1/me", tag = "directory", responses(
    (status = 200, body = Me),
    (status = 401, description = "No live session: code `sign-in-needed`"),
))]
pub async fn me(viewer: Viewer) -> Json<Me> {
    let mut roles: Vec<MyRole> = viewer
        .posts
        .iter()
        .map(|p| MyRole {
            role: p.role,
            unit: Some(p.unit.to_string()),
            unit_name: Some(p.unit_name.clone()),
            title: Some(p.title.clone()),
            post: Some(p.id.to_string()),
        })
        .collect();
    if viewer.kind == crate::account::Kind::Citizen {
        roles.push(MyRole { role: Role::Citizen, unit: None, unit_name: None, title: None, post: None });
    }
    Json(Me {
        account: viewer.account.to_string(),
        name: viewer.name.clone(),
        kind: viewer.kind.as_str().to_string(),
        roles,
    })
}
