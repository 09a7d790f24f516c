//! Looks at one document and puts an archive time-stamp on it when its newest one lapses too soon. Pure but
//! for who stamps: bytes and evidence in, bytes out.

use std::cell::RefCell;

use axum::body::Bytes;
use base::Instant;
use pki::cms::{self, SignedData};
use pki::key::Digest;
use pki::tsp::{Imprint, Token};
use pki::{Certificate, Crl, ocsp};

use super::rules::{self, Fault, Kind};
use crate::stamp::belief::{Trusted, When, believe_authority, believe_token};
use crate::validation::report::{Coverage, StampKind};
use crate::validation::rules::{Document, effort, outcome};
use crate::validation::{Bag, Found, Read};

/// Evidence put beside a document at once, in bytes; larger lists are left out.
const LIST_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Certificates put beside a document at once.
const CERTIFICATES_MAX: usize = 64;

/// Who stamps, and what is said instead.
type Stamper<'a> = dyn Fn(&Imprint) -> Result<Vec<u8>, String> + 'a;

/// One document.
pub struct Work {
    /// What it is.
    pub kind: Kind,
    /// Its bytes.
    pub bytes: Bytes,
    /// The tokens of a record, the oldest first.
    pub tokens: Vec<Vec<u8>>,
    /// Certificates, lists and answers at hand.
    pub known: Bag,
    /// Whom to believe about time-stamps.
    pub trusted: Trusted,
    /// A time-stamp that lapses before is to be followed by another one.
    pub by: Instant,
    /// Now.
    pub now: Instant,
}

/// What was done.
pub struct Done {
    /// It has got a time-stamp.
    pub is_stamped: bool,
    /// When its newest time-stamp was given.
    pub at: Instant,
    /// When that one lapses.
    pub lapses_at: Instant,
    /// The document's new bytes, where they changed.
    pub bytes: Option<Vec<u8>>,
    /// The token of a record.
    pub token: Option<Vec<u8>>,
}

/// The newest archive time-stamp of a document.
#[derive(Clone, Copy)]
struct Newest {
    at: Instant,
    lapses_at: Instant,
}

impl Work {
    /// Does it.
    pub fn done(&self, stamp: &Stamper<'_>) -> Result<Done, Fault> {
        let (newest, read) = match self.kind {
            Kind::Record => (self.of_record()?, None),
            Kind::Pdf | Kind::Message => {
                let read = self.read()?;
                (self.newest(&read), Some(read))
            }
        };
        if let Some(Newest { at, lapses_at }) = newest.filter(|newest| newest.lapses_at > self.by) {
            return Ok(Done { is_stamped: false, at, lapses_at, bytes: None, token: None });
        }
        let last = RefCell::new(None);
        let kept = |imprint: &Imprint| {
            let token = stamp(imprint)?;
            self.believe(&token, imprint)?;
            *last.borrow_mut() = Some(token.clone());
            Ok(token)
        };
        let digest = rules::digest(self.by);
        let bytes = match (self.kind, &read) {
            (Kind::Pdf, Some(read)) => Some(self.pdf(read, digest, &kept)?),
            (Kind::Message, Some(read)) => Some(self.message(read, digest, &kept)?),
            _ => {
                let hash = rules::imprint(&self.bytes, &self.tokens, digest);
                kept(&Imprint { digest, hash }).map_err(Fault::NoStamp)?;
                None
            }
        };
        let token = last.into_inner().ok_or_else(|| Fault::NoStamp("nothing was stamped".into()))?;
        let read = Token::parse(&token).map_err(|e| Fault::NoStamp(format!("{e:?}")))?;
        let lapses_at = rules::lapses(&read).unwrap_or(read.info.time);
        if newest.is_some_and(|before| lapses_at <= before.lapses_at) || lapses_at <= self.now {
            return Err(Fault::ShortStamp);
        }
        let token = (self.kind == Kind::Record).then_some(token);
        Ok(Done { is_stamped: true, at: read.info.time, lapses_at, bytes, token })
    }

