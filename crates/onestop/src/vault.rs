//! The personal vault (kho dữ liệu điện tử của tổ chức, cá nhân): a person's papers and results, each kept
//! once and used again by reference. Results come by themselves, scans from the counter, other papers from
//! the person. Nothing is used that its owner did not choose, and every use is a line that the owner sees.
//! law: onestop/vault
//!
//! A scan is to be signed by the agency that made it. Until certificates can sign here, it says who compared
//! it with the original and when, and that it is not signed; `add_scan` is where a signature will stand.

pub mod pages;
pub mod rules;
pub mod scan;
pub mod store;
pub mod words;

#[cfg(test)]
mod tests;

use base::limits::DOSSIER_FILES_MAX;
use base::{Day, Id, Instant};
use contracts::onestop as event;
use db::blobs::Hash;
use db::outbox::Event;
use db::{Act, Tx};
use directory::Person;
use serde_json::json;
use web::{FieldError, Problem};

use crate::App;
use crate::catalogue::Catalogue;
use crate::dossier::{self, Case, DossierId, PaperKind, StoredFile, Who};
use crate::filing::draft;
use crate::filing::sniff::Kind;
use crate::filing::uploads::{Loose, tidy_name};
use crate::refusal::{Fault, Refusal};
use rules::{NoUse, Verdict};
use store::{NewEntry, NewUse};
use words::{kept, say};

/// Papers that one account may put into the vault; what agencies put there is not counted.
const OWN_MAX: i64 = 200;

pub enum EntryKind {}
/// The id of an entry.
pub type EntryId = Id<EntryKind>;

db::record! {
    /// A paper in the vault.
    #[derive(PartialEq, Eq)]
    pub struct Entry {
        id: EntryId,
        /// `result`, `scan` or `own`.
        origin: String,
        /// The code of the kind of paper, where one is known.
        kind: String,
        name: String,
        /// Number and symbol.
        number: String,
        issued_on: Option<Day>,
        /// Its last day; none is known: it does not expire.
        expires_on: Option<Day>,
        issuer: String,
        file_name: String,
        media: String,
        /// Bytes.
        size: i64,
        sha256: Hash,
        /// Whose result it is, or with which it was scanned.
        dossier: Option<DossierId>,
        code: Option<String>,
        component: String,
        /// `valid`, `revoked` or `replaced`.
        state: String,
        reason: String,
        ended_at: Option<Instant>,
        /// Its owner lets it be used in dossiers.
        offered: bool,
        /// When a clerk compared it with the original.
        compared_at: Option<Instant>,
        added_at: Instant,
    }
}

impl Entry {
    /// What it is worth on a day.
    pub fn verdict(&self, day: Day) -> Verdict {
        rules::verdict(&self.state, self.ended_at.map(Instant::day), self.expires_on, day)
    }

    /// Why it cannot be used on a day, in words with the next step; `None` when it can.
    pub fn hindrance(&self, day: Day) -> Option<String> {
        let no = rules::may_use(self.verdict(day), self.offered).err()?;
        Some(say(&format!("no_use.{}", no.word()), &[("name", &self.name), ("day", &self.last_day())]))
    }

    fn last_day(&self) -> String {
        self.expires_on.map(base::format::date_vn).unwrap_or_default()
    }
}

/// The keys under which a person's entries stand: the account, and number and name once somebody has
/// confirmed who the person is. An account that only claims a number gets nobody's papers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys(pub [String; 2]);

impl Keys {
    /// Of this person.
    pub fn of(person: &Person) -> Keys {
        let account = person.account.to_string();
        let claimed = match (&person.personal_number, person.confirmed_at) {
            (Some(number), Some(_)) => rules::unclaimed(number, &person.name),
            _ => account.clone(),
        };
        Keys([account, claimed])
    }

    /// Of the person behind an account; whatever is no account has no entries.
    async fn of_account(tx: &mut Tx, account: &str) -> Result<Keys, Problem> {
        match account.parse() {
            Ok(id) => Ok(Keys::of(&directory::person(tx, id).await?)),
            Err(_) => Ok(Keys([account.to_string(), account.to_string()])),
        }
    }
}

/// Whose the papers of a dossier are.
fn owner(d: &dossier::Dossier) -> String {
    d.account.clone().unwrap_or_else(|| rules::unclaimed(&d.applicant.number, &d.applicant.name))
}

