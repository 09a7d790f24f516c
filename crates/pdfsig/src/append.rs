//! An incremental update (ISO 32000-2, 7.5.6): objects appended to a file whose bytes stay as they are, with
//! cross-references of the kind the file has.
//!
//! To a hybrid file a table is added: what the file hides from old readers stays hidden where it is, and the update
//! is for all of them.

use crate::file::{File, Kind, Unreadable};
use crate::object::{Dict, Id, Object};
use pki::key::Digest;
use std::collections::BTreeMap;

/// An update that is being written.
#[derive(Debug)]
pub(crate) struct Update<'f, 'a> {
    file: &'f File<'a>,
    /// What will be appended.
    out: Vec<u8>,
    /// Where in the finished file each object begins.
    places: Vec<(Id, u64)>,
    /// Objects of the file that change, written at the end.
    changed: BTreeMap<Id, Object>,
    next: u32,
}

impl<'f, 'a> Update<'f, 'a> {
    /// Begins an update of `file`.
    pub fn new(file: &'f File<'a>) -> Result<Update<'f, 'a>, Unreadable> {
        let last = file.bytes(file.len() - 1..file.len())?;
        let out = if matches!(last[..], [b'\n' | b'\r']) { vec![] } else { vec![b'\n'] };
        Ok(Update { file, out, places: vec![], changed: BTreeMap::new(), next: file.next_number() })
    }

    /// A number no object has.
    pub fn fresh(&mut self) -> Id {
        self.next += 1;
        Id { number: self.next - 1, generation: 0 }
    }

    /// Writes a new object.
    pub fn put(&mut self, id: Id, object: &Object) {
        self.put_with(id, |out| object.write(out));
    }

    /// Writes a new object and answers its number.
    pub fn add(&mut self, object: &Object) -> Id {
        let id = self.fresh();
        self.put(id, object);
        id
    }

    /// Writes a new stream, `dict` without its length, and answers its number.
    pub fn add_stream(&mut self, mut dict: Dict, bytes: &[u8]) -> Id {
        let id = self.fresh();
        dict.set("Length", Object::Int(bytes.len() as i64));
        self.put_with(id, |out| {
            Object::Dict(dict).write(out);
            out.extend_from_slice(b"\nstream\n");
            out.extend_from_slice(bytes);
            out.extend_from_slice(b"\nendstream");
        });
        id
    }

    /// Writes an object by hand; answers where in the update its contents begin.
    pub fn put_with(&mut self, id: Id, write: impl FnOnce(&mut Vec<u8>)) -> usize {
        self.places.push((id, self.file.len() + self.out.len() as u64));
        self.out.extend_from_slice(format!("{} {} obj\n", id.number, id.generation).as_bytes());
        let start = self.out.len();
        write(&mut self.out);
        self.out.extend_from_slice(b"\nendobj\n");
        start
    }

    /// An object of the file as it will be after this update.
    pub fn get(&self, id: Id) -> Result<Object, Unreadable> {
        match self.changed.get(&id) {
            Some(changed) => Ok(changed.clone()),
            None => self.file.now().get(id),
        }
    }

    /// Changes what is reached from an object by these keys. References on the way are followed, so that the object
    /// is changed that holds it; what is missing becomes a dictionary. `None` when the way is barred by something
    /// that is no dictionary.
    pub fn change(
        &mut self,
        holder: Id,
        keys: &[&str],
        change: impl FnOnce(&mut Object),
    ) -> Result<Option<()>, Unreadable> {
        let (mut holder, mut keys) = (holder, keys);
        for _ in 0..16 {
            let mut object = self.get(holder)?;
            let mut place = &mut object;
            let mut walked = 0;
            let next = loop {
                if let Object::Reference(id) = place {
                    break Some(*id);
                }
                let Some(key) = keys.get(walked) else { break None };
                if *place == Object::Null {
                    *place = Object::Dict(Dict::default());
                }
                let Object::Dict(dict) = place else { return Ok(None) };
                if dict.get_mut(key).is_none() {
                    dict.set(key, Object::Null);
                }
                let Some(inner) = dict.get_mut(key) else { return Ok(None) };
                place = inner;
                walked += 1;
            };
            match next {
                Some(id) => (holder, keys) = (id, &keys[walked..]),
                None => {
                    change(place);
                    self.changed.insert(holder, object);
                    return Ok(Some(()));
                }
            }
        }
        Ok(None)
    }

    /// The bytes to append. The room that is to be filled later is not moved by it.
    pub fn finish(mut self) -> Vec<u8> {
        for (id, object) in std::mem::take(&mut self.changed) {
            self.put(id, &object);
        }
        let start = self.file.len() + self.out.len() as u64;
        let section = &self.file.sections()[0];
        let own = (section.kind == Kind::Stream).then(|| {
            let id = self.fresh();
            self.places.push((id, start));
            id
        });
        let newest = self.file.now().trailer();
        let mut trailer = Dict::default();
        trailer.set("Size", Object::Int(i64::from(self.next)));
        for key in ["Root", "Info"] {
            if *newest.get(key) != Object::Null {
                trailer.set(key, newest.get(key).clone());
            }
        }
        if let Some([first, _]) = newest.get("ID").array() {
            // The second of a file's two names changes with its contents (14.4).
            let mut name = Digest::Sha256.of(&self.out);
            name.truncate(16);
            trailer.set("ID", Object::Array(vec![first.clone(), Object::Text(name)]));
        }
        trailer.set("Prev", Object::Int(section.offset as i64));
        self.places.sort_unstable();
        match own {
            Some(id) => self.stream(id, trailer),
            None => self.table(trailer),
        }
        self.out.extend_from_slice(format!("startxref\n{start}\n%%EOF\n").as_bytes());
        self.out
    }

    /// Runs of numbers that follow each other.
    fn runs(&self) -> impl Iterator<Item = &[(Id, u64)]> {
        self.places.chunk_by(|(one, _), (next, _)| one.number + 1 == next.number)
    }

    fn table(&mut self, trailer: Dict) {
        let mut table = b"xref\n".to_vec();
        for run in self.runs() {
            table.extend_from_slice(format!("{} {}\n", run[0].0.number, run.len()).as_bytes());
            for (id, place) in run {
                table.extend_from_slice(format!("{place:010} {:05} n \n", id.generation).as_bytes());
            }
        }
        table.extend_from_slice(b"trailer\n");
        Object::Dict(trailer).write(&mut table);
        table.push(b'\n');
        self.out.append(&mut table);
    }

    fn stream(&mut self, id: Id, mut dict: Dict) {
        let mut rows = vec![];
        let mut index = vec![];
        for run in self.runs() {
            index.extend([Object::Int(i64::from(run[0].0.number)), Object::Int(run.len() as i64)]);
            for (id, place) in run {
                rows.push(1);
                rows.extend_from_slice(&place.to_be_bytes());
                rows.extend_from_slice(&id.generation.to_be_bytes());
            }
        }
        dict.set("Type", Object::name("XRef"));
        dict.set("W", Object::Array([1, 8, 2].map(Object::Int).to_vec()));
        dict.set("Index", Object::Array(index));
        dict.set("Length", Object::Int(rows.len() as i64));
        self.out.extend_from_slice(format!("{} {} obj\n", id.number, id.generation).as_bytes());
        Object::Dict(dict).write(&mut self.out);
        self.out.extend_from_slice(b"\nstream\n");
        self.out.extend_from_slice(&rows);
        self.out.extend_from_slice(b"\nendstream\nendobj\n");
    }
}
