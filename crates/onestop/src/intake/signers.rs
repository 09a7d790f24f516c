//! Those who agree beside the applicant and stand at the counter: ticked, with name and number.

use db::Tx;
use web::{FieldError, Problem, RawForm};

use crate::dossier::Dossier;
use crate::procedure::Procedure;
use crate::signer::words::say;
use crate::signer::{self, desk};

/// The heading of the form's part, and what it asks for.
pub fn legend() -> String {
    say("intake.legend", &[])
}

/// When to tick somebody.
pub fn hint() -> String {
    say("intake.hint", &[])
}

/// One of them as the form shows them.
pub struct Line {
    pub key: String,
    pub role: String,
    pub ticked: bool,
    pub name: String,
    pub number: String,
    pub error: String,
}

/// What the form carries of them: one for each signer of the procedure's file.
#[derive(Clone, Debug, Default)]
pub struct Present(Vec<desk::Typed>);

impl Present {
    /// What was sent.
    pub fn of(form: &RawForm, p: &Procedure) -> Present {
        let text = |name: String| form.get(&name).unwrap_or_default().to_string();
        let typed = |id: &String| desk::Typed {
            name: text(format!("signer_name.{id}")),
            number: text(format!("signer_number.{id}")),
            way: desk::WAYS[0].to_string(),
            compared: form.get(&format!("signer.{id}")).is_some(),
            key: id.clone(),
        };
        Present(p.signers.iter().map(|s| typed(&s.id)).collect())
    }

    fn ticked(&self) -> impl Iterator<Item = &desk::Typed> {
        self.0.iter().filter(|typed| typed.compared)
    }

    /// What is wrong with those who are ticked, under the names of the form's fields.
    pub fn faults(&self, p: &Procedure, own: &str) -> Vec<FieldError> {
        let named =
            |key: &str, e: FieldError| FieldError::new(format!("signer_{}.{key}", e.field), e.message);
        let of = |typed: &desk::Typed| {
            let errors = desk::check(typed, p, own, None).err().unwrap_or_default().into_iter();
            errors.map(|e| named(&typed.key, e)).collect::<Vec<_>>()
        };
        self.ticked().flat_map(of).collect()
    }

    /// Records those who are ticked; nothing is wrong with them.
    pub async fn record(
        &self,
        tx: &mut Tx,
        d: &Dossier,
        p: &Procedure,
        (office, by): (&str, &str),
        now: base::Instant,
    ) -> Result<(), Problem> {
        for typed in self.ticked() {
            let number = desk::check(typed, p, &d.applicant.number, None).map_err(Problem::Invalid)?;
            let role =
                p.signers.iter().find(|s| s.id == typed.key).map(|s| s.name.as_str()).unwrap_or_default();
            let record = signer::Record {
                key: typed.key.clone(),
                name: typed.name.trim().to_string(),
                number,
                way: typed.way.clone(),
                paper: None,
                office: office.to_string(),
            };
            signer::record(tx, d, &record, role, by, now).await?;
        }
        Ok(())
    }

    /// The lines of the form.
    pub fn lines(&self, p: &Procedure, errors: &[FieldError]) -> Vec<Line> {
        let line = |s: &crate::procedure::signers::Signer| {
            let typed = self.0.iter().find(|typed| typed.key == s.id).cloned().unwrap_or_default();
            let of =
                |e: &&FieldError| e.field.starts_with("signer_") && e.field.ends_with(&format!(".{}", s.id));
            let error: Vec<&str> = errors.iter().filter(of).map(|e| e.message.as_str()).collect();
            Line {
                key: s.id.clone(),
                role: s.name.clone(),
                ticked: typed.compared,
                name: typed.name,
                number: typed.number,
                error: error.join(" "),
            }
        };
        p.signers.iter().map(line).collect()
    }
}
