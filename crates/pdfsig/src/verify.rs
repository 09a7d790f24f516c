//! The signatures of a file: where they stand, what they cover, and whether they are over it.

use crate::file::{File, Unreadable, View};
use crate::form::{Lock, Permission, fields, restrictions, text};
use crate::object::{Dict, Id, Object, Parser, is_space};
use crate::source::pass;
use base::Instant;
use pki::cert::Certificate;
use pki::cms::{self, SignedData};
use pki::key::{Digest, Hasher};
use pki::tsp::{Token, TokenFault, TokenReport};
use std::cell::{Cell, RefCell};
use std::ops::Range;

/// Signatures looked at in one file.
const SIGNATURES_MAX: usize = 500;
/// Time-stamps of one signature that are judged.
const STAMPS_MAX: usize = 16;
/// A signature's message, in bytes.
const MESSAGE_MAX: u64 = 8 << 20;
/// Everything that is hashed for all signatures of one file, in bytes, unless the file itself is larger.
const HASHED_MAX: u64 = 4 << 30;

/// How the message is to be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubFilter {
    /// PAdES (`ETSI.CAdES.detached`).
    Cades,
    /// The form before PAdES (`adbe.pkcs7.detached`).
    Pkcs7,
    /// A time-stamp over the document (`ETSI.RFC3161`).
    TimeStamp,
    /// Another, which we do not judge.
    Other(String),
}

/// How much of the file a signature covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Covers {
    /// All of it but the message's own room.
    File,
    /// The same of an earlier revision, which ends here; what comes after it came after it.
    Revision {
        /// The end of that revision.
        end: u64,
    },
    /// Something else.
    Neither,
}

/// What is amiss with a signature's place in the file, or with itself. One is enough for it not to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// It has no byte range, or one that is not two ranges from the beginning on.
    ByteRange,
    /// What the byte range leaves out is not exactly the signature's own message.
    Gap,
    /// The byte range does not end where a revision ends.
    End,
    /// The signature's dictionary says something twice.
    Twice,
    /// Another field has the same signature.
    Shared,
    /// The message is not CMS with one signer, or not a token, or something but zeros follows it.
    Message,
    /// It is of a kind that is not judged.
    Kind,
    /// The file has more signatures, or they cover more, than is looked at.
    TooMuch,
    /// The source failed while it was hashed.
    Source,
    /// The message is not a signature over what the byte range covers.
    NotOver(cms::Fault),
    /// The token is not a time-stamp over what the byte range covers.
    NotStamped(TokenFault),
}

/// A signature as it stands in a file.
#[derive(Debug, Clone)]
pub struct Signature {
    /// The full name of its field.
    pub field: String,
    /// How its message is to be understood.
    pub sub_filter: SubFilter,
    /// What it covers.
    pub covers: Covers,
    /// The two ranges of bytes that are signed.
    pub ranges: Option<[Range<u64>; 2]>,
    /// The message, with the zeros after it.
    pub message: Vec<u8>,
    /// What the signer says: when, as it is written (`D:…`), why, where, and who.
    pub claims: Claims,
    /// It certifies the document and allows this.
    pub permission: Option<Permission>,
    /// The fields it locks.
    pub lock: Option<Lock>,
    /// What is amiss with its place.
    pub findings: Vec<Finding>,
    /// The newest section of cross-references that it covers.
    pub(crate) section: Option<usize>,
}

/// What the signature's dictionary says in words. It is covered by the signature, and no more than said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    /// When.
    pub time: Option<Instant>,
    /// Who.
    pub name: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Where.
    pub location: Option<String>,
}

/// What was found about a signature.
#[derive(Debug, Clone)]
pub struct Report {
    /// Everything that is amiss.
    pub findings: Vec<Finding>,
    /// What the message itself gave, where it is one and could be read.
    pub message: Option<cms::Report>,
    /// The certificates, lists and answers that travel with the message.
    pub signed: Option<SignedData>,
    /// The time-stamps over the signature (B-T), each judged; or the one over the document.
    pub stamps: Vec<Stamp>,
}

/// A time-stamp and what was found about it.
#[derive(Debug, Clone)]
pub struct Stamp {
    /// The token; `None` when it cannot be read.
    pub token: Option<Token>,
    /// What is wrong with it; trust in its authority remains to be judged.
    pub report: Option<TokenReport>,
}

