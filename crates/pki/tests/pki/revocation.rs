//! Lists: full, delta, in shards, large; and what they mean for a path.

use crate::world::{Holder, World, draft_by, now};
use base::Instant;
use pki::cert::Serial;
use pki::crl::{Crl, Draft, Reason, Revoked, shard_of};
use pki::key::{KeyKind, PrivateKey, Signer};
use pki::path::{EvidenceProblem, Fault, Material, Revocation, Rules, Source, Status, Verdict, validate};
use pki::profile::Kind;

fn draft(world: &World) -> Draft {
    Draft {
        issuer: world.ca.certificate.subject().clone(),
        authority_key_id: world.ca.certificate.key_id(),
        number: 7,
        delta_base: None,
        this_update: now().plus_minutes(-60),
        next_update: now().plus_days(1),
        shard: None,
        freshest: None,
    }
}

fn revoked(serial: u64, at: Instant, reason: Reason) -> Revoked {
    Revoked { serial: Serial::from_number(serial), at, reason, invalid_since: None }
}

/// The root's own list, on which nobody stands.
fn root_list(world: &World) -> Crl {
    let draft = Draft {
        issuer: world.root.certificate.subject().clone(),
        authority_key_id: world.root.certificate.key_id(),
        ..draft(world)
    };
    Crl::parse(draft.sign([], &world.root.key).unwrap()).unwrap()
}

fn material(world: &World, lists: &[Vec<u8>]) -> Material {
    let mut material = world.material();
    material.add_crl(root_list(world));
    for list in lists {
        material.add_crl(Crl::parse(list.as_slice()).unwrap());
    }
    material
}

fn status(world: &World, holder: &Holder, lists: &[Vec<u8>], rules: &Rules) -> (Verdict, Status) {
    let report = validate(&holder.certificate, &world.anchors(), &material(world, lists), rules);
    (report.verdict(), report.statuses[1].clone())
}

#[test]
fn a_list_is_read_as_it_was_made() {
    let world = World::new();
    let since = now().plus_days(-3);
    let listed = vec![
        revoked(5, now().plus_days(-2), Reason::Unspecified),
        Revoked { invalid_since: Some(since), ..revoked(6, now().plus_days(-1), Reason::KeyCompromise) },
        revoked(7, now().plus_days(-1), Reason::CertificateHold),
    ];
    let der = draft(&world).sign(listed, &world.ca.key).unwrap();
    let crl = Crl::parse(der).unwrap();
    assert_eq!(crl.verify_with(world.ca.key.public_key()), Ok(()));
    assert!(crl.verify_with(world.root.key.public_key()).is_err());
    assert_eq!((crl.len(), crl.number(), crl.delta_base()), (3, Some(&[7u8][..]), None));
    let all: Vec<_> =
        crl.entries().map(|entry| (entry.serial.to_string(), entry.reason, entry.invalid_since)).collect();
    let expected = [
        ("05".into(), None, None),
        ("06".into(), Some(Reason::KeyCompromise), Some(since)),
        ("07".into(), Some(Reason::CertificateHold), None),
    ];
    assert_eq!(all, expected);
    assert!(crl.find(crl.issuer(), &Serial::from_number(6)).is_some());
    assert!(crl.find(crl.issuer(), &Serial::from_number(8)).is_none());
    assert!(crl.find(world.root.certificate.subject(), &Serial::from_number(6)).is_none());
    let empty = Crl::parse(draft(&world).sign([], &world.ca.key).unwrap()).unwrap();
    assert!(empty.is_empty() && empty.verify_with(world.ca.key.public_key()).is_ok());
}

#[test]
fn revoked_good_unknown_and_revoked_later() {
    let world = World::new();
    let an = world.holder(Kind::Official, 100, KeyKind::P256);
    let rules = world.rules();
    let list = |listed: Vec<Revoked>| vec![draft(&world).sign(listed, &world.ca.key).unwrap()];
    let at = now().plus_minutes(-120);
    let true_at = draft(&world).this_update;
    let (verdict, found) = status(&world, &an, &list(vec![revoked(101, at, Reason::Superseded)]), &rules);
    assert_eq!(
        (verdict, found),
        (
            Verdict::Valid,
            Status::Good { source: Source::Crl(true_at), revoked_later: None, unfit_since: None }
        )
    );
    let on_it = list(vec![revoked(100, at, Reason::KeyCompromise)]);
    let (verdict, found) = status(&world, &an, &on_it, &rules);
    assert_eq!(verdict, Verdict::Invalid);
    assert!(matches!(found, Status::Revoked { reason: Some(Reason::KeyCompromise), .. }));
    // What was signed before the revocation is judged at its own time, with what is known today.
    let before = Rules { at: at.plus_minutes(-5), evidence_until: Some(now()), ..world.rules() };
    let (verdict, found) = status(&world, &an, &on_it, &before);
    assert_eq!(verdict, Verdict::Valid);
    assert_eq!(
        found,
        Status::Good { source: Source::Crl(true_at), revoked_later: Some(at), unfit_since: None }
    );
    let (verdict, found) = status(&world, &an, &[], &rules);
    assert_eq!((verdict, found), (Verdict::Indeterminate, Status::Unknown(vec![EvidenceProblem::None])));
    let lenient = rules.with_revocation(Revocation::IfKnown);
    assert_eq!(status(&world, &an, &[], &lenient).0, Verdict::Valid);
    assert_eq!(status(&world, &an, &on_it, &lenient).0, Verdict::Invalid);
}

