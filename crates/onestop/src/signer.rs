//! Several signers of one dossier (nhiều người cùng ký): those whom a procedure's file names are asked to
//! agree to what a draft declares, read exactly that, and agree or say why not. An agreement holds for the
//! content that was read, by its hash: a change of the draft makes it void and asks again, and nothing is
//! filed before all have agreed who must. At the counter a clerk records who was present or signed on paper.
//! law: onestop/several-signers

pub mod content;
pub mod desk;
pub mod pages;
pub mod rules;
pub mod store;
#[cfg(test)]
mod tests;
pub mod words;

use base::{Id, Instant};
use contracts::onestop as event;
use db::blobs::Hash;
use db::{Tx, outbox};
use directory::Person;
use serde_json::Map;
use web::{FieldError, Problem};

use self::content::Content;
use self::rules::{Standing, Why};
use self::store::Signing;
use self::words::say;
use crate::catalogue::Catalogue;
use crate::dossier::{Case, Dossier};
use crate::filing::Filing;
use crate::filing::draft::{self, Draft};
use crate::helper;
use crate::procedure::Procedure;
use crate::procedure::signers::Wanted;
use crate::refusal::{Fault, Refusal};

enum SigningKind {}

/// The words agreed to now. Older ones stay in the words file under their number.
pub const TEXT_VERSION: &str = "1";
/// Days for an answer, and after it for filing. Ours: no rule we know of names either.
const DAYS: i64 = 30;
/// The longest reason.
pub const REASON_CHARS_MAX: usize = 1_000;

/// A draft with those who are wanted for it, each with how they stand and the row that says so.
pub struct Table {
    pub draft: Draft,
    pub content: Content,
    pub lines: Vec<(Wanted, Standing, Option<Signing>)>,
}

/// The end of the last day of an answer given or asked for at `now`.
fn until(now: Instant) -> Instant {
    now.day().plus(DAYS).next().at(0)
}

/// Those wanted for a draft of this person, and how they stand.
pub async fn table(tx: &mut Tx, draft: Draft, owner: &Person, now: Instant) -> Result<Table, Problem> {
    let content = declared(tx, &draft, owner, now).await?;
    let own = owner.personal_number.clone().unwrap_or_default();
    let rows = store::list_of_draft(tx, &draft.row.id).await?;
    let wanted = draft.procedure.signers_for(&content.answers, &own);
    let line = |wanted: Wanted| {
        // What is asked now is what counts, else what was asked last; rows come the newest first.
        let of = |r: &&Signing| r.key == wanted.key && Some(&r.invitee) == wanted.number.as_ref();
        let row = rows.iter().rev().filter(of).max_by_key(|r| (r.ended_at.is_none(), r.asked_at));
        let standing = row.map_or(Standing::Unasked, |row| row.standing(&content.sha256, now));
        (wanted, standing, row.cloned())
    };
    let lines = wanted.into_iter().map(line).collect();
    Ok(Table { draft, content, lines })
}

/// What a draft declares now.
async fn declared(tx: &mut Tx, draft: &Draft, owner: &Person, now: Instant) -> Result<Content, Problem> {
    let hash_of = |upload: &str| draft.uploads.iter().find(|u| u.id == upload).map(|u| u.sha256);
    content::of_filing(tx, &draft.procedure, draft.filing(owner), hash_of, now.day()).await
}

/// What keeps a draft from being filed as long as others have not agreed: one fault for each.
pub fn faults(table: &Table) -> Vec<Fault> {
    let waits = table.lines.iter().filter(|(wanted, standing, _)| standing.holds_up(wanted.required));
    let fault = |(wanted, standing, _): &(Wanted, Standing, Option<Signing>)| {
        let args = vec![("who", wanted.role.clone())];
        let key = match standing {
            _ if wanted.own => "fault.signer_self",
            Standing::Unasked | Standing::Recalled => "fault.signer_unasked",
            Standing::Asked => "fault.signer_asked",
            Standing::Declined => "fault.signer_declined",
            Standing::Changed => "fault.signer_changed",
            Standing::Withdrawn => "fault.signer_withdrawn",
            Standing::Over | Standing::Agreed => "fault.signer_over",
        };
        (format!("signers.{}", wanted.key), key, args)
    };
    waits.map(fault).collect()
}

/// What keeps this draft from being filed, asked inside the transaction that files it.
pub async fn before_filing(
    tx: &mut Tx,
    draft: &Draft,
    owner: &Person,
    now: Instant,
) -> Result<Vec<Fault>, Problem> {
    if draft.procedure.signers.is_empty() {
        return Ok(Vec::new());
    }
    Ok(faults(&table(tx, draft.clone(), owner, now).await?))
}

