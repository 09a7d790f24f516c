//! A table of signatures and what each comes to, and the attacks that must be told.

use std::collections::HashMap;
use std::fmt::Write as _;

use base::Instant;
use pki::cert::{Serial, Validity};
use pki::crl::{self, Reason, Revoked};
use pki::issue::Draft;
use pki::key::{KeyKind, PrivateKey};
use pki::name::Name;
use pki::profile::{Addresses, Kind};
use pki::tsp::{self, Imprint};
use pki::{Certificate, Crl, Signer as _, cms, oid};

use super::found::Bag;
use super::make::{self, Order};
use super::report::{Finding, Format, Level, Report, TrustClass, Verdict};
use super::rules::{self, Document, Saved, Terms, TrustAnchor};

fn at(text: &str) -> Instant {
    Instant::parse_rfc3339(text).unwrap()
}

/// The day of signing; papers are judged a month later.
fn signed() -> Instant {
    at("2026-06-01T09:00:00+07:00")
}

fn judged() -> Instant {
    at("2026-07-01T09:00:00+07:00")
}

struct Holder {
    certificate: Certificate,
    key: PrivateKey,
}

struct World {
    root: Holder,
}

fn name(common: &str) -> Name {
    Name::builder()
        .with(oid::COUNTRY, "VN")
        .with(oid::ORGANIZATION, "UBND xã Nhơn Phú")
        .with(oid::COMMON_NAME, common)
        .build()
}

impl World {
    fn new() -> World {
        let key = PrivateKey::generate(KeyKind::P256).unwrap();
        let subject = name("Gốc thử nghiệm");
        let draft = Draft {
            kind: Kind::Root,
            serial: Serial::from_number(1),
            issuer: subject.clone(),
            issuer_key_id: key.public_key().id(),
            subject,
            key: key.public_key().clone(),
            validity: Validity { not_before: signed().plus_days(-700), not_after: signed().plus_days(7_000) },
            alt_names: Vec::new(),
            policies: Vec::new(),
            addresses: Addresses::default(),
        };
        World { root: Holder { certificate: draft.sign(&key).unwrap(), key } }
    }

    fn holder(&self, kind: Kind, serial: u64, days: std::ops::Range<i64>) -> Holder {
        let key = PrivateKey::generate(KeyKind::P256).unwrap();
        let draft = Draft {
            kind,
            serial: Serial::from_number(serial),
            issuer: self.root.certificate.subject().clone(),
            issuer_key_id: self.root.certificate.key_id(),
            subject: name(&format!("{kind:?} {serial}")),
            key: key.public_key().clone(),
            validity: Validity {
                not_before: signed().plus_days(days.start),
                not_after: signed().plus_days(days.end),
            },
            alt_names: Vec::new(),
            policies: Vec::new(),
            addresses: Addresses { crl: Some("http://pki.example/1.crl".into()), ..Addresses::default() },
        };
        Holder { certificate: draft.sign(&self.root.key).unwrap(), key }
    }

    /// A list of this instant with these numbers revoked from then on.
    fn crl(&self, made: Instant, revoked: &[(u64, Instant)]) -> Crl {
        let draft = crl::Draft {
            issuer: self.root.certificate.subject().clone(),
            authority_key_id: self.root.certificate.key_id(),
            this_update: made,
            next_update: made.plus_days(60),
            number: 1,
            delta_base: None,
            shard: None,
            freshest: None,
        };
        let entries = revoked.iter().map(|(serial, at)| Revoked {
            serial: Serial::from_number(*serial),
            at: *at,
            reason: Reason::KeyCompromise,
            invalid_since: None,
        });
        Crl::parse(draft.sign(entries, &self.root.key).unwrap()).unwrap()
    }

    fn terms(&self, at: Instant, crls: Vec<Crl>) -> Terms {
        let anchor = TrustAnchor::of(self.root.certificate.clone(), TrustClass::Internal);
        let known = Bag { crls, ..Bag::default() };
        Terms { at, anchors: vec![anchor], known, register: HashMap::new() }
    }
}