#[test]
fn evidence_that_does_not_count_says_why() {
    let world = World::new();
    let an = world.holder(Kind::Official, 100, KeyKind::P256);
    let stranger = PrivateKey::generate(KeyKind::P256).unwrap();
    let table = [
        (Draft { next_update: now(), ..draft(&world) }, true, EvidenceProblem::Stale),
        (Draft { this_update: now().plus_minutes(6), ..draft(&world) }, true, EvidenceProblem::TooNew),
        (draft(&world), false, EvidenceProblem::Signature),
        (
            Draft { shard: Some("http://elsewhere.example/".into()), ..draft(&world) },
            true,
            EvidenceProblem::OutOfScope,
        ),
    ];
    for (draft, is_ours, expected) in table {
        let key: &dyn Signer = if is_ours { &world.ca.key } else { &stranger };
        let (verdict, found) = status(&world, &an, &[draft.sign([], key).unwrap()], &world.rules());
        assert_eq!(verdict, Verdict::Indeterminate);
        let Status::Unknown(why) = found else { panic!("{found:?}") };
        assert!(why.contains(&expected), "{why:?}");
    }
}

#[test]
fn a_delta_suspends_and_resumes() {
    let world = World::new();
    let an = world.holder(Kind::Official, 100, KeyKind::P256);
    let at = now().plus_minutes(-90);
    let held = draft(&world).sign([revoked(100, at, Reason::CertificateHold)], &world.ca.key).unwrap();
    let free = draft(&world).sign([], &world.ca.key).unwrap();
    let delta = |reason| {
        let later = now().plus_minutes(-10);
        let delta = Draft { number: 8, delta_base: Some(7), this_update: later, ..draft(&world) };
        delta.sign([revoked(100, later, reason)], &world.ca.key).unwrap()
    };
    let verdict = |lists: &[Vec<u8>]| status(&world, &an, lists, &world.rules()).0;
    assert_eq!(verdict(std::slice::from_ref(&held)), Verdict::Invalid);
    assert_eq!(verdict(&[held.clone(), delta(Reason::RemoveFromCrl)]), Verdict::Valid);
    assert_eq!(verdict(&[free.clone(), delta(Reason::CertificateHold)]), Verdict::Invalid);
    // A delta alone is no list, and one on a newer list than ours does not fit.
    assert_eq!(verdict(&[delta(Reason::RemoveFromCrl)]), Verdict::Indeterminate);
    let newer = Draft { number: 9, delta_base: Some(8), ..draft(&world) };
    let newer = newer.sign([revoked(100, at, Reason::CertificateHold)], &world.ca.key).unwrap();
    assert_eq!(verdict(&[free, newer]), Verdict::Valid);
}

#[test]
fn a_shard_speaks_for_the_certificates_that_point_to_it() {
    let world = World::new();
    let an = world.holder(Kind::Official, 100, KeyKind::P256);
    let shard = an.certificate.extensions().crl_points.as_ref().unwrap()[0].uris()[0].to_string();
    let own = Draft { shard: Some(shard), ..draft(&world) };
    let at = now().plus_minutes(-90);
    let verdict = |listed: Vec<Revoked>| {
        let list = own.sign(listed, &world.ca.key).unwrap();
        status(&world, &an, &[list], &world.rules()).0
    };
    assert_eq!(verdict(vec![]), Verdict::Valid);
    assert_eq!(verdict(vec![revoked(100, at, Reason::Superseded)]), Verdict::Invalid);
    let spread: std::collections::HashSet<u32> =
        (0..200).map(|n| shard_of(&Serial::from_number(n), 8)).collect();
    assert_eq!(spread.len(), 8);
}

#[test]
fn a_list_signed_by_a_key_that_may_not_is_refused() {
    let world = World::new();
    let an = world.holder(Kind::Official, 100, KeyKind::P256);
    // An official whose certificate carries the authority's name.
    let key = PrivateKey::generate(KeyKind::P256).unwrap();
    let subject = world.ca.certificate.subject().clone();
    let impostor =
        draft_by(&world.ca, Kind::Official, 666, &subject, key.public_key()).sign(&world.ca.key).unwrap();
    let list = draft(&world).sign([], &key).unwrap();
    let mut material = material(&world, &[list]);
    material.add_certificate(impostor);
    let report = validate(&an.certificate, &world.anchors(), &material, &world.rules());
    let fault = &report.problems[0].fault;
    assert_eq!(*fault, Fault::RevocationUnknown(vec![EvidenceProblem::SignerMayNot]), "{report:?}");
}

#[test]
fn a_hundred_thousand_entries_are_made_and_read() {
    const ENTRIES: u64 = 100_000;
    let world = World::new();
    let at = now().plus_days(-1);
    let listed = (1..=ENTRIES).map(|n| revoked(n * 3, at, Reason::KeyCompromise));
    let der = draft(&world).sign(listed, &world.ca.key).unwrap();
    let crl = Crl::parse(der).unwrap();
    assert_eq!(crl.len(), ENTRIES as usize);
    assert!(crl.find(crl.issuer(), &Serial::from_number(ENTRIES * 3)).is_some());
    assert!(crl.find(crl.issuer(), &Serial::from_number(ENTRIES * 3 - 1)).is_none());
    assert_eq!(crl.verify_with(world.ca.key.public_key()), Ok(()));
}
