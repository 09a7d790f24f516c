//! What stands around every route: request number, language, time limit, panics, the same-origin guard, kept
//! forms, problems made readable, headers, counters, the access log, packing. One function, to be lean.

use std::any::Any;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tokio::time::error::Elapsed;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

use crate::csrf;
use crate::kept;
use crate::lang::{self, Lang};
use crate::posted;
use crate::problem::{Asked, Problem, Undressed, dress, is_api};
use crate::session;
use crate::site::Site;

/// What one request may bring where a route does not say otherwise.
const BODY_BYTES_MAX: usize = 1_100_000;
/// What one request with files may bring at most; routes set it with `DefaultBodyLimit::max`.
pub const UPLOAD_BYTES_MAX: usize = 105_000_000;
pub(crate) const ANSWER_IN: Duration = Duration::from_secs(30);
/// 20 MB over a rural line of 256 kbit/s, and some.
const UPLOAD_IN: Duration = Duration::from_secs(15 * 60);

const CSP: &str = "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; \
    object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'";

const FIXED: [(&str, &str); 7] = [
    ("content-security-policy", CSP),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("x-frame-options", "SAMEORIGIN"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=(), payment=()"),
];

/// The number of the request, in its extensions and in the answer's `x-request-id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(pub String);

pub(crate) fn next_request_id() -> RequestId {
    static START: LazyLock<String> =
        LazyLock::new(|| crate::secret::sha256_hex(crate::secret::token().as_bytes()));
    static COUNT: AtomicU32 = AtomicU32::new(1);
    RequestId(format!("{}-{:06x}", &START[..6], COUNT.fetch_add(1, Ordering::Relaxed)))
}

/// The finished application: `router` with everything above around it.
pub fn layers(router: Router, site: &Site) -> Router {
    router
        .fallback(|| async { Problem::NotFound })
        .method_not_allowed_fallback(|| async { Problem::MethodNotAllowed })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(site.clone(), envelope))
        .layer(CompressionLayer::new().quality(CompressionLevel::Precise(4)).compress_when(worth_packing))
}

async fn envelope(State(site): State<Site>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = next_request_id();
    request.extensions_mut().insert(id.clone());
    let method = request.method().clone();
    let path = request.uri().path().to_string();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let had_session = session::cookie_token(request.headers()).is_some();
    let is_signed = had_session || request.headers().contains_key(header::AUTHORIZATION);

    let lang = Lang::of_request(&path, request.headers());
    let form = posted::of(&request);
    let answer = async {
        let bare = guarded(&site, request, next).await;
        dress(&site, &Asked { path: &path, request_id: &id.0, had_session }, ours(bare))
    };
    let mut response = lang::speaking(lang, posted::around(form, answer)).await;
    name_language(&mut response, lang);
    finish(&site, &mut response, &id, is_signed || is_api(&path));
    count(&method, route.as_ref(), response.status(), started.elapsed(), Some(&id));
    response
}

/// The router's answer, in time and without panics.
async fn guarded(site: &Site, request: Request, next: Next) -> Response {
    let kind = csrf::content_type(request.headers());
    let upload = kind.starts_with("multipart/") || kind == "application/offset+octet-stream";
    let limit = if upload { UPLOAD_IN } else { ANSWER_IN };
    let (parts, body) = request.into_parts();
    let is_open = site.open_forms.contains(&parts.uri.path());
    if let Err(problem) = csrf::guard(&parts)
        && !is_open
    {
        return problem.into_response();
    }
    let request = Request::from_parts(parts, body);
    let answer = async {
        match posted::read(request).await {
            Ok(request) => kept::around(site, request, next).await,
            Err(problem) => problem.into_response(),
        }
    };
    broken(tokio::time::timeout(limit, AssertUnwindSafe(answer).catch_unwind()).await)
}

/// The answer; or what became of one that did not come in its time, or whose handler panicked.
pub(crate) fn broken(answer: Result<Result<Response, Box<dyn Any + Send>>, Elapsed>) -> Response {
    match answer {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => Problem::fault(format_args!("panic: {}", words_of(&*panic))).into_response(),
        Err(_) => Problem::TimedOut.into_response(),
    }
}

fn words_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without words")
}

