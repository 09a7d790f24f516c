//! Whole dossiers by the thousand, for loads: rows made ready before the write that puts them. The columns
//! are those of the single statements beside this file; a test reads what was loaded with them.

use base::Instant;
use db::{Rows, Value, args};
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

/// Dossiers as they stand now.
pub fn dossiers<'a>(dossiers: impl IntoIterator<Item = &'a Dossier>) -> Rows {
    let mut rows = Rows::new(
        "insert into dossier (id, code, procedure, counter, agency, applicant, applicant_name,
            applicant_folded, applicant_number, applicant_phone, applicant_email, applicant_address,
            channel, return_by, answers, status, was, stage, holder_unit, holder_role, filed_at,
            answer_by, accepted_at, due_at, since, deadline, supplement_requests, fee_asked, fee_paid,
            version) values",
        30,
    );
    let instant = |at: Option<Instant>| at.map_or(Value::Null, |at| Value::Int(at.micros()));
    for d in dossiers {
        let who = &d.applicant;
        add(&mut rows, args![d.id, d.code, d.procedure, d.counter, d.agency, d.account, who.name]);
        rows.add([Value::Text(base::text::fold(&who.name).into())]);
        add(&mut rows, args![who.number, who.phone, who.email, who.address, d.channel, d.return_by]);
        rows.add([
            Value::Text(json(&d.answers).into()),
            Value::Int(d.state.status().number()),
            was(&d.state).map_or(Value::Null, Value::Int),
            d.state.stage().map_or(Value::Null, |s| Value::Text(s.into())),
        ]);
        add(&mut rows, args![d.holder_unit, d.holder_role]);
        rows.add([
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
    rows
}

fn add(rows: &mut Rows, values: &[Value<'_>]) {
    rows.add(values.iter().cloned());
}

fn json(answers: &serde_json::Map<String, Json>) -> String {
    serde_json::to_string(answers).expect("a map of texts and values")
}

/// Lines of step logs.
pub fn lines<'a>(lines: impl IntoIterator<Item = &'a Line>) -> Rows {
    let mut rows = Rows::new(
        "insert into dossier_step (id, dossier, ordinal, verb, from_status, to_status, from_stage,
            to_stage, at, account, office, reason_code, note, details, due_at) values",
        15,
    );
    for l in lines {
        add(&mut rows, args![l.id, l.dossier, l.ordinal, l.verb]);
        rows.add([Value::Int(l.from.0.number()), Value::Int(l.to.0.number())]);
        add(&mut rows, args![l.from.1, l.to.1, l.at, l.account, l.office]);
        rows.add([l.reason_code.map_or(Value::Null, |r| Value::Text(r.into()))]);
        add(&mut rows, args![l.note, l.details, l.promised]);
    }
    rows
}

/// Files whose bytes are in the blob store already.
pub fn files<'a>(files: impl IntoIterator<Item = (DossierId, &'a StoredFile)>) -> Rows {
    let mut rows = Rows::new(
        "insert into dossier_file (id, dossier, component, name, media, size, sha256, added_at) values",
        8,
    );
    for (dossier, f) in files {
        add(&mut rows, args![f.id, dossier, f.component, f.name, f.media, f.size, f.sha256, f.added_at]);
    }
    rows
}

/// Decisions, one a dossier at most.
pub fn decisions<'a>(decisions: impl IntoIterator<Item = (DossierId, &'a Decision)>) -> Rows {
    let mut rows = Rows::new(
        "insert into dossier_result (dossier, outcome, number, symbol, day, reason, signer_name,
            signer_title, agency) values",
        9,
    );
    for (dossier, r) in decisions {
        add(&mut rows, args![dossier, r.outcome, r.number, r.symbol, r.day, r.reason]);
        add(&mut rows, args![r.signer_name, r.signer_title, r.agency]);
    }
    rows
}
