//! Invented citizens: seeded dice, answers a form accepts, and the carelessness that it must catch.

use base::Day;
use base::text::fold;
use serde_json::{Map, Value, json};

use crate::dossier::Applicant;
use crate::procedure::form::typed::{Shape, root};
use crate::procedure::model::{Answers, Form};
use crate::procedure::words::WORDS;

/// Seeded chance (SplitMix64): the same seed throws the same numbers on every machine.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The dice of the `nth` person of a run, independent of how many others there are.
    pub fn of(seed: u64, nth: u64) -> Dice {
        let mut dice = Dice(seed ^ nth.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        dice.next();
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`; 0 when `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        if n == 0 { 0 } else { self.next() % n }
    }

    /// A number of these, both inclusive.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = high.abs_diff(low).saturating_add(1);
        low.saturating_add_unsigned(self.below(width))
    }

    /// Whether something of this likelihood, in thousandths, happens.
    pub fn happens(&mut self, thousandths: u64) -> bool {
        self.below(1000) < thousandths
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        all.get(usize::try_from(self.below(all.len() as u64)).unwrap_or(0))
    }

    fn word(&mut self, key: &str) -> String {
        let list = WORDS.t(key, &[]);
        let all: Vec<&str> = list.split('|').collect();
        self.one_of(&all).map(|word| (*word).to_owned()).unwrap_or_default()
    }
}

/// A field for which no invented answer passes the form's own check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoAnswer(pub String);

/// Somebody with a name, a number and a telephone.
pub fn person(dice: &mut Dice) -> Applicant {
    Applicant {
        name: dice.word("people.names"),
        number: personal_number(dice),
        phone: phone(dice),
        email: String::new(),
        address: dice.word("people.addresses"),
    }
}

/// Answers that the form accepts, in the order of its questions, about whoever files.
pub fn answers(form: &Form, who: &Applicant, dice: &mut Dice, today: Day) -> Result<Answers, NoAnswer> {
    let mut given = Answers::new();
    for field in form.fields() {
        let skipped = !form.is_required(field) && !dice.happens(600);
        if skipped || form.is_file(field) || !form.is_asked(field, &given) {
            continue;
        }
        let known = match form.ui(field).and_then(|ui| ui.prefill.as_deref()) {
            Some("person.name") => Some(who.name.clone()),
            Some("person.personal_number") => Some(who.number.clone()),
            Some("person.phone") => Some(who.phone.clone()),
            Some("person.address") => Some(who.address.clone()),
            _ => None,
        };
        let value = match (known, form.shape(field)) {
            (Some(known), _) => Value::String(known),
            (None, Shape::Single) => one(form, field, dice, today),
            (None, Shape::Parts) => row(form, field, dice, today),
            (None, Shape::Rows) => rows(form, field, dice, today),
        };
        if !form.accepts(field, &value) {
            return Err(NoAnswer(field.to_owned()));
        }
        given.insert(field.to_owned(), value);
    }
    Ok(given)
}

fn rows(form: &Form, field: &str, dice: &mut Dice, today: Day) -> Value {
    let least = form.property(field).and_then(|p| p["minItems"].as_u64()).unwrap_or(0).max(1);
    let count = (least + dice.below(3)).min(form.rows_max(field));
    Value::Array((0..count).map(|i| row(form, &format!("{field}.{i}"), dice, today)).collect())
}

fn row(form: &Form, at: &str, dice: &mut Dice, today: Day) -> Value {
    let mut row = Map::new();
    for part in form.parts(root(at)) {
        let path = format!("{at}.{part}");
        if form.is_required(&path) || dice.happens(600) {
            row.insert(part.to_owned(), one(form, &path, dice, today));
        }
    }
    Value::Object(row)
}