/// Refuses filing where nobody can have been asked: a program files without a draft.
pub fn without_draft(procedure: &Procedure, filing: &Filing) -> Result<(), Refusal> {
    let clean = procedure.form.as_ref().map(|form| form.clean(&filing.answers)).unwrap_or_default();
    let wanted = procedure.signers_for(&clean, &filing.applicant.number).into_iter().filter(|w| w.required);
    let fault = |w: Wanted| (format!("signers.{}", w.key), "fault.signer_no_draft", vec![("who", w.role)]);
    let faults: Vec<Fault> = wanted.map(fault).collect();
    if faults.is_empty() { Ok(()) } else { Err(Refusal::Faults(faults)) }
}

/// Asks everybody who may be asked now. How many were asked.
pub async fn ask(
    tx: &mut Tx,
    catalogue: &Catalogue,
    draft: &str,
    owner: &Person,
    now: Instant,
) -> Result<usize, Problem> {
    helper::confirmed(owner)?;
    let account = owner.account.to_string();
    let draft = draft::get(tx, catalogue, draft, &account).await?;
    if draft.row.dossier.is_some() {
        return Err(Problem::Stale);
    }
    let table = table(tx, draft, owner, now).await?;
    if !table.content.faults.is_empty() {
        return Err(Problem::refused(say("refusal.unfinished", &[]), "a draft with faults is not agreed to"));
    }
    let mut asked = 0;
    for (wanted, standing, row) in &table.lines {
        let Some(number) = wanted.number.as_deref().filter(|_| standing.may_ask()) else { continue };
        if let Some(row) = row.as_ref().filter(|row| row.ended_at.is_none()) {
            store::save_ended(tx, &row.id, Why::Recalled, &account, None, now).await?;
        }
        let again = row.as_ref().map(|row| row.id.as_str());
        put(tx, &table.draft.row.id, wanted, number, again, &account, now).await?;
        asked += 1;
    }
    Ok(asked)
}

async fn put(
    tx: &mut Tx,
    draft: &str,
    wanted: &Wanted,
    number: &str,
    again: Option<&str>,
    by: &str,
    now: Instant,
) -> Result<(), Problem> {
    let id = Id::<SigningKind>::fresh().to_string();
    let new = store::New {
        id: &id,
        draft,
        key: &wanted.key,
        role: &wanted.role,
        name: &wanted.person,
        invitee: number,
        until: until(now),
        again,
        by,
    };
    store::save(tx, &new, now).await?;
    tell(tx, event::SIGNING_ASKED, &id, draft, now).await
}

async fn tell(
    tx: &mut Tx,
    topic: &'static str,
    signing: &str,
    draft: &str,
    now: Instant,
) -> Result<(), Problem> {
    let told = event::SigningMoved { signing: signing.to_string(), draft: draft.to_string(), at: now };
    outbox::put(tx, topic, draft, &told).await?;
    Ok(())
}

/// The draft was changed: whoever agreed to what it declared before is told and asked again, and whom it no
/// longer names is not asked any more. Called by everything that changes a draft, in the same transaction.
pub async fn changed(
    tx: &mut Tx,
    catalogue: &Catalogue,
    draft: &str,
    account: &str,
    now: Instant,
) -> Result<(), Problem> {
    let open = store::list_open(tx, draft).await?;
    if open.is_empty() {
        return Ok(());
    }
    let owner = account.parse().map_err(|_| Problem::fault("a draft of no account"))?;
    let owner = directory::person(tx, owner).await?;
    let draft = draft::get(tx, catalogue, draft, account).await?;
    let table = table(tx, draft, &owner, now).await?;
    for row in open {
        let wanted =
            table.lines.iter().find(|(w, ..)| w.key == row.key && w.number.as_ref() == Some(&row.invitee));
        match wanted {
            None => recall(tx, &row, account, now).await?,
            Some((w, Standing::Changed, _)) => void(tx, &row, (&w.role, &w.person), account, now).await?,
            Some(_) => {}
        }
    }
    Ok(())
}

/// A file was brought to the draft: the same for everybody who has agreed, without looking at the rest.
pub async fn added(tx: &mut Tx, draft: &str, account: &str, now: Instant) -> Result<(), Problem> {
    for row in store::list_open(tx, draft).await?.iter().filter(|row| row.agreed()) {
        void(tx, row, (&row.role, &row.name), account, now).await?;
    }
    Ok(())
}

/// An agreement to other content: it ends, and the same person is asked again.
async fn void(
    tx: &mut Tx,
    row: &Signing,
    (role, name): (&str, &str),
    account: &str,
    now: Instant,
) -> Result<(), Problem> {
    store::save_ended(tx, &row.id, Why::Changed, account, None, now).await?;
    tx.audit("onestop.void-agreement", &row.id).await?;
    let draft = row.draft.clone().unwrap_or_default();
    let id = Id::<SigningKind>::fresh().to_string();
    let new = store::New {
        id: &id,
        draft: &draft,
        key: &row.key,
        role,
        name,
        invitee: &row.invitee,
        until: until(now),
        again: Some(&row.id),
        by: account,
    };
    store::save(tx, &new, now).await?;
    tell(tx, event::SIGNING_VOIDED, &id, &draft, now).await
}

