//! Real PKCS#11, as SoftHSM2 does it: keys made in a token, signatures that others accept, and the agent
//! from the site's form to the signatures.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use base::{Clock, Instant};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use http_body_util::BodyExt;
use judges::{Way, row};
use pki::cert::{Serial, Validity};
use pki::cms::{Content, Draft, Embed, SignedData};
use pki::key::KeyKind;
use pki::profile::{Addresses, Kind};
use pki::{Certificate, Digest, Name, PrivateKey, PublicKey, SignatureAlgorithm, Signer, issue, oid};
use token::agent::{Agent, PORT, router};
use token::key::{Pool, generate, put_certificate};
use token::module::{Module, Pin, TokenError};
use token::testing::{self, LIBRARY, PIN};
use tower::ServiceExt;

const SITE: &str = "https://motcua.vinhlong.gov.vn";
const ID: [u8; 2] = [0x0a, 0x01];

/// Runs a story with a token of its own, by its serial number.
fn in_softhsm(name: &str, story: impl FnOnce(&Module, &str)) {
    testing::in_softhsm(name, |_| {
        let module = Module::open(Path::new(LIBRARY)).unwrap();
        let tokens = module.tokens().unwrap();
        assert_eq!(tokens.len(), 1, "the token made for this story");
        story(&module, &tokens[0].serial);
    });
}

fn pin(text: &str) -> Pin {
    Pin::new(text.to_string())
}

fn now() -> Instant {
    Instant::parse_rfc3339("2026-08-20T09:00:00+07:00").unwrap()
}

fn named(name: &str) -> Name {
    Name::builder().with(oid::COMMON_NAME, name).build()
}

/// An authority of this story alone.
fn authority() -> (PrivateKey, Certificate) {
    let key = PrivateKey::generate(KeyKind::P256).unwrap();
    let root = draft(Kind::Root, "Thử nghiệm – gốc", key.public_key().clone(), &key, "Thử nghiệm – gốc");
    let root = root.sign(&key).unwrap();
    (key, root)
}

fn draft(kind: Kind, subject: &str, key: PublicKey, issuer: &PrivateKey, by: &str) -> issue::Draft {
    issue::Draft {
        kind,
        serial: Serial::random(),
        issuer: named(by),
        issuer_key_id: issuer.public_key().id(),
        subject: named(subject),
        key,
        validity: Validity { not_before: now().plus_days(-1), not_after: now().plus_days(365) },
        alt_names: Vec::new(),
        policies: Vec::new(),
        addresses: Addresses::default(),
    }
}

/// A key and a certificate of an official in the token.
fn official(module: &Module, serial: &str, kind: KeyKind, folder: &Path) -> Certificate {
    let session = module.unlock(serial, &pin(PIN)).unwrap();
    let key = generate(&session, kind, &ID, "chữ ký số").unwrap();
    let (ca, root) = authority();
    let certificate = draft(Kind::Official, "Trần Văn Bình", key, &ca, "Thử nghiệm – gốc").sign(&ca).unwrap();
    put_certificate(&session, &ID, "chứng thư số", &certificate).unwrap();
    std::fs::write(folder.join("root.pem"), root.pem()).unwrap();
    session.logout().unwrap();
    certificate
}

fn openssl_accepts(folder: &Path, message: &[u8], content: &[u8]) {
    std::fs::write(folder.join("m.der"), message).unwrap();
    std::fs::write(folder.join("content"), content).unwrap();
    let said = Command::new("openssl")
        .current_dir(folder)
        .args(["cms", "-verify", "-cades", "-inform", "DER", "-in", "m.der", "-binary"])
        .args(["-content", "content", "-CAfile", "root.pem", "-purpose", "any", "-out", "out"])
        .args(["-attime", &(now().micros() / 1_000_000).to_string()])
        .output()
        .expect("openssl is installed");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
}

fn signs_what_openssl_accepts(module: &Module, serial: &str, kind: KeyKind) {
    let folder = tempfile::tempdir().unwrap();
    let certificate = official(module, serial, kind, folder.path());
    let held = module.certificates(serial).unwrap();
    assert_eq!(held.len(), 1, "certificates are seen without a PIN");
    assert_eq!(held[0].certificate.der(), certificate.der());
    let pool = Arc::new(Pool::open(module, serial, &pin(PIN), 3).unwrap());
    std::thread::scope(|scope| {
        for n in 0..6 {
            let (pool, certificate, folder) = (&pool, &certificate, folder.path().join(n.to_string()));
            std::fs::create_dir(&folder).unwrap();
            std::fs::copy(folder.parent().unwrap().join("root.pem"), folder.join("root.pem")).unwrap();
            scope.spawn(move || {
                let key = pool.key(ID.to_vec(), certificate.public_key().clone()).unwrap();
                let content = format!("Giấy khai sinh số {n}");
                let message = Draft::new(certificate, &[]).sign(content.as_bytes(), false, &key).unwrap();
                openssl_accepts(&folder, &message, content.as_bytes());
            });
        }
    });
    if kind == KeyKind::Rsa2048 {
        let key = pool.key(ID.to_vec(), certificate.public_key().clone()).unwrap();
        let pss = SignatureAlgorithm::RsaPss { digest: Digest::Sha256, salt_bytes: 32 };
        let key = key.using(pss);
        let signature = key.sign(b"x").unwrap();
        certificate.public_key().verify(pss, b"x", &signature).unwrap();
        row("softhsm2-util", Way::Theirs, "RSA signatures by a key in a token", 7);
        row("openssl cms", Way::Ours, "CAdES with an RSA key in a token", 6);
    } else {
        row("softhsm2-util", Way::Theirs, "P-256 signatures by a key in a token", 6);
        row("openssl cms", Way::Ours, "CAdES with a P-256 key in a token", 6);
    }
}

