//! The control slip (phiếu kiểm soát quá trình giải quyết hồ sơ): who gave the dossier to whom, when,
//! and whether in time. Read from the step log; nobody writes it. law: onestop/form-06

use base::Instant;
use base::calendar::Calendar;

use super::law::Law;
use super::rules::{self, Status};
use super::{History, limits};
use crate::procedure::model::Step as Stage;

/// In whose hands a dossier is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hand {
    Applicant,
    Counter,
    /// Whoever holds this internal step.
    Stage(String),
    /// Another unit that was asked for its opinion.
    Unit(String),
}

/// How the giver kept its own limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// On an earlier day than the last.
    Early,
    /// On the last day, in time.
    OnTime,
    Late,
}

/// One row of the slip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandOver {
    pub giver: Hand,
    pub taker: Hand,
    pub at: Instant,
    /// None where the giver has no limit of its own.
    pub kept: Option<Kept>,
    /// The line of the log.
    pub ordinal: i64,
}

/// The rows, in order.
pub fn hand_overs(history: &[History], stages: &[Stage], by: (&Calendar, &Law)) -> Vec<HandOver> {
    let (mut hand, mut since, mut accepted) = (Hand::Applicant, None, None);
    let mut rows = Vec::new();
    for h in history {
        if let Some(row) = asked(h, &hand) {
            rows.push(row);
            continue;
        }
        let next = hand_after(h);
        if next != hand {
            let kept = since.and_then(|since| kept(&hand, h, (since, accepted), stages, by));
            rows.push(HandOver { giver: hand, taker: next.clone(), at: h.at, kept, ordinal: h.ordinal });
            since = Some(h.at);
        }
        if h.to == Status::Received && h.from != Status::Received {
            accepted = Some(h.at);
        }
        hand = next;
    }
    rows
}

/// A question to another unit and its answer leave the dossier where it is; the slip tells both.
fn asked(h: &History, hand: &Hand) -> Option<HandOver> {
    let unit = Hand::Unit(h.details["unit_name"].as_str().unwrap_or_default().to_string());
    let (giver, taker, kept) = match h.verb.as_str() {
        "ask_opinion" => (hand.clone(), unit, None),
        "answer_opinion" => {
            let late = h.details["late"].as_bool().unwrap_or(false);
            (unit, hand.clone(), Some(if late { Kept::Late } else { Kept::OnTime }))
        }
        _ => return None,
    };
    Some(HandOver { giver, taker, at: h.at, kept, ordinal: h.ordinal })
}

fn hand_after(h: &History) -> Hand {
    match h.to {
        Status::Filed | Status::Received | Status::Settled => Hand::Counter,
        Status::InProcess => Hand::Stage(h.to_stage.clone().unwrap_or_default()),
        _ => Hand::Applicant,
    }
}

/// The giver's own limit: that of its internal step, of the counter's answer to what was filed, or of handing
/// on what was accepted. A short limit that was missed is a fact of the log, whatever the calendar says now.
fn kept(
    giver: &Hand,
    h: &History,
    (since, accepted): (Instant, Option<Instant>),
    stages: &[Stage],
    (calendar, law): (&Calendar, &Law),
) -> Option<Kept> {
    let due = match giver {
        Hand::Stage(id) => {
            let limit = stages.iter().find(|s| s.id == *id)?.limit?;
            calendar.due(since, limit).ok()?.at
        }
        Hand::Counter if limits::missed(h).is_some() => return Some(Kept::Late),
        Hand::Counter if h.from == Status::Filed => {
            calendar.due(since, law.answer_within(since.day())).ok()?.at
        }
        Hand::Counter if h.from == Status::Received => rules::pass_on_by(accepted?, calendar)?,
        _ => return None,
    };
    Some(match () {
        () if h.at > due => Kept::Late,
        () if h.at.day() < due.day() => Kept::Early,
        () => Kept::OnTime,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dossier::rules::AfterSupplement;
    use crate::procedure::model;

    fn line(ordinal: i64, verb: &str, from: Status, to: Status, stage: Option<&str>, at: &str) -> History {
        History {
            ordinal,
            verb: verb.into(),
            from,
            to,
            from_stage: None,
            to_stage: stage.map(str::to_string),
            at: Instant::parse_rfc3339(at).unwrap(),
            account: None,
            office: None,
            reason_code: None,
            note: String::new(),
            details: serde_json::json!({}),
            promised: None,
        }
    }

    #[test]
    fn every_change_of_hands_is_a_row_with_the_givers_own_time() {
        use Status::*;
        let permit = model::embedded().iter().find(|p| p.code == "1.013225").unwrap();
        let (first, second) = (&permit.steps[0], &permit.steps[1]);
        let calendar = Calendar::national();
        let late =
            calendar.due(Instant::parse_rfc3339("2026-08-20T10:00:00+07:00").unwrap(), first.limit.unwrap());
        let late = late.unwrap().at.plus_days(1).to_string();
        let log = [
            line(0, "file", Filed, Filed, None, "2026-08-20T09:00:00+07:00"),
            // A note in between changes no hands.
            line(1, "receive", Filed, Received, None, "2026-08-20T09:30:00+07:00"),
            line(2, "pass_on", Received, InProcess, Some(&first.id), "2026-08-20T10:00:00+07:00"),
            line(3, "extend", InProcess, InProcess, Some(&first.id), "2026-08-20T11:00:00+07:00"),
            line(4, "pass_on", InProcess, InProcess, Some(&second.id), &late),
            line(5, "ask_supplement", InProcess, Supplementing, Some(&second.id), &late),
        ];
        let law = Law::shipped(AfterSupplement::Restart);
        let rows = hand_overs(&log, &permit.steps, (&calendar, &law));
        let (one, two) = (Hand::Stage(first.id.clone()), Hand::Stage(second.id.clone()));
        let told: Vec<_> = rows.iter().map(|r| (r.ordinal, &r.giver, &r.taker, r.kept)).collect();
        assert_eq!(
            told,
            [
                (0, &Hand::Applicant, &Hand::Counter, None),
                (2, &Hand::Counter, &one, Some(Kept::OnTime)),
                (4, &one, &two, Some(Kept::Late)),
                (5, &two, &Hand::Applicant, Some(Kept::Early)),
            ]
        );
    }
}
