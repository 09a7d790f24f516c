//! The levels of PAdES, each appended to the one before it, ours judged by others and theirs by us.

use super::support::{cat, crl, files, folder, judged_by_pyhanko, now, plan, put, said, table, token, world};
use judges::{Way, row};
use pdfsig::{
    CannotSign, Change, Covers, Evidence, File, Later, Level, Permission, Plan, SubFilter, add_evidence,
    changes, judge, sign, signatures, stamp_signature, store, time_stamp,
};
use pki::cms;
use pki::key::Digest;
use pki::path::{Anchor, Material, Purpose, Revocation, Rules, validate};

/// A file signed at B-T, with the world's authority.
fn b_t(bytes: &[u8], field: &str) -> Vec<u8> {
    let chain = [world().ca.certificate.clone()];
    let draft = cms::Draft::new(&world().official.certificate, &chain);
    cat(bytes, sign(&bytes, &plan(field), &draft, &world().official.key, Some(&token)))
}

fn evidence() -> Evidence {
    let world = world();
    let certificates = [&world.official, &world.ca, &world.tsa].map(|holder| holder.certificate.clone());
    Evidence { certificates: certificates.to_vec(), crls: vec![crl()], answers: vec![] }
}

fn b_lt(bytes: &[u8], field: &str) -> Vec<u8> {
    let bytes = b_t(bytes, field);
    cat(&bytes, add_evidence(&bytes, &evidence(), &[field]))
}

pub fn b_lta(bytes: &[u8], field: &str, stamp: &str) -> Vec<u8> {
    let bytes = b_lt(bytes, field);
    cat(&bytes, time_stamp(&bytes, stamp, Digest::Sha256, &token))
}

#[test]
fn every_level_is_accepted_by_pyhanko_and_qpdf() {
    let (mut checked_files, mut accepted, mut by_evidence) = (0, 0, 0);
    for (name, bytes, _) in files() {
        for (level, bytes) in [
            ("t", b_t(&bytes, "Sig")),
            ("lt", b_lt(&bytes, "Sig")),
            ("lta", b_lta(&bytes, "Sig", "Stamp")),
            ("lta twice", b_lta(&b_lta(&bytes, "Sig", "Stamp"), "Seal", "Stamp 2")),
        ] {
            let path = put(&format!("{name}-{level}.pdf"), &bytes);
            let checked = said("qpdf", &["--check", &path]);
            assert!(checked.contains("No syntax or stream encoding errors"), "{name} {level}: {checked}");
            for line in judged_by_pyhanko(&path) {
                let words: Vec<&str> = line.split_whitespace().collect();
                assert_eq!(words[1..4], ["True"; 3], "{name} {level}: {line}");
                let is_stamp = words[0].starts_with("Stamp");
                assert!(is_stamp || words[7..] == ["True", "stamped"], "{name} {level}: {line}");
                accepted += 1;
            }
            checked_files += 1;
            by_evidence += usize::from(level != "t");
            assert_eq!(level_of(&bytes), level.split(' ').next().unwrap(), "{name}");
            assert_eq!(holds_by_evidence_alone(&path), level != "t", "{name} {level}");
        }
    }
    row("qpdf", Way::Ours, "PAdES B-T to B-LTA", checked_files);
    row("pyHanko", Way::Ours, "signatures and document time-stamps of PAdES B-T to B-LTA", accepted);
    row("pyHanko", Way::Ours, "PAdES B-LT and B-LTA by the evidence inside alone", by_evidence);
}

/// The level of the first signature of a file.
fn level_of(bytes: &Vec<u8>) -> &'static str {
    let judgement = judge(&File::open(bytes).unwrap(), &[]).unwrap();
    match judgement.signatures[0].level {
        Level::None => "none",
        Level::BB => "b",
        Level::BT => "t",
        Level::BLT => "lt",
        Level::BLTA => "lta",
    }
}

/// Whether pyHanko is content with the evidence inside; it may ask nothing of the network.
fn holds_by_evidence_alone(path: &str) -> bool {
    super::support::pyhanko(&["evidence", &world().ca_path, path]) == ["True"]
}

#[test]
fn pyhankos_levels_are_accepted_by_us() {
    let mut accepted = 0;
    put("ca.crl", crl().der());
    for (kind, bytes, _) in files() {
        for level in ["b", "t", "lt", "lta"] {
            let from = put(&format!("for-pyhanko-{kind}.pdf"), &bytes);
            let to = folder().join(format!("pyhanko-{kind}-{level}.pdf"));
            let words = ["sign", folder().to_str().unwrap(), level, &from, to.to_str().unwrap()];
            super::support::pyhanko(&words);
            check_pyhankos(&std::fs::read(to).unwrap(), &format!("{kind} {level}"), level);
            accepted += 1;
        }
    }
    row("pyHanko", Way::Theirs, "PAdES B-B to B-LTA", accepted);
}

