//! One of everything that is read: vectors of others, and what we make ourselves. The tests change them, and
//! the fuzzers begin with them.

use crate::world::{World, draft_by, now};
use pki::cert::Serial;
use pki::crl::{Reason, Revoked};
use pki::key::{Digest, KeyKind, Signer};
use pki::profile::Kind;
use pki::{cms, csr, ocsp, tsp};
use std::io::Read as _;
use std::path::Path;
use xmlsig::c14n::{Method, Rules};
use xmlsig::dsig::{self, KeyInfo, Transform, Wanted, Where};
use xmlsig::xades;

type Vector = (String, Vec<u8>);

/// The certificates and lists of NIST PKITS.
pub fn pkits() -> Vec<Vector> {
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
pub fn made() -> Vec<Vector> {
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
        ("stamped cms".into(), stamped_message(&an, &reply)),
        ("p7b".into(), cms::certificates_only(&chain)),
        ("pem".into(), tls.pem().into_bytes()),
        ("ocsp request".into(), asked.der()),
        ("ocsp response".into(), answered.sign(&world.ca.key).unwrap()),
        ("tsp request".into(), request.der()),
        ("tsp reply".into(), reply.reply(&unit.key).unwrap()),
        ("pdf".into(), signed_pdf(with_table(), &an, &chain)),
        ("pdf of streams".into(), signed_pdf(with_streams(), &an, &chain)),
        ("mail".into(), signed_mail(&an, &chain)),
        ("xades".into(), signed_letter(&an)),
        ("pkcs12".into(), include_bytes!("../../vectors/bundle.p12").to_vec()),
        ("key under a password".into(), include_bytes!("../../vectors/key.p8").to_vec()),
    ]
}

/// A message with a time-stamp and an archive time-stamp.
fn stamped_message(an: &crate::world::Holder, stamper: &tsp::Draft<'_>) -> Vec<u8> {
    let unit = stamper.sign(&an.key).unwrap();
    let signed = cms::Draft::new(&an.certificate, &[]).sign(b"giay", true, &an.key).unwrap();
    let message = cms::SignedData::parse(&signed).unwrap();
    let stamped = cms::add_time_stamp(&message, 0, &unit).unwrap();
    let message = cms::SignedData::parse(&stamped).unwrap();
    let content = |digest: Digest| digest.of(b"giay");
    let to_stamp = cms::archive::to_be_stamped(&message, 0, &content, Digest::Sha256).unwrap();
    cms::archive::add(&message, 0, &to_stamp, &unit).unwrap()
}

/// A message as [`hostile`] reads one: the value of its Content-Type, a line end, its body.
fn signed_mail(an: &crate::world::Holder, chain: &[pki::Certificate]) -> Vec<u8> {
    let draft = cms::Draft::new(&an.certificate, chain);
    let mail = pki::smime::sign(b"Content-Type: text/plain\n\nthu\n", &draft, &an.key).unwrap();
    [mail.content_type.as_bytes(), b"\n", &mail.body].concat()
}

/// A letter signed at B-B, and something in the place of a time-stamp.
fn signed_letter(an: &crate::world::Holder) -> Vec<u8> {
    let canonical = Method::new(Rules::Exclusive);
    let mut plan = dsig::Plan {
        algorithm: an.key.algorithm(),
        canonicalization: canonical.clone(),
        id: Some("s".into()),
        references: vec![Wanted {
            uri: String::new(),
            id: Some("r".into()),
            kind: None,
            transforms: vec![Transform::EnvelopedSignature, Transform::Canonical(canonical.clone())],
            digest: Digest::Sha256,
        }],
        key_info: KeyInfo::Certificates(vec![an.certificate.der().to_vec()]),
        objects: vec![],
        place: Where::LastInDocument,
    };
    let format = xades::DataFormat {
        reference: "r".into(),
        description: Some("cong van".into()),
        mime_type: Some("text/xml".into()),
    };
    let properties = xades::Properties {
        signing_time: now(),
        certificate: an.certificate.der().to_vec(),
        digest: Digest::Sha256,
        formats: vec![format],
        claimed_roles: vec!["chu tich".into()],
    };
    xades::qualify(&mut plan, &properties).unwrap();
    let limits = xmlsig::Limits::default();
    let prepared = dsig::prepare(b"<a xmlns=\"urn:a\">thu</a>", &plan, &|_| None, &limits).unwrap();
    let signed = prepared.sign(&an.key).unwrap();
    xades::stamp(&signed, "s", &canonical, b"no token", &limits).unwrap()
}

const OBJECTS: [&str; 3] = [
    "<</Type/Catalog/Pages 2 0 R>>",
    "<</Type/Pages/Kids[3 0 R]/Count 1>>",
    "<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Resources<<>>>>",
];

/// A document of one page with a table of cross-references.
fn with_table() -> Vec<u8> {
    let (mut text, mut places) = (String::from("%PDF-1.7\n"), String::new());
    for (n, object) in OBJECTS.iter().enumerate() {
        places += &format!("{:010} 00000 n \n", text.len());
        text += &format!("{} 0 obj\n{object}\nendobj\n", n + 1);
    }
    let start = text.len();
    text += &format!("xref\n0 4\n0000000000 65535 f \n{places}trailer<</Size 4/Root 1 0 R>>\n");
    text += &format!("startxref\n{start}\n%%EOF\n");
    text.into_bytes()
}

/// The same with its objects in a stream, and a stream of cross-references; neither is packed.
fn with_streams() -> Vec<u8> {
    let (mut head, mut body) = (String::new(), String::new());
    for (n, object) in OBJECTS.iter().enumerate() {
        head += &format!("{} {} ", n + 1, body.len());
        body += &format!("{object} ");
    }
    let mut out = format!(
        "%PDF-1.7\n4 0 obj\n<</Type/ObjStm/N 3/First {}/Length {}>>\nstream\n{head}{body}\nendstream\n\
         endobj\n",
        head.len(),
        head.len() + body.len()
    )
    .into_bytes();
    let start = out.len();
    let place = u8::try_from(start >> 8).unwrap();
    let rows = [
        [0, 0, 0, 255],
        [2, 0, 4, 0],
        [2, 0, 4, 1],
        [2, 0, 4, 2],
        [1, 0, 9, 0],
        [1, place, u8::try_from(start & 255).unwrap(), 0],
    ];
    out.extend_from_slice(b"5 0 obj\n<</Type/XRef/Size 6/W[1 2 1]/Root 1 0 R/Length 24>>\nstream\n");
    out.extend_from_slice(rows.as_flattened());
    out.extend_from_slice(format!("\nendstream\nendobj\nstartxref\n{start}\n%%EOF\n").as_bytes());
    out
}

/// A document with a signature.
fn signed_pdf(bytes: Vec<u8>, an: &crate::world::Holder, chain: &[pki::Certificate]) -> Vec<u8> {
    let plan = pdfsig::Plan::new("Sig", now());
    let update =
        pdfsig::sign(&bytes, &plan, &cms::Draft::new(&an.certificate, chain), &an.key, None).unwrap();
    [bytes, update].concat()
}

/// Signed documents of other people, as far as they have no document type.
pub fn documents() -> Vec<Vector> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../xmlsig/tests/vendor/xmlsec/aleksey-xmldsig-01");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|e| e == "xml")).collect();
    paths.sort();
    let named = paths.into_iter().map(|path| (path.display().to_string(), std::fs::read(&path).unwrap()));
    named.filter(|(_, bytes)| hostile::read("xml", bytes)).collect()
}
