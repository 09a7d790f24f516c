//! The tables of the dossier's life, printed: a new state or step shows up here as a changed
//! picture.

use base::Instant;
use base::calendar::{Calendar, Limit};

use super::law::Law;
use super::rules::*;
use crate::procedure::model::{self, Procedure};

const PERMIT: &str = "1.013225";

fn permit() -> &'static Procedure {
    model::embedded().iter().find(|p| p.code == PERMIT).expect("it is in the catalogue")
}

fn at(text: &str) -> Instant {
    Instant::parse_rfc3339(text).unwrap()
}

fn with_terms<T>(use_them: impl FnOnce(&Terms) -> T) -> T {
    with_reading(AfterSupplement::Restart, use_them)
}

fn with_reading<T>(reading: AfterSupplement, use_them: impl FnOnce(&Terms) -> T) -> T {
    let (calendar, law) = (Calendar::national(), Law::shipped(reading));
    use_them(&Terms {
        limit: Some(Limit::CalendarDays(20)),
        law: &law,
        calendar: &calendar,
        stages: &permit().steps,
        used: Used::default(),
    })
}

fn sign_stage() -> String {
    permit().steps.iter().find(|s| s.kind == model::StepKind::Sign).unwrap().id.clone()
}

fn before_sign() -> String {
    let sign = sign_stage();
    permit().steps.iter().find(|s| s.next.contains(&sign)).unwrap().id.clone()
}

/// One state of each status; `InProcess` three times: at the first step, before the signature, at it.
fn states() -> Vec<(&'static str, State)> {
    let (now, due) = (at("2026-08-20T09:00:00+07:00"), at("2026-09-10T17:00:00+07:00"));
    let first = permit().steps[0].id.clone();
    vec![
        ("filed", State::Filed { answer_by: due }),
        ("received", State::Received { due }),
        ("declined", State::Declined { at: now }),
        ("in-process/first", State::InProcess { due, at: first.clone() }),
        ("in-process/last", State::InProcess { due, at: before_sign() }),
        ("in-process/sign", State::InProcess { due, at: sign_stage() }),
        ("supplement/1", State::Supplementing { asked: now, was: Was::Filed }),
        ("supplement/2", State::Supplementing { asked: now, was: Was::Received { due } }),
        ("supplement/4", State::Supplementing { asked: now, was: Was::InProcess { due, at: first.clone() } }),
        ("awaiting-fee", State::AwaitingFee { asked: now, due, at: first }),
        ("withdrawn", State::Withdrawn { at: now }),
        ("stopped", State::Stopped { at: now }),
        ("settled", State::Settled { at: now }),
        ("returned", State::Returned { at: now }),
    ]
}

/// The best that can come of `verb` in `state`: for the three that choose a step, any step.
fn outcome(state: &State, verb: Verb, terms: &Terms) -> String {
    let now = at("2026-08-21T09:00:00+07:00");
    terms
        .stages
        .iter()
        .find_map(|s| after(state, &step_with(verb, s.id.clone()), now, terms).ok())
        .map_or("-".into(), |s| s.status().number().to_string())
}

fn matrix() -> String {
    with_terms(|terms| {
        let mut table = String::from("\n");
        for (name, state) in states() {
            table += &format!("{name:<17}");
            for verb in Verb::ALL {
                table += &format!("{:>4}", outcome(&state, verb, terms));
            }
            table += "\n";
        }
        table
    })
}

