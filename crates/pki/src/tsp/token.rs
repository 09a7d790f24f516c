//! The asker's side.

use super::{Failure, Imprint, Request};
use crate::cert::{Certificate, Serial};
use crate::cms::{self, Content, SignedData};
use crate::der::{self, Malformed, Read, Reader, Tag, Why};
use crate::key::{AlgorithmId, Digest};
use crate::name::GeneralName;
use crate::oid::{self, Oid};
use base::Instant;

/// The largest reply that is read, in bytes.
const REPLY_BYTES_MAX: usize = 1024 * 1024;

/// What an authority replied.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A token; nothing of it is believed yet.
    Granted(Box<Token>),
    /// None, and why, when it says so in words of RFC 3161.
    Refused(Option<Failure>),
}

impl Reply {
    /// Reads a TimeStampResp.
    pub fn parse(bytes: &[u8]) -> Read<Reply> {
        der::within(bytes, REPLY_BYTES_MAX)?;
        let bytes = der::ber::to_der(bytes)?;
        let mut r = Reader::whole_sequence(&bytes)?;
        let mut status = r.sequence()?;
        let code = status.number()?;
        status.optional(Tag::SEQUENCE)?;
        let failure = match status.optional(Tag::BIT_STRING)? {
            Some(element) => Failure::from_bits(der::bits(&element)?),
            None => None,
        };
        let token = r.optional(Tag::SEQUENCE)?;
        r.end()?;
        match (code, token) {
            (0 | 1, Some(token)) => Ok(Reply::Granted(Box::new(Token::parse(token.raw)?))),
            (0 | 1, None) => Err(r.fail(Why::Truncated)),
            _ => Ok(Reply::Refused(failure)),
        }
    }
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TstInfo {
    /// Under which policy.
    pub policy: Oid,
    /// The digest as written, when it is none we know.
    pub digest_id: AlgorithmId,
    /// What was stamped.
    pub hash: Vec<u8>,
    /// The token's number.
    pub serial: Serial,
    /// The time.
    pub time: Instant,
    /// How far it may be off, in microseconds; `None` is unknown.
    pub accuracy_micros: Option<u64>,
    /// Tokens of this authority are in the order of their times.
    pub is_ordered: bool,
    /// The nonce of the request.
    pub nonce: Option<Vec<u8>>,
    /// The authority's name, as it says.
    pub authority: Option<GeneralName>,
    /// Has a critical extension, all of which are unknown to us.
    pub unknown_critical: bool,
}

impl TstInfo {
    fn parse(der: &[u8]) -> Read<TstInfo> {
        let mut r = Reader::whole_sequence(der)?;
        if r.number()? != 1 {
            return Err(r.fail(Why::Value("version")));
        }
        let policy = r.oid()?;
        let mut imprint = r.sequence()?;
        let digest_id = AlgorithmId::read(&mut imprint)?;
        let hash = imprint.octets()?.to_vec();
        imprint.end()?;
        let serial = Serial::from_contents(r.integer()?);
        let time = r.expect(Tag::GENERALIZED_TIME)?;
        let time = der::instant(&time)?;
        let accuracy_micros =
            r.optional(Tag::SEQUENCE)?.map(|element| accuracy(element.inside()?)).transpose()?;
        let is_ordered = r.flag()?;
        let nonce = if r.peek() == Some(Tag::INTEGER) { Some(r.integer()?.to_vec()) } else { None };
        let authority = r.context(0)?.map(|mut inner| GeneralName::read(&mut inner)).transpose()?;
        let mut unknown_critical = false;
        if let Some(mut list) = r.context(1)? {
            while !list.is_empty() {
                let mut one = list.sequence()?;
                one.oid()?;
                unknown_critical |= one.flag()?;
            }
        }
        r.end()?;
        Ok(TstInfo {
            policy,
            digest_id,
            hash,
            serial,
            time,
            accuracy_micros,
            is_ordered,
            nonce,
            authority,
            unknown_critical,
        })
    }
}

fn accuracy(mut r: Reader<'_>) -> Read<u64> {
    let seconds = if r.peek() == Some(Tag::INTEGER) { r.number()? } else { 0 };
    let mut part =
        |n| -> Read<u64> { r.optional(Tag::primitive(n))?.map_or(Ok(0), |element| der::number(&element)) };
    let (millis, micros) = (part(0)?, part(1)?);
    r.end()?;
    Ok(seconds.saturating_mul(1_000_000).saturating_add(millis.saturating_mul(1000)).saturating_add(micros))
}

/// A token. Nothing in it is believed before [`Token::check`].
#[derive(Clone, Debug)]
pub struct Token {
    /// What it says.
    pub info: TstInfo,
    /// The signed message it is.
    pub message: SignedData,
}

/// What is wrong with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenFault {
    /// Its signature.
    Signature(cms::Fault),
    /// The authority's certificate is not protected by the signature, as RFC 3161 demands.
    NoSigningCertificate,
    /// Of another message.
    OtherImprint,
    /// Rests on SHA-1.
    Sha1,
    /// Not the nonce that was sent.
    Nonce,
    /// Not the policy that was asked for.
    Policy,
    /// A critical extension, all of which are unknown to us.
    CriticalUnknown,
    /// The authority's name is not its certificate's.
    OtherAuthority,
}

