//! The check-list of a paper dossier: which papers were handed over, how many originals and copies
//! of each, and which originals go back with the result.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use web::{FieldError, RawForm};

use crate::custody;
use crate::desk::words::{kept, say};
use crate::procedure::Procedure;
use crate::procedure::model::Component;

/// Sheets of one paper, as custody counts them.
const COUNT_MAX: u32 = 99;

/// The list as it was filled in.
#[derive(Clone, Default)]
pub struct Ticked {
    /// Ids of what was handed over.
    present: Vec<String>,
    /// Of those, the originals that go back with the result.
    keep: Vec<String>,
    /// What was typed for originals, certified copies and copies, by id.
    counts: BTreeMap<String, [String; 3]>,
}

/// A line of the list.
pub struct Paper {
    pub id: String,
    pub name: String,
    pub small: String,
    pub ticked: bool,
    pub original: bool,
    pub originals: String,
    pub certified: String,
    pub copies: String,
    pub error: String,
}

/// A paper that lies on the counter.
struct Handed<'p> {
    component: &'p Component,
    originals: u32,
    certified: u32,
    copies: u32,
    keep: bool,
}

impl Ticked {
    /// Reads the form. One tick for all stands for every required paper, in the catalogue's numbers.
    pub fn of(form: &RawForm, p: &Procedure) -> Ticked {
        let mut present: Vec<String> = form.all("present").map(str::to_string).collect();
        if form.get("all") == Some("1") {
            let rest = needed(p).filter(|c| !present.contains(&c.id)).map(|c| c.id.clone());
            present.extend(rest.collect::<Vec<_>>());
        }
        let typed = |c: &Component| {
            let text = |what: &str, by_list: u32| {
                form.get(&format!("{what}.{}", c.id)).map_or_else(|| by_list.to_string(), str::to_string)
            };
            let [originals, copies] = listed(c);
            (c.id.clone(), [text("originals", originals), text("certified", 0), text("copies", copies)])
        };
        Ticked {
            present,
            keep: form.all("original").map(str::to_string).collect(),
            counts: p.papers().map(typed).collect(),
        }
    }

    fn typed(&self, c: &Component) -> [String; 3] {
        let [originals, copies] = listed(c);
        let by_list = || [originals, 0, copies].map(|n| n.to_string());
        self.counts.get(&c.id).cloned().unwrap_or_else(by_list)
    }

    /// The papers on the counter, or every count that is none.
    fn handed<'p>(&self, p: &'p Procedure) -> Result<Vec<Handed<'p>>, Vec<FieldError>> {
        let (mut handed, mut wrong) = (Vec::new(), Vec::new());
        for component in p.papers().filter(|c| self.present.contains(&c.id)) {
            let keep = self.keep.contains(&component.id);
            match self.typed(component).map(|text| count(&text)) {
                [Some(originals), Some(certified), Some(copies)]
                    if originals + certified + copies > 0 && (originals > 0 || !keep) =>
                {
                    handed.push(Handed { component, originals, certified, copies, keep });
                }
                _ => wrong.push(FieldError::new(
                    format!("originals.{}", component.id),
                    say("intake.count", &[("name", &component.name), ("most", &COUNT_MAX.to_string())]),
                )),
            }
        }
        if wrong.is_empty() { Ok(handed) } else { Err(wrong) }
    }

    /// What is wrong with the counts.
    pub fn faults(&self, p: &Procedure) -> Vec<FieldError> {
        self.handed(p).err().unwrap_or_default()
    }

    /// The papers that every case needs and that were not ticked.
    pub fn missing(&self, p: &Procedure) -> Vec<String> {
        needed(p).filter(|c| !self.present.contains(&c.id)).map(|c| c.name.clone()).collect()
    }

    /// What was handed over, in words for the log and the citizen.
    pub fn told(&self, p: &Procedure) -> String {
        let line = |h: &Handed| {
            let part = |key: &str, n: u32| (n > 0).then(|| kept(key, &[("n", &n.to_string())]));
            let parts = [
                part("intake.originals", h.originals),
                part("intake.certified", h.certified),
                part("intake.copies", h.copies),
            ];
            let parts: Vec<String> = parts.into_iter().flatten().collect();
            format!("{} ({})", h.component.name, parts.join(", "))
        };
        let names: Vec<String> = self.handed(p).unwrap_or_default().iter().map(line).collect();
        if names.is_empty() { String::new() } else { kept("intake.handed", &[("names", &names.join("; "))]) }
    }

    /// The same as the log keeps it, for form 01.
    pub fn details(&self, p: &Procedure) -> Value {
        let line = |h: &Handed| {
            json!({ "component": h.component.id, "originals": h.originals, "certified": h.certified,
                "copies": h.copies })
        };
        let papers: Vec<Value> = self.handed(p).unwrap_or_default().iter().map(line).collect();
        if papers.is_empty() { json!({}) } else { json!({ "papers": papers }) }
    }

    /// The originals that go back with the result.
    pub fn kept(&self, p: &Procedure) -> Vec<custody::Taken> {
        let taken = |h: &Handed| custody::Taken {
            component: h.component.id.clone(),
            name: h.component.name.clone(),
            form: custody::FORMS[0],
            count: h.originals.into(),
        };
        self.handed(p).unwrap_or_default().iter().filter(|h| h.keep).map(taken).collect()
    }

    /// The lines of the form.
    pub fn lines(&self, p: &Procedure, errors: &[FieldError]) -> Vec<Paper> {
        p.papers().map(|c| self.line(c, errors)).collect()
    }

    fn line(&self, c: &Component, errors: &[FieldError]) -> Paper {
        let by_list = |key: &str, n: u32| (n > 0).then(|| say(key, &[("n", &n.to_string())]));
        let asked = match (&c.when, c.required) {
            (Some(_), _) => Some(say("intake.when", &[])),
            (None, true) => Some(say("intake.required", &[])),
            (None, false) => None,
        };
        let parts = [asked, by_list("intake.originals", c.originals), by_list("intake.copies", c.copies)];
        let [originals, certified, copies] = self.typed(c);
        let field = format!("originals.{}", c.id);
        let error = errors.iter().find(|e| e.field == field).map(|e| e.message.clone());
        Paper {
            id: c.id.clone(),
            name: c.name.clone(),
            small: parts.into_iter().flatten().collect::<Vec<_>>().join(" · "),
            ticked: self.present.contains(&c.id),
            original: self.keep.contains(&c.id),
            originals,
            certified,
            copies,
            error: error.unwrap_or_default(),
        }
    }
}

/// What every case needs.
fn needed(p: &Procedure) -> impl Iterator<Item = &Component> {
    p.papers().filter(|c| c.required && c.when.is_none())
}

/// Originals and copies by the catalogue; where it says neither, one original is the likely one, and
/// the clerk sees the number before it counts.
fn listed(c: &Component) -> [u32; 2] {
    if c.originals + c.copies == 0 { [1, 0] } else { [c.originals, c.copies] }
}

fn count(text: &str) -> Option<u32> {
    let text = text.trim();
    let number = if text.is_empty() { Some(0) } else { text.parse().ok() };
    number.filter(|n| *n <= COUNT_MAX)
}
