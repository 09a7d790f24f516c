//! Correcting a result (đính chính): a result that was decided or returned says something wrong; the citizen
//! or an official asks, a leader decides, and a corrected document is made as a new version. The old one
//! stays and is marked as replaced. The dossier keeps its status, and nobody pays. law: onestop/results

pub mod pages;
pub mod rules;
pub mod store;

use std::collections::BTreeMap;

use base::Id;
use base::limits::TEXT_LINE_CHARS_MAX;
use contracts::onestop as event;
use db::{Tx, outbox};
use directory::Role;
use serde_json::json;
use web::{FieldError, Problem};

use crate::dossier::rules::{Seat, Status};
use crate::dossier::{self, Case, Dossier, DossierId, PaperKind, Who, papers, store as dossiers};
use crate::number;
use crate::office::{needed, settle};
use crate::procedure::Procedure;
use rules::{State, Verb};
use store::Correction;
use words::say;

pub mod words {
    //! The words of corrections, and of results that go by post.

    use std::sync::LazyLock;

    use web::words::Words;

    /// The words of these pages.
    pub static WORDS: LazyLock<Words> = LazyLock::new(|| {
        Words::load(
            include_str!("../words/after_result.vi.toml"),
            include_str!("../words/after_result.en.toml"),
        )
    });

    /// The words of a key, with `{name}` replaced.
    pub fn say(key: &str, args: &[(&str, &str)]) -> String {
        WORDS.t(key, args)
    }

    /// The same as it is kept: in Vietnamese, whoever causes it.
    pub fn kept(key: &str, args: &[(&str, &str)]) -> String {
        WORDS.kept(key, args)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn both_languages_have_the_same_keys_and_every_key_that_is_said() {
            assert_eq!(WORDS.differences(), Vec::<String>::new());
            let mut missing = Vec::new();
            for file in ["correction", "correction/pages", "mailing", "mailing/pages"] {
                let path = format!("{}/src/{file}.rs", env!("CARGO_MANIFEST_DIR"));
                let text = std::fs::read_to_string(path).unwrap();
                for part in text.split("say(\"").skip(1) {
                    let key = part.split('"').next().unwrap_or_default();
                    if !WORDS.has(key) {
                        missing.push(format!("{file}: {key}"));
                    }
                }
            }
            assert_eq!(missing, Vec::<String>::new());
        }
    }
}

pub enum CorrectionKind {}
/// The id of a correction.
pub type CorrectionId = Id<CorrectionKind>;

/// Whose error it was: an official's is put right at the agency's cost.
pub const FAULTS: [&str; 2] = ["official", "citizen"];
/// Characters of what is wrong, and of the leader's words.
const TEXT_CHARS_MAX: usize = 2_000;
/// The field of a letter that has no others: its reason.
pub const REASON: &str = "reason";

/// Something that the result says and that may be put right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printed {
    /// The field of the paper.
    pub key: String,
    pub label: String,
    pub value: String,
    /// The only values there are; none: any text.
    pub options: Vec<String>,
}

/// What the result of this dossier says now, as far as it may be put right.
pub fn printed(
    d: &Dossier,
    p: &Procedure,
    decision: &dossiers::Decision,
    changes: &BTreeMap<String, String>,
) -> Vec<Printed> {
    let now = |key: &str, made: String| changes.get(key).cloned().unwrap_or(made);
    let mut all = Vec::new();
    for (key, from) in p.result.fields.iter().filter(|_| decision.outcome == "granted") {
        let (label, options) = match from.split_once('.') {
            Some(("answers", field)) => match &p.form {
                Some(form) => {
                    let options = form.ui.get(field).map(|ui| ui.options.iter().map(|o| o.label.clone()));
                    (form.title(field).to_string(), options.into_iter().flatten().collect())
                }
                None => (field.to_string(), Vec::new()),
            },
            Some(("applicant", part)) => (say(&format!("applicant.{part}"), &[]), Vec::new()),
            _ => continue,
        };
        let value = now(key, papers::value(d, p, decision, from));
        all.push(Printed { key: key.clone(), label, value, options });
    }
    if !decision.reason.is_empty() || all.is_empty() {
        let value = now(REASON, decision.reason.clone());
        all.push(Printed { key: REASON.into(), label: say("field.reason", &[]), value, options: Vec::new() });
    }
    all
}

