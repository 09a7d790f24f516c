//! What other people's programs make of our signatures, and we of theirs.

use super::support::{EXCLUSIVE, INCLUSIVE, Official, ca_path, folder, judge, p256, put, rsa, run, succeed};
use super::xades::baseline;
use judges::{Way, row};
use pki::key::{Digest, PrivateKey, SignatureAlgorithm, Signer};
use std::path::{Path, PathBuf};
use xmlsig::c14n::{Method, Rules};
use xmlsig::dsig::{Cover, KeyInfo, KeyOrigin, Request, Transform, Where};
use xmlsig::{Doc, Limits, Source, Verdict, dsig, xades};

/// Its names are ASCII, because signxml cannot read others again after it has written them.
const LETTER: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- đi --><cv:document \
    xmlns:cv=\"urn:cv\" \
    xmlns:x=\"urn:unused\" x:urgent=\"1\">\n  <cv:body>Kính gửi &lt;Sở&gt; Nội \
    vụ</cv:body>\n</cv:document>\n";

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_string()
}

/// The same official signing with another algorithm of the same key.
fn using(official: &Official, algorithm: SignatureAlgorithm) -> PrivateKey {
    let pem = std::fs::read_to_string(&official.key_path).unwrap();
    PrivateKey::from_pem(&pem).unwrap().using(algorithm).unwrap()
}

fn signxml(words: &[&str]) -> std::process::Output {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = home.join("../suite/peers/venv/bin/python");
    assert!(python.exists(), "{} is missing; `cargo x test` installs it", python.display());
    let script = text(&home.join("tests/xmlsig/peer/signxml_peer.py"));
    run(&text(&python), &[&[script.as_str()], words].concat())
}

fn signxml_verifies(path: &Path, kind: &str) {
    let output = signxml(&["verify", &text(path), &text(&ca_path()), kind]);
    assert!(output.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&output.stderr));
}

