//! One revision against the one before it.

use super::Change;
use super::compare::{added, differing, is_same, pictures, references, uses};
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
    let mut known = Uses::new();
    let mut before = State::read(file.at(count), &mut known)?;
    let mut told = 0;
    for section in (0..count).rev() {
        if told > CHANGES_MAX {
            steps[section].push(Change::TooMany);
            continue;
        }
        let after = State::after(file.at(section), &before, &mut known)?;
        let mut step = Step { section, old: &before, new: &after, uses: &known, found: vec![] };
        step.compare()?;
        told += step.found.len();
        steps[section] = step.found;
        before = after;
    }
    Ok(steps)
}

/// Changes told of all revisions, and of one.
const CHANGES_MAX: usize = 10_000;
const CHANGES_OF_ONE: usize = 1_000;

/// As what each object was ever referred to.
type Uses = HashMap<u32, u8>;

/// A revision, and what is asked of it often.
struct State<'f, 'a> {
    view: View<'f, 'a>,
    root: Option<Id>,
    catalog: Dict,
    fields: Vec<Field>,
    by_number: HashMap<u32, usize>,
    /// Fields that have a name of their own, by it.
    by_name: HashMap<String, usize>,
    /// Which fields show a picture: whether one of them is a signature, and the first.
    by_picture: HashMap<u32, (bool, usize)>,
    /// Numbers that references lead to where there is nothing.
    dangling: HashSet<u32>,
}

impl<'f, 'a> State<'f, 'a> {
    /// The revision with all its references.
    fn read(view: View<'f, 'a>, known: &mut Uses) -> Result<State<'f, 'a>, Unreadable> {
        let mut numbers: Vec<u32> = vec![];
        for section in 0.. {
            match view.section(section) {
                Some(section) => numbers.extend(section.entries.iter().map(|(number, _)| *number)),
                None => break,
            }
        }
        numbers.sort_unstable();
        numbers.dedup();
        add_references(view, numbers.into_iter(), known)?;
        let dangling = known.keys().copied().collect();
        State::of(view, dangling)
    }

    /// The next one, with what it adds.
    fn after(
        view: View<'f, 'a>,
        before: &State<'_, '_>,
        known: &mut Uses,
    ) -> Result<State<'f, 'a>, Unreadable> {
        let mut dangling = before.dangling.clone();
        if let Some(section) = view.section(0) {
            let numbers = section.entries.iter().map(|(number, _)| *number);
            dangling.extend(add_references(view, numbers, known)?);
        }
        State::of(view, dangling)
    }

    fn of(view: View<'f, 'a>, mut dangling: HashSet<u32>) -> Result<State<'f, 'a>, Unreadable> {
        dangling.retain(|number| matches!(view.entry(*number), None | Some(Entry::Free)));
        let fields = fields(view)?;
        let (mut by_number, mut by_name, mut by_picture) = (HashMap::new(), HashMap::new(), HashMap::new());
        for (at, field) in fields.iter().enumerate() {
            by_number.extend(field.id.map(|id| (id.number, at)));
            if !field.is_widget_only {
                by_name.entry(field.name.clone()).or_insert(at);
            }
            for picture in pictures(field.dict.get("AP")) {
                let known = by_picture.entry(picture).or_insert((field.is_signature, at));
                known.0 |= field.is_signature;
            }
        }
        let root = view.trailer().get("Root").reference();
        let catalog = view.catalog()?;
        Ok(State { view, root, catalog, fields, by_number, by_name, by_picture, dangling })
    }

    fn field(&self, number: u32) -> Option<&Field> {
        self.by_number.get(&number).map(|at| &self.fields[*at])
    }

    /// A field by its full name.
    fn named(&self, name: &str) -> Option<&Field> {
        self.by_name.get(name).map(|at| &self.fields[*at])
    }

    /// A signature field by its name.
    fn signature_field(&self, name: &str) -> Option<&Field> {
        self.named(name).filter(|field| field.is_signature)
    }
}

/// Notes whatever is referred to by these objects, and answers what was not known. One that cannot be read
/// refers to nothing a reader could follow.
fn add_references(
    view: View<'_, '_>,
    numbers: impl Iterator<Item = u32>,
    known: &mut Uses,
) -> Result<Vec<u32>, Unreadable> {
    let (mut found, mut new) = (vec![], vec![]);
    references(&Object::Dict(view.trailer().clone()), uses::ELSEWHERE, &mut found);
    for number in numbers {
        match view.numbered(number) {
            Ok(object) => references(&object, uses::ELSEWHERE, &mut found),
            Err(Unreadable::Malformed { .. }) => {}
            Err(why) => return Err(why),
        }
        for (number, as_what) in found.drain(..) {
            *known.entry(number).or_insert_with(|| {
                new.push(number);
                0
            }) |= as_what;
        }
    }
    Ok(new)
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

/// A list before and after.
type Lists = (Vec<Object>, Vec<Object>);

struct Step<'s, 'f, 'a> {
    section: usize,
    old: &'s State<'f, 'a>,
    new: &'s State<'f, 'a>,
    uses: &'s Uses,
    found: Vec<Change>,
}

