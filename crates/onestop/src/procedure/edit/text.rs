//! The file of a procedure as a few fields that people change most, and back. What a form does not
//! speak of, comments and order included, stays in the file as it was.

use base::{Day, Limit};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value};

/// Empty lines under each list, for what is to be added.
pub const SPARE: usize = 2;
/// Rows of one list.
pub const ROWS_MAX: usize = 100;

/// A list of the file that a form shows row by row.
pub struct List {
    /// Its key in the file, and the beginning of the names of its fields.
    pub key: &'static str,
    /// What a row without loses its place in the list.
    pub name: &'static str,
    pub columns: &'static [Column],
    /// Rows may be added and taken away by writing in them; the steps have buttons (`super::steps`).
    pub open: bool,
    /// New rows get an id beginning so.
    pub ids: Option<&'static str>,
}

/// One value of a row.
pub struct Column {
    pub key: &'static str,
    pub kind: Kind,
}

/// How a value is typed and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Limit,
    Day,
    /// A whole number; empty is no value.
    Number,
    /// A whole number; empty is 0, which the file leaves out.
    Count,
    Yes,
    /// Shown, not changed.
    Fixed,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Any of these; the file has a list.
    Some(Of),
    /// One of these, or none.
    One(Of),
    /// A condition on one answer: `question="answer"`.
    When,
}

/// What a value is chosen from ([`super::choices`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// The steps of the file.
    Steps,
    /// Questions that ask for a personal number, parts of groups too.
    Numbers,
    /// Questions that may ask for a name.
    People,
    /// Questions that are answered row by row.
    Groups,
    /// A question and one of its answers.
    Cases,
}

const fn column(key: &'static str, kind: Kind) -> Column {
    Column { key, kind }
}

/// The single values of the form.
pub static SINGLE: [Column; 7] = [
    column("name", Kind::Text),
    column("agency", Kind::Text),
    column("valid_from", Kind::Day),
    column("valid_to", Kind::Day),
    column("limit", Kind::Limit),
    column("limit_note", Kind::Text),
    column("decision", Kind::Text),
];

/// The lists of the form.
pub static LISTS: [List; 5] = [
    List {
        key: "fees",
        name: "name",
        columns: &[
            column("name", Kind::Text),
            column("amount", Kind::Number),
            column("unit", Kind::Text),
            column("note", Kind::Text),
        ],
        open: true,
        ids: None,
    },
    List {
        key: "components",
        name: "name",
        columns: &[
            column("id", Kind::Fixed),
            column("name", Kind::Text),
            column("originals", Kind::Count),
            column("copies", Kind::Count),
            column("required", Kind::Yes),
            column("note", Kind::Text),
        ],
        open: true,
        ids: Some("paper"),
    },
    List {
        key: "steps",
        name: "name",
        columns: &[
            column("id", Kind::Fixed),
            column("name", Kind::Text),
            column("role", Kind::Word(&["counter_clerk", "officer", "leader"])),
            column("unit_kind", Kind::Text),
            column("limit", Kind::Limit),
            column("next", Kind::Some(Of::Steps)),
            column("may_return_to", Kind::Some(Of::Steps)),
        ],
        open: false,
        ids: None,
    },
    List {
        key: "signers",
        name: "name",
        columns: &[
            column("id", Kind::Fixed),
            column("name", Kind::Text),
            column("group", Kind::One(Of::Groups)),
            column("number", Kind::One(Of::Numbers)),
            column("person", Kind::One(Of::People)),
            column("when", Kind::When),
            column("required", Kind::Yes),
        ],
        open: true,
        ids: Some("signer"),
    },
    List {
        key: "legal_basis",
        name: "id",
        columns: &[column("id", Kind::Text), column("name", Kind::Text)],
        open: true,
        ids: None,
    },
];