fn check_pyhankos(bytes: &Vec<u8>, name: &str, level: &str) {
    let file = File::open(bytes).unwrap();
    let found = signatures(&file).unwrap();
    assert_eq!(found.len(), if level == "lta" { 2 } else { 1 }, "{name}");
    let changes = changes(&file, &found).unwrap();
    for signature in &found {
        let report = signature.check(&file, &[]);
        assert_eq!(report.findings, [], "{name}");
        let is_stamp = signature.sub_filter == SubFilter::TimeStamp;
        let holder = if is_stamp { &world().tsa } else { &world().official };
        assert_eq!(report.certificate(), Some(&holder.certificate), "{name}");
        assert_eq!(report.stamps.len(), usize::from(level != "b"), "{name}");
        assert!(report.stamps.iter().all(|stamp| stamp.time().is_some()), "{name}");
        let later = match (level, is_stamp) {
            ("lt", _) => Later::Allowed(vec![Change::Evidence]),
            ("lta", false) => {
                Later::Allowed(vec![Change::Stamped { field: stamp_name(&found) }, Change::Evidence])
            }
            // pyHanko adds the evidence on the stamp itself after it.
            ("lta", true) => Later::Allowed(vec![Change::Evidence]),
            _ => Later::Nothing,
        };
        let after = match changes.after(signature) {
            Later::Allowed(mut changes) => {
                changes.retain(|change| *change != Change::Information);
                Later::Allowed(changes)
            }
            other => other,
        };
        assert_eq!(after, later, "{name}");
        assert!(!matches!(later, Later::Forbidden { .. }), "{name}");
    }
    assert_eq!(level_of(bytes), level, "{name}");
    if level == "lt" {
        let store = store(&file).unwrap();
        assert_eq!((store.unreadable, store.evidence.crls.len()), (0, 1), "{name}");
        assert!(store.is_for(&found[0]), "{name}");
        assert!(is_trusted_by(&store.evidence, &found[0].check(&file, &[]).certificate().unwrap().clone()));
    }
}

#[test]
fn pyhanko_and_we_sign_after_each_other() {
    let mut accepted = 0;
    put("ca.crl", crl().der());
    for (kind, bytes, _) in files() {
        let ours = b_t(&bytes, "Ours");
        let from = put(&format!("ours-{kind}.pdf"), &ours);
        let to = folder().join(format!("theirs-{kind}.pdf"));
        let words = ["sign", folder().to_str().unwrap(), "lta", &from, to.to_str().unwrap()];
        super::support::pyhanko(&words);
        let both = b_lta(&std::fs::read(to).unwrap(), "Ours again", "Our stamp");
        let path = put(&format!("both-{kind}.pdf"), &both);
        let lines = judged_by_pyhanko(&path);
        assert_eq!(lines.len(), 5, "{kind}: {lines:?}");
        assert!(lines.iter().all(|line| !line.contains("False")), "{kind}: {lines:?}");
        accepted += lines.len();
        let file = File::open(&both).unwrap();
        let judgement = judge(&file, &[]).unwrap();
        assert_eq!(judgement.signatures.len(), 5);
        for judged in &judgement.signatures {
            assert!(judged.report.is_intact(), "{kind}: {:?}", judged.report.findings);
            assert!(
                !matches!(judged.later, Later::Forbidden { .. } | Later::Unknown),
                "{kind}: {:?}",
                judged.later
            );
        }
        assert_eq!(judgement.signatures[0].level, Level::BLTA, "{kind}");
    }
    row("pyHanko", Way::Ours, "files signed by us, by it and by us again", accepted);
    row("pyHanko", Way::Theirs, "files signed by us, by it and by us again", accepted);
}

fn stamp_name(found: &[pdfsig::Signature]) -> String {
    found.iter().find(|one| one.sub_filter == SubFilter::TimeStamp).unwrap().field.clone()
}

fn is_trusted_by(evidence: &Evidence, certificate: &pki::Certificate) -> bool {
    let mut material = Material::new();
    evidence.add_to(&mut material);
    let rules = Rules::at(now()).for_purpose(Purpose::Document).with_revocation(Revocation::Required);
    let anchors = [Anchor::from(world().ca.certificate.clone())];
    validate(certificate, &anchors, &material, &rules).is_valid()
}

#[test]
fn our_levels_are_read_back() {
    let bytes = b_lta(&table(), "Sig", "Stamp");
    let file = File::open(&bytes).unwrap();
    let found = signatures(&file).unwrap();
    let (signature, stamp) = (&found[0], &found[1]);
    assert_eq!((stamp.covers, &stamp.sub_filter), (Covers::File, &SubFilter::TimeStamp));
    for one in &found {
        let report = one.check(&file, &[]);
        assert_eq!(report.findings, []);
        assert_eq!(report.stamps[0].time(), Some(now()));
    }
    assert_eq!(signature.check(&file, &[]).message.unwrap().level, cms::Level::BT);
    let changes = changes(&file, &found).unwrap();
    let stamped = Change::Stamped { field: "Stamp".into() };
    assert_eq!(changes.after(signature), Later::Allowed(vec![Change::Evidence, stamped]));
    assert_eq!(changes.after(stamp), Later::Nothing);
    let store = store(&file).unwrap();
    assert!(store.is_for(signature) && !store.is_for(stamp));
    assert!(is_trusted_by(&store.evidence, &world().official.certificate));
    // Evidence that is there is not added again.
    let again = add_evidence(&bytes, &evidence(), &["Sig"]).unwrap();
    assert!(again.len() < 1_000, "{}", again.len());
}

