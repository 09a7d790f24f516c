//! Filing (nộp hồ sơ): drafts, uploads and the moment a draft becomes a dossier. Filing is not
//! acceptance: it answers with a code and the time by which the counter must answer.

pub mod again;
pub mod api;
pub mod draft;
pub mod pages;
pub mod pieces;
pub mod prefill;
pub mod route;
pub mod rules;
pub mod scan;
pub mod sniff;
pub mod store;
pub mod uploads;

use base::{Instant, calendar::Limit};
use contracts::onestop as event;
use db::{Tx, outbox};
use directory::{Role, UnitId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use web::Problem;

use crate::catalogue::Catalogue;
use crate::dossier::rules::{State, Status};
use crate::dossier::{self, Applicant, Dossier, DossierId, StoredFile};
use crate::number;
use crate::procedure::{self, Procedure};
use crate::refusal::{Fault, Refusal};
use crate::vault;

/// Within how long the counter must answer what was filed. law: onestop/reception-answer
pub const ANSWER_WITHIN: Limit = Limit::WorkingHours(8);

/// A file that was uploaded before, or an entry of the sender's own vault, and the component it is meant
/// for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attached {
    pub component: String,
    /// The upload's id; left out where an entry of the vault is named.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub upload: String,
    /// The id of an entry of the vault, used by reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vault: Option<String>,
}

impl Attached {
    /// An uploaded file.
    pub fn upload(component: impl Into<String>, upload: impl Into<String>) -> Attached {
        Attached { component: component.into(), upload: upload.into(), vault: None }
    }
}

/// Everything that is handed in.
#[derive(Clone, Debug)]
pub struct Filing {
    /// `CODE@VERSION`.
    pub procedure: String,
    /// Any unit whose counter is meant: a territory, an agency or the counter itself.
    pub unit: String,
    /// The account whose dossier it will be; none for a person at the counter without one.
    pub account: Option<String>,
    pub applicant: Applicant,
    /// `online`, `counter` or `post`.
    pub channel: &'static str,
    /// `counter`, `online` or `post`.
    pub return_by: String,
    pub answers: Map<String, Value>,
    pub uploads: Vec<Attached>,
}

/// What filing answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filed {
    pub id: DossierId,
    pub code: String,
    pub answer_by: Instant,
}

/// Makes a dossier of what was handed in: code, files, first line of the log and event in one
/// transaction. `sender` is the account that uploaded the files. All faults are told at once.
pub async fn file(
    tx: &mut Tx,
    catalogue: &Catalogue,
    mut filing: Filing,
    sender: &str,
    now: Instant,
) -> Result<Filed, Problem> {
    let procedure = catalogue.version(&filing.procedure)?;
    if filing.channel == "online" && !procedure.is_online() {
        return Err(Refusal::NotOnline.into());
    }
    confirmed(tx, &filing).await?;
    let mut faults = rules::faults(&procedure, &mut filing, now.day());
    if let Some(form) = &procedure.form {
        let found = procedure::places::write(tx, form, &mut filing.answers).await?;
        faults.extend(found.iter().map(|finding| rules::fault(form, finding)));
    }
    if !faults.is_empty() {
        return Err(Refusal::Faults(faults).into());
    }
    let counter = counter_at(tx, &filing.unit, now).await?;
    let agency = route::agency(tx, catalogue.frame, &procedure, &filing.answers, &counter, now.day()).await?;
    let answer_by = answer_by(tx, &counter.id, now).await?;
    let ident = counter.ident.clone().unwrap_or_else(|| counter.code.clone());
    let code = number::next(tx, "dossier", &ident, &[("ident", &ident)], now.day()).await?;

    let dossier = Dossier {
        id: DossierId::fresh(),
        code,
        procedure: filing.procedure,
        counter: counter.id.clone(),
        agency: agency.id,
        account: filing.account,
        applicant: filing.applicant,
        channel: filing.channel.into(),
        return_by: filing.return_by,
        answers: filing.answers,
        state: State::Filed { answer_by },
        holder_unit: counter.id,
        holder_role: Role::CounterClerk.as_str().into(),
        filed_at: now,
        answer_by,
        accepted_at: None,
        promised: None,
        since: now,
        supplement_requests: 0,
        assignee: None,
        extensions: 0,
        fee_asked: 0,
        fee_paid: 0,
        parent: None,
        version: 1,
    };
    dossier::store::save_new(tx, &dossier).await?;
    let to = Place { dossier: dossier.id, before: &[], why: "file" };
    let files = attach(tx, to, &procedure, &filing.uploads, sender, now).await?;
    let entry = dossier::store::Entry {
        ordinal: 0,
        verb: "file",
        from: (Status::Filed, None),
        to: &dossier,
        at: now,
        reason_code: None,
        note: "",
        details: json!({ "files": files.iter().map(|f| f.sha256.to_string()).collect::<Vec<_>>() }),
    };
    dossier::store::save_entry(tx, &entry).await?;
    outbox::put(tx, event::FILED, &dossier.id.to_string(), &dossier::moved(&dossier, 0, 0, now)).await?;
    Ok(Filed { id: dossier.id, code: dossier.code, answer_by })
}

/// By when the counter answers what is filed now.
async fn answer_by(tx: &mut Tx, counter: &UnitId, now: Instant) -> Result<Instant, Problem> {
    let calendar = directory::calendar(tx, counter).await?;
    let due = calendar.due(now, ANSWER_WITHIN);
    Ok(due.map_err(|_| dossier::rules::NotAllowed::Uncountable)?.at)
}

