//! Bytes from people who mean no good: every reader on mutations of every vector, with fixed seeds.

use crate::world::{World, draft_by, now};
use pki::cert::{Serial, import};
use pki::crl::{Crl, Reason, Revoked};
use pki::key::{Digest, KeyKind, Signer};
use pki::profile::Kind;
use pki::{Certificate, cms, csr, ocsp, tsp};
use std::io::Read as _;
use std::panic::catch_unwind;

/// A small generator; the same numbers every time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// One change: a bit, a byte, a length, a cut, a piece said twice, a piece left out.
fn mutate(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let at = random.below(out.len());
    match random.below(6) {
        0 => out[at] ^= 1 << random.below(8),
        1 => out[at] = [0x00, 0x30, 0x7f, 0x80, 0x84, 0xa0, 0xff][random.below(7)],
        2 => out.truncate(at),
        3 => {
            let piece = out[at..(at + random.below(64)).min(out.len())].to_vec();
            out.splice(at..at, piece);
        }
        4 => drop(out.drain(at..(at + random.below(16)).min(bytes.len()))),
        _ => out[at] = out[at].wrapping_add(1 + random.below(3) as u8),
    }
    out
}

/// Every reader, and what is usually asked of its result. How many could read it.
fn read_all(bytes: &[u8]) -> usize {
    let mut readable = 0;
    if let Ok(certificate) = Certificate::parse(bytes) {
        let _ = (certificate.subject().to_string(), certificate.key_id(), certificate.is_ca());
        readable += 1;
    }
    if let Ok(crl) = Crl::parse(bytes) {
        assert_eq!(crl.entries().count(), crl.len());
        crl.find(crl.issuer(), &Serial::from_number(1));
        readable += 1;
    }
    if let Ok(message) = cms::SignedData::parse(bytes) {
        for signer in &message.signers {
            message.check(signer, cms::Content::Inside, &[]);
        }
        readable += 1;
    }
    if let Ok(request) = csr::Request::parse(bytes) {
        let _ = request.check_possession();
        readable += 1;
    }
    readable += usize::from(ocsp::Request::parse(bytes).is_ok());
    readable += usize::from(ocsp::Response::parse(bytes).is_ok());
    readable += usize::from(tsp::Request::parse(bytes).is_ok());
    readable += usize::from(tsp::Reply::parse(bytes).is_ok());
    readable += usize::from(import(bytes).is_ok());
    readable += usize::from(pki::pkcs12::open(bytes, "").is_ok());
    readable += usize::from(cms::SignedData::parse_padded(bytes).is_ok());
    readable
}

fn pkits() -> Vec<(String, Vec<u8>)> {
    let mut archive =
        zip::ZipArchive::new(std::io::Cursor::new(include_bytes!("../../vectors/pkits.zip"))).unwrap();
    let mut all = Vec::new();
    for n in 0..archive.len() {
        let mut file = archive.by_index(n).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        all.push((file.name().unwrap().into_owned(), bytes));
    }
    all
}

