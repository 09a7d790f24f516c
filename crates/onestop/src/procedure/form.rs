//! Answers to a form: tidied first, then judged. Every finding is a fact about one field;
//! the words are in `words/`, under the key each problem names.

mod files;
#[cfg(test)]
mod tests;
pub mod typed;

use std::str::FromStr;

use base::limits::{TEXT_AREA_CHARS_MAX, TEXT_LINE_CHARS_MAX};
use base::number::{NumberError, PersonalNumber, Phone, TaxNumber};
use base::{Day, format, text};
use jsonschema::Validator;
use jsonschema::error::ValidationErrorKind as Kind;
use serde_json::{Map, Value};

use super::model::{Answers, Form, When, Widget};

/// More answers than any form has questions.
const ANSWERS_MAX: usize = 300;
/// A condition on a condition on a condition; the check allows only earlier fields, so
/// this is never reached by a checked form.
const CONDITION_DEPTH_MAX: usize = 16;

/// One field that cannot stand as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldFinding {
    /// Empty when the answers as a whole are refused.
    pub field: String,
    pub problem: FieldProblem,
}

impl FieldFinding {
    /// The key of its sentence in `words/`.
    pub fn key(&self) -> &'static str {
        self.problem.key()
    }

    /// The facts of the sentence, by placeholder.
    pub fn args(&self) -> Vec<(&'static str, String)> {
        self.problem.args()
    }
}

/// What is wrong with an answer, with the facts a sentence needs.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldProblem {
    /// Not answered. What to do depends on how it is asked.
    Missing(Ask),
    /// The form has no such field.
    Unknown,
    /// More answers than a form can have.
    TooMany {
        max: usize,
    },
    /// Not a text, a whole number, a number, a yes or no.
    NotText,
    NotInteger,
    NotNumber,
    NotYesNo,
    /// Characters that cannot be printed.
    Unprintable,
    /// Lengths in characters.
    TooShort {
        min: u64,
        got: usize,
    },
    TooLong {
        max: u64,
        got: usize,
    },
    /// Bounds as the schema writes them.
    TooSmall {
        min: String,
    },
    TooBig {
        max: String,
    },
    NotAbove {
        bound: String,
    },
    /// Not one of the options.
    NotAnOption,
    /// Not of the form the field's hint describes.
    Pattern,
    NotADay,
    /// A day that has not come yet, where only the past makes sense.
    DayAhead,
    PersonalNumber(NumberError),
    TaxNumber(NumberError),
    Phone(NumberError),
    Email,
    /// Not a commune of the unit tree.
    NotACommune,
    /// Not the parts of an address, a parcel or a row.
    NotParts,
    TooFewRows {
        min: u64,
    },
    TooManyRows {
        max: u64,
    },
    /// Refused by a rule of the schema that has no words of its own.
    Schema {
        rule: String,
    },
}

/// How a field is asked, and so what a citizen has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    Enter,
    Choose,
    Tick,
}

