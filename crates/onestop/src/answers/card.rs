//! A card scanned into somebody's number: the questions about the same person are filled from it. Who that
//! is, the names of the questions say: `mother_personal_number`, `mother_name`, `mother_birth_year`.

use serde_json::Value;

use crate::intake::card::{self, Card, NoCard};
use crate::procedure::model::{Answers, Form};

/// The question into which a card was scanned, and what the scanner typed.
pub fn scanned(form: &Form, sent: &[(String, String)]) -> Option<(String, Result<Card, NoCard>)> {
    let asks_number = |name: &str| form.property(name).is_some_and(|p| p["format"] == "personal-number");
    let found = sent.iter().find(|(name, text)| card::is_scanned(text) && asks_number(name));
    found.map(|(name, text)| (name.clone(), card::read(text)))
}

/// Fills what the card says of the person whose number `field` asks for; the card in the hand goes before
/// what was typed.
pub fn fill(form: &Form, field: &str, card: &Card, answers: &mut Answers) {
    put(answers, field, Value::String(card.number.to_string()));
    let Some(stem) = field.strip_suffix("personal_number").or_else(|| field.strip_suffix("number")) else {
        return;
    };
    let text = |text: &str| Some(text).filter(|t| !t.is_empty()).map(|t| Value::String(t.to_string()));
    let sex = card.sex.map(|sex| match sex {
        base::number::Sex::Male => "male",
        base::number::Sex::Female => "female",
    });
    let said = [
        ("name", text(&card.name)),
        ("address", text(&card.address)),
        ("birth_date", card.born.map(|day| Value::String(day.to_string()))),
        ("birth_year", card.born.map(|day| Value::from(day.year()))),
        ("sex", sex.and_then(text)),
    ];
    for (what, value) in said {
        let beside = format!("{stem}{what}");
        if let Some(value) = value.filter(|value| form.accepts_part(&beside, value)) {
            put(answers, &beside, value);
        }
    }
}

/// Puts a value where a path says: `field`, `field.part` or `field.0.part`.
fn put(answers: &mut Answers, path: &str, value: Value) {
    let mut parts = path.split('.');
    let Some(root) = parts.next() else { return };
    let rest: Vec<&str> = parts.collect();
    match rest.as_slice() {
        [] => drop(answers.insert(root.to_string(), value)),
        [row, part] if row.bytes().all(|b| b.is_ascii_digit()) => {
            let rows = answers.entry(root).or_insert_with(|| Value::Array(Vec::new()));
            let (Some(rows), Ok(at)) = (rows.as_array_mut(), row.parse::<usize>()) else { return };
            // Empty rows before it were not sent; the scanned one then is the last.
            let at = at.min(rows.len());
            if at == rows.len() {
                rows.push(Value::Object(Answers::new()));
            }
            if let Some(row) = rows[at].as_object_mut() {
                row.insert((*part).to_string(), value);
            }
        }
        [part] => {
            let whole = answers.entry(root).or_insert_with(|| Value::Object(Answers::new()));
            if let Some(whole) = whole.as_object_mut() {
                whole.insert((*part).to_string(), value);
            }
        }
        _ => {}
    }
}