impl Stamp {
    /// The time, when nothing is wrong with the token.
    pub fn time(&self) -> Option<Instant> {
        let is_intact = self.report.as_ref().is_some_and(TokenReport::is_intact);
        self.token.as_ref().filter(|_| is_intact).map(|token| token.info.time)
    }
}

impl Report {
    /// The signature is its certificate's over what it covers. Whom to trust, and what came after, are other
    /// questions.
    pub fn is_intact(&self) -> bool {
        self.findings.is_empty()
    }

    /// The certificate of the signer, or of the authority of a time-stamp over the document.
    pub fn certificate(&self) -> Option<&Certificate> {
        match &self.message {
            Some(message) => message.certificate.as_ref(),
            None => self.stamps.first()?.report.as_ref()?.certificate.as_ref(),
        }
    }
}

/// All signatures of a file, in the order of its fields. A field without signature is none.
pub fn signatures(file: &File<'_>) -> Result<Vec<Signature>, Unreadable> {
    let view = file.now();
    let mut found = vec![];
    let mut seen: Vec<Id> = vec![];
    for field in fields(view)? {
        let value = field.dict.get("V");
        if !field.is_signature || *value == Object::Null {
            continue;
        }
        if found.len() >= SIGNATURES_MAX {
            return Err(Unreadable::TooMuch);
        }
        let Some(mut signature) = read(view, value, field.name)? else { continue };
        if let Some(id) = value.reference() {
            if seen.contains(&id) {
                signature.findings.push(Finding::Shared);
            }
            seen.push(id);
        }
        found.push(signature);
    }
    Ok(found)
}

fn read(view: View<'_, '_>, value: &Object, field: String) -> Result<Option<Signature>, Unreadable> {
    let Object::Dict(dict) = view.resolve(value)? else { return Ok(None) };
    let message = match view.resolve(dict.get("Contents"))? {
        Object::Text(message) => message,
        _ => vec![],
    };
    let sub_filter = match view.resolve(dict.get("SubFilter"))? {
        Object::Name(name) => match name.as_slice() {
            b"ETSI.CAdES.detached" => SubFilter::Cades,
            b"adbe.pkcs7.detached" => SubFilter::Pkcs7,
            b"ETSI.RFC3161" => SubFilter::TimeStamp,
            other => SubFilter::Other(String::from_utf8_lossy(other).into()),
        },
        _ => SubFilter::Other(String::new()),
    };
    let (permission, lock) = restrictions(view, &dict)?;
    let mut findings = vec![];
    if dict.has_twice() {
        findings.push(Finding::Twice);
    }
    let ranges = ranges(view, &dict)?;
    let (mut covers, mut section) = (Covers::Neither, None);
    match &ranges {
        None => findings.push(Finding::ByteRange),
        Some([before, after]) => {
            if !is_message(view, before.end..after.start, value, &message)? {
                findings.push(Finding::Gap);
            }
            (covers, section) = coverage(view.file(), after.end)?;
            if covers == Covers::Neither {
                findings.push(Finding::End);
            }
        }
    }
    let claims = claims(view, &dict)?;
    Ok(Some(Signature {
        field,
        sub_filter,
        covers,
        ranges,
        message,
        claims,
        permission,
        lock,
        findings,
        section,
    }))
}

fn claims(view: View<'_, '_>, dict: &Dict) -> Result<Claims, Unreadable> {
    let said = |key: &str| -> Result<Option<String>, Unreadable> {
        Ok(match view.resolve(dict.get(key))? {
            Object::Text(words) => Some(text(&words)),
            _ => None,
        })
    };
    Ok(Claims {
        time: said("M")?.as_deref().and_then(date),
        name: said("Name")?,
        reason: said("Reason")?,
        location: said("Location")?,
    })
}

/// `D:20260302091500+07'00'` (7.9.4); a time without offset is UTC's.
fn date(text: &str) -> Option<Instant> {
    let digits = text.strip_prefix("D:").filter(|text| text.is_ascii() && text.len() >= 14)?;
    let (time, offset) = digits.split_at(14);
    let part = |range: Range<usize>| time.get(range);
    let offset: String = offset.chars().filter(|letter| *letter != '\'').collect();
    let offset = match offset.as_bytes() {
        [b'+' | b'-', _, _, _, _] => format!("{}:{}", &offset[..3], &offset[3..]),
        [b'+' | b'-', _, _] => format!("{offset}:00"),
        _ => "Z".into(),
    };
    let text = format!(
        "{}-{}-{}T{}:{}:{}{offset}",
        part(0..4)?,
        part(4..6)?,
        part(6..8)?,
        part(8..10)?,
        part(10..12)?,
        part(12..14)?
    );
    Instant::parse_rfc3339(&text).ok()
}

