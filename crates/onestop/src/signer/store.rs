//! The rows of agreements.

use base::Instant;
use db::blobs::Hash;
use db::{Tx, args};

use super::rules::{Facts, Standing, Why, standing};
use crate::dossier::DossierId;

/// Lines of one list.
const LINES_MAX: i64 = 100;

db::record! {
    /// Somebody who was asked, and what became of it.
    pub struct Signing {
        id: String, draft: Option<String>, dossier: Option<String>, key: String, role: String, name: String,
        invitee: String, asked_by: String, asked_at: Instant, until_at: Instant, again: Option<String>,
        signer: Option<String>, answer: Option<String>, answered_at: Option<Instant>,
        reason: Option<String>, text_version: Option<String>, content_sha256: Option<Hash>,
        ended_at: Option<Instant>, ended_why: Option<String>, office: Option<String>, way: Option<String>,
        paper_name: Option<String>, paper_media: Option<String>, paper_sha256: Option<Hash>,
    }
}

impl Signing {
    /// Whether its signer has agreed, whatever has become of that since.
    pub fn agreed(&self) -> bool {
        self.answer.as_deref() == Some("agreed")
    }

    /// How it stands beside what is declared.
    pub fn standing(&self, content: &Hash, now: Instant) -> Standing {
        let facts = Facts {
            agreed: self.answer.as_deref().map(|answer| answer == "agreed"),
            content: self.content_sha256,
            until: Some(self.until_at),
            ended: self.ended_why.clone(),
        };
        standing(&facts, content, now)
    }
}

macro_rules! signing {
    ($tail:literal) => {
        concat!(
            "select id, draft, dossier, key, role, name, invitee, asked_by, asked_at, until_at, again, ",
            "signer, answer, answered_at, reason, text_version, content_sha256, ended_at, ended_why, office, \
             way, ",
            "paper_name, paper_media, paper_sha256 from signing ",
            $tail
        )
    };
}

/// Somebody who is asked.
pub struct New<'a> {
    pub id: &'a str,
    pub draft: &'a str,
    pub key: &'a str,
    pub role: &'a str,
    pub name: &'a str,
    pub invitee: &'a str,
    pub until: Instant,
    pub again: Option<&'a str>,
    pub by: &'a str,
}

/// Keeps that somebody is asked.
pub async fn save(tx: &mut Tx, n: &New<'_>, now: Instant) -> db::Result<()> {
    tx.change_one(
        "insert into signing (id, draft, key, role, name, invitee, asked_by, asked_at, until_at, again)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        args![n.id, n.draft, n.key, n.role, n.name, n.invitee, n.by, now, n.until, n.again],
    )
    .await
}

/// Somebody whom a counter saw agree.
pub struct Seen<'a> {
    pub id: &'a str,
    pub dossier: DossierId,
    pub key: &'a str,
    pub role: &'a str,
    pub name: &'a str,
    pub invitee: &'a str,
    pub by: &'a str,
    pub office: &'a str,
    /// `present` or `paper`.
    pub way: &'a str,
    pub paper: Option<(&'a str, &'a str, Hash)>,
    pub content: Hash,
}

/// Keeps that a counter saw somebody agree.
pub async fn save_seen(tx: &mut Tx, s: &Seen<'_>, now: Instant) -> db::Result<()> {
    let (name, media, sha256) = match s.paper {
        Some((name, media, sha256)) => (Some(name), Some(media), Some(sha256)),
        None => (None, None, None),
    };
    tx.change_one(
        "insert into signing (id, dossier, key, role, name, invitee, asked_by, asked_at, until_at, answer,
                answered_at, content_sha256, office, way, paper_name, paper_media, paper_sha256)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8, 'agreed', $8, $9, $10, $11, $12, $13, $14)",
        args![
            s.id, s.dossier, s.key, s.role, s.name, s.invitee, s.by, now, s.content, s.office, s.way, name,
            media, sha256
        ],
    )
    .await
}

/// The row with this id.
pub async fn find(tx: &mut Tx, id: &str) -> db::Result<Option<Signing>> {
    tx.find(signing!("where id = $1"), args![id]).await
}

/// All that were asked about a draft, the newest first.
pub async fn list_of_draft(tx: &mut Tx, draft: &str) -> db::Result<Vec<Signing>> {
    tx.list(signing!("where draft = $1 order by asked_at desc, id desc limit $2"), args![draft, LINES_MAX])
        .await
}

/// Whether anybody is asked about a draft, or has agreed: rows that a change concerns.
pub async fn list_open(tx: &mut Tx, draft: &str) -> db::Result<Vec<Signing>> {
    tx.list(
        signing!("where draft = $1 and dossier is null and ended_at is null order by asked_at, id limit $2"),
        args![draft, LINES_MAX],
    )
    .await
}

/// Those who agreed to what this dossier declares, the first first.
pub async fn list_of_dossier(tx: &mut Tx, dossier: DossierId) -> db::Result<Vec<Signing>> {
    tx.list(
        signing!(
            "where dossier = $1 and answer = 'agreed' and ended_at is null
              order by answered_at, id limit $2"
        ),
        args![dossier, LINES_MAX],
    )
    .await
}

/// What this person is asked, or has answered: by account, or by a number that somebody has confirmed.
pub async fn list_of_person(tx: &mut Tx, account: &str, number: Option<&str>) -> db::Result<Vec<Signing>> {
    tx.list(
        signing!(
            "where (signer = $1 or (signer is null and invitee = $2)) and office is null
              order by asked_at desc, id desc limit $3"
        ),
        args![account, number.unwrap_or("-"), LINES_MAX],
    )
    .await
}

/// What somebody said.
pub struct Answer<'a> {
    pub signer: &'a str,
    /// `agreed` or `declined`.
    pub answer: &'a str,
    pub reason: Option<&'a str>,
    pub text: (&'a str, &'a str),
    pub content: Hash,
    pub until: Instant,
}

/// Keeps an answer. `Stale` when there is one, or nobody asks any more.
pub async fn save_answer(tx: &mut Tx, id: &str, a: &Answer<'_>, now: Instant) -> db::Result<()> {
    tx.change_one(
        "update signing set signer = $1, answer = $2, answered_at = $3, reason = $4, text_version = $5,
                text_sha256 = $6, content_sha256 = $7, until_at = $8
          where id = $9 and answer is null and ended_at is null",
        args![a.signer, a.answer, now, a.reason, a.text.0, a.text.1, a.content, a.until, id],
    )
    .await
}

/// It ends. `Stale` when it has ended, or the dossier is filed.
pub async fn save_ended(
    tx: &mut Tx,
    id: &str,
    why: Why,
    by: &str,
    reason: Option<&str>,
    now: Instant,
) -> db::Result<()> {
    tx.change_one(
        "update signing set ended_at = $1, ended_by = $2, ended_why = $3, reason = coalesce($4, reason)
          where id = $5 and ended_at is null and dossier is null",
        args![now, by, why.word(), reason, id],
    )
    .await
}

/// The draft is filed: what was agreed goes along.
pub async fn save_filed(tx: &mut Tx, draft: &str, dossier: DossierId) -> db::Result<()> {
    tx.change("update signing set dossier = $1 where draft = $2", args![dossier, draft]).await.map(drop)
}

/// The account whose draft this is, and its procedure version, while the draft is not filed.
pub async fn find_draft(tx: &mut Tx, draft: &str) -> db::Result<Option<(String, String)>> {
    tx.find("select account, procedure from draft where id = $1 and dossier is null", args![draft]).await
}
