//! Everything that reads bytes of people who may mean no good, as one list of functions over bytes: the pure
//! crates one by one, and the whole judgement of a file that strangers drop. The tests here give them
//! changed vectors from fixed seeds and ten megabytes of the worst we know; the fuzzers in `fuzz/` give
//! them what they find. None may panic, linger or take more memory than is allowed.

#![warn(missing_docs)]

mod change;
mod random;

pub use change::change;
pub use random::Random;

use std::collections::HashMap;

use base::Instant;
use pki::cert::{Serial, import};
use pki::path::{Anchor, Material, Revocation, Rules, validate};
use pki::{Certificate, Crl, Digest, cms, csr, ocsp, tsp};
use trust::validation::Bag;
use trust::validation::report::Verdict;
use trust::validation::rules::{self, Document, Terms};
use xmlsig::c14n::{self, Method, Subset};
use xmlsig::dsig::{self, Request, Verifier};
use xmlsig::{Doc, Limits, Source, xades};

/// One kind of reading.
pub struct Target {
    /// Its name, in the list and among the fuzzers.
    pub name: &'static str,
    /// Reads, and asks of the result what is usually asked; whether the bytes could be read.
    pub read: fn(&[u8]) -> bool,
}

/// All of them.
pub const TARGETS: [Target; 12] = [
    Target { name: "certificate", read: certificate },
    Target { name: "list", read: list },
    Target { name: "request", read: request },
    Target { name: "cms", read: cms },
    Target { name: "ocsp", read: ocsp },
    Target { name: "tsp", read: tsp },
    Target { name: "pkcs12", read: pkcs12 },
    Target { name: "bundle", read: bundle },
    Target { name: "mail", read: mail },
    Target { name: "xml", read: xml },
    Target { name: "pdf", read: pdf },
    Target { name: "judge", read: judge },
];

/// As many signatures of a message, and time-stamps of a signature, as are judged elsewhere too: each costs a
/// hash of the content.
const JUDGED_MAX: usize = 200;
const STAMPS_MAX: usize = 16;

/// How many of all could read these bytes.
pub fn read_by_all(bytes: &[u8]) -> usize {
    TARGETS.iter().filter(|target| (target.read)(bytes)).count()
}

/// Reads by the target of this name.
///
/// # Panics
/// When there is none.
pub fn read(name: &str, bytes: &[u8]) -> bool {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a name of the list");
    (target.read)(bytes)
}

fn certificate(bytes: &[u8]) -> bool {
    let Ok(certificate) = Certificate::parse(bytes) else { return false };
    let _ = (certificate.subject().to_string(), certificate.key_id(), certificate.is_ca());
    let _ = (certificate.findings(), certificate.pem());
    true
}

fn list(bytes: &[u8]) -> bool {
    let Ok(crl) = Crl::parse(bytes) else { return false };
    assert_eq!(crl.entries().count(), crl.len());
    let _ = (crl.find(crl.issuer(), &Serial::from_number(1)), crl.number());
    true
}

fn request(bytes: &[u8]) -> bool {
    csr::Request::import(bytes).is_ok_and(|request| {
        let _ = request.check_possession();
        true
    })
}

fn cms(bytes: &[u8]) -> bool {
    let padded = cms::SignedData::parse_padded(bytes).is_ok();
    let messages = [cms::SignedData::parse(bytes), cms::SignedData::import(bytes)];
    for message in messages.iter().flatten() {
        let archive = cms::archive::Archive::of(message).ok();
        for (n, signer) in message.signers.iter().take(JUDGED_MAX).enumerate() {
            message.check(signer, cms::Content::Inside, &[]);
            message.check(signer, cms::Content::Bytes(b"another content"), &message.certificates);
            signer.time_stamps().take(STAMPS_MAX).for_each(stamp);
            for token in signer.unsigned_values(pki::oid::ARCHIVE_TIME_STAMP_V3).take(STAMPS_MAX) {
                let content = |digest: Digest| digest.of(b"");
                if let (Some(archive), Ok(token)) = (&archive, tsp::Token::parse(token)) {
                    let _ = archive.protected(n, &token.message, &content, Digest::Sha256);
                }
            }
        }
    }
    padded || messages.iter().any(Result::is_ok)
}

