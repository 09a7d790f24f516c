//! Making a signature in two steps: the update with room for the message and the hash of everything else;
//! then the message, made by a key at hand or one that answers later.

mod complete;
mod field;

pub use complete::complete;

use crate::appearance::Appearance;
use crate::append::Update;
use crate::file::{File, Unreadable};
use crate::form::{Lock, Permission, text_object};
use crate::object::{Dict, Object, write_hexadecimal};
use crate::source::{Source, pass};
use base::Instant;
use pki::cms::{self, SignedData};
use pki::key::{Digest, SignError, SignatureAlgorithm, Signer};
use pki::tsp::Imprint;
use std::ops::Range;

/// Room for the four numbers of a byte range: digits enough for any file.
const BYTE_RANGE_ROOM: usize = 64;
/// Room kept for a time-stamp whose size is not known yet, in bytes.
const STAMP_ROOM: usize = 6_144;

/// A signature that is to be made.
#[derive(Debug, Clone)]
pub struct Plan<'a> {
    /// The full name of its field: a signature field of the file without signature, or a new name without a
    /// point.
    pub field: String,
    /// When it is made, by the signer's clock.
    pub at: Instant,
    /// The signer's name, as it is to be shown.
    pub name: Option<String>,
    /// Why, in words.
    pub reason: Option<String>,
    /// Where, in words.
    pub location: Option<String>,
    /// How it looks; `None` is not seen.
    pub appearance: Option<&'a Appearance<'a>>,
    /// The signature certifies the document and allows this afterwards; only the first signature can.
    pub certify: Option<Permission>,
    /// Fields that may not change afterwards.
    pub lock: Option<Lock>,
    /// Bytes kept free behind the message, for a time-stamp that comes later.
    pub room_for_stamp: usize,
}

impl Plan<'_> {
    /// An approval signature that is not seen.
    pub fn new(field: &str, at: Instant) -> Plan<'static> {
        Plan {
            field: field.into(),
            at,
            name: None,
            reason: None,
            location: None,
            appearance: None,
            certify: None,
            lock: None,
            room_for_stamp: 0,
        }
    }
}

/// Why a file cannot be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CannotSign {
    /// It is not read.
    Unreadable(Unreadable),
    /// It lacks a catalog, pages or what else every document has.
    Incomplete,
    /// The page for the signature's picture is not there.
    NoPage,
    /// An earlier signature certifies it and allows no further one.
    Certified,
    /// It has signatures, and only the first can certify.
    AlreadySigned,
    /// An earlier signature has locked the field.
    FieldLocked,
    /// The field's name is taken, or it holds a signature already.
    FieldTaken,
    /// The name is empty or has a point in it.
    FieldName,
    /// The message is longer than the room for it.
    TooLong {
        /// How long it is, in bytes.
        message_bytes: usize,
        /// How long it may be.
        room_bytes: usize,
    },
    /// There is no such signature, or something was added after it, which covers the room for its time-stamp.
    NotLast,
    /// The message or the token is not what it should be.
    NotCms,
    /// The key's keeper answered this.
    Key(SignError),
    /// There is no time-stamp: what the authority's messenger said.
    Stamp(String),
}

impl From<Unreadable> for CannotSign {
    fn from(why: Unreadable) -> CannotSign {
        CannotSign::Unreadable(why)
    }
}

/// Where a time-stamp token for an imprint comes from; what it says instead is for the log.
pub type Stamper<'a> = dyn Fn(&Imprint) -> Result<Vec<u8>, String> + 'a;

/// An update that lacks nothing but the message.
#[derive(Debug, Clone)]
pub struct Prepared {
    update: Vec<u8>,
    /// Where in the update the room's digits are.
    room: Range<usize>,
    hash: Vec<u8>,
    digest: Digest,
}

impl Prepared {
    /// The hash of everything the signature covers, for the message to sign.
    pub fn hash(&self) -> &[u8] {
        &self.hash
    }

    /// By which digest it was made.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// How many bytes the message may have.
    pub fn room_bytes(&self) -> usize {
        self.room.len() / 2
    }

    /// The bytes to append to the file while the message is not there: its room is all zeros. Kept with the
    /// file, they take the message later ([`complete`]).
    pub fn update(&self) -> &[u8] {
        &self.update
    }

    /// The bytes to append to the file, with the message in its room.
    pub fn finish(mut self, message: &[u8]) -> Result<Vec<u8>, CannotSign> {
        let room_bytes = self.room_bytes();
        if message.len() > room_bytes {
            return Err(CannotSign::TooLong { message_bytes: message.len(), room_bytes });
        }
        let mut digits = vec![];
        write_hexadecimal(message, &mut digits);
        self.update[self.room.start..][..digits.len()].copy_from_slice(&digits);
        Ok(self.update)
    }
}

