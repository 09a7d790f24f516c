//! Lists of what has changed since another list, both ways.

use super::{Bench, crl_draft};
use crate::world::now;
use judges::{Way, row};
use pki::cert::Serial;
use pki::crl::{Crl, Draft, Reason, Revoked};
use pki::key::KeyKind;
use pki::path::{Purpose, Verdict, validate};
use pki::pem;
use pki::profile::Kind;

fn revoked(reason: Reason) -> Revoked {
    Revoked { serial: Serial::from_number(100), at: now().plus_minutes(-50), reason, invalid_since: None }
}

#[test]
fn our_lists_of_changes_revoke_and_release_in_its_eyes() {
    let bench = Bench::new();
    bench.put_holder("an", &bench.world.holder(Kind::Official, 100, KeyKind::P256));
    let sign =
        |draft: &Draft, entry: Option<Reason>| draft.sign(entry.map(revoked), &bench.world.ca.key).unwrap();
    let freshest = Some("http://pki.vinhlong.example/pki/crl/1.delta.crl".into());
    let base = Draft { freshest, ..crl_draft(&bench.world.ca) };
    let delta = Draft {
        number: 2,
        delta_base: Some(1),
        this_update: now().plus_minutes(-10),
        ..crl_draft(&bench.world.ca)
    };
    let terms = "-attime NOW -crl_check -extended_crl -CAfile root.pem -untrusted ca.pem \
                  -CRLfile crls.pem an.pem";
    let ways = [
        (None, Reason::KeyCompromise, [true, false]),
        (Some(Reason::CertificateHold), Reason::RemoveFromCrl, [false, true]),
    ];
    for (before, after, [valid_before, valid_after]) in ways {
        let lists = [sign(&base, before), sign(&delta, Some(after))];
        bench.put("delta.crl", &lists[1]);
        bench.must("crl -inform DER -in delta.crl -CAfile both.pem -noout");
        let text = bench.must("crl -inform DER -in delta.crl -noout -text");
        assert!(text.contains("X509v3 Delta CRL Indicator: critical"), "{text}");
        bench.put("crls.pem", lists.map(|list| pem::write("X509 CRL", &list)).concat());
        for (command, is_valid) in [("verify", valid_before), ("verify -use_deltas", valid_after)] {
            let (content, said) = bench.ask(&format!("{command} {terms}"));
            assert_eq!(content, is_valid, "{before:?} then {after:?}, {command}: {said}");
            assert_eq!(said.contains("certificate revoked"), !is_valid, "{said}");
        }
    }
    row("openssl verify", Way::Ours, "lists of changes beside a full list", ways.len());
}

/// What OpenSSL is told of its authority: each list in a part of its own, and what a list of changes is to.
fn settings(more: &str) -> String {
    format!(
        "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=sha384\n\
         crl_extensions=e\n[e]\nauthorityKeyIdentifier=keyid\nissuingDistributionPoint=critical,@p\n{more}\
         [p]\nfullname=URI:http://pki.vinhlong.example/pki/crl/1.crl\n"
    )
}

#[test]
fn its_lists_in_parts_and_of_changes_count_here() {
    let kinds = [KeyKind::P256, KeyKind::P384, KeyKind::Rsa2048];
    for kind in kinds {
        let bench = Bench::with(crate::world::World::with_keys(KeyKind::P384, kind));
        let an = bench.world.holder(Kind::Official, 100, KeyKind::P256);
        bench.put_holder("ca", &bench.world.ca);
        let list = |number: &str, index: &str, more: &str| {
            bench.put("index.txt", index);
            bench.put("crlnumber", number);
            bench.put("ca.cnf", settings(more));
            bench.must("ca -config ca.cnf -gencrl -keyfile ca.key -cert ca.pem -crldays 7 -out ca.crl");
            Crl::import(&bench.take("ca.crl")).unwrap()
        };
        let full = list("0A\n", "", "");
        let entry = "R\t360601000000Z\t260501000000Z,superseded\t64\tunknown\t/CN=an\n";
        let changes = list("0B\n", entry, "2.5.29.27=critical,DER:02:01:0A\n");
        assert_eq!((full.number(), full.delta_base()), (Some(&[10][..]), None));
        assert_eq!((changes.number(), changes.delta_base()), (Some(&[11][..]), Some(&[10][..])));
        assert!(full.scope().is_some(), "it says of which part it is");
        let root = Draft { this_update: full.this_update(), ..crl_draft(&bench.world.root) };
        let root = Draft { next_update: full.this_update().plus_days(7), ..root };
        let root = Crl::parse(root.sign([], &bench.world.root.key).unwrap()).unwrap();
        let verdict = |lists: &[&Crl]| {
            let mut material = bench.world.material();
            material.add_crl(root.clone());
            lists.iter().for_each(|list| material.add_crl((*list).clone()));
            let rules = pki::path::Rules::at(changes.this_update().plus_minutes(1));
            let rules = rules.for_purpose(Purpose::Document);
            validate(&an.certificate, &bench.world.anchors(), &material, &rules).verdict()
        };
        assert_eq!(verdict(&[&full]), Verdict::Valid, "{kind:?}");
        assert_eq!(verdict(&[&full, &changes]), Verdict::Invalid, "{kind:?}");
        assert_eq!(verdict(&[&changes]), Verdict::Indeterminate, "{kind:?}");
    }
    row("openssl ca", Way::Theirs, "lists in parts, and of changes beside them", 2 * kinds.len());
}
