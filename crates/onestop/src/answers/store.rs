//! The rows of answers that changed. Each function takes the caller's transaction and decides nothing.

use base::Instant;
use db::{Tx, args};
use serde_json::Value;

use super::rules::Change;
use crate::dossier::DossierId;

db::record! {
    /// An answer that changed, as its row has it.
    pub struct Row {
        ordinal: i64, field: String, before: Option<String>, after: Option<String>, at: Instant,
        account: Option<String>, office: Option<String>,
    }
}

impl Row {
    /// The change itself.
    pub fn change(&self) -> db::Result<Change> {
        Ok(Change { field: self.field.clone(), before: read(&self.before)?, after: read(&self.after)? })
    }
}

fn read(text: &Option<String>) -> db::Result<Option<Value>> {
    let read = |text: &String| {
        serde_json::from_str(text).map_err(|e| db::Error::Fault(format!("an answer that is no JSON: {e}")))
    };
    text.as_ref().map(read).transpose()
}

/// Writes what changed at this line of the log. Who did it, and in which office, is the transaction's act.
pub async fn save(
    tx: &mut Tx,
    dossier: DossierId,
    ordinal: i64,
    changes: &[Change],
    at: Instant,
) -> db::Result<()> {
    let account = match &tx.act().actor {
        db::Actor::Account(account) => Some(account.clone()),
        _ => None,
    };
    let office = tx.act().office.clone();
    for change in changes {
        tx.change_one(
            "insert into answer_change (dossier, ordinal, field, before, after, at, account, office)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
            args![
                dossier,
                ordinal,
                &change.field,
                change.before.as_ref().map(Value::to_string),
                change.after.as_ref().map(Value::to_string),
                at,
                &account,
                &office
            ],
        )
        .await?;
    }
    Ok(())
}

/// What changed, the newest line first; at most 2,000 answers.
pub async fn list(tx: &mut Tx, dossier: DossierId) -> db::Result<Vec<Row>> {
    tx.list(
        "select ordinal, field, before, after, at, account, office from answer_change
          where dossier = $1 order by ordinal desc, field limit 2000",
        args![dossier],
    )
    .await
}

db::record! { struct Asked { verb: String, details: String } }

/// What every request since papers last came carries, the newest first.
pub async fn requests(tx: &mut Tx, dossier: DossierId) -> db::Result<Vec<Value>> {
    let lines: Vec<Asked> = tx
        .list(
            "select verb, details from dossier_step
              where dossier = $1 and verb in ('ask_supplement', 'supplement')
              order by ordinal desc limit 50",
            args![dossier],
        )
        .await?;
    let read = |line: Asked| {
        serde_json::from_str(&line.details)
            .map_err(|e| db::Error::Fault(format!("details of a request: {e}")))
    };
    lines.into_iter().take_while(|line| line.verb == "ask_supplement").map(read).collect()
}
