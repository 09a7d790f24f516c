//! Filing again from an earlier dossier of one's own: a new draft in the newest version of the procedure,
//! with the answers that still fit and, by reference, the papers that are still asked for. What could not be
//! carried over is kept with the draft and told.

use base::Instant;
use base::limits::DOSSIER_FILES_MAX;
use db::{Tx, args, blobs};
use directory::Person;
use serde_json::Value;
use web::Problem;

use super::draft;
use super::prefill::{self, Taken};
use super::store::{self, DraftRow, NewUpload};
use crate::catalogue::{Catalogue, version_id};
use crate::dossier::{self, Dossier, StoredFile};
use crate::procedure::Procedure;
use crate::procedure::model::{Answers, Form};
use crate::refusal::Refusal;
use crate::vault;

enum UploadKind {}

db::record! {
    /// Something that could not be carried over.
    #[derive(PartialEq, Eq)]
    pub struct Lost {
        /// `answer`, `paper` or `unit`.
        kind: String,
        name: String,
        /// `gone`: it is not asked for any more; `changed`: it is asked differently; `ended`: the paper has
        /// expired or was revoked; `room`: there are too many files.
        why: String,
    }
}

impl Lost {
    fn new(kind: &str, name: &str, why: &str) -> Lost {
        Lost { kind: kind.into(), name: name.into(), why: why.into() }
    }
}

db::record! {
    /// Of what a draft is a copy, and how much was carried over.
    pub struct Copied { code: String, answers: i64, files: i64 }
}

/// The answers that the newest form still takes, and the questions whose answers were lost.
pub fn carry(now: &Form, then: Option<&Form>, answers: &Answers) -> (Answers, Vec<Lost>) {
    let (mut kept, mut lost) = (Answers::new(), Vec::new());
    let Some(then) = then else { return (kept, lost) };
    for (field, value) in answers {
        let title = then.title(field);
        match now.property(field) {
            // A pledge is given anew each time.
            Some(property) if property["type"] == "boolean" => {}
            Some(_) if prefill::is_same(now, then, field) && now.accepts(field, value) => {
                kept.insert(field.clone(), value.clone());
            }
            Some(_) => lost.push(Lost::new("answer", title, "changed")),
            None => lost.push(Lost::new("answer", title, "gone")),
        }
    }
    (now.clean(&kept), lost)
}

/// Begins a draft as a copy of the dossier with this code; the draft's id. Somebody else's dossier is
/// `NotFound`.
pub async fn copy(
    tx: &mut Tx,
    catalogue: &Catalogue,
    code: &str,
    person: &Person,
    now: Instant,
) -> Result<String, Problem> {
    let account = person.account.to_string();
    let d = dossier::store::find(tx, code).await?.ok_or(Problem::NotFound)?;
    if d.account.as_deref() != Some(account.as_str()) {
        return Err(Problem::NotFound);
    }
    let then = catalogue.version(&d.procedure)?;
    let procedure = catalogue.find(&then.code).filter(|p| p.is_online()).ok_or(Refusal::NotOnline)?;
    let form = procedure.form.as_ref().ok_or(Refusal::NotOnline)?;
    let (kept, mut lost) = carry(form, then.form.as_ref(), &d.answers);
    let mut taken: Vec<Taken> = kept
        .iter()
        .map(|(field, value)| Taken {
            field: field.clone(),
            value: value.clone(),
            origin: "dossier".into(),
            code: d.code.clone(),
        })
        .collect();
    let known = prefill::about_person(form, person, &[]);
    taken.extend(known.into_iter().filter(|one| !kept.contains_key(&one.field)));
    let answers: Answers = taken.iter().map(|one| (one.field.clone(), one.value.clone())).collect();
    let unit = unit(tx, catalogue, &procedure, &d, now).await?;
    if unit.is_none() {
        lost.push(Lost::new("unit", &directory::get_unit(tx, &d.counter).await?.name, "gone"));
    }
    let row = DraftRow {
        id: draft::fresh_id(),
        account: account.clone(),
        procedure: version_id(&procedure),
        unit,
        answers: Value::Object(answers).to_string(),
        return_by: d.return_by.clone(),
        version: 1,
        created_at: now,
        updated_at: now,
        dossier: None,
    };
    store::save_draft(tx, &row).await?;
    prefill::save(tx, &row.id, &taken).await?;
    let files = copy_files(tx, &d, (&then, &procedure), &row.id, &mut lost, now).await?;
    let answers = i64::try_from(kept.len()).unwrap_or(i64::MAX);
    tx.change_one(
        "insert into draft_copy (draft, code, answers, files) values ($1, $2, $3, $4)",
        args![&row.id, &d.code, answers, files],
    )
    .await?;
    for (ordinal, one) in (0_i64..).zip(&lost) {
        tx.change_one(
            "insert into draft_lost (draft, ordinal, kind, name, why) values ($1, $2, $3, $4, $5)",
            args![&row.id, ordinal, &one.kind, &one.name, &one.why],
        )
        .await?;
    }
    Ok(row.id)
}

