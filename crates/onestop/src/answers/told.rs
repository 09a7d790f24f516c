//! What has become of a dossier's answers, as officials and the owner read it.

use std::collections::BTreeMap;

use base::Instant;
use db::Tx;
use serde_json::Value;
use web::Problem;

use super::store::{self, Row};
use super::words::say;
use crate::dossier::Case;
use crate::procedure::ask;

/// Answers that changed at once.
pub struct Told {
    pub who: String,
    /// The unit in which an official acted; empty for the applicant.
    pub office: String,
    pub at: Instant,
    pub count: String,
    pub lines: Vec<Line>,
}

/// One answer that changed.
pub struct Line {
    pub title: String,
    pub before: String,
    pub after: String,
}

/// All changes, the newest first. The owner reads the office and not the official's name.
pub async fn all(tx: &mut Tx, case: &Case, with_names: bool) -> Result<Vec<Told>, Problem> {
    let mut by_line: BTreeMap<i64, Vec<Row>> = BTreeMap::new();
    for row in store::list(tx, case.dossier.id).await? {
        by_line.entry(row.ordinal).or_default().push(row);
    }
    let mut told = Vec::new();
    for rows in by_line.into_values().rev() {
        let Some(first) = rows.first() else { continue };
        let office = match &first.office {
            Some(office) => directory::get_unit(tx, &directory::UnitId::from(office.as_str())).await?.name,
            None => String::new(),
        };
        let who = match (&first.account, first.office.is_some()) {
            (Some(account), true) if with_names => match account.parse() {
                Ok(id) => directory::person(tx, id).await?.name,
                Err(_) => String::new(),
            },
            (_, true) => String::new(),
            (Some(_), false) => say("change.applicant", &[]),
            (None, false) => say("change.program", &[]),
        };
        let (at, n) = (first.at, rows.len().to_string());
        let lines = rows.iter().map(|row| line(case, row)).collect::<Result<Vec<_>, _>>()?;
        told.push(Told { who, office, at, count: say("change.count", &[("n", &n)]), lines });
    }
    Ok(told)
}

fn line(case: &Case, row: &Row) -> Result<Line, Problem> {
    let change = row.change()?;
    let form = case.procedure.form.as_ref();
    let text = |value: Option<&Value>, none: &str| match (value, form) {
        (None, _) => say(none, &[]),
        (Some(value), Some(form)) => ask::answer_text(form, &change.field, value),
        (Some(value), None) => value.to_string(),
    };
    Ok(Line {
        title: form.map_or(change.field.clone(), |form| form.title(&change.field).to_string()),
        before: text(change.before.as_ref(), "change.none"),
        after: text(change.after.as_ref(), "change.taken"),
    })
}