/// Online only people file whose identity somebody has confirmed; at the counter the clerk sees them.
async fn confirmed(tx: &mut Tx, filing: &Filing) -> Result<(), Problem> {
    let Some(account) = filing.account.as_deref().filter(|_| filing.channel == "online") else {
        return Ok(());
    };
    let id = account.parse().map_err(|_| Problem::fault("an account without an id"))?;
    match directory::person(tx, id).await?.confirmed_at {
        Some(_) => Ok(()),
        None => Err(Refusal::NotConfirmed.into()),
    }
}

/// The counter that receives for this unit: it answers to the citizen, whoever settles.
async fn counter_at(tx: &mut Tx, unit: &str, now: Instant) -> Result<directory::Unit, Problem> {
    // A code, or an id as `/me` gives it: CODE@DAY.
    let code = unit.split('@').next().unwrap_or_default();
    Ok(directory::counter_of(tx, code, now.day()).await?.ok_or(Refusal::NoCounter)?)
}

/// Where files go.
pub struct Place<'a> {
    pub dossier: DossierId,
    /// What it holds already.
    pub before: &'a [StoredFile],
    /// `file` or `supplement`: written down with each use of the vault.
    pub why: &'static str,
}

/// Moves uploads and vault entries of `sender` into the dossier, keeping the limits of a dossier.
pub async fn attach(
    tx: &mut Tx,
    to: Place<'_>,
    procedure: &Procedure,
    uploads: &[Attached],
    sender: &str,
    now: Instant,
) -> Result<Vec<StoredFile>, Problem> {
    let mut faults = Vec::new();
    for (i, a) in uploads.iter().enumerate() {
        if !procedure.components.iter().any(|c| c.id == a.component) {
            let args = vec![("id", a.component.clone())];
            faults.push((format!("uploads.{i}.component"), "fault.unknown_component", args));
        }
    }
    attach_after(tx, to, faults, uploads, sender, now).await
}

/// The same for files that are no paper of the procedure, such as the proof that a fee is forgiven: their
/// component is "".
pub async fn attach_loose(
    tx: &mut Tx,
    to: Place<'_>,
    uploads: &[Attached],
    sender: &str,
    now: Instant,
) -> Result<Vec<StoredFile>, Problem> {
    attach_after(tx, to, Vec::new(), uploads, sender, now).await
}

async fn attach_after(
    tx: &mut Tx,
    to: Place<'_>,
    mut faults: Vec<Fault>,
    uploads: &[Attached],
    sender: &str,
    now: Instant,
) -> Result<Vec<StoredFile>, Problem> {
    let mut brought = Vec::new();
    for (i, a) in uploads.iter().enumerate() {
        match bring(tx, i, a, sender, now).await? {
            Ok(one) => brought.push(one),
            Err(fault) => faults.push(fault),
        }
    }
    if !faults.is_empty() {
        return Err(Refusal::Faults(faults).into());
    }
    rules::room(to.before.iter().chain(brought.iter().map(|b| &b.file)).map(|f| f.size))?;
    for Brought { file, uploaded, entry } in &brought {
        if *uploaded {
            // Guards against the same upload named twice: the second finds it taken.
            store::save_taken(tx, &file.id, sender, to.dossier).await?;
        }
        dossier::store::save_file(tx, to.dossier, file).await?;
        db::blobs::commit(tx, &file.sha256).await?;
        if let Some(entry) = entry {
            vault::used(tx, *entry, to.dossier, file, sender, to.why).await?;
        }
    }
    Ok(brought.into_iter().map(|b| b.file).collect())
}

/// A file on its way into a dossier.
struct Brought {
    file: StoredFile,
    /// It has a row among the uploads.
    uploaded: bool,
    /// The entry of the vault that it is.
    entry: Option<vault::EntryId>,
}

/// The file that is meant, or what is wrong with it. An entry of the vault is looked at anew: it may have
/// expired since it was chosen.
async fn bring(
    tx: &mut Tx,
    i: usize,
    a: &Attached,
    sender: &str,
    now: Instant,
) -> Result<Result<Brought, Fault>, Problem> {
    let mut file = StoredFile {
        id: vault::EntryId::fresh().to_string(),
        component: a.component.clone(),
        name: String::new(),
        media: String::new(),
        size: 0,
        sha256: db::blobs::Hash::of(b""),
        added_at: now,
    };
    let (uploaded, entry) = match (&a.vault, store::find_upload(tx, &a.upload, sender).await?) {
        (Some(_), _) if !a.upload.is_empty() => {
            return Ok(Err((format!("uploads.{i}"), "fault.upload_or_vault", vec![])));
        }
        (Some(entry), _) => (false, Some(entry.clone())),
        (None, None) => return Ok(Err((format!("uploads.{i}.upload"), "fault.unknown_upload", vec![]))),
        (None, Some(u)) => {
            (file.id, file.name, file.media) = (u.id, u.name, u.media);
            (file.size, file.sha256) = (u.size, u.sha256);
            (true, u.vault)
        }
    };
    let Some(entry) = entry else { return Ok(Ok(Brought { file, uploaded, entry: None })) };
    match vault::usable(tx, &entry, sender, now.day()).await? {
        Ok(entry) => {
            (file.name, file.media) = (entry.file_name, entry.media);
            (file.size, file.sha256) = (entry.size, entry.sha256);
            Ok(Ok(Brought { file, uploaded, entry: Some(entry.id) }))
        }
        Err((_, key, args)) => Ok(Err((format!("uploads.{}", a.component), key, args))),
    }
}

/// The procedure versions that a person may pick for a place are those of the catalogue; the
/// unit must be one that receives. Used by the draft to check the choice before it is kept.
pub async fn counter_for(tx: &mut Tx, unit: &str, now: Instant) -> Result<UnitId, Problem> {
    Ok(counter_at(tx, unit, now).await?.id)
}
