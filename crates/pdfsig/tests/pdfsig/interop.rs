//! What qpdf, poppler and pyHanko make of our signatures, and we of pyHanko's.

use super::support::{
    cat, files, folder, hybrid, judged_by_pyhanko, plan, put, said, signed, table, with_table, world,
};
use judges::{Way, row};
use pdfsig::file::Kind;
use pdfsig::{CannotSign, Change, Covers, File, Later, Seekable, judge, signatures};
use pki::cms;
use pki::key::Signer;

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
    row("qpdf", Way::Ours, "PDF signed twice, every kind of cross-references", files().len());
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
    let mut accepted = 0;
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
        accepted += 2;
        assert!(said.contains("ETSI.CAdES.detached"), "{name}: {said}");
    }
    row("pdfsig", Way::Ours, "PAdES B-B, every kind of cross-references", accepted);
}

#[test]
fn pyhanko_accepts_ours() {
    let mut accepted = 0;
    // Poppler repairs such a file, signed or not, and so it stands here alone.
    let free = ("hybrid that says free", hybrid(true), Kind::Hybrid);
    for (name, bytes, _) in files().into_iter().chain([free]) {
        let path = put(&format!("pyhanko-{name}.pdf"), &twice(&bytes));
        assert_eq!(
            judged_by_pyhanko(&path),
            [
                "Chữ_ký_cá_nhân True True True ENTIRE_REVISION FORM_FILLING True True unstamped",
                "Agency_seal True True True ENTIRE_FILE NONE True True unstamped",
            ],
            "{name}"
        );
        accepted += 2;
    }
    row("pyHanko", Way::Ours, "PAdES B-B, every kind of cross-references", accepted);
}

#[test]
fn a_key_that_answers_later_signs_in_two_steps() {
    let official = &world().rsa;
    let chain = [world().ca.certificate.clone()];
    let draft = cms::Draft::new(&official.certificate, &chain);
    let bytes = table();
    let prepared = pdfsig::prepare(&bytes, &plan("Seal"), &draft, official.key.algorithm()).unwrap();
    let unsigned = draft.to_sign(prepared.hash(), official.key.algorithm());
    // Somebody else signs: openssl, with the key in its file.
    let (from, to) = (put("to-sign", unsigned.bytes()), folder().join("signature"));
    let key = folder().join("seal.key");
    let words = ["dgst", "-sha256", "-sign", key.to_str().unwrap(), "-out", to.to_str().unwrap(), &from];
    said("openssl", &words);
    let message = unsigned.finish(&std::fs::read(to).unwrap(), cms::Embed::Detached);
    assert_eq!(prepared.room_bytes(), message.len(), "the room is measured");
    let signed = cat(&bytes, prepared.clone().finish(&message));
    assert!(
        judged_by_pyhanko(&put("two-steps.pdf", &signed))[0].starts_with("Seal True True True ENTIRE_FILE")
    );
    let (message_bytes, room_bytes) = (message.len() + 1, message.len());
    let longer = [message, vec![0]].concat();
    assert_eq!(prepared.finish(&longer), Err(CannotSign::TooLong { message_bytes, room_bytes }));
    row("pyHanko", Way::Ours, "PAdES B-B whose value openssl signed", 1);
}

#[test]
fn a_file_on_disk_is_signed_and_judged_as_one_in_memory() {
    for (name, bytes, _) in files() {
        // Longer than what is read at a time, and an object longer than what is read at first.
        let long = format!("<</Length 1000000>>\nstream\n{}\nendstream", " ".repeat(1_000_000));
        let array = format!("[{}]", "(some words) ".repeat(2_000));
        let bytes = super::support::appended(&bytes, &[(30, &long), (31, &array)], "");
        let path = put(&format!("on-disk-{name}.pdf"), &bytes);
        let source = Seekable::new(std::fs::File::open(&path).unwrap()).unwrap();
        let chain = [world().ca.certificate.clone()];
        // A key that signs the same twice.
        let draft = cms::Draft::new(&world().rsa.certificate, &chain);
        let sign = |source| pdfsig::sign(source, &plan("Seal"), &draft, &world().rsa.key, None).unwrap();
        let update = sign(&source);
        assert_eq!(update, sign(&bytes), "{name}");
        let signed = [bytes, update].concat();
        let source = Seekable::new(std::io::Cursor::new(signed.clone())).unwrap();
        let (by_handle, in_memory) = (File::open(&source).unwrap(), File::open(&signed).unwrap());
        let judgements = [&by_handle, &in_memory].map(|file| judge(file, &[]).unwrap());
        assert_eq!(format!("{:?}", judgements[0]), format!("{:?}", judgements[1]), "{name}");
        assert!(judgements[0].signatures[0].report.is_intact(), "{name}");
    }
}

#[test]
fn a_file_of_many_objects_is_judged_on_disk() {
    let mut objects = vec!["<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>"];
    objects.push("<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>");
    objects.extend(vec!["<</Type/StructElem/S/P>>"; 100_000]);
    let bytes = signed(&signed(&with_table(&objects), "Sig"), "Seal");
    let source = Seekable::new(std::io::Cursor::new(bytes)).unwrap();
    let file = File::open(&source).unwrap();
    let judgement = judge(&file, &[]).unwrap();
    let later = &judgement.signatures[0].later;
    assert_eq!(*later, Later::Allowed(vec![Change::Signed { field: "Seal".into() }]));
}