/// Why a typed value does not go into the file: its field and the key of its sentence.
pub type Fault = (String, &'static str);

/// The values of the form as the file has them, by the names of the fields.
pub fn read(source: &str) -> Option<Vec<(String, String)>> {
    let mut doc: DocumentMut = source.parse().ok()?;
    let mut all: Vec<(String, String)> =
        SINGLE.iter().map(|c| (c.key.to_owned(), shown(doc.get(c.key), c.kind))).collect();
    for list in &LISTS {
        let count = rows(&mut doc, list.key);
        for at in 0..count {
            let Some(row) = row(&mut doc, list.key, at) else { continue };
            for c in list.columns {
                all.push((format!("{}.{at}.{}", list.key, c.key), shown(row.get(c.key), c.kind)));
            }
        }
    }
    Some(all)
}

/// How many rows a list of the file has.
pub fn count(source: &str, key: &str) -> usize {
    source.parse::<DocumentMut>().map_or(0, |mut doc| rows(&mut doc, key))
}

fn shown(item: Option<&Item>, kind: Kind) -> String {
    let Some(item) = item else { return String::new() };
    match kind {
        Kind::Number | Kind::Count => item.as_integer().map(|n| n.to_string()).unwrap_or_default(),
        Kind::Yes => item.as_bool().filter(|yes| *yes).map(|_| "1".to_owned()).unwrap_or_default(),
        Kind::Some(_) => {
            let words = item.as_array().into_iter().flatten().filter_map(Value::as_str);
            words.collect::<Vec<_>>().join(", ")
        }
        Kind::When => case(item).unwrap_or_default(),
        _ => item.as_str().unwrap_or_default().to_owned(),
    }
}

/// A condition as a form has it: the question, and the answer as JSON.
fn case(item: &Item) -> Option<String> {
    let when = item.as_table_like()?;
    let (field, equals) = (when.get("field")?.as_str()?, when.get("equals")?.as_value()?);
    let answer = match equals {
        Value::String(word) => serde_json::Value::from(word.value().as_str()),
        Value::Boolean(yes) => serde_json::Value::from(*yes.value()),
        _ => return None,
    };
    Some(format!("{field}={answer}"))
}

fn when(text: &str) -> Option<Value> {
    let (field, answer) = text.split_once('=')?;
    let equals: Value = match serde_json::from_str(answer).ok()? {
        serde_json::Value::String(word) => word.into(),
        serde_json::Value::Bool(yes) => yes.into(),
        _ => return None,
    };
    let mut table = InlineTable::new();
    table.insert("field", field.into());
    table.insert("equals", equals);
    Some(Value::InlineTable(table))
}

fn rows(doc: &mut DocumentMut, key: &str) -> usize {
    match doc.get(key) {
        Some(Item::ArrayOfTables(tables)) => tables.len(),
        Some(Item::Value(Value::Array(array))) => array.len(),
        _ => 0,
    }
}

fn row<'d>(doc: &'d mut DocumentMut, key: &str, at: usize) -> Option<&'d mut dyn TableLike> {
    match doc.get_mut(key)? {
        Item::ArrayOfTables(tables) => tables.get_mut(at).map(|table| table as &mut dyn TableLike),
        Item::Value(Value::Array(array)) => {
            array.get_mut(at)?.as_inline_table_mut().map(|table| table as &mut dyn TableLike)
        }
        _ => None,
    }
}

/// The file with the typed values in it. A field that was not sent keeps its value; a value that is
/// typed as it was leaves its line as it was.
pub fn apply(source: &str, sent: &[(String, String)]) -> Result<String, Vec<Fault>> {
    let sent = joined(sent);
    let typed = |name: &str| sent.iter().rev().find(|(n, _)| n == name).map(|(_, text)| text.as_str());
    let Ok(mut doc) = source.parse::<DocumentMut>() else {
        return Err(vec![(String::new(), "fault.not_toml")]);
    };
    let mut faults = Vec::new();
    for c in &SINGLE {
        if let Some(text) = typed(c.key) {
            set(doc.as_table_mut(), c, text, c.key, &mut faults);
        }
    }
    for list in &LISTS {
        let before = rows(&mut doc, list.key);
        for at in 0..before {
            let Some(row) = row(&mut doc, list.key, at) else { continue };
            fill(row, list, at, &typed, &mut faults);
        }
        if list.open {
            add(&mut doc, list, before, &typed, &mut faults);
            let named = |at: usize| typed(&format!("{}.{at}.{}", list.key, list.name));
            // From the end, so that the numbers of those before stay.
            for at in (0..before).rev().filter(|at| named(*at).is_some_and(str::is_empty)) {
                remove(&mut doc, list.key, at);
            }
        }
    }
    if faults.is_empty() { Ok(doc.to_string()) } else { Err(faults) }
}

