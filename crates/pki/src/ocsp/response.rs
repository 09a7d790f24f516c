//! The asker's side.

use super::{CertId, CertStatus, Failure, RESPONSE_BYTES_MAX, read_extensions};
use crate::cert::{Certificate, Extension, Serial};
use crate::crl::Reason;
use crate::der::{self, Malformed, Read, Reader, Tag, Why};
use crate::key::{AlgorithmId, PublicKey, SignatureAlgorithm};
use crate::name::Name;
use crate::oid;
use base::Instant;

/// How long an answer counts that does not say when there is newer, in minutes.
const WITHOUT_NEXT_MINUTES: i64 = 10;
/// How many answers one response may hold.
const ANSWERS_MAX: usize = 1024;
/// How many certificates one response may bring.
const CERTIFICATES_MAX: usize = 16;

/// Who answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResponderId {
    /// The subject of the responder's certificate.
    Name(Name),
    /// SHA-1 of the responder's key bits.
    Key(Vec<u8>),
}

impl ResponderId {
    fn is(&self, name: &Name, key: &PublicKey) -> bool {
        match self {
            ResponderId::Name(own) => own == name,
            ResponderId::Key(hash) => *hash == key.id(),
        }
    }
}

/// What a response says of one certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Single {
    /// Of which.
    pub id: CertId,
    /// What.
    pub status: CertStatus,
    /// When it was true.
    pub this_update: Instant,
    /// When there will be newer at the latest.
    pub next_update: Option<Instant>,
    /// The responder answers for certificates that ended then or later, ended or not.
    pub archive_cutoff: Option<Instant>,
    /// Since when a revoked one is known or suspected to have been unfit.
    pub invalid_since: Option<Instant>,
    /// Has a critical extension that is unknown to us.
    pub unknown_critical: bool,
}

impl Single {
    /// Has not been overtaken at this instant by a newer answer that must exist.
    pub fn counts_at(&self, at: Instant) -> bool {
        match self.next_update {
            Some(next) => at < next,
            None => at <= self.this_update.plus_minutes(WITHOUT_NEXT_MINUTES),
        }
    }
}

/// A response with an answer. Nothing in it is believed before [`Response::signer`] has been asked.
#[derive(Clone, Debug)]
pub struct Response {
    /// The bytes of the OCSPResponse.
    pub der: Vec<u8>,
    /// Who answers.
    pub responder: ResponderId,
    /// When it was signed.
    pub produced_at: Instant,
    /// What it says.
    pub singles: Vec<Single>,
    /// The nonce of the question.
    pub nonce: Option<Vec<u8>>,
    /// The certificates it brings.
    pub certificates: Vec<Certificate>,
    tbs: Vec<u8>,
    algorithm: Option<SignatureAlgorithm>,
    signature: Vec<u8>,
    unknown_critical: bool,
}

/// Why a response has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// It cannot be read.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The responder says why it does not answer.
    #[error("the responder does not answer: {0:?}")]
    Failure(Failure),
}

/// Why the signer of a response does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignerProblem {
    /// Nobody at hand made this signature.
    Signature,
    /// Somebody made it who may not answer for this issuer.
    NotAuthorised,
}

/// A response says two things of one certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contradiction;

/// What was asked, for [`Response::check`].
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The number of the certificate.
    pub serial: &'a Serial,
    /// Its issuer.
    pub issuer: &'a Name,
    /// Its issuer's key.
    pub issuer_key: &'a PublicKey,
    /// The nonce sent; a response with another one, or none, is refused.
    pub nonce: Option<&'a [u8]>,
    /// When.
    pub at: Instant,
}

/// Why a response is not an answer to the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// It is about other certificates.
    #[error("the response is about other certificates")]
    NotAbout,
    /// It says two things of this certificate.
    #[error("the response contradicts itself")]
    Contradiction,
    /// Not the nonce that was sent.
    #[error("the response has not the nonce that was sent")]
    Nonce,
    /// Overtaken.
    #[error("the response is too old")]
    Stale,
    /// From the future.
    #[error("the response is of the future")]
    TooNew,
    /// Something critical that is unknown to us.
    #[error("the response holds something critical that is unknown")]
    CriticalUnknown,
    /// Nobody at hand made its signature.
    #[error("the signature is nobody's at hand")]
    Signature,
    /// Its signer may not answer for this issuer.
    #[error("the signer may not answer for this issuer")]
    NotAuthorised,
}

