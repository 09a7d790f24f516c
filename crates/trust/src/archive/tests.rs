//! When time-stamps lapse and what they are over; documents that are stamped, left alone and refused.

use std::cell::Cell;
use std::sync::LazyLock;

use base::Instant;
use pki::cert::{Serial, Validity};
use pki::cms::{self, SignedData};
use pki::issue::Draft;
use pki::key::{Digest, KeyKind, Signer};
use pki::oid::Oid;
use pki::profile::{Addresses, Kind as Profile};
use pki::tsp::{self, Imprint, Reply, Request, Token};
use pki::{Certificate, Name, PrivateKey, oid};

use super::renew::Work;
use super::rules::{Fault, Kind, after_failure, digest, imprint, lapse, next};
use crate::stamp::belief::Trusted;
use crate::validation::Bag;

const POLICY: Oid = Oid::new_unwrap("1.3.6.1.4.1.32473.86.1");

fn at(days: i64) -> Instant {
    Instant::parse_rfc3339("2026-08-20T09:00:00+07:00").unwrap().plus_days(days)
}

struct Unit {
    key: PrivateKey,
    certificate: Certificate,
}

fn unit(kind: Profile, kind_of_key: KeyKind, days: (i64, i64), above: Option<&Unit>) -> Unit {
    let key = PrivateKey::generate(kind_of_key).unwrap();
    let subject = Name::builder().with(oid::COMMON_NAME, &format!("{kind:?}")).build();
    let draft = Draft {
        kind,
        serial: Serial::random(),
        issuer: above.map_or(subject.clone(), |above| above.certificate.subject().clone()),
        issuer_key_id: above.map_or(key.public_key().id(), |above| above.certificate.key_id()),
        subject,
        key: key.public_key().clone(),
        validity: Validity { not_before: at(days.0), not_after: at(days.1) },
        alt_names: Vec::new(),
        policies: Vec::new(),
        addresses: Addresses::default(),
    };
    let certificate = draft.sign(above.map_or(&key, |above| &above.key)).unwrap();
    Unit { key, certificate }
}

/// Above all who stamp here.
static ROOT: LazyLock<Unit> = LazyLock::new(|| unit(Profile::Root, KeyKind::P256, (-10, 9_000), None));

/// A time-stamping authority that counts what it gives.
struct Tsa {
    unit: Unit,
    given: Cell<u64>,
}

impl Tsa {
    fn until(days: i64) -> Tsa {
        Tsa { unit: unit(Profile::Tsa, KeyKind::P256, (-1, days), Some(&ROOT)), given: Cell::new(0) }
    }

    fn stamp(&self, imprint: &Imprint, now: Instant) -> Result<Vec<u8>, String> {
        self.given.set(self.given.get() + 1);
        let mut request = Request::new(imprint.clone(), None);
        request.wants_certificate = true;
        let draft = tsp::Draft {
            request: &request,
            policy: POLICY,
            serial: Serial::from_number(self.given.get()),
            time: now,
            accuracy_millis: None,
            certificate: &self.unit.certificate,
            chain: &[],
        };
        match Reply::parse(&draft.reply(&self.unit.key).unwrap()).unwrap() {
            Reply::Granted(token) => Ok(token.message.der),
            other => Err(format!("{other:?}")),
        }
    }
}

fn work(kind: Kind, bytes: &[u8], tokens: Vec<Vec<u8>>, now: i64) -> Work {
    let (bytes, known) = (bytes.to_vec().into(), Bag::default());
    let trusted = Trusted::of([ROOT.certificate.clone()]);
    Work { kind, bytes, tokens, known, trusted, by: at(now + 180), now: at(now) }
}

#[test]
fn a_time_stamp_lapses_with_its_certificate_or_with_an_algorithm() {
    let p256 = unit(Profile::Tsa, KeyKind::P256, (0, 1_000), None).certificate;
    assert_eq!(lapse(&p256, &[Digest::Sha256]), at(1_000));
    let sha1 = lapse(&p256, &[Digest::Sha256, Digest::Sha1]);
    assert_eq!(sha1, Instant::parse_rfc3339("2014-01-01T00:00:00+07:00").unwrap(), "SHA-1 ended");
    assert_eq!(digest(at(0)), Digest::Sha256);
    assert_eq!(next(at(1_000), 180, at(0)), at(820));
    assert_eq!(next(at(100), 180, at(0)), at(1), "not at once again");
    let hours = |n| (after_failure(at(0), n).micros() - at(0).micros()) / 3_600_000_000;
    assert_eq!([1, 2, 3, 4, 5, 6, 99].map(hours), [1, 2, 4, 8, 16, 24, 24]);
}

