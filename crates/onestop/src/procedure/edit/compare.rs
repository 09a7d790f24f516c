//! Two versions of a procedure beside each other: what changed by its meaning, and by its lines.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::procedure::model::{Channel, Component, Fee, Form, Level, Procedure, Step, When};
use crate::procedure::signers::Signer;

/// One thing that is not the same in both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The end of a key of `part`: `name`, `limit`, `fee`, `component`, `field`, `page`, `step` …
    pub part: &'static str,
    /// Which one of several: an id, a name, a field.
    pub which: String,
    /// Empty where there was none.
    pub before: String,
    /// Empty where there is none any more.
    pub after: String,
}

/// Everything that differs, in the order of the file.
pub fn changes(old: &Procedure, new: &Procedure) -> Vec<Change> {
    let mut out = Vec::new();
    let mut single = |part: &'static str, before: String, after: String| {
        if before != after {
            out.push(Change { part, which: String::new(), before, after });
        }
    };
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let limit = |p: &Procedure| p.limit.map(web::due::limit_text).unwrap_or_default();
    single("name", old.name.clone(), new.name.clone());
    single("field_of", old.field.clone(), new.field.clone());
    single("agency", old.agency.clone(), new.agency.clone());
    single("levels", levels(&old.levels), levels(&new.levels));
    single("channels", channels(&old.channels), channels(&new.channels));
    single("online", yes(old.online), yes(new.online));
    let day = base::format::date_vn;
    single("valid_from", day(old.valid_from), day(new.valid_from));
    let last = |p: &Procedure| p.valid_to.map(day).unwrap_or_default();
    single("valid_to", last(old), last(new));
    single("limit", limit(old), limit(new));
    single("limit_note", text(&old.limit_note), text(&new.limit_note));
    single("decision", text(&old.decision), text(&new.decision));
    single("notes", text(&old.notes), text(&new.notes));
    single("doubts", old.doubts.join(" "), new.doubts.join(" "));
    single("result", old.result.name.clone(), new.result.name.clone());
    let by = |fees: &[Fee]| fees.iter().map(|f| (f.name.clone(), fee(f))).collect();
    rows("fee", by(&old.fees), by(&new.fees), &mut out);
    let by = |all: &[Component]| all.iter().map(|c| (c.id.clone(), component(c))).collect();
    rows("component", by(&old.components), by(&new.components), &mut out);
    forms(old.form.as_ref(), new.form.as_ref(), &mut out);
    let by = |p: &Procedure| p.signers.iter().map(|s| (s.id.clone(), signer(s))).collect();
    rows("signer", by(old), by(new), &mut out);
    let by = |all: &[Step]| all.iter().map(|s| (s.id.clone(), step(s))).collect();
    rows("step", by(&old.steps), by(&new.steps), &mut out);
    let by = |p: &Procedure| {
        p.legal_basis.iter().map(|b| (b.id.clone(), format!("{} {}", b.id, text(&b.name)))).collect()
    };
    rows("basis", by(old), by(new), &mut out);
    out
}

type Rows = Vec<(String, String)>;

fn rows(part: &'static str, old: Rows, new: Rows, out: &mut Vec<Change>) {
    let before: BTreeMap<&str, &str> = old.iter().map(|(id, said)| (id.as_str(), said.as_str())).collect();
    let after: BTreeMap<&str, &str> = new.iter().map(|(id, said)| (id.as_str(), said.as_str())).collect();
    let gone = old.iter().filter(|(id, _)| !after.contains_key(id.as_str()));
    for (id, _) in new.iter().chain(gone) {
        let said =
            |side: &BTreeMap<&str, &str>| side.get(id.as_str()).copied().unwrap_or_default().to_owned();
        let (before, after) = (said(&before), said(&after));
        if before != after {
            out.push(Change { part, which: id.clone(), before, after });
        }
    }
}

fn forms(old: Option<&Form>, new: Option<&Form>, out: &mut Vec<Change>) {
    let pages = |form: Option<&Form>| -> Rows {
        let pages = form.into_iter().flat_map(|form| &form.pages);
        pages.map(|page| (page.id.clone(), format!("{}: {}", page.title, page.fields.join(", ")))).collect()
    };
    rows("page", pages(old), pages(new), out);
    let fields = |form: Option<&Form>| -> Rows {
        let Some(form) = form else { return Vec::new() };
        form.fields().map(|name| (name.to_owned(), field(form, name))).collect()
    };
    rows("field", fields(old), fields(new), out);
}

