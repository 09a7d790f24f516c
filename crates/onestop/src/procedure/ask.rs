//! A form's questions as a page asks them, and what was typed as answers. Nothing typed is lost: a
//! text that cannot be read stays in the draft and is shown again beside its error.

use base::format;
use serde_json::Value;

use super::form::FieldFinding;
use super::form::typed::{self, Shape};
use super::model::{Answers, Form, Page, When, Widget};
use super::places::{Choices, Places};
use crate::words_citizen::say;

/// Conditions that hang on conditions; a checked form has fewer.
const CONDITION_DEPTH_MAX: usize = 16;

/// One option of a question.
pub struct Pick {
    pub id: String,
    pub value: String,
    pub label: String,
    pub chosen: bool,
}

/// One box of a date.
pub struct DateBox {
    pub id: String,
    pub name: String,
    pub label: String,
    pub value: String,
}

/// A question ready to be printed.
pub struct Question {
    /// The field's name; also the id of its (first) control, which errors link to.
    pub field: String,
    pub title: String,
    /// `text`, `textarea`, `radio`, `select`, `places`, `date`, `checkbox`, `number`, `file`, or `group`
    /// for an answer of parts, whose questions stand in `rows`.
    pub kind: &'static str,
    pub hint: String,
    /// Said before this question: when it and its followers are to be answered.
    pub condition: String,
    pub condition_id: String,
    pub required: bool,
    pub value: String,
    pub checked: bool,
    pub picks: Vec<Pick>,
    pub boxes: Vec<DateBox>,
    pub autocomplete: String,
    pub inputmode: &'static str,
    pub suffix: String,
    /// Where the answer was taken from, in words; "" for one that was typed.
    pub from: String,
    pub error: String,
    /// Ids for `aria-describedby`, or "".
    pub described: String,
    /// The parts, row by row; one row for an address or a parcel.
    pub rows: Vec<Row>,
    /// Whether rows may be added or taken away.
    pub repeats: bool,
    /// Whether there is room for one more row.
    pub room: bool,
    /// The communes that all `places` questions of a page propose; only its first one carries them.
    pub places: Vec<Choices>,
    /// The files brought for a `file` question.
    pub files: Vec<Brought>,
}

/// A file that was brought for a question.
#[derive(Clone)]
pub struct Brought {
    pub field: String,
    pub id: String,
    pub name: String,
    /// "PDF · 184 kB".
    pub about: String,
}

/// One row of a group, or the parts of a composite answer.
pub struct Row {
    /// Of a group: which row it is, in words.
    pub legend: String,
    /// What the button that takes it away sends, `members.0`.
    pub drop: String,
    pub parts: Vec<Question>,
}

/// What a page needs to know besides the form: communes, the group that gets one more row, and the files
/// that were brought.
#[derive(Default)]
pub struct Around<'a> {
    pub places: Places,
    pub longer: Option<&'a str>,
    pub files: Vec<Brought>,
}

/// The questions of a page for these answers. A question whose condition was decided on an earlier
/// page is asked or left out; one decided on this very page is shown with its condition.
pub fn questions(
    form: &Form,
    page: &Page,
    answers: &Answers,
    errors: &[(String, String)],
    around: &Around,
) -> Vec<Question> {
    let mut out: Vec<Question> = Vec::new();
    let mut last: Option<(When, String)> = None;
    for field in page.fields.iter().filter(|f| is_shown(form, page, f, answers, CONDITION_DEPTH_MAX)) {
        let here = form.condition(field).filter(|when| page.fields.contains(&when.field));
        let mut question = question(form, field, answers.get(field), errors, around);
        last = match (here, last.take()) {
            (None, _) => None,
            (Some(when), Some((before, id))) if before == when => {
                question.condition_id = id.clone();
                Some((when, id))
            }
            (Some(when), _) => {
                let followers = page.fields.iter().filter(|f| form.condition(f).as_ref() == Some(&when));
                let key = if followers.count() > 1 { "form.only_when" } else { "form.only_when_one" };
                question.condition = condition(form, &when, key);
                question.condition_id = format!("dieu-kien-{field}");
                let id = question.condition_id.clone();
                Some((when, id))
            }
        };
        question.described = described(&question);
        out.push(question);
    }
    let mut carried = false;
    for question in &mut out {
        once(question, &mut carried);
    }
    out
}

/// One list of communes serves a whole page.
fn once(question: &mut Question, carried: &mut bool) {
    if !question.places.is_empty() && std::mem::replace(carried, true) {
        question.places.clear();
    }
    for part in question.rows.iter_mut().flat_map(|row| &mut row.parts) {
        once(part, carried);
    }
}

