//! Fields of forms as the pages of this crate show them: with what was typed and what is wrong with it.

use axum::http::StatusCode;
use web::{FieldError, Problem, Shell};

use crate::words::{self, WORDS};

/// One field.
#[derive(Clone, Debug, Default)]
pub struct Field {
    pub name: &'static str,
    pub label: String,
    pub hint: String,
    pub value: String,
    pub error: String,
    /// The input's type; `area` for several lines.
    pub kind: &'static str,
    pub optional: bool,
    /// Value and words; a list when there are any.
    pub choices: Vec<(String, String)>,
}

impl Field {
    /// A line of text. Label and hint are the words `field.NAME` and `hint.NAME`.
    pub fn text(name: &'static str, value: &str) -> Field {
        let hint = format!("hint.{name}");
        Field {
            name,
            label: words::t(&format!("field.{name}")),
            hint: if WORDS.has(&hint) { words::t(&hint) } else { String::new() },
            value: value.to_string(),
            kind: "text",
            ..Field::default()
        }
    }

    /// Another type of input.
    pub fn kind(self, kind: &'static str) -> Field {
        Field { kind, ..self }
    }

    /// It may stay empty.
    pub fn optional(self) -> Field {
        Field { optional: true, ..self }
    }

    /// A choice among words whose meanings stand under `group`.
    pub fn choice(self, group: &str, words: impl IntoIterator<Item = &'static str>) -> Field {
        let choices = words.into_iter().map(|w| (w.to_string(), words::t(&format!("{group}.{w}")))).collect();
        Field { choices, ..self }
    }

    /// What ties hint and error to the input.
    pub fn described(&self) -> String {
        let hint = (!self.hint.is_empty()).then(|| format!("{}-goi-y", self.name));
        let error = (!self.error.is_empty()).then(|| format!("{}-loi", self.name));
        hint.into_iter().chain(error).collect::<Vec<_>>().join(" ")
    }
}

/// What a page says of something: a word and its value.
#[derive(Clone, Debug)]
pub struct Fact {
    pub label: String,
    pub value: String,
}

impl Fact {
    /// Those that have a value; their words stand under `group`.
    pub fn all(group: &str, rows: impl IntoIterator<Item = (&'static str, String)>) -> Vec<Fact> {
        let rows = rows.into_iter().filter(|(_, value)| !value.is_empty());
        rows.map(|(key, value)| Fact { label: words::t(&format!("{group}.{key}")), value }).collect()
    }
}

/// Fills a form anew that was refused: each error at its field, what is left as words for the whole form,
/// and what was typed, in the order of the fields; without any it stands there already. The status to answer
/// with. Problems that are no matter of the form come back.
pub fn fill(
    fields: &mut [Field],
    (shell, error): (&mut Shell, &mut String),
    problem: Problem,
    typed: impl IntoIterator<Item = String>,
) -> Result<StatusCode, Problem> {
    let status = problem.status();
    *error = refused(fields, problem)?;
    for (field, typed) in fields.iter_mut().zip(typed) {
        field.value = typed;
    }
    shell.has_errors = true;
    Ok(status)
}

/// Puts each error of a refusal at its field; what is left comes back as words for the whole form. Problems
/// that are no matter of the form come back.
fn refused(fields: &mut [Field], problem: Problem) -> Result<String, Problem> {
    match problem {
        Problem::Invalid(errors) => {
            let mut left = Vec::new();
            for FieldError { field, message } in errors {
                match fields.iter_mut().find(|known| known.name == field) {
                    Some(known) => known.error = message,
                    None => left.push(message),
                }
            }
            Ok(left.join(" "))
        }
        Problem::Refused(message) | Problem::TryLater(message) => Ok(message.outside),
        Problem::Stale => Ok(words::t("form.stale")),
        other => Err(other),
    }
}