/// Signs a file with a key at hand: PAdES B-B, or B-T when `stamp` gives a time-stamp. Answers the bytes to
/// append.
///
/// The room is measured from the certificates that travel with the signature; when a time-stamp turns out
/// longer than the room kept for it, the file is signed once more with more.
pub fn sign(
    source: &dyn Source,
    plan: &Plan<'_>,
    draft: &cms::Draft<'_>,
    signer: &dyn Signer,
    stamp: Option<&Stamper<'_>>,
) -> Result<Vec<u8>, CannotSign> {
    let file = File::open(source)?;
    let mut room = plan.room_for_stamp.max(if stamp.is_some() { STAMP_ROOM } else { 0 });
    for is_last in [false, true] {
        let prepared = prepare_with(&file, plan, draft, signer.algorithm(), room)?;
        let unsigned = draft.to_sign(prepared.hash(), signer.algorithm());
        let signature = signer.sign(unsigned.bytes()).map_err(CannotSign::Key)?;
        let mut message = unsigned.finish(&signature, cms::Embed::Detached);
        if let Some(stamp) = stamp {
            message = stamped(&message, signer.algorithm().digest(), stamp)?;
        }
        match prepared.finish(&message) {
            Err(CannotSign::TooLong { message_bytes, room_bytes }) if !is_last => {
                room += message_bytes - room_bytes + 256;
            }
            done => return done,
        }
    }
    Err(CannotSign::NotCms)
}

/// The message with a time-stamp over its one signature.
pub(crate) fn stamped(message: &[u8], digest: Digest, stamp: &Stamper<'_>) -> Result<Vec<u8>, CannotSign> {
    let parsed = SignedData::parse_padded(message).map_err(|_| CannotSign::NotCms)?;
    let signer = parsed.signers.first().ok_or(CannotSign::NotCms)?;
    let token = stamp(&Imprint::of(digest, &signer.signature)).map_err(CannotSign::Stamp)?;
    cms::add_time_stamp(&parsed, 0, &token).map_err(|_| CannotSign::NotCms)
}

/// Writes the update with room for the message that `draft` will become, and hashes the rest.
pub fn prepare(
    source: &dyn Source,
    plan: &Plan<'_>,
    draft: &cms::Draft<'_>,
    algorithm: SignatureAlgorithm,
) -> Result<Prepared, CannotSign> {
    prepare_with(&File::open(source)?, plan, draft, algorithm, plan.room_for_stamp)
}

fn prepare_with(
    file: &File<'_>,
    plan: &Plan<'_>,
    draft: &cms::Draft<'_>,
    algorithm: SignatureAlgorithm,
    room_for_stamp: usize,
) -> Result<Prepared, CannotSign> {
    let room_bytes = draft.size_max(algorithm) + room_for_stamp;
    prepare_room(file, plan, signature_dictionary(plan), room_bytes, algorithm.digest())
}

/// Prepares a time-stamp over the whole document (a DocTimeStamp, ISO 32000-2, 12.8.5), with room for a token
/// of so many bytes: together with the evidence added before it, PAdES B-LTA.
pub fn prepare_time_stamp(
    source: &dyn Source,
    field: &str,
    digest: Digest,
    room_bytes: usize,
) -> Result<Prepared, CannotSign> {
    prepare_document_stamp(&File::open(source)?, field, digest, room_bytes)
}

fn prepare_document_stamp(
    file: &File<'_>,
    field: &str,
    digest: Digest,
    room_bytes: usize,
) -> Result<Prepared, CannotSign> {
    let dict = Dict::of([
        ("Type", Object::name("DocTimeStamp")),
        ("Filter", Object::name("Adobe.PPKLite")),
        ("SubFilter", Object::name("ETSI.RFC3161")),
        // ISO 32000-2, table 255: the version, of which there is one.
        ("V", Object::Int(0)),
    ]);
    let plan = Plan::new(field, Instant::MIN);
    prepare_room(file, &plan, dict, room_bytes, digest)
}

/// Stamps the whole document in one step; answers the bytes to append.
pub fn time_stamp(
    source: &dyn Source,
    field: &str,
    digest: Digest,
    stamp: &Stamper<'_>,
) -> Result<Vec<u8>, CannotSign> {
    let file = File::open(source)?;
    let mut room = STAMP_ROOM;
    for is_last in [false, true] {
        let prepared = prepare_document_stamp(&file, field, digest, room)?;
        let token = stamp(&Imprint { digest, hash: prepared.hash().to_vec() }).map_err(CannotSign::Stamp)?;
        match prepared.finish(&token) {
            Err(CannotSign::TooLong { message_bytes, .. }) if !is_last => room = message_bytes + 256,
            done => return done,
        }
    }
    Err(CannotSign::NotCms)
}