/// The place of the earlier dossier, if it still receives this procedure.
async fn unit(
    tx: &mut Tx,
    catalogue: &Catalogue,
    procedure: &Procedure,
    d: &Dossier,
    now: Instant,
) -> Result<Option<String>, Problem> {
    for unit in directory::ancestors(tx, &d.counter).await? {
        match draft::check_unit(tx, procedure, catalogue.frame, &unit.code, now).await {
            Ok(()) => return Ok(Some(unit.code)),
            Err(Problem::Refused(_)) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(None)
}

/// Puts the papers that are still asked for into the draft, by reference; how many. One that came from the
/// vault is looked at anew.
async fn copy_files(
    tx: &mut Tx,
    d: &Dossier,
    (then, now_asked): (&Procedure, &Procedure),
    draft: &str,
    lost: &mut Vec<Lost>,
    now: Instant,
) -> Result<i64, Problem> {
    let account = d.account.clone().unwrap_or_default();
    let used = vault::store::used_in(tx, d.id).await?;
    let mut copied = 0_i64;
    for file in dossier::store::list_files(tx, d.id).await? {
        // What officials put beside the papers is not the citizen's to hand in again.
        let Some(was) = then.component(&file.component) else { continue };
        if now_asked.component(&file.component).is_none_or(|c| c.by_form) {
            lost.push(Lost::new("paper", &was.name, "gone"));
            continue;
        }
        if copied >= DOSSIER_FILES_MAX as i64 {
            lost.push(Lost::new("paper", &was.name, "room"));
            continue;
        }
        match used.iter().find(|u| u.file == file.id) {
            None => copy_file(tx, &account, draft, &file, now).await?,
            Some(u) => match vault::usable(tx, &u.entry.to_string(), &account, now.day()).await? {
                Ok(entry) => {
                    let id = base::Id::<UploadKind>::fresh().to_string();
                    vault::store::save_picked(tx, &id, &account, draft, &file.component, &entry, now).await?;
                }
                Err(_) => {
                    lost.push(Lost::new("paper", &was.name, "ended"));
                    continue;
                }
            },
        }
        copied += 1;
    }
    Ok(copied)
}

async fn copy_file(
    tx: &mut Tx,
    account: &str,
    draft: &str,
    file: &StoredFile,
    now: Instant,
) -> Result<(), Problem> {
    let id = base::Id::<UploadKind>::fresh().to_string();
    let upload = NewUpload {
        id: &id,
        account,
        draft: Some(draft),
        component: Some(&file.component),
        name: &file.name,
        media: &file.media,
        size: file.size,
        sha256: file.sha256,
    };
    store::save_upload(tx, &upload, now).await?;
    Ok(blobs::commit(tx, &file.sha256).await?)
}

/// Of what this draft is a copy, and what was lost on the way; `None` for one begun anew.
pub async fn find(tx: &mut Tx, draft: &str) -> Result<Option<(Copied, Vec<Lost>)>, Problem> {
    let copied =
        tx.find("select code, answers, files from draft_copy where draft = $1", args![draft]).await?;
    let Some(copied) = copied else { return Ok(None) };
    let lost = tx
        .list(
            "select kind, name, why from draft_lost where draft = $1 order by ordinal limit 400",
            args![draft],
        )
        .await?;
    Ok(Some((copied, lost)))
}
