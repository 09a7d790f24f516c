//! What is wrong with a procedure's file, found without running it. A wrong limit or a
//! dead end in a process is found here, before a citizen's dossier meets it.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use base::Limit;
use serde_json::Value;

use super::model::{Channel, Form, Procedure, StepKind, StepRole, When};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The procedure must not be offered.
    Error,
    /// An official should look; the procedure works.
    Warning,
}

/// One thing wrong with a file. Printed in English, for whoever edits it.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    NoLevel,
    ValidBackwards,
    OnlineWithoutForm,
    /// `online` and the channel `online` go together.
    OnlineChannel {
        online: bool,
    },
    DuplicateComponent(String),
    NoSteps,
    DuplicateStep(String),
    UnknownStep {
        from: String,
        to: String,
    },
    Unreachable(String),
    /// No signature can be reached from here.
    DeadEnd(String),
    NoSignStep,
    SignNotByLeader(String),
    /// `next` leads back to this step; going back is `may_return_to`.
    Cycle(String),
    /// Working minutes: the longest path through the steps, and what the law gives.
    StepsTooLong {
        longest: u64,
        legal: u64,
    },
    BadSchema(String),
    FieldTwice(String),
    FieldNotInSchema(String),
    FieldOnNoPage(String),
    RequiredUnknown(String),
    UiUnknown(String),
    OptionsDiffer(String),
    FormatUnknown {
        field: String,
        format: String,
    },
    PrefillUnknown {
        field: String,
        from: String,
    },
    /// A condition on a field that is not asked, or not asked before.
    WhenUnknown {
        at: String,
        field: String,
    },
    /// A condition that no answer can meet.
    WhenNever {
        at: String,
    },
    ResultUnknown {
        field: String,
        from: String,
    },
    LimitUnknown,
    LimitDoubtful(String),
    ResultCodeOdd(String),
    Doubt(String),
}

