//! Responders and askers.

use crate::world::{Holder, World, draft_by, name, now};
use pki::cert::Serial;
use pki::crl::Reason;
use pki::key::{Digest, KeyKind, PrivateKey, Signer};
use pki::ocsp::{
    Answer, CertId, CertStatus, CheckError, Draft, Failure, Question, ReadError, Request, ResponderId,
    Response, failure,
};
use pki::path::{EvidenceProblem, Material, Revocation, Source, Status, Verdict, validate};
use pki::profile::Kind;

struct Desk {
    world: World,
    responder: Holder,
    an: Holder,
}

impl Desk {
    fn new() -> Desk {
        let world = World::new();
        let responder = world.holder(Kind::Ocsp, 50, KeyKind::P256);
        let an = world.holder(Kind::Official, 100, KeyKind::P256);
        Desk { world, responder, an }
    }

    fn id(&self, digest: Digest) -> CertId {
        let issuer = &self.world.ca.certificate;
        CertId::new(digest, issuer.subject(), issuer.public_key(), self.an.certificate.serial())
    }

    fn answer(&self, status: CertStatus) -> Answer {
        let this_update = now().plus_minutes(-5);
        Answer {
            id: self.id(Digest::Sha1),
            status,
            this_update,
            next_update: Some(now().plus_days(1)),
            invalid_since: None,
            archive_cutoff: None,
        }
    }

    fn draft(&self, answers: Vec<Answer>) -> Draft {
        Draft {
            responder: ResponderId::Key(self.responder.key.public_key().id()),
            produced_at: now().plus_minutes(-5),
            answers,
            nonce: None,
            certificates: vec![self.responder.certificate.clone()],
        }
    }

    fn check(&self, der: &[u8], nonce: Option<&[u8]>) -> Result<CertStatus, CheckError> {
        let issuer = &self.world.ca.certificate;
        let question = Question {
            serial: self.an.certificate.serial(),
            issuer: issuer.subject(),
            issuer_key: issuer.public_key(),
            nonce,
            at: now(),
        };
        Response::parse(der).unwrap().check(&question).map(|single| single.status)
    }
}

#[test]
fn an_answer_is_believed_from_the_issuer_and_from_its_responder() {
    let desk = Desk::new();
    let statuses = [
        CertStatus::Good,
        CertStatus::Unknown,
        CertStatus::Revoked { at: now().plus_days(-1), reason: Some(Reason::KeyCompromise) },
        CertStatus::Revoked { at: now().plus_days(-1), reason: None },
    ];
    for status in statuses {
        let by_responder = desk.draft(vec![desk.answer(status)]);
        assert_eq!(desk.check(&by_responder.sign(&desk.responder.key).unwrap(), None), Ok(status));
        let by_issuer = Draft {
            responder: ResponderId::Name(desk.world.ca.certificate.subject().clone()),
            certificates: Vec::new(),
            ..desk.draft(vec![desk.answer(status)])
        };
        assert_eq!(desk.check(&by_issuer.sign(&desk.world.ca.key).unwrap(), None), Ok(status));
    }
}

