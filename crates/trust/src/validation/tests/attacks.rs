//! Files made to cost, to pass for signed, or to prove more than they do.

use pki::der::Writer;
use pki::path::Effort;
use xmlsig::c14n::{Method, Rules};
use xmlsig::dsig::{self, KeyInfo, Plan, Transform, Wanted, Where};

use super::super::rules::{CHECKS_MAX, HASHED_BYTES_MAX, Registered, SIGNATURES_MAX};
use super::super::{format, report, rules};
use super::*;

/// The parts of a message with one signature: everything up to its signers, and the signer.
fn parts(message: &[u8]) -> (Vec<u8>, Vec<u8>) {
    use pki::der::{Reader, Tag};
    let mut info = Reader::whole_sequence(message).unwrap();
    info.oid().unwrap();
    let mut signed = info.context(0).unwrap().unwrap().sequence().unwrap();
    let mut head = Vec::new();
    for _ in 0..3 {
        head.extend_from_slice(signed.any().unwrap().raw);
    }
    while let Some(set) = signed.optional(Tag::context(0)).unwrap() {
        head.extend_from_slice(set.raw);
    }
    let signers = signed.any().unwrap();
    (head, signers.value.to_vec())
}

/// The same message with its signature so many times.
fn repeated(message: &[u8], times: usize) -> Vec<u8> {
    let (head, signer) = parts(message);
    Writer::build(|w| {
        w.sequence(|w| {
            w.oid(oid::CMS_SIGNED_DATA).context(0, |w| {
                w.sequence(|w| {
                    w.raw(&head);
                    w.element(pki::der::Tag::SET, &signer.repeat(times));
                });
            });
        });
    })
}

#[test]
fn a_message_of_very_many_signatures_is_counted_before_anything_is_judged() {
    let world = World::new();
    let an = world.holder(Kind::Official, 10, -10..300);
    let terms = world.terms(judged(), vec![world.crl(judged(), &[])]);
    let content = vec![b'x'; 4 << 20];
    let made = cms::Draft::new(&an.certificate, &[]).at(signed()).sign(&content, false, &an.key).unwrap();
    let judge = |times: usize| {
        let file = repeated(&made, times);
        let effort = Effort::new(CHECKS_MAX, HASHED_BYTES_MAX);
        let document = Document { name: "", bytes: &file, content: Some(&content) };
        let read = format::read(&document, &[], &effort);
        let report = rules::judge(&document, &terms);
        (read.is_ok(), report)
    };
    let (is_read, many) = judge(SIGNATURES_MAX + 1);
    assert!(!is_read);
    assert_eq!((many.verdict, many.findings), (Verdict::Indeterminate, vec![Finding::TooMuch]));
    let (is_read, all) = judge(SIGNATURES_MAX);
    assert!(is_read);
    assert_eq!((all.verdict, all.signatures.len()), (Verdict::Valid, SIGNATURES_MAX));
}

#[test]
fn a_content_is_hashed_once_for_all_signatures_over_it() {
    let world = World::new();
    let an = world.holder(Kind::Official, 10, -10..300);
    let content = vec![b'x'; 4 << 20];
    let made = cms::Draft::new(&an.certificate, &[]).at(signed()).sign(&content, false, &an.key).unwrap();
    let file = repeated(&made, SIGNATURES_MAX);
    // Room for the content once and a half, and for what the signatures themselves are over.
    let effort = Effort::new(CHECKS_MAX, 6 << 20);
    let document = Document { name: "", bytes: &file, content: Some(&content) };
    let read = format::read(&document, &[], &effort).unwrap_or_else(|_| panic!("it is read"));
    assert!(!effort.is_spent());
    assert!(read.signatures.iter().all(|one| one.findings.is_empty()));
}

