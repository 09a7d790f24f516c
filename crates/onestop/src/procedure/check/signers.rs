//! Who agrees beside the applicant: whether each can be found by the answers. law: onestop/several-signers

use std::collections::BTreeSet;

use serde_json::Value;

use super::Finding;
use crate::procedure::form::typed;
use crate::procedure::model::{Form, Procedure};
use crate::procedure::signers::Signer;

pub fn check(procedure: &Procedure, found: &mut Vec<Finding>) {
    let mut seen = BTreeSet::new();
    for signer in &procedure.signers {
        let id = signer.id.clone();
        if !seen.insert(&signer.id) {
            found.push(Finding::SignerTwice { id: id.clone() });
        }
        if let Some(when) = &signer.when {
            super::questions::condition(procedure.form.as_ref(), when, None, format!("signer '{id}'"), found);
        }
        let Some(form) = &procedure.form else {
            found.push(Finding::SignerWithoutForm { id });
            continue;
        };
        question(form, signer, found);
    }
}

/// The question of the number is one, the question of the name is there, and neither may stay unanswered
/// where the agreement is required.
fn question(form: &Form, signer: &Signer, found: &mut Vec<Finding>) {
    let id = || signer.id.clone();
    let (number, person) = (part(form, signer, &signer.number), part(form, signer, &signer.person));
    if number.is_none_or(|schema| schema["format"] != "personal-number") {
        found.push(Finding::SignerNumber { id: id(), field: signer.number.clone() });
    }
    if person.is_none_or(|schema| schema["type"] != "string") {
        found.push(Finding::SignerPerson { id: id(), field: signer.person.clone() });
    }
    let answered = |field: &str| match &signer.group {
        Some(group) => {
            let required = form.property(group).map(|property| &property["items"]["required"]);
            required.and_then(Value::as_array).is_some_and(|all| all.iter().any(|name| name == field))
        }
        None => {
            form.is_required(field)
                && form.condition(field).is_none_or(|when| signer.when.as_ref() == Some(&when))
        }
    };
    if signer.required && number.is_some() && !answered(&signer.number) {
        found.push(Finding::SignerMayLack { id: id(), field: signer.number.clone() });
    }
}

/// The schema of a question, or of a part of the signer's group.
fn part<'f>(form: &'f Form, signer: &Signer, field: &str) -> Option<&'f Value> {
    match &signer.group {
        Some(group) => {
            let property = form.property(group).filter(|p| typed::shape(p) == typed::Shape::Rows)?;
            typed::parts(property)?.get(field)
        }
        None => form.property(field),
    }
}
