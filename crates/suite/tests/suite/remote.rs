//! Signing from afar: programs of officials over the CSC API, driven by pyHanko too; files signed over our
//! own API; and files signed on a telephone.

mod binary;
mod files;
pub mod phone;

use std::path::Path;
use std::process::Command;

use axum::http::Method;
use base::{Clock, Instant};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use db::testing::{TestDb, both};
use pki::{Certificate, Digest, SignatureAlgorithm};
use serde_json::{Value, json};
use std::net::SocketAddr;
use suite::person::{Answer, Person};
use suite::town::Town;
use suite::town::people::*;

use crate::desk::{browser, says};
use crate::signing::PIN;
use crate::validation::commands::one_page;

/// The simulated telephone of the chairman.
pub const NUMBER: &str = "0900000001";
const SHA256: &str = "2.16.840.1.101.3.4.2.1";
const ECDSA_SHA256: &str = "1.2.840.10045.4.3.2";

/// A town whose clock goes right, since others look at the machine's; its chairman, its records clerk and the
/// commune's seal sign, and the chairman has a telephone that signs too.
pub async fn signing_town(t: &TestDb) -> Town {
    let town = Town::of(t).await;
    let now = Clock::system().now();
    town.hand.set(now);
    get_keys(&town, now).await;
    town
}

/// They get their certificates, good from now on.
pub async fn get_keys(town: &Town, now: Instant) {
    let plan = trust::Plan::signers(vec![CHAIRMAN.into(), RECORDS.into()], PIN);
    let plan = plan.with_phones(vec![(CHAIRMAN.into(), NUMBER.into())]);
    trust::seed_demo(&town.opened.trust, &plan, now, |_, _, _| {}).await.expect("they get certificates");
}

async fn csc(who: &mut Person, path: &str, body: Value) -> Answer {
    who.calls(Method::POST, &format!("/csc/{path}"), Some(&body)).await
}

/// The one credential of an official who has one.
pub async fn credential(who: &mut Person) -> String {
    let list = csc(who, "v2/credentials/list", json!({})).await.expect(200).json();
    let ids = list["credentialIDs"].as_array().expect("a list");
    assert_eq!(ids.len(), 1, "{list}");
    ids[0].as_str().expect("a text").to_string()
}

fn hash(text: &str) -> String {
    STANDARD.encode(Digest::Sha256.of(text.as_bytes()))
}

/// What was refused, as the protocol says it.
#[track_caller]
fn refused(answer: Answer, status: u16, error: &str, description: &str) {
    let said = answer.expect(status).json();
    assert_eq!((&said["error"], &said["error_description"]), (&error.into(), &description.into()), "{said}");
}

/// Authorises over version 2 with the right PIN; the SAD.
async fn authorised(who: &mut Person, credential: &str, hashes: &[String]) -> String {
    let body = json!({
        "credentialID": credential, "numSignatures": hashes.len(), "hashes": hashes,
        "hashAlgorithmOID": SHA256, "authData": [{ "id": "PIN", "value": PIN }],
    });
    let said = csc(who, "v2/credentials/authorize", body).await.expect(200).json();
    assert_eq!(said["expiresIn"], 300, "{said}");
    said["SAD"].as_str().expect("a text").to_string()
}

fn to_sign(credential: &str, sad: &str, hashes: &[String]) -> Value {
    json!({ "credentialID": credential, "SAD": sad, "hashes": hashes, "signAlgo": ECDSA_SHA256 })
}

async fn certificate(who: &mut Person, credential: &str) -> Certificate {
    let body = json!({ "credentialID": credential, "certificates": "single" });
    let said = csc(who, "v2/credentials/info", body).await.expect(200).json();
    let der = STANDARD.decode(said["cert"]["certificates"][0].as_str().expect("a certificate"));
    Certificate::parse(&der.expect("Base64")).expect("a certificate")
}

#[track_caller]
fn signs(certificate: &Certificate, text: &str, signature: &Value) {
    let made = STANDARD.decode(signature.as_str().expect("a signature")).expect("Base64");
    let algorithm = SignatureAlgorithm::Ecdsa(Digest::Sha256);
    assert_eq!(certificate.public_key().verify(algorithm, text.as_bytes(), &made), Ok(()), "{text}");
}

