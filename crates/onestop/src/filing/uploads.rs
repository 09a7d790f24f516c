//! Taking a file in: from a page of a draft, from a supplement, over the API. The bytes stream to
//! their place while they are hashed; what they are is told from the bytes.

use std::io::Cursor;

use base::Instant;
use base::limits::{DOSSIER_FILES_MAX, FILE_NAME_CHARS_MAX, FILE_SIZE_BYTES_MAX};
use bytes::Bytes;
use db::blobs::{self, Hash, PutError, Stored, Upload};
use db::{Act, Actor, Tx};
use web::Problem;
use web::upload::FilePart;

use super::sniff::{self, Kind, NotTaken};
use super::store::{self, NewUpload};
use crate::App;
use crate::refusal::Refusal;
use crate::words;

enum UploadKind {}

/// What a file begins with, kept to tell what it is: the sniffer looks no further, except into
/// archives.
const HEAD_BYTES: usize = 1024;
/// Files of one account that may wait for a dossier: two full dossiers.
const WAITING_MAX: i64 = 2 * DOSSIER_FILES_MAX as i64;

/// A file that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Names the upload when filing.
    pub id: String,
    pub sha256: String,
    /// Bytes.
    pub size: u64,
    /// By its bytes, not by its name.
    pub media: String,
}

/// Keeps one file of `account`, for a component of a draft or for nothing yet.
///
/// A file that is too large is read to its end (as far as the request may go), so that the refusal
/// can tell its size. `NotFound` for somebody else's draft, `Stale` for a filed one.
pub async fn keep(
    app: &App,
    account: &str,
    draft: Option<&str>,
    component: Option<&str>,
    name: &str,
    mut part: FilePart,
    now: Instant,
) -> Result<Kept, Problem> {
    let name = tidy_name(name);
    may_take(app, account, draft, component).await?;
    let act = Act::new(Actor::Account(account.into()), "onestop.upload", draft.unwrap_or_default(), now);
    let (passed, size) = take(app, act.clone(), &name, &mut part).await?;
    let kind = passed.kind(&name)?;
    let upload = passed.upload;
    let row = Row {
        id: fresh_id(),
        account: account.into(),
        draft: draft.map(str::to_string),
        component: component.map(str::to_string),
        name,
        size: i64::try_from(size).map_err(Problem::fault)?,
        now,
    };
    let id = row.id.clone();
    let (hash, kind) = match (kind, draft) {
        // Nobody knows this row's id before the answer, so it may stand in the reserving commit.
        (Some(kind), None) => {
            let save = async move |tx: &mut Tx, stored: Stored| row.save(tx, stored.hash, kind).await;
            (upload.finish_with(save).await.map_err(not_put)?.hash, kind)
        }
        (kind, _) => {
            let hash = upload.finish().await.map_err(not_put)?.hash;
            let kind = match kind {
                Some(kind) => kind,
                None => archive(app, &hash, &row.name).await?,
            };
            let save = async move |tx: &mut Tx| row.save_in_draft(tx, hash, kind).await;
            app.site.db.write(act, save).await?;
            (hash, kind)
        }
    };
    Ok(Kept { id, sha256: hash.to_string(), size, media: kind.media().into() })
}

/// A file taken in for something that is not a dossier. Its content is not held by anything yet:
/// whoever keeps it commits it in the same transaction, and what nobody keeps is swept.
pub struct Loose {
    pub name: String,
    pub sha256: Hash,
    /// Bytes.
    pub size: u64,
    /// By its bytes, not by its name.
    pub media: &'static str,
}

/// Takes one file in as a deed of `act`, with the limits and the kinds of every other upload.
pub async fn take_loose(app: &App, act: Act, mut part: FilePart) -> Result<Loose, Problem> {
    let name = tidy_name(&part.file_name);
    let (passed, size) = take(app, act, &name, &mut part).await?;
    let (sha256, kind) = passed.finish(app, &name).await?;
    Ok(Loose { name, sha256, size, media: kind.media() })
}

/// The first file of a form, which is read to its end: what was typed below the file counts too.
pub async fn take_first(
    app: &App,
    act: &Act,
    form: &mut web::Upload,
) -> Result<Option<Result<Loose, Problem>>, Problem> {
    let mut first = None;
    while let Some(part) = form.next_file(FILE_SIZE_BYTES_MAX).await? {
        if first.is_none() && !part.file_name.is_empty() {
            first = Some(take_loose(app, act.clone(), part).await);
        }
    }
    Ok(first)
}