#[test]
fn what_is_no_answer_is_refused_with_its_reason() {
    let desk = Desk::new();
    let good = || desk.answer(CertStatus::Good);
    let revoked = desk.answer(CertStatus::Revoked { at: now(), reason: None });
    let sign = |draft: Draft| draft.sign(&desk.responder.key).unwrap();
    let check = |draft: Draft| desk.check(&sign(draft), None).unwrap_err();
    let other = Answer { id: CertId { serial: Serial::from_number(101), ..good().id }, ..good() };
    assert_eq!(check(desk.draft(vec![other])), CheckError::NotAbout);
    for answers in [vec![good(), revoked.clone()], vec![revoked, good()]] {
        assert_eq!(check(desk.draft(answers)), CheckError::Contradiction);
    }
    let stale = Answer { next_update: Some(now()), ..good() };
    assert_eq!(check(desk.draft(vec![stale])), CheckError::Stale);
    let endless = Answer { next_update: None, this_update: now().plus_minutes(-11), ..good() };
    assert_eq!(check(desk.draft(vec![endless])), CheckError::Stale);
    let future = Answer { this_update: now().plus_minutes(6), ..good() };
    assert_eq!(check(desk.draft(vec![future])), CheckError::TooNew);
    let der = sign(desk.draft(vec![good()]));
    assert_eq!(desk.check(&der, Some(b"0123456789abcdef")), Err(CheckError::Nonce));
    let with_nonce = Draft { nonce: Some(b"0123456789abcdef".to_vec()), ..desk.draft(vec![good()]) };
    assert_eq!(desk.check(&sign(with_nonce.clone()), Some(b"0123456789abcdef")), Ok(CertStatus::Good));
    assert_eq!(desk.check(&sign(with_nonce), Some(b"0123456789abcdeF")), Err(CheckError::Nonce));
}

#[test]
fn not_everybody_the_issuer_certified_may_answer() {
    let desk = Desk::new();
    let by = |holder: &Holder| {
        let draft = Draft {
            responder: ResponderId::Name(holder.certificate.subject().clone()),
            certificates: vec![holder.certificate.clone()],
            ..desk.draft(vec![desk.answer(CertStatus::Good)])
        };
        desk.check(&draft.sign(&holder.key).unwrap(), None)
    };
    assert_eq!(by(&desk.an), Err(CheckError::NotAuthorised));
    // A responder of another issuer.
    assert_eq!(by(&World::new().holder(Kind::Ocsp, 50, KeyKind::P256)), Err(CheckError::NotAuthorised));
    // One whose time is over.
    let key = PrivateKey::generate(KeyKind::P256).unwrap();
    let mut draft = draft_by(&desk.world.ca, Kind::Ocsp, 51, &name("A", "Old"), key.public_key());
    draft.validity.not_after = now().plus_days(-1);
    let certificate = draft.sign(&desk.world.ca.key).unwrap();
    assert_eq!(by(&Holder { certificate, key }), Err(CheckError::NotAuthorised));
    // A signature of somebody else under the responder's name.
    let forged = desk.draft(vec![desk.answer(CertStatus::Good)]).sign(&desk.an.key).unwrap();
    assert_eq!(desk.check(&forged, None), Err(CheckError::Signature));
}

#[test]
fn a_request_is_read_as_it_was_made() {
    let desk = Desk::new();
    let questions = vec![desk.id(Digest::Sha1), desk.id(Digest::Sha256)];
    for nonce in [None, Some(vec![7; 32])] {
        let request = Request { questions: questions.clone(), nonce, unknown_critical: false };
        assert_eq!(Request::parse(&request.der()), Ok(request));
    }
    let id = desk.id(Digest::Sha256);
    let issuer = &desk.world.ca.certificate;
    assert!(id.is(desk.an.certificate.serial(), issuer.subject(), issuer.public_key()));
    assert!(!id.is(desk.an.certificate.serial(), issuer.subject(), desk.an.certificate.public_key()));
    let many = Request { questions: vec![id; 65], nonce: None, unknown_critical: false };
    assert!(Request::parse(&many.der()).is_err());
    let long = Request { questions, nonce: Some(vec![1; 129]), unknown_critical: false };
    assert!(Request::parse(&long.der()).is_err());
    assert!(Request::parse(&[0x30, 0]).is_err());
}

#[test]
fn a_failure_is_told_apart_from_rubbish() {
    assert_eq!(failure(Failure::Unauthorized), [0x30, 3, 0x0a, 1, 6]);
    let read = Response::parse(&failure(Failure::TryLater)).unwrap_err();
    assert_eq!(read, ReadError::Failure(Failure::TryLater));
    assert!(matches!(Response::parse(&[0x30, 3, 0x0a, 1, 4]), Err(ReadError::Malformed(_))));
}

