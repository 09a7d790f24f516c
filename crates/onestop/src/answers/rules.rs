//! Which answers may be typed or corrected, by whom, and what has changed. Pure.

use serde_json::Value;

use crate::dossier::rules::{Seat, Status};
use crate::procedure::Procedure;
use crate::procedure::model::{Answers, Form, Page, Widget};

/// One answer that became another; none: there was no answer, or there is none any more.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub field: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// Whether whoever sits in these seats types the answers of a dossier in this status from its paper. What
/// somebody declared online is theirs alone to correct.
pub fn may_type(seats: &[Seat], status: Status, channel: &str) -> bool {
    let holds = |seat: &Seat| match seat {
        Seat::Counter => {
            matches!(status, Status::Filed | Status::Received | Status::Supplementing | Status::AwaitingFee)
        }
        Seat::Desk => status == Status::InProcess,
        _ => false,
    };
    channel != "online" && seats.iter().any(holds)
}

/// The questions that are answered with words, in the order asked. What is answered with a file is brought
/// as a file.
pub fn questions(form: &Form) -> Vec<String> {
    form.fields().filter(|field| form.widget(field) != Widget::File).map(str::to_string).collect()
}

/// These questions as one page.
pub fn sheet(fields: Vec<String>) -> Page {
    Page { id: String::new(), title: String::new(), hint: None, fields }
}

/// The questions that are opened where `asked` are to be corrected: themselves, and those that another
/// answer to them may bring with it.
pub fn with_followers(form: &Form, asked: &[String]) -> Vec<String> {
    let mut open: Vec<String> = Vec::new();
    for field in questions(form) {
        let follows = form.condition(&field).is_some_and(|when| open.contains(&when.field));
        if asked.contains(&field) || follows {
            open.push(field);
        }
    }
    open
}

/// The questions that a request names. A part of an interlinked dossier names its own; which of the parent's
/// they came from, the parent's file says.
pub fn asked(procedure: &Procedure, requests: &[Value]) -> Vec<String> {
    let words = |list: &Value| -> Vec<String> {
        list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_string).collect()
    };
    let mut asked = Vec::new();
    for details in requests {
        asked.extend(words(&details["fields"]));
        let of = |child: &&crate::procedure::model::Child| child.code.as_deref() == details["of"].as_str();
        for child in procedure.children.iter().filter(|child| child.code.is_some()).filter(of) {
            let fields = words(&details["part_fields"]);
            asked.extend(fields.iter().filter_map(|field| child.answers.get(field).cloned()));
        }
    }
    asked.sort();
    asked.dedup();
    asked
}

/// What was typed for questions that this case does not ask, and that was not there before: it would be
/// dropped in silence.
pub fn idle(form: &Form, typed: &Answers, before: &Answers) -> Vec<String> {
    let clean = form.clean(typed);
    let idle = |(field, value): &(&String, &Value)| {
        !value.is_null()
            && form.property(field).is_some()
            && form.widget(field) != Widget::File
            && !clean.contains_key(*field)
            && before.get(*field) != Some(*value)
            && !is_blank(value)
    };
    typed.iter().filter(idle).map(|(field, _)| field.clone()).collect()
}

/// Nothing but spaces, or an empty row.
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(rows) => rows.iter().all(is_blank),
        Value::Object(parts) => parts.values().all(is_blank),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// What has become of the answers, in the order of the questions.
pub fn changes(form: &Form, before: &Answers, after: &Answers) -> Vec<Change> {
    let known: Vec<&str> = form.fields().collect();
    let rest = before.keys().chain(after.keys().filter(|field| !before.contains_key(*field)));
    let rest = rest.map(String::as_str).filter(|field| !known.contains(field));
    let all = known.iter().copied().chain(rest);
    let change = |field: &str| {
        let (before, after) = (before.get(field).cloned(), after.get(field).cloned());
        (before != after).then(|| Change { field: field.to_string(), before, after })
    };
    all.filter_map(change).collect()
}

/// The answers before these changes, which are told the newest first.
pub fn undo<'a>(mut answers: Answers, newest_first: impl IntoIterator<Item = &'a Change>) -> Answers {
    for change in newest_first {
        match &change.before {
            Some(value) => answers.insert(change.field.clone(), value.clone()),
            None => answers.shift_remove(&change.field),
        };
    }
    answers
}