/// Writes the update around a signature's dictionary that lacks its byte range and contents.
fn prepare_room(
    file: &File<'_>,
    plan: &Plan<'_>,
    mut dict: Dict,
    room_bytes: usize,
    digest: Digest,
) -> Result<Prepared, CannotSign> {
    let mut update = Update::new(file)?;
    let is_stamp = dict.is("Type", "DocTimeStamp");
    let field = field::choose(file.now(), plan, is_stamp)?;
    let signature = update.fresh();
    let references = field.references(plan);
    if !references.is_empty() {
        dict.set("Reference", Object::Array(references));
    }
    let mut places = (0, 0);
    let start = update.put_with(signature, |out| places = write_signature(out, &dict, room_bytes));
    let (range_at, room_at) = (start + places.0, start + places.1);
    field.write(&mut update, plan, signature)?;
    let mut update = update.finish();

    let room = room_at..room_at + 2 * room_bytes;
    let old = file.len();
    let total = old + update.len() as u64;
    let (before, after) = (old + room.start as u64 - 1, old + room.end as u64 + 1);
    let range = format!("[0 {before} {after} {}]", total - after);
    update[range_at..range_at + range.len()].copy_from_slice(range.as_bytes());

    let mut hasher = digest.begin();
    pass(file.source(), 0..old, |piece| hasher.add(piece)).map_err(Unreadable::from)?;
    hasher.add(&update[..room.start - 1]);
    hasher.add(&update[room.end + 1..]);
    Ok(Prepared { hash: hasher.finish(), update, room, digest })
}

/// Writes the dictionary with blanks for its byte range and zeros for its message; answers where both are.
fn write_signature(out: &mut Vec<u8>, dict: &Dict, room_bytes: usize) -> (usize, usize) {
    let start = out.len();
    Object::Dict(dict.clone()).write(out);
    out.truncate(out.len() - 2);
    out.extend_from_slice(b"/ByteRange ");
    let range_at = out.len() - start;
    out.extend(std::iter::repeat_n(b' ', BYTE_RANGE_ROOM));
    out.extend_from_slice(b"/Contents <");
    let room_at = out.len() - start;
    out.extend(std::iter::repeat_n(b'0', 2 * room_bytes));
    out.extend_from_slice(b">>>");
    (range_at, room_at)
}

fn signature_dictionary(plan: &Plan<'_>) -> Dict {
    let mut dict = Dict::of([
        ("Type", Object::name("Sig")),
        ("Filter", Object::name("Adobe.PPKLite")),
        ("SubFilter", Object::name("ETSI.CAdES.detached")),
        ("M", Object::Text(date(plan.at).into_bytes())),
    ]);
    for (key, words) in [("Name", &plan.name), ("Reason", &plan.reason), ("Location", &plan.location)] {
        if let Some(words) = words {
            dict.set(key, text_object(words));
        }
    }
    dict
}

/// `D:20260302091500+07'00'`.
fn date(at: Instant) -> String {
    let (year, month, day) = at.day().civil();
    let minute = at.minute_of_day();
    let second = at.micros().div_euclid(1_000_000).rem_euclid(60);
    format!("D:{year:04}{month:02}{day:02}{:02}{:02}{second:02}+07'00'", minute / 60, minute % 60)
}

/// Bytes that take the place of as many bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// Where they go.
    pub at: u64,
    /// What goes there.
    pub bytes: Vec<u8>,
}

/// Puts a time-stamp into the room that was kept for it when the last signature of a file was made: B-B
/// becomes B-T without an update, because the room is what the signature does not cover. Later signatures
/// would cover it, and so there must be none.
pub fn stamp_signature(source: &dyn Source, field: &str, stamp: &Stamper<'_>) -> Result<Patch, CannotSign> {
    let file = File::open(source)?;
    let found = crate::signatures(&file)?;
    let signature = found.iter().find(|signature| signature.field == field).ok_or(CannotSign::NotLast)?;
    let is_last = signature.covers == crate::Covers::File && signature.findings.is_empty();
    let Some([before, after]) = signature.ranges.clone().filter(|_| is_last) else {
        return Err(CannotSign::NotLast);
    };
    let parsed = SignedData::parse_padded(&signature.message).map_err(|_| CannotSign::NotCms)?;
    let digest = parsed.signers.first().and_then(|signer| signer.digest()).ok_or(CannotSign::NotCms)?;
    let message = stamped(&signature.message, digest, stamp)?;
    let room_bytes = ((after.start - before.end) as usize - 2) / 2;
    if message.len() > room_bytes {
        return Err(CannotSign::TooLong { message_bytes: message.len(), room_bytes });
    }
    let mut bytes = vec![b'<'];
    write_hexadecimal(&message, &mut bytes);
    bytes.resize(2 * room_bytes + 1, b'0');
    bytes.push(b'>');
    Ok(Patch { at: before.end, bytes })
}
