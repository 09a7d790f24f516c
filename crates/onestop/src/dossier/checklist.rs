//! The check-list of a request for papers (kiểm tra thành phần hồ sơ). A citizen is asked once and in full,
//! so every paper of the dossier is looked at before the first request goes out, and each that was asked for
//! is brought or explained before the answer counts. law: onestop/guide-once

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use web::Problem;

use super::grounds::{self, PAPERS};
use super::rules::Verb;
use super::{Case, Faults, History, Remark, StoredFile};
use crate::filing::Attached;
use crate::procedure::Procedure;
use crate::procedure::model::{Answers, Component};

/// What somebody who looked found of a paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    Present,
    Missing,
    /// There, and of no use: blurred, expired, of somebody else.
    Unfit,
}

impl Mark {
    /// All three, in the order of the page.
    pub const ALL: [Mark; 3] = [Mark::Present, Mark::Missing, Mark::Unfit];

    /// The word of the API, of forms and of keys in `words/`.
    pub fn word(self) -> &'static str {
        match self {
            Mark::Present => "present",
            Mark::Missing => "missing",
            Mark::Unfit => "unfit",
        }
    }

    /// The mark of this word.
    pub fn from_word(word: &str) -> Option<Mark> {
        Self::ALL.into_iter().find(|mark| mark.word() == word)
    }
}

/// Marks by paper.
pub type Marks = BTreeMap<String, Mark>;

/// What is asked of the citizen.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub marks: &'a Marks,
    /// Questions of the form that are to be answered anew.
    pub fields: &'a [String],
    /// A word of [`grounds::ASK_REASONS`].
    pub reason: &'a str,
    pub note: &'a str,
}

/// A paper of the list with what is known of it before anybody looks.
pub struct Line<'p> {
    pub component: &'p Component,
    /// It must be marked.
    pub required: bool,
    /// What it is taken for until somebody says otherwise: what came is there.
    pub known: Option<Mark>,
}

/// The papers that this dossier may need, with those that came marked as there: files, papers counted at the
/// counter, and what is made of the answers.
pub fn lines<'p>(
    procedure: &'p Procedure,
    answers: &Answers,
    files: &[StoredFile],
    history: &[History],
) -> Vec<Line<'p>> {
    let counted =
        history.iter().rev().find(|h| h.verb == "receive").and_then(|h| h.details["papers"].as_array());
    let on_paper = |id: &str| {
        let here = |p: &Value| ["originals", "certified", "copies"].iter().any(|k| p[*k].as_u64() > Some(0));
        counted.is_some_and(|papers| papers.iter().any(|p| p["component"] == id && here(p)))
    };
    let is_here = |c: &Component| {
        (c.by_form && !answers.is_empty()) || files.iter().any(|f| f.component == c.id) || on_paper(&c.id)
    };
    let line = |c: &'p Component| Line {
        component: c,
        required: c.required && (c.when.is_none() || !answers.is_empty()),
        known: is_here(c).then_some(Mark::Present),
    };
    papers(procedure, answers).into_iter().map(line).collect()
}

/// The papers of the list. Where no form was filled in nobody knows the case, so those of some cases may be
/// asked for too.
pub fn papers<'p>(procedure: &'p Procedure, answers: &Answers) -> Vec<&'p Component> {
    match answers.is_empty() {
        true => procedure.components.iter().filter(|c| !c.question).collect(),
        false => procedure.components_for(answers),
    }
}