/// A new name for an upload.
pub(super) fn fresh_id() -> String {
    base::Id::<UploadKind>::fresh().to_string()
}

/// What is kept of an upload, beside its content and kind.
#[derive(Clone)]
pub(super) struct Row {
    pub id: String,
    pub account: String,
    pub draft: Option<String>,
    pub component: Option<String>,
    pub name: String,
    pub size: i64,
    pub now: Instant,
}

impl Row {
    async fn save(&self, tx: &mut Tx, sha256: Hash, kind: Kind) -> db::Result<()> {
        let upload = NewUpload {
            id: &self.id,
            account: &self.account,
            draft: self.draft.as_deref(),
            component: self.component.as_deref(),
            name: &self.name,
            media: kind.media(),
            size: self.size,
            sha256,
        };
        store::save_upload(tx, &upload, self.now).await
    }

    /// From now on the draft, if there is one, holds the content; without one it lives for a day.
    pub async fn save_in_draft(&self, tx: &mut Tx, sha256: Hash, kind: Kind) -> Result<(), Problem> {
        if let Some(draft) = &self.draft {
            store::find_draft(tx, draft, &self.account).await?.ok_or(Problem::NotFound)?;
            blobs::commit(tx, &sha256).await?;
            crate::signer::added(tx, draft, &self.account, self.now).await?;
        }
        Ok(self.save(tx, sha256, kind).await?)
    }
}

/// A file that a helper sent up in pieces, under their own account, goes to the draft of the owner.
pub(super) async fn give(
    app: &App,
    act: Act,
    (upload, helper): (&str, &str),
    owner: &str,
    (draft, component): (&str, &str),
) -> Result<(), Problem> {
    may_take(app, owner, Some(draft), Some(component)).await?;
    let [upload, helper, owner] = [upload, helper, owner].map(str::to_string);
    let [draft, component] = [draft, component].map(str::to_string);
    let now = act.at;
    let write = async move |tx: &mut Tx| -> Result<(), Problem> {
        let found = store::find_upload(tx, &upload, &helper).await?.ok_or(Problem::NotFound)?;
        store::save_given(tx, &upload, &helper, &owner, (&draft, &component)).await?;
        blobs::commit(tx, &found.sha256).await?;
        crate::signer::added(tx, &draft, &owner, now).await
    };
    app.site.db.write(act, write).await
}

/// Whether the account may bring one more file there.
pub(super) async fn may_take(
    app: &App,
    account: &str,
    draft: Option<&str>,
    component: Option<&str>,
) -> Result<(), Problem> {
    let (account, draft) = (account.to_string(), draft.map(str::to_string));
    let component = component.map(str::to_string);
    let catalogue = app.catalogue.clone();
    app.site
        .db
        .read(async move |tx: &mut Tx| -> Result<(), Problem> {
            let (count, _) = store::waiting(tx, &account).await?;
            if count >= WAITING_MAX {
                return Err(Problem::refused(words::t("refusal.too_many_waiting"), "too many uploads wait"));
            }
            let Some(draft) = &draft else { return Ok(()) };
            let row = store::find_draft(tx, draft, &account).await?.ok_or(Problem::NotFound)?;
            if row.dossier.is_some() {
                return Err(Problem::Stale);
            }
            let procedure = catalogue.version(&row.procedure)?;
            let known = component.as_deref().is_none_or(|id| procedure.component(id).is_some());
            if !known {
                return Err(Problem::NotFound);
            }
            if store::list_uploads(tx, draft, &account).await?.len() >= DOSSIER_FILES_MAX {
                return Err(Refusal::TooManyFiles { most: DOSSIER_FILES_MAX }.into());
            }
            Ok(())
        })
        .await
}

/// Bytes on their way to their place, and the first of them, which tell what they are.
pub(super) struct Taking {
    app: App,
    upload: Upload,
    head: Vec<u8>,
}

/// All bytes of a file, which nothing speaks against: only these may be made durable.
pub(super) struct Passed {
    upload: Upload,
    head: Vec<u8>,
}

impl Taking {
    /// Nothing yet.
    pub fn begin(app: &App, act: Act) -> Taking {
        let upload = app.site.blobs.upload(&app.site.db, act, FILE_SIZE_BYTES_MAX);
        Taking { app: app.clone(), upload, head: Vec::with_capacity(HEAD_BYTES) }
    }

    /// The next bytes.
    pub async fn write(&mut self, piece: Bytes) -> Result<(), Problem> {
        let room = HEAD_BYTES.saturating_sub(self.head.len()).min(piece.len());
        self.head.extend_from_slice(&piece[..room]);
        self.upload.write(piece).await.map_err(not_put)
    }

