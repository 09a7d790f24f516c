//! What need not be typed again: answers taken from the account, from earlier dossiers of the same person
//! and from the results in their vault. What is about the person is filled in when a draft begins; the rest
//! is offered on its page and taken over at a press. Words that were typed are never replaced, and each
//! answer that was taken says where from, for as long as it stands unchanged.

use std::sync::Arc;

use base::Instant;
use db::{Tx, args};
use directory::Person;
use serde_json::Value;
use web::Problem;

use super::draft;
use super::store;
use crate::catalogue::Catalogue;
use crate::dossier::{self, DossierId};
use crate::procedure::Procedure;
use crate::procedure::model::{Answers, Form};
use crate::vault::words::say;
use crate::vault::{self, Keys};

/// An earlier dossier whose answers may serve again.
pub struct Earlier {
    pub code: String,
    /// `dossier`, or `vault` where the person knows it by its result alone.
    pub origin: &'static str,
    pub procedure: Arc<Procedure>,
    pub answers: Answers,
}

/// An answer taken from somewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    pub field: String,
    pub value: Value,
    /// `account`, `dossier` or `vault`.
    pub origin: String,
    /// The dossier it stood in.
    pub code: String,
}

impl Taken {
    /// Where it comes from, in words.
    pub fn from(&self) -> String {
        say(&format!("from.{}", self.origin), &[("code", &self.code)])
    }
}

/// The answers about the person: those that the account knows, then those that an earlier form asked for
/// with the same meaning (`prefill` of the form's file), the newest first.
pub fn about_person(form: &Form, person: &Person, earlier: &[Earlier]) -> Vec<Taken> {
    let mut taken = Vec::new();
    for (field, ui) in &form.ui {
        let Some(meaning) = ui.prefill.as_deref() else { continue };
        let own = match meaning {
            "person.name" => Some(person.name.clone()),
            "person.personal_number" => person.personal_number.clone(),
            "person.phone" => person.phone.clone(),
            "person.email" => person.email.clone(),
            "person.address" => person.address.clone(),
            _ => None,
        };
        let own = own.filter(|v| !v.trim().is_empty()).map(|v| Taken {
            field: field.clone(),
            value: Value::String(v),
            origin: "account".into(),
            code: String::new(),
        });
        let before = || {
            earlier.iter().find_map(|e| {
                let form_then = e.procedure.form.as_ref()?;
                let (then, _) = form_then.ui.iter().find(|(_, ui)| ui.prefill.as_deref() == Some(meaning))?;
                again(form, field, e, then)
            })
        };
        taken.extend(own.or_else(before));
    }
    taken
}

/// The answers to the same questions in earlier dossiers, for those of `fields` that have none yet. A
/// question is the same where its name and what it takes are; a pledge is given anew each time, and what is
/// about the matter (`matter` of the form's file) is never offered.
pub fn same_questions(form: &Form, fields: &[String], known: &Answers, earlier: &[Earlier]) -> Vec<Taken> {
    let open = fields.iter().filter(|field| !known.contains_key(*field) && !form.matter.contains(field));
    open.filter_map(|field| {
        earlier.iter().find_map(|e| {
            let then = e.procedure.form.as_ref()?;
            is_same(form, then, field).then(|| again(form, field, e, field)).flatten()
        })
    })
    .collect()
}

/// Whether two forms ask the same under this name.
pub fn is_same(now: &Form, then: &Form, field: &str) -> bool {
    let (Some(now), Some(then)) = (now.property(field), then.property(field)) else { return false };
    let same = |key: &str| now.get(key) == then.get(key);
    now["type"] != "boolean" && ["type", "format", "enum", "properties", "items"].into_iter().all(same)
}

fn again(form: &Form, field: &str, e: &Earlier, then: &str) -> Option<Taken> {
    let value = e.answers.get(then).filter(|value| form.accepts(field, value))?;
    Some(Taken { field: field.into(), value: value.clone(), origin: e.origin.into(), code: e.code.clone() })
}

/// The earlier dossiers of a person, the newest first: those of the account, then those whose results lie
/// in the vault.
pub async fn earlier(tx: &mut Tx, catalogue: &Catalogue, person: &Person) -> Result<Vec<Earlier>, Problem> {
    let own: Vec<DossierId> = tx
        .list(
            "select id from dossier where applicant = $1 order by filed_at desc, id desc limit 5",
            args![person.account.to_string()],
        )
        .await?;
    let results = vault::store::list_results(tx, &Keys::of(person)).await?;
    let others = results.into_iter().filter(|id| !own.contains(id)).map(|id| (id, "vault"));
    let ids: Vec<_> = own.iter().map(|id| (*id, "dossier")).chain(others).collect();
    let mut earlier = Vec::new();
    for (id, origin) in ids {
        let d = dossier::store::get(tx, id).await?;
        let procedure = catalogue.version(&d.procedure)?;
        earlier.push(Earlier { code: d.code, origin, procedure, answers: d.answers });
    }
    Ok(earlier)
}

/// Takes the offered answers of a page over into the draft.
pub async fn fill(
    tx: &mut Tx,
    catalogue: &Catalogue,
    id: &str,
    page: &str,
    person: &Person,
    now: Instant,
) -> Result<(), Problem> {
    let mut draft = draft::get(tx, catalogue, id, &person.account.to_string()).await?;
    let earlier = earlier(tx, catalogue, person).await?;
    let taken = same_questions(draft.form()?, &draft.page(page)?.fields, &draft.answers, &earlier);
    for one in &taken {
        draft.answers.insert(one.field.clone(), one.value.clone());
    }
    draft.row.answers = Value::Object(draft.answers.clone()).to_string();
    store::save_answers(tx, &draft.row, now).await?;
    crate::signer::changed(tx, catalogue, id, &person.account.to_string(), now).await?;
    save(tx, id, &taken).await
}

/// Keeps where answers of a draft were taken from.
pub async fn save(tx: &mut Tx, draft: &str, taken: &[Taken]) -> Result<(), Problem> {
    for one in taken {
        tx.change(
            "insert into draft_origin (draft, field, origin, code, value) values ($1, $2, $3, $4, $5)
             on conflict (draft, field) do update set origin = excluded.origin, code = excluded.code,
                value = excluded.value",
            args![draft, &one.field, &one.origin, &one.code, one.value.to_string()],
        )
        .await?;
    }
    Ok(())
}

/// The answers of a draft that still stand as they were taken.
pub async fn standing(tx: &mut Tx, draft: &draft::Draft) -> Result<Vec<Taken>, Problem> {
    db::record! { struct Row { field: String, origin: String, code: String, value: String } }
    let rows: Vec<Row> = tx
        .list(
            "select field, origin, code, value from draft_origin where draft = $1 order by field limit 300",
            args![&draft.row.id],
        )
        .await?;
    let mut taken = Vec::new();
    for row in rows {
        let value: Value = serde_json::from_str(&row.value)
            .map_err(|e| db::Error::Fault(format!("an answer taken for draft {}: {e}", draft.row.id)))?;
        if draft.answers.get(&row.field) == Some(&value) {
            taken.push(Taken { field: row.field, value, origin: row.origin, code: row.code });
        }
    }
    Ok(taken)
}
