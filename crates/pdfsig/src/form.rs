//! A document's form and pages, as far as signatures need them: fields with their full names, permissions, pages.

use crate::file::{Unreadable, View};
use crate::object::{Dict, Id, Object};
use std::collections::HashSet;

/// Form fields looked through, of all levels.
const FIELDS_MAX: usize = 10_000;
/// A field's full name, in bytes.
const NAME_MAX: usize = 4_096;
/// Members of everything the fields say together.
const WEIGHT_MAX: usize = 400_000;
/// Nodes of a page tree looked through, and those of them that are no pages.
const NODES_MAX: usize = 100_000;
const BRANCHES_MAX: usize = 10_000;

/// A form field, or one of its widgets.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    /// Where it is, when it is an object of its own.
    pub id: Option<Id>,
    /// Its full name, decoded.
    pub name: String,
    /// It is a signature field, itself or by its parents.
    pub is_signature: bool,
    /// What it says.
    pub dict: Dict,
    /// The numbers of its kids.
    pub kids: Vec<Object>,
    /// It has no name of its own: a widget of the field above.
    pub is_widget_only: bool,
}

/// All fields of a document, each before its kids, in the order of its form.
pub(crate) fn fields(view: View<'_, '_>) -> Result<Vec<Field>, Unreadable> {
    let form = view.dict(view.catalog()?.get("AcroForm"))?;
    let top = view.array(form.get("Fields"))?;
    let mut found = vec![];
    let mut seen = HashSet::new();
    let mut weight = 0;
    // Name and kind are inherited from above.
    let mut ahead: Vec<(Object, String, bool)> =
        top.into_iter().rev().map(|field| (field, String::new(), false)).collect();
    while let Some((field, above, inherited)) = ahead.pop() {
        let id = field.reference();
        if id.is_some_and(|id| !seen.insert(id)) {
            continue;
        }
        if found.len() >= FIELDS_MAX {
            return Err(Unreadable::TooMuch);
        }
        let Object::Dict(dict) = view.resolve(&field)? else { continue };
        let own = match view.resolve(dict.get("T"))? {
            Object::Text(name) => Some(text(&name)),
            _ => None,
        };
        let name = match &own {
            Some(own) if above.is_empty() => own.clone(),
            Some(own) => format!("{above}.{own}"),
            None => above.clone(),
        };
        weight += self::weight(&Object::Dict(dict.clone()));
        if name.len() > NAME_MAX || weight > WEIGHT_MAX {
            return Err(Unreadable::TooMuch);
        }
        let kind = view.resolve(dict.get("FT"))?;
        let is_signature = match kind {
            Object::Name(kind) => kind == b"Sig",
            _ => inherited,
        };
        let kids = view.array(dict.get("Kids"))?;
        weight += kids.len();
        let below = kids.iter().rev().map(|kid| (kid.clone(), name.clone(), is_signature));
        ahead.extend(below);
        found.push(Field { id, name, is_signature, dict, kids, is_widget_only: own.is_none() });
    }
    Ok(found)
}

/// How many objects an object is made of.
fn weight(object: &Object) -> usize {
    1 + match object {
        Object::Array(members) => members.iter().map(weight).sum(),
        Object::Dict(dict) | Object::Stream(dict, _) => dict.0.iter().map(|(_, value)| weight(value)).sum(),
        _ => 0usize,
    }
}

/// A text string (7.9.2.2): UTF-16 or UTF-8 by its mark, PDFDocEncoding otherwise, of which what is not ASCII is taken
/// for Latin-1.
pub(crate) fn text(bytes: &[u8]) -> String {
    if let Some(rest) = bytes.strip_prefix(&[0xFE, 0xFF]) {
        let units: Vec<u16> =
            rest.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
        return String::from_utf16_lossy(&units);
    }
    if let Some(rest) = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]) {
        return String::from_utf8_lossy(rest).into();
    }
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// The other way: ASCII as it is, anything else as UTF-16 with its mark.
pub(crate) fn text_object(words: &str) -> Object {
    if words.is_ascii() {
        return Object::Text(words.into());
    }
    Object::Text([0xFEFF].into_iter().chain(words.encode_utf16()).flat_map(u16::to_be_bytes).collect())
}

/// What a certifying signature allows afterwards (12.8.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// Nothing but what keeps signatures checkable.
    Nothing = 1,
    /// Filling in the form and signing.
    Forms = 2,
    /// That and annotations.
    Annotations = 3,
}

impl Permission {
    pub(crate) fn of(number: i64) -> Permission {
        match number {
            1 => Permission::Nothing,
            3 => Permission::Annotations,
            // The default, and what a number that is none is taken for.
            _ => Permission::Forms,
        }
    }
}

