//! Every route of this crate: one table, from which the router, the list for the golden table
//! "routes × roles" and nothing else is made.

use axum::Router;
use axum::routing;
use utoipa::OpenApi;
use web::Site;

use crate::{signin, unit};

macro_rules! table {
    ($($method:ident $verb:ident $path:literal $who:literal $handler:path;)*) => {
        /// Method, path, and who may call it: `everybody`, `viewer` (anybody signed in), `citizen`,
        /// `keeper` (administrator of a unit or of the province).
        pub const ROUTES: &[(&str, &str, &str)] = &[$((stringify!($method), $path, $who)),*];

        pub(crate) fn router(site: &Site) -> Router {
            Router::new()$(.route($path, routing::$verb($handler)))*.with_state(site.clone())
        }
    };
}

table! {
    POST post "/api/v1/session" "everybody" signin::api::begin;
    DELETE delete "/api/v1/session" "viewer" signin::api::end;
    GET get "/api/v1/me" "viewer" signin::api::me;
    GET get "/api/v1/units" "everybody" unit::api::list;
}

/// The JSON of this crate, for the OpenAPI document that the roof puts together.
pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(signin::api::begin, signin::api::end, signin::api::me, unit::api::list))]
    struct Doc;
    Doc::openapi()
}