/// What was found about a token.
#[derive(Clone, Debug)]
pub struct TokenReport {
    /// The authority's certificate; its trust remains to be judged, at the token's time or later.
    pub certificate: Option<Certificate>,
    /// Everything that is wrong.
    pub faults: Vec<TokenFault>,
}

impl TokenReport {
    /// Nothing is wrong with it.
    pub fn is_intact(&self) -> bool {
        self.faults.is_empty()
    }
}

impl Token {
    /// Reads a token (a ContentInfo).
    pub fn parse(bytes: &[u8]) -> Read<Token> {
        der::within(bytes, REPLY_BYTES_MAX)?;
        let message = SignedData::parse(bytes)?;
        let wrong = |what| Malformed { why: Why::Value(what), at: 0 };
        if message.content_type != oid::TST_INFO {
            return Err(wrong("not a time-stamp token"));
        }
        if message.signers.len() != 1 {
            return Err(wrong("a token has one signature"));
        }
        let info = TstInfo::parse(message.content.as_deref().ok_or(wrong("a token without content"))?)?;
        Ok(Token { info, message })
    }

    /// Judges the token as one over this message hash; `hash` is asked for the hash with the token's digest.
    pub fn check(&self, hash: impl FnOnce(Digest) -> Vec<u8>, others: &[Certificate]) -> TokenReport {
        let signer = &self.message.signers[0];
        let report = self.message.check(signer, Content::Inside, others);
        let mut faults: Vec<TokenFault> = report.faults.iter().copied().map(TokenFault::Signature).collect();
        let has_fault = report.faults.contains(&cms::Fault::OtherCertificate);
        if report.level == cms::Level::None && !has_fault && report.certificate.is_some() {
            faults.push(TokenFault::NoSigningCertificate);
        }
        match self.info.digest_id.digest() {
            Some(digest) => {
                if digest == Digest::Sha1 || report.notes.contains(&cms::Note::Sha1) {
                    faults.push(TokenFault::Sha1);
                }
                if hash(digest) != self.info.hash {
                    faults.push(TokenFault::OtherImprint);
                }
            }
            None => faults.push(TokenFault::OtherImprint),
        }
        if self.info.unknown_critical {
            faults.push(TokenFault::CriticalUnknown);
        }
        if let (Some(GeneralName::Directory(name)), Some(certificate)) =
            (&self.info.authority, &report.certificate)
            && name != certificate.subject()
        {
            faults.push(TokenFault::OtherAuthority);
        }
        TokenReport { certificate: report.certificate, faults }
    }

    /// Judges the token as the answer to this request.
    pub fn check_reply(&self, request: &Request, others: &[Certificate]) -> TokenReport {
        let Imprint { digest, hash } = &request.imprint;
        let same = |other: Digest| if other == *digest { hash.clone() } else { Vec::new() };
        let mut report = self.check(same, others);
        if request.nonce.is_some() && request.nonce != self.info.nonce {
            report.faults.push(TokenFault::Nonce);
        }
        if request.policy.is_some_and(|policy| policy != self.info.policy) {
            report.faults.push(TokenFault::Policy);
        }
        report
    }
}
