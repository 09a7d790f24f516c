//! A result signed with the token in the official's hand: the page, the agent with SoftHSM2, and back.

use std::path::Path;

use axum::body::Body;
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use db::Tx;
use db::testing::{TestDb, both};
use http_body_util::BodyExt;
use pki::key::KeyKind;
use pki::{Certificate, Digest, Name, oid};
use suite::html::Page;
use suite::person::{Answer, Person};
use suite::town::people::*;
use suite::town::{Town, morning};
use token::agent::{Agent, PORT, router};
use token::key::{Pool, generate, put_certificate};
use token::module::Module;
use token::testing::{LIBRARY, PIN as TOKEN_PIN, in_softhsm, pin};
use tower::ServiceExt;

use super::{PIN, RECORDS, is_not_out, judged_by_others, printed, result, signs};
use crate::trust::asks;
use crate::{after_result, desk};

const STORY: &str = "signing::device::the_chairman_signs_with_the_token_in_hand";

#[test]
fn the_chairman_signs_with_the_token_in_hand() {
    in_softhsm(STORY, |_| {
        let module = Module::open(Path::new(LIBRARY)).unwrap();
        both(async |t| story(&t, &module).await);
    });
}

/// A key of the chairman in the token, and the certificate that the province gives for it.
async fn chairman_gets_a_token(town: &Town, module: &Module, id: &[u8]) -> Certificate {
    let serial = module.tokens().unwrap()[0].serial.clone();
    let session = module.unlock(&serial, &pin()).unwrap();
    let key = generate(&session, KeyKind::P256, id, "chữ ký số").unwrap();
    session.logout().unwrap();
    drop(session);
    let csr = {
        let pool = std::sync::Arc::new(Pool::open(module, &serial, &pin(), 1).unwrap());
        let signer = pool.key(id.to_vec(), key).unwrap();
        let name = Name::builder().with(oid::COMMON_NAME, "x").build();
        pki::csr::Request::make(&name, &[], &signer).unwrap()
    };
    let mut keeper = desk::browser(town, UNIT_ADMIN).await;
    let asked = asks(&mut keeper, &[("holder", CHAIRMAN)], &csr).await.expect(303);
    let mut admin = desk::browser(town, ADMIN).await;
    admin.opens(asked.header("location")).await.expect(200);
    let done = admin.submits("Duyệt và cấp chứng thư", &[]).await.expect(303);
    admin.follows(done).await.expect(200);
    let page = admin.link("Xem chứng thư");
    let der = admin.gets(&format!("{page}/tep")).await.expect(200).body;
    let certificate = Certificate::parse(&der).unwrap();
    let session = module.unlock(&serial, &pin()).unwrap();
    put_certificate(&session, id, "chứng thư số", &certificate).unwrap();
    session.logout().unwrap();
    certificate
}

/// The agent on the chairman's machine.
struct Machine(std::sync::Arc<Agent>);

impl Machine {
    async fn posts(&self, path: &str, origin: &str, form: &[(String, String)]) -> (u16, Page, String) {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = Request::post(path).header("host", format!("127.0.0.1:{PORT}"));
        let request = request.header("origin", origin).body(Body::from(body)).unwrap();
        let answer = router(self.0.clone()).oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(body.to_vec()).unwrap();
        (status, Page::parse(&text), text)
    }

    /// What comes back for these fields when the right PIN is given.
    async fn signs(&self, site: &str, fields: &[(String, String)]) -> Vec<(String, String)> {
        let (status, page, text) = self.posts("/ky", site, fields).await;
        assert_eq!(status, 200, "{text}");
        assert!(text.contains("Giấy khai sinh") && text.contains("01/GKS"), "it says what is signed: {text}");
        let form = page.forms().into_iter().find(|form| form.controls.iter().any(|c| c == "pin")).unwrap();
        let given: Vec<_> = form.fields.into_iter().filter(|(name, _)| name != "pin").collect();
        let given = [given, vec![("pin".to_string(), TOKEN_PIN.to_string())]].concat();
        let own = format!("http://127.0.0.1:{PORT}");
        let (status, page, text) = self.posts(&form.action, &own, &given).await;
        assert_eq!(status, 200, "{text}");
        let back = page.forms().into_iter().find(|form| form.action.starts_with(site)).unwrap();
        assert_eq!(back.action, format!("{site}/mot-cua/ky-so/tu-thiet-bi"));
        back.fields
    }
}

/// Chooses the token on the list, and gets the form that goes to the agent.
async fn chooses_the_token(chairman: &mut Person) -> Vec<(String, String)> {
    let page = chairman.opens("/mot-cua/ky-so").await.expect(200).text();
    assert!(page.contains("USB token"), "{page}");
    let answer = chairman.submits("Ký số", &[]).await.expect(200);
    let csp = answer.header("content-security-policy");
    assert!(csp.contains("form-action 'self' http://127.0.0.1:17860;"), "{csp}");
    assert_eq!(answer.header("referrer-policy"), "strict-origin");
    let forms = chairman.page().forms();
    let form = forms.iter().find(|form| form.action == "http://127.0.0.1:17860/ky").expect("a form");
    form.fields.clone()
}