#[test]
fn signatures_over_the_content_itself_spend_the_effort_and_nothing_is_said_of_the_rest() {
    let world = World::new();
    let an = world.holder(Kind::Official, 10, -10..300);
    let terms = world.terms(judged(), vec![world.crl(judged(), &[])]);
    let content = vec![b'x'; 16 << 20];
    // Without signed attributes each signature has the content hashed for itself: 200 times 16 MB.
    let value = an.key.sign(&content).unwrap();
    let digest = Writer::build(|w| pki::Digest::Sha256.write(w));
    let signer = Writer::build(|w| {
        w.sequence(|w| {
            w.number(1).sequence(|w| {
                w.raw(an.certificate.issuer().der()).integer(an.certificate.serial().contents());
            });
            w.raw(&digest);
            an.key.algorithm().write(w);
            w.octets(&value);
        });
    });
    let file = Writer::build(|w| {
        w.sequence(|w| {
            w.oid(oid::CMS_SIGNED_DATA).context(0, |w| {
                w.sequence(|w| {
                    w.number(1).element(pki::der::Tag::SET, &digest).sequence(|w| {
                        w.oid(oid::CMS_DATA);
                    });
                    w.element(pki::der::Tag::context(0), an.certificate.der());
                    w.element(pki::der::Tag::SET, &signer.repeat(SIGNATURES_MAX));
                });
            });
        });
    });
    let document = Document { name: "", bytes: &file, content: Some(&content) };
    let report = rules::judge(&document, &terms);
    assert_eq!((report.verdict, &report.findings[..]), (Verdict::Indeterminate, &[Finding::TooMuch][..]));
    assert!(report.signatures.is_empty());
}

#[test]
fn the_registers_own_revocations_count_by_fingerprint_whatever_lists_say() {
    let world = World::new();
    let an = world.holder(Kind::Official, 10, -10..300);
    let tsa = world.holder(Kind::Tsa, 20, -10..300);
    let how = |stamp: Option<(&Holder, Instant)>| {
        let level = if stamp.is_some() { Level::BT } else { Level::BB };
        let how = Signing { holder: &an, tsa: stamp, level, format: Format::Cms, evidence: Bag::default() };
        sign(PAPER, &how)
    };
    let bare = how(None);
    let stamped = how(Some((&tsa, signed().plus_minutes(1))));
    let fingerprint = rules::hex(&an.certificate.fingerprint(pki::Digest::Sha256));
    let of =
        |days: i64| HashMap::from([(fingerprint.clone(), Registered { since: signed().plus_days(days) })]);
    let table = [
        ("before the claim", &bare, -1),
        ("after the claim, no stamp", &bare, 5),
        ("after the stamp", &stamped, 5),
        ("before the stamp", &stamped, -1),
    ];
    let mut text = String::from("\n");
    for (what, file, days) in table {
        let mut terms = world.terms(judged(), vec![world.crl(judged().plus_days(-1), &[])]);
        assert_eq!(judge(file, &terms).verdict, Verdict::Valid, "nobody else knows of it");
        terms.register = of(days);
        let report = judge(file, &terms);
        let said =
            report.signatures[0].findings.iter().any(|f| matches!(f, Finding::RevokedInRegister { .. }));
        let _ = writeln!(text, "{what}: {}, in the register: {said}", told(&report));
    }
    let expected = "
before the claim: Invalid | TOTAL-FAILED REVOKED B-B, in the register: true
after the claim, no stamp: Indeterminate | INDETERMINATE REVOKED_NO_POE B-B, in the register: true
after the stamp: Valid | TOTAL-PASSED  B-T, in the register: false
before the stamp: Invalid | TOTAL-FAILED REVOKED B-T, in the register: true
";
    assert_eq!(text, expected);
}

