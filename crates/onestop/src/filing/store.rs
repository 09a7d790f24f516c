//! The rows of drafts and uploads. A draft and an upload belong to one account, and every
//! statement names it: nobody reads another's.

use base::Instant;
use db::blobs::Hash;
use db::{Tx, args};

use crate::dossier::DossierId;

db::record! {
    pub struct UploadRow {
        id: String, component: Option<String>, name: String, media: String, size: i64, sha256: Hash,
        created_at: Instant,
        /// The entry of the vault that it is.
        vault: Option<String>,
    }
}

db::record! {
    pub struct DraftRow {
        id: String, account: String, procedure: String, unit: Option<String>, answers: String,
        return_by: String, version: i64, created_at: Instant, updated_at: Instant,
        dossier: Option<String>,
    }
}

/// An upload that no dossier has taken yet.
pub async fn find_upload(tx: &mut Tx, id: &str, account: &str) -> db::Result<Option<UploadRow>> {
    tx.find(
        "select id, component, name, media, size, sha256, created_at, vault from upload
          where id = $1 and account = $2 and dossier is null",
        args![id, account],
    )
    .await
}

/// What is kept of a new upload.
pub struct NewUpload<'a> {
    pub id: &'a str,
    pub account: &'a str,
    pub draft: Option<&'a str>,
    pub component: Option<&'a str>,
    pub name: &'a str,
    pub media: &'a str,
    pub size: i64,
    pub sha256: Hash,
}

/// Keeps an upload whose bytes are durable already.
pub async fn save_upload(tx: &mut Tx, u: &NewUpload<'_>, at: Instant) -> db::Result<()> {
    tx.change_one(
        "insert into upload (id, account, draft, component, name, media, size, sha256, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        args![u.id, u.account, u.draft, u.component, u.name, u.media, u.size, u.sha256, at],
    )
    .await
}

/// The dossier takes the upload over. `Stale` when another filing took it first.
pub async fn save_taken(tx: &mut Tx, id: &str, account: &str, dossier: DossierId) -> db::Result<()> {
    tx.change_one(
        "update upload set dossier = $1 where id = $2 and account = $3 and dossier is null",
        args![dossier, id, account],
    )
    .await
}

/// The uploads of a draft in the order they came.
pub async fn list_uploads(tx: &mut Tx, draft: &str, account: &str) -> db::Result<Vec<UploadRow>> {
    tx.list(
        "select id, component, name, media, size, sha256, created_at, vault from upload
          where draft = $1 and account = $2 and dossier is null order by created_at, id limit 100",
        args![draft, account],
    )
    .await
}

/// The uploads of an account that are meant for a dossier's supplement and not handed in yet: their component
/// is `CODE/component`. At most 100.
pub async fn list_meant(tx: &mut Tx, account: &str, code: &str) -> db::Result<Vec<UploadRow>> {
    tx.list(
        "select id, component, name, media, size, sha256, created_at, vault from upload
          where account = $1 and draft is null and dossier is null and component like $2
          order by created_at, id limit 100",
        args![account, format!("{code}/%")],
    )
    .await
}

/// A helper's upload becomes one of the draft it was sent for, and of its owner. `Stale` when it has been
/// taken already, or is nobody's.
pub async fn save_given(
    tx: &mut Tx,
    id: &str,
    from: &str,
    owner: &str,
    (draft, component): (&str, &str),
) -> db::Result<()> {
    tx.change_one(
        "update upload set account = $1, draft = $2, component = $3
          where id = $4 and account = $5 and draft is null and dossier is null",
        args![owner, draft, component, id, from],
    )
    .await
}

/// How many uploads of an account wait for a dossier, and their bytes.
pub async fn waiting(tx: &mut Tx, account: &str) -> db::Result<(i64, i64)> {
    db::record! { struct Sum { count: i64, bytes: i64 } }
    let Sum { count, bytes } = tx
        .get(
            "select count(*) as count, cast(coalesce(sum(size), 0) as bigint) as bytes from upload
              where account = $1 and dossier is null",
            args![account],
        )
        .await?;
    Ok((count, bytes))
}

/// Removes an upload from a draft.
pub async fn delete_upload(tx: &mut Tx, id: &str, draft: &str, account: &str) -> db::Result<u64> {
    tx.change(
        "delete from upload where id = $1 and draft = $2 and account = $3 and dossier is null",
        args![id, draft, account],
    )
    .await
}