fn xmlsec1_verifies(path: &Path, more: &[&str]) {
    let (ca, path) = (text(&ca_path()), text(path));
    let words = ["--verify", "--trusted-pem", &ca, "--enabled-reference-uris", "empty,same-doc,local"];
    let output = run("xmlsec1", &[words.as_slice(), more, &[path.as_str()]].concat());
    assert!(output.status.success(), "{path}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Every algorithm the programs know of ours, by every canonicalization, in files of the one test.
fn ours(test: &str) -> Vec<(String, PathBuf, SignatureAlgorithm)> {
    use SignatureAlgorithm::RsaPkcs1;
    let algorithms = [
        (p256(), p256().key.algorithm()),
        (rsa(), RsaPkcs1(Digest::Sha256)),
        (rsa(), RsaPkcs1(Digest::Sha384)),
        (rsa(), RsaPkcs1(Digest::Sha512)),
        (rsa(), SignatureAlgorithm::pss(Digest::Sha256)),
        (rsa(), SignatureAlgorithm::pss(Digest::Sha512)),
    ];
    let mut made = vec![];
    for (official, algorithm) in algorithms {
        let key = using(official, algorithm);
        for rules in [Rules::Inclusive10, Rules::Inclusive11, Rules::Exclusive] {
            let method = Method::new(rules).with_comments();
            let mut plan = official.plan();
            plan.algorithm = algorithm;
            plan.canonicalization = method.clone();
            plan.references[0].transforms = vec![Transform::EnvelopedSignature, Transform::Canonical(method)];
            plan.references[0].digest = algorithm.digest();
            let prepared = dsig::prepare(LETTER.as_bytes(), &plan, &|_| None, &Limits::default()).unwrap();
            let signed = prepared.sign(&key).unwrap();
            let name = format!("{algorithm:?}-{rules:?}").replace(['(', ')', ' ', '{', '}', ':', ','], "");
            made.push((name.clone(), put(&format!("{test}-{name}.xml"), &signed), algorithm));
        }
    }
    made
}

#[test]
fn xmlsec1_accepts_ours() {
    let mut accepted = 0;
    for (_, path, algorithm) in ours("xmlsec1") {
        // RSA-PSS came into xmlsec1 after the version Debian 12 has.
        if !matches!(algorithm, SignatureAlgorithm::RsaPss { .. }) {
            xmlsec1_verifies(&path, &[]);
            accepted += 1;
        }
    }
    assert_eq!(accepted, 12);
    row("xmlsec1", Way::Ours, "enveloped XML signatures, every algorithm and canonical form", accepted);
}

#[test]
fn xmlsec1_refuses_what_we_break() {
    let (_, path, _) = ours("broken").remove(0);
    let broken = std::fs::read_to_string(path).unwrap().replace("Nội vụ", "Tài chính");
    let path = put("broken.xml", broken.as_bytes());
    assert!(
        !run("xmlsec1", &["--verify", "--trusted-pem", &text(&ca_path()), &text(&path)]).status.success()
    );
    assert!(!signxml(&["verify", &text(&path), &text(&ca_path()), "plain"]).status.success());
    row("xmlsec1", Way::Spoiled, "an XML signature over a changed letter", 1);
    row("signxml", Way::Spoiled, "an XML signature over a changed letter", 1);
}

#[test]
fn xmlsec1_accepts_our_enveloping_and_detached_ones() {
    let official = p256();
    let mut plan = official.plan();
    plan.place = Where::Alone;
    plan.objects = vec!["<ds:Object Id=\"o\"><thư xmlns=\"urn:t\">Kính gửi</thư></ds:Object>".into()];
    plan.references[0].uri = "#o".into();
    plan.references[0].transforms = vec![Transform::Canonical(EXCLUSIVE)];
    xmlsec1_verifies(&put("enveloping.xml", &official.sign(b"", &plan)), &[]);

    let bytes = b"any\r\nbytes \x00\xff".to_vec();
    let beside = put("beside.bin", &bytes);
    let mut plan = official.plan();
    plan.place = Where::Alone;
    plan.references[0].uri = format!("file://{}", text(&beside));
    plan.references[0].transforms = vec![];
    let prepared = dsig::prepare(b"", &plan, &|_| Some(bytes.clone()), &Limits::default()).unwrap();
    xmlsec1_verifies(&put("detached.xml", &prepared.sign(&official.key).unwrap()), &[]);
    row("xmlsec1", Way::Ours, "enveloping and detached XML signatures", 2);
}

#[test]
fn signxml_accepts_ours_and_finds_them_by_the_schema() {
    let ours = ours("signxml");
    for (_, path, _) in &ours {
        signxml_verifies(path, "plain");
    }
    row("signxml", Way::Ours, "enveloped XML signatures, by the schema too", ours.len());
}

#[test]
fn signxml_accepts_our_xades() {
    let officials = [("p256", p256()), ("rsa", rsa())];
    for (name, official) in officials {
        let signed = baseline(official);
        let path = put(&format!("xades-{name}.xml"), &signed);
        signxml_verifies(&path, "xades");
        xmlsec1_verifies(&path, &["--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties"]);
        let stamped = stamped(&signed);
        signxml_verifies(&put(&format!("xades-t-{name}.xml"), &stamped), "xades");
    }
    row("signxml", Way::Ours, "XAdES B-B and B-T", 2 * officials.len());
    row("xmlsec1", Way::Ours, "XAdES B-B", officials.len());
}

#[test]
fn we_accept_signxmls() {
    let letter = put("letter.xml", LETTER.as_bytes());
    let table = [
        (rsa(), "RSA_SHA256"),
        (rsa(), "RSA_SHA512"),
        (rsa(), "SHA256_RSA_MGF1"),
        (p256(), "ECDSA_SHA256"),
        (p256(), "ECDSA_SHA512"),
    ];
    for (official, method) in table {
        for kind in ["plain", "xades"] {
            let out = folder().join(format!("signxml-{method}-{kind}.xml"));
            let (key, certificate) = (text(&official.key_path), text(&official.certificate_path));
            let words = ["sign", &text(&letter), &key, &certificate, &text(&out), method, kind];
            let output = signxml(&words);
            assert!(output.status.success(), "{method}: {}", String::from_utf8_lossy(&output.stderr));
            let signed = std::fs::read(&out).unwrap();
            let report = judge(&signed, &Request { cover: Cover::Document, ..Request::default() });
            assert_eq!(report.findings, [], "{method} {kind}");
            assert_eq!(report.made_by, Some(KeyOrigin::Certificate(0)), "{method} {kind}");
            assert_eq!(report.signer(), Some(official.certificate.as_slice()));
            let (_, qualified) = super::xades::read(&signed);
            assert_eq!(qualified.is_some(), kind == "xades");
            if let Some(qualified) = qualified {
                assert_eq!(qualified.findings, [], "{method}");
                assert!(qualified.signing_time.is_some() && qualified.formats.len() == 1);
            }
        }
    }
    row("signxml", Way::Theirs, "XML signatures and XAdES B-B", 2 * table.len());
}

#[test]
fn we_accept_xmlsec1s() {
    let table = [
        (rsa(), "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"),
        (rsa(), "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"),
        (p256(), "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"),
        (p256(), "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"),
    ];
    for (official, algorithm) in table {
        let template = LETTER.replace(
            "</cv:document>",
            &format!(
                "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><SignedInfo><CanonicalizationMethod \
                 Algorithm=\"{}\"/><SignatureMethod Algorithm=\"{algorithm}\"/><Reference \
                 URI=\"\"><Transforms><Transform \
                 Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/></Transforms>\
                 <DigestMethod \
                 Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#sha384\"/><DigestValue/></Reference>\
                 </SignedInfo>\
                 <SignatureValue/><KeyInfo><X509Data/></KeyInfo></Signature></cv:document>",
                INCLUSIVE.uri()
            ),
        );
        let path = put("xmlsec1-template.xml", template.as_bytes());
        let keys = format!("{},{}", text(&official.key_path), text(&official.certificate_path));
        let signed = succeed("xmlsec1", &["--sign", "--privkey-pem", &keys, &text(&path)]);
        let report = judge(&signed, &Request { cover: Cover::Document, ..Request::default() });
        assert_eq!((report.verdict(), report.findings.as_slice()), (Verdict::Valid, &[][..]), "{algorithm}");
        assert_eq!(report.signer(), Some(official.certificate.as_slice()));
    }
    row("xmlsec1", Way::Theirs, "XML signatures", table.len());
}

/// The signed letter with a time-stamp made by openssl.
fn stamped(signed: &[u8]) -> Vec<u8> {
    let source = Source::read(signed, &Limits::default()).unwrap();
    let doc = Doc::parse(&source).unwrap();
    let octets = xades::to_be_stamped(&doc, dsig::signatures(&doc)[0], &EXCLUSIVE).unwrap();
    let token = token(&octets);
    xades::stamp(signed, "sig-1", &EXCLUSIVE, &token, &Limits::default()).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An RFC 3161 token over these octets, by `openssl ts` with a key of its own.
fn token(octets: &[u8]) -> Vec<u8> {
    let name =
        |ending: &str| folder().join(format!("tsa-{}.{ending}", &hex(&Digest::Sha256.of(octets))[..16]));
    let [key, certificate, query, reply, serial] = ["key", "pem", "tsq", "tsr", "serial"].map(name);
    let configuration = name("cnf");
    std::fs::write(&serial, "01").unwrap();
    let lines = format!(
        "[tsa]\ndefault_tsa=t\n[t]\nserial={}\ncrypto_device=builtin\n\
         default_policy=1.2.3.4\nsigner_digest=sha256\n\
         digests=sha256\nordering=no\ntsa_name=no\ness_cert_id_chain=no\ness_cert_id_alg=sha256\n",
        text(&serial)
    );
    std::fs::write(&configuration, lines).unwrap();
    #[rustfmt::skip]
    succeed("openssl", &[
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
        "-subj", "/CN=TSA", "-keyout", &text(&key), "-out", &text(&certificate),
        "-addext", "extendedKeyUsage=critical,timeStamping", "-addext", "basicConstraints=critical,CA:FALSE",
        "-addext", "keyUsage=critical,digitalSignature",
    ]);
    let digest = hex(&Digest::Sha256.of(octets));
    succeed("openssl", &["ts", "-query", "-digest", &digest, "-sha256", "-cert", "-out", &text(&query)]);
    #[rustfmt::skip]
    succeed("openssl", &[
        "ts", "-reply", "-config", &text(&configuration), "-queryfile", &text(&query),
        "-signer", &text(&certificate), "-inkey", &text(&key), "-token_out", "-out", &text(&reply),
    ]);
    std::fs::read(reply).unwrap()
}

#[test]
fn openssl_finds_the_time_stamp_over_what_we_say_it_is_over() {
    let stamped = stamped(&baseline(p256()));
    let (verdict, qualified) = super::xades::read(&stamped);
    let qualified = qualified.unwrap();
    assert_eq!((verdict, qualified.findings.as_slice()), (Verdict::Valid, &[][..]));
    let [stamp] = &qualified.stamps[..] else { panic!("{:?}", qualified.stamps) };
    let file = put("stamp.tst", &stamp.token);
    let digest = hex(&Digest::Sha256.of(&stamp.stamped));
    let certificate = folder().join(format!("tsa-{}.pem", &digest[..16]));
    let check = |digest: &str| {
        let words = [
            "ts",
            "-verify",
            "-digest",
            digest,
            "-in",
            &text(&file),
            "-token_in",
            "-CAfile",
            &text(&certificate),
        ];
        run("openssl", &words).status.success()
    };
    assert!(check(&digest));
    assert!(!check(&hex(&Digest::Sha256.of(b"something else"))));
    row("openssl ts", Way::Ours, "what a time-stamp in XAdES is over", 1);
    row("openssl ts", Way::Spoiled, "a time-stamp in XAdES over something else", 1);
}

#[test]
fn a_bare_key_is_understood_on_both_sides() {
    for official in [rsa(), p256()] {
        let mut plan = official.plan();
        plan.key_info = KeyInfo::Key(official.key.public_key().clone());
        let signed = official.sign(LETTER.as_bytes(), &plan);
        assert_eq!(judge(&signed, &Request::default()).made_by, Some(KeyOrigin::Value));
        let path = put("bare.xml", &signed);
        signxml_verifies(&path, "bare");
        // ECKeyValue came into xmlsec1 after the version Debian 12 has.
        if official.certificate == rsa().certificate {
            xmlsec1_verifies(&path, &[]);
        }
    }
    row("signxml", Way::Ours, "XML signatures with a bare key", 2);
    row("xmlsec1", Way::Ours, "XML signatures with a bare RSA key", 1);
}
