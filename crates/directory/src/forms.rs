//! Forms as pages show them: fields with their labels, what was typed, and what is wrong with it.

use askama::filters::Safe;
use web::page::NoticeKind;
use web::{FieldError, Message, Problem, Shell};

use crate::words;

/// A form with its fields.
#[derive(Clone, Debug, Default)]
pub struct FormView {
    /// Tells the error summaries of one page apart.
    pub id: &'static str,
    pub fields: Vec<Field>,
    /// What is wrong with the whole, beside the fields.
    pub message: String,
}

/// One field.
#[derive(Clone, Debug, Default)]
pub struct Field {
    pub id: String,
    pub name: &'static str,
    pub label: String,
    pub hint: String,
    pub value: String,
    /// The input's type.
    pub kind: &'static str,
    pub autocomplete: &'static str,
    pub optional: bool,
    /// Value and words; a list when there are any.
    pub choices: Vec<(String, String)>,
    pub error: String,
}

impl FormView {
    /// A form of these fields.
    pub fn new(id: &'static str, fields: Vec<Field>) -> FormView {
        FormView { id, fields, message: String::new() }
    }

    /// The same form after it was refused: each error at its field, what is left above the form.
    /// Problems that are no matter of the form come back.
    pub fn refused(mut self, problem: Problem) -> Result<FormView, Problem> {
        match problem {
            Problem::Invalid(errors) => {
                for error in errors {
                    self.put(error);
                }
                Ok(self)
            }
            Problem::Refused(message) => {
                self.message = message.outside;
                Ok(self)
            }
            other => Err(other),
        }
    }

    /// The page's frame and this form, filled as it was typed, after it was refused. What was stale is told
    /// above the page, which then shows `fresh`, the newest values.
    pub fn kept(self, shell: Shell, fresh: FormView, problem: Problem) -> Result<(Shell, FormView), Problem> {
        match problem {
            Problem::Stale => Ok((shell.notice(NoticeKind::Warning, words::t("form.stale")), fresh)),
            problem => Ok((shell, self.refused(problem)?)),
        }
    }

    fn put(&mut self, error: FieldError) {
        match self.fields.iter_mut().find(|f| f.name == error.field) {
            Some(field) => field.error = error.message,
            None => self.message = error.message,
        }
    }

    /// Is anything wrong?
    pub fn has_errors(&self) -> bool {
        self.count() > 0
    }

    fn count(&self) -> usize {
        self.fields.iter().filter(|f| !f.error.is_empty()).count() + usize::from(!self.message.is_empty())
    }

    /// The heading above the errors.
    pub fn summary(&self) -> String {
        words::own().t("form.summary", &[("n", &self.count().to_string())])
    }
}

impl Field {
    /// A text field; label and hint are the words `field.NAME` and `hint.NAME`.
    pub fn text(name: &'static str, value: impl Into<String>) -> Field {
        let hint = format!("hint.{name}");
        Field {
            id: name.to_string(),
            name,
            label: words::t(&format!("field.{name}")),
            hint: if words::own().has(&hint) { words::t(&hint) } else { String::new() },
            value: value.into(),
            kind: "text",
            autocomplete: "off",
            ..Field::default()
        }
    }

    /// A password field; it never comes back filled.
    pub fn password(name: &'static str, autocomplete: &'static str) -> Field {
        Field { kind: "password", autocomplete, ..Field::text(name, "") }
    }

    /// Another type of input.
    pub fn kind(self, kind: &'static str) -> Field {
        Field { kind, ..self }
    }

    /// What a browser may fill in.
    pub fn autocomplete(self, autocomplete: &'static str) -> Field {
        Field { autocomplete, ..self }
    }

    /// It may stay empty.
    pub fn optional(self) -> Field {
        Field { optional: true, ..self }
    }

    /// A list to choose from.
    pub fn choices(self, choices: Vec<(String, String)>) -> Field {
        Field { choices, ..self }
    }

    /// The attributes that tie hint and error to the input.
    pub fn described(&self) -> Safe<String> {
        let mut by = Vec::new();
        if !self.hint.is_empty() {
            by.push(format!("{}-huong-dan", self.id));
        }
        let mut out = String::new();
        if !self.error.is_empty() {
            by.push(format!("{}-loi", self.id));
            out.push_str(r#" aria-invalid="true""#);
        }
        if !by.is_empty() {
            out.push_str(&format!(r#" aria-describedby="{}""#, by.join(" ")));
        }
        Safe(out)
    }

    /// Keyboard and filling-in, by what the field is.
    pub fn attributes(&self) -> Safe<String> {
        let mode = match self.name {
            "personal_number" => r#" inputmode="numeric""#,
            _ => "",
        };
        Safe(format!(r#" autocomplete="{}"{mode}"#, self.autocomplete))
    }
}

/// A refusal as one text, for pages that say it in one place; everything else goes on.
pub fn told(problem: Problem) -> Result<String, Problem> {
    match problem {
        Problem::Invalid(errors) => Ok(FieldError::all(&errors)),
        Problem::Refused(Message { outside, .. }) => Ok(outside),
        Problem::Stale => Ok(words::t("form.stale")),
        other => Err(other),
    }
}
