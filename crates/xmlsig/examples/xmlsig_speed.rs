//! How fast a 10 KB document is verified and signed, beside the bare arithmetic on the same machine in the
//! same run, as rows of the table that `cargo x bench` prints:
//! `cargo run --release -p xmlsig --example xmlsig_speed [FOLDER]`; what was signed is left in the folder.

use pki::key::{Digest, KeyKind, PrivateKey, SignatureAlgorithm, Signer};
use std::time::{Duration, Instant};
use xmlsig::c14n::{Method, Rules};
use xmlsig::dsig::{self, KeyInfo, Plan, Request, Transform, Verifier, Wanted, Where};
use xmlsig::{Doc, Limits, Source, Verdict};

const LOOPS: u32 = 10_000;

fn main() {
    let line =
        "  <row number=\"1\" kind=\"report\">On the reform of administration &amp; its numbers</row>\n";
    let letter = format!("<letter xmlns=\"urn:t\">\n{}</letter>\n", line.repeat(10_000 / line.len()));
    for (name, kind) in [("RSA-2048", KeyKind::Rsa2048), ("P-256", KeyKind::P256)] {
        let key = PrivateKey::generate(kind).expect("the machine has randomness");
        let plan = plan(&key);
        let sign = || {
            let prepared = dsig::prepare(letter.as_bytes(), &plan, &|_| None, &Limits::default());
            prepared.and_then(|prepared| prepared.sign(&key)).expect("the plan is sound")
        };
        let signed = sign();
        if let Some(folder) = std::env::args().nth(1) {
            let place = std::path::Path::new(&folder).join(format!("{name}.xml"));
            std::fs::write(place, &signed).expect("the folder takes it");
        }
        let value = key.sign(&signed[..300]).expect("the key is at hand");
        let raw_verify = per_loop(|| {
            key.public_key().verify(key.algorithm(), &signed[..300], &value).expect("it is its own value");
            std::hint::black_box(Digest::Sha256.of(letter.as_bytes()));
        });
        let verify = per_loop(|| assert_eq!(verdict(&signed), Verdict::Valid));
        let raw_sign = per_loop(|| {
            std::hint::black_box(key.sign(&signed[..300]).expect("the key is at hand"));
            std::hint::black_box(Digest::Sha256.of(letter.as_bytes()));
        });
        let sign = per_loop(|| drop(std::hint::black_box(sign())));
        row(&format!("10 KB of XML with a signature of {name} judged"), verify, raw_verify, "≤ 0.15 ms");
        row(&format!("10 KB of XML signed {name}"), sign, raw_sign, "≤ 0.5 ms");
    }
}

/// A job beside the bare hash and signature, as a row.
fn row(name: &str, each: Duration, raw: Duration, target: &str) {
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    let (each, raw, ratio) = (milliseconds(each), milliseconds(raw), each.div_duration_f64(raw));
    println!("| {name} | {each:.3} ms | {raw:.3} ms | {ratio:.1} | {target}; {LOOPS} times |");
}

fn plan(key: &PrivateKey) -> Plan {
    let exclusive = Method::new(Rules::Exclusive);
    let algorithm: SignatureAlgorithm = key.algorithm();
    Plan {
        algorithm,
        canonicalization: exclusive.clone(),
        id: Some("s".into()),
        references: vec![Wanted {
            uri: String::new(),
            id: None,
            kind: None,
            transforms: vec![Transform::EnvelopedSignature, Transform::Canonical(exclusive)],
            digest: Digest::Sha256,
        }],
        key_info: KeyInfo::Key(key.public_key().clone()),
        objects: vec![],
        place: Where::LastInDocument,
    }
}

fn verdict(signed: &[u8]) -> Verdict {
    let source = Source::read(signed, &Limits::default()).expect("it was made here");
    let doc = Doc::parse(&source).expect("it was made here");
    let request = Request::default();
    Verifier::new(&doc, &request).verify(dsig::signatures(&doc)[0]).verdict()
}

/// The mean of `LOOPS` after a tenth of them to warm up.
fn per_loop(mut once: impl FnMut()) -> Duration {
    (0..LOOPS / 10).for_each(|_| once());
    let start = Instant::now();
    (0..LOOPS).for_each(|_| once());
    start.elapsed() / LOOPS
}
