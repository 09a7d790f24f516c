//! What qpdf, poppler and pyHanko make of our signatures, and we of pyHanko's.

use super::support::{files, folder, judged_by_pyhanko, put, said, signed, world};
use pdfsig::file::Kind;
use pdfsig::{Covers, File, signatures};

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

#[test]
fn pyhanko_accepts_ours() {
    for (name, bytes, _) in files() {
        let path = put(&format!("pyhanko-{name}.pdf"), &twice(&bytes));
        assert_eq!(
            judged_by_pyhanko(&path),
            [
                "Chữ_ký_cá_nhân True True True ENTIRE_REVISION FORM_FILLING True True unstamped",
                "Agency_seal True True True ENTIRE_FILE NONE True True unstamped",
            ],
            "{name}"
        );
    }
}