/// Whether a field is sent once for each of its ticks.
pub fn is_many(name: &str) -> bool {
    let key = name.rsplit('.').next().unwrap_or_default();
    let list =
        LISTS.iter().find(|list| name.strip_prefix(list.key).is_some_and(|rest| rest.starts_with('.')));
    list.is_some_and(|list| list.columns.iter().any(|c| c.key == key && matches!(c.kind, Kind::Some(_))))
}

/// What was sent, with the ticks of one field as one text.
fn joined(sent: &[(String, String)]) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    for (name, text) in sent {
        match all.iter_mut().find(|(known, _)| known == name).filter(|_| is_many(name)) {
            Some((_, ticked)) => *ticked = format!("{ticked}, {text}"),
            None => all.push((name.clone(), text.clone())),
        }
    }
    all
}

fn fill<'t>(
    row: &mut dyn TableLike,
    list: &List,
    at: usize,
    typed: &dyn Fn(&str) -> Option<&'t str>,
    faults: &mut Vec<Fault>,
) {
    let name = |key: &str| format!("{}.{at}.{key}", list.key);
    if list.open && typed(&name(list.name)).is_some_and(str::is_empty) {
        return;
    }
    for c in list.columns {
        let field = name(c.key);
        // A box without a tick is not sent; that its row was is told by the row's name.
        let text = match (c.kind, typed(&field)) {
            (Kind::Yes | Kind::Some(_), None) if typed(&name(list.name)).is_some() => Some(""),
            (_, text) => text,
        };
        if let Some(text) = text {
            set(row, c, text, &field, faults);
        }
    }
}

/// Writes one value, if it is another than the file has.
fn set(table: &mut dyn TableLike, c: &Column, text: &str, field: &str, faults: &mut Vec<Fault>) {
    let text = text.trim();
    if text.is_empty() && matches!(c.kind, Kind::One(Of::Numbers | Of::People)) {
        return faults.push((field.to_owned(), "fault.choose"));
    }
    if c.kind == Kind::Fixed || shown(table.get(c.key), c.kind).trim() == text {
        return;
    }
    let value: Option<Value> = match c.kind {
        _ if text.is_empty() && c.kind == Kind::Yes => Some(false.into()),
        _ if text.is_empty() => None,
        Kind::Text | Kind::Fixed => Some(text.into()),
        Kind::Limit => match text.parse::<Limit>() {
            Ok(_) => Some(text.into()),
            Err(_) => return faults.push((field.to_owned(), "fault.limit")),
        },
        Kind::Day => match crate::office::day(text) {
            Some(day) => Some(day.to_string().into()),
            None => return faults.push((field.to_owned(), "fault.day")),
        },
        Kind::Number | Kind::Count => match digits(text) {
            Some(0) if c.kind == Kind::Count => None,
            Some(n) => Some(n.into()),
            None => return faults.push((field.to_owned(), "fault.number")),
        },
        Kind::Yes => Some(true.into()),
        Kind::Word(words) if words.contains(&text) => Some(text.into()),
        Kind::Word(_) => return faults.push((field.to_owned(), "fault.word")),
        Kind::One(_) => Some(text.into()),
        Kind::Some(_) => match in_order(&shown(table.get(c.key), c.kind), text) {
            Some(ids) => Some(Value::Array(ids)),
            None => return,
        },
        Kind::When => match when(text) {
            Some(when) => Some(when),
            None => return faults.push((field.to_owned(), "fault.word")),
        },
    };
    match value {
        None => drop(table.remove(c.key)),
        Some(mut value) => {
            if let Some(before) = table.get(c.key).and_then(Item::as_value) {
                *value.decor_mut() = before.decor().clone();
            }
            match table.get_mut(c.key) {
                Some(item) => *item = Item::Value(value),
                None => drop(table.insert(c.key, Item::Value(value))),
            }
        }
    }
}

/// The ticked ids: those the file has in its order, then the new ones; none where nothing changes.
fn in_order(before: &str, ticked: &str) -> Option<Array> {
    let ids = |text: &'_ str| -> Vec<String> {
        text.split(", ").filter(|id| !id.is_empty()).map(str::to_owned).collect()
    };
    let (before, ticked) = (ids(before), ids(ticked));
    let stays = before.iter().filter(|id| ticked.contains(id));
    let all: Vec<&String> = stays.chain(ticked.iter().filter(|id| !before.contains(id))).collect();
    let same = all.len() == before.len() && all.iter().zip(&before).all(|(a, b)| *a == b);
    (!same).then(|| all.into_iter().map(String::as_str).collect())
}