impl FieldProblem {
    /// The key of its sentence in `words/`.
    pub fn key(&self) -> &'static str {
        use FieldProblem::*;
        match self {
            Missing(Ask::Enter) => "form.missing.enter",
            Missing(Ask::Choose) => "form.missing.choose",
            Missing(Ask::Tick) => "form.missing.tick",
            Unknown => "form.unknown",
            TooMany { .. } => "form.too_many",
            NotText => "form.not_text",
            NotInteger => "form.not_integer",
            NotNumber => "form.not_number",
            NotYesNo => "form.not_yes_no",
            Unprintable => "form.unprintable",
            TooShort { .. } => "form.too_short",
            TooLong { .. } => "form.too_long",
            TooSmall { .. } => "form.too_small",
            TooBig { .. } => "form.too_big",
            NotAbove { .. } => "form.not_above",
            NotAnOption => "form.not_an_option",
            Pattern => "form.pattern",
            NotADay => "form.not_a_day",
            DayAhead => "form.day_ahead",
            PersonalNumber(NumberError::Length { .. }) => "form.personal_number.length",
            PersonalNumber(NumberError::NotDigits) => "form.personal_number.digits",
            PersonalNumber(_) => "form.personal_number.wrong",
            TaxNumber(NumberError::Length { .. }) => "form.tax_number.length",
            TaxNumber(NumberError::NotDigits) => "form.tax_number.digits",
            TaxNumber(_) => "form.tax_number.wrong",
            Phone(NumberError::Length { .. }) => "form.phone.length",
            Phone(_) => "form.phone.wrong",
            Email => "form.email",
            NotACommune => "form.not_a_commune",
            NotParts => "form.not_parts",
            TooFewRows { .. } => "form.too_few_rows",
            TooManyRows { .. } => "form.too_many_rows",
            Schema { .. } => "form.schema",
        }
    }

    /// The facts of the sentence, by placeholder. The field's title is the caller's, as `label`.
    pub fn args(&self) -> Vec<(&'static str, String)> {
        use FieldProblem::*;
        match self {
            TooMany { max } => vec![("max", max.to_string())],
            TooShort { min, got } => vec![("min", min.to_string()), ("got", got.to_string())],
            TooLong { max, got } => vec![("max", max.to_string()), ("got", got.to_string())],
            TooSmall { min } => vec![("min", min.clone())],
            TooBig { max } => vec![("max", max.clone())],
            NotAbove { bound } => vec![("bound", bound.clone())],
            TooFewRows { min } => vec![("min", min.to_string())],
            TooManyRows { max } => vec![("max", max.to_string())],
            PersonalNumber(NumberError::Length { got })
            | TaxNumber(NumberError::Length { got })
            | Phone(NumberError::Length { got }) => vec![("got", got.to_string())],
            Schema { rule } => vec![("rule", rule.clone())],
            _ => Vec::new(),
        }
    }

    /// Every key, so that a test can find a word for each.
    #[cfg(test)]
    pub const KEYS: [&str; 33] = [
        "form.missing.enter",
        "form.missing.choose",
        "form.missing.tick",
        "form.unknown",
        "form.too_many",
        "form.not_text",
        "form.not_integer",
        "form.not_number",
        "form.not_yes_no",
        "form.unprintable",
        "form.too_short",
        "form.too_long",
        "form.too_small",
        "form.too_big",
        "form.not_above",
        "form.not_an_option",
        "form.pattern",
        "form.not_a_day",
        "form.day_ahead",
        "form.personal_number.length",
        "form.personal_number.digits",
        "form.personal_number.wrong",
        "form.tax_number.length",
        "form.tax_number.digits",
        "form.tax_number.wrong",
        "form.phone.length",
        "form.phone.wrong",
        "form.email",
        "form.not_a_commune",
        "form.not_parts",
        "form.too_few_rows",
        "form.too_many_rows",
        "form.schema",
    ];
}

