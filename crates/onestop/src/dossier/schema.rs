//! What each step must be given, as JSON Schema: the API lists it beside every open step, and
//! OpenAPI carries the same.

use base::limits::TEXT_LINE_CHARS_MAX;
use serde_json::{Value, json};
use utoipa::openapi::{RefOr, Schema};

use super::grounds::{self, BASIS_CHARS_MAX};
use super::rules::Verb;
use super::{Case, checklist};

/// The longest note, in characters.
pub const NOTE_CHARS_MAX: usize = 4_000;

/// The schema of the body of `POST …/steps` for this step of this dossier. `ways` are the
/// internal steps it may lead to.
pub fn of(verb: Verb, ways: &[String], case: Option<&Case>) -> Value {
    let mut properties = json!({
        "step": { "type": "string", "enum": [verb.word()] },
        "seen_version": { "type": "integer", "minimum": 1 },
        "note": { "type": "string", "maxLength": NOTE_CHARS_MAX },
    });
    let mut required = vec!["step", "seen_version"];
    let components = || -> Value {
        let ids = case.map(|c| c.procedure.components.iter().map(|c| c.id.clone()).collect::<Vec<_>>());
        match ids {
            Some(ids) if !ids.is_empty() => json!({ "type": "string", "enum": ids }),
            _ => json!({ "type": "string" }),
        }
    };
    match verb {
        Verb::AskSupplement => {
            properties["marks"] = marks(case);
            properties["fields"] = json!({ "type": "array", "items": { "type": "string" }, "maxItems": 300 });
            required.extend(["reason", "note"]);
        }
        Verb::Supplement => {
            properties["uploads"] = uploads(components());
            properties["explained"] = explained();
            properties["answers"] = json!({ "type": "object" });
        }
        Verb::Refuse | Verb::Stop => {
            let named = case.is_none_or(|c| !c.procedure.legal_basis.is_empty());
            required.extend(["reason", if named { "basis" } else { "basis_note" }, "note"]);
        }
        Verb::PassOn | Verb::SubmitForSignature | Verb::ReturnStep => {
            properties["to"] = if ways.is_empty() {
                json!({ "type": "string" })
            } else {
                json!({ "type": "string", "enum": ways })
            };
            if ways.len() > 1 {
                required.push("to");
            }
            if verb == Verb::ReturnStep {
                required.extend(["reason", "note"]);
            }
        }
        Verb::Decide => {
            properties["outcome"] = json!({ "type": "string", "enum": ["granted", "denied"] });
            required.push("outcome");
        }
        Verb::AskFee => {
            properties["amount"] = json!({ "type": "integer", "minimum": 1, "maximum": super::FEE_MAX });
            required.push("amount");
        }
        Verb::Extend => {
            properties["until"] = json!({ "type": "string", "format": "date" });
            required.extend(["until", "reason", "note"]);
        }
        Verb::ReturnResult => {
            properties["signed_by"] = json!({ "type": "string", "maxLength": TEXT_LINE_CHARS_MAX });
            properties["signed_on"] = json!({ "type": "string", "format": "date" });
        }
        Verb::Receive | Verb::Withdraw | Verb::Pay => {}
    }
    put_grounds(&mut properties, verb, case);
    json!({
        "type": "object",
        "required": required,
        "additionalProperties": false,
        "properties": properties,
    })
}

fn explained() -> Value {
    json!({
        "type": "object",
        "description": "Why a paper that was asked for is not brought, by component.",
        "additionalProperties": { "type": "string", "maxLength": NOTE_CHARS_MAX },
    })
}

/// The reasons of the step's list, and the provisions where it names some.
fn put_grounds(properties: &mut Value, verb: Verb, case: Option<&Case>) {
    if let Some((reasons, _)) = grounds::reasons(verb) {
        properties["reason"] = json!({ "type": "string", "enum": reasons });
    }
    if grounds::has_basis(verb) {
        properties["basis"] = basis(case, verb);
        properties["basis_note"] = json!({ "type": "string", "maxLength": BASIS_CHARS_MAX });
    }
}

/// The provisions are chosen from those the procedure names.
fn basis(case: Option<&Case>, verb: Verb) -> Value {
    let ids: Vec<&str> =
        case.into_iter().flat_map(|c| c.procedure.legal_basis.iter().map(|b| b.id.as_str())).collect();
    let mut item = json!({ "type": "string" });
    if !ids.is_empty() {
        item["enum"] = json!(ids);
    }
    let mut basis = json!({ "type": "array", "items": item, "maxItems": 100 });
    if verb == Verb::Decide {
        basis["description"] = "With a reason and a note, required of a decision that is denied.".into();
    } else if case.is_none_or(|c| !c.procedure.legal_basis.is_empty()) {
        basis["minItems"] = 1.into();
    }
    basis
}

/// A mark for each paper. What was uploaded, counted or made of the answers is present unless it is said
/// otherwise; every other required paper needs its mark.
fn marks(case: Option<&Case>) -> Value {
    let mark = json!({ "type": "string", "enum": checklist::Mark::ALL.map(checklist::Mark::word) });
    let Some(case) = case else { return json!({ "type": "object", "additionalProperties": mark }) };
    let papers = checklist::papers(&case.procedure, &case.dossier.answers).into_iter();
    let properties: serde_json::Map<String, Value> = papers.map(|c| (c.id.clone(), mark.clone())).collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

fn uploads(component: Value) -> Value {
    json!({
        "type": "array",
        "maxItems": 30,
        "items": {
            "type": "object",
            "required": ["component"],
            "additionalProperties": false,
            // One of the two: a file uploaded before, or an entry of the sender's own vault.
            "oneOf": [{ "required": ["upload"] }, { "required": ["vault"] }],
            "properties": {
                "component": component,
                "upload": { "type": "string" },
                "vault": { "type": "string" },
            },
        },
    })
}

/// Whether the body of this step may have a field of this name.
pub fn has_field(verb: Verb, name: &str) -> bool {
    of(verb, &[], None)["properties"].get(name).is_some()
}

/// The schemas of all steps as OpenAPI has them, `Step_receive` and so on, without a dossier at hand.
pub fn components() -> impl Iterator<Item = (String, RefOr<Schema>)> {
    Verb::ALL.into_iter().map(|verb| {
        let schema = serde_json::from_value(of(verb, &[], None));
        (format!("Step_{}", verb.word()), schema.expect("what `of` writes is a schema; a test reads each"))
    })
}