/// law: onestop/statuses. Columns: receive, ask_supplement, supplement, refuse, withdraw, pass_on,
/// return_step, submit_for_signature, decide, ask_fee, pay, extend, stop, return_result.
#[test]
fn every_pair_of_state_and_step() {
    let expected = "
filed               2   5   -   3   7   -   -   -   -   -   -   -   -   -
received            -   5   -   -   7   4   -   -   -   6   -   2   8   -
declined            -   -   -   -   -   -   -   -   -   -   -   -   -   -
in-process/first    -   5   -   -   7   4   -   -   -   6   -   4   8   -
in-process/last     -   5   -   -   7   -   4   4   -   6   -   4   8   -
in-process/sign     -   5   -   -   7   -   4   -   9   6   -   4   8   -
supplement/1        -   -   1   -   7   -   -   -   -   -   -   -   8   -
supplement/2        -   -   2   -   7   -   -   -   -   -   -   -   8   -
supplement/4        -   -   4   -   7   -   -   -   -   -   -   -   8   -
awaiting-fee        -   -   -   -   7   -   -   -   -   -   4   -   8   -
withdrawn           -   -   -   -   -   -   -   -   -   -   -   -   -   -
stopped             -   -   -   -   -   -   -   -   -   -   -   -   -   -
settled             -   -   -   -   -   -   -   -   -   -   -   -   -  10
returned            -   -   -   -   -   -   -   -   -   -   -   -   -   -
";
    assert_eq!(matrix(), expected);
}

/// Every move of the rules is one that the country's table allows, and every move of that table
/// can be made. law: onestop/statuses
#[test]
fn the_rules_make_the_moves_of_the_shared_table() {
    let shared: [(i64, &[i64]); 6] = [
        (1, &[2, 3, 5, 7]),
        (2, &[4, 5, 6, 7, 8]),
        (4, &[4, 5, 6, 7, 8, 9]),
        (5, &[2, 4, 7, 8]),
        (6, &[4, 7, 8]),
        (9, &[10]),
    ];
    let mut made: Vec<(i64, i64)> = Vec::new();
    with_terms(|terms| {
        for (_, state) in states() {
            // A later promise moves no status.
            for verb in Verb::ALL.into_iter().filter(|verb| *verb != Verb::Extend) {
                if let Ok(to) = outcome(&state, verb, terms).parse::<i64>() {
                    made.push((state.status().number(), to));
                }
            }
        }
    });
    made.sort_unstable();
    made.dedup();
    // Inside the house alone: what was brought before reception waits for the counter again. The country's
    // table has no way from 5 to 1, so outside it stays 5 (`national::rules`).
    assert!(made.contains(&(5, 1)));
    made.retain(|pair| *pair != (5, 1));
    let allowed: Vec<(i64, i64)> =
        shared.iter().flat_map(|(from, to)| to.iter().map(|to| (*from, *to))).collect();
    assert_eq!(made, allowed);
}

#[test]
fn the_clock_starts_again_from_zero_after_a_supplement() {
    with_terms(|terms| {
        let received = after(
            &State::Filed { answer_by: at("2026-08-20T17:00:00+07:00") },
            &Step::Receive,
            at("2026-08-20T09:00:00+07:00"),
            terms,
        );
        let received = received.unwrap();
        assert_eq!(received.promised(), Some(at("2026-09-09T17:00:00+07:00")));
        let asked = after(&received, &Step::AskSupplement, at("2026-08-21T09:00:00+07:00"), terms).unwrap();
        assert_eq!(asked.deadline(), None, "the clock stands while the citizen is asked");
        let again = after(&asked, &Step::Supplement, at("2026-08-28T09:00:00+07:00"), terms).unwrap();
        assert_eq!(again.promised(), Some(at("2026-09-17T17:00:00+07:00")));
    });
}

#[test]
fn the_clock_goes_on_where_the_law_of_the_day_says_so() {
    with_reading(AfterSupplement::Resume, |terms| {
        let received = State::Received { due: at("2026-09-09T17:00:00+07:00") };
        // From Friday morning to Monday morning, with a worked Saturday: two working days stood still.
        let asked = after(&received, &Step::AskSupplement, at("2026-08-21T09:00:00+07:00"), terms).unwrap();
        let again = after(&asked, &Step::Supplement, at("2026-08-24T09:00:00+07:00"), terms).unwrap();
        assert_eq!(again.promised(), Some(at("2026-09-11T17:00:00+07:00")));
    });
}