impl Form {
    /// Every field in the order asked.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.pages.iter().flat_map(|page| &page.fields).map(String::as_str)
    }

    /// The schema's fields with their schemas.
    pub fn properties(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.schema.get("properties").and_then(Value::as_object).into_iter().flatten()
    }

    /// The schema of one field, or of a part of one by its path.
    pub fn property(&self, field: &str) -> Option<&Value> {
        let (root, part) = match field.split_once('.') {
            None => return self.schema.get("properties")?.get(field),
            Some((root, rest)) => (root, rest.rsplit('.').next().unwrap_or(rest)),
        };
        typed::parts(self.schema.get("properties")?.get(root)?)?.get(part)
    }

    /// The question, as the page and the check-your-answers list print it; the field's own
    /// name where the schema has no title.
    pub fn title<'a>(&'a self, field: &'a str) -> &'a str {
        self.property(field).and_then(|p| p.get("title")).and_then(Value::as_str).unwrap_or(field)
    }

    /// The fields named by `required`.
    pub fn required(&self) -> impl Iterator<Item = &str> {
        let list = self.schema.get("required").and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str)
    }

    /// Whether an answer is needed when the field is asked.
    pub fn is_required(&self, field: &str) -> bool {
        if field.contains('.') {
            return self.part_is_required(field);
        }
        self.required().any(|name| name == field)
    }

    /// The condition under which the field is asked, if it has one.
    pub fn condition(&self, field: &str) -> Option<When> {
        serde_json::from_value(self.property(field)?.get("x-when")?.clone()).ok()
    }

    /// Whether the field is asked, given the answers so far.
    pub fn is_asked(&self, field: &str, answers: &Answers) -> bool {
        self.is_asked_within(field, answers, CONDITION_DEPTH_MAX)
    }

    fn is_asked_within(&self, field: &str, answers: &Answers, depth: usize) -> bool {
        if self.property(field).is_none() {
            return false;
        }
        self.condition(field).is_none_or(|when| {
            depth > 0 && when.holds(answers) && self.is_asked_within(&when.field, answers, depth - 1)
        })
    }

    /// The control a field is asked with.
    pub fn widget(&self, field: &str) -> Widget {
        match self.ui(field) {
            Some(ui) if ui.widget == Widget::Text && self.is_file(field) => Widget::File,
            Some(ui) => ui.widget,
            None if self.is_file(field) => Widget::File,
            None if self.property(field).is_some_and(|p| p["format"] == "commune") => Widget::Select,
            None => Widget::Text,
        }
    }

    /// How the file says a field or a part of one is asked.
    pub fn ui(&self, field: &str) -> Option<&super::model::Ui> {
        self.ui.get(field).or_else(|| self.ui.get(&typed::key(field)))
    }

    /// The label of a chosen option; `None` for a value that is no option.
    pub fn option_label(&self, field: &str, value: &str) -> Option<&str> {
        let choice = self.ui(field)?.options.iter().find(|choice| choice.value == value)?;
        Some(&choice.label)
    }

    /// The answers as they are kept: texts in NFC and trimmed, numbers, days and numbers of
    /// persons in one writing, empty answers and questions not asked left out. A value that
    /// cannot be read stays as it came, for `check` to name and the page to show again.
    /// Tidying twice changes nothing.
    pub fn clean(&self, given: &Answers) -> Answers {
        let mut clean: Answers = Map::new();
        for (field, value) in given {
            let tidied = match self.property(field) {
                // What is brought is an upload, never an answer.
                Some(property) if property["format"] == "file" => None,
                Some(property) if typed::shape(property) != typed::Shape::Single => {
                    self.tidy_parts(field, property, value)
                }
                Some(property) => tidy(property, self.widget(field), value),
                None => Some(value.clone()),
            };
            if let Some(value) = tidied {
                clean.insert(field.clone(), value);
            }
        }
        // A dropped answer may have been the condition of another one.
        loop {
            let unasked = |field: &String| self.property(field).is_some() && !self.is_asked(field, &clean);
            let Some(field) = clean.keys().find(|field| unasked(field)).cloned() else { break };
            clean.shift_remove(&field);
        }
        clean
    }

    /// Everything wrong with the answers once cleaned, in the order of the questions. `today`
    /// is the day of filing: births and papers do not lie ahead of it.
    pub fn check(&self, given: &Answers, today: Day) -> Vec<FieldFinding> {
        if given.len() > ANSWERS_MAX {
            let problem = FieldProblem::TooMany { max: ANSWERS_MAX };
            return vec![FieldFinding { field: String::new(), problem }];
        }
        let answers = &self.clean(given);
        let mut found: Vec<FieldFinding> = Vec::new();
        let mut sound: Answers = Map::new();
        for field in self.fields().filter(|field| self.is_asked(field, answers)) {
            if let Some(value) = answers.get(field).filter(|_| self.shape(field) != typed::Shape::Single) {
                let inside = self.parts_problems(field, value, today);
                if inside.is_empty() {
                    sound.insert(field.to_owned(), value.clone());
                }
                found.extend(inside);
                continue;
            }
            let problem = match answers.get(field) {
                Some(value) => self.problem(field, value, today),
                None if self.is_required(field) => Some(FieldProblem::Missing(self.ask(field))),
                None => None,
            };
            match (problem, answers.get(field)) {
                (Some(problem), _) => found.push(FieldFinding { field: field.to_owned(), problem }),
                (None, Some(value)) => drop(sound.insert(field.to_owned(), value.clone())),
                (None, None) => {}
            }
        }
        self.by_schema(Value::Object(sound), &mut found);
        let place = |field: &str| self.fields().position(|name| name == typed::root(field));
        found.sort_by_key(|finding| place(&finding.field));
        let unknown = answers.keys().filter(|field| self.property(field).is_none());
        found.extend(
            unknown.map(|field| FieldFinding { field: field.clone(), problem: FieldProblem::Unknown }),
        );
        found
    }

    /// Whether the form would take `value` as the answer to this field, were it asked.
    pub fn accepts(&self, field: &str, value: &Value) -> bool {
        let Some(property) = self.property(field).filter(|p| p["format"] != "file") else { return false };
        let single = typed::shape(property) == typed::Shape::Single;
        let kept = if single { tidy(property, self.widget(field), value) } else { Some(value.clone()) };
        let Some(kept) = kept else { return false };
        let mut found = Vec::new();
        let sound = Map::from_iter([(field.to_owned(), kept.clone())]);
        self.by_schema(Value::Object(sound), &mut found);
        let inside = if single { Vec::new() } else { self.parts_problems(field, &kept, Day::MAX) };
        found.is_empty() && inside.is_empty() && self.problem(field, &kept, Day::MAX).is_none()
    }

    /// The same for a part of an answer by its path, or for a whole field.
    pub fn accepts_part(&self, path: &str, value: &Value) -> bool {
        if !path.contains('.') {
            return self.accepts(path, value);
        }
        let chosen = |p: &Value| p["enum"].as_array().is_none_or(|all| all.contains(value));
        self.property(path).is_some_and(|p| p["format"] != "commune" && chosen(p))
            && self.problem(path, value, Day::MAX).is_none()
    }

    /// Everything wrong with the answers of one page.
    pub fn check_page(&self, page: &str, given: &Answers, today: Day) -> Vec<FieldFinding> {
        let fields = self.pages.iter().find(|p| p.id == page).map_or(&[][..], |p| &p.fields[..]);
        let mut found = self.check(given, today);
        found.retain(|finding| fields.iter().any(|field| field == typed::root(&finding.field)));
        found
    }

    /// What the schema cannot say: types in words, printable text, national numbers, days.
    fn problem(&self, field: &str, value: &Value, today: Day) -> Option<FieldProblem> {
        let property = self.property(field)?;
        match property["type"].as_str() {
            Some("string") => {
                let Some(text) = value.as_str() else { return Some(FieldProblem::NotText) };
                let max = match self.widget(field) {
                    Widget::Textarea => TEXT_AREA_CHARS_MAX,
                    _ => TEXT_LINE_CHARS_MAX,
                };
                text_problem(property, text, max, today)
            }
            Some("integer") if !value.is_i64() && !value.is_u64() => Some(FieldProblem::NotInteger),
            // Whole đồng; nobody owns or pays less than nothing.
            Some("integer") if property["format"] == "money" && value.as_i64().is_some_and(|n| n < 0) => {
                Some(FieldProblem::TooSmall { min: "0".into() })
            }
            Some("number") if !value.is_number() => Some(FieldProblem::NotNumber),
            Some("boolean") if !value.is_boolean() => Some(FieldProblem::NotYesNo),
            Some("boolean") if property["const"] == true && value == false => {
                Some(FieldProblem::Missing(Ask::Tick))
            }
            _ => None,
        }
    }

    /// The schema's own rules over the answers that are sound so far; one finding a field.
    fn by_schema(&self, sound: Value, found: &mut Vec<FieldFinding>) {
        let validator = self.compiled.get_or_init(|| self.compile().ok());
        let Some(validator) = validator else {
            let problem = FieldProblem::Schema { rule: "schema".into() };
            return found.push(FieldFinding { field: String::new(), problem });
        };
        for error in validator.iter_errors(&sound) {
            let path = error.instance_path().to_string();
            let field = path.trim_start_matches('/').replace('/', ".");
            if found.iter().any(|finding| finding.field == field) {
                continue;
            }
            let problem = schema_problem(error.kind(), sound.pointer(&path).unwrap_or(&Value::Null));
            found.push(FieldFinding { field, problem });
        }
    }

    /// The schema as a validator. `required` is left to `check`, which knows what was asked.
    pub(super) fn compile(&self) -> Result<Validator, String> {
        let mut schema = self.schema.clone();
        let object = schema.as_object_mut().ok_or("not a table")?;
        if object.get("type").and_then(Value::as_str) != Some("object") {
            return Err("its type is not object".into());
        }
        object.shift_remove("required");
        let options = jsonschema::options().should_validate_formats(false);
        options.build(&schema).map_err(|error| error.to_string())
    }

    fn ask(&self, field: &str) -> Ask {
        match self.widget(field) {
            Widget::Checkbox => Ask::Tick,
            Widget::Radio | Widget::Select | Widget::File => Ask::Choose,
            Widget::Text | Widget::Textarea | Widget::Date | Widget::Number => Ask::Enter,
        }
    }
}

