//! On what a step rests that somebody has to bear: a reason of a list, the provisions of the law, and words.
//! The provisions are chosen from those the procedure itself names and completed in words (article, clause).
//! law: onestop/refusal-reasons

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use web::Problem;

use super::rules::Verb;
use super::{Faults, History, Remark};
use crate::procedure::Procedure;
use crate::words::WORDS;

/// The reasons for refusing reception.
pub const REFUSE_REASONS: [&str; 4] = ["wrong_agency", "not_entitled", "duplicate", "other"];
/// The reasons for stopping.
pub const STOP_REASONS: [&str; 4] = ["no_answer", "conditions_ended", "dispute", "other"];
/// The reasons for declining after examination.
pub const DENY_REASONS: [&str; 4] = ["conditions_unmet", "untrue", "dispute", "other"];
/// What a request for completion is about. Without a paper that is marked, only the last two.
pub const ASK_REASONS: [&str; 3] = [PAPERS, "answers", "other"];
/// Papers that are missing or of no use.
pub const PAPERS: &str = "papers";
/// Why a promise is moved.
pub const EXTEND_REASONS: [&str; 6] = ["checking", "opinion", "complex", "load", "fault", "other"];
/// Why work is given back to an earlier step.
pub const RETURN_REASONS: [&str; 4] = ["unfinished", "mistake", "papers", "other"];

/// The longest text about the provisions, in characters.
pub const BASIS_CHARS_MAX: usize = 1_000;

/// The reasons for this step, from which one is chosen, and the beginning of their keys in `words/`; none
/// where it needs no reason. Those of a decision are for a negative one.
pub fn reasons(verb: Verb) -> Option<(&'static [&'static str], &'static str)> {
    Some(match verb {
        Verb::Refuse => (&REFUSE_REASONS, "refuse_reason"),
        Verb::Stop => (&STOP_REASONS, "stop_reason"),
        Verb::Decide => (&DENY_REASONS, "deny_reason"),
        Verb::AskSupplement => (&ASK_REASONS, "ask_reason"),
        Verb::Extend => (&EXTEND_REASONS, "extend_reason"),
        Verb::ReturnStep => (&RETURN_REASONS, "return_reason"),
        _ => return None,
    })
}

/// Whether this step names the provisions that it rests on. A decision that grants may.
pub fn has_basis(verb: Verb) -> bool {
    matches!(verb, Verb::Refuse | Verb::Stop | Verb::Decide)
}

/// What is said of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Grounds {
    /// A word of the step's list.
    pub reason: String,
    /// Documents among the procedure's own, by their numbers.
    pub basis: Vec<String>,
    /// The article, or a document that the procedure does not name.
    pub basis_note: String,
    /// Words for the citizen.
    pub note: String,
}

impl Grounds {
    /// Everything that is wrong with them. `needed`: they must be complete, as for whatever says no.
    pub(super) fn check(&self, verb: Verb, needed: bool, procedure: &Procedure, faults: &mut Faults) {
        if needed {
            check_reason(verb, &self.reason, faults);
            faults.need("note", &self.note);
            // A file that names no document leaves the words alone.
            match (self.basis.is_empty(), procedure.legal_basis.is_empty()) {
                (true, false) => faults.add("basis", "fault.basis", &[]),
                (true, true) if self.basis_note.trim().is_empty() => {
                    faults.add("basis_note", "fault.basis_note", &[]);
                }
                _ => {}
            }
        }
        for id in &self.basis {
            if !procedure.legal_basis.iter().any(|b| b.id == *id) {
                faults.add("basis", "fault.unknown_basis", &[("id", id)]);
            }
        }
        if self.basis_note.chars().count() > BASIS_CHARS_MAX {
            faults.add("basis_note", "fault.too_long", &[("most", &BASIS_CHARS_MAX.to_string())]);
        }
    }

