//! Shells, headers, problems as pages and as JSON, assets, kept pages.

use askama::Template;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use base::{Day, Dong, Instant};
use db::testing::{TestDb, on_sqlite};

use super::{Answer, Browser, ask, site};
use crate::lang::{self, Lang};
use crate::page::{self, Cached, NavGroup, NavItem, NoticeKind, Shell, SideNav, Tone, ViewerBadge};
use crate::{Json, Problem, Site, assets, filters};

#[derive(Template)]
#[template(
    source = r#"{% extends "shell/citizen.html" %}
{% block main %}<h1>{{ shell.title }}</h1>
{{ day|date }}; {{ at|time }}; {{ at|promised }}; {{ at|iso }}; {{ fee|money }}; {{ bytes|size }};
{{ count|number }}; {{ number|masked }}; {% for d in days %}{{ d|date }} {% endfor %}{{ "search"|icon }}
{% endblock %}"#,
    ext = "html"
)]
struct CitizenPage {
    shell: Shell,
    day: Day,
    days: Vec<Day>,
    at: Instant,
    fee: Dong,
    bytes: u64,
    count: i64,
    number: String,
}

#[derive(Template)]
#[template(
    source = r#"{% extends "shell/official.html" %}
{% block main %}<div class="a-h"><h1>{{ shell.title }}</h1></div>{% endblock %}"#,
    ext = "html"
)]
struct OfficialPage {
    shell: Shell,
}

async fn citizen(State(site): State<Site>) -> Response {
    let at = Instant::parse_rfc3339("2026-12-03T11:30:00+07:00").unwrap();
    let shell = Shell::citizen(&site, None, "", "Thủ tục <của> tôi").active("/thu-tuc");
    page::html(CitizenPage {
        shell: shell.notice(NoticeKind::Done, "Đã lưu."),
        day: at.day(),
        days: vec![at.day().plus(1)],
        at,
        fee: "37500".parse().unwrap(),
        bytes: 6_500_000,
        count: 12408,
        number: "079190004482".into(),
    })
}

fn official_shell(site: &Site) -> Shell {
    let side = SideNav {
        title: "Hồ sơ một cửa".into(),
        groups: vec![NavGroup {
            title: "Hồ sơ".into(),
            items: vec![
                NavItem::new("Đang xử lý", "/mot-cua?nhom=dang-xu-ly").icon("file-text").count(34),
                NavItem::new("Quá hạn", "/mot-cua?nhom=qua-han")
                    .icon("clock-exclamation")
                    .count(2)
                    .tone(Tone::Red),
                NavItem::new("Sắp đến hạn", "/mot-cua?nhom=sap").count(0).tone(Tone::Amber),
            ],
        }],
    };
    Shell::official(
        site,
        ViewerBadge::new("Nguyễn Hoài Linh", "Một cửa xã Tân An"),
        "tok-en_1",
        "Hồ sơ đang xử lý",
    )
    .module("/mot-cua")
    .active("/mot-cua?nhom=dang-xu-ly")
    .side(side)
    .search("/mot-cua", "Tìm hồ sơ")
}

async fn official(State(site): State<Site>) -> Response {
    page::html(OfficialPage { shell: official_shell(&site) })
}

async fn fail(Path(kind): Path<String>) -> Result<Json<String>, Problem> {
    match kind.as_str() {
        "panic" => panic!("the handler broke"),
        "fault" => Err(Problem::fault("disk gone")),
        "invalid" => Err(Problem::field("age", "Nhập <một> số nguyên.")),
        "wait" => Err(Problem::TooMany { retry_after_s: 7 }),
        "taken" => Err(db::Error::Taken("unit.code".into()).into()),
        "bare" => Err(Problem::SignInNeeded { back: "/api/fail/bare".into() }),
        _ => Ok(Json(kind)),
    }
}

#[derive(serde::Deserialize, serde::Serialize)]
struct Asked {
    name: String,
    parts: Vec<u32>,
}

async fn echo(Json(asked): Json<Asked>) -> Json<Asked> {
    Json(asked)
}