struct Signing<'a> {
    holder: &'a Holder,
    tsa: Option<(&'a Holder, Instant)>,
    level: Level,
    format: Format,
    evidence: Bag,
}

fn sign(bytes: &[u8], how: &Signing<'_>) -> Vec<u8> {
    let stamp = |imprint: &Imprint| -> Result<Vec<u8>, String> {
        let (tsa, time) = how.tsa.ok_or("nobody")?;
        let request = tsp::Request::new(imprint.clone(), None);
        let draft = tsp::Draft {
            request: &request,
            policy: "1.3.6.1.4.1.99999.2".parse().unwrap(),
            serial: Serial::random(),
            time,
            accuracy_millis: None,
            certificate: &tsa.certificate,
            chain: &[],
        };
        draft.sign(&tsa.key).map_err(|e| e.to_string())
    };
    let order = Order {
        bytes,
        format: how.format,
        is_detached: false,
        key: &how.holder.key,
        certificate: &how.holder.certificate,
        chain: &[],
        at: signed(),
        level: how.level,
        stamp: how.tsa.is_some().then_some(&stamp as &make::Stamper<'_>),
        evidence: &how.evidence,
        look: None,
    };
    make::sign(&order).unwrap()
}

fn judge(bytes: &[u8], terms: &Terms) -> Report {
    rules::judge(&Document { name: "công văn", bytes, content: None }, terms)
}

fn told(report: &Report) -> String {
    let mut text = format!("{:?}", report.verdict);
    for one in &report.signatures {
        let sub = one.sub_indication.map_or("", |sub| sub.word());
        let _ = write!(text, " | {} {sub} {}", one.indication.word(), one.level.word());
    }
    text
}

mod attacks;

const PAPER: &[u8] = b"Kinh gui";

#[test]
fn every_life_of_a_certificate_and_what_a_signature_of_it_comes_to() {
    let world = World::new();
    let an = world.holder(Kind::Official, 10, -10..300);
    let short = world.holder(Kind::Official, 11, -10..10);
    let early = world.holder(Kind::Official, 12, 5..300);
    let responder = world.holder(Kind::Ocsp, 13, -10..300);
    let past = world.holder(Kind::Official, 14, -20..-5);
    let tsa = world.holder(Kind::Tsa, 20, -10..300);
    let other = World::new();
    let foreign = other.holder(Kind::Official, 10, -10..300);
    let good = || vec![world.crl(judged().plus_days(-1), &[])];
    let revoked = |day: i64| vec![world.crl(judged().plus_days(-1), &[(10, signed().plus_days(day))])];
    let stamp = Some((&tsa, signed().plus_minutes(1)));
    let late = Some((&tsa, signed().plus_days(20)));
    let table = [
        ("good, no stamp", &an, None, good()),
        ("good, stamped", &an, stamp, good()),
        ("no list at hand", &an, None, vec![]),
        ("list overtaken", &an, None, vec![world.crl(signed().plus_days(-90), &[])]),
        ("revoked before the claim", &an, None, revoked(-1)),
        ("revoked after the claim, no stamp", &an, None, revoked(5)),
        ("revoked after the stamp", &an, stamp, revoked(5)),
        ("revoked between claim and stamp", &an, late, revoked(5)),
        ("ended since, no stamp", &short, None, good()),
        ("ended since, stamped", &short, stamp, vec![world.crl(signed().plus_days(1), &[])]),
        ("ended before the claim", &past, None, good()),
        ("begins after the claim", &early, None, good()),
        ("for answering about others", &responder, None, good()),
        ("of another root", &foreign, None, good()),
    ];
    let mut text = String::from("\n");
    for (what, holder, tsa, crls) in table {
        let level = if tsa.is_some() { Level::BT } else { Level::BB };
        let how = Signing { holder, tsa, level, format: Format::Cms, evidence: Bag::default() };
        let report = judge(&sign(PAPER, &how), &world.terms(judged(), crls));
        let _ = writeln!(text, "{what}: {}", told(&report));
    }
    let expected = "
good, no stamp: Valid | TOTAL-PASSED  B-B
good, stamped: Valid | TOTAL-PASSED  B-T
no list at hand: Indeterminate | INDETERMINATE TRY_LATER B-B
list overtaken: Indeterminate | INDETERMINATE TRY_LATER B-B
revoked before the claim: Invalid | TOTAL-FAILED REVOKED B-B
revoked after the claim, no stamp: Indeterminate | INDETERMINATE REVOKED_NO_POE B-B
revoked after the stamp: Valid | TOTAL-PASSED  B-T
revoked between claim and stamp: Indeterminate | INDETERMINATE REVOKED_NO_POE B-T
ended since, no stamp: Indeterminate | INDETERMINATE OUT_OF_BOUNDS_NO_POE B-B
ended since, stamped: Valid | TOTAL-PASSED  B-T
ended before the claim: Invalid | TOTAL-FAILED EXPIRED B-B
begins after the claim: Invalid | TOTAL-FAILED NOT_YET_VALID B-B
for answering about others: Indeterminate | INDETERMINATE CHAIN_CONSTRAINTS_FAILURE B-B
of another root: Indeterminate | INDETERMINATE NO_CERTIFICATE_CHAIN_FOUND B-B
";
    assert_eq!(text, expected);
}

#[test]
fn every_level_is_made_in_every_format_and_judged_as_that_level() {
    let world = World::new();
    let an = world.holder(Kind::Official, 10, -10..300);
    let tsa = world.holder(Kind::Tsa, 20, -10..300);
    let crl = world.crl(signed().plus_minutes(5), &[]);
    let xml = "<cv xmlns=\"urn:cv\"><noi-dung>Kính gửi</noi-dung></cv>".as_bytes();
    let mut text = String::from("\n");
    let pdf = one_page();
    for (format, bytes) in [(Format::Cms, PAPER), (Format::Xml, xml), (Format::Pdf, &pdf)] {
        for level in [Level::BB, Level::BT, Level::BLT, Level::BLTA] {
            if format == Format::Xml && level == Level::BLTA {
                continue;
            }
            let evidence = Bag { crls: vec![crl.clone()], ..Bag::default() };
            let tsa = Some((&tsa, signed().plus_minutes(1)));
            let made = sign(bytes, &Signing { holder: &an, tsa, level, format, evidence });
            // Years later, with nothing at hand but what is inside, where the level promises that.
            let terms = match level {
                Level::BLT | Level::BLTA => world.terms(signed().plus_days(30), vec![]),
                _ => world.terms(signed().plus_days(30), vec![crl.clone()]),
            };
            let _ = writeln!(text, "{format:?} {}: {}", level.word(), told(&judge(&made, &terms)));
        }
    }
    let expected = "
Cms B-B: Valid | TOTAL-PASSED  B-B
Cms B-T: Valid | TOTAL-PASSED  B-T
Cms B-LT: Valid | TOTAL-PASSED  B-LT
Cms B-LTA: Valid | TOTAL-PASSED  B-LTA
Xml B-B: Valid | TOTAL-PASSED  B-B
Xml B-T: Valid | TOTAL-PASSED  B-T
Xml B-LT: Valid | TOTAL-PASSED  B-LT
Pdf B-B: Valid | TOTAL-PASSED  B-B
Pdf B-T: Valid | TOTAL-PASSED  B-T
Pdf B-LT: Valid | TOTAL-PASSED  B-LT
Pdf B-LTA: Valid | TOTAL-PASSED  B-LTA | TOTAL-PASSED  
";
    assert_eq!(text, expected);
}

/// The least that is a PDF document.
fn one_page() -> Vec<u8> {
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R>>",
    ];
    let (mut text, mut places) = (String::from("%PDF-1.7\n"), String::new());
    for (n, object) in objects.iter().enumerate() {
        let _ = writeln!(places, "{:010} 00000 n ", text.len());
        let _ = write!(text, "{} 0 obj\n{object}\nendobj\n", n + 1);
    }
    let start = text.len();
    let _ = write!(text, "xref\n0 4\n0000000000 65535 f \n{places}trailer<</Size 4/Root 1 0 R>>\n");
    let _ = write!(text, "startxref\n{start}\n%%EOF\n");
    text.into_bytes()
}

