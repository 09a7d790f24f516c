//! Lists and answers of one number say the same, whatever happened before it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use base::Instant;
use pki::cert::Serial;
use pki::crl::{Reason, shard_of};
use pki::issue::Draft;
use pki::key::{Digest, KeyKind, Signer};
use pki::ocsp::{CertId, CertStatus};
use pki::profile::{Addresses, Kind};
use pki::{Crl, Name, PrivateKey, oid};

use super::rules::{Change, Head, Which, apply, name_of, named, serial};
use super::view::{Issuer, Kept, View};
use crate::authority::rules::validity;

fn at(seconds: i64) -> Instant {
    Instant::parse_rfc3339("2026-08-20T09:00:00+07:00").unwrap().plus_seconds(seconds)
}

fn issuer(shards: u32) -> Issuer {
    let key = PrivateKey::generate(KeyKind::P256).unwrap();
    let name = Name::builder().with(oid::COMMON_NAME, "CA").build();
    let draft = Draft {
        kind: Kind::Root,
        serial: Serial::random(),
        issuer: name.clone(),
        issuer_key_id: key.public_key().id(),
        subject: name,
        key: key.public_key().clone(),
        validity: validity(Kind::Root, at(0), 0, None),
        alt_names: Vec::new(),
        policies: Vec::new(),
        addresses: Addresses::default(),
    };
    let certificate = draft.sign(&key).unwrap();
    let folder = "http://ca.test/pki/crl/".to_string();
    Issuer {
        id: "ca-1".into(),
        ids: Issuer::ids_of(&certificate),
        certificate,
        key: Arc::new(key),
        shards,
        folder,
        issued: Default::default(),
    }
}

