//! `cuulong procedure report`: what contradicts itself in the catalogue as it was imported, grouped
//! by kind, with the code and the remedy. The national master data is dirty (units lost, junk
//! codes, fees that differ in one cell and the next); here it is named, not mended.

use std::collections::BTreeMap;
use std::fmt::Write;

use base::Limit;
use base::text::fold;
use serde::Serialize;
use web::words::Lang;

use super::model::{Level, Procedure};
use super::words::WORDS;

/// The kinds of contradiction, in the order of the report.
pub const KINDS: [&str; 18] = [
    "limit_unknown",
    "limit_unit_lost",
    "limit_not_at_portal",
    "limit_differs",
    "fee_unknown",
    "fee_local",
    "fee_odd",
    "decision_odd",
    "result_code_odd",
    "result_code_missing",
    "result_code_shared",
    "result_cut",
    "result_is_a_paper",
    "name_twice",
    "level_of_agency",
    "basis_odd",
    "basis_near_twice",
    "noted",
];

/// Names of results were cut at this length, in characters.
const CUT_AT: usize = 140;
/// No fee of the state is smaller: smaller figures lost their thousands. Whole đồng.
const FEE_LEAST: i64 = 1_000;

/// One contradiction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    pub kind: &'static str,
    pub code: String,
    /// What the source says.
    pub fact: String,
}

/// Every contradiction in these procedures, by kind and code.
pub fn contradictions(procedures: &[&Procedure]) -> Vec<Item> {
    let mut found = Vec::new();
    for p in procedures {
        limit(p, &mut found);
        fees(p, &mut found);
        result(p, &mut found);
        papers(p, &mut found);
        let noted = p.doubts.iter().map(|text| item("noted", p, text));
        found.extend(noted);
    }
    shared(procedures, &mut found);
    let place = |kind: &str| KINDS.iter().position(|known| *known == kind);
    found.sort_by(|a, b| (place(a.kind), &a.code).cmp(&(place(b.kind), &b.code)));
    found
}

fn item(kind: &'static str, p: &Procedure, fact: impl Into<String>) -> Item {
    Item { kind, code: p.code.clone(), fact: fact.into() }
}

fn limit(p: &Procedure, found: &mut Vec<Item>) {
    let portal = p.source.portal_limit.as_deref().unwrap_or_default().trim();
    let Some(own) = p.limit else {
        return found.push(item("limit_unknown", p, portal));
    };
    let bare = !portal.is_empty() && portal.bytes().all(|byte| byte.is_ascii_digit());
    if bare {
        found.push(item("limit_unit_lost", p, format!("{portal} → {own}")));
    }
    match read_limit(portal) {
        Some(read) if read != own => found.push(item("limit_differs", p, format!("{portal} ≠ {own}"))),
        None if !bare => found.push(item("limit_not_at_portal", p, format!("{portal} → {own}"))),
        _ => {}
    }
}

/// A limit as the portal prints one: "3 Ngày làm việc", "20 Ngày", "8 Giờ làm việc".
fn read_limit(text: &str) -> Option<Limit> {
    let folded = fold(text);
    let (number, unit) = folded.split_once(' ')?;
    let n: u32 = number.parse().ok()?;
    match unit.trim() {
        "ngay lam viec" => Some(Limit::WorkingDays(n)),
        "ngay" => Some(Limit::CalendarDays(n)),
        "gio lam viec" | "gio" => Some(Limit::WorkingHours(n)),
        _ => None,
    }
}

fn fees(p: &Procedure, found: &mut Vec<Item>) {
    for fee in &p.fees {
        let note = fee.note.as_deref().unwrap_or_default();
        let set_locally = |text: &str| fold(text).contains("muc thu do hdnd");
        let local = set_locally(note) || p.doubts.iter().any(|doubt| set_locally(doubt));
        match fee.amount {
            None => found.push(item("fee_unknown", p, format!("{}: {note}", fee.name))),
            Some(amount) if amount > 0 && local => {
                found.push(item("fee_local", p, format!("{}: {amount}", fee.name)));
            }
            Some(amount) if amount > 0 && amount < FEE_LEAST => {
                found.push(item("fee_odd", p, format!("{}: {amount}", fee.name)));
            }
            Some(_) => {}
        }
    }
}