#[test]
fn bytes_behind_the_last_revision_of_a_pdf_are_told() {
    let world = World::new();
    let an = world.holder(Kind::Official, 10, -10..300);
    let terms = world.terms(judged(), vec![world.crl(judged(), &[])]);
    let how =
        Signing { holder: &an, tsa: None, level: Level::BB, format: Format::Pdf, evidence: Bag::default() };
    let made = sign(&one_page(), &how);
    for (more, verdict) in [
        ("\n\n", Verdict::Valid),
        ("4 0 obj<</Type/Page>>endobj\n", Verdict::Invalid),
        ("4 0 obj<</Type/Page>>endobj\n%%EOF\n", Verdict::Invalid),
    ] {
        let report = judge(&[made.as_slice(), more.as_bytes()].concat(), &terms);
        assert_eq!(report.verdict, verdict, "{more}: {:?}", report.signatures);
    }
}

#[test]
fn an_archive_time_stamp_over_something_else_does_not_count() {
    let world = World::new();
    let an = world.holder(Kind::Official, 10, -10..300);
    let tsa = world.holder(Kind::Tsa, 20, -10..300);
    let crl = world.crl(signed().plus_minutes(5), &[]);
    let evidence = Bag { crls: vec![crl.clone()], ..Bag::default() };
    let how = Signing {
        holder: &an,
        tsa: Some((&tsa, signed().plus_minutes(1))),
        level: Level::BLTA,
        format: Format::Cms,
        evidence,
    };
    let made = sign(PAPER, &how);
    // One byte of the list inside is another: the index names what is not there any more.
    let place = made.windows(crl.der().len()).position(|window| window == crl.der()).unwrap();
    let mut changed = made.clone();
    let last = place + crl.der().len() - 1;
    changed[last] ^= 1;
    let report = judge(&changed, &world.terms(judged(), vec![crl]));
    let archive = report.signatures[0].time_stamps.iter().find(|stamp| !stamp.holds).unwrap();
    assert_eq!(archive.findings, [Finding::ContentChanged]);
    assert_eq!(report.signatures[0].level, Level::BT);
}