/// The town on a free port of loopback.
async fn served(town: &Town) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it listens");
    let service = town.opened.router.clone().into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

#[test]
fn pyhanko_signs_through_our_address_and_pyhanko_and_poppler_accept_it() {
    both(async |t| {
        let town = signing_town(&t).await;
        let mut chairman = town.token(CHAIRMAN).await;
        let credential = credential(&mut chairman).await;
        let chain = town.stranger().gets("/pki/ca.pem").await.expect(200).body;
        let root = chain_root(&String::from_utf8_lossy(&chain));
        std::fs::write(t.dir().join("root.pem"), root).expect("a temporary folder");
        let names = ["a.pdf", "b.pdf", "c.pdf"];
        for name in names {
            std::fs::write(t.dir().join(name), one_page()).expect("a temporary folder");
        }
        let token = town.api_token(CHAIRMAN).await;
        pyhanko_signs(t.dir(), served(&town).await, [&token, &credential, PIN], &names).await;
        for name in names {
            let path = t.dir().join(format!("signed-{name}"));
            let judged = Command::new("pdfsig").arg("-nocert").arg(path).output().expect("poppler-utils");
            let judged = String::from_utf8_lossy(&judged.stdout).into_owned();
            assert!(judged.contains("Signature is Valid"), "{judged}");
        }
        // All three under one authorisation, which the owner sees.
        let mut owner = browser(&town, CHAIRMAN).await;
        owner.opens("/chung-thu-so/ky-tu-xa").await.expect(200);
        let link = owner.link("pyHanko");
        owner.opens(&link).await.expect(200);
        says(&owner, "Đã ký");
        says(&owner, "3 văn bản");
        town.audit_book_is_whole().await;
    });
}

/// pyHanko's client signs these files of a folder through the service at this address, all under one
/// authorisation, and finds each of them right under the `root.pem` beside them.
async fn pyhanko_signs(folder: &Path, at: SocketAddr, [token, credential, pin]: [&str; 3], names: &[&str]) {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut peer = Command::new(home.join("peers/venv/bin/python"));
    peer.arg(home.join("tests/suite/remote/csc_peer.py")).arg(format!("http://{at}"));
    peer.args([token, credential, pin, "root.pem"]).args(names).current_dir(folder);
    let output = tokio::task::spawn_blocking(move || peer.output()).await.expect("it runs");
    let output = output.expect("cargo x test installs pyHanko");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut expected = "['sha256_ecdsa'] 500 True\n".to_string();
    for name in names {
        expected += &format!("signed-{name} True True True ENTIRE_FILE True\n");
    }
    assert_eq!(said, expected, "{}", String::from_utf8_lossy(&output.stderr));
}

/// The last certificate of a chain.
fn chain_root(pem: &str) -> String {
    let end = "-----END CERTIFICATE-----";
    let all: Vec<&str> = pem.split_inclusive(end).filter(|one| one.contains("BEGIN CERTIFICATE")).collect();
    let is_root = |one: &&&str| {
        let blocks = pki::pem::read(one.as_bytes()).expect("PEM");
        Certificate::parse(&blocks[0].der).expect("a certificate").is_self_signed()
    };
    all.iter().find(is_root).expect("a chain ends in a root").trim_start().to_string()
}

