//! What may be asked of a dossier, with what each step carries: the body of `POST …/steps`, of the
//! desk's forms, and of what is laid before a leader.

use std::collections::BTreeMap;

use base::Day;
use db::Tx;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use web::Problem;

use super::checklist::{self, Marks, Request};
use super::grounds::{self, Grounds};
use super::rules::{self, Step, Verb};
use super::{Case, Faults, store};
use crate::answers;
use crate::filing::Attached;

/// What is asked for, with what it carries: the body of `POST …/steps` and of the desk's forms.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case", deny_unknown_fields)]
#[expect(clippy::enum_variant_names, reason = "the words are the API's")]
pub enum Ask {
    Receive {
        #[serde(default)]
        note: String,
    },
    /// What is wrong with each paper of the list, and what the request is about.
    AskSupplement {
        #[serde(default)]
        marks: Marks,
        /// Questions of the form that are to be answered anew.
        #[serde(default)]
        fields: Vec<String>,
        #[serde(default)]
        reason: String,
        #[serde(default)]
        note: String,
        /// As proposals kept by earlier versions name the papers; they have no marks and are proposed anew.
        #[serde(default, skip_serializing)]
        components: Vec<String>,
    },
    Supplement {
        #[serde(default)]
        uploads: Vec<Attached>,
        /// Why a paper that was asked for is not brought, by paper.
        #[serde(default)]
        explained: BTreeMap<String, String>,
        /// Answers given anew; `null` takes one away.
        #[serde(default)]
        answers: Map<String, Value>,
        #[serde(default)]
        note: String,
    },
    Refuse(Grounds),
    Withdraw {
        #[serde(default)]
        note: String,
    },
    PassOn {
        to: Option<String>,
        #[serde(default)]
        note: String,
    },
    ReturnStep {
        to: Option<String>,
        #[serde(default)]
        reason: String,
        #[serde(default)]
        note: String,
    },
    SubmitForSignature {
        to: Option<String>,
        #[serde(default)]
        note: String,
    },
    /// A negative one has its grounds; one that grants may name the provisions too.
    Decide {
        outcome: Outcome,
        #[serde(default)]
        reason: String,
        #[serde(default)]
        basis: Vec<String>,
        #[serde(default)]
        basis_note: String,
        #[serde(default)]
        note: String,
    },
    AskFee {
        amount: i64,
        #[serde(default)]
        note: String,
    },
    Pay {
        #[serde(default)]
        note: String,
    },
    /// A later promise: the close of office on this day.
    Extend {
        until: Day,
        #[serde(default)]
        reason: String,
        #[serde(default)]
        note: String,
    },
    Stop(Grounds),
    ReturnResult {
        #[serde(default)]
        note: String,
        /// Who signed it on paper, where it was; on which day, where not today.
        #[serde(default)]
        signed_by: Option<String>,
        #[serde(default)]
        signed_on: Option<Day>,
    },
}

/// What the decision says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Granted,
    Denied,
}

impl Outcome {
    /// The word in rows.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Granted => "granted",
            Outcome::Denied => "denied",
        }
    }
}

/// The most that one fee may be, in đồng: a guard against a slip of the finger.
pub const FEE_MAX: i64 = 10_000_000_000;

impl Ask {
    /// The step's name.
    pub fn verb(&self) -> Verb {
        match self {
            Ask::Receive { .. } => Verb::Receive,
            Ask::AskSupplement { .. } => Verb::AskSupplement,
            Ask::Supplement { .. } => Verb::Supplement,
            Ask::Refuse(_) => Verb::Refuse,
            Ask::Withdraw { .. } => Verb::Withdraw,
            Ask::PassOn { .. } => Verb::PassOn,
            Ask::ReturnStep { .. } => Verb::ReturnStep,
            Ask::SubmitForSignature { .. } => Verb::SubmitForSignature,
            Ask::Decide { .. } => Verb::Decide,
            Ask::AskFee { .. } => Verb::AskFee,
            Ask::Pay { .. } => Verb::Pay,
            Ask::Extend { .. } => Verb::Extend,
            Ask::Stop(_) => Verb::Stop,
            Ask::ReturnResult { .. } => Verb::ReturnResult,
        }
    }

    /// The same faults and refusals that taking the step would meet, for the steps that others lay
    /// before a leader.
    pub async fn check(&self, tx: &mut Tx, case: &Case) -> Result<(), Problem> {
        let step = match self {
            Ask::AskSupplement { marks, fields, reason, note, .. } => {
                check_request(tx, case, Request { marks, fields, reason, note }).await?;
                Step::AskSupplement
            }
            Ask::Extend { until, reason, note } => {
                check_day(case, *until, reason, note)?;
                Step::Extend(case.calendar.close_of(*until))
            }
            other => rules::step_with(other.verb(), String::new()),
        };
        Ok(rules::after(&case.dossier.state, &step, case.now, &case.terms()).map(drop)?)
    }
}

/// The marks of the whole check-list of a request, or what is wrong with it.
pub(super) async fn check_request(tx: &mut Tx, case: &Case, asked: Request<'_>) -> Result<Marks, Problem> {
    let d = &case.dossier;
    let (files, history) = (store::list_files(tx, d.id).await?, store::list_history(tx, d.id).await?);
    let lines = checklist::lines(&case.procedure, &d.answers, &files, &history);
    answers::check_asked(case, asked.fields)?;
    checklist::check(case, &lines, asked)
}

/// A promise is for a day on which the unit works, and has a reason.
pub(super) fn check_day(case: &Case, until: Day, reason: &str, note: &str) -> Result<(), Problem> {
    let mut faults = Faults::default();
    grounds::check_reason(Verb::Extend, reason, &mut faults);
    faults.need("note", note);
    if !case.calendar.is_working_day(until) {
        faults.add("until", "fault.day_off", &[("day", &base::format::date_vn(until))]);
    }
    faults.settle()
}