/// What all corrections so far have put right, and the number and day of the version before the last.
pub async fn changes(
    tx: &mut Tx,
    dossier: DossierId,
) -> Result<(BTreeMap<String, String>, Option<(String, base::Day)>), Problem> {
    let mut changes = BTreeMap::new();
    let mut replaced = None;
    for c in store::of_dossier(tx, dossier).await?.iter().filter(|c| c.state == State::Corrected.word()) {
        let one: BTreeMap<String, String> = serde_json::from_str(&c.changes).map_err(Problem::fault)?;
        changes.extend(one);
        replaced = c.old_number.clone().zip(c.old_day);
    }
    Ok((changes, replaced))
}

fn refused(key: &'static str) -> Problem {
    Problem::refused(say(key, &[]), format!("refused: {key}"))
}

/// Whether a correction may be asked for.
pub fn may_ask(case: &Case, decided: bool, all: &[Correction]) -> bool {
    let status = case.dossier.state.status();
    decided
        && matches!(status, Status::Settled | Status::Returned)
        && all.iter().all(|c| c.state != State::Asked.word())
}

/// Asks for it: the applicant, or an official who may see the dossier.
pub async fn ask(tx: &mut Tx, case: &mut Case, what: &str, fault: &str, who: &Who) -> Result<(), Problem> {
    let mut errors = Vec::new();
    let what = needed(&mut errors, "what", what, TEXT_CHARS_MAX);
    if !FAULTS.contains(&fault) {
        errors.push(FieldError::new("fault", say("fault.whose", &[])));
    }
    settle(errors)?;
    let id = case.dossier.id;
    if dossiers::find_decision(tx, id).await?.is_none() {
        return Err(refused("refusal.no_result"));
    }
    let all = store::of_dossier(tx, id).await?;
    if !may_ask(case, true, &all) {
        return Err(refused("refusal.waits"));
    }
    let correction = CorrectionId::fresh();
    store::save_asked(tx, correction, id, (&what, fault), &who.account, case.now).await?;
    let details = json!({ "correction": correction, "fault": fault });
    dossier::record(tx, case, "ask_correction", &what, details).await
}

/// The correction of this dossier that waits.
pub async fn find_open(tx: &mut Tx, dossier: DossierId) -> Result<Option<Correction>, Problem> {
    let all = store::of_dossier(tx, dossier).await?;
    Ok(all.into_iter().find(|c| c.state == State::Asked.word()))
}

/// The seat of this person before a correction.
pub fn seat(case: &Case, c: &Correction, who: &Who) -> rules::Seat {
    match () {
        () if case.seats.contains(&Seat::Leader) => rules::Seat::Leader,
        () if c.asked_by == who.account => rules::Seat::Asker,
        () => rules::Seat::Other,
    }
}

/// The step that somebody takes on the correction that waits; anything else is `NotFound`.
async fn step(tx: &mut Tx, case: &Case, verb: Verb, who: &Who) -> Result<(Correction, State), Problem> {
    let c = find_open(tx, case.dossier.id).await?.ok_or(Problem::Stale)?;
    let mut seats = vec![seat(case, &c, who)];
    if c.asked_by == who.account {
        seats.push(rules::Seat::Asker);
    }
    let state = seats.into_iter().find_map(|seat| rules::after(State::Asked, verb, seat));
    Ok((c, state.ok_or_else(|| refused("refusal.leader"))?))
}

