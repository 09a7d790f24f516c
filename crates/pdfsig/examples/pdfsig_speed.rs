//! How fast: each job beside the signatures it cannot do without, in the same run, as rows of the table that
//! `cargo x bench` prints.
//!
//! `cargo run --release -p pdfsig --example pdfsig_speed [FOLDER]`; what a peer needs to do the same is left
//! in the folder.

use base::Instant;
use pdfsig::appearance::{Font, Image, PageBox, Rect};
use pdfsig::layout::{Page, in_force};
use pdfsig::{Evidence, File, Later, Plan, Seekable, add_evidence, time_stamp};
use pki::cert::{Certificate, Serial, Validity};
use pki::cms;
use pki::issue;
use pki::key::{Digest, KeyKind, PrivateKey, Signer};
use pki::name::Name;
use pki::profile::{Addresses, Kind};
use pki::tsp::{self, Imprint};
use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;

/// Seconds each measurement runs.
const SECONDS: f64 = 2.0;
/// How often the large file is signed.
const LARGE_ROUNDS: u32 = 5;

fn main() {
    for (name, kind) in [("P-256", KeyKind::P256), ("RSA-2048", KeyKind::Rsa2048)] {
        let signer = Holder::new(name, kind);
        let message = [7u8; 300];
        let sign = measured(|| drop(black_box(signer.key.sign(&message))));
        let signature = signer.key.sign(&message).expect("a signature");
        let public = signer.key.public_key();
        let check = measured(|| {
            public.verify(signer.key.algorithm(), &message, &signature).expect("verifies");
        });
        let paper = paper(10_000, 0);
        if let Some(folder) = std::env::args().nth(1) {
            leave(Path::new(&folder), &signer, &paper);
        }
        sign_small(&signer, &paper, sign);
        verify(&signer, &paper, check);
        large(&signer);
    }
}

/// Leaves the paper, the signer and what was signed in a folder.
fn leave(folder: &Path, signer: &Holder, paper: &Vec<u8>) {
    let name = signer.name;
    let key = pki::pem::write("PRIVATE KEY", &signer.key.to_pkcs8());
    let [own, root] = [signer.certificate.pem(), signer.chain[0].pem()];
    let signed = [&paper[..], &signer.sign(paper, &Plan::new("Sig", signer.at))].concat();
    let files: [(String, &[u8]); 5] = [
        ("paper.pdf".into(), paper),
        (format!("{name}.pdf"), &signed),
        (format!("{name}.key"), key.as_bytes()),
        (format!("{name}.pem"), own.as_bytes()),
        (format!("{name}-ca.pem"), root.as_bytes()),
    ];
    for (file, bytes) in files {
        std::fs::write(folder.join(file), bytes).expect("the folder takes it");
    }
}

/// How long a job takes, in seconds: the mean of a while.
fn measured(mut job: impl FnMut()) -> f64 {
    job();
    let begin = std::time::Instant::now();
    let mut count = 0;
    while begin.elapsed().as_secs_f64() < SECONDS {
        job();
        count += 1;
    }
    begin.elapsed().as_secs_f64() / f64::from(count)
}

/// A job beside its limit and what is wanted of it, as a row.
fn time(name: &str, raw: f64, target: &str, job: impl FnMut()) {
    row(name, measured(job), raw, &format!("{target}{SECONDS} s"));
}

fn row(name: &str, each: f64, raw: f64, load: &str) {
    let (each, raw, ratio) = (each * 1e3, raw * 1e3, each / raw);
    println!("| {name} | {each:.3} ms | {raw:.3} ms | {ratio:.1} | {load} |");
}

struct Holder {
    name: &'static str,
    key: PrivateKey,
    certificate: Certificate,
    chain: [Certificate; 1],
    tsa: Certificate,
    at: Instant,
}