fn schema_problem(kind: &Kind, value: &Value) -> FieldProblem {
    let got = value.as_str().map_or(0, |text| text.chars().count());
    match kind {
        Kind::MinLength { limit } => FieldProblem::TooShort { min: *limit, got },
        Kind::MaxLength { limit } => FieldProblem::TooLong { max: *limit, got },
        Kind::Minimum { limit } => FieldProblem::TooSmall { min: limit.to_string() },
        Kind::Maximum { limit } => FieldProblem::TooBig { max: limit.to_string() },
        Kind::ExclusiveMinimum { limit } => FieldProblem::NotAbove { bound: limit.to_string() },
        Kind::Enum { .. } | Kind::Constant { .. } => FieldProblem::NotAnOption,
        Kind::Pattern { .. } => FieldProblem::Pattern,
        other => FieldProblem::Schema { rule: other.keyword().to_owned() },
    }
}

/// `max` is the length where the schema sets none.
fn text_problem(property: &Value, text: &str, max: usize, today: Day) -> Option<FieldProblem> {
    let got = text.chars().count();
    let max = property["maxLength"].as_u64().unwrap_or(max as u64);
    if got as u64 > max {
        return Some(FieldProblem::TooLong { max, got });
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Some(FieldProblem::Unprintable);
    }
    match property["format"].as_str()? {
        "date" => match Day::parse(text) {
            Err(_) => Some(FieldProblem::NotADay),
            Ok(day) => (property["x-past"] == true && day > today).then_some(FieldProblem::DayAhead),
        },
        // law: identity/personal-number
        "personal-number" => text.parse::<PersonalNumber>().err().map(FieldProblem::PersonalNumber),
        // law: identity/tax-number
        // The number of an enterprise is its tax number.
        "tax-number" | "enterprise" => text.parse::<TaxNumber>().err().map(FieldProblem::TaxNumber),
        "commune" => (!is_unit_id(text)).then_some(FieldProblem::NotACommune),
        "phone" => text.parse::<Phone>().err().map(FieldProblem::Phone),
        "email" => (!is_email(text)).then_some(FieldProblem::Email),
        _ => None,
    }
}