#[test]
fn a_changed_paper_is_told_whatever_its_format() {
    let world = World::new();
    let an = world.holder(Kind::Official, 10, -10..300);
    let terms = world.terms(judged(), vec![world.crl(judged(), &[])]);
    let how = |format| Signing { holder: &an, tsa: None, level: Level::BB, format, evidence: Bag::default() };
    let mut message = sign(PAPER, &how(Format::Cms));
    let place = message.windows(PAPER.len()).position(|window| window == PAPER).unwrap();
    message[place] ^= 1;
    let report = judge(&message, &terms);
    assert_eq!(
        (report.verdict, &report.signatures[0].findings[0]),
        (Verdict::Invalid, &Finding::ContentChanged)
    );

    let xml = sign(b"<cv><so>12</so></cv>", &how(Format::Xml));
    let changed = String::from_utf8(xml).unwrap().replace("<so>12</so>", "<so>21</so>");
    let report = judge(changed.as_bytes(), &terms);
    assert_eq!(
        (report.verdict, &report.signatures[0].findings[0]),
        (Verdict::Invalid, &Finding::ContentChanged)
    );
}

#[test]
fn a_signed_part_moved_aside_does_not_make_the_document_valid() {
    use xmlsig::c14n::{Method, Rules};
    use xmlsig::dsig::{self, KeyInfo, Plan, Transform, Wanted, Where};
    let world = World::new();
    let an = world.holder(Kind::Official, 10, -10..300);
    let terms = world.terms(judged(), vec![world.crl(judged(), &[])]);
    let exclusive = Method::new(Rules::Exclusive);
    let plan = Plan {
        algorithm: an.key.algorithm(),
        canonicalization: exclusive.clone(),
        id: None,
        references: vec![Wanted {
            uri: "#noi-dung".into(),
            id: None,
            kind: None,
            transforms: vec![Transform::Canonical(exclusive)],
            digest: pki::Digest::Sha256,
        }],
        key_info: KeyInfo::Certificates(vec![an.certificate.der().to_vec()]),
        objects: vec![],
        place: Where::LastInDocument,
    };
    let paper = b"<cv><phan Id=\"noi-dung\">mot trieu</phan></cv>";
    let prepared = dsig::prepare(paper, &plan, &|_| None, &xmlsig::Limits::default()).unwrap();
    let made = String::from_utf8(prepared.sign(&an.key).unwrap()).unwrap();
    assert_eq!(judge(made.as_bytes(), &terms).verdict, Verdict::Valid);

    let original = "<phan Id=\"noi-dung\">mot trieu</phan>";
    let moved = made.replace(original, &format!("<phan>mot ty</phan><kho>{original}</kho>"));
    let report = judge(moved.as_bytes(), &terms);
    assert_eq!(report.verdict, Verdict::Indeterminate);
    assert_eq!(report.findings, [Finding::PartUnsigned { uncovered: vec!["phan".into()] }]);
    let twice = made.replace(original, &format!("<phan Id=\"noi-dung\">mot ty</phan><kho>{original}</kho>"));
    let report = judge(twice.as_bytes(), &terms);
    assert_eq!(
        (report.verdict, &report.signatures[0].findings[0]),
        (Verdict::Invalid, &Finding::DuplicateId)
    );
}

