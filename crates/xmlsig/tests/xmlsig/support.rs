//! What the tests share: officials with keys and certificates, made by openssl, and short ways to sign and
//! judge.

use pki::key::{KeyKind, PrivateKey, SignatureAlgorithm, Signer};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use xmlsig::c14n::{Method, Rules};
use xmlsig::dsig::{self, KeyInfo, Plan, Report, Request, Transform, Verifier, Wanted, Where};
use xmlsig::{Doc, Limits, Source};

/// An official of the invented commune, with a key and a certificate of the test CA.
pub struct Official {
    pub key: PrivateKey,
    pub key_path: PathBuf,
    pub certificate: Vec<u8>,
    pub certificate_path: PathBuf,
}

/// A folder of this run.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("xmlsig-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    })
}

/// Writes a file of this run.
pub fn put(name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Runs a program to its end.
pub fn run(program: &str, words: &[&str]) -> Output {
    Command::new(program).args(words).output().unwrap_or_else(|e| panic!("{program} does not start: {e}"))
}

/// Runs a program that must succeed.
pub fn succeed(program: &str, words: &[&str]) -> Vec<u8> {
    let output = run(program, words);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {words:?}: {said}");
    output.stdout
}

/// The CA's certificate.
pub fn ca_path() -> PathBuf {
    static CA: OnceLock<PathBuf> = OnceLock::new();
    CA.get_or_init(|| {
        let (key, certificate) = (folder().join("ca.key"), folder().join("ca.pem"));
        #[rustfmt::skip]
        succeed("openssl", &[
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650",
            "-subj", "/CN=CA thử nghiệm", "-utf8", "-keyout", key.to_str().unwrap(),
            "-out", certificate.to_str().unwrap(), "-addext", "keyUsage=critical,keyCertSign,cRLSign",
        ]);
        certificate
    })
    .clone()
}

fn make(name: &str, algorithm: &[&str], signs: Option<SignatureAlgorithm>) -> Official {
    let ca = ca_path();
    let path = |ending: &str| folder().join(format!("{name}.{ending}"));
    let (key_path, request, certificate_path) = (path("key"), path("csr"), path("pem"));
    let text = |path: &Path| path.to_str().unwrap().to_string();
    let key_words = ["genpkey", "-out", &text(&key_path), "-algorithm"];
    succeed("openssl", &[key_words.as_slice(), algorithm].concat());
    let subject = format!("/C=VN/O=UBND xã An Thử/CN={name}");
    let words =
        ["req", "-new", "-utf8", "-key", &text(&key_path), "-subj", &subject, "-out", &text(&request)];
    succeed("openssl", &words);
    let extensions = put(
        &format!("{name}.ext"),
        b"basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,nonRepudiation\n\
          subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\nsubjectAltName=email:an@example.vn\n",
    );
    #[rustfmt::skip]
    succeed("openssl", &[
        "x509", "-req", "-in", &text(&request), "-CA", &text(&ca), "-CAkey", &text(&folder().join("ca.key")),
        "-days", "365", "-set_serial", &format!("0x{:x}", 100 + name.len()), "-extfile", &text(&extensions),
        "-out", &text(&certificate_path),
    ]);
    let key = PrivateKey::from_pem(&std::fs::read_to_string(&key_path).unwrap()).unwrap();
    let key = match signs {
        Some(algorithm) => key.using(algorithm).unwrap(),
        None => key,
    };
    let pem = std::fs::read(&certificate_path).unwrap();
    let certificate = pki::pem::read(&pem).unwrap().remove(0).der;
    Official { key, key_path, certificate, certificate_path }
}

/// Signs with RSA 2048, PKCS#1 v1.5.
pub fn rsa() -> &'static Official {
    static OFFICIAL: OnceLock<Official> = OnceLock::new();
    OFFICIAL.get_or_init(|| make("rsa", &["RSA", "-pkeyopt", "rsa_keygen_bits:2048"], None))
}

/// Signs with P-256.
pub fn p256() -> &'static Official {
    static OFFICIAL: OnceLock<Official> = OnceLock::new();
    OFFICIAL.get_or_init(|| make("p256", &["EC", "-pkeyopt", "ec_paramgen_curve:P-256"], None))
}

/// A key of any kind without certificate.
pub fn key(kind: KeyKind) -> PrivateKey {
    PrivateKey::generate(kind).unwrap()
}

pub const EXCLUSIVE: Method = Method::new(Rules::Exclusive);
pub const INCLUSIVE: Method = Method::new(Rules::Inclusive10);

/// A plan to sign a document as a whole, the signature last in it.
pub fn enveloped(algorithm: SignatureAlgorithm, key_info: KeyInfo) -> Plan {
    Plan {
        algorithm,
        canonicalization: EXCLUSIVE,
        id: Some("sig-1".into()),
        references: vec![Wanted {
            uri: String::new(),
            id: Some("ref-1".into()),
            kind: None,
            transforms: vec![Transform::EnvelopedSignature, Transform::Canonical(EXCLUSIVE)],
            digest: pki::key::Digest::Sha256,
        }],
        key_info,
        objects: vec![],
        place: Where::LastInDocument,
    }
}

impl Official {
    /// The plan of [`enveloped`] with this official's certificate.
    pub fn plan(&self) -> Plan {
        enveloped(self.key.algorithm(), KeyInfo::Certificates(vec![self.certificate.clone()]))
    }

    /// Carries out a plan.
    pub fn sign(&self, document: &[u8], plan: &Plan) -> Vec<u8> {
        let prepared = dsig::prepare(document, plan, &|_| None, &Limits::default()).unwrap();
        prepared.sign(&self.key).unwrap()
    }
}

/// Judges the first signature of a document.
pub fn judge<'a>(document: &'a [u8], request: &Request<'a>) -> Report {
    reports(document, request).remove(0)
}

/// Judges every signature of a document.
pub fn reports<'a>(document: &'a [u8], request: &Request<'a>) -> Vec<Report> {
    let source = Source::read(document, &Limits::default()).unwrap();
    let doc = Doc::parse(&source).unwrap();
    // A request may outlive the document it is asked with here, which its type does not say.
    let request = Request {
        key: request.key,
        outside: &|_| None,
        id_names: request.id_names,
        cover: request.cover,
        legacy: request.legacy,
        keep_octets: request.keep_octets,
    };
    let mut verifier = Verifier::new(&doc, &request);
    dsig::signatures(&doc).into_iter().map(|node| verifier.verify(node)).collect()
}