/// `CODE@YYYY-MM-DD`. Whether the unit stands, filing asks the directory.
fn is_unit_id(text: &str) -> bool {
    text.split_once('@').is_some_and(|(code, day)| !code.is_empty() && Day::parse(day).is_ok())
}

/// Whether a letter could be sent there: one `@`, something before it, a dotted name behind.
/// Whether it arrives, only sending tells.
fn is_email(text: &str) -> bool {
    let Some((mailbox, domain)) = text.rsplit_once('@') else { return false };
    let in_mailbox = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let label = |label: &str| {
        let in_label = |c: char| c.is_ascii_alphanumeric() || c == '-';
        !label.is_empty() && label.chars().all(in_label) && !label.starts_with('-') && !label.ends_with('-')
    };
    (1..=64).contains(&mailbox.len())
        && mailbox.chars().all(in_mailbox)
        && mailbox.split('.').all(|part| !part.is_empty())
        && domain.len() <= 253
        && domain.contains('.')
        && domain.split('.').all(label)
}

/// One answer as it is kept; `None` when nothing was answered.
fn tidy(property: &Value, widget: Widget, value: &Value) -> Option<Value> {
    let Value::String(raw) = value else {
        return match value.as_f64().filter(|_| !value.is_i64() && !value.is_u64()) {
            Some(number) => Some(shortest(number)),
            None => (!value.is_null()).then(|| value.clone()),
        };
    };
    let text = tidy_text(raw, widget);
    if text.is_empty() {
        return None;
    }
    Some(match property["type"].as_str() {
        Some("integer") => {
            read_number(&text).and_then(|n| n.parse::<i64>().ok()).map_or(text.into(), Into::into)
        }
        Some("number") => {
            read_number(&text).and_then(|n| n.parse::<f64>().ok()).map_or(text.into(), shortest)
        }
        Some("boolean") => match text.as_str() {
            "on" | "true" | "1" => true.into(),
            "off" | "false" | "0" => false.into(),
            _ => text.into(),
        },
        _ => match property["format"].as_str() {
            Some("date") => format::read_date(&text).map_or(text, |day| day.to_string()).into(),
            Some("personal-number") => number::<PersonalNumber>(text, |n| n.as_str().to_owned()),
            Some("tax-number" | "enterprise") => number::<TaxNumber>(text, |n| n.as_str().to_owned()),
            Some("phone") => number::<Phone>(text, |n| n.as_str().to_owned()),
            _ => text.into(),
        },
    })
}