impl Response {
    /// Reads the DER of an OCSPResponse.
    pub fn parse(der: &[u8]) -> Result<Response, ReadError> {
        der::within(der, RESPONSE_BYTES_MAX)?;
        let mut outer = Reader::whole_sequence(der)?;
        let code = outer.number()?;
        if code != 0 {
            let failure = Failure::from_code(code).ok_or_else(|| outer.fail(Why::Value("status")))?;
            return Err(ReadError::Failure(failure));
        }
        let mut bytes = outer.context(0)?.ok_or_else(|| outer.fail(Why::Truncated))?.sequence()?;
        outer.end()?;
        if bytes.oid()? != oid::OCSP_BASIC {
            return Err(bytes.fail(Why::Value("kind of response")).into());
        }
        let mut response = basic(bytes.octets()?)?;
        bytes.end()?;
        response.der = der.to_vec();
        Ok(response)
    }

    /// What it says of this certificate. Two answers that differ are a contradiction, whatever their order;
    /// two that agree are one.
    pub fn find(
        &self,
        serial: &Serial,
        issuer: &Name,
        key: &PublicKey,
    ) -> Result<Option<&Single>, Contradiction> {
        let mut found: Option<&Single> = None;
        for single in self.singles.iter().filter(|single| single.id.is(serial, issuer, key)) {
            match found {
                Some(first) if first.status != single.status => return Err(Contradiction),
                Some(first) if first.this_update >= single.this_update => {}
                _ => found = Some(single),
            }
        }
        Ok(found)
    }

    /// Who signed it, and may: the issuer itself (`None`), or a responder the issuer certified directly for
    /// that (its certificate, whose own revocation remains to be asked for).
    pub fn signer(
        &self,
        issuer: &Name,
        key: &PublicKey,
        at: Instant,
    ) -> Result<Option<&Certificate>, SignerProblem> {
        let algorithm = self.algorithm.ok_or(SignerProblem::Signature)?;
        if algorithm.is_legacy() || self.unknown_critical {
            return Err(SignerProblem::Signature);
        }
        let signed_by = |key: &PublicKey| key.verify(algorithm, &self.tbs, &self.signature).is_ok();
        if self.responder.is(issuer, key) && signed_by(key) {
            return Ok(None);
        }
        let mut problem = SignerProblem::Signature;
        for certificate in &self.certificates {
            let is_it = self.responder.is(certificate.subject(), certificate.public_key());
            if !is_it || !signed_by(certificate.public_key()) {
                continue;
            }
            if may_answer(certificate, issuer, key, at) {
                return Ok(Some(certificate));
            }
            problem = SignerProblem::NotAuthorised;
        }
        Err(problem)
    }

    /// Judges it as the answer to a question; the status is believed when this returns it. A responder's
    /// certificate without `id-pkix-ocsp-nocheck` is refused here, since nothing is at hand to ask with:
    /// [`crate::path`] asks.
    pub fn check(&self, question: &Question<'_>) -> Result<&Single, CheckError> {
        let Question { serial, issuer, issuer_key, nonce, at } = *question;
        if nonce.is_some_and(|sent| self.nonce.as_deref() != Some(sent)) {
            return Err(CheckError::Nonce);
        }
        let single =
            self.find(serial, issuer, issuer_key).map_err(|Contradiction| CheckError::Contradiction)?;
        let single = single.ok_or(CheckError::NotAbout)?;
        if single.unknown_critical || self.unknown_critical {
            return Err(CheckError::CriticalUnknown);
        }
        let latest = at.plus_minutes(crate::SKEW_MINUTES);
        if single.this_update > latest || self.produced_at > latest {
            return Err(CheckError::TooNew);
        }
        if !single.counts_at(at) {
            return Err(CheckError::Stale);
        }
        match self.signer(issuer, issuer_key, at) {
            Ok(Some(responder)) if !responder.extensions().ocsp_no_check => Err(CheckError::NotAuthorised),
            Ok(_) => Ok(single),
            Err(SignerProblem::Signature) => Err(CheckError::Signature),
            Err(SignerProblem::NotAuthorised) => Err(CheckError::NotAuthorised),
        }
    }
}