/// The marks of the whole list: what was said, and what is known of the rest.
fn whole(lines: &[Line<'_>], said: &Marks) -> Marks {
    let known = lines.iter().filter_map(|l| Some((l.component.id.clone(), l.known?)));
    known.chain(said.clone()).collect()
}

/// The field of a paper's mark, on the page and in the API.
pub fn field(component: &str) -> String {
    format!("marks.{component}")
}

/// Every paper that must be there is marked, those that are marked belong to the procedure, and words alone
/// do only where no paper is the matter.
pub(super) fn check(case: &Case, lines: &[Line<'_>], request: Request<'_>) -> Result<Marks, Problem> {
    let mut faults = Faults::default();
    grounds::check_reason(Verb::AskSupplement, request.reason, &mut faults);
    faults.need("note", request.note);
    for id in request.marks.keys() {
        if !case.procedure.components.iter().any(|c| c.id == *id) {
            faults.add(&field(id), "fault.unknown_component", &[("id", id)]);
        }
    }
    let marks = whole(lines, request.marks);
    for line in lines.iter().filter(|l| l.required && !marks.contains_key(&l.component.id)) {
        faults.add(&field(&line.component.id), "fault.unmarked", &[("name", &line.component.name)]);
    }
    if request.reason == PAPERS && request.fields.is_empty() && wanted(&marks).next().is_none() {
        faults.add("reason", "fault.nothing_marked", &[]);
    }
    faults.settle()?;
    Ok(marks)
}

/// The papers that are not there or of no use.
fn wanted(marks: &Marks) -> impl Iterator<Item = &String> {
    marks.iter().filter(|(_, mark)| **mark != Mark::Present).map(|(id, _)| id)
}

/// What the log keeps of a request.
pub(super) fn remark<'a>(marks: &Marks, request: Request<'a>) -> Remark<'a> {
    let components: Vec<&String> = wanted(marks).collect();
    let mut details = json!({ "components": components, "marks": marks });
    if !request.fields.is_empty() {
        details["fields"] = json!(request.fields);
    }
    Remark { reason_code: Some(request.reason), details, ..Remark::note(request.note) }
}

/// The papers that the citizen still owes an answer about: those of every request since the last answer.
pub fn asked(history: &[History]) -> Vec<String> {
    let open = history.iter().rev().take_while(|h| h.verb != "supplement");
    let requests: Vec<&History> = open.filter(|h| h.verb == "ask_supplement").collect();
    let mut seen = BTreeSet::new();
    let ids = requests.iter().rev().flat_map(|h| h.details["components"].as_array().into_iter().flatten());
    ids.filter_map(Value::as_str).filter(|id| seen.insert(id.to_string())).map(str::to_string).collect()
}

/// What a line of the log says of this paper, if a request marked it.
pub fn mark_of(h: &History, component: &str) -> Option<Mark> {
    h.details["marks"][component].as_str().and_then(Mark::from_word)
}

/// Each paper that was asked for is brought, or it is said why not; where none was named, something is
/// brought or said. A press of the button alone is no answer.
pub(super) fn check_answer(
    case: &Case,
    asked: &[String],
    uploads: &[Attached],
    explained: &BTreeMap<String, String>,
    note: &str,
) -> Result<(), Problem> {
    let mut faults = Faults::default();
    let said = |id: &String| explained.get(id).is_some_and(|words| !words.trim().is_empty());
    for id in asked {
        if !uploads.iter().any(|u| u.component == *id) && !said(id) {
            let name = case.procedure.component(id).map_or(id.as_str(), |c| c.name.as_str());
            faults.add(&answer_field(id), "fault.unanswered", &[("name", name)]);
        }
    }
    for id in explained.keys().filter(|id| case.procedure.component(id).is_none()) {
        faults.add(&answer_field(id), "fault.unknown_component", &[("id", id)]);
    }
    if asked.is_empty() && uploads.is_empty() && note.trim().is_empty() {
        faults.add("uploads", "fault.nothing_supplemented", &[]);
    }
    faults.settle()
}

/// The field of the words about a paper that is not brought.
pub fn answer_field(component: &str) -> String {
    format!("explained.{component}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::procedure::model;

    fn permit() -> &'static Procedure {
        model::embedded().iter().rfind(|p| p.code == "1.013225").unwrap()
    }

    #[test]
    fn what_came_is_taken_for_there_and_the_rest_for_nothing() {
        let answers: Answers = [("works_kind".to_string(), json!("house"))].into_iter().collect();
        let told = |files: &[StoredFile], history: &[History]| -> Vec<(String, Option<Mark>)> {
            let all = lines(permit(), &answers, files, history);
            all.iter().map(|l| (l.component.id.clone(), l.known)).collect()
        };
        let nothing = told(&[], &[]);
        let by_form = permit().components.iter().find(|c| c.by_form).unwrap();
        for (id, known) in &nothing {
            let expected = (*id == by_form.id).then_some(Mark::Present);
            assert_eq!(*known, expected, "{id}");
        }
        assert!(nothing.iter().any(|(_, known)| known.is_none()), "papers are asked for");
    }
}
