//! Signing results (ký số kết quả): the official who decided signs the printed result, then the records clerk
//! puts the agency's seal on it. Each signature is an update at the end of the file, so that what was signed
//! before stays as it was. Keys and PINs are `trust`'s.
//! law: nd30/signature

mod draw;
pub mod pages;
pub mod store;

use std::sync::Arc;

use base::Instant;
use bytes::Bytes;
use db::{Act, Tx};
use trust::signing::{Credential, Key, Part};
use trust::validation::desk::Incoming;
use trust::validation::report::Verdict;
use web::{FieldError, Problem};

use crate::App;
use crate::dossier::DossierId;
use crate::words_office::say;
pub use draw::Spot;
use store::{Signature, Task};

/// Results signed under one PIN.
pub const BATCH_MAX: usize = 200;

/// The word of a part in rows.
pub fn word(part: Part) -> &'static str {
    match part {
        Part::Person => "person",
        Part::Seal => "seal",
    }
}

/// Has a fresh result wait for the one who decided.
pub async fn wait(
    tx: &mut Tx,
    dossier: DossierId,
    ordinal: i64,
    decided_by: &str,
    now: Instant,
) -> db::Result<()> {
    let part = word(Part::Person);
    store::put_task(tx, &Task { dossier, ordinal, part: part.into(), whose: decided_by.into(), since: now })
        .await
}

/// A result about to be signed.
struct Sheet {
    task: Task,
    paper: store::Paper,
    bytes: Bytes,
}

/// Signs these results with one PIN. What somebody else changed or signed meanwhile is left out; how many
/// were signed.
///
/// # Errors
/// Refusals at the fields `result` (none chosen, too many) and `pin`; the store's.
pub async fn sign(
    app: &App,
    tasks: Vec<Task>,
    with: &Credential,
    pin: &str,
    by: &directory::Viewer,
) -> Result<usize, Problem> {
    if tasks.is_empty() || tasks.len() > BATCH_MAX {
        let key = if tasks.is_empty() { "signing.none_chosen" } else { "signing.too_many" };
        return Err(Problem::Invalid(vec![FieldError::new("result", say(key, &[]))]));
    }
    let trust = app.trust.as_ref().ok_or(Problem::NotFound)?;
    let now = app.site.clock.now();
    let mut sheets = Vec::new();
    for task in tasks {
        let (id, ordinal) = (task.dossier, task.ordinal);
        let read = async move |tx: &mut Tx| store::find_paper(tx, id, ordinal).await;
        if let Some(paper) = app.site.db.read(read).await? {
            let bytes = app.site.blobs.get_kept(&paper.sha256).await?;
            sheets.push(Sheet { task, paper, bytes });
        }
    }
    let hashes = sheets.iter().map(|sheet| trust::signing::hash_of(&sheet.bytes)).collect();
    let act = by.act("trust.open-key", &with.id, now);
    let key = Arc::new(trust::signing::open(trust, with, pin, hashes, act).await?);
    let mut signed = 0;
    for sheet in sheets {
        signed += usize::from(sign_one(app, sheet, with, &key, by, now).await?);
    }
    Ok(signed)
}

async fn sign_one(
    app: &App,
    sheet: Sheet,
    with: &Credential,
    key: &Arc<Key>,
    by: &directory::Viewer,
    now: Instant,
) -> Result<bool, Problem> {
    let (task, paper) = (sheet.task, sheet.paper);
    let look = draw::Look { part: with.part, holder: with.holder.clone(), spot: paper.spot(), at: now };
    let drawing = key.clone();
    let made = tokio::task::spawn_blocking(move || draw::signed(&sheet.bytes, &look, &drawing));
    let bytes = made.await.map_err(Problem::fault)??;
    let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let act: Act = by.act("onestop.sign-result", task.dossier, now);
    let hash = app.site.blobs.store(&app.site.db, act.clone(), bytes).await?;
    let row = Signature {
        part: word(with.part).into(),
        certificate: with.id.clone(),
        holder: with.holder.clone(),
        account: by.account.to_string(),
        before: paper.sha256,
        sha256: hash,
        at: now,
    };
    let write = async move |tx: &mut Tx| -> Result<bool, Problem> {
        // Whoever came first has signed; this file is held by no row and is swept.
        if !store::end_task(tx, &task).await?
            || !store::save_paper(tx, task.dossier, task.ordinal, &row, size).await?
        {
            return Ok(false);
        }
        db::blobs::commit(tx, &hash).await?;
        store::save_signature(tx, task.dossier, task.ordinal, &row).await?;
        if row.part == word(Part::Person) {
            let unit = store::agency(tx, task.dossier).await?;
            let part = word(Part::Seal).into();
            store::put_task(tx, &Task { part, whose: unit, since: now, ..task.clone() }).await?;
        }
        Ok(true)
    };
    app.site.db.write(act, write).await
}

/// What the signatures in a result are worth now, as a word: `valid`, `invalid`, `unknown`; none without any.
pub async fn verdict(
    app: &App,
    signatures: &[Signature],
    now: Instant,
) -> Result<Option<&'static str>, Problem> {
    let (Some(last), Some(trust)) = (signatures.last(), &app.trust) else { return Ok(None) };
    let bytes = app.site.blobs.get_kept(&last.sha256).await?.to_vec();
    let file = Incoming { name: "result.pdf".into(), bytes, content: None };
    let reports = trust::validation::validate(trust, vec![file], now).await?;
    Ok(reports.first().map(|report| match report.verdict {
        Verdict::Valid => "valid",
        Verdict::Invalid => "invalid",
        _ => "unknown",
    }))
}