/// What a document's information says (14.3.3), none of which means anything elsewhere.
const INFO_KEYS: [&str; 9] =
    ["Title", "Author", "Subject", "Keywords", "Creator", "Producer", "CreationDate", "ModDate", "Trapped"];

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
            self.tell(Change::Unlisted { at: section.offset });
            return Ok(());
        }
        places.extend(section.beside);
        places.push((section.offset, section.end));
        self.between(older.end, places)
    }

    /// Notes a change, as long as there are not too many.
    fn tell(&mut self, change: Change) {
        if self.found.len() < CHANGES_OF_ONE {
            self.found.push(change);
        } else if self.found.len() == CHANGES_OF_ONE {
            self.found.push(Change::TooMany);
        }
    }

    fn trailer(&mut self) {
        let (old, new) = (self.old.view.trailer(), self.new.view.trailer());
        if self.old.root != self.new.root {
            self.tell(Change::Catalog { key: "Root".into() });
        }
        if *new.get("Info") != Object::Null && old.get("Info") != new.get("Info") {
            self.tell(Change::Information);
        }
    }

    /// Signatures and signature fields that were not there.
    fn new_fields(&mut self) -> Result<(), Unreadable> {
        for field in self.new.fields.iter().filter(|field| !field.is_widget_only) {
            let known = self.old.named(&field.name);
            if !field.is_signature {
                // Its widgets are annotations; a field without one is told here.
                if known.is_none() {
                    self.tell(Change::FieldChanged { field: field.name.clone() });
                }
                continue;
            }
            let is_seen = self.is_seen(field)?;
            let was_signed = known.is_some_and(|known| *known.dict.get("V") != Object::Null);
            let value = field.dict.get("V");
            if *value != Object::Null && !was_signed {
                let signature = self.new.view.dict(value)?;
                let field = field.name.clone();
                // A time-stamp that shows something is no more than any signature.
                let is_stamp = signature.is("Type", "DocTimeStamp")
                    && signature.is("SubFilter", "ETSI.RFC3161")
                    && !is_seen;
                self.tell(if is_stamp { Change::Stamped { field } } else { Change::Signed { field } });
            } else if *value == Object::Null && known.is_none() {
                let field_name = field.name.clone();
                // Only a signature explains a picture.
                let shows = is_seen && (*field.dict.get("AP") != Object::Null || !field.kids.is_empty());
                self.tell(match shows {
                    true => Change::FieldChanged { field: field_name },
                    false => Change::FieldAdded { field: field_name },
                });
            }
        }
        Ok(())
    }

    /// Whether a field takes any room on a page; one whose widgets are elsewhere is taken to.
    fn is_seen(&self, field: &Field) -> Result<bool, Unreadable> {
        let mut sides = vec![];
        for side in self.new.view.array(field.dict.get("Rect"))? {
            sides.extend(self.new.view.resolve(&side)?.number());
        }
        let is_flat = match sides[..] {
            [left, bottom, right, top] => left == right || bottom == top,
            ref other => other.is_empty(),
        };
        Ok(!is_flat || !field.kids.is_empty())
    }

    fn object(&mut self, number: u32, entry: Entry, signed_end: u64) -> Result<(), Unreadable> {
        let old = self.old.view.numbered(number);
        let new = self.new.view.numbered(number);
        let (Ok(old), Ok(new)) = (old, new) else {
            self.tell(Change::Replaced { object: number });
            return Ok(());
        };
        if is_same((self.old.view, &old), (self.new.view, &new))? {
            return Ok(());
        }
        let is_of_old = matches!(entry, Entry::At { offset, .. } if offset < signed_end);
        if is_of_old || (old == Object::Null && self.old.dangling.contains(&number)) {
            self.tell(Change::Uncovered { object: number });
        }
        if old == Object::Null {
            return Ok(());
        }
        if new == Object::Null {
            self.tell(Change::Removed { object: number });
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
                self.list(old, new, replaced, self.is_only(number, uses::EVIDENCE));
                return Ok(());
            }
            (Object::Stream(old, _), Object::Stream(new, _)) => {
                let is_metadata = old.is("Type", "Metadata") && new.is("Type", "Metadata");
                let is_harmless = is_metadata && self.is_only(number, uses::METADATA);
                let looks = self.is_only(number, uses::LOOKS).then(|| self.looks(number));
                self.tell(if is_harmless { Change::Information } else { looks.unwrap_or(replaced) });
                return Ok(());
            }
            _ => {
                self.tell(replaced);
                return Ok(());
            }
        };
        let dss = self.old.catalog.get("DSS").clone();
        if self.old.root.is_some_and(|id| id.number == number) {
            return self.catalog(old_dict, new_dict);
        } else if is(self.old.catalog.get("AcroForm")) {
            self.form(old_dict, new_dict)?;
        } else if let Some(field) = self.old.field(number) {
            self.field(field, old_dict, new_dict, self.is_only(number, uses::MEMBER));
        } else if self.is_only(number, uses::INFO)
            && differing(old_dict, new_dict).iter().all(|key| is_one_of(key, &INFO_KEYS))
        {
            self.tell(Change::Information);
        } else if old_dict.is("Type", "Page") {
            self.page(number, old_dict, new_dict)?;
        } else if is(&dss) && self.is_only(number, uses::STORE) {
            self.store(old_dict, new_dict)?;
        } else if is(self.old.view.dict(&dss)?.get("VRI")) && self.is_only(number, uses::STORE) {
            self.lists(old_dict, new_dict)?;
        } else if self.is_only(number, uses::STORE) {
            self.evidence(old_dict, new_dict, replaced)?;
        } else if old_dict.is("Type", "Annot") || *old_dict.get("Rect") != Object::Null {
            self.tell(Change::AnnotationChanged { object: number });
        } else {
            self.tell(replaced);
        }
        Ok(())
    }

    /// What it means that a picture of fields or of an annotation is another one.
    fn looks(&self, number: u32) -> Change {
        let Some((is_signature, at)) = self.old.by_picture.get(&number) else {
            return Change::AnnotationChanged { object: number };
        };
        let field = self.old.fields[*at].name.clone();
        if *is_signature { Change::SignatureChanged { field } } else { Change::Filled { field } }
    }

    /// Whether an object was never referred to otherwise.
    fn is_only(&self, number: u32, as_what: u8) -> bool {
        self.uses.get(&number) == Some(&as_what)
    }

    /// The dictionaries under a key, before and after; `None` when it is something else now.
    fn dicts(&self, old: &Dict, new: &Dict, key: &str) -> Result<Option<(Dict, Dict)>, Unreadable> {
        let old = self.old.view.dict(old.get(key))?;
        Ok(match self.new.view.resolve(new.get(key))? {
            Object::Dict(new) => Some((old, new)),
            Object::Null => Some((old, Dict::default())),
            _ => None,
        })
    }

    /// The lists under a key, before and after; `None` when it is something else now.
    fn lists_of(&self, old: &Dict, new: &Dict, key: &str) -> Result<Option<Lists>, Unreadable> {
        let old = self.old.view.array(old.get(key))?;
        Ok(match self.new.view.resolve(new.get(key))? {
            Object::Array(new) => Some((old, new)),
            Object::Null => Some((old, vec![])),
            _ => None,
        })
    }

    fn catalog(&mut self, old: &Dict, new: &Dict) -> Result<(), Unreadable> {
        for key in differing(old, new) {
            let wrong = Change::Catalog { key: String::from_utf8_lossy(key).into() };
            match key {
                b"AcroForm" => match self.dicts(old, new, "AcroForm")? {
                    Some((old, new)) => self.form(&old, &new)?,
                    None => self.tell(wrong),
                },
                b"DSS" => match self.dicts(old, new, "DSS")? {
                    Some((old, new)) => self.store(&old, &new)?,
                    None => self.tell(wrong),
                },
                // What the file is written by, and what describes it.
                b"Extensions" | b"Version" | b"Metadata" => {
                    let name = String::from_utf8_lossy(key);
                    let is_harmless = match self.new.view.resolve(new.get(&name))? {
                        Object::Stream(dict, _) => dict.is("Type", "Metadata") && dict.is("Subtype", "XML"),
                        Object::Dict(_) | Object::Name(_) | Object::Null => true,
                        _ => false,
                    };
                    self.tell(if is_harmless { Change::Information } else { wrong });
                }
                _ => self.tell(wrong),
            }
        }
        Ok(())
    }

    fn form(&mut self, old: &Dict, new: &Dict) -> Result<(), Unreadable> {
        for key in differing(old, new) {
            let wrong = Change::Catalog { key: String::from_utf8_lossy(key).into() };
            match key {
                b"Fields" => match self.lists_of(old, new, "Fields")? {
                    Some((old, new)) => self.list(&old, &new, wrong, false),
                    None => self.tell(wrong),
                },
                b"SigFlags" => {}
                _ => self.tell(wrong),
            }
        }
        Ok(())
    }

    fn page(&mut self, number: u32, old: &Dict, new: &Dict) -> Result<(), Unreadable> {
        for key in differing(old, new) {
            let wrong = Change::Page { object: number, key: String::from_utf8_lossy(key).into() };
            match self.lists_of(old, new, "Annots")?.filter(|_| key == b"Annots") {
                Some((old, new)) => self.list(&old, &new, wrong, false),
                None => self.tell(wrong),
            }
        }
        Ok(())
    }

    /// A field or widget; one that is anything else besides, such as the resources of a page, has nothing
    /// filled in.
    fn field(&mut self, field: &Field, old: &Dict, new: &Dict, is_nothing_else: bool) {
        let name = field.name.clone();
        let parent = self.old.signature_field(&field.name);
        let was_signed = parent.is_some_and(|field| *field.dict.get("V") != Object::Null);
        let keys = differing(old, new);
        if field.is_signature && was_signed {
            self.tell(Change::SignatureChanged { field: name });
        } else if !is_nothing_else || !keys.iter().all(|key| is_one_of(key, &VALUE_KEYS)) {
            self.tell(Change::FieldChanged { field: name });
        } else if !field.is_signature {
            self.tell(Change::Filled { field: name });
        } else if !self.new.signature_field(&name).is_some_and(|field| *field.dict.get("V") != Object::Null) {
            // A picture in a field that stays unsigned.
            self.tell(Change::FieldChanged { field: name });
        }
    }

    /// A list of fields, annotations or evidence that has grown. What was there must stay in its order.
    fn list(&mut self, old: &[Object], new: &[Object], wrong: Change, may_be_evidence: bool) {
        let Some(added) = added(old, new) else {
            self.tell(wrong);
            return;
        };
        for member in added {
            let change = self.member(member, may_be_evidence);
            if let Some(change) = change.unwrap_or(Some(wrong.clone())) {
                self.tell(change);
            }
        }
    }

    /// What a new member of a list is; `Err` when it is nothing that may be added to any.
    fn member(&self, member: &Object, may_be_evidence: bool) -> Result<Option<Change>, ()> {
        let id = member.reference().ok_or(())?;
        let object = self.new.view.get(id).map_err(|_| ())?;
        let Object::Dict(dict) = &object else {
            let is_fine = may_be_evidence && is_evidence(self.new.view, member);
            return if is_fine { Ok(Some(Change::Evidence)) } else { Err(()) };
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
                b"VRI" => match self.dicts(old, new, "VRI")? {
                    Some((old, new)) => self.lists(&old, &new)?,
                    None => self.tell(wrong),
                },
                b"Type" => {}
                key if is_one_of(key, &LISTS) => self.grown(old, new, key, wrong)?,
                _ => self.tell(wrong),
            }
        }
        self.tell(Change::Evidence);
        Ok(())
    }

    /// The lists of single signatures.
    fn lists(&mut self, old: &Dict, new: &Dict) -> Result<(), Unreadable> {
        for key in differing(old, new) {
            let wrong = Change::Catalog { key: "DSS".into() };
            let is_name = key.len() == 40 && key.iter().all(u8::is_ascii_hexdigit);
            let key = String::from_utf8_lossy(key);
            if !is_name {
                self.tell(wrong);
                continue;
            }
            match self.dicts(old, new, &key)? {
                Some((old, new)) => self.evidence(&old, &new, wrong)?,
                None => self.tell(wrong),
            }
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
                _ => self.tell(wrong.clone()),
            }
        }
        self.tell(Change::Evidence);
        Ok(())
    }

    fn grown(&mut self, old: &Dict, new: &Dict, key: &[u8], wrong: Change) -> Result<(), Unreadable> {
        let key = String::from_utf8_lossy(key);
        let Some((old, new)) = self.lists_of(old, new, &key)? else {
            self.tell(wrong);
            return Ok(());
        };
        // Evidence may be taken out again, as some programs do; what is new must be evidence.
        let known: HashSet<Id> = old.iter().filter_map(Object::reference).collect();
        let is_fine = |member: &Object| {
            member.reference().is_some_and(|id| known.contains(&id)) || is_evidence(self.new.view, member)
        };
        if !new.iter().all(is_fine) {
            self.tell(wrong);
        }
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
                self.tell(Change::Unlisted { at });
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
