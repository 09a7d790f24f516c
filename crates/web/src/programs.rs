//! What stands around the addresses that programs ask, tens of thousands of times a second, about nobody.
//! What protects us is here as in the layers: a time limit, panics caught, problems made readable, counters
//! and the access log; how much a request may bring its handler says, to `read_body`. What people need is
//! not: sessions, languages, kept forms, packing, numbers of requests, headers for browsers.
//!
//! So a handler here believes no cookie and knows nobody, and there is nothing that a page of another site
//! could make somebody's browser do.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use futures_util::FutureExt;

use crate::layers::{ANSWER_IN, broken, count, finish, next_request_id, ours};
use crate::problem::{Asked, Problem, Undressed, dress};
use crate::site::Site;

/// The routes of machines with what must stand around them, to be merged beside [`crate::layers`].
pub fn programs(router: Router, site: &Site) -> Router {
    router
        .method_not_allowed_fallback(|| async { Problem::MethodNotAllowed })
        .layer(from_fn_with_state(Arc::new(site.clone()), pass))
}

async fn pass(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    // Most answers are ready at once, and then no timer is set.
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    let answer = ours(broken(tokio::time::timeout(ANSWER_IN, answer).await));
    let response = match answer.extensions().get::<Undressed>() {
        None => lean(&site, answer),
        Some(_) => told(&site, route.as_ref(), answer),
    };
    count(&method, route.as_ref(), response.status(), started.elapsed(), None);
    response
}

/// An answer: no browser shows it or runs anything in it.
fn lean(site: &Site, mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache"));
    if site.secure_cookies {
        let a_year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, a_year);
    }
    response
}

/// A problem, told as everywhere: somebody will look at it.
fn told(site: &Site, route: Option<&MatchedPath>, bare: Response) -> Response {
    let id = next_request_id();
    let path = route.map_or("/", |route| route.as_str());
    let mut response = dress(site, &Asked { path, request_id: &id.0, had_session: false }, bare);
    finish(site, &mut response, &id, false);
    response
}