/// A small generator, so that the same lives come every time.
fn dice(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

#[test]
fn list_delta_shards_and_answers_agree_after_any_life() {
    let shards = 3;
    let issuer = issuer(shards);
    let (mut seed, mut entries, mut changed) = (7, BTreeMap::new(), BTreeMap::new());
    let mut base_entries = BTreeMap::new();
    let mut base = 1;
    for no in 2..120 {
        let serial = Serial::from_number(dice(&mut seed) % 20 + 1);
        let held =
            entries.get(&serial).is_some_and(|e: &super::rules::Entry| e.reason == Reason::CertificateHold);
        let reason = match dice(&mut seed) % 3 {
            0 if held => Reason::RemoveFromCrl,
            1 => Reason::CertificateHold,
            _ => Reason::KeyCompromise,
        };
        let change = Change { no, serial: serial.clone(), reason, at: at(no), invalid_since: None };
        apply(&mut entries, &change);
        changed.insert(serial, no);
        if no % 30 == 0 {
            (base, base_entries) = (no, entries.clone());
        }
        let since: BTreeSet<Serial> =
            changed.iter().filter(|(_, n)| **n > base).map(|(s, _)| s.clone()).collect();
        let head = Head { number: no, base, at: at(no), next: at(no + 100) };
        let view = View::new(head, Arc::new(entries.clone()), Arc::new(since), shards, HashMap::new());
        let list = |which| Crl::parse(view.list(&issuer, which).unwrap().unwrap().bytes.to_vec()).unwrap();
        let (full, delta) = (list(Which::Full), list(Which::Delta));
        full.verify_with(issuer.certificate.public_key()).unwrap();
        delta.verify_with(issuer.certificate.public_key()).unwrap();
        let parts: Vec<Crl> = (0..shards).map(|shard| list(Which::Shard(shard))).collect();
        let name = issuer.certificate.subject();
        for n in 1..=20 {
            let serial = Serial::from_number(n);
            let id = CertId::new(Digest::Sha1, name, issuer.certificate.public_key(), &serial);
            let answered = matches!(view.status(&id), CertStatus::Revoked { .. });
            assert_eq!(full.find(name, &serial).is_some(), answered, "{no}: {n} on the full list");
            let shard = shard_of(&serial, shards) as usize;
            assert_eq!(parts[shard].find(name, &serial).is_some(), answered, "{no}: {n} on its shard");
            let by_delta = match delta.find(name, &serial) {
                Some(entry) => entry.reason != Some(Reason::RemoveFromCrl),
                None => base_entries.contains_key(&serial),
            };
            assert_eq!(by_delta, answered, "{no}: {n} by the base and the delta");
        }
    }
}

#[test]
fn a_list_is_signed_once_a_number_and_a_changed_answer_is_forgotten() {
    let issuer = issuer(0);
    let head = Head { number: 1, base: 1, at: at(0), next: at(100) };
    let view = View::new(head, Arc::default(), Arc::default(), 0, HashMap::new());
    assert_eq!(view.signed(Which::Full), None, "nobody has asked");
    let first = view.list(&issuer, Which::Full).unwrap().unwrap();
    assert_eq!(first, view.list(&issuer, Which::Full).unwrap().unwrap());
    assert_eq!(view.signed(Which::Full).as_ref(), Some(&first));
    assert_ne!(first.tag, view.list(&issuer, Which::Delta).unwrap().unwrap().tag);
    assert_eq!((first.tag.len(), first.tag[0], first.tag[33]), (34, b'"', b'"'));
    assert_eq!(view.list(&issuer, Which::Shard(0)).unwrap(), None, "there is no shard");
    let asked = |n| (Digest::Sha1, Serial::from_number(n));
    view.keep(asked(1), Kept::new("one".into()));
    view.keep(asked(2), Kept::new("two".into()));
    let kept = view.answers_without(&BTreeSet::from([Serial::from_number(1)]));
    assert_eq!(kept.keys().cloned().collect::<Vec<_>>(), [asked(2)]);
}

/// A key that counts how often it signs, and lets the others come meanwhile.
struct Slow {
    key: PrivateKey,
    signed: std::sync::atomic::AtomicUsize,
    asked: std::sync::Barrier,
}

impl Signer for Slow {
    fn algorithm(&self) -> pki::SignatureAlgorithm {
        self.key.algorithm()
    }

    fn public_key(&self) -> &pki::PublicKey {
        Signer::public_key(&self.key)
    }

    fn sign_hash(
        &self,
        algorithm: pki::SignatureAlgorithm,
        hash: &[u8],
    ) -> Result<Vec<u8>, pki::key::SignError> {
        self.key.sign_hash(algorithm, hash)
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, pki::key::SignError> {
        self.signed.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        self.key.sign(message)
    }
}

#[test]
fn of_many_who_ask_for_a_list_at_once_one_signs_it_and_the_others_wait() {
    let mut issuer = issuer(0);
    let asked = std::sync::Barrier::new(8);
    let key = PrivateKey::generate(KeyKind::P256).unwrap();
    let slow = Arc::new(Slow { key, signed: 0.into(), asked });
    issuer.key = slow.clone();
    let head = Head { number: 1, base: 1, at: at(0), next: at(100) };
    let view = View::new(head, Arc::default(), Arc::default(), 0, HashMap::new());
    let lists: Vec<_> = std::thread::scope(|scope| {
        let asking = || {
            slow.asked.wait();
            view.list(&issuer, Which::Full).unwrap().unwrap()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(asking)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(lists.iter().all(|list| *list == lists[0]));
    assert_eq!(slow.signed.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[test]
fn file_names_of_lists() {
    for (file, expected) in [
        ("ca-2.crl", Some(("ca-2", Which::Full))),
        ("ca-2.delta.crl", Some(("ca-2", Which::Delta))),
        ("ca-2.7.crl", Some(("ca-2", Which::Shard(7)))),
        ("ca-2.x.crl", None),
        ("ca-2.99999999999.crl", None),
        ("ca-2", None),
        (".crl", Some(("", Which::Full))),
    ] {
        assert_eq!(named(file), expected, "{file}");
        if let Some((id, which)) = expected {
            assert_eq!(name_of(id, which), file);
        }
    }
    for number in [Serial::random(), Serial::from_number(0x80), Serial::from_number(1)] {
        assert_eq!(serial(&number.to_string()), Some(number));
    }
    for bad in ["", "1", "xx", "é1"] {
        assert_eq!(serial(bad), None);
    }
}