#[test]
fn the_service_says_what_it_is_and_what_a_credential_is() {
    both(async |t| {
        let town = signing_town(&t).await;
        let mut stranger = town.stranger();
        let old = csc(&mut stranger, "v1/info", json!({})).await.expect(200).json();
        assert_eq!((&old["specs"], &old["authType"]), (&"1.0.4.0".into(), &json!(["basic"])), "{old}");
        let new = csc(&mut stranger, "v2/info", json!({ "lang": "vi" })).await.expect(200).json();
        assert_eq!((&new["specs"], &new["region"]), (&"2.0.0.2".into(), &"VN".into()), "{new}");
        for method in new["methods"].as_array().expect("a list") {
            let path = format!("v2/{}", method.as_str().expect("a text"));
            assert_ne!(
                csc(&mut stranger, &path, json!({})).await.status,
                404,
                "{path} is named and not there"
            );
        }

        let mut chairman = town.token(CHAIRMAN).await;
        let id = credential(&mut chairman).await;
        let body = json!({ "credentialID": id, "certificates": "chain", "certInfo": true, "authInfo": true });
        let old = csc(&mut chairman, "v1/credentials/info", body.clone()).await.expect(200).json();
        assert_eq!(
            (&old["authMode"], &old["PIN"]["presence"]),
            (&"explicit".into(), &"true".into()),
            "{old}"
        );
        let new = csc(&mut chairman, "v2/credentials/info", body).await.expect(200).json();
        assert_eq!(new["auth"]["objects"][0]["id"], "PIN", "{new}");
        for said in [&old, &new] {
            let key = json!({
                "status": "enabled", "algo": [ECDSA_SHA256], "len": 256, "curve": "1.2.840.10045.3.1.7",
            });
            assert_eq!((&said["key"], &said["SCAL"], &said["multisign"]), (&key, &"2".into(), &500.into()));
            assert_eq!(said["cert"]["certificates"].as_array().expect("a chain").len(), 3, "{said}");
            assert!(said["cert"]["validTo"].as_str().expect("a time").ends_with('Z'), "{said}");
        }
        // The records clerk seals too, and nobody else's is there.
        let mut records = town.token(RECORDS).await;
        let body = json!({ "credentialInfo": true, "onlyValid": true });
        let list = csc(&mut records, "v2/credentials/list", body).await.expect(200).json();
        assert_eq!(list["credentialInfos"].as_array().expect("a list").len(), 2, "{list}");
        let body = json!({ "credentialID": id });
        let answer = csc(&mut records, "v2/credentials/info", body).await;
        refused(answer, 400, "invalid_request", "Invalid parameter credentialID");
        let answer = csc(&mut records, "v2/credentials/list", json!({ "userID": "x" })).await;
        refused(answer, 400, "invalid_request", "userID parameter MUST be null");
    });
}

#[test]
fn a_program_signs_in_with_login_and_password_and_its_token_can_be_revoked() {
    both(async |t| {
        let town = signing_town(&t).await;
        let mut program = town.stranger();
        let answer = csc(&mut program, "v2/credentials/list", json!({})).await;
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        refused(answer, 401, "invalid_token", "The access token is not valid");
        let mut cookie = browser(&town, CHAIRMAN).await;
        let answer = csc(&mut cookie, "v2/credentials/list", json!({})).await;
        refused(answer, 401, "invalid_token", "The access token is not valid");
        let mut citizen = town.token(CITIZEN).await;
        let answer = csc(&mut citizen, "v2/credentials/list", json!({})).await;
        refused(answer, 403, "access_denied", "The remote service denied the request");

        let answer = csc(&mut program, "v1/auth/login", json!({})).await;
        refused(answer, 400, "invalid_request", "Malformed username-password");
        let basic = |password: &str| format!("Basic {}", STANDARD.encode(format!("{CHAIRMAN}:{password}")));
        program.says("authorization", &basic("wrong"));
        let answer = csc(&mut program, "v1/auth/login", json!({})).await;
        let said = "An error occurred during authentication process";
        refused(answer, 400, "authentication_error", said);
        program.says("authorization", &basic(suite::town::PASSWORD));
        let said = csc(&mut program, "v1/auth/login", json!({})).await.expect(200).json();
        assert_eq!(said["expires_in"], 1800);
        let token = said["access_token"].as_str().expect("a token").to_string();
        let mut signed_in = town.stranger().with_token(&token);
        credential(&mut signed_in).await;
        csc(&mut signed_in, "v2/auth/revoke", json!({ "token": token })).await.expect(204);
        csc(&mut signed_in, "v2/credentials/list", json!({})).await.expect(401);
    });
}

