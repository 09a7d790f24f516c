//! Numbers of time-stamps, and a clock that goes back.

use std::collections::BTreeSet;

use base::Instant;
use db::testing::both;

use super::Stamper;
use super::rules::{self, ACCURACY_MILLIS, BLOCK, BLOCK_SECONDS, Block, Reading, Taken};

fn at(seconds: i64) -> Instant {
    Instant::parse_rfc3339("2026-08-20T09:00:00+07:00").unwrap().plus_seconds(seconds)
}

/// A clock that goes as it should.
fn reading(seconds: i64) -> Reading {
    Reading { now: at(seconds), passed_micros: seconds * 1_000_000 }
}

fn take(block: &mut Block, now: Instant) -> Taken {
    rules::take(block, Reading { now, passed_micros: now.micros() - at(0).micros() })
}

#[test]
fn a_clock_that_was_put_forward_or_back_stamps_nobody_and_one_that_is_led_is_followed() {
    let block = || Block { next: 1, end: 9, taken_at: at(0), passed_micros: 0, last: at(0) };
    let said = |now: Instant, passed_micros: i64| rules::take(&mut block(), Reading { now, passed_micros });
    let second = 1_000_000;
    assert_eq!(said(at(2), 2 * second), Taken::Number(1));
    assert_eq!(said(at(3), 2 * second), Taken::Number(1), "within the accuracy");
    assert_eq!(said(at(4), 2 * second), Taken::InDoubt, "two seconds forward");
    assert_eq!(said(at(86_400), 2 * second), Taken::InDoubt, "a day forward, which would be another block");
    assert_eq!(said(at(3), 3_600 * second), Taken::InDoubt, "an hour back");
    // An hour in which the clock was led by a second and a half at most.
    assert_eq!(said(at(3_602), 3_600 * second), Taken::Another);
    assert_eq!(said(at(3_605), 3_600 * second), Taken::InDoubt);
}

#[test]
fn a_block_ends_by_number_and_by_age_and_no_time_is_given_before_another() {
    let block = || Block { next: 1, end: 3, taken_at: at(0), passed_micros: 0, last: at(0) };
    let mut b = block();
    let said = [take(&mut b, at(1)), take(&mut b, at(2)), take(&mut b, at(2))];
    assert_eq!(said, [Taken::Number(1), Taken::Number(2), Taken::Another]);
    assert_eq!(take(&mut block(), at(BLOCK_SECONDS)), Taken::Another);
    let mut b = block();
    assert_eq!(take(&mut b, at(4)), Taken::Number(1));
    let accuracy = i64::from(ACCURACY_MILLIS / 1_000);
    assert_eq!(take(&mut b, at(4 - accuracy)), Taken::Number(2), "within the accuracy");
    let mut b = block();
    assert_eq!(take(&mut b, at(4)), Taken::Number(1));
    assert_eq!(take(&mut b, at(3 - accuracy)), Taken::InDoubt);
}

#[test]
fn no_number_is_given_twice_by_two_nodes_and_after_crashes() {
    both(async |t| {
        t.migrate(&crate::migrations()).await;
        let mut given = BTreeSet::new();
        let mut count = 0;
        for round in 0..6 {
            // Each pair dies with what its blocks had left.
            let nodes = [Stamper::default(), Stamper::default()];
            for n in 0..BLOCK + 7 {
                let number = nodes[(n % 2) as usize].number(&t.db, reading(round)).await.unwrap();
                given.insert(number.expect("the clock is in order"));
                count += 1;
            }
        }
        assert_eq!(given.len(), count);
        let late = Stamper::default();
        assert_eq!(
            late.number(&t.db, reading(0)).await.unwrap(),
            None,
            "the clock has gone back over a crash"
        );
        assert!(late.number(&t.db, reading(6)).await.unwrap().is_some(), "it is in order again");
    });
}

mod belief {
    //! Whose time-stamps are believed: a table.

    use std::fmt::Write as _;

    use pki::cert::{Serial, Validity};
    use pki::crl::{self, Reason, Revoked};
    use pki::issue::Draft;
    use pki::key::{Digest, KeyKind, Signer as _};
    use pki::path::{Anchor, Material};
    use pki::profile::{Addresses, Kind};
    use pki::tsp::{self, Imprint, Request, Token};
    use pki::{Certificate, Crl, Name, PrivateKey, oid};

    use super::super::belief::{Disbelief, Trusted, When, believe_token};
    use super::*;

    struct Holder {
        certificate: Certificate,
        key: PrivateKey,
    }

