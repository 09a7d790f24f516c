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

    /// A commune as people read it; what names none stays as it was typed.
    pub fn shown(&self, typed: &str) -> String {
        self.communes.iter().find(|c| c.id.as_str() == typed).map_or_else(|| typed.to_string(), name)
    }

    /// The commune that was typed: its name with what it stands in, or its name alone where no other bears
    /// it, without regard to tone marks. One that stands goes before one of old.
    fn named(&self, typed: &str) -> Option<&Commune> {
        let plain = |text: &str| base::text::tokens(text).join(" ");
        let sought = plain(typed);
        let only = |fits: &dyn Fn(&Commune) -> bool| {
            let all: Vec<&Commune> = self.communes.iter().filter(|c| fits(c)).collect();
            let standing: Vec<&Commune> = all.iter().copied().filter(|c| c.valid_to.is_none()).collect();
            match (standing.as_slice(), all.as_slice()) {
                ([one], _) | ([], [one]) => Some(*one),
                _ => None,
            }
        };
        only(&|c| plain(&name(c)) == sought).or_else(|| only(&|c| plain(&c.name) == sought))
    }

    /// Puts the id of the commune into every address that names one in words.
    fn settle(&self, form: &Form, answers: &mut Answers) {
        for (field, unit) in form.communes(answers) {
            if self.communes.iter().any(|c| c.id.as_str() == unit) {
                continue;
            }
            if let (Some(commune), Some(address)) =
                (self.named(&unit), answers.get_mut(&field).and_then(|value| value.as_object_mut()))
            {
                address.insert("unit".into(), commune.id.as_str().into());
            }
        }
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

/// Takes a commune for its name where people typed one: a page offers names, since a list of all communes
/// at each address would be the larger part of the page. Then writes the words of the addresses.
pub async fn take(tx: &mut Tx, form: &Form, answers: &mut Answers) -> Result<Vec<FieldFinding>, Problem> {
    let fields: Vec<String> = form.communes(answers).into_iter().map(|(field, _)| field).collect();
    let places = Places::of(tx, form, &fields).await?;
    places.settle(form, answers);
    Ok(places.write(form, answers))
}

/// Writes the words of the addresses before a dossier is made of them.
pub async fn write(tx: &mut Tx, form: &Form, answers: &mut Answers) -> Result<Vec<FieldFinding>, Problem> {
    let fields: Vec<String> = form.communes(answers).into_iter().map(|(field, _)| field).collect();
    Ok(Places::of(tx, form, &fields).await?.write(form, answers))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commune(id: &str, name: &str, parent: &str, ended: bool) -> Commune {
        Commune {
            id: id.into(),
            name: name.into(),
            parent_name: Some(parent.into()),
            valid_to: ended.then(|| base::Day::new(2025, 6, 30).unwrap()),
        }
    }

    #[test]
    fn a_commune_is_taken_for_its_name() {
        let places = Places::from(vec![
            commune("1@2025-07-01", "Xã Phước Hậu", "Tỉnh Vĩnh Long", false),
            commune("2@2025-07-01", "Xã An Bình", "Tỉnh Vĩnh Long", false),
            commune("3@2018-01-01", "Xã An Bình", "Huyện Long Hồ", true),
            commune("4@2018-01-01", "Xã Chánh Hội", "Huyện Mang Thít", true),
            commune("5@2018-01-01", "Phường 1", "Thành phố Vĩnh Long", true),
            commune("6@2018-01-01", "Phường 1", "Thị xã Khác", true),
        ]);
        let table = [
            ("Xã Phước Hậu, Tỉnh Vĩnh Long", "1@2025-07-01"),
            ("xa phuoc hau", "1@2025-07-01"),
            ("Xã An Bình", "2@2025-07-01"),
            ("Xã An Bình, Huyện Long Hồ", "3@2018-01-01"),
            ("Xã Chánh Hội", "4@2018-01-01"),
            ("Phường 1, Thị xã Khác", "6@2018-01-01"),
            // Two of that name, and neither stands.
            ("Phường 1", "-"),
            ("Phước", "-"),
            ("", "-"),
        ];
        for (typed, id) in table {
            let found = places.named(typed).map_or("-", |c| c.id.as_str());
            assert_eq!(found, id, "{typed:?}");
        }
        assert_eq!(places.shown("3@2018-01-01"), "Xã An Bình, Huyện Long Hồ");
        assert_eq!(places.shown("Xã nào đó"), "Xã nào đó");
    }
}