/// A leader lets the result be made anew. `typed` is what it is to say, by the field of the paper; what was
/// not typed stays.
pub async fn correct(
    tx: &mut Tx,
    case: &mut Case,
    typed: &BTreeMap<String, String>,
    note: &str,
    who: &Who,
) -> Result<(), Problem> {
    let (c, state) = step(tx, case, Verb::Correct, who).await?;
    let id = case.dossier.id;
    let old = dossiers::find_decision(tx, id).await?.ok_or_else(|| refused("refusal.no_result"))?;
    let (earlier, _) = changes(tx, id).await?;
    let new = changed(&printed(&case.dossier, &case.procedure, &old, &earlier), typed)?;
    let mut errors = Vec::new();
    let note = needed(&mut errors, "note", note, TEXT_CHARS_MAX);
    settle(errors)?;
    // The version that is replaced must be there to be kept.
    let paper = dossiers::find_paper(tx, id, PaperKind::Result).await?;
    let paper = paper.ok_or_else(|| refused("refusal.not_printed"))?;
    let (day, agency) = (case.now.day(), case.dossier.agency.clone());
    let decision = dossiers::Decision {
        number: number::next(tx, "result", agency.as_str(), &[], day).await?,
        day,
        signer_name: who.name.clone(),
        signer_title: who.title(Role::Leader, &agency),
        ..old.clone()
    };
    store::save_ended(tx, c.id, state.word(), &who.account, &note, case.now).await?;
    let ordinal = case.dossier.version;
    let text = serde_json::to_string(&new).map_err(Problem::fault)?;
    store::save_version(tx, c.id, &text, (ordinal, paper.ordinal), &old).await?;
    store::save_decision(tx, id, &decision).await?;
    // Nobody signs the version that is replaced; the new one waits for signatures of its own.
    crate::signing::store::end_tasks(tx, id).await?;
    let details = json!({ "correction": c.id, "fault": c.fault, "old_number": old.number });
    dossier::record(tx, case, "correct_result", &note, details).await?;
    let status = case.dossier.state.status().number();
    let moved = dossier::moved(&case.dossier, status, ordinal, case.now);
    outbox::put(tx, event::CORRECTED, &id.to_string(), &moved).await?;
    Ok(())
}

/// What of the typed values is new; every fault at once.
fn changed(
    printed: &[Printed],
    typed: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Problem> {
    let (mut new, mut errors) = (BTreeMap::new(), Vec::new());
    for p in printed {
        let Some(text) = typed.get(&p.key).map(|t| base::text::nfc(t.trim())) else { continue };
        if text == p.value || text == shown(&p.value) {
            continue;
        }
        let most = if p.key == REASON { TEXT_CHARS_MAX } else { TEXT_LINE_CHARS_MAX };
        let name = || format!("v.{}", p.key);
        if text.is_empty() && !p.value.is_empty() {
            errors.push(FieldError::new(name(), say("fault.empty", &[])));
        } else if text.chars().count() > most {
            errors.push(FieldError::new(name(), say("fault.long", &[("most", &most.to_string())])));
        } else if !p.options.is_empty() && !p.options.contains(&text) {
            errors.push(FieldError::new(name(), say("fault.option", &[])));
        } else if base::Day::parse(&p.value).is_ok() {
            // A day stays a day.
            match base::format::read_date(&text) {
                Some(day) => drop(new.insert(p.key.clone(), day.to_string())),
                None => errors.push(FieldError::new(name(), say("fault.day", &[]))),
            }
        } else {
            new.insert(p.key.clone(), text);
        }
    }
    if new.is_empty() && errors.is_empty() {
        errors.push(FieldError::new("note", say("fault.nothing", &[])));
    }
    settle(errors)?;
    Ok(new)
}

/// A value as people read it: days in their own order.
pub fn shown(value: &str) -> String {
    base::Day::parse(value).map_or_else(|_| value.to_string(), base::format::date_vn)
}

/// A leader says no, and why.
pub async fn decline(tx: &mut Tx, case: &mut Case, note: &str, who: &Who) -> Result<(), Problem> {
    let (c, state) = step(tx, case, Verb::Decline, who).await?;
    let mut errors = Vec::new();
    let note = needed(&mut errors, "note", note, TEXT_CHARS_MAX);
    settle(errors)?;
    store::save_ended(tx, c.id, state.word(), &who.account, &note, case.now).await?;
    let details = json!({ "correction": c.id });
    dossier::record(tx, case, "decline_correction", &note, details).await
}

/// Whoever asked needs it no longer.
pub async fn take_back(tx: &mut Tx, case: &mut Case, who: &Who) -> Result<(), Problem> {
    let (c, state) = step(tx, case, Verb::TakeBack, who).await?;
    store::save_ended(tx, c.id, state.word(), &who.account, "", case.now).await?;
    dossier::record(tx, case, "take_back_correction", "", json!({ "correction": c.id })).await
}