#[test]
fn what_is_no_signed_file_is_told_apart() {
    let world = World::new();
    let terms = world.terms(judged(), vec![]);
    let table: [(&[u8], Verdict, Option<Format>); 5] = [
        (b"", Verdict::Unreadable, None),
        (b"Kinh gui", Verdict::Unreadable, None),
        (b"<cv/>", Verdict::Unsigned, Some(Format::Xml)),
        (b"<!DOCTYPE cv><cv/>", Verdict::Unreadable, Some(Format::Xml)),
        (b"%PDF-1.7\n%%EOF", Verdict::Unreadable, Some(Format::Pdf)),
    ];
    for (bytes, verdict, format) in table {
        let report = judge(bytes, &terms);
        assert_eq!((report.verdict, report.format), (verdict, format), "{}", String::from_utf8_lossy(bytes));
        assert!(!report.findings.is_empty());
    }
}

#[test]
fn every_finding_has_its_words() {
    let every = [
        Finding::NoContent { what: String::new() },
        Finding::NoContent { what: "cid:1".into() },
        Finding::Weak { what: "SHA-1".into(), until: "2014-01-01".into() },
        Finding::TooBig { bytes_max: 1 },
        Finding::PartUnsigned { uncovered: vec!["phan".into()] },
        Finding::RevokedLater { since: signed() },
        Finding::SeenBefore { at: signed() },
        Finding::RevokedInRegister { subject: "An".into(), since: signed() },
        Finding::UnfitSince { subject: "An".into(), since: signed() },
        Finding::ManifestAlone,
        Finding::TooMuch,
    ];
    for finding in every {
        let line = super::line(&finding);
        assert!(!line.contains("validation.") && !line.contains('{'), "{line}");
    }
    assert_eq!(super::policy::weak("SHA-1", at("2013-12-31T23:00:00+07:00")), None);
    assert!(super::policy::weak("SHA-1", at("2014-01-01T00:00:00+07:00")).is_some());
    assert!(super::policy::rows().iter().all(|row| !row.source.is_empty()));
    let in_exchange = |day: &str| super::policy::weak("SHA-1", at(day)).is_some_and(|weak| weak.in_exchange);
    assert!(in_exchange("2027-12-31T23:00:00+07:00"), "read on, flagged");
    assert!(!in_exchange("2028-01-01T00:00:00+07:00"), "and not for ever");
}