/// Uploads that nobody filed before `before` are let go; their bytes follow with the sweep of blobs.
pub async fn delete_unfiled(tx: &mut Tx, before: Instant) -> db::Result<u64> {
    tx.change("delete from upload where dossier is null and draft is null and created_at < $1", args![before])
        .await
}

/// Begins a draft.
pub async fn save_draft(tx: &mut Tx, d: &DraftRow) -> db::Result<()> {
    tx.change_one(
        "insert into draft (id, account, procedure, unit, answers, return_by, version, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, 1, $7, $7)",
        args![&d.id, &d.account, &d.procedure, &d.unit, &d.answers, &d.return_by, d.created_at],
    )
    .await
}

/// A draft of this account, filed or not.
pub async fn find_draft(tx: &mut Tx, id: &str, account: &str) -> db::Result<Option<DraftRow>> {
    tx.find(
        "select id, account, procedure, unit, answers, return_by, version, created_at, updated_at, dossier
           from draft where id = $1 and account = $2",
        args![id, account],
    )
    .await
}

/// The drafts of this account that are not filed, the newest first.
pub async fn list_drafts(tx: &mut Tx, account: &str) -> db::Result<Vec<DraftRow>> {
    tx.list(
        "select id, account, procedure, unit, answers, return_by, version, created_at, updated_at, dossier
           from draft where account = $1 and dossier is null order by updated_at desc limit 50",
        args![account],
    )
    .await
}

/// Drafts of anybody that nobody changed since `before`, with their accounts, the oldest first.
pub async fn list_old_drafts(tx: &mut Tx, before: Instant) -> db::Result<Vec<DraftRow>> {
    tx.list(
        "select id, account, procedure, unit, answers, return_by, version, created_at, updated_at, dossier
           from draft where dossier is null and updated_at < $1 order by updated_at limit 50",
        args![before],
    )
    .await
}

/// How many days a draft is kept after its last change, as the row in force on a day says.
pub async fn find_draft_days(tx: &mut Tx, day: base::Day) -> db::Result<Option<String>> {
    tx.find(
        "select value from parameter where id = 'draft-days' and valid_from <= $1
            and (valid_to is null or valid_to >= $1) order by valid_from desc limit 1",
        args![day],
    )
    .await
}

/// Keeps what was typed. A draft has one writer, its owner: the last write stands.
pub async fn save_answers(tx: &mut Tx, d: &DraftRow, at: Instant) -> db::Result<()> {
    tx.change_one(
        "update draft set unit = $1, answers = $2, return_by = $3, updated_at = $4, version = version + 1
          where id = $5 and account = $6 and dossier is null",
        args![&d.unit, &d.answers, &d.return_by, at, &d.id, &d.account],
    )
    .await
}

/// Keeps a draft under another version of its procedure.
pub async fn save_version(
    tx: &mut Tx,
    d: &DraftRow,
    version: &str,
    answers: &str,
    at: Instant,
) -> db::Result<()> {
    tx.change_one(
        "update draft set procedure = $1, answers = $2, updated_at = $3, version = version + 1
          where id = $4 and account = $5 and dossier is null",
        args![version, answers, at, &d.id, &d.account],
    )
    .await
}

/// Marks the draft as filed. `Stale` when it was filed already, so a second submit makes nothing.
pub async fn save_filed(tx: &mut Tx, id: &str, account: &str, dossier: DossierId) -> db::Result<()> {
    tx.change_one(
        "update draft set dossier = $1, version = version + 1
          where id = $2 and account = $3 and dossier is null",
        args![dossier, id, account],
    )
    .await?;
    forget_origins(tx, id).await
}

/// Where answers came from is nobody's business once the draft is filed or thrown away.
async fn forget_origins(tx: &mut Tx, draft: &str) -> db::Result<()> {
    tx.change("delete from draft_origin where draft = $1", args![draft]).await?;
    tx.change("delete from draft_lost where draft = $1", args![draft]).await?;
    tx.change("delete from draft_copy where draft = $1", args![draft]).await?;
    Ok(())
}

/// Throws a draft away with what was uploaded to it.
pub async fn delete_draft(tx: &mut Tx, id: &str, account: &str) -> db::Result<()> {
    tx.change("delete from upload where draft = $1 and account = $2 and dossier is null", args![id, account])
        .await?;
    forget_origins(tx, id).await?;
    tx.change("delete from draft where id = $1 and account = $2 and dossier is null", args![id, account])
        .await?;
    Ok(())
}
