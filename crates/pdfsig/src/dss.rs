//! Evidence inside a file, so that its signatures can be judged long after (PAdES B-LT): the document security store,
//! ISO 32000-2, 12.8.4.3, and ETSI EN 319 142-1, 5.4.2.

use crate::append::Update;
use crate::file::{File, Unreadable, View};
use crate::form::fields;
use crate::object::{Dict, Id, Object};
use crate::sign::CannotSign;
use crate::source::Source;
use pki::cert::Certificate;
use pki::crl::Crl;
use pki::key::Digest;
use pki::{ocsp, path};
use std::collections::{HashMap, HashSet};

/// Pieces of evidence looked at in one file.
const PIECES_MAX: usize = 4_096;

/// Certificates, revocation lists and responders' answers.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// Certificates: the signers', their issuers', the responders' and authorities'.
    pub certificates: Vec<Certificate>,
    /// Revocation lists.
    pub crls: Vec<Crl>,
    /// Responders' answers.
    pub answers: Vec<ocsp::Response>,
}

impl Evidence {
    /// Hands everything on to the judgement of paths. Nothing is believed before that.
    pub fn add_to(&self, material: &mut path::Material) {
        self.certificates.iter().cloned().for_each(|certificate| material.add_certificate(certificate));
        self.crls.iter().cloned().for_each(|crl| material.add_crl(crl));
        self.answers.iter().cloned().for_each(|answer| material.add_ocsp(answer));
    }
}

/// The store of a file.
#[derive(Debug, Clone, Default)]
pub struct Store {
    /// What can be read of it.
    pub evidence: Evidence,
    /// How many pieces cannot be read.
    pub unreadable: usize,
    /// For which signatures there is a list of evidence: the SHA-1 of their messages, in hexadecimal.
    pub keys: Vec<String>,
}

impl Store {
    /// Whether there is a list of evidence for this signature.
    pub fn is_for(&self, signature: &crate::Signature) -> bool {
        self.keys.contains(&key(&signature.message))
    }
}

/// What a stream of a store is.
enum Piece {
    Certificate(Certificate),
    Crl(Crl),
    Answer(Box<ocsp::Response>),
}

impl Piece {
    fn read(bytes: &[u8]) -> Option<Piece> {
        // Nothing else begins like this.
        if bytes.first() != Some(&0x30) {
            return None;
        }
        if let Ok(certificate) = Certificate::parse(bytes) {
            return Some(Piece::Certificate(certificate));
        }
        if let Ok(answer) = ocsp::Response::parse(bytes) {
            return Some(Piece::Answer(Box::new(answer)));
        }
        Crl::parse(bytes).ok().map(Piece::Crl)
    }
}

/// Whether an object is a stream with a certificate, a list or an answer in it, and nothing else.
pub(crate) fn is_evidence(view: View<'_, '_>, object: &Object) -> bool {
    view.stream(object).is_ok_and(|bytes| Piece::read(&bytes).is_some())
}

/// Where a store keeps what.
pub(crate) const LISTS: [&str; 3] = ["Certs", "CRLs", "OCSPs"];
/// And the list of a single signature.
pub(crate) const LISTS_OF_ONE: [&str; 3] = ["Cert", "CRL", "OCSP"];

/// Reads the store of a file; one without has an empty one.
pub fn store(file: &File<'_>) -> Result<Store, Unreadable> {
    let view = file.now();
    let dss = view.dict(view.catalog()?.get("DSS"))?;
    let mut store = Store::default();
    for key in LISTS {
        for member in view.array(dss.get(key))?.iter().take(PIECES_MAX) {
            let piece = match view.stream(member) {
                Ok(bytes) => Piece::read(&bytes),
                Err(Unreadable::Malformed { .. }) => None,
                Err(why) => return Err(why),
            };
            match piece {
                Some(Piece::Certificate(certificate)) => store.evidence.certificates.push(certificate),
                Some(Piece::Crl(crl)) => store.evidence.crls.push(crl),
                Some(Piece::Answer(answer)) => store.evidence.answers.push(*answer),
                None => store.unreadable += 1,
            }
        }
    }
    let lists = view.dict(dss.get("VRI"))?;
    store.keys = lists.0.iter().map(|(key, _)| String::from_utf8_lossy(key).into_owned()).collect();
    Ok(store)
}

