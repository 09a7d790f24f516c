//! Files of every kind of cross-references, and an official who signs them.

use base::Instant;
use pdfsig::{CannotSign, File, Plan};
use pki::cert::{Certificate, Serial, Validity};
use pki::crl::Crl;
use pki::key::{KeyKind, PrivateKey, Signer};
use pki::name::Name;
use pki::profile::{Addresses, Kind};
use pki::tsp::{self, Imprint};
use pki::{cms, issue, oid};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// A folder of this run.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("pdfsig-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    })
}

/// Writes a file of this run.
pub fn put(name: &str, bytes: &[u8]) -> String {
    let path = folder().join(name);
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().into()
}

/// Runs a program to its end.
pub fn run(program: &str, words: &[&str]) -> Output {
    Command::new(program).args(words).output().unwrap_or_else(|e| panic!("{program} does not start: {e}"))
}

/// What a program says, which must succeed.
pub fn said(program: &str, words: &[&str]) -> String {
    let output = run(program, words);
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {words:?}: {said}");
    said
}

/// A program that `cargo x test` installs.
pub fn peer(name: &str) -> String {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../suite/peers/venv/bin").join(name);
    assert!(program.exists(), "{} is missing; `cargo x test` installs it", program.display());
    program.to_str().unwrap().into()
}

/// What pyHanko says.
pub fn pyhanko(words: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pdfsig/peer/pyhanko_peer.py");
    let output = run(&peer("python"), &[&[script.to_str().unwrap()], words].concat());
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into()
}

/// What pyHanko says of each signature of a file: field, intact, valid, trusted, coverage, modification, allowed,
/// all in all, stamped.
pub fn judged_by_pyhanko(path: &str) -> Vec<String> {
    let said = pyhanko(&["judge", &world().ca_path, path]);
    said.lines().map(String::from).collect()
}

/// Files of every kind of cross-references.
pub fn files() -> Vec<(&'static str, Vec<u8>, pdfsig::file::Kind)> {
    vec![
        ("table", table(), pdfsig::file::Kind::Table),
        ("stream", stream(), pdfsig::file::Kind::Stream),
        ("hybrid", hybrid(), pdfsig::file::Kind::Hybrid),
    ]
}

/// The file with an update.
pub fn cat(bytes: &[u8], update: Result<Vec<u8>, CannotSign>) -> Vec<u8> {
    [bytes, &update.unwrap()].concat()
}

/// A file with an update written by hand: objects by number, and what more the trailer says.
pub fn appended(bytes: &[u8], objects: &[(u32, &str)], trailer: &str) -> Vec<u8> {
    let file = File::open(&bytes).unwrap();
    let (prev, size) = (file.sections()[0].offset, file.next_number() + 100);
    let root = file.now().trailer().get("Root").reference().unwrap();
    let mut out = bytes.to_vec();
    let mut table = String::from("xref\n");
    for (number, object) in objects {
        match object.strip_prefix("at ") {
            // Nothing is written, and the object is said to be somewhere already.
            Some(place) => {
                let place: usize = place.parse().unwrap();
                table += &format!("{number} 1\n{place:010} 00000 n \n");
            }
            None if *object == "free" => table += &format!("{number} 1\n0000000000 00001 f \n"),
            None => {
                table += &format!("{number} 1\n{:010} 00000 n \n", out.len());
                out.extend_from_slice(format!("{number} 0 obj\n{object}\nendobj\n").as_bytes());
            }
        }
    }
    let start = out.len();
    let root = if trailer.contains("/Root") { String::new() } else { format!("/Root {} 0 R", root.number) };
    let end = format!("trailer\n<</Size {size}/Prev {prev}{root}{trailer}>>\nstartxref\n{start}\n%%EOF\n");
    out.extend_from_slice((table + &end).as_bytes());
    out
}

/// The text between two words in a file.
pub fn between(bytes: &[u8], from: &str, to: &str) -> String {
    let text = String::from_utf8_lossy(bytes);
    let start = text.find(from).unwrap_or_else(|| panic!("{from} is not there")) + from.len();
    let end = start + text[start..].find(to).unwrap();
    text[start..end].to_string()
}