#[test]
fn an_answer_is_evidence_in_a_path() {
    let desk = Desk::new();
    let rules = desk.world.rules();
    let judge = |answers: &[Vec<u8>]| {
        let mut material: Material = desk.world.material();
        for answer in answers {
            material.add_ocsp(Response::parse(answer).unwrap());
        }
        let anchors = [pki::path::Anchor::from(desk.world.ca.certificate.clone())];
        let report = validate(&desk.an.certificate, &anchors, &material, &rules);
        (report.verdict(), report.statuses[0].clone())
    };
    let sign = |status| desk.draft(vec![desk.answer(status)]).sign(&desk.responder.key).unwrap();
    let source = Source::Ocsp(now().plus_minutes(-5));
    let good = Status::Good { source, revoked_later: None, unfit_since: None };
    assert_eq!(judge(&[sign(CertStatus::Good)]), (Verdict::Valid, good));
    let revoked = CertStatus::Revoked { at: now().plus_days(-1), reason: Some(Reason::Superseded) };
    assert_eq!(judge(&[sign(CertStatus::Good), sign(revoked)]).0, Verdict::Invalid);
    // A suspension ends with a newer answer, a revocation for good with none.
    let newer = Answer { this_update: now(), ..desk.answer(CertStatus::Good) };
    let newer = Draft { produced_at: now(), ..desk.draft(vec![newer]) }.sign(&desk.responder.key).unwrap();
    let held = CertStatus::Revoked { at: now().plus_days(-1), reason: Some(Reason::CertificateHold) };
    assert_eq!(judge(&[sign(held), sign(CertStatus::Good)]).0, Verdict::Invalid);
    assert_eq!(judge(&[sign(held), newer.clone()]).0, Verdict::Valid);
    assert_eq!(judge(&[sign(revoked), newer]).0, Verdict::Invalid);
    let unknown = Status::Unknown(vec![EvidenceProblem::ResponderDoesNotKnow]);
    assert_eq!(judge(&[sign(CertStatus::Unknown)]), (Verdict::Indeterminate, unknown));
    let lenient = rules.clone().with_revocation(Revocation::IfKnown);
    assert!(
        validate(&desk.an.certificate, &desk.world.anchors(), &desk.world.material(), &lenient).is_valid()
    );
}

#[test]
fn a_responder_must_be_one_when_it_answers_whatever_instant_is_judged() {
    let desk = Desk::new();
    let key = PrivateKey::generate(KeyKind::P256).unwrap();
    let mut draft = draft_by(&desk.world.ca, Kind::Ocsp, 51, &name("A", "Responder"), key.public_key());
    draft.validity.not_before = now().plus_days(10);
    draft.validity.not_after = now().plus_days(20);
    let responder = Holder { certificate: draft.sign(&desk.world.ca.key).unwrap(), key };
    let judged = |day: i64| {
        let answer = Answer {
            this_update: now().plus_days(day),
            next_update: Some(now().plus_days(day + 1)),
            ..desk.answer(CertStatus::Good)
        };
        let draft = Draft {
            responder: ResponderId::Key(responder.key.public_key().id()),
            produced_at: now().plus_days(day),
            certificates: vec![responder.certificate.clone()],
            ..desk.draft(vec![answer])
        };
        let mut material: Material = desk.world.material();
        material.add_ocsp(Response::parse(&draft.sign(&responder.key).unwrap()).unwrap());
        // A signature of today, judged a month later with what was said meanwhile.
        let mut rules = desk.world.rules();
        rules.evidence_until = Some(now().plus_days(40));
        let anchors = [pki::path::Anchor::from(desk.world.ca.certificate.clone())];
        validate(&desk.an.certificate, &anchors, &material, &rules).verdict()
    };
    // Before it was one, while it was, and after.
    assert_eq!([5, 15, 25].map(judged), [Verdict::Indeterminate, Verdict::Valid, Verdict::Indeterminate]);
}

