//! The answers of a dossier after it was filed (nội dung khai): typed from the paper form by the officials
//! who have it before them, or corrected by the applicant who is asked to. Questions, conditions, groups and
//! faults are those of the procedure's form. Each answer that changes is a row: who, when, from what, to
//! what. A paper dossier is received without them, so that nobody waits at the counter, and goes to the
//! signature only with them, because the certificate is made of them.

pub mod card;
pub mod pages;
pub mod rules;
pub mod store;
#[cfg(test)]
mod tests;
pub mod told;
pub mod words;

use db::Tx;
use serde_json::{Map, Value, json};
use web::{FieldError, Problem};

use self::rules::Change;
use self::words::say;
use crate::dossier::{self, Case, Dossier};
use crate::filing::route;
use crate::interlinked;
use crate::office::settle;
use crate::procedure::form::FieldProblem;
use crate::procedure::form::typed::root;
use crate::procedure::model::{Answers, Form};
use crate::procedure::{ask, places};

/// The line of the log that tells of typed answers.
pub const TYPED: &str = "type_answers";
/// The same in the audit book.
pub const DEED: &str = "onestop.type-answers";
/// Questions that one sentence names; of more, only the number is told.
const NAMED: usize = 5;

/// Whether this person types the dossier's answers now.
pub fn may_type(case: &Case) -> bool {
    let d = &case.dossier;
    case.procedure.form.is_some() && rules::may_type(&case.seats, d.state.status(), &d.channel)
}

/// Keeps what was typed from the paper; how many answers changed. What is missing may follow later; what is
/// wrong is told, all at once, and then nothing is kept.
pub async fn type_in(tx: &mut Tx, case: &mut Case, typed: &Answers) -> Result<usize, Problem> {
    if !may_type(case) {
        return Err(Problem::refused(say("refusal.not_now", &[]), "answers cannot be typed now"));
    }
    let procedure = case.procedure.clone();
    let form = procedure.form.as_ref().ok_or(Problem::NotFound)?;
    let after = sound(tx, case, form, typed, &rules::questions(form), false).await?;
    let changes = rules::changes(form, &case.dossier.answers, &after);
    if changes.is_empty() {
        return Ok(0);
    }
    let ordinal = case.dossier.version;
    case.dossier.answers = after;
    dossier::record(tx, case, TYPED, "", json!({ "fields": fields(&changes) })).await?;
    store::save(tx, case.dossier.id, ordinal, &changes, case.now).await?;
    interlinked::hand_answers(tx, case, &changes).await?;
    Ok(changes.len())
}

/// The applicant answers anew what was asked; what they leave out stays, `null` takes an answer away. The
/// questions that changed, for the line of the log which the caller writes next.
pub async fn correct(tx: &mut Tx, case: &mut Case, given: &Answers) -> Result<Vec<String>, Problem> {
    if given.is_empty() {
        return Ok(Vec::new());
    }
    let procedure = case.procedure.clone();
    let form = procedure.form.as_ref().ok_or(Problem::NotFound)?;
    let open = open_questions(tx, case).await?;
    let stray = given.keys().filter(|field| !open.contains(field));
    let stray = stray.map(|field| {
        let words = say("fault.not_asked", &[("title", form.title(field))]);
        FieldError::new(format!("answers.{field}"), words)
    });
    settle(stray.collect())?;
    let mut typed = case.dossier.answers.clone();
    for (field, value) in given {
        match value {
            Value::Null => typed.shift_remove(field),
            value => typed.insert(field.clone(), value.clone()),
        };
    }
    let after = sound(tx, case, form, &typed, &open, true).await.map_err(under_answers)?;
    let changes = rules::changes(form, &case.dossier.answers, &after);
    if !changes.is_empty() {
        let (id, ordinal) = (case.dossier.id, case.dossier.version);
        case.dossier.answers = after;
        store::save(tx, id, ordinal, &changes, case.now).await?;
        tx.audit("onestop.correct-answers", &id.to_string()).await?;
        interlinked::hand_answers(tx, case, &changes).await?;
    }
    Ok(fields(&changes))
}

/// Faults under the names that a program sent the answers by.
fn under_answers(problem: Problem) -> Problem {
    let under = |e: FieldError| FieldError::new(format!("answers.{}", e.field), e.message);
    match problem {
        Problem::Invalid(errors) => Problem::Invalid(errors.into_iter().map(under).collect()),
        other => other,
    }
}

/// The questions that the applicant may answer anew now.
pub async fn open_questions(tx: &mut Tx, case: &Case) -> Result<Vec<String>, Problem> {
    let Some(form) = &case.procedure.form else { return Ok(Vec::new()) };
    let requests = store::requests(tx, case.dossier.id).await?;
    Ok(rules::with_followers(form, &rules::asked(&case.procedure, &requests)))
}

fn fields(changes: &[Change]) -> Vec<String> {
    changes.iter().map(|change| change.field.clone()).collect()
}