fn stamp(token: &[u8]) {
    if let Ok(token) = tsp::Token::parse(token) {
        token.check(|digest| digest.of(b"something"), &[]);
    }
}

fn ocsp(bytes: &[u8]) -> bool {
    ocsp::Request::parse(bytes).is_ok() | ocsp::Response::parse(bytes).is_ok()
}

fn tsp(bytes: &[u8]) -> bool {
    stamp(bytes);
    tsp::Request::parse(bytes).is_ok() | tsp::Reply::parse(bytes).is_ok()
}

fn pkcs12(bytes: &[u8]) -> bool {
    pki::pkcs12::open(bytes, "").is_ok() | pki::pkcs12::open_key(bytes, "").is_ok()
}

/// Certificates in whatever they come in; the first is judged under the last.
fn bundle(bytes: &[u8]) -> bool {
    let Ok(bundle) = import(bytes) else { return false };
    if let (Some(first), Some(last)) = (bundle.certificates.first(), bundle.certificates.last()) {
        let mut material = Material::new();
        bundle.certificates.iter().for_each(|certificate| material.add_certificate(certificate.clone()));
        let rules = Rules::at(Instant::from_micros(1_780_000_000_000_000)).with_revocation(Revocation::Off);
        let _ = validate(first, &[Anchor::from(last.clone())], &material, &rules);
    }
    true
}

/// A signed message: the value of its Content-Type, a line end, its body.
fn mail(bytes: &[u8]) -> bool {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    // Whoever reads the headers of a mail looks at no longer ones.
    let content_type = String::from_utf8_lossy(&bytes[..end.min(64 << 10)]);
    let Some(parts) = pki::smime::split(&content_type, bytes.get(end + 1..).unwrap_or_default()) else {
        return false;
    };
    if let Ok(message) = cms::SignedData::parse(&parts.signature) {
        for signer in message.signers.iter().take(JUDGED_MAX) {
            message.check(signer, cms::Content::Bytes(&parts.entity), &[]);
        }
    }
    true
}

fn xml(bytes: &[u8]) -> bool {
    let Ok(source) = Source::read(bytes, &Limits::default()) else { return false };
    let Ok(doc) = Doc::parse(&source) else { return false };
    for rules in [c14n::Rules::Inclusive10, c14n::Rules::Inclusive11, c14n::Rules::Exclusive] {
        let _ = c14n::octets(&doc, Subset::all(doc.root()), &Method::new(rules).with_comments(), 1 << 20);
    }
    let outside = |_: &str| Some(&b"<a>bytes from outside</a>"[..]);
    let request = Request { outside: &outside, legacy: true, ..Request::default() };
    let mut verifier = Verifier::new(&doc, &request);
    for signature in dsig::signatures(&doc) {
        let report = verifier.verify(signature);
        let _ = xades::read(&doc, signature, &report);
    }
    true
}

fn pdf(bytes: &[u8]) -> bool {
    let bytes = bytes.to_vec();
    let Ok(file) = pdfsig::File::open(&bytes) else { return false };
    let _ = (pdfsig::store(&file), pdfsig::appearance::PageBox::of(&file, 0), file.next_number());
    let _ = pdfsig::judge(&file, &[]);
    let _ = pdfsig::add_evidence(&bytes, &pdfsig::Evidence::default(), &["Sig"]);
    true
}

/// What anybody may drop on the public page, judged to the end as there; nobody is trusted.
fn judge(bytes: &[u8]) -> bool {
    let terms = Terms {
        at: Instant::from_micros(1_780_000_000_000_000),
        anchors: Vec::new(),
        known: Bag::default(),
        register: HashMap::new(),
    };
    let judged = |content| rules::judge(&Document { name: "a", bytes, content }, &terms);
    let (alone, beside) = (judged(None), judged(Some(&b"a content beside"[..])));
    [alone, beside].iter().any(|report| report.verdict != Verdict::Unreadable)
}