/// Two ranges, the first from the beginning, the second behind it and inside the file.
fn ranges(view: View<'_, '_>, dict: &Dict) -> Result<Option<[Range<u64>; 2]>, Unreadable> {
    let numbers = view.array(dict.get("ByteRange"))?;
    let numbers: Option<Vec<u64>> = numbers.iter().map(Object::offset).collect();
    let numbers = numbers.unwrap_or_default();
    let [0, first, start, length] = numbers[..] else { return Ok(None) };
    let end = start.checked_add(length).filter(|end| *end <= view.file().len() && first < start);
    Ok(end.map(|end| [0..first, start..end]))
}

/// Whether the gap is the hexadecimal string of the message and nothing else, inside the signature's own
/// object.
fn is_message(
    view: View<'_, '_>,
    gap: Range<u64>,
    value: &Object,
    message: &[u8],
) -> Result<bool, Unreadable> {
    let object = match value {
        Object::Reference(id) => view.range(*id)?,
        _ => None,
    };
    let is_inside = object.is_some_and(|object| object.start <= gap.start && gap.end <= object.end);
    if !is_inside || gap.end - gap.start > MESSAGE_MAX {
        return Ok(false);
    }
    let bytes = view.file().bytes(gap)?;
    let [b'<', digits @ .., b'>'] = &bytes[..] else { return Ok(false) };
    let is_hexadecimal = digits.iter().all(|byte| byte.is_ascii_hexdigit() || is_space(*byte));
    let mut parser = Parser::new(&bytes, 0);
    let is_same = matches!(parser.object(), Ok(Object::Text(found)) if found == message);
    Ok(is_hexadecimal && is_same && parser.at == bytes.len())
}

fn coverage(file: &File<'_>, end: u64) -> Result<(Covers, Option<usize>), Unreadable> {
    let Some(section) = file.revision_ending_at(end)? else { return Ok((Covers::Neither, None)) };
    let rest = file.bytes(end..file.len().min(end + 64))?;
    let is_last = file.len() - end < 64 && rest.iter().all(|byte| is_space(*byte));
    let covers = if is_last && section == 0 { Covers::File } else { Covers::Revision { end } };
    Ok((covers, Some(section)))
}

/// The hashes of what the signatures of one file cover. Each covers the file from its beginning to its own
/// message, and so one passage over the file serves all of them up to there; only what follows each message
/// is hashed for itself.
pub struct Hashes<'f, 'a> {
    file: &'f File<'a>,
    /// Where messages begin, in order.
    starts: Vec<u64>,
    /// By digest, the hash of everything before each start, unfinished.
    begun: RefCell<Vec<(Digest, Vec<Hasher>)>>,
    /// How much was hashed, in bytes.
    spent: Cell<u64>,
    /// How much may be.
    bytes_max: u64,
}