#[test]
fn a_sad_signs_once_and_only_what_it_was_given_for() {
    both(async |t| {
        let town = signing_town(&t).await;
        let mut chairman = town.token(CHAIRMAN).await;
        let id = credential(&mut chairman).await;
        let (one, two, other) = (hash("một"), hash("hai"), hash("ba"));
        let both_hashes = [one.clone(), two.clone()];
        let sad = authorised(&mut chairman, &id, &both_hashes).await;
        let sign = "v2/signatures/signHash";

        // What is refused leaves it as it was.
        let answer = csc(&mut chairman, sign, to_sign(&id, &sad, &[one.clone(), other.clone()])).await;
        refused(answer, 400, "invalid_request", "Hash is not authorized by the SAD");
        let answer = csc(&mut chairman, sign, to_sign(&id, &sad, &[one.clone(), one.clone()])).await;
        refused(answer, 400, "invalid_request", "Hash is not authorized by the SAD");
        let answer = csc(&mut chairman, sign, to_sign(&id, &sad, &[])).await;
        refused(answer, 400, "invalid_request", "Empty hashes array");
        let mut body = to_sign(&id, &sad, &both_hashes);
        body["signAlgo"] = "1.2.840.113549.1.1.11".into();
        let answer = csc(&mut chairman, sign, body).await;
        refused(answer, 400, "invalid_request", "Invalid parameter signAlgo");
        let mut body = to_sign(&id, &sad, &both_hashes);
        body["operationMode"] = "A".into();
        let answer = csc(&mut chairman, sign, body).await;
        refused(answer, 400, "invalid_request", "Invalid parameter operationMode");
        // Another's, or another key's, it never is.
        let mut records = town.token(RECORDS).await;
        let list = csc(&mut records, "v2/credentials/list", json!({})).await.expect(200).json();
        let theirs = list["credentialIDs"][0].as_str().expect("a text");
        let answer = csc(&mut records, sign, to_sign(theirs, &sad, &both_hashes)).await;
        refused(answer, 400, "invalid_request", "Invalid parameter SAD");

        let said = csc(&mut chairman, sign, to_sign(&id, &sad, &both_hashes)).await.expect(200).json();
        let certificate = certificate(&mut chairman, &id).await;
        signs(&certificate, "một", &said["signatures"][0]);
        signs(&certificate, "hai", &said["signatures"][1]);
        let answer = csc(&mut chairman, sign, to_sign(&id, &sad, &both_hashes)).await;
        refused(answer, 400, "invalid_request", "Invalid parameter SAD");

        // Nor is it good for long.
        let sad = authorised(&mut chairman, &id, &both_hashes).await;
        town.hand.advance(std::time::Duration::from_secs(301));
        let answer = csc(&mut chairman, sign, to_sign(&id, &sad, &both_hashes)).await;
        refused(answer, 400, "invalid_request", "SAD expired");
    });
}

#[test]
fn at_two_nodes_a_sad_of_one_signs_at_the_other_and_never_at_both() {
    both(async |t| {
        let town = signing_town(&t).await;
        let there = town.second_node(&t).await;
        let token = town.api_token(CHAIRMAN).await;
        let mut one = town.stranger().with_token(&token);
        let mut other = Person::inside(there.router.clone()).with_token(&token);
        let id = credential(&mut one).await;
        let certificate = certificate(&mut one, &id).await;
        let hashes = [hash("một")];
        let sad = authorised(&mut one, &id, &hashes).await;
        let body = to_sign(&id, &sad, &hashes);
        let said = csc(&mut other, "v2/signatures/signHash", body.clone()).await.expect(200).json();
        signs(&certificate, "một", &said["signatures"][0]);
        csc(&mut one, "v2/signatures/signHash", body).await.expect(400);
        for _ in 0..5 {
            let body = to_sign(&id, &authorised(&mut one, &id, &hashes).await, &hashes);
            let (a, b) = tokio::join!(
                csc(&mut one, "v2/signatures/signHash", body.clone()),
                csc(&mut other, "v2/signatures/signHash", body),
            );
            let mut statuses = [a.status, b.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 400], "{} {}", a.text(), b.text());
        }
    });
}

