//! The first of the two readings: every line, everything wrong with it, and nothing stored.

use std::collections::HashSet;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use db::Tx;
use web::Problem;

use super::columns::Table;
use super::ground::{Field, Matter, lines_of};
use super::{Finding, Order, Report, Tally, store};
use crate::App;

/// Checks one file.
pub async fn check(
    app: &App,
    order: &Order,
    table: Table,
    path: &Path,
    report: &mut Report<'_>,
    mut progress: impl FnMut(u64),
) -> Result<Tally, Problem> {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let mut field = Field::new(order.now);
    let mut known = HashSet::new();
    let mut tally = Tally::default();
    let (mut chunks, reading) = lines_of(path, table);
    while let Some(chunk) = chunks.recv().await {
        tally.lines += chunk.iter().filter(|item| item.is_ok()).count() as u64;
        let catalogue = app.catalogue.clone();
        let read = async move |tx: &mut Tx| -> Result<_, Problem> {
            let mut field = field.clone();
            let read = field.read(tx, &catalogue, table, chunk.clone()).await?;
            let there = there(tx, &read).await?;
            Ok((field, read, there))
        };
        let (next, read, there) = app.site.db.read(read).await?;
        field = next;
        for (number, item) in read {
            let findings = match item {
                Ok(matter) => again(&matter, number, &mut known, &there, &mut tally),
                Err(findings) => findings,
            };
            tally.bad += u64::from(!findings.is_empty());
            findings.iter().for_each(|finding| report.add(table, &name, finding));
        }
        report.flush()?;
        progress(tally.lines);
    }
    reading.await.map_err(|e| Problem::fault(format!("reading {name} ended: {e}")))?;
    Ok(tally)
}

/// What of a chunk is there already: old codes that were taken over, and codes that dossiers have.
pub struct There {
    pub taken: HashSet<String>,
    codes: HashSet<String>,
}

/// Looks them up.
pub async fn there(tx: &mut Tx, read: &[(u64, Result<Matter, Vec<Finding>>)]) -> db::Result<There> {
    let coming = read.iter().filter_map(|(_, m)| match m {
        Ok(Matter::Dossier(arrival)) => Some(&arrival.coming),
        _ => None,
    });
    let (plain, codes): (Vec<String>, Vec<String>) =
        coming.map(|c| (c.plain.clone(), c.code.clone())).unzip();
    let taken = store::taken(tx, &plain).await?.into_iter().collect();
    Ok(There { taken, codes: store::codes(tx, &codes).await?.into_iter().collect() })
}

impl There {
    /// The dossier has been taken over.
    pub fn has(&self, plain: &str) -> bool {
        self.taken.contains(plain)
    }

    /// Another dossier has this code.
    pub fn clashes(&self, plain: &str, code: &str) -> bool {
        !self.has(plain) && self.codes.contains(code)
    }
}

/// What a line says that an earlier line, or a dossier of ours, says already.
fn again(
    matter: &Matter,
    number: u64,
    known: &mut HashSet<[u8; 16]>,
    there: &There,
    tally: &mut Tally,
) -> Vec<Finding> {
    let finding =
        |column, key| vec![Finding { column: Some(column), ..Finding::of_line(number, key, vec![]) }];
    match matter {
        Matter::Dossier(arrival) => {
            let c = &arrival.coming;
            tally.there += u64::from(there.has(&c.plain));
            if !known.insert(mark(&c.code)) {
                finding("code", "twice")
            } else if there.clashes(&c.plain, &c.code) {
                finding("code", "code_taken")
            } else {
                vec![]
            }
        }
        Matter::Person(person) if !known.insert(mark(&person.number)) => finding("personal_number", "twice"),
        Matter::Person(_) | Matter::Book(..) => vec![],
    }
}

/// A text as 16 bytes, so that a million of them are 16 MB.
fn mark(text: &str) -> [u8; 16] {
    let whole = digest(&SHA256, text.as_bytes());
    let mut mark = [0; 16];
    mark.copy_from_slice(&whole.as_ref()[..16]);
    mark
}