fn one(form: &Form, path: &str, dice: &mut Dice, today: Day) -> Value {
    let Some(property) = form.property(path) else { return Value::Null };
    if let Some(value) = property["enum"].as_array().and_then(|all| dice.one_of(all)) {
        return value.clone();
    }
    if let Some(value) = property["examples"].as_array().and_then(|all| dice.one_of(all)) {
        return value.clone();
    }
    let bound = |name: &str| property[name].as_f64().map(|n| n as i64);
    match property["type"].as_str() {
        Some("boolean") => property.get("const").cloned().unwrap_or_else(|| dice.happens(500).into()),
        Some("integer") => {
            let low = bound("minimum").unwrap_or(0);
            let (low, high) = (low, bound("maximum").unwrap_or(low + 50_000_000).max(low));
            dice.between(low, high.min(low.saturating_add(50_000_000))).into()
        }
        Some("number") => {
            let low = bound("minimum").or(bound("exclusiveMinimum").map(|n| n + 1)).unwrap_or(1);
            dice.between(low, bound("maximum").unwrap_or(low + 200).clamp(low, low + 200)).into()
        }
        _ => text(form, path, property, dice, today),
    }
}

fn text(form: &Form, path: &str, property: &Value, dice: &mut Dice, today: Day) -> Value {
    let made = match property["format"].as_str() {
        Some("date") => {
            let ahead = if property["x-past"] == true { 0 } else { 30 };
            today.plus(dice.between(-9_000, ahead)).to_string()
        }
        Some("personal-number") => personal_number(dice),
        Some("tax-number" | "enterprise") => dice.word("people.tax_numbers"),
        Some("phone") => phone(dice),
        Some("email") => format!("nguoi{}@vidu.vn", dice.below(100_000)),
        Some("commune") => format!("{:05}@2018-01-01", dice.below(100_000)),
        _ if property["pattern"].is_string() => return patterned(form, path, dice),
        _ => {
            let title = fold(form.title(path));
            dice.word(if title.contains("ten") { "people.names" } else { "people.addresses" })
        }
    };
    let min = property["minLength"].as_u64().unwrap_or(0) as usize;
    let max = property["maxLength"].as_u64().map_or(usize::MAX, |max| max as usize);
    let mut long = made.clone();
    while long.chars().count() < min {
        long = format!("{long} {made}");
    }
    long.chars().take(max).collect::<String>().trim().into()
}

/// A text for a pattern without examples: short ones are tried against the form itself.
fn patterned(form: &Form, path: &str, dice: &mut Dice) -> Value {
    let number = dice.below(900) + 100;
    let tries = [number.to_string(), format!("A{number}"), format!("{number}/A"), format!("{:05}", number)];
    let fits = |text: &&String| form.property(path).is_some() && form.accepts(path, &json!(text));
    tries.iter().find(fits).map_or(Value::Null, |text| text.as_str().into())
}

/// 086 for Vĩnh Long, born in the last century or this one. law: identity/personal-number
fn personal_number(dice: &mut Dice) -> String {
    let (century, year) = match dice.below(2) {
        0 => (dice.below(2), dice.between(50, 99)),
        _ => (2 + dice.below(2), dice.between(0, 8)),
    };
    format!("086{century}{year:02}{:06}", dice.below(1_000_000))
}

fn phone(dice: &mut Dice) -> String {
    format!("09{:08}", dice.below(100_000_000))
}

/// What a hurried person does to answers: leaves one out, mistypes one, or writes it with stray
/// spaces, which must not matter. `thousandths` is the likelihood for each answer.
pub fn hurry(form: &Form, right: &Answers, thousandths: u64, dice: &mut Dice) -> Answers {
    let mut typed = Answers::new();
    for (field, value) in right {
        let spoilt = match (dice.happens(thousandths), value) {
            (false, Value::String(text)) if dice.happens(100) => Some(format!(" {text}  ").into()),
            (false, value) => Some(value.clone()),
            (true, Value::String(text)) if dice.happens(600) => Some(mistyped(form, field, text, dice)),
            (true, _) => None,
        };
        if let Some(value) = spoilt {
            typed.insert(field.clone(), value);
        }
    }
    typed
}

fn mistyped(form: &Form, field: &str, text: &str, dice: &mut Dice) -> Value {
    let is_date = form.property(field).is_some_and(|p| p["format"] == "date");
    if is_date {
        return "31/2/2026".into();
    }
    let mut letters: Vec<char> = text.chars().collect();
    let at = usize::try_from(dice.below(letters.len() as u64)).unwrap_or(0);
    if at < letters.len() {
        letters.remove(at);
    }
    letters.into_iter().collect::<String>().into()
}
