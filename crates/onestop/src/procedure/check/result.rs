//! What the citizen gets: whether its paper can be printed from what is known.

use super::Finding;
use crate::procedure::model::{Form, Procedure};

/// Where a field of the result may come from, besides `answers.`.
pub const RESULT_SOURCES: [&str; 9] = [
    "applicant.name",
    "applicant.personal_number",
    "applicant.address",
    "result.number",
    "result.day",
    "result.year",
    "result.agency",
    "dossier.code",
    "dossier.parts",
];

pub fn check(procedure: &Procedure, found: &mut Vec<Finding>) {
    for (field, from) in &procedure.result.fields {
        let known = match from.strip_prefix("answers.") {
            Some(name) => procedure.form.as_ref().is_some_and(|form| form.property(name).is_some()),
            None => RESULT_SOURCES.contains(&from.as_str()),
        };
        if !known {
            found.push(Finding::ResultUnknown { field: field.clone(), from: from.clone() });
        }
    }
    template(procedure, found);
    if let Some(code) = &procedure.result.code
        && !is_ministry_code(code)
    {
        found.push(Finding::ResultCodeOdd { code: code.clone() });
    }
}

/// The fields against the template that prints them: what it refuses, no citizen would get.
fn template(procedure: &Procedure, found: &mut Vec<Finding>) {
    let spec = &procedure.result;
    let name = spec.template.as_str();
    let template = paper::result_templates().iter().find(|t| t.name == name);
    let template = template.expect("every variant of ResultTemplate is a template of paper, as a test shows");
    for field in template.required {
        match spec.fields.get(*field) {
            None => found.push(Finding::TemplateLacks { template: name, field: (*field).into() }),
            Some(from) if may_lack(procedure.form.as_ref(), from) => {
                let (field, from) = ((*field).into(), from.clone());
                found.push(Finding::TemplateMayLack { template: name, field, from });
            }
            Some(_) => {}
        }
    }
    for (field, from) in &spec.fields {
        let known = template.required.iter().chain(template.optional).any(|known| known == field);
        if !known && !template.open {
            found.push(Finding::TemplateUnknownField { template: name, field: field.clone() });
        }
        if template.days.contains(&field.as_str()) && !is_day(procedure.form.as_ref(), from) {
            let (field, from) = (field.clone(), from.clone());
            found.push(Finding::TemplateNotADay { template: name, field, from });
        }
    }
}

/// Whether the source may stay empty. What is wrong with an unknown one is said elsewhere.
fn may_lack(form: Option<&Form>, from: &str) -> bool {
    match (form, from.strip_prefix("answers.")) {
        (Some(form), Some(field)) => !form.is_required(field) || form.condition(field).is_some(),
        _ => from == "applicant.address",
    }
}

fn is_day(form: Option<&Form>, from: &str) -> bool {
    match (form, from.strip_prefix("answers.")) {
        (Some(form), Some(field)) => form.property(field).is_none_or(|p| p["format"] == "date"),
        _ => from == "result.day",
    }
}

/// `KQ.G15.000031`: the results of ministries, the only ones a national procedure gives.
pub fn is_ministry_code(code: &str) -> bool {
    let digits = |text: &str, n: usize| text.len() == n && text.bytes().all(|b| b.is_ascii_digit());
    let mut parts = code.split('.');
    let (kind, body, number, rest) = (parts.next(), parts.next(), parts.next(), parts.next());
    kind == Some("KQ")
        && body.and_then(|body| body.strip_prefix('G')).is_some_and(|n| digits(n, 2))
        && number.is_some_and(|n| digits(n, 6))
        && rest.is_none()
}