async fn recall(tx: &mut Tx, row: &Signing, by: &str, now: Instant) -> Result<(), Problem> {
    store::save_ended(tx, &row.id, Why::Recalled, by, None, now).await?;
    tx.audit("onestop.recall-signer", &row.id).await?;
    tell(tx, event::SIGNING_RECALLED, &row.id, row.draft.as_deref().unwrap_or_default(), now).await
}

/// Whoever asked goes on without them: for signers who need not agree, or to ask somebody else.
pub async fn take_back(
    tx: &mut Tx,
    draft: &str,
    id: &str,
    account: &str,
    now: Instant,
) -> Result<(), Problem> {
    let open = store::list_open(tx, draft).await?;
    let row = open.into_iter().find(|row| row.id == id).ok_or(Problem::NotFound)?;
    recall(tx, &row, account, now).await
}

/// The draft is thrown away or let go: nobody is asked about it any more.
pub async fn end_of_draft(tx: &mut Tx, draft: &str, by: &str, now: Instant) -> Result<(), Problem> {
    for row in store::list_open(tx, draft).await? {
        store::save_ended(tx, &row.id, Why::Discarded, by, None, now).await?;
        tell(tx, event::SIGNING_RECALLED, &row.id, draft, now).await?;
    }
    Ok(())
}

/// What a signer reads: the draft, whose it is, and what it declares.
pub struct Reading {
    pub row: Signing,
    pub owner: Person,
    pub draft: Draft,
    pub content: Content,
    pub standing: Standing,
}

/// The row with this id, if it is this person's to read: their own number, which somebody has confirmed, or
/// answered by their account before.
async fn mine(tx: &mut Tx, me: &Person, id: &str) -> Result<Signing, Problem> {
    let row = store::find(tx, id).await?.ok_or(Problem::NotFound)?;
    let number = me.personal_number.as_deref().filter(|_| me.confirmed_at.is_some());
    let account = me.account.to_string();
    let theirs = match row.signer.as_deref() {
        Some(signer) => signer == account,
        None => row.office.is_none() && number == Some(row.invitee.as_str()),
    };
    if theirs { Ok(row) } else { Err(Problem::NotFound) }
}

/// The draft behind an open row, as its signer may read it. Once it has ended, is over or is filed, nothing
/// of somebody else's draft is shown any more.
pub async fn read(
    tx: &mut Tx,
    catalogue: &Catalogue,
    me: &Person,
    id: &str,
    now: Instant,
) -> Result<Reading, Problem> {
    let row = mine(tx, me, id).await?;
    let id = row.draft.clone().filter(|_| row.dossier.is_none() && row.ended_at.is_none());
    let id = id.ok_or(Problem::NotFound)?;
    let (account, _) = store::find_draft(tx, &id).await?.ok_or(Problem::NotFound)?;
    let draft = draft::get(tx, catalogue, &id, &account).await?;
    let owner = account.parse().map_err(|_| Problem::fault("a draft of no account"))?;
    let owner = directory::person(tx, owner).await?;
    let content = declared(tx, &draft, &owner, now).await?;
    let standing = row.standing(&content.sha256, now);
    if standing == Standing::Over {
        return Err(Problem::NotFound);
    }
    Ok(Reading { row, owner, draft, content, standing })
}

/// What a signer says.
#[derive(Clone, Debug)]
pub struct Word {
    pub agrees: bool,
    /// The words were agreed to.
    pub ticked: bool,
    pub reason: String,
    /// The hash of what the page showed.
    pub seen: String,
}

