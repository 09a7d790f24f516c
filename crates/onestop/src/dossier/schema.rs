//! What each step must be given, as JSON Schema: the API lists it beside every open step, and
//! OpenAPI carries the same.

use base::limits::TEXT_LINE_CHARS_MAX;
use serde_json::{Value, json};
use utoipa::openapi::{RefOr, Schema};

use super::rules::Verb;
use super::{Case, REFUSE_REASONS, STOP_REASONS};

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
            properties["components"] = json!({ "type": "array", "items": components(), "maxItems": 100 });
            properties["fields"] = json!({ "type": "array", "items": { "type": "string" }, "maxItems": 300 });
            required.push("note");
        }
        Verb::Supplement => {
            properties["uploads"] = uploads(components());
            properties["answers"] = json!({ "type": "object" });
        }
        Verb::Refuse => {
            properties["reason"] = json!({ "type": "string", "enum": REFUSE_REASONS });
            required.extend(["reason", "note"]);
        }
        Verb::Stop => {
            properties["reason"] = json!({ "type": "string", "enum": STOP_REASONS });
            required.extend(["reason", "note"]);
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
                required.push("note");
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
            required.extend(["until", "note"]);
        }
        Verb::ReturnResult => {
            properties["signed_by"] = json!({ "type": "string", "maxLength": TEXT_LINE_CHARS_MAX });
            properties["signed_on"] = json!({ "type": "string", "format": "date" });
        }
        Verb::Receive | Verb::Withdraw | Verb::Pay => {}
    }
    json!({
        "type": "object",
        "required": required,
        "additionalProperties": false,
        "properties": properties,
    })
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
