//! How fast: each job beside the signatures it cannot do without, in the same run, as rows of the table that
//! `cargo x bench` prints.
//!
//! `cargo run --release -p pki --example pki_speed [raw]`; `raw` takes the bare signatures alone.

use base::Instant;
use pki::cert::{Certificate, Serial, Validity};
use pki::crl::{Crl, Reason, Revoked};
use pki::issue::Draft;
use pki::key::{Digest, KeyKind, PrivateKey, Signer};
use pki::name::Name;
use pki::path::{Anchor, Material, Revocation, Rules, validate};
use pki::profile::{Addresses, Kind};
use pki::{cms, ocsp, oid, tsp};
use std::hint::black_box;

/// Seconds each measurement runs.
const SECONDS: f64 = 2.0;

fn main() {
    let at = Instant::parse_rfc3339("2026-06-01T08:00:00+07:00").expect("a time");
    let raw_alone = std::env::args().nth(1).is_some_and(|word| word == "raw");
    for (name, kind) in [("P-256", KeyKind::P256), ("RSA-2048", KeyKind::Rsa2048)] {
        let key = PrivateKey::generate(kind).expect("a key");
        let message = [7u8; 300];
        let sign = raw(&format!("one signature of {name}"), || drop(black_box(key.sign(&message))));
        if raw_alone {
            continue;
        }
        let signature = key.sign(&message).expect("a signature");
        let check = raw(&format!("one verification of {name}"), || {
            let verified = key.public_key().verify(key.algorithm(), &message, &signature);
            verified.expect("verifies");
        });
        let root = certificate(at, &key);
        let draft = draft(at, &key, &root, Kind::Official);
        rate(&format!("a certificate, {name}, in memory"), sign, || drop(black_box(draft.sign(&key))));
        answers(at, &key, &root, (name, sign));
        messages(at, &key, &root, (name, sign, check));
    }
    if !raw_alone {
        list(at);
    }
}

/// How often a second a job is done.
fn measured(mut job: impl FnMut()) -> f64 {
    let begin = std::time::Instant::now();
    let mut count = 0;
    while begin.elapsed().as_secs_f64() < SECONDS {
        job();
        count += 1;
    }
    f64::from(count) / begin.elapsed().as_secs_f64()
}

/// A bare limit, as a row.
fn raw(name: &str, job: impl FnMut()) -> f64 {
    let per_second = measured(job);
    println!("| {name} | - | {per_second:.0}/s | - | one core, {SECONDS} s |");
    per_second
}

/// A job beside its limit, as a row.
fn rate(name: &str, raw: f64, job: impl FnMut()) {
    let per_second = measured(job);
    let ratio = per_second / raw;
    println!("| {name} | {per_second:.0}/s | {raw:.0}/s | {ratio:.2} | one core, {SECONDS} s |");
}

fn draft(at: Instant, key: &PrivateKey, root: &Certificate, kind: Kind) -> Draft {
    Draft {
        kind,
        serial: Serial::random(),
        issuer: root.subject().clone(),
        issuer_key_id: root.key_id(),
        subject: Name::builder().with(oid::COMMON_NAME, "An").build(),
        key: key.public_key().clone(),
        validity: Validity { not_before: at, not_after: at.plus_days(365) },
        alt_names: Vec::new(),
        policies: Vec::new(),
        addresses: Addresses { crl: Some("http://a.example/1.crl".into()), ..Addresses::default() },
    }
}

fn certificate(at: Instant, key: &PrivateKey) -> Certificate {
    let name = Name::builder().with(oid::COMMON_NAME, "Root").build();
    let draft = Draft {
        kind: Kind::Root,
        serial: Serial::from_number(1),
        issuer: name.clone(),
        issuer_key_id: key.public_key().id(),
        subject: name,
        key: key.public_key().clone(),
        validity: Validity { not_before: at, not_after: at.plus_days(3650) },
        alt_names: Vec::new(),
        policies: Vec::new(),
        addresses: Addresses::default(),
    };
    draft.sign(key).expect("a root")
}