/// The signer agrees to what they read, or says why not. `Stale` when the draft has changed since.
pub async fn answer(
    tx: &mut Tx,
    catalogue: &Catalogue,
    me: &Person,
    id: &str,
    word: &Word,
    now: Instant,
) -> Result<(), Problem> {
    helper::confirmed(me)?;
    let reading = read(tx, catalogue, me, id, now).await?;
    if reading.standing != Standing::Asked || word.seen != reading.content.sha256.to_string() {
        return Err(Problem::Stale);
    }
    let reason = word.reason.trim();
    let mut errors = Vec::new();
    if word.agrees && !word.ticked {
        errors.push(FieldError::new("agreed", say("fault.agreed", &[])));
    }
    if !word.agrees && reason.is_empty() {
        errors.push(FieldError::new("reason", say("fault.reason", &[])));
    }
    if reason.chars().count() > REASON_CHARS_MAX {
        let most = REASON_CHARS_MAX.to_string();
        errors.push(FieldError::new("reason", say("fault.too_long", &[("most", &most)])));
    }
    crate::office::settle(errors)?;
    if word.agrees && !reading.content.faults.is_empty() {
        return Err(Problem::refused(say("refusal.being_changed", &[]), "the draft has faults just now"));
    }
    let text = say(&format!("consent.text_{TEXT_VERSION}"), &[]);
    let text_sha256 = Hash::of(text.as_bytes()).to_string();
    let account = me.account.to_string();
    let answer = store::Answer {
        signer: &account,
        answer: if word.agrees { "agreed" } else { "declined" },
        reason: Some(reason).filter(|r| !r.is_empty()),
        text: (TEXT_VERSION, &text_sha256),
        content: reading.content.sha256,
        until: until(now),
    };
    store::save_answer(tx, id, &answer, now).await?;
    let topic = if word.agrees { event::SIGNING_AGREED } else { event::SIGNING_DECLINED };
    tx.audit(topic, &format!("{id} {}", reading.content.sha256)).await?;
    tell(tx, topic, id, &reading.draft.row.id, now).await
}

/// The signer takes an agreement back, before the dossier is filed.
pub async fn withdraw(tx: &mut Tx, me: &Person, id: &str, reason: &str, now: Instant) -> Result<(), Problem> {
    let row = mine(tx, me, id).await?;
    if row.dossier.is_some() {
        return Err(Problem::refused(say("refusal.filed", &[]), "an agreement to a filed dossier stays"));
    }
    if !row.agreed() {
        return Err(Problem::NotFound);
    }
    let reason: String = reason.trim().chars().take(REASON_CHARS_MAX).collect();
    let reason = Some(reason.as_str()).filter(|r| !r.is_empty());
    store::save_ended(tx, id, Why::Withdrawn, &me.account.to_string(), reason, now).await?;
    tell(tx, event::SIGNING_WITHDRAWN, id, row.draft.as_deref().unwrap_or_default(), now).await
}

/// A clerk saw somebody agree: present, or with a signature on paper.
#[derive(Clone, Debug)]
pub struct Record {
    /// The signer's id in the procedure's file.
    pub key: String,
    pub name: String,
    pub number: String,
    /// `present` or `paper`.
    pub way: String,
    pub paper: Option<(String, String, Hash)>,
    pub office: String,
}

/// Records what a counter saw, about what the dossier declares.
pub async fn record(
    tx: &mut Tx,
    d: &Dossier,
    record: &Record,
    role: &str,
    by: &str,
    now: Instant,
) -> Result<(), Problem> {
    let [_, content] = content::of_dossier(tx, d).await?;
    let id = Id::<SigningKind>::fresh().to_string();
    let seen = store::Seen {
        id: &id,
        dossier: d.id,
        key: &record.key,
        role,
        name: &record.name,
        invitee: &record.number,
        by,
        office: &record.office,
        way: &record.way,
        paper: record.paper.as_ref().map(|(name, media, hash)| (name.as_str(), media.as_str(), *hash)),
        content: content.sha256,
    };
    store::save_seen(tx, &seen, now).await?;
    if let Some((.., hash)) = &record.paper {
        db::blobs::commit(tx, hash).await?;
    }
    tx.audit("onestop.record-signer", &format!("{id} {}", content.sha256)).await?;
    Ok(())
}

/// Refuses reception while somebody has not agreed without whom the procedure's file lets nothing be filed.
pub async fn before_receiving(tx: &mut Tx, case: &Case) -> Result<(), Problem> {
    if case.procedure.signers.is_empty() {
        return Ok(());
    }
    let missing = missing(tx, case).await?;
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join("; ");
    Err(Problem::refused(say("refusal.not_received", &[("who", &names)]), "a signer has not agreed"))
}

/// Who has not agreed, in words.
async fn missing(tx: &mut Tx, case: &Case) -> Result<Vec<String>, Problem> {
    let d = &case.dossier;
    let rows = store::list_of_dossier(tx, d.id).await?;
    let there = |key: &str| rows.iter().any(|row| row.key == key || row.key.starts_with(&format!("{key}.")));
    let none = Map::new();
    let by_form = case.procedure.form.as_ref().is_some_and(|form| {
        d.channel == "online" && form.fields().any(|field| d.answers.contains_key(field))
    });
    let answers = if by_form { &d.answers } else { &none };
    let wanted = case.procedure.signers_for(answers, &d.applicant.number);
    let named = wanted.into_iter().filter(|w| by_form && w.required && !there(&w.key)).map(|w| w.role);
    let paper =
        case.procedure.signers_on_paper().filter(|s| !by_form && !there(&s.id)).map(|s| s.name.clone());
    Ok(named.chain(paper).collect())
}