    /// The provisions as papers print them: the documents in the order of the procedure's file, then words.
    pub fn lines(&self, procedure: &Procedure) -> Vec<String> {
        let chosen = procedure.legal_basis.iter().filter(|b| self.basis.contains(&b.id)).map(|b| b.line());
        let words = Some(self.basis_note.trim().to_string()).filter(|words| !words.is_empty());
        chosen.chain(words).collect()
    }

    /// What the log keeps of it, or what must be corrected first.
    pub(super) fn remark(&self, verb: Verb, procedure: &Procedure) -> Result<Remark<'_>, Problem> {
        let mut faults = Faults::default();
        self.check(verb, true, procedure, &mut faults);
        faults.settle()?;
        Ok(Remark {
            reason_code: Some(&self.reason),
            details: json!({ "basis": self.lines(procedure) }),
            ..Remark::note(&self.note)
        })
    }
}

/// The reason is one of the step's list.
pub(super) fn check_reason(verb: Verb, reason: &str, faults: &mut Faults) {
    if reasons(verb).is_some_and(|(list, _)| !list.contains(&reason)) {
        faults.add("reason", "fault.reason", &[]);
    }
}

/// The provisions that a line of the log names.
pub fn basis_of(h: &History) -> Vec<String> {
    let lines = h.details["basis"].as_array().into_iter().flatten().filter_map(Value::as_str);
    lines.map(str::to_string).collect()
}

/// The reason that a line of the log names, in words; empty without one.
pub fn reason_of(h: &History) -> String {
    let list = Verb::from_word(&h.verb).and_then(reasons).map(|(_, list)| list);
    match (list, &h.reason_code) {
        (Some(list), Some(code)) => {
            let key = format!("{list}.{code}");
            if WORDS.has(&key) { WORDS.t(&key, &[]) } else { String::new() }
        }
        _ => String::new(),
    }
}

/// Reason and words as a paper prints them. A reason that says nothing by itself is left out.
pub fn told(h: &History) -> String {
    let listed = if h.reason_code.as_deref() == Some("other") { String::new() } else { reason_of(h) };
    match (listed.as_str(), h.note.as_str()) {
        ("", note) => note.to_string(),
        (listed, "") => format!("{listed}."),
        (listed, note) => format!("{listed}.\n{note}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::procedure::model;

    fn birth() -> &'static Procedure {
        model::embedded().iter().rfind(|p| p.code == "1.001193").unwrap()
    }

    fn faults_of(grounds: &Grounds, needed: bool) -> Vec<String> {
        let mut faults = Faults::default();
        grounds.check(Verb::Refuse, needed, birth(), &mut faults);
        faults.fields()
    }

    #[test]
    fn every_reason_of_every_list_has_words() {
        for verb in Verb::ALL {
            for (reason, list) in
                reasons(verb).into_iter().flat_map(|(all, list)| all.iter().map(move |r| (r, list)))
            {
                assert!(WORDS.has(&format!("{list}.{reason}")), "{list}.{reason}");
            }
        }
    }

    #[test]
    fn whatever_says_no_names_reason_provision_and_words() {
        assert_eq!(faults_of(&Grounds::default(), true), ["reason", "note", "basis"]);
        let first = birth().legal_basis[0].id.clone();
        let whole = Grounds {
            reason: "duplicate".into(),
            basis: vec![first.clone()],
            basis_note: "Điều 5, khoản 2".into(),
            note: "Đã nộp hôm qua".into(),
        };
        assert_eq!(faults_of(&whole, true), Vec::<String>::new());
        assert_eq!(whole.lines(birth()), [birth().legal_basis[0].line(), "Điều 5, khoản 2".into()]);
        // Of another procedure, or invented.
        let foreign = Grounds { basis: vec!["1/1999/XY".into()], ..whole.clone() };
        assert_eq!(faults_of(&foreign, true), ["basis"]);
        let foreign = Grounds { basis: vec!["1/1999/XY".into()], ..Grounds::default() };
        assert_eq!(faults_of(&foreign, false), ["basis"]);
        // Words alone do not do while the procedure names documents.
        assert_eq!(faults_of(&Grounds { basis: vec![], ..whole }, true), ["basis"]);
        assert!(first.contains('/'));
    }
}
