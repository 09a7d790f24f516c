//! Signing results (ký số kết quả): the official who decided signs the printed result, then the records clerk
//! puts the agency's seal on it. Each signature is an update at the end of the file, so that what was signed
//! before stays as it was. Keys and PINs are `trust`'s.
//! law: nd30/signature

pub mod device;
mod draw;
pub mod keeping;
pub mod leave;
pub mod pages;
pub mod phone;
pub mod picture;
pub mod raise;
pub mod service;
pub mod store;

use std::collections::HashMap;
use std::sync::Arc;

use base::Instant;
use bytes::Bytes;
use db::blobs::Hash;
use db::{Act, Tx};
use trust::signing::{Credential, Key, Part};
use trust::validation::desk::Incoming;
use trust::validation::report::{Level, Verdict};
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

/// A result about to be signed, with how its signature will look.
struct Sheet {
    task: Task,
    /// The file as it is.
    before: Hash,
    bytes: Bytes,
    look: draw::Look,
}

/// Pictures that are looked up once for many results.
#[derive(Default)]
struct Album(HashMap<String, Option<Arc<draw::Picture>>>);

impl Album {
    /// The picture that goes with this part.
    async fn find(&mut self, app: &App, task: &Task) -> Result<Option<Arc<draw::Picture>>, Problem> {
        let key = format!("{}:{}", task.part, task.whose);
        if let Some(known) = self.0.get(&key) {
            return Ok(known.clone());
        }
        let found = picture::find(app, &task.part, &task.whose).await?.map(Arc::new);
        self.0.insert(key, found.clone());
        Ok(found)
    }
}

/// The result that a task is about; none when there is none any more.
async fn sheet(
    app: &App,
    album: &mut Album,
    task: Task,
    (part, holder): (Part, &str),
    now: Instant,
) -> Result<Option<Sheet>, Problem> {
    let (id, ordinal) = (task.dossier, task.ordinal);
    let read = async move |tx: &mut Tx| -> db::Result<_> {
        let Some(paper) = store::find_paper(tx, id, ordinal).await? else { return Ok(None) };
        Ok(Some((paper, store::find_drawn(tx, id, ordinal).await?)))
    };
    let Some((paper, under)) = app.site.db.read(read).await? else { return Ok(None) };
    let bytes = app.site.blobs.get_kept(&paper.sha256).await?;
    let look = draw::Look {
        part,
        holder: holder.to_string(),
        spot: paper.spot(),
        at: now,
        picture: album.find(app, &task).await?,
        under: under.as_deref().and_then(draw::read_place),
    };
    Ok(Some(Sheet { task, before: paper.sha256, bytes, look }))
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
    let (mut sheets, mut album) = (Vec::new(), Album::default());
    for task in tasks {
        sheets.extend(sheet(app, &mut album, task, (with.part, &with.holder), now).await?);
    }
    let hashes = sheets.iter().map(|sheet| trust::signing::hash_of(&sheet.bytes)).collect();
    let act = by.act("trust.open-key", &with.id, now);
    let key = Arc::new(trust::signing::open(trust, with, pin, hashes, act).await?);
    let mut signed = 0;
    for sheet in sheets {
        signed += usize::from(sign_one(app, sheet, with, &key, by).await?);
    }
    Ok(signed)
}

async fn sign_one(
    app: &App,
    sheet: Sheet,
    with: &Credential,
    key: &Arc<Key>,
    by: &directory::Viewer,
) -> Result<bool, Problem> {
    let Sheet { task, before, bytes, look } = sheet;
    let (now, drawing) = (look.at, key.clone());
    let made = tokio::task::spawn_blocking(move || draw::signed(&bytes, &look, &drawing));
    let (bytes, drawn) = made.await.map_err(Problem::fault)??;
    let act: Act = by.act("onestop.sign-result", task.dossier, now);
    let row = Signature {
        part: word(with.part).into(),
        certificate: with.id.clone(),
        holder: with.holder.clone(),
        account: by.account.to_string(),
        before,
        // Known once the file is stored.
        sha256: before,
        at: now,
        drawn: drawn.map(draw::place_text),
    };
    keep(app, act, (task, row), bytes, async |_: &mut Tx| Ok(true)).await
}

/// Puts a signed file in the place of the one it continues, ends the wait for this part and begins the next.
/// `also` is done in the same write, and may say that it is all over. Whether it was kept: not when somebody
/// else signed or changed the result meanwhile.
async fn keep<F>(
    app: &App,
    act: Act,
    (task, mut row): (Task, Signature),
    bytes: Vec<u8>,
    also: F,
) -> Result<bool, Problem>
where
    F: AsyncFn(&mut Tx) -> Result<bool, Problem> + Send + 'static,
{
    let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let hash = app.site.blobs.store(&app.site.db, act.clone(), bytes).await?;
    row.sha256 = hash;
    let write = async move |tx: &mut Tx| -> Result<bool, Problem> {
        // Whoever came first has signed; this file is held by no row and is swept.
        if !also(tx).await?
            || !store::end_task(tx, &task).await?
            || !store::save_paper(tx, task.dossier, task.ordinal, &row, size).await?
        {
            return Ok(false);
        }
        db::blobs::commit(tx, &hash).await?;
        store::save_signature(tx, task.dossier, task.ordinal, &row).await?;
        if row.part == word(Part::Person) {
            let unit = store::agency(tx, task.dossier).await?;
            let part = word(Part::Seal).into();
            store::put_task(tx, &Task { part, whose: unit, since: row.at, ..task.clone() }).await?;
        } else {
            let dossier = crate::dossier::store::get(tx, task.dossier).await?;
            leave::told(tx, &dossier, task.ordinal, row.at).await?;
            raise::begin(tx, (task.dossier, task.ordinal), (hash, size), row.at).await?;
        }
        Ok(true)
    };
    app.site.db.write(act, write).await
}

/// What the signatures in a result are worth now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Worth {
    /// `valid`, `invalid` or `unknown`.
    pub word: &'static str,
    /// The lowest level among them, as the file itself shows.
    pub level: Level,
}

/// What the signatures in a result are worth now; none without any.
pub async fn verdict(app: &App, signatures: &[Signature], now: Instant) -> Result<Option<Worth>, Problem> {
    let (Some(last), Some(trust)) = (signatures.last(), &app.trust) else { return Ok(None) };
    let bytes = app.site.blobs.get_kept(&last.sha256).await?.to_vec();
    let file = Incoming { name: "result.pdf".into(), bytes, content: None };
    let reports = trust::validation::validate(trust, vec![file], now).await?;
    Ok(reports.first().map(|report| {
        let word = match report.verdict {
            Verdict::Valid => "valid",
            Verdict::Invalid => "invalid",
            _ => "unknown",
        };
        let persons = report.signatures.iter().filter(|one| !one.is_time_stamp);
        Worth { word, level: persons.map(|one| one.level).min().unwrap_or(Level::None) }
    }))
}
