//! What a guided form offers to choose from, read out of the file itself: its steps, its questions, and the
//! answers that a condition may look at. A file that is no procedure yet offers what it has.

use toml::{Table, Value};

use super::text::Of;

/// A value and its words.
pub type Choice = (String, String);

/// Everything that can be chosen.
#[derive(Debug, Default)]
pub struct Choices {
    steps: Vec<Choice>,
    numbers: Vec<Choice>,
    people: Vec<Choice>,
    groups: Vec<Choice>,
    cases: Vec<Choice>,
}

impl Choices {
    /// Of this file.
    pub fn of(source: &str) -> Choices {
        let Ok(file) = source.parse::<Table>() else { return Choices::default() };
        let mut all = Choices::default();
        for step in file.get("steps").and_then(Value::as_array).into_iter().flatten() {
            let id = text(step, "id");
            let name = text(step, "name");
            all.steps.push((id.to_owned(), if name.is_empty() { id } else { name }.to_owned()));
        }
        let schema = file.get("form").and_then(|form| form.get("schema")).and_then(|s| s.get("properties"));
        for (key, question) in schema.and_then(Value::as_table).into_iter().flatten() {
            all.question(key, question);
        }
        all
    }

    fn question(&mut self, key: &str, question: &Value) {
        let words = titled(key, question);
        self.person(key, question, &words);
        let parts = question.get("items").and_then(|items| items.get("properties")).and_then(Value::as_table);
        if let Some(parts) = parts {
            self.groups.push((key.to_owned(), words.clone()));
            for (part, inner) in parts {
                self.person(part, inner, &format!("{words} › {}", titled(part, inner)));
            }
        }
        let listed = question.get("enum").and_then(Value::as_array).into_iter().flatten();
        let listed = listed.filter_map(Value::as_str).map(serde_json::Value::from);
        let yes_no = (text(question, "type") == "boolean").then_some([true, false]).into_iter().flatten();
        for answer in listed.chain(yes_no.map(serde_json::Value::from)) {
            let plain = answer.as_str().map_or_else(|| answer.to_string(), str::to_owned);
            self.cases.push((format!("{key}={answer}"), format!("{words}: {plain}")));
        }
    }

    /// A question whose answer may name somebody, or be somebody's number.
    fn person(&mut self, key: &str, question: &Value, words: &str) {
        if text(question, "type") != "string" || question.get("enum").is_some() {
            return;
        }
        let into = match text(question, "format") {
            "personal-number" => &mut self.numbers,
            "" => &mut self.people,
            _ => return,
        };
        if into.iter().all(|(known, _)| known != key) {
            into.push((key.to_owned(), words.to_owned()));
        }
    }

    /// What a field offers.
    pub fn for_field(&self, of: Of) -> &[Choice] {
        match of {
            Of::Steps => &self.steps,
            Of::Numbers => &self.numbers,
            Of::People => &self.people,
            Of::Groups => &self.groups,
            Of::Cases => &self.cases,
        }
    }
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A question by its title, with the key that the file calls it by.
fn titled(key: &str, question: &Value) -> String {
    match text(question, "title") {
        "" => key.to_owned(),
        title => format!("{title} ({key})"),
    }
}