/// A question with everything that is judged by.
fn field(form: &Form, name: &str) -> String {
    let mut said = vec![form.title(name).to_owned()];
    if form.is_required(name) {
        said.push("*".to_owned());
    }
    if let Some(Value::Object(property)) = form.property(name) {
        let facts = property.iter().filter(|(key, _)| !matches!(key.as_str(), "title" | "x-when"));
        said.extend(facts.map(|(key, value)| format!("{key}={value}")));
    }
    if let Some(ui) = form.ui(name) {
        said.extend(ui.options.iter().map(|option| format!("{}: {}", option.value, option.label)));
        said.extend(ui.hint.clone());
        said.extend(ui.prefill.iter().map(|from| format!("← {from}")));
    }
    said.extend(form.condition(name).as_ref().map(when));
    said.join(" · ")
}

fn when(when: &When) -> String {
    format!("[{} = {}]", when.field, when.equals)
}

fn fee(f: &Fee) -> String {
    let amount = f.amount.and_then(base::Dong::new).map(base::format::money);
    let parts = [amount, f.unit.clone(), f.note.clone()].into_iter().flatten();
    let channels = (!f.channels.is_empty()).then(|| channels(&f.channels));
    let exempt = f.exempt.iter().map(|who| format!("– {who}"));
    parts.chain(channels).chain(exempt).fold(f.name.clone(), |said, part| format!("{said} · {part}"))
}

fn component(c: &Component) -> String {
    let mut said = vec![c.name.clone(), format!("{}+{}", c.originals, c.copies)];
    said.extend(c.required.then(|| "*".to_owned()));
    said.extend(c.by_form.then(|| "= e-form".to_owned()));
    said.extend(c.note.clone());
    said.extend(c.when.as_ref().map(when));
    said.join(" · ")
}

fn signer(s: &Signer) -> String {
    let mut said = vec![s.name.clone(), format!("{} ({})", s.number, s.person)];
    said.extend(s.group.iter().map(|group| format!("[{group}]")));
    said.extend(s.required.then(|| "*".to_owned()));
    said.extend(s.when.as_ref().map(when));
    said.join(" · ")
}

fn step(s: &Step) -> String {
    let mut said = vec![s.name.clone(), format!("{}@{}", s.role.as_str(), s.unit_kind)];
    said.extend(s.limit.map(web::due::limit_text));
    said.push(format!("→ {}", s.next.join(", ")));
    if !s.may_return_to.is_empty() {
        said.push(format!("← {}", s.may_return_to.join(", ")));
    }
    said.join(" · ")
}

fn levels(all: &[Level]) -> String {
    all.iter().map(|level| level.as_str()).collect::<Vec<_>>().join(", ")
}

fn channels(all: &[Channel]) -> String {
    let word = |channel: &Channel| match channel {
        Channel::Counter => "counter",
        Channel::Online => "online",
        Channel::Post => "post",
    };
    all.iter().map(word).collect::<Vec<_>>().join(", ")
}

fn yes(value: bool) -> String {
    if value { "true".to_owned() } else { "false".to_owned() }
}

/// A line of the comparison by text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line<'t> {
    Same(&'t str),
    Old(&'t str),
    New(&'t str),
}

/// Lines compared one by one at most; beyond them the middle is shown as gone and come.
const COMPARED_MAX: usize = 4_000_000;

/// The lines of both texts: the longest common run of them once, the rest by its side.
pub fn lines<'t>(old: &'t str, new: &'t str) -> Vec<Line<'t>> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let rest = old[head..].iter().rev().zip(new[head..].iter().rev());
    let tail = rest.take_while(|(a, b)| a == b).count();
    let (a, b) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    let mut out: Vec<Line> = old[..head].iter().map(|line| Line::Same(line)).collect();
    if a.len().saturating_mul(b.len()) > COMPARED_MAX {
        out.extend(a.iter().map(|line| Line::Old(line)));
        out.extend(b.iter().map(|line| Line::New(line)));
    } else {
        middle(a, b, &mut out);
    }
    out.extend(old[old.len() - tail..].iter().map(|line| Line::Same(line)));
    out
}

fn middle<'t>(a: &[&'t str], b: &[&'t str], out: &mut Vec<Line<'t>>) {
    // common[i][j]: how many lines a[i..] and b[j..] have in common, in order.
    let width = b.len() + 1;
    let mut common = vec![0_u32; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            common[i * width + j] = if a[i] == b[j] {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            out.push(Line::Same(a[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == b.len() || (i < a.len() && common[(i + 1) * width + j] >= common[i * width + j + 1]) {
            out.push(Line::Old(a[i]));
            i += 1;
        } else {
            out.push(Line::New(b[j]));
            j += 1;
        }
    }
}
