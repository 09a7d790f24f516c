//! Every reader on changes of every vector, with fixed seeds.

use crate::world::{World, draft_by, now};
use hostile::{Random, change, read_by_all};
use pki::cert::Serial;
use pki::crl::{Reason, Revoked};
use pki::key::{Digest, KeyKind, Signer};
use pki::profile::Kind;
use pki::{cms, csr, ocsp, tsp};
use std::io::Read as _;
use std::panic::catch_unwind;
use std::path::Path;
use std::time::{Duration, Instant};

/// For one input of some kilobytes by all readers, without optimisation.
const TIME_MAX: Duration = Duration::from_secs(5);

fn pkits() -> Vec<(String, Vec<u8>)> {
    let mut archive =
        zip::ZipArchive::new(std::io::Cursor::new(include_bytes!("../../../pki/vectors/pkits.zip"))).unwrap();
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
        answers: vec![ocsp::Answer {
            id,
            status,
            this_update: at,
            next_update: Some(at),
            invalid_since: Some(at),
            archive_cutoff: Some(at),
        }],
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
        ("pdf".into(), signed_pdf(&an, &chain)),
    ]
}

/// A document of one page with a signature.
fn signed_pdf(an: &crate::world::Holder, chain: &[pki::Certificate]) -> Vec<u8> {
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Resources<<>>>>",
    ];
    let (mut text, mut places) = (String::from("%PDF-1.7\n"), String::new());
    for (n, object) in objects.iter().enumerate() {
        places += &format!("{:010} 00000 n \n", text.len());
        text += &format!("{} 0 obj\n{object}\nendobj\n", n + 1);
    }
    let start = text.len();
    text += &format!("xref\n0 4\n0000000000 65535 f \n{places}trailer<</Size 4/Root 1 0 R>>\n");
    text += &format!("startxref\n{start}\n%%EOF\n");
    let (bytes, plan) = (text.into_bytes(), pdfsig::Plan::new("Sig", now()));
    let update =
        pdfsig::sign(&bytes, &plan, &cms::Draft::new(&an.certificate, chain), &an.key, None).unwrap();
    [bytes, update].concat()
}

/// Signed documents of other people, as far as they have no document type.
fn documents() -> Vec<(String, Vec<u8>)> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../xmlsig/tests/vendor/xmlsec/aleksey-xmldsig-01");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|e| e == "xml")).collect();
    paths.sort();
    let named = paths.into_iter().map(|path| (path.display().to_string(), std::fs::read(&path).unwrap()));
    named.filter(|(_, bytes)| hostile::read("xml", bytes)).collect()
}

#[test]
fn no_reader_panics_on_a_changed_vector() {
    let (mut read, mut refused) = (0, 0);
    let all = [(pkits(), 8), (documents(), 20), (made(), 300)];
    let rounds = all.into_iter().flat_map(|(some, rounds)| some.into_iter().map(move |one| (one, rounds)));
    for (n, ((file, bytes), rounds)) in rounds.enumerate() {
        assert!(read_by_all(&bytes) > 0, "{file} cannot be read unchanged");
        let mut random = Random::of(n as u64);
        for round in 0..rounds {
            let changed = change(&bytes, &mut random);
            let begin = Instant::now();
            match catch_unwind(|| read_by_all(&changed)) {
                Ok(0) => refused += 1,
                Ok(_) => read += 1,
                Err(_) => panic!("{file}, round {round}: {changed:02x?}"),
            }
            assert!(begin.elapsed() < TIME_MAX, "{file}, round {round}: {:?}", begin.elapsed());
        }
    }
    // Both happen, so the mutations neither spoil everything nor nothing.
    assert!(read > 1000 && refused > 1000, "{read} read, {refused} refused");
}

#[test]
fn every_reader_has_its_fuzzer() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let list = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    assert_eq!(list.matches("[[bin]]").count(), hostile::TARGETS.len());
    for target in &hostile::TARGETS {
        let name = target.name;
        assert!(list.contains(&format!("name = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"")), "{name}");
        let program = std::fs::read_to_string(fuzz.join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(program.contains(&format!("hostile::read(\"{name}\", bytes)")), "{name}");
    }
}