fn answers(at: Instant, key: &PrivateKey, root: &Certificate, (name, sign): (&str, f64)) {
    let unit = draft(at, key, root, Kind::Tsa).sign(key).expect("a unit");
    let id = ocsp::CertId::new(Digest::Sha1, root.subject(), root.public_key(), unit.serial());
    let status = ocsp::CertStatus::Good;
    let answer = ocsp::Draft {
        responder: ocsp::ResponderId::Name(root.subject().clone()),
        produced_at: at,
        answers: vec![ocsp::Answer {
            id,
            status,
            this_update: at,
            next_update: Some(at.plus_days(1)),
            invalid_since: None,
            archive_cutoff: None,
        }],
        nonce: Some(vec![1; 16]),
        certificates: Vec::new(),
    };
    rate(&format!("an OCSP answer with nonce, {name}, in memory"), sign, || {
        drop(black_box(answer.sign(key)))
    });
    let request = tsp::Request::new(tsp::Imprint::of(Digest::Sha256, b"paper"), Some(&[1, 2, 3]));
    let der = request.der();
    rate(&format!("a time-stamp, {name}, in memory"), sign, || {
        let request = tsp::Request::parse(&der).expect("a request");
        let draft = tsp::Draft {
            request: &request,
            policy: oid::ANY_POLICY,
            serial: Serial::random(),
            time: at,
            accuracy_millis: Some(1000),
            certificate: &unit,
            chain: &[],
        };
        drop(black_box(draft.reply(key)));
    });
}

fn messages(at: Instant, key: &PrivateKey, root: &Certificate, (name, sign, check): (&str, f64, f64)) {
    let an = draft(at, key, root, Kind::Official).sign(key).expect("a certificate");
    let paper = vec![b'x'; 10 * 1024];
    let draft = cms::Draft::new(&an, std::slice::from_ref(root)).at(at);
    rate(&format!("10 KB signed as CAdES B-B, {name}"), sign, || {
        drop(black_box(draft.sign(&paper, false, key)))
    });
    let der = draft.sign(&paper, false, key).expect("a message");
    let (anchors, material) = ([Anchor::from(root.clone())], Material::new());
    let rules = Rules::at(at).with_revocation(Revocation::Off);
    rate(&format!("the same judged with its path, {name}"), check / 2.0, || {
        let message = cms::SignedData::parse(&der).expect("a message");
        let report = message.check(&message.signers[0], cms::Content::Bytes(&paper), &[]);
        let signer = report.certificate.expect("a signer");
        assert!(report.faults.is_empty() && validate(&signer, &anchors, &material, &rules).is_valid());
    });
}

fn list(at: Instant) {
    const ENTRIES: u64 = 1_000_000;
    let key = PrivateKey::generate(KeyKind::P256).expect("a key");
    let root = certificate(at, &key);
    let draft = pki::crl::Draft {
        issuer: root.subject().clone(),
        authority_key_id: root.key_id(),
        number: 1,
        delta_base: None,
        this_update: at,
        next_update: at.plus_days(1),
        shard: None,
        freshest: None,
    };
    let entries = (0..ENTRIES).map(|n| Revoked {
        serial: Serial::from_unsigned(&[&[0x40; 8], &n.to_be_bytes()[..]].concat()),
        at,
        reason: Reason::Superseded,
        invalid_since: None,
    });
    let before = peak_megabytes();
    let begin = std::time::Instant::now();
    let der = draft.sign(entries, &key).expect("a list");
    let (made, peak) = (begin.elapsed().as_secs_f64(), peak_megabytes());
    let size = der.len() >> 20;
    println!(
        "| a list of 1,000,000 entries | {made:.2} s, {peak} MB at most | - | - | ≤ 1 s, ≤ 120 MB; \
         {before} MB before, {size} MB of list |"
    );
    let begin = std::time::Instant::now();
    let crl = Crl::parse(der).expect("a list");
    let last = Serial::from_unsigned(&[&[0x40; 8], &(ENTRIES - 1).to_be_bytes()[..]].concat());
    assert!(crl.find(crl.issuer(), &last).is_some());
    let read = begin.elapsed().as_secs_f64();
    println!("| the same read, its last entry found | {read:.2} s | - | - | once |");
}

/// The most memory this process has held, as the kernel counts it; 0 where it does not tell.
fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok()).unwrap_or(0) / 1024
}