#[test]
fn a_time_stamp_goes_into_the_room_kept_for_it() {
    let chain = [world().ca.certificate.clone()];
    let draft = cms::Draft::new(&world().official.certificate, &chain);
    let plan = Plan { room_for_stamp: 4_000, ..plan("Sig") };
    let bytes = cat(&table(), sign(&table(), &plan, &draft, &world().official.key, None));
    let patch = stamp_signature(&bytes, "Sig", &token).unwrap();
    let mut stamped = bytes.clone();
    stamped[patch.at as usize..][..patch.bytes.len()].copy_from_slice(&patch.bytes);
    let file = File::open(&stamped).unwrap();
    let found = signatures(&file).unwrap();
    let report = found[0].check(&file, &[]);
    assert_eq!((report.findings.as_slice(), report.stamps.len()), (&[][..], 1));
    let path = put("patched.pdf", &stamped);
    assert!(judged_by_pyhanko(&path)[0].ends_with("True stamped"));
    // A later signature covers the room.
    let more = cat(&bytes, super::support::update(&bytes, &super::support::plan("Later")));
    assert_eq!(stamp_signature(&more, "Sig", &token), Err(CannotSign::NotLast));
    // And without room there is none.
    let tight = super::support::signed(&table(), "Sig");
    assert!(matches!(stamp_signature(&tight, "Sig", &token), Err(CannotSign::TooLong { .. })));
}

#[test]
fn a_time_stamp_that_is_longer_than_its_room_is_given_more() {
    let chain = [world().ca.certificate.clone()];
    let draft = cms::Draft::new(&world().official.certificate, &chain);
    let count = std::cell::Cell::new(0);
    // The authority sends a whole bundle of certificates.
    let long = |imprint: &pki::tsp::Imprint| {
        count.set(count.get() + 1);
        let request = pki::tsp::Request::new(imprint.clone(), None);
        let chain = vec![world().ca.certificate.clone(); 30];
        let draft = pki::tsp::Draft {
            request: &request,
            policy: "1.3.6.1.4.1.99999.2".parse().unwrap(),
            serial: pki::cert::Serial::from_number(7),
            time: now(),
            accuracy_millis: None,
            certificate: &world().tsa.certificate,
            chain: &chain,
        };
        draft.sign(&world().tsa.key).map_err(|e| e.to_string())
    };
    let bytes = cat(&table(), sign(&table(), &plan("Sig"), &draft, &world().official.key, Some(&long)));
    let stamped = cat(&bytes, time_stamp(&bytes, "Stamp", Digest::Sha256, &long));
    assert_eq!(count.get(), 4);
    let file = File::open(&stamped).unwrap();
    for signature in signatures(&file).unwrap() {
        assert_eq!(signature.check(&file, &[]).findings, []);
    }
    let fails = |_: &pki::tsp::Imprint| Err("503".to_string());
    let failed = sign(&table(), &plan("Sig"), &draft, &world().official.key, Some(&fails));
    assert_eq!(failed, Err(CannotSign::Stamp("503".into())));
}

#[test]
fn a_certified_file_is_signed_as_far_as_it_allows() {
    for permission in [Permission::Nothing, Permission::Forms, Permission::Annotations] {
        let certified = Plan { certify: Some(permission), ..plan("Sig") };
        let bytes = cat(&table(), super::support::update(&table(), &certified));
        let more = super::support::update(&bytes, &plan("Later"));
        assert_eq!(more.is_err(), permission == Permission::Nothing);
        let again = Plan { certify: Some(permission), ..plan("Later") };
        assert!(super::support::update(&bytes, &again).is_err());
        // What keeps it checkable is always allowed.
        let kept = cat(&bytes, add_evidence(&bytes, &evidence(), &["Sig"]));
        let kept = cat(&kept, time_stamp(&kept, "Stamp", Digest::Sha256, &token));
        let path = put(&format!("certified-{permission:?}.pdf"), &kept);
        for line in judged_by_pyhanko(&path) {
            assert_eq!(line.split_whitespace().skip(1).take(3).collect::<Vec<_>>(), ["True"; 3], "{line}");
            assert!(!line.contains("False"), "{line}");
        }
        let file = File::open(&kept).unwrap();
        let found = signatures(&file).unwrap();
        assert_eq!(found[0].permission, Some(permission));
        let later = changes(&file, &found).unwrap().after(&found[0]);
        assert!(matches!(later, Later::Allowed(_)), "{later:?}");
    }
}