/// Plain refusals of the framework become our problems; answers with a page or data of their own pass.
pub(crate) fn ours(response: Response) -> Response {
    let status = response.status();
    let plain = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    let theirs = (status.is_client_error() || status.is_server_error())
        && plain
        && response.extensions().get::<Undressed>().is_none();
    if !theirs {
        return response;
    }
    let problem = match status {
        StatusCode::NOT_FOUND => Problem::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Problem::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => Problem::TooLarge { limit_bytes: BODY_BYTES_MAX as u64 },
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Problem::UnsupportedMedia,
        StatusCode::UNAUTHORIZED => Problem::SignInNeeded { back: "/".into() },
        StatusCode::FORBIDDEN => Problem::Forbidden,
        _ if status.is_client_error() => Problem::Malformed(format!("refused as {status}")),
        _ => Problem::fault(format_args!("a bare {status}")),
    };
    let mut ours = problem.into_response();
    if let Some(allow) = response.headers().get(header::ALLOW) {
        ours.headers_mut().insert(header::ALLOW, allow.clone());
    }
    ours
}

pub(crate) fn finish(site: &Site, response: &mut Response, id: &RequestId, personal: bool) {
    let page = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| {
        let kind = kind.as_bytes();
        kind.starts_with(b"text/html") || kind.starts_with(b"application/")
    });
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        put_if_absent(headers, name, value);
    }
    if site.secure_cookies {
        put_if_absent(headers, "strict-transport-security", "max-age=31536000");
    }
    let personal = personal || headers.contains_key(header::SET_COOKIE);
    if personal && (page || !headers.contains_key(header::CACHE_CONTROL)) {
        // An immutable asset asked for with a cookie is still nobody's.
        put_if_absent(headers, "cache-control", "no-store");
    } else {
        put_if_absent(headers, "cache-control", "no-cache");
    }
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        headers.insert("x-request-id", value);
    }
}

/// Says in which language a page is, and that another cookie may get another one.
fn name_language(response: &mut Response, lang: Lang) {
    let headers = response.headers_mut();
    if !headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html")) {
        return;
    }
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(lang.code()));
    let told = headers.get_all(header::VARY).iter().filter_map(|value| value.to_str().ok());
    if !told.flat_map(|list| list.split(',')).any(|name| name.trim().eq_ignore_ascii_case("cookie")) {
        headers.append(header::VARY, HeaderValue::from_static("cookie"));
    }
}

fn put_if_absent(headers: &mut HeaderMap, name: &'static str, value: &'static str) {
    headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
}

/// Counters and the access log: by route, never by address, so that no code or name gets in.
pub(crate) fn count(
    method: &Method,
    route: Option<&MatchedPath>,
    status: StatusCode,
    took: Duration,
    id: Option<&RequestId>,
) {
    let route = route.map_or("-", |r| r.as_str());
    tracing::info!(
        target: "access",
        request = id.map(|id| id.0.as_str()),
        method = %method,
        route,
        status = status.as_u16(),
        micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
    );
    metered(method, route, status, |meters| {
        meters.requests.increment(1);
        meters.seconds.record(took.as_secs_f64());
    });
}

/// What is counted of one route, method and status.
struct Meters {
    requests: metrics::Counter,
    seconds: metrics::Histogram,
}

/// Meters by method, route and status: finding one by its labels takes longer than counting.
type Known = HashMap<Method, HashMap<String, HashMap<u16, Meters>>>;

fn metered(method: &Method, route: &str, status: StatusCode, count: impl FnOnce(&Meters)) {
    static KNOWN: LazyLock<RwLock<Known>> = LazyLock::new(RwLock::default);
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(meters) = known.get(method).and_then(|routes| routes.get(route)?.get(&status.as_u16())) {
        return count(meters);
    }
    drop(known);
    let labels = [
        ("method", method.to_string()),
        ("route", route.to_string()),
        ("status", status.as_str().to_string()),
    ];
    let meters = Meters {
        requests: metrics::counter!("http_requests_total", &labels),
        seconds: metrics::histogram!("http_request_seconds", &labels),
    };
    count(&meters);
    // Nobody chooses new ones: routes are ours, statuses are few, and methods that no route has are not kept.
    if known_methods().contains(method) {
        let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
        let routes = known.entry(method.clone()).or_default();
        routes.entry(route.to_string()).or_default().insert(status.as_u16(), meters);
    }
}

fn known_methods() -> [Method; 6] {
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE]
}

/// Pages, data and texts of some size; not what is packed already, and not our own bytes in files.
fn worth_packing(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map_or(&b""[..], |kind| kind.as_bytes());
    let text =
        kind.starts_with(b"text/") || kind.starts_with(b"application/json") || kind.ends_with(b"+json");
    let length = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    text && length.is_none_or(|bytes| bytes >= 860)
}