/// The name of a signature's list: the SHA-1 of its message with all padding, as the standard has it.
fn key(message: &[u8]) -> String {
    let mut name = vec![];
    crate::object::write_hexadecimal(&Digest::Sha1.of(message), &mut name);
    String::from_utf8_lossy(&name).into_owned()
}

/// Adds evidence to a file's store and lists it for the signatures of these fields; what the store has already is not
/// added again. Answers the bytes to append. With a time-stamp in the signatures this is PAdES B-LT.
pub fn add_evidence(
    source: &dyn Source,
    evidence: &Evidence,
    signed_fields: &[&str],
) -> Result<Vec<u8>, CannotSign> {
    let file = File::open(source)?;
    let view = file.now();
    let root = view.trailer().get("Root").reference().ok_or(CannotSign::Incomplete)?;
    let mut known = known(view)?;
    let mut update = Update::new(&file)?;
    let ders: [Vec<&[u8]>; 3] = [
        evidence.certificates.iter().map(Certificate::der).collect(),
        evidence.crls.iter().map(Crl::der).collect(),
        evidence.answers.iter().map(|answer| answer.der.as_slice()).collect(),
    ];
    let mut own: [Vec<Object>; 3] = Default::default();
    for ((list, ders), own) in LISTS.into_iter().zip(ders).zip(&mut own) {
        let mut new = vec![];
        let mut seen = HashSet::new();
        for der in ders.into_iter().filter(|der| seen.insert(Digest::Sha256.of(der))) {
            let id = *known.entry(Digest::Sha256.of(der)).or_insert_with(|| {
                let id = update.add_stream(Dict::default(), der);
                new.push(Object::Reference(id));
                id
            });
            own.push(Object::Reference(id));
        }
        if !new.is_empty() {
            update.change(root, &["DSS", list], |place| append(place, new))?.ok_or(CannotSign::Incomplete)?;
        }
    }
    for message in messages(view, signed_fields)? {
        let key = key(&message);
        for (list, own) in LISTS_OF_ONE.into_iter().zip(&own).filter(|(_, own)| !own.is_empty()) {
            let path = ["DSS", "VRI", &key, list];
            update.change(root, &path, |place| append(place, own.clone()))?.ok_or(CannotSign::Incomplete)?;
        }
    }
    Ok(update.finish())
}

/// Appends to an array what it does not have; what is none becomes one.
fn append(place: &mut Object, new: Vec<Object>) {
    match place {
        Object::Array(members) => {
            let missing: Vec<Object> = new.into_iter().filter(|one| !members.contains(one)).collect();
            members.extend(missing);
        }
        other => *other = Object::Array(new),
    }
}

/// The streams of the store by the hash of what is in them.
fn known(view: View<'_, '_>) -> Result<HashMap<Vec<u8>, Id>, Unreadable> {
    let dss = view.dict(view.catalog()?.get("DSS"))?;
    let mut known = HashMap::new();
    for list in LISTS {
        for member in view.array(dss.get(list))?.iter().take(PIECES_MAX) {
            if let (Some(id), Ok(bytes)) = (member.reference(), view.stream(member)) {
                known.insert(Digest::Sha256.of(&bytes), id);
            }
        }
    }
    Ok(known)
}

fn messages(view: View<'_, '_>, signed_fields: &[&str]) -> Result<Vec<Vec<u8>>, Unreadable> {
    let mut messages = vec![];
    for field in fields(view)? {
        if field.is_signature && signed_fields.contains(&field.name.as_str()) {
            let signature = view.dict(field.dict.get("V"))?;
            if let Object::Text(message) = view.resolve(signature.get("Contents"))? {
                messages.push(message);
            }
        }
    }
    Ok(messages)
}
