//! The communes an address may name: those that stand, and those that stood, because people and
//! old papers know the old names.

use std::collections::BTreeMap;

use db::Tx;
use directory::Commune;
use web::Problem;

use super::form::{FieldFinding, FieldProblem};
use super::model::{Answers, Form};
use crate::words_citizen::say;

/// The communes of the unit tree, for one page or one filing.
#[derive(Clone, Default)]
pub struct Places {
    communes: Vec<Commune>,
}

/// A list of communes under one heading.
pub struct Choices {
    pub heading: String,
    /// Unit and name.
    pub communes: Vec<(String, String)>,
}

impl From<Vec<Commune>> for Places {
    fn from(communes: Vec<Commune>) -> Places {
        Places { communes }
    }
}

impl Places {
    /// Reads the tree where one of these fields asks for an address; nothing otherwise.
    pub async fn of(tx: &mut Tx, form: &Form, fields: &[String]) -> db::Result<Places> {
        let asked = fields.iter().any(|field| form.property(field).is_some_and(|p| p["format"] == "address"));
        let communes = if asked { directory::list_communes(tx).await? } else { Vec::new() };
        Ok(Places { communes })
    }

    /// The communes to choose from: today's, then those of before.
    pub fn choices(&self) -> Vec<Choices> {
        let (now, before): (Vec<&Commune>, Vec<&Commune>) =
            self.communes.iter().partition(|commune| commune.valid_to.is_none());
        [("form.communes_now", now), ("form.communes_before", before)]
            .into_iter()
            .filter(|(_, communes)| !communes.is_empty())
            .map(|(key, communes)| Choices {
                heading: say(key, &[]),
                communes: communes.into_iter().map(|c| (c.id.to_string(), name(c))).collect(),
            })
            .collect()
    }

    /// Writes the words of every address among the answers, as its commune is named today, and
    /// tells which name no commune.
    pub fn write(&self, form: &Form, answers: &mut Answers) -> Vec<FieldFinding> {
        let by_id: BTreeMap<&str, &Commune> = self.communes.iter().map(|c| (c.id.as_str(), c)).collect();
        let mut found = Vec::new();
        for (field, unit) in form.communes(answers) {
            let Some(address) = answers.get_mut(&field).and_then(|value| value.as_object_mut()) else {
                continue;
            };
            address.shift_remove("text");
            match by_id.get(unit.as_str()) {
                Some(commune) => {
                    let line = address.get("line").and_then(|line| line.as_str()).unwrap_or_default();
                    let text =
                        if line.is_empty() { name(commune) } else { format!("{line}, {}", name(commune)) };
                    address.insert("text".into(), text.into());
                }
                None => found.push(FieldFinding {
                    field: format!("{field}.unit"),
                    problem: FieldProblem::NotACommune,
                }),
            }
        }
        found
    }
}

fn name(commune: &Commune) -> String {
    match &commune.parent_name {
        Some(parent) => format!("{}, {parent}", commune.name),
        None => commune.name.clone(),
    }
}

/// Writes the words of the addresses before a dossier is made of them.
pub async fn write(tx: &mut Tx, form: &Form, answers: &mut Answers) -> Result<Vec<FieldFinding>, Problem> {
    let fields: Vec<String> = form.communes(answers).into_iter().map(|(field, _)| field).collect();
    Ok(Places::of(tx, form, &fields).await?.write(form, answers))
}
