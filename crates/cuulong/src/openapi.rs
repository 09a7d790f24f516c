//! `GET /api/openapi.json`: OpenAPI 3.1, put together from the systems' own handlers.

use std::sync::LazyLock;

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, Info};

/// The route of this file.
pub fn routes() -> Router {
    Router::new().route("/api/openapi.json", get(show))
}

/// The whole document.
pub fn document() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi()]
    struct Empty;
    let mut document = Empty::openapi();
    document.info = Info::new(crate::words::product(), env!("CARGO_PKG_VERSION").to_string());
    document.merge(directory::openapi());
    document.merge(trust::openapi());
    document.merge(onestop::openapi());
    let mut components = document.components.take().unwrap_or_else(|| ComponentsBuilder::new().build());
    let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
    components.add_security_scheme("bearer", bearer);
    document.components = Some(components);
    document
}

async fn show() -> impl IntoResponse {
    static TEXT: LazyLock<String> = LazyLock::new(|| document().to_json().unwrap_or_default());
    ([(header::CONTENT_TYPE, "application/json")], TEXT.as_str())
}
