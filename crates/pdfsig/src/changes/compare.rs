//! Whether two objects mean the same, and what two dictionaries differ in.

use crate::file::{Unreadable, View};
use crate::object::{Dict, Object};

/// Both mean the same: in another order, or with numbers written differently, they still do. References are compared
/// as such; what they lead to is compared by itself.
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
    let find = |dict: &Dict, key: &[u8]| {
        dict.0.iter().find(|(known, _)| known == key).map_or(Object::Null, |(_, value)| value.clone())
    };
    let mut keys: Vec<&[u8]> = old.0.iter().chain(&new.0).map(|(key, _)| key.as_slice()).collect();
    keys.sort_unstable();
    keys.dedup();
    // What is said twice is read differently by different readers.
    let is_twice = new.has_twice();
    keys.retain(|key| {
        let stands = new.0.iter().filter(|(known, _)| known == key).count();
        (is_twice && stands > 1) || !is_equal(&find(old, key), &find(new, key))
    });
    keys
}

/// What an array has that another one had not, when all that was there is there in its order; `None` when not.
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

/// All references in an object.
pub(super) fn references(object: &Object, found: &mut Vec<u32>) {
    match object {
        Object::Reference(id) => found.push(id.number),
        Object::Array(members) => members.iter().for_each(|member| references(member, found)),
        Object::Dict(dict) | Object::Stream(dict, _) => {
            dict.0.iter().for_each(|(_, value)| references(value, found));
        }
        _ => {}
    }
}
