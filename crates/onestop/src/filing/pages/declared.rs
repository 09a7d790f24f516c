//! What a form's answers declare, page by page, as anybody reads it who may: the applicant before filing, and
//! those who agree to it.

use crate::procedure::model::Answers;
use crate::procedure::{Procedure, ask};
use crate::words_citizen::say;

/// A question with its answer.
pub struct Answer {
    pub question: String,
    pub answer: String,
    /// Where it is asked.
    pub page: String,
    pub field: String,
}

/// The answers of one page.
pub struct Group {
    pub title: String,
    pub answers: Vec<Answer>,
}

/// The questions that are asked in this case, with their answers. Those answered with a file are papers.
pub fn groups(procedure: &Procedure, answers: &Answers) -> Vec<Group> {
    let Some(form) = &procedure.form else { return Vec::new() };
    let answer = |page: &str, field: &String| Answer {
        question: form.title(field).to_string(),
        answer: match answers.get(field) {
            Some(value) => ask::answer_text(form, field, value),
            None => say("form.unanswered", &[]),
        },
        page: page.to_string(),
        field: field.clone(),
    };
    let asked = |field: &&String| form.is_asked(field, answers) && !form.is_file(field);
    let group = |page: &crate::procedure::model::Page| Group {
        title: page.title.clone(),
        answers: page.fields.iter().filter(asked).map(|field| answer(&page.id, field)).collect(),
    };
    form.pages.iter().map(group).filter(|group| !group.answers.is_empty()).collect()
}