pub(super) async fn app(t: &TestDb) -> (Router, Site) {
    let (site, _) = site(t).await;
    let routes = Router::new()
        .route("/thu-tuc", get(citizen))
        .route("/mot-cua", get(official))
        .route("/fail/{kind}", get(fail))
        .route("/api/fail/{kind}", get(fail))
        .route("/api/echo", post(echo))
        .route("/tho", get(async |_: axum::extract::Query<Asked>| "never"))
        .with_state(site.clone());
    (crate::layers(routes.merge(crate::routes(&site)), &site), site)
}

#[test]
fn a_citizens_page_has_its_frame_and_only_links_that_exist() {
    on_sqlite(async |t| {
        let (app, _) = app(&t).await;
        let page = Browser::default().get(&app, "/thu-tuc").await;
        assert_eq!(page.status, 200);
        let body = &page.body;
        for part in [
            r#"<html lang="vi" data-color-scheme="light">"#,
            "<title>Thủ tục &#60;của&#62; tôi – Dịch vụ công Vĩnh Long</title>",
            r##"<a class="ds-skip-link" href="#noi-dung">"##,
            r#"<a href="/thu-tuc" aria-current="page">Thủ tục</a>"#,
            r#"<a href="/tra-cuu">Tra cứu hồ sơ</a>"#,
            r#"href="/dang-nhap""#,
            r#"<main id="noi-dung" class="cl-wrap cl-main">"#,
            r#"<div class="cl-note cl-note--ok cl-flash" role="status">"#,
            "Ủy ban nhân dân tỉnh Vĩnh Long",
            "(miễn phí, 7:00–21:00 hằng ngày)",
        ] {
            assert!(body.contains(part), "{part}\n{body}");
        }
        let formats = "03/12/2026; 11:30, 03/12/2026; 11:30, thứ Năm 03/12/2026; \
2026-12-03T11:30:00+07:00; 37.500\u{a0}₫; 6,2 MB;\n12.408; •••••••••482; 04/12/2026 <svg class=\"ic\"";
        assert!(body.contains(formats), "{body}");
        assert!(!body.contains("_csrf") && !body.contains("Đăng xuất") && !body.contains(" style="));
        assert!(!body.contains(r##"href="#""##));
    });
}

#[test]
fn an_officials_page_has_modules_side_list_search_and_menu() {
    on_sqlite(async |t| {
        let (app, _) = app(&t).await;
        let page = Browser::default().get(&app, "/mot-cua").await;
        let body = &page.body;
        for part in [
            r#"<body class="app" data-size="sm""#,
            r#"<nav class="mods" aria-label="Phân hệ"><a href="/mot-cua" aria-current="page">Hồ sơ</a>"#,
            r#"<form class="a-find" role="search" action="/mot-cua">"#,
            r#"<i aria-hidden="true">NL</i><span>Nguyễn Hoài Linh<small>Một cửa xã Tân An</small>"#,
            r#"class="" aria-current="page"><svg"#,
            r#"Đang xử lý<span>34</span>"#,
            r#"class="red""#,
            r#"<form method="post" action="/dang-xuat"><input type="hidden" name="_csrf" value="tok-en_1">"#,
            "<title>Hồ sơ đang xử lý – Cửu Long</title>",
        ] {
            assert!(body.contains(part), "{part}\n{body}");
        }
        assert!(!body.contains(r#"class="amb""#));
        assert!(body.contains(r#"<dialog class="cl-keys""#) && !body.contains("data-no-keys"));
    });
}

#[test]
fn every_answer_has_the_same_headers() {
    on_sqlite(async |t| {
        let (app, mut site) = app(&t).await;
        let page = Browser::default().get(&app, "/thu-tuc").await;
        let shown = |answer: &Answer| -> String {
            let names = answer
                .headers
                .iter()
                .filter(|(name, _)| !["x-request-id", "content-length"].contains(&name.as_str()));
            let mut lines: Vec<String> =
                names.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
            lines.sort();
            lines.join("\n")
        };
        let expected = "\
cache-control: no-cache
content-language: vi
content-security-policy: default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; \
object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'
content-type: text/html; charset=utf-8
cross-origin-opener-policy: same-origin
cross-origin-resource-policy: same-origin
permissions-policy: camera=(), microphone=(), geolocation=(), payment=()
referrer-policy: same-origin
vary: accept-encoding
vary: cookie
x-content-type-options: nosniff
x-frame-options: SAMEORIGIN";
        assert_eq!(shown(&page), expected, "\n{}", shown(&page));
        let unknown = Browser::default().get(&app, "/khong-co").await;
        assert_eq!(shown(&unknown), expected);
        let with_cookie = Browser::with("nobody").get(&app, "/thu-tuc").await;
        assert_eq!(with_cookie.header("cache-control"), "no-store");
        assert_ne!(page.header("x-request-id"), with_cookie.header("x-request-id"));
        site.secure_cookies = true;
        let secure = crate::layers(Router::new(), &site);
        let answer = Browser::default().get(&secure, "/").await;
        assert_eq!(answer.header("strict-transport-security"), "max-age=31536000");
    });
}

#[test]
fn problems_are_pages_for_people_and_json_for_programs() {
    on_sqlite(async |t| {
        let (app, _) = app(&t).await;
        let browser = Browser::default();
        let mut table = String::new();
        for path in [
            "/khong-co",
            "/api/khong-co",
            "/fail/panic",
            "/api/fail/panic",
            "/fail/fault",
            "/api/fail/fault",
            "/fail/invalid",
            "/api/fail/invalid",
            "/fail/wait",
            "/api/fail/wait",
            "/fail/taken",
            "/api/fail/bare",
            "/fail/bare",
            "/tho",
            "/api/echo",
            "/tai-nguyen/cl.0.css",
        ] {
            let answer = browser.get(&app, path).await;
            let kind = answer.header("content-type").split(';').next().unwrap().to_string();
            table += &format!("{} {path} {kind}", answer.status.as_u16());
            for name in ["location", "retry-after", "www-authenticate", "allow"] {
                if !answer.header(name).is_empty() {
                    table += &format!(" {name}={}", answer.header(name));
                }
            }
            table += "\n";
        }
        let expected = "\
404 /khong-co text/html
404 /api/khong-co application/problem+json
500 /fail/panic text/html
500 /api/fail/panic application/problem+json
500 /fail/fault text/html
500 /api/fail/fault application/problem+json
422 /fail/invalid text/html
422 /api/fail/invalid application/problem+json
429 /fail/wait text/html retry-after=7
429 /api/fail/wait application/problem+json retry-after=7
409 /fail/taken text/html
401 /api/fail/bare application/problem+json www-authenticate=Bearer
303 /fail/bare  location=/dang-nhap?ve=%2Fapi%2Ffail%2Fbare
400 /tho text/html
405 /api/echo application/problem+json allow=POST
404 /tai-nguyen/cl.0.css text/html
";
        assert_eq!(table, expected, "\n{table}");

        let json = browser.get(&app, "/api/fail/invalid").await.json();
        assert_eq!(json["type"], "/problems/invalid");
        assert_eq!(json["title"], "Còn 1 mục cần sửa");
        assert_eq!(json["errors"][0]["field"], "age");
        let fault = browser.get(&app, "/api/fail/fault").await;
        assert_eq!(fault.json()["incident"].as_str().unwrap().len(), 10);
        assert!(!fault.body.contains("disk gone"));
        let page = browser.get(&app, "/fail/panic").await;
        assert!(!page.body.contains("the handler broke") && page.body.contains("Mã tham chiếu"));
        let page = browser.get(&app, "/fail/invalid").await;
        assert!(page.body.contains("<li>Nhập &#60;một&#62; số nguyên.</li>"), "{}", page.body);
    });
}

#[test]
fn json_bodies_are_read_in_nfc_and_their_errors_name_the_place() {
    on_sqlite(async |t| {
        let (app, _) = app(&t).await;
        let send = async |kind: &str, body: &str| {
            let request = Browser::default().request(Method::POST, "/api/echo").header("content-type", kind);
            let answer = ask(&app, request.body(Body::from(body.to_string())).unwrap()).await;
            let json = answer.json();
            (answer.status.as_u16(), json["code"].clone(), json["errors"][0]["field"].clone(), json)
        };
        let (status, .., json) = send("application/json", r#"{"name":"Tha\u0301i","parts":[1]}"#).await;
        assert_eq!((status, &json["name"]), (200, &"Thái".into()));
        let (status, code, field, _) = send("application/json", r#"{"name":"a","parts":[1,"x"]}"#).await;
        assert_eq!((status, code, field), (422, "invalid".into(), "parts[1]".into()));
        let (status, code, ..) = send("application/json", r#"{"name":"#).await;
        assert_eq!((status, code), (400, "malformed".into()));
        let (status, code, ..) = send("text/plain", "x").await;
        assert_eq!((status, code), (415, "unsupported-media".into()));
        let (status, code, ..) = send("application/json", &format!("[{}]", " ".repeat(1_000_001))).await;
        assert_eq!((status, code), (413, "too-large".into()));
    });
}

#[test]
fn assets_are_named_by_content_packed_and_kept_for_good() {
    on_sqlite(async |t| {
        let (app, _) = app(&t).await;
        let style = Browser::default().get(&app, assets::url("cl.css")).await;
        assert_eq!(style.status, 200);
        assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
        assert_eq!(style.header("cache-control"), "public, max-age=31536000, immutable");
        assert!(style.body.contains(assets::url("noto-sans-vietnamese.woff2")));
        assert!(!style.body.contains("url(fonts/") && !style.body.contains("@import"));
        let packed = Browser::with("x").request(Method::GET, assets::url("cl.css"));
        let packed =
            ask(&app, packed.header("accept-encoding", "br, gzip").body(Body::empty()).unwrap()).await;
        assert_eq!(packed.header("content-encoding"), "gzip");
        assert_eq!(packed.header("cache-control"), "public, max-age=31536000, immutable");
        for name in
            ["receipt.css", "cl.js", "favicon.svg", "noto-sans-latin.woff2", "be-vietnam-pro-latin.woff2"]
        {
            let asset = Browser::default().get(&app, assets::url(name)).await;
            assert_eq!(asset.status, 200, "{name}");
            assert!(asset.header("cache-control").contains("immutable"));
        }
        assert_eq!(assets::url("no-such.css"), "");
        let licences = Browser::default().get(&app, "/giay-phep").await.body;
        for part in ["Digdir", "Paweł Kuna", "Noto Project", "Be Vietnam Pro", "SIL OPEN FONT LICENSE"] {
            assert!(licences.contains(part), "{part}");
        }
        assert_eq!(
            Browser::default().get(&app, "/favicon.ico").await.header("content-type"),
            "image/svg+xml"
        );
    });
}

#[test]
fn a_kept_page_is_never_older_than_its_data() {
    on_sqlite(async |t| {
        let (_, site) = app(&t).await;
        let cached = Cached::new();
        let plain = HeaderMap::new();
        let shown = async |version: i64, title: &str, headers: &HeaderMap| {
            let page = || OfficialPage { shell: Shell { title: title.into(), ..official_shell(&site) } };
            let response = cached.answer(headers, "home", version, page);
            let packed = response.headers().contains_key(header::CONTENT_ENCODING);
            let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
            (packed, String::from_utf8_lossy(&bytes).into_owned())
        };
        assert!(shown(1, "Một", &plain).await.1.contains("<h1>Một</h1>"));
        assert!(shown(1, "Hai", &plain).await.1.contains("<h1>Một</h1>"));
        assert!(shown(2, "Hai", &plain).await.1.contains("<h1>Hai</h1>"));
        let mut gzip = HeaderMap::new();
        gzip.insert(header::ACCEPT_ENCODING, "gzip".parse().unwrap());
        assert!(shown(2, "Ba", &gzip).await.0);
        // a slow reader of old data gets the newer page, and does not put the old one back: otherwise
        // two first visitors who counted at once would leave every later request to render anew
        assert!(shown(1, "Một", &plain).await.1.contains("<h1>Hai</h1>"));
        assert!(shown(2, "Bốn", &plain).await.1.contains("<h1>Hai</h1>"));
        // each language has a page of its own
        let english = lang::speaking(Lang::En, shown(2, "Two", &plain)).await.1;
        assert!(english.contains("<h1>Two</h1>") && english.contains(r#"<html lang="en""#));
        assert!(shown(2, "Ba", &plain).await.1.contains("<h1>Hai</h1>"));
    });
}

#[test]
fn a_page_that_does_not_render_is_a_fault() {
    let response = page::html_with(StatusCode::UNPROCESSABLE_ENTITY, Broken);
    assert_eq!(response.status(), 500);
}

#[derive(Template)]
#[template(source = "{{ self.fail()? }}", ext = "html")]
struct Broken;

impl Broken {
    fn fail(&self) -> askama::Result<String> {
        Err(askama::Error::Fmt)
    }
}