/// Objects as a file with a cross-reference table, the first the catalog.
pub fn with_table(objects: &[&str]) -> Vec<u8> {
    let mut out = String::from("%PDF-1.7\n%\u{e2}\u{e3}\n");
    let mut places = vec![];
    for (index, object) in objects.iter().enumerate() {
        places.push(out.len());
        out += &format!("{} 0 obj\n{object}\nendobj\n", index + 1);
    }
    let start = out.len();
    out += &format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    places.iter().for_each(|place| out += &format!("{place:010} 00000 n \n"));
    out += &format!(
        "trailer\n<</Size {}/Root 1 0 R/ID[<00112233><44556677>]>>\nstartxref\n{start}\n%%EOF\n",
        objects.len() + 1
    );
    out.into_bytes()
}

const OBJECTS: [&str; 6] = [
    "<</Type/Catalog/Pages 2 0 R>>",
    "<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>",
    "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595.28 841.89]/Resources<<>>/Contents 5 0 R>>",
    "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595.28 841.89]/Resources<<>>/Annots[]>>",
    "<</Length 6 0 R>>\nstream\n0 0 m 100 100 l S\nendstream",
    "17",
];

/// Two pages with a cross-reference table.
pub fn table() -> Vec<u8> {
    with_table(&OBJECTS)
}

/// The same with a form: a text field (7) and an empty signature field (8).
pub fn with_form() -> Vec<u8> {
    let mut objects = OBJECTS.to_vec();
    objects[0] = "<</Type/Catalog/Pages 2 0 R/AcroForm 9 0 R>>";
    objects[2] = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595.28 841.89]/Resources<<>>/Contents 5 0 R\
                  /Annots[7 0 R 8 0 R]>>";
    objects.extend([
        "<</Type/Annot/Subtype/Widget/FT/Tx/T(note)/Rect[9 9 99 20]>>",
        "<</Type/Annot/Subtype/Widget/FT/Sig/T(approval)/Rect[200 200 300 250]>>",
        "<</Fields[7 0 R 8 0 R]>>",
    ]);
    with_table(&objects)
}

/// The same as a stream of cross-references with objects in streams, by qpdf.
pub fn stream() -> Vec<u8> {
    let from = put("for-stream.pdf", &table());
    let to = folder().join("stream.pdf");
    said("qpdf", &["--object-streams=generate", &from, to.to_str().unwrap()]);
    std::fs::read(to).unwrap()
}

/// The same with a table for old readers and, hidden from them, the second page's place in a stream.
pub fn hybrid() -> Vec<u8> {
    let table = table();
    let text = String::from_utf8(table).unwrap();
    let (body, rest) = text.split_once("xref\n0 7").unwrap();
    let place = body.find("4 0 obj").unwrap();
    let hidden: String = rest
        .split_inclusive('\n')
        .map(|line| match line.starts_with(&format!("{place:010}")) {
            true => "0000000000 00000 f \n".to_string(),
            false => line.to_string(),
        })
        .collect();
    let at = body.len();
    let row = [&[1u8][..], &(place as u32).to_be_bytes(), &[0u8]].concat();
    let mut out = body.as_bytes().to_vec();
    out.extend_from_slice(
        format!("7 0 obj\n<</Type/XRef/Size 8/W[1 4 1]/Index[4 1]/Length {}>>\nstream\n", row.len())
            .as_bytes(),
    );
    out.extend_from_slice(&row);
    out.extend_from_slice(b"\nendstream\nendobj\n");
    let start = out.len();
    let hidden = hidden.replace("/Root", &format!("/XRefStm {at}/Root")).replace("/Size 7", "/Size 8");
    let (entries, _) = hidden.split_once("startxref").unwrap();
    out.extend_from_slice(format!("xref\n0 7{entries}startxref\n{start}\n%%EOF\n").as_bytes());
    out
}

/// Who signs: a key and a certificate.
pub struct Holder {
    pub key: PrivateKey,
    pub certificate: Certificate,
}

/// A CA, an official with keys of two kinds, a time-stamp authority, and what the CA says of revocation.
pub struct World {
    pub ca: Holder,
    pub ca_path: String,
    pub official: Holder,
    pub rsa: Holder,
    pub tsa: Holder,
}

/// When everything was signed: about now by the clock of the judges, who ask for evidence that is fresh.
pub fn now() -> Instant {
    let since = std::fs::metadata(folder()).unwrap().modified().unwrap();
    let since = since.duration_since(std::time::UNIX_EPOCH).unwrap();
    Instant::from_micros(since.as_secs() as i64 * 1_000_000)
}

