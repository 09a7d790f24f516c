//! Stories of the whole crate, on both databases: persons act on a site of one province.

mod admins;
mod calendar;
mod proofs;
mod seeds;
mod signing_in;
mod stores;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use base::{Clock, Hand, Instant};
use db::Tx;
use db::testing::TestDb;
use http_body_util::BodyExt;
use tower::ServiceExt;
use web::page::NavItem;
use web::session::{self, Token};
use web::{Brand, Site};

use crate::account;
use crate::seed::{self, Province};

/// The demonstration's password.
const PASSWORD: &str = "CuuLong-2026";

/// Monday 23/11/2026, 09:00.
fn morning() -> Instant {
    Instant::parse_rfc3339("2026-11-23T09:00:00+07:00").unwrap()
}

/// A site of the province with the demonstration's people, its clock in the test's hand.
async fn site_of(t: &TestDb, province: &str) -> (Site, Hand) {
    t.migrate(&[web::migrations(), crate::migrations()].concat()).await;
    seed::load_small(&t.db, &Province::named(province).unwrap(), morning()).await.unwrap();
    let (clock, hand) = Clock::manual(morning());
    let blobs =
        db::blobs::Blobs::open(&db::blobs::Config::folder(t.dir())).await.expect("a folder for blobs");
    let brand = Brand {
        modules: vec![NavItem::new("Hồ sơ", "/mot-cua")],
        sign_in: "/dang-nhap".into(),
        sign_out: "/dang-xuat".into(),
        ..Brand::of("Vĩnh Long")
    };
    (Site::new(t.db.clone(), blobs, clock, brand), hand)
}

/// The site of 2018.
async fn site(t: &TestDb) -> (Site, Hand) {
    site_of(t, "vinh-long").await
}

/// What came back, read to the end.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    fn to(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.body);
        self.header(header::LOCATION)
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }

    /// The value of the first hidden field of this name.
    fn hidden(&self, name: &str) -> String {
        let mark = format!(r#"name="{name}" value=""#);
        let at = self.body.find(&mark).unwrap_or_else(|| panic!("no field {name} in {}", self.body));
        self.body[at + mark.len()..].split('"').next().unwrap().to_string()
    }

    /// The text of an element's error.
    fn error_of(&self, field: &str) -> Option<String> {
        let mark = format!(r#"id="{field}-loi">"#);
        let rest = &self.body[self.body.find(&mark)? + mark.len()..];
        let text = rest.split("</p>").next()?.rsplit("</svg>").next()?;
        Some(text.trim().to_string())
    }
}

/// A person at a browser or behind a program.
#[derive(Clone)]
struct Person {
    router: Router,
    cookie: Option<String>,
    token: Option<String>,
    address: &'static str,
}

impl Person {
    fn new(site: &Site) -> Person {
        Person::on(site, crate::routes(site))
    }

    fn on(site: &Site, routes: Router) -> Person {
        let router = web::layers(routes.merge(web::routes(site)), site);
        Person { router, cookie: None, token: None, address: "192.0.2.1" }
    }

    async fn send(&mut self, request: axum::http::request::Builder, body: String) -> Answer {
        let mut request =
            request.header(header::HOST, "cuulong.test").header("x-forwarded-for", self.address);
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, format!("cl_phien={cookie}"));
        }
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let response = self.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        if let Some(set) = parts.headers.get(header::SET_COOKIE) {
            let value = set.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap().1;
            self.cookie = (!value.is_empty()).then(|| value.to_string());
        }
        Answer { status: parts.status, headers: parts.headers, body }
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path), String::new()).await
    }

    /// Sends a form as a browser does, with the hidden token of the page it stands on.
    async fn post(&mut self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let form_token =
            if self.cookie.is_some() { self.get(page).await.hidden("_csrf") } else { String::new() };
        let mut pairs = vec![("_csrf", form_token.as_str())];
        pairs.extend_from_slice(fields);
        let body: Vec<String> =
            pairs.iter().map(|(n, v)| format!("{n}={}", crate::unit::pages::encoded(v))).collect();
        let request = Request::post(path)
            .header(header::ORIGIN, "http://cuulong.test")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request, body.join("&")).await
    }

    async fn signs_in(&mut self, login: &str, password: &str) -> Answer {
        self.post("/dang-nhap", "/dang-nhap", &[("login", login), ("password", password)]).await
    }

    async fn post_json(&mut self, path: &str, body: serde_json::Value) -> Answer {
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
        self.send(request, body.to_string()).await
    }
}

/// Somebody of the demonstration, signed in without the work of a password.
async fn as_person(site: &Site, login: &'static str) -> Person {
    let now = site.clock.now();
    let begun = site.db.upkeep(async move |tx: &mut Tx| -> db::Result<Token> {
        let secret = account::store::find_secret(tx, login).await?.expect(login);
        session::start(tx, &secret.id.to_string(), session::Kind::Browser, now).await
    });
    let token = begun.await.unwrap();
    Person { cookie: Some(token.as_str().to_string()), ..Person::new(site) }
}

#[test]
fn both_languages_have_the_same_words_and_no_word_is_missing() {
    let words = crate::words::own();
    assert_eq!(words.differences(), Vec::<String>::new());
    let here = env!("CARGO_MANIFEST_DIR");
    assert_eq!(web::words::check_sources(words, format!("{here}/src")), Vec::<String>::new());
}

#[test]
fn the_api_is_described() {
    let paths: Vec<String> = crate::openapi().paths.paths.into_keys().collect();
    assert_eq!(paths, ["/api/v1/me", "/api/v1/session", "/api/v1/units"]);
    for path in paths {
        assert!(crate::ROUTES.iter().any(|(_, p, _)| *p == path), "{path} is described and not served");
    }
}
