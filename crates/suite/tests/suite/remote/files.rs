//! Whole files: signed by `signDoc` and by `POST /api/v1/signatures`, and judged by others.

use std::path::Path;
use std::process::Command;

use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use db::testing::both;
use pki::Digest;
use serde_json::{Value, json};
use suite::person::{Answer, Person, Upload, multipart};
use suite::town::people::*;

use super::{ECDSA_SHA256, PIN, authorised, credential, csc, refused, signing_town};
use crate::validation::commands::one_page;

const XML: &[u8] = b"<cv xmlns=\"urn:cv\"><so>12</so></cv>";
const TEXT: &[u8] = b"Kinh gui\n";

/// What our own check says of a file: the verdict and the level of its first signature.
async fn judged(who: &mut Person, bytes: &[u8], content: Option<&[u8]>) -> (String, String) {
    let file =
        |field, bytes| Upload { field, file_name: "a", content_type: "application/octet-stream", bytes };
    let mut files = vec![file("file", bytes)];
    files.extend(content.map(|content| file("content", content)));
    let (kind, body) = multipart(&[], &files);
    let said = who.sends(Method::POST, "/api/v1/validations", Some(&kind), body).await.expect(200).json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    (text(&said["verdict"]), text(&said["signatures"][0]["level"]))
}

fn put(folder: &Path, name: &str, bytes: &[u8]) -> String {
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("a temporary folder");
    path.display().to_string()
}

/// Whether the tool of others for this kind of file is content.
fn others_accept(folder: &Path, kind: &str, signed: &[u8], content: &[u8]) -> bool {
    let file = put(folder, &format!("signed.{kind}"), signed);
    let ca = folder.join("chain.pem").display().to_string();
    let run = |program: &str, args: &[&str]| {
        let out = Command::new(program).args(args).output().unwrap_or_else(|e| panic!("{program}: {e}"));
        let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
        (out.status.success(), said)
    };
    match kind {
        "pdf" => {
            let (_, said) = run("pdfsig", &["-nocert", &file]);
            run("qpdf", &["--check", &file]).0 && said.contains("Signature is Valid")
        }
        "xml" => {
            let id = "http://uri.etsi.org/01903/v1.3.2#:SignedProperties";
            // It reads one certificate of a file, which must be the root's.
            let chain = std::fs::read_to_string(&ca).expect("the chain was written");
            let root = put(folder, "root.pem", super::chain_root(&chain).as_bytes());
            run("xmlsec1", &["--verify", "--trusted-pem", &root, "--id-attr:Id", id, &file]).0
        }
        _ => {
            let content = put(folder, "content", content);
            let words = [
                "cms",
                "-verify",
                "-binary",
                "-inform",
                "DER",
                "-in",
                &file,
                "-content",
                &content,
                "-CAfile",
                &ca,
                "-purpose",
                "any",
                "-out",
                "/dev/null",
            ];
            run("openssl", &words).0
        }
    }
}

async fn sends(who: &mut Person, fields: &[(&str, &str)], bytes: &[u8]) -> Answer {
    let fields: Vec<_> = fields.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
    let file =
        Upload { field: "file", file_name: "cong-van", content_type: "application/octet-stream", bytes };
    let files = if bytes.is_empty() { vec![] } else { vec![file] };
    let (kind, body) = multipart(&fields, &files);
    who.sends(Method::POST, "/api/v1/signatures", Some(&kind), body).await
}

#[test]
fn a_file_comes_back_signed_at_its_level_and_others_accept_it() {
    both(async |t| {
        let town = signing_town(&t).await;
        let chain = town.stranger().gets("/pki/ca.pem").await.expect(200).body;
        put(t.dir(), "chain.pem", &chain);
        let mut chairman = town.token(CHAIRMAN).await;
        let pdf = one_page();
        let mut table = String::from("\n");
        for (kind, bytes) in [("pdf", pdf.as_slice()), ("xml", XML), ("p7s", TEXT)] {
            for level in ["B-B", "B-T", "B-LT", "B-LTA"] {
                let answer = sends(&mut chairman, &[("pin", PIN), ("level", level)], bytes).await;
                if answer.status != 200 {
                    let field = answer.expect(422).json()["errors"][0]["field"].to_string();
                    table += &format!("{kind} {level}: {field}\n");
                    continue;
                }
                let media = answer.header("content-type").to_string();
                let content = (kind == "p7s").then_some(bytes);
                let (verdict, made) = judged(&mut town.stranger(), &answer.body, content).await;
                let agree = others_accept(t.dir(), kind, &answer.body, bytes);
                table += &format!("{kind} {level}: {media}, {verdict}, {made}, others {agree}\n");
            }
        }
        let expected = "
pdf B-B: application/pdf, valid, B-B, others true
pdf B-T: application/pdf, valid, B-T, others true
pdf B-LT: application/pdf, valid, B-LT, others true
pdf B-LTA: application/pdf, valid, B-LTA, others true
xml B-B: application/xml, valid, B-B, others true
xml B-T: application/xml, valid, B-T, others true
xml B-LT: application/xml, valid, B-LT, others true
xml B-LTA: \"level\"
p7s B-B: application/pkcs7-signature, valid, B-B, others true
p7s B-T: application/pkcs7-signature, valid, B-T, others true
p7s B-LT: application/pkcs7-signature, valid, B-LT, others true
p7s B-LTA: application/pkcs7-signature, valid, B-LTA, others true
";
        assert_eq!(table, expected);

        // Seen on the page where the caller says, by its holder's name.
        let place = [("pin", PIN), ("place", "1,50,50,200,60")];
        let seen = sends(&mut chairman, &place, &pdf).await.expect(200);
        let path = put(t.dir(), "seen.pdf", &seen.body);
        let words = Command::new("pdftotext").args([&path, "-"]).output().expect("poppler-utils");
        let words = String::from_utf8_lossy(&words.stdout).into_owned();
        assert!(words.contains("+07:00"), "the time stands on the page: {words}");
        town.audit_book_is_whole().await;
    });
}