    fn of_record(&self) -> Result<Option<Newest>, Fault> {
        let Some(last) = self.tokens.last() else { return Ok(None) };
        let token = Token::parse(last).map_err(|_| Fault::Unreadable)?;
        let at = token.info.time;
        Ok(Some(Newest { at, lapses_at: rules::lapses(&token).unwrap_or(at) }))
    }

    /// Nothing is kept under a time-stamp that would not be believed later.
    fn believe(&self, der: &[u8], imprint: &Imprint) -> Result<(), String> {
        let token = Token::parse(der).map_err(|e| format!("{e:?}"))?;
        let stamped = |digest| if digest == imprint.digest { imprint.hash.clone() } else { Vec::new() };
        let report = token.check(stamped, &self.known.certificates);
        let believed = believe_token(&token, &report, &self.trusted, When::Fresh(self.now));
        believed.map_err(|why| why.to_string())
    }

    fn read(&self) -> Result<Read, Fault> {
        let document = Document { name: "", bytes: &self.bytes, content: None };
        // A file of our own may cost what a stranger's may.
        let effort = effort();
        let read = crate::validation::read(&document, &self.known.certificates, &effort);
        let read = read.map_err(|_| Fault::Unreadable)?;
        if !read.signatures.iter().any(|one| one.certificate.is_some() && is_sound(one)) {
            return Err(Fault::NoSignature);
        }
        Ok(read)
    }

    /// Evidence for what is in the file goes in first, so that the new time-stamp keeps it too.
    fn pdf(&self, read: &Read, digest: Digest, stamp: &Stamper<'_>) -> Result<Vec<u8>, Fault> {
        let evidence = relevant(read, &self.known);
        let evidence = pdfsig::Evidence {
            certificates: evidence.certificates,
            crls: evidence.crls,
            answers: evidence.answers,
        };
        let fields: Vec<&str> = read.signatures.iter().map(|one| one.name.as_str()).collect();
        let mut file = self.bytes.to_vec();
        file.extend(pdfsig::add_evidence(&self.bytes.as_ref(), &evidence, &fields).map_err(refused)?);
        let field = free(&fields);
        let update = pdfsig::time_stamp(&file, &field, digest, stamp).map_err(refused)?;
        file.extend(update);
        Ok(file)
    }

    fn message(&self, read: &Read, digest: Digest, stamp: &Stamper<'_>) -> Result<Vec<u8>, Fault> {
        let parse = |der: &[u8]| SignedData::import(der).map_err(|_| Fault::Unreadable);
        let evidence = relevant(read, &self.known);
        let (certificates, crls, answers) = (&evidence.certificates, &evidence.crls, &evidence.answers);
        let unreadable = |_| Fault::Unreadable;
        let message = parse(&self.bytes)?;
        let content = message.content.clone().ok_or(Fault::NoSignature)?;
        let mut der =
            cms::archive::add_evidence(&message, certificates, crls, answers).map_err(unreadable)?;
        for signer in 0..message.signers.len() {
            let parsed = parse(&der)?;
            let hash = |digest: Digest| digest.of(&content);
            let to_stamp = cms::archive::to_be_stamped(&parsed, signer, &hash, digest).map_err(unreadable)?;
            let token = stamp(&Imprint { digest, hash: to_stamp.hash.clone() }).map_err(Fault::NoStamp)?;
            der = cms::archive::add(&parsed, signer, &to_stamp, &token).map_err(unreadable)?;
        }
        Ok(der)
    }
}

fn refused(why: pdfsig::CannotSign) -> Fault {
    match why {
        pdfsig::CannotSign::Stamp(why) => Fault::NoStamp(why),
        _ => Fault::Unreadable,
    }
}

/// A name that no field of the file has.
fn free(taken: &[&str]) -> String {
    let mut names = (1..=taken.len() + 1).map(|n| format!("TimeStamp{n}"));
    names.find(|name| !taken.contains(&name.as_str())).unwrap_or_default()
}

