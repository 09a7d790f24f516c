//! Paths beside PKITS: purposes, names, and bounds on what an adversary can make us do.

use crate::world::{KINDS, World, draft_by, name, now};
use pki::key::{KeyKind, PrivateKey, Signer};
use pki::path::{Fault, Material, Purpose, Revocation, Verdict, validate};
use pki::profile::Kind;

fn off(world: &World, purpose: Purpose) -> pki::path::Rules {
    world.rules().with_revocation(Revocation::Off).for_purpose(purpose)
}

#[test]
fn every_kind_serves_its_purposes_and_no_other() {
    let world = World::new();
    let purposes = [
        ("any", Purpose::Any),
        ("document", Purpose::Document),
        ("time", Purpose::TimeStamping),
        ("ocsp", Purpose::OcspSigning),
        ("server", Purpose::TlsServer("dichvucong.vinhlong.example".into())),
        ("client", Purpose::TlsClient),
    ];
    let mut table = String::from("\n");
    for (n, (kind, key)) in KINDS.into_iter().enumerate() {
        let holder = world.holder(kind, 100 + n as u64, key);
        let fits = purposes.iter().filter(|(_, purpose)| {
            let rules = off(&world, purpose.clone());
            validate(&holder.certificate, &world.anchors(), &world.material(), &rules).is_valid()
        });
        table += &format!("{kind:?}: {}\n", fits.map(|(word, _)| *word).collect::<Vec<_>>().join(" "));
    }
    let expected = "
Official: any document client
AgencySeal: any document
Service: any document client
Tls: any server
Ocsp: any ocsp
Tsa: any time
";
    assert_eq!(table, expected);
}

#[test]
fn a_path_that_does_not_hold_says_everything_that_is_wrong() {
    let world = World::new();
    let key = PrivateKey::generate(KeyKind::P256).unwrap();
    let mut draft = draft_by(&world.ca, Kind::Official, 9, &name("A", "An"), key.public_key());
    draft.validity.not_after = now().plus_days(-1);
    let expired = draft.sign(&world.ca.key).unwrap();
    let rules = off(&world, Purpose::TlsServer("a.example".into()));
    let report = validate(&expired, &world.anchors(), &world.material(), &rules);
    let faults: Vec<_> = report.problems.iter().map(|problem| problem.fault.clone()).collect();
    let ended = draft.validity.not_after;
    assert_eq!(faults, [Fault::Expired(ended), Fault::WrongPurpose, Fault::WrongName]);
    assert_eq!(report.verdict(), Verdict::Invalid);
}

#[test]
fn without_issuer_or_anchor_nothing_is_known() {
    let (world, other) = (World::new(), World::new());
    let an = world.holder(Kind::Official, 5, KeyKind::P256);
    let rules = off(&world, Purpose::Any);
    let report = validate(&an.certificate, &world.anchors(), &Material::new(), &rules);
    assert_eq!(report.problems[0].fault, Fault::NoPath);
    assert_eq!(report.verdict(), Verdict::Indeterminate);
    // Another root of the same name: its key is not the one.
    let report = validate(&an.certificate, &other.anchors(), &world.material(), &rules);
    assert!(matches!(report.problems[0].fault, Fault::Signature(_)));
}

#[test]
fn an_official_issues_nothing() {
    let world = World::new();
    let an = world.holder(Kind::Official, 5, KeyKind::P256);
    let key = PrivateKey::generate(KeyKind::P256).unwrap();
    let forged = draft_by(&an, Kind::Official, 6, &name("A", "B"), key.public_key()).sign(&an.key).unwrap();
    let mut material = world.material();
    material.add_certificate(an.certificate.clone());
    let report = validate(&forged, &world.anchors(), &material, &off(&world, Purpose::Any));
    let faults: Vec<_> = report.problems.iter().map(|problem| problem.fault.clone()).collect();
    assert_eq!(faults, [Fault::NotAuthority, Fault::PathTooLong, Fault::MayNotIssue]);
    assert_eq!(report.path.len(), 3);
}

#[test]
fn an_authority_does_not_go_deeper_than_it_may() {
    let world = World::new();
    let deep = PrivateKey::generate(KeyKind::P256).unwrap();
    let kind = Kind::IssuingCa { path_len: 0 };
    let below =
        draft_by(&world.ca, kind, 11, &name("A", "Below"), deep.public_key()).sign(&world.ca.key).unwrap();
    let holder = crate::world::Holder { certificate: below.clone(), key: deep };
    let key = PrivateKey::generate(KeyKind::P256).unwrap();
    let end =
        draft_by(&holder, Kind::Official, 12, &name("A", "End"), key.public_key()).sign(&holder.key).unwrap();
    let mut material = world.material();
    material.add_certificate(below);
    let report = validate(&end, &world.anchors(), &material, &off(&world, Purpose::Any));
    assert_eq!(report.problems.len(), 1);
    assert_eq!(report.problems[0].fault, Fault::PathTooLong);
}

#[test]
fn a_thousand_decoys_of_the_issuer_s_name_cost_a_bounded_number_of_signatures() {
    let world = World::new();
    let an = world.holder(Kind::Official, 5, KeyKind::P256);
    let mut material = Material::new();
    let subject = world.ca.certificate.subject().clone();
    let decoy = PrivateKey::generate(KeyKind::P256).unwrap();
    for n in 0..1000 {
        let draft =
            draft_by(&world.root, Kind::IssuingCa { path_len: 0 }, 1000 + n, &subject, decoy.public_key());
        material.add_certificate(draft.sign(&world.root.key).unwrap());
    }
    material.add_certificate(world.ca.certificate.clone());
    // The key's name leads to the right one at once.
    let rules = off(&world, Purpose::Any);
    assert!(validate(&an.certificate, &world.anchors(), &material, &rules).is_valid());
}