/// The answers as they are kept, or everything wrong with those of `open`. What is missing is wrong only
/// where they must be complete.
async fn sound(
    tx: &mut Tx,
    case: &mut Case,
    form: &Form,
    typed: &Answers,
    open: &[String],
    complete: bool,
) -> Result<Answers, Problem> {
    let before = case.dossier.answers.clone();
    let idle = rules::idle(form, typed, &before).into_iter();
    let mut errors: Vec<FieldError> =
        idle.map(|field| FieldError::new(field, say("fault.idle", &[]))).collect();
    let mut after = form.clean(typed);
    let mut found = form.check(&after, case.now.day());
    found.retain(|f| open.iter().any(|field| field == root(&f.field)));
    found.retain(|f| complete || !matches!(f.problem, FieldProblem::Missing(_)));
    let places = places::write(tx, form, &mut after).await?;
    found.extend(places.into_iter().filter(|f| open.iter().any(|field| field == root(&f.field))));
    errors
        .extend(ask::sentences(form, &found).into_iter().map(|(field, words)| FieldError::new(field, words)));
    settle(errors)?;
    follow_address(tx, case, &before, &after).await?;
    Ok(after)
}

/// An address may say which agency settles. As long as nobody there has begun, the dossier goes where it
/// says; afterwards such an answer is refused, because the dossier would lie with the wrong agency.
async fn follow_address(
    tx: &mut Tx,
    case: &mut Case,
    before: &Answers,
    after: &Answers,
) -> Result<(), Problem> {
    use crate::dossier::rules::Status;
    let (procedure, day) = (case.procedure.clone(), case.now.day());
    if route::decided_by(&procedure, before) == route::decided_by(&procedure, after) {
        return Ok(());
    }
    let counter = directory::get_unit(tx, &case.dossier.counter).await?;
    let frame = case.family.frame();
    let there = route::agency(tx, frame, &procedure, after, &counter, day).await.map_err(plain)?;
    if there.id == case.dossier.agency {
        return Ok(());
    }
    if matches!(case.dossier.state.status(), Status::Filed | Status::Received)
        && case.dossier.parent.is_none()
    {
        dossier::store::save_agency(tx, case.dossier.id, &there.id).await?;
        case.dossier.agency = there.id;
        return Ok(());
    }
    let here = directory::get_unit(tx, &case.dossier.agency).await?.name;
    let words = say("fault.other_agency", &[("there", &there.name), ("here", &here)]);
    let field = route::rule(&procedure, after).and_then(|route| route.field.clone()).unwrap_or_default();
    Err(Problem::field(field, words))
}

/// The faults of a filing under the bare names of the questions.
fn plain(problem: Problem) -> Problem {
    let bare = |e: FieldError| {
        let name = e.field.strip_prefix("answers.").unwrap_or(&e.field).to_string();
        FieldError::new(name, e.message)
    };
    match problem {
        Problem::Invalid(errors) => Problem::Invalid(errors.into_iter().map(bare).collect()),
        other => other,
    }
}

/// The questions of a paper dossier that are not answered yet, or not rightly, by their titles.
pub fn lacking(case: &Case) -> Vec<String> {
    lacking_fields(case).into_iter().map(|(_, title)| title).collect()
}

/// The same with their names.
fn lacking_fields(case: &Case) -> Vec<(String, String)> {
    let d = &case.dossier;
    let Some(form) = case.procedure.form.as_ref().filter(|_| d.channel != "online") else {
        return Vec::new();
    };
    let mut all: Vec<(String, String)> = Vec::new();
    for finding in form.check(&d.answers, d.filed_at.day().max(case.now.day())) {
        let field = root(&finding.field).to_string();
        if !field.is_empty() && !all.iter().any(|(known, _)| *known == field) {
            all.push((field.clone(), form.title(&field).to_string()));
        }
    }
    all
}

/// Some of these titles, and how many more there are.
pub fn named(titles: &[String]) -> String {
    let first = titles.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join("; ");
    match titles.len().saturating_sub(NAMED) {
        0 => first,
        n => say("type.more", &[("fields", &first), ("n", &n.to_string())]),
    }
}

/// Refuses the way to the signature while the certificate could not be made, and says what to do.
pub fn before_signing(case: &Case) -> Result<(), Problem> {
    let lacking = lacking(case);
    if lacking.is_empty() {
        return Ok(());
    }
    let n = lacking.len().to_string();
    let words = say("refusal.incomplete", &[("n", &n), ("fields", &named(&lacking))]);
    Err(Problem::refused(words, "refused: the form is not complete"))
}

/// Refuses a request about questions that the form does not have.
pub fn check_asked(case: &Case, fields: &[String]) -> Result<(), Problem> {
    let known = case.procedure.form.as_ref().map(rules::questions).unwrap_or_default();
    let unknown = fields.iter().filter(|field| !known.contains(field));
    let error = |field: &String| FieldError::new("fields", say("fault.unknown", &[("id", field)]));
    settle(unknown.map(error).collect())
}

/// The answers that a dossier was filed with.
pub async fn as_filed(tx: &mut Tx, d: &Dossier) -> Result<Map<String, Value>, Problem> {
    let mut newest_first = Vec::new();
    for row in store::list(tx, d.id).await? {
        newest_first.push(row.change()?);
    }
    Ok(rules::undo(d.answers.clone(), &newest_first))
}