/// A whole number as people write it: `37.500`.
fn digits(text: &str) -> Option<i64> {
    text.replace(['.', ' ', '\u{a0}'], "").parse::<i64>().ok().filter(|n| *n >= 0)
}

/// Adds the rows that were typed under the list.
fn add<'t>(
    doc: &mut DocumentMut,
    list: &List,
    before: usize,
    typed: &dyn Fn(&str) -> Option<&'t str>,
    faults: &mut Vec<Fault>,
) {
    for at in before..(before + SPARE).min(ROWS_MAX) {
        if typed(&format!("{}.{at}.{}", list.key, list.name)).is_none_or(str::is_empty) {
            continue;
        }
        let mut table = Table::new();
        if let Some(prefix) = list.ids {
            table.insert("id", toml_edit::value(free_id(doc, list.key, prefix)));
        }
        fill(&mut table, list, at, typed, faults);
        if list.columns.iter().any(|c| c.key == "required") && !table.contains_key("required") {
            table.insert("required", toml_edit::value(false));
        }
        push(doc, list.key, table);
    }
}

fn push(doc: &mut DocumentMut, key: &str, table: Table) {
    match doc.get_mut(key) {
        Some(Item::ArrayOfTables(tables)) => tables.push(table),
        Some(Item::Value(Value::Array(array))) => {
            let inside = array.iter().next().map(|first| first.decor().clone());
            let mut inline: InlineTable = table.into_inline_table();
            inline.fmt();
            let mut value = Value::InlineTable(inline);
            if let Some(decor) = inside {
                *value.decor_mut() = decor;
            }
            array.push_formatted(value);
        }
        _ if key == "legal_basis" => {
            let mut array = Array::new();
            array.push(table.into_inline_table());
            doc.insert(key, Item::Value(Value::Array(array)));
        }
        _ => {
            let mut tables = toml_edit::ArrayOfTables::new();
            tables.push(table);
            doc.insert(key, Item::ArrayOfTables(tables));
        }
    }
}

fn remove(doc: &mut DocumentMut, key: &str, at: usize) {
    match doc.get_mut(key) {
        Some(Item::ArrayOfTables(tables)) => {
            tables.remove(at);
        }
        Some(Item::Value(Value::Array(array))) => {
            array.remove(at);
        }
        _ => {}
    }
}

/// An id that no row of the list has: `paper-4`.
fn free_id(doc: &mut DocumentMut, key: &str, prefix: &str) -> String {
    let mut taken = Vec::new();
    for at in 0..rows(doc, key) {
        taken.extend(row(doc, key, at).and_then(|r| r.get("id")).and_then(Item::as_str).map(str::to_owned));
    }
    let ids = (1..=taken.len() + 1).map(|n| format!("{prefix}-{n}"));
    ids.into_iter().find(|id| !taken.contains(id)).unwrap_or_default()
}

/// The text of the next version: its number, and the first day if the old one is over.
pub fn next(source: &str, number: i64, first: Day) -> Option<String> {
    let mut doc: DocumentMut = source.parse().ok()?;
    put(&mut doc, "version", number.into());
    put(&mut doc, "valid_from", first.to_string().into());
    let over = doc.get("valid_to").and_then(Item::as_str).and_then(|day| Day::parse(day).ok());
    if over.is_some_and(|last| last < first) {
        doc.remove("valid_to");
    }
    Some(doc.to_string())
}

/// The same text with another first day.
pub fn with_first_day(source: &str, first: Day) -> Option<String> {
    let mut doc: DocumentMut = source.parse().ok()?;
    put(&mut doc, "valid_from", first.to_string().into());
    Some(doc.to_string())
}

fn put(doc: &mut DocumentMut, key: &str, mut value: Value) {
    if let Some(before) = doc.get(key).and_then(Item::as_value) {
        *value.decor_mut() = before.decor().clone();
    }
    match doc.get_mut(key) {
        Some(item) => *item = Item::Value(value),
        None => drop(doc.insert(key, Item::Value(value))),
    }
}
