//! Procedures changed in the pages: a draft of the next version, its check, its trial, a second pair of
//! eyes, and its publication with a first day. What is published is a row and never changes again; a
//! bad version is taken back before its first day, or replaced.

mod beside;
mod choices;
mod compare;
pub mod pages;
mod rules;
mod steps;
mod store;
#[cfg(test)]
mod tests;
mod text;
pub mod trial;
mod words;

use base::{Day, Instant};
use contracts::onestop::{PROCEDURE_PUBLISHED, PROCEDURE_WITHDRAWN, ProcedureMoved};
use db::{Tx, outbox};
use web::words::Lang;
use web::{FieldError, Problem};

use super::inspect::{Remark, inspect};
use super::model;
use crate::procedure::check::Severity;
use rules::{Deed, Facts, No, Standing, State};
use store::{Draft, DraftId, Version};
use words::{WORDS, say};

/// The longest file; the longest that comes with the program has 14 kB.
pub const SOURCE_BYTES_MAX: usize = 200_000;
/// The longest reason.
const NOTE_CHARS_MAX: usize = 1_000;

/// Everything wrong with the text of a draft: what the check finds, and a code or number that is not its own.
pub fn remarks(draft: &Draft, source: &str, lang: Lang) -> Vec<Remark> {
    let mut found = inspect(&format!("{}.{}.toml", draft.code, draft.number), source, lang);
    let Ok(p) = model::parse(source) else { return found };
    let line = |key: &str| source.lines().position(|l| l.trim_start().starts_with(key)).unwrap_or(0) + 1;
    let mut own = |key: &'static str, line: usize, must: &str| {
        let args = [("must", must)];
        found.push(Remark {
            file: String::new(),
            line,
            code: Some(draft.code.clone()),
            severity: Severity::Error,
            finding: key,
            facts: serde_json::Map::new(),
            sentence: WORDS.tr(lang, &format!("finding.{key}"), &args),
            remedy: WORDS.tr(lang, &format!("remedy.{key}"), &args),
        });
    };
    if p.code != draft.code {
        own("code_changed", line("code"), &draft.code);
    }
    if i64::from(p.version) != draft.number {
        own("version_changed", line("version"), &draft.number.to_string());
    }
    found.sort_by_key(|remark| remark.line);
    found
}

fn errors(draft: &Draft) -> usize {
    let found = remarks(draft, &draft.source, Lang::Vi);
    found.iter().filter(|remark| remark.severity == Severity::Error).count()
}

/// The words of a refusal.
fn no(no: No) -> Problem {
    let (key, args) = match no {
        No::NotNow(deed, state) => {
            let state = say(&format!("state.{}", state.word()), &[]);
            (format!("no.{}", deed.word()), vec![("state", state)])
        }
        No::Errors(n) => ("no.errors".to_owned(), vec![("n", n.to_string())]),
        No::OwnHand => ("no.own_hand".to_owned(), vec![]),
        No::Past => ("no.past".to_owned(), vec![]),
    };
    let args: Vec<(&str, &str)> = args.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Problem::refused(say(&key, &args), format!("refused: edit.{key}"))
}

fn reason(note: &str) -> Result<String, Problem> {
    let note = note.trim();
    if note.is_empty() {
        return Err(Problem::field("note", say("fault.note", &[])));
    }
    if note.chars().count() > NOTE_CHARS_MAX {
        let most = NOTE_CHARS_MAX.to_string();
        return Err(Problem::field("note", say("fault.note_long", &[("most", &most)])));
    }
    Ok(note.to_owned())
}

/// Begins the next version with the newest one; its first day is tomorrow until somebody says another.
/// Where one is open already, nothing is begun.
async fn begin(tx: &mut Tx, code: &str, by: &str, now: Instant) -> Result<(), Problem> {
    if store::find_open(tx, code).await?.is_some() {
        return Ok(());
    }
    let versions = store::versions(tx, code).await?;
    let newest = versions.iter().map(|v| v.version).max().ok_or(Problem::NotFound)?;
    let base = versions.iter().find(|v| v.withdrawn_at.is_none()).or(versions.first());
    let base = base.ok_or(Problem::NotFound)?;
    let source = text::next(&base.source, newest + 1, now.day().next());
    let draft = Draft {
        id: DraftId::fresh(),
        code: code.to_owned(),
        number: newest + 1,
        base: base.id.clone(),
        state: State::Draft,
        source: source.ok_or_else(|| Problem::fault(format!("version {} is no TOML", base.id)))?,
        version: 1,
        changed_by: by.to_owned(),
        changed_at: now,
        proposed_by: None,
        proposed_at: None,
        note: String::new(),
    };
    Ok(store::insert(tx, &draft).await?)
}

/// The open draft, as it was seen. One that has moved since is `Stale`.
async fn seen(tx: &mut Tx, code: &str, seen: i64) -> Result<Draft, Problem> {
    let draft = store::find_open(tx, code).await?.ok_or(Problem::NotFound)?;
    if draft.version == seen { Ok(draft) } else { Err(Problem::Stale) }
}

/// The state after the deed, done by this account.
async fn moved(
    tx: &mut Tx,
    draft: &mut Draft,
    deed: Deed,
    (by, now): (&str, Instant),
    valid_from: Day,
) -> Result<(), Problem> {
    let checked = matches!(deed, Deed::Propose | Deed::Publish);
    let facts = Facts {
        errors: if checked { errors(draft) } else { 0 },
        own_hand: store::hands(tx, draft.id).await?.iter().any(|hand| hand == by),
        valid_from,
        today: now.day(),
    };
    draft.state = rules::after(draft.state, deed, &facts).map_err(no)?;
    Ok(())
}