impl Holder {
    fn new(name: &'static str, kind: KeyKind) -> Holder {
        let at = Instant::parse_rfc3339("2026-06-01T08:00:00+07:00").expect("a time");
        let key = PrivateKey::generate(kind).expect("a key");
        let issue = |kind, number, common: &str| {
            let called = |common: &str| Name::builder().with(pki::oid::COMMON_NAME, common).build();
            let draft = issue::Draft {
                kind,
                serial: Serial::from_number(number),
                issuer: called("CA"),
                issuer_key_id: key.public_key().id(),
                subject: called(common),
                key: key.public_key().clone(),
                validity: Validity { not_before: at, not_after: at.plus_days(3650) },
                alt_names: vec![],
                policies: vec![],
                addresses: Addresses::default(),
            };
            draft.sign(&key).expect("a certificate")
        };
        let certificate = issue(Kind::Official, 2, "An");
        let (ca, tsa) = (issue(Kind::Root, 1, "CA"), issue(Kind::Tsa, 3, "TSA"));
        Holder { name, key, certificate, chain: [ca], tsa, at }
    }

    fn draft(&self) -> cms::Draft<'_> {
        cms::Draft::new(&self.certificate, &self.chain)
    }

    fn sign(&self, bytes: &Vec<u8>, plan: &Plan<'_>) -> Vec<u8> {
        pdfsig::sign(bytes, plan, &self.draft(), &self.key, None).expect("signed")
    }

    fn token(&self, imprint: &Imprint) -> Result<Vec<u8>, String> {
        let request = tsp::Request::new(imprint.clone(), None);
        let draft = tsp::Draft {
            request: &request,
            policy: "1.3.6.1.4.1.99999.2".parse().expect("an identifier"),
            serial: Serial::from_number(9),
            time: self.at,
            accuracy_millis: None,
            certificate: &self.tsa,
            chain: &self.chain,
        };
        draft.sign(&self.key).map_err(|e| e.to_string())
    }
}

/// A document of one page, filled to a size with the bytes of a picture that nobody shows, and with small
/// objects.
fn paper(size: usize, objects: usize) -> Vec<u8> {
    let small = vec!["<</Type/StructElem/S/P>>"; objects];
    let mut out = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut places = vec![];
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<<>>/Contents 4 0 R>>",
        "<</Length 17>>\nstream\n0 0 m 100 100 l S\nendstream",
    ];
    for (index, object) in objects.iter().chain(&small).enumerate() {
        places.push(out.len());
        out.extend_from_slice(format!("{} 0 obj\n{object}\nendobj\n", index + 1).as_bytes());
    }
    places.push(out.len());
    let fill = size.saturating_sub(out.len() + 300);
    let last = places.len();
    out.extend_from_slice(format!("{last} 0 obj\n<</Length {fill}>>\nstream\n").as_bytes());
    out.extend((0..fill).map(|at| (at % 251) as u8));
    out.extend_from_slice(b"\nendstream\nendobj\n");
    let start = out.len();
    let count = last + 1;
    out.extend_from_slice(format!("xref\n0 {count}\n0000000000 65535 f \n").as_bytes());
    places.iter().for_each(|place| out.extend_from_slice(format!("{place:010} 00000 n \n").as_bytes()));
    let end = format!("trailer\n<</Size {count}/Root 1 0 R/ID[<00><01>]>>\nstartxref\n{start}\n%%EOF\n");
    out.extend_from_slice(end.as_bytes());
    out
}

fn picture() -> Image {
    let (width, height) = (300u32, 150u32);
    let pixels: Vec<u8> = (0..width * height)
        .flat_map(|at| if at % 7 == 0 { [0, 0, 200, 220] } else { [0, 0, 0, 0] })
        .collect();
    let mut out = vec![];
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(png::ColorType::Rgba);
    let mut writer = encoder.write_header().expect("a picture");
    writer.write_image_data(&pixels).expect("a picture");
    drop(writer);
    Image::png(&out).expect("a picture")
}