    /// The end of the file: it goes past the scanner, where there is one. What does not pass is forgotten.
    pub async fn pass(self, name: &str) -> Result<Passed, Problem> {
        if let Some(scanner) = &self.app.scanner {
            scanner.pass(name, self.upload.peek()?).await?;
        }
        Ok(Passed { upload: self.upload, head: self.head })
    }
}

impl Passed {
    /// What they are; an archive tells that only at its end.
    fn kind(&self, name: &str) -> Result<Option<Kind>, Problem> {
        if self.head.starts_with(b"PK\x03\x04") {
            return Ok(None);
        }
        let kind = sniff::kind(&mut Cursor::new(&self.head[..])).map_err(|why| refusal(why, name))?;
        Ok(Some(kind))
    }

    /// Durable, and what they are. They stay when a row commits them in time.
    pub async fn finish(self, app: &App, name: &str) -> Result<(Hash, Kind), Problem> {
        let kind = self.kind(name)?;
        let hash = self.upload.finish().await.map_err(not_put)?.hash;
        match kind {
            Some(kind) => Ok((hash, kind)),
            None => Ok((hash, archive(app, &hash, name).await?)),
        }
    }
}

/// The bytes of one part of a form, and how many.
async fn take(app: &App, act: Act, name: &str, part: &mut FilePart) -> Result<(Passed, u64), Problem> {
    let mut taking = Taking::begin(app, act);
    let mut size = 0_u64;
    while let Some(piece) = part.chunk().await? {
        size += piece.len() as u64;
        if size > FILE_SIZE_BYTES_MAX {
            continue; // only its size matters now
        }
        taking.write(piece).await?;
    }
    if size > FILE_SIZE_BYTES_MAX {
        return Err(Refusal::FileTooLarge { name: name.into(), size }.into());
    }
    Ok((taking.pass(name).await?, size))
}

/// What an archive is. What is refused here is never committed, and swept.
async fn archive(app: &App, hash: &Hash, name: &str) -> Result<Kind, Problem> {
    let bytes = app.site.blobs.get(hash).await?;
    let looked = tokio::task::spawn_blocking(move || sniff::kind(&mut Cursor::new(bytes)));
    Ok(looked.await.map_err(Problem::fault)?.map_err(|why| refusal(why, name))?)
}

fn not_put(error: PutError) -> Problem {
    match error {
        PutError::TooLarge { size_bytes_max } => Problem::TooLarge { limit_bytes: size_bytes_max },
        PutError::Store(error) => error.into(),
    }
}

fn refusal(why: NotTaken, name: &str) -> Refusal {
    let name = name.to_string();
    match why {
        NotTaken::Unknown => Refusal::FileKind { name },
        NotTaken::Macros => Refusal::FileMacros { name },
        NotTaken::Empty => Refusal::FileEmpty { name },
    }
}

/// The sender's name for the file: its last part, in NFC, printable, not too long. It is shown and
/// offered for saving, never used as a path.
pub fn tidy_name(sent: &str) -> String {
    let last = sent.rsplit(['/', '\\']).next().unwrap_or_default();
    let bidi =
        |c: &char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let plain: String = base::text::nfc(last).chars().filter(|c| !c.is_control() && !bidi(c)).collect();
    let plain = plain.trim().trim_start_matches('.');
    let name = if plain.is_empty() { "tep" } else { plain };
    let count = name.chars().count();
    if count <= FILE_NAME_CHARS_MAX {
        return name.to_string();
    }
    // The end tells the kind, so the middle goes.
    let end: String = name.chars().skip(count - 20).collect();
    let start: String = name.chars().take(FILE_NAME_CHARS_MAX - 21).collect();
    format!("{start}…{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_tidied() {
        let table = [
            ("../../etc/passwd", "passwd"),
            (r"C:\Users\Hạnh\Giấy chứng sinh.pdf", "Giấy chứng sinh.pdf"),
            ("a\u{202e}fdp.exe\n", "afdp.exe"),
            ("...", "tep"),
            ("Gia\u{302}\u{301}y.pdf", "Giấy.pdf"),
        ];
        for (sent, kept) in table {
            assert_eq!(tidy_name(sent), kept, "{sent:?}");
        }
        let long = format!("{}.pdf", "ả".repeat(300));
        let kept = tidy_name(&long);
        assert_eq!(kept.chars().count(), FILE_NAME_CHARS_MAX);
        assert!(kept.ends_with("ả.pdf"), "{kept}");
    }
}
