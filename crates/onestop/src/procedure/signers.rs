//! Who must agree to what a dossier declares, beside whoever files it (người cùng ký): as a procedure's file
//! says it, and as the answers name them. law: onestop/several-signers

use std::collections::BTreeSet;

use base::number::PersonalNumber;
use serde::Deserialize;
use serde_json::Value;

use super::model::{Answers, Procedure, When};

/// One kind of person who agrees: the partner, each co-owner.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signer {
    pub id: String,
    /// Who it is, in words: "Bên còn lại".
    pub name: String,
    /// The question that asks for the person's number; with `group` a part of the group.
    pub number: String,
    /// The question that asks for the person's name; with `group` a part of the group.
    pub person: String,
    /// The group of which each row is a person who agrees.
    #[serde(default)]
    pub group: Option<String>,
    /// The case in which they agree; absent means always.
    #[serde(default)]
    pub when: Option<When>,
    /// Without them nothing is filed. Otherwise the applicant may invite them, and whoever is invited is
    /// waited for.
    pub required: bool,
}

/// A person whom the answers name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The signer's id; in a group with its row: `owners.2`.
    pub key: String,
    /// Who it is, in words.
    pub role: String,
    /// The personal number, as it is stored; none while nobody has entered one.
    pub number: Option<String>,
    /// The person's name as the form has it.
    pub person: String,
    pub required: bool,
    /// The number entered is the applicant's own: nobody else is named yet.
    pub own: bool,
}

impl Procedure {
    /// Those who agree in the case that the answers describe. Somebody named twice agrees once; the applicant
    /// (`own`, a number) agrees by filing, as one of a group, and cannot stand for another.
    pub fn signers_for(&self, answers: &Answers, own: &str) -> Vec<Wanted> {
        let mut seen = BTreeSet::new();
        let mut all: Vec<Wanted> = Vec::new();
        let asked = |s: &&Signer| s.when.as_ref().is_none_or(|when| when.holds(answers));
        for signer in self.signers.iter().filter(asked) {
            let rows: Vec<Option<&Value>> = match &signer.group {
                Some(group) => {
                    answers.get(group).and_then(Value::as_array).into_iter().flatten().map(Some).collect()
                }
                None => vec![None],
            };
            for (nth, row) in rows.into_iter().enumerate() {
                let of = |field: &str| match row {
                    Some(row) => row.get(field).and_then(Value::as_str),
                    None => answers.get(field).and_then(Value::as_str),
                };
                let number = of(&signer.number).and_then(|text| PersonalNumber::parse(text).ok());
                let number = number.map(|number| number.to_string());
                let is_own = number.as_deref() == Some(own);
                if is_own && row.is_some() {
                    continue;
                }
                let number = number.filter(|_| !is_own);
                if number.clone().is_some_and(|number| !seen.insert(number)) {
                    continue;
                }
                all.push(Wanted {
                    key: row.map_or(signer.id.clone(), |_| format!("{}.{}", signer.id, nth + 1)),
                    role: row.map_or(signer.name.clone(), |_| format!("{} {}", signer.name, nth + 1)),
                    number,
                    person: of(&signer.person).unwrap_or_default().to_string(),
                    required: signer.required,
                    own: is_own,
                });
            }
        }
        all
    }

    /// Those without whom a dossier on paper is not received: nobody has entered its answers, so only who
    /// agrees in every case is known. One of a group stands for the group.
    pub fn signers_on_paper(&self) -> impl Iterator<Item = &Signer> {
        self.signers.iter().filter(|s| s.required && s.when.is_none())
    }
}