/// Nothing speaks against its bytes.
fn is_sound(found: &Found) -> bool {
    found.findings.iter().all(|finding| outcome(finding).is_none())
}

impl Work {
    /// The newest time-stamp over all that is believed; of a message the one of the signature that is worst
    /// off. One that is not believed keeps nothing.
    fn newest(&self, read: &Read) -> Option<Newest> {
        if self.kind == Kind::Pdf {
            // What was added after a time-stamp, such as the evidence of B-LT, is not kept by it.
            let is_last = |one: &&Found| one.is_time_stamp && one.covers == Coverage::Whole && is_sound(one);
            let stamps = read.signatures.iter().filter(is_last);
            let told = stamps.filter_map(|one| {
                let (at, certificate) = (one.claimed_time?, one.certificate.as_ref()?);
                let lapses_at = rules::lapse(certificate, &one.digests);
                self.is_believed(certificate, at, read).then_some(Newest { at, lapses_at })
            });
            return told.max_by_key(|one| one.at);
        }
        let of_each: Option<Vec<Newest>> =
            read.signatures.iter().map(|one| self.of_signature(one, read)).collect();
        of_each.and_then(|all| all.into_iter().min_by_key(|one| one.lapses_at))
    }

    fn of_signature(&self, found: &Found, read: &Read) -> Option<Newest> {
        let stamps = found.stamps.iter().filter(|stamp| stamp.kind == StampKind::Archive);
        let sound = stamps.filter(|stamp| stamp.findings.iter().all(|finding| outcome(finding).is_none()));
        let told = sound.filter_map(|stamp| {
            let (at, certificate) = (stamp.time?, stamp.certificate.as_ref()?);
            let lapses_at = rules::lapse(certificate, &[]);
            self.is_believed(certificate, at, read).then_some(Newest { at, lapses_at })
        });
        told.max_by_key(|one| one.at)
    }

    fn is_believed(&self, certificate: &Certificate, at: Instant, read: &Read) -> bool {
        at <= self.now.plus_minutes(pki::SKEW_MINUTES)
            && believe_authority(certificate, &read.bag.certificates, at, &self.trusted, self.now).is_ok()
    }
}

/// What of the evidence at hand speaks of the certificates in a file, and of those above them.
fn relevant(read: &Read, known: &Bag) -> Bag {
    let of_stamps = read.signatures.iter().flat_map(|one| &one.stamps).filter_map(|s| s.certificate.as_ref());
    let of_signers = read.signatures.iter().filter_map(|one| one.certificate.as_ref());
    let mut certificates: Vec<Certificate> = Vec::new();
    let put = |certificates: &mut Vec<Certificate>, one: &Certificate| {
        if certificates.len() < CERTIFICATES_MAX && !certificates.contains(one) {
            certificates.push(one.clone());
        }
    };
    of_signers.chain(of_stamps).chain(&read.bag.certificates).for_each(|one| put(&mut certificates, one));
    let mut at = 0;
    while at < certificates.len() {
        let issuer = certificates[at].issuer().clone();
        let above = known.certificates.iter().filter(|one| *one.subject() == issuer);
        above.for_each(|one| put(&mut certificates, one));
        at += 1;
    }
    let issued = |list: &&Crl| {
        list.der().len() <= LIST_BYTES_MAX && certificates.iter().any(|one| one.issuer() == list.issuer())
    };
    let about = |answer: &&ocsp::Response| {
        let pairs = certificates.iter().flat_map(|one| certificates.iter().map(move |above| (one, above)));
        let mut issued = pairs.filter(|(one, above)| one.issuer() == above.subject());
        issued.any(|(one, above)| {
            matches!(answer.find(one.serial(), above.subject(), above.public_key()), Ok(Some(_)))
        })
    };
    Bag {
        crls: known.crls.iter().filter(issued).cloned().collect(),
        answers: known.answers.iter().filter(about).cloned().collect(),
        certificates,
    }
}
