//! A file that comes in pieces over a bad line, as the tus protocol 1.0.0 has it: begun with its
//! size, asked how far it has come, continued from there. What was acknowledged is durable, whichever
//! node took it: a piece is a content like any other, and its place in the file is a row.
//! When the last byte is there, the pieces become one upload, as if it had come in one go.

pub mod api;
pub mod rules;
pub mod store;

use axum::body::{Body, BodyDataStream};
use base::Instant;
use base::limits::{FILE_SIZE_BYTES_MAX, UPLOAD_UNREFERENCED_HOURS_MAX};
use bytes::{Bytes, BytesMut};
use db::blobs::Hash;
use db::{Act, Actor, Tx};
use futures_util::StreamExt;
use std::time::Duration;
use web::{Problem, lang};

use self::rules::{Checksum, Metadata};
use self::store::Piecewise;
use super::uploads::{self, Row};
use crate::App;
use crate::refusal::Refusal;

/// Without a checksum a request may bring everything at once; it is kept in parts of this size.
const PART_BYTES: usize = 1 << 20;
/// With a checksum a piece is held until it is known to be right.
pub const PIECE_BYTES_MAX: u64 = 4 << 20;
/// What came before a line broke is kept if it is worth a row.
const BROKEN_PART_BYTES_MIN: usize = 1 << 10;
/// A sender that is silent for this long has gone.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// How far a file has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub id: String,
    /// Bytes that are kept: where the next piece begins.
    pub received: u64,
    /// Bytes of the whole file.
    pub size: u64,
    /// After this instant it is gone.
    pub expires: Instant,
    /// Of the whole file, once it is an upload.
    pub sha256: Option<Hash>,
}

impl Standing {
    fn of(row: &Piecewise) -> Standing {
        Standing {
            id: row.id.clone(),
            received: row.received.unsigned_abs(),
            size: row.size.unsigned_abs(),
            expires: row.created_at.plus_minutes(UPLOAD_UNREFERENCED_HOURS_MAX * 60),
            sha256: row.sha256,
        }
    }
}

/// Begins a file of `size` bytes. `NotFound` for somebody else's draft or a paper it does not have.
pub async fn begin(
    app: &App,
    account: &str,
    size: u64,
    told: Metadata,
    now: Instant,
) -> Result<Standing, Problem> {
    let name = uploads::tidy_name(&told.name);
    if size > FILE_SIZE_BYTES_MAX {
        return Err(Refusal::FileTooLarge { name, size }.into());
    }
    if size == 0 {
        return Err(Refusal::FileEmpty { name }.into());
    }
    uploads::may_take(app, account, told.draft.as_deref(), told.component.as_deref()).await?;
    let row = Piecewise {
        id: uploads::fresh_id(),
        account: account.into(),
        draft: told.draft,
        component: told.component,
        name,
        size: i64::try_from(size).map_err(Problem::fault)?,
        received: 0,
        pieces: 0,
        sha256: None,
        created_at: now,
    };
    let act = act(&row, "onestop.begin-upload", now);
    let kept = row.clone();
    let save = async move |tx: &mut Tx| -> Result<(), Problem> {
        let (count, bytes) = store::open(tx, &kept.account, oldest(now)).await?;
        rules::room(count, bytes, kept.size)?;
        Ok(store::save(tx, &kept).await?)
    };
    app.site.db.write(act, save).await?;
    Ok(Standing::of(&row))
}

/// How far it has come. A file whose last piece came just before a node died is made whole here.
pub async fn stand(app: &App, account: &str, id: &str, now: Instant) -> Result<Standing, Problem> {
    let row = get(app, account, id, now).await?;
    match row.sha256 {
        None if row.received == row.size => become_upload(app, row, now).await,
        _ => Ok(Standing::of(&row)),
    }
}

/// Takes the bytes that follow `offset`. `Stale` when the file has come to another place.
///
/// Without a checksum whatever arrives is kept, also when the line breaks; with one the piece is kept
/// whole or not at all. Runs to its end when the sender is gone, so that nothing received is lost.
pub async fn append(
    app: &App,
    account: &str,
    id: &str,
    offset: u64,
    checksum: Option<Checksum>,
    body: Body,
    now: Instant,
) -> Result<Standing, Problem> {
    let row = get(app, account, id, now).await?;
    if row.received.unsigned_abs() != offset {
        return Err(Problem::Stale);
    }
    if row.sha256.is_some() {
        return Ok(Standing::of(&row));
    }
    let line = Line { app: app.clone(), row, bytes: body.into_data_stream(), now };
    let taking = async move {
        match checksum {
            Some(checksum) => line.checked(checksum).await,
            None => line.whatever_comes().await,
        }
    };
    // Somebody waits for what it says.
    let taking = lang::speaking(lang::spoken(), taking);
    tokio::spawn(taking).await.map_err(Problem::fault)?
}

/// The sender gives up: the file is forgotten. An upload that has come of it stays.
pub async fn give_up(app: &App, account: &str, id: &str, now: Instant) -> Result<(), Problem> {
    let row = get(app, account, id, now).await?;
    let act = act(&row, "onestop.give-upload-up", now);
    let forget = async move |tx: &mut Tx| store::delete(tx, &row.id, &row.account).await;
    Ok(app.site.db.write(act, forget).await?)
}

/// Files begun before this are gone.
fn oldest(now: Instant) -> Instant {
    now.plus_minutes(-UPLOAD_UNREFERENCED_HOURS_MAX * 60)
}

fn act(row: &Piecewise, verb: &'static str, now: Instant) -> Act {
    Act::new(Actor::Account(row.account.clone()), verb, row.draft.clone().unwrap_or_default(), now)
}