/// law: onestop/filing-proof
#[test]
fn papers_brought_before_reception_are_filed_and_not_accepted() {
    with_terms(|terms| {
        let filed = State::Filed { answer_by: at("2026-08-20T17:00:00+07:00") };
        let asked = after(&filed, &Step::AskSupplement, at("2026-08-20T10:00:00+07:00"), terms).unwrap();
        let again = after(&asked, &Step::Supplement, at("2026-08-24T09:00:00+07:00"), terms).unwrap();
        let answer_by = at("2026-08-25T09:00:00+07:00");
        assert_eq!(again, State::Filed { answer_by }, "the counter has eight working hours again");
        assert_eq!(again.promised(), None, "nothing is promised by a press of the applicant's");
        assert!(after(&again, &Step::Receive, answer_by, terms).unwrap().promised().is_some());
    });
}

#[test]
fn the_time_to_pay_is_outside_the_clock() {
    with_terms(|terms| {
        let due = at("2026-09-10T17:00:00+07:00");
        let state = State::InProcess { due, at: permit().steps[0].id.clone() };
        // Asked on a Monday morning, paid on Tuesday morning: one working day later.
        let asked = after(&state, &Step::AskFee, at("2026-09-07T09:00:00+07:00"), terms).unwrap();
        let paid = after(&asked, &Step::Pay, at("2026-09-08T09:00:00+07:00"), terms).unwrap();
        assert_eq!(paid.promised(), Some(at("2026-09-11T17:00:00+07:00")));
        assert_eq!(paid.stage(), state.stage());
    });
}

#[test]
fn only_a_step_of_signature_ends_in_a_decision() {
    with_terms(|terms| {
        let due = at("2026-09-10T17:00:00+07:00");
        let work = State::InProcess { due, at: permit().steps[0].id.clone() };
        assert_eq!(
            after(&work, &Step::Decide, due, terms),
            Err(NotAllowed::NotAtSignature),
            "an officer cannot decide"
        );
        let nowhere = Step::PassOn("no-such-step".into());
        assert!(matches!(after(&work, &nowhere, due, terms), Err(NotAllowed::NoSuchStage { .. })));
    });
}

#[test]
fn a_procedure_without_a_limit_promises_nothing() {
    let (calendar, law) = (Calendar::national(), Law::shipped(AfterSupplement::Restart));
    let terms =
        Terms { limit: None, law: &law, calendar: &calendar, stages: &permit().steps, used: Used::default() };
    let now = at("2026-08-20T09:00:00+07:00");
    assert_eq!(
        after(&State::Filed { answer_by: now }, &Step::Receive, now, &terms),
        Err(NotAllowed::NoLimit)
    );
}

/// Who may ask for what, in which status (its number). A: applicant, C: counter, D: desk, L: leader,
/// B: bank.
#[test]
fn every_seat_and_step() {
    let mut table = String::from("\n");
    for verb in Verb::ALL {
        table += &format!("{:<21}", verb.word());
        for status in Status::ALL {
            let seats: String = [Seat::Applicant, Seat::Counter, Seat::Desk, Seat::Leader, Seat::Bank]
                .into_iter()
                .zip("ACDLB".chars())
                .filter(|(seat, _)| may(*seat, verb, status))
                .map(|(_, letter)| letter)
                .collect();
            table += &format!("{:>5}", if seats.is_empty() { "-".into() } else { seats });
        }
        table += "\n";
    }
    let expected = "
receive                  C    C    C    C    C    C    C    C    C    C
ask_supplement          CL   CL    -   DL    -    -    -    -    -    -
supplement              AC   AC   AC   AC   AC   AC   AC   AC   AC   AC
refuse                   C    C    C    C    C    C    C    C    C    C
withdraw                AC   AC   AC   AC   AC   AC   AC   AC   AC   AC
pass_on                  -    C    -    D    -    -    -    -    -    -
return_step              -    -    -    D    -    -    -    -    -    -
submit_for_signature     -    -    -    D    -    -    -    -    -    -
decide                   -    -    -    D    -    -    -    -    -    -
ask_fee                  -    C    -    D    -    -    -    -    -    -
pay                     CB   CB   CB   CB   CB   CB   CB   CB   CB   CB
extend                   -   CL    -   DL    -    -    -    -    -    -
stop                     -    C    -    D    C    C    -    -    -    -
return_result            C    C    C    C    C    C    C    C    C    C
";
    assert_eq!(table, expected);
}

