//! Questions whose answer is a file: asked among the others, brought as an upload, and from there on a
//! paper of the dossier like any other.

use serde_json::{Value, json};

use crate::procedure::model::{Component, Form};

/// Marks, in a schema, a file that must be brought: `required` speaks of what is written.
const MUST_BRING: &str = "x-must-bring";

impl Form {
    /// Whether this question is answered with a file.
    pub fn is_file(&self, field: &str) -> bool {
        self.property(field).is_some_and(|property| property["format"] == "file")
    }

    /// Whether a file must be brought where it is asked for.
    pub fn must_bring(&self, field: &str) -> bool {
        self.property(field).is_some_and(|property| property[MUST_BRING] == true)
    }

    /// The file questions as papers, named as their fields. A file is never among the answers, so the
    /// schema no longer requires it there; the paper does.
    pub(in crate::procedure) fn take_files(&mut self) -> Vec<Component> {
        let fields: Vec<String> = self.fields().filter(|f| self.is_file(f)).map(str::to_owned).collect();
        let paper = |field: &String| Component {
            id: field.clone(),
            name: self.title(field).to_owned(),
            originals: 0,
            copies: 0,
            required: self.is_required(field),
            by_form: false,
            note: self.ui(field).and_then(|ui| ui.hint.clone()),
            when: self.condition(field),
            question: true,
        };
        let papers: Vec<Component> = fields.iter().map(paper).collect();
        if let Some(required) = self.schema.get_mut("required").and_then(Value::as_array_mut) {
            required.retain(|name| !fields.iter().any(|field| name == field.as_str()));
        }
        for paper in papers.iter().filter(|paper| paper.required) {
            if let Some(property) = self.schema["properties"].get_mut(&paper.id) {
                property[MUST_BRING] = json!(true);
            }
        }
        papers
    }
}
