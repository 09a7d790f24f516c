//! Whether two objects mean the same, and what two dictionaries differ in.

use crate::file::{Unreadable, View};
use crate::object::{Dict, Object};
use std::collections::{HashMap, HashSet};

/// Both mean the same: in another order, or with numbers written differently, they still do. References are
/// compared as such; what they lead to is compared by itself.
pub(super) fn is_same(
    old: (View<'_, '_>, &Object),
    new: (View<'_, '_>, &Object),
) -> Result<bool, Unreadable> {
    Ok(match (old.1, new.1) {
        (Object::Stream(old_dict, old_range), Object::Stream(new_dict, new_range)) => {
            is_equal_dict(old_dict, new_dict)
                && old_range.end - old_range.start == new_range.end - new_range.start
                && (old_range == new_range
                    || old.0.file().bytes(old_range.clone())? == new.0.file().bytes(new_range.clone())?)
        }
        (old, new) => is_equal(old, new),
    })
}

fn is_equal(old: &Object, new: &Object) -> bool {
    match (old, new) {
        (Object::Dict(old), Object::Dict(new)) => is_equal_dict(old, new),
        (Object::Array(old), Object::Array(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| is_equal(old, new))
        }
        (Object::Stream(..), _) | (_, Object::Stream(..)) => false,
        (old, new) if old == new => true,
        (old, new) => old.number().zip(new.number()).is_some_and(|(old, new)| old == new),
    }
}

fn is_equal_dict(old: &Dict, new: &Dict) -> bool {
    differing(old, new).is_empty() && !old.has_twice() && !new.has_twice()
}

/// The keys whose values differ. `null` is the same as nothing.
pub(super) fn differing<'a>(old: &'a Dict, new: &'a Dict) -> Vec<&'a [u8]> {
    let first = |dict: &'a Dict| {
        let mut values: HashMap<&'a [u8], &'a Object> = HashMap::new();
        dict.0.iter().for_each(|(key, value)| {
            values.entry(key).or_insert(value);
        });
        values
    };
    let (old_values, new_values) = (first(old), first(new));
    let mut keys: Vec<&[u8]> = old_values.keys().chain(new_values.keys()).copied().collect();
    keys.sort_unstable();
    keys.dedup();
    // What is said twice is read differently by different readers.
    let mut said: Vec<&[u8]> = new.0.iter().map(|(key, _)| key.as_slice()).collect();
    said.sort_unstable();
    let twice: HashSet<&[u8]> =
        said.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
    let value = |values: &HashMap<&'a [u8], &'a Object>, key: &[u8]| {
        values.get(key).copied().unwrap_or(&Object::Null)
    };
    keys.retain(|key| twice.contains(key) || !is_equal(value(&old_values, key), value(&new_values, key)));
    keys
}

/// What an array has that another one had not, when all that was there is there in its order; `None` when
/// not.
pub(super) fn added<'a>(old: &[Object], new: &'a [Object]) -> Option<Vec<&'a Object>> {
    let mut old = old.iter().peekable();
    let mut added = vec![];
    for member in new {
        if old.next_if(|old| is_equal(old, member)).is_none() {
            added.push(member);
        }
    }
    old.next().is_none().then_some(added)
}

/// As what objects are referred to: some changes are harmless only to what is nothing else. An object of one
/// use has one of these bits; whatever stands under another key is in `ELSEWHERE`.
pub(super) mod uses {
    pub const INFO: u8 = 1;
    pub const METADATA: u8 = 2;
    /// The document security store, or the lists of single signatures in it.
    pub const STORE: u8 = 4;
    /// A list of evidence.
    pub const EVIDENCE: u8 = 8;
    /// A member of any list, or a field above another.
    pub const MEMBER: u8 = 16;
    /// A picture of an annotation, in its dictionary of pictures.
    pub const LOOKS: u8 = 32;
    pub const ELSEWHERE: u8 = 64;
}

/// As what the value of a key is referred to.
fn use_of(key: &[u8]) -> u8 {
    match key {
        b"Info" => uses::INFO,
        b"Metadata" => uses::METADATA,
        b"DSS" | b"VRI" => uses::STORE,
        b"Certs" | b"CRLs" | b"OCSPs" | b"Cert" | b"CRL" | b"OCSP" => uses::EVIDENCE,
        // `Obj` is how the structure of a document speaks of an annotation.
        b"Parent" | b"Obj" => uses::MEMBER,
        name if name.len() == 40 && name.iter().all(u8::is_ascii_hexdigit) => uses::STORE,
        _ => uses::ELSEWHERE,
    }
}

/// All references in an object, and as what each refers.
pub(super) fn references(object: &Object, as_what: u8, found: &mut Vec<(u32, u8)>) {
    match object {
        Object::Reference(id) => found.push((id.number, as_what)),
        Object::Array(members) => {
            members.iter().for_each(|member| references(member, uses::MEMBER, found));
        }
        Object::Dict(dict) | Object::Stream(dict, _) => {
            for (key, value) in &dict.0 {
                match value {
                    Object::Dict(looks) if key == b"AP" => all_as(looks, uses::LOOKS, found),
                    value => references(value, use_of(key), found),
                }
            }
        }
        _ => {}
    }
}

/// Everything in a dictionary, under whichever key.
fn all_as(dict: &Dict, as_what: u8, found: &mut Vec<(u32, u8)>) {
    for (_, value) in &dict.0 {
        match value {
            Object::Dict(inner) => all_as(inner, as_what, found),
            value => references(value, as_what, found),
        }
    }
}

/// The pictures in a dictionary of them.
pub(super) fn pictures(looks: &Object) -> impl Iterator<Item = u32> {
    let mut found = vec![];
    if let Object::Dict(dict) = looks {
        all_as(dict, uses::LOOKS, &mut found);
    }
    found.into_iter().filter(|(_, as_what)| *as_what == uses::LOOKS).map(|(number, _)| number)
}