/// law: onestop/transfer
#[test]
fn what_is_accepted_after_three_goes_on_the_next_morning() {
    let calendar = Calendar::national();
    let table = [
        ("2026-08-20T14:59:00+07:00", "2026-08-20T17:00:00+07:00"),
        ("2026-08-20T15:01:00+07:00", "2026-08-21T07:00:00+07:00"),
        // A Friday before a Saturday that is worked for 31 August.
        ("2026-08-21T16:00:00+07:00", "2026-08-22T07:00:00+07:00"),
        ("2026-08-22T16:00:00+07:00", "2026-08-24T07:00:00+07:00"),
        // Before the new year's holidays of 2027.
        ("2027-02-03T15:30:00+07:00", "2027-02-11T07:00:00+07:00"),
    ];
    for (accepted, by) in table {
        assert_eq!(pass_on_by(at(accepted), &calendar), Some(at(by)), "{accepted}");
    }
}

#[test]
fn a_promise_is_moved_once_and_only_later() {
    with_terms(|terms| {
        let (now, due) = (at("2026-09-07T09:00:00+07:00"), at("2026-09-10T17:00:00+07:00"));
        let state = State::Received { due };
        let to = at("2026-09-15T17:00:00+07:00");
        assert_eq!(after(&state, &Step::Extend(to), now, terms), Ok(State::Received { due: to }));
        assert_eq!(
            after(&state, &Step::Extend(due), now, terms),
            Err(NotAllowed::NotLater { promised: due })
        );
        // Overdue already: the new time must still lie ahead.
        let much_later = at("2026-09-20T09:00:00+07:00");
        assert!(after(&state, &Step::Extend(to), much_later, terms).is_err());
        let used = Terms { used: Used { extensions: 1, ..Used::default() }, ..*terms };
        assert_eq!(after(&state, &Step::Extend(to), now, &used), Err(NotAllowed::ExtendedBefore));
        assert_eq!(
            open(&state, &[Seat::Leader], now, terms),
            [(Verb::Extend, vec![])]
                .into_iter()
                .chain([(Verb::AskSupplement, vec![])])
                .rev()
                .collect::<Vec<_>>()
        );
        assert_eq!(proposable(&state, &[Seat::Counter], now, terms), [Verb::Extend]);
        let asked = Terms { used: Used { requests: 1, ..Used::default() }, ..*terms };
        assert_eq!(proposable(&state, &[Seat::Counter], now, &asked), [Verb::AskSupplement, Verb::Extend]);
        assert!(open(&state, &[Seat::Counter], now, &asked).iter().all(|(v, _)| *v != Verb::AskSupplement));
    });
}

/// A misspelt field would vanish from a citizen's paper.
#[test]
fn every_result_has_the_fields_its_paper_needs() {
    for p in model::embedded() {
        let name = p.result.template.as_str();
        let template = paper::result_templates().iter().find(|t| t.name == name).expect("a known template");
        if template.open || !p.is_online() {
            continue;
        }
        for key in p.result.fields.keys() {
            assert!(
                template.required.contains(&key.as_str()) || template.optional.contains(&key.as_str()),
                "{}: the paper {name} prints no {key}",
                p.code
            );
        }
        for key in template.required {
            assert!(p.result.fields.contains_key(*key), "{}: the paper {name} needs {key}", p.code);
        }
    }
}

#[test]
fn openapi_carries_a_schema_for_every_step() {
    let components: std::collections::BTreeMap<_, _> = super::schema::components().collect();
    assert_eq!(components.len(), Verb::ALL.len());
    let refuse = serde_json::to_value(&components["Step_refuse"]).unwrap();
    assert_eq!(refuse["required"], serde_json::json!(["step", "seen_version", "reason", "basis", "note"]));
    assert_eq!(refuse["properties"]["step"]["enum"][0], "refuse");
}