fn is_shown(form: &Form, page: &Page, field: &str, answers: &Answers, depth: usize) -> bool {
    match form.condition(field) {
        None => true,
        Some(when) if page.fields.contains(&when.field) => {
            depth > 0 && is_shown(form, page, &when.field, answers, depth - 1)
        }
        Some(_) => form.is_asked(field, answers),
    }
}

/// The case in which something is asked for: "Khi “Trường hợp khai sinh” là “Thông thường”."
pub fn condition_text(form: &Form, when: &When) -> String {
    condition(form, when, "form.when")
}

fn condition(form: &Form, when: &When, key: &str) -> String {
    let answer = match &when.equals {
        Value::Bool(true) => say("form.yes", &[]),
        value => answer_text(form, &when.field, value),
    };
    say(key, &[("question", form.title(&when.field)), ("answer", &answer)])
}

fn described(q: &Question) -> String {
    let mut ids = Vec::new();
    if !q.condition_id.is_empty() {
        ids.push(q.condition_id.clone());
    }
    if !q.hint.is_empty() {
        ids.push(format!("{}-goi-y", q.field));
    }
    if !q.error.is_empty() {
        ids.push(format!("{}-loi", q.field));
    }
    ids.join(" ")
}

fn question(
    form: &Form,
    field: &str,
    value: Option<&Value>,
    errors: &[(String, String)],
    around: &Around,
) -> Question {
    let ui = form.ui(field);
    let typed = value.map(typed_text).unwrap_or_default();
    let text = |pick: fn(&super::model::Ui) -> &Option<String>| {
        ui.and_then(|ui| pick(ui).clone()).unwrap_or_default()
    };
    let widget = form.widget(field);
    let format = form.property(field).and_then(|p| p["format"].as_str()).unwrap_or_default();
    let shape = form.shape(field);
    let rows = rows(form, field, value, errors, around);
    let mut question = Question {
        field: field.to_string(),
        title: form.title(field).to_string(),
        kind: match (shape, format) {
            (Shape::Single, "commune") => "places",
            (Shape::Single, _) => kind(widget),
            _ => "group",
        },
        hint: text(|ui| &ui.hint),
        condition: String::new(),
        condition_id: String::new(),
        required: form.is_required(field) || form.must_bring(field),
        checked: value == Some(&Value::Bool(true)),
        picks: picks(form, field, &typed),
        boxes: if widget == Widget::Date { boxes(field, &typed) } else { Vec::new() },
        autocomplete: text(|ui| &ui.autocomplete),
        inputmode: inputmode(form, field, widget),
        suffix: if format == "money" { say("form.dong", &[]) } else { text(|ui| &ui.suffix) },
        from: String::new(),
        error: errors.iter().find(|(f, _)| f == field).map(|(_, e)| e.clone()).unwrap_or_default(),
        described: String::new(),
        repeats: shape == Shape::Rows,
        room: (rows.len() as u64) < form.rows_max(field),
        rows,
        places: if format == "commune" { around.places.choices() } else { Vec::new() },
        files: around.files.iter().filter(|file| file.field == field).cloned().collect(),
        value: match format {
            "money" => grouped(value, typed),
            "commune" => around.places.shown(&typed),
            _ => typed,
        },
    };
    question.described = described(&question);
    question
}

/// The rows of parts: those answered, as many as are needed, and one more where it was asked for.
fn rows(
    form: &Form,
    field: &str,
    value: Option<&Value>,
    errors: &[(String, String)],
    around: &Around,
) -> Vec<Row> {
    let parts = |at: &str, given: Option<&Value>| -> Vec<Question> {
        let part = |name: &str| {
            question(form, &format!("{at}.{name}"), given.and_then(|row| row.get(name)), errors, around)
        };
        form.parts(field).into_iter().map(part).collect()
    };
    match form.shape(field) {
        Shape::Single => Vec::new(),
        Shape::Parts => {
            vec![Row { legend: String::new(), drop: String::new(), parts: parts(field, value) }]
        }
        Shape::Rows => {
            let given = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let least = form.property(field).and_then(|p| p["minItems"].as_u64()).unwrap_or(0).max(1);
            let more = u64::from(around.longer == Some(field));
            let count = (given.len() as u64 + more).max(least).min(form.rows_max(field));
            (0..count as usize)
                .map(|i| Row {
                    legend: row_title(form, field, i),
                    drop: format!("{field}.{i}"),
                    parts: parts(&format!("{field}.{i}"), given.get(i)),
                })
                .collect()
        }
    }
}

fn row_title(form: &Form, field: &str, row: usize) -> String {
    say("form.row", &[("title", form.title(field)), ("n", &(row + 1).to_string())])
}

