//! Sign-in, forms, uploads: what is taken, what is refused, and what is not lost.

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{Method, header};
use axum::routing::{get, post};
use base::Hand;
use db::testing::{TestDb, both, on_sqlite};
use db::{Tx, args};

use super::{Browser, ask, signed_in, site};
use crate::session::{Kind, MaybeSigned};
use crate::{Form, Problem, RawForm, Signed, Site, Upload};

#[derive(serde::Deserialize)]
struct Note {
    text: String,
}

async fn save(signed: Signed, Form(note): Form<Note>) -> String {
    format!("{} wrote {}", signed.account, note.text)
}

async fn open_to_all(MaybeSigned(signed): MaybeSigned, form: RawForm) -> String {
    format!("{} sent {:?}", signed.map_or("a visitor".into(), |s| s.account), form.0)
}

async fn upload(_: Signed, mut upload: Upload) -> Result<String, Problem> {
    let mut told = String::new();
    while let Some(file) = upload.next_file(100).await? {
        let (name, kind) = (file.file_name.clone(), file.content_type.clone());
        told += &format!("{name} {kind} {}; ", file.bytes().await?.len());
    }
    Ok(told + upload.text("note").unwrap_or("-"))
}

async fn large(_: Signed, mut upload: Upload) -> Result<String, Problem> {
    let mut bytes = 0;
    while let Some(mut file) = upload.next_file(3_000_000).await? {
        while file.chunk().await?.is_some() {}
        bytes += file.read_bytes();
    }
    Ok(bytes.to_string())
}

async fn app(t: &TestDb) -> (Router, Site, Hand) {
    let (site, hand) = site(t).await;
    let routes = Router::new()
        .route("/viet", get(async |signed: Signed| signed.account).post(save))
        .route("/gui", post(open_to_all))
        .route("/tep", post(upload).layer(DefaultBodyLimit::max(2_000)))
        .route("/tep-lon", post(large).layer(DefaultBodyLimit::max(4_000_000)))
        .route("/api/me", get(async |signed: Signed| signed.account))
        .route("/dang-nhap", get(async |State(_): State<Site>| "sign in").post(open_to_all))
        .with_state(site.clone());
    (crate::layers(routes.merge(crate::routes(&site)), &site), site, hand)
}

#[test]
fn a_form_needs_its_sessions_token_and_its_own_site() {
    both(async |t| {
        let (app, site, _) = app(&t).await;
        let (token, csrf) = signed_in(&site, Kind::Browser).await;
        let an = Browser::with(&token);
        let form = format!("_csrf={csrf}&text=+Xin+ch%C3%A0o+");
        let answer = an.post(&app, "/viet", &form).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, "an wrote Xin chào"));
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(an.post(&app, "/viet", "text=a").await.status, 403);
        assert_eq!(an.post(&app, "/viet", "_csrf=other&text=a").await.status, 403);
        assert_eq!(an.post(&app, "/viet", &format!("_csrf={csrf}")).await.status, 422);
        let large = format!("_csrf={csrf}&text={}", "a".repeat(1_000_000));
        assert_eq!(an.post(&app, "/viet", &large).await.status, 413);
        // a visitor has no token and needs none
        let visitor = Browser::default().post(&app, "/gui", "a=1&a=2&_csrf=old").await;
        assert_eq!(visitor.body, r#"a visitor sent [("a", "1"), ("a", "2")]"#);
        // another site's page, told by either header
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.test"),
            ("origin", "null"),
        ] {
            let request = axum::http::Request::post("/gui")
                .header(header::HOST, "dichvucong.test")
                .header(name, value)
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            let answer = ask(&app, request.body(Body::from("a=1")).unwrap()).await;
            assert_eq!(answer.status, 403, "{name}: {value}");
        }
        let same = axum::http::Request::post("/gui")
            .header(header::HOST, "dichvucong.test")
            .header("origin", "https://dichvucong.test")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        assert_eq!(ask(&app, same.body(Body::from("a=1")).unwrap()).await.status, 200);
        let json = an.request(Method::POST, "/gui").header(header::CONTENT_TYPE, "text/plain");
        assert_eq!(ask(&app, json.body(Body::from("a=1")).unwrap()).await.status, 415);
    });
}

