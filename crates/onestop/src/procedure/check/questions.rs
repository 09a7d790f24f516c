//! The form: pages, schema and controls that fit one another, conditions that can be met, and no
//! question whose answer the account already holds. law: onestop/once-only

use std::collections::BTreeSet;

use base::text::fold;
use serde_json::{Map, Value};

use super::Finding;
use crate::procedure::form::typed::{COMPOSITES, ROWS_MAX, Shape, key, parts, shape};
use crate::procedure::model::{Form, Page, Procedure, When, Widget};

/// The formats a field may have.
pub const FORMATS: [&str; 11] = [
    "date",
    "personal-number",
    "tax-number",
    "enterprise",
    "phone",
    "email",
    "money",
    "commune",
    "address",
    "land-parcel",
    "file",
];

/// What the account of whoever files already knows, by the source a field takes it from, with the
/// folded beginnings of questions that ask for it.
pub const KNOWN: [(&str, &[&str]); 5] = [
    ("person.name", &["ho va ten", "ho, chu dem, ten", "ho ten", "ten nguoi"]),
    ("person.personal_number", &["so dinh danh", "so can cuoc", "so cccd", "ma dinh danh"]),
    ("person.phone", &["so dien thoai", "dien thoai"]),
    ("person.email", &["thu dien tu", "dia chi thu dien tu", "email"]),
    ("person.address", &["noi cu tru", "noi thuong tru", "dia chi lien he", "dia chi thuong tru", "dia chi"]),
];

/// Where a field's first value may come from.
pub const PREFILLS: [&str; 5] =
    ["person.name", "person.personal_number", "person.phone", "person.email", "person.address"];

/// The last parts of the filing's own addresses, which no page of a form may have.
const RESERVED: [&str; 8] =
    ["giay-to", "bo-tep", "nhan-ket-qua", "kiem-tra", "noi-nop", "xoa", "ban-moi", "cung-ky"];

pub fn pages(form: &Form, found: &mut Vec<Finding>) {
    let mut seen = BTreeSet::new();
    for Page { id, fields, .. } in &form.pages {
        if !seen.insert(id) {
            found.push(Finding::PageTwice { id: id.clone() });
        }
        if RESERVED.contains(&id.as_str()) {
            found.push(Finding::PageReserved { id: id.clone() });
        }
        if fields.is_empty() {
            found.push(Finding::PageEmpty { id: id.clone() });
        }
    }
    let unknown = form.matter.iter().filter(|field| form.property(field).is_none());
    found.extend(unknown.map(|field| Finding::MatterUnknown { field: field.clone() }));
}

/// Pages, schema, `required` and `ui` speak of the same fields.
pub fn fields(form: &Form, found: &mut Vec<Finding>) {
    if let Err(why) = form.compile() {
        found.push(Finding::BadSchema { why });
    }
    let mut seen = BTreeSet::new();
    for field in form.fields() {
        let name = || field.to_owned();
        if !seen.insert(field) {
            found.push(Finding::FieldTwice { field: name() });
        }
        if !is_name(field) {
            found.push(Finding::FieldNameOdd { field: name() });
        }
        match form.property(field) {
            None => found.push(Finding::FieldNotInSchema { field: name() }),
            Some(property) if !property["title"].is_string() => {
                found.push(Finding::FieldWithoutTitle { field: name() });
            }
            Some(_) => {}
        }
    }
    let unasked = form.properties().filter(|(name, _)| !seen.contains(name.as_str()));
    found.extend(unasked.map(|(name, _)| Finding::FieldOnNoPage { field: name.clone() }));
    let unknown = form.required().filter(|name| form.property(name).is_none());
    found.extend(unknown.map(|name| Finding::RequiredUnknown { field: name.to_owned() }));
    let unknown = form.ui.keys().filter(|name| form.property(name).is_none() || key(name) != **name);
    found.extend(unknown.map(|name| Finding::UiUnknown { field: name.clone() }));
}

fn is_name(field: &str) -> bool {
    let inside = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    field.starts_with(|c: char| c.is_ascii_lowercase()) && field.chars().all(inside)
}

