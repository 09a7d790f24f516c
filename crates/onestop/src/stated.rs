//! The limit of one dossier whose procedure's file states none: a clerk reads it in the text in force and
//! writes it down with that text, before the dossier is received. Without it nothing could be promised, and
//! the dossier could not be received at all. law: onestop/stated-limit

pub mod pages;

use base::calendar::{Limit, LimitError};
use db::{Tx, args};
use serde_json::json;
use web::lang::in_vietnamese;
use web::{FieldError, Problem};

use crate::answers::words::{kept, say};
use crate::dossier::rules::{Seat, State, Was};
use crate::dossier::{self, Case, Dossier};
use crate::office::settle;
use crate::procedure::Procedure;

/// The line of the log that tells of it.
pub const STATED: &str = "state_limit";
/// Characters of the text that sets the limit.
pub const SOURCE_CHARS_MAX: usize = 500;
/// The units in which a limit is stated, as the files write them.
pub const UNITS: [&str; 3] = ["wd", "wh", "d"];

/// A limit as a clerk stated it.
#[derive(Clone, Debug, PartialEq)]
pub struct Stated {
    pub limit: Limit,
    /// The text that sets it.
    pub source: String,
}

impl Stated {
    /// The limit with its text, as form 01 prints it.
    pub fn printed(&self) -> String {
        let limit = crate::view::limit(Some(self.limit));
        say("limit.printed", &[("limit", &limit), ("source", &self.source)])
    }

    /// The same for the list of checks.
    pub fn check(&self) -> String {
        let limit = crate::view::limit(Some(self.limit));
        say("limit.check", &[("limit", &limit), ("source", &self.source)])
    }
}

/// What was typed.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    pub count: String,
    /// One of [`UNITS`].
    pub unit: String,
    pub source: String,
}

impl Typed {
    /// Nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.count.trim().is_empty() && self.source.trim().is_empty()
    }

    /// The limit, or everything wrong with what was typed, under `limit_count` and `limit_source`.
    pub fn read(&self) -> Result<Stated, Vec<FieldError>> {
        let mut errors = Vec::new();
        let unit = Some(self.unit.as_str()).filter(|unit| UNITS.contains(unit)).unwrap_or(UNITS[0]);
        let count: Option<u32> = self.count.trim().parse().ok().filter(|n| *n > 0);
        let limit = match count.map(|count| format!("{count}{unit}").parse::<Limit>()) {
            Some(Ok(limit)) => Some(limit),
            Some(Err(LimitError::Shape)) | None => {
                errors.push(FieldError::new("limit_count", say("fault.limit_number", &[])));
                None
            }
            Some(Err(_)) => {
                errors.push(FieldError::new("limit_count", say("fault.limit_long", &[])));
                None
            }
        };
        let source = self.source.split_whitespace().collect::<Vec<_>>().join(" ");
        if source.chars().count() < 3 {
            errors.push(FieldError::new("limit_source", say("fault.limit_source", &[])));
        }
        if source.chars().count() > SOURCE_CHARS_MAX {
            let most = SOURCE_CHARS_MAX.to_string();
            errors.push(FieldError::new("limit_source", say("fault.limit_source_long", &[("most", &most)])));
        }
        match limit {
            Some(limit) if errors.is_empty() => Ok(Stated { limit, source }),
            _ => Err(errors),
        }
    }
}

/// Whether this person states the limit of the dossier now: a clerk of the counter, before reception, where
/// the procedure's file has none.
pub fn may_state(case: &Case) -> bool {
    let waits =
        matches!(case.dossier.state, State::Filed { .. } | State::Supplementing { was: Was::Filed, .. });
    waits && case.procedure.limit.is_none() && case.seats.contains(&Seat::Counter)
}

/// Writes the limit down, with the line of the log that tells of it. Stated again, the newest counts.
pub async fn state(tx: &mut Tx, case: &mut Case, typed: &Typed) -> Result<(), Problem> {
    if !may_state(case) {
        return Err(Problem::refused(say("refusal.limit_not_now", &[]), "a limit cannot be stated now"));
    }
    let stated = match typed.read() {
        Ok(stated) => stated,
        Err(errors) => return settle(errors),
    };
    // What is kept is Vietnamese, whoever causes it.
    let limit = in_vietnamese(|| crate::view::limit(Some(stated.limit)));
    let note = kept("limit.line", &[("limit", &limit), ("source", &stated.source)]);
    let (ordinal, value) = (case.dossier.version, stated.limit.to_string());
    dossier::record(tx, case, STATED, &note, json!({ "limit": &value, "source": &stated.source })).await?;
    let account = match &tx.act().actor {
        db::Actor::Account(account) => Some(account.clone()),
        _ => None,
    };
    let office = tx.act().office.clone();
    tx.change_one(
        "insert into dossier_limit (dossier, ordinal, value, source, at, account, office)
         values ($1, $2, $3, $4, $5, $6, $7)",
        args![case.dossier.id, ordinal, value, &stated.source, case.now, account, office],
    )
    .await?;
    case.stated = Some(stated);
    Ok(())
}

db::record! { struct Row { value: String, source: String } }

/// The limit stated last; none, without a question to the store, where the procedure has one.
pub async fn find(tx: &mut Tx, d: &Dossier, procedure: &Procedure) -> Result<Option<Stated>, Problem> {
    if procedure.limit.is_some() {
        return Ok(None);
    }
    let row: Option<Row> = tx
        .find(
            "select value, source from dossier_limit where dossier = $1 order by ordinal desc limit 1",
            args![d.id],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let limit = row.value.parse();
    let limit =
        limit.map_err(|_| db::Error::Fault(format!("dossier {} has no limit {}", d.id, row.value)))?;
    Ok(Some(Stated { limit, source: row.source }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_number_with_a_text_and_everything_else_is_told() {
        let read = |count: &str, unit: &str, source: &str| {
            let typed = Typed { count: count.into(), unit: unit.into(), source: source.into() };
            typed
                .read()
                .map(|s| format!("{} {}", s.limit, s.source))
                .map_err(|errors| errors.into_iter().map(|e| e.field).collect::<Vec<_>>().join(" "))
        };
        let table = [
            (("10", "wd", " QĐ 12/QĐ-UBND  ngày 3/2/2026 "), Ok("10wd QĐ 12/QĐ-UBND ngày 3/2/2026")),
            (("8", "wh", "QĐ 12"), Ok("8wh QĐ 12")),
            (("30", "d", "QĐ 12"), Ok("30d QĐ 12")),
            (("0", "d", "QĐ 12"), Err("limit_count")),
            (("mười", "wd", "QĐ 12"), Err("limit_count")),
            (("-3", "wd", "QĐ 12"), Err("limit_count")),
            (("99999999999", "wd", "QĐ 12"), Err("limit_count")),
            (("10", "wd", "  "), Err("limit_source")),
            (("", "", ""), Err("limit_count limit_source")),
        ];
        for ((count, unit, source), wanted) in table {
            let wanted = wanted.map(str::to_string).map_err(str::to_string);
            assert_eq!(read(count, unit, source), wanted, "{count} {unit} {source}");
        }
        assert_eq!(read("10", "wd", &"x".repeat(501)), Err("limit_source".into()));
    }
}