#[test]
fn what_was_judged_valid_stays_so_by_what_was_saved_and_by_nothing_else() {
    let world = World::new();
    let an = world.holder(Kind::Official, 7, -10..300);
    let file = cms::Draft::new(&an.certificate, &[]).at(signed()).sign(b"Quyet dinh", true, &an.key).unwrap();
    let document = Document { name: "a.p7m", bytes: &file, content: None };
    let first = world.terms(judged(), vec![world.crl(judged().plus_days(-1), &[])]);
    let (report, judged_first) = rules::judge_again(&document, &first, &Saved::default());
    let used = judged_first.used;
    assert_eq!(report.verdict, Verdict::Valid, "{:?}", report.signatures[0].findings);
    assert_eq!(used.crls.len(), 1, "the list it rests on");
    assert!(used.certificates.contains(&an.certificate));
    assert!(!report.signatures[0].is_proven);
    // Two years later the certificate has ended, and had been revoked after the first judgement.
    let later = judged().plus_days(730);
    let list = world.crl(later.plus_days(-1), &[(7, judged().plus_days(20))]);
    let terms = world.terms(later, vec![list]);
    let bare = rules::judge_again(&document, &terms, &Saved::default()).0;
    assert_ne!(bare.verdict, Verdict::Valid);
    let saved = Saved { first_at: Some(judged()), bag: used.clone() };
    let again = rules::judge_again(&document, &terms, &saved).0;
    let signature = &again.signatures[0];
    assert_eq!(again.verdict, Verdict::Valid, "{:?}", signature.findings);
    assert_eq!((signature.best_time, signature.is_proven), (judged(), true));
    assert!(signature.findings.contains(&Finding::SeenBefore { at: judged() }));
    // Without the list of then nobody knows what was so then; and a record of tomorrow proves nothing.
    let only_time = Saved { first_at: Some(judged()), bag: Bag::default() };
    let no_lists = world.terms(later, vec![]);
    assert_ne!(rules::judge_again(&document, &no_lists, &only_time).0.verdict, Verdict::Valid);
    assert_eq!(rules::judge_again(&document, &no_lists, &saved).0.verdict, Verdict::Valid);
    let future = Saved { first_at: Some(later.plus_days(1)), bag: used };
    assert_ne!(rules::judge_again(&document, &terms, &future).0.verdict, Verdict::Valid);
    // What was revoked before it was first judged is not mended by a record.
    let before = world.crl(later.plus_days(-1), &[(7, signed().plus_days(-1))]);
    let terms = world.terms(later, vec![before]);
    assert_eq!(rules::judge_again(&document, &terms, &saved).0.verdict, Verdict::Invalid);
}

#[test]
fn a_document_is_known_again_by_its_bytes_and_its_content() {
    let key = |bytes: &[u8], content: Option<&[u8]>| Document { name: "", bytes, content }.key();
    assert_eq!(key(b"", None), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    let all = [
        key(b"a", None),
        key(b"a", Some(b"")),
        key(b"a", Some(b"b")),
        key(b"b", Some(b"a")),
        key(b"ab", None),
    ];
    let different: std::collections::BTreeSet<&String> = all.iter().collect();
    assert_eq!(different.len(), all.len());
}
