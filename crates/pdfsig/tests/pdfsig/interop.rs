//! What qpdf, poppler and pyHanko make of our signatures, and we of pyHanko's.

use super::support::{folder, hybrid, put, run, said, signed, stream, table, world};
use pdfsig::file::Kind;
use pdfsig::{Covers, File, signatures};
use std::path::Path;

fn files() -> Vec<(&'static str, Vec<u8>, Kind)> {
    vec![
        ("table", table(), Kind::Table),
        ("stream", stream(), Kind::Stream),
        ("hybrid", hybrid(), Kind::Hybrid),
    ]
}

/// A file as it is and signed twice.
fn twice(bytes: &[u8]) -> Vec<u8> {
    signed(&signed(bytes, "Chữ ký cá nhân"), "Agency seal")
}

#[test]
fn an_update_keeps_every_byte_and_the_kind_of_cross_references() {
    for (name, bytes, kind) in files() {
        assert_eq!(File::open(&bytes).unwrap().sections()[0].kind, kind, "{name}");
        let twice = twice(&bytes);
        assert!(twice.starts_with(&bytes), "{name}");
        let file = File::open(&twice).unwrap();
        // To a hybrid file a table is added: what it hides from old readers stays hidden where it is.
        let added = if kind == Kind::Hybrid { Kind::Table } else { kind };
        let kinds: Vec<_> = file.sections().iter().map(|section| section.kind).collect();
        assert_eq!(kinds[..3], [added, added, kind], "{name}");
        let path = put(&format!("twice-{name}.pdf"), &twice);
        let checked = said("qpdf", &["--check", &path]);
        assert!(checked.contains("No syntax or stream encoding errors"), "{name}: {checked}");
        assert!(said("pdfinfo", &[&path]).contains("Pages:           2"), "{name}");
    }
}

#[test]
fn our_own_judgement_finds_both_signatures_and_what_each_covers() {
    for (name, bytes, _) in files() {
        let first = signed(&bytes, "Chữ ký cá nhân");
        let both = signed(&first, "Agency seal");
        let file = File::open(&both).unwrap();
        let found = signatures(&file).unwrap();
        let covers: Vec<_> = found.iter().map(|signature| signature.covers).collect();
        assert_eq!(covers, [Covers::Revision { end: first.len() as u64 }, Covers::File], "{name}");
        for signature in &found {
            let report = signature.check(&file, &[]);
            assert_eq!(report.findings, [], "{name}");
            let message = report.message.unwrap();
            assert_eq!(message.certificate.as_ref(), Some(&world().official.certificate));
            assert_eq!(message.level, pki::cms::Level::BB);
        }
    }
}

#[test]
fn poppler_accepts_ours() {
    let store = folder().join("nss");
    std::fs::create_dir_all(&store).unwrap();
    let store = format!("sql:{}", store.display());
    said("certutil", &["-N", "-d", &store, "--empty-password"]);
    said("certutil", &["-A", "-d", &store, "-n", "root", "-t", "CT,C,C", "-i", &world().ca_path]);
    for (name, bytes, _) in files() {
        let path = put(&format!("poppler-{name}.pdf"), &twice(&bytes));
        let said = said("pdfsig", &["-nssdir", &store, &path]);
        assert_eq!(said.matches("Signature is Valid.").count(), 2, "{name}: {said}");
        assert_eq!(said.matches("Certificate is Trusted.").count(), 2, "{name}: {said}");
        assert!(said.contains("ETSI.CAdES.detached"), "{name}: {said}");
    }
}

fn pyhanko(words: &[&str]) -> std::process::Output {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../suite/peers/venv/bin/pyhanko");
    assert!(program.exists(), "{} is missing; `cargo x test` installs it", program.display());
    run(program.to_str().unwrap(), words)
}

#[test]
fn pyhanko_accepts_ours() {
    for (name, bytes, _) in files() {
        let path = put(&format!("pyhanko-{name}.pdf"), &twice(&bytes));
        let words = [
            "sign",
            "validate",
            "--no-revocation-check",
            "--trust",
            &world().ca_path,
            "--pretty-print",
            &path,
        ];
        let output = pyhanko(&words);
        let said = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(said.matches("The signature is judged VALID.").count(), 2, "{name}: {said} {errors}");
    }
}

#[test]
fn we_accept_pyhankos() {
    let path = put("for-pyhanko.pdf", &table());
    let out = folder().join("by-pyhanko.pdf");
    let at = |name: &str| folder().join(name).to_str().unwrap().to_string();
    let certificate = world().official.certificate.clone();
    #[rustfmt::skip]
    let output = pyhanko(&[
        "sign", "addsig", "--field", "1/0,0,10,10/Sig1", "--use-pades", "pemder", "--key", &at("an.key"),
        "--cert", &at("an.pem"), "--no-pass", &path, out.to_str().unwrap(),
    ]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let bytes = std::fs::read(out).unwrap();
    let file = File::open(&bytes).unwrap();
    let found = signatures(&file).unwrap();
    let [signature] = &found[..] else { panic!("{found:?}") };
    let report = signature.check(&file, &[]);
    assert_eq!((report.findings.as_slice(), signature.covers), (&[][..], Covers::File));
    assert_eq!(report.message.unwrap().certificate, Some(certificate));
}
