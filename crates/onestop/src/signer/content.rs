//! What is agreed to: the declaration as one text that comes out the same wherever it is made, and its
//! SHA-256.
//!
//! The text is JSON (RFC 8259) without spaces, the keys of every object in the order of their bytes:
//!
//! - `answers`: the answers as filing takes them, tidied, questions not asked left out;
//! - `applicant`: `name` and `number` of whoever files;
//! - `papers`: each paper as `[component, sha256]`, in the order of these two;
//! - `procedure`: `CODE@VERSION`.
//!
//! Where it is filed and how the result comes back are no part of it: they declare nothing.

use std::collections::BTreeMap;

use base::Day;
use db::Tx;
use db::blobs::Hash;
use serde_json::{Map, Value, json};
use web::Problem;

use crate::dossier::{self, Dossier};
use crate::filing::{Filing, rules};
use crate::procedure::{Procedure, places};
use crate::refusal::Fault;

/// A declaration, and what filing would have against it.
pub struct Content {
    pub answers: Map<String, Value>,
    /// Component and hash.
    pub papers: Vec<(String, Hash)>,
    pub sha256: Hash,
    pub faults: Vec<Fault>,
}

/// The declaration that this filing would become, by the very steps of filing.
pub async fn of_filing(
    tx: &mut Tx,
    procedure: &Procedure,
    mut filing: Filing,
    hash_of: impl Fn(&str) -> Option<Hash>,
    today: Day,
) -> Result<Content, Problem> {
    let mut faults = rules::faults(procedure, &mut filing, today);
    if let Some(form) = &procedure.form {
        let found = places::write(tx, form, &mut filing.answers).await?;
        faults.extend(found.iter().map(|finding| rules::fault(form, finding)));
    }
    let papers =
        filing.uploads.iter().filter_map(|a| Some((a.component.clone(), hash_of(&a.upload)?))).collect();
    Ok(content(
        &filing.procedure,
        &filing.applicant.name,
        &filing.applicant.number,
        filing.answers,
        papers,
        faults,
    ))
}

/// The declaration of a dossier with the answers it has now, and with those it was filed with: what was typed
/// from its paper afterwards declares nothing else.
pub async fn of_dossier(tx: &mut Tx, d: &Dossier) -> Result<[Content; 2], Problem> {
    let files = dossier::store::list_files(tx, d.id).await?.into_iter();
    let papers = files.filter(|f| f.added_at == d.filed_at).map(|f| (f.component, f.sha256));
    let papers: Vec<(String, Hash)> = papers.collect();
    let filed = crate::answers::as_filed(tx, d).await?;
    let with = |answers, papers| {
        content(&d.procedure, &d.applicant.name, &d.applicant.number, answers, papers, Vec::new())
    };
    Ok([with(d.answers.clone(), papers.clone()), with(filed, papers)])
}

fn content(
    procedure: &str,
    name: &str,
    number: &str,
    answers: Map<String, Value>,
    mut papers: Vec<(String, Hash)>,
    faults: Vec<Fault>,
) -> Content {
    papers.sort_by_key(|(component, hash)| (component.clone(), hash.to_string()));
    let sha256 = Hash::of(text(procedure, name, number, &answers, &papers).as_bytes());
    Content { answers, papers, sha256, faults }
}

/// The text that is hashed.
pub fn text(
    procedure: &str,
    name: &str,
    number: &str,
    answers: &Map<String, Value>,
    papers: &[(String, Hash)],
) -> String {
    let papers: Vec<Value> =
        papers.iter().map(|(component, hash)| json!([component, hash.to_string()])).collect();
    let whole = json!({
        "answers": answers,
        "applicant": { "name": name, "number": number },
        "papers": papers,
        "procedure": procedure,
    });
    let mut out = String::new();
    write(&whole, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            out.push('{');
            for (nth, (key, value)) in sorted.into_iter().enumerate() {
                if nth > 0 {
                    out.push(',');
                }
                out.push_str(&Value::String(key.clone()).to_string());
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
        Value::Array(all) => {
            out.push('[');
            for (nth, value) in all.iter().enumerate() {
                if nth > 0 {
                    out.push(',');
                }
                write(value, out);
            }
            out.push(']');
        }
        single => out.push_str(&single.to_string()),
    }
}