async fn get(app: &App, account: &str, id: &str, now: Instant) -> Result<Piecewise, Problem> {
    let (account, id) = (account.to_string(), id.to_string());
    let find = async move |tx: &mut Tx| store::find(tx, &id, &account, oldest(now)).await;
    app.site.db.read(find).await?.ok_or(Problem::NotFound)
}

/// A file and the request that continues it.
struct Line {
    app: App,
    row: Piecewise,
    bytes: BodyDataStream,
    now: Instant,
}

/// Why no more bytes come.
enum End {
    Done,
    Broken,
}

impl Line {
    fn room(&self) -> usize {
        usize::try_from(self.row.size - self.row.received).unwrap_or(0)
    }

    /// The next bytes, or why there are none.
    async fn next(&mut self) -> Result<Bytes, End> {
        match tokio::time::timeout(SILENCE_MAX, self.bytes.next()).await {
            Ok(Some(Ok(bytes))) => Ok(bytes),
            Ok(None) => Err(End::Done),
            Ok(Some(Err(_))) | Err(_) => Err(End::Broken),
        }
    }

    /// One piece, right to its last byte.
    async fn checked(mut self, checksum: Checksum) -> Result<Standing, Problem> {
        let mut piece = BytesMut::new();
        loop {
            match self.next().await {
                Ok(bytes) => piece.extend_from_slice(&bytes),
                Err(End::Done) => break,
                Err(End::Broken) => return Err(broken()),
            }
            if piece.len() as u64 > PIECE_BYTES_MAX {
                return Err(Problem::TooLarge { limit_bytes: PIECE_BYTES_MAX });
            }
            if piece.len() > self.room() {
                return Err(beyond());
            }
        }
        if !checksum.fits(&piece) {
            return Err(Problem::ChecksumMismatch);
        }
        self.keep(piece.freeze()).await?;
        self.answer().await
    }

    /// Everything that arrives, part after part.
    async fn whatever_comes(mut self) -> Result<Standing, Problem> {
        let mut part = BytesMut::new();
        loop {
            let end = match self.next().await {
                Ok(bytes) => {
                    part.extend_from_slice(&bytes);
                    None
                }
                Err(end) => Some(end),
            };
            if part.len() > self.room() {
                return Err(beyond());
            }
            let worth = match end {
                None => part.len() >= PART_BYTES,
                Some(End::Done) => true,
                Some(End::Broken) => part.len() >= BROKEN_PART_BYTES_MIN,
            };
            if worth {
                self.keep(part.split().freeze()).await?;
            }
            match end {
                None => {}
                Some(End::Done) => return self.answer().await,
                Some(End::Broken) => return Err(broken()),
            }
        }
    }

    /// Bytes first, durably; then the row that acknowledges them.
    async fn keep(&mut self, bytes: Bytes) -> Result<(), Problem> {
        if bytes.is_empty() {
            return Ok(());
        }
        rules::may_grow(self.row.pieces)?;
        let size = i64::try_from(bytes.len()).map_err(Problem::fault)?;
        let act = act(&self.row, "onestop.upload-piece", self.now);
        let sha256 = self.app.site.blobs.store(&self.app.site.db, act.clone(), bytes).await?;
        let row = self.row.clone();
        let save = async move |tx: &mut Tx| store::save_piece(tx, &row, size, sha256).await;
        self.app.site.db.write(act, save).await?;
        self.row.received += size;
        self.row.pieces += 1;
        Ok(())
    }

    async fn answer(self) -> Result<Standing, Problem> {
        if self.row.received < self.row.size {
            return Ok(Standing::of(&self.row));
        }
        become_upload(&self.app, self.row, self.now).await
    }
}

fn broken() -> Problem {
    Problem::Malformed("the body broke off".into())
}

fn beyond() -> Problem {
    Problem::Malformed("more bytes than were told at the beginning".into())
}

/// The pieces become one upload. Two nodes may do this at once: the second finds it done.
async fn become_upload(app: &App, row: Piecewise, now: Instant) -> Result<Standing, Problem> {
    match whole(app, &row, now).await {
        Ok(sha256) => Ok(Standing { sha256: Some(sha256), ..Standing::of(&row) }),
        Err(Problem::Refused(why)) => {
            // What it is will not change: it is forgotten, so that it does not count any more.
            let act = act(&row, "onestop.refuse-upload", now);
            let forget = async move |tx: &mut Tx| store::delete(tx, &row.id, &row.account).await;
            app.site.db.write(act, forget).await?;
            Err(Problem::Refused(why))
        }
        Err(problem) => Err(problem),
    }
}

async fn whole(app: &App, row: &Piecewise, now: Instant) -> Result<Hash, Problem> {
    uploads::may_take(app, &row.account, row.draft.as_deref(), row.component.as_deref()).await?;
    let id = row.id.clone();
    let list = async move |tx: &mut Tx| store::list_pieces(tx, &id).await;
    let pieces = app.site.db.read(list).await?;
    let act = act(row, "onestop.upload", now);
    let mut taking = uploads::Taking::begin(app, act.clone());
    for piece in pieces {
        taking.write(app.site.blobs.get(&piece).await?).await?;
    }
    let (sha256, kind) = taking.pass(&row.name).await?.finish(app, &row.name).await?;
    let upload = Row {
        id: row.id.clone(),
        account: row.account.clone(),
        draft: row.draft.clone(),
        component: row.component.clone(),
        name: row.name.clone(),
        size: row.size,
        now,
    };
    let save = async move |tx: &mut Tx| -> Result<(), Problem> {
        if store::save_whole(tx, &upload.id, sha256).await? {
            upload.save_in_draft(tx, sha256, kind).await?;
        }
        Ok(())
    };
    app.site.db.write(act, save).await?;
    Ok(sha256)
}
