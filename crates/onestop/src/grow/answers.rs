//! Answers to a form that the form itself accepts, made from its own schema. What cannot be invented so
//! (a pattern, a group) leaves the procedure to the counter, where papers are taken by hand.

use base::Day;
use base::number::TaxNumber;
use serde_json::{Map, Value};

use crate::procedure::Procedure;
use crate::procedure::model::{Answers, Form};

/// Good answers, and the fields that are the person's own.
#[derive(Clone, Debug)]
pub struct Sample {
    pub answers: Answers,
    /// Field, and what of the person it holds (`name`, `personal_number` …).
    pub own: Vec<(String, String)>,
}

/// A sample that [`Form::check`] has nothing against; none when the schema asks for more than we invent.
pub fn sample(procedure: &Procedure, today: Day) -> Option<Sample> {
    let form = procedure.form.as_ref()?;
    let mut answers = Map::new();
    for (field, property) in form.properties() {
        if form.is_asked(field, &answers) && !form.is_file(field) {
            answers.insert(field.clone(), value(property, today)?);
        }
    }
    let answers = form.clean(&answers);
    if !form.check(&answers, today).is_empty() {
        return None;
    }
    let own = own_fields(form, &answers);
    Some(Sample { answers, own })
}

fn own_fields(form: &Form, answers: &Answers) -> Vec<(String, String)> {
    let of_person = |(field, ui): (&String, &crate::procedure::model::Ui)| {
        let what = ui.prefill.as_deref()?.strip_prefix("person.")?;
        answers.contains_key(field).then(|| (field.clone(), what.to_string()))
    };
    form.ui.iter().filter_map(of_person).collect()
}

fn value(property: &Value, today: Day) -> Option<Value> {
    if let Some(constant) = property.get("const") {
        return Some(constant.clone());
    }
    if let Some(first) = property["enum"].as_array().and_then(|words| words.first()) {
        return Some(first.clone());
    }
    Some(match property["type"].as_str()? {
        "boolean" => Value::Bool(false),
        "integer" => Value::from(property["minimum"].as_i64().unwrap_or(1).max(1)),
        "number" => Value::from(property["minimum"].as_f64().unwrap_or(1.0).max(1.0)),
        "string" => Value::from(text(property, today)?),
        _ => return None,
    })
}

fn text(property: &Value, today: Day) -> Option<String> {
    Some(match property["format"].as_str() {
        Some("date") => today.plus(-1_200).to_string(),
        Some("personal-number") => "086070000001".into(),
        Some("tax-number") => tax_number()?,
        Some("phone") => "0909000101".into(),
        Some("email") => "nobody@example.invalid".into(),
        Some(_) => return None,
        None => {
            let bound = |key: &str, default: u64| {
                usize::try_from(property[key].as_u64().unwrap_or(default)).unwrap_or(usize::MAX)
            };
            let title = property["title"].as_str().unwrap_or("1");
            let mut text: String = title.chars().take(bound("maxLength", 200)).collect();
            while text.chars().count() < bound("minLength", 0) {
                text.push('1');
            }
            text
        }
    })
}

/// A number in the right shape that nobody has: such low numbers were never given.
fn tax_number() -> Option<String> {
    (0..100).map(|n| format!("00000000{n:02}")).find(|text| TaxNumber::parse(text).is_ok())
}