impl<'f, 'a> Hashes<'f, 'a> {
    /// For these signatures of a file.
    pub fn new<'s>(
        file: &'f File<'a>,
        signatures: impl IntoIterator<Item = &'s Signature>,
    ) -> Hashes<'f, 'a> {
        let ranges = signatures.into_iter().filter_map(|signature| signature.ranges.as_ref());
        let mut starts: Vec<u64> = ranges.map(|[before, _]| before.end).collect();
        starts.sort_unstable();
        starts.dedup();
        let bytes_max = HASHED_MAX.max(file.len().saturating_mul(4));
        Hashes { file, starts, begun: RefCell::default(), spent: Cell::new(0), bytes_max }
    }

    /// The same, hashing no more than so many bytes for all of them: what goes beyond is
    /// [`Finding::TooMuch`].
    #[must_use]
    pub fn within(mut self, bytes_max: u64) -> Hashes<'f, 'a> {
        self.bytes_max = bytes_max;
        self
    }

    /// How much was hashed, in bytes.
    pub fn spent(&self) -> u64 {
        self.spent.get()
    }

    /// The hash of two ranges, the first of which ends at one of the starts.
    fn of(&self, digest: Digest, [before, after]: &[Range<u64>; 2]) -> Result<Vec<u8>, Finding> {
        let mut begun = self.begun.borrow_mut();
        let known = begun.iter().position(|(known, _)| *known == digest);
        let known = match known {
            Some(known) => known,
            None => {
                begun.push((digest, self.begin(digest)?));
                begun.len() - 1
            }
        };
        let place = self.starts.binary_search(&before.end).map_err(|_| Finding::ByteRange)?;
        let mut hasher = begun[known].1[place].clone();
        self.add(&mut hasher, after.clone())?;
        Ok(hasher.finish())
    }

    fn begin(&self, digest: Digest) -> Result<Vec<Hasher>, Finding> {
        let (mut hasher, mut at) = (digest.begin(), 0);
        let mut begun = vec![];
        for start in &self.starts {
            self.add(&mut hasher, at..*start)?;
            at = *start;
            begun.push(hasher.clone());
        }
        Ok(begun)
    }

    fn add(&self, hasher: &mut Hasher, range: Range<u64>) -> Result<(), Finding> {
        self.spent.set(self.spent.get().saturating_add(range.end - range.start));
        if self.spent.get() > self.bytes_max {
            return Err(Finding::TooMuch);
        }
        pass(self.file.source(), range, |piece| hasher.add(piece)).map_err(|_| Finding::Source)
    }
}

impl Signature {
    /// Judges the signature over the bytes of its file; certificates are looked for in the message and among
    /// `others`. Of several signatures each is judged [with](Signature::check_with) the same hashes.
    pub fn check(&self, file: &File<'_>, others: &[Certificate]) -> Report {
        self.check_with(others, &Hashes::new(file, [self]))
    }

    /// The same, with hashes shared by the signatures of the file.
    pub fn check_with(&self, others: &[Certificate], hashes: &Hashes<'_, '_>) -> Report {
        let findings = self.findings.clone();
        let mut report = Report { findings, message: None, signed: None, stamps: vec![] };
        let Some(ranges) = &self.ranges else { return report };
        let failed = Cell::new(None);
        let hash = |digest: Digest| match hashes.of(digest, ranges) {
            Ok(hash) => hash,
            Err(why) => {
                failed.set(Some(why));
                vec![]
            }
        };
        match self.sub_filter {
            SubFilter::Cades | SubFilter::Pkcs7 => self.check_message(&hash, others, &mut report),
            SubFilter::TimeStamp => self.check_token(&hash, others, &mut report),
            SubFilter::Other(_) => report.findings.push(Finding::Kind),
        }
        report.findings.extend(failed.take());
        report
    }

    fn check_message(&self, hash: &dyn Fn(Digest) -> Vec<u8>, others: &[Certificate], report: &mut Report) {
        let Ok(message) = SignedData::parse_padded(&self.message) else {
            report.findings.push(Finding::Message);
            return;
        };
        let [signer] = &message.signers[..] else {
            report.findings.push(Finding::Message);
            return;
        };
        let judged = message.check(signer, cms::Content::Hashed(hash), others);
        report.findings.extend(judged.faults.iter().map(|fault| Finding::NotOver(*fault)));
        for token in signer.time_stamps().take(STAMPS_MAX) {
            let token = Token::parse(token).ok();
            let over = |digest: Digest| digest.of(&signer.signature);
            let judged = token.as_ref().map(|token| token.check(over, others));
            report.stamps.push(Stamp { token, report: judged });
        }
        report.message = Some(judged);
        report.signed = Some(message);
    }

    fn check_token(&self, hash: &dyn Fn(Digest) -> Vec<u8>, others: &[Certificate], report: &mut Report) {
        let message = SignedData::parse_padded(&self.message);
        let Some(token) = message.ok().and_then(|message| Token::parse(&message.der).ok()) else {
            report.findings.push(Finding::Message);
            return;
        };
        let judged = token.check(hash, others);
        report.findings.extend(judged.faults.iter().map(|fault| Finding::NotStamped(*fault)));
        report.signed = Some(token.message.clone());
        report.stamps.push(Stamp { token: Some(token), report: Some(judged) });
    }
}