fn sign_small(holder: &Holder, paper: &Vec<u8>, raw: f64) {
    let plain = Plan::new("Sig", holder.at);
    let what = |how: &str| format!("10 KB of PDF signed {}, {how}", holder.name);
    let (seen, unseen) = (if holder.name == "P-256" { "≤ 0.5 ms; " } else { "≤ 0.9 ms; " }, "");
    time(&what("B-B, not seen"), raw, unseen, || drop(black_box(holder.sign(paper, &plain))));
    let image = picture();
    let layout = in_force(holder.at.day()).expect("rules in force");
    let file = File::open(paper).expect("a file");
    let shown = PageBox::of(&file, 0).ok().flatten().expect("a page");
    let page = Page { index: 0, shown };
    let place = layout.personal_place(&image, Rect::sized(330.0, 200.0, 180.0, 70.0));
    let personal = layout.personal(page, &image, place);
    let plan = Plan { appearance: Some(&personal), ..plain.clone() };
    time(&what("B-B, a person's picture"), raw, seen, || drop(black_box(holder.sign(paper, &plan))));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../paper/fonts/Tinos_400Regular.ttf");
    let font = Font::new(std::fs::read(path).expect("a font")).expect("a font");
    let lines = ["UBND An Thu".to_string(), pdfsig::layout::shown_time(holder.at)];
    time(&what("B-B, a seal with two lines"), raw, seen, || {
        let seal = layout.seal(page, &image, place, &font, &lines);
        let plan = Plan { appearance: Some(&seal), ..plain.clone() };
        drop(black_box(holder.sign(paper, &plan)));
    });
    let stamper = |imprint: &Imprint| holder.token(imprint);
    time(&what("B-LTA, authority in process"), raw, unseen, || {
        let signed = pdfsig::sign(paper, &plain, &holder.draft(), &holder.key, Some(&stamper));
        let signed = [&paper[..], &signed.expect("signed")].concat();
        let certificates = vec![holder.certificate.clone(), holder.chain[0].clone(), holder.tsa.clone()];
        let evidence = Evidence { certificates, ..Evidence::default() };
        let kept = add_evidence(&signed, &evidence, &["Sig"]).expect("evidence");
        let kept = [signed, kept].concat();
        black_box(time_stamp(&kept, "Stamp", Digest::Sha256, &stamper).expect("stamped"));
    });
}

fn judge(bytes: &Vec<u8>, count: usize) {
    let file = File::open(bytes).expect("a file");
    let judgement = pdfsig::judge(&file, &[]).expect("judged");
    assert_eq!(judgement.signatures.len(), count);
    for judged in &judgement.signatures {
        assert!(judged.report.is_intact());
        assert!(matches!(judged.later, Later::Nothing | Later::Allowed(_)));
    }
    black_box(judgement);
}

fn verify(holder: &Holder, paper: &[u8], raw: f64) {
    let mut bytes = paper.to_vec();
    for count in 1..=50 {
        let plan = Plan::new(&format!("Sig {count}"), holder.at);
        let update = holder.sign(&bytes, &plan);
        bytes.extend_from_slice(&update);
        let target = match count {
            1 => "≤ 0.5 ms; ",
            5 => "≤ 2.5 ms; ",
            50 => "≤ 50 ms; ",
            _ => continue,
        };
        let name = format!("{count} of {} in PDF judged, and what came after each", holder.name);
        time(&name, raw * count as f64, target, || judge(&bytes, count));
    }
}

/// A file of 100 MB and 50,000 objects that stays on disk, signed through a handle.
fn large(holder: &Holder) {
    let path = std::env::temp_dir().join(format!("pdfsig-speed-{}.pdf", std::process::id()));
    {
        let bytes = paper(100_000_000, 50_000);
        std::fs::File::create(&path).and_then(|mut file| file.write_all(&bytes)).expect("a file on disk");
    }
    let source = Seekable::new(std::fs::File::open(&path).expect("opens")).expect("seeks");
    let plan = Plan::new("Sig", holder.at);
    // What the process has taken at most is counted from here on; Linux alone tells it.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let before = peak_kb();
    let begin = std::time::Instant::now();
    for _ in 0..LARGE_ROUNDS {
        let signed = pdfsig::sign(&source, &plan, &holder.draft(), &holder.key, None);
        black_box(signed.expect("signed"));
    }
    let each = begin.elapsed().as_secs_f64() / f64::from(LARGE_ROUNDS);
    let more_mb = peak_kb().saturating_sub(before) as f64 / 1024.0;
    let buffer = vec![7u8; 100_000_000];
    let begin = std::time::Instant::now();
    black_box(Digest::Sha256.of(&buffer));
    let hash = begin.elapsed().as_secs_f64();
    let load =
        format!("≤ 300 ms, ≤ 16 MB more; {more_mb:.1} MB more; {LARGE_ROUNDS} times; raw is SHA-256 alone");
    row(&format!("100 MB of PDF signed {} from a handle", holder.name), each, hash, &load);
    std::fs::remove_file(path).expect("removed");
}

fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_ascii_whitespace().nth(1).and_then(|kb| kb.parse().ok()).unwrap_or(0)
}