    fn holder(kind: Kind, above: Option<&Holder>, days: (i64, i64)) -> Holder {
        let key = PrivateKey::generate(KeyKind::P256).unwrap();
        let subject = Name::builder().with(oid::COMMON_NAME, &format!("{kind:?}")).build();
        let draft = Draft {
            kind,
            serial: Serial::from_number(7),
            issuer: above.map_or(subject.clone(), |above| above.certificate.subject().clone()),
            issuer_key_id: above.map_or(key.public_key().id(), |above| above.certificate.key_id()),
            subject,
            key: key.public_key().clone(),
            validity: Validity { not_before: at(0).plus_days(days.0), not_after: at(0).plus_days(days.1) },
            alt_names: Vec::new(),
            policies: Vec::new(),
            addresses: Addresses::default(),
        };
        let certificate = draft.sign(above.map_or(&key, |above| &above.key)).unwrap();
        Holder { certificate, key }
    }

    fn token(by: &Holder, time: Instant) -> Token {
        let mut request = Request::new(Imprint::of(Digest::Sha256, b"a paper"), None);
        request.wants_certificate = true;
        let draft = tsp::Draft {
            request: &request,
            policy: super::super::rules::POLICY,
            serial: Serial::from_number(1),
            time,
            accuracy_millis: None,
            certificate: &by.certificate,
            chain: &[],
        };
        Token::parse(&draft.sign(&by.key).unwrap()).unwrap()
    }

    #[test]
    fn a_time_stamp_is_believed_of_an_authority_under_somebody_trusted_and_of_its_time_alone() {
        let (root, other) = (holder(Kind::Root, None, (-99, 999)), holder(Kind::Root, None, (-99, 999)));
        let tsa = holder(Kind::Tsa, Some(&root), (-9, 99));
        let (stranger, official) =
            (holder(Kind::Tsa, Some(&other), (-9, 99)), holder(Kind::Official, Some(&root), (-9, 99)));
        let ended = holder(Kind::Tsa, Some(&root), (-9, -1));
        let list = crl::Draft {
            issuer: root.certificate.subject().clone(),
            authority_key_id: root.certificate.key_id(),
            this_update: at(0),
            next_update: at(0).plus_days(9),
            number: 1,
            delta_base: None,
            shard: None,
            freshest: None,
        };
        let revoked = Revoked {
            serial: Serial::from_number(7),
            at: at(0).plus_days(-2),
            reason: Reason::KeyCompromise,
            invalid_since: None,
        };
        let mut material = Material::new();
        material.add_crl(Crl::parse(list.sign([revoked].into_iter(), &root.key).unwrap()).unwrap());
        let anchors = vec![Anchor::from(root.certificate.clone())];
        let trusted = Trusted::of([root.certificate.clone()]);
        let knowing = Trusted { anchors, material };
        let (fresh, kept) = (When::Fresh(at(0)), When::Kept(at(0)));
        let table = [
            ("of now", &tsa, 0, &trusted, fresh),
            ("four minutes ago", &tsa, -240, &trusted, fresh),
            ("an hour ago", &tsa, -3_600, &trusted, fresh),
            ("an hour ago, kept", &tsa, -3_600, &trusted, kept),
            ("an hour ahead", &tsa, 3_600, &trusted, fresh),
            ("an hour ahead, kept", &tsa, 3_600, &trusted, kept),
            ("under another root", &stranger, 0, &trusted, fresh),
            ("by an official", &official, 0, &trusted, fresh),
            ("ended before", &ended, 0, &trusted, fresh),
            ("revoked before", &tsa, 0, &knowing, fresh),
            ("revoked after, kept", &tsa, -3 * 86_400, &knowing, kept),
        ];
        let mut text = String::from("\n");
        for (what, by, seconds, trusted, when) in table {
            let token = token(by, at(seconds));
            let report = token.check(|digest| digest.of(b"a paper"), &[]);
            let said = match believe_token(&token, &report, trusted, when) {
                Ok(()) => "believed".to_string(),
                Err(Disbelief::OtherTime(_)) => "another time".into(),
                Err(Disbelief::Untrusted(why)) => {
                    why.split([' ', '(', '{']).next().unwrap_or_default().into()
                }
                Err(other) => format!("{other:?}"),
            };
            let _ = writeln!(text, "{what}: {said}");
        }
        let expected = "
of now: believed
four minutes ago: believed
an hour ago: another time
an hour ago, kept: believed
an hour ahead: another time
an hour ahead, kept: another time
under another root: Signature
by an official: WrongPurpose
ended before: Expired
revoked before: Revoked
revoked after, kept: believed
";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_time_stamp_over_another_paper_is_believed_of_nobody() {
        let root = holder(Kind::Root, None, (-99, 999));
        let tsa = holder(Kind::Tsa, Some(&root), (-9, 99));
        let (trusted, fresh) = (Trusted::of([root.certificate.clone()]), When::Fresh(at(0)));
        let mut changed = token(&tsa, at(0));
        changed.info.hash[0] ^= 1;
        let report = changed.check(|digest| digest.of(b"a paper"), &[]);
        let said = believe_token(&changed, &report, &trusted, fresh);
        assert!(matches!(said, Err(Disbelief::Broken(_))), "{said:?}");
    }
}
