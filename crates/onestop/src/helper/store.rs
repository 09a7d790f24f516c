//! The rows of consents, and of what helpers did.

use base::{Id, Instant};
use db::{Tx, args};

use super::rules::{self, Rights, Standing};
use super::{Paper, Subject, TEXT_VERSION};
use crate::dossier::DossierId;

enum DeedKind {}

/// Lines of one list.
const LINES_MAX: i64 = 50;
/// The same deed again within so many minutes is one line.
const ONE_DEED_MINUTES: i64 = 10;

db::record! {
    /// A consent as it stands in its row.
    pub struct Helping {
        id: String, owner: Option<String>, draft: Option<String>, dossier: Option<String>,
        helper: Option<String>, may_fill: bool, may_supplement: bool, may_follow: bool,
        until_at: Instant, text_version: String, office: Option<String>, invited_at: Instant,
        accepted_at: Option<Instant>, ended_at: Option<Instant>,
    }
}

impl Helping {
    /// What it lets the helper do.
    pub fn rights(&self) -> Rights {
        Rights { fill: self.may_fill, supplement: self.may_supplement, follow: self.may_follow }
    }

    /// How it stands at `now`.
    pub fn standing(&self, now: Instant) -> Standing {
        rules::standing(self.accepted_at, self.until_at, self.ended_at, now)
    }
}

/// A consent to be kept.
pub struct New {
    pub id: String,
    pub owner: Option<String>,
    pub subject: Subject,
    pub invitee: Option<String>,
    pub code_hash: Option<String>,
    pub code_until: Option<Instant>,
    pub rights: Rights,
    pub until: Instant,
    pub text_sha256: String,
    pub by: String,
    pub paper: Option<Paper>,
}

/// Keeps an invitation.
pub async fn save(tx: &mut Tx, new: &New, now: Instant) -> db::Result<()> {
    let (draft, dossier) = match &new.subject {
        Subject::Draft(id) => (Some(id.clone()), None),
        Subject::Dossier(id) => (None, Some(id.to_string())),
    };
    let (office, name, media, sha256) = match &new.paper {
        Some(p) => (Some(&p.office), Some(&p.name), Some(&p.media), Some(p.sha256)),
        None => (None, None, None, None),
    };
    let r = new.rights;
    tx.change_one(
        "insert into helping (id, owner, draft, dossier, invitee, code_hash, code_until, may_fill,
                may_supplement, may_follow, until_at, text_version, text_sha256, invited_by, office,
                paper_name, paper_media, paper_sha256, invited_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
        args![
            &new.id,
            &new.owner,
            draft,
            dossier,
            &new.invitee,
            &new.code_hash,
            new.code_until,
            r.fill,
            r.supplement,
            r.follow,
            new.until,
            TEXT_VERSION,
            &new.text_sha256,
            &new.by,
            office,
            name,
            media,
            sha256,
            now
        ],
    )
    .await
}

/// The consent with this id.
pub async fn find(tx: &mut Tx, id: &str) -> db::Result<Option<Helping>> {
    tx.find(
        "select id, owner, draft, dossier, helper, may_fill, may_supplement, may_follow, until_at,
                text_version, office, invited_at, accepted_at, ended_at from helping where id = $1",
        args![id],
    )
    .await
}

/// Consents about this draft or dossier that are not over, the oldest first.
pub async fn list_of(tx: &mut Tx, subject: &Subject, now: Instant) -> db::Result<Vec<Helping>> {
    let (draft, dossier) = match subject {
        Subject::Draft(id) => (id.clone(), String::new()),
        Subject::Dossier(id) => (String::new(), id.to_string()),
    };
    tx.list(
        "select id, owner, draft, dossier, helper, may_fill, may_supplement, may_follow, until_at,
                text_version, office, invited_at, accepted_at, ended_at from helping
          where (draft = $1 or dossier = $2) and ended_at is null and until_at > $3
          order by invited_at, id limit $4",
        args![draft, dossier, now, LINES_MAX],
    )
    .await
}

/// The consents under which this account may act now on a draft or dossier; there may be several.
pub async fn list_live(
    tx: &mut Tx,
    subject: &Subject,
    helper: &str,
    now: Instant,
) -> db::Result<Vec<Helping>> {
    let mut all = list_of(tx, subject, now).await?;
    all.retain(|h| h.helper.as_deref() == Some(helper) && h.standing(now) == Standing::Agreed);
    Ok(all)
}

/// What this account has let others do, the newest first.
pub async fn list_given(tx: &mut Tx, owner: &str) -> db::Result<Vec<Helping>> {
    tx.list(
        "select id, owner, draft, dossier, helper, may_fill, may_supplement, may_follow, until_at,
                text_version, office, invited_at, accepted_at, ended_at from helping
          where owner = $1 order by invited_at desc, id limit $2",
        args![owner, LINES_MAX],
    )
    .await
}