#[test]
fn a_p256_key_in_a_token_signs_what_openssl_accepts() {
    in_softhsm("a_p256_key_in_a_token_signs_what_openssl_accepts", |module, serial| {
        signs_what_openssl_accepts(module, serial, KeyKind::P256);
    });
}

#[test]
fn an_rsa_key_in_a_token_signs_what_openssl_accepts() {
    in_softhsm("an_rsa_key_in_a_token_signs_what_openssl_accepts", |module, serial| {
        signs_what_openssl_accepts(module, serial, KeyKind::Rsa2048);
    });
}

#[test]
fn a_token_says_no_in_kinds_that_can_be_told_apart() {
    in_softhsm("a_token_says_no_in_kinds_that_can_be_told_apart", |module, serial| {
        for wrong in ["000000", "", &"9".repeat(100)] {
            let said = module.unlock(serial, &pin(wrong)).err();
            assert_eq!(said, Some(TokenError::WrongPin { last: false }), "{wrong}");
        }
        assert_eq!(module.unlock("no such token", &pin(PIN)).err(), Some(TokenError::Gone));
        let pool = Arc::new(Pool::open(module, serial, &pin(PIN), 1).unwrap());
        let (key, _) = authority();
        let nobody = pool.key(vec![9], key.public_key().clone()).unwrap();
        assert!(nobody.sign(b"x").is_err(), "no such key");
        let missing = Module::open(Path::new("/nowhere/p11.so")).unwrap_err();
        assert!(matches!(missing, TokenError::NoLibrary(_)), "{missing}");
    });
}

struct Visit {
    agent: Arc<Agent>,
}

impl Visit {
    async fn posts(&self, path: &str, origin: &str, form: &[(&str, String)]) -> (u16, String) {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request =
            Request::post(path).header("host", format!("127.0.0.1:{PORT}")).header("origin", origin);
        let request = request.body(Body::from(body)).unwrap();
        let answer = router(self.agent.clone()).oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }
}

fn values(page: &str, name: &str) -> Vec<String> {
    let mark = format!("name=\"{name}\" value=\"");
    page.split(&mark).skip(1).map(|rest| rest.split('"').next().unwrap().replace("&#43;", "+")).collect()
}

#[test]
fn the_agent_signs_two_papers_under_one_pin_and_sends_the_browser_back() {
    in_softhsm("the_agent_signs_two_papers_under_one_pin_and_sends_the_browser_back", |module, serial| {
        let folder = tempfile::tempdir().unwrap();
        let certificate = official(module, serial, KeyKind::P256, folder.path());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(two_papers(module, &certificate, folder.path()));
    });
}

async fn two_papers(module: &Module, certificate: &Certificate, folder: &Path) {
    let address = ([127, 0, 0, 1], PORT).into();
    let agent = Agent::new(vec![module.clone()], vec![SITE.into()], address, Clock::fixed(now()));
    let visit = Visit { agent };
    let papers = ["Giấy khai sinh số 12", "Giấy khai sinh số 13"];
    let algorithm = SignatureAlgorithm::Ecdsa(Digest::Sha256);
    let draft = Draft::new(certificate, &[]).at(now());
    let unsigned = papers.map(|paper| draft.to_sign(&Digest::Sha256.of(paper.as_bytes()), algorithm));
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let mut form = vec![
        ("v", "1".to_string()),
        ("return", format!("{SITE}/mot-cua/ky-so/da-ky")),
        ("state", "trạng thái & 1".to_string()),
        ("certificate", hex(&certificate.fingerprint(Digest::Sha256))),
        ("digest", "sha256".to_string()),
    ];
    for (paper, unsigned) in papers.iter().zip(&unsigned) {
        form.push(("what", paper.to_string()));
        form.push(("hash", hex(&Digest::Sha256.of(paper.as_bytes()))));
        form.push(("attributes", BASE64.encode(unsigned.bytes())));
    }
    let (status, page) = visit.posts("/ky", SITE, &form).await;
    assert_eq!(status, 200, "{page}");
    for shown in ["Trần Văn Bình", "Cuu Long", papers[0], papers[1], SITE] {
        assert!(page.contains(shown), "{shown} in {page}");
    }
    let path = page.split("action=\"").nth(1).unwrap().split('"').next().unwrap().to_string();
    let own = format!("http://127.0.0.1:{PORT}");
    let (status, page) = visit.posts(&path, &own, &[("pin", "111111".into())]).await;
    assert!(status == 422 && page.contains("Mã PIN không đúng"), "{page}");
    let (status, page) = visit.posts(&path, &own, &[("pin", PIN.into())]).await;
    assert_eq!(status, 200, "{page}");
    assert!(page.contains(&format!("action=\"{SITE}/mot-cua/ky-so/da-ky\"")), "{page}");
    assert_eq!(BASE64.decode(&values(&page, "certificate")[0]).unwrap(), certificate.der());
    let signatures = values(&page, "signature");
    assert_eq!(signatures.len(), 2);
    for ((paper, unsigned), signature) in papers.iter().zip(unsigned).zip(signatures) {
        let message = unsigned.finish(&BASE64.decode(signature).unwrap(), Embed::Detached);
        let read = SignedData::parse(&message).unwrap();
        let report = read.check(&read.signers[0], Content::Bytes(paper.as_bytes()), &[]);
        assert!(report.is_intact(), "{report:?}");
        openssl_accepts(folder, &message, paper.as_bytes());
    }
    let (status, _) = visit.posts(&path, &own, &[("pin", PIN.into())]).await;
    assert_eq!(status, 404, "a request is signed once");
    row("openssl cms", Way::Ours, "CAdES by the agent, two papers under one PIN", papers.len());
}