/// One of everything we make.
fn made() -> Vec<(String, Vec<u8>)> {
    let world = World::new();
    let an = world.holder(Kind::Official, 100, KeyKind::P256);
    let unit = world.holder(Kind::Tsa, 60, KeyKind::P256);
    let request = tsp::Request::new(tsp::Imprint::of(Digest::Sha256, b"giay"), Some(&[1, 2, 3]));
    let reply = tsp::Draft {
        request: &request,
        policy: "1.3.6.1.4.1.99999.2".parse().unwrap(),
        serial: Serial::from_number(1),
        time: now(),
        accuracy_millis: Some(1),
        certificate: &unit.certificate,
        chain: &[],
    };
    let issuer = &world.ca.certificate;
    let id = ocsp::CertId::new(Digest::Sha1, issuer.subject(), issuer.public_key(), an.certificate.serial());
    let asked =
        ocsp::Request { questions: vec![id.clone()], nonce: Some(vec![9; 16]), unknown_critical: false };
    let at = now();
    let status = ocsp::CertStatus::Revoked { at, reason: Some(Reason::Superseded) };
    let answered = ocsp::Draft {
        responder: ocsp::ResponderId::Name(issuer.subject().clone()),
        produced_at: at,
        answers: vec![ocsp::Answer { id, status, this_update: at, next_update: Some(at) }],
        nonce: Some(vec![9; 16]),
        certificates: vec![an.certificate.clone()],
    };
    let list = pki::crl::Draft {
        issuer: issuer.subject().clone(),
        authority_key_id: issuer.key_id(),
        number: 1,
        delta_base: Some(1),
        this_update: at,
        next_update: at,
        shard: Some("http://a.example/".into()),
        freshest: None,
    };
    let revoked =
        Revoked { serial: Serial::from_number(1), at, reason: Reason::Superseded, invalid_since: Some(at) };
    let chain = [world.ca.certificate.clone()];
    let name = crate::world::name("A", "B");
    let tls = draft_by(&world.ca, Kind::Tls, 9, &name, an.key.public_key()).sign(&world.ca.key).unwrap();
    vec![
        ("certificate".into(), tls.der().to_vec()),
        ("crl".into(), list.sign([revoked], &world.ca.key).unwrap()),
        ("csr".into(), csr::Request::make(&name, &tls.extensions().subject_alt_names, &an.key).unwrap()),
        ("cms".into(), cms::Draft::new(&an.certificate, &chain).at(at).sign(b"giay", true, &an.key).unwrap()),
        ("p7b".into(), cms::certificates_only(&chain)),
        ("pem".into(), tls.pem().into_bytes()),
        ("ocsp request".into(), asked.der()),
        ("ocsp response".into(), answered.sign(&world.ca.key).unwrap()),
        ("tsp request".into(), request.der()),
        ("tsp reply".into(), reply.reply(&unit.key).unwrap()),
    ]
}

#[test]
fn no_reader_panics_on_a_changed_vector() {
    let (mut read, mut refused) = (0, 0);
    let rounds = pkits().into_iter().map(|one| (one, 8)).chain(made().into_iter().map(|one| (one, 300)));
    for (n, ((file, bytes), rounds)) in rounds.enumerate() {
        assert!(read_all(&bytes) > 0, "{file} cannot be read unchanged");
        let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ n as u64);
        for round in 0..rounds {
            let changed = mutate(&bytes, &mut random);
            match catch_unwind(|| read_all(&changed)) {
                Ok(0) => refused += 1,
                Ok(_) => read += 1,
                Err(_) => panic!("{file}, round {round}: {changed:02x?}"),
            }
        }
    }
    // Both happen, so the mutations neither spoil everything nor nothing.
    assert!(read > 1000 && refused > 1000, "{read} read, {refused} refused");
}

#[test]
fn ten_megabytes_of_nothing_are_refused() {
    const SIZE: usize = 10 * 1024 * 1024;
    let fill = |pattern: &[u8]| pattern.iter().copied().cycle().take(SIZE - 128).collect::<Vec<u8>>();
    let patterns: [&[u8]; 5] = [&[0x30, 0], &[0x30, 0x80], &[0x24, 0x80], &[0xff], b"-----BEGIN X-----\n"];
    for pattern in patterns {
        let body = fill(pattern);
        let whole = pki::der::Writer::build(|w| {
            w.element(pki::der::Tag::SEQUENCE, &body);
        });
        let message = pki::der::Writer::build(|w| {
            w.sequence(|w| {
                w.oid(pki::oid::CMS_SIGNED_DATA).context(0, |w| {
                    w.sequence(|w| {
                        w.number(1).set(|_| {}).sequence(|w| {
                            w.oid(pki::oid::CMS_DATA);
                        });
                        w.element(pki::der::Tag::context(0), &body).set(|_| {});
                    });
                });
            });
        });
        for input in [whole, message] {
            let readable = [
                Certificate::parse(&input).is_ok(),
                Crl::parse(input.as_slice()).is_ok(),
                cms::SignedData::parse(&input).is_ok(),
                pki::pkcs12::open(&input, "").is_ok(),
            ];
            assert_eq!(readable, [false; 4], "{pattern:02x?}");
        }
        assert!(import(&body).is_err(), "{pattern:02x?}");
    }
}