#[test]
fn everything_wrong_is_told_at_once_and_only_officials_with_a_key_sign() {
    both(async |t| {
        let town = signing_town(&t).await;
        let mut chairman = town.token(CHAIRMAN).await;
        let fields = |answer: Answer| {
            let said = answer.expect(422).json();
            let errors = said["errors"].as_array().expect("a list").clone();
            errors
                .iter()
                .map(|error| error["field"].as_str().unwrap_or_default().to_string())
                .collect::<Vec<_>>()
        };
        let wrong = [("credential", "x"), ("level", "B-X"), ("format", "doc"), ("place", "1,2")];
        let told = fields(sends(&mut chairman, &wrong, TEXT).await);
        assert_eq!(told, ["credential", "level", "format", "place", "pin"]);
        assert_eq!(fields(sends(&mut chairman, &[("pin", PIN)], b"").await), ["file"]);
        let place = [("pin", PIN), ("place", "1,50,50,200,60")];
        assert_eq!(fields(sends(&mut chairman, &place, TEXT).await), ["place"]);
        let broken = [("pin", PIN), ("format", "pades")];
        assert_eq!(fields(sends(&mut chairman, &broken, b"%PDF-1.7 broken").await), ["file"]);
        assert_eq!(fields(sends(&mut chairman, &[("pin", "135791")], TEXT).await), ["pin"]);
        // Two keys, and none named.
        let mut records = town.token(RECORDS).await;
        assert_eq!(fields(sends(&mut records, &[("pin", PIN)], TEXT).await), ["credential"]);
        // An official without a key has none to name.
        let mut clerk = town.token(CLERK).await;
        assert_eq!(fields(sends(&mut clerk, &[("pin", PIN)], TEXT).await), ["credential"]);
        let mut citizen = town.token(CITIZEN).await;
        sends(&mut citizen, &[("pin", PIN)], TEXT).await.expect(403);
        sends(&mut town.stranger(), &[("pin", PIN)], TEXT).await.expect(401);
    });
}

#[test]
fn a_request_sent_twice_is_signed_once_whatever_node_it_reaches() {
    both(async |t| {
        let town = signing_town(&t).await;
        let token = town.api_token(CHAIRMAN).await;
        let mut one = town.stranger().with_token(&token);
        let mut other = Person::inside(town.second_node(&t).await.router.clone()).with_token(&token);
        let pdf = one_page();
        for (bytes, key) in [(pdf.as_slice(), "pdf"), (XML, "xml"), (TEXT, "text")] {
            one.says("idempotency-key", key);
            other.says("idempotency-key", key);
            let first = sends(&mut one, &[("pin", PIN)], bytes).await.expect(200);
            assert_eq!(first.header("idempotent-replayed"), "");
            // The PIN is no part of what is signed: a wrong one does no harm, and is not even tried.
            let again = sends(&mut other, &[("pin", "000000")], bytes).await.expect(200);
            assert_eq!((again.header("idempotent-replayed"), &again.body), ("true", &first.body), "{key}");
            assert_eq!(again.header("content-type"), first.header("content-type"));
        }
        let answer = sends(&mut one, &[("pin", PIN)], b"another file").await.expect(422).json();
        assert_eq!(answer["code"], "key-reused");
        one.says("idempotency-key", "at once");
        other.says("idempotency-key", "at once");
        let fields = [("pin", PIN)];
        let (a, b) = tokio::join!(sends(&mut one, &fields, TEXT), sends(&mut other, &fields, TEXT));
        assert_eq!(a.expect(200).body, b.expect(200).body);
    });
}

#[test]
fn an_official_is_slowed_after_many_files() {
    both(async |t| {
        let town = signing_town(&t).await;
        let mut chairman = town.token(CHAIRMAN).await;
        let mut slowed = 0;
        for _ in 0..125 {
            // Refused for its level, after it was counted.
            let answer = sends(&mut chairman, &[("pin", PIN), ("level", "B-X")], TEXT).await;
            slowed += u32::from(answer.status == 429);
        }
        assert_eq!(slowed, 5);
    });
}

