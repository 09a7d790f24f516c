//! The rows of messages. What is said to the applicant and what stays among officials are read by
//! statements of their own.

use base::Instant;
use db::blobs::Hash;
use db::{Tx, args};

use super::MessageId;
use crate::dossier::DossierId;

db::record! {
    /// A message as it was written.
    pub struct Message {
        id: MessageId, ordinal: i64,
        /// `owner` or `office`.
        side: String,
        account: String, office: Option<String>, words: String, written_at: Instant,
    }
}

db::record! {
    /// A file of a message.
    pub struct File { id: String, message: MessageId, name: String, media: String, size: i64, sha256: Hash }
}

db::record! {
    /// Where the talk of a dossier stands.
    #[derive(Default)]
    pub struct Thread { waiting_since: Option<Instant>, unread: i64 }
}

/// What the applicant and the office said to one another, the oldest first.
pub async fn list_talk(tx: &mut Tx, dossier: DossierId) -> db::Result<Vec<Message>> {
    tx.list(
        "select id, ordinal, side, account, office, words, written_at from message
          where dossier = $1 and kind = 'talk' order by ordinal limit 1000",
        args![dossier],
    )
    .await
}

/// What officials said among themselves, the oldest first.
pub async fn list_notes(tx: &mut Tx, dossier: DossierId) -> db::Result<Vec<Message>> {
    tx.list(
        "select id, ordinal, side, account, office, words, written_at from message
          where dossier = $1 and kind = 'note' order by ordinal limit 1000",
        args![dossier],
    )
    .await
}

/// The files of the messages of one kind.
pub async fn list_files(tx: &mut Tx, dossier: DossierId, kind: &str) -> db::Result<Vec<File>> {
    tx.list(
        "select f.id, f.message, f.name, f.media, f.size, f.sha256
           from message_file f join message m on m.id = f.message
          where m.dossier = $1 and m.kind = $2 order by f.id limit 5000",
        args![dossier, kind],
    )
    .await
}

/// A file of a message of this dossier and kind.
pub async fn find_file(tx: &mut Tx, dossier: DossierId, kind: &str, id: &str) -> db::Result<Option<File>> {
    tx.find(
        "select f.id, f.message, f.name, f.media, f.size, f.sha256
           from message_file f join message m on m.id = f.message
          where m.dossier = $1 and m.kind = $2 and f.id = $3",
        args![dossier, kind, id],
    )
    .await
}

/// Whether this account has written a message of this id.
pub async fn is_there(tx: &mut Tx, id: MessageId, account: &str) -> db::Result<bool> {
    let n: i64 =
        tx.get("select count(*) from message where id = $1 and account = $2", args![id, account]).await?;
    Ok(n > 0)
}

db::record! {
    /// How much an account has written since a moment.
    pub struct Written { of_dossier: i64, in_all: i64 }
}

/// What this account has written since `since`, about a dossier and about all.
pub async fn written(tx: &mut Tx, account: &str, dossier: DossierId, since: Instant) -> db::Result<Written> {
    tx.get(
        "select cast(coalesce(sum(case when dossier = $2 then 1 else 0 end), 0) as bigint) as of_dossier,
                count(*) as in_all
           from message where account = $1 and written_at >= $3",
        args![account, dossier, since],
    )
    .await
}

/// What is kept of a new message.
pub struct New<'a> {
    pub id: MessageId,
    pub dossier: DossierId,
    pub kind: &'a str,
    pub side: &'a str,
    pub account: &'a str,
    pub office: Option<&'a str>,
    pub words: &'a str,
    pub at: Instant,
}

/// Adds a message at the end of its kind.
pub async fn save(tx: &mut Tx, m: &New<'_>) -> db::Result<()> {
    let last: i64 = tx
        .get(
            "select coalesce(max(ordinal), 0) from message where dossier = $1 and kind = $2",
            args![m.dossier, m.kind],
        )
        .await?;
    tx.change_one(
        "insert into message (id, dossier, kind, ordinal, side, account, office, words, written_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        args![m.id, m.dossier, m.kind, last + 1, m.side, m.account, m.office, m.words, m.at],
    )
    .await
}

/// Adds a file to a message.
pub async fn save_file(tx: &mut Tx, f: &File) -> db::Result<()> {
    tx.change_one(
        "insert into message_file (id, message, name, media, size, sha256)
         values ($1, $2, $3, $4, $5, $6)",
        args![&f.id, f.message, &f.name, &f.media, f.size, f.sha256],
    )
    .await
}

/// Where the talk of a dossier stands; at nothing while nobody has written.
pub async fn thread(tx: &mut Tx, dossier: DossierId) -> db::Result<Thread> {
    let found = tx
        .find("select waiting_since, unread from message_thread where dossier = $1", args![dossier])
        .await?;
    Ok(found.unwrap_or_default())
}

/// The applicant has written: somebody is to answer.
pub async fn put_waiting(tx: &mut Tx, dossier: DossierId, at: Instant) -> db::Result<()> {
    tx.change_one(
        "insert into message_thread (dossier, waiting_since, unread) values ($1, $2, 0)
         on conflict (dossier) do update
            set waiting_since = coalesce(message_thread.waiting_since, $2)",
        args![dossier, at],
    )
    .await
}

/// The office has written: nothing waits, and the applicant has something to read.
pub async fn put_answered(tx: &mut Tx, dossier: DossierId) -> db::Result<()> {
    tx.change_one(
        "insert into message_thread (dossier, waiting_since, unread) values ($1, null, 1)
         on conflict (dossier) do update set waiting_since = null, unread = message_thread.unread + 1",
        args![dossier],
    )
    .await
}

/// Nothing waits any more: an official read it, and it wants no answer. `Stale` when nothing waited.
pub async fn save_settled(tx: &mut Tx, dossier: DossierId) -> db::Result<()> {
    tx.change_one(
        "update message_thread set waiting_since = null where dossier = $1 and waiting_since is not null",
        args![dossier],
    )
    .await
}

/// The applicant has opened what was answered.
pub async fn save_read(tx: &mut Tx, dossier: DossierId) -> db::Result<()> {
    tx.change("update message_thread set unread = 0 where dossier = $1 and unread > 0", args![dossier])
        .await
        .map(drop)
}