/// A text as it is kept: composed, without unseen characters, spaced once.
fn tidy_text(raw: &str, widget: Widget) -> String {
    let text: String = text::nfc(raw).chars().filter(|c| !is_unseen(*c)).collect();
    match widget {
        Widget::Textarea => lines(&text),
        _ => text.split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

/// A whole number without a fraction, `120` rather than `120.0`: people read it back.
fn shortest(number: f64) -> Value {
    let whole = number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0;
    if whole { Value::from(number as i64) } else { Value::from(number) }
}

/// Characters that come along with a copied text and that nobody sees: zero-width spaces, soft
/// hyphens, and the marks that turn the direction of writing, which could make a name read otherwise.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// A national number in its one writing, or the text as typed when it is none.
fn number<N: FromStr>(text: String, writing: impl Fn(&N) -> String) -> Value {
    text.parse::<N>().map_or(text, |number| writing(&number)).into()
}

/// Lines trimmed and spaced once; line ends are `\n`, none at either end.
fn lines(text: &str) -> String {
    let line = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    text.lines().map(line).collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// A number as Vietnamese write it, `1.200,5`, or as machines do, `1200.5`, in the latter
/// writing. A dot before exactly three digits, all the way, groups thousands.
fn read_number(text: &str) -> Option<String> {
    let text = text.replace([' ', '\u{a0}'], "");
    let (sign, body) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let (whole, part) = body.split_once(',').map_or((body, None), |(whole, part)| (whole, Some(part)));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let groups: Vec<&str> = whole.split('.').collect();
    let grouped = groups.len() > 1
        && (1..=3).contains(&groups[0].len())
        && groups[0] != "0"
        && groups[1..].iter().all(|group| group.len() == 3);
    if !groups.iter().all(|group| digits(group)) || part.is_some_and(|part| !digits(part)) {
        return None;
    }
    match (grouped || groups.len() == 1, part) {
        (true, Some(part)) => Some(format!("{sign}{}.{part}", groups.concat())),
        (true, None) => Some(format!("{sign}{}", groups.concat())),
        (false, None) if groups.len() == 2 => Some(format!("{sign}{body}")),
        (false, _) => None,
    }
}
