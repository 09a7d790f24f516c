//! The steps of a procedure's file, added, moved and taken away one by one, so that the way through them
//! stays whole. What one button cannot say (branches, who may be returned to) is ticked in the form.

use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, TableLike, Value};

const KEY: &str = "steps";

/// What a button does with one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It changes places with the step before it.
    Up,
    /// It changes places with the step after it.
    Down,
    /// A new step follows it.
    Add,
    /// Whoever led to it leads to what follows it.
    Remove,
}

impl Deed {
    /// In the order of the buttons.
    pub const ALL: [Deed; 4] = [Deed::Up, Deed::Down, Deed::Add, Deed::Remove];

    /// The word in forms.
    pub fn word(self) -> &'static str {
        match self {
            Deed::Up => "up",
            Deed::Down => "down",
            Deed::Add => "add",
            Deed::Remove => "remove",
        }
    }

    /// The deed and the step that a button names: `up.1`.
    pub fn read(text: &str) -> Option<(Deed, usize)> {
        let (word, at) = text.split_once('.')?;
        let deed = Deed::ALL.into_iter().find(|deed| deed.word() == word)?;
        Some((deed, at.parse().ok()?))
    }
}

/// A step as far as the way through the steps goes.
struct Stop {
    id: String,
    signs: bool,
    next: Vec<String>,
    back: Vec<String>,
}

fn stops(steps: &ArrayOfTables) -> Vec<Stop> {
    let list = |table: &Table, key: &str| -> Vec<String> {
        let array = table.get(key).and_then(Item::as_array).into_iter().flatten();
        array.filter_map(|value| value.as_str().map(str::to_owned)).collect()
    };
    let text =
        |table: &Table, key: &str| table.get(key).and_then(Item::as_str).unwrap_or_default().to_owned();
    let stop = |table: &Table| Stop {
        id: text(table, "id"),
        signs: text(table, "kind") == "sign",
        next: list(table, "next"),
        back: list(table, "may_return_to"),
    };
    steps.iter().map(stop).collect()
}

/// Whether this can be done with the step at this place: the decision stays where it is, and steps change
/// places only where one way leads from the first to the second and no other leads to the second.
fn fits(stops: &[Stop], at: usize, deed: Deed) -> bool {
    let Some(stop) = stops.get(at).filter(|stop| !stop.signs) else { return false };
    match deed {
        Deed::Add => true,
        Deed::Remove => stops.len() > 1,
        Deed::Down => fits(stops, at + 1, Deed::Up),
        Deed::Up => {
            let before = at.checked_sub(1).map(|before| &stops[before]);
            let ways = stops.iter().filter(|other| other.next.contains(&stop.id)).count();
            before.is_some_and(|before| !before.signs && before.next == [stop.id.as_str()]) && ways == 1
        }
    }
}

/// What can be done with each step of the file, in order; nothing where the file cannot be read.
pub fn offered(source: &str) -> Vec<Vec<Deed>> {
    let Ok(doc) = source.parse::<DocumentMut>() else { return Vec::new() };
    let Some(Item::ArrayOfTables(steps)) = doc.get(KEY) else { return Vec::new() };
    let stops = stops(steps);
    let of = |at| Deed::ALL.into_iter().filter(|deed| fits(&stops, at, *deed)).collect();
    (0..stops.len()).map(of).collect()
}

/// The file after the deed. A new step is an officer's, called `name`, and waits for its limit. None where
/// the deed does not fit.
pub fn after(source: &str, (deed, at): (Deed, usize), name: &str) -> Option<String> {
    let mut doc: DocumentMut = source.parse().ok()?;
    let Some(Item::ArrayOfTables(steps)) = doc.get_mut(KEY) else { return None };
    let stops = stops(steps);
    if !fits(&stops, at, deed) {
        return None;
    }
    let mut tables: Vec<Table> = steps.iter().cloned().collect();
    match deed {
        Deed::Up => swap(&mut tables, &stops, at - 1),
        Deed::Down => swap(&mut tables, &stops, at),
        Deed::Add => add(&mut tables, &stops, at, name),
        Deed::Remove => remove(&mut tables, &stops, at),
    }
    *steps = tables.into_iter().collect();
    Some(doc.to_string())
}

