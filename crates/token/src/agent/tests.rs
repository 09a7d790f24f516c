//! What the agent refuses, before any token is asked.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use http_body_util::BodyExt;
use pki::der::{Tag, Writer};
use tower::ServiceExt;

use super::*;

const SITE: &str = "https://motcua.vinhlong.gov.vn";
const HOST: &str = "127.0.0.1:17860";
const CERTIFICATE: [u8; 32] = [7; 32];

fn agent() -> Arc<Agent> {
    let address = ([127, 0, 0, 1], PORT).into();
    let now = base::Instant::parse_rfc3339("2026-08-20T09:00:00+07:00").unwrap();
    Agent::new(Vec::new(), vec![SITE.into()], address, Clock::fixed(now))
}

/// Signed attributes that speak of this hash and this certificate.
fn attributes(hash: &[u8], certificate: &[u8]) -> String {
    let set = Writer::build(|w| {
        w.set(|w| {
            w.sequence(|w| {
                w.oid(pki::oid::MESSAGE_DIGEST).set(|w| {
                    w.octets(hash);
                });
            });
            w.sequence(|w| {
                w.oid(pki::oid::SIGNING_CERTIFICATE_V2).nest(Tag::SET, |w| {
                    w.sequence(|w| {
                        w.sequence(|w| {
                            w.sequence(|w| {
                                w.octets(certificate);
                            });
                        });
                    });
                });
            });
        });
    });
    BASE64.encode(set)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn form() -> Vec<(&'static str, String)> {
    vec![
        ("v", "1".into()),
        ("return", format!("{SITE}/mot-cua/ky-so/da-ky")),
        ("state", "abc".into()),
        ("certificate", hex(&CERTIFICATE)),
        ("digest", "sha256".into()),
        ("what", "Giấy khai sinh số 12".into()),
        ("hash", hex(&[1; 32])),
        ("attributes", attributes(&[1; 32], &CERTIFICATE)),
    ]
}

fn with(name: &str, value: &str) -> Vec<(&'static str, String)> {
    let mut form = form();
    form.iter_mut().filter(|(key, _)| *key == name).for_each(|(_, v)| *v = value.to_string());
    form
}

async fn posts(
    agent: &Arc<Agent>,
    path: &str,
    origin: Option<&str>,
    form: &[(&str, String)],
) -> (StatusCode, String) {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let mut request = Request::post(path).header("host", HOST);
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    let answer = router(agent.clone()).oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[test]
fn a_request_is_read_only_when_all_of_it_holds_together() {
    let known = [SITE.to_string()];
    let read = |form: &[(&str, String)]| {
        let form: Vec<_> = form.iter().map(|(k, v)| (k.to_string(), v.clone())).collect();
        Asked::read(&form, Some(SITE), &known)
    };
    assert_eq!(read(&form()).unwrap().items[0].what, "Giấy khai sinh số 12");
    let other = hex(&[9; 32]);
    let table = [
        ("another version", with("v", "2"), Wrong::Field("v")),
        ("back to another site", with("return", "https://evil.example/"), Wrong::Return),
        ("a name that only begins alike", with("return", &format!("{SITE}.evil.example/")), Wrong::Return),
        ("another port", with("return", &format!("{SITE}:8443/")), Wrong::Return),
        ("a script for an address", with("return", "javascript:alert(1)"), Wrong::Return),
        ("a long word", with("state", &"x".repeat(600)), Wrong::Field("state")),
        ("half a fingerprint", with("certificate", "07"), Wrong::Field("certificate")),
        ("a broken hash function", with("digest", "sha1"), Wrong::Field("digest")),
        ("no description", with("what", "  "), Wrong::Field("what")),
        ("a description of two lines", with("what", "a\nb"), Wrong::Field("what")),
        ("a hash that is none", with("hash", "zz"), Wrong::Field("hash")),
        ("attributes that are none", with("attributes", "AAAA"), Wrong::Field("attributes")),
        ("another document's hash is shown", with("hash", &other), Wrong::OtherDocument),
        ("another certificate signs", with("certificate", &other), Wrong::OtherCertificate),
        (
            "attributes without the certificate",
            with("attributes", &BASE64.encode([0x31, 0x00])),
            Wrong::OtherDocument,
        ),
    ];
    for (what, form, wrong) in table {
        assert_eq!(read(&form).unwrap_err(), wrong, "{what}");
    }
    let twice: Vec<_> = form().into_iter().chain([("state", "b".to_string())]).collect();
    assert_eq!(read(&twice).unwrap_err(), Wrong::Field("state"));
    let unpaired: Vec<_> = form().into_iter().chain([("what", "b".to_string())]).collect();
    assert_eq!(read(&unpaired).unwrap_err(), Wrong::Items);
    let many: Vec<_> = (0..501).flat_map(|_| form().split_off(5)).chain(form()).collect();
    assert_eq!(read(&many).unwrap_err(), Wrong::Items);
}

#[tokio::test]
async fn only_a_known_site_and_only_our_own_name_are_answered() {
    let agent = agent();
    for origin in [None, Some("https://evil.example"), Some("null"), Some("http://127.0.0.1:17860")] {
        let (status, page) = posts(&agent, "/ky", origin, &form()).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{origin:?}");
        assert!(page.contains("Chưa ký gì"), "{page}");
    }
    for host in ["evil.example:17860", "127.0.0.1:80", "127.0.0.1"] {
        let request = Request::get("/").header("host", host).body(Body::empty()).unwrap();
        let answer = router(agent.clone()).oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::MISDIRECTED_REQUEST, "{host}");
    }
}

#[tokio::test]
async fn what_is_signed_is_shown_and_a_pin_from_elsewhere_is_not_taken() {
    let agent = agent();
    let (status, page) = posts(&agent, "/ky", Some(SITE), &form()).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    for shown in ["Giấy khai sinh số 12", "0101 0101", SITE, "Chưa thấy thiết bị"] {
        assert!(page.contains(shown), "{shown} in {page}");
    }
    let path = page.split("action=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_string();
    let pin = [("pin", "1234".to_string())];
    for origin in [None, Some(SITE), Some("https://evil.example")] {
        assert_eq!(posts(&agent, &path, origin, &pin).await.0, StatusCode::FORBIDDEN, "{origin:?}");
    }
    // The token is not plugged in: the request waits for it.
    let own = Some("http://127.0.0.1:17860");
    let (status, page) = posts(&agent, &path, own, &pin).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("Cắm thiết bị"), "{page}");
    assert!(!page.contains("1234"), "a PIN is never shown again");
    let no = [("pin", String::new()), ("no", "1".to_string())];
    assert_eq!(posts(&agent, &path, own, &no).await.0, StatusCode::OK);
    assert_eq!(posts(&agent, &path, own, &pin).await.0, StatusCode::NOT_FOUND, "it is over");
}

#[test]
fn requests_wait_for_minutes_and_the_oldest_gives_way() {
    let asked = Asked {
        origin: SITE.into(),
        back: format!("{SITE}/"),
        state: String::new(),
        certificate: CERTIFICATE.to_vec(),
        digest: Digest::Sha256,
        items: Vec::new(),
    };
    let mut waiting = asked::Waiting::default();
    let now = base::Instant::parse_rfc3339("2026-08-20T09:00:00+07:00").unwrap();
    for n in 0..=asked::WAITING_MAX {
        waiting.put(n.to_string(), asked.clone(), now);
    }
    assert!(waiting.find("0", now).is_none());
    assert!(waiting.find("1", now).is_some());
    assert!(waiting.find("1", now.plus_minutes(asked::WAITS_MINUTES)).is_none());
    assert_eq!([waiting.tried("1"), waiting.tried("1")], [1, 0]);
}