/// Money with its thousands apart; what is no number stays as typed.
fn grouped(value: Option<&Value>, typed: String) -> String {
    value.and_then(Value::as_i64).map_or(typed, format::thousands)
}

fn kind(widget: Widget) -> &'static str {
    match widget {
        Widget::Text => "text",
        Widget::Textarea => "textarea",
        Widget::Radio => "radio",
        Widget::Select => "select",
        Widget::Date => "date",
        Widget::Checkbox => "checkbox",
        Widget::Number => "number",
        Widget::File => "file",
    }
}

/// Which keys a phone offers.
fn inputmode(form: &Form, field: &str, widget: Widget) -> &'static str {
    let property = form.property(field);
    let word = |name: &str| property.and_then(|p| p.get(name)).and_then(Value::as_str).unwrap_or_default();
    match (widget, word("format"), word("type")) {
        (_, "personal-number" | "tax-number" | "enterprise" | "money", _) => "numeric",
        (_, "phone", _) => "tel",
        (_, "email", _) => "email",
        (_, _, "number") => "decimal",
        (Widget::Number, ..) | (_, _, "integer") => "numeric",
        _ => "text",
    }
}

fn picks(form: &Form, field: &str, typed: &str) -> Vec<Pick> {
    let options = form.ui(field).map(|ui| ui.options.as_slice()).unwrap_or_default();
    options
        .iter()
        .enumerate()
        .map(|(i, choice)| Pick {
            id: if i == 0 { field.to_string() } else { format!("{field}-{i}") },
            value: choice.value.clone(),
            label: choice.label.clone(),
            chosen: choice.value == typed,
        })
        .collect()
}

/// The names of the three boxes of a date.
const DATE_BOXES: [(&str, &str); 3] = [("ngay", "form.day"), ("thang", "form.month"), ("nam", "form.year")];

fn boxes(field: &str, typed: &str) -> Vec<DateBox> {
    let parts: Vec<String> = match base::Day::parse(typed) {
        Ok(day) => {
            let (year, month, day) = day.civil();
            vec![day.to_string(), month.to_string(), year.to_string()]
        }
        Err(_) => typed.splitn(3, '/').map(|part| part.trim().to_string()).collect(),
    };
    DATE_BOXES
        .iter()
        .enumerate()
        .map(|(i, (name, label))| DateBox {
            id: if i == 0 { field.to_string() } else { format!("{field}-{name}") },
            name: format!("{field}.{name}"),
            label: say(label, &[]),
            value: parts.get(i).cloned().unwrap_or_default(),
        })
        .collect()
}

/// A value as somebody would type it.
fn typed_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(n) => n.to_string().replace('.', ","),
        Value::Bool(_) | Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
    }
}

/// The answers with this page's fields replaced by what the page sent: texts tidied, numbers and
/// days in one writing, what cannot be read as it was typed. Unanswered fields are left out.
pub fn read(form: &Form, page: &Page, before: &Answers, sent: &[(String, String)]) -> Answers {
    let mut answers = before.clone();
    for field in &page.fields {
        let typed = match form.shape(field) {
            Shape::Single => one(form, field, sent),
            Shape::Parts => row(form, field, field, sent),
            Shape::Rows => Some(group(form, field, sent)),
        };
        match typed.and_then(|value| tidy(form, field, value)) {
            Some(value) => answers.insert(field.clone(), value),
            None => answers.shift_remove(field),
        };
    }
    answers
}

fn one(form: &Form, path: &str, sent: &[(String, String)]) -> Option<Value> {
    match form.widget(path) {
        Widget::Checkbox => get(sent, path).filter(|t| !t.is_empty()).map(|_| Value::Bool(true)),
        Widget::Date => date(sent, path).map(Value::String),
        _ => get(sent, path).filter(|t| !t.is_empty()).map(|t| Value::String(t.to_string())),
    }
}

/// The parts of one row; `None` when all of them are empty.
fn row(form: &Form, field: &str, at: &str, sent: &[(String, String)]) -> Option<Value> {
    let parts = form.parts(field).into_iter();
    let parts = parts.filter_map(|name| Some((name.to_owned(), one(form, &format!("{at}.{name}"), sent)?)));
    let row: Answers = parts.collect();
    (!row.is_empty()).then_some(Value::Object(row))
}

/// The rows that were sent, without empty ones and the one that was to be dropped.
fn group(form: &Form, field: &str, sent: &[(String, String)]) -> Value {
    let dropped = get(sent, DROP_ROW).unwrap_or_default();
    let at = |i: u64| format!("{field}.{i}");
    let rows = (0..form.rows_max(field)).map(at).filter(|at| at != dropped);
    Value::Array(rows.filter_map(|at| row(form, field, &at, sent)).collect())
}

