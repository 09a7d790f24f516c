//! One revision against the one before it.

use super::Change;
use super::compare::{added, differing, is_same, references};
use crate::dss::{LISTS, LISTS_OF_ONE, is_evidence};
use crate::file::{Entry, File, Unreadable, View};
use crate::form::{Field, fields};
use crate::object::{Dict, Id, Object, is_space};
use std::collections::{HashMap, HashSet};

/// What each of the newest `count` sections changed.
pub(super) fn steps(file: &File<'_>, count: usize) -> Result<Vec<Vec<Change>>, Unreadable> {
    let mut steps = vec![vec![]; count];
    if count == 0 {
        return Ok(steps);
    }
    let mut before = State::read(file.at(count))?;
    for section in (0..count).rev() {
        let after = State::of(file.at(section), before.dangling.clone(), Some(&before))?;
        let mut step = Step { section, old: &before, new: &after, found: vec![] };
        step.compare()?;
        steps[section] = step.found;
        before = after;
    }
    Ok(steps)
}

/// A revision, and what is asked of it often.
struct State<'f, 'a> {
    view: View<'f, 'a>,
    root: Option<Id>,
    catalog: Dict,
    fields: Vec<Field>,
    by_number: HashMap<u32, usize>,
    /// Numbers that references lead to where there is nothing.
    dangling: HashSet<u32>,
}

impl<'f, 'a> State<'f, 'a> {
    /// The revision with all its references.
    fn read(view: View<'f, 'a>) -> Result<State<'f, 'a>, Unreadable> {
        let mut numbers: Vec<u32> = vec![];
        for section in 0.. {
            match view.section(section) {
                Some(section) => numbers.extend(section.entries.iter().map(|(number, _)| *number)),
                None => break,
            }
        }
        numbers.sort_unstable();
        numbers.dedup();
        let dangling = references_of(view, numbers.into_iter())?;
        State::of(view, dangling, None)
    }

    fn of(
        view: View<'f, 'a>,
        mut dangling: HashSet<u32>,
        before: Option<&State<'_, '_>>,
    ) -> Result<State<'f, 'a>, Unreadable> {
        if before.is_some()
            && let Some(section) = view.section(0)
        {
            dangling.extend(references_of(view, section.entries.iter().map(|(number, _)| *number))?);
        }
        dangling.retain(|number| matches!(view.entry(*number), None | Some(Entry::Free)));
        let fields = fields(view)?;
        let numbered = fields.iter().enumerate();
        let by_number = numbered.filter_map(|(at, field)| Some((field.id?.number, at))).collect();
        let root = view.trailer().get("Root").reference();
        Ok(State { view, root, catalog: view.catalog()?, fields, by_number, dangling })
    }

    fn field(&self, number: u32) -> Option<&Field> {
        self.by_number.get(&number).map(|at| &self.fields[*at])
    }

    /// A signature field by its name.
    fn signature_field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.is_signature && !field.is_widget_only && field.name == name)
    }
}

/// Whatever is referred to by these objects. One that cannot be read refers to nothing a reader could follow.
fn references_of(view: View<'_, '_>, numbers: impl Iterator<Item = u32>) -> Result<HashSet<u32>, Unreadable> {
    let mut found = vec![];
    references(&Object::Dict(view.trailer().clone()), &mut found);
    let mut all = HashSet::new();
    for number in numbers {
        match view.numbered(number) {
            Ok(object) => references(&object, &mut found),
            Err(Unreadable::Malformed { .. }) => {}
            Err(why) => return Err(why),
        }
        all.extend(found.drain(..));
    }
    Ok(all)
}

/// The keys of a signature field's widget, none of which makes anything else of it.
const WIDGET_KEYS: [&str; 27] = [
    "Type",
    "Subtype",
    "FT",
    "T",
    "TU",
    "TM",
    "Ff",
    "V",
    "Rect",
    "AP",
    "AS",
    "P",
    "F",
    "Parent",
    "Kids",
    "Lock",
    "SV",
    "MK",
    "DA",
    "Q",
    "BS",
    "Border",
    "H",
    "NM",
    "M",
    "StructParent",
    "OC",
];
/// What filling in and signing changes of a field and its widgets.
const VALUE_KEYS: [&str; 9] = ["V", "AP", "AS", "M", "F", "Ff", "MK", "DA", "Q"];

struct Step<'s, 'f, 'a> {
    section: usize,
    old: &'s State<'f, 'a>,
    new: &'s State<'f, 'a>,
    found: Vec<Change>,
}