/// Each question by itself: control, options, format, first value, examples, condition.
pub fn each(form: &Form, found: &mut Vec<Finding>) {
    for (place, name) in form.fields().enumerate() {
        let Some(property) = form.property(name) else { continue };
        let ui = form.ui.get(name);
        let field = || name.to_owned();
        let labelled: Vec<Value> =
            ui.map_or(&[][..], |ui| &ui.options[..]).iter().map(|o| o.value.clone().into()).collect();
        let offered = property["enum"].as_array();
        if offered.map_or(!labelled.is_empty(), |values| *values != labelled) {
            found.push(Finding::OptionsDiffer { field: field() });
        }
        if !fits(property, form.widget(name)) {
            found.push(Finding::WidgetUnfit { field: field() });
        }
        if let Some(format) = property["format"].as_str()
            && !FORMATS.contains(&format)
        {
            found.push(Finding::FormatUnknown { field: field(), format: format.to_owned() });
        }
        if let Some(from) = ui.and_then(|ui| ui.prefill.as_deref())
            && !PREFILLS.contains(&from)
        {
            found.push(Finding::PrefillUnknown { field: field(), from: from.to_owned() });
        }
        groups(form, name, property, found);
        for example in property["examples"].as_array().into_iter().flatten() {
            if !form.accepts(name, example) {
                let example = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
                found.push(Finding::ExampleRefused { field: field(), example });
            }
        }
        if let Some(raw) = property.get("x-when") {
            let at = format!("field '{name}'");
            match serde_json::from_value::<When>(raw.clone()) {
                Ok(when) => condition(Some(form), &when, Some(place), at, found),
                Err(why) => found.push(Finding::BadSchema { why: format!("{at}: x-when: {why}") }),
            }
        }
    }
}

/// A composite type is one the program knows, and the parts of a group can each be asked.
fn groups(form: &Form, name: &str, property: &Value, found: &mut Vec<Finding>) {
    let mut unfit = |why: &'static str| found.push(Finding::GroupUnfit { field: name.to_owned(), why });
    match shape(property) {
        Shape::Single => return,
        Shape::Parts => {
            if !property["format"].as_str().is_some_and(|format| COMPOSITES.contains(&format)) {
                unfit("format");
            }
            return;
        }
        Shape::Rows => {}
    }
    if !property["maxItems"].as_u64().is_some_and(|max| (1..=ROWS_MAX).contains(&max)) {
        unfit("max_items");
    }
    if property["items"]["type"] != "object" || parts(property).is_none_or(Map::is_empty) {
        return unfit("no_parts");
    }
    let ordered: BTreeSet<&str> = form.parts(name).into_iter().collect();
    if parts(property).is_some_and(|parts| !parts.keys().map(String::as_str).eq(ordered.iter().copied())) {
        unfit("x-order");
    }
    for (part, schema) in parts(property).into_iter().flatten() {
        let path = format!("{name}.{part}");
        if shape(schema) != Shape::Single {
            unfit("nested");
        }
        if schema.get("x-when").is_some() {
            unfit("part_when");
        }
        if !schema["title"].is_string() {
            unfit("part_title");
        }
        let labelled: Vec<Value> = form
            .ui(&path)
            .map_or(&[][..], |ui| &ui.options[..])
            .iter()
            .map(|o| o.value.clone().into())
            .collect();
        if schema["enum"].as_array().map_or(!labelled.is_empty(), |values| *values != labelled) {
            unfit("part_options");
        }
        if !fits(schema, form.widget(&path)) {
            unfit("part_widget");
        }
        if schema["format"]
            .as_str()
            .is_some_and(|format| !FORMATS.contains(&format) || ["commune", "file"].contains(&format))
        {
            unfit("part_format");
        }
    }
}

/// Whether the control can give an answer of the property's type.
fn fits(property: &Value, widget: Widget) -> bool {
    if shape(property) != Shape::Single {
        return widget == Widget::Text;
    }
    if property["format"] == "file" {
        return property["type"] == "string" && widget == Widget::File;
    }
    let is = |name: &str| property["type"] == name;
    let dated = property["format"] == "date";
    match widget {
        Widget::Date => dated,
        Widget::Radio => property["enum"].is_array(),
        Widget::Select => property["enum"].is_array() || property["format"] == "commune",
        Widget::Checkbox => is("boolean"),
        Widget::Number => is("integer") || is("number"),
        Widget::File => false,
        Widget::Text => !dated && !is("boolean") && !property["enum"].is_array(),
        Widget::Textarea => is("string") && !dated && !property["enum"].is_array(),
    }
}

