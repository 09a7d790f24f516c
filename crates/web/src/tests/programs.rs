//! What still stands around an address that programs ask.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{Method, header};
use axum::routing::{get, post};
use db::testing::{TestDb, on_sqlite};
use futures_util::stream;

use super::{Answer, Browser, ask, site};
use crate::layers::broken;
use crate::request::read_body;
use crate::{Problem, Site};

const BYTES_MAX: usize = 100;

async fn echo(request: Request) -> Result<Bytes, Problem> {
    let (parts, body) = request.into_parts();
    read_body(&parts.headers, body, BYTES_MAX).await
}

async fn breaks() -> Bytes {
    panic!("the handler broke")
}

async fn nothing() -> Problem {
    Problem::NotFound
}

fn around(site: &Site) -> Router {
    let people = Router::new().route("/thu-tuc", get(|| async { "trang" }));
    let programs = Router::new()
        .route("/pki/echo", post(echo))
        .route("/pki/list", get(|| async { Bytes::from_static(b"list") }))
        .route("/pki/breaks", get(breaks))
        .route("/pki/nothing", get(nothing));
    crate::layers(people, site).merge(crate::programs(programs, site))
}

async fn app(t: &TestDb) -> (Router, Site) {
    let (site, _) = site(t).await;
    (around(&site), site)
}

async fn sends(app: &Router, method: Method, path: &str, body: Body) -> Answer {
    ask(app, Request::builder().method(method).uri(path).body(body).unwrap()).await
}

fn headers(answer: &Answer) -> String {
    let length = |name: &header::HeaderName| *name == header::CONTENT_LENGTH;
    let told = answer.headers.iter().filter(|(name, _)| !length(name));
    let mut lines: Vec<_> =
        told.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    lines.sort();
    lines.join("\n")
}

#[test]
fn an_answer_to_a_program_has_what_programs_need_and_no_more() {
    on_sqlite(async |t| {
        let (app, mut site) = app(&t).await;
        let answer = sends(&app, Method::POST, "/pki/echo", "asked".into()).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "asked"));
        let expected = "\
cache-control: no-cache
content-type: application/octet-stream
x-content-type-options: nosniff";
        assert_eq!(headers(&answer), expected);
        let head = sends(&app, Method::HEAD, "/pki/list", Body::empty()).await;
        assert_eq!((head.status.as_u16(), head.body.as_str(), head.header("content-length")), (200, "", "4"));
        site.secure_cookies = true;
        let answer = sends(&around(&site), Method::GET, "/pki/list", Body::empty()).await;
        assert_eq!(answer.header("strict-transport-security"), "max-age=31536000");
        // Beside it everything is as it was.
        let page = Browser::default().get(&app, "/thu-tuc").await;
        assert!(
            !page.header("x-request-id").is_empty() && !page.header("content-security-policy").is_empty()
        );
    });
}

#[test]
fn what_goes_wrong_with_a_program_s_request_is_told_as_everywhere() {
    on_sqlite(async |t| {
        let (app, _) = app(&t).await;
        let large = || Body::from(vec![b'x'; BYTES_MAX + 1]);
        // Without a length told beforehand, in pieces.
        let pieces = (0..3).map(|_| Ok::<_, std::convert::Infallible>(vec![b'x'; BYTES_MAX / 2]));
        let table = [
            (Method::POST, "/pki/echo", Body::from(vec![b'x'; BYTES_MAX]), 200, ""),
            (Method::POST, "/pki/echo", large(), 413, ""),
            (Method::POST, "/pki/echo", Body::from_stream(stream::iter(pieces)), 413, ""),
            (Method::GET, "/pki/echo", Body::empty(), 405, "POST"),
            (Method::HEAD, "/pki/echo", Body::empty(), 405, "POST"),
            (Method::DELETE, "/pki/list", Body::empty(), 405, "GET,HEAD"),
            (Method::GET, "/pki/breaks", Body::empty(), 500, ""),
            (Method::GET, "/pki/nothing", Body::empty(), 404, ""),
            (Method::GET, "/pki/unknown", Body::empty(), 404, ""),
        ];
        for (method, path, body, status, allow) in table {
            let shown = format!("{method} {path}");
            let is_head = method == Method::HEAD;
            let answer = sends(&app, method, path, body).await;
            assert_eq!((answer.status.as_u16(), answer.header("allow")), (status, allow), "{shown}");
            if status != 200 {
                assert!(is_head || answer.body.contains("Mã tham chiếu"), "{shown}: {}", answer.body);
                assert!(!answer.body.contains("the handler broke"), "{shown}");
                assert!(answer.header("content-security-policy").contains("default-src 'self'"), "{shown}");
                assert!(!answer.header("x-request-id").is_empty(), "{shown}");
            }
        }
        let refused = sends(&app, Method::POST, "/pki/echo", large()).await;
        assert!(refused.body.contains("dưới 100 B."), "the limit that was met: {}", refused.body);
    });
}

#[test]
fn nobody_is_believed_so_anybody_may_send() {
    on_sqlite(async |t| {
        let (app, _) = app(&t).await;
        let request = Request::builder()
            .method(Method::POST)
            .uri("/pki/echo")
            .header("sec-fetch-site", "cross-site")
            .header(header::COOKIE, "cl_phien=somebody")
            .body("asked".into());
        let answer = ask(&app, request.unwrap()).await;
        assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "no-cache"));
        assert_eq!(answer.header("set-cookie"), "");
    });
}

#[tokio::test]
async fn whoever_does_not_answer_in_time_is_not_waited_for() {
    let late = tokio::time::timeout(Duration::ZERO, std::future::pending()).await;
    assert_eq!(broken(late).status(), 503);
}