impl Finding {
    pub fn severity(&self) -> Severity {
        use Finding::*;
        match self {
            LimitUnknown | LimitDoubtful(_) | ResultCodeOdd(_) | Doubt(_) => Severity::Warning,
            _ => Severity::Error,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use Finding::*;
        match self {
            NoLevel => write!(f, "no level settles it"),
            ValidBackwards => write!(f, "valid_to is before valid_from"),
            OnlineWithoutForm => write!(f, "online, but without a form"),
            OnlineChannel { online: true } => write!(f, "online, but the channel 'online' is missing"),
            OnlineChannel { online: false } => write!(f, "the channel 'online' is open, but online is false"),
            DuplicateComponent(id) => write!(f, "component '{id}' appears twice"),
            NoSteps => write!(f, "no steps"),
            DuplicateStep(id) => write!(f, "step '{id}' appears twice"),
            UnknownStep { from, to } => write!(f, "step '{from}' names the unknown step '{to}'"),
            Unreachable(id) => write!(f, "step '{id}' cannot be reached"),
            DeadEnd(id) => write!(f, "step '{id}' never leads to a signature"),
            NoSignStep => write!(f, "no step signs"),
            SignNotByLeader(id) => write!(f, "step '{id}' signs, but not by a leader"),
            Cycle(id) => write!(f, "'next' leads in a circle through step '{id}'"),
            StepsTooLong { longest, legal } => {
                write!(f, "the steps take up to {longest} working minutes, the law gives {legal}")
            }
            BadSchema(why) => write!(f, "the form's schema: {why}"),
            FieldTwice(field) => write!(f, "field '{field}' is asked twice"),
            FieldNotInSchema(field) => write!(f, "field '{field}' is asked but not in the schema"),
            FieldOnNoPage(field) => write!(f, "field '{field}' is in the schema but on no page"),
            RequiredUnknown(field) => write!(f, "'required' names the unknown field '{field}'"),
            UiUnknown(field) => write!(f, "'ui' names the unknown field '{field}'"),
            OptionsDiffer(field) => write!(f, "the options of '{field}' are not its enum"),
            FormatUnknown { field, format } => write!(f, "field '{field}' has the unknown format '{format}'"),
            PrefillUnknown { field, from } => {
                write!(f, "field '{field}' is filled from the unknown '{from}'")
            }
            WhenUnknown { at, field } => write!(f, "{at} depends on '{field}', which is not asked before it"),
            WhenNever { at } => write!(f, "{at} depends on an answer that cannot be given"),
            ResultUnknown { field, from } => {
                write!(f, "result field '{field}' comes from the unknown '{from}'")
            }
            LimitUnknown => write!(f, "no legal limit is known"),
            LimitDoubtful(why) => write!(f, "the legal limit is doubtful: {why}"),
            ResultCodeOdd(code) => {
                write!(f, "the result code '{code}' has not the form of a ministry's code")
            }
            Doubt(text) => write!(f, "doubt: {text}"),
        }
    }
}

/// The formats a field may have.
pub const FORMATS: [&str; 5] = ["date", "personal-number", "tax-number", "phone", "email"];
/// Where a field's first value may come from.
pub const PREFILLS: [&str; 5] =
    ["person.name", "person.personal_number", "person.phone", "person.email", "person.address"];

/// Where a field of the result may come from, besides `answers.`.
pub const RESULT_SOURCES: [&str; 8] = [
    "applicant.name",
    "applicant.personal_number",
    "applicant.address",
    "result.number",
    "result.day",
    "result.year",
    "result.agency",
    "dossier.code",
];

/// Office hours of a usual day. Only for comparing step limits with the legal limit: the
/// deadline itself is counted by the unit's own calendar.
const WORKING_MINUTES_PER_DAY: u64 = 8 * 60;

/// Everything found in one procedure, errors and warnings in reading order.
pub fn check(procedure: &Procedure) -> Vec<Finding> {
    let mut found = Vec::new();
    head(procedure, &mut found);
    components(procedure, &mut found);
    if let Some(form) = &procedure.form {
        fields(form, &mut found);
        questions(form, &mut found);
    }
    steps(procedure, &mut found);
    result(procedure, &mut found);
    found.extend(procedure.doubts.iter().cloned().map(Finding::Doubt));
    found
}

fn head(procedure: &Procedure, found: &mut Vec<Finding>) {
    if procedure.levels.is_empty() {
        found.push(Finding::NoLevel);
    }
    if procedure.valid_to.is_some_and(|last| last < procedure.valid_from) {
        found.push(Finding::ValidBackwards);
    }
    let online = procedure.online;
    if online && procedure.form.is_none() {
        found.push(Finding::OnlineWithoutForm);
    }
    if online != procedure.channels.contains(&Channel::Online) {
        found.push(Finding::OnlineChannel { online });
    }
    match (&procedure.limit, &procedure.limit_confidence) {
        (None, _) => found.push(Finding::LimitUnknown),
        (Some(_), Some(why)) if why != "portal" => found.push(Finding::LimitDoubtful(why.clone())),
        _ => {}
    }
}

fn components(procedure: &Procedure, found: &mut Vec<Finding>) {
    let mut seen = BTreeSet::new();
    for component in &procedure.components {
        if !seen.insert(&component.id) {
            found.push(Finding::DuplicateComponent(component.id.clone()));
        }
        if let Some(when) = &component.when {
            let at = format!("component '{}'", component.id);
            condition(procedure.form.as_ref(), when, None, at, found);
        }
    }
}

/// Pages, schema, `required` and `ui` speak of the same fields.
fn fields(form: &Form, found: &mut Vec<Finding>) {
    if let Err(why) = form.compile() {
        found.push(Finding::BadSchema(why));
    }
    let asked: Vec<&str> = form.fields().collect();
    let mut seen = BTreeSet::new();
    for field in &asked {
        if !seen.insert(*field) {
            found.push(Finding::FieldTwice((*field).to_owned()));
        }
        if form.property(field).is_none() {
            found.push(Finding::FieldNotInSchema((*field).to_owned()));
        }
    }
    let unasked = form.properties().filter(|(name, _)| !seen.contains(name.as_str()));
    found.extend(unasked.map(|(name, _)| Finding::FieldOnNoPage(name.clone())));
    let unknown = form.required().filter(|name| form.property(name).is_none());
    found.extend(unknown.map(|name| Finding::RequiredUnknown(name.to_owned())));
    let unknown = form.ui.keys().filter(|name| form.property(name).is_none());
    found.extend(unknown.map(|name| Finding::UiUnknown(name.clone())));
}

/// Each question by itself: options, format, first value, condition.
fn questions(form: &Form, found: &mut Vec<Finding>) {
    for (place, name) in form.fields().enumerate() {
        let Some(property) = form.property(name) else { continue };
        let ui = form.ui.get(name);
        if let Some(values) = property["enum"].as_array() {
            let labelled: Vec<Value> =
                ui.map_or(&[][..], |ui| &ui.options[..]).iter().map(|o| o.value.clone().into()).collect();
            if &labelled != values {
                found.push(Finding::OptionsDiffer(name.to_owned()));
            }
        } else if ui.is_some_and(|ui| !ui.options.is_empty()) {
            found.push(Finding::OptionsDiffer(name.to_owned()));
        }
        if let Some(format) = property["format"].as_str()
            && !FORMATS.contains(&format)
        {
            found.push(Finding::FormatUnknown { field: name.to_owned(), format: format.to_owned() });
        }
        if let Some(from) = ui.and_then(|ui| ui.prefill.as_deref())
            && !PREFILLS.contains(&from)
        {
            found.push(Finding::PrefillUnknown { field: name.to_owned(), from: from.to_owned() });
        }
        if let Some(raw) = property.get("x-when") {
            let at = format!("field '{name}'");
            match serde_json::from_value::<When>(raw.clone()) {
                Ok(when) => condition(Some(form), &when, Some(place), at, found),
                Err(why) => found.push(Finding::BadSchema(format!("{at}: x-when: {why}"))),
            }
        }
    }
}

/// A condition names a field asked before `place`, and a value that field can take.
fn condition(form: Option<&Form>, when: &When, place: Option<usize>, at: String, found: &mut Vec<Finding>) {
    let asked_before = form.and_then(|form| {
        let before = place.unwrap_or(usize::MAX);
        form.fields().take(before).find(|name| *name == when.field)?;
        form.property(&when.field)
    });
    let Some(property) = asked_before else {
        return found.push(Finding::WhenUnknown { at, field: when.field.clone() });
    };
    let possible = match property["enum"].as_array() {
        Some(values) => values.contains(&when.equals),
        None => property["type"] == "boolean" && when.equals.is_boolean(),
    };
    if !possible {
        found.push(Finding::WhenNever { at });
    }
}

fn steps(procedure: &Procedure, found: &mut Vec<Finding>) {
    let Some(first) = procedure.first_step() else {
        return found.push(Finding::NoSteps);
    };
    let mut seen = BTreeSet::new();
    for step in &procedure.steps {
        if !seen.insert(&step.id) {
            found.push(Finding::DuplicateStep(step.id.clone()));
        }
        for to in step.next.iter().chain(&step.may_return_to) {
            if procedure.step(to).is_none() {
                found.push(Finding::UnknownStep { from: step.id.clone(), to: to.clone() });
            }
        }
        if step.kind == StepKind::Sign && step.role != StepRole::Leader {
            found.push(Finding::SignNotByLeader(step.id.clone()));
        }
    }
    let signed = procedure.steps.iter().any(|step| step.kind == StepKind::Sign);
    if !signed {
        found.push(Finding::NoSignStep);
    }
    let mut walk = Walk { procedure, paths: HashMap::new(), cycle: None };
    let longest = walk.from(&first.id).minutes;
    let reached: BTreeSet<&str> = walk.paths.keys().copied().collect();
    for step in &procedure.steps {
        if !reached.contains(step.id.as_str()) {
            found.push(Finding::Unreachable(step.id.clone()));
        }
        if signed && !walk.from(&step.id).signs {
            found.push(Finding::DeadEnd(step.id.clone()));
        }
    }
    if let Some(at) = walk.cycle {
        found.push(Finding::Cycle(at.to_owned()));
    }
    if let Some(legal) = procedure.limit.map(working_minutes)
        && longest > legal
    {
        found.push(Finding::StepsTooLong { longest, legal });
    }
}

/// What lies ahead of a step: the longest way in working minutes, and whether a signature does.
#[derive(Clone, Copy, Default)]
struct Ahead {
    minutes: u64,
    signs: bool,
}

struct Walk<'a> {
    procedure: &'a Procedure,
    /// `None` while the step is being walked: meeting it again is a circle.
    paths: HashMap<&'a str, Option<Ahead>>,
    cycle: Option<&'a str>,
}

