//! What may be filed. Pure: every fault is found and told at once.

use base::Day;
use base::limits::{DOSSIER_FILES_MAX, DOSSIER_SIZE_BYTES_MAX};

use super::Filing;
use crate::procedure::Procedure;
use crate::procedure::form::{FieldFinding, FieldProblem};
use crate::procedure::model::Form;
use crate::refusal::{Fault, Refusal};

/// The longest line of text that a person's own data may have, in characters.
const LINE_CHARS_MAX: usize = 300;

/// Everything wrong with `filing`. The applicant's numbers are put into their plain form on the
/// way, and answers to questions that were not asked are dropped.
pub fn faults(procedure: &Procedure, filing: &mut Filing, today: Day) -> Vec<Fault> {
    let mut faults = Vec::new();
    applicant(filing, &mut faults);
    if !["counter", "online", "post"].contains(&filing.return_by.as_str()) {
        faults.push(("return_by".into(), "fault.return_by", vec![]));
    }
    if procedure.is_online() && filing.channel == "online" {
        answers(procedure, filing, today, &mut faults);
        papers(procedure, filing, &mut faults);
    }
    if filing.channel != "online" {
        typed(procedure, filing, today, &mut faults);
    }
    faults
}

fn applicant(filing: &mut Filing, faults: &mut Vec<Fault>) {
    let a = &mut filing.applicant;
    let field = |name: &str| format!("applicant.{name}");
    if a.name.trim().chars().count() < 2 {
        faults.push((field("name"), "fault.name", vec![]));
    }
    match a.number.len() {
        // An enterprise files under its tax number, a person under the personal number.
        10 | 14 if base::number::TaxNumber::parse(&a.number).is_ok() => {}
        _ => match base::number::PersonalNumber::parse(&a.number) {
            Ok(number) => a.number = number.to_string(),
            Err(base::number::NumberError::Length { got, .. }) => {
                faults.push((
                    field("personal_number"),
                    "fault.number_length",
                    vec![("got", got.to_string())],
                ));
            }
            Err(_) => faults.push((field("personal_number"), "fault.number", vec![])),
        },
    }
    if !a.phone.is_empty() {
        match base::number::Phone::parse(&a.phone) {
            Ok(phone) => a.phone = phone.to_string(),
            Err(_) => faults.push((field("phone"), "fault.phone", vec![])),
        }
    }
    for (name, text) in [("name", &a.name), ("email", &a.email), ("address", &a.address)] {
        if text.chars().count() > LINE_CHARS_MAX {
            faults.push((field(name), "fault.too_long", vec![("most", LINE_CHARS_MAX.to_string())]));
        }
    }
}

fn answers(procedure: &Procedure, filing: &mut Filing, today: Day, faults: &mut Vec<Fault>) {
    let Some(form) = &procedure.form else { return };
    filing.answers = form.clean(&filing.answers);
    faults.extend(form.check(&filing.answers, today).iter().map(|finding| fault(form, finding)));
}

/// Answers that came with a paper dossier: what is there must be right, what is missing may follow.
fn typed(procedure: &Procedure, filing: &mut Filing, today: Day, faults: &mut Vec<Fault>) {
    let Some(form) = &procedure.form else { return };
    filing.answers = form.clean(&filing.answers);
    let mut found = form.check(&filing.answers, today);
    found.retain(|finding| !matches!(finding.problem, FieldProblem::Missing(_)));
    faults.extend(found.iter().map(|finding| fault(form, finding)));
}

/// What is wrong with an answer, as filing tells it.
pub fn fault(form: &Form, finding: &FieldFinding) -> Fault {
    let mut args = finding.args();
    args.push(("label", form.title(&finding.field).to_string()));
    (format!("answers.{}", finding.field), finding.key(), args)
}

/// Every paper that the answers make necessary must be there.
fn papers(procedure: &Procedure, filing: &Filing, faults: &mut Vec<Fault>) {
    for c in procedure.components_for(&filing.answers) {
        let here = filing.uploads.iter().any(|u| u.component == c.id);
        if c.required && !c.by_form && !here {
            faults.push((format!("uploads.{}", c.id), "fault.paper_missing", vec![("name", c.name.clone())]));
        }
    }
}

/// Whether files of these sizes (bytes) fit into one dossier.
pub fn room(sizes: impl Iterator<Item = i64>) -> Result<(), Refusal> {
    let (count, bytes) = sizes.fold((0, 0_u64), |(n, sum), size| (n + 1, sum + size.unsigned_abs()));
    if count > DOSSIER_FILES_MAX {
        return Err(Refusal::TooManyFiles { most: DOSSIER_FILES_MAX });
    }
    if bytes > DOSSIER_SIZE_BYTES_MAX {
        return Err(Refusal::DossierTooLarge { most: DOSSIER_SIZE_BYTES_MAX });
    }
    Ok(())
}
