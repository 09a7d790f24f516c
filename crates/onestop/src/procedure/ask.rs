//! A form's questions as a page asks them, and what was typed as answers. Nothing typed is lost: a
//! text that cannot be read stays in the draft and is shown again beside its error.

use base::format;
use serde_json::Value;

use super::form::FieldFinding;
use super::model::{Answers, Form, Page, When, Widget};
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
    /// `text`, `textarea`, `radio`, `select`, `date`, `checkbox` or `number`.
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
    pub error: String,
    /// Ids for `aria-describedby`, or "".
    pub described: String,
}

/// The questions of a page for these answers. A question whose condition was decided on an earlier
/// page is asked or left out; one decided on this very page is shown with its condition.
pub fn questions(form: &Form, page: &Page, answers: &Answers, errors: &[(String, String)]) -> Vec<Question> {
    let mut out: Vec<Question> = Vec::new();
    let mut last: Option<(When, String)> = None;
    for field in page.fields.iter().filter(|f| is_shown(form, page, f, answers, CONDITION_DEPTH_MAX)) {
        let here = form.condition(field).filter(|when| page.fields.contains(&when.field));
        let mut question = question(form, field, answers.get(field), errors);
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
    out
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

fn question(form: &Form, field: &str, value: Option<&Value>, errors: &[(String, String)]) -> Question {
    let ui = form.ui.get(field);
    let typed = value.map(typed_text).unwrap_or_default();
    let text = |pick: fn(&super::model::Ui) -> &Option<String>| {
        ui.and_then(|ui| pick(ui).clone()).unwrap_or_default()
    };
    let widget = form.widget(field);
    Question {
        field: field.to_string(),
        title: form.title(field).to_string(),
        kind: kind(widget),
        hint: text(|ui| &ui.hint),
        condition: String::new(),
        condition_id: String::new(),
        required: form.is_required(field),
        checked: value == Some(&Value::Bool(true)),
        picks: picks(form, field, &typed),
        boxes: if widget == Widget::Date { boxes(field, &typed) } else { Vec::new() },
        autocomplete: text(|ui| &ui.autocomplete),
        inputmode: inputmode(form, field, widget),
        suffix: text(|ui| &ui.suffix),
        error: errors.iter().find(|(f, _)| f == field).map(|(_, e)| e.clone()).unwrap_or_default(),
        described: String::new(),
        value: typed,
    }
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
    }
}

/// Which keys a phone offers.
fn inputmode(form: &Form, field: &str, widget: Widget) -> &'static str {
    let property = form.property(field);
    let word = |name: &str| property.and_then(|p| p.get(name)).and_then(Value::as_str).unwrap_or_default();
    match (widget, word("format"), word("type")) {
        (_, "personal-number" | "tax-number", _) => "numeric",
        (_, "phone", _) => "tel",
        (_, "email", _) => "email",
        (_, _, "number") => "decimal",
        (Widget::Number, ..) | (_, _, "integer") => "numeric",
        _ => "text",
    }
}

fn picks(form: &Form, field: &str, typed: &str) -> Vec<Pick> {
    let options = form.ui.get(field).map(|ui| ui.options.as_slice()).unwrap_or_default();
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
        let typed = match form.widget(field) {
            Widget::Checkbox => get(sent, field).filter(|t| !t.is_empty()).map(|_| Value::Bool(true)),
            Widget::Date => date(sent, field).map(Value::String),
            _ => get(sent, field).filter(|t| !t.is_empty()).map(|t| Value::String(t.to_string())),
        };
        match typed.and_then(|value| tidy(form, field, value)) {
            Some(value) => answers.insert(field.clone(), value),
            None => answers.shift_remove(field),
        };
    }
    answers
}

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
        value => typed_text(value),
    };
    if let Some(label) = form.option_label(field, &text) {
        return label.to_string();
    }
    let is_date = form.property(field).is_some_and(|p| p["format"] == "date");
    let text = match base::Day::parse(&text) {
        Ok(day) if is_date => format::date_vn(day),
        _ => text,
    };
    match form.ui.get(field).and_then(|ui| ui.suffix.as_deref()) {
        Some(suffix) if !text.is_empty() => format!("{text} {suffix}"),
        _ => text,
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
            (finding.field.clone(), crate::words::WORDS.t(finding.problem.key(), &args))
        })
        .collect()
}