/// What is written about a paper when it is registered. A day that cannot be read is `Err`.
#[derive(Clone, Debug)]
pub struct Index {
    pub name: String,
    pub number: String,
    pub issuer: String,
    pub issued_on: Result<Option<Day>, ()>,
    pub expires_on: Result<Option<Day>, ()>,
}

impl Index {
    /// The index as typed: text fields by their names.
    pub fn read(get: impl Fn(&str) -> String) -> Index {
        let day = |name: &str| match get(name).trim() {
            "" => Ok(None),
            text => crate::office::day(text).map(Some).ok_or(()),
        };
        let line = |name: &str| base::text::nfc(get(name).trim());
        Index {
            name: line("name"),
            number: line("number"),
            issuer: line("issuer"),
            issued_on: day("issued_on"),
            expires_on: day("expires_on"),
        }
    }

    /// Everything wrong with it, in words.
    pub fn errors(&self, today: Day) -> Vec<FieldError> {
        let most = rules::LINE_CHARS_MAX.to_string();
        let said = |(field, key): &(&str, &str)| FieldError::new(*field, say(key, &[("most", &most)]));
        rules::faults(self, today).iter().map(said).collect()
    }

    fn days(&self) -> (Option<Day>, Option<Day>) {
        (self.issued_on.ok().flatten(), self.expires_on.ok().flatten())
    }
}

/// The topics after which a result enters the vault: the second mends what the first did not reach.
pub const TOPICS: [&str; 2] = [event::SIGNED, event::RETURNED];

/// Puts the granted result of a dossier into its owner's vault. Twice is once.
pub async fn follow(app: &App, event: &Event) -> Result<(), String> {
    let moved: event::DossierMoved = event.read()?;
    let id = moved.dossier.parse().map_err(|_| format!("no dossier id: {}", moved.dossier))?;
    take_result(app, id, app.site.clock.now()).await.map_err(|problem| problem.to_string())
}

/// What an entry is made of that is the result of a dossier.
pub(crate) fn source_of_result(id: DossierId) -> String {
    format!("result:{id}")
}

async fn take_result(app: &App, id: DossierId, now: Instant) -> Result<(), Problem> {
    let source = source_of_result(id);
    let asked = source.clone();
    let read = app.site.db.read(async move |tx: &mut Tx| -> Result<_, Problem> {
        if store::is_there(tx, &asked).await? {
            return Ok(None);
        }
        let paper = dossier::store::find_paper(tx, id, PaperKind::Result).await?;
        let decision = dossier::store::find_decision(tx, id).await?.filter(|d| d.outcome == "granted");
        Ok(decision.map(|decision| (decision, paper.is_some())))
    });
    let Some((decision, printed)) = read.await? else { return Ok(()) };
    if !printed {
        dossier::papers::make(app, id, PaperKind::Result, now).await?;
    }
    let catalogue = app.catalogue.clone();
    let act = Act::system("onestop.keep-result", id.to_string(), now);
    app.site
        .db
        .write(act, async move |tx: &mut Tx| -> Result<(), Problem> {
            let paper = dossier::store::find_paper(tx, id, PaperKind::Result).await?;
            let paper = paper.ok_or_else(|| Problem::fault("a printed result is not there"))?;
            let d = dossier::store::get(tx, id).await?;
            let procedure = catalogue.version(&d.procedure)?;
            let number = match decision.symbol.as_str() {
                "" => decision.number.clone(),
                symbol => format!("{}/{symbol}", decision.number),
            };
            let name = &procedure.result.name;
            let entry = NewEntry {
                id: EntryId::fresh(),
                source: source.clone(),
                origin: "result",
                owner: owner(&d),
                kind: procedure.result.code.as_deref().unwrap_or_default(),
                name,
                number: &number,
                issued_on: Some(decision.day),
                expires_on: None,
                issuer: &decision.agency,
                file_name: &tidy_name(&format!("{name} {}.pdf", number.replace('/', "-"))),
                media: Kind::Pdf.media(),
                size: paper.size,
                sha256: paper.sha256,
                dossier: Some(id),
                component: "",
                compared_by: None,
                added_by: None,
                at: now,
            };
            store::put(tx, &entry).await?;
            Ok(())
        })
        .await
}