/// An archive time-stamp whose index leaves out the time-stamp that was added after it.
#[test]
fn an_archive_time_stamp_proves_nothing_of_what_its_index_does_not_name() {
    let world = World::new();
    let an = world.holder(Kind::Official, 10, -10..10);
    let archive = world.holder(Kind::Tsa, 20, -10..3_000);
    // Its certificate ended long ago: only under the archive's proof would its time count.
    let old = world.holder(Kind::Tsa, 21, -10..20);
    let crl = || [1, 199].map(|day| world.crl(signed().plus_days(day), &[])).to_vec();
    let stamp = |tsa: &Holder, imprint: &Imprint, time: Instant| {
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
        draft.sign(&tsa.key).unwrap()
    };
    let sha256 = pki::Digest::Sha256;
    let made = cms::Draft::new(&an.certificate, &[]).at(signed()).sign(PAPER, true, &an.key).unwrap();
    let message = |der: &[u8]| cms::SignedData::parse(der).unwrap();
    let content = |digest: pki::Digest| digest.of(PAPER);
    let with_stamp = |der: &[u8]| {
        let imprint = Imprint::of(sha256, &message(der).signers[0].signature);
        let token = stamp(&old, &imprint, signed().plus_minutes(1));
        cms::add_time_stamp(&message(der), 0, &token).unwrap()
    };
    let with_archive = |der: &[u8]| {
        let message = message(der);
        let to_stamp = cms::archive::to_be_stamped(&message, 0, &content, sha256).unwrap();
        let imprint = Imprint { digest: sha256, hash: to_stamp.hash.clone() };
        let token = stamp(&archive, &imprint, signed().plus_days(5));
        cms::archive::add(&message, 0, &to_stamp, &token).unwrap()
    };
    let named = with_archive(&with_stamp(&made));
    let added_afterwards = with_stamp(&with_archive(&made));
    let terms = world.terms(signed().plus_days(200), crl());
    let times = |der: &[u8]| {
        let report = judge(der, &terms);
        let stamps = &report.signatures[0].time_stamps;
        let holds = |kind| stamps.iter().find(|stamp| stamp.kind == kind).unwrap().holds;
        let holds = [report::StampKind::Signature, report::StampKind::Archive].map(holds);
        (holds, report.signatures[0].best_time)
    };
    assert_eq!(times(&named), ([true, true], signed().plus_minutes(1)));
    assert_eq!(times(&added_afterwards), ([false, true], signed().plus_days(5)));
}

fn plan(an: &Holder, references: Vec<Wanted>, objects: Vec<String>) -> Plan {
    Plan {
        algorithm: an.key.algorithm(),
        canonicalization: Method::new(Rules::Exclusive),
        id: None,
        references,
        key_info: KeyInfo::Certificates(vec![an.certificate.der().to_vec()]),
        objects,
        place: Where::LastInDocument,
    }
}

fn wanted(uri: &str, transforms: Vec<Transform>) -> Wanted {
    Wanted { uri: uri.into(), id: None, kind: None, transforms, digest: pki::Digest::Sha256 }
}

const QCVN: &str = "http://www.mic.gov.vn/TBT/QCVN_102_2016";

fn envelope(attachments: &[(&str, &str)]) -> String {
    let lines: String = attachments
        .iter()
        .map(|(id, _)| format!("<Reference><ContentId>cid:{id}</ContentId></Reference>"))
        .collect();
    let inside: String = attachments
        .iter()
        .map(|(id, text)| {
            use base64::Engine as _;
            let encoded = base64::engine::general_purpose::STANDARD.encode(text);
            format!(
                "<Attachment><ContentId>cid:{id}</ContentId>\
                 <ContentTransferEncoded>{encoded}</ContentTransferEncoded></Attachment>"
            )
        })
        .collect();
    let encoded = match attachments {
        [] => String::new(),
        _ => format!("<AttachmentEncoded>{inside}</AttachmentEncoded>"),
    };
    format!(
        "<edXML xmlns=\"{QCVN}\"><edXMLEnvelope Id=\"e\"><edXMLHeader><MessageHeader>12</MessageHeader>\
         </edXMLHeader><edXMLBody><edXMLManifest>{lines}</edXMLManifest></edXMLBody></edXMLEnvelope>\
         {encoded}</edXML>"
    )
}

