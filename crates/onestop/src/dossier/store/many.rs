//! Whole dossiers by the thousand, for loads. The columns are those of the single statements
//! beside this file; a test reads what was loaded with them.

use base::Instant;
use db::{Tx, Value, args};
use serde_json::Value as Json;

use super::{Decision, was};
use crate::dossier::rules::Status;
use crate::dossier::{Dossier, DossierId, StoredFile};

/// One line of a step log, owned.
#[derive(Clone, Debug)]
pub struct Line {
    pub id: String,
    pub dossier: DossierId,
    pub ordinal: i64,
    pub verb: &'static str,
    pub from: (Status, Option<String>),
    pub to: (Status, Option<String>),
    pub at: Instant,
    pub account: Option<String>,
    pub office: Option<String>,
    pub reason_code: Option<&'static str>,
    pub note: String,
    pub details: String,
    pub promised: Option<Instant>,
}

fn own<'a>(rows: &mut Vec<Value<'a>>, row: &[Value<'a>]) {
    rows.extend_from_slice(row);
}

/// Dossiers as they stand now.
pub async fn save_dossiers(tx: &mut Tx, dossiers: &[&Dossier]) -> db::Result<()> {
    const WIDTH: usize = 30;
    // What is made here must live as long as the statement.
    let made: Vec<(String, String)> = dossiers
        .iter()
        .map(|d| (base::text::fold(&d.applicant.name), Json::Object(d.answers.clone()).to_string()))
        .collect();
    let mut rows: Vec<Value<'_>> = Vec::with_capacity(WIDTH * dossiers.len());
    for (d, (folded, answers)) in dossiers.iter().zip(&made) {
        own(
            &mut rows,
            args![
                d.id,
                d.code,
                d.procedure,
                d.counter,
                d.agency,
                d.account,
                d.applicant.name,
                *folded,
                d.applicant.number,
                d.applicant.phone,
                d.applicant.email,
                d.applicant.address,
                d.channel,
                d.return_by,
                *answers
            ],
        );
        let stage = d.state.stage().map_or(Value::Null, |s| Value::Text(s.into()));
        let instant = |at: Option<Instant>| at.map_or(Value::Null, |at| Value::Int(at.micros()));
        rows.extend([
            Value::Int(d.state.status().number()),
            was(&d.state).map_or(Value::Null, Value::Int),
            stage,
        ]);
        own(&mut rows, args![d.holder_unit, d.holder_role]);
        rows.extend([
            Value::Int(d.filed_at.micros()),
            Value::Int(d.answer_by.micros()),
            instant(d.accepted_at),
            instant(d.promised),
            Value::Int(d.since.micros()),
            instant(d.state.deadline()),
            Value::Int(d.supplement_requests),
            Value::Int(d.fee_asked),
            Value::Int(d.fee_paid),
            Value::Int(d.version),
        ]);
    }
    tx.many(
        "insert into dossier (id, code, procedure, counter, agency, applicant, applicant_name,
            applicant_folded, applicant_number, applicant_phone, applicant_email, applicant_address,
            channel, return_by, answers, status, was, stage, holder_unit, holder_role, filed_at,
            answer_by, accepted_at, due_at, since, deadline, supplement_requests, fee_asked, fee_paid,
            version) values",
        WIDTH,
        &rows,
        "",
    )
    .await
    .map(drop)
}

/// Lines of step logs.
pub async fn save_lines<'a>(tx: &mut Tx, lines: impl Iterator<Item = &'a Line>) -> db::Result<()> {
    let mut rows: Vec<Value<'_>> = Vec::new();
    for l in lines {
        own(&mut rows, args![l.id, l.dossier, l.ordinal, l.verb]);
        rows.extend([Value::Int(l.from.0.number()), Value::Int(l.to.0.number())]);
        own(&mut rows, args![l.from.1, l.to.1, l.at, l.account, l.office]);
        rows.push(l.reason_code.map_or(Value::Null, |r| Value::Text(r.into())));
        own(&mut rows, args![l.note, l.details, l.promised]);
    }
    tx.many(
        "insert into dossier_step (id, dossier, ordinal, verb, from_status, to_status, from_stage,
            to_stage, at, account, office, reason_code, note, details, due_at) values",
        15,
        &rows,
        "",
    )
    .await
    .map(drop)
}

/// Files whose bytes are in the blob store already.
pub async fn save_files<'a>(
    tx: &mut Tx,
    files: impl Iterator<Item = (DossierId, &'a StoredFile)>,
) -> db::Result<()> {
    let mut rows: Vec<Value<'_>> = Vec::new();
    for (dossier, f) in files {
        own(&mut rows, args![f.id]);
        rows.push(Value::Text(dossier.to_string().into()));
        own(&mut rows, args![f.component, f.name, f.media, f.size, f.sha256, f.added_at]);
    }
    tx.many(
        "insert into dossier_file (id, dossier, component, name, media, size, sha256, added_at) values",
        8,
        &rows,
        "",
    )
    .await
    .map(drop)
}

/// Decisions, one a dossier at most.
pub async fn save_decisions<'a>(
    tx: &mut Tx,
    decisions: impl Iterator<Item = (DossierId, &'a Decision)>,
) -> db::Result<()> {
    let mut rows: Vec<Value<'_>> = Vec::new();
    for (dossier, r) in decisions {
        rows.push(Value::Text(dossier.to_string().into()));
        own(
            &mut rows,
            args![r.outcome, r.number, r.symbol, r.day, r.reason, r.signer_name, r.signer_title, r.agency],
        );
    }
    tx.many(
        "insert into dossier_result (dossier, outcome, number, symbol, day, reason, signer_name,
            signer_title, agency) values",
        9,
        &rows,
        "",
    )
    .await
    .map(drop)
}