#[test]
fn documents_and_digests_are_signed_in_every_format_under_one_sad() {
    both(async |t| {
        let town = signing_town(&t).await;
        let chain = town.stranger().gets("/pki/ca.pem").await.expect(200).body;
        put(t.dir(), "chain.pem", &chain);
        let mut chairman = town.token(CHAIRMAN).await;
        let id = credential(&mut chairman).await;
        let pdf = one_page();
        let hash = |bytes: &[u8]| STANDARD.encode(Digest::Sha256.of(bytes));
        let document = |bytes: &[u8], format: &str, envelope: &str, level: &str| {
            json!({
                "document": STANDARD.encode(bytes), "signature_format": format, "signAlgo": ECDSA_SHA256,
                "signed_envelope_property": envelope, "conformance_level": level,
            })
        };
        let sign = "v2/signatures/signDoc";
        let all = [hash(&pdf), hash(XML), hash(TEXT), hash(TEXT)];
        let documents = [
            document(&pdf, "P", "Revision", "Ades-B-T"),
            document(XML, "X", "Enveloped", "AdES-B-B"),
            document(TEXT, "C", "Attached", "Ades-B-LT"),
            document(TEXT, "C", "Detached", "Ades-B-B"),
        ];
        let sad = authorised(&mut chairman, &id, &all).await;
        let body = |sad: &str, more: Value| {
            let mut body = json!({ "credentialID": id, "SAD": sad });
            for (name, value) in more.as_object().expect("an object") {
                body[name] = value.clone();
            }
            body
        };
        // Others than those authorised, and what we do not make, cost nothing.
        let strange = json!({ "documents": [document(b"other", "C", "Detached", "Ades-B-B")] });
        let answer = csc(&mut chairman, sign, body(&sad, strange)).await;
        let said = "documentDigests or documents are not authorized by the SAD";
        refused(answer, 400, "invalid_request", said);
        for (documents, said) in [
            (document(&pdf, "P", "Certification", "Ades-B-B"), "Invalid parameter signed_envelope_property"),
            (document(&pdf, "J", "Detached", "Ades-B-B"), "Invalid parameter signature_format"),
            (document(&pdf, "P", "Revision", "Ades-B-X"), "Invalid parameter conformance_level"),
        ] {
            let answer = csc(&mut chairman, sign, body(&sad, json!({ "documents": [documents] }))).await;
            refused(answer, 400, "invalid_request", said);
        }
        let made = csc(&mut chairman, sign, body(&sad, json!({ "documents": documents }))).await;
        let made = made.expect(200).json();
        let bytes = |list: &str, at: usize| {
            STANDARD.decode(made[list][at].as_str().expect("a signature")).expect("Base64")
        };
        let mut stranger = town.stranger();
        for (at, level) in [(0, "B-T"), (1, "B-B"), (2, "B-LT")] {
            let (verdict, found) = judged(&mut stranger, &bytes("DocumentWithSignature", at), None).await;
            assert_eq!((verdict.as_str(), found.as_str()), ("valid", level), "{at}");
        }
        assert!(others_accept(t.dir(), "pdf", &bytes("DocumentWithSignature", 0), b""));
        assert!(others_accept(t.dir(), "p7s", &bytes("SignatureObject", 0), TEXT));

        // Digests: the documents stay where they are.
        let sad = authorised(&mut chairman, &id, &[hash(TEXT)]).await;
        let digests = json!({ "documentDigests": [{
            "hashes": [hash(TEXT)], "hashAlgorithmOID": "2.16.840.1.101.3.4.2.1", "signature_format": "C",
            "signed_envelope_property": "Detached", "signAlgo": ECDSA_SHA256,
        }] });
        let made = csc(&mut chairman, sign, body(&sad, digests)).await.expect(200).json();
        let made =
            STANDARD.decode(made["SignatureObject"][0].as_str().expect("a signature")).expect("Base64");
        assert!(others_accept(t.dir(), "p7s", &made, TEXT));
        assert_eq!(judged(&mut stranger, &made, Some(TEXT)).await.0, "valid");
    });
}

#[test]
fn the_time_is_stamped_for_whoever_may_sign() {
    both(async |t| {
        let town = signing_town(&t).await;
        let mut chairman = town.token(CHAIRMAN).await;
        let imprint = Digest::Sha256.of(TEXT);
        let body = json!({
            "hash": STANDARD.encode(&imprint), "hashAlgo": "2.16.840.1.101.3.4.2.1", "nonce": "1f2e3d",
        });
        for version in ["v1", "v2"] {
            let path = format!("{version}/signatures/timestamp");
            let said = csc(&mut chairman, &path, body.clone()).await.expect(200).json();
            let token = STANDARD.decode(said["timestamp"].as_str().expect("a token")).expect("Base64");
            let token = pki::tsp::Token::parse(&token).expect("a token");
            assert!(token.check(|digest| digest.of(TEXT), &[]).is_intact());
        }
        let wrong = json!({ "hash": "YWJj", "hashAlgo": "2.16.840.1.101.3.4.2.1" });
        let answer = csc(&mut chairman, "v2/signatures/timestamp", wrong).await;
        refused(answer, 400, "invalid_request", "Invalid digest value length");
    });
}