#[test]
fn a_record_gets_a_chain_of_tokens_each_over_all_before_it() {
    let content = b"cuulong-audit-head-1 7 ab\n";
    let mut tokens = Vec::new();
    for (round, (now, until)) in [(0, 1_000), (820, 2_000), (1_820, 3_000)].into_iter().enumerate() {
        let tsa = Tsa::until(until);
        let stamp = |imprint: &Imprint| tsa.stamp(imprint, at(now));
        let early = work(Kind::Record, content, tokens.clone(), now - 1).done(&stamp);
        if round > 0 {
            assert!(!early.unwrap().is_stamped, "a day before it is left as it is");
        }
        let done = work(Kind::Record, content, tokens.clone(), now).done(&stamp).unwrap();
        assert!(done.is_stamped && done.bytes.is_none());
        assert_eq!((done.at, done.lapses_at), (at(now), at(until)));
        tokens.push(done.token.unwrap());
    }
    for n in 0..tokens.len() {
        let token = Token::parse(&tokens[n]).unwrap();
        let over = |content: &[u8], tokens: &[Vec<u8>]| {
            token.check(|digest| imprint(content, tokens, digest), &[]).is_intact()
        };
        assert!(over(content, &tokens[..n]), "token {n}");
        assert!(!over(b"another line", &tokens[..n]), "token {n} is not over anything else");
        if n > 0 {
            let mut forged = tokens[..n].to_vec();
            forged[0][0] ^= 1;
            assert!(!over(content, &forged), "nor over other tokens");
        }
    }
}

#[test]
fn a_signed_message_gets_archive_time_stamps_in_it() {
    let root = unit(Profile::Root, KeyKind::P256, (-10, 9_000), None);
    let an = unit(Profile::Official, KeyKind::P256, (-5, 700), Some(&root));
    let draft = cms::Draft::new(&an.certificate, &[]).at(at(0));
    let message = draft.sign("Quyết định".as_bytes(), true, &an.key).unwrap();
    let tsa = Tsa::until(1_000);
    let stamp = |imprint: &Imprint| tsa.stamp(imprint, at(0));
    let first = work(Kind::Message, &message, Vec::new(), 0).done(&stamp).unwrap();
    let kept = first.bytes.unwrap();
    assert_eq!((first.lapses_at, tsa.given.get()), (at(1_000), 1));
    let count = |der: &[u8]| {
        let parsed = SignedData::parse(der).unwrap();
        parsed.signers[0].unsigned_values(oid::ARCHIVE_TIME_STAMP_V3).count()
    };
    assert_eq!(count(&kept), 1);
    // It counts for long: nobody is asked.
    let again = work(Kind::Message, &kept, Vec::new(), 100).done(&stamp).unwrap();
    assert!(!again.is_stamped && again.bytes.is_none() && again.lapses_at == at(1_000));
    assert_eq!(tsa.given.get(), 1);
    let other = Tsa::until(2_000);
    let second = work(Kind::Message, &kept, Vec::new(), 820).done(&|i| other.stamp(i, at(820))).unwrap();
    assert_eq!(count(&second.bytes.unwrap()), 2);
    // One that would not count longer is not put on.
    let short = work(Kind::Message, &kept, Vec::new(), 900).done(&|i| tsa.stamp(i, at(900)));
    assert_eq!(short.err(), Some(Fault::ShortStamp));
    // Nor one of another time, or of an authority that nobody here trusts.
    let late = work(Kind::Message, &kept, Vec::new(), 900).done(&stamp);
    assert!(matches!(late.err(), Some(Fault::NoStamp(why)) if why.contains("another time")));
    let foreign = unit(Profile::Root, KeyKind::P256, (-10, 9_000), None);
    let unit = unit(Profile::Tsa, KeyKind::P256, (-1, 3_000), Some(&foreign));
    let foreign = Tsa { unit, given: Cell::new(0) };
    let short = work(Kind::Message, &kept, Vec::new(), 900).done(&|i| foreign.stamp(i, at(900)));
    assert!(matches!(short.err(), Some(Fault::NoStamp(why)) if why.contains("not trusted")));
}

#[test]
fn what_cannot_be_kept_is_told() {
    let tsa = Tsa::until(1_000);
    let stamp = |imprint: &Imprint| tsa.stamp(imprint, at(0));
    let said = |kind, bytes: &[u8]| work(kind, bytes, Vec::new(), 0).done(&stamp).err();
    assert_eq!(said(Kind::Pdf, b"no PDF"), Some(Fault::Unreadable));
    assert_eq!(said(Kind::Message, b"no message"), Some(Fault::Unreadable));
    let root = unit(Profile::Root, KeyKind::P256, (-10, 9_000), None);
    let an = unit(Profile::Official, KeyKind::P256, (-5, 700), Some(&root));
    let detached = cms::Draft::new(&an.certificate, &[]).sign(b"content", false, &an.key).unwrap();
    assert_eq!(said(Kind::Message, &detached), Some(Fault::NoSignature), "its content is not in it");
    let silent = |_: &Imprint| Err("nobody".to_string());
    let done = work(Kind::Record, b"a record", Vec::new(), 0).done(&silent);
    assert_eq!(done.err(), Some(Fault::NoStamp("nobody".into())));
    for kind in Kind::ALL {
        assert_eq!(Kind::of(kind.word()), Some(kind));
    }
}
