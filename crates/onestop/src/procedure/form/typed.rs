//! Answers of more than one part: addresses and land parcels, whose parts the program knows, and
//! groups that repeat, whose parts the file states. A part is named `field.part`, in a group with
//! its row, `field.0.part`; the row is left out where the file speaks of it.

use base::Day;
use serde_json::{Map, Value, json};

use super::{FieldFinding, FieldProblem, tidy, tidy_text};
use crate::procedure::model::{Answers, Form, Widget};
use crate::words_citizen::kept;

/// Rows of a group at most, whatever its schema says.
pub const ROWS_MAX: u64 = 50;

/// The composite types, whose parts the program gives.
pub const COMPOSITES: [&str; 2] = ["address", "land-parcel"];

/// How a field's answer is put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One value.
    Single,
    /// Named parts: an address, a parcel.
    Parts,
    /// Rows of named parts.
    Rows,
}

/// Writes the parts of composite types into the schema, so that the schema a program reads, the
/// page a person fills and the check speak of the same parts.
pub fn expand(schema: &mut Value) {
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for property in properties.values_mut() {
        let parts = match property["format"].as_str() {
            Some("address") => address(),
            Some("land-parcel") => land_parcel(),
            _ => continue,
        };
        if let (Some(own), Value::Object(parts)) = (property.as_object_mut(), parts) {
            own.extend(parts);
        }
    }
}

/// A commune of the unit tree, as it stands or stood, and the place in it. `text` is the whole in
/// words, as the commune was named when it was filed; the program writes it.
fn address() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["unit", "line"],
        "properties": {
            "unit": { "title": kept("typed.address_unit", &[]), "type": "string", "format": "commune" },
            "line": { "title": kept("typed.address_line", &[]), "type": "string", "maxLength": 200 },
            "text": { "type": "string", "maxLength": 600, "readOnly": true },
        },
    })
}

/// A parcel as its certificate names it; the area in square metres.
fn land_parcel() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["parcel", "sheet"],
        "properties": {
            "parcel": { "title": kept("typed.parcel_number", &[]), "type": "string", "maxLength": 60,
                "pattern": "^[0-9]{1,6}([-/+,][0-9]{1,6})*$", "examples": ["214", "214,215"] },
            "sheet": { "title": kept("typed.parcel_sheet", &[]), "type": "string",
                "pattern": "^[0-9A-Za-z./-]{1,20}$", "examples": ["31", "DC-7"] },
            "area": { "title": kept("typed.parcel_area", &[]), "type": "number",
                "exclusiveMinimum": 0, "maximum": 10_000_000 },
        },
    })
}

/// A part's name without its row: `members.0.name` is `members.name` in the file.
pub fn key(path: &str) -> String {
    let is_row = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    path.split('.').filter(|part| !is_row(part)).collect::<Vec<_>>().join(".")
}

/// The field a path belongs to.
pub fn root(path: &str) -> &str {
    path.split('.').next().unwrap_or_default()
}

/// The row of a path, counted from 1.
pub fn row(path: &str) -> Option<usize> {
    path.split('.').find_map(|part| part.parse::<usize>().ok()).map(|row| row + 1)
}

/// What holds the parts of a property: the property, or a group's rows.
fn holder(property: &Value) -> &Value {
    if shape(property) == Shape::Rows { &property["items"] } else { property }
}

/// The schemas of a property's parts.
pub fn parts(property: &Value) -> Option<&Map<String, Value>> {
    if shape(property) == Shape::Single { None } else { holder(property)["properties"].as_object() }
}

/// The shape of a property's answers.
pub fn shape(property: &Value) -> Shape {
    match property["type"].as_str() {
        Some("array") => Shape::Rows,
        Some("object") => Shape::Parts,
        _ => Shape::Single,
    }
}

/// A part that the program writes and nobody is asked.
fn is_own(part: &Value) -> bool {
    part["readOnly"] == true
}

impl Form {
    /// The shape of a field's answer.
    pub fn shape(&self, field: &str) -> Shape {
        self.property(field).map_or(Shape::Single, shape)
    }

    /// The parts that people are asked for, in the order of `x-order`, since the tables of a file
    /// have none.
    pub fn parts(&self, field: &str) -> Vec<&str> {
        if let Some(order) = self.property(field).and_then(|p| p["x-order"].as_array()) {
            return order.iter().filter_map(Value::as_str).collect();
        }
        let parts = self.property(field).and_then(parts).into_iter().flatten();
        parts.filter(|(_, part)| !is_own(part)).map(|(name, _)| name.as_str()).collect()
    }

