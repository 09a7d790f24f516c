//! What may be asked of a dossier, with what each step carries: the body of `POST …/steps`, of the
//! desk's forms, and of what is laid before a leader.

use base::Day;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use web::Problem;

use super::rules::{self, Step, Verb};
use super::{Case, Faults};
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
    AskSupplement {
        #[serde(default)]
        components: Vec<String>,
        /// Questions of the form that are to be answered anew.
        #[serde(default)]
        fields: Vec<String>,
        #[serde(default)]
        note: String,
    },
    Supplement {
        #[serde(default)]
        uploads: Vec<Attached>,
        /// Answers given anew; `null` takes one away.
        #[serde(default)]
        answers: Map<String, Value>,
        #[serde(default)]
        note: String,
    },
    Refuse {
        #[serde(default)]
        reason: String,
        #[serde(default)]
        note: String,
    },
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
        note: String,
    },
    SubmitForSignature {
        to: Option<String>,
        #[serde(default)]
        note: String,
    },
    Decide {
        outcome: Outcome,
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
        note: String,
    },
    Stop {
        #[serde(default)]
        reason: String,
        #[serde(default)]
        note: String,
    },
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

/// The reasons for refusing reception, from which the clerk chooses. law: onestop/refusal-reasons
pub const REFUSE_REASONS: [&str; 4] = ["wrong_agency", "not_entitled", "duplicate", "other"];
/// The reasons for stopping.
pub const STOP_REASONS: [&str; 4] = ["no_answer", "conditions_ended", "dispute", "other"];

/// The most that one fee may be, in đồng: a guard against a slip of the finger.
pub const FEE_MAX: i64 = 10_000_000_000;

impl Ask {
    /// The step's name.
    pub fn verb(&self) -> Verb {
        match self {
            Ask::Receive { .. } => Verb::Receive,
            Ask::AskSupplement { .. } => Verb::AskSupplement,
            Ask::Supplement { .. } => Verb::Supplement,
            Ask::Refuse { .. } => Verb::Refuse,
            Ask::Withdraw { .. } => Verb::Withdraw,
            Ask::PassOn { .. } => Verb::PassOn,
            Ask::ReturnStep { .. } => Verb::ReturnStep,
            Ask::SubmitForSignature { .. } => Verb::SubmitForSignature,
            Ask::Decide { .. } => Verb::Decide,
            Ask::AskFee { .. } => Verb::AskFee,
            Ask::Pay { .. } => Verb::Pay,
            Ask::Extend { .. } => Verb::Extend,
            Ask::Stop { .. } => Verb::Stop,
            Ask::ReturnResult { .. } => Verb::ReturnResult,
        }
    }

    /// The same faults and refusals that taking the step would meet, for the steps that others lay
    /// before a leader.
    pub fn check(&self, case: &Case) -> Result<(), Problem> {
        let step = match self {
            Ask::AskSupplement { components, fields, note } => {
                check_components(case, components, note)?;
                answers::check_asked(case, fields)?;
                Step::AskSupplement
            }
            Ask::Extend { until, note } => {
                check_day(case, *until, note)?;
                Step::Extend(case.calendar.close_of(*until))
            }
            other => rules::step_with(other.verb(), String::new()),
        };
        Ok(rules::after(&case.dossier.state, &step, case.now, &case.terms()).map(drop)?)
    }
}

/// Papers asked for are papers of the procedure, and something is said about them.
pub(super) fn check_components(case: &Case, components: &[String], note: &str) -> Result<(), Problem> {
    let mut faults = Faults::default();
    faults.need("note", note);
    for id in components {
        if !case.procedure.components.iter().any(|c| c.id == *id) {
            faults.add("components", "fault.unknown_component", &[("id", id)]);
        }
    }
    faults.settle()
}

/// A promise is for a day on which the unit works, and has a reason.
pub(super) fn check_day(case: &Case, until: Day, note: &str) -> Result<(), Problem> {
    let mut faults = Faults::default();
    faults.need("note", note);
    if !case.calendar.is_working_day(until) {
        faults.add("until", "fault.day_off", &[("day", &base::format::date_vn(until))]);
    }
    faults.settle()
}