/// The steps at `first` and behind it change places.
fn swap(tables: &mut [Table], stops: &[Stop], first: usize) {
    let (one, two) = (&stops[first], &stops[first + 1]);
    for (table, stop) in tables.iter_mut().zip(stops) {
        let led = |id: &String| if *id == one.id { two.id.clone() } else { id.clone() };
        put(table, "next", stop.next.iter().map(led).collect());
    }
    put(&mut tables[first], "next", two.next.clone());
    put(&mut tables[first + 1], "next", vec![one.id.clone()]);
    if two.back.contains(&one.id) {
        // What comes later may be returned from, to what comes before.
        put(&mut tables[first + 1], "may_return_to", without(&two.back, &one.id));
        put(&mut tables[first], "may_return_to", [&one.back[..], std::slice::from_ref(&two.id)].concat());
    }
    // Comments and the place in the file belong to the order, not to the step.
    let (places, decors): (Vec<_>, Vec<_>) =
        tables[first..=first + 1].iter().map(|table| (table.position(), table.decor().clone())).unzip();
    tables.swap(first, first + 1);
    for (table, (place, decor)) in tables[first..].iter_mut().zip(places.into_iter().zip(decors)) {
        *table.decor_mut() = decor;
        if let Some(place) = place {
            table.set_position(place);
        }
    }
}

fn add(tables: &mut Vec<Table>, stops: &[Stop], at: usize, name: &str) {
    let ids = (1..=stops.len() + 1).map(|n| format!("step-{n}"));
    let id = ids.into_iter().find(|id| stops.iter().all(|stop| stop.id != *id)).unwrap_or_default();
    let before = &mut tables[at];
    let mut table = Table::new();
    table.decor_mut().set_prefix("\n");
    if let Some(place) = before.position() {
        table.set_position(place);
    }
    let unit = before.get("unit_kind").and_then(Item::as_str).unwrap_or_default().to_owned();
    for (key, value) in [("id", id.as_str()), ("name", name), ("role", "officer"), ("unit_kind", &unit)] {
        table.insert(key, toml_edit::value(value));
    }
    put(&mut table, "next", stops[at].next.clone());
    put(&mut table, "may_return_to", vec![stops[at].id.clone()]);
    table.insert("kind", toml_edit::value("work"));
    put(before, "next", vec![id]);
    tables.insert(at + 1, table);
}

fn remove(tables: &mut Vec<Table>, stops: &[Stop], at: usize) {
    let gone = &stops[at];
    for (table, stop) in tables.iter_mut().zip(stops) {
        let mut next: Vec<String> = Vec::new();
        for id in &stop.next {
            let led = if *id == gone.id { &gone.next[..] } else { std::slice::from_ref(id) };
            let new = led.iter().filter(|id| **id != stop.id && !next.contains(id)).cloned();
            next.extend(new.collect::<Vec<_>>());
        }
        put(table, "next", next);
        put(table, "may_return_to", without(&stop.back, &gone.id));
    }
    let gone = tables.remove(at);
    if at == 0
        && let Some(first) = tables.first_mut()
    {
        *first.decor_mut() = gone.decor().clone();
    }
}

fn without(list: &[String], gone: &str) -> Vec<String> {
    list.iter().filter(|id| *id != gone).cloned().collect()
}

/// Writes a list of ids, if it is another than the file has; an empty one is left out.
fn put(table: &mut Table, key: &str, list: Vec<String>) {
    let before = table.get(key).and_then(Item::as_array);
    let same = before.map_or(list.is_empty(), |array| {
        array.len() == list.len() && array.iter().zip(&list).all(|(value, id)| value.as_str() == Some(id))
    });
    if same {
        return;
    }
    if list.is_empty() {
        table.remove(key);
        return;
    }
    let mut value = Value::Array(list.into_iter().collect::<Array>());
    if let Some(decor) = table.get(key).and_then(Item::as_value).map(|value| value.decor().clone()) {
        *value.decor_mut() = decor;
    }
    match TableLike::get_mut(table, key) {
        Some(item) => *item = Item::Value(value),
        None => drop(table.insert(key, Item::Value(value))),
    }
}