/// Signs the envelope and its attachments by name.
fn sealed(an: &Holder, paper: &str, names: &[&str], bytes: &[(&str, &str)]) -> String {
    let exclusive = || vec![Transform::Canonical(Method::new(Rules::Exclusive))];
    let mut references = vec![wanted("#e", exclusive())];
    references.extend(names.iter().map(|name| wanted(name, vec![])));
    let plan = plan(an, references, vec![]);
    let outside = |uri: &str| {
        let id = uri.strip_prefix("cid:").unwrap_or(uri);
        bytes.iter().find(|(name, _)| *name == id).map(|(_, text)| text.as_bytes().to_vec())
    };
    let prepared = dsig::prepare(paper.as_bytes(), &plan, &outside, &xmlsig::Limits::default()).unwrap();
    String::from_utf8(prepared.sign(&an.key).unwrap()).unwrap()
}

#[test]
fn attachments_of_an_envelope_are_found_by_their_names_and_none_stands_for_another() {
    let world = World::new();
    let an = world.holder(Kind::Official, 10, -10..300);
    let terms = world.terms(judged(), vec![world.crl(judged(), &[])]);
    let parts = [("1", "cong van"), ("2", "phu luc")];
    let made = sealed(&an, &envelope(&parts), &["cid:1", "cid:2"], &parts);
    let report = judge(made.as_bytes(), &terms);
    assert_eq!((report.verdict, report.format), (Verdict::Valid, Some(Format::EdXml)), "{report:?}");
    // Exchanged, changed, and one more that nobody signed.
    let exchanged = made.replace("cid:1<", "cid:3<").replace("cid:2<", "cid:1<").replace("cid:3<", "cid:2<");
    assert_eq!(judge(exchanged.as_bytes(), &terms).verdict, Verdict::Invalid);
    let more = made.replace(
        "</AttachmentEncoded>",
        "<Attachment><ContentId>cid:9</ContentId><ContentTransferEncoded>eA==</ContentTransferEncoded>\
         </Attachment></AttachmentEncoded>",
    );
    let report = judge(more.as_bytes(), &terms);
    assert_eq!(report.verdict, Verdict::Indeterminate);
    assert_eq!(report.findings, [Finding::PartUnsigned { uncovered: vec!["Attachment".into()] }]);
    // A content given beside stands for one part that is not inside, and never for two.
    let outside = sealed(&an, &envelope(&[]), &["cid:1"], &parts);
    let with = |file: &str, content: &[u8]| {
        let document = Document { name: "", bytes: file.as_bytes(), content: Some(content) };
        rules::judge(&document, &terms).verdict
    };
    assert_eq!(with(&outside, b"cong van"), Verdict::Valid);
    assert_eq!(with(&outside, b"cong vun"), Verdict::Invalid);
    let both = sealed(&an, &envelope(&[]), &["cid:1", "cid:2"], &[("1", "x"), ("2", "x")]);
    assert_eq!(with(&both, b"x"), Verdict::Indeterminate, "which of them it is nobody can tell");
}

#[test]
fn only_the_relays_own_list_may_stand_unsigned_in_an_envelope() {
    let world = World::new();
    let an = world.holder(Kind::Official, 10, -10..300);
    let terms = world.terms(judged(), vec![world.crl(judged(), &[])]);
    let exclusive = || vec![Transform::Canonical(Method::new(Rules::Exclusive))];
    let paper = format!(
        "<edXML xmlns=\"{QCVN}\"><edXMLEnvelope><edXMLHeader><MessageHeader Id=\"m\">12</MessageHeader>\
         <!--here--></edXMLHeader><edXMLBody Id=\"b\">x</edXMLBody><!--there--></edXMLEnvelope></edXML>"
    );
    let plan = plan(&an, vec![wanted("#m", exclusive()), wanted("#b", exclusive())], vec![]);
    let limits = xmlsig::Limits::default();
    let prepared = dsig::prepare(paper.as_bytes(), &plan, &|_| None, &limits).unwrap();
    let made = String::from_utf8(prepared.sign(&an.key).unwrap()).unwrap();
    let trace = "<TraceHeaderList><TraceHeader/></TraceHeaderList>";
    assert_eq!(judge(made.replace("<!--here-->", trace).as_bytes(), &terms).verdict, Verdict::Valid);
    let elsewhere = judge(made.replace("<!--there-->", trace).as_bytes(), &terms);
    assert_eq!(elsewhere.findings, [Finding::PartUnsigned { uncovered: vec!["TraceHeaderList".into()] }]);
    let foreign = trace.replacen("<TraceHeaderList>", "<TraceHeaderList xmlns=\"urn:x\">", 1);
    assert_eq!(
        judge(made.replace("<!--here-->", &foreign).as_bytes(), &terms).verdict,
        Verdict::Indeterminate
    );
}