/// The button that adds a row to a group, and the one that drops a row.
pub const ADD_ROW: &str = "them";
pub const DROP_ROW: &str = "bot";

fn get<'a>(sent: &'a [(String, String)], name: &str) -> Option<&'a str> {
    sent.iter().rev().find(|(n, _)| n == name).map(|(_, text)| text.as_str())
}

/// The three boxes as one text; a whole date typed into the first box, or sent under the field's
/// own name, counts as well.
fn date(sent: &[(String, String)], field: &str) -> Option<String> {
    if let Some(whole) = get(sent, field).filter(|t| !t.is_empty()) {
        return Some(whole.to_string());
    }
    let parts: Vec<&str> = DATE_BOXES
        .iter()
        .map(|(name, _)| get(sent, &format!("{field}.{name}")).unwrap_or("").trim())
        .collect();
    match parts.as_slice() {
        ["", "", ""] => None,
        [whole, "", ""] if format::read_date(whole).is_some() => Some(whole.to_string()),
        parts => Some(parts.join("/")),
    }
}

/// One answer in its kept writing. `Form::clean` leaves out answers to questions that are not
/// asked, so it sees this one with its conditions met: what was typed must outlive a later change.
fn tidy(form: &Form, field: &str, value: Value) -> Option<Value> {
    let mut one = Answers::new();
    let mut at = field.to_string();
    for _ in 0..CONDITION_DEPTH_MAX {
        let Some(when) = form.condition(&at) else { break };
        one.insert(when.field.clone(), when.equals);
        at = when.field;
    }
    one.insert(field.to_string(), value);
    form.clean(&one).shift_remove(field)
}

/// An answer as people read it: the label of a choice, a date in its usual writing.
pub fn answer_text(form: &Form, field: &str, value: &Value) -> String {
    let text = match value {
        Value::Bool(true) => return say("form.said_yes", &[]),
        Value::Bool(false) => return say("form.said_no", &[]),
        Value::Array(rows) => {
            let said = rows
                .iter()
                .enumerate()
                .map(|(i, row)| format!("({}) {}", i + 1, parts_text(form, field, row)));
            return said.collect::<Vec<_>>().join("; ");
        }
        Value::Object(_) => return parts_text(form, field, value),
        value => typed_text(value),
    };
    if let Some(label) = form.option_label(field, &text) {
        return label.to_string();
    }
    let format = form.property(field).and_then(|p| p["format"].as_str()).unwrap_or_default();
    if let ("money", Some(amount)) = (format, value.as_i64().and_then(base::Dong::new)) {
        return format::money(amount);
    }
    let text = match base::Day::parse(&text) {
        Ok(day) if format == "date" => format::date_vn(day),
        _ => text,
    };
    match form.ui(field).and_then(|ui| ui.suffix.as_deref()) {
        Some(suffix) if !text.is_empty() => format!("{text} {suffix}"),
        _ => text,
    }
}

/// The parts of an address, a parcel or a row in one line.
fn parts_text(form: &Form, field: &str, value: &Value) -> String {
    let part = |name: &str| {
        value.get(name).map(|v| answer_text(form, &format!("{field}.{name}"), v)).unwrap_or_default()
    };
    let format = form.property(field).and_then(|p| p["format"].as_str()).unwrap_or_default();
    match format {
        "address" if value["text"].is_string() => typed_text(&value["text"]),
        "land-parcel" => {
            let (parcel, sheet, area) = (part("parcel"), part("sheet"), part("area"));
            let key = if area.is_empty() { "typed.parcel" } else { "typed.parcel_with_area" };
            say(key, &[("parcel", &parcel), ("sheet", &sheet), ("area", &area)])
        }
        _ => {
            let said = form.parts(field).into_iter().map(part).filter(|text| !text.is_empty());
            said.collect::<Vec<_>>().join(", ")
        }
    }
}

/// The findings of a page as sentences, by field.
pub fn sentences(form: &Form, findings: &[FieldFinding]) -> Vec<(String, String)> {
    findings
        .iter()
        .map(|finding| {
            let facts = finding.problem.args();
            let mut args: Vec<(&str, &str)> = facts.iter().map(|(k, v)| (*k, v.as_str())).collect();
            args.push(("label", form.title(&finding.field)));
            let said = crate::words::WORDS.t(finding.problem.key(), &args);
            let said = match typed::row(&finding.field) {
                Some(row) => say("form.row_error", &[("n", &row.to_string()), ("text", &said)]),
                None => said,
            };
            (finding.field.clone(), said)
        })
        .collect()
}