/// Keeps what was typed, right or wrong.
async fn save(
    tx: &mut Tx,
    code: &str,
    version: i64,
    source: &str,
    (by, now): (&str, Instant),
) -> Result<(), Problem> {
    let mut draft = seen(tx, code, version).await?;
    if source.len() > SOURCE_BYTES_MAX {
        return Err(Problem::field("source", say("fault.too_long", &[])));
    }
    moved(tx, &mut draft, Deed::Save, (by, now), now.day()).await?;
    (draft.source, draft.changed_by, draft.changed_at) = (source.to_owned(), by.to_owned(), now);
    store::put_hand(tx, draft.id, by).await?;
    Ok(store::save(tx, &draft, None).await?)
}

/// Lays the draft before another administrator; the check has no error left.
async fn propose(tx: &mut Tx, code: &str, version: i64, (by, now): (&str, Instant)) -> Result<(), Problem> {
    let mut draft = seen(tx, code, version).await?;
    moved(tx, &mut draft, Deed::Propose, (by, now), now.day()).await?;
    (draft.proposed_by, draft.proposed_at, draft.note) = (Some(by.to_owned()), Some(now), String::new());
    store::put_hand(tx, draft.id, by).await?;
    Ok(store::save(tx, &draft, None).await?)
}

/// Sends the draft back to be written on, and says why.
async fn send_back(
    tx: &mut Tx,
    code: &str,
    version: i64,
    note: &str,
    (by, now): (&str, Instant),
) -> Result<(), Problem> {
    let mut draft = seen(tx, code, version).await?;
    moved(tx, &mut draft, Deed::SendBack, (by, now), now.day()).await?;
    draft.note = reason(note)?;
    Ok(store::save(tx, &draft, Some((by, now))).await?)
}

/// Lets the draft go; the row stays as the record of it.
async fn discard(tx: &mut Tx, code: &str, version: i64, (by, now): (&str, Instant)) -> Result<(), Problem> {
    let mut draft = seen(tx, code, version).await?;
    moved(tx, &mut draft, Deed::Drop, (by, now), now.day()).await?;
    Ok(store::save(tx, &draft, Some((by, now))).await?)
}

/// Publishes what another administrator proposed, from `first` on: row, event and record in one write.
/// The id of the version.
async fn publish(
    tx: &mut Tx,
    code: &str,
    version: i64,
    first: Option<Day>,
    (by, now): (&str, Instant),
) -> Result<String, Problem> {
    let mut draft = seen(tx, code, version).await?;
    let first = first.ok_or_else(|| Problem::field("valid_from", say("fault.day", &[])))?;
    if let Some(source) = text::with_first_day(&draft.source, first) {
        draft.source = source;
    }
    moved(tx, &mut draft, Deed::Publish, (by, now), first).await?;
    let valid_to = model::parse(&draft.source).map_err(Problem::fault)?.valid_to;
    let id = store::insert_version(tx, &draft, (first, valid_to), by, now).await?;
    store::save(tx, &draft, Some((by, now))).await?;
    tell(tx, PROCEDURE_PUBLISHED, (&id, code), first, now).await?;
    Ok(id)
}

async fn tell(
    tx: &mut Tx,
    topic: &'static str,
    (id, code): (&str, &str),
    valid_from: Day,
    now: Instant,
) -> Result<(), Problem> {
    let told = ProcedureMoved { version: id.to_owned(), code: code.to_owned(), valid_from, at: now };
    Ok(outbox::put(tx, topic, id, &told).await.map(drop)?)
}

/// Takes a published version back before its first day, and says why.
async fn withdraw(
    tx: &mut Tx,
    code: &str,
    number: i64,
    why: &str,
    (by, now): (&str, Instant),
) -> Result<(), Problem> {
    let versions = store::versions(tx, code).await?;
    let version = versions.iter().find(|v| v.version == number).ok_or(Problem::NotFound)?;
    if !standing(version, &versions, now.day()).may_be_withdrawn() {
        return Err(Problem::refused(say("no.withdraw", &[]), "refused: edit.no.withdraw"));
    }
    let why = reason(why)?;
    store::withdraw(tx, &version.id, &why, by, now).await?;
    tell(tx, PROCEDURE_WITHDRAWN, (&version.id, code), version.valid_from, now).await
}

/// How a version stands among the versions of its procedure.
fn standing(version: &Version, all: &[Version], today: Day) -> Standing {
    let in_force = |v: &&Version| {
        v.withdrawn_at.is_none() && v.valid_from <= today && v.valid_to.is_none_or(|last| today <= last)
    };
    let replaced = all.iter().filter(in_force).any(|v| v.version > version.version);
    rules::standing(version.valid_from, version.valid_to, version.withdrawn_at.is_some(), replaced, today)
}

/// The faults of the fields of the forms, in words.
fn field_errors(faults: Vec<text::Fault>) -> Vec<FieldError> {
    faults.into_iter().map(|(field, key)| FieldError::new(field, say(key, &[]))).collect()
}

/// What a citizen with a draft of an older version is told.
pub fn newer(day: Day) -> String {
    say("newer.told", &[("day", &base::format::date_vn(day))])
}