fn name(common: &str) -> Name {
    Name::builder().with(oid::COUNTRY, "VN").with(oid::COMMON_NAME, common).build()
}

fn issue(kind: Kind, number: u64, common: &str, key: &PrivateKey, ca: Option<&Holder>) -> Certificate {
    let subject = name(common);
    let (issuer, issuer_key_id) = match ca {
        Some(ca) => (ca.certificate.subject().clone(), ca.certificate.key_id()),
        None => (subject.clone(), key.public_key().id()),
    };
    let draft = issue::Draft {
        kind,
        serial: Serial::from_number(number),
        issuer,
        issuer_key_id,
        subject,
        key: key.public_key().clone(),
        validity: Validity { not_before: now().plus_days(-30), not_after: now().plus_days(300) },
        alt_names: vec![],
        policies: vec![],
        addresses: Addresses::default(),
    };
    draft.sign(ca.map_or(key, |ca| &ca.key)).unwrap()
}

pub fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let key = |kind| PrivateKey::generate(kind).unwrap();
        let ca_key = key(KeyKind::P256);
        let certificate = issue(Kind::Root, 1, "CA thử nghiệm", &ca_key, None);
        let ca = Holder { key: ca_key, certificate };
        let holder = |kind, number, common: &str, of| {
            let key = key(of);
            Holder { certificate: issue(kind, number, common, &key, Some(&ca)), key }
        };
        let official = holder(Kind::Official, 0x77, "Nguyễn Văn An", KeyKind::P256);
        let rsa = holder(Kind::AgencySeal, 0x78, "UBND xã An Thử", KeyKind::Rsa2048);
        let tsa = holder(Kind::Tsa, 0x79, "TSA", KeyKind::Rsa2048);
        let ca_path = put("ca.pem", ca.certificate.pem().as_bytes());
        for (file, holder) in [("an", &official), ("seal", &rsa), ("tsa", &tsa)] {
            let der = holder.key.to_pkcs8();
            let from = put(&format!("{file}.der"), &der);
            let to = folder().join(format!("{file}.key"));
            let to = to.to_str().unwrap();
            said("openssl", &["pkcs8", "-inform", "DER", "-nocrypt", "-in", &from, "-out", to]);
            put(&format!("{file}.pem"), holder.certificate.pem().as_bytes());
        }
        World { ca, ca_path, official, rsa, tsa }
    })
}

/// A token of the world's authority.
pub fn token(imprint: &Imprint) -> Result<Vec<u8>, String> {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let request = tsp::Request::new(imprint.clone(), None);
    let chain = [world().ca.certificate.clone()];
    let draft = tsp::Draft {
        request: &request,
        policy: "1.3.6.1.4.1.99999.2".parse().unwrap(),
        serial: Serial::from_number(NUMBER.fetch_add(1, Ordering::Relaxed)),
        time: now(),
        accuracy_millis: Some(1000),
        certificate: &world().tsa.certificate,
        chain: &chain,
    };
    draft.sign(&world().tsa.key).map_err(|e| e.to_string())
}

/// The CA's list, on which nobody stands.
pub fn crl() -> Crl {
    let ca = &world().ca;
    let draft = pki::crl::Draft {
        issuer: ca.certificate.subject().clone(),
        authority_key_id: ca.certificate.key_id(),
        number: 1,
        delta_base: None,
        this_update: now().plus_days(-1),
        next_update: now().plus_days(30),
        shard: None,
        freshest: None,
    };
    Crl::parse(draft.sign([], &ca.key).unwrap()).unwrap()
}

/// A plan for a field of this name.
pub fn plan(field: &str) -> Plan<'static> {
    Plan { reason: Some("Phê duyệt".into()), ..Plan::new(field, now()) }
}

/// The update that signs by this plan.
pub fn update(bytes: &[u8], plan: &Plan<'_>) -> Result<Vec<u8>, CannotSign> {
    let chain = [world().ca.certificate.clone()];
    let draft = cms::Draft::new(&world().official.certificate, &chain);
    pdfsig::sign(&bytes, plan, &draft, &world().official.key, None)
}

/// The file with a signature of the official's appended.
pub fn signed(bytes: &[u8], field: &str) -> Vec<u8> {
    [bytes, &update(bytes, &plan(field)).unwrap()].concat()
}