/// A person puts a paper of their own into the vault; its id.
pub async fn add_own(
    tx: &mut Tx,
    person: &Person,
    index: &Index,
    file: &Loose,
    now: Instant,
) -> Result<EntryId, Problem> {
    let id = EntryId::fresh();
    let (issued_on, expires_on) = index.days();
    let account = person.account.to_string();
    if store::count_own(tx, &account).await? >= OWN_MAX {
        let most = OWN_MAX.to_string();
        return Err(Problem::refused(say("add.full", &[("most", &most)]), "refused: add.full"));
    }
    let entry = NewEntry {
        id,
        source: format!("own:{id}"),
        origin: "own",
        owner: account.clone(),
        kind: "",
        name: &index.name,
        number: &index.number,
        issued_on,
        expires_on,
        issuer: &index.issuer,
        file_name: &file.name,
        media: file.media,
        size: i64::try_from(file.size).map_err(Problem::fault)?,
        sha256: file.sha256,
        dossier: None,
        component: "",
        compared_by: None,
        added_by: Some(&account),
        at: now,
    };
    store::put(tx, &entry).await?;
    Ok(id)
}

/// A clerk registers a paper that was brought to the counter and compared with its original: it becomes a
/// file of the dossier and an entry of its owner's vault, with one content. law: onestop/digitisation
pub async fn add_scan(
    tx: &mut Tx,
    case: &mut Case,
    component: &str,
    index: &Index,
    file: &Loose,
    who: &Who,
) -> Result<EntryId, Problem> {
    scan::may_register(case)?;
    let known = case.procedure.component(component).is_some();
    if !known && !component.is_empty() {
        return Err(Problem::NotFound);
    }
    let (id, d) = (EntryId::fresh(), &case.dossier);
    let stored = StoredFile {
        id: id.to_string(),
        component: component.into(),
        name: file.name.clone(),
        media: file.media.into(),
        size: i64::try_from(file.size).map_err(Problem::fault)?,
        sha256: file.sha256,
        added_at: case.now,
    };
    let before = dossier::store::list_files(tx, d.id).await?;
    crate::filing::rules::room(before.iter().chain([&stored]).map(|f| f.size))?;
    dossier::store::save_file(tx, d.id, &stored).await?;
    db::blobs::commit(tx, &stored.sha256).await?;
    let (issued_on, expires_on) = index.days();
    let entry = NewEntry {
        id,
        source: format!("scan:{id}"),
        origin: "scan",
        owner: owner(d),
        kind: "",
        name: &index.name,
        number: &index.number,
        issued_on,
        expires_on,
        issuer: &index.issuer,
        file_name: &stored.name,
        media: &stored.media,
        size: stored.size,
        sha256: stored.sha256,
        dossier: Some(d.id),
        component,
        compared_by: Some(&who.account),
        added_by: Some(&who.account),
        at: case.now,
    };
    store::put(tx, &entry).await?;
    let note = kept("scan.note", &[("name", &index.name)]);
    let details = json!({ "files": [stored.sha256.to_string()] });
    dossier::record(tx, case, "digitise", &note, details).await?;
    Ok(id)
}

/// The entry of `account` that a filing names, if it may be used today.
pub async fn usable(
    tx: &mut Tx,
    id: &str,
    account: &str,
    today: Day,
) -> Result<Result<Entry, Fault>, Problem> {
    let keys = Keys::of_account(tx, account).await?;
    let gone = || (String::new(), "fault.vault_gone", vec![]);
    let Ok(id) = id.parse() else { return Ok(Err(gone())) };
    let Some(entry) = store::find(tx, id, &keys).await? else { return Ok(Err(gone())) };
    let args = vec![("name", entry.name.clone()), ("day", entry.last_day())];
    Ok(match rules::may_use(entry.verdict(today), entry.offered) {
        Ok(()) => Ok(entry),
        Err(NoUse::Expired) => Err((String::new(), "fault.vault_expired", args)),
        Err(NoUse::Revoked | NoUse::Replaced) => Err((String::new(), "fault.vault_ended", args)),
        Err(NoUse::Closed) => Err((String::new(), "fault.vault_closed", args)),
    })
}

/// Writes down that an entry went into a dossier, with the file that it became.
pub async fn used(
    tx: &mut Tx,
    entry: EntryId,
    dossier: DossierId,
    file: &StoredFile,
    account: &str,
    why: &'static str,
) -> Result<(), Problem> {
    let line = NewUse {
        entry,
        dossier,
        file: &file.id,
        component: &file.component,
        why,
        account,
        at: file.added_at,
    };
    Ok(store::save_use(tx, &line).await?)
}

