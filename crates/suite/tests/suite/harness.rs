//! The tools of the suite judged on a small site of their own: a judge who finds nothing
//! wrong in a bad page would be worth nothing.

use axum::extract::Multipart;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Router};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use suite::browser::Browser;
use suite::person::{Person, Upload};

const CSP: &str = "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; \
                   object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'";

const GOOD: &str = r#"<!doctype html><html lang="vi"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Trang thử</title></head>
<body><main><h1>Nộp hồ sơ</h1><form method="post" action="/nop">
<input type="hidden" name="_csrf" value="token-1">
<p><label for="ten">Họ và tên</label> <input id="ten" name="ten" autocomplete="name"></p>
<p><button>Gửi hồ sơ</button></p></form>
<form method="post" action="/tep" enctype="multipart/form-data"><p><label for="tep">Tệp</label>
<input type="file" id="tep" name="tep"></p><p><button>Tải lên</button></p></form>
<p><a href="/xau">Trang xấu</a></p></main></body></html>"#;

const BAD: &str = r##"<!doctype html><html><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Trang xấu</title></head>
<body><main><h1>Xấu</h1><p style="color: red">Chữ đỏ</p><img src="data:,">
<pre>Một dòng rất dài không ngắt được ở đâu cả, dài hơn mọi màn hình điện thoại, và cứ thế dài thêm nữa.</pre>
<script>document.title = ''</script></main></body></html>"##;

fn site() -> Router {
    let page = |text: &'static str| ([("content-security-policy", CSP)], Html(text));
    Router::new()
        .route("/", get(move || async move { page(GOOD) }))
        .route("/xau", get(move || async move { page(BAD) }))
        .route("/nop", post(take_form))
        .route("/tep", post(take_file))
        .route("/xong", get(done))
}

async fn take_form(Form(form): Form<BTreeMap<String, String>>) -> Response {
    assert_eq!(form["_csrf"], "token-1");
    let location = form_urlencoded::byte_serialize(form["ten"].as_bytes()).collect::<String>();
    ([("set-cookie", "phien=p1; HttpOnly; Path=/")], Redirect::to(&format!("/xong?ten={location}")))
        .into_response()
}

async fn take_file(mut form: Multipart) -> String {
    let mut said = String::new();
    while let Some(field) = form.next_field().await.expect("whole multipart") {
        let name = field.file_name().unwrap_or("-").to_string();
        said += &format!("{name} {};", field.bytes().await.expect("whole file").len());
    }
    said
}

async fn done(uri: axum::http::Uri, headers: axum::http::HeaderMap) -> Html<String> {
    let query = uri.query().unwrap_or_default();
    let name = form_urlencoded::parse(query.as_bytes()).next().map(|(_, v)| v.into_owned());
    let signed_in = headers.contains_key("cookie");
    let name = name.unwrap_or_default();
    Html(GOOD.replace("Nộp hồ sơ", &format!("Đã nhận hồ sơ của {name} ({signed_in})")))
}

async fn listen(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it listens");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

#[tokio::test]
async fn a_person_fills_the_form_with_its_hidden_fields_and_keeps_cookies() {
    let wire = Person::over_the_wire(listen(site()).await);
    for mut an in [Person::inside(site()), wire] {
        an.opens("/").await.expect(200);
        let answer = an.submits("Gửi hồ sơ", &[("ten", "Nguyễn Văn An")]).await.expect(303);
        an.follows(answer).await.expect(200);
        assert!(an.page().text().contains("Đã nhận hồ sơ của Nguyễn Văn An (true)"));
        assert!(an.holds_cookie("phien"));
        let file =
            Upload { field: "tep", file_name: "giấy.pdf", content_type: "application/pdf", bytes: &[7; 9] };
        let answer = an.submits_files("Tải lên", &[], &[file]).await.expect(200);
        assert_eq!(answer.text(), "giấy.pdf 9;");
    }
}

#[tokio::test]
#[should_panic(expected = "has no field \"tuoi\"")]
async fn a_person_cannot_fill_a_field_that_is_not_there() {
    let mut an = Person::inside(site());
    an.opens("/").await;
    an.submits("Gửi hồ sơ", &[("tuoi", "40")]).await;
}

#[tokio::test]
async fn the_browser_plays_and_finds_nothing_wrong_in_a_good_page() {
    let browser = Browser::start(&format!("http://{}", listen(site()).await)).await;
    browser.goto("/").await;
    browser.fill("ten", "Lê Thị Bình").await;
    browser.click("Gửi hồ sơ").await;
    browser.sees("Đã nhận hồ sơ của Lê Thị Bình").await;
    assert!(browser.path().await.starts_with("/xong?ten="));
    let folder = tempfile::tempdir().expect("a folder");
    let pictures = browser.pictures(folder.path(), "trang").await;
    let widths: Vec<u32> = pictures.iter().map(|file| width_of(file)).collect();
    assert_eq!(widths, suite::browser::WIDTHS);
    browser.close().await;
}

#[tokio::test]
async fn the_browser_finds_each_thing_wrong_in_a_bad_page() {
    let base = format!("http://{}", listen(site()).await);
    let browser = Browser::start(&base).await;
    let bad = browser.visit_without_judging("/xau").await;
    for (width, rule) in [(1280, "html-has-lang"), (390, "html-has-lang"), (1280, "image-alt")] {
        let wanted = format!("at {width}: {rule}");
        assert!(bad.iter().any(|line| line.starts_with(&wanted)), "{wanted} is not in {bad:#?}");
    }
    for width in [390, 320] {
        let wanted = format!("at {width}: sticks out sideways");
        assert!(bad.iter().any(|line| line.starts_with(&wanted)), "{wanted} is not in {bad:#?}");
    }
    let inline: Vec<&String> = bad.iter().filter(|line| line.starts_with("inline")).collect();
    assert_eq!(inline.len(), 2, "{inline:#?}");
    browser.close().await;
}

/// The width a PNG's header names.
fn width_of(file: &std::path::Path) -> u32 {
    let bytes = std::fs::read(file).expect("the picture is there");
    u32::from_be_bytes(bytes[16..20].try_into().expect("a PNG has a header"))
}