/// RFC 6960 §4.2.2.2: issued directly by the issuer, for this purpose, and in its time.
fn may_answer(certificate: &Certificate, issuer: &Name, key: &PublicKey, at: Instant) -> bool {
    let mut faults = Vec::new();
    crate::path::purpose(certificate, &crate::path::Purpose::OcspSigning, &mut faults);
    crate::path::extensions(certificate, false, &mut faults);
    let is_legacy = certificate.algorithm().is_some_and(SignatureAlgorithm::is_legacy);
    faults.is_empty()
        && !is_legacy
        && certificate.issuer() == issuer
        && certificate.verify_with(key).is_ok()
        && certificate.validity().holds(at)
}

fn basic(der: &[u8]) -> Read<Response> {
    let mut parts = Reader::whole_sequence(der)?;
    let tbs = parts.expect(Tag::SEQUENCE)?;
    let algorithm = AlgorithmId::read(&mut parts)?;
    let signature = parts.bits()?.bytes.to_vec();
    let mut certificates = Vec::new();
    if let Some(mut list) = parts.context(0)? {
        let mut list = list.sequence()?;
        while !list.is_empty() {
            // One that cannot be read cannot have signed; it does not spoil the others.
            certificates.extend(Certificate::parse(list.expect(Tag::SEQUENCE)?.raw));
            if certificates.len() > CERTIFICATES_MAX {
                return Err(list.fail(Why::TooBig));
            }
        }
    }
    parts.end()?;
    let mut r = tbs.inside()?;
    if let Some(mut version) = r.context(0)? {
        version.number()?;
    }
    let responder = responder(&mut r)?;
    let produced_at = r.time()?;
    let singles = r.sequence()?.each(single)?;
    if singles.len() > ANSWERS_MAX {
        return Err(r.fail(Why::TooBig));
    }
    let (nonce, unknown_critical) = match r.context(1)? {
        Some(mut extensions) => read_extensions(&mut extensions)?,
        None => (None, false),
    };
    r.end()?;
    Ok(Response {
        der: Vec::new(),
        responder,
        produced_at,
        singles,
        nonce,
        certificates,
        tbs: tbs.raw.to_vec(),
        algorithm: SignatureAlgorithm::of(&algorithm),
        signature,
        unknown_critical,
    })
}

fn responder(r: &mut Reader<'_>) -> Read<ResponderId> {
    if let Some(mut inner) = r.context(1)? {
        return Ok(ResponderId::Name(Name::read(&mut inner)?));
    }
    let mut inner = r.context(2)?.ok_or_else(|| r.fail(Why::Value("responder")))?;
    Ok(ResponderId::Key(inner.octets()?.to_vec()))
}

fn single(r: &mut Reader<'_>) -> Read<Single> {
    let mut inner = r.sequence()?;
    let id = CertId::read(&mut inner)?;
    let element = inner.any()?;
    let status = match element.tag {
        tag if tag == Tag::primitive(0) => CertStatus::Good,
        tag if tag == Tag::primitive(2) => CertStatus::Unknown,
        tag if tag == Tag::context(1) => {
            let mut revoked = element.inside()?;
            let at = revoked.time()?;
            let reason = match revoked.context(0)? {
                Some(mut reason) => Reason::from_code(reason.number()?),
                None => None,
            };
            revoked.end()?;
            CertStatus::Revoked { at, reason }
        }
        _ => return Err(element.wrong("status")),
    };
    let this_update = inner.time()?;
    let next_update = inner.context(0)?.map(|mut r| r.time()).transpose()?;
    let (mut archive_cutoff, mut invalid_since, mut unknown_critical) = (None, None, false);
    if let Some(mut extensions) = inner.context(1)? {
        for extension in Extension::list(&mut extensions, &mut Vec::new())? {
            match extension.oid {
                oid::OCSP_ARCHIVE_CUTOFF => archive_cutoff = Some(Reader::new(&extension.value).time()?),
                oid::INVALIDITY_DATE => invalid_since = Some(Reader::new(&extension.value).time()?),
                _ => unknown_critical |= extension.critical,
            }
        }
    }
    inner.end()?;
    Ok(Single { id, status, this_update, next_update, archive_cutoff, invalid_since, unknown_critical })
}