/// Which fields may not change once a signature is made (12.8.2.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lock {
    /// All fields.
    All,
    /// These.
    Only(Vec<String>),
    /// All but these.
    AllBut(Vec<String>),
}

impl Lock {
    /// Whether a field, or one above it, is meant.
    pub fn holds(&self, field: &str) -> bool {
        let is_under = |name: &String| {
            field.strip_prefix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        match self {
            Lock::All => true,
            Lock::Only(names) => names.iter().any(is_under),
            Lock::AllBut(names) => !names.iter().any(is_under),
        }
    }

    /// What a lock's or a transform's dictionary says, if it says it.
    pub(crate) fn read(view: View<'_, '_>, dict: &Dict) -> Result<Option<Lock>, Unreadable> {
        let mut names = vec![];
        for name in view.array(dict.get("Fields"))? {
            if let Object::Text(name) = view.resolve(&name)? {
                names.push(text(&name));
            }
        }
        Ok(match view.resolve(dict.get("Action"))? {
            Object::Name(action) if action == b"All" => Some(Lock::All),
            Object::Name(action) if action == b"Include" => Some(Lock::Only(names)),
            Object::Name(action) if action == b"Exclude" => Some(Lock::AllBut(names)),
            _ => None,
        })
    }

    /// Sets `Action` and `Fields`.
    pub(crate) fn write(&self, dict: &mut Dict) {
        let (action, names) = match self {
            Lock::All => ("All", None),
            Lock::Only(names) => ("Include", Some(names)),
            Lock::AllBut(names) => ("Exclude", Some(names)),
        };
        dict.set("Action", Object::name(action));
        if let Some(names) = names {
            dict.set("Fields", Object::Array(names.iter().map(|name| text_object(name)).collect()));
        }
    }
}

/// What a signature's dictionary says of changes after it: the certifying permission and the fields it locks.
pub(crate) fn restrictions(
    view: View<'_, '_>,
    signature: &Dict,
) -> Result<(Option<Permission>, Option<Lock>), Unreadable> {
    let (mut permission, mut lock) = (None, None);
    for reference in view.array(signature.get("Reference"))?.iter().take(64) {
        let reference = view.dict(reference)?;
        let parameters = view.dict(reference.get("TransformParams"))?;
        if reference.is("TransformMethod", "DocMDP") {
            let number = view.resolve(parameters.get("P"))?.int().unwrap_or(2);
            permission = Some(Permission::of(number));
        } else if reference.is("TransformMethod", "FieldMDP") {
            lock = Lock::read(view, &parameters)?.or(lock);
        }
    }
    Ok((permission, lock))
}

/// A page, and what it inherits.
#[derive(Debug, Clone)]
pub(crate) struct PageNode {
    pub id: Id,
    pub dict: Dict,
    /// The nodes above it, the nearest first, without their kids.
    above: Vec<Dict>,
}

impl PageNode {
    /// The page's own value of a key, or the nearest above it.
    pub fn inherited(&self, key: &str) -> &Object {
        let all = std::iter::once(&self.dict).chain(&self.above);
        all.map(|dict| dict.get(key)).find(|value| **value != Object::Null).unwrap_or(&Object::Null)
    }
}

/// The page of this index, the first being 0; `None` when the document has fewer.
pub(crate) fn page(view: View<'_, '_>, index: usize) -> Result<Option<PageNode>, Unreadable> {
    let mut left = index;
    // What stands above a node is found by its place in this list.
    let mut nodes: Vec<(Dict, Option<usize>)> = vec![];
    let mut seen = HashSet::new();
    let mut ahead = vec![(view.catalog()?.get("Pages").clone(), None)];
    while let Some((node, parent)) = ahead.pop() {
        let Some(id) = node.reference().filter(|id| seen.insert(*id)) else { continue };
        if seen.len() > NODES_MAX || nodes.len() > BRANCHES_MAX {
            return Err(Unreadable::TooMuch);
        }
        let Object::Dict(mut dict) = view.get(id)? else { continue };
        if *dict.get("Kids") == Object::Null {
            if left == 0 {
                let above = std::iter::successors(parent, |at: &usize| nodes[*at].1);
                let above = above.map(|at| nodes[at].0.clone()).collect();
                return Ok(Some(PageNode { id, dict, above }));
            }
            left -= 1;
            continue;
        }
        let kids = view.array(dict.get("Kids"))?;
        dict.0.retain(|(key, _)| INHERITED.contains(&key.as_slice()));
        nodes.push((dict, parent));
        let own = Some(nodes.len() - 1);
        ahead.extend(kids.into_iter().rev().map(|kid| (kid, own)));
    }
    Ok(None)
}

/// What a page takes from above (7.7.3.4) and signatures ask for.
const INHERITED: [&[u8]; 3] = [b"MediaBox", b"CropBox", b"Rotate"];