/// What a browser sends that comes from the agent's page: no cookie, and whence it comes.
async fn comes_back(town: &Town, fields: &[(String, String)]) -> Answer {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let mut browser = town.stranger();
    browser.says("sec-fetch-site", "cross-site");
    let kind = Some("application/x-www-form-urlencoded");
    let path = "/mot-cua/ky-so/tu-thiet-bi";
    browser.sends(axum::http::Method::POST, path, kind, body.into()).await
}

/// The same fields with another value under a name.
fn with(fields: &[(String, String)], name: &str, value: String) -> Vec<(String, String)> {
    let put = |(n, v): &(String, String)| (n.clone(), if n == name { value.clone() } else { v.clone() });
    fields.iter().map(put).collect()
}

fn field(fields: &[(String, String)], name: &str) -> String {
    fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()).expect("the field is there")
}

async fn story(t: &TestDb, module: &Module) {
    let town = Town::of(t).await;
    let plan = trust::Plan::signers(vec![RECORDS.into()], PIN);
    trust::seed_demo(&town.opened.trust, &plan, morning(), |_, _, _| {}).await.expect("they get them");
    // Another key on each database: the token is the same.
    let id: Vec<u8> = t.dir().as_os_str().as_encoded_bytes().iter().rev().take(8).copied().collect();
    let certificate = chairman_gets_a_token(&town, module, &id).await;
    let code = after_result::decided(&town, "counter").await;
    let bare = printed(&town, &code).await;
    let site = town.opened.onestop.address.clone();
    let clock = town.opened.site.clock.clone();
    let address = ([127, 0, 0, 1], PORT).into();
    let machine = Machine(Agent::new(vec![module.clone()], vec![site.clone()], address, clock));

    let mut chairman = desk::browser(&town, CHAIRMAN).await;
    let asked = chooses_the_token(&mut chairman).await;
    let back = machine.signs(&site, &asked).await;
    assert_eq!(BASE64.decode(field(&back, "certificate")).unwrap(), certificate.der());

    // Nothing that is not exactly right is taken, and nothing of it is kept.
    let mut wrong = BASE64.decode(field(&back, "signature")).unwrap();
    *wrong.last_mut().unwrap() ^= 1;
    let twice = [back.clone(), vec![("signature".to_string(), field(&back, "signature"))]].concat();
    let none: Vec<_> = back.iter().filter(|(name, _)| name != "signature").cloned().collect();
    for (fields, told) in [
        (with(&back, "signature", BASE64.encode(wrong)), "Có chữ ký không đúng với văn bản"),
        (twice, "Có chữ ký không đúng với văn bản"),
        (none, "Có chữ ký không đúng với văn bản"),
        (with(&back, "certificate", BASE64.encode(b"other")), "bằng chứng thư số khác"),
        (with(&back, "state", "0123456789".into()), "Không còn yêu cầu ký nào"),
        (with(&back, "v", "2".into()), "Không còn yêu cầu ký nào"),
    ] {
        let said = comes_back(&town, &fields).await.expect(422).text();
        assert!(said.contains(told), "{told} in {said}");
        assert_eq!(printed(&town, &code).await, bare);
    }

    let done = comes_back(&town, &back).await.expect(303);
    assert_eq!(done.header("location"), "/mot-cua/ky-so?da=1");
    let signed = printed(&town, &code).await;
    assert!(signed.starts_with(&bare) && signed.len() > bare.len(), "an update at the end");
    is_not_out(&town, &code).await;
    let again = comes_back(&town, &back).await.expect(422).text();
    assert!(again.contains("Không còn yêu cầu ký nào"), "a request serves once: {again}");

    signs(&mut desk::browser(&town, RECORDS).await, PIN).await.expect(303);
    judged_by_others(t.dir(), &town, &result(&town, &code).await).await;
    too_late(&town, &machine, &site).await;
    town.delivers().await;
    town.audit_book_is_whole().await;
    let fingerprint = certificate.fingerprint(Digest::Sha256);
    assert_eq!(field(&asked, "certificate").len(), fingerprint.len() * 2);
}

/// Signatures that come after a quarter of an hour are not taken, and what was prepared is let go.
async fn too_late(town: &Town, machine: &Machine, site: &str) {
    let code = after_result::decided(town, "counter").await;
    let bare = printed(town, &code).await;
    let mut chairman = desk::browser(town, CHAIRMAN).await;
    let asked = chooses_the_token(&mut chairman).await;
    let (_, page, _) = machine.posts("/ky", site, &asked).await;
    assert!(!page.forms().is_empty());
    assert_eq!(town.minutes_later(0).await, 0, "the jobs have begun");
    assert_eq!(town.minutes_later(31).await, 0, "what is due is done");
    let late = vec![
        ("v".to_string(), "1".to_string()),
        ("state".to_string(), field(&asked, "state")),
        ("certificate".to_string(), String::new()),
    ];
    let said = comes_back(town, &late).await.expect(422).text();
    assert!(said.contains("Không còn yêu cầu ký nào"), "{said}");
    assert_eq!(printed(town, &code).await, bare);
    let kept = async |tx: &mut Tx| tx.get::<i64>("select count(*) from device_request", db::args![]).await;
    assert_eq!(town.opened.site.db.read::<_, db::Error, _>(kept).await.expect("the store answers"), 0);
}