#[test]
fn of_a_certificate_that_has_ended_only_a_responder_speaks_who_says_so() {
    let desk = Desk::new();
    let key = PrivateKey::generate(KeyKind::P256).unwrap();
    let mut draft = draft_by(&desk.world.ca, Kind::Official, 100, &name("A", "An"), key.public_key());
    draft.validity.not_after = now().plus_days(10);
    let an = draft.sign(&desk.world.ca.key).unwrap();
    let judged = |status: CertStatus, archive_cutoff: Option<base::Instant>| {
        let this_update = now().plus_days(20);
        let answer = Answer {
            this_update,
            next_update: Some(now().plus_days(21)),
            archive_cutoff,
            ..desk.answer(status)
        };
        let draft = Draft { produced_at: this_update, ..desk.draft(vec![answer]) };
        let mut material: Material = desk.world.material();
        material.add_ocsp(Response::parse(&draft.sign(&desk.responder.key).unwrap()).unwrap());
        let mut rules = desk.world.rules();
        rules.evidence_until = Some(now().plus_days(40));
        let anchors = [pki::path::Anchor::from(desk.world.ca.certificate.clone())];
        validate(&an, &anchors, &material, &rules).verdict()
    };
    let table = [
        (None, Verdict::Indeterminate),
        (Some(now().plus_days(15)), Verdict::Indeterminate),
        (Some(now().plus_days(-400)), Verdict::Valid),
    ];
    for (cutoff, verdict) in table {
        assert_eq!(judged(CertStatus::Good, cutoff), verdict, "{cutoff:?}");
    }
    let revoked = CertStatus::Revoked { at: now().plus_days(-1), reason: None };
    assert_eq!(judged(revoked, None), Verdict::Invalid, "that it was revoked counts however long ago");
}

#[test]
fn since_when_a_key_was_unfit_is_told_by_answers_as_by_lists() {
    let desk = Desk::new();
    let since = now().plus_days(-3);
    let status = CertStatus::Revoked { at: now().plus_days(-1), reason: Some(Reason::KeyCompromise) };
    let answer = Answer { invalid_since: Some(since), ..desk.answer(status) };
    let signed = desk.draft(vec![answer]).sign(&desk.responder.key).unwrap();
    let read = Response::parse(&signed).unwrap();
    assert_eq!((read.singles[0].invalid_since, read.singles[0].archive_cutoff), (Some(since), None));
    let mut material: Material = desk.world.material();
    material.add_ocsp(read);
    let anchors = [pki::path::Anchor::from(desk.world.ca.certificate.clone())];
    let report = validate(&desk.an.certificate, &anchors, &material, &desk.world.rules());
    assert!(matches!(report.statuses[0], Status::Revoked { invalid_since: Some(at), .. } if at == since));
}

#[test]
fn judging_stops_when_its_effort_is_spent_and_says_so() {
    use pki::path::Effort;
    use std::sync::Arc;
    let desk = Desk::new();
    let signed = desk.draft(vec![desk.answer(CertStatus::Good)]).sign(&desk.responder.key).unwrap();
    let judged = |checks: u64| {
        let effort = Arc::new(Effort::new(checks, 1 << 20));
        let mut material: Material = desk.world.material().within(effort.clone());
        material.add_ocsp(Response::parse(&signed).unwrap());
        let rules = desk.world.rules();
        let anchors = [pki::path::Anchor::from(desk.world.ca.certificate.clone())];
        // Over and over: what was found out once is not checked again, but for answers.
        let verdicts: Vec<Verdict> =
            (0..3).map(|_| validate(&desk.an.certificate, &anchors, &material, &rules).verdict()).collect();
        (verdicts, effort.is_spent())
    };
    let (verdicts, is_spent) = judged(7);
    assert_eq!((verdicts, is_spent), (vec![Verdict::Valid; 3], false));
    let (verdicts, is_spent) = judged(2);
    assert!(is_spent && !verdicts.contains(&Verdict::Valid), "{verdicts:?}");
}
