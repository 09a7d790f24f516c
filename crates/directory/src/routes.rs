//! Every route of this crate: one table, from which the router, the list for the golden table
//! "routes × roles" and nothing else is made.

use axum::Router;
use axum::routing;
use utoipa::OpenApi;
use web::Site;

use crate::{account, signin, unit, working_time};

macro_rules! table {
    ($($method:ident $verb:ident $path:literal $who:literal $handler:path;)*) => {
        /// Method, path, and who may call it: `everybody`, `viewer` (anybody signed in), `citizen`,
        /// `keeper` (administrator of a unit or of the province), `admin` (of the province).
        pub const ROUTES: &[(&str, &str, &str)] = &[$((stringify!($method), $path, $who)),*];

        pub(crate) fn router(site: &Site) -> Router {
            Router::new()$(.route($path, routing::$verb($handler)))*.with_state(site.clone())
        }
    };
}

table! {
    GET get "/dang-nhap" "everybody" signin::pages::form;
    POST post "/dang-nhap" "everybody" signin::pages::enter;
    POST post "/dang-xuat" "everybody" signin::pages::leave;
    GET get "/dang-ky" "everybody" account::pages::register_form;
    POST post "/dang-ky" "everybody" account::pages::register;
    GET get "/tai-khoan" "viewer" account::pages::own;
    POST post "/tai-khoan" "viewer" account::pages::save;
    POST post "/tai-khoan/mat-khau" "viewer" account::pages::change_password;
    GET get "/quan-tri" "keeper" account::official_pages::start;
    GET get "/quan-tri/vai-tro" "keeper" account::official_pages::roles;
    GET get "/quan-tri/don-vi" "keeper" unit::pages::list;
    POST post "/quan-tri/don-vi" "keeper" unit::pages::create;
    GET get "/quan-tri/don-vi/moi" "keeper" unit::pages::new_form;
    GET get "/quan-tri/don-vi/{id}" "keeper" unit::pages::show;
    POST post "/quan-tri/don-vi/{id}" "keeper" unit::pages::edit;
    POST post "/quan-tri/don-vi/{id}/ket-thuc" "keeper" unit::pages::close;
    GET get "/quan-tri/don-vi/{id}/lich" "keeper" working_time::pages::unit;
    POST post "/quan-tri/don-vi/{id}/lich/gio" "keeper" working_time::pages::set_hours;
    POST post "/quan-tri/don-vi/{id}/lich/dong" "keeper" working_time::pages::close;
    POST post "/quan-tri/don-vi/{id}/lich/mo" "keeper" working_time::pages::reopen;
    GET get "/quan-tri/lich" "keeper" working_time::pages::show;
    POST post "/quan-tri/lich" "admin" working_time::pages::confirm;
    POST post "/quan-tri/lich/bo" "admin" working_time::pages::remove;
    POST post "/quan-tri/lich/de-xuat" "admin" working_time::pages::propose;
    GET get "/quan-tri/can-bo" "keeper" account::official_pages::list;
    POST post "/quan-tri/can-bo" "keeper" account::official_pages::create;
    GET get "/quan-tri/can-bo/moi" "keeper" account::official_pages::new_form;
    GET get "/quan-tri/can-bo/{id}" "keeper" account::official_pages::show;
    POST post "/quan-tri/can-bo/{id}" "keeper" account::official_pages::edit;
    POST post "/quan-tri/can-bo/{id}/mat-khau" "keeper" account::official_pages::set_password;
    POST post "/quan-tri/can-bo/{id}/khoa" "keeper" account::official_pages::set_locked;
    POST post "/quan-tri/can-bo/{id}/chuc-vu" "keeper" account::official_pages::add_post;
    POST post "/quan-tri/can-bo/{id}/chuc-vu/{post}/ket-thuc" "keeper" account::official_pages::end_post;
    GET get "/quan-tri/nguoi-trung" "admin" account::duplicates::pages::list;
    POST post "/quan-tri/nguoi-trung" "admin" account::duplicates::pages::propose;
    GET get "/quan-tri/nguoi-trung/so-sanh" "admin" account::duplicates::pages::compare;
    GET get "/quan-tri/nguoi-trung/{id}" "admin" account::duplicates::pages::show;
    POST post "/quan-tri/nguoi-trung/{id}" "admin" account::duplicates::pages::decide;
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