impl Step<'_, '_, '_> {
    fn compare(&mut self) -> Result<(), Unreadable> {
        self.trailer();
        self.new_fields()?;
        let file = self.new.view.file();
        let section = &file.sections()[self.section];
        let (older, mut places) = (&file.sections()[self.section + 1], vec![]);
        for (number, entry) in &section.entries {
            if let Entry::At { offset, generation } = *entry {
                let id = Id { number: *number, generation };
                // An object that cannot be read has no end; the bytes of it are then unlisted.
                let end = self.new.view.range(id).ok().flatten().map(|range| range.end);
                places.extend(end.map(|end| (offset, end)));
            }
            // The cross-references themselves are no part of the document.
            let is_machinery =
                |at: u64| at == section.offset || section.beside.is_some_and(|(own, _)| own == at);
            if !matches!(entry, Entry::At { offset, .. } if is_machinery(*offset)) {
                self.object(*number, *entry, older.end)?;
            }
        }
        if section.offset < older.end {
            self.found.push(Change::Unlisted { at: section.offset });
            return Ok(());
        }
        places.extend(section.beside);
        places.push((section.offset, section.end));
        self.between(older.end, places)
    }

    fn trailer(&mut self) {
        let (old, new) = (self.old.view.trailer(), self.new.view.trailer());
        if self.old.root != self.new.root {
            self.found.push(Change::Catalog { key: "Root".into() });
        }
        if *new.get("Info") != Object::Null && old.get("Info") != new.get("Info") {
            self.found.push(Change::Information);
        }
    }

    /// Signatures and signature fields that were not there.
    fn new_fields(&mut self) -> Result<(), Unreadable> {
        for field in self.new.fields.iter().filter(|field| !field.is_widget_only) {
            let known =
                self.old.fields.iter().find(|known| !known.is_widget_only && known.name == field.name);
            if !field.is_signature {
                // Its widgets are annotations; a field without one is told here.
                if known.is_none() {
                    self.found.push(Change::FieldChanged { field: field.name.clone() });
                }
                continue;
            }
            let was_signed = known.is_some_and(|known| *known.dict.get("V") != Object::Null);
            let value = field.dict.get("V");
            if *value != Object::Null && !was_signed {
                let signature = self.new.view.dict(value)?;
                let field = field.name.clone();
                let is_stamp =
                    signature.is("Type", "DocTimeStamp") && signature.is("SubFilter", "ETSI.RFC3161");
                self.found.push(if is_stamp { Change::Stamped { field } } else { Change::Signed { field } });
            } else if *value == Object::Null && known.is_none() {
                let field_name = field.name.clone();
                // Only a signature explains a picture.
                let shows = *field.dict.get("AP") != Object::Null || !field.kids.is_empty();
                self.found.push(match shows {
                    true => Change::FieldChanged { field: field_name },
                    false => Change::FieldAdded { field: field_name },
                });
            }
        }
        Ok(())
    }

    fn object(&mut self, number: u32, entry: Entry, signed_end: u64) -> Result<(), Unreadable> {
        let old = self.old.view.numbered(number);
        let new = self.new.view.numbered(number);
        let (Ok(old), Ok(new)) = (old, new) else {
            self.found.push(Change::Replaced { object: number });
            return Ok(());
        };
        if is_same((self.old.view, &old), (self.new.view, &new))? {
            return Ok(());
        }
        let is_of_old = matches!(entry, Entry::At { offset, .. } if offset < signed_end);
        if is_of_old || (old == Object::Null && self.old.dangling.contains(&number)) {
            self.found.push(Change::Uncovered { object: number });
        }
        if old == Object::Null {
            return Ok(());
        }
        if new == Object::Null {
            self.found.push(Change::Removed { object: number });
            return Ok(());
        }
        self.changed(number, &old, &new)
    }

    /// By what the object was: each kind of object has changes that are harmless wherever it is used.
    fn changed(&mut self, number: u32, old: &Object, new: &Object) -> Result<(), Unreadable> {
        let is = |object: &Object| object.reference().is_some_and(|id| id.number == number);
        let replaced = Change::Replaced { object: number };
        let (old_dict, new_dict) = match (old, new) {
            (Object::Dict(old), Object::Dict(new)) => (old, new),
            (Object::Array(old), Object::Array(new)) => {
                self.list(old, new, replaced);
                return Ok(());
            }
            (Object::Stream(old, _), Object::Stream(new, _)) => {
                let is_metadata = old.is("Type", "Metadata") && new.is("Type", "Metadata");
                self.found.push(if is_metadata { Change::Information } else { replaced });
                return Ok(());
            }
            _ => {
                self.found.push(replaced);
                return Ok(());
            }
        };
        let dss = self.old.catalog.get("DSS").clone();
        if self.old.root.is_some_and(|id| id.number == number) {
            return self.catalog(old_dict, new_dict);
        } else if is(self.old.catalog.get("AcroForm")) {
            self.form(old_dict, new_dict)?;
        } else if is(self.old.view.trailer().get("Info")) {
            self.found.push(Change::Information);
        } else if let Some(field) = self.old.field(number) {
            self.field(field, old_dict, new_dict);
        } else if old_dict.is("Type", "Page") {
            self.page(number, old_dict, new_dict)?;
        } else if is(&dss) {
            self.store(old_dict, new_dict)?;
        } else if is(self.old.view.dict(&dss)?.get("VRI")) {
            self.lists(old_dict, new_dict)?;
        } else if differing(old_dict, new_dict).iter().all(|key| is_one_of(key, &LISTS_OF_ONE)) {
            self.evidence(old_dict, new_dict, replaced)?;
        } else if old_dict.is("Type", "Annot") || *old_dict.get("Rect") != Object::Null {
            self.found.push(Change::AnnotationChanged { object: number });
        } else {
            self.found.push(replaced);
        }
        Ok(())
    }

    fn catalog(&mut self, old: &Dict, new: &Dict) -> Result<(), Unreadable> {
        for key in differing(old, new) {
            match key {
                b"AcroForm" => {
                    let (old, new) =
                        (self.old.view.dict(old.get("AcroForm"))?, self.new.view.dict(new.get("AcroForm"))?);
                    self.form(&old, &new)?;
                }
                b"DSS" => {
                    let (old, new) =
                        (self.old.view.dict(old.get("DSS"))?, self.new.view.dict(new.get("DSS"))?);
                    self.store(&old, &new)?;
                }
                // What the file is written by, and what describes it.
                b"Extensions" | b"Version" | b"Metadata" => self.found.push(Change::Information),
                other => self.found.push(Change::Catalog { key: String::from_utf8_lossy(other).into() }),
            }
        }
        Ok(())
    }

    fn form(&mut self, old: &Dict, new: &Dict) -> Result<(), Unreadable> {
        for key in differing(old, new) {
            let wrong = Change::Catalog { key: String::from_utf8_lossy(key).into() };
            match key {
                b"Fields" => {
                    let (old, new) =
                        (self.old.view.array(old.get("Fields"))?, self.new.view.array(new.get("Fields"))?);
                    self.list(&old, &new, wrong);
                }
                b"SigFlags" => {}
                _ => self.found.push(wrong),
            }
        }
        Ok(())
    }

    fn page(&mut self, number: u32, old: &Dict, new: &Dict) -> Result<(), Unreadable> {
        for key in differing(old, new) {
            let wrong = Change::Page { object: number, key: String::from_utf8_lossy(key).into() };
            if key == b"Annots" {
                let (old, new) =
                    (self.old.view.array(old.get("Annots"))?, self.new.view.array(new.get("Annots"))?);
                self.list(&old, &new, wrong);
            } else {
                self.found.push(wrong);
            }
        }
        Ok(())
    }

    fn field(&mut self, field: &Field, old: &Dict, new: &Dict) {
        let name = field.name.clone();
        let parent = self.old.signature_field(&field.name);
        let was_signed = parent.is_some_and(|field| *field.dict.get("V") != Object::Null);
        let keys = differing(old, new);
        if field.is_signature && was_signed {
            self.found.push(Change::SignatureChanged { field: name });
        } else if !keys.iter().all(|key| is_one_of(key, &VALUE_KEYS)) {
            self.found.push(Change::FieldChanged { field: name });
        } else if !field.is_signature {
            self.found.push(Change::Filled { field: name });
        } else if !self.new.signature_field(&name).is_some_and(|field| *field.dict.get("V") != Object::Null) {
            // A picture in a field that stays unsigned.
            self.found.push(Change::FieldChanged { field: name });
        }
    }

    /// A list of fields, annotations or evidence that has grown. What was there must stay in its order.
    fn list(&mut self, old: &[Object], new: &[Object], wrong: Change) {
        let Some(added) = added(old, new) else {
            self.found.push(wrong);
            return;
        };
        for member in added {
            let change = self.member(member);
            self.found.extend(change.unwrap_or(Some(wrong.clone())));
        }
    }

    /// What a new member of a list is; `Err` when it is nothing that may be added to any.
    fn member(&self, member: &Object) -> Result<Option<Change>, ()> {
        let id = member.reference().ok_or(())?;
        let object = self.new.view.get(id).map_err(|_| ())?;
        let Object::Dict(dict) = &object else {
            return if is_evidence(self.new.view, member) { Ok(Some(Change::Evidence)) } else { Err(()) };
        };
        let was_there = self.old.view.numbered(id.number) != Ok(Object::Null);
        let is_plain = dict.0.iter().all(|(key, _)| is_one_of(key, &WIDGET_KEYS)) && !dict.has_twice();
        let is_signature = self.new.field(id.number).is_some_and(|field| field.is_signature);
        let has_fitting_kind = matches!(dict.get("Subtype"), Object::Null) || dict.is("Subtype", "Widget");
        if is_signature && has_fitting_kind && is_plain && !was_there {
            // Told by the fields.
            return Ok(None);
        }
        match dict.get("Subtype") {
            Object::Name(kind) if *dict.get("Rect") != Object::Null => {
                Ok(Some(Change::AnnotationAdded { kind: String::from_utf8_lossy(kind).into() }))
            }
            _ => Err(()),
        }
    }

    fn store(&mut self, old: &Dict, new: &Dict) -> Result<(), Unreadable> {
        for key in differing(old, new) {
            let wrong = Change::Catalog { key: "DSS".into() };
            match key {
                b"VRI" => {
                    let (old, new) =
                        (self.old.view.dict(old.get("VRI"))?, self.new.view.dict(new.get("VRI"))?);
                    self.lists(&old, &new)?;
                }
                b"Type" => {}
                key if is_one_of(key, &LISTS) => self.grown(old, new, key, wrong)?,
                _ => self.found.push(wrong),
            }
        }
        self.found.push(Change::Evidence);
        Ok(())
    }

    /// The lists of single signatures.
    fn lists(&mut self, old: &Dict, new: &Dict) -> Result<(), Unreadable> {
        for key in differing(old, new) {
            let wrong = Change::Catalog { key: "DSS".into() };
            let is_name = key.len() == 40 && key.iter().all(u8::is_ascii_hexdigit);
            let key = String::from_utf8_lossy(key);
            if !is_name {
                self.found.push(wrong);
                continue;
            }
            let (old, new) = (self.old.view.dict(old.get(&key))?, self.new.view.dict(new.get(&key))?);
            self.evidence(&old, &new, wrong)?;
        }
        Ok(())
    }

    /// The list of a single signature.
    fn evidence(&mut self, old: &Dict, new: &Dict, wrong: Change) -> Result<(), Unreadable> {
        for key in differing(old, new) {
            match key {
                // Since when it is there, by hand or by time-stamp.
                b"Type" | b"TU" | b"TS" => {}
                key if is_one_of(key, &LISTS_OF_ONE) => self.grown(old, new, key, wrong.clone())?,
                _ => self.found.push(wrong.clone()),
            }
        }
        self.found.push(Change::Evidence);
        Ok(())
    }

    fn grown(&mut self, old: &Dict, new: &Dict, key: &[u8], wrong: Change) -> Result<(), Unreadable> {
        let key = String::from_utf8_lossy(key);
        let (old, new) = (self.old.view.array(old.get(&key))?, self.new.view.array(new.get(&key))?);
        let is_evidence = |member: &Object| is_evidence(self.new.view, member);
        // Evidence may be taken out again, as some programs do; what is new must be evidence.
        let is_fine = new.iter().filter(|member| !old.contains(member)).all(is_evidence);
        self.found.extend((!is_fine).then_some(wrong));
        Ok(())
    }

    /// Looks for bytes between the objects of this revision.
    fn between(&mut self, start: u64, mut places: Vec<(u64, u64)>) -> Result<(), Unreadable> {
        let file = self.new.view.file();
        // The newest section is followed by the end of the file.
        let end = if self.section == 0 { file.len() } else { file.sections()[self.section].end };
        places.retain(|(from, _)| *from >= start);
        places.sort_unstable();
        places.push((end, end));
        let mut at = start;
        for (from, to) in places {
            if from > at && !is_nothing(&file.bytes(at..from.min(end))?) {
                self.found.push(Change::Unlisted { at });
                return Ok(());
            }
            at = at.max(to);
        }
        Ok(())
    }
}

/// White space, and the end of a revision.
fn is_nothing(mut bytes: &[u8]) -> bool {
    loop {
        let space = bytes.iter().take_while(|byte| is_space(**byte)).count();
        bytes = &bytes[space..];
        if bytes.is_empty() {
            return true;
        }
        let word = [&b"startxref"[..], b"%%EOF"].into_iter().find_map(|word| bytes.strip_prefix(word));
        let Some(rest) = word else { return false };
        let gap = rest.iter().take_while(|byte| is_space(**byte)).count();
        let digits = rest[gap..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        bytes = &rest[gap + digits..];
    }
}

fn is_one_of(key: &[u8], known: &[&str]) -> bool {
    known.iter().any(|known| known.as_bytes() == key)
}