#[test]
fn five_wrong_pins_lock_the_key_for_programs_and_pages_alike() {
    both(async |t| {
        let town = signing_town(&t).await;
        let mut chairman = town.token(CHAIRMAN).await;
        let id = credential(&mut chairman).await;
        let with =
            |pin: &str| json!({ "credentialID": id, "numSignatures": 1, "hash": [hash("a")], "PIN": pin });
        let path = "v1/credentials/authorize";
        for _ in 0..4 {
            refused(csc(&mut chairman, path, with("135791")).await, 400, "invalid_pin", "The PIN is invalid");
        }
        for pin in ["135791", PIN] {
            refused(csc(&mut chairman, path, with(pin)).await, 400, "invalid_request", "PIN locked");
        }
        let body = json!({ "credentialID": id });
        let said = csc(&mut chairman, "v1/credentials/info", body).await.expect(200).json();
        assert_eq!(said["key"]["status"], "disabled");
        let mut owner = browser(&town, CHAIRMAN).await;
        owner.opens("/chung-thu-so/ky").await.expect(200);
        says(&owner, "Đã khóa");
    });
}

#[test]
fn an_authorisation_names_its_hashes_all_of_them_and_no_more_than_five_hundred() {
    both(async |t| {
        let town = signing_town(&t).await;
        let mut chairman = town.token(CHAIRMAN).await;
        let id = credential(&mut chairman).await;
        let many: Vec<String> = (0..501).map(|n| hash(&n.to_string())).collect();
        let said = async |chairman: &mut Person, body: Value| {
            let mut whole = json!({ "credentialID": id, "authData": [{ "id": "PIN", "value": PIN }] });
            for (name, value) in body.as_object().expect("an object") {
                whole[name] = value.clone();
            }
            csc(chairman, "v2/credentials/authorize", whole).await
        };
        let one = [hash("a")];
        let table = [
            (json!({ "hashes": one }), "Missing (or invalid type) integer parameter numSignatures"),
            (json!({ "numSignatures": 1 }), "Missing (or invalid type) array parameter hashes"),
            (json!({ "numSignatures": 0, "hashes": one }), "Invalid value for parameter numSignatures"),
            (json!({ "numSignatures": 2, "hashes": one }), "Invalid value for parameter numSignatures"),
            (json!({ "numSignatures": 501, "hashes": many }), "Numbers of signatures is too high"),
            (json!({ "numSignatures": 1, "hashes": ["?"] }), "Invalid Base64 hash string parameter"),
            (json!({ "numSignatures": 1, "hashes": ["YWJj"] }), "Invalid digest value length"),
            (
                json!({ "numSignatures": 1, "hashes": one, "hashAlgorithmOID": "2.16.840.1.101.3.4.2.3" }),
                "Invalid parameter hashAlgorithmOID",
            ),
            (
                json!({ "numSignatures": 1, "hashes": one, "documentDigests": [{ "hash": hash("b") }] }),
                "Invalid object parameter documentDigests",
            ),
        ];
        for (body, expected) in table {
            refused(said(&mut chairman, body).await, 400, "invalid_request", expected);
        }
        let batch = &many[..500];
        let sad = authorised(&mut chairman, &id, batch).await;
        let made = csc(&mut chairman, "v2/signatures/signHash", to_sign(&id, &sad, batch)).await.expect(200);
        let made = made.json();
        assert_eq!(made["signatures"].as_array().expect("a list").len(), 500);
        signs(&certificate(&mut chairman, &id).await, "499", &made["signatures"][499]);
    });
}

/// Asks without a PIN; the handle.
pub async fn asks_the_owner(who: &mut Person, credential: &str) -> String {
    let body = json!({
        "credentialID": credential, "numSignatures": 2, "hashes": [hash("một"), hash("hai")],
        "description": "Công văn của Sở Nội vụ",
        "documentDigests": [
            { "hash": hash("hai"), "label": "Phụ lục.pdf" },
            { "hash": hash("một"), "label": "Công văn 12.pdf" },
        ],
    });
    let said = csc(who, "v2/credentials/authorize", body).await.expect(202).json();
    said["handle"].as_str().expect("a handle").to_string()
}