fn result(p: &Procedure, found: &mut Vec<Item>) {
    match &p.result.code {
        None => found.push(item("result_code_missing", p, &p.result.name)),
        Some(code) if !super::check::is_ministry_code(code) => {
            found.push(item("result_code_odd", p, code));
        }
        Some(_) => {}
    }
    let name = &p.result.name;
    let open = name.matches('(').count() > name.matches(')').count();
    if name.chars().count() >= CUT_AT || open {
        found.push(item("result_cut", p, name));
    }
    if p.components.iter().any(|component| fold(&component.name) == fold(name)) {
        found.push(item("result_is_a_paper", p, name));
    }
    if let Some(decision) = &p.decision
        && !is_document(decision)
    {
        found.push(item("decision_odd", p, decision));
    }
}

/// `163/QĐ-BTP`, `123/2015/NĐ-CP`, `60/2014/QH13`: a number, perhaps a year, and a symbol.
fn is_document(id: &str) -> bool {
    let parts: Vec<&str> = id.split('/').collect();
    let number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let symbol = |text: &str| text.starts_with(char::is_alphabetic) && !text.contains(' ');
    match parts.as_slice() {
        [first, last] => number(first) && symbol(last),
        [first, year, last] => number(first) && year.len() == 4 && number(year) && symbol(last),
        _ => false,
    }
}

/// The legal basis, and the levels against the agency.
fn papers(p: &Procedure, found: &mut Vec<Item>) {
    for (i, basis) in p.legal_basis.iter().enumerate() {
        if !is_document(&basis.id) {
            found.push(item("basis_odd", p, &basis.id));
        }
        let head = |id: &str| id.rsplit_once('/').map(|(head, _)| head.to_owned());
        let near = p.legal_basis[..i].iter().find(|other| {
            let (a, b) = (&basis.id, &other.id);
            head(a) == head(b) && (a.starts_with(b.as_str()) || b.starts_with(a.as_str()))
        });
        if let Some(other) = near {
            found.push(item("basis_near_twice", p, format!("{} ~ {}", other.id, basis.id)));
        }
    }
    let agency = fold(&p.agency);
    let named = [("cap xa", Level::Commune), ("cap huyen", Level::District), ("cap tinh", Level::Province)];
    for (word, level) in named {
        if agency.contains(word) && !p.levels.contains(&level) {
            found.push(item("level_of_agency", p, &p.agency));
        }
    }
    if agency.contains("cap xa") && p.levels.contains(&Level::Ministry) {
        found.push(item("level_of_agency", p, format!("{} + ministry", p.agency)));
    }
}

/// What two procedures share that each should have alone.
fn shared(procedures: &[&Procedure], found: &mut Vec<Item>) {
    let mut by_code: BTreeMap<&str, Vec<&Procedure>> = BTreeMap::new();
    let mut by_name: BTreeMap<String, Vec<&Procedure>> = BTreeMap::new();
    for p in procedures {
        if let Some(code) = &p.result.code {
            by_code.entry(code).or_default().push(p);
        }
        by_name.entry(fold(&p.name)).or_default().push(p);
    }
    for (code, several) in by_code {
        for p in &several[1..] {
            if fold(&p.result.name) != fold(&several[0].result.name) {
                found.push(item("result_code_shared", p, format!("{code}: {}", several[0].code)));
            }
        }
    }
    for several in by_name.into_values() {
        for p in &several[1..] {
            found.push(item("name_twice", p, format!("{} = {}", p.name, several[0].code)));
        }
    }
}

/// What a kind is called, and what to do about it.
pub fn heading(kind: &str, lang: Lang) -> (String, String) {
    (WORDS.tr(lang, &format!("import.{kind}"), &[]), WORDS.tr(lang, &format!("import_remedy.{kind}"), &[]))
}

/// The report as text, kind by kind.
pub fn text(procedures: usize, found: &[Item], lang: Lang) -> String {
    let mut out = WORDS.tr(
        lang,
        "import_report.head",
        &[("procedures", &procedures.to_string()), ("n", &found.len().to_string())],
    );
    out.push('\n');
    for kind in KINDS {
        let items: Vec<&Item> = found.iter().filter(|item| item.kind == kind).collect();
        if items.is_empty() {
            continue;
        }
        let (title, remedy) = heading(kind, lang);
        // Writing to a String cannot fail.
        let word = WORDS.tr(lang, "check.remedy", &[]);
        let _ = writeln!(out, "\n{title}: {}\n  {word}: {remedy}", items.len());
        for item in items {
            let _ = writeln!(out, "  {}  {}", item.code, item.fact);
        }
    }
    out
}

#[cfg(test)]
mod tests;