/// A condition names a field asked before `place`, and a value that field can take.
pub fn condition(
    form: Option<&Form>,
    when: &When,
    place: Option<usize>,
    at: String,
    found: &mut Vec<Finding>,
) {
    let asked = form.and_then(|form| {
        let here = form.fields().position(|name| name == when.field)?;
        Some((here, form.property(&when.field)?))
    });
    let Some((here, property)) = asked else {
        return found.push(Finding::WhenUnknown { at, field: when.field.clone() });
    };
    if place.is_some_and(|place| here >= place) {
        return found.push(Finding::WhenLater { at, field: when.field.clone() });
    }
    let possible = match property["enum"].as_array() {
        Some(values) => values.contains(&when.equals),
        None => property["type"] == "boolean" && when.equals.is_boolean(),
    };
    if !possible {
        found.push(Finding::WhenNever { at });
    }
}

/// Questions for what the account knows. A form asks for it when no field takes it from there, or
/// when a field beside the applicant's own ones asks without taking it; somebody else's name is
/// asked under a title that says whose it is.
pub fn known(form: &Form, found: &mut Vec<Finding>) {
    for (from, beginnings) in KNOWN {
        let taking: Vec<&str> = form.fields().filter(|field| prefill(form, field) == Some(from)).collect();
        for page in &form.pages {
            let own_page = page.fields.iter().any(|field| prefill(form, field).is_some());
            for field in page.fields.iter().filter(|field| prefill(form, field).is_none()) {
                let title = fold(form.title(field));
                let bare = beginnings.iter().any(|b| title.starts_with(b) && !names_another(&title));
                if bare && (own_page || taking.is_empty()) {
                    found.push(Finding::AsksKnown { field: field.clone(), from: from.into() });
                }
            }
        }
        let always: Vec<&&str> = taking.iter().filter(|field| form.condition(field).is_none()).collect();
        if let [first, rest @ ..] = always.as_slice() {
            found.extend(rest.iter().map(|field| Finding::AskedTwice {
                field: (**field).to_owned(),
                other: (**first).to_owned(),
                from: from.into(),
            }));
        }
    }
}

fn prefill<'a>(form: &'a Form, field: &str) -> Option<&'a str> {
    form.ui.get(field).and_then(|ui| ui.prefill.as_deref())
}

/// Words in a folded title that tell that it is not about whoever files.
fn names_another(title: &str) -> bool {
    const OTHERS: [&str; 20] = [
        "cha",
        "me",
        "tre",
        "con",
        "vo",
        "chong",
        "ben nam",
        "ben nu",
        "dai dien",
        "nguoi chet",
        "nguoi mat",
        "chu ho",
        "thanh vien",
        "uy quyen",
        "ben tranh chap",
        "thua dat",
        "nguoi co ten",
        "nguoi duoc",
        "du an",
        "chu so huu",
    ];
    let words: Vec<&str> = title.split(|c: char| !c.is_alphanumeric()).collect();
    OTHERS.iter().any(|other| {
        let other: Vec<&str> = other.split(' ').collect();
        words.windows(other.len()).any(|window| window == other)
    })
}

/// Questions that nobody needs the answer of.
pub fn used(procedure: &Procedure, form: &Form, found: &mut Vec<Finding>) {
    let conditions: BTreeSet<String> = form
        .fields()
        .filter_map(|field| form.condition(field))
        .chain(procedure.components.iter().filter_map(|component| component.when.clone()))
        .chain(procedure.signers.iter().filter_map(|signer| signer.when.clone()))
        .map(|when| when.field)
        .collect();
    let printed: BTreeSet<&str> =
        procedure.result.fields.values().filter_map(|from| from.strip_prefix("answers.")).collect();
    for (name, property) in form.properties() {
        let choices = property["enum"].as_array().map(Vec::len);
        if choices == Some(1) {
            found.push(Finding::OneAnswer { field: name.clone() });
        }
        let chosen = choices.is_some() || (property["type"] == "boolean" && property.get("const").is_none());
        let looked_at = conditions.contains(name) || printed.contains(name.as_str());
        if chosen && !form.is_required(name) && !looked_at {
            found.push(Finding::UnusedChoice { field: name.clone() });
        }
    }
}