#[test]
fn a_token_works_only_where_it_was_made_for() {
    on_sqlite(async |t| {
        let (app, site, _) = app(&t).await;
        let (browser, _) = signed_in(&site, Kind::Browser).await;
        let (api, _) = signed_in(&site, Kind::Api).await;
        let bearer = async |token: &str| {
            let request =
                axum::http::Request::get("/api/me").header("authorization", format!("Bearer {token}"));
            ask(&app, request.body(Body::empty()).unwrap()).await.status.as_u16()
        };
        assert_eq!((bearer(&api).await, bearer(&browser).await, bearer("none").await), (200, 401, 401));
        assert_eq!(Browser::with(&browser).get(&app, "/viet").await.status, 200);
        assert_eq!(Browser::with(&api).get(&app, "/viet").await.status, 303);
        // a bearer token needs no form token: no browser sends it by itself
        let post = axum::http::Request::post("/viet")
            .header("authorization", format!("Bearer {api}"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        assert_eq!(ask(&app, post.body(Body::from("text=a")).unwrap()).await.body, "an wrote a");
    });
}

#[test]
fn reading_pages_does_not_write() {
    both(async |t| {
        let (app, site, hand) = app(&t).await;
        let (token, _) = signed_in(&site, Kind::Browser).await;
        let an = Browser::with(&token);
        let begun = site.clock.now();
        let seen = async || {
            let read = async move |tx: &mut Tx| -> Result<i64, Problem> {
                Ok(tx.get("select seen_at from session", args![]).await?)
            };
            (site.db.read(read).await.unwrap() - begun.micros()) / 1_000_000
        };
        for (second, seen_at) in [(10, 0), (59, 0), (61, 61), (100, 61), (1_800, 1_800)] {
            hand.set(begun.plus_seconds(second));
            assert_eq!(an.get(&app, "/viet").await.status, 200);
            assert_eq!(seen().await, seen_at, "after {second} s");
        }
    });
}

#[test]
fn an_expired_session_leads_through_sign_in_and_back() {
    both(async |t| {
        let (app, site, hand) = app(&t).await;
        let (token, _) = signed_in(&site, Kind::Browser).await;
        let an = Browser::with(&token);
        hand.set(site.clock.now().plus_minutes(31));
        let answer = an.get(&app, "/viet?a=1").await;
        assert_eq!(answer.status, 303);
        assert_eq!(answer.header("location"), "/dang-nhap?ve=%2Fviet%3Fa%3D1&het=1");
        let visitor = Browser::default().get(&app, "/viet").await;
        assert_eq!(visitor.header("location"), "/dang-nhap?ve=%2Fviet");
        // signing in again with the old cookie still there
        assert_eq!(an.post(&app, "/dang-nhap", "so=1").await.body, r#"a visitor sent [("so", "1")]"#);
    });
}

#[test]
fn nothing_typed_is_lost_when_a_session_expires() {
    both(async |t| {
        let (app, site, hand) = app(&t).await;
        let (token, csrf) = signed_in(&site, Kind::Browser).await;
        let an = Browser::with(&token);
        hand.set(site.clock.now().plus_minutes(31));
        let typed = format!("_csrf={csrf}&text=%22D%C3%A0i%22+%3Cl%E1%BA%AFm%3E&them=1&them=2");
        let answer = an.post(&app, "/viet?b=2", &typed).await;
        assert_eq!(answer.status, 303);
        let location = answer.header("location").to_string();
        let kept =
            location.strip_prefix("/dang-nhap?ve=%2Fgui-lai%2F").unwrap().strip_suffix("&het=1").unwrap();
        let page = format!("/gui-lai/{kept}");
        // not for visitors, not for the expired session
        assert_eq!(Browser::default().get(&app, &page).await.status, 303);
        assert_eq!(an.get(&app, &page).await.status, 303);

        let (token, csrf) = signed_in(&site, Kind::Browser).await;
        let an = Browser::with(&token);
        let shown = an.get(&app, &page).await;
        assert_eq!(shown.status, 200);
        for part in [
            r#"<form class="cl-gap" method="post" action="/viet?b=2">"#.to_string(),
            format!(r#"<input type="hidden" name="_csrf" value="{csrf}">"#),
            r#"name="text" value="&#34;Dài&#34; &#60;lắm&#62;">"#.to_string(),
            r#"name="them" value="2">"#.to_string(),
        ] {
            assert!(shown.body.contains(&part), "{part}\n{}", shown.body);
        }
        let form = format!("_csrf={csrf}&text=%22D%C3%A0i%22+%3Cl%E1%BA%AFm%3E&them=1&them=2");
        assert_eq!(an.post(&app, "/viet?b=2", &form).await.body, "an wrote \"Dài\" <lắm>");
        // after a day it is gone
        hand.set(site.clock.now().plus_minutes(25 * 60));
        let (token, _) = signed_in(&site, Kind::Browser).await;
        assert_eq!(Browser::with(&token).get(&app, &page).await.status, 404);
    });
}

#[test]
fn kept_forms_are_their_accounts_alone_and_hold_no_passwords() {
    both(async |t| {
        let (app, site, hand) = app(&t).await;
        let (token, _) = signed_in(&site, Kind::Browser).await;
        hand.set(site.clock.now().plus_minutes(31));
        let an = Browser::with(&token);
        for secret in ["mat_khau_moi=bi-mat&text=a", "pin=246810&text=a"] {
            let secret = an.post(&app, "/viet", secret).await;
            assert_eq!(secret.header("location"), "/dang-nhap?ve=%2F&het=1");
        }
        let kept = an.post(&app, "/viet", "text=a").await;
        let page =
            kept.header("location").split("%2F").last().unwrap().trim_end_matches("&het=1").to_string();
        let now = site.clock.now();
        let (binh, path) = (t.act(), format!("/gui-lai/{page}"));
        let token = site.db.write(binh, async move |tx: &mut Tx| -> Result<_, Problem> {
            Ok(crate::session::start(tx, "binh", Kind::Browser, now).await?)
        });
        let token = token.await.unwrap();
        assert_eq!(Browser::with(token.as_str()).get(&app, &path).await.status, 404);
        assert_eq!(
            token.cookie(&site).to_str().unwrap(),
            format!("cl_phien={}; Path=/; HttpOnly; SameSite=Lax", token.as_str())
        );
        for _ in 0..25 {
            an.post(&app, "/viet", "text=a").await;
        }
        let count = async |tx: &mut Tx| -> Result<i64, Problem> {
            Ok(tx.get("select count(*) from kept_form", args![]).await?)
        };
        assert_eq!(site.db.read(count).await.unwrap(), 20);
        // a token nobody ever had keeps nothing
        let stranger = Browser::with("never-was-one").post(&app, "/viet", "text=a").await;
        assert_eq!(stranger.header("location"), "/dang-nhap?ve=%2F&het=1");
    });
}

fn multipart(parts: &[(&str, Option<&str>, &str)]) -> String {
    let mut body = String::new();
    for (name, file, text) in parts {
        let file_name =
            file.map_or(String::new(), |f| format!("; filename=\"{f}\"\r\nContent-Type: application/pdf"));
        body +=
            &format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"{file_name}\r\n\r\n{text}\r\n");
    }
    body + "--B--\r\n"
}

#[test]
fn uploads_show_the_token_first_and_stay_in_their_limits() {
    both(async |t| {
        let (app, site, _) = app(&t).await;
        let (token, csrf) = signed_in(&site, Kind::Browser).await;
        let an = Browser::with(&token);
        let send = async |parts: &[(&str, Option<&str>, &str)]| {
            let request =
                an.request(Method::POST, "/tep").header("content-type", "multipart/form-data; boundary=B");
            let answer = ask(&app, request.body(Body::from(multipart(parts))).unwrap()).await;
            let said = if answer.status == 200 { answer.body } else { String::new() };
            (answer.status.as_u16(), said)
        };
        let token = ("_csrf", None, csrf.as_str());
        let file = ("f", Some(r"C:\x\Đơn.pdf"), "%PDF");
        let good =
            send(&[token, ("note", None, " Gửi "), file, ("g", Some(""), ""), ("g", Some("b.pdf"), "12")])
                .await;
        assert_eq!(good, (200, "Đơn.pdf application/pdf 4; b.pdf application/pdf 2; Gửi".into()));
        assert_eq!(send(&[file, token]).await.0, 403);
        assert_eq!(send(&[("note", None, "a"), token, file]).await.0, 403);
        assert_eq!(send(&[("_csrf", None, "other"), file]).await.0, 403);
        assert_eq!(send(&[token, ("f", Some("a.pdf"), &"a".repeat(101))]).await.0, 413);
        assert_eq!(send(&[token, ("f", Some("a.pdf"), &"a".repeat(3_000))]).await.0, 413);
        let no_end = format!("{}--B\r\nContent-Dis", multipart(&[token]).replace("--B--\r\n", ""));
        let broken =
            an.request(Method::POST, "/tep").header("content-type", "multipart/form-data; boundary=B");
        assert_eq!(ask(&app, broken.body(Body::from(no_end)).unwrap()).await.status, 400);
        let plain = an.request(Method::POST, "/tep").header("content-type", "text/plain");
        assert_eq!(ask(&app, plain.body(Body::empty()).unwrap()).await.status, 415);
    });
}

#[test]
fn a_route_says_how_much_its_uploads_may_bring() {
    on_sqlite(async |t| {
        let (app, site, _) = app(&t).await;
        let (token, csrf) = signed_in(&site, Kind::Browser).await;
        let send = async |path: &str, size_bytes: usize, files: usize| {
            let content = "a".repeat(size_bytes);
            let mut parts = vec![("_csrf", None, csrf.as_str())];
            parts.extend((0..files).map(|_| ("f", Some("a.pdf"), content.as_str())));
            let request = Browser::with(&token).request(Method::POST, path);
            let request = request.header("content-type", "multipart/form-data; boundary=B");
            let answer = ask(&app, request.body(Body::from(multipart(&parts))).unwrap()).await;
            (answer.status.as_u16(), answer.body)
        };
        // more than the usual limit of a body, less than this route's
        assert_eq!(send("/tep-lon", 2_000_000, 1).await, (200, "2000000".into()));
        assert_eq!(send("/tep-lon", 3_000_001, 1).await.0, 413);
        assert_eq!(send("/tep-lon", 1_500_000, 3).await.0, 413);
        assert_eq!(send("/tep", 90, 30).await.0, 413);
    });
}