/// Chooses an entry for a paper of a draft. Choosing it twice changes nothing; what may not be used is
/// refused with its reason.
pub async fn pick(
    tx: &mut Tx,
    catalogue: &Catalogue,
    draft_id: &str,
    component: &str,
    entry: &str,
    person: &Person,
    now: Instant,
) -> Result<(), Problem> {
    let account = person.account.to_string();
    let draft = draft::get(tx, catalogue, draft_id, &account).await?;
    if draft.row.dossier.is_some() {
        return Err(Problem::Stale);
    }
    if draft.procedure.component(component).is_none_or(|c| c.by_form) {
        return Err(Problem::NotFound);
    }
    if entry.is_empty() {
        return Err(Problem::refused(say("pick.none", &[]), "refused: pick.none"));
    }
    let id: EntryId = entry.parse().map_err(|_| Problem::NotFound)?;
    let entry = store::find(tx, id, &Keys::of(person)).await?.ok_or(Problem::NotFound)?;
    if let Some(words) = entry.hindrance(now.day()) {
        return Err(Problem::refused(words, "refused: the entry may not be used"));
    }
    let key = id.to_string();
    let chosen = |u: &crate::filing::store::UploadRow| {
        u.vault.as_deref() == Some(key.as_str()) && u.component.as_deref() == Some(component)
    };
    if draft.uploads.iter().any(chosen) {
        return Ok(());
    }
    if draft.uploads.len() >= DOSSIER_FILES_MAX {
        return Err(Refusal::TooManyFiles { most: DOSSIER_FILES_MAX }.into());
    }
    let upload = EntryId::fresh().to_string();
    store::save_picked(tx, &upload, &account, draft_id, component, &entry, now).await?;
    crate::signer::added(tx, draft_id, &account, now).await
}

/// Its owner takes an own paper out: forgotten where nothing refers to it, otherwise ended, so that the log
/// of its uses stays true.
pub async fn take_out(tx: &mut Tx, id: EntryId, person: &Person, now: Instant) -> Result<(), Problem> {
    let entry = store::find(tx, id, &Keys::of(person)).await?.ok_or(Problem::NotFound)?;
    if entry.origin != "own" {
        return Err(Problem::refused(say("entry.not_own", &[]), "refused: entry.not_own"));
    }
    if !store::is_held(tx, id).await? {
        return Ok(store::delete(tx, &entry).await?);
    }
    let (reason, account) = (kept("entry.taken_out", &[]), person.account.to_string());
    Ok(store::save_ended(tx, id, "revoked", &reason, &account, now).await?)
}

/// An official ends an entry that came of a dossier, with the reason its owner reads.
pub async fn end(
    tx: &mut Tx,
    case: &mut Case,
    id: EntryId,
    state: &'static str,
    reason: &str,
    who: &Who,
) -> Result<(), Problem> {
    let entries = store::of_dossier(tx, case.dossier.id).await?;
    let entry = entries.into_iter().find(|e| e.id == id).ok_or(Problem::NotFound)?;
    scan::may_end(case, &entry)?;
    store::save_ended(tx, id, state, reason, &who.account, case.now).await?;
    let word = kept(&format!("verdict.{state}"), &[]);
    let note = kept("scan.ended_note", &[("name", &entry.name), ("state", &word), ("reason", reason)]);
    dossier::record(tx, case, "end_entry", &note, json!({})).await
}

/// What an official is told of a file that came from a vault: what it was worth when it was handed in, and
/// whether that has changed since.
pub fn told(used: &store::Used, today: Day) -> (bool, String) {
    let on = |day: Day| rules::verdict(&used.state, used.ended_at.map(Instant::day), used.expires_on, day);
    let (then, now) = (on(used.at.day()), on(today));
    let day = base::format::date_vn(used.at.day());
    let last = used.expires_on.map(base::format::date_vn).unwrap_or_default();
    let key = match (now, used.expires_on) {
        (Verdict::Valid, None) => "told.valid".to_string(),
        (Verdict::Valid, Some(_)) => "told.valid_until".to_string(),
        (other, _) => format!("told.{}", other.word()),
    };
    let origin = say(&format!("origin_short.{}", used.origin), &[]);
    (
        then == Verdict::Valid && now == Verdict::Valid,
        say(&key, &[("origin", &origin), ("day", &day), ("last", &last)]),
    )
}