impl<'a> Walk<'a> {
    fn from(&mut self, id: &str) -> Ahead {
        let Some(step) = self.procedure.step(id) else { return Ahead::default() };
        match self.paths.get(id) {
            Some(Some(known)) => return *known,
            Some(None) => {
                self.cycle = Some(&step.id);
                return Ahead::default();
            }
            None => self.paths.insert(&step.id, None),
        };
        let mut ahead = Ahead { minutes: 0, signs: step.kind == StepKind::Sign };
        for next in &step.next {
            let after = self.from(next);
            ahead.minutes = ahead.minutes.max(after.minutes);
            ahead.signs |= after.signs;
        }
        ahead.minutes += step.limit.map_or(0, working_minutes);
        self.paths.insert(&step.id, Some(ahead));
        ahead
    }
}

/// A limit in working minutes of a usual week without holidays. Calendar days count five
/// days in seven, rounded down, so that the comparison errs on the citizen's side.
fn working_minutes(limit: Limit) -> u64 {
    match limit {
        Limit::WorkingDays(days) => u64::from(days) * WORKING_MINUTES_PER_DAY,
        Limit::WorkingHours(hours) => u64::from(hours) * 60,
        Limit::CalendarDays(days) => u64::from(days) * 5 / 7 * WORKING_MINUTES_PER_DAY,
        Limit::SameDay => WORKING_MINUTES_PER_DAY,
    }
}

fn result(procedure: &Procedure, found: &mut Vec<Finding>) {
    for (field, from) in &procedure.result.fields {
        let known = match from.strip_prefix("answers.") {
            Some(name) => procedure.form.as_ref().is_some_and(|form| form.property(name).is_some()),
            None => RESULT_SOURCES.contains(&from.as_str()),
        };
        if !known {
            found.push(Finding::ResultUnknown { field: field.clone(), from: from.clone() });
        }
    }
    if let Some(code) = &procedure.result.code
        && !is_ministry_code(code)
    {
        found.push(Finding::ResultCodeOdd(code.clone()));
    }
}

/// `KQ.G15.000031`: the results of ministries, the only ones a national procedure gives.
fn is_ministry_code(code: &str) -> bool {
    let digits = |text: &str, n: usize| text.len() == n && text.bytes().all(|b| b.is_ascii_digit());
    let mut parts = code.split('.');
    let (kind, body, number, rest) = (parts.next(), parts.next(), parts.next(), parts.next());
    kind == Some("KQ")
        && body.and_then(|body| body.strip_prefix('G')).is_some_and(|n| digits(n, 2))
        && number.is_some_and(|n| digits(n, 6))
        && rest.is_none()
}
