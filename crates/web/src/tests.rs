//! Persons act on a small site of two pages; the rules are printed as tables.

mod forms;
mod pages;
mod programs;
mod rules;
mod stores;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use axum::response::Response;
use base::{Clock, Hand, Instant};
use db::testing::TestDb;
use db::{Act, Tx};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::page::{FootColumn, NavItem};
use crate::session::{self, Kind};
use crate::{Brand, Problem, Site};

/// Monday 23/11/2026, 09:00.
fn morning() -> Instant {
    Instant::parse_rfc3339("2026-11-23T09:00:00+07:00").unwrap()
}

fn brand() -> Brand {
    Brand {
        hotline: "1022".into(),
        hotline_hours: "miễn phí, 7:00–21:00 hằng ngày".into(),
        nav: vec![NavItem::new("Thủ tục", "/thu-tuc"), NavItem::new("Tra cứu hồ sơ", "/tra-cuu")],
        account: vec![NavItem::new("Hồ sơ của tôi", "/ho-so-cua-toi")],
        modules: vec![NavItem::new("Hồ sơ", "/mot-cua")],
        foot: vec![FootColumn {
            title: "Dịch vụ".into(),
            items: vec![NavItem::new("Danh mục thủ tục", "/thu-tuc")],
        }],
        sign_in: "/dang-nhap".into(),
        sign_out: "/dang-xuat".into(),
        ..Brand::of("Vĩnh Long")
    }
}

/// A site on a fresh database, its clock in the test's hand.
async fn site(t: &TestDb) -> (Site, Hand) {
    t.migrate(&crate::migrations()).await;
    let (clock, hand) = Clock::manual(morning());
    let blobs =
        db::blobs::Blobs::open(&db::blobs::Config::folder(t.dir())).await.expect("a folder for blobs");
    (Site::new(t.db.clone(), blobs, clock, brand()), hand)
}

/// Signs An's account in; the token and the form token.
async fn signed_in(site: &Site, kind: Kind) -> (String, String) {
    let now = site.clock.now();
    let act = Act::system("test.sign-in", "", now);
    let made = site.db.write(act, async move |tx: &mut Tx| -> Result<_, Problem> {
        let token = session::start(tx, "an", kind, now).await?;
        let session = session::find(tx, token.as_str(), now).await?.expect("just begun");
        Ok((token.as_str().to_string(), session.csrf))
    });
    made.await.unwrap()
}

/// What came back, read to the end.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// A browser: a cookie or none, always of the same origin.
#[derive(Default, Clone)]
struct Browser {
    cookie: Option<String>,
}

impl Browser {
    fn with(token: &str) -> Browser {
        Browser { cookie: Some(token.to_string()) }
    }

    async fn get(&self, app: &Router, path: &str) -> Answer {
        ask(app, self.request(Method::GET, path).body(Body::empty()).unwrap()).await
    }

    async fn post(&self, app: &Router, path: &str, form: &str) -> Answer {
        let request = self
            .request(Method::POST, path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form.to_string()));
        ask(app, request.unwrap()).await
    }

    fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "dichvucong.test")
            .header("sec-fetch-site", "same-origin");
        match &self.cookie {
            Some(token) => request.header(header::COOKIE, format!("x=1; cl_phien={token}")),
            None => request,
        }
    }
}

async fn ask(app: &Router, request: Request<Body>) -> Answer {
    let response: Response = app.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let body = String::from_utf8_lossy(&bytes).into_owned();
    Answer { status: parts.status, headers: parts.headers, body }
}