/// What this account helps with now.
pub async fn list_taken(tx: &mut Tx, helper: &str, now: Instant) -> db::Result<Vec<Helping>> {
    tx.list(
        "select id, owner, draft, dossier, helper, may_fill, may_supplement, may_follow, until_at,
                text_version, office, invited_at, accepted_at, ended_at from helping
          where helper = $1 and accepted_at is not null and ended_at is null and until_at > $2
          order by invited_at desc, id limit $3",
        args![helper, now, LINES_MAX],
    )
    .await
}

/// Invitations open to this account, by its own code or by its number.
pub async fn list_invited(
    tx: &mut Tx,
    account: &str,
    number: Option<&str>,
    now: Instant,
) -> db::Result<Vec<Helping>> {
    tx.list(
        "select id, owner, draft, dossier, helper, may_fill, may_supplement, may_follow, until_at,
                text_version, office, invited_at, accepted_at, ended_at from helping
          where (helper = $1 or (helper is null and invitee = $2)) and accepted_at is null
            and ended_at is null and until_at > $3
          order by invited_at desc, id limit $4",
        args![account, number.unwrap_or("-"), now, LINES_MAX],
    )
    .await
}

/// The account takes up the code; whether there was one. Nobody takes up their own.
pub async fn take_code(tx: &mut Tx, code_hash: &str, account: &str, now: Instant) -> db::Result<bool> {
    let taken = tx
        .change(
            "update helping set helper = $1, code_hash = null
              where code_hash = $2 and code_until > $3 and ended_at is null
                and (owner is null or owner <> $1)",
            args![account, code_hash, now],
        )
        .await?;
    Ok(taken == 1)
}

/// The helper agrees.
pub async fn save_accepted(tx: &mut Tx, id: &str, helper: &str, now: Instant) -> db::Result<()> {
    tx.change_one(
        "update helping set helper = $1, accepted_at = $2 where id = $3 and accepted_at is null",
        args![helper, now, id],
    )
    .await
}

/// It ends now. `Stale` when it has ended.
pub async fn save_ended(tx: &mut Tx, id: &str, by: &str, now: Instant) -> db::Result<()> {
    tx.change_one(
        "update helping set ended_at = $1, ended_by = $2 where id = $3 and ended_at is null",
        args![now, by, id],
    )
    .await
}

/// A draft is filed: its helpers go along.
pub async fn save_filed(tx: &mut Tx, draft: &str, dossier: DossierId) -> db::Result<()> {
    tx.change("update helping set dossier = $1 where draft = $2", args![dossier, draft]).await.map(drop)
}

/// A draft is thrown away: nobody helps with it any more.
pub async fn end_of_draft(tx: &mut Tx, draft: &str, by: &str, now: Instant) -> db::Result<()> {
    tx.change(
        "update helping set ended_at = $1, ended_by = $2 where draft = $3 and dossier is null
            and ended_at is null",
        args![now, by, draft],
    )
    .await
    .map(drop)
}

/// Whose draft this is.
pub async fn find_draft_owner(tx: &mut Tx, draft: &str) -> db::Result<Option<String>> {
    tx.find("select account from draft where id = $1", args![draft]).await
}

/// The procedure version of a draft that is still there.
pub async fn find_draft_procedure(tx: &mut Tx, draft: &str) -> db::Result<Option<String>> {
    tx.find("select procedure from draft where id = $1", args![draft]).await
}

/// Tells the owner what the helper did. The same again soon after is one line.
pub async fn save_deed(tx: &mut Tx, helping: &str, deed: &str, now: Instant) -> db::Result<()> {
    let lately: i64 = tx
        .get(
            "select count(*) from helping_deed where helping = $1 and deed = $2 and at > $3",
            args![helping, deed, now.plus_minutes(-ONE_DEED_MINUTES)],
        )
        .await?;
    if lately > 0 {
        return Ok(());
    }
    tx.change_one(
        "insert into helping_deed (id, helping, deed, at) values ($1, $2, $3, $4)",
        args![Id::<DeedKind>::fresh().to_string(), helping, deed, now],
    )
    .await
}

/// What was done under a consent, the newest first: the deed and when.
pub async fn list_deeds(tx: &mut Tx, helping: &str) -> db::Result<Vec<(String, Instant)>> {
    tx.list(
        "select deed, at from helping_deed where helping = $1 order by at desc, id desc limit $2",
        args![helping, LINES_MAX],
    )
    .await
}