#[test]
fn a_signature_over_a_list_alone_is_not_one_over_its_parts() {
    let world = World::new();
    let an = world.holder(Kind::Official, 10, -10..300);
    let terms = world.terms(judged(), vec![world.crl(judged(), &[])]);
    let manifest = "<ds:Object xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" Id=\"list\"><ds:Manifest>\
         <ds:Reference URI=\"http://x.example/paper\"><ds:DigestMethod \
         Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><ds:DigestValue>AA==</ds:DigestValue>\
         </ds:Reference></ds:Manifest></ds:Object>";
    let exclusive = || vec![Transform::Canonical(Method::new(Rules::Exclusive))];
    let plan = plan(&an, vec![wanted("#list", exclusive())], vec![manifest.into()]);
    let prepared = dsig::prepare(b"<cv/>", &plan, &|_| None, &xmlsig::Limits::default()).unwrap();
    let report = judge(&prepared.sign(&an.key).unwrap(), &terms);
    assert!(report.signatures[0].findings.contains(&Finding::ManifestAlone), "{report:?}");
    assert_ne!(report.verdict, Verdict::Valid);
}

#[test]
fn a_signature_is_known_again_whatever_is_wrapped_around_it() {
    let world = World::new();
    let an = world.holder(Kind::Official, 10, -10..300);
    let terms = world.terms(judged(), vec![world.crl(judged(), &[])]);
    let how =
        Signing { holder: &an, tsa: None, level: Level::BB, format: Format::Cms, evidence: Bag::default() };
    let made = sign(PAPER, &how);
    let key = |bytes: &[u8]| {
        let document = Document { name: "", bytes, content: None };
        rules::judge_again(&document, &terms, &Saved::default()).1.key.unwrap()
    };
    let message = cms::SignedData::parse(&made).unwrap();
    let more = cms::archive::add_evidence(&message, &[], &[world.crl(judged(), &[])], &[]).unwrap();
    assert_ne!(made, more);
    assert_eq!(key(&made), key(&more));
    assert_ne!(key(&made), key(&sign(b"another", &how)));
}

/// What the issuer says of a key that got out before it was revoked.
#[test]
fn a_key_that_was_unfit_before_the_signature_is_told_though_it_was_revoked_afterwards() {
    let world = World::new();
    let an = world.holder(Kind::Official, 10, -10..300);
    let tsa = world.holder(Kind::Tsa, 20, -10..300);
    let draft = crl::Draft {
        issuer: world.root.certificate.subject().clone(),
        authority_key_id: world.root.certificate.key_id(),
        this_update: judged().plus_days(-1),
        next_update: judged().plus_days(60),
        number: 1,
        delta_base: None,
        shard: None,
        freshest: None,
    };
    let since = signed().plus_days(-2);
    let entry = Revoked {
        serial: Serial::from_number(10),
        at: signed().plus_days(5),
        reason: Reason::KeyCompromise,
        invalid_since: Some(since),
    };
    let list = Crl::parse(draft.sign([entry].into_iter(), &world.root.key).unwrap()).unwrap();
    let how = Signing {
        holder: &an,
        tsa: Some((&tsa, signed().plus_minutes(1))),
        level: Level::BT,
        format: Format::Cms,
        evidence: Bag::default(),
    };
    let report = judge(&sign(PAPER, &how), &world.terms(judged(), vec![list]));
    let findings = &report.signatures[0].findings;
    assert!(findings.contains(&Finding::RevokedLater { since: signed().plus_days(5) }), "{findings:?}");
    assert!(findings.contains(&Finding::UnfitSince { subject: "Official 10".into(), since }), "{findings:?}");
}