    /// The most rows a group may have.
    pub fn rows_max(&self, field: &str) -> u64 {
        self.property(field).and_then(|p| p["maxItems"].as_u64()).unwrap_or(ROWS_MAX).min(ROWS_MAX)
    }

    /// Whether a part must be answered once its row or field is.
    pub(super) fn part_is_required(&self, path: &str) -> bool {
        let Some(property) = self.property(root(path)) else { return false };
        let part = path.rsplit('.').next().unwrap_or_default();
        let required = holder(property)["required"].as_array();
        required.is_some_and(|names| names.iter().any(|name| name == part))
    }

    /// An answer of parts or rows as it is kept; `None` when nothing was answered.
    pub(super) fn tidy_parts(&self, field: &str, property: &Value, value: &Value) -> Option<Value> {
        match (shape(property), value) {
            (Shape::Rows, Value::Array(rows)) => {
                let tidied = rows.iter().filter_map(|row| self.tidy_row(field, property, row));
                let rows: Vec<Value> = tidied.collect();
                (!rows.is_empty()).then_some(Value::Array(rows))
            }
            (Shape::Parts, Value::Object(_)) => self.tidy_row(field, property, value),
            (_, Value::Null) => None,
            (_, Value::String(text)) if tidy_text(text, Widget::Text).is_empty() => None,
            _ => Some(value.clone()),
        }
    }

    fn tidy_row(&self, field: &str, property: &Value, row: &Value) -> Option<Value> {
        let Value::Object(given) = row else { return Some(row.clone()) };
        let known = parts(property)?;
        let mut kept = Map::new();
        for (name, value) in given {
            let tidied = match known.get(name) {
                Some(part) => tidy(part, self.widget(&format!("{field}.{name}")), value),
                None => Some(value.clone()),
            };
            if let Some(value) = tidied {
                kept.insert(name.clone(), value);
            }
        }
        let answered = kept.keys().any(|name| known.get(name).is_none_or(|part| !is_own(part)));
        answered.then_some(Value::Object(kept))
    }

    /// What is wrong inside an answer of parts or rows, by path.
    pub(super) fn parts_problems(&self, field: &str, value: &Value, today: Day) -> Vec<FieldFinding> {
        let Some(property) = self.property(field) else { return Vec::new() };
        let whole = |problem| FieldFinding { field: field.to_owned(), problem };
        match (shape(property), value) {
            (Shape::Parts, Value::Object(row)) => self.row_problems(field, property, row, today),
            (Shape::Rows, Value::Array(rows)) => {
                let (got, max) = (rows.len() as u64, self.rows_max(field));
                if got > max {
                    return vec![whole(FieldProblem::TooManyRows { max })];
                }
                let min = property["minItems"].as_u64().unwrap_or(0);
                let few = (got < min).then(|| whole(FieldProblem::TooFewRows { min }));
                let inside = rows.iter().enumerate().flat_map(|(i, row)| match row {
                    Value::Object(row) => {
                        self.row_problems(&format!("{field}.{i}"), &property["items"], row, today)
                    }
                    _ => vec![whole(FieldProblem::NotParts)],
                });
                few.into_iter().chain(inside).collect()
            }
            _ => vec![whole(FieldProblem::NotParts)],
        }
    }

    fn row_problems(
        &self,
        at: &str,
        holder: &Value,
        row: &Map<String, Value>,
        today: Day,
    ) -> Vec<FieldFinding> {
        let mut found = Vec::new();
        for (name, _) in holder["properties"].as_object().into_iter().flatten() {
            let path = format!("{at}.{name}");
            let problem = match row.get(name) {
                Some(value) => self.problem(&path, value, today),
                None if self.part_is_required(&path) => Some(FieldProblem::Missing(self.ask(&path))),
                None => None,
            };
            found.extend(problem.map(|problem| FieldFinding { field: path, problem }));
        }
        for name in row.keys().filter(|name| holder["properties"].get(name.as_str()).is_none()) {
            found.push(FieldFinding { field: format!("{at}.{name}"), problem: FieldProblem::Unknown });
        }
        found
    }

    /// Whether a field is an address by the unit tree.
    pub fn is_address(&self, field: &str) -> bool {
        self.property(field).is_some_and(|p| p["format"] == "address")
    }

    /// The communes that addresses among the answers name: field and unit.
    pub fn communes(&self, answers: &Answers) -> Vec<(String, String)> {
        let unit = |(field, value): (&String, &Value)| {
            let address = self.property(field).is_some_and(|p| p["format"] == "address");
            Some((field.clone(), value["unit"].as_str().filter(|_| address)?.to_owned()))
        };
        answers.iter().filter_map(unit).collect()
    }
}