#[test]
fn the_owner_reads_what_is_to_be_signed_before_the_pin_and_may_say_no() {
    both(async |t| {
        let town = signing_town(&t).await;
        let mut program = town.token(CHAIRMAN).await;
        let id = credential(&mut program).await;
        let handle = asks_the_owner(&mut program, &id).await;
        let check = json!({ "handle": handle });
        let waits =
            csc(&mut program, "v2/credentials/authorizeCheck", check.clone()).await.expect(202).json();
        assert_eq!(waits["handle"], handle.as_str());

        let mut owner = browser(&town, CHAIRMAN).await;
        owner.opens("/chung-thu-so/ky-tu-xa").await.expect(200);
        says(&owner, "Chờ mã PIN");
        let link = owner.link("Công văn của Sở Nội vụ");
        owner.opens(&link).await.expect(200);
        let first = Digest::Sha256.of("một".as_bytes());
        let first: String = first.iter().map(|byte| format!("{byte:02x}")).collect();
        for words in ["Công văn 12.pdf", "Phụ lục.pdf", &first, "2 văn bản"] {
            says(&owner, words);
        }
        let mut other = browser(&town, RECORDS).await;
        other.opens(&link).await.expect(404);
        owner.submits("Cho phép ký", &[("pin", "135791")]).await.expect(422);
        says(&owner, "Mã PIN không đúng. Còn 4 lần thử.");
        let done = owner.submits("Cho phép ký", &[("pin", PIN)]).await.expect(303);
        owner.follows(done).await.expect(200);
        says(&owner, "Đã cho phép ký.");

        // A lost answer is asked for again; the SAD before it is worth nothing then.
        let first =
            csc(&mut program, "v2/credentials/authorizeCheck", check.clone()).await.expect(200).json();
        let second =
            csc(&mut program, "v2/credentials/authorizeCheck", check.clone()).await.expect(200).json();
        let hashes = [hash("một"), hash("hai")];
        let sign = "v2/signatures/signHash";
        let body = to_sign(&id, first["SAD"].as_str().expect("a SAD"), &hashes);
        refused(csc(&mut program, sign, body).await, 400, "invalid_request", "Invalid parameter SAD");
        let body = to_sign(&id, second["SAD"].as_str().expect("a SAD"), &hashes);
        let made = csc(&mut program, sign, body).await.expect(200).json();
        signs(&certificate(&mut program, &id).await, "một", &made["signatures"][0]);
        let answer = csc(&mut program, "v2/credentials/authorizeCheck", check).await;
        refused(answer, 400, "invalid_request", "Invalid parameter handle");

        // No is no, and what is granted can be taken back until it is used.
        let handle = asks_the_owner(&mut program, &id).await;
        owner.opens("/chung-thu-so/ky-tu-xa").await.expect(200);
        let link = owner.link("Công văn của Sở Nội vụ");
        owner.opens(&link).await.expect(200);
        owner.submits("Cho phép ký", &[("pin", PIN)]).await.expect(303);
        owner.opens(&link).await.expect(200);
        owner.submits("Không cho phép", &[]).await.expect(303);
        let answer = csc(&mut program, "v2/credentials/authorizeCheck", json!({ "handle": handle })).await;
        refused(answer, 400, "access_denied", "The user denied the request");

        // Nobody waits for ever.
        let handle = asks_the_owner(&mut program, &id).await;
        owner.opens("/chung-thu-so/ky-tu-xa").await.expect(200);
        let link = owner.link("Công văn của Sở Nội vụ");
        owner.opens(&link).await.expect(200);
        town.hand.advance(std::time::Duration::from_secs(16 * 60));
        owner.submits("Cho phép ký", &[("pin", PIN)]).await.expect(422);
        says(&owner, "Yêu cầu này đã hết hạn.");
        let answer = csc(&mut program, "v2/credentials/authorizeCheck", json!({ "handle": handle })).await;
        refused(answer, 400, "invalid_request", "Invalid parameter handle");
        town.audit_book_is_whole().await;
    });
}
