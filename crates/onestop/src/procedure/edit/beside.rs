//! At which field of the guided form a finding of the check is told.

use super::super::inspect::Remark;

/// The field's name; none for what no field of the form can mend. `known` are the form's values as the file
/// has them.
pub fn field(remark: &Remark, known: &[(String, String)]) -> Option<String> {
    let fact = |name: &str| remark.facts.get(name).and_then(|fact| fact.as_str()).unwrap_or_default();
    let row = |list: &str, id: &str| {
        known.iter().find_map(|(name, value)| {
            let row = name.strip_prefix(list)?.strip_prefix('.')?.strip_suffix(".id")?;
            (value == id).then(|| format!("{list}.{row}"))
        })
    };
    let at = |list: &str, id: &str, key: &str| row(list, id).map(|row| format!("{row}.{key}"));
    let step = |key: &str| at("steps", fact("id"), key);
    let signer = |key: &str| at("signers", fact("id"), key);
    match remark.finding {
        "valid_backwards" => Some("valid_to".into()),
        "online_without_limit" | "limit_unknown" | "steps_too_long" => Some("limit".into()),
        "limit_doubtful" => Some("limit_note".into()),
        "duplicate_component" => at("components", fact("id"), "name"),
        "duplicate_step" | "unreachable" => step("name"),
        "sign_not_by_leader" => step("role"),
        "step_without_limit" => step("limit"),
        "dead_end" | "cycle" | "loop_without_exit" => step("next"),
        "return_elsewhere" => at("steps", fact("from"), "may_return_to"),
        "unknown_step" => {
            let next = at("steps", fact("from"), "next")?;
            let leads =
                known.iter().any(|(name, ids)| *name == next && ids.split(", ").any(|id| id == fact("to")));
            if leads { Some(next) } else { at("steps", fact("from"), "may_return_to") }
        }
        "signer_twice" | "signer_without_form" => signer("name"),
        "signer_number" | "signer_may_lack" => signer("number"),
        "signer_person" => signer("person"),
        "when_unknown" | "when_never" => {
            let id = fact("at").strip_prefix("signer '")?.strip_suffix('\'')?;
            at("signers", id, "when")
        }
        _ => None,
    }
}
